/* The worker in this process, without the plugins' code being far: what it understands of its
   environment and command line, and whole runs of the sample plugins. The test is the supervisor. */
#include "framework/run/worker.h"

#include <poll.h>
#include <pthread.h>
#include <signal.h>

#include "framework/base/log.h"
#include "framework/base/mem.h"
#include "framework/run/crumb.h"
#include "framework/run/outcome.h"
#include "framework/run/wire.h"
#include "tests/unit/support/scratch.h"

#define PLUGINS ASSAY_BUILD_DIR "/tests/plugins/run"

/* A run that needs no network; `%s` is how long, and what the expectation says. */
#define MANIFEST                                                                                   \
    "[run]\nname = small\nduration = %s\ncooldown = 1ms\nsettle = 1ms\n"                           \
    "[topology]\nvalidators = 2\n"                                                                 \
    "[system.still]\nplugin = sample.still\n[deployer.nowhere]\nplugin = sample.nowhere\n"         \
    "[workload.idle]\nplugin = sample.idle\n"                                                      \
    "[expectation.judge]\nplugin = sample.judge\noutcome = %s\n"

struct bench {
    struct scratch *scratch; /* the run directory */
    struct crumb_page *page;
    int supervisor; /* our end of the line; -1: there is none */
};

static int setup(void **state)
{
    struct bench *bench = calloc(1, sizeof(*bench));

    assert_non_null(bench);
    log_set_level(LOG_LEVEL_OFF);
    bench->supervisor = -1;
    bench->scratch = scratch_new("worker");
    assert_int_equal(setenv("ASSAY_RUN_ID", "small-1", 1), 0);
    *state = bench;
    return 0;
}

static int teardown(void **state)
{
    struct bench *bench = *state;

    crumb_unmap(bench->page);
    if (bench->supervisor >= 0)
        (void)close(bench->supervisor);
    (void)unsetenv("ASSAY_RUN_ID");
    (void)unsetenv(WORKER_ENV_FLAGS);
    (void)unsetenv(WORKER_ENV_PLUGIN_DIRECTORIES);
    scratch_free(bench->scratch);
    free(bench);
    return 0;
}

static void put_manifest(
    const struct bench *bench, const char *name, const char *duration, const char *outcome)
{
    char text[1024];

    (void)snprintf(text, sizeof(text), MANIFEST, duration, outcome);
    scratch_put(bench->scratch, name, text);
}

/* ---- the environment ---- */

static void options_are_read_from_the_environment(void **state)
{
    struct worker_options options;

    (void)state;
    assert_int_equal(setenv(WORKER_ENV_FLAGS, "quiet,strict-imports,", 1), 0);
    assert_int_equal(setenv(WORKER_ENV_PLUGIN_DIRECTORIES, "/a b::/c:", 1), 0);
    assert_int_equal(worker_options_read(&options), ASSAY_OK);

    assert_true(options.is_quiet);
    assert_true(options.plan.strict_imports);
    assert_false(options.plan.allow_untrusted);
    assert_string_equal(options.plan.plugin_directories[0], "/a b");
    assert_string_equal(options.plan.plugin_directories[1], "/c");
    assert_null(options.plan.plugin_directories[2]);
    worker_options_done(&options);
}

static void an_empty_environment_is_no_options(void **state)
{
    struct worker_options options;

    (void)state;
    assert_int_equal(worker_options_read(&options), ASSAY_OK);
    assert_false(options.is_quiet || options.plan.strict_imports || options.plan.allow_untrusted);
    assert_null(options.plan.plugin_directories);
    worker_options_done(&options);
}

static void a_flag_is_a_whole_word(void **state)
{
    struct worker_options options;

    (void)state;
    assert_int_equal(setenv(WORKER_ENV_FLAGS, "quieter,allow-untrusted-not,quie", 1), 0);
    assert_int_equal(worker_options_read(&options), ASSAY_OK);
    assert_false(options.is_quiet || options.plan.allow_untrusted);
    worker_options_done(&options);
}

static void every_allocation_of_the_options_may_fail(void **state)
{
    uint64_t n = 0;

    (void)state;
    assert_int_equal(setenv(WORKER_ENV_PLUGIN_DIRECTORIES, "/a:/b:/c", 1), 0);
    do {
        struct worker_options options;

        mem_fail_at(++n, MEM_FAIL_ONCE);
        if (worker_options_read(&options) != ASSAY_OK)
            assert_true(mem_has_failed());
        worker_options_done(&options);
    } while (mem_has_failed());
    mem_fail_at(0, MEM_FAIL_ONCE);
    assert_int_equal(n, 5); /* the list and three words, and then none */
}

/* ---- the command line ---- */

static int call(char *first, char *second)
{
    char name[] = "assay-worker";
    char *words[] = {name, first, second, NULL};

    return worker_main(first ? second ? 3 : 2 : 1, words);
}

static void by_hand_it_says_what_to_do_instead(void **state)
{
    struct bench *bench = *state;
    char odd[] = "--odd";

    scratch_capture_output(bench->scratch);
    assert_int_equal(call(NULL, NULL), EXIT_CODE_USAGE);
    assert_int_equal(call(odd, NULL), EXIT_CODE_USAGE);
    scratch_release(bench->scratch);
    scratch_has(bench->scratch, "stderr", "try `assay run`");
}

static void a_check_of_nothing_is_misuse(void **state)
{
    struct bench *bench = *state;
    char check[] = "--check";
    char set[] = "--set";

    scratch_capture_output(bench->scratch);
    assert_int_equal(call(check, NULL), EXIT_CODE_USAGE);
    assert_int_equal(call(check, set), EXIT_CODE_USAGE); /* taken as the path; no such file */
    scratch_release(bench->scratch);
    scratch_has(bench->scratch, "stderr", "assay check --help");
}

static void a_check_hands_back_the_expanded_manifest(void **state)
{
    struct bench *bench = *state;
    char check[] = "--check";
    char path[SCRATCH_PATH_SIZE];

    assert_int_equal(setenv(WORKER_ENV_PLUGIN_DIRECTORIES, PLUGINS, 1), 0);
    assert_int_equal(setenv(WORKER_ENV_FLAGS, WORKER_FLAG_ALLOW_UNTRUSTED, 1), 0);
    put_manifest(bench, "m.ini", "1s", "fail");
    scratch_path(path, bench->scratch, "m.ini");
    scratch_capture_output(bench->scratch);
    scratch_capture(bench->scratch, WORKER_MANIFEST_FD, "answer");
    assert_int_equal(call(check, path), EXIT_CODE_PASS);
    scratch_release(bench->scratch);

    assert_string_equal(scratch_get(bench->scratch, "stdout"), "");
    scratch_has(bench->scratch, "answer", "outcome = fail");
    scratch_has(bench->scratch, "answer", "coverage = 1"); /* what the manifest left out */
}

static void a_check_tells_problems_on_standard_error(void **state)
{
    struct bench *bench = *state;
    char check[] = "--check";
    char path[SCRATCH_PATH_SIZE];

    assert_int_equal(setenv(WORKER_ENV_PLUGIN_DIRECTORIES, PLUGINS, 1), 0);
    assert_int_equal(setenv(WORKER_ENV_FLAGS, WORKER_FLAG_ALLOW_UNTRUSTED, 1), 0);
    put_manifest(bench, "m.ini", "1s", "maybe");
    scratch_path(path, bench->scratch, "m.ini");
    scratch_capture_output(bench->scratch);
    scratch_capture(bench->scratch, WORKER_MANIFEST_FD, "answer");
    assert_int_equal(call(check, path), EXIT_CODE_USAGE);
    scratch_release(bench->scratch);

    scratch_has(bench->scratch, "stderr", "m.ini:16: [expectation.judge] outcome");
    scratch_has(bench->scratch, "stderr", "maybe");
    assert_string_equal(scratch_get(bench->scratch, "answer"), "");
}

/* ---- runs ---- */

static int open_copy(int fd)
{
    const int copy = fcntl(fd, F_DUPFD, 30);

    assert_true(copy >= 0);
    return copy;
}

/* As the supervisor leaves it to the worker: a socket, a crumb page, their numbers. */
static void become_supervisor(struct bench *bench)
{
    int ends[2], page = -1;
    char number[16];

    assert_int_equal(wire_pair(ends, NULL), ASSAY_OK);
    assert_int_equal(crumb_new(&page, &bench->page, NULL), ASSAY_OK);
    bench->supervisor = ends[0];
    (void)snprintf(number, sizeof(number), "%d", open_copy(ends[1]));
    assert_int_equal(setenv("ASSAY_SUPERVISOR_FD", number, 1), 0);
    (void)snprintf(number, sizeof(number), "%d", open_copy(page));
    assert_int_equal(setenv("ASSAY_CRUMB_FD", number, 1), 0);
    (void)close(ends[1]);
    (void)close(page);
}

static void cancel(const struct bench *bench, int signal_number)
{
    const struct wire_report report = {.type = WIRE_CANCEL, .code = signal_number};

    assert_int_equal(wire_send(bench->supervisor, &report, sizeof(report), true), WIRE_OK);
}

static int run(struct bench *bench, bool is_quiet)
{
    static const char *const directories[] = {PLUGINS, NULL};
    const struct worker_options options = {
        .plan = {.plugin_directories = directories, .allow_untrusted = true}, .is_quiet = is_quiet};
    int code;

    scratch_capture_output(bench->scratch);
    code = worker_run(bench->scratch->root, &options);
    scratch_release(bench->scratch);
    return code;
}

static void a_run_passes_when_its_expectation_does(void **state)
{
    struct bench *bench = *state;
    struct crumb_report crumbs;

    put_manifest(bench, "manifest.expanded.ini", "20ms", "pass");
    become_supervisor(bench);
    assert_int_equal(run(bench, false), EXIT_CODE_PASS);

    scratch_has(bench->scratch, "verdict.json", "\"outcome\": \"pass\"");
    scratch_has(bench->scratch, "verdict.json", "\"run_id\": \"small-1\"");
    scratch_has(bench->scratch, "stdout", "every expectation held");
    scratch_has(bench->scratch, "events.ndjson", "\"type\":\"window\"");
    crumb_read(bench->page, &crumbs);
    assert_string_equal(crumbs.phase.operation, "teardown");
    assert_string_equal(crumbs.operation.operation, "destroy");
}

static void a_run_fails_when_its_expectation_does_and_quietly_if_asked_to(void **state)
{
    struct bench *bench = *state;

    put_manifest(bench, "manifest.expanded.ini", "20ms", "fail");
    become_supervisor(bench);
    assert_int_equal(run(bench, true), EXIT_CODE_FAIL);
    scratch_has(bench->scratch, "verdict.json", "\"exit_code\": 1");
    assert_string_equal(scratch_get(bench->scratch, "stdout"), "");
    assert_string_equal(scratch_get(bench->scratch, "stderr"), "");
}

static void a_run_without_a_supervisor_is_an_error_with_a_verdict(void **state)
{
    struct bench *bench = *state;

    put_manifest(bench, "manifest.expanded.ini", "20ms", "pass");
    assert_int_equal(run(bench, false), EXIT_CODE_ERROR);
    scratch_has(bench->scratch, "verdict.json", "\"outcome\": \"error\"");
    scratch_has(bench->scratch, "verdict.json", "supervisor");
}

static void a_manifest_that_became_invalid_is_an_error_with_its_problem(void **state)
{
    struct bench *bench = *state;

    put_manifest(bench, "manifest.expanded.ini", "20ms", "maybe");
    become_supervisor(bench);
    assert_int_equal(run(bench, false), EXIT_CODE_ERROR);
    scratch_has(bench->scratch, "verdict.json", "was a plugin replaced meanwhile?");
    scratch_has(bench->scratch, "verdict.json", "maybe");
}

static void a_run_cancelled_before_it_begins_judges_nothing(void **state)
{
    struct bench *bench = *state;

    put_manifest(bench, "manifest.expanded.ini", "1h", "pass");
    become_supervisor(bench);
    cancel(bench, SIGTERM);
    assert_int_equal(run(bench, true), EXIT_CODE_SIGNAL + SIGTERM);
    scratch_has(bench->scratch, "verdict.json", "\"outcome\": \"undecided\"");
    scratch_has(bench->scratch, "verdict.json", "interrupted by SIGTERM");
}

/* Presses Ctrl-C once the page says that the window is open. */
static void *cancel_when_running(void *arg)
{
    struct bench *bench = arg;
    struct crumb_report crumbs = {0};

    do {
        (void)poll(NULL, 0, 5); /* the page announces nothing */
        crumb_read(bench->page, &crumbs);
    } while (strcmp(crumbs.phase.operation, "run") != 0);
    cancel(bench, SIGINT);
    return NULL;
}

static void a_run_cancelled_in_its_window_is_undecided(void **state)
{
    struct bench *bench = *state;
    pthread_t user;

    put_manifest(bench, "manifest.expanded.ini", "1h", "pass");
    become_supervisor(bench);
    assert_int_equal(pthread_create(&user, NULL, cancel_when_running, bench), 0);
    assert_int_equal(run(bench, true), EXIT_CODE_SIGNAL + SIGINT);
    assert_int_equal(pthread_join(user, NULL), 0);
    scratch_has(bench->scratch, "verdict.json", "\"interrupted\": true");
    scratch_has(bench->scratch, "verdict.json", "not judged: the run was interrupted");
}

static void a_run_whose_directory_is_gone_says_so(void **state)
{
    struct bench *bench = *state;
    static const struct worker_options options = {.is_quiet = true};
    char gone[SCRATCH_PATH_SIZE];
    int code;

    scratch_path(gone, bench->scratch, "gone");
    scratch_capture_output(bench->scratch);
    code = worker_run(gone, &options);
    scratch_release(bench->scratch);
    assert_int_equal(code, EXIT_CODE_ERROR);
    scratch_has(bench->scratch, "stderr", "the report cannot be written");
    scratch_has(bench->scratch, "stderr", gone);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    static const struct CMUnitTest tests[] = {
        TEST(options_are_read_from_the_environment),
        TEST(an_empty_environment_is_no_options),
        TEST(a_flag_is_a_whole_word),
        TEST(every_allocation_of_the_options_may_fail),
        TEST(by_hand_it_says_what_to_do_instead),
        TEST(a_check_of_nothing_is_misuse),
        TEST(a_check_hands_back_the_expanded_manifest),
        TEST(a_check_tells_problems_on_standard_error),
        TEST(a_run_passes_when_its_expectation_does),
        TEST(a_run_fails_when_its_expectation_does_and_quietly_if_asked_to),
        TEST(a_run_without_a_supervisor_is_an_error_with_a_verdict),
        TEST(a_manifest_that_became_invalid_is_an_error_with_its_problem),
        TEST(a_run_cancelled_before_it_begins_judges_nothing),
        TEST(a_run_cancelled_in_its_window_is_undecided),
        TEST(a_run_whose_directory_is_gone_says_so),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

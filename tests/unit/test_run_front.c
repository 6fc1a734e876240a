/* The front end with a worker made of a few lines of shell, which notes what it was told and ends as
   the test wants. The supervisor of the test that runs one is the real one. */
#include "framework/run/front.h"

#include <sys/stat.h>

#include <assay/scenario.h>

#include "framework/base/mem.h"
#include "framework/run/outcome.h"
#include "tests/unit/support/scratch.h"

/* Descriptor 3 is where the answer to a check goes. */
#define ANSWERS "printf '[run]\\nname = small\\nduration = 1s\\nseed = 7\\n' >&3\n"

struct bench {
    struct scratch *scratch;
    char manifest[SCRATCH_PATH_SIZE]; /* as a user would have written it */
    char runs[SCRATCH_PATH_SIZE];
    struct error err;
};

/* The worker: notes its words and what the environment tells it, then does as `script` says. */
static void set_worker(const struct bench *bench, const char *script)
{
    char path[SCRATCH_PATH_SIZE];
    char text[2048];

    (void)snprintf(text, sizeof(text),
        "#!/bin/sh\n"
        "here=%s\n"
        "printf '%%s\\n' \"$@\" >$here/words\n"
        "printf '%%s\\n' \"$ASSAY_WORKER_FLAGS\" >$here/flags\n"
        "printf '%%s\\n' \"$ASSAY_WORKER_PLUGIN_DIRECTORIES\" >$here/directories\n"
        "%s",
        bench->scratch->root, script);
    scratch_put(bench->scratch, "libexec/assay-worker", text);
    scratch_path(path, bench->scratch, "libexec/assay-worker");
    assert_int_equal(chmod(path, 0755), 0);
}

static int setup(void **state)
{
    struct bench *bench = calloc(1, sizeof(*bench));
    char path[SCRATCH_PATH_SIZE];

    assert_non_null(bench);
    bench->scratch = scratch_new("front");
    scratch_path(bench->manifest, bench->scratch, "m.ini");
    scratch_path(bench->runs, bench->scratch, "runs");
    scratch_path(path, bench->scratch, "libexec");
    assert_int_equal(mkdir(path, 0755), 0);
    assert_int_equal(setenv("ASSAY_LIBEXEC", path, 1), 0);
    assert_int_equal(setenv("ASSAY_STATE_DIR", bench->scratch->root, 1), 0);
    scratch_path(path, bench->scratch, "libexec/assay-supervisor");
    assert_int_equal(symlink(ASSAY_BUILD_DIR "/libexec/assay/assay-supervisor", path), 0);
    scratch_put(bench->scratch, "m.ini", "# as given\n");
    *state = bench;
    return 0;
}

static int teardown(void **state)
{
    struct bench *bench = *state;

    (void)unsetenv("ASSAY_LIBEXEC");
    (void)unsetenv("ASSAY_STATE_DIR");
    scratch_free(bench->scratch);
    free(bench);
    return 0;
}

static struct front_options options_of(const struct bench *bench)
{
    return (struct front_options){
        .path = bench->manifest, .runs_directory = bench->runs, .is_library = true};
}

static void assert_has(const char *text, const char *part)
{
    if (!strstr(text, part))
        fail_msg("'%s' is not in '%s'", part, text);
}

/* Checks with that worker; the status, with the exit code in *code. */
static assay_status check(struct bench *bench, const char *script, int *code)
{
    const struct front_options options = options_of(bench);

    set_worker(bench, script);
    *code = -1;
    return front_check(&options, FRONT_CHECK, code, &bench->err);
}

/* ---- checking ---- */

static void a_manifest_without_problems_has_exit_code_0(void **state)
{
    struct bench *bench = *state;
    char words[SCRATCH_PATH_SIZE + 16];
    int code;

    assert_int_equal(check(bench, ANSWERS, &code), ASSAY_OK);
    assert_int_equal(code, EXIT_CODE_PASS);
    (void)snprintf(words, sizeof(words), "--check\n%s\n", bench->manifest);
    assert_string_equal(scratch_get(bench->scratch, "words"), words);
}

static void a_manifest_with_problems_has_exit_code_2(void **state)
{
    int code;

    assert_int_equal(check(*state, "exit 2\n", &code), ASSAY_OK);
    assert_int_equal(code, EXIT_CODE_USAGE);
}

static void what_the_user_asked_for_reaches_the_worker(void **state)
{
    static const char *const sets[] = {"run.seed=9", "topology.validators=2", NULL};
    static const char *const directories[] = {"/a b", "/c", NULL};
    struct bench *bench = *state;
    struct front_options options = options_of(bench);
    char words[SCRATCH_PATH_SIZE + 128];
    int code = -1;

    options.sets = sets;
    options.plugin_directories = directories;
    options.is_quiet = options.allow_untrusted = options.strict_imports = true;
    set_worker(bench, ANSWERS);
    assert_int_equal(front_check(&options, FRONT_EXPLAIN, &code, NULL), ASSAY_OK);

    (void)snprintf(words, sizeof(words),
        "--check\n--explain\n--set\nrun.seed=9\n--set\ntopology.validators=2\n%s\n",
        bench->manifest);
    assert_string_equal(scratch_get(bench->scratch, "words"), words);
    assert_string_equal(
        scratch_get(bench->scratch, "flags"), "quiet,allow-untrusted,strict-imports,\n");
    assert_string_equal(scratch_get(bench->scratch, "directories"), "/a b:/c:\n");
}

static void what_nobody_asked_for_is_not_passed_on(void **state)
{
    struct bench *bench = *state;
    int code;

    assert_int_equal(setenv("ASSAY_WORKER_FLAGS", "allow-untrusted", 1), 0);
    assert_int_equal(check(bench, ANSWERS, &code), ASSAY_OK);
    (void)unsetenv("ASSAY_WORKER_FLAGS");

    assert_string_equal(
        scratch_get(bench->scratch, "flags"), "\n"); /* also not from an outer run's environment */
    assert_string_equal(scratch_get(bench->scratch, "directories"), "\n");
}

static void a_plugin_that_crashes_the_check_is_told_with_a_way_to_find_it(void **state)
{
    struct bench *bench = *state;
    int code;

    assert_int_equal(check(bench, "kill -SEGV $$\n", &code), ASSAY_E_INTERNAL);
    assert_has(bench->err.text, bench->manifest);
    assert_has(bench->err.text, "SIGSEGV");
    assert_has(bench->err.text, "assay plugins check");
}

static void a_plugin_that_exits_in_the_check_is_no_success(void **state)
{
    struct bench *bench = *state;
    int code;

    assert_int_equal(check(bench, ANSWERS "exit 7\n", &code), ASSAY_E_INTERNAL);
    assert_has(bench->err.text, "exit code 7");
    assert_has(bench->err.text, "assay plugins check");
    assert_int_equal(code, -1);
}

static void an_answer_without_end_is_not_read_to_its_end(void **state)
{
    struct bench *bench = *state;
    int code;

    /* The worker ends of SIGPIPE when nobody reads any more. */
    assert_int_not_equal(check(bench, "exec cat /dev/zero >&3\n", &code), ASSAY_OK);
    assert_true(bench->err.text[0] != '\0');
}

static void a_directory_with_a_colon_is_refused_before_anything_starts(void **state)
{
    static const char *const directories[] = {"/plugins", "/odd:name", NULL};
    struct bench *bench = *state;
    struct front_options options = options_of(bench);
    int code = -1;

    options.plugin_directories = directories;
    set_worker(bench, ANSWERS);
    assert_int_equal(front_check(&options, FRONT_CHECK, &code, &bench->err), ASSAY_E_INVALID);
    assert_has(bench->err.text, "/odd:name");
    assert_string_equal(scratch_get(bench->scratch, "words"), "");
}

static void a_worker_that_cannot_be_executed_is_named(void **state)
{
    struct bench *bench = *state;
    const struct front_options options = options_of(bench);
    char path[SCRATCH_PATH_SIZE];
    int code = -1;

    scratch_put(bench->scratch, "libexec/assay-worker", "#!/no/such/interpreter\n");
    scratch_path(path, bench->scratch, "libexec/assay-worker");
    assert_int_equal(chmod(path, 0755), 0);
    assert_int_not_equal(front_check(&options, FRONT_CHECK, &code, &bench->err), ASSAY_OK);
    assert_has(bench->err.text, path);
    assert_has(bench->err.text, "cannot be executed");
}

static void every_allocation_of_a_check_may_fail(void **state)
{
    struct bench *bench = *state;
    const struct front_options options = options_of(bench);
    uint64_t n = 0;

    set_worker(bench, ANSWERS);
    do {
        int code = -1;
        assay_status status;

        mem_fail_at(++n, MEM_FAIL_ONCE);
        status = front_check(&options, FRONT_CHECK, &code, &bench->err);
        if (status) {
            assert_int_equal(status, ASSAY_E_NOMEM);
            assert_int_equal(code, -1);
        } else {
            assert_int_equal(code, EXIT_CODE_PASS); /* it could do without */
        }
    } while (mem_has_failed());
    mem_fail_at(0, MEM_FAIL_ONCE);
    assert_true(n > 3);
}

/* ---- running ---- */

static void an_invalid_manifest_gets_no_run_directory(void **state)
{
    struct bench *bench = *state;
    const struct front_options options = options_of(bench);
    struct launch_result result;

    set_worker(bench, "exit 2\n");
    assert_int_equal(front_run(&options, &result, &bench->err), ASSAY_OK);
    assert_int_equal(result.exit_code, EXIT_CODE_USAGE);
    assert_null(result.run_directory);
    assert_int_not_equal(access(bench->runs, F_OK), 0);
}

static void a_check_that_crashes_starts_no_run(void **state)
{
    struct bench *bench = *state;
    const struct front_options options = options_of(bench);
    struct launch_result result;

    set_worker(bench, "kill -ABRT $$\n");
    assert_int_equal(front_run(&options, &result, &bench->err), ASSAY_E_INTERNAL);
    assert_int_equal(result.exit_code, EXIT_CODE_ERROR);
    assert_null(result.run_directory);
}

/* Checks as `check` says, and runs as `run` says in the run directory. */
static void run_with(
    struct bench *bench, const char *run, bool is_quiet, struct launch_result *result)
{
    struct front_options options = options_of(bench);
    char script[1024];
    assay_status status;

    options.is_quiet = is_quiet;
    (void)snprintf(
        script, sizeof(script), "if [ \"$1\" = --check ]; then\n" ANSWERS "exit 0\nfi\n%s", run);
    set_worker(bench, script);
    scratch_capture_output(bench->scratch);
    status = front_run(&options, result, &bench->err);
    scratch_release(bench->scratch);
    if (status)
        fail_msg("%s", bench->err.text);
    assert_non_null(result->run_directory);
}

static void a_run_keeps_the_manifest_as_given_and_as_checked(void **state)
{
    struct bench *bench = *state;
    struct launch_result result;
    char path[512];

    run_with(bench, "exit 1\n", true, &result);
    assert_has(result.run_directory, "/runs/small-"); /* the name comes from the checked one */
    (void)snprintf(path, sizeof(path), "%s/manifest.ini",
        result.run_directory + strlen(bench->scratch->root) + 1);
    assert_string_equal(scratch_get(bench->scratch, path), "# as given\n");
    (void)snprintf(path, sizeof(path), "%s/manifest.expanded.ini",
        result.run_directory + strlen(bench->scratch->root) + 1);
    assert_has(scratch_get(bench->scratch, path), "seed = 7");
    free(result.run_directory);
}

static void a_run_whose_worker_dies_is_summed_up_on_standard_output(void **state)
{
    struct bench *bench = *state;
    struct launch_result result;

    run_with(bench, "exit 0\n", false, &result);
    assert_int_equal(result.exit_code, EXIT_CODE_ERROR); /* 0 without a verdict is no pass */
    assert_true(result.is_unreported);
    assert_has(scratch_get(bench->scratch, "stdout"), "exit code 0 without a verdict");
    free(result.run_directory);
}

static void a_quiet_run_whose_worker_dies_prints_nothing(void **state)
{
    struct bench *bench = *state;
    struct launch_result result;

    run_with(bench, "exit 0\n", true, &result);
    assert_int_equal(result.exit_code, EXIT_CODE_ERROR);
    assert_string_equal(scratch_get(bench->scratch, "stdout"), "");
    free(result.run_directory);
}

/* ---- running from a program ---- */

/* A journal that cannot be deleted stands for whatever could not be cleared away. */
#define KEEPS_JOURNAL "j=$(find $here -name '*.journal')\nrm $j\nmkdir $j\n"

static void run_quietly(struct bench *bench, const char *run, assay_run_result *result)
{
    const assay_run_options options = {
        .struct_size = sizeof(options), .directory = bench->runs, .flags = ASSAY_RUN_QUIET};
    assay_scenario *scenario = assay_scenario_new("small");
    char script[1024];
    assay_status status;

    (void)snprintf(
        script, sizeof(script), "if [ \"$1\" = --check ]; then\n" ANSWERS "exit 0\nfi\n%s", run);
    set_worker(bench, script);
    assay_scenario_topology(scenario, ASSAY_STAR, 1, 0);
    scratch_capture_output(bench->scratch);
    status = assay_scenario_run(scenario, &options, result);
    scratch_release(bench->scratch);
    if (status)
        fail_msg("%s", assay_scenario_problems(scenario));
    assay_scenario_free(scenario);
}

/* In quiet there is nobody else to say it. */
static void a_program_learns_that_something_is_left_of_its_run(void **state)
{
    struct bench *bench = *state;
    assay_run_result result = {.struct_size = sizeof(result)};

    run_quietly(bench, KEEPS_JOURNAL "exit 0\n", &result);
    assert_int_equal(result.exit_code, EXIT_CODE_ERROR);
    assert_int_not_equal(result.has_leftovers, 0);
    assert_string_equal(scratch_get(bench->scratch, "stderr"), "");
}

static void a_program_learns_that_nothing_is_left_of_its_run(void **state)
{
    assay_run_result result = {.struct_size = sizeof(result), .has_leftovers = 7};

    run_quietly(*state, "exit 0\n", &result);
    assert_int_equal(result.has_leftovers, 0);
}

/* As on a full disk. */
static void a_program_learns_that_no_verdict_could_be_written(void **state)
{
    assay_run_result result = {.struct_size = sizeof(result)};

    run_quietly(*state, "mv \"$1\" \"$1.gone\"\nexit 0\n", &result);
    assert_int_equal(result.exit_code, EXIT_CODE_ERROR);
    assert_int_equal(result.outcome, 0);
    assert_has(result.reason, "no verdict could be written");
    assert_has(result.reason, result.directory);
}

/* A pass that does not count must not stay where the verdict is looked for. */
static void a_verdict_that_cannot_be_kept_beside_is_replaced_all_the_same(void **state)
{
    assay_run_result result = {.struct_size = sizeof(result)};

    run_quietly(*state,
        "printf '{\"outcome\": \"pass\"}' >\"$1/verdict.json\"\n"
        "mkdir \"$1/verdict.unconfirmed.json\"\nexit 0\n",
        &result);
    assert_int_equal(result.exit_code, EXIT_CODE_ERROR);
    assert_int_equal(result.outcome, ASSAY_UNDECIDED); /* error is no word of the ABI */
    assert_has(result.reason, "exit code 0 without a verdict");
}

/* It was built when there was no word on leftovers. */
static void an_older_program_is_told_what_it_knows_of(void **state)
{
    const size_t size = offsetof(assay_run_result, has_leftovers);
    assay_run_result result = {.struct_size = size, .has_leftovers = 7};

    run_quietly(*state, KEEPS_JOURNAL "exit 0\n", &result);
    assert_int_equal(result.exit_code, EXIT_CODE_ERROR);
    assert_int_equal(result.struct_size, size);
    assert_int_equal(result.has_leftovers, 7);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    static const struct CMUnitTest tests[] = {
        TEST(a_manifest_without_problems_has_exit_code_0),
        TEST(a_manifest_with_problems_has_exit_code_2),
        TEST(what_the_user_asked_for_reaches_the_worker),
        TEST(what_nobody_asked_for_is_not_passed_on),
        TEST(a_plugin_that_crashes_the_check_is_told_with_a_way_to_find_it),
        TEST(a_plugin_that_exits_in_the_check_is_no_success),
        TEST(an_answer_without_end_is_not_read_to_its_end),
        TEST(a_directory_with_a_colon_is_refused_before_anything_starts),
        TEST(a_worker_that_cannot_be_executed_is_named),
        TEST(every_allocation_of_a_check_may_fail),
        TEST(an_invalid_manifest_gets_no_run_directory),
        TEST(a_check_that_crashes_starts_no_run),
        TEST(a_run_keeps_the_manifest_as_given_and_as_checked),
        TEST(a_run_whose_worker_dies_is_summed_up_on_standard_output),
        TEST(a_quiet_run_whose_worker_dies_prints_nothing),
        TEST(a_program_learns_that_something_is_left_of_its_run),
        TEST(a_program_learns_that_nothing_is_left_of_its_run),
        TEST(a_program_learns_that_no_verdict_could_be_written),
        TEST(a_verdict_that_cannot_be_kept_beside_is_replaced_all_the_same),
        TEST(an_older_program_is_told_what_it_knows_of),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

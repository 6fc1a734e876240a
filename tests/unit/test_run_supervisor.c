/* The parts of the supervisor that work without one: its command line, its list of children, and
   the ending of everything. What they do together is tested in tests/integration/supervisor. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "framework/base/mem.h"
#include "framework/run/ending.h"
#include "framework/run/monotonic.h"
#include "framework/run/supervisor.h"
#include "framework/run/supervisor_children.h"

/* ---- command line ---- */

static const struct supervisor_config sample = {.run_id = "demo-1",
    .name = "a name = with blanks",
    .run_directory = "/runs/demo-1",
    .worker = "/libexec/worker",
    .journal = "/state/demo-1.journal",
    .seed = UINT64_MAX,
    .front_end = 4711,
    .cancel_grace = 60 * ASSAY_SECOND,
    .limit = 5,
    .avoids_cgroup = true};

static void free_words(char **words)
{
    for (size_t i = 0; words && words[i]; i++)
        free(words[i]);
    free(words);
}

static void a_command_line_says_all_of_the_configuration(void **state)
{
    char **words = supervisor_config_words("/libexec/assay-supervisor", &sample);
    struct supervisor_config config;

    (void)state;
    assert_int_equal(supervisor_config_parse(words, &config, NULL), ASSAY_OK);

    assert_string_equal(config.run_id, sample.run_id);
    assert_string_equal(config.name, sample.name);
    assert_string_equal(config.run_directory, sample.run_directory);
    assert_string_equal(config.worker, sample.worker);
    assert_string_equal(config.journal, sample.journal);
    assert_true(config.seed == UINT64_MAX);
    assert_int_equal(config.front_end, 4711);
    assert_int_equal(config.cancel_grace, 60 * ASSAY_SECOND);
    assert_int_equal(config.limit, 5);
    assert_true(config.avoids_cgroup);
    free_words(words);
}

static void a_word_that_is_missing_or_strange_is_named(void **state)
{
    char **words = supervisor_config_words("supervisor", &sample);
    char strange[] = "colour=blue";
    char bad_number[] = "seed=-1";
    char *saved = words[5];
    struct supervisor_config config;
    struct error err = {0};

    (void)state;
    words[5] = strange;
    assert_int_equal(supervisor_config_parse(words, &config, &err), ASSAY_E_INVALID);
    assert_non_null(strstr(err.text, "colour=blue"));
    words[5] = words[4]; /* the worker twice, the journal never */
    assert_int_equal(supervisor_config_parse(words, &config, &err), ASSAY_E_INVALID);
    words[5] = bad_number;
    assert_int_equal(supervisor_config_parse(words, &config, &err), ASSAY_E_INVALID);
    words[5] = saved;
    words[1][strlen("run=")] = '\0';
    assert_int_equal(supervisor_config_parse(words, &config, &err), ASSAY_E_INVALID);
    assert_int_equal(supervisor_config_parse((char *[]){NULL}, &config, &err), ASSAY_E_INVALID);
    assert_non_null(strstr(err.text, "assay run"));
    free_words(words);
}

static void every_failed_allocation_of_the_command_line_is_survived(void **state)
{
    uint64_t nth = 1;

    (void)state;
    for (;; nth++) {
        char **words = NULL;

        mem_fail_at(nth, MEM_FAIL_ONCE);
        words = supervisor_config_words("supervisor", &sample);
        if (mem_has_failed())
            assert_null(words);
        free_words(words);
        if (!mem_has_failed())
            break;
    }
    mem_fail_at(0, MEM_FAIL_ONCE);
    assert_true(nth > 10);
}

/* ---- children ---- */

static const char *const sleeper[] = {"/bin/sleep", "1000", NULL};
static const char *const quick[] = {"/bin/true", NULL};
static const char *const none[] = {NULL};

static pid_t start(struct children *children, uint32_t number, const char *const *argv)
{
    const struct spawn spawn = {.argv = argv, .env = none, .output = "/dev/null"};
    pid_t pid = -1;

    assert_int_equal(
        children_start(children, number, &spawn, PROCESS_STEP_NONE, &pid, NULL), ASSAY_OK);
    return pid;
}

static void reap_into(struct children *children, pid_t pid)
{
    int status = 0;

    assert_int_equal(waitpid(pid, &status, WUNTRACED | WCONTINUED), pid);
    assert_true(children_note(children, pid, status));
}

static void numbers_go_up_without_gaps(void **state)
{
    const struct spawn spawn = {.argv = quick, .env = none};
    struct children children;
    struct error err = {0};
    pid_t pid = 0;

    (void)state;
    children_init(&children);
    assert_int_equal(
        children_start(&children, 1, &spawn, PROCESS_STEP_NONE, &pid, &err), ASSAY_E_INVALID);
    reap_into(&children, start(&children, 0, quick));
    assert_int_equal(
        children_start(&children, 0, &spawn, PROCESS_STEP_NONE, &pid, &err), ASSAY_E_INVALID);
    children_done(&children);
}

static void a_child_is_reported_at_its_start_and_at_its_end(void **state)
{
    struct wire_report reports[4];
    struct children children;
    pid_t pid = 0;

    (void)state;
    children_init(&children);
    pid = start(&children, 0, sleeper);
    assert_int_equal(children_due(&children, reports, 4), 1);
    assert_int_equal(reports[0].state, PROCESS_RUNNING);
    assert_int_equal(reports[0].pid, pid);
    children_reported(&children, 1);
    assert_int_equal(children_due(&children, reports, 4), 0);

    children_signal(&children, 0, SIGSTOP);
    reap_into(&children, pid);
    assert_int_equal(children_due(&children, reports, 4), 1);
    assert_true(reports[0].is_stopped);
    children_signal(&children, 0, SIGKILL);
    reap_into(&children, pid);
    assert_int_equal(children_due(&children, reports, 4), 1);
    assert_int_equal(reports[0].state, PROCESS_KILLED);
    assert_int_equal(reports[0].code, SIGKILL);
    assert_int_equal(children.running, 0);
    children_reported(&children, 1);
    assert_int_equal(children.list.count, 0);
    children_done(&children);
}

static void an_end_that_is_not_reported_yet_is_kept(void **state)
{
    struct wire_report reports[2];
    struct children children;

    (void)state;
    children_init(&children);
    for (uint32_t i = 0; i < 5; i++)
        reap_into(&children, start(&children, i, quick));
    for (uint32_t told = 0; told < 4; told += 2) {
        assert_int_equal(children_due(&children, reports, 2), 2);
        assert_int_equal(reports[0].number, told);
        assert_int_equal(reports[1].number, told + 1);
        children_reported(&children, 2);
    }
    assert_int_equal(children.list.count, 1);
    assert_int_equal(children.due, 1);
    children_reported(&children, 1);
    assert_int_equal(children.list.count, 0);
    children_done(&children);
}

static void strangers_and_the_dead_are_not_ours(void **state)
{
    struct children children;
    pid_t pid = 0;

    (void)state;
    children_init(&children);
    pid = start(&children, 0, quick);
    reap_into(&children, pid);
    assert_false(children_note(&children, pid, 0));
    assert_false(children_note(&children, getpid(), 0));
    children_signal(&children, 0, SIGKILL);  /* nobody: it has ended */
    children_signal(&children, 17, SIGKILL); /* nobody: never started */
    children_done(&children);
}

/* ---- ending ---- */

static void end_everything(struct ending *ending, struct children *children)
{
    while (!ending_step(ending, children)) {
        int status = 0;
        pid_t pid = 0;

        assert_true(ending_next(ending) < INT64_MAX);
        while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
            if (!children_note(children, pid, status))
                ending_stray_reaped(ending);
    }
    assert_false(ending->is_active);
    assert_true(ending_next(ending) == INT64_MAX);
}

static void strays_below_us_are_found(void **state)
{
    struct children children;
    struct ending ending;
    pid_t stray = 0;

    (void)state;
    children_init(&children);
    (void)start(&children, 0, sleeper);
    stray = fork();
    if (stray == 0)
        for (;;)
            (void)pause();
    ending_begin(&ending, &children, 0, ENDING_TAKES_WORKER, 0);
    end_everything(&ending, &children);

    assert_int_equal(children.running, 0);
    assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
    children_done(&children);
}

static void the_worker_is_spared_with_what_it_started(void **state)
{
    struct children children;
    struct ending ending;
    const pid_t worker = fork();

    (void)state;
    if (worker == 0)
        for (;;)
            (void)pause();
    children_init(&children);
    (void)start(&children, 0, sleeper);
    ending_begin(&ending, &children, 0, ENDING_SPARES_WORKER, worker);
    end_everything(&ending, &children);

    assert_int_equal(waitpid(worker, NULL, WNOHANG), 0);
    (void)kill(worker, SIGKILL);
    assert_int_equal(waitpid(worker, NULL, 0), worker);
    children_done(&children);
}

static void a_grace_without_end_waits_for_the_children_alone(void **state)
{
    struct wire_report report;
    struct children children;
    struct ending ending;

    (void)state;
    children_init(&children);
    (void)start(&children, 0, sleeper);
    ending_begin(&ending, &children, INT64_MAX, ENDING_TAKES_WORKER, 0);
    assert_true(ending_next(&ending) == INT64_MAX);
    reap_into(&children, (pid_t)((struct child *)children.list.items)->report.pid);
    assert_int_equal(children_due(&children, &report, 1), 1);
    assert_int_equal(report.code, SIGTERM);
    end_everything(&ending, &children);
    children_done(&children);
}

static int adopt_orphans(void **state)
{
    (void)state;
    return prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_command_line_says_all_of_the_configuration),
        cmocka_unit_test(a_word_that_is_missing_or_strange_is_named),
        cmocka_unit_test(every_failed_allocation_of_the_command_line_is_survived),
        cmocka_unit_test(numbers_go_up_without_gaps),
        cmocka_unit_test(a_child_is_reported_at_its_start_and_at_its_end),
        cmocka_unit_test(an_end_that_is_not_reported_yet_is_kept),
        cmocka_unit_test(strangers_and_the_dead_are_not_ours),
        cmocka_unit_test(strays_below_us_are_found),
        cmocka_unit_test(the_worker_is_spared_with_what_it_started),
        cmocka_unit_test(a_grace_without_end_waits_for_the_children_alone),
    };

    return cmocka_run_group_tests(tests, adopt_orphans, NULL);
}

/* The leak matrix: 20 nodes of three processes each, one of them a daemon that forked twice, has a
   session of its own and ignores SIGTERM; then somebody dies. Nobody may survive, in any row but
   the first, which shows that the others can fail. Times are printed, not judged: that is the
   benchmark's business. */
#include <setjmp.h>
#include <signal.h>
#include <spawn.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "framework/run/clean.h"
#include "support.h"

static const char trees[] = "trees 20\nsettled 60\n";

static void start(struct scene *scene, const char *end, const struct scene_options *wanted)
{
    struct scene_options options = *wanted;
    char script[256];

    (void)snprintf(script, sizeof script, "%s%s\n", trees, end);
    options.script = script;
    scene_start(scene, &options);
    scene_settle(scene, TREE_PROCESSES);
}

static void report(const char *row, double ms)
{
    (void)printf("  %-50s 0 of %d survive after %.1f ms\n", row, TREE_PROCESSES, ms);
}

/* ---- the row that must leak ---- */

static void start_plainly(const struct scene *scene)
{
    char *const argv[] = {
        (char[]){NODE_PROGRAM}, (char[]){"tree"}, (char *)(uintptr_t)scene->pids, NULL};

    for (int i = 0; i < TREES; i++) {
        pid_t pid = 0;

        if (posix_spawn(&pid, NODE_PROGRAM, NULL, NULL, argv, environ) != 0)
            _exit(1);
    }
    for (;;)
        (void)pause();
}

static void plain_spawn_leaks_everything(void **state)
{
    struct scene *scene = *state;

    assert_int_equal(mkdir(scene->run, 0755), 0);
    scene->front = fork();
    if (scene->front == 0)
        start_plainly(scene);
    scene_collect(scene, TREE_PROCESSES);
    (void)kill(scene->front, SIGKILL);
    (void)scene_join(scene);

    assert_true(scene_survivors(scene) >= TREE_PROCESSES - TREES);
    (void)printf("  %-50s %zu of %d survive\n", "plain spawn, kill -9 of the parent",
        scene_survivors(scene), TREE_PROCESSES);
}

/* ---- kill -9 of one ---- */

static void check_front_end_killed(struct scene *scene, bool has_cgroup)
{
    const struct scene_options options = {.has_cgroup = has_cgroup, .owns_children = true};
    int64_t since = 0;

    start(scene, "hang", &options);
    since = scene_now();
    (void)kill(scene->front, SIGKILL);

    report(has_cgroup ? "kill -9 of the front end, control group" : "kill -9 of the front end",
        scene_await_nobody(scene, since));
    assert_int_equal(scene_join(scene), 128 + SIGKILL);
    assert_true(scene_file_has(scene, "verdict.json", "\"outcome\": \"undecided\""));
    assert_true(scene_file_has(scene, "verdict.json", "the program that started the run ended"));
    assert_int_equal(scene_journals(scene), 0);
}

static void killing_the_front_end_leaves_nobody(void **state)
{
    check_front_end_killed(*state, false);
}

static void killing_the_front_end_leaves_nobody_in_a_control_group(void **state)
{
    check_front_end_killed(*state, true);
}

static void check_supervisor_killed(struct scene *scene, const struct scene_options *options)
{
    int64_t since = 0;

    start(scene, "hang", options);
    since = scene_now();
    (void)kill(scene->supervisor, SIGKILL);

    report(options->has_cgroup       ? "kill -9 of the supervisor, control group"
            : options->owns_children ? "kill -9 of the supervisor"
                                     : "kill -9 of the supervisor, library",
        scene_await_nobody(scene, since));
    assert_int_equal(scene_join(scene), 5);
    assert_true(scene_file_has(scene, "verdict.json", "\"outcome\": \"error\""));
    assert_true(scene_file_has(scene, "verdict.json", "the supervisor ended unexpectedly"));
    assert_int_equal(scene_journals(scene), 0);
}

static void killing_the_supervisor_leaves_nobody(void **state)
{
    check_supervisor_killed(*state, &(struct scene_options){.owns_children = true});
}

static void killing_the_supervisor_leaves_nobody_in_a_control_group(void **state)
{
    check_supervisor_killed(
        *state, &(struct scene_options){.has_cgroup = true, .owns_children = true});
}

/* The front end is a library then: what is not the run's must survive. */
static void killing_the_supervisor_spares_children_of_the_calling_program(void **state)
{
    check_supervisor_killed(*state, &(struct scene_options){.has_own_child = true});
}

static void killing_the_worker_leaves_nobody(void **state)
{
    struct scene *scene = *state;
    const struct scene_options options = {.owns_children = true};
    int64_t since = 0;

    start(scene, "hang", &options);
    since = scene_now();
    (void)kill(scene->worker, SIGKILL);

    report("kill -9 of the worker", scene_await_nobody(scene, since));
    assert_int_equal(scene_join(scene), 5);
    assert_true(
        scene_file_has(scene, "verdict.json", "the worker was ended by SIGKILL, in phase run"));
    assert_int_equal(scene_journals(scene), 0);
}

static void a_crash_of_the_worker_leaves_nobody_and_names_the_plugin(void **state)
{
    struct scene *scene = *state;
    char script[] = "trees 20\nsettled 60\ncrash\n";
    const struct scene_options options = {.script = script, .owns_children = true};

    scene_start(scene, &options);
    assert_int_equal(scene_join(scene), 5);

    assert_true(scene_file_has(
        scene, "verdict.json", "workload.burst (acme.tx-burst) crashed in run: SIGSEGV"));
    assert_true(scene_file_has(
        scene, "junit.xml", "workload.burst (acme.tx-burst) crashed in run: SIGSEGV"));
    assert_true(scene_file_has(
        scene, "summary.txt", "workload.burst (acme.tx-burst) crashed in run: SIGSEGV"));
    assert_int_equal(scene_journals(scene), 0);
}

/* ---- signals ---- */

static void check_signal(struct scene *scene, int signal_number)
{
    const struct scene_options options = {.owns_children = true};
    char row[64];
    int64_t since = 0;

    start(scene, "cancelled", &options);
    since = scene_now();
    (void)kill(scene->front, signal_number);

    (void)snprintf(row, sizeof row, "SIG%s of the front end", sigabbrev_np(signal_number));
    report(row, scene_await_nobody(scene, since));
    assert_int_equal(scene_join(scene), 128 + signal_number);
    assert_true(scene_file_has(scene, "verdict.json", "\"writer\": \"worker\""));
    assert_int_equal(scene_journals(scene), 0);
}

static void sigint_lets_the_worker_finish_and_leaves_nobody(void **state)
{
    check_signal(*state, SIGINT);
}

static void sigterm_lets_the_worker_finish_and_leaves_nobody(void **state)
{
    check_signal(*state, SIGTERM);
}

static void sighup_lets_the_worker_finish_and_leaves_nobody(void **state)
{
    check_signal(*state, SIGHUP);
}

static void a_worker_that_hangs_is_killed_when_its_grace_is_over(void **state)
{
    struct scene *scene = *state;
    const struct scene_options options = {.owns_children = true, .cancel_grace = 100 * ASSAY_MS};
    int64_t since = 0;

    start(scene, "hang", &options);
    since = scene_now();
    (void)kill(scene->front, SIGTERM);

    report("SIGTERM, worker hangs, grace of 100 ms", scene_await_nobody(scene, since));
    assert_int_equal(scene_join(scene), 143);
    assert_true(scene_file_has(scene, "verdict.json", "\"outcome\": \"undecided\""));
    assert_true(scene_file_has(scene, "verdict.json", "interrupted by SIGTERM"));
}

/* Sends SIGINT until nobody is left, each time after a while, so that it counts as another one. */
static void press_until_nobody_is_left(const struct scene *scene)
{
    while (scene_survivors(scene) > 0) {
        (void)kill(scene->front, SIGINT);
        for (int i = 0; i < 150 && scene_survivors(scene) > 0; i++)
            scene_pause();
    }
}

static void a_second_signal_kills_at_once(void **state)
{
    struct scene *scene = *state;
    const struct scene_options options = {.owns_children = true};

    start(scene, "hang", &options);
    press_until_nobody_is_left(scene);

    assert_int_equal(scene_join(scene), 130);
    assert_true(scene_file_has(scene, "verdict.json", "\"outcome\": \"undecided\""));
    assert_true(scene_file_has(scene, "verdict.json", "\"interrupted\": true"));
}

/* Or is merely slow, as on a machine with far too much to do. */
static void a_third_signal_ends_a_supervisor_that_hangs(void **state)
{
    struct scene *scene = *state;
    const struct scene_options options = {.owns_children = true};

    start(scene, "hang", &options);
    (void)kill(scene->supervisor, SIGSTOP);
    press_until_nobody_is_left(scene);

    assert_int_equal(scene_join(scene), 130);
    assert_int_equal(scene_journals(scene), 0);
    assert_true(scene_file_has(scene, "verdict.json", "\"outcome\": \"undecided\""));
    assert_true(scene_file_has(scene, "verdict.json", "\"interrupted\": true"));
}

/* ---- front end and supervisor at once ---- */

struct cleaned {
    size_t items, processes, undos;
    enum clean_outcome outcome;
};

static void note_cleaned(void *context, const struct clean_item *item)
{
    struct cleaned *cleaned = context;

    cleaned->items++;
    cleaned->processes = item->processes;
    cleaned->undos = item->undos;
    cleaned->outcome = item->outcome;
    if (item->why[0] != '\0')
        (void)printf("  clean %s: %s\n", item->run_id, item->why);
}

static void clean(const struct scene *scene, bool is_dry, struct cleaned *out)
{
    char journals[400];
    const struct clean_options options = {.directory = journals, .is_dry = is_dry};
    struct error err = {0};

    *out = (struct cleaned){0};
    (void)snprintf(journals, sizeof journals, "%s/journals", scene->state);
    assert_int_equal(run_clean(&options, note_cleaned, out, &err), ASSAY_OK);
}

static void kill_both(struct scene *scene)
{
    /* Stopped first, so that neither can act on the other's death. */
    (void)kill(scene->front, SIGSTOP);
    (void)kill(scene->supervisor, SIGSTOP);
    (void)kill(scene->supervisor, SIGKILL);
    (void)kill(scene->front, SIGKILL);
    assert_int_equal(scene_join(scene), 128 + SIGKILL);
    scene_await_end(scene, scene->supervisor);
}

static void killing_both_leaves_nodes_that_clean_finds(void **state)
{
    struct scene *scene = *state;
    const struct scene_options options = {.owns_children = true};
    struct cleaned cleaned;
    int64_t since = 0;

    start(scene, "hang", &options);
    clean(scene, false, &cleaned);
    assert_int_equal(cleaned.items, 1);
    assert_int_equal(cleaned.outcome, CLEAN_ALIVE);
    assert_int_equal(scene_survivors(scene), scene->count);

    kill_both(scene);
    clean(scene, true, &cleaned);
    assert_int_equal(cleaned.outcome, CLEAN_DONE);
    assert_true(cleaned.processes >= TREE_PROCESSES);
    assert_true(scene_survivors(scene) >= TREE_PROCESSES);

    since = scene_now();
    clean(scene, false, &cleaned);
    report("kill -9 of both, then clean", scene_await_nobody(scene, since));
    assert_int_equal(cleaned.outcome, CLEAN_DONE);
    assert_int_equal(scene_journals(scene), 0);
}

static bool has_cgroup(const struct scene *scene)
{
    return !scene_file_exists(scene, "supervisor.log") ||
        !scene_file_has(scene, "supervisor.log", "no control group");
}

static void killing_both_leaves_nobody_in_a_control_group(void **state)
{
    struct scene *scene = *state;
    const struct scene_options options = {.has_cgroup = true, .owns_children = true};
    struct cleaned cleaned;
    int64_t since = 0;

    start(scene, "hang", &options);
    if (!has_cgroup(scene))
        skip();
    since = scene_now();
    kill_both(scene);

    report("kill -9 of both, control group", scene_await_nobody(scene, since));
    clean(scene, false, &cleaned);
    assert_int_equal(cleaned.outcome, CLEAN_DONE);
    assert_int_equal(scene_journals(scene), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(plain_spawn_leaks_everything, scene_open, scene_close),
        cmocka_unit_test_setup_teardown(
            killing_the_front_end_leaves_nobody, scene_open, scene_close),
        cmocka_unit_test_setup_teardown(
            killing_the_front_end_leaves_nobody_in_a_control_group, scene_open, scene_close),
        cmocka_unit_test_setup_teardown(
            killing_the_supervisor_leaves_nobody, scene_open, scene_close),
        cmocka_unit_test_setup_teardown(
            killing_the_supervisor_leaves_nobody_in_a_control_group, scene_open, scene_close),
        cmocka_unit_test_setup_teardown(
            killing_the_supervisor_spares_children_of_the_calling_program, scene_open, scene_close),
        cmocka_unit_test_setup_teardown(killing_the_worker_leaves_nobody, scene_open, scene_close),
        cmocka_unit_test_setup_teardown(
            a_crash_of_the_worker_leaves_nobody_and_names_the_plugin, scene_open, scene_close),
        cmocka_unit_test_setup_teardown(
            sigint_lets_the_worker_finish_and_leaves_nobody, scene_open, scene_close),
        cmocka_unit_test_setup_teardown(
            sigterm_lets_the_worker_finish_and_leaves_nobody, scene_open, scene_close),
        cmocka_unit_test_setup_teardown(
            sighup_lets_the_worker_finish_and_leaves_nobody, scene_open, scene_close),
        cmocka_unit_test_setup_teardown(
            a_worker_that_hangs_is_killed_when_its_grace_is_over, scene_open, scene_close),
        cmocka_unit_test_setup_teardown(a_second_signal_kills_at_once, scene_open, scene_close),
        cmocka_unit_test_setup_teardown(
            a_third_signal_ends_a_supervisor_that_hangs, scene_open, scene_close),
        cmocka_unit_test_setup_teardown(
            killing_both_leaves_nodes_that_clean_finds, scene_open, scene_close),
        cmocka_unit_test_setup_teardown(
            killing_both_leaves_nobody_in_a_control_group, scene_open, scene_close),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

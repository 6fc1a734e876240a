/* Kills in the midst of node control: no node that was paused or started again is left. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#include "tests/integration/scenarios/control.h"

/* Runs until the chaos has done this to some node; no control group helps with the clean-up. */
static void start_until(struct stage *stage, const char *settings, const char *event)
{
    char manifest[2048];

    (void)snprintf(
        manifest, sizeof(manifest), "%s%s", RUN("5m") NETWORK RECOVERY CHAOS(""), settings);
    stage_setenv(stage, "ASSAY_CGROUP=off");
    stage_manifest(stage, manifest);
    stage_start(stage, NULL);
    stage_await_event(stage, event);
    assert_int_equal(stage_processes(stage), 2 + 4); /* supervisor, worker, and every node */
}

#define START_PAUSED(stage) start_until((stage), "actions = pause\n", "\"text\":\"pause of ")

static void kill_program(struct stage *stage, const char *program)
{
    const pid_t pid = stage_process(stage, program, 0);

    assert_true(pid > 0);
    assert_int_equal(kill(pid, SIGKILL), 0);
}

static void killing_the_worker_leaves_no_paused_node(void **state)
{
    struct stage *stage = *state;

    START_PAUSED(stage);
    kill_program(stage, "assay-worker");
    stage_await_nobody(stage);
    assert_exit(stage, stage_join(stage), 5);
}

static void killing_the_supervisor_leaves_no_paused_node(void **state)
{
    struct stage *stage = *state;

    START_PAUSED(stage);
    kill_program(stage, "assay-supervisor");
    stage_await_nobody(stage);
    assert_exit(stage, stage_join(stage), 5);
}

static void killing_the_front_end_leaves_no_paused_node(void **state)
{
    struct stage *stage = *state;

    START_PAUSED(stage);
    assert_int_equal(kill(stage->pid, SIGKILL), 0);
    stage_await_nobody(stage);
    assert_exit(stage, stage_join(stage), 128 + SIGKILL);
}

static void an_interruption_leaves_no_paused_node(void **state)
{
    struct stage *stage = *state;

    START_PAUSED(stage);
    assert_int_equal(kill(stage->pid, SIGINT), 0);
    assert_exit(stage, stage_join(stage), 130);
    stage_await_nobody(stage);
    assert_string_equal(verdict_text(stage_verdict(stage), "outcome"), "undecided");
    assert_has(verdict_text(stage_verdict(stage), "reason"), "interrupted by SIGINT");
}

static void killing_the_supervisor_leaves_no_restarted_node(void **state)
{
    struct stage *stage = *state;

    start_until(stage, "actions = restart\n", "\"text\":\"restart of ");
    kill_program(stage, "assay-supervisor");
    stage_await_nobody(stage);
    assert_exit(stage, stage_join(stage), 5);
}

static void clean_ends_restarted_and_paused_nodes_whose_guards_were_killed_at_once(void **state)
{
    struct stage *stage = *state;
    pid_t supervisor;

    start_until(stage, "actions = pause, restart\n", "\"text\":\"pause of ");
    supervisor = stage_process(stage, "assay-supervisor", 0);
    assert_true(supervisor > 0);
    /* Stopped first, so that neither sees the other die. */
    assert_int_equal(kill(supervisor, SIGSTOP), 0);
    assert_int_equal(kill(stage->pid, SIGSTOP), 0);
    assert_int_equal(kill(supervisor, SIGKILL), 0);
    assert_int_equal(kill(stage->pid, SIGKILL), 0);
    assert_exit(stage, stage_join(stage), 128 + SIGKILL);

    assert_exit(stage, ASSAY(stage, "clean"), 0);
    assert_has(stage->out, "cleared");
    stage_await_nobody(stage);
}

#define STAGED(test) cmocka_unit_test_setup_teardown(test, stage_open, stage_close)

int main(void)
{
    const struct CMUnitTest tests[] = {
        STAGED(killing_the_worker_leaves_no_paused_node),
        STAGED(killing_the_supervisor_leaves_no_paused_node),
        STAGED(killing_the_front_end_leaves_no_paused_node),
        STAGED(an_interruption_leaves_no_paused_node),
        STAGED(killing_the_supervisor_leaves_no_restarted_node),
        STAGED(clean_ends_restarted_and_paused_nodes_whose_guards_were_killed_at_once),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

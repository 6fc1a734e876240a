/* Whoever is killed, and however a run is interrupted: a right exit code, a verdict on disk, and
   nobody left. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/integration/scenarios/support.h"

#define NETWORK                                                                                    \
    "[run]\nduration = 5m\ncooldown = 1s\nsettle = 1s\nname = killed\n"                            \
    "[topology]\nvalidators = 3\nlayout = full\n[system.nomos]\nslot = 100ms\nsecurity_param = "   \
    "5\n"                                                                                          \
    "[wallets]\ncount = 20\n[workload.transactions]\nusers = 10\n"                                 \
    "[expectation.liveness]\nplugin = consensus_liveness\nmin_blocks = 1\n"                        \
    "[expectation.agreement]\npatience = 2s\n"

static void start(struct stage *stage)
{
    stage_manifest(stage, NETWORK);
    stage_start(stage, NULL);
    stage_await_event(stage, WINDOW_OPEN);
    assert_true(stage_processes(stage) >= 5); /* supervisor, worker, three nodes */
}

static void kill_one(struct stage *stage, const char *program)
{
    const pid_t pid = stage_process(stage, program, 0);

    assert_true(pid > 0);
    assert_int_equal(kill(pid, SIGKILL), 0);
}

static void assert_reason(struct stage *stage, const char *outcome, const char *part)
{
    assert_string_equal(verdict_text(stage_verdict(stage), "outcome"), outcome);
    assert_has(verdict_text(stage_verdict(stage), "reason"), part);
}

static void killing_the_front_end_ends_the_run(void **state)
{
    struct stage *stage = *state;

    start(stage);
    assert_int_equal(kill(stage->pid, SIGKILL), 0);
    stage_await_nobody(stage);

    assert_exit(stage, stage_join(stage), 128 + SIGKILL);
    assert_reason(stage, "undecided", "the program that started the run ended");
}

static void killing_the_supervisor_ends_the_run(void **state)
{
    struct stage *stage = *state;

    start(stage);
    kill_one(stage, "assay-supervisor");
    stage_await_nobody(stage);

    assert_exit(stage, stage_join(stage), 5);
    assert_reason(stage, "error", "the supervisor ended unexpectedly");
    assert_has(stage->err, "the supervisor ended unexpectedly");
}

static void killing_the_worker_ends_the_run(void **state)
{
    struct stage *stage = *state;

    start(stage);
    kill_one(stage, "assay-worker");
    stage_await_nobody(stage);

    assert_exit(stage, stage_join(stage), 5);
    assert_reason(stage, "error", "the worker was ended by SIGKILL, in phase run");
}

static void killing_a_node_fails_liveness(void **state)
{
    struct stage *stage = *state;

    stage_manifest(stage, NETWORK);
    stage_start(stage, (const char *const[]){"--duration", "4s", NULL});
    stage_await_event(stage, WINDOW_OPEN);
    kill_one(stage, "nomos-devnode");

    assert_exit(stage, stage_join(stage), 1);
    stage_await_nobody(stage);
    assert_judged(stage, "liveness", "fail");
    assert_judged(stage, "agreement", "undecided");
    assert_has(stage_why(stage, "liveness"), "has not answered since ");
}

static void check_signal(struct stage *stage, int signal_number, const char *reason)
{
    (void)signal(signal_number, SIG_DFL); /* under nohup it is ignored, and goes on to be */
    start(stage);
    assert_int_equal(kill(stage->pid, signal_number), 0);

    assert_exit(stage, stage_join(stage), 128 + signal_number);
    stage_await_nobody(stage);
    assert_reason(stage, "undecided", reason);
    assert_string_equal(verdict_text(stage_verdict(stage), "interrupted"), "true");
    assert_judged(stage, "liveness", "undecided");
    assert_has(stage->err, "tearing the network down");
}

static void sigint_tears_down_and_reports(void **state)
{
    check_signal(*state, SIGINT, "interrupted by SIGINT");
}

static void sigterm_tears_down_and_reports(void **state)
{
    check_signal(*state, SIGTERM, "interrupted by SIGTERM");
}

static void sighup_tears_down_and_reports(void **state)
{
    check_signal(*state, SIGHUP, "interrupted by SIGHUP");
}

/* Two signals within a fifth of a second are one key press to assay, so one may have to be sent more
   than once. */
static void interrupt_until_it_is_killed(const struct stage *stage)
{
    char *text = NULL;

    do {
        free(text);
        (void)kill(stage->pid, SIGINT);
        stage_pause();
        text = stage_read(stage, "../stderr");
        assert_non_null(text);
    } while (!strstr(text, "killing everything"));
    free(text);
}

/* A workload that does not let go keeps the first interruption waiting for its grace. */
static void a_second_sigint_kills_at_once(void **state)
{
    struct stage *stage = *state;

    stage_manifest(stage,
        "[run]\nduration = 5m\ngrace = 5m\n[topology]\nvalidators = 1\n"
        "[system.still]\nplugin = sample.still\n[deployer.nowhere]\nplugin = sample.nowhere\n"
        "[workload.bad]\nplugin = badworkload.hang-run\n"
        "[expectation.judge]\nplugin = sample.judge\n");
    stage_start(
        stage, (const char *const[]){"--plugin-dir", ASSAY_BUILD_DIR "/tests/plugins/run", NULL});
    stage_await_event(stage, WINDOW_OPEN);
    assert_int_equal(kill(stage->pid, SIGINT), 0);
    stage_await_event(stage, "\"text\":\"teardown\"");
    interrupt_until_it_is_killed(stage);

    assert_exit(stage, stage_join(stage), 130);
    stage_await_nobody(stage);
    assert_reason(stage, "undecided", "interrupted by SIGINT and killed");
}

static void sigint_while_the_network_comes_up_ends_the_run(void **state)
{
    struct stage *stage = *state;

    stage_manifest(stage, NETWORK "[node.validator-1]\nmisbehave = errors=100\n");
    stage_start(stage, NULL);
    stage_await_event(stage, "\"text\":\"deploy\"");
    assert_int_equal(kill(stage->pid, SIGINT), 0);

    assert_exit(stage, stage_join(stage), 130);
    stage_await_nobody(stage);
    assert_reason(stage, "undecided", "interrupted by SIGINT");
}

/* Each phase that can be waited in is made long, so the signal finds the run in it however late it
   comes; through the others it is on its way to one. */
static void sigint_in_any_phase_ends_the_run(void **state)
{
    static const struct {
        const char *phase, *longest;
    } rows[] = {{"plan", "run.duration=5m"}, {"observe", "run.duration=5m"},
        {"prepare", "run.duration=5m"}, {"cooldown", "run.cooldown=5m"},
        {"settle", "run.settle=5m"}};
    struct stage *stage = *state;

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char event[64];

        stage_manifest(stage, NETWORK);
        stage_start(
            stage, (const char *const[]){"--duration", "500ms", "--set", rows[i].longest, NULL});
        (void)snprintf(event, sizeof(event), "\"type\":\"state\",\"text\":\"%s\"", rows[i].phase);
        stage_await_event(stage, event);
        assert_int_equal(kill(stage->pid, SIGINT), 0);

        assert_exit(stage, stage_join(stage), 130);
        stage_await_nobody(stage);
        assert_reason(stage, "undecided", "interrupted by SIGINT");
        stage_next(stage);
    }
}

/* Too late to be an interruption, or not: what is said is one or the other throughout. */
static void sigint_while_it_is_judged_is_an_interruption_or_none(void **state)
{
    struct stage *stage = *state;
    bool is_interrupted;
    int exit_code;

    stage_manifest(stage, NETWORK);
    stage_start(stage, (const char *const[]){"--duration", "1s", NULL});
    stage_await_event(stage, "\"text\":\"judge\"");
    (void)kill(stage->pid, SIGINT);

    exit_code = stage_join(stage);
    stage_await_nobody(stage);
    is_interrupted = strcmp(verdict_text(stage_verdict(stage), "interrupted"), "true") == 0;
    assert_int_equal(exit_code == 130, is_interrupted);
    if (!is_interrupted)
        assert_in_range(exit_code, 0, 4);
}

static void a_run_beyond_its_limit_is_killed(void **state)
{
    struct stage *stage = *state;

    stage_manifest(stage, NETWORK);
    stage_start(stage, (const char *const[]){"--limit", "4s", NULL});
    stage_await_event(stage, "\"text\":\"deploy\"");

    assert_exit(stage, stage_join(stage), 5);
    stage_await_nobody(stage);
    assert_reason(stage, "error", "longer than its limit");
}

static void clean_ends_what_a_run_left_whose_every_guard_was_killed_at_once(void **state)
{
    struct stage *stage = *state;
    const char *manifest = NETWORK;
    pid_t supervisor;

    stage_setenv(stage, "ASSAY_CGROUP=off");
    stage_manifest(stage, manifest);
    stage_start(stage, NULL);
    stage_await_event(stage, WINDOW_OPEN);
    supervisor = stage_process(stage, "assay-supervisor", 0);
    assert_true(supervisor > 0);
    /* Stopped first, so that neither sees the other die. */
    assert_int_equal(kill(supervisor, SIGSTOP), 0);
    assert_int_equal(kill(stage->pid, SIGSTOP), 0);
    assert_int_equal(kill(supervisor, SIGKILL), 0);
    assert_int_equal(kill(stage->pid, SIGKILL), 0);
    assert_exit(stage, stage_join(stage), 128 + SIGKILL);

    assert_exit(stage, ASSAY(stage, "clean", "--dry-run"), 0);
    assert_has(stage->out, "to clear");
    assert_has(stage->out, stage->run_id);
    assert_exit(stage, ASSAY(stage, "clean"), 0);
    assert_has(stage->out, "cleared");
    stage_await_nobody(stage);
    assert_exit(stage, ASSAY(stage, "clean"), 0);
    assert_string_equal(stage->out, "nothing to clear away\n");
}

#define STAGED(test) cmocka_unit_test_setup_teardown(test, stage_open, stage_close)

int main(void)
{
    const struct CMUnitTest tests[] = {
        STAGED(killing_the_front_end_ends_the_run),
        STAGED(killing_the_supervisor_ends_the_run),
        STAGED(killing_the_worker_ends_the_run),
        STAGED(killing_a_node_fails_liveness),
        STAGED(sigint_tears_down_and_reports),
        STAGED(sigterm_tears_down_and_reports),
        STAGED(sighup_tears_down_and_reports),
        STAGED(a_second_sigint_kills_at_once),
        STAGED(sigint_while_the_network_comes_up_ends_the_run),
        STAGED(sigint_in_any_phase_ends_the_run),
        STAGED(sigint_while_it_is_judged_is_an_interruption_or_none),
        STAGED(a_run_beyond_its_limit_is_killed),
        STAGED(clean_ends_what_a_run_left_whose_every_guard_was_killed_at_once),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Node control on real processes: chaos that passes, each action with its proof, nodes that do not
   come back or do not catch up, nodes that die on their own, refusals, and kills in the midst of
   it. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "tests/integration/scenarios/support.h"

#define RUN(duration)                                                                              \
    "[run]\nduration = " duration "\ncooldown = 8s\nsettle = 1s\nseed = 7\nnode_control = yes\n"
#define NETWORK                                                                                    \
    "[topology]\nvalidators = 3\nexecutors = 1\n"                                                  \
    "[system.nomos]\nslot = 100ms\nsecurity_param = 20\n"
#define CHAOS(settings)                                                                            \
    "[workload.chaos]\npause_min = 500ms\npause_max = 1s\ncooldown = 2s\noutage = 1s\n" settings
#define RECOVERY "[expectation.recovery]\npatience = 5s\nlag_max = 20\n"
#define CHAIN                                                                                      \
    "[expectation.liveness]\nplugin = consensus_liveness\nmin_blocks = 9\nstall_max = 5s\n"        \
    "lag_max = 1000\n[expectation.agreement]\nspread_max = 1000\n"

/* A program in the place of the node's that runs `second` of the shell when a node is started for
   the second time, and otherwise the node. */
static void use_node(struct stage *stage, const char *second)
{
    static char assignments[2][STAGE_PATH_SIZE + 32];
    char script[2 * STAGE_PATH_SIZE];

    (void)snprintf(script, sizeof(script),
        "#!/bin/sh\nnode=%s/bin/nomos-devnode\nif [ -e started ]; then\n%s\nfi\n"
        ": >started\nexec \"$node\" \"$@\"\n",
        ASSAY_BUILD_DIR, second);
    stage_write(stage, "nomos-devnode", script);
    assert_int_equal(chmod(stage_path(stage, "nomos-devnode"), 0700), 0);
    (void)snprintf(assignments[0], sizeof(assignments[0]), "NOMOS_NODE_BIN=%s",
        stage_path(stage, "nomos-devnode"));
    (void)snprintf(assignments[1], sizeof(assignments[1]), "NOMOS_EXECUTOR_BIN=%s",
        stage_path(stage, "nomos-devnode"));
    stage_setenv(stage, assignments[0]);
    stage_setenv(stage, assignments[1]);
}

static void run_to(struct stage *stage, const char *manifest, int exit_code)
{
    stage_manifest(stage, manifest);
    assert_exit(stage, stage_run(stage, NULL), exit_code);
}

/* ---- receipts ---- */

static size_t receipt_count(struct stage *stage)
{
    json_object *list = NULL;

    assert_true(json_object_object_get_ex(stage_verdict(stage), "receipts", &list));
    return json_object_array_length(list);
}

static const char *receipt_text(struct stage *stage, size_t index, const char *key)
{
    json_object *list = NULL;

    assert_true(json_object_object_get_ex(stage_verdict(stage), "receipts", &list));
    return verdict_text(json_object_array_get_idx(list, index), key);
}

static void assert_receipt(
    struct stage *stage, size_t index, const char *action, const char *before, const char *after)
{
    assert_string_equal(receipt_text(stage, index, "action"), action);
    assert_string_equal(receipt_text(stage, index, "proven"), "true");
    assert_has(receipt_text(stage, index, "before"), before);
    assert_has(receipt_text(stage, index, "after"), after);
}

static void assert_all_proven(struct stage *stage)
{
    for (size_t i = 0; i < receipt_count(stage); i++)
        assert_string_equal(receipt_text(stage, i, "proven"), "true");
}

/* Nobody is said to have ended who was not meant to be mentioned. */
static void assert_no_crash_told(struct stage *stage)
{
    char *events = stage_read(stage, "events.ndjson");

    assert_lacks(verdict_text(stage_verdict(stage), "notices"), " ended ");
    assert_lacks(events, "node-ended");
    free(events);
}

/* ---- chaos that passes ---- */

static void chaos_of_all_kinds_passes_and_is_told_in_full(void **state)
{
    struct stage *stage = *state;
    char *summary, *page;

    run_to(stage,
        RUN("20s") NETWORK "[wallets]\ncount = 20\n[workload.transactions]\nusers = 10\n" CHAOS(
            "actions = restart, stop, kill, pause, replace\n") RECOVERY CHAIN
        "[expectation.inclusion]\nplugin = transaction_inclusion\n",
        0);

    assert_string_equal(verdict_text(stage_verdict(stage), "outcome"), "pass");
    assert_judged(stage, "recovery", "pass");
    assert_judged(stage, "liveness", "pass");
    assert_judged(stage, "agreement", "pass");
    assert_judged(stage, "inclusion", "pass");
    assert_true(receipt_count(stage) >= 4);
    assert_all_proven(stage);
    assert_no_crash_told(stage);
    assert_string_equal(receipt_text(stage, 0, "instance"), "workload.chaos");
    summary = stage_read(stage, "summary.txt");
    page = stage_read(stage, "report.html");
    assert_has(summary, "Faults\n  proven   ");
    assert_has(page, "<h2>Faults</h2>");
    assert_has(page, receipt_text(stage, 0, "action"));
    free(summary);
    free(page);
    stage_await_nobody(stage);
}

/* ---- each action ---- */

/* A run in which this action alone is done, at least once. */
static void run_action(struct stage *stage, const char *action)
{
    char manifest[2048];

    (void)snprintf(manifest, sizeof(manifest), "%sactions = %s\n",
        RUN("5s") NETWORK RECOVERY CHAOS(""), action);
    run_to(stage, manifest, 0);
    assert_all_proven(stage);
    assert_no_crash_told(stage);
    stage_await_nobody(stage);
}

static void a_restart_is_proven_by_another_process_that_answers(void **state)
{
    struct stage *stage = *state;

    run_action(stage, "restart");
    assert_receipt(stage, 0, "restart", ", answers", ", answers");
    assert_string_not_equal(receipt_text(stage, 0, "before"), receipt_text(stage, 0, "after"));
}

static void a_kill_is_proven_by_the_signal_and_its_start_by_a_new_process(void **state)
{
    struct stage *stage = *state;

    run_action(stage, "kill");
    assert_receipt(stage, 0, "kill", ", answers", " killed by signal 9 at ");
    assert_receipt(stage, 1, "start", " killed by signal 9 at ", ", answers");
}

static void a_stop_is_proven_by_the_end_of_the_process(void **state)
{
    struct stage *stage = *state;

    run_action(stage, "stop");
    assert_receipt(stage, 0, "stop", ", answers", " killed by signal 15 at ");
    assert_receipt(stage, 1, "start", " killed by signal 15 at ", ", answers");
}

static void a_pause_is_proven_by_the_kernel_and_by_silence(void **state)
{
    struct stage *stage = *state;

    run_action(stage, "pause");
    assert_receipt(stage, 0, "pause", ", answers", ", stopped, state T, does not answer");
    assert_receipt(stage, 1, "resume", ", stopped, state T, does not answer", ", answers");
}

static void a_replaced_node_begins_with_empty_storage_and_keeps_its_log(void **state)
{
    struct stage *stage = *state;
    char name[128];
    char *log;

    use_node(stage, "echo this node has been here before");
    stage_manifest(stage, RUN("5s") NETWORK RECOVERY CHAOS("actions = replace\n"));
    assert_exit(
        stage, stage_run(stage, (const char *const[]){"--set", "run.keep=always", NULL}), 0);
    assert_receipt(stage, 0, "replace", ", answers", ", answers");
    (void)snprintf(name, sizeof(name), "nodes/%s/output.log", receipt_text(stage, 0, "node"));
    log = stage_read(stage, name);
    assert_lacks(log, "has been here before"); /* the file that says so is gone, too */
    free(log);
}

/* ---- nodes that do not recover ---- */

static void a_node_that_does_not_come_back_fails_recovery(void **state)
{
    struct stage *stage = *state;

    use_node(stage, "echo out of order >&2; exit 3");
    run_to(stage, RUN("8s") NETWORK RECOVERY CHAOS(""), 1);

    assert_judged(stage, "recovery", "fail");
    assert_has(stage_why(stage, "recovery"), ": was restarted at ");
    assert_has(stage_why(stage, "recovery"), " and has not answered since");
    assert_has(stage_why(stage, "recovery"), ": ended by itself at ");
    assert_has(stage_why(stage, "recovery"), ": exit code 3");
    assert_string_equal(
        verdict_of(stage_verdict(stage), "workloads", "workload.chaos", "outcome"), "undecided");
    assert_has(verdict_of(stage_verdict(stage), "workloads", "workload.chaos", "why"),
        "ended by itself with exit code 3 before it was ready");
    assert_has(
        verdict_of(stage_verdict(stage), "workloads", "workload.chaos", "why"), "out of order");
    assert_string_equal(receipt_text(stage, 0, "proven"), "false");
    stage_await_nobody(stage);
}

static void a_node_that_comes_back_and_makes_its_own_chain_fails_recovery(void **state)
{
    struct stage *stage = *state;

    use_node(stage, "exec \"$node\" \"$@\" --misbehave ignore-peers");
    run_to(stage,
        RUN("12s") NETWORK RECOVERY
        "[workload.chaos]\npause_min = 2s\npause_max = 2s\ncooldown = 1h\nexecutors = no\n",
        1);

    assert_judged(stage, "recovery", "fail");
    assert_has(stage_why(stage, "recovery"), "validator-");
    assert_has(stage_why(stage, "recovery"), ": was restarted at ");
    assert_has(stage_why(stage, "recovery"), " and has not caught up: what it shares with ");
    assert_has(stage_why(stage, "recovery"), "and grew no more in 5.0 s");
    assert_all_proven(stage); /* it was restarted, indeed */
}

/* Kills a node, counted as they were started, when the window is open. */
static void kill_node(struct stage *stage, size_t nth)
{
    pid_t pid;

    stage_await_event(stage, WINDOW_OPEN);
    pid = stage_process(stage, "nomos-devnode", nth);
    assert_true(pid > 0);
    assert_int_equal(kill(pid, SIGKILL), 0);
}

static void a_node_that_dies_on_its_own_during_chaos_is_told(void **state)
{
    struct stage *stage = *state;

    stage_manifest(stage, RUN("6s") NETWORK RECOVERY CHAOS("validators = no\n"));
    stage_start(stage, NULL);
    kill_node(stage, 0);
    assert_exit(stage, stage_join(stage), 1);

    assert_judged(stage, "recovery", "fail");
    assert_has(stage_why(stage, "recovery"), "validator-0: ended by itself at ");
    assert_has(stage_why(stage, "recovery"), ": killed by signal 9");
    assert_has(verdict_text(stage_verdict(stage), "notices"), "validator-0 ended by itself at ");
    assert_has(verdict_text(stage_verdict(stage), "notices"), "killed by signal 9 (Killed)");
    assert_has(stage->out, "validator-0 ended by itself at ");
    assert_lacks(verdict_text(stage_verdict(stage), "notices"), "executor-0 ended");
    assert_all_proven(stage);
    stage_await_nobody(stage);
}

static void chaos_does_not_cover_up_a_death(void **state)
{
    struct stage *stage = *state;

    stage_manifest(stage, RUN("8s") NETWORK RECOVERY CHAOS("validators = no\n"));
    stage_start(stage, NULL);
    kill_node(stage, 3);
    assert_exit(stage, stage_join(stage), 1);

    assert_judged(stage, "recovery", "fail");
    assert_has(stage_why(stage, "recovery"), "executor-0: ended by itself at ");
    assert_has(verdict_of(stage_verdict(stage), "workloads", "workload.chaos", "why"),
        "executor-0 does not run any more: it was killed by signal 9 at ");
}

/* ---- nothing to recover from ---- */

static void chaos_that_never_comes_leaves_the_run_undecided(void **state)
{
    struct stage *stage = *state;

    run_to(stage, RUN("2s") NETWORK RECOVERY "[workload.chaos]\n", 4);

    assert_string_equal(verdict_text(stage_verdict(stage), "outcome"), "undecided");
    assert_judged(stage, "recovery", "vacuous");
    assert_has(verdict_of(stage_verdict(stage), "workloads", "workload.chaos", "why"),
        "no node was taken down: the window ended before the first pause did; make the window");
    assert_has(stage->err, "nothing will be done: the first pause is at least 10.0 s");
    assert_has(stage->out, "workload.chaos actions: 0");
}

/* ---- refused before anything is started ---- */

static void assert_refused(struct stage *stage, const char *manifest, const char *why)
{
    const char *const words[] = {"--plugin-dir", ASSAY_BUILD_DIR "/tests/plugins/run", NULL};

    stage_manifest(stage, manifest);
    assert_exit(stage, stage_run(stage, words), 2);
    assert_has(stage->err, why);
    assert_null(stage_read(stage, "events.ndjson"));
}

static void chaos_is_refused_where_node_control_is_not_allowed(void **state)
{
    assert_refused(*state, "[topology]\nvalidators = 2\n[workload.chaos]\n" RECOVERY,
        "[workload.chaos] acts on nodes, which this scenario does not allow; say 'node_control = "
        "yes' in [run]");
}

static void node_control_is_refused_with_a_deployer_that_cannot_do_it(void **state)
{
    assert_refused(*state,
        RUN("1s") "[topology]\nvalidators = 2\n[system.still]\nplugin = sample.still\n"
                  "[deployer.nowhere]\nplugin = sample.nowhere\n[workload.chaos]\n" RECOVERY,
        "[run] node_control is on, but the deployer sample.nowhere cannot act on nodes; use "
        "another "
        "deployer, or leave node_control out");
}

static void chaos_without_anybody_to_take_down_says_what_to_change(void **state)
{
    struct stage *stage = *state;

    run_to(stage, RUN("1s") "[topology]\nvalidators = 1\n[workload.chaos]\n" RECOVERY, 4);
    assert_has(verdict_of(stage_verdict(stage), "workloads", "workload.chaos", "why"),
        "a lone validator is left alone");
}

/* ---- kills in the midst of it ---- */

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

/* ---- what comes with assay ---- */

static void the_manifest_that_comes_with_assay_passes(void **state)
{
    struct stage *stage = *state;

    (void)snprintf(stage->manifest, sizeof(stage->manifest), "%s",
        ASSAY_SOURCE_DIR "/assets/manifests/chaos.ini");
    assert_exit(stage,
        stage_run(stage,
            (const char *const[]){"--set", "system.nomos.slot=200ms", "--set",
                "expectation.consensus_liveness.fraction=0.2", "--set", "run.cooldown=5s", "--set",
                "workload.chaos.pause_min=500ms", "--set", "workload.chaos.pause_max=1500ms",
                "--set", "workload.chaos.cooldown=2s", "--set", "workload.chaos.outage=1s",
                "--duration", "15s", NULL}),
        0);
    assert_judged(stage, "recovery", "pass");
    assert_true(receipt_count(stage) > 0);
    assert_all_proven(stage);
}

#define STAGED(test) cmocka_unit_test_setup_teardown(test, stage_open, stage_close)

int main(void)
{
    const struct CMUnitTest tests[] = {
        STAGED(chaos_of_all_kinds_passes_and_is_told_in_full),
        STAGED(a_restart_is_proven_by_another_process_that_answers),
        STAGED(a_kill_is_proven_by_the_signal_and_its_start_by_a_new_process),
        STAGED(a_stop_is_proven_by_the_end_of_the_process),
        STAGED(a_pause_is_proven_by_the_kernel_and_by_silence),
        STAGED(a_replaced_node_begins_with_empty_storage_and_keeps_its_log),
        STAGED(a_node_that_does_not_come_back_fails_recovery),
        STAGED(a_node_that_comes_back_and_makes_its_own_chain_fails_recovery),
        STAGED(a_node_that_dies_on_its_own_during_chaos_is_told),
        STAGED(chaos_does_not_cover_up_a_death),
        STAGED(chaos_that_never_comes_leaves_the_run_undecided),
        STAGED(chaos_is_refused_where_node_control_is_not_allowed),
        STAGED(node_control_is_refused_with_a_deployer_that_cannot_do_it),
        STAGED(chaos_without_anybody_to_take_down_says_what_to_change),
        STAGED(killing_the_worker_leaves_no_paused_node),
        STAGED(killing_the_supervisor_leaves_no_paused_node),
        STAGED(killing_the_front_end_leaves_no_paused_node),
        STAGED(an_interruption_leaves_no_paused_node),
        STAGED(killing_the_supervisor_leaves_no_restarted_node),
        STAGED(clean_ends_restarted_and_paused_nodes_whose_guards_were_killed_at_once),
        STAGED(the_manifest_that_comes_with_assay_passes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

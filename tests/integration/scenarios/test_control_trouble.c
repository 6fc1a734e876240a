/* Node control that does not go well: nodes that do not come back or do not catch up, nodes that die
   on their own, nothing to recover from, refusals. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "tests/integration/scenarios/control.h"

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

    run_to(stage, RUN_WITH("2s", "0s") NETWORK RECOVERY "[workload.chaos]\n", 4);

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

    run_to(
        stage, RUN_WITH("1s", "0s") "[topology]\nvalidators = 1\n[workload.chaos]\n" RECOVERY, 4);
    assert_has(verdict_of(stage_verdict(stage), "workloads", "workload.chaos", "why"),
        "a lone validator is left alone");
}

#define STAGED(test) cmocka_unit_test_setup_teardown(test, stage_open, stage_close)

int main(void)
{
    const struct CMUnitTest tests[] = {
        STAGED(a_node_that_does_not_come_back_fails_recovery),
        STAGED(a_node_that_comes_back_and_makes_its_own_chain_fails_recovery),
        STAGED(a_node_that_dies_on_its_own_during_chaos_is_told),
        STAGED(chaos_does_not_cover_up_a_death),
        STAGED(chaos_that_never_comes_leaves_the_run_undecided),
        STAGED(chaos_is_refused_where_node_control_is_not_allowed),
        STAGED(node_control_is_refused_with_a_deployer_that_cannot_do_it),
        STAGED(chaos_without_anybody_to_take_down_says_what_to_change),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

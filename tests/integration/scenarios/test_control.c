/* Node control on real processes: chaos that passes, and each action with its proof. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/integration/scenarios/control.h"

static void assert_receipt(
    struct stage *stage, size_t index, const char *action, const char *before, const char *after)
{
    assert_string_equal(receipt_text(stage, index, "action"), action);
    assert_string_equal(receipt_text(stage, index, "proven"), "true");
    assert_has(receipt_text(stage, index, "before"), before);
    assert_has(receipt_text(stage, index, "after"), after);
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
        STAGED(the_manifest_that_comes_with_assay_passes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

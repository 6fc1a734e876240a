/* Data availability on real processes: the reference scenario passes, and executors that do not do
   their part turn the expectation that is about it into a failure that says who, which blob, and of
   which channel. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#include "tests/integration/scenarios/da.h"

#define REFERENCE ASSAY_SOURCE_DIR "/assets/manifests/data_availability.ini"

/* ---- what works ---- */

static void the_reference_scenario_passes(void **state)
{
    struct stage *stage = *state;

    (void)snprintf(stage->manifest, sizeof(stage->manifest), "%s", REFERENCE);
    assert_exit(stage,
        stage_run(stage,
            (const char *const[]){"--set", "system.nomos.slot=500ms", "--set",
                "expectation.consensus_liveness.fraction=0.1", "--set",
                "expectation.transaction_inclusion.min_sent=0.1", "--set",
                "expectation.da_inclusion.min_blobs=0.02", "--set", "run.cooldown=4s", "--duration",
                "12s", "--seed", "11", NULL}),
        0);

    assert_judged(stage, "consensus_liveness", "pass");
    assert_judged(stage, "transaction_inclusion", "pass");
    assert_judged(stage, "da_inclusion", "pass");
    assert_has(stage_why(stage, "da_inclusion"), "2 of 2 planned inscriptions are on the chain");
    assert_has(stage_why(stage, "da_inclusion"), "were read back from 5 nodes as they were sent");
    stage_await_nobody(stage);
}

static void a_network_that_works_passes_every_bar(void **state)
{
    struct stage *stage = *state;

    run_to(stage, NETWORK CHAIN DA_WITH("settle = 30s\nread_nodes = 2\nmin_blobs = 0.02\n"), 0);

    assert_has(stage_why(stage, "da"), "were read back from 5 nodes as they were sent");
}

static void a_workload_without_executors_is_refused_before_anything_starts(void **state)
{
    struct stage *stage = *state;

    run_to(stage,
        "[run]\nduration = 2s\n[topology]\nvalidators = 2\n[system.nomos]\nslot = 200ms\n"
        "[workload.da]\n[expectation.da_inclusion]\n",
        4);

    assert_has(stage->out, "da workload requires at least one executor: set executors in");
    assert_null(stage_read(stage, "nodes/validator-0/validator.yaml"));
}

/* ---- executors ---- */

static void executors_that_drop_shares_fail_da_alone(void **state)
{
    struct stage *stage = *state;

    run_to(stage, NETWORK CHAIN DA_LACKING EXECUTORS("drop-shares"), 1);

    assert_da_alone_failed(stage);
    assert_has(stage_why(stage, "da"), "missing blobs: 0 of ");
    assert_has(stage_why(stage, "da"), "are on no chain; the first is ");
    assert_has(stage_why(stage, "da"), " of channel " CHANNEL);
    assert_has(stage_why(stage, "da"), ", accepted by executor-");
}

/* The other one's blobs do not hide it. */
static void one_executor_that_drops_shares_fails_and_is_named(void **state)
{
    struct stage *stage = *state;

    run_to(stage,
        NETWORK CHAIN DA_WITH(
            "settle = 15s\nmin_blobs = 0\n") "[node.executor-0]\nmisbehave = drop-shares\n",
        1);

    assert_da_alone_failed(stage);
    assert_has(stage_why(stage, "da"), ", accepted by executor-0 at ");
    assert_lacks(stage_why(stage, "da"), "accepted by executor-1");
}

static void executors_that_corrupt_columns_fail_da_alone(void **state)
{
    struct stage *stage = *state;

    run_to(stage, NETWORK CHAIN DA_LACKING EXECUTORS("corrupt-columns"), 1);

    assert_da_alone_failed(stage);
    assert_has(stage_why(stage, "da"), "missing blobs: 0 of ");
    assert_has(stage_why(stage, "da"), ", accepted by executor-");
}

#define STAGED(test) cmocka_unit_test_setup_teardown(test, stage_open, stage_close)

int main(void)
{
    const struct CMUnitTest tests[] = {
        STAGED(the_reference_scenario_passes),
        STAGED(a_network_that_works_passes_every_bar),
        STAGED(a_workload_without_executors_is_refused_before_anything_starts),
        STAGED(executors_that_drop_shares_fail_da_alone),
        STAGED(one_executor_that_drops_shares_fails_and_is_named),
        STAGED(executors_that_corrupt_columns_fail_da_alone),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

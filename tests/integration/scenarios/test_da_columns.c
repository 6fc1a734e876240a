/* Data availability on real processes: columns that are not kept, or are not what they should be, a
   chain that stalls, and nothing to judge; who and which blob it was is said. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "tests/integration/scenarios/da.h"

/* ---- who keeps columns ---- */

static void a_validator_that_refuses_columns_fails_da_alone(void **state)
{
    struct stage *stage = *state;

    run_to(stage, NETWORK CHAIN DA "[node.validator-1]\nmisbehave = refuse-columns\n", 1);

    assert_da_alone_failed(stage);
    assert_has(stage_why(stage, "da"), "the first that is not: validator-1, blob ");
    assert_has(stage_why(stage, "da"), " of channel " CHANNEL);
    assert_has(stage_why(stage, "da"), "it does not serve column ");
    assert_has(stage_why(stage, "da"), "were read back from 5 nodes as they were sent");
}

static void a_column_that_is_missing_may_be_allowed(void **state)
{
    struct stage *stage = *state;

    run_to(stage,
        NETWORK CHAIN DA_WITH(
            "settle = 30s\nmin_served = 0.5\nmin_blobs = 0.02\n") "[node.validator-1]\nmisbehave = "
                                                                  "refuse-columns\n",
        0);
}

static void a_column_that_was_corrupted_fails_da_alone_and_is_named(void **state)
{
    struct stage *stage = *state;

    run_to(stage, NETWORK CHAIN DA "[node.validator-1]\nmisbehave = serve-corrupted\n", 1);

    assert_da_alone_failed(stage);
    assert_has(stage_why(stage, "da"),
        " columns that nodes serve are not those of their blobs; the first: validator-1, blob ");
    assert_has(stage_why(stage, "da"), " of channel " CHANNEL);
}

static void a_blob_whose_columns_are_all_corrupted_cannot_be_read_back(void **state)
{
    struct stage *stage = *state;

    run_to(stage, NETWORK CHAIN DA EXECUTORS("serve-corrupted") VALIDATORS("serve-corrupted"), 1);

    assert_da_alone_failed(stage);
    assert_has(stage_why(stage, "da"),
        "it cannot be read back from 5 nodes: 0 of its 2 columns could be had, and 1 are needed");
}

/* ---- the chain ---- */

static void a_stalled_chain_fails_da_by_the_plan(void **state)
{
    struct stage *stage = *state;

    /* The first blocks have the inscriptions, and no more than a few blobs. */
    run_to(stage,
        NETWORK DA_WITH("settle = 5s\n") EXECUTORS("stop-proposing=12")
            VALIDATORS("stop-proposing=12"),
        1);

    assert_judged(stage, "da", "fail");
    assert_has(stage_why(stage, "da"), "missing blobs: ");
    assert_has(stage_why(stage, "da"), " were never sent");
}

/* ---- what is not there to be judged ---- */

static void a_network_that_takes_nothing_is_vacuous(void **state)
{
    struct stage *stage = *state;

    run_to(stage,
        "[run]\nduration = 3s\ncooldown = 1s\nseed = 7\n[topology]\nvalidators = 2\nexecutors = 1\n"
        "[system.nomos]\nslot = 200ms\n[workload.da]\nrounds = 1\n"
        "[expectation.da]\nplugin = da_inclusion\n[node.validator-0]\n"
        "misbehave = refuse-transactions\n[node.validator-1]\nmisbehave = refuse-transactions\n"
        "[node.executor-0]\nmisbehave = refuse-transactions\n",
        4);

    assert_judged(stage, "da", "vacuous");
    assert_has(stage_why(stage, "da"), "no inscription and no blob was accepted");
}

#define STAGED(test) cmocka_unit_test_setup_teardown(test, stage_open, stage_close)

int main(void)
{
    const struct CMUnitTest tests[] = {
        STAGED(a_validator_that_refuses_columns_fails_da_alone),
        STAGED(a_column_that_is_missing_may_be_allowed),
        STAGED(a_column_that_was_corrupted_fails_da_alone_and_is_named),
        STAGED(a_blob_whose_columns_are_all_corrupted_cannot_be_read_back),
        STAGED(a_stalled_chain_fails_da_by_the_plan),
        STAGED(a_network_that_takes_nothing_is_vacuous),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

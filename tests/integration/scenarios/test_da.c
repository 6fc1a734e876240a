/* Data availability on real processes: the reference scenario passes, and each way in which nodes
   can fail at it turns the expectation that is about it into a failure that says who, which blob,
   and of which channel. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/integration/scenarios/support.h"

#define REFERENCE ASSAY_SOURCE_DIR "/assets/manifests/data_availability.ini"

/* Bars that any machine reaches, also one that is late with most of its slots: one blob is enough
   of a plan of 24, and forks have 30 blocks to heal. Who keeps which columns follows from the seed:
   of five nodes four keep one of a blob's two columns each, and with this seed validator-1 is one
   of them. */
#define NETWORK                                                                                    \
    "[run]\nduration = 10s\ncooldown = 4s\nsettle = 1s\nseed = 7\n"                                \
    "[topology]\nvalidators = 3\nexecutors = 2\n"                                                  \
    "[wallets]\ncount = 20\n"                                                                      \
    "[system.nomos]\nslot = 400ms\nsecurity_param = 30\n"                                          \
    "[workload.transactions]\nusers = 10\ntargets = validator\n"                                   \
    "[workload.da]\nblob_rate = 1\npatience = 4s\n"
#define CHAIN                                                                                      \
    "[expectation.liveness]\nplugin = consensus_liveness\nmin_blocks = 1\nstall_max = 30s\n"       \
    "lag_max = 1000\npatience = 20s\n"                                                             \
    "[expectation.agreement]\nspread_max = 1000\npatience = 20s\n"                                 \
    "[expectation.inclusion]\nplugin = transaction_inclusion\npatience = 20s\nsettle = 30s\n"      \
    "min_sent = 0.1\n"
#define DA_WITH(options)                                                                           \
    "[expectation.da]\nplugin = da_inclusion\npatience = 20s\nsettle = 30s\ngrace = 1s\n" options
#define DA DA_WITH("min_blobs = 0.02\n")

#define EXECUTORS(what)                                                                            \
    "[node.executor-0]\nmisbehave = " what "\n[node.executor-1]\nmisbehave = " what "\n"
#define VALIDATORS(what)                                                                           \
    "[node.validator-0]\nmisbehave = " what "\n[node.validator-1]\nmisbehave = " what              \
    "\n[node.validator-2]\nmisbehave = " what "\n"

#define CHANNEL "63686e5f77726b640000000000000000000000000000000000000000000000"

static void run_to(struct stage *stage, const char *manifest, int exit_code)
{
    stage_manifest(stage, manifest);
    assert_exit(stage, stage_run(stage, NULL), exit_code);
}

/* Nothing but data availability failed. */
static void assert_da_alone_failed(struct stage *stage)
{
    assert_judged(stage, "liveness", "pass");
    assert_judged(stage, "agreement", "pass");
    assert_judged(stage, "inclusion", "pass");
    assert_judged(stage, "da", "fail");
}

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

    run_to(stage, NETWORK CHAIN DA_WITH("read_nodes = 2\nmin_blobs = 0.02\n"), 0);

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

    run_to(stage, NETWORK CHAIN DA EXECUTORS("drop-shares"), 1);

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
        NETWORK CHAIN DA_WITH("min_blobs = 0\n") "[node.executor-0]\nmisbehave = drop-shares\n", 1);

    assert_da_alone_failed(stage);
    assert_has(stage_why(stage, "da"), ", accepted by executor-0 at ");
    assert_lacks(stage_why(stage, "da"), "accepted by executor-1");
}

static void executors_that_corrupt_columns_fail_da_alone(void **state)
{
    struct stage *stage = *state;

    run_to(stage, NETWORK CHAIN DA EXECUTORS("corrupt-columns"), 1);

    assert_da_alone_failed(stage);
    assert_has(stage_why(stage, "da"), "missing blobs: 0 of ");
    assert_has(stage_why(stage, "da"), ", accepted by executor-");
}

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
            "min_served = 0.5\nmin_blobs = 0.02\n") "[node.validator-1]\nmisbehave = "
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
        NETWORK DA_WITH("") EXECUTORS("stop-proposing=12") VALIDATORS("stop-proposing=12"), 1);

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
        STAGED(the_reference_scenario_passes),
        STAGED(a_network_that_works_passes_every_bar),
        STAGED(a_workload_without_executors_is_refused_before_anything_starts),
        STAGED(executors_that_drop_shares_fail_da_alone),
        STAGED(one_executor_that_drops_shares_fails_and_is_named),
        STAGED(executors_that_corrupt_columns_fail_da_alone),
        STAGED(a_validator_that_refuses_columns_fails_da_alone),
        STAGED(a_column_that_is_missing_may_be_allowed),
        STAGED(a_column_that_was_corrupted_fails_da_alone_and_is_named),
        STAGED(a_blob_whose_columns_are_all_corrupted_cannot_be_read_back),
        STAGED(a_stalled_chain_fails_da_by_the_plan),
        STAGED(a_network_that_takes_nothing_is_vacuous),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

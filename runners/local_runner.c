/* local_runner: the predecessor's demo on local processes, as a program over the builder API.

   NOMOS_DEMO_VALIDATORS, NOMOS_DEMO_EXECUTORS and NOMOS_DEMO_RUN_SECS, with LOCAL_DEMO_* behind
   them, say how large and how long; POL_PROOF_DEV_MODE must be set. */
#include <assay/scenario.h>
#include <stdio.h>
#include <stdlib.h>

enum {
    WALLETS = 1000,
    RATE = 5, /* transactions per block */
    USERS = 500,
    VALIDATORS_DEFAULT = 1,
    EXECUTORS_DEFAULT = 1,
    RUN_SECS_DEFAULT = 60
};

/* The first of the two variables that is set and a number. */
static uint32_t number_from(const char *name, const char *fallback, uint32_t otherwise)
{
    const char *const names[] = {name, fallback};

    for (size_t i = 0; i < 2; i++) {
        const char *text = getenv(names[i]);
        char *end = NULL;
        const unsigned long value = text ? strtoul(text, &end, 10) : 0;

        if (text && end != text && *end == '\0' && value <= 1000000)
            return (uint32_t)value;
    }
    return otherwise;
}

static assay_scenario *build(void)
{
    assay_scenario *s = assay_scenario_new("local-runner");

    assay_scenario_topology(s, ASSAY_STAR,
        number_from("NOMOS_DEMO_VALIDATORS", "LOCAL_DEMO_VALIDATORS", VALIDATORS_DEFAULT),
        number_from("NOMOS_DEMO_EXECUTORS", "LOCAL_DEMO_EXECUTORS", EXECUTORS_DEFAULT));
    assay_scenario_wallets(s, WALLETS);
    assay_scenario_transactions(s, RATE, USERS);
    assay_scenario_expect_consensus_liveness(s);
    assay_scenario_run_duration(s,
        (assay_ns)number_from("NOMOS_DEMO_RUN_SECS", "LOCAL_DEMO_RUN_SECS", RUN_SECS_DEFAULT) *
            ASSAY_SECOND);
    return s;
}

int main(void)
{
    assay_run_result result = {.struct_size = sizeof(result)};
    assay_scenario *s;

    if (!getenv("POL_PROOF_DEV_MODE")) {
        (void)fprintf(stderr,
            "local runner demo needs POL_PROOF_DEV_MODE=true in its environment: without it real "
            "nodes prove every block, which takes longer than a slot\n");
        return 1;
    }
    s = build();
    if (assay_scenario_run(s, NULL, &result))
        (void)fprintf(stderr, "local runner demo failed: %s\n", assay_scenario_problems(s));
    else if (result.exit_code != 0)
        (void)fprintf(stderr, "local runner demo failed: see %s/summary.txt\n", result.directory);
    assay_scenario_free(s);
    return result.exit_code;
}

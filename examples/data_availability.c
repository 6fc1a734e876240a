/* The reference scenario as a C program: three validators and two executors, transfers, and data
   availability, with consensus that must go on. What is sent is expected on the chain, and blobs to
   be readable in the end, without asking for it: transactions and da bring their expectations.

       cc -o data_availability data_availability.c -lassay
       ./data_availability                                            90 s, default pace
       ./data_availability run.duration=20s system.nomos.slot=500ms   what `assay run --set` takes

   The exit code is the verdict's: 0 all held, 1 an expectation failed, 2 the scenario is not valid,
   3 the nodes did not come up, 4 undecided, 5 assay or a plugin broke. */
#include <assay/scenario.h>
#include <stdio.h>

static assay_scenario *build(char *const *overrides)
{
    assay_scenario *s = assay_scenario_new("data-availability");

    assay_scenario_topology(s, ASSAY_STAR, 3, 2); /* 3 validators, 2 executors */
    assay_scenario_wallets(s, 50);
    assay_scenario_transactions(s, 5, 20); /* 5 per block, from 20 of the accounts */
    assay_scenario_da(s, 1, 2, 20);        /* 1 channel and a spare one; 2 blobs per block */
    assay_scenario_expect_consensus_liveness(s);
    assay_scenario_run_duration(s, 90 * ASSAY_SECOND);
    for (; *overrides; overrides++)
        assay_scenario_override(s, *overrides);
    return s;
}

int main(int argc, char **argv)
{
    assay_run_result result = {.struct_size = sizeof(result)};
    assay_scenario *s = build(argc > 0 ? argv + 1 : argv);

    /* No call above reports an error: all of them are kept until here. */
    if (assay_scenario_run(s, NULL, &result))
        (void)fprintf(stderr, "%s", assay_scenario_problems(s));
    else
        (void)printf("the report is in %s\n", result.directory);
    assay_scenario_free(s);
    return result.exit_code;
}

/* What the programs about data availability have in common: their network and its bars. */
#ifndef ASSAY_TEST_SCENARIOS_DA_H
#define ASSAY_TEST_SCENARIOS_DA_H

#include "tests/integration/scenarios/support.h"

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
    "[expectation.da]\nplugin = da_inclusion\npatience = 20s\ngrace = 1s\n" options
#define DA DA_WITH("settle = 30s\nmin_blobs = 0.02\n")
/* Where no blob is ever going to be there the judgement need not wait for it. */
#define DA_LACKING DA_WITH("settle = 5s\nmin_blobs = 0.02\n")

#define EXECUTORS(what)                                                                            \
    "[node.executor-0]\nmisbehave = " what "\n[node.executor-1]\nmisbehave = " what "\n"
#define VALIDATORS(what)                                                                           \
    "[node.validator-0]\nmisbehave = " what "\n[node.validator-1]\nmisbehave = " what              \
    "\n[node.validator-2]\nmisbehave = " what "\n"

#define CHANNEL "63686e5f77726b640000000000000000000000000000000000000000000000"

/* Runs the manifest to its end, which has this exit code. */
void run_to(struct stage *stage, const char *manifest, int exit_code);

/* Nothing but data availability failed. */
void assert_da_alone_failed(struct stage *stage);

#endif

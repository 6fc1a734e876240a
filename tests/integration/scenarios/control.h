/* What the programs about node control have in common: their network, and what to say of receipts. */
#ifndef ASSAY_TEST_SCENARIOS_CONTROL_H
#define ASSAY_TEST_SCENARIOS_CONTROL_H

#include "tests/integration/scenarios/support.h"

/* What chaos does last has the cooldown to be finished in. */
#define RUN(duration) RUN_WITH(duration, "8s")
#define RUN_WITH(duration, cooldown)                                                               \
    "[run]\nduration = " duration "\ncooldown = " cooldown                                         \
    "\nsettle = 1s\nseed = 7\nnode_control = yes\n"
#define NETWORK                                                                                    \
    "[topology]\nvalidators = 3\nexecutors = 1\n"                                                  \
    "[system.nomos]\nslot = 100ms\nsecurity_param = 20\n"
#define CHAOS(settings)                                                                            \
    "[workload.chaos]\npause_min = 500ms\npause_max = 1s\ncooldown = 2s\noutage = 1s\n" settings
#define RECOVERY "[expectation.recovery]\npatience = 5s\nlag_max = 20\n"
#define CHAIN                                                                                      \
    "[expectation.liveness]\nplugin = consensus_liveness\nmin_blocks = 9\nstall_max = 5s\n"        \
    "lag_max = 1000\n[expectation.agreement]\nspread_max = 1000\n"

/* Runs the manifest to its end, which has this exit code. */
void run_to(struct stage *stage, const char *manifest, int exit_code);

/* A program in the place of the node's that runs `second` of the shell when a node is started for
   the second time, and otherwise the node. */
void use_node(struct stage *stage, const char *second);

/* The verdict's receipts, in the order in which they were filed. */
size_t receipt_count(struct stage *stage);
const char *receipt_text(struct stage *stage, size_t index, const char *key);
/* There are some, and each is proven. */
void assert_all_proven(struct stage *stage);

/* Nobody is said to have ended who was not meant to be mentioned. */
void assert_no_crash_told(struct stage *stage);

#endif

/* The predecessor's demo, which its runners have in common: so many validators and executors, a
   thousand wallets, transactions. One small program per deployer makes it and runs it. */
#ifndef RUNNERS_DEMO_H
#define RUNNERS_DEMO_H

#include <assay/scenario.h>

/* The runner's own variables, which stand behind NOMOS_DEMO_VALIDATORS, NOMOS_DEMO_EXECUTORS and
   NOMOS_DEMO_RUN_SECS. */
struct demo_variables {
    const char *validators, *executors, *run_secs;
};

/* Of each pair of variables the first that is set and a number counts; else 1 validator, 1 executor,
   60 s. */
assay_scenario *demo_scenario(const char *name, const struct demo_variables *variables);

/* Runs and frees it, and says on standard error what went wrong, "<name> demo failed: ...". Returns
   the exit code. */
int demo_run(const char *name, assay_scenario *scenario);

#endif

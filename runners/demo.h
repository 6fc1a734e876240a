/* The predecessor's demo, which its runners have in common (node contract 9): so many validators and
   executors, a thousand wallets, transactions, data availability. One small program per deployer
   makes it and runs it. */
#ifndef RUNNERS_DEMO_H
#define RUNNERS_DEMO_H

#include <stdbool.h>

#include <assay/scenario.h>

/* The runner's own variables, which stand behind NOMOS_DEMO_VALIDATORS, NOMOS_DEMO_EXECUTORS and
   NOMOS_DEMO_RUN_SECS. */
struct demo_variables {
    const char *validators, *executors, *run_secs;
};

/* What the program was called with: nothing, or --help, which is answered on standard output. Returns
   -1 to go on, else what to exit with. `where` is where the nodes run, for the help. */
int demo_arguments(char *const *argv, const char *where, const struct demo_variables *variables);

/* How long the run is to be, by the variables. */
assay_ns demo_duration(const struct demo_variables *variables);

/* Does this command (words, NULL at the end, the program looked for on PATH) end with 0? What it says
   on standard error is its user's to see; the rest is dropped. */
bool demo_command_works(const char *const *words);

/* Of each pair of variables the first that is set and a number counts; else 1 validator, 1 executor,
   60 s. Without executors there is nobody to take data: it is left out, and said so on standard
   error. */
assay_scenario *demo_scenario(const char *name, const struct demo_variables *variables);

/* Runs and frees it, and says on standard error what went wrong, "<name> demo failed: ...". Returns
   what the program exits with: 0 all held, 128 and the signal's number when it was interrupted,
   else 1. */
int demo_run(const char *name, assay_scenario *scenario);

#endif

/* The worker: the process that loads plugins and carries out a run.

       assay-worker RUN_DIRECTORY                              the run that was prepared there
       assay-worker --check [--explain] [--set S.K=V]... PATH  is this manifest fine?
       assay-worker --inspect FILE [--json]                    what is in this plugin file?

   It is started by the supervisor (a run) or by the front end (the other two), never by hand. That
   plugins' code runs here and nowhere else is what lets the rest survive it. */
#ifndef ASSAY_RUN_WORKER_H
#define ASSAY_RUN_WORKER_H

#include "framework/run/plan.h"

/* How the front end tells a worker how to go about it; all optional. */
#define WORKER_ENV_PLUGIN_DIRECTORIES "ASSAY_WORKER_PLUGIN_DIRECTORIES" /* colons between */
#define WORKER_ENV_FLAGS              "ASSAY_WORKER_FLAGS"              /* commas between: */
#define WORKER_FLAG_QUIET             "quiet"           /* no progress, no summary */
#define WORKER_FLAG_ALLOW_UNTRUSTED   "allow-untrusted" /* plugins from anywhere */
#define WORKER_FLAG_STRICT_IMPORTS    "strict-imports"

/* --check writes the expanded manifest here when it is open. */
enum {
    WORKER_MANIFEST_FD = 3
};

/* main of assay-worker. */
int worker_main(int argc, char **argv);

/* The options in the environment, as above; free with worker_options_done. */
struct worker_options {
    struct plan_options plan;
    char **directories;
    bool is_quiet;
};
assay_status worker_options_read(struct worker_options *out);
void worker_options_done(struct worker_options *options);

/* One run, in this process: from the expanded manifest in the run directory to the report in it.
   Does not return when a plugin is stuck, for then the process must end. */
int worker_run(const char *directory, const struct worker_options *options);

#endif

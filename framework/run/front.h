/* The front end: what `assay run`, `assay check` and assay_scenario_run have in common. It runs no
   code of plugins: a manifest is checked in a child (assay-worker --check), which hands back the
   expanded manifest, and only a valid one gets a run directory, a supervisor and a worker. */
#ifndef ASSAY_RUN_FRONT_H
#define ASSAY_RUN_FRONT_H

#include "framework/run/launch.h"
#include "framework/run/worker.h"

struct front_options {
    const char *path;                      /* of the manifest */
    const char *const *sets;               /* "section.key=value", NULL at the end; or NULL */
    const char *const *plugin_directories; /* NULL at the end; or NULL */
    const char *runs_directory;            /* NULL: "runs" */
    const char *run_directory;             /* exactly this one; or NULL */
    assay_ns limit;                        /* for the whole run; 0: none */
    bool is_quiet, allow_untrusted, strict_imports;
    bool is_library; /* called from somebody's program: it may have children of its own */
};

enum front_mode {
    FRONT_CHECK,  /* only say what is wrong */
    FRONT_EXPLAIN /* print the expanded manifest with origins on standard output */
};

/* Checks, or explains. Problems go to standard error. *out_exit_code is as published. Fails only
   when the child could not be started or crashed. */
assay_status front_check(const struct front_options *options, enum front_mode mode,
    int *out_exit_code, struct error *err);

/* Checks and runs. When the manifest is not valid, *result has exit code 2 and no directory. */
assay_status front_run(
    const struct front_options *options, struct launch_result *result, struct error *err);

#endif

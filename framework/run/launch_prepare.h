/* What a run needs before anything is started: a name of its own, a directory, its programs. */
#ifndef ASSAY_RUN_LAUNCH_PREPARE_H
#define ASSAY_RUN_LAUNCH_PREPARE_H

#include "framework/run/launch.h"

struct preparation {
    char run_id[LAUNCH_RUN_ID_SIZE];
    char *run_directory; /* absolute, made, with the manifest in it */
    char *worker, *supervisor, *journal;
    char *marker; /* "ASSAY_RUN_ID=..." */
};

assay_status preparation_init(
    struct preparation *preparation, const struct launch_options *options, struct error *err);
void preparation_done(struct preparation *preparation);

#endif

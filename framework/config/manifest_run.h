/* [run]: what is written, what the environment says, and what is decided here. */
#ifndef ASSAY_CONFIG_MANIFEST_RUN_H
#define ASSAY_CONFIG_MANIFEST_RUN_H

#include "framework/config/manifest.h"

/* Fills manifest->run and run_values. */
void manifest_read_run(struct manifest *manifest, const struct ini *ini, struct problems *problems);

#endif

/* assay.artifacts/1: files that an instance leaves in artifacts/<instance>/ of the run
   directory. */
#ifndef ASSAY_HOST_ARTIFACTS_H
#define ASSAY_HOST_ARTIFACTS_H

#include <assay/plugin.h>

struct artifacts;
struct host;

enum {
    ARTIFACT_NAME_MAX = 128,
    ARTIFACT_BYTES_MAX = 256 * 1024 * 1024 /* of one instance: the ABI's promise */
};

struct artifacts *artifacts_new(const struct host *host);
void artifacts_free(struct artifacts *artifacts);

extern const assay_artifacts artifacts_table;

#endif

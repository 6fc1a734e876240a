/* Programs that run beside the nodes: declared by the system, started by the deployer. */
#ifndef ASSAY_HOST_SUPPORT_H
#define ASSAY_HOST_SUPPORT_H

#include <assay/plugin.h>

struct specs;

/* assay_spec.support: checks and copies. ASSAY_E_INVALID names what is wrong. */
assay_status support_declare(const assay_host *table, const assay_support *theirs);

/* The index-th of the last render; NULL: there are no more. Lives as long as the run. */
const assay_support *supports_get(struct specs *specs, uint32_t index);

#endif

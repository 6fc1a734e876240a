/* What the files of this deployer share. */
#ifndef ASSAY_PLUGINS_LOCAL_H
#define ASSAY_PLUGINS_LOCAL_H

#include <assay/plugin.h>

struct local {
    const assay_host *host;
    const assay_clock *clock;
    const assay_deployment *deployment;
    uint32_t node_count;
    assay_ns patience, limit, grace;
    assay_ns stop_patience; /* from asking a node to end until it is killed, in a restart */
};

/* Node control; acts.c. */
extern const assay_deployer_ops local_ops;

#endif

/* Waiting until nodes are ready: every node passes the stages that the system declared, in order.

   Up to 32 tasks of the system probe at a time, each taking the node that has waited longest, so
   that a thousand nodes cost 32 threads and a slow one holds up nobody else. A node is probed again
   10 to 200 ms after a look that found it not ready, the later the longer it has gone without
   progress. Its patience starts anew whenever it makes progress: passes a stage, or names a higher
   number than ever. The first node that fails ends the waiting for all.

   A node whose process has ended is not ready, whatever answers in its place, nor is one that ends
   after it was ready while others are waited for. */
#ifndef ASSAY_HOST_READINESS_H
#define ASSAY_HOST_READINESS_H

#include <assay/plugin.h>

enum {
    READINESS_PROBES = 32
};

/* await_ready and await_node of assay.deployment/1. */
assay_status readiness_await_all(assay_task *task, assay_ns patience, assay_ns limit);
assay_status readiness_await_node(assay_task *task, uint32_t node, assay_ns patience);

/* From a look to the next at a node that has gone without progress for so long: a share of that,
   so that what is noticed late is late by that share and no more. */
assay_ns readiness_pause(assay_ns without_progress);

#endif

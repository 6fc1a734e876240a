/* Waiting until nodes are ready: every node passes the stages that the system declared, in order.

   Up to 32 tasks of the system probe at a time, each taking the node that has waited longest, so
   that a thousand nodes cost 32 threads and a slow one holds up nobody else. A node is probed again
   10 ms after a look that found it not ready, and up to 200 ms later when that goes on. Its
   patience starts anew whenever it makes progress: passes a stage, or names a higher number than
   ever. The first node that fails ends the waiting for all.

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

#endif

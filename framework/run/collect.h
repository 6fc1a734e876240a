/* From the host and the actors into the report. Called when the run is over, and once a second for
   what the charts show. */
#ifndef ASSAY_RUN_COLLECT_H
#define ASSAY_RUN_COLLECT_H

#include "framework/host/host.h"
#include "framework/run/actor.h"
#include "framework/run/report.h"

/* Where every node's tip is now. */
void collect_points(const struct host *host, struct report *report);

/* An actor's judgement: expectations and workloads get a line of their own; a system or deployer
   only shows when something is wrong with it. */
assay_status collect_actor(const struct actor *actor, struct report *report);

/* Nodes, metrics, receipts, notices, plugins. */
assay_status collect_run(
    const struct host *host, const struct loader *loader, struct report *report);

#endif

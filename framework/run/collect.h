/* From plugins, host and actors into the report: what was loaded before the run begins, where the
   nodes are once a second, and everything else when it is over. */
#ifndef ASSAY_RUN_COLLECT_H
#define ASSAY_RUN_COLLECT_H

#include "framework/host/host.h"
#include "framework/run/actor.h"
#include "framework/run/report.h"

/* What was loaded, with digests and warnings. Soon after loading, so that the files are still the
   ones that were loaded: one that is not any more has no digest, and a notice says so. */
assay_status collect_plugins(const struct loader *loader, struct report *report);

/* Where every node's tip is now. */
void collect_points(const struct host *host, struct report *report);

/* An actor's judgement: expectations and workloads get a line of their own; a system or deployer
   only shows when something is wrong with it. */
assay_status collect_actor(const struct actor *actor, struct report *report);

/* Nodes, metrics, receipts, notices. */
assay_status collect_run(const struct host *host, struct report *report);

#endif

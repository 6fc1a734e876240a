/* The life cycle of a run: a table of states.

       create    every plugin instance
       plan      the system says what its nodes need
       deploy    the deployer brings the nodes up and waits until they are ready
       observe   the system starts to follow every node
       prepare   expectations, then workloads
       run       the window: workloads load, expectations watch
       cooldown  load ends; what was started is given time to get through
       settle    a last moment of quiet, so that every node was looked at after the cooldown
       judge     every expectation, whatever happened before
       teardown  finish of all, the deployer's last; then destroy

   What follows a step depends on how it went: the table in lifecycle.c is the whole truth. A
   failed workload does not shorten the run or spare it the judgement. An interruption goes to
   teardown at once.

   Lengths that [run] leaves on auto:
       cooldown  max(5, blocks to finality) x block interval; at least 30 s when nodes may be
                 acted upon, since they need to come back; 0 when the interval is not known
       settle    max(one block interval, 2 s); 2 s when it is not known */
#ifndef ASSAY_RUN_LIFECYCLE_H
#define ASSAY_RUN_LIFECYCLE_H

#include "framework/host/host.h"
#include "framework/run/plan.h"
#include "framework/run/progress.h"
#include "framework/run/report.h"

struct lifecycle {
    const struct plan *plan;
    struct host *host;
    struct report *report;
    struct progress *progress;
    struct crumb_page *page; /* is told each phase; or NULL */
};

/* From create to teardown; fills the report but for what the caller knows better (name, id, seed,
   directory, start). Returns whether everything that the run held could be freed: when not, a
   plugin is stuck in a call and the process must end by _exit. */
bool lifecycle_run(const struct lifecycle *lifecycle);

/* The lengths by the rules above; facts as of after plan. */
assay_ns lifecycle_cooldown(const struct run_options *run, const assay_run_facts *facts);
assay_ns lifecycle_settle(const struct run_options *run, const assay_run_facts *facts);

#endif

/* Asking the deployer about a node: what its backend says of it, and for its log.

   Operations of the deployer within somebody else's; several may run at a time, also beside the
   deployer's own prepare, as the ABI says. Any task. */
#ifndef ASSAY_HOST_INSPECTION_H
#define ASSAY_HOST_INSPECTION_H

#include <stdbool.h>

#include <assay/plugin.h>

struct host;

enum {
    INSPECTION_DETAIL_SIZE = 160, /* the ABI's */
    INSPECTION_WHY_SIZE = 300
};

/* Does the deployer inspect at all? */
bool inspection_is_offered(const struct host *host);

/* What the backend says of the node now, and in its own words unless detail is NULL. Failing to look
   is no failure of the task: the status says so, and nothing is filled. */
assay_status inspection_look(
    assay_task *task, uint32_t node, assay_process *out, char detail[INSPECTION_DETAIL_SIZE]);

/* Does the deployer watch over its nodes? */
bool inspection_watches(const struct host *host);

/* Has it look for nodes that have ended, which ends.h then tells of; nothing where it does not watch. Not
   beside an action of node control. Failing to look is no failure of the task; `why` gets the reason. */
assay_status inspection_watch(assay_task *task, char why[INSPECTION_WHY_SIZE]);

/* Has the node's log written where the host would have. Best effort: what cannot be had is left out,
   and the reason goes into the log. */
void inspection_collect(assay_task *task, uint32_t node);

#endif

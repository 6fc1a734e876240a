/* Asking the deployer about a node: what its backend says of it, and for its log.

   Operations of the deployer within somebody else's; several may run at a time, also beside the
   deployer's own prepare, as the ABI says. Any task. */
#ifndef ASSAY_HOST_INSPECTION_H
#define ASSAY_HOST_INSPECTION_H

#include <stdbool.h>

#include <assay/plugin.h>

struct host;

/* Does the deployer inspect at all? */
bool inspection_is_offered(const struct host *host);

/* What the backend says of the node now. Failing to look is no failure of the task: the status says
   so, and *out is untouched. */
assay_status inspection_look(assay_task *task, uint32_t node, assay_process *out);

/* Has the node's log written where the host would have. Best effort: what cannot be had is left out,
   and the reason goes into the log. */
void inspection_collect(assay_task *task, uint32_t node);

#endif

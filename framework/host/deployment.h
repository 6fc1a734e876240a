/* assay.deployment/1: what a deployer brings nodes up with.

   Knows which process runs each node, through the table of processes.h, whose changes wake the
   tasks that wait here. A node's directory is nodes/<name> in the run directory; what its program
   prints goes to output.log in there. Any thread. */
#ifndef ASSAY_HOST_DEPLOYMENT_H
#define ASSAY_HOST_DEPLOYMENT_H

#include <stdbool.h>

#include "framework/base/error.h"

struct deployment;
struct host;

struct deployment *deployment_new(struct host *host);
void deployment_free(struct deployment *deployment);

/* NULL: no such node. */
const char *deployment_directory(const struct deployment *deployment, uint32_t node);

/* Did this run start a process for the node, whatever became of it? */
bool deployment_has_started(struct deployment *deployment, uint32_t node);

/* What runs the node now, or ran it last, in run time. ASSAY_E_NOTFOUND: nothing was started.
   ASSAY_E_IO: it could not be started, or nobody knows any more; err says. */
assay_status deployment_process(
    struct deployment *deployment, uint32_t node, assay_process *out, struct error *err);

/* What the kernel says of the process that runs the node. ASSAY_E_UNSUPPORTED: the host does not
   run it, or there is no kernel to ask. */
struct process_look;
assay_status deployment_look(
    struct deployment *deployment, uint32_t node, struct process_look *out);

extern const assay_deployment deployment_table;

#endif

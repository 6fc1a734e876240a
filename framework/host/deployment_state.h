/* What a deployment is made of; for deployment.c and commands.c alone. */
#ifndef ASSAY_HOST_DEPLOYMENT_STATE_H
#define ASSAY_HOST_DEPLOYMENT_STATE_H

#include <pthread.h>
#include <stdatomic.h>

#include "framework/base/vec.h"
#include "framework/host/deployment.h"
#include "framework/host/processes.h"
#include "framework/host/tasks.h"

struct node_process {
    const char *directory; /* absolute */
    char *log;
    uint32_t process; /* PROCESS_NONE: never started */
    int asked_signal; /* by which it was last asked to end; 0: it was not */
    bool is_end_noted;
};

struct deployment {
    struct host *host;
    const struct process_ops *ops; /* NULL: processes cannot be started */
    char *workspace;
    struct ports *ports;
    struct node_process *nodes;
    uint32_t node_count;
    _Atomic uint32_t commands; /* executed, to number their output files */

    pthread_mutex_t lock; /* guards the nodes' processes, and what follows; wakes with it */
    struct waiters waiters;
    struct vec ends; /* assay_node_end; ends.c */
    bool is_ending;  /* everything is being ended */
};

/* ASSAY_E_UNSUPPORTED, and the text, when processes cannot be started in this run. */
assay_status deployment_need_ops(const assay_host *table, const char *function);

/* Waits until the process is not running any more, and says what became of it. */
assay_status deployment_await_end(
    assay_task *task, uint32_t process, assay_ns until, assay_process *out);

#endif

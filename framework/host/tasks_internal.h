/* How tasks and operations are made; for tasks.c, waiters.c, operation.c and tests alone. */
#ifndef ASSAY_HOST_TASKS_INTERNAL_H
#define ASSAY_HOST_TASKS_INTERNAL_H

#include <stdatomic.h>

#include "framework/host/operation.h"
#include "framework/host/random.h"
#include "framework/host/tasks.h"

/* What remains of a task once its thread has ended: the plugin's handle on it. Lives as long as
   the operation, guarded by its lock. */
struct assay_child {
    struct assay_child *next; /* of all of the operation */
    struct assay_child *parent;
    struct host_operation *operation;
    assay_task *task;    /* NULL once its thread has been joined */
    assay_status result; /* once done, like the two below */
    assay_status fail_status;
    char *fail_text;
    bool is_done;
};

struct assay_task {
    struct assay_child *self;
    struct host_operation *operation;
    struct host_instance *instance;
    assay_status (*body)(assay_task *, void *);
    void *arg;
    pthread_t thread;
    char name[TASK_NAME_SIZE];
    struct random_stream random;
    uint64_t spawned; /* by this task, to number their streams */

    pthread_mutex_t lock; /* guards is_woken; waited on with wake */
    pthread_cond_t wake;
    bool is_woken;
    atomic_bool is_cancelled; /* set with lock held, so that a waiter cannot miss it */

    /* The task's own. */
    assay_status fail_status;
    char *fail_text;
    void *scratch;

    assay_task *next_ended; /* guarded by the operation's lock */
};

struct host_operation {
    struct host_operation *prev, *next; /* of the host; guarded by its operations_lock */
    struct host_instance *instance;
    struct host *host;
    struct host_operation_spec spec;
    struct host_operation *outer; /* that this one runs within; or NULL */
    assay_ns started_at;

    pthread_mutex_t lock;         /* guards all below */
    pthread_cond_t changed;       /* for threads that are no tasks */
    struct waiters waiters;       /* for tasks: a child ended, or the operation did */
    struct assay_child *children; /* the newest first, the root last */
    uint32_t child_count;
    uint32_t living;   /* tasks, the root among them */
    assay_task *ended; /* whose threads are to be joined */
    uint32_t leaked;   /* children that were left when the body returned */
    bool is_cancelled, is_late, is_done;
    assay_ns ending_since; /* somebody cancelled it, or its leftovers; else ASSAY_FOREVER */
    struct assay_child *root;
};

/* Starts a task of the operation: the root (parent NULL) or a child. Call without locks. */
struct task_plan {
    const char *name;
    assay_status (*body)(assay_task *, void *);
    void *arg;
    assay_task *parent;
};
assay_status task_start(
    struct host_operation *operation, const struct task_plan *plan, struct assay_child **out);

/* Cancels a child and all that it spawned, or everything (NULL). Lock held. */
void operation_cancel_below(struct host_operation *operation, const struct assay_child *ancestor);
/* Joins threads that have ended. Lock not held. */
void operation_reap(struct host_operation *operation);

/* Like waiters_wait, but cancellation does not end it. */
assay_status waiters_wait_sheltered(
    struct waiters *waiters, assay_task *task, pthread_mutex_t *lock, assay_ns until);

/* How long an operation within another may take to return once cancelled; less if the outer one has
   less, so that it is the inner one that is found stuck. */
#define NESTED_GRACE (5 * ASSAY_SECOND)

/* Runs an operation of another instance on behalf of a task: a system's `ready` in the midst of a
   deployer's `prepare`. Cancelled with the task. Returns result->status. */
assay_status task_call(assay_task *task, struct host_instance *instance,
    const struct host_operation_spec *spec, struct host_operation_result *result);

/* A condition variable on the monotonic clock. */
void condition_init(pthread_cond_t *condition);

#endif

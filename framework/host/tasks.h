/* Tasks: threads that the host can wake and cancel; and how services let them wait.

   Real time runs a thread per task. A service that blocks keeps its state under a lock of its own,
   with a `struct waiters` beside it:

       assay_status s = task_enter(task);              numbered; ASSAY_E_CANCELLED once cancelled
       if (s)
           return s;
       (void)pthread_mutex_lock(&feed->lock);
       while (!s && feed_is_empty(feed))
           s = waiters_wait(&feed->waiters, task, &feed->lock, until);
       if (!s)
           ... take it
       (void)pthread_mutex_unlock(&feed->lock);

   and whoever changes the state, from any thread, task or not:

       (void)pthread_mutex_lock(&feed->lock);
       ...
       waiters_wake_all(&feed->waiters);
       (void)pthread_mutex_unlock(&feed->lock);

   Everything that blocks does so in waiters_wait: that is the seam for a second implementation in
   virtual time. Lock order: a service's lock, then the operation's, then the task's own. */
#ifndef ASSAY_HOST_TASKS_H
#define ASSAY_HOST_TASKS_H

#include <pthread.h>
#include <stdbool.h>

#include <assay/plugin.h>

struct host_instance;

enum {
    TASK_CHILDREN_MAX = 4096,  /* living, of one operation: the ABI's promise */
    TASK_SPAWNS_MAX = 1 << 20, /* over one operation: 64 bytes are kept of each */
    TASK_GATES_MAX = 1 << 16,  /* of one instance */
    TASK_NAME_SIZE = 48
};

struct waiter;
/* Tasks that wait for one object. Zero is empty. Guarded by the lock of that object. */
struct waiters {
    struct waiter *first, *last;
};

/* The beginning of every blocking service function: a cancellation point. */
assay_status task_enter(assay_task *task);

/* Gives up `lock`, waits, takes it again. ASSAY_OK: woken, look again. ASSAY_E_TIMEOUT: `until` has
   passed; ASSAY_E_CANCELLED. A wake-up that came first wins over both, so none is lost. */
assay_status waiters_wait(
    struct waiters *waiters, assay_task *task, pthread_mutex_t *lock, assay_ns until);

/* Call with the object's lock held. */
void waiters_wake_all(struct waiters *waiters);
void waiters_wake_one(struct waiters *waiters); /* who waited longest */

bool task_is_cancelled(const assay_task *task);
struct host_instance *task_instance(const assay_task *task);
const assay_host *task_host(const assay_task *task);

/* The calling thread's task; NULL when it is none. */
assay_task *task_current(void);

/* Records why the operation fails, like assay_host.fail; returns status. */
assay_status task_fail(assay_task *task, assay_status status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* A buffer that lives until the task's next call of this, or its end; NULL without memory. */
void *task_scratch(assay_task *task, size_t size);

extern const assay_tasks tasks_table;

/* For tests and conformance checks: cancels the operation that makes the nth blocking call from now
   on (the outermost, if it runs within another), at that call; 0: never. Returns how many calls
   were made since the last time. */
struct host;
uint64_t tasks_cancel_at(struct host *host, uint64_t nth);

#endif

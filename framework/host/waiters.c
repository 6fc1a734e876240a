#include "framework/host/state.h"
#include "framework/host/tasks_internal.h"

#include <errno.h>

/* One task in one list; lives on the stack of the function that waits. */
struct waiter {
    struct waiter *prev, *next;
    assay_task *task;
    bool is_woken; /* guarded by the object's lock, like the list */
};

static void waiters_append(struct waiters *waiters, struct waiter *waiter)
{
    waiter->prev = waiters->last;
    if (waiters->last)
        waiters->last->next = waiter;
    else
        waiters->first = waiter;
    waiters->last = waiter;
}

static void waiters_remove(struct waiters *waiters, struct waiter *waiter)
{
    if (waiter->prev)
        waiter->prev->next = waiter->next;
    else
        waiters->first = waiter->next;
    if (waiter->next)
        waiter->next->prev = waiter->prev;
    else
        waiters->last = waiter->prev;
}

void condition_init(pthread_cond_t *condition)
{
    pthread_condattr_t attributes;

    /* None of these can fail in glibc: the attributes are a word, the clock is valid. */
    (void)pthread_condattr_init(&attributes);
    (void)pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    (void)pthread_cond_init(condition, &attributes);
    (void)pthread_condattr_destroy(&attributes);
}

/* Sleeps until woken, `until`, or, unless it is sheltered, cancellation. */
static void task_park(assay_task *task, assay_ns until, bool is_sheltered)
{
    const struct timespec deadline = clock_deadline(&task->instance->host->clock, until);
    int error = 0;

    (void)pthread_mutex_lock(&task->lock);
    while (!task->is_woken && error != ETIMEDOUT) {
        if (!is_sheltered && atomic_load(&task->is_cancelled))
            break;
        error = until == ASSAY_FOREVER
            ? pthread_cond_wait(&task->wake, &task->lock)
            : pthread_cond_timedwait(&task->wake, &task->lock, &deadline);
    }
    task->is_woken = false;
    (void)pthread_mutex_unlock(&task->lock);
}

static void task_unpark(assay_task *task)
{
    (void)pthread_mutex_lock(&task->lock);
    task->is_woken = true;
    (void)pthread_cond_signal(&task->wake);
    (void)pthread_mutex_unlock(&task->lock);
}

static assay_status wait_in(
    struct waiters *waiters, struct waiter *me, pthread_mutex_t *lock, assay_ns until, bool shelter)
{
    waiters_append(waiters, me);
    (void)pthread_mutex_unlock(lock);
    task_park(me->task, until, shelter);
    (void)pthread_mutex_lock(lock);
    /* Woken wins: whoever woke us alone counts on our looking. */
    if (me->is_woken)
        return ASSAY_OK;
    waiters_remove(waiters, me);
    return !shelter && task_is_cancelled(me->task) ? ASSAY_E_CANCELLED : ASSAY_E_TIMEOUT;
}

assay_status waiters_wait(
    struct waiters *waiters, assay_task *task, pthread_mutex_t *lock, assay_ns until)
{
    struct waiter me = {.task = task};

    return wait_in(waiters, &me, lock, until, false);
}

assay_status waiters_wait_sheltered(
    struct waiters *waiters, assay_task *task, pthread_mutex_t *lock, assay_ns until)
{
    struct waiter me = {.task = task};

    return wait_in(waiters, &me, lock, until, true);
}

void waiters_wake_one(struct waiters *waiters)
{
    struct waiter *waiter = waiters->first;

    if (!waiter)
        return;
    waiters_remove(waiters, waiter);
    waiter->is_woken = true;
    task_unpark(waiter->task);
}

void waiters_wake_all(struct waiters *waiters)
{
    while (waiters->first)
        waiters_wake_one(waiters);
}

#include "framework/host/operation.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "framework/base/mem.h"
#include "framework/base/parse.h"
#include "framework/host/state.h"
#include "framework/host/tasks_internal.h"

static void operations_add(struct host *host, struct host_operation *operation)
{
    (void)pthread_mutex_lock(&host->operations_lock);
    operation->next = host->operations;
    if (operation->next)
        operation->next->prev = operation;
    host->operations = operation;
    (void)pthread_mutex_unlock(&host->operations_lock);
}

static void operations_remove(struct host *host, struct host_operation *operation)
{
    (void)pthread_mutex_lock(&host->operations_lock);
    if (operation->prev)
        operation->prev->next = operation->next;
    else
        host->operations = operation->next;
    if (operation->next)
        operation->next->prev = operation->prev;
    (void)pthread_mutex_unlock(&host->operations_lock);
}

static void operation_free(struct host_operation *operation)
{
    while (operation->children) {
        struct assay_child *child = operation->children;

        operation->children = child->next;
        free(child->fail_text);
        free(child);
    }
    (void)pthread_cond_destroy(&operation->changed);
    (void)pthread_mutex_destroy(&operation->lock);
    free(operation);
}

static assay_status operation_start(struct host_instance *instance,
    const struct host_operation_spec *spec, struct host_operation *outer,
    struct host_operation **out)
{
    struct host *host = instance->host;
    const struct task_plan plan = {.name = spec->name, .body = spec->body, .arg = spec->arg};
    struct host_operation *operation = mem_new(sizeof(*operation));
    assay_status s = ASSAY_OK;

    if (!operation)
        return ASSAY_E_NOMEM;
    operation->instance = instance;
    operation->host = host;
    operation->spec = *spec;
    operation->outer = outer;
    operation->started_at = host_now(host);
    operation->ending_since = ASSAY_FOREVER;
    (void)pthread_mutex_init(&operation->lock, NULL);
    condition_init(&operation->changed);
    operations_add(host, operation);
    s = task_start(operation, &plan, &operation->root);
    if (s) {
        operations_remove(host, operation);
        operation_free(operation);
        return s;
    }
    /* An interruption that came before operations_add did not see this operation. */
    if (host_is_interrupted(host) && !spec->is_sheltered)
        host_operation_cancel(operation);
    *out = operation;
    return ASSAY_OK;
}

assay_status host_operation_start(struct host_instance *instance,
    const struct host_operation_spec *spec, struct host_operation **out)
{
    return operation_start(instance, spec, NULL, out);
}

static void cancel_locked(struct host_operation *operation)
{
    if (operation->is_cancelled || operation->is_done)
        return;
    operation->is_cancelled = true;
    if (operation->ending_since == ASSAY_FOREVER)
        operation->ending_since = host_now(operation->host);
    operation_cancel_below(operation, NULL);
    (void)pthread_cond_broadcast(&operation->changed);
    waiters_wake_all(&operation->waiters);
}

void host_operation_cancel(struct host_operation *operation)
{
    (void)pthread_mutex_lock(&operation->lock);
    cancel_locked(operation);
    (void)pthread_mutex_unlock(&operation->lock);
}

bool host_operation_is_done(const struct host_operation *operation)
{
    pthread_mutex_t *lock = (pthread_mutex_t *)&operation->lock;
    bool is_done = false;

    (void)pthread_mutex_lock(lock);
    is_done = operation->is_done;
    (void)pthread_mutex_unlock(lock);
    return is_done;
}

static assay_ns after(assay_ns moment, assay_ns span)
{
    return moment > ASSAY_FOREVER - span ? ASSAY_FOREVER : moment + span;
}

/* When something must happen to an operation that just goes on. Lock held. */
static assay_ns operation_deadline(const struct host_operation *operation)
{
    if (operation->ending_since != ASSAY_FOREVER)
        return after(operation->ending_since, operation->spec.grace);
    if (operation->spec.limit > 0)
        return after(operation->started_at, operation->spec.limit);
    return ASSAY_FOREVER;
}

/* The deadline has passed. True: give it up, it is stuck. Lock held. */
static bool operation_overdue(struct host_operation *operation)
{
    if (operation->ending_since != ASSAY_FOREVER)
        return true;
    operation->is_late = true;
    cancel_locked(operation);
    return false;
}

/* Waits until it has ended; false: it is stuck. `task` is the waiting task, or NULL for a plain
   thread. A task that is cancelled passes that on. */
static bool operation_wait(struct host_operation *operation, assay_task *task)
{
    bool is_stuck = false;

    (void)pthread_mutex_lock(&operation->lock);
    while (!operation->is_done && !is_stuck) {
        const assay_ns until = operation_deadline(operation);

        if (host_now(operation->host) >= until) {
            is_stuck = operation_overdue(operation);
        } else if (!task) {
            const struct timespec deadline = clock_deadline(&operation->host->clock, until);

            (void)pthread_cond_timedwait(&operation->changed, &operation->lock, &deadline);
        } else if (task_is_cancelled(task)) {
            cancel_locked(operation);
            (void)waiters_wait_sheltered(
                &operation->waiters, task, &operation->lock, operation_deadline(operation));
        } else {
            (void)waiters_wait(&operation->waiters, task, &operation->lock, until);
        }
    }
    is_stuck = !operation->is_done;
    (void)pthread_mutex_unlock(&operation->lock);
    return !is_stuck;
}

/* ---- what came of it ---- */

static void result_stuck(
    const struct host_operation *operation, struct host_operation_result *result)
{
    char limit[QUANTITY_TEXT_SIZE], grace[QUANTITY_TEXT_SIZE];

    (void)format_span(operation->spec.limit, limit);
    (void)format_span(operation->spec.grace, grace);
    result->status = ASSAY_E_TIMEOUT;
    result->is_stuck = true;
    result->is_violation = true;
    atomic_store(&operation->instance->is_stuck, true);
    atomic_store(&operation->host->has_stuck, true);
    (void)snprintf(result->why, sizeof(result->why),
        "%s%s%sdid not return within %s after it was cancelled: it waits for something other than "
        "the services, or loops without looking at `cancelled`",
        operation->is_late ? "took longer than " : "", operation->is_late ? limit : "",
        operation->is_late ? " and " : "", grace);
    host_violation(operation->instance, "%s %s", operation->spec.name, result->why);
}

static void result_explain(
    const struct host_operation *operation, struct host_operation_result *result)
{
    const struct assay_child *root = operation->root;
    char limit[QUANTITY_TEXT_SIZE];

    if (result->is_late)
        (void)snprintf(result->why, sizeof(result->why), "took longer than its limit of %s",
            format_span(operation->spec.limit, limit));
    else if (root->fail_text && root->fail_status == root->result)
        (void)snprintf(result->why, sizeof(result->why), "%s", root->fail_text);
    else if (root->fail_text && result->status != ASSAY_E_CANCELLED)
        (void)snprintf(result->why, sizeof(result->why), "%s; it did not say why, but before: %s",
            status_text(result->status), root->fail_text);
    else if (result->status == ASSAY_E_CANCELLED)
        (void)snprintf(result->why, sizeof(result->why), "%s", status_text(result->status));
    else
        (void)snprintf(result->why, sizeof(result->why), "%s; it did not say why",
            status_text(result->status));
}

static void result_status(
    const struct host_operation *operation, struct host_operation_result *result)
{
    const assay_status status = operation->root->result;

    result->status = status;
    if (status > 0 || status < ASSAY_E_INTERNAL) {
        result->status = ASSAY_E_INTERNAL;
        result->is_violation = status > 0; /* a negative one may be from a newer ABI */
        if (status > 0)
            host_violation(operation->instance, "%s returned %d, which is no status",
                operation->spec.name, (int)status);
    } else if (status == ASSAY_E_CANCELLED && !operation->is_cancelled && !operation->leaked) {
        result->status = ASSAY_E_INTERNAL;
        result->is_violation = true;
        host_violation(operation->instance, "%s returned \"cancelled\", but nobody cancelled it",
            operation->spec.name);
    }
    if (operation->leaked > 0) {
        result->is_violation = true;
        host_violation(operation->instance,
            "%s returned while %u of its tasks were running; they were cancelled and waited for",
            operation->spec.name, operation->leaked);
    }
}

/* Takes the operation apart; a stuck one is left to its threads. */
static void operation_conclude(
    struct host_operation *operation, bool has_ended, struct host_operation_result *result)
{
    *result = (struct host_operation_result){.status = ASSAY_OK};
    if (!has_ended) {
        (void)pthread_mutex_lock(&operation->lock);
        result->was_cancelled = operation->is_cancelled;
        result->is_late = operation->is_late;
        (void)pthread_mutex_unlock(&operation->lock);
        result_stuck(operation, result);
        return;
    }
    operation_reap(operation);
    operations_remove(operation->host, operation);
    result->was_cancelled = operation->is_cancelled;
    result->is_late = operation->is_late;
    result_status(operation, result);
    if (result->status)
        result_explain(operation, result);
    operation_free(operation);
}

void host_operation_finish(struct host_operation *operation, struct host_operation_result *result)
{
    operation_conclude(operation, operation_wait(operation, NULL), result);
}

static assay_status result_not_started(
    const struct host_operation_spec *spec, assay_status status, struct host_operation_result *out)
{
    *out = (struct host_operation_result){.status = status};
    (void)snprintf(out->why, sizeof(out->why),
        "%s could not be started: no memory, or no thread to be had (ulimit -u, cgroup pids.max)",
        spec->name);
    return status;
}

assay_status host_run_operation(struct host_instance *instance,
    const struct host_operation_spec *spec, struct host_operation_result *result)
{
    struct host_operation *operation = NULL;
    const assay_status s = host_operation_start(instance, spec, &operation);

    if (s)
        return result_not_started(spec, s, result);
    host_operation_finish(operation, result);
    return result->status;
}

assay_status task_call(assay_task *task, struct host_instance *instance,
    const struct host_operation_spec *spec, struct host_operation_result *result)
{
    struct host_operation_spec sheltered = *spec;
    struct host_operation *operation = NULL;
    assay_status s = task_enter(task);

    *result = (struct host_operation_result){.status = s};
    if (s)
        return s;
    /* Interruptions reach it through the task, or not at all if the task's operation is
       sheltered. */
    sheltered.is_sheltered = true;
    if (sheltered.grace > task->operation->spec.grace / 4 * 3)
        sheltered.grace = task->operation->spec.grace / 4 * 3;
    s = operation_start(instance, &sheltered, task->operation, &operation);
    if (s)
        return result_not_started(spec, s, result);
    operation_conclude(operation, operation_wait(operation, task), result);
    return result->status;
}

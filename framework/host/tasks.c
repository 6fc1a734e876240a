#include "framework/host/tasks.h"

#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "framework/base/mem.h"
#include "framework/host/gate.h"
#include "framework/host/state.h"
#include "framework/host/tasks_internal.h"

/* Small, since there may be thousands; touched pages alone count. Sanitizers' frames are larger. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define STACK_SIZE ((size_t)1024 * 1024)
#else
#define STACK_SIZE ((size_t)256 * 1024)
#endif

/* Where a crash handler runs when the stack itself is what overflowed. */
#define SIGNAL_STACK_SIZE ((size_t)16 * 1024)

static _Thread_local assay_task *current_task;

assay_task *task_current(void)
{
    return current_task;
}

bool host_current_place(struct host_place *out)
{
    const assay_task *task = current_task;

    if (!task)
        return false;
    *out = (struct host_place){.instance = task->instance->name,
        .plugin_id = task->instance->plugin_id,
        .operation = task->operation->spec.name};
    return true;
}

bool task_is_cancelled(const assay_task *task)
{
    return atomic_load(&task->is_cancelled);
}

struct host_instance *task_instance(const assay_task *task)
{
    return task->instance;
}

const assay_host *task_host(const assay_task *task)
{
    return &task->instance->table;
}

uint64_t tasks_cancel_at(struct host *host, uint64_t nth)
{
    const uint64_t made = atomic_exchange(&host->blocking_calls, 0);

    atomic_store(&host->cancel_at, nth);
    return made;
}

assay_status task_enter(assay_task *task)
{
    struct host *host = task->instance->host;
    const uint64_t call = atomic_fetch_add(&host->blocking_calls, 1) + 1;

    if (call == atomic_load(&host->cancel_at)) {
        struct host_operation *outermost = task->operation;

        while (outermost->outer)
            outermost = outermost->outer;
        host_operation_cancel(outermost);
    }
    return task_is_cancelled(task) ? ASSAY_E_CANCELLED : ASSAY_OK;
}

assay_status task_fail(assay_task *task, assay_status status, const char *format, ...)
{
    char text[HOST_WHY_SIZE];
    va_list args;

    va_start(args, format);
    (void)vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    free(task->fail_text);
    task->fail_text = mem_dup(text);
    task->fail_status = status;
    return status;
}

void *task_scratch(assay_task *task, size_t size)
{
    free(task->scratch);
    task->scratch = mem_new(size);
    return task->scratch;
}

/* ---- a task's life ---- */

static void task_free(assay_task *task)
{
    if (!task)
        return;
    (void)pthread_cond_destroy(&task->wake);
    (void)pthread_mutex_destroy(&task->lock);
    free(task->fail_text);
    free(task->scratch);
    free(task);
}

static assay_task *task_new(struct host_operation *operation, const struct task_plan *plan)
{
    assay_task *task = mem_new(sizeof(*task));

    if (!task)
        return NULL;
    task->operation = operation;
    task->instance = operation->instance;
    task->body = plan->body;
    task->arg = plan->arg;
    (void)snprintf(task->name, sizeof(task->name), "%s", plan->name);
    (void)pthread_mutex_init(&task->lock, NULL);
    condition_init(&task->wake);
    if (plan->parent) {
        random_split(&task->random, &plan->parent->random, plan->parent->spawned++);
    } else {
        random_root(&task->random,
            &(struct random_origin){.seed = operation->host->config.seed,
                .instance = operation->instance->name,
                .operation = operation->spec.name,
                .number = operation->spec.stream});
    }
    return task;
}

/* The body returned while children live: they are cancelled and waited for, so that nothing of the
   operation runs once it is over. */
static void task_end_leftovers(assay_task *task)
{
    struct host_operation *operation = task->operation;

    (void)pthread_mutex_lock(&operation->lock);
    if (operation->living > 1) {
        /* A cancelled task cannot join its children: join, too, says no at once. So they are no
           fault of its then. */
        operation->leaked = operation->is_cancelled ? 0 : operation->living - 1;
        operation_cancel_below(operation, NULL);
        if (operation->ending_since == ASSAY_FOREVER)
            operation->ending_since = host_now(operation->host);
        (void)pthread_cond_broadcast(&operation->changed);
    }
    while (operation->living > 1)
        (void)waiters_wait_sheltered(&operation->waiters, task, &operation->lock, ASSAY_FOREVER);
    (void)pthread_mutex_unlock(&operation->lock);
    operation_reap(operation);
}

static void task_end(assay_task *task, assay_status status)
{
    struct host_operation *operation = task->operation;
    struct host *host = operation->host;
    const bool is_root = task->self->parent == NULL;

    (void)pthread_mutex_lock(&operation->lock);
    task->self->result = status;
    task->self->fail_status = task->fail_status;
    task->self->fail_text = take(task->fail_text);
    task->self->is_done = true;
    operation->living--;
    operation->is_done |= is_root;
    task->next_ended = operation->ended;
    operation->ended = task;
    waiters_wake_all(&operation->waiters);
    (void)pthread_cond_broadcast(&operation->changed);
    /* Whoever waits may free the operation as soon as the lock is open: not touched after this. */
    if (is_root)
        host_changed(host);
    (void)pthread_mutex_unlock(&operation->lock);
}

static void leave_crumb(const assay_task *task, struct host *host)
{
    if (!host->config.write_crumb)
        return;
    (void)pthread_mutex_lock(&host->event_lock);
    host->config.write_crumb(host->config.crumb_context, task->instance->name,
        task->instance->plugin_id, task->operation->spec.name);
    (void)pthread_mutex_unlock(&host->event_lock);
}

static void *task_main(void *arg)
{
    char signal_stack[SIGNAL_STACK_SIZE];
    const stack_t mine = {.ss_sp = signal_stack, .ss_size = sizeof(signal_stack)};
    stack_t before = {0};
    assay_task *task = arg;
    struct host *host = task->operation->host;
    assay_status status = ASSAY_OK;

    current_task = task;
    (void)sigaltstack(&mine, &before);
    if (!task->self->parent)
        leave_crumb(task, host);
    status = task->body(task, task->arg);
    if (!task->self->parent)
        task_end_leftovers(task);
    current_task = NULL;
    (void)sigaltstack(&before, NULL);
    task_end(task, status);
    return NULL;
}

/* With all signals blocked: they are for the process's main thread. Crashes are not blockable. */
static int thread_start(pthread_t *thread, void *arg)
{
    pthread_attr_t attributes;
    sigset_t all, before;
    int error = pthread_attr_init(&attributes);

    if (error)
        return error;
    (void)sigfillset(&all);
    (void)sigdelset(&all, SIGSEGV);
    (void)sigdelset(&all, SIGBUS);
    (void)sigdelset(&all, SIGFPE);
    (void)sigdelset(&all, SIGILL);
    (void)sigdelset(&all, SIGABRT);
    (void)sigdelset(&all, SIGTRAP);
    error = pthread_attr_setstacksize(&attributes, STACK_SIZE);
    if (!error) {
        (void)pthread_sigmask(SIG_SETMASK, &all, &before);
        error = pthread_create(thread, &attributes, task_main, arg);
        (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    }
    (void)pthread_attr_destroy(&attributes);
    return error;
}

/* Under the operation's lock, so that a child cannot end before it is on the list. */
static assay_status task_launch(
    struct host_operation *operation, struct assay_child *child, assay_task *task)
{
    if (operation->living >= TASK_CHILDREN_MAX + 1)
        return ASSAY_E_LAGGED;
    if (operation->child_count >= TASK_SPAWNS_MAX)
        return ASSAY_E_LAGGED;
    child->task = task;
    task->self = child;
    if (thread_start(&task->thread, task))
        return ASSAY_E_NOMEM; /* EAGAIN: the system's limit of threads, or memory for a stack */
    child->next = operation->children;
    operation->children = child;
    operation->child_count++;
    operation->living++;
    return ASSAY_OK;
}

assay_status task_start(
    struct host_operation *operation, const struct task_plan *plan, struct assay_child **out)
{
    auto_free struct assay_child *child = mem_new(sizeof(*child));
    assay_task *task = child ? task_new(operation, plan) : NULL;
    assay_status s = ASSAY_OK;

    if (!task)
        return ASSAY_E_NOMEM;
    child->parent = plan->parent ? plan->parent->self : NULL;
    child->operation = operation;
    (void)pthread_mutex_lock(&operation->lock);
    /* Whoever cancelled the parent a moment ago did not see this child. */
    if (plan->parent && task_is_cancelled(plan->parent))
        s = ASSAY_E_CANCELLED;
    if (!s)
        s = task_launch(operation, child, task);
    (void)pthread_mutex_unlock(&operation->lock);
    if (s) {
        task_free(task);
        return s;
    }
    *out = take(child);
    return ASSAY_OK;
}

static void task_cancel(assay_task *task)
{
    (void)pthread_mutex_lock(&task->lock);
    atomic_store(&task->is_cancelled, true);
    (void)pthread_cond_signal(&task->wake);
    (void)pthread_mutex_unlock(&task->lock);
}

static bool child_is_below(const struct assay_child *child, const struct assay_child *ancestor)
{
    for (; child; child = child->parent) {
        if (child == ancestor)
            return true;
    }
    return false;
}

void operation_cancel_below(struct host_operation *operation, const struct assay_child *ancestor)
{
    for (struct assay_child *child = operation->children; child; child = child->next) {
        if (child->task && !child->is_done && (!ancestor || child_is_below(child, ancestor)))
            task_cancel(child->task);
    }
}

void operation_reap(struct host_operation *operation)
{
    assay_task *ended = NULL;

    (void)pthread_mutex_lock(&operation->lock);
    ended = operation->ended;
    operation->ended = NULL;
    for (assay_task *task = ended; task; task = task->next_ended)
        task->self->task = NULL;
    (void)pthread_mutex_unlock(&operation->lock);
    while (ended) {
        assay_task *next = ended->next_ended;

        (void)pthread_join(ended->thread, NULL);
        task_free(ended);
        ended = next;
    }
}

/* ---- the service ---- */

static uint32_t service_cancelled(const assay_task *task)
{
    return task_is_cancelled(task);
}

static assay_status service_spawn(assay_task *task, const char *name,
    assay_status (*body)(assay_task *, void *), void *arg, assay_child **child)
{
    const struct task_plan plan = {
        .name = name ? name : "child", .body = body, .arg = arg, .parent = task};
    assay_status s = task_enter(task);

    if (s)
        return s;
    if (!body || !child) {
        host_violation(task->instance, "tasks.spawn: body and child must not be NULL");
        return ASSAY_E_INVALID;
    }
    operation_reap(task->operation);
    s = task_start(task->operation, &plan, child);
    if (s == ASSAY_E_LAGGED)
        return task_fail(
            task, s, "%d tasks of this operation are running already", TASK_CHILDREN_MAX);
    if (s == ASSAY_E_NOMEM)
        return task_fail(task, s,
            "cannot start a thread: the limit of threads or memory is "
            "reached (ulimit -u, cgroup pids.max)");
    return s;
}

static assay_status service_join(
    assay_task *task, assay_child *child, assay_ns until, assay_status *result)
{
    struct host_operation *operation = task->operation;
    assay_status s = task_enter(task);

    if (s)
        return s;
    if (!child || child->operation != operation) {
        host_violation(task->instance, "tasks.join: not a child of this operation");
        return ASSAY_E_INVALID;
    }
    (void)pthread_mutex_lock(&operation->lock);
    while (!s && !child->is_done)
        s = waiters_wait(&operation->waiters, task, &operation->lock, until);
    if (!s && child->result && child->fail_text) {
        /* What the child said why it failed is why its parent will, unless it knows better. */
        free(task->fail_text);
        task->fail_text = take(child->fail_text);
        task->fail_status = child->fail_status;
    }
    if (!s && result)
        *result = child->result;
    (void)pthread_mutex_unlock(&operation->lock);
    if (!s)
        operation_reap(operation);
    return s;
}

static void service_cancel(const assay_host *table, assay_child *child)
{
    struct host_operation *operation = child ? child->operation : NULL;

    if (!child)
        return;
    if (operation->instance != instance_of(table)) {
        host_violation(instance_of(table), "tasks.cancel: another instance's child");
        return;
    }
    (void)pthread_mutex_lock(&operation->lock);
    operation_cancel_below(operation, child);
    (void)pthread_mutex_unlock(&operation->lock);
}

const assay_tasks tasks_table = {
    .struct_size = sizeof(assay_tasks),
    .cancelled = service_cancelled,
    .spawn = service_spawn,
    .join = service_join,
    .cancel = service_cancel,
    .gate = gate_new,
    .enter = gate_enter,
    .leave = gate_leave,
};

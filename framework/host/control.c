#include "framework/host/control.h"

#include <stdio.h>
#include <string.h>

#include "framework/base/mem.h"
#include "framework/base/parse.h"
#include "framework/host/operation.h"
#include "framework/host/record.h"
#include "framework/host/state.h"
#include "framework/host/tasks_internal.h"
#include "framework/topology/topology.h"

#define LOOK_AGAIN    (20 * ASSAY_MS)
#define INSPECT_LIMIT (10 * ASSAY_SECOND) /* asking a container engine takes a second at most */

struct filed_receipt {
    const char *instance; /* who asked */
    assay_receipt receipt;
};

struct control {
    pthread_mutex_t lock; /* guards everything */
    bool is_busy;         /* an action is under way */
    struct waiters waiters;
    struct vec receipts; /* struct filed_receipt */
};

struct control *control_new(void)
{
    struct control *control = mem_new(sizeof(*control));

    if (!control)
        return NULL;
    (void)pthread_mutex_init(&control->lock, NULL);
    vec_init(&control->receipts, sizeof(struct filed_receipt), RECEIPTS_MAX);
    return control;
}

void control_free(struct control *control)
{
    if (!control)
        return;
    vec_done(&control->receipts);
    (void)pthread_mutex_destroy(&control->lock);
    free(control);
}

/* ---- proof ---- */

static bool is_running(const struct sighting *sighting)
{
    return sighting->process.state == ASSAY_PROCESS_RUNNING;
}

static bool is_held(const struct sighting *sighting)
{
    return strstr(sighting->detail, "stopped") || strstr(sighting->detail, "paused");
}

static bool is_another(const struct sighting *before, const struct sighting *after)
{
    return before->process.pid != after->process.pid ||
        before->process.started_at != after->process.started_at;
}

bool control_is_proven(uint32_t kind, const struct sighting *before, const struct sighting *after)
{
    /* Who could not be seen before or after proves nothing. */
    if (before->status || after->status)
        return false;
    switch (kind) {
    case ASSAY_ACT_START:
        return is_running(after) && (!is_running(before) || is_another(before, after));
    case ASSAY_ACT_STOP:
        return !is_running(after);
    case ASSAY_ACT_RESTART:
    case ASSAY_ACT_REPLACE:
        return is_running(after) && is_another(before, after);
    case ASSAY_ACT_KILL:
        return is_running(before) &&
            (is_running(after) ? is_another(before, after)
                               : after->process.state == ASSAY_PROCESS_KILLED);
    case ASSAY_ACT_PAUSE:
        return is_running(after) && is_held(after);
    case ASSAY_ACT_RESUME:
        return is_running(after) && is_held(before) && !is_held(after);
    default:
        return false; /* an open set: what we have no probe for is not proven */
    }
}

void control_describe(const struct sighting *sighting, char out[160])
{
    const assay_process *process = &sighting->process;
    const char *comma = sighting->detail[0] ? ", " : "";
    char moment[QUANTITY_TEXT_SIZE];

    if (sighting->status)
        (void)snprintf(out, 160, "could not be inspected: %s", status_text(sighting->status));
    else if (process->state == ASSAY_PROCESS_RUNNING)
        (void)snprintf(out, 160, "pid %lld running since %s%s%.90s", (long long)process->pid,
            format_span(process->started_at / ASSAY_MS * ASSAY_MS, moment), comma,
            sighting->detail);
    else if (process->state == ASSAY_PROCESS_KILLED)
        (void)snprintf(out, 160, "pid %lld killed by signal %u at %s%s%.80s",
            (long long)process->pid, process->code,
            format_span(process->ended_at / ASSAY_MS * ASSAY_MS, moment), comma, sighting->detail);
    else if (process->state == ASSAY_PROCESS_EXITED)
        (void)snprintf(out, 160, "pid %lld exited with %u at %s%s%.80s", (long long)process->pid,
            process->code, format_span(process->ended_at / ASSAY_MS * ASSAY_MS, moment), comma,
            sighting->detail);
    else
        (void)snprintf(out, 160, "in no known state%s%.100s", comma, sighting->detail);
}

/* ---- one action ---- */

/* What the deployer's operations are given; on the caller's stack, which waits for them. */
struct act {
    const struct attached_deployer *deployer;
    const assay_action *action;
    assay_ns until;
    struct sighting *seen;
};

static assay_status call_inspect(assay_task *task, void *arg)
{
    const struct act *act = arg;

    return act->deployer->ops->inspect(
        act->deployer->self, task, act->action->node, &act->seen->process, act->seen->detail);
}

static assay_status call_control(assay_task *task, void *arg)
{
    const struct act *act = arg;

    return act->deployer->ops->control(act->deployer->self, task, act->action, act->until);
}

/* An operation of the deployer's that outlives its caller's stack would be a disaster: what is
   passed lives on the heap, and is left alone when the deployer is stuck. */
static assay_status call_deployer(assay_task *task, const struct act *act,
    assay_status (*body)(assay_task *, void *), struct host_operation_result *result)
{
    struct act *passed = mem_new(sizeof(*passed));
    struct host_operation_spec spec = {.name = body == call_inspect ? "inspect" : "control",
        .body = body,
        .grace = NESTED_GRACE,
        .limit = body == call_inspect ? INSPECT_LIMIT : 0};
    struct sighting *seen = mem_new(sizeof(*seen));
    assay_action *action = mem_new(sizeof(*action));
    assay_status s = ASSAY_E_NOMEM;

    *result = (struct host_operation_result){.status = s};
    if (passed && seen && action) {
        *action = *act->action;
        seen->process.struct_size = sizeof(seen->process);
        *passed = *act;
        passed->action = action;
        passed->seen = seen;
        spec.arg = passed;
        s = task_call(task, act->deployer->instance, &spec, result);
    }
    if (result->is_stuck)
        return s;
    if (!s && act->seen) {
        *act->seen = *seen;
        act->seen->detail[sizeof(act->seen->detail) - 1] = '\0';
    }
    free(passed);
    free(seen);
    free(action);
    return s;
}

static void inspect(assay_task *task, const struct act *act, struct sighting *out)
{
    struct act look = *act;
    auto_free struct host_operation_result *result = mem_new(sizeof(*result));

    *out = (struct sighting){.status = ASSAY_E_NOMEM};
    look.seen = out;
    if (result)
        out->status = call_deployer(task, &look, call_inspect, result);
}

/* Looks until the effect shows or time is up. */
static assay_status find_proof(
    assay_task *task, const struct act *act, const struct sighting *before, assay_receipt *receipt)
{
    struct host *host = host_of(task_host(task));
    struct sighting after;

    for (;;) {
        const assay_ns now = host_now(host);
        assay_status s = ASSAY_OK;

        inspect(task, act, &after);
        control_describe(&after, receipt->after);
        receipt->done_at = host_now(host);
        if (control_is_proven(act->action->kind, before, &after)) {
            receipt->proof = ASSAY_PROVEN;
            return ASSAY_OK;
        }
        if (now >= act->until)
            return ASSAY_OK; /* unproven: that is for the receipt to say */
        s = clock_table.sleep_until(task, now + LOOK_AGAIN);
        if (s)
            return s;
    }
}

static bool has_probe(uint32_t kind)
{
    return kind >= ASSAY_ACT_START && kind <= ASSAY_ACT_REPLACE;
}

static assay_status do_action(assay_task *task, const struct act *act, assay_receipt *receipt)
{
    struct host *host = host_of(task_host(task));
    auto_free struct host_operation_result *result = mem_new(sizeof(*result));
    struct sighting before;
    assay_status s = ASSAY_OK;

    if (!result)
        return task_fail(task, ASSAY_E_NOMEM, "out of memory");
    inspect(task, act, &before);
    control_describe(&before, receipt->before);
    s = call_deployer(task, act, call_control, result);
    receipt->done_at = host_now(host);
    if (s)
        return task_fail(
            task, s, "%s: %s", host_instance_name(act->deployer->instance), result->why);
    if (!has_probe(act->action->kind)) {
        struct sighting after;

        inspect(task, act, &after);
        control_describe(&after, receipt->after);
        return ASSAY_OK;
    }
    return find_proof(task, act, &before, receipt);
}

/* ---- receipts ---- */

static void file_receipt(struct host *host, const char *instance, const assay_receipt *receipt)
{
    struct control *control = host->control;
    const struct filed_receipt filed = {.instance = instance, .receipt = *receipt};
    char text[512];

    (void)pthread_mutex_lock(&control->lock);
    (void)vec_push(&control->receipts, &filed); /* full or no memory: the event tells it still */
    (void)pthread_mutex_unlock(&control->lock);
    (void)snprintf(text, sizeof(text), "action %u on %s: %s; before: %s; after: %s", receipt->kind,
        host->config.topology->nodes[receipt->node].name,
        receipt->proof == ASSAY_PROVEN ? "proven" : "unproven", receipt->before, receipt->after);
    host_event(host, "action", instance, text);
}

bool host_receipt_at(
    const struct host *host, size_t index, const char **instance, assay_receipt *out)
{
    struct control *control = host->control;
    bool is_there = false;

    (void)pthread_mutex_lock(&control->lock);
    is_there = index < control->receipts.count;
    if (is_there) {
        const struct filed_receipt *filed = vec_at(&control->receipts, index);

        *instance = filed->instance;
        (void)record_give(out, &filed->receipt, sizeof(filed->receipt));
    }
    (void)pthread_mutex_unlock(&control->lock);
    return is_there;
}

/* ---- the service ---- */

static bool is_supported(const struct host *host, uint32_t kind)
{
    return kind < 64 && host->config.control_actions & (uint64_t)1 << kind;
}

static uint32_t service_supports(const assay_host *table, uint32_t kind)
{
    return is_supported(host_of(table), kind);
}

/* Waits for its turn. */
static assay_status control_begin(assay_task *task, struct control *control, assay_ns until)
{
    assay_status s = task_enter(task);

    if (s)
        return s;
    (void)pthread_mutex_lock(&control->lock);
    while (!s && control->is_busy)
        s = waiters_wait(&control->waiters, task, &control->lock, until);
    if (!s)
        control->is_busy = true;
    (void)pthread_mutex_unlock(&control->lock);
    return s;
}

static void control_end(struct control *control)
{
    (void)pthread_mutex_lock(&control->lock);
    control->is_busy = false;
    waiters_wake_one(&control->waiters);
    (void)pthread_mutex_unlock(&control->lock);
}

static assay_status check_action(assay_task *task, const assay_action *action)
{
    const struct host *host = host_of(task_host(task));
    const uint32_t nodes = host_node_count(host);

    if (action->node >= nodes || (action->peer >= nodes && action->peer != ASSAY_NO_NODE))
        return task_fail(task, ASSAY_E_INVALID, "control.act: there is no node %u",
            action->node >= nodes ? action->node : action->peer);
    if (!is_supported(host, action->kind) || !host->deployer.ops || !host->deployer.ops->control ||
        !host->deployer.ops->inspect)
        return task_fail(task, ASSAY_E_UNSUPPORTED, "control.act: the deployer cannot do action %u",
            action->kind);
    return ASSAY_OK;
}

static assay_status service_act(
    assay_task *task, const assay_action *theirs, assay_ns until, assay_receipt *out)
{
    struct host *host = host_of(task_host(task));
    assay_action action;
    assay_receipt receipt = {.struct_size = sizeof(receipt)};
    struct act act = {.deployer = &host->deployer, .action = &action, .until = until};
    assay_status s = ASSAY_OK;

    if (!record_take(&action, sizeof(action), theirs))
        return task_fail(task, ASSAY_E_INVALID, "control.act: struct_size is not set");
    s = check_action(task, &action);
    if (!s)
        s = control_begin(task, host->control, until);
    if (s)
        return s;
    receipt.kind = action.kind;
    receipt.node = action.node;
    receipt.asked_at = host_now(host);
    s = do_action(task, &act, &receipt);
    control_end(host->control);
    file_receipt(host, task_host(task)->instance, &receipt);
    if (!s && out && !record_give(out, &receipt, sizeof(receipt)))
        return task_fail(
            task, ASSAY_E_INVALID, "control.act: the receipt's struct_size is not set");
    return s;
}

const assay_control control_table = {
    .struct_size = sizeof(assay_control),
    .supports = service_supports,
    .act = service_act,
};

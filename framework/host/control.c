#include "framework/host/control.h"

#include <stdio.h>
#include <string.h>

#include "framework/base/mem.h"
#include "framework/base/number.h"
#include "framework/base/parse.h"
#include "framework/host/nodes.h"
#include "framework/host/operation.h"
#include "framework/host/record.h"
#include "framework/host/sighting.h"
#include "framework/host/state.h"
#include "framework/host/tasks_internal.h"
#include "framework/topology/topology.h"

#define LOOK_AGAIN (20 * ASSAY_MS)
/* What a deployer has beyond the deadline it was given, to end with its own words about it. */
#define LAST_WORDS (2 * ASSAY_SECOND)

struct filed_receipt {
    const char *instance; /* who asked */
    assay_receipt receipt;
};

struct control {
    pthread_mutex_t lock; /* guards everything */
    bool is_busy;         /* an action is under way */
    struct waiters waiters;
    struct vec receipts; /* struct filed_receipt */
    bool *has_answered;  /* by node: its API has been seen to answer */
};

struct control *control_new(uint32_t node_count, size_t receipts_max)
{
    struct control *control = mem_new(sizeof(*control));

    if (!control)
        return NULL;
    (void)pthread_mutex_init(&control->lock, NULL);
    vec_init(&control->receipts, sizeof(struct filed_receipt), receipts_max);
    control->has_answered = mem_new_array(node_count, sizeof(*control->has_answered));
    if (!control->has_answered) {
        control_free(control);
        return NULL;
    }
    return control;
}

void control_free(struct control *control)
{
    if (!control)
        return;
    free(control->has_answered);
    vec_done(&control->receipts);
    (void)pthread_mutex_destroy(&control->lock);
    free(control);
}

const char *control_action_name(uint32_t kind)
{
    static const char *const names[] = {NULL, "start", "stop", "restart", "kill", "pause", "resume",
        "replace", "cut", "heal", "shape", "limit"};

    return kind < ARRAY_COUNT(names) && names[kind] ? names[kind] : "unknown action";
}

/* ---- one action ---- */

static bool note_answer(struct control *control, uint32_t node, const struct sighting *sighting)
{
    bool has_answered = false;

    (void)pthread_mutex_lock(&control->lock);
    control->has_answered[node] |= sighting->answer == ANSWER_YES;
    has_answered = control->has_answered[node];
    (void)pthread_mutex_unlock(&control->lock);
    return has_answered;
}

/* What the deployer's operation is given. */
struct act {
    const struct attached_deployer *deployer;
    assay_action action;
    assay_ns until;
    char *detail; /* action's; owned */
};

static assay_status call_control(assay_task *task, void *arg)
{
    const struct act *act = arg;

    return act->deployer->ops->control(act->deployer->self, task, &act->action, act->until);
}

/* An operation of the deployer's that outlives its caller's stack would be a disaster: what is
   passed lives on the heap, and is left alone when the deployer is stuck. */
static assay_status call_deployer(
    assay_task *task, const assay_action *action, assay_ns until, struct host_operation_result *out)
{
    struct host *host = host_of(task_host(task));
    const assay_ns left = until - host_now(host);
    struct host_operation_spec spec = {
        .name = "control", .body = call_control, .grace = NESTED_GRACE};
    struct act *act = mem_new(sizeof(*act));
    assay_status s = ASSAY_E_NOMEM;

    *out = (struct host_operation_result){.status = s};
    if (!act)
        return s;
    *act = (struct act){.deployer = &host->deployer, .action = *action, .until = until};
    act->detail = action->detail ? mem_dup(action->detail) : NULL;
    act->action.detail = act->detail;
    spec.arg = act;
    if (until != ASSAY_FOREVER)
        spec.limit = (left > 0 ? left : 0) + LAST_WORDS;
    s = task_call(task, host->deployer.instance, &spec, out);
    if (!out->is_stuck) {
        free(act->detail);
        free(act);
    }
    return out->is_late ? ASSAY_E_TIMEOUT : s;
}

/* Looks until the effect shows or time is up. */
static assay_status find_proof(
    assay_task *task, const struct sighting *before, assay_ns until, assay_receipt *receipt)
{
    struct host *host = host_of(task_host(task));
    struct sighting after;

    for (;;) {
        const assay_ns now = host_now(host);
        assay_status s = ASSAY_OK;
        bool must_answer = false;

        sighting_take(task, receipt->node, &after);
        sighting_describe(&after, receipt->after);
        receipt->done_at = host_now(host);
        must_answer = note_answer(host->control, receipt->node, &after);
        if (sighting_proves(receipt->kind, before, &after, must_answer)) {
            receipt->proof = ASSAY_PROVEN;
            return ASSAY_OK;
        }
        if (now >= until)
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

static void look_after(assay_task *task, assay_receipt *receipt)
{
    struct sighting after;

    sighting_take(task, receipt->node, &after);
    sighting_describe(&after, receipt->after);
}

static assay_status do_action(
    assay_task *task, const assay_action *action, assay_ns until, assay_receipt *receipt)
{
    struct host *host = host_of(task_host(task));
    auto_free struct host_operation_result *result = mem_new(sizeof(*result));
    const char *name = host->config.topology->nodes[action->node].name;
    struct sighting before;
    assay_status s = ASSAY_OK;

    if (!result)
        return task_fail(task, ASSAY_E_NOMEM, "out of memory");
    sighting_take(task, action->node, &before);
    sighting_describe(&before, receipt->before);
    (void)note_answer(host->control, action->node, &before);
    s = call_deployer(task, action, until, result);
    receipt->done_at = host_now(host);
    if (s || !has_probe(action->kind))
        look_after(task, receipt);
    if (s == ASSAY_E_CANCELLED)
        return s; /* whoever cancelled it knows why */
    if (s)
        return task_fail(task, s, "%s of %s: %s: %s", control_action_name(action->kind), name,
            host_instance_name(host->deployer.instance), result->why);
    return has_probe(action->kind) ? find_proof(task, &before, until, receipt) : ASSAY_OK;
}

/* ---- receipts ---- */

/* ASSAY_E_NOMEM: it could not be kept, so nobody who judges will hear of it. */
static assay_status file_receipt(
    struct host *host, const char *instance, const assay_receipt *receipt)
{
    struct control *control = host->control;
    const struct filed_receipt filed = {.instance = instance, .receipt = *receipt};
    char text[512];
    assay_status s = ASSAY_OK;

    observation_note_receipt(host->observation, receipt);
    (void)pthread_mutex_lock(&control->lock);
    s = vec_push(&control->receipts, &filed);
    (void)pthread_mutex_unlock(&control->lock);
    (void)snprintf(text, sizeof(text), "%s of %s: %s; before: %s; after: %s",
        control_action_name(receipt->kind), host->config.topology->nodes[receipt->node].name,
        receipt->proof == ASSAY_PROVEN ? "proven" : "unproven", receipt->before, receipt->after);
    host_event(host, "action", instance, text);
    return s;
}

size_t control_receipt_count(struct control *control)
{
    size_t count = 0;

    (void)pthread_mutex_lock(&control->lock);
    count = control->receipts.count;
    (void)pthread_mutex_unlock(&control->lock);
    return count;
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
assay_status control_begin(assay_task *task, struct control *control, assay_ns until)
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
    return s == ASSAY_E_TIMEOUT
        ? task_fail(task, s, "control.act: another action was still under way when time was up")
        : s;
}

void control_end(struct control *control)
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
    if (control_receipt_count(host->control) == host->control->receipts.count_max)
        return task_fail(task, ASSAY_E_LAGGED,
            "control.act: there have been %zu actions, and one run has room for no more receipts",
            host->control->receipts.count_max);
    if (!is_supported(host, action->kind) || !host->deployer.ops || !host->deployer.ops->control ||
        !host->deployer.ops->inspect)
        return task_fail(task, ASSAY_E_UNSUPPORTED, "control.act: the deployer cannot %s a node",
            control_action_name(action->kind));
    return ASSAY_OK;
}

static assay_status service_act(
    assay_task *task, const assay_action *theirs, assay_ns until, assay_receipt *out)
{
    struct host *host = host_of(task_host(task));
    assay_action action;
    assay_receipt receipt = {.struct_size = sizeof(receipt)};
    assay_status s = ASSAY_OK, filed = ASSAY_OK;

    if (!record_take(&action, sizeof(action), theirs))
        return task_fail(task, ASSAY_E_INVALID, "control.act: struct_size is not set");
    if (out && out->struct_size < sizeof(size_t))
        return task_fail(
            task, ASSAY_E_INVALID, "control.act: the receipt's struct_size is not set");
    s = check_action(task, &action);
    if (!s)
        s = control_begin(task, host->control, until);
    if (s)
        return s;
    receipt.kind = action.kind;
    receipt.node = action.node;
    receipt.asked_at = host_now(host);
    observation_expect_absence(host->observation, action.node, receipt.asked_at);
    s = do_action(task, &action, until, &receipt);
    filed = file_receipt(host, task_host(task)->instance, &receipt);
    control_end(host->control);
    if (!s && filed)
        return task_fail(task, filed, "control.act: there is no memory for the receipt");
    if (!s && out)
        (void)record_give(out, &receipt, sizeof(receipt));
    return s;
}

const assay_control control_table = {
    .struct_size = sizeof(assay_control),
    .supports = service_supports,
    .act = service_act,
};

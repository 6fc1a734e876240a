#include "framework/run/actor.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "framework/base/str.h"

enum {
    TEXT_SIZE = HOST_WHY_SIZE - 32
}; /* leaves room for the operation's name in front */

assay_status actor_init(
    struct actor *actor, struct host *host, const struct plan_instance *item, struct error *err)
{
    const struct host_instance_config config = {.name = item->instance->name,
        .plugin_id = item->instance->plugin_id,
        .kind = item->instance->kind};

    *actor = (struct actor){.instance = item->instance, .plugin = item->plugin, .coverage = 1.0};
    return host_instance_new(host, &config, &actor->host, err);
}

void actor_done(struct actor *actor)
{
    if (!actor->host || host_instance_is_stuck(actor->host))
        return; /* its threads may still use what would be freed */
    host_instance_free(actor->host);
    actor->host = NULL;
}

/* ---- what an operation came to ---- */

/* The first problem of an actor is the one worth knowing; later ones tend to follow from it. A
   failure that was judged is evidence, and what goes wrong while clearing up does not hide it. */
static void set_problem(struct actor *actor, enum outcome outcome, const char *operation,
    const struct host_operation_result *result)
{
    const bool is_hidden = actor->is_broken ? outcome <= actor->outcome : outcome < actor->outcome;

    actor->is_broken = true;
    if (is_hidden)
        return;
    actor->outcome = outcome;
    (void)snprintf(actor->why, sizeof(actor->why), "%s: %.*s", operation, TEXT_SIZE,
        result->why[0] ? result->why : status_text(result->status));
}

static bool settle(
    struct actor *actor, const char *operation, const struct host_operation_result *result)
{
    if (result->is_violation || result->is_stuck) {
        set_problem(actor, OUTCOME_ERROR, operation, result);
        return false;
    }
    if (result->is_late) {
        set_problem(actor, OUTCOME_UNDECIDED, operation, result);
        return false;
    }
    if (result->status == ASSAY_OK)
        return true;
    if (result->status == ASSAY_E_CANCELLED && result->was_cancelled)
        return true; /* that is how it was meant to end */
    set_problem(actor, OUTCOME_UNDECIDED, operation, result);
    return false;
}

static bool perform(struct actor *actor, const struct host_operation_spec *spec)
{
    struct host_operation_result result = {0};

    (void)host_run_operation(actor->host, spec, &result);
    return settle(actor, spec->name, &result);
}

/* ---- operations ---- */

/* create takes no task, but a task is what a crash, a hang and a failure are accounted to. */
static assay_status call_create(assay_task *task, void *arg)
{
    struct actor *actor = arg;

    (void)task;
    return actor->plugin->descriptor.create(
        host_instance_table(actor->host), actor->instance->values.data, &actor->self);
}

static assay_status call_destroy(assay_task *task, void *arg)
{
    const struct actor *actor = arg;

    (void)task;
    actor->plugin->descriptor.destroy(actor->self);
    return ASSAY_OK;
}

static assay_status call_prepare(assay_task *task, void *arg)
{
    const struct actor *actor = arg;

    return actor->plugin->descriptor.prepare(actor->self, task);
}

static assay_status call_plan(assay_task *task, void *arg)
{
    const struct actor *actor = arg;

    return actor->plugin->system.plan(actor->self, task);
}

static assay_status call_run(assay_task *task, void *arg)
{
    const struct actor *actor = arg;

    return actor->plugin->descriptor.run(actor->self, task);
}

static assay_status call_finish(assay_task *task, void *arg)
{
    const struct actor *actor = arg;

    return actor->plugin->descriptor.finish(actor->self, task);
}

static assay_status call_judge(assay_task *task, void *arg)
{
    struct actor *actor = arg;

    return actor->plugin->descriptor.judge(actor->self, task, &actor->verdict);
}

bool actor_create(struct actor *actor)
{
    const struct host_operation_spec spec = {.name = "create",
        .body = call_create,
        .arg = actor,
        .limit = 10 * ASSAY_SECOND, /* it must not block at all */
        .grace = ASSAY_SECOND};

    actor->is_created = perform(actor, &spec);
    return actor->is_created;
}

bool actor_destroy(struct actor *actor)
{
    const struct host_operation_spec spec = {.name = "destroy",
        .body = call_destroy,
        .arg = actor,
        .limit = 10 * ASSAY_SECOND, /* as for create */
        .grace = ASSAY_SECOND,
        .is_sheltered = true};

    if (!actor->is_created)
        return true;
    actor->is_created = false;
    return perform(actor, &spec);
}

bool actor_prepare(struct actor *actor, const struct actor_limits *limits)
{
    const struct host_operation_spec spec = {.name = "prepare",
        .body = call_prepare,
        .arg = actor,
        .limit = limits->operation,
        .grace = limits->grace};

    actor->is_prepared = true; /* finish is owed even when it fails */
    return !actor->plugin->descriptor.prepare || perform(actor, &spec);
}

bool actor_plan(struct actor *actor, const struct actor_limits *limits)
{
    const struct host_operation_spec spec = {.name = "plan",
        .body = call_plan,
        .arg = actor,
        .limit = limits->operation,
        .grace = limits->grace};

    return perform(actor, &spec);
}

bool actor_finish(struct actor *actor, const struct actor_limits *limits)
{
    const struct host_operation_spec spec = {.name = "finish",
        .body = call_finish,
        .arg = actor,
        .limit = limits->operation,
        .grace = limits->grace,
        .is_sheltered = true};

    if (!actor->is_prepared || !actor->plugin->descriptor.finish)
        return true;
    actor->is_prepared = false;
    return host_instance_is_stuck(actor->host) || perform(actor, &spec);
}

static bool start(struct actor *actor, const struct host_operation_spec *spec)
{
    assert(!actor->running);

    if (host_operation_start(actor->host, spec, &actor->running) == ASSAY_OK)
        return true;
    actor->is_broken = true;
    actor->outcome = outcome_worst(actor->outcome, OUTCOME_ERROR);
    (void)snprintf(actor->why, sizeof(actor->why),
        "%s: no thread could be started; the machine is out of memory or threads", spec->name);
    return false;
}

bool actor_deploy_start(struct actor *actor, const struct actor_limits *limits)
{
    const struct host_operation_spec spec = {
        .name = "prepare", .body = call_prepare, .arg = actor, .grace = limits->grace};

    actor->is_prepared = true;
    return start(actor, &spec);
}

bool actor_run_start(struct actor *actor, const struct actor_limits *limits)
{
    const struct host_operation_spec spec = {
        .name = "run", .body = call_run, .arg = actor, .grace = limits->grace};

    if (actor->is_broken || !actor->plugin->descriptor.run)
        return !actor->is_broken;
    actor->was_run = true;
    return start(actor, &spec);
}

bool actor_is_running(const struct actor *actor)
{
    return actor->running && !host_operation_is_done(actor->running);
}

bool actor_end(struct actor *actor, bool is_cancelled)
{
    struct host_operation_result result = {0};
    const char *name = actor->instance->kind == ASSAY_DEPLOYER ? "prepare" : "run";

    if (!actor->running)
        return true;
    if (is_cancelled)
        host_operation_cancel(actor->running);
    host_operation_finish(actor->running, &result);
    actor->running = NULL;
    return settle(actor, name, &result);
}

/* ---- judging ---- */

__attribute__((format(printf, 2, 3))) static bool reject_verdict(
    struct actor *actor, const char *format, ...)
{
    char text[160];
    va_list args;

    va_start(args, format);
    (void)vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    host_violation(actor->host, "judge returned OK and %s", text);
    actor->outcome = OUTCOME_ERROR;
    (void)snprintf(actor->why, sizeof(actor->why),
        "judge: returned OK and %s; what it says does not count", text);
    return false;
}

/* Takes the plugin's answer. One that it never gave, or that makes no sense in any field, is a
   broken contract and never a pass; an answer is only taken from a judge that returned OK. */
static bool take_verdict(struct actor *actor)
{
    const assay_verdict *verdict = &actor->verdict;

    if (verdict->outcome < ASSAY_PASS || verdict->outcome > ASSAY_VACUOUS)
        return reject_verdict(actor, "the outcome %u, which is none", (unsigned)verdict->outcome);
    if (!(verdict->coverage >= 0.0 && verdict->coverage <= 1.0)) /* not a number is neither */
        return reject_verdict(
            actor, "a coverage of %g, which is not from 0 to 1", verdict->coverage);
    if (verdict->reserved != 0)
        return reject_verdict(actor, "%u in a reserved field", (unsigned)verdict->reserved);
    actor->outcome = outcome_of_verdict(verdict->outcome);
    actor->coverage = verdict->coverage;
    (void)snprintf(actor->why, sizeof(actor->why), "%.*s",
        (int)strnlen(verdict->why, sizeof(verdict->why)), verdict->why);
    return true;
}

bool actor_judge(struct actor *actor, const struct actor_limits *limits)
{
    const struct host_operation_spec spec = {.name = "judge",
        .body = call_judge,
        .arg = actor,
        .limit = limits->operation,
        .grace = limits->grace};
    struct host_operation_result result = {0};

    actor->is_judged = true;
    actor->verdict = (assay_verdict){.struct_size = sizeof(actor->verdict), .coverage = 1.0};
    if (actor->is_broken)
        return false; /* what it watched is incomplete: its problem is its verdict */
    (void)host_run_operation(actor->host, &spec, &result);
    if (!settle(actor, spec.name, &result))
        return false;
    if (result.status == ASSAY_E_CANCELLED) {
        actor->outcome = OUTCOME_UNDECIDED;
        (void)snprintf(actor->why, sizeof(actor->why), "judge: interrupted");
        return false;
    }
    return take_verdict(actor);
}

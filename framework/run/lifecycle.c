#include "framework/run/lifecycle.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#include "framework/base/mem.h"
#include "framework/base/parse.h"
#include "framework/run/actor.h"
#include "framework/run/collect.h"
#include "framework/run/crumb.h"
#include "framework/run/endpoints.h"

#define TICK             (250 * ASSAY_MS) /* what the chart shows */
#define TICKS_PER_LINE   4                /* progress and series: once a second */
#define FIRST_LOOK_EVERY (10 * ASSAY_MS)
#define FIRST_LOOK_MAX   (10 * ASSAY_SECOND) /* all nodes were ready a moment ago */

/* The predecessor's numbers (node contract 8.1), by name. */
#define COOLDOWN_BLOCKS_MIN  5
#define COOLDOWN_CONTROL_MIN (30 * ASSAY_SECOND)
#define SETTLE_MIN           (2 * ASSAY_SECOND)

enum state {
    STATE_CREATE,
    STATE_PLAN,
    STATE_DEPLOY,
    STATE_OBSERVE,
    STATE_PREPARE,
    STATE_RUN,
    STATE_COOLDOWN,
    STATE_SETTLE,
    STATE_JUDGE,
    STATE_TEARDOWN,
    STATE_OVER
};

enum event {
    EVENT_OK,
    EVENT_FAILED,
    EVENT_INTERRUPTED
};

struct life {
    const struct lifecycle *config;
    struct host *host;
    struct report *report;
    struct progress *progress;
    struct actor *actors; /* system, deployer, then the rest in the manifest's order */
    size_t actor_count;
    struct actor_limits limits;
    assay_ns next_tick;
    uint64_t ticks;
    bool was_started; /* the deployer was asked to bring the network up */
    bool is_deployed; /* the network is up: expectations can be judged */
};

#define EACH_ACTOR(actor, life)                                                                    \
    for (struct actor *actor = (life)->actors; actor < (life)->actors + (life)->actor_count;       \
         actor++)

assay_ns lifecycle_cooldown(const struct run_options *run, const assay_run_facts *facts)
{
    const assay_ns blocks = facts->final_depth > COOLDOWN_BLOCKS_MIN ? (assay_ns)facts->final_depth
                                                                     : COOLDOWN_BLOCKS_MIN;
    assay_ns cooldown;

    if (run->cooldown != RUN_AUTO)
        return run->cooldown;
    if (__builtin_mul_overflow(blocks, facts->block_interval, &cooldown))
        cooldown = facts->duration;
    if (facts->node_control && cooldown < COOLDOWN_CONTROL_MIN)
        cooldown = COOLDOWN_CONTROL_MIN;
    return cooldown;
}

assay_ns lifecycle_settle(const struct run_options *run, const assay_run_facts *facts)
{
    if (run->settle != RUN_AUTO)
        return run->settle;
    return facts->block_interval > SETTLE_MIN ? facts->block_interval : SETTLE_MIN;
}

/* ---- waiting ---- */

static void tick(struct life *life)
{
    struct error err = {0};

    life->next_tick = host_now(life->host) + TICK;
    collect_points(life->host, life->report);
    if (++life->ticks % TICKS_PER_LINE != 0)
        return;
    progress_tick(life->progress, life->host);
    if (host_series_write(life->host, &err))
        (void)report_add_notice(life->report, err.text);
}

/* As host_wait, with ticks. */
static assay_status life_wait(
    struct life *life, assay_ns until, bool (*is_done)(void *context), void *context)
{
    for (;;) {
        const assay_ns next = until < life->next_tick ? until : life->next_tick;
        const assay_status status = host_wait(life->host, next, is_done, context);

        if (status != ASSAY_E_TIMEOUT)
            return status;
        if (host_now(life->host) >= until)
            return ASSAY_E_TIMEOUT;
        if (host_now(life->host) >= life->next_tick)
            tick(life);
    }
}

static enum event event_of(const struct life *life, bool is_fine)
{
    if (host_is_interrupted(life->host))
        return EVENT_INTERRUPTED;
    return is_fine ? EVENT_OK : EVENT_FAILED;
}

static struct actor *actor_of_kind(struct life *life, uint32_t kind)
{
    EACH_ACTOR(actor, life)
    {
        if (actor->instance->kind == kind)
            return actor;
    }
    return NULL;
}

/* What went wrong before the window opened is the reason for the whole run. */
static void set_reason(struct life *life, const struct actor *actor, enum exit_code exit_code)
{
    struct report *report = life->report;

    if (report->reason)
        return;
    report->reason = report_reason(actor->instance->name, actor->why);
    report->outcome = outcome_worst(report->outcome, actor->outcome);
    report->exit_code = actor->outcome == OUTCOME_UNDECIDED
        ? (int)exit_code
        : (int)outcome_exit_code(report->outcome);
}

/* ---- create and plan ---- */

static bool attach_system(struct life *life, struct actor *actor)
{
    const assay_system_ops *ops = &actor->plugin->system;

    host_attach_system(life->host, actor->host, ops, actor->self);
    for (const char *const *offer = actor->plugin->descriptor.offers; *offer; offer++) {
        const void *table = ops->service ? ops->service(actor->self, *offer) : NULL;

        if (table && host_offer(life->host, *offer, table) == ASSAY_OK)
            continue;
        host_violation(actor->host, "it declares to offer %s and %s", *offer,
            table ? "that id is taken" : "does not");
        actor->outcome = OUTCOME_ERROR;
        (void)snprintf(actor->why, sizeof(actor->why), "the service %s cannot be offered: %s",
            *offer, table ? "the id is taken" : "the plugin gave no table for it");
        return false;
    }
    return true;
}

static bool create_actor(struct life *life, struct actor *actor)
{
    if (!actor_create(actor))
        return false;
    if (actor->instance->kind == ASSAY_SYSTEM)
        return attach_system(life, actor);
    if (actor->instance->kind == ASSAY_DEPLOYER)
        host_attach_deployer(
            life->host, actor->host, actor->plugin->descriptor.deployer, actor->self);
    return true;
}

static enum event enter_create(struct life *life)
{
    bool is_fine = true;

    EACH_ACTOR(actor, life)
    {
        const bool is_ground = /* on which the others stand */
            actor->instance->kind == ASSAY_SYSTEM || actor->instance->kind == ASSAY_DEPLOYER;

        if (create_actor(life, actor))
            continue;
        is_fine = false;
        set_reason(life, actor, is_ground ? EXIT_CODE_DEPLOYMENT : EXIT_CODE_UNDECIDED);
        /* What is wrong with the options of several is told at once. */
        if (is_ground || actor->outcome != OUTCOME_UNDECIDED)
            break;
    }
    return event_of(life, is_fine);
}

static enum event enter_plan(struct life *life)
{
    struct actor *system = actor_of_kind(life, ASSAY_SYSTEM);

    if (actor_prepare(system, &life->limits) && actor_plan(system, &life->limits))
        return event_of(life, true);
    set_reason(life, system, EXIT_CODE_DEPLOYMENT);
    return event_of(life, false);
}

/* ---- deploy and observe ---- */

static bool is_actor_done(void *context)
{
    return !actor_is_running(context);
}

static enum event enter_deploy(struct life *life)
{
    struct actor *deployer = actor_of_kind(life, ASSAY_DEPLOYER);
    const assay_ns start = host_now(life->host);
    char took[QUANTITY_TEXT_SIZE];
    bool is_fine;

    life->was_started = true;
    is_fine = actor_deploy_start(deployer, &life->limits);
    if (is_fine) {
        (void)life_wait(life, ASSAY_FOREVER, is_actor_done, deployer);
        is_fine = actor_end(deployer, host_is_interrupted(life->host));
    }
    if (is_fine && !host_is_interrupted(life->host)) {
        progress_say(life->progress, "%u nodes ready in %s", host_node_count(life->host),
            format_span((host_now(life->host) - start) / ASSAY_MS * ASSAY_MS, took));
        endpoints_print(life->host);
    }
    if (!is_fine)
        set_reason(life, deployer, EXIT_CODE_DEPLOYMENT);
    return event_of(life, is_fine);
}

static bool is_observed(const struct host *host)
{
    for (uint32_t node = 0; node < host_node_count(host); node++) {
        assay_node_status status = {.struct_size = sizeof(status)};

        if (host_node_status(host, node, &status) || status.observed_at < 0)
            return false;
    }
    return true;
}

/* The window opens on a network that has been looked at: what was there before is then known from
   what came in it. A node that cannot be seen is for the expectations to judge. */
static void await_first_look(struct life *life)
{
    const assay_ns until = host_now(life->host) + FIRST_LOOK_MAX;

    while (!is_observed(life->host) && host_now(life->host) < until) {
        if (life_wait(life, host_now(life->host) + FIRST_LOOK_EVERY, NULL, NULL) != ASSAY_E_TIMEOUT)
            return;
    }
}

static enum event enter_observe(struct life *life)
{
    struct error err = {0};

    if (host_follow_start(life->host, &err) == ASSAY_OK &&
        host_watch_start(life->host, &err) == ASSAY_OK) {
        life->is_deployed = true;
        await_first_look(life);
        return event_of(life, true);
    }
    life->report->outcome = outcome_worst(life->report->outcome, OUTCOME_UNDECIDED);
    life->report->exit_code = EXIT_CODE_DEPLOYMENT;
    if (!life->report->reason)
        life->report->reason = str_format("the nodes cannot be followed: %s", err.text);
    return event_of(life, false);
}

/* ---- prepare, run, cooldown, settle ---- */

static bool prepare_kind(struct life *life, uint32_t kind)
{
    bool is_fine = true;

    EACH_ACTOR(actor, life)
    {
        if (actor->instance->kind == kind && !actor_prepare(actor, &life->limits))
            is_fine = false;
    }
    return is_fine;
}

/* Expectations first: a baseline is taken before anything happens. Those that cannot prepare end
   undecided; the run goes on for what the others can tell. */
static enum event enter_prepare(struct life *life)
{
    const bool is_fine = prepare_kind(life, ASSAY_EXPECTATION);

    return event_of(life, prepare_kind(life, ASSAY_WORKLOAD) && is_fine);
}

static void start_kind(struct life *life, uint32_t kind)
{
    EACH_ACTOR(actor, life)
    {
        if (actor->instance->kind == kind && !actor_run_start(actor, &life->limits))
            progress_say(life->progress, "%s does not run: %s", actor->instance->name, actor->why);
    }
}

static enum event enter_run(struct life *life)
{
    host_open_window(life->host);
    life->report->window_start = host_window_start(life->host);
    life->report->window_end = host_window_end(life->host);
    progress_state(life->progress, life->host, "run", life->report->window_end);
    start_kind(life, ASSAY_EXPECTATION);
    start_kind(life, ASSAY_WORKLOAD);
    (void)life_wait(life, life->report->window_end, NULL, NULL);
    return event_of(life, true);
}

static void end_kind(struct life *life, uint32_t kind)
{
    EACH_ACTOR(actor, life)
    {
        if (actor->instance->kind == kind && actor->running)
            host_operation_cancel(actor->running); /* all at once, so that their graces overlap */
    }
    EACH_ACTOR(actor, life)
    {
        if (actor->instance->kind == kind && !actor_end(actor, true))
            progress_say(life->progress, "%s failed: %s", actor->instance->name, actor->why);
    }
}

/* Lets so much time pass as the manifest or, by default, the run's facts say. */
static void serve(struct life *life, const char *name,
    assay_ns (*span)(const struct run_options *run, const assay_run_facts *facts))
{
    assay_run_facts facts = {.struct_size = sizeof(facts)};
    assay_ns until;

    host_facts(life->host, &facts);
    until = host_now(life->host) + span(&life->config->plan->manifest.run, &facts);
    progress_state(life->progress, life->host, name, until);
    (void)life_wait(life, until, NULL, NULL);
}

static enum event enter_cooldown(struct life *life)
{
    serve(life, "cooldown", lifecycle_cooldown);
    end_kind(life, ASSAY_WORKLOAD);
    return event_of(life, true);
}

static enum event enter_settle(struct life *life)
{
    serve(life, "settle", lifecycle_settle);
    return event_of(life, true);
}

/* ---- judge ---- */

static enum event enter_judge(struct life *life)
{
    end_kind(life, ASSAY_EXPECTATION);
    host_watch_look(life->host);
    EACH_ACTOR(actor, life)
    {
        if (actor->instance->kind != ASSAY_EXPECTATION || host_is_interrupted(life->host))
            continue;
        (void)actor_judge(actor, &life->limits);
        progress_say(life->progress, "%s: %s", actor->instance->name, outcome_name(actor->outcome));
    }
    return event_of(life, true);
}

/* What was not judged is not passed, and neither is a workload that never ran. */
static void close_open_judgements(struct life *life)
{
    EACH_ACTOR(actor, life)
    {
        const bool is_workload = actor->instance->kind == ASSAY_WORKLOAD;
        const bool is_open = is_workload
            ? !actor->was_run
            : actor->instance->kind == ASSAY_EXPECTATION && !actor->is_judged;

        if (!is_open || actor->is_broken)
            continue;
        actor->outcome = outcome_worst(actor->outcome, OUTCOME_UNDECIDED);
        (void)snprintf(actor->why, sizeof(actor->why), "not %s: %s", is_workload ? "run" : "judged",
            host_is_interrupted(life->host) ? "the run was interrupted"
                : life->is_deployed         ? "the run ended early"
                : life->was_started         ? "the network did not come up"
                                            : "nothing was started");
    }
}

/* ---- teardown ---- */

static void finish_kind(struct life *life, uint32_t kind)
{
    EACH_ACTOR(actor, life)
    {
        if (actor->instance->kind == kind && !actor_finish(actor, &life->limits))
            progress_say(life->progress, "%s: %s", actor->instance->name, actor->why);
    }
}

static bool is_anyone_stuck(const struct life *life)
{
    EACH_ACTOR(actor, life)
    {
        if (actor->host && host_instance_is_stuck(actor->host))
            return true;
    }
    return false;
}

/* In reverse: who offers services goes after those who use them. Who is stuck may still use any. */
static void destroy_all(struct life *life)
{
    for (size_t i = life->actor_count; i-- > 0 && !is_anyone_stuck(life);) {
        if (!actor_destroy(&life->actors[i]))
            progress_say(
                life->progress, "%s: %s", life->actors[i].instance->name, life->actors[i].why);
    }
}

static enum event enter_teardown(struct life *life)
{
    end_kind(life, ASSAY_WORKLOAD);
    end_kind(life, ASSAY_EXPECTATION);
    end_kind(life, ASSAY_DEPLOYER);
    host_watch_stop(life->host, life->limits.grace);
    host_follow_cancel(life->host, life->limits.grace);
    finish_kind(life, ASSAY_WORKLOAD);
    finish_kind(life, ASSAY_EXPECTATION);
    finish_kind(life, ASSAY_DEPLOYER);
    host_follow_stop(life->host, life->limits.grace);
    finish_kind(life, ASSAY_SYSTEM);
    close_open_judgements(life);
    destroy_all(life);
    return EVENT_OK;
}

/* ---- the table ---- */

static const struct state_row {
    const char *name;
    enum event (*enter)(struct life *life);
    enum state next[3]; /* by event: ok, failed, interrupted */
} table[] = {
    [STATE_CREATE] = {"create", enter_create, {STATE_PLAN, STATE_TEARDOWN, STATE_TEARDOWN}},
    [STATE_PLAN] = {"plan", enter_plan, {STATE_DEPLOY, STATE_TEARDOWN, STATE_TEARDOWN}},
    [STATE_DEPLOY] = {"deploy", enter_deploy, {STATE_OBSERVE, STATE_TEARDOWN, STATE_TEARDOWN}},
    [STATE_OBSERVE] = {"observe", enter_observe, {STATE_PREPARE, STATE_TEARDOWN, STATE_TEARDOWN}},
    [STATE_PREPARE] = {"prepare", enter_prepare, {STATE_RUN, STATE_RUN, STATE_TEARDOWN}},
    [STATE_RUN] = {"run", enter_run, {STATE_COOLDOWN, STATE_COOLDOWN, STATE_TEARDOWN}},
    [STATE_COOLDOWN] = {"cooldown", enter_cooldown, {STATE_SETTLE, STATE_SETTLE, STATE_TEARDOWN}},
    [STATE_SETTLE] = {"settle", enter_settle, {STATE_JUDGE, STATE_JUDGE, STATE_TEARDOWN}},
    [STATE_JUDGE] = {"judge", enter_judge, {STATE_TEARDOWN, STATE_TEARDOWN, STATE_TEARDOWN}},
    [STATE_TEARDOWN] = {"teardown", enter_teardown, {STATE_OVER, STATE_OVER, STATE_OVER}},
};

static void walk(struct life *life)
{
    enum state state = STATE_CREATE;

    while (state != STATE_OVER) {
        const struct state_row *row = &table[state];
        struct report_phase phase = {.name = row->name, .start = host_now(life->host)};
        enum event event;

        crumb_phase(life->config->page, row->name);
        progress_state(life->progress, life->host, row->name, ASSAY_FOREVER);
        host_event(life->host, "state", NULL, row->name);
        event = row->enter(life);
        phase.end = host_now(life->host);
        (void)report_add_phase(life->report, &phase);
        state = row->next[event];
    }
}

static assay_status init_actors(struct life *life, struct error *err)
{
    const struct vec *instances = &life->config->plan->instances;
    assay_status status = ASSAY_OK;

    life->actors = mem_new_array(instances->count, sizeof(*life->actors));
    if (!life->actors)
        return error_nomem(err);
    for (size_t i = 0; !status && i < instances->count; i++) {
        status = actor_init(&life->actors[i], life->host, vec_at(instances, i), err);
        life->actor_count += !status;
    }
    return status;
}

/* False: somebody is stuck, and its memory stays. */
static bool free_actors(struct life *life)
{
    if (is_anyone_stuck(life))
        return false;
    for (size_t i = life->actor_count; i-- > 0;)
        actor_done(&life->actors[i]);
    free(life->actors);
    return true;
}

static void collect(struct life *life)
{
    struct error err = {0};
    assay_status status = ASSAY_OK;
    struct host_note note;

    EACH_ACTOR(actor, life)
    {
        if (!status)
            status = collect_actor(actor, life->report);
    }
    if (!status)
        status = collect_run(life->host, life->report);
    /* A violation that no operation's result carried still spoils the run. */
    if (host_violation_at(life->host, 0, &note)) {
        if (life->report->outcome < OUTCOME_ERROR) {
            free(life->report->reason);
            life->report->reason = str_format(
                "%s (%s) broke the plugin contract: %s", note.instance, note.plugin_id, note.text);
        }
        life->report->outcome = OUTCOME_ERROR;
        life->report->exit_code = EXIT_CODE_ERROR;
    }
    if (!status)
        status = report_conclude(life->report, &err);
    if (status) {
        life->report->outcome = OUTCOME_ERROR;
        life->report->exit_code = EXIT_CODE_ERROR;
        if (!life->report->reason)
            life->report->reason = str_format("the report is incomplete: %s", status_text(status));
    }
}

bool lifecycle_run(const struct lifecycle *lifecycle)
{
    const struct run_options *run = &lifecycle->plan->manifest.run;
    struct life life = {.config = lifecycle,
        .host = lifecycle->host,
        .report = lifecycle->report,
        .progress = lifecycle->progress,
        .limits = {.operation = run->operation_limit, .grace = run->grace}};
    struct error err = {0};

    life.next_tick = host_now(life.host) + TICK;
    if (init_actors(&life, &err) == ASSAY_OK) {
        walk(&life);
    } else {
        life.report->outcome = OUTCOME_ERROR;
        life.report->reason = mem_dup(err.text);
        close_open_judgements(&life); /* those that were made have passed nothing */
    }
    collect(&life);
    progress_clear(life.progress);
    return free_actors(&life);
}

#include "framework/host/host.h"

#include <assert.h>
#include <errno.h>
#include <sodium.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "framework/base/json_out.h"
#include "framework/base/log.h"
#include "framework/base/mem.h"
#include "framework/base/number.h"
#include "framework/host/artifacts.h"
#include "framework/host/blocks.h"
#include "framework/host/control.h"
#include "framework/host/deployment.h"
#include "framework/host/exec.h"
#include "framework/host/facts.h"
#include "framework/host/follow.h"
#include "framework/host/json.h"
#include "framework/host/metrics.h"
#include "framework/host/nodes.h"
#include "framework/host/observe.h"
#include "framework/host/receipts.h"
#include "framework/host/sign.h"
#include "framework/host/spec.h"
#include "framework/host/state.h"
#include "framework/host/submissions.h"
#include "framework/host/tasks_internal.h"
#include "framework/host/topology.h"
#include "framework/host/wallet.h"
#include "framework/topology/topology.h"

enum {
    TEXTS_MAX = 1 << 16,     /* names of instances: two each */
    OFFERS_MAX = 256,        /* one system offers a handful */
    EVENT_LINE_MAX = 1 << 16 /* bytes; a text of 1,000 may grow sixfold when escaped */
};

/* ---- services ---- */

enum {
    FOR_SYSTEM = 1 << ASSAY_SYSTEM,
    FOR_DEPLOYER = 1 << ASSAY_DEPLOYER,
    FOR_ALL = FOR_SYSTEM | FOR_DEPLOYER | 1 << ASSAY_WORKLOAD | 1 << ASSAY_EXPECTATION
};

/* The real-time services. A host in virtual time has another list, with the same ids. */
static const struct service {
    const char *id;
    uint32_t kinds;
    const void *table;
} services[] = {
    {ASSAY_CLOCK, FOR_ALL, &clock_table},
    {ASSAY_TASKS, FOR_ALL, &tasks_table},
    {ASSAY_RANDOM, FOR_ALL, &random_table},
    {ASSAY_JSON, FOR_ALL, &json_table},
    {ASSAY_SIGN, FOR_ALL, &sign_table},
    {ASSAY_NODES, FOR_ALL, &nodes_table},
    {ASSAY_BLOCKS, FOR_ALL, &blocks_table},
    {ASSAY_SUBMISSIONS, FOR_ALL, &submissions_table},
    {ASSAY_METRICS, FOR_ALL, &metrics_table},
    {ASSAY_WALLET, FOR_ALL, &wallet_table},
    {ASSAY_ARTIFACTS, FOR_ALL, &artifacts_table},
    {ASSAY_RUN, FOR_ALL, &facts_table},
    {ASSAY_RECEIPTS, FOR_ALL, &receipts_table},
    {ASSAY_TOPOLOGY, FOR_SYSTEM | FOR_DEPLOYER, &topology_table},
    {ASSAY_SPEC, FOR_SYSTEM, &spec_table},
    {ASSAY_EXEC, FOR_SYSTEM, &exec_table},
    {ASSAY_OBSERVE, FOR_SYSTEM, &observe_table},
    {ASSAY_DEPLOYMENT, FOR_DEPLOYER, &deployment_table},
};

/* Those that depend on the run. */
static const void *service_of_run(const struct host *host, const char *id)
{
    if (strcmp(id, ASSAY_HTTP) == 0)
        return host->config.http;
    if (strcmp(id, ASSAY_CONTROL) == 0)
        return host->config.node_control && host->config.control_actions ? &control_table : NULL;
    return NULL;
}

const void *host_service(const struct host *host, uint32_t kind, const char *id)
{
    pthread_mutex_t *lock = (pthread_mutex_t *)&host->lock;
    const void *table = service_of_run(host, id);

    for (size_t i = 0; !table && i < ARRAY_COUNT(services); i++) {
        if (kind < 32 && services[i].kinds & 1u << kind && strcmp(services[i].id, id) == 0)
            table = services[i].table;
    }
    if (table)
        return table;
    (void)pthread_mutex_lock(lock);
    table = map_get(&host->offers, id);
    (void)pthread_mutex_unlock(lock);
    return table;
}

bool host_knows_service(uint32_t kind, const char *id)
{
    for (size_t i = 0; i < ARRAY_COUNT(services); i++) {
        if (kind < 32 && services[i].kinds & 1u << kind && strcmp(services[i].id, id) == 0)
            return true;
    }
    return strcmp(id, ASSAY_HTTP) == 0 || strcmp(id, ASSAY_CONTROL) == 0;
}

bool host_has_service(const struct host *host, uint32_t kind, const char *id)
{
    return host_service(host, kind, id) != NULL;
}

assay_status host_offer(struct host *host, const char *id, const void *table)
{
    assay_status s = ASSAY_OK;

    if (host_service(host, ASSAY_SYSTEM, id) || host_service(host, ASSAY_DEPLOYER, id))
        return ASSAY_E_DENIED;
    (void)pthread_mutex_lock(&host->lock);
    s = map_put(&host->offers, id, (void *)table);
    (void)pthread_mutex_unlock(&host->lock);
    return s;
}

void host_attach_system(
    struct host *host, struct host_instance *instance, const assay_system_ops *ops, void *self)
{
    host->system = (struct attached_system){.instance = instance, .ops = ops, .self = self};
}

void host_attach_deployer(
    struct host *host, struct host_instance *instance, const assay_deployer_ops *ops, void *self)
{
    host->deployer = (struct attached_deployer){.instance = instance, .ops = ops, .self = self};
}

/* ---- life ---- */

static assay_status copy_texts(struct host *host, const struct host_config *config)
{
    host->texts_copied[0] = mem_dup(config->name);
    host->texts_copied[1] = mem_dup(config->run_id);
    host->texts_copied[2] = mem_dup(config->run_dir);
    host->config.name = host->texts_copied[0];
    host->config.run_id = host->texts_copied[1];
    host->config.run_dir = host->texts_copied[2];
    return host->config.name && host->config.run_id && host->config.run_dir ? ASSAY_OK
                                                                            : ASSAY_E_NOMEM;
}

static assay_status make_parts(struct host *host)
{
    host->artifacts = artifacts_new(host);
    host->exec = exec_new(host);
    host->control = control_new(host->config.topology->node_count, RECEIPTS_MAX);
    host->deployment = deployment_new(host);
    host->follow = follow_new(host);
    host->metrics = metrics_new(host);
    host->observation = observation_new(host);
    host->specs = specs_new(host);
    host->submissions = submissions_new();
    host->wallet = wallet_new(host);
    return host->artifacts && host->exec && host->control && host->deployment && host->follow &&
            host->metrics && host->observation && host->specs && host->submissions && host->wallet
        ? ASSAY_OK
        : ASSAY_E_NOMEM;
}

assay_status host_new(const struct host_config *config, struct host **out, struct error *err)
{
    auto_host struct host *host = NULL;

    assert(config->name && config->run_id && config->run_dir && config->topology);
    if (config->topology->node_count > HOST_NODES_MAX)
        return error_set(err, ASSAY_E_INVALID, "%u nodes are more than the %d that one run follows",
            config->topology->node_count, HOST_NODES_MAX);
    if (sodium_init() < 0)
        return error_set(err, ASSAY_E_INTERNAL, "libsodium cannot be initialised");
    host = mem_new(sizeof(*host));
    if (!host)
        return error_nomem(err);
    host->config = *config;
    clock_start(&host->clock);
    atomic_init(&host->window_start, ASSAY_FOREVER);
    atomic_init(&host->window_end, ASSAY_FOREVER);
    (void)pthread_mutex_init(&host->operations_lock, NULL);
    (void)pthread_mutex_init(&host->lock, NULL);
    (void)pthread_mutex_init(&host->event_lock, NULL);
    condition_init(&host->changed);
    map_init(&host->offers, OFFERS_MAX, NULL);
    vec_init(&host->violations, sizeof(struct note), HOST_VIOLATIONS_MAX);
    vec_init(&host->notices, sizeof(struct note), HOST_NOTICES_MAX);
    vec_init(&host->texts, sizeof(char *), TEXTS_MAX);
    if (copy_texts(host, config) || make_parts(host))
        return error_nomem(err);
    *out = take(host);
    return ASSAY_OK;
}

static void notes_done(struct vec *notes)
{
    VEC_EACH(struct note, note, notes) {
        free(note->text);
    }
    vec_done(notes);
}

void host_free(struct host *host)
{
    if (!host || atomic_load(&host->has_stuck))
        return;
    follow_free(host->follow);
    wallet_free(host->wallet);
    submissions_free(host->submissions);
    observation_free(host->observation);
    metrics_free(host->metrics);
    deployment_free(host->deployment);
    specs_free(host->specs);
    control_free(host->control);
    artifacts_free(host->artifacts);
    exec_free(host->exec);
    VEC_EACH(char *, text, &host->texts) {
        free(*text);
    }
    vec_done(&host->texts);
    notes_done(&host->violations);
    notes_done(&host->notices);
    map_done(&host->offers);
    (void)pthread_cond_destroy(&host->changed);
    (void)pthread_mutex_destroy(&host->event_lock);
    (void)pthread_mutex_destroy(&host->lock);
    (void)pthread_mutex_destroy(&host->operations_lock);
    for (size_t i = 0; i < ARRAY_COUNT(host->texts_copied); i++)
        free(host->texts_copied[i]);
    free(host);
}

const char *host_keep(struct host *host, const char *text)
{
    auto_free char *copy = mem_dup(text);
    const char *kept = copy;
    assay_status s = ASSAY_OK;

    if (!copy)
        return NULL;
    (void)pthread_mutex_lock(&host->lock);
    s = vec_push(&host->texts, &copy);
    (void)pthread_mutex_unlock(&host->lock);
    if (s)
        return NULL;
    copy = NULL; /* the host's now */
    return kept;
}

/* ---- time ---- */

assay_ns host_now(const struct host *host)
{
    return clock_now(&host->clock);
}

int64_t host_unix_ns(const struct host *host)
{
    return clock_unix(&host->clock);
}

void host_open_window(struct host *host)
{
    const assay_ns start = host_now(host);

    assert(host_window_start(host) == ASSAY_FOREVER);
    /* The end first: who sees a start sees an end. */
    atomic_store(&host->window_end, start + host->config.duration);
    atomic_store(&host->window_start, start);
    host_event(host, "window", NULL, "open");
}

assay_ns host_window_start(const struct host *host)
{
    return atomic_load(&host->window_start);
}

assay_ns host_window_end(const struct host *host)
{
    return atomic_load(&host->window_end);
}

void host_changed(struct host *host)
{
    (void)pthread_mutex_lock(&host->lock);
    host->generation++;
    (void)pthread_cond_broadcast(&host->changed);
    (void)pthread_mutex_unlock(&host->lock);
}

void host_nudge(struct host *host)
{
    host_changed(host);
}

bool host_is_interrupted(const struct host *host)
{
    return atomic_load(&host->is_interrupted);
}

void host_interrupt(struct host *host)
{
    atomic_store(&host->is_interrupted, true);
    (void)pthread_mutex_lock(&host->operations_lock);
    for (struct host_operation *op = host->operations; op; op = op->next) {
        if (!op->spec.is_sheltered)
            host_operation_cancel(op);
    }
    (void)pthread_mutex_unlock(&host->operations_lock);
    host_changed(host);
}

/* Sleeps until `generation` is past; false when `until` is. */
static bool wait_generation(struct host *host, uint64_t generation, assay_ns until)
{
    const struct timespec deadline = clock_deadline(&host->clock, until);
    int error = 0;

    (void)pthread_mutex_lock(&host->lock);
    while (host->generation == generation && error != ETIMEDOUT)
        error = pthread_cond_timedwait(&host->changed, &host->lock, &deadline);
    (void)pthread_mutex_unlock(&host->lock);
    return error != ETIMEDOUT;
}

assay_status host_wait(
    struct host *host, assay_ns until, bool (*is_done)(void *context), void *context)
{
    bool is_in_time = true;

    for (;;) {
        uint64_t generation = 0;

        (void)pthread_mutex_lock(&host->lock);
        generation = host->generation;
        (void)pthread_mutex_unlock(&host->lock);
        if (is_done && is_done(context))
            return ASSAY_OK;
        if (host_is_interrupted(host))
            return ASSAY_E_CANCELLED;
        if (!is_in_time)
            return ASSAY_E_TIMEOUT;
        is_in_time = wait_generation(host, generation, until);
    }
}

/* ---- what the report says ---- */

void host_event(struct host *host, const char *type, const char *instance, const char *text)
{
    auto_str struct str line = STR_INIT(EVENT_LINE_MAX);
    struct json_out json;

    if (!host->config.write_event)
        return;
    json_out_init(&json, &line, JSON_COMPACT);
    json_out_begin(&json, NULL, '{');
    json_out_seconds(&json, "t", host_now(host));
    json_out_text(&json, "type", type);
    if (instance)
        json_out_text(&json, "instance", instance);
    if (text)
        json_out_text(&json, "text", text);
    json_out_end(&json, '}');
    (void)str_append_char(&line, '\n');
    if (line.status)
        return; /* no memory for an event: the run goes on without it */
    (void)pthread_mutex_lock(&host->event_lock);
    host->config.write_event(host->config.event_context, line.data, line.len);
    (void)pthread_mutex_unlock(&host->event_lock);
}

void host_note_add(
    struct host *host, struct vec *list, const struct host_instance *instance, const char *text)
{
    struct note note = {.instance = instance->name,
        .plugin_id = instance->plugin_id,
        .text = mem_dup(text),
        .at = host_now(host)};
    assay_status s = ASSAY_OK;

    (void)pthread_mutex_lock(&host->lock);
    s = vec_push(list, &note);
    (void)pthread_mutex_unlock(&host->lock);
    if (s)
        free(note.text);
}

void host_violation(struct host_instance *instance, const char *format, ...)
{
    struct host *host = instance->host;
    char text[HOST_WHY_SIZE];
    va_list args;

    va_start(args, format);
    (void)vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    atomic_store(&host->has_violation, true);
    host_note_add(host, &host->violations, instance, text);
    log_write(
        LOG_LEVEL_ERROR, instance->name, "%s broke the contract: %s", instance->plugin_id, text);
    host_event(host, "violation", instance->name, text);
    host_changed(host);
}

static bool note_at(
    const struct host *host, const struct vec *list, size_t index, struct host_note *out)
{
    pthread_mutex_t *lock = (pthread_mutex_t *)&host->lock;
    bool is_there = false;

    (void)pthread_mutex_lock(lock);
    is_there = index < list->count;
    if (is_there) {
        const struct note *note = vec_at(list, index);

        *out = (struct host_note){.instance = note->instance,
            .plugin_id = note->plugin_id,
            .text = note->text ? note->text : "(there was no memory for the text)",
            .at = note->at};
    }
    (void)pthread_mutex_unlock(lock);
    return is_there;
}

bool host_notice_at(const struct host *host, size_t index, struct host_note *out)
{
    return note_at(host, &host->notices, index, out);
}

bool host_violation_at(const struct host *host, size_t index, struct host_note *out)
{
    if (note_at(host, &host->violations, index, out))
        return true;
    if (index > 0 || !atomic_load(&host->has_violation))
        return false;
    *out = (struct host_note){
        .instance = "", .plugin_id = "", .text = "a plugin broke the contract (out of memory)"};
    return true;
}

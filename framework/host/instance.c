#include "framework/host/instance.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "framework/base/log.h"
#include "framework/base/mem.h"
#include "framework/base/path.h"
#include "framework/host/state.h"
#include "framework/host/tasks.h"

enum {
    LOG_TEXT_MAX = 1000 /* bytes; the ABI's promise */
};

static const char cut_mark[] = " [cut]";

/* A copy of at most LOG_TEXT_MAX bytes that ends with the mark when something was cut off. */
static void text_cut(const char *text, char out[LOG_TEXT_MAX + sizeof(cut_mark)])
{
    const size_t len = strnlen(text, LOG_TEXT_MAX + 1);
    const bool is_cut = len > LOG_TEXT_MAX;
    size_t kept = is_cut ? LOG_TEXT_MAX : len;

    if (is_cut) /* not in the midst of a letter */
        while (kept > 0 && ((unsigned char)text[kept] & 0xC0) == 0x80)
            kept--;
    memcpy(out, text, kept);
    memcpy(out + kept, is_cut ? cut_mark : "", is_cut ? sizeof(cut_mark) : 1);
}

static void service_log(const assay_host *table, uint32_t level, const char *text)
{
    struct host_instance *instance = instance_of(table);
    char line[LOG_TEXT_MAX + sizeof(cut_mark)];
    static const char *const types[] = {"debug", "info", "warn", "error"};

    if (!text)
        return;
    if (level > ASSAY_ERROR)
        level = ASSAY_ERROR;
    text_cut(text, line);
    log_write((enum log_level)level, instance->name, "%s", line);
    if (level > ASSAY_DEBUG)
        host_event(instance->host, types[level], instance->name, line);
}

static assay_status service_fail(const assay_host *table, assay_status status, const char *why)
{
    struct host_instance *instance = instance_of(table);
    assay_task *task = task_current();
    char text[LOG_TEXT_MAX + sizeof(cut_mark)];

    if (!why || !task)
        return status;
    text_cut(why, text);
    if (task_instance(task) == instance)
        return task_fail(task, status, "%s", text);
    /* A system's service that runs on a workload's task: both are named. */
    return task_fail(task, status, "%s: %s", instance->name, text);
}

assay_status instance_fail(const assay_host *table, assay_status status, const char *format, ...)
{
    char text[LOG_TEXT_MAX + 2]; /* a byte too many, so that the cut is seen and marked */
    va_list args;

    va_start(args, format);
    (void)vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    return service_fail(table, status, text);
}

struct host_instance *instance_of(const assay_host *table)
{
    return table->impl;
}

struct host *host_of(const assay_host *table)
{
    return instance_of(table)->host;
}

void *host_http_state(const assay_host *table)
{
    return host_of(table)->config.http_state;
}

struct host *instance_host(const struct host_instance *instance)
{
    return instance->host;
}

uint32_t instance_kind(const struct host_instance *instance)
{
    return instance->kind;
}

const assay_host *host_instance_table(const struct host_instance *instance)
{
    return &instance->table;
}

const char *host_instance_name(const struct host_instance *instance)
{
    return instance->name;
}

bool host_instance_is_stuck(const struct host_instance *instance)
{
    return atomic_load(&instance->is_stuck);
}

static const void *service_find(const assay_host *table, const char *id)
{
    const struct host_instance *instance = instance_of(table);

    return id ? host_service(instance->host, instance->kind, id) : NULL;
}

assay_status host_instance_new(struct host *host, const struct host_instance_config *config,
    struct host_instance **out, struct error *err)
{
    struct host_instance *instance = NULL;

    if (!path_is_plain_name(config->name)) /* its artifacts go into a directory of that name */
        return error_set(
            err, ASSAY_E_INVALID, "\"%.100s\" cannot be an instance's name", config->name);
    instance = mem_new(sizeof(*instance));
    if (!instance)
        return error_nomem(err);
    instance->host = host;
    instance->kind = config->kind;
    instance->name = host_keep(host, config->name);
    instance->plugin_id = host_keep(host, config->plugin_id);
    instance->table = (assay_host){
        .struct_size = sizeof(assay_host),
        .impl = instance,
        .instance = instance->name,
        .service = service_find,
        .log = service_log,
        .fail = service_fail,
        .abi_minor = ASSAY_ABI_MINOR,
    };
    (void)pthread_mutex_init(&instance->lock, NULL);
    if (!instance->name || !instance->plugin_id) {
        host_instance_free(instance);
        return error_nomem(err);
    }
    *out = instance;
    return ASSAY_OK;
}

void host_instance_free(struct host_instance *instance)
{
    if (!instance || host_instance_is_stuck(instance))
        return;
    while (instance->owned) {
        struct owned *owned = instance->owned;

        instance_disown(owned);
        owned->release(owned);
    }
    (void)pthread_mutex_destroy(&instance->lock);
    free(instance);
}

void instance_own(
    struct host_instance *instance, struct owned *owned, void (*release)(struct owned *))
{
    owned->release = release;
    owned->instance = instance;
    owned->prev = NULL;
    (void)pthread_mutex_lock(&instance->lock);
    owned->next = instance->owned;
    if (owned->next)
        owned->next->prev = owned;
    instance->owned = owned;
    (void)pthread_mutex_unlock(&instance->lock);
}

void instance_disown(struct owned *owned)
{
    struct host_instance *instance = owned->instance;

    if (!instance)
        return;
    (void)pthread_mutex_lock(&instance->lock);
    if (owned->prev)
        owned->prev->next = owned->next;
    else
        instance->owned = owned->next;
    if (owned->next)
        owned->next->prev = owned->prev;
    (void)pthread_mutex_unlock(&instance->lock);
    owned->instance = NULL;
}

#include <stdlib.h>
#include <string.h>

#include "framework/host/assets.h"
#include "framework/host/deployment.h"
#include "framework/host/pathinfo.h"
#include "framework/host/program.h"
#include "framework/host/record.h"
#include "framework/host/spec_state.h"
#include "framework/host/state.h"
#include "framework/host/support.h"

/* The node's spec, with the specs locked; NULL (and not locked) when there is no such node. */
static struct node_spec *node_lock(const assay_host *table, uint32_t node, const char *function)
{
    struct specs *specs = host_of(table)->specs;

    if (node >= specs->node_count) {
        host_violation(instance_of(table), "%s: there is no node %u", function, node);
        return NULL;
    }
    (void)pthread_mutex_lock(&specs->lock);
    return &specs->nodes[node];
}

static void specs_unlock(const assay_host *table)
{
    (void)pthread_mutex_unlock(&host_of(table)->specs->lock);
}

static assay_status report(const assay_host *table, assay_status s, const char *function)
{
    if (s == ASSAY_E_LAGGED)
        return instance_fail(table, s, "%s: too many of them for one node", function);
    return s ? instance_fail(table, s, "%s: %s", function, status_text(s)) : s;
}

static assay_status port_add(struct specs *specs, struct node_spec *node, assay_port *port)
{
    const assay_endpoint nowhere = {.struct_size = sizeof(nowhere)};

    if (node->ports.count >= HOST_PORTS_MAX)
        return ASSAY_E_LAGGED;
    port->name = pool_dup(&specs->pool, port->name);
    if (!port->name || vec_push(&node->ports, port))
        return ASSAY_E_NOMEM;
    if (vec_push(&node->endpoints, &nowhere)) {
        vec_remove(&node->ports, node->ports.count - 1);
        return ASSAY_E_NOMEM;
    }
    return ASSAY_OK;
}

static assay_status service_port(const assay_host *table, uint32_t index, const assay_port *theirs)
{
    struct node_spec *node = NULL;
    assay_port port;
    assay_status s = ASSAY_OK;

    if (!record_take(&port, sizeof(port), theirs) || !port.name || !port.name[0] ||
        port.protocol == 0 || port.protocol > (ASSAY_TCP | ASSAY_UDP) ||
        port.container_port > 65535)
        return instance_fail(table, ASSAY_E_INVALID,
            "spec.port: struct_size, name or protocol is not set, or container_port is no port");
    node = node_lock(table, index, "spec.port");
    if (!node)
        return ASSAY_E_INVALID;
    s = port_add(host_of(table)->specs, node, &port);
    specs_unlock(table);
    return report(table, s, "spec.port");
}

static assay_status set_text(const assay_host *table, const char **place, const char *text)
{
    const char *copy = pool_dup(&host_of(table)->specs->pool, text ? text : "");

    if (!copy)
        return ASSAY_E_NOMEM;
    *place = copy;
    return ASSAY_OK;
}

static assay_status service_binary(const assay_host *table, uint32_t index, const char *path)
{
    struct node_spec *node = node_lock(table, index, "spec.binary");
    assay_status s = ASSAY_OK;

    if (!node)
        return ASSAY_E_INVALID;
    s = set_text(table, &node->spec.binary, path);
    specs_unlock(table);
    return report(table, s, "spec.binary");
}

static assay_status service_image(const assay_host *table, uint32_t index, const char *name)
{
    struct node_spec *node = node_lock(table, index, "spec.image");
    assay_status s = ASSAY_OK;

    if (!node)
        return ASSAY_E_INVALID;
    s = set_text(table, &node->spec.image, name);
    specs_unlock(table);
    return report(table, s, "spec.image");
}

static assay_status service_stage(const assay_host *table, const char *name)
{
    struct specs *specs = host_of(table)->specs;
    const char *copy = NULL;
    assay_status s = ASSAY_OK;

    if (!name || !name[0])
        return instance_fail(table, ASSAY_E_INVALID, "spec.stage: a stage has a name");
    (void)pthread_mutex_lock(&specs->lock);
    if (specs->stages.count >= SPEC_STAGES_MAX)
        s = ASSAY_E_LAGGED;
    if (!s)
        s = set_text(table, &copy, name);
    if (!s)
        s = vec_push(&specs->stages, &copy);
    (void)pthread_mutex_unlock(&specs->lock);
    return report(table, s, "spec.stage");
}

static void service_cadence(const assay_host *table, assay_ns block_interval, uint64_t final_depth)
{
    struct specs *specs = host_of(table)->specs;

    if (block_interval < 0) {
        host_violation(instance_of(table), "spec.cadence: the block interval is negative");
        return;
    }
    (void)pthread_mutex_lock(&specs->lock);
    specs->cadence = (struct cadence){.block_interval = block_interval, .final_depth = final_depth};
    (void)pthread_mutex_unlock(&specs->lock);
}

static void service_notice(const assay_host *table, const char *text)
{
    struct host *host = host_of(table);

    if (!text)
        return;
    host_note_add(host, &host->notices, instance_of(table), text);
    host_event(host, "notice", instance_of(table)->name, text);
}

static assay_status service_endpoint(
    const assay_host *table, uint32_t node, uint32_t port, assay_endpoint *out)
{
    struct error err = {0};
    const assay_status s = specs_endpoint(host_of(table)->specs, node, port, out, &err);

    return s ? instance_fail(table, s, "spec.endpoint: %s", err.text) : s;
}

static assay_status add_word(
    const assay_host *table, struct vec *words, const char *word, const char *function)
{
    const char *copy = NULL;
    assay_status s = word ? ASSAY_OK : ASSAY_E_INVALID;

    if (!s)
        s = set_text(table, &copy, word);
    if (!s)
        s = spec_add_word(words, copy);
    specs_unlock(table);
    return report(table, s, function);
}

static assay_status service_argument(const assay_host *table, uint32_t index, const char *word)
{
    struct node_spec *node = node_lock(table, index, "spec.argument");
    assay_status s = ASSAY_OK;

    if (!node)
        return ASSAY_E_INVALID;
    s = spec_begin_argv(node);
    if (s) {
        specs_unlock(table);
        return report(table, s, "spec.argument");
    }
    return add_word(table, &node->argv, word, "spec.argument");
}

static assay_status service_environment(
    const assay_host *table, uint32_t index, const char *assignment)
{
    struct node_spec *node = NULL;

    if (!assignment || assignment[0] == '=' || !strchr(assignment, '='))
        return instance_fail(table, ASSAY_E_INVALID,
            "spec.environment: \"%.100s\" is not of the form NAME=value",
            assignment ? assignment : "");
    node = node_lock(table, index, "spec.environment");
    if (!node)
        return ASSAY_E_INVALID;
    return add_word(table, &node->env, assignment, "spec.environment");
}

/* Adds the file, or takes the place of the one with that path. Lock held. */
static assay_status file_set(struct specs *specs, struct node_spec *node, const assay_file *theirs)
{
    assay_file file = *theirs;

    file.path = pool_dup(&specs->pool, theirs->path);
    file.bytes.data = pool_dup_n(&specs->pool, theirs->bytes.data, theirs->bytes.size);
    if (!file.path || !file.bytes.data)
        return ASSAY_E_NOMEM;
    VEC_EACH(assay_file, old, &node->files) {
        if (strcmp(old->path, file.path) == 0) {
            *old = file;
            return ASSAY_OK;
        }
    }
    if (node->files.count >= SPEC_FILES_MAX)
        return ASSAY_E_LAGGED;
    return vec_push(&node->files, &file);
}

static assay_status service_file(
    const assay_host *table, uint32_t index, const char *path, assay_bytes bytes, uint32_t mode)
{
    const assay_file file = {.path = path, .bytes = bytes, .mode = mode ? mode : 0644};
    struct node_spec *node = NULL;
    assay_status s = ASSAY_OK;

    if (!spec_path_is_good(path) || mode > 0777 || (!bytes.data && bytes.size))
        return instance_fail(table, ASSAY_E_INVALID,
            "spec.file: \"%.200s\" is no path below the node's directory, mode %o is not 0 to "
            "0777, "
            "or there are no bytes",
            path ? path : "", mode);
    node = node_lock(table, index, "spec.file");
    if (!node)
        return ASSAY_E_INVALID;
    s = file_set(host_of(table)->specs, node, &file);
    specs_unlock(table);
    return report(table, s, "spec.file");
}

static const char *service_variable(const assay_host *table, const char *name)
{
    (void)table;
    return name ? getenv(name) : NULL; /* nobody in this process changes the environment */
}

static const char *service_program(
    const assay_host *table, const char *override_name, const char *name)
{
    auto_free char *path = NULL;

    if (program_find(override_name, name, &path, NULL))
        return NULL;
    return host_keep(host_of(table), path);
}

static assay_status service_look(const assay_host *table, const char *path, assay_path_info *theirs)
{
    assay_path_info info = {.struct_size = sizeof(info)};

    if (!path || path[0] != '/')
        return instance_fail(
            table, ASSAY_E_INVALID, "spec.look: \"%.200s\" is no absolute path", path ? path : "");
    pathinfo_read(path, &info);
    if (!record_give(theirs, &info, sizeof(info)))
        return instance_fail(table, ASSAY_E_INVALID, "spec.look: struct_size is not set");
    return ASSAY_OK;
}

static const char *service_asset(const assay_host *table, const char *name)
{
    auto_free char *path = NULL;

    return assets_find(name, &path, NULL) ? NULL : host_keep(host_of(table), path);
}

static const char *service_directory(const assay_host *table, uint32_t node)
{
    return deployment_directory(host_of(table)->deployment, node);
}

static uint32_t service_from_image(const assay_host *table)
{
    const assay_deployer_ops *ops = host_of(table)->deployer.ops;

    return ops ? ops->flags & ASSAY_DEPLOYER_IMAGES : 0;
}

static assay_status service_profile(const assay_host *table, uint32_t index, const char *path)
{
    struct node_spec *node = NULL;
    assay_status s = ASSAY_OK;

    if (!path || path[0] != '/')
        return instance_fail(table, ASSAY_E_INVALID,
            "spec.profile: \"%.200s\" is no path that begins with a slash", path ? path : "");
    node = node_lock(table, index, "spec.profile");
    if (!node)
        return ASSAY_E_INVALID;
    if (!node->profile || strcmp(node->profile, path) != 0) /* said again when it is ready again */
        s = set_text(table, &node->profile, path);
    specs_unlock(table);
    return report(table, s, "spec.profile");
}

const assay_spec spec_table = {
    .struct_size = sizeof(assay_spec),
    .port = service_port,
    .binary = service_binary,
    .image = service_image,
    .stage = service_stage,
    .cadence = service_cadence,
    .notice = service_notice,
    .endpoint = service_endpoint,
    .directory = service_directory,
    .argument = service_argument,
    .environment = service_environment,
    .file = service_file,
    .variable = service_variable,
    .program = service_program,
    .look = service_look,
    .asset = service_asset,
    .support = support_declare,
    .from_image = service_from_image,
    .profile = service_profile,
};

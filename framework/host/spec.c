#include "framework/host/spec.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "framework/base/mem.h"
#include "framework/base/pool.h"
#include "framework/base/vec.h"
#include "framework/host/deployment.h"
#include "framework/host/program.h"
#include "framework/host/record.h"
#include "framework/host/state.h"
#include "framework/topology/topology.h"

/* The lists that a spec points to end in NULL, which their count includes. */
struct node_spec {
    assay_node_spec spec;
    struct vec ports;     /* assay_port */
    struct vec endpoints; /* assay_endpoint; bind_ip NULL: not bound */
    struct vec argv, env; /* const char * */
    struct vec files;     /* assay_file */
    const char *url;
};

struct specs {
    struct host *host;
    pthread_mutex_t lock; /* guards everything */
    struct pool pool;     /* all texts and files */
    struct node_spec *nodes;
    uint32_t node_count;
    struct vec stages; /* const char * */
    struct cadence cadence;
};

struct specs *specs_new(struct host *host)
{
    struct specs *specs = mem_new(sizeof(*specs));

    if (!specs)
        return NULL;
    specs->host = host;
    (void)pthread_mutex_init(&specs->lock, NULL);
    pool_init(&specs->pool, SPEC_BYTES_MAX);
    vec_init(&specs->stages, sizeof(char *), SPEC_STAGES_MAX);
    specs->node_count = host->config.topology->node_count;
    specs->nodes = mem_new_array(specs->node_count, sizeof(*specs->nodes));
    if (!specs->nodes) {
        specs_free(specs);
        return NULL;
    }
    for (uint32_t i = 0; i < specs->node_count; i++) {
        struct node_spec *node = &specs->nodes[i];

        vec_init(&node->ports, sizeof(assay_port), HOST_PORTS_MAX);
        vec_init(&node->endpoints, sizeof(assay_endpoint), HOST_PORTS_MAX);
        vec_init(&node->argv, sizeof(char *), SPEC_WORDS_MAX);
        vec_init(&node->env, sizeof(char *), SPEC_WORDS_MAX);
        vec_init(&node->files, sizeof(assay_file), SPEC_FILES_MAX);
        node->url = "";
        node->spec.struct_size = sizeof(node->spec);
        node->spec.name = host->config.topology->nodes[i].name;
        node->spec.role = host->config.topology->nodes[i].role;
        node->spec.binary = node->spec.image = "";
        node->spec.file_stride = sizeof(assay_file);
        node->spec.port_stride = sizeof(assay_port);
    }
    return specs;
}

void specs_free(struct specs *specs)
{
    if (!specs)
        return;
    for (uint32_t i = 0; specs->nodes && i < specs->node_count; i++) {
        vec_done(&specs->nodes[i].ports);
        vec_done(&specs->nodes[i].endpoints);
        vec_done(&specs->nodes[i].argv);
        vec_done(&specs->nodes[i].env);
        vec_done(&specs->nodes[i].files);
    }
    free(specs->nodes);
    vec_done(&specs->stages);
    pool_done(&specs->pool);
    (void)pthread_mutex_destroy(&specs->lock);
    free(specs);
}

struct cadence specs_cadence(struct specs *specs)
{
    struct cadence cadence = {0};

    (void)pthread_mutex_lock(&specs->lock);
    cadence = specs->cadence;
    (void)pthread_mutex_unlock(&specs->lock);
    return cadence;
}

uint32_t specs_stage_count(struct specs *specs)
{
    uint32_t count = 0;

    (void)pthread_mutex_lock(&specs->lock);
    count = (uint32_t)specs->stages.count;
    (void)pthread_mutex_unlock(&specs->lock);
    return count;
}

const char *specs_stage(struct specs *specs, uint32_t stage)
{
    const char *name = "";

    (void)pthread_mutex_lock(&specs->lock);
    if (stage < specs->stages.count)
        name = *(const char **)vec_at(&specs->stages, stage);
    (void)pthread_mutex_unlock(&specs->lock);
    return name;
}

/* Appends a word and keeps the NULL behind it. */
static assay_status words_add(struct vec *words, const char *word)
{
    const char *end = NULL;

    if (words->count == 0 && vec_push(words, &end))
        return ASSAY_E_NOMEM;
    if (vec_push(words, &end))
        return words->count >= words->count_max ? ASSAY_E_LAGGED : ASSAY_E_NOMEM;
    *(const char **)vec_at(words, words->count - 2) = word;
    return ASSAY_OK;
}

/* The first word of a command line is the binary, whenever that was named. Lock held. */
static assay_status argv_begin(struct node_spec *node)
{
    if (node->argv.count == 0) {
        const assay_status s = words_add(&node->argv, node->spec.binary);

        if (s)
            return s;
    }
    *(const char **)vec_at(&node->argv, 0) = node->spec.binary;
    return ASSAY_OK;
}

const assay_node_spec *specs_get(struct specs *specs, uint32_t node)
{
    static const char *const nothing[] = {NULL};
    struct node_spec *wanted = NULL;
    assay_status s = ASSAY_OK;

    if (node >= specs->node_count)
        return NULL;
    wanted = &specs->nodes[node];
    (void)pthread_mutex_lock(&specs->lock);
    s = argv_begin(wanted);
    wanted->spec.argv = wanted->argv.items;
    wanted->spec.env = wanted->env.count ? wanted->env.items : nothing;
    wanted->spec.files = wanted->files.items;
    wanted->spec.file_count = wanted->files.count;
    wanted->spec.ports = wanted->ports.items;
    wanted->spec.port_count = wanted->ports.count;
    (void)pthread_mutex_unlock(&specs->lock);
    return s ? NULL : &wanted->spec;
}

const char *specs_url(struct specs *specs, uint32_t node)
{
    const char *url = "";

    (void)pthread_mutex_lock(&specs->lock);
    if (node < specs->node_count)
        url = specs->nodes[node].url;
    (void)pthread_mutex_unlock(&specs->lock);
    return url;
}

void specs_start_render(struct specs *specs)
{
    (void)pthread_mutex_lock(&specs->lock);
    for (uint32_t i = 0; i < specs->node_count; i++) {
        vec_clear(&specs->nodes[i].argv);
        vec_clear(&specs->nodes[i].env);
        vec_clear(&specs->nodes[i].files);
    }
    (void)pthread_mutex_unlock(&specs->lock);
}

/* ---- addresses ---- */

static bool endpoint_is_complete(const assay_endpoint *endpoint)
{
    return endpoint->bind_ip && endpoint->peer_ip && endpoint->runner_ip && endpoint->bind_port &&
        endpoint->peer_port && endpoint->runner_port && endpoint->bind_port < 65536 &&
        endpoint->peer_port < 65536 && endpoint->runner_port < 65536;
}

/* Copies the texts; false without memory. Lock held. */
static bool endpoint_keep(struct specs *specs, assay_endpoint *endpoint)
{
    endpoint->bind_ip = pool_dup(&specs->pool, endpoint->bind_ip);
    endpoint->peer_ip = pool_dup(&specs->pool, endpoint->peer_ip);
    endpoint->runner_ip = pool_dup(&specs->pool, endpoint->runner_ip);
    return endpoint->bind_ip && endpoint->peer_ip && endpoint->runner_ip;
}

static assay_status bind_locked(
    struct specs *specs, struct node_spec *node, uint32_t port, assay_endpoint *endpoint)
{
    char url[300]; /* an address is a name of up to 253 letters, or shorter */

    if (port >= node->endpoints.count)
        return ASSAY_E_NOTFOUND;
    if (!endpoint_keep(specs, endpoint))
        return ASSAY_E_NOMEM;
    if (port == 0) {
        const bool is_v6 = strchr(endpoint->runner_ip, ':');
        const char *kept = NULL;

        (void)snprintf(url, sizeof(url), "http://%s%.250s%s:%u", is_v6 ? "[" : "",
            endpoint->runner_ip, is_v6 ? "]" : "", endpoint->runner_port);
        kept = pool_dup(&specs->pool, url);
        if (!kept)
            return ASSAY_E_NOMEM;
        node->url = kept;
    }
    *(assay_endpoint *)vec_at(&node->endpoints, port) = *endpoint;
    return ASSAY_OK;
}

assay_status specs_bind(struct specs *specs, uint32_t node, uint32_t port,
    const assay_endpoint *theirs, struct error *err)
{
    assay_endpoint endpoint;
    assay_status s = ASSAY_E_NOTFOUND;

    if (!record_take(&endpoint, sizeof(endpoint), theirs) || !endpoint_is_complete(&endpoint))
        return error_set(err, ASSAY_E_INVALID,
            "node %u, port %u: struct_size, an address or a port number (1 to 65535) is not set",
            node, port);
    (void)pthread_mutex_lock(&specs->lock);
    if (node < specs->node_count)
        s = bind_locked(specs, &specs->nodes[node], port, &endpoint);
    (void)pthread_mutex_unlock(&specs->lock);
    if (s == ASSAY_E_NOTFOUND)
        return error_set(err, s, "node %u has no port %u", node, port);
    return s ? error_nomem(err) : s;
}

assay_status specs_endpoint(
    struct specs *specs, uint32_t node, uint32_t port, assay_endpoint *out, struct error *err)
{
    assay_endpoint endpoint = {.bind_ip = NULL};
    const char *name = "";

    (void)pthread_mutex_lock(&specs->lock);
    if (node < specs->node_count && port < specs->nodes[node].endpoints.count) {
        endpoint = *(assay_endpoint *)vec_at(&specs->nodes[node].endpoints, port);
        name = ((assay_port *)vec_at(&specs->nodes[node].ports, port))->name;
    }
    (void)pthread_mutex_unlock(&specs->lock);
    if (!endpoint.bind_ip)
        return error_set(err, ASSAY_E_NOTFOUND, "node %u: port %u%s%s %s", node, port,
            name[0] ? " " : "", name, name[0] ? "has no address yet" : "does not exist");
    if (!record_give(out, &endpoint, sizeof(endpoint)))
        return error_set(err, ASSAY_E_INVALID, "endpoint: struct_size is not set");
    return ASSAY_OK;
}

assay_status host_node_endpoint(
    const struct host *host, uint32_t node, uint32_t port, assay_endpoint *out)
{
    return specs_endpoint(host->specs, node, port, out, NULL);
}

assay_status specs_check_bound(struct specs *specs, struct error *err)
{
    for (uint32_t node = 0; node < specs->node_count; node++) {
        const size_t count = specs->nodes[node].endpoints.count;

        for (uint32_t port = 0; port < count; port++) {
            assay_endpoint endpoint = {.struct_size = sizeof(endpoint)};
            const assay_status s = specs_endpoint(specs, node, port, &endpoint, err);

            if (s)
                return error_wrap(err, ASSAY_E_INVALID, "all ports must be bound before render");
        }
    }
    return ASSAY_OK;
}

bool spec_path_is_good(const char *path)
{
    const char *part = path;

    if (!path || !path[0] || strnlen(path, SPEC_PATH_MAX + 1) > SPEC_PATH_MAX)
        return false;
    while (part) {
        const size_t len = strcspn(part, "/");

        if (len == 0 || len > 255 || strncmp(part, ".", len) == 0 || strncmp(part, "..", len) == 0)
            return false;
        part = part[len] ? part + len + 1 : NULL;
    }
    return true;
}

/* ---- the service ---- */

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
        s = words_add(words, copy);
    specs_unlock(table);
    return report(table, s, function);
}

static assay_status service_argument(const assay_host *table, uint32_t index, const char *word)
{
    struct node_spec *node = node_lock(table, index, "spec.argument");
    assay_status s = ASSAY_OK;

    if (!node)
        return ASSAY_E_INVALID;
    s = argv_begin(node);
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

static const char *service_directory(const assay_host *table, uint32_t node)
{
    return deployment_directory(host_of(table)->deployment, node);
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
};

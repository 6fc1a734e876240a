#include "framework/host/spec.h"

#include <stdio.h>
#include <string.h>

#include "framework/base/mem.h"
#include "framework/base/str.h"
#include "framework/host/record.h"
#include "framework/host/spec_state.h"
#include "framework/host/state.h"
#include "framework/topology/topology.h"

struct specs *specs_new(struct host *host)
{
    struct specs *specs = mem_new(sizeof(*specs));

    if (!specs)
        return NULL;
    specs->host = host;
    (void)pthread_mutex_init(&specs->lock, NULL);
    pool_init(&specs->pool, SPEC_BYTES_MAX);
    vec_init(&specs->stages, sizeof(char *), SPEC_STAGES_MAX);
    vec_init(&specs->supports, sizeof(assay_support *), SPEC_SUPPORTS_MAX);
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
    vec_done(&specs->supports);
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

const char *specs_profile(struct specs *specs, uint32_t node)
{
    const char *path = NULL;

    (void)pthread_mutex_lock(&specs->lock);
    if (node < specs->node_count)
        path = specs->nodes[node].profile;
    (void)pthread_mutex_unlock(&specs->lock);
    return path;
}

assay_status spec_add_word(struct vec *words, const char *word)
{
    const char *end = NULL;

    if (words->count == 0 && vec_push(words, &end))
        return ASSAY_E_NOMEM;
    if (vec_push(words, &end))
        return words->count >= words->count_max ? ASSAY_E_LAGGED : ASSAY_E_NOMEM;
    *(const char **)vec_at(words, words->count - 2) = word;
    return ASSAY_OK;
}

assay_status spec_begin_argv(struct node_spec *node)
{
    if (node->argv.count == 0) {
        const assay_status s = spec_add_word(&node->argv, node->spec.binary);

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
    s = spec_begin_argv(wanted);
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
    vec_clear(&specs->supports);
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

char *host_node_profile_url(const struct host *host, uint32_t node)
{
    const char *path = specs_profile(host->specs, node);
    const char *url = specs_url(host->specs, node);

    return path && url[0] != '\0' ? str_format("%s%s", url, path) : NULL;
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

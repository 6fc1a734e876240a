#include "plugins/deployers/k8s/k8s.h"

#include <inttypes.h>

enum {
    SECRET_MAX =
        1000 * 1000, /* bytes of content; the cluster takes 1 MiB, its own words included */
    HELM_LIMIT_S = 300
};

/* ---- helm ---- */

static assay_status write_values(struct k8s *k8s, const char *phase)
{
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    assay_status s = ASSAY_E_NOMEM;
    bool is_written;

    if (!out)
        return k8s->host->fail(k8s->host, s, "out of memory");
    values_write(k8s, phase, out);
    is_written = !ferror(out);
    if (fclose(out) == 0 && is_written)
        s = k8s->deployment->file(
            k8s->host, ".k8s/values.json", (assay_bytes){.data = text, .size = size}, 0600);
    free(text);
    return s;
}

static assay_status run_helm(struct k8s *k8s, assay_task *task, const char *phase)
{
    const char *chart = k8s->deployment->asset(k8s->host, "helm/nomos-runner");
    const char *words[K8S_WORDS_MAX];
    size_t n = cluster_words(k8s, "helm", words);
    char values[K8S_PATH_SIZE], labels[2 * K8S_NAME_SIZE + 40];
    int32_t code = 0;
    assay_bytes output = {0};
    assay_status s = write_values(k8s, phase);

    if (s)
        return s;
    if (!chart)
        return k8s->host->fail(k8s->host, ASSAY_E_NOTFOUND,
            "the chart helm/nomos-runner is not in assay's share directory; is it installed "
            "whole?");
    (void)snprintf(
        values, sizeof(values), "%s/.k8s/values.json", k8s->deployment->workspace(k8s->host));
    words[n++] = "upgrade";
    words[n++] = "--install";
    words[n++] = k8s->release;
    words[n++] = chart;
    words[n++] = "--namespace";
    words[n++] = k8s->namespace;
    /* helm's own record of the release is a secret, which is found by these like everything else. */
    (void)snprintf(
        labels, sizeof(labels), RUN_LABEL "=%s," HOST_LABEL "=%s", k8s->run_id, k8s->host_name);
    words[n++] = "--labels";
    words[n++] = labels;
    words[n++] = "--values";
    words[n++] = values;
    if (k8s->options.values[0] != '\0') { /* the user's own have the last word */
        words[n++] = "--values";
        words[n++] = k8s->options.values;
    }
    words[n] = NULL;
    s = k8s->deployment->exec(
        task, words, k8s->clock->now(k8s->host) + HELM_LIMIT_S * ASSAY_SECOND, &code, &output);
    if (s)
        return s;
    if (k8s->deployment->variable(k8s->host, "K8S_RUNNER_DEBUG"))
        assay_log_f(k8s->host, ASSAY_INFO, "helm: %.900s", (const char *)output.data);
    return code == 0 ? ASSAY_OK
                     : assay_fail_f(k8s->host, ASSAY_E_IO, "helm cannot install release %s: %.800s",
                           k8s->release, (const char *)output.data);
}

/* ---- addresses ---- */

static struct k8s_node *node_named(struct k8s *k8s, const char *name)
{
    for (uint32_t i = 0; name[0] != '\0' && i < k8s->node_count; i++) {
        if (strcmp(k8s->nodes[i].name, name) == 0)
            return &k8s->nodes[i];
    }
    return NULL;
}

/* The ports of cluster nodes that a service was given, by the name of the port. */
static void read_node_ports(struct k8s *k8s, struct k8s_node *node, const assay_value *ports)
{
    const assay_node_spec *spec = k8s->deployment->spec(k8s->host, (uint32_t)(node - k8s->nodes));

    for (size_t i = 0; i < k8s->json->count(ports); i++) {
        const assay_value *port = k8s->json->element(ports, i);
        const char *name = json_text(k8s, json_find(k8s, port, "name", NULL));
        int64_t number = 0;

        (void)k8s->json->integer(json_find(k8s, port, "nodePort", NULL), &number);
        for (size_t p = 0; p < spec->port_count && p < K8S_PORTS_MAX; p++) {
            if (strcmp(ASSAY_AT(assay_port, spec->ports, spec->port_stride, p)->name, name) == 0)
                node->node_ports[p] = (uint32_t)number;
        }
    }
}

static void read_service(struct k8s *k8s, const assay_value *service)
{
    const assay_value *labels = json_find(k8s, service, "metadata", "labels", NULL);
    const assay_value *spec = json_find(k8s, service, "spec", NULL);
    struct k8s_node *node =
        node_named(k8s, json_text(k8s, json_find(k8s, labels, "io.assay.node", NULL)));

    if (node)
        (void)snprintf(node->address, sizeof(node->address), "%s",
            json_text(k8s, json_find(k8s, spec, "clusterIP", NULL)));
    node = node_named(k8s, json_text(k8s, json_find(k8s, labels, "io.assay.exposes", NULL)));
    if (node)
        read_node_ports(k8s, node, json_find(k8s, spec, "ports", NULL));
}

static assay_status read_services(struct k8s *k8s, assay_task *task)
{
    struct answer answer = {0};
    const assay_value *items;
    char path[256];
    assay_status s;

    (void)snprintf(path, sizeof(path),
        "/api/v1/namespaces/%s/services?labelSelector=app.kubernetes.io%%2Finstance%%3D%s",
        k8s->namespace, k8s->release);
    s = cluster_get(k8s, task, path, &answer);
    items = json_find(k8s, answer.root, "items", NULL);
    for (size_t i = 0; !s && i < k8s->json->count(items); i++)
        read_service(k8s, k8s->json->element(items, i));
    answer_done(&answer);
    for (uint32_t i = 0; !s && i < k8s->node_count; i++) {
        if (k8s->nodes[i].address[0] == '\0')
            s = assay_fail_f(k8s->host, ASSAY_E_IO, "the service of %s was given no address",
                k8s->nodes[i].name);
    }
    return s;
}

/* Where the runner finds a port of a node. Peers' ports stay inside the cluster. */
static void choose_end(
    const struct k8s *k8s, const struct k8s_node *node, uint32_t port, assay_endpoint *endpoint)
{
    static const char loopback[] = "127.0.0.1";
    uint32_t number = 0;

    if (port < K8S_PORTS_MAX && k8s->way == WAY_NODE_PORT)
        number = node->node_ports[port];
    else if (port < K8S_PORTS_MAX && k8s->way == WAY_FORWARD)
        number = node->local_ports[port];
    if (number == 0)
        return;
    endpoint->runner_ip = k8s->way == WAY_FORWARD ? loopback : k8s->node_host;
    endpoint->runner_port = number;
}

static assay_status bind_node(struct k8s *k8s, uint32_t index)
{
    const struct k8s_node *node = &k8s->nodes[index];
    const assay_node_spec *spec = k8s->deployment->spec(k8s->host, index);
    assay_status s = ASSAY_OK;

    for (uint32_t p = 0; !s && p < spec->port_count; p++) {
        const assay_port *port = ASSAY_AT(assay_port, spec->ports, spec->port_stride, p);
        assay_endpoint endpoint = ASSAY_RECORD_WITH(assay_endpoint, .bind_ip = "0.0.0.0",
            .bind_port = port->container_port, .peer_ip = node->address,
            .peer_port = port->container_port, .runner_ip = node->address,
            .runner_port = port->container_port);

        choose_end(k8s, node, p, &endpoint);
        s = k8s->deployment->bind(k8s->host, index, p, &endpoint);
    }
    return s;
}

assay_status release_bind(struct k8s *k8s)
{
    assay_status s = ASSAY_OK;

    for (uint32_t node = 0; !s && node < k8s->node_count; node++)
        s = bind_node(k8s, node);
    return s;
}

assay_status release_addresses(struct k8s *k8s, assay_task *task)
{
    const char *host = k8s_choose(k8s, k8s->options.node_host, "K8S_RUNNER_NODE_HOST", NULL);
    assay_status s = run_helm(k8s, task, "services");

    if (!host)
        host = k8s_variable(k8s, "KUBERNETES_SERVICE_HOST");
    (void)snprintf(k8s->node_host, sizeof(k8s->node_host), "%s", host ? host : "127.0.0.1");
    reach_choose(k8s);
    if (!s)
        s = read_services(k8s, task);
    return s ? s : release_bind(k8s);
}

/* ---- files ---- */

static void put_base64(FILE *out, const unsigned char *data, size_t size)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

    for (size_t i = 0; i < size; i += 3) {
        const size_t left = size - i;
        const unsigned bits = (unsigned)data[i] << 16 |
            (unsigned)(left > 1 ? data[i + 1] : 0) << 8 | (unsigned)(left > 2 ? data[i + 2] : 0);

        (void)fputc(digits[bits >> 18], out);
        (void)fputc(digits[bits >> 12 & 63], out);
        (void)fputc(left > 1 ? digits[bits >> 6 & 63] : '=', out);
        (void)fputc(left > 2 ? digits[bits & 63] : '=', out);
    }
}

static void put_secret(const struct k8s *k8s, const assay_node_spec *spec, FILE *out)
{
    (void)fprintf(out,
        "{\"apiVersion\":\"v1\",\"kind\":\"Secret\",\"metadata\":{\"name\":\"%s-%s-files\","
        "\"labels\":{\"app.kubernetes.io/name\":\"nomos-runner\","
        "\"app.kubernetes.io/instance\":\"%s\",\"" RUN_LABEL "\":\"%s\",\"" HOST_LABEL
        "\":\"%s\"}},"
        "\"data\":{",
        k8s->release, spec->name, k8s->release, k8s->run_id, k8s->host_name);
    for (size_t i = 0; i < spec->file_count; i++) {
        const assay_file *file = ASSAY_AT(assay_file, spec->files, spec->file_stride, i);

        (void)fprintf(out, "%s\"%zu\":\"", i > 0 ? "," : "", i);
        put_base64(out, file->bytes.data, file->bytes.size);
        (void)fputc('"', out);
    }
    (void)fputs("}}", out);
}

static assay_status check_size(const struct k8s *k8s, const assay_node_spec *spec)
{
    size_t size = 0;

    for (size_t i = 0; i < spec->file_count; i++)
        size += ASSAY_AT(assay_file, spec->files, spec->file_stride, i)->bytes.size;
    if (size <= SECRET_MAX)
        return ASSAY_OK;
    return assay_fail_f(k8s->host, ASSAY_E_LAGGED,
        "the files of %s have %zu bytes, and a secret of a cluster holds 1 MiB; use fewer wallets",
        spec->name, size);
}

/* Replaces what a run of the same release may have left there. */
static assay_status post_secret(
    struct k8s *k8s, assay_task *task, const char *name, assay_bytes body)
{
    char path[256];
    struct ask ask = {.method = "POST", .path = path, .body = body};
    struct answer answer = {0};
    assay_status s;

    (void)snprintf(path, sizeof(path), "/api/v1/namespaces/%s/secrets", k8s->namespace);
    s = cluster_ask(k8s, task, &ask, &answer);
    if (!s && answer.code == 409) {
        answer_done(&answer);
        (void)snprintf(path, sizeof(path), "/api/v1/namespaces/%s/secrets/%s-%s-files",
            k8s->namespace, k8s->release, name);
        ask.method = "PUT";
        s = cluster_ask(k8s, task, &ask, &answer);
    }
    if (!s && answer.code / 100 != 2)
        s = cluster_refused(k8s, &answer, "the secret with a node's files cannot be made");
    answer_done(&answer);
    return s;
}

static assay_status install_files(struct k8s *k8s, assay_task *task, uint32_t node)
{
    const assay_node_spec *spec = k8s->deployment->spec(k8s->host, node);
    char *text = NULL;
    size_t size = 0;
    FILE *out;
    assay_status s = spec->file_count ? check_size(k8s, spec) : ASSAY_OK;
    bool is_written;

    if (s || spec->file_count == 0)
        return s;
    out = open_memstream(&text, &size);
    if (!out)
        return k8s->host->fail(k8s->host, ASSAY_E_NOMEM, "out of memory");
    put_secret(k8s, spec, out);
    is_written = !ferror(out);
    if (fclose(out) != 0 || !is_written)
        s = k8s->host->fail(k8s->host, ASSAY_E_NOMEM, "out of memory");
    else
        s = post_secret(k8s, task, spec->name, (assay_bytes){.data = text, .size = size});
    free(text);
    return s;
}

assay_status release_upgrade(struct k8s *k8s, assay_task *task)
{
    return run_helm(k8s, task, "all");
}

assay_status release_install(struct k8s *k8s, assay_task *task)
{
    assay_status s = ASSAY_OK;

    for (uint32_t node = 0; !s && node < k8s->node_count; node++)
        s = install_files(k8s, task, node);
    return s ? s : run_helm(k8s, task, "all");
}

#include "plugins/deployers/k8s/k8s.h"

#include <inttypes.h>

enum {
    PROMETHEUS_PORT = 9090,
    GRAFANA_PORT = 3000,
    NODE_PORT_FIRST = 30000, /* a cluster gives no others, unless it was told to */
    NODE_PORT_LAST = 32767
};

/* A program beside the nodes that people and expectations ask. */
struct shown {
    const char *title, *service, *path; /* the path answers once it is ready */
    const char *forward;                /* name of a port-forward to it */
    uint32_t port;
};

/* Where it is, by the way in which nodes are reached. */
struct place {
    char ip[256];
    uint32_t port; /* 0: only through a port-forward */
};

/* ---- choosing ---- */

assay_status metrics_choose(struct k8s *k8s)
{
    const struct k8s_options *options = &k8s->options;
    const char *text = k8s_variable(k8s, "NOMOS_GRAFANA_NODE_PORT");
    char *end = NULL;
    long port;

    if (!options->has_grafana)
        return ASSAY_OK;
    if (!options->has_prometheus && options->prometheus_url[0] == '\0')
        return k8s->host->fail(k8s->host, ASSAY_E_INVALID,
            "has_grafana: there is nothing to show; set has_prometheus, or prometheus_url");
    if (text) {
        port = strtol(text, &end, 10);
        if (*end != '\0' || port < NODE_PORT_FIRST || port > NODE_PORT_LAST)
            return assay_fail_f(k8s->host, ASSAY_E_INVALID,
                "NOMOS_GRAFANA_NODE_PORT is '%.40s'; it must be a port from %d to %d", text,
                NODE_PORT_FIRST, NODE_PORT_LAST);
        k8s->grafana_port = (uint32_t)port;
    }
    return k8s->deployment->asset_text(
        k8s->host, "stack/grafana/dashboards/nodes.json", &k8s->dashboard);
}

/* ---- finding ---- */

static assay_status find_place(
    struct k8s *k8s, assay_task *task, const struct shown *shown, struct place *out)
{
    struct answer answer = {0};
    char path[256];
    const assay_value *spec, *port;
    int64_t number = 0;
    assay_status s;

    (void)snprintf(
        path, sizeof(path), "/api/v1/namespaces/%s/services/%s", k8s->namespace, shown->service);
    s = cluster_get(k8s, task, path, &answer);
    spec = json_find(k8s, answer.root, "spec", NULL);
    port = k8s->json->element(json_find(k8s, spec, "ports", NULL), 0);
    (void)k8s->json->integer(json_find(k8s, port, "nodePort", NULL), &number);
    *out = (struct place){.ip = ""};
    if (k8s->way == WAY_NODE_PORT) {
        (void)snprintf(out->ip, sizeof(out->ip), "%s", k8s->node_host);
        out->port = (uint32_t)number;
    } else if (k8s->way == WAY_CLUSTER_IP) {
        (void)snprintf(out->ip, sizeof(out->ip), "%s",
            json_text(k8s, json_find(k8s, spec, "clusterIP", NULL)));
        out->port = shown->port;
    }
    answer_done(&answer);
    return s;
}

/* Brings its port to this machine. */
static assay_status forward(struct k8s *k8s, const struct shown *shown, struct place *out)
{
    char word[32], target[2 * K8S_NAME_SIZE];
    const char *const ports[] = {word, NULL};
    assay_status s = k8s->deployment->free_port(k8s->host, ASSAY_TCP, &out->port);

    if (s)
        return s;
    (void)snprintf(out->ip, sizeof(out->ip), "127.0.0.1");
    (void)snprintf(word, sizeof(word), "%" PRIu32 ":%" PRIu32, out->port, shown->port);
    (void)snprintf(target, sizeof(target), "service/%s", shown->service);
    k8s->deployment->release_ports(k8s->host);
    return reach_forward(k8s, shown->forward, target, ports);
}

static assay_status await_ready(
    struct k8s *k8s, assay_task *task, const struct spot *spot, assay_ns limit, bool *out)
{
    return reach_await(k8s, task, spot, k8s->clock->now(k8s->host) + limit, out);
}

/* Waits until it is ready, first directly and then through a port-forward. */
static assay_status find(
    struct k8s *k8s, assay_task *task, const struct shown *shown, char url[K8S_URL_SIZE])
{
    struct place place;
    struct spot spot = {.ip = place.ip, .path = shown->path};
    bool is_ready = false;
    assay_status s = find_place(k8s, task, shown, &place);

    spot.port = place.port;
    if (!s && place.port != 0)
        s = await_ready(k8s, task, &spot, k8s->waits.metrics_probe, &is_ready);
    if (!s && !is_ready) {
        s = forward(k8s, shown, &place);
        spot.port = place.port;
        if (!s)
            s = await_ready(k8s, task, &spot, k8s->waits.metrics, &is_ready);
    }
    if (s)
        return s;
    if (!is_ready)
        return assay_fail_f(k8s->host, ASSAY_E_TIMEOUT,
            "the %s beside the nodes did not get ready: nothing good came from %s, at last through "
            "kubectl port-forward (%s.log among the nodes' logs); "
            "K8S_RUNNER_PROMETHEUS_HTTP_TIMEOUT_SECS gives it longer",
            shown->title, shown->path, shown->forward);
    (void)snprintf(url, K8S_URL_SIZE, "http://%s:%" PRIu32, place.ip, place.port);
    return ASSAY_OK;
}

static assay_status find_prometheus(struct k8s *k8s, assay_task *task)
{
    static const struct shown prometheus = {.title = "Prometheus",
        .service = "prometheus",
        .path = "/-/ready",
        .forward = "port-forward-prometheus",
        .port = PROMETHEUS_PORT};
    char url[K8S_URL_SIZE];
    assay_status s;

    if (k8s->options.prometheus_url[0] != '\0')
        return k8s->deployment->metrics_at(k8s->host, k8s->options.prometheus_url);
    if (!k8s->options.has_prometheus)
        return ASSAY_OK;
    s = find(k8s, task, &prometheus, url);
    return s ? s : k8s->deployment->metrics_at(k8s->host, url);
}

static assay_status find_grafana(struct k8s *k8s, assay_task *task)
{
    char name[K8S_NAME_SIZE + 16], url[K8S_URL_SIZE];
    const struct shown grafana = {.title = "Grafana",
        .service = name,
        .path = "/api/health",
        .forward = "port-forward-grafana",
        .port = GRAFANA_PORT};
    assay_status s;

    (void)snprintf(name, sizeof(name), "%s-grafana", k8s->release);
    s = find(k8s, task, &grafana, url);
    return s ? s : k8s->deployment->dashboard_at(k8s->host, url);
}

assay_status metrics_find(struct k8s *k8s, assay_task *task)
{
    const assay_status s = find_prometheus(k8s, task);

    return s || !k8s->options.has_grafana ? s : find_grafana(k8s, task);
}

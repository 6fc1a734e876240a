#include "plugins/deployers/k8s/k8s.h"

#include <inttypes.h>

enum {
    WORD_SIZE = 24
};

void reach_choose(struct k8s *k8s)
{
    k8s->way = WAY_NODE_PORT;
    if (strcmp(k8s->options.access, "cluster-ip") == 0)
        k8s->way = WAY_CLUSTER_IP;
}

void reach_each_port(const struct k8s *k8s,
    void (*visit)(void *arg, uint32_t node, uint32_t port, uint32_t nth), void *arg)
{
    uint32_t nth = 0;

    for (uint32_t node = 0; node < k8s->node_count; node++) {
        const assay_node_spec *spec = k8s->deployment->spec(k8s->host, node);

        for (uint32_t p = 0; p < spec->port_count && p < K8S_PORTS_MAX; p++) {
            if (ASSAY_AT(assay_port, spec->ports, spec->port_stride, p)->protocol == ASSAY_TCP)
                visit(arg, node, p, nth++);
        }
    }
}

/* ---- probing ---- */

/* A proxy on the way says 502 to 504 of a pod that is not there; a Prometheus, 503 until it is ready. */
static assay_status probe(
    const struct k8s *k8s, assay_task *task, const struct spot *spot, bool *out)
{
    char url[400];
    assay_backend_call call = ASSAY_RECORD_WITH(assay_backend_call, .url = url, .method = "GET",
        .path = spot->path, .timeout = ASSAY_SECOND);
    assay_reply *reply = NULL;
    assay_status s;

    (void)snprintf(url, sizeof(url), "http://%s:%" PRIu32, spot->ip, spot->port);
    s = k8s->deployment->call(task, &call, &reply);
    *out = s == ASSAY_OK && k8s->http->info(reply)->code < 500;
    k8s->http->release(reply);
    return s == ASSAY_E_CANCELLED ? s : ASSAY_OK;
}

static assay_status pause_probing(const struct k8s *k8s, assay_task *task)
{
    return k8s->clock->sleep_until(task, k8s->clock->now(k8s->host) + k8s->waits.probe_pace);
}

assay_status reach_await(
    struct k8s *k8s, assay_task *task, const struct spot *spot, assay_ns until, bool *out)
{
    assay_status s = probe(k8s, task, spot, out);

    while (!s && !*out && k8s->clock->now(k8s->host) < until) {
        s = pause_probing(k8s, task);
        if (!s)
            s = probe(k8s, task, spot, out);
    }
    return s;
}

/* ---- forwarding ---- */

struct taking {
    struct k8s *k8s;
    assay_status status;
    uint32_t count;
};

static void take_port(void *arg, uint32_t node, uint32_t port, uint32_t nth)
{
    struct taking *taking = arg;
    struct k8s *k8s = taking->k8s;

    if (!taking->status)
        taking->status =
            k8s->deployment->free_port(k8s->host, ASSAY_TCP, &k8s->nodes[node].local_ports[port]);
    taking->count = nth + 1;
}

struct wording {
    const struct k8s *k8s;
    char (*texts)[WORD_SIZE];
    const char **words; /* where the ports' words begin */
};

static void put_word(void *arg, uint32_t node, uint32_t port, uint32_t nth)
{
    struct wording *wording = arg;

    (void)snprintf(wording->texts[nth], WORD_SIZE, "%" PRIu32 ":%" PRIu32,
        wording->k8s->nodes[node].local_ports[port], RELAY_PORT_FIRST + nth);
    wording->words[nth] = wording->texts[nth];
}

assay_status reach_forward(
    struct k8s *k8s, const char *name, const char *target, const char *const *ports)
{
    /* Older ones of kubectl stay when their pod has gone, and say so at each connection. The next thing
       that they print then ends them, since nobody reads it. */
    static const char loop[] = "while :; do \"$@\" 2>&1 | "
                               "sed -u '/an error occurred forwarding/q'; sleep 0.2; done";
    size_t n = 0, count = 0;
    const char **words;
    assay_status s;

    while (ports[count])
        count++;
    words = calloc(count + K8S_WORDS_MAX, sizeof(*words));
    if (!words)
        return k8s->host->fail(k8s->host, ASSAY_E_NOMEM, "out of memory");
    words[n++] = "/bin/sh";
    words[n++] = "-c";
    words[n++] = loop;
    words[n++] = "forward";
    n += cluster_words(k8s, "kubectl", words + n);
    words[n++] = "port-forward";
    words[n++] = "--namespace";
    words[n++] = k8s->namespace;
    words[n++] = "--address=127.0.0.1";
    words[n++] = target;
    memcpy(words + n, ports, count * sizeof(*ports));
    s = k8s->deployment->beside(k8s->host, name, words);
    free(words);
    return s;
}

/* One for all ports of all nodes. */
static assay_status start_forward(struct k8s *k8s, uint32_t port_count)
{
    char target[2 * K8S_NAME_SIZE];
    char(*texts)[WORD_SIZE] = calloc(port_count + 1, sizeof(*texts));
    const char **words = calloc(port_count + 1, sizeof(*words));
    assay_status s = ASSAY_E_NOMEM;

    if (texts && words) {
        (void)snprintf(target, sizeof(target), "deployment/%s-relay", k8s->release);
        reach_each_port(
            k8s, put_word, &(struct wording){.k8s = k8s, .texts = texts, .words = words});
        s = reach_forward(k8s, "port-forward", target, words);
    }
    free(texts);
    free(words);
    return s;
}

/* Puts the relay into the release, and one port-forward in front of it. */
static assay_status forward(struct k8s *k8s, assay_task *task)
{
    struct taking taking = {.k8s = k8s};
    assay_status s;

    reach_each_port(k8s, take_port, &taking);
    k8s->way = WAY_FORWARD;
    s = taking.status;
    if (!s)
        s = release_upgrade(k8s, task);
    if (!s)
        s = pods_await(k8s, task, k8s->clock->now(k8s->host) + k8s->options.deployment_timeout);
    k8s->deployment->release_ports(k8s->host);
    if (!s)
        s = start_forward(k8s, taking.count);
    return s ? s : release_bind(k8s);
}

/* ---- choosing ---- */

static assay_status explain(struct k8s *k8s, assay_task *task, const char *direct)
{
    const struct k8s_node *first = &k8s->nodes[0];
    char pod[2 * K8S_NAME_SIZE], what[512];

    pods_name(k8s, 0, pod);
    (void)snprintf(what, sizeof(what),
        "%.60s cannot be reached: neither at %.100s:%" PRIu32 " (a port of a cluster node; option "
        "node_host or K8S_RUNNER_NODE_HOST says which) nor at %.80s (its own address) nor through "
        "kubectl port-forward (port-forward.log among the nodes' logs says why)",
        first->name, k8s->node_host, first->node_ports[0], direct);
    return trouble_report(k8s, task, pod, what);
}

/* At a cluster node's port, or at the node's own address? Both are tried in turn, since which of them
   works depends on where we are and not on the node. */
static assay_status find_way(
    struct k8s *k8s, assay_task *task, uint32_t port, assay_ns until, bool *out)
{
    const struct k8s_node *first = &k8s->nodes[0];
    assay_status s = ASSAY_OK;

    while (!s && !*out && k8s->clock->now(k8s->host) < until) {
        k8s->way = WAY_NODE_PORT;
        if (first->node_ports[0])
            s = probe(k8s, task,
                &(struct spot){.ip = k8s->node_host, .path = "/", .port = first->node_ports[0]},
                out);
        if (s || *out)
            return s;
        k8s->way = WAY_CLUSTER_IP;
        s = probe(k8s, task, &(struct spot){.ip = first->address, .path = "/", .port = port}, out);
        if (!s && !*out)
            s = pause_probing(k8s, task);
    }
    return s;
}

assay_status reach_nodes(struct k8s *k8s, assay_task *task)
{
    const assay_node_spec *spec = k8s->node_count ? k8s->deployment->spec(k8s->host, 0) : NULL;
    const bool is_auto = strcmp(k8s->options.access, "auto") == 0;
    char direct[100];
    bool is_there = false;
    assay_status s = ASSAY_OK;
    uint32_t port;

    if (!spec || spec->port_count == 0 || (!is_auto && strcmp(k8s->options.access, "forward") != 0))
        return ASSAY_OK;
    port = ASSAY_AT(assay_port, spec->ports, spec->port_stride, 0)->container_port;
    (void)snprintf(direct, sizeof(direct), "%s:%" PRIu32, k8s->nodes[0].address, port);
    if (is_auto)
        s = find_way(k8s, task, port, k8s->clock->now(k8s->host) + k8s->waits.probe, &is_there);
    if (s || is_there)
        return s ? s : release_bind(k8s);
    s = forward(k8s, task);
    if (!s)
        s = reach_await(k8s, task,
            &(struct spot){.ip = "127.0.0.1", .path = "/", .port = k8s->nodes[0].local_ports[0]},
            k8s->clock->now(k8s->host) + k8s->waits.probe, &is_there);
    return s || is_there ? s : explain(k8s, task, direct);
}

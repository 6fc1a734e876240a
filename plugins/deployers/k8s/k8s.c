/* assay.k8s - brings the nodes up as pods of a Kubernetes cluster.

   One namespace and one helm release per run. First the nodes' Services, so that every address is
   known before anything runs; then the system renders; then everything else. See k8s.md for what a
   user needs to know. */
#include "plugins/deployers/k8s/k8s.h"

enum {
    DEPLOYMENT_TIMEOUT_S = 180, /* where neither an option nor a variable says otherwise */
    HTTP_TIMEOUT_S = 240,
    PROBE_TIMEOUT_S = 30, /* for a way that may not be there */
    PROBE_PACE_MS = 200,
    RELEASE_LIMIT_S = 115 /* for removing everything; the host ends an operation after 2 m */
};

/* ---- options ---- */

/* An option in seconds where it is given, else a variable in whole seconds, else the fallback. */
static assay_status choose_span(
    const struct k8s *k8s, const char *variable, assay_ns fallback, assay_ns *span)
{
    const char *text = k8s_variable(k8s, variable);
    char *end = NULL;
    long seconds;

    if (*span > 0)
        return ASSAY_OK;
    *span = fallback;
    if (!text)
        return ASSAY_OK;
    seconds = strtol(text, &end, 10);
    if (*end != '\0' || seconds < 1 || seconds > 86400)
        return assay_fail_f(k8s->host, ASSAY_E_INVALID,
            "%s is '%.40s'; it must be whole seconds from 1 to 86400", variable, text);
    *span = seconds * ASSAY_SECOND;
    return ASSAY_OK;
}

static assay_status choose_pull_policy(struct k8s *k8s)
{
    static const char *const policies[] = {"Always", "IfNotPresent", "Never"};
    const char *policy = k8s_choose(
        k8s, k8s->options.pull_policy, "NOMOS_TESTNET_IMAGE_PULL_POLICY", "IfNotPresent");

    for (size_t i = 0; i < sizeof(policies) / sizeof(policies[0]); i++) {
        if (strcmp(policy, policies[i]) == 0) {
            k8s->options.pull_policy = policies[i];
            return ASSAY_OK;
        }
    }
    return assay_fail_f(k8s->host, ASSAY_E_INVALID,
        "the pull policy '%.40s' (option pull_policy, or NOMOS_TESTNET_IMAGE_PULL_POLICY) is none "
        "of Always, IfNotPresent, Never",
        policy);
}

static assay_status choose_kzg(struct k8s *k8s)
{
    const char *mode = k8s_variable(k8s, "NOMOS_KZG_MODE");

    if (k8s->options.kzg[0] != '\0')
        return ASSAY_OK;
    if (mode && strcmp(mode, "hostPath") != 0 && strcmp(mode, "inImage") != 0)
        return assay_fail_f(k8s->host, ASSAY_E_INVALID,
            "NOMOS_KZG_MODE is '%.40s'; it must be hostPath or inImage", mode);
    k8s->options.kzg = mode && strcmp(mode, "hostPath") == 0 ? "host-path" : "image";
    return ASSAY_OK;
}

static assay_status choose_waits(struct k8s *k8s)
{
    const struct {
        const char *variable;
        assay_ns fallback, *span;
    } waits[] = {
        {"K8S_RUNNER_HTTP_PROBE_TIMEOUT_SECS", PROBE_TIMEOUT_S * ASSAY_SECOND, &k8s->waits.probe},
        {"K8S_RUNNER_HTTP_POLL_INTERVAL_SECS", PROBE_PACE_MS * ASSAY_MS, &k8s->waits.probe_pace},
        {"K8S_RUNNER_PROMETHEUS_HTTP_PROBE_TIMEOUT_SECS", PROBE_TIMEOUT_S * ASSAY_SECOND,
            &k8s->waits.metrics_probe},
        {"K8S_RUNNER_PROMETHEUS_HTTP_TIMEOUT_SECS", HTTP_TIMEOUT_S * ASSAY_SECOND,
            &k8s->waits.metrics},
    };
    assay_status s = ASSAY_OK;

    for (size_t i = 0; !s && i < sizeof(waits) / sizeof(waits[0]); i++)
        s = choose_span(k8s, waits[i].variable, waits[i].fallback, waits[i].span);
    return s;
}

static assay_status choose_all(struct k8s *k8s)
{
    struct k8s_options *options = &k8s->options;
    const bool is_slow =
        k8s_variable(k8s, "SLOW_TEST_ENV") && !strcmp(k8s_variable(k8s, "SLOW_TEST_ENV"), "true");
    assay_status s = choose_span(k8s, "K8S_RUNNER_DEPLOYMENT_TIMEOUT_SECS",
        DEPLOYMENT_TIMEOUT_S * ASSAY_SECOND, &options->deployment_timeout);

    if (!s)
        s = choose_span(k8s, "K8S_RUNNER_HTTP_TIMEOUT_SECS", HTTP_TIMEOUT_S * ASSAY_SECOND,
            &options->http_timeout);
    if (!s && is_slow) {
        options->deployment_timeout *= 2;
        options->http_timeout *= 2;
    }
    if (!s)
        s = choose_waits(k8s);
    if (!s)
        s = choose_pull_policy(k8s);
    if (!s)
        s = choose_kzg(k8s);
    options->prometheus_url =
        k8s_choose(k8s, options->prometheus_url, "K8S_RUNNER_EXTERNAL_PROMETHEUS_URL", "");
    options->prometheus_url =
        k8s_choose(k8s, options->prometheus_url, "NOMOS_EXTERNAL_PROMETHEUS_URL", "");
    if (options->prometheus_url[0] != '\0')
        options->has_prometheus = 0;
    if (!s)
        s = metrics_choose(k8s);
    k8s->is_preserved =
        options->is_preserved || k8s->deployment->variable(k8s->host, "K8S_RUNNER_PRESERVE");
    return s ? s : names_choose(k8s);
}

/* ---- life ---- */

static void destroy(void *self)
{
    struct k8s *k8s = self;

    if (!k8s)
        return;
    (void)pthread_mutex_destroy(&k8s->lock);
    free(k8s->pods);
    free(k8s->nodes);
    free(k8s);
}

static assay_status create(const assay_host *host, const void *given, void **self)
{
    struct k8s *k8s = calloc(1, sizeof(*k8s));

    if (!k8s)
        return host->fail(host, ASSAY_E_NOMEM, "out of memory");
    k8s->host = host;
    k8s->deployment = assay_deployment_of(host);
    k8s->topology = assay_topology_of(host);
    k8s->json = assay_json_of(host);
    k8s->http = assay_http_of(host);
    k8s->clock = assay_clock_of(host);
    k8s->run = assay_run_of(host);
    k8s->options = *(const struct k8s_options *)given;
    k8s->node_count = k8s->topology->node_count(host);
    k8s->nodes = calloc(k8s->node_count + 1, sizeof(*k8s->nodes));
    if (!k8s->nodes || pthread_mutex_init(&k8s->lock, NULL) != 0) {
        free(k8s->nodes);
        free(k8s);
        return host->fail(host, ASSAY_E_NOMEM, "out of memory");
    }
    *self = k8s;
    return ASSAY_OK;
}

static assay_status read_nodes(struct k8s *k8s)
{
    for (uint32_t i = 0; i < k8s->node_count; i++) {
        const assay_node_spec *spec = k8s->deployment->spec(k8s->host, i);
        assay_node_info info = ASSAY_RECORD(assay_node_info);
        const assay_status s = k8s->topology->node(k8s->host, i, &info);

        if (s)
            return s;
        k8s->nodes[i].name = spec->name;
        k8s->nodes[i].role = spec->role;
        k8s->nodes[i].role_index = info.role_index;
    }
    return ASSAY_OK;
}

/* ---- the order of a deployment ---- */

static assay_status install(struct k8s *k8s, assay_task *task)
{
    assay_status s = names_claim(k8s, task);

    if (!s)
        s = release_addresses(k8s, task);
    if (!s)
        s = k8s->deployment->render(task);
    if (!s)
        s = release_install(k8s, task);
    return s;
}

static assay_status prepare(void *self, assay_task *task)
{
    struct k8s *k8s = self;
    assay_status s = choose_all(k8s);

    if (!s)
        s = read_nodes(k8s);
    if (!s)
        s = names_ask_host(k8s, task);
    if (!s)
        s = cluster_open(k8s, task);
    if (!s)
        s = install(k8s, task);
    if (!s)
        s = pods_await(k8s, task, k8s->clock->now(k8s->host) + k8s->options.deployment_timeout);
    if (!s)
        s = reach_nodes(k8s, task);
    if (!s)
        s = metrics_find(k8s, task);
    if (!s)
        s = k8s->deployment->await_ready(task, k8s->options.http_timeout, k8s->options.limit);
    k8s->is_ready = !s;
    return s;
}

/* The key of a cluster is not to lie about in a run directory. */
static void forget_credentials(const struct k8s *k8s)
{
    static const char *const names[] = {".k8s/client.key", ".k8s/client.crt", ".k8s/token"};
    const char *const used[] = {k8s->cluster.key, k8s->cluster.certificate, k8s->cluster.token};

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (used[i][0] != '\0')
            (void)k8s->deployment->file(
                k8s->host, names[i], (assay_bytes){.data = "", .size = 0}, 0600);
    }
}

static assay_status finish(void *self, assay_task *task)
{
    struct k8s *k8s = self;
    assay_status s = ASSAY_OK;

    for (uint32_t node = 0; k8s->has_claimed && node < k8s->node_count; node++)
        (void)trouble_collect(
            k8s, task, node); /* what is to be removed counts more than its logs */
    if (k8s->is_preserved && k8s->has_claimed)
        assay_log_f(k8s->host, ASSAY_WARN,
            "left as they are, as asked: release %s in namespace %s of context %s; "
            "`kubectl delete namespace %s` removes them",
            k8s->release, k8s->namespace, k8s->cluster.context, k8s->namespace);
    else
        s = names_release(k8s, task, k8s->clock->now(k8s->host) + RELEASE_LIMIT_S * ASSAY_SECOND);
    forget_credentials(k8s);
    return s;
}

static const assay_option options[] = {
    ASSAY_OPTION_TEXT(struct k8s_options, context, "",
        "Context of kubectl's configuration; default: the current one."),
    ASSAY_OPTION_TEXT(struct k8s_options, namespace, "",
        "Namespace to use, made if it is not there; default: K8S_RUNNER_NAMESPACE, else one of the "
        "run's own."),
    ASSAY_OPTION_TEXT(struct k8s_options, release, "",
        "Name of the helm release; default: K8S_RUNNER_RELEASE, else the namespace's name."),
    ASSAY_OPTION_TEXT(struct k8s_options, image, "",
        "Container image where a node's own is not given by the system."),
    ASSAY_OPTION_TEXT(struct k8s_options, pull_policy, "",
        "Always, IfNotPresent or Never; default: NOMOS_TESTNET_IMAGE_PULL_POLICY, else "
        "IfNotPresent."),
    ASSAY_OPTION_LIST(struct k8s_options, pull_secrets, "",
        "Names of the namespace's secrets with a registry's credentials."),
    ASSAY_OPTION_LIST(
        struct k8s_options, node_selector, "", "label=value pairs that a cluster node must have."),
    ASSAY_OPTION_LIST(struct k8s_options, tolerations, "",
        "Taints of cluster nodes that are put up with: key=value:Effect, key:Effect or key."),
    ASSAY_OPTION_CHOICE(struct k8s_options, access, "auto", "auto|node-port|cluster-ip|forward",
        "How nodes are reached from here: at ports of a cluster node, at their own addresses, "
        "through one port-forward to a relay pod, or the first of these that works."),
    ASSAY_OPTION_TEXT(struct k8s_options, node_host, "",
        "Cluster node whose ports are used; default: K8S_RUNNER_NODE_HOST, else "
        "KUBERNETES_SERVICE_HOST, else 127.0.0.1."),
    ASSAY_OPTION_TEXT(struct k8s_options, relay_image, "",
        "Image of the relay pod, with a busybox; default: that of the nodes."),
    ASSAY_OPTION_TEXT(struct k8s_options, node_cpu, "", "CPU that each node asks for, as 250m."),
    ASSAY_OPTION_TEXT(
        struct k8s_options, node_memory, "", "Memory that each node asks for, as 64Mi."),
    ASSAY_OPTION_TEXT(struct k8s_options, node_cpu_limit, "", "CPU that each node may use."),
    ASSAY_OPTION_TEXT(struct k8s_options, node_memory_limit, "", "Memory that each node may use."),
    ASSAY_OPTION_TEXT(struct k8s_options, kzg, "",
        "KZG parameters of real nodes: image, or host-path; default: NOMOS_KZG_MODE, else image."),
    ASSAY_OPTION_TEXT(struct k8s_options, kzg_host_path, "/var/lib/nomos/kzgrs_test_params",
        "Directory on every cluster node, with kzg = host-path."),
    ASSAY_OPTION_BOOL(
        struct k8s_options, has_prometheus, "no", "Whether a Prometheus runs beside the nodes."),
    ASSAY_OPTION_TEXT(
        struct k8s_options, prometheus_image, "prom/prometheus:v3.0.1", "Its container image."),
    ASSAY_OPTION_LIST(
        struct k8s_options, prometheus_args, "", "Its arguments, instead of the chart's."),
    ASSAY_OPTION_TEXT(struct k8s_options, prometheus_url, "",
        "A Prometheus that is there already, for queries; default: "
        "K8S_RUNNER_EXTERNAL_PROMETHEUS_URL, else NOMOS_EXTERNAL_PROMETHEUS_URL."),
    ASSAY_OPTION_BOOL(struct k8s_options, has_grafana, "no",
        "Whether a Grafana with a dashboard of the nodes shows what Prometheus has; "
        "NOMOS_GRAFANA_NODE_PORT says at which port of cluster nodes."),
    ASSAY_OPTION_TEXT(
        struct k8s_options, grafana_image, "grafana/grafana:10.4.1", "Its container image."),
    ASSAY_OPTION_TEXT(struct k8s_options, values, "",
        "Path of a file with values for the chart, which have the last word."),
    ASSAY_OPTION_SPAN(struct k8s_options, deployment_timeout, "0s", "0s..24h",
        "How long pods may take to run; 0s: K8S_RUNNER_DEPLOYMENT_TIMEOUT_SECS, else 180 s."),
    ASSAY_OPTION_SPAN(struct k8s_options, http_timeout, "0s", "0s..24h",
        "How long a node may go without progress until it is ready; 0s: "
        "K8S_RUNNER_HTTP_TIMEOUT_SECS, else 240 s."),
    ASSAY_OPTION_SPAN(struct k8s_options, limit, "0s", "0s..24h",
        "How long all nodes together may take to be ready once their pods run; 0s: no limit."),
    ASSAY_OPTION_BOOL(struct k8s_options, is_preserved, "no",
        "Leave everything in the cluster at the end; K8S_RUNNER_PRESERVE, set to anything, means "
        "yes."),
};
static const char *const needs[] = {
    ASSAY_DEPLOYMENT, ASSAY_TOPOLOGY, ASSAY_JSON, ASSAY_HTTP, ASSAY_CLOCK, ASSAY_RUN, NULL};

ASSAY_PLUGIN(k8s_deployer, ASSAY_DEPLOYER, "assay.k8s", "0.1.0",
    "Runs the nodes as pods of a Kubernetes cluster", ASSAY_OPTIONS(struct k8s_options, options),
    .needs = needs, .create = create, .destroy = destroy, .prepare = prepare, .finish = finish,
    .deployer = &control_ops);
ASSAY_LIBRARY("assay-k8s", "0.1.0", "Apache-2.0", &k8s_deployer);

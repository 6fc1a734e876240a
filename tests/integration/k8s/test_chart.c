/* The chart as helm renders it from the values that deployer k8s writes: what an option says is in
   every pod, and helm finds nothing to complain of. Wants helm and no cluster. */
#include "plugins/deployers/k8s/test_world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/integration/scenarios/support.h"

#define CHART ASSAY_SOURCE_DIR "/assets/helm/nomos-runner"

/* ---- helm ---- */

static char path_variable[4096];

static int run_helm(struct stage *stage, const char *const *words)
{
    const char *all[STAGE_WORDS_MAX] = {"helm"};

    for (size_t i = 0; words[i]; i++)
        all[i + 1] = words[i];
    return stage_call(stage, "/usr/bin/env", all);
}

static int open_stage(void **state)
{
    if (world_open(state) || stage_open(state))
        return -1;
    stage_setenv(*state, path_variable);
    return 0;
}

static int close_stage(void **state)
{
    const int code = stage_close(state);

    return world_close(state) || code ? -1 : 0;
}

static bool has_helm(void)
{
    void *state = NULL;
    bool is_there;

    if (open_stage(&state))
        return false;
    is_there = run_helm(state, (const char *const[]){"version", NULL}) == 0;
    return close_stage(&state) == 0 && is_there;
}

/* What the deployer makes of its options goes through `helm lint --strict` and `helm template`, whose
   output is in stage->out. */
static void render(struct stage *stage)
{
    const char *values = stage_path(stage, "values.json");
    const char *const lint[] = {"lint", "--strict", CHART, "--values", values, NULL};
    const char *const template[] = {
        "template", "mine", CHART, "--namespace", "team", "--values", values, NULL};

    stage_write(stage, "values.json", world_file(".k8s/values.json"));
    assert_exit(stage, run_helm(stage, lint), 0);
    assert_has(stage->out, "1 chart(s) linted, 0 chart(s) failed");
    assert_exit(stage, run_helm(stage, template), 0);
}

static void prepare(struct stage *stage)
{
    assert_int_equal(world_prepare(), ASSAY_OK);
    render(stage);
}

static size_t count(const char *text, const char *part)
{
    size_t n = 0;

    for (const char *at = strstr(text, part); at; at = strstr(at + 1, part))
        n++;
    return n;
}

/* ---- what is in every network ---- */

static void the_chart_by_itself_is_clean(void **state)
{
    struct stage *stage = *state;
    const char *const words[] = {"lint", "--strict", CHART, NULL};

    assert_exit(stage, run_helm(stage, words), 0);
    assert_has(stage->out, "0 chart(s) failed");
    assert_lacks(stage->out, "WARNING");
}

static void nodes_have_stable_names_labels_and_probes(void **state)
{
    struct stage *stage = *state;

    prepare(stage);
    assert_int_equal(count(stage->out, "kind: StatefulSet"), WORLD_NODES);
    assert_has(stage->out, "  name: mine-validator-0\n");
    assert_has(stage->out, "  serviceName: mine-validator-1\n");
    assert_has(stage->out, "    app.kubernetes.io/name: nomos-runner\n");
    assert_has(stage->out, "    app.kubernetes.io/instance: \"mine\"\n");
    assert_has(stage->out, "    nomos/logical-role: \"validator\"\n");
    assert_has(stage->out, "    nomos/validator-index: \"1\"\n");
    assert_int_equal(count(stage->out, "readinessProbe:"), WORLD_NODES);
    assert_int_equal(
        count(stage->out, "\n            - name: api-tcp\n              containerPort: 18080\n"),
        WORLD_NODES);
    assert_has(stage->out, "    - name: network-udp\n      port: 3000\n      protocol: UDP\n");
    assert_lacks(stage->out, "livenessProbe");
    assert_lacks(stage->out, "kind: Deployment"); /* nothing beside them was asked for */
}

/* The lines of a block that are indented like its first: is one key there twice? */
static bool repeats_a_key(const char *block)
{
    const size_t indent = strspn(block, " ");

    for (const char *line = block; strspn(line, " ") >= indent; line += strcspn(line, "\n") + 1) {
        char key[128];
        const char *next = line + strcspn(line, "\n");

        (void)snprintf(key, sizeof(key), "\n%.*s", (int)(strcspn(line, ":") + 1), line);
        for (; *next != '\0' && strspn(next + 1, " ") >= indent;
             next += 1 + strcspn(next + 1, "\n")) {
            if (strncmp(next, key, strlen(key)) == 0)
                return true;
        }
    }
    return false;
}

/* YAML takes the last of two equal keys, and stricter readers take none. */
static void no_label_is_said_twice(void **state)
{
    struct stage *stage = *state;
    size_t blocks = 0;

    prepare(stage);
    for (const char *at = strstr(stage->out, "abels:"); at; at = strstr(at + 1, "abels:")) {
        const char *block = at + strcspn(at, "\n") + 1;

        if (repeats_a_key(block))
            fail_msg("a key is there twice: %.600s", block);
        blocks++;
    }
    assert_true(blocks >= 4 * WORLD_NODES); /* two services, a set, its selector and its pods */
}

/* ---- what options say ---- */

static void options_reach_every_pod(void **state)
{
    static const char *const secrets[] = {"mine", NULL}, *const selector[] = {"disk=ssd", NULL},
                             *const taints[] = {"a=b:NoSchedule", "c", NULL},
                             *const words[] = {"serve", NULL};
    static const assay_support support = {
        .struct_size = sizeof(support), .name = "cfgsync", .argv = words, .port = 4400};
    struct stage *stage = *state;
    struct k8s_options *options = world_options();
    const size_t pods = WORLD_NODES + 2; /* the program beside them, and Prometheus */

    options->pull_policy = "Always";
    options->pull_secrets = secrets;
    options->node_selector = selector;
    options->tolerations = taints;
    options->has_prometheus = 1;
    world_support(&support);
    world_answer("GET /api/v1/namespaces/nomos-k8s-20260131-120000-1a2b/services/prometheus", 200,
        "{\"spec\":{\"clusterIP\":\"10.96.0.9\",\"ports\":[{\"nodePort\":30909}]}}", 0);
    world_answer("GET http://127.0.0.1:30909/-/ready", 200, "", 0);
    prepare(stage);
    assert_int_equal(count(stage->out, "imagePullPolicy: Always\n"), pods);
    assert_int_equal(count(stage->out, "imagePullSecrets: \n        - name: mine\n"), pods);
    assert_int_equal(count(stage->out, "nodeSelector: \n        disk: ssd\n"), pods);
    assert_int_equal(count(stage->out,
                         "tolerations: \n"
                         "        - effect: NoSchedule\n          key: a\n"
                         "          operator: Equal\n          value: b\n"
                         "        - key: c\n          operator: Exists\n"),
        pods);
    assert_has(stage->out, "image: \"prom:1\"\n");
    assert_has(stage->out, "nomos/component: \"cfgsync\"\n");
    assert_has(stage->out, "targets: [\"mine-validator-0:18080\"]");
}

static void nodes_ask_for_what_they_may_use(void **state)
{
    struct stage *stage = *state;
    struct k8s_options *options = world_options();

    options->node_cpu = "250m";
    options->node_memory = "64Mi";
    options->node_cpu_limit = "1";
    options->node_memory_limit = "128Mi";
    prepare(stage);
    assert_int_equal(
        count(stage->out,
            "resources: {\"limits\":{\"cpu\":\"1\",\"memory\":\"128Mi\"},\"requests\":{\"cpu\":"
            "\"250m\",\"memory\":\"64Mi\"}}\n"),
        WORLD_NODES);
}

static void a_prometheus_elsewhere_means_none_here(void **state)
{
    struct stage *stage = *state;

    world_options()->has_prometheus = 1;
    world_variable("K8S_RUNNER_EXTERNAL_PROMETHEUS_URL", "http://metrics.example:9090");
    prepare(stage);
    assert_string_equal(world_metrics(), "http://metrics.example:9090");
    assert_lacks(stage->out, "prometheus");
}

static void a_grafana_shows_the_prometheus_that_was_named(void **state)
{
    struct stage *stage = *state;

    world_options()->has_grafana = 1;
    world_options()->prometheus_url = "http://metrics.example:9090";
    world_variable("NOMOS_GRAFANA_NODE_PORT", "30030");
    world_answer("GET /api/v1/namespaces/nomos-k8s-20260131-120000-1a2b/services/"
                 "nomos-k8s-20260131-120000-1a2b-grafana",
        200, "{\"spec\":{\"ports\":[{\"nodePort\":30030}]}}", 0);
    world_answer("GET http://127.0.0.1:30030/api/health", 200, "", 0);
    prepare(stage);
    assert_has(stage->out, "      port: 3000\n      nodePort: 30030\n");
    assert_has(stage->out, "        url: \"http://metrics.example:9090\"\n");
    assert_has(stage->out, "image: \"grafana:1\"\n");
    assert_has(stage->out, "  nodes.json: \"{\\\"title\\\": \\\"Nodes\\\"}\"\n");
    assert_int_equal(count(stage->out, "kind: Deployment"), 1); /* and no Prometheus */
}

static void parameters_come_from_where_the_options_say(void **state)
{
    struct stage *stage = *state;

    world_options()->kzg = "host-path";
    world_options()->kzg_host_path = "/data/kzg";
    prepare(stage);
    assert_int_equal(
        count(stage->out, "hostPath:\n            path: \"/data/kzg\"\n"), WORLD_NODES);
    assert_int_equal(count(stage->out, "mountPath: \"/kzgrs_test_params\"\n"), WORLD_NODES);
}

static void parameters_come_with_the_image_otherwise(void **state)
{
    struct stage *stage = *state;

    prepare(stage);
    assert_lacks(stage->out, "hostPath");
}

static void ports_of_cluster_nodes_are_taken_only_to_be_used(void **state)
{
    struct stage *stage = *state;

    prepare(stage);
    assert_int_equal(count(stage->out, "type: NodePort"), WORLD_NODES);
    assert_int_equal(close_stage(state), 0);
    assert_int_equal(open_stage(state), 0);
    world_options()->access = "cluster-ip";
    stage = *state;
    prepare(stage);
    assert_lacks(stage->out, "type: NodePort");
    assert_lacks(stage->out, "name: mine-validator-0-runner");
}

/* ---- */

#define TEST(function) cmocka_unit_test_setup_teardown(function, open_stage, close_stage)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(the_chart_by_itself_is_clean),
        TEST(nodes_have_stable_names_labels_and_probes),
        TEST(no_label_is_said_twice),
        TEST(options_reach_every_pod),
        TEST(nodes_ask_for_what_they_may_use),
        TEST(a_prometheus_elsewhere_means_none_here),
        TEST(a_grafana_shows_the_prometheus_that_was_named),
        TEST(parameters_come_from_where_the_options_say),
        TEST(parameters_come_with_the_image_otherwise),
        TEST(ports_of_cluster_nodes_are_taken_only_to_be_used),
    };

    (void)snprintf(path_variable, sizeof(path_variable), "PATH=%s", getenv("PATH"));
    if (!has_helm()) {
        (void)printf("skipped: helm is not on PATH\n");
        return 77;
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Scenarios that pass on a real cluster, and what they leave there: nothing. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "framework/base/file.h"
#include "tests/integration/k8s/cluster.h"

#define SHORT    "cooldown = 2s\nsettle = 1s\n"
#define PINNED   "assay-pinned-runs"
#define SYSTEM   "[system.nomos]\nslot = 500ms\nsecurity_param = 5\n"
#define DEPLOYER "[deployer.k8s]\npull_policy = Never\n"
/* One validator, which has only to live: there is nobody to agree with. */
#define ALONE                                                                                      \
    "[run]\nduration = 4s\n" SHORT "[topology]\nvalidators = 1\n[expectation.liveness]\nplugin = " \
    "consensus_liveness\nmin_blocks = 1\n" SYSTEM DEPLOYER

/* The first block of this kind on the page; the caller frees it. */
static char *block_of(const char *page, const char *fence)
{
    const char *begin = strstr(page, fence);
    const char *end = begin ? strstr(begin, "\n```\n") : NULL;

    assert_non_null(end);
    begin += strlen(fence);
    return strndup(begin, (size_t)(end + 1 - begin));
}

/* docs/kubernetes.md, followed to the letter. */
static void the_demo_of_the_page_passes_and_leaves_nothing(void **state)
{
    struct stage *stage = *state;
    struct file_text page = {0};
    char *manifest, *commands, *log, *rest = NULL;
    size_t count = 0;

    assert_int_equal(file_read(ASSAY_SOURCE_DIR "/docs/kubernetes.md", 1 << 20, &page, NULL), 0);
    manifest = block_of(page.data, "```ini\n");
    commands = block_of(page.data, "```console\n");
    stage_write(stage, "demo.ini", manifest);
    for (char *line = strtok_r(commands, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
        assert_int_equal(strncmp(line, "$ ", 2), 0);
        assert_exit(
            stage, stage_call(stage, "/bin/sh", (const char *const[]){"-c", line + 2, NULL}), 0);
        count++;
    }
    assert_int_equal(count, 4);
    (void)snprintf(stage->run, sizeof(stage->run), "%s/demo-run", stage->root);
    assert_judged(stage, "consensus_liveness", "pass");
    assert_judged(stage, "agreement", "pass");
    assert_judged(stage, "transaction_inclusion", "pass");
    log = stage_read(stage, "nodes/executor-0/output.log");
    assert_non_null(log);
    assert_has(log, "serving HTTP");
    free(log);
    free(manifest);
    free(commands);
    free(page.data);
    assert_string_equal(cluster_left(stage), "");
    stage_await_nobody(stage);
}

/* The receipts of one action, all proven; how many. */
static size_t proven(struct stage *stage, const char *action)
{
    json_object *receipts = NULL;
    size_t count = 0;

    assert_true(json_object_object_get_ex(stage_verdict(stage), "receipts", &receipts));
    for (size_t i = 0; i < json_object_array_length(receipts); i++) {
        json_object *receipt = json_object_array_get_idx(receipts, i);

        if (strcmp(verdict_text(receipt, "action"), action) != 0)
            continue;
        assert_string_equal(verdict_text(receipt, "proven"), "true");
        count++;
    }
    return count;
}

static void nodes_are_taken_down_with_proof_and_come_back(void **state)
{
    struct stage *stage = *state;

    cluster_manifest(stage,
        "[run]\nduration = 25s\nseed = 7\nnode_control = yes\ncooldown = 3s\nsettle = 1s\n"
        "[topology]\nvalidators = 3\n" SYSTEM DEPLOYER
        "[workload.chaos]\npause_min = 1s\npause_max = 2s\noutage = 1s\ncooldown = 1s\n"
        "actions = restart, stop, kill, pause\n[expectation.recovery]\n[expectation.agreement]\n");
    assert_exit(stage, stage_run(stage, NULL), 0);
    assert_judged(stage, "recovery", "pass");
    assert_true(proven(stage, "restart") + proven(stage, "stop") + proven(stage, "kill") +
            proven(stage, "pause") >=
        4);
    assert_int_equal(proven(stage, "pause"), proven(stage, "resume"));
    assert_int_equal(proven(stage, "stop") + proven(stage, "kill"), proven(stage, "start"));
    assert_string_equal(cluster_left(stage), "");
}

/* A program that ends and a pod that goes without any action of ours are told as the end of a process is
   on one machine. */
static void what_happens_to_nodes_by_itself_is_told(void **state)
{
    struct stage *stage = *state;
    struct stage beside;
    char namespace[128], pods[2][160];
    char *events;

    cluster_manifest(stage,
        "[run]\nduration = 10s\nnode_control = yes\ncooldown = 1s\nsettle = 1s\n"
        "[topology]\nvalidators = 3\n" SYSTEM DEPLOYER "[expectation.recovery]\n");
    stage_start(stage, NULL);
    cluster_await_namespace(stage, namespace, sizeof(namespace));
    stage_await_event(stage, WINDOW_OPEN);
    for (int i = 0; i < 2; i++)
        (void)snprintf(pods[i], sizeof(pods[i]), "%s-validator-%d-0", namespace, i);
    cluster_beside(stage, &beside);
    assert_exit(&beside,
        KUBECTL(&beside, "exec", "--namespace", namespace, pods[0], "--", "/bin/sh", "-c",
            "read -r pid rest </assay/state/node; kill -SEGV $pid"),
        0);
    assert_exit(&beside,
        KUBECTL(&beside, "delete", "pod", "--namespace", namespace, pods[1], "--wait=false"), 0);
    cluster_beside_done(&beside);

    assert_exit(stage, stage_join(stage), 1);
    assert_judged(stage, "recovery", "fail");
    assert_has(stage->out, "validator-0: ended by itself");
    assert_has(stage->out, "killed by signal 11");
    assert_has(stage->out, "validator-1: ended by itself");
    /* "is being deleted", "is gone" or "was replaced": whichever the look came upon. */
    assert_has(stage->out, "nobody saw how, its pod ");
    assert_lacks(stage->out, "validator-2: ended");
    events = stage_read(stage, "events.ndjson");
    assert_has(events, "\"type\":\"node-ended\"");
    free(events);
    events = stage_read(stage, "nodes/validator-0/output.previous.log");
    assert_non_null(events); /* of the container that ended */
    free(events);
    assert_string_equal(cluster_left(stage), "");
}

/* Executors are none, which is a network as well. */
static void a_namespace_that_is_named_stays_and_the_release_goes(void **state)
{
    struct stage *stage = *state;

    assert_int_equal(KUBECTL(stage, "create", "namespace", PINNED), 0);
    stage_setenv(stage, "K8S_RUNNER_NAMESPACE=" PINNED);
    stage_setenv(stage, "K8S_RUNNER_RELEASE=mine");
    stage_setenv(stage, "K8S_RUNNER_EXTERNAL_PROMETHEUS_URL=http://metrics.example:9090");
    stage_setenv(stage, "TESTNET_PRINT_ENDPOINTS=1");
    cluster_manifest(stage, ALONE "has_prometheus = yes\n");
    assert_exit(stage, stage_run(stage, NULL), 0);
    assert_has(stage->out, "TESTNET_ENDPOINTS prometheus=http://metrics.example:9090");
    assert_string_equal(cluster_left_in_pinned(stage), "");
    assert_int_equal(KUBECTL(stage, "get", "namespace", PINNED), 0);
}

/* The pod that all connections go through is replaced meanwhile: the port-forward begins anew. */
static void nodes_and_metrics_are_reached_through_port_forwards(void **state)
{
    struct stage *stage = *state;
    struct stage beside;
    char namespace[128];
    char *log;

    stage_setenv(stage, "TESTNET_PRINT_ENDPOINTS=1");
    cluster_manifest(stage,
        "[run]\nduration = 20s\n" SHORT "[topology]\nvalidators = 3\n" SYSTEM DEPLOYER
        "access = forward\nhas_prometheus = yes\nprometheus_image = prometheus:local\n"
        "prometheus_args = --enable-feature=otlp-write-receiver\n"
        "[expectation.agreement]\n[expectation.metric]\nquery = count(up == 1)\nvalue = 3\n");
    stage_start(stage, NULL);
    cluster_await_namespace(stage, namespace, sizeof(namespace));
    stage_await_event(stage, WINDOW_OPEN);
    cluster_beside(stage, &beside);
    assert_exit(&beside,
        KUBECTL(&beside, "delete", "pod", "--namespace", namespace, "--selector",
            "nomos/component=relay", "--wait=false"),
        0);
    cluster_beside_done(&beside);

    assert_exit(stage, stage_join(stage), 0);
    assert_has(stage->out, "TESTNET_ENDPOINTS prometheus=http://127.0.0.1:");
    assert_judged(stage, "metric", "pass");
    log = stage_read(stage, "nodes/port-forward.log");
    assert_has(log, "Forwarding from 127.0.0.1:");
    assert_has(strstr(log, "Forwarding from 127.0.0.1:"), "error"); /* and again after it */
    assert_has(strstr(strstr(log, "error"), "Forwarding from"), "127.0.0.1:");
    free(log);
    stage_await_nobody(stage);
    assert_string_equal(cluster_left(stage), "");
}

static void k8s_runner_runs_the_predecessors_demo(void **state)
{
    struct stage *stage = *state;

    stage_setenv(stage, "K8S_DEMO_VALIDATORS=1");
    stage_setenv(stage, "K8S_DEMO_EXECUTORS=1");
    stage_setenv(stage, "K8S_DEMO_RUN_SECS=12");
    stage_setenv(stage, "CONSENSUS_SLOT_TIME=1");
    stage_setenv(stage, "NOMOS_TESTNET_IMAGE_PULL_POLICY=Never");
    stage_setenv(stage, "K8S_RUNNER_NODE_HOST=127.0.0.1");
    stage_setenv(stage, "K8S_RUNNER_DEPLOYMENT_TIMEOUT_SECS=120");
    stage_setenv(stage, "K8S_RUNNER_HTTP_TIMEOUT_SECS=120");
    stage_setenv(stage, "K8S_RUNNER_HTTP_PROBE_TIMEOUT_SECS=60");
    stage_setenv(stage, "K8S_RUNNER_DEBUG=1");
    stage_setenv(stage, "NOMOS_KZG_MODE=inImage");
    assert_exit(stage, stage_call(stage, "k8s_runner", NULL), 0);
    assert_has(stage->out, "every expectation held");
    assert_has(stage->out, "pass      expectation.da_inclusion");
    assert_has(stage->err, "helm: Release");
    assert_string_equal(cluster_left(stage), "");
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, cluster_open, cluster_close)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(the_demo_of_the_page_passes_and_leaves_nothing),
        TEST(nodes_are_taken_down_with_proof_and_come_back),
        TEST(what_happens_to_nodes_by_itself_is_told),
        TEST(a_namespace_that_is_named_stays_and_the_release_goes),
        TEST(nodes_and_metrics_are_reached_through_port_forwards),
        TEST(k8s_runner_runs_the_predecessors_demo),
    };

    static const char *const others[] = {"demo", "k8s-runner", NULL};
    static const struct cluster_theme theme = {
        .name = "runs", .pinned = PINNED, .other_names = others};

    cluster_need(&theme);
    return cmocka_run_group_tests(tests, NULL, NULL);
}

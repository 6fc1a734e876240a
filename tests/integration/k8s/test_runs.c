/* Scenarios that pass on a real cluster, and what they leave there: nothing. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/integration/k8s/cluster.h"

#define SHORT    "cooldown = 2s\nsettle = 1s\n"
#define SYSTEM   "[system.nomos]\nslot = 500ms\nsecurity_param = 5\n"
#define DEPLOYER "[deployer.k8s]\npull_policy = Never\n"
/* One validator, which has only to live: there is nobody to agree with. */
#define ALONE                                                                                      \
    "[run]\nduration = 6s\n" SHORT "[topology]\nvalidators = 1\n[expectation.liveness]\nplugin = " \
    "consensus_liveness\nmin_blocks = 1\n" SYSTEM DEPLOYER

static void the_demo_passes_and_leaves_nothing(void **state)
{
    struct stage *stage = *state;
    char *log;

    stage_manifest(stage,
        "[run]\nduration = 12s\n" SHORT "[topology]\nvalidators = 2\nexecutors = 1\n"
        "[wallets]\ncount = 100\n" SYSTEM DEPLOYER
        "[expectation.liveness]\nplugin = consensus_liveness\nmin_blocks = "
        "3\n[expectation.agreement]\n"
        "[workload.transactions]\nrate = 2\nusers = 20\n[expectation.transaction_inclusion]\n");
    assert_exit(stage, stage_run(stage, NULL), 0);
    assert_judged(stage, "liveness", "pass");
    assert_judged(stage, "agreement", "pass");
    assert_judged(stage, "transaction_inclusion", "pass");
    log = stage_read(stage, "nodes/executor-0/output.log");
    assert_non_null(log);
    assert_has(log, "serving HTTP");
    free(log);
    assert_string_equal(cluster_left(stage), "");
    stage_await_nobody(stage);
}

static void a_network_without_executors_is_a_network(void **state)
{
    struct stage *stage = *state;

    stage_manifest(stage, ALONE);
    assert_exit(stage, stage_run(stage, NULL), 0);
    assert_string_equal(cluster_left(stage), "");
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

    stage_manifest(stage,
        "[run]\nduration = 45s\nseed = 7\nnode_control = yes\ncooldown = 5s\nsettle = 1s\n"
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

static void a_namespace_that_is_named_stays_and_the_release_goes(void **state)
{
    struct stage *stage = *state;

    assert_int_equal(KUBECTL(stage, "create", "namespace", CLUSTER_PINNED), 0);
    stage_setenv(stage, "K8S_RUNNER_NAMESPACE=" CLUSTER_PINNED);
    stage_setenv(stage, "K8S_RUNNER_RELEASE=mine");
    stage_manifest(stage, ALONE);
    assert_exit(stage, stage_run(stage, NULL), 0);
    assert_int_equal(KUBECTL(stage, "get", "all,configmaps,secrets", "--namespace", CLUSTER_PINNED,
                         "--selector", "app.kubernetes.io/instance=mine", "--output=name"),
        0);
    assert_string_equal(stage->out, "");
    assert_int_equal(KUBECTL(stage, "get", "namespace", CLUSTER_PINNED), 0);
}

static void what_is_to_be_kept_stays_and_says_where(void **state)
{
    struct stage *stage = *state;

    stage_setenv(stage, "K8S_RUNNER_PRESERVE=1");
    stage_manifest(stage, ALONE);
    assert_exit(stage, stage_run(stage, NULL), 0);
    assert_has(stage->err, "left as they are, as asked: release nomos-k8s-");
    assert_has(cluster_left(stage), "namespace/nomos-k8s-");
}

static void nodes_are_reached_through_one_port_forward(void **state)
{
    struct stage *stage = *state;
    char *log;

    stage_manifest(stage,
        "[run]\nduration = 10s\n" SHORT "[topology]\nvalidators = 3\n" SYSTEM DEPLOYER
        "access = forward\n[expectation.liveness]\nplugin = consensus_liveness\nmin_blocks = 3\n"
        "[expectation.agreement]\n");
    assert_exit(stage, stage_run(stage, NULL), 0);
    log = stage_read(stage, "nodes/port-forward.log");
    assert_non_null(log);
    assert_has(log, "Forwarding from 127.0.0.1:");
    free(log);
    stage_await_nobody(stage);
    assert_string_equal(cluster_left(stage), "");
}

static void prometheus_runs_beside_the_nodes(void **state)
{
    struct stage *stage = *state;

    stage_manifest(stage,
        ALONE "has_prometheus = yes\nprometheus_image = prometheus:local\n"
              "prometheus_args = --enable-feature=otlp-write-receiver\n");
    assert_exit(stage, stage_run(stage, NULL), 0);
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
        TEST(the_demo_passes_and_leaves_nothing),
        TEST(a_network_without_executors_is_a_network),
        TEST(nodes_are_taken_down_with_proof_and_come_back),
        TEST(a_namespace_that_is_named_stays_and_the_release_goes),
        TEST(what_is_to_be_kept_stays_and_says_where),
        TEST(nodes_are_reached_through_one_port_forward),
        TEST(prometheus_runs_beside_the_nodes),
        TEST(k8s_runner_runs_the_predecessors_demo),
    };

    cluster_need();
    return cmocka_run_group_tests(tests, NULL, NULL);
}

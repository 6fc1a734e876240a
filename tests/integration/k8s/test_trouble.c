/* Networks that do not come up on a cluster, clusters that go away, and runners that are killed: a
   reason that can be read, and nothing left. */
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include <cmocka.h>

#include <assay/plugin.h>

#include "framework/run/monotonic.h"
#include "tests/integration/k8s/cluster.h"

#define NETWORK                                                                                    \
    "[run]\nduration = 5m\ncooldown = 1s\nsettle = 1s\n[topology]\nvalidators = 2\n"               \
    "[expectation.liveness]\nplugin = consensus_liveness\nmin_blocks = 1\n"                        \
    "[deployer.k8s]\npull_policy = Never\n"
#define PINNED "assay-pinned-trouble"
#define SYSTEM "[system.nomos]\nslot = 500ms\nsecurity_param = 5\n"

static void a_missing_image_is_named(void **state)
{
    struct stage *stage = *state;

    cluster_manifest(stage, NETWORK SYSTEM "image = nomos-nosuch:1\n");
    assert_exit(stage, stage_run(stage, NULL), 3);
    assert_has(stage->out, "cannot start: ErrImageNeverPull");
    assert_has(stage->out, "nomos-nosuch:1");
    assert_string_equal(cluster_left(stage), "");
}

static void a_node_that_crashes_at_its_start_shows_its_log(void **state)
{
    struct stage *stage = *state;

    cluster_manifest(stage, NETWORK SYSTEM "[node.validator-1]\nmisbehave = crash\n");
    assert_exit(stage, stage_run(stage, NULL), 3);
    assert_has(stage->out, "validator-1");
    assert_has(stage->out, "it was told to crash");
    assert_string_equal(cluster_left(stage), "");
}

static void a_pod_that_finds_no_place_says_why(void **state)
{
    struct stage *stage = *state;

    cluster_manifest(stage, NETWORK "node_cpu = 1000\ndeployment_timeout = 5s\n" SYSTEM);
    assert_exit(stage, stage_run(stage, NULL), 3);
    assert_has(stage->out, "2 pods do not run");
    assert_has(stage->out, "Insufficient cpu");
    assert_string_equal(cluster_left(stage), "");
}

static void a_cluster_that_does_not_answer_is_named(void **state)
{
    static char variable[STAGE_PATH_SIZE + 16];
    struct stage *stage = *state;

    stage_write(stage, "config",
        "apiVersion: v1\nkind: Config\ncurrent-context: gone\n"
        "contexts: [{name: gone, context: {cluster: gone, user: me}}]\n"
        "clusters: [{name: gone, cluster: {server: \"http://127.0.0.1:1\"}}]\n"
        "users: [{name: me, user: {token: secret}}]\n");
    (void)snprintf(variable, sizeof(variable), "KUBECONFIG=%s", stage_path(stage, "config"));
    for (size_t i = 0; i < stage->env_count; i++) {
        if (strncmp(stage->env[i], "KUBECONFIG=", strlen("KUBECONFIG=")) == 0)
            stage->env[i] = variable;
    }
    cluster_manifest(stage, NETWORK SYSTEM);
    assert_exit(stage, stage_run(stage, NULL), 3);
    assert_has(stage->out, "127.0.0.1");
    assert_lacks(stage->out, "secret");
}

static void a_context_that_is_not_there_is_named(void **state)
{
    struct stage *stage = *state;

    cluster_manifest(stage, NETWORK "context = nosuch\n" SYSTEM);
    assert_exit(stage, stage_run(stage, NULL), 3);
    assert_has(stage->out, "there is no cluster to use");
    assert_has(stage->out, "nosuch");
}

static void names_that_a_cluster_does_not_take_are_refused(void **state)
{
    struct stage *stage = *state;

    cluster_manifest(stage, NETWORK "namespace = Not_A_Name\n" SYSTEM);
    assert_exit(stage, stage_run(stage, NULL), 3);
    assert_has(stage->out, "'Not_A_Name'");
    assert_has(stage->out, "cannot name a namespace");
}

static void start(struct stage *stage, char *namespace, size_t size)
{
    cluster_manifest(stage, NETWORK SYSTEM);
    stage_start(stage, NULL);
    cluster_await_namespace(stage, namespace, size);
}

static void a_namespace_that_somebody_else_deletes_ends_the_run(void **state)
{
    struct stage *stage = *state;
    struct stage beside;
    char namespace[128];
    int code;

    cluster_manifest(stage, NETWORK SYSTEM);
    stage_start(stage, (const char *const[]){"--duration", "10s", NULL});
    cluster_await_namespace(stage, namespace, sizeof(namespace));
    stage_await_event(stage, WINDOW_OPEN);
    cluster_beside(stage, &beside);
    assert_int_equal(KUBECTL(&beside, "delete", "namespace", namespace, "--wait=false"), 0);
    cluster_beside_done(&beside);

    code = stage_join(stage);
    assert_true(code == 1 || code == 4); /* nodes that are gone do not answer */
    assert_has(stage->out, "validator-0 ended by itself");
    assert_has(stage->out, "is being deleted by somebody else");
    cluster_await_empty(stage);
}

/* In a namespace of somebody else's, which stays. */
static void a_killed_runner_leaves_nothing_in_the_cluster(void **state)
{
    const int64_t deadline = monotonic_ns() + 2 * (int64_t)STAGE_PATIENCE_S * ASSAY_SECOND;
    struct stage *stage = *state;

    assert_int_equal(KUBECTL(stage, "create", "namespace", PINNED), 0);
    stage_setenv(stage, "K8S_RUNNER_NAMESPACE=" PINNED);
    cluster_manifest(stage, NETWORK SYSTEM);
    stage_start(stage, NULL);
    stage_await_event(stage, WINDOW_OPEN);
    assert_int_equal(kill(stage->pid, SIGKILL), 0);
    assert_exit(stage, stage_join(stage), 128 + SIGKILL);
    stage_await_nobody(stage);
    while (cluster_left_in_pinned(stage)[0] != '\0') { /* pods may still be ending */
        assert_true(monotonic_ns() < deadline);
        assert_lacks(stage->out, "secret/");
        stage_pause();
    }
    assert_int_equal(KUBECTL(stage, "get", "namespace", PINNED), 0);
}

/* At moments that a fixed sequence decides; the test holds whatever these hit. */
static void killed_at_any_moment_of_a_deployment_it_leaves_nothing(void **state)
{
    struct stage *stage = *state;
    uint32_t seed = 20260131;

    for (int i = 0; i < 4; i++) {
        const uint32_t ms = 200 + (seed >> 8) % 5000;
        const struct timespec delay = {.tv_sec = ms / 1000, .tv_nsec = (long)(ms % 1000) * 1000000};

        seed = seed * 1664525u + 1013904223u;
        cluster_manifest(stage, NETWORK SYSTEM);
        stage_next(stage);
        stage_start(stage, NULL);
        (void)clock_nanosleep(CLOCK_MONOTONIC, 0, &delay, NULL);
        assert_int_equal(kill(stage->pid, SIGKILL), 0);
        assert_exit(stage, stage_join(stage), 128 + SIGKILL);
        cluster_await_empty(stage);
    }
}

static void an_interrupted_run_takes_everything_down(void **state)
{
    struct stage *stage = *state;
    char namespace[128];

    start(stage, namespace, sizeof(namespace));
    assert_int_equal(kill(stage->pid, SIGINT), 0);
    assert_exit(stage, stage_join(stage), 128 + SIGINT);
    assert_string_equal(cluster_left(stage), "");
}

/* One value of the first pod of the namespace. */
static void assert_pod_has(
    struct stage *stage, const char *namespace, const char *path, const char *value)
{
    char output[256];

    (void)snprintf(output, sizeof(output), "--output=jsonpath={.items[0].spec%s}", path);
    assert_exit(stage,
        KUBECTL(stage, "get", "pods", "--namespace", namespace, "--selector",
            "nomos/logical-role=validator", output),
        0);
    assert_has(stage->out, value);
}

/* What runs before have left in namespaces of others. */
static void leave_in_pinned(struct stage *stage)
{
    static const char script[] =
        "kubectl create namespace " PINNED " && "
        "kubectl create --namespace " PINNED " configmap left && "
        "kubectl label --namespace " PINNED " configmap left io.assay.run=before "
        "\"io.assay.host=$(hostname)\"";

    assert_exit(stage, stage_call(stage, "/bin/sh", (const char *const[]){"-c", script, NULL}), 0);
}

static void what_is_kept_is_found_by_label_without_any_journal(void **state)
{
    struct stage *stage = *state;
    char namespace[128];

    stage_setenv(stage, "K8S_RUNNER_PRESERVE=1");
    cluster_manifest(stage,
        NETWORK "node_selector = kubernetes.io/os=linux\ntolerations = tests=only:NoSchedule\n"
                "pull_secrets = nobody\nnode_cpu = 10m\nnode_memory_limit = 256Mi\n" SYSTEM);
    assert_exit(stage, stage_run(stage, (const char *const[]){"--duration", "3s", NULL}), 0);
    assert_has(stage->err, "left as they are, as asked: release nomos-k8s-");
    cluster_await_namespace(stage, namespace, sizeof(namespace));
    assert_pod_has(stage, namespace, ".nodeSelector", "\"kubernetes.io/os\":\"linux\"");
    assert_pod_has(stage, namespace, ".tolerations", "\"key\":\"tests\"");
    assert_pod_has(stage, namespace, ".imagePullSecrets", "\"name\":\"nobody\"");
    assert_pod_has(stage, namespace, ".containers[0].imagePullPolicy", "Never");
    assert_pod_has(stage, namespace, ".containers[0].resources", "\"cpu\":\"10m\"");
    assert_pod_has(stage, namespace, ".containers[0].resources", "\"memory\":\"256Mi\"");
    leave_in_pinned(stage);

    assert_exit(stage, ASSAY(stage, "clean", "--orphans", "--dry-run"), 0);
    assert_has(stage->out, "has left:");
    assert_has(stage->out, namespace);
    assert_has(stage->out, "configmap/left");
    assert_has(cluster_left(stage), namespace);
    assert_exit(stage, ASSAY(stage, "clean", "--orphans"), 0);
    assert_has(stage->out, "kubernetes: removing what run");
    cluster_await_empty(stage);
    assert_int_equal(KUBECTL(stage, "get", "configmaps", "--namespace", PINNED), 0);
    assert_lacks(stage->out, "left");
    assert_exit(stage, ASSAY(stage, "clean", "--orphans"), 0);
    assert_has(stage->out, "kubernetes: nothing is left");
}

static void a_run_that_is_alive_is_no_orphan(void **state)
{
    struct stage *stage = *state;
    struct stage beside;
    char namespace[128];

    start(stage, namespace, sizeof(namespace));
    stage_await_event(stage, WINDOW_OPEN);
    cluster_beside(stage, &beside);
    assert_int_equal(mkdir(stage_path(stage, "state"), 0700) == 0 || errno == EEXIST, 1);
    {
        static char variable[STAGE_PATH_SIZE + 32];

        (void)snprintf(
            variable, sizeof(variable), "ASSAY_STATE_DIR=%s", stage_path(stage, "state"));
        stage_setenv(&beside, variable);
    }
    assert_exit(&beside, ASSAY(&beside, "clean", "--orphans"), 0);
    assert_has(beside.out, "still running");
    assert_has(cluster_left(&beside), namespace);
    cluster_beside_done(&beside);
    assert_int_equal(kill(stage->pid, SIGINT), 0);
    assert_exit(stage, stage_join(stage), 128 + SIGINT);
    assert_string_equal(cluster_left(stage), "");
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, cluster_open, cluster_close)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_missing_image_is_named),
        TEST(a_node_that_crashes_at_its_start_shows_its_log),
        TEST(a_pod_that_finds_no_place_says_why),
        TEST(a_cluster_that_does_not_answer_is_named),
        TEST(a_context_that_is_not_there_is_named),
        TEST(names_that_a_cluster_does_not_take_are_refused),
        TEST(a_namespace_that_somebody_else_deletes_ends_the_run),
        TEST(a_killed_runner_leaves_nothing_in_the_cluster),
        TEST(killed_at_any_moment_of_a_deployment_it_leaves_nothing),
        TEST(what_is_kept_is_found_by_label_without_any_journal),
        TEST(a_run_that_is_alive_is_no_orphan),
        TEST(an_interrupted_run_takes_everything_down),
    };

    static const struct cluster_theme theme = {.name = "trouble", .pinned = PINNED};

    cluster_need(&theme);
    return cmocka_run_group_tests(tests, NULL, NULL);
}

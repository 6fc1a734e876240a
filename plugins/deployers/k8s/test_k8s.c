/* Deployer k8s against a cluster of tables: the order of what it does, what it writes, and what it says
   when something is wrong. */
#include "plugins/deployers/k8s/test_world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#define NS        "nomos-k8s-20260131-120000-1a2b"
#define NAMESPACE "/api/v1/namespaces/" NS

/* `first` comes before `second` in the story. */
static void in_order(const char *first, const char *second)
{
    has(world_story(), first);
    has(strstr(world_story(), first), second);
}

static void fails_with(assay_status wanted, const char *why)
{
    assert_int_equal(world_prepare(), wanted);
    has(world_why(), why);
}

/* ---- the order ---- */

static void addresses_come_first_then_the_system_then_the_nodes(void **state)
{
    (void)state;
    assert_int_equal(world_prepare(), ASSAY_OK);
    in_order("undo ", "POST /api/v1/namespaces");
    in_order("POST /api/v1/namespaces", "upgrade --install");
    in_order("upgrade --install", "GET " NAMESPACE "/services");
    in_order("GET " NAMESPACE "/services", "render");
    in_order("render", "upgrade --install");
    in_order("render", "GET " NAMESPACE "/pods");
    in_order("GET " NAMESPACE "/pods", "GET http://127.0.0.1:30000/");
    in_order("GET http://127.0.0.1:30000/", "await_ready 240 s, 0 s");
    assert_string_equal(world_bound(0, 0), "127.0.0.1:30000");
    assert_string_equal(world_bound(1, 0), "127.0.0.1:30001");
    assert_string_equal(world_bound(1, 1), "10.96.0.2:3000"); /* peers' ports stay inside */

    assert_int_equal(world_finish(), ASSAY_OK);
    in_order("await_ready", "log 0 output.log the node's log");
    in_order("log 0 output.log", "DELETE " NAMESPACE);
    in_order("DELETE " NAMESPACE "\n", "DELETE " NAMESPACE "/pods\n"); /* at the same time */
    in_order("DELETE " NAMESPACE "/pods", "GET " NAMESPACE "\n");      /* until it is gone */
}

static void what_is_undone_is_found_by_label_in_the_same_context(void **state)
{
    (void)state;
    world_variable("KUBECONFIG", "/etc/kube/config");
    assert_int_equal(world_prepare(), ASSAY_OK);
    has(world_story(),
        "undo kubectl --kubeconfig /etc/kube/config --context lab delete namespaces --selector "
        "io.assay.run=SmokeTest-20260131-120000-1a2b --ignore-not-found");
    has(world_story(), "exec helm --kubeconfig /etc/kube/config --kube-context lab upgrade");
}

/* helm keeps a record of each release in a secret of its own making. */
static void what_helm_makes_for_itself_has_the_labels_too(void **state)
{
    (void)state;
    assert_int_equal(world_prepare(), ASSAY_OK);
    has(world_story(),
        "--labels io.assay.run=SmokeTest-20260131-120000-1a2b,io.assay.host=box_1 --values");
}

static void credentials_are_files_of_ours_and_blanked_at_the_end(void **state)
{
    (void)state;
    assert_int_equal(world_prepare(), ASSAY_OK);
    assert_string_equal(world_file(".k8s/ca.crt"), "ca");
    assert_string_equal(world_file(".k8s/client.crt"), "crt");
    assert_string_equal(world_file(".k8s/client.key"), "key");
    assert_int_equal(world_finish(), ASSAY_OK);
    assert_string_equal(world_file(".k8s/client.key"), "");
}

/* ---- values ---- */

static void values_say_what_the_system_and_the_options_said(void **state)
{
    static const char *const secrets[] = {"mine", NULL}, *const selector[] = {"disk=ssd", NULL},
                             *const taints[] = {"a=b:NoSchedule", "c:NoExecute", "d", NULL};
    struct k8s_options *options = world_options();
    const char *values;

    (void)state;
    options->pull_secrets = secrets;
    options->node_selector = selector;
    options->tolerations = taints;
    options->node_cpu = "250m";
    options->node_memory_limit = "64Mi";
    world_variable("NOMOS_TESTNET_IMAGE_PULL_POLICY", "Never");
    world_variable("NOMOS_KZG_MODE", "hostPath");
    assert_int_equal(world_prepare(), ASSAY_OK);
    values = world_file(".k8s/values.json");
    has(values, "\"phase\":\"all\"");
    has(values,
        "\"labels\":{\"io.assay.run\":\"SmokeTest-20260131-120000-1a2b\",\"io.assay.host\":\"box_"
        "1\"}");
    has(values, "\"image\":\"nodes:1\",\"imagePullPolicy\":\"Never\",\"serviceType\":\"NodePort\"");
    has(values, "\"imagePullSecrets\":[{\"name\":\"mine\"}]");
    has(values, "\"nodeSelector\":{\"disk\":\"ssd\"}");
    has(values,
        "[{\"key\":\"a\",\"operator\":\"Equal\",\"value\":\"b\",\"effect\":\"NoSchedule\"},"
        "{\"key\":\"c\",\"operator\":\"Exists\",\"effect\":\"NoExecute\"},"
        "{\"key\":\"d\",\"operator\":\"Exists\"}]");
    has(values, "\"requests\":{\"cpu\":\"250m\"},\"limits\":{\"memory\":\"64Mi\"}");
    has(values, "\"kzg\":{\"mode\":\"hostPath\",\"hostPath\":\"/kzg\"}");
    has(values, "\"command\":[\"/etc/nomos/scripts/run.sh\",\"--loud\"]");
    has(values, "{\"name\":\"A\",\"value\":\"1\"},{\"name\":\"B\",\"value\":\"x=y\"}");
    has(values, "\"port\":18080,\"isExposed\":true,\"protocols\":[\"TCP\"]");
    has(values, "\"port\":3000,\"isExposed\":false,\"protocols\":[\"TCP\",\"UDP\"]");
    has(values, "\"port\":3300,\"isExposed\":false,\"protocols\":[\"UDP\"]");
}

static void programs_beside_the_nodes_come_with_their_files(void **state)
{
    static const char *const words[] = {"serve", NULL};
    static const assay_file file = {
        .path = "a.yaml", .bytes = {.data = "k: \"v\"\n\x01", .size = 8}, .mode = 0644};
    static const assay_support support = {.struct_size = sizeof(support),
        .name = "cfgsync",
        .argv = words,
        .directory = "/etc/nomos",
        .files = &file,
        .file_count = 1,
        .file_stride = sizeof(file),
        .port = 4400};

    (void)state;
    world_support(&support);
    assert_int_equal(world_prepare(), ASSAY_OK);
    has(world_file(".k8s/values.json"),
        "\"support\":[{\"name\":\"cfgsync\",\"image\":\"\",\"port\":4400,\"command\":[\"serve\"],"
        "\"env\":[],\"files\":[{\"mode\":420,\"path\":\"/etc/nomos/a.yaml\","
        "\"content\":\"k: \\\"v\\\"\\u000a\\u0001\"}]}]");
}

static void files_of_nodes_go_into_secrets(void **state)
{
    static const assay_file files[] = {
        {.path = "a.yaml", .bytes = {.data = "hello", .size = 5}, .mode = 0600}};

    (void)state;
    world_files(files, 1);
    assert_int_equal(world_prepare(), ASSAY_OK);
    in_order("render", "POST " NAMESPACE "/secrets");
    has(world_file(".k8s/values.json"),
        "\"secret\":\"" NS "-validator-0-files\",\"files\":[{\"key\":\"0\",\"mode\":384,"
        "\"path\":\"/ws/validator-0/a.yaml\"}]");
}

static void a_secret_that_is_there_is_replaced(void **state)
{
    static const assay_file files[] = {
        {.path = "a.yaml", .bytes = {.data = "hello", .size = 5}, .mode = 0600}};

    (void)state;
    world_files(files, 1);
    world_answer("POST " NAMESPACE "/secrets", 409, "{}", 0);
    world_answer("PUT " NAMESPACE "/secrets/" NS "-validator-0-files", 200, "{}", 0);
    assert_int_equal(world_prepare(), ASSAY_OK);
    has(world_story(), "PUT " NAMESPACE "/secrets/" NS "-validator-0-files");
}

static void files_that_no_secret_can_hold_are_refused(void **state)
{
    static char much[1100000];
    const assay_file files[] = {
        {.path = "a", .bytes = {.data = much, .size = sizeof(much)}, .mode = 0600}};

    (void)state;
    world_files(files, 1);
    fails_with(ASSAY_E_LAGGED, "the files of validator-0 have 1100000 bytes");
}

/* ---- names ---- */

static void names_that_are_given_are_used(void **state)
{
    (void)state;
    world_variable("K8S_RUNNER_NAMESPACE", "team");
    world_variable("K8S_RUNNER_RELEASE", "mine");
    world_answer("GET /api/v1/namespaces/team", 200, "{\"status\":{\"phase\":\"Active\"}}", 0);
    world_answer("GET /api/v1/namespaces/team/services", 200,
        "{\"items\":[{\"metadata\":{\"labels\":{\"io.assay.node\":\"validator-0\"}},\"spec\":{"
        "\"clusterIP\":\"10.96.0.1\"}},{\"metadata\":{\"labels\":{\"io.assay.node\":"
        "\"validator-1\"}},\"spec\":{\"clusterIP\":\"10.96.0.2\"}}]}",
        0);
    world_answer("GET /api/v1/namespaces/team/pods", 200,
        "{\"items\":[{\"metadata\":{\"labels\":{\"io.assay.node\":\"validator-0\"}},\"status\":{"
        "\"containerStatuses\":[{\"state\":{\"running\":{}}}]}},{\"metadata\":{\"labels\":{"
        "\"io.assay.node\":\"validator-1\"}},\"status\":{\"containerStatuses\":[{\"state\":{"
        "\"running\":{}}}]}}]}",
        0);
    world_answer("GET /api/v1/namespaces/team/pods/", 404, "{}", 0);
    world_answer("DELETE /api/v1/namespaces/team/secrets?labelSelector=io.assay.run", 200, "{}", 0);
    world_answer("GET http://10.96.0.1:18080/", 200, "", 0);
    assert_int_equal(world_prepare(), ASSAY_OK);
    has(world_story(),
        "delete statefulsets,deployments,services,configmaps,secrets --namespace team");
    has(world_story(), "upgrade --install mine /share/chart --namespace team");
    lacks(world_story(), "POST /api/v1/namespaces");

    world_answer("GET /api/v1/namespaces/team/pods?labelSelector", 200, "{\"items\":[]}", 0);
    world_answer("GET /api/v1/namespaces/team/pods?labelSelector", 200, "{\"items\":[{}]}", 2);
    assert_int_equal(world_finish(), ASSAY_OK);
    assert_true(world_now() > 0); /* until the last pod was gone */
    has(world_story(), "uninstall mine --namespace team");
    has(world_story(), "DELETE /api/v1/namespaces/team/secrets?labelSelector=io.assay.run%3D");
    lacks(world_story(), "DELETE /api/v1/namespaces/team\n");
}

static void a_release_alone_is_passed_over(void **state)
{
    (void)state;
    world_variable("K8S_RUNNER_RELEASE", "mine");
    assert_int_equal(world_prepare(), ASSAY_OK);
    has(world_story(), "upgrade --install " NS " ");
}

static void names_that_a_cluster_does_not_take_are_refused(void **state)
{
    static const char *const bad[] = {"Team", "-a", "a-", "a_b", "a.b",
        "aaaaaaaaaabbbbbbbbbbccccccccccddddddddddeeeeeeeeeeffffffffffgggg"};

    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        assert_int_equal(world_open(state), 0);
        world_options()->namespace = bad[i];
        fails_with(ASSAY_E_INVALID, "cannot name a namespace");
        assert_int_equal(world_close(state), 0);
    }
    assert_int_equal(world_open(state), 0);
    world_options()->namespace = "aaaaaaaaaabbbbbbbbbbccccccccccddddddddddeeeeee";
    fails_with(ASSAY_E_INVALID, "cannot name a release");
}

static void a_namespace_that_is_going_is_not_moved_into(void **state)
{
    (void)state;
    world_answer("GET " NAMESPACE, 200, "{\"status\":{\"phase\":\"Terminating\"}}", 0);
    fails_with(ASSAY_E_INVALID, "is being deleted; wait until it is gone");
    lacks(world_story(), "upgrade");
}

static void what_is_to_be_kept_is_neither_journalled_nor_removed(void **state)
{
    (void)state;
    world_variable("K8S_RUNNER_PRESERVE", "");
    assert_int_equal(world_prepare(), ASSAY_OK);
    assert_int_equal(world_finish(), ASSAY_OK);
    lacks(world_story(), "undo");
    lacks(world_story(), "DELETE");
    has(world_log(),
        "left as they are, as asked: release " NS " in namespace " NS " of context lab");
}

/* ---- variables ---- */

static void variables_that_make_no_sense_are_refused(void **state)
{
    static const struct {
        const char *name, *value, *why;
    } bad[] = {{"K8S_RUNNER_DEPLOYMENT_TIMEOUT_SECS", "soon", "whole seconds"},
        {"K8S_RUNNER_HTTP_TIMEOUT_SECS", "0", "whole seconds"},
        {"K8S_RUNNER_HTTP_PROBE_TIMEOUT_SECS", "1.5", "whole seconds"},
        {"K8S_RUNNER_HTTP_POLL_INTERVAL_SECS", "-1", "whole seconds"},
        {"K8S_RUNNER_PROMETHEUS_HTTP_TIMEOUT_SECS", "86401", "whole seconds"},
        {"K8S_RUNNER_PROMETHEUS_HTTP_PROBE_TIMEOUT_SECS", "1s", "whole seconds"},
        {"NOMOS_TESTNET_IMAGE_PULL_POLICY", "Sometimes", "none of Always, IfNotPresent, Never"},
        {"NOMOS_KZG_MODE", "cloud", "must be hostPath or inImage"}};

    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        assert_int_equal(world_open(state), 0);
        world_variable(bad[i].name, bad[i].value);
        fails_with(ASSAY_E_INVALID, bad[i].why);
        has(world_why(), bad[i].name);
        assert_int_equal(world_close(state), 0);
    }
    assert_int_equal(world_open(state), 0);
}

static void timeouts_come_from_options_then_variables(void **state)
{
    (void)state;
    world_variable("K8S_RUNNER_HTTP_TIMEOUT_SECS", "30");
    world_variable("SLOW_TEST_ENV", "true");
    assert_int_equal(world_prepare(), ASSAY_OK);
    has(world_story(), "await_ready 60 s");

    assert_int_equal(world_close(state) + world_open(state), 0);
    world_variable("K8S_RUNNER_HTTP_TIMEOUT_SECS", "30");
    world_options()->http_timeout = 7 * ASSAY_SECOND;
    world_options()->limit = 9 * ASSAY_SECOND;
    assert_int_equal(world_prepare(), ASSAY_OK);
    has(world_story(), "await_ready 7 s, 9 s");
}

/* ---- the cluster ---- */

static void without_a_context_it_says_what_kubectl_says(void **state)
{
    (void)state;
    world_command("config view", 1, "error: current-context must exist");
    fails_with(
        ASSAY_E_NOTFOUND, "kubectl says 'error: current-context must exist'; set KUBECONFIG");
}

static void a_context_can_be_named(void **state)
{
    (void)state;
    world_options()->context = "prod";
    assert_int_equal(world_prepare(), ASSAY_OK);
    has(world_story(), "exec kubectl --context prod config view");
}

static void a_token_signs_in(void **state)
{
    (void)state;
    world_command("config view", 0,
        "{\"current-context\":\"x\",\"clusters\":[{\"cluster\":{\"server\":\"https://c\","
        "\"insecure-skip-tls-verify\":true}}],\"users\":[{\"user\":{\"token\":\"secret\"}}]}");
    assert_int_equal(world_prepare(), ASSAY_OK);
    assert_string_equal(world_file(".k8s/token"), "secret");
    lacks(world_story(), "secret\n");
    assert_int_equal(world_finish(), ASSAY_OK);
    assert_string_equal(world_file(".k8s/token"), "");
}

static void ways_to_sign_in_that_we_have_not_are_refused(void **state)
{
    (void)state;
    world_command("config view", 0,
        "{\"current-context\":\"x\",\"clusters\":[{\"cluster\":{\"server\":\"https://c\"}}],"
        "\"users\":[{\"user\":{\"exec\":{\"command\":\"aws\"}}}]}");
    fails_with(ASSAY_E_UNSUPPORTED, "context 'x' signs in in a way that assay cannot");
}

static void a_certificate_that_is_no_base64_is_refused(void **state)
{
    (void)state;
    world_command("config view", 0,
        "{\"clusters\":[{\"cluster\":{\"server\":\"https://c\",\"certificate-authority-data\":"
        "\"!!\"}}],\"users\":[]}");
    fails_with(
        ASSAY_E_INVALID, "certificate-authority-data of kubectl's configuration is no base64");
}

static void a_cluster_that_refuses_is_quoted(void **state)
{
    (void)state;
    world_answer("GET /version", 403, "{\"message\":\"you may not\"}", 0);
    fails_with(ASSAY_E_DENIED, "the cluster answers 403, you may not");
}

static void a_cluster_that_talks_nonsense_is_quoted_too(void **state)
{
    (void)state;
    world_answer("GET /version", 502, "<html>Bad Gateway</html>", 0);
    fails_with(ASSAY_E_IO, "the cluster answers 502: <html>Bad Gateway");
}

static void helm_of_another_version_is_refused(void **state)
{
    static const char *const others[] = {
        "v2.17.0\n", "v3.12.3+g3a31588\n", "v4.0.0\n", "v3.\n", "?"};

    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
        assert_int_equal(world_open(state), 0);
        world_command("helm version", 0, others[i]);
        fails_with(ASSAY_E_UNSUPPORTED, "helm of version 3, from 3.13 on, is needed");
        assert_int_equal(world_close(state), 0);
    }
    assert_int_equal(world_open(state), 0);
}

static void what_helm_says_is_the_reason(void **state)
{
    (void)state;
    world_command("upgrade --install", 1, "Error: quota exceeded");
    fails_with(ASSAY_E_IO, "helm cannot install release " NS ": Error: quota exceeded");
}

static void a_chart_that_is_missing_is_named(void **state)
{
    (void)state;
    world_variable("(no chart)", "");
    fails_with(ASSAY_E_NOTFOUND, "the chart helm/nomos-runner is not in assay's share directory");
}

static void a_service_without_an_address_is_an_error(void **state)
{
    (void)state;
    world_answer("GET " NAMESPACE "/services", 200, "{\"items\":[]}", 0);
    fails_with(ASSAY_E_IO, "the service of validator-0 was given no address");
}

/* ---- pods ---- */

#define PODS(state)                                                                                \
    "{\"items\":[{\"metadata\":{\"name\":\"" NS                                                    \
    "-validator-1-0\",\"labels\":{\"io.assay.node\":\"validator-1\"}},\"status\":{"                \
    "\"containerStatuses\":[" state "]}}]}"
#define WAITING(reason) "{\"restartCount\":0,\"state\":{\"waiting\":{\"reason\":\"" reason "\"}}}"

static void a_pod_that_cannot_start_fails_at_once_with_events_and_log(void **state)
{
    (void)state;
    world_answer("GET " NAMESPACE "/pods?", 200, PODS(WAITING("ImagePullBackOff")), 0);
    world_answer("GET " NAMESPACE "/events", 200,
        "{\"items\":[{\"type\":\"Normal\",\"reason\":\"Scheduled\",\"message\":\"fine\"},"
        "{\"type\":\"Warning\",\"reason\":\"Failed\",\"message\":\"no such image\"}]}",
        0);
    fails_with(ASSAY_E_IO, "pod " NS "-validator-1-0 cannot start: ImagePullBackOff");
    has(world_why(), "event Failed: no such image");
    has(world_why(), "the end of its log:\nthe node's log");
    lacks(world_why(), "fine");
    assert_int_equal(world_now(), 0); /* nothing was waited for */
}

static void a_program_that_ends_again_and_again_fails_with_its_code(void **state)
{
    (void)state;
    world_answer("GET " NAMESPACE "/pods?", 200,
        PODS("{\"restartCount\":2,\"state\":{\"running\":{}},\"lastState\":{\"terminated\":{"
             "\"exitCode\":9}}}"),
        0);
    fails_with(ASSAY_E_IO, "its program ended 2 times, the last time with exit code 9");
}

/* The kubelet threw the container away between its telling and our asking; the next one says it. */
static void a_log_that_is_away_for_a_moment_is_waited_for(void **state)
{
    static const char excuse[] = "unable to retrieve container logs for docker://86174";

    (void)state;
    world_answer("GET " NAMESPACE "/pods?", 200,
        PODS("{\"restartCount\":2,\"state\":{\"waiting\":{\"reason\":\"CrashLoopBackOff\"}}}"), 0);
    world_answer("GET " NAMESPACE "/pods/" NS "-validator-1-0/log", 200, excuse, 5);
    fails_with(ASSAY_E_IO, "the end of its log:\nthe node's log");
    lacks(world_why(), "unable to retrieve");

    assert_int_equal(world_close(state) + world_open(state), 0);
    world_answer("GET " NAMESPACE "/pods?", 200,
        PODS("{\"restartCount\":2,\"state\":{\"waiting\":{\"reason\":\"CrashLoopBackOff\"}}}"), 0);
    world_answer("GET " NAMESPACE "/pods/" NS "-validator-1-0/log", 200, excuse, 0);
    fails_with(ASSAY_E_IO, "its program ended 2 times"); /* but not for ever */
    lacks(world_why(), "unable to retrieve");
    lacks(world_why(), "log:");
}

static void pods_are_waited_for_and_then_given_up(void **state)
{
    (void)state;
    world_options()->deployment_timeout = 10 * ASSAY_SECOND;
    world_answer("GET " NAMESPACE, 200, "{\"status\":{\"phase\":\"Active\"}}", 0);
    world_answer("GET " NAMESPACE, 404, "{}", 1); /* when it is claimed */
    world_answer("GET " NAMESPACE "/services", 200,
        "{\"items\":[{\"metadata\":{\"labels\":{\"io.assay.node\":\"validator-0\"}},\"spec\":{"
        "\"clusterIP\":\"10.96.0.1\"}},{\"metadata\":{\"labels\":{\"io.assay.node\":"
        "\"validator-1\"}},\"spec\":{\"clusterIP\":\"10.96.0.2\"}}]}",
        0);
    world_answer("GET " NAMESPACE "/events", 200, "{\"items\":[]}", 0);
    world_answer("GET " NAMESPACE "/pods/", 400, "{}", 0);
    world_answer("GET " NAMESPACE "/pods?", 200, PODS(WAITING("ContainerCreating")), 0);
    fails_with(ASSAY_E_IO, "2 pods do not run, and option deployment_timeout is over");
    has(world_why(), NS "-validator-0-0 (it was not made)");
    assert_true(world_now() >= 10 * ASSAY_SECOND);
}

static void a_namespace_that_somebody_deletes_is_noticed_while_waiting(void **state)
{
    (void)state;
    world_answer("GET " NAMESPACE "/pods?", 200, "{\"items\":[]}", 0);
    fails_with(ASSAY_E_IO, "is being deleted by somebody else");
}

/* ---- reaching ---- */

static void the_services_address_is_used_where_ports_do_not_answer(void **state)
{
    (void)state;
    world_answer("GET http://127.0.0.1:30000/", 0, "", 0);
    world_answer("GET http://10.96.0.1:18080/", 0, "", 3);
    world_answer("GET http://10.96.0.1:18080/", 200, "", 0);
    world_answer("GET http://10.96.0.1:18080/", 0, "", 3);
    assert_int_equal(world_prepare(), ASSAY_OK);
    assert_string_equal(world_bound(0, 0), "10.96.0.1:18080");
    assert_string_equal(world_bound(1, 0), "10.96.0.2:18080");
}

/* Neither of the ways without a program of ours works. */
static void cut_off(void)
{
    world_variable("K8S_RUNNER_HTTP_PROBE_TIMEOUT_SECS", "5");
    world_variable("K8S_RUNNER_NODE_HOST", "10.1.2.3");
    world_answer("GET http://10.1.2.3:30000/", 0, "", 0);
    world_answer("GET http://10.96.0.1:18080/", 0, "", 0);
}

static void where_neither_answers_one_port_forward_is_for_all(void **state)
{
    (void)state;
    cut_off();
    world_answer("GET http://127.0.0.1:40000/", 200, "", 0);
    world_answer("GET http://127.0.0.1:40000/", 0, "", 2); /* kubectl takes a moment */
    assert_int_equal(world_prepare(), ASSAY_OK);
    assert_true(world_now() >= 5 * ASSAY_SECOND);
    has(world_file(".k8s/values.json"),
        "\"relay\":{\"isEnabled\":true,\"image\":\"\",\"ports\":[{\"listen\":10000,\"host\":"
        "\"10.96.0.1\",\"port\":18080},{\"listen\":10001,\"host\":\"10.96.0.2\",\"port\":18080}]}");
    in_order("release_ports",
        "beside port-forward: /bin/sh -c while :; do \"$@\" 2>&1 | sed -u '/an error occurred "
        "forwarding/q'; sleep 0.2; done");
    has(world_story(),
        "forward kubectl --context lab port-forward --namespace " NS
        " --address=127.0.0.1 deployment/" NS "-relay 40000:10000 40001:10001\n");
    assert_string_equal(world_bound(1, 0), "127.0.0.1:40001");
    assert_string_equal(world_bound(1, 1), "10.96.0.2:3000");
}

static void ways_are_looked_for_at_the_pace_that_is_asked_for(void **state)
{
    (void)state;
    world_variable("K8S_RUNNER_HTTP_POLL_INTERVAL_SECS", "3");
    world_answer("GET http://10.96.0.1:18080/", 0, "", 0);
    world_answer(
        "GET http://127.0.0.1:30000/", 502, "", 1); /* a proxy, of a pod that is not there */
    assert_int_equal(world_prepare(), ASSAY_OK);
    assert_true(world_now() == 3 * ASSAY_SECOND);
    assert_string_equal(world_bound(0, 0), "127.0.0.1:30000");
}

static void where_nothing_answers_it_says_what_was_tried(void **state)
{
    (void)state;
    cut_off();
    world_answer("GET http://127.0.0.1:40000/", 0, "", 0);
    fails_with(ASSAY_E_IO, "validator-0 cannot be reached: neither at 10.1.2.3:30000");
    has(world_why(), "10.96.0.1:18080");
    has(world_why(), "port-forward.log");
    has(world_why(), "the node's log");
    assert_true(world_now() >= 10 * ASSAY_SECOND && world_now() < 15 * ASSAY_SECOND);
}

static void a_port_forward_can_be_asked_for(void **state)
{
    (void)state;
    world_options()->access = "forward";
    world_options()->relay_image = "busybox:1";
    world_answer("GET http://127.0.0.1:40000/", 200, "", 0);
    assert_int_equal(world_prepare(), ASSAY_OK);
    has(world_file(".k8s/values.json"), "\"serviceType\":\"ClusterIP\"");
    has(world_file(".k8s/values.json"), "\"image\":\"busybox:1\",\"ports\":");
    lacks(world_story(), "GET http://127.0.0.1:30000");
}

static void a_way_that_is_given_is_not_doubted(void **state)
{
    (void)state;
    world_options()->access = "cluster-ip";
    assert_int_equal(world_prepare(), ASSAY_OK);
    assert_string_equal(world_bound(0, 0), "10.96.0.1:18080");
    has(world_file(".k8s/values.json"), "\"serviceType\":\"ClusterIP\"");
    lacks(world_story(), "GET http://");
}

/* ---- failures of the host ---- */

/* Whichever call fails: prepare fails with it, or goes on where it may, and finish cleans up. */
static void whatever_fails_is_passed_on_and_cleaned_up(void **state)
{
    uint64_t nth = 1;

    for (;; nth++) {
        uint64_t before;
        assay_status s;

        assert_int_equal(world_open(state), 0);
        world_create();
        before = world_calls();
        world_fail(nth, ASSAY_E_CANCELLED);
        s = world_prepare();
        if (s == ASSAY_OK && world_calls() - before < nth) {
            assert_int_equal(world_close(state), 0);
            break;
        }
        assert_int_equal(s, ASSAY_E_CANCELLED);
        assert_int_equal(world_calls() - before, nth); /* nothing was tried after it */
        assert_int_equal(world_finish(), ASSAY_OK);
        if (strstr(world_story(), "undo"))
            has(world_story(), "DELETE " NAMESPACE);
        assert_int_equal(world_close(state), 0);
    }
    assert_true(nth > 20);
    assert_int_equal(world_open(state), 0);
}

static void an_end_that_does_not_come_is_reported(void **state)
{
    (void)state;
    assert_int_equal(world_prepare(), ASSAY_OK);
    world_answer("GET " NAMESPACE, 200, "{}", 0);
    world_answer("GET " NAMESPACE "/pods/", 404, "{}", 0);
    assert_int_equal(world_finish(), ASSAY_E_TIMEOUT);
    has(world_why(), "is being deleted, but was not gone in time");
    assert_string_equal(world_file(".k8s/client.key"), ""); /* all the same */
}

static void what_somebody_else_removes_meanwhile_is_as_good_as_removed(void **state)
{
    static const uint32_t codes[] = {404, 409};

    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(world_open(state), 0);
        assert_int_equal(world_prepare(), ASSAY_OK);
        world_answer("DELETE " NAMESPACE, codes[i], "{\"message\":\"it goes already\"}", 0);
        assert_int_equal(world_finish(), ASSAY_OK);
        assert_int_equal(world_close(state), 0);
    }
    assert_int_equal(world_open(state), 0);
    assert_int_equal(world_prepare(), ASSAY_OK);
    world_answer("DELETE " NAMESPACE, 403, "{\"message\":\"you may not\"}", 0);
    assert_int_equal(world_finish(), ASSAY_E_DENIED);
    has(world_why(), "what this run left cannot be removed: the cluster answers 403, you may not");
}

static void what_was_never_begun_is_not_removed(void **state)
{
    (void)state;
    world_create();
    assert_int_equal(world_finish(), ASSAY_OK);
    assert_string_equal(world_story(), "");
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, world_open, world_close)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(addresses_come_first_then_the_system_then_the_nodes),
        TEST(what_is_undone_is_found_by_label_in_the_same_context),
        TEST(what_helm_makes_for_itself_has_the_labels_too),
        TEST(credentials_are_files_of_ours_and_blanked_at_the_end),
        TEST(values_say_what_the_system_and_the_options_said),
        TEST(programs_beside_the_nodes_come_with_their_files),
        TEST(files_of_nodes_go_into_secrets),
        TEST(a_secret_that_is_there_is_replaced),
        TEST(files_that_no_secret_can_hold_are_refused),
        TEST(names_that_are_given_are_used),
        TEST(a_release_alone_is_passed_over),
        TEST(names_that_a_cluster_does_not_take_are_refused),
        TEST(a_namespace_that_is_going_is_not_moved_into),
        TEST(what_is_to_be_kept_is_neither_journalled_nor_removed),
        TEST(variables_that_make_no_sense_are_refused),
        TEST(timeouts_come_from_options_then_variables),
        TEST(without_a_context_it_says_what_kubectl_says),
        TEST(a_context_can_be_named),
        TEST(a_token_signs_in),
        TEST(ways_to_sign_in_that_we_have_not_are_refused),
        TEST(a_certificate_that_is_no_base64_is_refused),
        TEST(a_cluster_that_refuses_is_quoted),
        TEST(a_cluster_that_talks_nonsense_is_quoted_too),
        TEST(helm_of_another_version_is_refused),
        TEST(what_helm_says_is_the_reason),
        TEST(a_chart_that_is_missing_is_named),
        TEST(a_service_without_an_address_is_an_error),
        TEST(a_pod_that_cannot_start_fails_at_once_with_events_and_log),
        TEST(a_program_that_ends_again_and_again_fails_with_its_code),
        TEST(a_log_that_is_away_for_a_moment_is_waited_for),
        TEST(pods_are_waited_for_and_then_given_up),
        TEST(a_namespace_that_somebody_deletes_is_noticed_while_waiting),
        TEST(the_services_address_is_used_where_ports_do_not_answer),
        TEST(where_neither_answers_one_port_forward_is_for_all),
        TEST(ways_are_looked_for_at_the_pace_that_is_asked_for),
        TEST(a_port_forward_can_be_asked_for),
        TEST(where_nothing_answers_it_says_what_was_tried),
        TEST(a_way_that_is_given_is_not_doubted),
        TEST(whatever_fails_is_passed_on_and_cleaned_up),
        TEST(an_end_that_does_not_come_is_reported),
        TEST(what_somebody_else_removes_meanwhile_is_as_good_as_removed),
        TEST(what_was_never_begun_is_not_removed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

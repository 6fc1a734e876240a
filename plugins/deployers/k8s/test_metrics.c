/* Prometheus and Grafana beside the nodes, by deployer k8s against a cluster of tables. */
#include "plugins/deployers/k8s/test_world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#define NS        "nomos-k8s-20260131-120000-1a2b"
#define NAMESPACE "/api/v1/namespaces/" NS

static void fails_with(assay_status wanted, const char *why)
{
    assert_int_equal(world_prepare(), wanted);
    has(world_why(), why);
}

/* ---- Prometheus ---- */

static void a_prometheus_that_is_there_is_used(void **state)
{
    (void)state;
    world_options()->has_prometheus = 1;
    world_variable("NOMOS_EXTERNAL_PROMETHEUS_URL", "http://second");
    world_variable("K8S_RUNNER_EXTERNAL_PROMETHEUS_URL", "http://first");
    assert_int_equal(world_prepare(), ASSAY_OK);
    assert_string_equal(world_metrics(), "http://first");
    has(world_file(".k8s/values.json"), "\"prometheus\":{\"isEnabled\":false");
}

/* A Prometheus beside the nodes, and what its port of a cluster node says from now on. */
static void with_prometheus(uint32_t code)
{
    world_options()->has_prometheus = 1;
    world_answer("GET " NAMESPACE "/services/prometheus", 200,
        "{\"spec\":{\"clusterIP\":\"10.96.0.9\",\"ports\":[{\"nodePort\":30909}]}}", 0);
    world_answer("GET http://127.0.0.1:30909/-/ready", code, "", 0);
}

static void a_prometheus_of_ours_is_used_once_it_is_ready(void **state)
{
    (void)state;
    with_prometheus(200);
    world_answer("GET http://127.0.0.1:30909/-/ready", 503, "", 2);
    assert_int_equal(world_prepare(), ASSAY_OK);
    assert_string_equal(world_metrics(), "http://127.0.0.1:30909");
    assert_true(world_now() > 0);
    lacks(world_story(), "beside");
}

static void a_prometheus_that_cannot_be_reached_is_forwarded(void **state)
{
    (void)state;
    with_prometheus(0);
    world_variable("K8S_RUNNER_PROMETHEUS_HTTP_PROBE_TIMEOUT_SECS", "4");
    world_answer("GET http://127.0.0.1:40000/-/ready", 200, "", 0);
    assert_int_equal(world_prepare(), ASSAY_OK);
    assert_true(world_now() >= 4 * ASSAY_SECOND && world_now() < 6 * ASSAY_SECOND);
    has(world_story(),
        "beside port-forward-prometheus: /bin/sh -c while :; do \"$@\" 2>&1 | sed -u '/an error "
        "occurred forwarding/q'; sleep 0.2; done forward "
        "kubectl --context lab port-forward --namespace " NS
        " --address=127.0.0.1 service/prometheus 40000:9090\n");
    assert_string_equal(world_metrics(), "http://127.0.0.1:40000");
}

static void a_prometheus_is_found_by_the_way_to_the_nodes(void **state)
{
    (void)state;
    with_prometheus(0);
    world_options()->access = "cluster-ip";
    world_answer("GET http://10.96.0.9:9090/-/ready", 200, "", 0);
    assert_int_equal(world_prepare(), ASSAY_OK);
    assert_string_equal(world_metrics(), "http://10.96.0.9:9090");

    assert_int_equal(world_close(state) + world_open(state), 0);
    with_prometheus(0);
    world_options()->access = "forward";
    world_answer("GET http://127.0.0.1:40000/", 200, "", 0);
    world_answer("GET http://127.0.0.1:40002/-/ready", 200, "", 0); /* behind the nodes' two */
    assert_int_equal(world_prepare(), ASSAY_OK);
    assert_string_equal(world_metrics(), "http://127.0.0.1:40002");
    lacks(world_story(), "30909");
}

static void a_prometheus_that_is_never_ready_fails_the_deployment(void **state)
{
    (void)state;
    with_prometheus(503);
    world_variable("K8S_RUNNER_PROMETHEUS_HTTP_TIMEOUT_SECS", "7");
    world_answer("GET http://127.0.0.1:40000/-/ready", 503, "", 0);
    fails_with(ASSAY_E_TIMEOUT, "the Prometheus beside the nodes did not get ready");
    assert_true(world_now() >= 37 * ASSAY_SECOND && world_now() < 40 * ASSAY_SECOND);
    assert_string_equal(world_metrics(), "");
}

/* ---- Grafana ---- */

static void a_grafana_shows_what_prometheus_has(void **state)
{
    (void)state;
    with_prometheus(200);
    world_options()->has_grafana = 1;
    world_variable("NOMOS_GRAFANA_NODE_PORT", "30030");
    world_answer("GET " NAMESPACE "/services/" NS "-grafana", 200,
        "{\"spec\":{\"clusterIP\":\"10.96.0.8\",\"ports\":[{\"nodePort\":30030}]}}", 0);
    world_answer("GET http://127.0.0.1:30030/api/health", 200, "", 0);
    assert_int_equal(world_prepare(), ASSAY_OK);
    assert_string_equal(world_dashboard(), "http://127.0.0.1:30030");
    has(world_file(".k8s/values.json"),
        "\"grafana\":{\"isEnabled\":true,\"nodePort\":30030,\"image\":\"grafana:1\","
        "\"prometheusUrl\":\"http://prometheus:9090\","
        "\"dashboard\":\"{\\\"title\\\": \\\"Nodes\\\"}\"}");
}

static void a_grafana_that_cannot_be_reached_is_forwarded(void **state)
{
    (void)state;
    world_options()->has_grafana = 1;
    world_options()->prometheus_url = "http://there:9090";
    world_answer("GET " NAMESPACE "/services/" NS "-grafana", 200,
        "{\"spec\":{\"clusterIP\":\"10.96.0.8\",\"ports\":[{\"nodePort\":30030}]}}", 0);
    world_answer("GET http://127.0.0.1:30030/api/health", 0, "", 0);
    world_answer("GET http://127.0.0.1:40000/api/health", 200, "", 0);
    assert_int_equal(world_prepare(), ASSAY_OK);
    assert_string_equal(world_dashboard(), "http://127.0.0.1:40000");
    assert_string_equal(world_metrics(), "http://there:9090");
    has(world_story(), "service/" NS "-grafana 40000:3000\n");
    has(world_file(".k8s/values.json"), "\"prometheusUrl\":\"http://there:9090\"");
}

static void a_grafana_without_anything_to_show_is_refused(void **state)
{
    static const char *const ports[] = {"29999", "32768", "30030x"};

    world_options()->has_grafana = 1;
    fails_with(ASSAY_E_INVALID, "there is nothing to show");
    for (size_t i = 0; i < sizeof(ports) / sizeof(ports[0]); i++) {
        assert_int_equal(world_close(state) + world_open(state), 0);
        with_prometheus(200);
        world_options()->has_grafana = 1;
        world_variable("NOMOS_GRAFANA_NODE_PORT", ports[i]);
        fails_with(ASSAY_E_INVALID, "it must be a port from 30000 to 32767");
    }
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, world_open, world_close)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_prometheus_that_is_there_is_used),
        TEST(a_prometheus_of_ours_is_used_once_it_is_ready),
        TEST(a_prometheus_that_cannot_be_reached_is_forwarded),
        TEST(a_prometheus_is_found_by_the_way_to_the_nodes),
        TEST(a_prometheus_that_is_never_ready_fails_the_deployment),
        TEST(a_grafana_shows_what_prometheus_has),
        TEST(a_grafana_that_cannot_be_reached_is_forwarded),
        TEST(a_grafana_without_anything_to_show_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

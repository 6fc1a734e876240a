/* Metrics of nodes in containers, on a real engine and with a real Prometheus. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/integration/containers/engine.h"

#define PROMETHEUS "prometheus:local"
#define GRAFANA    ASSAY_TEST_IMAGE "-grafana"

/* There is no Grafana to be had without a registry. What stands in for it serves its own files at its
   port, so that everything around it can be seen: the port, what is provisioned, the way to the store. */
static void make_grafana(void)
{
    static const char entry[] =
        "ENTRYPOINT [\"/bin/busybox\", \"httpd\", \"-f\", \"-p\", \"3000\", \"-h\", \"/\"]";

    char made[128];

    (void)snprintf(made, sizeof(made), "%s", DOCKER("create", ASSAY_TEST_IMAGE));
    (void)DOCKER("commit", "--change", entry, made, GRAFANA);
    (void)DOCKER("rm", made);
}

/* Asks from inside the stand-in. */
static const char *grafana_fetches(const struct stage *stage, const char *url)
{
    return DOCKER(
        "exec", engine_container(stage, "grafana"), "/bin/busybox", "wget", "-q", "-O", "-", url);
}

/* For a URL, as far as PromQL needs it. */
static void escape(const char *text, char *out, size_t room)
{
    size_t used = 0;

    for (; *text && used + 4 < room; text++)
        used += (size_t)snprintf(out + used, room - used, "%%%02X", (unsigned char)*text);
}

static void expression_has_series(const struct stage *stage, const char *expression)
{
    static const char prefix[] = "http://prometheus:9090/api/v1/query?query=";
    char url[1024];
    unsigned looks = 0;

    (void)snprintf(url, sizeof(url), "%s", prefix);
    escape(expression, url + sizeof(prefix) - 1, sizeof(url) - sizeof(prefix));
    while (!strstr(grafana_fetches(stage, url), "\"metric\"")) {
        if (looks++ > 200)
            fail_msg("%s yields nothing", expression);
        stage_pause();
    }
}

/* Every panel shows something that nodes really have. */
static void every_panel_has_series(const struct stage *stage, const char *dashboard)
{
    json_object *root = json_tokener_parse(dashboard), *panels = NULL;

    assert_true(json_object_object_get_ex(root, "panels", &panels));
    assert_true(json_object_array_length(panels) > 0);
    for (size_t i = 0; i < json_object_array_length(panels); i++) {
        json_object *targets = NULL, *expression = NULL;

        assert_true(
            json_object_object_get_ex(json_object_array_get_idx(panels, i), "targets", &targets));
        assert_true(
            json_object_object_get_ex(json_object_array_get_idx(targets, 0), "expr", &expression));
        expression_has_series(stage, json_object_get_string(expression));
    }
    (void)json_object_put(root);
}

static void a_dashboard_is_in_front_of_the_store(const struct stage *stage)
{
    char *dashboard = strdup(
        grafana_fetches(stage, "http://127.0.0.1:3000/var/lib/grafana/dashboards/nodes.json"));

    assert_has(grafana_fetches(
                   stage, "http://127.0.0.1:3000/etc/grafana/provisioning/dashboards/assay.yaml"),
        "path: /var/lib/grafana/dashboards");
    assert_has(grafana_fetches(
                   stage, "http://127.0.0.1:3000/etc/grafana/provisioning/datasources/assay.yaml"),
        "url: http://prometheus:9090");
    every_panel_has_series(stage, dashboard);
    free(dashboard);
}

/* By the page that Prometheus reads, and by what nodes send to it. */
static void metrics_are_gathered_shown_and_judged(void **state)
{
    struct stage *stage = *state;
    char port[64];

    engine_need_image(PROMETHEUS);
    engine_need_image(ASSAY_TEST_IMAGE);
    make_grafana();
    stage_manifest(stage,
        ENGINE_RUN("compose-metrics", "14s") ENGINE_SYSTEM
        "[topology]\nvalidators = 2\n[wallets]\ncount = 30\n"
        "[deployer.compose]\nprometheus = yes\nprometheus_image = " PROMETHEUS "\n"
        "grafana = yes\ngrafana_image = " GRAFANA "\n"
        "[workload.transactions]\nrate = 5\nusers = 10\n"
        "[expectation.blocks]\nplugin = metric\nquery = min(consensus_processed_blocks)\n"
        "value = 5\n"
        "[expectation.transactions]\nplugin = metric\n"
        "query = sum(consensus_transactions_total{job=~\"validator-.*\"})\nvalue = 10\n"
        "[expectation.peers]\nplugin = metric\nquery = min(network_peers)\nvalue = 1\n"
        "when = always\nafter = 9s\n"
        "[expectation.too-much]\nplugin = metric\nquery = max(consensus_tip_height)\n"
        "compare = above\nvalue = 1000000\npatience = 0s\n");
    stage_setenv(stage, "TESTNET_PRINT_ENDPOINTS=1");
    stage_start(stage, NULL);
    stage_await_event(stage, WINDOW_OPEN);
    (void)snprintf(port, sizeof(port), " grafana=http://%s",
        DOCKER("port", engine_container(stage, "grafana"), "3000"));
    a_dashboard_is_in_front_of_the_store(stage);
    assert_exit(stage, stage_join(stage), 1); /* too-much fails, as it should */
    assert_judged(stage, "blocks", "pass");
    assert_judged(stage, "transactions", "pass");
    assert_judged(stage, "peers", "pass");
    assert_judged(stage, "too-much", "fail");
    assert_has(stage_why(stage, "too-much"), "should be above 1000000");
    assert_has(stage->out, "TESTNET_ENDPOINTS prometheus=http://127.0.0.1:");
    assert_has(stage->out, port);
    engine_nothing_is_left(stage);
    (void)DOCKER("image", "rm", GRAFANA);
}

static void metrics_may_be_sent_instead_of_read(void **state)
{
    struct stage *stage = *state;
    char *log;
    int code;

    engine_need_image(PROMETHEUS);
    engine_need_image(ASSAY_TEST_IMAGE);
    stage_manifest(stage,
        ENGINE_RUN("compose-otlp", "8s") ENGINE_SYSTEM
        "[topology]\nvalidators = 2\n"
        "[node.validator-0]\nenv = OTEL_METRIC_EXPORT_INTERVAL=500\n"
        "[node.validator-1]\nenv = OTEL_METRIC_EXPORT_INTERVAL=500\n"
        "[deployer.compose]\nprometheus = yes\nprometheus_image = " PROMETHEUS "\n"
        "metrics_path = /nothing-here\n"
        "[expectation.blocks]\nplugin = metric\n"
        "query = min(consensus_processed_blocks{job=~\"validator-.*\"})\nvalue = 5\n");
    stage_setenv(
        stage, "NOMOS_OTLP_METRICS_ENDPOINT=http://prometheus:9090/api/v1/otlp/v1/metrics");
    code = stage_run(stage, NULL);
    engine_nothing_is_left(stage);
    log = stage_read(stage, "nodes/stack/prometheus.log");
    assert_non_null(log);
    if (!strstr(log, "Unknown option for --enable-feature")) {
        free(log);
        assert_exit(stage, code, 0);
        return;
    }
    /* Debian leaves the receiver out of its Prometheus: that it was sent to is all there is to see. */
    free(log);
    log = stage_read(stage, "nodes/validator-0/output.log");
    assert_non_null(log);
    assert_has(log, "the collector of metrics answers 404");
    free(log);
    print_message("in part only: " PROMETHEUS " was built without a receiver for OTLP\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        ENGINE_TEST(metrics_are_gathered_shown_and_judged),
        ENGINE_TEST(metrics_may_be_sent_instead_of_read),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

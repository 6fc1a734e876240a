/* Scenarios in containers, on a real engine: the demo, metrics, faults with receipts, data, two at a
   time, both versions of Compose; and that nothing is left of any of them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/integration/containers/engine.h"

#define PROMETHEUS "prometheus:local"
#define GRAFANA    ASSAY_TEST_IMAGE "-grafana"
#define SYSTEM     "[system.nomos]\nslot = 200ms\nsecurity_param = 5\nimage = " ASSAY_TEST_IMAGE "\n"
#define RUN(name, duration)                                                                        \
    "[run]\nname = " name "\nduration = " duration "\ncooldown = 2s\nsettle = 1s\nseed = 7\n"

/* The labels of what a finished run had are in its verdict. */
static void learn_run(struct stage *stage)
{
    (void)snprintf(
        stage->run_id, sizeof(stage->run_id), "%s", verdict_text(stage_verdict(stage), "run_id"));
}

static void nothing_is_left(struct stage *stage)
{
    learn_run(stage);
    assert_int_equal(engine_left_of(stage->run_id), 0);
}

static void the_demo_passes_and_leaves_its_logs_alone(void **state)
{
    struct stage *stage = *state;
    char *log, *file;

    engine_need_image(ASSAY_TEST_IMAGE);
    stage_manifest(stage,
        RUN("compose-demo", "8s") SYSTEM
        "[topology]\nvalidators = 3\nexecutors = 2\n[wallets]\ncount = 50\n"
        "[deployer.compose]\nprometheus = no\ncompose = v2\n"
        "[workload.transactions]\nrate = 5\nusers = 20\n"
        "[expectation.liveness]\nplugin = consensus_liveness\n"
        "[expectation.agreement]\n[expectation.inclusion]\nplugin = transaction_inclusion\n");
    assert_exit(stage, stage_run(stage, NULL), 0);
    assert_judged(stage, "liveness", "pass");
    assert_judged(stage, "agreement", "pass");
    assert_judged(stage, "inclusion", "pass");
    nothing_is_left(stage);
    log = stage_read(stage, "nodes/executor-1/output.log");
    assert_non_null(log);
    assert_has(log, "took block");
    free(log);
    log = stage_read(stage, "nodes/stack/cfgsync.log");
    assert_non_null(log);
    assert_has(log, "All hosts have announced their IPs");
    free(log);
    file = stage_read(stage, "nodes/stack/compose.yml");
    assert_non_null(file);
    assert_has(file, "127.0.0.1:");
    assert_lacks(file, "0.0.0.0:");
    free(file);
}

static void version_one_does_as_well(void **state)
{
    struct stage *stage = *state;

    engine_need_image(ASSAY_TEST_IMAGE);
    if (!engine_has_v1()) {
        print_message("skipped: there is no docker-compose\n");
        skip();
    }
    stage_manifest(stage,
        RUN("compose-v1", "4s") SYSTEM "[topology]\nvalidators = 2\n"
                                       "[deployer.compose]\nprometheus = no\ncompose = v1\n"
                                       "[expectation.agreement]\n");
    assert_exit(stage, stage_run(stage, NULL), 0);
    nothing_is_left(stage);
}

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
        RUN("compose-metrics", "14s") SYSTEM
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
    nothing_is_left(stage);
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
        RUN("compose-otlp", "8s") SYSTEM
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
    nothing_is_left(stage);
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

static void faults_leave_receipts_and_nodes_recover(void **state)
{
    struct stage *stage = *state;
    char *events;

    engine_need_image(ASSAY_TEST_IMAGE);
    stage_manifest(stage,
        RUN("compose-chaos", "25s") "node_control = yes\n" SYSTEM
                                    "[topology]\nvalidators = 3\nexecutors = 1\n"
                                    "[deployer.compose]\nprometheus = no\n"
                                    "[workload.chaos]\npause_min = 500ms\npause_max = 1s\n"
                                    "cooldown = 2s\noutage = 1s\n"
                                    "actions = restart, stop, kill, pause, replace\n"
                                    "[expectation.recovery]\n[expectation.agreement]\n");
    assert_exit(stage, stage_run(stage, NULL), 0);
    assert_judged(stage, "recovery", "pass");
    assert_judged(stage, "agreement", "pass");
    events = stage_read(stage, "events.ndjson");
    assert_non_null(events);
    assert_has(events, "restart of ");
    assert_has(events, "pause of ");
    assert_has(events, "resume of ");
    assert_has(events, "kill of ");
    assert_has(events, "start of ");
    assert_has(events, "killed by signal 9");
    assert_has(events, ": proven; before: pid ");
    assert_lacks(events, ": unproven;");
    free(events);
    nothing_is_left(stage);
}

static void data_is_dispersed_and_read_back(void **state)
{
    struct stage *stage = *state;

    if (!HAS_DA) /* by the build's option ASSAY_DA */
        skip();
    engine_need_image(ASSAY_TEST_IMAGE);
    stage_manifest(stage,
        RUN("compose-data", "20s") SYSTEM
        "[topology]\nvalidators = 3\nexecutors = 2\n[wallets]\ncount = 20\n"
        "[deployer.compose]\nprometheus = no\n"
        "[workload.da]\nblob_rate = 1\nchannel_rate = 1\n"
        "[expectation.data]\nplugin = da_inclusion\n[expectation.agreement]\n");
    assert_exit(stage, stage_run(stage, NULL), 0);
    assert_judged(stage, "data", "pass");
    nothing_is_left(stage);
}

static void two_runs_at_a_time_do_not_meet(void **state)
{
    struct stage *first = *state, *second = NULL;
    void *other = NULL;
    static const char manifest[] =
        RUN("compose-two", "6s") SYSTEM "[topology]\nvalidators = 2\n"
                                        "[deployer.compose]\nprometheus = no\n"
                                        "[expectation.agreement]\n";

    engine_need_image(ASSAY_TEST_IMAGE);
    assert_int_equal(stage_open(&other), 0);
    second = other;
    stage_manifest(first, manifest);
    stage_manifest(second, manifest);
    stage_start(first, NULL);
    stage_start(second, NULL);
    assert_exit(first, stage_join(first), 0);
    assert_exit(second, stage_join(second), 0);
    nothing_is_left(first);
    nothing_is_left(second);
    assert_string_not_equal(first->run_id, second->run_id);
    assert_int_equal(stage_close(&other), 0);
}

static void what_is_to_be_kept_is_kept_and_named(void **state)
{
    struct stage *stage = *state;
    char command[STAGE_PATH_SIZE];

    engine_need_image(ASSAY_TEST_IMAGE);
    stage_manifest(stage,
        RUN("compose-keep", "2s") SYSTEM "[topology]\nvalidators = 2\n"
                                         "[deployer.compose]\nprometheus = no\n"
                                         "[expectation.agreement]\n");
    stage_setenv(stage, "TESTNET_RUNNER_PRESERVE=1");
    assert_exit(stage, stage_run(stage, NULL), 0);
    learn_run(stage);
    assert_int_equal(engine_left_of(stage->run_id), 4); /* cfgsync, two nodes, a network */
    assert_has(
        DOCKER("inspect", "-f", "{{.State.Running}}", engine_container(stage, "validator-1")),
        "true");
    (void)snprintf(
        command, sizeof(command), "sweep.sh unix:///var/run/docker.sock %s", stage->run_id);
    assert_has(stage->err, command);
    engine_sweep(stage->run_id);
    assert_int_equal(engine_left_of(stage->run_id), 0);
    engine_sweep(stage->run_id); /* again: nothing to do is no failure */
}

/* ---- compose_runner ---- */

static void compose_runner_runs_the_predecessors_demo_with_restarts_in_it(void **state)
{
    struct stage *stage = *state;

    engine_need_image(ASSAY_TEST_IMAGE);
    stage_setenv(stage, "NOMOS_TESTNET_IMAGE=" ASSAY_TEST_IMAGE);
    stage_setenv(stage, "COMPOSE_DEMO_VALIDATORS=2");
    stage_setenv(stage, "COMPOSE_DEMO_EXECUTORS=1");
    stage_setenv(stage, "COMPOSE_DEMO_RUN_SECS=20");
    stage_setenv(stage, "CONSENSUS_SLOT_TIME=1");
    assert_exit(stage, stage_call(stage, "compose_runner", NULL), 0);
    assert_has(stage->out, "3 nodes");
    assert_has(stage->out, "every expectation held");
    assert_has(stage->out, "expectation.recovery");
    assert_has(stage->out, "proven   restart ");
}

static void compose_runner_warns_and_ends_well_without_an_engine(void **state)
{
    struct stage *stage = *state;

    stage_setenv(stage, "DOCKER_HOST=unix:///nonexistent/docker.sock");
    assert_exit(stage, stage_call(stage, "compose_runner", NULL), 0);
    assert_has(stage->err, "compose runner demo skipped: no container engine answers");
}

static int close_and_sweep(void **state)
{
    struct stage *stage = *state;

    engine_sweep(stage->run_id);
    return stage_close(state);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, stage_open, close_and_sweep)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(the_demo_passes_and_leaves_its_logs_alone),
        TEST(version_one_does_as_well),
        TEST(metrics_are_gathered_shown_and_judged),
        TEST(metrics_may_be_sent_instead_of_read),
        TEST(faults_leave_receipts_and_nodes_recover),
        TEST(data_is_dispersed_and_read_back),
        TEST(two_runs_at_a_time_do_not_meet),
        TEST(what_is_to_be_kept_is_kept_and_named),
        TEST(compose_runner_runs_the_predecessors_demo_with_restarts_in_it),
        TEST(compose_runner_warns_and_ends_well_without_an_engine),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* The deployer on a scripted engine: what it does in which order, what it writes, what it says when
   something is missing, and what each action is made of. */
#include "test_world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "engine.h"

#define PROJECT "assay-demo-1-x-4f1a"
#define COMPOSE                                                                                    \
    "docker -H unix:///var/run/docker.sock compose --ansi never -p " PROJECT                       \
    " -f /runs/x/nodes/stack/compose.yml"

static void has(const char *text, const char *part)
{
    if (!strstr(text, part))
        fail_msg("\"%s\" is not in:\n%s", part, text);
}

static void lacks(const char *text, const char *part)
{
    if (strstr(text, part))
        fail_msg("\"%s\" is in:\n%s", part, text);
}

static void a_network_is_made(void)
{
    world_answer("POST /networks/create", 201, "{\"Id\":\"1\"}", 0);
}

static void prepared(void)
{
    a_network_is_made();
    assert_int_equal(world_create(NULL), ASSAY_OK);
    if (world_prepare())
        fail_msg("%s", world_why());
}

/* ---- deploying ---- */

static void everything_is_done_in_this_order(void **state)
{
    (void)state;
    prepared();
    assert_string_equal(world_story(),
        "GET /version\n"
        "exec docker compose version --short\n"
        "GET /images/nomos-testnet%3Alocal/json\n"
        "undo sh /share/stack/scripts/sweep.sh unix:///var/run/docker.sock Demo_1.x-4f1a\n"
        "POST /networks/create {\"Name\":\"" PROJECT "\",\"CheckDuplicate\":true,"
        "\"Driver\":\"bridge\",\"Labels\":{\"io.assay.run\":\"Demo_1.x-4f1a\"}}\n"
        "GET /networks/" PROJECT "\n"
        "DELETE /networks/" PROJECT "\n"
        "POST /networks/create {\"Name\":\"" PROJECT "\",\"CheckDuplicate\":true,"
        "\"Driver\":\"bridge\",\"Labels\":{\"io.assay.run\":\"Demo_1.x-4f1a\"},"
        "\"IPAM\":{\"Config\":[{\"Subnet\":\"172.30.0.0/16\"}]}}\n"
        "bind 0 0 0.0.0.0:18080, peers \"\", runner 127.0.0.1:20000\n"
        "bind 0 1 0.0.0.0:3000, peers \"\", runner :3000\n"
        "bind 1 0 0.0.0.0:18080, peers \"\", runner 127.0.0.1:20001\n"
        "bind 1 1 0.0.0.0:3000, peers \"\", runner :3000\n"
        "render\n"
        "file stack/compose.yml 644\n"
        "release_ports\n"
        "exec " COMPOSE " up -d --no-build\n"
        "await_ready 180 s, limit 0 s\n");
}

static void the_compose_file_says_it_all(void **state)
{
    static const char *const argv[] = {"/serve", NULL};
    static const char *const env[] = {"MODE=test", NULL};
    static const assay_file file = {
        .path = "d/settings", .bytes = {.data = "x", .size = 1}, .mode = 0600};
    static const assay_support support = {.struct_size = sizeof(support),
        .name = "cfgsync",
        .argv = argv,
        .env = env,
        .directory = "/etc/x",
        .files = &file,
        .file_count = 1,
        .file_stride = sizeof(file)};
    const char *text;

    (void)state;
    world_support(&support);
    prepared();
    text = world_file("stack/compose.yml");
    has(text, "  cfgsync:\n    container_name: \"" PROJECT "-cfgsync\"\n");
    has(text, "entrypoint: [\"/serve\"]");
    has(text, "volumes: [\"/runs/x/nodes/stack/cfgsync-d-settings:/etc/x/d/settings:ro\"]");
    assert_string_equal(world_file("stack/cfgsync-d-settings"), "x");
    has(world_story(), "file stack/cfgsync-d-settings 600");
    has(text, "ipv4_address: 172.30.0.2, aliases: [cfgsync]");
    has(text, "  executor-0:\n    container_name: \"" PROJECT "-executor-0\"\n");
    has(text, "entrypoint: [\"/run.sh\", \"--verbose\"]");
    /* Of two assignments the later counts; a dollar is no variable of Compose's. */
    has(text, "environment: {\"B\": \"x=y $$HOME\", \"A\": \"2\"}");
    has(text, "ports: [\"127.0.0.1:20001:18080\"]");
    has(text, "extra_hosts: [\"host.docker.internal:host-gateway\"]");
    has(text,
        "\"io.assay.run\": \"Demo_1.x-4f1a\", \"io.assay.role\": \"executor\", "
        "\"io.assay.node\": \"1\"");
    has(text, "ipv4_address: 172.30.0.4, aliases: [executor-0]");
    has(text, "    name: " PROJECT "\n    external: true\n");
    lacks(text, "prometheus:");
    lacks(text, "platform:");
    lacks(text, ": {{");
}

static void the_contracts_variables_are_heeded(void **state)
{
    (void)state;
    world_variable("COMPOSE_RUNNER_HOST", "10.0.0.9");
    world_variable("COMPOSE_RUNNER_HOST_GATEWAY", "disable");
    world_variable("COMPOSE_RUNNER_HTTP_TIMEOUT_SECS", "7");
    world_variable("SLOW_TEST_ENV", "true");
    world_variable("DOCKER_HOST", "tcp://1.2.3.4:2375");
    prepared();
    has(world_story(), "runner 10.0.0.9:20000\n");
    has(world_story(), "await_ready 14 s");
    has(world_story(), "exec docker -H tcp://1.2.3.4:2375 compose");
    has(world_file("stack/compose.yml"), "extra_hosts: []");
}

static void another_gateway_may_be_named(void **state)
{
    (void)state;
    world_variable("DOCKER_HOST_GATEWAY", "192.168.1.1");
    prepared();
    has(world_file("stack/compose.yml"), "extra_hosts: [\"host.docker.internal:192.168.1.1\"]");
}

static void with_stores(struct compose_options *options)
{
    options->prometheus = "yes";
    options->prometheus_image = "prometheus:local";
    options->grafana = 1;
}

static void metrics_and_dashboards_go_with_it(void **state)
{
    const char *text;

    (void)state;
    world_variable("TEST_FRAMEWORK_PROMETHEUS_PORT", "9191");
    world_variable("COMPOSE_GRAFANA_PORT", "3131");
    a_network_is_made();
    assert_int_equal(world_create(with_stores), ASSAY_OK);
    assert_int_equal(world_prepare(), ASSAY_OK);
    text = world_file("stack/compose.yml");
    has(text,
        "  prometheus:\n    container_name: \"" PROJECT "-prometheus\"\n    image: "
        "\"prometheus:local\"\n");
    has(text, "\"--enable-feature=otlp-write-receiver\"");
    has(text, "ports: [\"127.0.0.1:9191:9090\"]");
    has(text, "image: \"grafana/grafana:10.4.1\"");
    has(text, "ports: [\"127.0.0.1:3131:3000\"]");
    text = world_file("stack/prometheus.yml");
    has(text, "  - job_name: executor-0\n    metrics_path: /metrics\n");
    has(text, "targets: [\"executor-0:18080\"]");
    has(world_file("stack/grafana/datasources.yaml"), "http://prometheus:9090");
    has(world_file("stack/grafana/dashboards/nodes.json"), "consensus_tip_height");
    has(world_story(), "metrics_at http://127.0.0.1:9191\n");
    has(world_story(), "dashboard_at http://127.0.0.1:3131\n");
}

static void with_version_3(struct compose_options *options)
{
    options->prometheus = "yes";
}

static void prometheus_3_has_a_flag_of_its_own(void **state)
{
    (void)state;
    a_network_is_made();
    assert_int_equal(world_create(with_version_3), ASSAY_OK);
    assert_int_equal(world_prepare(), ASSAY_OK);
    has(world_file("stack/compose.yml"), "image: \"prom/prometheus:v3.0.1\"");
    has(world_file("stack/compose.yml"), "\"--web.enable-otlp-receiver\"");
}

static void when_there(struct compose_options *options)
{
    options->prometheus = "auto";
}

static void a_store_whose_image_is_missing_is_done_without(void **state)
{
    (void)state;
    world_answer("GET /images/prom", 404, "{\"message\":\"no such image\"}", 0);
    a_network_is_made();
    assert_int_equal(world_create(when_there), ASSAY_OK);
    assert_int_equal(world_prepare(), ASSAY_OK);
    has(world_log(), "no metrics are gathered: there is no image prom/prometheus:v3.0.1");
    lacks(world_story(), "metrics_at");
}

static void a_missing_image_of_ours_is_built(void **state)
{
    (void)state;
    world_answer("GET /images/nomos", 404, "{\"message\":\"no such image\"}", 0);
    prepared();
    has(world_story(),
        "exec env DOCKER_HOST=unix:///var/run/docker.sock IMAGE_TAG=nomos-testnet:local bash "
        "/share/stack/scripts/build_test_image.sh\n");
}

static void an_image_that_cannot_be_built_says_why(void **state)
{
    (void)state;
    world_answer("GET /images/nomos", 404, "{}", 0);
    world_program("env", 1, "building\nno compiler\n");
    assert_int_equal(world_create(NULL), ASSAY_OK);
    assert_int_equal(world_prepare(), ASSAY_E_IO);
    has(world_why(), "building image nomos-testnet:local");
    has(world_why(), "ended with 1: no compiler;");
    lacks(world_story(), "undo");
}

static void version_one_is_found_when_there_is_no_two(void **state)
{
    (void)state;
    world_program("docker compose version", 125, "docker: 'compose' is not a docker command.\n");
    prepared();
    has(world_story(), "exec docker-compose version --short\n");
    has(world_story(),
        "exec docker-compose -H unix:///var/run/docker.sock --ansi never -p " PROJECT);
}

static void without_any_compose_it_says_what_to_install(void **state)
{
    (void)state;
    world_program("docker compose version", 125, "");
    world_program("docker-compose version", 127, "");
    assert_int_equal(world_create(NULL), ASSAY_OK);
    assert_int_equal(world_prepare(), ASSAY_E_UNSUPPORTED);
    has(world_why(), "apt install docker-compose");
}

static void a_subnet_that_others_were_quicker_to_take_is_tried_again(void **state)
{
    (void)state;
    world_answer("POST /networks/create", 201, "{}", 1);
    world_answer("POST /networks/create", 403,
        "{\"message\":\"Pool overlaps with other one on this address space\"}", 1);
    prepared();
    has(world_story(), "release_ports");
}

static void a_subnet_that_is_none_or_too_small_says_where_the_engine_has_it_from(void **state)
{
    static const char *const subnets[] = {"172.30.0.0/33", "172.30.0.0/7", "172.30.0.0/",
        "172.30.0.0/16x", "172.30.0/16", "172.30.0.256/16", "172.30.0.0/30"};

    for (size_t i = 0; i < sizeof(subnets) / sizeof(subnets[0]); i++) {
        if (i) {
            world_close(state);
            world_open(state);
        }
        world_answer("POST /networks/create", 201, "{}", 0);
        world_subnet(subnets[i]);
        assert_int_equal(world_create(NULL), ASSAY_OK);
        assert_int_equal(world_prepare(), ASSAY_E_UNSUPPORTED);
        has(world_why(), subnets[i]);
        has(world_why(), "default-address-pools");
    }
}

static void a_port_that_was_taken_meanwhile_is_given_up_for_another(void **state)
{
    (void)state;
    world_program(COMPOSE " up", 1,
        "Error response from daemon: driver failed: Bind for 127.0.0.1:20000 failed: port is "
        "already allocated\n");
    a_network_is_made();
    assert_int_equal(world_create(NULL), ASSAY_OK);
    assert_int_equal(world_prepare(), ASSAY_E_LAGGED);
    has(world_why(), "port is already allocated");
    has(world_story(), "runner 127.0.0.1:20000\n");
    has(world_story(), "runner 127.0.0.1:20002\n"); /* the second attempt's */
    has(world_story(), "runner 127.0.0.1:20004\n");
    lacks(world_story(), "runner 127.0.0.1:20006\n");
    has(world_story(), " down --volumes");
}

static void variables_that_make_no_sense_are_refused(void **state)
{
    (void)state;
    world_variable("COMPOSE_RUNNER_HTTP_TIMEOUT_SECS", "soon");
    assert_int_equal(world_create(NULL), ASSAY_E_INVALID);
    has(world_why(), "COMPOSE_RUNNER_HTTP_TIMEOUT_SECS is 'soon'");
}

static void a_port_for_prometheus_that_is_none_is_refused(void **state)
{
    (void)state;
    world_variable("TEST_FRAMEWORK_PROMETHEUS_PORT", "0");
    a_network_is_made();
    assert_int_equal(world_create(with_stores), ASSAY_OK);
    assert_int_equal(world_prepare(), ASSAY_E_INVALID);
    has(world_why(), "TEST_FRAMEWORK_PROMETHEUS_PORT is '0'");
}

static void an_engine_over_tls_needs_certificates(void **state)
{
    (void)state;
    world_variable("DOCKER_HOST", "tcp://1.2.3.4:2376");
    world_variable("DOCKER_TLS_VERIFY", "1");
    assert_int_equal(world_create(NULL), ASSAY_E_INVALID);
    has(world_why(), "DOCKER_CERT_PATH");
}

static void each_failure_ends_it(void **state)
{
    unsigned calls;

    (void)state;
    prepared();
    calls = world_fail_call(0, ASSAY_OK);
    assert_true(calls > 15);
    for (unsigned nth = 1; nth <= calls; nth++) {
        assert_int_equal(world_close(NULL), 0);
        assert_int_equal(world_open(NULL), 0);
        a_network_is_made();
        (void)world_fail_call(nth, ASSAY_E_CANCELLED);
        assert_int_equal(world_create(NULL), ASSAY_OK);
        assert_int_equal(world_prepare(), ASSAY_E_CANCELLED);
        assert_int_equal(world_fail_call(0, ASSAY_OK), nth);
    }
}

/* ---- the end ---- */

static void logs_are_collected_before_it_goes_down(void **state)
{
    const char *story;

    (void)state;
    world_answer("GET /containers/" PROJECT "-executor-0/logs", 200, "@hello", 0);
    prepared();
    story = world_story() + strlen(world_story());
    assert_int_equal(world_finish(), ASSAY_OK);
    has(story, "collect_log 1 output.log: hello\n");
    has(story, "exec " COMPOSE " down --volumes --timeout 0\n");
    assert_true(strstr(story, "collect_log") < strstr(story, " down "));
}

static void nothing_goes_down_that_never_was_up(void **state)
{
    (void)state;
    world_answer("GET /version", 0, "", 0);
    assert_int_equal(world_create(NULL), ASSAY_OK);
    assert_int_equal(world_prepare(), ASSAY_E_UNSUPPORTED);
    has(world_why(), "no container engine answers at unix:///var/run/docker.sock");
    assert_int_equal(world_finish(), ASSAY_OK);
    assert_string_equal(world_story(), "GET /version\n");
}

static void what_is_to_be_kept_stays_and_is_named(void **state)
{
    (void)state;
    world_variable("COMPOSE_RUNNER_PRESERVE", ""); /* its presence counts */
    prepared();
    assert_int_equal(world_finish(), ASSAY_OK);
    lacks(world_story(), "undo");
    lacks(world_story(), " down ");
    has(world_log(), "kept as asked for: project " PROJECT);
    has(world_log(), "sweep.sh unix:///var/run/docker.sock Demo_1.x-4f1a");
}

static void a_dead_program_beside_the_nodes_is_in_their_logs(void **state)
{
    static const char *const argv[] = {"/serve", NULL};
    static const assay_support support = {
        .struct_size = sizeof(support), .name = "cfgsync", .argv = argv, .directory = ""};

    (void)state;
    world_support(&support);
    world_answer("GET /containers/" PROJECT "-cfgsync/json", 200,
        "{\"State\":{\"Status\":\"exited\",\"Running\":false,\"ExitCode\":1}}", 0);
    world_answer("GET /containers/" PROJECT "-cfgsync/logs", 200, "@Error: no such key", 0);
    prepared();
    assert_int_equal(world_collect(0), ASSAY_OK);
    has(world_story(),
        "cfgsync, which the nodes need, has ended with exit code 1 and said:\n"
        "Error: no such key");
}

/* ---- acts ---- */

#define RUNNING                                                                                    \
    "{\"State\":{\"Status\":\"running\",\"Running\":true,\"Paused\":false,\"Pid\":412,"            \
    "\"StartedAt\":\"2025-12-12T11:46:43.5Z\",\"FinishedAt\":\"0001-01-01T00:00:00Z\"},"           \
    "\"Config\":{\"StopSignal\":\"SIGINT\"}}"
#define PAUSED                                                                                     \
    "{\"State\":{\"Status\":\"paused\",\"Running\":true,\"Paused\":true,\"Pid\":412,"              \
    "\"StartedAt\":\"2025-12-12T11:46:43.5Z\"}}"
/* As engines say it for which who is frozen does not run. */
#define FROZEN                                                                                     \
    "{\"State\":{\"Status\":\"paused\",\"Running\":false,\"Paused\":true,\"Pid\":412,"             \
    "\"StartedAt\":\"2025-12-12T11:46:43.5Z\"}}"
#define KILLED                                                                                     \
    "{\"State\":{\"Status\":\"exited\",\"Running\":false,\"ExitCode\":137,\"OOMKilled\":true,"     \
    "\"StartedAt\":\"2025-12-12T11:46:43.5Z\",\"FinishedAt\":\"2025-12-12T11:46:44Z\"}}"

/* Nobody had asked that one to end. */
#define OUT_OF_MEMORY "ended 1 how 3 code 9 asked 0 at 4000 ms: out of memory\n"

static void acts(const char *is, uint32_t kind, assay_status status, const char *expected)
{
    const char *story;

    assert_int_equal(world_close(NULL), 0);
    assert_int_equal(world_open(NULL), 0);
    world_answer("GET /containers/" PROJECT "-executor-0/json", 200, is, 0);
    world_answer("GET /containers/" PROJECT "-executor-0/logs", 200, "@log", 0);
    prepared();
    story = world_story() + strlen(world_story());
    if (world_control(kind, 1) != status)
        fail_msg("action %u: %s", kind, world_why());
    assert_string_equal(story, expected);
}

#define LOOK "GET /containers/" PROJECT "-executor-0/json\n"
#define POST "POST /containers/" PROJECT "-executor-0/"

static void each_action_is_its_requests_and_no_more(void **state)
{
    (void)state;
    assert_int_equal(world_create(NULL), ASSAY_OK);
    acts(RUNNING, ASSAY_ACT_STOP, ASSAY_OK,
        LOOK POST "kill?signal=SIGINT\n" POST "wait?condition=not-running\n");
    acts(PAUSED, ASSAY_ACT_STOP, ASSAY_OK,
        LOOK POST "unpause\n" POST "kill?signal=SIGTERM\n" POST "wait?condition=not-running\n");
    acts(RUNNING, ASSAY_ACT_KILL, ASSAY_OK,
        LOOK POST "kill?signal=SIGKILL\n" POST "wait?condition=not-running\n");
    acts(RUNNING, ASSAY_ACT_RESTART, ASSAY_OK, LOOK POST "restart?t=2\nawait_node 1 60 s\n");
    acts(KILLED, ASSAY_ACT_START, ASSAY_OK, LOOK OUT_OF_MEMORY POST "start\nawait_node 1 60 s\n");
    acts(RUNNING, ASSAY_ACT_PAUSE, ASSAY_OK, LOOK POST "pause\n");
    acts(PAUSED, ASSAY_ACT_RESUME, ASSAY_OK, LOOK POST "unpause\n");
    acts(FROZEN, ASSAY_ACT_RESUME, ASSAY_OK, LOOK POST "unpause\n");
    acts(RUNNING, ASSAY_ACT_REPLACE, ASSAY_OK,
        LOOK "GET /containers/" PROJECT "-executor-0/logs?stdout=1&stderr=1&tail=all\n"
             "collect_log 1 output.until-5000.log: log\n"
             "exec " COMPOSE " up -d --no-build --no-deps --force-recreate -V executor-0\n"
             "await_node 1 60 s\n");
}

static void an_action_that_makes_no_sense_is_refused(void **state)
{
    (void)state;
    assert_int_equal(world_create(NULL), ASSAY_OK);
    acts(RUNNING, ASSAY_ACT_START, ASSAY_E_INVALID, LOOK);
    has(world_why(), "executor-0 runs already");
    acts(KILLED, ASSAY_ACT_STOP, ASSAY_E_INVALID, LOOK OUT_OF_MEMORY);
    has(world_why(), "its container ended with exit code 137, since it was out of memory");
    acts(KILLED, ASSAY_ACT_RESTART, ASSAY_E_INVALID, LOOK OUT_OF_MEMORY);
    acts(PAUSED, ASSAY_ACT_PAUSE, ASSAY_E_INVALID, LOOK);
    has(world_why(), "paused already");
    acts(RUNNING, ASSAY_ACT_RESUME, ASSAY_E_INVALID, LOOK);
    has(world_why(), "is not paused");
    acts(RUNNING, ASSAY_ACT_CUT, ASSAY_E_UNSUPPORTED, "");
}

static void what_the_engine_refuses_is_in_its_own_words(void **state)
{
    (void)state;
    world_answer("GET /containers/" PROJECT "-executor-0/json", 200, RUNNING, 0);
    world_answer(
        "POST /containers/" PROJECT "-executor-0/pause", 500, "{\"message\":\"cannot freeze\"}", 0);
    prepared();
    assert_int_equal(world_control(ASSAY_ACT_PAUSE, 1), ASSAY_E_IO);
    has(world_why(),
        "the engine answers POST /containers/" PROJECT "-executor-0/pause with 500: cannot freeze");
    world_answer("GET /containers/" PROJECT "-validator-0/json", 404,
        "{\"message\":\"No such container\"}", 0);
    assert_int_equal(world_control(ASSAY_ACT_KILL, 0), ASSAY_E_NOTFOUND);
    has(world_why(), "No such container");
}

/* ---- inspection ---- */

static void inspected(const char *is, assay_process *out, char detail[160])
{
    assert_int_equal(world_close(NULL), 0);
    assert_int_equal(world_open(NULL), 0);
    world_answer("GET /containers/" PROJECT "-validator-0/json", 200, is, 0);
    prepared();
    *out = (assay_process){.struct_size = sizeof(*out)};
    assert_int_equal(world_inspect(0, out, detail), ASSAY_OK);
}

static void a_container_is_described_as_a_process(void **state)
{
    assay_process process;
    char detail[160];

    (void)state;
    assert_int_equal(world_create(NULL), ASSAY_OK);
    inspected(RUNNING, &process, detail);
    assert_int_equal(process.state, ASSAY_PROCESS_RUNNING);
    assert_int_equal(process.pid, 412);
    assert_false(process.is_stopped);
    assert_int_equal(process.started_at, 3500 * ASSAY_MS); /* the run began at 11:46:40 */
    assert_string_equal(detail, "container");
    inspected(PAUSED, &process, detail);
    assert_int_equal(process.state, ASSAY_PROCESS_RUNNING);
    assert_true(process.is_stopped);
    assert_string_equal(detail, "container paused");
    inspected(KILLED, &process, detail);
    assert_int_equal(process.state, ASSAY_PROCESS_KILLED);
    assert_int_equal(process.code, 9);
    assert_int_equal(process.ended_at, 4 * ASSAY_SECOND);
    assert_string_equal(detail, "container out of memory");
    inspected(
        "{\"State\":{\"Status\":\"exited\",\"ExitCode\":3,\"Error\":\"oh\"}}", &process, detail);
    assert_int_equal(process.state, ASSAY_PROCESS_EXITED);
    assert_int_equal(process.code, 3);
    assert_string_equal(detail, "container: oh");
    inspected("{\"State\":{\"Status\":\"created\",\"ExitCode\":0}}", &process, detail);
    assert_int_equal(process.state, 0); /* neither runs nor ended */
}

static void moments_are_read_as_they_are_written(void **state)
{
    (void)state;
    assert_true(engine_read_time("1970-01-01T00:00:00Z") == 0);
    assert_true(engine_read_time("1970-01-02T00:00:01.5Z") == 86401500000000LL);
    assert_true(engine_read_time("2024-02-29T12:00:00.123456789Z") == 1709208000123456789LL);
    assert_true(engine_read_time("2025-12-12T11:46:40Z") == 1765540000000000000LL);
    assert_true(engine_read_time("0001-01-01T00:00:00Z") == 0);
    assert_true(engine_read_time("") == 0);
    assert_true(engine_read_time("2025-12-12 nonsense here") == 0);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, world_open, world_close)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(everything_is_done_in_this_order),
        TEST(the_compose_file_says_it_all),
        TEST(the_contracts_variables_are_heeded),
        TEST(another_gateway_may_be_named),
        TEST(metrics_and_dashboards_go_with_it),
        TEST(prometheus_3_has_a_flag_of_its_own),
        TEST(a_store_whose_image_is_missing_is_done_without),
        TEST(a_missing_image_of_ours_is_built),
        TEST(an_image_that_cannot_be_built_says_why),
        TEST(version_one_is_found_when_there_is_no_two),
        TEST(without_any_compose_it_says_what_to_install),
        TEST(a_subnet_that_others_were_quicker_to_take_is_tried_again),
        TEST(a_subnet_that_is_none_or_too_small_says_where_the_engine_has_it_from),
        TEST(a_port_that_was_taken_meanwhile_is_given_up_for_another),
        TEST(variables_that_make_no_sense_are_refused),
        TEST(a_port_for_prometheus_that_is_none_is_refused),
        TEST(an_engine_over_tls_needs_certificates),
        TEST(each_failure_ends_it),
        TEST(logs_are_collected_before_it_goes_down),
        TEST(nothing_goes_down_that_never_was_up),
        TEST(what_is_to_be_kept_stays_and_is_named),
        TEST(a_dead_program_beside_the_nodes_is_in_their_logs),
        TEST(each_action_is_its_requests_and_no_more),
        TEST(an_action_that_makes_no_sense_is_refused),
        TEST(what_the_engine_refuses_is_in_its_own_words),
        TEST(a_container_is_described_as_a_process),
        cmocka_unit_test(moments_are_read_as_they_are_written),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* What nodes with unknown addresses are given: cfgsync beside them, the image's scripts, variables. The
   settings are read back by the server's own reader. */
#include "plugins/systems/nomos/container.h"

#include <json-c/json.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "cfgsync/registry.h"
#include "devnode/shell/yaml_tree.h"
#include "nomos/json_tx.h"

enum {
    NODES = 3,
    VARIABLES_MAX = 12
};

static struct world {
    assay_host host;
    assay_spec spec;
    assay_topology topology;
    const char *variables[VARIABLES_MAX][2];
    size_t variable_count;
    struct nomos_node_options overrides; /* of node 1 */
    struct nomos_node nodes[NODES];
    struct nomos self;

    char env[NODES][4096]; /* "NAME=value\n" */
    char argv[NODES][512]; /* "word " */
    char settings[65536], server[256];
    uint32_t server_port, calls, fail_call;
    char why[512];
} w;

/* ---- the host ---- */

static assay_status fake_fail(const assay_host *host, assay_status s, const char *why)
{
    (void)host;
    (void)snprintf(w.why, sizeof(w.why), "%s", why);
    return s;
}

static const char *fake_variable(const assay_host *host, const char *name)
{
    (void)host;
    for (size_t i = 0; i < w.variable_count; i++) {
        if (strcmp(w.variables[i][0], name) == 0)
            return w.variables[i][1];
    }
    return NULL;
}

static assay_status count_call(void)
{
    return ++w.calls == w.fail_call ? ASSAY_E_IO : ASSAY_OK;
}

static void append(char *to, size_t room, const char *text, const char *end)
{
    const size_t used = strlen(to);

    (void)snprintf(to + used, room - used, "%s%s", text, end);
}

static assay_status fake_binary(const assay_host *host, uint32_t node, const char *path)
{
    (void)host;
    append(w.argv[node], sizeof(w.argv[node]), path, " ");
    return count_call();
}

static assay_status fake_argument(const assay_host *host, uint32_t node, const char *word)
{
    (void)host;
    append(w.argv[node], sizeof(w.argv[node]), word, " ");
    return count_call();
}

static assay_status fake_environment(const assay_host *host, uint32_t node, const char *assignment)
{
    (void)host;
    append(w.env[node], sizeof(w.env[node]), assignment, "\n");
    return count_call();
}

static assay_status fake_support(const assay_host *host, const assay_support *support)
{
    (void)host;
    assert_true(support->struct_size == sizeof(*support));
    assert_int_equal(support->file_count, 1);
    (void)snprintf(w.server, sizeof(w.server), "%s: %s reads %s/%s", support->name,
        support->argv[0], support->directory, support->files[0].path);
    assert_true(support->files[0].bytes.size < sizeof(w.settings));
    memcpy(w.settings, support->files[0].bytes.data, support->files[0].bytes.size);
    w.server_port = support->port;
    return count_call();
}

static uint32_t fake_account_count(const assay_host *host)
{
    (void)host;
    return 2;
}

static assay_status fake_account(const assay_host *host, uint32_t index, assay_account *out)
{
    (void)host;
    out->index = index;
    out->label = index ? "wallet-user-1" : "wallet-user-0";
    out->funds = 100 + index;
    return ASSAY_OK;
}

static assay_status fake_node(const assay_host *host, uint32_t node, assay_node_info *out)
{
    static const char *const names[NODES] = {"validator-0", "validator-1", "executor-0"};

    (void)host;
    out->name = names[node];
    return ASSAY_OK;
}

/* A chain: each dials the one before it. */
static uint32_t fake_dial_count(const assay_host *host, uint32_t node)
{
    (void)host;
    return node != 0;
}

static uint32_t fake_dial(const assay_host *host, uint32_t node, uint32_t nth)
{
    (void)host;
    return node - 1 - nth;
}

static const void *fake_overrides(const assay_host *host, uint32_t node)
{
    (void)host;
    return node == 1 ? &w.overrides : NULL;
}

/* ---- the network ---- */

static void set(const char *name, const char *value)
{
    assert_true(w.variable_count < VARIABLES_MAX);
    w.variables[w.variable_count][0] = name;
    w.variables[w.variable_count++][1] = value;
}

static int setup(void **state)
{
    (void)state;
    w = (struct world){.overrides = {.log_level = ""}};
    w.host = (assay_host){.struct_size = sizeof(w.host), .fail = fake_fail};
    w.spec = (assay_spec){.struct_size = sizeof(w.spec),
        .variable = fake_variable,
        .binary = fake_binary,
        .argument = fake_argument,
        .environment = fake_environment,
        .support = fake_support};
    w.topology = (assay_topology){.struct_size = sizeof(w.topology),
        .account_count = fake_account_count,
        .account = fake_account,
        .node = fake_node,
        .dial_count = fake_dial_count,
        .dial = fake_dial,
        .overrides = fake_overrides};
    w.self = (struct nomos){.host = &w.host,
        .revision = &revision_2025_12,
        .spec = &w.spec,
        .topology = &w.topology,
        .nodes = w.nodes,
        .node_count = NODES,
        .options = {.log_level = "WARN"}};
    for (uint32_t node = 0; node < NODES; node++) {
        w.nodes[node].is_executor = node == 2;
        memset(w.nodes[node].seed.bytes, (int)node + 1, 32);
        for (uint32_t port = 0; port < PORT_COUNT; port++)
            w.nodes[node].ports[port] = (assay_endpoint){.struct_size = sizeof(assay_endpoint),
                .bind_ip = "0.0.0.0",
                .peer_ip = "",
                .runner_ip = "127.0.0.1",
                .bind_port = 3000 + port,
                .peer_port = 3000 + port,
                .runner_port = 20000 + 10 * node + port};
    }
    assert_true(keys_init());
    assert_int_equal(pthread_mutex_init(&w.self.lock, NULL), 0);
    wire_init(&w.self.wire, &wire_revision_2025_12);
    assert_int_equal(network_make_genesis(&w.self, NULL), ASSAY_OK);
    node_config_times_default(&w.self.network.times);
    node_config_da_default(&w.self.network.da, NODES);
    w.self.network.security_param = 10;
    w.self.network.active_slot_coeff = 0.9;
    w.self.network.slot_duration = 250000000;
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    w.self.nodes = NULL; /* not on the heap here */
    network_done(&w.self);
    (void)pthread_mutex_destroy(&w.self.lock);
    return 0;
}

/* What the server reads; the caller frees it. */
static struct settings read_settings(void)
{
    struct settings settings;
    struct reason why = {""};

    if (!settings_parse(&settings, "cfgsync.yaml", w.settings, strlen(w.settings), &why))
        fail_msg("%s\n%s", why.text, w.settings);
    return settings;
}

static void has(uint32_t node, const char *line)
{
    if (!strstr(w.env[node], line))
        fail_msg("node %u lacks %s in:\n%s", node, line, w.env[node]);
}

/* ---- tests ---- */

static void unknown_addresses_are_what_calls_for_it(void **state)
{
    (void)state;
    assert_true(container_is_needed(&w.self));
    for (uint32_t node = 0; node < NODES; node++)
        for (uint32_t port = 0; port < PORT_COUNT; port++)
            w.nodes[node].ports[port].peer_ip = "10.0.0.1";
    assert_false(container_is_needed(&w.self));
    w.nodes[2].ports[PORT_BLEND].peer_ip = "";
    assert_true(container_is_needed(&w.self));
}

static void an_address_that_lasts_is_announced(void **state)
{
    (void)state;
    for (uint32_t node = 0; node < NODES; node++)
        for (uint32_t port = 0; port < PORT_COUNT; port++)
            w.nodes[node].ports[port].peer_ip = "10.96.0.7";
    w.self.is_from_image = true;
    assert_true(container_is_needed(&w.self)); /* nothing of this machine is in an image */
    assert_int_equal(container_render(&w.self), ASSAY_OK);
    has(1, "CFG_HOST_IP=10.96.0.7\n");
}

static void the_server_reads_what_was_written_for_it(void **state)
{
    struct settings settings;

    (void)state;
    assert_int_equal(container_render(&w.self), ASSAY_OK);
    assert_string_equal(
        w.server, "cfgsync: /etc/nomos/scripts/run_cfgsync.sh reads /etc/nomos/cfgsync.yaml");
    assert_int_equal(w.server_port, 4400);
    settings = read_settings();
    assert_int_equal(settings.port, 4400);
    assert_int_equal(settings.host_count, NODES);
    assert_int_equal(settings.security_param, 10);
    assert_true(settings.active_slot_coeff > 0.899 && settings.active_slot_coeff < 0.901);
    assert_int_equal(settings.slot_duration_ns, 250000000);
    assert_int_equal(settings.account_count, 2);
    assert_int_equal(settings.accounts[1].value, 101);
    assert_memory_equal(
        &settings.accounts[1].secret_key, &w.self.wallet_keys[1].secret_key, sizeof(struct fr));
    for (uint32_t node = 0; node < NODES; node++)
        assert_memory_equal(settings.ids[node].bytes, w.nodes[node].seed.bytes, 32);
    assert_int_equal(settings.dials[0].count, 0);
    assert_int_equal(settings.dials[2].count, 1);
    assert_int_equal(settings.dials[2].nodes[0], 1);
    assert_int_equal(settings.da.subnetwork_size, NODES);
    assert_string_equal(settings.params_path, "/kzgrs_test_params/kzgrs_test_params");
    assert_int_equal(settings.tracing.logger, NODE_CONFIG_STDOUT);
    assert_string_equal(settings.tracing.metrics_endpoint, "");
    assert_string_equal(settings.tracing.level, "WARN");
    settings_done(&settings);
}

static void a_node_gets_its_script_and_its_variables(void **state)
{
    (void)state;
    assert_int_equal(container_render(&w.self), ASSAY_OK);
    assert_string_equal(w.argv[0], "/etc/nomos/scripts/run_nomos_node.sh ");
    assert_string_equal(w.argv[2], "/etc/nomos/scripts/run_nomos_executor.sh ");
    has(2, "CFG_SERVER_ADDR=http://cfgsync:4400\n");
    has(2, "CFG_HOST_IDENTIFIER=executor-0\n");
    has(2, "CFG_API_PORT=3000\n");
    has(2, "CFG_TESTING_HTTP_PORT=3001\n");
    has(2, "CFG_NETWORK_PORT=3002\n");
    has(2, "CFG_DA_PORT=3003\n");
    has(2, "CFG_BLEND_PORT=3004\n");
    has(2, "LOG_LEVEL=WARN\n");
    has(2, "POL_PROOF_DEV_MODE=true\n");
    has(2, "NOMOS_TIME_BACKEND=monotonic\n");
    has(2, "OTEL_METRIC_EXPORT_INTERVAL=5000\n");
    has(2, "NOMOS_KZGRS_PARAMS_PATH=/kzgrs_test_params/kzgrs_test_params\n");
    assert_null(strstr(w.env[2], "MISBEHAVE"));
}

static void the_runners_environment_is_passed_on(void **state)
{
    struct settings settings;

    (void)state;
    set("NOMOS_CFGSYNC_PORT", "4411");
    set("NOMOS_KZG_CONTAINER_PATH", "/kzg");
    set("NOMOS_TIME_BACKEND", "ntp");
    set("NOMOS_LOG_FILTER", "nomos=debug,da=trace");
    set("NOMOS_OTLP_ENDPOINT", "http://tempo:4318");
    set("NOMOS_OTLP_METRICS_ENDPOINT", "http://prometheus:9090/api/v1/otlp/v1/metrics");
    assert_int_equal(container_render(&w.self), ASSAY_OK);
    has(0, "CFG_SERVER_ADDR=http://cfgsync:4411\n");
    has(0, "NOMOS_KZGRS_PARAMS_PATH=/kzg\n");
    has(0, "NOMOS_TIME_BACKEND=ntp\n");
    assert_int_equal(w.server_port, 4411);
    settings = read_settings();
    assert_int_equal(settings.port, 4411);
    assert_string_equal(settings.params_path, "/kzg");
    assert_string_equal(settings.tracing.filter, "nomos=debug,da=trace");
    assert_string_equal(settings.tracing.traces_endpoint, "http://tempo:4318");
    assert_string_equal(
        settings.tracing.metrics_endpoint, "http://prometheus:9090/api/v1/otlp/v1/metrics");
    settings_done(&settings);
}

static void a_nodes_own_settings_are_its_own(void **state)
{
    static const char *const misbehave[] = {"stop-proposing=20", "slow=5", NULL};
    static const char *const args[] = {"--net-port", "7", NULL};
    static const char *const env[] = {"A=1", NULL};

    (void)state;
    w.overrides = (struct nomos_node_options){
        .misbehave = misbehave, .args = args, .env = env, .log_level = "DEBUG"};
    assert_int_equal(container_render(&w.self), ASSAY_OK);
    assert_string_equal(w.argv[1], "/etc/nomos/scripts/run_nomos_node.sh --net-port 7 ");
    has(1, "NOMOS_DEVNODE_MISBEHAVE=stop-proposing=20,slow=5\n");
    has(1, "A=1\n");
    has(1, "LOG_LEVEL=DEBUG\n");
    assert_null(strstr(w.env[0], "A=1"));
}

static void a_port_that_is_none_is_refused(void **state)
{
    (void)state;
    set("NOMOS_CFGSYNC_PORT", "many");
    assert_int_equal(container_render(&w.self), ASSAY_E_INVALID);
    assert_string_equal(w.why, "NOMOS_CFGSYNC_PORT is 'many'; it must be 1 to 65535");
}

static void a_variable_that_is_too_long_is_refused_rather_than_cut(void **state)
{
    static char path[2000];
    static const char *misbehave[] = {path, NULL};

    (void)state;
    memset(path, 'x', sizeof(path) - 1);
    w.overrides.misbehave = misbehave;
    assert_int_equal(container_render(&w.self), ASSAY_E_INVALID);
    assert_non_null(strstr(w.why, "misbehave is longer"));
    w.overrides.misbehave = NULL;
    set("NOMOS_TIME_BACKEND", path);
    assert_int_equal(container_render(&w.self), ASSAY_E_INVALID);
    assert_non_null(strstr(w.why, "longer than 1,000 bytes"));
}

static void each_failure_of_the_host_ends_it(void **state)
{
    uint32_t calls = 0;

    (void)state;
    assert_int_equal(container_render(&w.self), ASSAY_OK);
    calls = w.calls;
    for (uint32_t nth = 1; nth <= calls; nth++) {
        w.calls = 0;
        w.fail_call = nth;
        assert_int_equal(container_render(&w.self), ASSAY_E_IO);
        assert_int_equal(w.calls, nth);
    }
}

/* The point of it all: transfers are made from notes whose ids must be right although the genesis is
   made elsewhere, with addresses that were not known here. */
static void the_notes_are_those_of_the_genesis_that_the_server_makes(void **state)
{
    static const char *const names[NODES] = {"validator-0", "validator-1", "executor-0"};
    struct fr ours[3 * NODES + 2], theirs[3 * NODES + 2];
    struct settings settings;
    struct registry *registry;
    struct announcement host;
    struct text text = {.bytes = NULL};
    struct signed_tx genesis;
    struct yaml_tree *tree;
    struct json_object *json;

    (void)state;
    assert_int_equal(container_render(&w.self), ASSAY_OK);
    assert_false(atomic_load(&w.self.knows_genesis));
    settings = read_settings();
    registry = registry_new(&settings);
    for (size_t i = 0; i < NODES; i++) {
        announcement_default(&host);
        host.is_executor = i == 2;
        (void)snprintf(host.identifier, sizeof(host.identifier), "%s", names[i]);
        (void)snprintf(host.ip, sizeof(host.ip), "172.20.0.%zu", 2 + i);
        assert_int_equal(registry_announce(registry, &host, 1, NULL), REGISTRY_KNOWN);
    }
    assert_true(registry_write(registry, &host, DOCUMENT_YAML, &text, NULL));
    tree = yaml_tree_parse("config", text.bytes, text.size, NULL);
    json = yaml_tree_to_json(yaml_tree_find(tree, "cryptarchia.service.starting_state.genesis_tx"));
    assert_int_equal(json_tx_from_object(json, "genesis_tx", &genesis, NULL), NOMOS_OK);
    assert_int_equal(genesis.tx.output_count, 3 * NODES + 2);
    assert_int_equal(w.self.genesis.tx.output_count, 3 * NODES + 2);
    tx_output_ids(&w.self.wire, &genesis.tx, theirs);
    tx_output_ids(&w.self.wire, &w.self.genesis.tx, ours);
    assert_memory_equal(ours, theirs, sizeof(ours));
    signed_tx_done(&genesis);
    (void)json_object_put(json);
    yaml_tree_free(tree);
    text_done(&text);
    registry_free(registry);
    settings_done(&settings);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(unknown_addresses_are_what_calls_for_it),
        TEST(an_address_that_lasts_is_announced),
        TEST(the_server_reads_what_was_written_for_it),
        TEST(a_node_gets_its_script_and_its_variables),
        TEST(the_runners_environment_is_passed_on),
        TEST(a_nodes_own_settings_are_its_own),
        TEST(a_port_that_is_none_is_refused),
        TEST(a_variable_that_is_too_long_is_refused_rather_than_cut),
        TEST(each_failure_of_the_host_ends_it),
        TEST(the_notes_are_those_of_the_genesis_that_the_server_makes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

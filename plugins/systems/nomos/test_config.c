/* What the run decides of a node's configuration: addresses as bound and as reached, paths, logs, what
   the environment says. (What a configuration consists of: tests/unit/test_devnode_shell_node_config.c.) */
#include "plugins/systems/nomos/config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum {
    NODES = 3,
    ACCOUNTS = 2,
    VARIABLES_MAX = 8,
    FILES_MAX = 16
};

struct file {
    char path[64];
    char *text;
    uint32_t node, mode;
};

static struct world {
    assay_host host;
    assay_spec spec;
    assay_topology topology;
    const char *variables[VARIABLES_MAX][2];
    size_t variable_count;
    struct file files[FILES_MAX];
    size_t file_count;
    struct nomos_node_options overrides; /* of node 1 */
    const char *directory;
    assay_status fail_file;
    struct nomos_node nodes[NODES];
    struct nomos self;
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

static const char *fake_directory(const assay_host *host, uint32_t node)
{
    (void)host;
    (void)node;
    return w.directory;
}

static assay_status fake_file(
    const assay_host *host, uint32_t node, const char *path, assay_bytes bytes, uint32_t mode)
{
    struct file *file = &w.files[w.file_count++];

    (void)host;
    assert_true(w.file_count <= FILES_MAX);
    file->node = node;
    file->mode = mode;
    (void)snprintf(file->path, sizeof(file->path), "%s", path);
    file->text = strndup(bytes.data, bytes.size);
    return w.fail_file;
}

static uint32_t fake_account_count(const assay_host *host)
{
    (void)host;
    return ACCOUNTS;
}

static assay_status fake_account(const assay_host *host, uint32_t index, assay_account *out)
{
    (void)host;
    out->index = index;
    out->funds = 100;
    return ASSAY_OK;
}

static assay_status fake_node(const assay_host *host, uint32_t node, assay_node_info *out)
{
    (void)host;
    out->index = node;
    out->role_index = node == 2 ? 0 : node;
    return ASSAY_OK;
}

/* A star around node 0. */
static uint32_t fake_dial_count(const assay_host *host, uint32_t node)
{
    (void)host;
    return node != 0;
}

static uint32_t fake_dial(const assay_host *host, uint32_t node, uint32_t nth)
{
    (void)host;
    (void)node;
    (void)nth;
    return 0;
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
    w = (struct world){.directory = "/run/nodes/x", .overrides = {.log_level = ""}};
    w.host = (assay_host){.struct_size = sizeof(w.host), .fail = fake_fail};
    w.spec = (assay_spec){.struct_size = sizeof(w.spec),
        .variable = fake_variable,
        .directory = fake_directory,
        .file = fake_file};
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
        .chain_start_unix_ns = 1765879200123456789,
        .options = {.slot = 2 * ASSAY_SECOND,
            .active_slot_coeff = 0.9,
            .security_param = 10,
            .log_level = "INFO"}};
    for (uint32_t node = 0; node < NODES; node++) {
        w.nodes[node].is_executor = node == 2;
        w.nodes[node].is_dev = true;
        memset(w.nodes[node].seed.bytes, (int)node + 1, 32);
        for (uint32_t port = 0; port < PORT_COUNT; port++)
            w.nodes[node].ports[port] = (assay_endpoint){.struct_size = sizeof(assay_endpoint),
                .bind_ip = "0.0.0.0",
                .peer_ip = "10.1.0.5",
                .runner_ip = "127.0.0.1",
                .bind_port = 1000 * (node + 1) + port,
                .peer_port = 5000 + 100 * node + port,
                .runner_port = 9000};
    }
    assert_true(keys_init());
    wire_init(&w.self.wire, &wire_revision_2025_12);
    assert_int_equal(network_make_genesis(&w.self, NULL), ASSAY_OK);
    node_config_times_default(&w.self.network.times);
    w.self.network.has_da = true;
    config_prepare(&w.self);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    for (size_t i = 0; i < w.file_count; i++)
        free(w.files[i].text);
    w.self.nodes = NULL; /* not on the heap here */
    network_done(&w.self);
    return 0;
}

static const char *render(uint32_t node)
{
    const size_t before = w.file_count;

    assert_int_equal(config_render(&w.self, node), ASSAY_OK);
    return w.files[before].text;
}

static void assert_has(const char *text, const char *part)
{
    if (!strstr(text, part))
        fail_msg("\"%s\" is not in\n%.6000s", part, text);
}

static void assert_lacks(const char *text, const char *part)
{
    if (strstr(text, part))
        fail_msg("\"%s\" is in\n%.6000s", part, text);
}

/* ---- tests ---- */

static void each_role_gets_its_file_readable_by_its_owner_alone(void **state)
{
    (void)state;
    for (uint32_t node = 0; node < NODES; node++) {
        (void)render(node);
        assert_int_equal(w.file_count, node + 1);
        assert_int_equal(w.files[node].node, node);
        assert_int_equal(w.files[node].mode, 0600);
        assert_string_equal(w.files[node].path, node == 2 ? "executor.yaml" : "validator.yaml");
    }
    assert_has(w.files[2].text, "\nda_dispersal:\n");
    assert_lacks(w.files[1].text, "\nda_dispersal:\n");
}

static void a_node_listens_where_it_is_bound_and_announces_where_it_is_reached(void **state)
{
    const char *yaml = render(1);

    (void)state;
    assert_has(yaml, "host: \"0.0.0.0\"\n      port: 2002\n");
    assert_has(yaml, "external_address: \"/ip4/10.1.0.5/udp/5102/quic-v1\"");
    assert_has(yaml, "initial_peers:\n      - \"/ip4/10.1.0.5/udp/5002/quic-v1\"\n");
    assert_has(yaml, "http:\n  backend_settings:\n    address: \"0.0.0.0:2000\"");
    assert_has(yaml, "testing_http:\n  backend_settings:\n    address: \"0.0.0.0:2001\"");
    assert_has(yaml, "listening_address: \"/ip4/0.0.0.0/udp/2003/quic-v1\"");
    assert_has(yaml, "listening_address: \"/ip4/0.0.0.0/udp/2004/quic-v1\"");
    assert_has(yaml, "api_port: 2000");
}

static void the_hub_dials_nobody(void **state)
{
    (void)state;
    assert_has(render(0), "initial_peers: []\n");
}

static void what_the_options_say_is_in_it(void **state)
{
    const char *yaml = render(0);

    (void)state;
    assert_has(yaml, "slot_duration:\n      secs: 2\n      nanos: 0\n");
    assert_has(yaml, "security_param: 10\n      active_slot_coeff: 0.9\n");
    assert_has(yaml, "chain_start_time: \"2025-12-16 10:00:00.123456789 +00:00:00\"");
    assert_has(yaml, "db_path: \"/run/nodes/x/db\"");
    assert_has(yaml, "blob_storage_directory: \"/run/nodes/x\"");
    assert_has(yaml, "membership:\n    subnetwork_size: 3\n    replication_factor: 2\n");
    assert_has(yaml, "rate_limit_per_second: 1\n    rate_limit_burst: 4294967295\n");
    assert_has(yaml, "logger: Stdout\n");
    assert_has(yaml, "level: INFO\n");
}

static void every_wallet_account_is_known_to_every_node(void **state)
{
    /* Node contract 3.10: wallet-user-0 and wallet-user-1. */
    static const char *const public_keys[] = {
        "29b67531bb6456772e2d0aaef94bbe48df0c6fdcfe03c56e9ce86b3c104e861a",
        "6c25c9689b2992ab6f7f7f8f8ca9e630a94b3cf33e4d3c10a3e1360df1ffc92a"};
    const char *yaml = render(2);

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        char known[80];

        (void)snprintf(known, sizeof(known), "- \"%s\"", public_keys[i]);
        assert_has(yaml, known);
    }
    assert_has(yaml, "6c25c9689b2992ab6f7f7f8f8ca9e630a94b3cf33e4d3c10a3e1360df1ffc92a\": !Zk");
}

static void real_nodes_find_what_they_expect_beside_their_configuration(void **state)
{
    (void)state;
    w.nodes[0].is_dev = false;
    (void)snprintf(w.self.assets.kzg_params, sizeof(w.self.assets.kzg_params), "/kzg/params");
    assert_has(render(0), "global_params_path: \"/kzg/params\"");
    assert_int_equal(w.file_count, 3);
    assert_string_equal(w.files[1].path, "recovery/mempool.json");
    assert_string_equal(w.files[1].text, "{}");
    assert_string_equal(w.files[2].path, "recovery/blend/core.json");
    assert_string_equal(w.files[2].text, "{}");
}

static void logs_go_to_the_directory_that_is_named(void **state)
{
    (void)state;
    set("NOMOS_LOG_DIR", "/var/log/\"net\"");
    assert_has(render(1),
        "logger: !File\n    directory: \"/var/log/\\\"net\\\"\"\n    prefix: \"nomos-node-1\"\n");
    assert_has(render(2), "prefix: \"nomos-executor-0\"\n");
}

static void a_node_may_have_a_log_level_of_its_own(void **state)
{
    (void)state;
    w.overrides.log_level = "WARN";
    assert_has(render(1), "level: WARN\n");
    assert_has(render(0), "level: INFO\n");
}

static void debug_tracing_goes_to_loki_and_otlp(void **state)
{
    const char *yaml;

    (void)state;
    set("NOMOS_TESTS_TRACING", "True");
    assert_has(render(2), "logger: Stdout\n"); /* a development node's log would be lost there */
    w.nodes[2].is_dev = false;
    yaml = render(2);
    assert_has(yaml,
        "logger: !Loki\n    endpoint: \"http://localhost:3100\"\n    host_identifier: \"node-2\"\n"
        "  tracing: None\n  filter: !EnvFilter\n    filters:\n      nomos: \"debug\"\n"
        "  metrics: None\n");
    assert_has(yaml, "level: DEBUG\n");
    set("NOMOS_LOG_FILTER", "a=info,b=warn");
    set("NOMOS_OTLP_ENDPOINT", "http://t:1");
    set("NOMOS_OTLP_METRICS_ENDPOINT", "http://m:2");
    set("NOMOS_LOG_DIR", "/logs");
    yaml = render(2);
    assert_has(yaml, "logger: !File\n    directory: \"/logs\"");
    assert_has(yaml, "filters:\n      a: \"info\"\n      b: \"warn\"\n");
    assert_has(yaml, "tracing: !Otlp\n    endpoint: \"http://t:1\"\n    sample_ratio: 0.5\n");
    assert_has(yaml, "metrics: !Otlp\n    endpoint: \"http://m:2\"\n");
}

static void without_debug_tracing_its_variables_change_nothing(void **state)
{
    (void)state;
    set("NOMOS_TESTS_TRACING", "1");
    set("NOMOS_LOG_FILTER", "a=info");
    set("NOMOS_OTLP_ENDPOINT", "http://t:1");
    assert_has(render(0), "logger: Stdout\n  tracing: None\n  filter: None\n  metrics: None\n");
}

static void autonat_takes_the_announced_address_out(void **state)
{
    (void)state;
    set("NOMOS_USE_AUTONAT", "");
    assert_lacks(render(0), "nat_config");
}

static void the_environment_changes_durations(void **state)
{
    struct nomos_problems problems = {.count = 0};

    (void)state;
    set("NOMOS_GRACE_PERIOD_SECS", "7");
    config_read_environment(&w.self, &problems);
    assert_int_equal(problems.count, 0);
    assert_has(render(0), "grace_period: \"7.000000000\"");
}

static void what_the_environment_gets_wrong_is_said_all_at_once(void **state)
{
    struct nomos_problems problems = {.count = 0};

    (void)state;
    set("NOMOS_GRACE_PERIOD_SECS", "soon");
    set("NOMOS_LOG_FILTER", "nomos");
    config_read_environment(&w.self, &problems);
    assert_int_equal(problems.count, 2);
    assert_has(problems.text.bytes, "NOMOS_GRACE_PERIOD_SECS is 'soon'");
    assert_has(problems.text.bytes, "NOMOS_LOG_FILTER is 'nomos'");
    text_done(&problems.text);
}

static void a_later_revision_has_other_names_and_no_data_availability(void **state)
{
    const char *yaml;

    (void)state;
    w.self.revision = &revision_2026_01;
    w.self.network.has_da = false;
    set("NOMOS_LOG_DIR", "/old");
    set("LOGOS_BLOCKCHAIN_LOG_DIR", "/new");
    yaml = render(0);
    assert_string_equal(w.files[0].path, "node.yaml");
    assert_has(yaml, "directory: \"/new\"");
    assert_lacks(yaml, "da_network");
    assert_lacks(yaml, "da_sampling");
    assert_lacks(yaml, "DA:");
}

static void a_directory_with_too_long_a_path_is_refused(void **state)
{
    static char directory[NOMOS_PATH_SIZE];

    (void)state;
    memset(directory, 'x', sizeof(directory) - 1);
    w.directory = directory;
    assert_int_equal(config_render(&w.self, 0), ASSAY_E_INVALID);
    assert_has(w.why, "too long");
}

static void a_file_that_the_host_refuses_fails_the_render(void **state)
{
    (void)state;
    w.fail_file = ASSAY_E_LAGGED;
    assert_int_equal(config_render(&w.self, 0), ASSAY_E_LAGGED);
}

static void a_configuration_that_cannot_be_written_says_why(void **state)
{
    (void)state;
    w.self.network.has_da = false;
    assert_int_equal(config_render(&w.self, 2), ASSAY_E_INVALID);
    assert_has(w.why, "an executor needs data availability");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(each_role_gets_its_file_readable_by_its_owner_alone),
        TEST(a_node_listens_where_it_is_bound_and_announces_where_it_is_reached),
        TEST(the_hub_dials_nobody),
        TEST(what_the_options_say_is_in_it),
        TEST(every_wallet_account_is_known_to_every_node),
        TEST(real_nodes_find_what_they_expect_beside_their_configuration),
        TEST(logs_go_to_the_directory_that_is_named),
        TEST(a_node_may_have_a_log_level_of_its_own),
        TEST(debug_tracing_goes_to_loki_and_otlp),
        TEST(without_debug_tracing_its_variables_change_nothing),
        TEST(autonat_takes_the_announced_address_out),
        TEST(the_environment_changes_durations),
        TEST(what_the_environment_gets_wrong_is_said_all_at_once),
        TEST(a_later_revision_has_other_names_and_no_data_availability),
        TEST(a_directory_with_too_long_a_path_is_refused),
        TEST(a_file_that_the_host_refuses_fails_the_render),
        TEST(a_configuration_that_cannot_be_written_says_why),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

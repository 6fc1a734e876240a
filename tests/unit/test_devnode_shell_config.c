/* The node's configuration: every key it reads, every way a key can be wrong, and unknown keys. */
#include "support/devnode_world.h"

#include <json-c/json.h>
#include <stdio.h>

#include "devnode/shell/config.h"
#include "devnode/shell/yaml_tree.h"

#define KEY_1 "0101010101010101010101010101010101010101010101010101010101010101"
#define KEY_2 "0202020202020202020202020202020202020202020202020202020202020202"

/* One line for each key, so that a test can replace one. */
static const char *const good_lines[] = {
    "network: {backend: {swarm: {host: 0.0.0.0, port: 3000, node_key: \"" KEY_1
    "\"}, initial_peers: [/ip4/10.0.0.1/udp/3001/quic-v1, "
    "/ip4/10.0.0.2/udp/3002/quic-v1/p2p/12D3KooW]}}",
    "deployment: {time: {slot_duration: {secs: 0, nanos: 200000000}}, cryptarchia: {epoch_config: "
    "{epoch_stake_distribution_stabilization: 3, epoch_period_nonce_buffer: 3, "
    "epoch_period_nonce_stabilization: 4}, consensus_config: {security_param: 10, "
    "active_slot_coeff: 0.9}}}",
    "cryptarchia: {service: {starting_state: !Genesis {genesis_tx: {a: 1}}, bootstrap: "
    "{prolonged_bootstrap_period: \"1.500000000\"}}, leader: {pk: \"" KEY_1 "\", sk: \"" KEY_2
    "\"}}",
    "time: {chain_start_time: \"2025-12-16 10:00:00.123456789 +00:00:00\"}",
    "http: {backend_settings: {address: \"127.0.0.1:8080\"}}",
    "testing_http: {backend_settings: {address: \"127.0.0.1:8081\"}}",
    "storage: {db_path: ./here}",
    "wallet: {known_keys: [\"" KEY_1 "\", \"" KEY_2 "\"]}",
    "tracing: {logger: !File {directory: logs, prefix: node}, level: WARN}",
};
#define LINES (sizeof(good_lines) / sizeof(*good_lines))

/* Reads the good configuration with the line that begins as `line` does (up to its colon)
   replaced by it. */
static bool read_with(const char *line, struct config *out, struct reason *why)
{
    char text[8192] = "";
    size_t used = 0;

    for (size_t i = 0; i < LINES; i++) {
        size_t name = strcspn(good_lines[i], ":");
        bool is_replaced = line && strncmp(line, good_lines[i], name + 1) == 0;

        used += (size_t)snprintf(
            text + used, sizeof(text) - used, "%s\n", is_replaced ? line : good_lines[i]);
    }
    struct yaml_tree *tree = yaml_tree_parse("test.yaml", text, used, why);
    assert_non_null(tree);
    bool is_read = config_read(out, tree, why);
    yaml_tree_free(tree);
    return is_read;
}

static void assert_refused(const char *line, const char *reason_part)
{
    struct config config;
    struct reason why = {.text = ""};

    assert_false(read_with(line, &config, &why));
    if (!strstr(why.text, reason_part))
        fail_msg("\"%s\": reason is \"%s\", expected \"%s\"", line, why.text, reason_part);
}

static void every_key_is_read(void **state)
{
    struct config config;

    (void)state;
    assert_true(read_with(NULL, &config, NULL));
    assert_string_equal(config.gossip.host, "0.0.0.0");
    assert_int_equal(config.gossip.port, 3000);
    assert_int_equal(config.node_key[31], 1);
    assert_int_equal(config.peer_count, 2);
    assert_string_equal(config.peers[1].host, "10.0.0.2");
    assert_int_equal(config.peers[1].port, 3002);
    assert_int_equal(config.slot_duration_ns, 200000000);
    assert_int_equal(config.bootstrap_ns, 1500000000);
    assert_int_equal(config.chain_start_ns, 1765879200123456789);
    assert_int_equal(config.security_param, 10);
    assert_true(config.active_slot_coeff > 0.89 && config.active_slot_coeff < 0.91);
    assert_int_equal(config.stake_stabilization, 3);
    assert_int_equal(config.nonce_stabilization, 4);
    assert_int_equal(config.leader_sk[0], 2);
    assert_int_equal(config.known_key_count, 2);
    assert_string_equal(config.http.host, "127.0.0.1");
    assert_int_equal(config.http.port, 8080);
    assert_int_equal(config.testing_http.port, 8081);
    assert_int_equal(config.http_limits.timeout_ns, 30000000000);
    assert_int_equal(config.http_limits.body_bytes_max, 10485760);
    assert_string_equal(config.db_path, "./here");
    assert_int_equal(config.log_backend, CONFIG_LOG_FILE);
    assert_string_equal(config.log_directory, "logs");
    assert_string_equal(config.log_prefix, "node");
    assert_int_equal(config.log_level, CONFIG_LEVEL_WARN);
    assert_string_equal(
        json_object_to_json_string_ext(config.genesis_tx, JSON_C_TO_STRING_PLAIN), "{\"a\":1}");
    config_done(&config);
}

static void what_may_be_left_out_has_defaults(void **state)
{
    struct config config;
    static const char *const optional[] = {"testing_http: {}", "storage: {}", "wallet: {}",
        "tracing: {}",
        "network: {backend: {swarm: {host: 1.2.3.4, port: 1, node_key: \"" KEY_1 "\"}}}"};

    (void)state;
    for (size_t i = 0; i < sizeof(optional) / sizeof(*optional); i++) {
        assert_true(read_with(optional[i], &config, NULL));
        config_done(&config);
    }
    assert_true(read_with("tracing: {}", &config, NULL));
    assert_int_equal(config.log_backend, CONFIG_LOG_STDOUT);
    assert_int_equal(config.log_level, CONFIG_LEVEL_INFO);
    config_done(&config);
    assert_true(read_with("testing_http: {}", &config, NULL));
    assert_string_equal(config.testing_http.host, "");
    config_done(&config);
}

static void durations_have_three_spellings(void **state)
{
    struct config config;
    static const char *const spellings[] = {
        "deployment: {time: {slot_duration: \"2.000000000\"}, ",
        "deployment: {time: {slot_duration: [2, 0]}, ",
        "deployment: {time: {slot_duration: {secs: 2, nanos: 0}}, ",
        "deployment: {time: {slot_duration: \"2\"}, ",
        "deployment: {time: {slot_duration: \"2.0000000009\"}, ",
    };

    (void)state;
    for (size_t i = 0; i < sizeof(spellings) / sizeof(*spellings); i++) {
        char line[1024];

        (void)snprintf(
            line, sizeof(line), "%s%s", spellings[i], strstr(good_lines[1], "cryptarchia"));
        assert_true(read_with(line, &config, NULL));
        assert_int_equal(config.slot_duration_ns, 2000000000);
        config_done(&config);
    }
}

static void a_point_in_time_has_several_spellings(void **state)
{
    struct config config;
    static const struct {
        const char *line;
        uint64_t ns;
    } spellings[] = {
        {"time: {chain_start_time: \"2025-12-16 10:00:00 +00:00:00\"}", 1765879200000000000},
        {"time: {chain_start_time: \"2025-12-16T10:00:00.5Z\"}", 1765879200500000000},
        {"time: {chain_start_time: \"2025-12-16 11:30:00 +01:30:00\"}", 1765879200000000000},
        {"time: {chain_start_time: \"2025-12-16 09:00:00 -01:00\"}", 1765879200000000000},
        {"time: {chain_start_time: [2025, 350, 10, 0, 0, 7, 0, 0, 0]}", 1765879200000000007},
        {"time: {chain_start_time: [2025, 350, 9, 0, 0, 0, -1, 0, 0]}", 1765879200000000000},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(spellings) / sizeof(*spellings); i++) {
        struct reason why = {.text = ""};

        if (!read_with(spellings[i].line, &config, &why))
            fail_msg("%s: %s", spellings[i].line, why.text);
        assert_int_equal(config.chain_start_ns, spellings[i].ns);
        config_done(&config);
    }
}

static void every_wrong_key_is_named(void **state)
{
    static const struct {
        const char *line;
        const char *reason;
    } cases[] = {
        {"http: {}", "missing key `http.backend_settings.address`"},
        {"http: {backend_settings: {address: 127.0.0.1}}", "expected HOST:PORT"},
        {"http: {backend_settings: {address: \"127.0.0.1:99999\"}}", "expected HOST:PORT"},
        {"http: {backend_settings: {address: []}}", "must be a single value"},
        {"http: {backend_settings: {address: \"1.1.1.1:1\", timeout: soon}}", "is no duration"},
        {"http: {backend_settings: {address: \"1.1.1.1:1\", max_body_size: -1}}", "whole number"},
        {"testing_http: {backend_settings: {address: x}}",
            "`testing_http.backend_settings.address`"},
        {"network: {}", "missing key `network.backend.swarm.host`"},
        {"network: {backend: {swarm: {host: a, port: 70000, node_key: x}}}", "up to 65535"},
        {"network: {backend: {swarm: {host: a, port: 1, node_key: x}}}", "expected 64 hex digits"},
        {"network: {backend: {swarm: {host: a, port: 1, node_key: \"" KEY_1
         "\"}, initial_peers: 7}}",
            "must be a list"},
        {"network: {backend: {swarm: {host: a, port: 1, node_key: \"" KEY_1
         "\"}, initial_peers: [hello]}}",
            "expected /ip4/"},
        {"time: {}", "missing key `time.chain_start_time`"},
        {"time: {chain_start_time: yesterday}", "is no point in time"},
        {"time: {chain_start_time: \"2025-13-16 10:00:00\"}", "is no point in time"},
        {"time: {chain_start_time: \"2025-12-16 10:00:00 soon\"}", "is no point in time"},
        {"time: {chain_start_time: [1, 2]}", "is no point in time"},
        {"time: {chain_start_time: {a: 1}}", "is no point in time"},
        {"wallet: {known_keys: 1}", "must be a list"},
        {"wallet: {known_keys: [12]}", "`wallet.known_keys`"},
        {"tracing: {level: info}", "in capitals"},
        {"tracing: {logger: !Syslog {}}", "`tracing.logger` must be"},
        {"tracing: {logger: !File {}}", "missing key `directory`"},
        {"cryptarchia: {}", "missing key"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
        assert_refused(cases[i].line, cases[i].reason);
}

static void consensus_parameters_are_within_reason(void **state)
{
    static const struct {
        const char *slot;
        const char *k;
        const char *f;
        const char *stabilization;
        const char *reason;
    } cases[] = {
        {"{secs: 0, nanos: 0}", "10", "0.9", "3", "longer than zero"},
        {"{secs: 1}", "10", "0.9", "3", "is no duration"},
        {"{secs: 1, nanos: 1000000000}", "10", "0.9", "3", "is no duration"},
        {"\"1.x\"", "10", "0.9", "3", "is no duration"},
        {"[1, 2, 3]", "10", "0.9", "3", "is no duration"},
        {"{secs: 1, nanos: 0}", "0", "0.9", "3", "at least 1"},
        {"{secs: 1, nanos: 0}", "-4", "0.9", "3", "whole number"},
        {"{secs: 1, nanos: 0}", "10", "1.0", "3", "between 0 and 1"},
        {"{secs: 1, nanos: 0}", "10", "0", "3", "between 0 and 1"},
        {"{secs: 1, nanos: 0}", "10", "nan", "3", "between 0 and 1"},
        {"{secs: 1, nanos: 0}", "10", "0.9x", "3", "between 0 and 1"},
        {"{secs: 1, nanos: 0}", "10", "0.9", "0", "at least 1"},
        {"{secs: 1, nanos: 0}", "10", "0.9", "256", "up to 255"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        char line[1024];

        (void)snprintf(line, sizeof(line),
            "deployment: {time: {slot_duration: %s}, cryptarchia: {epoch_config: "
            "{epoch_stake_distribution_stabilization: %s, epoch_period_nonce_buffer: 3, "
            "epoch_period_nonce_stabilization: 4}, consensus_config: {security_param: %s, "
            "active_slot_coeff: %s}}}",
            cases[i].slot, cases[i].stabilization, cases[i].k, cases[i].f);
        assert_refused(line, cases[i].reason);
    }
}

static void a_configuration_is_a_mapping(void **state)
{
    struct yaml_tree *tree = yaml_tree_parse("test.yaml", "[1]", 3, NULL);
    struct config config;
    struct reason why;

    (void)state;
    assert_false(config_read(&config, tree, &why));
    assert_non_null(strstr(why.text, "must be a mapping"));
    yaml_tree_free(tree);
}

static void peer_addresses_are_ip_and_port(void **state)
{
    static const char *const bad[] = {"", "/ip4/", "/ip4/1.2.3.4", "/ip4/1.2.3.4/udp",
        "/ip4/1.2.3.4/udp/", "/ip4/1.2.3.4/udp/0", "/ip4/1.2.3.4/udp/65536",
        "/ip4/1.2.3.4/udp/12345678901", "/ip4/1.2.3.4/sctp/1", "1.2.3.4:5", "/ip4//udp/1"};
    struct config_address address;

    (void)state;
    assert_true(config_parse_multiaddr(&address, "/ip4/1.2.3.4/tcp/80", NULL));
    assert_int_equal(address.port, 80);
    assert_true(config_parse_multiaddr(&address, "/ip6/::1/udp/81/quic-v1", NULL));
    assert_string_equal(address.host, "::1");
    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
        assert_false(config_parse_multiaddr(&address, bad[i], NULL));
    assert_true(config_parse_address(&address, "[::1]:82", NULL));
    assert_string_equal(address.host, "::1");
    assert_false(config_parse_address(&address, ":82", NULL));
    assert_false(config_parse_address(&address, "host:", NULL));
}

struct reported {
    char paths[512];
    size_t count;
};

static void on_unknown(void *self, const char *path, unsigned line)
{
    struct reported *reported = self;
    size_t used = strlen(reported->paths);

    (void)snprintf(reported->paths + used, sizeof(reported->paths) - used, "%s@%u ", path, line);
    reported->count++;
}

static void unknown_keys_are_reported_with_path_and_line(void **state)
{
    static const char text[] = "blend: {anything: {goes: here}}\n"
                               "http: {backend_settings: {adress: x, timeout: {secs: 1}}}\n"
                               "nonsense: 1\n"
                               "network: {backend: {swarm: {host: a, hots: b}}}\n"
                               "cryptarchia: {sync: {orphan: 1}}\n";
    struct yaml_tree *tree = yaml_tree_parse("test.yaml", text, strlen(text), NULL);
    struct reported reported = {.count = 0};

    (void)state;
    config_unknown_keys(tree, on_unknown, &reported);

    assert_string_equal(reported.paths,
        "http.backend_settings.adress@2 nonsense@3 network.backend.swarm.hots@4 "
        "cryptarchia.sync@5 ");
    yaml_tree_free(tree);
}

static void no_key_that_is_read_is_unknown(void **state)
{
    (void)state;
    for (size_t i = 0; i < LINES; i++) {
        struct yaml_tree *tree =
            yaml_tree_parse("test.yaml", good_lines[i], strlen(good_lines[i]), NULL);
        struct reported reported = {.count = 0};

        config_unknown_keys(tree, on_unknown, &reported);
        assert_string_equal(reported.paths, "");
        yaml_tree_free(tree);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_key_is_read),
        cmocka_unit_test(what_may_be_left_out_has_defaults),
        cmocka_unit_test(durations_have_three_spellings),
        cmocka_unit_test(a_point_in_time_has_several_spellings),
        cmocka_unit_test(every_wrong_key_is_named),
        cmocka_unit_test(consensus_parameters_are_within_reason),
        cmocka_unit_test(a_configuration_is_a_mapping),
        cmocka_unit_test(peer_addresses_are_ip_and_port),
        cmocka_unit_test(unknown_keys_are_reported_with_path_and_line),
        cmocka_unit_test(no_key_that_is_read_is_unknown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

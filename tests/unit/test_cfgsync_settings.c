/* cfgsync.yaml: what is read, what is left out, what is refused and with which words. */
#include "cfgsync_world.h"

static void the_contracts_keys_are_read(void **state)
{
    struct settings settings = settings_of(2,
        "subnetwork_size: 3\ndispersal_factor: 2\nnum_samples: 1\nnum_subnets: 4\n"
        "old_blobs_check_interval: \"5.5\"\nblobs_validity_duration: [60, 5]\n"
        "global_params_path: /kzg\nmin_dispersal_peers: 1\nmin_replication_peers: 1\n"
        "monitor_failure_time_window: {secs: 7, nanos: 8}\nbalancer_interval: \"5\"\n"
        "replication_settings: {seen_message_cache_size: 204800, seen_message_ttl: \"900.0\"}\n"
        "retry_shares_limit: 5\nretry_commitments_limit: 6\nmempool_publish_strategy: x\n");

    (void)state;
    assert_int_equal(settings.host_count, 2);
    assert_true(settings.timeout_ns == 30000000000u);
    assert_int_equal(settings.security_param, 10);
    assert_true(settings.slot_duration_ns == 2000000000u);
    assert_int_equal(settings.account_count, 1);
    assert_int_equal(settings.accounts[0].value, 100);
    assert_int_equal(settings.ids[1].bytes[31], 2);
    assert_int_equal(settings.da.subnetwork_size, 3);
    assert_int_equal(settings.da.num_subnets, 4);
    assert_true(settings.da.old_blobs_check_interval == 5500000000u);
    assert_true(settings.da.blobs_validity == 60000000005u);
    assert_true(settings.da.failure_time_window == 7000000008u);
    assert_true(settings.da.balancer_interval == 5000000000u);
    assert_int_equal(settings.da.seen_message_cache_size, 204800);
    assert_true(settings.da.seen_message_ttl == 900000000000u);
    assert_int_equal(settings.da.shares_retry_limit, 5);
    assert_int_equal(settings.da.commitments_retry_limit, 6);
    assert_string_equal(settings.params_path, "/kzg");
    /* Not in the file: of this server's nodes alone. */
    assert_int_equal(settings.da.max_sampling_failures, 3);
    assert_int_equal(settings.da.malicious_threshold, 10);
    settings_done(&settings);
}

static void ids_may_be_lists_of_numbers_and_are_drawn_when_there_are_none(void **state)
{
    static const char text[] = "port: 1\nn_hosts: 1\ntimeout: 1\nsecurity_param: 1\n"
                               "active_slot_coeff: 0.5\nwallet: {accounts: []}\n";
    static const char ids[] =
        "ids: [[1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,"
        "31,255]]\n";
    struct settings settings;
    char with_ids[512];
    uint8_t sum = 0;

    (void)state;
    (void)snprintf(with_ids, sizeof(with_ids), "%s%s", text, ids);
    assert_true(settings_parse(&settings, "x", with_ids, strlen(with_ids), NULL));
    assert_int_equal(settings.ids[0].bytes[0], 1);
    assert_int_equal(settings.ids[0].bytes[31], 255);
    settings_done(&settings);
    assert_true(settings_parse(&settings, "x", text, strlen(text), NULL));
    for (int i = 0; i < 32; i++)
        sum |= settings.ids[0].bytes[i];
    assert_int_not_equal(sum, 0);
    settings_done(&settings);
}

static void everybody_dials_the_first_unless_told_otherwise(void **state)
{
    struct settings star = settings_of(3, ""), told = settings_of(3, "dials: [[], [0], [0, 1]]\n");

    (void)state;
    assert_int_equal(star.dials[0].count, 0);
    assert_int_equal(star.dials[2].count, 1);
    assert_int_equal(star.dials[2].nodes[0], 0);
    assert_int_equal(told.dials[2].count, 2);
    assert_int_equal(told.dials[2].nodes[1], 1);
    settings_done(&star);
    settings_done(&told);
}

static void a_slot_comes_from_the_file_or_the_environment(void **state)
{
    struct settings settings = settings_of(1, "slot_duration: \"0.25\"\n");

    (void)state;
    assert_true(settings.slot_duration_ns == 250000000u);
    settings_done(&settings);
    assert_int_equal(setenv("CONSENSUS_SLOT_TIME", "7", 1), 0);
    settings = settings_of(1, "");
    assert_true(settings.slot_duration_ns == 7000000000u);
    settings_done(&settings);
    assert_int_equal(unsetenv("CONSENSUS_SLOT_TIME"), 0);
}

static void tracing_is_read_in_all_its_forms(void **state)
{
    struct settings settings = settings_of(1,
        "tracing_settings:\n  logger: !File {directory: /logs, prefix: node}\n"
        "  filter: !EnvFilter {filters: {nomos: debug, da: trace}}\n"
        "  tracing: !Otlp {endpoint: \"http://t\", sample_ratio: 0.5, service_name: s}\n"
        "  metrics: !Otlp {endpoint: \"http://m\", host_identifier: node}\n  level: DEBUG\n");

    (void)state;
    assert_int_equal(settings.tracing.logger, NODE_CONFIG_FILE);
    assert_string_equal(settings.tracing.directory, "/logs");
    assert_string_equal(settings.tracing.prefix, "node");
    assert_string_equal(settings.tracing.filter, "nomos=debug,da=trace");
    assert_string_equal(settings.tracing.traces_endpoint, "http://t");
    assert_string_equal(settings.tracing.metrics_endpoint, "http://m");
    assert_string_equal(settings.tracing.level, "DEBUG");
    settings_done(&settings);
    settings = settings_of(1, "tracing_settings: {logger: None, filter: None, metrics: None}\n");
    assert_int_equal(settings.tracing.logger, NODE_CONFIG_SILENT);
    assert_string_equal(settings.tracing.filter, "");
    assert_string_equal(settings.tracing.metrics_endpoint, "");
    assert_string_equal(settings.tracing.level, "INFO");
    settings_done(&settings);
    settings = settings_of(1, "");
    assert_int_equal(settings.tracing.logger, NODE_CONFIG_STDOUT);
    settings_done(&settings);
}

static void refuse(const char *text, const char *part)
{
    struct settings settings;
    struct reason why = {""};

    if (settings_parse(&settings, "cfgsync.yaml", text, strlen(text), &why))
        fail_msg("accepted:\n%s", text);
    if (!strstr(why.text, part) || strncmp(why.text, "cfgsync.yaml", 12) != 0)
        fail_msg("\"%s\" does not say \"%s\"", why.text, part);
    assert_null(settings.ids);
}

static void refuse_line(const char *line, const char *part)
{
    char text[4096];

    (void)snprintf(text, sizeof(text), SETTINGS_HEAD SETTINGS_WALLET "%s", 2u, line);
    refuse(text, part);
}

static void what_is_missing_or_wrong_is_named(void **state)
{
    (void)state;
    refuse("n_hosts: 1\n", "`port` is missing");
    refuse("port: 1\ntimeout: 1\n", "`n_hosts` is missing");
    refuse("port: 1\nn_hosts: 0\n", "`n_hosts` must be a whole number from 1 to 4096");
    refuse("port: 65536\n", "`port` must be");
    refuse("port: x\n", "`port` must be");
    refuse("port: \"1\"\n", "`port` must be");
    refuse("[1, 2]", "`port` is missing");
    refuse("port: 1\nn_hosts: 1\ntimeout: 1\nsecurity_param: 1\nactive_slot_coeff: 1\n",
        "between 0 and 1");
    refuse("port: 1\nn_hosts: 1\ntimeout: 1\nsecurity_param: 1\nactive_slot_coeff: abc\n",
        "must be a number");
    refuse("port: 1\nn_hosts: 1\ntimeout: 1\nsecurity_param: 1\nactive_slot_coeff: 0.9\n",
        "`wallet.accounts` is missing");
    refuse("port: 1\nn_hosts: 1\ntimeout: 1\nsecurity_param: 1\nactive_slot_coeff: 0.9\n"
           "wallet: {accounts: 7}\n",
        "`wallet.accounts` must be a list");
    refuse("port: 1\nn_hosts: 1\ntimeout: 1\nsecurity_param: 1\nactive_slot_coeff: 0.9\n"
           "wallet: {accounts: [{value: 1, secret_key: \"xx\"}]}\n",
        "accounts[0].secret_key");
    refuse("port: 1\nn_hosts: 1\ntimeout: 1\nsecurity_param: 1\nactive_slot_coeff: 0.9\n"
           "wallet: {accounts: [{value: 0, secret_key: "
           "\"0100000000000000000000000000000000000000000000000000000000000000\"}]}\n",
        "wallet.accounts[0]: `value`");
    refuse("{", "cfgsync.yaml");
    refuse_line("ids: [[1, 2]]\n", "`ids` must be a list with one id for each of the 2");
    refuse_line("ids: [[1, 2], [3]]\n", "`ids[0]` must be a list of 32 numbers");
    refuse_line("dials: [[0], []]\n", "`dials[0][0]` is no index of another node");
    refuse_line("dials: [[], [2]]\n", "`dials[1][0]` is no index of another node");
    refuse_line("dials: [[]]\n", "`dials` must be a list of 2 lists");
    refuse_line("dials: [[], 0]\n", "`dials[1]` must be a list of other nodes");
    refuse_line("dials: [[], [0, 0]]\n", "`dials[1]` must be a list of other nodes");
    refuse_line("slot_duration: \"0\"\n", "must not be 0");
    refuse_line("slot_duration: \"1.\"\n", "must be seconds");
    refuse_line("balancer_interval: [1]\n", "`balancer_interval` must be seconds");
    refuse_line("balancer_interval: \"99999999\"\n", "`balancer_interval` must be seconds");
    refuse_line("balancer_interval: {secs: 1, nanos: 1000000000}\n", "must be seconds");
    refuse_line("num_samples: 70000\n", "`num_samples` must be");
    refuse_line("global_params_path: [1]\n", "`global_params_path` must be text");
    refuse_line("tracing_settings: {logger: Printer}\n", "tracing_settings.logger");
    refuse_line("tracing_settings: {logger: Stdout, filter: 7}\n", "tracing_settings.filter");
    refuse_line(
        "tracing_settings: {logger: Stdout, metrics: Statsd}\n", "tracing_settings.metrics");
}

static void the_environment_is_checked_too(void **state)
{
    (void)state;
    assert_int_equal(setenv("CONSENSUS_SLOT_TIME", "0", 1), 0);
    refuse_line("", "CONSENSUS_SLOT_TIME is '0'");
    assert_int_equal(unsetenv("CONSENSUS_SLOT_TIME"), 0);
    assert_int_equal(setenv("NOMOS_RETRY_COOLDOWN_SECS", "soon", 1), 0);
    refuse_line("", "NOMOS_RETRY_COOLDOWN_SECS");
    assert_int_equal(unsetenv("NOMOS_RETRY_COOLDOWN_SECS"), 0);
}

static void a_file_that_is_not_there_is_named(void **state)
{
    struct settings settings;
    struct reason why = {""};

    (void)state;
    assert_false(settings_read(&settings, "/nonexistent/cfgsync.yaml", &why));
    assert_non_null(strstr(why.text, "/nonexistent/cfgsync.yaml"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_contracts_keys_are_read),
        cmocka_unit_test(ids_may_be_lists_of_numbers_and_are_drawn_when_there_are_none),
        cmocka_unit_test(everybody_dials_the_first_unless_told_otherwise),
        cmocka_unit_test(a_slot_comes_from_the_file_or_the_environment),
        cmocka_unit_test(tracing_is_read_in_all_its_forms),
        cmocka_unit_test(what_is_missing_or_wrong_is_named),
        cmocka_unit_test(the_environment_is_checked_too),
        cmocka_unit_test(a_file_that_is_not_there_is_named),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

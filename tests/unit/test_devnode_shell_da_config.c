/* What data availability reads of the configuration, and every way a key can be wrong. */
#include "support/devnode_world.h"

#include <stdio.h>

#include "devnode/shell/da_config.h"
#include "devnode/shell/yaml_tree.h"

#define S ((uint64_t)SECOND_NS)

static const char minimal[] =
    "da_network: {backend: {listening_address: /ip4/10.0.0.1/udp/3300/quic-v1}, membership: "
    "{subnetwork_size: 5, replication_factor: 2}}\n";

static bool read_text(const char *text, struct da_config *out, struct reason *why)
{
    struct yaml_tree *tree = yaml_tree_parse("test.yaml", text, strlen(text), why);

    assert_non_null(tree);
    bool is_read = da_config_read(out, tree, why);
    yaml_tree_free(tree);
    return is_read;
}

static void without_da_network_there_is_none(void **state)
{
    struct da_config config;

    (void)state;
    assert_true(read_text("http: {}\n", &config, NULL));
    assert_false(config.is_there);
}

static void what_is_not_there_has_the_values_of_the_tests(void **state)
{
    struct da_config config;

    (void)state;
    assert_true(read_text(minimal, &config, NULL));
    assert_true(config.is_there);
    assert_string_equal(config.listen.host, "10.0.0.1");
    assert_int_equal(config.listen.port, 3300);
    assert_int_equal(config.params.shape.subnet_count, 5);
    assert_int_equal(config.params.shape.replication, 2);
    assert_int_equal(config.params.column_count, 2);
    assert_int_equal(config.params.sample_count, 1);
    assert_int_equal(config.params.publish_1000, 800);
    assert_int_equal(config.params.balancer_interval_ns, S);
    assert_int_equal(config.params.redial_cooldown_ns, 0);
    assert_int_equal(config.params.monitor.window_ns, 5 * S);
    assert_int_equal(config.params.monitor.decay_128, 0);
    for (int kind = 0; kind < DA_FAILURE_KINDS; kind++)
        assert_int_equal(config.params.monitor.max[kind], 0);
    assert_int_equal(config.params.share_duration_ns, 5 * S);
    assert_int_equal(config.params.prune_ns, 30 * S);
    assert_int_equal(config.params.blobs_check_ns, 5 * S);
    assert_int_equal(config.params.blobs_validity_ns, 60 * S);
    assert_int_equal(config.params.commitments_wait_ns, S);
    assert_int_equal(config.params.dispersal_timeout_ns, 20 * S);
    assert_int_equal(config.params.retry_cooldown_ns, 3 * S);
    assert_int_equal(config.params.retry_limit, 2);
}

static void every_key_is_read_also_where_executors_have_it(void **state)
{
    static const char *const wrappers[2][2] = {
        {"", ""}, {"num_subnets: 4, validator_settings: {", "}"}};
    char text[4096];
    struct da_config config;

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        (void)snprintf(text, sizeof(text),
            "da_network: {backend: {%slistening_address: /ip4/10.0.0.2/udp/44/quic-v1, "
            "policy_settings: {min_dispersal_peers: 9, max_dispersal_failures: 1, "
            "max_sampling_failures: 2, max_replication_failures: 3, malicious_threshold: 4}, "
            "monitor_settings: {failure_time_window: \"7.500000000\", time_decay_factor: \"0.5\"}, "
            "balancer_interval: {secs: 2, nanos: 1}, redial_cooldown: [3, 0]%s}, "
            "membership: {subnetwork_size: 6, replication_factor: 3, session_id: 0}}\n"
            "da_verifier: {mempool_trigger_settings: {publish_threshold: 0.75, share_duration: "
            "\"6.0\", prune_duration: \"31.0\", prune_interval: \"5.0\"}}\n"
            "da_sampling: {sampling_settings: {num_samples: 3, num_subnets: 4, "
            "old_blobs_check_interval: {secs: 8, nanos: 0}, blobs_validity_duration: {secs: 61, "
            "nanos: 0}}, commitments_wait_duration: {secs: 9, nanos: 0}}\n"
            "da_dispersal: {backend: {encoder_settings: {num_columns: 8}, dispersal_timeout: "
            "\"21.0\", retry_cooldown: \"4.0\", retry_limit: 5}}\n",
            wrappers[i][0], wrappers[i][1]);
        struct reason why = {.text = ""};
        if (!read_text(text, &config, &why))
            fail_msg("%s", why.text);
        assert_int_equal(config.listen.port, 44);
        for (int kind = 0; kind < DA_FAILURE_KINDS; kind++)
            assert_int_equal(config.params.monitor.max[kind], kind + 1);
        assert_int_equal(config.params.monitor.window_ns, 7 * S + S / 2);
        assert_int_equal(config.params.monitor.decay_128, 64);
        assert_int_equal(config.params.balancer_interval_ns, 2 * S + 1);
        assert_int_equal(config.params.redial_cooldown_ns, 3 * S);
        assert_int_equal(config.params.publish_1000, 750);
        assert_int_equal(config.params.share_duration_ns, 6 * S);
        assert_int_equal(config.params.prune_ns, 31 * S);
        assert_int_equal(config.params.sample_count, 3);
        assert_int_equal(config.params.column_count, 8);
        assert_int_equal(config.params.blobs_check_ns, 8 * S);
        assert_int_equal(config.params.blobs_validity_ns, 61 * S);
        assert_int_equal(config.params.commitments_wait_ns, 9 * S);
        assert_int_equal(config.params.dispersal_timeout_ns, 21 * S);
        assert_int_equal(config.params.retry_cooldown_ns, 4 * S);
        assert_int_equal(config.params.retry_limit, 5);
    }
}

static void no_more_columns_are_sampled_than_there_are(void **state)
{
    char text[512];
    struct da_config config;

    (void)state;
    (void)snprintf(text, sizeof(text),
        "%sda_sampling: {sampling_settings: {num_samples: 9, num_subnets: 4}}\n", minimal);
    assert_true(read_text(text, &config, NULL));
    assert_int_equal(config.params.sample_count, 4);
}

static void a_wrong_value_is_refused_with_its_path(void **state)
{
    static const struct {
        const char *line;
        const char *path;
    } wrong[] = {
        {"da_sampling: {sampling_settings: {num_samples: x}}", "num_samples"},
        {"da_sampling: {sampling_settings: {num_subnets: 257}}", "num_subnets"},
        {"da_sampling: {sampling_settings: {num_subnets: [2]}}", "num_subnets"},
        {"da_sampling: {sampling_settings: {blobs_validity_duration: soon}}",
            "blobs_validity_duration"},
        {"da_sampling: {commitments_wait_duration: {secs: 1}}", "commitments_wait_duration"},
        {"da_verifier: {mempool_trigger_settings: {publish_threshold: 1.1}}", "publish_threshold"},
        {"da_verifier: {mempool_trigger_settings: {publish_threshold: 2}}", "publish_threshold"},
        {"da_verifier: {mempool_trigger_settings: {publish_threshold: 0.}}", "publish_threshold"},
        {"da_verifier: {mempool_trigger_settings: {publish_threshold: 0.8x}}", "publish_threshold"},
        {"da_verifier: {mempool_trigger_settings: {publish_threshold: -0.5}}", "publish_threshold"},
        {"da_verifier: {mempool_trigger_settings: {publish_threshold: {a: 1}}}",
            "publish_threshold"},
        {"da_verifier: {mempool_trigger_settings: {share_duration: 1s}}", "share_duration"},
        {"da_dispersal: {backend: {encoder_settings: {num_columns: 1000}}}", "num_columns"},
        {"da_dispersal: {backend: {retry_limit: -1}}", "retry_limit"},
        {"da_dispersal: {backend: {dispersal_timeout: x}}", "dispersal_timeout"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
        char text[1024];
        struct da_config config;
        struct reason why = {.text = ""};

        (void)snprintf(text, sizeof(text), "%s%s\n", minimal, wrong[i].line);
        assert_false(read_text(text, &config, &why));
        if (!strstr(why.text, wrong[i].path))
            fail_msg("%s: \"%s\"", wrong[i].line, why.text);
    }
}

static void a_fraction_of_one_is_all(void **state)
{
    char text[512];
    struct da_config config;

    (void)state;
    (void)snprintf(text, sizeof(text),
        "%sda_verifier: {mempool_trigger_settings: {publish_threshold: 1}}\n", minimal);
    assert_true(read_text(text, &config, NULL));
    assert_int_equal(config.params.publish_1000, 1000);
}

static void the_address_and_the_membership_must_be_there(void **state)
{
    static const char *const texts[][2] = {
        {"da_network: {}\n", "listening_address"},
        {"da_network: {backend: {listening_address: /ip4/1.2.3.4}}\n", "listening_address"},
        {"da_network: {backend: {listening_address: [a]}}\n", "listening_address"},
        {"da_network: {backend: {listening_address: /ip4/1.2.3.4/udp/5/quic-v1}}\n",
            "subnetwork_size"},
        {"da_network: {backend: {listening_address: /ip4/1.2.3.4/udp/5/quic-v1}, membership: "
         "{subnetwork_size: 2}}\n",
            "replication_factor"},
        {"da_network: {backend: {listening_address: /ip4/1.2.3.4/udp/5/quic-v1}, membership: "
         "{subnetwork_size: many, replication_factor: 1}}\n",
            "subnetwork_size"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
        struct da_config config;
        struct reason why = {.text = ""};

        assert_false(read_text(texts[i][0], &config, &why));
        if (!strstr(why.text, texts[i][1]))
            fail_msg("%s: \"%s\"", texts[i][0], why.text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_da_network_there_is_none),
        cmocka_unit_test(what_is_not_there_has_the_values_of_the_tests),
        cmocka_unit_test(every_key_is_read_also_where_executors_have_it),
        cmocka_unit_test(no_more_columns_are_sampled_than_there_are),
        cmocka_unit_test(a_wrong_value_is_refused_with_its_path),
        cmocka_unit_test(a_fraction_of_one_is_all),
        cmocka_unit_test(the_address_and_the_membership_must_be_there),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

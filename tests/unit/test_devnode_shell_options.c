/* The command line and the switches to misbehave. */
#include "support/devnode_world.h"

#include <stdio.h>

#include "devnode/shell/options.h"
#include "nomos/zksign.h"

#define ARGUMENTS(...)                                                                             \
    (char *const[]){__VA_ARGS__, NULL}, sizeof((char *const[]){__VA_ARGS__}) / sizeof(char *)

static enum options_result parse(
    struct options *out, char *const arguments[], size_t count, struct reason *why)
{
    return options_parse(out, (int)count, arguments, why);
}

static char node_name[] = "nomos-devnode";
static char executor_name[] = "/usr/bin/nomos-executor";
static char config_name[] = "config.yaml";

static void a_configuration_is_all_it_needs(void **state)
{
    struct options options;

    (void)state;
    assert_int_equal(parse(&options, ARGUMENTS(node_name, config_name), NULL), OPTIONS_RUN);
    assert_string_equal(options.config_path, "config.yaml");
    assert_int_equal(options.role, ROLE_VALIDATOR);
    assert_false(options.check_config);
}

static void the_name_of_the_program_tells_the_role(void **state)
{
    static char flag[] = "--role";
    static char validator[] = "validator";
    struct options options;

    (void)state;
    assert_int_equal(parse(&options, ARGUMENTS(executor_name, config_name), NULL), OPTIONS_RUN);
    assert_int_equal(options.role, ROLE_EXECUTOR);
    assert_int_equal(
        parse(&options, ARGUMENTS(executor_name, config_name, flag, validator), NULL), OPTIONS_RUN);
    assert_int_equal(options.role, ROLE_VALIDATOR);
}

static void the_kind_of_proofs_is_told_by_flag_or_environment(void **state)
{
    static char groth16[] = "--proofs=groth16", development[] = "--proofs=development",
                other[] = "--proofs=plonk";
    struct options options;
    struct reason why;

    (void)state;
    assert_int_equal(parse(&options, ARGUMENTS(node_name, config_name), NULL), OPTIONS_RUN);
    assert_ptr_equal(options.scheme, &zk_scheme_dev);
    assert_int_equal(
        parse(&options, ARGUMENTS(node_name, config_name, groth16), NULL), OPTIONS_RUN);
    assert_ptr_equal(options.scheme, &zk_scheme_groth16_form);
    assert_int_equal(
        parse(&options, ARGUMENTS(node_name, config_name, other), &why), OPTIONS_ERROR);
    assert_non_null(strstr(why.text, "plonk: expected development or groth16"));

    assert_int_equal(setenv("NOMOS_DEVNODE_PROOFS", "groth16", 1), 0);
    assert_int_equal(parse(&options, ARGUMENTS(node_name, config_name), NULL), OPTIONS_RUN);
    assert_ptr_equal(options.scheme, &zk_scheme_groth16_form);
    assert_int_equal(
        parse(&options, ARGUMENTS(node_name, config_name, development), NULL), OPTIONS_RUN);
    assert_ptr_equal(options.scheme, &zk_scheme_dev);
    assert_int_equal(setenv("NOMOS_DEVNODE_PROOFS", "", 1), 0);
    assert_int_equal(parse(&options, ARGUMENTS(node_name, config_name), &why), OPTIONS_ERROR);
    assert_int_equal(unsetenv("NOMOS_DEVNODE_PROOFS"), 0);
}

static void the_revision_is_told_by_flag_or_environment(void **state)
{
    static char later[] = "--revision=2026-01", other[] = "--revision=2024",
                executor[] = "--role=executor";
    struct options options;
    struct reason why;

    (void)state;
    assert_int_equal(parse(&options, ARGUMENTS(node_name, config_name), NULL), OPTIONS_RUN);
    assert_ptr_equal(options.revision, &revision_2025_12);
    assert_int_equal(parse(&options, ARGUMENTS(node_name, config_name, later), NULL), OPTIONS_RUN);
    assert_ptr_equal(options.revision, &revision_2026_01);
    assert_int_equal(
        parse(&options, ARGUMENTS(node_name, config_name, later, executor), &why), OPTIONS_ERROR);
    assert_non_null(strstr(why.text, "one kind of node, no executors"));
    assert_int_equal(
        parse(&options, ARGUMENTS(node_name, config_name, other), &why), OPTIONS_ERROR);
    assert_non_null(strstr(why.text, "2024: expected 2025-12 or 2026-01"));
    assert_int_equal(setenv("NOMOS_DEVNODE_REVISION", "2026-01", 1), 0);
    assert_int_equal(parse(&options, ARGUMENTS(node_name, config_name), NULL), OPTIONS_RUN);
    assert_ptr_equal(options.revision, &revision_2026_01);
    assert_int_equal(unsetenv("NOMOS_DEVNODE_REVISION"), 0);
}

static void a_missing_configuration_is_an_error(void **state)
{
    struct options options;
    struct reason why;

    (void)state;
    assert_int_equal(parse(&options, ARGUMENTS(node_name), &why), OPTIONS_ERROR);
    assert_non_null(strstr(why.text, "configuration is missing"));
}

static void every_flag_of_the_real_node_is_taken(void **state)
{
    static char all[][64] = {"--log-addr=1.1.1.1:1", "--log-dir=d", "--log-path=p",
        "--log-backend=file", "--log-level=DEBUG", "--net-host=1.2.3.4", "--net-port=77",
        "--net-node-key=", "--net-initial-peers=/ip4/1.1.1.1/udp/5/quic-v1",
        "--blend-addr=/ip4/1.1.1.1/udp/5", "--blend-service-group", "--da-service-group",
        "--http-host=5.6.7.8:90", "--http-cors-origin=a,b",
        "--consensus-utxo-sk=01000000000000000000000000000000",
        "--consensus-chain-start=1700000000"};
    char *arguments[20] = {node_name, config_name};
    struct options options;
    struct config config = {.log_backend = CONFIG_LOG_STDOUT};
    struct reason why = {.text = ""};

    (void)state;
    for (size_t i = 0; i < 16; i++)
        arguments[2 + i] = all[i];
    assert_int_equal(parse(&options, arguments, 18, &why), OPTIONS_RUN);
    options.net_node_key = NULL; /* an empty one would be refused */

    assert_true(options_apply(&options, &config, &why));

    assert_int_equal(config.log_backend, CONFIG_LOG_FILE);
    assert_int_equal(config.log_level, CONFIG_LEVEL_DEBUG);
    assert_string_equal(config.log_directory, "d");
    assert_string_equal(config.gossip.host, "1.2.3.4");
    assert_int_equal(config.gossip.port, 77);
    assert_int_equal(config.peer_count, 1);
    assert_string_equal(config.http.host, "5.6.7.8");
    assert_int_equal(config.leader_sk[0], 1);
    assert_int_equal(config.leader_sk[16], 0);
    assert_int_equal(config.chain_start_ns, 1700000000000000000);
    config_done(&config);
}

static void values_that_do_not_read_are_refused_when_applied(void **state)
{
    static const struct {
        struct options options;
        const char *reason;
    } cases[] = {
        {{.net_node_key = "12"}, "--net-node-key"},
        {{.net_port = "x"}, "--net-port"},
        {{.net_initial_peers = "hello"}, "--net-initial-peers"},
        {{.http_host = "hello"}, "--http-host"},
        {{.consensus_utxo_sk = "12"}, "--consensus-utxo-sk"},
        {{.consensus_utxo_sk = "zz000000000000000000000000000000"}, "--consensus-utxo-sk"},
        {{.consensus_chain_start = "noon"}, "--consensus-chain-start"},
        {{.log_backend = "file"}, "give --log-dir"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        struct config config = {.log_backend = CONFIG_LOG_STDOUT};
        struct reason why = {.text = ""};

        assert_false(options_apply(&cases[i].options, &config, &why));
        if (!strstr(why.text, cases[i].reason))
            fail_msg("reason is \"%s\", expected \"%s\"", why.text, cases[i].reason);
        config_done(&config);
    }
}

static void a_flag_wins_over_the_environment(void **state)
{
    static char flag[] = "--http-host=1.1.1.1:1";
    struct options options;

    (void)state;
    assert_int_equal(setenv("HTTP_HOST", "2.2.2.2:2", 1), 0);
    assert_int_equal(parse(&options, ARGUMENTS(node_name, config_name), NULL), OPTIONS_RUN);
    assert_string_equal(options.http_host, "2.2.2.2:2");
    assert_int_equal(parse(&options, ARGUMENTS(node_name, config_name, flag), NULL), OPTIONS_RUN);
    assert_string_equal(options.http_host, "1.1.1.1:1");
    assert_int_equal(unsetenv("HTTP_HOST"), 0);
}

static void a_wrong_environment_is_a_usage_error(void **state)
{
    struct options options;
    struct reason why;

    (void)state;
    assert_int_equal(setenv("LOG_LEVEL", "TRACE", 1), 0);
    assert_int_equal(parse(&options, ARGUMENTS(node_name, config_name), &why), OPTIONS_ERROR);
    assert_non_null(strstr(why.text, "LOG_LEVEL"));
    assert_int_equal(unsetenv("LOG_LEVEL"), 0);
    assert_int_equal(setenv("LOG_BACKEND", "paper", 1), 0);
    assert_int_equal(parse(&options, ARGUMENTS(node_name, config_name), &why), OPTIONS_ERROR);
    assert_int_equal(unsetenv("LOG_BACKEND"), 0);
    assert_int_equal(setenv("NOMOS_DEVNODE_MISBEHAVE", "slow", 1), 0);
    assert_int_equal(parse(&options, ARGUMENTS(node_name, config_name), &why), OPTIONS_ERROR);
    assert_non_null(strstr(why.text, "NOMOS_DEVNODE_MISBEHAVE"));
    assert_int_equal(unsetenv("NOMOS_DEVNODE_MISBEHAVE"), 0);
}

static void switches_are_read_one_or_many_at_a_time(void **state)
{
    struct misbehaviours set = {.is_on = {false}};

    (void)state;
    assert_true(misbehave_parse(&set, "crash=12,ignore-peers", NULL));
    assert_true(set.is_on[MISBEHAVE_CRASH]);
    assert_int_equal(set.argument[MISBEHAVE_CRASH], 12);
    assert_true(set.is_on[MISBEHAVE_IGNORE_PEERS]);
    assert_true(misbehave_parse(&set, "stop-proposing", NULL));
    assert_true(misbehave_since(&set, MISBEHAVE_STOP_PROPOSING, 0));
    assert_false(misbehave_since(&set, MISBEHAVE_CRASH, 11));
    assert_true(misbehave_since(&set, MISBEHAVE_CRASH, 12));
    assert_true(misbehave_parse(&set, "none", NULL));
    for (size_t i = 0; i < MISBEHAVE_COUNT; i++)
        assert_false(set.is_on[i]);
}

static void a_wrong_switch_changes_nothing(void **state)
{
    static const char *const wrong[] = {"nonsense", "slow", "slow=", "slow=x", "slow=3600001",
        "errors=-1", "errors=101", "ignore-peers=1", "crash=99999999999999999999", "crash=1,slow"};
    struct misbehaviours set = {.is_on = {false}};

    (void)state;
    for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
        struct reason why = {.text = ""};

        assert_false(misbehave_parse(&set, wrong[i], &why));
        assert_string_not_equal(why.text, "");
    }
    for (size_t i = 0; i < MISBEHAVE_COUNT; i++)
        assert_false(set.is_on[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_configuration_is_all_it_needs),
        cmocka_unit_test(the_name_of_the_program_tells_the_role),
        cmocka_unit_test(the_kind_of_proofs_is_told_by_flag_or_environment),
        cmocka_unit_test(the_revision_is_told_by_flag_or_environment),
        cmocka_unit_test(a_missing_configuration_is_an_error),
        cmocka_unit_test(every_flag_of_the_real_node_is_taken),
        cmocka_unit_test(values_that_do_not_read_are_refused_when_applied),
        cmocka_unit_test(a_flag_wins_over_the_environment),
        cmocka_unit_test(a_wrong_environment_is_a_usage_error),
        cmocka_unit_test(switches_are_read_one_or_many_at_a_time),
        cmocka_unit_test(a_wrong_switch_changes_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

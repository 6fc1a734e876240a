/* The program itself: its command line, its configuration, and how it ends. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "testnet.h"

static struct testnet net;

static int set_up(void **state)
{
    const struct testnet_params params = {
        .node_count = 2, .slot_ms = 200, .wallet_count = 2, .security_param = 10};

    (void)state;
    testnet_init(&net, &params);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    testnet_done(&net);
    return 0;
}

/* Starts node `i` with the arguments and answers its exit status; what it printed is in its log. */
static int exit_status(size_t node, const char *const *arguments)
{
    int status;

    testnet_spawn(&net, node, arguments);
    status = testnet_wait(&net, node);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

static void assert_printed(size_t node, const char *expected)
{
    FILE *file = fopen(net.nodes[node].log_path, "re");
    char text[32768];
    size_t size = fread(text, 1, sizeof(text) - 1, file);

    (void)fclose(file);
    text[size] = '\0';
    if (!strstr(text, expected))
        fail_msg("printed \"%s\", expected \"%s\"", text, expected);
}

#define ARGUMENTS(...)                                                                             \
    (const char *const[])                                                                          \
    {                                                                                              \
        __VA_ARGS__, NULL                                                                          \
    }

static void help_and_version_are_printed_with_status_0(void **state)
{
    (void)state;
    assert_int_equal(exit_status(0, ARGUMENTS("--help")), 0);
    assert_printed(0, "--misbehave NAME[=ARG]");
    assert_printed(0, "stop-proposing[=SLOT]");
    assert_printed(0, "errors=PERCENT");
    assert_int_equal(exit_status(0, ARGUMENTS("--version")), 0);
    assert_printed(0, "nomos-devnode ");
}

static void usage_errors_have_status_2_and_say_what_is_wrong(void **state)
{
    (void)state;
    assert_int_equal(exit_status(0, ARGUMENTS("--nonsense")), 2);
    assert_printed(0, "unknown flag --nonsense");
    assert_printed(0, "--help");
    assert_int_equal(exit_status(0, ARGUMENTS("other.yaml")), 2);
    assert_printed(0, "more than one configuration");
    assert_int_equal(exit_status(0, ARGUMENTS("--log-level", "info")), 2);
    assert_printed(0, "expected DEBUG, INFO, WARN or ERROR");
    assert_int_equal(exit_status(0, ARGUMENTS("--misbehave", "nonsense")), 2);
    assert_printed(0, "`nonsense` is no misbehaviour");
    assert_int_equal(exit_status(0, ARGUMENTS("--role", "miner")), 2);
    assert_int_equal(exit_status(0, ARGUMENTS("--log-backend")), 2);
    assert_printed(0, "--log-backend needs a value");
}

static void a_valid_configuration_is_reported(void **state)
{
    (void)state;
    assert_int_equal(exit_status(0, ARGUMENTS("--check-config")), 0);
    assert_printed(0, "Config file is valid! \xe2\x9c\x85");
}

static void unknown_keys_matter_only_when_checking(void **state)
{
    (void)state;
    testnet_edit(&net, 0, NULL, "typo: {a: 1}");
    testnet_edit(&net, 0, "tracing:", "tracing: {logger: !Stdout , levle: DEBUG}");

    assert_int_equal(exit_status(0, ARGUMENTS("--check-config")), 1);
    assert_printed(0, "unknown key `typo`");
    assert_printed(0, "unknown key `tracing.levle`");
    testnet_start(&net, 0, NULL);
    assert_printed(0, "passed over");
}

static void a_missing_or_broken_configuration_has_status_1(void **state)
{
    (void)state;
    testnet_edit(&net, 0, "http:", "ignored: 1");
    assert_int_equal(exit_status(0, NULL), 1);
    assert_printed(0, "missing key `http.backend_settings.address`");
    testnet_edit(&net, 0, NULL, "network: [");
    assert_int_equal(exit_status(0, NULL), 1);
    (void)unlink(net.nodes[0].config_path);
    assert_int_equal(exit_status(0, NULL), 1);
    assert_printed(0, "cannot read");
}

static void a_genesis_with_a_bad_proof_is_refused(void **state)
{
    (void)state;
    /* A proof bit of the first declaration, in another configuration. */
    for (size_t i = 0; i < net.genesis.tx.op_count; i++) {
        if (net.genesis.op_proofs[i].kind != OP_PROOF_NONE) {
            net.genesis.op_proofs[i].zk.bytes[3] ^= 1;
            break;
        }
    }
    testnet_rewrite(&net, 0);
    assert_int_equal(exit_status(0, NULL), 1);
    assert_printed(0, "nomos-devnode: ");
}

static void a_port_in_use_is_named(void **state)
{
    char line[160];

    (void)state;
    testnet_start(&net, 0, NULL);
    (void)snprintf(line, sizeof(line), "http: {backend_settings: {address: \"127.0.0.1:%u\"}}",
        net.nodes[0].api_port);
    testnet_edit(&net, 1, "http:", line);

    assert_int_equal(exit_status(1, NULL), 1);
    assert_printed(1, "cannot listen on 127.0.0.1 port");
}

static void a_database_belongs_to_one_process(void **state)
{
    char line[400];

    (void)state;
    testnet_start(&net, 0, NULL);
    (void)snprintf(line, sizeof(line), "storage: {db_path: \"%s/db-0\"}", net.directory);
    testnet_edit(&net, 1, "storage:", line);

    assert_int_equal(exit_status(1, NULL), 1);
    assert_printed(1, "is in use by another process");
}

static void a_database_of_another_network_is_refused(void **state)
{
    struct testnet other;
    const struct testnet_params params = {
        .node_count = 1, .slot_ms = 200, .wallet_count = 3, .security_param = 10};
    char line[400];

    (void)state;
    testnet_start(&net, 0, NULL);
    assert_true(testnet_wait_height(&net, 0, 1));
    (void)testnet_stop(&net, 0, SIGKILL);
    testnet_init(&other, &params);
    (void)snprintf(line, sizeof(line), "storage: {db_path: \"%s/db-0\"}", net.directory);
    testnet_edit(&other, 0, "storage:", line);
    testnet_spawn(&other, 0, NULL);
    int status = testnet_wait(&other, 0);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 1);
    testnet_done(&other);
}

static void an_interrupted_node_stops_with_status_0(void **state)
{
    int status;

    (void)state;
    testnet_start(&net, 0, NULL);
    status = testnet_stop(&net, 0, SIGINT);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
    assert_printed(0, "interrupted, stopping");
}

static void an_executor_does_not_serve_the_routes_of_validators(void **state)
{
    struct reply reply;

    (void)state;
    testnet_start(&net, 0, ARGUMENTS("--role", "executor"));
    reply = testnet_get(&net, 0, "/cryptarchia/lib-stream");
    assert_int_equal(reply.status, 404);
    reply_done(&reply);
}

static void flags_and_environment_win_over_the_file(void **state)
{
    char address[64];
    char directory[300];
    char command[400];

    (void)state;
    /* An address of its own and a log of its own. */
    uint16_t port = net.nodes[0].api_port;
    net.nodes[0].api_port = net.nodes[1].api_port;
    (void)snprintf(address, sizeof(address), "127.0.0.1:%u", net.nodes[1].api_port);
    assert_int_equal(setenv("HTTP_HOST", "127.0.0.1:1", 1), 0);
    (void)snprintf(directory, sizeof(directory), "%s/logs", net.directory);
    assert_int_equal(setenv("LOG_BACKEND", "file", 1), 0);
    assert_int_equal(setenv("LOG_DIR", directory, 1), 0);
    testnet_start(&net, 0, ARGUMENTS("--http-host", address));
    assert_int_equal(unsetenv("HTTP_HOST"), 0);
    assert_int_equal(unsetenv("LOG_BACKEND"), 0);
    assert_int_equal(unsetenv("LOG_DIR"), 0);
    assert_int_not_equal(port, net.nodes[0].api_port);
    (void)snprintf(command, sizeof(command), "%s", directory);
    assert_int_equal(access(command, R_OK | X_OK), 0);
    /* Nothing of the log on standard output any more. */
    FILE *file = fopen(net.nodes[0].log_path, "re");
    char text[4096];
    size_t size = fread(text, 1, sizeof(text) - 1, file);
    (void)fclose(file);
    text[size] = '\0';
    assert_null(strstr(text, "genesis block"));
}

static void a_switch_set_at_start_is_on(void **state)
{
    struct reply reply;

    (void)state;
    assert_int_equal(setenv("NOMOS_DEVNODE_MISBEHAVE", "errors=0,slow=1", 1), 0);
    testnet_start(&net, 0, ARGUMENTS("--misbehave", "stop-proposing=7"));
    assert_int_equal(unsetenv("NOMOS_DEVNODE_MISBEHAVE"), 0);
    reply = testnet_call(&net, 0, true, "GET", "/test/misbehave", NULL, NULL);
    assert_string_equal(reply.body,
        "[{\"name\":\"stop-proposing\",\"arg\":7},{\"name\":\"slow\",\"arg\":1},"
        "{\"name\":\"errors\",\"arg\":0}]");
    reply_done(&reply);
}

int main(void)
{
#define PROGRAM_TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        PROGRAM_TEST(help_and_version_are_printed_with_status_0),
        PROGRAM_TEST(usage_errors_have_status_2_and_say_what_is_wrong),
        PROGRAM_TEST(a_valid_configuration_is_reported),
        PROGRAM_TEST(unknown_keys_matter_only_when_checking),
        PROGRAM_TEST(a_missing_or_broken_configuration_has_status_1),
        PROGRAM_TEST(a_genesis_with_a_bad_proof_is_refused),
        PROGRAM_TEST(a_port_in_use_is_named),
        PROGRAM_TEST(a_database_belongs_to_one_process),
        PROGRAM_TEST(a_database_of_another_network_is_refused),
        PROGRAM_TEST(an_interrupted_node_stops_with_status_0),
        PROGRAM_TEST(an_executor_does_not_serve_the_routes_of_validators),
        PROGRAM_TEST(flags_and_environment_win_over_the_file),
        PROGRAM_TEST(a_switch_set_at_start_is_on),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

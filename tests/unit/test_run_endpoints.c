/* The lines that tell scripts where to look on. */
#include "framework/run/endpoints.h"

#include "host_world.h"
#include "tests/unit/support/scratch.h"

static const assay_port api = {
    .struct_size = sizeof(api), .name = "api", .protocol = ASSAY_TCP, .container_port = 18080};

static int setup(void **state)
{
    struct world *world = world_new(2, 0);

    for (uint32_t node = 0; node < 2; node++) {
        const assay_endpoint endpoint = {.struct_size = sizeof(endpoint),
            .bind_ip = "127.0.0.1",
            .peer_ip = "127.0.0.1",
            .runner_ip = "127.0.0.1",
            .bind_port = 20000 + node,
            .peer_port = 20000 + node,
            .runner_port = 20000 + node};

        assert_int_equal(world->spec->port(world->system_table, node, &api), ASSAY_OK);
        assert_int_equal(world->deployment->bind(world->table, node, 0, &endpoint), ASSAY_OK);
    }
    *state = world;
    return 0;
}

static int teardown(void **state)
{
    world_free(*state);
    return 0;
}

static void assert_lines(const struct world *world, const char *lines)
{
    auto_str struct str text = STR_INIT(4096);

    endpoints_write(world->fixture->host, &text);
    assert_string_equal(str_text(&text), lines);
}

static void what_a_backend_does_not_have_is_disabled(void **state)
{
    assert_lines(*state, "TESTNET_ENDPOINTS prometheus=<disabled> grafana=<disabled>\n");
}

static void addresses_end_in_a_slash_and_profiles_name_their_nodes(void **state)
{
    struct world *world = *state;
    const assay_deployment *deployment = world->deployment;

    assert_int_equal(deployment->metrics_at(world->table, "http://127.0.0.1:9090"), ASSAY_OK);
    assert_int_equal(deployment->dashboard_at(world->table, "http://127.0.0.1:30/d/x"), ASSAY_OK);
    assert_int_equal(
        world->spec->profile(world->system_table, 1, "/debug/pprof/profile?seconds=15"), ASSAY_OK);
    assert_int_equal(/* said again, as after a restart */
        world->spec->profile(world->system_table, 1, "/debug/pprof/profile?seconds=15"), ASSAY_OK);
    assert_lines(world,
        "TESTNET_ENDPOINTS prometheus=http://127.0.0.1:9090/ grafana=http://127.0.0.1:30/d/x\n"
        "TESTNET_PPROF validator_1=http://127.0.0.1:20001/debug/pprof/profile?seconds=15\n");
}

static void what_is_no_address_or_path_is_refused(void **state)
{
    struct world *world = *state;

    assert_int_equal(world->deployment->dashboard_at(world->table, NULL), ASSAY_E_INVALID);
    assert_int_equal(
        world->deployment->dashboard_at(world->table, "127.0.0.1:3000"), ASSAY_E_INVALID);
    assert_int_equal(world->spec->profile(world->system_table, 0, NULL), ASSAY_E_INVALID);
    assert_int_equal(world->spec->profile(world->system_table, 0, "debug"), ASSAY_E_INVALID);
    assert_int_equal(world->spec->profile(world->system_table, 2, "/debug"), ASSAY_E_INVALID);
    assert_true(has_violation(world->fixture->host, "spec.profile: there is no node 2"));
}

static const char *printed(const struct world *world, struct scratch *scratch)
{
    scratch_capture(scratch, STDOUT_FILENO, "stdout");
    endpoints_print(world->fixture->host);
    scratch_release(scratch);
    return scratch_get(scratch, "stdout");
}

static void they_are_printed_only_when_asked_for(void **state)
{
    struct scratch *scratch = scratch_new("endpoints");

    (void)unsetenv("TESTNET_PRINT_ENDPOINTS");
    assert_string_equal(printed(*state, scratch), "");
    assert_int_equal(setenv("TESTNET_PRINT_ENDPOINTS", "", 1), 0); /* its presence counts */
    assert_string_equal(
        printed(*state, scratch), "TESTNET_ENDPOINTS prometheus=<disabled> grafana=<disabled>\n");
    (void)unsetenv("TESTNET_PRINT_ENDPOINTS");
    scratch_free(scratch);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    static const struct CMUnitTest tests[] = {
        TEST(what_a_backend_does_not_have_is_disabled),
        TEST(addresses_end_in_a_slash_and_profiles_name_their_nodes),
        TEST(what_is_no_address_or_path_is_refused),
        TEST(they_are_printed_only_when_asked_for),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

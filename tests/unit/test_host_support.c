/* What a deployer with containers needs beside processes: programs beside the nodes, files of its own,
   assets, addresses that nobody knows yet, logs of nodes that the host did not start. */
#include "framework/host/support.h"

#include "framework/host/deployment.h"
#include "framework/host/spec.h"
#include "host_world.h"

static int setup(void **state)
{
    *state = world_new(2, 0);
    return 0;
}

static int teardown(void **state)
{
    world_free(*state);
    return 0;
}

static const char *const words[] = {"/bin/serve", "/etc/x/config", NULL};
static const char *const variables[] = {"MODE=test", NULL};
static const assay_file files[] = {
    {.path = "config", .bytes = {.data = "port: 1\n", .size = 8}},
    {.path = "keys/a", .bytes = {.data = "", .size = 0}, .mode = 0600},
};

static assay_support cfgsync(void)
{
    return (assay_support){.struct_size = sizeof(assay_support),
        .name = "cfgsync",
        .argv = words,
        .env = variables,
        .directory = "/etc/x",
        .files = files,
        .file_count = 2,
        .file_stride = sizeof(files[0]),
        .port = 4400};
}

static void a_program_beside_the_nodes_is_read_back_as_it_was_declared(void **state)
{
    struct world *world = *state;
    const assay_support declared = cfgsync();
    const assay_support *support = NULL;

    assert_int_equal(world->spec->support(world->system_table, &declared), ASSAY_OK);
    support = world->deployment->support(world->table, 0);
    assert_non_null(support);
    assert_string_equal(support->name, "cfgsync");
    assert_null(support->image);
    assert_ptr_not_equal(support->argv, words);
    assert_string_equal(support->argv[1], "/etc/x/config");
    assert_null(support->argv[2]);
    assert_string_equal(support->env[0], "MODE=test");
    assert_string_equal(support->directory, "/etc/x");
    assert_int_equal(support->file_count, 2);
    assert_string_equal(support->files[0].path, "config");
    assert_memory_equal(support->files[0].bytes.data, "port: 1\n", 8);
    assert_int_equal(support->files[0].mode, 0644);
    assert_int_equal(support->files[1].mode, 0600);
    assert_int_equal(support->port, 4400);
    assert_null(world->deployment->support(world->table, 1));
}

static void the_least_that_can_be_declared_is_a_name_and_a_command_line(void **state)
{
    struct world *world = *state;
    const assay_support least = {.struct_size = sizeof(least), .name = "s", .argv = words};
    const assay_support *support = NULL;

    assert_int_equal(world->spec->support(world->system_table, &least), ASSAY_OK);
    support = world->deployment->support(world->table, 0);
    assert_non_null(support);
    assert_null(support->env[0]);
    assert_string_equal(support->directory, "");
    assert_int_equal(support->file_count, 0);
}

static void refuse(struct world *world, const assay_support *support)
{
    assert_int_equal(world->spec->support(world->system_table, support), ASSAY_E_INVALID);
    assert_null(world->deployment->support(world->table, 0));
}

static void what_is_incomplete_or_no_host_name_is_refused(void **state)
{
    static const char *const names[] = {NULL, "", "-a", "a-", "A", "a_b", "a.b", "a b",
        "0123456789012345678901234567890123456789012345678901234567890123"};
    static const char *const nothing[] = {NULL};
    static const char *const odd[] = {"=x", NULL};
    static const assay_file outside = {.path = "../x", .bytes = {.data = "", .size = 0}};
    struct world *world = *state;
    assay_support support = cfgsync();

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        support.name = names[i];
        refuse(world, &support);
    }
    support = cfgsync();
    support.struct_size = 0;
    refuse(world, &support);
    support = cfgsync();
    support.argv = nothing;
    refuse(world, &support);
    support = cfgsync();
    support.env = odd;
    refuse(world, &support);
    support = cfgsync();
    support.directory = "etc";
    refuse(world, &support);
    support = cfgsync();
    support.file_stride = 1;
    refuse(world, &support);
    support = cfgsync();
    support.files = &outside;
    support.file_count = 1;
    refuse(world, &support);
    support = cfgsync();
    support.port = 65536;
    refuse(world, &support);
}

static assay_status declare_again(struct world *world, assay_task *task)
{
    const assay_support support = cfgsync();

    (void)task;
    return world->spec->support(world->system_table, &support);
}

static assay_status call_render(assay_task *task, void *arg)
{
    const struct world *world = arg;

    return world->deployment->render(task);
}

static void rendering_again_starts_over_and_there_is_a_limit(void **state)
{
    struct world *world = *state;
    const assay_support support = cfgsync();

    for (int i = 0; i < SPEC_SUPPORTS_MAX; i++)
        assert_int_equal(world->spec->support(world->system_table, &support), ASSAY_OK);
    assert_int_equal(world->spec->support(world->system_table, &support), ASSAY_E_LAGGED);
    world->render = declare_again;
    assert_int_equal(run_body(world->deployer, call_render, world).status, ASSAY_OK);
    assert_non_null(world->deployment->support(world->table, 0));
    assert_null(world->deployment->support(world->table, 1));
}

/* ---- addresses ---- */

static void an_address_for_peers_may_be_unknown_but_not_missing(void **state)
{
    static const assay_port api = {
        .struct_size = sizeof(api), .name = "api", .protocol = ASSAY_TCP, .container_port = 80};
    struct world *world = *state;
    assay_endpoint endpoint = {.struct_size = sizeof(endpoint),
        .bind_ip = "0.0.0.0",
        .peer_ip = "",
        .runner_ip = "127.0.0.1",
        .bind_port = 80,
        .peer_port = 80,
        .runner_port = 20001};
    assay_endpoint seen = {.struct_size = sizeof(seen)};

    assert_int_equal(world->spec->port(world->system_table, 0, &api), ASSAY_OK);
    assert_int_equal(world->deployment->bind(world->table, 0, 0, &endpoint), ASSAY_OK);
    assert_int_equal(world->spec->endpoint(world->system_table, 0, 0, &seen), ASSAY_OK);
    assert_string_equal(seen.peer_ip, "");
    endpoint.peer_ip = NULL;
    assert_int_equal(world->deployment->bind(world->table, 0, 0, &endpoint), ASSAY_E_INVALID);
}

/* ---- files ---- */

static void read_text(const char *path, char out[64])
{
    struct file_text text = {0};

    assert_int_equal(file_read(path, 63, &text, NULL), ASSAY_OK);
    (void)snprintf(out, 64, "%s", text.data);
    free(text.data);
}

static void a_deployer_writes_files_below_its_workspace_alone(void **state)
{
    struct world *world = *state;
    const assay_deployment *deployment = world->deployment;
    char path[200], text[64];

    assert_int_equal(
        deployment->file(world->table, "stack/compose.yml", (assay_bytes){"a: 1\n", 5}, 0),
        ASSAY_OK);
    (void)snprintf(path, sizeof(path), "%s/stack/compose.yml", deployment->workspace(world->table));
    read_text(path, text);
    assert_string_equal(text, "a: 1\n");
    assert_int_equal(
        deployment->file(world->table, "../x", (assay_bytes){"", 0}, 0), ASSAY_E_INVALID);
    assert_int_equal(
        deployment->file(world->table, "/x", (assay_bytes){"", 0}, 0), ASSAY_E_INVALID);
    assert_int_equal(
        deployment->file(world->table, "x", (assay_bytes){"", 0}, 01000), ASSAY_E_INVALID);
    assert_int_equal(
        deployment->file(world->table, "x", (assay_bytes){NULL, 1}, 0), ASSAY_E_INVALID);
}

static void the_text_of_an_asset_is_read_whole_or_not_at_all(void **state)
{
    struct world *world = *state;
    const assay_deployment *deployment = world->deployment;
    const struct file_text whole = {.data = (char *)"two\nlines\n", .size = 10};
    const struct file_text odd = {.data = (char *)"a\0b", .size = 3};
    assay_bytes text = {.data = NULL};
    char path[200];

    assert_int_equal(setenv("ASSAY_ASSETS", world->fixture->run_dir, 1), 0);
    (void)snprintf(path, sizeof(path), "%s/a.txt", world->fixture->run_dir);
    assert_int_equal(file_write(path, &whole, FILE_PLAIN, NULL), ASSAY_OK);
    assert_int_equal(deployment->asset_text(world->table, "a.txt", &text), ASSAY_OK);
    assert_int_equal(text.size, 10);
    assert_string_equal(text.data, "two\nlines\n");
    assert_int_equal(file_write(path, &odd, FILE_PLAIN, NULL), ASSAY_OK);
    assert_int_equal(deployment->asset_text(world->table, "a.txt", &text), ASSAY_E_INVALID);
    assert_int_equal(deployment->asset_text(world->table, "b.txt", &text), ASSAY_E_NOTFOUND);
    assert_int_equal(unsetenv("ASSAY_ASSETS"), 0);
}

/* ---- logs ---- */

static void what_a_node_prints_is_the_deployers_to_collect_unless_the_host_started_it(void **state)
{
    struct world *world = *state;
    const assay_deployment *deployment = world->deployment;
    const assay_bytes log = {"hello\n", 6};
    char path[200], text[64];

    assert_int_equal(deployment->collect_log(world->table, 0, ASSAY_NODE_LOG, log), ASSAY_OK);
    (void)snprintf(
        path, sizeof(path), "%s/" ASSAY_NODE_LOG, deployment->directory(world->table, 0));
    read_text(path, text);
    assert_string_equal(text, "hello\n");
    assert_int_equal(world->spec->binary(world->system_table, 0, "/bin/node"), ASSAY_OK);
    assert_int_equal(deployment->start(world->table, 0), ASSAY_OK);
    assert_int_equal(
        deployment->collect_log(world->table, 0, ASSAY_NODE_LOG, log), ASSAY_E_INVALID);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(
            a_program_beside_the_nodes_is_read_back_as_it_was_declared, setup, teardown),
        cmocka_unit_test_setup_teardown(
            the_least_that_can_be_declared_is_a_name_and_a_command_line, setup, teardown),
        cmocka_unit_test_setup_teardown(
            what_is_incomplete_or_no_host_name_is_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(
            rendering_again_starts_over_and_there_is_a_limit, setup, teardown),
        cmocka_unit_test_setup_teardown(
            an_address_for_peers_may_be_unknown_but_not_missing, setup, teardown),
        cmocka_unit_test_setup_teardown(
            a_deployer_writes_files_below_its_workspace_alone, setup, teardown),
        cmocka_unit_test_setup_teardown(
            the_text_of_an_asset_is_read_whole_or_not_at_all, setup, teardown),
        cmocka_unit_test_setup_teardown(
            what_a_node_prints_is_the_deployers_to_collect_unless_the_host_started_it, setup,
            teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

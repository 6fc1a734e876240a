/* Specs and deployment: what the system writes, where it lands, and processes that are none. */
#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <arpa/inet.h>
#include <netinet/in.h>

#include "framework/host/deployment.h"
#include "framework/host/nodefiles.h"
#include "framework/host/ports.h"
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

static const assay_port api = {
    .struct_size = sizeof(api), .name = "api", .protocol = ASSAY_TCP, .container_port = 18080};

static assay_endpoint endpoint_of(uint32_t port)
{
    return (assay_endpoint){.struct_size = sizeof(assay_endpoint),
        .bind_ip = "0.0.0.0",
        .peer_ip = "10.0.0.7",
        .runner_ip = "127.0.0.1",
        .bind_port = port,
        .peer_port = port + 1,
        .runner_port = port + 2};
}

/* One port for each node, bound. */
static void bind_all(struct world *world)
{
    for (uint32_t node = 0; node < 2; node++) {
        const assay_endpoint endpoint = endpoint_of(20000 + 10 * node);

        assert_int_equal(world->spec->port(world->system_table, node, &api), ASSAY_OK);
        assert_int_equal(world->deployment->bind(world->table, node, 0, &endpoint), ASSAY_OK);
    }
}

static assay_status call_render(assay_task *task, void *arg)
{
    const struct world *world = arg;

    return world->deployment->render(task);
}

/* ---- planning ---- */

static void a_plan_is_read_back_as_it_was_written(void **state)
{
    struct world *world = *state;
    const assay_node_spec *spec = NULL;

    assert_int_equal(world->spec->port(world->system_table, 1, &api), ASSAY_OK);
    assert_int_equal(world->spec->binary(world->system_table, 1, "/bin/node"), ASSAY_OK);
    assert_int_equal(world->spec->image(world->system_table, 1, "acme/node:1"), ASSAY_OK);
    spec = world->deployment->spec(world->table, 1);
    assert_string_equal(spec->name, "validator-1");
    assert_string_equal(spec->role, "validator");
    assert_string_equal(spec->binary, "/bin/node");
    assert_string_equal(spec->image, "acme/node:1");
    assert_int_equal(spec->port_count, 1);
    assert_int_equal(spec->port_stride, sizeof(assay_port));
    assert_string_equal(spec->ports[0].name, "api");
    assert_int_equal(spec->ports[0].container_port, 18080);
    assert_string_equal(spec->argv[0], "/bin/node");
    assert_null(spec->argv[1]);
    assert_null(spec->env[0]);
    assert_int_equal(world->deployment->spec(world->table, 0)->port_count, 0);
    assert_null(world->deployment->spec(world->table, 2));
}

static void a_plan_that_makes_no_sense_is_refused(void **state)
{
    struct world *world = *state;
    const assay_spec *spec = world->spec;
    assay_port port = api;

    port.struct_size = 0;
    assert_int_equal(spec->port(world->system_table, 0, &port), ASSAY_E_INVALID);
    port = api;
    port.name = "";
    assert_int_equal(spec->port(world->system_table, 0, &port), ASSAY_E_INVALID);
    port = api;
    port.protocol = 4;
    assert_int_equal(spec->port(world->system_table, 0, &port), ASSAY_E_INVALID);
    port = api;
    port.container_port = 65536;
    assert_int_equal(spec->port(world->system_table, 0, &port), ASSAY_E_INVALID);
    assert_int_equal(spec->port(world->system_table, 2, &api), ASSAY_E_INVALID);
    assert_true(has_violation(world->fixture->host, "spec.port: there is no node 2"));
    for (int i = 0; i < HOST_PORTS_MAX; i++)
        assert_int_equal(spec->port(world->system_table, 0, &api), ASSAY_OK);
    assert_int_equal(spec->port(world->system_table, 0, &api), ASSAY_E_LAGGED);

    assert_int_equal(spec->stage(world->system_table, ""), ASSAY_E_INVALID);
    assert_int_equal(spec->stage(world->system_table, NULL), ASSAY_E_INVALID);
    for (int i = 0; i < SPEC_STAGES_MAX; i++)
        assert_int_equal(spec->stage(world->system_table, "again"), ASSAY_OK);
    assert_int_equal(spec->stage(world->system_table, "too many"), ASSAY_E_LAGGED);
    spec->cadence(world->system_table, -1, 0);
    assert_true(has_violation(world->fixture->host, "spec.cadence"));
}

/* ---- addresses ---- */

static void an_endpoint_is_known_once_it_is_bound(void **state)
{
    struct world *world = *state;
    assay_endpoint endpoint = {.struct_size = sizeof(endpoint)};
    assay_node_info info = {.struct_size = sizeof(info)};

    assert_int_equal(world->spec->port(world->system_table, 0, &api), ASSAY_OK);
    assert_int_equal(world->spec->endpoint(world->system_table, 0, 0, &endpoint), ASSAY_E_NOTFOUND);
    endpoint = endpoint_of(20000);
    assert_int_equal(world->deployment->bind(world->table, 0, 0, &endpoint), ASSAY_OK);
    endpoint = (assay_endpoint){.struct_size = sizeof(endpoint)};
    assert_int_equal(world->spec->endpoint(world->system_table, 0, 0, &endpoint), ASSAY_OK);
    assert_string_equal(endpoint.bind_ip, "0.0.0.0");
    assert_string_equal(endpoint.peer_ip, "10.0.0.7");
    assert_int_equal(endpoint.runner_port, 20002);
    assert_int_equal(host_node_info(world->fixture->host, 0, &info), ASSAY_OK);
    assert_string_equal(info.url, "http://127.0.0.1:20002");
    assert_int_equal(world->spec->endpoint(world->system_table, 0, 1, &endpoint), ASSAY_E_NOTFOUND);
    assert_int_equal(host_node_endpoint(world->fixture->host, 5, 0, &endpoint), ASSAY_E_NOTFOUND);
}

static void an_address_of_six_stands_in_brackets(void **state)
{
    struct world *world = *state;
    assay_endpoint endpoint = endpoint_of(20000);
    assay_node_info info = {.struct_size = sizeof(info)};

    endpoint.runner_ip = "::1";
    assert_int_equal(world->spec->port(world->system_table, 0, &api), ASSAY_OK);
    assert_int_equal(world->deployment->bind(world->table, 0, 0, &endpoint), ASSAY_OK);
    assert_int_equal(host_node_info(world->fixture->host, 0, &info), ASSAY_OK);
    assert_string_equal(info.url, "http://[::1]:20002");
}

static void half_an_address_is_refused(void **state)
{
    struct world *world = *state;
    assay_endpoint endpoint = endpoint_of(20000);

    assert_int_equal(world->deployment->bind(world->table, 0, 0, &endpoint), ASSAY_E_NOTFOUND);
    assert_int_equal(world->spec->port(world->system_table, 0, &api), ASSAY_OK);
    endpoint.peer_port = 65536;
    assert_int_equal(world->deployment->bind(world->table, 0, 0, &endpoint), ASSAY_E_INVALID);
    endpoint = endpoint_of(20000);
    endpoint.runner_ip = NULL;
    assert_int_equal(world->deployment->bind(world->table, 0, 0, &endpoint), ASSAY_E_INVALID);
    assert_int_equal(world->deployment->bind(world->table, 0, 0, NULL), ASSAY_E_INVALID);
}

/* ---- rendering ---- */

static assay_status render_all(struct world *world, assay_task *task)
{
    const assay_spec *spec = world->spec;

    (void)task;
    for (uint32_t node = 0; node < 2; node++) {
        if (spec->argument(world->system_table, node, "--verbose") ||
            spec->argument(world->system_table, node, "config.yaml") ||
            spec->environment(world->system_table, node, "MODE=test") ||
            spec->file(world->system_table, node, "config.yaml", (assay_bytes){"a: 1\n", 5}, 0) ||
            spec->file(world->system_table, node, "config.yaml", (assay_bytes){"a: 2\n", 5}, 0) ||
            spec->file(
                world->system_table, node, "keys/deep/secret", (assay_bytes){"shh", 3}, 0600))
            return ASSAY_E_INTERNAL;
    }
    return ASSAY_OK;
}

static void rendering_writes_command_lines_and_files(void **state)
{
    struct world *world = *state;
    const assay_node_spec *spec = NULL;
    struct file_text text = {0};
    struct stat status;
    char path[200];

    world->render = render_all;
    bind_all(world);
    assert_int_equal(world->spec->binary(world->system_table, 1, "/bin/node"), ASSAY_OK);
    assert_int_equal(run_body(world->deployer, call_render, world).status, ASSAY_OK);
    assert_int_equal(run_body(world->deployer, call_render, world).status, ASSAY_OK); /* anew */
    spec = world->deployment->spec(world->table, 1);
    assert_string_equal(spec->argv[0], "/bin/node");
    assert_string_equal(spec->argv[1], "--verbose");
    assert_string_equal(spec->argv[2], "config.yaml");
    assert_null(spec->argv[3]);
    assert_string_equal(spec->env[0], "MODE=test");
    assert_null(spec->env[1]);
    assert_int_equal(spec->file_count, 2);

    assert_int_equal(world->deployment->write_files(world->table, 1), ASSAY_OK);
    (void)snprintf(
        path, sizeof(path), "%s/config.yaml", world->deployment->directory(world->table, 1));
    assert_int_equal(file_read(path, 100, &text, NULL), ASSAY_OK);
    assert_string_equal(text.data, "a: 2\n");
    free(text.data);
    assert_int_equal(stat(path, &status), 0);
    assert_int_equal(status.st_mode & 0777, 0644);
    (void)snprintf(
        path, sizeof(path), "%s/keys/deep/secret", world->deployment->directory(world->table, 1));
    assert_int_equal(stat(path, &status), 0);
    assert_int_equal(status.st_mode & 0777, 0600);
}

static assay_status render_badly(struct world *world, assay_task *task)
{
    (void)task;
    return (world->system_table->fail)(world->system_table, ASSAY_E_INVALID, "no genesis");
}

static void what_the_system_says_of_rendering_is_passed_on(void **state)
{
    struct world *world = *state;
    struct host_operation_result result;

    world->render = render_badly;
    bind_all(world);
    result = run_body(world->deployer, call_render, world);
    assert_int_equal(result.status, ASSAY_E_INVALID);
    assert_string_equal(result.why, "system.s, render: no genesis");
}

static void rendering_wants_all_ports_bound(void **state)
{
    struct world *world = *state;
    struct host_operation_result result;

    assert_int_equal(world->spec->port(world->system_table, 1, &api), ASSAY_OK);
    result = run_body(world->deployer, call_render, world);
    assert_int_equal(result.status, ASSAY_E_INVALID);
    assert_non_null(strstr(result.why, "node 1: port 0 api has no address yet"));
}

static void rendering_nonsense_is_refused(void **state)
{
    static const char *const bad_paths[] = {
        "", "/etc/passwd", "..", "a/../b", "a//b", "a/", ".", "./a", "a/..", NULL};
    struct world *world = *state;
    const assay_spec *spec = world->spec;
    char too_long[SPEC_PATH_MAX + 2];

    for (size_t i = 0; i < sizeof(bad_paths) / sizeof(bad_paths[0]); i++)
        assert_int_equal(spec->file(world->system_table, 0, bad_paths[i], (assay_bytes){"x", 1}, 0),
            ASSAY_E_INVALID);
    memset(too_long, 'a', sizeof(too_long));
    too_long[sizeof(too_long) - 1] = '\0';
    assert_false(spec_path_is_good(too_long));
    assert_true(spec_path_is_good("..a/b..c/.d"));
    assert_int_equal(
        spec->file(world->system_table, 0, "a", (assay_bytes){NULL, 1}, 0), ASSAY_E_INVALID);
    assert_int_equal(
        spec->file(world->system_table, 0, "a", (assay_bytes){"x", 1}, 01000), ASSAY_E_INVALID);
    assert_int_equal(spec->environment(world->system_table, 0, "=x"), ASSAY_E_INVALID);
    assert_int_equal(spec->environment(world->system_table, 0, "NAME"), ASSAY_E_INVALID);
    assert_int_equal(spec->environment(world->system_table, 0, NULL), ASSAY_E_INVALID);
    assert_int_equal(spec->argument(world->system_table, 0, NULL), ASSAY_E_INVALID);
    assert_int_equal(spec->argument(world->system_table, 9, "x"), ASSAY_E_INVALID);
    assert_int_equal(spec->environment(world->system_table, 9, "A=b"), ASSAY_E_INVALID);
    assert_int_equal(
        spec->file(world->system_table, 9, "a", (assay_bytes){"x", 1}, 0), ASSAY_E_INVALID);
    assert_int_equal(spec->binary(world->system_table, 9, "x"), ASSAY_E_INVALID);
    assert_int_equal(spec->image(world->system_table, 9, "x"), ASSAY_E_INVALID);
}

/* ---- files ---- */

static void a_link_in_the_way_is_not_followed(void **state)
{
    struct world *world = *state;
    const char *directory = world->deployment->directory(world->table, 0);
    char path[200];
    struct error err = {0};
    const assay_file through = {.path = "sub/file", .bytes = {"x", 1}, .mode = 0644};
    const assay_file over = {.path = "file", .bytes = {"x", 1}, .mode = 0644};

    assert_int_equal(dir_make(directory, 0755, NULL), ASSAY_OK);
    (void)snprintf(path, sizeof(path), "%s/sub", directory);
    assert_int_equal(symlink("/tmp", path), 0);
    assert_int_not_equal(nodefiles_write(directory, &through, &err), ASSAY_OK);
    (void)snprintf(path, sizeof(path), "%s/file", directory);
    assert_int_equal(symlink("/tmp/assay-must-not-appear", path), 0);
    assert_int_not_equal(nodefiles_write(directory, &over, &err), ASSAY_OK);
    assert_int_not_equal(access("/tmp/assay-must-not-appear", F_OK), 0);
    assert_int_not_equal(nodefiles_write("/nowhere/at/all", &over, &err), ASSAY_OK);
}

static void write_text(const char *path, const char *text, size_t size)
{
    assert_int_equal(
        file_write(path, &(struct file_text){.data = (char *)(uintptr_t)text, .size = size},
            FILE_PLAIN, NULL),
        ASSAY_OK);
}

static void the_tail_of_a_log_has_fifteen_clean_lines(void **state)
{
    struct world *world = *state;
    char path[200], tail[TAIL_SIZE], text[4000] = "", *end = text;
    unsigned lines = 1;

    (void)snprintf(path, sizeof(path), "%s/log", world->fixture->run_dir);
    nodefiles_tail(path, tail);
    assert_string_equal(tail, "");
    write_text(path, "", 0);
    nodefiles_tail(path, tail);
    assert_string_equal(tail, "");
    write_text(path, "\n\n", 2);
    nodefiles_tail(path, tail);
    assert_string_equal(tail, "");

    for (int i = 1; i <= 40; i++)
        end += snprintf(end, 20, "line %d\n", i);
    write_text(path, text, strlen(text));
    nodefiles_tail(path, tail);
    for (const char *c = tail; *c; c++)
        lines += *c == '\n';
    assert_int_equal(lines, 15);
    assert_ptr_equal(strstr(tail, "    line 26\n"), tail);
    assert_non_null(strstr(tail, "    line 40"));

    write_text(path, "\x1b[31mred\x07\xff rest", 15);
    nodefiles_tail(path, tail);
    assert_string_equal(tail, "    ?[31mred?"); /* cut where it is no text any more */
}

static void a_tail_of_very_long_lines_fits(void **state)
{
    struct world *world = *state;
    char path[200], tail[TAIL_SIZE];
    static char text[100000];

    memset(text, 'x', sizeof(text));
    for (size_t i = 500; i < sizeof(text); i += 501)
        text[i] = '\n';
    (void)snprintf(path, sizeof(path), "%s/log", world->fixture->run_dir);
    write_text(path, text, sizeof(text));
    nodefiles_tail(path, tail);
    assert_true(strlen(tail) > 1000);
    assert_true(strlen(tail) < TAIL_SIZE);
}

static void collected_logs_lie_beside_the_output(void **state)
{
    struct world *world = *state;
    const assay_deployment *deployment = world->deployment;
    char path[200];

    assert_int_equal(
        deployment->collect_log(world->table, 0, "sidecar.log", (assay_bytes){"hello", 5}),
        ASSAY_OK);
    (void)snprintf(path, sizeof(path), "%s/sidecar.log", deployment->directory(world->table, 0));
    assert_int_equal(access(path, R_OK), 0);
    assert_int_equal(
        deployment->collect_log(world->table, 0, "../x", (assay_bytes){"", 0}), ASSAY_E_INVALID);
    assert_int_equal(
        deployment->collect_log(world->table, 2, "x", (assay_bytes){"", 0}), ASSAY_E_INVALID);
}

/* ---- ports ---- */

static bool can_bind(uint32_t port, int type)
{
    const struct sockaddr_in address = {.sin_family = AF_INET,
        .sin_port = htons((uint16_t)port),
        .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    auto_fd int fd = socket(AF_INET, type | SOCK_CLOEXEC, 0);

    return bind(fd, (const struct sockaddr *)&address, sizeof(address)) == 0;
}

static void a_free_port_is_held_until_it_is_released(void **state)
{
    struct world *world = *state;
    const assay_deployment *deployment = world->deployment;
    uint32_t ports[20], both = 0;

    for (size_t i = 0; i < 20; i++) {
        assert_int_equal(deployment->free_port(world->table, ASSAY_TCP, &ports[i]), ASSAY_OK);
        assert_true(ports[i] >= PORTS_LOWEST && ports[i] < 65536);
        for (size_t j = 0; j < i; j++)
            assert_int_not_equal(ports[i], ports[j]);
        assert_false(can_bind(ports[i], SOCK_STREAM));
    }
    assert_int_equal(deployment->free_port(world->table, ASSAY_TCP | ASSAY_UDP, &both), ASSAY_OK);
    assert_false(can_bind(both, SOCK_STREAM));
    assert_false(can_bind(both, SOCK_DGRAM));
    deployment->release_ports(world->table);
    assert_true(can_bind(ports[0], SOCK_STREAM));
    assert_true(can_bind(both, SOCK_DGRAM));
    assert_int_equal(deployment->free_port(world->table, 0, &both), ASSAY_E_INVALID);
    assert_int_equal(deployment->free_port(world->table, 4, &both), ASSAY_E_INVALID);
}

static void a_taken_port_is_passed_over(void **state)
{
    struct ports *first = ports_new("same run"), *second = ports_new("same run");
    uint32_t a = 0, b = 0;

    (void)state;
    assert_int_equal(ports_take(first, ASSAY_UDP, &a, NULL), ASSAY_OK);
    assert_int_equal(ports_take(second, ASSAY_TCP | ASSAY_UDP, &b, NULL), ASSAY_OK);
    assert_int_not_equal(a, b);
    ports_free(first);
    ports_free(second);
    ports_free(NULL);
}

/* ---- processes ---- */

static void a_node_is_started_as_its_spec_says(void **state)
{
    struct world *world = *state;
    const assay_deployment *deployment = world->deployment;
    assay_process process = {.struct_size = sizeof(process)};

    world->render = render_all;
    bind_all(world);
    assert_int_equal(deployment->start(world->table, 0), ASSAY_E_INVALID); /* no binary */
    assert_int_equal(world->spec->binary(world->system_table, 0, "/bin/node"), ASSAY_OK);
    assert_int_equal(run_body(world->deployer, call_render, world).status, ASSAY_OK);
    assert_int_equal(deployment->process(world->table, 0, &process), ASSAY_E_NOTFOUND);
    assert_int_equal(deployment->start(world->table, 0), ASSAY_OK);

    assert_string_equal(world->fakes.argv[0], "/bin/node --verbose config.yaml");
    assert_string_equal(world->fakes.env[0], "MODE=test");
    assert_string_equal(world->fakes.directory[0], deployment->directory(world->table, 0));
    assert_non_null(strstr(world->fakes.output[0], "/nodes/validator-0/output.log"));
    assert_int_equal(deployment->process(world->table, 0, &process), ASSAY_OK);
    assert_int_equal(process.state, ASSAY_PROCESS_RUNNING);
    assert_int_equal(process.pid, 1000);
    assert_int_equal(deployment->start(world->table, 0), ASSAY_E_INVALID); /* it runs already */

    fakes_end(&world->fakes, 0, PROCESS_EXITED, 3);
    assert_int_equal(deployment->process(world->table, 0, &process), ASSAY_OK);
    assert_int_equal(process.state, ASSAY_PROCESS_EXITED);
    assert_int_equal(process.code, 3);
    assert_int_equal(host_node_process(world->fixture->host, 0, &process), ASSAY_OK);
    assert_int_equal(deployment->start(world->table, 0), ASSAY_OK);
    assert_int_equal(deployment->process(world->table, 0, &process), ASSAY_OK);
    assert_int_equal(process.pid, 1001);
    assert_int_equal(deployment->start(world->table, 2), ASSAY_E_INVALID);
    process.struct_size = 0;
    assert_int_equal(deployment->process(world->table, 0, &process), ASSAY_E_INVALID);
}

static void start_one(struct world *world)
{
    assert_int_equal(world->spec->binary(world->system_table, 0, "/bin/node"), ASSAY_OK);
    assert_int_equal(world->deployment->start(world->table, 0), ASSAY_OK);
}

static void why_a_process_cannot_start_is_told(void **state)
{
    struct world *world = *state;
    assay_process process = {.struct_size = sizeof(process)};
    struct error err = {0};
    struct deployment *deployment = world->fixture->host->deployment;
    static const struct {
        enum process_step step;
        const char *text;
    } cases[] = {{PROCESS_STEP_NONE, "could not be started"},
        {PROCESS_STEP_EXECUTE, "program cannot be executed"},
        {PROCESS_STEP_DIRECTORY, "directory cannot be entered"},
        {PROCESS_STEP_OUTPUT, "log file cannot be opened"},
        {PROCESS_STEP_LIMIT, "too many processes"}, {PROCESS_STEP_ENDING, "being ended"}};

    start_one(world);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        world->fakes.table[0] = (struct process_status){
            .state = PROCESS_REFUSED, .step = cases[i].step, .code = EACCES};
        assert_int_equal(deployment_process(deployment, 0, &process, &err), ASSAY_E_IO);
        assert_non_null(strstr(err.text, cases[i].text));
    }
    world->fakes.table[0].state = PROCESS_LOST;
    assert_int_equal(deployment_process(deployment, 0, &process, &err), ASSAY_E_IO);
    assert_non_null(strstr(err.text, "supervisor is gone"));
    world->fakes.table[0].state = PROCESS_STARTING;
    assert_int_equal(deployment_process(deployment, 0, &process, &err), ASSAY_OK);
    assert_int_equal(process.state, ASSAY_PROCESS_RUNNING);

    world->fakes.table[0].state = PROCESS_EXITED;
    world->fakes.start_status = ASSAY_E_IO;
    assert_int_equal(world->deployment->start(world->table, 0), ASSAY_E_IO);
}

static void signals_go_to_the_node(void **state)
{
    struct world *world = *state;
    const assay_deployment *deployment = world->deployment;

    assert_int_equal(deployment->signal(world->table, 0, SIGTERM), ASSAY_E_NOTFOUND);
    start_one(world);
    assert_int_equal(deployment->signal(world->table, 0, SIGSTOP), ASSAY_OK);
    assert_int_equal(world->fakes.last_signal, SIGSTOP);
    assert_int_equal(deployment->signal(world->table, 0, 0), ASSAY_E_INVALID);
    assert_int_equal(deployment->signal(world->table, 0, 1000), ASSAY_E_INVALID);
    fakes_end(&world->fakes, 0, PROCESS_EXITED, 0);
    assert_int_equal(deployment->signal(world->table, 0, SIGTERM), ASSAY_E_NOTFOUND);
}

/* ---- waiting for processes ---- */

struct call {
    struct world *world;
    assay_ns until;
    const char *const *argv;
    int32_t exit_code;
    assay_bytes output;
    char text[100];
};

static assay_status call_wait_exit(assay_task *task, void *arg)
{
    const struct call *call = arg;

    return call->world->deployment->wait_exit(task, 0, call->until);
}

static void waiting_for_an_exit_ends_with_it(void **state)
{
    struct world *world = *state;
    struct call call = {.world = world, .until = ASSAY_FOREVER};
    const struct host_operation_spec spec = {
        .name = "finish", .body = call_wait_exit, .arg = &call, .grace = 60 * ASSAY_SECOND};
    struct host_operation *operation = NULL;
    struct host_operation_result result;

    assert_int_equal(run_body(world->deployer, call_wait_exit, &call).status, ASSAY_E_NOTFOUND);
    start_one(world);
    call.until = 0;
    assert_int_equal(run_body(world->deployer, call_wait_exit, &call).status, ASSAY_E_TIMEOUT);
    call.until = ASSAY_FOREVER;
    assert_int_equal(host_operation_start(world->deployer, &spec, &operation), ASSAY_OK);
    fakes_end(&world->fakes, 0, PROCESS_KILLED, SIGKILL);
    host_operation_finish(operation, &result);
    assert_int_equal(result.status, ASSAY_OK);
}

static assay_status call_end_all(assay_task *task, void *arg)
{
    const struct call *call = arg;

    return call->world->deployment->end_all(task, call->until);
}

static void ending_all_waits_until_all_are_gone(void **state)
{
    struct world *world = *state;
    struct call call = {.world = world, .until = 3 * ASSAY_SECOND};
    assay_process process = {.struct_size = sizeof(process)};

    start_one(world);
    assert_int_equal(run_body(world->deployer, call_end_all, &call).status, ASSAY_OK);
    assert_int_equal(world->fakes.last_grace, 3 * ASSAY_SECOND);
    assert_int_equal(world->deployment->process(world->table, 0, &process), ASSAY_OK);
    assert_int_equal(process.state, ASSAY_PROCESS_KILLED);
    call.until = -5;
    assert_int_equal(run_body(world->deployer, call_end_all, &call).status, ASSAY_OK);
    assert_int_equal(world->fakes.last_grace, 0);
}

static assay_status call_exec(assay_task *task, void *arg)
{
    struct call *call = arg;
    const assay_status s = call->world->deployment->exec(
        task, call->argv, call->until, &call->exit_code, &call->output);

    if (!s)
        (void)snprintf(call->text, sizeof(call->text), "%.*s", (int)call->output.size,
            (const char *)call->output.data);
    return s;
}

static void a_command_is_run_to_its_end(void **state)
{
    static const char *const argv[] = {"sh", "-c", "ls", NULL};
    struct world *world = *state;
    struct call call = {.world = world, .until = ASSAY_FOREVER, .argv = argv};

    world->fakes.prints = "a file\n";
    world->fakes.born = (struct process_status){.state = PROCESS_EXITED, .code = 4};
    assert_int_equal(run_body(world->deployer, call_exec, &call).status, ASSAY_OK);
    assert_int_equal(call.exit_code, 4);
    assert_string_equal(call.text, "a file\n");
    assert_non_null(strstr(world->fakes.argv[0], "/sh -c ls"));
    assert_int_not_equal(access(world->fakes.output[0], F_OK), 0); /* removed */

    world->fakes.born = (struct process_status){.state = PROCESS_KILLED, .code = SIGKILL};
    assert_int_equal(run_body(world->deployer, call_exec, &call).status, ASSAY_OK);
    assert_int_equal(call.exit_code, 137);
}

static void a_command_that_takes_too_long_is_killed(void **state)
{
    static const char *const argv[] = {"sleep", "100", NULL};
    struct world *world = *state;
    struct call call = {.world = world, .argv = argv};
    struct host_operation_result result = run_body(world->deployer, call_exec, &call);

    assert_int_equal(result.status, ASSAY_E_TIMEOUT);
    assert_non_null(strstr(result.why, "not done in time"));
    assert_int_equal(world->fakes.last_signal, SIGKILL);
}

static void a_command_that_is_none_is_refused(void **state)
{
    static const char *const nothing[] = {NULL};
    static const char *const nowhere[] = {"assay-no-such-program", NULL};
    struct world *world = *state;
    struct call call = {.world = world, .until = ASSAY_FOREVER, .argv = nothing};
    struct host_operation_result result;

    assert_int_equal(run_body(world->deployer, call_exec, &call).status, ASSAY_E_INVALID);
    call.argv = nowhere;
    result = run_body(world->deployer, call_exec, &call);
    assert_int_equal(result.status, ASSAY_E_NOTFOUND);
    assert_non_null(strstr(result.why, "assay-no-such-program is neither on PATH"));
    assert_int_equal(world->deployment->undo(world->table, nowhere), ASSAY_E_NOTFOUND);
}

static void an_undo_is_journalled_with_its_program_found(void **state)
{
    static const char *const argv[] = {"true", "and", "more", NULL};
    struct world *world = *state;

    assert_int_equal(world->deployment->undo(world->table, argv), ASSAY_OK);
    assert_non_null(strstr(world->fakes.undone, "/true and more"));
    assert_int_equal(world->fakes.undone[0], '/');
}

static void a_program_beside_the_nodes_is_started_and_not_waited_for(void **state)
{
    static const char *const argv[] = {"true", "and", "more", NULL};
    static const char *const nowhere[] = {"assay-no-such-program", NULL};
    struct world *world = *state;
    const uint32_t before = world->fakes.count;

    assert_int_equal(world->deployment->beside(world->table, "forward", argv), ASSAY_OK);
    assert_int_equal(world->fakes.count, before + 1);
    assert_non_null(strstr(world->fakes.argv[before], "/true and more"));
    assert_non_null(strstr(world->fakes.output[before], "/nodes/forward.log"));
    assert_int_equal(world->deployment->beside(world->table, "../forward", argv), ASSAY_E_INVALID);
    assert_int_equal(world->deployment->beside(world->table, NULL, argv), ASSAY_E_INVALID);
    assert_int_equal(world->deployment->beside(world->table, "forward", nowhere), ASSAY_E_NOTFOUND);
    assert_int_equal(world->deployment->beside(world->table, "forward", NULL), ASSAY_E_INVALID);
    world->fakes.start_status = ASSAY_E_LAGGED;
    assert_int_equal(world->deployment->beside(world->table, "forward", argv), ASSAY_E_LAGGED);
}

static void without_a_supervisor_nothing_is_started(void **state)
{
    struct fixture *fixture = fixture_new(1);
    struct host_instance *deployer = fixture_instance(fixture, "deployer.d", ASSAY_DEPLOYER);
    const assay_host *table = host_instance_table(deployer);
    const assay_deployment *deployment = fixture_service(deployer, ASSAY_DEPLOYMENT);
    assay_process process = {.struct_size = sizeof(process)};

    (void)state;
    assert_int_equal(deployment->start(table, 0), ASSAY_E_UNSUPPORTED);
    assert_int_equal(deployment->signal(table, 0, SIGTERM), ASSAY_E_UNSUPPORTED);
    assert_int_equal(deployment->undo(table, NULL), ASSAY_E_UNSUPPORTED);
    assert_int_equal(deployment->beside(table, "x", NULL), ASSAY_E_UNSUPPORTED);
    assert_int_equal(deployment->process(table, 0, &process), ASSAY_E_NOTFOUND);
    fixture_free(fixture);
}

/* ---- programs and variables ---- */

static void a_named_program_wins_even_if_it_is_not_there(void **state)
{
    struct world *world = *state;
    const assay_spec *spec = world->spec;

    assert_int_equal(setenv("ASSAY_TEST_BIN", "/opt/mine", 1), 0);
    assert_string_equal(spec->program(world->system_table, "ASSAY_TEST_BIN", "sh"), "/opt/mine");
    assert_string_equal(spec->variable(world->system_table, "ASSAY_TEST_BIN"), "/opt/mine");
    assert_string_equal(world->deployment->variable(world->table, "ASSAY_TEST_BIN"), "/opt/mine");
    assert_int_equal(setenv("ASSAY_TEST_BIN", "", 1), 0);
    assert_non_null(strstr(spec->program(world->system_table, "ASSAY_TEST_BIN", "sh"), "/sh"));
    assert_int_equal(unsetenv("ASSAY_TEST_BIN"), 0);
    assert_null(spec->variable(world->system_table, "ASSAY_TEST_BIN"));
    assert_null(spec->variable(world->system_table, NULL));
    assert_null(spec->program(world->system_table, NULL, "assay-no-such-program"));
    assert_null(spec->program(world->system_table, NULL, ""));
    assert_null(spec->program(world->system_table, NULL, "/nowhere/assay-no-such-program"));
    assert_non_null(spec->program(world->system_table, NULL, "/bin/sh"));
    assert_non_null(spec->program(world->system_table, NULL, "test_host_deployment"));
}

static void a_system_looks_at_paths_before_anything_is_started(void **state)
{
    struct world *world = *state;
    const assay_spec *spec = world->spec;
    assay_path_info info = {.struct_size = sizeof(info)};
    assay_path_info unset = {.struct_size = 0};

    assert_int_equal(spec->look(world->system_table, "/", &info), ASSAY_OK);
    assert_int_equal(info.kind, ASSAY_PATH_DIRECTORY);
    assert_int_equal(spec->look(world->system_table, "/nowhere/at/all", &info), ASSAY_OK);
    assert_int_equal(info.kind, ASSAY_PATH_NONE);
    assert_int_equal(spec->look(world->system_table, "relative", &info), ASSAY_E_INVALID);
    assert_int_equal(spec->look(world->system_table, NULL, &info), ASSAY_E_INVALID);
    assert_int_equal(spec->look(world->system_table, "/", &unset), ASSAY_E_INVALID);
}

static void what_comes_with_assay_is_found_by_systems_and_deployers(void **state)
{
    struct world *world = *state;
    const char *path = world->spec->asset(world->system_table, "manifests/demo.ini");

    assert_non_null(path);
    assert_string_equal(world->deployment->asset(world->table, "manifests/demo.ini"), path);
    assert_null(world->spec->asset(world->system_table, "manifests/none.ini"));
    assert_null(world->spec->asset(world->system_table, "../up"));
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_plan_is_read_back_as_it_was_written),
        TEST(a_plan_that_makes_no_sense_is_refused),
        TEST(an_endpoint_is_known_once_it_is_bound),
        TEST(an_address_of_six_stands_in_brackets),
        TEST(half_an_address_is_refused),
        TEST(rendering_writes_command_lines_and_files),
        TEST(what_the_system_says_of_rendering_is_passed_on),
        TEST(rendering_wants_all_ports_bound),
        TEST(rendering_nonsense_is_refused),
        TEST(a_link_in_the_way_is_not_followed),
        TEST(the_tail_of_a_log_has_fifteen_clean_lines),
        TEST(a_tail_of_very_long_lines_fits),
        TEST(collected_logs_lie_beside_the_output),
        TEST(a_free_port_is_held_until_it_is_released),
        TEST(a_taken_port_is_passed_over),
        TEST(a_node_is_started_as_its_spec_says),
        TEST(why_a_process_cannot_start_is_told),
        TEST(signals_go_to_the_node),
        TEST(waiting_for_an_exit_ends_with_it),
        TEST(ending_all_waits_until_all_are_gone),
        TEST(a_command_is_run_to_its_end),
        TEST(a_command_that_takes_too_long_is_killed),
        TEST(a_command_that_is_none_is_refused),
        TEST(an_undo_is_journalled_with_its_program_found),
        TEST(a_program_beside_the_nodes_is_started_and_not_waited_for),
        TEST(without_a_supervisor_nothing_is_started),
        TEST(a_named_program_wins_even_if_it_is_not_there),
        TEST(a_system_looks_at_paths_before_anything_is_started),
        TEST(what_comes_with_assay_is_found_by_systems_and_deployers),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

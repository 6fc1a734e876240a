/* assay.deployment/1 and assay.topology/1: writes down what the deployer does, in order, and holds
   it to the order that the ABI asks for. Every node has two ports, "api" (TCP) and "net" (UDP). */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/fakehost/internal.h"

enum {
    FIRST_PORT = 20000,
    PORTS_OF_A_NODE = 2
};

static const assay_port ports[PORTS_OF_A_NODE] = {
    {.struct_size = sizeof(assay_port), .name = "api", .protocol = ASSAY_TCP},
    {.struct_size = sizeof(assay_port), .name = "net", .protocol = ASSAY_UDP},
};

void fake_variable(struct fakehost *f, const char *name, const char *value)
{
    assert_true(f->variable_count + 2 <= sizeof(f->variables) / sizeof(f->variables[0]));
    f->variables[f->variable_count++] = name;
    f->variables[f->variable_count++] = value;
}

const char *fake_story(const struct fakehost *f)
{
    return f->story.text;
}

static const assay_node_spec *deployment_spec(const assay_host *host, uint32_t node)
{
    struct fakehost *f = fake_of(host);

    assert_true(node < f->node_count);
    if (!f->specs)
        f->specs = fake_alloc(FAKE_NODES_MAX, sizeof(f->specs[0]));
    f->specs[node] = (assay_node_spec){
        .struct_size = sizeof(f->specs[node]),
        .name = f->nodes[node].name,
        .role = f->nodes[node].role,
        .binary = "/bin/true",
        .image = "",
        .ports = ports,
        .port_count = PORTS_OF_A_NODE,
        .port_stride = sizeof(ports[0]),
    };
    return &f->specs[node];
}

static const char *deployment_variable(const assay_host *host, const char *name)
{
    const struct fakehost *f = fake_of(host);

    for (uint32_t i = 0; i < f->variable_count; i += 2)
        if (!strcmp(f->variables[i], name))
            return f->variables[i + 1];
    return NULL;
}

static assay_status deployment_free_port(const assay_host *host, uint32_t protocol, uint32_t *out)
{
    struct fakehost *f = fake_of(host);
    assay_status s = fake_enter(f, "free_port");

    if (s)
        return s;
    assert_false(f->are_ports_released);
    *out = FIRST_PORT + f->ports_given++;
    fake_write(&f->story, "free_port %s\n", protocol == ASSAY_TCP ? "tcp" : "udp");
    return ASSAY_OK;
}

static void deployment_release_ports(const assay_host *host)
{
    struct fakehost *f = fake_of(host);

    f->are_ports_released = true;
    fake_write(&f->story, "release_ports\n");
}

static assay_status deployment_bind(
    const assay_host *host, uint32_t node, uint32_t port, const assay_endpoint *endpoint)
{
    struct fakehost *f = fake_of(host);
    assay_status s = fake_enter(f, "bind");

    if (s)
        return s;
    assert_true(endpoint->struct_size == sizeof(*endpoint));
    assert_string_equal(endpoint->bind_ip, endpoint->peer_ip);
    assert_string_equal(endpoint->bind_ip, endpoint->runner_ip);
    assert_int_equal(endpoint->bind_port, endpoint->peer_port);
    assert_int_equal(endpoint->bind_port, endpoint->runner_port);
    f->nodes[node].ports_bound++;
    fake_write(&f->story, "bind %u %u %s:%u\n", node, port, endpoint->bind_ip, endpoint->bind_port);
    return ASSAY_OK;
}

static assay_status deployment_render(assay_task *task)
{
    struct fakehost *f = fake_of_task(task);
    assay_status s = fake_enter_blocking(f, "render");

    if (s)
        return s;
    for (uint32_t i = 0; i < f->node_count; i++)
        assert_int_equal(f->nodes[i].ports_bound, PORTS_OF_A_NODE);
    f->is_rendered = true;
    fake_write(&f->story, "render\n");
    return ASSAY_OK;
}

static assay_status deployment_write_files(const assay_host *host, uint32_t node)
{
    struct fakehost *f = fake_of(host);
    assay_status s = fake_enter(f, "write_files");

    if (s)
        return s;
    assert_true(f->is_rendered);
    fake_write(&f->story, "write_files %u\n", node);
    return ASSAY_OK;
}

static assay_status deployment_clear(const assay_host *host, uint32_t node)
{
    struct fakehost *f = fake_of(host);
    assay_status s = fake_enter(f, "clear");

    if (s)
        return s;
    assert_int_not_equal(f->nodes[node].process.state, ASSAY_PROCESS_RUNNING);
    fake_write(&f->story, "clear %u\n", node);
    return ASSAY_OK;
}

static assay_status deployment_await_node(assay_task *task, uint32_t node, assay_ns patience)
{
    struct fakehost *f = fake_of_task(task);
    assay_status s = fake_enter_blocking(f, "await_node");

    if (s)
        return s;
    assert_true(patience > 0);
    fake_write(&f->story, "await_node %u %lld ms\n", node, (long long)(patience / ASSAY_MS));
    return ASSAY_OK;
}

static assay_status deployment_end_all(assay_task *task, assay_ns grace)
{
    struct fakehost *f = fake_of_task(task);
    assay_status s = fake_enter_blocking(f, "end_all");

    if (s)
        return s;
    fake_write(&f->story, "end_all %lld ms\n", (long long)(grace / ASSAY_MS));
    return ASSAY_OK;
}

static assay_status deployment_await_ready(assay_task *task, assay_ns patience, assay_ns limit)
{
    struct fakehost *f = fake_of_task(task);
    assay_status s = fake_enter_blocking(f, "await_ready");

    if (s)
        return s;
    fake_write(&f->story, "await_ready %lld ms, limit %lld ms\n", (long long)(patience / ASSAY_MS),
        (long long)(limit / ASSAY_MS));
    return ASSAY_OK;
}

static const assay_deployment deployment_table = {.struct_size = sizeof(deployment_table),
    .spec = deployment_spec,
    .variable = deployment_variable,
    .free_port = deployment_free_port,
    .release_ports = deployment_release_ports,
    .bind = deployment_bind,
    .render = deployment_render,
    .write_files = deployment_write_files,
    .start = fake_process_start,
    .signal = fake_process_signal,
    .process = fake_process_get,
    .wait_exit = fake_process_wait,
    .end_all = deployment_end_all,
    .await_ready = deployment_await_ready,
    .await_node = deployment_await_node,
    .clear = deployment_clear};

static uint32_t topology_node_count(const assay_host *host)
{
    return fake_of(host)->node_count;
}

static const assay_topology topology_table = {
    .struct_size = sizeof(topology_table), .node_count = topology_node_count};

const void *fake_deployment_service(const char *id)
{
    if (!strcmp(id, ASSAY_DEPLOYMENT))
        return &deployment_table;
    if (!strcmp(id, ASSAY_TOPOLOGY))
        return &topology_table;
    return NULL;
}

void fake_deployment_done(struct fakehost *f)
{
    free(f->specs);
}

/* assay.local - brings the nodes up as processes on this machine.

   Every node listens on 127.0.0.1 with ports of its own, has a directory of its own in the run
   directory, and is started at once with all others. The supervisor ends them whatever becomes of
   this process; see local.md for what a user needs to know. */
#include "local.h"

#include <assay/sdk.h>

struct local_options {
    assay_ns patience, limit, grace, stop_patience;
};

static const char loopback[] = "127.0.0.1";

/* On a slow machine everybody gets twice the time; only this exact word asks for it. */
static uint32_t is_slow_machine(const struct local *local)
{
    const char *value = local->deployment->variable(local->host, "SLOW_TEST_ENV");

    return value && !strcmp(value, "true");
}

static assay_status create(const assay_host *host, const void *given, void **self)
{
    const struct local_options *options = given;
    struct local *local = calloc(1, sizeof(*local));

    if (!local)
        return host->fail(host, ASSAY_E_NOMEM, "out of memory");
    local->host = host;
    local->clock = assay_clock_of(host);
    local->deployment = assay_deployment_of(host);
    local->node_count = assay_topology_of(host)->node_count(host);
    local->patience = options->patience * (is_slow_machine(local) ? 2 : 1);
    local->limit = options->limit;
    local->grace = options->grace;
    local->stop_patience = options->stop_patience;
    *self = local;
    return ASSAY_OK;
}

static void destroy(void *self)
{
    free(self);
}

/* A port is the same number to the node, to its peers and to the runner. */
static assay_status bind_port(const struct local *local, uint32_t node, uint32_t index)
{
    const assay_node_spec *spec = local->deployment->spec(local->host, node);
    const assay_port *port = ASSAY_AT(assay_port, spec->ports, spec->port_stride, index);
    assay_endpoint endpoint = ASSAY_RECORD_WITH(
        assay_endpoint, .bind_ip = loopback, .peer_ip = loopback, .runner_ip = loopback);
    assay_status s = local->deployment->free_port(local->host, port->protocol, &endpoint.bind_port);

    if (s)
        return s;
    endpoint.peer_port = endpoint.runner_port = endpoint.bind_port;
    return local->deployment->bind(local->host, node, index, &endpoint);
}

static assay_status bind_all(const struct local *local)
{
    for (uint32_t node = 0; node < local->node_count; node++) {
        size_t count = local->deployment->spec(local->host, node)->port_count;

        for (uint32_t index = 0; index < count; index++) {
            assay_status s = bind_port(local, node, index);

            if (s)
                return s;
        }
    }
    return ASSAY_OK;
}

static assay_status start_all(const struct local *local)
{
    /* Held until here, so that no other program on the machine is given one of these numbers by
       the kernel while configurations are being written. */
    local->deployment->release_ports(local->host);
    for (uint32_t node = 0; node < local->node_count; node++) {
        assay_status s = local->deployment->start(local->host, node);

        if (s)
            return s;
    }
    return ASSAY_OK;
}

static assay_status prepare(void *self, assay_task *task)
{
    const struct local *local = self;
    assay_status s = bind_all(local);

    if (!s)
        s = local->deployment->render(task);
    for (uint32_t node = 0; !s && node < local->node_count; node++)
        s = local->deployment->write_files(local->host, node);
    if (!s)
        s = start_all(local);
    if (!s)
        s = local->deployment->await_ready(task, local->patience, local->limit);
    return s;
}

static assay_status finish(void *self, assay_task *task)
{
    const struct local *local = self;

    return local->deployment->end_all(task, local->grace);
}

static const assay_option options[] = {
    ASSAY_OPTION_SPAN(struct local_options, patience, "60s", "1s..1h",
        "How long a node may go without progress until it is ready; twice that when SLOW_TEST_ENV "
        "is true."),
    ASSAY_OPTION_SPAN(struct local_options, limit, "0s", "0s..24h",
        "How long all nodes together may take to be ready; 0s: no limit but patience."),
    ASSAY_OPTION_SPAN(struct local_options, grace, "0s", "0s..10m",
        "At the end, time between asking a node to stop (SIGTERM) and ending it (SIGKILL); 0s: "
        "SIGKILL at once."),
    ASSAY_OPTION_SPAN(struct local_options, stop_patience, "10s", "0s..10m",
        "In a restart, time between asking a node to stop (SIGTERM) and ending it (SIGKILL)."),
};
static const char *const needs[] = {ASSAY_CLOCK, ASSAY_DEPLOYMENT, ASSAY_TOPOLOGY, NULL};

ASSAY_PLUGIN(local_deployer, ASSAY_DEPLOYER, "assay.local", "0.1.0",
    "Runs the nodes as processes on this machine", ASSAY_OPTIONS(struct local_options, options),
    .needs = needs, .create = create, .destroy = destroy, .prepare = prepare, .finish = finish,
    .deployer = &local_ops);
ASSAY_LIBRARY("assay-local", "0.1.0", "Apache-2.0", &local_deployer);

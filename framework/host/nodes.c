#include "framework/host/nodes.h"

#include "framework/host/record.h"
#include "framework/host/spec.h"
#include "framework/host/state.h"
#include "framework/topology/topology.h"

uint32_t host_node_count(const struct host *host)
{
    return host->config.topology->node_count;
}

assay_status host_node_info(const struct host *host, uint32_t node, assay_node_info *out)
{
    const struct topology_node *known = NULL;

    if (node >= host_node_count(host))
        return ASSAY_E_NOTFOUND;
    known = &host->config.topology->nodes[node];
    return record_give(out,
               &(assay_node_info){.struct_size = sizeof(*out),
                   .name = known->name,
                   .role = known->role,
                   .url = specs_url(host->specs, node),
                   .index = node,
                   .role_index = known->role_index},
               sizeof(*out))
        ? ASSAY_OK
        : ASSAY_E_INVALID;
}

assay_status host_node_status(const struct host *host, uint32_t node, assay_node_status *out)
{
    struct observation *observation = host->observation;
    assay_node_status status = {.struct_size = 0};

    if (node >= host_node_count(host))
        return ASSAY_E_NOTFOUND;
    (void)pthread_mutex_lock(&observation->lock);
    status = observation->nodes[node].status;
    (void)pthread_mutex_unlock(&observation->lock);
    status.struct_size = sizeof(status);
    return record_give(out, &status, sizeof(status)) ? ASSAY_OK : ASSAY_E_INVALID;
}

assay_ns nodes_blind(
    const struct observation *observation, const struct node_view *node, assay_ns now)
{
    assay_ns from = host_window_start(observation->host);
    assay_ns to = host_window_end(observation->host);

    if (from == ASSAY_FOREVER)
        return 0; /* there is no window yet */
    if (node->seen_at > from)
        from = node->seen_at;
    if (now < to)
        to = now;
    return to > from ? to - from : 0;
}

assay_status host_node_coverage(const struct host *host, uint32_t node, assay_coverage *out)
{
    struct observation *observation = host->observation;
    const struct node_view *view = NULL;
    assay_coverage coverage = {.struct_size = sizeof(coverage)};
    assay_ns blind = 0;

    if (node >= host_node_count(host))
        return ASSAY_E_NOTFOUND;
    (void)pthread_mutex_lock(&observation->lock);
    view = &observation->nodes[node];
    coverage.blocks_known = chain_known(&observation->chain, node);
    coverage.blocks_total = observation->chain.views[node].height_max;
    coverage.final_changed = observation->chain.views[node].final_changed;
    coverage.observations = view->observations;
    coverage.failures = view->failures;
    blind = nodes_blind(observation, view, host_now(host));
    coverage.blind_longest = blind > view->blind_longest ? blind : view->blind_longest;
    (void)pthread_mutex_unlock(&observation->lock);
    return record_give(out, &coverage, sizeof(coverage)) ? ASSAY_OK : ASSAY_E_INVALID;
}

/* ---- the service ---- */

static uint32_t service_count(const assay_host *table)
{
    return host_node_count(host_of(table));
}

static assay_status service_info(const assay_host *table, uint32_t node, assay_node_info *out)
{
    return host_node_info(host_of(table), node, out);
}

static assay_status service_status(const assay_host *table, uint32_t node, assay_node_status *out)
{
    return host_node_status(host_of(table), node, out);
}

const assay_nodes nodes_table = {
    .struct_size = sizeof(assay_nodes),
    .count = service_count,
    .info = service_info,
    .status = service_status,
};

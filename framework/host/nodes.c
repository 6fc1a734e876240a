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

struct absence nodes_blind(
    const struct observation *observation, const struct node_view *node, assay_ns now)
{
    struct absence gap = {host_window_start(observation->host), host_window_end(observation->host)};

    if (gap.from == ASSAY_FOREVER)
        return (struct absence){now, now}; /* there is no window yet */
    if (node->seen_at > gap.from)
        gap.from = node->seen_at;
    if (now < gap.to)
        gap.to = now;
    if (gap.to < gap.from)
        gap.to = gap.from;
    return gap;
}

/* The longest time out of sight that no receipt explains. `last` is the one until now. */
static assay_ns blind_unasked(const struct node_view *node, const struct absence *last)
{
    assay_ns longest = node->blind_unasked;
    assay_ns span = last->to - last->from - absences_overlap(&node->absences, last->from, last->to);

    if (span > longest)
        longest = span;
    VEC_EACH(const struct absence, gap, &node->gaps) {
        span = gap->to - gap->from - absences_overlap(&node->absences, gap->from, gap->to);
        if (span > longest)
            longest = span;
    }
    return longest;
}

assay_status host_node_coverage(const struct host *host, uint32_t node, assay_coverage *out)
{
    struct observation *observation = host->observation;
    const struct node_view *view = NULL;
    assay_coverage coverage = {.struct_size = sizeof(coverage)};
    struct absence blind = {0, 0};

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
    coverage.blind_longest = view->blind_longest;
    if (blind.to - blind.from > coverage.blind_longest)
        coverage.blind_longest = blind.to - blind.from;
    coverage.blind_unasked = blind_unasked(view, &blind);
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

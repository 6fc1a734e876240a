#include "framework/host/topology.h"

#include "framework/host/state.h"
#include "framework/host/wallet.h"
#include "framework/topology/topology.h"

static uint32_t service_node_count(const assay_host *table)
{
    return host_node_count(host_of(table));
}

static assay_status service_node(const assay_host *table, uint32_t node, assay_node_info *out)
{
    return host_node_info(host_of(table), node, out);
}

static uint32_t service_dial_count(const assay_host *table, uint32_t node)
{
    const struct topology *topology = host_of(table)->config.topology;

    return node < topology->node_count ? topology_dial_count(topology, node) : 0;
}

static uint32_t service_dial(const assay_host *table, uint32_t node, uint32_t nth)
{
    const struct topology *topology = host_of(table)->config.topology;

    if (nth >= service_dial_count(table, node))
        return ASSAY_NO_NODE;
    return topology_dial(topology, node, nth);
}

static const void *service_overrides(const assay_host *table, uint32_t node)
{
    const struct host *host = host_of(table);

    if (!host->config.overrides || node >= host_node_count(host))
        return NULL;
    return host->config.overrides[node];
}

static uint32_t service_account_count(const assay_host *table)
{
    return wallet_count(host_of(table)->wallet);
}

static assay_status service_account(const assay_host *table, uint32_t index, assay_account *out)
{
    return wallet_account(host_of(table)->wallet, index, out);
}

const assay_topology topology_table = {
    .struct_size = sizeof(assay_topology),
    .node_count = service_node_count,
    .node = service_node,
    .dial_count = service_dial_count,
    .dial = service_dial,
    .overrides = service_overrides,
    .account_count = service_account_count,
    .account = service_account,
};

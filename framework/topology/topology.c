#include "framework/topology/topology.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "framework/base/mem.h"
#include "framework/base/number.h"

static const char *const layout_names[] = {
    [TOPOLOGY_STAR] = "star", [TOPOLOGY_CHAIN] = "chain", [TOPOLOGY_FULL] = "full"};

bool topology_layout_parse(const char *text, enum topology_layout *out)
{
    for (size_t i = 0; i < ARRAY_COUNT(layout_names); i++) {
        if (strcmp(layout_names[i], text) == 0) {
            *out = (enum topology_layout)i;
            return true;
        }
    }
    return false;
}

const char *topology_layout_name(enum topology_layout layout)
{
    assert((size_t)layout < ARRAY_COUNT(layout_names));
    return layout_names[layout];
}

static void name_node(
    struct topology_node *node, uint32_t index, const struct topology_shape *shape)
{
    const bool is_first_kind = shape->nodes > 0 || index < shape->validators;

    node->index = index;
    node->role = shape->nodes > 0 ? "node" : is_first_kind ? "validator" : "executor";
    node->role_index = is_first_kind ? index : index - shape->validators;
    (void)snprintf(node->name, sizeof node->name, "%s-%" PRIu32, node->role, node->role_index);
}

assay_status topology_new(
    const struct topology_shape *shape, struct topology **out, struct error *err)
{
    const uint64_t count =
        shape->nodes ? shape->nodes : (uint64_t)shape->validators + shape->executors;
    auto_topology struct topology *topology = NULL;

    if (count == 0)
        return error_set(
            err, ASSAY_E_INVALID, "there is no node; set validators or executors to at least 1");
    if (shape->nodes && (shape->validators > 1 || shape->executors))
        return error_set(err, ASSAY_E_INVALID,
            "nodes is for networks with one kind of node; leave validators and executors out");
    if (count > TOPOLOGY_NODES_MAX)
        return error_set(err, ASSAY_E_INVALID, "%" PRIu64 " nodes are more than the %d allowed",
            count, (int)TOPOLOGY_NODES_MAX);
    if (shape->accounts > TOPOLOGY_ACCOUNTS_MAX)
        return error_set(err, ASSAY_E_INVALID, "%" PRIu32 " accounts are more than the %d allowed",
            shape->accounts, (int)TOPOLOGY_ACCOUNTS_MAX);
    topology = mem_new(sizeof *topology);
    if (!topology)
        return error_nomem(err);
    topology->shape = *shape;
    topology->node_count = (uint32_t)count;
    topology->nodes = mem_new_array(topology->node_count, sizeof *topology->nodes);
    if (!topology->nodes)
        return error_nomem(err);
    for (uint32_t i = 0; i < topology->node_count; i++)
        name_node(&topology->nodes[i], i, shape);
    *out = take(topology);
    return ASSAY_OK;
}

void topology_free(struct topology *topology)
{
    if (!topology)
        return;
    free(topology->nodes);
    free(topology);
}

const struct topology_node *topology_find(const struct topology *topology, const char *name)
{
    for (uint32_t i = 0; i < topology->node_count; i++) {
        if (strcmp(topology->nodes[i].name, name) == 0)
            return &topology->nodes[i];
    }
    return NULL;
}

uint32_t topology_dial_count(const struct topology *topology, uint32_t node)
{
    assert(node < topology->node_count);
    switch (topology->shape.layout) {
    case TOPOLOGY_STAR:
    case TOPOLOGY_CHAIN:
        return node > 0 ? 1 : 0;
    case TOPOLOGY_FULL:
        return node;
    }
    return 0;
}

uint32_t topology_dial(const struct topology *topology, uint32_t node, uint32_t nth)
{
    assert(nth < topology_dial_count(topology, node));
    switch (topology->shape.layout) {
    case TOPOLOGY_STAR:
        return 0;
    case TOPOLOGY_CHAIN:
        return node - 1;
    case TOPOLOGY_FULL:
        return nth;
    }
    return 0;
}

struct topology_account topology_account(const struct topology *topology, uint32_t index)
{
    const struct topology_shape *shape = &topology->shape;
    struct topology_account account = {.index = index};

    assert(index < shape->accounts);
    account.funds =
        shape->funds_total / shape->accounts + (index < shape->funds_total % shape->accounts);
    (void)snprintf(account.label, sizeof account.label, "wallet-user-%" PRIu32, index);
    return account;
}

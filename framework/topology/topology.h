/* The shape of the network: which nodes there are, who dials whom, which accounts are funded.

   Nodes are numbered validators first, then executors, and named by role and
   number within the role: validator-0, validator-1, executor-0. Where there is one
   kind of node alone they are node-0, node-1. Indices and names are stable for a
   run. Who dials whom (node contract 5.3):

       star    node 0 is the hub, everybody else dials it
       chain   node i dials node i - 1
       full    node i dials every node before it

   Constant after topology_new; any thread may read. */
#ifndef ASSAY_TOPOLOGY_TOPOLOGY_H
#define ASSAY_TOPOLOGY_TOPOLOGY_H

#include <stdbool.h>
#include <stdint.h>

#include "framework/base/cleanup.h"
#include "framework/base/error.h"

enum {
    TOPOLOGY_NODES_MAX = 10000,      /* more than one machine or cluster test runs */
    TOPOLOGY_ACCOUNTS_MAX = 1000000, /* genesis has an output for each */
    NODE_NAME_SIZE = 32
};

enum topology_layout {
    TOPOLOGY_STAR,
    TOPOLOGY_CHAIN,
    TOPOLOGY_FULL
};

struct topology_shape {
    enum topology_layout layout;
    uint32_t validators;
    uint32_t executors;
    uint32_t nodes; /* of one kind alone; then executors must be 0, and validators do not count */
    uint32_t accounts;
    uint64_t funds_total; /* dealt out evenly; the first accounts get one more when it is uneven */
};

struct topology_node {
    char name[NODE_NAME_SIZE]; /* "executor-1" */
    const char *role;          /* "validator" or "executor", or "node" */
    uint32_t index;
    uint32_t role_index;
};

struct topology_account {
    char label[NODE_NAME_SIZE]; /* "wallet-user-7" */
    uint32_t index;
    uint64_t funds;
};

struct topology {
    struct topology_shape shape;
    struct topology_node *nodes;
    uint32_t node_count;
};

/* "star", "chain", "full". False: something else. */
bool topology_layout_parse(const char *text, enum topology_layout *out);
const char *topology_layout_name(enum topology_layout layout);

/* ASSAY_E_INVALID: no node, more nodes or accounts than the limits, or nodes of one kind beside
   executors or more than the one validator that there is by default. */
assay_status topology_new(
    const struct topology_shape *shape, struct topology **out, struct error *err);
void topology_free(struct topology *topology);

/* The node of that name, or NULL. */
const struct topology_node *topology_find(const struct topology *topology, const char *name);

/* How many nodes `node` dials, and the nth of them (below that count). */
uint32_t topology_dial_count(const struct topology *topology, uint32_t node);
uint32_t topology_dial(const struct topology *topology, uint32_t node, uint32_t nth);

/* The account at index, below shape.accounts. */
struct topology_account topology_account(const struct topology *topology, uint32_t index);

CLEANUP_DEFINE(auto_topology, struct topology *, topology_free)
#define auto_topology CLEANUP(auto_topology)

#endif

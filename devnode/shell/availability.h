/* availability.h - data availability as the rest of the shell sees it.
 *
 * Two files implement it: da_shell.c, and availability_none.c for a build without (ASSAY_DA=OFF),
 * where every node is one that was configured without. Without, there is no struct availability:
 * all functions take NULL and do nothing. On the event loop's thread. */
#ifndef DEVNODE_SHELL_AVAILABILITY_H
#define DEVNODE_SHELL_AVAILABILITY_H

#include "devnode/core/node.h"
#include "devnode/shell/http.h"
#include "devnode/shell/log.h"

struct api;
struct availability;
struct config;
struct database;
struct event_base;
struct text;
struct yaml_tree;

/* Reads its part of the configuration. *out is NULL when it has none, or the build has none. False and
 * a reason when it is wrong. */
bool availability_read(struct availability **out, const struct yaml_tree *file, struct reason *why);
void availability_free(struct availability *availability);

/* For the parameters of the node: how long blobs are asked for. */
uint64_t availability_validity_ns(const struct availability *availability);

struct availability_params {
    struct event_base *base;
    struct node *node;
    const struct node_params *node_params; /* with the genesis; borrowed during the call */
    struct database *database;             /* outlives */
    bool is_executor;
    void (*log)(void *self, enum node_level level, const char *text);
    void (*after_input)(void *self);
    uint64_t (*now_ns)(void *self);
    void *self; /* of the three */
};

/* Once the node is there; what the node was restored from went by before. False and a reason when it
 * cannot. */
bool availability_open(struct availability *availability, const struct availability_params *params,
    struct reason *why);
/* Begins to take connections. */
void availability_start(struct availability *availability);

void availability_tick(struct availability *availability, uint64_t now_ns);
uint64_t availability_next_wake(const struct availability *availability);

/* For struct node_host. */
bool availability_is_sampled(struct availability *availability, const struct bytes32 *blob);
bool availability_is_cut_off(struct availability *availability);
void availability_want(struct availability *availability, const struct bytes32 *blob);
void availability_block_added(struct availability *availability, const struct chain_block *block);

/* The routes it adds; their handlers get the struct api. */
struct http_routes availability_routes(void);
struct http_routes availability_testing_routes(void);

/* Its part of GET /metrics. */
void availability_add_metrics(const struct availability *availability, struct text *text);

#endif

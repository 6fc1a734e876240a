/* The sections of a node's configuration, one function each. Internal to node_config*.c. */
#ifndef NOMOS_NODE_CONFIG_PARTS_H
#define NOMOS_NODE_CONFIG_PARTS_H

#include "nomos/node_config.h"

/* Of a log filter, "nomos::module=debug". */
#define NODE_CONFIG_FILTER_PAIR_MAX 255

/* What the sections share: the document and what it is about. */
struct node_config_writer {
    struct document doc;
    const struct node_config *config;
    const struct node_config_network *network;
    struct text scratch; /* room for values that are made first */
};

/* node_config_network.c: how the node finds and talks to others. */
void node_config_write_network(struct node_config_writer *writer);
void node_config_write_blend(struct node_config_writer *writer);
void node_config_write_deployment(struct node_config_writer *writer);

/* node_config_da.c: da_network, da_verifier, da_sampling, of executors also da_dispersal. */
void node_config_write_da(struct node_config_writer *writer);

/* node_config_services.c: everything of the node itself. */
void node_config_write_cryptarchia(struct node_config_writer *writer);
void node_config_write_time(struct node_config_writer *writer);
void node_config_write_tracing(struct node_config_writer *writer);
void node_config_write_http(struct node_config_writer *writer);
void node_config_write_storage(struct node_config_writer *writer);
void node_config_write_keys(struct node_config_writer *writer);

/* Shorthands: an address that is listened on, a seed or key in hex. */
void node_config_put_address(struct node_config_writer *writer, const char *key,
    const struct node_config_endpoint *at, const struct bytes32 *public_key);
void node_config_put_fr(struct node_config_writer *writer, const char *key, const struct fr *value);

#endif

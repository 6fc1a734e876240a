/* da_config.h - what data availability reads from the configuration file: da_network, da_verifier,
 * da_sampling and da_dispersal (node contract 5.2). Only the address and the shape of the membership
 * must be there; the rest has the values that tests use. One thread. */
#ifndef DEVNODE_SHELL_DA_CONFIG_H
#define DEVNODE_SHELL_DA_CONFIG_H

#include "devnode/core/da.h"
#include "devnode/shell/config.h"

struct yaml_tree;

struct da_config {
    bool is_there; /* the file has da_network */
    struct config_address listen;
    /* What the file says; the rest of the parameters is for others to fill in. */
    struct da_params params;
};

/* False and a reason that names the first key that is missing or wrong. */
bool da_config_read(struct da_config *out, const struct yaml_tree *file, struct reason *why);

#endif

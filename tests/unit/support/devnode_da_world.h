/* devnode_da_world.h - a world (devnode_world.h) whose nodes have data availability.
 *
 * Connections for data are made when a node dials, have the world's delay, and can be made to lose
 * messages, or be cut between two nodes. Everything follows from the parameters and the seed. */
#ifndef DEVNODE_DA_WORLD_H
#define DEVNODE_DA_WORLD_H

#include "devnode_world.h"

#include "devnode/core/da.h"
#include "devnode/core/da_parts.h"

struct da_world_params {
    struct world_params world;
    size_t executor_count; /* the last ones */
    uint32_t columns;
    uint32_t samples;
    uint64_t seed;
};

struct da_world_link;
struct da_world_event;

struct da_world_node {
    struct da_world *world;
    size_t index;
    struct da *da; /* NULL: stopped */
    struct da_memory_store *memory;
    size_t messages_in; /* taken, but for HELLO and PROOF */
    size_t warnings;
    char last_warning[512];
};

struct da_world {
    struct world world;
    struct da_world_params params;
    struct da_world_node nodes[WORLD_NODES_MAX];
    size_t node_of_member[WORLD_NODES_MAX];
    struct da_world_link *links;
    struct da_world_event *events; /* in order of time */
    bool is_cut[WORLD_NODES_MAX][WORLD_NODES_MAX];
    uint32_t loss_1000; /* messages lost, of a thousand */
    uint64_t noise;
};

/* Three validators and two executors, two columns (one of data), one sampled; slots of a second. */
extern const struct da_world_params da_world_usual;

/* All nodes run and are connected to all others for blocks. */
void da_world_init(struct da_world *world, const struct da_world_params *params);
void da_world_done(struct da_world *world);

struct da *da_world_da(const struct da_world *world, size_t i);

/* No data connection between a and b any more (or again). */
void da_world_cut(struct da_world *world, size_t a, size_t b, bool is_cut);

/* The next number of the world's chance, below `bound`. */
uint64_t da_world_draw(struct da_world *world, uint64_t bound);

/* What became of a dispersal. */
struct da_world_dispersal {
    struct da_context context;
    uint8_t data[31 * 8];
    size_t size;
    bool is_over;
    bool has_succeeded;
    struct bytes32 blob;
    char why[256];
};

/* Disperses `chunks` * 31 bytes of chance through executor i as the first message of a channel (or
 * after `parent`), and does not wait. `out` must live until it is over. */
void da_world_disperse(struct da_world *world, size_t i, uint8_t channel,
    const struct bytes32 *parent, size_t chunks, struct da_world_dispersal *out);

/* Disperses the same data as the same message once more. `out` may be `of`. */
void da_world_disperse_again(struct da_world *world, size_t i, const struct da_world_dispersal *of,
    struct da_world_dispersal *out);

/* Runs until the dispersal is over, at most a minute. */
void da_world_wait(struct da_world *world, const struct da_world_dispersal *dispersal);

/* The height of the block of node i's branch that carries a blob; 0: none. *out_message (may be NULL)
 * is the id of its message. */
uint64_t da_world_height_of(const struct da_world *world, size_t i, const struct bytes32 *blob,
    struct bytes32 *out_message);
/* Runs until node i has a block with the blob; false after 30 slots. */
bool da_world_run_to_blob(struct da_world *world, size_t i, const struct bytes32 *blob);

/* Reads the blob back from the columns that running nodes keep; how many columns there are. Fails the
 * test when there are enough and they do not give the data. */
size_t da_world_read(struct da_world *world, const struct da_world_dispersal *dispersal);

void da_world_switch(struct da_world *world, size_t i, const char *misbehaviour);

#endif

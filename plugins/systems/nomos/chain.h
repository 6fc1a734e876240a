/* The chain of one node, as ids by height, and how it is found: by walking back from the node's
   tip until an id is reached that is known to be on its chain, or genesis.

   Used by one follow task alone. */
#ifndef PLUGINS_SYSTEMS_NOMOS_CHAIN_H
#define PLUGINS_SYSTEMS_NOMOS_CHAIN_H

#include "plugins/systems/nomos/nomos.h"

enum {
    WALK_MAX = 65536 /* blocks that a node may be ahead of what we know: a day of slots */
};

struct chain {
    struct bytes32 *ids; /* [0] is genesis */
    uint64_t height, room;
};

/* A block on the way from the tip back. */
struct step {
    struct bytes32 id;
    struct block block; /* all zeros when the host had it already */
    bool is_ours;       /* claimed and fetched by this walk: to be published */
};

struct walk {
    struct step *steps; /* newest first */
    size_t count, room;
};

assay_status chain_init(struct chain *chain, const struct bytes32 *genesis);
void chain_done(struct chain *chain);

bool chain_has(const struct chain *chain, uint64_t height, const struct bytes32 *id);

/* Cuts the chain to `base` and appends the walk's ids, oldest first. */
assay_status chain_replace(struct chain *chain, uint64_t base, const struct walk *walk);

/* Adds a step; NULL without memory or beyond WALK_MAX. */
struct step *walk_add(struct walk *walk, const struct bytes32 *id);
void walk_done(struct walk *walk);

#endif

/* chain.h - the tree of blocks that may still change, and the choice among its branches.
 *
 * The root of the tree is the last irreversible block (LIB); blocks below it are in the store
 * only. The tip is the block at the end of the chosen branch. Rules are node contract 4.3: while
 * bootstrapping the LIB stays and the denser branch wins (maxvalid_bg); online the LIB is the
 * k-th ancestor of the tip and only a strictly longer branch wins. The tree owns its blocks;
 * each owns a reference to its ledger and transactions. One thread. */
#ifndef DEVNODE_CORE_CHAIN_H
#define DEVNODE_CORE_CHAIN_H

#include "devnode/core/ledger.h"
#include "devnode/core/table.h"
#include "nomos/block.h"

struct chain_block {
    struct bytes32 id;
    struct block_header header;
    struct signature signature;
    uint64_t height;       /* blocks since genesis */
    struct ledger *ledger; /* the state after it */
    struct transaction **txs;
    size_t tx_count;            /* of the LIB: zero, its contents are in the store */
    struct chain_block *parent; /* NULL for the LIB */
    struct chain_block *first_child;
    struct chain_block *next_sibling;
};

struct chain {
    struct table blocks;
    struct chain_block *lib;
    struct chain_block *tip;
    uint64_t security_param; /* k */
    uint64_t density_window; /* slots after a fork in which blocks are counted */
    bool is_online;
};

/* What a new block is made of; the references are taken over. */
struct chain_contents {
    struct bytes32 id;
    struct block_header header;
    struct signature signature;
    struct ledger *ledger;
    struct transaction **txs; /* allocated, taken over */
    size_t tx_count;
};

void chain_contents_done(struct chain_contents *contents);

/* Starts with one block, which is LIB and tip. */
void chain_init(struct chain *chain, struct chain_contents *first, uint64_t security_param,
    uint64_t density_window);
void chain_done(struct chain *chain);

struct chain_block *chain_find(const struct chain *chain, const struct bytes32 *id);

/* Adds a block below `parent`. Neither tip nor LIB move. */
struct chain_block *chain_attach(
    struct chain *chain, struct chain_block *parent, struct chain_contents *contents);

/* Whether the branch that ends with `block` is to be preferred to the present tip. */
bool chain_prefers(const struct chain *chain, const struct chain_block *block);

/* The last block that both branches have. */
struct chain_block *chain_fork_point(struct chain_block *a, struct chain_block *b);

/* The block of the chosen branch at `height`; NULL outside [LIB, tip]. */
struct chain_block *chain_at(const struct chain *chain, uint64_t height);

/* The block that the LIB should move to next, one step towards the tip; NULL when it is where it
 * belongs. `floor_height` is a height that the LIB may move up to though still bootstrapping: what
 * was final before a restart. */
struct chain_block *chain_next_lib(const struct chain *chain, uint64_t floor_height);

/* Called for each block that leaves the tree, before it is freed. */
typedef void (*chain_leaver)(void *self, const struct chain_block *block);

/* Makes `next`, a child of the LIB, the LIB. The old LIB and all branches that do not contain
 * `next` leave the tree; the tip must not be among them. The contents of `next` are let go of. */
void chain_advance(struct chain *chain, struct chain_block *next, chain_leaver leave, void *self);

#endif

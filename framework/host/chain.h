/* The chains that the nodes hold, as one graph of blocks and a view per node.

   Blocks are known by id and numbered from 0 in the order in which they were first heard of. A
   block is either published (its header is known, and its contents too unless it is bodiless), or
   only heard of: as somebody's parent, or because somebody is about to fetch it. A view is a node's
   present chain by height, and beside it the blocks that the node has called final.

   Data only: no lock, no clock, no host. Whoever owns it (observe.c) locks. Views grow by 8 bytes a
   block; blocks take about 150 bytes, and their items. */
#ifndef ASSAY_HOST_CHAIN_H
#define ASSAY_HOST_CHAIN_H

#include <stdbool.h>

#include "framework/base/error.h"
#include "framework/base/vec.h"
#include "framework/host/blob.h"
#include "framework/host/body.h"
#include "framework/host/idtable.h"
#include "framework/host/texts.h"

#define CHAIN_NONE UINT32_MAX /* "no such block" */

enum {
    CHAIN_BLOCKS_MAX = 1 << 22,  /* five days at ten blocks a second */
    CHAIN_HEIGHTS_MAX = 1 << 22, /* of one view */
    CHAIN_PATH_MAX = 1 << 22,    /* ids in one move of a tip */
    CHAIN_PAYLOADS_MAX = 2 << 20 /* bytes of payloads kept: those of the newest blocks */
};

struct chain_block {
    const char *id; /* lives as long as the chain */
    uint32_t parent;
    bool is_published;
    bool has_height; /* else its publisher left it to be found out */
    bool is_bodiless;
    uint64_t height, slot;
    assay_ns seen_at;
    assay_ns claimed_until; /* somebody fetches it; the owner's to use */
    struct body *body;
    struct blob *payload;
};

/* Blocks by height, from height `low` on. Empty: count 0. */
struct heights {
    uint64_t low;
    struct vec numbers; /* uint32_t */
};

struct chain_view {
    struct heights best;  /* the present chain */
    struct heights final; /* what was called final, as last said for each height */
    uint64_t checked;     /* finals below this height are known to agree with best */
    uint64_t final_changed;
    uint64_t height_max; /* of any tip reported */
};

struct chain {
    struct vec pages; /* struct chain_block *, so that blocks never move */
    uint32_t block_count;
    struct idtable by_id;
    struct texts texts;
    struct chain_view *views;
    uint32_t view_count;
    struct vec payloads; /* uint32_t: blocks that have one, the oldest first */
    size_t payload_bytes;
};

assay_status chain_init(struct chain *chain, uint32_t view_count);
void chain_done(struct chain *chain);

/* CHAIN_NONE: never heard of. */
uint32_t chain_find(const struct chain *chain, const char *id);
struct chain_block *chain_block(const struct chain *chain, uint32_t number);

/* The number under which the id is heard of from now on. CHAIN_NONE: it is empty or longer than
   ASSAY_ID_MAX - 1, CHAIN_BLOCKS_MAX is reached, or there is no memory. */
uint32_t chain_hear(struct chain *chain, const char *id);

/* Publishes a block, a genesis if its parent is "" or all zeros, with its body, of which it takes a
   reference of its own. Again is fine: a bodiless block gets its contents, anything else stays.
   ASSAY_E_INVALID: an id that is no id, its own parent, a height that is not its parent's plus one,
   or another parent, slot or height than before. ASSAY_E_LAGGED: CHAIN_BLOCKS_MAX. */
struct chain_news {
    const assay_block_info *info; /* full-sized */
    struct body *body;
    assay_ns now;
};
assay_status chain_publish(
    struct chain *chain, const struct chain_news *news, uint32_t *out, struct error *err);

/* What a view's move means for those who watch: the `count` blocks from height `first` on
   are new. */
struct chain_move {
    uint64_t first, count;
    bool is_reorg; /* blocks were given up */
};

/* The node's tip moved through ids, oldest first, the last of which is the tip now: each published,
   each the parent of the next. The first one's parent stands on the view, or is the view's own
   root, or the first one is at height 0 or 1; or the view is empty. What stands already stays.
   ASSAY_E_INVALID: it does not fit. On failure the view is unchanged. */
struct chain_path {
    const char *const *ids;
    size_t count;
};
assay_status chain_extend(struct chain *chain, uint32_t view, const struct chain_path *path,
    struct chain_move *out, struct error *err);

/* The node says that its tip is at this height, and `final` the newest block that will not change.
   Ids not published say nothing about finality. ASSAY_E_NOMEM. */
assay_status chain_status(struct chain *chain, uint32_t view, uint64_t height, const char *final);

/* The block of the view at a height; CHAIN_NONE: it is not known. */
uint32_t chain_at(const struct chain *chain, uint32_t view, uint64_t height);
uint32_t chain_final_at(const struct chain *chain, uint32_t view, uint64_t height);

/* For how many heights from 1 on the view's block is known with its contents. */
uint64_t chain_known(const struct chain *chain, uint32_t view);

#endif

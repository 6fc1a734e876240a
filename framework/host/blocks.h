/* assay.blocks/1: look-ups in the observed chains, and feeds of what nodes adopt.

   A feed is a ring of at most 4,096 observations, each a block's number, the node and the moment:
   it grows as it is filled, and drops the oldest when it is full, which its reader is told. */
#ifndef ASSAY_HOST_BLOCKS_H
#define ASSAY_HOST_BLOCKS_H

#include "framework/host/observe.h"

enum {
    FEED_MAX = 4096 /* the ABI's promise */
};

/* Puts the blocks of a move into the feeds. The observation's lock is held. */
void feeds_tell(
    struct observation *observation, uint32_t node, const struct chain_move *move, assay_ns now);

extern const assay_blocks blocks_table;

#endif

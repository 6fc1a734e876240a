/* What a block includes, as the items of assay.blocks/1: each transaction, and right after it the
   messages of channels that it carries.

   Memory is the list's own. Used by one task. */
#ifndef PLUGINS_SYSTEMS_NOMOS_ITEMS_H
#define PLUGINS_SYSTEMS_NOMOS_ITEMS_H

#include <assay/plugin.h>

#include "nomos/block.h"
#include "nomos/hex.h"

struct items {
    assay_item *list;
    size_t count;
    char (*ids)[HEX32_SIZE]; /* of the messages */
};

/* The transactions' ids are given as text and must live as long as the list. */
assay_status items_init(struct items *items, const struct block *block, char (*tx_ids)[HEX32_SIZE]);
void items_done(struct items *items);

#endif

#include "devnode/core/node_parts.h"

#include <stdlib.h>
#include <string.h>

#include "devnode/core/memory.h"

/* The made-up chain has the honest chain's heights, slots and transactions. Its blocks differ in
   their voucher and, because of it, in their ids and parents: to everyone who asks this node it
   looks like a chain that forked off and went on, with blocks that are valid in themselves. */

void forgery_done(struct forgery *forgery)
{
    free(forgery->ids);
    *forgery = (struct forgery){.is_on = false};
}

void forgery_undo(struct node *node, uint64_t height)
{
    struct forgery *forgery = &node->forgery;

    if (!forgery->is_on)
        return;
    if (height < forgery->first)
        forgery->count = 0;
    else if (height - forgery->first + 1 < forgery->count)
        forgery->count = (size_t)(height - forgery->first + 1);
}

static void forge(const struct forgery *forgery, size_t index, struct block_header *header)
{
    if (index)
        header->parent = forgery->ids[index - 1];
    header->voucher = fr_one;
}

void forgery_update(struct node *node)
{
    struct forgery *forgery = &node->forgery;
    uint64_t first = node->misbehaviours.argument[MISBEHAVE_FORK];

    if (!node->misbehaviours.is_on[MISBEHAVE_FORK]) {
        forgery_done(forgery);
        return;
    }
    if (!first)
        first = 1; /* nobody can have another genesis block */
    if (!forgery->is_on || forgery->first != first) {
        forgery_done(forgery);
        forgery->is_on = true;
        forgery->first = first;
    }
    for (uint64_t h = first + forgery->count; h <= node->chain.tip->height; h++) {
        struct bytes32 id;
        struct block block;

        if (!node_id_at(node, h, &id) || !node_load_block(node, &id, &block))
            return;
        forge(forgery, forgery->count, &block.header);
        if (forgery->count == forgery->room) {
            forgery->room = forgery->room ? forgery->room * 2 : 64;
            forgery->ids = memory_resize(forgery->ids, forgery->room, sizeof(*forgery->ids));
        }
        forgery->ids[forgery->count++] = block_header_id(&node->wire, &block.header);
        block_done(&block);
    }
}

bool forgery_id_at(const struct node *node, uint64_t height, struct bytes32 *out_id)
{
    const struct forgery *forgery = &node->forgery;

    if (!forgery->is_on || height < forgery->first || height - forgery->first >= forgery->count)
        return false;
    *out_id = forgery->ids[height - forgery->first];
    return true;
}

bool forgery_height_of(const struct node *node, const struct bytes32 *id, uint64_t *out_height)
{
    const struct forgery *forgery = &node->forgery;

    /* Newest first: that is what is asked for. */
    for (size_t i = forgery->count; i-- > 0;) {
        if (bytes32_equal(&forgery->ids[i], id)) {
            *out_height = forgery->first + i;
            return true;
        }
    }
    return false;
}

void forgery_apply(const struct node *node, uint64_t height, struct block *block)
{
    forge(&node->forgery, (size_t)(height - node->forgery.first), &block->header);
    block->signature = block_header_sign(&block->header, &node->block_key);
}

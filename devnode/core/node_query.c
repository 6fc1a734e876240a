#include "devnode/core/node_parts.h"

#include <stdlib.h>

bool node_id_at(struct node *node, uint64_t height, struct bytes32 *out_id)
{
    const struct chain_block *block = chain_at(&node->chain, height);

    if (block) {
        *out_id = block->id;
        return true;
    }
    return height < node->chain.lib->height &&
        node->store.block_at(node->store.self, height, out_id);
}

/* The id that is served for a height. */
static bool served_id_at(struct node *node, uint64_t height, struct bytes32 *out_id)
{
    return forgery_id_at(node, height, out_id) || node_id_at(node, height, out_id);
}

bool node_load_block(struct node *node, const struct bytes32 *id, struct block *out)
{
    size_t size;
    uint8_t *bytes = node->store.get_block(node->store.self, id, &size);
    bool is_read = bytes && block_decode(bytes, size, out, NULL) == NOMOS_OK;

    free(bytes);
    return is_read;
}

struct node_info node_info(struct node *node)
{
    const struct chain *chain = &node->chain;
    struct node_info info = {
        .lib = chain->lib->id,
        .tip = chain->tip->id,
        .slot = chain->tip->header.slot,
        .height = chain->tip->height,
        .lib_height = chain->lib->height,
        .is_online = chain->is_online,
    };

    (void)forgery_id_at(node, info.height, &info.tip);
    (void)forgery_id_at(node, info.lib_height, &info.lib);
    return info;
}

/* Ids by height, downwards, from `height`. */
static size_t served_ids_from(
    struct node *node, uint64_t height, const struct bytes32 *to, struct bytes32 out[HEADERS_MAX])
{
    size_t count = 0;

    while (count < HEADERS_MAX && served_id_at(node, height, &out[count])) {
        count++;
        if (height == node->chain.lib->height || (to && bytes32_equal(&out[count - 1], to)))
            break;
        height--;
    }
    return count;
}

size_t node_headers(struct node *node, const struct bytes32 *from, const struct bytes32 *to,
    struct bytes32 out[HEADERS_MAX])
{
    const struct chain_block *at = from ? chain_find(&node->chain, from) : node->chain.tip;
    uint64_t height;
    size_t count = 0;

    if (node->forgery.is_on) {
        if (!from)
            return served_ids_from(node, node->chain.tip->height, to, out);
        if (forgery_height_of(node, from, &height) && height >= node->chain.lib->height)
            return served_ids_from(node, height, to, out);
    }
    for (; at && count < HEADERS_MAX; at = at->parent) {
        out[count++] = at->id;
        if (to && bytes32_equal(&at->id, to))
            break;
    }
    return count;
}

bool node_block(struct node *node, const struct bytes32 *id, struct block *out)
{
    uint64_t height;
    struct bytes32 honest;

    if (!forgery_height_of(node, id, &height))
        return node_load_block(node, id, out);
    if (!node_id_at(node, height, &honest) || !node_load_block(node, &honest, out))
        return false;
    forgery_apply(node, height, out);
    return true;
}

bool node_block_at(struct node *node, uint64_t height, struct bytes32 *out_id, struct block *out)
{
    struct bytes32 id;

    if (!served_id_at(node, height, &id) || !node_block(node, &id, out))
        return false;
    *out_id = id;
    return true;
}

enum node_tx_state node_tx_state(
    struct node *node, const struct bytes32 *tx_id, struct bytes32 *out_block)
{
    const struct chain_block *block = table_get(&node->tx_blocks, tx_id->bytes);

    if (block) {
        *out_block = block->id;
        (void)forgery_id_at(node, block->height, out_block);
        return TX_IN_BLOCK;
    }
    if (mempool_find(&node->mempool, tx_id))
        return TX_PENDING;
    if (node->store.block_of_tx(node->store.self, tx_id, out_block))
        return TX_IN_BLOCK;
    return TX_UNKNOWN;
}

struct node_counts node_counts(const struct node *node)
{
    struct node_counts counts = node->counts;

    counts.pending = mempool_size(&node->mempool);
    counts.blocks_waiting = node->parked_count;
    for (size_t i = 0; i < node->peer_count; i++) {
        const struct peer *peer = node->peers[i];

        counts.connections += peer->is_proved;
        counts.connections_pending += !peer->is_proved;
        counts.peers += peer->is_proved && !peer->is_spare;
    }
    return counts;
}

bool node_balance(struct node *node, const struct fr *pk, const struct bytes32 *tip,
    struct ledger_balance *out, struct bytes32 *out_tip)
{
    const struct chain_block *block = tip ? chain_find(&node->chain, tip) : node->chain.tip;

    if (!block || !leader_knows(&node->leader, pk))
        return false;
    *out = ledger_balance_of(block->ledger, pk);
    *out_tip = block->id;
    (void)forgery_id_at(node, block->height, out_tip);
    return true;
}

struct sdp_declaration *node_declarations(const struct node *node, size_t *out_count)
{
    return ledger_declarations(node->chain.tip->ledger, out_count);
}

const struct bytes32 *node_public_key(const struct node *node)
{
    return &node->identity.public_key;
}

const struct bytes32 *node_genesis_id(const struct node *node)
{
    return &node->genesis_id;
}

const struct wire *node_wire(const struct node *node)
{
    return &node->wire;
}

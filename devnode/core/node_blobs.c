#include <stdlib.h>
#include <string.h>

#include "devnode/core/memory.h"
#include "devnode/core/node_parts.h"
#include "nomos/hex.h"

/* Blocks that wait for their blobs to be sampled (node contract 4.3: a block is valid when its blobs
   are). Their descendants wait with them, so that catching up goes on meanwhile. Whether a blob was
   sampled is for the host to say (node.h); without data availability no blob ever was. */

bool node_has_blobs_of(struct node *node, const struct mantle_tx *tx)
{
    bool has_all = true;

    for (size_t i = 0; i < tx->op_count; i++) {
        const struct op *op = &tx->ops[i];

        if (op->code != OP_CHANNEL_BLOB)
            continue;
        if (node->host.blob_is_sampled &&
            node->host.blob_is_sampled(node->host.self, &op->blob.blob))
            continue;
        has_all = false;
        if (node->host.blob_wanted)
            node->host.blob_wanted(node->host.self, &op->blob.blob);
    }
    return has_all;
}

/* Whether the block is to be taken on the word of the chain: it comes from our own store, or is so
   old that its data need not be there any more. */
static bool is_beyond_sampling(const struct node *node, const struct block *block)
{
    uint64_t slot_ns =
        node->params.chain_start_ns + block->header.slot * node->params.slot_duration_ns;

    return !node->is_started || node->now_ns > slot_ns + node->params.blob_validity_ns;
}

bool node_has_blobs(struct node *node, const struct block *block)
{
    bool has_all = true;

    if (is_beyond_sampling(node, block))
        return true;
    for (size_t i = 0; i < block->tx_count; i++)
        has_all = node_has_blobs_of(node, &block->txs[i].tx) && has_all;
    return has_all;
}

/* --- the parking place ------------------------------------------------------------------------ */

static struct parked *find(const struct node *node, const struct bytes32 *id)
{
    struct parked *parked = node->parked;

    while (parked && !bytes32_equal(&parked->id, id))
        parked = parked->next;
    return parked;
}

bool node_is_parked(const struct node *node, const struct bytes32 *id)
{
    return find(node, id) != NULL;
}

bool node_has_many_parked(const struct node *node)
{
    return node->parked_count >= PARKED_BLOCKS_MAX / 2 ||
        node->parked_bytes >= PARKED_BYTES_MAX / 2;
}

bool node_hopes_for_parked(const struct node *node)
{
    uint64_t hope_ns = node->params.slot_duration_ns;

    if (hope_ns < PARKED_HOPE_NS)
        hope_ns = PARKED_HOPE_NS;
    for (const struct parked *parked = node->parked; parked; parked = parked->next) {
        if (node->now_ns - parked->since_ns < hope_ns)
            return true;
    }
    return false;
}

/* All blobs that a block publishes; allocated. */
static struct bytes32 *blobs_of(const struct block *block, size_t *out_count)
{
    struct bytes32 *blobs = NULL;
    size_t count = 0;

    for (size_t i = 0; i < block->tx_count; i++) {
        const struct mantle_tx *tx = &block->txs[i].tx;

        for (size_t j = 0; j < tx->op_count; j++) {
            if (tx->ops[j].code != OP_CHANNEL_BLOB)
                continue;
            blobs = memory_resize(blobs, count + 1, sizeof(*blobs));
            blobs[count++] = tx->ops[j].blob.blob;
        }
    }
    *out_count = count;
    return blobs;
}

enum block_result node_park(struct node *node, const struct block *block, const struct bytes32 *id,
    const struct gossip_body *body)
{
    struct parked **end = &node->parked;
    struct parked *parked;

    if (node->parked_count >= PARKED_BLOCKS_MAX ||
        node->parked_bytes + body->size > PARKED_BYTES_MAX)
        return BLOCK_TOO_EARLY; /* it will be asked for again */
    parked = memory_new(1, sizeof(*parked) + body->size);
    parked->id = *id;
    parked->parent = block->header.parent;
    parked->since_ns = node->now_ns;
    parked->blobs = blobs_of(block, &parked->blob_count);
    parked->size = body->size;
    memcpy(parked->bytes, body->bytes, body->size);
    while (*end)
        end = &(*end)->next;
    *end = parked;
    node->parked_count++;
    node->parked_bytes += parked->size;
    return BLOCK_WAITS;
}

static struct parked *unlink_at(struct node *node, struct parked **at)
{
    struct parked *parked = *at;

    *at = parked->next;
    node->parked_count--;
    node->parked_bytes -= parked->size;
    return parked;
}

static void parked_free(struct parked *parked)
{
    free(parked->blobs);
    free(parked);
}

void node_parked_done(struct node *node)
{
    while (node->parked)
        parked_free(unlink_at(node, &node->parked));
}

/* --- leaving it ------------------------------------------------------------------------------- */

static bool is_ready(const struct node *node, const struct parked *parked)
{
    if (!chain_find(&node->chain, &parked->parent))
        return false;
    for (size_t i = 0; i < parked->blob_count; i++) {
        if (!node->host.blob_is_sampled(node->host.self, &parked->blobs[i]))
            return false;
    }
    return true;
}

/* Takes the first block that is ready out of the parking place, if there is one. */
static struct parked *take_ready(struct node *node)
{
    for (struct parked **at = &node->parked; *at; at = &(*at)->next) {
        if (is_ready(node, *at))
            return unlink_at(node, at);
    }
    return NULL;
}

/* Lets go of the descendants of blocks that are gone. */
static void drop_orphans(struct node *node)
{
    for (struct parked **at = &node->parked; *at;) {
        if (chain_find(&node->chain, &(*at)->parent) || find(node, &(*at)->parent)) {
            at = &(*at)->next;
        } else {
            parked_free(unlink_at(node, at));
            at = &node->parked; /* its own descendants may come before it */
        }
    }
}

void node_blobs_sampled(struct node *node, uint64_t now_ns)
{
    const struct chain_block *tip = node->chain.tip;
    struct parked *parked;

    node->now_ns = now_ns;
    while ((parked = take_ready(node))) {
        struct reason why = {.text = ""};
        char text[HEX32_SIZE];
        struct bytes32 id;
        enum block_result result = node_take_block(node, parked->bytes, parked->size, &id, &why);

        hex_from_bytes32(&parked->id, text);
        if (result != BLOCK_ADDED)
            node_log(node, NODE_WARN, "refused block 0x%s after its blobs were sampled: %s", text,
                why.text);
        parked_free(parked);
    }
    drop_orphans(node);
    if (node->chain.tip != tip)
        node_announce_tip(node);
    fetch_consider_all(node);
}

void node_check_parked(struct node *node)
{
    bool has_dropped = false;

    for (struct parked **at = &node->parked; *at;) {
        char text[HEX32_SIZE];

        if (node->now_ns - (*at)->since_ns < node->params.blob_validity_ns) {
            at = &(*at)->next;
            continue;
        }
        hex_from_bytes32(&(*at)->id, text);
        node_log(node, NODE_WARN, "gave up on block 0x%s: its blobs could not be sampled", text);
        parked_free(unlink_at(node, at));
        has_dropped = true;
    }
    if (has_dropped)
        drop_orphans(node);
}

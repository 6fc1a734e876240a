#include "devnode/core/node_parts.h"

#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "devnode/core/memory.h"
#include "nomos/hash.h"
#include "nomos/hex.h"

/* --- moving tip and LIB ----------------------------------------------------------------------- */

static void forget_txs(void *self, const struct chain_block *block)
{
    struct node *node = self;

    for (size_t i = 0; i < block->tx_count; i++) {
        const struct transaction *tx = block->txs[i];

        if (table_get(&node->known_txs, tx->digest.bytes) == tx)
            table_remove(&node->known_txs, tx->digest.bytes);
    }
}

static void finalise(struct node *node, const struct chain_block *block)
{
    struct bytes32 *ids = memory_new(block->tx_count, sizeof(*ids));

    for (size_t i = 0; i < block->tx_count; i++) {
        ids[i] = block->txs[i]->id;
        table_remove(&node->tx_blocks, ids[i].bytes);
    }
    node->store.finalise(node->store.self, block->height, &block->id, ids, block->tx_count);
    free(ids);
}

void node_move_lib(struct node *node)
{
    struct chain_block *next;
    bool has_moved = false;

    while ((next = chain_next_lib(&node->chain, node->final_height))) {
        finalise(node, next);
        chain_advance(&node->chain, next, forget_txs, node);
        has_moved = true;
    }
    if (has_moved && node->host.lib_moved)
        node->host.lib_moved(node->host.self, node->chain.lib->height, &node->chain.lib->id);
}

/* The transactions of blocks that the chosen branch gave up wait again, unless the new branch has
   them. The real node loses them; that would make a transaction's fate depend on who proposed. */
static void give_up(struct node *node, struct chain_block *from, const struct chain_block *fork)
{
    for (const struct chain_block *at = from; at != fork; at = at->parent) {
        for (size_t i = 0; i < at->tx_count; i++) {
            struct transaction *tx = at->txs[i];

            if (!node_has_tx(node, &tx->id))
                (void)node_pool(node, tx, NULL);
        }
    }
}

static void set_tip(struct node *node, struct chain_block *tip)
{
    struct chain_block *old = node->chain.tip;
    struct chain_block *fork = chain_fork_point(old, tip);

    for (const struct chain_block *at = old; at != fork; at = at->parent) {
        for (size_t i = 0; i < at->tx_count; i++)
            table_remove(&node->tx_blocks, at->txs[i]->id.bytes);
    }
    for (struct chain_block *at = tip; at != fork; at = at->parent) {
        for (size_t i = 0; i < at->tx_count; i++) {
            table_put(&node->tx_blocks, at->txs[i]->id.bytes, at);
            mempool_remove(&node->mempool, &at->txs[i]->id);
        }
    }
    node->chain.tip = tip;
    if (fork != old) {
        node->counts.reorganisations++;
        forgery_undo(node, fork->height);
        node_log(node, NODE_INFO,
            "chain switched: %" PRIu64 " blocks given up, %" PRIu64 " taken, height %" PRIu64,
            old->height - fork->height, tip->height - fork->height, tip->height);
        give_up(node, old, fork);
    }
}

/* Adds a checked block below `parent` and lets the tip and the LIB follow. */
static void add_block(struct node *node, struct chain_block *parent,
    struct chain_contents *contents, const char *origin)
{
    struct chain_block *block = chain_attach(&node->chain, parent, contents);
    char text[HEX32_SIZE];
    bool is_best;

    for (size_t i = 0; i < block->tx_count; i++)
        table_put(&node->known_txs, block->txs[i]->digest.bytes, block->txs[i]);
    is_best = chain_prefers(&node->chain, block);
    if (is_best)
        set_tip(node, block);
    node->counts.blocks_processed++;
    node->counts.transactions_processed += block->tx_count;
    hex_from_bytes32(&block->id, text);
    node_log(node, NODE_INFO,
        "%s block 0x%s slot %" PRIu64 " height %" PRIu64 " with %zu transactions%s", origin, text,
        block->header.slot, block->height, block->tx_count, is_best ? "" : " (not chosen)");
    if (is_best)
        forgery_update(node);
    if (node->host.block_added)
        node->host.block_added(node->host.self, block);
    if (is_best)
        node_move_lib(node);
}

/* --- taking blocks ---------------------------------------------------------------------------- */

/* The transactions of a decoded block as shared objects: those that the node knows already are
   recognised by their bytes and neither hashed nor checked again. */
static bool adopt_txs(struct node *node, struct block *block, const uint8_t *bytes,
    struct transaction **out, struct reason *why)
{
    /* What precedes the transactions in the binary form is as long as a block without any. */
    size_t at =
        block_size(&(const struct block){.header = block->header, .signature = block->signature});

    for (size_t i = 0; i < block->tx_count; i++) {
        uint32_t size = (uint32_t)bytes[at] | (uint32_t)bytes[at + 1] << 8 |
            (uint32_t)bytes[at + 2] << 16 | (uint32_t)bytes[at + 3] << 24;
        struct bytes32 digest = hash_of(bytes + at + 4, size);
        struct transaction *known = mempool_find_digest(&node->mempool, &digest);

        at += 4 + (size_t)size;
        if (!known)
            known = table_get(&node->known_txs, digest.bytes);
        if (known)
            out[i] = transaction_ref(known);
        else
            out[i] = transaction_new(&node->wire, &block->txs[i], why);
        if (!out[i])
            return reason_wrap(why, "transaction %zu", i);
    }
    return true;
}

static bool has_contents_of_header(const struct block_header *header,
    struct transaction *const *txs, size_t count, struct reason *why)
{
    struct fr *hashes = memory_new(count, sizeof(*hashes));
    struct bytes32 root;

    for (size_t i = 0; i < count; i++)
        hashes[i] = txs[i]->hash;
    root = block_root(hashes, count);
    free(hashes);
    if (!bytes32_equal(&root, &header->block_root))
        return reason_set(why, "the block root does not match the transactions");
    return true;
}

static bool is_leader_public(
    const struct block_header *header, const struct leader_public *expected, struct reason *why)
{
    const struct leader_public *stated = &header->leader_public;

    if (!header->has_leader_public)
        return reason_set(why, "the proof of leadership lacks its public inputs");
    if (stated->slot != expected->slot)
        return reason_set(why, "the proof of leadership is for slot %" PRIu64, stated->slot);
    if (!fr_equal(&stated->epoch_nonce, &expected->epoch_nonce))
        return reason_set(why, "the proof of leadership has another epoch nonce");
    if (stated->total_stake != expected->total_stake)
        return reason_set(why,
            "the proof of leadership has a total stake of %" PRIu64 " instead of %" PRIu64,
            stated->total_stake, expected->total_stake);
    if (!fr_equal(&stated->aged_root, &expected->aged_root))
        return reason_set(why, "the proof of leadership has another root of aged notes");
    if (!fr_equal(&stated->latest_root, &expected->latest_root))
        return reason_set(why, "the proof of leadership has another root of latest notes");
    return true;
}

/* The state after the block, or NULL: header first, as it is cheaper to check. */
static struct ledger *ledger_after(struct node *node, const struct chain_block *parent,
    const struct block *block, struct transaction *const *txs, struct reason *why)
{
    struct ledger *ledger = ledger_begin(parent->ledger, &node->rules, block->header.slot, why);
    bool is_valid;

    if (!ledger)
        return NULL;
    struct leader_public expected = ledger_leader_public(ledger, &node->rules, parent->ledger);
    is_valid = is_leader_public(&block->header, &expected, why) &&
        has_contents_of_header(&block->header, txs, block->tx_count, why);
    for (size_t i = 0; i < block->tx_count && is_valid; i++) {
        is_valid = ledger_apply(ledger, &node->rules, txs[i], why);
        if (!is_valid)
            reason_prefix(why, "transaction %zu", i);
    }
    if (!is_valid) {
        ledger_unref(ledger);
        return NULL;
    }
    ledger_seal(ledger, &node->rules, &block->header.entropy);
    return ledger;
}

/* What can be told from the header and its place in the tree alone. */
static enum block_result place(const struct node *node, const struct block *block,
    const struct bytes32 *id, struct chain_block **out_parent, struct reason *why)
{
    const struct block_header *header = &block->header;

    if (chain_find(&node->chain, id))
        return BLOCK_KNOWN;
    if (node_is_parked(node, id)) {
        reason_format(why, "it waits for its blobs");
        return BLOCK_WAITS;
    }
    if (header->slot <= node->chain.lib->header.slot && node->chain.lib->height) {
        reason_format(why,
            "slot %" PRIu64 " is not after the last irreversible block's slot %" PRIu64,
            header->slot, node->chain.lib->header.slot);
        return BLOCK_TOO_OLD;
    }
    /* Stored blocks were judged when they came; there is no clock yet to judge them by. */
    if (node->is_started && header->slot > node_slot_at(node, node->now_ns) + SLOTS_AHEAD_MAX) {
        reason_format(why, "slot %" PRIu64 " lies ahead of the clock's slot %" PRIu64, header->slot,
            node_slot_at(node, node->now_ns));
        return BLOCK_TOO_EARLY;
    }
    *out_parent = chain_find(&node->chain, &header->parent);
    return *out_parent ? BLOCK_ADDED : BLOCK_ORPHAN;
}

/* Parks a block whose blobs were not all sampled, or whose parent is parked. BLOCK_ADDED: nothing
   is to be waited for. */
static enum block_result wait_for_blobs(struct node *node, const struct block *block,
    const struct bytes32 *id, const struct gossip_body *body, struct reason *why)
{
    bool has_blobs = node_has_blobs(node, block);

    if (has_blobs && chain_find(&node->chain, &block->header.parent))
        return BLOCK_ADDED;
    if (!node->host.blob_is_sampled) {
        reason_format(why, "it carries a blob, and this node has no data availability");
        return BLOCK_INVALID;
    }
    reason_format(why, has_blobs ? "its parent waits for blobs" : "its blobs were not sampled yet");
    return node_park(node, block, id, body);
}

static enum block_result take_decoded(struct node *node, struct block *block, const uint8_t *bytes,
    size_t size, struct bytes32 *out_id, struct reason *why)
{
    struct chain_block *parent = NULL;
    enum block_result result;

    *out_id = block_header_id(&node->wire, &block->header);
    result = place(node, block, out_id, &parent, why);
    if (result == BLOCK_ORPHAN && !node_is_parked(node, &block->header.parent))
        return BLOCK_ORPHAN;
    if (result != BLOCK_ADDED && result != BLOCK_ORPHAN)
        return result;
    if (!block_header_verify(&block->header, &block->signature)) {
        reason_format(why, "the leader's signature does not hold");
        return BLOCK_INVALID;
    }
    result = wait_for_blobs(
        node, block, out_id, &(struct gossip_body){.bytes = bytes, .size = size}, why);
    if (result != BLOCK_ADDED)
        return result;
    struct chain_contents contents = {
        .id = *out_id, .header = block->header, .signature = block->signature};
    contents.txs = memory_new(block->tx_count, sizeof(struct transaction *));
    contents.tx_count = block->tx_count;
    if (adopt_txs(node, block, bytes, contents.txs, why))
        contents.ledger = ledger_after(node, parent, block, contents.txs, why);
    if (!contents.ledger) {
        chain_contents_done(&contents);
        return BLOCK_INVALID;
    }
    node->store.put_block(node->store.self, out_id, bytes, size);
    add_block(node, parent, &contents, node->is_started ? "took" : "restored");
    return BLOCK_ADDED;
}

enum block_result node_take_block(struct node *node, const uint8_t *bytes, size_t size,
    struct bytes32 *out_id, struct reason *why)
{
    enum block_result result = BLOCK_INVALID;
    struct nomos_error err;
    struct block block;

    *out_id = (struct bytes32){{0}};
    if (block_decode(bytes, size, &block, &err)) {
        reason_format(why, "not a block: %s", err.text);
    } else {
        result = take_decoded(node, &block, bytes, size, out_id, why);
        block_done(&block);
    }
    if (result == BLOCK_INVALID)
        node->counts.blocks_refused++;
    return result;
}

/* --- making blocks ---------------------------------------------------------------------------- */

/* Fills the block in mempool order. A transaction that cannot be applied now is dropped for
   good, as the real node does (node contract 4.4). */
static void fill(struct node *node, struct chain_contents *contents)
{
    size_t cursor = 0;
    size_t bytes = 0;
    struct transaction *tx;

    contents->txs = memory_new(BLOCK_TXS_MAX, sizeof(struct transaction *));
    while (contents->tx_count < BLOCK_TXS_MAX && (tx = mempool_next(&node->mempool, &cursor))) {
        struct reason why;

        if (bytes + tx->size > BLOCK_BYTES_MAX)
            continue;
        if (tx->has_blob && !node_has_blobs_of(node, &tx->signed_tx.tx))
            continue;
        if (!ledger_apply(contents->ledger, &node->rules, tx, &why)) {
            char text[HEX32_SIZE];

            hex_from_bytes32(&tx->id, text);
            node_log(node, NODE_INFO, "dropped transaction %s: %s", text, why.text);
            node->counts.transactions_dropped++;
            mempool_remove(&node->mempool, &tx->id);
            continue;
        }
        bytes += tx->size;
        contents->txs[contents->tx_count++] = transaction_ref(tx);
    }
}

static void sign(
    struct node *node, struct chain_contents *contents, const struct leader_public *leader_public)
{
    struct fr *hashes = memory_new(contents->tx_count, sizeof(*hashes));

    for (size_t i = 0; i < contents->tx_count; i++)
        hashes[i] = contents->txs[i]->hash;
    contents->header = (struct block_header){
        .parent = node->chain.tip->id,
        .slot = leader_public->slot,
        .block_root = block_root(hashes, contents->tx_count),
        .leader_key = node->block_key.public_key,
        .has_leader_public = true,
        .leader_public = *leader_public,
    };
    free(hashes);
    contents->signature = block_header_sign(&contents->header, &node->block_key);
    contents->id = block_header_id(&node->wire, &contents->header);
}

static void keep(struct node *node, const struct chain_contents *contents)
{
    struct block block = {.header = contents->header, .signature = contents->signature};
    size_t size;
    uint8_t *bytes;

    /* Borrows what the transactions own, so it is not to be given to block_done(). */
    block.txs = memory_new(contents->tx_count, sizeof(*block.txs));
    block.tx_count = contents->tx_count;
    for (size_t i = 0; i < contents->tx_count; i++)
        block.txs[i] = contents->txs[i]->signed_tx;
    size = block_size(&block);
    bytes = memory_new(size, 1);
    block_encode(&block, bytes);
    node->store.put_block(node->store.self, &contents->id, bytes, size);
    free(bytes);
    free(block.txs);
}

void node_propose(struct node *node, uint64_t slot)
{
    struct chain_block *parent = node->chain.tip;
    struct ledger *ledger;

    if (parent->header.slot >= slot)
        return; /* somebody was faster */
    ledger = ledger_begin(parent->ledger, &node->rules, slot, NULL);
    assert(ledger);
    if (!leader_wins(&node->leader, &node->rules, ledger)) {
        ledger_unref(ledger);
        return;
    }
    struct chain_contents contents = {.ledger = ledger};
    struct leader_public leader_public = ledger_leader_public(ledger, &node->rules, parent->ledger);
    fill(node, &contents);
    sign(node, &contents, &leader_public);
    ledger_seal(ledger, &node->rules, &contents.header.entropy);
    if (chain_find(&node->chain, &contents.id)) {
        /* Another leader of the slot built the very same block, and it was not chosen before. */
        chain_contents_done(&contents);
        return;
    }
    node->counts.blocks_proposed++;
    keep(node, &contents);
    add_block(node, parent, &contents, "proposed");
    node_announce_tip(node);
}

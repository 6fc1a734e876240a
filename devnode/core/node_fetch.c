#include "devnode/core/node_parts.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "devnode/core/memory.h"

/* How blocks come: a peer says where its chain ends (TIP). If that is one block ahead of ours we
   ask for the block; if it is further we first ask which blocks we lack (GET_CHAIN) and then for
   those, a few at a time. One peer at a time is asked for a chain, and one for each block; who
   does not deliver in time loses its turn. */

void fetch_stop(struct node *node, struct peer *peer)
{
    for (size_t i = peer->fetch.arrived; i < peer->fetch.asked; i++) {
        struct asked *asked = table_get(&node->asked, peer->fetch.ids[i].bytes);

        if (asked && asked->peer == peer)
            free(table_remove(&node->asked, peer->fetch.ids[i].bytes));
    }
    free(peer->fetch.ids);
    peer->fetch = (struct fetch){.phase = FETCH_IDLE};
    if (node->catching_up == peer)
        node->catching_up = NULL;
}

static void ask_for_blocks(struct node *node, struct peer *peer)
{
    struct fetch *fetch = &peer->fetch;
    size_t count = fetch->count - fetch->asked;

    if (count > BLOCKS_ASKED_MAX)
        count = BLOCKS_ASKED_MAX;
    peer_send(node, peer,
        &(struct gossip_message){.type = GOSSIP_GET_BLOCKS,
            .as.ids = {.count = (uint16_t)count, .ids = fetch->ids + fetch->asked}});
    for (size_t i = 0; i < count; i++) {
        struct asked *asked = memory_new(1, sizeof(*asked));

        *asked = (struct asked){.peer = peer, .at_ns = node->now_ns};
        free(table_put(&node->asked, fetch->ids[fetch->asked + i].bytes, asked));
    }
    fetch->asked += count;
    fetch->phase = FETCH_BLOCKS;
    fetch->progress_ns = node->now_ns;
}

/* Takes over nothing: `ids` is copied. */
static void fetch_blocks(
    struct node *node, struct peer *peer, const struct bytes32 *ids, size_t count)
{
    free(peer->fetch.ids);
    peer->fetch = (struct fetch){
        .ids = memory_copy(ids, count * sizeof(*ids)),
        .count = count,
    };
    ask_for_blocks(node, peer);
}

/* The last ten heights of our branch, then ever longer steps, down to the LIB: the other side finds
   the last block we share within one step. */
static void ask_for_chain(struct node *node, struct peer *peer)
{
    struct gossip_message message = {.type = GOSSIP_GET_CHAIN};
    struct gossip_locator *locator = &message.as.locator;
    const struct chain_block *at = node->chain.tip;
    uint64_t step = 1;

    for (;;) {
        locator->places[locator->count++] =
            (struct gossip_place){.height = at->height, .id = at->id};
        if (at == node->chain.lib || locator->count == LOCATOR_PLACES_MAX)
            break;
        if (locator->count >= 10)
            step *= 2;
        for (uint64_t i = 0; i < step && at != node->chain.lib; i++)
            at = at->parent;
    }
    free(peer->fetch.ids);
    peer->fetch = (struct fetch){.phase = FETCH_CHAIN, .progress_ns = node->now_ns};
    node->catching_up = peer;
    peer_send(node, peer, &message);
}

/* While bootstrapping a shorter chain may be the denser one. */
static bool is_better(const struct node *node, const struct gossip_tip *tip)
{
    uint64_t needed = node->chain.tip->height;

    if (!node->chain.is_online && needed > node->chain.security_param)
        needed -= node->chain.security_param;
    return tip->height > needed && !chain_find(&node->chain, &tip->id) &&
        !node_is_parked(node, &tip->id);
}

void fetch_consider(struct node *node, struct peer *peer)
{
    const struct asked *asked;

    if (!peer->is_proved || !peer->has_tip || node_is_deaf(node))
        return;
    if (!is_better(node, &peer->tip)) {
        node->has_met_a_peer = true;
        peer->has_diverged = false;
        return;
    }
    if (peer->fetch.phase != FETCH_IDLE || peer->has_diverged || peer->has_stalled ||
        node_has_many_parked(node))
        return;
    if (peer->tip.height == node->chain.tip->height + 1) {
        asked = table_get(&node->asked, peer->tip.id.bytes);
        if (!asked || node->now_ns - asked->at_ns >= FETCH_RETRY_NS)
            fetch_blocks(node, peer, &peer->tip.id, 1);
    } else if (!node->catching_up) {
        ask_for_chain(node, peer);
    }
}

void fetch_consider_all(struct node *node)
{
    for (size_t i = 0; i < node->peer_count; i++)
        fetch_consider(node, node->peers[i]);
}

void fetch_check_stalls(struct node *node)
{
    for (size_t i = 0; i < node->peer_count; i++) {
        struct peer *peer = node->peers[i];

        if (peer->fetch.phase != FETCH_IDLE &&
            node->now_ns - peer->fetch.progress_ns >= CATCH_UP_STALL_NS) {
            fetch_stop(node, peer);
            peer->has_stalled = true;
        }
    }
}

static void give_up_on(struct node *node, struct peer *peer)
{
    if (!peer->has_diverged)
        node_log(node, NODE_WARN,
            "a peer follows a chain that left ours below our last irreversible block at height "
            "%" PRIu64 ": not followed",
            node->chain.lib->height);
    peer->has_diverged = true;
    fetch_stop(node, peer);
}

void fetch_took_chain(struct node *node, struct peer *peer, const struct gossip_ids *ids)
{
    size_t known = 0;

    if (peer->fetch.phase != FETCH_CHAIN)
        return;
    if (ids->first_height <= node->chain.lib->height) {
        give_up_on(node, peer);
        fetch_consider_all(node);
        return;
    }
    while (known < ids->count &&
        (chain_find(&node->chain, &ids->ids[known]) || node_is_parked(node, &ids->ids[known])))
        known++;
    if (known == ids->count)
        fetch_stop(node, peer); /* nothing new: it changed its mind, or we did meanwhile */
    else
        fetch_blocks(node, peer, ids->ids + known, ids->count - known);
}

void fetch_took_block(
    struct node *node, struct peer *peer, const struct bytes32 *id, enum block_result result)
{
    struct fetch *fetch = &peer->fetch;

    free(table_remove(&node->asked, id->bytes));
    if (fetch->phase != FETCH_BLOCKS || !bytes32_equal(&fetch->ids[fetch->arrived], id)) {
        if (result == BLOCK_ADDED)
            fetch_consider_all(node);
        return;
    }
    fetch->arrived++;
    fetch->progress_ns = node->now_ns;
    if (result == BLOCK_ORPHAN) {
        fetch_stop(node, peer);
        if (!node->catching_up)
            ask_for_chain(node, peer);
        return;
    }
    if (result == BLOCK_TOO_OLD || result == BLOCK_TOO_EARLY) {
        fetch_stop(node, peer);
        fetch_consider_all(node);
        return;
    }
    if (fetch->arrived < fetch->asked)
        return;
    /* When many wait for their blobs, the rest is asked for anew once they are taken. */
    if (fetch->asked < fetch->count && !node_has_many_parked(node)) {
        ask_for_blocks(node, peer);
        return;
    }
    fetch_stop(node, peer);
    fetch_consider_all(node);
}

void fetch_refused(struct node *node, struct peer *peer, const struct bytes32 *id)
{
    const struct fetch *fetch = &peer->fetch;

    if (fetch->phase == FETCH_BLOCKS && bytes32_equal(&fetch->ids[fetch->arrived], id))
        fetch_stop(node, peer);
}

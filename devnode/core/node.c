#include "devnode/core/node.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "devnode/core/memory.h"
#include "devnode/core/node_parts.h"
#include "nomos/genesis.h"
#include "nomos/hash.h"
#include "nomos/hex.h"

/* The fork choice while bootstrapping counts blocks in this many base periods after a fork: long
   enough to expect at least k blocks in it. */
#define DENSITY_PERIODS 3u

void node_log(struct node *node, enum node_level level, const char *format, ...)
{
    char text[REASON_BYTES_MAX + 256];
    va_list arguments;

    if (!node->host.log)
        return;
    va_start(arguments, format);
    (void)vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    node->host.log(node->host.self, level, text);
}

static int compare_keys(const void *a, const void *b)
{
    return fr_compare(a, b);
}

static bool set_up_rules(struct node *node, const struct node_params *params, struct reason *why)
{
    struct nomos_error err;

    if (!params->slot_duration_ns)
        return reason_set(why, "slot duration of zero");
    wire_init(&node->wire, params->revision);
    node->rules.wire = &node->wire;
    node->rules.scheme = params->scheme;
    node->rules.lock_period[0] = params->lock_period[0];
    node->rules.lock_period[1] = params->lock_period[1];
    if (genesis_verify(&node->wire, params->scheme, params->genesis, &err) ||
        lottery_init(&node->rules.lottery, params->epochs.active_slot_coefficient,
            genesis_total_stake(params->genesis), &err) ||
        epochs_init(&node->rules.epochs, &params->epochs, &err))
        return reason_set(why, "%s", err.text);
    return true;
}

static void set_up_keys(struct node *node, const struct node_params *params)
{
    ed25519_from_seed(&params->identity, &node->identity);
    ed25519_zero_key(&node->block_key);
    node->known_keys =
        memory_copy(params->known_keys, params->known_key_count * sizeof(*node->known_keys));
    qsort(node->known_keys, params->known_key_count, sizeof(*node->known_keys), compare_keys);
    node->leader.secret_key = params->leader_key;
    node->leader.known_keys = node->known_keys;
    node->leader.known_key_count = params->known_key_count;
}

static void set_up_chain(struct node *node, const struct node_params *params)
{
    struct fr hash = tx_hash(&node->wire, &params->genesis->tx);
    struct chain_contents first = {.header = block_header_genesis(&hash)};

    first.id = block_header_id(&node->wire, &first.header);
    first.ledger = ledger_genesis(&node->rules, params->genesis);
    node->genesis_id = first.id;
    chain_init(&node->chain, &first, params->epochs.security_param,
        node->rules.epochs.base_period * DENSITY_PERIODS);
    node->store.finalise(node->store.self, 0, &node->genesis_id, NULL, 0);
}

struct node *node_new(const struct node_params *params, const struct node_host *host,
    const struct store *store, struct reason *why)
{
    struct node *node = memory_new(1, sizeof(*node));

    node->params = *params;
    node->params.genesis = NULL;
    node->params.known_keys = NULL;
    node->host = *host;
    node->store = *store;
    if (!set_up_rules(node, params, why)) {
        free(node);
        return NULL;
    }
    set_up_keys(node, params);
    set_up_chain(node, params);
    node->seen_txs = memory_new(SEEN_TXS, sizeof(*node->seen_txs));
    return node;
}

void node_free(struct node *node)
{
    size_t cursor = 0;
    struct asked *asked;

    if (!node)
        return;
    for (size_t i = 0; i < node->peer_count; i++) {
        free(node->peers[i]->fetch.ids);
        free(node->peers[i]);
    }
    free(node->peers);
    while ((asked = table_next(&node->asked, &cursor)))
        free(asked);
    table_done(&node->asked);
    table_done(&node->known_txs);
    table_done(&node->tx_blocks);
    mempool_done(&node->mempool);
    node_parked_done(node);
    leader_done(&node->leader);
    chain_done(&node->chain);
    forgery_done(&node->forgery);
    free(node->seen_txs);
    free(node->known_keys);
    free(node);
}

bool node_restore(
    struct node *node, const uint8_t *bytes, size_t size, uint64_t final_height, struct reason *why)
{
    struct bytes32 id;
    char text[HEX32_SIZE];

    node->final_height = final_height;
    switch (node_take_block(node, bytes, size, &id, why)) {
    case BLOCK_ADDED:
    case BLOCK_KNOWN:
    case BLOCK_ORPHAN: /* of a branch that was given up */
    case BLOCK_TOO_OLD:
        return true;
    case BLOCK_TOO_EARLY:
    case BLOCK_WAITS: /* stored blocks are not sampled again */
    case BLOCK_INVALID:
        break;
    }
    hex_from_bytes32(&id, text);
    return reason_wrap(why, "stored block %s", text);
}

uint64_t node_slot_at(const struct node *node, uint64_t now_ns)
{
    if (now_ns < node->params.chain_start_ns)
        return 0;
    return (now_ns - node->params.chain_start_ns) / node->params.slot_duration_ns;
}

/* When in `slot` the node proposes. */
static uint64_t proposal_ns(const struct node *node, uint64_t slot)
{
    uint64_t begin = node->params.chain_start_ns + slot * node->params.slot_duration_ns;
    uint8_t text[8 + 32];
    uint64_t drawn;

    if (!node->params.propose_window_ns)
        return begin;
    memcpy(text, &slot, sizeof(slot));
    memcpy(text + 8, node->identity.public_key.bytes, 32);
    struct bytes32 hash = hash_of(text, sizeof(text));
    memcpy(&drawn, hash.bytes, sizeof(drawn));
    return begin + drawn % node->params.propose_window_ns;
}

/* Whether a block was asked for so lately that it is likely to come before the slot is over: most
   probably another leader's block of this very slot, which ours would only compete with. */
static bool expects_block(const struct node *node)
{
    const struct asked *asked;
    size_t cursor = 0;

    while ((asked = table_next(&node->asked, &cursor))) {
        if (node->now_ns - asked->at_ns < node->params.slot_duration_ns / 2)
            return true;
    }
    return node_hopes_for_parked(node);
}

static bool may_propose(const struct node *node, uint64_t slot)
{
    /* A block made while still behind would only be given up. */
    if (!node->chain.is_online || node->catching_up || expects_block(node))
        return false;
    if (node->parked && node->host.is_cut_off && node->host.is_cut_off(node->host.self))
        return false;
    if (!node->has_met_a_peer && node->now_ns - node->started_ns < node->params.peer_wait_ns)
        return false;
    return !misbehave_since(&node->misbehaviours, MISBEHAVE_STOP_PROPOSING, slot);
}

static void go_online(struct node *node)
{
    node->chain.is_online = true;
    node_log(node, NODE_INFO, "online at height %llu", (unsigned long long)node->chain.tip->height);
    node_move_lib(node);
}

void node_tick(struct node *node, uint64_t now_ns)
{
    node->now_ns = now_ns;
    if (!node->is_started) {
        node->is_started = true;
        node->started_ns = now_ns;
    }
    if (!node->chain.is_online && now_ns - node->started_ns >= node->params.bootstrap_ns)
        go_online(node);
    node_check_hellos(node);
    fetch_check_stalls(node);
    node_check_parked(node);
    fetch_consider_all(node);
    if (now_ns < node->params.chain_start_ns)
        return;
    uint64_t slot = node_slot_at(node, now_ns);
    bool is_new = !node->has_attempted || slot > node->attempted_slot;
    /* Leaders act once per slot tick, and the first tick is the start of slot 1: slot 0 is
       genesis. */
    if (!slot || !is_new || now_ns < proposal_ns(node, slot))
        return;
    node->has_attempted = true;
    node->attempted_slot = slot;
    if (may_propose(node, slot))
        node_propose(node, slot);
}

uint64_t node_next_wake(const struct node *node, uint64_t now_ns)
{
    uint64_t slot = node_slot_at(node, now_ns);
    uint64_t wake;

    if (!slot || (node->has_attempted && node->attempted_slot >= slot))
        slot++;
    wake = proposal_ns(node, slot);
    if (node->is_started && !node->chain.is_online &&
        node->started_ns + node->params.bootstrap_ns < wake)
        wake = node->started_ns + node->params.bootstrap_ns;
    if (node->asked.used && now_ns + FETCH_RETRY_NS < wake)
        wake = now_ns + FETCH_RETRY_NS;
    return wake > now_ns ? wake : now_ns;
}

bool node_saw_tx(struct node *node, const struct bytes32 *digest)
{
    uint64_t word[2];

    memcpy(word, digest->bytes, sizeof(word));
    uint64_t *place = &node->seen_txs[word[0] % SEEN_TXS];
    /* Zero stands for an empty place. */
    uint64_t mark = word[1] | 1u;
    bool was_seen = *place == mark;
    *place = mark;
    return was_seen;
}

bool node_has_tx(const struct node *node, const struct bytes32 *tx_id)
{
    struct bytes32 block;

    return mempool_find(&node->mempool, tx_id) || table_get(&node->tx_blocks, tx_id->bytes) ||
        node->store.block_of_tx(node->store.self, tx_id, &block);
}

bool node_pool(struct node *node, struct transaction *tx, struct reason *why)
{
    if (!mempool_add(&node->mempool, tx, why))
        return false;
    node->counts.last_pending_ns = node->now_ns;
    if (tx->has_blob)
        (void)node_has_blobs_of(node, &tx->signed_tx.tx);
    ledger_prove_early(node->chain.tip->ledger, &node->rules, tx);
    return true;
}

enum node_submission node_submit(
    struct node *node, struct signed_tx *signed_tx, uint64_t now_ns, struct reason *why)
{
    enum node_submission answer = SUBMIT_ACCEPTED;
    struct transaction *tx;

    node->now_ns = now_ns;
    if (!transaction_fits(signed_tx, why)) {
        signed_tx_done(signed_tx);
        return SUBMIT_REFUSED;
    }
    tx = transaction_new(&node->wire, signed_tx, why);
    if (!tx)
        return SUBMIT_INVALID;
    if (node->misbehaviours.is_on[MISBEHAVE_DROP_TRANSACTIONS]) {
        answer = SUBMIT_ACCEPTED;
    } else if (node->misbehaviours.is_on[MISBEHAVE_REFUSE_TRANSACTIONS]) {
        reason_format(why, "this node refuses every transaction (refuse-transactions)");
        answer = SUBMIT_REFUSED;
    } else if (node_has_tx(node, &tx->id)) {
        reason_format(why, "Item already in mempool");
        answer = SUBMIT_DUPLICATE;
    } else if (!node_pool(node, tx, why)) {
        answer = SUBMIT_REFUSED;
    } else {
        (void)node_saw_tx(node, &tx->digest);
        node_pass_on_tx(node, tx, NULL);
    }
    transaction_unref(tx);
    return answer;
}

void node_publish(struct node *node, const uint8_t *bytes, size_t size, uint64_t now_ns)
{
    struct bytes32 digest = hash_of(bytes, size);
    struct reason why = {.text = ""};
    struct transaction *tx;

    node->now_ns = now_ns;
    /* Another member was faster, and its gossip is here: nothing to hash and check again. */
    if (mempool_find_digest(&node->mempool, &digest) || table_get(&node->known_txs, digest.bytes))
        return;
    tx = transaction_decode(&node->wire, bytes, size, &why);
    if (tx && node_has_tx(node, &tx->id)) {
        transaction_unref(tx);
        return;
    }
    if (tx && node_pool(node, tx, &why)) {
        (void)node_saw_tx(node, &tx->digest);
        node_pass_on_tx(node, tx, NULL);
    } else {
        node_log(node, NODE_WARN, "cannot publish a blob: %s", why.text);
    }
    transaction_unref(tx);
}

struct misbehaviours *node_misbehaviours(struct node *node)
{
    return &node->misbehaviours;
}

void node_misbehaviour_changed(struct node *node, uint64_t now_ns)
{
    node->now_ns = now_ns;
    forgery_update(node);
    /* Who was deaf for a while has something to tell and to hear. */
    node_announce_tip(node);
    fetch_consider_all(node);
}

#include "devnode/core/ops.h"

#include <stdlib.h>
#include <string.h>

#include "devnode/core/memory.h"
#include "nomos/hex.h"
#include "nomos/keys.h"

/* A channel's record is its tip followed by its keys. */
struct channel {
    struct bytes32 tip;
    struct bytes32 keys[];
};

/* What every operation is applied with. */
struct context {
    struct op_state *state;
    const struct ledger *ledger;
    const struct ledger_rules *rules;
    const struct transaction *tx;
    const struct op_proof *proof;
    struct reason *why;
};

struct op_state op_state_copy(const struct ledger *ledger)
{
    return (struct op_state){
        .channels = trie_ref(ledger->channels),
        .declarations = trie_ref(ledger->declarations),
        .locked = trie_ref(ledger->locked),
    };
}

void op_state_done(struct op_state *state)
{
    trie_unref(state->channels);
    trie_unref(state->declarations);
    trie_unref(state->locked);
    *state = (struct op_state){.channels = NULL};
}

static void put_channel(struct op_state *state, const struct bytes32 *id, const struct bytes32 *tip,
    const struct bytes32 *keys, size_t key_count)
{
    size_t size = sizeof(struct channel) + key_count * sizeof(*keys);
    struct channel *record = memory_new(1, size);

    record->tip = *tip;
    memcpy(record->keys, keys, key_count * sizeof(*keys));
    trie_put(&state->channels, id->bytes, record, size);
    free(record);
}

static bool is_key_of(const struct channel *channel, size_t size, const struct bytes32 *key)
{
    size_t count = (size - sizeof(*channel)) / sizeof(*key);

    for (size_t i = 0; i < count; i++) {
        if (bytes32_equal(&channel->keys[i], key))
            return true;
    }
    return false;
}

/* A message (inscription or blob) in a channel: it must follow the channel's tip and come from
   one of its keys. The signature itself was checked when the transaction was read. */
struct message {
    const struct bytes32 *channel;
    const struct bytes32 *parent;
    const struct bytes32 *signer;
    struct bytes32 id;
};

static bool apply_message(const struct context *context, const struct message *message)
{
    size_t size = 0;
    const struct channel *channel =
        trie_get(context->state->channels, message->channel->bytes, &size);
    char id[HEX32_SIZE];
    char tip[HEX32_SIZE];

    hex_from_bytes32(message->channel, id);
    if (context->proof->kind != OP_PROOF_ED25519)
        return reason_set(context->why, "a message in channel %s is not signed", id);
    if (!channel) {
        if (!bytes32_is_zero(message->parent))
            return reason_set(context->why,
                "channel %s does not exist, so its first message must have a parent of zeros", id);
        put_channel(context->state, message->channel, &message->id, message->signer, 1);
        return true;
    }
    if (!bytes32_equal(message->parent, &channel->tip)) {
        hex_from_bytes32(&channel->tip, tip);
        return reason_set(
            context->why, "a message in channel %s does not follow the channel's tip %s", id, tip);
    }
    if (!is_key_of(channel, size, message->signer))
        return reason_set(context->why, "the signer of a message is no key of channel %s", id);
    struct bytes32 *keys = memory_copy(channel->keys, size - sizeof(*channel));
    put_channel(context->state, message->channel, &message->id, keys,
        (size - sizeof(*channel)) / sizeof(*keys));
    free(keys);
    return true;
}

static bool is_signed_by(const struct context *context, const struct bytes32 *key)
{
    struct bytes32 message = tx_signing_bytes(&context->tx->hash);

    return ed25519_verify(key, message.bytes, sizeof(message.bytes), &context->proof->ed25519);
}

static bool apply_set_keys(const struct context *context, const struct op_set_keys *op)
{
    size_t size = 0;
    const struct channel *channel = trie_get(context->state->channels, op->channel.bytes, &size);
    struct bytes32 tip = {{0}};
    char id[HEX32_SIZE];

    hex_from_bytes32(&op->channel, id);
    if (!op->key_count)
        return reason_set(context->why, "channel %s would be left without keys", id);
    if (channel) {
        if (context->proof->kind != OP_PROOF_ED25519 || !is_signed_by(context, &channel->keys[0]))
            return reason_set(
                context->why, "new keys for channel %s are not signed by its first key", id);
        tip = channel->tip;
    }
    put_channel(context->state, &op->channel, &tip, op->keys, op->key_count);
    return true;
}

/* A declaration's record is the struct followed by its locators. */
static void put_declaration(
    struct op_state *state, const struct bytes32 *id, const struct sdp_declaration *declaration)
{
    size_t count = declaration->declare.locator_count;
    size_t size = sizeof(*declaration) + count * sizeof(struct multiaddr);
    uint8_t *record = memory_new(1, size);
    struct sdp_declaration flat = *declaration;

    flat.declare.locators = NULL;
    memcpy(record, &flat, sizeof(flat));
    if (count)
        memcpy(
            record + sizeof(flat), declaration->declare.locators, count * sizeof(struct multiaddr));
    trie_put(&state->declarations, id->bytes, record, size);
    free(record);
}

static void declare(struct op_state *state, const struct op_declare *op, uint64_t height)
{
    struct bytes32 id = op_declaration_id(op);
    uint8_t note[FR_SIZE];

    fr_to_le32(&op->locked_note_id, note);
    put_declaration(
        state, &id, &(struct sdp_declaration){.declare = *op, .created = height, .active = height});
    trie_put(&state->locked, note, id.bytes, sizeof(id.bytes));
}

static bool is_proved(const struct context *context, const struct fr *owners, size_t owner_count)
{
    struct zk_statement statement = {
        .message = context->tx->hash, .owners = owners, .owner_count = owner_count};

    return context->rules->scheme->verify(
               context->rules->wire, &statement, &context->proof->zk, NULL) == NOMOS_OK;
}

static bool apply_declare(const struct context *context, const struct op_declare *op)
{
    struct bytes32 id = op_declaration_id(op);
    uint8_t note_bytes[FR_SIZE];
    char text[HEX32_SIZE];
    struct note note;

    hex_from_bytes32(&id, text);
    fr_to_le32(&op->locked_note_id, note_bytes);
    if (trie_get(context->state->declarations, id.bytes, NULL))
        return reason_set(context->why, "declaration %s exists already", text);
    if (!utxo_find(&context->ledger->utxo, &op->locked_note_id, &note))
        return reason_set(context->why, "declaration %s locks a note that does not exist", text);
    if (trie_get(context->state->locked, note_bytes, NULL))
        return reason_set(context->why, "declaration %s locks a note that is locked", text);
    if (context->proof->kind != OP_PROOF_ZK_AND_ED25519 || !is_signed_by(context, &op->provider_id))
        return reason_set(context->why, "declaration %s is not signed by its provider", text);
    if (!is_proved(context, (const struct fr[]){note.pk, op->zk_id}, 2))
        return reason_set(context->why, "declaration %s: the proof does not hold", text);
    declare(context->state, op, context->ledger->height);
    return true;
}

/* The declaration that `id` names, with `locators` pointing into the trie, or NULL. */
static bool find_declaration(const struct trie *declarations, const struct bytes32 *id,
    struct sdp_declaration *out, struct reason *why)
{
    const uint8_t *record = trie_get(declarations, id->bytes, NULL);
    char text[HEX32_SIZE];

    hex_from_bytes32(id, text);
    if (!record)
        return reason_set(why, "there is no declaration %s", text);
    memcpy(out, record, sizeof(*out));
    if (out->is_withdrawn)
        return reason_set(why, "declaration %s is withdrawn", text);
    out->declare.locators = (struct multiaddr *)(uintptr_t)(record + sizeof(*out));
    return true;
}

/* Replaces a record that `declaration` still points into. */
static void update_declaration(
    struct op_state *state, const struct bytes32 *id, const struct sdp_declaration *declaration)
{
    struct trie *before = trie_ref(state->declarations);

    put_declaration(state, id, declaration);
    trie_unref(before);
}

static bool apply_withdraw(const struct context *context, const struct op_withdraw *op)
{
    struct sdp_declaration declaration;
    uint8_t note_bytes[FR_SIZE];
    struct note note;

    if (!find_declaration(
            context->state->declarations, &op->declaration_id, &declaration, context->why))
        return false;
    uint64_t period = context->rules->lock_period[declaration.declare.service];
    if (op->nonce <= declaration.nonce)
        return reason_set(context->why, "withdrawal has nonce %llu, it must be above %llu",
            (unsigned long long)op->nonce, (unsigned long long)declaration.nonce);
    if (context->ledger->height - declaration.created < period)
        return reason_set(context->why, "a declaration of height %llu is locked for %llu blocks",
            (unsigned long long)declaration.created, (unsigned long long)period);
    if (!fr_equal(&op->locked_note_id, &declaration.declare.locked_note_id) ||
        !utxo_find(&context->ledger->utxo, &op->locked_note_id, &note))
        return reason_set(
            context->why, "withdrawal names a note that the declaration did not lock");
    if (context->proof->kind != OP_PROOF_ZK ||
        !is_proved(context, (const struct fr[]){note.pk, declaration.declare.zk_id}, 2))
        return reason_set(context->why, "withdrawal: the proof does not hold");
    declaration.is_withdrawn = true;
    declaration.withdrawn = context->ledger->height;
    declaration.nonce = op->nonce;
    update_declaration(context->state, &op->declaration_id, &declaration);
    fr_to_le32(&op->locked_note_id, note_bytes);
    trie_remove(&context->state->locked, note_bytes);
    return true;
}

static bool apply_active(const struct context *context, const struct op_active *op)
{
    struct sdp_declaration declaration;

    if (!find_declaration(
            context->state->declarations, &op->declaration_id, &declaration, context->why))
        return false;
    if (op->nonce <= declaration.nonce)
        return reason_set(context->why, "activity has nonce %llu, it must be above %llu",
            (unsigned long long)op->nonce, (unsigned long long)declaration.nonce);
    if (context->proof->kind != OP_PROOF_ZK || !is_proved(context, &declaration.declare.zk_id, 1))
        return reason_set(context->why, "activity: the proof does not hold");
    declaration.active = context->ledger->height;
    declaration.nonce = op->nonce;
    update_declaration(context->state, &op->declaration_id, &declaration);
    return true;
}

bool op_apply(struct op_state *state, const struct ledger *ledger, const struct ledger_rules *rules,
    const struct transaction *tx, size_t index, struct reason *why)
{
    const struct op *op = &tx->signed_tx.tx.ops[index];
    const struct context context = {.state = state,
        .ledger = ledger,
        .rules = rules,
        .tx = tx,
        .proof = &tx->signed_tx.op_proofs[index],
        .why = why};

    switch (op->code) {
    case OP_CHANNEL_INSCRIBE:
        return apply_message(&context,
            &(struct message){.channel = &op->inscribe.channel,
                .parent = &op->inscribe.parent,
                .signer = &op->inscribe.signer,
                .id = op_message_id(op)});
    case OP_CHANNEL_BLOB:
        return apply_message(&context,
            &(struct message){.channel = &op->blob.channel,
                .parent = &op->blob.parent,
                .signer = &op->blob.signer,
                .id = op_message_id(op)});
    case OP_CHANNEL_SET_KEYS:
        return apply_set_keys(&context, &op->set_keys);
    case OP_SDP_DECLARE:
        return apply_declare(&context, &op->declare);
    case OP_SDP_WITHDRAW:
        return apply_withdraw(&context, &op->withdraw);
    case OP_SDP_ACTIVE:
        return apply_active(&context, &op->active);
    case OP_LEADER_CLAIM:
        /* Leaders of this revision put a voucher of zero in every block, so none can be claimed. */
        return reason_set(why, "leader claim: no such voucher was ever issued");
    }
    return reason_set(why, "operation code %d is not known", (int)op->code);
}

void op_apply_genesis(struct op_state *state, const struct signed_tx *genesis)
{
    for (size_t i = 0; i < genesis->tx.op_count; i++) {
        const struct op *op = &genesis->tx.ops[i];

        if (op->code == OP_CHANNEL_INSCRIBE) {
            struct bytes32 tip = op_message_id(op);

            put_channel(state, &op->inscribe.channel, &tip, &op->inscribe.signer, 1);
        } else if (op->code == OP_SDP_DECLARE) {
            declare(state, &op->declare, 0);
        }
    }
}

#include "nomos/tx_encode.h"

/* In the node's own form a count is the low byte of the number, whatever the number: that is what
   gets hashed (node contract 3.2). */
static void put_count(struct sink *sink, size_t count, enum tx_form form)
{
    if (form == TX_FORM_STORE)
        sink_put_u32(sink, (uint32_t)count);
    else
        sink_put_u8(sink, (uint8_t)count);
}

static void put_inscribe(struct sink *sink, const struct op_inscribe *op)
{
    sink_put_bytes32(sink, &op->channel);
    sink_put_u32(sink, (uint32_t)op->data_size);
    sink_put(sink, op->data, op->data_size);
    sink_put_bytes32(sink, &op->parent);
    sink_put_bytes32(sink, &op->signer);
}

static void put_blob(struct sink *sink, const struct op_blob *op)
{
    sink_put_bytes32(sink, &op->channel);
    sink_put_u64(sink, op->session);
    sink_put_bytes32(sink, &op->blob);
    sink_put_u64(sink, op->blob_size);
    sink_put_u64(sink, op->da_storage_gas_price);
    sink_put_bytes32(sink, &op->parent);
    sink_put_bytes32(sink, &op->signer);
}

static void put_set_keys(struct sink *sink, const struct op_set_keys *op, enum tx_form form)
{
    sink_put_bytes32(sink, &op->channel);
    put_count(sink, op->key_count, form);
    for (size_t i = 0; i < op->key_count; i++)
        sink_put_bytes32(sink, &op->keys[i]);
}

static void put_declare(struct sink *sink, const struct op_declare *op, enum tx_form form)
{
    sink_put_u8(sink, (uint8_t)op->service);
    put_count(sink, op->locator_count, form);
    for (size_t i = 0; i < op->locator_count; i++) {
        sink_put_u16(sink, op->locators[i].size);
        sink_put(sink, op->locators[i].bytes, op->locators[i].size);
    }
    sink_put_bytes32(sink, &op->provider_id);
    sink_put_fr(sink, &op->zk_id);
    sink_put_fr(sink, &op->locked_note_id);
}

static void put_withdraw(struct sink *sink, const struct op_withdraw *op)
{
    sink_put_bytes32(sink, &op->declaration_id);
    sink_put_u64(sink, op->nonce);
    sink_put_fr(sink, &op->locked_note_id);
}

static void put_active(struct sink *sink, const struct op_active *op)
{
    sink_put_bytes32(sink, &op->declaration_id);
    sink_put_u64(sink, op->nonce);
    sink_put_u32(sink, (uint32_t)op->metadata_size);
    sink_put(sink, op->metadata, op->metadata_size);
}

static void put_leader_claim(struct sink *sink, const struct op_leader_claim *op, enum tx_form form)
{
    sink_put_fr(sink, &op->rewards_root);
    sink_put_fr(sink, &op->voucher_nullifier);
    if (form == TX_FORM_STORE)
        sink_put_fr(sink, &op->mantle_tx_hash);
}

void tx_put_op_payload(struct sink *sink, const struct op *op, enum tx_form form)
{
    switch (op->code) {
    case OP_CHANNEL_INSCRIBE:
        put_inscribe(sink, &op->inscribe);
        return;
    case OP_CHANNEL_BLOB:
        put_blob(sink, &op->blob);
        return;
    case OP_CHANNEL_SET_KEYS:
        put_set_keys(sink, &op->set_keys, form);
        return;
    case OP_SDP_DECLARE:
        put_declare(sink, &op->declare, form);
        return;
    case OP_SDP_WITHDRAW:
        put_withdraw(sink, &op->withdraw);
        return;
    case OP_SDP_ACTIVE:
        put_active(sink, &op->active);
        return;
    case OP_LEADER_CLAIM:
        put_leader_claim(sink, &op->leader_claim, form);
        return;
    }
}

void tx_put_ledger(struct sink *sink, const struct mantle_tx *tx, enum tx_form form)
{
    put_count(sink, tx->input_count, form);
    for (size_t i = 0; i < tx->input_count; i++)
        sink_put_fr(sink, &tx->inputs[i]);
    put_count(sink, tx->output_count, form);
    for (size_t i = 0; i < tx->output_count; i++) {
        sink_put_u64(sink, tx->outputs[i].value);
        sink_put_fr(sink, &tx->outputs[i].pk);
    }
}

void tx_put_mantle(struct sink *sink, const struct mantle_tx *tx, enum tx_form form)
{
    put_count(sink, tx->op_count, form);
    for (size_t i = 0; i < tx->op_count; i++) {
        sink_put_u8(sink, (uint8_t)tx->ops[i].code);
        tx_put_op_payload(sink, &tx->ops[i], form);
    }
    tx_put_ledger(sink, tx, form);
    sink_put_u64(sink, tx->execution_gas_price);
    sink_put_u64(sink, tx->storage_gas_price);
}

static void put_proof(struct sink *sink, const struct op_proof *proof, enum tx_form form)
{
    if (form == TX_FORM_STORE)
        sink_put_u8(sink, (uint8_t)proof->kind);
    if (proof->kind == OP_PROOF_ZK || proof->kind == OP_PROOF_ZK_AND_ED25519)
        sink_put(sink, proof->zk.bytes, sizeof(proof->zk.bytes));
    if (proof->kind == OP_PROOF_ED25519 || proof->kind == OP_PROOF_ZK_AND_ED25519)
        sink_put(sink, proof->ed25519.bytes, sizeof(proof->ed25519.bytes));
}

void tx_put_signed(struct sink *sink, const struct signed_tx *signed_tx, enum tx_form form)
{
    tx_put_mantle(sink, &signed_tx->tx, form);
    for (size_t i = 0; i < signed_tx->tx.op_count; i++)
        put_proof(sink, &signed_tx->op_proofs[i], form);
    sink_put(sink, signed_tx->ledger_proof.bytes, sizeof(signed_tx->ledger_proof.bytes));
}

size_t signed_tx_size(const struct signed_tx *signed_tx, enum tx_form form)
{
    struct sink_counter counter = sink_counter();

    tx_put_signed(&counter.sink, signed_tx, form);
    return counter.size;
}

void signed_tx_encode(const struct signed_tx *signed_tx, enum tx_form form, uint8_t *out)
{
    struct sink_memory memory = sink_memory(out);

    tx_put_signed(&memory.sink, signed_tx, form);
}

size_t mantle_tx_size(const struct mantle_tx *tx)
{
    struct sink_counter counter = sink_counter();

    tx_put_mantle(&counter.sink, tx, TX_FORM_WIRE);
    return counter.size;
}

void mantle_tx_encode(const struct mantle_tx *tx, uint8_t *out)
{
    struct sink_memory memory = sink_memory(out);

    tx_put_mantle(&memory.sink, tx, TX_FORM_WIRE);
}

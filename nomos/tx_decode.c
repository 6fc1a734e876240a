#include "nomos/memory.h"
#include "nomos/reader.h"
#include "nomos/tx.h"

/* Least sizes of encoded items, to check a count against what follows before allocating for it. */
#define OP_SIZE_MIN      (1 + 32 + 1) /* a code, a channel, a count of no keys */
#define LOCATOR_SIZE_MIN 2
#define NOTE_SIZE        (8 + FR_SIZE)

static size_t read_count(struct reader *reader, enum tx_form form)
{
    return form == TX_FORM_STORE ? reader_u32(reader) : reader_u8(reader);
}

static void read_inscribe(struct reader *reader, struct op_inscribe *op)
{
    op->channel = reader_bytes32(reader);
    const size_t size = reader_u32(reader);
    op->data = reader_copy_new(reader, size);
    op->data_size = op->data ? size : 0;
    op->parent = reader_bytes32(reader);
    op->signer = reader_bytes32(reader);
}

static void read_blob(struct reader *reader, struct op_blob *op)
{
    op->channel = reader_bytes32(reader);
    op->session = reader_u64(reader);
    op->blob = reader_bytes32(reader);
    op->blob_size = reader_u64(reader);
    op->da_storage_gas_price = reader_u64(reader);
    op->parent = reader_bytes32(reader);
    op->signer = reader_bytes32(reader);
}

static void read_set_keys(struct reader *reader, struct op_set_keys *op, enum tx_form form)
{
    op->channel = reader_bytes32(reader);
    const size_t count = read_count(reader, form);
    op->keys = reader_array(reader, count, sizeof(*op->keys), sizeof(*op->keys));
    op->key_count = op->keys ? count : 0;
    for (size_t i = 0; i < op->key_count; i++)
        op->keys[i] = reader_bytes32(reader);
}

static void read_locator(struct reader *reader, struct multiaddr *out)
{
    const size_t size = reader_u16(reader);
    const uint8_t *bytes = reader_take(reader, size);

    if (reader_ok(reader) && (!bytes || !multiaddr_from_bytes(bytes, size, out)))
        reader_fail(reader, "not a multiaddress of known protocols");
}

static void read_declare(struct reader *reader, struct op_declare *op, enum tx_form form)
{
    const uint8_t service = reader_u8(reader);

    if (service > SDP_DA)
        reader_fail(reader, "unknown service");
    op->service = service == SDP_DA ? SDP_DA : SDP_BLEND;
    const size_t count = read_count(reader, form);
    op->locators = reader_array(reader, count, LOCATOR_SIZE_MIN, sizeof(*op->locators));
    op->locator_count = op->locators ? count : 0;
    for (size_t i = 0; i < op->locator_count && reader_ok(reader); i++)
        read_locator(reader, &op->locators[i]);
    op->provider_id = reader_bytes32(reader);
    op->zk_id = reader_fr(reader);
    op->locked_note_id = reader_fr(reader);
}

static void read_withdraw(struct reader *reader, struct op_withdraw *op)
{
    op->declaration_id = reader_bytes32(reader);
    op->nonce = reader_u64(reader);
    op->locked_note_id = reader_fr(reader);
}

static void read_active(struct reader *reader, struct op_active *op)
{
    op->declaration_id = reader_bytes32(reader);
    op->nonce = reader_u64(reader);
    const size_t size = reader_u32(reader);
    op->metadata = reader_copy_new(reader, size);
    op->metadata_size = op->metadata ? size : 0;
}

static void read_leader_claim(struct reader *reader, struct op_leader_claim *op, enum tx_form form)
{
    op->rewards_root = reader_fr(reader);
    op->voucher_nullifier = reader_fr(reader);
    op->mantle_tx_hash = form == TX_FORM_STORE ? reader_fr(reader) : fr_zero;
}

static void read_op(struct reader *reader, struct op *op, enum tx_form form)
{
    const uint8_t code = reader_u8(reader);

    switch (code) {
    case OP_CHANNEL_INSCRIBE:
        op->code = OP_CHANNEL_INSCRIBE;
        read_inscribe(reader, &op->inscribe);
        return;
    case OP_CHANNEL_BLOB:
        op->code = OP_CHANNEL_BLOB;
        read_blob(reader, &op->blob);
        return;
    case OP_CHANNEL_SET_KEYS:
        op->code = OP_CHANNEL_SET_KEYS;
        read_set_keys(reader, &op->set_keys, form);
        return;
    case OP_SDP_DECLARE:
        op->code = OP_SDP_DECLARE;
        read_declare(reader, &op->declare, form);
        return;
    case OP_SDP_WITHDRAW:
        op->code = OP_SDP_WITHDRAW;
        read_withdraw(reader, &op->withdraw);
        return;
    case OP_SDP_ACTIVE:
        op->code = OP_SDP_ACTIVE;
        read_active(reader, &op->active);
        return;
    case OP_LEADER_CLAIM:
        op->code = OP_LEADER_CLAIM;
        read_leader_claim(reader, &op->leader_claim, form);
        return;
    }
    reader_fail(reader, "unknown operation code");
}

static void read_ledger(struct reader *reader, struct mantle_tx *tx, enum tx_form form)
{
    const size_t input_count = read_count(reader, form);
    tx->inputs = reader_array(reader, input_count, FR_SIZE, sizeof(*tx->inputs));
    tx->input_count = tx->inputs ? input_count : 0;
    for (size_t i = 0; i < tx->input_count; i++)
        tx->inputs[i] = reader_fr(reader);

    const size_t output_count = read_count(reader, form);
    tx->outputs = reader_array(reader, output_count, NOTE_SIZE, sizeof(*tx->outputs));
    tx->output_count = tx->outputs ? output_count : 0;
    for (size_t i = 0; i < tx->output_count; i++) {
        tx->outputs[i].value = reader_u64(reader);
        tx->outputs[i].pk = reader_fr(reader);
    }
}

static void read_mantle(struct reader *reader, struct mantle_tx *tx, enum tx_form form)
{
    const size_t op_count = read_count(reader, form);
    tx->ops = reader_array(reader, op_count, OP_SIZE_MIN, sizeof(*tx->ops));
    tx->op_count = tx->ops ? op_count : 0;
    for (size_t i = 0; i < tx->op_count && reader_ok(reader); i++)
        read_op(reader, &tx->ops[i], form);
    read_ledger(reader, tx, form);
    tx->execution_gas_price = reader_u64(reader);
    tx->storage_gas_price = reader_u64(reader);
}

/* The kind of proof that the node's own form implies. */
static enum op_proof_kind kind_for(enum op_code code)
{
    switch (code) {
    case OP_CHANNEL_INSCRIBE:
    case OP_CHANNEL_BLOB:
    case OP_CHANNEL_SET_KEYS:
        return OP_PROOF_ED25519;
    case OP_SDP_DECLARE:
        return OP_PROOF_ZK_AND_ED25519;
    case OP_SDP_WITHDRAW:
    case OP_SDP_ACTIVE:
    case OP_LEADER_CLAIM:
        return OP_PROOF_ZK;
    }
    return OP_PROOF_NONE;
}

static enum op_proof_kind read_kind(struct reader *reader)
{
    const uint8_t kind = reader_u8(reader);

    switch (kind) {
    case OP_PROOF_NONE:
        return OP_PROOF_NONE;
    case OP_PROOF_ED25519:
        return OP_PROOF_ED25519;
    case OP_PROOF_ZK:
        return OP_PROOF_ZK;
    case OP_PROOF_ZK_AND_ED25519:
        return OP_PROOF_ZK_AND_ED25519;
    }
    reader_fail(reader, "unknown kind of operation proof");
    return OP_PROOF_NONE;
}

static void read_proof(
    struct reader *reader, struct op_proof *proof, enum tx_form form, enum op_code code)
{
    proof->kind = form == TX_FORM_STORE ? read_kind(reader) : kind_for(code);
    if (proof->kind == OP_PROOF_ZK || proof->kind == OP_PROOF_ZK_AND_ED25519)
        reader_copy(reader, proof->zk.bytes, sizeof(proof->zk.bytes));
    if (proof->kind == OP_PROOF_ED25519 || proof->kind == OP_PROOF_ZK_AND_ED25519)
        reader_copy(reader, proof->ed25519.bytes, sizeof(proof->ed25519.bytes));
}

enum nomos_status signed_tx_decode(const uint8_t *bytes, size_t size, enum tx_form form,
    struct signed_tx *out, struct nomos_error *err)
{
    struct reader reader = reader_of(bytes, size);
    struct signed_tx read = {0};

    read_mantle(&reader, &read.tx, form);
    const size_t op_count = read.tx.op_count;
    /* In the store form a proof may be its kind byte alone. */
    read.op_proofs = reader_array(&reader, op_count, 1, sizeof(*read.op_proofs));
    for (size_t i = 0; read.op_proofs && i < op_count; i++)
        read_proof(&reader, &read.op_proofs[i], form, read.tx.ops[i].code);
    reader_copy(&reader, read.ledger_proof.bytes, sizeof(read.ledger_proof.bytes));

    const enum nomos_status status = reader_end(&reader, "signed transaction", err);
    if (status)
        signed_tx_done(&read);
    else
        *out = read;
    return status;
}

enum nomos_status mantle_tx_decode(
    const uint8_t *bytes, size_t size, struct mantle_tx *out, struct nomos_error *err)
{
    struct reader reader = reader_of(bytes, size);
    struct mantle_tx read = {0};

    read_mantle(&reader, &read, TX_FORM_WIRE);
    const enum nomos_status status = reader_end(&reader, "transaction", err);
    if (status)
        mantle_tx_done(&read);
    else
        *out = read;
    return status;
}

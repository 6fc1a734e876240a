#include "nomos/json_tx.h"
#include "nomos/json_write.h"

static void write_inscribe(struct text *text, const struct op_inscribe *op)
{
    json_add_bytes32(text, "{\"channel_id\":", &op->channel);
    json_add_numbers(text, ",\"inscription\":", op->data, op->data_size);
    json_add_bytes32(text, ",\"parent\":", &op->parent);
    json_add_bytes32(text, ",\"signer\":", &op->signer);
}

static void write_blob(struct text *text, const struct op_blob *op)
{
    json_add_bytes32(text, "{\"channel\":", &op->channel);
    json_add_u64(text, ",\"session\":", op->session);
    json_add_numbers(text, ",\"blob\":", op->blob.bytes, sizeof(op->blob.bytes));
    json_add_u64(text, ",\"blob_size\":", op->blob_size);
    json_add_u64(text, ",\"da_storage_gas_price\":", op->da_storage_gas_price);
    json_add_bytes32(text, ",\"parent\":", &op->parent);
    json_add_bytes32(text, ",\"signer\":", &op->signer);
}

static void write_set_keys(struct text *text, const struct op_set_keys *op)
{
    json_add_bytes32(text, "{\"channel\":", &op->channel);
    text_add(text, ",\"keys\":[");
    for (size_t i = 0; i < op->key_count; i++)
        json_add_bytes32(text, i ? "," : "", &op->keys[i]);
    text_add(text, "]");
}

static void write_declare(struct text *text, const struct op_declare *op)
{
    json_add_service(text, "{\"service_type\":", op->service);
    json_add_locators(text, ",\"locators\":", op);
    json_add_bytes32(text, ",\"provider_id\":", &op->provider_id);
    json_add_fr(text, ",\"zk_id\":", &op->zk_id);
    json_add_fr(text, ",\"locked_note_id\":", &op->locked_note_id);
}

static void write_withdraw(struct text *text, const struct op_withdraw *op)
{
    json_add_numbers(text, "{\"declaration_id\":", op->declaration_id.bytes, 32);
    json_add_fr(text, ",\"locked_note_id\":", &op->locked_note_id);
    json_add_u64(text, ",\"nonce\":", op->nonce);
}

static void write_active(struct text *text, const struct op_active *op)
{
    json_add_numbers(text, "{\"declaration_id\":", op->declaration_id.bytes, 32);
    json_add_u64(text, ",\"nonce\":", op->nonce);
    json_add_numbers(text, ",\"metadata\":", op->metadata, op->metadata_size);
}

static void write_leader_claim(struct text *text, const struct op_leader_claim *op)
{
    json_add_fr(text, "{\"rewards_root\":", &op->rewards_root);
    json_add_fr(text, ",\"voucher_nullifier\":", &op->voucher_nullifier);
    json_add_fr(text, ",\"mantle_tx_hash\":", &op->mantle_tx_hash);
}

/* Opens the payload's brace and leaves it open. */
static void write_payload(struct text *text, const struct op *op)
{
    switch (op->code) {
    case OP_CHANNEL_INSCRIBE:
        write_inscribe(text, &op->inscribe);
        return;
    case OP_CHANNEL_BLOB:
        write_blob(text, &op->blob);
        return;
    case OP_CHANNEL_SET_KEYS:
        write_set_keys(text, &op->set_keys);
        return;
    case OP_SDP_DECLARE:
        write_declare(text, &op->declare);
        return;
    case OP_SDP_WITHDRAW:
        write_withdraw(text, &op->withdraw);
        return;
    case OP_SDP_ACTIVE:
        write_active(text, &op->active);
        return;
    case OP_LEADER_CLAIM:
        write_leader_claim(text, &op->leader_claim);
        return;
    }
}

static void write_ledger(struct text *text, const struct mantle_tx *tx)
{
    text_add(text, "{\"inputs\":[");
    for (size_t i = 0; i < tx->input_count; i++)
        json_add_fr(text, i ? "," : "", &tx->inputs[i]);
    text_add(text, "],\"outputs\":[");
    for (size_t i = 0; i < tx->output_count; i++) {
        json_add_u64(text, i ? ",{\"value\":" : "{\"value\":", tx->outputs[i].value);
        json_add_fr(text, ",\"pk\":", &tx->outputs[i].pk);
        text_add(text, "}");
    }
    text_add(text, "]}");
}

/* The members of mantle_tx, without its opening brace. */
static void write_mantle(struct text *text, const struct mantle_tx *tx)
{
    text_add(text, "\"ops\":[");
    for (size_t i = 0; i < tx->op_count; i++) {
        json_add_u64(text, i ? ",{\"opcode\":" : "{\"opcode\":", tx->ops[i].code);
        text_add(text, ",\"payload\":");
        write_payload(text, &tx->ops[i]);
        text_add(text, "}}");
    }
    text_add(text, "],\"ledger_tx\":");
    write_ledger(text, tx);
    json_add_u64(text, ",\"execution_gas_price\":", tx->execution_gas_price);
    json_add_u64(text, ",\"storage_gas_price\":", tx->storage_gas_price);
    text_add(text, "}");
}

static void write_zk_proof(struct text *text, const struct zk_proof *proof)
{
    json_add_numbers(text, "{\"pi_a\":", proof->bytes, 32);
    json_add_numbers(text, ",\"pi_b\":", proof->bytes + 32, 64);
    json_add_numbers(text, ",\"pi_c\":", proof->bytes + 96, 32);
    text_add(text, "}");
}

/* An enum's variant with a value: {"Name":value}, in YAML !Name value. */
static void begin_variant(struct text *text, const char *name, bool is_yaml)
{
    text_add(text, is_yaml ? "!" : "{\"");
    text_add(text, name);
    text_add(text, is_yaml ? " " : "\":");
}

static void write_op_proof(struct text *text, const struct op_proof *proof, bool is_yaml)
{
    switch (proof->kind) {
    case OP_PROOF_NONE:
        text_add(text, "\"NoProof\"");
        return;
    case OP_PROOF_ED25519:
        begin_variant(text, "Ed25519Sig", is_yaml);
        text_add_numbers(text, proof->ed25519.bytes, 64);
        break;
    case OP_PROOF_ZK:
        begin_variant(text, "ZkSig", is_yaml);
        write_zk_proof(text, &proof->zk);
        break;
    case OP_PROOF_ZK_AND_ED25519:
        begin_variant(text, "ZkAndEd25519Sigs", is_yaml);
        text_add(text, "{\"zk_sig\":");
        write_zk_proof(text, &proof->zk);
        json_add_numbers(text, ",\"ed25519_sig\":", proof->ed25519.bytes, 64);
        text_add(text, "}");
        break;
    }
    text_add(text, is_yaml ? "" : "}");
}

/* Everything after the brace that opens mantle_tx. */
static void write_rest(struct text *text, const struct signed_tx *signed_tx, bool is_yaml)
{
    write_mantle(text, &signed_tx->tx);
    text_add(text, ",\"ops_proofs\":[");
    for (size_t i = 0; i < signed_tx->tx.op_count; i++) {
        text_add(text, i ? "," : "");
        write_op_proof(text, &signed_tx->op_proofs[i], is_yaml);
    }
    text_add(text, "],\"ledger_tx_proof\":");
    write_zk_proof(text, &signed_tx->ledger_proof);
    text_add(text, "}");
}

void json_tx_write(struct text *text, const struct signed_tx *signed_tx)
{
    text_add(text, "{\"mantle_tx\":{");
    write_rest(text, signed_tx, false);
}

void json_tx_write_yaml(struct text *text, const struct signed_tx *signed_tx)
{
    text_add(text, "{\"mantle_tx\":{");
    write_rest(text, signed_tx, true);
}

void json_tx_write_with_hash(
    struct text *text, const struct signed_tx *signed_tx, const struct fr *hash)
{
    json_add_fr(text, "{\"mantle_tx\":{\"hash\":", hash);
    text_add(text, ",");
    write_rest(text, signed_tx, false);
}

#include "nomos/json_tx.h"

#include <string.h>

#include "nomos/json_read.h"
#include "nomos/memory.h"

/* --- operations --------------------------------------------------------------------------- */

static void read_inscribe(const struct json_node *payload, struct op_inscribe *op)
{
    const struct json_node data = json_get(payload, "inscription");

    op->channel = json_get_bytes32(payload, "channel_id");
    op->data = json_byte_array(&data, &op->data_size);
    op->parent = json_get_bytes32(payload, "parent");
    op->signer = json_get_ed25519_key(payload, "signer");
}

static void read_blob(const struct json_node *payload, struct op_blob *op)
{
    op->channel = json_get_bytes32(payload, "channel");
    op->session = json_get_u64(payload, "session");
    json_get_numbers(payload, "blob", op->blob.bytes, sizeof(op->blob.bytes));
    op->blob_size = json_get_u64(payload, "blob_size");
    op->da_storage_gas_price = json_get_u64(payload, "da_storage_gas_price");
    op->parent = json_get_bytes32(payload, "parent");
    op->signer = json_get_ed25519_key(payload, "signer");
}

static void read_set_keys(const struct json_node *payload, struct op_set_keys *op)
{
    const struct json_node list = json_get(payload, "keys");
    const size_t count = json_count(&list);

    op->channel = json_get_bytes32(payload, "channel");
    op->keys = nomos_alloc(count, sizeof(*op->keys));
    op->key_count = op->keys ? count : 0;
    if (!op->keys)
        json_fail_memory(payload);
    for (size_t i = 0; i < op->key_count && json_ok(payload); i++) {
        const struct json_node item = json_item(&list, i);

        op->keys[i] = json_ed25519_key(&item);
    }
}

static void read_declare(const struct json_node *payload, struct op_declare *op)
{
    const struct json_node service = json_get(payload, "service_type");

    op->service = json_service(&service);
    op->locators = json_get_multiaddrs(payload, "locators", &op->locator_count);
    op->provider_id = json_get_ed25519_key(payload, "provider_id");
    op->zk_id = json_get_fr(payload, "zk_id");
    op->locked_note_id = json_get_fr(payload, "locked_note_id");
}

static void read_withdraw(const struct json_node *payload, struct op_withdraw *op)
{
    json_get_numbers(
        payload, "declaration_id", op->declaration_id.bytes, sizeof(op->declaration_id.bytes));
    op->nonce = json_get_u64(payload, "nonce");
    op->locked_note_id = json_get_fr(payload, "locked_note_id");
}

static void read_active(const struct json_node *payload, struct op_active *op)
{
    const struct json_node metadata = json_get(payload, "metadata");

    json_get_numbers(
        payload, "declaration_id", op->declaration_id.bytes, sizeof(op->declaration_id.bytes));
    op->nonce = json_get_u64(payload, "nonce");
    op->metadata = json_byte_array(&metadata, &op->metadata_size);
}

static void read_leader_claim(const struct json_node *payload, struct op_leader_claim *op)
{
    op->rewards_root = json_get_fr(payload, "rewards_root");
    op->voucher_nullifier = json_get_fr(payload, "voucher_nullifier");
    op->mantle_tx_hash = json_get_fr(payload, "mantle_tx_hash");
}

static void read_op(const struct json_node *node, struct op *op)
{
    const struct json_node code_node = json_get(node, "opcode");
    const struct json_node payload = json_get(node, "payload");
    const uint64_t code = json_u64(&code_node);

    switch (code) {
    case OP_CHANNEL_INSCRIBE:
        op->code = OP_CHANNEL_INSCRIBE;
        read_inscribe(&payload, &op->inscribe);
        return;
    case OP_CHANNEL_BLOB:
        op->code = OP_CHANNEL_BLOB;
        read_blob(&payload, &op->blob);
        return;
    case OP_CHANNEL_SET_KEYS:
        op->code = OP_CHANNEL_SET_KEYS;
        read_set_keys(&payload, &op->set_keys);
        return;
    case OP_SDP_DECLARE:
        op->code = OP_SDP_DECLARE;
        read_declare(&payload, &op->declare);
        return;
    case OP_SDP_WITHDRAW:
        op->code = OP_SDP_WITHDRAW;
        read_withdraw(&payload, &op->withdraw);
        return;
    case OP_SDP_ACTIVE:
        op->code = OP_SDP_ACTIVE;
        read_active(&payload, &op->active);
        return;
    case OP_LEADER_CLAIM:
        op->code = OP_LEADER_CLAIM;
        read_leader_claim(&payload, &op->leader_claim);
        return;
    }
    json_fail(&code_node, "unknown operation code");
}

/* --- the rest of the transaction ---------------------------------------------------------- */

static void read_ops(const struct json_node *mantle, struct mantle_tx *tx)
{
    const struct json_node list = json_get(mantle, "ops");
    const size_t count = json_count(&list);

    tx->ops = nomos_alloc(count, sizeof(*tx->ops));
    tx->op_count = tx->ops ? count : 0;
    if (!tx->ops)
        json_fail_memory(mantle);
    for (size_t i = 0; i < tx->op_count && json_ok(mantle); i++) {
        const struct json_node item = json_item(&list, i);

        read_op(&item, &tx->ops[i]);
    }
}

static void read_inputs(const struct json_node *ledger, struct mantle_tx *tx)
{
    const struct json_node list = json_get(ledger, "inputs");
    const size_t count = json_count(&list);

    tx->inputs = nomos_alloc(count, sizeof(*tx->inputs));
    tx->input_count = tx->inputs ? count : 0;
    if (!tx->inputs)
        json_fail_memory(ledger);
    for (size_t i = 0; i < tx->input_count && json_ok(ledger); i++) {
        const struct json_node item = json_item(&list, i);

        tx->inputs[i] = json_fr(&item);
    }
}

static void read_outputs(const struct json_node *ledger, struct mantle_tx *tx)
{
    const struct json_node list = json_get(ledger, "outputs");
    const size_t count = json_count(&list);

    tx->outputs = nomos_alloc(count, sizeof(*tx->outputs));
    tx->output_count = tx->outputs ? count : 0;
    if (!tx->outputs)
        json_fail_memory(ledger);
    for (size_t i = 0; i < tx->output_count && json_ok(ledger); i++) {
        const struct json_node item = json_item(&list, i);

        tx->outputs[i].value = json_get_u64(&item, "value");
        tx->outputs[i].pk = json_get_fr(&item, "pk");
    }
}

static void read_mantle(const struct json_node *mantle, struct mantle_tx *tx)
{
    const struct json_node ledger = json_get(mantle, "ledger_tx");

    read_ops(mantle, tx);
    read_inputs(&ledger, tx);
    read_outputs(&ledger, tx);
    tx->execution_gas_price = json_get_u64(mantle, "execution_gas_price");
    tx->storage_gas_price = json_get_u64(mantle, "storage_gas_price");
}

static void read_zk_proof(const struct json_node *node, struct zk_proof *proof)
{
    json_get_numbers(node, "pi_a", proof->bytes, 32);
    json_get_numbers(node, "pi_b", proof->bytes + 32, 64);
    json_get_numbers(node, "pi_c", proof->bytes + 96, 32);
}

static void read_both_proofs(const struct json_node *node, struct op_proof *proof)
{
    const struct json_node zk = json_get(node, "zk_sig");

    read_zk_proof(&zk, &proof->zk);
    json_get_numbers(node, "ed25519_sig", proof->ed25519.bytes, sizeof(proof->ed25519.bytes));
}

/* A string for the kind without content, else an object with the kind as its only key. */
static void read_op_proof(const struct json_node *node, struct op_proof *proof)
{
    const char *const unknown = "not one of NoProof, Ed25519Sig, ZkSig, ZkAndEd25519Sigs";
    bool found;

    if (!json_ok(node))
        return;
    if (json_object_is_type(node->value, json_type_string)) {
        if (strcmp(json_object_get_string(node->value), "NoProof") != 0)
            json_fail(node, unknown);
        return;
    }
    if (json_object_is_type(node->value, json_type_object) &&
        json_object_object_length(node->value) != 1) {
        json_fail(node, "not a single kind of proof");
        return;
    }
    struct json_node content = json_get_optional(node, "Ed25519Sig", &found);
    if (found) {
        proof->kind = OP_PROOF_ED25519;
        json_numbers(&content, proof->ed25519.bytes, sizeof(proof->ed25519.bytes));
        return;
    }
    content = json_get_optional(node, "ZkSig", &found);
    if (found) {
        proof->kind = OP_PROOF_ZK;
        read_zk_proof(&content, &proof->zk);
        return;
    }
    content = json_get_optional(node, "ZkAndEd25519Sigs", &found);
    if (!found) {
        json_fail(node, unknown);
        return;
    }
    proof->kind = OP_PROOF_ZK_AND_ED25519;
    read_both_proofs(&content, proof);
}

static void read_op_proofs(const struct json_node *top, struct signed_tx *signed_tx)
{
    const struct json_node list = json_get(top, "ops_proofs");
    const size_t count = signed_tx->tx.op_count;

    if (json_count(&list) != count) {
        json_fail(&list, "not as many proofs as operations");
        return;
    }
    signed_tx->op_proofs = nomos_alloc(count, sizeof(*signed_tx->op_proofs));
    if (!signed_tx->op_proofs) {
        json_fail_memory(top);
        return;
    }
    for (size_t i = 0; i < count && json_ok(top); i++) {
        const struct json_node item = json_item(&list, i);

        read_op_proof(&item, &signed_tx->op_proofs[i]);
    }
}

struct signed_tx json_signed_tx(const struct json_node *node)
{
    const struct json_node mantle = json_get(node, "mantle_tx");
    const struct json_node proof = json_get(node, "ledger_tx_proof");
    struct signed_tx read = {0};

    read_mantle(&mantle, &read.tx);
    read_op_proofs(node, &read);
    read_zk_proof(&proof, &read.ledger_proof);
    if (!json_ok(node))
        signed_tx_done(&read);
    return read;
}

static void decode_tx(const struct json_node *top, void *out)
{
    const struct signed_tx read = json_signed_tx(top);

    if (json_ok(top))
        memcpy(out, &read, sizeof(read));
}

enum nomos_status json_tx_from_object(
    struct json_object *object, const char *path, struct signed_tx *out, struct nomos_error *err)
{
    struct json_reader reader = {.err = err};
    const struct json_node top = {.reader = &reader, .key = path, .value = object};

    decode_tx(&top, out);
    return reader.status;
}

enum nomos_status json_tx_parse(
    const char *text, size_t size, struct signed_tx *out, struct nomos_error *err)
{
    const struct json_decoder decoder = {decode_tx, out};

    return json_decode((struct json_text){text, size}, &decoder, err);
}

#include "nomos/genesis.h"
#include "nomos/keys.h"
#include "nomos/memory.h"

/* What the checks share. */
struct genesis_check {
    const struct wire *wire;
    const struct zk_scheme *scheme;
    const struct signed_tx *genesis;
    struct fr hash;
    struct fr *note_ids; /* of the outputs */
    bool *is_locked;     /* by a declaration seen so far */
};

static enum nomos_status check_shape(const struct signed_tx *genesis, struct nomos_error *err)
{
    const struct mantle_tx *tx = &genesis->tx;

    if (tx->execution_gas_price || tx->storage_gas_price)
        return nomos_fail(err, NOMOS_E_DATA, "genesis: gas prices must be 0");
    if (tx->input_count)
        return nomos_fail(err, NOMOS_E_DATA, "genesis: there can be no inputs");
    if (tx->output_count == 0)
        return nomos_fail(err, NOMOS_E_DATA, "genesis: there are no outputs");
    if (tx->op_count == 0 || tx->ops[0].code != OP_CHANNEL_INSCRIBE)
        return nomos_fail(err, NOMOS_E_DATA, "genesis: ops[0] must be an inscription");
    const struct op_inscribe *first = &tx->ops[0].inscribe;
    if (!bytes32_is_zero(&first->channel) || !bytes32_is_zero(&first->parent) ||
        !bytes32_is_zero(&first->signer) || genesis->op_proofs[0].kind != OP_PROOF_NONE)
        return nomos_fail(err, NOMOS_E_DATA,
            "genesis: ops[0] must be in channel zero, with parent and signer zero and no proof");
    for (size_t i = 1; i < tx->op_count; i++)
        if (tx->ops[i].code != OP_SDP_DECLARE)
            return nomos_fail(
                err, NOMOS_E_DATA, "genesis: ops[%zu] is not a service declaration", i);
    return NOMOS_OK;
}

static enum nomos_status check_values(const struct mantle_tx *tx, struct nomos_error *err)
{
    uint64_t sum = 0;

    for (size_t i = 0; i < tx->output_count; i++) {
        if (tx->outputs[i].value == 0)
            return nomos_fail(err, NOMOS_E_DATA, "genesis: outputs[%zu] is worth 0", i);
        if (__builtin_add_overflow(sum, tx->outputs[i].value, &sum))
            return nomos_fail(err, NOMOS_E_DATA, "genesis: the outputs exceed 64 bits in sum");
    }
    return NOMOS_OK;
}

/* Finds and marks the output that a declaration locks. */
static enum nomos_status lock_note(
    struct genesis_check *check, size_t op, size_t *out_index, struct nomos_error *err)
{
    const struct fr *wanted = &check->genesis->tx.ops[op].declare.locked_note_id;

    for (size_t i = 0; i < check->genesis->tx.output_count; i++) {
        if (!fr_equal(&check->note_ids[i], wanted))
            continue;
        if (check->is_locked[i])
            return nomos_fail(
                err, NOMOS_E_DATA, "genesis: ops[%zu] locks a note that is locked already", op);
        check->is_locked[i] = true;
        *out_index = i;
        return NOMOS_OK;
    }
    return nomos_fail(err, NOMOS_E_DATA,
        "genesis: ops[%zu] locks a note that is no output of this transaction", op);
}

static enum nomos_status check_declaration(
    struct genesis_check *check, size_t op, struct nomos_error *err)
{
    const struct op_declare *declare = &check->genesis->tx.ops[op].declare;
    const struct op_proof *proof = &check->genesis->op_proofs[op];
    const struct bytes32 message = tx_signing_bytes(&check->hash);
    struct nomos_error reason;
    size_t index = 0;

    enum nomos_status status = lock_note(check, op, &index, err);
    if (status)
        return status;
    if (proof->kind != OP_PROOF_ZK_AND_ED25519)
        return nomos_fail(
            err, NOMOS_E_DATA, "genesis: ops_proofs[%zu] needs a zk and an Ed25519 proof", op);
    if (!ed25519_verify(
            &declare->provider_id, message.bytes, sizeof(message.bytes), &proof->ed25519))
        return nomos_fail(err, NOMOS_E_DATA,
            "genesis: ops_proofs[%zu]: the Ed25519 signature is not the provider's", op);
    const struct fr owners[] = {check->genesis->tx.outputs[index].pk, declare->zk_id};
    const struct zk_statement statement = {check->hash, owners, 2};
    status = check->scheme->verify(check->wire, &statement, &proof->zk, &reason);
    if (status)
        return nomos_fail(err, status, "genesis: ops_proofs[%zu]: %s", op, reason.text);
    return NOMOS_OK;
}

enum nomos_status genesis_verify(const struct wire *wire, const struct zk_scheme *scheme,
    const struct signed_tx *genesis, struct nomos_error *err)
{
    const struct mantle_tx *tx = &genesis->tx;
    NOMOS_AUTO_FREE struct fr *note_ids = NULL;
    NOMOS_AUTO_FREE bool *is_locked = NULL;

    enum nomos_status status = check_shape(genesis, err);
    if (!status)
        status = check_values(tx, err);
    if (status)
        return status;
    note_ids = nomos_alloc(tx->output_count, sizeof(*note_ids));
    is_locked = nomos_alloc(tx->output_count, sizeof(*is_locked));
    if (!note_ids || !is_locked)
        return nomos_fail_memory(err);
    tx_output_ids(wire, tx, note_ids);
    struct genesis_check check = {wire, scheme, genesis, tx_hash(wire, tx), note_ids, is_locked};
    for (size_t i = 1; !status && i < tx->op_count; i++)
        status = check_declaration(&check, i, err);
    return status;
}

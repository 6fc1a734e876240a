#include "nomos/tx.h"

#include <stdlib.h>

#include "nomos/keys.h"

/* Execution gas (node contract 4.5). */
#define GAS_LEDGER_TX    2705
#define GAS_INSCRIBE     22
#define GAS_BLOB         800
#define GAS_BLOB_UNIT    100 /* per BLOB_UNIT_SIZE bytes, rounded down */
#define BLOB_UNIT_SIZE   (1024 * 32)
#define GAS_SET_KEYS     22
#define GAS_SDP_DECLARE  2727
#define GAS_SDP_CHANGE   2705 /* withdraw and active */
#define GAS_LEADER_CLAIM 1150

static void op_done(struct op *op)
{
    switch (op->code) {
    case OP_CHANNEL_INSCRIBE:
        free(op->inscribe.data);
        return;
    case OP_CHANNEL_SET_KEYS:
        free(op->set_keys.keys);
        return;
    case OP_SDP_DECLARE:
        free(op->declare.locators);
        return;
    case OP_SDP_ACTIVE:
        free(op->active.metadata);
        return;
    case OP_CHANNEL_BLOB:
    case OP_SDP_WITHDRAW:
    case OP_LEADER_CLAIM:
        return;
    }
}

void mantle_tx_done(struct mantle_tx *tx)
{
    if (!tx)
        return;
    for (size_t i = 0; i < tx->op_count; i++)
        op_done(&tx->ops[i]);
    free(tx->ops);
    free(tx->inputs);
    free(tx->outputs);
    *tx = (struct mantle_tx){0};
}

void signed_tx_done(struct signed_tx *signed_tx)
{
    if (!signed_tx)
        return;
    mantle_tx_done(&signed_tx->tx);
    free(signed_tx->op_proofs);
    *signed_tx = (struct signed_tx){0};
}

static enum nomos_status check_signature(const struct op_proof *proof, const struct bytes32 *signer,
    const struct fr *hash, size_t index, struct nomos_error *err)
{
    switch (proof->kind) {
    case OP_PROOF_NONE:
        return NOMOS_OK;
    case OP_PROOF_ED25519: {
        const struct bytes32 message = tx_signing_bytes(hash);

        if (ed25519_verify(signer, message.bytes, sizeof(message.bytes), &proof->ed25519))
            return NOMOS_OK;
        return nomos_fail(err, NOMOS_E_DATA,
            "ops_proofs[%zu]: the Ed25519 signature is not the signer's over this transaction",
            index);
    }
    case OP_PROOF_ZK:
    case OP_PROOF_ZK_AND_ED25519:
        return nomos_fail(err, NOMOS_E_DATA,
            "ops_proofs[%zu]: a channel operation takes an Ed25519 signature, not a zk proof",
            index);
    }
    return nomos_fail(err, NOMOS_E_DATA, "ops_proofs[%zu]: unknown kind of proof", index);
}

enum nomos_status signed_tx_check_ops(
    const struct signed_tx *signed_tx, const struct fr *hash, struct nomos_error *err)
{
    for (size_t i = 0; i < signed_tx->tx.op_count; i++) {
        const struct op *op = &signed_tx->tx.ops[i];
        enum nomos_status status = NOMOS_OK;

        if (op->code == OP_CHANNEL_INSCRIBE)
            status = check_signature(&signed_tx->op_proofs[i], &op->inscribe.signer, hash, i, err);
        else if (op->code == OP_CHANNEL_BLOB)
            status = check_signature(&signed_tx->op_proofs[i], &op->blob.signer, hash, i, err);
        if (status)
            return status;
    }
    return NOMOS_OK;
}

static uint64_t op_gas(const struct op *op)
{
    switch (op->code) {
    case OP_CHANNEL_INSCRIBE:
        return GAS_INSCRIBE;
    case OP_CHANNEL_BLOB:
        return GAS_BLOB + GAS_BLOB_UNIT * (op->blob.blob_size / BLOB_UNIT_SIZE);
    case OP_CHANNEL_SET_KEYS:
        return GAS_SET_KEYS;
    case OP_SDP_DECLARE:
        return GAS_SDP_DECLARE;
    case OP_SDP_WITHDRAW:
    case OP_SDP_ACTIVE:
        return GAS_SDP_CHANGE;
    case OP_LEADER_CLAIM:
        return GAS_LEADER_CLAIM;
    }
    return 0;
}

/* *sum += price * amount; false on overflow. */
static bool add_cost(uint64_t *sum, uint64_t price, uint64_t amount)
{
    uint64_t cost;

    return !__builtin_mul_overflow(price, amount, &cost) &&
        !__builtin_add_overflow(*sum, cost, sum);
}

bool signed_tx_gas_cost(const struct signed_tx *signed_tx, uint64_t *out_cost)
{
    const struct mantle_tx *tx = &signed_tx->tx;
    uint64_t gas = GAS_LEDGER_TX;
    uint64_t cost = 0;

    for (size_t i = 0; i < tx->op_count; i++) {
        const struct op *op = &tx->ops[i];

        if (__builtin_add_overflow(gas, op_gas(op), &gas))
            return false;
        if (op->code == OP_CHANNEL_BLOB &&
            !add_cost(&cost, op->blob.da_storage_gas_price, op->blob.blob_size))
            return false;
    }
    if (!add_cost(&cost, tx->execution_gas_price, gas))
        return false;
    /* Sizing takes a walk over the transaction; at price 0, as in every test network, skip it. */
    if (tx->storage_gas_price != 0 &&
        !add_cost(&cost, tx->storage_gas_price, signed_tx_size(signed_tx, TX_FORM_WIRE)))
        return false;
    *out_cost = cost;
    return true;
}

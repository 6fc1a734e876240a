#include "devnode/core/transaction.h"

#include <stdlib.h>

#include "devnode/core/limits.h"
#include "devnode/core/memory.h"
#include "nomos/hash.h"

bool transaction_fits(const struct signed_tx *signed_tx, struct reason *why)
{
    size_t size = signed_tx_size(signed_tx, TX_FORM_STORE);
    const struct mantle_tx *tx = &signed_tx->tx;

    if (tx->input_count > TX_NOTES_MAX || tx->output_count > TX_NOTES_MAX)
        return reason_set(why, "%zu inputs and %zu outputs, this node takes at most %u of each",
            tx->input_count, tx->output_count, TX_NOTES_MAX);
    if (size > TX_BYTES_MAX)
        return reason_set(why, "%zu bytes, this node takes at most %u", size, TX_BYTES_MAX);
    for (size_t i = 0; i < tx->op_count; i++) {
        const struct op *op = &tx->ops[i];

        if (op->code == OP_CHANNEL_SET_KEYS && op->set_keys.key_count > CHANNEL_KEYS_MAX)
            return reason_set(why, "%zu keys for a channel, this node takes at most %u",
                op->set_keys.key_count, CHANNEL_KEYS_MAX);
        if (op->code == OP_SDP_DECLARE && op->declare.locator_count > DECLARATION_LOCATORS_MAX)
            return reason_set(why, "%zu locators in a declaration, this node takes at most %u",
                op->declare.locator_count, DECLARATION_LOCATORS_MAX);
    }
    return true;
}

static bool has_blob(const struct mantle_tx *tx)
{
    for (size_t i = 0; i < tx->op_count; i++) {
        if (tx->ops[i].code == OP_CHANNEL_BLOB)
            return true;
    }
    return false;
}

struct transaction *transaction_new(
    const struct wire *wire, struct signed_tx *signed_tx, struct reason *why)
{
    size_t size = signed_tx_size(signed_tx, TX_FORM_STORE);
    struct nomos_error err;

    if (!transaction_fits(signed_tx, why)) {
        signed_tx_done(signed_tx);
        return NULL;
    }
    struct transaction *tx = memory_new(1, sizeof(*tx));
    tx->owners = 1;
    tx->signed_tx = *signed_tx;
    *signed_tx = (struct signed_tx){.op_proofs = NULL};
    tx->hash = tx_hash(wire, &tx->signed_tx.tx);
    fr_to_le32(&tx->hash, tx->id.bytes);
    if (signed_tx_check_ops(&tx->signed_tx, &tx->hash, &err)) {
        reason_format(why, "%s", err.text);
        transaction_unref(tx);
        return NULL;
    }
    tx->size = size;
    tx->bytes = memory_new(size, 1);
    signed_tx_encode(&tx->signed_tx, TX_FORM_STORE, tx->bytes);
    tx->digest = hash_of(tx->bytes, size);
    tx->output_ids = memory_new(tx->signed_tx.tx.output_count, sizeof(*tx->output_ids));
    tx_output_ids(wire, &tx->signed_tx.tx, tx->output_ids);
    tx->has_blob = has_blob(&tx->signed_tx.tx);
    return tx;
}

struct transaction *transaction_decode(
    const struct wire *wire, const uint8_t *bytes, size_t size, struct reason *why)
{
    struct signed_tx signed_tx;
    struct nomos_error err;

    if (size > TX_BYTES_MAX) {
        reason_format(why, "%zu bytes, this node takes at most %u", size, TX_BYTES_MAX);
        return NULL;
    }
    if (signed_tx_decode(bytes, size, TX_FORM_STORE, &signed_tx, &err)) {
        reason_format(why, "%s", err.text);
        return NULL;
    }
    return transaction_new(wire, &signed_tx, why);
}

struct transaction *transaction_ref(struct transaction *tx)
{
    tx->owners++;
    return tx;
}

void transaction_unref(struct transaction *tx)
{
    if (!tx || --tx->owners)
        return;
    signed_tx_done(&tx->signed_tx);
    free(tx->output_ids);
    free(tx->bytes);
    free(tx);
}

int transaction_compare(const struct transaction *a, const struct transaction *b)
{
    /* The id is little-endian: its last byte is the most significant. */
    for (size_t i = 32; i-- > 0;) {
        if (a->id.bytes[i] != b->id.bytes[i])
            return a->id.bytes[i] < b->id.bytes[i] ? -1 : 1;
    }
    return 0;
}

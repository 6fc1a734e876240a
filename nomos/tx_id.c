#include "nomos/keys.h"
#include "nomos/tx.h"
#include "nomos/tx_encode.h"

struct fr tx_hash(const struct wire *wire, const struct mantle_tx *tx)
{
    struct sink_poseidon2 sink = sink_poseidon2(&wire->tx_hash);

    tx_put_mantle(&sink.sink, tx, TX_FORM_WIRE);
    return sink_poseidon2_end(&sink);
}

struct fr tx_ledger_hash(const struct wire *wire, const struct mantle_tx *tx)
{
    struct sink_poseidon2 sink = sink_poseidon2(&wire->ledger_hash);

    tx_put_ledger(&sink.sink, tx, TX_FORM_WIRE);
    return sink_poseidon2_end(&sink);
}

struct bytes32 tx_signing_bytes(const struct fr *hash)
{
    struct bytes32 out;

    fr_to_montgomery_le32(hash, out.bytes);
    return out;
}

/* `ledger` has absorbed the domain and the ledger hash. */
static struct fr note_id_after(const struct wire *wire, const struct poseidon2 *ledger,
    uint64_t index, const struct note *note)
{
    const struct fr index_element = fr_from_u64(index);
    const struct fr value_element = fr_from_u64(note->value);
    struct poseidon2 hasher = *ledger;

    poseidon2_absorb(&hasher, &index_element);
    poseidon2_absorb(&hasher, &value_element);
    poseidon2_absorb(&hasher, &note->pk);
    return poseidon2_finish(&hasher, wire->revision->note_id_mode);
}

struct fr note_id(
    const struct wire *wire, const struct fr *ledger_hash, uint64_t index, const struct note *note)
{
    struct poseidon2 hasher = wire->note_id;

    poseidon2_absorb(&hasher, ledger_hash);
    return note_id_after(wire, &hasher, index, note);
}

void tx_output_ids(const struct wire *wire, const struct mantle_tx *tx, struct fr *out)
{
    struct poseidon2 hasher = wire->note_id;

    if (tx->output_count == 0)
        return;
    const struct fr ledger_hash = tx_ledger_hash(wire, tx);
    poseidon2_absorb(&hasher, &ledger_hash);
    for (size_t i = 0; i < tx->output_count; i++)
        out[i] = note_id_after(wire, &hasher, i, &tx->outputs[i]);
}

struct bytes32 op_message_id(const struct op *op)
{
    struct sink_hash sink = sink_hash();

    tx_put_op_payload(&sink.sink, op, TX_FORM_WIRE);
    return hash_end(&sink.hash);
}

struct bytes32 op_declaration_id(const struct op_declare *declare)
{
    const char *service = declare->service == SDP_DA ? "DA" : "BN";
    uint8_t zk_id[FR_SIZE];
    struct hash hash;

    /* Montgomery form here, canonical form in the encoding (node contract 3.3). */
    fr_to_montgomery_le32(&declare->zk_id, zk_id);
    hash_begin(&hash);
    hash_add(&hash, service, 2);
    hash_add(&hash, declare->provider_id.bytes, sizeof(declare->provider_id.bytes));
    hash_add(&hash, zk_id, sizeof(zk_id));
    for (size_t i = 0; i < declare->locator_count; i++)
        hash_add(&hash, declare->locators[i].bytes, declare->locators[i].size);
    return hash_end(&hash);
}

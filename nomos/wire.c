#include "nomos/wire.h"

#include "nomos/hash.h"

const struct wire_revision wire_revision_2025_12 = {
    .name = "2025-12",
    .tx_hash_domain = "NOMOS_MANTLE_TXHASH_V1",
    .ledger_hash_domain = "NOMOS_LEDGER_TXHASH_V1",
    .note_id_domain = "NOMOS_NOTE_ID_V1",
    .note_id_mode = POSEIDON2_UNPADDED,
    .epoch_nonce_domain = "EPOCH_NONCE_V1",
    .epoch_nonce_mode = POSEIDON2_UNPADDED,
    .key_domain = "NOMOS_KDF",
    .block_id_domain = "BLOCK_ID_V1",
};

const struct wire_revision wire_revision_2025_12_padded = {
    .name = "2025-12-padded",
    .tx_hash_domain = "NOMOS_MANTLE_TXHASH_V1",
    .ledger_hash_domain = "NOMOS_LEDGER_TXHASH_V1",
    .note_id_domain = "NOMOS_NOTE_ID_V1",
    .note_id_mode = POSEIDON2_PADDED,
    .epoch_nonce_domain = "EPOCH_NONCE_V1",
    .epoch_nonce_mode = POSEIDON2_PADDED,
    .key_domain = "NOMOS_KDF",
    .block_id_domain = "BLOCK_ID_V1",
};

static struct poseidon2 begun_with(const char *domain)
{
    const struct fr element = hash_domain(domain);
    struct poseidon2 hasher = {0};

    poseidon2_absorb(&hasher, &element);
    return hasher;
}

void wire_init(struct wire *wire, const struct wire_revision *revision)
{
    *wire = (struct wire){
        .revision = revision,
        .tx_hash = begun_with(revision->tx_hash_domain),
        .ledger_hash = begun_with(revision->ledger_hash_domain),
        .note_id = begun_with(revision->note_id_domain),
        .epoch_nonce = begun_with(revision->epoch_nonce_domain),
        .key_domain = hash_domain(revision->key_domain),
    };
}

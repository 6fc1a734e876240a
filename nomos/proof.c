#include "nomos/proof.h"

#include <string.h>

#include "nomos/hash.h"
#include "nomos/keys.h"

static const char dev_domain[] = "ASSAY_DEV_PROOF_V1";

/* Places in the proof: three keys and the tag. */
#define TAG_OFFSET ((size_t)DEV_PROOF_OWNERS_MAX * FR_SIZE)

/* The distinct owners of a statement, in order of first appearance. */
struct owners {
    struct fr public_keys[DEV_PROOF_OWNERS_MAX];
    size_t first_at[DEV_PROOF_OWNERS_MAX]; /* index into the statement's owners */
    size_t count;
};

static bool owners_have(const struct owners *owners, const struct fr *public_key)
{
    for (size_t i = 0; i < owners->count; i++)
        if (fr_equal(&owners->public_keys[i], public_key))
            return true;
    return false;
}

static enum nomos_status owners_of(
    const struct zk_statement *statement, struct owners *out, struct nomos_error *err)
{
    *out = (struct owners){0};
    for (size_t i = 0; i < statement->owner_count; i++) {
        if (owners_have(out, &statement->owners[i]))
            continue;
        if (out->count == DEV_PROOF_OWNERS_MAX)
            return nomos_fail(err, NOMOS_E_DATA,
                "the inputs have more than %d owners, which a development proof cannot carry; "
                "spend them in separate transactions",
                DEV_PROOF_OWNERS_MAX);
        out->first_at[out->count] = i;
        out->public_keys[out->count++] = statement->owners[i];
    }
    return NOMOS_OK;
}

static struct bytes32 tag_of(const struct fr *message, const uint8_t keys[TAG_OFFSET])
{
    uint8_t message_bytes[FR_SIZE];
    struct hash hash;

    fr_to_le32(message, message_bytes);
    hash_begin(&hash);
    hash_add(&hash, dev_domain, sizeof(dev_domain) - 1);
    hash_add(&hash, message_bytes, sizeof(message_bytes));
    hash_add(&hash, keys, TAG_OFFSET);
    return hash_end(&hash);
}

static enum nomos_status dev_prove(const struct wire *wire, const struct zk_statement *statement,
    const struct fr *secret_keys, struct zk_proof *out, struct nomos_error *err)
{
    struct zk_proof proof = {{0}};
    struct owners owners;
    enum nomos_status status = owners_of(statement, &owners, err);

    if (status)
        return status;
    for (size_t i = 0; i < owners.count; i++) {
        const struct fr *secret_key = &secret_keys[owners.first_at[i]];
        const struct fr public_key = zk_public_key(wire, secret_key);

        if (!fr_equal(&public_key, &owners.public_keys[i]))
            return nomos_fail(err, NOMOS_E_DATA,
                "secret key %zu is not the one of input %zu's owner", owners.first_at[i],
                owners.first_at[i]);
        fr_to_le32(secret_key, proof.bytes + i * FR_SIZE);
    }
    const struct bytes32 tag = tag_of(&statement->message, proof.bytes);
    memcpy(proof.bytes + TAG_OFFSET, tag.bytes, sizeof(tag.bytes));
    *out = proof;
    return NOMOS_OK;
}

/* Whether slot i holds the secret key of owner i, or 0 when there is no such owner. */
static enum nomos_status check_slot(const struct wire *wire, const struct owners *owners, size_t i,
    const struct zk_proof *proof, struct nomos_error *err)
{
    const uint8_t *bytes = proof->bytes + i * FR_SIZE;
    uint8_t canonical[FR_SIZE];
    struct fr secret_key = fr_zero;

    /* r itself reads as 0, which would make a second proof of the same statement. */
    const bool is_read = fr_from_le32(bytes, &secret_key);
    fr_to_le32(&secret_key, canonical);
    if (!is_read || memcmp(canonical, bytes, sizeof(canonical)) != 0)
        return nomos_fail(err, NOMOS_E_DATA, "key %zu of the proof is not a field element", i);
    if (i >= owners->count) {
        if (fr_is_zero(&secret_key))
            return NOMOS_OK;
        return nomos_fail(err, NOMOS_E_DATA, "key %zu of the proof belongs to no input", i);
    }
    const struct fr public_key = zk_public_key(wire, &secret_key);
    if (fr_equal(&public_key, &owners->public_keys[i]))
        return NOMOS_OK;
    return nomos_fail(
        err, NOMOS_E_DATA, "the proof lacks the key of input %zu's owner", owners->first_at[i]);
}

static enum nomos_status dev_verify(const struct wire *wire, const struct zk_statement *statement,
    const struct zk_proof *proof, struct nomos_error *err)
{
    struct owners owners;
    enum nomos_status status = owners_of(statement, &owners, err);

    if (status)
        return status;
    /* The tag first: it is the cheap check, and a changed transaction fails it. */
    const struct bytes32 tag = tag_of(&statement->message, proof->bytes);
    if (memcmp(tag.bytes, proof->bytes + TAG_OFFSET, sizeof(tag.bytes)) != 0)
        return nomos_fail(err, NOMOS_E_DATA, "the proof was made for another transaction");
    for (size_t i = 0; i < DEV_PROOF_OWNERS_MAX; i++) {
        status = check_slot(wire, &owners, i, proof, err);
        if (status)
            return status;
    }
    return NOMOS_OK;
}

const struct zk_scheme zk_scheme_dev = {
    .name = "development",
    .owners_max = DEV_PROOF_OWNERS_MAX,
    .prove = dev_prove,
    .verify = dev_verify,
};

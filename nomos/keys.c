#include "nomos/keys.h"

#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

/* A peer id is base58 of this prefix (an identity multihash of a protobuf with an Ed25519 key) and
   the 32 bytes of the key. */
#define PEER_PREFIX_SIZE 6
#define PEER_BYTES_SIZE  (PEER_PREFIX_SIZE + sizeof(struct bytes32))
static const uint8_t peer_prefix[PEER_PREFIX_SIZE] = {0x00, 0x24, 0x08, 0x01, 0x12, 0x20};
static const char base58_digits[] = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";

bool keys_init(void)
{
    return sodium_init() >= 0;
}

void ed25519_from_seed(const struct bytes32 *seed, struct ed25519_key *out)
{
    (void)crypto_sign_seed_keypair(out->public_key.bytes, out->secret, seed->bytes);
}

struct signature ed25519_sign(const struct ed25519_key *key, const void *message, size_t size)
{
    struct signature out;

    (void)crypto_sign_detached(out.bytes, NULL, message, size, key->secret);
    return out;
}

bool ed25519_verify(const struct bytes32 *public_key, const void *message, size_t size,
    const struct signature *signature)
{
    return crypto_sign_verify_detached(signature->bytes, message, size, public_key->bytes) == 0;
}

bool ed25519_is_point(const struct bytes32 *public_key)
{
    /* Adding the neutral element fails exactly when the other side is no point; libsodium's own
       check also refuses points of small order, which the node takes. */
    static const uint8_t neutral[crypto_core_ed25519_BYTES] = {1};
    uint8_t sum[crypto_core_ed25519_BYTES];

    return crypto_core_ed25519_add(sum, public_key->bytes, neutral) == 0;
}

void ed25519_zero_key(struct ed25519_key *out)
{
    ed25519_from_seed(&(const struct bytes32){{0}}, out);
}

struct fr zk_public_key(const struct wire *wire, const struct fr *secret_key)
{
    return poseidon2_compress(&wire->key_domain, secret_key);
}

struct fr note_secret_key(enum note_purpose purpose, const struct bytes32 *seed)
{
    static const char prefixes[][2] = {
        [NOTE_LEADER] = {'l', 'd'}, [NOTE_DA] = {'d', 'a'}, [NOTE_BLEND] = {'b', 'n'}};
    uint8_t bytes[16];

    memcpy(bytes, prefixes[purpose], 2);
    memcpy(bytes + 2, seed->bytes, sizeof(bytes) - 2);
    return fr_from_bytes_mod(bytes, sizeof(bytes));
}

struct fr provider_secret_key(const struct bytes32 *ed25519_public_key)
{
    return fr_from_bytes_mod(ed25519_public_key->bytes, sizeof(ed25519_public_key->bytes));
}

void wallet_label(uint64_t index, char out[WALLET_LABEL_SIZE])
{
    (void)snprintf(out, WALLET_LABEL_SIZE, "wallet-user-%" PRIu64, index);
}

struct fr wallet_secret_key(uint64_t index)
{
    uint8_t bytes[10] = {'w', 'l'};

    for (size_t i = 0; i < 8; i++)
        bytes[2 + i] = (uint8_t)(index >> (8 * i));
    return fr_from_bytes_mod(bytes, sizeof(bytes));
}

/* The prefix fixes the length: 38 bytes with one leading zero are always 52 characters. */
void peer_id_write(const struct bytes32 *ed25519_public_key, char out[PEER_ID_SIZE])
{
    uint8_t number[PEER_BYTES_SIZE];

    memcpy(number, peer_prefix, PEER_PREFIX_SIZE);
    memcpy(number + PEER_PREFIX_SIZE, ed25519_public_key->bytes, sizeof(*ed25519_public_key));
    out[PEER_ID_SIZE - 1] = '\0';
    for (size_t i = PEER_ID_SIZE - 1; i-- > 0;) {
        unsigned remainder = 0;

        for (size_t j = 0; j < sizeof(number); j++) {
            const unsigned value = remainder << 8 | number[j];

            number[j] = (uint8_t)(value / 58);
            remainder = value % 58;
        }
        out[i] = base58_digits[remainder];
    }
}

bool peer_id_read(const char *text, struct bytes32 *out_ed25519_public_key)
{
    uint8_t number[PEER_BYTES_SIZE] = {0};

    if (strnlen(text, PEER_ID_SIZE) != PEER_ID_SIZE - 1)
        return false;
    for (size_t i = 0; i < PEER_ID_SIZE - 1; i++) {
        const char *digit = strchr(base58_digits, text[i]);

        if (!digit)
            return false;
        unsigned carry = (unsigned)(digit - base58_digits);
        for (size_t j = sizeof(number); j-- > 0;) {
            carry += 58U * number[j];
            number[j] = (uint8_t)carry;
            carry >>= 8;
        }
        if (carry)
            return false;
    }
    if (memcmp(number, peer_prefix, PEER_PREFIX_SIZE) != 0)
        return false;
    memcpy(out_ed25519_public_key->bytes, number + PEER_PREFIX_SIZE, sizeof(struct bytes32));
    return true;
}

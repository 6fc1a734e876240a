#include "framework/host/sign.h"

#include <sodium.h>

#include "framework/host/instance.h"

static assay_status service_public(const assay_host *table, const uint8_t seed[32], uint8_t key[32])
{
    unsigned char secret[crypto_sign_SECRETKEYBYTES];

    (void)table;
    (void)crypto_sign_seed_keypair(key, secret, seed);
    sodium_memzero(secret, sizeof(secret));
    return ASSAY_OK;
}

static assay_status service_sign(
    const assay_host *table, const uint8_t seed[32], assay_bytes message, uint8_t signature[64])
{
    unsigned char key[crypto_sign_PUBLICKEYBYTES], secret[crypto_sign_SECRETKEYBYTES];

    (void)table;
    (void)crypto_sign_seed_keypair(key, secret, seed);
    (void)crypto_sign_detached(signature, NULL, message.data, message.size, secret);
    sodium_memzero(secret, sizeof(secret));
    return ASSAY_OK;
}

static assay_status service_verify(const assay_host *table, const uint8_t key[32],
    assay_bytes message, const uint8_t signature[64])
{
    (void)table;
    return crypto_sign_verify_detached(signature, message.data, message.size, key) ? ASSAY_E_DENIED
                                                                                   : ASSAY_OK;
}

static assay_status service_blake2b(
    const assay_host *table, assay_bytes message, void *digest, size_t size)
{
    if (size < crypto_generichash_BYTES_MIN || size > crypto_generichash_BYTES_MAX)
        return instance_fail(
            table, ASSAY_E_INVALID, "sign.blake2b: a digest has 16 to 64 bytes, not %zu", size);
    (void)crypto_generichash(digest, size, message.data, message.size, NULL, 0);
    return ASSAY_OK;
}

const assay_sign sign_table = {
    .struct_size = sizeof(assay_sign),
    .ed25519_public = service_public,
    .ed25519_sign = service_sign,
    .ed25519_verify = service_verify,
    .blake2b = service_blake2b,
};

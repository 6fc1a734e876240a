#include "nomos/hash.h"

#include <assert.h>
#include <string.h>

#include "nomos/poseidon2.h"

/* libsodium's functions fail for sizes out of range only, which these are not. */
void hash_begin(struct hash *hash)
{
    (void)crypto_generichash_init(&hash->state, NULL, 0, sizeof(struct bytes32));
}

void hash_add(struct hash *hash, const void *bytes, size_t size)
{
    (void)crypto_generichash_update(&hash->state, bytes, size);
}

struct bytes32 hash_end(struct hash *hash)
{
    struct bytes32 out;

    (void)crypto_generichash_final(&hash->state, out.bytes, sizeof(out.bytes));
    return out;
}

struct bytes32 hash_of(const void *bytes, size_t size)
{
    struct bytes32 out;

    (void)crypto_generichash(out.bytes, sizeof(out.bytes), bytes, size, NULL, 0);
    return out;
}

struct fr hash_domain(const char *text)
{
    assert(strlen(text) <= POSEIDON2_CHUNK);
    return fr_from_bytes_mod((const uint8_t *)text, strlen(text));
}

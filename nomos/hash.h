/* Blake2b-256, unkeyed, and what the node builds from it besides hashes of whole messages. */
#ifndef NOMOS_HASH_H
#define NOMOS_HASH_H

#include <sodium/crypto_generichash.h>
#include <stddef.h>

#include "nomos/bytes.h"
#include "nomos/field.h"

/* A hash in progress. hash_begin, any number of hash_add, hash_end. */
struct hash {
    crypto_generichash_state state;
};

void hash_begin(struct hash *hash);
void hash_add(struct hash *hash, const void *bytes, size_t size);
struct bytes32 hash_end(struct hash *hash);

/* All three in one. */
struct bytes32 hash_of(const void *bytes, size_t size);

/* D(s) of the node contract: the ASCII bytes of s read as a little-endian integer. s must be at
   most 31 bytes long, so that it is below r (asserted: domains are our own constants). */
struct fr hash_domain(const char *text);

#endif

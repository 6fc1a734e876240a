/* Fixed-size byte strings that can be assigned, returned and compared.
 *
 * Channel ids, message ids, header ids, block roots, Ed25519 public keys and declaration ids are
 * all 32 bytes whose order on the wire is the order in memory. Field elements are not: see
 * field.h. */
#ifndef NOMOS_BYTES_H
#define NOMOS_BYTES_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

struct bytes32 {
    uint8_t bytes[32];
};

/* An Ed25519 signature. */
struct signature {
    uint8_t bytes[64];
};

/* A compressed Groth16 proof, or what stands in for one (proof.h): pi_a 32, pi_b 64, pi_c 32. */
struct zk_proof {
    uint8_t bytes[128];
};

static inline bool bytes32_equal(const struct bytes32 *a, const struct bytes32 *b)
{
    return memcmp(a->bytes, b->bytes, sizeof(a->bytes)) == 0;
}

static inline bool bytes32_is_zero(const struct bytes32 *a)
{
    return bytes32_equal(a, &(const struct bytes32){{0}});
}

/* Order of the bytes as they are, first byte most significant: <0, 0, >0. */
static inline int bytes32_compare(const struct bytes32 *a, const struct bytes32 *b)
{
    return memcmp(a->bytes, b->bytes, sizeof(a->bytes));
}

#endif

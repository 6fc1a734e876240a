/* Fr: the scalar field of the BN254 curve, where all of Nomos' in-circuit hashing happens.
 *
 *     r = 0x30644e72e131a029b85045b68181585d2833e84879b9709143e1f593f0000001  (254 bits)
 *
 * An element is held in Montgomery form, x * 2^256 mod r, in four 64-bit limbs, least significant
 * first, always fully reduced. So equal elements have equal limbs, and 0 is all zeros.
 *
 * Everything here is a pure function of its arguments; any thread may call it. Nothing is constant
 * in time: the secret keys of a development network are not secrets. */
#ifndef NOMOS_FIELD_H
#define NOMOS_FIELD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct fr {
    uint64_t limb[4];
};

/* Bytes of an element wherever it is written ("LE32": little-endian, canonical). */
#define FR_SIZE 32
/* Longest decimal form, 77 digits, and the terminator. */
#define FR_DECIMAL_SIZE 78

extern const struct fr fr_zero;
extern const struct fr fr_one;

struct fr fr_from_u64(uint64_t value);

/* Reads LE32. True and *out when the integer is at most r; r itself reads as 0, as the node
   reads it (its comparison is `> r`). False otherwise. */
bool fr_from_le32(const uint8_t bytes[FR_SIZE], struct fr *out);

/* Reads `size` little-endian bytes, any number of them, modulo r. */
struct fr fr_from_bytes_mod(const uint8_t *bytes, size_t size);

/* Reads decimal digits and nothing else. False when empty, not digits, or not below r. */
bool fr_from_decimal(const char *text, struct fr *out);

void fr_to_le32(const struct fr *a, uint8_t out[FR_SIZE]);
void fr_to_decimal(const struct fr *a, char out[FR_DECIMAL_SIZE]);

/* The limbs as they are held, x * 2^256 mod r, as 32 little-endian bytes. The node signs
   transaction hashes in this form and hashes zk ids into declaration ids in it; nothing else
   uses it. */
void fr_to_montgomery_le32(const struct fr *a, uint8_t out[FR_SIZE]);

/* The canonical integer, least significant limb first. */
void fr_to_limbs(const struct fr *a, uint64_t out[4]);
/* The element of an integer below 2^256, given as limbs, modulo r. */
struct fr fr_from_limbs_mod(const uint64_t limbs[4]);

struct fr fr_add(const struct fr *a, const struct fr *b);
struct fr fr_sub(const struct fr *a, const struct fr *b);
struct fr fr_mul(const struct fr *a, const struct fr *b);
struct fr fr_sqr(const struct fr *a);

bool fr_equal(const struct fr *a, const struct fr *b);
bool fr_is_zero(const struct fr *a);

/* Order of the canonical integers: <0, 0, >0. */
int fr_compare(const struct fr *a, const struct fr *b);

#endif

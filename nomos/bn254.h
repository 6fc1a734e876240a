/* Points of the curve BN254 as Groth16 proofs hold them: read from decimals, checked, compressed to
 * bytes and back (node contract 3.9). No pairing: whether a proof is true is not ours to say.
 *
 *     y^2 = x^3 + 3         G1, over Fq, q = 0x30644e72...d87cfd47 (254 bits)
 *     y^2 = x^3 + 3/(9+u)   G2, over Fq2 = Fq[u]/(u^2 + 1)
 *
 * Compressed is x in little-endian bytes, of G2 c0 and then c1, with two flags in the top bits of the
 * last byte: 0x80 when y is the larger of y and -y (of G2 by c1, then by c0), 0x40 for the point at
 * infinity. That point is refused everywhere here: no proof that is worth anything has it.
 *
 * Elements are held in Montgomery form, four 64-bit limbs, fully reduced. Pure functions, any thread.
 * Compressing takes a microsecond; decompressing takes roots, some tens of them. */
#ifndef NOMOS_BN254_H
#define NOMOS_BN254_H

#include <stdbool.h>
#include <stdint.h>

#define BN254_G1_SIZE 32
#define BN254_G2_SIZE 64

struct fq {
    uint64_t limb[4];
};

struct fq2 {
    struct fq c0, c1; /* c0 + c1 u */
};

struct bn254_g1 {
    struct fq x, y;
};

struct bn254_g2 {
    struct fq2 x, y;
};

/* Reads decimal digits and nothing else. False when empty, not digits, or not below q. */
bool fq_from_decimal(const char *text, struct fq *out);

bool bn254_g1_is_on_curve(const struct bn254_g1 *point);
bool bn254_g2_is_on_curve(const struct bn254_g2 *point);

void bn254_g1_compress(const struct bn254_g1 *point, uint8_t out[BN254_G1_SIZE]);
void bn254_g2_compress(const struct bn254_g2 *point, uint8_t out[BN254_G2_SIZE]);

/* False when the bytes are no point: infinity, x not below q, or no y for it. */
bool bn254_g1_decompress(const uint8_t bytes[BN254_G1_SIZE], struct bn254_g1 *out);
bool bn254_g2_decompress(const uint8_t bytes[BN254_G2_SIZE], struct bn254_g2 *out);

#endif

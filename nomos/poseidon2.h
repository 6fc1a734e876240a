/* Poseidon2 over Fr, width 3, as the node uses it (node contract 3.3).
 *
 * x^5, 4 + 56 + 4 rounds, rate 1, zero initial state. There are three ways to hash:
 *   padded    absorb every input, then absorb a final 1     ("digest")
 *   unpadded  absorb every input                            ("sponge")
 *   compress  one permutation of (a, b, 0)
 * Which value uses which way is not uniform; wire.h says it for each.
 *
 *     struct poseidon2 hasher = {0};
 *     poseidon2_absorb(&hasher, &a);
 *     poseidon2_absorb(&hasher, &b);
 *     struct fr h = poseidon2_finish(&hasher, POSEIDON2_PADDED);
 *
 * A hasher is a plain value: copying one keeps a common prefix for later, which saves its
 * permutations. One permutation is the unit of cost of everything that hashes: about 5
 * microseconds at 3.7 GHz, twice that where the processor lacks BMI2. Pure functions; any
 * thread. */
#ifndef NOMOS_POSEIDON2_H
#define NOMOS_POSEIDON2_H

#include "nomos/field.h"

#define POSEIDON2_WIDTH 3
/* A byte string is cut in pieces of this size, each read as a little-endian integer. 31 bytes are
   always below r. */
#define POSEIDON2_CHUNK 31

enum poseidon2_mode {
    POSEIDON2_PADDED = 0,
    POSEIDON2_UNPADDED = 1,
};

/* A hasher; all zeros is its start. */
struct poseidon2 {
    struct fr state[POSEIDON2_WIDTH];
};

void poseidon2_permute(struct fr state[POSEIDON2_WIDTH]);
/* The same in plain C, which is what the one above does on a processor without the instructions
   that make it fast. Public so that tests can compare the two. */
void poseidon2_permute_portable(struct fr state[POSEIDON2_WIDTH]);

void poseidon2_absorb(struct poseidon2 *hasher, const struct fr *input);
/* The hash of what was absorbed. The hasher itself is left as it was and may go on. */
struct fr poseidon2_finish(const struct poseidon2 *hasher, enum poseidon2_mode mode);

struct fr poseidon2_digest(const struct fr *inputs, size_t count); /* padded */
struct fr poseidon2_sponge(const struct fr *inputs, size_t count); /* unpadded */
struct fr poseidon2_compress(const struct fr *a, const struct fr *b);

#endif

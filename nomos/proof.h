/* Proofs that the owners of notes agree to a transaction, and the DEVELOPMENT stand-in for them.
 *
 * The real node asks for a Groth16 proof ("zksign", node contract 3.9): I know the secret keys of
 * these public keys, and I mean this message. Making one takes external programs. In networks of
 * development nodes the stand-in below takes its place, in the same 128 bytes.
 *
 *   !!  A development proof PUBLISHES THE SECRET KEYS of the notes it spends. It is for networks !!
 *   !!  that are made for a test and thrown away, where every key is derived from public data.   !!
 *   !!  Never use a key here that has any use elsewhere.                                         !!
 *
 * It still does a test's work: a wrong key or a changed transaction fails, and only the holder of a
 * note's key can make one first.
 *
 *     pi_a = sk1 LE32        pi_b = sk2 LE32 || sk3 LE32
 *     pi_c = Blake2b-256("ASSAY_DEV_PROOF_V1" || message LE32 || sk1 || sk2 || sk3)
 *
 * sk1.. are the keys of the *distinct* owners in order of first appearance; the slots left over are
 * 0, as the real statement pads with the secret key 0. So there is exactly one valid proof for a
 * statement, and a statement has at most 3 distinct owners (the real one: 32).
 *
 * A scheme is a table of functions, so that a real prover can stand beside this one. */
#ifndef NOMOS_PROOF_H
#define NOMOS_PROOF_H

#include "nomos/bytes.h"
#include "nomos/error.h"
#include "nomos/wire.h"

#define DEV_PROOF_OWNERS_MAX 3

/* What is proved. `owners` may repeat keys, one per input say; a transaction without inputs has a
   statement without owners. */
struct zk_statement {
    struct fr message; /* the transaction hash */
    const struct fr *owners;
    size_t owner_count;
};

struct zk_scheme {
    const char *name; /* for messages */
    /* Largest number of distinct owners. */
    size_t owners_max;
    /* Makes a proof. `secret_keys` holds the key of owners[i] at place i. NOMOS_E_DATA when a
       key is not its owner's, or there are too many distinct owners. */
    enum nomos_status (*prove)(const struct wire *wire, const struct zk_statement *statement,
        const struct fr *secret_keys, struct zk_proof *out, struct nomos_error *err);
    /* NOMOS_OK, or NOMOS_E_DATA and why not. */
    enum nomos_status (*verify)(const struct wire *wire, const struct zk_statement *statement,
        const struct zk_proof *proof, struct nomos_error *err);
};

/* The development scheme described above. One permutation for each distinct owner, either way. */
extern const struct zk_scheme zk_scheme_dev;

#endif

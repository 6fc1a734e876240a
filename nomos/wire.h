/* What a revision of the node calls things: the one place that changes when the wire does.
 *
 * The node's hashes begin with domain strings and finish in one of two ways, and both have changed
 * between revisions (node contract 3.3 and 10). A wire is such a choice made ready for use, with
 * the domain strings already absorbed. Make one with wire_init at start and hand it by const
 * pointer to everything that hashes; it is never written again, so threads may share it. No
 * cleanup.
 *
 *     struct wire wire;
 *     wire_init(&wire, &wire_revision_2025_12);
 */
#ifndef NOMOS_WIRE_H
#define NOMOS_WIRE_H

#include "nomos/poseidon2.h"

struct wire_revision {
    const char *name;               /* for messages */
    const char *tx_hash_domain;     /* padded */
    const char *ledger_hash_domain; /* padded */
    const char *note_id_domain;
    enum poseidon2_mode note_id_mode;
    const char *epoch_nonce_domain;
    enum poseidon2_mode epoch_nonce_mode;
    const char *key_domain;      /* compress(D(key_domain), secret key) is a public key */
    const char *block_id_domain; /* Blake2b-256 */
};

/* The node of December 2025 (3f623e0c): note ids and epoch nonces unpadded. */
extern const struct wire_revision wire_revision_2025_12;
/* The same with note ids and epoch nonces padded, as the circuits have it and as the node does
   later. */
extern const struct wire_revision wire_revision_2025_12_padded;

struct wire {
    const struct wire_revision *revision;
    struct poseidon2 tx_hash;     /* each hasher has absorbed its domain */
    struct poseidon2 ledger_hash; /* ... */
    struct poseidon2 note_id;
    struct poseidon2 epoch_nonce;
    struct fr key_domain;
};

void wire_init(struct wire *wire, const struct wire_revision *revision);

#endif

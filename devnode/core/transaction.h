/* transaction.h - a transaction as the node holds it: parsed once, hashed once, proved once.
 *
 * The mempool, blocks and the ledger share one object per transaction, so that what was computed
 * when it arrived is not computed again when a block with it is assembled or validated. Its fields
 * never change after transaction_new(), but for the mempool's own and for the proof's verdict,
 * which is a pure function of the transaction (an input's id commits to its owner) and is filled in
 * when first known. Counted references, one thread.
 *
 *     struct transaction *tx = transaction_new(&wire, &signed_tx, &why);
 *     ...
 *     transaction_unref(tx);
 * / */
#ifndef DEVNODE_CORE_TRANSACTION_H
#define DEVNODE_CORE_TRANSACTION_H

#include "devnode/core/reason.h"
#include "nomos/bytes.h"
#include "nomos/tx.h"

enum transaction_verdict {
    VERDICT_UNKNOWN = 0,
    VERDICT_GOOD,
    VERDICT_BAD,
};

struct transaction {
    uint32_t owners;
    struct signed_tx signed_tx;
    struct fr hash;
    struct bytes32 id;     /* the hash as LE32 */
    struct bytes32 digest; /* of `bytes`; unlike the id it covers the proofs */
    struct fr *output_ids; /* tx.output_count of them */
    uint8_t *bytes;        /* TX_FORM_STORE */
    size_t size;
    enum transaction_verdict proof; /* of ledger_proof */
    bool has_blob;                  /* some operation needs data availability */
    size_t pool_place;              /* the mempool's, while it waits there */
};

/* Whether it is within the limits of this node (limits.h). */
bool transaction_fits(const struct signed_tx *signed_tx, struct reason *why);

/* Takes over *signed_tx (left all zeros) and checks what can be checked without a ledger: sizes
 * and the Ed25519 proofs of channel operations. NULL and a reason when refused; *signed_tx is
 * freed all the same. */
struct transaction *transaction_new(
    const struct wire *wire, struct signed_tx *signed_tx, struct reason *why);

/* The same from its binary form. */
struct transaction *transaction_decode(
    const struct wire *wire, const uint8_t *bytes, size_t size, struct reason *why);

struct transaction *transaction_ref(struct transaction *tx);
void transaction_unref(struct transaction *tx);

/* The order of the mempool: by hash as an integer. <0, 0, >0. */
int transaction_compare(const struct transaction *a, const struct transaction *b);

#endif

/* The genesis transaction of a test network (node contract 4.8, 5.3).
 *
 * One inscription of "genesis" in channel zero, then a declaration per node for data
 * availability and then one per node for blend; outputs are three notes per node (leader 1000,
 * DA 1, blend 1) and then the wallet accounts. Every value in it follows from the node seeds,
 * the locators and the accounts, so any two builders make the same transaction.
 *
 * keys_init must have been called. */
#ifndef NOMOS_GENESIS_H
#define NOMOS_GENESIS_H

#include "nomos/proof.h"
#include "nomos/tx.h"

#define GENESIS_LEADER_NOTE  1000
#define GENESIS_SERVICE_NOTE 1
/* Outputs that each node has before the accounts begin. */
#define GENESIS_NOTES_PER_NODE 3

struct genesis_node {
    struct bytes32 seed;
    struct multiaddr da_locator;
    struct multiaddr blend_locator;
};

struct genesis_spec {
    const struct genesis_node *nodes;
    size_t node_count;
    const struct note *accounts; /* value and public key of each wallet account */
    size_t account_count;
};

/* Builds and signs it. Free with signed_tx_done. NOMOS_E_DATA when there is no output at all, when
   an account is worth 0, or when the values do not sum within 64 bits. */
enum nomos_status genesis_build(const struct wire *wire, const struct zk_scheme *scheme,
    const struct genesis_spec *spec, struct signed_tx *out, struct nomos_error *err);

/* What a node checks before it starts from a genesis transaction: the shape above, no output of
   0, a stake within 64 bits, that each declaration locks an output of its own, and both
   signatures of every declaration. NOMOS_E_DATA and the reason otherwise. */
enum nomos_status genesis_verify(const struct wire *wire, const struct zk_scheme *scheme,
    const struct signed_tx *genesis, struct nomos_error *err);

/* Sum of all outputs: the total stake, which stays the same for ever. */
uint64_t genesis_total_stake(const struct signed_tx *genesis);

#endif

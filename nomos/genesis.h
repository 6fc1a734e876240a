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
/* Outputs that each node has before the accounts begin; without data availability one less. */
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
    bool is_without_da; /* no notes and declarations for data availability: later revisions */
};

size_t genesis_notes_per_node(const struct genesis_spec *spec);

/* Builds and signs it. Free with signed_tx_done. NOMOS_E_DATA when there is no output at all, when
   an account is worth 0, or when the values do not sum within 64 bits. */
enum nomos_status genesis_build(const struct wire *wire, const struct zk_scheme *scheme,
    const struct genesis_spec *spec, struct signed_tx *out, struct nomos_error *err);

/* The same in steps, for whoever makes the declarations' proofs elsewhere and many at a time:
 *
 *     genesis_begin(wire, &spec, &genesis, &err);
 *     struct genesis_signing signing = {&spec, &genesis, tx_hash(wire, &genesis.tx)};
 *     for (i = 0; i < genesis_declaration_count(&spec); i++) {
 *         genesis_agreement(&signing, i, &agreement);
 *         ... a proof of agreement.statement with agreement.secret_keys ...
 *         genesis_agree(&signing, i, &proof);
 *     }
 *
 * Different i may be at work in different threads. */
enum nomos_status genesis_begin(const struct wire *wire, const struct genesis_spec *spec,
    struct signed_tx *out, struct nomos_error *err);

struct genesis_signing {
    const struct genesis_spec *spec;
    struct signed_tx *genesis;
    struct fr hash; /* of its transaction, which takes long to compute */
};

/* A declaration is agreed to by the owner of the note it locks and by the provider's zk key. */
#define GENESIS_DECLARATION_OWNERS 2

struct genesis_agreement {
    struct zk_statement statement; /* its owners are those below; do not move the struct */
    struct fr owners[GENESIS_DECLARATION_OWNERS];
    struct fr secret_keys[GENESIS_DECLARATION_OWNERS];
};

size_t genesis_declaration_count(const struct genesis_spec *spec);
void genesis_agreement(
    const struct genesis_signing *signing, size_t index, struct genesis_agreement *out);
/* Puts the proof in its place, and the provider's signature with it. */
void genesis_agree(
    const struct genesis_signing *signing, size_t index, const struct zk_proof *proof);

/* What a node checks before it starts from a genesis transaction: the shape above, no output of
   0, a stake within 64 bits, that each declaration locks an output of its own, and both
   signatures of every declaration. NOMOS_E_DATA and the reason otherwise. */
enum nomos_status genesis_verify(const struct wire *wire, const struct zk_scheme *scheme,
    const struct signed_tx *genesis, struct nomos_error *err);

/* Sum of all outputs: the total stake, which stays the same for ever. */
uint64_t genesis_total_stake(const struct signed_tx *genesis);

#endif

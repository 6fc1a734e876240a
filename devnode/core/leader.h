/* leader.h - whether the node wins a slot (node contract 4.2).
 *
 * Every note of the node's keys that is unspent and was there when the epoch's stake was counted
 * draws a ticket with the node's leader key. What of a ticket does not change within an epoch is
 * kept, which saves three of its five permutations in every slot. Owned by the node, one thread. */
#ifndef DEVNODE_CORE_LEADER_H
#define DEVNODE_CORE_LEADER_H

#include "devnode/core/ledger.h"

struct leader_candidate {
    struct fr note_id;
    struct fr threshold;
    struct poseidon2 ticket; /* has absorbed note id, key and nonce */
};

struct leader {
    struct fr secret_key;
    const struct fr *known_keys; /* borrowed; sorted by fr_compare() */
    size_t known_key_count;
    struct leader_candidate *candidates; /* of `aged` and `nonce`; the largest notes first */
    size_t candidate_count;
    struct utxo aged;
    struct fr nonce;
    bool is_filled;
};

void leader_done(struct leader *leader);

/* Whether some note wins the slot of `begun`, the state in which a block of that slot begins. */
bool leader_wins(
    struct leader *leader, const struct ledger_rules *rules, const struct ledger *begun);

/* Whether `pk` is among the known keys. */
bool leader_knows(const struct leader *leader, const struct fr *pk);

#endif

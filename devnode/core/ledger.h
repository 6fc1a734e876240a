/* ledger.h - who owns what after a block, and whether a block's contents may follow.
 *
 * A ledger is the state after one block: unspent notes, channels, service declarations, the epoch's
 * stake snapshot and nonce (node contract 4.1, 4.5, 4.6). Every block of the tree has its own;
 * ledgers share what they have in common, so a fork costs what it changes. Make the state after a
 * block in three steps, on a copy that nobody else sees yet:
 *
 *     struct ledger *next = ledger_begin(parent, &rules, slot, &why);   the slot and epoch move on
 *     ledger_apply(next, &rules, tx, &why);                            for each transaction, in order
 *     ledger_seal(next, &rules, &entropy);                              never changed again
 *
 * A transaction that is refused leaves the ledger as it was, so a block can be assembled by trying.
 * Counted references; all ledgers of one node belong to one thread. */
#ifndef DEVNODE_CORE_LEDGER_H
#define DEVNODE_CORE_LEDGER_H

#include "devnode/core/reason.h"
#include "devnode/core/transaction.h"
#include "devnode/core/trie.h"
#include "nomos/block.h"
#include "nomos/json_sdp.h"
#include "nomos/lottery.h"
#include "nomos/proof.h"
#include "nomos/utxo.h"

/* What all ledgers of a network agree on. Never changes; must outlive them. */
struct ledger_rules {
    const struct wire *wire;
    const struct zk_scheme *scheme;
    struct lottery lottery;
    struct epochs epochs;
    uint64_t lock_period[2]; /* blocks from a declaration to its withdrawal, by enum sdp_service */
};

/* Who may lead in an epoch. */
struct epoch_state {
    uint64_t epoch;
    struct fr nonce;
    struct utxo aged; /* the notes that take part */
};

struct ledger {
    uint32_t owners;
    uint64_t slot;
    uint64_t height; /* blocks since genesis */
    struct fr nonce;
    struct utxo utxo;
    struct epoch_state epoch;
    struct epoch_state next_epoch;
    struct trie *channels;     /* channel id to tip and keys */
    struct trie *declarations; /* declaration id to struct sdp_declaration and its locators */
    struct trie *locked;       /* note id (LE32) to declaration id */
};

/* The state of a genesis transaction that genesis_verify() has accepted. */
struct ledger *ledger_genesis(const struct ledger_rules *rules, const struct signed_tx *genesis);

/* The state in which a block of `slot` on top of `parent` begins. NULL and a reason when the
 * slot is not after the parent's. */
struct ledger *ledger_begin(const struct ledger *parent, const struct ledger_rules *rules,
    uint64_t slot, struct reason *why);

/* What a leader of `begun`'s slot states in its header. The roots are hashed when first asked. */
struct leader_public ledger_leader_public(
    const struct ledger *begun, const struct ledger_rules *rules, const struct ledger *parent);

/* Applies one transaction, or refuses it with a reason and changes nothing. */
bool ledger_apply(struct ledger *ledger, const struct ledger_rules *rules, struct transaction *tx,
    struct reason *why);

/* Mixes the block's entropy into the nonce. The last change. */
void ledger_seal(struct ledger *ledger, const struct ledger_rules *rules, const struct fr *entropy);

struct ledger *ledger_ref(struct ledger *ledger);
void ledger_unref(struct ledger *ledger);

/* Checks a transaction's proof now, if its inputs are there, so that assembly need not. Says
 * nothing about whether it will be accepted. */
void ledger_prove_early(
    const struct ledger *ledger, const struct ledger_rules *rules, struct transaction *tx);

/* Sum and number of the unspent notes of a key. Walks all notes. */
struct ledger_balance {
    uint64_t value;
    size_t note_count;
};
struct ledger_balance ledger_balance_of(const struct ledger *ledger, const struct fr *pk);

/* All declarations, in the order of their ids. Free with sdp_declarations_free(). */
struct sdp_declaration *ledger_declarations(const struct ledger *ledger, size_t *out_count);

/* The tip of a channel; false when the channel does not exist. */
bool ledger_channel_tip(
    const struct ledger *ledger, const struct bytes32 *channel, struct bytes32 *out_tip);

#endif

/* ops.h - the ledger's rules for operations: channels and service declarations.
 *
 * A part of the ledger (ledger.h), in a file of its own. Works on copies of the ledger's tries that
 * ledger_apply() throws away when any part of the transaction is refused. */
#ifndef DEVNODE_CORE_OPS_H
#define DEVNODE_CORE_OPS_H

#include "devnode/core/ledger.h"

/* The tries that operations change, owned. */
struct op_state {
    struct trie *channels;
    struct trie *declarations;
    struct trie *locked;
};

struct op_state op_state_copy(const struct ledger *ledger);
void op_state_done(struct op_state *state);

/* Applies operation `index` of `tx` to `state`. `ledger` says which notes exist before the
 * transaction. False and a reason when refused; `state` is then of no further use. */
bool op_apply(struct op_state *state, const struct ledger *ledger, const struct ledger_rules *rules,
    const struct transaction *tx, size_t index, struct reason *why);

/* The channel that genesis opens and the declarations it makes, which were verified before. */

void op_apply_genesis(struct op_state *state, const struct signed_tx *genesis);

#endif

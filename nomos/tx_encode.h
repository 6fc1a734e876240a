/* Writes transactions, and the parts of them that are hashed on their own, into a sink (sink.h).
 * Internal to the library; tx.h has the public functions. */
#ifndef NOMOS_TX_ENCODE_H
#define NOMOS_TX_ENCODE_H

#include "nomos/sink.h"
#include "nomos/tx.h"

void tx_put_op_payload(struct sink *sink, const struct op *op, enum tx_form form);
void tx_put_ledger(struct sink *sink, const struct mantle_tx *tx, enum tx_form form);
void tx_put_mantle(struct sink *sink, const struct mantle_tx *tx, enum tx_form form);
void tx_put_signed(struct sink *sink, const struct signed_tx *signed_tx, enum tx_form form);

#endif

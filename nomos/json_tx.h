/* The JSON form of a signed transaction (node contract 2.7, 3.1).
 *
 * Reading tells apart what is not JSON (NOMOS_E_SYNTAX, HTTP 400) and JSON that is not a
 * transaction (NOMOS_E_DATA, HTTP 422); the text names the place: "field
 * `mantle_tx.ledger_tx.inputs[3]`: not a canonical field element". Keys that are not known are
 * ignored, as the node does; a key that is there twice counts with its last value. Signatures
 * are not checked here: signed_tx_check_ops.
 *
 * The metadata of an SDPActive operation is opaque bytes (tx.h), written and read as an array of
 * numbers; the node's structured form of it is refused. */
#ifndef NOMOS_JSON_TX_H
#define NOMOS_JSON_TX_H

#include "nomos/text.h"
#include "nomos/tx.h"

struct json_object;

/* `text` need not be terminated. Free *out with signed_tx_done. */
enum nomos_status json_tx_parse(
    const char *text, size_t size, struct signed_tx *out, struct nomos_error *err);

/* The same from an object that is already parsed (json-c), e.g. as a part of a configuration.
   `path` begins the names of fields in messages and may be "". */
enum nomos_status json_tx_from_object(
    struct json_object *object, const char *path, struct signed_tx *out, struct nomos_error *err);

void json_tx_write(struct text *text, const struct signed_tx *signed_tx);

/* As a YAML value: the same but for proofs, whose kind is a tag (`!ZkSig {...}`), since the node's
   reader of YAML takes enums in no other way (node contract 5.1). */
void json_tx_write_yaml(struct text *text, const struct signed_tx *signed_tx);

/* The form of the block explorer, where mantle_tx begins with its hash. */
void json_tx_write_with_hash(
    struct text *text, const struct signed_tx *signed_tx, const struct fr *hash);

#endif

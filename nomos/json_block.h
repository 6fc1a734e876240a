/* The JSON forms of blocks (node contract 2.6). Errors as in json_tx.h. */
#ifndef NOMOS_JSON_BLOCK_H
#define NOMOS_JSON_BLOCK_H

#include "nomos/block.h"
#include "nomos/text.h"

struct json_object;

/* The form of /storage/block. The leader's public inputs may be absent. Refuses more than
   BLOCK_TXS_MAX transactions. Free *out with block_done. `null`, the node's answer for a block
   it does not have, is NOMOS_E_DATA: look for it first. */
enum nomos_status json_block_parse(
    const char *text, size_t size, struct block *out, struct nomos_error *err);
enum nomos_status json_block_from_object(
    struct json_object *object, const char *path, struct block *out, struct nomos_error *err);

void json_block_write(struct text *text, const struct block *block);

/* The explorer's form: the header has its id and no version, transactions have their hashes
   (tx_count of them). */
void json_block_write_api(struct text *text, const struct block *block, const struct bytes32 *id,
    const struct fr *tx_hashes);

#endif

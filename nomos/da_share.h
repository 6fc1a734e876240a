/* The forms in which columns travel: the node contract's JSON (2.2, 2.9) and, for development
 * nodes among themselves, bytes.
 *
 *     light share   {"share_idx":0,"column":[[32 numbers],...],"combined_column_proof":[numbers]}
 *     commitments   {"rows_commitments":[[48 numbers],...]}
 *     share         both in one object
 *
 * Reading is strict about every value (types, lengths, ranges, consistent commitments) and, as the
 * node, deaf to members it does not know. A share that was read is well formed; whether its column
 * is the blob's is for da_column_check.
 *
 * Pure functions; any thread. */
#ifndef NOMOS_DA_SHARE_H
#define NOMOS_DA_SHARE_H

#include "nomos/da_code.h"
#include "nomos/text.h"

struct da_share {
    struct da_header header;
    struct da_column column;
};

/* Frees what a share owns and leaves it all zeros. Takes NULL and all zeros. */
void da_share_done(struct da_share *share);

/* --- JSON --------------------------------------------------------------------------------- */

void da_share_write_json(struct text *text, const struct da_share *share);
enum nomos_status da_share_parse_json(
    const char *text, size_t size, struct da_share *out, struct nomos_error *err);

/* Light shares. */
void da_column_write_json(struct text *text, const struct da_column *column);
enum nomos_status da_column_parse_json(
    const char *text, size_t size, struct da_column *out, struct nomos_error *err);

void da_commitments_write_json(struct text *text, const struct da_header *header);
enum nomos_status da_commitments_parse_json(
    const char *text, size_t size, struct da_header *out, struct nomos_error *err);

/* --- bytes -------------------------------------------------------------------------------- */

/* root || u32 data size || u16 columns || u16 index || proof || elements. The lengths of the last
   two follow from the rest. */
size_t da_share_size(const struct da_share *share);
/* Writes exactly da_share_size bytes. */
void da_share_encode(const struct da_share *share, uint8_t *out);
/* Strict: every byte must be used and every number in its range. Does not check the proof. */
enum nomos_status da_share_decode(
    const uint8_t *bytes, size_t size, struct da_share *out, struct nomos_error *err);

#endif

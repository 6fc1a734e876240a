/* What clients ask of nodes about data, and the ids in the answers, as JSON (node contract 2.2,
 * 2.9).
 *
 *     POST /disperse-data        struct da_dispersal, answered with a blob id
 *     GET  /da/get-share         struct da_share_wish, answered with a light share or null
 *     POST /da/get-commitments   struct da_commitments_wish, answered with commitments or null
 *     GET  /da/sampling/shares   struct da_sampling_wish, answered with light shares, one a line
 *
 * Written by who asks, read by development nodes. Reading is strict about values and deaf to
 * members that it does not know.
 *
 * Pure functions; any thread. */
#ifndef NOMOS_DA_REQUEST_H
#define NOMOS_DA_REQUEST_H

#include "nomos/da_code.h"
#include "nomos/text.h"

/* --- dispersal ---------------------------------------------------------------------------- */

struct da_dispersal {
    struct da_context context; /* "channel_id" and "parent_msg_id" */
    struct bytes32 signer;     /* not looked at by executors (4.7) */
    uint8_t *data;             /* owned when it was read */
    size_t size;
};

/* Frees what was read and leaves it all zeros. Takes NULL and all zeros. */
void da_dispersal_done(struct da_dispersal *dispersal);
void da_dispersal_write_json(struct text *text, const struct da_dispersal *dispersal);
/* Takes data of any size: da_encode is who refuses it. */
enum nomos_status da_dispersal_parse_json(
    const char *text, size_t size, struct da_dispersal *out, struct nomos_error *err);

/* A blob id: "[32 numbers]". */
void da_blob_id_write_json(struct text *text, const struct bytes32 *blob_id);
enum nomos_status da_blob_id_parse_json(
    const char *text, size_t size, struct bytes32 *out, struct nomos_error *err);

/* --- reading back ------------------------------------------------------------------------- */

struct da_share_wish {
    struct bytes32 blob_id;
    uint32_t index; /* "share_idx", two bytes, little-endian */
};

void da_share_wish_write_json(struct text *text, const struct da_share_wish *wish);
enum nomos_status da_share_wish_parse_json(
    const char *text, size_t size, struct da_share_wish *out, struct nomos_error *err);

struct da_commitments_wish {
    struct bytes32 blob_id;
    uint64_t session; /* may be missing: then 0 */
};

void da_commitments_wish_write_json(struct text *text, const struct da_commitments_wish *wish);
enum nomos_status da_commitments_wish_parse_json(
    const char *text, size_t size, struct da_commitments_wish *out, struct nomos_error *err);

/* Which columns of a blob: those named, and with `is_available_wanted` all others that the node has
   but for those filtered out. */
struct da_sampling_wish {
    struct bytes32 blob_id;
    bool is_named[DA_COLUMNS_MAX];    /* "requested_shares" */
    bool is_filtered[DA_COLUMNS_MAX]; /* "filter_shares" */
    bool is_available_wanted;         /* "return_available" */
};

void da_sampling_wish_write_json(struct text *text, const struct da_sampling_wish *wish);
/* An index of 256 or more names no column of ours and is passed over, as one that the node does not
   have; it must still be a pair of bytes. */
enum nomos_status da_sampling_wish_parse_json(
    const char *text, size_t size, struct da_sampling_wish *out, struct nomos_error *err);

#endif

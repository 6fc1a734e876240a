/* A blob's data as columns that can be spread, checked one by one, and put together again.
 *
 * THIS IS A DEVELOPMENT SCHEME. The real node commits to rows with KZG over BLS12-381 and needs
 * trusted parameters for it; development nodes need neither. What is the same: data comes in
 * chunks of 31 bytes, an element is 32 bytes, a column has one element per row, there is a
 * commitment of 48 bytes per row and one proof per column, and the blob's id is Blake2b-256 over
 * the commitments (node contract 2.9, 3.4, 4.7). Shares of one scheme mean nothing to the other.
 *
 * The data, cut in chunks, fills a table row by row: chunk r * k + c is element (r, c), a zero byte
 * behind it; what is left of the last row is zeros. Of `columns` columns the first
 * k = (columns + 1) / 2 carry data, the others are made so that any k give the data back
 * (da_erasure.h). What binds them:
 *
 *     leaf c  = H("ASSAY_DA_COLUMN_V1" || u16 c || the column's elements)
 *     node    = H("ASSAY_DA_NODE_V1" || left || right); leaves up to a power of two, 32 zeros each
 *     context = H("ASSAY_DA_CONTEXT_V1" || channel || parent)
 *     root    = H("ASSAY_DA_ROOT_V1" || context || top of the tree)
 *     commitment of row r = root || u32 r || u32 rows || u32 data size || u16 columns || u16 0
 *     blob id = H(all commitments)           H: Blake2b-256; integers little-endian
 *     proof of column c = context || the sibling at each level, leaf upwards
 *
 * What this promises, as long as nobody finds collisions of Blake2b-256:
 *  - A column that da_column_check passes is, byte for byte, the one that whoever made the blob id
 *    meant: there is no other column for that index and id.
 *  - Data that da_decode hands out is the only data with that id, whichever k columns it came from:
 *    it encodes the data again and compares the root.
 *  - The same data in another channel or after another parent is another blob.
 * What it does not promise, and KZG does: that columns which pass belong to one code word. Whoever
 * makes a blob may commit to columns that do not fit each other; each then passes by itself and
 * da_decode refuses them together.
 *
 * Pure functions; any thread. */
#ifndef NOMOS_DA_CODE_H
#define NOMOS_DA_CODE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "nomos/bytes.h"
#include "nomos/error.h"

#define DA_CHUNK_SIZE      31u
#define DA_ELEMENT_SIZE    32u
#define DA_COMMITMENT_SIZE 48u

/* The code's field has no more points (da_erasure.h). */
#define DA_COLUMNS_MAX 256u

/* The largest data of one blob, 496 KiB. With one data column each chunk is a row with a commitment
   of its own: 80 bytes in a share, four characters each in JSON at most; so the share of the
   largest blob stays near half of the 10 MiB that the node's HTTP takes. */
#define DA_DATA_MAX (DA_CHUNK_SIZE * 16384u)
#define DA_ROWS_MAX (DA_DATA_MAX / DA_CHUNK_SIZE)

/* A hash for the context and one for each level of a tree over DA_COLUMNS_MAX columns. */
#define DA_PROOF_SIZE_MAX (32u + 8u * 32u)

/* --- what a blob id stands for ------------------------------------------------------------ */

/* The message that a blob belongs to. */
struct da_context {
    struct bytes32 channel;
    struct bytes32 parent; /* id of the message before it in the channel, or zeros */
};

/* Everything the commitments say; they are made from it and read back to it. Always consistent:
   made by the functions here alone. */
struct da_header {
    struct bytes32 root;
    uint32_t data_size;
    uint32_t columns;
    uint32_t rows;
};

/* How many of the columns carry data, which is how many it takes to read the blob. */
uint32_t da_data_columns(const struct da_header *header);
/* Bytes of each column: rows * DA_ELEMENT_SIZE. */
size_t da_column_size(const struct da_header *header);
/* Bytes of each column's proof. */
size_t da_proof_size(const struct da_header *header);

struct bytes32 da_blob_id(const struct da_header *header);

/* Whether data of this size can be a blob: whole chunks, at least one, DA_DATA_MAX at most. */
enum nomos_status da_check_data_size(size_t size, struct nomos_error *err);
/* Makes a header of its root, data size and columns; rows follows from them and is not read.
   NOMOS_E_DATA when one is out of range. */
enum nomos_status da_header_make(
    const struct da_header *parts, struct da_header *out, struct nomos_error *err);

/* Writes one row's commitment, row < header->rows. */
void da_commitment_write(
    const struct da_header *header, uint32_t row, uint8_t out[DA_COMMITMENT_SIZE]);
/* Reads `rows` commitments, one after the other. Strict: each must say what all say, and its own
   row, and there must be as many as they say. NOMOS_E_DATA otherwise. */
enum nomos_status da_header_read(
    const uint8_t *commitments, size_t rows, struct da_header *out, struct nomos_error *err);

/* --- columns ------------------------------------------------------------------------------ */

/* One column and its proof, without what they are checked against: the node's "light share". */
struct da_column {
    uint32_t index;
    uint32_t rows;
    uint8_t
        *elements; /* rows * DA_ELEMENT_SIZE; owned when it came from a decoder or da_column_copy */
    size_t proof_size;
    uint8_t proof[DA_PROOF_SIZE_MAX];
};

/* Frees what a column owns and leaves it all zeros. Takes NULL and all zeros. Not for columns of
   da_blob_column, which own nothing. */
void da_column_done(struct da_column *column);
/* A column with elements of its own. */
enum nomos_status da_column_copy(
    const struct da_column *column, struct da_column *out, struct nomos_error *err);

/* Whether the column is the blob's column of that index. NOMOS_E_DATA and why not. */
enum nomos_status da_column_check(
    const struct da_header *header, const struct da_column *column, struct nomos_error *err);
/* Whether a column's proof is for a blob of this message. Only da_column_check makes it count. */
bool da_column_is_of(const struct da_column *column, const struct da_context *context);

/* --- whole blobs -------------------------------------------------------------------------- */

/* An encoded blob. Free with da_blob_done. */
struct da_blob {
    struct da_header header;
    struct bytes32 id;
    struct bytes32 context; /* the hash above */
    uint8_t *elements;      /* column after column */
    struct bytes32 *tree;   /* [1] is the top, [2 n] and [2 n + 1] are below [n] */
};

void da_blob_done(struct da_blob *blob);

struct da_source {
    struct da_context context;
    const uint8_t *data;
    size_t size;
    uint32_t columns; /* 1 to DA_COLUMNS_MAX; the node's num_columns */
};

/* NOMOS_E_DATA when size or columns are out of range. Takes memory for about three times the
   data. */
enum nomos_status da_encode(
    const struct da_source *source, struct da_blob *out, struct nomos_error *err);

/* A column of the blob, index < header.columns. Its elements are the blob's: valid until
   da_blob_done. */
struct da_column da_blob_column(const struct da_blob *blob, uint32_t index);

/* What is to be put together. */
struct da_pieces {
    const struct da_header *header;
    const struct da_column *columns; /* at least as many as carry data, no index twice */
    size_t count;
};

/* Checks every column, computes the data from the first that are enough, and checks that all
   columns of that data are the blob's. Writes header->data_size bytes to `out`, and only when all
   of this holds. NOMOS_E_DATA and which column, or that they do not fit each other. */
enum nomos_status da_decode(const struct da_pieces *pieces, uint8_t *out, struct nomos_error *err);

#endif

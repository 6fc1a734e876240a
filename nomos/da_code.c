#include "nomos/da_code.h"

#include <assert.h>

#include "nomos/da_erasure.h"
#include "nomos/hash.h"
#include "nomos/memory.h"
#include "nomos/reader.h"
#include "nomos/sink.h"

static const char column_domain[] = "ASSAY_DA_COLUMN_V1";
static const char node_domain[] = "ASSAY_DA_NODE_V1";
static const char context_domain[] = "ASSAY_DA_CONTEXT_V1";
static const char root_domain[] = "ASSAY_DA_ROOT_V1";

_Static_assert(DA_COLUMNS_MAX == DA_ERASURE_COLUMNS_MAX, "the code has a point for each column");

/* --- sizes -------------------------------------------------------------------------------- */

static uint32_t data_columns_of(uint32_t columns)
{
    const uint32_t data_columns = (columns + 1) / 2;

    assert(data_columns > 0);
    return data_columns;
}

/* Levels of the tree above its leaves. */
static uint32_t levels_of(uint32_t columns)
{
    uint32_t levels = 0;

    while ((1u << levels) < columns)
        levels++;
    return levels;
}

uint32_t da_data_columns(const struct da_header *header)
{
    return data_columns_of(header->columns);
}

size_t da_column_size(const struct da_header *header)
{
    return (size_t)header->rows * DA_ELEMENT_SIZE;
}

size_t da_proof_size(const struct da_header *header)
{
    return sizeof(struct bytes32) * (1 + levels_of(header->columns));
}

enum nomos_status da_check_data_size(size_t size, struct nomos_error *err)
{
    if (size == 0 || size % DA_CHUNK_SIZE != 0 || size > DA_DATA_MAX)
        return nomos_fail(err, NOMOS_E_DATA,
            "the data has %zu bytes; it must be a multiple of %u from %u to %u", size,
            DA_CHUNK_SIZE, DA_CHUNK_SIZE, DA_DATA_MAX);
    return NOMOS_OK;
}

enum nomos_status da_header_make(
    const struct da_header *parts, struct da_header *out, struct nomos_error *err)
{
    const uint32_t columns = parts->columns;
    const uint32_t chunks = parts->data_size / DA_CHUNK_SIZE;
    const enum nomos_status status = da_check_data_size(parts->data_size, err);

    if (status)
        return status;
    if (columns == 0 || columns > DA_COLUMNS_MAX)
        return nomos_fail(
            err, NOMOS_E_DATA, "a blob has 1 to %u columns, not %u", DA_COLUMNS_MAX, columns);
    *out = *parts;
    out->rows = (chunks + data_columns_of(columns) - 1) / data_columns_of(columns);
    return NOMOS_OK;
}

/* --- commitments -------------------------------------------------------------------------- */

void da_commitment_write(
    const struct da_header *header, uint32_t row, uint8_t out[DA_COMMITMENT_SIZE])
{
    struct sink_memory memory = sink_memory(out);

    assert(row < header->rows);
    sink_put_bytes32(&memory.sink, &header->root);
    sink_put_u32(&memory.sink, row);
    sink_put_u32(&memory.sink, header->rows);
    sink_put_u32(&memory.sink, header->data_size);
    sink_put_u16(&memory.sink, (uint16_t)header->columns);
    sink_put_u16(&memory.sink, 0);
}

struct bytes32 da_blob_id(const struct da_header *header)
{
    uint8_t commitment[DA_COMMITMENT_SIZE];
    struct hash hash;

    hash_begin(&hash);
    for (uint32_t row = 0; row < header->rows; row++) {
        da_commitment_write(header, row, commitment);
        hash_add(&hash, commitment, sizeof(commitment));
    }
    return hash_end(&hash);
}

/* What the first commitment says, as far as it can be told from it alone. */
static enum nomos_status read_first(
    const uint8_t *commitment, struct da_header *out, struct nomos_error *err)
{
    struct reader reader = reader_of(commitment, DA_COMMITMENT_SIZE);
    struct da_header parts = {.root = reader_bytes32(&reader)};

    (void)reader_u32(&reader); /* its row, and the rows: compared below, like all the rest */
    (void)reader_u32(&reader);
    parts.data_size = reader_u32(&reader);
    parts.columns = reader_u16(&reader);
    return da_header_make(&parts, out, err);
}

enum nomos_status da_header_read(
    const uint8_t *commitments, size_t rows, struct da_header *out, struct nomos_error *err)
{
    struct da_header header = {.rows = 0};
    uint8_t expected[DA_COMMITMENT_SIZE];
    enum nomos_status status;

    if (rows == 0)
        return nomos_fail(err, NOMOS_E_DATA, "there are no row commitments");
    status = read_first(commitments, &header, err);
    if (status)
        return status;
    if (rows != header.rows)
        return nomos_fail(
            err, NOMOS_E_DATA, "there are %zu row commitments, not %u", rows, header.rows);
    for (uint32_t row = 0; row < header.rows; row++) {
        da_commitment_write(&header, row, expected);
        if (memcmp(commitments + (size_t)row * sizeof(expected), expected, sizeof(expected)) != 0)
            return nomos_fail(
                err, NOMOS_E_DATA, "the commitment of row %u does not fit the first one", row);
    }
    *out = header;
    return NOMOS_OK;
}

/* --- hashes ------------------------------------------------------------------------------- */

static struct bytes32 hash_pair(
    const char *domain, const struct bytes32 *first, const struct bytes32 *second)
{
    struct hash hash;

    hash_begin(&hash);
    hash_add(&hash, domain, strlen(domain));
    hash_add(&hash, first->bytes, sizeof(first->bytes));
    hash_add(&hash, second->bytes, sizeof(second->bytes));
    return hash_end(&hash);
}

static struct bytes32 hash_context(const struct da_context *context)
{
    return hash_pair(context_domain, &context->channel, &context->parent);
}

static struct bytes32 hash_column(uint32_t index, const uint8_t *elements, size_t size)
{
    struct sink_hash hash = sink_hash();

    sink_put(&hash.sink, column_domain, sizeof(column_domain) - 1);
    sink_put_u16(&hash.sink, (uint16_t)index);
    sink_put(&hash.sink, elements, size);
    return hash_end(&hash.hash);
}

/* --- columns ------------------------------------------------------------------------------ */

void da_column_done(struct da_column *column)
{
    if (!column)
        return;
    free(column->elements);
    *column = (struct da_column){0};
}

enum nomos_status da_column_copy(
    const struct da_column *column, struct da_column *out, struct nomos_error *err)
{
    uint8_t *elements = nomos_alloc(column->rows, DA_ELEMENT_SIZE);

    if (!elements)
        return nomos_fail_memory(err);
    memcpy(elements, column->elements, (size_t)column->rows * DA_ELEMENT_SIZE);
    *out = *column;
    out->elements = elements;
    return NOMOS_OK;
}

static struct bytes32 proof_hash(const struct da_column *column, size_t place)
{
    struct bytes32 out;

    memcpy(out.bytes, column->proof + place * sizeof(out.bytes), sizeof(out.bytes));
    return out;
}

/* The root that the column and its proof lead to. */
static struct bytes32 root_of(const struct da_header *header, const struct da_column *column)
{
    const uint32_t levels = levels_of(header->columns);
    const struct bytes32 context = proof_hash(column, 0);
    struct bytes32 at = hash_column(column->index, column->elements, da_column_size(header));

    for (uint32_t level = 0; level < levels; level++) {
        const struct bytes32 sibling = proof_hash(column, 1 + level);

        at = column->index >> level & 1u ? hash_pair(node_domain, &sibling, &at)
                                         : hash_pair(node_domain, &at, &sibling);
    }
    return hash_pair(root_domain, &context, &at);
}

enum nomos_status da_column_check(
    const struct da_header *header, const struct da_column *column, struct nomos_error *err)
{
    struct bytes32 root;

    if (column->index >= header->columns)
        return nomos_fail(err, NOMOS_E_DATA, "column %u: the blob has %u columns", column->index,
            header->columns);
    if (column->rows != header->rows)
        return nomos_fail(err, NOMOS_E_DATA, "column %u: it has %u rows, the blob %u",
            column->index, column->rows, header->rows);
    if (column->proof_size != da_proof_size(header))
        return nomos_fail(err, NOMOS_E_DATA, "column %u: its proof has %zu bytes, not %zu",
            column->index, column->proof_size, da_proof_size(header));
    root = root_of(header, column);
    if (!bytes32_equal(&root, &header->root))
        return nomos_fail(err, NOMOS_E_DATA,
            "column %u: it is not the column that the blob's commitments were made for",
            column->index);
    return NOMOS_OK;
}

bool da_column_is_of(const struct da_column *column, const struct da_context *context)
{
    const struct bytes32 expected = hash_context(context);

    return column->proof_size >= sizeof(expected.bytes) &&
        memcmp(column->proof, expected.bytes, sizeof(expected.bytes)) == 0;
}

/* --- encoding ----------------------------------------------------------------------------- */

void da_blob_done(struct da_blob *blob)
{
    if (!blob)
        return;
    free(blob->elements);
    free(blob->tree);
    *blob = (struct da_blob){0};
}

static uint8_t *column_at(const struct da_blob *blob, uint32_t index)
{
    return blob->elements + index * da_column_size(&blob->header);
}

static void fill_data_columns(struct da_blob *blob, const uint8_t *data)
{
    const uint32_t data_columns = da_data_columns(&blob->header);
    const uint32_t chunks = blob->header.data_size / DA_CHUNK_SIZE;

    for (uint32_t chunk = 0; chunk < chunks; chunk++)
        memcpy(column_at(blob, chunk % data_columns) +
                (size_t)(chunk / data_columns) * DA_ELEMENT_SIZE,
            data + (size_t)chunk * DA_CHUNK_SIZE, DA_CHUNK_SIZE);
}

static void fill_parity_columns(struct da_blob *blob)
{
    const uint32_t data_columns = da_data_columns(&blob->header);
    struct da_erasure_column columns[DA_COLUMNS_MAX];
    struct da_erasure erasure;

    for (uint32_t i = 0; i < data_columns; i++)
        columns[i] = (struct da_erasure_column){.index = i, .bytes = column_at(blob, i)};
    da_erasure_init(&erasure, columns, data_columns, da_column_size(&blob->header));
    for (uint32_t i = data_columns; i < blob->header.columns; i++)
        da_erasure_column(&erasure, i, column_at(blob, i));
}

static void grow_tree(struct da_blob *blob)
{
    const size_t leaves = (size_t)1 << levels_of(blob->header.columns);

    for (uint32_t i = 0; i < blob->header.columns; i++)
        blob->tree[leaves + i] = hash_column(i, column_at(blob, i), da_column_size(&blob->header));
    for (size_t i = leaves - 1; i > 0; i--)
        blob->tree[i] = hash_pair(node_domain, &blob->tree[2 * i], &blob->tree[2 * i + 1]);
}

/* Encodes for a context that is given by its hash, as a decoder has it. */
static enum nomos_status encode(const struct da_source *source, const struct bytes32 *context,
    struct da_blob *out, struct nomos_error *err)
{
    struct da_blob blob = {.context = *context};
    const struct da_header parts = {
        .data_size = source->size > UINT32_MAX ? UINT32_MAX : (uint32_t)source->size,
        .columns = source->columns};
    const enum nomos_status status = da_header_make(&parts, &blob.header, err);

    if (status)
        return status;
    blob.elements = nomos_alloc(blob.header.columns, da_column_size(&blob.header));
    blob.tree = nomos_alloc((size_t)2 << levels_of(blob.header.columns), sizeof(*blob.tree));
    if (!blob.elements || !blob.tree) {
        da_blob_done(&blob);
        return nomos_fail_memory(err);
    }
    fill_data_columns(&blob, source->data);
    fill_parity_columns(&blob);
    grow_tree(&blob);
    blob.header.root = hash_pair(root_domain, &blob.context, &blob.tree[1]);
    blob.id = da_blob_id(&blob.header);
    *out = blob;
    return NOMOS_OK;
}

enum nomos_status da_encode(
    const struct da_source *source, struct da_blob *out, struct nomos_error *err)
{
    const struct bytes32 context = hash_context(&source->context);

    return encode(source, &context, out, err);
}

struct da_column da_blob_column(const struct da_blob *blob, uint32_t index)
{
    const uint32_t levels = levels_of(blob->header.columns);
    struct da_column out = {.index = index,
        .rows = blob->header.rows,
        .elements = column_at(blob, index),
        .proof_size = da_proof_size(&blob->header)};
    size_t at = ((size_t)1 << levels) + index;

    assert(index < blob->header.columns);
    memcpy(out.proof, blob->context.bytes, sizeof(blob->context.bytes));
    for (uint32_t level = 0; level < levels; level++) {
        memcpy(out.proof + sizeof(struct bytes32) * (1 + level), blob->tree[at ^ 1].bytes,
            sizeof(struct bytes32));
        at /= 2;
    }
    return out;
}

/* --- decoding ----------------------------------------------------------------------------- */

static enum nomos_status check_pieces(const struct da_pieces *pieces, struct nomos_error *err)
{
    const uint32_t needed = da_data_columns(pieces->header);
    bool is_there[DA_COLUMNS_MAX] = {false};

    if (pieces->count < needed)
        return nomos_fail(
            err, NOMOS_E_DATA, "%u columns are needed and %zu are there", needed, pieces->count);
    for (size_t i = 0; i < pieces->count; i++) {
        const struct da_column *column = &pieces->columns[i];
        const enum nomos_status status = da_column_check(pieces->header, column, err);

        if (status)
            return status;
        if (is_there[column->index])
            return nomos_fail(err, NOMOS_E_DATA, "column %u: it is given twice", column->index);
        is_there[column->index] = true;
    }
    return NOMOS_OK;
}

/* The bytes of a data column: given, or computed into `scratch`, which has room for one column. */
static const uint8_t *data_column(
    const struct da_erasure *erasure, uint32_t index, uint8_t *scratch)
{
    for (uint32_t i = 0; i < erasure->count; i++) {
        if (erasure->columns[i].index == index)
            return erasure->columns[i].bytes;
    }
    da_erasure_column(erasure, index, scratch);
    return scratch;
}

static void fill_data(const struct da_header *header, const struct da_erasure *erasure,
    uint8_t *scratch, uint8_t *out)
{
    const uint32_t data_columns = da_data_columns(header);
    const uint32_t chunks = header->data_size / DA_CHUNK_SIZE;

    for (uint32_t index = 0; index < data_columns && index < chunks; index++) {
        const uint8_t *column = data_column(erasure, index, scratch);

        for (uint32_t chunk = index; chunk < chunks; chunk += data_columns)
            memcpy(out + (size_t)chunk * DA_CHUNK_SIZE,
                column + (size_t)(chunk / data_columns) * DA_ELEMENT_SIZE, DA_CHUNK_SIZE);
    }
}

/* Whether this data has the blob's root, for the context that all its columns were proved with. */
static enum nomos_status check_data(
    const struct da_pieces *pieces, const uint8_t *data, struct nomos_error *err)
{
    const struct da_header *header = pieces->header;
    const struct da_source source = {
        .data = data, .size = header->data_size, .columns = header->columns};
    const struct bytes32 context = proof_hash(&pieces->columns[0], 0);
    struct da_blob blob;
    enum nomos_status status = encode(&source, &context, &blob, err);

    if (status)
        return status;
    if (!bytes32_equal(&blob.header.root, &header->root))
        status = nomos_fail(err, NOMOS_E_DATA,
            "each column is as it was made, but together they are no code word: the blob was "
            "encoded wrongly");
    da_blob_done(&blob);
    return status;
}

enum nomos_status da_decode(const struct da_pieces *pieces, uint8_t *out, struct nomos_error *err)
{
    const struct da_header *header = pieces->header;
    const uint32_t data_columns = da_data_columns(header);
    struct da_erasure_column columns[DA_COLUMNS_MAX];
    struct da_erasure erasure;
    enum nomos_status status = check_pieces(pieces, err);

    if (status)
        return status;
    NOMOS_AUTO_FREE uint8_t *scratch = nomos_alloc(da_column_size(header), 1);
    NOMOS_AUTO_FREE uint8_t *data = nomos_alloc(header->data_size, 1);
    if (!scratch || !data)
        return nomos_fail_memory(err);
    for (uint32_t i = 0; i < data_columns; i++)
        columns[i] = (struct da_erasure_column){
            .index = pieces->columns[i].index, .bytes = pieces->columns[i].elements};
    da_erasure_init(&erasure, columns, data_columns, da_column_size(header));
    fill_data(header, &erasure, scratch, data);
    status = check_data(pieces, data, err);
    if (!status)
        memcpy(out, data, header->data_size);
    return status;
}

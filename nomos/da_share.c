#include "nomos/da_share.h"

#include "nomos/json_read.h"
#include "nomos/json_write.h"
#include "nomos/memory.h"
#include "nomos/reader.h"
#include "nomos/sink.h"

void da_share_done(struct da_share *share)
{
    if (!share)
        return;
    da_column_done(&share->column);
    *share = (struct da_share){0};
}

/* --- writing JSON ------------------------------------------------------------------------- */

static void write_column(struct text *text, const struct da_column *column)
{
    json_add_u64(text, "\"share_idx\":", column->index);
    text_add(text, ",\"column\":[");
    for (uint32_t row = 0; row < column->rows; row++)
        json_add_numbers(text, row ? "," : "", column->elements + (size_t)row * DA_ELEMENT_SIZE,
            DA_ELEMENT_SIZE);
    json_add_numbers(text, "],\"combined_column_proof\":", column->proof, column->proof_size);
}

static void write_commitments(struct text *text, const struct da_header *header)
{
    uint8_t commitment[DA_COMMITMENT_SIZE];

    text_add(text, "\"rows_commitments\":[");
    for (uint32_t row = 0; row < header->rows; row++) {
        da_commitment_write(header, row, commitment);
        json_add_numbers(text, row ? "," : "", commitment, sizeof(commitment));
    }
    text_add(text, "]");
}

void da_share_write_json(struct text *text, const struct da_share *share)
{
    text_add(text, "{");
    write_column(text, &share->column);
    text_add(text, ",");
    write_commitments(text, &share->header);
    text_add(text, "}");
}

void da_column_write_json(struct text *text, const struct da_column *column)
{
    text_add(text, "{");
    write_column(text, column);
    text_add(text, "}");
}

void da_commitments_write_json(struct text *text, const struct da_header *header)
{
    text_add(text, "{");
    write_commitments(text, header);
    text_add(text, "}");
}

/* --- reading JSON ------------------------------------------------------------------------- */

/* A list of 1 to DA_ROWS_MAX lists of `size` numbers each, one after the other. The caller frees;
   NULL after a problem. */
static uint8_t *read_rows(
    const struct json_node *object, const char *key, size_t size, uint32_t *out_rows)
{
    const struct json_node list = json_get(object, key);
    const size_t rows = json_count(&list);
    uint8_t *bytes;

    if (json_ok(object) && (rows == 0 || rows > DA_ROWS_MAX))
        json_fail(&list, rows ? "too many rows" : "no rows");
    if (!json_ok(object))
        return NULL;
    bytes = nomos_alloc(rows, size);
    if (!bytes) {
        json_fail_memory(object);
        return NULL;
    }
    for (size_t row = 0; row < rows && json_ok(object); row++) {
        const struct json_node item = json_item(&list, row);

        json_numbers(&item, bytes + row * size, size);
    }
    if (!json_ok(object)) {
        free(bytes);
        return NULL;
    }
    *out_rows = (uint32_t)rows;
    return bytes;
}

static void read_proof(const struct json_node *object, struct da_column *out)
{
    const struct json_node node = json_get(object, "combined_column_proof");
    size_t size = 0;
    NOMOS_AUTO_FREE uint8_t *proof = json_byte_array(&node, &size);

    if (!json_ok(object))
        return;
    if (size == 0 || size > sizeof(out->proof) || size % sizeof(struct bytes32) != 0) {
        json_fail(&node, "not 1 to 9 hashes of 32 numbers");
        return;
    }
    memcpy(out->proof, proof, size);
    out->proof_size = size;
}

static uint32_t read_index(const struct json_node *object)
{
    const struct json_node node = json_get(object, "share_idx");
    const uint64_t index = json_u64(&node);

    if (index >= DA_COLUMNS_MAX)
        json_fail(&node, "not a column's index (0 to 255)");
    return (uint32_t)index;
}

static void read_column(const struct json_node *object, struct da_column *out)
{
    *out = (struct da_column){.index = read_index(object)};
    read_proof(object, out);
    out->elements = read_rows(object, "column", DA_ELEMENT_SIZE, &out->rows);
}

static void read_header(const struct json_node *object, struct da_header *out)
{
    struct nomos_error err = {""};
    uint32_t rows = 0;
    NOMOS_AUTO_FREE uint8_t *commitments =
        read_rows(object, "rows_commitments", DA_COMMITMENT_SIZE, &rows);

    if (commitments && da_header_read(commitments, rows, out, &err) != NOMOS_OK)
        json_fail(object, err.text);
}

static void decode_column(const struct json_node *top, void *out)
{
    struct da_column column;

    read_column(top, &column);
    if (json_ok(top))
        memcpy(out, &column, sizeof(column));
    else
        da_column_done(&column);
}

/* Whether a column has the size that the commitments give every column of the blob. */
static bool fits(const struct da_header *header, const struct da_column *column)
{
    return column->index < header->columns && column->rows == header->rows &&
        column->proof_size == da_proof_size(header);
}

static void decode_share(const struct json_node *top, void *out)
{
    struct da_share share = {.header = {.rows = 0}};

    read_header(top, &share.header);
    read_column(top, &share.column);
    if (json_ok(top) && !fits(&share.header, &share.column))
        json_fail(top, "the column is not of the size that its commitments give");
    if (json_ok(top))
        memcpy(out, &share, sizeof(share));
    else
        da_share_done(&share);
}

static void decode_header(const struct json_node *top, void *out)
{
    struct da_header header = {.rows = 0};

    read_header(top, &header);
    if (json_ok(top))
        memcpy(out, &header, sizeof(header));
}

enum nomos_status da_share_parse_json(
    const char *text, size_t size, struct da_share *out, struct nomos_error *err)
{
    const struct json_decoder decoder = {decode_share, out};

    return json_decode((struct json_text){text, size}, &decoder, err);
}

enum nomos_status da_column_parse_json(
    const char *text, size_t size, struct da_column *out, struct nomos_error *err)
{
    const struct json_decoder decoder = {decode_column, out};

    return json_decode((struct json_text){text, size}, &decoder, err);
}

enum nomos_status da_commitments_parse_json(
    const char *text, size_t size, struct da_header *out, struct nomos_error *err)
{
    const struct json_decoder decoder = {decode_header, out};

    return json_decode((struct json_text){text, size}, &decoder, err);
}

/* --- bytes -------------------------------------------------------------------------------- */

static void put_share(struct sink *sink, const struct da_share *share)
{
    sink_put_bytes32(sink, &share->header.root);
    sink_put_u32(sink, share->header.data_size);
    sink_put_u16(sink, (uint16_t)share->header.columns);
    sink_put_u16(sink, (uint16_t)share->column.index);
    sink_put(sink, share->column.proof, share->column.proof_size);
    sink_put(sink, share->column.elements, (size_t)share->column.rows * DA_ELEMENT_SIZE);
}

size_t da_share_size(const struct da_share *share)
{
    struct sink_counter counter = sink_counter();

    put_share(&counter.sink, share);
    return counter.size;
}

void da_share_encode(const struct da_share *share, uint8_t *out)
{
    struct sink_memory memory = sink_memory(out);

    put_share(&memory.sink, share);
}

/* The rest of a share, whose header and index have been read. */
static enum nomos_status read_rest(
    struct reader *reader, struct da_share *share, struct nomos_error *err)
{
    struct da_column *column = &share->column;

    if (column->index >= share->header.columns)
        return nomos_fail(err, NOMOS_E_DATA, "share: column %u of a blob of %u", column->index,
            share->header.columns);
    column->rows = share->header.rows;
    column->proof_size = da_proof_size(&share->header);
    reader_copy(reader, column->proof, column->proof_size);
    column->elements = reader_copy_new(reader, da_column_size(&share->header));
    return reader_end(reader, "share", err);
}

enum nomos_status da_share_decode(
    const uint8_t *bytes, size_t size, struct da_share *out, struct nomos_error *err)
{
    struct reader reader = reader_of(bytes, size);
    struct da_share share = {.header = {.rows = 0}};
    struct da_header parts = {.root = reader_bytes32(&reader)};
    enum nomos_status status;

    parts.data_size = reader_u32(&reader);
    parts.columns = reader_u16(&reader);
    share.column.index = reader_u16(&reader);
    if (!reader_ok(&reader))
        return nomos_fail(err, NOMOS_E_DATA, "share: it ends within its header");
    status = da_header_make(&parts, &share.header, err);
    if (!status)
        status = read_rest(&reader, &share, err);
    if (status)
        da_share_done(&share);
    else
        *out = share;
    return status;
}

#include "plugins/systems/nomos/da_copies.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WHY_SIZE 256

assay_status da_copies_init(
    struct da_copies *copies, const struct bytes32 *blob_id, const uint32_t *nodes, uint32_t count)
{
    *copies = (struct da_copies){.blob_id = *blob_id,
        .node_count = count,
        .nodes = calloc(count, sizeof(*copies->nodes)),
        .is_held = calloc(count, DA_COLUMNS_MAX * sizeof(*copies->is_held))};
    if (!copies->nodes || !copies->is_held) {
        da_copies_done(copies);
        return ASSAY_E_NOMEM;
    }
    for (uint32_t i = 0; i < count; i++)
        copies->nodes[i] =
            (nomos_da_served){.struct_size = sizeof(nomos_da_served), .node = nodes[i]};
    return ASSAY_OK;
}

void da_copies_done(struct da_copies *copies)
{
    for (size_t i = 0; i < DA_COLUMNS_MAX; i++)
        da_column_done(&copies->columns[i]);
    free(copies->nodes);
    free(copies->is_held);
    free(copies->data);
    *copies = (struct da_copies){.node_count = 0};
}

void da_copies_note(struct da_copies *copies, uint32_t nth, const char *format, ...)
{
    nomos_da_served *served = &copies->nodes[nth];
    va_list args;

    if (served->why[0] != '\0')
        return;
    va_start(args, format);
    (void)vsnprintf(served->why, sizeof(served->why), format, args);
    va_end(args);
}

static bool is_null(assay_bytes answer)
{
    return answer.size == 4 && memcmp(answer.data, "null", 4) == 0;
}

void da_copies_commitments(struct da_copies *copies, uint32_t nth, assay_bytes answer)
{
    struct nomos_error err = {""};
    struct da_header header;
    struct bytes32 id;

    if (is_null(answer)) /* no fault by itself: not every node has something of each blob */
        return;
    if (da_commitments_parse_json(answer.data, answer.size, &header, &err) != NOMOS_OK) {
        copies->nodes[nth].wrong++;
        da_copies_note(copies, nth, "it served commitments that are none: %s", err.text);
        return;
    }
    id = da_blob_id(&header);
    if (!bytes32_equal(&id, &copies->blob_id)) {
        copies->nodes[nth].wrong++;
        da_copies_note(copies, nth, "it served the commitments of another blob");
        return;
    }
    copies->header = header;
}

/* Keeps the column when nobody has served it before. */
static void keep(struct da_copies *copies, uint32_t nth, struct da_column *column)
{
    bool *is_held = &copies->is_held[(size_t)nth * DA_COLUMNS_MAX + column->index];
    struct da_column *place = &copies->columns[column->index];

    if (!*is_held)
        copies->nodes[nth].held++;
    *is_held = true;
    if (place->elements) {
        da_column_done(column);
        return;
    }
    copies->held++;
    *place = *column;
}

static assay_status take_share(
    struct da_copies *copies, uint32_t nth, const char *line, size_t size)
{
    struct nomos_error err = {""};
    struct da_column column;
    enum nomos_status status = da_column_parse_json(line, size, &column, &err);

    if (status == NOMOS_E_MEMORY)
        return ASSAY_E_NOMEM;
    if (status) {
        copies->nodes[nth].wrong++;
        da_copies_note(copies, nth, "it served a share that is none: %s", err.text);
        return ASSAY_OK;
    }
    if (da_column_check(&copies->header, &column, &err) != NOMOS_OK) {
        copies->nodes[nth].wrong++;
        da_copies_note(copies, nth, "%s", err.text);
        da_column_done(&column);
        return ASSAY_OK;
    }
    keep(copies, nth, &column);
    return ASSAY_OK;
}

assay_status da_copies_shares(struct da_copies *copies, uint32_t nth, assay_bytes answer)
{
    const char *at = answer.size ? answer.data : "";
    const char *end = at + answer.size;
    assay_status s = ASSAY_OK;

    while (!s && at < end) {
        const char *newline = memchr(at, '\n', (size_t)(end - at));
        const char *line_end = newline ? newline : end;

        if (line_end > at)
            s = take_share(copies, nth, at, (size_t)(line_end - at));
        at = newline ? newline + 1 : end;
    }
    return s;
}

void da_copies_count_missing(struct da_copies *copies, struct da_members *members)
{
    for (uint32_t nth = 0; nth < copies->node_count; nth++) {
        nomos_da_served *served = &copies->nodes[nth];

        if (served->status)
            continue;
        for (uint32_t column = 0; column < copies->header.columns; column++) {
            if (!da_members_keeps(members, served->node, column))
                continue;
            served->assigned++;
            if (copies->is_held[(size_t)nth * DA_COLUMNS_MAX + column])
                continue;
            served->missing++;
            da_copies_note(copies, nth, "it does not serve column %u, which it is to keep", column);
        }
    }
}

static assay_status decode(struct da_copies *copies, char why[WHY_SIZE])
{
    struct da_column *columns = calloc(copies->held, sizeof(*columns)); /* without gaps */
    struct da_pieces pieces = {.header = &copies->header, .columns = columns};
    uint8_t *data = malloc(copies->header.data_size);
    struct nomos_error err = {""};
    enum nomos_status status = NOMOS_E_MEMORY;

    for (uint32_t i = 0; columns && i < copies->header.columns; i++) {
        if (copies->columns[i].elements)
            columns[pieces.count++] = copies->columns[i];
    }
    if (columns && data)
        status = da_decode(&pieces, data, &err);
    free(columns);
    if (!status) {
        copies->data = data;
        return ASSAY_OK;
    }
    free(data);
    (void)snprintf(why, WHY_SIZE, "%s", err.text);
    return status == NOMOS_E_MEMORY ? ASSAY_E_NOMEM : ASSAY_E_DENIED;
}

assay_status da_copies_decode(struct da_copies *copies, char why[WHY_SIZE])
{
    uint32_t needed;

    if (copies->header.columns == 0) {
        (void)snprintf(why, WHY_SIZE, "no node that was asked knows the blob");
        return ASSAY_E_NOTFOUND;
    }
    needed = da_data_columns(&copies->header);
    if (copies->held < needed) {
        (void)snprintf(why, WHY_SIZE, "%u of its %u columns could be had, and %u are needed",
            copies->held, copies->header.columns, needed);
        return ASSAY_E_NOTFOUND;
    }
    return decode(copies, why);
}

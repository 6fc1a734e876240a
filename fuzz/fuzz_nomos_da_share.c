/* Shares and what is asked about data, as JSON and as bytes. The first byte says which form; what was
   read, written and read again, must be the same. */
#include <string.h>

#include "fuzz/insist.h"
#include "fuzz/target.h"
#include "nomos/da_request.h"
#include "nomos/da_share.h"

enum form {
    FORM_BYTES = 0,
    FORM_SHARE,
    FORM_COLUMN,
    FORM_COMMITMENTS,
    FORM_DISPERSAL,
    FORM_BLOB_ID,
    FORM_SHARE_WISH,
    FORM_COMMITMENTS_WISH,
    FORM_SAMPLING_WISH,
    FORM_COUNT,
};

/* A share that was read can be checked, whatever it says, and goes through the other form. */
static void check_share(const struct da_share *share)
{
    struct text text = {.bytes = NULL};
    size_t size = da_share_size(share);
    uint8_t *bytes = malloc(size);
    uint8_t *other = malloc(size);
    struct da_share again;

    insist(bytes != NULL && other != NULL);
    (void)da_column_check(&share->header, &share->column, NULL);
    da_share_encode(share, bytes);
    insist(da_share_decode(bytes, size, &again, NULL) == NOMOS_OK);
    da_share_done(&again);
    da_share_write_json(&text, share);
    insist(text_ok(&text));
    insist(da_share_parse_json(text.bytes, text.size, &again, NULL) == NOMOS_OK);
    insist(da_share_size(&again) == size);
    da_share_encode(&again, other);
    insist(memcmp(bytes, other, size) == 0);
    da_share_done(&again);
    text_done(&text);
    free(bytes);
    free(other);
}

static void read_share(enum form form, const uint8_t *data, size_t size)
{
    struct da_share share;
    enum nomos_status status = form == FORM_BYTES
        ? da_share_decode(data, size, &share, NULL)
        : da_share_parse_json((const char *)data, size, &share, NULL);

    if (status)
        return;
    check_share(&share);
    da_share_done(&share);
}

static void read_column(const char *text, size_t size)
{
    struct text written = {.bytes = NULL};
    struct da_column column;
    struct da_column again;

    if (da_column_parse_json(text, size, &column, NULL))
        return;
    da_column_write_json(&written, &column);
    insist(da_column_parse_json(written.bytes, written.size, &again, NULL) == NOMOS_OK);
    insist(again.index == column.index && again.rows == column.rows);
    insist(again.proof_size == column.proof_size);
    da_column_done(&again);
    da_column_done(&column);
    text_done(&written);
}

static void read_commitments(const char *text, size_t size)
{
    struct text written = {.bytes = NULL};
    struct da_header header;
    struct da_header again;

    if (da_commitments_parse_json(text, size, &header, NULL))
        return;
    da_commitments_write_json(&written, &header);
    insist(da_commitments_parse_json(written.bytes, written.size, &again, NULL) == NOMOS_OK);
    struct bytes32 one = da_blob_id(&header);
    struct bytes32 other = da_blob_id(&again);
    insist(bytes32_equal(&one, &other));
    text_done(&written);
}

static void read_dispersal(const char *text, size_t size)
{
    struct da_dispersal dispersal;
    struct da_blob blob;

    if (da_dispersal_parse_json(text, size, &dispersal, NULL))
        return;
    const struct da_source source = {
        .context = dispersal.context, .data = dispersal.data, .size = dispersal.size, .columns = 3};
    if (da_encode(&source, &blob, NULL) == NOMOS_OK) {
        for (uint32_t i = 0; i < 3; i++) {
            struct da_column column = da_blob_column(&blob, i);

            insist(da_column_check(&blob.header, &column, NULL) == NOMOS_OK);
        }
        da_blob_done(&blob);
    }
    da_dispersal_done(&dispersal);
}

static void read_wish(enum form form, const char *text, size_t size)
{
    struct da_share_wish share;
    struct da_commitments_wish commitments;
    static struct da_sampling_wish sampling;
    struct bytes32 id;

    switch (form) {
    case FORM_BLOB_ID:
        (void)da_blob_id_parse_json(text, size, &id, NULL);
        break;
    case FORM_SHARE_WISH:
        (void)da_share_wish_parse_json(text, size, &share, NULL);
        break;
    case FORM_COMMITMENTS_WISH:
        (void)da_commitments_wish_parse_json(text, size, &commitments, NULL);
        break;
    default:
        (void)da_sampling_wish_parse_json(text, size, &sampling, NULL);
        break;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *text = (const char *)data + 1;
    enum form form;

    if (!size)
        return 0;
    form = (enum form)(data[0] % FORM_COUNT);
    switch (form) {
    case FORM_BYTES:
    case FORM_SHARE:
        read_share(form, data + 1, size - 1);
        break;
    case FORM_COLUMN:
        read_column(text, size - 1);
        break;
    case FORM_COMMITMENTS:
        read_commitments(text, size - 1);
        break;
    case FORM_DISPERSAL:
        read_dispersal(text, size - 1);
        break;
    default:
        read_wish(form, text, size - 1);
        break;
    }
    return 0;
}

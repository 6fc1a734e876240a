/* Out of memory, at every allocation in turn, in what handles blobs: it is said, nothing leaks, and
 * nothing is handed out. This program's nomos_alloc and nomos_resize take the place of the
 * library's. */
#include "test_nomos_da_support.h"

#include <stdio.h>

#include "nomos/da_request.h"
#include "nomos/memory.h"

static size_t allowed = SIZE_MAX; /* before one fails; SIZE_MAX: all */
static bool has_failed;

static bool may_allocate(void)
{
    if (allowed == SIZE_MAX)
        return true;
    if (allowed-- > 0)
        return true;
    allowed = SIZE_MAX;
    has_failed = true;
    return false;
}

void *nomos_alloc(size_t count, size_t size)
{
    return may_allocate() ? calloc(count ? count : 1, size) : NULL;
}

void *nomos_resize(void *block, size_t size)
{
    return may_allocate() ? realloc(block, size ? size : 1) : NULL;
}

typedef enum nomos_status scenario(const struct da_blob *blob);

static void fail_each_allocation(scenario *run)
{
    struct da_blob blob = da_blob_of(6, 4);
    size_t n = 0;

    do {
        allowed = n++;
        has_failed = false;
        const enum nomos_status status = run(&blob);
        allowed = SIZE_MAX;
        assert_int_equal(status, has_failed ? NOMOS_E_MEMORY : NOMOS_OK);
        assert_true(n < 1000);
    } while (has_failed);
    assert_true(n > 1); /* it did allocate */
    da_blob_done(&blob);
}

static enum nomos_status encode(const struct da_blob *unused)
{
    static const uint8_t data[DA_CHUNK_SIZE];
    const struct da_source source = {.data = data, .size = sizeof(data), .columns = 2};
    struct da_blob blob = {.tree = NULL};
    const enum nomos_status status = da_encode(&source, &blob, NULL);

    (void)unused;
    da_blob_done(&blob);
    return status;
}

static void encoding_survives(void **state)
{
    (void)state;
    fail_each_allocation(encode);
}

static enum nomos_status decode(const struct da_blob *blob)
{
    const struct da_column columns[] = {da_blob_column(blob, 3), da_blob_column(blob, 1)};
    const struct da_pieces pieces = {.header = &blob->header, .columns = columns, .count = 2};
    uint8_t data[6 * DA_CHUNK_SIZE];

    return da_decode(&pieces, data, NULL);
}

static void decoding_survives(void **state)
{
    (void)state;
    fail_each_allocation(decode);
}

static enum nomos_status copy(const struct da_blob *blob)
{
    const struct da_column column = da_blob_column(blob, 0);
    struct da_column out = {.elements = NULL};
    const enum nomos_status status = da_column_copy(&column, &out, NULL);

    da_column_done(&out);
    return status;
}

static void copying_a_column_survives(void **state)
{
    (void)state;
    fail_each_allocation(copy);
}

static enum nomos_status parse_share(const struct da_blob *blob)
{
    const struct da_share share = {.header = blob->header, .column = da_blob_column(blob, 2)};
    struct da_share read = {.header = {.rows = 0}};
    const size_t left = allowed;
    struct text text = {.bytes = NULL};
    enum nomos_status status;

    allowed = SIZE_MAX;
    da_share_write_json(&text, &share);
    allowed = left;
    status = da_share_parse_json(text.bytes, text.size, &read, NULL);
    da_share_done(&read);
    text_done(&text);
    return status;
}

static void parsing_a_share_survives(void **state)
{
    (void)state;
    fail_each_allocation(parse_share);
}

static enum nomos_status decode_share(const struct da_blob *blob)
{
    const struct da_share share = {.header = blob->header, .column = da_blob_column(blob, 2)};
    struct da_share read = {.header = {.rows = 0}};
    uint8_t bytes[1024];
    enum nomos_status status;

    assert_true(da_share_size(&share) <= sizeof(bytes));
    da_share_encode(&share, bytes);
    status = da_share_decode(bytes, da_share_size(&share), &read, NULL);
    da_share_done(&read);
    return status;
}

static void decoding_a_share_survives(void **state)
{
    (void)state;
    fail_each_allocation(decode_share);
}

static enum nomos_status parse_dispersal(const struct da_blob *unused)
{
    static const char id[] = "3b6a27bcceb6a42d62a3a8d02a6f0d73653215771de243a63ac048a18b59da29";
    struct da_dispersal read = {.data = NULL};
    char text[512];
    enum nomos_status status;
    const int size = snprintf(text, sizeof(text),
        "{\"channel_id\":\"%s\",\"parent_msg_id\":\"%s\",\"signer\":\"%s\",\"data\":[1,2]}", id, id,
        id);

    (void)unused;
    assert_true(keys_init());
    status = da_dispersal_parse_json(text, (size_t)size, &read, NULL);
    da_dispersal_done(&read);
    return status;
}

static void parsing_a_dispersal_survives(void **state)
{
    (void)state;
    fail_each_allocation(parse_dispersal);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(encoding_survives),
        cmocka_unit_test(decoding_survives),
        cmocka_unit_test(copying_a_column_survives),
        cmocka_unit_test(parsing_a_share_survives),
        cmocka_unit_test(decoding_a_share_survives),
        cmocka_unit_test(parsing_a_dispersal_survives),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

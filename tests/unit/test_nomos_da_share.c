/* Columns on their way: JSON and bytes read back as they were written, and nothing else is read. */
#include "test_nomos_da_support.h"

#include <stdio.h>

/* Numbers of a small blob: two columns, two rows. */
#define Z4  "0,0,0,0"
#define Z16 Z4 "," Z4 "," Z4 "," Z4
#define Z32 Z16 "," Z16

static struct da_share share_of(const struct da_blob *blob, uint32_t index)
{
    return (struct da_share){.header = blob->header, .column = da_blob_column(blob, index)};
}

static void assert_columns_equal(const struct da_column *a, const struct da_column *b)
{
    assert_int_equal(a->index, b->index);
    assert_int_equal(a->rows, b->rows);
    assert_memory_equal(a->elements, b->elements, (size_t)a->rows * DA_ELEMENT_SIZE);
    assert_int_equal(a->proof_size, b->proof_size);
    assert_memory_equal(a->proof, b->proof, a->proof_size);
}

/* --- JSON, there and back ----------------------------------------------------------------- */

static void shares_read_back_from_json(void **state)
{
    static const uint32_t column_counts[] = {1, 2, 3, 8, 256};

    (void)state;
    for (size_t i = 0; i < sizeof(column_counts) / sizeof(column_counts[0]); i++) {
        struct da_blob blob = da_blob_of(9, column_counts[i]);
        const struct da_share share = share_of(&blob, column_counts[i] - 1);
        struct text text = {.bytes = NULL};
        struct da_share read;

        da_share_write_json(&text, &share);
        assert_true(text_ok(&text));
        assert_int_equal(da_share_parse_json(text.bytes, text.size, &read, NULL), NOMOS_OK);
        assert_memory_equal(&read.header, &share.header, sizeof(read.header));
        assert_columns_equal(&read.column, &share.column);
        assert_int_equal(da_column_check(&read.header, &read.column, NULL), NOMOS_OK);
        da_share_done(&read);
        text_done(&text);
        da_blob_done(&blob);
    }
}

static void light_shares_and_commitments_read_back_from_json(void **state)
{
    struct da_blob blob = da_blob_of(8, 4);
    const struct da_column column = da_blob_column(&blob, 2);
    struct text text = {.bytes = NULL};
    struct da_column read;
    struct da_header header;

    (void)state;
    da_column_write_json(&text, &column);
    assert_int_equal(da_column_parse_json(text.bytes, text.size, &read, NULL), NOMOS_OK);
    assert_columns_equal(&read, &column);
    text_clear(&text);
    da_commitments_write_json(&text, &blob.header);
    assert_int_equal(da_commitments_parse_json(text.bytes, text.size, &header, NULL), NOMOS_OK);
    assert_memory_equal(&header, &blob.header, sizeof(header));
    assert_int_equal(da_column_check(&header, &read, NULL), NOMOS_OK);
    da_column_done(&read);
    text_done(&text);
    da_blob_done(&blob);
}

static void a_light_share_has_the_form_of_the_contract(void **state)
{
    uint8_t elements[DA_ELEMENT_SIZE] = {1, 2};
    const struct da_column column = {
        .index = 7, .rows = 1, .elements = elements, .proof_size = 32, .proof = {9}};
    struct text text = {.bytes = NULL};

    (void)state;
    da_column_write_json(&text, &column);
    assert_string_equal(text.bytes,
        "{\"share_idx\":7,\"column\":[[1,2,0,0," Z4 "," Z4 "," Z4 "," Z16
        "]],\"combined_column_proof\":[9,0,0,0," Z4 "," Z4 "," Z4 "," Z16 "]}");
    text_done(&text);
}

static void members_that_are_not_known_do_not_matter(void **state)
{
    static const char text[] = " {\"extra\":{\"a\":[1]},\"combined_column_proof\":[" Z32
                               "],\"column\":[[" Z32 "]],\"share_idx\":255}\n";
    struct da_column read;

    (void)state;
    assert_int_equal(da_column_parse_json(text, sizeof(text) - 1, &read, NULL), NOMOS_OK);
    assert_int_equal(read.index, 255);
    da_column_done(&read);
}

/* --- JSON that is refused ------------------------------------------------------------------ */

static void light_shares_with_wrong_values_are_refused_by_name(void **state)
{
    static const struct {
        const char *index, *column, *proof, *why;
    } cases[] = {
        {"256", "[" Z32 "]", Z32, "field `share_idx`: not a column's index (0 to 255)"},
        {"-1", "[" Z32 "]", Z32, "field `share_idx`: not an unsigned integer of 64 bits"},
        {"\"1\"", "[" Z32 "]", Z32, "field `share_idx`: not an unsigned integer of 64 bits"},
        {"1.0", "[" Z32 "]", Z32, "field `share_idx`: not an unsigned integer of 64 bits"},
        {"null", "[" Z32 "]", Z32, "field `share_idx`: missing"},
        {"1", "", Z32, "field `column`: no rows"},
        {"1", "7", Z32, "field `column[0]`: not an array"},
        {"1", "[" Z16 "]", Z32, "field `column[0]`: not an array of 32 numbers"},
        {"1", "[" Z32 "],[" Z32 ",0]", Z32, "field `column[1]`: not an array of 32 numbers"},
        {"1", "[256," Z16 "," Z4 "," Z4 "," Z4 ",0,0,0]", Z32,
            "field `column[0][0]`: not a byte (0 to 255)"},
        {"1", "[" Z32 "]", "", "field `combined_column_proof`: not 1 to 9 hashes of 32 numbers"},
        {"1", "[" Z32 "]", Z32 ",0",
            "field `combined_column_proof`: not 1 to 9 hashes of 32 numbers"},
        {"1", "[" Z32 "]",
            Z32 "," Z32 "," Z32 "," Z32 "," Z32 "," Z32 "," Z32 "," Z32 "," Z32 "," Z32,
            "field `combined_column_proof`: not 1 to 9 hashes of 32 numbers"},
        {"1", "[" Z32 "]", "-1", "field `combined_column_proof[0]`: not a byte (0 to 255)"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct da_column read;
        struct nomos_error err = {""};
        char *text = NULL;

        assert_true(
            asprintf(&text, "{\"share_idx\":%s,\"column\":[%s],\"combined_column_proof\":[%s]}",
                cases[i].index, cases[i].column, cases[i].proof) > 0);
        assert_int_equal(da_column_parse_json(text, strlen(text), &read, &err), NOMOS_E_DATA);
        assert_string_equal(err.text, cases[i].why);
        free(text);
    }
}

static void what_is_no_json_is_a_matter_of_syntax(void **state)
{
    static const char *const texts[] = {"", "{", "[1,2", "{\"share_idx\":1,}", "nul"};
    struct da_column column;
    struct da_share share;
    struct da_header header;

    (void)state;
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        const size_t size = strlen(texts[i]);

        assert_int_equal(da_column_parse_json(texts[i], size, &column, NULL), NOMOS_E_SYNTAX);
        assert_int_equal(da_share_parse_json(texts[i], size, &share, NULL), NOMOS_E_SYNTAX);
        assert_int_equal(da_commitments_parse_json(texts[i], size, &header, NULL), NOMOS_E_SYNTAX);
    }
}

static void null_and_other_types_are_no_shares(void **state)
{
    static const char *const texts[] = {"null", "[]", "7", "\"a\"", "{}"};
    struct da_column column;
    struct da_share share;
    struct da_header header;

    (void)state;
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        const size_t size = strlen(texts[i]);

        assert_int_equal(da_column_parse_json(texts[i], size, &column, NULL), NOMOS_E_DATA);
        assert_int_equal(da_share_parse_json(texts[i], size, &share, NULL), NOMOS_E_DATA);
        assert_int_equal(da_commitments_parse_json(texts[i], size, &header, NULL), NOMOS_E_DATA);
    }
}

/* A number of commitments of a blob, as JSON, with one number changed. */
static void write_commitments(struct text *text, const struct da_header *header, size_t changed)
{
    uint8_t commitment[DA_COMMITMENT_SIZE];

    text_add(text, "{\"rows_commitments\":[");
    for (uint32_t row = 0; row < header->rows; row++) {
        da_commitment_write(header, row, commitment);
        if (changed / DA_COMMITMENT_SIZE == row)
            commitment[changed % DA_COMMITMENT_SIZE] ^= 1;
        text_add(text, row ? "," : "");
        text_add_numbers(text, commitment, sizeof(commitment));
    }
    text_add(text, "]}");
}

static void commitments_that_do_not_fit_each_other_are_refused(void **state)
{
    struct da_blob blob = da_blob_of(4, 4);
    const size_t size = (size_t)blob.header.rows * DA_COMMITMENT_SIZE;

    (void)state;
    for (size_t changed = 0; changed <= size; changed++) {
        struct text text = {.bytes = NULL};
        struct da_header read;

        write_commitments(&text, &blob.header, changed);
        assert_int_equal(da_commitments_parse_json(text.bytes, text.size, &read, NULL),
            changed == size ? NOMOS_OK : NOMOS_E_DATA);
        text_done(&text);
    }
    da_blob_done(&blob);
}

static void a_share_needs_both_its_halves(void **state)
{
    struct da_blob blob = da_blob_of(4, 4);
    const struct da_column column = da_blob_column(&blob, 0);
    struct text text = {.bytes = NULL};
    struct nomos_error err;
    struct da_share read;

    (void)state;
    da_column_write_json(&text, &column);
    assert_int_equal(da_share_parse_json(text.bytes, text.size, &read, &err), NOMOS_E_DATA);
    assert_string_equal(err.text, "field `rows_commitments`: missing");
    text_clear(&text);
    da_commitments_write_json(&text, &blob.header);
    assert_int_equal(da_share_parse_json(text.bytes, text.size, &read, &err), NOMOS_E_DATA);
    assert_string_equal(err.text, "field `share_idx`: missing");
    text_done(&text);
    da_blob_done(&blob);
}

/* Each half is well formed, and they are not of one blob. */
static void a_column_of_another_size_than_its_commitments_is_refused(void **state)
{
    const uint8_t data[31 * 6] = {1};
    const struct da_source of_two = {.data = data, .size = 31, .columns = 2};
    const struct da_source of_nine = {.data = data, .size = 31, .columns = 9};
    const struct da_source of_rows = {.data = data, .size = sizeof(data), .columns = 2};
    struct da_blob two, nine, rows;
    struct text text = {.bytes = NULL};
    struct nomos_error err;
    struct da_share read;

    (void)state;
    assert_int_equal(da_encode(&of_two, &two, NULL), NOMOS_OK);
    assert_int_equal(da_encode(&of_nine, &nine, NULL), NOMOS_OK);
    assert_int_equal(da_encode(&of_rows, &rows, NULL), NOMOS_OK);
    const struct da_share wrong[] = {
        {.header = nine.header, .column = da_blob_column(&two, 1)},
        {.header = two.header, .column = da_blob_column(&nine, 1)},
        {.header = two.header, .column = da_blob_column(&nine, 8)},
        {.header = two.header, .column = da_blob_column(&rows, 1)},
    };
    for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
        da_share_write_json(&text, &wrong[i]);
        assert_int_equal(da_share_parse_json(text.bytes, text.size, &read, &err), NOMOS_E_DATA);
        assert_non_null(strstr(err.text, "not of the size that its commitments give"));
        text_clear(&text);
    }
    text_done(&text);
    da_blob_done(&two);
    da_blob_done(&nine);
    da_blob_done(&rows);
}

/* A column of more rows than the largest blob has. */
static void more_rows_than_any_blob_has_are_refused(void **state)
{
    struct text text = {.bytes = NULL};
    struct nomos_error err;
    struct da_column read;

    (void)state;
    text_add(&text, "{\"share_idx\":0,\"combined_column_proof\":[" Z32 "],\"column\":[[" Z32 "]");
    for (uint32_t row = 1; row <= DA_ROWS_MAX; row++)
        text_add(&text, ",[]");
    text_add(&text, "]}");
    assert_int_equal(da_column_parse_json(text.bytes, text.size, &read, &err), NOMOS_E_DATA);
    assert_string_equal(err.text, "field `column`: too many rows");
    text_done(&text);
}

static void the_largest_share_fits_the_nodes_http(void **state)
{
    const size_t body_max = 10 << 20; /* node contract 2.1 */
    uint8_t *data = malloc(DA_DATA_MAX);
    const struct da_source source = {.data = data, .size = DA_DATA_MAX, .columns = 1};
    struct da_blob blob;
    struct text text = {.bytes = NULL};

    (void)state;
    assert_non_null(data);
    memset(data, 255, DA_DATA_MAX); /* three digits each */
    assert_int_equal(da_encode(&source, &blob, NULL), NOMOS_OK);
    const struct da_share share = share_of(&blob, 0);
    da_share_write_json(&text, &share);
    assert_true(text_ok(&text));
    assert_true(text.size < body_max);
    text_done(&text);
    da_blob_done(&blob);
    free(data);
}

/* --- bytes -------------------------------------------------------------------------------- */

static uint8_t *encode(const struct da_share *share, size_t *size)
{
    uint8_t *bytes;

    *size = da_share_size(share);
    bytes = malloc(*size);
    assert_non_null(bytes);
    da_share_encode(share, bytes);
    return bytes;
}

static void shares_read_back_from_bytes(void **state)
{
    (void)state;
    for (uint32_t columns = 1; columns <= 256; columns += 15) {
        struct da_blob blob = da_blob_of(9, columns);
        const struct da_share share = share_of(&blob, columns / 2);
        struct da_share read;
        size_t size;
        uint8_t *bytes = encode(&share, &size);

        assert_int_equal(da_share_decode(bytes, size, &read, NULL), NOMOS_OK);
        assert_memory_equal(&read.header, &share.header, sizeof(read.header));
        assert_columns_equal(&read.column, &share.column);
        da_share_done(&read);
        free(bytes);
        da_blob_done(&blob);
    }
}

static void every_length_but_the_right_one_is_refused(void **state)
{
    struct da_blob blob = da_blob_of(3, 3);
    const struct da_share share = share_of(&blob, 1);
    size_t size;
    uint8_t *bytes = encode(&share, &size);
    uint8_t *longer = calloc(1, size + 1);
    struct da_share read;
    struct nomos_error err;

    (void)state;
    assert_non_null(longer);
    memcpy(longer, bytes, size);
    for (size_t cut = 0; cut < size; cut++) {
        uint8_t *exact = malloc(cut ? cut : 1); /* so that reading beyond it shows */

        assert_non_null(exact);
        memcpy(exact, bytes, cut);
        assert_int_equal(da_share_decode(exact, cut, &read, &err), NOMOS_E_DATA);
        free(exact);
    }
    assert_int_equal(da_share_decode(longer, size + 1, &read, &err), NOMOS_E_DATA);
    assert_non_null(strstr(err.text, "bytes left over"));
    free(longer);
    free(bytes);
    da_blob_done(&blob);
}

static void bytes_with_numbers_out_of_range_are_refused(void **state)
{
    static const struct {
        size_t at;
        uint8_t value;
        const char *why;
    } cases[] = {
        {32, 1, "the data has "},       /* the data's size */
        {35, 255, "the data has "},     /* ... */
        {36, 0, "a blob has 1 to 256"}, /* columns */
        {37, 9, "a blob has 1 to 256"}, /* ... */
        {38, 3, "share: column 3 of a blob of 3"},
        {39, 1, "share: column 257 of a blob of 3"},
    };
    struct da_blob blob = da_blob_of(3, 3);
    const struct da_share share = share_of(&blob, 1);

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        size_t size;
        uint8_t *bytes = encode(&share, &size);
        struct nomos_error err = {""};
        struct da_share read;

        bytes[cases[i].at] = cases[i].value;
        assert_int_equal(da_share_decode(bytes, size, &read, &err), NOMOS_E_DATA);
        assert_non_null(strstr(err.text, cases[i].why));
        free(bytes);
    }
    da_blob_done(&blob);
}

/* Any change that is read at all is found when the column is checked: the root stands in it. */
static void no_changed_byte_of_a_share_passes_the_check(void **state)
{
    struct da_blob blob = da_blob_of(3, 3);
    const struct da_share share = share_of(&blob, 1);
    size_t size;
    uint8_t *bytes = encode(&share, &size);

    (void)state;
    for (size_t bit = 0; bit < size * 8; bit++) {
        struct da_share read;

        bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
        if (da_share_decode(bytes, size, &read, NULL) == NOMOS_OK) {
            const struct bytes32 id = da_blob_id(&read.header);

            assert_true(da_column_check(&read.header, &read.column, NULL) != NOMOS_OK ||
                !bytes32_equal(&id, &blob.id));
            da_share_done(&read);
        }
        bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    free(bytes);
    da_blob_done(&blob);
}

static void done_takes_nothing_and_zeros(void **state)
{
    struct da_share share = {.header = {.rows = 0}};

    (void)state;
    da_share_done(NULL);
    da_share_done(&share);
    da_blob_done(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(shares_read_back_from_json),
        cmocka_unit_test(light_shares_and_commitments_read_back_from_json),
        cmocka_unit_test(a_light_share_has_the_form_of_the_contract),
        cmocka_unit_test(members_that_are_not_known_do_not_matter),
        cmocka_unit_test(light_shares_with_wrong_values_are_refused_by_name),
        cmocka_unit_test(what_is_no_json_is_a_matter_of_syntax),
        cmocka_unit_test(null_and_other_types_are_no_shares),
        cmocka_unit_test(commitments_that_do_not_fit_each_other_are_refused),
        cmocka_unit_test(a_share_needs_both_its_halves),
        cmocka_unit_test(a_column_of_another_size_than_its_commitments_is_refused),
        cmocka_unit_test(more_rows_than_any_blob_has_are_refused),
        cmocka_unit_test(the_largest_share_fits_the_nodes_http),
        cmocka_unit_test(shares_read_back_from_bytes),
        cmocka_unit_test(every_length_but_the_right_one_is_refused),
        cmocka_unit_test(bytes_with_numbers_out_of_range_are_refused),
        cmocka_unit_test(no_changed_byte_of_a_share_passes_the_check),
        cmocka_unit_test(done_takes_nothing_and_zeros),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

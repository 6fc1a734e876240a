/* Blobs as columns: what is read back is what was sent, whichever columns it comes from, and what
 * was changed on the way never passes. The vectors were computed with another implementation. */
#include "test_nomos_da_support.h"

#include "nomos/hash.h"
#include <stdio.h>

static void assert_header(const struct da_blob *blob, const char *root, const char *id)
{
    assert_bytes32(&blob->header.root, root);
    assert_bytes32(&blob->id, id);
}

/* Data from the given columns of a blob. The caller frees; NULL when it is refused. */
static uint8_t *decode(const struct da_blob *blob, const struct da_column *columns, size_t count)
{
    const struct da_pieces pieces = {.header = &blob->header, .columns = columns, .count = count};
    uint8_t *data = malloc(blob->header.data_size);

    assert_non_null(data);
    if (da_decode(&pieces, data, NULL) == NOMOS_OK)
        return data;
    free(data);
    return NULL;
}

static void assert_decodes(
    const struct da_blob *blob, const struct da_column *columns, size_t count)
{
    uint8_t *expected = da_data(blob->header.data_size);
    uint8_t *data = decode(blob, columns, count);

    assert_non_null(data);
    assert_memory_equal(data, expected, blob->header.data_size);
    free(data);
    free(expected);
}

static void assert_refuses(
    const struct da_blob *blob, const struct da_column *columns, size_t count, const char *why)
{
    const struct da_pieces pieces = {.header = &blob->header, .columns = columns, .count = count};
    struct nomos_error err = {""};
    uint8_t *data = calloc(1, blob->header.data_size);

    assert_non_null(data);
    assert_int_equal(da_decode(&pieces, data, &err), NOMOS_E_DATA);
    assert_non_null(strstr(err.text, why));
    for (uint32_t i = 0; i < blob->header.data_size; i++)
        assert_int_equal(data[i], 0); /* nothing was handed out */
    free(data);
}

/* Columns drawn without repeating. */
static void draw_columns(const struct da_blob *blob, uint64_t *chance, struct da_column *out)
{
    const uint32_t columns = blob->header.columns;

    for (uint32_t i = 0; i < columns; i++)
        out[i] = da_blob_column(blob, i);
    for (uint32_t i = columns - 1; i > 0; i--) {
        const uint32_t other = (uint32_t)(next_number(chance) % (i + 1));
        const struct da_column column = out[i];

        out[i] = out[other];
        out[other] = column;
    }
}

/* --- vectors ------------------------------------------------------------------------------ */

static void blobs_have_the_ids_of_the_vectors(void **state)
{
    static const struct {
        size_t chunks;
        uint32_t columns;
        const char *root, *id, *last_column;
    } vectors[] = {
        {1, 1, "de59725560bfccb53ed1bb44cf9d2e3bc8091475454e75d1c24bd16103978430",
            "66d1e0f28f67e92deb003ec9be49e05f7d01f9db0113357bd13816e3fc5fbb5a",
            "03aff824914011afe29e0a5510b69f95829da33b7898a4e2e580e8f042f7cf36"},
        {1, 2, "b62abbf0527bdec8b28826262d8fa8a6327602882c7739ad0d325dc22fdd1d2d",
            "8232f958bb5ceeb7b8c52fa9b95fcd69f4377fb2bc115864a8ab4adf5607f64f",
            "03aff824914011afe29e0a5510b69f95829da33b7898a4e2e580e8f042f7cf36"},
        {8, 2, "483db60ec1fb316e18e7b2e950de137ef23c846901e43ecdb212639b79909129",
            "2db2f5e093f5895a95409b998761c315f545e645ed71d8245cd336687f65ab88",
            "ee5d6c819d7fb5facf0d8e307bb3315389c723fea9679bb42c325ea6de5865ee"},
        {5, 5, "7b178e0e2b8d0e62ed64a520590403d43574062d68c8f029d912d86c8caad9a6",
            "301c8bb71a6068fb83a389167de4412850e39af29eeeb01c4429969075b86eec",
            "b0c2d20b544d70554ed625306a275cc20d86f409d42a9e7419d6091bc4d323fa"},
        {40, 9, "4abeca9f54880c1d50c04f8e3b594ca0faa5f58b1748929aba223df2cd0f9c99",
            "c798d59e1b8afba1ca07713cac4391db549857391482bcd5f1f9527d997054bf",
            "3914403ff2f74ecf7266a3a01a84a2e171e9f7b3a6c19145191e68cfbe762452"},
        {128, 256, "81ddfb0f551fad34909a16457fb8a35e6f7a14c92b96be3de61e3a45f7850c0a",
            "de0e5386b1bdc828255213110904a97bd6e8c60d7dd1dd3b63d87b868148e8e3",
            "20fc5e2d18e7cd983b0a0bcadc25a66cf2683340e651540753d379ee74799689"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(vectors) / sizeof(vectors[0]); i++) {
        struct da_blob blob = da_blob_of(vectors[i].chunks, vectors[i].columns);
        const struct da_column last = da_blob_column(&blob, vectors[i].columns - 1);
        const struct bytes32 hash = hash_of(last.elements, da_column_size(&blob.header));

        assert_header(&blob, vectors[i].root, vectors[i].id);
        assert_bytes32(&hash, vectors[i].last_column);
        da_blob_done(&blob);
    }
}

static void a_commitment_and_a_context_are_as_the_vectors(void **state)
{
    struct da_blob blob = da_blob_of(5, 5);
    uint8_t commitment[DA_COMMITMENT_SIZE];
    char text[2 * DA_COMMITMENT_SIZE + 1];

    (void)state;
    da_commitment_write(&blob.header, 1, commitment);
    hex_write(commitment, sizeof(commitment), text);

    assert_string_equal(text,
        "7b178e0e2b8d0e62ed64a520590403d43574062d68c8f029d912d86c8caad9a6"
        "01000000020000009b00000005000000");
    assert_bytes32(
        &blob.context, "dee8e5e796b2d78f2f03fb8efc5938ba6178c2772c42f5a4c717e0867bc0ebdb");
    da_blob_done(&blob);
}

/* --- round trips -------------------------------------------------------------------------- */

/* Enough chunks that rows are full, begun, and several. */
static size_t chunks_for(uint32_t columns)
{
    return (columns * 5 / 4) + 1;
}

static void any_sufficient_columns_give_the_data_for_every_number_of_columns(void **state)
{
    uint64_t chance = 20251212;

    (void)state;
    for (uint32_t columns = 1; columns <= DA_COLUMNS_MAX; columns++) {
        struct da_blob blob = da_blob_of(chunks_for(columns), columns);
        struct da_column drawn[DA_COLUMNS_MAX];

        draw_columns(&blob, &chance, drawn);
        assert_decodes(&blob, drawn, da_data_columns(&blob.header));
        da_blob_done(&blob);
    }
}

static void every_choice_of_columns_gives_the_data_up_to_seven(void **state)
{
    (void)state;
    for (uint32_t columns = 1; columns <= 7; columns++) {
        struct da_blob blob = da_blob_of(11, columns);

        for (unsigned choice = 1; choice < 1u << columns; choice++) {
            struct da_column chosen[8];
            uint32_t count = 0;

            for (uint32_t i = 0; i < columns; i++) {
                if (choice >> i & 1u)
                    chosen[count++] = da_blob_column(&blob, i);
            }
            if (count >= da_data_columns(&blob.header))
                assert_decodes(&blob, chosen, count);
            else
                assert_refuses(&blob, chosen, count, "are needed and");
        }
        da_blob_done(&blob);
    }
}

static void parity_alone_gives_the_data(void **state)
{
    struct da_blob blob = da_blob_of(300, 256);
    struct da_column parity[DA_COLUMNS_MAX];

    (void)state;
    for (uint32_t i = 0; i < 128; i++)
        parity[i] = da_blob_column(&blob, 128 + i);

    assert_decodes(&blob, parity, 128);
    da_blob_done(&blob);
}

static void the_largest_blob_comes_back(void **state)
{
    struct da_blob blob = da_blob_of(DA_DATA_MAX / DA_CHUNK_SIZE, 2);
    const struct da_column parity = da_blob_column(&blob, 1);

    (void)state;
    assert_int_equal(blob.header.rows, DA_ROWS_MAX);
    assert_decodes(&blob, &parity, 1);
    da_blob_done(&blob);
}

static void zeros_stay_zeros_in_every_column(void **state)
{
    const uint8_t zeros[2 * DA_CHUNK_SIZE] = {0};
    const struct da_source source = {.data = zeros, .size = sizeof(zeros), .columns = 4};
    const uint8_t element[DA_ELEMENT_SIZE] = {0};
    struct da_blob blob;

    (void)state;
    assert_int_equal(da_encode(&source, &blob, NULL), NOMOS_OK);
    for (uint32_t i = 0; i < 4; i++)
        assert_memory_equal(da_blob_column(&blob, i).elements, element, sizeof(element));
    da_blob_done(&blob);
}

/* --- what may be a blob ------------------------------------------------------------------- */

static enum nomos_status encode_size(size_t size, uint32_t columns, struct nomos_error *err)
{
    uint8_t *data = da_data(size ? size : 1);
    const struct da_source source = {.data = data, .size = size, .columns = columns};
    struct da_blob blob = {.tree = NULL};
    const enum nomos_status status = da_encode(&source, &blob, err);

    da_blob_done(&blob);
    free(data);
    return status;
}

static void data_that_is_not_whole_chunks_is_refused(void **state)
{
    const size_t sizes[] = {0, 1, 30, 32, 61, DA_DATA_MAX + DA_CHUNK_SIZE};
    struct nomos_error err;

    (void)state;
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        assert_int_equal(encode_size(sizes[i], 2, &err), NOMOS_E_DATA);
        assert_non_null(strstr(err.text, "it must be a multiple of 31 from 31 to 507904"));
    }
}

static void a_size_beyond_32_bits_is_refused(void **state)
{
    const uint8_t data = 0;
    /* 2^32 * 31 + 31 would be one chunk if it were cut to 32 bits. */
    const struct da_source source = {.data = &data, .size = ((size_t)31 << 32) + 31, .columns = 2};
    struct da_blob blob;

    (void)state;
    assert_int_equal(da_encode(&source, &blob, NULL), NOMOS_E_DATA);
}

static void no_columns_and_too_many_are_refused(void **state)
{
    struct nomos_error err;

    (void)state;
    assert_int_equal(encode_size(31, 0, &err), NOMOS_E_DATA);
    assert_string_equal(err.text, "a blob has 1 to 256 columns, not 0");
    assert_int_equal(encode_size(31, 257, &err), NOMOS_E_DATA);
}

static void channel_parent_and_data_each_change_the_id(void **state)
{
    struct da_blob first = da_blob_of(2, 2);
    struct bytes32 ids[3];

    (void)state;
    for (uint8_t i = 0; i < 3; i++) {
        uint8_t *data = da_data(2 * DA_CHUNK_SIZE);
        const struct da_source source = {.context = {.channel = bytes32_of(i == 0 ? 9 : 1),
                                             .parent = bytes32_of(i == 1 ? 9 : 2)},
            .data = data,
            .size = 2 * DA_CHUNK_SIZE,
            .columns = 2};
        struct da_blob blob;

        data[40] ^= (uint8_t)(i == 2);
        assert_int_equal(da_encode(&source, &blob, NULL), NOMOS_OK);
        ids[i] = blob.id;
        da_blob_done(&blob);
        free(data);
    }

    for (size_t i = 0; i < 3; i++)
        assert_false(bytes32_equal(&ids[i], &first.id));
    da_blob_done(&first);
}

/* --- commitments -------------------------------------------------------------------------- */

/* All commitments of a blob; the caller frees. */
static uint8_t *commitments_of(const struct da_header *header)
{
    uint8_t *bytes = malloc((size_t)header->rows * DA_COMMITMENT_SIZE);

    assert_non_null(bytes);
    for (uint32_t row = 0; row < header->rows; row++)
        da_commitment_write(header, row, bytes + (size_t)row * DA_COMMITMENT_SIZE);
    return bytes;
}

static void commitments_read_back_and_hash_to_the_id(void **state)
{
    struct da_blob blob = da_blob_of(40, 9);
    uint8_t *bytes = commitments_of(&blob.header);
    const struct bytes32 hash = hash_of(bytes, (size_t)blob.header.rows * DA_COMMITMENT_SIZE);
    struct da_header read;

    (void)state;
    assert_int_equal(da_header_read(bytes, blob.header.rows, &read, NULL), NOMOS_OK);
    assert_memory_equal(&read, &blob.header, sizeof(read));
    assert_true(bytes32_equal(&hash, &blob.id));
    free(bytes);
    da_blob_done(&blob);
}

static void a_commitment_that_differs_in_any_bit_is_another_blob_or_refused(void **state)
{
    struct da_blob blob = da_blob_of(8, 2);
    uint8_t *bytes = commitments_of(&blob.header);
    const size_t size = (size_t)blob.header.rows * DA_COMMITMENT_SIZE;

    (void)state;
    for (size_t bit = 0; bit < size * 8; bit++) {
        struct da_header read;

        bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
        assert_int_equal(da_header_read(bytes, blob.header.rows, &read, NULL), NOMOS_E_DATA);
        bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    free(bytes);
    da_blob_done(&blob);
}

static void another_number_of_commitments_is_refused(void **state)
{
    struct da_blob blob = da_blob_of(8, 2);
    uint8_t *bytes = realloc(commitments_of(&blob.header), 9 * DA_COMMITMENT_SIZE);
    struct da_header read;
    struct nomos_error err;

    (void)state;
    assert_non_null(bytes);
    memset(bytes + 8 * DA_COMMITMENT_SIZE, 0, DA_COMMITMENT_SIZE);
    assert_int_equal(da_header_read(bytes, 9, &read, &err), NOMOS_E_DATA);
    assert_string_equal(err.text, "there are 9 row commitments, not 8");
    assert_int_equal(da_header_read(bytes, 7, &read, &err), NOMOS_E_DATA);
    assert_string_equal(err.text, "there are 7 row commitments, not 8");
    assert_int_equal(da_header_read(bytes, 0, &read, &err), NOMOS_E_DATA);
    assert_string_equal(err.text, "there are no row commitments");
    free(bytes);
    da_blob_done(&blob);
}

/* --- checking columns --------------------------------------------------------------------- */

static void every_column_passes_for_every_number_of_columns(void **state)
{
    (void)state;
    for (uint32_t columns = 1; columns <= DA_COLUMNS_MAX; columns++) {
        struct da_blob blob = da_blob_of(1, columns);

        for (uint32_t i = 0; i < columns; i++) {
            const struct da_column column = da_blob_column(&blob, i);

            assert_int_equal(da_column_check(&blob.header, &column, NULL), NOMOS_OK);
        }
        da_blob_done(&blob);
    }
}

static void a_change_of_any_bit_of_a_column_is_found(void **state)
{
    struct da_blob blob = da_blob_of(4, 3);

    (void)state;
    for (size_t bit = 0; bit < da_column_size(&blob.header) * 8; bit++) {
        struct da_column column = da_blob_column(&blob, 2);

        column.elements[bit / 8] ^= (uint8_t)(1u << bit % 8);
        assert_int_equal(da_column_check(&blob.header, &column, NULL), NOMOS_E_DATA);
        column.elements[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    da_blob_done(&blob);
}

static void a_change_of_any_bit_of_a_proof_is_found(void **state)
{
    struct da_blob blob = da_blob_of(4, 5);

    (void)state;
    for (size_t bit = 0; bit < da_proof_size(&blob.header) * 8; bit++) {
        struct da_column column = da_blob_column(&blob, 4);

        column.proof[bit / 8] ^= (uint8_t)(1u << bit % 8);
        assert_int_equal(da_column_check(&blob.header, &column, NULL), NOMOS_E_DATA);
    }
    da_blob_done(&blob);
}

static void a_column_under_another_index_is_found(void **state)
{
    struct da_blob blob = da_blob_of(4, 4);

    (void)state;
    for (uint32_t i = 0; i < 4; i++) {
        for (uint32_t other = 0; other < 4; other++) {
            struct da_column column = da_blob_column(&blob, i);

            column.index = other;
            assert_int_equal(
                da_column_check(&blob.header, &column, NULL), i == other ? NOMOS_OK : NOMOS_E_DATA);
        }
    }
    da_blob_done(&blob);
}

/* With two columns both hold the same bytes; their places still are not exchangeable. */
static void equal_columns_keep_their_places(void **state)
{
    struct da_blob blob = da_blob_of(1, 2);
    struct da_column column = da_blob_column(&blob, 0);

    (void)state;
    assert_memory_equal(column.elements, da_blob_column(&blob, 1).elements, DA_ELEMENT_SIZE);
    column.index = 1;
    assert_int_equal(da_column_check(&blob.header, &column, NULL), NOMOS_E_DATA);
    da_blob_done(&blob);
}

static void a_column_of_another_shape_is_refused(void **state)
{
    struct da_blob blob = da_blob_of(4, 4);
    struct da_column column = da_blob_column(&blob, 1);
    struct nomos_error err;

    (void)state;
    column.index = 4;
    assert_int_equal(da_column_check(&blob.header, &column, &err), NOMOS_E_DATA);
    assert_string_equal(err.text, "column 4: the blob has 4 columns");
    column.index = 1;
    column.rows = 1;
    assert_int_equal(da_column_check(&blob.header, &column, &err), NOMOS_E_DATA);
    assert_string_equal(err.text, "column 1: it has 1 rows, the blob 2");
    column.rows = 2;
    column.proof_size -= 32;
    assert_int_equal(da_column_check(&blob.header, &column, &err), NOMOS_E_DATA);
    assert_string_equal(err.text, "column 1: its proof has 64 bytes, not 96");
    da_blob_done(&blob);
}

static void a_column_of_another_blob_is_refused(void **state)
{
    struct da_blob blob = da_blob_of(4, 4);
    struct da_blob other = da_blob_of(3, 4); /* as many rows */
    const struct da_column column = da_blob_column(&other, 0);
    struct nomos_error err;

    (void)state;
    assert_int_equal(da_column_check(&blob.header, &column, &err), NOMOS_E_DATA);
    assert_string_equal(
        err.text, "column 0: it is not the column that the blob's commitments were made for");
    da_blob_done(&blob);
    da_blob_done(&other);
}

static void a_column_says_of_which_message_it_is(void **state)
{
    struct da_blob blob = da_blob_of(4, 4);
    struct da_column column = da_blob_column(&blob, 3);
    const struct da_context own = {.channel = bytes32_of(1), .parent = bytes32_of(2)};
    const struct da_context other = {.channel = bytes32_of(2), .parent = bytes32_of(1)};

    (void)state;
    assert_true(da_column_is_of(&column, &own));
    assert_false(da_column_is_of(&column, &other));
    column.proof_size = 31;
    assert_false(da_column_is_of(&column, &own));
    da_blob_done(&blob);
}

static void a_copy_of_a_column_stands_alone(void **state)
{
    struct da_blob blob = da_blob_of(4, 4);
    const struct da_header header = blob.header;
    const struct da_column column = da_blob_column(&blob, 3);
    struct da_column copy;

    (void)state;
    assert_int_equal(da_column_copy(&column, &copy, NULL), NOMOS_OK);
    da_blob_done(&blob);
    assert_int_equal(da_column_check(&header, &copy, NULL), NOMOS_OK);
    da_column_done(&copy);
    assert_null(copy.elements);
    da_column_done(NULL);
}

/* --- decoding ----------------------------------------------------------------------------- */

static void a_corrupted_column_is_named_whichever_it_is(void **state)
{
    uint64_t chance = 31;

    (void)state;
    for (uint32_t columns = 1; columns <= 64; columns++) {
        struct da_blob blob = da_blob_of(chunks_for(columns), columns);
        struct da_column all[DA_COLUMNS_MAX];
        const uint32_t bad = (uint32_t)(next_number(&chance) % columns);
        const size_t byte = next_number(&chance) % da_column_size(&blob.header);
        char why[32];

        for (uint32_t i = 0; i < columns; i++)
            all[i] = da_blob_column(&blob, i);
        all[bad].elements[byte] ^= 0x40;
        (void)snprintf(why, sizeof(why), "column %u:", bad);
        assert_refuses(&blob, all, columns, why);
        da_blob_done(&blob);
    }
}

static void a_column_given_twice_is_refused(void **state)
{
    struct da_blob blob = da_blob_of(4, 4);
    const struct da_column columns[] = {da_blob_column(&blob, 1), da_blob_column(&blob, 1)};

    (void)state;
    assert_refuses(&blob, columns, 2, "column 1: it is given twice");
    da_blob_done(&blob);
}

static void too_few_columns_are_refused(void **state)
{
    struct da_blob blob = da_blob_of(4, 5);
    const struct da_column columns[] = {da_blob_column(&blob, 1), da_blob_column(&blob, 2)};

    (void)state;
    assert_refuses(&blob, columns, 2, "3 columns are needed and 2 are there");
    assert_refuses(&blob, columns, 0, "3 columns are needed and 0 are there");
    da_blob_done(&blob);
}

/* A blob made by someone who lies: `column` is changed and the tree made over it, so that every
   column passes by itself. */
static void commit_to_lie(struct da_blob *blob)
{
    struct da_blob honest = *blob;
    struct bytes32 top;
    struct hash hash;

    /* Two columns: the leaves are the tree's [2] and [3]. */
    assert_int_equal(honest.header.columns, 2);
    hash_begin(&hash);
    hash_add(&hash, "ASSAY_DA_COLUMN_V1", 18);
    hash_add(&hash, "\1", 2);
    hash_add(
        &hash, honest.elements + da_column_size(&honest.header), da_column_size(&honest.header));
    blob->tree[3] = hash_end(&hash);
    hash_begin(&hash);
    hash_add(&hash, "ASSAY_DA_NODE_V1", 16);
    hash_add(&hash, blob->tree[2].bytes, 32);
    hash_add(&hash, blob->tree[3].bytes, 32);
    top = hash_end(&hash);
    hash_begin(&hash);
    hash_add(&hash, "ASSAY_DA_ROOT_V1", 16);
    hash_add(&hash, blob->context.bytes, 32);
    hash_add(&hash, top.bytes, 32);
    blob->header.root = hash_end(&hash);
    blob->id = da_blob_id(&blob->header);
}

static void columns_that_pass_alone_but_are_no_code_word_are_refused(void **state)
{
    (void)state;
    for (uint32_t used = 0; used < 2; used++) {
        struct da_blob blob = da_blob_of(4, 2);
        struct da_column columns[2];

        da_blob_column(&blob, 1).elements[5] ^= 1;
        commit_to_lie(&blob);
        for (uint32_t i = 0; i < 2; i++) {
            columns[i] = da_blob_column(&blob, (used + i) % 2);
            assert_int_equal(da_column_check(&blob.header, &columns[i], NULL), NOMOS_OK);
        }
        assert_refuses(&blob, columns, 1, "together they are no code word");
        assert_refuses(&blob, columns, 2, "together they are no code word");
        da_blob_done(&blob);
    }
}

/* The byte behind a chunk, and what is left of the last row, carry nothing: a blob that hides
   something there is not the blob of its data. */
static void bytes_beside_the_data_must_be_zero(void **state)
{
    (void)state;
    struct da_blob blob = da_blob_of(1, 2);
    struct da_column columns[2];

    da_blob_column(&blob, 0).elements[31] = 1;
    da_blob_column(&blob, 1).elements[31] = 1;
    struct hash hash;
    hash_begin(&hash);
    hash_add(&hash, "ASSAY_DA_COLUMN_V1", 18);
    hash_add(&hash, "\0", 2);
    hash_add(&hash, blob.elements, DA_ELEMENT_SIZE);
    blob.tree[2] = hash_end(&hash);
    commit_to_lie(&blob);
    for (uint32_t i = 0; i < 2; i++) {
        columns[i] = da_blob_column(&blob, i);
        assert_int_equal(da_column_check(&blob.header, &columns[i], NULL), NOMOS_OK);
    }

    assert_refuses(&blob, columns, 2, "together they are no code word");
    da_blob_done(&blob);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(blobs_have_the_ids_of_the_vectors),
        cmocka_unit_test(a_commitment_and_a_context_are_as_the_vectors),
        cmocka_unit_test(any_sufficient_columns_give_the_data_for_every_number_of_columns),
        cmocka_unit_test(every_choice_of_columns_gives_the_data_up_to_seven),
        cmocka_unit_test(parity_alone_gives_the_data),
        cmocka_unit_test(the_largest_blob_comes_back),
        cmocka_unit_test(zeros_stay_zeros_in_every_column),
        cmocka_unit_test(data_that_is_not_whole_chunks_is_refused),
        cmocka_unit_test(a_size_beyond_32_bits_is_refused),
        cmocka_unit_test(no_columns_and_too_many_are_refused),
        cmocka_unit_test(channel_parent_and_data_each_change_the_id),
        cmocka_unit_test(commitments_read_back_and_hash_to_the_id),
        cmocka_unit_test(a_commitment_that_differs_in_any_bit_is_another_blob_or_refused),
        cmocka_unit_test(another_number_of_commitments_is_refused),
        cmocka_unit_test(every_column_passes_for_every_number_of_columns),
        cmocka_unit_test(a_change_of_any_bit_of_a_column_is_found),
        cmocka_unit_test(a_change_of_any_bit_of_a_proof_is_found),
        cmocka_unit_test(a_column_under_another_index_is_found),
        cmocka_unit_test(equal_columns_keep_their_places),
        cmocka_unit_test(a_column_of_another_shape_is_refused),
        cmocka_unit_test(a_column_of_another_blob_is_refused),
        cmocka_unit_test(a_column_says_of_which_message_it_is),
        cmocka_unit_test(a_copy_of_a_column_stands_alone),
        cmocka_unit_test(a_corrupted_column_is_named_whichever_it_is),
        cmocka_unit_test(a_column_given_twice_is_refused),
        cmocka_unit_test(too_few_columns_are_refused),
        cmocka_unit_test(columns_that_pass_alone_but_are_no_code_word_are_refused),
        cmocka_unit_test(bytes_beside_the_data_must_be_zero),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

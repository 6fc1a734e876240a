/* What clients ask of nodes about data: read back as written, in the contract's words, and refused
 * by name when it does not fit. */
#include "test_nomos_support.h"

#include <stdio.h>

#include "nomos/da_request.h"

#define Z4    "0,0,0,0"
#define Z16   Z4 "," Z4 "," Z4 "," Z4
#define Z32   Z16 "," Z16
#define ID32  "abababababababababababababababababababababababababababababababab"
#define KEY32 "3b6a27bcceb6a42d62a3a8d02a6f0d73653215771de243a63ac048a18b59da29"

/* --- dispersal ---------------------------------------------------------------------------- */

static void a_dispersal_has_the_form_of_the_contract_and_reads_back(void **state)
{
    static uint8_t data[] = {0, 7, 255};
    const struct da_dispersal dispersal = {
        .context = {.channel = bytes32_of(0xab), .parent = bytes32_of(0)},
        .signer = bytes32_hex(KEY32),
        .data = data,
        .size = sizeof(data)};
    struct text text = {.bytes = NULL};
    struct da_dispersal read;

    (void)state;
    da_dispersal_write_json(&text, &dispersal);
    assert_string_equal(text.bytes,
        "{\"channel_id\":\"" ID32 "\",\"parent_msg_id\":\"00000000000000000000000000000000"
        "00000000000000000000000000000000\",\"signer\":\"" KEY32 "\",\"data\":[0,7,255]}");
    assert_int_equal(da_dispersal_parse_json(text.bytes, text.size, &read, NULL), NOMOS_OK);
    assert_memory_equal(&read.context, &dispersal.context, sizeof(read.context));
    assert_true(bytes32_equal(&read.signer, &dispersal.signer));
    assert_int_equal(read.size, 3);
    assert_memory_equal(read.data, data, 3);
    da_dispersal_done(&read);
    da_dispersal_done(NULL);
    text_done(&text);
}

static void dispersals_with_wrong_values_are_refused_by_name(void **state)
{
    static const struct {
        const char *channel, *signer, *data, *why;
    } cases[] = {
        {"\"ab\"", "\"" KEY32 "\"", "[1]", "field `channel_id`: not 64 hexadecimal digits"},
        {"7", "\"" KEY32 "\"", "[1]", "field `channel_id`: not a string"},
        {"\"" ID32 "\"", "\"ff" ID32 "\"", "[1]", "field `signer`: not 64 hexadecimal digits"},
        {"\"" ID32 "\"",
            "\"02"
            "00000000000000000000000000000000000000000000000000000000000000\"",
            "[1]", "field `signer`: not an Ed25519 public key"},
        {"\"" ID32 "\"", "\"" KEY32 "\"", "[256]", "field `data[0]`: not a byte (0 to 255)"},
        {"\"" ID32 "\"", "\"" KEY32 "\"", "\"AAAA\"", "field `data`: not an array"},
        {"\"" ID32 "\"", "\"" KEY32 "\"", "null", "field `data`: missing"},
    };

    (void)state;
    assert_true(keys_init());
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct da_dispersal read;
        struct nomos_error err = {""};
        char *text = NULL;

        assert_true(
            asprintf(&text,
                "{\"channel_id\":%s,\"parent_msg_id\":\"" ID32 "\",\"signer\":%s,\"data\":%s}",
                cases[i].channel, cases[i].signer, cases[i].data) > 0);
        assert_int_equal(da_dispersal_parse_json(text, strlen(text), &read, &err), NOMOS_E_DATA);
        assert_string_equal(err.text, cases[i].why);
        free(text);
    }
}

static void a_blob_id_reads_back_and_must_be_32_bytes(void **state)
{
    const struct bytes32 id = bytes32_hex(KEY32);
    struct text text = {.bytes = NULL};
    struct bytes32 read;

    (void)state;
    da_blob_id_write_json(&text, &id);
    assert_int_equal(da_blob_id_parse_json(text.bytes, text.size, &read, NULL), NOMOS_OK);
    assert_true(bytes32_equal(&read, &id));
    assert_int_equal(
        da_blob_id_parse_json("[" Z16 "]", strlen("[" Z16 "]"), &read, NULL), NOMOS_E_DATA);
    assert_int_equal(da_blob_id_parse_json("null", 4, &read, NULL), NOMOS_E_DATA);
    assert_int_equal(da_blob_id_parse_json("\"" KEY32 "\"", 66, &read, NULL), NOMOS_E_DATA);
    text_done(&text);
}

/* --- wishes ------------------------------------------------------------------------------- */

static void a_wish_for_a_share_has_its_index_in_two_bytes(void **state)
{
    const struct da_share_wish wish = {.index = 0x0102};
    struct text text = {.bytes = NULL};
    struct da_share_wish read;

    (void)state;
    da_share_wish_write_json(&text, &wish);
    assert_string_equal(text.bytes, "{\"blob_id\":[" Z32 "],\"share_idx\":[2,1]}");
    assert_int_equal(da_share_wish_parse_json(text.bytes, text.size, &read, NULL), NOMOS_OK);
    assert_int_equal(read.index, 0x0102);
    text_done(&text);
}

static void wishes_for_shares_with_wrong_values_are_refused(void **state)
{
    static const char *const texts[] = {"{\"share_idx\":[0,0]}", "{\"blob_id\":[" Z32 "]}",
        "{\"blob_id\":[" Z32 "],\"share_idx\":[0]}", "{\"blob_id\":[" Z32 "],\"share_idx\":7}",
        "{\"blob_id\":[" Z16 "],\"share_idx\":[0,0]}", "[]"};
    struct da_share_wish read;

    (void)state;
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
        assert_int_equal(
            da_share_wish_parse_json(texts[i], strlen(texts[i]), &read, NULL), NOMOS_E_DATA);
}

static void a_wish_for_commitments_may_leave_the_session_out(void **state)
{
    static const char bare[] = "{\"blob_id\":[" Z32 "]}";
    static const char wrong[] = "{\"blob_id\":[" Z32 "],\"session\":\"0\"}";
    const struct da_commitments_wish wish = {.blob_id = bytes32_of(3), .session = 12};
    struct text text = {.bytes = NULL};
    struct da_commitments_wish read;

    (void)state;
    da_commitments_wish_write_json(&text, &wish);
    assert_int_equal(da_commitments_wish_parse_json(text.bytes, text.size, &read, NULL), NOMOS_OK);
    assert_int_equal(read.session, 12);
    assert_true(bytes32_equal(&read.blob_id, &wish.blob_id));
    assert_int_equal(da_commitments_wish_parse_json(bare, sizeof(bare) - 1, &read, NULL), NOMOS_OK);
    assert_int_equal(read.session, 0);
    assert_int_equal(
        da_commitments_wish_parse_json(wrong, sizeof(wrong) - 1, &read, NULL), NOMOS_E_DATA);
    text_done(&text);
}

static void a_wish_for_samples_reads_back(void **state)
{
    struct da_sampling_wish wish = {.blob_id = bytes32_of(3), .is_available_wanted = true};
    struct text text = {.bytes = NULL};
    struct da_sampling_wish read;

    (void)state;
    wish.is_named[0] = wish.is_named[255] = wish.is_filtered[17] = true;
    da_sampling_wish_write_json(&text, &wish);
    assert_non_null(strstr(text.bytes,
        "\"requested_shares\":[[0,0],[255,0]],\"filter_shares\":[[17,0]],"
        "\"return_available\":true}"));
    assert_int_equal(da_sampling_wish_parse_json(text.bytes, text.size, &read, NULL), NOMOS_OK);
    assert_memory_equal(&read, &wish, sizeof(read));
    text_done(&text);
}

static void a_sample_beyond_the_last_column_is_passed_over(void **state)
{
    static const char text[] = "{\"blob_id\":[" Z32 "],\"requested_shares\":[[0,1],[3,0]],"
                               "\"filter_shares\":[],\"return_available\":false}";
    struct da_sampling_wish read;

    (void)state;
    assert_int_equal(da_sampling_wish_parse_json(text, sizeof(text) - 1, &read, NULL), NOMOS_OK);
    assert_true(read.is_named[3]);
    assert_false(read.is_named[0]);
    assert_false(read.is_filtered[0]); /* which is behind the last of those named */
    assert_false(read.is_available_wanted);
}

static void wishes_for_samples_with_wrong_values_are_refused(void **state)
{
    static const char *const rests[] = {
        "\"requested_shares\":[[0]],\"filter_shares\":[],\"return_available\":false",
        "\"requested_shares\":[],\"filter_shares\":[0],\"return_available\":false",
        "\"requested_shares\":[],\"filter_shares\":{},\"return_available\":false",
        "\"requested_shares\":[],\"filter_shares\":[],\"return_available\":1",
        "\"requested_shares\":[],\"filter_shares\":[]",
        "\"filter_shares\":[],\"return_available\":false",
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rests) / sizeof(rests[0]); i++) {
        struct da_sampling_wish read;
        char *text = NULL;

        assert_true(asprintf(&text, "{\"blob_id\":[" Z32 "],%s}", rests[i]) > 0);
        assert_int_equal(
            da_sampling_wish_parse_json(text, strlen(text), &read, NULL), NOMOS_E_DATA);
        free(text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_dispersal_has_the_form_of_the_contract_and_reads_back),
        cmocka_unit_test(dispersals_with_wrong_values_are_refused_by_name),
        cmocka_unit_test(a_blob_id_reads_back_and_must_be_32_bytes),
        cmocka_unit_test(a_wish_for_a_share_has_its_index_in_two_bytes),
        cmocka_unit_test(wishes_for_shares_with_wrong_values_are_refused),
        cmocka_unit_test(a_wish_for_commitments_may_leave_the_session_out),
        cmocka_unit_test(a_wish_for_samples_reads_back),
        cmocka_unit_test(a_sample_beyond_the_last_column_is_passed_over),
        cmocka_unit_test(wishes_for_samples_with_wrong_values_are_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

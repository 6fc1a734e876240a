/* Lists of bytes made shorter before json-c reads them: what is packed, what is not, and that a
   document reads the same either way. */
#include "test_nomos_support.h"

#include <json-c/json.h>
#include <stdio.h>

#include "nomos/json_pack.h"
#include "nomos/json_read.h"
#include "nomos/json_tx.h"

#define MARK "\177"

/* 32 bytes as a list, and as json_pack would write them. */
#define LIST_32 "[7,7,7,7,7,7,7,7,7,7,7,7,7,7,7,7,7,7,7,7,7,7,7,7,7,7,7,7,7,7,7,7]"
#define LIST_64                                                                                    \
    "[7,7,7,7,7,7,7,7,7,7,7,7,7,7,7,7,7,7,7,7,7,7,7,7,7,7,7,7,7,7,7,7,"                            \
    "7,7,7,7,7,7,7,7,7,7,7,7,7,7,7,7,7,7,7,7,7,7,7,7,7,7,7,7,7,7,7,7]"
#define LETTERS_32 "ahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahahah"
#define ID32       "\"0500000000000000000000000000000000000000000000000000000000000000\""

/* The packed form of a text, which the caller frees, or NULL. The text is read from a block of its
   own size, so that a sanitizer sees a step beyond. */
static char *pack(const char *text)
{
    const size_t size = strlen(text);
    char *exact = malloc(size + (size == 0));
    char *out = NULL;
    char *copy = NULL;
    size_t out_size = 0;

    assert_non_null(exact);
    for (size_t i = 0; i < size; i++)
        exact[i] = text[i];
    assert_int_equal(json_pack(exact, size, &out, &out_size, NULL), NOMOS_OK);
    if (out)
        copy = strndup(out, out_size);
    free(out);
    free(exact);
    return copy;
}

static void assert_packs(const char *text, const char *expected)
{
    char *packed = pack(text);

    assert_non_null(packed);
    assert_string_equal(packed, expected);
    free(packed);
}

static void assert_stays(const char *text)
{
    char *packed = pack(text);

    assert_null(packed);
    free(packed);
}

static void list_of_bytes_becomes_a_token(void **state)
{
    (void)state;
    assert_packs("{\"a\":[0]}", "{\"a\":\"" MARK "aa\"}");
    assert_packs("{\"a\":[1,255,16],\"b\":true}", "{\"a\":\"" MARK "abppba\",\"b\":true}");
    assert_packs(
        "{\"a\":{\"b\":[99],\"c\":[5]}} ", "{\"a\":{\"b\":\"" MARK "gd\",\"c\":\"" MARK "af\"}} ");
}

static void token_unpacks_to_every_byte(void **state)
{
    char list[2048] = "{\"a\":[0";
    uint8_t bytes[256];
    char *packed;

    (void)state;
    for (unsigned i = 1; i < 256; i++) {
        const size_t length = strlen(list);

        (void)snprintf(list + length, sizeof(list) - length, ",%u", i);
    }
    memcpy(list + strlen(list), "]}", 3);
    packed = pack(list);
    assert_non_null(packed);
    const char *token = strchr(packed, MARK[0]);
    assert_non_null(token);
    assert_int_equal(json_packed_count(strcspn(token, "\"")), 256);
    json_unpack(token, bytes, 256);
    for (unsigned i = 0; i < 256; i++)
        assert_int_equal(bytes[i], i);
    free(packed);
}

static void other_lists_stay(void **state)
{
    static const char *const values[] = {"[]", "[256]", "[1000]", "[01]", "[00]", "[-1]", "[1.0]",
        "[1e1]", "[1, 2]", "[ 1]", "[1 ]", "[1,]", "[,1]", "[1,,2]", "[1,\"2\"]", "[null]", "[[1]]",
        "[{}]", " [1]", "\":[1]\"", "\"a\\\":[1]\""};

    (void)state;
    for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
        char text[64], with_list[64], expected[64];

        (void)snprintf(text, sizeof(text), "{\"a\":%s}", values[i]);
        assert_stays(text);
        /* What was begun in vain leaves no trace in the rest. */
        (void)snprintf(with_list, sizeof(with_list), "{\"a\":%s,\"b\":[1]}", values[i]);
        (void)snprintf(expected, sizeof(expected), "{\"a\":%s,\"b\":\"" MARK "ab\"}", values[i]);
        assert_packs(with_list, expected);
    }
}

static void list_that_is_no_members_value_stays(void **state)
{
    (void)state;
    assert_stays("[1]");
    assert_stays("{[1]:2}");
    assert_stays("{\"a\":1,[1]:2}");
    assert_stays("{\"a\" [1]}");
}

static void text_that_could_forge_a_token_is_not_packed(void **state)
{
    (void)state;
    assert_stays("{\"a\":[1],\"b\":\"" MARK "ab\"}");
    assert_stays("{\"a\":[1],\"b\":\"\\u007fab\"}");
    assert_stays("{\"a\":[1],\"b\":\"\\\"\"}");
}

static void text_that_does_not_end_or_balance_is_not_packed(void **state)
{
    (void)state;
    assert_stays("");
    assert_stays("{\"a\":[");
    assert_stays("{\"a\":[1");
    assert_stays("{\"a\":[1,");
    assert_stays("{\"a\":[1],\"b");
    assert_stays("{\"a\":[1],\"");
    assert_stays("{\"a\":[1],\"b\\");
    assert_stays("{\"a\":[1]}}");
    assert_stays("{\"a\":[1],\"b\n\":2}");
}

static void list_that_is_too_deep_stays(void **state)
{
    char text[JSON_PACK_DEPTH_MAX + 16] = "";

    (void)state;
    memset(text, '[', JSON_PACK_DEPTH_MAX - 1);
    memcpy(text + JSON_PACK_DEPTH_MAX - 1, "{\"a\":[1]", 9);
    assert_stays(text); /* around the list are as many as may not be */
    assert_packs(text + 1, "[[[[[[[[[[[[[[{\"a\":\"" MARK "ab\"");
}

/* The most that a text can grow. */
static void shortest_lists_fit(void **state)
{
    char text[4 * 500 + 1] = "";
    char *packed;

    (void)state;
    for (size_t i = 0; i < 4 * 500; i++)
        text[i] = ":[1]"[i % 4];
    packed = pack(text);
    assert_non_null(packed);
    assert_int_equal(strlen(packed), 6 * 500);
    free(packed);
}

/* --- documents ---------------------------------------------------------------------------- */

static char *compose(const char *input, const char *pi_a, const char *rest)
{
    char *text = NULL;

    assert_true(
        asprintf(&text,
            "{\"mantle_tx\":{\"ops\":[],\"ledger_tx\":{\"inputs\":[%s],\"outputs\":[]},"
            "\"execution_gas_price\":0,\"storage_gas_price\":0},\"ops_proofs\":[],"
            "\"ledger_tx_proof\":{\"pi_a\":%s,\"pi_b\":" LIST_64 ",\"pi_c\":" LIST_32 "}%s}",
            input, pi_a, rest) > 0);
    return text;
}

/* Asserts the status and, when it is a problem, its text. Frees the document. */
static void assert_reads(char *text, enum nomos_status expected, const char *why)
{
    struct signed_tx read = {0};
    struct nomos_error err = {""};

    assert_int_equal(json_tx_parse(text, strlen(text), &read, &err), expected);
    assert_string_equal(err.text, why);
    if (!expected)
        for (size_t i = 0; i < sizeof(read.ledger_proof.bytes); i++)
            assert_int_equal(read.ledger_proof.bytes[i], 7);
    signed_tx_done(&read);
    free(text);
}

static void packed_document_reads_as_it_came(void **state)
{
    (void)state;
    assert_reads(compose(ID32, LIST_32, ""), NOMOS_OK, "");
    assert_reads(compose(ID32, LIST_32, ",\"\\u007f\":0"), NOMOS_OK, ""); /* not packed */
}

static void forged_token_is_refused(void **state)
{
    const char *const why = "field `ledger_tx_proof.pi_a`: not an array";

    (void)state;
    assert_reads(compose(ID32, "\"" MARK LETTERS_32 "\"", ""), NOMOS_E_DATA, why);
    assert_reads(compose(ID32, "\"\\u007f" LETTERS_32 "\"", ""), NOMOS_E_DATA, why);
    assert_reads(compose(ID32, "\"" LETTERS_32 "\"", ""), NOMOS_E_DATA, why);
}

static void problems_are_told_as_of_the_original(void **state)
{
    (void)state;
    assert_reads(compose(ID32, "[1,2]", ""), NOMOS_E_DATA,
        "field `ledger_tx_proof.pi_a`: not an array of 32 numbers");
    assert_reads(compose(ID32, LIST_32, "}"), NOMOS_E_SYNTAX,
        "not JSON: more text after the end, at byte 494");
    assert_reads(compose(ID32, LIST_32, ",[1]:2"), NOMOS_E_SYNTAX,
        "not JSON: quoted object property name expected at byte 494");
    assert_reads(strdup("{\"mantle_tx\":[1,2],\"ledger_tx_proof\":0}"), NOMOS_E_DATA,
        "field `mantle_tx`: not an object");
    assert_reads(strdup("{\"mantle_tx\":{\"ops\":[1],\"ledger_tx\":0},\"ledger_tx_proof\":0}"),
        NOMOS_E_DATA, "field `mantle_tx.ops[0]`: not an object");
}

/* Reads without packing. */
static enum nomos_status parse_plain(
    const char *text, size_t size, struct signed_tx *out, struct nomos_error *err)
{
    struct json_object *object = NULL;
    enum nomos_status status = json_parse(text, size, &object, err);

    if (!status)
        status = json_tx_from_object(object, "", out, err);
    (void)json_object_put(object);
    return status;
}

static void damaged_documents_read_as_without_packing(void **state)
{
    static const char pieces[] = "[]{}:,\"\\0123456789e.-' u" MARK;
    char *text = compose(ID32, LIST_32, ",\"extra\":{\"a\":[1,20,255],\"b\":[[4]],\"c\":\"d\"}");
    const size_t size = strlen(text);
    uint64_t seed = 0x9ac;

    (void)state;
    for (size_t round = 0; round < 20000; round++) {
        struct signed_tx plain = {0}, packed = {0};
        struct nomos_error plain_err = {""}, packed_err = {""};
        char *damaged = strdup(text);

        assert_non_null(damaged);
        for (uint64_t i = 0; i <= round % 3; i++)
            damaged[next_number(&seed) % size] = pieces[next_number(&seed) % (sizeof(pieces) - 1)];
        assert_int_equal(json_tx_parse(damaged, size, &packed, &packed_err),
            parse_plain(damaged, size, &plain, &plain_err));
        assert_string_equal(packed_err.text, plain_err.text);
        assert_memory_equal(&packed.ledger_proof, &plain.ledger_proof, sizeof(plain.ledger_proof));
        assert_int_equal(packed.tx.input_count, plain.tx.input_count);
        signed_tx_done(&plain);
        signed_tx_done(&packed);
        free(damaged);
    }
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(list_of_bytes_becomes_a_token),
        cmocka_unit_test(token_unpacks_to_every_byte),
        cmocka_unit_test(other_lists_stay),
        cmocka_unit_test(list_that_is_no_members_value_stays),
        cmocka_unit_test(text_that_could_forge_a_token_is_not_packed),
        cmocka_unit_test(text_that_does_not_end_or_balance_is_not_packed),
        cmocka_unit_test(list_that_is_too_deep_stays),
        cmocka_unit_test(shortest_lists_fit),
        cmocka_unit_test(packed_document_reads_as_it_came),
        cmocka_unit_test(forged_token_is_refused),
        cmocka_unit_test(problems_are_told_as_of_the_original),
        cmocka_unit_test(damaged_documents_read_as_without_packing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Reading JSON: what is accepted, what is refused, and accessors that never crash. */
#include "framework/base/mem.h"
#include "framework/host/json.h"
#include "host_fixture.h"

static assay_status parse(const char *text, assay_json **out, struct error *err)
{
    return json_parse((assay_bytes){text, strlen(text)}, out, err);
}

static const assay_value *member(const assay_json *document, const char *name)
{
    return json_table.member(json_table.root(document), name);
}

static void values_are_read_by_type(void **state)
{
    assay_json *document = NULL;
    int64_t integer = 0;
    uint64_t natural = 0;
    double real = 0;
    uint32_t boolean = 7;

    (void)state;
    assert_int_equal(parse("{\"i\":-5,\"n\":18446744073709551615,\"r\":2.5,\"b\":true,"
                           "\"t\":\"h\\u00e9\",\"a\":[1,null],\"z\":null,\"o\":{}}",
                         &document, NULL),
        ASSAY_OK);
    assert_int_equal(json_table.integer(member(document, "i"), &integer), ASSAY_OK);
    assert_int_equal(integer, -5);
    assert_int_equal(json_table.natural(member(document, "n"), &natural), ASSAY_OK);
    assert_true(natural == UINT64_MAX);
    assert_int_equal(json_table.real(member(document, "r"), &real), ASSAY_OK);
    assert_true(real == 2.5);
    assert_int_equal(json_table.real(member(document, "i"), &real), ASSAY_OK);
    assert_true(real == -5);
    assert_int_equal(json_table.boolean(member(document, "b"), &boolean), ASSAY_OK);
    assert_int_equal(boolean, 1);
    assert_string_equal(json_table.text(member(document, "t")), "h\xc3\xa9");
    assert_int_equal(json_table.count(member(document, "a")), 2);
    assert_int_equal(json_table.count(json_table.root(document)), 8);
    assert_int_equal(json_table.count(member(document, "i")), 0);
    assert_int_equal(json_table.type(member(document, "i")), ASSAY_JSON_NUMBER);
    assert_int_equal(json_table.type(member(document, "r")), ASSAY_JSON_NUMBER);
    assert_int_equal(json_table.type(member(document, "b")), ASSAY_JSON_BOOL);
    assert_int_equal(json_table.type(member(document, "t")), ASSAY_JSON_TEXT);
    assert_int_equal(json_table.type(member(document, "a")), ASSAY_JSON_ARRAY);
    assert_int_equal(json_table.type(member(document, "o")), ASSAY_JSON_OBJECT);
    json_table.release(document);
}

static void null_is_there_and_nothing_is_not(void **state)
{
    assay_json *document = NULL;

    (void)state;
    assert_int_equal(parse("{\"z\":null,\"a\":[null]}", &document, NULL), ASSAY_OK);
    assert_non_null(member(document, "z"));
    assert_int_equal(json_table.type(member(document, "z")), ASSAY_JSON_NULL);
    assert_non_null(json_table.element(member(document, "a"), 0));
    assert_null(json_table.element(member(document, "a"), 1));
    assert_null(member(document, "nothing"));
    json_table.release(document);
    assert_int_equal(parse("null", &document, NULL), ASSAY_OK);
    assert_int_equal(json_table.type(json_table.root(document)), ASSAY_JSON_NULL);
    json_table.release(document);
    json_table.release(NULL);
}

static void look_ups_chain_through_what_is_not_there(void **state)
{
    const assay_value *nowhere =
        json_table.element(json_table.member(json_table.member(NULL, "a"), "b"), 3);
    int64_t integer = 1;
    uint64_t natural = 1;
    double real = 1;
    uint32_t boolean = 1;

    (void)state;
    assert_null(json_table.root(NULL));
    assert_null(nowhere);
    assert_int_equal(json_table.type(nowhere), ASSAY_JSON_NULL);
    assert_int_equal(json_table.count(nowhere), 0);
    assert_null(json_table.text(nowhere));
    assert_int_equal(json_table.integer(nowhere, &integer), ASSAY_E_NOTFOUND);
    assert_int_equal(json_table.natural(nowhere, &natural), ASSAY_E_NOTFOUND);
    assert_int_equal(json_table.real(nowhere, &real), ASSAY_E_NOTFOUND);
    assert_int_equal(json_table.boolean(nowhere, &boolean), ASSAY_E_NOTFOUND);
    assert_int_equal(integer, 1);
}

static void a_value_of_another_type_is_refused(void **state)
{
    assay_json *document = NULL;
    int64_t integer = 1;
    uint64_t natural = 1;
    double real = 1;
    uint32_t boolean = 1;

    (void)state;
    assert_int_equal(parse("{\"t\":\"5\",\"z\":null,\"i\":-1,\"r\":1.0,\"n\":9223372036854775808,"
                           "\"huge\":1e999,\"nul\":\"a\\u0000b\"}",
                         &document, NULL),
        ASSAY_OK);
    assert_int_equal(json_table.integer(member(document, "t"), &integer), ASSAY_E_INVALID);
    assert_int_equal(json_table.integer(member(document, "z"), &integer), ASSAY_E_INVALID);
    assert_int_equal(json_table.integer(member(document, "r"), &integer), ASSAY_E_INVALID);
    assert_int_equal(json_table.integer(member(document, "n"), &integer), ASSAY_E_INVALID);
    assert_int_equal(json_table.natural(member(document, "i"), &natural), ASSAY_E_INVALID);
    assert_int_equal(json_table.natural(member(document, "n"), &natural), ASSAY_OK);
    assert_int_equal(json_table.real(member(document, "t"), &real), ASSAY_E_INVALID);
    assert_int_equal(json_table.real(member(document, "huge"), &real), ASSAY_E_INVALID);
    assert_int_equal(json_table.boolean(member(document, "i"), &boolean), ASSAY_E_INVALID);
    assert_null(json_table.text(member(document, "i")));
    assert_null(json_table.text(member(document, "nul")));
    assert_null(json_table.member(member(document, "t"), "x"));
    assert_null(json_table.element(member(document, "t"), 0));
    assert_null(json_table.member(json_table.root(document), NULL));
    json_table.release(document);
}

static void what_is_no_json_is_refused_with_its_place(void **state)
{
    static const char *const texts[] = {"", " ", "{", "[1,]", "{\"a\":1,}", "{a:1}", "'x'", "nul",
        "[1 2]", "1 2", "{} {}", "NaN", "[NaN]", "-Infinity", "[1,Infinity]", "/* no */ 1", "tru",
        "\"open", "01", "99999999999999999999999", "-99999999999999999999999",
        "-9223372036854775809", "[18446744073709551616]", "{\"a\":1}x", "+1", ".5", "\x01"};

    (void)state;
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        assay_json *document = NULL;
        struct error err = {0};

        if (parse(texts[i], &document, &err) != ASSAY_E_INVALID)
            fail_msg("accepted: %s", texts[i]);
        assert_non_null(strstr(err.text, "not JSON"));
    }
}

/* Readers differ in which of the two they take, so nobody can say what was said. */
static void two_members_of_one_name_are_refused(void **state)
{
    static const char *const doubled[] = {"{\"height\":5,\"height\":50}",
        "[1,{\"a\":{\"b\":1,\"b\":1}}]", "{\"a\":null,\"a\":null}", "{\"a\":1,\"\\u0061\":2}",
        "{\"a\":1,\"a\\u0000b\":2}"};
    static const char *const single[] = {
        "{\"a\":{\"a\":1},\"b\":[{\"a\":1},{\"a\":1}]}", "{\"x:y\":\":\\\":\"}", "{}", "[]"};
    assay_json *document = NULL;
    struct error err = {0};

    (void)state;
    for (size_t i = 0; i < sizeof(doubled) / sizeof(doubled[0]); i++) {
        if (parse(doubled[i], &document, &err) != ASSAY_E_INVALID)
            fail_msg("accepted: %s", doubled[i]);
        assert_non_null(strstr(err.text, "two members of one name"));
    }
    for (size_t i = 0; i < sizeof(single) / sizeof(single[0]); i++) {
        if (parse(single[i], &document, &err))
            fail_msg("refused: %s: %s", single[i], err.text);
        json_table.release(document);
    }
}

static void scalars_and_strings_with_strange_words_are_json(void **state)
{
    static const char *const texts[] = {"1", "-0.5e3", "true", "\"NaN\"", "\"a\\\"NaN\"",
        "{\"Infinity\":\"I\"}", " [1] \n", "99999999999999999999999.5", "1e400",
        "-9223372036854775808", "[18446744073709551615]", "\"99999999999999999999999\"", "\"\\\\\"",
        "0"};

    (void)state;
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        assay_json *document = NULL;
        struct error err = {0};

        if (parse(texts[i], &document, &err))
            fail_msg("refused: %s: %s", texts[i], err.text);
        json_table.release(document);
    }
}

static void bytes_that_are_no_text_are_refused(void **state)
{
    assay_json *document = NULL;
    struct error err = {0};

    (void)state;
    assert_int_equal(json_parse((assay_bytes){"\"\xff\"", 3}, &document, &err), ASSAY_E_INVALID);
    assert_non_null(strstr(err.text, "UTF-8 at byte 1"));
    assert_int_equal(json_parse((assay_bytes){"1\0", 2}, &document, &err), ASSAY_E_INVALID);
    assert_int_equal(json_parse((assay_bytes){"x", (size_t)JSON_BYTES_MAX + 1}, &document, &err),
        ASSAY_E_LAGGED);
}

static void depth_has_a_limit(void **state)
{
    char text[300] = "";
    assay_json *document = NULL;

    (void)state;
    memset(text, '[', JSON_DEPTH_MAX + 1);
    memset(text + JSON_DEPTH_MAX + 1, ']', JSON_DEPTH_MAX + 1);
    assert_int_equal(parse(text, &document, NULL), ASSAY_E_INVALID);
    memset(text, 0, sizeof(text));
    memset(text, '[', JSON_DEPTH_MAX);
    memset(text + JSON_DEPTH_MAX, ']', JSON_DEPTH_MAX);
    assert_int_equal(parse(text, &document, NULL), ASSAY_OK);
    json_table.release(document);
}

static void the_service_records_why(void **state)
{
    struct fixture *fixture = fixture_new(1);
    const assay_host *table =
        host_instance_table(fixture_instance(fixture, "workload.a", ASSAY_WORKLOAD));
    const assay_json_table *json = table->service(table, ASSAY_JSON);
    assay_json *document = NULL;

    (void)state;
    assert_int_equal(json->parse(table, (assay_bytes){"{", 1}, &document), ASSAY_E_INVALID);
    assert_null(document);
    assert_int_equal(json->parse(table, (assay_bytes){"{}", 2}, &document), ASSAY_OK);
    json->release(document);
    mem_fail_at(1, MEM_FAIL_ONCE);
    assert_int_equal(json->parse(table, (assay_bytes){"{}", 2}, &document), ASSAY_E_NOMEM);
    mem_fail_at(0, MEM_FAIL_ONCE);
    fixture_free(fixture);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_are_read_by_type),
        cmocka_unit_test(null_is_there_and_nothing_is_not),
        cmocka_unit_test(look_ups_chain_through_what_is_not_there),
        cmocka_unit_test(a_value_of_another_type_is_refused),
        cmocka_unit_test(what_is_no_json_is_refused_with_its_place),
        cmocka_unit_test(two_members_of_one_name_are_refused),
        cmocka_unit_test(scalars_and_strings_with_strange_words_are_json),
        cmocka_unit_test(bytes_that_are_no_text_are_refused),
        cmocka_unit_test(depth_has_a_limit),
        cmocka_unit_test(the_service_records_why),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

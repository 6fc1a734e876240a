/* One set of calls, two forms: what YAML and JSON come out as. */
#include "test_nomos_support.h"

#include "nomos/document.h"

static void assert_written(struct text *out, const char *expected)
{
    assert_true(text_ok(out));
    assert_string_equal(out->bytes, expected);
    text_done(out);
}

static void write_values(struct document *doc)
{
    static const uint8_t bytes[] = {0x01, 0xAB};

    document_text(doc, "text", "a b");
    document_print(doc, "printed", "%s:%d", "host", 80);
    document_hex(doc, "bytes", bytes, sizeof(bytes));
    document_u64(doc, "largest", UINT64_MAX);
    document_bool(doc, "yes", true);
    document_null(doc, "nothing");
    document_unit(doc, "unit", "Stdout");
    document_variant_text(doc, "key", "Zk", "00ff");
    document_written(doc, "raw", "[1,2]", 5);
}

static void plain_values_have_the_form_of_each_format(void **state)
{
    struct text yaml = {0}, json = {0};
    struct document doc = document_begin(DOCUMENT_YAML, &yaml);

    (void)state;
    write_values(&doc);
    document_end(&doc);
    doc = document_begin(DOCUMENT_JSON, &json);
    write_values(&doc);
    document_end(&doc);

    assert_written(&yaml,
        "text: \"a b\"\nprinted: \"host:80\"\nbytes: \"01ab\"\nlargest: 18446744073709551615\n"
        "yes: true\nnothing: null\nunit: Stdout\nkey: !Zk \"00ff\"\nraw: [1,2]\n");
    assert_written(&json,
        "{\"text\":\"a b\",\"printed\":\"host:80\",\"bytes\":\"01ab\","
        "\"largest\":18446744073709551615,\"yes\":true,\"nothing\":null,\"unit\":\"Stdout\","
        "\"key\":{\"Zk\":\"00ff\"},\"raw\":[1,2]}\n");
}

static void write_levels(struct document *doc)
{
    document_map(doc, "outer");
    document_list(doc, "list");
    document_u64(doc, NULL, 1);
    document_text(doc, NULL, "two");
    document_close(doc);
    document_list(doc, "none");
    document_close(doc);
    document_map(doc, "empty");
    document_close(doc);
    document_variant(doc, "variant", "File");
    document_text(doc, "prefix", "x");
    document_close(doc);
    document_close(doc);
    document_bool(doc, "after", false);
}

static void levels_nest_and_may_be_empty(void **state)
{
    struct text yaml = {0}, json = {0};
    struct document doc = document_begin(DOCUMENT_YAML, &yaml);

    (void)state;
    write_levels(&doc);
    document_end(&doc);
    doc = document_begin(DOCUMENT_JSON, &json);
    write_levels(&doc);
    document_end(&doc);

    assert_written(&yaml,
        "outer:\n  list:\n    - 1\n    - \"two\"\n  none: []\n  empty: {}\n  variant: !File\n"
        "    prefix: \"x\"\nafter: false\n");
    assert_written(&json,
        "{\"outer\":{\"list\":[1,\"two\"],\"none\":[],\"empty\":{},"
        "\"variant\":{\"File\":{\"prefix\":\"x\"}}},\"after\":false}\n");
}

static void keys_that_could_be_misread_are_quoted(void **state)
{
    struct text yaml = {0};
    struct document doc = document_begin(DOCUMENT_YAML, &yaml);

    (void)state;
    document_u64(&doc, "a_1", 1);
    document_u64(&doc, "12", 2); /* the number that it is */
    document_u64(&doc, "12e4", 3);
    document_u64(&doc, "1234567890", 4);
    document_u64(&doc, "a: b", 5);
    document_u64(&doc, "nomos::da", 6);
    document_end(&doc);

    assert_written(
        &yaml, "a_1: 1\n12: 2\n\"12e4\": 3\n\"1234567890\": 4\n\"a: b\": 5\n\"nomos::da\": 6\n");
}

static void text_is_escaped(void **state)
{
    struct text yaml = {0};
    struct document doc = document_begin(DOCUMENT_YAML, &yaml);

    (void)state;
    document_text(&doc, "path", "C:\\\"x\"\n\x7f\t\xc3\xa9");
    document_text(&doc, "empty", "");
    document_end(&doc);

    assert_written(&yaml, "path: \"C:\\\\\\\"x\\\"\\u000a\\u007f\\u0009\xc3\xa9\"\nempty: \"\"\n");
}

static void real_numbers_are_the_shortest_that_read_back(void **state)
{
    struct text yaml = {0};
    struct document doc = document_begin(DOCUMENT_YAML, &yaml);

    (void)state;
    document_real(&doc, "a", 0.9);
    document_real(&doc, "b", 1.0);
    document_real(&doc, "c", 1.03);
    document_real(&doc, "d", 1.0 / 3.0);
    document_real(&doc, "e", 1e300);
    document_end(&doc);

    assert_written(&yaml, "a: 0.9\nb: 1.0\nc: 1.03\nd: 0.3333333333333333\ne: 1e+300\n");
}

static void durations_have_both_forms_of_the_node(void **state)
{
    struct text yaml = {0};
    struct document doc = document_begin(DOCUMENT_YAML, &yaml);

    (void)state;
    document_span(&doc, "plain", UINT64_C(2500000001));
    document_bounded_span(&doc, "bounded", UINT64_C(2500000001));
    document_bounded_span(&doc, "zero", 0);
    document_end(&doc);

    assert_written(&yaml,
        "plain:\n  secs: 2\n  nanos: 500000001\nbounded: \"2.500000001\"\n"
        "zero: \"0.000000000\"\n");
}

static void what_is_printed_too_long_fails_the_text(void **state)
{
    struct text yaml = {0};
    struct document doc = document_begin(DOCUMENT_YAML, &yaml);

    (void)state;
    document_print(&doc, "a", "%0600d", 1);

    assert_false(text_ok(&yaml));
    text_done(&yaml);
}

static void a_text_at_its_limit_stays_failed(void **state)
{
    struct text json = {.max = 16};
    struct document doc = document_begin(DOCUMENT_JSON, &json);

    (void)state;
    write_values(&doc);
    document_end(&doc);

    assert_false(text_ok(&json));
    text_done(&json);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(plain_values_have_the_form_of_each_format),
        cmocka_unit_test(levels_nest_and_may_be_empty),
        cmocka_unit_test(keys_that_could_be_misread_are_quoted),
        cmocka_unit_test(text_is_escaped),
        cmocka_unit_test(real_numbers_are_the_shortest_that_read_back),
        cmocka_unit_test(durations_have_both_forms_of_the_node),
        cmocka_unit_test(what_is_printed_too_long_fails_the_text),
        cmocka_unit_test(a_text_at_its_limit_stays_failed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

#include "framework/base/json_out.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <json-c/json.h>

#include "framework/base/number.h"

enum {
    TEXT_MAX = 4096
};

static void writes_nested_values_compactly(void **state)
{
    (void)state;
    struct str text;
    struct json_out json;

    str_init(&text, TEXT_MAX);
    json_out_init(&json, &text, JSON_COMPACT);
    json_out_begin(&json, NULL, '{');
    json_out_text(&json, "name", "a");
    json_out_begin(&json, "list", '[');
    json_out_uint(&json, NULL, UINT64_MAX);
    json_out_int(&json, NULL, INT64_MIN);
    json_out_bool(&json, NULL, true);
    json_out_text(&json, NULL, NULL);
    json_out_end(&json, ']');
    json_out_begin(&json, "empty", '{');
    json_out_end(&json, '}');
    json_out_seconds(&json, "s", -1500000000);
    json_out_end(&json, '}');

    assert_string_equal(str_text(&text),
        "{\"name\":\"a\",\"list\":[18446744073709551615,-9223372036854775808,true,null],"
        "\"empty\":{},\"s\":-1.500000000}");
    str_done(&text);
}

static void pretty_form_reads_back(void **state)
{
    (void)state;
    struct str text;
    struct json_out json;
    struct json_object *back;

    str_init(&text, TEXT_MAX);
    json_out_init(&json, &text, JSON_PRETTY);
    json_out_begin(&json, NULL, '{');
    json_out_real(&json, "third", 1.0 / 3.0);
    json_out_real(&json, "nan", NAN);
    json_out_begin(&json, "a", '[');
    json_out_end(&json, ']');
    json_out_end(&json, '}');

    back = json_tokener_parse(str_text(&text));
    assert_non_null(back);
    assert_true(json_object_get_double(json_object_object_get(back, "third")) == 1.0 / 3.0);
    assert_null(json_object_object_get(back, "nan"));
    json_object_put(back);
    str_done(&text);
}

static void hostile_text_stays_readable(void **state)
{
    (void)state;
    static const char hostile[] = "a\"b\\c\n\t\x01\x7f</script>\xff\xc3(\xed\xa0\x80z";
    struct str text;
    struct json_out json;
    struct json_object *back;
    struct json_object_iterator member;
    const char *key;

    str_init(&text, TEXT_MAX);
    json_out_init(&json, &text, JSON_COMPACT);
    json_out_begin(&json, NULL, '{');
    json_out_text(&json, hostile, hostile);
    json_out_end(&json, '}');

    back = json_tokener_parse(str_text(&text));
    assert_non_null(back);
    member = json_object_iter_begin(back);
    key = json_object_iter_peek_name(&member);
    assert_string_equal(key, json_object_get_string(json_object_iter_peek_value(&member)));
    assert_memory_equal(key, "a\"b\\c\n\t\x01\x7f</script>\xef\xbf\xbd\xef\xbf\xbd(", 25);
    assert_true(key[strlen(key) - 1] == 'z');
    json_object_put(back);
    str_done(&text);
}

static void overflow_sticks_in_the_string(void **state)
{
    (void)state;
    struct str text;
    struct json_out json;

    str_init(&text, 8);
    json_out_init(&json, &text, JSON_COMPACT);
    json_out_begin(&json, NULL, '{');
    json_out_text(&json, "a long key", "and a value");
    json_out_end(&json, '}');

    assert_int_equal(text.status, ASSAY_E_INVALID);
    str_done(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(writes_nested_values_compactly),
        cmocka_unit_test(pretty_form_reads_back),
        cmocka_unit_test(hostile_text_stays_readable),
        cmocka_unit_test(overflow_sticks_in_the_string),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "framework/base/mem.h"
#include "framework/base/str.h"

static void appends_join(void **state)
{
    auto_str struct str str = STR_INIT(100);

    (void)state;
    assert_string_equal(str_text(&str), "");
    assert_int_equal(str_append(&str, "a"), ASSAY_OK);
    assert_int_equal(str_append_char(&str, 'b'), ASSAY_OK);
    assert_int_equal(str_append_n(&str, "cde", 2), ASSAY_OK);
    assert_int_equal(str_appendf(&str, "%d%s", 12, "!"), ASSAY_OK);

    assert_string_equal(str_text(&str), "abcd12!");
    assert_int_equal(str.len, 7);
}

static void the_maximum_can_be_reached_but_not_passed(void **state)
{
    (void)state;
    for (size_t max = 0; max < 300; max++) {
        auto_str struct str str = STR_INIT(max);

        for (size_t i = 0; i < max; i++)
            assert_int_equal(str_append_char(&str, 'x'), ASSAY_OK);
        assert_int_equal(str_append_char(&str, 'x'), ASSAY_E_INVALID);
        assert_int_equal(str.len, max);
        assert_int_equal(strlen(str_text(&str)), max);
    }
}

static void a_formatted_text_beyond_the_maximum_adds_nothing(void **state)
{
    auto_str struct str str = STR_INIT(5);

    (void)state;
    (void)str_append(&str, "ab");
    assert_int_equal(str_appendf(&str, "%s", "cdef"), ASSAY_E_INVALID);
    assert_string_equal(str_text(&str), "ab");
}

static void failure_sticks(void **state)
{
    auto_str struct str str = STR_INIT(3);

    (void)state;
    (void)str_append(&str, "abcd");
    assert_int_equal(str_append(&str, "x"), ASSAY_E_INVALID);
    assert_int_equal(str_appendf(&str, "x"), ASSAY_E_INVALID);
    assert_null(str_take(&str));
}

static void clearing_forgets_a_failure(void **state)
{
    auto_str struct str str = STR_INIT(3);

    (void)state;
    (void)str_append(&str, "ab");
    (void)str_append(&str, "abcd");
    str_clear(&str);
    assert_int_equal(str_append(&str, "xyz"), ASSAY_OK);
    assert_string_equal(str_text(&str), "xyz");
}

static void without_memory_an_append_fails(void **state)
{
    auto_str struct str str = STR_INIT(100);

    (void)state;
    mem_fail_at(1, MEM_FAIL_ONCE);
    assert_int_equal(str_append(&str, "x"), ASSAY_E_NOMEM);
    assert_int_equal(str_append(&str, "x"), ASSAY_E_NOMEM);
    mem_fail_at(1, MEM_FAIL_ONCE);
    assert_null(str_format("%d", 5));
    mem_fail_at(0, MEM_FAIL_ONCE);
}

static void truncating_beyond_the_end_changes_nothing(void **state)
{
    auto_str struct str str = STR_INIT(100);

    (void)state;
    str_truncate(&str, 5);
    (void)str_append(&str, "abcdef");
    str_truncate(&str, 6);
    str_truncate(&str, 3);
    assert_string_equal(str_text(&str), "abc");
}

static void taking_empties_it_for_use_again(void **state)
{
    auto_str struct str str = STR_INIT(100);

    (void)state;
    (void)str_append(&str, "first");
    auto_free char *first = str_take(&str);
    (void)str_append(&str, "second");

    assert_string_equal(first, "first");
    assert_string_equal(str_text(&str), "second");
}

static void taking_nothing_gives_an_empty_string(void **state)
{
    auto_str struct str str = STR_INIT(0);
    auto_free char *text = str_take(&str);

    (void)state;
    assert_string_equal(text, "");
}

static void formatting_makes_a_string(void **state)
{
    auto_free char *text = str_format("%s-%d", "node", 3);

    (void)state;
    assert_string_equal(text, "node-3");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(appends_join),
        cmocka_unit_test(the_maximum_can_be_reached_but_not_passed),
        cmocka_unit_test(a_formatted_text_beyond_the_maximum_adds_nothing),
        cmocka_unit_test(failure_sticks),
        cmocka_unit_test(clearing_forgets_a_failure),
        cmocka_unit_test(without_memory_an_append_fails),
        cmocka_unit_test(truncating_beyond_the_end_changes_nothing),
        cmocka_unit_test(taking_empties_it_for_use_again),
        cmocka_unit_test(taking_nothing_gives_an_empty_string),
        cmocka_unit_test(formatting_makes_a_string),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

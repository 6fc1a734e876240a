#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "framework/base/error.h"
#include "framework/base/utf8.h"

static void setting_records_code_and_text(void **state)
{
    struct error err = {.code = ASSAY_OK};

    (void)state;
    assert_int_equal(error_set(&err, ASSAY_E_TIMEOUT, "%s: %d", "node", 7), ASSAY_E_TIMEOUT);

    assert_int_equal(err.code, ASSAY_E_TIMEOUT);
    assert_string_equal(err.text, "node: 7");
}

static void nobody_need_listen(void **state)
{
    (void)state;
    assert_int_equal(error_set(NULL, ASSAY_E_IO, "x"), ASSAY_E_IO);
    assert_int_equal(error_wrap(NULL, ASSAY_E_IO, "x"), ASSAY_E_IO);
    assert_int_equal(error_errno(NULL, ENOENT, "x"), ASSAY_E_NOTFOUND);
    assert_int_equal(error_nomem(NULL), ASSAY_E_NOMEM);
    error_clear(NULL);
}

static void wrapping_puts_the_context_in_front(void **state)
{
    struct error err;

    (void)state;
    (void)error_set(&err, ASSAY_E_IO, "disk full");
    (void)error_wrap(&err, ASSAY_E_DENIED, "while writing %s", "a.txt");

    assert_int_equal(err.code, ASSAY_E_DENIED);
    assert_string_equal(err.text, "while writing a.txt: disk full");
}

static void wrapping_nothing_says_what_the_status_says(void **state)
{
    struct error err;

    (void)state;
    error_clear(&err);
    (void)error_wrap(&err, ASSAY_E_TIMEOUT, "validator-0");

    assert_string_equal(err.text, "validator-0: timed out");
}

static void the_text_may_be_an_argument_to_itself(void **state)
{
    struct error err;

    (void)state;
    (void)error_set(&err, ASSAY_E_IO, "inner");
    (void)error_set(&err, ASSAY_E_IO, "outer: %s", err.text);

    assert_string_equal(err.text, "outer: inner");
}

static void a_failed_call_is_explained_by_the_system(void **state)
{
    struct error err;

    (void)state;
    assert_int_equal(error_errno(&err, EACCES, "%s", "/secret"), ASSAY_E_DENIED);
    assert_string_equal(err.text, "/secret: Permission denied");
}

static void a_long_text_is_cut_and_says_so(void **state)
{
    struct error err;
    char text[3 * ERROR_TEXT_SIZE];

    (void)state;
    memset(text, 'x', sizeof text);
    text[sizeof text - 1] = '\0';
    (void)error_set(&err, ASSAY_E_IO, "%s", text);
    assert_int_equal(strlen(err.text), ERROR_TEXT_SIZE - 1);
    assert_string_equal(err.text + ERROR_TEXT_SIZE - 4, "...");

    (void)error_wrap(&err, ASSAY_E_IO, "context");
    assert_memory_equal(err.text, "context: xxx", 12);
    assert_string_equal(err.text + ERROR_TEXT_SIZE - 4, "...");
}

static void cutting_leaves_no_half_character(void **state)
{
    struct error err;
    char text[2 * ERROR_TEXT_SIZE];

    (void)state;
    for (size_t lead = 0; lead < 4; lead++) { /* every alignment of a character of four bytes */
        size_t len = lead;

        memset(text, 'x', sizeof text);
        for (; len + 4 < sizeof text; len += 4)
            memcpy(text + len, "\xF0\x9F\x98\x80", 4);
        text[len] = '\0';
        (void)error_set(&err, ASSAY_E_IO, "%s", text);
        assert_int_equal(utf8_valid_prefix(err.text, strlen(err.text)), strlen(err.text));
    }
}

static void every_status_has_a_name_and_a_text(void **state)
{
    (void)state;
    assert_string_equal(status_name(ASSAY_OK), "OK");
    assert_string_equal(status_name(ASSAY_E_LAGGED), "E_LAGGED");
    for (assay_status status = ASSAY_E_INTERNAL; status <= ASSAY_OK; status++)
        assert_true(strlen(status_text(status)) > 1);
}

static void an_unknown_status_is_an_internal_error(void **state)
{
    (void)state;
    assert_string_equal(status_name(-4711), "E_INTERNAL");
    assert_string_equal(status_text(12), status_text(ASSAY_E_INTERNAL));
}

static void no_errno_value_is_success(void **state)
{
    (void)state;
    for (int i = 0; i < 200; i++)
        assert_true(status_of_errno(i) < 0);
    assert_int_equal(status_of_errno(ENOMEM), ASSAY_E_NOMEM);
    assert_int_equal(status_of_errno(ESRCH), ASSAY_E_NOTFOUND);
    assert_int_equal(status_of_errno(ETIMEDOUT), ASSAY_E_TIMEOUT);
    assert_int_equal(status_of_errno(ENAMETOOLONG), ASSAY_E_INVALID);
    assert_int_equal(status_of_errno(ENOSYS), ASSAY_E_UNSUPPORTED);
    assert_int_equal(status_of_errno(EPIPE), ASSAY_E_IO);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(setting_records_code_and_text),
        cmocka_unit_test(nobody_need_listen),
        cmocka_unit_test(wrapping_puts_the_context_in_front),
        cmocka_unit_test(wrapping_nothing_says_what_the_status_says),
        cmocka_unit_test(the_text_may_be_an_argument_to_itself),
        cmocka_unit_test(a_failed_call_is_explained_by_the_system),
        cmocka_unit_test(a_long_text_is_cut_and_says_so),
        cmocka_unit_test(cutting_leaves_no_half_character),
        cmocka_unit_test(every_status_has_a_name_and_a_text),
        cmocka_unit_test(an_unknown_status_is_an_internal_error),
        cmocka_unit_test(no_errno_value_is_success),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

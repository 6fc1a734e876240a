#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "framework/base/mem.h"
#include "framework/config/problems.h"

static const struct origin line_3 = {.kind = ORIGIN_FILE, .name = "m.ini", .line = 3};
static const struct origin line_7 = {.kind = ORIGIN_FILE, .name = "m.ini", .line = 7};
static const struct origin other_5 = {.kind = ORIGIN_FILE, .name = "n.ini", .line = 5};
static const struct origin set = {.kind = ORIGIN_SET};

static void a_warning_is_no_error(void **state)
{
    auto_problems struct problems problems;

    (void)state;
    problems_init(&problems);
    assert_int_equal(problems_status(&problems), ASSAY_OK);
    problems_warn(&problems, NULL, "careful");
    assert_int_equal(problems_status(&problems), ASSAY_OK);
    problems_add(&problems, NULL, "wrong");
    assert_int_equal(problems_status(&problems), ASSAY_E_INVALID);
    assert_int_equal(problems.warning_count, 1);
    assert_int_equal(problems.error_count, 1);
}

static void problems_are_shown_by_place(void **state)
{
    auto_problems struct problems problems;
    auto_str struct str text = STR_INIT(1000);

    (void)state;
    problems_init(&problems);
    problems_add(&problems, &line_7, "seven");
    problems_add(&problems, &set, "given");
    problems_add(&problems, &other_5, "five");
    problems_add(&problems, &line_7, "seven %s", "again");
    problems_warn(&problems, &line_3, "three");
    problems_add(&problems, NULL, "nowhere");
    assert_int_equal(problems_write(&problems, &text), ASSAY_OK);
    assert_string_equal(str_text(&text),
        "m.ini:7: seven\n--set: given\nn.ini:5: five\nm.ini:3: warning: three\n"
        "m.ini:7: seven again\nnowhere\n");
}

static void beyond_the_maximum_they_are_counted(void **state)
{
    auto_problems struct problems problems;
    auto_str struct str text = STR_INIT(100000);

    (void)state;
    problems_init(&problems);
    for (int i = 0; i < PROBLEMS_MAX + 3; i++)
        problems_add(&problems, NULL, "x");
    assert_int_equal(problems.list.count, PROBLEMS_MAX);
    assert_int_equal(problems_status(&problems), ASSAY_E_INVALID);
    assert_int_equal(problems_write(&problems, &text), ASSAY_OK);
    assert_non_null(strstr(str_text(&text), "x\n... and 3 more\n"));
}

static void without_memory_the_status_says_so(void **state)
{
    auto_problems struct problems problems;
    auto_str struct str text = STR_INIT(1000);

    (void)state;
    problems_init(&problems);
    for (uint64_t n = 1; n <= 3; n++) {
        mem_fail_at(n, MEM_FAIL_ONCE);
        problems_add(&problems, &line_3, "x");
        mem_fail_at(0, MEM_FAIL_ONCE);
        assert_int_equal(problems_status(&problems), ASSAY_E_NOMEM);
    }
    (void)problems_write(&problems, &text);
    assert_string_equal(str_text(&text), "out of memory\n");
}

static void a_long_problem_is_cut(void **state)
{
    auto_problems struct problems problems;
    char long_text[10000];

    (void)state;
    memset(long_text, 'x', sizeof long_text);
    long_text[sizeof long_text - 1] = '\0';
    problems_init(&problems);
    problems_add(&problems, NULL, "%s", long_text);
    assert_int_equal(strlen(((struct problem *)vec_at(&problems.list, 0))->text), 4095);
}

static void an_error_becomes_a_problem(void **state)
{
    auto_problems struct problems problems;
    struct error err;

    (void)state;
    problems_init(&problems);
    (void)error_set(&err, ASSAY_E_INVALID, "%%s is harmless");
    problems_add_error(&problems, &set, &err);
    assert_string_equal(((struct problem *)vec_at(&problems.list, 0))->text, "%s is harmless");
    assert_int_equal(problems_status(&problems), ASSAY_E_INVALID);
    (void)error_nomem(&err);
    problems_add_error(&problems, &set, &err);
    assert_int_equal(problems_status(&problems), ASSAY_E_NOMEM);
}

static void problems_are_copied_whole(void **state)
{
    auto_problems struct problems from;
    auto_problems struct problems to;
    auto_str struct str text = STR_INIT(1000);

    (void)state;
    problems_init(&from);
    problems_init(&to);
    problems_add(&to, &line_7, "seven");
    problems_warn(&from, &line_3, "three");
    problems_add(&from, &set, "given");
    problems_append(&to, &from);
    problems_done(&from);
    assert_int_equal(to.error_count, 2);
    assert_int_equal(to.warning_count, 1);
    (void)problems_write(&to, &text);
    assert_string_equal(str_text(&text), "m.ini:3: warning: three\nm.ini:7: seven\n--set: given\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_warning_is_no_error),
        cmocka_unit_test(problems_are_shown_by_place),
        cmocka_unit_test(beyond_the_maximum_they_are_counted),
        cmocka_unit_test(without_memory_the_status_says_so),
        cmocka_unit_test(a_long_problem_is_cut),
        cmocka_unit_test(an_error_becomes_a_problem),
        cmocka_unit_test(problems_are_copied_whole),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

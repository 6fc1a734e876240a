/* Outcomes: their names, their order, their exit codes. */
#include "framework/run/outcome.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <assay/plugin.h>

static const enum outcome all[] = {
    OUTCOME_PASS, OUTCOME_VACUOUS, OUTCOME_UNDECIDED, OUTCOME_FAIL, OUTCOME_ERROR};

static void each_outcome_has_its_name_and_its_exit_code(void **state)
{
    static const char *const names[] = {"pass", "vacuous", "undecided", "fail", "error"};
    static const int codes[] = {0, 4, 4, 1, 5};

    (void)state;
    for (size_t i = 0; i < 5; i++) {
        assert_string_equal(outcome_name(all[i]), names[i]);
        assert_int_equal(outcome_exit_code(all[i]), codes[i]);
    }
}

static void a_number_that_is_no_outcome_is_an_error(void **state)
{
    (void)state;
    assert_string_equal(outcome_name((enum outcome)17), "error");
    assert_int_equal(outcome_exit_code((enum outcome)17), 5);
}

static void only_a_verdict_of_pass_is_a_pass(void **state)
{
    (void)state;
    for (uint32_t verdict = 0; verdict < 1000; verdict++)
        assert_int_equal(outcome_of_verdict(verdict) == OUTCOME_PASS, verdict == ASSAY_PASS);
    assert_int_equal(outcome_of_verdict(ASSAY_FAIL), OUTCOME_FAIL);
    assert_int_equal(outcome_of_verdict(ASSAY_UNDECIDED), OUTCOME_UNDECIDED);
    assert_int_equal(outcome_of_verdict(ASSAY_VACUOUS), OUTCOME_VACUOUS);
    assert_int_equal(outcome_of_verdict(0), OUTCOME_ERROR);
    assert_int_equal(outcome_of_verdict(5), OUTCOME_ERROR);
    assert_int_equal(outcome_of_verdict(UINT32_MAX), OUTCOME_ERROR);
}

static void the_worse_of_two_wins_either_way_round(void **state)
{
    (void)state;
    for (size_t i = 0; i < 5; i++) {
        for (size_t j = 0; j < 5; j++)
            assert_int_equal(outcome_worst(all[i], all[j]), all[i > j ? i : j]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_outcome_has_its_name_and_its_exit_code),
        cmocka_unit_test(a_number_that_is_no_outcome_is_an_error),
        cmocka_unit_test(only_a_verdict_of_pass_is_a_pass),
        cmocka_unit_test(the_worse_of_two_wins_either_way_round),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* When a node was away: which actions begin and end an absence, and how much of a span it
   covers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "framework/base/mem.h"
#include "framework/host/absence.h"

static int setup(void **state)
{
    struct absences *absences = calloc(1, sizeof(*absences));

    absences_init(absences);
    *state = absences;
    return 0;
}

static int teardown(void **state)
{
    absences_done(*state);
    free(*state);
    return 0;
}

static void act(
    struct absences *absences, uint32_t kind, uint32_t proof, assay_ns from, assay_ns to)
{
    const assay_receipt receipt = {.kind = kind, .proof = proof, .asked_at = from, .done_at = to};

    absences_expect(absences, from);
    absences_note(absences, &receipt);
}

#define PROVEN   ASSAY_PROVEN
#define UNPROVEN ASSAY_UNPROVEN

static void a_restart_is_an_absence_while_it_lasts(void **state)
{
    struct absences *absences = *state;

    act(absences, ASSAY_ACT_RESTART, PROVEN, 100, 130);
    act(absences, ASSAY_ACT_REPLACE, PROVEN, 200, 250);

    assert_int_equal(absences_overlap(absences, 0, 1000), 30 + 50);
    assert_int_equal(absences_overlap(absences, 110, 210), 20 + 10);
    assert_int_equal(absences_overlap(absences, 130, 200), 0);
    assert_int_equal(absences_overlap(absences, 120, 110), 0);
}

static void who_is_taken_down_is_away_until_it_is_brought_back(void **state)
{
    static const uint32_t pairs[][2] = {{ASSAY_ACT_STOP, ASSAY_ACT_START},
        {ASSAY_ACT_KILL, ASSAY_ACT_START}, {ASSAY_ACT_PAUSE, ASSAY_ACT_RESUME},
        {ASSAY_ACT_PAUSE, ASSAY_ACT_RESTART}, {ASSAY_ACT_KILL, ASSAY_ACT_REPLACE}};
    struct absences *absences = *state;

    for (assay_ns i = 0; i < (assay_ns)(sizeof(pairs) / sizeof(pairs[0])); i++) {
        act(absences, pairs[i][0], PROVEN, 1000 * i + 100, 1000 * i + 101);
        assert_int_equal(absences_overlap(absences, 1000 * i, 1000 * i + 700), 600);
        act(absences, pairs[i][1], PROVEN, 1000 * i + 300, 1000 * i + 310);
        assert_int_equal(absences_overlap(absences, 1000 * i, 1000 * i + 700), 210);
    }
}

static void bringing_back_ends_the_absence_even_if_it_did_not_work(void **state)
{
    struct absences *absences = *state;

    act(absences, ASSAY_ACT_KILL, PROVEN, 100, 101);
    act(absences, ASSAY_ACT_START, UNPROVEN, 200, 260);

    assert_int_equal(absences_overlap(absences, 0, 1000), 160);
}

static void an_unproven_action_excuses_nothing(void **state)
{
    struct absences *absences = *state;

    act(absences, ASSAY_ACT_RESTART, UNPROVEN, 100, 130);
    act(absences, ASSAY_ACT_KILL, UNPROVEN, 200, 230);
    act(absences, ASSAY_ACT_PAUSE, UNPROVEN, 300, 330);

    assert_int_equal(absences_overlap(absences, 0, 1000), 0);
}

static void who_is_away_already_is_not_away_twice(void **state)
{
    struct absences *absences = *state;

    act(absences, ASSAY_ACT_PAUSE, PROVEN, 100, 101);
    act(absences, ASSAY_ACT_KILL, PROVEN, 150, 151);
    act(absences, ASSAY_ACT_START, PROVEN, 200, 200);
    act(absences, ASSAY_ACT_RESUME, UNPROVEN, 300, 310);

    assert_int_equal(absences_overlap(absences, 0, 1000), 100);
}

static void links_and_limits_keep_nobody_away(void **state)
{
    struct absences *absences = *state;

    act(absences, ASSAY_ACT_CUT, PROVEN, 100, 130);
    act(absences, ASSAY_ACT_PAUSE, PROVEN, 200, 201);
    act(absences, ASSAY_ACT_HEAL, PROVEN, 300, 301);

    assert_int_equal(absences_overlap(absences, 0, 400), 200);
}

static void what_is_under_way_may_become_an_absence(void **state)
{
    struct absences *absences = *state;
    const assay_receipt receipt = {
        .kind = ASSAY_ACT_RESTART, .proof = UNPROVEN, .asked_at = 100, .done_at = 130};

    assert_false(absences_may_touch(absences, 0, 1000));
    absences_expect(absences, 100);
    assert_false(absences_may_touch(absences, 0, 100));
    assert_true(absences_may_touch(absences, 0, 101));
    assert_true(absences_may_touch(absences, 500, 501));
    assert_int_equal(absences_overlap(absences, 0, 1000), 0);
    absences_note(absences, &receipt);
    assert_false(absences_may_touch(absences, 0, 1000));
    act(absences, ASSAY_ACT_RESTART, PROVEN, 200, 230);
    assert_true(absences_may_touch(absences, 229, 300));
    assert_false(absences_may_touch(absences, 230, 300));
}

static void without_memory_nobody_is_excused(void **state)
{
    struct absences *absences = *state;

    mem_fail_at(1, MEM_FAIL_ONCE);
    act(absences, ASSAY_ACT_RESTART, PROVEN, 100, 130);
    mem_fail_at(0, MEM_FAIL_ONCE);

    assert_int_equal(absences_overlap(absences, 0, 1000), 0);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_restart_is_an_absence_while_it_lasts),
        TEST(who_is_taken_down_is_away_until_it_is_brought_back),
        TEST(bringing_back_ends_the_absence_even_if_it_did_not_work),
        TEST(an_unproven_action_excuses_nothing),
        TEST(who_is_away_already_is_not_away_twice),
        TEST(links_and_limits_keep_nobody_away),
        TEST(what_is_under_way_may_become_an_absence),
        TEST(without_memory_nobody_is_excused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "framework/base/mem.h"
#include "framework/base/vec.h"

static void items_keep_their_order(void **state)
{
    auto_vec struct vec vec = VEC_INIT(int, 1000);
    int expected = 0;

    (void)state;
    for (int i = 0; i < 1000; i++)
        assert_int_equal(vec_push(&vec, &i), ASSAY_OK);

    VEC_EACH(const int, item, &vec)
        assert_int_equal(*item, expected++);
    assert_int_equal(expected, 1000);
}

static void the_maximum_can_be_reached_but_not_passed(void **state)
{
    (void)state;
    for (size_t max = 0; max < 40; max++) {
        auto_vec struct vec vec = VEC_INIT(size_t, max);

        for (size_t i = 0; i < max; i++)
            assert_int_equal(vec_push(&vec, &i), ASSAY_OK);
        assert_int_equal(vec_push(&vec, &max), ASSAY_E_INVALID);
        assert_null(vec_add(&vec));
        assert_int_equal(vec.count, max);
    }
}

static void an_added_item_is_zero(void **state)
{
    auto_vec struct vec vec = VEC_INIT(int, 2);
    const int five = 5;
    const int *item = NULL;

    (void)state;
    (void)vec_push(&vec, &five);
    vec_clear(&vec);
    item = vec_add(&vec);
    assert_non_null(item);
    assert_int_equal(*item, 0);
}

static void without_memory_nothing_is_added(void **state)
{
    auto_vec struct vec vec = VEC_INIT(int, 2);
    const int five = 5;

    (void)state;
    mem_fail_at(1, MEM_FAIL_ONCE);
    assert_int_equal(vec_push(&vec, &five), ASSAY_E_NOMEM);
    mem_fail_at(1, MEM_FAIL_ONCE);
    assert_null(vec_add(&vec));
    mem_fail_at(0, MEM_FAIL_ONCE);
    assert_int_equal(vec.count, 0);
}

static void removing_closes_the_gap(void **state)
{
    auto_vec struct vec vec = VEC_INIT(int, 3);

    (void)state;
    for (int i = 0; i < 3; i++)
        (void)vec_push(&vec, &i);
    vec_remove(&vec, 1);
    assert_int_equal(vec.count, 2);
    assert_int_equal(*(int *)vec_at(&vec, 0), 0);
    assert_int_equal(*(int *)vec_at(&vec, 1), 2);
    vec_remove(&vec, 1);
    vec_remove(&vec, 0);
    assert_int_equal(vec.count, 0);
}

static void an_empty_array_has_nothing_to_visit(void **state)
{
    auto_vec struct vec vec = VEC_INIT(int, 3);

    (void)state;
    VEC_EACH(const int, item, &vec)
        fail_msg("visited %p", (const void *)item);
}

static int compare_ints(const void *a, const void *b)
{
    const int x = *(const int *)a;
    const int y = *(const int *)b;

    return (x > y) - (x < y);
}

static void sorting_orders_by_the_comparison(void **state)
{
    auto_vec struct vec vec = VEC_INIT(int, 5);
    const int given[] = {4, 1, 3, 0, 2};
    int expected = 0;

    (void)state;
    vec_sort(&vec, compare_ints);
    for (size_t i = 0; i < 5; i++)
        (void)vec_push(&vec, &given[i]);
    vec_sort(&vec, compare_ints);
    VEC_EACH(const int, item, &vec)
        assert_int_equal(*item, expected++);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(items_keep_their_order),
        cmocka_unit_test(the_maximum_can_be_reached_but_not_passed),
        cmocka_unit_test(an_added_item_is_zero),
        cmocka_unit_test(without_memory_nothing_is_added),
        cmocka_unit_test(removing_closes_the_gap),
        cmocka_unit_test(an_empty_array_has_nothing_to_visit),
        cmocka_unit_test(sorting_orders_by_the_comparison),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

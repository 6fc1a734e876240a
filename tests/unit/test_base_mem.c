#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "framework/base/cleanup.h"
#include "framework/base/mem.h"
#include "framework/base/pool.h"

static void new_memory_is_zero(void **state)
{
    auto_free unsigned char *bytes = mem_new(100);

    (void)state;
    assert_non_null(bytes);
    for (size_t i = 0; i < 100; i++)
        assert_int_equal(bytes[i], 0);
}

static void size_zero_is_not_out_of_memory(void **state)
{
    auto_free void *nothing = mem_new(0);
    auto_free void *none = mem_new_array(0, 8);

    (void)state;
    assert_non_null(nothing);
    assert_non_null(none);
}

static void a_product_that_overflows_is_out_of_memory(void **state)
{
    auto_free char *old = mem_new(4);

    (void)state;
    assert_null(mem_new_array(SIZE_MAX / 2, 3));
    assert_null(mem_grow(old, SIZE_MAX / 2, 3));
    assert_null(mem_dup_n("", SIZE_MAX));
}

static void growing_keeps_the_content(void **state)
{
    char *text = mem_dup("abc");

    (void)state;
    text = mem_grow(text, 1000, 1);

    assert_string_equal(text, "abc");
    free(text);
}

static void copies_are_terminated(void **state)
{
    auto_free char *part = mem_dup_n("abcdef", 3);
    auto_free char *empty = mem_dup_n(NULL, 0);

    (void)state;
    assert_string_equal(part, "abc");
    assert_string_equal(empty, "");
    assert_null(mem_dup(NULL));
}

static void the_nth_allocation_fails_once(void **state)
{
    (void)state;
    mem_fail_at(2, MEM_FAIL_ONCE);
    auto_free void *first = mem_new(1);
    auto_free void *second = mem_new(1);
    auto_free void *third = mem_new(1);

    assert_non_null(first);
    assert_null(second);
    assert_non_null(third);
    assert_true(mem_has_failed());
    mem_fail_at(0, MEM_FAIL_ONCE);
}

static void the_nth_allocation_and_all_later_ones_fail(void **state)
{
    (void)state;
    mem_fail_at(2, MEM_FAIL_FOREVER);
    auto_free void *first = mem_new(1);

    assert_non_null(first);
    assert_null(mem_dup("x"));
    assert_null(mem_grow(NULL, 1, 1));
    mem_fail_at(0, MEM_FAIL_ONCE);
    assert_false(mem_has_failed());
}

static void taking_leaves_null(void **state)
{
    char *text = mem_dup("mine");
    int fd = 7;

    (void)state;
    auto_free char *yours = take(text);

    assert_null(text);
    assert_string_equal(yours, "mine");
    assert_int_equal(take_fd(&fd), 7);
    assert_int_equal(fd, -1);
}

static void a_pool_hands_out_zeroed_aligned_memory(void **state)
{
    auto_pool struct pool pool = POOL_INIT(1 << 20);

    (void)state;
    for (size_t size = 1; size < 9000; size += 997) {
        unsigned char *bytes = pool_new(&pool, size);

        assert_non_null(bytes);
        assert_int_equal((uintptr_t)bytes % _Alignof(max_align_t), 0);
        for (size_t i = 0; i < size; i++)
            assert_int_equal(bytes[i], 0);
        for (size_t i = 0; i < size; i++)
            bytes[i] = 0xFF; /* the next one must not see it */
    }
}

static void a_pool_refuses_what_exceeds_its_maximum(void **state)
{
    auto_pool struct pool pool = POOL_INIT(10);

    (void)state;
    assert_non_null(pool_new(&pool, 6));
    assert_null(pool_new(&pool, 5));
    assert_null(pool_new(&pool, SIZE_MAX));
    assert_null(pool_dup_n(&pool, "", SIZE_MAX));
    assert_non_null(pool_new(&pool, 4));
}

static void a_pool_can_be_used_again_when_emptied(void **state)
{
    auto_pool struct pool pool = POOL_INIT(8);

    (void)state;
    assert_string_equal(pool_dup(&pool, "1234567"), "1234567");
    pool_done(&pool);
    assert_string_equal(pool_dup(&pool, "7654321"), "7654321");
}

static void a_pool_without_memory_gives_null(void **state)
{
    auto_pool struct pool pool = POOL_INIT(100);

    (void)state;
    mem_fail_at(1, MEM_FAIL_ONCE);
    assert_null(pool_dup(&pool, "text"));
    mem_fail_at(0, MEM_FAIL_ONCE);
    assert_string_equal(pool_dup(&pool, "text"), "text");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(new_memory_is_zero),
        cmocka_unit_test(size_zero_is_not_out_of_memory),
        cmocka_unit_test(a_product_that_overflows_is_out_of_memory),
        cmocka_unit_test(growing_keeps_the_content),
        cmocka_unit_test(copies_are_terminated),
        cmocka_unit_test(the_nth_allocation_fails_once),
        cmocka_unit_test(the_nth_allocation_and_all_later_ones_fail),
        cmocka_unit_test(taking_leaves_null),
        cmocka_unit_test(a_pool_hands_out_zeroed_aligned_memory),
        cmocka_unit_test(a_pool_refuses_what_exceeds_its_maximum),
        cmocka_unit_test(a_pool_can_be_used_again_when_emptied),
        cmocka_unit_test(a_pool_without_memory_gives_null),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "framework/base/map.h"
#include "framework/base/mem.h"

static void what_was_put_is_found(void **state)
{
    auto_map struct map map;
    static int values[5000];
    char key[32];

    (void)state;
    map_init(&map, 5000, NULL);
    for (int i = 0; i < 5000; i++) {
        (void)snprintf(key, sizeof key, "key-%d", i);
        assert_int_equal(map_put(&map, key, &values[i]), ASSAY_OK);
    }

    for (int i = 0; i < 5000; i++) {
        (void)snprintf(key, sizeof key, "key-%d", i);
        assert_ptr_equal(map_get(&map, key), &values[i]);
    }
    assert_null(map_get(&map, "key-5000"));
    assert_null(map_get(&map, ""));
}

static void an_empty_map_finds_nothing(void **state)
{
    auto_map struct map map;

    (void)state;
    map_init(&map, 0, NULL);
    assert_null(map_get(&map, "x"));
    assert_int_equal(map_put(&map, "x", NULL), ASSAY_E_INVALID);
}

static void a_key_is_taken_once(void **state)
{
    auto_map struct map map;
    int a = 1;
    int b = 2;

    (void)state;
    map_init(&map, 10, NULL);
    assert_int_equal(map_put(&map, "x", &a), ASSAY_OK);
    assert_int_equal(map_put(&map, "x", &b), ASSAY_E_DENIED);
    assert_ptr_equal(map_get(&map, "x"), &a);
    assert_int_equal(map.count, 1);
}

static void entries_stay_in_order_of_insertion(void **state)
{
    auto_map struct map map;

    (void)state;
    map_init(&map, 10, NULL);
    (void)map_put(&map, "z", NULL);
    (void)map_put(&map, "a", NULL);
    (void)map_put(&map, "m", NULL);
    assert_string_equal(map.entries[0].key, "z");
    assert_string_equal(map.entries[1].key, "a");
    assert_string_equal(map.entries[2].key, "m");
}

static void the_maximum_holds(void **state)
{
    auto_map struct map map;

    (void)state;
    map_init(&map, 2, NULL);
    assert_int_equal(map_put(&map, "a", NULL), ASSAY_OK);
    assert_int_equal(map_put(&map, "b", NULL), ASSAY_OK);
    assert_int_equal(map_put(&map, "c", NULL), ASSAY_E_INVALID);
}

static void values_are_released_with_the_map(void **state)
{
    struct map map;

    (void)state;
    map_init(&map, 10, free);
    (void)map_put(&map, "a", mem_dup("leaks unless released"));
    (void)map_put(&map, "b", NULL);
    map_done(&map);
    assert_int_equal(map.count, 0);
}

static void every_failed_allocation_leaves_the_map_whole(void **state)
{
    (void)state;
    for (uint64_t n = 1; n < 100; n++) {
        auto_map struct map map;
        char key[16];
        size_t put = 0;

        map_init(&map, 100, NULL);
        mem_fail_at(n, MEM_FAIL_ONCE);
        for (int i = 0; i < 40; i++) {
            (void)snprintf(key, sizeof key, "%d", i);
            put += map_put(&map, key, &map) == ASSAY_OK;
        }
        mem_fail_at(0, MEM_FAIL_ONCE);
        assert_int_equal(map.count, put);
        assert_true(put >= 39);
        for (size_t i = 0; i < map.count; i++)
            assert_ptr_equal(map_get(&map, map.entries[i].key), &map);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_put_is_found),
        cmocka_unit_test(an_empty_map_finds_nothing),
        cmocka_unit_test(a_key_is_taken_once),
        cmocka_unit_test(entries_stay_in_order_of_insertion),
        cmocka_unit_test(the_maximum_holds),
        cmocka_unit_test(values_are_released_with_the_map),
        cmocka_unit_test(every_failed_allocation_leaves_the_map_whole),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

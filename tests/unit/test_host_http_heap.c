#include "framework/host/http_heap.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "framework/base/mem.h"

enum {
    COUNT = 500
};

static struct http_exchange exchanges[COUNT];

/* Takes the first one out, as a run would. */
static struct http_exchange *pop(struct http_heap *heap)
{
    struct http_exchange *top = http_heap_top(heap);

    if (top)
        http_heap_remove(heap, top);
    return top;
}

static void empty_heap_has_no_top(void **state)
{
    struct http_heap heap = {0};

    (void)state;
    assert_null(http_heap_top(&heap));
    http_heap_done(&heap);
}

static void moments_come_out_in_order_whatever_happened_between(void **state)
{
    struct http_heap heap = {0};
    assay_ns last = -1;
    size_t left = 0;
    struct http_exchange *next;

    (void)state;
    srandom(7);
    for (size_t i = 0; i < COUNT; i++) {
        exchanges[i] = (struct http_exchange){.heap_order = i};
        assert_int_equal(http_heap_add(&heap, &exchanges[i], random() % 100), ASSAY_OK);
    }
    for (size_t i = 0; i < COUNT; i += 3)
        http_heap_move(&heap, &exchanges[i], random() % 100);
    for (size_t i = 0; i < COUNT; i += 5)
        http_heap_remove(&heap, &exchanges[i]);
    while ((next = pop(&heap))) {
        assert_true(next->heap_when >= last);
        assert_true((size_t)(next - exchanges) % 5 != 0);
        last = next->heap_when;
        left++;
    }

    assert_int_equal(left, COUNT - COUNT / 5);
    http_heap_done(&heap);
}

static void equal_moments_come_out_in_the_order_of_submission(void **state)
{
    struct http_heap heap = {0};

    (void)state;
    for (size_t i = 0; i < COUNT; i++) {
        exchanges[i] = (struct http_exchange){.heap_order = i};
        assert_int_equal(http_heap_add(&heap, &exchanges[i], 42), ASSAY_OK);
    }
    for (size_t i = 0; i < COUNT; i++)
        assert_ptr_equal(pop(&heap), &exchanges[i]);
    http_heap_done(&heap);
}

static void adding_without_memory_leaves_the_heap_as_it_was(void **state)
{
    struct http_heap heap = {0};

    (void)state;
    mem_fail_at(1, MEM_FAIL_ONCE);
    assert_int_equal(http_heap_add(&heap, &exchanges[0], 1), ASSAY_E_NOMEM);
    mem_fail_at(0, MEM_FAIL_ONCE);
    assert_null(http_heap_top(&heap));
    assert_int_equal(http_heap_add(&heap, &exchanges[0], 1), ASSAY_OK);
    assert_ptr_equal(http_heap_top(&heap), &exchanges[0]);
    http_heap_done(&heap);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(empty_heap_has_no_top),
        cmocka_unit_test(moments_come_out_in_order_whatever_happened_between),
        cmocka_unit_test(equal_moments_come_out_in_the_order_of_submission),
        cmocka_unit_test(adding_without_memory_leaves_the_heap_as_it_was),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

#include "framework/host/http_heap.h"

#include <assert.h>

#include "framework/base/mem.h"

enum {
    CAPACITY_FIRST = 64
};

static bool is_before(const struct http_exchange *a, const struct http_exchange *b)
{
    if (a->heap_when != b->heap_when)
        return a->heap_when < b->heap_when;
    return a->heap_order < b->heap_order;
}

static void put(struct http_heap *heap, size_t index, struct http_exchange *exchange)
{
    heap->items[index] = exchange;
    exchange->heap_index = index;
}

static void rise(struct http_heap *heap, size_t index)
{
    struct http_exchange *exchange = heap->items[index];

    while (index > 0 && is_before(exchange, heap->items[(index - 1) / 2])) {
        put(heap, index, heap->items[(index - 1) / 2]);
        index = (index - 1) / 2;
    }
    put(heap, index, exchange);
}

static void sink(struct http_heap *heap, size_t index)
{
    struct http_exchange *exchange = heap->items[index];

    for (;;) {
        size_t child = 2 * index + 1;

        if (child + 1 < heap->count && is_before(heap->items[child + 1], heap->items[child]))
            child++;
        if (child >= heap->count || !is_before(heap->items[child], exchange))
            break;
        put(heap, index, heap->items[child]);
        index = child;
    }
    put(heap, index, exchange);
}

static void settle(struct http_heap *heap, size_t index)
{
    if (index > 0 && is_before(heap->items[index], heap->items[(index - 1) / 2]))
        rise(heap, index);
    else
        sink(heap, index);
}

void http_heap_done(struct http_heap *heap)
{
    free(heap->items);
    *heap = (struct http_heap){0};
}

assay_status http_heap_add(struct http_heap *heap, struct http_exchange *exchange, assay_ns when)
{
    if (heap->count == heap->capacity) {
        const size_t capacity = heap->capacity > 0 ? heap->capacity * 2 : CAPACITY_FIRST;
        struct http_exchange **items =
            (struct http_exchange **)mem_grow(heap->items, capacity, sizeof(void *));

        if (!items)
            return ASSAY_E_NOMEM;
        heap->items = items;
        heap->capacity = capacity;
    }
    exchange->heap_when = when;
    put(heap, heap->count, exchange);
    heap->count++;
    rise(heap, heap->count - 1);
    return ASSAY_OK;
}

void http_heap_move(struct http_heap *heap, struct http_exchange *exchange, assay_ns when)
{
    assert(heap->items[exchange->heap_index] == exchange);
    exchange->heap_when = when;
    settle(heap, exchange->heap_index);
}

void http_heap_remove(struct http_heap *heap, struct http_exchange *exchange)
{
    const size_t index = exchange->heap_index;

    assert(index < heap->count && heap->items[index] == exchange);
    heap->count--;
    if (index == heap->count)
        return;
    put(heap, index, heap->items[heap->count]);
    settle(heap, index);
}

struct http_exchange *http_heap_top(const struct http_heap *heap)
{
    return heap->count > 0 ? heap->items[0] : NULL;
}

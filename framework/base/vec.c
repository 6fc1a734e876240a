#include "framework/base/vec.h"

#include <assert.h>
#include <string.h>

#include "framework/base/mem.h"

enum {
    FIRST_CAPACITY = 8
};

void vec_init(struct vec *vec, size_t item_size, size_t count_max)
{
    assert(item_size > 0);
    *vec = (struct vec){.item_size = item_size, .count_max = count_max};
}

void vec_done(struct vec *vec)
{
    free(vec->items);
    *vec = (struct vec){.item_size = vec->item_size, .count_max = vec->count_max};
}

void vec_clear(struct vec *vec)
{
    vec->count = 0;
}

static assay_status reserve_one(struct vec *vec)
{
    size_t capacity = vec->capacity > 0 ? vec->capacity : FIRST_CAPACITY / 2;
    void *items = NULL;

    if (vec->count >= vec->count_max)
        return ASSAY_E_INVALID;
    if (vec->count < vec->capacity)
        return ASSAY_OK;
    capacity = capacity > vec->count_max / 2 ? vec->count_max : capacity * 2;
    items = mem_grow(vec->items, capacity, vec->item_size);
    if (!items)
        return ASSAY_E_NOMEM;
    vec->items = items;
    vec->capacity = capacity;
    return ASSAY_OK;
}

static void *slot(const struct vec *vec, size_t index)
{
    return (char *)vec->items + index * vec->item_size;
}

assay_status vec_push(struct vec *vec, const void *item)
{
    const assay_status status = reserve_one(vec);

    if (status)
        return status;
    memcpy(slot(vec, vec->count++), item, vec->item_size);
    return ASSAY_OK;
}

void *vec_add(struct vec *vec)
{
    if (reserve_one(vec))
        return NULL;
    return memset(slot(vec, vec->count++), 0, vec->item_size);
}

void *vec_at(const struct vec *vec, size_t index)
{
    assert(index < vec->count);
    return slot(vec, index);
}

void vec_remove(struct vec *vec, size_t index)
{
    assert(index < vec->count);
    vec->count--;
    memmove(slot(vec, index), slot(vec, index + 1), (vec->count - index) * vec->item_size);
}

void vec_sort(struct vec *vec, int (*compare)(const void *, const void *))
{
    if (vec->count > 1)
        qsort(vec->items, vec->count, vec->item_size, compare);
}

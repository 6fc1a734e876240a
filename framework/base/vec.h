/* A growable array with a maximum.

   Items are copied in and lie next to each other, so a pointer to an item is
   valid until the next push, add or remove. The array does not own what its
   items point to: whoever fills it frees that, typically with VEC_EACH.

       auto_vec struct vec nodes = VEC_INIT(struct node, NODES_MAX);
       struct node *node = vec_add(&nodes);       zeroed, NULL when full or without memory
       VEC_EACH(struct node, item, &nodes)
           node_done(item);

   One thread at a time. */
#ifndef ASSAY_BASE_VEC_H
#define ASSAY_BASE_VEC_H

#include <stdbool.h>
#include <stddef.h>

#include "framework/base/cleanup.h"
#include "framework/base/status.h"

struct vec {
    void *items;
    size_t count;
    size_t capacity;
    size_t item_size;
    size_t count_max;
};

/* An empty array, as initialiser (which auto_vec needs) and as call. */
#define VEC_INIT(type, maximum)                                                                    \
    {                                                                                              \
        .item_size = sizeof(type), .count_max = (maximum)                                          \
    }
void vec_init(struct vec *vec, size_t item_size, size_t count_max);
void vec_done(struct vec *vec);  /* frees the array; it is empty afterwards and may be used again */
void vec_clear(struct vec *vec); /* empties, keeps the memory */

/* Appends a copy of *item. ASSAY_E_INVALID: full. ASSAY_E_NOMEM: no memory. */
assay_status vec_push(struct vec *vec, const void *item);

/* Appends an item of zero bytes and returns it; NULL when full or without memory. */
void *vec_add(struct vec *vec);

/* The item at index, which must be below count. */
void *vec_at(const struct vec *vec, size_t index);

/* Removes the item at index, keeping the order of the others. */
void vec_remove(struct vec *vec, size_t index);

/* Sorts with a comparison as for qsort. Not stable. */
void vec_sort(struct vec *vec, int (*compare)(const void *, const void *));

/* For each item in order; `item` is a pointer to `type`. The array must not change meanwhile. */
#define VEC_EACH(type, item, vec)                                                                  \
    for (__typeof__(type) *item = (vec)->items, *item##_end = item ? item + (vec)->count : item;   \
         item != item##_end; item++)

CLEANUP_DEFINE_DONE(auto_vec, struct vec, vec_done)
#define auto_vec CLEANUP(auto_vec)

#endif

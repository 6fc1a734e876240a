/* A pool of memory that is freed all at once.

   For objects that are built together, live together and die together, such as
   the strings of a manifest. Nothing in it is freed or resized singly. One
   thread at a time; what is in it may be read by any. */
#ifndef ASSAY_BASE_POOL_H
#define ASSAY_BASE_POOL_H

#include <stddef.h>

#include "framework/base/cleanup.h"

struct pool_chunk;

struct pool {
    struct pool_chunk *chunks; /* newest first */
    size_t size;               /* bytes handed out */
    size_t size_max;
};

/* An empty pool, as initialiser (which auto_pool needs) and as call. */
#define POOL_INIT(maximum)                                                                         \
    {                                                                                              \
        .size_max = (maximum)                                                                      \
    }
void pool_init(struct pool *pool, size_t size_max);
void pool_done(
    struct pool *pool); /* frees all; the pool is empty afterwards and may be used again */

/* size bytes, all zero, aligned for any type. NULL when the pool would exceed
   its maximum, or without memory. */
void *pool_new(struct pool *pool, size_t size) __attribute__((warn_unused_result));

/* Copies into the pool; a NUL is put behind. NULL as above. */
char *pool_dup(struct pool *pool, const char *text) __attribute__((warn_unused_result));
char *pool_dup_n(struct pool *pool, const void *data, size_t size)
    __attribute__((warn_unused_result));

CLEANUP_DEFINE_DONE(auto_pool, struct pool, pool_done)
#define auto_pool CLEANUP(auto_pool)

#endif

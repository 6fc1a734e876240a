#include "framework/base/pool.h"

#include <string.h>

#include "framework/base/mem.h"
#include "framework/base/number.h"

enum {
    CHUNK_SIZE = 4096
};

struct pool_chunk {
    struct pool_chunk *next;
    size_t capacity;
    size_t used;
    max_align_t bytes[];
};

void pool_init(struct pool *pool, size_t size_max)
{
    *pool = (struct pool){.size_max = size_max};
}

void pool_done(struct pool *pool)
{
    while (pool->chunks) {
        struct pool_chunk *next = pool->chunks->next;

        free(pool->chunks);
        pool->chunks = next;
    }
    pool->size = 0;
}

static struct pool_chunk *add_chunk(struct pool *pool, size_t size)
{
    const size_t capacity = size > CHUNK_SIZE ? size : CHUNK_SIZE;
    struct pool_chunk *chunk = mem_new(sizeof *chunk + capacity);

    if (!chunk)
        return NULL;
    chunk->capacity = capacity;
    chunk->next = pool->chunks;
    pool->chunks = chunk;
    return chunk;
}

void *pool_new(struct pool *pool, size_t size)
{
    const size_t unit = sizeof(max_align_t);
    struct pool_chunk *chunk = pool->chunks;
    void *bytes = NULL;
    size_t rounded = 0;

    if (size > pool->size_max - pool->size || add_overflows(size, unit - 1, &rounded))
        return NULL;
    rounded -= rounded % unit;
    if (!chunk || rounded > chunk->capacity - chunk->used)
        chunk = add_chunk(pool, rounded);
    if (!chunk)
        return NULL;
    bytes = (char *)chunk->bytes + chunk->used;
    chunk->used += rounded;
    pool->size += size;
    return bytes;
}

char *pool_dup(struct pool *pool, const char *text)
{
    return pool_dup_n(pool, text, strlen(text));
}

char *pool_dup_n(struct pool *pool, const void *data, size_t size)
{
    size_t total = 0;
    char *copy = NULL;

    if (add_overflows(size, (size_t)1, &total))
        return NULL;
    copy = pool_new(pool, total);
    if (copy && size > 0)
        memcpy(copy, data, size);
    return copy;
}

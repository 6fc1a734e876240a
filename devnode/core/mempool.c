#include "devnode/core/mempool.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "devnode/core/limits.h"
#include "devnode/core/memory.h"

void mempool_done(struct mempool *pool)
{
    size_t cursor = 0;
    struct transaction *tx;

    while ((tx = table_next(&pool->by_id, &cursor)))
        transaction_unref(tx);
    table_done(&pool->by_id);
    table_done(&pool->by_digest);
    free(pool->order);
    *pool = (struct mempool){.count = 0};
}

size_t mempool_size(const struct mempool *pool)
{
    return pool->by_id.used;
}

/* Drops the places of transactions that were removed. */
static void compact(struct mempool *pool)
{
    size_t kept = 0;
    size_t sorted = 0;

    for (size_t i = 0; i < pool->count; i++) {
        if (!pool->order[i])
            continue;
        pool->order[kept] = pool->order[i];
        pool->order[kept]->pool_place = kept;
        kept++;
        if (i < pool->sorted)
            sorted++;
    }
    pool->count = kept;
    pool->sorted = sorted;
}

bool mempool_add(struct mempool *pool, struct transaction *tx, struct reason *why)
{
    assert(!table_get(&pool->by_id, tx->id.bytes));
    if (mempool_size(pool) >= MEMPOOL_TXS_MAX)
        return reason_set(why, "mempool is full: %zu transactions wait", mempool_size(pool));
    if (pool->bytes + tx->size > MEMPOOL_BYTES_MAX)
        return reason_set(why, "mempool is full: %zu bytes of transactions wait", pool->bytes);
    if (pool->count == pool->room) {
        compact(pool);
        /* At least half free after compacting or growing keeps adding O(1) on average. */
        if (pool->count * 2 >= pool->room) {
            pool->room = pool->room ? pool->room * 2 : 64;
            pool->order = memory_resize(pool->order, pool->room, sizeof(struct transaction *));
        }
    }
    tx->pool_place = pool->count;
    pool->order[pool->count++] = transaction_ref(tx);
    table_put(&pool->by_id, tx->id.bytes, tx);
    table_put(&pool->by_digest, tx->digest.bytes, tx);
    pool->bytes += tx->size;
    return true;
}

struct transaction *mempool_find(const struct mempool *pool, const struct bytes32 *id)
{
    return table_get(&pool->by_id, id->bytes);
}

struct transaction *mempool_find_digest(const struct mempool *pool, const struct bytes32 *digest)
{
    return table_get(&pool->by_digest, digest->bytes);
}

static int compare(const void *a, const void *b)
{
    const struct transaction *const *one = a;
    const struct transaction *const *other = b;

    return transaction_compare(*one, *other);
}

/* Sorts what arrived since the last time and merges it into what is sorted. */
static void sort(struct mempool *pool)
{
    size_t fresh = pool->count - pool->sorted;

    if (!fresh)
        return;
    compact(pool);
    fresh = pool->count - pool->sorted;
    qsort(pool->order + pool->sorted, fresh, sizeof(struct transaction *), compare);
    struct transaction **tail =
        memory_copy(pool->order + pool->sorted, fresh * sizeof(struct transaction *));
    size_t left = pool->sorted;
    size_t right = fresh;
    for (size_t to = pool->count; right;) {
        if (left && transaction_compare(pool->order[left - 1], tail[right - 1]) > 0)
            pool->order[--to] = pool->order[--left];
        else
            pool->order[--to] = tail[--right];
    }
    free(tail);
    pool->sorted = pool->count;
    for (size_t i = 0; i < pool->count; i++)
        pool->order[i]->pool_place = i;
}

void mempool_remove(struct mempool *pool, const struct bytes32 *id)
{
    struct transaction *tx = table_remove(&pool->by_id, id->bytes);

    if (!tx)
        return;
    (void)table_remove(&pool->by_digest, tx->digest.bytes);
    assert(pool->order[tx->pool_place] == tx);
    pool->order[tx->pool_place] = NULL;
    pool->bytes -= tx->size;
    transaction_unref(tx);
}

struct transaction *mempool_next(struct mempool *pool, size_t *cursor)
{
    if (!*cursor)
        sort(pool);
    while (*cursor < pool->count) {
        struct transaction *tx = pool->order[(*cursor)++];

        if (tx)
            return tx;
    }
    return NULL;
}

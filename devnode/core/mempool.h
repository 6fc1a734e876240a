/* mempool.h - transactions that wait for a block.
 *
 * Ordered by transaction hash as an integer, as the real node's is: a block is assembled in that
 * order. Holds a reference to each transaction. Bounded by MEMPOOL_TXS_MAX and
 * MEMPOOL_BYTES_MAX; a full pool refuses. Adding is O(1); the order is made when it is first
 * asked for after a change. One thread. */
#ifndef DEVNODE_CORE_MEMPOOL_H
#define DEVNODE_CORE_MEMPOOL_H

#include "devnode/core/table.h"
#include "devnode/core/transaction.h"

struct mempool {
    struct table by_id;
    struct table by_digest;
    struct transaction *
        *order; /* ascending up to `sorted`, then in order of arrival; may have NULLs */
    size_t count;
    size_t sorted;
    size_t room;
    size_t bytes;
};

void mempool_done(struct mempool *pool);

size_t mempool_size(const struct mempool *pool);

/* Adds a reference to `tx`, which must not be there yet. False and a reason when the pool is
 * full. */
bool mempool_add(struct mempool *pool, struct transaction *tx, struct reason *why);

/* Borrowed; NULL when it is not waiting. */
struct transaction *mempool_find(const struct mempool *pool, const struct bytes32 *id);

/* The same by the digest of the binary form, which tells also the proofs apart and needs no hashing
 * in the field. */
struct transaction *mempool_find_digest(const struct mempool *pool, const struct bytes32 *digest);

/* Takes it out, if it is there. */
void mempool_remove(struct mempool *pool, const struct bytes32 *id);

/* Walks in order: start with *cursor = 0, ends with NULL. What was returned may be removed
 * meanwhile, nothing may be added. */
struct transaction *mempool_next(struct mempool *pool, size_t *cursor);

#endif

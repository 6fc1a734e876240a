/* store.h - where a node keeps its blocks.
 *
 * The node itself does no I/O: it keeps and reads blocks through this table. The shell's
 * implementation is a database that survives SIGKILL (shell/database.h); the one below keeps
 * everything in memory, for tests and for networks in virtual time.
 *
 * Every function is called on the node's thread and must not call back into the node. A function
 * that cannot do its work (a full disk) must not return: the node must not announce what it has
 * not kept. */
#ifndef DEVNODE_CORE_STORE_H
#define DEVNODE_CORE_STORE_H

#include <stdbool.h>
#include <stddef.h>

#include "nomos/bytes.h"

struct store {
    void *self;

    /* Keeps a block under its id. Blocks come parents first; one that is kept already is
     * skipped. */
    void (*put_block)(void *self, const struct bytes32 *id, const uint8_t *bytes, size_t size);

    /* A copy of a block's bytes, to be freed; NULL when it is not there. */
    uint8_t *(*get_block)(void *self, const struct bytes32 *id, size_t *out_size);

    /* The block `id` can no longer be undone: it is the block of `height`, and these
     * transactions are in it. Heights come in order. All or nothing. */
    void (*finalise)(void *self, uint64_t height, const struct bytes32 *id,
        const struct bytes32 *tx_ids, size_t tx_count);

    /* The final block at a height; false above the last final height. */
    bool (*block_at)(void *self, uint64_t height, struct bytes32 *out_id);

    /* The final block that has a transaction. */
    bool (*block_of_tx)(void *self, const struct bytes32 *tx_id, struct bytes32 *out_block);
};

/* The store in memory. */
struct memory_store;
struct memory_store *memory_store_new(void);
void memory_store_free(struct memory_store *memory);
struct store memory_store_table(struct memory_store *memory);

/* The nth block that was put, from 0, borrowed; false beyond the last. For replaying. */
bool memory_store_nth(
    const struct memory_store *memory, size_t n, const uint8_t **out_bytes, size_t *out_size);

/* Number of final blocks, i.e. one above the last final height; zero when there is none. */
uint64_t memory_store_final_count(const struct memory_store *memory);

#endif

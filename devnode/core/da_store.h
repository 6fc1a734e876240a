/* da_store.h - where a node keeps its columns.
 *
 * As store.h is for blocks: the shell's implementation survives SIGKILL (shell/da_database.h), the
 * one below is in memory. A column is kept as the bytes of its share (nomos/da_share.h), so with
 * any column of a blob come the commitments. Columns are never dropped: a test network's life is
 * short, and who catches up later may ask for the oldest. Called on the node's thread; may not call
 * back. */
#ifndef DEVNODE_CORE_DA_STORE_H
#define DEVNODE_CORE_DA_STORE_H

#include <stddef.h>
#include <stdint.h>

#include "devnode/core/da_message.h"

struct da_store {
    void *self;

    /* Keeps a share. One that is there already is kept as it is. */
    void (*put)(void *self, const struct da_place *place, const uint8_t *share, size_t size);

    /* A copy of it, to be freed; NULL when it is not there. */
    uint8_t *(*get)(void *self, const struct da_place *place, size_t *out_size);

    /* The indices of a blob's columns that are there, ascending, at most `max`. Answers how
     * many. */
    size_t (*columns)(void *self, const struct bytes32 *blob, uint32_t *out, size_t max);
};

/* The store in memory. */
struct da_memory_store;
struct da_memory_store *da_memory_store_new(void);
void da_memory_store_free(struct da_memory_store *memory);
struct da_store da_memory_store_table(struct da_memory_store *memory);

#endif

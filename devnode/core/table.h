/* table.h - a hash table from 32-byte ids to pointers.
 *
 * Ids are digests or field elements, so their own bytes spread well; they are mixed all the same,
 * for ids that a stranger chose. The table owns neither keys nor values: a key is copied, a value
 * is whatever the caller keeps alive. Open addressing, at most two thirds full, removal shifts
 * back, so there are no tombstones and lookups stay short. One thread.
 *
 *     struct table t = {0};
 *     table_put(&t, block->id, block);
 *     block = table_get(&t, id);
 *     table_done(&t);
 */
#ifndef DEVNODE_CORE_TABLE_H
#define DEVNODE_CORE_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct table_slot {
    uint8_t id[32];
    void *value; /* NULL: the slot is free */
};

struct table {
    struct table_slot *slots;
    size_t slot_count; /* zero or a power of two */
    size_t used;
};

/* Frees the slots, not the values. */
void table_done(struct table *table);

/* The value of `id`, NULL when there is none. */
void *table_get(const struct table *table, const uint8_t id[32]);

/* Sets the value of `id`, which must not be NULL; answers the one it replaced, or NULL. */
void *table_put(struct table *table, const uint8_t id[32], void *value);

/* Takes `id` out and answers its value, NULL when it was not there. */
void *table_remove(struct table *table, const uint8_t id[32]);

/* Walks all values in no particular order: start with *cursor = 0, ends with NULL. The table must
 * not change meanwhile. */
void *table_next(const struct table *table, size_t *cursor);

#endif

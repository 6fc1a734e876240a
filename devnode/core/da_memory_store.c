#include <stdlib.h>
#include <string.h>

#include "devnode/core/da_store.h"
#include "devnode/core/memory.h"
#include "devnode/core/table.h"

struct kept_share {
    struct kept_share *next; /* of the same blob, by ascending column */
    uint32_t column;
    size_t size;
    uint8_t bytes[];
};

/* A blob's columns. */
struct kept_blob {
    struct kept_share *first;
};

struct da_memory_store {
    struct table blobs; /* blob id to struct kept_blob */
};

struct da_memory_store *da_memory_store_new(void)
{
    return memory_new(1, sizeof(struct da_memory_store));
}

void da_memory_store_free(struct da_memory_store *memory)
{
    size_t cursor = 0;
    struct kept_blob *blob;
    struct kept_share *next;

    if (!memory)
        return;
    while ((blob = table_next(&memory->blobs, &cursor))) {
        for (struct kept_share *share = blob->first; share; share = next) {
            next = share->next;
            free(share);
        }
        free(blob);
    }
    table_done(&memory->blobs);
    free(memory);
}

static const struct kept_share *find(
    const struct da_memory_store *memory, const struct da_place *place)
{
    const struct kept_blob *blob = table_get(&memory->blobs, place->blob.bytes);
    const struct kept_share *share = blob ? blob->first : NULL;

    while (share && share->column != place->column)
        share = share->next;
    return share;
}

static void put(void *self, const struct da_place *place, const uint8_t *bytes, size_t size)
{
    struct da_memory_store *memory = self;
    struct kept_blob *blob = table_get(&memory->blobs, place->blob.bytes);
    struct kept_share **at;

    if (find(memory, place))
        return;
    if (!blob) {
        blob = memory_new(1, sizeof(*blob));
        table_put(&memory->blobs, place->blob.bytes, blob);
    }
    struct kept_share *share = memory_new(1, sizeof(*share) + size);
    share->column = place->column;
    share->size = size;
    memcpy(share->bytes, bytes, size);
    for (at = &blob->first; *at && (*at)->column < place->column; at = &(*at)->next)
        ;
    share->next = *at;
    *at = share;
}

static uint8_t *get(void *self, const struct da_place *place, size_t *out_size)
{
    const struct kept_share *share = find(self, place);

    if (!share)
        return NULL;
    *out_size = share->size;
    return memory_copy(share->bytes, share->size);
}

static size_t columns(void *self, const struct bytes32 *id, uint32_t *out, size_t max)
{
    const struct da_memory_store *memory = self;
    const struct kept_blob *blob = table_get(&memory->blobs, id->bytes);
    size_t count = 0;

    for (const struct kept_share *share = blob ? blob->first : NULL; share && count < max;
         share = share->next)
        out[count++] = share->column;
    return count;
}

struct da_store da_memory_store_table(struct da_memory_store *memory)
{
    return (struct da_store){.self = memory, .put = put, .get = get, .columns = columns};
}

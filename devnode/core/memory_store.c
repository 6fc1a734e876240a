#include "devnode/core/store.h"

#include <stdlib.h>
#include <string.h>

#include "devnode/core/memory.h"
#include "devnode/core/table.h"

struct kept_block {
    size_t size;
    uint8_t bytes[];
};

struct memory_store {
    struct table blocks; /* id to struct kept_block */
    struct kept_block **sequence;
    size_t count;
    size_t room;
    struct bytes32 *final; /* by height */
    size_t final_count;
    size_t final_room;
    struct table txs; /* transaction id to struct bytes32 of its block */
};

struct memory_store *memory_store_new(void)
{
    return memory_new(1, sizeof(struct memory_store));
}

void memory_store_free(struct memory_store *memory)
{
    size_t cursor = 0;
    void *block_id;

    if (!memory)
        return;
    for (size_t i = 0; i < memory->count; i++)
        free(memory->sequence[i]);
    free(memory->sequence);
    while ((block_id = table_next(&memory->txs, &cursor)))
        free(block_id);
    table_done(&memory->txs);
    table_done(&memory->blocks);
    free(memory->final);
    free(memory);
}

static void put_block(void *self, const struct bytes32 *id, const uint8_t *bytes, size_t size)
{
    struct memory_store *memory = self;

    if (table_get(&memory->blocks, id->bytes))
        return;
    struct kept_block *kept = memory_new(1, sizeof(*kept) + size);
    kept->size = size;
    memcpy(kept->bytes, bytes, size);
    if (memory->count == memory->room) {
        memory->room = memory->room ? memory->room * 2 : 16;
        memory->sequence =
            memory_resize(memory->sequence, memory->room, sizeof(struct kept_block *));
    }
    memory->sequence[memory->count++] = kept;
    table_put(&memory->blocks, id->bytes, kept);
}

static uint8_t *get_block(void *self, const struct bytes32 *id, size_t *out_size)
{
    const struct memory_store *memory = self;
    const struct kept_block *kept = table_get(&memory->blocks, id->bytes);

    if (!kept)
        return NULL;
    *out_size = kept->size;
    return memory_copy(kept->bytes, kept->size);
}

static void finalise(void *self, uint64_t height, const struct bytes32 *id,
    const struct bytes32 *tx_ids, size_t tx_count)
{
    struct memory_store *memory = self;

    if (height >= memory->final_room) {
        memory->final_room = (size_t)height * 2 + 16;
        memory->final = memory_resize(memory->final, memory->final_room, sizeof(*memory->final));
    }
    memory->final[height] = *id;
    if (height >= memory->final_count)
        memory->final_count = (size_t)height + 1;
    for (size_t i = 0; i < tx_count; i++)
        free(table_put(&memory->txs, tx_ids[i].bytes, memory_copy(id, sizeof(*id))));
}

static bool block_at(void *self, uint64_t height, struct bytes32 *out_id)
{
    const struct memory_store *memory = self;

    if (height >= memory->final_count)
        return false;
    *out_id = memory->final[height];
    return true;
}

static bool block_of_tx(void *self, const struct bytes32 *tx_id, struct bytes32 *out_block)
{
    const struct memory_store *memory = self;
    const struct bytes32 *block = table_get(&memory->txs, tx_id->bytes);

    if (!block)
        return false;
    *out_block = *block;
    return true;
}

struct store memory_store_table(struct memory_store *memory)
{
    return (struct store){
        .self = memory,
        .put_block = put_block,
        .get_block = get_block,
        .finalise = finalise,
        .block_at = block_at,
        .block_of_tx = block_of_tx,
    };
}

bool memory_store_nth(
    const struct memory_store *memory, size_t n, const uint8_t **out_bytes, size_t *out_size)
{
    if (n >= memory->count)
        return false;
    *out_bytes = memory->sequence[n]->bytes;
    *out_size = memory->sequence[n]->size;
    return true;
}

uint64_t memory_store_final_count(const struct memory_store *memory)
{
    return memory->final_count;
}

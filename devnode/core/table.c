#include "devnode/core/table.h"

#include <stdlib.h>
#include <string.h>

#include "devnode/core/memory.h"

static size_t home_of(const struct table *table, const uint8_t id[32])
{
    uint64_t word[4];

    memcpy(word, id, sizeof(word));
    uint64_t mixed = word[0] ^ (word[1] * 0x9e3779b97f4a7c15u) ^ (word[2] >> 7) ^ (word[3] << 9);
    mixed *= 0xd6e8feb86659fd93u;
    return (size_t)(mixed ^ (mixed >> 32)) & (table->slot_count - 1);
}

/* The slot that holds `id`, or the free one where it belongs. */
static size_t find(const struct table *table, const uint8_t id[32])
{
    size_t at = home_of(table, id);

    while (table->slots[at].value && memcmp(table->slots[at].id, id, 32) != 0)
        at = (at + 1) & (table->slot_count - 1);
    return at;
}

static void grow(struct table *table)
{
    struct table bigger = {.slot_count = table->slot_count ? table->slot_count * 2 : 16};

    bigger.slots = memory_new(bigger.slot_count, sizeof(*bigger.slots));
    for (size_t i = 0; i < table->slot_count; i++) {
        if (table->slots[i].value)
            bigger.slots[find(&bigger, table->slots[i].id)] = table->slots[i];
    }
    bigger.used = table->used;
    free(table->slots);
    *table = bigger;
}

void table_done(struct table *table)
{
    free(table->slots);
    *table = (struct table){0};
}

void *table_get(const struct table *table, const uint8_t id[32])
{
    if (!table->used)
        return NULL;
    return table->slots[find(table, id)].value;
}

void *table_put(struct table *table, const uint8_t id[32], void *value)
{
    if ((table->used + 1) * 3 > table->slot_count * 2)
        grow(table);
    struct table_slot *slot = &table->slots[find(table, id)];
    void *replaced = slot->value;

    if (!replaced) {
        memcpy(slot->id, id, 32);
        table->used++;
    }
    slot->value = value;
    return replaced;
}

void *table_remove(struct table *table, const uint8_t id[32])
{
    if (!table->used)
        return NULL;
    size_t mask = table->slot_count - 1;
    size_t hole = find(table, id);
    void *removed = table->slots[hole].value;

    if (!removed)
        return NULL;
    /* Entries after the hole move back into it when their home lies at or before it, so that a
       search never stops short of them. */
    for (size_t at = (hole + 1) & mask; table->slots[at].value; at = (at + 1) & mask) {
        size_t home = home_of(table, table->slots[at].id);

        if (((at - home) & mask) >= ((at - hole) & mask)) {
            table->slots[hole] = table->slots[at];
            hole = at;
        }
    }
    table->slots[hole].value = NULL;
    table->used--;
    return removed;
}

void *table_next(const struct table *table, size_t *cursor)
{
    while (*cursor < table->slot_count) {
        void *value = table->slots[(*cursor)++].value;

        if (value)
            return value;
    }
    return NULL;
}

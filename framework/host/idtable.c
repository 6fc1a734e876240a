#include "framework/host/idtable.h"

#include <sodium.h>
#include <string.h>

#include "framework/base/mem.h"

void idtable_init(struct idtable *table, const char *(*text_of)(const void *owner, uint32_t number),
    const void *owner)
{
    *table = (struct idtable){.text_of = text_of, .owner = owner};
}

void idtable_done(struct idtable *table)
{
    free(table->slots);
    idtable_init(table, table->text_of, table->owner);
}

/* SipHash with a fixed key: ids come from nodes, and a weaker hash could be driven into long
   probes by a node that picks them. With a fixed key that takes knowing us; good enough here. */
static uint64_t hash_text(const char *text)
{
    static const unsigned char key[crypto_shorthash_KEYBYTES] = "assay id table.";
    unsigned char bytes[crypto_shorthash_BYTES];
    uint64_t hash = 0;

    (void)crypto_shorthash(bytes, (const unsigned char *)text, strlen(text), key);
    memcpy(&hash, bytes, sizeof(hash));
    return hash;
}

/* The slot of the text, or the free one where it would go. */
static uint32_t slot_find(const struct idtable *table, const char *text)
{
    const uint32_t mask = table->slot_count - 1;
    uint32_t slot = (uint32_t)hash_text(text) & mask;

    while (table->slots[slot] &&
        strcmp(table->text_of(table->owner, table->slots[slot] - 1), text) != 0)
        slot = (slot + 1) & mask;
    return slot;
}

bool idtable_find(const struct idtable *table, const char *text, uint32_t *out)
{
    uint32_t slot = 0;

    if (table->count == 0)
        return false;
    slot = slot_find(table, text);
    if (!table->slots[slot])
        return false;
    *out = table->slots[slot] - 1;
    return true;
}

static assay_status table_grow(struct idtable *table)
{
    struct idtable bigger = *table;

    bigger.slot_count = table->slot_count ? 2 * table->slot_count : 64;
    bigger.slots = mem_new_array(bigger.slot_count, sizeof(*bigger.slots));
    if (!bigger.slots)
        return ASSAY_E_NOMEM;
    for (uint32_t i = 0; i < table->slot_count; i++) {
        if (table->slots[i]) {
            const char *text = table->text_of(table->owner, table->slots[i] - 1);

            bigger.slots[slot_find(&bigger, text)] = table->slots[i];
        }
    }
    free(table->slots);
    *table = bigger;
    return ASSAY_OK;
}

assay_status idtable_add(struct idtable *table, uint32_t number)
{
    assay_status s = ASSAY_OK;

    if (table->count >= IDTABLE_MAX)
        return ASSAY_E_LAGGED;
    if (table->count >= table->slot_count / 4 * 3)
        s = table_grow(table);
    if (s)
        return s;
    table->slots[slot_find(table, table->text_of(table->owner, number))] = number + 1;
    table->count++;
    return ASSAY_OK;
}

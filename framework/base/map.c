#include "framework/base/map.h"

#include <assert.h>
#include <string.h>

#include "framework/base/mem.h"

enum {
    FIRST_SLOT_COUNT = 16,
    COUNT_MAX_LIMIT = 1 << 30
};

/* FNV-1a, 64 bits. Keys come from manifests and plugins, which are trusted not
   to collide on purpose, and count_max bounds the damage if they did. */
static uint64_t hash(const char *key)
{
    uint64_t value = 0xcbf29ce484222325U;

    for (; *key; key++)
        value = (value ^ (unsigned char)*key) * 0x100000001b3U;
    return value;
}

void map_init(struct map *map, size_t count_max, void (*release)(void *value))
{
    assert(count_max < COUNT_MAX_LIMIT);
    *map = (struct map){.count_max = count_max, .release = release};
}

void map_done(struct map *map)
{
    for (size_t i = 0; i < map->count; i++) {
        free(map->entries[i].key);
        if (map->release && map->entries[i].value)
            map->release(map->entries[i].value);
    }
    free(map->entries);
    free(map->slots);
    *map = (struct map){.count_max = map->count_max, .release = map->release};
}

/* The slot that holds key, or the free one where it belongs. At least a quarter
   of the slots is free, so the search ends. */
static size_t find_slot(const struct map *map, const char *key)
{
    size_t i = (size_t)hash(key) & (map->slot_count - 1);

    while (map->slots[i] && strcmp(map->entries[map->slots[i] - 1].key, key) != 0)
        i = (i + 1) & (map->slot_count - 1);
    return i;
}

static assay_status grow_slots(struct map *map)
{
    const size_t wanted = map->slot_count > 0 ? map->slot_count * 2 : FIRST_SLOT_COUNT;
    uint32_t *slots = NULL;

    if (map->count < map->slot_count / 4 * 3)
        return ASSAY_OK;
    slots = mem_new_array(wanted, sizeof *slots);
    if (!slots)
        return ASSAY_E_NOMEM;
    free(map->slots);
    map->slots = slots;
    map->slot_count = wanted;
    for (size_t i = 0; i < map->count; i++)
        map->slots[find_slot(map, map->entries[i].key)] = (uint32_t)i + 1;
    return ASSAY_OK;
}

static assay_status grow_entries(struct map *map)
{
    const size_t wanted = map->capacity > 0 ? map->capacity * 2 : FIRST_SLOT_COUNT / 2;
    struct map_entry *entries = NULL;

    if (map->count < map->capacity)
        return ASSAY_OK;
    entries = mem_grow(map->entries, wanted, sizeof *entries);
    if (!entries)
        return ASSAY_E_NOMEM;
    map->entries = entries;
    map->capacity = wanted;
    return ASSAY_OK;
}

assay_status map_put(struct map *map, const char *key, void *value)
{
    auto_free char *copy = NULL;
    size_t position = 0;

    if (map->count > 0 && map->slots[find_slot(map, key)])
        return ASSAY_E_DENIED;
    if (map->count >= map->count_max)
        return ASSAY_E_INVALID;
    copy = mem_dup(key);
    if (!copy || grow_slots(map) || grow_entries(map))
        return ASSAY_E_NOMEM;
    position = find_slot(map, key);
    map->entries[map->count] = (struct map_entry){.key = take(copy), .value = value};
    map->count++;
    map->slots[position] = (uint32_t)map->count;
    return ASSAY_OK;
}

void *map_get(const struct map *map, const char *key)
{
    uint32_t number = 0;

    if (map->count == 0)
        return NULL;
    number = map->slots[find_slot(map, key)];
    return number > 0 ? map->entries[number - 1].value : NULL;
}

/* A map from strings to pointers, with a maximum, iterated in order of insertion.

   Keys are copied. Values are the caller's unless a release function is given,
   which map_done then calls for each. There is no removal: a map is built,
   asked, and dropped. One thread at a time; any number may read.

       struct map by_name;
       map_init(&by_name, NODES_MAX, NULL);
       if (map_put(&by_name, node->name, node) == ASSAY_E_DENIED)
           return error_set(err, ASSAY_E_INVALID, "%s: the name is taken", node->name);
       for (size_t i = 0; i < by_name.count; i++)
           print(by_name.entries[i].key); */
#ifndef ASSAY_BASE_MAP_H
#define ASSAY_BASE_MAP_H

#include <stddef.h>
#include <stdint.h>

#include "framework/base/cleanup.h"
#include "framework/base/status.h"

struct map_entry {
    char *key;
    void *value;
};

struct map {
    struct map_entry *entries; /* in order of insertion */
    size_t count;
    size_t capacity;
    size_t count_max;
    uint32_t *slots;   /* index into entries plus one; 0 is free */
    size_t slot_count; /* a power of two */
    void (*release)(void *value);
};

/* count_max must be below 2^30. release may be NULL. */
void map_init(struct map *map, size_t count_max, void (*release)(void *value));
void map_done(struct map *map);

/* Adds a value under a new key; on failure the value is still the caller's.
   ASSAY_E_DENIED: the key is there already. ASSAY_E_INVALID: full. ASSAY_E_NOMEM. */
assay_status map_put(struct map *map, const char *key, void *value);

/* The value under key; NULL when there is none. */
void *map_get(const struct map *map, const char *key);

CLEANUP_DEFINE_DONE(auto_map, struct map, map_done)
#define auto_map CLEANUP(auto_map)

#endif

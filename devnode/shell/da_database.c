#include "devnode/shell/da_database.h"

#include <stdlib.h>
#include <string.h>

#include "devnode/core/memory.h"

#define KEY_BYTES 34

static void write_key(const struct bytes32 *blob, uint32_t column, uint8_t out[KEY_BYTES])
{
    memcpy(out, blob->bytes, 32);
    out[32] = (uint8_t)(column >> 8);
    out[33] = (uint8_t)column;
}

static void put(void *self, const struct da_place *place, const uint8_t *share, size_t size)
{
    const struct database_table *table = self;
    uint8_t key[KEY_BYTES];

    write_key(&place->blob, place->column, key);
    database_put(
        table, &(struct database_bytes){key, sizeof(key)}, &(struct database_bytes){share, size});
}

static uint8_t *get(void *self, const struct da_place *place, size_t *out_size)
{
    const struct database_table *table = self;
    uint8_t key[KEY_BYTES];

    write_key(&place->blob, place->column, key);
    return database_get(table, &(struct database_bytes){key, sizeof(key)}, out_size);
}

struct listing {
    const struct bytes32 *blob;
    uint32_t *columns;
    size_t count;
    size_t max;
};

static bool list(void *self, const struct database_bytes *key)
{
    struct listing *listing = self;

    if (key->size != KEY_BYTES || memcmp(key->bytes, listing->blob->bytes, 32) != 0 ||
        listing->count == listing->max)
        return false;
    listing->columns[listing->count++] = (uint32_t)key->bytes[32] << 8 | key->bytes[33];
    return true;
}

static size_t columns(void *self, const struct bytes32 *blob, uint32_t *out, size_t max)
{
    const struct database_table *table = self;
    struct listing listing = {.blob = blob, .columns = out, .max = max};
    uint8_t first[KEY_BYTES];

    write_key(blob, 0, first);
    database_walk(table, &(struct database_bytes){first, sizeof(first)}, list, &listing);
    return listing.count;
}

bool da_database_open(struct database *database, struct da_store *out, struct reason *why)
{
    struct database_table *table = memory_new(1, sizeof(*table));

    if (!database_table_open(database, "columns", table, why)) {
        free(table);
        return false;
    }
    *out = (struct da_store){.self = table, .put = put, .get = get, .columns = columns};
    return true;
}

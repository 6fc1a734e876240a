/* database.h - the store that survives the process: of blocks, and of tables for others.
 *
 * A directory with an LMDB database (data.mdb) and a lock file. Every write is one transaction
 * of the database: whatever moment the process is killed in, the database is as it was before or
 * after it. It is not synced to the disk, so a machine that loses power may lose the latest
 * blocks, or all of them; a development node then fetches them from its peers. One process at a
 * time, one thread. The only user of LMDB. */
#ifndef DEVNODE_SHELL_DATABASE_H
#define DEVNODE_SHELL_DATABASE_H

#include "devnode/core/reason.h"
#include "devnode/core/store.h"

/* Address space, not memory or disk: the file grows with what is in it. */
#define DATABASE_BYTES_MAX ((size_t)32 << 30)

struct database;

/* Opens the directory and makes it if need be (its parent must exist). NULL and a reason when it
 * cannot, or when another process has it open. `fail` is called when a write cannot be done (a full
 * disk) or the database is of another network; it must not return. */
typedef void (*database_failure)(void *self, const char *text);
struct database *database_open(
    const char *path, database_failure fail, void *fail_self, struct reason *why);
void database_close(struct database *database);

struct store database_store(struct database *database);

/* Calls `visit` for every block in the order in which they were put, until it answers false.
 * Answers what the last call did. */
typedef bool (*database_visitor)(void *self, const uint8_t *bytes, size_t size);
bool database_replay(struct database *database, database_visitor visit, void *self);

/* --- tables of others ------------------------------------------------------------------------- */

/* A table of its own for some part of the node; at most DATABASE_TABLES_MAX with those of blocks. */
#define DATABASE_TABLES_MAX 8

struct database_table {
    struct database *database;
    unsigned number;
};

/* Not terminated. */
struct database_bytes {
    const uint8_t *bytes;
    size_t size;
};

bool database_table_open(
    struct database *database, const char *name, struct database_table *out, struct reason *why);
/* Keeps what is there already. A write that cannot be done ends in `fail`, as for blocks. */
void database_put(const struct database_table *table, const struct database_bytes *key,
    const struct database_bytes *value);
/* A copy, to be freed; NULL when it is not there. */
uint8_t *database_get(
    const struct database_table *table, const struct database_bytes *key, size_t *out_size);
/* Calls `visit` for the keys from `first` on, in order, until it answers false. It must not write. */
typedef bool (*database_key_visitor)(void *self, const struct database_bytes *key);
void database_walk(const struct database_table *table, const struct database_bytes *first,
    database_key_visitor visit, void *self);

/* --- blocks ----------------------------------------------------------------------------------- */

/* Number of blocks. */
uint64_t database_block_count(struct database *database);

/* The last final height; zero when there is only genesis, or nothing. */
uint64_t database_final_height(struct database *database);

#endif

#include "devnode/shell/database.h"

#include <errno.h>
#include <fcntl.h>
#include <lmdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "devnode/core/memory.h"
#include "nomos/hex.h"

struct database {
    MDB_env *env;
    MDB_dbi blocks; /* u64 in order of arrival to block */
    MDB_dbi places; /* block id to u64 */
    MDB_dbi final;  /* u64 height to block id */
    MDB_dbi txs;    /* transaction id to block id */
    int lock_fd;
    char *path;
    database_failure fail;
    void *fail_self;
};

static void fail(struct database *database, const char *what, int code)
{
    char text[REASON_BYTES_MAX];

    (void)snprintf(
        text, sizeof(text), "database %s: %s: %s", database->path, what, mdb_strerror(code));
    database->fail(database->fail_self, text);
    abort(); /* it was not to return */
}

static MDB_val value_of(const void *bytes, size_t size)
{
    return (MDB_val){.mv_size = size, .mv_data = (void *)(uintptr_t)bytes};
}

static bool lock(struct database *database, struct reason *why)
{
    char path[4096];
    int length = snprintf(path, sizeof(path), "%s/lock", database->path);

    if (length < 0 || (size_t)length >= sizeof(path))
        return reason_set(why, "database path is longer than %zu bytes", sizeof(path));
    if (mkdir(database->path, 0777) && errno != EEXIST)
        return reason_set(why, "cannot make %s: %s", database->path, strerror(errno));
    database->lock_fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0644);
    if (database->lock_fd < 0)
        return reason_set(why, "cannot open %s: %s", path, strerror(errno));
    if (flock(database->lock_fd, LOCK_EX | LOCK_NB))
        return reason_set(
            why, "database %s is in use by another process, stop it first", database->path);
    return true;
}

static int open_tables(struct database *database, MDB_txn *txn)
{
    int code = mdb_dbi_open(txn, "blocks", MDB_CREATE | MDB_INTEGERKEY, &database->blocks);

    if (!code)
        code = mdb_dbi_open(txn, "places", MDB_CREATE, &database->places);
    if (!code)
        code = mdb_dbi_open(txn, "final", MDB_CREATE | MDB_INTEGERKEY, &database->final);
    if (!code)
        code = mdb_dbi_open(txn, "txs", MDB_CREATE, &database->txs);
    return code;
}

static int open_environment(struct database *database)
{
    /* The lock file keeps other processes out, which is all that LMDB's own lock would do. */
    const unsigned flags = MDB_NOSYNC | MDB_NOLOCK | MDB_NOTLS | MDB_NORDAHEAD;
    MDB_txn *txn = NULL;
    int code = mdb_env_create(&database->env);

    if (!code)
        code = mdb_env_set_maxdbs(database->env, DATABASE_TABLES_MAX);
    if (!code)
        code = mdb_env_set_mapsize(database->env, DATABASE_BYTES_MAX);
    if (!code)
        code = mdb_env_open(database->env, database->path, flags, 0644);
    if (!code)
        code = mdb_txn_begin(database->env, NULL, 0, &txn);
    if (code)
        return code;
    code = open_tables(database, txn);
    if (code) {
        mdb_txn_abort(txn);
        return code;
    }
    return mdb_txn_commit(txn);
}

struct database *database_open(
    const char *path, database_failure failure, void *fail_self, struct reason *why)
{
    struct database *database = memory_new(1, sizeof(*database));
    int code;

    database->lock_fd = -1;
    database->path = memory_text(path);
    database->fail = failure;
    database->fail_self = fail_self;
    if (!lock(database, why)) {
        database_close(database);
        return NULL;
    }
    code = open_environment(database);
    if (code) {
        reason_format(why, "cannot open database %s: %s", path, mdb_strerror(code));
        database_close(database);
        return NULL;
    }
    return database;
}

void database_close(struct database *database)
{
    if (!database)
        return;
    if (database->env)
        mdb_env_close(database->env);
    if (database->lock_fd >= 0)
        (void)close(database->lock_fd);
    free(database->path);
    free(database);
}

static MDB_txn *begin(struct database *database, unsigned flags)
{
    MDB_txn *txn = NULL;
    int code = mdb_txn_begin(database->env, NULL, flags, &txn);

    if (code)
        fail(database, "cannot begin", code);
    return txn;
}

static void put(struct database *database, MDB_txn *txn, MDB_dbi table, MDB_val key, MDB_val value)
{
    int code = mdb_put(txn, table, &key, &value, 0);

    if (code)
        fail(database, "cannot write", code);
}

static void commit(struct database *database, MDB_txn *txn)
{
    int code = mdb_txn_commit(txn);

    if (code)
        fail(database, "cannot commit", code);
}

/* The largest key of a table with number keys; false when it is empty. */
static bool last_number(struct database *database, MDB_txn *txn, MDB_dbi table, uint64_t *out)
{
    MDB_cursor *cursor = NULL;
    MDB_val key;
    MDB_val value;
    int code = mdb_cursor_open(txn, table, &cursor);

    if (code)
        fail(database, "cannot read", code);
    code = mdb_cursor_get(cursor, &key, &value, MDB_LAST);
    if (!code)
        memcpy(out, key.mv_data, sizeof(*out));
    mdb_cursor_close(cursor);
    return !code;
}

static void put_block(void *self, const struct bytes32 *id, const uint8_t *bytes, size_t size)
{
    struct database *database = self;
    MDB_txn *txn = begin(database, 0);
    MDB_val key = value_of(id, sizeof(*id));
    MDB_val found;
    uint64_t last;
    uint64_t place = 0;

    if (!mdb_get(txn, database->places, &key, &found)) {
        mdb_txn_abort(txn);
        return;
    }
    if (last_number(database, txn, database->blocks, &last))
        place = last + 1;
    put(database, txn, database->places, key, value_of(&place, sizeof(place)));
    put(database, txn, database->blocks, value_of(&place, sizeof(place)), value_of(bytes, size));
    commit(database, txn);
}

static uint8_t *get_block(void *self, const struct bytes32 *id, size_t *out_size)
{
    struct database *database = self;
    MDB_txn *txn = begin(database, MDB_RDONLY);
    MDB_val key = value_of(id, sizeof(*id));
    MDB_val place;
    MDB_val block;
    uint8_t *bytes = NULL;

    if (!mdb_get(txn, database->places, &key, &place) &&
        !mdb_get(txn, database->blocks, &place, &block)) {
        bytes = memory_copy(block.mv_data, block.mv_size);
        *out_size = block.mv_size;
    }
    mdb_txn_abort(txn);
    return bytes;
}

/* A database is of the network whose genesis block it was made with. */
static void check_genesis(
    struct database *database, const struct bytes32 *stored, const struct bytes32 *id)
{
    char text[REASON_BYTES_MAX];
    char theirs[HEX32_SIZE];
    char ours[HEX32_SIZE];

    if (bytes32_equal(stored, id))
        return;
    hex_from_bytes32(stored, theirs);
    hex_from_bytes32(id, ours);
    (void)snprintf(text, sizeof(text),
        "database %s is of another network: its genesis block is %s, the configuration's is %s; "
        "remove it or choose another storage.db_path",
        database->path, theirs, ours);
    database->fail(database->fail_self, text);
    abort();
}

static void finalise(void *self, uint64_t height, const struct bytes32 *id,
    const struct bytes32 *tx_ids, size_t tx_count)
{
    struct database *database = self;
    MDB_txn *txn = begin(database, 0);
    MDB_val key = value_of(&height, sizeof(height));
    MDB_val found;

    if (!height && !mdb_get(txn, database->final, &key, &found))
        check_genesis(database, found.mv_data, id);
    put(database, txn, database->final, key, value_of(id, sizeof(*id)));
    for (size_t i = 0; i < tx_count; i++)
        put(database, txn, database->txs, value_of(&tx_ids[i], sizeof(*tx_ids)),
            value_of(id, sizeof(*id)));
    commit(database, txn);
}

static bool get_id(struct database *database, MDB_dbi table, MDB_val key, struct bytes32 *out)
{
    MDB_txn *txn = begin(database, MDB_RDONLY);
    MDB_val found;
    bool is_found = !mdb_get(txn, table, &key, &found) && found.mv_size == sizeof(*out);

    if (is_found)
        memcpy(out, found.mv_data, sizeof(*out));
    mdb_txn_abort(txn);
    return is_found;
}

static bool block_at(void *self, uint64_t height, struct bytes32 *out_id)
{
    struct database *database = self;

    return get_id(database, database->final, value_of(&height, sizeof(height)), out_id);
}

static bool block_of_tx(void *self, const struct bytes32 *tx_id, struct bytes32 *out_block)
{
    struct database *database = self;

    return get_id(database, database->txs, value_of(tx_id, sizeof(*tx_id)), out_block);
}

struct store database_store(struct database *database)
{
    return (struct store){
        .self = database,
        .put_block = put_block,
        .get_block = get_block,
        .finalise = finalise,
        .block_at = block_at,
        .block_of_tx = block_of_tx,
    };
}

bool database_replay(struct database *database, database_visitor visit, void *self)
{
    bool goes_on = true;

    /* One transaction for each block: the visitor writes to the database. */
    for (uint64_t place = 0; goes_on; place++) {
        MDB_txn *txn = begin(database, MDB_RDONLY);
        MDB_val key = value_of(&place, sizeof(place));
        MDB_val block;
        int code = mdb_get(txn, database->blocks, &key, &block);
        uint8_t *bytes = code ? NULL : memory_copy(block.mv_data, block.mv_size);
        size_t size = code ? 0 : block.mv_size;

        mdb_txn_abort(txn);
        if (code)
            break;
        goes_on = visit(self, bytes, size);
        free(bytes);
    }
    return goes_on;
}

uint64_t database_block_count(struct database *database)
{
    MDB_txn *txn = begin(database, MDB_RDONLY);
    uint64_t last = 0;
    uint64_t count = last_number(database, txn, database->blocks, &last) ? last + 1 : 0;

    mdb_txn_abort(txn);
    return count;
}

uint64_t database_final_height(struct database *database)
{
    MDB_txn *txn = begin(database, MDB_RDONLY);
    uint64_t height = 0;

    (void)last_number(database, txn, database->final, &height);
    mdb_txn_abort(txn);
    return height;
}

/* --- tables of others ------------------------------------------------------------------------- */

bool database_table_open(
    struct database *database, const char *name, struct database_table *out, struct reason *why)
{
    MDB_txn *txn = begin(database, 0);
    int code = mdb_dbi_open(txn, name, MDB_CREATE, &out->number);

    if (code) {
        mdb_txn_abort(txn);
        return reason_set(
            why, "database %s: cannot open table %s: %s", database->path, name, mdb_strerror(code));
    }
    commit(database, txn);
    out->database = database;
    return true;
}

void database_put(const struct database_table *table, const struct database_bytes *key,
    const struct database_bytes *value)
{
    struct database *database = table->database;
    MDB_txn *txn = begin(database, 0);
    MDB_val at = value_of(key->bytes, key->size);
    MDB_val what = value_of(value->bytes, value->size);
    int code = mdb_put(txn, table->number, &at, &what, MDB_NOOVERWRITE);

    if (code && code != MDB_KEYEXIST)
        fail(database, "cannot write", code);
    commit(database, txn);
}

uint8_t *database_get(
    const struct database_table *table, const struct database_bytes *key, size_t *out_size)
{
    MDB_txn *txn = begin(table->database, MDB_RDONLY);
    MDB_val at = value_of(key->bytes, key->size);
    MDB_val found;
    uint8_t *bytes = NULL;

    if (!mdb_get(txn, table->number, &at, &found)) {
        bytes = memory_copy(found.mv_data, found.mv_size);
        *out_size = found.mv_size;
    }
    mdb_txn_abort(txn);
    return bytes;
}

void database_walk(const struct database_table *table, const struct database_bytes *first,
    database_key_visitor visit, void *self)
{
    MDB_txn *txn = begin(table->database, MDB_RDONLY);
    MDB_val at = value_of(first->bytes, first->size);
    MDB_cursor *cursor = NULL;
    MDB_val value;
    int code = mdb_cursor_open(txn, table->number, &cursor);

    if (code)
        fail(table->database, "cannot read", code);
    code = mdb_cursor_get(cursor, &at, &value, MDB_SET_RANGE);
    while (!code && visit(self, &(struct database_bytes){.bytes = at.mv_data, .size = at.mv_size}))
        code = mdb_cursor_get(cursor, &at, &value, MDB_NEXT);
    mdb_cursor_close(cursor);
    mdb_txn_abort(txn);
}

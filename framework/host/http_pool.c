#include "framework/host/http_pool.h"

#include <arpa/inet.h>
#include <assert.h>
#include <errno.h>
#include <stddef.h>
#include <string.h>

#include "framework/base/mem.h"

socklen_t pool_address_parse(const struct http_address *address, union pool_address *out)
{
    *out = (union pool_address){.un = {0}};
    switch (address->transport) {
    case HTTP_TCP:
        if (inet_pton(AF_INET, address->host, &out->in.sin_addr) == 1) {
            out->in.sin_family = AF_INET;
            out->in.sin_port = htons(address->port);
            return sizeof out->in;
        }
        if (inet_pton(AF_INET6, address->host, &out->in6.sin6_addr) == 1) {
            out->in6.sin6_family = AF_INET6;
            out->in6.sin6_port = htons(address->port);
            return sizeof out->in6;
        }
        return 0;
    case HTTP_UNIX:
        out->un.sun_family = AF_UNIX;
        memcpy(out->un.sun_path, address->host, strlen(address->host) + 1);
        return sizeof out->un;
    case HTTP_TLS:
        break;
    }
    return 0;
}

assay_status pool_for(
    struct native *native, const struct http_exchange *exchange, struct pool **out)
{
    struct pool *known = map_get(&native->pools, exchange->address_text);
    auto_free struct pool *pool = NULL;
    assay_status s;

    if (known) {
        *out = known;
        return ASSAY_OK;
    }
    pool = mem_new(sizeof *pool);
    if (!pool)
        return ASSAY_E_NOMEM;
    pool->address_size = pool_address_parse(&exchange->address, &pool->address);
    if (pool->address_size == 0)
        return ASSAY_E_UNSUPPORTED;
    pool->native = native;
    TAILQ_INIT(&pool->waiting);
    TAILQ_INIT(&pool->idle);
    s = map_put(&native->pools, exchange->address_text, pool);
    if (!s)
        *out = take(pool); /* the map owns it */
    return s;
}

void pool_free(void *pool)
{
    const struct pool *dead = pool;

    assert(dead->connection_count == 0 && TAILQ_EMPTY(&dead->waiting));
    (void)dead; /* without assertions */
    free(pool);
}

void pool_mark_ready(struct pool *pool)
{
    if (pool->is_ready)
        return;
    pool->is_ready = true;
    TAILQ_INSERT_TAIL(&pool->native->ready, pool, in_ready);
}

void pool_enqueue(struct pool *pool, struct http_exchange *exchange)
{
    exchange->stage = HTTP_STAGE_WAITING;
    exchange->carrier = pool;
    if (exchange->is_repeated)
        TAILQ_INSERT_HEAD(&pool->waiting, exchange, queue);
    else
        TAILQ_INSERT_TAIL(&pool->waiting, exchange, queue);
    pool_mark_ready(pool);
}

/* No connection may be opened now. A pool that has some goes on with those; only one that has none
   needs help. */
static void mark_starving(struct pool *pool)
{
    if (pool->is_starving || pool->connection_count > 0)
        return;
    pool->is_starving = true;
    TAILQ_INSERT_TAIL(&pool->native->starving, pool, in_starving);
}

/* The connection used last, so that those not needed age and are dropped. One that was idle for
   long is about to be closed by the server, and a request sent into that could be lost. */
static struct connection *take_idle(struct pool *pool)
{
    const assay_ns now = pool->native->base.config.now();
    struct connection *connection = TAILQ_FIRST(&pool->idle);

    if (connection && now - connection->idle_since > HTTP_IDLE_MAX_S * ASSAY_SECOND) {
        while ((connection = TAILQ_FIRST(&pool->idle)))
            connection_close(connection); /* the others have been idle for longer */
        return NULL;
    }
    if (!connection)
        return NULL;
    TAILQ_REMOVE(&pool->idle, connection, in_pool);
    TAILQ_REMOVE(&pool->native->idle, connection, in_all);
    return connection;
}

/* A new connection with a socket; NULL and *error_number when there is none. */
static struct connection *open_new(struct pool *pool, int *error_number)
{
    struct connection *connection = connection_new(pool);

    if (!connection) {
        *error_number = ENOMEM;
        return NULL;
    }
    *error_number = connection_open(connection);
    if (*error_number == 0)
        return connection;
    connection_close(connection);
    return NULL;
}

/* A connection for the next in line; NULL and 0: it has to wait. */
static struct connection *find_connection(
    struct pool *pool, const struct http_exchange *exchange, int *error_number)
{
    struct native *native = pool->native;
    struct connection *connection = NULL;

    *error_number = 0;
    if (!exchange->is_repeated)
        connection = take_idle(pool);
    else if (!TAILQ_EMPTY(&pool->idle)) /* it has met a stale one; make room for a fresh one */
        connection_close(TAILQ_LAST(&pool->idle, connection_list));
    if (connection || pool->connection_count >= native->base.config.connections_per_address)
        return connection;
    if (native->connection_count >= native->connection_max) {
        mark_starving(pool);
        return NULL;
    }
    connection = open_new(pool, error_number);
    if (!connection && (*error_number == EMFILE || *error_number == ENFILE) &&
        native->connection_count > 0) {
        /* The process has no more descriptors: make do with the connections there are. */
        native->connection_max = native->connection_count;
        mark_starving(pool);
        *error_number = 0;
    }
    return connection;
}

static void pool_serve(struct pool *pool)
{
    struct native *native = pool->native;
    struct http_exchange *exchange;

    while ((exchange = TAILQ_FIRST(&pool->waiting))) {
        int error_number = 0;
        struct connection *connection = find_connection(pool, exchange, &error_number);

        if (!connection && error_number == 0)
            return;
        TAILQ_REMOVE(&pool->waiting, exchange, queue);
        if (connection) {
            connection_begin(connection, exchange);
            continue;
        }
        http_heap_remove(&native->heap, exchange);
        http_engine_fail(&native->base, exchange, status_of_errno(error_number),
            "no socket for a connection to %s: %s%s", exchange->address_text,
            strerrordesc_np(error_number),
            error_number == EMFILE ? "; allow more with \"ulimit -n\"" : "");
    }
}

/* Makes room in the total for a pool that starves: the connection idle for the longest time has
   to go. False: all are busy. */
static bool make_room(struct native *native)
{
    struct connection *oldest;

    if (native->connection_count < native->connection_max)
        return true;
    oldest = TAILQ_LAST(&native->idle, connection_list);
    if (!oldest)
        return false;
    connection_close(oldest);
    return true;
}

/* Starving pools come first: once there are more addresses than connections, each address gets its
   turn, instead of the busiest keeping what it has. */
static void feed_starving(struct native *native)
{
    struct pool *pool;

    while ((pool = TAILQ_FIRST(&native->starving))) {
        if (!TAILQ_EMPTY(&pool->waiting) && !make_room(native))
            return;
        TAILQ_REMOVE(&native->starving, pool, in_starving);
        pool->is_starving = false;
        pool_serve(pool);
    }
}

void pools_serve(struct native *native)
{
    struct pool *pool;

    feed_starving(native);
    while ((pool = TAILQ_FIRST(&native->ready))) {
        TAILQ_REMOVE(&native->ready, pool, in_ready);
        pool->is_ready = false;
        pool_serve(pool);
        feed_starving(native);
    }
}

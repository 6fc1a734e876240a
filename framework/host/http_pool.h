/* Connections of the native engine, in pools: one pool per address. For http_native.c,
   http_pool.c and http_connection.c alone; everything here belongs to the engine's thread.

   Who owns what: the engine has pools for its lifetime; a pool has connections; a connection
   carries at most one exchange. Exchanges that found no connection wait in their pool's line.

       exchange: scheduled --at--> waiting --pool_serve--> active --> ended
       connection:     connecting -> sending -> receiving -> idle -> sending ...

   Nothing is served on the spot. Whatever might let an exchange proceed (it arrived, a connection
   became idle or closed) marks the pool as ready, and pools_serve does the rest once per turn of
   the engine's loop; so no chain of callbacks can recurse. Closed connections are freed at the end
   of the turn, when no event of the same turn can refer to them any more. */
#ifndef ASSAY_HOST_HTTP_POOL_H
#define ASSAY_HOST_HTTP_POOL_H

#include <sys/socket.h>
#include <sys/un.h>

#include <netinet/in.h>

#include "framework/base/map.h"
#include "framework/host/http_engine.h"
#include "framework/host/http_heap.h"

enum {
    POOLS_MAX = 65536,       /* addresses ever spoken to: nodes times ports */
    RECEIVE_SIZE = 64 * 1024 /* per system call; also what one connection may take per turn */
};

enum connection_state {
    CONNECTION_CONNECTING,
    CONNECTION_SENDING,
    CONNECTION_RECEIVING,
    CONNECTION_IDLE,
    CONNECTION_CLOSED
};

struct connection {
    TAILQ_ENTRY(connection) in_pool; /* idle ones, the latest first; closed ones: the graveyard */
    TAILQ_ENTRY(connection) in_all;  /* idle ones of all pools, the latest first */
    struct pool *pool;
    struct http_exchange *exchange; /* NULL: idle or closed */
    struct http_parser parser;
    enum connection_state state;
    int fd;
    int send_error;  /* errno of a send that failed; the reply may still be readable */
    uint32_t events; /* that epoll watches for */
    size_t written;  /* bytes of the request */
    assay_ns idle_since;
    bool was_used; /* it has carried an exchange to its end */
};
TAILQ_HEAD(connection_list, connection);

union pool_address {
    struct sockaddr any;
    struct sockaddr_in in;
    struct sockaddr_in6 in6;
    struct sockaddr_un un;
};

struct pool {
    TAILQ_ENTRY(pool) in_ready;
    TAILQ_ENTRY(pool) in_starving;
    struct native *native;
    struct http_exchange_list waiting;
    struct connection_list idle;
    uint32_t connection_count; /* idle ones included */
    bool is_ready;             /* something may proceed */
    bool is_starving;          /* has no connection, and may not open one */
    socklen_t address_size;
    union pool_address address;
};
TAILQ_HEAD(pool_list, pool);

struct native {
    struct http_engine base;
    pthread_t thread;
    int epoll_fd, wake_fd, timer_fd;
    assay_ns armed_at; /* the timer goes off then; INT64_MAX: it does not */
    struct http_heap heap;
    uint64_t next_order;
    struct map pools; /* by address_text */
    struct pool_list ready, starving;
    struct connection_list idle;   /* of all pools */
    struct connection_list closed; /* to be freed */
    uint32_t connection_count;
    uint32_t connection_max; /* lowered when the process runs out of descriptors */
    char *buffer;            /* RECEIVE_SIZE bytes, used within one call */
};

/* The address as the kernel wants it; 0 when it is not for us. */
socklen_t pool_address_parse(const struct http_address *address, union pool_address *out);

/* The pool for the exchange's address, made if need be. */
assay_status pool_for(
    struct native *native, const struct http_exchange *exchange, struct pool **out);
void pool_free(void *pool);

/* Puts an exchange into line, at the end or (a repeated one) at the front. */
void pool_enqueue(struct pool *pool, struct http_exchange *exchange);
/* Something changed: look at this pool before the engine sleeps. */
void pool_mark_ready(struct pool *pool);
/* Serves all that are ready or starving. */
void pools_serve(struct native *native);

/* ---- http_connection.c ---- */

/* A connection without a socket yet; NULL without memory. */
struct connection *connection_new(struct pool *pool);
/* Puts the exchange on it and sends, or begins to connect. */
void connection_begin(struct connection *connection, struct http_exchange *exchange);
/* 0, or the errno value for which there is no socket. */
int connection_open(struct connection *connection);
void connection_handle(struct connection *connection, uint32_t events);
/* Closes it. The exchange on it, if any, is the caller's to end. */
void connection_close(struct connection *connection);
/* Frees what connection_close has closed. */
void connections_bury(struct native *native);
/* Ends an exchange whose deadline has passed, with a text that says how far it came. */
void exchange_time_out(struct native *native, struct http_exchange *exchange);
/* Takes it from wherever it is, so that it can be ended. */
void exchange_withdraw(struct native *native, struct http_exchange *exchange);

#endif

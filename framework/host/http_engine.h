/* An HTTP engine: sends exchanges at their moments, thousands at a time, on a thread of its own.

       struct http_engine_config config = {.now = read_monotonic_clock};
       auto_http_engine struct http_engine *engine = NULL;
       s = http_native_new(&config, &engine, err);            or http_curl_new
       s = http_engine_submit(engine, exchange);
       ...
       http_engine_cancel(engine, exchange);

   Open loop is the normal case: an exchange is sent at its moment `at`, whatever others do. When
   all connections to its address are busy it waits in line while its clock runs, so the time from
   `at` to `done` is what a user would have seen, also when the node freezes.

   When a connection breaks: an exchange is tried once more, on a fresh connection, if its
   connection had been used before, no byte of a reply had come, and doing it twice does no harm:
   its method is idempotent, or the kernel had not taken a single byte of it. A POST that may have
   reached the node is never sent twice; it fails, and says so.

   submit, cancel and stats: any thread, `done` callbacks included; they never block. free: not from
   a callback. Two engines implement it: native (http_native.h: plain HTTP, built for load) and
   curl (http_curl.h: TLS and names, loaded when first needed). */
#ifndef ASSAY_HOST_HTTP_ENGINE_H
#define ASSAY_HOST_HTTP_ENGINE_H

#include <pthread.h>

#include "framework/host/http_exchange.h"

enum {
    HTTP_CONNECTIONS_PER_ADDRESS = 64, /* more gain nothing on one node, and hide that it is slow */
    HTTP_CONNECTIONS_MAX = 4096,       /* 64 nodes under full load */
    HTTP_EXCHANGES_MAX = 65536,        /* in flight; about a kilobyte each */
    HTTP_IDLE_MAX_S = 4                /* common servers close idle connections after 5 s */
};

struct http_engine_config {
    assay_ns (*now)(void);            /* reads CLOCK_MONOTONIC */
    uint32_t connections_per_address; /* 0: 64 */
    uint32_t connections_max;         /* 0: 4,096, or half of RLIMIT_NOFILE when that is less */
    uint32_t exchanges_max;           /* 0: 65,536 */
    /* Called on the engine's thread when a request's last byte was handed to the kernel, `lag`
       after it was meant to be. May be NULL. */
    void (*on_sent)(void *context, assay_ns lag);
    void *context;
};

struct http_stats {
    uint64_t submitted; /* accepted by submit; each ends as exactly one of the next four */
    uint64_t answered;
    uint64_t failed;
    uint64_t timed_out;
    uint64_t cancelled;
    uint64_t refused;  /* by submit: too many in flight */
    uint64_t sent;     /* requests handed to the kernel whole */
    uint64_t missed;   /* ended without having been sent whole, for whatever reason */
    uint64_t repeated; /* tried on a second connection */
    uint64_t connections_opened;
    uint32_t connections_open;
    uint32_t in_flight, in_flight_peak;
    assay_ns lag_max;
};

struct http_engine;

/* The engine takes a reference and calls `done` exactly once, also after cancel and free.
   ASSAY_E_LAGGED: too many in flight; then `done` is not called. An exchange is submitted once. */
assay_status http_engine_submit(struct http_engine *engine, struct http_exchange *exchange);

/* Asks for its end: `done` follows soon, with ASSAY_E_CANCELLED unless it ended otherwise before.
   The caller must hold a reference. Fine when it has ended. */
void http_engine_cancel(struct http_engine *engine, struct http_exchange *exchange);

void http_engine_stats(struct http_engine *engine, struct http_stats *out);

/* Cancels all, waits for the engine's thread, frees. Accepts NULL. */
void http_engine_free(struct http_engine *engine);
CLEANUP_DEFINE(auto_http_engine, struct http_engine *, http_engine_free)
#define auto_http_engine CLEANUP(auto_http_engine)

/* ---- for engines: what they have in common ---- */

struct http_engine_ops {
    void (*wake)(struct http_engine *engine); /* ends the sleep of its thread; any thread */
    void (*free)(struct http_engine *engine); /* joins the thread, calls http_engine_done, frees */
};

/* First member of an engine's struct. */
struct http_engine {
    const struct http_engine_ops *ops;
    struct http_engine_config config; /* defaults filled in */

    pthread_mutex_t lock; /* guards all below */
    struct http_exchange_list submitted;
    struct http_exchange_list cancelled; /* with a reference each */
    bool is_asleep;                      /* its thread waits, or is about to */
    bool is_closing;
    struct http_stats stats;
};

/* ASSAY_E_IO: no mutex. */
assay_status http_engine_init(struct http_engine *engine, const struct http_engine_ops *ops,
    const struct http_engine_config *config);
void http_engine_done(struct http_engine *engine);

/* Starts the engine's thread with all signals blocked. */
assay_status http_engine_start(
    struct http_engine *engine, pthread_t *thread, void *(*main)(void *), struct error *err);
/* For ops->free: tells the thread to end, and waits until it has. */
void http_engine_stop(struct http_engine *engine, pthread_t thread);

/* Moves what has come since the last time to the caller's lists. False: the engine is closing. */
bool http_engine_take(struct http_engine *engine, struct http_exchange_list *submitted,
    struct http_exchange_list *cancelled);
/* May the thread sleep? If so, whoever submits from now on wakes it. */
bool http_engine_may_sleep(struct http_engine *engine);

/* A connection was opened (1) or closed (-1). */
void http_engine_note_connections(struct http_engine *engine, int change);
/* The exchange is going to be tried again: what came so far is forgotten. */
void http_engine_note_repeat(struct http_engine *engine, struct http_exchange *exchange);

/* The request's last byte went to the kernel at this moment. */
void http_engine_sent(struct http_engine *engine, struct http_exchange *exchange, assay_ns now);
/* Ends an exchange: record the moment, count, call `done`, give up the engine's reference. succeed
   wants code and content type filled in; fail drops code and body and notes why. */
void http_engine_succeed(struct http_engine *engine, struct http_exchange *exchange);
void http_engine_fail(struct http_engine *engine, struct http_exchange *exchange,
    assay_status status, const char *format, ...) __attribute__((format(printf, 4, 5)));

#endif

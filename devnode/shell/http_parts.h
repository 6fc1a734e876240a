/* http_parts.h - the inside of the HTTP server, shared by the files that make it up.
 *
 *     http.c           from request to handler: routes, bodies, errors on purpose
 *     http_exchange.c  requests that wait: for their turn, or for an answer
 *     http_limit.c     who asks too often
 *     http_reply.c     answers and streams
 *
 * Not for others: include http.h. */
#ifndef DEVNODE_SHELL_HTTP_PARTS_H
#define DEVNODE_SHELL_HTTP_PARTS_H

#include "devnode/shell/http.h"

struct event;
struct evhttp_request;

/* --- http_limit.c ----------------------------------------------------------------------------- */

/* Addresses that are remembered. Beyond, the one that has asked longest ago is forgotten: whoever
   can ask from so many addresses is not to be held up by this. */
#define HTTP_CLIENTS_MAX 1024u

struct http_client {
    uint8_t ip[16];
    uint64_t left;      /* requests that it may make at once */
    uint64_t filled_ns; /* when `left` last grew */
    uint64_t asked_ns;
};

struct http_limit {
    uint64_t interval_ns; /* one more request after each */
    uint64_t burst;       /* zero: no limit */
    struct http_client *clients;
    size_t count;
};

void http_limit_done(struct http_limit *limit);
/* Counts a request. Zero, or how many seconds the client has to wait. */
uint64_t http_limit_take(struct http_limit *limit, const uint8_t ip[16], uint64_t now_ns);

/* --- http_exchange.c -------------------------------------------------------------------------- */

/* What an exchange waits for. */
enum http_waiting {
    HTTP_WAITS_FOR_NOTHING = 0,
    HTTP_WAITS_FOR_TURN,   /* too many are being answered */
    HTTP_WAITS_ON_PURPOSE, /* MISBEHAVE_SLOW */
    HTTP_WAITS_FOR_ANSWER, /* deferred by its handler */
};

/* A request being answered. */
struct http_exchange {
    struct http_request view; /* the first member: what handlers get */
    struct http_server *server;
    struct evhttp_request *request; /* NULL: the connection is gone */
    const struct http_route *route;
    char *path;
    uint64_t deadline_ns;
    enum http_waiting waits_for;
    bool has_turn; /* counts among those being answered */
    struct event *timer;
    bool is_last; /* when the timer ends, so does the exchange: 408 */
    void (*gone)(void *self);
    void *gone_self;
    struct http_exchange *next;
    struct http_exchange **place; /* what points to this one */
};

struct http_server {
    struct http_params params;
    struct evhttp *http;
    struct evhttp_bound_socket *socket;
    struct http_limit limit;
    uint64_t error_count; /* requests that the sequence of errors has judged */
    struct http_exchange *exchanges;
    size_t turns; /* being answered */
};

uint64_t http_now_ns(void);
struct http_exchange *http_exchange_new(struct http_server *server, struct evhttp_request *request);
/* After its answer, or without one. Lets the next one have its turn. */
void http_exchange_end(struct http_exchange *exchange);
/* Ends it without an answer of its handler, which is told. */
void http_exchange_drop(struct http_exchange *exchange);
/* Goes on with http_go_on() when the wait is over: at once, or after so long. 408 when the deadline
 * comes before. */
void http_exchange_wait(struct http_exchange *exchange, enum http_waiting what, uint64_t delay_ns);

/* --- http.c ----------------------------------------------------------------------------------- */
/* The next step after a wait for the turn, or on purpose. */
void http_go_on(struct http_exchange *exchange, enum http_waiting was);

/* --- http_reply.c ----------------------------------------------------------------------------- */
/* Sends a status and a text. */
void http_send_failure(struct evhttp_request *to, int status, const char *text);

#endif

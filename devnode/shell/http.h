/* http.h - an HTTP/1.1 server for tables of routes.
 *
 * Does what is the same for every route: refuses clients that ask too often (429), finds the route
 * (404, 405), reads, checks and parses a JSON body, also of a GET (415, 400), refuses bodies beyond
 * the limit (413), lets requests wait while too many are being answered, gives up on answers that
 * take too long (408), and misbehaves when told to (late answers, errors). A route's handler then
 * answers with one of the http_reply functions, or with http_fail (422, 500), at once or later. A
 * thin layer over libevent's evhttp; all on the event loop's thread. */
#ifndef DEVNODE_SHELL_HTTP_H
#define DEVNODE_SHELL_HTTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "devnode/core/misbehave.h"
#include "devnode/core/reason.h"
#include "devnode/shell/config.h"
#include "nomos/text.h"

struct evbuffer;
struct event_base;
struct json_object;

enum http_method {
    HTTP_METHOD_GET = 0,
    HTTP_METHOD_POST,
    HTTP_METHOD_DELETE,
};

enum http_body {
    HTTP_BODY_NONE = 0, /* ignored if there is one */
    HTTP_BODY_JSON,     /* parsed into request->json */
    HTTP_BODY_RAW_JSON, /* must say that it is JSON; the handler parses request->body */
};

struct http_request;

struct http_route {
    const char *path; /* segments that begin with ':' match anything */
    enum http_method method;
    enum http_body body;
    unsigned roles; /* which roles of node serve it: a mask of enum node_role */
    /* Served faithfully whatever the misbehaviour: the switches themselves. */
    bool is_exempt;
    void (*handle)(void *self, struct http_request *request);
};

struct http_routes {
    const struct http_route *routes;
    size_t count;
};

/* One request, valid until it is answered. Exactly one answer must be given: in the handler, or,
 * after http_defer(), later. */
struct http_request {
    const char *path;     /* decoded */
    const char *query;    /* undecoded, NULL without one */
    const char *argument; /* what the path's ':' segment matched */
    /* Until the handler returns. */
    const char *body; /* not terminated */
    size_t body_size;
    struct json_object *json; /* may be NULL: the value null */
};

struct http_server;

/* Two tables: what every node serves, and what some part of it adds. */
#define HTTP_TABLES 2

struct http_params {
    struct event_base *base;
    const struct config_address *address;
    const struct config_limits *limits; /* outlive the server */
    struct http_routes tables[HTTP_TABLES];
    unsigned role;
    uint64_t seed;                             /* of the sequence of errors */
    const struct misbehaviours *misbehaviours; /* read at each request */
    void *self;                                /* for the handlers */
};

/* Binds and serves. NULL and a reason when it cannot. */
struct http_server *http_server_new(const struct http_params *params, struct reason *why);
/* Requests that wait are dropped, and deferred ones hear that they are gone. */
void http_server_free(struct http_server *server);
uint16_t http_server_port(const struct http_server *server);

/* 200 with a JSON text, which is emptied. */
void http_reply_json(struct http_request *request, struct text *text);
/* 200 with text of another type. */
void http_reply_text(struct http_request *request, const char *type, struct text *text);
/* Any other status with plain text. */
void http_fail(struct http_request *request, int status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* To be called in the handler that will answer later. `gone` is called when it must not answer any
 * more: the answer took too long (the client gets its 408), the client left, or the server ends. */
void http_defer(struct http_request *request, void (*gone)(void *self), void *self);

/* A value of the query, decoded, to be freed; NULL when it is not there. */
char *http_query_value(const struct http_request *request, const char *name);

/* --- streams: answers without an end ---------------------------------------------------------- */

/* A connection that does not read so many bytes is closed. */
#define HTTP_STREAM_BACKLOG_MAX (16u << 20)

/* A list of open streams of one kind. All zeros is empty. */
struct http_streams {
    struct http_stream *first;
    size_t count;
};

/* Answers 200 with type application/x-ndjson and keeps the connection among `streams`. */
void http_stream_open(struct http_request *request, struct http_streams *streams);
/* Sends the same line to all of them. */
void http_streams_send(struct http_streams *streams, const char *line, size_t size);
/* Closes all. */
void http_streams_done(struct http_streams *streams);

#endif

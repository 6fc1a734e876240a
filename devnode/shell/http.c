#include "devnode/shell/http.h"

#include <errno.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <event2/http.h>
#include <event2/keyvalq_struct.h>
#include <json-c/json.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "devnode/core/memory.h"
#include "devnode/shell/socket.h"
#include "nomos/hash.h"

/* No client of the API sends more; a longer head is an attack or a mistake. */
#define HEAD_BYTES_MAX 32768
/* Bodies that are not transactions nest two levels deep. */
#define JSON_DEPTH_MAX 16
/* Open connections without any traffic are closed. */
#define IDLE_SECONDS_MAX 3600

struct http_server {
    struct http_params params;
    struct evhttp *http;
    struct evhttp_bound_socket *socket;
    uint64_t error_count;       /* requests that the sequence of errors has judged */
    struct http_exchange *late; /* requests that wait because of MISBEHAVE_SLOW */
};

/* A request being answered. */
struct http_exchange {
    struct http_server *server;
    struct evhttp_request *request; /* NULL: the client is gone */
    const struct http_route *route;
    char *path;
    const char *argument;
    /* Of a late one. */
    struct event *timer;
    bool is_too_late;
    struct http_exchange *next;
    struct http_exchange **place;
};

/* --- answers ---------------------------------------------------------------------------------- */

static void set_type(struct evhttp_request *request, const char *type)
{
    struct evkeyvalq *headers = evhttp_request_get_output_headers(request);

    (void)evhttp_add_header(headers, "Content-Type", type);
    (void)evhttp_add_header(headers, "Access-Control-Allow-Origin", "*");
}

static void free_text(const void *bytes, size_t size, void *self)
{
    (void)size;
    (void)self;
    free((void *)(uintptr_t)bytes);
}

void http_reply_text(struct http_request *request, const char *type, struct text *text)
{
    struct evhttp_request *to = request->exchange->request;

    if (!text_ok(text)) {
        http_fail(request, 500, "the answer is too large");
        text_done(text);
        return;
    }
    set_type(to, type);
    /* A block is megabytes of text: handed over, not copied. */
    if (text->bytes)
        (void)evbuffer_add_reference(
            evhttp_request_get_output_buffer(to), text->bytes, text->size, free_text, NULL);
    *text = (struct text){.bytes = NULL};
    evhttp_send_reply(to, 200, "OK", NULL);
}

void http_reply_json(struct http_request *request, struct text *text)
{
    http_reply_text(request, "application/json", text);
}

static const char *phrase_of(int status)
{
    static const struct {
        int status;
        const char *phrase;
    } phrases[] = {
        {400, "Bad Request"},
        {404, "Not Found"},
        {405, "Method Not Allowed"},
        {408, "Request Timeout"},
        {413, "Payload Too Large"},
        {415, "Unsupported Media Type"},
        {422, "Unprocessable Entity"},
        {500, "Internal Server Error"},
    };

    for (size_t i = 0; i < sizeof(phrases) / sizeof(*phrases); i++) {
        if (phrases[i].status == status)
            return phrases[i].phrase;
    }
    return "Status";
}

static void send_failure(struct evhttp_request *to, int status, const char *text)
{
    set_type(to, "text/plain; charset=utf-8");
    (void)evbuffer_add(evhttp_request_get_output_buffer(to), text, strlen(text));
    evhttp_send_reply(to, status, phrase_of(status), NULL);
}

void http_fail(struct http_request *request, int status, const char *format, ...)
{
    char text[REASON_BYTES_MAX + 128];
    va_list arguments;

    va_start(arguments, format);
    (void)vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    send_failure(request->exchange->request, status, text);
}

char *http_query_value(const struct http_request *request, const char *name)
{
    struct evkeyvalq pairs;
    char *value = NULL;

    if (!request->query || evhttp_parse_query_str(request->query, &pairs))
        return NULL;
    const char *found = evhttp_find_header(&pairs, name);
    if (found)
        value = memory_text(found);
    evhttp_clear_headers(&pairs);
    return value;
}

/* --- from request to handler ------------------------------------------------------------------ */

/* Whether `path` is of the form of `route`; *argument is what its ':' segment matched. */
static bool matches(const char *route, char *path, const char **argument)
{
    while (*route && *path) {
        if (*route != ':') {
            if (*route++ != *path++)
                return false;
            continue;
        }
        size_t length = strcspn(path, "/");
        if (!length)
            return false;
        *argument = path;
        path += length;
        route += strcspn(route, "/");
    }
    return !*route && !*path;
}

static bool is_method(enum http_method wanted, enum evhttp_cmd_type got)
{
    switch (wanted) {
    case HTTP_METHOD_GET:
        return got == EVHTTP_REQ_GET || got == EVHTTP_REQ_HEAD;
    case HTTP_METHOD_POST:
        return got == EVHTTP_REQ_POST;
    case HTTP_METHOD_DELETE:
        return got == EVHTTP_REQ_DELETE;
    }
    return false;
}

/* The route of a request, or NULL and the status to answer. */
static const struct http_route *find_route(
    struct http_exchange *exchange, enum evhttp_cmd_type method, int *status)
{
    const struct http_params *params = &exchange->server->params;

    *status = 404;
    for (size_t i = 0; i < params->route_count; i++) {
        const struct http_route *route = &params->routes[i];

        if (!(route->roles & params->role) ||
            !matches(route->path, exchange->path, &exchange->argument))
            continue;
        if (is_method(route->method, method))
            return route;
        *status = 405;
    }
    return NULL;
}

static bool is_json_type(const char *type)
{
    size_t length = type ? strcspn(type, ";") : 0;

    while (length && type[length - 1] == ' ')
        length--;
    if (length == 16 && strncasecmp(type, "application/json", 16) == 0)
        return true;
    return length > 17 && strncasecmp(type, "application/", 12) == 0 &&
        strncasecmp(type + length - 5, "+json", 5) == 0;
}

static bool is_blank(const char *text, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        if (!strchr(" \t\r\n", text[i]) || !text[i])
            return false;
    }
    return true;
}

/* Parses a whole body. `text` has a terminator after `size` bytes, which ends a number. */
static bool parse_json(
    const char *text, size_t size, struct json_object **out, const char **problem)
{
    struct json_tokener *tokener = json_tokener_new_ex(JSON_DEPTH_MAX);
    bool is_parsed;

    if (!tokener) {
        *problem = "out of memory";
        return false;
    }
    json_tokener_set_flags(tokener, JSON_TOKENER_STRICT | JSON_TOKENER_ALLOW_TRAILING_CHARS);
    *out = json_tokener_parse_ex(tokener, text, (int)size + 1);
    enum json_tokener_error error = json_tokener_get_error(tokener);
    size_t end = json_tokener_get_parse_end(tokener);
    is_parsed =
        error == json_tokener_success && size && (end >= size || is_blank(text + end, size - end));
    *problem = error == json_tokener_success ? "unexpected characters after the value"
                                             : json_tokener_error_desc(error);
    json_tokener_free(tokener);
    if (!is_parsed) {
        json_object_put(*out);
        *out = NULL;
    }
    return is_parsed;
}

/* Calls the handler of a route with a JSON body, or refuses the body. */
static void handle_json(struct http_exchange *exchange, struct http_request *request)
{
    struct evhttp_request *from = exchange->request;
    struct evbuffer *input = evhttp_request_get_input_buffer(from);
    const char *type = evhttp_find_header(evhttp_request_get_input_headers(from), "Content-Type");
    const char *problem = NULL;

    if (!is_json_type(type)) {
        http_fail(request, 415, "the request must have `Content-Type: application/json`");
        return;
    }
    request->body_size = evbuffer_get_length(input);
    (void)evbuffer_add(input, "", 1);
    request->body = (const char *)evbuffer_pullup(input, -1);
    if (exchange->route->body == HTTP_BODY_RAW_JSON) {
        exchange->route->handle(exchange->server->params.self, request);
        return;
    }
    if (!parse_json(request->body, request->body_size, &request->json, &problem)) {
        http_fail(request, 400, "Failed to parse the request body as JSON: %s", problem);
        return;
    }
    struct json_object *json = request->json;
    exchange->route->handle(exchange->server->params.self, request);
    json_object_put(json);
}

/* Whether the sequence of errors has an error here. */
static bool errs(struct http_server *server)
{
    const struct misbehaviours *set = server->params.misbehaviours;
    uint8_t text[16];
    uint64_t drawn;

    if (!set->is_on[MISBEHAVE_ERRORS])
        return false;
    memcpy(text, &server->params.seed, 8);
    memcpy(text + 8, &server->error_count, 8);
    server->error_count++;
    struct bytes32 hash = hash_of(text, sizeof(text));
    memcpy(&drawn, hash.bytes, sizeof(drawn));
    return drawn % 100 < set->argument[MISBEHAVE_ERRORS];
}

static void serve(struct http_exchange *exchange)
{
    struct http_request request = {
        .exchange = exchange, .path = exchange->path, .argument = exchange->argument};

    if (exchange->is_too_late) {
        http_fail(&request, 408, "the answer took too long");
        return;
    }
    if (!exchange->route->is_exempt && errs(exchange->server)) {
        http_fail(&request, 500, "this node misbehaves: it was told to answer with errors");
        return;
    }
    request.query = evhttp_uri_get_query(evhttp_request_get_evhttp_uri(exchange->request));
    if (exchange->route->body == HTTP_BODY_NONE)
        exchange->route->handle(exchange->server->params.self, &request);
    else
        handle_json(exchange, &request);
}

/* --- late answers ----------------------------------------------------------------------------- */

static void late_free(struct http_exchange *late)
{
    if (late->request)
        evhttp_connection_set_closecb(evhttp_request_get_connection(late->request), NULL, NULL);
    *late->place = late->next;
    if (late->next)
        late->next->place = late->place;
    event_free(late->timer);
    free(late->path);
    free(late);
}

static void on_late_gone(struct evhttp_connection *connection, void *self)
{
    struct http_exchange *late = self;

    (void)connection;
    late->request = NULL; /* freed with its connection */
    late_free(late);
}

static void on_late(evutil_socket_t fd, short what, void *self)
{
    struct http_exchange *late = self;
    struct http_exchange now = *late;

    (void)fd;
    (void)what;
    now.path = memory_text(late->path);
    if (late->argument)
        now.argument = now.path + (late->argument - late->path);
    late_free(late);
    serve(&now);
    free(now.path);
}

static void serve_late(const struct http_exchange *exchange, uint64_t delay_ms)
{
    struct http_server *server = exchange->server;
    struct http_exchange *late = memory_copy(exchange, sizeof(*exchange));
    uint64_t delay_us = delay_ms * 1000;

    if (delay_us >= server->params.timeout_ns / 1000) {
        delay_us = server->params.timeout_ns / 1000;
        late->is_too_late = true;
    }
    struct timeval wait = {
        .tv_sec = (time_t)(delay_us / 1000000), .tv_usec = (suseconds_t)(delay_us % 1000000)};
    late->timer = evtimer_new(server->params.base, on_late, late);
    if (!late->timer || evtimer_add(late->timer, &wait)) {
        fputs("out of memory\n", stderr);
        abort();
    }
    late->next = server->late;
    late->place = &server->late;
    if (late->next)
        late->next->place = &late->next;
    server->late = late;
    evhttp_connection_set_closecb(evhttp_request_get_connection(late->request), on_late_gone, late);
}

/* --- server ----------------------------------------------------------------------------------- */

static void on_request(struct evhttp_request *request, void *self)
{
    struct http_server *server = self;
    const struct misbehaviours *set = server->params.misbehaviours;
    const struct evhttp_uri *uri = evhttp_request_get_evhttp_uri(request);
    const char *path = uri ? evhttp_uri_get_path(uri) : NULL;
    struct http_exchange exchange = {.server = server, .request = request};
    int status;

    if (!path) {
        send_failure(request, 400, "the request has no path");
        return;
    }
    exchange.path = evhttp_uridecode(path, 0, NULL);
    if (!exchange.path) {
        send_failure(request, 400, "the path cannot be decoded");
        return;
    }
    exchange.route = find_route(&exchange, evhttp_request_get_command(request), &status);
    if (!exchange.route) {
        send_failure(
            request, status, status == 404 ? "no such path" : "the path has another method");
    } else if (set->is_on[MISBEHAVE_SLOW] && !exchange.route->is_exempt) {
        serve_late(&exchange, set->argument[MISBEHAVE_SLOW]);
        return; /* the path lives on */
    } else {
        serve(&exchange);
    }
    free(exchange.path);
}

struct http_server *http_server_new(const struct http_params *params, struct reason *why)
{
    struct http_server *server = memory_new(1, sizeof(*server));

    server->params = *params;
    server->http = evhttp_new(params->base);
    if (!server->http) {
        reason_format(why, "cannot make an HTTP server");
        http_server_free(server);
        return NULL;
    }
    evhttp_set_gencb(server->http, on_request, server);
    evhttp_set_max_headers_size(server->http, HEAD_BYTES_MAX);
    evhttp_set_max_body_size(server->http, (ev_ssize_t)params->body_bytes_max);
    evhttp_set_timeout(server->http, IDLE_SECONDS_MAX);
    evhttp_set_default_content_type(server->http, "text/plain; charset=utf-8");
    /* All that evhttp knows, so that a wrong one is answered here. */
    evhttp_set_allowed_methods(server->http,
        EVHTTP_REQ_GET | EVHTTP_REQ_POST | EVHTTP_REQ_HEAD | EVHTTP_REQ_PUT | EVHTTP_REQ_DELETE |
            EVHTTP_REQ_OPTIONS | EVHTTP_REQ_TRACE | EVHTTP_REQ_CONNECT | EVHTTP_REQ_PATCH);
    server->socket =
        evhttp_bind_socket_with_handle(server->http, params->address->host, params->address->port);
    if (!server->socket) {
        reason_format(why, "cannot listen on %s port %u: %s", params->address->host,
            params->address->port, strerror(errno));
        http_server_free(server);
        return NULL;
    }
    return server;
}

void http_server_free(struct http_server *server)
{
    struct http_exchange *next;

    if (!server)
        return;
    for (struct http_exchange *late = server->late; late; late = next) {
        next = late->next;
        late_free(late);
    }
    if (server->http)
        evhttp_free(server->http);
    free(server);
}

uint16_t http_server_port(const struct http_server *server)
{
    return socket_port(evhttp_bound_socket_get_fd(server->socket));
}

/* --- streams ---------------------------------------------------------------------------------- */

struct http_stream {
    struct http_streams *streams;
    struct evhttp_request *request;
    struct http_stream *next;
    struct http_stream **place;
};

static void on_stream_gone(struct evhttp_connection *connection, void *self)
{
    struct http_stream *stream = self;

    (void)connection; /* frees the request */
    *stream->place = stream->next;
    if (stream->next)
        stream->next->place = stream->place;
    stream->streams->count--;
    free(stream);
}

void http_stream_open(struct http_request *request, struct http_streams *streams)
{
    struct evhttp_request *to = request->exchange->request;
    struct http_stream *stream = memory_new(1, sizeof(*stream));

    stream->streams = streams;
    stream->request = to;
    stream->next = streams->first;
    stream->place = &streams->first;
    if (stream->next)
        stream->next->place = &stream->next;
    streams->first = stream;
    streams->count++;
    set_type(to, "application/x-ndjson");
    evhttp_connection_set_closecb(evhttp_request_get_connection(to), on_stream_gone, stream);
    evhttp_send_reply_start(to, 200, "OK");
}

static bool lags(const struct http_stream *stream)
{
    struct bufferevent *connection =
        evhttp_connection_get_bufferevent(evhttp_request_get_connection(stream->request));

    return evbuffer_get_length(bufferevent_get_output(connection)) > HTTP_STREAM_BACKLOG_MAX;
}

void http_streams_send(struct http_streams *streams, const char *line, size_t size)
{
    struct http_stream *next;

    for (struct http_stream *stream = streams->first; stream; stream = next) {
        struct evbuffer *chunk;

        next = stream->next;
        if (lags(stream)) {
            evhttp_connection_free(evhttp_request_get_connection(stream->request));
            continue;
        }
        chunk = evbuffer_new();
        if (!chunk)
            continue;
        (void)evbuffer_add(chunk, line, size);
        evhttp_send_reply_chunk(stream->request, chunk);
        evbuffer_free(chunk);
    }
}

void http_streams_done(struct http_streams *streams)
{
    while (streams->first)
        evhttp_connection_free(evhttp_request_get_connection(streams->first->request));
}

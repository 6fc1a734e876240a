#include "devnode/shell/http.h"

#include <errno.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <event2/http.h>
#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "devnode/core/memory.h"
#include "devnode/shell/http_parts.h"
#include "devnode/shell/socket.h"
#include "nomos/hash.h"

/* No client of the API sends more; a longer head is an attack or a mistake. */
#define HEAD_BYTES_MAX 32768
/* A body beyond the configured limit by up to so much is read before it is refused. evhttp would
   hang up on a client that is still sending, which may then never see the answer. */
#define BODY_EXCESS_MAX (16u << 20)
/* Bodies that are not transactions nest two levels deep. */
#define JSON_DEPTH_MAX 16
/* Open connections without any traffic are closed. */
#define IDLE_SECONDS_MAX 3600

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
    for (size_t t = 0; t < HTTP_TABLES; t++) {
        for (size_t i = 0; i < params->tables[t].count; i++) {
            const struct http_route *route = &params->tables[t].routes[i];

            if (!(route->roles & params->role) ||
                !matches(route->path, exchange->path, &exchange->view.argument))
                continue;
            if (is_method(route->method, method))
                return route;
            *status = 405;
        }
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
static void handle_json(struct http_exchange *exchange)
{
    struct http_request *request = &exchange->view;
    const struct http_route *route = exchange->route;
    struct evhttp_request *from = exchange->request;
    struct evbuffer *input = evhttp_request_get_input_buffer(from);
    const char *type = evhttp_find_header(evhttp_request_get_input_headers(from), "Content-Type");
    void *self = exchange->server->params.self;
    const char *problem = NULL;

    if (!is_json_type(type)) {
        http_fail(request, 415, "the request must have `Content-Type: application/json`");
        return;
    }
    request->body_size = evbuffer_get_length(input);
    (void)evbuffer_add(input, "", 1);
    request->body = (const char *)evbuffer_pullup(input, -1);
    if (route->body == HTTP_BODY_RAW_JSON) {
        route->handle(self, request);
        return;
    }
    if (!parse_json(request->body, request->body_size, &request->json, &problem)) {
        http_fail(request, 400, "Failed to parse the request body as JSON: %s", problem);
        return;
    }
    /* The request may be gone when the handler returns. */
    struct json_object *json = request->json;
    route->handle(self, request);
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

/* Has the request answered, or deferred. */
static void serve(struct http_exchange *exchange)
{
    struct http_request *request = &exchange->view;

    exchange->waits_for = HTTP_WAITS_FOR_NOTHING;
    request->query = evhttp_uri_get_query(evhttp_request_get_evhttp_uri(exchange->request));
    if (!exchange->route->is_exempt && errs(exchange->server))
        http_fail(request, 500, "this node misbehaves: it was told to answer with errors");
    else if (exchange->route->body == HTTP_BODY_NONE)
        exchange->route->handle(exchange->server->params.self, request);
    else
        handle_json(exchange);
    if (exchange->waits_for != HTTP_WAITS_FOR_ANSWER)
        http_exchange_end(exchange);
}

/* --- the steps of a request ------------------------------------------------------------------- */

/* False when there is no route; the request is then answered. */
static bool find(struct http_exchange *exchange)
{
    struct evhttp_request *request = exchange->request;
    int status;

    exchange->route = find_route(exchange, evhttp_request_get_command(request), &status);
    if (exchange->route)
        return true;
    http_exchange_end(exchange);
    http_send_failure(
        request, status, status == 404 ? "no such path" : "the path has another method");
    return false;
}

static void take_turn(struct http_exchange *exchange)
{
    struct http_server *server = exchange->server;
    const struct misbehaviours *set = server->params.misbehaviours;

    exchange->has_turn = true;
    server->turns++;
    if (set->is_on[MISBEHAVE_SLOW] && !exchange->route->is_exempt)
        http_exchange_wait(
            exchange, HTTP_WAITS_ON_PURPOSE, set->argument[MISBEHAVE_SLOW] * 1000000);
    else
        serve(exchange);
}

/* Stops a wait that is over. */
static void stop_waiting(struct http_exchange *exchange)
{
    exchange->waits_for = HTTP_WAITS_FOR_NOTHING;
    if (exchange->timer)
        (void)event_del(exchange->timer);
    evhttp_connection_set_closecb(evhttp_request_get_connection(exchange->request), NULL, NULL);
}

static void wait_for_turn(struct http_exchange *exchange)
{
    const struct http_server *server = exchange->server;

    if (server->turns < server->params.limits->concurrent_max)
        take_turn(exchange);
    else
        http_exchange_wait(exchange, HTTP_WAITS_FOR_TURN, 0);
}

void http_go_on(struct http_exchange *exchange, enum http_waiting was)
{
    stop_waiting(exchange);
    switch (was) {
    case HTTP_WAITS_FOR_TURN:
        take_turn(exchange);
        break;
    case HTTP_WAITS_ON_PURPOSE:
    case HTTP_WAITS_FOR_NOTHING:
    case HTTP_WAITS_FOR_ANSWER:
        serve(exchange);
        break;
    }
}

/* --- server ----------------------------------------------------------------------------------- */

/* Whether the client has to wait, and is told so. */
static bool asks_too_often(struct http_server *server, struct evhttp_request *request)
{
    struct bufferevent *stream =
        evhttp_connection_get_bufferevent(evhttp_request_get_connection(request));
    uint8_t ip[16] = {0};
    char text[64];
    uint64_t seconds;

    (void)socket_peer_ip(bufferevent_getfd(stream), ip);
    seconds = http_limit_take(&server->limit, ip, http_now_ns());
    if (!seconds)
        return false;
    (void)snprintf(text, sizeof(text), "%llu", (unsigned long long)seconds);
    (void)evhttp_add_header(evhttp_request_get_output_headers(request), "Retry-After", text);
    (void)snprintf(
        text, sizeof(text), "Too Many Requests! Wait for %llus", (unsigned long long)seconds);
    http_send_failure(request, 429, text);
    return true;
}

/* evhttp reads no body of a HEAD, a TRACE or a method that it does not know, and would take it for the
   next request: that connection ends with the answer. */
static void close_if_unread(struct evhttp_request *request)
{
    const struct evkeyvalq *headers = evhttp_request_get_input_headers(request);

    switch (evhttp_request_get_command(request)) {
    case EVHTTP_REQ_GET:
    case EVHTTP_REQ_POST:
    case EVHTTP_REQ_PUT:
    case EVHTTP_REQ_DELETE:
    case EVHTTP_REQ_OPTIONS:
    case EVHTTP_REQ_CONNECT:
    case EVHTTP_REQ_PATCH:
        return;
    case EVHTTP_REQ_HEAD:
    case EVHTTP_REQ_TRACE:
        break;
    }
    if (evhttp_find_header(headers, "Content-Length") ||
        evhttp_find_header(headers, "Transfer-Encoding"))
        (void)evhttp_add_header(evhttp_request_get_output_headers(request), "Connection", "close");
}

static bool is_too_large(const struct http_server *server, struct evhttp_request *request)
{
    if (evbuffer_get_length(evhttp_request_get_input_buffer(request)) <=
        server->params.limits->body_bytes_max)
        return false;
    http_send_failure(request, 413, "length limit exceeded");
    return true;
}

static void on_request(struct evhttp_request *request, void *self)
{
    struct http_server *server = self;
    const struct evhttp_uri *uri = evhttp_request_get_evhttp_uri(request);
    const char *path = uri ? evhttp_uri_get_path(uri) : NULL;
    struct http_exchange *exchange;
    char *decoded;

    close_if_unread(request);
    if (asks_too_often(server, request) || is_too_large(server, request))
        return;
    decoded = path ? evhttp_uridecode(path, 0, NULL) : NULL;
    if (!decoded) {
        http_send_failure(request, 400, "the path cannot be decoded");
        return;
    }
    exchange = http_exchange_new(server, request);
    exchange->path = decoded;
    exchange->view.path = decoded;
    if (find(exchange))
        wait_for_turn(exchange);
}

static void set_up(struct evhttp *http, const struct config_limits *limits)
{
    evhttp_set_max_headers_size(http, HEAD_BYTES_MAX);
    evhttp_set_max_body_size(http, (ev_ssize_t)(limits->body_bytes_max + BODY_EXCESS_MAX));
    evhttp_set_timeout(http, IDLE_SECONDS_MAX);
    evhttp_set_default_content_type(http, "text/plain; charset=utf-8");
    /* All, also those that evhttp does not know, so that a wrong one is answered here. */
    evhttp_set_allowed_methods(http, UINT16_MAX);
}

struct http_server *http_server_new(const struct http_params *params, struct reason *why)
{
    struct http_server *server = memory_new(1, sizeof(*server));

    server->params = *params;
    server->limit = (struct http_limit){
        .interval_ns = params->limits->rate_interval_ns, .burst = params->limits->rate_burst};
    server->http = evhttp_new(params->base);
    if (!server->http) {
        reason_format(why, "cannot make an HTTP server");
        http_server_free(server);
        return NULL;
    }
    evhttp_set_gencb(server->http, on_request, server);
    set_up(server->http, params->limits);
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
    if (!server)
        return;
    while (server->exchanges) {
        server->exchanges->has_turn = false; /* nobody's turn comes any more */
        http_exchange_drop(server->exchanges);
    }
    if (server->http)
        evhttp_free(server->http);
    http_limit_done(&server->limit);
    free(server);
}

uint16_t http_server_port(const struct http_server *server)
{
    return socket_port(evhttp_bound_socket_get_fd(server->socket));
}

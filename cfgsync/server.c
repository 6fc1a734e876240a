#include "cfgsync/server.h"

#include <errno.h>
#include <event2/buffer.h>
#include <event2/event.h>
#include <event2/http.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cfgsync/request.h"
#include "devnode/core/memory.h"

/* An announcement has some two hundred bytes. */
#define BODY_BYTES_MAX 4096
#define HEAD_BYTES_MAX 16384
/* Idle connections; a host that waits for the others is not idle for longer than the timeout. */
#define IDLE_SECONDS_EXTRA 60
#define NS_PER_SECOND      1000000000u

/* A host that waits for the others. */
struct waiter {
    struct server *server;
    struct evhttp_request *request;
    struct announcement host;
    struct event *timer;
    struct waiter *next, **place;
};

struct server {
    struct server_params params;
    struct evhttp *http;
    uint16_t port;
    struct waiter *waiters;
};

static void say(const struct server *server, const char *text)
{
    if (server->params.log)
        server->params.log(text);
}

/* ---- answers ---- */

static void answer(
    struct evhttp_request *request, int code, const char *type, const struct text *body)
{
    struct evbuffer *buffer = evhttp_request_get_output_buffer(request);

    if (type)
        (void)evhttp_add_header(evhttp_request_get_output_headers(request), "Content-Type", type);
    if (body && body->size > 0)
        (void)evbuffer_add(buffer, body->bytes, body->size);
    evhttp_send_reply(request, code, NULL, NULL);
}

static void refuse(struct evhttp_request *request, int code, const char *why)
{
    struct text body = {.bytes = NULL};

    text_add(&body, why);
    answer(request, code, "text/plain; charset=utf-8", &body);
    text_done(&body);
}

static bool wants_yaml(struct evhttp_request *request)
{
    const char *accept = evhttp_find_header(evhttp_request_get_input_headers(request), "Accept");

    return accept && strstr(accept, "application/yaml");
}

static void answer_config(
    const struct server *server, struct evhttp_request *request, const struct announcement *host)
{
    const bool is_yaml = wants_yaml(request);
    struct text body = {.bytes = NULL};
    struct reason why;

    if (registry_write(
            server->params.registry, host, is_yaml ? DOCUMENT_YAML : DOCUMENT_JSON, &body, &why))
        answer(request, 200, is_yaml ? "application/yaml" : "application/json", &body);
    else
        refuse(request, 500, why.text);
    text_done(&body);
}

/* ---- waiting ---- */

static void waiter_free(struct waiter *waiter)
{
    struct evhttp_connection *connection = evhttp_request_get_connection(waiter->request);

    if (connection)
        evhttp_connection_set_closecb(connection, NULL, NULL);
    *waiter->place = waiter->next;
    if (waiter->next)
        waiter->next->place = waiter->place;
    event_free(waiter->timer);
    free(waiter);
}

static void on_gone(struct evhttp_connection *connection, void *arg)
{
    (void)connection;
    waiter_free(arg);
}

static void on_timeout(evutil_socket_t fd, short what, void *arg)
{
    struct waiter *waiter = arg;
    struct evhttp_request *request = waiter->request;

    (void)fd;
    (void)what;
    say(waiter->server, "Timeout: Not all hosts announced within the time limit");
    waiter_free(waiter);
    answer(request, 408, NULL, NULL);
}

static void wait_for_others(
    struct server *server, struct evhttp_request *request, const struct announcement *host)
{
    struct waiter *waiter = memory_new(1, sizeof(*waiter));
    const struct timeval limit = {.tv_sec = (time_t)(server->params.timeout_ns / NS_PER_SECOND),
        .tv_usec = (suseconds_t)(server->params.timeout_ns % NS_PER_SECOND / 1000)};

    *waiter = (struct waiter){
        .server = server, .request = request, .host = *host, .next = server->waiters};
    waiter->place = &server->waiters;
    if (waiter->next)
        waiter->next->place = &waiter->next;
    server->waiters = waiter;
    waiter->timer = evtimer_new(server->params.base, on_timeout, waiter);
    if (!waiter->timer) {
        (void)fputs("cfgsync-server: out of memory\n", stderr);
        abort();
    }
    (void)evtimer_add(waiter->timer, &limit);
    evhttp_connection_set_closecb(evhttp_request_get_connection(request), on_gone, waiter);
}

/* Everybody who waits gets a configuration, or the reason why there will be none. */
static void answer_waiters(struct server *server, const struct reason *failure)
{
    struct waiter *next;

    for (struct waiter *waiter = server->waiters; waiter; waiter = next) {
        struct evhttp_request *request = waiter->request;
        const struct announcement host = waiter->host;

        next = waiter->next;
        waiter_free(waiter);
        if (failure)
            refuse(request, 500, failure->text);
        else
            answer_config(server, request, &host);
    }
}

/* ---- routes ---- */

static bool read_body(struct evhttp_request *request, struct announcement *host, struct reason *why)
{
    struct evbuffer *buffer = evhttp_request_get_input_buffer(request);
    const size_t size = evbuffer_get_length(buffer);
    const char *bytes = (const char *)evbuffer_pullup(buffer, -1);

    return request_parse(host, bytes ? bytes : "", size, why);
}

static void announce(struct server *server, struct evhttp_request *request, bool is_executor)
{
    struct registry *registry = server->params.registry;
    const bool was_complete = registry_is_complete(registry);
    struct announcement host;
    struct reason why = {""};

    if (evhttp_request_get_command(request) != EVHTTP_REQ_POST) {
        refuse(request, 405, "announce by POST");
        return;
    }
    if (!read_body(request, &host, &why)) {
        refuse(request, 400, why.text);
        return;
    }
    host.is_executor = is_executor;
    switch (registry_announce(registry, &host, server->params.unix_ns(), &why)) {
    case REGISTRY_FULL:
        refuse(request, 409, why.text);
        return;
    case REGISTRY_FAILED:
        say(server, why.text);
        refuse(request, 500, why.text);
        answer_waiters(server, &why);
        return;
    case REGISTRY_KNOWN:
        break;
    }
    if (!registry_is_complete(registry)) {
        wait_for_others(server, request, &host);
        return;
    }
    if (!was_complete)
        say(server, "All hosts have announced their IPs");
    answer_config(server, request, &host);
    answer_waiters(server, NULL);
}

static void on_validator(struct evhttp_request *request, void *arg)
{
    announce(arg, request, false);
}

static void on_executor(struct evhttp_request *request, void *arg)
{
    announce(arg, request, true);
}

static void on_status(struct evhttp_request *request, void *arg)
{
    const struct server *server = arg;
    const struct registry *registry = server->params.registry;
    struct text body = {.bytes = NULL};

    text_add(&body, "{\"known\":");
    text_add_u64(&body, registry_count(registry));
    text_add(&body, ",\"complete\":");
    text_add(&body, registry_is_complete(registry) ? "true" : "false");
    text_add(&body, "}\n");
    answer(request, 200, "application/json", &body);
    text_done(&body);
}

static void on_other(struct evhttp_request *request, void *arg)
{
    (void)arg;
    refuse(request, 404, "there are /validator, /executor and /status");
}

/* ---- life ---- */

static uint16_t bound_port(struct evhttp_bound_socket *socket)
{
    struct sockaddr_in address = {.sin_port = 0};
    socklen_t size = sizeof(address);

    (void)getsockname(evhttp_bound_socket_get_fd(socket), (struct sockaddr *)&address, &size);
    return ntohs(address.sin_port);
}

struct server *server_new(const struct server_params *params, struct reason *why)
{
    struct server *server = memory_new(1, sizeof(*server));
    struct evhttp_bound_socket *socket = NULL;

    server->params = *params;
    server->http = evhttp_new(params->base);
    if (server->http)
        socket = evhttp_bind_socket_with_handle(server->http, params->address, params->port);
    if (!socket) {
        reason_format(why, "cannot listen on %s:%u: %s", params->address, (unsigned)params->port,
            strerror(errno));
        server_free(server);
        return NULL;
    }
    server->port = bound_port(socket);
    evhttp_set_max_body_size(server->http, BODY_BYTES_MAX);
    evhttp_set_max_headers_size(server->http, HEAD_BYTES_MAX);
    evhttp_set_timeout(
        server->http, (int)(params->timeout_ns / NS_PER_SECOND) + IDLE_SECONDS_EXTRA);
    (void)evhttp_set_cb(server->http, "/validator", on_validator, server);
    (void)evhttp_set_cb(server->http, "/executor", on_executor, server);
    (void)evhttp_set_cb(server->http, "/status", on_status, server);
    evhttp_set_gencb(server->http, on_other, server);
    return server;
}

uint16_t server_port(const struct server *server)
{
    return server->port;
}

void server_free(struct server *server)
{
    struct waiter *next;

    if (!server)
        return;
    for (struct waiter *waiter = server->waiters; waiter; waiter = next) {
        next = waiter->next;
        waiter_free(waiter);
    }
    if (server->http)
        evhttp_free(server->http);
    free(server);
}

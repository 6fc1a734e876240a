#include <event2/event.h>
#include <event2/http.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "devnode/core/memory.h"
#include "devnode/shell/http_parts.h"

uint64_t http_now_ns(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

struct http_exchange *http_exchange_new(struct http_server *server, struct evhttp_request *request)
{
    struct http_exchange *exchange = memory_new(1, sizeof(*exchange));

    exchange->server = server;
    exchange->request = request;
    exchange->deadline_ns = http_now_ns() + server->params.limits->timeout_ns;
    exchange->next = server->exchanges;
    exchange->place = &server->exchanges;
    if (exchange->next)
        exchange->next->place = &exchange->next;
    server->exchanges = exchange;
    return exchange;
}

/* The one that has waited longest for its turn; new ones are put in front. */
static struct http_exchange *longest_waiting(const struct http_server *server)
{
    struct http_exchange *found = NULL;

    for (struct http_exchange *at = server->exchanges; at; at = at->next) {
        if (at->waits_for == HTTP_WAITS_FOR_TURN)
            found = at;
    }
    return found;
}

void http_exchange_end(struct http_exchange *exchange)
{
    struct http_server *server = exchange->server;
    bool had_turn = exchange->has_turn;

    if (exchange->request && exchange->waits_for)
        evhttp_connection_set_closecb(evhttp_request_get_connection(exchange->request), NULL, NULL);
    *exchange->place = exchange->next;
    if (exchange->next)
        exchange->next->place = exchange->place;
    if (exchange->timer)
        event_free(exchange->timer);
    free(exchange->path);
    free(exchange);
    if (!had_turn)
        return;
    server->turns--;
    struct http_exchange *next = longest_waiting(server);
    if (next)
        http_go_on(next, HTTP_WAITS_FOR_TURN);
}

void http_exchange_drop(struct http_exchange *exchange)
{
    if (exchange->waits_for == HTTP_WAITS_FOR_ANSWER)
        exchange->gone(exchange->gone_self);
    http_exchange_end(exchange);
}

static void on_connection_gone(struct evhttp_connection *connection, void *self)
{
    struct http_exchange *exchange = self;

    (void)connection;
    exchange->request = NULL; /* freed with its connection */
    http_exchange_drop(exchange);
}

static void on_timer(evutil_socket_t fd, short what, void *self)
{
    struct http_exchange *exchange = self;

    (void)fd;
    (void)what;
    if (!exchange->is_last) {
        http_go_on(exchange, HTTP_WAITS_ON_PURPOSE);
        return;
    }
    struct evhttp_request *request = exchange->request;
    http_exchange_drop(exchange);
    http_send_failure(request, 408, "the answer took too long");
}

void http_exchange_wait(struct http_exchange *exchange, enum http_waiting what, uint64_t delay_ns)
{
    uint64_t now_ns = http_now_ns();
    uint64_t left_ns = exchange->deadline_ns > now_ns ? exchange->deadline_ns - now_ns : 0;

    exchange->waits_for = what;
    evhttp_connection_set_closecb(
        evhttp_request_get_connection(exchange->request), on_connection_gone, exchange);
    exchange->is_last = what != HTTP_WAITS_ON_PURPOSE || delay_ns >= left_ns;
    if (exchange->is_last)
        delay_ns = left_ns;
    if (!exchange->timer)
        exchange->timer = evtimer_new(exchange->server->params.base, on_timer, exchange);
    struct timeval wait = {.tv_sec = (time_t)(delay_ns / 1000000000u),
        .tv_usec = (suseconds_t)((delay_ns % 1000000000u + 999) / 1000 % 1000000)};
    if (delay_ns % 1000000000u > 999999000u)
        wait.tv_sec++;
    if (!exchange->timer || evtimer_add(exchange->timer, &wait)) {
        fputs("out of memory\n", stderr);
        abort();
    }
}

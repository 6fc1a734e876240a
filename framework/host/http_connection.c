#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>

#include "framework/base/mem.h"
#include "framework/base/parse.h"
#include "framework/host/http_pool.h"

enum {
    SEND_SIZE = 256 * 1024, /* per turn: a large body must not hold up what others are to send */
    BODY_AT_ONCE = 1 << 20  /* memory is taken on the word of a Content-Length only up to here */
};

struct connection *connection_new(struct pool *pool)
{
    struct connection *connection = mem_new(sizeof *connection);

    if (!connection)
        return NULL;
    connection->fd = -1;
    connection->pool = pool;
    connection->state = CONNECTION_CONNECTING;
    http_parser_init(&connection->parser, false, 0);
    pool->connection_count++;
    pool->native->connection_count++;
    http_engine_note_connections(&pool->native->base, 1);
    return connection;
}

/* Watches for input always, and for room to write only while some is left to write. */
static int watch(struct connection *connection, bool wants_write)
{
    struct native *native = connection->pool->native;
    const uint32_t events = EPOLLIN | EPOLLRDHUP | (wants_write ? EPOLLOUT : 0);
    const int operation = connection->events ? EPOLL_CTL_MOD : EPOLL_CTL_ADD;
    struct epoll_event event = {.events = events, .data.ptr = connection};

    if (events == connection->events)
        return 0;
    if (epoll_ctl(native->epoll_fd, operation, connection->fd, &event) != 0)
        return errno;
    connection->events = events;
    return 0;
}

int connection_open(struct connection *connection)
{
    const struct pool *pool = connection->pool;
    const int on = 1;

    connection->fd =
        socket(pool->address.any.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (connection->fd < 0)
        return errno;
    /* A request is one small packet, to be sent now. Unix sockets do not know the option. */
    (void)setsockopt(connection->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    return 0;
}

void connection_close(struct connection *connection)
{
    struct pool *pool = connection->pool;
    struct native *native = pool->native;

    if (connection->state == CONNECTION_IDLE) {
        TAILQ_REMOVE(&pool->idle, connection, in_pool);
        TAILQ_REMOVE(&native->idle, connection, in_all);
    }
    if (connection->fd >= 0)
        (void)close(connection->fd); /* epoll forgets it by itself */
    connection->fd = -1;
    connection->state = CONNECTION_CLOSED;
    connection->exchange = NULL;
    http_parser_done(&connection->parser);
    assert(pool->connection_count > 0 && native->connection_count > 0);
    pool->connection_count--;
    native->connection_count--;
    http_engine_note_connections(&native->base, -1);
    TAILQ_INSERT_TAIL(&native->closed, connection, in_pool);
    pool_mark_ready(pool);
}

void connections_bury(struct native *native)
{
    struct connection *connection;

    while ((connection = TAILQ_FIRST(&native->closed))) {
        TAILQ_REMOVE(&native->closed, connection, in_pool);
        free(connection);
    }
}

/* ---- ends of an exchange ---- */

/* Takes the exchange off, closes the connection. */
static struct http_exchange *detach(struct connection *connection)
{
    struct http_exchange *exchange = connection->exchange;

    assert(exchange && exchange->carrier == connection);
    exchange->carrier = NULL;
    connection_close(connection);
    return exchange;
}

void exchange_withdraw(struct native *native, struct http_exchange *exchange)
{
    http_heap_remove(&native->heap, exchange);
    switch (exchange->stage) {
    case HTTP_STAGE_WAITING:
        TAILQ_REMOVE(&((struct pool *)exchange->carrier)->waiting, exchange, queue);
        break;
    case HTTP_STAGE_ACTIVE:
        /* A reply may still come: nobody else can use this connection. */
        (void)detach(exchange->carrier);
        break;
    case HTTP_STAGE_NEW:
    case HTTP_STAGE_SCHEDULED:
    case HTTP_STAGE_ENDED:
        break;
    }
}

/* May it be sent once more? See http_engine.h for the rule and why. Only once: the second connection
   is a fresh one. */
static bool may_repeat(const struct connection *connection)
{
    const struct http_exchange *exchange = connection->exchange;

    return connection->was_used && !connection->parser.has_started && !exchange->is_repeated &&
        (exchange->is_repeatable || connection->written == 0);
}

/* The connection broke with an exchange on it; error_number 0: the parser knows why. */
static void break_off(struct connection *connection, int error_number)
{
    struct native *native = connection->pool->native;
    struct pool *pool = connection->pool;
    const bool was_sent = connection->written > 0;
    const bool is_silent = !connection->parser.has_started;
    const char *what = error_number ? strerrordesc_np(error_number) : connection->parser.why;
    const bool is_repeat = may_repeat(connection);
    const bool was_connecting = connection->state == CONNECTION_CONNECTING;
    struct http_exchange *exchange = detach(connection);

    if (is_repeat) {
        http_engine_note_repeat(&native->base, exchange);
        pool_enqueue(pool, exchange);
        return;
    }
    http_heap_remove(&native->heap, exchange);
    if (was_connecting)
        http_engine_fail(&native->base, exchange, ASSAY_E_IO, "cannot connect to %s: %s",
            exchange->address_text, what);
    else
        http_engine_fail(&native->base, exchange, ASSAY_E_IO, "%s: %s%s", exchange->address_text,
            what,
            is_silent && was_sent && !exchange->is_repeatable
                ? " (not sent again: the node may have acted on it)"
                : "");
}

static void fail_reply(struct connection *connection, enum http_parse_result result)
{
    struct native *native = connection->pool->native;
    const char *why = connection->parser.why;
    struct http_exchange *exchange = detach(connection);

    http_heap_remove(&native->heap, exchange);
    if (result == HTTP_PARSE_LONG)
        http_engine_fail(&native->base, exchange, ASSAY_E_LAGGED,
            "the answer from %s is longer than the %zu bytes allowed", exchange->address_text,
            exchange->reply_max);
    else
        http_engine_fail(&native->base, exchange, ASSAY_E_IO, "bad answer from %s: %s",
            exchange->address_text, why);
}

/* The reply is complete. What is left of the input belongs to nothing we asked for. */
static void complete(struct connection *connection, bool has_rest)
{
    struct pool *pool = connection->pool;
    struct native *native = pool->native;
    struct http_exchange *exchange = connection->exchange;

    exchange->answer.code = connection->parser.code;
    memcpy(exchange->answer.content_type, connection->parser.content_type, HTTP_VALUE_SIZE);
    exchange->carrier = NULL;
    connection->exchange = NULL;
    connection->was_used = true;
    if (has_rest || !connection->parser.is_reusable || connection->send_error ||
        connection->written < exchange->request_size) {
        connection_close(connection);
    } else {
        connection->state = CONNECTION_IDLE;
        connection->idle_since = native->base.config.now();
        TAILQ_INSERT_HEAD(&pool->idle, connection, in_pool);
        TAILQ_INSERT_HEAD(&native->idle, connection, in_all);
        pool_mark_ready(pool);
    }
    http_heap_remove(&native->heap, exchange);
    http_engine_succeed(&native->base, exchange);
}

void exchange_time_out(struct native *native, struct http_exchange *exchange)
{
    const struct connection *connection =
        exchange->stage == HTTP_STAGE_ACTIVE ? exchange->carrier : NULL;
    const char *where = exchange->address_text;
    char span[QUANTITY_TEXT_SIZE];
    char text[HTTP_WHY_SIZE];

    (void)format_span(exchange->timeout, span);
    if (!connection)
        (void)snprintf(text, sizeof text, "no connection to %s became free within %s", where, span);
    else if (connection->state == CONNECTION_CONNECTING)
        (void)snprintf(text, sizeof text, "no connection to %s within %s", where, span);
    else if (connection->state == CONNECTION_SENDING)
        (void)snprintf(text, sizeof text, "%s took only %zu of %zu bytes within %s", where,
            connection->written, exchange->request_size, span);
    else if (!connection->parser.has_started)
        (void)snprintf(text, sizeof text, "no answer from %s within %s", where, span);
    else
        (void)snprintf(text, sizeof text,
            "the answer from %s was not complete within %s: %" PRIu64 " bytes of the body came",
            where, span, connection->parser.body_size);
    exchange_withdraw(native, exchange);
    http_engine_fail(&native->base, exchange, ASSAY_E_TIMEOUT, "%s", text);
}

/* ---- input and output ---- */

static void send_request(struct connection *connection)
{
    struct native *native = connection->pool->native;
    struct http_exchange *exchange = connection->exchange;
    const size_t left = exchange->request_size - connection->written;
    const ssize_t n = send(connection->fd, exchange->request + connection->written,
        left < SEND_SIZE ? left : SEND_SIZE, MSG_NOSIGNAL);
    int error_number = n < 0 ? errno : 0;

    if (n > 0)
        connection->written += (size_t)n;
    if ((error_number == 0 && connection->written < exchange->request_size) ||
        error_number == EAGAIN || error_number == EINTR) {
        connection->state = CONNECTION_SENDING;
        error_number = watch(connection, true);
        if (error_number)
            break_off(connection, error_number);
        return;
    }
    /* The other side may have answered before it closed ("413", say): what it said decides. */
    connection->send_error = error_number;
    connection->state = CONNECTION_RECEIVING;
    if (error_number == 0)
        http_engine_sent(&native->base, exchange, native->base.config.now());
    error_number = watch(connection, false);
    if (error_number)
        break_off(connection, error_number);
}

static void start_connecting(struct connection *connection)
{
    const struct pool *pool = connection->pool;
    int error_number = 0;

    connection->state = CONNECTION_CONNECTING;
    if (connect(connection->fd, &pool->address.any, pool->address_size) == 0) {
        send_request(connection);
        return;
    }
    error_number = errno == EINPROGRESS ? watch(connection, true) : errno;
    if (error_number)
        break_off(connection, error_number);
}

void connection_begin(struct connection *connection, struct http_exchange *exchange)
{
    const bool is_new = connection->state == CONNECTION_CONNECTING;

    exchange->stage = HTTP_STAGE_ACTIVE;
    exchange->carrier = connection;
    connection->exchange = exchange;
    connection->written = 0;
    http_parser_done(&connection->parser);
    http_parser_init(&connection->parser, exchange->is_head, exchange->reply_max);
    if (is_new) {
        start_connecting(connection);
    } else {
        connection->state = CONNECTION_SENDING;
        send_request(connection);
    }
}

/* Feeds what came to the parser and stores the body. */
static enum http_parse_result absorb(struct connection *connection, assay_bytes *input)
{
    struct http_exchange *exchange = connection->exchange;
    struct http_parser *parser = &connection->parser;
    assay_bytes piece = {0};
    enum http_parse_result result;

    while ((result = http_parser_feed(parser, input, &piece)) == HTTP_PARSE_BODY) {
        assay_status s = ASSAY_OK;

        if (parser->has_length && exchange->answer.size == 0)
            s = http_exchange_reserve(
                exchange, parser->length < BODY_AT_ONCE ? (size_t)parser->length : BODY_AT_ONCE);
        if (!s)
            s = http_exchange_append(exchange, piece);
        if (s) {
            parser->why = "no memory for the answer's body";
            return HTTP_PARSE_BAD;
        }
    }
    return result;
}

static void receive_reply(struct connection *connection)
{
    struct native *native = connection->pool->native;
    const ssize_t n = recv(connection->fd, native->buffer, RECEIVE_SIZE, 0);
    assay_bytes input = {native->buffer, n > 0 ? (size_t)n : 0};
    enum http_parse_result result;

    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (n < 0) {
        break_off(connection, errno);
        return;
    }
    result = n > 0 ? absorb(connection, &input) : http_parser_end(&connection->parser);
    if (result == HTTP_PARSE_DONE)
        complete(connection, input.size > 0);
    else if (n == 0)
        break_off(connection, connection->send_error);
    else if (result != HTTP_PARSE_MORE)
        fail_reply(connection, result);
}

static int connect_result(const struct connection *connection)
{
    int error_number = 0;
    socklen_t size = sizeof error_number;

    if (getsockopt(connection->fd, SOL_SOCKET, SO_ERROR, &error_number, &size) != 0)
        return errno;
    return error_number;
}

void connection_handle(struct connection *connection, uint32_t events)
{
    const uint32_t input = EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR;
    int error_number = 0;

    switch (connection->state) {
    case CONNECTION_CONNECTING:
        error_number = connect_result(connection);
        if (error_number)
            break_off(connection, error_number);
        else if (events & EPOLLOUT)
            send_request(connection);
        return;
    case CONNECTION_SENDING:
        if (events & input)
            receive_reply(connection);
        if (connection->state == CONNECTION_SENDING && (events & EPOLLOUT))
            send_request(connection);
        return;
    case CONNECTION_RECEIVING:
        if (events & input)
            receive_reply(connection);
        return;
    case CONNECTION_IDLE: /* closed by the server, or it speaks unasked */
        connection_close(connection);
        return;
    case CONNECTION_CLOSED: /* earlier in the same turn */
        return;
    }
}

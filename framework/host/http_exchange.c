#include "framework/host/http_exchange.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "framework/base/mem.h"
#include "framework/base/number.h"

enum {
    BODY_FIRST = 512 /* the first buffer for a body of unknown length; most answers fit */
};

/* Headers by which both sides find the end of a message, or that are rendered from other fields. */
static const char *const reserved_headers[] = {"host", "connection", "keep-alive", "content-length",
    "content-type", "transfer-encoding", "te", "trailer", "upgrade", "expect"};

/* Methods whose effect is the same once or twice (RFC 9110, 9.2.2). */
static const char *const repeatable_methods[] = {
    "GET", "HEAD", "OPTIONS", "TRACE", "PUT", "DELETE"};

assay_status http_address_set(
    struct http_address *out, enum http_transport transport, const char *host, uint32_t port)
{
    const size_t len = strlen(host);

    if (len == 0 || len >= sizeof out->host)
        return ASSAY_E_INVALID;
    if (transport != HTTP_UNIX && (port == 0 || port > UINT16_MAX))
        return ASSAY_E_INVALID;
    *out = (struct http_address){.transport = transport, .port = (uint16_t)port};
    memcpy(out->host, host, len);
    return ASSAY_OK;
}

/* As in a Host header; the pool of connections is found by it too. */
static void write_address(const struct http_address *address, char text[HTTP_ADDRESS_TEXT_SIZE])
{
    if (address->transport == HTTP_UNIX)
        (void)snprintf(text, HTTP_ADDRESS_TEXT_SIZE, "unix:%s", address->host);
    else if (strchr(address->host, ':'))
        (void)snprintf(text, HTTP_ADDRESS_TEXT_SIZE, "[%s]:%u", address->host, address->port);
    else
        (void)snprintf(text, HTTP_ADDRESS_TEXT_SIZE, "%s:%u", address->host, address->port);
}

/* ---- checking ---- */

static bool is_token(const char *text, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if (!http_is_token_char((unsigned char)text[i]))
            return false;
    return len > 0;
}

/* Anything a sender may have meant but a server could read differently is refused here, so that
   a transaction's payload can never become a second request. */
static bool is_target(const char *path)
{
    if (path[0] != '/')
        return false;
    for (const char *p = path; *p; p++)
        if ((unsigned char)*p <= 0x20 || (unsigned char)*p >= 0x7f || *p == '#')
            return false;
    return true;
}

static bool is_value(const char *text)
{
    for (const char *p = text; *p; p++)
        if (((unsigned char)*p < 0x20 && *p != '\t') || *p == 0x7f)
            return false;
    return true;
}

static assay_status check_header(const char *header, struct error *err)
{
    const char *colon = strchr(header, ':');
    const size_t name_len = colon ? (size_t)(colon - header) : 0;

    if (!colon || !is_token(header, name_len) || !is_value(colon + 1))
        return error_set(err, ASSAY_E_INVALID,
            "the header \"%.60s\" is not of the form \"name: value\"", header);
    for (size_t i = 0; i < ARRAY_COUNT(reserved_headers); i++)
        if (strlen(reserved_headers[i]) == name_len &&
            strncasecmp(reserved_headers[i], header, name_len) == 0)
            return error_set(err, ASSAY_E_INVALID,
                "the header \"%.*s\" is written by the host; leave it out", (int)name_len, header);
    return ASSAY_OK;
}

static assay_status check_call(const struct http_call *call, struct error *err)
{
    if (!call->method || !is_token(call->method, strlen(call->method)))
        return error_set(err, ASSAY_E_INVALID, "the request's method is no word such as \"GET\"");
    if (!call->path || !is_target(call->path))
        return error_set(err, ASSAY_E_INVALID,
            "the request's path must begin with \"/\" and have no blanks, control bytes, \"#\" or "
            "bytes beyond ASCII; write those as %%20 and so on");
    if (call->content_type && !is_value(call->content_type))
        return error_set(err, ASSAY_E_INVALID, "the request's content type has control bytes");
    if (call->body.size > HTTP_BODY_MAX)
        return error_set(err, ASSAY_E_INVALID, "the request's body is longer than 64 MiB");
    if (call->body.size > 0 && !call->body.data)
        return error_set(err, ASSAY_E_INVALID, "the request's body has a size but no data");
    if (call->timeout < 0)
        return error_set(err, ASSAY_E_INVALID, "the request's timeout is negative");
    return ASSAY_OK;
}

/* ---- rendering ---- */

/* A length is written whenever there is a body, and for methods that usually have one: servers
   may answer 411 to a POST without. */
static bool needs_length(const struct http_call *call)
{
    return call->body.size > 0 || strcmp(call->method, "POST") == 0 ||
        strcmp(call->method, "PUT") == 0 || strcmp(call->method, "PATCH") == 0;
}

static assay_status render_head(
    const struct http_call *call, const char *address_text, struct str *head, struct error *err)
{
    const bool is_unix = call->address->transport == HTTP_UNIX;
    const char *type = call->content_type;
    assay_status s = ASSAY_OK;

    (void)str_appendf(head, "%s %s HTTP/1.1\r\nHost: %s\r\n", call->method, call->path,
        is_unix ? "localhost" : address_text);
    for (const char *const *header = call->headers; header && *header; header++) {
        s = check_header(*header, err);
        if (s)
            return s;
        (void)str_appendf(head, "%s\r\n", *header);
    }
    if (!type && call->body.size > 0)
        type = "application/json";
    if (type)
        (void)str_appendf(head, "Content-Type: %s\r\n", type);
    if (needs_length(call))
        (void)str_appendf(head, "Content-Length: %zu\r\n", call->body.size);
    s = str_append(head, "\r\n");
    if (s == ASSAY_E_NOMEM)
        return error_nomem(err);
    if (s)
        return error_set(err, s, "the request's path and headers are longer than 64 KiB");
    return ASSAY_OK;
}

static assay_status render(
    const struct http_call *call, struct http_exchange *exchange, struct error *err)
{
    auto_str struct str head = STR_INIT(HTTP_REQUEST_HEAD_MAX);
    assay_status s;

    s = render_head(call, exchange->address_text, &head, err);
    if (s)
        return s;
    exchange->head_size = head.len;
    exchange->request_size = head.len + call->body.size;
    exchange->request = mem_grow(NULL, exchange->request_size, 1);
    if (!exchange->request)
        return error_nomem(err);
    memcpy(exchange->request, head.data, head.len);
    if (call->body.size > 0)
        memcpy(exchange->request + head.len, call->body.data, call->body.size);
    return ASSAY_OK;
}

static bool is_repeatable(const char *method)
{
    for (size_t i = 0; i < ARRAY_COUNT(repeatable_methods); i++)
        if (strcmp(method, repeatable_methods[i]) == 0)
            return true;
    return false;
}

/* Our own copies of the paths; the files are read by the engine. */
static assay_status copy_tls(
    struct http_exchange *exchange, const struct http_tls *tls, struct error *err)
{
    const char *const theirs[] = {tls->ca_file, tls->certificate_file, tls->key_file};

    for (size_t i = 0; i < ARRAY_COUNT(theirs); i++) {
        exchange->tls_texts[i] = theirs[i] ? mem_dup(theirs[i]) : NULL;
        if (theirs[i] && !exchange->tls_texts[i])
            return error_nomem(err);
    }
    exchange->tls = (struct http_tls){.ca_file = exchange->tls_texts[0],
        .certificate_file = exchange->tls_texts[1],
        .key_file = exchange->tls_texts[2],
        .is_unverified = tls->is_unverified};
    return ASSAY_OK;
}

assay_status http_exchange_new(
    const struct http_call *call, struct http_exchange **out, struct error *err)
{
    auto_http_exchange struct http_exchange *exchange = NULL;
    assay_status s = check_call(call, err);

    assert(call->done);
    if (s)
        return s;
    exchange = mem_new(sizeof *exchange);
    if (!exchange)
        return error_nomem(err);
    atomic_init(&exchange->references, 1);
    exchange->address = *call->address;
    write_address(call->address, exchange->address_text);
    exchange->at = call->at;
    exchange->timeout = call->timeout > 0 ? call->timeout : HTTP_TIMEOUT_DEFAULT_S * ASSAY_SECOND;
    exchange->reply_max = call->reply_max > 0 ? call->reply_max : HTTP_REPLY_DEFAULT;
    exchange->done = call->done;
    exchange->context = call->context;
    exchange->is_head = strcmp(call->method, "HEAD") == 0;
    exchange->is_repeatable = is_repeatable(call->method);
    s = render(call, exchange, err);
    if (!s && call->tls)
        s = copy_tls(exchange, call->tls, err);
    if (!s)
        *out = take(exchange);
    return s;
}

struct http_exchange *http_exchange_ref(struct http_exchange *exchange)
{
    (void)atomic_fetch_add_explicit(&exchange->references, 1, memory_order_relaxed);
    return exchange;
}

void http_exchange_unref(struct http_exchange *exchange)
{
    if (!exchange)
        return;
    if (atomic_fetch_sub_explicit(&exchange->references, 1, memory_order_acq_rel) != 1)
        return;
    for (size_t i = 0; i < ARRAY_COUNT(exchange->tls_texts); i++)
        free(exchange->tls_texts[i]);
    free(exchange->answer.body);
    free(exchange->request);
    free(exchange);
}

/* ---- the answer ---- */

assay_status http_exchange_reserve(struct http_exchange *exchange, size_t size)
{
    size_t capacity = size < exchange->reply_max ? size : exchange->reply_max;
    char *body;

    if (capacity < exchange->body_capacity)
        return ASSAY_OK;
    body = mem_grow(exchange->answer.body, capacity + 1, 1); /* and a NUL */
    if (!body)
        return ASSAY_E_NOMEM;
    exchange->answer.body = body;
    exchange->body_capacity = capacity + 1;
    return ASSAY_OK;
}

assay_status http_exchange_append(struct http_exchange *exchange, assay_bytes piece)
{
    struct http_answer *answer = &exchange->answer;
    assay_status s = ASSAY_OK;

    if (piece.size == 0)
        return ASSAY_OK;
    if (piece.size > exchange->reply_max - answer->size)
        return ASSAY_E_LAGGED;
    if (answer->size + piece.size >= exchange->body_capacity) {
        const size_t wanted = answer->size + piece.size;
        const size_t doubled = exchange->body_capacity * 2;

        s = http_exchange_reserve(
            exchange, wanted > doubled ? (wanted > BODY_FIRST ? wanted : BODY_FIRST) : doubled);
    }
    if (s)
        return s;
    memcpy(answer->body + answer->size, piece.data, piece.size);
    answer->size += piece.size;
    answer->body[answer->size] = '\0';
    return ASSAY_OK;
}

void http_exchange_rewind(struct http_exchange *exchange)
{
    free(exchange->answer.body);
    exchange->answer = (struct http_answer){0};
    exchange->body_capacity = 0;
}

void http_exchange_trim(struct http_exchange *exchange)
{
    struct http_answer *answer = &exchange->answer;
    char *body;

    if (exchange->body_capacity / 2 < answer->size + 1 || exchange->body_capacity <= BODY_FIRST)
        return;
    body = mem_grow(answer->body, answer->size + 1, 1);
    if (!body)
        return; /* it stays too large, nothing worse */
    answer->body = body;
    exchange->body_capacity = answer->size + 1;
}

assay_ns http_exchange_deadline(const struct http_exchange *exchange, assay_ns now)
{
    const assay_ns from = exchange->at > now ? exchange->at : now;
    assay_ns deadline = 0;

    return add_overflows(from, exchange->timeout, &deadline) ? INT64_MAX : deadline;
}

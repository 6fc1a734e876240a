#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <event2/http.h>
#include <event2/keyvalq_struct.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "devnode/core/memory.h"
#include "devnode/shell/http_parts.h"

static struct http_exchange *exchange_of(struct http_request *request)
{
    return (struct http_exchange *)request;
}

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

/* Of a deferred exchange; the others end when their handler has returned. */
static struct evhttp_request *end_deferred(struct http_exchange *exchange)
{
    struct evhttp_request *request = exchange->request;

    if (exchange->waits_for == HTTP_WAITS_FOR_ANSWER)
        http_exchange_end(exchange);
    return request;
}

void http_reply_text(struct http_request *request, const char *type, struct text *text)
{
    struct evhttp_request *to;

    if (!text_ok(text)) {
        http_fail(request, 500, "the answer is too large");
        text_done(text);
        return;
    }
    to = end_deferred(exchange_of(request));
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
        {429, "Too Many Requests"},
        {500, "Internal Server Error"},
    };

    for (size_t i = 0; i < sizeof(phrases) / sizeof(*phrases); i++) {
        if (phrases[i].status == status)
            return phrases[i].phrase;
    }
    return "Status";
}

void http_send_failure(struct evhttp_request *to, int status, const char *text)
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
    http_send_failure(end_deferred(exchange_of(request)), status, text);
}

void http_defer(struct http_request *request, void (*gone)(void *self), void *self)
{
    struct http_exchange *exchange = exchange_of(request);

    exchange->gone = gone;
    exchange->gone_self = self;
    http_exchange_wait(exchange, HTTP_WAITS_FOR_ANSWER, 0);
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
    struct evhttp_request *to = exchange_of(request)->request;
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

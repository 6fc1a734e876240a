#include "cfgsync/client.h"

#include <arpa/inet.h>
#include <errno.h>
#include <event2/buffer.h>
#include <event2/event.h>
#include <event2/http.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "cfgsync/request.h"

#define NS_PER_SECOND UINT64_C(1000000000)
#define CONNECT_NS                                                                                 \
    (10 * NS_PER_SECOND) /* a server starts within a second, images are pulled before */
#define ANSWER_NS   (600 * NS_PER_SECOND) /* the server's own timeout comes first */
#define RETRY_US    100000
#define CONFIG_MODE 0600 /* it holds the node's keys */
#define REPLY_SHOWN 200

/* ---- the environment ---- */

static const char *set(const char *name)
{
    const char *value = getenv(name);

    return value && *value ? value : NULL;
}

static void read_port(const char *name, uint16_t *out)
{
    const char *text = set(name);
    char *end = NULL;
    unsigned long port;

    if (!text)
        return;
    port = strtoul(text, &end, 10);
    if (*end || port < 1 || port > 65535)
        (void)fprintf(stderr, "cfgsync-client: %s is '%s', which is no port; it stays %u\n", name,
            text, (unsigned)*out);
    else
        *out = (uint16_t)port;
}

static void read_ip(struct announcement *host)
{
    const char *text = set("CFG_HOST_IP");
    struct in_addr address;

    if (text && inet_pton(AF_INET, text, &address) != 1) {
        (void)fprintf(stderr,
            "cfgsync-client: CFG_HOST_IP is '%s', which is no IPv4 address; 127.0.0.1 it is\n",
            text);
        text = NULL;
    }
    (void)snprintf(host->ip, sizeof(host->ip), "%s", text ? text : "127.0.0.1");
}

void client_options_read(struct client_options *out)
{
    const char *server = set("CFG_SERVER_ADDR");
    const char *port = set("NOMOS_CFGSYNC_PORT");
    const char *path = set("CFG_FILE_PATH");
    const char *name = set("CFG_HOST_IDENTIFIER");
    const char *kind = set("CFG_HOST_KIND");

    *out = (struct client_options){.connect_ns = CONNECT_NS, .answer_ns = ANSWER_NS};
    announcement_default(&out->host);
    if (server)
        (void)snprintf(out->server, sizeof(out->server), "%s", server);
    else
        (void)snprintf(
            out->server, sizeof(out->server), "http://127.0.0.1:%.5s", port ? port : "4400");
    (void)snprintf(out->path, sizeof(out->path), "%s", path ? path : "config.yaml");
    if (name)
        (void)snprintf(out->host.identifier, sizeof(out->host.identifier), "%s", name);
    out->host.is_executor = kind && strcmp(kind, "executor") == 0;
    read_ip(&out->host);
    read_port("CFG_NETWORK_PORT", &out->host.network_port);
    read_port("CFG_DA_PORT", &out->host.da_port);
    read_port("CFG_BLEND_PORT", &out->host.blend_port);
    read_port("CFG_API_PORT", &out->host.api_port);
    read_port("CFG_TESTING_HTTP_PORT", &out->host.testing_port);
}

/* ---- one exchange ---- */

struct fetch {
    const struct client_options *options;
    struct event_base *base;
    struct evhttp_uri *uri;
    struct evhttp_connection *connection;
    struct event *retry;
    uint64_t give_up_at; /* on the monotonic clock */
    struct text *out;
    struct reason *why;
    enum client_result result;
};

static uint64_t now_ns(void)
{
    struct timespec now = {.tv_sec = 0};

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * NS_PER_SECOND + (uint64_t)now.tv_nsec;
}

static void end(struct fetch *fetch)
{
    (void)event_base_loopbreak(fetch->base);
}

/* Nobody was there to take the request: again in a moment. */
static void try_later(struct fetch *fetch)
{
    const struct timeval pause = {.tv_usec = RETRY_US};

    if (now_ns() < fetch->give_up_at) {
        (void)evtimer_add(fetch->retry, &pause);
        return;
    }
    reason_format(fetch->why, "%s cannot be reached", fetch->options->server);
    end(fetch);
}

/* What no cfgsync answers to a node's announcement, but a proxy does, or whoever has the address until
   the network knows it for ours. */
static bool is_somebody_else(int code)
{
    return code == 404 || code == 502 || code == 503 || code == 504;
}

static void read_reply(struct fetch *fetch, struct evhttp_request *request)
{
    struct evbuffer *buffer = evhttp_request_get_input_buffer(request);
    const size_t size = evbuffer_get_length(buffer);
    const char *bytes = (const char *)evbuffer_pullup(buffer, -1);
    const int code = evhttp_request_get_response_code(request);

    if (code == 200 && size > 0) {
        text_add_bytes(fetch->out, bytes, size);
        fetch->result = text_ok(fetch->out) ? CLIENT_OK : CLIENT_REFUSED;
        if (fetch->result)
            reason_format(fetch->why, "the configuration is too long");
    } else if (code == 408) {
        reason_format(fetch->why, "the other nodes have not announced themselves in time");
    } else if (is_somebody_else(code)) {
        reason_format(fetch->why, "%s answers %d, so it is not cfgsync that answers there",
            fetch->options->server, code);
    } else {
        fetch->result = CLIENT_REFUSED;
        reason_format(fetch->why, "%s answered %d: %.*s", fetch->options->server, code,
            (int)(size < REPLY_SHOWN ? size : REPLY_SHOWN), bytes ? bytes : "");
    }
    end(fetch);
}

static void on_reply(struct evhttp_request *request, void *arg)
{
    struct fetch *fetch = arg;

    /* Without a code there was no answer: not connected yet, or the connection broke. Announcing
       twice does no harm. */
    if (!request || evhttp_request_get_response_code(request) == 0)
        try_later(fetch);
    else
        read_reply(fetch, request);
}

static void ask(evutil_socket_t fd, short what, void *arg)
{
    struct fetch *fetch = arg;
    const int port = evhttp_uri_get_port(fetch->uri);
    const char *host = evhttp_uri_get_host(fetch->uri);
    struct evhttp_request *request = evhttp_request_new(on_reply, fetch);
    struct text body = {.bytes = NULL};

    (void)fd;
    (void)what;
    if (fetch->connection)
        evhttp_connection_free(fetch->connection);
    fetch->connection =
        evhttp_connection_base_new(fetch->base, NULL, host, (unsigned short)(port > 0 ? port : 80));
    if (!request || !fetch->connection) {
        reason_format(fetch->why, "out of memory");
        end(fetch);
        return;
    }
    /* The server listens on IPv4 alone, and what it is told is an IPv4 address. */
    evhttp_connection_set_family(fetch->connection, AF_INET);
    evhttp_connection_set_timeout(
        fetch->connection, (int)(fetch->options->answer_ns / NS_PER_SECOND));
    request_write(&fetch->options->host, &body);
    (void)evbuffer_add(evhttp_request_get_output_buffer(request), body.bytes, body.size);
    text_done(&body);
    (void)evhttp_add_header(evhttp_request_get_output_headers(request), "Host", host);
    (void)evhttp_add_header(
        evhttp_request_get_output_headers(request), "Content-Type", "application/json");
    (void)evhttp_add_header(
        evhttp_request_get_output_headers(request), "Accept", "application/yaml, application/json");
    (void)evhttp_make_request(fetch->connection, request, EVHTTP_REQ_POST,
        fetch->options->host.is_executor ? "/executor" : "/validator");
}

static bool is_plain_http(const struct evhttp_uri *uri)
{
    const char *scheme = evhttp_uri_get_scheme(uri);
    const char *host = evhttp_uri_get_host(uri);

    return scheme && strcmp(scheme, "http") == 0 && host && *host;
}

enum client_result client_fetch(
    const struct client_options *options, struct text *out, struct reason *why)
{
    struct fetch fetch = {.options = options, .out = out, .why = why, .result = CLIENT_LATER};

    fetch.base = event_base_new();
    fetch.uri = evhttp_uri_parse(options->server);
    if (fetch.base)
        fetch.retry = evtimer_new(fetch.base, ask, &fetch);
    if (!fetch.uri || !is_plain_http(fetch.uri)) {
        reason_format(why, "CFG_SERVER_ADDR is '%s', not http://host:port", options->server);
        fetch.result = CLIENT_REFUSED;
    } else if (!fetch.retry) {
        reason_format(why, "out of memory");
    } else {
        fetch.give_up_at = now_ns() + options->connect_ns;
        ask(-1, 0, &fetch);
        (void)event_base_dispatch(fetch.base);
    }
    if (fetch.connection)
        evhttp_connection_free(fetch.connection);
    if (fetch.retry)
        event_free(fetch.retry);
    if (fetch.uri)
        evhttp_uri_free(fetch.uri);
    if (fetch.base)
        event_base_free(fetch.base);
    return fetch.result;
}

/* ---- the file ---- */

static bool write_all(int fd, const struct text *text)
{
    size_t done = 0;

    while (done < text->size) {
        const ssize_t n = write(fd, text->bytes + done, text->size - done);

        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return false;
        done += (size_t)n;
    }
    return true;
}

bool client_save(const char *path, const struct text *text, struct reason *why)
{
    char beside[CLIENT_PATH_BYTES + 8];
    int fd;
    bool is_written;

    (void)snprintf(beside, sizeof(beside), "%s.new", path);
    fd = open(beside, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, CONFIG_MODE);
    if (fd < 0)
        return reason_set(why, "cannot write %s: %s", beside, strerror(errno));
    is_written = write_all(fd, text);
    if (close(fd) != 0 || !is_written || rename(beside, path) != 0)
        return reason_set(why, "cannot write %s: %s", path, strerror(errno));
    return true;
}

#include "devnode/shell/otlp.h"

#include <event2/buffer.h>
#include <event2/dns.h>
#include <event2/event.h>
#include <event2/http.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "devnode/core/memory.h"
#include "devnode/shell/yaml_tree.h"

/* The library's own default is a minute, too long for a test of that length. */
#define INTERVAL_DEFAULT_MS 5000
#define INTERVAL_MIN_MS     100
#define INTERVAL_MAX_MS     86400000
#define TIMEOUT_S           5
#define LINE_BYTES_MAX      512
#define NAME_BYTES_MAX      128
#define CODE_TAKEN          200 /* and all others that say so */

struct otlp {
    struct otlp_params params;
    struct evhttp_uri *uri;
    char *service;
    uint64_t interval_ms;
    uint64_t start_ns;
    struct evdns_base *dns; /* or looking up a name would hold up the node */
    struct evhttp_connection *connection;
    struct evhttp_request *request; /* on its way; NULL: none */
    struct event *timer;
    int told; /* the latest outcome: CODE_TAKEN, another code, 0 without an answer */
};

/* ---- the message ---- */

/* Text in a JSON string. */
static void add_escaped(struct text *out, const char *text)
{
    for (; *text; text++) {
        char code[8];

        if (*text == '"' || *text == '\\')
            text_add_bytes(out, "\\", 1);
        if ((unsigned char)*text < 0x20) {
            (void)snprintf(code, sizeof(code), "\\u%04x", (unsigned)*text);
            text_add(out, code);
        } else {
            text_add_bytes(out, text, 1);
        }
    }
}

static bool ends_in_total(const char *name)
{
    const size_t length = strlen(name);

    return length > 6 && strcmp(name + length - 6, "_total") == 0;
}

/* One metric: "name value", a whole number. */
static void add_metric(
    struct text *out, const char *line, const char *type, const uint64_t moments[2])
{
    char name[NAME_BYTES_MAX], value[32];
    const bool is_counter = strcmp(type, "counter") == 0;

    if (sscanf(line, "%127[a-zA-Z0-9_:] %31[0-9]", name, value) != 2)
        return;
    if (out->bytes[out->size - 1] == '}')
        text_add(out, ",");
    text_add(out, "{\"name\":\"");
    text_add(out, name);
    text_add(out, is_counter ? "\",\"sum\":{" : "\",\"gauge\":{");
    if (is_counter) {
        text_add(out, "\"aggregationTemporality\":2,\"isMonotonic\":");
        text_add(out, ends_in_total(name) ? "true," : "false,");
    }
    text_add(out, "\"dataPoints\":[{\"asInt\":\"");
    text_add(out, value);
    text_add(out, "\",\"startTimeUnixNano\":\"");
    text_add_u64(out, moments[0]);
    text_add(out, "\",\"timeUnixNano\":\"");
    text_add_u64(out, moments[1]);
    text_add(out, "\"}]}}");
}

void otlp_write(
    const char *metrics, const char *service, uint64_t start_ns, uint64_t now_ns, struct text *out)
{
    const uint64_t moments[] = {start_ns, now_ns};
    char type[16] = "";

    text_add(out,
        "{\"resourceMetrics\":[{\"resource\":{\"attributes\":[{\"key\":\"service.name\","
        "\"value\":{\"stringValue\":\"");
    add_escaped(out, service);
    text_add(out, "\"}}]},\"scopeMetrics\":[{\"scope\":{\"name\":\"nomos-devnode\"},\"metrics\":[");
    while (*metrics) {
        const size_t length = strcspn(metrics, "\n");
        char line[LINE_BYTES_MAX];

        (void)snprintf(line, sizeof(line), "%.*s", (int)length, metrics);
        if (strncmp(line, "# TYPE ", 7) == 0)
            (void)sscanf(line + 7, "%*s %15s", type);
        else if (line[0] != '#')
            add_metric(out, line, type, moments);
        metrics += length + (metrics[length] == '\n');
    }
    text_add(out, "]}]}]}");
}

/* ---- sending ---- */

/* What came of the latest request, told once while it stays so. */
static void tell(struct otlp *otlp, int code)
{
    const bool is_taken = code >= 200 && code < 300;
    const int told = is_taken ? CODE_TAKEN : code;
    char text[160];

    if (told == otlp->told)
        return;
    otlp->told = told;
    if (is_taken)
        (void)snprintf(text, sizeof(text), "the collector takes metrics again");
    else if (code)
        (void)snprintf(text, sizeof(text), "the collector of metrics answers %d", code);
    else
        (void)snprintf(text, sizeof(text), "the collector of metrics at %.80s is not reached",
            evhttp_uri_get_host(otlp->uri));
    otlp->params.log(otlp->params.self, text);
}

static void on_reply(struct evhttp_request *request, void *arg)
{
    struct otlp *otlp = arg;

    otlp->request = NULL;
    tell(otlp, request ? evhttp_request_get_response_code(request) : 0);
}

static void send_body(struct otlp *otlp, const struct text *body)
{
    const char *path = evhttp_uri_get_path(otlp->uri);
    struct evkeyvalq *headers;

    otlp->request = evhttp_request_new(on_reply, otlp);
    if (!otlp->request)
        return;
    headers = evhttp_request_get_output_headers(otlp->request);
    (void)evhttp_add_header(headers, "Host", evhttp_uri_get_host(otlp->uri));
    (void)evhttp_add_header(headers, "Content-Type", "application/json");
    (void)evbuffer_add(evhttp_request_get_output_buffer(otlp->request), body->bytes, body->size);
    if (evhttp_make_request(otlp->connection, otlp->request, EVHTTP_REQ_POST,
            path && *path ? path : "/v1/metrics") != 0)
        otlp->request = NULL; /* it was freed with the failure */
}

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
    struct otlp *otlp = arg;
    const struct timeval interval = {.tv_sec = (time_t)(otlp->interval_ms / 1000),
        .tv_usec = (suseconds_t)(otlp->interval_ms % 1000 * 1000)};
    struct text metrics = {.bytes = NULL}, body = {.bytes = NULL};

    (void)fd;
    (void)what;
    (void)evtimer_add(otlp->timer, &interval);
    if (otlp->request) /* the one before has not been answered yet */
        return;
    otlp->params.write_metrics(otlp->params.metrics_self, &metrics);
    if (text_ok(&metrics) && metrics.bytes)
        otlp_write(metrics.bytes, otlp->service, otlp->start_ns,
            otlp->params.now_ns(otlp->params.self), &body);
    if (text_ok(&body) && body.bytes)
        send_body(otlp, &body);
    text_done(&metrics);
    text_done(&body);
}

/* ---- life ---- */

static uint64_t read_interval(void)
{
    const char *text = getenv("OTEL_METRIC_EXPORT_INTERVAL");
    char *end = NULL;
    unsigned long long interval;

    if (!text || !*text)
        return INTERVAL_DEFAULT_MS;
    interval = strtoull(text, &end, 10);
    return *end || interval < INTERVAL_MIN_MS || interval > INTERVAL_MAX_MS ? INTERVAL_DEFAULT_MS
                                                                            : interval;
}

bool otlp_read(struct otlp **out, const struct yaml_tree *file, struct reason *why)
{
    const struct yaml_tree *endpoint = yaml_tree_find(file, "tracing.metrics.endpoint");
    const struct yaml_tree *service = yaml_tree_find(file, "tracing.metrics.host_identifier");
    struct evhttp_uri *uri = NULL;
    const char *scheme, *host;

    *out = NULL;
    if (!endpoint)
        return true;
    if (endpoint->kind == YAML_SCALAR)
        uri = evhttp_uri_parse(endpoint->text);
    scheme = uri ? evhttp_uri_get_scheme(uri) : NULL;
    host = uri ? evhttp_uri_get_host(uri) : NULL;
    if (!scheme || strcmp(scheme, "http") != 0 || !host || !*host) {
        if (uri)
            evhttp_uri_free(uri);
        return reason_set(why,
            "line %u: `tracing.metrics` must have an endpoint of the form http://host:port/path",
            endpoint->line);
    }
    *out = memory_new(1, sizeof(**out));
    (*out)->uri = uri;
    (*out)->told = CODE_TAKEN;
    (*out)->interval_ms = read_interval();
    (*out)->service = memory_text(
        service && service->kind == YAML_SCALAR && *service->text ? service->text : "node");
    return true;
}

bool otlp_start(struct otlp *otlp, const struct otlp_params *params, struct reason *why)
{
    int port;

    if (!otlp)
        return true;
    otlp->params = *params;
    otlp->start_ns = params->now_ns(params->self);
    port = evhttp_uri_get_port(otlp->uri);
    otlp->dns = evdns_base_new(
        params->base, EVDNS_BASE_INITIALIZE_NAMESERVERS | EVDNS_BASE_DISABLE_WHEN_INACTIVE);
    otlp->timer = evtimer_new(params->base, on_timer, otlp);
    otlp->connection = evhttp_connection_base_new(params->base, otlp->dns,
        evhttp_uri_get_host(otlp->uri), (unsigned short)(port > 0 ? port : 80));
    if (!otlp->timer || !otlp->connection)
        return reason_set(why, "out of memory");
    evhttp_connection_set_timeout(otlp->connection, TIMEOUT_S);
    on_timer(-1, 0, otlp);
    return true;
}

void otlp_free(struct otlp *otlp)
{
    if (!otlp)
        return;
    if (otlp->connection)
        evhttp_connection_free(otlp->connection);
    if (otlp->dns)
        evdns_base_free(otlp->dns, 0);
    if (otlp->timer)
        event_free(otlp->timer);
    evhttp_uri_free(otlp->uri);
    free(otlp->service);
    free(otlp);
}

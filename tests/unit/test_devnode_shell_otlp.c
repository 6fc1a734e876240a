/* Metrics for a collector: the message, the configuration, and sending to one that takes, refuses, or
   is not there. */
#include "devnode/shell/otlp.h"

#include <event2/buffer.h>
#include <event2/event.h>
#include <event2/http.h>
#include <json-c/json.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include <cmocka.h>

#include "devnode/shell/yaml_tree.h"

static const char page[] = "# HELP consensus_tip_height height\n# TYPE consensus_tip_height gauge\n"
                           "consensus_tip_height 7\n"
                           "# TYPE consensus_processed_blocks counter\n"
                           "consensus_processed_blocks 18446744073709551615\n"
                           "# TYPE consensus_transactions_total counter\n"
                           "consensus_transactions_total 42\n";

/* ---- the message ---- */

/* The value at a path of names and numbers, "a.0.b". */
static struct json_object *at(struct json_object *json, const char *path)
{
    char part[64];

    while (*path) {
        const size_t length = strcspn(path, ".");

        (void)snprintf(part, sizeof(part), "%.*s", (int)length, path);
        json = json_object_is_type(json, json_type_array)
            ? json_object_array_get_idx(json, (size_t)strtoul(part, NULL, 10))
            : json_object_object_get(json, part);
        if (!json)
            fail_msg("nothing at %s", part);
        path += length + (path[length] == '.');
    }
    return json;
}

static const char *text_at(struct json_object *json, const char *path)
{
    return json_object_get_string(at(json, path));
}

static void a_page_of_metrics_becomes_one_message(void **state)
{
    struct text message = {.bytes = NULL};
    struct json_object *json, *metrics;

    (void)state;
    otlp_write(page, "validator-\"0\"", 5, 6, &message);
    json = json_tokener_parse(message.bytes);
    assert_non_null(json);
    assert_string_equal(
        text_at(json, "resourceMetrics.0.resource.attributes.0.key"), "service.name");
    assert_string_equal(text_at(json, "resourceMetrics.0.resource.attributes.0.value.stringValue"),
        "validator-\"0\"");
    metrics = at(json, "resourceMetrics.0.scopeMetrics.0.metrics");
    assert_int_equal(json_object_array_length(metrics), 3);
    assert_string_equal(text_at(metrics, "0.name"), "consensus_tip_height");
    assert_string_equal(text_at(metrics, "0.gauge.dataPoints.0.asInt"), "7");
    assert_string_equal(text_at(metrics, "0.gauge.dataPoints.0.timeUnixNano"), "6");
    assert_string_equal(text_at(metrics, "1.sum.dataPoints.0.asInt"), "18446744073709551615");
    assert_string_equal(text_at(metrics, "1.sum.dataPoints.0.startTimeUnixNano"), "5");
    assert_int_equal(json_object_get_int(at(metrics, "1.sum.aggregationTemporality")), 2);
    /* Or a collector would call it consensus_processed_blocks_total. */
    assert_false(json_object_get_boolean(at(metrics, "1.sum.isMonotonic")));
    assert_true(json_object_get_boolean(at(metrics, "2.sum.isMonotonic")));
    json_object_put(json);
    text_done(&message);
}

static void without_metrics_the_message_is_empty_but_whole(void **state)
{
    struct text message = {.bytes = NULL};
    struct json_object *json;

    (void)state;
    otlp_write("# a comment\nnot-a-metric here\nalone\n\n", "n", 1, 2, &message);
    json = json_tokener_parse(message.bytes);
    assert_non_null(json);
    assert_int_equal(
        json_object_array_length(at(json, "resourceMetrics.0.scopeMetrics.0.metrics")), 0);
    json_object_put(json);
    text_done(&message);
}

/* ---- the configuration ---- */

static struct otlp *read_section(const char *text, struct reason *why, bool *is_read)
{
    struct yaml_tree *file = yaml_tree_parse("config.yaml", text, strlen(text), why);
    struct otlp *otlp = NULL;

    assert_non_null(file);
    *is_read = otlp_read(&otlp, file, why);
    yaml_tree_free(file);
    return otlp;
}

static void nothing_is_sent_unless_the_configuration_says_where(void **state)
{
    static const char *const without[] = {
        "tracing: {metrics: None}", "tracing: {level: INFO}", "a: 1"};
    struct reason why = {""};
    bool is_read = false;

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        assert_null(read_section(without[i], &why, &is_read));
        assert_true(is_read);
    }
    assert_true(otlp_start(NULL, NULL, &why));
    otlp_free(NULL);
}

static void an_address_that_cannot_be_sent_to_is_refused(void **state)
{
    static const char *const endpoints[] = {"https://a/b", "a:9090", "http://", "''", "[1]"};

    (void)state;
    for (size_t i = 0; i < sizeof(endpoints) / sizeof(*endpoints); i++) {
        struct reason why = {""};
        bool is_read = true;
        char text[128];

        (void)snprintf(
            text, sizeof(text), "tracing:\n  metrics: !Otlp {endpoint: %s}\n", endpoints[i]);
        assert_null(read_section(text, &why, &is_read));
        assert_false(is_read);
        assert_non_null(strstr(why.text, "http://host:port/path"));
    }
}

/* ---- sending ---- */

struct collector {
    struct event_base *base;
    struct evhttp *http;
    uint16_t port;
    int code;         /* what it answers */
    unsigned replies; /* after which the loop ends */
    unsigned taken;
    char path[64], type[64], body[4096];
    char log[512];
};

static void on_request(struct evhttp_request *request, void *arg)
{
    struct collector *collector = arg;
    struct evbuffer *input = evhttp_request_get_input_buffer(request);
    const ev_ssize_t size = evbuffer_copyout(input, collector->body, sizeof(collector->body) - 1);

    collector->body[size > 0 ? size : 0] = '\0';
    (void)snprintf(collector->path, sizeof(collector->path), "%s", evhttp_request_get_uri(request));
    (void)snprintf(collector->type, sizeof(collector->type), "%s",
        evhttp_find_header(evhttp_request_get_input_headers(request), "Content-Type"));
    evhttp_send_reply(request, collector->code, NULL, NULL);
    if (++collector->taken == collector->replies)
        (void)event_base_loopexit(collector->base, NULL);
}

static void start_collector(struct collector *collector)
{
    struct evhttp_bound_socket *socket;
    struct sockaddr_in address = {.sin_port = 0};
    socklen_t size = sizeof(address);

    collector->base = event_base_new();
    collector->http = evhttp_new(collector->base);
    socket = evhttp_bind_socket_with_handle(collector->http, "127.0.0.1", 0);
    assert_non_null(socket);
    assert_int_equal(
        getsockname(evhttp_bound_socket_get_fd(socket), (struct sockaddr *)&address, &size), 0);
    collector->port = ntohs(address.sin_port);
    evhttp_set_gencb(collector->http, on_request, collector);
}

static void write_page(const void *self, struct text *text)
{
    (void)self;
    text_add(text, page);
}

static void on_log(void *self, const char *text)
{
    struct collector *collector = self;
    const size_t used = strlen(collector->log);

    (void)snprintf(collector->log + used, sizeof(collector->log) - used, "%s\n", text);
    if (collector->replies == 0)
        (void)event_base_loopexit(collector->base, NULL);
}

static uint64_t now(void *self)
{
    (void)self;
    return 1765540000000000000u;
}

static struct otlp *start_sending(struct collector *collector, uint16_t port)
{
    const struct otlp_params params = {.base = collector->base,
        .write_metrics = write_page,
        .log = on_log,
        .now_ns = now,
        .self = collector};
    struct reason why = {""};
    bool is_read = false;
    char text[160];
    struct otlp *otlp;

    assert_int_equal(setenv("OTEL_METRIC_EXPORT_INTERVAL", "100", 1), 0);
    (void)snprintf(text, sizeof(text),
        "tracing:\n  metrics: !Otlp {endpoint: 'http://127.0.0.1:%u/api/v1/otlp/v1/metrics', "
        "host_identifier: validator-0}\n",
        (unsigned)port);
    otlp = read_section(text, &why, &is_read);
    assert_non_null(otlp);
    assert_true(otlp_start(otlp, &params, &why));
    return otlp;
}

static void metrics_are_sent_again_and_again(void **state)
{
    struct collector collector = {.code = 200, .replies = 3};
    struct otlp *otlp;

    (void)state;
    start_collector(&collector);
    otlp = start_sending(&collector, collector.port);
    (void)event_base_dispatch(collector.base);
    assert_int_equal(collector.taken, 3);
    assert_string_equal(collector.path, "/api/v1/otlp/v1/metrics");
    assert_string_equal(collector.type, "application/json");
    assert_non_null(strstr(collector.body, "\"stringValue\":\"validator-0\""));
    assert_non_null(strstr(collector.body, "consensus_tip_height"));
    assert_string_equal(collector.log, "");
    otlp_free(otlp);
    evhttp_free(collector.http);
    event_base_free(collector.base);
}

static void a_collector_that_refuses_is_said_once(void **state)
{
    struct collector collector = {.code = 404, .replies = 4};
    struct otlp *otlp;

    (void)state;
    start_collector(&collector);
    otlp = start_sending(&collector, collector.port);
    (void)event_base_dispatch(collector.base);
    assert_string_equal(collector.log, "the collector of metrics answers 404\n");
    collector.code = 204;
    collector.replies = 7;
    (void)event_base_dispatch(collector.base);
    assert_string_equal(
        collector.log, "the collector of metrics answers 404\nthe collector takes metrics again\n");
    otlp_free(otlp);
    evhttp_free(collector.http);
    event_base_free(collector.base);
}

static void a_collector_that_is_not_there_holds_nobody_up(void **state)
{
    struct collector collector = {.code = 200};
    struct otlp *otlp;

    (void)state;
    start_collector(&collector);
    evhttp_free(collector.http); /* its port is nobody's now */
    otlp = start_sending(&collector, collector.port);
    (void)event_base_dispatch(collector.base);
    assert_string_equal(collector.log, "the collector of metrics at 127.0.0.1 is not reached\n");
    otlp_free(otlp);
    event_base_free(collector.base);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_page_of_metrics_becomes_one_message),
        cmocka_unit_test(without_metrics_the_message_is_empty_but_whole),
        cmocka_unit_test(nothing_is_sent_unless_the_configuration_says_where),
        cmocka_unit_test(an_address_that_cannot_be_sent_to_is_refused),
        cmocka_unit_test(metrics_are_sent_again_and_again),
        cmocka_unit_test(a_collector_that_refuses_is_said_once),
        cmocka_unit_test(a_collector_that_is_not_there_holds_nobody_up),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

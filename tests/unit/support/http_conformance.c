#include "tests/unit/support/http_conformance.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "framework/base/number.h"
#include "tests/unit/support/http_server.h"

#define OK_EMPTY "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
#define OK_FIVE  "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"

static engine_maker make_engine;

/* A client and the server it speaks to. */
struct pair {
    struct http_server *server;
    struct client *client;
};

static struct pair pair_new(
    const struct step *const *scripts, size_t count, const struct http_engine_config *config)
{
    struct pair pair = {.server = http_server_start(scripts, count)};

    pair.client = client_new(make_engine, config, http_server_port(pair.server));
    return pair;
}

static void pair_free(struct pair *pair)
{
    client_free(pair->client);
    http_server_stop(pair->server);
}

static void assert_body(const struct outcome *outcome, const char *body)
{
    assert_int_equal(outcome->answer->status, ASSAY_OK);
    assert_int_equal(outcome->answer->size, strlen(body));
    if (outcome->answer->size > 0)
        assert_memory_equal(outcome->answer->body, body, strlen(body));
}

static void assert_failed(const struct outcome *outcome, assay_status status)
{
    assert_int_equal(outcome->answer->status, status);
    assert_int_equal(outcome->answer->code, 0);
    assert_int_equal(outcome->answer->size, 0);
    assert_true(outcome->answer->why[0] != '\0');
}

/* One connection, one reply, whatever its text; then the connection is closed. */
static struct outcome reply_to(const char *method, const char *text, size_t reply_max)
{
    const struct step script[] = {{STEP_READ, NULL}, {STEP_SEND, text}, {STEP_END, NULL}};
    const struct step *const scripts[] = {script};
    struct pair pair = pair_new(scripts, 1, NULL);
    static struct http_answer answer;
    static char body[65536];
    struct outcome *outcome = client_start(
        pair.client, (struct http_call){.method = method, .path = "/", .reply_max = reply_max});
    struct outcome copy;

    client_await(pair.client, outcome);
    copy = *outcome;
    answer = *outcome->answer;
    if (answer.size > 0 && answer.size < sizeof body)
        memcpy(body, answer.body, answer.size);
    answer.body = body;
    copy.answer = &answer;
    pair_free(&pair);
    return copy;
}

/* ---- requests ---- */

static const struct step echo_forever[] = {{STEP_READ, NULL}, {STEP_ECHO, NULL}, {STEP_LOOP, NULL}};
static const struct step *const echo_scripts[] = {echo_forever};

static void get_is_answered_with_code_type_and_body(void **state)
{
    const struct outcome outcome = reply_to("GET",
        "HTTP/1.1 418 teapot\r\nContent-Type: text/x-tea\r\nContent-Length: 3\r\n\r\ntea", 0);

    (void)state;
    assert_body(&outcome, "tea");
    assert_int_equal(outcome.answer->code, 418);
    assert_string_equal(outcome.answer->content_type, "text/x-tea");
    assert_string_equal(outcome.answer->why, "");
    assert_true(outcome.answer->sent > 0);
    assert_true(outcome.answer->done >= outcome.answer->sent);
}

static void post_sends_method_path_headers_and_body(void **state)
{
    static const char *const headers[] = {"X-One: 1", "X-Two: a b", NULL};
    struct pair pair = pair_new(echo_scripts, 1, NULL);
    struct outcome *outcome = client_start(pair.client,
        (struct http_call){.method = "POST",
            .path = "/a/b?c=d&e=%20",
            .headers = headers,
            .body = {"{\"x\":1}", 7}});
    const char *request;

    (void)state;
    client_await(pair.client, outcome);

    assert_body(outcome, "{\"x\":1}");
    request = http_server_request(pair.server, 0);
    assert_memory_equal(request, "POST /a/b?c=d&e=%20 HTTP/1.1\r\n", 30);
    assert_non_null(strstr(request, "\r\nHost: 127.0.0.1:"));
    assert_non_null(strstr(request, "\r\nX-One: 1\r\n"));
    assert_non_null(strstr(request, "\r\nX-Two: a b\r\n"));
    assert_non_null(strstr(request, "\r\nContent-Type: application/json\r\n"));
    assert_non_null(strstr(request, "\r\nContent-Length: 7\r\n"));
    assert_null(strstr(request, "Expect"));
    pair_free(&pair);
}

static void get_may_have_a_body(void **state)
{
    struct pair pair = pair_new(echo_scripts, 1, NULL);
    struct outcome *outcome = client_start(pair.client,
        (struct http_call){.method = "GET",
            .path = "/da/get-share",
            .body = {"x=1", 3},
            .content_type = "text/odd"});

    (void)state;
    client_await(pair.client, outcome);

    assert_body(outcome, "x=1");
    assert_memory_equal(http_server_request(pair.server, 0), "GET /da/get-share HTTP/1.1\r\n", 28);
    assert_non_null(strstr(http_server_request(pair.server, 0), "\r\nContent-Type: text/odd\r\n"));
    pair_free(&pair);
}

static void post_without_body_says_so(void **state)
{
    struct pair pair = pair_new(echo_scripts, 1, NULL);

    (void)state;
    assert_body(client_post(pair.client, "/", ""), "");
    assert_non_null(strstr(http_server_request(pair.server, 0), "\r\nContent-Length: 0\r\n"));
    pair_free(&pair);
}

static void delete_keeps_its_method(void **state)
{
    struct pair pair = pair_new(echo_scripts, 1, NULL);
    struct outcome *outcome =
        client_start(pair.client, (struct http_call){.method = "DELETE", .path = "/x"});

    (void)state;
    client_await(pair.client, outcome);
    assert_body(outcome, "");
    assert_memory_equal(http_server_request(pair.server, 0), "DELETE /x HTTP/1.1\r\n", 20);
    pair_free(&pair);
}

static void large_bodies_arrive_whole_both_ways(void **state)
{
    enum {
        SIZE = 3 << 20
    };
    struct pair pair = pair_new(echo_scripts, 1, NULL);
    unsigned char *body = malloc(SIZE);
    struct outcome *outcome;

    (void)state;
    assert_non_null(body);
    for (size_t i = 0; i < SIZE; i++)
        body[i] = (unsigned char)((i * 2654435761u) >> 13); /* zeros and line ends among them */
    outcome = client_start(
        pair.client, (struct http_call){.method = "POST", .path = "/", .body = {body, SIZE}});
    client_await(pair.client, outcome);

    assert_int_equal(outcome->answer->status, ASSAY_OK);
    assert_int_equal(outcome->answer->size, SIZE);
    assert_memory_equal(outcome->answer->body, body, SIZE);
    free(body);
    pair_free(&pair);
}

/* ---- replies ---- */

static void head_has_no_body_whatever_its_length_says(void **state)
{
    const struct outcome outcome =
        reply_to("HEAD", "HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n", 0);

    (void)state;
    assert_body(&outcome, "");
    assert_int_equal(outcome.answer->code, 200);
}

static void codes_204_and_304_have_no_body(void **state)
{
    struct outcome outcome = reply_to("GET", "HTTP/1.1 204 None\r\n\r\n", 0);

    (void)state;
    assert_body(&outcome, "");
    assert_int_equal(outcome.answer->code, 204);
    outcome = reply_to("GET", "HTTP/1.1 304 Same\r\nContent-Length: 7\r\n\r\n", 0);
    assert_body(&outcome, "");
    assert_int_equal(outcome.answer->code, 304);
}

static void chunks_are_joined_however_they_are_cut(void **state)
{
    static const struct step script[] = {{STEP_READ, NULL},
        {STEP_TRICKLE,
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
            "1\r\na\r\n0A;x=y\r\n0123456789\r\n003\r\n\r\n!\r\n0\r\nX-Sum: 1\r\n\r\n"},
        {STEP_LOOP, NULL}};
    static const struct step *const scripts[] = {script};
    struct pair pair = pair_new(scripts, 1, NULL);

    (void)state;
    assert_body(client_get(pair.client, "/"), "a0123456789\r\n!");
    assert_body(client_get(pair.client, "/"), "a0123456789\r\n!");
    assert_int_equal(http_server_connection_count(pair.server), 1);
    pair_free(&pair);
}

static void interim_replies_are_skipped(void **state)
{
    const struct outcome outcome = reply_to(
        "POST", "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Hints\r\nLink: x\r\n\r\n" OK_FIVE, 0);

    (void)state;
    assert_body(&outcome, "hello");
    assert_int_equal(outcome.answer->code, 200);
}

static void body_without_length_ends_with_the_connection(void **state)
{
    const struct outcome outcome = reply_to("GET", "HTTP/1.1 200 OK\r\n\r\nuntil the end", 0);

    (void)state;
    assert_body(&outcome, "until the end");
}

static void half_close_ends_a_body_without_length(void **state)
{
    static const struct step script[] = {{STEP_READ, NULL},
        {STEP_SEND, "HTTP/1.0 200 OK\r\n\r\nhalf"}, {STEP_HALF_CLOSE, NULL}, {STEP_HOLD, NULL},
        {STEP_END, NULL}};
    static const struct step *const scripts[] = {script};
    struct pair pair = pair_new(scripts, 1, NULL);

    (void)state;
    assert_body(client_get(pair.client, "/"), "half");
    http_server_await_closed(pair.server, 1); /* our side let go too */
    pair_free(&pair);
}

static void end_in_the_header_is_a_failure(void **state)
{
    const struct outcome outcome = reply_to("GET", "HTTP/1.1 200 OK\r\nContent-Le", 0);

    (void)state;
    assert_failed(&outcome, ASSAY_E_IO);
}

static void end_in_the_body_is_a_failure(void **state)
{
    struct outcome outcome = reply_to("GET", "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhel", 0);

    (void)state;
    assert_failed(&outcome, ASSAY_E_IO);
    outcome = reply_to("GET", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhel", 0);
    assert_failed(&outcome, ASSAY_E_IO);
    outcome =
        reply_to("GET", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nhel\r\n", 0);
    assert_failed(&outcome, ASSAY_E_IO);
}

static void reset_in_the_body_is_a_failure(void **state)
{
    static const struct step script[] = {{STEP_READ, NULL},
        {STEP_SEND, "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhel"}, {STEP_RESET, NULL}};
    static const struct step *const scripts[] = {script};
    struct pair pair = pair_new(scripts, 1, NULL);

    (void)state;
    assert_failed(client_get(pair.client, "/"), ASSAY_E_IO);
    pair_free(&pair);
}

static void nonsense_is_a_failure(void **state)
{
    struct outcome outcome = reply_to("GET", "SSH-2.0-OpenSSH_9.2\r\n\r\n", 0);

    (void)state;
    assert_failed(&outcome, ASSAY_E_IO);
    outcome =
        reply_to("GET", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\nabc\r\n", 0);
    assert_failed(&outcome, ASSAY_E_IO);
}

static void longer_reply_than_allowed_is_refused(void **state)
{
    struct outcome outcome = reply_to("GET", OK_FIVE, 4);

    (void)state;
    assert_failed(&outcome, ASSAY_E_LAGGED);
    outcome = reply_to(
        "GET", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n", 4);
    assert_failed(&outcome, ASSAY_E_LAGGED);
    outcome = reply_to("GET", "HTTP/1.1 200 OK\r\n\r\nhello", 4);
    assert_failed(&outcome, ASSAY_E_LAGGED);
}

static void reply_of_just_the_length_allowed_is_fine(void **state)
{
    struct outcome outcome = reply_to("GET", OK_FIVE, 5);

    (void)state;
    assert_body(&outcome, "hello");
    outcome = reply_to("GET", "HTTP/1.1 200 OK\r\n\r\nhello", 5);
    assert_body(&outcome, "hello");
}

static void endless_reply_is_refused(void **state)
{
    static const struct step script[] = {{STEP_READ, NULL}, {STEP_SEND, "HTTP/1.1 200 OK\r\n\r\n"},
        {STEP_FLOOD, "0123456789012345678901234567890123456789"}, {STEP_END, NULL}};
    static const struct step *const scripts[] = {script};
    struct pair pair = pair_new(scripts, 1, NULL);
    struct outcome *outcome = client_start(
        pair.client, (struct http_call){.method = "GET", .path = "/", .reply_max = 100000});

    (void)state;
    client_await(pair.client, outcome);
    assert_failed(outcome, ASSAY_E_LAGGED);
    http_server_await_closed(pair.server, 1);
    pair_free(&pair);
}

static void answer_before_the_request_was_sent_counts(void **state)
{
    enum {
        SIZE = 24 << 20 /* more than all socket buffers take: nobody reads it */
    };
    static const struct step script[] = {{STEP_READ_HEAD, NULL},
        {STEP_SEND, "HTTP/1.1 413 Too Large\r\nContent-Length: 2\r\n\r\nno"}, {STEP_HOLD, NULL},
        {STEP_END, NULL}};
    static const struct step *const scripts[] = {script, echo_forever};
    struct pair pair = pair_new(scripts, 2, NULL);
    char *body = calloc(1, SIZE);
    struct outcome *outcome;

    (void)state;
    assert_non_null(body);
    outcome = client_start(
        pair.client, (struct http_call){.method = "POST", .path = "/", .body = {body, SIZE}});
    client_await(pair.client, outcome);

    assert_body(outcome, "no");
    assert_int_equal(outcome->answer->code, 413);
    assert_body(
        client_get(pair.client, "/"), ""); /* on another connection: half of the body is due */
    free(body);
    pair_free(&pair);
}

/* ---- connections ---- */

static void connection_is_used_again(void **state)
{
    struct pair pair = pair_new(echo_scripts, 1, NULL);
    struct http_stats stats = {0};

    (void)state;
    for (int i = 0; i < 5; i++)
        assert_body(client_get(pair.client, "/"), "");

    http_engine_stats(pair.client->engine, &stats);
    assert_int_equal(http_server_connection_count(pair.server), 1);
    assert_int_equal(stats.connections_opened, 1);
    pair_free(&pair);
}

static void connection_close_is_honoured(void **state)
{
    static const struct step script[] = {{STEP_READ, NULL},
        {STEP_SEND, "HTTP/1.1 200 OK\r\nConnection: foo, Close\r\nContent-Length: 0\r\n\r\n"},
        {STEP_HOLD, NULL}, {STEP_END, NULL}};
    static const struct step *const scripts[] = {script};
    struct pair pair = pair_new(scripts, 1, NULL);

    (void)state;
    assert_body(client_get(pair.client, "/"), "");
    assert_body(client_get(pair.client, "/"), "");
    http_server_await_closed(pair.server, 2); /* by us: the server holds them */
    pair_free(&pair);
}

static void bytes_behind_the_reply_end_the_connection(void **state)
{
    static const struct step script[] = {
        {STEP_READ, NULL}, {STEP_SEND, OK_FIVE OK_FIVE}, {STEP_HOLD, NULL}, {STEP_END, NULL}};
    static const struct step *const scripts[] = {script};
    struct pair pair = pair_new(scripts, 1, NULL);

    (void)state;
    assert_body(client_get(pair.client, "/"), "hello");
    assert_body(client_get(pair.client, "/"), "hello");
    assert_int_equal(http_server_connection_count(pair.server), 2);
    pair_free(&pair);
}

static void get_on_a_stale_connection_is_repeated(void **state)
{
    static const struct step stale[] = {
        {STEP_READ, NULL}, {STEP_SEND, OK_FIVE}, {STEP_READ, NULL}, {STEP_END, NULL}};
    static const struct step fresh[] = {{STEP_READ, NULL}, {STEP_SEND, OK_FIVE}, {STEP_LOOP, NULL}};
    static const struct step *const scripts[] = {stale, fresh};
    struct pair pair = pair_new(scripts, 2, NULL);

    (void)state;
    assert_body(client_get(pair.client, "/one"), "hello");
    assert_body(client_get(pair.client, "/two"), "hello");
    assert_int_equal(http_server_request_count(pair.server), 3);
    pair_free(&pair);
}

/* Whether the engine uses the first connection again is its affair: both close without a word. */
static void post_is_never_sent_twice(void **state)
{
    static const struct step stale[] = {
        {STEP_READ, NULL}, {STEP_SEND, OK_FIVE}, {STEP_READ, NULL}, {STEP_END, NULL}};
    static const struct step silent[] = {{STEP_READ, NULL}, {STEP_END, NULL}};
    static const struct step fresh[] = {{STEP_READ, NULL}, {STEP_SEND, OK_FIVE}, {STEP_LOOP, NULL}};
    static const struct step *const scripts[] = {stale, silent, fresh};
    struct pair pair = pair_new(scripts, 3, NULL);
    struct outcome *outcome;

    (void)state;
    assert_body(client_post(pair.client, "/one", "1"), "hello");
    outcome = client_post(pair.client, "/two", "2");

    assert_failed(outcome, ASSAY_E_IO);
    assert_true(outcome->answer->sent > 0);
    assert_int_equal(http_server_request_count(pair.server), 2);
    pair_free(&pair);
}

static void fresh_connection_that_breaks_is_not_repeated(void **state)
{
    static const struct step script[] = {{STEP_READ, NULL}, {STEP_END, NULL}};
    static const struct step *const scripts[] = {script};
    struct pair pair = pair_new(scripts, 1, NULL);

    (void)state;
    assert_failed(client_get(pair.client, "/"), ASSAY_E_IO);
    assert_int_equal(http_server_request_count(pair.server), 1);
    pair_free(&pair);
}

static void refused_connection_is_a_failure_and_names_the_address(void **state)
{
    const uint16_t port = http_server_dead_port();
    struct client *client = client_new(make_engine, NULL, port);
    struct outcome *outcome = client_get(client, "/");
    char address[32];

    (void)state;
    (void)snprintf(address, sizeof address, "127.0.0.1:%u", port);
    assert_failed(outcome, ASSAY_E_IO);
    assert_int_equal(outcome->answer->sent, 0);
    assert_non_null(strstr(outcome->answer->why, address));
    assert_non_null(strstr(outcome->answer->why, "onnect"));
    client_free(client);
}

static void connections_to_one_address_are_limited(void **state)
{
    static const struct step script[] = {
        {STEP_READ, NULL}, {STEP_GATE, NULL}, {STEP_ECHO, NULL}, {STEP_LOOP, NULL}};
    static const struct step *const scripts[] = {script};
    const struct http_engine_config config = {.connections_per_address = 3};
    struct pair pair = pair_new(scripts, 1, &config);

    (void)state;
    for (int i = 0; i < 12; i++)
        (void)client_start(pair.client, (struct http_call){.method = "GET", .path = "/"});
    http_server_await_requests(pair.server, 3);
    assert_int_equal(http_server_request_count(pair.server), 3);
    for (int i = 0; i < 12; i++)
        http_server_open_gate(pair.server);
    client_await_count(pair.client, 12);

    for (int i = 0; i < 12; i++)
        assert_body(&pair.client->outcomes[i], "");
    assert_int_equal(http_server_connection_count(pair.server), 3);
    pair_free(&pair);
}

static void two_addresses_do_not_share_connections(void **state)
{
    struct pair pair = pair_new(echo_scripts, 1, NULL);
    struct http_server *other = http_server_start(echo_scripts, 1);
    struct http_address address;
    struct outcome *outcome;

    (void)state;
    assert_int_equal(
        http_address_set(&address, HTTP_TCP, "127.0.0.1", http_server_port(other)), ASSAY_OK);
    assert_body(client_get(pair.client, "/"), "");
    outcome = client_start(
        pair.client, (struct http_call){.method = "GET", .path = "/", .address = &address});
    client_await(pair.client, outcome);

    assert_body(outcome, "");
    assert_int_equal(http_server_request_count(pair.server), 1);
    assert_int_equal(http_server_request_count(other), 1);
    pair_free(&pair);
    http_server_stop(other);
}

/* Two addresses and one connection in all: each has to give way to the other. */
static void total_of_connections_is_shared_fairly(void **state)
{
    const struct http_engine_config config = {.connections_max = 1};
    struct pair pair = pair_new(echo_scripts, 1, &config);
    struct http_server *other = http_server_start(echo_scripts, 1);
    struct http_address address;

    (void)state;
    assert_int_equal(
        http_address_set(&address, HTTP_TCP, "127.0.0.1", http_server_port(other)), ASSAY_OK);
    for (int i = 0; i < 20; i++)
        (void)client_start(pair.client,
            (struct http_call){.method = "GET", .path = "/", .address = i % 2 ? &address : NULL});
    client_await_count(pair.client, 20);

    for (int i = 0; i < 20; i++)
        assert_body(&pair.client->outcomes[i], "");
    assert_int_equal(http_server_request_count(pair.server), 10);
    assert_int_equal(http_server_request_count(other), 10);
    pair_free(&pair);
    http_server_stop(other);
}

static void unix_sockets_are_spoken_to(void **state)
{
    char path[64];
    struct http_server *server;
    struct client *client;

    (void)state;
    (void)snprintf(path, sizeof path, "/tmp/assay-http-test-%d.socket", (int)getpid());
    server = http_server_start_unix(path, echo_scripts, 1);
    client = client_new(make_engine, NULL, 1);
    assert_int_equal(http_address_set(&client->address, HTTP_UNIX, path, 0), ASSAY_OK);

    assert_body(client_post(client, "/containers", "abc"), "abc");
    assert_non_null(strstr(http_server_request(server, 0), "\r\nHost: localhost\r\n"));
    client_free(client);
    http_server_stop(server);
    (void)unlink(path);
}

/* ---- time ---- */

static const struct step silent_forever[] = {
    {STEP_READ, NULL}, {STEP_HOLD, NULL}, {STEP_END, NULL}};
static const struct step *const silent_scripts[] = {silent_forever};

static void silence_times_out(void **state)
{
    struct pair pair = pair_new(silent_scripts, 1, NULL);
    struct outcome *outcome = client_start(
        pair.client, (struct http_call){.method = "GET", .path = "/", .timeout = 150 * ASSAY_MS});

    (void)state;
    client_await(pair.client, outcome);

    assert_failed(outcome, ASSAY_E_TIMEOUT);
    assert_true(outcome->answer->sent > 0);
    assert_true(outcome->answer->done >= outcome->exchange->at + 150 * ASSAY_MS);
    assert_non_null(strstr(outcome->answer->why, "150ms"));
    http_server_await_closed(pair.server, 1); /* its connection was given up */
    pair_free(&pair);
}

static void body_that_never_ends_times_out(void **state)
{
    static const struct step script[] = {{STEP_READ, NULL},
        {STEP_SEND, "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhel"}, {STEP_HOLD, NULL},
        {STEP_END, NULL}};
    static const struct step *const scripts[] = {script};
    struct pair pair = pair_new(scripts, 1, NULL);
    struct outcome *outcome = client_start(
        pair.client, (struct http_call){.method = "GET", .path = "/", .timeout = 150 * ASSAY_MS});

    (void)state;
    client_await(pair.client, outcome);
    assert_failed(outcome, ASSAY_E_TIMEOUT);
    pair_free(&pair);
}

static void clock_runs_while_waiting_for_a_connection(void **state)
{
    const struct http_engine_config config = {.connections_per_address = 1};
    struct pair pair = pair_new(silent_scripts, 1, &config);
    struct outcome *first =
        client_start(pair.client, (struct http_call){.method = "GET", .path = "/first"});
    struct outcome *second;
    struct http_stats stats = {0};

    (void)state;
    http_server_await_requests(pair.server, 1);
    second = client_start(pair.client,
        (struct http_call){.method = "GET", .path = "/second", .timeout = 100 * ASSAY_MS});
    client_await(pair.client, second);

    assert_failed(second, ASSAY_E_TIMEOUT);
    assert_int_equal(second->answer->sent, 0);
    assert_int_equal(http_server_request_count(pair.server), 1);
    http_engine_stats(pair.client->engine, &stats);
    assert_int_equal(stats.missed, 1);
    http_engine_cancel(pair.client->engine, first->exchange);
    pair_free(&pair);
}

static void requests_are_sent_in_the_order_of_their_moments(void **state)
{
    static const char *const paths[] = {"/0", "/1", "/2", "/3", "/4", "/5", "/6", "/7"};
    static const size_t shuffled[] = {5, 2, 7, 0, 3, 6, 1, 4};
    const struct http_engine_config config = {.connections_per_address = 1};
    struct pair pair = pair_new(echo_scripts, 1, &config);
    const assay_ns start = client_now() + 50 * ASSAY_MS;

    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(shuffled); i++)
        (void)client_start(pair.client,
            (struct http_call){.method = "GET",
                .path = paths[shuffled[i]],
                .at = start + (assay_ns)shuffled[i] * 2 * ASSAY_MS});
    client_await_count(pair.client, ARRAY_COUNT(shuffled));

    for (size_t i = 0; i < ARRAY_COUNT(paths); i++) {
        assert_memory_equal(http_server_request(pair.server, i) + 4, paths[i], 2);
        assert_body(&pair.client->outcomes[i], "");
        assert_true(pair.client->outcomes[i].answer->sent >= pair.client->outcomes[i].exchange->at);
    }
    pair_free(&pair);
}

static void moment_in_the_past_means_now_and_is_kept(void **state)
{
    struct pair pair = pair_new(echo_scripts, 1, NULL);
    const assay_ns past = client_now() - 3600 * ASSAY_SECOND;
    struct outcome *outcome = client_start(pair.client,
        (struct http_call){.method = "GET", .path = "/", .at = past, .timeout = 30 * ASSAY_SECOND});

    (void)state;
    client_await(pair.client, outcome);
    assert_body(outcome, ""); /* its deadline counts from submit, not from an hour ago */
    assert_int_equal(outcome->exchange->at, past);
    pair_free(&pair);
}

/* ---- cancelling ---- */

static void scheduled_request_that_is_cancelled_is_never_sent(void **state)
{
    struct pair pair = pair_new(echo_scripts, 1, NULL);
    struct outcome *outcome = client_start(pair.client,
        (struct http_call){
            .method = "GET", .path = "/never", .at = client_now() + 3600 * ASSAY_SECOND});

    (void)state;
    http_engine_cancel(pair.client->engine, outcome->exchange);
    client_await(pair.client, outcome);

    assert_failed(outcome, ASSAY_E_CANCELLED);
    assert_int_equal(outcome->answer->sent, 0);
    assert_body(client_get(pair.client, "/"), "");
    assert_int_equal(http_server_request_count(pair.server), 1);
    pair_free(&pair);
}

static void request_in_flight_can_be_cancelled(void **state)
{
    struct pair pair = pair_new(silent_scripts, 1, NULL);
    struct outcome *outcome =
        client_start(pair.client, (struct http_call){.method = "GET", .path = "/"});

    (void)state;
    http_server_await_requests(pair.server, 1);
    http_engine_cancel(pair.client->engine, outcome->exchange);
    http_engine_cancel(pair.client->engine, outcome->exchange); /* once more does no harm */
    client_await(pair.client, outcome);

    assert_failed(outcome, ASSAY_E_CANCELLED);
    http_server_await_closed(pair.server, 1);
    pair_free(&pair);
}

static void cancelling_what_has_ended_changes_nothing(void **state)
{
    struct pair pair = pair_new(echo_scripts, 1, NULL);
    struct outcome *outcome = client_post(pair.client, "/", "x");

    (void)state;
    http_engine_cancel(pair.client->engine, outcome->exchange);
    assert_body(client_post(pair.client, "/", "y"), "y");
    assert_body(outcome, "x");
    pair_free(&pair);
}

static void free_ends_everything_that_is_in_flight(void **state)
{
    const struct http_engine_config config = {.connections_per_address = 2};
    struct pair pair = pair_new(silent_scripts, 1, &config);

    (void)state;
    for (int i = 0; i < 5; i++) /* two active, three waiting */
        (void)client_start(pair.client, (struct http_call){.method = "GET", .path = "/"});
    (void)client_start(pair.client,
        (struct http_call){.method = "GET", .path = "/", .at = client_now() + 60 * ASSAY_SECOND});
    http_server_await_requests(pair.server, 2);
    http_engine_free(pair.client->engine);
    pair.client->engine = NULL;

    client_await_count(pair.client, 6);
    for (int i = 0; i < 6; i++)
        assert_failed(&pair.client->outcomes[i], ASSAY_E_CANCELLED);
    pair_free(&pair);
}

/* ---- numbers ---- */

static void more_in_flight_than_allowed_are_refused(void **state)
{
    const struct http_engine_config config = {.exchanges_max = 3};
    struct pair pair = pair_new(silent_scripts, 1, &config);
    const struct http_call call = {.method = "GET", .path = "/"};
    struct http_stats stats = {0};

    (void)state;
    for (int i = 0; i < 3; i++)
        assert_int_equal(client_try(pair.client, call), ASSAY_OK);
    assert_int_equal(client_try(pair.client, call), ASSAY_E_LAGGED);
    http_engine_stats(pair.client->engine, &stats);
    assert_int_equal(stats.refused, 1);
    assert_int_equal(stats.submitted, 3);
    assert_int_equal(stats.in_flight, 3);
    for (int i = 0; i < 3; i++)
        http_engine_cancel(pair.client->engine, pair.client->outcomes[i].exchange);
    client_await_count(pair.client, 4);
    assert_int_equal(client_try(pair.client, call), ASSAY_OK); /* there is room again */
    pair_free(&pair);
}

/* Each end starts the next: eight chains of 100 on the engine's own thread. */
static void start_next(struct client *client, struct outcome *outcome)
{
    size_t started;

    (void)outcome;
    (void)pthread_mutex_lock(&client->lock);
    started = client->started;
    (void)pthread_mutex_unlock(&client->lock);
    if (started < 800)
        (void)client_start(client, (struct http_call){.method = "GET", .path = "/next"});
}

static void callback_may_submit_the_next_request(void **state)
{
    const struct http_engine_config config = {.connections_per_address = 8};
    struct pair pair = pair_new(echo_scripts, 1, &config);
    struct http_stats stats = {0};

    (void)state;
    pair.client->on_done = start_next;
    for (int i = 0; i < 8; i++)
        (void)client_start(pair.client, (struct http_call){.method = "GET", .path = "/first"});
    client_await_count(pair.client, 800);

    http_engine_stats(pair.client->engine, &stats);
    assert_int_equal(stats.answered, 800);
    assert_int_equal(stats.sent, 800);
    assert_int_equal(stats.missed, 0);
    assert_int_equal(stats.in_flight, 0);
    pair_free(&pair);
}

static void thousands_in_flight_are_all_answered(void **state)
{
    enum {
        COUNT = 5000
    };
    struct pair pair = pair_new(echo_scripts, 1, NULL);
    struct http_stats stats = {0};
    const assay_ns start = client_now() + 20 * ASSAY_MS;

    (void)state;
    for (int i = 0; i < COUNT; i++)
        (void)client_start(pair.client,
            (struct http_call){
                .method = "PUT", .path = "/", .body = {&i, sizeof i}, .at = start + i * 10000});
    client_await_count(pair.client, COUNT);

    for (int i = 0; i < COUNT; i++) {
        assert_int_equal(pair.client->outcomes[i].answer->status, ASSAY_OK);
        assert_int_equal(pair.client->outcomes[i].answer->size, sizeof i);
        assert_memory_equal(pair.client->outcomes[i].answer->body, &i, sizeof i);
    }
    http_engine_stats(pair.client->engine, &stats);
    assert_int_equal(stats.answered, COUNT);
    assert_int_equal(http_server_request_count(pair.server), COUNT);
    pair_free(&pair);
}

static void every_exchange_is_counted_once(void **state)
{
    static const struct step script[] = {{STEP_READ, NULL}, {STEP_SEND, OK_EMPTY},
        {STEP_READ, NULL}, {STEP_SEND, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nx"},
        {STEP_END, NULL}};
    static const struct step *const scripts[] = {script, silent_forever};
    struct pair pair = pair_new(scripts, 2, NULL);
    struct http_stats stats = {0};
    struct outcome *outcome;

    (void)state;
    assert_body(client_get(pair.client, "/"), "");
    assert_failed(client_get(pair.client, "/"), ASSAY_E_IO);
    outcome = client_start(
        pair.client, (struct http_call){.method = "GET", .path = "/", .timeout = 100 * ASSAY_MS});
    client_await(pair.client, outcome);
    outcome = client_start(pair.client, (struct http_call){.method = "GET", .path = "/"});
    http_engine_cancel(pair.client->engine, outcome->exchange);
    client_await(pair.client, outcome);

    http_engine_stats(pair.client->engine, &stats);
    assert_int_equal(stats.submitted, 4);
    assert_int_equal(stats.answered, 1);
    assert_int_equal(stats.failed, 1);
    assert_int_equal(stats.timed_out, 1);
    assert_int_equal(stats.cancelled, 1);
    assert_int_equal(stats.in_flight, 0);
    assert_true(stats.in_flight_peak >= 1);
    pair_free(&pair);
}

int http_conformance_run(engine_maker make)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(get_is_answered_with_code_type_and_body),
        cmocka_unit_test(post_sends_method_path_headers_and_body),
        cmocka_unit_test(get_may_have_a_body),
        cmocka_unit_test(post_without_body_says_so),
        cmocka_unit_test(delete_keeps_its_method),
        cmocka_unit_test(large_bodies_arrive_whole_both_ways),
        cmocka_unit_test(head_has_no_body_whatever_its_length_says),
        cmocka_unit_test(codes_204_and_304_have_no_body),
        cmocka_unit_test(chunks_are_joined_however_they_are_cut),
        cmocka_unit_test(interim_replies_are_skipped),
        cmocka_unit_test(body_without_length_ends_with_the_connection),
        cmocka_unit_test(half_close_ends_a_body_without_length),
        cmocka_unit_test(end_in_the_header_is_a_failure),
        cmocka_unit_test(end_in_the_body_is_a_failure),
        cmocka_unit_test(reset_in_the_body_is_a_failure),
        cmocka_unit_test(nonsense_is_a_failure),
        cmocka_unit_test(longer_reply_than_allowed_is_refused),
        cmocka_unit_test(reply_of_just_the_length_allowed_is_fine),
        cmocka_unit_test(endless_reply_is_refused),
        cmocka_unit_test(answer_before_the_request_was_sent_counts),
        cmocka_unit_test(connection_is_used_again),
        cmocka_unit_test(connection_close_is_honoured),
        cmocka_unit_test(bytes_behind_the_reply_end_the_connection),
        cmocka_unit_test(get_on_a_stale_connection_is_repeated),
        cmocka_unit_test(post_is_never_sent_twice),
        cmocka_unit_test(fresh_connection_that_breaks_is_not_repeated),
        cmocka_unit_test(refused_connection_is_a_failure_and_names_the_address),
        cmocka_unit_test(connections_to_one_address_are_limited),
        cmocka_unit_test(two_addresses_do_not_share_connections),
        cmocka_unit_test(total_of_connections_is_shared_fairly),
        cmocka_unit_test(unix_sockets_are_spoken_to),
        cmocka_unit_test(silence_times_out),
        cmocka_unit_test(body_that_never_ends_times_out),
        cmocka_unit_test(clock_runs_while_waiting_for_a_connection),
        cmocka_unit_test(requests_are_sent_in_the_order_of_their_moments),
        cmocka_unit_test(moment_in_the_past_means_now_and_is_kept),
        cmocka_unit_test(scheduled_request_that_is_cancelled_is_never_sent),
        cmocka_unit_test(request_in_flight_can_be_cancelled),
        cmocka_unit_test(cancelling_what_has_ended_changes_nothing),
        cmocka_unit_test(free_ends_everything_that_is_in_flight),
        cmocka_unit_test(more_in_flight_than_allowed_are_refused),
        cmocka_unit_test(callback_may_submit_the_next_request),
        cmocka_unit_test(thousands_in_flight_are_all_answered),
        cmocka_unit_test(every_exchange_is_counted_once),
    };

    make_engine = make;
    return cmocka_run_group_tests_name("every engine", tests, NULL, NULL);
}

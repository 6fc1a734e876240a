/* Which connections are made, kept, shared and given up. */
#include "tests/unit/support/http_conformance_parts.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

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
    struct client *client = http_conformance_client(NULL, port);
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
    client = http_conformance_client(NULL, 1);
    assert_int_equal(http_address_set(&client->address, HTTP_UNIX, path, 0), ASSAY_OK);

    assert_body(client_post(client, "/containers", "abc"), "abc");
    assert_non_null(strstr(http_server_request(server, 0), "\r\nHost: localhost\r\n"));
    client_free(client);
    http_server_stop(server);
    (void)unlink(path);
}

int http_conformance_connections(void)
{
    static const struct CMUnitTest tests[] = {
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
    };

    return cmocka_run_group_tests_name("every engine: connections", tests, NULL, NULL);
}

#include "framework/host/http_native.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "framework/base/mem.h"
#include "framework/base/number.h"
#include "tests/unit/support/http_conformance.h"
#include "tests/unit/support/http_server.h"

#define OK_FIVE "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"

static const struct step echo_forever[] = {{STEP_READ, NULL}, {STEP_ECHO, NULL}, {STEP_LOOP, NULL}};
static const struct step *const echo_scripts[] = {echo_forever};
static const struct step gated[] = {
    {STEP_READ, NULL}, {STEP_GATE, NULL}, {STEP_ECHO, NULL}, {STEP_LOOP, NULL}};
static const struct step *const gated_scripts[] = {gated};

static struct outcome *start_at(struct client *client, const struct http_address *address)
{
    return client_start(
        client, (struct http_call){.method = "GET", .path = "/", .address = address});
}

static void names_and_tls_are_not_for_this_engine(void **state)
{
    struct client *client = client_new(http_native_new, NULL, 1);
    struct http_address address;
    struct outcome *outcome;

    (void)state;
    assert_int_equal(http_address_set(&address, HTTP_TCP, "localhost", 80), ASSAY_OK);
    assert_false(http_native_takes(&address));
    assert_int_equal(http_address_set(&address, HTTP_TLS, "127.0.0.1", 443), ASSAY_OK);
    assert_false(http_native_takes(&address));
    outcome = start_at(client, &address);
    client_await(client, outcome);
    assert_int_equal(outcome->answer->status, ASSAY_E_UNSUPPORTED);
    assert_non_null(strstr(outcome->answer->why, "127.0.0.1:443"));
    assert_int_equal(http_address_set(&address, HTTP_TCP, "::1", 80), ASSAY_OK);
    assert_true(http_native_takes(&address));
    client_free(client);
}

static void malformed_replies_are_refused_with_the_reason(void **state)
{
    static const struct {
        const char *reply, *word;
    } cases[] = {
        {"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello", "different"},
        {"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n", "both"},
        {"HTTP/1.1 200 OK\nContent-Length: 0\n\n", "CR LF"},
        {"HTTP/1.1 200 OK\r\nX: a\r\n b\r\nContent-Length: 0\r\n\r\n", "folded"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        const struct step script[] = {
            {STEP_READ, NULL}, {STEP_SEND, cases[i].reply}, {STEP_HOLD, NULL}, {STEP_END, NULL}};
        const struct step *const scripts[] = {script};
        struct http_server *server = http_server_start(scripts, 1);
        struct client *client = client_new(http_native_new, NULL, http_server_port(server));
        struct outcome *outcome = client_get(client, "/");

        assert_int_equal(outcome->answer->status, ASSAY_E_IO);
        assert_non_null(strstr(outcome->answer->why, cases[i].word));
        client_free(client);
        http_server_stop(server);
    }
}

static void post_that_may_have_arrived_says_so(void **state)
{
    static const struct step stale[] = {
        {STEP_READ, NULL}, {STEP_SEND, OK_FIVE}, {STEP_READ, NULL}, {STEP_END, NULL}};
    static const struct step *const scripts[] = {stale, echo_forever};
    struct http_server *server = http_server_start(scripts, 2);
    struct client *client = client_new(http_native_new, NULL, http_server_port(server));
    struct outcome *outcome;

    (void)state;
    (void)client_post(client, "/", "1");
    outcome = client_post(client, "/", "2");
    assert_int_equal(outcome->answer->status, ASSAY_E_IO);
    assert_non_null(strstr(outcome->answer->why, "may have acted"));
    client_free(client);
    http_server_stop(server);
}

/* A server that restarts: its idle connections are gone, and nobody should notice. */
static void connections_closed_while_idle_are_dropped(void **state)
{
    static const struct step once[] = {{STEP_READ, NULL}, {STEP_SEND, OK_FIVE}, {STEP_END, NULL}};
    static const struct step *const scripts[] = {once};
    struct http_server *server = http_server_start(scripts, 1);
    struct client *client = client_new(http_native_new, NULL, http_server_port(server));
    struct http_stats stats = {.connections_open = 1};

    (void)state;
    for (size_t i = 1; i <= 3; i++) {
        assert_int_equal(client_post(client, "/", "x")->answer->status, ASSAY_OK);
        http_server_await_closed(server, i);
        for (stats.connections_open = 1; stats.connections_open > 0;) /* until we know of it */
            http_engine_stats(client->engine, &stats);
    }
    assert_int_equal(stats.repeated, 0);
    assert_int_equal(stats.connections_opened, 3);
    client_free(client);
    http_server_stop(server);
}

static void repetition_is_counted_and_sends_are_not_counted_twice(void **state)
{
    static const struct step stale[] = {
        {STEP_READ, NULL}, {STEP_SEND, OK_FIVE}, {STEP_READ, NULL}, {STEP_END, NULL}};
    static const struct step *const scripts[] = {stale, echo_forever};
    struct http_server *server = http_server_start(scripts, 2);
    struct client *client = client_new(http_native_new, NULL, http_server_port(server));
    struct http_stats stats = {0};

    (void)state;
    (void)client_get(client, "/");
    assert_int_equal(client_get(client, "/")->answer->status, ASSAY_OK);
    http_engine_stats(client->engine, &stats);
    assert_int_equal(stats.repeated, 1);
    assert_int_equal(stats.sent, 2);
    assert_int_equal(stats.answered, 2);
    client_free(client);
    http_server_stop(server);
}

/* On the engine's thread: sends the second request when the connection is gone, and before the
   engine has had a chance to look. */
static struct http_server *resetting;

static void post_into_the_reset(struct client *client, struct outcome *outcome)
{
    if (outcome != &client->outcomes[0])
        return;
    http_server_open_gate(resetting);
    http_server_await_closed(resetting, 1);
    (void)client_start(client, (struct http_call){.method = "POST", .path = "/", .body = {"x", 1}});
}

static void post_of_which_nothing_was_taken_is_sent_again(void **state)
{
    static const struct step reset[] = {
        {STEP_READ, NULL}, {STEP_SEND, OK_FIVE}, {STEP_GATE, NULL}, {STEP_RESET, NULL}};
    static const struct step *const scripts[] = {reset, echo_forever};
    struct client *client;
    struct http_stats stats = {0};

    (void)state;
    resetting = http_server_start(scripts, 2);
    client = client_new(http_native_new, NULL, http_server_port(resetting));
    client->on_done = post_into_the_reset;
    (void)start_at(client, NULL);
    client_await_count(client, 2);

    assert_int_equal(client->outcomes[1].answer->status, ASSAY_OK);
    assert_int_equal(client->outcomes[1].answer->size, 1);
    http_engine_stats(client->engine, &stats);
    assert_int_equal(stats.repeated, 1);
    assert_int_equal(http_server_request_count(resetting), 2);
    client_free(client);
    http_server_stop(resetting);
}

/* With no descriptor left for a second connection, the first must do. */
static void running_out_of_descriptors_is_survived(void **state)
{
    struct http_server *server = http_server_start(gated_scripts, 1);
    struct client *client = client_new(http_native_new, NULL, http_server_port(server));
    struct rlimit before, none;
    int highest;

    (void)state;
    (void)start_at(client, NULL);
    http_server_await_requests(server, 1);
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
    highest = dup(0);
    none = (struct rlimit){.rlim_cur = (rlim_t)highest, .rlim_max = before.rlim_max};
    (void)close(highest);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
    for (int i = 0; i < 3; i++)
        (void)start_at(client, NULL);
    for (int i = 0; i < 4; i++)
        http_server_open_gate(server);
    client_await_count(client, 4);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);

    for (int i = 0; i < 4; i++)
        assert_int_equal(client->outcomes[i].answer->status, ASSAY_OK);
    assert_int_equal(http_server_connection_count(server), 1);
    client_free(client);
    http_server_stop(server);
}

static void having_no_descriptor_at_all_is_a_failure_that_says_what_to_do(void **state)
{
    struct client *client = client_new(http_native_new, NULL, http_server_dead_port());
    struct rlimit before, none;
    int highest;
    struct outcome *outcome;

    (void)state;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
    highest = dup(0);
    none = (struct rlimit){.rlim_cur = (rlim_t)highest, .rlim_max = before.rlim_max};
    (void)close(highest);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
    outcome = client_get(client, "/");
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);

    assert_true(outcome->answer->status != ASSAY_OK);
    assert_non_null(strstr(outcome->answer->why, "ulimit -n"));
    client_free(client);
}

static assay_ns lags[8];
static size_t lag_count;

static void note_lag(void *context, assay_ns lag)
{
    assert_ptr_equal(context, lags);
    lags[lag_count++ % ARRAY_COUNT(lags)] = lag;
}

static void lag_of_each_send_is_told(void **state)
{
    const struct http_engine_config config = {.on_sent = note_lag, .context = lags};
    struct http_server *server = http_server_start(echo_scripts, 1);
    struct client *client = client_new(http_native_new, &config, http_server_port(server));
    struct http_stats stats = {0};
    struct outcome *outcome = client_start(client,
        (struct http_call){.method = "GET", .path = "/", .at = client_now() - ASSAY_SECOND});

    (void)state;
    client_await(client, outcome);
    http_engine_stats(client->engine, &stats);
    assert_int_equal(lag_count, 1);
    assert_true(lags[0] >= ASSAY_SECOND);
    assert_int_equal(lags[0], outcome->answer->sent - outcome->exchange->at);
    assert_int_equal(stats.lag_max, lags[0]);
    client_free(client);
    http_server_stop(server);
}

/* The nth allocation on the engine's thread fails: an honest failure or success, never a crash,
   and the engine goes on working. */
static void every_allocation_of_the_engine_may_fail(void **state)
{
    static const struct step script[] = {{STEP_READ, NULL},
        {STEP_TRICKLE, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n"},
        {STEP_SEND, "0\r\n\r\n"}, {STEP_LOOP, NULL}};
    static const struct step *const scripts[] = {script};
    size_t failures = 0;

    (void)state;
    for (uint64_t nth = 1; nth <= 12; nth++) {
        struct http_server *server = http_server_start(scripts, 1);
        struct client *client = client_new(http_native_new, NULL, http_server_port(server));
        struct outcome *outcome;

        client_fail_engine_at(nth);
        outcome = client_get(client, "/");
        if (outcome->answer->status != ASSAY_OK) {
            failures++;
            assert_true(outcome->answer->why[0] != '\0');
        }
        client_fail_engine_at(0);
        outcome = client_get(client, "/");
        assert_int_equal(outcome->answer->status, ASSAY_OK);
        assert_int_equal(outcome->answer->size, 5);
        client_free(client);
        http_server_stop(server);
    }
    assert_true(failures >= 3); /* pool, heap, connection */
}

static void every_allocation_of_making_it_may_fail(void **state)
{
    const struct http_engine_config config = {.now = client_now};
    struct http_engine *engine = NULL;
    assay_status s = ASSAY_E_NOMEM;
    uint64_t nth = 0;

    (void)state;
    while (s) {
        struct error err = {0};

        nth++;
        mem_fail_at(nth, MEM_FAIL_ONCE);
        s = http_native_new(&config, &engine, &err);
        mem_fail_at(0, MEM_FAIL_ONCE);
        assert_true(s == ASSAY_OK || s == ASSAY_E_NOMEM);
    }
    assert_true(nth > 1);
    http_engine_free(engine);
}

static void making_it_without_descriptors_is_reported(void **state)
{
    const struct http_engine_config config = {.now = client_now};
    struct http_engine *engine = NULL;

    (void)state;
    for (int spare = 0; spare < 3; spare++) {
        struct rlimit before, none;
        struct error err = {0};
        const int lowest = dup(0);

        assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
        none = (struct rlimit){.rlim_cur = (rlim_t)(lowest + spare), .rlim_max = before.rlim_max};
        (void)close(lowest);
        assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
        assert_true(http_native_new(&config, &engine, &err) != ASSAY_OK);
        assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
        assert_non_null(strstr(err.text, "descriptors"));
        assert_null(engine);
    }
}

/* Last: it sets the test's clock forward. */
static void connection_that_was_idle_for_long_is_not_used_again(void **state)
{
    struct http_server *server = http_server_start(echo_scripts, 1);
    struct client *client = client_new(http_native_new, NULL, http_server_port(server));

    (void)state;
    (void)client_get(client, "/");
    client_age_by(HTTP_IDLE_MAX_S * ASSAY_SECOND + ASSAY_SECOND);
    assert_int_equal(client_get(client, "/")->answer->status, ASSAY_OK);
    assert_int_equal(http_server_connection_count(server), 2);
    client_free(client);
    http_server_stop(server);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_and_tls_are_not_for_this_engine),
        cmocka_unit_test(malformed_replies_are_refused_with_the_reason),
        cmocka_unit_test(post_that_may_have_arrived_says_so),
        cmocka_unit_test(connections_closed_while_idle_are_dropped),
        cmocka_unit_test(repetition_is_counted_and_sends_are_not_counted_twice),
        cmocka_unit_test(post_of_which_nothing_was_taken_is_sent_again),
        cmocka_unit_test(running_out_of_descriptors_is_survived),
        cmocka_unit_test(having_no_descriptor_at_all_is_a_failure_that_says_what_to_do),
        cmocka_unit_test(lag_of_each_send_is_told),
        cmocka_unit_test(every_allocation_of_the_engine_may_fail),
        cmocka_unit_test(every_allocation_of_making_it_may_fail),
        cmocka_unit_test(making_it_without_descriptors_is_reported),
        cmocka_unit_test(connection_that_was_idle_for_long_is_not_used_again),
    };
    const int failed = http_conformance_run(http_native_new);

    return failed + cmocka_run_group_tests_name("the native engine", tests, NULL, NULL);
}

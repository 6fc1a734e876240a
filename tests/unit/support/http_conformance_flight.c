/* Requests under way: their moments, deadlines, cancelling, and how they are counted. */
#include "tests/unit/support/http_conformance_parts.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "framework/base/number.h"

/* ---- time ---- */

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

int http_conformance_flight(void)
{
    static const struct CMUnitTest tests[] = {
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

    return cmocka_run_group_tests_name("every engine: requests in flight", tests, NULL, NULL);
}

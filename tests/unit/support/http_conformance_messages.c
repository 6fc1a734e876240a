/* What goes over the wire in either direction, and how a reply ends. */
#include "tests/unit/support/http_conformance_parts.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

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

int http_conformance_messages(void)
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
    };

    return cmocka_run_group_tests_name("every engine: messages", tests, NULL, NULL);
}

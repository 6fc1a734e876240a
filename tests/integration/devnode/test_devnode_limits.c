/* What clients may ask of a node: how often, how much at once, how long, and requests that are none. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "testnet_cases.h"
#include "testnet_raw.h"

#define GET(path) "GET " path " HTTP/1.1\r\nHost: x\r\n\r\n"

static struct testnet net;

static int start_nodes(void **state)
{
    const struct testnet_params params = {
        .node_count = 3, .slot_ms = 200, .wallet_count = 5, .security_param = 5};
    char line[256];

    (void)state;
    testnet_init(&net, &params);
    /* Node 0 is like any other; node 1 takes 40 requests and one more each hour; node 2 answers one
       at a time, and gives up after two seconds. */
    (void)snprintf(line, sizeof(line),
        "http: {backend_settings: {address: \"127.0.0.1:%u\", rate_limit_per_second: 3600, "
        "rate_limit_burst: 40}}",
        net.nodes[1].api_port);
    testnet_edit(&net, 1, "http: {", line);
    (void)snprintf(line, sizeof(line),
        "http: {backend_settings: {address: \"127.0.0.1:%u\", timeout: {secs: 2, nanos: 0}, "
        "max_concurrent_requests: 1, max_body_size: 1000}}",
        net.nodes[2].api_port);
    testnet_edit(&net, 2, "http: {", line);
    for (size_t i = 0; i < 3; i++)
        testnet_start(&net, i, NULL);
    return 0;
}

static int stop_all(void **state)
{
    (void)state;
    testnet_done(&net);
    return 0;
}

static void who_asks_too_often_gets_429_on_every_path(void **state)
{
    struct reply reply = {.status = 200};
    size_t asked = 0;

    (void)state;
    while (reply.status == 200) {
        reply_done(&reply);
        reply = testnet_get(&net, 1, "/cryptarchia/info");
        assert_true(asked++ <= 40);
    }
    /* Some of the forty went into waiting for the node. */
    assert_true(asked > 10);
    assert_int_equal(reply.status, 429);
    assert_non_null(strstr(reply.body, "Too Many Requests! Wait for "));
    reply_done(&reply);
    check_cases(&net, 1,
        (const struct api_case[]){{"GET", "/nowhere", NULL, NULL, 429, "Wait for", false},
            {"POST", "/mempool/add/tx", JSON, "{}", 429, "Wait for", false},
            /* The other port has a limit of its own, and other nodes have none. */
            {"GET", "/test/misbehave", NULL, NULL, 200, "[]", true}},
        3);
    for (size_t i = 0; i < 100; i++) {
        reply = testnet_get(&net, 0, "/cryptarchia/info");
        assert_int_equal(reply.status, 200);
        reply_done(&reply);
    }
}

static void who_asks_too_often_is_told_when_to_come_back(void **state)
{
    char answer[2048] = "";
    int fd = raw_open(&net, 1, false);
    ssize_t size;

    (void)state;
    raw_send(fd, GET("/cryptarchia/info"));
    size = read(fd, answer, sizeof(answer) - 1);
    assert_true(size > 0);
    assert_non_null(strstr(answer, "429 Too Many Requests"));
    long seconds = strtol(strstr(answer, "Retry-After: ") + strlen("Retry-After: "), NULL, 10);
    assert_in_range(seconds, 3000, 3600);
    (void)close(fd);
}

static void slow(const char *ms)
{
    char body[64];

    (void)snprintf(body, sizeof(body), "{\"name\":\"slow\",\"arg\":%s}", ms);
    struct reply reply = testnet_misbehave(&net, 2, body);
    assert_int_equal(reply.status, 200);
    reply_done(&reply);
}

static void not_slow(void)
{
    struct reply reply = testnet_misbehave(&net, 2, "{\"name\":\"none\"}");

    assert_int_equal(reply.status, 200);
    reply_done(&reply);
}

static void requests_beyond_the_limit_wait_for_their_turn(void **state)
{
    int first = raw_open(&net, 2, false);
    int second = raw_open(&net, 2, false);
    int third = raw_open(&net, 2, false);

    (void)state;
    slow("100");
    raw_send(first, GET("/cryptarchia/info"));
    raw_send(second, GET("/cryptarchia/info"));
    raw_send(third, GET("/cryptarchia/info"));
    assert_int_equal(raw_status(third), 200);
    assert_int_equal(raw_status(second), 200);
    assert_int_equal(raw_status(first), 200);
    not_slow();
    (void)close(first);
    (void)close(second);
    (void)close(third);
}

static void a_turn_that_does_not_come_in_time_is_408(void **state)
{
    int first = raw_open(&net, 2, false);
    int second = raw_open(&net, 2, false);

    (void)state;
    /* The first takes until its time is over, and so the second gets no turn of its own before. */
    slow("60000");
    raw_send(first, GET("/cryptarchia/info"));
    raw_send(second, GET("/cryptarchia/info"));
    assert_int_equal(raw_status(first), 408);
    assert_int_equal(raw_status(second), 408);
    not_slow();
    raw_send(first, GET("/cryptarchia/info"));
    assert_int_equal(raw_status(first), 200);
    (void)close(first);
    (void)close(second);
}

static void who_leaves_while_waiting_makes_room(void **state)
{
    int waiting = raw_open(&net, 2, false);
    struct reply reply;

    (void)state;
    slow("1000");
    raw_send(waiting, GET("/cryptarchia/info"));
    (void)close(waiting);
    not_slow();
    reply = testnet_get(&net, 2, "/cryptarchia/info");
    assert_int_equal(reply.status, 200);
    reply_done(&reply);
}

static void the_configured_size_of_a_body_is_the_limit(void **state)
{
    char body[1002];

    (void)state;
    memset(body, ' ', sizeof(body) - 1);
    body[1001] = '\0';
    check_cases(
        &net, 2, &(struct api_case){"POST", "/storage/block", JSON, body, 413, "", false}, 1);
    memcpy(body, "\"" ZERO "\"", 66);
    body[1000] = '\0';
    check_cases(
        &net, 2, &(struct api_case){"POST", "/storage/block", JSON, body, 200, "null", false}, 1);
}

static void what_is_no_http_is_400_or_closed(void **state)
{
    static const char *const no_http[] = {
        "hello\r\n\r\n",
        "GET\r\n\r\n",
        "GET /cryptarchia/info HTTP/9.9\r\n\r\n",
        "GET /cryptarchia/info HTTP/1.1\r\nNo colon here\r\n\r\n",
        "POST /storage/block HTTP/1.1\r\nContent-Length: many\r\n\r\n",
        "\r\n\r\n\r\n",
        "\x16\x03\x01\x02",
    };

    (void)state;
    for (size_t i = 0; i < sizeof(no_http) / sizeof(*no_http); i++) {
        int fd = raw_open(&net, 0, false);

        raw_send(fd, no_http[i]);
        /* What is only the beginning of a request is never answered. */
        if (no_http[i][strlen(no_http[i]) - 1] == '\n') {
            int status = raw_status(fd);

            if (status && status != 400 && status != 413 && status != 501)
                fail_msg("\"%s\": status %d", no_http[i], status);
        }
        (void)close(fd);
    }
    struct reply reply = testnet_get(&net, 0, "/cryptarchia/info");
    assert_int_equal(reply.status, 200);
    reply_done(&reply);
}

static void a_head_without_end_is_refused(void **state)
{
    char line[1024];
    int fd = raw_open(&net, 0, false);

    (void)state;
    raw_send(fd, "GET /cryptarchia/info HTTP/1.1\r\n");
    for (size_t i = 0; i < 100; i++) {
        (void)snprintf(line, sizeof(line), "X-%zu: %0900d\r\n", i, 0);
        raw_send(fd, line);
    }
    raw_send(fd, "\r\n");
    int status = raw_status(fd);
    if (status && status != 400 && status != 413)
        fail_msg("status %d", status);
    (void)close(fd);
}

static void a_body_that_is_not_read_is_not_the_next_request(void **state)
{
    static const char *const requests[] = {
        "HEAD /cryptarchia/info HTTP/1.1\r\nContent-Length: 31\r\n\r\n",
        "BREW /cryptarchia/info HTTP/1.1\r\nContent-Length: 31\r\n\r\n",
        "TRACE /cryptarchia/info HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n",
    };

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        int fd = raw_open(&net, 0, false);

        raw_send(fd, requests[i]);
        raw_send(fd, "DELETE /nowhere HTTP/1.1\r\nA:b\r\n\r\n");
        while (raw_status(fd))
            assert_true(i < 3); /* the one answer, and then the end */
        (void)close(fd);
    }
}

static void one_connection_serves_many_requests(void **state)
{
    int fd = raw_open(&net, 0, false);

    (void)state;
    for (size_t i = 0; i < 20; i++) {
        raw_send(fd, GET("/cryptarchia/info"));
        assert_int_equal(raw_status(fd), 200);
        raw_send(fd, GET("/nowhere"));
        assert_int_equal(raw_status(fd), 404);
        raw_post(fd, "/storage/block", "{");
        assert_int_equal(raw_status(fd), 400);
        raw_post(fd, "/storage/block", "7");
        assert_int_equal(raw_status(fd), 422);
        raw_post(fd, "/cryptarchia/info", "7");
        assert_int_equal(raw_status(fd), 405);
    }
    /* Also when they come at once. */
    raw_send(fd, GET("/cryptarchia/info") GET("/nowhere") GET("/network/info"));
    assert_int_equal(raw_status(fd), 200);
    assert_int_equal(raw_status(fd), 404);
    assert_int_equal(raw_status(fd), 200);
    (void)close(fd);
}

static void a_request_that_never_ends_holds_up_nobody(void **state)
{
    int fds[50];
    struct reply reply;

    (void)state;
    for (size_t i = 0; i < 50; i++) {
        fds[i] = raw_open(&net, 2, false);
        raw_send(fds[i], "POST /storage/block HTTP/1.1\r\nContent-Length: 66\r\n\r\n\"");
    }
    reply = testnet_get(&net, 2, "/cryptarchia/info");
    assert_int_equal(reply.status, 200);
    reply_done(&reply);
    for (size_t i = 0; i < 50; i++)
        (void)close(fds[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(who_asks_too_often_gets_429_on_every_path),
        cmocka_unit_test(who_asks_too_often_is_told_when_to_come_back),
        cmocka_unit_test(requests_beyond_the_limit_wait_for_their_turn),
        cmocka_unit_test(a_turn_that_does_not_come_in_time_is_408),
        cmocka_unit_test(who_leaves_while_waiting_makes_room),
        cmocka_unit_test(the_configured_size_of_a_body_is_the_limit),
        cmocka_unit_test(what_is_no_http_is_400_or_closed),
        cmocka_unit_test(a_head_without_end_is_refused),
        cmocka_unit_test(a_body_that_is_not_read_is_not_the_next_request),
        cmocka_unit_test(one_connection_serves_many_requests),
        cmocka_unit_test(a_request_that_never_ends_holds_up_nobody),
    };

    return cmocka_run_group_tests(tests, start_nodes, stop_all);
}

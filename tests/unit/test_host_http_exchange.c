#include "framework/host/http_exchange.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "framework/base/mem.h"
#include "framework/base/number.h"

static struct http_address address;

static void done(struct http_exchange *exchange)
{
    (void)exchange;
}

static int set_address(void **state)
{
    (void)state;
    return http_address_set(&address, HTTP_TCP, "127.0.0.1", 8080);
}

static struct http_call call_of(const char *method, const char *path)
{
    return (struct http_call){.address = &address, .method = method, .path = path, .done = done};
}

static struct http_exchange *make(struct http_call call)
{
    struct http_exchange *exchange = NULL;

    assert_int_equal(http_exchange_new(&call, &exchange, NULL), ASSAY_OK);
    return exchange;
}

static void assert_rendered(struct http_call call, const char *text)
{
    struct http_exchange *exchange = make(call);

    assert_int_equal(exchange->request_size, strlen(text));
    assert_memory_equal(exchange->request, text, strlen(text));
    http_exchange_unref(exchange);
}

static void assert_refused(struct http_call call, const char *word)
{
    struct http_exchange *exchange = NULL;
    struct error err = {0};

    assert_int_equal(http_exchange_new(&call, &exchange, &err), ASSAY_E_INVALID);
    assert_null(exchange);
    if (!strstr(err.text, word))
        print_error("%s\n", err.text);
    assert_non_null(strstr(err.text, word));
}

/* ---- addresses ---- */

static void addresses_are_checked(void **state)
{
    char host[HTTP_HOST_SIZE + 1];
    struct http_address out = {0};

    (void)state;
    assert_int_equal(http_address_set(&out, HTTP_TCP, "", 80), ASSAY_E_INVALID);
    assert_int_equal(http_address_set(&out, HTTP_TCP, "::1", 0), ASSAY_E_INVALID);
    assert_int_equal(http_address_set(&out, HTTP_TLS, "x", 65536), ASSAY_E_INVALID);
    assert_int_equal(http_address_set(&out, HTTP_UNIX, "/run/x", 0), ASSAY_OK);
    memset(host, 'h', sizeof host - 1);
    host[sizeof host - 1] = '\0';
    assert_int_equal(http_address_set(&out, HTTP_TCP, host, 80), ASSAY_E_INVALID);
    host[sizeof host - 2] = '\0';
    assert_int_equal(http_address_set(&out, HTTP_TCP, host, 80), ASSAY_OK);
}

static void address_text_is_that_of_a_host_header(void **state)
{
    struct http_address v6, local;
    struct http_call call = call_of("GET", "/");
    struct http_exchange *exchange;

    (void)state;
    assert_int_equal(http_address_set(&v6, HTTP_TCP, "::1", 8080), ASSAY_OK);
    assert_int_equal(http_address_set(&local, HTTP_UNIX, "/run/docker.sock", 0), ASSAY_OK);
    call.address = &v6;
    assert_rendered(call, "GET / HTTP/1.1\r\nHost: [::1]:8080\r\n\r\n");
    call.address = &local;
    assert_rendered(call, "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n");
    exchange = make(call);
    assert_string_equal(exchange->address_text, "unix:/run/docker.sock");
    http_exchange_unref(exchange);
}

/* ---- rendering ---- */

static void request_is_rendered_as_it_goes_on_the_wire(void **state)
{
    static const char *const headers[] = {"Accept: */*", "X-Empty:", NULL};
    struct http_call call = call_of("POST", "/a?b=c");

    (void)state;
    call.headers = headers;
    call.body = (assay_bytes){"[1]", 3};
    assert_rendered(call,
        "POST /a?b=c HTTP/1.1\r\nHost: 127.0.0.1:8080\r\nAccept: */*\r\nX-Empty:\r\n"
        "Content-Type: application/json\r\nContent-Length: 3\r\n\r\n[1]");
    call.headers = NULL;
    call.content_type = "text/plain";
    assert_rendered(call,
        "POST /a?b=c HTTP/1.1\r\nHost: 127.0.0.1:8080\r\n"
        "Content-Type: text/plain\r\nContent-Length: 3\r\n\r\n[1]");
    assert_rendered(
        call_of("PUT", "/"), "PUT / HTTP/1.1\r\nHost: 127.0.0.1:8080\r\nContent-Length: 0\r\n\r\n");
    assert_rendered(call_of("DELETE", "/"), "DELETE / HTTP/1.1\r\nHost: 127.0.0.1:8080\r\n\r\n");
}

static void request_is_a_copy(void **state)
{
    char path[] = "/before", header[] = "X: before", body[] = "before";
    const char *const headers[] = {header, NULL};
    struct http_call call = call_of("POST", path);
    struct http_exchange *exchange;

    (void)state;
    call.headers = headers;
    call.body = (assay_bytes){body, 6};
    exchange = make(call);
    memset(path + 1, '#', 6);
    memset(header + 3, '#', 6);
    memset(body, '#', 6);
    assert_null(memchr(exchange->request, '#', exchange->request_size));
    http_exchange_unref(exchange);
}

static void defaults_are_filled_in(void **state)
{
    struct http_exchange *exchange = make(call_of("GET", "/"));

    (void)state;
    assert_int_equal(exchange->timeout, 10 * ASSAY_SECOND);
    assert_int_equal(exchange->reply_max, 16 << 20);
    assert_true(exchange->is_repeatable);
    assert_false(exchange->is_head);
    http_exchange_unref(exchange);
    exchange = make(call_of("PATCH", "/"));
    assert_false(exchange->is_repeatable);
    http_exchange_unref(exchange);
}

/* ---- what could become a second request, or another one than was meant ---- */

static void bad_methods_are_refused(void **state)
{
    static const char *const methods[] = {"", "GE T", "GET\r\n", "GET:", "G\x80T", "(GET)"};

    (void)state;
    assert_refused(call_of(NULL, "/"), "method");
    for (size_t i = 0; i < ARRAY_COUNT(methods); i++)
        assert_refused(call_of(methods[i], "/"), "method");
}

static void bad_paths_are_refused(void **state)
{
    static const char *const paths[] = {
        "", "x", "http://x/", "/ HTTP/1.1", "/\r\nX: y", "/a\tb", "/a#b", "/\x7f", "/\xc3\xa9"};

    (void)state;
    assert_refused(call_of("GET", NULL), "path");
    for (size_t i = 0; i < ARRAY_COUNT(paths); i++)
        assert_refused(call_of("GET", paths[i]), "path");
}

static void bad_headers_are_refused(void **state)
{
    static const char *const bad[] = {
        "", "no colon", ": value", "X : y", "X: a\r\nY: b", "X: a\nb", "X: \x01", "X\r: y"};
    struct http_call call = call_of("GET", "/");

    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(bad); i++) {
        const char *const headers[] = {"Fine: yes", bad[i], NULL};

        call.headers = headers;
        assert_refused(call, "name: value");
    }
}

static void headers_that_are_ours_to_write_are_refused(void **state)
{
    static const char *const ours[] = {"Host: x", "connection: close", "Content-Length: 5",
        "CONTENT-TYPE: x", "Transfer-Encoding: chunked", "Expect: 100-continue", "Upgrade: ws",
        "Keep-Alive: 5", "TE: trailers", "Trailer: x"};
    struct http_call call = call_of("GET", "/");

    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(ours); i++) {
        const char *const headers[] = {ours[i], NULL};

        call.headers = headers;
        assert_refused(call, "written by the host");
    }
}

static void other_nonsense_is_refused(void **state)
{
    struct http_call call = call_of("POST", "/");

    (void)state;
    call.content_type = "a\r\nX: y";
    assert_refused(call, "content type");
    call = call_of("POST", "/");
    call.timeout = -1;
    assert_refused(call, "timeout");
    call = call_of("POST", "/");
    call.body = (assay_bytes){NULL, 1};
    assert_refused(call, "no data");
    call.body = (assay_bytes){"x", HTTP_BODY_MAX + 1};
    assert_refused(call, "64 MiB");
}

static void overlong_headers_are_refused(void **state)
{
    char *path = malloc(HTTP_REQUEST_HEAD_MAX + 2);

    (void)state;
    assert_non_null(path);
    memset(path, '/', HTTP_REQUEST_HEAD_MAX + 1);
    path[HTTP_REQUEST_HEAD_MAX + 1] = '\0';
    assert_refused(call_of("GET", path), "64 KiB");
    path[HTTP_REQUEST_HEAD_MAX - 100] = '\0';
    http_exchange_unref(make(call_of("GET", path)));
    free(path);
}

static void every_allocation_may_fail(void **state)
{
    static const char *const headers[] = {"X: y", NULL};
    struct http_call call = call_of("POST", "/");
    struct http_exchange *exchange = NULL;
    assay_status s = ASSAY_E_NOMEM;
    uint64_t nth = 0;

    (void)state;
    call.headers = headers;
    call.body = (assay_bytes){"abc", 3};
    while (s) {
        struct error err = {0};

        nth++;
        mem_fail_at(nth, MEM_FAIL_ONCE);
        s = http_exchange_new(&call, &exchange, &err);
        assert_true(s == ASSAY_OK || s == ASSAY_E_NOMEM);
        assert_int_equal(s != ASSAY_OK, mem_has_failed());
    }
    mem_fail_at(0, MEM_FAIL_ONCE);
    assert_true(nth > 2);
    http_exchange_unref(exchange);
}

/* ---- the answer ---- */

static void body_grows_to_its_limit_and_no_further(void **state)
{
    struct http_call call = call_of("GET", "/");
    struct http_exchange *exchange;
    static const char piece[100] = "0123456789";

    (void)state;
    call.reply_max = 1050;
    exchange = make(call);
    for (int i = 0; i < 10; i++)
        assert_int_equal(
            http_exchange_append(exchange, (assay_bytes){piece, sizeof piece}), ASSAY_OK);
    assert_int_equal(
        http_exchange_append(exchange, (assay_bytes){piece, sizeof piece}), ASSAY_E_LAGGED);
    assert_int_equal(exchange->answer.size, 1000);
    assert_int_equal(http_exchange_append(exchange, (assay_bytes){piece, 50}), ASSAY_OK);
    assert_int_equal(exchange->answer.size, 1050);
    assert_int_equal(exchange->answer.body[1050], '\0');
    http_exchange_unref(exchange);
}

static void trimming_gives_memory_back_and_keeps_the_body(void **state)
{
    struct http_exchange *exchange = make(call_of("GET", "/"));

    (void)state;
    assert_int_equal(http_exchange_reserve(exchange, 1 << 20), ASSAY_OK);
    assert_int_equal(http_exchange_append(exchange, (assay_bytes){"hello", 5}), ASSAY_OK);
    assert_true(exchange->body_capacity > 1 << 20);
    http_exchange_trim(exchange);
    assert_int_equal(exchange->body_capacity, 6);
    assert_string_equal(exchange->answer.body, "hello");
    http_exchange_unref(exchange);
}

static void body_without_memory_is_reported(void **state)
{
    struct http_exchange *exchange = make(call_of("GET", "/"));

    (void)state;
    mem_fail_at(1, MEM_FAIL_ONCE);
    assert_int_equal(http_exchange_append(exchange, (assay_bytes){"x", 1}), ASSAY_E_NOMEM);
    mem_fail_at(0, MEM_FAIL_ONCE);
    assert_int_equal(http_exchange_append(exchange, (assay_bytes){"y", 1}), ASSAY_OK);
    assert_string_equal(exchange->answer.body, "y");
    http_exchange_unref(exchange);
}

static void deadline_counts_from_the_later_of_moment_and_submission(void **state)
{
    struct http_call call = call_of("GET", "/");
    struct http_exchange *exchange;

    (void)state;
    call.at = 100;
    call.timeout = 10;
    exchange = make(call);
    assert_int_equal(http_exchange_deadline(exchange, 50), 110);
    assert_int_equal(http_exchange_deadline(exchange, 150), 160);
    http_exchange_unref(exchange);
    call.timeout = INT64_MAX;
    exchange = make(call);
    assert_int_equal(http_exchange_deadline(exchange, 50), INT64_MAX);
    http_exchange_unref(exchange);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(addresses_are_checked),
        cmocka_unit_test(address_text_is_that_of_a_host_header),
        cmocka_unit_test(request_is_rendered_as_it_goes_on_the_wire),
        cmocka_unit_test(request_is_a_copy),
        cmocka_unit_test(defaults_are_filled_in),
        cmocka_unit_test(bad_methods_are_refused),
        cmocka_unit_test(bad_paths_are_refused),
        cmocka_unit_test(bad_headers_are_refused),
        cmocka_unit_test(headers_that_are_ours_to_write_are_refused),
        cmocka_unit_test(other_nonsense_is_refused),
        cmocka_unit_test(overlong_headers_are_refused),
        cmocka_unit_test(every_allocation_may_fail),
        cmocka_unit_test(body_grows_to_its_limit_and_no_further),
        cmocka_unit_test(trimming_gives_memory_back_and_keeps_the_body),
        cmocka_unit_test(body_without_memory_is_reported),
        cmocka_unit_test(deadline_counts_from_the_later_of_moment_and_submission),
    };

    return cmocka_run_group_tests(tests, set_address, NULL);
}

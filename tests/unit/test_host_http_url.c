#include "framework/host/http_url.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "framework/base/mem.h"
#include "framework/base/number.h"

static void urls_are_taken_apart(void **state)
{
    static const struct {
        const char *url;
        enum http_transport transport;
        const char *host;
        uint16_t port;
        const char *path;
    } cases[] = {
        {"http://127.0.0.1:9090", HTTP_TCP, "127.0.0.1", 9090, "/"},
        {"http://127.0.0.1:9090/", HTTP_TCP, "127.0.0.1", 9090, "/"},
        {"http://localhost/api/v1?x=y:z@1", HTTP_TCP, "localhost", 80, "/api/v1?x=y:z@1"},
        {"https://example.org", HTTP_TLS, "example.org", 443, "/"},
        {"https://[::1]:8443/x", HTTP_TLS, "::1", 8443, "/x"},
        {"http://[fe80::1]/x", HTTP_TCP, "fe80::1", 80, "/x"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        struct http_address address = {0};
        const char *path = NULL;
        struct error err = {0};

        assert_int_equal(http_url_parse(cases[i].url, &address, &path, &err), ASSAY_OK);
        assert_int_equal(address.transport, cases[i].transport);
        assert_string_equal(address.host, cases[i].host);
        assert_int_equal(address.port, cases[i].port);
        assert_string_equal(path, cases[i].path);
    }
}

static void other_texts_are_refused_and_quoted(void **state)
{
    static const char *const urls[] = {"", "ftp://x/", "127.0.0.1:80", "http://", "http:///x",
        "http://:80/", "http://a:/", "http://a:0/", "http://a:65536/", "http://a:8o/",
        "http://a:80:80/", "http://user@a/", "http://a?x", "http://a#x", "http://[::1/",
        "http://[::1]8/", "http://[]/"};

    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(urls); i++) {
        struct http_address address = {.port = 7};
        const char *path = NULL;
        struct error err = {0};

        assert_int_equal(http_url_parse(urls[i], &address, &path, &err), ASSAY_E_INVALID);
        assert_non_null(strstr(err.text, urls[i]));
        assert_null(path);
        assert_int_equal(address.port, 7);
    }
}

static void missing_memory_is_reported(void **state)
{
    struct http_address address;
    const char *path = NULL;

    (void)state;
    mem_fail_at(1, MEM_FAIL_ONCE);
    assert_int_equal(http_url_parse("http://a/", &address, &path, NULL), ASSAY_E_NOMEM);
    mem_fail_at(0, MEM_FAIL_ONCE);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(urls_are_taken_apart),
        cmocka_unit_test(other_texts_are_refused_and_quoted),
        cmocka_unit_test(missing_memory_is_reported),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

#include "framework/host/http_parse.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "framework/base/mem.h"
#include "framework/base/number.h"

/* What one pass over a reply gave. */
struct reading {
    enum http_parse_result result;
    uint32_t code;
    char body[65536];
    size_t size;
    size_t rest; /* bytes of the input that were not used */
    bool is_reusable;
    char content_type[HTTP_VALUE_SIZE];
    const char *why;
};

/* Feeds the text in pieces of `step` bytes; then, with at_end, the end of the connection. */
struct manner {
    size_t step;
    bool is_head;
    bool at_end;
    uint64_t body_max;
};

static void feed_piece(struct http_parser *parser, assay_bytes *input, struct reading *out)
{
    assay_bytes piece = {0};

    while ((out->result = http_parser_feed(parser, input, &piece)) == HTTP_PARSE_BODY) {
        assert_true(piece.size > 0);
        assert_true(out->size + piece.size <= sizeof out->body);
        memcpy(out->body + out->size, piece.data, piece.size);
        out->size += piece.size;
    }
}

static void read_reply(
    const char *text, size_t size, const struct manner *manner, struct reading *out)
{
    struct http_parser parser;
    size_t at = 0;

    *out = (struct reading){.result = HTTP_PARSE_MORE};
    http_parser_init(&parser, manner->is_head, manner->body_max);
    while (at < size && out->result == HTTP_PARSE_MORE) {
        const size_t step = manner->step < size - at ? manner->step : size - at;
        /* A copy of just these bytes, so that reading beyond them is found. */
        char *copy = malloc(step);
        assay_bytes input = {copy, step};

        assert_non_null(copy);
        memcpy(copy, text + at, step);
        feed_piece(&parser, &input, out);
        at += step - input.size;
        free(copy);
    }
    if (out->result == HTTP_PARSE_MORE && manner->at_end)
        out->result = http_parser_end(&parser);
    out->code = parser.code;
    out->rest = size - at;
    out->is_reusable = parser.is_reusable;
    out->why = parser.why;
    memcpy(out->content_type, parser.content_type, sizeof out->content_type);
    http_parser_done(&parser);
}

/* Every way of cutting must read the same. */
static void read_all_ways(const char *text, const struct manner *manner, struct reading *out)
{
    static struct reading other;
    struct manner cut = *manner;

    cut.step = SIZE_MAX;
    read_reply(text, strlen(text), &cut, out);
    for (cut.step = 1; cut.step < 24; cut.step++) {
        read_reply(text, strlen(text), &cut, &other);
        assert_int_equal(other.result, out->result);
        if (out->result != HTTP_PARSE_DONE)
            continue;
        assert_int_equal(other.code, out->code);
        assert_int_equal(other.size, out->size);
        assert_memory_equal(other.body, out->body, out->size);
        assert_int_equal(other.rest, out->rest);
        assert_int_equal(other.is_reusable, out->is_reusable);
    }
}

static struct reading reading;

static void assert_reads(const char *text, const char *body)
{
    const struct manner manner = {.at_end = true, .body_max = 65536};

    read_all_ways(text, &manner, &reading);
    if (reading.result != HTTP_PARSE_DONE)
        print_error("%s: %s\n", text, reading.why ? reading.why : "not complete");
    assert_int_equal(reading.result, HTTP_PARSE_DONE);
    assert_int_equal(reading.size, strlen(body));
    assert_memory_equal(reading.body, body, strlen(body));
}

static void assert_refuses(const char *text, const char *word)
{
    const struct manner manner = {.at_end = true, .body_max = 65536};

    read_all_ways(text, &manner, &reading);
    if (reading.result != HTTP_PARSE_BAD || !strstr(reading.why, word))
        print_error("%s: %s\n", text, reading.why ? reading.why : "not refused");
    assert_int_equal(reading.result, HTTP_PARSE_BAD);
    assert_non_null(strstr(reading.why, word));
}

#define OK "HTTP/1.1 200 OK\r\n"

/* ---- status line ---- */

static void status_line_gives_the_code(void **state)
{
    (void)state;
    assert_reads("HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n", "");
    assert_int_equal(reading.code, 503);
    assert_reads("HTTP/1.1 200 \r\nContent-Length: 0\r\n\r\n", "");
    assert_reads("HTTP/1.1 200\r\nContent-Length: 0\r\n\r\n", "");
    assert_int_equal(reading.code, 200);
    assert_reads("HTTP/1.1 999 \xc3\xa9\r\nContent-Length: 0\r\n\r\n", "");
    assert_int_equal(reading.code, 999);
}

static void other_first_lines_are_refused(void **state)
{
    static const char *const lines[] = {"HTTP/2 200 OK", "HTTP/1.2 200 OK", "http/1.1 200 OK",
        "HTTP/1.1  200 OK", "HTTP/1.1 20 OK", "HTTP/1.1 2000 OK", "HTTP/1.1 099 Low",
        "HTTP/1.1 2x0 OK", "HTTP/1.1200 OK", "HTTP/1.1 200\tOK", " HTTP/1.1 200 OK", "", "HTTP/1.1",
        "GET / HTTP/1.1"};
    char text[64];

    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(lines); i++) {
        (void)snprintf(text, sizeof text, "%s\r\nContent-Length: 0\r\n\r\n", lines[i]);
        assert_refuses(text, "");
    }
}

static void switching_protocols_is_refused(void **state)
{
    (void)state;
    assert_refuses("HTTP/1.1 101 Switching\r\nUpgrade: x\r\n\r\n", "switches");
}

/* ---- lines and headers ---- */

static void lines_end_with_cr_lf_alone(void **state)
{
    (void)state;
    assert_refuses("HTTP/1.1 200 OK\nContent-Length: 0\n\n", "CR LF");
    assert_refuses(OK "Content-Length: 0\n\r\n", "CR LF");
    assert_refuses(OK "X: a\rb\r\nContent-Length: 0\r\n\r\n", "control");
    assert_refuses(OK "X: a\x01\r\nContent-Length: 0\r\n\r\n", "control");
    assert_refuses(OK "X: a\x7f\r\nContent-Length: 0\r\n\r\n", "control");
}

static void nul_in_a_header_is_refused(void **state)
{
    static const char text[] = OK "X: a\0b\r\nContent-Length: 0\r\n\r\n";
    const struct manner manner = {.step = SIZE_MAX, .body_max = 10};

    (void)state;
    read_reply(text, sizeof text - 1, &manner, &reading);
    assert_int_equal(reading.result, HTTP_PARSE_BAD);
}

static void malformed_headers_are_refused(void **state)
{
    (void)state;
    assert_refuses(OK "X: a\r\n folded\r\nContent-Length: 0\r\n\r\n", "folded");
    assert_refuses(OK "X: a\r\n\tfolded\r\nContent-Length: 0\r\n\r\n", "folded");
    assert_refuses(OK "Content-Length : 0\r\n\r\n", "name: value");
    assert_refuses(OK "Content Length: 0\r\n\r\n", "name: value");
    assert_refuses(OK ": 0\r\n\r\n", "name: value");
    assert_refuses(OK "no colon\r\n\r\n", "name: value");
    assert_refuses(OK "X(y): 0\r\n\r\n", "name: value");
}

static void names_are_read_in_any_case_and_values_without_blanks(void **state)
{
    (void)state;
    assert_reads(OK
        "cOnTeNt-LeNgTh:\t 3 \t\r\ncontent-TYPE: text/plain; x=\"y\" \r\nEmpty:\r\n\r\nabc",
        "abc");
    assert_string_equal(reading.content_type, "text/plain; x=\"y\"");
}

static void overlong_values_that_matter_are_refused(void **state)
{
    char text[512];

    (void)state;
    (void)snprintf(text, sizeof text, OK "Content-Type: %0127d\r\nContent-Length: 0\r\n\r\n", 0);
    assert_reads(text, "");
    (void)snprintf(text, sizeof text, OK "Content-Type: %0128d\r\nContent-Length: 0\r\n\r\n", 0);
    assert_refuses(text, "127 bytes");
    (void)snprintf(text, sizeof text, OK "X-Other: %0200d\r\nContent-Length: 0\r\n\r\n", 0);
    assert_reads(text, "");
}

/* A header line of `size` bytes, CR LF included. */
static char *with_line_of(size_t size, size_t count)
{
    char *text = malloc(200 + size * count);
    size_t at = sizeof OK - 1;

    assert_non_null(text);
    memcpy(text, OK, at);
    for (size_t i = 0; i < count; i++) {
        memset(text + at, 'x', size);
        memcpy(text + at, "X: ", 3);
        memcpy(text + at + size - 2, "\r\n", 2);
        at += size;
    }
    memcpy(text + at, "Content-Length: 0\r\n\r\n", 22);
    return text;
}

static void lines_are_limited_to_8_kib(void **state)
{
    const struct manner manner = {.step = SIZE_MAX, .body_max = 1};
    char *text = with_line_of(HTTP_LINE_MAX, 1);

    (void)state;
    read_reply(text, strlen(text), &manner, &reading);
    assert_int_equal(reading.result, HTTP_PARSE_DONE);
    read_reply(text, strlen(text), &(struct manner){.step = 100, .body_max = 1}, &reading);
    assert_int_equal(reading.result, HTTP_PARSE_DONE);
    free(text);

    text = with_line_of(HTTP_LINE_MAX + 1, 1);
    read_reply(text, strlen(text), &manner, &reading);
    assert_int_equal(reading.result, HTTP_PARSE_BAD);
    read_reply(text, strlen(text), &(struct manner){.step = 100, .body_max = 1}, &reading);
    assert_int_equal(reading.result, HTTP_PARSE_BAD);
    assert_non_null(strstr(reading.why, "8 KiB"));
    free(text);
}

static void headers_are_limited_to_64_kib(void **state)
{
    const struct manner manner = {.step = 5000, .body_max = 1};
    char *text = with_line_of(1000, 64);

    (void)state;
    read_reply(text, strlen(text), &manner, &reading);
    assert_int_equal(reading.result, HTTP_PARSE_DONE);
    free(text);
    text = with_line_of(1000, 66);
    read_reply(text, strlen(text), &manner, &reading);
    assert_int_equal(reading.result, HTTP_PARSE_BAD);
    assert_non_null(strstr(reading.why, "64 KiB"));
    free(text);
}

static void endless_interim_replies_are_refused(void **state)
{
    static char text[80000];
    const struct manner manner = {.step = 1000, .body_max = 1};
    size_t at = 0;

    (void)state;
    while (at < sizeof text - 100)
        at += (size_t)snprintf(text + at, 100, "HTTP/1.1 102 Busy\r\n\r\n");
    read_reply(text, at, &manner, &reading);
    assert_int_equal(reading.result, HTTP_PARSE_BAD);
}

/* ---- lengths ---- */

static void length_decides_how_much_is_body(void **state)
{
    (void)state;
    assert_reads(OK "Content-Length: 5\r\n\r\nhello", "hello");
    assert_true(reading.is_reusable);
    assert_int_equal(reading.rest, 0);
    assert_reads(OK "Content-Length: 005\r\n\r\nhelloHTTP/1.1", "hello");
    assert_int_equal(reading.rest, 8);
    assert_reads(OK "Content-Length: 5\r\nContent-Length: 5\r\n\r\nhello", "hello");
}

static void bad_lengths_are_refused(void **state)
{
    static const char *const lengths[] = {"-1", "+5", "5x", "0x5", "", "5, 5", "5 5", "1e3",
        "1234567890123456789", "99999999999999999999999"};
    char text[96];

    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(lengths); i++) {
        (void)snprintf(text, sizeof text, OK "Content-Length: %s\r\n\r\nhello", lengths[i]);
        assert_refuses(text, "Content-Length");
    }
    assert_refuses(OK "Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello!", "different");
}

static void length_together_with_chunks_is_refused(void **state)
{
    (void)state;
    assert_refuses(OK "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", "both");
    assert_refuses(OK "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n", "both");
}

static void other_codings_are_refused(void **state)
{
    (void)state;
    assert_refuses(OK "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", "coding");
    assert_refuses(OK "Transfer-Encoding: identity\r\n\r\nx", "coding");
    assert_refuses(
        OK "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", "two");
    assert_refuses("HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", "1.0");
}

static void body_of_a_reply_to_head_is_not_expected(void **state)
{
    const struct manner manner = {.is_head = true, .body_max = 3};

    (void)state;
    read_all_ways(OK "Content-Length: 500\r\n\r\n", &manner, &reading);
    assert_int_equal(reading.result, HTTP_PARSE_DONE);
    read_all_ways(OK "Transfer-Encoding: chunked\r\n\r\n", &manner, &reading);
    assert_int_equal(reading.result, HTTP_PARSE_DONE);
    assert_true(reading.is_reusable);
    read_all_ways(OK "\r\n", &manner, &reading);
    assert_int_equal(reading.result, HTTP_PARSE_DONE);
}

static void codes_without_body_have_none(void **state)
{
    (void)state;
    assert_reads("HTTP/1.1 204 No\r\nContent-Length: 5\r\n\r\nhello", "");
    assert_int_equal(reading.rest, 5);
    assert_reads("HTTP/1.1 304 No\r\n\r\n", "");
}

static void nothing_of_an_interim_reply_counts(void **state)
{
    (void)state;
    assert_reads("HTTP/1.1 100 Go\r\nContent-Length: 9\r\nConnection: close\r\nContent-Type: a\r\n"
                 "Transfer-Encoding: chunked\r\n\r\n" OK "Content-Length: 2\r\n\r\nhi",
        "hi");
    assert_string_equal(reading.content_type, "");
    assert_true(reading.is_reusable);
    assert_int_equal(reading.code, 200);
}

/* ---- chunks ---- */

#define CHUNKED OK "Transfer-Encoding: Chunked\r\n\r\n"

static void chunks_are_joined(void **state)
{
    (void)state;
    assert_reads(CHUNKED "5\r\nhello\r\n1\r\n \r\n00000005\r\nworld\r\n0\r\n\r\n", "hello world");
    assert_true(reading.is_reusable);
    assert_reads(
        CHUNKED "a;name=\"v\"\r\n0123456789\r\n0;x\r\nTrailer: y\r\n\r\nnext", "0123456789");
    assert_int_equal(reading.rest, 4);
    assert_reads(CHUNKED "0\r\n\r\n", "");
    assert_reads(CHUNKED "C\r\n\r\n0\r\n\r\n78901\r\n0\r\n\r\n", "\r\n0\r\n\r\n78901");
}

static void bad_chunk_sizes_are_refused(void **state)
{
    static const char *const sizes[] = {"", "x", "-1", "+5", "0x5", " 5", "5 ", "5 ;x",
        "00000000000000005", "fffffffffffffffff", ";x"};
    char text[128];

    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(sizes); i++) {
        (void)snprintf(text, sizeof text, CHUNKED "%s\r\nhello\r\n0\r\n\r\n", sizes[i]);
        assert_refuses(text, "chunk");
    }
}

static void chunk_longer_than_its_size_is_refused(void **state)
{
    (void)state;
    assert_refuses(CHUNKED "5\r\nhello!\r\n0\r\n\r\n", "longer");
    assert_refuses(CHUNKED "5\r\nhello\n0\r\n\r\n", "CR LF");
}

static void largest_chunk_size_overflows_nothing(void **state)
{
    const struct manner manner = {.step = SIZE_MAX, .body_max = UINT64_MAX};
    static const char first[] = CHUNKED "5\r\nhello\r\nffffffffffffffff\r\n";

    (void)state;
    read_reply(first, sizeof first - 1, &manner, &reading);
    assert_int_equal(reading.result, HTTP_PARSE_LONG);
}

static void chunk_beyond_the_limit_is_long_before_its_bytes_come(void **state)
{
    const struct manner manner = {.step = SIZE_MAX, .body_max = 4};
    static const char announced[] = CHUNKED "5\r\n";

    (void)state;
    read_reply(announced, sizeof announced - 1, &manner, &reading);
    assert_int_equal(reading.result, HTTP_PARSE_LONG);
}

static void trailers_change_nothing(void **state)
{
    (void)state;
    assert_reads(CHUNKED "2\r\nok\r\n0\r\nContent-Length: 99\r\nTransfer-Encoding: x\r\n"
                         "Connection: close\r\nContent-Type: evil\r\n\r\n",
        "ok");
    assert_true(reading.is_reusable);
    assert_string_equal(reading.content_type, "");
    assert_refuses(CHUNKED "2\r\nok\r\n0\r\nbad trailer\r\n\r\n", "name: value");
}

/* ---- limits and ends ---- */

static void bodies_beyond_the_limit_are_long(void **state)
{
    const struct manner four = {.at_end = true, .body_max = 4};
    const struct manner five = {.at_end = true, .body_max = 5};
    static const char *const replies[] = {OK "Content-Length: 5\r\n\r\nhello", OK "\r\nhello",
        CHUNKED "5\r\nhello\r\n0\r\n\r\n", CHUNKED "4\r\nhell\r\n1\r\no\r\n0\r\n\r\n"};

    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(replies); i++) {
        read_all_ways(replies[i], &five, &reading);
        assert_int_equal(reading.result, HTTP_PARSE_DONE);
        assert_int_equal(reading.size, 5);
        read_all_ways(replies[i], &four, &reading);
        assert_int_equal(reading.result, HTTP_PARSE_LONG);
    }
}

static void end_of_the_connection_completes_only_a_body_without_length(void **state)
{
    (void)state;
    assert_reads(OK "\r\nto the end", "to the end");
    assert_false(reading.is_reusable);
    assert_reads(OK "\r\n", "");
    assert_refuses("", "without a reply");
    assert_refuses("HTTP/1.1 2", "header");
    assert_refuses(OK "Content-Length: 5\r\n", "header");
    assert_refuses(OK "Content-Length: 5\r\n\r\nhell", "body");
    assert_refuses(CHUNKED "5\r\nhel", "body");
    assert_refuses(CHUNKED "5\r\nhello\r\n", "body");
    assert_refuses(CHUNKED "5\r\nhello\r\n0\r\n", "body");
}

static void connection_header_decides_reuse(void **state)
{
    static const struct {
        const char *version, *header;
        bool is_reusable;
    } cases[] = {
        {"1.1", "X: y", true},
        {"1.1", "Connection: close", false},
        {"1.1", "Connection: x , CLOSE ,y", false},
        {"1.1", "Connection: closed, not-close", true},
        {"1.1", "Connection: ,,", true},
        {"1.1", "Connection: keep-alive\r\nConnection: close", false},
        {"1.0", "X: y", false},
        {"1.0", "Connection: Keep-Alive", true},
        {"1.0", "Connection: keep-alive, close", false},
    };
    char text[160];

    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        (void)snprintf(text, sizeof text, "HTTP/%s 200 OK\r\n%s\r\nContent-Length: 0\r\n\r\n",
            cases[i].version, cases[i].header);
        assert_reads(text, "");
        assert_int_equal(reading.is_reusable, cases[i].is_reusable);
    }
}

static void answer_stays_the_same_once_given(void **state)
{
    struct http_parser parser;
    assay_bytes input = {"SSH-2.0\r\n", 9};
    assay_bytes piece = {0};

    (void)state;
    http_parser_init(&parser, false, 10);
    assert_int_equal(http_parser_feed(&parser, &input, &piece), HTTP_PARSE_BAD);
    input = (assay_bytes){OK, sizeof OK - 1};
    assert_int_equal(http_parser_feed(&parser, &input, &piece), HTTP_PARSE_BAD);
    assert_int_equal(http_parser_end(&parser), HTTP_PARSE_BAD);
    assert_int_equal(input.size, sizeof OK - 1);
    http_parser_done(&parser);

    http_parser_init(&parser, false, 1);
    input = (assay_bytes){OK "Content-Length: 2\r\n\r\n", sizeof OK + 20};
    assert_int_equal(http_parser_feed(&parser, &input, &piece), HTTP_PARSE_LONG);
    assert_int_equal(http_parser_feed(&parser, &input, &piece), HTTP_PARSE_LONG);
    assert_int_equal(http_parser_end(&parser), HTTP_PARSE_LONG);
    http_parser_done(&parser);

    http_parser_init(&parser, false, 1);
    input = (assay_bytes){OK "Content-Length: 0\r\n\r\nrest", sizeof OK + 24};
    assert_int_equal(http_parser_feed(&parser, &input, &piece), HTTP_PARSE_DONE);
    assert_int_equal(http_parser_feed(&parser, &input, &piece), HTTP_PARSE_DONE);
    assert_int_equal(http_parser_end(&parser), HTTP_PARSE_DONE);
    assert_int_equal(input.size, 4);
    http_parser_done(&parser);
}

static void cut_line_without_memory_is_refused(void **state)
{
    const struct manner manner = {.step = 5, .body_max = 10};

    (void)state;
    mem_fail_at(1, MEM_FAIL_ONCE);
    read_reply(OK, sizeof OK - 1, &manner, &reading);
    assert_true(mem_has_failed());
    mem_fail_at(0, MEM_FAIL_ONCE);
    assert_int_equal(reading.result, HTTP_PARSE_BAD);
    assert_non_null(strstr(reading.why, "memory"));
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(status_line_gives_the_code),
        cmocka_unit_test(other_first_lines_are_refused),
        cmocka_unit_test(switching_protocols_is_refused),
        cmocka_unit_test(lines_end_with_cr_lf_alone),
        cmocka_unit_test(nul_in_a_header_is_refused),
        cmocka_unit_test(malformed_headers_are_refused),
        cmocka_unit_test(names_are_read_in_any_case_and_values_without_blanks),
        cmocka_unit_test(overlong_values_that_matter_are_refused),
        cmocka_unit_test(lines_are_limited_to_8_kib),
        cmocka_unit_test(headers_are_limited_to_64_kib),
        cmocka_unit_test(endless_interim_replies_are_refused),
        cmocka_unit_test(length_decides_how_much_is_body),
        cmocka_unit_test(bad_lengths_are_refused),
        cmocka_unit_test(length_together_with_chunks_is_refused),
        cmocka_unit_test(other_codings_are_refused),
        cmocka_unit_test(body_of_a_reply_to_head_is_not_expected),
        cmocka_unit_test(codes_without_body_have_none),
        cmocka_unit_test(nothing_of_an_interim_reply_counts),
        cmocka_unit_test(chunks_are_joined),
        cmocka_unit_test(bad_chunk_sizes_are_refused),
        cmocka_unit_test(chunk_longer_than_its_size_is_refused),
        cmocka_unit_test(largest_chunk_size_overflows_nothing),
        cmocka_unit_test(chunk_beyond_the_limit_is_long_before_its_bytes_come),
        cmocka_unit_test(trailers_change_nothing),
        cmocka_unit_test(bodies_beyond_the_limit_are_long),
        cmocka_unit_test(end_of_the_connection_completes_only_a_body_without_length),
        cmocka_unit_test(connection_header_decides_reuse),
        cmocka_unit_test(answer_stays_the_same_once_given),
        cmocka_unit_test(cut_line_without_memory_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

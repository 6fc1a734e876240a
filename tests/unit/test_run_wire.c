/* Requests between worker and supervisor: what is written is read back, and nothing else passes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "framework/run/wire.h"

static char packet[WIRE_REQUEST_MAX];
static struct wire_parsed parsed;

static const char *const argv[] = {"/bin/node", "--port", "", "a b", NULL};
static const char *const env[] = {"A=1", "B=", NULL};
static const struct process_spec spec = {
    .name = "validator-0", .argv = argv, .env = env, .directory = "/run", .output = "/run/log"};

static size_t write_start(const struct process_spec *what)
{
    const struct wire_request head = {.type = WIRE_START, .number = 17};

    return wire_request_write(&head, what, packet);
}

static void a_start_comes_back_as_it_was(void **state)
{
    const size_t size = write_start(&spec);

    (void)state;
    assert_int_equal(wire_request_read(packet, size, &parsed, NULL), ASSAY_OK);

    assert_int_equal(parsed.head.number, 17);
    assert_string_equal(parsed.name, "validator-0");
    assert_string_equal(parsed.directory, "/run");
    assert_string_equal(parsed.output, "/run/log");
    for (size_t i = 0; i < 4; i++)
        assert_string_equal(parsed.argv[i], argv[i]);
    assert_null(parsed.argv[4]);
    assert_string_equal(parsed.env[0], "A=1");
    assert_string_equal(parsed.env[1], "B=");
    assert_null(parsed.env[2]);
}

static void a_request_without_strings_comes_back(void **state)
{
    const struct wire_request head = {.type = WIRE_SIGNAL, .number = 3, .value = 15};
    const size_t size = wire_request_write(&head, NULL, packet);

    (void)state;
    assert_int_equal(wire_request_read(packet, size, &parsed, NULL), ASSAY_OK);
    assert_int_equal(parsed.head.value, 15);
}

static void what_the_host_may_ask_for_just_fits(void **state)
{
    static char word[PROCESS_SPEC_BYTES_MAX];
    const char *const words[] = {word, NULL};
    size_t size = 0;

    (void)state;
    memset(word, 'x', sizeof word - 16);
    size = write_start(&(struct process_spec){.argv = words});
    assert_true(size > 0);
    assert_int_equal(wire_request_read(packet, size, &parsed, NULL), ASSAY_OK);
    assert_string_equal(parsed.argv[0], word);
}

static void too_many_words_do_not_fit(void **state)
{
    static const char *words[PROCESS_WORDS_MAX + 2];

    (void)state;
    for (size_t i = 0; i <= PROCESS_WORDS_MAX; i++)
        words[i] = "x";
    assert_int_equal(write_start(&(struct process_spec){.argv = words}), 0);
    words[PROCESS_WORDS_MAX] = NULL;
    assert_true(write_start(&(struct process_spec){.argv = words}) > 0);
}

static void expect_bad(size_t size, const char *text)
{
    struct error err = {0};

    assert_int_equal(wire_request_read(packet, size, &parsed, &err), ASSAY_E_INVALID);
    if (!strstr(err.text, text))
        fail_msg("\"%s\" does not say \"%s\"", err.text, text);
}

/* Each changes one thing of a good packet. */
static void every_lie_is_found_out(void **state)
{
    const size_t size = write_start(&spec);
    struct wire_request *head = (struct wire_request *)(void *)packet;

    (void)state;
    expect_bad(sizeof *head - 1, "too short");
    expect_bad(size - 1, "lies about its size");
    head->type = 0;
    expect_bad(size, "type 0");
    head->type = WIRE_REMOVE_LATER + 1;
    expect_bad(size, "type 6");
    head->type = WIRE_SIGNAL;
    expect_bad(size, "text it should not");
    head->type = WIRE_START;
    head->argv_count = 5; /* takes one word from env, and then env one that is not there */
    expect_bad(size, "do not add up");
    head->argv_count = 3;
    expect_bad(size, "do not add up");
    head->argv_count = PROCESS_WORDS_MAX + 1;
    expect_bad(size, "too many words");
    head->argv_count = UINT32_MAX;
    head->env_count = UINT32_MAX;
    expect_bad(size, "too many words");
}

static void the_last_string_must_be_terminated(void **state)
{
    const size_t size = write_start(&spec);

    (void)state;
    packet[size - 1] = 'x';
    expect_bad(size, "do not add up");
}

static void expect_bad_spec(const struct process_spec *what, const char *text)
{
    expect_bad(write_start(what), text);
}

static void paths_must_be_absolute_and_programs_named(void **state)
{
    const char *const empty[] = {"", NULL};
    const char *const none[] = {NULL};
    const char *const bare[] = {"NAME", NULL};

    (void)state;
    expect_bad_spec(&(struct process_spec){.argv = none}, "no program");
    expect_bad_spec(&(struct process_spec){.argv = empty}, "no program");
    expect_bad_spec(&(struct process_spec){.argv = argv, .directory = "x"}, "not absolute");
    expect_bad_spec(&(struct process_spec){.argv = argv, .output = "x"}, "not absolute");
    expect_bad_spec(&(struct process_spec){.argv = argv, .env = bare}, "no '='");
}

/* Whatever bytes come, nothing outside of the packet is looked at (the sanitizer would say so), and
   what is accepted holds what its head promises. */
static void random_packets_are_read_safely(void **state)
{
    unsigned seed = 20261123;
    size_t accepted = 0;

    (void)state;
    for (int round = 0; round < 20000; round++) {
        size_t size = write_start(&spec);

        for (int change = 0; change < 1 + round % 4; change++) {
            seed = seed * 1103515245U + 12345U;
            packet[(seed >> 8) % size] = (char)(seed >> 24);
        }
        size -= (seed >> 4) % 3 == 0 ? (seed >> 16) % size : 0;
        if (wire_request_read(packet, size, &parsed, NULL))
            continue;
        accepted++;
        if (parsed.head.type == WIRE_START)
            for (uint32_t i = 0; i < parsed.head.argv_count; i++)
                assert_true(parsed.argv[i] > packet && parsed.argv[i] < packet + size);
    }
    assert_true(accepted > 0);
}

/* ---- packets ---- */

static void packets_keep_their_borders(void **state)
{
    char buffer[64];
    size_t size = 0;
    int fds[2];

    (void)state;
    assert_int_equal(wire_pair(fds, NULL), ASSAY_OK);
    assert_int_equal(wire_receive(fds[1], buffer, sizeof buffer, &size), WIRE_AGAIN);
    assert_int_equal(wire_send(fds[0], "abc", 3, true), WIRE_OK);
    assert_int_equal(wire_send(fds[0], "defgh", 5, false), WIRE_OK);

    assert_int_equal(wire_receive(fds[1], buffer, sizeof buffer, &size), WIRE_OK);
    assert_int_equal(size, 3);
    assert_int_equal(wire_receive(fds[1], buffer, 4, &size), WIRE_MALFORMED);
    (void)close(fds[0]);
    assert_int_equal(wire_receive(fds[1], buffer, sizeof buffer, &size), WIRE_CLOSED);
    assert_int_equal(wire_send(fds[1], "x", 1, true), WIRE_CLOSED);
    (void)close(fds[1]);
}

static void a_full_socket_is_no_reason_to_wait(void **state)
{
    enum wire_result result = WIRE_OK;
    int fds[2];

    (void)state;
    assert_int_equal(wire_pair(fds, NULL), ASSAY_OK);
    for (int i = 0; i < 100000 && result == WIRE_OK; i++)
        result = wire_send(fds[0], packet, 4096, false);

    assert_int_equal(result, WIRE_AGAIN);
    (void)close(fds[0]);
    (void)close(fds[1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_start_comes_back_as_it_was),
        cmocka_unit_test(a_request_without_strings_comes_back),
        cmocka_unit_test(what_the_host_may_ask_for_just_fits),
        cmocka_unit_test(too_many_words_do_not_fit),
        cmocka_unit_test(every_lie_is_found_out),
        cmocka_unit_test(the_last_string_must_be_terminated),
        cmocka_unit_test(paths_must_be_absolute_and_programs_named),
        cmocka_unit_test(random_packets_are_read_safely),
        cmocka_unit_test(packets_keep_their_borders),
        cmocka_unit_test(a_full_socket_is_no_reason_to_wait),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

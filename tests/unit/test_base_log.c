#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "framework/base/log.h"

static int pipe_fds[2];

/* The log goes into a pipe; each test starts from the same settings. */
static int redirect(void **state)
{
    (void)state;
    if (pipe(pipe_fds))
        return -1;
    log_set_fd(pipe_fds[1]);
    log_set_level(LOG_LEVEL_INFO);
    log_set_clock(NULL);
    return 0;
}

static int restore(void **state)
{
    (void)state;
    log_set_fd(STDERR_FILENO);
    (void)close(pipe_fds[0]);
    (void)close(pipe_fds[1]);
    return 0;
}

/* What was logged so far; at least one line must have been. */
static const char *logged(void)
{
    static char text[2 * LOG_LINE_SIZE];
    const ssize_t len = read(pipe_fds[0], text, sizeof text - 1);

    assert_true(len > 0);
    text[len] = '\0';
    return text;
}

static int64_t fixed_clock(void)
{
    return 1765540803117; /* 12:00:03.117 UTC */
}

static void a_line_has_level_place_and_text(void **state)
{
    (void)state;
    log_write(LOG_LEVEL_WARN, "deployer.local", "node started name=%s pid=%d", "v-0", 12);
    assert_string_equal(logged(), "WARN  deployer.local: node started name=v-0 pid=12\n");
}

static void a_line_wipes_what_is_redrawn_below_it(void **state)
{
    (void)state;
    log_set_redrawn(true);
    log_write(LOG_LEVEL_WARN, "a", "b");
    log_set_redrawn(false);
    assert_string_equal(logged(), "\r\033[KWARN  a: b\n");
    log_write(LOG_LEVEL_WARN, "a", "b");
    assert_string_equal(logged(), "WARN  a: b\n");
}

static void the_time_comes_from_the_given_clock(void **state)
{
    (void)state;
    log_set_clock(fixed_clock);
    log_write(LOG_LEVEL_INFO, "run", "x");
    assert_string_equal(logged(), "12:00:03.117 INFO  run: x\n");
}

static void lower_levels_are_silent(void **state)
{
    (void)state;
    log_write(LOG_LEVEL_DEBUG, "run", "hidden");
    log_set_level(LOG_LEVEL_OFF);
    log_write(LOG_LEVEL_ERROR, "run", "hidden too");
    assert_false(log_is_on(LOG_LEVEL_ERROR));
    log_set_level(LOG_LEVEL_DEBUG);
    log_write(LOG_LEVEL_DEBUG, "run", "seen");
    assert_string_equal(logged(), "DEBUG run: seen\n");
}

static void control_bytes_cannot_forge_a_line(void **state)
{
    (void)state;
    log_write(LOG_LEVEL_INFO, "a\rb", "%s", "one\nERROR run: two\t\x1B[31m\x7F");
    assert_string_equal(logged(), "INFO  a\\x0Db: one\\nERROR run: two\\t\\x1B[31m\\x7F\n");
}

static void a_long_line_is_cut_to_one_write(void **state)
{
    char text[2 * LOG_LINE_SIZE];
    const char *line = NULL;

    (void)state;
    memset(text, '\n', sizeof text); /* each becomes two bytes */
    text[sizeof text - 1] = '\0';
    log_write(LOG_LEVEL_INFO, "run", "%s", text);
    line = logged();
    assert_true(strlen(line) <= LOG_LINE_SIZE);
    assert_int_equal(line[strlen(line) - 1], '\n');
    assert_ptr_equal(strchr(line, '\n'), line + strlen(line) - 1);
}

static void a_closed_descriptor_is_survived(void **state)
{
    (void)state;
    log_set_fd(-1);
    log_write(LOG_LEVEL_INFO, "run", "to nobody");
    log_set_fd(pipe_fds[1]);
    log_write(LOG_LEVEL_INFO, "run", "back");
    assert_string_equal(logged(), "INFO  run: back\n");
}

static void levels_are_understood(void **state)
{
    enum log_level level = LOG_LEVEL_OFF;

    (void)state;
    assert_true(log_level_parse("WARN", &level));
    assert_int_equal(level, LOG_LEVEL_WARN);
    assert_true(log_level_parse("trace", &level));
    assert_int_equal(level, LOG_LEVEL_DEBUG);
    assert_true(log_level_parse("hyper=trace,warn,assay=error,tokio=debug", &level));
    assert_int_equal(level, LOG_LEVEL_ERROR);
    assert_true(log_level_parse("info,", &level));
    assert_int_equal(level, LOG_LEVEL_INFO);
}

static void directives_for_others_change_nothing(void **state)
{
    enum log_level level = LOG_LEVEL_WARN;

    (void)state;
    assert_true(log_level_parse("nomos=debug,assays=debug", &level));
    assert_true(log_level_parse("", &level));
    assert_int_equal(level, LOG_LEVEL_WARN);
}

static void an_unknown_level_is_refused(void **state)
{
    enum log_level level = LOG_LEVEL_WARN;

    (void)state;
    assert_false(log_level_parse("loud", &level));
    assert_false(log_level_parse("info,assay=loud", &level));
    assert_false(log_level_parse("assay=", &level));
    assert_int_equal(level, LOG_LEVEL_WARN);
}

static void the_environment_decides_by_two_variables(void **state)
{
    (void)state;
    assert_int_equal(setenv("RUST_LOG", "error", 1), 0);
    assert_null(log_level_from_environment());
    assert_false(log_is_on(LOG_LEVEL_WARN));

    assert_int_equal(setenv("ASSAY_LOG", "debug", 1), 0);
    assert_null(log_level_from_environment());
    assert_true(log_is_on(LOG_LEVEL_DEBUG));

    assert_int_equal(setenv("ASSAY_LOG", "loud", 1), 0);
    assert_string_equal(log_level_from_environment(), "ASSAY_LOG");
    assert_true(log_is_on(LOG_LEVEL_DEBUG));

    assert_int_equal(unsetenv("ASSAY_LOG"), 0);
    assert_int_equal(unsetenv("RUST_LOG"), 0);
    assert_null(log_level_from_environment());
}

#define in_pipe(test) cmocka_unit_test_setup_teardown(test, redirect, restore)

int main(void)
{
    const struct CMUnitTest tests[] = {
        in_pipe(a_line_has_level_place_and_text),
        in_pipe(a_line_wipes_what_is_redrawn_below_it),
        in_pipe(the_time_comes_from_the_given_clock),
        in_pipe(lower_levels_are_silent),
        in_pipe(control_bytes_cannot_forge_a_line),
        in_pipe(a_long_line_is_cut_to_one_write),
        in_pipe(a_closed_descriptor_is_survived),
        in_pipe(levels_are_understood),
        in_pipe(directives_for_others_change_nothing),
        in_pipe(an_unknown_level_is_refused),
        in_pipe(the_environment_decides_by_two_variables),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

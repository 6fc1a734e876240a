/* What a person sees while a run goes on, on a file and on a terminal. */
#include <fcntl.h>
#include <pty.h>
#include <unistd.h>

#include "framework/run/progress.h"
#include "host_fixture.h"

static int setup(void **state)
{
    assert_int_equal(unsetenv("CI"), 0);
    assert_int_equal(unsetenv("NO_COLOR"), 0);
    assert_int_equal(unsetenv("CLICOLOR"), 0);
    assert_int_equal(unsetenv("CLICOLOR_FORCE"), 0);
    assert_int_equal(setenv("TERM", "xterm", 1), 0);
    *state = fixture_new(2);
    return 0;
}

static int teardown(void **state)
{
    fixture_free(*state);
    return 0;
}

/* What can be read at once from the other end. */
static const char *read_all(int fd)
{
    static char text[8192];
    ssize_t size;

    assert_int_equal(fcntl(fd, F_SETFL, O_NONBLOCK), 0);
    size = read(fd, text, sizeof(text) - 1);
    text[size > 0 ? size : 0] = '\0';
    return text;
}

static void on_a_pipe_a_message_is_a_plain_line(void **state)
{
    const struct fixture *fixture = *state;
    struct progress progress;
    int ends[2];

    assert_int_equal(pipe(ends), 0);
    progress_init(&progress, ends[1], false);
    progress_state(&progress, fixture->host, "deploy", ASSAY_FOREVER);
    progress_say(&progress, "%d nodes ready", 5);
    assert_string_equal(read_all(ends[0]), "deploy   5 nodes ready\n");
    (void)close(ends[0]);
    (void)close(ends[1]);
}

static void on_a_pipe_ticks_are_rare(void **state)
{
    const struct fixture *fixture = *state;
    struct progress progress;
    int ends[2];

    assert_int_equal(pipe(ends), 0);
    progress_init(&progress, ends[1], false);
    progress_state(&progress, fixture->host, "run", ASSAY_FOREVER);
    progress.last_plain += 3600 * ASSAY_SECOND; /* the next is an hour away */
    progress_tick(&progress, fixture->host);
    assert_string_equal(read_all(ends[0]), "");
    progress.last_plain = -3600 * ASSAY_SECOND;
    progress_tick(&progress, fixture->host);
    assert_non_null(strchr(read_all(ends[0]), '\n'));
    (void)close(ends[0]);
    (void)close(ends[1]);
}

static void quiet_is_quiet(void **state)
{
    const struct fixture *fixture = *state;
    struct progress progress;
    int ends[2];

    assert_int_equal(pipe(ends), 0);
    progress_init(&progress, ends[1], true);
    progress_say(&progress, "nobody hears this");
    progress.last_plain = -3600 * ASSAY_SECOND;
    progress_tick(&progress, fixture->host);
    assert_string_equal(read_all(ends[0]), "");
    (void)close(ends[0]);
    (void)close(ends[1]);
}

static void on_a_terminal_the_line_is_redrawn_and_wiped_before_a_message(void **state)
{
    const struct fixture *fixture = *state;
    const struct winsize size = {.ws_col = 40, .ws_row = 10};
    struct progress progress;
    int master, terminal;

    assert_int_equal(openpty(&master, &terminal, NULL, NULL, &size), 0);
    progress_init(&progress, terminal, false);
    log_set_redrawn(false);
    progress_state(&progress, fixture->host, "run", ASSAY_FOREVER);
    progress_tick(&progress, fixture->host);
    assert_null(strchr(read_all(master), '\n'));
    progress_say(&progress, "a message");
    assert_non_null(strstr(read_all(master), "\r\033[K"));
    progress_clear(&progress);
    assert_string_equal(read_all(master), ""); /* nothing stands there any more */
    (void)close(terminal);
    (void)close(master);
}

static void colour_follows_the_environment(void **state)
{
    int ends[2];

    (void)state;
    assert_int_equal(pipe(ends), 0);
    assert_false(progress_wants_colour(ends[1])); /* no terminal */
    assert_int_equal(setenv("CLICOLOR_FORCE", "1", 1), 0);
    assert_true(progress_wants_colour(ends[1]));
    assert_int_equal(setenv("CLICOLOR_FORCE", "0", 1), 0);
    assert_false(progress_wants_colour(ends[1]));
    assert_int_equal(setenv("CLICOLOR_FORCE", "1", 1), 0);
    assert_int_equal(setenv("NO_COLOR", "1", 1), 0);
    assert_false(progress_wants_colour(ends[1]));
    (void)close(ends[0]);
    (void)close(ends[1]);
}

#define in_run(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        in_run(on_a_pipe_a_message_is_a_plain_line),
        in_run(on_a_pipe_ticks_are_rare),
        in_run(quiet_is_quiet),
        in_run(on_a_terminal_the_line_is_redrawn_and_wiped_before_a_message),
        in_run(colour_follows_the_environment),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Starting processes: what a child inherits, which step failed, what its environment is; and undo
   commands, which are started the same way. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>

#include "framework/base/file.h"
#include "framework/base/str.h"
#include "framework/run/spawn.h"
#include "framework/run/undo.h"

static const char *const none[] = {NULL};

static int run(const struct spawn *spawn)
{
    struct spawn_failure failure = {0};
    const pid_t pid = spawn_process(spawn, &failure);
    int status = -1;

    if (pid < 0)
        fail_msg("%s: %s", spawn->argv[0], spawn_step_text(failure.step));
    assert_int_equal(waitpid(pid, &status, 0), pid);
    return status;
}

static int set_up(void **state)
{
    char *directory = strdup("/tmp/assay-spawn-XXXXXX");

    assert_non_null(mkdtemp(directory));
    *state = directory;
    return 0;
}

static int tear_down(void **state)
{
    (void)dir_remove(*state, NULL);
    free(*state);
    return 0;
}

static void expect_output(const char *path, const char *wanted)
{
    struct file_text text = {0};

    assert_int_equal(file_read(path, 4096, &text, NULL), ASSAY_OK);
    assert_string_equal(text.data, wanted);
    free(text.data);
}

/* ---- inheritance ---- */

/* Descriptors are handed on crosswise: what is 4 here is 3 there and the other way round, so a
   naive order of copies would overwrite one with the other. */
static void descriptors_arrive_in_the_order_given(void **state)
{
    auto_free char *output = str_format("%s/out", (char *)*state);
    const char *const argv[] = {
        "/bin/sh", "-c", "read a <&3; read b <&4; echo $a $b; ls /proc/self/fd | wc -l", NULL};
    int first[2];
    int second[2];
    int descriptors[2];
    struct spawn spawn = {.argv = argv,
        .env = none,
        .output = output,
        .descriptors = descriptors,
        .descriptor_count = 2};

    assert_int_equal(pipe(first), 0);
    assert_int_equal(pipe(second), 0);
    assert_int_equal(write(first[1], "one\n", 4), 4);
    assert_int_equal(write(second[1], "two\n", 4), 4);
    descriptors[0] = second[0];
    descriptors[1] = first[0];
    assert_int_equal(run(&spawn), 0);

    expect_output(output, "two one\n6\n"); /* 0 to 4, and what ls opened */
    (void)close(first[0]);
    (void)close(first[1]);
    (void)close(second[0]);
    (void)close(second[1]);
}

static void ignored_and_blocked_signals_are_not_inherited(void **state)
{
    const char *const argv[] = {"/bin/sh", "-c", "kill -TERM $$", NULL};
    sigset_t blocked;
    int status = 0;

    (void)state;
    (void)sigemptyset(&blocked);
    (void)sigaddset(&blocked, SIGTERM);
    (void)signal(SIGTERM, SIG_IGN);
    (void)sigprocmask(SIG_BLOCK, &blocked, NULL);
    status = run(&(struct spawn){.argv = argv, .env = none, .output = "/dev/null"});
    (void)sigprocmask(SIG_UNBLOCK, &blocked, NULL);
    (void)signal(SIGTERM, SIG_DFL);

    assert_true(WIFSIGNALED(status));
    assert_int_equal(WTERMSIG(status), SIGTERM);
}

static void standard_input_is_empty(void **state)
{
    const char *const argv[] = {"/bin/sh", "-c", "read x || exit 7", NULL};

    (void)state;
    assert_int_equal(
        WEXITSTATUS(run(&(struct spawn){.argv = argv, .env = none, .output = "/dev/null"})), 7);
}

/* ---- failures ---- */

static void expect_failure(const struct spawn *spawn, enum process_step step, int error_number)
{
    struct spawn_failure failure = {0};

    assert_int_equal(spawn_process(spawn, &failure), -1);
    assert_int_equal(failure.step, step);
    assert_int_equal(failure.error_number, error_number);
}

static void the_step_that_failed_is_told(void **state)
{
    const char *const missing[] = {"/no/such/program", NULL};
    const char *const directory[] = {*state, NULL};
    const char *const good[] = {"/bin/true", NULL};

    expect_failure(&(struct spawn){.argv = missing, .env = none, .output = "/dev/null"},
        PROCESS_STEP_EXECUTE, ENOENT);
    expect_failure(&(struct spawn){.argv = directory, .env = none, .output = "/dev/null"},
        PROCESS_STEP_EXECUTE, EACCES);
    expect_failure(
        &(struct spawn){.argv = good, .env = none, .output = *state}, PROCESS_STEP_OUTPUT, EISDIR);
    expect_failure(&(struct spawn){.argv = good, .env = none, .directory = "/no/such"},
        PROCESS_STEP_DIRECTORY, ENOENT);
    expect_failure(&(struct spawn){.argv = good, .env = none, .directory = "/dev/null"},
        PROCESS_STEP_DIRECTORY, ENOTDIR);
}

static void a_descriptor_that_is_closed_is_a_failure(void **state)
{
    const char *const good[] = {"/bin/true", NULL};
    const int closed[] = {-1};
    struct spawn_failure failure = {0};

    (void)state;
    assert_int_equal(
        spawn_process(
            &(struct spawn){
                .argv = good, .env = none, .descriptors = closed, .descriptor_count = 1},
            &failure),
        -1);
    assert_int_equal(failure.error_number, EBADF);
}

static void every_step_has_words(void **state)
{
    (void)state;
    for (int step = PROCESS_STEP_NONE; step <= PROCESS_STEP_ENDING; step++)
        assert_true(strlen(spawn_step_text((enum process_step)step)) > 10);
}

/* ---- environment ---- */

static void additions_replace_what_has_their_name(void **state)
{
    const char *const additions[] = {"PATH=/new", "EXTRA=1", NULL};
    const char *const base[] = {"HOME=/h", "PATH=/old", "PATHS=kept", "ODD", NULL};
    const char *const wanted[] = {"PATH=/new", "EXTRA=1", "HOME=/h", "PATHS=kept", "ODD"};
    auto_free const char **list = spawn_environment(additions, base);

    (void)state;
    for (size_t i = 0; i < 5; i++)
        assert_string_equal(list[i], wanted[i]);
    assert_null(list[5]);
}

static void an_environment_may_come_from_nothing(void **state)
{
    auto_free const char **list = spawn_environment(NULL, NULL);

    (void)state;
    assert_null(list[0]);
}

/* ---- undo ---- */

static void note(void *context, const char *text)
{
    (void)snprintf(context, 256, "%s", text);
}

static void an_undo_command_that_takes_too_long_is_killed(void **state)
{
    char *argv[] = {(char[]){"/bin/sh"}, (char[]){"-c"}, (char[]){"sleep 1000; true"}, NULL};
    struct journal_undo_record record = {.argv = argv};
    const struct journal_content content = {.run_directory = *state,
        .undos = {.items = &record, .count = 1, .item_size = sizeof record}};
    char why[256] = "";
    const struct undo undo = {
        .journal = &content, .limit = 50 * ASSAY_MS, .complain = note, .context = why};

    assert_int_equal(undo_replay(&undo), 1);
    assert_string_equal(
        why, "the command did not end in time and was killed: /bin/sh -c sleep 1000; true");
}

static void an_undo_command_runs_in_the_run_directory_or_else_in_the_root(void **state)
{
    char *argv[] = {(char[]){"/bin/pwd"}, NULL};
    struct journal_undo_record record = {.argv = argv};
    struct journal_content content = {.run_directory = *state,
        .undos = {.items = &record, .count = 1, .item_size = sizeof record}};
    auto_free char *output = str_format("%s/out", (char *)*state);
    auto_free char *wanted = str_format("%s\n/\n", (char *)*state);
    const struct undo undo = {.journal = &content, .output = output};

    assert_int_equal(undo_replay(&undo), 0);
    content.run_directory = (char[]){"/no/such/run"};
    assert_int_equal(undo_replay(&undo), 0);
    expect_output(output, wanted);
}

/* What is in the file from before is nobody's last words. */
static void the_last_words_of_an_undo_command_are_its_own(void **state)
{
    char *loud[] = {(char[]){"/bin/sh"}, (char[]){"-c"}, (char[]){"echo loud; exit 1"}, NULL};
    char *silent[] = {(char[]){"/bin/false"}, NULL};
    struct journal_undo_record record = {.argv = loud};
    const struct journal_content content = {.run_directory = *state,
        .undos = {.items = &record, .count = 1, .item_size = sizeof record}};
    auto_free char *output = str_format("%s/out", (char *)*state);
    char why[256] = "";
    const struct undo undo = {
        .journal = &content, .output = output, .complain = note, .context = why};

    assert_int_equal(undo_replay(&undo), 1);
    assert_string_equal(why, "the command failed (it says: loud): /bin/sh -c echo loud; exit 1");
    record.argv = silent;
    assert_int_equal(undo_replay(&undo), 1);
    assert_string_equal(why, "the command failed: /bin/false");
    expect_output(output, "loud\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(descriptors_arrive_in_the_order_given, set_up, tear_down),
        cmocka_unit_test(ignored_and_blocked_signals_are_not_inherited),
        cmocka_unit_test(standard_input_is_empty),
        cmocka_unit_test_setup_teardown(the_step_that_failed_is_told, set_up, tear_down),
        cmocka_unit_test(a_descriptor_that_is_closed_is_a_failure),
        cmocka_unit_test(every_step_has_words),
        cmocka_unit_test(additions_replace_what_has_their_name),
        cmocka_unit_test(an_environment_may_come_from_nothing),
        cmocka_unit_test_setup_teardown(
            an_undo_command_that_takes_too_long_is_killed, set_up, tear_down),
        cmocka_unit_test_setup_teardown(
            an_undo_command_runs_in_the_run_directory_or_else_in_the_root, set_up, tear_down),
        cmocka_unit_test_setup_teardown(
            the_last_words_of_an_undo_command_are_its_own, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

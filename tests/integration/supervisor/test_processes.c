/* The table of framework/host/processes.h over a real supervisor.

   This program is both ends: started by a person it is the front end, and launches itself as the
   worker; started by the supervisor it runs the tests. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>
#include <errno.h>
#include <poll.h>
#include <pthread.h>

#include "framework/base/file.h"
#include "framework/base/number.h"
#include "framework/base/path.h"
#include "framework/base/str.h"
#include "framework/run/crumb.h"
#include "framework/run/launch.h"
#include "framework/run/proc.h"
#include "framework/run/processes_client.h"
#include "framework/run/wire.h"
#include "support.h"

static const struct process_ops *ops;
static const char *run_directory;
static const struct crumb_page *page;

/* ---- helpers ---- */

/* Looks again whenever the client says that something changed. */
struct watch {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    size_t calls;
};

static struct watch watch = {PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, 0};

static void note_change(void *arg, uint32_t process)
{
    struct watch *me = arg;

    (void)process;
    (void)pthread_mutex_lock(&me->lock);
    me->calls++;
    (void)pthread_cond_broadcast(&me->changed);
    (void)pthread_mutex_unlock(&me->lock);
}

static struct process_status status_of(uint32_t process)
{
    struct process_status status = {0};

    assert_int_equal(ops->status(ops->self, process, &status), ASSAY_OK);
    return status;
}

static void await(bool (*is_so)(uint32_t number), uint32_t number)
{
    (void)pthread_mutex_lock(&watch.lock);
    while (!is_so(number))
        (void)pthread_cond_wait(&watch.changed, &watch.lock);
    (void)pthread_mutex_unlock(&watch.lock);
}

static bool is_answered(uint32_t process)
{
    return status_of(process).state != PROCESS_STARTING;
}

static bool has_stopped(uint32_t process)
{
    return status_of(process).is_stopped;
}

static bool has_continued(uint32_t process)
{
    return !status_of(process).is_stopped;
}

static struct process_look look_at(uint32_t process)
{
    struct process_look look = {.state = '?'};

    assert_int_equal(ops->look(ops->self, process, &look), ASSAY_OK);
    return look;
}

static bool is_over(uint32_t process)
{
    const enum process_state state = status_of(process).state;

    return state != PROCESS_STARTING && state != PROCESS_RUNNING;
}

static bool has_ended(uint32_t ticket)
{
    return ops->has_ended(ops->self, ticket);
}

static uint32_t start(const struct process_spec *spec)
{
    struct error err = {0};
    uint32_t process = PROCESS_NONE;

    if (ops->start(ops->self, spec, &process, &err))
        fail_msg("start: %s", err.text);
    return process;
}

static uint32_t start_node(const char *mode, const char *argument)
{
    const char *const argv[] = {NODE_PROGRAM, mode, argument, NULL};

    return start(&(struct process_spec){.name = mode, .argv = argv});
}

static void end_all(assay_ns grace)
{
    uint32_t ticket = 0;

    assert_int_equal(ops->end_all(ops->self, grace, &ticket, NULL), ASSAY_OK);
    await(has_ended, ticket);
}

/* A path in the run directory that no other test uses; the caller frees it. */
static char *fresh_path(void)
{
    static unsigned counter;

    return str_format("%s/file-%u", run_directory, counter++);
}

static void await_pids(const char *path, pid_t *out, size_t count)
{
    while (scene_read_pids(path, out, count) < count)
        (void)poll(NULL, 0, 2);
}

static bool is_alive(pid_t pid)
{
    struct proc_entry entry;

    return !proc_read(pid, &entry) && entry.state != 'Z' && entry.state != 'X';
}

static void expect_text(const char *path, const char *wanted)
{
    struct file_text text = {0};

    assert_int_equal(file_read(path, 65536, &text, NULL), ASSAY_OK);
    if (!strstr(text.data, wanted))
        fail_msg("\"%s\" is not in:\n%s", wanted, text.data);
    free(text.data);
}

/* ---- starting ---- */

static void a_process_gets_what_was_asked_for_and_nothing_else(void **state)
{
    auto_free char *output = fresh_path();
    const char *const argv[] = {NODE_PROGRAM, "show", NULL};
    const char *const env[] = {"NODE_COLOUR=green", NULL};
    const struct process_spec spec = {
        .name = "show", .argv = argv, .env = env, .directory = "/usr", .output = output};
    const uint32_t process = start(&spec);

    (void)state;
    await(is_over, process);

    assert_int_equal(status_of(process).state, PROCESS_EXITED);
    assert_int_equal(status_of(process).code, 0);
    expect_text(output,
        "fd 0\nfd 1\nfd 2\ngroup own\ndirectory /usr\nmarker set\nsocket hidden\n"
        "colour green\n");
}

static void output_is_appended_and_the_run_directory_is_the_default(void **state)
{
    auto_free char *output = fresh_path();
    auto_free char *line = str_format("directory %s\n", run_directory);
    char earlier[] = "from an earlier start\n";
    const struct file_text text = {earlier, strlen(earlier)};
    const char *const argv[] = {NODE_PROGRAM, "show", NULL};

    (void)state;
    assert_int_equal(file_write(output, &text, FILE_PLAIN, NULL), ASSAY_OK);
    await(is_over, start(&(struct process_spec){.argv = argv, .output = output}));

    expect_text(output, earlier);
    expect_text(output, line);
}

static void an_exit_code_is_reported_with_pid_and_times(void **state)
{
    const uint32_t process = start_node("exit", "42");
    struct process_status status;

    (void)state;
    await(is_over, process);
    status = status_of(process);

    assert_int_equal(status.state, PROCESS_EXITED);
    assert_int_equal(status.code, 42);
    assert_true(status.pid > 1);
    assert_true(status.started_at > 0);
    assert_true(status.ended_at >= status.started_at);
}

static void expect_refusal(const struct process_spec *spec, enum process_step step, int code)
{
    const uint32_t process = start(spec);

    await(is_over, process);
    assert_int_equal(status_of(process).state, PROCESS_REFUSED);
    assert_int_equal(status_of(process).step, step);
    assert_int_equal(status_of(process).code, code);
    assert_int_equal(status_of(process).pid, 0);
}

static void a_missing_program_is_refused(void **state)
{
    const char *const argv[] = {"/no/such/program", NULL};

    (void)state;
    expect_refusal(&(struct process_spec){.argv = argv}, PROCESS_STEP_EXECUTE, ENOENT);
}

static void a_missing_directory_is_refused(void **state)
{
    const char *const argv[] = {NODE_PROGRAM, "exit", "0", NULL};

    (void)state;
    expect_refusal(&(struct process_spec){.argv = argv, .directory = "/no/such/directory"},
        PROCESS_STEP_DIRECTORY, ENOENT);
}

static void an_output_that_cannot_be_opened_is_refused(void **state)
{
    const char *const argv[] = {NODE_PROGRAM, "exit", "0", NULL};

    (void)state;
    expect_refusal(&(struct process_spec){.argv = argv, .output = "/no/such/output"},
        PROCESS_STEP_OUTPUT, ENOENT);
}

static void expect_invalid(const struct process_spec *spec, const char *text)
{
    struct error err = {0};
    uint32_t process = 0;

    assert_int_equal(ops->start(ops->self, spec, &process, &err), ASSAY_E_INVALID);
    if (!strstr(err.text, text))
        fail_msg("\"%s\" does not say \"%s\"", err.text, text);
}

static void a_spec_that_makes_no_sense_is_refused_at_once(void **state)
{
    const char *const none[] = {NULL};
    const char *const argv[] = {NODE_PROGRAM, NULL};
    const char *const env[] = {"NO_ASSIGNMENT", NULL};

    (void)state;
    expect_invalid(&(struct process_spec){.name = "x"}, "no program");
    expect_invalid(&(struct process_spec){.argv = none}, "no program");
    expect_invalid(&(struct process_spec){.argv = argv, .directory = "here"}, "absolute");
    expect_invalid(&(struct process_spec){.argv = argv, .output = "here"}, "absolute");
    expect_invalid(&(struct process_spec){.argv = argv, .env = env}, "NO_ASSIGNMENT has no '='");
}

static void a_command_line_that_is_too_long_is_refused_and_the_next_one_starts(void **state)
{
    static char word[PROCESS_SPEC_BYTES_MAX + 8192];
    static const char *words[PROCESS_WORDS_MAX + 2];
    const char *const one[] = {NODE_PROGRAM, word, NULL};
    uint32_t process = 0;

    (void)state;
    memset(word, 'x', sizeof word - 1);
    for (size_t i = 0; i <= PROCESS_WORDS_MAX; i++)
        words[i] = "/x";
    expect_invalid(&(struct process_spec){.argv = one}, "longer than 60 KiB");
    expect_invalid(&(struct process_spec){.argv = words}, "4096 words");

    process = start_node("exit", "0");
    await(is_over, process);
    assert_int_equal(status_of(process).state, PROCESS_EXITED);
}

static void a_number_that_was_never_handed_out_is_not_found(void **state)
{
    struct process_status status;

    (void)state;
    assert_int_equal(ops->status(ops->self, 900000, &status), ASSAY_E_NOTFOUND);
    assert_int_equal(ops->signal(ops->self, 900000, SIGTERM, NULL), ASSAY_E_NOTFOUND);
}

/* ---- signals ---- */

static void a_signal_right_behind_the_start_is_not_lost(void **state)
{
    auto_free char *pids = fresh_path();
    const uint32_t process = start_node("wait", pids);

    (void)state;
    assert_int_equal(ops->signal(ops->self, process, SIGKILL, NULL), ASSAY_OK);
    await(is_over, process);

    assert_int_equal(status_of(process).state, PROCESS_KILLED);
    assert_int_equal(status_of(process).code, SIGKILL);
    assert_int_equal(ops->signal(ops->self, process, SIGKILL, NULL), ASSAY_E_NOTFOUND);
    assert_int_equal(ops->signal(ops->self, process, 0, NULL), ASSAY_E_INVALID);
}

static void a_signal_reaches_the_whole_group(void **state)
{
    auto_free char *pids = fresh_path();
    pid_t all[3] = {0};
    const uint32_t process = start_node("tree", pids);
    size_t alive = 3;

    (void)state;
    await_pids(pids, all, 3);
    assert_int_equal(ops->signal(ops->self, process, SIGKILL, NULL), ASSAY_OK);
    await(is_over, process);
    while (alive > 1) { /* the daemon has left the group; the helper has not */
        alive = 0;
        for (size_t i = 0; i < 3; i++)
            alive += is_alive(all[i]) ? 1 : 0;
        (void)poll(NULL, 0, 1);
    }

    assert_int_equal(alive, 1);
    end_all(0);
    for (size_t i = 0; i < 3; i++)
        assert_false(is_alive(all[i]));
}

static void a_stop_and_its_end_are_seen(void **state)
{
    auto_free char *pids = fresh_path();
    const uint32_t process = start_node("wait", pids);
    uint64_t start_time = 0;
    pid_t pid = 0;

    (void)state;
    await_pids(pids, &pid, 1);
    start_time = look_at(process).start_time;
    assert_true(start_time > 0);
    assert_int_equal(ops->signal(ops->self, process, SIGSTOP, NULL), ASSAY_OK);
    await(has_stopped, process);
    assert_int_equal(status_of(process).state, PROCESS_RUNNING);
    assert_int_equal(look_at(process).state, 'T');
    assert_int_equal(ops->signal(ops->self, process, SIGCONT, NULL), ASSAY_OK);
    await(has_continued, process);
    assert_int_not_equal(look_at(process).state, 'T');
    assert_int_equal(look_at(process).start_time, start_time);
    assert_int_equal(ops->signal(ops->self, process, SIGKILL, NULL), ASSAY_OK);
    await(is_over, process);
    assert_int_equal(look_at(process).state, '\0');
    assert_int_equal(
        ops->look(ops->self, process + 1, &(struct process_look){0}), ASSAY_E_NOTFOUND);

    assert_int_equal(status_of(process).pid, pid);
    end_all(0);
}

/* ---- ending ---- */

static void a_grace_lets_processes_end_by_themselves(void **state)
{
    auto_free char *pids = fresh_path();
    pid_t ignored[3];
    const uint32_t plain = start_node("wait", pids);
    const uint32_t polite = start_node("polite", pids);
    const uint32_t stopped = start_node("polite", pids);

    (void)state;
    await_pids(pids, ignored, 3);
    assert_int_equal(ops->signal(ops->self, stopped, SIGSTOP, NULL), ASSAY_OK);
    end_all(3600 * ASSAY_SECOND);

    assert_int_equal(status_of(plain).code, SIGTERM);
    assert_int_equal(status_of(polite).state, PROCESS_EXITED);
    assert_int_equal(status_of(polite).code, 9);
    assert_int_equal(status_of(stopped).state, PROCESS_EXITED);
    assert_int_equal(status_of(stopped).code, 9);
}

static void who_ignores_sigterm_is_killed_when_the_grace_is_over(void **state)
{
    auto_free char *pids = fresh_path();
    pid_t ignored[2];
    const uint32_t stubborn = start_node("stubborn", pids);
    const uint32_t polite = start_node("wait", pids);

    (void)state;
    await_pids(pids, ignored, 2);
    end_all(50 * ASSAY_MS);

    assert_int_equal(status_of(stubborn).code, SIGKILL);
    assert_int_equal(status_of(polite).code, SIGTERM);
}

static void strays_are_ended_and_the_worker_is_not(void **state)
{
    enum {
        COUNT = 30
    };
    auto_free char *pids = fresh_path();
    pid_t all[COUNT * 3];

    (void)state;
    for (int i = 0; i < COUNT; i++)
        (void)start_node("tree", pids);
    await_pids(pids, all, COUNT * 3);
    end_all(0);

    for (size_t i = 0; i < COUNT * 3; i++)
        assert_false(is_alive(all[i]));
}

static void ending_nobody_is_done_at_once(void **state)
{
    (void)state;
    end_all(3600 * ASSAY_SECOND);
    end_all(0);
}

static void a_start_during_an_ending_is_refused(void **state)
{
    auto_free char *pids = fresh_path();
    pid_t pid = 0;
    const uint32_t stubborn = start_node("stubborn", pids);
    uint32_t ticket = 0;
    uint32_t late = 0;

    (void)state;
    await_pids(pids, &pid, 1);
    assert_int_equal(ops->end_all(ops->self, 3600 * ASSAY_SECOND, &ticket, NULL), ASSAY_OK);
    late = start_node("wait", pids);
    await(is_over, late);
    assert_int_equal(status_of(late).state, PROCESS_REFUSED);
    assert_int_equal(status_of(late).step, PROCESS_STEP_ENDING);
    assert_false(ops->has_ended(ops->self, ticket));

    assert_int_equal(ops->signal(ops->self, stubborn, SIGKILL, NULL), ASSAY_OK);
    await(has_ended, ticket);
    late = start_node("exit", "0");
    await(is_over, late);
    assert_int_equal(status_of(late).state, PROCESS_EXITED);
}

/* ---- many ---- */

static void hundreds_are_started_without_waiting_for_any(void **state)
{
    enum {
        COUNT = 400
    };
    auto_free char *pids = fresh_path();
    static uint32_t processes[COUNT];
    struct process_status last;

    (void)state;
    for (size_t i = 0; i < COUNT; i++)
        processes[i] = start_node("wait", pids);
    for (size_t i = 0; i < COUNT; i++)
        await(is_answered, processes[i]);
    for (size_t i = 0; i < COUNT; i++)
        assert_int_equal(status_of(processes[i]).state, PROCESS_RUNNING);
    end_all(0);

    for (size_t i = 0; i < COUNT; i++) {
        last = status_of(processes[i]);
        assert_int_equal(last.state, PROCESS_KILLED);
        assert_int_equal(last.code, SIGKILL);
    }
}

static void *start_some(void *arg)
{
    uint32_t *processes = arg;

    for (size_t i = 0; i < 20; i++)
        processes[i] = start_node("exit", "3");
    return NULL;
}

static void threads_can_start_at_the_same_time(void **state)
{
    static uint32_t processes[8][20];
    pthread_t threads[8];

    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(threads); i++)
        assert_int_equal(pthread_create(&threads[i], NULL, start_some, processes[i]), 0);
    for (size_t i = 0; i < ARRAY_COUNT(threads); i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);

    for (size_t i = 0; i < ARRAY_COUNT(threads); i++)
        for (size_t j = 0; j < 20; j++) {
            await(is_over, processes[i][j]);
            assert_int_equal(status_of(processes[i][j]).code, 3);
            for (size_t k = 0; k < i; k++)
                assert_true(processes[k][j] != processes[i][j]);
        }
}

/* ---- the rest ---- */

static void an_undo_must_be_a_command_and_a_removal_must_be_inside(void **state)
{
    const char *const none[] = {NULL};
    const char *const relative[] = {"true", NULL};
    /* Scratch paths that do not exist: should the check break, nothing is lost. */
    auto_free char *upwards = str_format("%s/../else", run_directory);
    auto_free char *outside = str_format("%s-outside", run_directory);
    struct error err = {0};

    (void)state;
    assert_int_equal(ops->undo(ops->self, none, &err), ASSAY_E_INVALID);
    assert_int_equal(ops->undo(ops->self, relative, &err), ASSAY_E_INVALID);
    assert_int_equal(ops->remove_later(ops->self, outside, &err), ASSAY_E_DENIED);
    assert_int_equal(ops->remove_later(ops->self, run_directory, &err), ASSAY_E_DENIED);
    assert_int_equal(ops->remove_later(ops->self, upwards, &err), ASSAY_E_DENIED);
}

static void an_undo_is_in_the_journal_when_it_returns(void **state)
{
    auto_free char *path = fresh_path();
    const char *const argv[] = {NODE_PROGRAM, "touch", path, NULL};
    auto_free char *line = str_format("undo %s touch %s\n", NODE_PROGRAM, path);
    const char *const state_directory = getenv("ASSAY_STATE_DIR");
    auto_free char *journal =
        str_format("%s/journals/%s.journal", state_directory, getenv("ASSAY_RUN_ID"));

    (void)state;
    assert_int_equal(ops->undo(ops->self, argv, NULL), ASSAY_OK);

    expect_text(journal, line);
    expect_text(journal, "process worker ");
}

static void no_call_comes_after_the_listener_was_taken_away(void **state)
{
    struct watch other = {PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, 0};
    size_t calls = 0;
    uint32_t process = 0;

    (void)state;
    ops->listen(ops->self, note_change, &other);
    process = start_node("exit", "0");
    ops->listen(ops->self, NULL, NULL);
    calls = other.calls;
    ops->listen(ops->self, note_change, &watch);
    await(is_over, process);
    await(is_over, start_node("exit", "0"));

    assert_int_equal(other.calls, calls);
}

/* A listener that is slow to return. */
struct slow {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    bool is_inside, may_leave, has_left;
};

static void listen_slowly(void *arg, uint32_t process)
{
    struct slow *slow = arg;

    (void)process;
    (void)pthread_mutex_lock(&slow->lock);
    slow->is_inside = true;
    (void)pthread_cond_broadcast(&slow->changed);
    while (!slow->may_leave)
        (void)pthread_cond_wait(&slow->changed, &slow->lock);
    slow->has_left = true;
    (void)pthread_mutex_unlock(&slow->lock);
}

static void *let_leave(void *arg)
{
    struct slow *slow = arg;

    (void)poll(NULL, 0, 20); /* time for a wrong `listen` to return too early; none is too short */
    (void)pthread_mutex_lock(&slow->lock);
    slow->may_leave = true;
    (void)pthread_cond_broadcast(&slow->changed);
    (void)pthread_mutex_unlock(&slow->lock);
    return NULL;
}

static void taking_a_listener_away_waits_for_the_call_under_way(void **state)
{
    struct slow slow = {.lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER};
    pthread_t thread;
    bool had_left = false;

    (void)state;
    ops->listen(ops->self, listen_slowly, &slow);
    (void)start_node("exit", "0");
    (void)pthread_mutex_lock(&slow.lock);
    while (!slow.is_inside)
        (void)pthread_cond_wait(&slow.changed, &slow.lock);
    (void)pthread_mutex_unlock(&slow.lock);
    assert_int_equal(pthread_create(&thread, NULL, let_leave, &slow), 0);
    ops->listen(ops->self, NULL, NULL);
    (void)pthread_mutex_lock(&slow.lock);
    had_left = slow.has_left;
    (void)pthread_mutex_unlock(&slow.lock);
    (void)pthread_join(thread, NULL);
    ops->listen(ops->self, note_change, &watch);

    assert_true(had_left);
}

static void the_crumb_page_came_along(void **state)
{
    struct crumb_report report;

    (void)state;
    crumb_read(page, &report);
    assert_true(report.has_phase);
    assert_string_equal(report.phase.operation, "testing");
}

/* ---- both ends ---- */

/* Without one, the exit code would not be believed. */
static bool write_verdict(const char *directory)
{
    auto_free char *path = path_join(directory, "verdict.json");
    char verdict[] = "{}\n";
    const struct file_text text = {verdict, strlen(verdict)};

    return path && !file_write(path, &text, FILE_PLAIN, NULL);
}

static int be_worker(const char *directory)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_process_gets_what_was_asked_for_and_nothing_else),
        cmocka_unit_test(output_is_appended_and_the_run_directory_is_the_default),
        cmocka_unit_test(an_exit_code_is_reported_with_pid_and_times),
        cmocka_unit_test(a_missing_program_is_refused),
        cmocka_unit_test(a_missing_directory_is_refused),
        cmocka_unit_test(an_output_that_cannot_be_opened_is_refused),
        cmocka_unit_test(a_spec_that_makes_no_sense_is_refused_at_once),
        cmocka_unit_test(a_command_line_that_is_too_long_is_refused_and_the_next_one_starts),
        cmocka_unit_test(a_number_that_was_never_handed_out_is_not_found),
        cmocka_unit_test(a_signal_right_behind_the_start_is_not_lost),
        cmocka_unit_test(a_signal_reaches_the_whole_group),
        cmocka_unit_test(a_stop_and_its_end_are_seen),
        cmocka_unit_test(a_grace_lets_processes_end_by_themselves),
        cmocka_unit_test(who_ignores_sigterm_is_killed_when_the_grace_is_over),
        cmocka_unit_test(strays_are_ended_and_the_worker_is_not),
        cmocka_unit_test(ending_nobody_is_done_at_once),
        cmocka_unit_test(a_start_during_an_ending_is_refused),
        cmocka_unit_test(hundreds_are_started_without_waiting_for_any),
        cmocka_unit_test(threads_can_start_at_the_same_time),
        cmocka_unit_test(an_undo_must_be_a_command_and_a_removal_must_be_inside),
        cmocka_unit_test(an_undo_is_in_the_journal_when_it_returns),
        cmocka_unit_test(no_call_comes_after_the_listener_was_taken_away),
        cmocka_unit_test(taking_a_listener_away_waits_for_the_call_under_way),
        cmocka_unit_test(the_crumb_page_came_along),
    };
    struct processes_client_config config = {.run_directory = directory};
    struct processes_client *client = NULL;
    struct crumb_page *crumbs = NULL;
    struct error err = {0};
    int crumb = -1;
    int failures = 0;

    if (processes_client_descriptors(&config.fd, &crumb, &err) || crumb_map(crumb, &crumbs, &err) ||
        processes_client_new(&config, &client, &err)) {
        (void)fprintf(stderr, "worker: %s\n", err.text);
        return 99;
    }
    crumb_phase(crumbs, "testing");
    page = crumbs;
    run_directory = directory;
    ops = processes_client_ops(client);
    ops->listen(ops->self, note_change, &watch);
    failures = cmocka_run_group_tests(tests, NULL, NULL);
    processes_client_free(client);
    if (!write_verdict(directory))
        failures++;
    crumb_verdict(crumbs, failures == 0 ? 0 : 1);
    crumb_unmap(crumbs);
    (void)close(crumb);
    return failures == 0 ? 0 : 1;
}

static int be_front_end(const char *self)
{
    char root[] = "/tmp/assay-processes-XXXXXX";
    auto_free char *run = NULL;
    struct launch_options options = {
        .name = "processes", .manifest = "", .worker = self, .owns_children = true};
    struct launch_result result = {0};
    struct error err = {0};
    int code = 1;

    if (!mkdtemp(root) || !(run = str_format("%s/run", root)) ||
        setenv("ASSAY_STATE_DIR", root, 1) < 0)
        return 1;
    options.run_directory = run;
    if (run_launch(&options, &result, &err))
        (void)fprintf(stderr, "launch: %s\n", err.text);
    else
        code = result.exit_code;
    free(result.run_directory);
    (void)dir_remove(root, NULL);
    return code;
}

int main(int argc, char **argv)
{
    auto_free char *self = realpath("/proc/self/exe", NULL);

    if (argc == 2 && getenv("ASSAY_SUPERVISOR_FD"))
        return be_worker(argv[1]);
    return be_front_end(self);
}

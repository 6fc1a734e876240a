/* Runs that end in all the ways a run can: what is the exit code, what does the verdict say, what is
   undone, and what is left. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "framework/base/file.h"
#include "framework/run/clean.h"
#include "support.h"

static int run(struct scene *scene, const char *script)
{
    const struct scene_options options = {.script = script, .owns_children = true};

    scene_start(scene, &options);
    return scene_join(scene);
}

/* ---- the worker's verdict, or ours ---- */

static void a_run_that_passes_keeps_the_verdict_of_its_worker(void **state)
{
    struct scene *scene = *state;

    assert_int_equal(run(scene, "wait 2\nsettled 2\nend 1000\nverdict\nexit 0\n"), 0);

    assert_true(scene_file_has(scene, "verdict.json", "\"writer\": \"worker\""));
    assert_true(scene_file_has(scene, "supervisor.log", "done exit_code=0"));
    assert_int_equal(scene_journals(scene), 0);
}

static void every_published_exit_code_passes_through(void **state)
{
    struct scene *scene = *state;

    assert_int_equal(run(scene, "verdict 3\nexit 3\n"), 3);
}

static void a_worker_without_a_verdict_is_an_error(void **state)
{
    struct scene *scene = *state;

    assert_int_equal(run(scene, "operation prepare\nexit 0\n"), 5);

    assert_true(scene_file_has(scene, "verdict.json", "\"outcome\": \"error\""));
    assert_true(scene_file_has(
        scene, "verdict.json", "the worker ended with exit code 0 without a verdict"));
    assert_true(scene_file_has(scene, "verdict.json",
        "the operation begun last was prepare of workload.burst (acme.tx-burst)"));
    assert_true(scene_file_has(scene, "verdict.json", "\"seed\": 7"));
}

static void an_exit_code_that_is_not_ours_does_not_make_a_pass(void **state)
{
    struct scene *scene = *state;

    assert_int_equal(run(scene, "verdict\nexit 23\n"), 5);

    assert_true(scene_file_has(scene, "verdict.json", "\"outcome\": \"error\""));
    assert_true(scene_file_has(scene, "verdict.unconfirmed.json", "\"outcome\": \"pass\""));
}

static void another_exit_code_than_the_verdicts_does_not_make_a_pass(void **state)
{
    struct scene *scene = *state;

    assert_int_equal(run(scene, "verdict 1\nexit 0\n"), 5);
    assert_true(scene_file_has(scene, "verdict.json", "after a verdict with exit code 1"));
    assert_true(scene_file_exists(scene, "verdict.unconfirmed.json"));
}

static void a_verdict_that_the_worker_did_not_write_does_not_make_a_pass(void **state)
{
    struct scene *scene = *state;

    assert_int_equal(run(scene, "forged\nexit 0\n"), 5);
    assert_true(scene_file_has(scene, "verdict.json", "without a verdict"));
    assert_true(scene_file_has(scene, "verdict.unconfirmed.json", "\"outcome\": \"pass\""));
}

static void a_crash_after_the_verdict_does_not_make_a_pass(void **state)
{
    struct scene *scene = *state;

    assert_int_equal(run(scene, "verdict\ncrash\n"), 5);

    assert_true(scene_file_has(scene, "verdict.json", "\"outcome\": \"error\""));
    assert_true(scene_file_has(scene, "verdict.json", "verdict.unconfirmed.json"));
    assert_true(scene_file_has(scene, "verdict.unconfirmed.json", "\"outcome\": \"pass\""));
}

static void a_worker_that_talks_nonsense_is_killed(void **state)
{
    struct scene *scene = *state;

    assert_int_equal(run(scene, "wait 3\nsettled 3\ngarbage\n"), 5);

    assert_true(scene_file_has(scene, "verdict.json", "broke the supervisor's protocol"));
    assert_true(scene_file_has(scene, "supervisor.log", "a request of 5 bytes is too short"));
}

static void a_run_that_exceeds_its_limit_is_killed(void **state)
{
    struct scene *scene = *state;
    const struct scene_options options = {
        .script = "wait 3\nsettled 3\nhang\n", .owns_children = true, .limit = 300 * ASSAY_MS};

    scene_start(scene, &options);

    assert_int_equal(scene_join(scene), 5);
    assert_true(scene_file_has(scene, "verdict.json", "the run took longer than its limit"));
}

static void a_cancellation_that_comes_too_late_is_not_passed_on(void **state)
{
    struct scene *scene = *state;
    const struct scene_options options = {.script = "wait 1\nmute\nsettled 1\ncancelled\n",
        .owns_children = true,
        .cancel_grace = 300 * ASSAY_MS};

    scene_start(scene, &options);
    scene_settle(scene, 1);
    (void)kill(scene->front, SIGINT);

    assert_int_equal(scene_join(scene), 130);
    assert_true(scene_file_has(scene, "verdict.json", "interrupted by SIGINT and killed"));
}

static void what_a_plugin_starts_by_itself_is_ended_too(void **state)
{
    struct scene *scene = *state;
    const struct scene_options options = {
        .script = "spawn\nspawn\nsettled 6\nhang\n", .owns_children = true};

    scene_start(scene, &options);
    scene_settle(scene, 6);
    (void)kill(scene->worker, SIGKILL);

    assert_int_equal(scene_join(scene), 5);
    assert_int_equal(scene_survivors(scene), 0);
}

/* ---- the front end ---- */

static void a_stopped_front_end_does_not_stop_the_run(void **state)
{
    struct scene *scene = *state;
    const struct scene_options options = {
        .script = "wait 1\nsettled 1\ncancelled\n", .owns_children = true};

    scene_start(scene, &options);
    scene_settle(scene, 1);
    (void)kill(scene->front, SIGSTOP);
    (void)kill(scene->supervisor, SIGTERM); /* the run ends while the front end stands still */
    scene_await_end(scene, scene->worker);
    (void)kill(scene->front, SIGCONT);

    assert_int_equal(scene_join(scene), 143);
    assert_true(scene_file_has(scene, "verdict.json", "\"writer\": \"worker\""));
}

static void sigint_stops_a_run_that_a_script_has_put_into_the_background(void **state)
{
    struct scene *scene = *state;
    const struct scene_options options = {
        .script = "wait 1\nsettled 1\ncancelled\n", .owns_children = true, .ignores_sigint = true};

    scene_start(scene, &options);
    scene_settle(scene, 1);
    (void)kill(scene->front, SIGINT);

    assert_int_equal(scene_join(scene), 130);
}

/* Runs in this very process from here on, as a library does. */
static struct launch_options library_options(const struct scene *scene, const char *script)
{
    (void)setenv("ASSAY_STATE_DIR", scene->state, 1);
    return (struct launch_options){.name = "library",
        .manifest = script,
        .original = "; as it was given\n",
        .run_directory = scene->run,
        .worker = WORKER_PROGRAM,
        .avoids_cgroup = true};
}

static void handler(int signal_number)
{
    (void)signal_number;
}

static void the_calling_program_gets_back_what_was_changed(void **state)
{
    struct scene *scene = *state;
    struct launch_options options = library_options(scene, "verdict\nexit 0\n");
    struct launch_result result;
    struct sigaction before = {.sa_handler = handler};
    struct sigaction after;
    struct error err = {0};
    int is_subreaper = -1;

    options.forwards_signals = true;
    (void)sigaction(SIGTERM, &before, NULL);
    (void)signal(SIGHUP, SIG_IGN);

    assert_int_equal(run_launch(&options, &result, &err), ASSAY_OK);

    assert_int_equal(result.exit_code, 0);
    assert_string_equal(result.run_directory, scene->run);
    assert_int_equal(sigaction(SIGTERM, NULL, &after), 0);
    assert_true(after.sa_handler == handler);
    assert_int_equal(sigaction(SIGHUP, NULL, &after), 0);
    assert_true(after.sa_handler == SIG_IGN);
    assert_int_equal(prctl(PR_GET_CHILD_SUBREAPER, &is_subreaper, 0, 0, 0), 0);
    assert_int_equal(is_subreaper, 0);
    assert_true(scene_file_has(scene, "manifest.ini", "as it was given"));
    assert_true(waitpid(-1, NULL, WNOHANG) < 0); /* no child is left */
    (void)signal(SIGTERM, SIG_DFL);
    (void)signal(SIGHUP, SIG_DFL);
    free(result.run_directory);
}

static void a_readable_descriptor_cancels_the_run(void **state)
{
    struct scene *scene = *state;
    struct launch_options options = library_options(scene, "cancelled\n");
    struct launch_result result;
    struct error err = {0};

    options.cancel_fd = eventfd(1, EFD_CLOEXEC);
    assert_int_equal(run_launch(&options, &result, &err), ASSAY_OK);
    (void)close(options.cancel_fd);

    assert_int_equal(result.exit_code, 143);
    assert_int_equal(result.interrupted_by, SIGTERM);
    free(result.run_directory);
}

static void a_run_id_is_a_file_name_whatever_the_scenario_is_called(void **state)
{
    struct scene *scene = *state;
    struct launch_options options = library_options(scene, "verdict\nexit 0\n");
    struct launch_result result;
    struct error err = {0};

    options.name = "../a b/\xc3\xa4";
    options.run_directory = NULL;
    options.runs_directory = scene->run;
    assert_int_equal(run_launch(&options, &result, &err), ASSAY_OK);

    assert_memory_equal(result.run_id, "_.-a-b---", strlen("_.-a-b---"));
    assert_memory_equal(result.run_directory, scene->run, strlen(scene->run));
    assert_non_null(strstr(result.run_directory, result.run_id));
    free(result.run_directory);
}

static void expect_refusal(const struct launch_options *options, const char *text)
{
    struct launch_result result;
    struct error err = {0};

    assert_int_not_equal(run_launch(options, &result, &err), ASSAY_OK);
    if (!strstr(err.text, text))
        fail_msg("\"%s\" does not say \"%s\"", err.text, text);
    assert_null(result.run_directory);
}

static void a_worker_that_is_no_program_is_refused(void **state)
{
    struct launch_options options = library_options(*state, "exit 0\n");

    options.worker = "/no/such/worker";
    expect_refusal(&options, "/no/such/worker is not a program");
}

static void a_worker_that_cannot_be_executed_is_refused_by_the_supervisor(void **state)
{
    struct scene *scene = *state;
    struct launch_options options = library_options(scene, "exit 0\n");
    char path[400];
    char nonsense[] = "\x7f"
                      "ELF, not really\n";
    const struct file_text text = {nonsense, strlen(nonsense)};

    (void)snprintf(path, sizeof path, "%s/fake-worker", scene->root);
    assert_int_equal(file_write(path, &text, FILE_PLAIN, NULL), ASSAY_OK);
    assert_int_equal(chmod(path, 0755), 0);
    options.worker = path;

    expect_refusal(&options, "the program cannot be executed");
    assert_int_equal(scene_journals(scene), 0);
}

static void a_program_that_is_not_installed_is_named_with_all_places(void **state)
{
    struct launch_options options = library_options(*state, "exit 0\n");

    options.worker = NULL; /* the build tree has no assay-worker below the tests */
    (void)setenv("ASSAY_LIBEXEC", "/no/such/place", 1);
    if (access(ASSAY_BUILD_DIR "/libexec/assay/assay-worker", X_OK) != 0)
        expect_refusal(&options, "assay-worker is in none of /no/such/place");
    (void)unsetenv("ASSAY_LIBEXEC");
}

static void a_run_directory_in_use_is_refused(void **state)
{
    struct scene *scene = *state;
    const struct launch_options options = library_options(scene, "exit 0\n");
    char path[400];

    (void)snprintf(path, sizeof path, "%s/somebody", scene->run);
    assert_int_equal(dir_make(path, 0755, NULL), ASSAY_OK);
    expect_refusal(&options, "is not empty");
}

static void a_state_directory_that_cannot_be_made_is_named(void **state)
{
    const struct launch_options options = library_options(*state, "exit 0\n");

    (void)setenv("ASSAY_STATE_DIR", "/dev/null/state", 1);
    expect_refusal(&options, "/dev/null/state");
}

static void a_run_without_a_manifest_is_refused(void **state)
{
    struct launch_options options = library_options(*state, NULL);

    expect_refusal(&options, "needs a name and a manifest");
}

/* ---- undo ---- */

static void what_was_journalled_is_undone_after_the_run(void **state)
{
    struct scene *scene = *state;
    char script[600];

    (void)snprintf(script, sizeof script,
        "undo %s/one\nremove work\nundo %s/two\nverdict\nexit 0\n", scene->root, scene->root);
    assert_int_equal(run(scene, script), 0);

    assert_true(scene_file_exists(scene, "../one"));
    assert_true(scene_file_exists(scene, "../two"));
    assert_false(scene_file_exists(scene, "work"));
    assert_false(scene_knows_leftovers(scene));
    assert_int_equal(scene_journals(scene), 0);
}

static void what_was_journalled_is_undone_after_a_crash(void **state)
{
    struct scene *scene = *state;
    char script[400];

    (void)snprintf(script, sizeof script, "undo %s/one\nremove work\nkill\n", scene->root);
    assert_int_equal(run(scene, script), 5);

    assert_true(scene_file_exists(scene, "../one"));
    assert_false(scene_file_exists(scene, "work"));
    assert_int_equal(scene_journals(scene), 0);
}

static void what_was_journalled_is_undone_by_the_front_end(void **state)
{
    struct scene *scene = *state;
    char script[400];
    const struct scene_options options = {.script = script, .owns_children = true};

    (void)snprintf(script, sizeof script, "undo %s/one\nwait 1\nsettled 1\nhang\n", scene->root);
    scene_start(scene, &options);
    scene_settle(scene, 1);
    (void)kill(scene->supervisor, SIGKILL);

    assert_int_equal(scene_join(scene), 5);
    assert_true(scene_file_exists(scene, "../one"));
    assert_false(scene_knows_leftovers(scene));
    assert_int_equal(scene_journals(scene), 0);
}

static void count_item(void *context, const struct clean_item *item)
{
    *(struct clean_item *)context = *item;
}

static void an_undo_that_fails_keeps_the_journal_for_clean(void **state)
{
    struct scene *scene = *state;
    char script[400];
    char journals[400];
    struct clean_options options = {.directory = journals};
    struct clean_item item = {0};
    struct error err = {0};

    (void)snprintf(script, sizeof script, "undo %s/one\nbad-undo\nverdict\nexit 0\n", scene->root);
    (void)snprintf(journals, sizeof journals, "%s/journals", scene->state);
    assert_int_equal(run(scene, script), 0);

    assert_true(scene_file_exists(scene, "../one")); /* the others are undone all the same */
    assert_int_equal(scene_journals(scene), 1);
    assert_true(scene_knows_leftovers(scene));
    assert_int_equal(run_clean(&options, count_item, &item, &err), ASSAY_E_INTERNAL);
    assert_int_equal(item.outcome, CLEAN_FAILED);
    assert_int_equal(scene_journals(scene), 1);
    options.forgets = true;
    assert_int_equal(run_clean(&options, count_item, &item, &err), ASSAY_E_INTERNAL);
    assert_int_equal(scene_journals(scene), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(
            a_run_that_passes_keeps_the_verdict_of_its_worker, scene_open, scene_close),
        cmocka_unit_test_setup_teardown(
            every_published_exit_code_passes_through, scene_open, scene_close),
        cmocka_unit_test_setup_teardown(
            a_worker_without_a_verdict_is_an_error, scene_open, scene_close),
        cmocka_unit_test_setup_teardown(
            an_exit_code_that_is_not_ours_does_not_make_a_pass, scene_open, scene_close),
        cmocka_unit_test_setup_teardown(
            a_crash_after_the_verdict_does_not_make_a_pass, scene_open, scene_close),
        cmocka_unit_test_setup_teardown(
            another_exit_code_than_the_verdicts_does_not_make_a_pass, scene_open, scene_close),
        cmocka_unit_test_setup_teardown(
            a_verdict_that_the_worker_did_not_write_does_not_make_a_pass, scene_open, scene_close),
        cmocka_unit_test_setup_teardown(
            a_worker_that_talks_nonsense_is_killed, scene_open, scene_close),
        cmocka_unit_test_setup_teardown(
            a_run_that_exceeds_its_limit_is_killed, scene_open, scene_close),
        cmocka_unit_test_setup_teardown(
            a_cancellation_that_comes_too_late_is_not_passed_on, scene_open, scene_close),
        cmocka_unit_test_setup_teardown(
            what_a_plugin_starts_by_itself_is_ended_too, scene_open, scene_close),
        cmocka_unit_test_setup_teardown(
            a_stopped_front_end_does_not_stop_the_run, scene_open, scene_close),
        cmocka_unit_test_setup_teardown(
            sigint_stops_a_run_that_a_script_has_put_into_the_background, scene_open, scene_close),
        cmocka_unit_test_setup_teardown(
            the_calling_program_gets_back_what_was_changed, scene_open, scene_close),
        cmocka_unit_test_setup_teardown(
            a_readable_descriptor_cancels_the_run, scene_open, scene_close),
        cmocka_unit_test_setup_teardown(
            a_run_id_is_a_file_name_whatever_the_scenario_is_called, scene_open, scene_close),
        cmocka_unit_test_setup_teardown(
            a_worker_that_is_no_program_is_refused, scene_open, scene_close),
        cmocka_unit_test_setup_teardown(
            a_worker_that_cannot_be_executed_is_refused_by_the_supervisor, scene_open, scene_close),
        cmocka_unit_test_setup_teardown(
            a_program_that_is_not_installed_is_named_with_all_places, scene_open, scene_close),
        cmocka_unit_test_setup_teardown(a_run_directory_in_use_is_refused, scene_open, scene_close),
        cmocka_unit_test_setup_teardown(
            a_state_directory_that_cannot_be_made_is_named, scene_open, scene_close),
        cmocka_unit_test_setup_teardown(
            a_run_without_a_manifest_is_refused, scene_open, scene_close),
        cmocka_unit_test_setup_teardown(
            what_was_journalled_is_undone_after_the_run, scene_open, scene_close),
        cmocka_unit_test_setup_teardown(
            what_was_journalled_is_undone_after_a_crash, scene_open, scene_close),
        cmocka_unit_test_setup_teardown(
            what_was_journalled_is_undone_by_the_front_end, scene_open, scene_close),
        cmocka_unit_test_setup_teardown(
            an_undo_that_fails_keeps_the_journal_for_clean, scene_open, scene_close),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

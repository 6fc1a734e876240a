/* Node control of the local deployer: which calls each action makes, in which order, and what it
   says when it cannot. */
#include "tests/fakehost/fakehost.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#define UNTIL (100 * ASSAY_SECOND)

/* Two nodes that run; the story so far is cut off. */
static struct fakehost *running(const char *setting, const char **story)
{
    struct fakehost *f = fake_new();

    fake_nodes(f, "validator", 2);
    assert_int_equal(fake_create(f, setting, NULL), ASSAY_OK);
    assert_int_equal(fake_prepare(f), ASSAY_OK);
    *story = fake_story(f) + strlen(fake_story(f));
    return f;
}

static void acts(uint32_t kind, const char *expected)
{
    const char *story = NULL;
    struct fakehost *f = running("patience=60s", &story);

    assert_int_equal(fake_control(f, kind, 1, UNTIL), ASSAY_OK);
    assert_string_equal(story, expected);
    fake_free(f);
}

static void each_action_is_its_calls_and_no_more(void **state)
{
    (void)state;
    acts(ASSAY_ACT_STOP, "signal 1 15\nwait_exit 1\n");
    acts(ASSAY_ACT_KILL, "signal 1 9\nwait_exit 1\n");
    acts(ASSAY_ACT_RESTART, "signal 1 15\nwait_exit 1\nstart 1\nawait_node 1 100000 ms\n");
    acts(ASSAY_ACT_REPLACE,
        "signal 1 15\nwait_exit 1\nclear 1\nwrite_files 1\nstart 1\nawait_node 1 100000 ms\n");
    acts(ASSAY_ACT_PAUSE, "signal 1 19\n");
}

static void a_node_that_was_ended_is_started_again(void **state)
{
    const char *story = NULL;
    struct fakehost *f = running("patience=60s", &story);

    (void)state;
    assert_int_equal(fake_control(f, ASSAY_ACT_KILL, 0, UNTIL), ASSAY_OK);
    assert_int_equal(fake_control(f, ASSAY_ACT_START, 0, ASSAY_FOREVER), ASSAY_OK);
    assert_string_equal(story, "signal 0 9\nwait_exit 0\nstart 0\nawait_node 0 60000 ms\n");
    assert_int_equal(fake_control(f, ASSAY_ACT_START, 0, UNTIL), ASSAY_E_INVALID);
    assert_non_null(strstr(fake_why(f), "runs already"));
    fake_free(f);
}

static void a_deadline_that_has_passed_still_leaves_a_look(void **state)
{
    const char *story = NULL;
    struct fakehost *f = running("patience=60s", &story);

    (void)state;
    assert_int_equal(fake_control(f, ASSAY_ACT_RESTART, 0, 0), ASSAY_OK);
    assert_non_null(strstr(story, "await_node 0 1 ms"));
    fake_free(f);
}

static void a_paused_node_is_continued_when_it_is_to_end(void **state)
{
    const char *story = NULL;
    struct fakehost *f = running("patience=60s", &story);

    (void)state;
    assert_int_equal(fake_control(f, ASSAY_ACT_PAUSE, 1, UNTIL), ASSAY_OK);
    assert_int_equal(fake_control(f, ASSAY_ACT_STOP, 1, UNTIL), ASSAY_OK);
    assert_string_equal(story, "signal 1 19\nsignal 1 15\nsignal 1 18\nwait_exit 1\n");
    fake_free(f);
}

static void pausing_and_resuming_go_by_what_the_process_does(void **state)
{
    const char *story = NULL;
    struct fakehost *f = running("patience=60s", &story);

    (void)state;
    assert_int_equal(fake_control(f, ASSAY_ACT_RESUME, 1, UNTIL), ASSAY_E_INVALID);
    assert_string_equal(fake_why(f), "validator-1 is not paused");
    assert_int_equal(fake_control(f, ASSAY_ACT_PAUSE, 1, UNTIL), ASSAY_OK);
    assert_int_equal(fake_control(f, ASSAY_ACT_PAUSE, 1, UNTIL), ASSAY_E_INVALID);
    assert_string_equal(fake_why(f), "validator-1 is paused already");
    assert_int_equal(fake_control(f, ASSAY_ACT_RESUME, 1, UNTIL), ASSAY_OK);
    assert_string_equal(story, "signal 1 19\nsignal 1 18\n");
    fake_free(f);
}

static void who_does_not_end_is_told_by_stop_and_killed_by_restart(void **state)
{
    const char *story = NULL;
    struct fakehost *f = running("stop_patience=3s", &story);

    (void)state;
    fake_obeys(f, 1, ASSAY_FOREVER);
    assert_int_equal(
        fake_control(f, ASSAY_ACT_STOP, 1, fake_now(f) + 5 * ASSAY_SECOND), ASSAY_E_TIMEOUT);
    assert_string_equal(fake_why(f), "validator-1 has not ended after SIGTERM; kill would end it");
    assert_int_equal(fake_now(f), 5 * ASSAY_SECOND);
    assert_int_equal(fake_control(f, ASSAY_ACT_RESTART, 1, UNTIL), ASSAY_OK);
    assert_int_equal(fake_now(f), 8 * ASSAY_SECOND);
    assert_non_null(strstr(story, "signal 1 15\nwait_exit 1\nsignal 1 9\nwait_exit 1\nstart 1\n"));
    assert_non_null(
        strstr(fake_log(f), "WARN validator-1 has not ended 3.0 s after SIGTERM and is killed"));
    fake_free(f);
}

static void a_restart_keeps_to_its_deadline_before_its_patience(void **state)
{
    const char *story = NULL;
    struct fakehost *f = running("stop_patience=3s", &story);

    (void)state;
    fake_obeys(f, 1, ASSAY_FOREVER);
    assert_int_equal(fake_control(f, ASSAY_ACT_RESTART, 1, ASSAY_SECOND), ASSAY_OK);
    assert_int_equal(fake_now(f), ASSAY_SECOND);
    fake_free(f);
}

static void who_survives_sigkill_fails_the_action(void **state)
{
    const char *story = NULL;
    struct fakehost *f = running("patience=60s", &story);

    (void)state;
    fake_is_immortal(f, 0);
    assert_int_equal(fake_control(f, ASSAY_ACT_KILL, 0, ASSAY_SECOND), ASSAY_E_TIMEOUT);
    assert_non_null(strstr(fake_why(f), "validator-0 did not end after SIGKILL"));
    fake_free(f);
}

static void who_died_by_itself_is_not_acted_upon(void **state)
{
    static const uint32_t kinds[] = {ASSAY_ACT_STOP, ASSAY_ACT_KILL, ASSAY_ACT_RESTART,
        ASSAY_ACT_REPLACE, ASSAY_ACT_PAUSE, ASSAY_ACT_RESUME};
    const char *story = NULL;
    struct fakehost *f = running("patience=60s", &story);

    (void)state;
    fake_dies(f, 2 * ASSAY_SECOND, 1, SIGSEGV);
    fake_advance(f, 3 * ASSAY_SECOND);
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        assert_int_equal(fake_control(f, kinds[i], 1, UNTIL), ASSAY_E_INVALID);
        assert_string_equal(fake_why(f),
            "validator-1 does not run any more: it was killed by signal 11 at 2.0 s; start would "
            "bring it back");
    }
    assert_string_equal(story, "");
    fake_free(f);
}

static void what_is_not_for_processes_is_refused(void **state)
{
    const char *story = NULL;
    struct fakehost *f = running("patience=60s", &story);

    (void)state;
    assert_int_equal(fake_control(f, ASSAY_ACT_CUT, 1, UNTIL), ASSAY_E_UNSUPPORTED);
    assert_non_null(strstr(fake_why(f), "action 8 cannot be done"));
    fake_free(f);
}

static void the_descriptor_offers_what_it_can_do_and_no_more(void **state)
{
    const assay_deployer_ops *ops = assay_library_v1()->plugins[0]->deployer;

    (void)state;
    assert_int_equal(ops->actions, 0xfe); /* start to replace */
}

static void an_inspection_says_what_the_host_knows_of_the_process(void **state)
{
    const char *story = NULL;
    struct fakehost *f = running("patience=60s", &story);
    assay_process process;
    char detail[160] = "left over";

    (void)state;
    assert_int_equal(fake_control(f, ASSAY_ACT_PAUSE, 1, UNTIL), ASSAY_OK);
    assert_int_equal(fake_inspect(f, 1, &process, detail), ASSAY_OK);
    assert_int_equal(process.state, ASSAY_PROCESS_RUNNING);
    assert_int_equal(process.is_stopped, 1);
    assert_int_equal(process.pid, 200);
    assert_string_equal(detail, "");
    fake_free(f);
}

/* ---- torture ---- */

static const uint32_t all_kinds[] = {
    ASSAY_ACT_STOP, ASSAY_ACT_KILL, ASSAY_ACT_RESTART, ASSAY_ACT_REPLACE, ASSAY_ACT_PAUSE};

static void reports_each_failure_as_it_is_and_stops_there(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(all_kinds) / sizeof(all_kinds[0]); i++) {
        for (uint64_t nth = 1;; nth++) {
            const char *story = NULL;
            struct fakehost *f = running("patience=60s", &story);
            uint64_t before = fake_calls(f);
            assay_status s;

            fake_fail_call(f, before + nth, ASSAY_E_IO);
            s = fake_control(f, all_kinds[i], 1, UNTIL);
            if (!fake_failed_call(f)[0]) {
                assert_int_equal(s, ASSAY_OK);
                assert_true(nth > 2);
                fake_free(f);
                break;
            }
            assert_int_equal(s, ASSAY_E_IO);
            assert_int_equal(fake_calls(f), before + nth);
            fake_free(f);
        }
    }
}

static void stops_at_once_when_cancelled(void **state)
{
    (void)state;
    for (size_t i = 0; i < 4; i++) {
        for (uint64_t nth = 1;; nth++) {
            const char *story = NULL;
            struct fakehost *f = running("patience=60s", &story);
            uint64_t before = fake_blocking_calls(f);
            assay_status s;

            fake_cancel_call(f, before + nth);
            s = fake_control(f, all_kinds[i], 1, UNTIL);
            if (fake_blocking_calls(f) < before + nth) {
                assert_int_equal(s, ASSAY_OK);
                assert_true(nth > 1);
                fake_free(f);
                break;
            }
            assert_int_equal(s, ASSAY_E_CANCELLED);
            assert_int_equal(fake_blocking_calls(f), before + nth);
            fake_free(f);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_action_is_its_calls_and_no_more),
        cmocka_unit_test(a_node_that_was_ended_is_started_again),
        cmocka_unit_test(a_deadline_that_has_passed_still_leaves_a_look),
        cmocka_unit_test(a_paused_node_is_continued_when_it_is_to_end),
        cmocka_unit_test(pausing_and_resuming_go_by_what_the_process_does),
        cmocka_unit_test(who_does_not_end_is_told_by_stop_and_killed_by_restart),
        cmocka_unit_test(a_restart_keeps_to_its_deadline_before_its_patience),
        cmocka_unit_test(who_survives_sigkill_fails_the_action),
        cmocka_unit_test(who_died_by_itself_is_not_acted_upon),
        cmocka_unit_test(what_is_not_for_processes_is_refused),
        cmocka_unit_test(the_descriptor_offers_what_it_can_do_and_no_more),
        cmocka_unit_test(an_inspection_says_what_the_host_knows_of_the_process),
        cmocka_unit_test(reports_each_failure_as_it_is_and_stops_there),
        cmocka_unit_test(stops_at_once_when_cancelled),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

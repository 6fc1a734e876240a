/* Plugins that break rules: the run ends with the right exit code and a reason that says who did
   what, the others are judged all the same, and nobody is left. No network is needed for that. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "tests/integration/scenarios/support.h"

#define RUN_PLUGINS  ASSAY_BUILD_DIR "/tests/plugins/run"
#define LOAD_PLUGINS ASSAY_BUILD_DIR "/tests/plugins/load"

struct mistake {
    const char *plugin;
    const char *kind; /* of section */
    int exit_code;
    const char *outcome;
    const char *reason; /* a part of it */
};

static const struct mistake workloads[] = {
    {"badworkload.crash-create", "workload", 5, "error", "crashed in create: SIGSEGV"},
    {"badworkload.crash-prepare", "workload", 5, "error", "crashed in prepare: SIGSEGV"},
    {"badworkload.crash-run", "workload", 5, "error",
        "workload.bad (badworkload.crash-run) crashed in run: SIGSEGV"},
    {"badworkload.crash-child", "workload", 5, "error", "crashed in run: SIGSEGV"},
    {"badworkload.crash-finish", "workload", 5, "error", "crashed in finish: SIGSEGV"},
    {"badworkload.overflow-run", "workload", 5, "error",
        "workload.bad (badworkload.overflow-run) crashed in run: SIGSEGV"},
    {"badworkload.overflow-child", "workload", 5, "error",
        "workload.bad (badworkload.overflow-child) crashed in run: SIGSEGV"},
    {"badworkload.abort-run", "workload", 5, "error", "crashed in run: SIGABRT"},
    {"badworkload.exit-run", "workload", 5, "error", "ended with exit code 7"},
    {"badworkload.fail-create", "workload", 4, "undecided", "create fails on purpose"},
    {"badworkload.fail-prepare", "workload", 4, "undecided", "it fails on purpose"},
    {"badworkload.fail-run", "workload", 4, "undecided", "it fails on purpose"},
    {"badworkload.fail-finish", "workload", 4, "undecided", "it fails on purpose"},
    {"badworkload.fail-silent", "workload", 4, "undecided", "it did not say why"},
    {"badworkload.false-cancel", "workload", 5, "error", "but nobody cancelled it"},
    {"badworkload.status-unknown", "workload", 4, "undecided", "internal error"},
    {"badworkload.status-positive", "workload", 5, "error", "returned 5, which is no status"},
    {"badworkload.leak-task", "workload", 5, "error", "while 1 of its tasks were running"},
    {"badworkload.misuse", "workload", 5, "error", "random.below: the bound is 0"},
    {"badworkload.overrun", "workload", 0, "pass", "every expectation held"},
    {"badworkload.flood-log", "workload", 0, "pass", "every expectation held"},
    {"badworkload.finish-at-once", "workload", 0, "pass", "every expectation held"},
    {"badworkload.wants-unoffered", "workload", 0, "pass", "every expectation held"},
};

/* Each waits for its grace, and some for their limit. */
static const struct mistake hangs[] = {
    {"badworkload.hang-create", "workload", 5, "error", "create: took longer than 10s"},
    {"badworkload.hang-prepare", "workload", 5, "error", "prepare took longer than 2s"},
    {"badworkload.hang-run", "workload", 5, "error", "run did not return within 1s"},
    {"badworkload.hang-child", "workload", 5, "error", "run did not return within 1s"},
    {"badworkload.ignore-cancel", "workload", 5, "error", "run did not return within 1s"},
    {"badworkload.hang-finish", "workload", 5, "error", "finish took longer than 2s"},
    {"badworkload.hang-destroy", "workload", 5, "error", "destroy took longer than 10s"},
    {"badexpectation.hang", "expectation", 5, "error", "judge took longer than 2s"},
    {"baddeployer.hang-finish", "deployer", 5, "error", "finish took longer than 2s"},
};

static const struct mistake others[] = {
    {"badexpectation.error", "expectation", 4, "undecided", "it could not tell, on purpose"},
    {"badexpectation.untouched", "expectation", 5, "error", "the outcome 0, which is none"},
    {"badexpectation.unknown", "expectation", 5, "error", "the outcome 9, which is none"},
    {"badexpectation.coverage", "expectation", 5, "error", "a coverage of 1.5"},
    {"badexpectation.nan", "expectation", 5, "error", "which is not from 0 to 1"},
    {"badexpectation.reserved", "expectation", 5, "error", "1 in a reserved field"},
    {"badexpectation.endless", "expectation", 1, "fail", "expectation.bad: xxx"},
    {"badexpectation.garbage", "expectation", 1, "fail", "is no text"},
    {"badexpectation.exit-late", "expectation", 5, "error", "after a verdict with exit code 1"},
    {"badexpectation.crash", "expectation", 5, "error", "crashed in judge: SIGSEGV"},
    {"badexpectation.status-unknown", "expectation", 4, "undecided", "internal error"},
    {"badexpectation.fail-run", "expectation", 4, "undecided", "it lost sight, on purpose"},
    {"badexpectation.fail-prepare", "expectation", 4, "undecided", "it got no baseline"},
    {"badsystem.fail-plan", "system", 3, "undecided", "system.bad: plan: it fails on purpose"},
    {"badsystem.crash-plan", "system", 5, "error", "crashed in plan: SIGSEGV"},
    {"badsystem.empty-promise", "system", 5, "error", "sample.promise/1 cannot be offered"},
    {"badsystem.stop-following", "system", 5, "error", "returned OK although nobody"},
    {"badsystem.fail-follow", "system", 5, "error", "returned E_IO although nobody"},
    {"baddeployer.fail-prepare", "deployer", 3, "undecided", "prepare: it fails on purpose"},
    {"baddeployer.crash-prepare", "deployer", 5, "error", "crashed in prepare: SIGSEGV"},
    {"baddeployer.fail-finish", "deployer", 4, "undecided", "finish: it fails on purpose"},
};

static void write_manifest(struct stage *stage, const struct mistake *mistake)
{
    const bool is_system = strcmp(mistake->kind, "system") == 0;
    const bool is_deployer = strcmp(mistake->kind, "deployer") == 0;
    char text[2048];

    (void)snprintf(text, sizeof(text),
        "[run]\nduration = 200ms\ncooldown = 0s\nsettle = 0s\ngrace = 1s\noperation_limit = 2s\n"
        "[topology]\nvalidators = 2\n"
        "[%s.bad]\nplugin = %s\n%s%s"
        "[expectation.judge]\nplugin = sample.judge\n",
        mistake->kind, mistake->plugin, is_system ? "" : "[system.still]\nplugin = sample.still\n",
        is_deployer ? "" : "[deployer.nowhere]\nplugin = sample.nowhere\n");
    stage_manifest(stage, text);
}

static void check_mistake(struct stage *stage, const struct mistake *mistake)
{
    int code;

    print_message("  %s\n", mistake->plugin);
    stage_next(stage);
    write_manifest(stage, mistake);

    code = stage_run(stage, (const char *const[]){"--plugin-dir", RUN_PLUGINS, NULL});

    assert_exit(stage, code, mistake->exit_code);
    assert_string_equal(verdict_text(stage_verdict(stage), "outcome"), mistake->outcome);
    assert_has(verdict_text(stage_verdict(stage), "reason"), mistake->reason);
    if (mistake->exit_code != 0)
        assert_has(stage->out, mistake->reason);
    stage_await_nobody(stage);
}

#define CHECK_ALL(stage, list)                                                                     \
    do {                                                                                           \
        for (size_t i = 0; i < sizeof(list) / sizeof((list)[0]); i++)                              \
            check_mistake((stage), &(list)[i]);                                                    \
    } while (0)

static void workloads_that_break_rules_are_told_apart(void **state)
{
    CHECK_ALL(*state, workloads);
}

static void whoever_hangs_is_given_up_and_named(void **state)
{
    CHECK_ALL(*state, hangs);
}

static void expectations_systems_and_deployers_that_break_rules_never_pass(void **state)
{
    CHECK_ALL(*state, others);
}

static void a_failed_workload_leaves_the_expectations_judged(void **state)
{
    struct stage *stage = *state;
    const struct mistake mistake = {.plugin = "badworkload.fail-prepare", .kind = "workload"};

    write_manifest(stage, &mistake);
    assert_exit(
        stage, stage_run(stage, (const char *const[]){"--plugin-dir", RUN_PLUGINS, NULL}), 4);

    assert_judged(stage, "judge", "pass");
}

static void a_failed_plan_leaves_nothing_called_passed(void **state)
{
    struct stage *stage = *state;

    stage_manifest(stage,
        "[system.bad]\nplugin = badsystem.fail-plan\n"
        "[deployer.nowhere]\nplugin = sample.nowhere\n"
        "[workload.idle]\nplugin = sample.idle\n[expectation.judge]\nplugin = sample.judge\n");
    assert_exit(
        stage, stage_run(stage, (const char *const[]){"--plugin-dir", RUN_PLUGINS, NULL}), 3);

    assert_judged(stage, "judge", "undecided");
    assert_string_equal(
        verdict_of(stage_verdict(stage), "workloads", "workload.idle", "outcome"), "undecided");
}

static void a_second_instance_is_judged_beside_one_that_is_stuck(void **state)
{
    struct stage *stage = *state;

    write_manifest(stage, &hangs[2]); /* in run */
    assert_exit(
        stage, stage_run(stage, (const char *const[]){"--plugin-dir", RUN_PLUGINS, NULL}), 5);

    assert_judged(stage, "judge", "pass");
}

/* ---- refused before anything is created ---- */

static void refuse(
    struct stage *stage, const char *directory, const char *manifest, const char *reason)
{
    stage_manifest(stage, manifest);
    assert_exit(stage, stage_run(stage, (const char *const[]){"--plugin-dir", directory, NULL}), 2);
    assert_has(stage->err, reason);
    assert_null(stage_read(stage, "manifest.expanded.ini"));
}

static void a_workload_that_needs_what_nobody_offers_is_refused(void **state)
{
    refuse(*state, RUN_PLUGINS,
        "[system.still]\nplugin = sample.still\n[deployer.nowhere]\nplugin = sample.nowhere\n"
        "[workload.bad]\nplugin = badworkload.needs-unoffered\n",
        "scenario.ini:5: [workload.bad] needs the service sample.nowhere/1");
}

static void a_plugin_of_another_abi_is_refused(void **state)
{
    refuse(*state, LOAD_PLUGINS,
        "[workload.bad]\nplugin = bad.major-2-note\n[expectation.agreement]\n",
        "bad.major-2-note.so: it has no assay note of major 1");
}

static void a_plugin_that_ends_the_check_is_named_as_a_suspect(void **state)
{
    struct stage *stage = *state;

    stage_manifest(stage, "[workload.bad]\nplugin = bad.entry-crash\n[expectation.agreement]\n");
    assert_exit(
        stage, stage_run(stage, (const char *const[]){"--plugin-dir", LOAD_PLUGINS, NULL}), 5);
    assert_has(stage->err, "a plugin that it names breaks while it is loaded");
    assert_has(stage->err, "assay plugins check");
}

#define STAGED(test) cmocka_unit_test_setup_teardown(test, stage_open, stage_close)

int main(void)
{
    const struct CMUnitTest tests[] = {
        STAGED(workloads_that_break_rules_are_told_apart),
        STAGED(whoever_hangs_is_given_up_and_named),
        STAGED(expectations_systems_and_deployers_that_break_rules_never_pass),
        STAGED(a_failed_workload_leaves_the_expectations_judged),
        STAGED(a_failed_plan_leaves_nothing_called_passed),
        STAGED(a_second_instance_is_judged_beside_one_that_is_stuck),
        STAGED(a_workload_that_needs_what_nobody_offers_is_refused),
        STAGED(a_plugin_of_another_abi_is_refused),
        STAGED(a_plugin_that_ends_the_check_is_named_as_a_suspect),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* What assay says to whoever types: help, suggestions, all problems of a manifest at once, and a run
   whose output fits where it goes. No network is started. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "tests/integration/scenarios/support.h"

#define PLUGINS "--plugin-dir", ASSAY_BUILD_DIR "/tests/plugins/run"
#define STILL                                                                                      \
    "[run]\nduration = 1s\ncooldown = 0s\nsettle = 0s\nname = still\n[topology]\nvalidators = 2\n" \
    "[system.still]\nplugin = sample.still\n[deployer.nowhere]\nplugin = sample.nowhere\n"         \
    "[expectation.judge]\nplugin = sample.judge\n"

static void help_names_every_command_and_exit_code(void **state)
{
    static const char *const parts[] = {"run", "check", "explain", "plugins", "clean", "version",
        "Usage", "Examples", "Exit codes", "129, 130, 143"};
    struct stage *stage = *state;

    assert_exit(stage, ASSAY(stage, "--help"), 0);
    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
        assert_has(stage->out, parts[i]);
    assert_string_equal(stage->err, "");
}

static void every_command_explains_itself(void **state)
{
    static const char *const commands[] = {"run", "check", "explain", "plugins", "clean"};
    struct stage *stage = *state;

    for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
        assert_exit(stage, ASSAY(stage, commands[i], "--help"), 0);
        assert_has(stage->out, "Usage\n  assay ");
        assert_has(stage->out, "Options\n");
        assert_exit(stage, ASSAY(stage, "help", commands[i]), 0);
        assert_has(stage->out, "Usage\n  assay ");
    }
}

static void help_explains_itself_too(void **state)
{
    struct stage *stage = *state;

    assert_exit(stage, ASSAY(stage, "help", "--help"), 0);
    assert_has(stage->out, "Commands\n");
    assert_exit(stage, ASSAY(stage, "help", "-h"), 0);
    assert_has(stage->out, "Commands\n");
}

static void help_fits_into_eighty_columns(void **state)
{
    static const char *const commands[] = {"plugins", "clean", "run"};
    struct stage *stage = *state;

    for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
        char *options, *rest, *line;

        assert_exit(stage, ASSAY(stage, commands[i], "--help"), 0);
        options = strstr(stage->out, "\nOptions\n");
        assert_non_null(options);
        for (rest = options, line = strsep(&rest, "\n"); line; line = strsep(&rest, "\n"))
            assert_in_range(strlen(line), 0, 80);
    }
}

static void the_demo_runners_explain_themselves(void **state)
{
    static const char *const runners[] = {"local_runner", "compose_runner", "k8s_runner"};
    struct stage *stage = *state;

    for (size_t i = 0; i < sizeof(runners) / sizeof(runners[0]); i++) {
        assert_exit(stage, stage_call(stage, runners[i], (const char *const[]){"--help", NULL}), 0);
        assert_has(stage->out, runners[i]);
        assert_has(stage->out, "_DEMO_RUN_SECS");
        assert_exit(stage, stage_call(stage, runners[i], (const char *const[]){"60", NULL}), 2);
        assert_has(stage->err, "takes no '60'");
    }
}

static void the_configuration_programs_explain_themselves(void **state)
{
    static const char *const programs[] = {"cfgsync-server", "cfgsync-client"};
    struct stage *stage = *state;

    for (size_t i = 0; i < sizeof(programs) / sizeof(programs[0]); i++) {
        assert_exit(
            stage, stage_call(stage, programs[i], (const char *const[]){"--help", NULL}), 0);
        assert_has(stage->out, "usage: cfgsync-");
    }
    assert_exit(stage, stage_call(stage, "cfgsync-client", (const char *const[]){"now", NULL}), 2);
}

static void no_command_at_all_shows_the_help_and_is_an_error(void **state)
{
    struct stage *stage = *state;

    assert_exit(stage, stage_call(stage, "assay", NULL), 2);
    assert_has(stage->err, "Usage");
    assert_string_equal(stage->out, "");
}

static void what_is_mistyped_is_suggested(void **state)
{
    struct stage *stage = *state;

    assert_exit(stage, ASSAY(stage, "rnu"), 2);
    assert_has(stage->err, "did you mean 'run'?");
    assert_exit(stage, ASSAY(stage, "run", "x.ini", "--durtion", "5s"), 2);
    assert_has(stage->err, "did you mean '--duration'?");
    assert_exit(stage, ASSAY(stage, "plugins", "lst"), 2);
    assert_has(stage->err, "did you mean 'list'?");
    assert_exit(stage, ASSAY(stage, "plugins", "xyzzy"), 2);
    assert_has(stage->err, "see `assay plugins --help`");
    assert_exit(stage, ASSAY(stage, "plugins", "describe", "transactons"), 2);
    assert_has(stage->err, "did you mean assay.transactions?");
}

static void a_manifest_that_is_not_there_is_named(void **state)
{
    struct stage *stage = *state;

    assert_exit(stage, ASSAY(stage, "run", "nosuch.ini"), 2);
    assert_has(stage->err, "nosuch.ini: No such file or directory");
}

static void a_command_without_its_manifest_says_how_it_is_called(void **state)
{
    struct stage *stage = *state;

    assert_exit(stage, ASSAY(stage, "explain"), 2);
    assert_has(stage->err, "which manifest? For example `assay explain demo.ini`");
    assert_exit(stage, ASSAY(stage, "check", "a.ini", "b.ini"), 2);
    assert_has(stage->err, "one manifest at a time, not 'a.ini' and 'b.ini'");
}

static void check_reports_all_problems_at_once_with_their_lines(void **state)
{
    static const char *const problems[] = {
        "scenario.ini:2: [run] has no option 'duratoin'; did you mean 'duration'?",
        "scenario.ini:3: [run] seed: '-3'",
        "scenario.ini:5: [topology] validators: 'x' is not a whole number",
        "scenario.ini:6: [topology] has 'validators' twice, first in line 5",
        "scenario.ini:8: [workload.transactions] rate: 'fast' is not a number",
        "[expectaton.agreement]; did you mean [expectation.agreement]?",
        "scenario.ini:10: no plugin has the id assay.nosuch",
        "scenario.ini:12: ",
    };
    struct stage *stage = *state;

    stage_manifest(stage,
        "[run]\nduratoin = 5s\nseed = -3\n[topology]\nvalidators = x\nvalidators = 2\n"
        "[workload.transactions]\nrate = fast\n[expectaton.agreement]\n[workload.nosuch]\n"
        "[wallets]\ncount = ${ASSAY_TEST_UNSET}\n");
    assert_exit(stage, ASSAY(stage, "check", stage->manifest), 2);
    for (size_t i = 0; i < sizeof(problems) / sizeof(problems[0]); i++)
        assert_has(stage->err, problems[i]);
    assert_has(stage->err, "ASSAY_TEST_UNSET is not set");
}

static void check_of_a_valid_manifest_says_how_to_run_it(void **state)
{
    struct stage *stage = *state;

    stage_manifest(stage, STILL);
    assert_exit(stage, ASSAY(stage, "check", "scenario.ini", PLUGINS), 0);
    assert_has(stage->out, "valid; run it with `assay run scenario.ini`");
}

static void explain_shows_where_each_value_comes_from(void **state)
{
    struct stage *stage = *state;

    stage_setenv(stage, "ASSAY_TEST_NODES=4");
    stage_manifest(stage, STILL "[wallets]\ncount = ${ASSAY_TEST_NODES}\n");
    assert_exit(stage, ASSAY(stage, "explain", "scenario.ini", PLUGINS, "--set", "run.seed=9"), 0);
    assert_has(stage->out, "scenario.ini:2");
    assert_has(stage->out, "default");
    assert_has(stage->out, "--set");
    assert_has(stage->out, "ASSAY_TEST_NODES");
    assert_has(stage->out, "count = 4");
    assert_has(stage->out, "seed = 9");
}

static void plugins_are_listed_described_and_checked(void **state)
{
    static const char *const ids[] = {"assay.nomos", "assay.local", "assay.transactions",
        "assay.consensus_liveness", "assay.agreement", "assay.transaction_inclusion"};
    struct stage *stage = *state;
    json_object *list;

    assert_exit(stage, ASSAY(stage, "plugins", "list"), 0);
    for (size_t i = 0; i < sizeof(ids) / sizeof(ids[0]); i++)
        assert_has(stage->out, ids[i]);
    assert_exit(stage, ASSAY(stage, "plugins", "list", "--json"), 0);
    list = json_tokener_parse(stage->out);
    assert_true(json_object_is_type(list, json_type_array));
    assert_true(json_object_array_length(list) >= 6);
    json_object_put(list);
    assert_exit(stage, ASSAY(stage, "plugins", "describe", "transactions"), 0);
    assert_has(stage->out, "rate (real");
    assert_exit(stage, ASSAY(stage, "plugins", "check"), 0);
    assert_has(stage->out, "ok ");
    assert_lacks(stage->out, "PROBLEM");
}

static void json_on_standard_output_is_the_verdict_alone(void **state)
{
    struct stage *stage = *state;
    json_object *verdict;

    stage_manifest(stage, STILL);
    assert_exit(stage, stage_run(stage, (const char *const[]){PLUGINS, "--json", NULL}), 0);
    verdict = json_tokener_parse(stage->out);
    assert_non_null(verdict);
    assert_string_equal(verdict_text(verdict, "outcome"), "pass");
    json_object_put(verdict);
    assert_string_equal(stage->err, "");
}

static void quiet_says_nothing_and_the_exit_code_tells(void **state)
{
    struct stage *stage = *state;

    stage_manifest(stage, STILL "outcome = fail\n");
    assert_exit(stage, stage_run(stage, (const char *const[]){PLUGINS, "--quiet", NULL}), 1);
    assert_string_equal(stage->out, "");
    assert_string_equal(stage->err, "");
}

static void outputs_that_are_no_terminal_have_no_escape_codes(void **state)
{
    struct stage *stage = *state;

    stage_manifest(stage, STILL);
    assert_exit(stage, stage_run(stage, (const char *const[]){PLUGINS, NULL}), 0);
    assert_lacks(stage->out, "\033");
    assert_lacks(stage->err, "\033");
    assert_lacks(stage->err, "\r");
}

static void each_outcome_of_a_judge_is_the_exit_code(void **state)
{
    static const struct {
        const char *set;
        int exit_code;
    } cases[] = {{"expectation.judge.outcome=pass", 0}, {"expectation.judge.outcome=fail", 1},
        {"expectation.judge.outcome=undecided", 4}, {"expectation.judge.outcome=vacuous", 4}};
    struct stage *stage = *state;

    stage_manifest(stage, STILL);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        stage_next(stage);
        assert_exit(stage,
            stage_run(stage, (const char *const[]){PLUGINS, "--set", cases[i].set, NULL}),
            cases[i].exit_code);
    }
}

static void a_scenario_that_expects_nothing_does_not_pass(void **state)
{
    struct stage *stage = *state;

    stage_manifest(stage,
        "[run]\nduration = 1s\ncooldown = 0s\nsettle = 0s\n[system.still]\nplugin = sample.still\n"
        "[deployer.nowhere]\nplugin = sample.nowhere\n");
    assert_exit(stage, stage_run(stage, (const char *const[]){PLUGINS, NULL}), 4);
    assert_has(stage->out, "the scenario expects nothing");
}

static void a_run_directory_in_use_is_refused(void **state)
{
    struct stage *stage = *state;

    stage_manifest(stage, STILL);
    assert_int_equal(mkdir(stage->run, 0700), 0);
    stage_write(stage, "run/precious", "keep me");
    assert_exit(stage, stage_run(stage, (const char *const[]){PLUGINS, NULL}), 2);
    assert_has(stage->err, "is not empty");
    assert_has(stage->err, "name a new directory");
}

static void an_output_directory_that_is_a_file_is_refused(void **state)
{
    struct stage *stage = *state;
    int code;

    stage_manifest(stage, STILL);
    stage_write(stage, "file", "");
    code = ASSAY(stage, "run", "scenario.ini", PLUGINS, "--output", "file");
    assert_true(code == 2 || code == 5);
    assert_has(stage->err, "/file");
}

static void clean_finds_nothing_where_nothing_is(void **state)
{
    struct stage *stage = *state;

    assert_exit(stage, ASSAY(stage, "clean"), 0);
    assert_string_equal(stage->out, "nothing to clear away\n");
    assert_exit(stage, ASSAY(stage, "clean", "--run", "nosuch"), 2);
    assert_has(stage->err, "there is nothing to clean");
}

#define STAGED(test) cmocka_unit_test_setup_teardown(test, stage_open, stage_close)

int main(void)
{
    const struct CMUnitTest tests[] = {
        STAGED(help_names_every_command_and_exit_code),
        STAGED(every_command_explains_itself),
        STAGED(help_explains_itself_too),
        STAGED(help_fits_into_eighty_columns),
        STAGED(the_demo_runners_explain_themselves),
        STAGED(the_configuration_programs_explain_themselves),
        STAGED(no_command_at_all_shows_the_help_and_is_an_error),
        STAGED(what_is_mistyped_is_suggested),
        STAGED(a_manifest_that_is_not_there_is_named),
        STAGED(a_command_without_its_manifest_says_how_it_is_called),
        STAGED(check_reports_all_problems_at_once_with_their_lines),
        STAGED(check_of_a_valid_manifest_says_how_to_run_it),
        STAGED(explain_shows_where_each_value_comes_from),
        STAGED(plugins_are_listed_described_and_checked),
        STAGED(json_on_standard_output_is_the_verdict_alone),
        STAGED(quiet_says_nothing_and_the_exit_code_tells),
        STAGED(outputs_that_are_no_terminal_have_no_escape_codes),
        STAGED(each_outcome_of_a_judge_is_the_exit_code),
        STAGED(a_scenario_that_expects_nothing_does_not_pass),
        STAGED(a_run_directory_in_use_is_refused),
        STAGED(an_output_directory_that_is_a_file_is_refused),
        STAGED(clean_finds_nothing_where_nothing_is),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Networks that do not come up, and the environment variables that decide what comes up. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "tests/integration/scenarios/support.h"

#define NETWORK                                                                                    \
    "[run]\nduration = 2s\ncooldown = 1s\nsettle = 1s\n[topology]\nvalidators = 2\n"               \
    "[system.nomos]\nslot = 100ms\nsecurity_param = 5\n"                                           \
    "[expectation.liveness]\nplugin = consensus_liveness\nmin_blocks = 1\n"

/* A program in the place of the development node, so that none of what real nodes need is asked for. */
static void stand_in(struct stage *stage, const char *text)
{
    static char variable[STAGE_PATH_SIZE];

    stage_write(stage, "nomos-devnode", text);
    assert_int_equal(chmod(stage_path(stage, "nomos-devnode"), 0700), 0);
    (void)snprintf(
        variable, sizeof(variable), "NOMOS_NODE_BIN=%s", stage_path(stage, "nomos-devnode"));
    stage_setenv(stage, variable);
}

static void a_node_that_ends_at_once_fails_the_deployment(void **state)
{
    struct stage *stage = *state;

    stand_in(stage, "#!/bin/sh\nexit 1\n");
    stage_manifest(stage, NETWORK);
    assert_exit(stage, stage_run(stage, NULL), 3);
    assert_has(stage->out, "validator-");
    assert_has(stage->out, "ended by itself with exit code 1 before it was ready");
    assert_judged(stage, "liveness", "undecided");
    stage_await_nobody(stage);
}

static void the_end_of_a_failing_nodes_log_stands_below_the_reason(void **state)
{
    struct stage *stage = *state;

    stand_in(stage, "#!/bin/sh\necho the disk is on fire\nexit 9\n");
    stage_manifest(stage, NETWORK);
    assert_exit(stage, stage_run(stage, NULL), 3);
    assert_has(verdict_text(stage_verdict(stage), "reason"), "exit code 9");
    assert_lacks(verdict_text(stage_verdict(stage), "reason"), "\n");
    assert_has(verdict_of(stage_verdict(stage), "infrastructure", "deployer.local", "why"),
        "\n    the disk is on fire");
    assert_has(stage->out, "the disk is on fire");
}

static void a_program_that_is_not_there_is_named_with_its_variable(void **state)
{
    struct stage *stage = *state;

    stage_setenv(stage, "NOMOS_NODE_BIN=/nosuch/nomos-node");
    stage_manifest(stage, NETWORK);
    assert_exit(stage, stage_run(stage, NULL), 3);
    assert_has(stage->out, "/nosuch/nomos-node");
    assert_has(stage->out, "NOMOS_NODE_BIN");
    assert_has(stage->out, "does not exist");
}

static void everything_that_real_nodes_lack_is_said_before_anything_starts(void **state)
{
    struct stage *stage = *state;

    stage_setenv(stage, "NOMOS_NODE_BIN=/bin/true");
    stage_setenv(stage, "NOMOS_CIRCUITS=/nosuch/circuits");
    stage_setenv(stage, "NOMOS_KZGRS_PARAMS_PATH=/nosuch/params");
    stage_setenv(stage, "CONSENSUS_SLOT_TIME=soon");
    stage_manifest(stage, "[topology]\nvalidators = 2\n");
    assert_exit(stage, stage_run(stage, NULL), 3);
    /* A build without data availability says that real nodes have it, besides. */
    assert_has(stage->out,
        HAS_DA ? "4 things are to be mended before anything can start"
               : "5 things are to be mended before anything can start");
    assert_has(stage->out, "/nosuch/circuits");
    assert_has(stage->out, "/nosuch/params");
    assert_has(stage->out, "POL_PROOF_DEV_MODE is not set");
    assert_has(stage->out, "CONSENSUS_SLOT_TIME is 'soon'");
    assert_null(stage_read(stage, "nodes/validator-0/output.log"));
    stage_await_nobody(stage);
}

static void an_override_without_a_value_is_a_mistake(void **state)
{
    struct stage *stage = *state;

    stage_setenv(stage, "NOMOS_NODE_BIN=");
    stage_manifest(stage, NETWORK);
    assert_exit(stage, stage_run(stage, NULL), 3);
    assert_has(stage->out, "NOMOS_NODE_BIN is set but empty");
}

static void a_node_that_crashes_at_its_start_shows_its_log(void **state)
{
    struct stage *stage = *state;

    stage_manifest(stage, NETWORK "[node.validator-1]\nmisbehave = crash\n");
    assert_exit(stage, stage_run(stage, NULL), 3);
    assert_has(stage->out, "validator-1 was killed by signal 6 before it was ready");
    assert_has(stage->out, "it was told to crash");
    stage_await_nobody(stage);
}

static void a_node_that_never_answers_runs_out_of_patience(void **state)
{
    struct stage *stage = *state;

    stage_manifest(stage,
        NETWORK "[node.validator-1]\nmisbehave = errors=100\n[deployer.local]\npatience = 5s\n");
    assert_exit(stage, stage_run(stage, NULL), 3);
    assert_has(stage->out, "validator-1 is not ready after 5s without progress");
    assert_has(stage->out, "GET /cryptarchia/info answered 500");
}

static void slow_test_env_doubles_the_patience(void **state)
{
    struct stage *stage = *state;

    stage_setenv(stage, "SLOW_TEST_ENV=true");
    stage_manifest(stage,
        NETWORK "[node.validator-1]\nmisbehave = errors=100\n[deployer.local]\npatience = 3s\n");
    assert_exit(stage, stage_run(stage, NULL), 3);
    assert_has(stage->out, "validator-1 is not ready after 6s without progress");
}

static void nomos_log_dir_is_where_the_nodes_log(void **state)
{
    struct stage *stage = *state;
    char variable[STAGE_PATH_SIZE];
    char *text;

    assert_int_equal(mkdir(stage_path(stage, "logs"), 0700), 0);
    (void)snprintf(variable, sizeof(variable), "NOMOS_LOG_DIR=%s", stage_path(stage, "logs"));
    stage_setenv(stage, variable);
    stage_manifest(stage, NETWORK);
    assert_exit(stage, stage_run(stage, NULL), 0);
    text = stage_find(stage, "logs", "nomos-node-1");
    assert_has(text, "serving HTTP");
    free(text);
}

/* Of validator-0's configuration; the caller frees it. */
static char *configuration(const struct stage *stage)
{
    char *text = stage_read(stage, "nodes/validator-0/validator.yaml");

    assert_non_null(text);
    return text;
}

static void nomos_log_level_is_that_of_the_nodes(void **state)
{
    struct stage *stage = *state;
    char *text;

    stage_setenv(stage, "NOMOS_LOG_LEVEL=Warn");
    stage_manifest(stage, NETWORK);
    assert_exit(stage, stage_run(stage, NULL), 0);
    text = configuration(stage);
    assert_has(text, "level: WARN");
    free(text);

    stage->env_count = 0;
    stage_setenv(stage, "NOMOS_LOG_LEVEL=loud");
    stage_next(stage);
    assert_exit(stage, stage_run(stage, NULL), 3);
    assert_has(stage->out, "NOMOS_LOG_LEVEL");
    assert_has(stage->out, "'loud'");
}

static void nomos_tests_tracing_leaves_development_nodes_their_log(void **state)
{
    struct stage *stage = *state;
    char *text;

    stage_setenv(stage, "NOMOS_TESTS_TRACING=true");
    stage_manifest(stage, NETWORK);
    assert_exit(stage, stage_run(stage, NULL), 0);
    text = configuration(stage);
    assert_has(text, "level: DEBUG");
    free(text);
    text = stage_read(stage, "nodes/validator-0/output.log");
    assert_non_null(text);
    assert_has(text, "serving HTTP"); /* it is not lost on the way to a Loki */
    free(text);
}

/* A database is what is not kept unless somebody wants it. */
static bool has_database(const struct stage *stage)
{
    char path[2 * STAGE_PATH_SIZE];
    struct stat is;

    (void)snprintf(path, sizeof(path), "%s/nodes/validator-0/db", stage->run);
    return stat(path, &is) == 0;
}

static void nodes_directories_stay_whole_when_logs_are_to_be_kept(void **state)
{
    struct stage *stage = *state;

    stage_manifest(stage, NETWORK);
    assert_exit(stage, stage_run(stage, NULL), 0);
    assert_false(has_database(stage));

    stage_setenv(stage, "NOMOS_TESTS_KEEP_LOGS=1");
    stage_next(stage);
    assert_exit(stage, stage_run(stage, NULL), 0);
    assert_true(has_database(stage));
}

static void local_runner_runs_the_predecessors_demo(void **state)
{
    struct stage *stage = *state;

    stage_setenv(stage, "NOMOS_DEMO_VALIDATORS=1");
    stage_setenv(stage, "NOMOS_DEMO_EXECUTORS=1");
    stage_setenv(stage, "NOMOS_DEMO_RUN_SECS=10");
    stage_setenv(stage, "TESTNET_PRINT_ENDPOINTS=");
    stage_setenv(stage, "CONSENSUS_SLOT_TIME=1");
    stage_setenv(stage, "POL_PROOF_DEV_MODE=true");
    assert_exit(stage, stage_call(stage, "local_runner", NULL), 0);
    assert_has(stage->out, "every expectation held");
    assert_has(stage->out, "2 nodes");
    assert_int_equal(strstr(stage->out, "expectation.da_inclusion") != NULL, HAS_DA);
    assert_has(stage->out, "TESTNET_ENDPOINTS prometheus=<disabled> grafana=<disabled>\n");
    assert_lacks(stage->out, "TESTNET_PPROF"); /* development nodes have no profile */
}

static void local_runner_takes_its_older_variables_where_the_new_ones_say_nothing(void **state)
{
    struct stage *stage = *state;

    stage_setenv(stage, "NOMOS_DEMO_VALIDATORS=several");
    stage_setenv(stage, "LOCAL_DEMO_VALIDATORS=2");
    stage_setenv(stage, "NOMOS_DEMO_EXECUTORS=0");
    stage_setenv(stage, "LOCAL_DEMO_EXECUTORS=3");
    stage_setenv(stage, "LOCAL_DEMO_RUN_SECS=4");
    stage_setenv(stage, "CONSENSUS_SLOT_TIME=1");
    stage_setenv(stage, "POL_PROOF_DEV_MODE=true");
    assert_exit(stage, stage_call(stage, "local_runner", NULL), 0);
    assert_has(stage->out, "2 nodes");
    assert_has(stage->out, "every expectation held");
    assert_has(stage->err,
        HAS_DA ? "no executors, so there is no data availability in it"
               : "built without it, so there is no data availability in it");
}

static void local_runner_says_why_it_failed_and_exits_with_1(void **state)
{
    struct stage *stage = *state;

    stand_in(stage, "#!/bin/sh\necho the disk is on fire\nexit 9\n");
    stage_setenv(stage, "POL_PROOF_DEV_MODE=true");
    assert_exit(stage, stage_call(stage, "local_runner", NULL), 1);
    assert_has(stage->err,
        "local runner demo failed: deployer.local: prepare: validator-0 ended by itself with exit "
        "code 9");
}

static void local_runner_wants_development_proofs(void **state)
{
    struct stage *stage = *state;

    assert_exit(stage, stage_call(stage, "local_runner", NULL), 1);
    assert_has(stage->err, "POL_PROOF_DEV_MODE=true");
}

#define STAGED(test) cmocka_unit_test_setup_teardown(test, stage_open, stage_close)

int main(void)
{
    const struct CMUnitTest tests[] = {
        STAGED(a_node_that_ends_at_once_fails_the_deployment),
        STAGED(the_end_of_a_failing_nodes_log_stands_below_the_reason),
        STAGED(a_program_that_is_not_there_is_named_with_its_variable),
        STAGED(everything_that_real_nodes_lack_is_said_before_anything_starts),
        STAGED(an_override_without_a_value_is_a_mistake),
        STAGED(a_node_that_crashes_at_its_start_shows_its_log),
        STAGED(a_node_that_never_answers_runs_out_of_patience),
        STAGED(slow_test_env_doubles_the_patience),
        STAGED(nomos_log_dir_is_where_the_nodes_log),
        STAGED(nomos_log_level_is_that_of_the_nodes),
        STAGED(nomos_tests_tracing_leaves_development_nodes_their_log),
        STAGED(nodes_directories_stay_whole_when_logs_are_to_be_kept),
        STAGED(local_runner_runs_the_predecessors_demo),
        STAGED(local_runner_takes_its_older_variables_where_the_new_ones_say_nothing),
        STAGED(local_runner_says_why_it_failed_and_exits_with_1),
        STAGED(local_runner_wants_development_proofs),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

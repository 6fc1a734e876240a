/* Scenarios in containers, on a real engine: the demo, faults with receipts, data, two at a time, both
   versions of Compose; and that nothing is left of any of them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/integration/containers/engine.h"

static void the_demo_passes_and_leaves_its_logs_alone(void **state)
{
    struct stage *stage = *state;
    char *log, *file;

    engine_need_image(ASSAY_TEST_IMAGE);
    stage_manifest(stage,
        ENGINE_RUN("compose-demo", "8s") ENGINE_SYSTEM
        "[topology]\nvalidators = 3\nexecutors = 2\n[wallets]\ncount = 50\n"
        "[deployer.compose]\nprometheus = no\ncompose = v2\n"
        "[workload.transactions]\nrate = 5\nusers = 20\n"
        "[expectation.liveness]\nplugin = consensus_liveness\n"
        "[expectation.agreement]\n[expectation.inclusion]\nplugin = transaction_inclusion\n");
    assert_exit(stage, stage_run(stage, NULL), 0);
    assert_judged(stage, "liveness", "pass");
    assert_judged(stage, "agreement", "pass");
    assert_judged(stage, "inclusion", "pass");
    engine_nothing_is_left(stage);
    log = stage_read(stage, "nodes/executor-1/output.log");
    assert_non_null(log);
    assert_has(log, "took block");
    free(log);
    log = stage_read(stage, "nodes/stack/cfgsync.log");
    assert_non_null(log);
    assert_has(log, "All hosts have announced their IPs");
    free(log);
    file = stage_read(stage, "nodes/stack/compose.yml");
    assert_non_null(file);
    assert_has(file, "127.0.0.1:");
    assert_lacks(file, "0.0.0.0:");
    free(file);
}

static void version_one_does_as_well(void **state)
{
    struct stage *stage = *state;

    engine_need_image(ASSAY_TEST_IMAGE);
    if (!engine_has_v1()) {
        print_message("skipped: there is no docker-compose\n");
        skip();
    }
    stage_manifest(stage,
        ENGINE_RUN("compose-v1", "2s") ENGINE_SYSTEM
        "[topology]\nvalidators = 2\n"
        "[deployer.compose]\nprometheus = no\ncompose = v1\n"
        "[expectation.agreement]\n");
    assert_exit(stage, stage_run(stage, NULL), 0);
    engine_nothing_is_left(stage);
}

static void faults_leave_receipts_and_nodes_recover(void **state)
{
    struct stage *stage = *state;
    char *events;

    engine_need_image(ASSAY_TEST_IMAGE);
    stage_manifest(stage,
        ENGINE_RUN("compose-chaos", "25s") "node_control = yes\n" ENGINE_SYSTEM
                                           "[topology]\nvalidators = 3\nexecutors = 1\n"
                                           "[deployer.compose]\nprometheus = no\n"
                                           "[workload.chaos]\npause_min = 500ms\npause_max = 1s\n"
                                           "cooldown = 2s\noutage = 1s\n"
                                           "actions = restart, stop, kill, pause, replace\n"
                                           "[expectation.recovery]\n[expectation.agreement]\n");
    assert_exit(stage, stage_run(stage, NULL), 0);
    assert_judged(stage, "recovery", "pass");
    assert_judged(stage, "agreement", "pass");
    events = stage_read(stage, "events.ndjson");
    assert_non_null(events);
    assert_has(events, "restart of ");
    assert_has(events, "pause of ");
    assert_has(events, "resume of ");
    assert_has(events, "kill of ");
    assert_has(events, "start of ");
    assert_has(events, "killed by signal 9");
    assert_has(events, ": proven; before: pid ");
    assert_lacks(events, ": unproven;");
    free(events);
    engine_nothing_is_left(stage);
}

static void data_is_dispersed_and_read_back(void **state)
{
    struct stage *stage = *state;

    if (!HAS_DA) /* by the build's option ASSAY_DA */
        skip();
    engine_need_image(ASSAY_TEST_IMAGE);
    stage_manifest(stage,
        ENGINE_RUN("compose-data", "12s") ENGINE_SYSTEM
        "[topology]\nvalidators = 3\nexecutors = 2\n[wallets]\ncount = 20\n"
        "[deployer.compose]\nprometheus = no\n"
        "[workload.da]\nblob_rate = 1\nchannel_rate = 1\n"
        "[expectation.data]\nplugin = da_inclusion\n[expectation.agreement]\n");
    assert_exit(stage, stage_run(stage, NULL), 0);
    assert_judged(stage, "data", "pass");
    engine_nothing_is_left(stage);
}

static void two_runs_at_a_time_do_not_meet(void **state)
{
    struct stage *first = *state, *second = NULL;
    void *other = NULL;
    static const char manifest[] =
        ENGINE_RUN("compose-two", "6s") ENGINE_SYSTEM "[topology]\nvalidators = 2\n"
                                                      "[deployer.compose]\nprometheus = no\n"
                                                      "[expectation.agreement]\n";

    engine_need_image(ASSAY_TEST_IMAGE);
    assert_int_equal(stage_open(&other), 0);
    second = other;
    stage_manifest(first, manifest);
    stage_manifest(second, manifest);
    stage_start(first, NULL);
    stage_start(second, NULL);
    assert_exit(first, stage_join(first), 0);
    assert_exit(second, stage_join(second), 0);
    engine_nothing_is_left(first);
    engine_nothing_is_left(second);
    assert_string_not_equal(first->run_id, second->run_id);
    assert_int_equal(stage_close(&other), 0);
}

static void what_is_to_be_kept_is_kept_and_named(void **state)
{
    struct stage *stage = *state;
    char command[STAGE_PATH_SIZE];

    engine_need_image(ASSAY_TEST_IMAGE);
    stage_manifest(stage,
        ENGINE_RUN("compose-keep", "2s") ENGINE_SYSTEM "[topology]\nvalidators = 2\n"
                                                       "[deployer.compose]\nprometheus = no\n"
                                                       "[expectation.agreement]\n");
    stage_setenv(stage, "TESTNET_RUNNER_PRESERVE=1");
    assert_exit(stage, stage_run(stage, NULL), 0);
    engine_learn_run(stage);
    assert_int_equal(engine_left_of(stage->run_id), 4); /* cfgsync, two nodes, a network */
    assert_has(
        DOCKER("inspect", "-f", "{{.State.Running}}", engine_container(stage, "validator-1")),
        "true");
    (void)snprintf(
        command, sizeof(command), "sweep.sh unix:///var/run/docker.sock %s", stage->run_id);
    assert_has(stage->err, command);
    engine_sweep(stage->run_id);
    assert_int_equal(engine_left_of(stage->run_id), 0);
    engine_sweep(stage->run_id); /* again: nothing to do is no failure */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        ENGINE_TEST(the_demo_passes_and_leaves_its_logs_alone),
        ENGINE_TEST(version_one_does_as_well),
        ENGINE_TEST(faults_leave_receipts_and_nodes_recover),
        ENGINE_TEST(data_is_dispersed_and_read_back),
        ENGINE_TEST(two_runs_at_a_time_do_not_meet),
        ENGINE_TEST(what_is_to_be_kept_is_kept_and_named),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Programs around runs in containers, on a real engine: compose_runner, and the script that makes images,
   with a bundle of programs. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/integration/containers/engine.h"

#define SCRIPT  ASSAY_SOURCE_DIR "/assets/stack/scripts/build_test_image.sh"
#define BUNDLE  ASSAY_TEST_IMAGE "-bundle"
#define KEPT    ASSAY_TEST_IMAGE "-kept"
#define DEFAULT "nomos-testnet:local"

static void compose_runner_runs_the_predecessors_demo_with_restarts_in_it(void **state)
{
    struct stage *stage = *state;

    engine_need_image(ASSAY_TEST_IMAGE);
    stage_setenv(stage, "NOMOS_TESTNET_IMAGE=" ASSAY_TEST_IMAGE);
    stage_setenv(stage, "COMPOSE_DEMO_VALIDATORS=2");
    stage_setenv(stage, "COMPOSE_DEMO_EXECUTORS=1");
    stage_setenv(stage, "COMPOSE_DEMO_RUN_SECS=20");
    stage_setenv(stage, "CONSENSUS_SLOT_TIME=1");
    assert_exit(stage, stage_call(stage, "compose_runner", NULL), 0);
    assert_has(stage->out, "3 nodes");
    assert_has(stage->out, "every expectation held");
    assert_has(stage->out, "expectation.recovery");
    assert_has(stage->out, "proven   restart ");
}

static void compose_runner_warns_and_ends_well_without_an_engine(void **state)
{
    struct stage *stage = *state;

    stage_setenv(stage, "DOCKER_HOST=unix:///nonexistent/docker.sock");
    assert_exit(stage, stage_call(stage, "compose_runner", NULL), 0);
    assert_has(stage->err, "compose runner demo skipped: no container engine answers");
}

/* The development node of this build, which loads libraries, stands for the real ones. */
static void a_bundle_of_programs_that_load_libraries_runs(void **state)
{
    struct stage *stage = *state;

    engine_need_image(ASSAY_TEST_IMAGE); /* so that the programs of cfgsync are built */
    assert_int_equal(
        stage_call(stage, "/bin/sh",
            (const char *const[]){"-c",
                "mkdir artifacts && cp " ASSAY_BIN "/nomos-devnode artifacts/nomos-node && "
                "cp artifacts/nomos-node artifacts/nomos-executor && "
                "tar -cf bundle.tar artifacts && echo parameters >parameters",
                NULL}),
        0);
    stage_setenv(stage, "NOMOS_BINARIES_TAR=bundle.tar");
    stage_setenv(stage, "NOMOS_KZGRS_PARAMS_PATH=parameters");
    stage_setenv(stage, "NOMOS_TESTNET_IMAGE=" BUNDLE);
    assert_exit(stage,
        stage_call(
            stage, "/bin/bash", (const char *const[]){SCRIPT, "--programs", ASSAY_STATIC, NULL}),
        0);
    stage_manifest(stage,
        ENGINE_RUN("compose-bundle", "2s") "[system.nomos]\nslot = 200ms\nsecurity_param = 5\n"
                                           "[topology]\nvalidators = 1\nexecutors = 1\n"
                                           "[deployer.compose]\nprometheus = no\n"
                                           "[expectation.agreement]\n");
    assert_exit(stage, stage_run(stage, NULL), 0);
    assert_judged(stage, "agreement", "pass");
    engine_nothing_is_left(stage);
    assert_has(DOCKER("image", "inspect", "-f", "{{json .Config.Labels}}", BUNDLE),
        "\"io.assay.nodes\":\"real\"");
    (void)DOCKER("image", "rm", BUNDLE);
}

/* Whoever works here may have one: it is put away under another name, and comes back. */
static int open_without_default_image(void **state)
{
    if (engine_has(DEFAULT)) {
        (void)DOCKER("tag", DEFAULT, KEPT);
        (void)DOCKER("image", "rm", DEFAULT);
    }
    return stage_open(state);
}

static int close_with_default_image(void **state)
{
    const int closed = engine_close_stage(state);

    if (engine_has(DEFAULT))
        (void)DOCKER("image", "rm", DEFAULT);
    if (engine_has(KEPT)) {
        (void)DOCKER("tag", KEPT, DEFAULT);
        (void)DOCKER("image", "rm", KEPT);
    }
    return closed;
}

static void the_default_image_is_made_by_the_run_that_finds_none(void **state)
{
    struct stage *stage = *state;

    engine_need_image(ASSAY_TEST_IMAGE); /* so that its programs are built */
    stage_setenv(stage, "ASSAY_IMAGE_BUILD_DIR=" ASSAY_BUILD_DIR "/image");
    stage_manifest(stage,
        ENGINE_RUN("compose-made", "2s") "[system.nomos]\nslot = 200ms\nsecurity_param = 5\n"
                                         "[topology]\nvalidators = 2\n"
                                         "[deployer.compose]\nprometheus = no\n"
                                         "[expectation.agreement]\n");
    assert_exit(stage, stage_run(stage, NULL), 0);
    assert_has(stage->err, "image " DEFAULT " is not there and is built, once");
    engine_nothing_is_left(stage);
    assert_true(engine_has(DEFAULT)); /* for the next run */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        ENGINE_TEST(compose_runner_runs_the_predecessors_demo_with_restarts_in_it),
        ENGINE_TEST(compose_runner_warns_and_ends_well_without_an_engine),
        cmocka_unit_test_setup_teardown(the_default_image_is_made_by_the_run_that_finds_none,
            open_without_default_image, close_with_default_image),
        ENGINE_TEST(a_bundle_of_programs_that_load_libraries_runs),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

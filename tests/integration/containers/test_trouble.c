/* What can go wrong with containers: each has a reason that can be read, and nothing is left. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <netinet/in.h>

#include <cmocka.h>

#include "tests/integration/containers/engine.h"

#define RUN(name)                                                                                  \
    "[run]\nname = " name "\nduration = 5m\ncooldown = 1s\nsettle = 1s\nseed = 7\n"                \
    "[topology]\nvalidators = 3\n"
#define SYSTEM   "[system.nomos]\nslot = 200ms\nimage = " ASSAY_TEST_IMAGE "\n"
#define DEPLOYER "[deployer.compose]\nprometheus = no\n"
#define JUDGE    "[expectation.agreement]\npatience = 2s\n"

static const char *reason_of(struct stage *stage)
{
    return verdict_text(stage_verdict(stage), "reason");
}

static void fails_to_deploy(struct stage *stage, const char *part)
{
    assert_exit(stage, stage_run(stage, NULL), 3);
    assert_has(reason_of(stage), part);
    engine_learn_run(stage);
}

/* ---- before anything is made ---- */

static void without_an_engine_it_says_what_to_do(void **state)
{
    struct stage *stage = *state;

    stage_manifest(stage, RUN("no-engine") SYSTEM DEPLOYER JUDGE);
    stage_setenv(stage, "DOCKER_HOST=unix:///nonexistent/docker.sock");
    fails_to_deploy(stage, "no container engine answers at unix:///nonexistent/docker.sock");
    assert_has(reason_of(stage), "apt install docker.io");
}

static void an_engine_that_cannot_be_called_is_refused(void **state)
{
    struct stage *stage = *state;

    stage_manifest(stage, RUN("ssh") SYSTEM DEPLOYER JUDGE);
    stage_setenv(stage, "DOCKER_HOST=ssh://somewhere");
    fails_to_deploy(stage, "it must be unix:///path or tcp://host:port");
}

static void an_image_that_is_not_there_is_named(void **state)
{
    struct stage *stage = *state;

    engine_need();
    stage_manifest(
        stage, RUN("no-image") "[system.nomos]\nimage = acme/nodes:missing\n" DEPLOYER JUDGE);
    fails_to_deploy(stage, "the engine has no image acme/nodes:missing, which the nodes need");
    assert_int_equal(engine_left_of(stage->run_id), 0);
}

static void a_store_that_is_wanted_must_be_there(void **state)
{
    struct stage *stage = *state;

    engine_need_image(ASSAY_TEST_IMAGE);
    stage_manifest(stage,
        RUN("no-store") SYSTEM "[deployer.compose]\nprometheus = yes\n"
                               "prometheus_image = acme/prometheus:missing\n" JUDGE);
    fails_to_deploy(stage, "the engine has no image acme/prometheus:missing");
    assert_int_equal(engine_left_of(stage->run_id), 0);
}

/* A port that was asked for is not given up for another one. */
static void a_port_that_is_taken_is_named(void **state)
{
    struct stage *stage = *state;
    const struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct sockaddr_in bound = {.sin_port = 0};
    socklen_t size = sizeof(bound);
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    char variable[64], part[32];

    engine_need_image("prometheus:local");
    engine_need_image(ASSAY_TEST_IMAGE);
    assert_int_equal(bind(fd, (const struct sockaddr *)&address, sizeof(address)), 0);
    assert_int_equal(listen(fd, 1), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&bound, &size), 0);
    (void)snprintf(variable, sizeof(variable), "TEST_FRAMEWORK_PROMETHEUS_PORT=%u",
        (unsigned)ntohs(bound.sin_port));
    (void)snprintf(part, sizeof(part), "127.0.0.1:%u", (unsigned)ntohs(bound.sin_port));
    stage_setenv(stage, variable);
    stage_manifest(stage,
        RUN("port-taken") SYSTEM "[deployer.compose]\nprometheus = yes\n"
                                 "prometheus_image = prometheus:local\n" JUDGE);
    fails_to_deploy(stage, part);
    assert_has(reason_of(stage), "address already in use");
    assert_int_equal(engine_left_of(stage->run_id), 0);
    (void)close(fd);
}

/* ---- while nodes get ready ---- */

static void an_image_of_something_else_fails_with_its_log(void **state)
{
    struct stage *stage = *state;

    engine_need_image("prometheus:local");
    stage_manifest(
        stage, RUN("wrong-image") "[system.nomos]\nimage = prometheus:local\n" DEPLOYER JUDGE);
    fails_to_deploy(stage, "docker compose up ended with 1");
    assert_has(reason_of(stage), "no such file or directory");
    assert_int_equal(engine_left_of(stage->run_id), 0);
}

static void a_node_that_crashes_fails_with_its_log(void **state)
{
    struct stage *stage = *state;
    char *log;

    engine_need_image(ASSAY_TEST_IMAGE);
    stage_manifest(
        stage, RUN("crash") SYSTEM "[node.validator-1]\nmisbehave = crash\n" DEPLOYER JUDGE);
    fails_to_deploy(stage, "validator-1 was killed by signal ");
    assert_has(stage->out, "this node misbehaves: it was told to crash");
    assert_int_equal(engine_left_of(stage->run_id), 0);
    log = stage_read(stage, "nodes/validator-1/output.log");
    assert_non_null(log);
    assert_has(log, "told to crash");
    free(log);
}

static void arguments_that_a_node_refuses_are_its_own_words(void **state)
{
    struct stage *stage = *state;

    engine_need_image(ASSAY_TEST_IMAGE);
    stage_manifest(
        stage, RUN("bad-flag") SYSTEM "[node.validator-2]\nargs = --bogus\n" DEPLOYER JUDGE);
    fails_to_deploy(stage, "validator-2 ended by itself with exit code 2 before it was ready");
    assert_has(stage->out, "--bogus");
    assert_int_equal(engine_left_of(stage->run_id), 0);
}

/* ---- in the midst of a run ---- */

static void start(struct stage *stage, const char *manifest)
{
    stage_manifest(stage, manifest);
    stage_start(stage, NULL);
    stage_await_event(stage, WINDOW_OPEN);
    assert_true(engine_left_of(stage->run_id) >= 5);
}

static void kill_one(struct stage *stage, const char *program)
{
    const pid_t pid = stage_process(stage, program, 0);

    assert_true(pid > 0);
    assert_int_equal(kill(pid, SIGKILL), 0);
}

static void killing_a_part_of_assay_leaves_nothing(void **state)
{
    static const char *const parts[] = {"assay-worker", "assay-supervisor"};

    engine_need_image(ASSAY_TEST_IMAGE);
    for (size_t i = 0; i < 2; i++) {
        struct stage *stage = *state;

        start(stage, RUN("killed") SYSTEM DEPLOYER JUDGE);
        kill_one(stage, parts[i]);
        assert_exit(stage, stage_join(stage), 5);
        assert_int_equal(engine_left_of(stage->run_id), 0);
        stage_next(stage);
    }
}

static void killing_the_front_end_leaves_nothing(void **state)
{
    struct stage *stage = *state;

    engine_need_image(ASSAY_TEST_IMAGE);
    start(stage, RUN("killed") SYSTEM DEPLOYER JUDGE);
    assert_int_equal(kill(stage->pid, SIGKILL), 0);
    assert_exit(stage, stage_join(stage), 128 + SIGKILL);
    stage_await_nobody(stage);
    engine_await_nothing_of(stage->run_id);
}

static void killing_everything_leaves_what_clean_removes(void **state)
{
    struct stage *stage = *state;

    engine_need_image(ASSAY_TEST_IMAGE);
    start(stage, RUN("all-killed") SYSTEM DEPLOYER JUDGE);
    assert_int_equal(kill(stage->pid, SIGSTOP), 0); /* or it would clear away after the next */
    kill_one(stage, "assay-supervisor");
    assert_int_equal(kill(stage->pid, SIGKILL), 0);
    (void)stage_join(stage);
    assert_true(engine_left_of(stage->run_id) > 0);
    assert_exit(stage, ASSAY(stage, "clean"), 0);
    assert_int_equal(engine_left_of(stage->run_id), 0);
}

static void an_interrupted_run_leaves_nothing(void **state)
{
    struct stage *stage = *state;
    char *log;

    engine_need_image(ASSAY_TEST_IMAGE);
    start(stage, RUN("interrupted") SYSTEM DEPLOYER JUDGE);
    assert_int_equal(kill(stage->pid, SIGINT), 0);
    assert_exit(stage, stage_join(stage), 130);
    assert_int_equal(engine_left_of(stage->run_id), 0);
    log = stage_read(stage, "nodes/validator-0/output.log");
    assert_non_null(log);
    free(log);
}

/* Neither is ours to end: one crashes, another is taken away by somebody else. */
static void containers_that_end_by_themselves_are_told_of_and_fail_the_recovery(void **state)
{
    static const char crash[] = "{\"name\": \"crash\"}";
    struct stage *stage = *state;
    char *events;

    engine_need_image("prometheus:local");
    engine_need_image(ASSAY_TEST_IMAGE);
    stage_manifest(stage,
        RUN("ended") SYSTEM "[deployer.compose]\nprometheus = yes\n"
                            "prometheus_image = prometheus:local\n"
                            "[expectation.recovery]\nsettle = 0s\n"
                            "[expectation.liveness]\nplugin = consensus_liveness\n"
                            "[expectation.all]\nplugin = metric\nvalue = 1\n"
                            "query = min(consensus_processed_blocks)\n"
                            "[expectation.some]\nplugin = metric\nvalue = 1\nnodes = any\n"
                            "query = min(consensus_processed_blocks)\npatience = 30s\n");
    stage_start(stage, (const char *const[]){"--duration", "6s", NULL});
    stage_await_event(stage, WINDOW_OPEN);
    (void)DOCKER("exec", "-d", engine_container(stage, "validator-2"), "/bin/busybox", "wget", "-O",
        "-", "--header", "Content-Type: application/json", "--post-data", crash,
        "http://127.0.0.1:18081/test/misbehave");
    (void)DOCKER("rm", "-f", engine_container(stage, "validator-1"));
    assert_exit(stage, stage_join(stage), 1);
    assert_judged(stage, "recovery", "fail");
    assert_has(stage_why(stage, "recovery"), "validator-2: ended by itself at ");
    assert_has(stage_why(stage, "recovery"), "killed by signal ");
    assert_has(stage_why(stage, "recovery"), "validator-1: ended by itself at ");
    assert_has(stage_why(stage, "recovery"), "nobody saw how");
    assert_judged(stage, "liveness", "fail");
    assert_has(stage_why(stage, "liveness"), "validator-1");
    assert_has(stage->out, "its container was removed, and not by this run");
    /* Who is left has blocks, and that is not what was asked for. */
    assert_judged(stage, "all", "undecided");
    assert_has(stage_why(stage, "all"), " of 3 nodes only");
    assert_judged(stage, "some", "pass");
    events = stage_read(stage, "events.ndjson");
    assert_non_null(events);
    assert_has(events, "\"node-ended\"");
    free(events);
    assert_int_equal(engine_left_of(stage->run_id), 0);
}

static void an_engine_that_goes_away_is_reported_and_cleaned_up_after_when_it_is_back(void **state)
{
    struct stage *stage = *state;
    char socket[STAGE_PATH_SIZE], host[STAGE_PATH_SIZE + 32];
    struct proxy *proxy;

    engine_need_image(ASSAY_TEST_IMAGE);
    (void)snprintf(socket, sizeof(socket), "%s", stage_path(stage, "engine.sock"));
    (void)snprintf(host, sizeof(host), "DOCKER_HOST=unix://%s", socket);
    stage_setenv(stage, host);
    proxy = proxy_start(socket);
    stage_manifest(stage,
        "[run]\nname = gone\nduration = 30s\ncooldown = 1s\nsettle = 1s\nnode_control = yes\n"
        "[topology]\nvalidators = 3\n" SYSTEM DEPLOYER
        "[workload.chaos]\npause_min = 1s\npause_max = 1s\ncooldown = 1s\npatience = 5s\n" JUDGE);
    stage_start(stage, NULL);
    stage_await_event(stage, "restart of ");
    proxy_stop(proxy);
    /* The nodes go on; what cannot be done any more is the next fault, and clearing away. */
    assert_exit(stage, stage_join(stage), 4);
    assert_has(stage->err, "engine.sock");
    assert_has(stage->out, "what became of the nodes could not be looked at before the judgement");
    assert_true(engine_left_of(stage->run_id) > 0);

    proxy = proxy_start(socket);
    assert_exit(stage, ASSAY(stage, "clean"), 0);
    assert_int_equal(engine_left_of(stage->run_id), 0);
    proxy_stop(proxy);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        ENGINE_TEST(without_an_engine_it_says_what_to_do),
        ENGINE_TEST(an_engine_that_cannot_be_called_is_refused),
        ENGINE_TEST(an_image_that_is_not_there_is_named),
        ENGINE_TEST(a_store_that_is_wanted_must_be_there),
        ENGINE_TEST(a_port_that_is_taken_is_named),
        ENGINE_TEST(an_image_of_something_else_fails_with_its_log),
        ENGINE_TEST(a_node_that_crashes_fails_with_its_log),
        ENGINE_TEST(arguments_that_a_node_refuses_are_its_own_words),
        ENGINE_TEST(killing_a_part_of_assay_leaves_nothing),
        ENGINE_TEST(killing_the_front_end_leaves_nothing),
        ENGINE_TEST(killing_everything_leaves_what_clean_removes),
        ENGINE_TEST(an_interrupted_run_leaves_nothing),
        ENGINE_TEST(containers_that_end_by_themselves_are_told_of_and_fail_the_recovery),
        ENGINE_TEST(an_engine_that_goes_away_is_reported_and_cleaned_up_after_when_it_is_back),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

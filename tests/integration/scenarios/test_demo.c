/* The demo scenario, fast: it passes, leaves everything that a run leaves, and is the same plan for
   the same seed. */
#include <fcntl.h>
#include <setjmp.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/integration/scenarios/support.h"

#define DEMO ASSAY_SOURCE_DIR "/assets/manifests/demo.ini"
/* Few blocks are asked for: how many come in so short a window is chance. */
#define FAST                                                                                       \
    "--set", "system.nomos.slot=200ms", "--set", "expectation.consensus_liveness.fraction=0.2",    \
        "--set", "run.cooldown=2s", "--duration", "5s"

static int run_demo(struct stage *stage, const char *seed)
{
    (void)snprintf(stage->manifest, sizeof(stage->manifest), "%s", DEMO);
    return stage_run(stage, (const char *const[]){FAST, "--seed", seed, NULL});
}

static void assert_file(const struct stage *stage, const char *name)
{
    char *text = stage_read(stage, name);

    if (!text || text[0] == '\0')
        fail_msg("%s is missing or empty", name);
    free(text);
}

static void assert_every_line_is_json(const struct stage *stage, const char *name)
{
    char *text = stage_read(stage, name);

    assert_non_null(text);
    for (char *rest = text, *line = strsep(&rest, "\n"); line; line = strsep(&rest, "\n")) {
        json_object *json = json_tokener_parse(line);

        if (line[0] != '\0' && !json)
            fail_msg("%s has a line that is no JSON: %s", name, line);
        json_object_put(json);
    }
    free(text);
}

/* By xmllint, where it is there. */
static void assert_xml(struct stage *stage, const char *name)
{
    char path[2 * STAGE_PATH_SIZE];
    char program[] = "/usr/bin/xmllint", word[] = "--noout";
    char *const argv[] = {program, word, path, NULL};
    extern char **environ;
    int status = -1;
    pid_t pid;

    if (access(program, X_OK) != 0)
        return;
    (void)snprintf(path, sizeof(path), "%s/%s", stage->run, name);
    assert_int_equal(posix_spawn(&pid, program, NULL, NULL, argv, environ), 0);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
}

static void the_demo_passes_and_leaves_a_whole_report(void **state)
{
    static const char *const files[] = {"verdict.json", "junit.xml", "summary.txt", "report.html",
        "events.ndjson", "series.csv", "manifest.ini", "manifest.expanded.ini", "supervisor.log",
        "nodes/validator-0/validator.yaml", "nodes/validator-2/output.log",
        "nodes/executor-1/executor.yaml", "nodes/executor-1/output.log"};
    struct stage *stage = *state;
    json_object *verdict;

    assert_exit(stage, run_demo(stage, "11"), 0);

    for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++)
        assert_file(stage, files[i]);
    verdict = stage_verdict(stage);
    assert_string_equal(verdict_text(verdict, "outcome"), "pass");
    assert_string_equal(verdict_text(verdict, "exit_code"), "0");
    assert_string_equal(verdict_text(verdict, "seed"), "11");
    assert_string_equal(verdict_text(verdict, "interrupted"), "false");
    assert_judged(stage, "consensus_liveness", "pass");
    assert_judged(stage, "agreement", "pass");
    assert_judged(stage, "transaction_inclusion", "pass");
    assert_every_line_is_json(stage, "events.ndjson");
    assert_xml(stage, "junit.xml");
    assert_has(stage->out, "every expectation held");
    assert_lacks(stage->out, "\033");
    assert_lacks(stage->err, "\033");
    stage_await_nobody(stage);
}

static void the_same_seed_is_the_same_plan(void **state)
{
    struct stage *stage = *state;
    char *first, *second;

    assert_exit(stage, run_demo(stage, "5"), 0);
    first = stage_read(stage, "manifest.expanded.ini");
    stage_next(stage);
    assert_exit(stage, run_demo(stage, "5"), 0);
    second = stage_read(stage, "manifest.expanded.ini");

    assert_non_null(first);
    assert_string_equal(first, second);
    free(first);
    free(second);
}

static void an_expanded_manifest_runs_as_the_same_plan(void **state)
{
    struct stage *stage = *state;
    char *first, *second;

    stage_manifest(stage,
        "[run]\nduration = 1s\nname = again\n[topology]\nvalidators = 1\n"
        "[system.still]\nplugin = sample.still\n[deployer.nowhere]\nplugin = sample.nowhere\n"
        "[expectation.judge]\nplugin = sample.judge\n");
    assert_exit(stage,
        stage_run(stage,
            (const char *const[]){"--plugin-dir", ASSAY_BUILD_DIR "/tests/plugins/run", NULL}),
        0);
    first = stage_read(stage, "manifest.expanded.ini");
    stage_manifest(stage, first);
    stage_next(stage);
    assert_exit(stage,
        stage_run(stage,
            (const char *const[]){"--plugin-dir", ASSAY_BUILD_DIR "/tests/plugins/run", NULL}),
        0);
    second = stage_read(stage, "manifest.expanded.ini");

    assert_string_equal(first, second);
    free(first);
    free(second);
}

#define STAGED(test) cmocka_unit_test_setup_teardown(test, stage_open, stage_close)

int main(void)
{
    const struct CMUnitTest tests[] = {
        STAGED(the_demo_passes_and_leaves_a_whole_report),
        STAGED(the_same_seed_is_the_same_plan),
        STAGED(an_expanded_manifest_runs_as_the_same_plan),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

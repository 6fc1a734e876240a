/* The demo scenario, fast: it passes, leaves everything that a run leaves, and is the same plan for
   the same seed. */
#include <fcntl.h>
#include <setjmp.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/integration/scenarios/support.h"

#define DEMO ASSAY_SOURCE_DIR "/assets/manifests/demo.ini"
/* Little is asked for: how many blocks come in so short a window, and how many transactions find
   something to spend in them, is chance. */
#define FAST                                                                                       \
    "--set", "system.nomos.slot=200ms", "--set", "expectation.consensus_liveness.fraction=0.2",    \
        "--set", "expectation.transaction_inclusion.min_sent=0.1", "--set", "run.cooldown=2s",     \
        "--duration", "5s"

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

/* The length of what comes before the last slash of a word, or of a run's id; 0: neither. */
static size_t path_length(const char *word)
{
    const size_t length = strcspn(word, " \n");
    size_t path = strncmp(word, "demo-", 5) == 0 ? length : 0;

    for (size_t i = 0; i < length; i++) {
        if (word[i] == '/')
            path = i;
    }
    return path;
}

/* What differs from run to run becomes one sign: numbers with their units, names of nodes, paths. In
   place. */
static void squash(char *text)
{
    char *to = text;

    for (const char *from = text; *from != '\0';) {
        const bool begins_word = from == text || from[-1] == ' ' || from[-1] == '\n';
        const size_t path = begins_word ? path_length(from) : 0;

        if (path > 0) {
            from += path;
            *to++ = '%';
        } else if (*from >= '0' && *from <= '9') {
            from += strspn(from, "0123456789.");
            from += strspn(from, "num"); /* of ns, us, ms */
            from += *from == 's';
            *to++ = '#';
        } else if (strncmp(from, "validator", 9) == 0) {
            to = stpcpy(to, "node");
            from += 9;
        } else if (strncmp(from, "executor", 8) == 0) {
            to = stpcpy(to, "node");
            from += 8;
        } else {
            *to++ = *from++;
        }
    }
    *to = '\0';
}

static bool has_line(const char *text, const char *line)
{
    const size_t length = strlen(line);

    for (const char *at = strstr(text, line); at; at = strstr(at + 1, line)) {
        if ((at == text || at[-1] == '\n') && (at[length] == '\n' || at[length] == '\0'))
            return true;
    }
    return false;
}

/* Every line of `shown` from the verdict on is in `text`; both are squashed. Details and notes are
   passed over where `is_loose`, since a slow machine has more of them. */
static void assert_shown(const char *shown, const char *text, bool is_loose, const char *what)
{
    char *copy = strdup(shown);
    bool is_in_notes = false;

    assert_non_null(copy);
    for (char *rest = copy, *line = strsep(&rest, "\n"); line; line = strsep(&rest, "\n")) {
        if (line[0] != ' ' && line[0] != '\0')
            is_in_notes = strcmp(line, "Notes") == 0;
        if (is_loose && ((is_in_notes && line[0] == ' ') || strncmp(line, "   ", 3) == 0))
            continue;
        if (!has_line(text, line))
            fail_msg("%s: '%s'; README.md is to show what scripts/demo.sh --seed 42 prints today",
                what, line);
    }
    free(copy);
}

/* From "pass      demo:" to the end of the block. */
static char *transcript_of_readme(void)
{
    FILE *file = fopen(ASSAY_SOURCE_DIR "/README.md", "r");
    static char text[64 * 1024];
    size_t size;
    char *begin, *end;

    assert_non_null(file);
    size = fread(text, 1, sizeof(text) - 1, file);
    (void)fclose(file);
    text[size] = '\0';
    begin = strstr(text, "\npass ");
    assert_non_null(begin);
    end = strstr(begin, "\n```");
    assert_non_null(end);
    *end = '\0';
    return begin + 1;
}

static void assert_as_in_readme(const struct stage *stage)
{
    char *readme = transcript_of_readme();
    char *out = strdup(stage->out);

    assert_non_null(out);
    squash(readme);
    squash(out);
    assert_shown(readme, out, false, "no longer printed");
    assert_shown(out, readme, true, "printed, but not shown");
    free(out);
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
    assert_as_in_readme(stage);
    assert_lacks(stage->out, "\033");
    assert_lacks(stage->err, "\033");
    stage_await_nobody(stage);
}

/* The demo for a moment, whatever its verdict; its expanded manifest. */
static char *plan_of_seed_5(struct stage *stage)
{
    (void)snprintf(stage->manifest, sizeof(stage->manifest), "%s", DEMO);
    assert_in_range(stage_run(stage,
                        (const char *const[]){FAST, "--duration", "1s", "--set", "run.cooldown=0s",
                            "--seed", "5", NULL}),
        0, 4);
    return stage_read(stage, "manifest.expanded.ini");
}

static void the_same_seed_is_the_same_plan(void **state)
{
    struct stage *stage = *state;
    char *first, *second;

    first = plan_of_seed_5(stage);
    stage_next(stage);
    second = plan_of_seed_5(stage);

    assert_non_null(first);
    assert_non_null(second);
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

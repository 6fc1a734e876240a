/* assay run, check, explain: the three that take a manifest. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "framework/base/file.h"
#include "framework/base/parse.h"
#include "framework/base/path.h"
#include "framework/base/str.h"
#include "framework/run/front.h"
#include "framework/run/outcome.h"
#include "runners/args.h"
#include "runners/commands.h"

enum {
    VERDICT_SIZE_MAX = 64 * 1024 * 1024,
    TABLE_MAX = 16
};

/* What the command line says; the targets of the tables below. */
struct line {
    struct vec words, sets, plugin_directories;
    const char *output, *directory, *seed, *duration, *limit;
    bool is_quiet, is_json, allow_untrusted, strict_imports;
};

static void line_init(struct line *line)
{
    *line = (struct line){0};
    args_list_init(&line->words);
    args_list_init(&line->sets);
    args_list_init(&line->plugin_directories);
}

static void line_done(struct line *line)
{
    vec_done(&line->words);
    vec_done(&line->sets);
    vec_done(&line->plugin_directories);
}

/* The options that all three have come first. */
static void fill_table(struct arg table[TABLE_MAX], struct line *line, bool is_run)
{
    const struct arg common[] = {
        {0, "set", "S.KEY=VALUE", "Set one value, e.g. run.duration=5m; may be repeated.", ARG_LIST,
            &line->sets},
        {0, "plugin-dir", "DIR", "Look for plugins here first; may be repeated.", ARG_LIST,
            &line->plugin_directories},
        {0, "allow-untrusted-plugins", NULL,
            "Load plugins that others could have replaced; the report says so.", ARG_FLAG,
            &line->allow_untrusted},
        {0, "strict-imports", NULL,
            "Refuse plugins that go around the host's services instead of warning.", ARG_FLAG,
            &line->strict_imports},
    };
    const struct arg run[] = {
        {0, "duration", "SPAN", "The same as --set run.duration=SPAN.", ARG_TEXT, &line->duration},
        {0, "seed", "N", "The same as --set run.seed=N.", ARG_TEXT, &line->seed},
        {'o', "output", "DIR", "Make the run directory in here (default runs).", ARG_TEXT,
            &line->output},
        {0, "run-dir", "DIR", "Make exactly this run directory; must be new or empty.", ARG_TEXT,
            &line->directory},
        {0, "limit", "SPAN", "Kill the whole run after this long (default: no limit).", ARG_TEXT,
            &line->limit},
        {'q', "quiet", NULL, "No progress and no summary; the exit code tells.", ARG_FLAG,
            &line->is_quiet},
        {0, "json", NULL, "Print verdict.json on standard output instead of the summary.", ARG_FLAG,
            &line->is_json},
    };
    size_t n = 0;

    for (size_t i = 0; i < sizeof(common) / sizeof(common[0]); i++)
        table[n++] = common[i];
    for (size_t i = 0; is_run && i < sizeof(run) / sizeof(run[0]); i++)
        table[n++] = run[i];
    table[n] = (struct arg){0};
}

static void print_help(const char *command, const struct arg *table)
{
    static const struct {
        const char *command, *text;
    } texts[] = {
        {"run",
            "Deploys the manifest's network, runs its workloads, judges its expectations,\n"
            "clears everything away, and leaves a report in a run directory.\n"
            "\nUsage\n  assay run MANIFEST [OPTIONS]\n"
            "\nExamples\n  assay run demo.ini\n"
            "  assay run demo.ini --duration 5m --seed 42 --json | jq .outcome\n"
            "\nCtrl-C ends a run in good order, with a report; a second one at once.\n"},
        {"check",
            "Reads a manifest, finds and loads its plugins, and reports every problem at\n"
            "once, with file, line and the nearest known name. Starts nothing.\n"
            "\nUsage\n  assay check MANIFEST [OPTIONS]\n"},
        {"explain",
            "Prints the manifest as assay understands it: every option of every section\n"
            "with its value and where that came from.\n"
            "\nUsage\n  assay explain MANIFEST [OPTIONS]\n"},
    };

    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        if (strcmp(texts[i].command, command) == 0)
            (void)printf("%s", texts[i].text);
    }
    args_help(table);
    if (strcmp(command, "run") == 0)
        (void)printf("%s", exit_codes_text);
}

/* --seed and --duration as assignments; the strs own the texts. */
static bool add_shorthand(struct line *line, const char *key, const char *value, struct str *text)
{
    const char *word;

    if (!value)
        return true;
    (void)str_appendf(text, "run.%s=%s", key, value);
    word = str_text(text);
    return !text->status && vec_push(&line->sets, &word) == ASSAY_OK;
}

/* -1: go on; else the exit code. */
static int parse_line(const char *command, char **argv, struct line *line)
{
    struct arg table[TABLE_MAX];

    fill_table(table, line, strcmp(command, "run") == 0);
    switch (args_parse(command, table, &line->words, argv)) {
    case ARGS_HELP:
        print_help(command, table);
        return EXIT_CODE_PASS;
    case ARGS_WRONG:
        return EXIT_CODE_USAGE;
    case ARGS_OK:
        break;
    }
    if (line->words.count == 1)
        return -1;
    if (line->words.count == 0)
        (void)fprintf(stderr, "assay: which manifest? For example `assay %s demo.ini`\n", command);
    else
        (void)fprintf(stderr, "assay: one manifest at a time, not '%s' and '%s'\n",
            *(const char **)vec_at(&line->words, 0), *(const char **)vec_at(&line->words, 1));
    return EXIT_CODE_USAGE;
}

static void fill_options(struct line *line, struct front_options *options)
{
    *options = (struct front_options){.path = *(const char **)vec_at(&line->words, 0),
        .sets = args_list(&line->sets),
        .plugin_directories = args_list(&line->plugin_directories),
        .runs_directory = line->output,
        .run_directory = line->directory,
        .is_quiet = line->is_quiet || line->is_json,
        .allow_untrusted = line->allow_untrusted,
        .strict_imports = line->strict_imports};
}

static int print_verdict(const char *directory)
{
    struct file_text text = {0};
    struct error err = {0};
    auto_free char *path = path_join(directory, "verdict.json");

    if (!path || file_read(path, VERDICT_SIZE_MAX, &text, &err) ||
        file_write_fd(STDOUT_FILENO, text.data, text.size, &err)) {
        free(text.data);
        (void)fprintf(stderr, "assay: %s\n", err.text);
        return EXIT_CODE_ERROR;
    }
    free(text.data);
    return EXIT_CODE_PASS;
}

/* What never got as far as a run: the user's to mend, or ours. */
static int exit_code_of(const struct error *err)
{
    return err->code == ASSAY_E_INVALID ? EXIT_CODE_USAGE : EXIT_CODE_ERROR;
}

static int run(struct line *line)
{
    struct front_options options;
    struct launch_result result = {0};
    struct error err = {0};

    fill_options(line, &options);
    if (line->limit && parse_span(line->limit, &options.limit, &err)) {
        (void)fprintf(stderr, "assay: --limit: %s\n", err.text);
        return EXIT_CODE_USAGE;
    }
    if (front_run(&options, &result, &err)) {
        (void)fprintf(stderr, "assay: %s\n", err.text);
        /* Denied is a run directory that somebody else has, or that we may not write. */
        return err.code == ASSAY_E_DENIED ? EXIT_CODE_USAGE : EXIT_CODE_ERROR;
    }
    if (line->is_json && result.run_directory && print_verdict(result.run_directory))
        result.exit_code = EXIT_CODE_ERROR;
    free(result.run_directory);
    return result.exit_code;
}

int command_run(char **argv)
{
    struct line line;
    auto_str struct str seed = STR_INIT(256);
    auto_str struct str duration = STR_INIT(256);
    int exit_code;

    line_init(&line);
    exit_code = parse_line("run", argv, &line);
    if (exit_code < 0 && add_shorthand(&line, "seed", line.seed, &seed) &&
        add_shorthand(&line, "duration", line.duration, &duration))
        exit_code = run(&line);
    else if (exit_code < 0)
        exit_code = EXIT_CODE_USAGE;
    line_done(&line);
    return exit_code;
}

static int look_at_manifest(const char *command, char **argv, enum front_mode mode)
{
    struct line line;
    struct front_options options;
    struct error err = {0};
    int exit_code;

    line_init(&line);
    exit_code = parse_line(command, argv, &line);
    if (exit_code < 0) {
        fill_options(&line, &options);
        if (front_check(&options, mode, &exit_code, &err)) {
            (void)fprintf(stderr, "assay: %s\n", err.text);
            exit_code = exit_code_of(&err);
        } else if (mode == FRONT_CHECK && exit_code == EXIT_CODE_PASS) {
            (void)printf("%s: valid; run it with `assay run %s`\n", options.path, options.path);
        }
    }
    line_done(&line);
    return exit_code;
}

int command_check(char **argv)
{
    return look_at_manifest("check", argv, FRONT_CHECK);
}

int command_explain(char **argv)
{
    return look_at_manifest("explain", argv, FRONT_EXPLAIN);
}

/* assay plugins list, describe, check. None runs a plugin's code in this process. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "framework/base/json_out.h"
#include "framework/plugin/catalogue.h"
#include "framework/plugin/inspect.h"
#include "framework/run/launch.h"
#include "framework/run/outcome.h"
#include "runners/args.h"
#include "runners/commands.h"

enum {
    JSON_MAX = 16 * 1024 * 1024
};

struct plugins_line {
    struct vec words, directories;
    bool is_json, allow_untrusted, strict_imports;
};

static void print_help(const struct arg *table)
{
    (void)printf("Plugins are shared objects found in directories: those given with --plugin-dir,\n"
                 "those of ASSAY_PLUGIN_PATH, and the one that belongs to this program.\n"
                 "\nUsage\n"
                 "  assay plugins list                 which there are, without running any\n"
                 "  assay plugins describe ID|FILE     what it does, and all its options\n"
                 "  assay plugins check [ID|FILE]...   can they be loaded? (default: all)\n"
                 "\nExamples\n"
                 "  assay plugins describe assay.transactions\n"
                 "  assay plugins check ./build/acme.tx-burst.so\n");
    args_help(table);
}

static int fail(const struct error *err)
{
    (void)fprintf(stderr, "assay: %s\n", err->text);
    return EXIT_CODE_USAGE;
}

static assay_status open_catalogue(
    struct plugins_line *line, struct catalogue **out, struct error *err)
{
    const struct catalogue_options options = {
        .directories = args_list(&line->directories), .allow_untrusted = line->allow_untrusted};

    return catalogue_new(&options, out, err);
}

/* ---- list ---- */

static void print_entry(const struct catalogue_entry *entry)
{
    if (entry->problem)
        (void)printf(
            "  %-34s PROBLEM: %s\n", entry->id[0] ? entry->id : entry->path, entry->problem);
    else
        (void)printf("  %-34s %-8s %s\n", entry->id, entry->version, entry->summary);
}

static void print_list(const struct vec *entries)
{
    static const uint32_t kinds[] = {
        ASSAY_SYSTEM, ASSAY_DEPLOYER, ASSAY_WORKLOAD, ASSAY_EXPECTATION, 0};

    for (size_t k = 0; k < sizeof(kinds) / sizeof(kinds[0]); k++) {
        bool has_title = false;

        VEC_EACH(struct catalogue_entry, entry, entries) {
            if (entry->kind != kinds[k])
                continue;
            if (!has_title)
                (void)printf("%s%s\n", kinds[k] ? plugin_kind_name(kinds[k]) : "file",
                    kinds[k] ? "s" : "s that are no plugins");
            has_title = true;
            print_entry(entry);
        }
    }
}

static int print_list_json(const struct vec *entries)
{
    auto_str struct str text = STR_INIT(JSON_MAX);
    struct json_out json;

    json_out_init(&json, &text, JSON_PRETTY);
    json_out_begin(&json, NULL, '[');
    VEC_EACH(struct catalogue_entry, entry, entries) {
        json_out_begin(&json, NULL, '{');
        json_out_text(&json, "id", entry->id);
        json_out_text(&json, "kind", entry->kind ? plugin_kind_name(entry->kind) : NULL);
        json_out_text(&json, "version", entry->version);
        json_out_text(&json, "summary", entry->summary);
        json_out_text(&json, "path", entry->path);
        json_out_text(&json, "problem", entry->problem);
        json_out_end(&json, '}');
    }
    json_out_end(&json, ']');
    if (text.status)
        return EXIT_CODE_ERROR;
    (void)fputs(str_text(&text), stdout);
    return EXIT_CODE_PASS;
}

static int list(struct plugins_line *line)
{
    auto_catalogue struct catalogue *catalogue = NULL;
    auto_catalogue_entries struct vec entries = {0};
    struct error err = {0};

    if (open_catalogue(line, &catalogue, &err) || catalogue_list(catalogue, &entries, &err))
        return fail(&err);
    if (line->is_json)
        return print_list_json(&entries);
    print_list(&entries);
    (void)fprintf(stderr, "\nlooked in:");
    for (size_t i = 0; i < catalogue_directory_count(catalogue); i++)
        (void)fprintf(stderr, " %s", catalogue_directory(catalogue, i));
    (void)fprintf(stderr, "\n`assay plugins describe ID` shows a plugin's options.\n");
    return EXIT_CODE_PASS;
}

/* ---- describe and check ---- */

/* A path when it has a slash, else an id. */
static assay_status find_file(
    struct catalogue *catalogue, const char *word, char **out, struct error *err)
{
    auto_free char *id = NULL;

    if (strchr(word, '/')) {
        *out = str_format("%s", word);
        return *out ? ASSAY_OK : error_nomem(err);
    }
    id = strchr(word, '.') ? str_format("%s", word) : str_format("assay.%s", word);
    if (!id)
        return error_nomem(err);
    return catalogue_find(catalogue, id, 0, out, err);
}

static assay_status inspect(
    const struct plugins_line *line, const char *path, char **out, struct error *err)
{
    auto_free char *worker = NULL;
    const assay_status status = launch_find_program("assay-worker", &worker, err);
    const struct inspect_request request = {.program = worker,
        .path = path,
        .as_json = line->is_json,
        .allow_untrusted = line->allow_untrusted,
        .strict_imports = line->strict_imports};

    return status ? status : plugin_inspect(&request, out, err);
}

static int describe(struct plugins_line *line)
{
    auto_catalogue struct catalogue *catalogue = NULL;
    struct error err = {0};

    if (line->words.count < 2) {
        (void)fprintf(stderr, "assay: describe what? `assay plugins list` shows what there is\n");
        return EXIT_CODE_USAGE;
    }
    if (open_catalogue(line, &catalogue, &err))
        return fail(&err);
    for (size_t i = 1; i < line->words.count; i++) {
        auto_free char *path = NULL;
        auto_free char *text = NULL;

        if (find_file(catalogue, *(const char **)vec_at(&line->words, i), &path, &err) ||
            inspect(line, path, &text, &err))
            return fail(&err);
        (void)fputs(text, stdout);
    }
    return EXIT_CODE_PASS;
}

static int check_file(const struct plugins_line *line, const char *path)
{
    auto_free char *text = NULL;
    struct error err = {0};

    if (inspect(line, path, &text, &err) == ASSAY_OK) {
        (void)printf("ok       %s\n", path);
        return EXIT_CODE_PASS;
    }
    (void)printf("PROBLEM  %s\n         %s\n", path, err.text);
    return EXIT_CODE_USAGE;
}

static int check_all(struct plugins_line *line, struct catalogue *catalogue)
{
    auto_catalogue_entries struct vec entries = {0};
    struct error err = {0};
    const char *last = "";
    int worst = EXIT_CODE_PASS;

    if (catalogue_list(catalogue, &entries, &err))
        return fail(&err);
    VEC_EACH(struct catalogue_entry, entry, &entries) {
        if (strcmp(entry->path, last) != 0 && check_file(line, entry->path) != EXIT_CODE_PASS)
            worst = EXIT_CODE_USAGE;
        last = entry->path;
    }
    return worst;
}

static int check(struct plugins_line *line)
{
    auto_catalogue struct catalogue *catalogue = NULL;
    struct error err = {0};
    int worst = EXIT_CODE_PASS;

    if (open_catalogue(line, &catalogue, &err))
        return fail(&err);
    if (line->words.count < 2)
        return check_all(line, catalogue);
    for (size_t i = 1; i < line->words.count; i++) {
        auto_free char *path = NULL;

        if (find_file(catalogue, *(const char **)vec_at(&line->words, i), &path, &err))
            worst = fail(&err);
        else if (check_file(line, path) != EXIT_CODE_PASS)
            worst = EXIT_CODE_USAGE;
    }
    return worst;
}

/* ---- */

static int act(struct plugins_line *line)
{
    static const struct command actions[] = {
        {"list", NULL, NULL}, {"describe", NULL, NULL}, {"check", NULL, NULL}, {NULL, NULL, NULL}};
    const char *action = line->words.count > 0 ? *(const char **)vec_at(&line->words, 0) : "list";

    if (strcmp(action, "list") == 0)
        return list(line);
    if (strcmp(action, "describe") == 0)
        return describe(line);
    if (strcmp(action, "check") == 0)
        return check(line);
    command_suggest("plugins command", action, actions, "plugins --help");
    return EXIT_CODE_USAGE;
}

int command_plugins(char **argv)
{
    struct plugins_line line = {0};
    const struct arg table[] = {
        {0, "plugin-dir", "DIR", "Look for plugins here first; may be repeated.", ARG_LIST,
            &line.directories},
        {0, "json", NULL, "For programs.", ARG_FLAG, &line.is_json},
        {0, "allow-untrusted-plugins", NULL, "Look into files that others could have replaced.",
            ARG_FLAG, &line.allow_untrusted},
        {0, "strict-imports", NULL, "Take going around the host's services as a problem.", ARG_FLAG,
            &line.strict_imports},
        {0}};
    int exit_code = EXIT_CODE_USAGE;

    args_list_init(&line.words);
    args_list_init(&line.directories);
    switch (args_parse("plugins", table, &line.words, argv)) {
    case ARGS_OK:
        exit_code = act(&line);
        break;
    case ARGS_HELP:
        print_help(table);
        exit_code = EXIT_CODE_PASS;
        break;
    case ARGS_WRONG:
        break;
    }
    vec_done(&line.words);
    vec_done(&line.directories);
    return exit_code;
}

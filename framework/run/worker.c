#include "framework/run/worker.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "framework/base/file.h"
#include "framework/base/log.h"
#include "framework/base/mem.h"
#include "framework/plugin/inspect.h"
#include "framework/run/outcome.h"

enum {
    MANIFEST_SIZE_MAX = 8 * 1024 * 1024
};

/* ---- options ---- */

static bool has_flag(const char *flags, const char *flag)
{
    const size_t length = strlen(flag);

    while (flags && *flags != '\0') {
        const size_t word = strcspn(flags, ",");

        if (word == length && memcmp(flags, flag, length) == 0)
            return true;
        flags += word + (flags[word] == ',');
    }
    return false;
}

/* Splits at colons into a list with NULL at the end. */
static char **split_directories(const char *text)
{
    size_t count = 1;
    char **list;

    for (const char *c = text; *c != '\0'; c++)
        count += *c == ':';
    list = mem_new_array(count + 1, sizeof(*list));
    for (size_t i = 0; list && *text != '\0';) {
        const size_t length = strcspn(text, ":");

        if (length > 0) {
            list[i] = mem_dup_n(text, length);
            if (!list[i++]) {
                for (size_t j = 0; j < i; j++)
                    free(list[j]);
                free(list);
                return NULL;
            }
        }
        text += length + (text[length] == ':');
    }
    return list;
}

assay_status worker_options_read(struct worker_options *out)
{
    const char *directories = getenv(WORKER_ENV_PLUGIN_DIRECTORIES);
    const char *flags = getenv(WORKER_ENV_FLAGS);

    *out = (struct worker_options){.is_quiet = has_flag(flags, WORKER_FLAG_QUIET),
        .plan.allow_untrusted = has_flag(flags, WORKER_FLAG_ALLOW_UNTRUSTED),
        .plan.strict_imports = has_flag(flags, WORKER_FLAG_STRICT_IMPORTS)};
    if (directories) {
        out->directories = split_directories(directories);
        if (!out->directories)
            return ASSAY_E_NOMEM;
        out->plan.plugin_directories = (const char *const *)out->directories;
    }
    return ASSAY_OK;
}

void worker_options_done(struct worker_options *options)
{
    for (char **directory = options->directories; directory && *directory; directory++)
        free(*directory);
    free(options->directories);
    *options = (struct worker_options){0};
}

/* ---- --check ---- */

struct check {
    const char *path;
    const char **sets; /* NULL at the end */
    bool is_explain;
};

static bool parse_check(int argc, char **argv, struct check *check)
{
    size_t set_count = 0;

    check->sets = mem_new_array((size_t)argc + 1, sizeof(*check->sets));
    for (int i = 2; check->sets && i < argc; i++) {
        if (strcmp(argv[i], "--explain") == 0)
            check->is_explain = true;
        else if (strcmp(argv[i], "--set") == 0 && i + 1 < argc)
            check->sets[set_count++] = argv[++i];
        else if (!check->path)
            check->path = argv[i];
        else
            return false;
    }
    return check->sets && check->path;
}

static void print_problems(const struct plan *plan)
{
    auto_str struct str text = STR_INIT(MANIFEST_SIZE_MAX);

    (void)problems_write(&plan->problems, &text);
    (void)file_write_fd(STDERR_FILENO, str_text(&text), text.len, NULL);
}

/* The manifest, expanded for the run or explained for people. */
static int print_manifest(const struct plan *plan, const struct check *check)
{
    auto_str struct str text = STR_INIT(MANIFEST_SIZE_MAX);
    struct error err = {0};
    assay_status status;

    if (check->is_explain)
        status = manifest_explain(&plan->manifest, &text);
    else
        status = manifest_write(&plan->manifest, &text);
    if (!status)
        status = file_write_fd(check->is_explain ? STDOUT_FILENO : WORKER_MANIFEST_FD,
            str_text(&text), text.len, &err);
    if (!status)
        return EXIT_CODE_PASS;
    (void)dprintf(STDERR_FILENO, "assay: the expanded manifest cannot be written: %s\n",
        err.text[0] ? err.text : status_text(status));
    return EXIT_CODE_ERROR;
}

static int check_manifest(int argc, char **argv, const struct worker_options *options)
{
    struct check check = {0};
    struct plan plan;
    int exit_code = EXIT_CODE_USAGE;

    if (!parse_check(argc, argv, &check)) {
        free(check.sets);
        (void)dprintf(STDERR_FILENO, "assay-worker --check: see `assay check --help`\n");
        return EXIT_CODE_USAGE;
    }
    plan_init(&plan);
    if (plan_load(&plan, &(struct plan_source){.path = check.path, .sets = check.sets},
            &options->plan) == ASSAY_OK)
        exit_code = EXIT_CODE_PASS;
    print_problems(&plan); /* warnings too */
    if (exit_code == EXIT_CODE_PASS)
        exit_code = print_manifest(&plan, &check);
    plan_done(&plan);
    free(check.sets);
    return exit_code;
}

/* ---- main ---- */

int worker_main(int argc, char **argv)
{
    const char *mode = argc > 1 ? argv[1] : "";
    struct worker_options options;
    const char *variable;
    int exit_code;

    if (strcmp(mode, "--inspect") == 0)
        return plugin_inspect_main(argc, argv);
    if (argc < 2 || (mode[0] == '-' && strcmp(mode, "--check") != 0)) {
        (void)dprintf(
            STDERR_FILENO, "assay-worker is started by assay, not by hand; try `assay run`\n");
        return EXIT_CODE_USAGE;
    }
    variable = log_level_from_environment();
    if (variable)
        (void)dprintf(STDERR_FILENO,
            "assay: %s is not understood; use error, warn, info or debug\n", variable);
    if (worker_options_read(&options))
        return EXIT_CODE_ERROR;
    if (strcmp(mode, "--check") == 0)
        exit_code = check_manifest(argc, argv, &options);
    else
        exit_code = worker_run(argv[1], &options);
    worker_options_done(&options);
    return exit_code;
}

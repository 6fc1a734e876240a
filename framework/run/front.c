#include "framework/run/front.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "framework/base/file.h"
#include "framework/base/mem.h"
#include "framework/base/path.h"
#include "framework/base/str.h"
#include "framework/config/manifest.h"
#include "framework/run/outcome.h"
#include "framework/run/spawn.h"

enum {
    MANIFEST_SIZE_MAX = 8 * 1024 * 1024,
    ENVIRONMENT_SIZE_MAX = 64 * 1024,
    ADDITIONS = 3 /* entries in front_environment, with the NULL */
};

/* ---- what the worker is told through its environment ---- */

struct front_environment {
    struct str directories, flags;
    const char *list[ADDITIONS];
};

static void add_flag(struct str *flags, bool is_set, const char *flag)
{
    if (is_set)
        (void)str_appendf(flags, "%s,", flag);
}

static assay_status make_environment(
    const struct front_options *options, struct front_environment *out)
{
    str_init(&out->directories, ENVIRONMENT_SIZE_MAX);
    str_init(&out->flags, ENVIRONMENT_SIZE_MAX);
    (void)str_append(&out->directories, WORKER_ENV_PLUGIN_DIRECTORIES "=");
    for (const char *const *directory = options->plugin_directories; directory && *directory;
         directory++)
        (void)str_appendf(&out->directories, "%s:", *directory);
    (void)str_append(&out->flags, WORKER_ENV_FLAGS "=");
    add_flag(&out->flags, options->is_quiet, WORKER_FLAG_QUIET);
    add_flag(&out->flags, options->allow_untrusted, WORKER_FLAG_ALLOW_UNTRUSTED);
    add_flag(&out->flags, options->strict_imports, WORKER_FLAG_STRICT_IMPORTS);
    out->list[0] = str_text(&out->directories);
    out->list[1] = str_text(&out->flags);
    out->list[2] = NULL;
    return out->directories.status ? out->directories.status : out->flags.status;
}

static void environment_done(struct front_environment *environment)
{
    str_done(&environment->directories);
    str_done(&environment->flags);
}

/* ---- the check in a child ---- */

struct check {
    const struct front_options *options;
    enum front_mode mode;
    const char *worker;
    char *manifest; /* the answer: the expanded manifest, when all is well */
    int exit_code;
};

/* NULL without memory; the caller frees it, but not what it points to. */
static const char **check_words(const struct check *check)
{
    size_t sets = 0, n = 0;
    const char **words;

    for (const char *const *set = check->options->sets; set && *set; set++)
        sets++;
    words = mem_new_array(2 * sets + 5, sizeof(*words));
    if (!words)
        return NULL;
    words[n++] = check->worker;
    words[n++] = "--check";
    if (check->mode == FRONT_EXPLAIN)
        words[n++] = "--explain";
    for (size_t i = 0; i < sets; i++) {
        words[n++] = "--set";
        words[n++] = check->options->sets[i];
    }
    words[n] = check->options->path;
    return words;
}

static pid_t start_check(const struct check *check, int answer_fd, struct error *err)
{
    struct front_environment additions = {0};
    struct spawn_failure failure;
    const int descriptors[] = {answer_fd};
    auto_free const char **words = check_words(check);
    auto_free const char **env = NULL;
    struct spawn spawn = {.argv = words, .descriptors = descriptors, .descriptor_count = 1};
    pid_t pid = -1;

    if (words && make_environment(check->options, &additions) == ASSAY_OK)
        env = spawn_environment(additions.list, (const char *const *)environ);
    if (!env) {
        (void)error_nomem(err);
    } else {
        spawn.env = env;
        pid = spawn_process(&spawn, &failure);
        if (pid < 0)
            (void)error_errno(
                err, failure.error_number, "%s: %s", check->worker, spawn_step_text(failure.step));
    }
    environment_done(&additions);
    return pid;
}

static assay_status wait_for_check(pid_t pid, struct check *check, struct error *err)
{
    int status;

    while (waitpid(pid, &status, 0) < 0) {
        if (errno != EINTR)
            return error_errno(err, errno, "waiting for %s", check->worker);
    }
    if (WIFSIGNALED(status))
        return error_set(err, ASSAY_E_INTERNAL,
            "checking %s crashed (SIG%s): a plugin that it names breaks while it is loaded; find "
            "out which with `assay plugins check`",
            check->options->path, sigabbrev_np(WTERMSIG(status)));
    check->exit_code = WEXITSTATUS(status);
    if (check->exit_code != EXIT_CODE_PASS && check->exit_code != EXIT_CODE_USAGE)
        return error_set(err, ASSAY_E_INTERNAL,
            "checking %s ended with exit code %d: a plugin that it names ends the process while it "
            "is loaded; find out which with `assay plugins check`",
            check->options->path, check->exit_code);
    return ASSAY_OK;
}

/* Takes the descriptor: a child that goes on writing must learn that nobody reads any more. */
static assay_status read_answer(int fd, struct check *check, struct error *err)
{
    const auto_fd int answer = fd;
    struct file_text text = {0};
    const assay_status status = file_read_fd(answer, MANIFEST_SIZE_MAX, &text, err);

    check->manifest = text.data;
    return status;
}

/* Starts the child, reads its answer, waits for its end. */
static assay_status run_check(struct check *check, struct error *err)
{
    int ends[2];
    assay_status status;
    pid_t pid;

    if (pipe2(ends, O_CLOEXEC) != 0)
        return error_errno(err, errno, "a pipe");
    pid = start_check(check, ends[1], err);
    (void)close(ends[1]);
    if (pid < 0) {
        (void)close(ends[0]);
        return err ? err->code : ASSAY_E_IO;
    }
    status = read_answer(ends[0], check, err);
    if (status) {
        (void)wait_for_check(pid, check, NULL);
        return status;
    }
    return wait_for_check(pid, check, err);
}

/* The list of directories reaches the worker with colons between. */
static assay_status check_directories(const struct front_options *options, struct error *err)
{
    for (const char *const *directory = options->plugin_directories; directory && *directory;
         directory++) {
        if (strchr(*directory, ':'))
            return error_set(err, ASSAY_E_INVALID,
                "plugin directory %s: its name has a colon, which separates directories; rename "
                "it, or reach it through another path",
                *directory);
    }
    return ASSAY_OK;
}

static assay_status check_with(
    const struct front_options *options, enum front_mode mode, struct check *out, struct error *err)
{
    auto_free char *worker = NULL;
    assay_status status = check_directories(options, err);

    *out = (struct check){.options = options, .mode = mode, .exit_code = EXIT_CODE_ERROR};
    if (!status)
        status = launch_find_program("assay-worker", &worker, err);
    out->worker = worker;
    if (!status)
        status = run_check(out, err);
    out->worker = NULL;
    return status;
}

assay_status front_check(const struct front_options *options, enum front_mode mode,
    int *out_exit_code, struct error *err)
{
    struct check check;
    const assay_status status = check_with(options, mode, &check, err);

    free(check.manifest);
    if (!status)
        *out_exit_code = check.exit_code;
    return status;
}

/* ---- the run ---- */

static void say(void *context, const char *text)
{
    (void)context;
    (void)dprintf(STDERR_FILENO, "assay: %s\n", text);
}

/* The scenario's name and seed, from the expanded manifest, which the child has found valid. */
static void read_identity(const char *text, struct manifest *manifest, struct ini *ini)
{
    struct problems problems;
    struct file_text content = {.data = (char *)(uintptr_t)text, .size = strlen(text)};

    problems_init(&problems);
    ini_read_text(ini, "manifest", &content, &problems);
    manifest_read(manifest, ini, &problems);
    problems_done(&problems);
}

static assay_status launch(const struct front_options *options, const char *manifest,
    const char *original, struct launch_result *result, struct error *err)
{
    struct front_environment additions = {0};
    auto_manifest struct manifest parsed;
    auto_ini struct ini ini;
    assay_status status;

    ini_init(&ini);
    manifest_init(&parsed);
    read_identity(manifest, &parsed, &ini);
    status = make_environment(options, &additions);
    if (status) {
        environment_done(&additions);
        return error_nomem(err);
    }
    status = run_launch(&(struct launch_options){.name = parsed.run.name ? parsed.run.name : "run",
                            .manifest = manifest,
                            .original = original,
                            .seed = parsed.run.seed,
                            .runs_directory = options->runs_directory,
                            .run_directory = options->run_directory,
                            .environment = additions.list,
                            .limit = options->limit,
                            .forwards_signals = true,
                            .owns_children = !options->is_library,
                            .notice = options->is_quiet ? NULL : say},
        result, err);
    environment_done(&additions);
    return status;
}

/* Who asked for quiet wants no running commentary, but would not like to find out by the bill. Without
   quiet the supervisor has said it. */
static void tell_leftovers(const struct front_options *options, const struct launch_result *result)
{
    if (result->has_leftovers && options->is_quiet && !options->is_library)
        (void)dprintf(STDERR_FILENO,
            "assay: something is left of this run; `assay clean --run %s` tries again\n",
            result->run_id);
}

/* What the worker would have printed, had it lived. */
static void print_summary(const struct launch_result *result)
{
    auto_free char *path = path_join(result->run_directory, "summary.txt");
    struct file_text text = {0};

    if (path && file_read(path, MANIFEST_SIZE_MAX, &text, NULL) == ASSAY_OK)
        (void)file_write_fd(STDOUT_FILENO, text.data, text.size, NULL);
    free(text.data);
}

assay_status front_run(
    const struct front_options *options, struct launch_result *result, struct error *err)
{
    struct check check;
    struct file_text original = {0};
    assay_status status = check_with(options, FRONT_CHECK, &check, err);

    *result = (struct launch_result){.exit_code = check.exit_code};
    if (!status && check.exit_code == EXIT_CODE_PASS) {
        (void)file_read(options->path, MANIFEST_SIZE_MAX, &original, NULL);
        status = launch(options, check.manifest, original.data, result, err);
        if (!status && result->is_unreported && !options->is_quiet)
            print_summary(result);
        if (!status)
            tell_leftovers(options, result);
    }
    free(original.data);
    free(check.manifest);
    return status;
}

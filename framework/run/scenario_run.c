/* assay_scenario_run: a scenario built in C, run as a manifest is. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "framework/base/file.h"
#include "framework/base/number.h"
#include "framework/base/path.h"
#include "framework/config/builder.h"
#include "framework/run/front.h"
#include "framework/run/outcome.h"

enum {
    VERDICT_SIZE_MAX = 64 * 1024 * 1024
};

/* The manifest as a file that needs no name and no clearing away. */
static assay_status manifest_file(const char *text, int *out_fd, struct error *err)
{
    auto_fd int fd = memfd_create("manifest", 0); /* the child that checks it inherits it */
    assay_status status;

    if (fd < 0)
        return error_errno(err, errno, "a file in memory");
    status = file_write_fd(fd, text, strlen(text), err);
    if (!status)
        *out_fd = take_fd(&fd);
    return status;
}

/* The outcome that verdict.json opens with: its first member of that name is the run's. */
static uint32_t verdict_in(const char *directory)
{
    static const struct {
        const char *text;
        uint32_t verdict;
    } names[] = {
        {"\"pass\"", ASSAY_PASS}, {"\"fail\"", ASSAY_FAIL}, {"\"vacuous\"", ASSAY_VACUOUS}};
    static const char key[] = "\"outcome\": ";
    struct file_text text = {0};
    auto_free char *path = path_join(directory, "verdict.json");
    uint32_t verdict = ASSAY_UNDECIDED;
    const char *at;

    if (!path || file_read(path, VERDICT_SIZE_MAX, &text, NULL))
        return 0;
    at = strstr(text.data, key);
    for (size_t i = 0; at && i < ARRAY_COUNT(names); i++) {
        if (strncmp(at + strlen(key), names[i].text, strlen(names[i].text)) == 0)
            verdict = names[i].verdict;
    }
    free(text.data);
    return verdict;
}

/* The reason that summary.txt opens with: "fail      name: reason", where a name has no colon. */
static void read_reason(const char *directory, char *out, size_t size)
{
    struct file_text text = {0};
    auto_free char *path = path_join(directory, "summary.txt");
    char *rest;

    if (!path || file_read(path, VERDICT_SIZE_MAX, &text, NULL))
        return;
    rest = text.data;
    rest = strstr(strsep(&rest, "\n"), ": ");
    if (rest)
        (void)snprintf(out, size, "%s", rest + 2);
    free(text.data);
}

static void give_result(const struct launch_result *launched, assay_run_result *out)
{
    assay_run_result mine = {.struct_size = sizeof(mine),
        .exit_code = launched->exit_code,
        .outcome = launched->run_directory ? verdict_in(launched->run_directory) : 0,
        .has_leftovers = launched->has_leftovers};
    const size_t size = out->struct_size < sizeof(mine) ? out->struct_size : sizeof(mine);

    (void)snprintf(mine.directory, sizeof(mine.directory), "%s",
        launched->run_directory ? launched->run_directory : "");
    if (launched->run_directory)
        read_reason(launched->run_directory, mine.reason, sizeof(mine.reason));
    if (launched->run_directory && mine.outcome == 0)
        (void)snprintf(mine.reason, sizeof(mine.reason),
            "no verdict could be written to %.700s: see that it is there, writable and has room",
            launched->run_directory);
    mine.struct_size = out->struct_size;
    memcpy(out, &mine, size);
}

static assay_status fail(assay_scenario *s, const struct error *err)
{
    problems_add_error(&s->found, NULL, err);
    scenario_show_problems(s);
    return err->code;
}

static void take_options(const assay_run_options *given, struct front_options *front)
{
    assay_run_options options = {0};

    if (given)
        memcpy(&options, given,
            given->struct_size < sizeof(options) ? given->struct_size : sizeof(options));
    front->runs_directory = options.directory;
    front->plugin_directories = options.plugin_directories;
    front->is_quiet = (options.flags & ASSAY_RUN_QUIET) != 0;
    front->allow_untrusted = (options.flags & ASSAY_RUN_ALLOW_UNTRUSTED) != 0;
}

assay_status assay_scenario_run(
    assay_scenario *s, const assay_run_options *options, assay_run_result *result)
{
    struct front_options front = {.is_library = true};
    struct launch_result launched = {.exit_code = EXIT_CODE_USAGE};
    struct error err = {0};
    char path[64];
    auto_fd int fd = -1;
    assay_status status;

    give_result(&launched, result);
    status = assay_scenario_build(s);
    if (status)
        return status;
    status = manifest_file(assay_scenario_manifest(s), &fd, &err);
    if (status)
        return fail(s, &err);
    (void)snprintf(path, sizeof(path), "/proc/%ld/fd/%d", (long)getpid(), fd);
    front.path = path;
    take_options(options, &front);
    status = front_run(&front, &launched, &err);
    give_result(&launched, result);
    free(launched.run_directory);
    if (status)
        return fail(s, &err);
    if (launched.exit_code == EXIT_CODE_USAGE) {
        (void)error_set(&err, ASSAY_E_INVALID,
            "the scenario is not valid; the problems have been printed on standard error");
        return fail(s, &err);
    }
    return ASSAY_OK;
}

#include "framework/host/commands.h"

#include <fcntl.h>
#include <signal.h>
#include <string.h>

#include "framework/base/file.h"
#include "framework/base/mem.h"
#include "framework/base/path.h"
#include "framework/base/str.h"
#include "framework/host/deployment_state.h"
#include "framework/host/program.h"
#include "framework/host/state.h"

/* argv with its program's path in front instead of its name, and where it runs. */
struct command {
    const char *words[EXEC_WORDS_MAX + 1];
    char *program;
    const char *directory, *output;
};

static assay_status command_read(
    const assay_host *table, const char *const *argv, struct command *out)
{
    struct error err = {0};
    size_t count = 0;
    assay_status s = ASSAY_OK;

    while (argv && argv[count] && count < EXEC_WORDS_MAX)
        count++;
    if (count == 0 || argv[count])
        return instance_fail(
            table, ASSAY_E_INVALID, "a command has 1 to %d words", EXEC_WORDS_MAX - 1);
    s = program_find(NULL, argv[0], &out->program, &err);
    if (s)
        return instance_fail(table, s, "%s", err.text);
    memcpy(out->words, argv, (count + 1) * sizeof(*argv));
    out->words[0] = out->program;
    return ASSAY_OK;
}

assay_status command_undo(const assay_host *table, const char *const *argv)
{
    const struct deployment *deployment = host_of(table)->deployment;
    auto_free struct command *command = mem_new(sizeof(*command));
    struct error err = {0};
    assay_status s = deployment_need_ops(table, "deployment.undo");

    if (s)
        return s;
    if (!command)
        return instance_fail(table, ASSAY_E_NOMEM, "out of memory");
    s = command_read(table, argv, command);
    if (s)
        return s;
    s = deployment->ops->undo(deployment->ops->self, command->words, &err);
    free(command->program);
    return s ? instance_fail(table, s, "deployment.undo: %s", err.text) : s;
}

/* What the command printed, at most EXEC_OUTPUT_MAX, into the task's scratch memory. */
static assay_status output_read(assay_task *task, const char *path, assay_bytes *out)
{
    auto_fd int fd = open(path, O_RDONLY | O_CLOEXEC);
    const off_t size = fd < 0 ? 0 : lseek(fd, 0, SEEK_END);
    const size_t wanted = size > EXEC_OUTPUT_MAX ? EXEC_OUTPUT_MAX : (size_t)(size > 0 ? size : 0);
    char *text = task_scratch(task, wanted + 1);
    size_t used = 0;

    if (!text)
        return ASSAY_E_NOMEM;
    while (used < wanted) {
        const ssize_t n = pread(fd, text + used, wanted - used, (off_t)used);

        if (n <= 0)
            break; /* somebody cut it meanwhile: what there is will do */
        used += (size_t)n;
    }
    text[used] = '\0';
    *out = (assay_bytes){.data = text, .size = used};
    return ASSAY_OK;
}

/* Runs it; a command that is not done in time, or no longer wanted, is killed. */
static assay_status command_run(
    assay_task *task, const struct command *command, assay_ns until, assay_process *out)
{
    struct deployment *deployment = host_of(task_host(task))->deployment;
    uint32_t process = PROCESS_NONE;
    struct error err = {0};
    assay_status s = deployment->ops->start(deployment->ops->self,
        &(struct process_spec){.name = path_base(command->program),
            .argv = command->words,
            .directory = command->directory,
            .output = command->output},
        &process, &err);

    if (s)
        return task_fail(task, s, "%s: %s", command->program, err.text);
    s = deployment_await_end(task, process, until, out);
    if (s == ASSAY_E_TIMEOUT || s == ASSAY_E_CANCELLED)
        (void)deployment->ops->signal(deployment->ops->self, process, SIGKILL, NULL);
    if (s == ASSAY_E_TIMEOUT)
        return task_fail(task, s, "%s was not done in time, and killed", command->program);
    return s;
}

assay_status command_exec_in(assay_task *task, const char *directory, const char *const *argv,
    assay_ns until, int32_t *exit_code, assay_bytes *output)
{
    const assay_host *table = task_host(task);
    struct deployment *deployment = host_of(table)->deployment;
    auto_free struct command *command = mem_new(sizeof(*command));
    auto_free char *path =
        str_format("%s/.command-%u", directory, atomic_fetch_add(&deployment->commands, 1));
    assay_process ended = {.struct_size = sizeof(ended)};
    assay_bytes text = {0};
    assay_status s = deployment_need_ops(table, "exec");

    if (s)
        return s;
    if (!command || !path)
        return task_fail(task, ASSAY_E_NOMEM, "out of memory");
    s = command_read(table, argv, command);
    if (s)
        return s;
    command->directory = directory;
    command->output = path;
    s = command_run(task, command, until, &ended);
    if (!s)
        s = output_read(task, path, &text);
    (void)unlink(path);
    free(command->program);
    if (s)
        return s;
    if (exit_code) /* as a shell says it: 128 and the signal that ended it */
        *exit_code = (int32_t)ended.code + (ended.state == ASSAY_PROCESS_KILLED ? 128 : 0);
    if (output)
        *output = text;
    return ASSAY_OK;
}

assay_status command_exec(assay_task *task, const char *const *argv, assay_ns until,
    int32_t *exit_code, assay_bytes *output)
{
    const char *workspace = host_of(task_host(task))->deployment->workspace;

    if (dir_make(workspace, 0755, NULL))
        return task_fail(task, ASSAY_E_IO, "cannot make %s", workspace);
    return command_exec_in(task, workspace, argv, until, exit_code, output);
}

assay_status command_beside(const assay_host *table, const char *name, const char *const *argv)
{
    const struct deployment *deployment = host_of(table)->deployment;
    auto_free struct command *command = mem_new(sizeof(*command));
    auto_free char *log = NULL;
    uint32_t process = PROCESS_NONE;
    struct error err = {0};
    assay_status s = deployment_need_ops(table, "deployment.beside");

    if (s)
        return s;
    if (!name || !path_is_plain_name(name))
        return instance_fail(table, ASSAY_E_INVALID,
            "deployment.beside: \"%.100s\" cannot be the name of a file", name ? name : "");
    log = str_format("%s/%s.log", deployment->workspace, name);
    if (!command || !log)
        return instance_fail(table, ASSAY_E_NOMEM, "out of memory");
    s = dir_make(deployment->workspace, 0755, &err);
    if (s)
        return instance_fail(table, s, "%s", err.text);
    s = command_read(table, argv, command);
    if (s)
        return s;
    s = deployment->ops->start(deployment->ops->self,
        &(struct process_spec){.name = name,
            .argv = command->words,
            .directory = deployment->workspace,
            .output = log},
        &process, &err);
    free(command->program);
    return s ? instance_fail(table, s, "%s: %s", name, err.text) : s;
}

#include "bench/http_server.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "framework/base/cleanup.h"
#include "framework/base/path.h"

/* Spawns argv with standard output going to a pipe, of which *out_fd is the reading end. */
static assay_status spawn(char *const *argv, pid_t *out_pid, int *out_fd, struct error *err)
{
    posix_spawn_file_actions_t actions;
    auto_fd int reading = -1;
    auto_fd int writing = -1;
    int ends[2];
    int error_number;

    if (pipe2(ends, O_CLOEXEC) != 0)
        return error_errno(err, errno, "making a pipe");
    reading = ends[0];
    writing = ends[1];
    error_number = posix_spawn_file_actions_init(&actions);
    if (error_number)
        return error_errno(err, error_number, "starting %s", argv[0]);
    error_number = posix_spawn_file_actions_adddup2(&actions, writing, STDOUT_FILENO);
    if (!error_number)
        error_number = posix_spawnp(out_pid, argv[0], &actions, NULL, argv, environ);
    (void)posix_spawn_file_actions_destroy(&actions);
    if (error_number)
        return error_errno(err, error_number, "starting %s", argv[0]);
    *out_fd = take_fd(&reading);
    return ASSAY_OK;
}

/* All that comes until the end, or the first line when `line` is set. */
static void read_text(int fd, char *text, size_t size, int line)
{
    size_t at = 0;

    while (at + 1 < size) {
        const ssize_t n = read(fd, text + at, size - 1 - at);

        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            break;
        at += (size_t)n;
        if (line && memchr(text, '\n', at))
            break;
    }
    text[at] = '\0';
}

assay_status bench_server_start(struct bench_server *out, struct error *err)
{
    char self[PATH_MAX];
    auto_free char *path = NULL;
    auto_fd int fd = -1;
    char line[32];
    const ssize_t len = readlink("/proc/self/exe", self, sizeof self - 1);
    assay_status s;

    if (len < 0)
        return error_errno(err, errno, "finding the running program");
    self[len] = '\0';
    *strrchr(self, '/') = '\0';
    path = path_join(self, "bench_stubserver");
    if (!path)
        return error_nomem(err);
    s = spawn((char *const[]){path, NULL}, &out->pid, &fd, err);
    if (s)
        return s;
    read_text(fd, line, sizeof line, 1);
    out->port = (uint16_t)strtoul(line, NULL, 10);
    if (out->port == 0) {
        bench_server_stop(out);
        return error_set(err, ASSAY_E_IO, "%s did not start", path);
    }
    return ASSAY_OK;
}

void bench_server_stop(const struct bench_server *server)
{
    (void)kill(server->pid, SIGKILL);
    while (waitpid(server->pid, NULL, 0) < 0 && errno == EINTR)
        continue;
}

assay_status bench_run(const struct bench_command *command, double *cpu_s, struct error *err)
{
    struct rusage usage = {0};
    auto_fd int fd = -1;
    pid_t pid = -1;
    int status = 0;
    const assay_status s = spawn(command->argv, &pid, &fd, err);

    if (s)
        return s;
    read_text(fd, command->output, command->size, 0);
    while (wait4(pid, &status, 0, &usage) < 0 && errno == EINTR)
        continue;
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
        return error_set(err, ASSAY_E_IO, "%s failed", command->argv[0]);
    *cpu_s = (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
        (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
    return ASSAY_OK;
}

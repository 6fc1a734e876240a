#include "bench/measure.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "framework/base/parse.h"

static pid_t running[BENCH_PROCESSES_MAX]; /* 0: free */

static void replace_running(pid_t old, pid_t with)
{
    for (size_t i = 0; i < BENCH_PROCESSES_MAX; i++) {
        if (running[i] != old)
            continue;
        running[i] = with;
        return;
    }
    bench_die("more than %d processes", BENCH_PROCESSES_MAX);
}

void bench_die(const char *format, ...)
{
    va_list args;

    (void)fprintf(stderr, "%s: ", program_invocation_short_name);
    va_start(args, format);
    (void)vfprintf(stderr, format, args);
    va_end(args);
    (void)fputc('\n', stderr);
    for (size_t i = 0; i < BENCH_PROCESSES_MAX; i++)
        if (running[i] > 0)
            (void)kill(running[i], SIGKILL);
    exit(2);
}

static double read_clock_ms(clockid_t clock)
{
    struct timespec now;

    (void)clock_gettime(clock, &now);
    return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

double bench_now_ms(void)
{
    return read_clock_ms(CLOCK_MONOTONIC);
}

double bench_cpu_ms(void)
{
    return read_clock_ms(CLOCK_PROCESS_CPUTIME_ID);
}

static int compare(const void *a, const void *b)
{
    const double left = *(const double *)a;
    const double right = *(const double *)b;

    return (left > right) - (left < right);
}

double bench_median(double *values, size_t count)
{
    if (count == 0)
        return 0;
    qsort(values, count, sizeof values[0], compare);
    return count % 2 ? values[count / 2] : (values[count / 2 - 1] + values[count / 2]) / 2;
}

unsigned bench_number(const char *text, unsigned min, unsigned max)
{
    struct error err = {.text = ""};
    uint64_t value = 0;

    if (parse_u64_in(text, (struct u64_range){min, max}, &value, &err))
        bench_die("%s", err.text);
    return (unsigned)value;
}

pid_t bench_spawn(const char *const *argv)
{
    posix_spawn_file_actions_t files;
    posix_spawnattr_t how;
    sigset_t all;
    pid_t pid = 0;
    int err = 0;

    (void)sigfillset(&all);
    if (posix_spawn_file_actions_init(&files) || posix_spawnattr_init(&how) ||
        posix_spawn_file_actions_addopen(&files, STDIN_FILENO, "/dev/null", O_RDWR, 0) ||
        posix_spawn_file_actions_adddup2(&files, STDIN_FILENO, STDOUT_FILENO) ||
        posix_spawn_file_actions_adddup2(&files, STDIN_FILENO, STDERR_FILENO) ||
        posix_spawnattr_setflags(&how, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGDEF) ||
        posix_spawnattr_setsigdefault(&how, &all))
        bench_die("no memory to start %s", argv[0]);
    err = posix_spawn(&pid, argv[0], &files, &how, (char *const *)(uintptr_t)argv, environ);
    (void)posix_spawn_file_actions_destroy(&files);
    (void)posix_spawnattr_destroy(&how);
    if (err)
        bench_die("cannot start %s: %s", argv[0], strerror(err));
    replace_running(0, pid);
    return pid;
}

bool bench_has_ended(pid_t pid)
{
    siginfo_t info = {.si_pid = 0};

    return waitid(P_PID, (id_t)pid, &info, WEXITED | WNOHANG | WNOWAIT) == 0 && info.si_pid == pid;
}

int bench_wait(pid_t pid)
{
    int status = 0;

    while (waitpid(pid, &status, 0) < 0)
        if (errno != EINTR)
            bench_die("waiting for process %d: %s", (int)pid, strerror(errno));
    replace_running(pid, 0);
    return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

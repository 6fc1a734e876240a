/* A program to be supervised, in several shapes:

     node tree FILE     itself, a helper child, and a daemon that forked twice, has a session of its
                        own and ignores SIGTERM; each appends its pid to FILE, then waits for ever
     node wait FILE     appends its pid to FILE, then waits for ever
     node stubborn FILE the same, ignoring SIGTERM
     node polite FILE   the same, ending with code 9 on SIGTERM
     node exit CODE     ends at once
     node show          prints what it inherited, then ends
     node touch FILE    makes FILE; an undo command that leaves a trace */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

static void append_pid(const char *path)
{
    const int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
    char line[32];
    const int len = snprintf(line, sizeof line, "%d\n", (int)getpid());

    if (fd < 0 || len < 0 || write(fd, line, (size_t)len) != len)
        _exit(120);
    (void)close(fd);
}

static void wait_for_ever(const char *path)
{
    append_pid(path);
    for (;;)
        (void)pause();
}

static void become_daemon(const char *path)
{
    if (setsid() < 0)
        _exit(121);
    if (fork() != 0)
        _exit(0);
    (void)signal(SIGTERM, SIG_IGN);
    wait_for_ever(path);
}

static void end_politely(int signal_number)
{
    (void)signal_number;
    _exit(9);
}

static int run_tree(const char *path)
{
    if (fork() == 0)
        wait_for_ever(path);
    if (fork() == 0)
        become_daemon(path);
    wait_for_ever(path);
    return 0;
}

static void show_descriptors(void)
{
    DIR *directory = opendir("/proc/self/fd");
    const struct dirent *item = NULL;

    if (!directory)
        return;
    while ((item = readdir(directory)))
        if (item->d_name[0] != '.' && strtol(item->d_name, NULL, 10) != dirfd(directory))
            (void)printf("fd %s\n", item->d_name);
    (void)closedir(directory);
}

static void show_signals(void)
{
    sigset_t blocked;

    (void)sigprocmask(SIG_SETMASK, NULL, &blocked);
    for (int i = 1; i < NSIG; i++) {
        struct sigaction action;

        if (sigismember(&blocked, i) == 1)
            (void)printf("blocked %d\n", i);
        if (sigaction(i, NULL, &action) == 0 && action.sa_handler == SIG_IGN)
            (void)printf("ignored %d\n", i);
    }
}

static int show(void)
{
    char directory[4096];

    show_descriptors();
    show_signals();
    (void)printf("group %s\n", getpgrp() == getpid() ? "own" : "shared");
    (void)printf("directory %s\n", getcwd(directory, sizeof directory));
    (void)printf("marker %s\n", getenv("ASSAY_RUN_ID") ? "set" : "missing");
    (void)printf("socket %s\n", getenv("ASSAY_SUPERVISOR_FD") ? "leaked" : "hidden");
    (void)printf("colour %s\n", getenv("NODE_COLOUR") ? getenv("NODE_COLOUR") : "none");
    return 0;
}

int main(int argc, char **argv)
{
    const char *mode = argc > 1 ? argv[1] : "";
    const char *argument = argc > 2 ? argv[2] : "";

    if (strcmp(mode, "tree") == 0)
        return run_tree(argument);
    if (strcmp(mode, "stubborn") == 0)
        (void)signal(SIGTERM, SIG_IGN);
    if (strcmp(mode, "polite") == 0)
        (void)signal(SIGTERM, end_politely);
    if (strcmp(mode, "stubborn") == 0 || strcmp(mode, "polite") == 0 || strcmp(mode, "wait") == 0)
        wait_for_ever(argument);
    if (strcmp(mode, "exit") == 0)
        return (int)strtol(argument, NULL, 10);
    if (strcmp(mode, "touch") == 0)
        return close(open(argument, O_WRONLY | O_CREAT | O_CLOEXEC, 0644)) == 0 ? 0 : 1;
    if (strcmp(mode, "show") == 0)
        return show();
    return 122;
}

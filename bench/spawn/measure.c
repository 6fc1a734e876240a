#include "measure.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum {
    PATIENCE_MS = 60000
};

int64_t bench_now(void)
{
    struct timespec now = {0};

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

double bench_ms_since(int64_t start_ns)
{
    return (double)(bench_now() - start_ns) / 1e6;
}

/* On loopback a connection is accepted by the kernel or refused at once. */
static bool is_up(size_t index)
{
    const struct sockaddr_in address = {.sin_family = AF_INET,
        .sin_port = htons((uint16_t)(BENCH_PORT_FIRST + index)),
        .sin_addr.s_addr = htonl(BENCH_ADDRESS)};
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const bool is = connect(fd, (const struct sockaddr *)&address, sizeof address) == 0;

    (void)close(fd);
    return is;
}

bool bench_await_stubs(size_t count)
{
    const int64_t start = bench_now();
    size_t up = 0; /* stubs come up in about the order of their start */

    while (up < count) {
        if (is_up(up)) {
            up++;
            continue;
        }
        if (bench_ms_since(start) > PATIENCE_MS)
            return false;
        (void)poll(NULL, 0, 1);
    }
    return true;
}

static bool spawn_all(size_t count, pid_t *pids)
{
    for (size_t i = 0; i < count; i++) {
        char port[32];
        char *const argv[] = {(char[]){STUB_PROGRAM}, port, NULL};

        (void)snprintf(port, sizeof port, "%zu", BENCH_PORT_FIRST + i);
        if (posix_spawn(&pids[i], STUB_PROGRAM, NULL, NULL, argv, environ) != 0)
            return false;
    }
    return true;
}

bool bench_floor(size_t count, struct timing *out)
{
    pid_t *pids = calloc(count, sizeof *pids);
    int64_t start = bench_now();
    bool is_good = pids != NULL && spawn_all(count, pids) && bench_await_stubs(count);

    out->deploy_ms = bench_ms_since(start);
    start = bench_now();
    for (size_t i = 0; pids && i < count; i++)
        if (pids[i] > 0)
            (void)kill(pids[i], SIGKILL);
    for (size_t i = 0; pids && i < count; i++)
        if (pids[i] > 0)
            is_good = waitpid(pids[i], NULL, 0) == pids[i] && is_good;
    out->teardown_ms = bench_ms_since(start);
    free(pids);
    return is_good;
}

static int compare(const void *a, const void *b)
{
    const double left = *(const double *)a;
    const double right = *(const double *)b;

    return (left > right) - (left < right);
}

double bench_median(double *values, size_t count)
{
    qsort(values, count, sizeof *values, compare);
    return count % 2 == 1 ? values[count / 2] : (values[count / 2 - 1] + values[count / 2]) / 2;
}

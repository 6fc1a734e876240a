#include "bench/http_h2load.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "framework/base/file.h"

enum {
    BODY_SIZE = 200,
    CLIENTS = 8 /* of 1, 4, 8, 16 and 64 about the best for it, at 1,000/s and at 5,000/s */
};

static assay_status write_body(char *path, struct error *err)
{
    const int fd = mkstemp(path);
    char body[BODY_SIZE];
    assay_status s;

    if (fd < 0)
        return error_errno(err, errno, "making a file for h2load's body");
    (void)memset(body, 'x', sizeof body);
    s = file_write_fd(fd, body, sizeof body, err);
    (void)close(fd);
    return s;
}

assay_status h2load_run(const struct h2load_plan *plan, struct error *err)
{
    char path[] = "/tmp/assay-bench-XXXXXX";
    char h2load[] = "h2load", h1[] = "--h1", post[] = "-d";
    char clients[16], duration[16], rps[32], url[64], output[4096];
    char *const argv[] = {h2load, h1, clients, duration, rps, post, path, url, NULL};
    const struct bench_command command = {argv, output, sizeof output};
    double cpu_s = 0;
    assay_status s = write_body(path, err);

    if (s)
        return s;
    (void)snprintf(clients, sizeof clients, "-c%d", CLIENTS);
    (void)snprintf(duration, sizeof duration, "-D%u", plan->seconds);
    (void)snprintf(rps, sizeof rps, "--rps=%.3f", (double)plan->rate / CLIENTS);
    (void)snprintf(
        url, sizeof url, "http://127.0.0.1:%u/mempool/add/tx", (unsigned)plan->server->port);
    s = bench_run(&command, &cpu_s, err);
    (void)unlink(path);
    return s;
}

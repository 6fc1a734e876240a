/* The recording server as seen by who measures: bench_stubserver in a process of its own. */
#ifndef ASSAY_BENCH_HTTP_SERVER_H
#define ASSAY_BENCH_HTTP_SERVER_H

#include <stdint.h>
#include <sys/types.h>

#include "framework/base/error.h"

struct bench_server {
    pid_t pid;
    uint16_t port;
};

/* Starts it, from beside the running program. It dies with us. */
assay_status bench_server_start(struct bench_server *out, struct error *err);
void bench_server_stop(const struct bench_server *server);

/* Runs a program to its end with standard output in `output` (cut to size - 1 bytes); CPU time of it
   and its children goes to *cpu_s. */
struct bench_command {
    char *const *argv;
    char *output;
    size_t size;
};
assay_status bench_run(const struct bench_command *command, double *cpu_s, struct error *err);

#endif

/* What the benchmarks of spawning share: the floor, waiting for stubs, medians. */
#ifndef ASSAY_BENCH_SPAWN_MEASURE_H
#define ASSAY_BENCH_SPAWN_MEASURE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Stubs listen on 127.77.0.1, an address of the loopback network that nobody else uses, so that no
   port is taken. */
#define BENCH_ADDRESS 0x7f4d0001U

enum {
    BENCH_PORT_FIRST = 20000,
    BENCH_NODES_MAX = 10000
};

struct timing {
    double deploy_ms;   /* from the first spawn to the last accepted connection */
    double teardown_ms; /* from the first kill to the last reaped process */
};

int64_t bench_now(void);
double bench_ms_since(int64_t start_ns);

/* Connects to each of `count` stubs until all have accepted. False: one does not within a minute. */
bool bench_await_stubs(size_t count);

/* The floor: posix_spawn, connect, kill, waitpid, with nothing in between. */
bool bench_floor(size_t count, struct timing *out);

double bench_median(double *values, size_t count); /* sorts them */

#endif

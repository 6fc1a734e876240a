/* What the small benchmark programs share: a clock, medians over rounds, starting programs. All of
   it gives up with a message when it cannot go on (exit code 2), for there is nothing to measure
   then. One thread. */
#ifndef ASSAY_BENCH_MEASURE_H
#define ASSAY_BENCH_MEASURE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum {
    BENCH_ROUNDS_MAX = 999,
    BENCH_PROCESSES_MAX = 4096 /* started and not yet waited for */
};

/* Prints "<program>: <text>", kills what bench_spawn has started and nobody waited for yet, and ends
   this process with code 2. */
_Noreturn void bench_die(const char *format, ...) __attribute__((format(printf, 1, 2)));

double bench_now_ms(void); /* CLOCK_MONOTONIC */
double bench_cpu_ms(void); /* processor time of this process */

/* Sorts the values. 0 for none. */
double bench_median(double *values, size_t count);

/* A whole number in the range, or bench_die. */
unsigned bench_number(const char *text, unsigned min, unsigned max);

/* Starts a program in a process group of its own, with no input and its outputs dropped. */
pid_t bench_spawn(const char *const *argv);

/* Has it ended by itself? Leaves it to bench_wait. */
bool bench_has_ended(pid_t pid);

/* Waits for its end: exit code, or 128 + signal. */
int bench_wait(pid_t pid);

#endif

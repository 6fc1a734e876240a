/* The run's time: the one place that reads a clock.

   Run time counts from clock_start, by the monotonic clock, which a stopped machine or a set wall
   clock does not bend. The wall clock is read once, at the start; later wall times are that plus
   run time, so timestamps in a report never go backwards. Read-only after clock_start; any
   thread. */
#ifndef ASSAY_HOST_CLOCK_H
#define ASSAY_HOST_CLOCK_H

#include <time.h>

#include <assay/plugin.h>

struct clock {
    assay_ns zero;     /* CLOCK_MONOTONIC at the start */
    int64_t zero_unix; /* CLOCK_REALTIME at the start */
};

void clock_start(struct clock *clock);
assay_ns clock_now(const struct clock *clock);
int64_t clock_unix(const struct clock *clock);

/* A moment of run time on CLOCK_MONOTONIC, for pthread_cond_timedwait, timerfd and engines;
   ASSAY_FOREVER becomes INT64_MAX nanoseconds (292 years). */
assay_ns clock_monotonic(const struct clock *clock, assay_ns moment);
struct timespec clock_deadline(const struct clock *clock, assay_ns moment);

extern const assay_clock clock_table;

#endif

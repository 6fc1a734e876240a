/* The machine's monotonic clock, for programs that have no host: supervisor, front end, clean.

   Deadlines and the moments in process reports are taken from it. CLOCK_MONOTONIC is the same for
   all processes of a machine, so the worker can subtract its own zero. */
#ifndef ASSAY_RUN_MONOTONIC_H
#define ASSAY_RUN_MONOTONIC_H

#include <stdint.h>
#include <time.h>

static inline int64_t monotonic_ns(void)
{
    struct timespec now = {0};

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

/* For poll and epoll_wait: milliseconds until `deadline`, rounded up so that it has passed when
   they return; 0 when it has already, -1 (no limit) for INT64_MAX. At most an hour. */
static inline int monotonic_wait_ms(int64_t deadline)
{
    const int64_t limit_ms = 3600 * 1000;
    int64_t left_ms = 0;

    if (deadline == INT64_MAX)
        return -1;
    left_ms = (deadline - monotonic_ns() + 999999) / 1000000;
    if (left_ms < 0)
        return 0;
    return (int)(left_ms < limit_ms ? left_ms : limit_ms);
}

#endif

#include "framework/host/clock.h"

#include "framework/base/number.h"
#include "framework/host/state.h"
#include "framework/host/tasks.h"

static int64_t read_clock(clockid_t id)
{
    struct timespec now = {0};

    /* Neither clock can fail on Linux once the arguments are right. */
    (void)clock_gettime(id, &now);
    return (int64_t)now.tv_sec * ASSAY_SECOND + now.tv_nsec;
}

void clock_start(struct clock *clock)
{
    clock->zero = read_clock(CLOCK_MONOTONIC);
    clock->zero_unix = read_clock(CLOCK_REALTIME);
}

assay_ns clock_now(const struct clock *clock)
{
    return read_clock(CLOCK_MONOTONIC) - clock->zero;
}

int64_t clock_unix(const struct clock *clock)
{
    return clock->zero_unix + clock_now(clock);
}

assay_ns clock_monotonic(const struct clock *clock, assay_ns moment)
{
    assay_ns absolute = 0;

    if (moment < 0)
        moment = 0;
    return add_overflows(clock->zero, moment, &absolute) ? INT64_MAX : absolute;
}

struct timespec clock_deadline(const struct clock *clock, assay_ns moment)
{
    const assay_ns absolute = clock_monotonic(clock, moment);

    return (struct timespec){
        .tv_sec = absolute / ASSAY_SECOND, .tv_nsec = (long)(absolute % ASSAY_SECOND)};
}

/* ---- the service ---- */

static assay_ns service_now(const assay_host *table)
{
    return host_now(host_of(table));
}

static assay_ns service_window_start(const assay_host *table)
{
    return host_window_start(host_of(table));
}

static assay_ns service_window_end(const assay_host *table)
{
    return host_window_end(host_of(table));
}

static int64_t service_unix_ns(const assay_host *table)
{
    return host_unix_ns(host_of(table));
}

static assay_status service_sleep_until(assay_task *task, assay_ns until)
{
    pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
    struct waiters nobody = {0};
    assay_status s = task_enter(task);

    (void)pthread_mutex_lock(&lock);
    if (!s)
        s = waiters_wait(&nobody, task, &lock, until); /* nobody wakes it: time or cancellation */
    (void)pthread_mutex_unlock(&lock);
    (void)pthread_mutex_destroy(&lock);
    return s == ASSAY_E_TIMEOUT ? ASSAY_OK : s;
}

const assay_clock clock_table = {
    .struct_size = sizeof(assay_clock),
    .now = service_now,
    .window_start = service_window_start,
    .window_end = service_window_end,
    .unix_ns = service_unix_ns,
    .sleep_until = service_sleep_until,
};

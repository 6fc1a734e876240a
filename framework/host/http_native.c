#include "framework/host/http_native.h"

#include <assert.h>
#include <errno.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/timerfd.h>

#include "framework/base/mem.h"
#include "framework/host/http_pool.h"

enum {
    EVENTS_PER_TURN = 64 /* more only delay what is due meanwhile */
};

bool http_native_takes(const struct http_address *address)
{
    union pool_address parsed;

    return pool_address_parse(address, &parsed) > 0;
}

/* ---- one turn of the loop ---- */

static void admit(struct native *native, struct http_exchange *exchange, assay_ns now)
{
    struct pool *pool = NULL;
    assay_status s = pool_for(native, exchange, &pool);

    exchange->heap_order = native->next_order++;
    exchange->deadline = http_exchange_deadline(exchange, now);
    if (!s) {
        exchange->stage = HTTP_STAGE_SCHEDULED;
        exchange->carrier = pool;
        s = http_heap_add(&native->heap, exchange, exchange->at);
    }
    if (s)
        http_engine_fail(&native->base, exchange, s,
            s == ASSAY_E_UNSUPPORTED ? "%s is not an address that plain HTTP can reach"
                : s == ASSAY_E_NOMEM ? "no memory to send to %s"
                                     : "too many different addresses; %s is one more",
            exchange->address_text);
}

static void cancel(struct native *native, struct http_exchange *exchange)
{
    if (exchange->stage != HTTP_STAGE_ENDED) {
        exchange_withdraw(native, exchange);
        http_engine_fail(&native->base, exchange, ASSAY_E_CANCELLED, "cancelled");
    }
    http_exchange_unref(exchange);
}

/* Takes in what came from other threads. False: the engine is closing. */
static bool open_mail(struct native *native)
{
    struct http_exchange_list submitted = TAILQ_HEAD_INITIALIZER(submitted);
    struct http_exchange_list cancelled = TAILQ_HEAD_INITIALIZER(cancelled);
    const bool is_open = http_engine_take(&native->base, &submitted, &cancelled);
    const assay_ns now = native->base.config.now();
    struct http_exchange *exchange;

    while ((exchange = TAILQ_FIRST(&submitted))) {
        TAILQ_REMOVE(&submitted, exchange, queue);
        admit(native, exchange, now);
    }
    while ((exchange = TAILQ_FIRST(&cancelled))) {
        TAILQ_REMOVE(&cancelled, exchange, cancelled);
        cancel(native, exchange);
    }
    return is_open;
}

/* Whose moment has come is put into line, whose deadline has passed is ended. */
static void run_due(struct native *native)
{
    const assay_ns now = native->base.config.now();
    struct http_exchange *exchange;

    while ((exchange = http_heap_top(&native->heap)) && exchange->heap_when <= now) {
        if (exchange->stage == HTTP_STAGE_SCHEDULED) {
            http_heap_move(&native->heap, exchange, exchange->deadline);
            pool_enqueue(exchange->carrier, exchange);
        } else {
            exchange_time_out(native, exchange);
        }
    }
}

/* Sets the timer only when it would go off too late: deadlines that go away leave it alone, at the
   price of waking up once for nothing. */
static void arm_timer(struct native *native)
{
    const struct http_exchange *next = http_heap_top(&native->heap);
    const bool is_spent = native->armed_at <= native->base.config.now();
    struct itimerspec when = {{0}, {0}};

    if (!next || (!is_spent && native->armed_at <= next->heap_when))
        return;
    native->armed_at = next->heap_when > 0 ? next->heap_when : 1; /* 0 would disarm it */
    when.it_value.tv_sec = native->armed_at / ASSAY_SECOND;
    when.it_value.tv_nsec = (long)(native->armed_at % ASSAY_SECOND);
    (void)timerfd_settime(native->timer_fd, TFD_TIMER_ABSTIME, &when, NULL);
}

static void await_events(struct native *native)
{
    struct epoll_event events[EVENTS_PER_TURN];
    const int patience = http_engine_may_sleep(&native->base) ? -1 : 0;
    const int count = epoll_wait(native->epoll_fd, events, EVENTS_PER_TURN, patience);

    for (int i = 0; i < count; i++)
        if (events[i].data.ptr) /* the timer and the wake-up have none; both are edge-triggered */
            connection_handle(events[i].data.ptr, events[i].events);
}

static void close_all(struct native *native)
{
    struct http_exchange *exchange;
    struct connection *connection;

    while ((exchange = http_heap_top(&native->heap))) {
        exchange_withdraw(native, exchange);
        http_engine_fail(&native->base, exchange, ASSAY_E_CANCELLED, "the HTTP engine is closing");
    }
    while ((connection = TAILQ_FIRST(&native->idle)))
        connection_close(connection);
    connections_bury(native);
}

static void *native_main(void *engine)
{
    struct native *native = engine;

    while (open_mail(native)) {
        run_due(native);
        pools_serve(native);
        connections_bury(native);
        arm_timer(native);
        await_events(native);
        connections_bury(native);
    }
    close_all(native);
    return NULL;
}

/* ---- making and ending it ---- */

static void native_wake(struct http_engine *engine)
{
    const struct native *native = (const struct native *)engine;
    const uint64_t one = 1;

    (void)!write(native->wake_fd, &one, sizeof one); /* cannot block before 2^64 - 1 wake-ups */
}

static void native_destroy(struct native *native)
{
    map_done(&native->pools);
    http_heap_done(&native->heap);
    auto_fd_cleanup(&native->timer_fd);
    auto_fd_cleanup(&native->wake_fd);
    auto_fd_cleanup(&native->epoll_fd);
    free(native->buffer);
    http_engine_done(&native->base);
    free(native);
}

static void native_free(struct http_engine *engine)
{
    struct native *native = (struct native *)engine;

    http_engine_stop(&native->base, native->thread);
    native_destroy(native);
}

static const struct http_engine_ops native_ops = {.wake = native_wake, .free = native_free};

static assay_status open_descriptors(struct native *native, struct error *err)
{
    struct epoll_event event = {.events = EPOLLIN | EPOLLET, .data.ptr = NULL};

    native->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    native->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    native->timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
    if (native->epoll_fd < 0 || native->wake_fd < 0 || native->timer_fd < 0)
        return error_errno(err, errno, "opening the HTTP engine's descriptors");
    if (epoll_ctl(native->epoll_fd, EPOLL_CTL_ADD, native->wake_fd, &event) != 0 ||
        epoll_ctl(native->epoll_fd, EPOLL_CTL_ADD, native->timer_fd, &event) != 0)
        return error_errno(err, errno, "watching the HTTP engine's descriptors");
    return ASSAY_OK;
}

assay_status http_native_new(
    const struct http_engine_config *config, struct http_engine **out, struct error *err)
{
    struct native *native = mem_new(sizeof *native);
    assay_status s;

    if (!native)
        return error_nomem(err);
    s = http_engine_init(&native->base, &native_ops, config);
    if (s) {
        free(native);
        return error_set(err, s, "the HTTP engine gets no lock");
    }
    native->epoll_fd = native->wake_fd = native->timer_fd = -1;
    native->armed_at = 0;
    native->connection_max = native->base.config.connections_max;
    TAILQ_INIT(&native->ready);
    TAILQ_INIT(&native->starving);
    TAILQ_INIT(&native->idle);
    TAILQ_INIT(&native->closed);
    map_init(&native->pools, POOLS_MAX, pool_free);
    native->buffer = mem_grow(NULL, RECEIVE_SIZE, 1);
    s = native->buffer ? open_descriptors(native, err) : error_nomem(err);
    if (!s)
        s = http_engine_start(&native->base, &native->thread, native_main, err);
    if (s) {
        native_destroy(native);
        return s;
    }
    *out = &native->base;
    return ASSAY_OK;
}

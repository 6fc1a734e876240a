#include "framework/host/http_engine.h"

#include <assert.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/resource.h>

enum {
    CONNECTIONS_MIN = 8,           /* even when hardly any descriptors are allowed */
    THREAD_STACK_SIZE = 256 * 1024 /* callbacks are shallow; 8 MiB per thread would be waste */
};

/* Half of the descriptors that the process may have: the rest is for logs, plugins, processes. */
static uint32_t affordable_connections(void)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY ||
        limit.rlim_cur / 2 >= HTTP_CONNECTIONS_MAX)
        return HTTP_CONNECTIONS_MAX;
    return limit.rlim_cur / 2 > CONNECTIONS_MIN ? (uint32_t)(limit.rlim_cur / 2) : CONNECTIONS_MIN;
}

assay_status http_engine_init(struct http_engine *engine, const struct http_engine_ops *ops,
    const struct http_engine_config *config)
{
    assert(config->now);
    engine->ops = ops;
    engine->config = *config;
    if (config->connections_per_address == 0)
        engine->config.connections_per_address = HTTP_CONNECTIONS_PER_ADDRESS;
    if (config->connections_max == 0)
        engine->config.connections_max = affordable_connections();
    if (config->exchanges_max == 0)
        engine->config.exchanges_max = HTTP_EXCHANGES_MAX;
    engine->stats = (struct http_stats){0};
    TAILQ_INIT(&engine->submitted);
    TAILQ_INIT(&engine->cancelled);
    engine->is_asleep = false;
    engine->is_closing = false;
    return pthread_mutex_init(&engine->lock, NULL) == 0 ? ASSAY_OK : ASSAY_E_IO;
}

void http_engine_done(struct http_engine *engine)
{
    assert(engine->stats.in_flight == 0);
    (void)pthread_mutex_destroy(&engine->lock);
}

assay_status http_engine_start(
    struct http_engine *engine, pthread_t *thread, void *(*main)(void *), struct error *err)
{
    pthread_attr_t attributes;
    sigset_t all;
    sigset_t before;
    int error_number;

    error_number = pthread_attr_init(&attributes);
    if (error_number)
        return error_errno(err, error_number, "starting the HTTP thread");
    (void)pthread_attr_setstacksize(&attributes, THREAD_STACK_SIZE);
    /* Signals are the business of whoever runs us; a thread of ours must never take one. */
    (void)sigfillset(&all);
    (void)pthread_sigmask(SIG_SETMASK, &all, &before);
    error_number = pthread_create(thread, &attributes, main, engine);
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    (void)pthread_attr_destroy(&attributes);
    if (error_number)
        return error_errno(err, error_number, "starting the HTTP thread");
    (void)pthread_setname_np(*thread, "assay-http");
    return ASSAY_OK;
}

/* Lock held. */
static void wake(struct http_engine *engine)
{
    if (!engine->is_asleep)
        return;
    engine->is_asleep = false;
    engine->ops->wake(engine);
}

void http_engine_stop(struct http_engine *engine, pthread_t thread)
{
    (void)pthread_mutex_lock(&engine->lock);
    engine->is_closing = true;
    wake(engine);
    (void)pthread_mutex_unlock(&engine->lock);
    (void)pthread_join(thread, NULL);
}

assay_status http_engine_submit(struct http_engine *engine, struct http_exchange *exchange)
{
    assay_status s = ASSAY_OK;

    (void)pthread_mutex_lock(&engine->lock);
    assert(exchange->stage == HTTP_STAGE_NEW);
    if (engine->is_closing) {
        s = ASSAY_E_CANCELLED;
    } else if (engine->stats.in_flight >= engine->config.exchanges_max) {
        s = ASSAY_E_LAGGED;
        engine->stats.refused++;
    } else {
        engine->stats.submitted++;
        engine->stats.in_flight++;
        if (engine->stats.in_flight > engine->stats.in_flight_peak)
            engine->stats.in_flight_peak = engine->stats.in_flight;
        (void)http_exchange_ref(exchange);
        TAILQ_INSERT_TAIL(&engine->submitted, exchange, queue);
        wake(engine);
    }
    (void)pthread_mutex_unlock(&engine->lock);
    return s;
}

void http_engine_cancel(struct http_engine *engine, struct http_exchange *exchange)
{
    (void)pthread_mutex_lock(&engine->lock);
    if (!exchange->wants_cancel) {
        exchange->wants_cancel = true;
        (void)http_exchange_ref(exchange);
        TAILQ_INSERT_TAIL(&engine->cancelled, exchange, cancelled);
        wake(engine);
    }
    (void)pthread_mutex_unlock(&engine->lock);
}

void http_engine_stats(struct http_engine *engine, struct http_stats *out)
{
    (void)pthread_mutex_lock(&engine->lock);
    *out = engine->stats;
    (void)pthread_mutex_unlock(&engine->lock);
}

void http_engine_free(struct http_engine *engine)
{
    if (engine)
        engine->ops->free(engine);
}

bool http_engine_take(struct http_engine *engine, struct http_exchange_list *submitted,
    struct http_exchange_list *cancelled)
{
    bool is_open;

    (void)pthread_mutex_lock(&engine->lock);
    engine->is_asleep = false;
    TAILQ_CONCAT(submitted, &engine->submitted, queue);
    TAILQ_CONCAT(cancelled, &engine->cancelled, cancelled);
    is_open = !engine->is_closing;
    (void)pthread_mutex_unlock(&engine->lock);
    return is_open;
}

bool http_engine_may_sleep(struct http_engine *engine)
{
    bool may_sleep;

    (void)pthread_mutex_lock(&engine->lock);
    may_sleep =
        TAILQ_EMPTY(&engine->submitted) && TAILQ_EMPTY(&engine->cancelled) && !engine->is_closing;
    engine->is_asleep = may_sleep;
    (void)pthread_mutex_unlock(&engine->lock);
    return may_sleep;
}

void http_engine_note_connections(struct http_engine *engine, int change)
{
    (void)pthread_mutex_lock(&engine->lock);
    if (change > 0) {
        engine->stats.connections_opened++;
        engine->stats.connections_open++;
    } else {
        assert(engine->stats.connections_open > 0);
        engine->stats.connections_open--;
    }
    (void)pthread_mutex_unlock(&engine->lock);
}

void http_engine_note_repeat(struct http_engine *engine, struct http_exchange *exchange)
{
    (void)pthread_mutex_lock(&engine->lock);
    engine->stats.repeated++;
    if (exchange->answer.sent > 0)
        engine->stats.sent--; /* the attempt that counts is the next one */
    (void)pthread_mutex_unlock(&engine->lock);
    http_exchange_rewind(exchange);
    exchange->is_repeated = true;
}

void http_engine_sent(struct http_engine *engine, struct http_exchange *exchange, assay_ns now)
{
    const assay_ns lag = now > exchange->at ? now - exchange->at : 0;

    exchange->answer.sent = now;
    (void)pthread_mutex_lock(&engine->lock);
    engine->stats.sent++;
    if (lag > engine->stats.lag_max)
        engine->stats.lag_max = lag;
    (void)pthread_mutex_unlock(&engine->lock);
    if (engine->config.on_sent)
        engine->config.on_sent(engine->config.context, lag);
}

/* The count goes down before `done`, so that a callback may submit the next one. */
static void end(struct http_engine *engine, struct http_exchange *exchange)
{
    struct http_stats *stats = &engine->stats;

    assert(exchange->stage != HTTP_STAGE_ENDED);
    exchange->stage = HTTP_STAGE_ENDED;
    exchange->answer.done = engine->config.now();
    (void)pthread_mutex_lock(&engine->lock);
    assert(stats->in_flight > 0);
    stats->in_flight--;
    if (exchange->answer.sent == 0)
        stats->missed++;
    if (exchange->answer.status == ASSAY_OK)
        stats->answered++;
    else if (exchange->answer.status == ASSAY_E_CANCELLED)
        stats->cancelled++;
    else if (exchange->answer.status == ASSAY_E_TIMEOUT)
        stats->timed_out++;
    else
        stats->failed++;
    (void)pthread_mutex_unlock(&engine->lock);
    exchange->done(exchange);
    http_exchange_unref(exchange);
}

void http_engine_succeed(struct http_engine *engine, struct http_exchange *exchange)
{
    assert(exchange->answer.code != 0);
    http_exchange_trim(exchange);
    exchange->answer.status = ASSAY_OK;
    end(engine, exchange);
}

void http_engine_fail(struct http_engine *engine, struct http_exchange *exchange,
    assay_status status, const char *format, ...)
{
    const assay_ns sent = exchange->answer.sent;
    va_list args;

    assert(status != ASSAY_OK);
    http_exchange_rewind(exchange);
    exchange->answer.status = status;
    exchange->answer.sent = sent;
    va_start(args, format);
    (void)vsnprintf(exchange->answer.why, HTTP_WHY_SIZE, format, args);
    va_end(args);
    end(engine, exchange);
}

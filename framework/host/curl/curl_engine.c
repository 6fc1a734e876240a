/* The module assay-http-curl.so; framework/host/http_curl.h says what it is. */
#include <assert.h>
#include <string.h>

#include <curl/curl.h>

#include "framework/base/mem.h"
#include "framework/base/parse.h"
#include "framework/host/curl/transfer.h"
#include "framework/host/http_curl.h"

enum {
    POLL_MAX_MS = 60 * 1000 /* submit and cancel wake it; this only bounds the arithmetic */
};

/* ---- one turn of the loop ---- */

static void admit(struct curl_engine *engine, struct http_exchange *exchange, assay_ns now)
{
    struct lane *lane = NULL;
    assay_status s = lane_for(engine, exchange, &lane);

    exchange->heap_order = engine->next_order++;
    exchange->deadline = http_exchange_deadline(exchange, now);
    exchange->stage = HTTP_STAGE_SCHEDULED;
    exchange->carrier = lane;
    if (!s)
        s = http_heap_add(&engine->heap, exchange, exchange->at);
    if (s)
        http_engine_fail(&engine->base, exchange, s,
            s == ASSAY_E_NOMEM ? "no memory to send to %s"
                               : "too many different addresses; %s is one more",
            exchange->address_text);
}

/* Takes it off the heap, and from its lane or off libcurl. */
static void withdraw(struct curl_engine *engine, struct http_exchange *exchange)
{
    http_heap_remove(&engine->heap, exchange);
    if (exchange->stage == HTTP_STAGE_WAITING)
        lane_leave(engine, exchange->carrier, exchange);
    else if (exchange->stage == HTTP_STAGE_ACTIVE)
        transfer_end(exchange->carrier);
}

static bool open_mail(struct curl_engine *engine)
{
    struct http_exchange_list submitted = TAILQ_HEAD_INITIALIZER(submitted);
    struct http_exchange_list cancelled = TAILQ_HEAD_INITIALIZER(cancelled);
    const bool is_open = http_engine_take(&engine->base, &submitted, &cancelled);
    const assay_ns now = engine->base.config.now();
    struct http_exchange *exchange;

    while ((exchange = TAILQ_FIRST(&submitted))) {
        TAILQ_REMOVE(&submitted, exchange, queue);
        admit(engine, exchange, now);
    }
    while ((exchange = TAILQ_FIRST(&cancelled))) {
        TAILQ_REMOVE(&cancelled, exchange, cancelled);
        if (exchange->stage != HTTP_STAGE_ENDED) {
            withdraw(engine, exchange);
            http_engine_fail(&engine->base, exchange, ASSAY_E_CANCELLED, "cancelled");
        }
        http_exchange_unref(exchange);
    }
    return is_open;
}

static void time_out(struct curl_engine *engine, struct http_exchange *exchange)
{
    char span[QUANTITY_TEXT_SIZE];

    withdraw(engine, exchange);
    http_engine_fail(&engine->base, exchange, ASSAY_E_TIMEOUT, "no %s %s within %s",
        exchange->answer.sent > 0 ? "complete answer from" : "chance to send to",
        exchange->address_text, format_span(exchange->timeout, span));
}

static void run_due(struct curl_engine *engine)
{
    const assay_ns now = engine->base.config.now();
    struct http_exchange *exchange;

    while ((exchange = http_heap_top(&engine->heap)) && exchange->heap_when <= now) {
        if (exchange->stage != HTTP_STAGE_SCHEDULED) {
            time_out(engine, exchange);
            continue;
        }
        http_heap_move(&engine->heap, exchange, exchange->deadline);
        lane_enter(engine, exchange->carrier, exchange);
    }
}

static void start_next(struct curl_engine *engine)
{
    struct http_exchange *exchange;
    struct lane *lane = NULL;

    while ((exchange = lane_next(engine, &lane))) {
        if (transfer_start(engine, lane, exchange) == ASSAY_OK)
            continue;
        http_heap_remove(&engine->heap, exchange);
        http_engine_fail(&engine->base, exchange, ASSAY_E_NOMEM, "no memory to send to %s",
            exchange->address_text);
    }
}

static void finish_done(struct curl_engine *engine)
{
    CURLMsg *message;
    int left = 0;

    while ((message = curl_multi_info_read(engine->multi, &left))) {
        struct transfer *transfer = NULL;
        struct transfer_result result;
        struct http_exchange *exchange;

        if (message->msg != CURLMSG_DONE)
            continue;
        (void)curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, (char **)&transfer);
        exchange = transfer->exchange;
        transfer_judge(transfer, message->data.result, &result);
        withdraw(engine, exchange);
        if (result.status == ASSAY_OK)
            http_engine_succeed(&engine->base, exchange);
        else
            http_engine_fail(&engine->base, exchange, result.status, "%s", result.why);
    }
}

/* Whole milliseconds, rounded down: the rest is spun away, so that nothing is sent late. */
static int patience_ms(const struct curl_engine *engine)
{
    const struct http_exchange *next = http_heap_top(&engine->heap);
    assay_ns left;

    if (!next)
        return POLL_MAX_MS;
    left = next->heap_when - engine->base.config.now();
    if (left <= 0)
        return 0;
    return left / ASSAY_MS < POLL_MAX_MS ? (int)(left / ASSAY_MS) : POLL_MAX_MS;
}

static void *curl_main(void *arg)
{
    struct curl_engine *engine = arg;
    struct http_exchange *exchange;

    while (open_mail(engine)) {
        int running = 0;

        run_due(engine);
        start_next(engine);
        (void)curl_multi_perform(engine->multi, &running);
        finish_done(engine);
        start_next(engine); /* in the place of those that are done */
        (void)curl_multi_poll(engine->multi, NULL, 0,
            http_engine_may_sleep(&engine->base) ? patience_ms(engine) : 0, NULL);
    }
    while ((exchange = http_heap_top(&engine->heap))) {
        withdraw(engine, exchange);
        http_engine_fail(&engine->base, exchange, ASSAY_E_CANCELLED, "the HTTP engine is closing");
    }
    return NULL;
}

/* ---- making and ending it ---- */

static void curl_wake(struct http_engine *engine)
{
    (void)curl_multi_wakeup(((struct curl_engine *)engine)->multi);
}

static void curl_destroy(struct curl_engine *engine)
{
    for (size_t i = 0; i < engine->spare_count; i++)
        curl_easy_cleanup(engine->spare[i]);
    (void)curl_multi_cleanup(engine->multi);
    http_heap_done(&engine->heap);
    map_done(&engine->lanes);
    http_engine_done(&engine->base);
    free(engine);
}

static void curl_free_engine(struct http_engine *base)
{
    struct curl_engine *engine = (struct curl_engine *)base;

    http_engine_stop(base, engine->thread);
    curl_destroy(engine);
}

static const struct http_engine_ops curl_ops = {.wake = curl_wake, .free = curl_free_engine};

static assay_status open_multi(struct curl_engine *engine, struct error *err)
{
    const struct http_engine_config *config = &engine->base.config;

    engine->multi = curl_multi_init();
    if (!engine->multi)
        return error_nomem(err);
    /* What is kept idle; how many are in use is for the lanes to say. */
    (void)curl_multi_setopt(engine->multi, CURLMOPT_MAXCONNECTS, (long)config->connections_max);
    return ASSAY_OK;
}

static assay_status curl_engine_new(
    const struct http_engine_config *config, struct http_engine **out, struct error *err)
{
    struct curl_engine *engine = mem_new(sizeof *engine);
    assay_status s;

    if (!engine)
        return error_nomem(err);
    s = http_engine_init(&engine->base, &curl_ops, config);
    if (s) {
        free(engine);
        return error_set(err, s, "the HTTP engine gets no lock");
    }
    TAILQ_INIT(&engine->waiting);
    map_init(&engine->lanes, LANES_MAX, free);
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
        s = error_set(err, ASSAY_E_IO, "libcurl cannot be initialised");
    if (!s)
        s = open_multi(engine, err);
    if (!s)
        s = http_engine_start(&engine->base, &engine->thread, curl_main, err);
    if (s) {
        curl_destroy(engine);
        return s;
    }
    *out = &engine->base;
    return ASSAY_OK;
}

ASSAY_EXPORT extern const struct http_curl_module assay_http_curl_module;
const struct http_curl_module assay_http_curl_module = {
    .layout = HTTP_CURL_LAYOUT,
    .engine_new = curl_engine_new,
};

#include "framework/host/http_calls.h"

#include "framework/base/mem.h"
#include "framework/host/tasks.h"

struct assay_reply {
    assay_reply_info info; /* filled when the exchange has ended */
    TAILQ_ENTRY(assay_reply) list;
    struct http_exchange *exchange;
    struct http_engine *engine; /* that has it */
    struct assay_calls *calls;  /* until it is collected */
    assay_ns zero;              /* run time 0 on CLOCK_MONOTONIC */
};
TAILQ_HEAD(reply_list, assay_reply);

struct assay_calls {
    struct owned owned; /* first: found by it */
    uint32_t count_max;

    pthread_mutex_t lock; /* guards what follows */
    struct waiters waiters;
    struct reply_list in_flight, done;
    uint32_t count;      /* in both lists */
    uint32_t references; /* the owner's, and one per exchange in flight */
    bool is_closed;
};

assay_status http_calls_new(uint32_t count_max, assay_calls **out)
{
    struct assay_calls *calls = mem_new(sizeof *calls);

    if (!calls)
        return ASSAY_E_NOMEM;
    calls->count_max = count_max;
    calls->references = 1;
    (void)pthread_mutex_init(&calls->lock, NULL);
    TAILQ_INIT(&calls->in_flight);
    TAILQ_INIT(&calls->done);
    *out = calls;
    return ASSAY_OK;
}

/* Unlocks, after giving up one reference; frees with the last. */
static void calls_unlock_unref(struct assay_calls *calls)
{
    const bool is_last = --calls->references == 0;

    (void)pthread_mutex_unlock(&calls->lock);
    if (!is_last)
        return;
    (void)pthread_mutex_destroy(&calls->lock);
    free(calls);
}

void http_reply_free(assay_reply *reply)
{
    if (!reply)
        return;
    http_exchange_unref(reply->exchange);
    free(reply);
}

void http_calls_close(assay_calls *calls)
{
    struct assay_reply *reply;

    (void)pthread_mutex_lock(&calls->lock);
    calls->is_closed = true;
    for (reply = TAILQ_FIRST(&calls->in_flight); reply; reply = TAILQ_NEXT(reply, list))
        http_engine_cancel(reply->engine, reply->exchange);
    while ((reply = TAILQ_FIRST(&calls->done))) {
        TAILQ_REMOVE(&calls->done, reply, list);
        http_reply_free(reply);
    }
    calls_unlock_unref(calls);
}

static assay_ns since(assay_ns zero, assay_ns moment)
{
    return moment > 0 ? moment - zero : 0;
}

static void fill_info(struct assay_reply *reply)
{
    const struct http_exchange *exchange = reply->exchange;
    const struct http_answer *answer = &exchange->answer;
    assay_reply_info *info = &reply->info;

    info->status = answer->status;
    info->code = answer->code;
    info->at = exchange->at - reply->zero;
    info->sent = since(reply->zero, answer->sent);
    info->done = since(reply->zero, answer->done);
    info->body = (assay_bytes){answer->body, answer->size};
    info->content_type = answer->content_type;
    info->why = answer->why;
}

/* On the engine's thread. */
static void note_end(struct http_exchange *exchange)
{
    struct assay_reply *reply = exchange->context;
    struct assay_calls *calls = reply->calls;

    fill_info(reply);
    (void)pthread_mutex_lock(&calls->lock);
    TAILQ_REMOVE(&calls->in_flight, reply, list);
    if (calls->is_closed) {
        http_reply_free(reply);
    } else {
        TAILQ_INSERT_TAIL(&calls->done, reply, list);
        waiters_wake_all(&calls->waiters);
    }
    calls_unlock_unref(calls);
}

static assay_status reply_new(assay_calls *calls, const struct http_sending *sending,
    struct assay_reply **out, struct error *err)
{
    struct assay_reply *reply = mem_new(sizeof *reply);
    struct http_call call = sending->call;
    assay_status s;

    if (!reply)
        return error_nomem(err);
    reply->calls = calls;
    reply->engine = sending->engine;
    reply->zero = sending->zero;
    reply->info = (assay_reply_info){
        .struct_size = sizeof reply->info, .tag = sending->tag, .node = sending->node};
    call.done = note_end;
    call.context = reply;
    s = http_exchange_new(&call, &reply->exchange, err);
    if (s) {
        http_reply_free(reply);
        return s;
    }
    *out = reply;
    return ASSAY_OK;
}

/* False: the set is full. */
static bool calls_add(assay_calls *calls, struct assay_reply *reply)
{
    bool has_room;

    (void)pthread_mutex_lock(&calls->lock);
    has_room = calls->count < calls->count_max;
    if (has_room) {
        TAILQ_INSERT_TAIL(&calls->in_flight, reply, list);
        calls->count++;
        calls->references++;
    }
    (void)pthread_mutex_unlock(&calls->lock);
    return has_room;
}

assay_status http_calls_send(
    assay_calls *calls, const struct http_sending *sending, struct error *err)
{
    struct assay_reply *reply = NULL;
    assay_status s = reply_new(calls, sending, &reply, err);

    if (s)
        return s;
    /* Into the set first: the exchange may end before submit returns. */
    if (!calls_add(calls, reply)) {
        http_reply_free(reply);
        return error_set(err, ASSAY_E_LAGGED,
            "%u requests are in flight or not collected; the set was opened for no more",
            calls->count_max);
    }
    s = http_engine_submit(sending->engine, reply->exchange);
    if (!s)
        return ASSAY_OK;
    (void)pthread_mutex_lock(&calls->lock);
    TAILQ_REMOVE(&calls->in_flight, reply, list);
    calls->count--;
    http_reply_free(reply);
    calls_unlock_unref(calls);
    return error_set(
        err, s, "all instances together have too many requests in flight; send fewer at a time");
}

assay_status http_calls_collect(
    assay_task *task, assay_calls *calls, assay_ns until, assay_reply **out)
{
    struct assay_reply *reply = NULL;
    assay_status s = task_enter(task);

    if (s)
        return s;
    (void)pthread_mutex_lock(&calls->lock);
    while (!s && TAILQ_EMPTY(&calls->done)) {
        if (TAILQ_EMPTY(&calls->in_flight))
            s = ASSAY_E_NOTFOUND;
        else
            s = waiters_wait(&calls->waiters, task, &calls->lock, until);
    }
    if (!s) {
        reply = TAILQ_FIRST(&calls->done);
        TAILQ_REMOVE(&calls->done, reply, list);
        calls->count--;
        reply->calls = NULL;
        *out = reply;
    }
    (void)pthread_mutex_unlock(&calls->lock);
    return s;
}

struct owned *http_calls_owned(assay_calls *calls)
{
    return &calls->owned;
}

assay_calls *http_calls_of(struct owned *owned)
{
    return (assay_calls *)owned;
}

const assay_reply_info *http_reply_info(const assay_reply *reply)
{
    return &reply->info;
}

/* Sets of requests in flight, and replies: the objects behind assay_calls and assay_reply.

   A set lives until it was closed and its last exchange has ended, whichever comes later, so an
   engine never calls back into freed memory. A reply belongs to its set until it is collected, to
   the collector afterwards. Any thread; each set has a lock of its own. */
#ifndef ASSAY_HOST_HTTP_CALLS_H
#define ASSAY_HOST_HTTP_CALLS_H

#include "framework/host/http_engine.h"
#include "framework/host/instance.h"

/* A set that lets so many exchanges be in flight or uncollected at a time. ASSAY_E_NOMEM. */
assay_status http_calls_new(uint32_t count_max, assay_calls **out);

/* Abandons what is in flight: those exchanges end soon, and nobody hears of it. */
void http_calls_close(assay_calls *calls);

/* For the instance's list of what it owns; not every set is on one. */
struct owned *http_calls_owned(assay_calls *calls);
assay_calls *http_calls_of(struct owned *owned);

struct http_sending {
    struct http_engine *engine;
    struct http_call call; /* done and context are filled in here */
    assay_ns zero;         /* run time 0 on CLOCK_MONOTONIC */
    uint32_t node;         /* come back in the reply */
    uint64_t tag;
};

/* Copies the request and sends it at its moment. ASSAY_E_LAGGED: the set or the engine is full;
   else as http_exchange_new. */
assay_status http_calls_send(
    assay_calls *calls, const struct http_sending *sending, struct error *err);

/* The next one that has ended, as assay_http.collect says. A cancellation point. */
assay_status http_calls_collect(
    assay_task *task, assay_calls *calls, assay_ns until, assay_reply **out);

const assay_reply_info *http_reply_info(const assay_reply *reply);
void http_reply_free(assay_reply *reply);

#endif

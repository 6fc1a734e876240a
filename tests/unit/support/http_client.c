#include "tests/unit/support/http_client.h"

#include <assert.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "framework/base/mem.h"

enum {
    PATIENCE_S = 60 /* for machines under load; nothing is measured by it */
};

static _Atomic assay_ns added_age;
static _Atomic uint64_t failing_allocation; /* 0: as it is; UINT64_MAX: switch it off */

assay_ns client_now(void)
{
    struct timespec now = {0};

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (assay_ns)now.tv_sec * ASSAY_SECOND + now.tv_nsec + atomic_load(&added_age);
}

/* What engines read the time with, on their own thread: where their allocations are made too. */
static assay_ns engine_now(void)
{
    const uint64_t nth = atomic_exchange(&failing_allocation, 0);

    if (nth != 0)
        mem_fail_at(nth == UINT64_MAX ? 0 : nth, MEM_FAIL_ONCE);
    return client_now();
}

void client_age_by(assay_ns span)
{
    (void)atomic_fetch_add(&added_age, span);
}

void client_fail_engine_at(uint64_t nth)
{
    atomic_store(&failing_allocation, nth == 0 ? UINT64_MAX : nth);
}

struct client *client_new(engine_maker make, const struct http_engine_config *config, uint16_t port)
{
    struct client *client = calloc(1, sizeof *client);
    struct http_engine_config own = config ? *config : (struct http_engine_config){0};
    struct error err = {0};
    assay_status s;

    assert(client);
    own.now = engine_now;
    (void)pthread_mutex_init(&client->lock, NULL);
    (void)pthread_cond_init(&client->changed, NULL);
    s = http_address_set(&client->address, HTTP_TCP, "127.0.0.1", port);
    assert(s == ASSAY_OK);
    s = make(&own, &client->engine, &err);
    assert(s == ASSAY_OK);
    (void)s;
    return client;
}

void client_free(struct client *client)
{
    http_engine_free(client->engine);
    assert(client->started == client->ended);
    for (size_t i = 0; i < client->started; i++)
        http_exchange_unref(client->outcomes[i].exchange);
    (void)pthread_cond_destroy(&client->changed);
    (void)pthread_mutex_destroy(&client->lock);
    free(client);
}

static void note_end(struct http_exchange *exchange)
{
    struct outcome *outcome = exchange->context;
    struct client *client = outcome->client;

    if (client->on_done)
        client->on_done(client, outcome);
    (void)pthread_mutex_lock(&client->lock);
    assert(!outcome->is_done);
    outcome->is_done = true;
    outcome->rank = client->ended;
    client->ended++;
    (void)pthread_cond_broadcast(&client->changed);
    (void)pthread_mutex_unlock(&client->lock);
}

static assay_status submit(struct client *client, struct http_call *call, struct outcome **out)
{
    struct http_exchange *exchange = NULL;
    struct error err = {0};
    struct outcome *outcome;
    assay_status s;

    (void)pthread_mutex_lock(&client->lock);
    assert(client->started < OUTCOMES_MAX);
    outcome = &client->outcomes[client->started];
    client->started++;
    (void)pthread_mutex_unlock(&client->lock);
    call->done = note_end;
    call->context = outcome;
    if (!call->address)
        call->address = &client->address;
    if (call->timeout == 0)
        call->timeout = PATIENCE_S * ASSAY_SECOND;
    if (call->at == 0)
        call->at = client_now();
    s = http_exchange_new(call, &exchange, &err);
    assert(s == ASSAY_OK);
    (void)s; /* unused in a build without assertions */
    *outcome =
        (struct outcome){.client = client, .exchange = exchange, .answer = &exchange->answer};
    *out = outcome;
    return http_engine_submit(client->engine, exchange);
}

struct outcome *client_start(struct client *client, struct http_call call)
{
    struct outcome *outcome = NULL;
    const assay_status s = submit(client, &call, &outcome);

    assert(s == ASSAY_OK);
    (void)s;
    return outcome;
}

assay_status client_try(struct client *client, struct http_call call)
{
    struct outcome *outcome = NULL;
    const assay_status s = submit(client, &call, &outcome);

    if (s)
        note_end(outcome->exchange); /* the engine will not */
    return s;
}

static void await(struct client *client, const size_t *count, size_t wanted, const bool *flag)
{
    struct timespec deadline = {0};
    int error_number = 0;

    (void)clock_gettime(CLOCK_REALTIME, &deadline);
    deadline.tv_sec += 2 * (time_t)PATIENCE_S;
    (void)pthread_mutex_lock(&client->lock);
    while (error_number == 0 && (flag ? !*flag : *count < wanted))
        error_number = pthread_cond_timedwait(&client->changed, &client->lock, &deadline);
    assert(error_number == 0);
    (void)pthread_mutex_unlock(&client->lock);
}

void client_await(struct client *client, struct outcome *outcome)
{
    await(client, NULL, 0, &outcome->is_done);
}

void client_await_count(struct client *client, size_t count)
{
    await(client, &client->ended, count, NULL);
}

struct outcome *client_get(struct client *client, const char *path)
{
    struct outcome *outcome =
        client_start(client, (struct http_call){.method = "GET", .path = path});

    client_await(client, outcome);
    return outcome;
}

struct outcome *client_post(struct client *client, const char *path, const char *body)
{
    struct outcome *outcome = client_start(
        client, (struct http_call){.method = "POST", .path = path, .body = {body, strlen(body)}});

    client_await(client, outcome);
    return outcome;
}

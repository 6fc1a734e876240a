/* An HTTP engine and a record of what became of each exchange, for tests. */
#ifndef ASSAY_TESTS_HTTP_CLIENT_H
#define ASSAY_TESTS_HTTP_CLIENT_H

#include <pthread.h>

#include "framework/host/http_engine.h"

enum {
    OUTCOMES_MAX = 8192
};

typedef assay_status (*engine_maker)(
    const struct http_engine_config *config, struct http_engine **out, struct error *err);

/* What became of the nth exchange that was started. */
struct outcome {
    struct client *client;
    struct http_exchange *exchange; /* its answer may be read once is_done */
    const struct http_answer *answer;
    size_t rank; /* how many ended before it */
    bool is_done;
};

struct client {
    struct http_engine *engine;
    struct http_address address;
    pthread_mutex_t lock; /* guards what follows */
    pthread_cond_t changed;
    struct outcome outcomes[OUTCOMES_MAX];
    size_t started, ended;
    /* Called on the engine's thread at the end of each, without the lock. May be NULL. */
    void (*on_done)(struct client *client, struct outcome *outcome);
};

/* CLOCK_MONOTONIC, plus what client_age_by has added. */
assay_ns client_now(void);
void client_age_by(assay_ns span);
/* The nth allocation of the engine's thread from now on fails; 0 switches it off. */
void client_fail_engine_at(uint64_t nth);

/* Makes the engine for 127.0.0.1:port. Fails the test when it cannot. config may be NULL. */
struct client *client_new(
    engine_maker make, const struct http_engine_config *config, uint16_t port);
void client_free(struct client *client);

/* Starts the call (address, done, context and, when 0, timeout are filled in). */
struct outcome *client_start(struct client *client, struct http_call call);
/* As above, returning what submit said instead of insisting on success. */
assay_status client_try(struct client *client, struct http_call call);
void client_await(struct client *client, struct outcome *outcome);
void client_await_count(struct client *client, size_t count);
/* start and await. */
struct outcome *client_get(struct client *client, const char *path);
struct outcome *client_post(struct client *client, const char *path, const char *body);

#endif

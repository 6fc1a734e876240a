#include "bench/http_drive.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#include "framework/base/mem.h"
#include "framework/host/http_native.h"

enum {
    BODY_SIZE = 200,
    WORKERS_MAX = 256
};

#define FEED_AHEAD (200 * ASSAY_MS) /* how long before its moment a request is submitted */
#define LEAD       (50 * ASSAY_MS)  /* from the start to the first request */
#define PATIENCE   (30 * ASSAY_SECOND)

struct run;

/* Open loop: the first one stands for all requests. */
struct worker {
    struct run *run;
    uint64_t next; /* capped: the request that is this worker's turn */
};

struct run {
    const struct drive_plan *plan;
    struct drive_result *result;
    struct http_engine *engine;
    struct http_address address;
    assay_ns start, end;
    struct worker workers[WORKERS_MAX];

    pthread_mutex_t lock; /* guards what follows */
    pthread_cond_t changed;
    uint64_t open; /* requests in flight */
    assay_status status;
};

static assay_ns now_ns(void)
{
    struct timespec now = {0};

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (assay_ns)now.tv_sec * ASSAY_SECOND + now.tv_nsec;
}

static void wait_until(assay_ns moment)
{
    const struct timespec until = {
        .tv_sec = moment / ASSAY_SECOND, .tv_nsec = (long)(moment % ASSAY_SECOND)};

    while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL) == EINTR)
        continue;
}

static double cpu_seconds(void)
{
    struct rusage usage = {0};

    (void)getrusage(RUSAGE_SELF, &usage);
    return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
        (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

static assay_ns moment_of(const struct run *run, uint64_t nth)
{
    return run->start + (assay_ns)((double)nth * 1e9 / run->plan->rate);
}

static uint64_t planned(const struct drive_plan *plan)
{
    return plan->mode == DRIVE_CLOSED ? UINT64_MAX : (uint64_t)(plan->rate * plan->seconds + 0.5);
}

static void note_end(struct http_exchange *exchange);

/* One request, meant for `at`. */
static void send_one(struct worker *worker, assay_ns at)
{
    struct run *run = worker->run;
    char body[BODY_SIZE + 1];
    struct http_call call = {.address = &run->address,
        .method = "POST",
        .path = "/mempool/add/tx",
        .body = {body, BODY_SIZE},
        .at = at,
        .timeout = PATIENCE,
        .done = note_end,
        .context = worker};
    struct http_exchange *exchange = NULL;
    assay_status s;

    memset(body, 'x', sizeof body);
    body[snprintf(body, sizeof body, "at=%" PRId64, at)] = ' ';
    s = http_exchange_new(&call, &exchange, NULL);
    (void)pthread_mutex_lock(&run->lock);
    run->open++;
    (void)pthread_mutex_unlock(&run->lock);
    if (!s)
        s = http_engine_submit(run->engine, exchange);
    if (!s)
        return;
    http_exchange_unref(exchange);
    (void)pthread_mutex_lock(&run->lock);
    run->open--;
    run->status = s;
    (void)pthread_cond_signal(&run->changed);
    (void)pthread_mutex_unlock(&run->lock);
}

/* The worker's next one, late or not; nothing when the plan is done. */
static void send_next(struct worker *worker)
{
    const struct run *run = worker->run;
    const assay_ns now = now_ns();
    assay_ns at = now;

    if (run->plan->mode == DRIVE_OPEN)
        return; /* feed sends them all */
    if (run->plan->mode == DRIVE_CAPPED) {
        if (worker->next >= planned(run->plan))
            return;
        at = moment_of(run, worker->next);
        worker->next += run->plan->workers;
        at = at > now ? at : now;
    } else if (now >= run->end) {
        return;
    }
    send_one(worker, at);
}

static void record(struct drive_result *result, const struct http_exchange *exchange)
{
    const struct http_answer *answer = &exchange->answer;

    if (answer->sent > 0)
        (void)histogram_add(&result->lag_us, (double)(answer->sent - exchange->at) / 1e3);
    if (answer->status != ASSAY_OK || answer->code != 200) {
        result->failed++;
        return;
    }
    result->answered++;
    (void)histogram_add(&result->response_us, (double)(answer->done - exchange->at) / 1e3);
    (void)histogram_add(&result->service_us, (double)(answer->done - answer->sent) / 1e3);
}

/* On the engine's thread, which alone records. */
static void note_end(struct http_exchange *exchange)
{
    struct worker *worker = exchange->context;
    struct run *run = worker->run;

    record(run->result, exchange);
    http_exchange_unref(exchange);
    send_next(worker);
    (void)pthread_mutex_lock(&run->lock);
    run->open--;
    if (run->open == 0)
        (void)pthread_cond_signal(&run->changed);
    (void)pthread_mutex_unlock(&run->lock);
}

/* Stops and continues the server when it is time to; gives the next moment to look. */
static assay_ns freeze(const struct run *run, int *stage)
{
    const struct drive_plan *plan = run->plan;
    const assay_ns stop = run->start + (assay_ns)(plan->freeze_at_s * 1e9);
    const assay_ns go_on = stop + (assay_ns)(plan->freeze_s * 1e9);
    const assay_ns now = now_ns();

    if (plan->freeze_s <= 0)
        return INT64_MAX;
    if (*stage == 0 && now >= stop) {
        (void)kill(plan->server->pid, SIGSTOP);
        *stage = 1;
    }
    if (*stage == 1 && now >= go_on) {
        (void)kill(plan->server->pid, SIGCONT);
        *stage = 2;
    }
    return *stage == 0 ? stop : *stage == 1 ? go_on : INT64_MAX;
}

/* Submits each request shortly before its moment, as a workload would, until the plan's end. */
static void feed(struct run *run)
{
    const uint64_t count = run->plan->mode == DRIVE_OPEN ? planned(run->plan) : 0;
    uint64_t nth = 0;
    int stage = 0;

    for (;;) {
        const assay_ns now = now_ns();
        assay_ns next = freeze(run, &stage);

        while (nth < count && moment_of(run, nth) <= now + FEED_AHEAD) {
            send_one(&run->workers[0], moment_of(run, nth));
            nth++;
        }
        if (nth >= count && now >= run->end && next == INT64_MAX)
            return;
        if (next > now + FEED_AHEAD / 4)
            next = now + FEED_AHEAD / 4;
        wait_until(next);
    }
}

static void await_all(struct run *run)
{
    (void)pthread_mutex_lock(&run->lock);
    while (run->open > 0) /* each has a timeout */
        (void)pthread_cond_wait(&run->changed, &run->lock);
    (void)pthread_mutex_unlock(&run->lock);
}

static void run_plan(struct run *run)
{
    const struct drive_plan *plan = run->plan;
    struct drive_result *result = run->result;
    const double cpu_before = cpu_seconds();
    struct http_stats stats = {0};

    run->start = now_ns() + LEAD;
    run->end = run->start + (assay_ns)(plan->seconds * 1e9);
    for (uint32_t i = 0; i < WORKERS_MAX; i++)
        run->workers[i] = (struct worker){.run = run, .next = i};
    for (uint32_t i = 0; i < plan->workers; i++)
        send_next(&run->workers[i]);
    feed(run);
    await_all(run);
    result->elapsed_s = (double)(now_ns() - run->start) / 1e9;
    result->cpu_s = cpu_seconds() - cpu_before;
    http_engine_stats(run->engine, &stats);
    result->sent = stats.sent;
    result->missed = stats.missed + stats.refused;
    result->intended = plan->mode == DRIVE_CLOSED ? stats.submitted : planned(plan);
}

assay_status drive(const struct drive_plan *plan, struct drive_result *out, struct error *err)
{
    const struct http_engine_config config = {.now = now_ns};
    struct run *run = mem_new(sizeof *run);
    assay_status s = ASSAY_E_NOMEM;

    *out = (struct drive_result){0};
    histogram_init(&out->lag_us);
    histogram_init(&out->response_us);
    histogram_init(&out->service_us);
    if (!run)
        return error_nomem(err);
    run->plan = plan;
    run->result = out;
    (void)pthread_mutex_init(&run->lock, NULL);
    (void)pthread_cond_init(&run->changed, NULL);
    s = http_address_set(&run->address, HTTP_TCP, "127.0.0.1", plan->server->port);
    if (!s)
        s = http_native_new(&config, &run->engine, err);
    if (!s) {
        run_plan(run);
        if (run->status)
            s = error_set(err, run->status, "a request could not be submitted");
    }
    http_engine_free(run->engine);
    (void)pthread_cond_destroy(&run->changed);
    (void)pthread_mutex_destroy(&run->lock);
    free(run);
    return s;
}

void drive_result_done(struct drive_result *result)
{
    histogram_done(&result->lag_us);
    histogram_done(&result->response_us);
    histogram_done(&result->service_us);
}

/* ---- the server's own record ---- */

struct question {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    struct http_exchange *answered; /* guarded by lock */
};

static void note_answer(struct http_exchange *exchange)
{
    struct question *question = exchange->context;

    (void)pthread_mutex_lock(&question->lock);
    question->answered = exchange;
    (void)pthread_cond_signal(&question->changed);
    (void)pthread_mutex_unlock(&question->lock);
}

static assay_status ask_server(const struct bench_server *server, const char *path,
    struct drive_record *out, struct error *err)
{
    const struct http_engine_config config = {.now = now_ns};
    auto_http_engine struct http_engine *engine = NULL;
    auto_http_exchange struct http_exchange *exchange = NULL;
    char *text;
    struct question question = {
        .lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER};
    struct http_address address;
    struct http_call call = {.address = &address,
        .method = "GET",
        .path = path,
        .at = now_ns(),
        .done = note_answer,
        .context = &question};
    assay_status s = http_address_set(&address, HTTP_TCP, "127.0.0.1", server->port);

    if (!s)
        s = http_native_new(&config, &engine, err);
    if (!s)
        s = http_exchange_new(&call, &exchange, err);
    if (!s)
        s = http_engine_submit(engine, exchange);
    if (s)
        return s;
    (void)pthread_mutex_lock(&question.lock);
    while (!question.answered)
        (void)pthread_cond_wait(&question.changed, &question.lock);
    (void)pthread_mutex_unlock(&question.lock);
    if (exchange->answer.status)
        return error_set(err, exchange->answer.status, "%s", exchange->answer.why);
    text = exchange->answer.body;
    out->requests = strtoull(text, &text, 10);
    out->lag_p50_us = strtod(text, &text);
    out->lag_p99_us = strtod(text, &text);
    out->lag_max_us = strtod(text, &text);
    return ASSAY_OK;
}

assay_status drive_server_record(
    const struct bench_server *server, struct drive_record *out, struct error *err)
{
    return ask_server(server, "/stats", out, err);
}

assay_status drive_server_pace(
    const struct bench_server *server, uint32_t rate, struct drive_record *out, struct error *err)
{
    char path[32];

    (void)snprintf(path, sizeof path, "/pace/%u", rate);
    return ask_server(server, path, out, err);
}

/* Open-loop HTTP, transfers and submissions. What becomes of a request is settled by what
   the script says of its node at the moment when it is handed over. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/fakehost/internal.h"

struct assay_reply {
    struct fakehost *f;
    struct assay_reply *next;
    assay_reply_info info;
    char why[64];
};

struct assay_calls {
    struct fakehost *f;
    uint32_t in_flight_max, in_flight, waiting;
    struct assay_reply *done, **last;
};

struct assay_purse {
    uint32_t users, reserved;
};

struct assay_transaction {
    struct fakehost *f;
    char id[ASSAY_ID_MAX];
    assay_request request;
    assay_transaction_info info;
    bool is_sent;
};

/* ---- script ---- */

void fake_answers(struct fakehost *f, uint32_t node, uint32_t code, assay_ns latency)
{
    f->nodes[node].answer_code = code;
    f->nodes[node].answer_latency = latency;
}

static void on_answers(struct fakehost *f, const struct fake_event *event)
{
    f->nodes[event->node].answer_code = (uint32_t)event->number;
}

void fake_answers_at(struct fakehost *f, assay_ns at, uint32_t node, uint32_t code)
{
    fake_at(f, at, on_answers, node, NULL)->number = code;
}

void fake_settles_as(struct fakehost *f, uint32_t outcome)
{
    f->settles_as = outcome;
}

void fake_send_delay(struct fakehost *f, assay_ns delay)
{
    f->send_delay = delay;
}

size_t fake_sent_count(const struct fakehost *f)
{
    return f->sent_count;
}

const struct fake_sent *fake_sent(const struct fakehost *f, size_t index)
{
    assert_true(index < f->sent_count);
    return &f->sent[index];
}

void fake_purse(struct fakehost *f, uint32_t accounts, assay_ns make_time, assay_ns recycle)
{
    f->accounts = accounts;
    f->make_time = make_time;
    f->recycle = recycle;
}

uint32_t fake_purse_users(const struct fakehost *f)
{
    return f->purse_users;
}

/* ---- assay.http/1 ---- */

static assay_status http_open(const assay_host *host, uint32_t in_flight_max, assay_calls **out)
{
    struct fakehost *f = fake_of(host);
    assay_status s = fake_enter(f, "open");
    struct assay_calls *calls;

    if (s)
        return s;
    calls = fake_alloc(1, sizeof(*calls));
    *calls = (struct assay_calls){.f = f, .in_flight_max = in_flight_max};
    calls->last = &calls->done;
    f->alive++;
    *out = calls;
    return ASSAY_OK;
}

static void on_answer(struct fakehost *f, const struct fake_event *event)
{
    struct assay_reply *reply = event->object;
    struct assay_calls *calls = (struct assay_calls *)(uintptr_t)event->number;

    (void)f;
    *calls->last = reply;
    calls->last = &reply->next;
    calls->waiting--;
}

static void answer(struct fakehost *f, const assay_request *request, struct assay_reply *reply)
{
    const struct fake_node *node = &f->nodes[request->node];
    assay_ns timeout = request->timeout ? request->timeout : 10 * ASSAY_SECOND;
    assay_reply_info *info = &reply->info;

    info->struct_size = sizeof(*info);
    info->tag = request->tag;
    info->node = request->node;
    info->at = request->at > f->now ? request->at : f->now;
    if (request->at)
        info->at = request->at;
    info->sent = (request->at > f->now ? request->at : f->now) + f->send_delay;
    info->done = info->sent + node->answer_latency;
    info->code = node->answer_code;
    info->content_type = info->why = "";
    if (!info->code)
        info->status = ASSAY_E_IO;
    if (node->answer_latency > timeout) {
        info->status = ASSAY_E_TIMEOUT;
        info->done = info->sent + timeout;
        info->code = 0;
    }
    if (info->status) {
        (void)snprintf(reply->why, sizeof(reply->why), "no answer");
        info->why = reply->why;
    }
}

static assay_status http_start(
    const assay_host *host, assay_calls *calls, const assay_request *request)
{
    struct fakehost *f = fake_of(host);
    assay_status s = fake_enter(f, "start");
    struct assay_reply *reply;
    struct fake_event *event;

    if (s)
        return s;
    assert_true(request->struct_size == sizeof(*request));
    assert_true(request->node < f->node_count);
    assert_non_null(request->method);
    assert_non_null(request->path);
    if (calls->in_flight == calls->in_flight_max)
        return ASSAY_E_LAGGED;
    f->sent = fake_grow(f->sent, f->sent_count, sizeof(f->sent[0]));
    f->sent[f->sent_count++] = (struct fake_sent){.node = request->node,
        .asked_at = f->now,
        .at = request->at,
        .timeout = request->timeout,
        .path = request->path};
    reply = fake_alloc(1, sizeof(*reply));
    reply->f = f;
    answer(f, request, reply);
    event = fake_at(f, reply->info.done, on_answer, 0, NULL);
    event->object = reply;
    event->number = (uintptr_t)calls;
    calls->in_flight++;
    calls->waiting++;
    return ASSAY_OK;
}

static bool calls_have(struct fakehost *f, void *context)
{
    const struct assay_calls *calls = context;

    (void)f;
    return calls->done;
}

static assay_status http_collect(
    assay_task *task, assay_calls *calls, assay_ns until, assay_reply **out)
{
    struct fakehost *f = fake_of_task(task);
    assay_status s = fake_enter_blocking(f, "collect");
    struct assay_reply *reply;

    if (s)
        return s;
    if (!calls->in_flight)
        return ASSAY_E_NOTFOUND;
    s = fake_wait(f, until, calls_have, calls);
    if (s)
        return s;
    reply = calls->done;
    calls->done = reply->next;
    if (!calls->done)
        calls->last = &calls->done;
    calls->in_flight--;
    f->alive++;
    *out = reply;
    return ASSAY_OK;
}

static void http_close(assay_calls *calls)
{
    if (!calls)
        return;
    for (struct fake_event **place = &calls->f->events; *place;) {
        struct fake_event *event = *place;

        if (event->fire == on_answer && event->number == (uintptr_t)calls) {
            *place = event->next;
            free(event->object);
            free(event);
        } else {
            place = &event->next;
        }
    }
    while (calls->done) {
        struct assay_reply *reply = calls->done;

        calls->done = reply->next;
        free(reply);
    }
    calls->f->alive--;
    free(calls);
}

static const assay_reply_info *http_info(const assay_reply *reply)
{
    return &reply->info;
}

static void http_release(assay_reply *reply)
{
    if (!reply)
        return;
    reply->f->alive--;
    free(reply);
}

static const assay_http http_table = {.struct_size = sizeof(http_table),
    .info = http_info,
    .release = http_release,
    .open = http_open,
    .start = http_start,
    .collect = http_collect,
    .close = http_close};

/* ---- assay.transfer/1 ---- */

static assay_status transfer_open(
    void *provider, const assay_host *user, uint32_t users, assay_purse **out)
{
    struct fakehost *f = provider;
    static struct assay_purse purse;
    assay_status s = fake_enter(f, "transfer_open");

    if (s)
        return s;
    assert_ptr_equal(user, &f->table);
    f->purse_users = users;
    if (users > f->accounts)
        return (user->fail)(user, ASSAY_E_NOTFOUND,
            "so many accounts are not left"); /* CMocka has a macro of that name */
    f->outputs = users;
    *out = &purse;
    return ASSAY_OK;
}

static bool purse_has(struct fakehost *f, void *context)
{
    (void)context;
    return f->outputs > 0;
}

static assay_status transfer_next(
    void *provider, assay_task *task, assay_purse *purse, assay_ns until, assay_transaction **out)
{
    struct fakehost *f = provider;
    assay_status s = fake_enter_blocking(f, "transfer_next");
    struct assay_transaction *transaction;

    assert_ptr_equal(task, f);
    assert_non_null(purse);
    if (!s && !f->outputs)
        s = fake_wait(f, until, purse_has, NULL);
    if (s)
        return s;
    f->outputs--;
    fake_advance(f, f->now + f->make_time);
    transaction = fake_alloc(1, sizeof(*transaction));
    transaction->f = f;
    (void)snprintf(transaction->id, sizeof(transaction->id), "tx-%llu",
        (unsigned long long)f->transactions_made++);
    transaction->request =
        (assay_request){.struct_size = sizeof(assay_request), .method = "POST", .path = "/tx"};
    transaction->info = (assay_transaction_info){
        .struct_size = sizeof(transaction->info),
        .id = transaction->id,
        .request = &transaction->request,
    };
    f->alive++;
    *out = transaction;
    return ASSAY_OK;
}

static const assay_transaction_info *transfer_info(const assay_transaction *transaction)
{
    return &transaction->info;
}

static void on_recycled(struct fakehost *f, const struct fake_event *event)
{
    (void)event;
    f->outputs++;
}

static uint32_t transfer_settle(
    void *provider, assay_transaction *transaction, const assay_reply_info *reply)
{
    struct fakehost *f = provider;

    assert_non_null(transaction);
    f->alive--;
    free(transaction);
    (void)fake_at(f, f->now + (reply ? f->recycle : 0), on_recycled, 0, NULL);
    if (!reply)
        return ASSAY_SUBMIT_MISSED;
    assert_true(reply->sent > 0 || reply->status);
    if (f->settles_as)
        return f->settles_as;
    if (reply->status)
        return ASSAY_SUBMIT_FAILED;
    return reply->code == 200 ? ASSAY_SUBMIT_ACCEPTED : ASSAY_SUBMIT_REFUSED;
}

/* ---- assay.wallet/1 ---- */

static uint32_t wallet_count(const assay_host *host)
{
    return fake_of(host)->accounts;
}

static const assay_wallet wallet_table = {
    .struct_size = sizeof(wallet_table), .count = wallet_count};

/* ---- assay.submissions/1 ---- */

static struct fake_submission *find_submission(
    const struct fakehost *f, const char *kind, const char *id, size_t *index)
{
    size_t among = 0;

    for (size_t i = 0; i < f->submission_count; i++) {
        struct fake_submission *submission = f->submissions[i];

        if (strcmp(submission->kind, kind) != 0)
            continue;
        if (!strcmp(submission->id, id)) {
            if (index)
                *index = among;
            return submission;
        }
        among++;
    }
    return NULL;
}

static assay_status submissions_report(const assay_host *host, const assay_submission *record)
{
    struct fakehost *f = fake_of(host);
    assay_status s = fake_enter(f, "report");
    struct fake_submission *submission;

    if (s)
        return s;
    assert_true(record->struct_size == sizeof(*record));
    assert_true(strlen(record->id) > 0);
    submission = find_submission(f, record->kind, record->id, NULL);
    if (!submission) {
        submission = fake_alloc(1, sizeof(*submission));
        (void)snprintf(submission->kind, sizeof(submission->kind), "%s", record->kind);
        (void)snprintf(submission->id, sizeof(submission->id), "%s", record->id);
        f->submissions = fake_grow(f->submissions, f->submission_count, sizeof(f->submissions[0]));
        f->submissions[f->submission_count++] = submission;
    }
    submission->record = *record;
    submission->record.kind = submission->kind;
    submission->record.id = submission->id;
    return ASSAY_OK;
}

static size_t submissions_count(const assay_host *host, const char *kind)
{
    const struct fakehost *f = fake_of(host);
    size_t count = 0;

    for (size_t i = 0; i < f->submission_count; i++)
        count += !strcmp(f->submissions[i]->kind, kind);
    return count;
}

static assay_status submissions_get(
    const assay_host *host, const char *kind, size_t index, assay_submission *out)
{
    struct fakehost *f = fake_of(host);
    assay_status s = fake_enter(f, "get");

    if (s)
        return s;
    for (size_t i = 0; i < f->submission_count; i++) {
        if (strcmp(f->submissions[i]->kind, kind) != 0 || index--)
            continue;
        FAKE_COPY_OUT(out, f->submissions[i]->record);
        return ASSAY_OK;
    }
    return ASSAY_E_NOTFOUND;
}

static assay_status submissions_find(
    const assay_host *host, const char *kind, const char *id, size_t *index)
{
    struct fakehost *f = fake_of(host);
    assay_status s = fake_enter(f, "find");

    if (s)
        return s;
    return find_submission(f, kind, id, index) ? ASSAY_OK : ASSAY_E_NOTFOUND;
}

static const assay_submissions submissions_table = {.struct_size = sizeof(submissions_table),
    .report = submissions_report,
    .count = submissions_count,
    .get = submissions_get,
    .find = submissions_find};

void fake_submission_of(
    struct fakehost *f, const char *kind, const char *id, uint32_t outcome, assay_ns at)
{
    assay_submission record = {
        .struct_size = sizeof(record),
        .kind = kind,
        .id = id,
        .at = at,
        .outcome = outcome,
    };
    uint64_t calls = f->calls;

    if (outcome != ASSAY_SUBMIT_MISSED)
        record.sent = at;
    if (outcome != ASSAY_SUBMIT_MISSED && outcome != ASSAY_SUBMIT_PENDING)
        record.done = at + ASSAY_MS;
    assert_int_equal(submissions_report(&f->table, &record), ASSAY_OK);
    f->calls = calls; /* the script's, not the plugin's */
}

void fake_submission(struct fakehost *f, const char *id, uint32_t outcome, assay_ns at)
{
    fake_submission_of(f, "transaction", id, outcome, at);
}

void fake_submitted_to(struct fakehost *f, uint32_t node)
{
    assert_true(f->submission_count > 0);
    f->submissions[f->submission_count - 1]->record.node = node;
}

size_t fake_submission_count(const struct fakehost *f, uint32_t outcome)
{
    size_t count = 0;

    for (size_t i = 0; i < f->submission_count; i++)
        count += f->submissions[i]->record.outcome == outcome;
    return count;
}

size_t fake_submission_count_of(const struct fakehost *f, const char *kind, uint32_t outcome)
{
    size_t count = 0;

    for (size_t i = 0; i < f->submission_count; i++)
        count +=
            f->submissions[i]->record.outcome == outcome && !strcmp(f->submissions[i]->kind, kind);
    return count;
}

const char *fake_submission_id(const struct fakehost *f, const char *kind, size_t index)
{
    for (size_t i = 0; i < f->submission_count; i++)
        if (!strcmp(f->submissions[i]->kind, kind) && index-- == 0)
            return f->submissions[i]->id;
    return "";
}

/* The one table with state: its provider is the fakehost. */
static const void *transfer_of(struct fakehost *f)
{
    static assay_transfer table = {.struct_size = sizeof(table),
        .open = transfer_open,
        .next = transfer_next,
        .info = transfer_info,
        .settle = transfer_settle};

    table.provider = f;
    return &table;
}

const void *fake_traffic_service(struct fakehost *f, const char *id)
{
    if (!strcmp(id, ASSAY_HTTP))
        return &http_table;
    if (!strcmp(id, ASSAY_TRANSFER))
        return transfer_of(f);
    if (!strcmp(id, ASSAY_WALLET))
        return &wallet_table;
    if (!strcmp(id, ASSAY_SUBMISSIONS))
        return &submissions_table;
    return NULL;
}

void fake_traffic_done(struct fakehost *f)
{
    for (size_t i = 0; i < f->submission_count; i++)
        free(f->submissions[i]);
    free(f->submissions);
    free(f->sent);
}

/* assay.transactions - signed transactions at a steady rate, open loop.

   One task does everything: while it waits for the next moment of the schedule it collects answers;
   `lead` before that moment it has the next transaction made and signed, and hands the request to
   the HTTP service with the moment at which it is to leave. So neither signing nor a slow node
   delays a send, and what did delay one shows as lateness. */
#include "tally.h"

#include <assay/sdk.h>

/* On top of a request's own timeout, for the host to notice and tell. */
#define COLLECT_SLACK (2 * ASSAY_SECOND)

struct transactions_options {
    double rate;
    const char *per;
    int64_t users, in_flight_max;
    assay_ns timeout, lead;
    const char *const *targets;
    const char *spread;
};

/* One request in flight; its index is the request's tag. */
struct flight {
    assay_transaction *transaction; /* NULL: the place is free */
    assay_ns at;
    uint32_t node, next_free;
};

struct load {
    const assay_host *host;
    const assay_clock *clock;
    const assay_http *http;
    const assay_transfer *transfer;
    const struct transactions_options *options;
    double interval; /* ns between two sends; as a real so that errors do not add up */
    uint32_t *targets, target_count, next_target;
    uint32_t flight_count, free_flight; /* free_flight == flight_count: none is free */
    struct flight *flights;
    assay_purse *purse;
    assay_calls *calls;
    struct tally tally;
};

/* ---- setting up ---- */

static uint32_t is_target(const struct load *load, const assay_node_info *info)
{
    for (const char *const *word = load->options->targets; *word; word++)
        if (!strcmp(*word, "all") || !strcmp(*word, info->role) || !strcmp(*word, info->name))
            return 1;
    return 0;
}

static assay_status choose_targets(struct load *load)
{
    const assay_nodes *nodes = assay_nodes_of(load->host);
    uint32_t count = nodes->count(load->host);

    load->targets = calloc(count ? count : 1, sizeof(load->targets[0]));
    if (!load->targets)
        return load->host->fail(load->host, ASSAY_E_NOMEM, "out of memory");
    for (uint32_t i = 0; i < count; i++) {
        assay_node_info info = ASSAY_RECORD(assay_node_info);
        assay_status s = nodes->info(load->host, i, &info);

        if (s)
            return s;
        if (is_target(load, &info))
            load->targets[load->target_count++] = i;
    }
    if (!load->target_count)
        return load->host->fail(load->host, ASSAY_E_INVALID,
            "targets matches no node: it takes all, roles and names of nodes");
    return ASSAY_OK;
}

static void destroy(void *self)
{
    struct load *load = self;

    if (!load)
        return;
    load->http->close(load->calls);
    free(load->flights);
    free(load->targets);
    free(load);
}

static assay_status create(const assay_host *host, const void *given, void **self)
{
    struct load *load = calloc(1, sizeof(*load));
    assay_status s;

    if (!load)
        return host->fail(host, ASSAY_E_NOMEM, "out of memory");
    load->host = host;
    load->clock = assay_clock_of(host);
    load->http = assay_http_of(host);
    load->transfer = assay_transfer_of(host);
    load->options = given;
    s = choose_targets(load);
    if (s) {
        destroy(load);
        return s;
    }
    *self = load;
    return ASSAY_OK;
}

static assay_status choose_interval(struct load *load)
{
    const struct transactions_options *options = load->options;
    assay_run_facts facts = ASSAY_RECORD(assay_run_facts);
    assay_status s = assay_run_of(load->host)->facts(load->host, &facts);

    if (s)
        return s;
    load->interval = (double)ASSAY_SECOND / options->rate;
    if (!strcmp(options->per, "block")) {
        if (!facts.block_interval)
            return load->host->fail(load->host, ASSAY_E_INVALID,
                "rate is per block, but the system does not say how often blocks come: set per = "
                "second");
        load->interval = (double)facts.block_interval / options->rate;
    }
    if (load->interval / 2 >= (double)facts.duration)
        return assay_fail_f(load->host, ASSAY_E_INVALID,
            "rate = %g per %s makes no transaction at all in a run of %.3f s: raise rate, or "
            "duration",
            options->rate, options->per, (double)facts.duration / (double)ASSAY_SECOND);
    return ASSAY_OK;
}

static assay_status open_purse(struct load *load)
{
    uint32_t accounts = assay_wallet_of(load->host)->count(load->host);
    uint32_t users = load->options->users ? (uint32_t)load->options->users : accounts;
    assay_status s;

    if (!users)
        return load->host->fail(load->host, ASSAY_E_INVALID,
            "there are no accounts to send from: give the scenario some in [wallets]");
    s = load->transfer->open(load->transfer->provider, load->host, users, &load->purse);
    if (s == ASSAY_E_NOTFOUND)
        return assay_fail_f(load->host, s,
            "cannot have %u accounts for itself: the scenario has %u, and other workloads may "
            "hold some of them; set users, or raise the number of accounts in [wallets]",
            users, accounts);
    if (s)
        return assay_fail_f(load->host, s, "cannot get hold of %u accounts", users);
    return ASSAY_OK;
}

static assay_status open_flights(struct load *load)
{
    load->flight_count = (uint32_t)load->options->in_flight_max;
    load->flights = calloc(load->flight_count, sizeof(load->flights[0]));
    if (!load->flights)
        return load->host->fail(load->host, ASSAY_E_NOMEM, "out of memory: lower in_flight_max");
    for (uint32_t i = 0; i < load->flight_count; i++)
        load->flights[i].next_free = i + 1;
    return load->http->open(load->host, load->flight_count, &load->calls);
}

static assay_status prepare(void *self, assay_task *task)
{
    struct load *load = self;
    assay_status s = choose_interval(load);

    (void)task;
    tally_init(&load->tally, load->host);
    if (!s)
        s = open_purse(load);
    if (!s)
        s = open_flights(load);
    return s;
}

/* ---- one transaction ---- */

/* Gives the transaction back with what the answer was and frees its place. */
static assay_status settle(struct load *load, struct flight *flight, const assay_reply_info *reply)
{
    char id[ASSAY_ID_MAX];
    const struct attempt attempt = {.id = id, .at = flight->at, .node = flight->node};
    uint32_t outcome;

    (void)snprintf(id, sizeof(id), "%s", load->transfer->info(flight->transaction)->id);
    outcome = load->transfer->settle(load->transfer->provider, flight->transaction, reply);
    flight->transaction = NULL;
    flight->next_free = load->free_flight;
    load->free_flight = (uint32_t)(flight - load->flights);
    return tally_settled(&load->tally, &attempt, outcome, reply);
}

/* Collects answers until that moment. */
static assay_status collect_until(struct load *load, assay_task *task, assay_ns until)
{
    for (;;) {
        assay_reply *reply = NULL;
        const assay_reply_info *info;
        assay_status s = load->http->collect(task, load->calls, until, &reply);

        if (s == ASSAY_E_TIMEOUT)
            return ASSAY_OK;
        if (s == ASSAY_E_NOTFOUND)
            return load->clock->sleep_until(task, until);
        if (s)
            return s;
        info = load->http->info(reply);
        s = settle(load, &load->flights[info->tag], info);
        load->http->release(reply);
        if (s)
            return s;
    }
}

static uint32_t choose_node(struct load *load, assay_task *task)
{
    if (!strcmp(load->options->spread, "random"))
        return load->targets[assay_random_of(load->host)->below(task, load->target_count)];
    return load->targets[load->next_target++ % load->target_count];
}

/* Hands the request over. The transaction is settled at once when it cannot be sent. */
static assay_status dispatch(
    struct load *load, assay_transaction *transaction, assay_ns at, uint32_t node)
{
    const assay_transaction_info *info = load->transfer->info(transaction);
    const struct attempt attempt = {.id = info->id, .at = at, .node = node};
    struct flight *flight = &load->flights[load->free_flight];
    assay_request request;
    assay_status s = tally_pending(&load->tally, &attempt);

    assay_take(&request, sizeof(request), info->request);
    request.node = node;
    request.timeout = load->options->timeout;
    request.at = at;
    request.tag = load->free_flight;
    if (!s)
        s = load->http->start(load->host, load->calls, &request);
    if (!s) {
        load->free_flight = flight->next_free;
        flight->transaction = transaction;
        flight->at = at;
        flight->node = node;
        return ASSAY_OK;
    }
    if (s == ASSAY_E_LAGGED)
        s = tally_missed(&load->tally, &attempt, MISS_CROWDED);
    (void)load->transfer->settle(load->transfer->provider, transaction, NULL);
    return s;
}

static assay_status send_one(struct load *load, assay_task *task, assay_ns at)
{
    const struct attempt unmade = {.at = at, .node = ASSAY_NO_NODE};
    assay_ns began = load->clock->now(load->host);
    assay_transaction *transaction = NULL;
    assay_status s;

    if (load->free_flight == load->flight_count)
        return tally_missed(&load->tally, &unmade, MISS_CROWDED);
    s = load->transfer->next(load->transfer->provider, task, load->purse, at, &transaction);
    if (s == ASSAY_E_TIMEOUT)
        return tally_missed(&load->tally, &unmade, MISS_DRY);
    if (s == ASSAY_E_CANCELLED)
        return s;
    if (s)
        return assay_fail_f(load->host, s,
            "the system could not make transaction %llu: its reason is in the log",
            (unsigned long long)load->tally.offered);
    tally_made(&load->tally, load->clock->now(load->host) - began);
    return dispatch(load, transaction, at, choose_node(load, task));
}

/* ---- the run ---- */

/* The k-th send is due in the middle of the k-th interval: the first one is not late for having
   been signed after the window opened, and the last one is not cut off by its end. */
static assay_ns moment(const struct load *load, assay_ns start, uint64_t k)
{
    return start + (assay_ns)(((double)k + 0.5) * load->interval);
}

static assay_status offer(struct load *load, assay_task *task, assay_ns start, assay_ns end)
{
    assay_ns at = moment(load, start, 0);

    for (uint64_t k = 0; at < end; at = moment(load, start, ++k)) {
        const struct attempt unmade = {.at = at, .node = ASSAY_NO_NODE};
        assay_status s = collect_until(load, task, at - load->options->lead);

        if (s)
            return s;
        load->tally.offered++;
        if (load->clock->now(load->host) >= end)
            s = tally_missed(&load->tally, &unmade, MISS_BEHIND);
        else
            s = send_one(load, task, at);
        if (s)
            return s;
    }
    return ASSAY_OK;
}

/* Every request in flight is answered or fails by its own timeout, so this ends. */
static assay_status collect_rest(struct load *load, assay_task *task, assay_ns end)
{
    assay_ns until = end + load->options->timeout + COLLECT_SLACK;
    uint32_t busy = 0;

    for (uint32_t i = 0; i < load->flight_count; i++)
        busy += load->flights[i].transaction != NULL;
    for (; busy; busy--) {
        assay_reply *reply = NULL;
        assay_status s = load->http->collect(task, load->calls, until, &reply);

        if (s == ASSAY_E_TIMEOUT)
            return ASSAY_OK; /* finish reports what is left as failed */
        if (s)
            return s;
        s = settle(load, &load->flights[load->http->info(reply)->tag], load->http->info(reply));
        load->http->release(reply);
        if (s)
            return s;
    }
    return ASSAY_OK;
}

static assay_status run(void *self, assay_task *task)
{
    struct load *load = self;
    assay_ns start = load->clock->window_start(load->host);
    assay_ns end = load->clock->window_end(load->host);
    assay_status s;

    if (start == ASSAY_FOREVER)
        return load->host->fail(load->host, ASSAY_E_INVALID, "the run's window is not open");
    s = offer(load, task, start, end);
    if (!s)
        s = collect_rest(load, task, end);
    if (s)
        return s;
    if (load->tally.offered == load->tally.outcomes[ASSAY_SUBMIT_MISSED])
        return assay_fail_f(load->host, ASSAY_E_IO,
            "not one of %llu planned transactions could be sent: %s",
            (unsigned long long)load->tally.offered, tally_chief_reason(&load->tally));
    return ASSAY_OK;
}

/* What is still in flight may or may not have arrived, and is reported so. */
static assay_status finish(void *self, assay_task *task)
{
    struct load *load = self;
    assay_ns now = load->clock->now(load->host);
    assay_status result = ASSAY_OK;

    (void)task;
    load->http->close(load->calls);
    load->calls = NULL;
    for (uint32_t i = 0; load->flights && i < load->flight_count; i++) {
        struct flight *flight = &load->flights[i];
        assay_reply_info unanswered = ASSAY_RECORD_WITH(assay_reply_info, .tag = i,
            .status = ASSAY_E_CANCELLED, .node = flight->node, .at = flight->at, .done = now,
            .content_type = "", .why = "the run ended before the answer came");
        assay_status s = ASSAY_OK;

        if (!flight->transaction)
            continue;
        /* Whether it had left is not known: treat it as sent, so that its funds are not used twice. */
        unanswered.sent = flight->at < now ? flight->at : now;
        s = settle(load, flight, &unanswered);
        if (s && !result)
            result = s;
    }
    if (load->tally.offered)
        tally_summarise(&load->tally);
    return result;
}

static const assay_option options[] = {
    ASSAY_OPTION_REAL(struct transactions_options, rate, "1", "0.000001..1000000",
        "Transactions per block or per second, see per."),
    ASSAY_OPTION_CHOICE(struct transactions_options, per, "block", "block|second",
        "What rate counts by; a block is the mean time between blocks that the system expects."),
    ASSAY_OPTION_INT(struct transactions_options, users, "0", "0..1048576",
        "Accounts that take turns in sending; 0: all of the scenario."),
    ASSAY_OPTION_LIST(struct transactions_options, targets, "all",
        "Nodes to send to: all, roles, or names of nodes."),
    ASSAY_OPTION_CHOICE(struct transactions_options, spread, "turns", "turns|random",
        "How targets are chosen: each in turn, or by chance (from the run's seed)."),
    ASSAY_OPTION_SPAN(struct transactions_options, timeout, "10s", "1ms..10m",
        "How long an answer may take before the request counts as failed."),
    ASSAY_OPTION_SPAN(struct transactions_options, lead, "100ms", "0ms..10s",
        "How long before its moment a transaction is made and signed."),
    ASSAY_OPTION_INT(struct transactions_options, in_flight_max, "16384", "1..65536",
        "Unanswered requests at a time; a send beyond that is missed."),
};
static const char *const needs[] = {ASSAY_CLOCK, ASSAY_RANDOM, ASSAY_HTTP, ASSAY_NODES,
    ASSAY_SUBMISSIONS, ASSAY_METRICS, ASSAY_WALLET, ASSAY_RUN, ASSAY_TRANSFER, NULL};

ASSAY_PLUGIN(transactions, ASSAY_WORKLOAD, "assay.transactions", "0.1.0",
    "Signed transactions at a steady rate", ASSAY_OPTIONS(struct transactions_options, options),
    .needs = needs, .create = create, .destroy = destroy, .prepare = prepare, .run = run,
    .finish = finish);
ASSAY_LIBRARY("assay-transactions", "0.1.0", "Apache-2.0", &transactions);

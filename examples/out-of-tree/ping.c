/* acme.ping: asks every node for a page on a fixed schedule and measures how long it takes. */
#include <assay/sdk.h>

/* What a manifest can set. The struct is filled before create is called. */
struct ping_options {
    const char *path;
    assay_ns every;
    assay_ns timeout;
};

static const assay_option options[] = {
    ASSAY_OPTION_TEXT(struct ping_options, path, "/", "What to ask for."),
    ASSAY_OPTION_SPAN(
        struct ping_options, every, "500ms", "1ms..1h", "Time between two rounds to all nodes."),
    ASSAY_OPTION_SPAN(
        struct ping_options, timeout, "2s", "1ms..1h", "When an answer counts as missing."),
};

/* An instance: everything that lives from create to destroy. No statics, for a manifest may have
   several instances, which run at the same time. */
struct ping {
    const assay_host *host;
    const struct ping_options *options;
    const assay_clock *clock;
    const assay_http *http;
    const assay_nodes *nodes;
    const assay_metrics *metrics;
    uint32_t answers, failures, latency; /* metrics */
    assay_calls *calls;                  /* requests in flight */
};

static const char *const needs[] = {ASSAY_CLOCK, ASSAY_HTTP, ASSAY_NODES, ASSAY_METRICS, NULL};

static assay_status create(const assay_host *host, const void *given, void **self)
{
    struct ping *ping = calloc(1, sizeof(*ping));

    if (!ping)
        return host->fail(host, ASSAY_E_NOMEM, "no memory for an instance");
    ping->host = host;
    ping->options = given; /* valid until destroy */
    ping->clock = assay_clock_of(host);
    ping->http = assay_http_of(host);
    ping->nodes = assay_nodes_of(host);
    ping->metrics = assay_metrics_of(host);
    ping->answers = ping->metrics->define(host, "answers", ASSAY_COUNTER, "");
    ping->failures = ping->metrics->define(host, "failures", ASSAY_COUNTER, "");
    ping->latency = ping->metrics->define(host, "latency", ASSAY_HISTOGRAM, "seconds");
    *self = ping;
    return ASSAY_OK;
}

static void destroy(void *self)
{
    free(self);
}

/* Records one completed request. Time counts from when it was meant to be sent: a node that keeps
   us waiting cannot make itself look faster. */
static void record(const struct ping *ping, const assay_reply_info *info)
{
    if (info->status != ASSAY_OK || info->code >= 500) {
        ping->metrics->record(ping->host, ping->failures, 1);
        return;
    }
    ping->metrics->record(ping->host, ping->answers, 1);
    ping->metrics->record(ping->host, ping->latency, (double)(info->done - info->at) / 1e9);
}

/* Records what comes back until a moment. */
static assay_status collect(const struct ping *ping, assay_task *task, assay_ns until)
{
    for (;;) {
        assay_reply *reply = NULL;
        const assay_status status = ping->http->collect(task, ping->calls, until, &reply);

        if (status == ASSAY_E_TIMEOUT)
            return ASSAY_OK;
        if (status == ASSAY_E_NOTFOUND) /* nothing is in flight */
            return ping->clock->sleep_until(task, until);
        if (status)
            return status;
        record(ping, ping->http->info(reply));
        ping->http->release(reply);
    }
}

static assay_status start_round(const struct ping *ping, assay_ns at)
{
    for (uint32_t node = 0; node < ping->nodes->count(ping->host); node++) {
        const assay_request request =
            ASSAY_RECORD_WITH(assay_request, .node = node, .method = "GET",
                .path = ping->options->path, .timeout = ping->options->timeout, .at = at);
        const assay_status status = ping->http->start(ping->host, ping->calls, &request);

        if (status == ASSAY_E_LAGGED) /* so many unanswered ones: this one counts as such */
            ping->metrics->record(ping->host, ping->failures, 1);
        else if (status)
            return status;
    }
    return ASSAY_OK;
}

/* One round is planned ahead, so that a late answer does not delay the next. */
static assay_status run(void *self, assay_task *task)
{
    struct ping *ping = self;
    const assay_ns end = ping->clock->window_end(ping->host);
    assay_status status = ping->http->open(ping->host, 10000, &ping->calls);

    for (assay_ns at = ping->clock->now(ping->host); !status && at < end;
         at += ping->options->every) {
        status = start_round(ping, at);
        if (!status)
            status = collect(ping, task, at);
    }
    if (!status) /* answers that are still on their way */
        status = collect(ping, task, end + ping->options->timeout);
    return status;
}

static assay_status finish(void *self, assay_task *task)
{
    struct ping *ping = self;

    (void)task;
    if (ping->calls)
        ping->http->close(ping->calls);
    ping->calls = NULL;
    return ASSAY_OK;
}

ASSAY_PLUGIN(ping, ASSAY_WORKLOAD, "acme.ping", "1.0.0", "Asks every node for a page on schedule",
    ASSAY_OPTIONS(struct ping_options, options), .needs = needs, .create = create,
    .destroy = destroy, .run = run, .finish = finish);

ASSAY_LIBRARY("acme-ping", "1.0.0", "Apache-2.0", &ping);

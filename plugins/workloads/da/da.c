/* assay.da - channels of inscriptions and blobs, as data availability's users make them.

   One task does everything. Each channel is a small state machine (channel.h); the loop below moves
   the channels whose moment has come, hands their requests to the HTTP service, and takes in
   answers and blocks. It waits for whichever comes first of an answer and the next moment, and
   looks at the feed of blocks at least every TICK meanwhile. No wait is without a moment at which
   it ends. */
#include "load.h"

#include <assay/sdk.h>

#define TICK (50 * ASSAY_MS)
/* After so many expected block intervals a message that was accepted is sent again. */
#define PATIENCE_INTERVALS 5
#define PATIENCE_FLOOR     (5 * ASSAY_SECOND)
/* Once the window is over, accepted messages are seen through for so many times that. */
#define TEND_PATIENCES 2
#define CHANNELS_MAX   16384u
#define MESSAGES_MAX   (1u << 20) /* planned in all; 300 bytes each */

/* ---- life ---- */

static void destroy(void *self)
{
    struct load *load = self;

    if (!load)
        return;
    load->http->close(load->calls);
    load->blocks->unsubscribe(load->feed);
    for (uint32_t i = 0; load->channels && i < load->channel_count; i++)
        channel_done(&load->channels[i]);
    free(load->channels);
    free(load->nodes_ordered);
    free(load->orders);
    free(load);
}

/* Before anything is started: without executors there is nobody to take a blob. */
static assay_status require_executor(struct load *load)
{
    const uint32_t count = load->nodes->count(load->host);

    for (uint32_t i = 0; i < count; i++) {
        assay_node_info info = ASSAY_RECORD(assay_node_info);
        assay_status s = load->nodes->info(load->host, i, &info);

        if (s)
            return s;
        if (!strcmp(info.role, "executor"))
            return ASSAY_OK;
    }
    return load->host->fail(load->host, ASSAY_E_INVALID,
        "da workload requires at least one executor: set executors in [topology]");
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
    load->blocks = assay_blocks_of(host);
    load->nodes = assay_nodes_of(host);
    load->random = assay_random_of(host);
    load->da = nomos_da_of(host);
    load->options = given;
    s = require_executor(load);
    if (s) {
        destroy(load);
        return s;
    }
    *self = load;
    return ASSAY_OK;
}

/* ---- the plan ---- */

/* As many channels and blobs as the predecessor plans (node contract 8.3). */
static assay_status choose_numbers(struct load *load, const assay_run_facts *facts)
{
    const struct da_options *options = load->options;
    const uint64_t rate = (uint64_t)options->channel_rate;
    const uint64_t channels = rate + (rate * (uint64_t)options->headroom_percent + 99) / 100;
    const uint64_t blobs = (uint64_t)options->blob_rate * facts->expected_blocks;
    const uint64_t each = (blobs + channels - 1) / channels;

    if (!facts->expected_blocks)
        return load->host->fail(load->host, ASSAY_E_INVALID,
            "blob_rate is per block, but the system does not say how often blocks come");
    if (channels > CHANNELS_MAX || channels * (each + 1) > MESSAGES_MAX)
        return assay_fail_f(load->host, ASSAY_E_INVALID,
            "the plan has %llu channels with %llu blobs each; the most are %u channels and %u "
            "messages: lower channel_rate, blob_rate or duration",
            (unsigned long long)channels, (unsigned long long)each, CHANNELS_MAX, MESSAGES_MAX);
    load->channel_count = (uint32_t)channels;
    load->blobs = (uint32_t)each;
    load->patience = options->patience;
    if (!load->patience)
        load->patience = PATIENCE_INTERVALS * facts->block_interval;
    if (!options->patience && load->patience < PATIENCE_FLOOR)
        load->patience = PATIENCE_FLOOR;
    return ASSAY_OK;
}

static assay_status make_channels(struct load *load)
{
    load->channels = calloc(load->channel_count, sizeof(*load->channels));
    if (!load->channels)
        return load->host->fail(load->host, ASSAY_E_NOMEM, "out of memory");
    for (uint32_t i = 0; i < load->channel_count; i++) {
        if (channel_init(&load->channels[i], load->da, &load->tally,
                (uint64_t)load->options->first_channel + i, 1 + load->blobs))
            return load->host->fail(load->host, ASSAY_E_NOMEM, "out of memory");
        load->channels[i].index = i;
    }
    return ASSAY_OK;
}

/* Inscriptions depend on nothing, and signing them may take long. */
static assay_status make_inscriptions(struct load *load, assay_task *task)
{
    assay_status s = ASSAY_OK;

    for (uint32_t i = 0; !s && i < load->channel_count; i++)
        s = load_make_message(load, task, &load->channels[i]);
    return s;
}

/* ---- prepare ---- */

static assay_status prepare(void *self, assay_task *task)
{
    struct load *load = self;
    assay_run_facts facts = ASSAY_RECORD(assay_run_facts);
    assay_status s = assay_run_of(load->host)->facts(load->host, &facts);

    tally_init(&load->tally, load->host);
    if (!s)
        s = choose_numbers(load, &facts);
    if (!s)
        s = load_order_nodes(load);
    if (!s)
        s = make_channels(load);
    if (!s)
        s = make_inscriptions(load, task);
    if (!s)
        s = load->http->open(load->host, load->channel_count, &load->calls);
    if (!s)
        s = load->blocks->subscribe(load->host, ASSAY_ANY_NODE, &load->feed);
    return s;
}

/* Inscriptions are due at once; blobs are spread over the window, each in the middle of its
   part. */
static void set_moments(struct load *load, assay_ns start, assay_ns end)
{
    const double part = (double)(end - start) / (double)load->blobs;

    for (uint32_t i = 0; i < load->channel_count; i++) {
        struct channel *channel = &load->channels[i];

        channel->steps[0].at = start;
        for (uint32_t step = 1; step <= load->blobs; step++)
            channel->steps[step].at = start + (assay_ns)(((double)step - 0.5) * part);
        channel->phase = PHASE_DUE;
        channel->until = start;
    }
}

/* ---- the loop ---- */

static assay_status take_answer(struct load *load, const assay_reply_info *info)
{
    struct channel *channel = &load->channels[info->tag];
    const struct channel_limits limits = {.pause = load->options->pause,
        .patience = load->patience,
        .rounds = (uint32_t)load->options->rounds,
        .target_count = load_target_count(load, channel),
        .is_closing = load->is_closing};

    load->in_flight--;
    return channel_answered(channel, info, &limits, load->clock->now(load->host));
}

static assay_status wait_for_answer(struct load *load, assay_task *task, assay_ns until)
{
    assay_reply *reply = NULL;
    assay_status s = load->http->collect(task, load->calls, until, &reply);

    if (s == ASSAY_E_TIMEOUT)
        return ASSAY_OK;
    if (s)
        return s;
    s = take_answer(load, load->http->info(reply));
    load->http->release(reply);
    return s;
}

/* Until the moment, or until something has come; then whatever is in the feed. */
static assay_status await(struct load *load, assay_task *task, assay_ns until)
{
    const assay_ns tick = load->clock->now(load->host) + TICK;
    uint32_t is_one = 1;
    assay_status s = ASSAY_OK;

    if (load->in_flight)
        s = wait_for_answer(load, task, until < tick ? until : tick);
    else
        s = load_take_block(load, task, until, &is_one);
    while (!s && is_one)
        s = load_take_block(load, task, 0, &is_one);
    return s;
}

/* Does what is due in a channel, until it has to wait. */
static assay_status tend(struct load *load, assay_task *task, struct channel *channel)
{
    assay_status s = ASSAY_OK;

    while (!s) {
        const assay_ns now = load->clock->now(load->host);

        switch (channel->phase) {
        case PHASE_DUE:
            if (channel->until > now)
                return ASSAY_OK;
            s = load_make_message(load, task, channel);
            if (!s)
                channel_begin(channel, now);
            break;
        case PHASE_SEND:
            s = load_send(load, task, channel);
            break;
        case PHASE_PAUSE:
            if (channel->until > now)
                return ASSAY_OK;
            channel->phase = PHASE_SEND;
            break;
        case PHASE_CHAIN:
            if (channel->until > now)
                return ASSAY_OK;
            s = load_send_again(load, channel, now);
            break;
        case PHASE_ASKED:
        case PHASE_DONE:
            return ASSAY_OK;
        }
    }
    return s;
}

/* Tends all; *until becomes the next moment at which one is due, and *is_open whether any is
   left. */
static assay_status tend_all(
    struct load *load, assay_task *task, assay_ns *until, uint32_t *is_open)
{
    *is_open = 0;
    for (uint32_t i = 0; i < load->channel_count; i++) {
        struct channel *channel = &load->channels[i];
        assay_status s = tend(load, task, channel);

        if (s)
            return s;
        *is_open |= channel->phase != PHASE_DONE;
        if (channel->phase != PHASE_DONE && channel->phase != PHASE_ASKED &&
            channel->until < *until)
            *until = channel->until;
    }
    return ASSAY_OK;
}

static assay_status close_all(struct load *load)
{
    load->is_closing = 1;
    for (uint32_t i = 0; i < load->channel_count; i++) {
        assay_status s = channel_close(&load->channels[i]);

        if (s)
            return s;
    }
    return ASSAY_OK;
}

/* Until the window's end, and then until everything accepted is in a block, but no longer than
   `last`. */
static assay_status loop(struct load *load, assay_task *task, assay_ns end, assay_ns last)
{
    uint32_t is_open = 1;

    while (is_open && load->clock->now(load->host) < last) {
        assay_ns until = load->is_closing ? last : end;
        assay_status s = ASSAY_OK;

        if (!load->is_closing && load->clock->now(load->host) >= end)
            s = close_all(load);
        if (!s)
            s = tend_all(load, task, &until, &is_open);
        if (!s && is_open)
            s = await(load, task, until);
        if (s)
            return s;
    }
    return ASSAY_OK;
}

static assay_status run(void *self, assay_task *task)
{
    struct load *load = self;
    const assay_ns end = load->clock->window_end(load->host);

    if (end == ASSAY_FOREVER)
        return load->host->fail(load->host, ASSAY_E_INVALID, "the run's window is not open");
    set_moments(load, load->clock->window_start(load->host), end);
    return loop(load, task, end, end + load->options->timeout + TEND_PATIENCES * load->patience);
}

/* What has no end yet gets one: requests without answer have failed, what never went out is
   missed. */
static assay_status finish(void *self, assay_task *task)
{
    struct load *load = self;
    const assay_ns now = load->clock->now(load->host);
    assay_status result = ASSAY_OK;

    (void)task;
    load->http->close(load->calls);
    load->calls = NULL;
    for (uint32_t i = 0; load->channels && i < load->channel_count; i++) {
        assay_status s = load->channels[i].steps ? channel_end(&load->channels[i], now) : ASSAY_OK;

        if (s && !result)
            result = s;
    }
    if (load->channels)
        tally_summarise(&load->tally);
    return result;
}

static const assay_option options[] = {
    ASSAY_OPTION_INT(struct da_options, channel_rate, "1", "1..10000",
        "Channels, before headroom; each sends one message after the other."),
    ASSAY_OPTION_INT(struct da_options, blob_rate, "1", "1..10000",
        "Blobs per block over all channels; a block is one of those that the system expects."),
    ASSAY_OPTION_INT(struct da_options, headroom_percent, "20", "0..1000",
        "Channels on top of channel_rate, in per cent of it, rounded up."),
    ASSAY_OPTION_INT(struct da_options, first_channel, "0", "0..4294967295",
        "Number of the first channel; another instance of this workload needs others."),
    ASSAY_OPTION_INT(struct da_options, rounds, "5", "1..1000",
        "How often all nodes that may take a message are tried before it is given up."),
    ASSAY_OPTION_SPAN(struct da_options, pause, "2s", "1ms..1h", "Pause between two such rounds."),
    ASSAY_OPTION_SPAN(struct da_options, timeout, "75s", "1ms..1h",
        "How long an executor may take over one dispersal; inscriptions are given 10 s at most."),
    ASSAY_OPTION_SPAN(struct da_options, patience, "0s", "0s..1h",
        "How long an accepted message may be in no block before it is sent again; 0s: 5 expected "
        "block intervals, at least 5 s."),
};
static const char *const needs[] = {ASSAY_CLOCK, ASSAY_RANDOM, ASSAY_HTTP, ASSAY_NODES,
    ASSAY_BLOCKS, ASSAY_SUBMISSIONS, ASSAY_METRICS, ASSAY_RUN, NOMOS_DA, NULL};

ASSAY_PLUGIN(da, ASSAY_WORKLOAD, "assay.da", "0.1.0",
    "Channels of inscriptions and blobs, at a rate per block",
    ASSAY_OPTIONS(struct da_options, options), .needs = needs, .create = create, .destroy = destroy,
    .prepare = prepare, .run = run, .finish = finish);
ASSAY_LIBRARY("assay-da", "0.1.0", "Apache-2.0", &da);

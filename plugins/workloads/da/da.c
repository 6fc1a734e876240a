/* assay.da - channels of inscriptions and blobs, as data availability's users make them.

   One task does everything. Each channel is a small state machine (channel.h); the loop below moves
   the channels whose moment has come, hands their requests to the HTTP service, and takes in answers
   and blocks. It waits for whichever comes first of an answer and the next moment, and looks at the
   feed of blocks at least every TICK meanwhile. No wait is without a moment at which it ends. */
#include "channel.h"

#include <assay/sdk.h>

#define TICK                (50 * ASSAY_MS)
#define INSCRIPTION_TIMEOUT (10 * ASSAY_SECOND) /* a node answers these at once */
/* After so many expected block intervals a message that was accepted is sent again. */
#define PATIENCE_INTERVALS 5
#define PATIENCE_FLOOR     (5 * ASSAY_SECOND)
/* Once the window is over, accepted messages are seen through for so many times that. */
#define TEND_PATIENCES 2
#define RESCAN_DEPTH   64u /* blocks looked through on each chain when the feed has lost some */
#define CHANNELS_MAX   16384u
#define MESSAGES_MAX   (1u << 20) /* planned in all; 300 bytes each */

struct da_options {
    int64_t channel_rate, blob_rate, headroom_percent, rounds, first_channel;
    assay_ns timeout, pause, patience;
};

struct load {
    const assay_host *host;
    const assay_clock *clock;
    const assay_http *http;
    const assay_blocks *blocks;
    const assay_nodes *nodes;
    const assay_random *random;
    const nomos_da *da;
    const struct da_options *options;
    struct tally tally;
    struct channel *channels;
    uint32_t channel_count, blobs; /* blobs of each channel */
    uint32_t node_count, disperser_count;
    uint32_t *nodes_ordered; /* executors first, then the others */
    uint32_t *orders;        /* of channel c at c * node_count: whom this round asks, in order */
    assay_ns patience;
    assay_calls *calls;
    assay_feed *feed;
    uint32_t in_flight, is_closing;
};

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

/* Executors first, so that they are a list by themselves. */
static assay_status order_nodes(struct load *load)
{
    load->node_count = load->nodes->count(load->host);
    load->disperser_count = load->da->disperser_count(load->da->provider);
    load->nodes_ordered = calloc(load->node_count + 1u, sizeof(uint32_t));
    load->orders = calloc((size_t)load->channel_count * load->node_count + 1, sizeof(uint32_t));
    if (!load->nodes_ordered || !load->orders)
        return load->host->fail(load->host, ASSAY_E_NOMEM, "out of memory");
    for (uint32_t node = 0, others = load->disperser_count, found = 0; node < load->node_count;
         node++) {
        if (found < load->disperser_count && load->da->disperser(load->da->provider, found) == node)
            load->nodes_ordered[found++] = node;
        else
            load->nodes_ordered[others++] = node;
    }
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

/* ---- messages ---- */

/* "Test channel inscription ChannelId([99, 104, ...])": the bytes of the id in decimal. */
static assay_status make_inscription(
    struct load *load, assay_task *task, const nomos_da_place *place, nomos_da_message **out)
{
    char text[256] = "Test channel inscription ChannelId([";
    size_t length = strlen(text);

    for (const char *digits = place->channel; *digits; digits += 2) {
        unsigned byte = 0;

        (void)sscanf(digits, "%2x", &byte);
        length += (size_t)snprintf(text + length, sizeof(text) - length, "%s%u",
            digits == place->channel ? "" : ", ", byte);
    }
    (void)snprintf(text + length, sizeof(text) - length, "])");
    return load->da->inscribe(
        load->da->provider, task, load->host, place, assay_bytes_of(text), out);
}

static assay_status make_blob(
    struct load *load, assay_task *task, const nomos_da_place *place, nomos_da_message **out)
{
    static const uint32_t chunks[] = {1, 2, 4, 8};
    uint8_t data[8 * NOMOS_DA_CHUNK_SIZE];
    const size_t size = chunks[load->random->below(task, 4)] * NOMOS_DA_CHUNK_SIZE;

    load->random->fill(task, data, size);
    return load->da->blob(
        load->da->provider, load->host, place, (assay_bytes){.data = data, .size = size}, out);
}

static assay_status make_message(struct load *load, assay_task *task, struct channel *channel)
{
    const nomos_da_place place = {
        .struct_size = sizeof(place), .channel = channel->id, .parent = channel_parent(channel)};
    struct step *step = channel_step(channel);
    assay_status s;

    if (step->message) /* made beforehand, or of a blob that was given up */
        return ASSAY_OK;
    if (channel_kind(channel->current) == KIND_INSCRIPTION)
        s = make_inscription(load, task, &place, &step->message);
    else
        s = make_blob(load, task, &place, &step->message);
    if (s && s != ASSAY_E_CANCELLED)
        return assay_fail_f(load->host, s,
            "message %u of channel %s cannot be made: the system's "
            "reason is in the log",
            channel->current, channel->id);
    return s;
}

/* Inscriptions depend on nothing, and signing them may take long. */
static assay_status make_inscriptions(struct load *load, assay_task *task)
{
    assay_status s = ASSAY_OK;

    for (uint32_t i = 0; !s && i < load->channel_count; i++)
        s = make_message(load, task, &load->channels[i]);
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
        s = order_nodes(load);
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

/* Inscriptions are due at once; blobs are spread over the window, each in the middle of its part. */
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

/* ---- sending ---- */

static void shuffle(struct load *load, assay_task *task, uint32_t *list, uint32_t count)
{
    for (uint32_t i = count; i > 1; i--) {
        const uint32_t other = (uint32_t)load->random->below(task, i);
        const uint32_t node = list[i - 1];

        list[i - 1] = list[other];
        list[other] = node;
    }
}

static uint32_t target_count(const struct load *load, const struct channel *channel)
{
    return channel_kind(channel->current) == KIND_BLOB ? load->disperser_count : load->node_count;
}

/* To the front with the node, if it is among them. */
static void put_first(uint32_t *list, uint32_t count, uint32_t node)
{
    for (uint32_t i = 0; i < count; i++) {
        if (list[i] == node) {
            list[i] = list[0];
            list[0] = node;
        }
    }
}

/* Whom a round asks: executors for a blob; for an inscription the other nodes and then executors. But
   first who took the message before: another node that does what that one should have done would
   hide that it did not. */
static void order_round(struct load *load, assay_task *task, struct channel *channel)
{
    const struct step *step = channel_step(channel);
    uint32_t *order = &load->orders[(size_t)channel->index * load->node_count];
    const uint32_t others = load->node_count - load->disperser_count;

    if (channel_kind(channel->current) == KIND_INSCRIPTION) {
        memcpy(order, load->nodes_ordered + load->disperser_count, others * sizeof(*order));
        shuffle(load, task, order, others);
        order += others;
    }
    memcpy(order, load->nodes_ordered, load->disperser_count * sizeof(*order));
    shuffle(load, task, order, load->disperser_count);
    if (step->outcome == ASSAY_SUBMIT_ACCEPTED)
        put_first(&load->orders[(size_t)channel->index * load->node_count],
            target_count(load, channel), step->node);
}

static assay_status send_one(struct load *load, assay_task *task, struct channel *channel)
{
    const uint32_t is_blob = channel_kind(channel->current) == KIND_BLOB;
    const assay_ns timeout = load->options->timeout;
    assay_request request;
    assay_status s;

    if (channel->target == 0)
        order_round(load, task, channel);
    assay_take(&request, sizeof(request), load->da->info(channel_step(channel)->message)->request);
    request.node = load->orders[(size_t)channel->index * load->node_count + channel->target];
    request.timeout = is_blob || timeout < INSCRIPTION_TIMEOUT ? timeout : INSCRIPTION_TIMEOUT;
    request.tag = channel->index;
    s = load->http->start(load->host, load->calls, &request);
    if (s)
        return assay_fail_f(load->host, s, "a message cannot be sent");
    load->in_flight++;
    channel->phase = PHASE_ASKED;
    return ASSAY_OK;
}

/* ---- chains ---- */

/* Is the block on any node's chain? One that is not known is on none. */
static assay_status is_on_chain(struct load *load, const char *id, uint32_t *out)
{
    assay_block *block = NULL;
    uint64_t height;
    assay_status s = load->blocks->by_id(load->host, id, &block);

    *out = 0;
    if (s)
        return s == ASSAY_E_NOTFOUND ? ASSAY_OK : s;
    height = load->blocks->info(block)->height;
    load->blocks->release(block);
    for (uint32_t node = 0; node < load->node_count && !*out; node++) {
        s = load->blocks->at(load->host, node, height, &block);
        if (s == ASSAY_E_NOTFOUND)
            continue;
        if (s)
            return s;
        *out = !strcmp(load->blocks->info(block)->id, id);
        load->blocks->release(block);
    }
    return ASSAY_OK;
}

/* An accepted message is in no block. A block with one before it may have been given up since: then
   that goes out again first. */
static assay_status send_again(struct load *load, struct channel *channel, assay_ns now)
{
    for (;;) {
        const struct step *before = channel_before(channel);
        uint32_t is_there = 1;
        assay_status s = before ? is_on_chain(load, before->block, &is_there) : ASSAY_OK;

        if (s)
            return s;
        if (is_there || !channel_go_back(channel))
            break;
    }
    channel_begin(channel, now);
    return ASSAY_OK;
}

static assay_status take_items(struct load *load, const assay_block_info *info)
{
    const assay_ns now = load->clock->now(load->host);

    for (size_t i = 0; i < info->item_count; i++) {
        const assay_item *item = ASSAY_AT(assay_item, info->items, info->item_stride, i);
        nomos_da_record record = ASSAY_RECORD(nomos_da_record);
        uint64_t number;
        assay_status s;

        if (strcmp(item->kind, NOMOS_DA_BLOB) != 0 && strcmp(item->kind, NOMOS_DA_INSCRIPTION) != 0)
            continue;
        s = load->da->find(load->da->provider, item->id, &record);
        if (s == ASSAY_E_NOTFOUND)
            continue; /* more messages than are kept */
        if (s)
            return s;
        number = channel_number(record.channel) - (uint64_t)load->options->first_channel;
        if (number >= load->channel_count)
            continue; /* somebody else's */
        s = channel_seen(&load->channels[number], &record, item->id, info->id, now);
        if (s)
            return s;
    }
    return ASSAY_OK;
}

/* The feed has lost blocks: the newest ones of every chain are looked through instead. */
static assay_status rescan(struct load *load)
{
    for (uint32_t node = 0; node < load->node_count; node++) {
        assay_node_status status = ASSAY_RECORD(assay_node_status);
        assay_status s = load->nodes->status(load->host, node, &status);
        uint64_t height = status.height > RESCAN_DEPTH ? status.height - RESCAN_DEPTH : 0;

        while (!s && ++height <= status.height) {
            assay_block *block = NULL;

            s = load->blocks->at(load->host, node, height, &block);
            if (!s)
                s = take_items(load, load->blocks->info(block));
            if (s == ASSAY_E_NOTFOUND)
                s = ASSAY_OK;
            load->blocks->release(block);
        }
        if (s)
            return s;
    }
    return ASSAY_OK;
}

/* Takes in blocks until that moment; ASSAY_OK with the first one, or none. */
static assay_status take_block(
    struct load *load, assay_task *task, assay_ns until, uint32_t *is_one)
{
    assay_block *block = NULL;
    assay_status s = load->blocks->next(task, load->feed, until, &block);

    *is_one = 0;
    if (s == ASSAY_E_TIMEOUT)
        return ASSAY_OK;
    if (s == ASSAY_E_LAGGED)
        return rescan(load);
    if (s)
        return s;
    *is_one = 1;
    s = take_items(load, load->blocks->info(block));
    load->blocks->release(block);
    return s;
}

/* ---- the loop ---- */

static assay_status take_answer(struct load *load, const assay_reply_info *info)
{
    struct channel *channel = &load->channels[info->tag];
    const struct channel_limits limits = {.pause = load->options->pause,
        .patience = load->patience,
        .rounds = (uint32_t)load->options->rounds,
        .target_count = target_count(load, channel),
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
        s = take_block(load, task, until, &is_one);
    while (!s && is_one)
        s = take_block(load, task, 0, &is_one);
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
            s = make_message(load, task, channel);
            if (!s)
                channel_begin(channel, now);
            break;
        case PHASE_SEND:
            s = send_one(load, task, channel);
            break;
        case PHASE_PAUSE:
            if (channel->until > now)
                return ASSAY_OK;
            channel->phase = PHASE_SEND;
            break;
        case PHASE_CHAIN:
            if (channel->until > now)
                return ASSAY_OK;
            s = send_again(load, channel, now);
            break;
        case PHASE_ASKED:
        case PHASE_DONE:
            return ASSAY_OK;
        }
    }
    return s;
}

/* Tends all; *until becomes the next moment at which one is due, and *is_open whether any is left. */
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

static assay_status run(void *self, assay_task *task)
{
    struct load *load = self;
    const assay_ns end = load->clock->window_end(load->host);
    const assay_ns last =
        end + load->options->timeout + TEND_PATIENCES * load->patience; /* of all waits */
    uint32_t is_open = 1;

    if (end == ASSAY_FOREVER)
        return load->host->fail(load->host, ASSAY_E_INVALID, "the run's window is not open");
    set_moments(load, load->clock->window_start(load->host), end);
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

/* What has no end yet gets one: requests without answer have failed, what never went out is missed. */
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

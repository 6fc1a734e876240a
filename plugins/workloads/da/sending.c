/* Messages: made, and sent to nodes in an order of chance. */
#include "load.h"

#include <assert.h>

#include <assay/sdk.h>

#define INSCRIPTION_TIMEOUT (10 * ASSAY_SECOND) /* a node answers these at once */

/* ---- messages ---- */

static unsigned digit_value(char digit)
{
    static const char digits[] = "0123456789abcdef";
    const char *at = strchr(digits, digit);

    assert(at && digit); /* a channel's name, which channel_name made */
    return (unsigned)(at - digits);
}

/* "Test channel inscription ChannelId([99, 104, ...])": the bytes of the id in decimal. */
static assay_status make_inscription(
    struct load *load, assay_task *task, const nomos_da_place *place, nomos_da_message **out)
{
    char text[256] = "Test channel inscription ChannelId([";
    size_t length = strlen(text);

    for (const char *digits = place->channel; *digits; digits += 2) {
        const unsigned byte = digit_value(digits[0]) << 4 | digit_value(digits[1]);

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

assay_status load_make_message(struct load *load, assay_task *task, struct channel *channel)
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
            "message %u of channel %s cannot be made: the log has the system's reason",
            channel->current, channel->id);
    return s;
}

/* ---- whom to ask ---- */

/* Executors first, so that they are a list by themselves. */
assay_status load_order_nodes(struct load *load)
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

static void shuffle(struct load *load, assay_task *task, uint32_t *list, uint32_t count)
{
    for (uint32_t i = count; i > 1; i--) {
        const uint32_t other = (uint32_t)load->random->below(task, i);
        const uint32_t node = list[i - 1];

        list[i - 1] = list[other];
        list[other] = node;
    }
}

uint32_t load_target_count(const struct load *load, const struct channel *channel)
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

/* Whom a round asks: executors for a blob; for an inscription the other nodes and then executors.
   But first who took the message before: another node that does what that one should have done
   would hide that it did not. */
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
            load_target_count(load, channel), step->node);
}

assay_status load_send(struct load *load, assay_task *task, struct channel *channel)
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

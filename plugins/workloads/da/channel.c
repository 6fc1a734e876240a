#include "channel.h"

#include <assert.h>

#include <assay/sdk.h>

/* ---- names ---- */

static const char prefix[] = "63686e5f77726b64" /* "chn_wrkd" */
                             "00000000000000000000000000000000";

#define PREFIX_DIGITS (sizeof(prefix) - 1)

void channel_name(uint64_t number, char out[CHANNEL_ID_SIZE])
{
    (void)snprintf(out, CHANNEL_ID_SIZE, "%s%016llx", prefix, (unsigned long long)number);
}

uint64_t channel_number(const char *id)
{
    uint64_t number = 0;

    if (strlen(id) != CHANNEL_ID_SIZE - 1 || memcmp(id, prefix, PREFIX_DIGITS) != 0)
        return UINT64_MAX;
    for (const char *at = id + PREFIX_DIGITS; *at; at++) {
        static const char digits[] = "0123456789abcdef";
        const char *digit = memchr(digits, *at, sizeof(digits) - 1);

        if (!digit)
            return UINT64_MAX;
        number = number << 4 | (uint64_t)(digit - digits);
    }
    return number;
}

/* ---- life ---- */

assay_status channel_init(struct channel *channel, const nomos_da *da, struct tally *tally,
    uint64_t number, uint32_t messages)
{
    *channel = (struct channel){.da = da,
        .tally = tally,
        .count = messages,
        .steps = calloc(messages, sizeof(*channel->steps))};
    if (!channel->steps)
        return ASSAY_E_NOMEM;
    channel_name(number, channel->id);
    for (uint32_t i = 0; i < messages; i++)
        tally->planned[channel_kind(i)]++;
    return ASSAY_OK;
}

void channel_done(struct channel *channel)
{
    for (uint32_t i = 0; channel->steps && i < channel->count; i++)
        channel->da->release(channel->steps[i].message);
    free(channel->steps);
    channel->steps = NULL;
}

/* ---- ends ---- */

static assay_status end_step(struct channel *channel, uint32_t number)
{
    struct step *step = &channel->steps[number];
    struct ending ending;

    assert(channel->steps && number < channel->count);
    if (step->is_ended)
        return ASSAY_OK;
    step->is_ended = 1;
    ending = (struct ending){.kind = channel_kind(number),
        .id = step->id,
        .channel = channel->index,
        .number = number,
        .at = step->at,
        .sent = step->sent,
        .done = step->done,
        .node = step->is_begun ? step->node : ASSAY_NO_NODE,
        .outcome = step->outcome,
        .size = step->message ? channel->da->info(step->message)->size : 0};
    if (ending.outcome == ASSAY_SUBMIT_PENDING) /* nobody was ever asked */
        ending.outcome = ASSAY_SUBMIT_MISSED;
    return tally_ended(channel->tally, &ending);
}

/* Ends all from there on, and forgets them. */
static assay_status cut(struct channel *channel, uint32_t from)
{
    assay_status result = ASSAY_OK;

    for (uint32_t i = from; i < channel->count; i++) {
        assay_status s = end_step(channel, i);

        if (s && !result)
            result = s;
        channel->da->release(channel->steps[i].message);
    }
    if (channel->count > from)
        channel->count = from;
    if (channel->current >= channel->count)
        channel->phase = PHASE_DONE;
    return result;
}

/* ---- where it stands ---- */

struct step *channel_before(struct channel *channel)
{
    for (uint32_t i = channel->current; i-- > 0;) {
        if (!channel->steps[i].is_skipped)
            return &channel->steps[i];
    }
    return NULL;
}

const char *channel_parent(struct channel *channel)
{
    const struct step *before = channel_before(channel);

    return before ? before->id : "";
}

/* ---- moving ---- */

void channel_begin(struct channel *channel, assay_ns now)
{
    struct step *step = channel_step(channel);

    assert(step->message);
    if (!step->is_begun)
        tally_begun(channel->tally, now - step->at);
    else if (step->outcome == ASSAY_SUBMIT_ACCEPTED)
        tally_again(channel->tally);
    step->is_begun = 1;
    channel->round = channel->target = 0;
    channel->phase = PHASE_SEND;
}

/* To the next step that was not given up. One that went out before the channel had to go back goes
   out again. */
static void move_on(struct channel *channel, assay_ns now)
{
    do
        channel->current++;
    while (channel->current < channel->count && channel_step(channel)->is_skipped);
    for (; channel->released + CHANNEL_KEPT < channel->current; channel->released++) {
        struct step *old = &channel->steps[channel->released];

        channel->da->release(old->message);
        old->message = NULL;
    }
    if (channel->current >= channel->count) {
        channel->phase = PHASE_DONE;
    } else if (channel_step(channel)->is_begun) {
        channel_begin(channel, now);
    } else {
        channel->phase = PHASE_DUE;
        channel->until = channel_step(channel)->at;
    }
}

/* No node takes the current message. A channel without inscription ends here; data goes out again
   in the place of the next blob, unchanged: a node may have taken it without saying so, and a
   parent has one child. */
static assay_status give_up(struct channel *channel, assay_ns now)
{
    struct step *step = channel_step(channel);
    const uint32_t next = channel->current + 1;
    assay_status s = end_step(channel, channel->current);

    if (s)
        return s;
    if (channel_kind(channel->current) == KIND_INSCRIPTION)
        return cut(channel, channel->current);
    step->is_skipped = 1;
    if (next < channel->count) {
        channel->steps[next].message = step->message;
        step->message = NULL;
    }
    move_on(channel, now);
    return ASSAY_OK;
}

static assay_status next_target(
    struct channel *channel, const struct channel_limits *limits, assay_ns now)
{
    if (++channel->target < limits->target_count) {
        channel->phase = PHASE_SEND;
        return ASSAY_OK;
    }
    channel->target = 0;
    if (++channel->round < limits->rounds && !limits->is_closing) {
        channel->phase = PHASE_PAUSE;
        channel->until = now + limits->pause;
        return ASSAY_OK;
    }
    if (channel_step(channel)->outcome != ASSAY_SUBMIT_ACCEPTED)
        return give_up(channel, now);
    channel->phase = PHASE_CHAIN; /* it had been taken before, and may come yet */
    channel->until = now + limits->patience;
    return ASSAY_OK;
}

/* What is known best of several answers: that a node has it, that it may have it, that it said
   no. */
static uint32_t weight(uint32_t outcome)
{
    switch (outcome) {
    case ASSAY_SUBMIT_ACCEPTED:
        return 4;
    case ASSAY_SUBMIT_FAILED:
        return 3;
    case ASSAY_SUBMIT_REFUSED:
        return 2;
    case ASSAY_SUBMIT_MISSED:
        return 1;
    default:
        return 0;
    }
}

static void note_answer(struct step *step, const assay_reply_info *reply, uint32_t outcome)
{
    if (!step->sent)
        step->sent = reply->sent;
    if (weight(outcome) <= weight(step->outcome))
        return;
    step->outcome = outcome;
    step->done = reply->done;
    step->node = reply->node;
}

assay_status channel_answered(struct channel *channel, const assay_reply_info *reply,
    const struct channel_limits *limits, assay_ns now)
{
    struct step *step = channel_step(channel);
    uint32_t outcome = channel->da->settle(channel->da->provider, step->message, reply);
    assay_status s = ASSAY_OK;

    assert(channel->phase == PHASE_ASKED);
    if (!weight(outcome)) /* the system's word; one that we do not know says nothing */
        outcome = ASSAY_SUBMIT_FAILED;
    tally_answered(channel->tally, reply->done - reply->at);
    note_answer(step, reply, outcome);
    if (outcome == ASSAY_SUBMIT_ACCEPTED) {
        (void)snprintf(step->id, sizeof(step->id), "%s", channel->da->info(step->message)->id);
        s = end_step(channel, channel->current);
    }
    if (s)
        return s;
    if (step->is_included) { /* while the answer was on its way */
        s = end_step(channel, channel->current);
        move_on(channel, now);
        return s;
    }
    if (outcome != ASSAY_SUBMIT_ACCEPTED)
        return next_target(channel, limits, now);
    channel->phase = PHASE_CHAIN;
    channel->until = now + limits->patience;
    return ASSAY_OK;
}

uint32_t channel_go_back(struct channel *channel)
{
    struct step *before = channel_before(channel);

    if (!before || !before->message)
        return 0;
    before->is_included = 0;
    channel->current = (uint32_t)(before - channel->steps);
    return 1;
}

/* ---- blocks ---- */

static assay_status include(
    struct channel *channel, const char *id, const char *block, assay_ns now)
{
    struct step *step = channel_step(channel);
    assay_status s = ASSAY_OK;

    (void)snprintf(step->id, sizeof(step->id), "%s", id);
    (void)snprintf(step->block, sizeof(step->block), "%s", block);
    if (!step->is_included)
        tally_included(channel->tally, channel_kind(channel->current),
            step->outcome == ASSAY_SUBMIT_ACCEPTED ? now - step->done : 0);
    step->is_included = 1;
    if (!weight(step->outcome)) { /* its data went out in the place of a blob that was given up */
        step->is_begun = 1;
        step->outcome = ASSAY_SUBMIT_FAILED;
        step->done = now;
        step->node = ASSAY_NO_NODE;
    }
    if (channel->phase == PHASE_ASKED)
        return ASSAY_OK; /* the answer moves it on */
    s = end_step(channel, channel->current);
    move_on(channel, now);
    return s;
}

assay_status channel_seen(struct channel *channel, const nomos_da_record *record, const char *id,
    const char *block, assay_ns now)
{
    const uint32_t is_blob = channel_kind(channel->current) == KIND_BLOB;
    struct step *step;

    if (channel->phase == PHASE_DONE)
        return ASSAY_OK;
    step = channel_step(channel);
    if (step->message && record->is_blob == is_blob &&
        !strcmp(record->parent, channel_parent(channel)) && (!step->id[0] || !strcmp(step->id, id)))
        return include(channel, id, block, now);
    for (uint32_t i = channel->current; i-- > channel->released;) {
        if (!strcmp(channel->steps[i].id, id)) /* again, in a block of another fork */
            (void)snprintf(channel->steps[i].block, ASSAY_ID_MAX, "%s", block);
    }
    return ASSAY_OK;
}

/* ---- the end ---- */

assay_status channel_close(struct channel *channel)
{
    uint32_t from = channel->current;

    if (channel->phase == PHASE_DONE)
        return ASSAY_OK;
    /* What is with a node, or was taken by one, is seen through. */
    if (channel->phase == PHASE_ASKED || channel_step(channel)->outcome == ASSAY_SUBMIT_ACCEPTED)
        from++;
    while (from < channel->count && channel->steps[from].is_begun) /* it had to go back */
        from++;
    return cut(channel, from);
}

assay_status channel_end(struct channel *channel, assay_ns now)
{
    struct step *step = channel->phase == PHASE_ASKED ? channel_step(channel) : NULL;

    if (step && step->outcome != ASSAY_SUBMIT_ACCEPTED) { /* the answer never came */
        step->outcome = ASSAY_SUBMIT_FAILED;
        step->done = now;
    }
    return cut(channel, 0);
}

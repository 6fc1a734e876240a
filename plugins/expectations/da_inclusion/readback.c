#include "readback.h"

/* "validator-1, blob 3fa9... of channel 63...: why". */
#define EXAMPLE_SIZE 480

/* What was found, over all blobs and nodes. */
struct reading {
    const struct readback *readback;
    assay_task *task;
    assay_findings *findings;
    assay_ns until;
    uint32_t *nodes;                   /* the readback's, in an order of chance for each blob */
    size_t candidates, sampled;        /* blobs that could be read; that were to be */
    size_t good;                       /* blobs whose data is what was sent */
    uint64_t assigned, missing, wrong; /* columns */
    /* Findings so far about blobs that failed, that are open, and about nodes: the first few of
       each say enough. */
    uint32_t failed_told, open_told, unasked_told;
    char first_missing[EXAMPLE_SIZE], first_wrong[EXAMPLE_SIZE];
};

/* So many findings of a kind are told in full. */
#define TOLD_MAX 3u

/* A blob on the agreed chain, sent by us. */
struct sample {
    const char *id; /* of the message */
    nomos_da_record record;
};

/* ---- which blobs ---- */

/* False: it is not on the agreed chain, or nobody knows what was sent. */
static assay_status look_at(
    const struct readback *readback, size_t index, struct sample *out, uint32_t *is_one)
{
    assay_submission submission = ASSAY_RECORD(assay_submission);
    const struct ledger *ledger = readback->ledger;
    assay_status s;

    *is_one = 0;
    if (!ledger->fates[index].height)
        return ASSAY_OK;
    s = ledger->submissions->get(readback->host, ledger->kind, index, &submission);
    if (s)
        return s;
    *out = (struct sample){.id = submission.id, .record = ASSAY_RECORD(nomos_da_record)};
    s = readback->da->find(readback->da->provider, submission.id, &out->record);
    if (s)
        return s == ASSAY_E_NOTFOUND ? ASSAY_OK : s;
    *is_one = out->record.is_ours && out->record.is_blob;
    return ASSAY_OK;
}

/* Puts a sample without repeats at the front of `list`, of `count` entries. */
static void draw(const struct reading *reading, size_t *list, size_t count, size_t wanted)
{
    for (size_t i = 0; i < wanted; i++) {
        const size_t other = i + (size_t)reading->readback->random->below(reading->task, count - i);
        const size_t index = list[i];

        list[i] = list[other];
        list[other] = index;
    }
}

static void shuffle_nodes(const struct reading *reading)
{
    for (uint32_t i = reading->readback->node_count; i > 1; i--) {
        const uint32_t other = (uint32_t)reading->readback->random->below(reading->task, i);
        const uint32_t node = reading->nodes[i - 1];

        reading->nodes[i - 1] = reading->nodes[other];
        reading->nodes[other] = node;
    }
}

/* ---- one blob ---- */

__attribute__((format(printf, 4, 5))) static void tell_bad(
    struct reading *reading, const struct sample *sample, uint32_t outcome, const char *format, ...)
{
    uint32_t *told = outcome == ASSAY_FAIL ? &reading->failed_told : &reading->open_told;
    char text[360];
    va_list args;

    if ((*told)++ >= TOLD_MAX)
        return;
    va_start(args, format);
    (void)vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    assay_find(reading->findings, outcome, "blob %s of channel %s: %s", sample->id,
        sample->record.channel, text);
}

static void note_example(
    char example[EXAMPLE_SIZE], const char *node, const struct sample *sample, const char *why)
{
    if (!example[0])
        (void)snprintf(example, EXAMPLE_SIZE, "%s, blob %s of channel %s: %s", node, sample->id,
            sample->record.channel, why);
}

static void judge_served(
    struct reading *reading, const struct sample *sample, const nomos_da_served *served)
{
    const char *name = reading->readback->names[served->node];

    if (served->status) {
        if (reading->unasked_told++ < TOLD_MAX)
            assay_find(reading->findings, ASSAY_UNDECIDED,
                "%s could not be asked for its columns of blob %s: %s", name, sample->id,
                served->why);
        return;
    }
    reading->assigned += served->assigned;
    reading->missing += served->missing;
    reading->wrong += served->wrong;
    if (served->wrong)
        note_example(reading->first_wrong, name, sample, served->why);
    if (served->missing)
        note_example(reading->first_missing, name, sample, served->why);
}

static assay_status judge_data(
    struct reading *reading, const struct sample *sample, assay_bytes data)
{
    const struct readback *readback = reading->readback;
    uint8_t checksum[32];
    assay_status s = readback->sign->blake2b(readback->host, data, checksum, sizeof(checksum));

    if (s)
        return s;
    if (!memcmp(checksum, sample->record.checksum, sizeof(checksum)))
        reading->good++;
    else
        tell_bad(reading, sample, ASSAY_FAIL,
            "it was read back from its columns, and is not the data that was sent (%zu bytes for "
            "%llu)",
            data.size, (unsigned long long)sample->record.size);
    return ASSAY_OK;
}

/* Takes in what the nodes served. *is_short: it did not give the data, and other nodes might. */
static assay_status judge_reading(struct reading *reading, const struct sample *sample,
    const nomos_da_reading *served, uint32_t asked, uint32_t *is_short)
{
    const nomos_da *da = reading->readback->da;
    const nomos_da_reading_info *info = da->reading_info(served);
    uint32_t unasked = 0;

    *is_short = info->status == ASSAY_E_NOTFOUND && asked < reading->readback->node_count;
    for (uint32_t nth = 0; nth < asked && !*is_short; nth++) {
        nomos_da_served one = ASSAY_RECORD(nomos_da_served);
        assay_status s = da->served(served, nth, &one);

        if (s)
            return s;
        unasked += one.status != ASSAY_OK;
        judge_served(reading, sample, &one);
    }
    if (!info->status)
        return *is_short ? ASSAY_OK : judge_data(reading, sample, info->data);
    if (!*is_short)
        tell_bad(reading, sample,
            info->status == ASSAY_E_NOTFOUND && unasked ? ASSAY_UNDECIDED : ASSAY_FAIL,
            "it cannot be read back from %u nodes: %s", asked, info->why);
    return ASSAY_OK;
}

static assay_status read_from(
    struct reading *reading, const struct sample *sample, uint32_t asked, uint32_t *is_short)
{
    const nomos_da *da = reading->readback->da;
    const nomos_da_query query = {.struct_size = sizeof(query),
        .blob = sample->record.blob,
        .nodes = reading->nodes,
        .node_count = asked,
        .until = reading->until};
    nomos_da_reading *served = NULL;
    assay_status s =
        da->read(da->provider, reading->task, reading->readback->host, &query, &served);

    if (!s)
        s = judge_reading(reading, sample, served, asked, is_short);
    da->release_reading(served);
    return s;
}

static assay_status read_blob(struct reading *reading, const struct sample *sample)
{
    const uint32_t all = reading->readback->node_count;
    const uint32_t max = reading->readback->nodes_max;
    uint32_t is_short = 0;
    assay_status s;

    shuffle_nodes(reading);
    s = read_from(reading, sample, max && max < all ? max : all, &is_short);
    if (!s && is_short)
        s = read_from(reading, sample, all, &is_short);
    return s;
}

/* ---- all of them ---- */

/* A failure that is about reading and not about the judgement leaves the question open. */
static assay_status tell_failure(struct reading *reading, assay_status s)
{
    switch (s) {
    case ASSAY_E_UNSUPPORTED:
        assay_find(reading->findings, ASSAY_UNDECIDED,
            "blobs cannot be read back: only those of development nodes can be checked; set "
            "samples = 0 to judge without");
        return ASSAY_OK;
    case ASSAY_E_IO:
    case ASSAY_E_TIMEOUT:
    case ASSAY_E_INVALID:
        assay_find(reading->findings, ASSAY_UNDECIDED,
            "blobs cannot be read back: no node says which columns it is to keep");
        return ASSAY_OK;
    default:
        return s;
    }
}

static assay_status read_all(struct reading *reading, size_t *list)
{
    const struct readback *readback = reading->readback;
    size_t read = 0;

    draw(reading, list, reading->candidates, reading->sampled);
    for (; read < reading->sampled; read++) {
        struct sample sample;
        uint32_t is_one = 0;
        assay_status s = ASSAY_OK;

        if (readback->clock->now(readback->host) >= reading->until)
            break;
        s = look_at(readback, list[read], &sample, &is_one);
        if (!s)
            s = read_blob(reading, &sample);
        if (s)
            return tell_failure(reading, s);
    }
    if (read < reading->sampled)
        assay_find(reading->findings, ASSAY_UNDECIDED,
            "only %zu of %zu sampled blobs could be read back within %.1f s; raise read_limit, or "
            "lower samples",
            read, reading->sampled, (double)readback->limit / (double)ASSAY_SECOND);
    return ASSAY_OK;
}

static void judge_columns(const struct reading *reading)
{
    const double wanted = reading->readback->min_served * (double)reading->assigned;
    const uint64_t served = reading->assigned - reading->missing;

    if (reading->wrong)
        assay_find(reading->findings, ASSAY_FAIL,
            "%llu columns that nodes serve are not those of their blobs; the first: %s",
            (unsigned long long)reading->wrong, reading->first_wrong);
    if ((double)served >= wanted)
        return;
    assay_find(reading->findings, ASSAY_FAIL,
        "of %llu columns that nodes are to keep of %zu blobs, %llu are served (%.2f %%), bar %.2f "
        "%%; the first that is not: %s",
        (unsigned long long)reading->assigned, reading->sampled, (unsigned long long)served,
        100 * (double)served / (double)reading->assigned, 100 * reading->readback->min_served,
        reading->first_missing);
}

static void tell_good(const struct reading *reading)
{
    const uint64_t served = reading->assigned - reading->missing;

    if (reading->failed_told > TOLD_MAX)
        assay_find(reading->findings, ASSAY_FAIL, "%u more findings like these",
            reading->failed_told - TOLD_MAX);
    assay_find(reading->findings, ASSAY_PASS,
        "%zu of %zu sampled blobs, of %zu on the chain, were read back from %u nodes as they were "
        "sent; %llu of %llu columns that nodes are to keep are served",
        reading->good, reading->sampled, reading->candidates, reading->readback->node_count,
        (unsigned long long)served, (unsigned long long)reading->assigned);
}

static assay_status find_candidates(struct reading *reading, size_t *list)
{
    const struct readback *readback = reading->readback;

    for (size_t index = 0; index < readback->ledger->count; index++) {
        struct sample sample;
        uint32_t is_one = 0;
        assay_status s = look_at(readback, index, &sample, &is_one);

        if (s)
            return s;
        if (is_one)
            list[reading->candidates++] = index;
    }
    reading->sampled = reading->candidates < readback->samples_max ? reading->candidates
                                                                   : (size_t)readback->samples_max;
    return ASSAY_OK;
}

static assay_status judge(struct reading *reading, size_t *list)
{
    assay_status s = find_candidates(reading, list);

    if (s)
        return s;
    if (!reading->sampled) {
        assay_find(reading->findings, ASSAY_VACUOUS, "there is no blob on the chain to read back");
        return ASSAY_OK;
    }
    s = read_all(reading, list);
    if (s)
        return s;
    judge_columns(reading);
    tell_good(reading);
    return ASSAY_OK;
}

assay_status readback_judge(
    const struct readback *readback, assay_task *task, assay_findings *findings)
{
    struct reading reading = {.readback = readback,
        .task = task,
        .findings = findings,
        .until = readback->clock->now(readback->host) + readback->limit,
        .nodes = calloc(readback->node_count + 1u, sizeof(uint32_t))};
    size_t *list = calloc(readback->ledger->count + 1, sizeof(*list));
    assay_status s = ASSAY_E_NOMEM;

    if (reading.nodes && list) {
        memcpy(reading.nodes, readback->nodes, readback->node_count * sizeof(uint32_t));
        s = judge(&reading, list);
    } else {
        (void)readback->host->fail(readback->host, s, "out of memory");
    }
    free(list);
    free(reading.nodes);
    return s;
}

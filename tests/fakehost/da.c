/* nomos.da/1: messages of channels that a scripted chain takes in, and blobs that scripted nodes
   serve. Ids are "m0", "m1", ... in the order in which messages were made; a blob's own id is
   "blob-" and that. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <assay/nomos_da.h>

#include "tests/fakehost/internal.h"

/* A message that is known to the network. */
struct fake_message {
    char id[ASSAY_ID_MAX], channel[ASSAY_ID_MAX], parent[ASSAY_ID_MAX], blob[ASSAY_ID_MAX];
    uint8_t data[8 * NOMOS_DA_CHUNK_SIZE];
    size_t size;
    bool is_blob, is_ours, is_pending; /* ours: it was accepted; pending: in the nodes' mempools */
    uint64_t height;                   /* of the block that has it; 0: none */
};

struct nomos_da_message {
    struct fakehost *f;
    struct fake_message known; /* what the network learns */
    char id[ASSAY_ID_MAX], blob[ASSAY_ID_MAX];
    assay_request request;
    nomos_da_info info;
};

struct nomos_da_reading {
    struct fakehost *f;
    nomos_da_reading_info info;
    uint8_t data[8 * NOMOS_DA_CHUNK_SIZE];
    uint32_t nodes[FAKE_NODES_MAX];
};

struct fake_da {
    struct fake_message **messages;
    size_t message_count;
    uint64_t made;
    uint64_t height; /* of the newest scripted block */
    char tip[ASSAY_ID_MAX];
    char prefix;
    assay_ns interval, last_block;
    bool arrive_unanswered;
    uint64_t forget_after; /* so many blocks take in messages; UINT64_MAX: all */
    /* How reading goes: of each node, and as a whole. */
    nomos_da_served served[FAKE_NODES_MAX];
    assay_status read_status, data_status;
    const char *data_why;
    bool data_is_changed;
    uint64_t denied_after; /* readings; 0: none is denied */
    uint32_t nodes_needed; /* fewer do not have enough columns */
    assay_ns read_time;
    size_t read_count;
    char last_read[ASSAY_ID_MAX];
    nomos_da table;
};

/* ---- script ---- */

static struct fake_message *message_named(const struct fakehost *f, const char *id)
{
    for (size_t i = 0; i < f->da->message_count; i++)
        if (!strcmp(f->da->messages[i]->id, id))
            return f->da->messages[i];
    return NULL;
}

static struct fake_message *know(struct fakehost *f, const struct fake_message *given)
{
    struct fake_message *message = message_named(f, given->id);

    if (message)
        return message;
    message = fake_alloc(1, sizeof(*message));
    *message = *given;
    f->da->messages = fake_grow(f->da->messages, f->da->message_count, sizeof(f->da->messages[0]));
    f->da->messages[f->da->message_count++] = message;
    return message;
}

/* The newest message of a channel that is in a block; "" when there is none. */
static const char *channel_tip(const struct fakehost *f, const char *channel)
{
    const struct fake_message *tip = NULL;

    for (size_t i = 0; i < f->da->message_count; i++) {
        const struct fake_message *message = f->da->messages[i];

        if (message->height && !strcmp(message->channel, channel) &&
            (!tip || message->height >= tip->height)) /* parents are known first */
            tip = message;
    }
    return tip ? tip->id : "";
}

/* A block takes in the pending messages that follow their channel's tip, one of each channel. */
static void include_pending(struct fakehost *f, const char *block)
{
    for (size_t i = 0; i < f->da->message_count; i++) {
        struct fake_message *message = f->da->messages[i];

        if (!message->is_pending || message->height ||
            strcmp(channel_tip(f, message->channel), message->parent) != 0)
            continue;
        message->height = f->da->height;
        message->is_pending = false;
        fake_item(f, block, message->is_blob ? NOMOS_DA_BLOB : NOMOS_DA_INSCRIPTION, message->id);
    }
}

static void on_da_block(struct fakehost *f, const struct fake_event *event)
{
    struct fake_da *da = f->da;
    char parent[ASSAY_ID_MAX], prefix[2] = {da->prefix, '\0'};

    (void)event;
    (void)snprintf(parent, sizeof(parent), "%s", da->tip);
    da->height++;
    fake_chain(f, prefix, parent, da->height, da->height);
    (void)snprintf(da->tip, sizeof(da->tip), "%s%llu", prefix, (unsigned long long)da->height);
    if (da->forget_after) {
        da->forget_after--;
        include_pending(f, da->tip);
    }
    for (uint32_t node = 0; node < f->node_count; node++)
        fake_adopt(f, f->now, node, da->tip);
    if (f->now + da->interval <= da->last_block)
        (void)fake_at(f, f->now + da->interval, on_da_block, 0, NULL);
}

void fake_da_blocks(struct fakehost *f, assay_ns from, assay_ns to, assay_ns interval)
{
    f->da->interval = interval;
    f->da->last_block = to;
    (void)fake_at(f, from, on_da_block, 0, NULL);
}

void fake_da_stops_including(struct fakehost *f, uint64_t blocks)
{
    f->da->forget_after = blocks;
}

/* The newest blocks are given up for another branch, and what was in them is lost. */
static void on_give_up(struct fakehost *f, const struct fake_event *event)
{
    struct fake_da *da = f->da;

    da->height -= event->number;
    if (da->height)
        (void)snprintf(
            da->tip, sizeof(da->tip), "%c%llu", da->prefix, (unsigned long long)da->height);
    else
        (void)snprintf(da->tip, sizeof(da->tip), "genesis");
    da->prefix++;
    for (size_t i = 0; i < da->message_count; i++) {
        if (da->messages[i]->height > da->height)
            da->messages[i]->height = 0;
        da->messages[i]->is_pending = false;
    }
}

void fake_da_gives_up(struct fakehost *f, assay_ns at, uint64_t blocks)
{
    fake_at(f, at, on_give_up, 0, NULL)->number = blocks;
}

void fake_da_takes_unanswered(struct fakehost *f)
{
    f->da->arrive_unanswered = true;
}

void fake_da_message(
    struct fakehost *f, const char *id, const char *kind, const char *channel, const char *parent)
{
    struct fake_message message = {
        .is_blob = !strcmp(kind, NOMOS_DA_BLOB), .is_ours = true, .size = NOMOS_DA_CHUNK_SIZE};

    (void)snprintf(message.id, sizeof(message.id), "%s", id);
    (void)snprintf(message.channel, sizeof(message.channel), "%s", channel);
    (void)snprintf(message.parent, sizeof(message.parent), "%s", parent);
    if (message.is_blob)
        (void)snprintf(message.blob, sizeof(message.blob), "blob-%.80s", id);
    (void)snprintf((char *)message.data, sizeof(message.data), "data of %s", id);
    (void)know(f, &message);
}

void fake_da_foreign(struct fakehost *f, const char *id)
{
    message_named(f, id)->is_ours = false;
}

void fake_da_serves(struct fakehost *f, uint32_t node, const struct fake_served *served)
{
    nomos_da_served *own = &f->da->served[node];

    own->status = served->status;
    own->held = served->held;
    own->wrong = served->wrong;
    own->assigned = served->assigned;
    own->missing = served->missing;
    (void)snprintf(own->why, sizeof(own->why), "%s", served->why ? served->why : "");
}

void fake_da_reads(struct fakehost *f, assay_status status, const char *why)
{
    f->da->data_status = status;
    f->da->data_why = why;
}

void fake_da_reads_from(struct fakehost *f, uint32_t nodes)
{
    f->da->nodes_needed = nodes;
}

void fake_da_denies_after(struct fakehost *f, uint64_t readings)
{
    f->da->denied_after = readings;
}

void fake_da_read_takes(struct fakehost *f, assay_ns time)
{
    f->da->read_time = time;
}

void fake_da_changes_data(struct fakehost *f)
{
    f->da->data_is_changed = true;
}

void fake_da_read_fails(struct fakehost *f, assay_status status)
{
    f->da->read_status = status;
}

size_t fake_da_readings(const struct fakehost *f)
{
    return f->da->read_count;
}

const char *fake_da_last_read(const struct fakehost *f)
{
    return f->da->last_read;
}

/* ---- a hash that is none: enough to tell texts apart ---- */

static void fake_hash(const void *bytes, size_t size, uint8_t out[32])
{
    const uint8_t *at = bytes;

    memset(out, 0, 32);
    for (size_t i = 0; i < size; i++)
        out[i % 32] = (uint8_t)(out[i % 32] * 31 + at[i] + 1);
}

static assay_status sign_blake2b(
    const assay_host *host, assay_bytes message, void *digest, size_t size)
{
    assay_status s = fake_enter(fake_of(host), "blake2b");

    assert_int_equal(size, 32);
    if (!s)
        fake_hash(message.data, message.size, digest);
    return s;
}

static const assay_sign sign_table = {.struct_size = sizeof(sign_table), .blake2b = sign_blake2b};

/* ---- messages ---- */

static bool is_disperser(const struct fakehost *f, uint32_t node)
{
    return !strcmp(f->nodes[node].role, "executor");
}

static uint32_t disperser_count(void *provider)
{
    const struct fakehost *f = provider;
    uint32_t count = 0;

    for (uint32_t i = 0; i < f->node_count; i++)
        count += is_disperser(f, i);
    return count;
}

static uint32_t disperser(void *provider, uint32_t nth)
{
    const struct fakehost *f = provider;

    for (uint32_t i = 0; i < f->node_count; i++)
        if (is_disperser(f, i) && nth-- == 0)
            return i;
    fail_msg("there are not so many dispersers");
    return 0;
}

static nomos_da_message *make(struct fakehost *f, const nomos_da_place *place, assay_bytes data)
{
    nomos_da_message *message = fake_alloc(1, sizeof(*message));
    struct fake_message *known = &message->known;

    assert_int_equal(place->struct_size, sizeof(*place));
    assert_int_equal(strlen(place->channel), 64);
    message->f = f;
    (void)snprintf(known->id, sizeof(known->id), "m%llu", (unsigned long long)f->da->made++);
    (void)snprintf(known->channel, sizeof(known->channel), "%s", place->channel);
    (void)snprintf(known->parent, sizeof(known->parent), "%s", place->parent ? place->parent : "");
    known->size = data.size < sizeof(known->data) ? data.size : sizeof(known->data);
    memcpy(known->data, data.data, known->size);
    message->request = (assay_request){.struct_size = sizeof(assay_request), .method = "POST"};
    message->info = (nomos_da_info){.struct_size = sizeof(message->info),
        .channel = known->channel,
        .parent = known->parent,
        .id = message->id,
        .blob = message->blob,
        .size = data.size,
        .request = &message->request};
    f->alive++;
    return message;
}

static assay_status da_inscribe(void *provider, assay_task *task, const assay_host *user,
    const nomos_da_place *place, assay_bytes data, nomos_da_message **out)
{
    struct fakehost *f = provider;
    assay_status s = fake_enter_blocking(f, "inscribe");

    assert_ptr_equal(task, f);

    assert_ptr_equal(user, &f->table);
    if (s)
        return s;
    *out = make(f, place, data);
    (void)snprintf((*out)->id, sizeof((*out)->id), "%s", (*out)->known.id);
    (*out)->info.kind = NOMOS_DA_INSCRIPTION;
    (*out)->request.path = "/mempool/add/tx";
    fake_write(&f->story, "inscribe %s after '%s': %.*s\n", place->channel, (*out)->known.parent,
        (int)data.size, (const char *)data.data);
    return ASSAY_OK;
}

static assay_status da_blob(void *provider, const assay_host *user, const nomos_da_place *place,
    assay_bytes data, nomos_da_message **out)
{
    struct fakehost *f = provider;
    assay_status s = fake_enter(f, "blob");

    assert_ptr_equal(user, &f->table);
    if (s)
        return s;
    assert_true(data.size % NOMOS_DA_CHUNK_SIZE == 0 && data.size > 0);
    *out = make(f, place, data);
    (*out)->known.is_blob = true;
    (*out)->info.kind = NOMOS_DA_BLOB;
    (*out)->request.path = "/disperse-data";
    fake_write(
        &f->story, "blob %s after '%s': %zu\n", place->channel, (*out)->known.parent, data.size);
    return ASSAY_OK;
}

static const nomos_da_info *da_info(const nomos_da_message *message)
{
    return &message->info;
}

static uint32_t judge(const struct fakehost *f, const assay_reply_info *reply)
{
    if (f->settles_as)
        return f->settles_as;
    if (!reply)
        return ASSAY_SUBMIT_MISSED;
    if (reply->status)
        return reply->sent ? ASSAY_SUBMIT_FAILED : ASSAY_SUBMIT_MISSED;
    return reply->code == 200 ? ASSAY_SUBMIT_ACCEPTED : ASSAY_SUBMIT_REFUSED;
}

static uint32_t da_settle(void *provider, nomos_da_message *message, const assay_reply_info *reply)
{
    struct fakehost *f = provider;
    const uint32_t outcome = judge(f, reply);
    const bool is_accepted = outcome == ASSAY_SUBMIT_ACCEPTED;
    struct fake_message *known;

    assert_non_null(message);
    if (!is_accepted && !f->da->arrive_unanswered)
        return outcome;
    if (message->known.is_blob)
        (void)snprintf(
            message->known.blob, sizeof(message->known.blob), "blob-%.80s", message->known.id);
    known = know(f, &message->known);
    known->is_pending = !known->height;
    known->is_ours |= is_accepted;
    if (is_accepted) {
        (void)snprintf(message->id, sizeof(message->id), "%s", known->id);
        (void)snprintf(message->blob, sizeof(message->blob), "%s", known->blob);
    }
    return outcome;
}

static void da_release(nomos_da_message *message)
{
    if (!message)
        return;
    message->f->alive--;
    free(message);
}

static assay_status da_find(void *provider, const char *id, nomos_da_record *out)
{
    struct fakehost *f = provider;
    const struct fake_message *message = message_named(f, id);
    nomos_da_record record = {.struct_size = 0};
    assay_status s = fake_enter(f, "da_find");

    if (s)
        return s;
    if (!message)
        return ASSAY_E_NOTFOUND;
    record.size = message->size;
    record.is_blob = message->is_blob;
    record.is_ours = message->is_ours;
    if (message->is_ours)
        fake_hash(message->data, message->size, record.checksum);
    (void)snprintf(record.channel, sizeof(record.channel), "%s", message->channel);
    (void)snprintf(record.parent, sizeof(record.parent), "%s", message->parent);
    (void)snprintf(record.blob, sizeof(record.blob), "%s", message->blob);
    FAKE_COPY_OUT(out, record);
    return ASSAY_OK;
}

/* ---- reading ---- */

static const struct fake_message *message_of_blob(const struct fakehost *f, const char *blob)
{
    for (size_t i = 0; i < f->da->message_count; i++)
        if (!strcmp(f->da->messages[i]->blob, blob))
            return f->da->messages[i];
    fail_msg("nobody has made blob '%s'", blob);
    return NULL;
}

static assay_status da_read(void *provider, assay_task *task, const assay_host *user,
    const nomos_da_query *query, nomos_da_reading **out)
{
    struct fakehost *f = provider;
    const struct fake_message *message = message_of_blob(f, query->blob);
    nomos_da_reading *reading;
    assay_status s = fake_enter_blocking(f, "read");

    assert_ptr_equal(task, f);
    assert_true(query->node_count > 0 && query->node_count <= f->node_count);
    if (!s && f->da->read_status)
        s = (user->fail)(user, f->da->read_status, "reading fails");
    if (s)
        return s;
    fake_advance(f, f->now + f->da->read_time);
    f->da->read_count++;
    (void)snprintf(f->da->last_read, sizeof(f->da->last_read), "%s", query->blob);
    reading = fake_alloc(1, sizeof(*reading));
    reading->f = f;
    memcpy(reading->nodes, query->nodes, query->node_count * sizeof(reading->nodes[0]));
    memcpy(reading->data, message->data, message->size);
    reading->data[0] ^= f->da->data_is_changed;
    reading->info = (nomos_da_reading_info){.struct_size = sizeof(reading->info),
        .status = f->da->data_status,
        .columns = 2,
        .needed = 1,
        .held = 2,
        .why = f->da->data_why ? f->da->data_why : ""};
    if (f->da->denied_after && f->da->read_count > f->da->denied_after) {
        reading->info.status = ASSAY_E_DENIED;
        reading->info.why = "no code word";
    }
    if (query->node_count < f->da->nodes_needed)
        reading->info.status = ASSAY_E_NOTFOUND;
    if (!reading->info.status)
        reading->info.data = (assay_bytes){.data = reading->data, .size = message->size};
    f->alive++;
    *out = reading;
    return ASSAY_OK;
}

static const nomos_da_reading_info *da_reading_info(const nomos_da_reading *reading)
{
    return &reading->info;
}

static assay_status da_served(const nomos_da_reading *reading, uint32_t nth, nomos_da_served *out)
{
    nomos_da_served served = reading->f->da->served[reading->nodes[nth]];
    assay_status s = fake_enter(reading->f, "served");

    if (s)
        return s;
    served.node = reading->nodes[nth];
    FAKE_COPY_OUT(out, served);
    return ASSAY_OK;
}

static void da_release_reading(nomos_da_reading *reading)
{
    if (!reading)
        return;
    reading->f->alive--;
    free(reading);
}

/* ---- the service ---- */

void fake_da_init(struct fakehost *f)
{
    f->da = fake_alloc(1, sizeof(*f->da));
    f->da->prefix = 'd';
    (void)snprintf(f->da->tip, sizeof(f->da->tip), "genesis");
    f->da->forget_after = UINT64_MAX;
    for (size_t i = 0; i < FAKE_NODES_MAX; i++)
        f->da->served[i] = (nomos_da_served){.held = 1, .assigned = 1};
    f->da->table = (nomos_da){.struct_size = sizeof(nomos_da),
        .provider = f,
        .disperser_count = disperser_count,
        .disperser = disperser,
        .inscribe = da_inscribe,
        .blob = da_blob,
        .info = da_info,
        .settle = da_settle,
        .release = da_release,
        .find = da_find,
        .read = da_read,
        .reading_info = da_reading_info,
        .served = da_served,
        .release_reading = da_release_reading};
}

const void *fake_da_service(struct fakehost *f, const char *id)
{
    if (!strcmp(id, NOMOS_DA))
        return &f->da->table;
    if (!strcmp(id, ASSAY_SIGN))
        return &sign_table;
    return NULL;
}

void fake_da_done(struct fakehost *f)
{
    for (size_t i = 0; i < f->da->message_count; i++)
        free(f->da->messages[i]);
    free(f->da->messages);
    free(f->da);
}

/* Reading a blob back: every node is asked for its commitments, then for its columns. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <assay/sdk.h>

#include "nomos/da_request.h"
#include "plugins/systems/nomos/da_copies.h"
#include "plugins/systems/nomos/da_state.h"

#define ANSWER_TIMEOUT (10 * ASSAY_SECOND) /* of one node for one question */
#define TEXT_SHOWN     80                  /* bytes of an error's text */

struct nomos_da_reading {
    struct da_copies copies;
    nomos_da_reading_info info;
    char why[256];
};

/* What the functions here work on. */
struct reader {
    struct da_state *da;
    assay_task *task;
    const assay_host *user;
    const nomos_da_query *query;
    nomos_da_reading *reading;
};

/* ---- asking ---- */

/* The time left for one question; 0: none. */
static assay_ns time_left(const struct reader *reader)
{
    const struct nomos *system = reader->da->system;
    const assay_ns left = reader->query->until - system->clock->now(system->host);

    if (left <= 0)
        return 0;
    return left < ANSWER_TIMEOUT ? left : ANSWER_TIMEOUT;
}

static assay_request request_to(const struct reader *reader, uint32_t nth)
{
    return (assay_request){.struct_size = sizeof(assay_request),
        .node = reader->query->nodes[nth],
        .port = PORT_API,
        .content_type = "application/json",
        .timeout = time_left(reader)};
}

/* A node that cannot be asked is a fact about it; what ends the whole reading is returned. */
static assay_status note_failure(
    struct reader *reader, uint32_t nth, assay_status s, const assay_request *request)
{
    struct da_copies *copies = &reader->reading->copies;

    if (s == ASSAY_E_CANCELLED || s == ASSAY_E_NOMEM)
        return s;
    copies->nodes[nth].status = s == ASSAY_E_TIMEOUT ? ASSAY_E_TIMEOUT : ASSAY_E_IO;
    if (request->timeout == 0)
        da_copies_note(copies, nth, "no time was left to ask it");
    else
        da_copies_note(copies, nth, "%s %s: %s", request->method, request->path,
            s == ASSAY_E_TIMEOUT ? "no answer in time"
                                 : "no connection, or it broke before the answer");
    return ASSAY_OK;
}

/* Asks the node. No reply and ASSAY_OK: it could not be asked, or its answer was no answer, which
   has been noted. */
static assay_status ask(
    struct reader *reader, uint32_t nth, const assay_request *request, assay_reply **out)
{
    const assay_http *http = reader->da->system->http;
    assay_reply *reply = NULL;
    const assay_reply_info *info;
    assay_status s =
        request->timeout ? http->perform(reader->task, request, &reply) : ASSAY_E_TIMEOUT;

    *out = NULL;
    if (s)
        return note_failure(reader, nth, s, request);
    info = http->info(reply);
    if (info->code == 200) {
        *out = reply;
        return ASSAY_OK;
    }
    da_copies_note(&reader->reading->copies, nth, "%s %s answered %" PRIu32 ": %.*s",
        request->method, request->path, info->code,
        (int)(info->body.size < TEXT_SHOWN ? info->body.size : TEXT_SHOWN),
        info->body.data ? (const char *)info->body.data : "");
    http->release(reply);
    return ASSAY_OK;
}

/* ---- the questions ---- */

static assay_status ask_for_commitments(struct reader *reader, uint32_t nth)
{
    const assay_http *http = reader->da->system->http;
    struct da_copies *copies = &reader->reading->copies;
    const struct da_commitments_wish wish = {.blob_id = copies->blob_id};
    assay_request request = request_to(reader, nth);
    struct text body = {.bytes = NULL};
    assay_reply *reply = NULL;
    assay_status s = ASSAY_E_NOMEM;

    da_commitments_wish_write_json(&body, &wish);
    request.method = "POST";
    request.path = "/da/get-commitments";
    request.body = (assay_bytes){.data = body.bytes, .size = body.size};
    if (text_ok(&body))
        s = ask(reader, nth, &request, &reply);
    if (reply)
        da_copies_commitments(copies, nth, http->info(reply)->body);
    http->release(reply);
    text_done(&body);
    return s;
}

static assay_status ask_for_shares(struct reader *reader, uint32_t nth)
{
    const assay_http *http = reader->da->system->http;
    struct da_copies *copies = &reader->reading->copies;
    const struct da_sampling_wish wish = {.blob_id = copies->blob_id, .is_available_wanted = true};
    assay_request request = request_to(reader, nth);
    struct text body = {.bytes = NULL};
    assay_reply *reply = NULL;
    assay_status s = ASSAY_E_NOMEM;

    da_sampling_wish_write_json(&body, &wish);
    request.method = "GET";
    request.path = "/da/sampling/shares";
    request.body = (assay_bytes){.data = body.bytes, .size = body.size};
    if (text_ok(&body))
        s = ask(reader, nth, &request, &reply);
    if (reply)
        s = da_copies_shares(copies, nth, http->info(reply)->body);
    http->release(reply);
    text_done(&body);
    return s;
}

/* Whoever answers first says who keeps what. When nobody does, it is said that nobody did. */
static assay_status learn_members(struct reader *reader)
{
    struct da_state *da = reader->da;
    char why[256] = "no time was left to ask it";
    assay_status s = ASSAY_E_TIMEOUT;

    for (uint32_t nth = 0; nth < reader->query->node_count && time_left(reader) > 0; nth++) {
        const uint32_t node = reader->query->nodes[nth];

        s = da_members_learn(da->system, &da->members, reader->task, node, why);
        if (!s || s == ASSAY_E_CANCELLED || s == ASSAY_E_NOMEM)
            return s;
    }
    return assay_fail_f(reader->user, s,
        "no node that was asked says which columns it is to keep; of the last one: %s", why);
}

static assay_status ask_all(struct reader *reader)
{
    struct da_copies *copies = &reader->reading->copies;
    assay_status s = learn_members(reader);

    for (uint32_t nth = 0; !s && nth < copies->node_count; nth++)
        s = ask_for_commitments(reader, nth);
    for (uint32_t nth = 0; !s && nth < copies->node_count && copies->header.columns; nth++) {
        if (!copies->nodes[nth].status)
            s = ask_for_shares(reader, nth);
    }
    return s;
}

/* ---- the reading ---- */

void da_release_reading(nomos_da_reading *reading)
{
    if (!reading)
        return;
    da_copies_done(&reading->copies);
    free(reading);
}

static assay_status conclude(struct reader *reader)
{
    nomos_da_reading *reading = reader->reading;
    struct da_copies *copies = &reading->copies;
    const assay_status s = da_copies_decode(copies, reading->why);

    if (s == ASSAY_E_NOMEM)
        return s;
    da_copies_count_missing(copies, &reader->da->members);
    reading->info = (nomos_da_reading_info){.struct_size = sizeof(reading->info),
        .status = s,
        .columns = copies->header.columns,
        .needed = copies->header.columns ? da_data_columns(&copies->header) : 0,
        .held = copies->held,
        .data = {.data = copies->data, .size = copies->data ? copies->header.data_size : 0},
        .why = reading->why};
    return ASSAY_OK;
}

static assay_status check_query(const struct reader *reader, struct bytes32 *out_blob)
{
    const struct nomos *system = reader->da->system;
    const nomos_da_query *query = reader->query;

    if (!query->blob || !hex_to_bytes32(query->blob, out_blob) || query->node_count == 0)
        return reader->user->fail(reader->user, ASSAY_E_INVALID,
            "a reading needs a blob's id, 64 hexadecimal digits, and at least one node");
    for (uint32_t nth = 0; nth < query->node_count; nth++) {
        const uint32_t node = query->nodes[nth];

        if (node >= system->node_count)
            return assay_fail_f(reader->user, ASSAY_E_INVALID, "there is no node %" PRIu32, node);
        if (!system->nodes[node].is_dev)
            return assay_fail_f(reader->user, ASSAY_E_UNSUPPORTED,
                "node %" PRIu32 " is no development node: its blobs are committed to with KZG, "
                "which cannot be checked here",
                node);
    }
    return ASSAY_OK;
}

assay_status da_read(void *provider, assay_task *task, const assay_host *user,
    const nomos_da_query *query, nomos_da_reading **out)
{
    struct reader reader = {.da = provider, .task = task, .user = user, .query = query};
    struct bytes32 blob = {{0}};
    assay_status s = check_query(&reader, &blob);

    if (s)
        return s;
    reader.reading = calloc(1, sizeof(*reader.reading));
    s = reader.reading
        ? da_copies_init(&reader.reading->copies, &blob, query->nodes, query->node_count)
        : ASSAY_E_NOMEM;
    if (!s)
        s = ask_all(&reader);
    if (!s)
        s = conclude(&reader);
    if (s) {
        da_release_reading(reader.reading);
        return s == ASSAY_E_NOMEM ? user->fail(user, s, "no memory to read a blob") : s;
    }
    *out = reader.reading;
    return ASSAY_OK;
}

const nomos_da_reading_info *da_reading_info(const nomos_da_reading *reading)
{
    return &reading->info;
}

assay_status da_served(const nomos_da_reading *reading, uint32_t nth, nomos_da_served *out)
{
    nomos_da_served served;

    if (nth >= reading->copies.node_count)
        return ASSAY_E_NOTFOUND;
    served = reading->copies.nodes[nth];
    served.struct_size = out->struct_size;
    memcpy(out, &served, out->struct_size < sizeof(served) ? out->struct_size : sizeof(served));
    return ASSAY_OK;
}

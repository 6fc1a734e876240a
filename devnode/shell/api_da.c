#include <json-c/json.h>
#include <stdlib.h>

#include "devnode/core/memory.h"
#include "devnode/shell/da_shell.h"
#include "nomos/hex.h"

/* Dispersal, and reading columns back (node contract 2.2, 2.9). A node that was configured without
   data availability answers every question with nothing and refuses every wish. */

#define NO_DA "this node has no data availability"

/* How long historic sampling tries: several rounds of asking everybody. */
#define HISTORIC_LIMIT_NS 5000000000u
/* Blobs in one request for it: more than a block of the workloads carries. */
#define HISTORIC_BLOBS_MAX 1024

static struct da *da_of(void *self)
{
    const struct api *api = self;

    return availability_da(api->availability);
}

static uint64_t now_of(const struct api *api)
{
    return api->now_ns(api->self);
}

static void reply(struct http_request *request, const char *json)
{
    struct text text = {.bytes = NULL};

    text_add(&text, json);
    http_reply_json(request, &text);
}

/* Refuses a body that was not read: no JSON, or not what the route takes. */
static void refuse(
    struct http_request *request, enum nomos_status status, const struct nomos_error *err)
{
    if (status == NOMOS_E_SYNTAX)
        http_fail(request, 400, "Failed to parse the request body as JSON: %s", err->text);
    else
        api_refuse_body(request, err->text);
}

/* --- answers that take time ------------------------------------------------------------------- */

struct waiting;

struct slot {
    struct waiting *all;
    struct da_wait *wait; /* NULL: has answered */
};

/* A client that waits for one or more of data availability's answers. */
struct waiting {
    struct http_request *request;
    size_t count;
    size_t open;
    bool has_failed;
    struct slot slots[];
};

static struct waiting *waiting_new(struct http_request *request, size_t count)
{
    struct waiting *waiting = memory_new(1, sizeof(*waiting) + count * sizeof(struct slot));

    waiting->request = request;
    waiting->count = count;
    waiting->open = count;
    for (size_t i = 0; i < count; i++)
        waiting->slots[i].all = waiting;
    return waiting;
}

/* Nobody waits any more. */
static void on_gone(void *self)
{
    struct waiting *waiting = self;

    for (size_t i = 0; i < waiting->count; i++) {
        if (waiting->slots[i].wait)
            da_forget(waiting->slots[i].wait);
    }
    free(waiting);
}

/* The request, once all answers are there, and what waited is gone; NULL before. */
static struct http_request *answered(struct slot *slot, bool has_failed, bool *out_has_failed)
{
    struct waiting *waiting = slot->all;
    struct http_request *request = waiting->request;

    slot->wait = NULL;
    waiting->has_failed = waiting->has_failed || has_failed;
    if (--waiting->open)
        return NULL;
    *out_has_failed = waiting->has_failed;
    free(waiting);
    return request;
}

/* --- dispersal -------------------------------------------------------------------------------- */

static void on_dispersed(void *self, const struct bytes32 *blob, const char *why)
{
    struct text text = {.bytes = NULL};
    bool has_failed;
    struct http_request *request = answered(self, !blob, &has_failed);

    if (blob) {
        da_blob_id_write_json(&text, blob);
        http_reply_json(request, &text);
    } else {
        http_fail(request, 500, "Failed to disperse data: %s", why);
    }
}

void api_da_disperse(void *self, struct http_request *request)
{
    struct api *api = self;
    struct da_dispersal dispersal;
    struct nomos_error err;
    struct reason why;
    enum nomos_status status =
        da_dispersal_parse_json(request->body, request->body_size, &dispersal, &err);

    if (status) {
        refuse(request, status, &err);
        return;
    }
    if (!da_of(self)) {
        http_fail(request, 500, "Failed to disperse data: " NO_DA);
        da_dispersal_done(&dispersal);
        return;
    }
    struct waiting *waiting = waiting_new(request, 1);
    const struct da_dispersing dispersing = {
        .dispersal = &dispersal, .dispersed = on_dispersed, .self = &waiting->slots[0]};
    waiting->slots[0].wait = da_disperse(da_of(self), &dispersing, now_of(api), &why);
    da_dispersal_done(&dispersal);
    if (waiting->slots[0].wait) {
        http_defer(request, on_gone, waiting);
    } else {
        free(waiting);
        http_fail(request, 500, "Failed to disperse data: %s", why.text);
    }
    api->after_input(api->self);
}

/* --- columns ---------------------------------------------------------------------------------- */

void api_da_add_share(void *self, struct http_request *request)
{
    struct da_share share;
    struct nomos_error err;
    struct reason why;
    enum nomos_status status = da_share_parse_json(request->body, request->body_size, &share, &err);

    if (status) {
        refuse(request, status, &err);
        return;
    }
    if (!da_of(self))
        http_fail(request, 500, NO_DA);
    else if (da_add_share(da_of(self), &share, &why))
        reply(request, "null");
    else
        http_fail(request, 500, "%s", why.text);
    da_share_done(&share);
}

static void reply_commitments(struct http_request *request, const struct da_header *header)
{
    struct text text = {.bytes = NULL};

    if (!header) {
        reply(request, "null");
        return;
    }
    da_commitments_write_json(&text, header);
    http_reply_json(request, &text);
}

static void on_commitments(void *self, const struct da_header *header)
{
    bool has_failed;

    reply_commitments(answered(self, !header, &has_failed), header);
}

/* Asks the others when no column is here. */
void api_da_commitments(void *self, struct http_request *request)
{
    struct api *api = self;
    struct da *da = da_of(self);
    struct da_commitments_wish wish;
    struct da_header header;
    struct nomos_error err;
    enum nomos_status status =
        da_commitments_wish_parse_json(request->body, request->body_size, &wish, &err);

    if (status) {
        refuse(request, status, &err);
    } else if (!da || wish.session) {
        reply(request, "null");
    } else if (da_header_of(da, &wish.blob_id, &header)) {
        reply_commitments(request, &header);
    } else {
        struct waiting *waiting = waiting_new(request, 1);
        const struct da_looking looking = {.limit_ns = da_commitments_wait(da),
            .looked = on_commitments,
            .self = &waiting->slots[0]};

        waiting->slots[0].wait = da_look(da, &wish.blob_id, now_of(api), &looking, NULL);
        if (waiting->slots[0].wait) {
            http_defer(request, on_gone, waiting);
        } else {
            free(waiting);
            reply(request, "null");
        }
        api->after_input(api->self);
    }
}

void api_da_storage_commitments(void *self, struct http_request *request)
{
    struct da_commitments_wish wish;
    struct da_header header;
    struct nomos_error err;
    enum nomos_status status =
        da_commitments_wish_parse_json(request->body, request->body_size, &wish, &err);

    if (status)
        refuse(request, status, &err);
    else if (da_of(self) && da_kept_header(da_of(self), &wish.blob_id, &header))
        reply_commitments(request, &header);
    else
        reply(request, "null");
}

void api_da_share(void *self, struct http_request *request)
{
    struct text text = {.bytes = NULL};
    struct da_share_wish wish;
    struct da_share share;
    struct nomos_error err;
    enum nomos_status status =
        da_share_wish_parse_json(request->body, request->body_size, &wish, &err);

    if (status) {
        refuse(request, status, &err);
        return;
    }
    const struct da_place place = {.blob = wish.blob_id, .column = wish.index};
    if (!da_of(self) || !da_kept_share(da_of(self), &place, &share)) {
        reply(request, "null");
        return;
    }
    da_column_write_json(&text, &share.column);
    da_share_done(&share);
    http_reply_json(request, &text);
}

static bool is_wished(const struct da_sampling_wish *wish, uint32_t column)
{
    if (column >= DA_COLUMNS_MAX)
        return false;
    return wish->is_named[column] || (wish->is_available_wanted && !wish->is_filtered[column]);
}

void api_da_shares(void *self, struct http_request *request)
{
    struct da *da = da_of(self);
    struct text text = {.bytes = NULL};
    struct da_sampling_wish wish;
    uint32_t columns[DA_COLUMNS_MAX];
    struct nomos_error err;
    enum nomos_status status =
        da_sampling_wish_parse_json(request->body, request->body_size, &wish, &err);

    if (status) {
        refuse(request, status, &err);
        return;
    }
    size_t count = da ? da_kept_columns(da, &wish.blob_id, columns) : 0;
    for (size_t i = 0; i < count; i++) {
        const struct da_place place = {.blob = wish.blob_id, .column = columns[i]};
        struct da_share share;

        if (!is_wished(&wish, columns[i]) || !da_kept_share(da, &place, &share))
            continue;
        da_column_write_json(&text, &share.column);
        text_add(&text, "\n");
        da_share_done(&share);
    }
    http_reply_json(request, &text);
}

/* --- historic sampling ------------------------------------------------------------------------ */

static void on_historic(void *self, const struct da_header *header)
{
    bool has_failed;
    struct http_request *request = answered(self, !header, &has_failed);

    if (request)
        reply(request, has_failed ? "false" : "true");
}

/* [[n numbers], session]; the session 0 is the only one that there is. */
static bool read_blob(struct json_object *pair, struct bytes32 *out_blob, bool *out_is_session_0)
{
    struct json_object *bytes = NULL;
    struct json_object *session = NULL;

    if (json_object_is_type(pair, json_type_array) && json_object_array_length(pair) == 2) {
        bytes = json_object_array_get_idx(pair, 0);
        session = json_object_array_get_idx(pair, 1);
    }
    if (!json_object_is_type(bytes, json_type_array) || json_object_array_length(bytes) != 32 ||
        !json_object_is_type(session, json_type_int))
        return false;
    for (size_t i = 0; i < 32; i++) {
        struct json_object *byte = json_object_array_get_idx(bytes, i);
        int64_t value = json_object_get_int64(byte);

        if (!json_object_is_type(byte, json_type_int) || value < 0 || value > 255)
            return false;
        out_blob->bytes[i] = (uint8_t)value;
    }
    *out_is_session_0 = json_object_get_int64(session) == 0;
    return json_object_get_int64(session) >= 0;
}

/* The blobs of the request, allocated; NULL and a problem when it is not what the route takes. */
static struct bytes32 *read_blobs(
    struct json_object *body, size_t *out_count, bool *out_has_others, const char **problem)
{
    struct json_object *list = json_object_object_get(body, "blob_ids");
    struct json_object *block = json_object_object_get(body, "block_id");
    struct bytes32 *blobs;
    struct bytes32 id;

    *problem = "expected {\"block_id\": \"64 hex digits\", \"blob_ids\": [[[32 numbers], 0], ...]}";
    *out_has_others = false;
    if (!json_object_is_type(block, json_type_string) ||
        !hex_to_bytes32(json_object_get_string(block), &id) ||
        !json_object_is_type(list, json_type_array))
        return NULL;
    *out_count = json_object_array_length(list);
    if (*out_count > HISTORIC_BLOBS_MAX) {
        *problem = "more than 1024 blobs";
        return NULL;
    }
    blobs = memory_new(*out_count, sizeof(*blobs));
    for (size_t i = 0; i < *out_count; i++) {
        bool is_session_0;

        if (!read_blob(json_object_array_get_idx(list, i), &blobs[i], &is_session_0)) {
            free(blobs);
            return NULL;
        }
        *out_has_others = *out_has_others || !is_session_0;
    }
    return blobs;
}

/* Samples all of them. */
static void look_at(
    struct api *api, struct http_request *request, const struct bytes32 *blobs, size_t count)
{
    struct waiting *waiting = waiting_new(request, count);
    struct da *da = da_of(api);

    for (size_t i = 0; i < count; i++) {
        const struct da_looking looking = {
            .limit_ns = HISTORIC_LIMIT_NS, .looked = on_historic, .self = &waiting->slots[i]};

        waiting->slots[i].wait = da_look(da, &blobs[i], now_of(api), &looking, NULL);
        if (waiting->slots[i].wait)
            continue;
        on_gone(waiting);
        http_fail(request, 500, "too many blobs are being sampled");
        return;
    }
    http_defer(request, on_gone, waiting);
}

void api_da_historic(void *self, struct http_request *request)
{
    struct api *api = self;
    const char *problem = "expected an object";
    bool has_others = false;
    size_t count = 0;
    struct bytes32 *blobs = json_object_is_type(request->json, json_type_object)
        ? read_blobs(request->json, &count, &has_others, &problem)
        : NULL;

    if (!blobs)
        api_refuse_body(request, problem);
    else if (!da_of(self) || has_others)
        reply(request, "false");
    else if (!count)
        reply(request, "true");
    else
        look_at(api, request, blobs, count);
    free(blobs);
    api->after_input(api->self);
}

#include "plugins/systems/nomos/nomos.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <assay/sdk.h>

#define PROBE_TIMEOUT (2 * ASSAY_SECOND) /* a node that is slower than that is not ready */
#define BODY_SHOWN    200 /* bytes of an error's text, of which a node gives a line */

__attribute__((format(printf, 3, 4))) static assay_status explain(
    struct nomos_answer *answer, assay_status status, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    (void)vsnprintf(answer->why, sizeof(answer->why), format, args);
    va_end(args);
    return status;
}

static assay_status read_reply(
    struct nomos *self, const char *path, const assay_reply_info *info, struct nomos_answer *answer)
{
    if (info->code != 200)
        return explain(answer, ASSAY_E_IO, "GET %s answered %" PRIu32 ": %.*s", path, info->code,
            (int)(info->body.size < BODY_SHOWN ? info->body.size : BODY_SHOWN),
            info->body.data ? (const char *)info->body.data : "");
    if (self->json->parse(self->host, info->body, &answer->json))
        return explain(answer, ASSAY_E_INVALID, "GET %s answered 200, but no JSON", path);
    return ASSAY_OK;
}

assay_status nomos_get_json(
    struct nomos *self, assay_task *task, uint32_t node, const char *path, struct nomos_answer *out)
{
    const assay_request request = {.struct_size = sizeof(request),
        .node = node,
        .port = PORT_API,
        .method = "GET",
        .path = path,
        .timeout = PROBE_TIMEOUT};
    assay_reply *reply = NULL;
    assay_status s = self->http->perform(task, &request, &reply);

    if (s == ASSAY_E_TIMEOUT)
        return explain(
            out, s, "GET %s: no answer within %d s", path, (int)(PROBE_TIMEOUT / ASSAY_SECOND));
    if (s)
        return explain(out, s, "GET %s: no connection, or it broke before the answer", path);
    s = read_reply(self, path, self->http->info(reply), out);
    self->http->release(reply);
    return s;
}

static assay_status look_at_http(
    struct nomos *self, assay_task *task, uint32_t node, assay_readiness *out)
{
    struct nomos_answer answer = {.json = NULL};
    const assay_status s = nomos_get_json(self, task, node, "/cryptarchia/info", &answer);

    if (s == ASSAY_E_CANCELLED)
        return s;
    if (s) {
        (void)snprintf(out->why, sizeof(out->why), "%s", answer.why);
        return ASSAY_OK;
    }
    out->is_ready =
        self->json->text(self->json->member(self->json->root(answer.json), "tip")) != NULL;
    if (!out->is_ready)
        (void)snprintf(out->why, sizeof(out->why), "GET /cryptarchia/info: an answer without tip");
    self->json->release(answer.json);
    return ASSAY_OK;
}

/* Every link of the topology must stand, in either direction (node contract 7.1). */
static assay_status look_at_peers(
    struct nomos *self, assay_task *task, uint32_t node, assay_readiness *out)
{
    const uint64_t wanted = network_peer_count(self, node);
    uint64_t peers = 0;
    struct nomos_answer answer = {.json = NULL};
    assay_status s;

    if (wanted == 0) {
        out->is_ready = 1;
        return ASSAY_OK;
    }
    s = nomos_get_json(self, task, node, "/network/info", &answer);
    if (s == ASSAY_E_CANCELLED)
        return s;
    if (s) {
        (void)snprintf(out->why, sizeof(out->why), "%s", answer.why);
        return ASSAY_OK;
    }
    (void)self->json->natural(self->json->member(self->json->root(answer.json), "n_peers"), &peers);
    self->json->release(answer.json);
    out->progress = peers;
    out->is_ready = peers >= wanted;
    if (!out->is_ready)
        (void)snprintf(out->why, sizeof(out->why),
            "it has %" PRIu64 " of the %" PRIu64 " peers that the topology gives it", peers,
            wanted);
    return ASSAY_OK;
}

assay_status nomos_ready(
    void *arg, assay_task *task, uint32_t node, uint32_t stage, assay_readiness *out)
{
    struct nomos *self = arg;

    switch ((enum nomos_stage)stage) {
    case STAGE_HTTP:
        return look_at_http(self, task, node, out);
    case STAGE_PEERS:
        return look_at_peers(self, task, node, out);
    }
    return self->host->fail(self->host, ASSAY_E_INVALID, "there is no such stage of readiness");
}

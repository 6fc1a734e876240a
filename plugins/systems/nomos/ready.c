#include "plugins/systems/nomos/nomos.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <assay/sdk.h>

#define PROBE_TIMEOUT (2 * ASSAY_SECOND) /* a node that is slower than that is not ready */

assay_status nomos_get_json(
    struct nomos *self, assay_task *task, uint32_t node, const char *path, assay_json **out)
{
    const assay_request request = {.struct_size = sizeof(request),
        .node = node,
        .port = PORT_API,
        .method = "GET",
        .path = path,
        .timeout = PROBE_TIMEOUT};
    assay_reply *reply = NULL;
    const assay_reply_info *info;
    assay_status s = self->http->perform(task, &request, &reply);

    if (s)
        return s;
    info = self->http->info(reply);
    if (info->code != 200)
        s = assay_fail_f(self->host, ASSAY_E_IO, "GET %s answered %" PRIu32 ": %.*s", path,
            info->code, (int)(info->body.size < 200 ? info->body.size : 200),
            info->body.data ? (const char *)info->body.data : "");
    else
        s = self->json->parse(self->host, info->body, out);
    self->http->release(reply);
    return s;
}

static assay_status look_at_http(
    struct nomos *self, assay_task *task, uint32_t node, assay_readiness *out)
{
    assay_json *json = NULL;
    const assay_status s = nomos_get_json(self, task, node, "/cryptarchia/info", &json);

    if (s == ASSAY_E_CANCELLED)
        return s;
    if (s) {
        (void)snprintf(out->why, sizeof(out->why), "GET /cryptarchia/info: no usable answer");
        return ASSAY_OK;
    }
    out->is_ready = self->json->text(self->json->member(self->json->root(json), "tip")) != NULL;
    if (!out->is_ready)
        (void)snprintf(out->why, sizeof(out->why), "GET /cryptarchia/info: an answer without tip");
    self->json->release(json);
    return ASSAY_OK;
}

/* Every link of the topology must stand, in either direction (node contract 7.1). */
static assay_status look_at_peers(
    struct nomos *self, assay_task *task, uint32_t node, assay_readiness *out)
{
    const uint64_t wanted = network_peer_count(self, node);
    uint64_t peers = 0;
    assay_json *json = NULL;
    assay_status s;

    if (wanted == 0) {
        out->is_ready = 1;
        return ASSAY_OK;
    }
    s = nomos_get_json(self, task, node, "/network/info", &json);
    if (s == ASSAY_E_CANCELLED)
        return s;
    if (s) {
        (void)snprintf(out->why, sizeof(out->why), "GET /network/info: no usable answer");
        return ASSAY_OK;
    }
    (void)self->json->natural(self->json->member(self->json->root(json), "n_peers"), &peers);
    self->json->release(json);
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

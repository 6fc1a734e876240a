#include "plugins/systems/nomos/nomos.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <assay/sdk.h>

#define PROBE_TIMEOUT (2 * ASSAY_SECOND) /* a node that is slower than that is not ready */
#define BODY_SHOWN    200 /* bytes of an error's text, of which a node gives a line */

/* What real nodes have, and development nodes have not (node contract 9.3). */
static const char profile_path[] = "/debug/pprof/profile?seconds=15&format=proto";

__attribute__((format(printf, 3, 4))) static assay_status explain(
    struct nomos_answer *answer, assay_status status, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    (void)vsnprintf(answer->why, sizeof(answer->why), format, args);
    va_end(args);
    return status;
}

static assay_status read_reply(struct nomos *self, const struct nomos_question *question,
    const assay_reply_info *info, struct nomos_answer *answer)
{
    if (info->code != 200)
        return explain(answer, ASSAY_E_IO, "%s %s answered %" PRIu32 ": %.*s", question->method,
            question->path, info->code,
            (int)(info->body.size < BODY_SHOWN ? info->body.size : BODY_SHOWN),
            info->body.data ? (const char *)info->body.data : "");
    if (self->json->parse(self->host, info->body, &answer->json))
        return explain(answer, ASSAY_E_INVALID, "%s %s answered 200, but no JSON", question->method,
            question->path);
    return ASSAY_OK;
}

assay_status nomos_ask(struct nomos *self, assay_task *task, const struct nomos_question *question,
    struct nomos_answer *out)
{
    const assay_request request = {.struct_size = sizeof(request),
        .node = question->node,
        .port = question->port,
        .method = question->method,
        .path = question->path,
        .body = {.data = question->body, .size = question->body ? strlen(question->body) : 0},
        .timeout = PROBE_TIMEOUT};
    assay_reply *reply = NULL;
    assay_status s = self->http->perform(task, &request, &reply);

    if (s == ASSAY_E_TIMEOUT)
        return explain(out, s, "%s %s: no answer within %d s", question->method, question->path,
            (int)(PROBE_TIMEOUT / ASSAY_SECOND));
    if (s)
        return explain(out, s, "%s %s: no connection, or it broke before the answer",
            question->method, question->path);
    s = read_reply(self, question, self->http->info(reply), out);
    self->http->release(reply);
    return s;
}

assay_status nomos_get_json(
    struct nomos *self, assay_task *task, uint32_t node, const char *path, struct nomos_answer *out)
{
    const struct nomos_question question = {node, PORT_API, "GET", path, NULL};

    return nomos_ask(self, task, &question, out);
}

bool nomos_look_asks(struct nomos *self, assay_task *task, const struct nomos_question *question,
    struct nomos_answer *answer, assay_readiness *out, assay_status *status)
{
    const assay_status s = nomos_ask(self, task, question, answer);

    *status = s == ASSAY_E_CANCELLED ? s : ASSAY_OK;
    if (s)
        (void)snprintf(out->why, sizeof(out->why), "%s", answer->why);
    return !s;
}

/* What a node from an image is nobody told us: development nodes have a route that real ones lack. */
static assay_status find_out_kind(struct nomos *self, assay_task *task, uint32_t node)
{
    const struct nomos_question question = {node, PORT_TESTING, "GET", "/test/misbehave", NULL};
    struct nomos_answer answer = {.json = NULL};
    const assay_status s = nomos_ask(self, task, &question, &answer);

    if (s == ASSAY_E_CANCELLED)
        return s;
    if (!s)
        self->nodes[node].is_dev = true;
    self->json->release(answer.json);
    return ASSAY_OK;
}

static assay_status look_at_http(
    struct nomos *self, assay_task *task, uint32_t node, assay_readiness *out)
{
    const struct nomos_question question = {node, PORT_API, "GET", "/cryptarchia/info", NULL};
    struct nomos_answer answer = {.json = NULL};
    assay_status s;

    if (!nomos_look_asks(self, task, &question, &answer, out, &s))
        return s;
    out->is_ready =
        self->json->text(self->json->member(self->json->root(answer.json), "tip")) != NULL;
    if (!out->is_ready)
        (void)snprintf(out->why, sizeof(out->why), "GET /cryptarchia/info: an answer without tip");
    self->json->release(answer.json);
    if (out->is_ready && self->is_from_image && !self->nodes[node].is_dev)
        s = find_out_kind(self, task, node);
    if (!s && out->is_ready && !self->nodes[node].is_dev)
        s = self->spec->profile(self->host, node, profile_path);
    return s;
}

/* Every link of the topology must stand, in either direction (node contract 7.1). */
static assay_status look_at_peers(
    struct nomos *self, assay_task *task, uint32_t node, assay_readiness *out)
{
    const struct nomos_question question = {node, PORT_API, "GET", "/network/info", NULL};
    const uint64_t wanted = network_peer_count(self, node);
    uint64_t peers = 0;
    struct nomos_answer answer = {.json = NULL};
    assay_status s;

    if (wanted == 0) {
        out->is_ready = 1;
        return ASSAY_OK;
    }
    if (!nomos_look_asks(self, task, &question, &answer, out, &s))
        return s;
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

const struct nomos_stage nomos_stage_http = {"http", look_at_http};
const struct nomos_stage nomos_stage_peers = {"peers", look_at_peers};

assay_status nomos_ready(
    void *arg, assay_task *task, uint32_t node, uint32_t stage, assay_readiness *out)
{
    struct nomos *self = arg;

    if (stage < self->stage_count)
        return self->stages[stage]->look(self, task, node, out);
    return self->host->fail(self->host, ASSAY_E_INVALID, "there is no such stage of readiness");
}

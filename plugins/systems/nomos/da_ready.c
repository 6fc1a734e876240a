/* When data availability counts as ready (node contract 7.1): the node knows who is in which
   subnetwork, and is connected to as many subnetworks as it samples. */
#include "plugins/systems/nomos/da_ready.h"

#include <inttypes.h>
#include <stdio.h>

/* Asked of the testing port with the session's number; the first one lasts as long as a test. */
static assay_status look_at_membership(
    struct nomos *self, assay_task *task, uint32_t node, assay_readiness *out)
{
    const struct nomos_question question = {node, PORT_TESTING, "POST", "/test/da/membership", "0"};
    struct nomos_answer answer = {.json = NULL};
    const assay_value *assignations;
    assay_status s;

    if (!nomos_look_asks(self, task, &question, &answer, out, &s))
        return s;
    assignations = self->json->member(self->json->root(answer.json), "assignations");
    out->is_ready = self->json->count(assignations) > 0;
    if (!out->is_ready)
        (void)snprintf(out->why, sizeof(out->why),
            "waiting for DA membership readiness (non-empty assignations): POST %s has %s",
            question.path, assignations ? "assigned nobody" : "no assignations in its answer");
    self->json->release(answer.json);
    return ASSAY_OK;
}

static bool has_connection(const struct nomos *self, const assay_value *subnetwork)
{
    uint64_t inbound = 0, outbound = 0;

    (void)self->json->natural(self->json->member(subnetwork, "inbound"), &inbound);
    (void)self->json->natural(self->json->member(subnetwork, "outbound"), &outbound);
    return inbound > 0 || outbound > 0;
}

static uint32_t count_connected(const struct nomos *self, const assay_value *stats)
{
    const uint32_t subnetworks = self->network.da.subnetwork_size;
    uint32_t connected = 0;

    for (uint32_t i = 0; i < subnetworks; i++) {
        char name[16];

        (void)snprintf(name, sizeof(name), "%" PRIu32, i);
        connected += has_connection(self, self->json->member(stats, name));
    }
    return connected;
}

static assay_status look_at_balancer(
    struct nomos *self, assay_task *task, uint32_t node, assay_readiness *out)
{
    const struct nomos_question question = {node, PORT_API, "GET", "/da/balancer-stats", NULL};
    const uint32_t wanted = self->network.da.num_samples; /* the node's subnet_threshold */
    struct nomos_answer answer = {.json = NULL};
    uint32_t connected;
    assay_status s;

    if (!nomos_look_asks(self, task, &question, &answer, out, &s))
        return s;
    connected = count_connected(self, self->json->root(answer.json));
    self->json->release(answer.json);
    out->progress = connected;
    out->is_ready = connected >= wanted;
    if (!out->is_ready)
        (void)snprintf(out->why, sizeof(out->why),
            "waiting for DA balancer readiness: it is connected to %" PRIu32 " of at least %" PRIu32
            " subnetworks",
            connected, wanted);
    return ASSAY_OK;
}

const struct nomos_stage nomos_stage_membership = {"membership", look_at_membership};
const struct nomos_stage nomos_stage_balancer = {"balancer", look_at_balancer};

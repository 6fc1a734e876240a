#include "plugins/systems/nomos/da_members.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WHY_SIZE 256

/* As many subnetworks as a development node has at most. */
#define SUBNETS_MAX 4096u

assay_status da_members_init(struct da_members *members)
{
    *members = (struct da_members){.is_member = NULL};
    return pthread_mutex_init(&members->lock, NULL) == 0 ? ASSAY_OK : ASSAY_E_NOMEM;
}

void da_members_done(struct da_members *members)
{
    free(members->is_member);
    (void)pthread_mutex_destroy(&members->lock);
}

static bool is_known(struct da_members *members)
{
    bool is;

    (void)pthread_mutex_lock(&members->lock);
    is = members->subnet_count != 0;
    (void)pthread_mutex_unlock(&members->lock);
    return is;
}

/* ---- reading an answer ---- */

/* The node with this peer id, or node_count. */
static uint32_t node_of(const struct nomos *self, const char *peer_id)
{
    struct bytes32 key;

    if (!peer_id || !peer_id_read(peer_id, &key))
        return self->node_count;
    for (uint32_t node = 0; node < self->node_count; node++) {
        struct ed25519_key own;

        ed25519_from_seed(&self->nodes[node].seed, &own);
        if (bytes32_equal(&own.public_key, &key))
            return node;
    }
    return self->node_count;
}

/* Fills the row of a subnetwork. False when it is not there or names somebody unknown. */
static bool read_subnet(const struct nomos *self, const assay_value *assignations, uint32_t subnet,
    struct da_members *out)
{
    char key[16];
    const assay_value *list;

    (void)snprintf(key, sizeof(key), "%" PRIu32, subnet);
    list = self->json->member(assignations, key);
    if (self->json->type(list) != ASSAY_JSON_ARRAY)
        return false;
    for (size_t i = 0; i < self->json->count(list); i++) {
        const uint32_t node = node_of(self, self->json->text(self->json->element(list, i)));

        if (node == self->node_count)
            return false;
        out->is_member[(size_t)node * out->subnet_count + subnet] = true;
    }
    return true;
}

static assay_status read_answer(
    const struct nomos *self, const assay_value *root, struct da_members *out, char why[WHY_SIZE])
{
    const assay_value *assignations = self->json->member(root, "assignations");
    const size_t count = self->json->count(assignations);

    if (self->json->type(assignations) != ASSAY_JSON_OBJECT || count == 0 || count > SUBNETS_MAX) {
        (void)snprintf(why, WHY_SIZE, "POST /test/da/membership: no subnetworks in the answer");
        return ASSAY_E_IO;
    }
    *out = (struct da_members){.node_count = self->node_count, .subnet_count = (uint32_t)count};
    out->is_member = calloc((size_t)self->node_count * count, sizeof(*out->is_member));
    if (!out->is_member)
        return ASSAY_E_NOMEM;
    for (uint32_t subnet = 0; subnet < out->subnet_count; subnet++) {
        if (read_subnet(self, assignations, subnet, out))
            continue;
        free(out->is_member);
        (void)snprintf(why, WHY_SIZE,
            "POST /test/da/membership: subnetwork %" PRIu32
            " is missing, or has a member that is no node of this network",
            subnet);
        return ASSAY_E_IO;
    }
    return ASSAY_OK;
}

/* ---- asking ---- */

/* Puts in place what was found, unless another task was as quick: nodes say the same to all. */
static void adopt(struct da_members *members, struct da_members *found)
{
    (void)pthread_mutex_lock(&members->lock);
    if (members->subnet_count == 0) {
        members->is_member = found->is_member;
        members->node_count = found->node_count;
        members->subnet_count = found->subnet_count;
        found->is_member = NULL;
    }
    (void)pthread_mutex_unlock(&members->lock);
    free(found->is_member);
}

assay_status da_members_learn(struct nomos *self, struct da_members *members, assay_task *task,
    uint32_t node, char why[WHY_SIZE])
{
    const struct nomos_question question = {.node = node,
        .port = PORT_TESTING,
        .method = "POST",
        .path = "/test/da/membership",
        .body = "0"};
    struct da_members found = {.is_member = NULL};
    struct nomos_answer answer = {.json = NULL};
    assay_status s;

    if (is_known(members))
        return ASSAY_OK;
    s = nomos_ask(self, task, &question, &answer);
    if (s) {
        (void)snprintf(why, WHY_SIZE, "%s", answer.why);
        return s;
    }
    s = read_answer(self, self->json->root(answer.json), &found, why);
    self->json->release(answer.json);
    if (!s)
        adopt(members, &found);
    return s;
}

bool da_members_keeps(struct da_members *members, uint32_t node, uint32_t column)
{
    bool keeps;

    (void)pthread_mutex_lock(&members->lock);
    assert(members->subnet_count != 0 && node < members->node_count);
    keeps =
        members->is_member[(size_t)node * members->subnet_count + column % members->subnet_count];
    (void)pthread_mutex_unlock(&members->lock);
    return keeps;
}

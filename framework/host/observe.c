#include "framework/host/observe.h"

#include <stdio.h>
#include <string.h>

#include "framework/base/mem.h"
#include "framework/host/blocks.h"
#include "framework/host/control.h"
#include "framework/host/nodes.h"
#include "framework/host/record.h"
#include "framework/host/state.h"
#include "framework/topology/topology.h"

static void recent_done(struct observation *observation)
{
    for (unsigned i = 0; i < RECENT_BLOCKS; i++) {
        if (observation->recent[i]) {
            body_drop(observation->recent[i]);
            body_unref(observation->recent[i]);
        }
    }
}

/* Keeps a new block's list expanded for a while. Lock held. */
static void recent_keep(struct observation *observation, struct body *body)
{
    struct body **place = &observation->recent[observation->recent_next];

    if (!body_hold(body))
        return; /* no memory: readers will try for themselves */
    if (*place) {
        body_drop(*place);
        body_unref(*place);
    }
    *place = body_ref(body);
    observation->recent_next = (observation->recent_next + 1) % RECENT_BLOCKS;
}

void observation_free(struct observation *observation)
{
    if (!observation)
        return;
    recent_done(observation);
    chain_done(&observation->chain);
    for (uint32_t i = 0; observation->nodes && i < observation->node_count; i++) {
        absences_done(&observation->nodes[i].absences);
        vec_done(&observation->nodes[i].gaps);
    }
    free(observation->nodes);
    (void)pthread_mutex_destroy(&observation->lock);
    free(observation);
}

struct observation *observation_new(struct host *host)
{
    struct observation *observation = mem_new(sizeof(*observation));

    if (!observation)
        return NULL;
    (void)pthread_mutex_init(&observation->lock, NULL);
    observation->host = host;
    observation->node_count = host->config.topology->node_count;
    observation->nodes = mem_new_array(observation->node_count, sizeof(*observation->nodes));
    if (chain_init(&observation->chain, observation->node_count) || !observation->nodes) {
        observation_free(observation);
        return NULL;
    }
    for (uint32_t i = 0; i < observation->node_count; i++) {
        observation->nodes[i].seen_at = -1;
        absences_init(&observation->nodes[i].absences);
        vec_init(&observation->nodes[i].gaps, sizeof(struct absence), 2 * RECEIPTS_MAX);
        observation->nodes[i].status.observed_at = -1;
        observation->nodes[i].status.peers = UINT32_MAX;
    }
    return observation;
}

/* ---- node control ---- */

void observation_expect_absence(struct observation *observation, uint32_t node, assay_ns asked_at)
{
    (void)pthread_mutex_lock(&observation->lock);
    absences_expect(&observation->nodes[node].absences, asked_at);
    (void)pthread_mutex_unlock(&observation->lock);
}

void observation_note_receipt(struct observation *observation, const assay_receipt *receipt)
{
    (void)pthread_mutex_lock(&observation->lock);
    absences_note(&observation->nodes[receipt->node].absences, receipt);
    (void)pthread_mutex_unlock(&observation->lock);
}

assay_ns observation_away(
    struct observation *observation, uint32_t node, const struct absence *span)
{
    assay_ns away = 0;

    (void)pthread_mutex_lock(&observation->lock);
    away = absences_overlap(&observation->nodes[node].absences, span->from, span->to);
    (void)pthread_mutex_unlock(&observation->lock);
    return away;
}

/* ---- the service ---- */

static bool id_is_good(const char *id)
{
    return id && id[0] && strnlen(id, ASSAY_ID_MAX) < ASSAY_ID_MAX;
}

static uint32_t service_known(const assay_host *table, const char *id)
{
    struct observation *observation = host_of(table)->observation;
    const assay_ns now = host_now(observation->host);
    uint32_t answer = ASSAY_BLOCK_YOURS;
    uint32_t number = CHAIN_NONE;

    if (!id_is_good(id)) {
        host_violation(
            instance_of(table), "observe.known: an id has 1 to %u bytes", ASSAY_ID_MAX - 1);
        return ASSAY_BLOCK_YOURS;
    }
    (void)pthread_mutex_lock(&observation->lock);
    number = chain_hear(&observation->chain, id);
    if (number != CHAIN_NONE) {
        struct chain_block *block = chain_block(&observation->chain, number);

        if (block->is_published && !block->is_bodiless)
            answer = ASSAY_BLOCK_KNOWN;
        else if (block->claimed_until > now)
            answer = ASSAY_BLOCK_CLAIMED;
        else
            block->claimed_until = now + CLAIM_SECONDS * ASSAY_SECOND;
    }
    (void)pthread_mutex_unlock(&observation->lock);
    return answer;
}

static void service_abandon(const assay_host *table, const char *id)
{
    struct observation *observation = host_of(table)->observation;
    uint32_t number = CHAIN_NONE;

    if (!id_is_good(id))
        return;
    (void)pthread_mutex_lock(&observation->lock);
    number = chain_find(&observation->chain, id);
    if (number != CHAIN_NONE)
        chain_block(&observation->chain, number)->claimed_until = 0;
    (void)pthread_mutex_unlock(&observation->lock);
}

static assay_status service_block(const assay_host *table, const assay_block_info *theirs)
{
    struct observation *observation = host_of(table)->observation;
    const assay_ns now = host_now(observation->host);
    assay_block_info info;
    struct body *body = NULL;
    struct error err = {0};
    uint32_t number = CHAIN_NONE;
    assay_status s = ASSAY_OK;

    if (!record_take(&info, sizeof(info), theirs) || !id_is_good(info.id))
        return instance_fail(table, ASSAY_E_INVALID,
            "observe.block: struct_size must be set, and an id has 1 to %u bytes",
            ASSAY_ID_MAX - 1);
    s = body_new(&info, &body, &err); /* packed before the lock is taken: it is the long part */
    if (s)
        return instance_fail(table, s, "observe.block: %s", err.text);
    (void)pthread_mutex_lock(&observation->lock);
    s = chain_publish(&observation->chain,
        &(struct chain_news){.info = &info, .body = body, .now = now}, &number, &err);
    if (!s) {
        struct chain_block *block = chain_block(&observation->chain, number);

        block->claimed_until = 0;
        if (block->body == body)
            recent_keep(observation, body);
    }
    (void)pthread_mutex_unlock(&observation->lock);
    body_unref(body);
    return s ? instance_fail(table, s, "observe.block: %s", err.text) : s;
}

static bool node_is_good(const assay_host *table, uint32_t node, const char *function)
{
    if (node < host_of(table)->observation->node_count)
        return true;
    host_violation(instance_of(table), "%s: there is no node %u", function, node);
    return false;
}

static assay_status service_chain(
    const assay_host *table, uint32_t node, const char *const *ids, size_t count)
{
    struct observation *observation = host_of(table)->observation;
    const struct chain_path path = {.ids = ids, .count = count};
    const assay_ns now = host_now(observation->host);
    struct chain_move move = {0};
    struct error err = {0};
    assay_status s = ASSAY_OK;

    if (!node_is_good(table, node, "observe.chain"))
        return ASSAY_E_INVALID;
    if (count && !ids)
        return instance_fail(table, ASSAY_E_INVALID, "observe.chain: ids is NULL");
    (void)pthread_mutex_lock(&observation->lock);
    s = chain_extend(&observation->chain, node, &path, &move, &err);
    if (!s)
        feeds_tell(observation, node, &move, now);
    (void)pthread_mutex_unlock(&observation->lock);
    return s ? instance_fail(table, s, "observe.chain: %s", err.text) : s;
}

static void copy_text(char *out, size_t size, const char *text)
{
    (void)snprintf(out, size, "%s", text ? text : "");
}

/* Notes a success now: how long we were blind until then, inside the window. */
static void node_seen(struct observation *observation, struct node_view *node, assay_ns now)
{
    const struct absence gap = nodes_blind(observation, node, now);
    const assay_ns blind = gap.to - gap.from;

    if (blind > node->blind_longest)
        node->blind_longest = blind;
    /* What receipts tell of it may be known only later. Without room it counts in full. */
    if (blind > node->blind_unasked &&
        (!absences_may_touch(&node->absences, gap.from, gap.to) || vec_push(&node->gaps, &gap)))
        node->blind_unasked = blind;
    node->seen_at = now;
    node->observations++;
}

static assay_status service_status(
    const assay_host *table, uint32_t node, const assay_observation *theirs)
{
    struct observation *observation = host_of(table)->observation;
    assay_observation seen;
    struct node_view *view = NULL;
    assay_ns now = 0;
    assay_status s = ASSAY_OK;

    if (!node_is_good(table, node, "observe.status"))
        return ASSAY_E_INVALID;
    if (!record_take(&seen, sizeof(seen), theirs) || !id_is_good(seen.tip))
        return instance_fail(
            table, ASSAY_E_INVALID, "observe.status: struct_size and tip must be set");
    (void)pthread_mutex_lock(&observation->lock);
    now = host_now(observation->host); /* under the lock, so that it never runs backwards */
    view = &observation->nodes[node];
    s = chain_status(&observation->chain, node, seen.height, seen.final);
    node_seen(observation, view, now);
    view->status.height = seen.height;
    view->status.slot = seen.slot;
    view->status.observed_at = now;
    view->status.peers = seen.peers;
    view->status.flags |= ASSAY_NODE_REACHABLE;
    copy_text(view->status.tip, sizeof(view->status.tip), seen.tip);
    copy_text(view->status.final, sizeof(view->status.final), seen.final);
    copy_text(view->status.mode, sizeof(view->status.mode), seen.mode);
    if (seen.final) {
        const uint32_t number = chain_find(&observation->chain, seen.final);

        if (number != CHAIN_NONE && chain_block(&observation->chain, number)->has_height)
            view->status.final_height = chain_block(&observation->chain, number)->height;
    }
    (void)pthread_mutex_unlock(&observation->lock);
    return s;
}

static void service_failed(const assay_host *table, uint32_t node, const char *why)
{
    struct observation *observation = host_of(table)->observation;
    bool was_reachable = false;

    if (!node_is_good(table, node, "observe.failed"))
        return;
    (void)pthread_mutex_lock(&observation->lock);
    observation->nodes[node].observations++;
    observation->nodes[node].failures++;
    was_reachable = observation->nodes[node].status.flags & ASSAY_NODE_REACHABLE;
    observation->nodes[node].status.flags &= ~(uint32_t)ASSAY_NODE_REACHABLE;
    (void)pthread_mutex_unlock(&observation->lock);
    if (was_reachable)
        host_event(observation->host, "unreachable",
            observation->host->config.topology->nodes[node].name, why);
}

const assay_observe observe_table = {
    .struct_size = sizeof(assay_observe),
    .known = service_known,
    .block = service_block,
    .abandon = service_abandon,
    .chain = service_chain,
    .status = service_status,
    .failed = service_failed,
};

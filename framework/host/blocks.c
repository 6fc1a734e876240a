#include "framework/host/blocks.h"

#include <assert.h>

#include "framework/base/mem.h"
#include "framework/host/state.h"
#include "framework/host/tasks.h"

struct feed_entry {
    assay_ns seen_at;
    uint32_t block;
    uint32_t node;
    bool is_reorg;
};

struct feed {
    struct feed *prev, *next;
    uint32_t node; /* ASSAY_ANY_NODE: all */
    struct feed_entry *ring;
    size_t capacity, first, count;
    uint64_t lost;
    bool has_lost; /* and the reader does not know yet */
    struct waiters waiters;
};

/* What the plugin holds. The feed proper is inside, so that its owner can find it. */
struct assay_feed {
    struct owned owned;
    struct observation *observation;
    struct feed feed; /* guarded by the observation's lock */
};

struct assay_block {
    assay_block_info info;
    struct body *body;
    struct blob *payload;
};

/* ---- blocks in the reader's hand ---- */

/* Everything about the block that may change is copied under the lock... */
static void block_fill(
    const struct observation *observation, uint32_t number, struct assay_block *out)
{
    const struct chain_block *block = chain_block(&observation->chain, number);
    const uint32_t parent = block->parent;

    out->body = body_ref(block->body);
    out->payload = blob_ref(block->payload);
    out->info = (assay_block_info){.struct_size = sizeof(out->info),
        .id = block->id,
        .parent = parent == CHAIN_NONE ? "" : chain_block(&observation->chain, parent)->id,
        .height = block->height,
        .slot = block->slot,
        .seen_at = block->seen_at,
        .node = ASSAY_NO_NODE,
        .flags = block->is_bodiless ? ASSAY_BLOCK_BODILESS : 0,
        .payload = blob_bytes(block->payload)};
}

/* ...and the list is made without it. */
static assay_status block_finish(struct assay_block *block)
{
    block->info.items = body_hold(block->body);
    if (!block->info.items)
        return ASSAY_E_NOMEM;
    block->info.item_count = body_item_count(block->body);
    block->info.item_stride = sizeof(assay_item);
    return ASSAY_OK;
}

static void service_release(assay_block *block)
{
    if (!block)
        return;
    if (block->info.items)
        body_drop(block->body);
    body_unref(block->body);
    blob_unref(block->payload);
    free(block);
}

static const assay_block_info *service_info(const assay_block *block)
{
    return &block->info;
}

/* ---- look-ups ---- */

/* Which block somebody asks for, under the lock. */
struct look_up {
    uint32_t node;
    uint64_t height;
    const char *id;
};

static uint32_t find_at(const struct chain *chain, const struct look_up *what)
{
    return chain_at(chain, what->node, what->height);
}

static uint32_t find_final(const struct chain *chain, const struct look_up *what)
{
    return chain_final_at(chain, what->node, what->height);
}

static uint32_t find_id(const struct chain *chain, const struct look_up *what)
{
    const uint32_t number = chain_find(chain, what->id);

    return number != CHAIN_NONE && chain_block(chain, number)->is_published ? number : CHAIN_NONE;
}

static assay_status look_up(const assay_host *table,
    uint32_t (*find)(const struct chain *, const struct look_up *), const struct look_up *what,
    assay_block **out)
{
    struct observation *observation = host_of(table)->observation;
    assay_block *block = NULL;
    uint32_t number = CHAIN_NONE;
    assay_status s = ASSAY_OK;

    if (!what->id && what->node >= observation->node_count)
        return ASSAY_E_NOTFOUND;
    block = mem_new(sizeof(*block));
    if (!block)
        return ASSAY_E_NOMEM;
    (void)pthread_mutex_lock(&observation->lock);
    number = find(&observation->chain, what);
    if (number == CHAIN_NONE)
        s = ASSAY_E_NOTFOUND;
    else
        block_fill(observation, number, block);
    (void)pthread_mutex_unlock(&observation->lock);
    if (!s)
        s = block_finish(block);
    if (s) {
        service_release(block);
        return s;
    }
    *out = block;
    return ASSAY_OK;
}

static assay_status service_at(
    const assay_host *table, uint32_t node, uint64_t height, assay_block **block)
{
    return look_up(table, find_at, &(struct look_up){.node = node, .height = height}, block);
}

static assay_status service_final_at(
    const assay_host *table, uint32_t node, uint64_t height, assay_block **block)
{
    return look_up(table, find_final, &(struct look_up){.node = node, .height = height}, block);
}

static assay_status service_by_id(const assay_host *table, const char *id, assay_block **block)
{
    if (!id)
        return ASSAY_E_NOTFOUND;
    return look_up(table, find_id, &(struct look_up){.id = id}, block);
}

static assay_status service_coverage(const assay_host *table, uint32_t node, assay_coverage *out)
{
    return host_node_coverage(host_of(table), node, out);
}

/* ---- feeds ---- */

static bool feed_grow(struct feed *feed)
{
    const size_t capacity = feed->capacity ? 2 * feed->capacity : 64;
    struct feed_entry *ring = mem_new_array(capacity, sizeof(*ring));

    if (!ring)
        return false;
    for (size_t i = 0; i < feed->count; i++)
        ring[i] = feed->ring[(feed->first + i) % feed->capacity];
    free(feed->ring);
    feed->ring = ring;
    feed->capacity = capacity;
    feed->first = 0;
    return true;
}

static void feed_drop_first(struct feed *feed)
{
    feed->first = (feed->first + 1) % feed->capacity;
    feed->count--;
}

/* Without memory the ring stays as it is, and counts as full: loss is reported either way. */
static void feed_push(struct feed *feed, const struct feed_entry *entry)
{
    if (feed->count == feed->capacity && (feed->capacity >= FEED_MAX || !feed_grow(feed))) {
        feed->lost++;
        feed->has_lost = true;
        if (feed->count == 0)
            return;
        feed_drop_first(feed);
    }
    feed->ring[(feed->first + feed->count) % feed->capacity] = *entry;
    feed->count++;
}

void feeds_tell(
    struct observation *observation, uint32_t node, const struct chain_move *move, assay_ns now)
{
    for (struct feed *feed = observation->feeds; feed; feed = feed->next) {
        if (feed->node != ASSAY_ANY_NODE && feed->node != node)
            continue;
        for (uint64_t i = 0; i < move->count; i++) {
            const struct feed_entry entry = {.seen_at = now,
                .block = chain_at(&observation->chain, node, move->first + i),
                .node = node,
                .is_reorg = i == 0 && move->is_reorg};

            feed_push(feed, &entry);
        }
        waiters_wake_all(&feed->waiters);
    }
}

static void feed_free(assay_feed *feed)
{
    struct observation *observation = feed->observation;

    (void)pthread_mutex_lock(&observation->lock);
    if (feed->feed.prev)
        feed->feed.prev->next = feed->feed.next;
    else
        observation->feeds = feed->feed.next;
    if (feed->feed.next)
        feed->feed.next->prev = feed->feed.prev;
    (void)pthread_mutex_unlock(&observation->lock);
    free(feed->feed.ring);
    free(feed);
}

static void feed_release(struct owned *owned)
{
    feed_free((assay_feed *)owned);
}

static void service_unsubscribe(assay_feed *feed)
{
    if (!feed)
        return;
    instance_disown(&feed->owned);
    feed_free(feed);
}

static assay_status service_subscribe(const assay_host *table, uint32_t node, assay_feed **out)
{
    struct observation *observation = host_of(table)->observation;
    assay_feed *feed = NULL;

    if (node != ASSAY_ANY_NODE && node >= observation->node_count)
        return instance_fail(table, ASSAY_E_INVALID, "blocks.subscribe: there is no node %u", node);
    feed = mem_new(sizeof(*feed));
    if (!feed)
        return ASSAY_E_NOMEM;
    feed->observation = observation;
    feed->feed.node = node;
    (void)pthread_mutex_lock(&observation->lock);
    feed->feed.next = observation->feeds;
    if (feed->feed.next)
        feed->feed.next->prev = &feed->feed;
    observation->feeds = &feed->feed;
    (void)pthread_mutex_unlock(&observation->lock);
    instance_own(instance_of(table), &feed->owned, feed_release);
    *out = feed;
    return ASSAY_OK;
}

/* Takes the oldest entry, or the news that some were lost. Lock held. */
static assay_status feed_take(
    struct observation *observation, struct feed *feed, struct assay_block *out)
{
    const struct feed_entry *entry = NULL;

    if (feed->has_lost) {
        feed->has_lost = false;
        return ASSAY_E_LAGGED;
    }
    entry = &feed->ring[feed->first];
    block_fill(observation, entry->block, out);
    out->info.seen_at = entry->seen_at;
    out->info.node = entry->node;
    if (entry->is_reorg)
        out->info.flags |= ASSAY_BLOCK_REORG;
    feed_drop_first(feed);
    return ASSAY_OK;
}

static assay_status service_next(
    assay_task *task, assay_feed *handle, assay_ns until, assay_block **out)
{
    struct feed *feed = &handle->feed;
    struct observation *observation = handle->observation;
    assay_block *block = NULL;
    assay_status s = task_enter(task);

    if (s)
        return s;
    block = mem_new(sizeof(*block));
    if (!block)
        return ASSAY_E_NOMEM;
    (void)pthread_mutex_lock(&observation->lock);
    while (!s && feed->count == 0 && !feed->has_lost)
        s = waiters_wait(&feed->waiters, task, &observation->lock, until);
    if (!s)
        s = feed_take(observation, feed, block);
    (void)pthread_mutex_unlock(&observation->lock);
    if (!s && block_finish(block)) {
        s = ASSAY_E_NOMEM;
        (void)pthread_mutex_lock(&observation->lock);
        feed->lost++; /* it is out of the queue, and will not come again */
        (void)pthread_mutex_unlock(&observation->lock);
    }
    if (s) {
        service_release(block);
        return s;
    }
    *out = block;
    return ASSAY_OK;
}

static uint64_t service_lost(const assay_feed *feed)
{
    struct observation *observation = feed->observation;
    uint64_t lost = 0;

    (void)pthread_mutex_lock(&observation->lock);
    lost = feed->feed.lost;
    (void)pthread_mutex_unlock(&observation->lock);
    return lost;
}

const assay_blocks blocks_table = {
    .struct_size = sizeof(assay_blocks),
    .subscribe = service_subscribe,
    .next = service_next,
    .lost = service_lost,
    .unsubscribe = service_unsubscribe,
    .info = service_info,
    .release = service_release,
    .at = service_at,
    .final_at = service_final_at,
    .by_id = service_by_id,
    .coverage = service_coverage,
};

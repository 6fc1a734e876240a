/* Nodes, their chains, and the feeds of blocks. A node has the chain it really holds (tip) and the
   one that was last seen of it (seen_tip): they part while it is unreachable. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/fakehost/internal.h"

struct observation {
    struct fake_block *block;
    assay_ns seen_at;
    uint32_t node, flags;
};

struct assay_feed {
    struct assay_feed *next;
    struct fakehost *f;
    uint32_t node;
    struct observation *queue;
    size_t count, taken;
    uint64_t lost, lost_untold;
    uint64_t to_drop; /* of the next observations */
};

struct assay_block {
    struct fakehost *f;
    assay_block_info info;
};

static struct fake_block *find_block(const struct fakehost *f, const char *id)
{
    for (size_t i = 0; i < f->block_count; i++)
        if (!strcmp(f->blocks[i]->id, id))
            return f->blocks[i];
    return NULL;
}

static struct fake_block *block_named(const struct fakehost *f, const char *id)
{
    struct fake_block *block = find_block(f, id);

    if (!block && strcmp(id, "genesis") != 0)
        fail_msg("the script has no block '%s'", id);
    return block;
}

static uint64_t height_of(const struct fake_block *block)
{
    return block ? block->height : 0;
}

static struct fake_block *ancestor(struct fake_block *block, uint64_t height)
{
    while (block && block->height > height)
        block = block->parent;
    return block;
}

/* ---- script ---- */

void fake_facts(struct fakehost *f, assay_ns block_interval, uint64_t expected, uint64_t depth)
{
    f->facts.block_interval = block_interval;
    f->facts.expected_blocks = expected;
    f->facts.final_depth = depth;
}

void fake_nodes(struct fakehost *f, const char *role, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        struct fake_node *node = &f->nodes[f->node_count++];

        assert_true(f->node_count <= FAKE_NODES_MAX);
        (void)snprintf(node->role, sizeof(node->role), "%s", role);
        (void)snprintf(node->name, sizeof(node->name), "%.20s-%u", role, i);
        node->role_index = i;
        node->is_reachable = true;
        node->answer_code = 200;
        node->answer_latency = ASSAY_MS;
    }
}

void fake_chain(
    struct fakehost *f, const char *prefix, const char *parent, uint64_t from, uint64_t to)
{
    struct fake_block *above = block_named(f, parent);

    for (uint64_t height = from; height <= to; height++) {
        struct fake_block *block = fake_alloc(1, sizeof(*block));

        (void)snprintf(block->id, sizeof(block->id), "%s%llu", prefix, (unsigned long long)height);
        (void)snprintf(
            block->parent_id, sizeof(block->parent_id), "%s", above ? above->id : "genesis");
        assert_null(find_block(f, block->id));
        assert_int_equal(height, height_of(above) + 1);
        block->parent = above;
        block->height = height;
        block->first_seen = -1;
        f->blocks = fake_grow(f->blocks, f->block_count, sizeof(f->blocks[0]));
        f->blocks[f->block_count++] = block;
        above = block;
    }
}

void fake_item(struct fakehost *f, const char *block_id, const char *kind, const char *id)
{
    struct fake_block *block = block_named(f, block_id);

    block->items = fake_grow(block->items, block->item_count, sizeof(block->items[0]));
    block->items[block->item_count++] = (assay_item){.kind = fake_copy(kind), .id = fake_copy(id)};
}

void fake_block_flags(struct fakehost *f, const char *block, uint32_t flags)
{
    block_named(f, block)->flags = flags;
}

void fake_hide(struct fakehost *f, const char *block)
{
    block_named(f, block)->is_hidden = true;
}

static void feed_put(struct assay_feed *feed, const struct observation *observation)
{
    if (feed->to_drop) {
        feed->to_drop--;
        feed->lost++;
        feed->lost_untold++;
        return;
    }
    feed->queue = fake_grow(feed->queue, feed->count, sizeof(feed->queue[0]));
    feed->queue[feed->count++] = *observation;
}

static void tell_feeds(struct fakehost *f, const struct observation *observation)
{
    for (struct assay_feed *feed = f->feeds; feed; feed = feed->next)
        if (feed->node == ASSAY_ANY_NODE || feed->node == observation->node)
            feed_put(feed, observation);
}

static struct fake_block *common(struct fake_block *a, struct fake_block *b)
{
    while (a != b) {
        if (height_of(a) >= height_of(b))
            a = a->parent;
        else
            b = b->parent;
    }
    return a;
}

/* The host looks at the node and reports what is new. */
static void look(struct fakehost *f, uint32_t index)
{
    struct fake_node *node = &f->nodes[index];
    struct fake_block *old = node->seen_tip;
    struct fake_block *base;

    if (!node->is_reachable)
        return;
    base = common(old, node->tip);
    node->seen_tip = node->tip;
    for (uint64_t height = height_of(base) + 1; height <= height_of(node->tip); height++) {
        struct observation seen = {
            .block = ancestor(node->tip, height), .seen_at = f->now, .node = index};

        if (seen.block->is_hidden)
            continue;
        if (seen.block->first_seen < 0)
            seen.block->first_seen = f->now;
        if (base != old && height == height_of(base) + 1)
            seen.flags = ASSAY_BLOCK_REORG;
        tell_feeds(f, &seen);
    }
}

static void on_adopt(struct fakehost *f, const struct fake_event *event)
{
    f->nodes[event->node].tip = block_named(f, event->id);
    look(f, event->node);
}

static void on_final(struct fakehost *f, const struct fake_event *event)
{
    f->nodes[event->node].final = block_named(f, event->id);
}

static void note_blindness(const struct fakehost *f, struct fake_node *node)
{
    assay_ns from = node->blind_since > f->window_start ? node->blind_since : f->window_start;
    assay_ns to = f->now < f->window_end ? f->now : f->window_end;

    assay_ns unasked =
        to > from ? to - from - fake_away_of(f, (uint32_t)(node - f->nodes), from, to) : 0;

    if (!node->is_reachable && to - from > node->blind_longest)
        node->blind_longest = to - from;
    if (!node->is_reachable && unasked > node->blind_unasked)
        node->blind_unasked = unasked;
}

static void on_unreachable(struct fakehost *f, const struct fake_event *event)
{
    struct fake_node *node = &f->nodes[event->node];

    node->is_reachable = false;
    node->blind_since = f->now;
}

static void on_reachable(struct fakehost *f, const struct fake_event *event)
{
    struct fake_node *node = &f->nodes[event->node];

    note_blindness(f, node);
    node->is_reachable = true;
    look(f, event->node);
}

static void on_loss(struct fakehost *f, const struct fake_event *event)
{
    for (struct assay_feed *feed = f->feeds; feed; feed = feed->next) {
        feed->lost += event->number;
        feed->lost_untold += event->number;
    }
}

static void on_drop(struct fakehost *f, const struct fake_event *event)
{
    for (struct assay_feed *feed = f->feeds; feed; feed = feed->next)
        feed->to_drop += event->number;
}

void fake_adopt(struct fakehost *f, assay_ns at, uint32_t node, const char *block)
{
    struct fake_block *found = block_named(f, block);

    (void)fake_at(f, at, on_adopt, node, found ? found->id : "genesis");
}

void fake_adopt_run(struct fakehost *f, uint32_t node, const char *prefix, uint64_t from,
    uint64_t to, assay_ns at, assay_ns interval)
{
    char id[ASSAY_ID_MAX];

    for (uint64_t height = from; height <= to; height++) {
        (void)snprintf(id, sizeof(id), "%s%llu", prefix, (unsigned long long)height);
        for (uint32_t i = 0; i < f->node_count; i++)
            if (node == ASSAY_ANY_NODE || node == i)
                fake_adopt(f, at + (assay_ns)(height - from) * interval, i, id);
    }
}

void fake_final(struct fakehost *f, assay_ns at, uint32_t node, const char *block)
{
    (void)fake_at(f, at, on_final, node, block_named(f, block)->id);
}

void fake_takes_back_final(struct fakehost *f, uint32_t node, uint64_t heights)
{
    f->nodes[node].final_changed = heights;
}

void fake_unreachable(struct fakehost *f, assay_ns at, uint32_t node)
{
    (void)fake_at(f, at, on_unreachable, node, NULL);
}

void fake_reachable(struct fakehost *f, assay_ns at, uint32_t node)
{
    (void)fake_at(f, at, on_reachable, node, NULL);
}

void fake_lose(struct fakehost *f, assay_ns at, uint64_t count)
{
    fake_at(f, at, on_loss, 0, NULL)->number = count;
}

void fake_drop(struct fakehost *f, assay_ns at, uint64_t count)
{
    fake_at(f, at, on_drop, 0, NULL)->number = count;
}

/* ---- assay.nodes/1 ---- */

static uint32_t nodes_count(const assay_host *host)
{
    return fake_of(host)->node_count;
}

static assay_status nodes_info(const assay_host *host, uint32_t index, assay_node_info *out)
{
    struct fakehost *f = fake_of(host);
    assay_status s = fake_enter(f, "info");
    assay_node_info info = {.index = index, .url = "http://127.0.0.1:20000"};

    if (s)
        return s;
    if (index >= f->node_count)
        return ASSAY_E_NOTFOUND;
    info.name = f->nodes[index].name;
    info.role = f->nodes[index].role;
    info.role_index = f->nodes[index].role_index;
    FAKE_COPY_OUT(out, info);
    return ASSAY_OK;
}

static assay_status nodes_status(const assay_host *host, uint32_t index, assay_node_status *out)
{
    struct fakehost *f = fake_of(host);
    assay_status s = fake_enter(f, "status");
    assay_node_status status = {.peers = UINT32_MAX, .mode = "Online"};
    const struct fake_node *node;

    if (s)
        return s;
    if (index >= f->node_count)
        return ASSAY_E_NOTFOUND;
    node = &f->nodes[index];
    status.height = height_of(node->seen_tip);
    status.final_height = height_of(node->final);
    status.observed_at = node->is_reachable ? f->now : node->blind_since;
    if (!node->is_reachable && !node->blind_since)
        status.observed_at = -1; /* it was never seen */
    status.flags = node->is_reachable ? ASSAY_NODE_REACHABLE : 0;
    (void)snprintf(
        status.tip, sizeof(status.tip), "%s", node->seen_tip ? node->seen_tip->id : "genesis");
    (void)snprintf(
        status.final, sizeof(status.final), "%s", node->final ? node->final->id : "genesis");
    FAKE_COPY_OUT(out, status);
    return ASSAY_OK;
}

static const assay_nodes nodes_table = {.struct_size = sizeof(nodes_table),
    .count = nodes_count,
    .info = nodes_info,
    .status = nodes_status};

/* ---- assay.blocks/1 ---- */

static void hand_out(struct fakehost *f, const struct observation *seen, assay_block **out)
{
    struct assay_block *block = fake_alloc(1, sizeof(*block));

    *block = (struct assay_block){
        .f = f,
        .info =
            {
                .struct_size = sizeof(block->info),
                .id = seen->block->id,
                .parent = seen->block->parent_id,
                .height = seen->block->height,
                .slot = seen->block->height,
                .seen_at = seen->seen_at,
                .node = seen->node,
                .flags = seen->block->flags | seen->flags,
                .items = seen->block->items,
                .item_count = seen->block->item_count,
                .item_stride = sizeof(assay_item),
            },
    };
    f->alive++;
    *out = block;
}

static assay_status blocks_subscribe(const assay_host *host, uint32_t node, assay_feed **out)
{
    struct fakehost *f = fake_of(host);
    assay_status s = fake_enter(f, "subscribe");
    struct assay_feed *feed;

    if (s)
        return s;
    feed = fake_alloc(1, sizeof(*feed));
    feed->f = f;
    feed->node = node;
    feed->next = f->feeds;
    f->feeds = feed;
    f->alive++;
    *out = feed;
    return ASSAY_OK;
}

static bool feed_has(struct fakehost *f, void *context)
{
    const struct assay_feed *feed = context;

    (void)f;
    return feed->lost_untold || feed->taken < feed->count;
}

static assay_status blocks_next(
    assay_task *task, assay_feed *feed, assay_ns until, assay_block **out)
{
    struct fakehost *f = fake_of_task(task);
    assay_status s = fake_enter_blocking(f, "next");

    if (!s)
        s = fake_wait(f, until, feed_has, feed);
    if (s)
        return s;
    if (feed->lost_untold) {
        feed->lost_untold = 0;
        return ASSAY_E_LAGGED;
    }
    hand_out(f, &feed->queue[feed->taken++], out);
    return ASSAY_OK;
}

static uint64_t blocks_lost(const assay_feed *feed)
{
    return feed->lost;
}

static void blocks_unsubscribe(assay_feed *feed)
{
    struct assay_feed **place;

    if (!feed)
        return;
    for (place = &feed->f->feeds; *place != feed; place = &(*place)->next)
        assert_non_null(*place);
    *place = feed->next;
    feed->f->alive--;
    free(feed->queue);
    free(feed);
}

static const assay_block_info *blocks_info(const assay_block *block)
{
    return &block->info;
}

static void blocks_release(assay_block *block)
{
    if (!block)
        return;
    block->f->alive--;
    free(block);
}

static assay_status hand_out_known(
    struct fakehost *f, struct fake_block *block, uint64_t height, assay_block **out)
{
    struct observation seen = {.block = block, .node = ASSAY_NO_NODE};

    if (!block || block->height != height || block->is_hidden)
        return ASSAY_E_NOTFOUND;
    seen.seen_at = block->first_seen;
    hand_out(f, &seen, out);
    return ASSAY_OK;
}

static assay_status blocks_at(
    const assay_host *host, uint32_t node, uint64_t height, assay_block **out)
{
    struct fakehost *f = fake_of(host);
    assay_status s = fake_enter(f, "at");

    if (s)
        return s;
    assert_true(node < f->node_count);
    return hand_out_known(f, ancestor(f->nodes[node].seen_tip, height), height, out);
}

static assay_status blocks_final_at(
    const assay_host *host, uint32_t node, uint64_t height, assay_block **out)
{
    struct fakehost *f = fake_of(host);
    assay_status s = fake_enter(f, "final_at");

    if (s)
        return s;
    assert_true(node < f->node_count);
    return hand_out_known(f, ancestor(f->nodes[node].final, height), height, out);
}

static assay_status blocks_by_id(const assay_host *host, const char *id, assay_block **out)
{
    struct fakehost *f = fake_of(host);
    assay_status s = fake_enter(f, "by_id");
    struct fake_block *block = find_block(f, id);

    if (s)
        return s;
    if (block && block->first_seen < 0)
        block = NULL;
    return hand_out_known(f, block, height_of(block), out);
}

static assay_status blocks_coverage(const assay_host *host, uint32_t index, assay_coverage *out)
{
    struct fakehost *f = fake_of(host);
    assay_status s = fake_enter(f, "coverage");
    assay_coverage coverage = {.observations = 100};
    struct fake_node *node;

    if (s)
        return s;
    assert_true(index < f->node_count);
    node = &f->nodes[index];
    note_blindness(f, node);
    coverage.blind_longest = node->blind_longest;
    coverage.blind_unasked = node->blind_unasked;
    coverage.final_changed = node->final_changed;
    coverage.blocks_total = height_of(node->seen_tip);
    for (const struct fake_block *block = node->seen_tip; block; block = block->parent)
        coverage.blocks_known += !block->is_hidden;
    FAKE_COPY_OUT(out, coverage);
    return ASSAY_OK;
}

static const assay_blocks blocks_table = {.struct_size = sizeof(blocks_table),
    .subscribe = blocks_subscribe,
    .next = blocks_next,
    .lost = blocks_lost,
    .unsubscribe = blocks_unsubscribe,
    .info = blocks_info,
    .release = blocks_release,
    .at = blocks_at,
    .final_at = blocks_final_at,
    .by_id = blocks_by_id,
    .coverage = blocks_coverage};

/* ---- assay.run/1 ---- */

static assay_status run_facts(const assay_host *host, assay_run_facts *out)
{
    struct fakehost *f = fake_of(host);
    assay_status s = fake_enter(f, "facts");

    if (s)
        return s;
    FAKE_COPY_OUT(out, f->facts);
    return ASSAY_OK;
}

static const assay_run_table run_table = {.struct_size = sizeof(run_table), .facts = run_facts};

const void *fake_chain_service(const char *id)
{
    if (!strcmp(id, ASSAY_NODES))
        return &nodes_table;
    if (!strcmp(id, ASSAY_BLOCKS))
        return &blocks_table;
    if (!strcmp(id, ASSAY_RUN))
        return &run_table;
    return NULL;
}

void fake_chain_done(struct fakehost *f)
{
    while (f->feeds) {
        struct assay_feed *feed = f->feeds;

        f->feeds = feed->next;
        free(feed->queue);
        free(feed);
    }
    for (size_t i = 0; i < f->block_count; i++) {
        struct fake_block *block = f->blocks[i];

        for (size_t j = 0; j < block->item_count; j++) {
            free((void *)(uintptr_t)block->items[j].kind);
            free((void *)(uintptr_t)block->items[j].id);
        }
        free(block->items);
        free(block);
    }
    free(f->blocks);
}

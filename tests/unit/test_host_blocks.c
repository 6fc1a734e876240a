/* Observation end to end: what a system publishes, plugins see in feeds, look-ups and coverage. */
#include <stdatomic.h>

#include "framework/base/mem.h"
#include "framework/host/blocks.h"
#include "framework/host/body.h"
#include "framework/host/state.h"
#include "framework/host/tasks.h"
#include "host_fixture.h"

struct world {
    struct fixture *fixture;
    struct host_instance *system, *reader;
    const assay_host *system_table, *table; /* table: the reader's */
    const assay_observe *observe;
    const assay_blocks *blocks;
    const assay_nodes *nodes;
};

static int setup(void **state)
{
    struct world *world = calloc(1, sizeof(*world));

    world->fixture = fixture_new(3);
    world->system = fixture_instance(world->fixture, "system.s", ASSAY_SYSTEM);
    world->reader = fixture_instance(world->fixture, "expectation.e", ASSAY_EXPECTATION);
    world->system_table = host_instance_table(world->system);
    world->table = host_instance_table(world->reader);
    world->observe = fixture_service(world->system, ASSAY_OBSERVE);
    world->blocks = fixture_service(world->reader, ASSAY_BLOCKS);
    world->nodes = fixture_service(world->reader, ASSAY_NODES);
    *state = world;
    return 0;
}

static int teardown(void **state)
{
    struct world *world = *state;

    fixture_free(world->fixture);
    free(world);
    return 0;
}

/* Publishes a block with two items, "<id>-t0" and "<id>-t1". */
static assay_status publish(
    struct world *world, const char *id, const char *parent, uint64_t height)
{
    char names[2][64];
    assay_item items[2] = {{"transaction", names[0]}, {"blob", names[1]}};

    (void)snprintf(names[0], sizeof(names[0]), "%s-t0", id);
    (void)snprintf(names[1], sizeof(names[1]), "%s-t1", id);
    return world->observe->block(world->system_table,
        &(assay_block_info){.struct_size = sizeof(assay_block_info),
            .id = id,
            .parent = parent,
            .height = height,
            .slot = 10 * height,
            .items = items,
            .item_count = 2,
            .item_stride = sizeof(items[0]),
            .payload = {"raw", 3}});
}

static assay_status adopt(struct world *world, uint32_t node, const char *id)
{
    return world->observe->chain(world->system_table, node, &id, 1);
}

static assay_status status_of(
    struct world *world, uint32_t node, uint64_t height, const char *tip, const char *final)
{
    return world->observe->status(world->system_table, node,
        &(assay_observation){.struct_size = sizeof(assay_observation),
            .height = height,
            .slot = 10 * height,
            .tip = tip,
            .final = final,
            .mode = "Online",
            .peers = 2});
}

/* Takes the next block of the feed without waiting. */
struct next {
    const assay_blocks *blocks;
    assay_feed *feed;
    assay_ns until;
    assay_block *block;
    assay_status status;
};

static assay_status call_next(assay_task *task, void *arg)
{
    struct next *next = arg;

    next->status = next->blocks->next(task, next->feed, next->until, &next->block);
    return ASSAY_OK;
}

static assay_status poll_feed(struct world *world, assay_feed *feed, assay_block **out)
{
    struct next next = {.blocks = world->blocks, .feed = feed};

    assert_int_equal(run_body(world->reader, call_next, &next).status, ASSAY_OK);
    *out = next.block;
    return next.status;
}

/* ---- feeds ---- */

static void a_feed_tells_what_nodes_adopt_from_now_on(void **state)
{
    struct world *world = *state;
    assay_feed *all = NULL, *second = NULL;
    assay_block *block = NULL;
    const assay_block_info *info = NULL;

    assert_int_equal(publish(world, "a1", "g", 1), ASSAY_OK);
    assert_int_equal(publish(world, "a2", "a1", 2), ASSAY_OK);
    assert_int_equal(adopt(world, 0, "a1"), ASSAY_OK);
    assert_int_equal(world->blocks->subscribe(world->table, ASSAY_ANY_NODE, &all), ASSAY_OK);
    assert_int_equal(world->blocks->subscribe(world->table, 1, &second), ASSAY_OK);
    assert_int_equal(adopt(world, 0, "a2"), ASSAY_OK);
    assert_int_equal(adopt(world, 1, "a1"), ASSAY_OK);

    assert_int_equal(poll_feed(world, all, &block), ASSAY_OK);
    info = world->blocks->info(block);
    assert_string_equal(info->id, "a2");
    assert_string_equal(info->parent, "a1");
    assert_int_equal(info->height, 2);
    assert_int_equal(info->slot, 20);
    assert_int_equal(info->node, 0);
    assert_int_equal(info->flags, 0);
    assert_int_equal(info->item_count, 2);
    assert_string_equal(info->items[0].kind, "transaction");
    assert_string_equal(info->items[0].id, "a2-t0");
    assert_string_equal(info->items[1].kind, "blob");
    assert_string_equal(info->items[1].id, "a2-t1");
    assert_memory_equal(info->payload.data, "raw", 3);
    world->blocks->release(block);

    assert_int_equal(poll_feed(world, all, &block), ASSAY_OK);
    assert_int_equal(world->blocks->info(block)->node, 1);
    world->blocks->release(block);
    assert_int_equal(poll_feed(world, all, &block), ASSAY_E_TIMEOUT);

    assert_int_equal(poll_feed(world, second, &block), ASSAY_OK);
    assert_string_equal(world->blocks->info(block)->id, "a1");
    world->blocks->release(block);
    assert_int_equal(poll_feed(world, second, &block), ASSAY_E_TIMEOUT);
    world->blocks->unsubscribe(second);
    world->blocks->unsubscribe(NULL);
    world->blocks->release(NULL);
    /* `all` is left for the instance to release. */
}

static void a_reorganisation_is_marked_on_its_first_block(void **state)
{
    struct world *world = *state;
    const char *const fork[] = {"b2", "b3"};
    assay_feed *feed = NULL;
    assay_block *block = NULL;

    assert_int_equal(publish(world, "a1", "g", 1), ASSAY_OK);
    assert_int_equal(publish(world, "a2", "a1", 2), ASSAY_OK);
    assert_int_equal(publish(world, "b2", "a1", 2), ASSAY_OK);
    assert_int_equal(publish(world, "b3", "b2", 3), ASSAY_OK);
    assert_int_equal(adopt(world, 0, "a1"), ASSAY_OK);
    assert_int_equal(adopt(world, 0, "a2"), ASSAY_OK);
    assert_int_equal(world->blocks->subscribe(world->table, 0, &feed), ASSAY_OK);
    assert_int_equal(world->observe->chain(world->system_table, 0, fork, 2), ASSAY_OK);

    assert_int_equal(poll_feed(world, feed, &block), ASSAY_OK);
    assert_string_equal(world->blocks->info(block)->id, "b2");
    assert_int_equal(world->blocks->info(block)->flags, ASSAY_BLOCK_REORG);
    world->blocks->release(block);
    assert_int_equal(poll_feed(world, feed, &block), ASSAY_OK);
    assert_string_equal(world->blocks->info(block)->id, "b3");
    assert_int_equal(world->blocks->info(block)->flags, 0);
    world->blocks->release(block);
}

/* A line of blocks f1, f2, ... of which each node adopts all. */
static void publish_line(struct world *world, unsigned count)
{
    char id[16], parent[16] = "g";

    for (unsigned i = 1; i <= count; i++) {
        (void)snprintf(id, sizeof(id), "f%u", i);
        assert_int_equal(publish(world, id, parent, i), ASSAY_OK);
        memcpy(parent, id, sizeof(parent));
    }
}

static void adopt_line(struct world *world, uint32_t node, unsigned from, unsigned to)
{
    char id[16];

    for (unsigned i = from; i <= to; i++) {
        (void)snprintf(id, sizeof(id), "f%u", i);
        assert_int_equal(adopt(world, node, id), ASSAY_OK);
    }
}

static void a_feed_that_overflows_says_so_once_and_goes_on(void **state)
{
    struct world *world = *state;
    assay_feed *feed = NULL;
    assay_block *block = NULL;

    publish_line(world, FEED_MAX + 10);
    assert_int_equal(world->blocks->subscribe(world->table, 0, &feed), ASSAY_OK);
    adopt_line(world, 0, 1, FEED_MAX + 10);

    assert_int_equal(world->blocks->lost(feed), 10);
    assert_int_equal(poll_feed(world, feed, &block), ASSAY_E_LAGGED);
    assert_int_equal(poll_feed(world, feed, &block), ASSAY_OK);
    assert_string_equal(world->blocks->info(block)->id, "f11");
    world->blocks->release(block);
    assert_int_equal(world->blocks->lost(feed), 10);
}

static void a_feed_without_memory_loses_and_says_so(void **state)
{
    struct world *world = *state;
    assay_feed *feed = NULL;
    assay_block *block = NULL;
    const char *id = "f1";

    publish_line(world, 2);
    assert_int_equal(world->blocks->subscribe(world->table, 0, &feed), ASSAY_OK);
    /* The view grows first (two allocations in chain_extend), the feed's ring after that. */
    for (uint64_t n = 1; world->blocks->lost(feed) == 0; n++) {
        assert_true(n < 20);
        mem_fail_at(n, MEM_FAIL_ONCE);
        (void)world->observe->chain(world->system_table, 0, &id, 1);
        mem_fail_at(0, MEM_FAIL_ONCE);
    }
    assert_int_equal(poll_feed(world, feed, &block), ASSAY_E_LAGGED);
    assert_int_equal(poll_feed(world, feed, &block), ASSAY_E_TIMEOUT);
    adopt_line(world, 0, 2, 2);
    assert_int_equal(poll_feed(world, feed, &block), ASSAY_OK);
    world->blocks->release(block);
}

static void subscribing_to_no_node_is_refused(void **state)
{
    struct world *world = *state;
    assay_feed *feed = NULL;

    assert_int_equal(world->blocks->subscribe(world->table, 3, &feed), ASSAY_E_INVALID);
    mem_fail_at(1, MEM_FAIL_ONCE);
    assert_int_equal(world->blocks->subscribe(world->table, 0, &feed), ASSAY_E_NOMEM);
    mem_fail_at(0, MEM_FAIL_ONCE);
}

static assay_status wait_for_three(assay_task *task, void *arg)
{
    struct next *next = arg;

    for (int i = 0; i < 3; i++) {
        const assay_status s = next->blocks->next(task, next->feed, ASSAY_FOREVER, &next->block);

        if (s)
            return s;
        next->blocks->release(next->block);
    }
    return ASSAY_OK;
}

static void a_waiting_reader_is_woken(void **state)
{
    struct world *world = *state;
    struct next next = {.blocks = world->blocks};
    const struct host_operation_spec spec = {
        .name = "run", .body = wait_for_three, .arg = &next, .grace = 60 * ASSAY_SECOND};
    struct host_operation *operation = NULL;
    struct host_operation_result result;

    publish_line(world, 3);
    assert_int_equal(world->blocks->subscribe(world->table, ASSAY_ANY_NODE, &next.feed), ASSAY_OK);
    assert_int_equal(host_operation_start(world->reader, &spec, &operation), ASSAY_OK);
    adopt_line(world, 2, 1, 3);
    host_operation_finish(operation, &result);
    assert_int_equal(result.status, ASSAY_OK);
}

static void a_waiting_reader_can_be_cancelled(void **state)
{
    struct world *world = *state;
    struct next next = {.blocks = world->blocks};
    const struct host_operation_spec spec = {
        .name = "run", .body = wait_for_three, .arg = &next, .grace = 60 * ASSAY_SECOND};
    struct host_operation *operation = NULL;
    struct host_operation_result result;

    assert_int_equal(world->blocks->subscribe(world->table, 0, &next.feed), ASSAY_OK);
    assert_int_equal(host_operation_start(world->reader, &spec, &operation), ASSAY_OK);
    host_operation_cancel(operation);
    host_operation_finish(operation, &result);
    assert_int_equal(result.status, ASSAY_E_CANCELLED);
}

/* ---- many followers and readers at once ---- */

enum {
    RACE_BLOCKS = 200
};

struct race {
    struct world *world;
    uint32_t node;
    assay_feed *feed;
    uint64_t seen;
};

static assay_status race_follow(assay_task *task, void *arg)
{
    struct race *race = arg;
    const assay_observe *observe = race->world->observe;
    char id[16], parent[16] = "g";

    for (unsigned i = 1; i <= RACE_BLOCKS; i++) {
        uint32_t known;

        (void)snprintf(id, sizeof(id), "f%u", i);
        while ((known = observe->known(race->world->system_table, id)) == ASSAY_BLOCK_CLAIMED) {
            if (clock_table.sleep_until(task, 0))
                return ASSAY_E_CANCELLED;
        }
        if (known == ASSAY_BLOCK_YOURS && publish(race->world, id, parent, i))
            return ASSAY_E_INTERNAL;
        if (adopt(race->world, race->node, id) || status_of(race->world, race->node, i, id, parent))
            return ASSAY_E_INTERNAL;
        memcpy(parent, id, sizeof(parent));
    }
    return ASSAY_OK;
}

static assay_status race_read(assay_task *task, void *arg)
{
    struct race *race = arg;
    const assay_blocks *blocks = race->world->blocks;

    while (race->seen < 3 * RACE_BLOCKS) {
        assay_block *block = NULL;
        const assay_status s = blocks->next(task, race->feed, ASSAY_FOREVER, &block);

        if (s)
            return s;
        race->seen += blocks->info(block)->item_count == 2;
        blocks->release(block);
    }
    return ASSAY_OK;
}

static void followers_and_readers_run_beside_each_other(void **state)
{
    struct world *world = *state;
    struct race races[5];
    struct host_operation *operations[5] = {NULL};
    struct host_operation_result result;

    for (uint32_t i = 0; i < 5; i++) {
        races[i] = (struct race){.world = world, .node = i};
        if (i >= 3)
            assert_int_equal(
                world->blocks->subscribe(world->table, ASSAY_ANY_NODE, &races[i].feed), ASSAY_OK);
    }
    for (uint32_t i = 0; i < 5; i++) {
        const bool is_reader = i >= 3;
        const struct host_operation_spec spec = {.name = is_reader ? "run" : "follow",
            .body = is_reader ? race_read : race_follow,
            .arg = &races[i],
            .grace = 60 * ASSAY_SECOND};

        assert_int_equal(
            host_operation_start(is_reader ? world->reader : world->system, &spec, &operations[i]),
            ASSAY_OK);
    }
    for (uint32_t i = 0; i < 5; i++) {
        host_operation_finish(operations[i], &result);
        assert_int_equal(result.status, ASSAY_OK);
    }
    for (uint32_t node = 0; node < 3; node++) {
        assay_coverage coverage = {.struct_size = sizeof(coverage)};

        assert_int_equal(world->blocks->coverage(world->table, node, &coverage), ASSAY_OK);
        assert_int_equal(coverage.blocks_known, RACE_BLOCKS);
        assert_int_equal(coverage.blocks_total, RACE_BLOCKS);
        assert_int_equal(coverage.final_changed, 0);
    }
}

/* ---- look-ups ---- */

static void blocks_are_looked_up_by_height_finality_and_id(void **state)
{
    struct world *world = *state;
    const assay_blocks *blocks = world->blocks;
    assay_block *block = NULL;

    publish_line(world, 3);
    adopt_line(world, 1, 1, 3);
    assert_int_equal(status_of(world, 1, 3, "f3", "f2"), ASSAY_OK);

    assert_int_equal(blocks->at(world->table, 1, 3, &block), ASSAY_OK);
    assert_string_equal(blocks->info(block)->id, "f3");
    assert_int_equal(blocks->info(block)->node, ASSAY_NO_NODE);
    blocks->release(block);
    assert_int_equal(blocks->final_at(world->table, 1, 2, &block), ASSAY_OK);
    assert_string_equal(blocks->info(block)->id, "f2");
    blocks->release(block);
    assert_int_equal(blocks->by_id(world->table, "f1", &block), ASSAY_OK);
    assert_int_equal(blocks->info(block)->height, 1);
    blocks->release(block);

    assert_int_equal(blocks->at(world->table, 1, 4, &block), ASSAY_E_NOTFOUND);
    assert_int_equal(blocks->at(world->table, 0, 1, &block), ASSAY_E_NOTFOUND);
    assert_int_equal(blocks->at(world->table, 9, 1, &block), ASSAY_E_NOTFOUND);
    assert_int_equal(blocks->final_at(world->table, 1, 3, &block), ASSAY_E_NOTFOUND);
    assert_int_equal(blocks->by_id(world->table, "g", &block), ASSAY_E_NOTFOUND);
    assert_int_equal(blocks->by_id(world->table, NULL, &block), ASSAY_E_NOTFOUND);
    mem_fail_at(1, MEM_FAIL_ONCE);
    assert_int_equal(blocks->by_id(world->table, "f1", &block), ASSAY_E_NOMEM);
    mem_fail_at(0, MEM_FAIL_ONCE);
}

static void a_block_in_hand_outlives_newer_ones(void **state)
{
    struct world *world = *state;
    assay_block *block = NULL;

    publish_line(world, 1);
    assert_int_equal(world->blocks->by_id(world->table, "f1", &block), ASSAY_OK);
    publish_line(world, RECENT_BLOCKS + 3); /* f1 again, which is fine, and more */
    assert_string_equal(world->blocks->info(block)->items[1].id, "f1-t1");
    world->blocks->release(block);
}

/* ---- claims ---- */

static void a_block_is_claimed_by_the_first_who_asks(void **state)
{
    struct world *world = *state;
    const assay_observe *observe = world->observe;

    assert_int_equal(observe->known(world->system_table, "f1"), ASSAY_BLOCK_YOURS);
    assert_int_equal(observe->known(world->system_table, "f1"), ASSAY_BLOCK_CLAIMED);
    observe->abandon(world->system_table, "f1");
    observe->abandon(world->system_table, "never asked");
    observe->abandon(world->system_table, NULL);
    assert_int_equal(observe->known(world->system_table, "f1"), ASSAY_BLOCK_YOURS);
    publish_line(world, 1);
    assert_int_equal(observe->known(world->system_table, "f1"), ASSAY_BLOCK_KNOWN);
}

static void a_claim_lapses(void **state)
{
    struct world *world = *state;
    struct observation *observation = world->fixture->host->observation;

    assert_int_equal(world->observe->known(world->system_table, "f1"), ASSAY_BLOCK_YOURS);
    assert_true(
        chain_block(&observation->chain, 0)->claimed_until > host_now(world->fixture->host));
    chain_block(&observation->chain, 0)->claimed_until = host_now(world->fixture->host);
    assert_int_equal(world->observe->known(world->system_table, "f1"), ASSAY_BLOCK_YOURS);
}

static void a_bodiless_block_may_be_fetched_once_more(void **state)
{
    struct world *world = *state;
    assay_block *block = NULL;
    const assay_block_info info = {.struct_size = sizeof(info),
        .id = "f1",
        .parent = "g",
        .height = 1,
        .slot = 10,
        .flags = ASSAY_BLOCK_BODILESS};

    assert_int_equal(world->observe->block(world->system_table, &info), ASSAY_OK);
    assert_int_equal(world->blocks->by_id(world->table, "f1", &block), ASSAY_OK);
    assert_int_equal(world->blocks->info(block)->flags, ASSAY_BLOCK_BODILESS);
    world->blocks->release(block);
    assert_int_equal(world->observe->known(world->system_table, "f1"), ASSAY_BLOCK_YOURS);
    publish_line(world, 1);
    assert_int_equal(world->blocks->by_id(world->table, "f1", &block), ASSAY_OK);
    assert_int_equal(world->blocks->info(block)->flags, 0);
    world->blocks->release(block);
}

/* ---- what a system may get wrong ---- */

static void nonsense_is_refused_with_a_reason(void **state)
{
    struct world *world = *state;
    const assay_observe *observe = world->observe;
    const assay_item no_kind = {.id = "x"};
    assay_block_info info = {.struct_size = sizeof(info), .id = "f1", .parent = "g"};

    assert_int_equal(observe->block(world->system_table, NULL), ASSAY_E_INVALID);
    info.struct_size = 0;
    assert_int_equal(observe->block(world->system_table, &info), ASSAY_E_INVALID);
    info.struct_size = sizeof(info);
    info.id = "";
    assert_int_equal(observe->block(world->system_table, &info), ASSAY_E_INVALID);
    info.id = "f1";
    info.item_count = 1;
    assert_int_equal(observe->block(world->system_table, &info), ASSAY_E_INVALID);
    info.items = &no_kind;
    info.item_stride = sizeof(no_kind);
    assert_int_equal(observe->block(world->system_table, &info), ASSAY_E_INVALID);
    info.item_count = BODY_ITEMS_MAX + 1;
    assert_int_equal(observe->block(world->system_table, &info), ASSAY_E_INVALID);

    assert_int_equal(adopt(world, 0, "f1"), ASSAY_E_INVALID);
    assert_int_equal(observe->chain(world->system_table, 0, NULL, 1), ASSAY_E_INVALID);
    assert_int_equal(status_of(world, 0, 1, "", "g"), ASSAY_E_INVALID);
    assert_int_equal(observe->status(world->system_table, 0, NULL), ASSAY_E_INVALID);
    assert_false(has_violation(world->fixture->host, ""));

    assert_int_equal(adopt(world, 3, "f1"), ASSAY_E_INVALID);
    assert_int_equal(status_of(world, 3, 1, "f1", "g"), ASSAY_E_INVALID);
    observe->failed(world->system_table, 3, "why");
    assert_true(has_violation(world->fixture->host, "observe.chain: there is no node 3"));
    assert_true(has_violation(world->fixture->host, "observe.status: there is no node 3"));
    assert_true(has_violation(world->fixture->host, "observe.failed: there is no node 3"));
    assert_int_equal(observe->known(world->system_table, ""), ASSAY_BLOCK_YOURS);
    assert_true(has_violation(world->fixture->host, "observe.known"));
}

/* ---- nodes ---- */

static void a_node_never_seen_says_so(void **state)
{
    struct world *world = *state;
    assay_node_status status = {.struct_size = sizeof(status)};
    assay_node_info info = {.struct_size = sizeof(info)};

    assert_int_equal(world->nodes->count(world->table), 3);
    assert_int_equal(world->nodes->status(world->table, 0, &status), ASSAY_OK);
    assert_int_equal(status.observed_at, -1);
    assert_int_equal(status.peers, UINT32_MAX);
    assert_string_equal(status.tip, "");
    assert_int_equal(status.flags, 0);
    assert_int_equal(world->nodes->info(world->table, 1, &info), ASSAY_OK);
    assert_string_equal(info.name, "validator-1");
    assert_string_equal(info.role, "validator");
    assert_string_equal(info.url, "");
    assert_int_equal(info.index, 1);
    assert_int_equal(world->nodes->info(world->table, 3, &info), ASSAY_E_NOTFOUND);
    assert_int_equal(world->nodes->status(world->table, 3, &status), ASSAY_E_NOTFOUND);
}

static void a_node_is_as_last_observed(void **state)
{
    struct world *world = *state;
    assay_node_status status = {.struct_size = sizeof(status)};

    publish_line(world, 4);
    adopt_line(world, 2, 1, 4);
    assert_int_equal(status_of(world, 2, 4, "f4", "f3"), ASSAY_OK);
    assert_int_equal(world->nodes->status(world->table, 2, &status), ASSAY_OK);
    assert_int_equal(status.height, 4);
    assert_int_equal(status.slot, 40);
    assert_int_equal(status.final_height, 3);
    assert_int_equal(status.peers, 2);
    assert_true(status.observed_at >= 0);
    assert_int_equal(status.flags, ASSAY_NODE_REACHABLE);
    assert_string_equal(status.tip, "f4");
    assert_string_equal(status.final, "f3");
    assert_string_equal(status.mode, "Online");

    world->observe->failed(world->system_table, 2, "connection refused");
    assert_int_equal(world->nodes->status(world->table, 2, &status), ASSAY_OK);
    assert_int_equal(status.flags, 0);
    assert_int_equal(status.height, 4);
    assert_non_null(strstr(world->fixture->events, "\"unreachable\""));
}

static void coverage_accounts_for_failures_and_blindness(void **state)
{
    struct world *world = *state;
    struct host *host = world->fixture->host;
    assay_coverage coverage = {.struct_size = sizeof(coverage)};

    publish_line(world, 5);
    adopt_line(world, 0, 1, 3);
    assert_int_equal(status_of(world, 0, 5, "f5", "f1"), ASSAY_OK);
    world->observe->failed(world->system_table, 0, "");
    world->observe->failed(world->system_table, 0, "");
    assert_int_equal(world->blocks->coverage(world->table, 0, &coverage), ASSAY_OK);
    assert_int_equal(coverage.blocks_known, 3);
    assert_int_equal(coverage.blocks_total, 5);
    assert_int_equal(coverage.observations, 3);
    assert_int_equal(coverage.failures, 2);
    assert_int_equal(coverage.blind_longest, 0); /* there is no window yet */

    /* The window began two seconds ago and ended one ago; the node was last seen before it. */
    atomic_store(&host->window_end, host_now(host) - ASSAY_SECOND);
    atomic_store(&host->window_start, host_now(host) - 2 * ASSAY_SECOND);
    host->observation->nodes[0].seen_at = host_now(host) - 3 * ASSAY_SECOND;
    assert_int_equal(world->blocks->coverage(world->table, 0, &coverage), ASSAY_OK);
    assert_int_equal(coverage.blind_longest, host_window_end(host) - host_window_start(host));

    /* Seen in the midst of it: what is left is the longer of both sides. */
    host->observation->nodes[0].seen_at = host_window_start(host) + 300 * ASSAY_MS;
    assert_int_equal(world->blocks->coverage(world->table, 0, &coverage), ASSAY_OK);
    assert_int_equal(
        coverage.blind_longest, host_window_end(host) - host_window_start(host) - 300 * ASSAY_MS);

    /* While the window is open, what is still to come does not count. */
    atomic_store(&host->window_end, host_now(host) + 36000 * ASSAY_SECOND);
    host->observation->nodes[0].seen_at = host_now(host);
    assert_int_equal(world->blocks->coverage(world->table, 0, &coverage), ASSAY_OK);
    assert_true(coverage.blind_longest < 3600 * ASSAY_SECOND);
    assert_int_equal(world->blocks->coverage(world->table, 3, &coverage), ASSAY_E_NOTFOUND);
}

static void blindness_that_is_over_is_remembered(void **state)
{
    struct world *world = *state;
    struct host *host = world->fixture->host;
    assay_coverage coverage = {.struct_size = sizeof(coverage)};

    publish_line(world, 1);
    adopt_line(world, 0, 1, 1);
    atomic_store(&host->window_end, ASSAY_FOREVER - 1);
    atomic_store(&host->window_start, 0);
    host->observation->nodes[0].seen_at = host_now(host) - 3600 * ASSAY_SECOND;
    atomic_store(&host->window_start, host_now(host) - 3600 * ASSAY_SECOND);
    assert_int_equal(status_of(world, 0, 1, "f1", "g"), ASSAY_OK);
    assert_int_equal(world->blocks->coverage(world->table, 0, &coverage), ASSAY_OK);
    assert_true(coverage.blind_longest >= 3600 * ASSAY_SECOND);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_feed_tells_what_nodes_adopt_from_now_on),
        TEST(a_reorganisation_is_marked_on_its_first_block),
        TEST(a_feed_that_overflows_says_so_once_and_goes_on),
        TEST(a_feed_without_memory_loses_and_says_so),
        TEST(subscribing_to_no_node_is_refused),
        TEST(a_waiting_reader_is_woken),
        TEST(a_waiting_reader_can_be_cancelled),
        TEST(followers_and_readers_run_beside_each_other),
        TEST(blocks_are_looked_up_by_height_finality_and_id),
        TEST(a_block_in_hand_outlives_newer_ones),
        TEST(a_block_is_claimed_by_the_first_who_asks),
        TEST(a_claim_lapses),
        TEST(a_bodiless_block_may_be_fetched_once_more),
        TEST(nonsense_is_refused_with_a_reason),
        TEST(a_node_never_seen_says_so),
        TEST(a_node_is_as_last_observed),
        TEST(coverage_accounts_for_failures_and_blindness),
        TEST(blindness_that_is_over_is_remembered),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

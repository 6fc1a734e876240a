/* Following a node that reorganises, restarts, lies and fails: in a real host, over scripted HTTP. */
#include "framework/host/tasks.h"
#include "tests/unit/host_fixture.h"

#include "nomos/json_block.h"
#include "plugins/systems/nomos/chain.h"

enum {
    BLOCKS_MAX = 16,
    STEPS_MAX = 16,
    GENESIS = 0
};

enum fault {
    FAULT_NONE,
    FAULT_UNREACHABLE,   /* no answer about the tip */
    FAULT_BAD_INFO,      /* an answer without height */
    FAULT_NO_JSON,       /* not even JSON */
    FAULT_BLOCK_NULL,    /* the node does not have its own block */
    FAULT_BLOCK_OTHER,   /* it serves another one */
    FAULT_BLOCK_GARBLED, /* it serves no block */
    FAULT_BLOCK_REFUSED, /* it answers 500 */
    FAULT_BLOCK_FORGED,  /* the right header with a transaction that is not in the block */
    FAULT_HEIGHT_TOO_HIGH,
    FAULT_HEIGHT_TOO_LOW,
    FAULT_FOREIGN_FINAL /* it calls a block final that nobody has ever seen */
};

/* What one look at the node finds. */
struct look {
    unsigned tip; /* block by index */
    enum fault fault;
    unsigned final; /* block by index */
};

struct known_block {
    struct bytes32 id;
    unsigned parent;
    uint64_t height;
    struct text json, forged;
    unsigned fetches;
};

struct assay_reply {
    assay_reply_info info;
    char text[8192];
};

struct world {
    struct fixture *fixture;
    struct nomos system;
    struct known_block blocks[BLOCKS_MAX];
    unsigned block_count;
    struct look looks[STEPS_MAX];
    unsigned look_count, next_look;
    int replies; /* handed out and not released */
};

static struct world *the_world; /* the HTTP table has no place for it */

/* ---- the scripted node ---- */

static assay_status answer(assay_reply **out, uint32_t code, const char *text, size_t size)
{
    assay_reply *reply = calloc(1, sizeof(*reply));

    assert_non_null(reply);
    assert_true(size < sizeof(reply->text));
    memcpy(reply->text, text, size);
    reply->info = (assay_reply_info){.struct_size = sizeof(reply->info),
        .code = code,
        .body = {.data = reply->text, .size = size},
        .content_type = "",
        .why = ""};
    the_world->replies++;
    *out = reply;
    return ASSAY_OK;
}

static assay_status answer_tip(struct world *w, assay_reply **out)
{
    const struct look *look = &w->looks[w->next_look];
    const struct known_block *tip = &w->blocks[look->tip];
    const uint64_t height = tip->height + (look->fault == FAULT_HEIGHT_TOO_HIGH) -
        (look->fault == FAULT_HEIGHT_TOO_LOW);
    char id[HEX32_SIZE], final[HEX32_SIZE], text[512];

    if (w->next_look == w->look_count)
        return ASSAY_E_CANCELLED; /* the script is over */
    w->next_look++;
    hex_from_bytes32(&tip->id, id);
    hex_from_bytes32(&w->blocks[look->final].id, final);
    if (look->fault == FAULT_FOREIGN_FINAL)
        memset(final, 'e', 8);
    switch (look->fault) {
    case FAULT_UNREACHABLE:
        return ASSAY_E_IO;
    case FAULT_NO_JSON:
        return answer(out, 200, "<html>", 6);
    case FAULT_BAD_INFO:
        (void)snprintf(text, sizeof(text),
            "{\"tip\":\"%s\",\"lib\":\"%s\",\"slot\":1,\"height\":-1}", id, final);
        break;
    default:
        (void)snprintf(text, sizeof(text),
            "{\"tip\":\"%s\",\"lib\":\"%s\",\"slot\":%llu,\"height\":%llu,\"mode\":\"Online\"}", id,
            final, (unsigned long long)tip->height, (unsigned long long)height);
    }
    return answer(out, 200, text, strlen(text));
}

static assay_status answer_block(struct world *w, assay_bytes body, assay_reply **out)
{
    const enum fault fault = w->looks[w->next_look - 1].fault;
    struct bytes32 id;
    char text[HEX32_SIZE] = "";

    assert_int_equal(body.size, HEX32_SIZE + 1); /* the id in quotes */
    memcpy(text, (const char *)body.data + 1, HEX32_SIZE - 1);
    assert_true(hex_to_bytes32(text, &id));
    if (fault == FAULT_BLOCK_NULL)
        return answer(out, 200, "null", 4);
    if (fault == FAULT_BLOCK_GARBLED)
        return answer(out, 200, "{\"header\":{}}", 13);
    if (fault == FAULT_BLOCK_REFUSED)
        return answer(out, 500, "no", 2);
    for (unsigned i = 1; i < w->block_count; i++) {
        struct known_block *block = &w->blocks[i];

        if (!bytes32_equal(&block->id, &id))
            continue;
        block->fetches++;
        if (fault == FAULT_BLOCK_OTHER)
            block = &w->blocks[i == 1 ? 2 : 1];
        if (fault == FAULT_BLOCK_FORGED)
            return answer(out, 200, block->forged.bytes, block->forged.size);
        return answer(out, 200, block->json.bytes, block->json.size);
    }
    return answer(out, 200, "null", 4);
}

static assay_status perform(assay_task *task, const assay_request *request, assay_reply **out)
{
    struct world *w = the_world;
    const assay_status s = w->system.clock->sleep_until(task, 0); /* a point of cancellation */

    if (s)
        return s;
    if (strcmp(request->path, "/cryptarchia/info") == 0)
        return answer_tip(w, out);
    if (strcmp(request->path, "/storage/block") == 0)
        return answer_block(w, request->body, out);
    assert_string_equal(request->path, "/network/info");
    return answer(out, 200, "{\"n_peers\":2}", 13);
}

static const assay_reply_info *info(const assay_reply *reply)
{
    return &reply->info;
}

static void release(assay_reply *reply)
{
    the_world->replies--;
    free(reply);
}

static const assay_http scripted_http = {
    .struct_size = sizeof(assay_http), .perform = perform, .info = info, .release = release};

/* ---- the world ---- */

/* Adds a block on the one given; the slot tells siblings apart. */
static unsigned add_block(struct world *w, unsigned parent, uint64_t slot)
{
    struct known_block *known = &w->blocks[w->block_count];
    struct block block = {
        .header = {
            .parent = w->blocks[parent].id, .slot = slot, .block_root = block_root(NULL, 0)}};
    struct signed_tx never_included = {.tx = {.storage_gas_price = slot}};

    assert_true(w->block_count < BLOCKS_MAX);
    known->id = block_header_id(&w->system.wire, &block.header);
    known->parent = parent;
    known->height = w->blocks[parent].height + 1;
    json_block_write(&known->json, &block);
    assert_true(text_ok(&known->json));
    block.txs = &never_included;
    block.tx_count = 1;
    json_block_write(&known->forged, &block);
    assert_true(text_ok(&known->forged));
    return w->block_count++;
}

/* a1 to a3 are blocks 1 to 3, b2 to b4, upon a1, blocks 4 to 6. */
static void add_blocks(struct world *w)
{
    w->block_count = 1;
    memset(w->blocks[GENESIS].id.bytes, 7, sizeof(w->blocks[GENESIS].id.bytes));
    (void)add_block(w, add_block(w, add_block(w, GENESIS, 1), 2), 3);
    (void)add_block(w, add_block(w, add_block(w, 1, 4), 5), 6);
}

static int setup(void **state)
{
    struct world *w = calloc(1, sizeof(*w));
    struct host_instance *instance;
    struct nomos *system;

    assert_non_null(w);
    the_world = w;
    system = &w->system;
    assert_true(keys_init());
    w->fixture = fixture_prepare(2);
    w->fixture->config.http = &scripted_http;
    fixture_start(w->fixture);
    instance = fixture_instance(w->fixture, "system.nomos", ASSAY_SYSTEM);
    wire_init(&system->wire, &wire_revision_2025_12);
    system->host = host_instance_table(instance);
    system->clock = fixture_service(instance, ASSAY_CLOCK);
    system->random = fixture_service(instance, ASSAY_RANDOM);
    system->http = fixture_service(instance, ASSAY_HTTP);
    system->json = fixture_service(instance, ASSAY_JSON);
    system->observe = fixture_service(instance, ASSAY_OBSERVE);
    system->blocks = fixture_service(instance, ASSAY_BLOCKS);
    system->node_count = 2;
    system->options.poll = ASSAY_MS;
    assert_int_equal(pthread_mutex_init(&system->lock, NULL), 0);
    add_blocks(w);
    (void)network_take_genesis(system, &w->blocks[GENESIS].id);
    *state = w;
    return 0;
}

static int teardown(void **state)
{
    struct world *w = *state;

    assert_int_equal(w->replies, 0);
    for (unsigned i = 0; i < w->block_count; i++) {
        text_done(&w->blocks[i].json);
        text_done(&w->blocks[i].forged);
    }
    free(w->system.best);
    (void)pthread_mutex_destroy(&w->system.lock);
    fixture_free(w->fixture);
    free(w);
    return 0;
}

struct follow_call {
    struct world *world;
    uint32_t node;
    assay_status status;
};

static assay_status follow_body(assay_task *task, void *arg)
{
    struct follow_call *call = arg;

    call->status = nomos_follow(&call->world->system, task, call->node);
    return ASSAY_OK;
}

/* Follows until the looks are used up; the last is followed by the end. */
static void follow(struct world *w, uint32_t node, const struct look *looks, unsigned count)
{
    struct follow_call call = {.world = w, .node = node};

    memcpy(w->looks, looks, count * sizeof(*looks));
    w->look_count = count;
    w->next_look = 0;
    (void)run_body(w->fixture->instances[0], follow_body, &call);
    assert_int_equal(call.status, ASSAY_E_CANCELLED);
}

#define FOLLOW(world, node, ...)                                                                   \
    do {                                                                                           \
        const struct look looks_[] = {__VA_ARGS__};                                                \
        follow(world, node, looks_, sizeof(looks_) / sizeof(looks_[0]));                           \
    } while (0)

/* ---- what the host knows afterwards ---- */

static void assert_at(const struct world *w, uint32_t node, uint64_t height, unsigned block)
{
    assay_block *found = NULL;
    char id[HEX32_SIZE];

    hex_from_bytes32(&w->blocks[block].id, id);
    assert_int_equal(w->system.blocks->at(w->system.host, node, height, &found), ASSAY_OK);
    assert_string_equal(w->system.blocks->info(found)->id, id);
    assert_int_equal(w->system.blocks->info(found)->height, height);
    w->system.blocks->release(found);
}

static void assert_nothing_at(const struct world *w, uint32_t node, uint64_t height)
{
    assay_block *found = NULL;

    assert_int_equal(w->system.blocks->at(w->system.host, node, height, &found), ASSAY_E_NOTFOUND);
}

static uint64_t height_of(const struct world *w, uint32_t node)
{
    assay_node_status status = {.struct_size = sizeof(status)};

    assert_int_equal(host_node_status(w->fixture->host, node, &status), ASSAY_OK);
    return status.observed_at < 0 ? UINT64_MAX : status.height;
}

static uint64_t failures_of(const struct world *w, uint32_t node)
{
    assay_coverage coverage = {.struct_size = sizeof(coverage)};

    assert_int_equal(host_node_coverage(w->fixture->host, node, &coverage), ASSAY_OK);
    return coverage.failures;
}

/* ---- tests ---- */

static void blocks_are_published_with_their_heights(void **state)
{
    struct world *w = *state;

    FOLLOW(w, 0, {.tip = 3});
    for (unsigned i = 1; i <= 3; i++)
        assert_at(w, 0, i, i);
    assert_int_equal(height_of(w, 0), 3);
    assert_int_equal(failures_of(w, 0), 0);
}

static void a_block_is_fetched_once_for_all_nodes(void **state)
{
    struct world *w = *state;

    FOLLOW(w, 0, {.tip = 2}, {.tip = 3}, {.tip = 3});
    FOLLOW(w, 1, {.tip = 1}, {.tip = 3});
    for (unsigned i = 1; i <= 3; i++) {
        assert_int_equal(w->blocks[i].fetches, 1);
        assert_at(w, 1, i, i);
    }
}

static void a_reorganisation_replaces_what_it_abandons(void **state)
{
    struct world *w = *state;

    FOLLOW(w, 0, {.tip = 3}, {.tip = 6});
    assert_at(w, 0, 1, 1);
    for (unsigned i = 2; i <= 4; i++)
        assert_at(w, 0, i, i + 2);
    assert_int_equal(height_of(w, 0), 4);
}

static void a_node_that_goes_back_to_an_older_block_has_lost_the_newer(void **state)
{
    struct world *w = *state;

    FOLLOW(w, 0, {.tip = 3}, {.tip = 1});
    assert_int_equal(height_of(w, 0), 1);
    assert_at(w, 0, 1, 1);
    assert_nothing_at(w, 0, 2);
    assert_nothing_at(w, 0, 3);
    assert_int_equal(failures_of(w, 0), 0);
}

static void a_node_that_starts_anew_is_followed_from_genesis(void **state)
{
    struct world *w = *state;

    FOLLOW(w, 0, {.tip = 3}, {.tip = GENESIS}, {.tip = 1}, {.tip = 4});
    assert_int_equal(height_of(w, 0), 2);
    assert_at(w, 0, 2, 4);
    assert_nothing_at(w, 0, 3);
    assert_int_equal(failures_of(w, 0), 0);
}

static void every_fault_is_counted_and_gone_with_the_next_look(void **state)
{
    struct world *w = *state;

    for (enum fault fault = FAULT_UNREACHABLE; fault <= FAULT_HEIGHT_TOO_LOW; fault++) {
        const uint64_t before = failures_of(w, 0);

        FOLLOW(w, 0, {.tip = 3, .fault = fault});
        assert_int_equal(failures_of(w, 0), before + 1);
        assert_int_equal(height_of(w, 0), UINT64_MAX); /* it was never seen */
        assert_nothing_at(w, 0, 1);
    }
    FOLLOW(w, 0, {.tip = 3, .fault = FAULT_BLOCK_NULL}, {.tip = 3});
    assert_at(w, 0, 3, 3); /* at once: the claims were given up */
    assert_int_equal(height_of(w, 0), 3);
}

/* What a node says is in a block would otherwise count as included for the whole network. */
static void contents_that_the_header_does_not_vouch_for_are_not_believed(void **state)
{
    struct world *w = *state;

    FOLLOW(w, 0, {.tip = 3, .fault = FAULT_BLOCK_FORGED});
    assert_int_equal(failures_of(w, 0), 1);
    assert_nothing_at(w, 0, 1);
    FOLLOW(w, 1, {.tip = 3}); /* an honest one is asked at once */
    assert_at(w, 1, 3, 3);
    assert_int_equal(failures_of(w, 1), 0);
}

/* To compare what nodes call final, it has to be known what that is. */
static void a_final_block_off_its_own_chain_is_a_fault(void **state)
{
    struct world *w = *state;

    FOLLOW(w, 1, {.tip = 6});
    FOLLOW(w, 0, {.tip = 3, .final = 1}, {.tip = 3, .final = 4}); /* 4 is on the other branch */
    assert_int_equal(failures_of(w, 0), 1);
    FOLLOW(w, 0, {.tip = 3, .final = 2}, {.tip = 3, .fault = FAULT_FOREIGN_FINAL});
    assert_int_equal(failures_of(w, 0), 2);
}

static void a_final_block_moves_to_another_chain_with_its_node(void **state)
{
    struct world *w = *state;

    FOLLOW(w, 0, {.tip = 3, .final = 2}, {.tip = 6, .final = 4}, {.tip = 6, .final = 2},
        {.tip = GENESIS}, {.tip = 3, .final = 2});
    assert_int_equal(failures_of(w, 0), 1); /* the third: 2 is on its chain no more */
}

static void a_lie_about_the_height_leaves_what_is_known_alone(void **state)
{
    struct world *w = *state;

    FOLLOW(w, 0, {.tip = 2}, {.tip = 3, .fault = FAULT_HEIGHT_TOO_HIGH},
        {.tip = 3, .fault = FAULT_HEIGHT_TOO_LOW});
    assert_int_equal(failures_of(w, 0), 2);
    assert_int_equal(height_of(w, 0), 2);
    assert_at(w, 0, 2, 2);
    assert_nothing_at(w, 0, 3);
}

/* What blocks: the polls' pauses, and every request. */
static void cancelled_at_any_blocking_call_it_ends_and_holds_no_claim(void **state)
{
    uint64_t nth = 0, made = 0;

    (void)state;
    do {
        void *own = NULL;
        struct world *w;

        assert_int_equal(setup(&own), 0);
        w = own;
        (void)tasks_cancel_at(w->fixture->host, ++nth);
        FOLLOW(w, 0, {.tip = 3}, {.tip = 6});
        made = tasks_cancel_at(w->fixture->host, 0);
        assert_true(
            made <= nth + 1); /* a missing number of peers is no error: the next pause ends */
        assert_int_equal(failures_of(w, 0), 0);

        FOLLOW(w, 1, {.tip = 6}); /* at once: nobody holds a block that the first was fetching */
        assert_at(w, 1, 4, 6);
        assert_int_equal(failures_of(w, 1), 0);
        assert_int_equal(teardown(&own), 0);
    } while (made >= nth);
    assert_true(nth > 10); /* two pauses, two tips, six blocks, and the peers */
}

static void cancelled_while_another_fetches_its_block_it_ends(void **state)
{
    struct world *w = *state;
    char id[HEX32_SIZE];

    hex_from_bytes32(&w->blocks[2].id, id);
    assert_int_equal(w->system.observe->known(w->system.host, id), ASSAY_BLOCK_YOURS);
    (void)tasks_cancel_at(w->fixture->host, 5); /* pause, tip, block 3, and block 2 for a while */
    FOLLOW(w, 0, {.tip = 3});
    assert_int_equal(tasks_cancel_at(w->fixture->host, 0), 5);
    assert_nothing_at(w, 0, 3);

    w->system.observe->abandon(w->system.host, id);
    FOLLOW(w, 0, {.tip = 3});
    assert_at(w, 0, 3, 3);
}

/* ---- networks whose genesis nobody knows before the nodes have made it ---- */

/* As it is when nodes fetch their genesis from a server. */
static void forget_genesis(struct world *w)
{
    atomic_store(&w->system.knows_genesis, false);
    memset(&w->system.genesis_id, 0, sizeof(w->system.genesis_id));
}

static void an_unknown_genesis_is_what_the_first_chain_leads_to(void **state)
{
    struct world *w = *state;

    forget_genesis(w);
    FOLLOW(w, 0, {.tip = 2}, {.tip = 3});
    assert_true(network_is_genesis(&w->system, &w->blocks[GENESIS].id));
    assert_at(w, 0, 1, 1);
    assert_at(w, 0, 3, 3);
    assert_int_equal(failures_of(w, 0), 0);
    FOLLOW(w, 1, {.tip = 6}); /* another branch of the same network */
    assert_at(w, 1, 4, 6);
    assert_int_equal(failures_of(w, 1), 0);
}

static void an_unknown_genesis_is_seen_before_there_is_any_block(void **state)
{
    struct world *w = *state;

    forget_genesis(w);
    FOLLOW(w, 0, {.tip = GENESIS}, {.tip = 1});
    assert_true(network_is_genesis(&w->system, &w->blocks[GENESIS].id));
    assert_at(w, 0, 1, 1);
    assert_int_equal(failures_of(w, 0), 0);
}

/* A node that claims too little would have one of the network's blocks taken for the genesis. */
static void a_block_is_not_taken_for_the_genesis(void **state)
{
    struct world *w = *state;

    forget_genesis(w);
    FOLLOW(w, 0, {.tip = 3, .fault = FAULT_HEIGHT_TOO_LOW});
    assert_false(atomic_load(&w->system.knows_genesis));
    assert_int_equal(failures_of(w, 0), 1);
    FOLLOW(w, 1, {.tip = 3});
    assert_true(network_is_genesis(&w->system, &w->blocks[GENESIS].id));
    assert_at(w, 1, 3, 3);
}

static void a_node_of_another_genesis_is_reported(void **state)
{
    struct world *w = *state;
    struct bytes32 other = {{9}};

    forget_genesis(w);
    assert_true(network_take_genesis(&w->system, &other));
    assert_false(network_take_genesis(&w->system, &w->blocks[GENESIS].id));
    FOLLOW(w, 0, {.tip = 3});
    assert_int_equal(failures_of(w, 0), 1);
    assert_nothing_at(w, 0, 1);
}

#define in_world(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        in_world(blocks_are_published_with_their_heights),
        in_world(a_block_is_fetched_once_for_all_nodes),
        in_world(a_reorganisation_replaces_what_it_abandons),
        in_world(a_node_that_goes_back_to_an_older_block_has_lost_the_newer),
        in_world(a_node_that_starts_anew_is_followed_from_genesis),
        in_world(every_fault_is_counted_and_gone_with_the_next_look),
        in_world(contents_that_the_header_does_not_vouch_for_are_not_believed),
        in_world(a_final_block_off_its_own_chain_is_a_fault),
        in_world(a_final_block_moves_to_another_chain_with_its_node),
        in_world(a_lie_about_the_height_leaves_what_is_known_alone),
        in_world(an_unknown_genesis_is_what_the_first_chain_leads_to),
        in_world(an_unknown_genesis_is_seen_before_there_is_any_block),
        in_world(a_block_is_not_taken_for_the_genesis),
        in_world(a_node_of_another_genesis_is_reported),
        cmocka_unit_test(cancelled_at_any_blocking_call_it_ends_and_holds_no_claim),
        in_world(cancelled_while_another_fetches_its_block_it_ends),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

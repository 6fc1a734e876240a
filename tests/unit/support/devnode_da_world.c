#include "devnode_da_world.h"

#include <stdio.h>

/* One direction of a connection. */
struct da_world_link {
    struct da_world *world;
    size_t from;
    size_t to;
    struct da_peer *peer; /* as `from` sees it; NULL: closed */
    struct da_world_link *twin;
    struct da_world_link *next;
};

enum event_kind {
    EVENT_MESSAGE,
    EVENT_CLOSED,
    EVENT_DIAL,
};

struct da_world_event {
    struct da_world_event *next;
    enum event_kind kind;
    uint64_t at_ns;
    struct da_world_link *link; /* of the receiver */
    size_t from;                /* of a dial, and the member */
    uint32_t member;
    size_t size;
    uint8_t bytes[];
};

const struct da_world_params da_world_usual = {
    .world = {.node_count = 5,
        .account_count = 20,
        .security_param = 10,
        .slot_ns = SECOND_NS,
        .delay_ns = SECOND_NS / 100},
    .executor_count = 2,
    .columns = 2,
    .samples = 1,
    .seed = 1,
};

uint64_t da_world_draw(struct da_world *world, uint64_t bound)
{
    world->noise = world->noise * 6364136223846793005u + 1442695040888963407u;
    return (world->noise >> 33) % bound;
}

static void post(struct da_world *world, const struct da_world_event *event, const uint8_t *bytes)
{
    struct da_world_event *made = calloc(1, sizeof(*made) + event->size);
    struct da_world_event **at = &world->events;

    assert_non_null(made);
    *made = *event;
    made->at_ns = world->world.now_ns + world->params.world.delay_ns;
    if (event->size)
        memcpy(made->bytes, bytes, event->size);
    while (*at && (*at)->at_ns <= made->at_ns)
        at = &(*at)->next;
    made->next = *at;
    *at = made;
}

/* --- what data availability wants ------------------------------------------------------------- */

static void on_send(void *self, void *link, const uint8_t *bytes, size_t size)
{
    struct da_world_node *node = self;
    struct da_world_link *from = link;

    /* Losing a HELLO would lose the connection, which cuts do already. */
    if (bytes[0] > DA_PROOF && da_world_draw(node->world, 1000) < node->world->loss_1000)
        return;
    post(node->world,
        &(struct da_world_event){.kind = EVENT_MESSAGE, .link = from->twin, .size = size}, bytes);
}

static void on_hang_up(void *self, void *link)
{
    struct da_world_node *node = self;
    struct da_world_link *from = link;

    from->peer = NULL;
    post(node->world, &(struct da_world_event){.kind = EVENT_CLOSED, .link = from->twin}, NULL);
}

static void on_dial(void *self, uint32_t member, const struct multiaddr *locator)
{
    struct da_world_node *node = self;

    assert_true(locator->size > 0);
    post(node->world,
        &(struct da_world_event){.kind = EVENT_DIAL, .from = node->index, .member = member}, NULL);
}

static void on_log(void *self, enum node_level level, const char *text)
{
    struct da_world_node *node = self;

    if (getenv("WORLD_LOG"))
        fprintf(stderr, "%8.3f data %zu: %s\n",
            (double)(node->world->world.now_ns - WORLD_START_NS) / 1e9, node->index, text);
    if (level > NODE_WARN)
        return;
    node->warnings++;
    (void)snprintf(node->last_warning, sizeof(node->last_warning), "%s", text);
}

static void on_publish(void *self, const uint8_t *tx, size_t size)
{
    struct da_world_node *node = self;

    node_publish(node->world->world.nodes[node->index].node, tx, size, node->world->world.now_ns);
}

static void on_sampled(void *self)
{
    struct da_world_node *node = self;

    node_blobs_sampled(node->world->world.nodes[node->index].node, node->world->world.now_ns);
}

/* --- what nodes want -------------------------------------------------------------------------- */

static struct da_world_node *node_of(void *self)
{
    const struct world_node *node = self;
    struct da_world *world = node->world->extra.self;

    return &world->nodes[node->index];
}

static bool on_is_sampled(void *self, const struct bytes32 *blob)
{
    const struct da_world_node *node = node_of(self);

    return node->da && da_is_sampled(node->da, blob);
}

static bool on_is_cut_off(void *self)
{
    const struct da_world_node *node = node_of(self);

    return node->da && da_is_cut_off(node->da);
}

static void on_wanted(void *self, const struct bytes32 *blob)
{
    const struct da_world_node *node = node_of(self);

    if (node->da)
        da_want(node->da, blob, node->world->world.now_ns);
}

static void on_block_added(void *self, const struct chain_block *block)
{
    const struct da_world_node *node = node_of(self);

    for (size_t i = 0; i < block->tx_count && node->da; i++) {
        const struct mantle_tx *tx = &block->txs[i]->signed_tx.tx;

        for (size_t j = 0; j < tx->op_count; j++) {
            if (tx->ops[j].code == OP_CHANNEL_BLOB)
                da_in_block(node->da, &tx->ops[j].blob.blob, node->world->world.now_ns);
        }
    }
}

static void starting(void *self, size_t i, struct node_params *params, struct node_host *host)
{
    (void)self;
    (void)i;
    params->blob_validity_ns = 60 * (uint64_t)SECOND_NS;
    host->blob_is_sampled = on_is_sampled;
    host->blob_wanted = on_wanted;
    host->is_cut_off = on_is_cut_off;
    host->block_added = on_block_added;
}

static void started(void *self, size_t i)
{
    struct da_world *world = self;
    struct da_world_node *node = &world->nodes[i];
    struct node_params of_node = world_node_params(&world->world, i);
    const struct da_host host = {.self = node,
        .send = on_send,
        .hang_up = on_hang_up,
        .dial = on_dial,
        .log = on_log,
        .publish = on_publish,
        .sampled = on_sampled};
    const struct da_params params = {.revision = of_node.revision,
        .scheme = of_node.scheme,
        .genesis = &world->world.genesis,
        .genesis_id = *node_genesis_id(world->world.nodes[i].node),
        .identity = of_node.identity,
        .chance = of_node.chance,
        .misbehaviours = node_misbehaviours(world->world.nodes[i].node),
        .shape = {.subnet_count = world->params.world.node_count,
            .replication = world->params.world.node_count > 1 ? 2 : 1},
        .is_executor = i >= world->params.world.node_count - world->params.executor_count,
        .column_count = world->params.columns,
        .sample_count = world->params.samples,
        .monitor = {.window_ns = 5 * (uint64_t)SECOND_NS},
        .balancer_interval_ns = SECOND_NS,
        .share_duration_ns = 5 * (uint64_t)SECOND_NS,
        .publish_1000 = 800,
        .prune_ns = 30 * (uint64_t)SECOND_NS,
        .dispersal_timeout_ns = 20 * (uint64_t)SECOND_NS,
        .retry_cooldown_ns = 3 * (uint64_t)SECOND_NS,
        .retry_limit = 2,
        .blobs_validity_ns = 60 * (uint64_t)SECOND_NS,
        .blobs_check_ns = 5 * (uint64_t)SECOND_NS,
        .commitments_wait_ns = SECOND_NS};
    const struct da_store store = da_memory_store_table(node->memory);
    struct reason why = {.text = ""};

    free((void *)(uintptr_t)of_node.known_keys);
    node->da = da_new(&params, &host, &store, &why);
    assert_string_equal(why.text, "");
    assert_non_null(node->da);
    da_tick(node->da, world->world.now_ns);
}

static void close_link(struct da_world_link *link)
{
    struct da *da = link->world->nodes[link->from].da;

    if (link->peer && da)
        da_link_down(da, link->peer, link->world->world.now_ns);
    link->peer = NULL;
}

static void stopping(void *self, size_t i)
{
    struct da_world *world = self;

    da_free(world->nodes[i].da);
    world->nodes[i].da = NULL;
    for (struct da_world_link *link = world->links; link; link = link->next) {
        if (link->from == i)
            link->peer = NULL;
        else if (link->to == i)
            close_link(link);
    }
}

/* --- time ------------------------------------------------------------------------------------- */

static struct da_world_link *link_new(struct da_world *world, size_t from, size_t to)
{
    struct da_world_link *link = calloc(1, sizeof(*link));

    assert_non_null(link);
    *link = (struct da_world_link){.world = world, .from = from, .to = to, .next = world->links};
    world->links = link;
    return link;
}

static void connect(struct da_world *world, size_t from, uint32_t member)
{
    size_t to = world->node_of_member[member];

    if (!world->nodes[from].da)
        return;
    if (!world->nodes[to].da || world->is_cut[from][to]) {
        da_dial_failed(world->nodes[from].da, member, world->world.now_ns);
        return;
    }
    struct da_world_link *one = link_new(world, from, to);
    struct da_world_link *other = link_new(world, to, from);
    one->twin = other;
    other->twin = one;
    one->peer = da_link_up(world->nodes[from].da, one, member, world->world.now_ns);
    other->peer = da_link_up(world->nodes[to].da, other, DA_NOBODY, world->world.now_ns);
}

static void happen(struct da_world *world)
{
    struct da_world_event *event = world->events;
    struct da_world_link *link = event->link;

    world->events = event->next;
    switch (event->kind) {
    case EVENT_MESSAGE:
        if (link->peer && world->nodes[link->from].da) {
            world->nodes[link->from].messages_in += event->bytes[0] > DA_PROOF;
            da_receive(world->nodes[link->from].da, link->peer, event->bytes, event->size,
                world->world.now_ns);
        }
        break;
    case EVENT_CLOSED:
        close_link(link);
        break;
    case EVENT_DIAL:
        connect(world, event->from, event->member);
        break;
    }
    free(event);
}

static uint64_t next(void *self)
{
    const struct da_world *world = self;
    uint64_t at = world->events ? world->events->at_ns : UINT64_MAX;

    for (size_t i = 0; i < world->params.world.node_count; i++) {
        if (world->nodes[i].da && da_next_wake(world->nodes[i].da) < at)
            at = da_next_wake(world->nodes[i].da);
    }
    return at;
}

static void step(void *self)
{
    struct da_world *world = self;

    if (world->events && world->events->at_ns <= world->world.now_ns) {
        happen(world);
        return;
    }
    for (size_t i = 0; i < world->params.world.node_count; i++) {
        if (world->nodes[i].da && da_next_wake(world->nodes[i].da) <= world->world.now_ns)
            da_tick(world->nodes[i].da, world->world.now_ns);
    }
}

/* --- making ----------------------------------------------------------------------------------- */

void da_world_init(struct da_world *world, const struct da_world_params *params)
{
    const struct world_extra extra = {.self = world,
        .starting = starting,
        .started = started,
        .stopping = stopping,
        .next = next,
        .step = step};

    *world = (struct da_world){.params = *params, .noise = params->seed};
    for (size_t i = 0; i < params->world.node_count; i++) {
        world->nodes[i] =
            (struct da_world_node){.world = world, .index = i, .memory = da_memory_store_new()};
    }
    world_init_with(&world->world, &params->world, &extra);
    for (size_t i = 0; i < params->world.node_count; i++) {
        uint32_t member = da_member_of(
            da_membership(world->nodes[i].da), node_public_key(world->world.nodes[i].node));

        assert_true(member < WORLD_NODES_MAX);
        world->node_of_member[member] = i;
    }
    world_connect_all(&world->world);
}

void da_world_done(struct da_world *world)
{
    struct da_world_link *next_link;
    struct da_world_event *next_event;

    world_done(&world->world);
    for (struct da_world_link *link = world->links; link; link = next_link) {
        next_link = link->next;
        free(link);
    }
    for (struct da_world_event *event = world->events; event; event = next_event) {
        next_event = event->next;
        free(event);
    }
    for (size_t i = 0; i < world->params.world.node_count; i++)
        da_memory_store_free(world->nodes[i].memory);
}

struct da *da_world_da(const struct da_world *world, size_t i)
{
    return world->nodes[i].da;
}

void da_world_cut(struct da_world *world, size_t a, size_t b, bool is_cut)
{
    world->is_cut[a][b] = is_cut;
    world->is_cut[b][a] = is_cut;
    for (struct da_world_link *link = world->links; is_cut && link; link = link->next) {
        if ((link->from == a && link->to == b) || (link->from == b && link->to == a))
            close_link(link);
    }
}

void da_world_switch(struct da_world *world, size_t i, const char *misbehaviour)
{
    world_switch(&world->world, i, misbehaviour);
}

/* --- blobs ------------------------------------------------------------------------------------ */

static void on_dispersed(void *self, const struct bytes32 *blob, const char *why)
{
    struct da_world_dispersal *dispersal = self;

    assert_false(dispersal->is_over);
    dispersal->is_over = true;
    dispersal->has_succeeded = blob != NULL;
    if (blob)
        dispersal->blob = *blob;
    (void)snprintf(dispersal->why, sizeof(dispersal->why), "%s", why ? why : "");
}

static void disperse(struct da_world *world, size_t i, struct da_world_dispersal *out)
{
    const struct da_dispersal dispersal = {
        .context = out->context, .data = out->data, .size = out->size};
    const struct da_dispersing dispersing = {
        .dispersal = &dispersal, .dispersed = on_dispersed, .self = out};
    struct reason why = {.text = ""};

    if (!da_disperse(world->nodes[i].da, &dispersing, world->world.now_ns, &why))
        on_dispersed(out, NULL, why.text);
}

void da_world_disperse(struct da_world *world, size_t i, uint8_t channel,
    const struct bytes32 *parent, size_t chunks, struct da_world_dispersal *out)
{
    memset(out, 0, sizeof(*out));
    out->size = chunks * DA_CHUNK_SIZE;
    assert_true(out->size <= sizeof(out->data));
    for (size_t n = 0; n < out->size; n++)
        out->data[n] = (uint8_t)da_world_draw(world, 256);
    memset(out->context.channel.bytes, channel, 32);
    if (parent)
        out->context.parent = *parent;
    disperse(world, i, out);
}

void da_world_disperse_again(struct da_world *world, size_t i, const struct da_world_dispersal *of,
    struct da_world_dispersal *out)
{
    struct da_world_dispersal again = {.context = of->context, .size = of->size};

    memcpy(again.data, of->data, of->size);
    *out = again;
    disperse(world, i, out);
}

void da_world_wait(struct da_world *world, const struct da_world_dispersal *dispersal)
{
    for (size_t i = 0; i < 600 && !dispersal->is_over; i++)
        world_run(&world->world, SECOND_NS / 10);
    assert_true(dispersal->is_over);
}

uint64_t da_world_height_of(
    const struct da_world *world, size_t i, const struct bytes32 *blob, struct bytes32 *out_message)
{
    struct node *node = world->world.nodes[i].node;
    uint64_t found = 0;

    for (uint64_t height = 1; height <= node_info(node).height && !found; height++) {
        struct bytes32 id;
        struct block block;

        assert_true(node_block_at(node, height, &id, &block));
        for (size_t t = 0; t < block.tx_count; t++) {
            for (size_t o = 0; o < block.txs[t].tx.op_count; o++) {
                const struct op *op = &block.txs[t].tx.ops[o];

                if (op->code != OP_CHANNEL_BLOB || !bytes32_equal(&op->blob.blob, blob))
                    continue;
                found = height;
                if (out_message)
                    *out_message = op_message_id(op);
            }
        }
        block_done(&block);
    }
    return found;
}

bool da_world_run_to_blob(struct da_world *world, size_t i, const struct bytes32 *blob)
{
    for (size_t slots = 0; slots < 30; slots++) {
        if (da_world_height_of(world, i, blob, NULL))
            return true;
        world_run(&world->world, world->params.world.slot_ns);
    }
    return false;
}

size_t da_world_read(struct da_world *world, const struct da_world_dispersal *dispersal)
{
    struct da_column columns[DA_COLUMNS_MAX];
    bool is_there[DA_COLUMNS_MAX] = {false};
    struct da_pieces pieces = {.columns = columns};
    struct da_header header = {.rows = 0};
    uint8_t data[sizeof(dispersal->data)];

    for (size_t i = 0; i < world->params.world.node_count; i++) {
        uint32_t kept[DA_COLUMNS_MAX];
        size_t count =
            world->nodes[i].da ? da_kept_columns(world->nodes[i].da, &dispersal->blob, kept) : 0;

        for (size_t n = 0; n < count; n++) {
            const struct da_place place = {.blob = dispersal->blob, .column = kept[n]};
            struct da_share share;

            assert_true(da_kept_share(world->nodes[i].da, &place, &share));
            header = share.header;
            if (is_there[kept[n]])
                da_column_done(&share.column);
            else
                columns[pieces.count++] = share.column;
            is_there[kept[n]] = true;
        }
    }
    pieces.header = &header;
    if (pieces.count && pieces.count >= da_data_columns(&header)) {
        assert_int_equal(header.data_size, dispersal->size);
        assert_int_equal(da_decode(&pieces, data, NULL), NOMOS_OK);
        assert_memory_equal(data, dispersal->data, dispersal->size);
    }
    for (size_t n = 0; n < pieces.count; n++)
        da_column_done(&columns[n]);
    return pieces.count;
}

#include "devnode_world.h"

#include <stdio.h>

#define RUN_SLOTS_MAX 10000

struct world_link {
    struct world *world;
    size_t from;
    size_t to;
    struct peer *peer; /* as `from` sees it; NULL: not up, or closed */
    struct world_link *twin;
    struct world_link *next;
};

/* A message under way, or (with size 0) the news that the connection is closed. */
struct world_message {
    struct world_link *link; /* of the receiver */
    uint64_t arrival_ns;
    size_t size;
    uint8_t *bytes;
    struct world_message *next;
};

const struct world_params world_usual = {
    .node_count = 5,
    .account_count = 20,
    .security_param = 10,
    .slot_ns = SECOND_NS,
    .delay_ns = SECOND_NS / 100,
};

/* --- what nodes want -------------------------------------------------------------------------- */

static void post(struct world *world, struct world_link *to, const uint8_t *bytes, size_t size)
{
    struct world_message *message = calloc(1, sizeof(*message));

    assert_non_null(message);
    message->link = to;
    message->arrival_ns = world->now_ns + world->params.delay_ns;
    message->size = size;
    message->bytes = malloc(size + 1);
    assert_non_null(message->bytes);
    if (size)
        memcpy(message->bytes, bytes, size);
    *world->messages_end = message;
    world->messages_end = &message->next;
}

static void on_send(void *self, void *link, const uint8_t *bytes, size_t size)
{
    const struct world_node *node = self;
    const struct world_link *from = link;

    node->world->messages_sent++;
    node->world->bytes_sent += size;
    node->world->txs_sent += bytes[0] == GOSSIP_TX;
    node->world->blocks_sent += bytes[0] == GOSSIP_BLOCK;
    post(node->world, from->twin, bytes, size);
}

static void on_hang_up(void *self, void *link, const char *why)
{
    const struct world_node *node = self;
    struct world_link *from = link;

    (void)why;
    from->peer = NULL;
    post(node->world, from->twin, NULL, 0);
}

static void on_log(void *self, enum node_level level, const char *text)
{
    struct world_node *node = self;

    if (getenv("WORLD_LOG"))
        fprintf(stderr, "%8.3f node %zu: %s\n",
            (double)(node->world->now_ns - WORLD_START_NS) / 1e9, node->index, text);
    if (level > NODE_WARN)
        return;
    node->warnings++;
    (void)snprintf(node->last_warning, sizeof(node->last_warning), "%s", text);
}

static void on_block_added(void *self, const struct chain_block *block)
{
    struct world_node *node = self;

    (void)block;
    node->blocks_added++;
}

static void on_lib_moved(void *self, uint64_t height, const struct bytes32 *id)
{
    struct world_node *node = self;

    (void)id;
    assert_true(height > node->lib_height);
    node->lib_height = height;
}

/* --- making ----------------------------------------------------------------------------------- */

static struct bytes32 seed_of(size_t node)
{
    struct bytes32 seed;

    memset(seed.bytes, (int)node + 1, sizeof(seed.bytes));
    return seed;
}

struct fr world_account_pk(const struct world *world, size_t account)
{
    struct fr sk = wallet_secret_key(account);

    return zk_public_key(&world->wire, &sk);
}

static void make_genesis(struct world *world)
{
    const struct world_params *params = &world->params;
    struct genesis_node nodes[WORLD_NODES_MAX];
    struct note *accounts = calloc(params->account_count + 1, sizeof(*accounts));
    struct nomos_error err;

    assert_non_null(accounts);
    for (size_t i = 0; i < params->node_count; i++) {
        nodes[i].seed = seed_of(i);
        assert_true(multiaddr_parse("/ip4/127.0.0.1/udp/3300/quic-v1", &nodes[i].da_locator));
        assert_true(multiaddr_parse("/ip4/127.0.0.1/udp/3400/quic-v1", &nodes[i].blend_locator));
    }
    for (size_t i = 0; i < params->account_count; i++)
        accounts[i] = (struct note){.value = 100, .pk = world_account_pk(world, i)};
    const struct genesis_spec spec = {.nodes = nodes,
        .node_count = params->node_count,
        .accounts = accounts,
        .account_count = params->account_count};
    assert_int_equal(genesis_build(&world->wire, &zk_scheme_dev, &spec, &world->genesis, &err), 0);
    world->genesis_ids = calloc(world->genesis.tx.output_count, sizeof(struct fr));
    assert_non_null(world->genesis_ids);
    tx_output_ids(&world->wire, &world->genesis.tx, world->genesis_ids);
    free(accounts);
}

struct node_params world_node_params(const struct world *world, size_t i)
{
    const struct world_params *params = &world->params;
    struct bytes32 seed = seed_of(i);
    struct fr *keys = calloc(params->account_count + 1, sizeof(*keys));
    struct node_params made = {
        .revision = &wire_revision_2025_12,
        .scheme = &zk_scheme_dev,
        .chain_start_ns = WORLD_START_NS,
        .slot_duration_ns = params->slot_ns,
        .bootstrap_ns = SECOND_NS,
        .propose_window_ns = params->slot_ns / 2,
        .peer_wait_ns = 0,
        .blob_validity_ns = 60 * (uint64_t)SECOND_NS,
        .epochs = {.security_param = params->security_param,
            .active_slot_coefficient = 0.9,
            .stake_stabilization = 3,
            .nonce_buffer = 3,
            .nonce_stabilization = 4},
        .lock_period = {10, 10},
        .identity = seed,
        .chance = seed,
        .leader_key = note_secret_key(NOTE_LEADER, &seed),
        .known_keys = keys,
        .known_key_count = params->account_count + 1,
        .genesis = &world->genesis,
    };

    assert_non_null(keys);
    keys[0] = zk_public_key(&world->wire, &made.leader_key);
    for (size_t account = 0; account < params->account_count; account++)
        keys[1 + account] = world_account_pk(world, account);
    return made;
}

void world_start(struct world *world, size_t i)
{
    struct world_node *self = &world->nodes[i];
    struct node_params params = world_node_params(world, i);
    uint64_t final_count = memory_store_final_count(self->memory);
    struct node_host host = {
        .self = self,
        .send = on_send,
        .hang_up = on_hang_up,
        .log = on_log,
        .block_added = on_block_added,
        .lib_moved = on_lib_moved,
    };
    const uint8_t *bytes;
    struct reason why = {.text = ""};
    size_t size;

    if (world->extra.starting)
        world->extra.starting(world->extra.self, i, &params, &host);
    self->lib_height = 0;
    self->node = node_new(&params, &host, &self->store, &why);
    assert_string_equal(why.text, "");
    assert_non_null(self->node);
    for (size_t n = 0; memory_store_nth(self->memory, n, &bytes, &size); n++)
        assert_true(node_restore(self->node, bytes, size, final_count ? final_count - 1 : 0, &why));
    free((void *)(uintptr_t)params.known_keys);
    if (world->extra.started)
        world->extra.started(world->extra.self, i);
    node_tick(self->node, world->now_ns);
}

void world_init(struct world *world, const struct world_params *params)
{
    world_init_with(world, params, &(struct world_extra){.self = NULL});
}

void world_init_with(
    struct world *world, const struct world_params *params, const struct world_extra *extra)
{
    *world = (struct world){.params = *params, .now_ns = WORLD_START_NS, .extra = *extra};
    world->messages_end = &world->messages;
    assert_true(keys_init());
    assert_true(params->node_count <= WORLD_NODES_MAX);
    wire_init(&world->wire, &wire_revision_2025_12);
    make_genesis(world);
    for (size_t i = 0; i < params->node_count; i++) {
        struct world_node *self = &world->nodes[i];

        self->world = world;
        self->index = i;
        self->memory = memory_store_new();
        self->store = memory_store_table(self->memory);
        world_start(world, i);
    }
}

void world_done(struct world *world)
{
    struct world_link *next_link;
    struct world_message *next_message;

    for (size_t i = 0; i < world->params.node_count; i++) {
        if (world->extra.stopping && world->nodes[i].node)
            world->extra.stopping(world->extra.self, i);
        node_free(world->nodes[i].node);
        memory_store_free(world->nodes[i].memory);
    }
    for (struct world_link *link = world->links; link; link = next_link) {
        next_link = link->next;
        free(link);
    }
    for (struct world_message *message = world->messages; message; message = next_message) {
        next_message = message->next;
        free(message->bytes);
        free(message);
    }
    signed_tx_done(&world->genesis);
    free(world->genesis_ids);
}

/* --- connections ------------------------------------------------------------------------------ */

static struct world_link *link_new(struct world *world, size_t from, size_t to)
{
    struct world_link *link = calloc(1, sizeof(*link));

    assert_non_null(link);
    link->world = world;
    link->from = from;
    link->to = to;
    link->next = world->links;
    world->links = link;
    return link;
}

void world_connect(struct world *world, size_t a, size_t b)
{
    struct world_link *one = link_new(world, a, b);
    struct world_link *other = link_new(world, b, a);

    one->twin = other;
    other->twin = one;
    one->peer = node_link_up(world->nodes[a].node, one, NULL, world->now_ns);
    other->peer = node_link_up(world->nodes[b].node, other, NULL, world->now_ns);
}

void world_connect_all(struct world *world)
{
    for (size_t a = 0; a < world->params.node_count; a++) {
        for (size_t b = 0; b < a; b++)
            world_connect(world, a, b);
    }
}

static void close_link(struct world_link *link)
{
    struct node *node = link->world->nodes[link->from].node;

    if (link->peer && node)
        node_link_down(node, link->peer);
    link->peer = NULL;
}

void world_disconnect(struct world *world, size_t a, size_t b)
{
    for (struct world_link *link = world->links; link; link = link->next) {
        if ((link->from == a && link->to == b) || (link->from == b && link->to == a))
            close_link(link);
    }
}

void world_isolate(struct world *world, size_t i)
{
    for (size_t other = 0; other < world->params.node_count; other++)
        world_disconnect(world, i, other);
}

void world_kill(struct world *world, size_t i)
{
    if (world->extra.stopping)
        world->extra.stopping(world->extra.self, i);
    node_free(world->nodes[i].node);
    world->nodes[i].node = NULL;
    for (struct world_link *link = world->links; link; link = link->next) {
        if (link->from == i)
            link->peer = NULL;
        else if (link->to == i)
            close_link(link);
    }
}

/* --- time ------------------------------------------------------------------------------------- */

static void deliver(struct world *world)
{
    struct world_message *message = world->messages;
    struct world_link *link = message->link;
    struct node *node = world->nodes[link->from].node;

    world->messages = message->next;
    if (!world->messages)
        world->messages_end = &world->messages;
    if (link->peer && node && message->size)
        node_receive(node, link->peer, message->bytes, message->size, world->now_ns);
    else if (link->peer && node)
        close_link(link);
    free(message->bytes);
    free(message);
}

/* The next event up to `end_ns`; false when there is none. */
static bool step(struct world *world, uint64_t end_ns)
{
    uint64_t at = world->messages ? world->messages->arrival_ns : UINT64_MAX;
    uint64_t extra = world->extra.next ? world->extra.next(world->extra.self) : UINT64_MAX;
    size_t who = WORLD_NODES_MAX;

    for (size_t i = 0; i < world->params.node_count; i++) {
        uint64_t wake;

        if (!world->nodes[i].node)
            continue;
        wake = node_next_wake(world->nodes[i].node, world->now_ns);
        if (wake < at) {
            at = wake;
            who = i;
        }
    }
    if (extra < at)
        at = extra;
    if (at > end_ns)
        return false;
    if (at > world->now_ns)
        world->now_ns = at;
    if (at == extra)
        world->extra.step(world->extra.self);
    else if (who < WORLD_NODES_MAX)
        node_tick(world->nodes[who].node, world->now_ns);
    else
        deliver(world);
    return true;
}

void world_run(struct world *world, uint64_t duration_ns)
{
    uint64_t end_ns = world->now_ns + duration_ns;

    while (step(world, end_ns))
        ;
    world->now_ns = end_ns;
}

bool world_run_to_height(struct world *world, size_t i, uint64_t height)
{
    for (size_t slots = 0; slots < RUN_SLOTS_MAX; slots++) {
        if (world_height(world, i) >= height)
            return true;
        world_run(world, world->params.slot_ns);
    }
    return false;
}

/* --- looking ---------------------------------------------------------------------------------- */

struct node *world_node(const struct world *world, size_t i)
{
    return world->nodes[i].node;
}

uint64_t world_height(const struct world *world, size_t i)
{
    return node_info(world->nodes[i].node).height;
}

struct bytes32 world_id_at(const struct world *world, size_t i, uint64_t height)
{
    struct bytes32 id;

    assert_true(node_id_at(world->nodes[i].node, height, &id));
    return id;
}

void world_assert_agreement(const struct world *world, uint64_t height)
{
    size_t first = WORLD_NODES_MAX;

    for (size_t i = 0; i < world->params.node_count; i++) {
        if (!world->nodes[i].node)
            continue;
        if (first == WORLD_NODES_MAX)
            first = i;
        for (uint64_t h = 0; h <= height; h++) {
            struct bytes32 one = world_id_at(world, first, h);
            struct bytes32 other = world_id_at(world, i, h);

            assert_memory_equal(one.bytes, other.bytes, 32);
        }
    }
}

void world_switch(struct world *world, size_t i, const char *misbehaviour)
{
    struct node *node = world->nodes[i].node;

    assert_true(misbehave_parse(node_misbehaviours(node), misbehaviour, NULL));
    node_misbehaviour_changed(node, world->now_ns);
}

/* --- transactions ----------------------------------------------------------------------------- */

struct fr world_note(const struct world *world, size_t account)
{
    return world->genesis_ids[world->params.node_count * GENESIS_NOTES_PER_NODE + account];
}

void world_sign(
    const struct world *world, struct signed_tx *tx, const size_t *owners, size_t owner_count)
{
    struct fr pks[8];
    struct fr sks[8];
    struct zk_statement statement = {
        .message = tx_hash(&world->wire, &tx->tx), .owners = pks, .owner_count = owner_count};

    assert_true(owner_count <= 8);
    for (size_t i = 0; i < owner_count; i++) {
        sks[i] = wallet_secret_key(owners[i]);
        pks[i] = zk_public_key(&world->wire, &sks[i]);
    }
    assert_int_equal(
        zk_scheme_dev.prove(&world->wire, &statement, sks, &tx->ledger_proof, NULL), 0);
}

struct signed_tx world_transfer(const struct world *world, const struct fr *input, size_t owner,
    size_t receiver, uint64_t value)
{
    struct signed_tx tx = {.tx = {.input_count = 1, .output_count = value < 100 ? 2 : 1}};

    tx.tx.inputs = calloc(1, sizeof(struct fr));
    tx.tx.outputs = calloc(2, sizeof(struct note));
    assert_non_null(tx.tx.inputs);
    assert_non_null(tx.tx.outputs);
    tx.tx.inputs[0] = *input;
    tx.tx.outputs[0] = (struct note){.value = value, .pk = world_account_pk(world, receiver)};
    tx.tx.outputs[1] = (struct note){.value = 100 - value, .pk = world_account_pk(world, owner)};
    world_sign(world, &tx, &owner, 1);
    return tx;
}

struct signed_tx world_spend(
    const struct world *world, size_t owner, size_t receiver, uint64_t value)
{
    struct fr note = world_note(world, owner);

    return world_transfer(world, &note, owner, receiver, value);
}

enum node_submission world_submit(struct world *world, size_t i, struct signed_tx *tx)
{
    return node_submit(world->nodes[i].node, tx, world->now_ns, NULL);
}

struct bytes32 world_tx_id(const struct world *world, const struct signed_tx *tx)
{
    struct fr hash = tx_hash(&world->wire, &tx->tx);
    struct bytes32 id;

    fr_to_le32(&hash, id.bytes);
    return id;
}

struct signed_tx world_inscription(const struct world *world, uint8_t channel,
    const struct bytes32 *parent, uint8_t seed, const char *text)
{
    struct signed_tx tx = {.tx = {.op_count = 1}};
    struct op_inscribe *inscribe;
    struct ed25519_key key;
    struct bytes32 key_seed;
    struct fr hash;
    struct bytes32 message;

    memset(key_seed.bytes, seed, 32);
    ed25519_from_seed(&key_seed, &key);
    tx.tx.ops = calloc(1, sizeof(struct op));
    tx.op_proofs = calloc(1, sizeof(struct op_proof));
    assert_non_null(tx.tx.ops);
    assert_non_null(tx.op_proofs);
    tx.tx.ops[0].code = OP_CHANNEL_INSCRIBE;
    inscribe = &tx.tx.ops[0].inscribe;
    memset(inscribe->channel.bytes, channel, 32);
    inscribe->data = (uint8_t *)strdup(text);
    inscribe->data_size = strlen(text);
    inscribe->parent = *parent;
    inscribe->signer = key.public_key;
    hash = tx_hash(&world->wire, &tx.tx);
    message = tx_signing_bytes(&hash);
    tx.op_proofs[0].kind = OP_PROOF_ED25519;
    tx.op_proofs[0].ed25519 = ed25519_sign(&key, message.bytes, 32);
    world_sign(world, &tx, NULL, 0);
    return tx;
}

/* --- blocks ----------------------------------------------------------------------------------- */

uint8_t *world_make_block(struct world *world, size_t i, uint64_t slot, const struct signed_tx *txs,
    size_t tx_count, world_spoiler spoil, size_t *out_size)
{
    struct node *node = world->nodes[i].node;
    const struct chain_block *parent = node->chain.tip;
    struct ledger *begun = ledger_begin(parent->ledger, &node->rules, slot, NULL);
    struct fr *hashes = calloc(tx_count + 1, sizeof(*hashes));
    struct ed25519_key key;
    struct block block = {.txs = (struct signed_tx *)(uintptr_t)txs, .tx_count = tx_count};
    uint8_t *bytes;

    assert_non_null(hashes);
    ed25519_zero_key(&key);
    for (size_t n = 0; n < tx_count; n++)
        hashes[n] = tx_hash(&world->wire, &txs[n].tx);
    block.header = (struct block_header){
        .parent = parent->id,
        .slot = slot,
        .block_root = block_root(hashes, tx_count),
        .leader_key = key.public_key,
        .has_leader_public = true,
    };
    /* A slot that is not after the parent's has no public inputs of its own. */
    if (begun)
        block.header.leader_public = ledger_leader_public(begun, &node->rules, parent->ledger);
    ledger_unref(begun);
    free(hashes);
    if (spoil)
        spoil(&block);
    block.signature = block_header_sign(&block.header, &key);
    *out_size = block_size(&block);
    bytes = malloc(*out_size);
    assert_non_null(bytes);
    block_encode(&block, bytes);
    return bytes;
}

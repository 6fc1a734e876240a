/* The messages between nodes: that they read back, and that nothing else is read. */
#include "support/devnode_world.h"

#include <stdio.h>

#include "devnode/core/gossip.h"

static uint64_t next_number(uint64_t *seed)
{
    *seed = *seed * 6364136223846793005u + 1442695040888963407u;
    return *seed >> 33;
}

static struct bytes32 bytes_of(uint8_t value)
{
    struct bytes32 made;

    memset(made.bytes, value, 32);
    return made;
}

#define MESSAGES 10

/* One message of each type. */
static size_t make_all(struct gossip_message out[MESSAGES], const struct bytes32 *ids)
{
    memset(out, 0, MESSAGES * sizeof(*out));
    out[0].type = GOSSIP_HELLO;
    out[0].as.hello.hello = (struct hello){
        .version = 1, .genesis = bytes_of(1), .public_key = bytes_of(2), .challenge = bytes_of(3)};
    out[1].type = GOSSIP_HELLO_PROOF;
    memset(out[1].as.proof.bytes, 4, 64);
    out[2].type = GOSSIP_TIP;
    out[2].as.tip = (struct gossip_tip){.id = bytes_of(5), .height = 6, .slot = UINT64_MAX};
    out[3].type = GOSSIP_GET_CHAIN;
    out[3].as.locator.count = 2;
    out[3].as.locator.places[1] = (struct gossip_place){.height = 7, .id = bytes_of(8)};
    out[4].type = GOSSIP_CHAIN;
    out[4].as.ids = (struct gossip_ids){.first_height = 9, .count = 3, .ids = ids};
    out[5].type = GOSSIP_GET_BLOCKS;
    out[5].as.ids = (struct gossip_ids){.count = 3, .ids = ids};
    out[6].type = GOSSIP_BLOCK;
    out[6].as.body = (struct gossip_body){.bytes = ids[0].bytes, .size = 32};
    out[7].type = GOSSIP_NO_BLOCK;
    out[7].as.id = bytes_of(10);
    out[8].type = GOSSIP_TX;
    out[8].as.body = (struct gossip_body){.bytes = ids[0].bytes, .size = 1};
    out[9].type = GOSSIP_PEERS;
    out[9].as.peers.count = 2;
    out[9].as.peers.contacts[1] = (struct gossip_contact){
        .address = {.ip = {1, 2, 3}, .port = 4}, .public_key = bytes_of(14)};
    return MESSAGES;
}

static void every_message_reads_back_to_the_same_bytes(void **state)
{
    const struct bytes32 ids[3] = {bytes_of(11), bytes_of(12), bytes_of(13)};
    struct gossip_message messages[MESSAGES];
    size_t count = make_all(messages, ids);

    (void)state;
    for (size_t i = 0; i < count; i++) {
        size_t size = gossip_size(&messages[i]);
        uint8_t *bytes = malloc(size);
        uint8_t *again = malloc(size);
        struct gossip_message read;

        gossip_write(&messages[i], bytes);
        assert_true(gossip_read(&read, bytes, size, NULL));
        assert_int_equal(read.type, messages[i].type);
        assert_int_equal(gossip_size(&read), size);
        gossip_write(&read, again);
        assert_memory_equal(bytes, again, size);
        free(bytes);
        free(again);
    }
}

static void a_message_of_any_other_length_is_refused(void **state)
{
    const struct bytes32 ids[3] = {bytes_of(11), bytes_of(12), bytes_of(13)};
    struct gossip_message messages[MESSAGES];
    size_t count = make_all(messages, ids);

    (void)state;
    for (size_t i = 0; i < count; i++) {
        size_t size = gossip_size(&messages[i]);
        uint8_t *bytes = calloc(size + 1, 1);
        struct gossip_message read;
        bool has_any_length = messages[i].type == GOSSIP_BLOCK || messages[i].type == GOSSIP_TX;

        gossip_write(&messages[i], bytes);
        for (size_t cut = 0; cut < size; cut++) {
            /* An exact copy, so that reading beyond it is seen. */
            uint8_t *part = malloc(cut + 1);

            memcpy(part, bytes, cut);
            part = realloc(part, cut ? cut : 1);
            if (!cut || !has_any_length)
                assert_false(gossip_read(&read, part, cut, NULL));
            free(part);
        }
        if (!has_any_length)
            assert_false(gossip_read(&read, bytes, size + 1, NULL));
        free(bytes);
    }
}

static void counts_beyond_their_limits_are_refused(void **state)
{
    uint8_t bytes[1 + 8 + 2 + (HEADERS_MAX + 1) * 32] = {0};
    struct gossip_message read;

    (void)state;
    bytes[0] = GOSSIP_GET_CHAIN;
    bytes[1] = LOCATOR_PLACES_MAX + 1;
    assert_false(gossip_read(&read, bytes, 2 + (LOCATOR_PLACES_MAX + 1) * 40, NULL));
    bytes[0] = GOSSIP_GET_BLOCKS;
    bytes[1] = BLOCKS_ASKED_MAX + 1;
    assert_false(gossip_read(&read, bytes, 3 + (BLOCKS_ASKED_MAX + 1) * 32, NULL));
    bytes[0] = GOSSIP_PEERS;
    bytes[1] = CONTACTS_MAX + 1;
    assert_false(gossip_read(&read, bytes, 2 + (CONTACTS_MAX + 1) * 50, NULL));
    bytes[0] = GOSSIP_CHAIN;
    bytes[9] = (HEADERS_MAX + 1) & 0xff;
    bytes[10] = (HEADERS_MAX + 1) >> 8;
    assert_false(gossip_read(&read, bytes, sizeof(bytes), NULL));
    bytes[9] = HEADERS_MAX & 0xff;
    bytes[10] = HEADERS_MAX >> 8;
    assert_true(gossip_read(&read, bytes, sizeof(bytes) - 32, NULL));
}

static void unknown_types_and_wrong_magic_are_refused(void **state)
{
    struct reason why = {.text = ""};
    uint8_t bytes[200] = {0};
    struct gossip_message read;

    (void)state;
    bytes[0] = 11;
    assert_false(gossip_read(&read, bytes, 50, &why));
    assert_non_null(strstr(why.text, "unknown type 11"));
    bytes[0] = GOSSIP_HELLO;
    assert_false(gossip_read(&read, bytes, 1 + 8 + 2 + 96 + 2, NULL));
}

static struct peer *connected_stranger(struct world *world, struct world_node *node)
{
    (void)world;
    assert_int_equal(node->node->peer_count, 0);
    return node_link_up(node->node, NULL, NULL, world->now_ns);
}

/* A world of one node that swallows what it sends. */
static void swallow(void *self, void *link, const uint8_t *bytes, size_t size)
{
    (void)self;
    (void)link;
    (void)bytes;
    (void)size;
}

static void count_hang_up(void *self, void *link, const char *why)
{
    struct world_node *node = self;

    (void)link;
    node->blocks_added++; /* any counter will do */
    (void)snprintf(node->last_warning, sizeof(node->last_warning), "%s", why);
}

static void random_bytes_end_in_a_hang_up_and_nothing_worse(void **state)
{
    struct world_params params = world_usual;
    struct world world;
    uint64_t seed = 2026;

    (void)state;
    params.node_count = 1;
    world_init(&world, &params);
    struct world_node *self = &world.nodes[0];
    self->node->host.send = swallow;
    self->node->host.hang_up = count_hang_up;
    for (size_t round = 0; round < 20000; round++) {
        struct peer *peer = connected_stranger(&world, self);
        size_t size = next_number(&seed) % 300;
        uint8_t *bytes = malloc(size ? size : 1);
        size_t hang_ups = self->blocks_added;

        for (size_t i = 0; i < size; i++)
            bytes[i] = (uint8_t)next_number(&seed);
        /* Half of them are of types that exist, from peers who have proved themselves. */
        if (size && round % 2) {
            bytes[0] = (uint8_t)(1 + round % MESSAGES);
            peer->is_proved = round % 4 == 1;
        }
        node_receive(self->node, peer, bytes, size, world.now_ns);
        if (self->blocks_added == hang_ups)
            node_link_down(self->node, peer);
        free(bytes);
    }
    assert_int_equal(self->node->peer_count, 0);
    assert_true(self->blocks_added > 15000);
    world_done(&world);
}

static void spoilt_messages_of_an_honest_conversation_do_no_harm(void **state)
{
    struct world_params params = world_usual;
    struct world world;
    uint64_t seed = 99;
    size_t size;

    (void)state;
    params.node_count = 1;
    world_init(&world, &params);
    struct world_node *self = &world.nodes[0];
    self->node->host.send = swallow;
    self->node->host.hang_up = count_hang_up;
    world_run(&world, 30 * (uint64_t)SECOND_NS);
    struct signed_tx tx = world_spend(&world, 0, 1, 40);
    uint8_t *block = world_make_block(&world, 0, 31, &tx, 1, NULL, &size);
    uint8_t *message = malloc(size + 1);
    for (size_t round = 0; round < 3000; round++) {
        struct peer *peer = connected_stranger(&world, self);
        size_t hang_ups = self->blocks_added;
        struct bytes32 tip = node_info(self->node).tip;

        peer->is_proved = true;
        message[0] = GOSSIP_BLOCK;
        memcpy(message + 1, block, size);
        message[1 + next_number(&seed) % size] ^= (uint8_t)(1u << next_number(&seed) % 8);
        node_receive(self->node, peer, message, size + 1, world.now_ns);
        if (self->blocks_added == hang_ups)
            node_link_down(self->node, peer);
        struct bytes32 after = node_info(self->node).tip;
        assert_memory_equal(tip.bytes, after.bytes, 32);
    }
    free(message);
    free(block);
    signed_tx_done(&tx);
    world_done(&world);
}

/* Two nodes of one world whose hellos are changed on their way are not tested by the world, so the
   conversation is played by hand. */
struct heard {
    uint8_t bytes[4096];
    size_t size;
};

static struct heard heard;

static void hear(void *self, void *link, const uint8_t *bytes, size_t size)
{
    (void)self;
    (void)link;
    assert_true(size <= sizeof(heard.bytes));
    memcpy(heard.bytes, bytes, size);
    heard.size = size;
}

static void send_hello(struct world *world, struct peer *peer, const struct hello *hello)
{
    const struct gossip_message message = {.type = GOSSIP_HELLO, .as.hello.hello = *hello};
    uint8_t bytes[256];

    gossip_write(&message, bytes);
    node_receive(world->nodes[0].node, peer, bytes, gossip_size(&message), world->now_ns);
}

static void strangers_are_hung_up_on(void **state)
{
    struct world_params params = world_usual;
    struct world world;
    struct ed25519_key key;
    struct bytes32 seed = bytes_of(77);

    (void)state;
    params.node_count = 1;
    world_init(&world, &params);
    struct world_node *self = &world.nodes[0];
    struct node *node = self->node;
    node->host.send = hear;
    node->host.hang_up = count_hang_up;
    ed25519_from_seed(&seed, &key);
    const struct hello good = {
        .version = GOSSIP_VERSION, .genesis = node->genesis_id, .public_key = key.public_key};
    const struct {
        struct hello hello;
        const char *why;
    } cases[] = {
        {{GOSSIP_VERSION + 1, good.genesis, good.public_key, {{0}}}, "another version"},
        {{GOSSIP_VERSION, bytes_of(1), good.public_key, {{0}}}, "another genesis"},
        {{GOSSIP_VERSION, good.genesis, node->identity.public_key, {{0}}}, "this very node"},
    };

    for (size_t i = 0; i < 3; i++) {
        send_hello(&world, node_link_up(node, NULL, NULL, world.now_ns), &cases[i].hello);
        assert_int_equal(node->peer_count, 0);
        assert_non_null(strstr(self->last_warning, cases[i].why));
    }
    struct peer *twice = node_link_up(node, NULL, NULL, world.now_ns);
    send_hello(&world, twice, &good);
    send_hello(&world, twice, &good);
    assert_non_null(strstr(self->last_warning, "twice"));
    struct peer *liar = node_link_up(node, NULL, NULL, world.now_ns);
    send_hello(&world, liar, &good);
    struct gossip_message proof = {.type = GOSSIP_HELLO_PROOF};
    uint8_t bytes[65];
    gossip_write(&proof, bytes);
    node_receive(node, liar, bytes, sizeof(bytes), world.now_ns);
    assert_non_null(strstr(self->last_warning, "not who it says"));
    struct peer *hasty = node_link_up(node, NULL, NULL, world.now_ns);
    node_receive(node, hasty, bytes, sizeof(bytes), world.now_ns);
    assert_non_null(strstr(self->last_warning, "out of turn"));
    assert_int_equal(node->peer_count, 0);
    world_done(&world);
}

struct found {
    struct gossip_address addresses[8];
    size_t count;
};

static struct found found;

static void on_discovered(void *self, const struct gossip_address *address)
{
    (void)self;
    assert_true(found.count < 8);
    found.addresses[found.count++] = *address;
}

static void a_newcomer_hears_of_the_others_that_listen(void **state)
{
    struct world_params params = world_usual;
    struct world world;

    (void)state;
    params.node_count = 4;
    world_init(&world, &params);
    /* Nodes 1 and 2 listen, node 3 does not say so; node 0 knows where all of them come from. */
    node_set_listen_port(world_node(&world, 1), 3001);
    node_set_listen_port(world_node(&world, 2), 3002);
    world_connect(&world, 1, 0);
    world_connect(&world, 3, 0);
    world_run(&world, SECOND_NS / 2);
    for (size_t i = 0; i < 2; i++)
        world_node(&world, 0)->peers[i]->address.ip[15] = (uint8_t)(100 + i);
    found.count = 0;
    world_node(&world, 2)->host.discovered = on_discovered;

    world_connect(&world, 2, 0);
    world_run(&world, SECOND_NS / 2);

    assert_int_equal(found.count, 1);
    assert_int_equal(found.addresses[0].port, 3001);
    assert_true(found.addresses[0].ip[15] >= 100);
    world_done(&world);
}

/* Nodes 0 and 1 are connected; *out is what node 0 has of node 1, which listens somewhere. */
static void connect_two(struct world *world, struct peer **out)
{
    struct world_params params = world_usual;

    params.node_count = 2;
    world_init(world, &params);
    node_set_listen_port(world_node(world, 1), 3001);
    world_connect(world, 1, 0);
    world_run(world, SECOND_NS / 2);
    found.count = 0;
    world_node(world, 0)->host.discovered = on_discovered;
    *out = world_node(world, 0)->peers[0];
    (*out)->address.ip[15] = 101;
}

static void who_was_lost_is_looked_for_where_it_listened(void **state)
{
    struct world world;
    struct peer *peer = NULL;

    (void)state;
    connect_two(&world, &peer);

    node_link_down(world_node(&world, 0), peer);

    assert_int_equal(found.count, 1);
    assert_int_equal(found.addresses[0].port, 3001);
    assert_int_equal(found.addresses[0].ip[15], 101);
    world_done(&world);
}

static void who_is_connected_still_is_not_looked_for(void **state)
{
    struct world world;
    struct peer *peer = NULL;

    (void)state;
    connect_two(&world, &peer);
    world_connect(&world, 0, 1);
    world_run(&world, SECOND_NS / 2);
    assert_int_equal(world_node(&world, 0)->peer_count, 2);

    node_link_down(world_node(&world, 0), peer);

    assert_int_equal(found.count, 0);
    world_done(&world);
}

static void who_does_not_say_who_it_is_is_hung_up_on_in_time(void **state)
{
    struct world_params params = world_usual;
    struct world world;

    (void)state;
    params.node_count = 1;
    world_init(&world, &params);
    struct world_node *self = &world.nodes[0];
    self->node->host.send = swallow;
    self->node->host.hang_up = count_hang_up;
    (void)node_link_up(self->node, NULL, NULL, world.now_ns);
    assert_int_equal(node_counts(self->node).connections_pending, 1);

    world_run(&world, 7 * (uint64_t)SECOND_NS);

    assert_int_equal(node_counts(self->node).connections_pending, 0);
    assert_non_null(strstr(self->last_warning, "in time"));
    world_done(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_message_reads_back_to_the_same_bytes),
        cmocka_unit_test(a_message_of_any_other_length_is_refused),
        cmocka_unit_test(counts_beyond_their_limits_are_refused),
        cmocka_unit_test(unknown_types_and_wrong_magic_are_refused),
        cmocka_unit_test(random_bytes_end_in_a_hang_up_and_nothing_worse),
        cmocka_unit_test(spoilt_messages_of_an_honest_conversation_do_no_harm),
        cmocka_unit_test(strangers_are_hung_up_on),
        cmocka_unit_test(a_newcomer_hears_of_the_others_that_listen),
        cmocka_unit_test(who_was_lost_is_looked_for_where_it_listened),
        cmocka_unit_test(who_is_connected_still_is_not_looked_for),
        cmocka_unit_test(who_does_not_say_who_it_is_is_hung_up_on_in_time),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

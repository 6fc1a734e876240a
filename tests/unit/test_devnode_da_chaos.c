/* The promise of data availability, tried by chance: whatever is lost, cut, blocked, killed, restarted
   and misbehaving, a blob that is in the chain of any node can be read, from as many columns as it
   takes, out of what nodes have kept; and when the trouble is over, all nodes agree and go on.

   Each seed is a life of its own. DEVNODE_CHAOS_SEED runs one seed alone, DEVNODE_CHAOS_SEEDS so many
   of them; the seed that fails is named, and fails again. */
#include "support/devnode_da_world.h"

#include <stdio.h>

#define S         ((uint64_t)SECOND_NS)
#define NODES     7
#define EXECUTORS 2
#define STEPS     40
#define BLOBS_MAX STEPS

struct chaos {
    struct da_world world;
    struct da_world_dispersal blobs[BLOBS_MAX];
    size_t blob_count;
    bool is_linked[NODES][NODES]; /* for blocks */
    uint64_t seed;
    size_t included; /* blobs found in chains at the end */
};

static struct chaos chaos;

static uint64_t draw(uint64_t bound)
{
    return da_world_draw(&chaos.world, bound);
}

static bool is_up(size_t node)
{
    return chaos.world.nodes[node].da != NULL;
}

/* --- trouble ---------------------------------------------------------------------------------- */

static void link_blocks(size_t a, size_t b)
{
    if (a == b || !is_up(a) || !is_up(b) || chaos.is_linked[a][b])
        return;
    world_connect(&chaos.world.world, a, b);
    chaos.is_linked[a][b] = chaos.is_linked[b][a] = true;
}

static void unlink_blocks(size_t a, size_t b)
{
    if (!chaos.is_linked[a][b])
        return;
    world_disconnect(&chaos.world.world, a, b);
    chaos.is_linked[a][b] = chaos.is_linked[b][a] = false;
}

static void kill_node(size_t node)
{
    if (!is_up(node))
        return;
    world_kill(&chaos.world.world, node);
    for (size_t i = 0; i < NODES; i++)
        chaos.is_linked[node][i] = chaos.is_linked[i][node] = false;
}

static void start_node(size_t node)
{
    if (is_up(node))
        return;
    world_start(&chaos.world.world, node);
    for (size_t i = 0; i < NODES; i++)
        link_blocks(node, i);
}

/* Cuts the network in two, or mends it. */
static void partition(uint64_t side)
{
    for (size_t a = 0; a < NODES; a++) {
        for (size_t b = 0; b < a; b++) {
            bool is_apart = (side >> a & 1) != (side >> b & 1);

            da_world_cut(&chaos.world, a, b, is_apart);
            if (is_apart)
                unlink_blocks(a, b);
            else
                link_blocks(a, b);
        }
    }
}

static void block_somebody(void)
{
    size_t who = (size_t)draw(NODES);
    size_t by = (size_t)draw(NODES);
    struct bytes32 seed;
    struct ed25519_key key;

    memset(seed.bytes, (int)who + 1, sizeof(seed.bytes));
    ed25519_from_seed(&seed, &key);
    if (is_up(by))
        (void)da_block(chaos.world.nodes[by].da, &key.public_key, chaos.world.world.now_ns);
}

static void disperse(void)
{
    size_t executor = NODES - 1 - (size_t)draw(EXECUTORS);

    if (is_up(executor) && chaos.blob_count < BLOBS_MAX) {
        size_t n = chaos.blob_count++;

        da_world_disperse(
            &chaos.world, executor, (uint8_t)(n + 1), NULL, 1 + (size_t)draw(8), &chaos.blobs[n]);
    }
}

static void misbehave(void)
{
    static const char *const kinds[] = {
        "refuse-columns", "corrupt-columns", "drop-shares", "ignore-peers", "none", "none"};
    size_t node = (size_t)draw(NODES);

    if (is_up(node))
        da_world_switch(&chaos.world, node, kinds[draw(sizeof(kinds) / sizeof(*kinds))]);
}

static void make_trouble(void)
{
    switch (draw(12)) {
    case 0:
    case 1:
        kill_node((size_t)draw(NODES));
        break;
    case 2:
    case 3:
        start_node((size_t)draw(NODES));
        break;
    case 4:
        partition(draw(1u << NODES));
        break;
    case 5:
        partition(0);
        break;
    case 6:
        block_somebody();
        break;
    case 7:
        misbehave();
        break;
    case 8:
        chaos.world.loss_1000 = (uint32_t)draw(400);
        break;
    default:
        disperse();
        break;
    }
}

/* The end of all trouble. */
static void heal(void)
{
    chaos.world.loss_1000 = 0;
    for (size_t i = 0; i < NODES; i++)
        start_node(i);
    for (size_t i = 0; i < NODES; i++) {
        const struct da_monitor *monitor = da_monitor(chaos.world.nodes[i].da);

        da_world_switch(&chaos.world, i, "none");
        while (monitor->blocked_count) {
            struct bytes32 key = monitor->blocked[0];

            assert_true(da_unblock(chaos.world.nodes[i].da, &key, chaos.world.world.now_ns));
        }
    }
    partition(0);
}

/* --- what must hold --------------------------------------------------------------------------- */

/* Reads a blob out of what all nodes, also those that are down, have kept. */
static bool is_readable(const struct da_world_dispersal *blob)
{
    struct da_column columns[4];
    bool is_there[4] = {false};
    struct da_header header = {.rows = 0};
    struct da_pieces pieces = {.header = &header, .columns = columns};
    uint8_t data[sizeof(blob->data)];
    bool is_read = false;

    for (size_t i = 0; i < NODES; i++) {
        struct da_store store = da_memory_store_table(chaos.world.nodes[i].memory);

        for (uint32_t column = 0; column < 4; column++) {
            const struct da_place place = {.blob = blob->blob, .column = column};
            struct da_share share;
            size_t size = 0;
            uint8_t *bytes = is_there[column] ? NULL : store.get(store.self, &place, &size);

            if (!bytes)
                continue;
            assert_int_equal(da_share_decode(bytes, size, &share, NULL), NOMOS_OK);
            free(bytes);
            header = share.header;
            columns[pieces.count++] = share.column;
            is_there[column] = true;
        }
    }
    if (pieces.count >= 2)
        is_read = da_decode(&pieces, data, NULL) == NOMOS_OK && header.data_size == blob->size &&
            memcmp(data, blob->data, blob->size) == 0;
    for (size_t i = 0; i < pieces.count; i++)
        da_column_done(&columns[i]);
    return is_read;
}

/* The id of a dispersal that is not over yet, or was cut off by a kill, is not known from its answer. */
static struct bytes32 id_of(const struct da_world_dispersal *blob)
{
    const struct da_source source = {
        .context = blob->context, .data = blob->data, .size = blob->size, .columns = 4};
    struct da_blob encoded;
    struct bytes32 id;

    assert_int_equal(da_encode(&source, &encoded, NULL), NOMOS_OK);
    id = encoded.id;
    da_blob_done(&encoded);
    return id;
}

static size_t check_promise(void)
{
    size_t included = 0;

    for (size_t n = 0; n < chaos.blob_count; n++) {
        struct da_world_dispersal blob = chaos.blobs[n];
        bool is_included = false;

        blob.blob = id_of(&blob);
        for (size_t i = 0; i < NODES && !is_included; i++)
            is_included = is_up(i) && da_world_height_of(&chaos.world, i, &blob.blob, NULL) > 0;
        if (is_included && !is_readable(&blob))
            fail_msg("seed %llu: blob %zu is in a chain and cannot be read",
                (unsigned long long)chaos.seed, n);
        included += is_included;
    }
    return included;
}

static void check_agreement(void)
{
    uint64_t lowest = UINT64_MAX;

    for (size_t i = 0; i < NODES; i++) {
        uint64_t height = world_height(&chaos.world.world, i);

        if (height < lowest)
            lowest = height;
    }
    if (lowest < 10)
        fail_msg(
            "seed %llu: height %llu", (unsigned long long)chaos.seed, (unsigned long long)lowest);
    world_assert_agreement(&chaos.world.world, lowest - 1);
}

/* A dispersal after the trouble goes all the way to every node. */
static void check_liveness(void)
{
    static struct da_world_dispersal blob;

    da_world_disperse(&chaos.world, NODES - 1, 0xEE, NULL, 3, &blob);
    da_world_wait(&chaos.world, &blob);
    if (!blob.has_succeeded)
        fail_msg("seed %llu: %s", (unsigned long long)chaos.seed, blob.why);
    for (size_t i = 0; i < NODES; i++) {
        if (!da_world_run_to_blob(&chaos.world, i, &blob.blob))
            fail_msg("seed %llu: node %zu has no block with the last blob",
                (unsigned long long)chaos.seed, i);
    }
    assert_int_equal(da_world_read(&chaos.world, &blob), 4);
}

static void live(uint64_t seed)
{
    const struct da_world_params params = {
        .world = {.node_count = NODES,
            .account_count = 20,
            .security_param = 200, /* a partition must not part for good */
            .slot_ns = SECOND_NS,
            .delay_ns = SECOND_NS / 50},
        .executor_count = EXECUTORS,
        .columns = 4,
        .samples = 2, /* as many as carry data: who saw two knows that all is there */
        .seed = seed * 2654435761u + 1,
    };

    memset(&chaos, 0, sizeof(chaos));
    chaos.seed = seed;
    da_world_init(&chaos.world, &params);
    for (size_t a = 0; a < NODES; a++) {
        for (size_t b = 0; b < NODES; b++)
            chaos.is_linked[a][b] = a != b;
    }
    world_run(&chaos.world.world, 3 * S);
    for (size_t step = 0; step < STEPS; step++) {
        make_trouble();
        world_run(&chaos.world.world, draw(3000) * (S / 1000));
        (void)check_promise();
    }
    heal();
    /* Everything that anybody waits for is over by then. */
    world_run(&chaos.world.world, 70 * S);
    chaos.included = check_promise();
    check_agreement();
    check_liveness();
    print_message("seed %llu: %zu of %zu blobs included, height %llu\n", (unsigned long long)seed,
        chaos.included, chaos.blob_count, (unsigned long long)world_height(&chaos.world.world, 0));
    da_world_done(&chaos.world);
}

static void a_blob_in_a_chain_can_be_read_whatever_happens(void **state)
{
    const char *one = getenv("DEVNODE_CHAOS_SEED");
    const char *many = getenv("DEVNODE_CHAOS_SEEDS");
    uint64_t first = one ? strtoull(one, NULL, 10) : 1;
    uint64_t count = many ? strtoull(many, NULL, 10) : 6;
    size_t included = 0;

    (void)state;
    for (uint64_t i = 0; i < (one ? 1 : count); i++) {
        live(first + i);
        included += chaos.included;
    }
    /* A world in which no blob ever gets anywhere would keep every promise. */
    assert_true(one || included > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_blob_in_a_chain_can_be_read_whatever_happens),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

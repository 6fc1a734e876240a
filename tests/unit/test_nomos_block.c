/* Blocks against the vectors of the node contract (3.10). */
#include "test_nomos_support.h"

#include "nomos/block.h"
#include "nomos/hash.h"

static uint8_t genesis_text[] = {'g', 'e', 'n', 'e', 's', 'i', 's'};

/* The contract's mini genesis: the inscription and one output of 1000 to the key of 1. */
static struct fr mini_genesis_hash(const struct wire *wire)
{
    struct op op = {.code = OP_CHANNEL_INSCRIBE,
        .inscribe = {.data = genesis_text, .data_size = sizeof(genesis_text)}};
    struct note output = {.value = 1000, .pk = zk_public_key(wire, &fr_one)};
    const struct mantle_tx tx = {.ops = &op, .op_count = 1, .outputs = &output, .output_count = 1};

    return tx_hash(wire, &tx);
}

/* The contract's block on it: slot 5, empty, signed by the zero key. */
static struct block_header example_header(const struct wire *wire)
{
    const struct fr hash = mini_genesis_hash(wire);
    const struct block_header genesis = block_header_genesis(&hash);
    struct ed25519_key zero_key;

    ed25519_zero_key(&zero_key);
    return (struct block_header){.parent = block_header_id(wire, &genesis),
        .slot = 5,
        .block_root = block_root(NULL, 0),
        .leader_key = zero_key.public_key};
}

static void mini_genesis_gives_the_vectors(void **state)
{
    const struct wire wire = test_wire();
    const struct fr hash = mini_genesis_hash(&wire);
    const struct block_header header = block_header_genesis(&hash);
    const struct bytes32 id = block_header_id(&wire, &header);

    (void)state;
    assert_fr(&hash, "411f68708bc7b837d3908da30d6a59549d89f9049224c163d838e2f265de9c2e");
    assert_bytes32(&id, "1eb75a7d46eff2647b5911de043536aa74da130af8a5e2ed0b8498c3812469d4");
}

static void empty_block_gives_the_header_id(void **state)
{
    const struct wire wire = test_wire();
    struct block_header header = example_header(&wire);
    struct bytes32 id = block_header_id(&wire, &header);

    (void)state;
    assert_bytes32(&id, "33e3616d919272e117b2ec62bed97268dd369e0cf9f4c72d8b2230c0c2a5a8a9");
    /* The leader's public inputs are no part of the id. */
    header.has_leader_public = true;
    header.leader_public.slot = 5;
    id = block_header_id(&wire, &header);
    assert_bytes32(&id, "33e3616d919272e117b2ec62bed97268dd369e0cf9f4c72d8b2230c0c2a5a8a9");
}

static void header_signatures_give_the_vectors(void **state)
{
    const struct wire wire = test_wire();
    struct block_header header = example_header(&wire);
    uint8_t message[BLOCK_SIGNING_PUBLIC_SIZE];
    struct ed25519_key zero_key;

    (void)state;
    ed25519_zero_key(&zero_key);
    assert_int_equal(block_header_signing_bytes(&header, message), BLOCK_SIGNING_SIZE);
    struct signature signature = block_header_sign(&header, &zero_key);
    assert_signature(&signature,
        "ddeea58d50fc0bdb24d4c043aa26651d3493552c8e619056380a1b2d6ed21594"
        "f8a0b11d7ebadb8f46b09161da90ef28aefbeabd88b632a12c7942bc52d93907");
    assert_true(block_header_verify(&header, &signature));

    header.has_leader_public = true;
    header.leader_public = (struct leader_public){
        .slot = 5, .total_stake = 1000, .aged_root = fr_from_u64(1), .latest_root = fr_from_u64(2)};
    assert_int_equal(block_header_signing_bytes(&header, message), BLOCK_SIGNING_PUBLIC_SIZE);
    assert_false(block_header_verify(&header, &signature));
    signature = block_header_sign(&header, &zero_key);
    assert_signature(&signature,
        "be002c94ceb2efb61583afde1dbf7f215f4fee072caeba8f9cb00306af797e24"
        "8f7d4b659fe59f9029b684145d2228338648e9b94636c676c7a58a1130b5b40f");
    assert_true(block_header_verify(&header, &signature));
}

static void block_roots_give_the_vectors(void **state)
{
    const struct fr hashes[] = {fr_from_u64(1), fr_from_u64(2)};
    const struct bytes32 empty = block_root(NULL, 0);
    const struct bytes32 two = block_root(hashes, 2);

    (void)state;
    assert_bytes32(&empty, "89eb0d6a8a691dae2cd15ed0369931ce0a949ecafa5c3f93f8121833646e15c3");
    assert_bytes32(&two, "3b75e68d47b5042fa6253be7c3ef7dc0e6a08ff3963d1c3c51337081b8b1a811");
}

/* The root by the definition: pad the leaves to a power of two, then level by level. */
static struct bytes32 root_by_definition(const struct fr *hashes, size_t count)
{
    struct bytes32 level[2 * BLOCK_TXS_MAX];
    size_t width = 1;

    while (width < count)
        width *= 2;
    for (size_t i = 0; i < width; i++) {
        uint8_t leaf[FR_SIZE] = {0};

        if (i < count)
            fr_to_le32(&hashes[i], leaf);
        level[i] = hash_of(leaf, sizeof(leaf));
    }
    for (; width > 1; width /= 2)
        for (size_t i = 0; i < width / 2; i++)
            level[i] = hash_of(&level[2 * i], 2 * sizeof(level[0]));
    return level[0];
}

static void block_root_agrees_with_its_definition_at_every_size(void **state)
{
    static struct fr hashes[BLOCK_TXS_MAX];

    (void)state;
    for (size_t i = 0; i < BLOCK_TXS_MAX; i++)
        hashes[i] = fr_from_u64(i * 7919 + 3);
    for (size_t count = 0; count <= 70; count++) {
        const struct bytes32 root = block_root(hashes, count);
        const struct bytes32 expected = root_by_definition(hashes, count);

        assert_true(bytes32_equal(&root, &expected));
    }
    for (size_t count = BLOCK_TXS_MAX - 2; count <= BLOCK_TXS_MAX; count++) {
        const struct bytes32 root = block_root(hashes, count);
        const struct bytes32 expected = root_by_definition(hashes, count);

        assert_true(bytes32_equal(&root, &expected));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(mini_genesis_gives_the_vectors),
        cmocka_unit_test(empty_block_gives_the_header_id),
        cmocka_unit_test(header_signatures_give_the_vectors),
        cmocka_unit_test(block_roots_give_the_vectors),
        cmocka_unit_test(block_root_agrees_with_its_definition_at_every_size),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* What makes a block acceptable, and where it goes: every way to be refused has its case. */
#include "support/devnode_world.h"

#include "nomos/lottery.h"

struct block_fixture {
    struct world world;
    struct node *node;
    struct reason why;
    struct bytes32 id;
};

/* One node with ten blocks of its own, the clock at slot 20. */
static int set_up(void **state)
{
    struct block_fixture *fixture = calloc(1, sizeof(*fixture));
    struct world_params params = world_usual;

    params.node_count = 1;
    world_init(&fixture->world, &params);
    fixture->node = world_node(&fixture->world, 0);
    world_switch(&fixture->world, 0, "stop-proposing=15");
    world_run(&fixture->world, 20 * (uint64_t)SECOND_NS + SECOND_NS * 9 / 10);
    *state = fixture;
    return 0;
}

static int tear_down(void **state)
{
    struct block_fixture *fixture = *state;

    world_done(&fixture->world);
    free(fixture);
    return 0;
}

static enum block_result take(struct block_fixture *fixture, uint8_t *bytes, size_t size)
{
    enum block_result result;

    fixture->why.text[0] = '\0';
    result = node_take_block(fixture->node, bytes, size, &fixture->id, &fixture->why);
    free(bytes);
    return result;
}

static enum block_result take_made(struct block_fixture *fixture, uint64_t slot,
    const struct signed_tx *txs, size_t tx_count, world_spoiler spoil)
{
    size_t size;
    uint8_t *bytes = world_make_block(&fixture->world, 0, slot, txs, tx_count, spoil, &size);

    return take(fixture, bytes, size);
}

static void assert_invalid(
    struct block_fixture *fixture, world_spoiler spoil, const char *reason_part)
{
    uint64_t refused = node_counts(fixture->node).blocks_refused;

    assert_int_equal(take_made(fixture, 18, NULL, 0, spoil), BLOCK_INVALID);
    if (!strstr(fixture->why.text, reason_part))
        fail_msg("reason is \"%s\", expected \"%s\"", fixture->why.text, reason_part);
    assert_int_equal(node_counts(fixture->node).blocks_refused, refused + 1);
}

static void a_good_block_is_taken_once(void **state)
{
    struct block_fixture *fixture = *state;
    uint64_t height = node_info(fixture->node).height;

    assert_int_equal(take_made(fixture, 18, NULL, 0, NULL), BLOCK_ADDED);
    assert_int_equal(node_info(fixture->node).height, height + 1);
    struct node_info info = node_info(fixture->node);
    assert_memory_equal(info.tip.bytes, fixture->id.bytes, 32);
    /* The same bytes again: from the store, as a peer would send them. */
    size_t size;
    uint8_t *bytes = fixture->node->store.get_block(fixture->node->store.self, &fixture->id, &size);
    assert_int_equal(take(fixture, bytes, size), BLOCK_KNOWN);
}

static void bytes_that_are_no_block_are_refused(void **state)
{
    struct block_fixture *fixture = *state;
    uint8_t *bytes = calloc(100, 1);

    assert_int_equal(take(fixture, bytes, 100), BLOCK_INVALID);
    assert_non_null(strstr(fixture->why.text, "not a block"));
}

static void a_block_without_known_parent_is_an_orphan(void **state)
{
    struct block_fixture *fixture = *state;
    size_t size;
    uint8_t *bytes;

    bytes = world_make_block(&fixture->world, 0, 18, NULL, 0, NULL, &size);
    bytes[1] ^= 1; /* the parent's first byte */

    assert_int_equal(take(fixture, bytes, size), BLOCK_ORPHAN);
}

static void a_block_of_the_parents_slot_or_before_is_invalid(void **state)
{
    struct block_fixture *fixture = *state;
    uint64_t slot = node_info(fixture->node).slot;

    assert_int_equal(take_made(fixture, slot, NULL, 0, NULL), BLOCK_INVALID);
    assert_non_null(strstr(fixture->why.text, "is not after the parent's slot"));
    assert_int_equal(take_made(fixture, slot - 1, NULL, 0, NULL), BLOCK_INVALID);
}

static void a_block_from_the_future_is_left_alone(void **state)
{
    struct block_fixture *fixture = *state;

    assert_int_equal(take_made(fixture, 23, NULL, 0, NULL), BLOCK_TOO_EARLY);
    assert_non_null(strstr(fixture->why.text, "lies ahead"));
    /* Clocks differ a little. */
    assert_int_equal(take_made(fixture, 22, NULL, 0, NULL), BLOCK_ADDED);
}

static void a_block_that_forks_off_below_the_lib_is_too_old(void **state)
{
    struct block_fixture *fixture = *state;
    size_t size;
    uint8_t *bytes = world_make_block(&fixture->world, 0, 18, NULL, 0, NULL, &size);

    world_switch(&fixture->world, 0, "none");
    world_run(&fixture->world, 30 * (uint64_t)SECOND_NS);
    assert_true(node_info(fixture->node).lib_height > 10);

    assert_int_equal(take(fixture, bytes, size), BLOCK_TOO_OLD);
}

static void no_public(struct block *block)
{
    block->header.has_leader_public = false;
}

static void other_slot(struct block *block)
{
    block->header.leader_public.slot++;
}

static void other_nonce(struct block *block)
{
    block->header.leader_public.epoch_nonce = fr_one;
}

static void other_stake(struct block *block)
{
    block->header.leader_public.total_stake++;
}

static void other_aged(struct block *block)
{
    block->header.leader_public.aged_root = fr_one;
}

static void other_latest(struct block *block)
{
    block->header.leader_public.latest_root = fr_one;
}

static void other_root(struct block *block)
{
    block->header.block_root.bytes[0] ^= 1;
}

static void other_leader(struct block *block)
{
    block->header.leader_key.bytes[3] ^= 1;
}

static void each_public_input_of_the_leader_is_checked(void **state)
{
    struct block_fixture *fixture = *state;

    assert_invalid(fixture, no_public, "lacks its public inputs");
    assert_invalid(fixture, other_slot, "is for slot 19");
    assert_invalid(fixture, other_nonce, "another epoch nonce");
    assert_invalid(fixture, other_stake, "total stake");
    assert_invalid(fixture, other_aged, "root of aged notes");
    assert_invalid(fixture, other_latest, "root of latest notes");
}

static void the_block_root_and_the_signature_are_checked(void **state)
{
    struct block_fixture *fixture = *state;

    assert_invalid(fixture, other_root, "block root does not match");
    assert_invalid(fixture, other_leader, "signature does not hold");
}

static void a_refused_block_does_not_keep_out_the_good_one(void **state)
{
    struct block_fixture *fixture = *state;

    /* The public inputs and the signature are no part of the id. */
    assert_invalid(fixture, other_stake, "total stake");
    struct bytes32 refused = fixture->id;

    assert_int_equal(take_made(fixture, 18, NULL, 0, NULL), BLOCK_ADDED);
    assert_memory_equal(fixture->id.bytes, refused.bytes, 32);
}

static void a_block_with_a_transaction_that_cannot_be_applied_is_invalid(void **state)
{
    struct block_fixture *fixture = *state;
    struct signed_tx txs[2] = {
        world_spend(&fixture->world, 0, 1, 100), world_spend(&fixture->world, 0, 2, 100)};

    assert_int_equal(take_made(fixture, 18, txs, 2, NULL), BLOCK_INVALID);
    assert_non_null(strstr(fixture->why.text, "transaction 1: input"));
    assert_int_equal(take_made(fixture, 18, txs, 1, NULL), BLOCK_ADDED);
    signed_tx_done(&txs[0]);
    signed_tx_done(&txs[1]);
}

static void a_transaction_may_be_in_a_chain_once(void **state)
{
    struct block_fixture *fixture = *state;
    const struct bytes32 root = {{0}};
    struct signed_tx tx = world_inscription(&fixture->world, 9, &root, 1, "x");

    assert_int_equal(take_made(fixture, 18, &tx, 1, NULL), BLOCK_ADDED);
    assert_int_equal(take_made(fixture, 19, &tx, 1, NULL), BLOCK_INVALID);
    signed_tx_done(&tx);
}

static void a_proof_is_checked_in_blocks_too(void **state)
{
    struct block_fixture *fixture = *state;
    struct signed_tx tx = world_spend(&fixture->world, 0, 1, 100);

    tx.ledger_proof.bytes[40] ^= 1;

    assert_int_equal(take_made(fixture, 18, &tx, 1, NULL), BLOCK_INVALID);
    assert_non_null(strstr(fixture->why.text, "proof"));
    signed_tx_done(&tx);
}

static void a_bad_proof_in_the_mempool_does_not_spoil_a_good_block(void **state)
{
    struct block_fixture *fixture = *state;
    struct signed_tx good = world_spend(&fixture->world, 0, 1, 100);
    struct signed_tx bad = world_spend(&fixture->world, 0, 1, 100);

    /* The same id: proofs are no part of it. */
    bad.ledger_proof.bytes[40] ^= 1;
    assert_int_equal(world_submit(&fixture->world, 0, &bad), SUBMIT_ACCEPTED);

    assert_int_equal(take_made(fixture, 18, &good, 1, NULL), BLOCK_ADDED);
    assert_int_equal(node_counts(fixture->node).pending, 0);
    signed_tx_done(&good);
}

static struct signed_tx blob_tx(const struct world *world)
{
    const struct bytes32 root = {{0}};
    struct signed_tx tx = world_inscription(world, 9, &root, 1, "x");
    struct op *op = &tx.tx.ops[0];
    struct bytes32 channel = op->inscribe.channel;
    struct bytes32 signer = op->inscribe.signer;
    struct bytes32 seed;
    struct ed25519_key key;

    free(op->inscribe.data);
    op->code = OP_CHANNEL_BLOB;
    op->blob = (struct op_blob){.channel = channel, .blob_size = 31, .signer = signer};
    op->blob.blob.bytes[0] = 1;
    memset(seed.bytes, 1, 32);
    ed25519_from_seed(&seed, &key);
    struct fr hash = tx_hash(&world->wire, &tx.tx);
    struct bytes32 message = tx_signing_bytes(&hash);
    tx.op_proofs[0].ed25519 = ed25519_sign(&key, message.bytes, 32);
    world_sign(world, &tx, NULL, 0);
    return tx;
}

static bool is_sampled(void *self, const struct bytes32 *blob)
{
    (void)self;
    return blob->bytes[0] == 1;
}

static void a_blob_waits_until_it_is_sampled(void **state)
{
    struct block_fixture *fixture = *state;
    struct signed_tx pending = blob_tx(&fixture->world);
    struct signed_tx included = blob_tx(&fixture->world);

    assert_int_equal(world_submit(&fixture->world, 0, &pending), SUBMIT_ACCEPTED);
    assert_int_equal(take_made(fixture, 18, &included, 1, NULL), BLOCK_INVALID);
    assert_non_null(strstr(fixture->why.text, "no data availability"));
    world_switch(&fixture->world, 0, "none");
    world_run(&fixture->world, 10 * (uint64_t)SECOND_NS);
    assert_int_equal(node_counts(fixture->node).pending, 1);

    fixture->node->host.blob_is_sampled = is_sampled;
    world_run(&fixture->world, 10 * (uint64_t)SECOND_NS);
    assert_int_equal(node_counts(fixture->node).pending, 0);
    signed_tx_done(&included);
}

static void a_longer_branch_wins_and_an_equal_one_does_not(void **state)
{
    struct block_fixture *fixture = *state;
    struct signed_tx tx = world_spend(&fixture->world, 0, 1, 100);
    size_t size;
    uint8_t *sibling = world_make_block(&fixture->world, 0, 18, &tx, 1, NULL, &size);
    struct node_info before;

    assert_int_equal(take_made(fixture, 17, NULL, 0, NULL), BLOCK_ADDED);
    before = node_info(fixture->node);

    assert_int_equal(take(fixture, sibling, size), BLOCK_ADDED);
    struct node_info after = node_info(fixture->node);
    assert_memory_equal(after.tip.bytes, before.tip.bytes, 32);
    /* The sibling becomes the longer branch. */
    struct chain_block *tip = fixture->node->chain.tip;
    fixture->node->chain.tip = chain_find(&fixture->node->chain, &fixture->id);
    uint8_t *child = world_make_block(&fixture->world, 0, 19, NULL, 0, NULL, &size);
    fixture->node->chain.tip = tip;
    assert_int_equal(take(fixture, child, size), BLOCK_ADDED);
    after = node_info(fixture->node);
    assert_memory_equal(after.tip.bytes, fixture->id.bytes, 32);
    assert_int_equal(node_counts(fixture->node).reorganisations, 1);
    struct bytes32 id = world_tx_id(&fixture->world, &tx);
    struct bytes32 in;
    assert_int_equal(node_tx_state(fixture->node, &id, &in), TX_IN_BLOCK);
    signed_tx_done(&tx);
}

static void the_transactions_of_a_branch_given_up_wait_again(void **state)
{
    struct block_fixture *fixture = *state;
    struct signed_tx tx = world_spend(&fixture->world, 0, 1, 100);
    struct bytes32 id = world_tx_id(&fixture->world, &tx);
    struct bytes32 in;
    size_t size;
    uint8_t *sibling = world_make_block(&fixture->world, 0, 18, NULL, 0, NULL, &size);

    assert_int_equal(take_made(fixture, 17, &tx, 1, NULL), BLOCK_ADDED);
    assert_int_equal(node_tx_state(fixture->node, &id, &in), TX_IN_BLOCK);
    assert_memory_equal(in.bytes, fixture->id.bytes, 32);
    assert_int_equal(take(fixture, sibling, size), BLOCK_ADDED);
    struct chain_block *tip = fixture->node->chain.tip;
    fixture->node->chain.tip = chain_find(&fixture->node->chain, &fixture->id);
    uint8_t *child = world_make_block(&fixture->world, 0, 19, NULL, 0, NULL, &size);
    fixture->node->chain.tip = tip;
    assert_int_equal(take(fixture, child, size), BLOCK_ADDED);

    assert_int_equal(node_tx_state(fixture->node, &id, &in), TX_PENDING);
    signed_tx_done(&tx);
}

static void the_lottery_with_kept_parts_is_the_lottery(void **state)
{
    struct block_fixture *fixture = *state;
    struct node *node = fixture->node;
    size_t wins = 0;

    for (uint64_t slot = 30; slot < 90; slot++) {
        struct ledger *begun = ledger_begin(node->chain.tip->ledger, &node->rules, slot, NULL);
        bool expected = false;

        /* The node's leader note and all accounts, by the book. */
        for (size_t i = 0; i < fixture->world.genesis.tx.output_count; i++) {
            const struct note *note = &fixture->world.genesis.tx.outputs[i];
            const struct lottery_draw draw = {.note_id = fixture->world.genesis_ids[i],
                .secret_key = node->params.leader_key,
                .epoch_nonce = begun->epoch.nonce,
                .slot = slot};

            if (leader_knows(&node->leader, &note->pk))
                expected = expected || lottery_wins(&node->rules.lottery, &draw, note->value);
        }
        assert_int_equal(leader_wins(&node->leader, &node->rules, begun), expected);
        wins += expected;
        ledger_unref(begun);
    }
    assert_true(wins > 10 && wins < 60);
}

static void a_spent_note_wins_nothing(void **state)
{
    struct block_fixture *fixture = *state;
    struct node *node = fixture->node;
    struct ledger *begun = ledger_begin(node->chain.tip->ledger, &node->rules, 30, NULL);

    for (size_t i = 0; i < fixture->world.genesis.tx.output_count; i++)
        assert_int_equal(utxo_remove(&begun->utxo, &fixture->world.genesis_ids[i], NULL), UTXO_OK);

    assert_false(leader_wins(&node->leader, &node->rules, begun));
    ledger_unref(begun);
}

static void headers_walk_back_as_the_contract_says(void **state)
{
    struct block_fixture *fixture = *state;
    struct node *node = fixture->node;
    struct bytes32 ids[HEADERS_MAX];
    struct bytes32 unknown = {{1}};
    struct bytes32 from = world_id_at(&fixture->world, 0, 5);
    struct bytes32 to = world_id_at(&fixture->world, 0, 3);
    struct node_info info = node_info(node);

    size_t count = node_headers(node, NULL, NULL, ids);
    assert_int_equal(count, info.height - info.lib_height + 1);
    assert_memory_equal(ids[0].bytes, info.tip.bytes, 32);
    assert_memory_equal(ids[count - 1].bytes, info.lib.bytes, 32);
    assert_int_equal(node_headers(node, &from, &to, ids), 3);
    assert_memory_equal(ids[0].bytes, from.bytes, 32);
    assert_memory_equal(ids[2].bytes, to.bytes, 32);
    assert_int_equal(node_headers(node, &unknown, NULL, ids), 0);
    assert_int_equal(node_headers(node, &from, &unknown, ids), 5 - info.lib_height + 1);
}

static void the_genesis_block_is_not_kept(void **state)
{
    struct block_fixture *fixture = *state;
    struct block block;

    assert_false(node_block(fixture->node, node_genesis_id(fixture->node), &block));
}

static void a_restored_block_that_is_spoilt_is_named(void **state)
{
    struct block_fixture *fixture = *state;
    size_t size;
    uint8_t *bytes = world_make_block(&fixture->world, 0, 18, NULL, 0, other_stake, &size);
    struct reason why = {.text = ""};

    assert_false(node_restore(fixture->node, bytes, size, 0, &why));
    assert_non_null(strstr(why.text, "stored block"));
    free(bytes);
}

int main(void)
{
#define BLOCK_TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        BLOCK_TEST(a_good_block_is_taken_once),
        BLOCK_TEST(bytes_that_are_no_block_are_refused),
        BLOCK_TEST(a_block_without_known_parent_is_an_orphan),
        BLOCK_TEST(a_block_of_the_parents_slot_or_before_is_invalid),
        BLOCK_TEST(a_block_from_the_future_is_left_alone),
        BLOCK_TEST(a_block_that_forks_off_below_the_lib_is_too_old),
        BLOCK_TEST(each_public_input_of_the_leader_is_checked),
        BLOCK_TEST(the_block_root_and_the_signature_are_checked),
        BLOCK_TEST(a_refused_block_does_not_keep_out_the_good_one),
        BLOCK_TEST(a_block_with_a_transaction_that_cannot_be_applied_is_invalid),
        BLOCK_TEST(a_transaction_may_be_in_a_chain_once),
        BLOCK_TEST(a_proof_is_checked_in_blocks_too),
        BLOCK_TEST(a_bad_proof_in_the_mempool_does_not_spoil_a_good_block),
        BLOCK_TEST(a_blob_waits_until_it_is_sampled),
        BLOCK_TEST(a_longer_branch_wins_and_an_equal_one_does_not),
        BLOCK_TEST(the_transactions_of_a_branch_given_up_wait_again),
        BLOCK_TEST(the_lottery_with_kept_parts_is_the_lottery),
        BLOCK_TEST(a_spent_note_wins_nothing),
        BLOCK_TEST(headers_walk_back_as_the_contract_says),
        BLOCK_TEST(the_genesis_block_is_not_kept),
        BLOCK_TEST(a_restored_block_that_is_spoilt_is_named),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

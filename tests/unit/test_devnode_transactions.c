/* The way of transactions through a network: in at one node, in blocks of all. */
#include "support/devnode_world.h"

static void a_transaction_reaches_every_node_and_a_block(void **state)
{
    struct world world;

    (void)state;
    world_init(&world, &world_usual);
    for (size_t i = 1; i < 5; i++)
        world_connect(&world, i, i - 1);
    world_run(&world, 3 * (uint64_t)SECOND_NS);
    struct signed_tx tx = world_spend(&world, 0, 1, 25);
    struct bytes32 id = world_tx_id(&world, &tx);

    assert_int_equal(world_submit(&world, 4, &tx), SUBMIT_ACCEPTED);
    world_run(&world, 20 * (uint64_t)SECOND_NS);

    struct bytes32 first = {{0}};
    for (size_t i = 0; i < 5; i++) {
        struct bytes32 block;

        assert_int_equal(node_tx_state(world_node(&world, i), &id, &block), TX_IN_BLOCK);
        if (!i)
            first = block;
        assert_memory_equal(block.bytes, first.bytes, 32);
        assert_int_equal(node_counts(world_node(&world, i)).pending, 0);
    }
    world_done(&world);
}

static void a_transaction_crosses_each_link_at_most_once_in_each_direction(void **state)
{
    struct world world;

    (void)state;
    world_init(&world, &world_usual);
    world_connect_all(&world);
    world_run(&world, SECOND_NS / 2);

    struct signed_tx tx = world_spend(&world, 0, 1, 25);
    assert_int_equal(world_submit(&world, 0, &tx), SUBMIT_ACCEPTED);
    world_run(&world, SECOND_NS / 4);

    /* 4 by the first, 3 by each other: nobody sends it back to whom it came from. */
    assert_int_equal(world.txs_sent, 4 + 4 * 3);
    world_done(&world);
}

static void a_duplicate_is_refused_while_waiting_and_when_in_a_block(void **state)
{
    struct world_params params = world_usual;
    struct world world;
    struct reason why = {.text = ""};

    (void)state;
    params.node_count = 1;
    world_init(&world, &params);
    struct signed_tx one = world_spend(&world, 0, 1, 25);
    struct signed_tx two = world_spend(&world, 0, 1, 25);
    struct signed_tx three = world_spend(&world, 0, 1, 25);
    struct signed_tx four = world_spend(&world, 0, 1, 25);

    assert_int_equal(world_submit(&world, 0, &one), SUBMIT_ACCEPTED);
    assert_int_equal(
        node_submit(world_node(&world, 0), &two, world.now_ns, &why), SUBMIT_DUPLICATE);
    assert_string_equal(why.text, "Item already in mempool");
    world_run(&world, 5 * (uint64_t)SECOND_NS);
    assert_int_equal(world_submit(&world, 0, &three), SUBMIT_DUPLICATE);
    /* Final, hence in the store only. */
    world_run(&world, 40 * (uint64_t)SECOND_NS);
    assert_int_equal(world_submit(&world, 0, &four), SUBMIT_DUPLICATE);
    world_done(&world);
}

static void a_proof_is_not_looked_at_before_a_block_is_made(void **state)
{
    struct world_params params = world_usual;
    struct world world;
    struct bytes32 block;

    (void)state;
    params.node_count = 1;
    world_init(&world, &params);
    struct signed_tx tx = world_spend(&world, 0, 1, 25);
    struct bytes32 id = world_tx_id(&world, &tx);
    tx.ledger_proof.bytes[0] ^= 1;

    assert_int_equal(world_submit(&world, 0, &tx), SUBMIT_ACCEPTED);
    assert_int_equal(node_tx_state(world_node(&world, 0), &id, &block), TX_PENDING);
    world_run(&world, 10 * (uint64_t)SECOND_NS);

    assert_int_equal(node_tx_state(world_node(&world, 0), &id, &block), TX_UNKNOWN);
    assert_int_equal(node_counts(world_node(&world, 0)).transactions_dropped, 1);
    world_done(&world);
}

static void a_wrong_operation_signature_is_refused_at_once(void **state)
{
    const struct bytes32 root = {{0}};
    struct world world;

    (void)state;
    world_init(&world, &world_usual);
    struct signed_tx tx = world_inscription(&world, 9, &root, 1, "x");
    tx.op_proofs[0].ed25519.bytes[0] ^= 1;

    assert_int_equal(world_submit(&world, 0, &tx), SUBMIT_INVALID);
    world_done(&world);
}

static void a_transaction_beyond_the_limits_is_refused(void **state)
{
    struct world world;
    struct reason why = {.text = ""};

    (void)state;
    world_init(&world, &world_usual);
    struct signed_tx tx = world_spend(&world, 0, 1, 25);
    tx.tx.inputs = realloc(tx.tx.inputs, (TX_NOTES_MAX + 1) * sizeof(struct fr));
    memset(tx.tx.inputs, 0, (TX_NOTES_MAX + 1) * sizeof(struct fr));
    tx.tx.input_count = TX_NOTES_MAX + 1;

    assert_int_equal(node_submit(world_node(&world, 0), &tx, world.now_ns, &why), SUBMIT_REFUSED);
    assert_non_null(strstr(why.text, "1025 inputs"));
    world_done(&world);
}

static void a_child_that_sorts_before_its_parent_is_lost_as_in_the_real_node(void **state)
{
    struct world_params params = world_usual;
    const struct bytes32 root = {{0}};
    struct world world;
    size_t lost = 0;
    size_t kept = 0;

    (void)state;
    params.node_count = 1;
    world_init(&world, &params);
    world_switch(&world, 0, "stop-proposing");
    for (uint8_t channel = 1; channel <= 16; channel++) {
        struct signed_tx parent = world_inscription(&world, channel, &root, 1, "parent");
        struct bytes32 tip = op_message_id(&parent.tx.ops[0]);
        struct signed_tx child = world_inscription(&world, channel, &tip, 1, "child");
        struct fr one = tx_hash(&world.wire, &parent.tx);
        struct fr other = tx_hash(&world.wire, &child.tx);

        if (fr_compare(&other, &one) < 0)
            lost++;
        else
            kept++;
        assert_int_equal(world_submit(&world, 0, &child), SUBMIT_ACCEPTED);
        assert_int_equal(world_submit(&world, 0, &parent), SUBMIT_ACCEPTED);
    }
    assert_true(lost && kept);

    world_switch(&world, 0, "none");
    world_run(&world, 10 * (uint64_t)SECOND_NS);

    struct node_counts counts = node_counts(world_node(&world, 0));
    assert_int_equal(counts.pending, 0);
    assert_int_equal(counts.transactions_dropped, lost);
    assert_int_equal(counts.transactions_processed, 16 + kept);
    world_done(&world);
}

static void a_block_takes_1024_transactions_and_the_next_one_the_rest(void **state)
{
    struct world_params params = world_usual;
    struct world world;

    (void)state;
    params.node_count = 2;
    params.account_count = 1100;
    world_init(&world, &params);
    world_connect(&world, 0, 1);
    for (size_t i = 0; i < 1100; i++) {
        struct signed_tx tx = world_spend(&world, i, (i + 1) % 1100, 100);

        assert_int_equal(world_submit(&world, i % 2, &tx), SUBMIT_ACCEPTED);
    }
    size_t tx_counts[64] = {0};
    size_t filled = 0;

    world_run(&world, 20 * (uint64_t)SECOND_NS);

    struct node_info info = node_info(world_node(&world, 1));
    for (uint64_t height = 1; height <= info.height && height < 64; height++) {
        struct bytes32 id;
        struct block block;

        assert_true(node_block_at(world_node(&world, 1), height, &id, &block));
        if (block.tx_count)
            tx_counts[filled++] = block.tx_count;
        block_done(&block);
    }
    assert_int_equal(filled, 2);
    assert_int_equal(tx_counts[0], 1024);
    assert_int_equal(tx_counts[1], 76);
    world_assert_agreement(&world, info.height - 1);
    world_done(&world);
}

static void a_node_that_drops_transactions_says_yes_and_forgets(void **state)
{
    struct world world;
    struct bytes32 block;

    (void)state;
    world_init(&world, &world_usual);
    world_connect_all(&world);
    world_run(&world, 2 * (uint64_t)SECOND_NS);
    world_switch(&world, 0, "drop-transactions");
    struct signed_tx dropped = world_spend(&world, 0, 1, 25);
    struct signed_tx other = world_spend(&world, 2, 3, 25);
    struct bytes32 dropped_id = world_tx_id(&world, &dropped);
    struct bytes32 other_id = world_tx_id(&world, &other);

    assert_int_equal(world_submit(&world, 0, &dropped), SUBMIT_ACCEPTED);
    assert_int_equal(world_submit(&world, 1, &other), SUBMIT_ACCEPTED);
    world_run(&world, 20 * (uint64_t)SECOND_NS);

    for (size_t i = 0; i < 5; i++) {
        assert_int_equal(node_tx_state(world_node(&world, i), &dropped_id, &block), TX_UNKNOWN);
        assert_int_equal(node_tx_state(world_node(&world, i), &other_id, &block), TX_IN_BLOCK);
    }
    world_done(&world);
}

static void a_node_that_refuses_transactions_says_why_and_pools_none(void **state)
{
    struct world world;
    struct bytes32 block;

    (void)state;
    world_init(&world, &world_usual);
    world_connect_all(&world);
    world_switch(&world, 0, "refuse-transactions");
    struct signed_tx refused = world_spend(&world, 0, 1, 25);
    struct bytes32 id = world_tx_id(&world, &refused);

    assert_int_equal(world_submit(&world, 0, &refused), SUBMIT_REFUSED);
    world_run(&world, 10 * (uint64_t)SECOND_NS);

    assert_int_equal(node_counts(world_node(&world, 0)).pending, 0);
    assert_int_equal(node_tx_state(world_node(&world, 1), &id, &block), TX_UNKNOWN);
    world_done(&world);
}

static void a_node_that_connects_hears_of_what_waits(void **state)
{
    struct world_params params = world_usual;
    struct world world;
    struct bytes32 block;

    (void)state;
    params.node_count = 2;
    world_init(&world, &params);
    world_switch(&world, 0, "stop-proposing");
    world_switch(&world, 1, "stop-proposing");
    struct signed_tx tx = world_spend(&world, 0, 1, 25);
    struct bytes32 id = world_tx_id(&world, &tx);
    assert_int_equal(world_submit(&world, 0, &tx), SUBMIT_ACCEPTED);

    world_connect(&world, 0, 1);
    world_run(&world, SECOND_NS);

    assert_int_equal(node_tx_state(world_node(&world, 1), &id, &block), TX_PENDING);
    world_done(&world);
}

static void what_is_in_the_store_is_known_after_a_restart(void **state)
{
    struct world_params params = world_usual;
    struct world world;
    struct bytes32 before;
    struct bytes32 after;

    (void)state;
    params.node_count = 1;
    world_init(&world, &params);
    struct signed_tx tx = world_spend(&world, 0, 1, 25);
    struct signed_tx again = world_spend(&world, 0, 1, 25);
    struct bytes32 id = world_tx_id(&world, &tx);
    assert_int_equal(world_submit(&world, 0, &tx), SUBMIT_ACCEPTED);
    world_run(&world, 40 * (uint64_t)SECOND_NS);
    assert_int_equal(node_tx_state(world_node(&world, 0), &id, &before), TX_IN_BLOCK);

    world_kill(&world, 0);
    world_start(&world, 0);

    assert_int_equal(node_tx_state(world_node(&world, 0), &id, &after), TX_IN_BLOCK);
    assert_memory_equal(before.bytes, after.bytes, 32);
    assert_int_equal(world_submit(&world, 0, &again), SUBMIT_DUPLICATE);
    world_done(&world);
}

static void balances_are_of_known_keys_and_follow_the_tip(void **state)
{
    struct world_params params = world_usual;
    struct world world;
    struct ledger_balance balance;
    struct bytes32 tip;
    struct bytes32 unknown_tip = {{1}};

    (void)state;
    params.node_count = 1;
    world_init(&world, &params);
    struct node *node = world_node(&world, 0);
    struct fr pk = world_account_pk(&world, 1);
    struct fr stranger = fr_from_u64(5);
    struct signed_tx tx = world_spend(&world, 0, 1, 25);
    assert_int_equal(world_submit(&world, 0, &tx), SUBMIT_ACCEPTED);

    assert_true(node_balance(node, &pk, NULL, &balance, &tip));
    assert_int_equal(balance.value, 100);
    world_run(&world, 5 * (uint64_t)SECOND_NS);

    assert_true(node_balance(node, &pk, NULL, &balance, &tip));
    assert_int_equal(balance.value, 125);
    assert_true(node_balance(node, &pk, node_genesis_id(node), &balance, &tip));
    assert_int_equal(balance.value, 100);
    assert_false(node_balance(node, &stranger, NULL, &balance, &tip));
    assert_false(node_balance(node, &pk, &unknown_tip, &balance, &tip));
    world_done(&world);
}

static void swallow(void *self, void *link, const uint8_t *bytes, size_t size)
{
    (void)self;
    (void)link;
    (void)bytes;
    (void)size;
}

static void what_was_dropped_is_not_taken_from_peers_again(void **state)
{
    struct world_params params = world_usual;
    struct world world;

    (void)state;
    params.node_count = 1;
    world_init(&world, &params);
    struct node *node = world_node(&world, 0);
    struct signed_tx tx = world_spend(&world, 0, 1, 25);
    tx.ledger_proof.bytes[0] ^= 1;
    size_t size = signed_tx_size(&tx, TX_FORM_STORE);
    uint8_t *message = malloc(1 + size);
    message[0] = GOSSIP_TX;
    signed_tx_encode(&tx, TX_FORM_STORE, message + 1);
    node->host.send = swallow;
    struct peer *peer = node_link_up(node, NULL, NULL, world.now_ns);
    peer->is_proved = true;

    node_receive(node, peer, message, 1 + size, world.now_ns);
    assert_int_equal(node_counts(node).pending, 1);
    world_run(&world, 5 * (uint64_t)SECOND_NS);
    assert_int_equal(node_counts(node).transactions_dropped, 1);
    /* A late copy from elsewhere, else two nodes could pass it back and forth for ever. */
    node_receive(node, peer, message, 1 + size, world.now_ns);
    assert_int_equal(node_counts(node).pending, 0);
    /* A client may try again. */
    assert_int_equal(world_submit(&world, 0, &tx), SUBMIT_ACCEPTED);
    free(message);
    world_done(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_transaction_reaches_every_node_and_a_block),
        cmocka_unit_test(a_transaction_crosses_each_link_at_most_once_in_each_direction),
        cmocka_unit_test(a_duplicate_is_refused_while_waiting_and_when_in_a_block),
        cmocka_unit_test(a_proof_is_not_looked_at_before_a_block_is_made),
        cmocka_unit_test(a_wrong_operation_signature_is_refused_at_once),
        cmocka_unit_test(a_transaction_beyond_the_limits_is_refused),
        cmocka_unit_test(a_child_that_sorts_before_its_parent_is_lost_as_in_the_real_node),
        cmocka_unit_test(a_block_takes_1024_transactions_and_the_next_one_the_rest),
        cmocka_unit_test(a_node_that_drops_transactions_says_yes_and_forgets),
        cmocka_unit_test(a_node_that_refuses_transactions_says_why_and_pools_none),
        cmocka_unit_test(a_node_that_connects_hears_of_what_waits),
        cmocka_unit_test(what_is_in_the_store_is_known_after_a_restart),
        cmocka_unit_test(balances_are_of_known_keys_and_follow_the_tip),
        cmocka_unit_test(what_was_dropped_is_not_taken_from_peers_again),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

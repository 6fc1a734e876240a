/* Networks of development nodes in virtual time: that they agree, fork and heal, catch up, and keep
 * what was final. */
#include "support/devnode_world.h"

static void five_nodes_agree_on_every_block_that_is_final(void **state)
{
    struct world world;

    (void)state;
    world_init(&world, &world_usual);
    world_connect_all(&world);

    assert_true(world_run_to_height(&world, 0, 60));
    world_run(&world, SECOND_NS / 2);

    for (size_t i = 0; i < 5; i++) {
        struct node_info info = node_info(world_node(&world, i));

        assert_true(info.is_online);
        assert_int_equal(info.height - info.lib_height, 10);
        assert_int_equal(world.nodes[i].lib_height, info.lib_height);
        assert_int_equal(world.nodes[i].warnings, 0);
    }
    world_assert_agreement(&world, 50);
    world_done(&world);
}

static void the_same_world_lives_the_same_life(void **state)
{
    struct world one;
    struct world other;

    (void)state;
    world_init(&one, &world_usual);
    world_init(&other, &world_usual);
    world_connect_all(&one);
    world_connect_all(&other);

    world_run(&one, 50 * (uint64_t)SECOND_NS);
    world_run(&other, 50 * (uint64_t)SECOND_NS);

    assert_int_equal(one.messages_sent, other.messages_sent);
    for (size_t i = 0; i < 5; i++) {
        struct bytes32 a = node_info(world_node(&one, i)).tip;
        struct bytes32 b = node_info(world_node(&other, i)).tip;

        assert_memory_equal(a.bytes, b.bytes, 32);
    }
    world_done(&one);
    world_done(&other);
}

static void leaders_with_equal_mempools_build_the_same_block(void **state)
{
    struct world_params params = world_usual;
    struct world world;

    (void)state;
    /* Alone, and proposing whenever they win: equal views must give equal ids. */
    params.node_count = 2;
    world_init(&world, &params);
    for (size_t i = 0; i < 2; i++) {
        struct node *node = world_node(&world, i);
        struct signed_tx tx = world_spend(&world, 3, 4, 30);
        size_t size;
        uint8_t *bytes;
        struct bytes32 id;

        node->now_ns = world.now_ns + 10 * (uint64_t)SECOND_NS;
        bytes = world_make_block(&world, i, 5, &tx, 1, NULL, &size);
        assert_int_equal(node_take_block(node, bytes, size, &id, NULL), BLOCK_ADDED);
        free(bytes);
        signed_tx_done(&tx);
    }
    struct bytes32 a = node_info(world_node(&world, 0)).tip;
    struct bytes32 b = node_info(world_node(&world, 1)).tip;
    assert_memory_equal(a.bytes, b.bytes, 32);
    world_done(&world);
}

static void a_chain_of_connections_is_enough(void **state)
{
    struct world world;

    (void)state;
    world_init(&world, &world_usual);
    for (size_t i = 1; i < 5; i++)
        world_connect(&world, i, i - 1);

    assert_true(world_run_to_height(&world, 4, 40));
    world_run(&world, SECOND_NS / 2);

    world_assert_agreement(&world, 28);
    world_done(&world);
}

static void a_late_node_catches_up_over_more_blocks_than_one_answer_names(void **state)
{
    struct world_params params = world_usual;
    struct world world;

    (void)state;
    params.slot_ns = SECOND_NS / 10;
    params.delay_ns = SECOND_NS / 1000;
    world_init(&world, &params);
    world_kill(&world, 4);
    for (size_t a = 0; a < 4; a++) {
        for (size_t b = 0; b < a; b++)
            world_connect(&world, a, b);
    }
    assert_true(world_run_to_height(&world, 0, 600));

    world_start(&world, 4);
    world_connect(&world, 4, 2);
    world_run(&world, 20 * (uint64_t)SECOND_NS);

    assert_true(world_height(&world, 4) + 2 >= world_height(&world, 0));
    world_assert_agreement(&world, 600);
    world_done(&world);
}

static void a_partition_forks_and_the_longer_side_wins(void **state)
{
    struct world world;
    size_t longer;
    size_t switched = 0;

    (void)state;
    world_init(&world, &world_usual);
    world_connect_all(&world);
    assert_true(world_run_to_height(&world, 0, 20));
    for (size_t a = 0; a < 2; a++) {
        for (size_t b = 2; b < 5; b++)
            world_disconnect(&world, a, b);
    }

    /* Different transactions make different blocks. Fewer than k of them, so that either side may
       still switch. */
    struct signed_tx one = world_spend(&world, 1, 2, 10);
    struct signed_tx other = world_spend(&world, 3, 4, 10);
    assert_int_equal(world_submit(&world, 0, &one), SUBMIT_ACCEPTED);
    assert_int_equal(world_submit(&world, 4, &other), SUBMIT_ACCEPTED);
    for (size_t slots = 0; slots < 3 || world_height(&world, 0) == world_height(&world, 4); slots++)
        world_run(&world, SECOND_NS);
    struct bytes32 left = node_info(world_node(&world, 0)).tip;
    struct bytes32 right = node_info(world_node(&world, 4)).tip;
    assert_memory_not_equal(left.bytes, right.bytes, 32);
    longer = world_height(&world, 0) > world_height(&world, 4) ? 0 : 4;
    uint64_t fork_height = world_height(&world, longer);
    struct bytes32 winner = longer ? right : left;
    world_connect(&world, 0, 4);
    world_run(&world, 10 * (uint64_t)SECOND_NS);

    struct bytes32 kept = world_id_at(&world, 0, fork_height);
    assert_memory_equal(kept.bytes, winner.bytes, 32);
    world_assert_agreement(&world, world_height(&world, 0) - 2);
    for (size_t i = 0; i < 5; i++)
        switched += node_counts(world_node(&world, i)).reorganisations > 0;
    assert_true(switched >= 2);
    world_done(&world);
}

static void what_is_final_stays_although_a_longer_chain_comes(void **state)
{
    struct world world;

    (void)state;
    world_init(&world, &world_usual);
    world_connect_all(&world);
    assert_true(world_run_to_height(&world, 0, 15));
    world_isolate(&world, 4);
    world_run(&world, 60 * (uint64_t)SECOND_NS);
    struct node_info alone = node_info(world_node(&world, 4));
    assert_true(alone.lib_height > 16);
    assert_true(alone.height < world_height(&world, 0));

    world_connect(&world, 4, 0);
    world_run(&world, 5 * (uint64_t)SECOND_NS);

    struct bytes32 kept = world_id_at(&world, 4, alone.lib_height);
    assert_memory_equal(kept.bytes, alone.lib.bytes, 32);
    assert_non_null(strstr(world.nodes[4].last_warning, "below our last irreversible block"));
    /* Both sides go on, each with its own. */
    assert_true(world_height(&world, 4) > alone.height);
    world_done(&world);
}

static void a_killed_node_comes_back_from_its_store_and_catches_up(void **state)
{
    struct world world;

    (void)state;
    world_init(&world, &world_usual);
    world_connect_all(&world);
    assert_true(world_run_to_height(&world, 2, 30));
    struct node_info before = node_info(world_node(&world, 2));

    world_kill(&world, 2);
    world_run(&world, 20 * (uint64_t)SECOND_NS);
    world_start(&world, 2);

    struct node_info after = node_info(world_node(&world, 2));
    assert_int_equal(after.height, before.height);
    assert_int_equal(after.lib_height, before.lib_height);
    assert_memory_equal(after.tip.bytes, before.tip.bytes, 32);
    world_connect(&world, 2, 0);
    world_run(&world, 5 * (uint64_t)SECOND_NS);
    assert_true(world_height(&world, 2) + 2 >= world_height(&world, 0));
    world_assert_agreement(&world, world_height(&world, 2) - 2);
    world_done(&world);
}

static void a_deaf_node_forks_away_and_returns(void **state)
{
    struct world world;

    (void)state;
    world_init(&world, &world_usual);
    world_connect_all(&world);
    assert_true(world_run_to_height(&world, 0, 12));

    world_switch(&world, 3, "ignore-peers");
    world_run(&world, 4 * (uint64_t)SECOND_NS);
    struct bytes32 deaf = node_info(world_node(&world, 3)).tip;
    struct bytes32 heard = node_info(world_node(&world, 0)).tip;
    assert_memory_not_equal(deaf.bytes, heard.bytes, 32);
    assert_int_equal(node_counts(world_node(&world, 3)).peers, 4);

    world_switch(&world, 3, "none");
    world_run(&world, 10 * (uint64_t)SECOND_NS);
    world_assert_agreement(&world, world_height(&world, 0) - 2);
    world_done(&world);
}

static void a_node_told_to_stop_proposes_nothing_from_its_slot_on(void **state)
{
    struct world_params params = world_usual;
    struct world world;

    (void)state;
    params.node_count = 1;
    world_init(&world, &params);
    world_switch(&world, 0, "stop-proposing=20");

    world_run(&world, 40 * (uint64_t)SECOND_NS);

    struct node_info info = node_info(world_node(&world, 0));
    assert_true(info.height > 5);
    assert_true(info.slot < 20);
    world_done(&world);
}

static void a_forger_serves_other_ids_at_the_same_heights(void **state)
{
    struct world world;

    (void)state;
    world_init(&world, &world_usual);
    world_connect_all(&world);
    assert_true(world_run_to_height(&world, 0, 30));
    struct node_info honest = node_info(world_node(&world, 1));

    world_switch(&world, 1, "fork=5");

    struct node *forger = world_node(&world, 1);
    struct node_info forged = node_info(forger);
    struct bytes32 ids[HEADERS_MAX];
    assert_int_equal(forged.height, honest.height);
    assert_int_equal(forged.slot, honest.slot);
    assert_memory_not_equal(forged.tip.bytes, honest.tip.bytes, 32);
    assert_memory_not_equal(forged.lib.bytes, honest.lib.bytes, 32);
    assert_int_equal(node_headers(forger, NULL, NULL, ids), 11);
    assert_memory_equal(ids[0].bytes, forged.tip.bytes, 32);
    assert_memory_equal(ids[10].bytes, forged.lib.bytes, 32);
    /* Its blocks follow one another, are named by their ids and signed, down to where it left. */
    struct bytes32 id = forged.tip;
    for (uint64_t height = forged.height; height > 5; height--) {
        struct block block;

        assert_true(node_block(forger, &id, &block));
        struct bytes32 named = block_header_id(&world.wire, &block.header);
        assert_memory_equal(named.bytes, id.bytes, 32);
        assert_true(block_header_verify(&block.header, &block.signature));
        id = block.header.parent;
        block_done(&block);
    }
    struct bytes32 below = world_id_at(&world, 0, 4);
    struct block first;
    assert_true(node_block(forger, &id, &first));
    assert_memory_equal(first.header.parent.bytes, below.bytes, 32);
    block_done(&first);
    world_switch(&world, 1, "none");
    struct bytes32 again = node_info(forger).tip;
    assert_memory_equal(again.bytes, honest.tip.bytes, 32);
    world_done(&world);
}

static void a_forger_follows_the_network_as_it_grows(void **state)
{
    struct world world;

    (void)state;
    world_init(&world, &world_usual);
    world_connect_all(&world);
    world_switch(&world, 0, "fork");

    assert_true(world_run_to_height(&world, 0, 25));
    world_run(&world, SECOND_NS / 2);

    struct node_info forged = node_info(world_node(&world, 0));
    struct node_info honest = node_info(world_node(&world, 1));
    assert_int_equal(forged.height, honest.height);
    assert_memory_not_equal(forged.tip.bytes, honest.tip.bytes, 32);
    world_assert_agreement(&world, 15); /* what it believes itself */
    world_done(&world);
}

static void two_connections_to_one_peer_count_as_one_peer(void **state)
{
    struct world_params params = world_usual;
    struct world world;

    (void)state;
    params.node_count = 2;
    world_init(&world, &params);
    world_connect(&world, 0, 1);
    world_connect(&world, 1, 0);

    world_run(&world, SECOND_NS);

    for (size_t i = 0; i < 2; i++) {
        struct node_counts counts = node_counts(world_node(&world, i));

        assert_int_equal(counts.peers, 1);
        assert_int_equal(counts.connections, 2);
        assert_int_equal(counts.connections_pending, 0);
    }
    world_done(&world);
}

static void a_spare_connection_takes_over(void **state)
{
    struct world_params params = world_usual;
    struct world world;

    (void)state;
    params.node_count = 2;
    world_init(&world, &params);
    world_connect(&world, 0, 1);
    world_connect(&world, 0, 1);
    world_run(&world, SECOND_NS);
    struct node *node = world_node(&world, 0);
    struct peer *main_peer = NULL;
    for (size_t i = 0; i < node->peer_count; i++) {
        if (!node->peers[i]->is_spare)
            main_peer = node->peers[i];
    }

    peer_hang_up(node, main_peer, "for the test");
    world_run(&world, SECOND_NS);

    assert_int_equal(node_counts(node).peers, 1);
    assert_int_equal(node_counts(node).connections, 1);
    assert_true(world_run_to_height(&world, 0, 12));
    world_run(&world, SECOND_NS / 2);
    world_assert_agreement(&world, 11);
    world_done(&world);
}

static void a_node_that_waits_for_peers_proposes_nothing_alone(void **state)
{
    struct world_params params = world_usual;
    struct world world;

    (void)state;
    params.node_count = 1;
    world_init(&world, &params);
    world_node(&world, 0)->params.peer_wait_ns = 20 * (uint64_t)SECOND_NS;

    world_run(&world, 19 * (uint64_t)SECOND_NS);
    assert_int_equal(world_height(&world, 0), 0);
    world_run(&world, 20 * (uint64_t)SECOND_NS);

    assert_true(world_height(&world, 0) > 5);
    world_done(&world);
}

static void a_peer_that_never_answers_does_not_hold_up_catching_up(void **state)
{
    struct world_params params = world_usual;
    struct world world;

    (void)state;
    params.node_count = 4;
    world_init(&world, &params);
    world_kill(&world, 3);
    world_connect(&world, 0, 1);
    world_connect(&world, 0, 2);
    world_connect(&world, 1, 2);
    assert_true(world_run_to_height(&world, 0, 40));
    world_start(&world, 3);
    world_switch(&world, 3, "stop-proposing");

    /* Node 1 says where its chain ends and then goes deaf, as a frozen process would. */
    world_connect(&world, 3, 1);
    world_run(&world, 3 * (uint64_t)world.params.delay_ns);
    world_switch(&world, 1, "ignore-peers");
    world_connect(&world, 3, 2);
    world_run(&world, 10 * (uint64_t)SECOND_NS);

    assert_true(world_height(&world, 3) + 2 >= world_height(&world, 2));
    world_done(&world);
}

static void epochs_pass_and_new_notes_take_part(void **state)
{
    struct world_params params = world_usual;
    struct world world;

    (void)state;
    /* k = 2: an epoch of 20 slots. */
    params.security_param = 2;
    params.node_count = 3;
    world_init(&world, &params);
    world_connect_all(&world);

    world_run(&world, 130 * (uint64_t)SECOND_NS);

    struct node *node = world_node(&world, 0);
    const struct ledger *ledger = node->chain.tip->ledger;
    assert_true(ledger->epoch.epoch >= 5);
    assert_false(fr_is_zero(&ledger->epoch.nonce));
    world_assert_agreement(&world, world_height(&world, 0) - 2);
    world_done(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(five_nodes_agree_on_every_block_that_is_final),
        cmocka_unit_test(the_same_world_lives_the_same_life),
        cmocka_unit_test(leaders_with_equal_mempools_build_the_same_block),
        cmocka_unit_test(a_chain_of_connections_is_enough),
        cmocka_unit_test(a_late_node_catches_up_over_more_blocks_than_one_answer_names),
        cmocka_unit_test(a_partition_forks_and_the_longer_side_wins),
        cmocka_unit_test(what_is_final_stays_although_a_longer_chain_comes),
        cmocka_unit_test(a_killed_node_comes_back_from_its_store_and_catches_up),
        cmocka_unit_test(a_deaf_node_forks_away_and_returns),
        cmocka_unit_test(a_node_told_to_stop_proposes_nothing_from_its_slot_on),
        cmocka_unit_test(a_forger_serves_other_ids_at_the_same_heights),
        cmocka_unit_test(a_forger_follows_the_network_as_it_grows),
        cmocka_unit_test(two_connections_to_one_peer_count_as_one_peer),
        cmocka_unit_test(a_spare_connection_takes_over),
        cmocka_unit_test(a_node_that_waits_for_peers_proposes_nothing_alone),
        cmocka_unit_test(a_peer_that_never_answers_does_not_hold_up_catching_up),
        cmocka_unit_test(epochs_pass_and_new_notes_take_part),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

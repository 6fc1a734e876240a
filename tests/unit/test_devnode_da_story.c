/* The story of a blob, in networks in virtual time: dispersed, kept, sampled, in a block, read back;
   and what misbehaving, cut off and restarted nodes do to it.

   Five nodes are five subnetworks of two members each; a blob's two columns go to the first two of
   them. Who that is follows from the nodes' keys, so tests ask for it. */
#include "support/devnode_da_world.h"

#include <stdio.h>

#define S ((uint64_t)SECOND_NS)

static struct da_world world;

static int make_usual(void **state)
{
    (void)state;
    da_world_init(&world, &da_world_usual);
    world_run(&world.world, 3 * S);
    return 0;
}

static int end_world(void **state)
{
    (void)state;
    da_world_done(&world);
    return 0;
}

/* The node that is the nth member of a column's subnetwork. */
static size_t holder(uint32_t column, uint32_t n)
{
    const struct da_membership *membership;
    size_t running = 0;

    while (!world.nodes[running].da)
        running++;
    membership = da_membership(world.nodes[running].da);
    return world
        .node_of_member[da_subnet_member(membership, da_subnet_of_column(membership, column), n)];
}

static bool keeps(size_t node, const struct bytes32 *blob, uint32_t column)
{
    uint32_t columns[DA_COLUMNS_MAX];
    size_t count = da_kept_columns(world.nodes[node].da, blob, columns);

    for (size_t i = 0; i < count; i++) {
        if (columns[i] == column)
            return true;
    }
    return false;
}

/* A node that keeps no column of a blob, other than `not_this`. */
static size_t bystander(size_t not_this)
{
    for (size_t i = 0; i < 5; i++) {
        if (i != not_this && i != holder(0, 0) && i != holder(0, 1) && i != holder(1, 0) &&
            i != holder(1, 1))
            return i;
    }
    fail_msg("every node keeps a column");
    return 0;
}

static void disperse_well(size_t executor, uint8_t channel, struct da_world_dispersal *out)
{
    da_world_disperse(&world, executor, channel, NULL, 4, out);
    da_world_wait(&world, out);
    assert_string_equal(out->why, "");
    assert_true(out->has_succeeded);
}

static uint64_t failures(size_t of_node, size_t node, enum da_failure kind)
{
    const struct da *da = world.nodes[of_node].da;
    uint32_t member =
        da_member_of(da_membership(da), node_public_key(world.world.nodes[node].node));

    return da_monitor_rate(da_monitor(da), member, kind, world.world.now_ns);
}

static bool is_blocked(size_t by_node, size_t node)
{
    return da_monitor_is_blocked(
        da_monitor(world.nodes[by_node].da), node_public_key(world.world.nodes[node].node));
}

/* --- when all is well ------------------------------------------------------------------------- */

static void a_blob_is_kept_sampled_included_and_read_back(void **state)
{
    struct da_world_dispersal dispersal;

    (void)state;
    disperse_well(4, 1, &dispersal);

    for (size_t i = 0; i < 5; i++)
        assert_true(da_world_run_to_blob(&world, i, &dispersal.blob));
    for (uint32_t column = 0; column < 2; column++) {
        for (size_t i = 0; i < 5; i++)
            assert_int_equal(keeps(i, &dispersal.blob, column),
                i == holder(column, 0) || i == holder(column, 1));
    }
    assert_int_equal(da_world_read(&world, &dispersal), 2);
    for (size_t i = 0; i < 5; i++) {
        assert_int_equal(world.nodes[i].warnings, 0);
        assert_int_equal(world.world.nodes[i].warnings, 0);
    }
}

static void messages_of_a_channel_follow_one_another(void **state)
{
    struct da_world_dispersal first;
    struct da_world_dispersal second;
    struct bytes32 parent;

    (void)state;
    disperse_well(3, 1, &first);
    assert_true(da_world_run_to_blob(&world, 0, &first.blob));
    assert_true(da_world_height_of(&world, 0, &first.blob, &parent) > 0);
    da_world_disperse(&world, 4, 1, &parent, 1, &second);
    da_world_wait(&world, &second);

    assert_true(da_world_run_to_blob(&world, 0, &second.blob));
    assert_int_equal(da_world_read(&world, &second), 2);
}

static void the_same_world_lives_the_same_life(void **state)
{
    uint64_t sent[2];
    struct bytes32 tips[2];

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct da_world_dispersal dispersal;

        da_world_init(&world, &da_world_usual);
        world.loss_1000 = 200;
        world_run(&world.world, 2 * S);
        da_world_disperse(&world, 3, 1, NULL, 8, &dispersal);
        world_run(&world.world, 30 * S);
        sent[i] = world.noise;
        tips[i] = node_info(world.world.nodes[0].node).tip;
        da_world_done(&world);
    }
    assert_int_equal(sent[0], sent[1]);
    assert_memory_equal(tips[0].bytes, tips[1].bytes, 32);
}

static void a_lone_executor_is_enough(void **state)
{
    struct da_world_params params = da_world_usual;
    struct da_world_dispersal dispersal;

    (void)state;
    params.world.node_count = 1;
    params.executor_count = 1;
    params.columns = 1;
    da_world_init(&world, &params);
    world_run(&world.world, 2 * S);
    disperse_well(0, 1, &dispersal);

    assert_true(da_world_run_to_blob(&world, 0, &dispersal.blob));
    assert_int_equal(da_world_read(&world, &dispersal), 1);
    assert_int_equal(da_balance_of(world.nodes[0].da, 0).outbound, 1);
    da_world_done(&world);
}

static void every_subnetwork_with_columns_is_connected(void **state)
{
    (void)state;
    for (size_t i = 0; i < 5; i++) {
        const struct da_membership *membership = da_membership(world.nodes[i].da);

        for (uint32_t subnet = 0; subnet < 5; subnet++) {
            struct da_balance balance = da_balance_of(world.nodes[i].da, subnet);
            bool is_own = da_is_in_subnet(membership, membership->self, subnet);

            if (subnet < 2 || is_own)
                assert_true(balance.inbound + balance.outbound >= 1);
        }
    }
}

/* The message that publishes what was dispersed. */
static struct bytes32 message_of(const struct da_world_dispersal *dispersal)
{
    struct op op = {.code = OP_CHANNEL_BLOB};
    struct ed25519_key key;

    ed25519_zero_key(&key);
    op.blob = (struct op_blob){.channel = dispersal->context.channel,
        .blob = dispersal->blob,
        .blob_size = dispersal->size,
        .parent = dispersal->context.parent,
        .signer = key.public_key};
    return op_message_id(&op);
}

static void what_the_mempool_lost_comes_back_when_it_is_dispersed_again(void **state)
{
    struct da_world_dispersal first;
    struct da_world_dispersal second;
    struct da_world_dispersal second_again;
    struct bytes32 parent;

    (void)state;
    /* Its parent was never sent, so no leader can apply it, and each drops it. */
    da_world_switch(&world, 4, "drop-shares");
    disperse_well(4, 1, &first);
    da_world_switch(&world, 4, "none");
    parent = message_of(&first);
    da_world_disperse(&world, 4, 1, &parent, 2, &second);
    da_world_wait(&world, &second);
    assert_true(second.has_succeeded);
    world_run(&world.world, 10 * S);
    for (size_t i = 0; i < 5; i++)
        assert_int_equal(node_counts(world.world.nodes[i].node).pending, 0);

    da_world_disperse_again(&world, 4, &first, &first);
    da_world_wait(&world, &first);
    assert_true(da_world_run_to_blob(&world, 4, &first.blob));
    assert_int_equal(da_world_height_of(&world, 4, &second.blob, NULL), 0);
    da_world_disperse_again(&world, 4, &second, &second_again);
    da_world_wait(&world, &second_again);

    assert_memory_equal(second.blob.bytes, second_again.blob.bytes, 32);
    assert_true(da_world_run_to_blob(&world, 4, &second.blob));
}

static void what_is_in_a_block_is_not_published_again(void **state)
{
    struct da_world_dispersal dispersal;

    (void)state;
    disperse_well(4, 1, &dispersal);
    for (size_t i = 0; i < 5; i++)
        assert_true(da_world_run_to_blob(&world, i, &dispersal.blob));
    da_world_disperse_again(&world, 4, &dispersal, &dispersal);
    da_world_wait(&world, &dispersal);

    assert_true(dispersal.has_succeeded);
    for (size_t i = 0; i < 5; i++)
        assert_int_equal(node_counts(world.world.nodes[i].node).pending, 0);
}

/* --- members that are down, cut off, or refuse ------------------------------------------------ */

static void one_member_of_each_subnetwork_is_enough(void **state)
{
    struct da_world_dispersal dispersal;
    size_t executor = holder(0, 0) == 4 || holder(1, 0) == 4 ? 3 : 4;

    (void)state;
    world_kill(&world.world, holder(0, 0));
    world_kill(&world.world, holder(1, 0));
    disperse_well(executor, 1, &dispersal);

    assert_true(da_world_run_to_blob(&world, executor, &dispersal.blob));
    assert_int_equal(da_world_read(&world, &dispersal), 2);
}

static void without_any_member_of_a_subnetwork_a_dispersal_fails(void **state)
{
    struct da_world_dispersal dispersal;
    uint32_t column = holder(0, 0) == 4 || holder(0, 1) == 4 ? 1 : 0;

    (void)state;
    world_kill(&world.world, holder(column, 0));
    world_kill(&world.world, holder(column, 1));
    da_world_disperse(&world, 4, 1, NULL, 1, &dispersal);
    da_world_wait(&world, &dispersal);

    assert_false(dispersal.has_succeeded);
    assert_string_equal(dispersal.why, "Retry limit reached");
    assert_int_equal(da_counts(world.nodes[4].da).dispersals_failed, 1);
}

static void a_dispersal_is_tried_again_until_somebody_is_there(void **state)
{
    struct da_world_dispersal dispersal;
    uint32_t column = holder(0, 0) == 4 || holder(0, 1) == 4 ? 1 : 0;

    (void)state;
    world_kill(&world.world, holder(column, 0));
    world_kill(&world.world, holder(column, 1));
    da_world_disperse(&world, 4, 1, NULL, 1, &dispersal);
    world_run(&world.world, 2 * S);
    assert_false(dispersal.is_over);
    world_start(&world.world, holder(column, 0));
    da_world_wait(&world, &dispersal);

    assert_true(dispersal.has_succeeded);
}

static void a_column_reaches_members_that_the_executor_does_not(void **state)
{
    struct da_world_dispersal dispersal;
    uint32_t column = holder(0, 0) == 4 || holder(0, 1) == 4 ? 1 : 0;
    size_t unreached = holder(column, 1);

    (void)state;
    da_world_cut(&world, 4, unreached, true);
    disperse_well(4, 1, &dispersal);
    assert_false(keeps(unreached, &dispersal.blob, column));
    world_run(&world.world, S);

    assert_true(keeps(unreached, &dispersal.blob, column));
}

static void a_member_that_was_down_fetches_what_it_should_have(void **state)
{
    struct da_world_dispersal dispersal;
    uint32_t column = holder(0, 0) == 4 || holder(0, 1) == 4 ? 1 : 0;
    size_t missing = holder(column, 1);

    (void)state;
    world_kill(&world.world, missing);
    disperse_well(4, 1, &dispersal);
    assert_true(da_world_run_to_blob(&world, 4, &dispersal.blob));
    world_start(&world.world, missing);
    for (size_t i = 0; i < 5; i++) {
        if (i != missing)
            world_connect(&world.world, missing, i);
    }
    world_run(&world.world, 10 * S);

    assert_true(da_world_height_of(&world, missing, &dispersal.blob, NULL) > 0);
    assert_true(keeps(missing, &dispersal.blob, column));
}

static void a_member_that_refuses_columns_keeps_none(void **state)
{
    struct da_world_dispersal dispersal;
    uint32_t column = holder(0, 0) == 4 || holder(0, 1) == 4 ? 1 : 0;
    size_t refuser = holder(column, 1);

    (void)state;
    da_world_switch(&world, refuser, "refuse-columns");
    disperse_well(4, 1, &dispersal);
    assert_true(da_world_run_to_blob(&world, refuser, &dispersal.blob));
    assert_true(failures(4, refuser, DA_FAILED_DISPERSAL) > 0);
    world_run(&world.world, 20 * S);

    assert_false(keeps(refuser, &dispersal.blob, column));
    assert_true(da_counts(world.nodes[refuser].da).columns_refused > 0);
    assert_true(keeps(holder(column, 0), &dispersal.blob, column));
    assert_false(is_blocked(4, refuser));
}

static void when_all_members_refuse_nothing_is_dispersed(void **state)
{
    struct da_world_dispersal dispersal;

    (void)state;
    for (size_t i = 0; i < 5; i++)
        da_world_switch(&world, i, "refuse-columns");
    da_world_disperse(&world, 4, 1, NULL, 1, &dispersal);
    da_world_wait(&world, &dispersal);

    assert_string_equal(dispersal.why, "Retry limit reached");
    assert_int_equal(da_world_read(&world, &dispersal), 0);
}

static void a_silent_member_delays_a_dispersal_and_does_not_stop_it(void **state)
{
    struct da_world_dispersal dispersal;
    uint32_t column = holder(0, 0) == 4 || holder(0, 1) == 4 ? 1 : 0;

    (void)state;
    da_world_switch(&world, holder(column, 0), "ignore-peers");
    disperse_well(4, 1, &dispersal);
    assert_true(failures(4, holder(column, 0), DA_FAILED_DISPERSAL) > 0);

    assert_true(da_world_run_to_blob(&world, 4, &dispersal.blob));
}

/* --- executors that misbehave ----------------------------------------------------------------- */

static void an_executor_that_drops_shares_says_it_did_not(void **state)
{
    struct da_world_dispersal dispersal;

    (void)state;
    da_world_switch(&world, 4, "drop-shares");
    disperse_well(4, 1, &dispersal);
    world_run(&world.world, 20 * S);

    assert_int_equal(da_world_read(&world, &dispersal), 0);
    assert_int_equal(da_world_height_of(&world, 0, &dispersal.blob, NULL), 0);
}

static void an_executor_that_sends_corrupted_columns_is_blocked(void **state)
{
    struct da_world_dispersal dispersal;

    (void)state;
    da_world_switch(&world, 4, "corrupt-columns");
    disperse_well(4, 1, &dispersal);
    world_run(&world.world, 20 * S);

    assert_int_equal(da_world_read(&world, &dispersal), 0);
    assert_int_equal(da_world_height_of(&world, 0, &dispersal.blob, NULL), 0);
    for (uint32_t column = 0; column < 2; column++) {
        for (uint32_t n = 0; n < 2; n++) {
            if (holder(column, n) != 4)
                assert_true(is_blocked(holder(column, n), 4));
        }
    }
}

static void a_member_that_serves_corrupted_columns_still_samples_well(void **state)
{
    struct da_world_dispersal dispersal;
    struct da_share share;

    (void)state;
    da_world_switch(&world, holder(0, 0), "serve-corrupted");
    disperse_well(4, 1, &dispersal);
    assert_true(da_world_run_to_blob(&world, 0, &dispersal.blob));

    const struct da_place place = {.blob = dispersal.blob, .column = 0};
    assert_true(da_kept_share(world.nodes[holder(0, 0)].da, &place, &share));
    assert_int_not_equal(da_column_check(&share.header, &share.column, NULL), NOMOS_OK);
    da_share_done(&share);
    assert_true(da_kept_share(world.nodes[holder(0, 1)].da, &place, &share));
    assert_int_equal(da_column_check(&share.header, &share.column, NULL), NOMOS_OK);
    da_share_done(&share);
}

/* --- what is in blocks ------------------------------------------------------------------------ */

/* A transaction that publishes a blob which nobody has. */
static struct signed_tx tx_of_nothing(void)
{
    struct signed_tx tx = {.tx = {.op_count = 1}};
    struct ed25519_key key;
    struct fr hash;
    struct bytes32 message;

    ed25519_zero_key(&key);
    tx.tx.ops = calloc(1, sizeof(struct op));
    tx.op_proofs = calloc(1, sizeof(struct op_proof));
    assert_non_null(tx.tx.ops);
    assert_non_null(tx.op_proofs);
    tx.tx.ops[0].code = OP_CHANNEL_BLOB;
    tx.tx.ops[0].blob.blob_size = 31;
    memset(tx.tx.ops[0].blob.blob.bytes, 9, 32);
    memset(tx.tx.ops[0].blob.channel.bytes, 9, 32);
    tx.tx.ops[0].blob.signer = key.public_key;
    hash = tx_hash(&world.world.wire, &tx.tx);
    message = tx_signing_bytes(&hash);
    tx.op_proofs[0].kind = OP_PROOF_ED25519;
    tx.op_proofs[0].ed25519 = ed25519_sign(&key, message.bytes, 32);
    world_sign(&world.world, &tx, NULL, 0);
    return tx;
}

static void a_blob_that_nobody_has_stays_in_the_mempool(void **state)
{
    struct signed_tx tx = tx_of_nothing();

    (void)state;
    assert_int_equal(world_submit(&world.world, 0, &tx), SUBMIT_ACCEPTED);
    world_run(&world.world, 70 * S);

    for (size_t i = 0; i < 5; i++)
        assert_int_equal(node_counts(world.world.nodes[i].node).pending, 1);
    assert_true(da_counts(world.nodes[0].da).samples_failed > 0);
}

static void a_block_with_a_blob_that_nobody_has_waits_and_is_given_up(void **state)
{
    struct node *node = world.world.nodes[0].node;
    struct signed_tx tx = tx_of_nothing();
    uint64_t slot = node_slot_at(node, world.world.now_ns);
    struct bytes32 id;
    size_t size;

    (void)state;
    for (size_t i = 0; i < 5; i++)
        da_world_switch(&world, i, "stop-proposing");
    uint8_t *bytes = world_make_block(&world.world, 0, slot + 1, &tx, 1, NULL, &size);
    assert_int_equal(node_take_block(node, bytes, size, &id, NULL), BLOCK_WAITS);
    assert_int_equal(node_take_block(node, bytes, size, &id, NULL), BLOCK_WAITS);
    assert_int_equal(node_counts(node).blocks_waiting, 1);
    world_run(&world.world, 50 * S);
    assert_int_equal(node_counts(node).blocks_waiting, 1);
    world_run(&world.world, 15 * S);

    assert_int_equal(node_counts(node).blocks_waiting, 0);
    assert_non_null(strstr(world.world.nodes[0].last_warning, "could not be sampled"));
    free(bytes);
    signed_tx_done(&tx);
}

static void blocks_wait_for_a_node_that_cannot_sample_and_are_taken_once_it_can(void **state)
{
    struct da_world_dispersal dispersal;
    size_t blind = bystander(4);
    struct node *node = world.world.nodes[blind].node;

    (void)state;
    for (size_t i = 0; i < 5; i++)
        da_world_cut(&world, blind, i, i != blind);
    disperse_well(blind == 4 ? 3 : 4, 1, &dispersal);
    uint64_t before = world.world.blocks_sent;
    uint64_t height = world_height(&world.world, 4 - (blind == 4));
    world_run(&world.world, 10 * S);
    /* What waits is not asked for again and again: each node gets each block but once. */
    height = world_height(&world.world, 4 - (blind == 4)) - height;
    assert_in_range(world.world.blocks_sent - before, 1, 5 * (height + 1));
    assert_true(da_world_height_of(&world, 4 - (blind == 4), &dispersal.blob, NULL) > 0);
    assert_int_equal(da_world_height_of(&world, blind, &dispersal.blob, NULL), 0);
    assert_true(node_counts(node).blocks_waiting > 1);
    for (size_t i = 0; i < 5; i++)
        da_world_cut(&world, blind, i, false);
    world_run(&world.world, 5 * S);

    assert_int_equal(node_counts(node).blocks_waiting, 0);
    assert_true(da_world_height_of(&world, blind, &dispersal.blob, NULL) > 0);
    world_assert_agreement(&world.world, world_height(&world.world, blind) - 1);
}

static void what_only_a_cut_off_node_has_does_not_get_into_a_block(void **state)
{
    struct da_world_dispersal dispersal;
    size_t alone = holder(0, 0);

    (void)state;
    for (size_t i = 0; i < 5; i++)
        da_world_cut(&world, alone, i, i != alone);
    /* As if it was dispersed from here: its own column is kept, and the transaction everywhere. */
    da_world_disperse(&world, alone, 1, NULL, 1, &dispersal);
    da_world_wait(&world, &dispersal);
    assert_false(dispersal.has_succeeded);
    world_run(&world.world, 10 * S);
    for (size_t i = 0; i < 5; i++)
        assert_int_equal(node_counts(world.world.nodes[i].node).pending, 1);

    /* Once it can be reached, the data is there for all. */
    for (size_t i = 0; i < 5; i++)
        da_world_cut(&world, alone, i, false);
    world_run(&world.world, 20 * S);
    for (size_t i = 0; i < 5; i++)
        assert_int_equal(node_counts(world.world.nodes[i].node).pending, 0);
}

static void only_so_many_blocks_wait_at_once(void **state)
{
    struct da_world_dispersal dispersal;
    size_t blind = bystander(4);
    size_t seeing = 4 - (blind == 4);
    struct node *node = world.world.nodes[blind].node;

    (void)state;
    for (size_t i = 0; i < 5; i++)
        da_world_cut(&world, blind, i, i != blind);
    disperse_well(seeing, 1, &dispersal);
    world_run(&world.world, 55 * S);
    assert_true(world_height(&world.world, seeing) > world_height(&world.world, blind) + 40);
    assert_in_range(node_counts(node).blocks_waiting, PARKED_BLOCKS_MAX / 2,
        PARKED_BLOCKS_MAX / 2 + BLOCKS_ASKED_MAX);
    for (size_t i = 0; i < 5; i++)
        da_world_cut(&world, blind, i, false);
    world_run(&world.world, 6 * S);

    assert_int_equal(node_counts(node).blocks_waiting, 0);
    assert_true(world_height(&world.world, blind) + 2 > world_height(&world.world, seeing));
}

static void a_node_that_catches_up_blind_asks_for_no_more_than_can_wait(void **state)
{
    struct da_world_dispersal dispersal;
    size_t late = bystander(4);
    size_t seeing = 4 - (late == 4);

    (void)state;
    world_kill(&world.world, late);
    disperse_well(seeing, 1, &dispersal);
    world_run(&world.world, 52 * S);
    for (size_t i = 0; i < 5; i++)
        da_world_cut(&world, late, i, i != late);
    world_start(&world.world, late);
    world_connect(&world.world, late, seeing);
    world_run(&world.world, S);
    assert_true(world_height(&world.world, seeing) > world_height(&world.world, late) + 40);
    assert_in_range(node_counts(world.world.nodes[late].node).blocks_waiting, PARKED_BLOCKS_MAX / 2,
        PARKED_BLOCKS_MAX / 2 + BLOCKS_ASKED_MAX);
    for (size_t i = 0; i < 5; i++)
        da_world_cut(&world, late, i, false);
    world_run(&world.world, 5 * S);

    assert_true(world_height(&world.world, late) + 2 > world_height(&world.world, seeing));
}

static void a_restarted_node_samples_recent_blobs_and_believes_old_ones(void **state)
{
    struct da_world_dispersal old;
    struct da_world_dispersal recent;
    size_t late = bystander(4);

    (void)state;
    world_kill(&world.world, late);
    disperse_well(late == 4 ? 3 : 4, 1, &old);
    assert_true(da_world_run_to_blob(&world, holder(0, 0), &old.blob));
    world_run(&world.world, 65 * S);
    disperse_well(late == 4 ? 3 : 4, 2, &recent);
    assert_true(da_world_run_to_blob(&world, holder(0, 0), &recent.blob));
    world_start(&world.world, late);
    for (size_t i = 0; i < 5; i++) {
        if (i != late)
            world_connect(&world.world, late, i);
    }
    world_run(&world.world, 5 * S);

    assert_true(da_world_height_of(&world, late, &old.blob, NULL) > 0);
    assert_true(da_world_height_of(&world, late, &recent.blob, NULL) > 0);
    assert_false(da_is_sampled(world.nodes[late].da, &old.blob));
    assert_true(da_is_sampled(world.nodes[late].da, &recent.blob));
    world_assert_agreement(&world.world, world_height(&world.world, late) - 1);
}

static void what_was_sampled_is_forgotten_in_time(void **state)
{
    struct da_world_dispersal dispersal;

    (void)state;
    disperse_well(4, 1, &dispersal);
    assert_true(da_world_run_to_blob(&world, 0, &dispersal.blob));
    assert_true(da_is_sampled(world.nodes[0].da, &dispersal.blob));
    world_run(&world.world, 70 * S);

    assert_false(da_is_sampled(world.nodes[0].da, &dispersal.blob));
}

/* --- looking and blocking --------------------------------------------------------------------- */

struct look {
    bool is_over;
    bool is_there;
};

static void on_looked(void *self, const struct da_header *header)
{
    struct look *look = self;

    look->is_over = true;
    look->is_there = header != NULL;
}

static bool look_for(size_t node, const struct bytes32 *blob)
{
    struct look look = {.is_over = false};
    const struct da_looking looking = {.limit_ns = 3 * S, .looked = on_looked, .self = &look};

    assert_non_null(da_look(world.nodes[node].da, blob, world.world.now_ns, &looking, NULL));
    world_run(&world.world, 4 * S);
    assert_true(look.is_over);
    return look.is_there;
}

static void looking_finds_what_is_there_now(void **state)
{
    struct da_world_dispersal dispersal;
    struct bytes32 nothing = {{1}};
    size_t looker = bystander(5);

    (void)state;
    disperse_well(4, 1, &dispersal);
    assert_true(da_world_run_to_blob(&world, looker, &dispersal.blob));
    assert_true(look_for(looker, &dispersal.blob));
    assert_false(look_for(looker, &nothing));
    for (uint32_t column = 0; column < 2; column++) {
        for (uint32_t n = 0; n < 2; n++)
            da_world_cut(&world, looker, holder(column, n), true);
    }

    /* It was sampled before, and cannot be now. */
    assert_true(da_is_sampled(world.nodes[looker].da, &dispersal.blob));
    assert_false(look_for(looker, &dispersal.blob));
}

static void nothing_flows_to_or_from_a_blocked_peer(void **state)
{
    struct da_world_dispersal dispersal;
    uint32_t column = holder(0, 0) == 4 || holder(0, 1) == 4 ? 1 : 0;
    size_t blocked = holder(column, 0);
    struct bytes32 key = *node_public_key(world.world.nodes[blocked].node);
    const struct da *da = world.nodes[4].da;
    uint32_t member = da_member_of(da_membership(da), &key);

    (void)state;
    assert_true(da_is_connected(da, member));
    for (size_t i = 0; i < 5; i++) {
        if (i != blocked)
            assert_int_equal(
                da_block(world.nodes[i].da, &key, world.world.now_ns), DA_BLOCKING_CHANGED);
    }
    assert_int_equal(da_block(world.nodes[4].da, &key, world.world.now_ns), DA_BLOCKING_SAME);
    world_run(&world.world, S);
    size_t before = world.nodes[blocked].messages_in;
    disperse_well(4, 1, &dispersal);
    assert_true(da_world_run_to_blob(&world, 4, &dispersal.blob));
    assert_false(da_is_connected(da, member));
    assert_int_equal(world.nodes[blocked].messages_in, before);
    assert_false(keeps(blocked, &dispersal.blob, column));

    for (size_t i = 0; i < 5; i++)
        assert_int_equal(da_unblock(world.nodes[i].da, &key, world.world.now_ns), i != blocked);
    world_run(&world.world, 5 * S);
    assert_true(da_is_connected(da, member));
    disperse_well(4, 2, &dispersal);
    assert_true(keeps(blocked, &dispersal.blob, column));
}

static void a_waiter_that_left_is_not_called(void **state)
{
    struct da_world_dispersal dispersal = {.size = 31};
    const struct da_dispersal wish = {.data = dispersal.data, .size = 31};
    struct look look = {.is_over = false};
    const struct da_looking looking = {.limit_ns = S, .looked = on_looked, .self = &look};
    struct bytes32 nothing = {{1}};

    (void)state;
    da_forget(da_look(world.nodes[0].da, &nothing, world.world.now_ns, &looking, NULL));
    da_forget(da_disperse(world.nodes[4].da,
        &(struct da_dispersing){.dispersal = &wish, .self = &look}, world.world.now_ns, NULL));
    world_run(&world.world, 3 * S);

    assert_false(look.is_over);
    assert_int_equal(da_counts(world.nodes[4].da).blobs_dispersed, 1);
}

static void what_cannot_be_a_blob_is_refused_at_once(void **state)
{
    static const size_t sizes[] = {0, 30, 32, 61, DA_DATA_MAX + DA_CHUNK_SIZE};
    uint8_t *data = calloc(1, DA_DATA_MAX + DA_CHUNK_SIZE);

    (void)state;
    for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
        const struct da_dispersal wish = {.data = data, .size = sizes[i]};
        struct reason why = {.text = ""};

        assert_null(da_disperse(world.nodes[4].da, &(struct da_dispersing){.dispersal = &wish},
            world.world.now_ns, &why));
        assert_true(why.text[0]);
    }
    free(data);
}

#define STORY(test) cmocka_unit_test_setup_teardown(test, make_usual, end_world)

int main(void)
{
    const struct CMUnitTest tests[] = {
        STORY(a_blob_is_kept_sampled_included_and_read_back),
        STORY(messages_of_a_channel_follow_one_another),
        STORY(what_the_mempool_lost_comes_back_when_it_is_dispersed_again),
        STORY(what_is_in_a_block_is_not_published_again),
        cmocka_unit_test(the_same_world_lives_the_same_life),
        cmocka_unit_test(a_lone_executor_is_enough),
        STORY(every_subnetwork_with_columns_is_connected),
        STORY(one_member_of_each_subnetwork_is_enough),
        STORY(without_any_member_of_a_subnetwork_a_dispersal_fails),
        STORY(a_dispersal_is_tried_again_until_somebody_is_there),
        STORY(a_column_reaches_members_that_the_executor_does_not),
        STORY(a_member_that_was_down_fetches_what_it_should_have),
        STORY(a_member_that_refuses_columns_keeps_none),
        STORY(when_all_members_refuse_nothing_is_dispersed),
        STORY(a_silent_member_delays_a_dispersal_and_does_not_stop_it),
        STORY(an_executor_that_drops_shares_says_it_did_not),
        STORY(an_executor_that_sends_corrupted_columns_is_blocked),
        STORY(a_member_that_serves_corrupted_columns_still_samples_well),
        STORY(a_blob_that_nobody_has_stays_in_the_mempool),
        STORY(a_block_with_a_blob_that_nobody_has_waits_and_is_given_up),
        STORY(blocks_wait_for_a_node_that_cannot_sample_and_are_taken_once_it_can),
        STORY(what_only_a_cut_off_node_has_does_not_get_into_a_block),
        STORY(only_so_many_blocks_wait_at_once),
        STORY(a_node_that_catches_up_blind_asks_for_no_more_than_can_wait),
        STORY(a_restarted_node_samples_recent_blobs_and_believes_old_ones),
        STORY(what_was_sampled_is_forgotten_in_time),
        STORY(looking_finds_what_is_there_now),
        STORY(nothing_flows_to_or_from_a_blocked_peer),
        STORY(a_waiter_that_left_is_not_called),
        STORY(what_cannot_be_a_blob_is_refused_at_once),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

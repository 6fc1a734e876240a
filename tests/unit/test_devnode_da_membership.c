/* Members and their subnetworks, as node contract 5.3 assigns them. */
#include "support/devnode_world.h"

#include "devnode/core/da_membership.h"

static struct world world;

static int make_world(void **state)
{
    struct world_params params = world_usual;

    (void)state;
    params.node_count = 5;
    world_init(&world, &params);
    return 0;
}

static int end_world(void **state)
{
    (void)state;
    world_done(&world);
    return 0;
}

static struct da_membership membership_of(uint64_t subnets, uint64_t replication)
{
    const struct da_membership_shape shape = {.subnet_count = subnets, .replication = replication};
    struct da_membership made;
    struct reason why = {.text = ""};

    assert_true(da_membership_init(
        &made, &world.genesis, &shape, node_public_key(world_node(&world, 2)), &why));
    return made;
}

static void members_are_the_declared_providers_in_the_order_of_their_keys(void **state)
{
    struct da_membership membership = membership_of(5, 2);
    struct bytes32 stranger = {{1}};

    (void)state;
    assert_int_equal(membership.member_count, 5);
    for (uint32_t i = 1; i < 5; i++)
        assert_true(
            bytes32_compare(&membership.members[i - 1].key, &membership.members[i].key) < 0);
    for (size_t i = 0; i < 5; i++) {
        uint32_t member = da_member_of(&membership, node_public_key(world_node(&world, i)));

        assert_true(member < 5);
        assert_int_equal(membership.self == member, i == 2);
        assert_true(membership.members[member].locator.size > 0);
    }
    assert_int_equal(da_member_of(&membership, &stranger), DA_NOBODY);
    da_membership_done(&membership);
}

static void each_subnetwork_has_the_next_members_going_round(void **state)
{
    struct da_membership membership = membership_of(5, 2);
    static const uint32_t expected[5][2] = {{0, 1}, {2, 3}, {4, 0}, {1, 2}, {3, 4}};

    (void)state;
    for (uint32_t subnet = 0; subnet < 5; subnet++) {
        for (uint32_t n = 0; n < 2; n++)
            assert_int_equal(da_subnet_member(&membership, subnet, n), expected[subnet][n]);
        for (uint32_t member = 0; member < 5; member++)
            assert_int_equal(da_is_in_subnet(&membership, member, subnet),
                member == expected[subnet][0] || member == expected[subnet][1]);
    }
    da_membership_done(&membership);
}

static void columns_go_round_the_subnetworks(void **state)
{
    struct da_membership membership = membership_of(3, 2);
    uint32_t own = 0;

    (void)state;
    for (uint32_t column = 0; column < 7; column++) {
        assert_int_equal(da_subnet_of_column(&membership, column), column % 3);
        assert_int_equal(da_is_own_column(&membership, column),
            da_is_in_subnet(&membership, membership.self, column % 3));
        own += da_is_own_column(&membership, column);
    }
    assert_int_equal(da_own_column_count(&membership, 7), own);
    da_membership_done(&membership);
}

static void nobody_is_twice_in_a_subnetwork(void **state)
{
    struct da_membership membership = membership_of(2, 60);

    (void)state;
    assert_int_equal(membership.replication, 5);
    for (uint32_t member = 0; member < 5; member++)
        assert_true(da_is_in_subnet(&membership, member, 1));
    da_membership_done(&membership);
}

static void a_stranger_has_no_columns(void **state)
{
    const struct da_membership_shape shape = {.subnet_count = 2, .replication = 2};
    struct da_membership membership;
    struct bytes32 stranger = {{1}};

    (void)state;
    assert_true(da_membership_init(&membership, &world.genesis, &shape, &stranger, NULL));
    assert_int_equal(membership.self, DA_NOBODY);
    assert_int_equal(da_own_column_count(&membership, 16), 0);
    da_membership_done(&membership);
}

static void a_provider_that_is_declared_twice_is_one_member(void **state)
{
    struct signed_tx genesis = world.genesis;
    struct da_membership_shape shape = {.subnet_count = 2, .replication = 2};
    struct op *ops = calloc(genesis.tx.op_count * 2, sizeof(*ops));
    struct da_membership membership;

    (void)state;
    assert_non_null(ops);
    memcpy(ops, genesis.tx.ops, genesis.tx.op_count * sizeof(*ops));
    memcpy(ops + genesis.tx.op_count, genesis.tx.ops, genesis.tx.op_count * sizeof(*ops));
    genesis.tx.ops = ops;
    genesis.tx.op_count *= 2;
    assert_true(da_membership_init(
        &membership, &genesis, &shape, node_public_key(world_node(&world, 0)), NULL));
    assert_int_equal(membership.member_count, 5);
    da_membership_done(&membership);
    free(ops);
}

static void a_genesis_without_providers_is_refused(void **state)
{
    struct signed_tx genesis = world.genesis;
    struct da_membership_shape shape = {.subnet_count = 2, .replication = 2};
    struct da_membership membership;
    struct reason why;

    (void)state;
    genesis.tx.op_count = 1;
    assert_false(da_membership_init(
        &membership, &genesis, &shape, node_public_key(world_node(&world, 0)), &why));
    assert_non_null(strstr(why.text, "no provider"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(members_are_the_declared_providers_in_the_order_of_their_keys),
        cmocka_unit_test(each_subnetwork_has_the_next_members_going_round),
        cmocka_unit_test(columns_go_round_the_subnetworks),
        cmocka_unit_test(nobody_is_twice_in_a_subnetwork),
        cmocka_unit_test(a_stranger_has_no_columns),
        cmocka_unit_test(a_provider_that_is_declared_twice_is_one_member),
        cmocka_unit_test(a_genesis_without_providers_is_refused),
    };

    return cmocka_run_group_tests(tests, make_world, end_world);
}

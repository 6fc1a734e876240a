/* What a node's configuration is made from. The whole that comes of it is read back in
 * test_devnode_shell_node_config.c. */
#include "test_nomos_support.h"

#include "nomos/node_config.h"

static void keys_sort_by_their_bytes(void **state)
{
    struct bytes32 keys[3] = {{{2}}, {{1, 9}}, {{1}}};

    (void)state;
    node_config_sort_keys(keys, 3);
    assert_int_equal(keys[0].bytes[1], 0);
    assert_int_equal(keys[1].bytes[1], 9);
    assert_int_equal(keys[2].bytes[0], 2);
}

static void a_single_node_gets_a_single_subnetwork(void **state)
{
    struct node_config_da da;

    (void)state;
    node_config_da_default(&da, 1);
    assert_int_equal(da.subnetwork_size, 1);
    assert_int_equal(da.dispersal_factor, 1);
    assert_int_equal(da.num_subnets, 1);
    assert_int_equal(da.min_dispersal_peers, 0);
    assert_int_equal(da.min_replication_peers, 0);
}

static void each_node_of_several_gets_a_subnetwork_and_each_of_these_two_nodes(void **state)
{
    struct node_config_da da;

    (void)state;
    node_config_da_default(&da, 7);
    assert_int_equal(da.subnetwork_size, 7);
    assert_int_equal(da.dispersal_factor, 2);
    assert_int_equal(da.num_subnets, 2);
    assert_int_equal(da.min_dispersal_peers, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keys_sort_by_their_bytes),
        cmocka_unit_test(a_single_node_gets_a_single_subnetwork),
        cmocka_unit_test(each_node_of_several_gets_a_subnetwork_and_each_of_these_two_nodes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

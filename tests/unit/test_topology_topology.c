#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "framework/base/mem.h"
#include "framework/topology/topology.h"

static struct topology *make(struct topology_shape shape)
{
    struct topology *topology = NULL;

    assert_int_equal(topology_new(&shape, &topology, NULL), ASSAY_OK);
    return topology;
}

static void validators_come_before_executors(void **state)
{
    auto_topology struct topology *t =
        make((struct topology_shape){.validators = 2, .executors = 2});

    (void)state;
    assert_int_equal(t->node_count, 4);
    assert_string_equal(t->nodes[0].name, "validator-0");
    assert_string_equal(t->nodes[1].name, "validator-1");
    assert_string_equal(t->nodes[2].name, "executor-0");
    assert_string_equal(t->nodes[3].name, "executor-1");
    assert_string_equal(t->nodes[3].role, "executor");
    assert_int_equal(t->nodes[3].index, 3);
    assert_int_equal(t->nodes[3].role_index, 1);
}

static void nodes_of_one_kind_are_named_as_such(void **state)
{
    auto_topology struct topology *t = make((struct topology_shape){.nodes = 3, .validators = 1});

    (void)state;
    assert_int_equal(t->node_count, 3);
    for (uint32_t i = 0; i < 3; i++) {
        assert_string_equal(t->nodes[i].role, "node");
        assert_int_equal(t->nodes[i].role_index, i);
    }
    assert_string_equal(t->nodes[2].name, "node-2");
}

static void nodes_of_one_kind_stand_alone(void **state)
{
    static const struct topology_shape shapes[] = {
        {.nodes = 1, .executors = 1}, {.nodes = 3, .validators = 2}};
    struct topology *topology = NULL;

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct error err = {0};

        assert_int_equal(topology_new(&shapes[i], &topology, &err), ASSAY_E_INVALID);
        assert_non_null(strstr(err.text, "leave validators and executors out"));
    }
}

static void nodes_are_found_by_name(void **state)
{
    auto_topology struct topology *t =
        make((struct topology_shape){.validators = 1, .executors = 1});

    (void)state;
    assert_ptr_equal(topology_find(t, "executor-0"), &t->nodes[1]);
    assert_null(topology_find(t, "executor-1"));
    assert_null(topology_find(t, ""));
}

static void in_a_star_everybody_dials_the_hub(void **state)
{
    auto_topology struct topology *t =
        make((struct topology_shape){.layout = TOPOLOGY_STAR, .validators = 5});

    (void)state;
    assert_int_equal(topology_dial_count(t, 0), 0);
    for (uint32_t i = 1; i < 5; i++) {
        assert_int_equal(topology_dial_count(t, i), 1);
        assert_int_equal(topology_dial(t, i, 0), 0);
    }
}

static void in_a_chain_each_dials_the_one_before(void **state)
{
    auto_topology struct topology *t =
        make((struct topology_shape){.layout = TOPOLOGY_CHAIN, .validators = 3, .executors = 2});

    (void)state;
    assert_int_equal(topology_dial_count(t, 0), 0);
    for (uint32_t i = 1; i < 5; i++) {
        assert_int_equal(topology_dial_count(t, i), 1);
        assert_int_equal(topology_dial(t, i, 0), i - 1);
    }
}

static void in_a_full_mesh_each_pair_is_dialled_once(void **state)
{
    auto_topology struct topology *t =
        make((struct topology_shape){.layout = TOPOLOGY_FULL, .validators = 6});
    uint32_t edges = 0;

    (void)state;
    for (uint32_t i = 0; i < 6; i++) {
        assert_int_equal(topology_dial_count(t, i), i);
        for (uint32_t n = 0; n < i; n++, edges++)
            assert_int_equal(topology_dial(t, i, n), n);
    }
    assert_int_equal(edges, 15);
}

static void funds_are_dealt_out_to_the_last_unit(void **state)
{
    auto_topology struct topology *t =
        make((struct topology_shape){.validators = 1, .accounts = 4, .funds_total = 10});
    uint64_t total = 0;

    (void)state;
    assert_int_equal(topology_account(t, 0).funds, 3);
    assert_int_equal(topology_account(t, 1).funds, 3);
    assert_int_equal(topology_account(t, 2).funds, 2);
    assert_string_equal(topology_account(t, 3).label, "wallet-user-3");
    for (uint32_t i = 0; i < 4; i++)
        total += topology_account(t, i).funds;
    assert_int_equal(total, 10);
}

static void shapes_beyond_the_limits_are_refused(void **state)
{
    static const struct {
        struct topology_shape shape;
        const char *expected;
    } cases[] = {
        {{.validators = 0}, "there is no node"},
        {{.validators = TOPOLOGY_NODES_MAX, .executors = 1}, "10001 nodes are more than"},
        {{.validators = UINT32_MAX, .executors = UINT32_MAX}, "8589934590 nodes are more than"},
        {{.validators = 1, .accounts = TOPOLOGY_ACCOUNTS_MAX + 1}, "accounts are more than"},
    };
    struct topology *t = NULL;
    struct error err;

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_int_equal(topology_new(&cases[i].shape, &t, &err), ASSAY_E_INVALID);
        assert_non_null(strstr(err.text, cases[i].expected));
        assert_null(t);
    }
}

static void the_largest_network_is_made(void **state)
{
    auto_topology struct topology *t =
        make((struct topology_shape){.validators = TOPOLOGY_NODES_MAX});

    (void)state;
    assert_string_equal(t->nodes[TOPOLOGY_NODES_MAX - 1].name, "validator-9999");
}

static void without_memory_there_is_no_topology(void **state)
{
    const struct topology_shape shape = {.validators = 1};
    struct topology *t = NULL;

    (void)state;
    for (uint64_t n = 1; n <= 2; n++) {
        mem_fail_at(n, MEM_FAIL_ONCE);
        assert_int_equal(topology_new(&shape, &t, NULL), ASSAY_E_NOMEM);
    }
    mem_fail_at(0, MEM_FAIL_ONCE);
    assert_null(t);
    topology_free(NULL);
}

static void layouts_have_names(void **state)
{
    enum topology_layout layout = TOPOLOGY_STAR;

    (void)state;
    assert_true(topology_layout_parse("full", &layout));
    assert_int_equal(layout, TOPOLOGY_FULL);
    assert_false(topology_layout_parse("ring", &layout));
    assert_string_equal(topology_layout_name(TOPOLOGY_CHAIN), "chain");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(validators_come_before_executors),
        cmocka_unit_test(nodes_of_one_kind_are_named_as_such),
        cmocka_unit_test(nodes_of_one_kind_stand_alone),
        cmocka_unit_test(nodes_are_found_by_name),
        cmocka_unit_test(in_a_star_everybody_dials_the_hub),
        cmocka_unit_test(in_a_chain_each_dials_the_one_before),
        cmocka_unit_test(in_a_full_mesh_each_pair_is_dialled_once),
        cmocka_unit_test(funds_are_dealt_out_to_the_last_unit),
        cmocka_unit_test(shapes_beyond_the_limits_are_refused),
        cmocka_unit_test(the_largest_network_is_made),
        cmocka_unit_test(without_memory_there_is_no_topology),
        cmocka_unit_test(layouts_have_names),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

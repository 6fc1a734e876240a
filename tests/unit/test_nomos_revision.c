/* What things are called from one revision of the node to the next. */
#include "test_nomos_support.h"

#include "nomos/revision.h"

static void revisions_are_found_by_name(void **state)
{
    (void)state;
    assert_ptr_equal(revision_find("2025-12"), &revision_2025_12);
    assert_ptr_equal(revision_find("2026-01"), &revision_2026_01);
    assert_null(revision_find("2026"));
    assert_null(revision_find(""));
}

static void the_later_one_has_one_kind_of_node_and_no_data_availability(void **state)
{
    (void)state;
    assert_true(revision_2025_12.has_da);
    assert_true(revision_2025_12.has_roles);
    assert_false(revision_2026_01.has_da);
    assert_false(revision_2026_01.has_roles);
    assert_null(revision_2026_01.executor_program);
    assert_null(revision_2026_01.executor_config);
    assert_string_equal(revision_2026_01.node_program, "logos-blockchain-node");
    assert_string_equal(revision_2026_01.node_config, "node.yaml");
    assert_string_equal(revision_2026_01.circuits_directory, ".logos-blockchain-circuits");
}

static void assert_called(const struct revision *revision, const char *name, const char *expected)
{
    assert_string_equal(revision_called(revision, name).text, expected);
}

static void variables_change_their_prefix(void **state)
{
    (void)state;
    assert_called(&revision_2025_12, "NOMOS_NODE_BIN", "NOMOS_NODE_BIN");
    assert_called(&revision_2026_01, "NOMOS_NODE_BIN", "LOGOS_BLOCKCHAIN_NODE_BIN");
    assert_called(&revision_2026_01, "NOMOS_CIRCUITS", "LOGOS_BLOCKCHAIN_CIRCUITS");
    assert_called(&revision_2026_01, "CONSENSUS_SLOT_TIME", "CONSENSUS_SLOT_TIME");
    assert_called(&revision_2026_01, "POL_PROOF_DEV_MODE", "POL_PROOF_DEV_MODE");
    assert_called(&revision_2026_01, "NOMOS_DEVNODE_PROOFS", "NOMOS_DEVNODE_PROOFS");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(revisions_are_found_by_name),
        cmocka_unit_test(the_later_one_has_one_kind_of_node_and_no_data_availability),
        cmocka_unit_test(variables_change_their_prefix),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

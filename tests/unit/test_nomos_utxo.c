/* The UTXO tree against the vectors of the node contract (3.10). */
#include "test_nomos_support.h"

#include "nomos/utxo.h"

static void roots_give_the_vectors(void **state)
{
    struct utxo utxo = {0};
    const struct note note = {.value = 1};
    struct fr root = utxo_root(&utxo);

    (void)state;
    assert_fr(&root, "5409b44c9d50fa2be7cc5bd5658cf762e4a1c7d37221e35f1c3ead102fc03110");
    for (uint64_t i = 1; i <= 3; i++) {
        const struct fr id = fr_from_u64(i);

        assert_int_equal(utxo_insert(&utxo, &id, &note), UTXO_OK);
        root = utxo_root(&utxo);
        if (i == 1)
            assert_fr(&root, "98f0338902452cb58b03d91efddc0f95272be0f05c01651eff48bae8f6a1392d");
    }
    assert_fr(&root, "0124e8c34698a791d792b1d19a86b8d866656bbe6326d5299ef2aec8fafed407");
    utxo_done(&utxo);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(roots_give_the_vectors),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

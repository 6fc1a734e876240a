/* The mempool's order, its limits, and what stays after removals. */
#include "support/devnode_world.h"

#include "devnode/core/mempool.h"

struct pool_fixture {
    struct wire wire;
    struct mempool pool;
    struct transaction *txs[64];
};

/* Sixty-four different transactions without inputs; `data` makes them differ. */
static struct transaction *tx_number(const struct wire *wire, uint64_t number)
{
    struct signed_tx tx = {.tx = {.execution_gas_price = number}};
    struct transaction *made = transaction_new(wire, &tx, NULL);

    assert_non_null(made);
    return made;
}

static int set_up(void **state)
{
    static struct pool_fixture fixture;

    fixture = (struct pool_fixture){.pool = {.count = 0}};
    assert_true(keys_init());
    wire_init(&fixture.wire, &wire_revision_2025_12);
    for (uint64_t i = 0; i < 64; i++)
        fixture.txs[i] = tx_number(&fixture.wire, i);
    *state = &fixture;
    return 0;
}

static int tear_down(void **state)
{
    struct pool_fixture *fixture = *state;

    mempool_done(&fixture->pool);
    for (size_t i = 0; i < 64; i++)
        transaction_unref(fixture->txs[i]);
    return 0;
}

/* Walks the pool and checks that hashes ascend as integers; answers how many there are. */
static size_t walk_ascending(struct mempool *pool)
{
    const struct transaction *before = NULL;
    struct transaction *tx;
    size_t cursor = 0;
    size_t count = 0;

    while ((tx = mempool_next(pool, &cursor))) {
        if (before)
            assert_true(fr_compare(&before->hash, &tx->hash) < 0);
        before = tx;
        count++;
    }
    return count;
}

static void it_walks_in_the_order_of_hashes_as_integers(void **state)
{
    struct pool_fixture *fixture = *state;

    for (size_t i = 0; i < 64; i++)
        assert_true(mempool_add(&fixture->pool, fixture->txs[i], NULL));

    assert_int_equal(walk_ascending(&fixture->pool), 64);
}

static void it_keeps_the_order_through_additions_and_removals(void **state)
{
    struct pool_fixture *fixture = *state;
    size_t expected = 0;

    for (size_t round = 0; round < 8; round++) {
        for (size_t i = round; i < 64; i += 8) {
            assert_true(mempool_add(&fixture->pool, fixture->txs[i], NULL));
            expected++;
        }
        if (round % 2) {
            for (size_t i = round - 1; i < 64; i += 16) {
                mempool_remove(&fixture->pool, &fixture->txs[i]->id);
                expected--;
            }
        }
        assert_int_equal(walk_ascending(&fixture->pool), expected);
        assert_int_equal(mempool_size(&fixture->pool), expected);
    }
}

static void what_was_walked_over_may_be_removed_meanwhile(void **state)
{
    struct pool_fixture *fixture = *state;
    struct transaction *tx;
    size_t cursor = 0;
    size_t seen = 0;

    for (size_t i = 0; i < 64; i++)
        assert_true(mempool_add(&fixture->pool, fixture->txs[i], NULL));

    while ((tx = mempool_next(&fixture->pool, &cursor))) {
        seen++;
        mempool_remove(&fixture->pool, &tx->id);
    }

    assert_int_equal(seen, 64);
    assert_int_equal(mempool_size(&fixture->pool), 0);
    assert_int_equal(fixture->pool.bytes, 0);
}

static void it_finds_by_id_and_by_digest_until_removed(void **state)
{
    struct pool_fixture *fixture = *state;
    struct transaction *tx = fixture->txs[7];

    assert_true(mempool_add(&fixture->pool, tx, NULL));
    assert_ptr_equal(mempool_find(&fixture->pool, &tx->id), tx);
    assert_ptr_equal(mempool_find_digest(&fixture->pool, &tx->digest), tx);

    mempool_remove(&fixture->pool, &tx->id);
    mempool_remove(&fixture->pool, &tx->id);

    assert_null(mempool_find(&fixture->pool, &tx->id));
    assert_null(mempool_find_digest(&fixture->pool, &tx->digest));
}

static void what_was_removed_may_come_again(void **state)
{
    struct pool_fixture *fixture = *state;

    for (size_t i = 0; i < 3; i++) {
        assert_true(mempool_add(&fixture->pool, fixture->txs[0], NULL));
        assert_true(mempool_add(&fixture->pool, fixture->txs[1 + i], NULL));
        mempool_remove(&fixture->pool, &fixture->txs[0]->id);
    }
    assert_true(mempool_add(&fixture->pool, fixture->txs[0], NULL));

    assert_int_equal(walk_ascending(&fixture->pool), 4);
}

static void a_full_pool_refuses_and_says_so(void **state)
{
    struct pool_fixture *fixture = *state;
    struct reason why = {.text = ""};

    /* The byte limit, without spending the bytes. */
    fixture->pool.bytes = MEMPOOL_BYTES_MAX;
    assert_false(mempool_add(&fixture->pool, fixture->txs[0], &why));
    assert_non_null(strstr(why.text, "mempool is full"));
    fixture->pool.bytes = 0;
    for (size_t n = 0; n < MEMPOOL_TXS_MAX; n++) {
        struct transaction *tx = tx_number(&fixture->wire, 1000 + n);

        assert_true(mempool_add(&fixture->pool, tx, NULL));
        transaction_unref(tx);
    }
    why.text[0] = '\0';
    assert_false(mempool_add(&fixture->pool, fixture->txs[0], &why));
    assert_non_null(strstr(why.text, "102400 transactions wait"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(
            it_walks_in_the_order_of_hashes_as_integers, set_up, tear_down),
        cmocka_unit_test_setup_teardown(
            it_keeps_the_order_through_additions_and_removals, set_up, tear_down),
        cmocka_unit_test_setup_teardown(
            what_was_walked_over_may_be_removed_meanwhile, set_up, tear_down),
        cmocka_unit_test_setup_teardown(
            it_finds_by_id_and_by_digest_until_removed, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_was_removed_may_come_again, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_full_pool_refuses_and_says_so, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* The hash table and the persistent trie against plain implementations. */
#include "support/devnode_world.h"

#include "devnode/core/table.h"
#include "devnode/core/trie.h"
#include "nomos/hash.h"

#define ENTRIES 500

static struct bytes32 id_of(uint64_t number)
{
    return hash_of(&number, sizeof(number));
}

/* A fixed sequence that looks like chance. */
static uint64_t next_number(uint64_t *seed)
{
    *seed = *seed * 6364136223846793005u + 1442695040888963407u;
    return *seed >> 33;
}

static void a_table_agrees_with_an_array_through_many_changes(void **state)
{
    struct table table = {0};
    char values[ENTRIES];
    bool is_in[ENTRIES] = {false};
    size_t count = 0;
    uint64_t seed = 7;

    (void)state;
    for (size_t change = 0; change < 20000; change++) {
        size_t i = next_number(&seed) % ENTRIES;
        struct bytes32 id = id_of(i);

        if (next_number(&seed) % 2) {
            assert_ptr_equal(table_put(&table, id.bytes, &values[i]), is_in[i] ? &values[i] : NULL);
            count += !is_in[i];
            is_in[i] = true;
        } else {
            assert_ptr_equal(table_remove(&table, id.bytes), is_in[i] ? &values[i] : NULL);
            count -= is_in[i];
            is_in[i] = false;
        }
        assert_int_equal(table.used, count);
    }
    for (size_t i = 0; i < ENTRIES; i++) {
        struct bytes32 id = id_of(i);

        assert_ptr_equal(table_get(&table, id.bytes), is_in[i] ? &values[i] : NULL);
    }
    table_done(&table);
}

static void ids_that_collide_on_purpose_are_told_apart(void **state)
{
    struct table table = {0};
    struct bytes32 ids[64] = {{{0}}};
    int values[64];

    (void)state;
    /* They differ in one byte, as a stranger's channel ids may. */
    for (size_t i = 0; i < 64; i++) {
        ids[i].bytes[31] = (uint8_t)i;
        (void)table_put(&table, ids[i].bytes, &values[i]);
    }
    for (size_t i = 0; i < 64; i += 2)
        assert_ptr_equal(table_remove(&table, ids[i].bytes), &values[i]);
    for (size_t i = 0; i < 64; i++)
        assert_ptr_equal(table_get(&table, ids[i].bytes), i % 2 ? &values[i] : NULL);
    table_done(&table);
}

static void an_empty_table_answers_nothing(void **state)
{
    struct table table = {0};
    struct bytes32 id = id_of(1);
    size_t cursor = 0;

    (void)state;
    assert_null(table_get(&table, id.bytes));
    assert_null(table_remove(&table, id.bytes));
    assert_null(table_next(&table, &cursor));
    table_done(&table);
}

static void a_trie_agrees_with_an_array_and_old_versions_stay(void **state)
{
    struct trie *trie = NULL;
    struct trie *old = NULL;
    uint64_t records[ENTRIES] = {0}; /* 0: not there */
    uint64_t old_records[ENTRIES] = {0};
    uint64_t seed = 11;

    (void)state;
    for (size_t change = 0; change < 20000; change++) {
        size_t i = next_number(&seed) % ENTRIES;
        struct bytes32 id = id_of(i);

        if (change == 10000) {
            old = trie_ref(trie);
            memcpy(old_records, records, sizeof(records));
        }
        if (next_number(&seed) % 3) {
            records[i] = change + 1;
            trie_put(&trie, id.bytes, &records[i], sizeof(records[i]));
        } else {
            records[i] = 0;
            trie_remove(&trie, id.bytes);
        }
    }
    for (size_t i = 0; i < ENTRIES; i++) {
        struct bytes32 id = id_of(i);
        size_t size = 0;
        const void *record = trie_get(trie, id.bytes, &size);
        const void *old_record = trie_get(old, id.bytes, NULL);

        assert_int_equal(record != NULL, records[i] != 0);
        assert_int_equal(old_record != NULL, old_records[i] != 0);
        if (record)
            assert_memory_equal(record, &records[i], size);
        if (old_record)
            assert_memory_equal(old_record, &old_records[i], sizeof(uint64_t));
    }
    trie_unref(trie);
    trie_unref(old);
}

static void a_trie_takes_ids_that_differ_in_their_last_nibble(void **state)
{
    struct trie *trie = NULL;
    struct bytes32 a = {{0}};
    struct bytes32 b = {{0}};

    (void)state;
    b.bytes[31] = 1;
    trie_put(&trie, a.bytes, "a", 1);
    trie_put(&trie, b.bytes, "b", 1);

    assert_memory_equal(trie_get(trie, a.bytes, NULL), "a", 1);
    assert_memory_equal(trie_get(trie, b.bytes, NULL), "b", 1);
    trie_remove(&trie, a.bytes);
    assert_null(trie_get(trie, a.bytes, NULL));
    assert_memory_equal(trie_get(trie, b.bytes, NULL), "b", 1);
    trie_remove(&trie, b.bytes);
    assert_null(trie);
}

static void check_order(void *self, const uint8_t id[32], const void *record, size_t size)
{
    uint8_t(*last)[32] = self;

    (void)record;
    (void)size;
    assert_true(memcmp(*last, id, 32) < 0);
    memcpy(*last, id, 32);
}

static void a_trie_is_walked_in_the_order_of_ids(void **state)
{
    struct trie *trie = NULL;
    uint8_t last[32] = {0};

    (void)state;
    for (uint64_t i = 0; i < ENTRIES; i++) {
        struct bytes32 id = id_of(i);

        trie_put(&trie, id.bytes, "", 0);
    }

    trie_walk(trie, check_order, &last);

    trie_unref(trie);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_table_agrees_with_an_array_through_many_changes),
        cmocka_unit_test(ids_that_collide_on_purpose_are_told_apart),
        cmocka_unit_test(an_empty_table_answers_nothing),
        cmocka_unit_test(a_trie_agrees_with_an_array_and_old_versions_stay),
        cmocka_unit_test(a_trie_takes_ids_that_differ_in_their_last_nibble),
        cmocka_unit_test(a_trie_is_walked_in_the_order_of_ids),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

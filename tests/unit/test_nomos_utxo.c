/* The UTXO tree against the vectors of the node contract (3.10) and against a plain implementation,
 * through holes, forks and everything emptied. */
#include "test_nomos_support.h"

#include "nomos/utxo.h"
#include "nomos/utxo_empty.h"

static struct note note_worth(uint64_t value)
{
    return (struct note){.value = value, .pk = fr_from_u64(value + 1)};
}

static void insert_id(struct utxo *utxo, uint64_t id)
{
    const struct fr element = fr_from_u64(id);
    const struct note note = note_worth(id * 10);

    assert_int_equal(utxo_insert(utxo, &element, &note), UTXO_OK);
}

static void remove_id(struct utxo *utxo, uint64_t id)
{
    const struct fr element = fr_from_u64(id);
    struct note note;

    assert_int_equal(utxo_remove(utxo, &element, &note), UTXO_OK);
    assert_int_equal(note.value, id * 10);
}

static void roots_give_the_vectors(void **state)
{
    struct utxo utxo = {0};
    struct fr root = utxo_root(&utxo);

    (void)state;
    assert_fr(&root, "5409b44c9d50fa2be7cc5bd5658cf762e4a1c7d37221e35f1c3ead102fc03110");
    insert_id(&utxo, 1);
    root = utxo_root(&utxo);
    assert_fr(&root, "98f0338902452cb58b03d91efddc0f95272be0f05c01651eff48bae8f6a1392d");
    insert_id(&utxo, 2);
    insert_id(&utxo, 3);
    root = utxo_root(&utxo);
    assert_fr(&root, "0124e8c34698a791d792b1d19a86b8d866656bbe6326d5299ef2aec8fafed407");
    utxo_done(&utxo);
}

static void constants_of_empty_subtrees_are_what_they_say(void **state)
{
    struct fr empty = fr_zero;

    (void)state;
    for (size_t height = 0; height <= UTXO_HEIGHT; height++) {
        assert_true(fr_equal(&utxo_empty[height], &empty));
        empty = poseidon2_compress(&empty, &empty);
    }
}

/* --- a plain implementation --------------------------------------------------------------- */

#define PLAIN_MAX 256

/* The places one after the other; 0 is a hole. */
struct plain {
    uint64_t places[PLAIN_MAX];
    size_t end;
};

static void plain_insert(struct plain *plain, uint64_t id)
{
    size_t place = 0;

    while (place < plain->end && plain->places[place] != 0)
        place++;
    assert_true(place < PLAIN_MAX);
    plain->places[place] = id;
    if (place == plain->end)
        plain->end++;
}

static void plain_remove(struct plain *plain, uint64_t id)
{
    for (size_t i = 0; i < plain->end; i++)
        if (plain->places[i] == id)
            plain->places[i] = 0;
}

static size_t plain_count(const struct plain *plain)
{
    size_t count = 0;

    for (size_t i = 0; i < plain->end; i++)
        count += plain->places[i] != 0;
    return count;
}

static struct fr plain_root(const struct plain *plain)
{
    struct fr level[PLAIN_MAX];
    struct fr empty = fr_zero;
    size_t width = PLAIN_MAX;

    for (size_t i = 0; i < PLAIN_MAX; i++)
        level[i] = fr_from_u64(i < plain->end ? plain->places[i] : 0);
    for (size_t height = 0; height < UTXO_HEIGHT; height++) {
        for (size_t i = 0; i + 1 < width; i += 2)
            level[i / 2] = poseidon2_compress(&level[i], &level[i + 1]);
        if (width == 1)
            level[0] = poseidon2_compress(&level[0], &empty);
        else
            width /= 2;
        empty = poseidon2_compress(&empty, &empty);
    }
    return level[0];
}

static void assert_same(const struct utxo *utxo, const struct plain *plain)
{
    const struct fr root = utxo_root(utxo);
    const struct fr expected = plain_root(plain);

    assert_true(fr_equal(&root, &expected));
    assert_int_equal(utxo->count, plain_count(plain));
    for (size_t i = 0; i < plain->end; i++) {
        const struct fr id = fr_from_u64(plain->places[i]);
        struct note note;
        uint32_t place;

        if (plain->places[i] == 0)
            continue;
        assert_true(utxo_find(utxo, &id, &note));
        assert_int_equal(note.value, plain->places[i] * 10);
        assert_true(utxo_place(utxo, &id, &place));
        assert_int_equal(place, i);
    }
}

/* A note of the set, chosen by chance. */
static uint64_t any_of(const struct plain *plain, uint64_t *seed)
{
    for (;;) {
        const uint64_t id = plain->places[next_number(seed) % plain->end];

        if (id)
            return id;
    }
}

static void random_step(struct utxo *utxo, struct plain *plain, uint64_t *seed, uint64_t *next_id)
{
    const size_t count = plain_count(plain);
    const bool grows = count == 0 || (count < PLAIN_MAX && next_number(seed) % 100 < 55);

    if (grows) {
        insert_id(utxo, *next_id);
        plain_insert(plain, (*next_id)++);
    } else {
        const uint64_t id = any_of(plain, seed);

        remove_id(utxo, id);
        plain_remove(plain, id);
    }
}

static void tree_agrees_with_a_plain_one_through_holes(void **state)
{
    uint64_t seed = 0xbeef;
    uint64_t next_id = 1;
    struct utxo utxo = {0};
    struct plain plain = {.end = 0};

    (void)state;
    for (size_t step = 0; step < 1500; step++) {
        random_step(&utxo, &plain, &seed, &next_id);
        if (step % 50 == 0)
            assert_same(&utxo, &plain);
    }
    assert_same(&utxo, &plain);
    utxo_done(&utxo);
}

static void versions_go_their_own_ways(void **state)
{
    enum {
        VERSIONS = 6
    };
    uint64_t seed = 0xf0f0;
    uint64_t next_id = 1;
    struct utxo utxos[VERSIONS] = {{0}};
    struct plain plains[VERSIONS] = {{.end = 0}};

    (void)state;
    for (size_t step = 0; step < 2000; step++) {
        const size_t i = next_number(&seed) % VERSIONS;

        if (step % 40 == 0) {
            /* Another version starts over from this one. */
            const size_t other = (i + 1) % VERSIONS;

            utxo_done(&utxos[other]);
            utxos[other] = utxo_copy(&utxos[i]);
            plains[other] = plains[i];
        }
        random_step(&utxos[i], &plains[i], &seed, &next_id);
        if (step % 101 == 0)
            for (size_t j = 0; j < VERSIONS; j++)
                assert_same(&utxos[j], &plains[j]);
    }
    for (size_t i = 0; i < VERSIONS; i++) {
        assert_same(&utxos[i], &plains[i]);
        utxo_done(&utxos[i]);
    }
}

/* --- single behaviours -------------------------------------------------------------------- */

static void set_that_was_emptied_has_the_empty_root_and_fills_from_the_start(void **state)
{
    struct utxo utxo = {0};
    const struct fr empty = utxo_root(&utxo);
    uint32_t place;

    (void)state;
    for (uint64_t id = 1; id <= 20; id++)
        insert_id(&utxo, id);
    for (uint64_t id = 20; id >= 1; id--)
        remove_id(&utxo, id);
    struct fr root = utxo_root(&utxo);
    assert_true(fr_equal(&root, &empty));
    insert_id(&utxo, 77);
    const struct fr id = fr_from_u64(77);
    assert_true(utxo_place(&utxo, &id, &place));
    assert_int_equal(place, 0);
    utxo_done(&utxo);
}

static void insertion_takes_the_lowest_hole_first_and_the_end_last(void **state)
{
    struct utxo utxo = {0};
    static const uint64_t removed[] = {9, 3, 6};
    static const uint32_t expected[] = {2, 5, 8, 10};

    (void)state;
    for (uint64_t id = 1; id <= 10; id++)
        insert_id(&utxo, id);
    for (size_t i = 0; i < 3; i++)
        remove_id(&utxo, removed[i]);
    for (uint64_t i = 0; i < 4; i++) {
        const struct fr id = fr_from_u64(100 + i);
        uint32_t place;

        insert_id(&utxo, 100 + i);
        assert_true(utxo_place(&utxo, &id, &place));
        assert_int_equal(place, expected[i]);
    }
    utxo_done(&utxo);
}

static void note_that_is_there_is_not_inserted_again(void **state)
{
    struct utxo utxo = {0};
    const struct fr id = fr_from_u64(4);
    const struct note other = note_worth(1);
    struct note note;

    (void)state;
    insert_id(&utxo, 4);
    assert_int_equal(utxo_insert(&utxo, &id, &other), UTXO_PRESENT);
    assert_int_equal(utxo.count, 1);
    assert_true(utxo_find(&utxo, &id, &note));
    assert_int_equal(note.value, 40);
    utxo_done(&utxo);
}

static void note_that_is_not_there_cannot_be_removed(void **state)
{
    struct utxo utxo = {0};
    const struct fr id = fr_from_u64(4);
    const struct fr other = fr_from_u64(5);
    uint32_t place;

    (void)state;
    assert_int_equal(utxo_remove(&utxo, &id, NULL), UTXO_MISSING);
    insert_id(&utxo, 4);
    assert_int_equal(utxo_remove(&utxo, &other, NULL), UTXO_MISSING);
    assert_int_equal(utxo_remove(&utxo, &id, NULL), UTXO_OK);
    assert_int_equal(utxo_remove(&utxo, &id, NULL), UTXO_MISSING);
    assert_false(utxo_find(&utxo, &id, NULL));
    assert_false(utxo_place(&utxo, &id, &place));
    utxo_done(&utxo);
}

static void set_with_all_places_taken_is_full(void **state)
{
    /* Nobody has the memory to fill it; a version that says so is enough. */
    struct utxo utxo = {.height = UTXO_HEIGHT,
        .end = UINT32_C(1) << UTXO_HEIGHT,
        .count = UINT32_C(1) << UTXO_HEIGHT};
    const struct fr id = fr_from_u64(4);
    const struct note note = note_worth(1);

    (void)state;
    assert_int_equal(utxo_insert(&utxo, &id, &note), UTXO_FULL);
}

/* Ids that part late: equal in all but the last bits that the index looks at. */
static void ids_that_differ_in_their_last_bits_only_are_told_apart(void **state)
{
    struct utxo utxo = {0};
    struct utxo fork;
    struct fr ids[4];

    (void)state;
    for (size_t i = 0; i < 4; i++) {
        const struct note note = note_worth(i);

        ids[i] = (struct fr){{1, 2, 3, (uint64_t)i << 60}};
        assert_int_equal(utxo_insert(&utxo, &ids[i], &note), UTXO_OK);
    }
    fork = utxo_copy(&utxo);
    for (size_t i = 0; i < 4; i++) {
        struct note note;

        assert_int_equal(utxo_remove(&fork, &ids[i], &note), UTXO_OK);
        assert_int_equal(note.value, i);
        assert_false(utxo_find(&fork, &ids[i], NULL));
        assert_true(utxo_find(&utxo, &ids[i], NULL));
    }
    utxo_done(&fork);
    utxo_done(&utxo);
}

struct seen {
    uint64_t values[8];
    size_t count;
    size_t limit;
};

static bool see(void *context, const struct fr *id, const struct note *note)
{
    struct seen *seen = context;
    const struct fr expected = fr_from_u64(note->value / 10);

    assert_true(fr_equal(id, &expected));
    seen->values[seen->count++] = note->value;
    return seen->count < seen->limit;
}

static void each_note_is_visited_in_order_of_place(void **state)
{
    struct utxo utxo = {0};
    struct seen seen = {.limit = 8};

    (void)state;
    utxo_each(&utxo, see, &seen);
    assert_int_equal(seen.count, 0);
    for (uint64_t id = 1; id <= 5; id++)
        insert_id(&utxo, id);
    remove_id(&utxo, 2);
    utxo_each(&utxo, see, &seen);
    assert_int_equal(seen.count, 4);
    assert_memory_equal(seen.values, ((uint64_t[]){10, 30, 40, 50}), 4 * sizeof(uint64_t));
    utxo_done(&utxo);
}

static void visiting_stops_when_told(void **state)
{
    struct utxo utxo = {0};
    struct seen seen = {.limit = 2};

    (void)state;
    for (uint64_t id = 1; id <= 5; id++)
        insert_id(&utxo, id);
    utxo_each(&utxo, see, &seen);
    assert_int_equal(seen.count, 2);
    utxo_done(&utxo);
}

static void done_takes_nothing_and_empties(void **state)
{
    struct utxo utxo = {0};

    (void)state;
    utxo_done(NULL);
    insert_id(&utxo, 1);
    utxo_done(&utxo);
    assert_int_equal(utxo.count, 0);
    utxo_done(&utxo);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(roots_give_the_vectors),
        cmocka_unit_test(constants_of_empty_subtrees_are_what_they_say),
        cmocka_unit_test(tree_agrees_with_a_plain_one_through_holes),
        cmocka_unit_test(versions_go_their_own_ways),
        cmocka_unit_test(set_that_was_emptied_has_the_empty_root_and_fills_from_the_start),
        cmocka_unit_test(insertion_takes_the_lowest_hole_first_and_the_end_last),
        cmocka_unit_test(note_that_is_there_is_not_inserted_again),
        cmocka_unit_test(note_that_is_not_there_cannot_be_removed),
        cmocka_unit_test(set_with_all_places_taken_is_full),
        cmocka_unit_test(ids_that_differ_in_their_last_bits_only_are_told_apart),
        cmocka_unit_test(each_note_is_visited_in_order_of_place),
        cmocka_unit_test(visiting_stops_when_told),
        cmocka_unit_test(done_takes_nothing_and_empties),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

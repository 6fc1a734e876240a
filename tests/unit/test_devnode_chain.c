/* The tree of blocks and the choice among its branches, by hand-made blocks without contents. */
#include "support/devnode_world.h"

#include "devnode/core/chain.h"
#include "devnode/core/memory.h"

#define WINDOW 30

struct chain_fixture {
    struct chain chain;
    uint64_t made; /* blocks, for their ids */
    size_t left;   /* blocks that left the tree */
};

static struct chain_contents contents_of(
    struct chain_fixture *fixture, uint64_t height, uint64_t slot)
{
    struct chain_contents contents = {.header = {.slot = slot}};

    contents.ledger = memory_new(1, sizeof(struct ledger));
    contents.ledger->owners = 1;
    contents.ledger->height = height;
    fixture->made++;
    memcpy(contents.id.bytes, &fixture->made, sizeof(fixture->made));
    return contents;
}

static int set_up(void **state)
{
    struct chain_fixture *fixture = calloc(1, sizeof(*fixture));
    struct chain_contents genesis = contents_of(fixture, 0, 0);

    chain_init(&fixture->chain, &genesis, 3, WINDOW);
    *state = fixture;
    return 0;
}

static int tear_down(void **state)
{
    struct chain_fixture *fixture = *state;

    chain_done(&fixture->chain);
    free(fixture);
    return 0;
}

/* Adds `count` blocks after `from`, a slot distance apart, and answers the last. */
static struct chain_block *grow(
    struct chain_fixture *fixture, struct chain_block *from, size_t count, uint64_t distance)
{
    for (size_t i = 0; i < count; i++) {
        struct chain_contents contents =
            contents_of(fixture, from->height + 1, from->header.slot + distance);

        from = chain_attach(&fixture->chain, from, &contents);
    }
    return from;
}

static void count_left(void *self, const struct chain_block *block)
{
    struct chain_fixture *fixture = self;

    (void)block;
    fixture->left++;
}

static void online_only_a_longer_branch_is_preferred(void **state)
{
    struct chain_fixture *fixture = *state;
    struct chain *chain = &fixture->chain;
    struct chain_block *genesis = chain->tip;

    chain->is_online = true;
    chain->tip = grow(fixture, genesis, 3, 5);
    struct chain_block *equal = grow(fixture, genesis, 3, 1);
    struct chain_block *longer = grow(fixture, equal, 1, 1);

    assert_false(chain_prefers(chain, chain->tip));
    assert_false(chain_prefers(chain, equal));
    assert_true(chain_prefers(chain, longer));
}

static void bootstrapping_a_short_fork_is_decided_by_length(void **state)
{
    struct chain_fixture *fixture = *state;
    struct chain *chain = &fixture->chain;
    struct chain_block *genesis = chain->tip;

    chain->tip = grow(fixture, genesis, 3, 10);
    struct chain_block *denser = grow(fixture, genesis, 2, 1);
    struct chain_block *longer = grow(fixture, denser, 2, 20);

    assert_false(chain_prefers(chain, denser));
    assert_true(chain_prefers(chain, longer));
}

static void bootstrapping_a_deep_fork_is_decided_by_density_after_it(void **state)
{
    struct chain_fixture *fixture = *state;
    struct chain *chain = &fixture->chain;
    struct chain_block *genesis = chain->tip;

    /* Three blocks of the tip's branch lie within 30 slots of the fork, of the shorter branch's
       five. */
    chain->tip = grow(fixture, genesis, 8, 10);
    struct chain_block *four_in_window = grow(fixture, genesis, 4, 7);
    struct chain_block *three_in_window = grow(fixture, genesis, 3, 9);
    struct chain_block *long_but_sparse = grow(fixture, three_in_window, 20, 100);

    assert_true(chain_prefers(chain, four_in_window));
    assert_false(chain_prefers(chain, three_in_window));
    assert_false(chain_prefers(chain, long_but_sparse));
}

static void the_fork_point_is_the_last_common_block(void **state)
{
    struct chain_fixture *fixture = *state;
    struct chain_block *trunk = grow(fixture, fixture->chain.tip, 4, 1);
    struct chain_block *left = grow(fixture, trunk, 5, 1);
    struct chain_block *right = grow(fixture, trunk, 2, 2);

    assert_ptr_equal(chain_fork_point(left, right), trunk);
    assert_ptr_equal(chain_fork_point(right, left), trunk);
    assert_ptr_equal(chain_fork_point(left, trunk), trunk);
    assert_ptr_equal(chain_fork_point(left, left), left);
}

static void the_lib_is_the_kth_ancestor_once_online(void **state)
{
    struct chain_fixture *fixture = *state;
    struct chain *chain = &fixture->chain;

    chain->tip = grow(fixture, chain->tip, 5, 1);
    assert_null(chain_next_lib(chain, 0));
    chain->is_online = true;

    struct chain_block *next = chain_next_lib(chain, 0);
    assert_int_equal(next->height, 1);
    chain_advance(chain, next, count_left, fixture);
    next = chain_next_lib(chain, 0);
    assert_int_equal(next->height, 2);
    chain_advance(chain, next, count_left, fixture);
    assert_null(chain_next_lib(chain, 0));
    assert_int_equal(chain->lib->height, 2);
}

static void a_lib_from_before_the_restart_is_kept_while_bootstrapping(void **state)
{
    struct chain_fixture *fixture = *state;
    struct chain *chain = &fixture->chain;

    chain->tip = grow(fixture, chain->tip, 10, 1);
    for (uint64_t height = 1; height <= 4; height++) {
        struct chain_block *next = chain_next_lib(chain, 4);

        assert_int_equal(next->height, height);
        chain_advance(chain, next, count_left, fixture);
    }
    assert_null(chain_next_lib(chain, 4));
}

static void advancing_prunes_every_other_branch(void **state)
{
    struct chain_fixture *fixture = *state;
    struct chain *chain = &fixture->chain;
    struct chain_block *genesis = chain->tip;
    struct chain_block *kept = grow(fixture, genesis, 1, 1);

    chain->tip = grow(fixture, kept, 4, 1);
    /* Two branches, one of them forked itself, and one that stays. */
    struct chain_block *gone = grow(fixture, genesis, 3, 2);
    struct bytes32 gone_id = gone->id;
    (void)grow(fixture, gone, 2, 3);
    (void)grow(fixture, gone, 2, 4);
    (void)grow(fixture, genesis, 1, 5);
    struct chain_block *stays = grow(fixture, kept, 2, 6);

    chain_advance(chain, kept, count_left, fixture);

    assert_ptr_equal(chain->lib, kept);
    assert_int_equal(fixture->left, 3 + 2 + 2 + 1 + 1);
    assert_null(chain_find(chain, &gone_id));
    assert_ptr_equal(chain_find(chain, &stays->id), stays);
    assert_int_equal(chain->blocks.used, 1 + 4 + 2);
}

static void a_deep_branch_is_pruned_without_recursion(void **state)
{
    struct chain_fixture *fixture = *state;
    struct chain *chain = &fixture->chain;
    struct chain_block *genesis = chain->tip;
    struct chain_block *kept = grow(fixture, genesis, 1, 1);

    chain->tip = kept;
    (void)grow(fixture, genesis, 200000, 1);

    chain_advance(chain, kept, count_left, fixture);

    assert_int_equal(chain->blocks.used, 1);
}

static void heights_outside_the_tree_have_no_block(void **state)
{
    struct chain_fixture *fixture = *state;
    struct chain *chain = &fixture->chain;

    chain->tip = grow(fixture, chain->tip, 5, 1);
    chain->is_online = true;
    chain_advance(chain, chain_next_lib(chain, 0), count_left, fixture);

    assert_null(chain_at(chain, 0));
    assert_null(chain_at(chain, 6));
    assert_int_equal(chain_at(chain, 1)->height, 1);
    assert_ptr_equal(chain_at(chain, 5), chain->tip);
}

int main(void)
{
#define CHAIN_TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        CHAIN_TEST(online_only_a_longer_branch_is_preferred),
        CHAIN_TEST(bootstrapping_a_short_fork_is_decided_by_length),
        CHAIN_TEST(bootstrapping_a_deep_fork_is_decided_by_density_after_it),
        CHAIN_TEST(the_fork_point_is_the_last_common_block),
        CHAIN_TEST(the_lib_is_the_kth_ancestor_once_online),
        CHAIN_TEST(a_lib_from_before_the_restart_is_kept_while_bootstrapping),
        CHAIN_TEST(advancing_prunes_every_other_branch),
        CHAIN_TEST(a_deep_branch_is_pruned_without_recursion),
        CHAIN_TEST(heights_outside_the_tree_have_no_block),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

#include "tests/fakehost/fakehost.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

/* The window is from 10 s to 70 s, blocks are expected every 2 s (30 of them), so the bar is 15
   blocks and the bound for stalls 30 s. Judgement comes at 90 s. */
enum {
    NODES = 3,
    OPENS = 10,
    CLOSES = 70,
    JUDGED = 90
};

static struct fakehost *network(void)
{
    struct fakehost *f = fake_new();

    fake_nodes(f, "validator", NODES);
    fake_facts(f, 2 * ASSAY_SECOND, 30, 5);
    fake_window(f, OPENS * ASSAY_SECOND, CLOSES * ASSAY_SECOND);
    fake_chain(f, "a", "genesis", 1, 60);
    return f;
}

/* Everything from create to judge, with the rest of the script already written. */
static assay_verdict judge_with(struct fakehost *f, const char *option)
{
    assay_verdict verdict;

    assert_int_equal(fake_create(f, option, NULL), ASSAY_OK);
    fake_advance(f, 9 * ASSAY_SECOND);
    assert_int_equal(fake_prepare(f), ASSAY_OK);
    fake_advance(f, OPENS * ASSAY_SECOND);
    fake_cancel_at(f, (JUDGED - 1) * ASSAY_SECOND);
    assert_int_equal(fake_run(f), ASSAY_E_CANCELLED);
    fake_advance(f, JUDGED * ASSAY_SECOND);
    assert_int_equal(fake_judge(f, &verdict), ASSAY_OK);
    return verdict;
}

#define assert_says(verdict, text)                                                                 \
    do {                                                                                           \
        if (!strstr((verdict).why, (text)))                                                        \
            fail_msg("'%s' does not say '%s'", (verdict).why, (text));                             \
    } while (0)

static void judges(struct fakehost *f, const char *option, uint32_t outcome, const char *text)
{
    assay_verdict verdict = judge_with(f, option);

    if (verdict.outcome != outcome)
        fail_msg("outcome %u instead of %u: %s", verdict.outcome, outcome, verdict.why);
    assert_says(verdict, text);
    fake_free(f);
}

static void all_grow(struct fakehost *f, uint64_t to)
{
    fake_adopt_run(f, ASSAY_ANY_NODE, "a", 1, to, 11 * ASSAY_SECOND, 2 * ASSAY_SECOND);
}

/* ---- pass ---- */

static void a_growing_network_passes_and_tells_how_far_from_the_bars_it_was(void **state)
{
    struct fakehost *f = network();

    (void)state;
    all_grow(f, 40);
    judges(f, NULL, ASSAY_PASS,
        "every node gained at least 30 blocks in 60.0 s (validator-0), bar 15; longest stall 2.0 s "
        "(validator-0, after height 1), bound 30.0 s; none is more than 5 behind");
}

static void blocks_before_and_after_the_window_do_not_count(void **state)
{
    struct fakehost *f = network();

    (void)state;
    fake_adopt_run(f, ASSAY_ANY_NODE, "a", 1, 20, ASSAY_SECOND, ASSAY_SECOND / 4);
    fake_adopt_run(f, ASSAY_ANY_NODE, "a", 21, 34, 11 * ASSAY_SECOND, 4 * ASSAY_SECOND);
    fake_adopt_run(f, ASSAY_ANY_NODE, "a", 35, 55, 71 * ASSAY_SECOND, ASSAY_SECOND / 2);
    judges(f, NULL, ASSAY_FAIL,
        "validator-0: 14 blocks in 60.0 s, bar 15; longest stall 7.0 s after height 34");
}

static void a_node_that_restarts_and_catches_up_passes(void **state)
{
    struct fakehost *f = network();

    (void)state;
    all_grow(f, 40);
    fake_adopt(f, 30 * ASSAY_SECOND + 1, 1, "genesis");
    fake_adopt_run(f, 1, "a", 1, 10, 30 * ASSAY_SECOND + 2, 1);
    judges(f, NULL, ASSAY_PASS, "every node gained at least 30");
}

static void meeting_every_bar_exactly_passes(void **state)
{
    struct fakehost *f = network();

    (void)state;
    /* 15 blocks, a stall of 30 s, 4 of 40 blocks unknown, one node 5 behind. */
    fake_adopt_run(f, ASSAY_ANY_NODE, "a", 1, 20, ASSAY_SECOND, ASSAY_SECOND / 4);
    fake_adopt_run(f, ASSAY_ANY_NODE, "a", 21, 35, 40 * ASSAY_SECOND, 2 * ASSAY_SECOND);
    fake_adopt_run(f, 0, "a", 36, 40, 71 * ASSAY_SECOND, ASSAY_SECOND);
    for (int i = 1; i <= 3; i++) {
        char id[16];

        (void)snprintf(id, sizeof(id), "a%d", i);
        fake_hide(f, id);
    }
    judges(f, NULL, ASSAY_PASS,
        "every node gained at least 15 blocks in 60.0 s (validator-0), bar 15; longest stall 30.0 "
        "s "
        "(validator-0, after height 20), bound 30.0 s");
}

static void the_window_is_open_at_its_start_and_closed_at_its_end(void **state)
{
    struct fakehost *f = network();

    (void)state;
    fake_adopt_run(f, ASSAY_ANY_NODE, "a", 1, 31, OPENS * ASSAY_SECOND, 2 * ASSAY_SECOND);
    judges(f, "min_blocks=30", ASSAY_PASS, "every node gained at least 30 blocks");
}

static void the_least_growth_and_the_longest_stall_are_told_with_their_nodes(void **state)
{
    struct fakehost *f = network();

    (void)state;
    fake_adopt_run(f, ASSAY_ANY_NODE, "a", 1, 20, ASSAY_SECOND, ASSAY_SECOND / 4);
    fake_adopt_run(f, 0, "a", 21, 50, 11 * ASSAY_SECOND, 2 * ASSAY_SECOND);
    fake_adopt_run(f, 1, "a", 21, 48, 11 * ASSAY_SECOND, 2 * ASSAY_SECOND);
    fake_adopt_run(f, 2, "a", 21, 30, 11 * ASSAY_SECOND, 2 * ASSAY_SECOND);
    fake_adopt_run(f, 2, "a", 31, 50, 40 * ASSAY_SECOND, ASSAY_SECOND);
    judges(f, NULL, ASSAY_PASS,
        "every node gained at least 28 blocks in 60.0 s (validator-1), bar 15; longest stall 11.0 "
        "s "
        "(validator-2, after height 30)");
}

static void a_node_left_behind_by_the_last_one_fails(void **state)
{
    struct fakehost *f = network();

    (void)state;
    fake_adopt_run(f, 0, "a", 1, 30, 11 * ASSAY_SECOND, 2 * ASSAY_SECOND);
    fake_adopt_run(f, 1, "a", 1, 30, 11 * ASSAY_SECOND, 2 * ASSAY_SECOND);
    fake_adopt_run(f, 2, "a", 1, 40, 11 * ASSAY_SECOND, 2 * ASSAY_SECOND);
    judges(f, NULL, ASSAY_FAIL, "validator-0: height 30 is 10 behind validator-2 (40)");
}

static void coverage_is_that_of_the_node_known_least(void **state)
{
    struct fakehost *f = network();
    assay_verdict verdict;

    (void)state;
    all_grow(f, 40);
    fake_chain(f, "b", "a38", 39, 40);
    fake_hide(f, "b39");
    fake_adopt(f, 89 * ASSAY_SECOND + 1, 1, "b40");
    verdict = judge_with(f, NULL);

    assert_int_equal(verdict.outcome, ASSAY_PASS);
    assert_true(verdict.coverage > 0.974 && verdict.coverage < 0.976);
    fake_free(f);
}

/* ---- growth ---- */

static void five_blocks_do_not_pass_because_no_node_has_more(void **state)
{
    struct fakehost *f = network();

    (void)state;
    all_grow(f, 5);
    judges(f, NULL, ASSAY_FAIL,
        "validator-2: 5 blocks in 60.0 s, bar 15; longest stall 51.0 s after height 5");
}

static void a_dead_network_fails_even_when_few_blocks_are_expected(void **state)
{
    struct fakehost *f = network();

    (void)state;
    fake_facts(f, 60 * ASSAY_SECOND, 1, 5);
    judges(f, NULL, ASSAY_FAIL, "validator-0: 0 blocks in 60.0 s, bar 1");
}

static void the_bar_can_be_given_as_a_number(void **state)
{
    struct fakehost *f = network();

    (void)state;
    all_grow(f, 40);
    judges(f, "min_blocks=31", ASSAY_FAIL, "30 blocks in 60.0 s, bar 31");
}

static void the_bar_can_be_given_as_a_share(void **state)
{
    struct fakehost *f = network();

    (void)state;
    all_grow(f, 29);
    judges(f, "fraction=1", ASSAY_FAIL, "29 blocks in 60.0 s, bar 30");
}

static void catching_up_to_where_it_was_is_no_growth(void **state)
{
    struct fakehost *f = network();

    (void)state;
    fake_adopt_run(f, ASSAY_ANY_NODE, "a", 1, 20, ASSAY_SECOND, ASSAY_SECOND / 4);
    fake_adopt_run(f, 0, "a", 21, 50, 11 * ASSAY_SECOND, 2 * ASSAY_SECOND);
    fake_adopt_run(f, 1, "a", 21, 50, 11 * ASSAY_SECOND, 2 * ASSAY_SECOND);
    fake_adopt(f, 30 * ASSAY_SECOND, 2, "genesis");
    fake_adopt_run(f, 2, "a", 1, 20, 40 * ASSAY_SECOND, ASSAY_SECOND);
    judges(f, NULL, ASSAY_FAIL,
        "validator-2: 0 blocks in 60.0 s, bar 15; longest stall 60.0 s after height 20\n"
        "validator-2: height 20 is 30 behind validator-0 (50)");
}

static void a_node_that_fell_back_is_judged_by_its_own_height(void **state)
{
    struct fakehost *f = network();

    (void)state;
    all_grow(f, 40);
    fake_adopt(f, 69 * ASSAY_SECOND, 1, "a3");
    fake_adopt_run(f, 1, "a", 31, 40, 71 * ASSAY_SECOND, ASSAY_SECOND);
    judges(f, NULL, ASSAY_FAIL, "validator-1: 3 blocks in 60.0 s, bar 15");
}

/* ---- stalls ---- */

static void a_long_stall_fails_although_enough_blocks_came(void **state)
{
    struct fakehost *f = network();

    (void)state;
    fake_adopt_run(f, ASSAY_ANY_NODE, "a", 1, 10, 11 * ASSAY_SECOND, ASSAY_SECOND);
    fake_adopt_run(f, ASSAY_ANY_NODE, "a", 11, 30, 52 * ASSAY_SECOND, ASSAY_SECOND);
    judges(
        f, NULL, ASSAY_FAIL, "validator-0: no new block for 32.0 s after height 10, bound 30.0 s");
}

static void a_stall_until_the_end_of_the_window_counts(void **state)
{
    struct fakehost *f = network();

    (void)state;
    fake_adopt_run(f, ASSAY_ANY_NODE, "a", 1, 20, 11 * ASSAY_SECOND, ASSAY_SECOND);
    judges(
        f, NULL, ASSAY_FAIL, "validator-0: no new block for 40.0 s after height 20, bound 30.0 s");
}

static void a_stall_from_the_start_of_the_window_counts(void **state)
{
    struct fakehost *f = network();

    (void)state;
    fake_adopt_run(f, ASSAY_ANY_NODE, "a", 1, 2, ASSAY_SECOND, ASSAY_SECOND);
    fake_adopt_run(f, ASSAY_ANY_NODE, "a", 3, 30, 45 * ASSAY_SECOND, ASSAY_SECOND / 2);
    judges(
        f, NULL, ASSAY_FAIL, "validator-0: no new block for 35.0 s after height 2, bound 30.0 s");
}

static void flipping_between_forks_of_one_height_is_a_stall(void **state)
{
    struct fakehost *f = network();

    (void)state;
    fake_chain(f, "b", "a19", 20, 20);
    fake_adopt_run(f, ASSAY_ANY_NODE, "a", 1, 20, 11 * ASSAY_SECOND, ASSAY_SECOND);
    for (int i = 0; i < 20; i++)
        fake_adopt(f, (32 + 2 * i) * ASSAY_SECOND, 0, i % 2 ? "a20" : "b20");
    judges(f, NULL, ASSAY_FAIL, "validator-0: no new block for 40.0 s after height 20");
}

static void the_bound_for_stalls_can_be_given(void **state)
{
    struct fakehost *f = network();

    (void)state;
    all_grow(f, 40);
    judges(f, "stall_max=1500ms", ASSAY_FAIL, "no new block for 2.0 s after height 1, bound 1.5 s");
}

static void a_fast_chain_is_not_held_to_less_than_ten_seconds(void **state)
{
    struct fakehost *f = network();

    (void)state;
    fake_facts(f, ASSAY_SECOND / 10, 30, 5);
    fake_adopt_run(f, ASSAY_ANY_NODE, "a", 1, 30, 11 * ASSAY_SECOND, 2 * ASSAY_SECOND);
    judges(f, NULL, ASSAY_PASS, "bound 10.0 s");
}

/* ---- lag ---- */

static void a_node_left_behind_fails(void **state)
{
    struct fakehost *f = network();

    (void)state;
    fake_adopt_run(f, 0, "a", 1, 40, 11 * ASSAY_SECOND, 2 * ASSAY_SECOND);
    fake_adopt_run(f, 1, "a", 1, 40, 11 * ASSAY_SECOND, 2 * ASSAY_SECOND);
    fake_adopt_run(f, 2, "a", 1, 34, 11 * ASSAY_SECOND, 2 * ASSAY_SECOND);
    judges(f, NULL, ASSAY_FAIL,
        "validator-2: height 34 is 6 behind validator-0 (40) at the judgement, bound 5");
}

static void a_lag_within_the_bound_passes(void **state)
{
    struct fakehost *f = network();

    (void)state;
    fake_adopt_run(f, 0, "a", 1, 40, 11 * ASSAY_SECOND, 2 * ASSAY_SECOND);
    fake_adopt_run(f, 1, "a", 1, 40, 11 * ASSAY_SECOND, 2 * ASSAY_SECOND);
    fake_adopt_run(f, 2, "a", 1, 35, 11 * ASSAY_SECOND, 2 * ASSAY_SECOND);
    judges(f, NULL, ASSAY_PASS, "every node");
}

/* ---- what was not seen ---- */

static void a_node_that_no_longer_answers_fails(void **state)
{
    struct fakehost *f = network();

    (void)state;
    all_grow(f, 40);
    fake_unreachable(f, 30 * ASSAY_SECOND + 500 * ASSAY_MS, 1);
    judges(f, NULL, ASSAY_FAIL,
        "validator-1: has not answered since 30.5 s (height 10 then), although others do");
}

static void a_node_that_no_longer_answers_can_be_left_undecided(void **state)
{
    struct fakehost *f = network();

    (void)state;
    all_grow(f, 40);
    fake_unreachable(f, 30 * ASSAY_SECOND, 1);
    judges(
        f, "unreachable=undecided", ASSAY_UNDECIDED, "validator-1: has not answered since 30.0 s");
}

static void a_network_that_nobody_can_see_is_undecided(void **state)
{
    struct fakehost *f = network();

    (void)state;
    all_grow(f, 40);
    for (uint32_t i = 0; i < NODES; i++)
        fake_unreachable(f, 80 * ASSAY_SECOND, i);
    judges(f, NULL, ASSAY_UNDECIDED, "and no other node answers either");
}

static void a_node_that_was_never_seen_is_undecided(void **state)
{
    struct fakehost *f = network();

    (void)state;
    all_grow(f, 40);
    fake_unreachable(f, 0, 1);
    judges(f, NULL, ASSAY_UNDECIDED, "validator-1: could never be observed");
}

static void the_judgement_waits_for_a_node_that_answers_again_soon(void **state)
{
    struct fakehost *f = network();

    (void)state;
    all_grow(f, 40);
    fake_unreachable(f, 85 * ASSAY_SECOND, 1);
    fake_reachable(f, 95 * ASSAY_SECOND, 1);
    judges(f, NULL, ASSAY_PASS, "every node");
}

static void the_judgement_does_not_wait_longer_than_its_patience(void **state)
{
    struct fakehost *f = network();

    (void)state;
    all_grow(f, 40);
    fake_unreachable(f, 85 * ASSAY_SECOND, 1);
    fake_reachable(f, 95 * ASSAY_SECOND, 1);
    judges(f, "patience=4s", ASSAY_FAIL, "validator-1: has not answered since 85.0 s");
}

static void blindness_that_may_hide_the_end_of_a_stall_is_undecided(void **state)
{
    struct fakehost *f = network();

    (void)state;
    all_grow(f, 40);
    fake_unreachable(f, 20 * ASSAY_SECOND, 1);
    fake_reachable(f, 52 * ASSAY_SECOND, 1); /* it grew all the time, unseen */
    judges(f, NULL, ASSAY_UNDECIDED,
        "validator-1: longest stall 33.0 s after height 5, bound 30.0 s, but it could not be "
        "observed for up to 32.0 s");
}

static void blindness_for_most_of_the_bound_is_no_pass(void **state)
{
    struct fakehost *f = network();

    (void)state;
    all_grow(f, 40);
    fake_unreachable(f, 20 * ASSAY_SECOND, 1);
    fake_reachable(f, 40 * ASSAY_SECOND, 1); /* 21 s without a block are seen; it may be 41 */
    judges(f, NULL, ASSAY_UNDECIDED, "validator-1: longest stall 21.0 s");
}

static void a_stall_longer_than_blindness_explains_fails(void **state)
{
    struct fakehost *f = network();

    (void)state;
    fake_adopt_run(f, ASSAY_ANY_NODE, "a", 1, 16, 11 * ASSAY_SECOND, ASSAY_SECOND);
    fake_unreachable(f, 30 * ASSAY_SECOND, 1);
    fake_reachable(f, 36 * ASSAY_SECOND, 1);
    judges(f, NULL, ASSAY_FAIL, "validator-1: no new block for 44.0 s after height 16");
}

static void few_blocks_while_blind_are_undecided_when_more_may_have_come(void **state)
{
    struct fakehost *f = network();

    (void)state;
    all_grow(f, 40);
    fake_unreachable(f, 36 * ASSAY_SECOND, 1);
    fake_reachable(f, 80 * ASSAY_SECOND, 1);
    judges(f, "stall_max=10m", ASSAY_UNDECIDED,
        "validator-1: 13 blocks seen in 60.0 s, bar 15; more may have come unseen");
}

static void few_blocks_fail_when_all_since_the_window_would_not_do(void **state)
{
    struct fakehost *f = network();

    (void)state;
    fake_adopt_run(f, 0, "a", 1, 40, 11 * ASSAY_SECOND, 2 * ASSAY_SECOND);
    fake_adopt_run(f, 2, "a", 1, 40, 11 * ASSAY_SECOND, 2 * ASSAY_SECOND);
    fake_adopt_run(f, 1, "a", 1, 14, 11 * ASSAY_SECOND, 2 * ASSAY_SECOND);
    fake_unreachable(f, 31 * ASSAY_SECOND, 1);
    fake_reachable(f, 80 * ASSAY_SECOND, 1);
    judges(f, NULL, ASSAY_FAIL, "validator-1: 11 blocks in 60.0 s, bar 15");
}

/* The chain is at 20 when the window opens; node 1 is seen again once it is at `first`. */
static struct fakehost *network_not_seen_until(uint64_t first)
{
    struct fakehost *f = network();

    fake_unreachable(f, ASSAY_SECOND, 1);
    fake_adopt_run(f, ASSAY_ANY_NODE, "a", 1, 20, 2 * ASSAY_SECOND, ASSAY_SECOND / 4);
    fake_adopt_run(f, ASSAY_ANY_NODE, "a", 21, 40, 11 * ASSAY_SECOND, 2 * ASSAY_SECOND);
    fake_reachable(f, (12 + 2 * (int64_t)(first - 21)) * ASSAY_SECOND, 1);
    return f;
}

static void blocks_from_before_the_window_cannot_help_a_node_that_was_not_seen(void **state)
{
    (void)state;
    judges(network_not_seen_until(26), NULL, ASSAY_UNDECIDED,
        "validator-1: could not be observed when the window opened, so 26 of its 40 blocks may be "
        "older, bar 15");
}

static void blocks_since_the_first_look_do_when_they_are_enough(void **state)
{
    (void)state;
    judges(network_not_seen_until(25), "stall_max=10m", ASSAY_PASS,
        "every node gained at least 15 blocks in 60.0 s (validator-1), bar 15");
}

static void a_node_not_seen_until_after_the_window_is_undecided(void **state)
{
    struct fakehost *f = network();

    (void)state;
    fake_unreachable(f, ASSAY_SECOND, 1);
    all_grow(f, 40);
    fake_reachable(f, (CLOSES + 1) * ASSAY_SECOND, 1);
    judges(f, "stall_max=10m", ASSAY_UNDECIDED, "validator-1: 0 blocks seen in 60.0 s, bar 15");
}

static void unknown_blocks_are_undecided(void **state)
{
    struct fakehost *f = network();
    char id[16];

    (void)state;
    all_grow(f, 40);
    for (int i = 5; i <= 9; i++) {
        (void)snprintf(id, sizeof(id), "a%d", i);
        fake_hide(f, id);
    }
    judges(f, NULL, ASSAY_UNDECIDED, "validator-0: 35 of 40 blocks are known, needed 90 %");
}

static void lost_observations_are_undecided(void **state)
{
    struct fakehost *f = network();

    (void)state;
    all_grow(f, 40);
    fake_lose(f, 30 * ASSAY_SECOND, 7);
    judges(f, NULL, ASSAY_UNDECIDED, "7 observations of blocks were lost");
}

static void a_definite_failure_beats_what_could_not_be_decided(void **state)
{
    struct fakehost *f = network();

    (void)state;
    all_grow(f, 5);
    fake_hide(f, "a2");
    judges(f, NULL, ASSAY_FAIL, "bar 15");
}

static void without_facts_and_options_there_is_no_verdict(void **state)
{
    struct fakehost *f = network();

    (void)state;
    all_grow(f, 40);
    fake_facts(f, 0, 0, 0);
    judges(f, "lag_max=5", ASSAY_UNDECIDED,
        "no bar: the system does not say how many blocks to expect; set min_blocks\n"
        "no bound for stalls");
}

static void a_run_cut_short_is_undecided(void **state)
{
    struct fakehost *f = network();
    assay_verdict verdict;

    (void)state;
    all_grow(f, 40);
    assert_int_equal(fake_create(f, NULL), ASSAY_OK);
    assert_int_equal(fake_prepare(f), ASSAY_OK);
    fake_advance(f, OPENS * ASSAY_SECOND);
    fake_cancel_at(f, 30 * ASSAY_SECOND);
    assert_int_equal(fake_run(f), ASSAY_E_CANCELLED);
    assert_int_equal(fake_judge(f, &verdict), ASSAY_OK);

    assert_int_equal(verdict.outcome, ASSAY_UNDECIDED);
    assert_string_equal(verdict.why, "the run was cut short after 20.0 s of its window of 60.0 s");
    fake_free(f);
}

static void a_window_that_never_opened_is_undecided(void **state)
{
    struct fakehost *f = network();
    assay_verdict verdict;

    (void)state;
    assert_int_equal(fake_create(f, NULL), ASSAY_OK);
    assert_int_equal(fake_prepare(f), ASSAY_OK);
    assert_int_equal(fake_judge(f, &verdict), ASSAY_OK);
    assert_int_equal(verdict.outcome, ASSAY_UNDECIDED);
    assert_says(verdict, "the window never opened");
    fake_free(f);
}

static void a_network_without_nodes_is_vacuous(void **state)
{
    struct fakehost *f = fake_new();

    (void)state;
    fake_window(f, OPENS * ASSAY_SECOND, CLOSES * ASSAY_SECOND);
    judges(f, NULL, ASSAY_VACUOUS, "there are no nodes");
}

static void many_failing_nodes_are_counted_when_there_is_no_room_for_all(void **state)
{
    struct fakehost *f = fake_new();

    (void)state;
    fake_nodes(f, "validator", 40);
    fake_facts(f, 2 * ASSAY_SECOND, 30, 5);
    fake_window(f, OPENS * ASSAY_SECOND, CLOSES * ASSAY_SECOND);
    judges(f, NULL, ASSAY_FAIL, " more)");
}

/* ---- torture ---- */

static assay_status live(struct fakehost *f, assay_verdict *verdict)
{
    assay_status s = fake_create(f, NULL);

    if (!s)
        s = fake_prepare(f);
    if (s)
        return s;
    fake_advance(f, OPENS * ASSAY_SECOND);
    fake_cancel_at(f, (JUDGED - 1) * ASSAY_SECOND);
    s = fake_run(f);
    if (s != ASSAY_E_CANCELLED)
        return s;
    return fake_judge(f, verdict);
}

static struct fakehost *growing_network(void)
{
    struct fakehost *f = network();

    all_grow(f, 40);
    return f;
}

static void never_passes_when_any_call_fails(void **state)
{
    const struct fake_life life = {.make = growing_network, .live = live, .outcome = ASSAY_PASS};

    (void)state;
    assert_true(fake_fail_each_call(&life, ASSAY_E_NOMEM) > 100);
}

static void never_passes_when_cancelled_at_any_wait(void **state)
{
    uint64_t waits;
    struct fakehost *f = growing_network();
    assay_verdict verdict;

    (void)state;
    assert_int_equal(live(f, &verdict), ASSAY_OK);
    waits = fake_blocking_calls(f);
    fake_free(f);
    assert_true(waits > 90);

    for (uint64_t nth = 1; nth <= waits; nth++) {
        f = growing_network();
        fake_cancel_call(f, nth);
        if (live(f, &verdict) == ASSAY_OK && fake_now(f) < CLOSES * ASSAY_SECOND)
            assert_int_equal(verdict.outcome, ASSAY_UNDECIDED);
        fake_free(f);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_growing_network_passes_and_tells_how_far_from_the_bars_it_was),
        cmocka_unit_test(blocks_before_and_after_the_window_do_not_count),
        cmocka_unit_test(a_node_that_restarts_and_catches_up_passes),
        cmocka_unit_test(meeting_every_bar_exactly_passes),
        cmocka_unit_test(the_window_is_open_at_its_start_and_closed_at_its_end),
        cmocka_unit_test(the_least_growth_and_the_longest_stall_are_told_with_their_nodes),
        cmocka_unit_test(a_node_left_behind_by_the_last_one_fails),
        cmocka_unit_test(coverage_is_that_of_the_node_known_least),
        cmocka_unit_test(five_blocks_do_not_pass_because_no_node_has_more),
        cmocka_unit_test(a_dead_network_fails_even_when_few_blocks_are_expected),
        cmocka_unit_test(the_bar_can_be_given_as_a_number),
        cmocka_unit_test(the_bar_can_be_given_as_a_share),
        cmocka_unit_test(catching_up_to_where_it_was_is_no_growth),
        cmocka_unit_test(a_node_that_fell_back_is_judged_by_its_own_height),
        cmocka_unit_test(a_long_stall_fails_although_enough_blocks_came),
        cmocka_unit_test(a_stall_until_the_end_of_the_window_counts),
        cmocka_unit_test(a_stall_from_the_start_of_the_window_counts),
        cmocka_unit_test(flipping_between_forks_of_one_height_is_a_stall),
        cmocka_unit_test(the_bound_for_stalls_can_be_given),
        cmocka_unit_test(a_fast_chain_is_not_held_to_less_than_ten_seconds),
        cmocka_unit_test(a_node_left_behind_fails),
        cmocka_unit_test(a_lag_within_the_bound_passes),
        cmocka_unit_test(a_node_that_no_longer_answers_fails),
        cmocka_unit_test(a_node_that_no_longer_answers_can_be_left_undecided),
        cmocka_unit_test(a_network_that_nobody_can_see_is_undecided),
        cmocka_unit_test(a_node_that_was_never_seen_is_undecided),
        cmocka_unit_test(the_judgement_waits_for_a_node_that_answers_again_soon),
        cmocka_unit_test(the_judgement_does_not_wait_longer_than_its_patience),
        cmocka_unit_test(blindness_that_may_hide_the_end_of_a_stall_is_undecided),
        cmocka_unit_test(blindness_for_most_of_the_bound_is_no_pass),
        cmocka_unit_test(a_stall_longer_than_blindness_explains_fails),
        cmocka_unit_test(few_blocks_while_blind_are_undecided_when_more_may_have_come),
        cmocka_unit_test(few_blocks_fail_when_all_since_the_window_would_not_do),
        cmocka_unit_test(blocks_from_before_the_window_cannot_help_a_node_that_was_not_seen),
        cmocka_unit_test(blocks_since_the_first_look_do_when_they_are_enough),
        cmocka_unit_test(a_node_not_seen_until_after_the_window_is_undecided),
        cmocka_unit_test(unknown_blocks_are_undecided),
        cmocka_unit_test(lost_observations_are_undecided),
        cmocka_unit_test(a_definite_failure_beats_what_could_not_be_decided),
        cmocka_unit_test(without_facts_and_options_there_is_no_verdict),
        cmocka_unit_test(a_run_cut_short_is_undecided),
        cmocka_unit_test(a_window_that_never_opened_is_undecided),
        cmocka_unit_test(a_network_without_nodes_is_vacuous),
        cmocka_unit_test(many_failing_nodes_are_counted_when_there_is_no_room_for_all),
        cmocka_unit_test(never_passes_when_any_call_fails),
        cmocka_unit_test(never_passes_when_cancelled_at_any_wait),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

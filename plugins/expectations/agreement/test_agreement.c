#include "tests/fakehost/fakehost.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

/* Everything in the script has happened by then. Blocks are final at a depth of 5. */
#define JUDGED (90 * ASSAY_SECOND)

enum {
    NODES = 3,
    FINAL_DEPTH = 5
};

/* Chain a to height 30, and chain b that leaves it after height 10. */
static struct fakehost *network(void)
{
    struct fakehost *f = fake_new();

    fake_nodes(f, "validator", NODES);
    fake_facts(f, 2 * ASSAY_SECOND, 30, FINAL_DEPTH);
    fake_chain(f, "a", "genesis", 1, 30);
    fake_chain(f, "b", "a10", 11, 30);
    return f;
}

static void at_tip(struct fakehost *f, uint32_t node, const char *tip, const char *final)
{
    fake_adopt(f, ASSAY_SECOND, node, tip);
    if (final)
        fake_final(f, ASSAY_SECOND, node, final);
}

static void all_at(struct fakehost *f, const char *tip, const char *final)
{
    for (uint32_t i = 0; i < NODES; i++)
        at_tip(f, i, tip, final);
}

static assay_status live(struct fakehost *f, const char *option, assay_verdict *verdict)
{
    assay_status s = fake_create(f, option, NULL);

    if (!s)
        s = fake_prepare(f);
    if (s)
        return s;
    fake_advance(f, JUDGED);
    return fake_judge(f, verdict);
}

static void judges(struct fakehost *f, const char *option, uint32_t outcome, const char *text)
{
    assay_verdict verdict;

    assert_int_equal(live(f, option, &verdict), ASSAY_OK);
    if (verdict.outcome != outcome)
        fail_msg("outcome %u instead of %u: %s", verdict.outcome, outcome, verdict.why);
    if (!strstr(verdict.why, text))
        fail_msg("'%s' does not say '%s'", verdict.why, text);
    fake_free(f);
}

/* ---- pass, vacuous ---- */

static void nodes_with_one_chain_agree(void **state)
{
    struct fakehost *f = network();

    (void)state;
    all_at(f, "a30", "a25");
    judges(f, NULL, ASSAY_PASS,
        "3 nodes: the same final blocks up to height 25; tips at 30 to 30, bound 5 apart; deepest "
        "fork 0, bound 5");
}

static void a_node_that_is_merely_behind_agrees(void **state)
{
    struct fakehost *f = network();

    (void)state;
    all_at(f, "a30", "a25");
    at_tip(f, 2, "a25", "a20");
    judges(f, NULL, ASSAY_PASS, "tips at 25 to 30, bound 5 apart; deepest fork 0");
}

static void chains_without_final_blocks_are_compared_as_they_are(void **state)
{
    struct fakehost *f = network();

    (void)state;
    all_at(f, "a4", NULL);
    judges(
        f, NULL, ASSAY_PASS, "no block is final yet, chains compared as they are; tips at 4 to 4");
}

static void a_short_fork_agrees(void **state)
{
    struct fakehost *f = network();

    (void)state;
    all_at(f, "a15", "a10");
    at_tip(f, 1, "b12", "a7");
    judges(f, NULL, ASSAY_PASS, "tips at 12 to 15, bound 5 apart; deepest fork 5, bound 5");
}

static void the_highest_node_need_not_be_the_first(void **state)
{
    struct fakehost *f = network();

    (void)state;
    at_tip(f, 0, "a26", "a21");
    at_tip(f, 1, "a28", "a23");
    at_tip(f, 2, "a30", "a25");
    judges(f, NULL, ASSAY_PASS, "the same final blocks up to height 25; tips at 26 to 30");
}

static void two_nodes_are_enough_to_agree(void **state)
{
    struct fakehost *f = fake_new();

    (void)state;
    fake_nodes(f, "validator", 2);
    fake_facts(f, 2 * ASSAY_SECOND, 30, FINAL_DEPTH);
    fake_chain(f, "a", "genesis", 1, 10);
    at_tip(f, 0, "a10", "a5");
    at_tip(f, 1, "a10", "a5");
    judges(f, NULL, ASSAY_PASS, "2 nodes");
}

static void coverage_at_the_bar_is_enough(void **state)
{
    struct fakehost *f = network();

    (void)state;
    all_at(f, "a15", "a10");
    fake_hide(f, "a3");
    judges(f, NULL, ASSAY_PASS, "3 nodes: the same final blocks up to height 10");
}

static void nothing_beyond_genesis_is_vacuous(void **state)
{
    struct fakehost *f = network();

    (void)state;
    judges(f, NULL, ASSAY_VACUOUS, "no node has a block beyond genesis");
}

static void one_node_has_nobody_to_agree_with(void **state)
{
    struct fakehost *f = fake_new();

    (void)state;
    fake_nodes(f, "validator", 1);
    judges(f, NULL, ASSAY_VACUOUS, "there is nothing to compare: the network has 1 node");
}

/* ---- final blocks ---- */

static void different_final_blocks_fail_and_name_height_ids_and_nodes(void **state)
{
    struct fakehost *f = network();

    (void)state;
    at_tip(f, 0, "a18", "a13");
    at_tip(f, 1, "b18", "b13");
    at_tip(f, 2, "a18", "a13");
    judges(f, "fork_depth_max=100", ASSAY_FAIL,
        "final blocks differ from height 11 on: a11 on validator-0, validator-2; b11 on "
        "validator-1");
}

static void each_side_is_named_once(void **state)
{
    struct fakehost *f = network();
    assay_verdict verdict;

    (void)state;
    at_tip(f, 0, "a18", "a13");
    at_tip(f, 1, "b18", "b13");
    at_tip(f, 2, "b18", "b13");
    assert_int_equal(live(f, "fork_depth_max=100", &verdict), ASSAY_OK);
    assert_string_equal(verdict.why,
        "final blocks differ from height 11 on: a11 on validator-0; b11 "
        "on validator-1, validator-2");
    fake_free(f);
}

static void final_blocks_are_compared_below_the_highest_too(void **state)
{
    struct fakehost *f = network();

    (void)state;
    all_at(f, "a30", "a25");
    at_tip(f, 2, "b29", "b11"); /* behind with its final block, and not on the chain */
    judges(f, "fork_depth_max=100", ASSAY_FAIL,
        "final blocks differ from height 11 on: a11 on validator-0, validator-1; b11 on "
        "validator-2");
}

static void final_blocks_of_a_node_that_is_gone_still_count(void **state)
{
    struct fakehost *f = network();

    (void)state;
    all_at(f, "a30", "a25");
    at_tip(f, 2, "b30", "b25");
    fake_unreachable(f, 50 * ASSAY_SECOND, 2);
    judges(f, "allow_unreachable=1", ASSAY_FAIL, "final blocks differ from height 11 on");
}

static void a_node_that_takes_a_final_block_back_fails(void **state)
{
    struct fakehost *f = network();

    (void)state;
    all_at(f, "a30", "a25");
    fake_takes_back_final(f, 1, 3);
    judges(f, NULL, ASSAY_FAIL,
        "validator-1: took back final blocks at 3 heights; its chain is now 30 high, 25 final");
}

/* All of them agree with each other, on a chain that nobody has called final yet. */
static void nodes_that_all_begin_again_have_taken_final_blocks_back(void **state)
{
    struct fakehost *f = network();

    (void)state;
    all_at(f, "a30", "a25");
    fake_chain(f, "c", "genesis", 1, 12);
    for (uint32_t i = 0; i < NODES; i++) {
        fake_adopt(f, 2 * ASSAY_SECOND, i, "genesis");
        fake_adopt(f, 3 * ASSAY_SECOND, i, "c12");
    }
    judges(f, NULL, ASSAY_FAIL,
        "validator-0: called blocks up to height 25 final and is not on them any more: at height "
        "12 it holds c12, and had called a12 final");
}

static void a_node_on_its_way_back_to_its_final_blocks_has_taken_none_back(void **state)
{
    struct fakehost *f = network();

    (void)state;
    all_at(f, "a30", "a25");
    fake_adopt(f, 2 * ASSAY_SECOND, 1, "genesis");
    fake_adopt(f, 3 * ASSAY_SECOND, 1, "a12");
    judges(f, "spread_max=20", ASSAY_PASS, "tips at 12 to 30");
}

static void more_chains_than_can_be_named_are_cut_short(void **state)
{
    struct fakehost *f = fake_new();
    char prefix[2] = "a";
    char tip[16];

    (void)state;
    fake_nodes(f, "validator", 26);
    fake_facts(f, 2 * ASSAY_SECOND, 30, FINAL_DEPTH);
    for (uint32_t i = 0; i < 26; i++, prefix[0]++) {
        fake_chain(f, prefix, "genesis", 1, 9);
        (void)snprintf(tip, sizeof(tip), "%s9", prefix);
        at_tip(f, i, tip, tip);
    }
    judges(f, NULL, ASSAY_FAIL,
        "final blocks differ from height 1 on: a1 on validator-0; b1 on validator-1; c1 on");
}

/* ---- tips ---- */

static void a_deep_fork_fails_and_says_where_chains_part(void **state)
{
    struct fakehost *f = network();

    (void)state;
    all_at(f, "a16", NULL);
    at_tip(f, 1, "b15", NULL);
    judges(f, NULL, ASSAY_FAIL,
        "chains part after height 10 and have not met in 6 blocks, bound 5; height 11 is a11 on "
        "validator-0, validator-2; b11 on validator-1");
}

static void a_fork_from_genesis_is_a_fork(void **state)
{
    struct fakehost *f = network();

    (void)state;
    fake_chain(f, "c", "genesis", 1, 8);
    all_at(f, "a8", NULL);
    at_tip(f, 0, "c8", NULL);
    judges(f, NULL, ASSAY_FAIL, "chains part after height 0 and have not met in 8 blocks");
}

static void two_laggards_on_a_fork_of_their_own_are_found(void **state)
{
    struct fakehost *f = network();

    (void)state;
    at_tip(f, 0, "a17", NULL);
    at_tip(f, 1, "b12", NULL);
    at_tip(f, 2, "b12", NULL);
    judges(f, NULL, ASSAY_FAIL, "chains part after height 10 and have not met in 7 blocks");
}

static void the_bound_for_forks_can_be_given(void **state)
{
    struct fakehost *f = network();

    (void)state;
    all_at(f, "a12", NULL);
    at_tip(f, 1, "b12", NULL);
    judges(f, "fork_depth_max=1", ASSAY_FAIL, "have not met in 2 blocks, bound 1");
}

static void without_a_bound_for_forks_different_tips_are_undecided(void **state)
{
    struct fakehost *f = network();

    (void)state;
    fake_facts(f, 0, 0, 0);
    all_at(f, "a12", NULL);
    at_tip(f, 1, "b12", NULL);
    judges(f, NULL, ASSAY_UNDECIDED, "set fork_depth_max");
}

static void without_a_bound_for_forks_equal_tips_agree(void **state)
{
    struct fakehost *f = network();

    (void)state;
    fake_facts(f, 0, 0, 0);
    all_at(f, "a12", NULL);
    judges(f, NULL, ASSAY_PASS, "tips at 12 to 12");
}

static void a_wide_spread_of_heights_fails(void **state)
{
    struct fakehost *f = network();

    (void)state;
    all_at(f, "a20", "a15");
    at_tip(f, 2, "a8", "a3");
    judges(f, NULL, ASSAY_FAIL,
        "tips are 12 heights apart: validator-2 at 8, validator-0 at 20; bound 5");
}

/* ---- what was not seen ---- */

static void a_node_that_does_not_answer_is_undecided(void **state)
{
    struct fakehost *f = network();

    (void)state;
    all_at(f, "a30", "a25");
    fake_unreachable(f, 50 * ASSAY_SECOND, 1);
    judges(f, NULL, ASSAY_UNDECIDED, "validator-1: does not answer, last height 30, 25 final");
}

static void a_node_that_may_be_gone_is_left_out(void **state)
{
    struct fakehost *f = network();

    (void)state;
    all_at(f, "a30", "a25");
    at_tip(f, 1, "a6", "a1");
    fake_unreachable(f, 50 * ASSAY_SECOND, 1);
    judges(f, "allow_unreachable=1", ASSAY_PASS, "2 nodes: the same final blocks up to height 25");
}

static void one_node_left_is_undecided_whatever_is_allowed(void **state)
{
    struct fakehost *f = network();

    (void)state;
    all_at(f, "a30", "a25");
    fake_unreachable(f, 50 * ASSAY_SECOND, 1);
    fake_unreachable(f, 50 * ASSAY_SECOND, 2);
    judges(f, "allow_unreachable=3", ASSAY_UNDECIDED, "validator-1: does not answer");
}

static void nobody_left_is_undecided(void **state)
{
    struct fakehost *f = network();

    (void)state;
    all_at(f, "a30", "a25");
    for (uint32_t i = 0; i < NODES; i++)
        fake_unreachable(f, 50 * ASSAY_SECOND, i);
    judges(f, "allow_unreachable=3", ASSAY_UNDECIDED, "validator-2: does not answer");
}

static void the_judgement_waits_for_a_node_that_answers_again_soon(void **state)
{
    struct fakehost *f = network();

    (void)state;
    all_at(f, "a30", "a25");
    fake_unreachable(f, JUDGED - ASSAY_SECOND, 1);
    fake_reachable(f, JUDGED + 5 * ASSAY_SECOND, 1);
    judges(f, NULL, ASSAY_PASS, "3 nodes");
}

static void the_judgement_does_not_wait_longer_than_its_patience(void **state)
{
    struct fakehost *f = network();

    (void)state;
    all_at(f, "a30", "a25");
    fake_unreachable(f, JUDGED - ASSAY_SECOND, 1);
    fake_reachable(f, JUDGED + 5 * ASSAY_SECOND, 1);
    judges(f, "patience=4s", ASSAY_UNDECIDED, "validator-1: does not answer");
}

static void unknown_final_blocks_are_undecided(void **state)
{
    struct fakehost *f = network();

    (void)state;
    all_at(f, "a30", "a25");
    fake_hide(f, "a3");
    fake_hide(f, "a4");
    fake_hide(f, "a5");
    judges(f, NULL, ASSAY_UNDECIDED, "66 of 75 blocks to compare are known, needed 90 %");
}

static void unknown_blocks_before_finality_are_undecided(void **state)
{
    struct fakehost *f = network();

    (void)state;
    all_at(f, "a4", NULL);
    fake_hide(f, "a2");
    judges(f, NULL, ASSAY_UNDECIDED, "9 of 12 blocks to compare are known, needed 90 %");
}

static void a_fork_that_may_be_too_deep_is_undecided(void **state)
{
    struct fakehost *f = network();

    (void)state;
    all_at(f, "a16", NULL);
    at_tip(f, 1, "b16", NULL);
    fake_hide(f, "a11"); /* they surely differ from 12 on: 5 blocks; perhaps already before */
    judges(f, "min_coverage=0.5", ASSAY_UNDECIDED, "chains part between heights 10 and 11");
}

static void an_unknown_tip_is_no_fork(void **state)
{
    struct fakehost *f = network();

    (void)state;
    all_at(f, "a16", "a11");
    fake_hide(f, "a16");
    judges(f, "fork_depth_max=1", ASSAY_PASS, "deepest fork 0");
}

static void hide(struct fakehost *f, int from, int to)
{
    char id[16];

    for (int height = from; height <= to; height++) {
        (void)snprintf(id, sizeof(id), "a%d", height);
        fake_hide(f, id);
    }
}

static void tips_that_are_unknown_for_longer_than_a_fork_may_be_deep_are_undecided(void **state)
{
    struct fakehost *f = network();

    (void)state;
    all_at(f, "a30", "a24");
    hide(f, 25, 30);
    judges(f, NULL, ASSAY_UNDECIDED,
        "validator-1 and validator-0 hold the same chain up to height 24, and may part after it");
}

static void nothing_known_is_no_agreement_however_little_is_asked_for(void **state)
{
    struct fakehost *f = network();

    (void)state;
    all_at(f, "a30", "a25");
    hide(f, 1, 25);
    judges(f, "min_coverage=0", ASSAY_UNDECIDED, "0 of 75 blocks to compare are known");
}

static void a_definite_failure_beats_what_could_not_be_decided(void **state)
{
    struct fakehost *f = network();

    (void)state;
    all_at(f, "a16", NULL);
    at_tip(f, 1, "b16", NULL);
    fake_unreachable(f, 50 * ASSAY_SECOND, 2);
    judges(f, NULL, ASSAY_FAIL, "chains part after height 10");
}

/* ---- torture ---- */

static assay_status live_by_default(struct fakehost *f, assay_verdict *verdict)
{
    return live(f, NULL, verdict);
}

static struct fakehost *agreeing_network(void)
{
    struct fakehost *f = network();

    all_at(f, "a30", "a25");
    at_tip(f, 1, "a28", "a23");
    return f;
}

static struct fakehost *forked_network(void)
{
    struct fakehost *f = network();

    all_at(f, "a18", "a13");
    at_tip(f, 1, "b18", "b13");
    return f;
}

/* One node answers again only while the judgement waits. */
static struct fakehost *waiting_network(void)
{
    struct fakehost *f = agreeing_network();

    fake_unreachable(f, 50 * ASSAY_SECOND, 1);
    fake_reachable(f, JUDGED + ASSAY_SECOND, 1);
    return f;
}

static void never_passes_when_any_call_fails(void **state)
{
    const struct fake_life life = {
        .make = agreeing_network, .live = live_by_default, .outcome = ASSAY_PASS};

    (void)state;
    assert_true(fake_fail_each_call(&life, ASSAY_E_NOMEM) > 80);
}

static void never_passes_when_any_call_fails_amid_a_fork(void **state)
{
    const struct fake_life life = {
        .make = forked_network, .live = live_by_default, .outcome = ASSAY_FAIL};

    (void)state;
    assert_true(fake_fail_each_call(&life, ASSAY_E_IO) > 80);
}

static void returns_at_once_when_cancelled(void **state)
{
    const struct fake_life life = {
        .make = waiting_network, .live = live_by_default, .outcome = ASSAY_PASS};

    (void)state;
    assert_true(fake_cancel_each_wait(&life) > 10);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nodes_that_all_begin_again_have_taken_final_blocks_back),
        cmocka_unit_test(a_node_on_its_way_back_to_its_final_blocks_has_taken_none_back),
        cmocka_unit_test(nodes_with_one_chain_agree),
        cmocka_unit_test(a_node_that_is_merely_behind_agrees),
        cmocka_unit_test(chains_without_final_blocks_are_compared_as_they_are),
        cmocka_unit_test(a_short_fork_agrees),
        cmocka_unit_test(the_highest_node_need_not_be_the_first),
        cmocka_unit_test(two_nodes_are_enough_to_agree),
        cmocka_unit_test(coverage_at_the_bar_is_enough),
        cmocka_unit_test(nothing_beyond_genesis_is_vacuous),
        cmocka_unit_test(one_node_has_nobody_to_agree_with),
        cmocka_unit_test(different_final_blocks_fail_and_name_height_ids_and_nodes),
        cmocka_unit_test(each_side_is_named_once),
        cmocka_unit_test(final_blocks_are_compared_below_the_highest_too),
        cmocka_unit_test(final_blocks_of_a_node_that_is_gone_still_count),
        cmocka_unit_test(a_node_that_takes_a_final_block_back_fails),
        cmocka_unit_test(more_chains_than_can_be_named_are_cut_short),
        cmocka_unit_test(a_deep_fork_fails_and_says_where_chains_part),
        cmocka_unit_test(a_fork_from_genesis_is_a_fork),
        cmocka_unit_test(two_laggards_on_a_fork_of_their_own_are_found),
        cmocka_unit_test(the_bound_for_forks_can_be_given),
        cmocka_unit_test(without_a_bound_for_forks_different_tips_are_undecided),
        cmocka_unit_test(without_a_bound_for_forks_equal_tips_agree),
        cmocka_unit_test(a_wide_spread_of_heights_fails),
        cmocka_unit_test(a_node_that_does_not_answer_is_undecided),
        cmocka_unit_test(a_node_that_may_be_gone_is_left_out),
        cmocka_unit_test(one_node_left_is_undecided_whatever_is_allowed),
        cmocka_unit_test(nobody_left_is_undecided),
        cmocka_unit_test(the_judgement_waits_for_a_node_that_answers_again_soon),
        cmocka_unit_test(the_judgement_does_not_wait_longer_than_its_patience),
        cmocka_unit_test(unknown_final_blocks_are_undecided),
        cmocka_unit_test(unknown_blocks_before_finality_are_undecided),
        cmocka_unit_test(a_fork_that_may_be_too_deep_is_undecided),
        cmocka_unit_test(an_unknown_tip_is_no_fork),
        cmocka_unit_test(tips_that_are_unknown_for_longer_than_a_fork_may_be_deep_are_undecided),
        cmocka_unit_test(nothing_known_is_no_agreement_however_little_is_asked_for),
        cmocka_unit_test(a_definite_failure_beats_what_could_not_be_decided),
        cmocka_unit_test(never_passes_when_any_call_fails),
        cmocka_unit_test(never_passes_when_any_call_fails_amid_a_fork),
        cmocka_unit_test(returns_at_once_when_cancelled),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* What cannot be told, or not yet: open blocks, silent nodes, chains that move, failing calls. */
#include "plugins/expectations/transaction_inclusion/test_network.h"

/* ---- nodes that were taken down ---- */

/* The transaction lost is the one that validator-0 accepted at 12 s. */
static struct fakehost *one_lost(void)
{
    struct fakehost *f = network();

    all_grow(f, 40);
    included(f, "t1", 11, "a6");
    fake_submission(f, "t2", ASSAY_SUBMIT_ACCEPTED, 12 * ASSAY_SECOND);
    return f;
}

static void what_was_lost_with_a_node_that_was_taken_down_right_after_is_undecided(void **state)
{
    struct fakehost *f = one_lost();

    (void)state;
    fake_away(f, 0, 13 * ASSAY_SECOND, 20 * ASSAY_SECOND);
    judges(f, NULL, ASSAY_UNDECIDED,
        "1 more were accepted by nodes that were taken down on purpose within 2 s, before they had "
        "to have passed them on");
}

static void what_it_had_time_to_pass_on_is_lost(void **state)
{
    struct fakehost *f = one_lost();

    (void)state;
    fake_away(f, 0, 15 * ASSAY_SECOND, 20 * ASSAY_SECOND);
    fake_away(f, 1, 12 * ASSAY_SECOND, 20 * ASSAY_SECOND); /* another node */
    judges(f, NULL, ASSAY_FAIL, "1 are on no chain");
}

static void a_share_that_holds_without_them_passes(void **state)
{
    struct fakehost *f = one_lost();

    (void)state;
    fake_away(f, 0, 13 * ASSAY_SECOND, 20 * ASSAY_SECOND);
    judges(f, "min_included=0.5", ASSAY_PASS, "1 of 2 accepted transactions");
}

static void a_load_is_not_lighter_for_nodes_that_were_down_on_purpose(void **state)
{
    (void)state;
    for (int is_away = 0; is_away < 2; is_away++) {
        struct fakehost *f = network();

        all_grow(f, 40);
        included(f, "t1", 11, "a6");
        fake_submission(f, "m1", ASSAY_SUBMIT_MISSED, 14 * ASSAY_SECOND);
        fake_submission(f, "m2", ASSAY_SUBMIT_MISSED, 15 * ASSAY_SECOND);
        if (is_away)
            fake_away(f, 0, 13 * ASSAY_SECOND, 20 * ASSAY_SECOND);
        judges(f, NULL, is_away ? ASSAY_PASS : ASSAY_UNDECIDED,
            is_away ? "2 were planned and never sent\n2 of these were for nodes that were down on"
                    : "only 1 of 3 planned transactions were sent");
    }
}

/* ---- what is open ---- */

static void blocks_that_only_some_hold_leave_it_undecided(void **state)
{
    struct fakehost *f = network();

    (void)state;
    fake_chain(f, "b", "a10", 11, 40);
    all_grow(f, 10);
    fake_adopt_run(f, 0, "a", 11, 40, 22 * ASSAY_SECOND, ASSAY_SECOND);
    fake_adopt_run(f, 1, "a", 11, 40, 22 * ASSAY_SECOND, ASSAY_SECOND);
    fake_adopt_run(f, 2, "b", 11, 20, 22 * ASSAY_SECOND, ASSAY_SECOND);
    included(f, "t1", 11, "a6");
    included(f, "t2", 12, "a30");
    judges(f, NULL, ASSAY_UNDECIDED,
        "1 of 2 accepted transactions are on the chain that all nodes agree on (50.00 %, up to "
        "height "
        "10 of 40), bar 100.00 %\n"
        "1 more are on blocks that only some nodes hold\n"
        "nodes have not agreed for 30 blocks, so there is no common chain to be on");
}

/* Chains part after height 10; one is at 10 + depth, the other 3 lower. t3 is on neither. */
static struct fakehost *parted(int depth)
{
    struct fakehost *f = network();
    char id[16];

    fake_chain(f, "b", "a10", 11, 40);
    all_grow(f, 10);
    (void)snprintf(id, sizeof(id), "a%d", 10 + depth);
    fake_adopt(f, 30 * ASSAY_SECOND, 0, id);
    fake_adopt(f, 30 * ASSAY_SECOND, 1, id);
    (void)snprintf(id, sizeof(id), "b%d", 10 + depth - 3);
    fake_adopt(f, 30 * ASSAY_SECOND, 2, id);
    included(f, "t1", 11, "a6");
    included(f, "t2", 12, "a13");
    fake_submission(f, "t3", ASSAY_SUBMIT_ACCEPTED, 12 * ASSAY_SECOND);
    return f;
}

static void what_not_even_some_hold_fails_while_tips_differ(void **state)
{
    (void)state;
    judges(parted(5), NULL, ASSAY_FAIL, "1 are on no chain");
}

static void what_not_even_some_hold_is_undecided_without_a_common_chain(void **state)
{
    (void)state;
    judges(parted(6), NULL, ASSAY_UNDECIDED, "nodes have not agreed for 6 blocks");
}

static void without_a_final_depth_ten_blocks_make_a_difference(void **state)
{
    struct fakehost *f;

    (void)state;
    f = parted(10);
    fake_facts(f, INTERVAL * ASSAY_SECOND, 30, 0);
    judges(f, NULL, ASSAY_FAIL, "1 are on no chain");
    f = parted(11);
    fake_facts(f, INTERVAL * ASSAY_SECOND, 30, 0);
    judges(f, NULL, ASSAY_UNDECIDED, "nodes have not agreed for 11 blocks");
}

static void late_latencies_may_still_change_while_blocks_are_open(void **state)
{
    struct fakehost *f = network();
    assay_verdict verdict;

    (void)state;
    all_grow(f, 39);
    fake_adopt(f, 80 * ASSAY_SECOND, 0, "a40");
    included(f, "t1", 11, "a9");
    included(f, "t2", 12, "a40");
    assert_int_equal(fake_create(f, "latency_p99_max=1s", "min_included=0.5", NULL), ASSAY_OK);
    assert_int_equal(fake_prepare(f), ASSAY_OK);
    fake_advance(f, JUDGED * ASSAY_SECOND);
    assert_int_equal(fake_judge(f, &verdict), ASSAY_OK);
    check(&verdict, ASSAY_UNDECIDED, "latency p99 is without limit");
    fake_free(f);
}

static void blocks_without_contents_leave_it_undecided(void **state)
{
    struct fakehost *f = network();

    (void)state;
    all_grow(f, 40);
    included(f, "t1", 11, "a6");
    fake_block_flags(f, "a9", ASSAY_BLOCK_BODILESS);
    judges(f, NULL, ASSAY_UNDECIDED,
        "the contents of 1 of 40 blocks on the agreed chain are not known");
}

static void a_missing_transaction_may_be_in_a_block_without_contents(void **state)
{
    struct fakehost *f = network();
    assay_verdict verdict;

    (void)state;
    all_grow(f, 40);
    included(f, "t1", 11, "a6");
    fake_submission(f, "t2", ASSAY_SUBMIT_ACCEPTED, 12 * ASSAY_SECOND);
    fake_block_flags(f, "a9", ASSAY_BLOCK_BODILESS);
    assert_int_equal(live_with(f, &verdict, NULL), ASSAY_OK);
    check(&verdict, ASSAY_UNDECIDED, "1 of 2 accepted transactions are on the chain");
    assert_true(verdict.coverage > 0.97 && verdict.coverage < 0.98);
    fake_free(f);
}

static void unknown_blocks_leave_it_undecided(void **state)
{
    struct fakehost *f = network();

    (void)state;
    all_grow(f, 40);
    included(f, "t1", 11, "a6");
    fake_hide(f, "a9");
    judges(f, NULL, ASSAY_UNDECIDED, "the contents of 1 of 40 blocks");
}

static void an_unknown_tip_leaves_it_undecided_only_for_what_may_be_in_it(void **state)
{
    struct fakehost *f = network();

    (void)state;
    all_grow(f, 40);
    included(f, "t1", 11, "a6");
    included(f, "t2", 12, "a40");
    fake_hide(f, "a40");
    judges(
        f, NULL, ASSAY_UNDECIDED, "the contents of 3 blocks above the agreed height are not known");
}

static void a_double_inclusion_is_definite_whatever_is_unknown(void **state)
{
    struct fakehost *f = network();

    (void)state;
    all_grow(f, 40);
    included(f, "t1", 11, "a6");
    fake_item(f, "a9", "transaction", "t1");
    fake_hide(f, "a20");
    judges(f, NULL, ASSAY_FAIL, "t1 at heights 6 and 9");
}

/* ---- nodes that do not answer ---- */

static void a_node_that_does_not_answer_is_undecided(void **state)
{
    struct fakehost *f = network();

    (void)state;
    all_grow(f, 40);
    included(f, "t1", 11, "a6");
    fake_unreachable(f, 60 * ASSAY_SECOND, 1);
    judges(f, NULL, ASSAY_UNDECIDED,
        "validator-1: does not answer, so what all nodes agree on is not known");
}

static void a_node_that_may_be_gone_is_left_out(void **state)
{
    struct fakehost *f = network();

    (void)state;
    all_grow(f, 40);
    included(f, "t1", 11, "a35");
    fake_unreachable(f, 60 * ASSAY_SECOND, 1);
    judges(f, "allow_unreachable=1", ASSAY_PASS, "the chain that 2 nodes agree on up to height 40");
}

static void what_a_node_accepted_that_is_gone_is_no_definite_loss(void **state)
{
    struct fakehost *f = network();

    (void)state;
    all_grow(f, 40);
    included(f, "t1", 11, "a6");
    fake_submission(f, "t2", ASSAY_SUBMIT_ACCEPTED, 12 * ASSAY_SECOND); /* by validator-0 */
    fake_unreachable(f, 60 * ASSAY_SECOND, 0);
    judges(f, "allow_unreachable=1", ASSAY_UNDECIDED,
        "1 more were accepted by nodes that no longer answer");
}

static void nobody_there_is_undecided(void **state)
{
    struct fakehost *f = network();

    (void)state;
    all_grow(f, 40);
    included(f, "t1", 11, "a6");
    for (uint32_t i = 0; i < NODES; i++)
        fake_unreachable(f, 60 * ASSAY_SECOND, i);
    judges(f, "allow_unreachable=3", ASSAY_UNDECIDED, "validator-2: does not answer");
}

static void the_judgement_waits_for_a_node_that_answers_again_soon(void **state)
{
    struct fakehost *f = network();

    (void)state;
    all_grow(f, 40);
    included(f, "t1", 11, "a6");
    fake_unreachable(f, 85 * ASSAY_SECOND, 1);
    fake_reachable(f, 95 * ASSAY_SECOND, 1);
    judges(f, NULL, ASSAY_PASS, "the chain that 3 nodes agree on");
}

static void chains_without_a_common_block_leave_it_undecided(void **state)
{
    struct fakehost *f = network();

    (void)state;
    fake_chain(f, "b", "genesis", 1, 40);
    all_grow(f, 40);
    included(f, "t1", 11, "a6");
    fake_adopt(f, 81 * ASSAY_SECOND, 2, "b40");
    judges(f, NULL, ASSAY_UNDECIDED, "nodes have not agreed for 40 blocks");
}

/* ---- chains that move while they are read ---- */

static void a_chain_left_by_all_between_two_readings_is_read_anew(void **state)
{
    struct fakehost *f = network();

    (void)state;
    fake_chain(f, "b", "a20", 21, 60);
    all_grow(f, 40);
    included(f, "t1", 11, "a30"); /* given up by all while the judgement waits for t2 */
    fake_item(f, "b31", "transaction", "t1");
    fake_submission(f, "t2", ASSAY_SUBMIT_ACCEPTED, 12 * ASSAY_SECOND);
    fake_item(f, "b45", "transaction", "t2");
    for (uint32_t i = 0; i < NODES; i++)
        fake_adopt(f, 95 * ASSAY_SECOND, i, "b45");
    judges(f, NULL, ASSAY_PASS, "2 of 2 accepted transactions");
}

static void a_chain_left_by_all_for_a_shorter_one_is_read_anew(void **state)
{
    struct fakehost *f = network();

    (void)state;
    fake_chain(f, "b", "a20", 21, 60);
    all_grow(f, 40);
    included(f, "t1", 11, "a30");
    fake_submission(f, "t2", ASSAY_SUBMIT_ACCEPTED, 12 * ASSAY_SECOND);
    for (uint32_t i = 0; i < NODES; i++)
        fake_adopt(f, 95 * ASSAY_SECOND, i, "b35");
    judges(f, NULL, ASSAY_FAIL, "0 of 2 accepted transactions are on");
}

static void a_chain_that_moves_amid_a_reading_is_read_again(void **state)
{
    struct fakehost *f;
    assay_verdict verdict;
    uint64_t reads;

    (void)state;
    f = network();
    all_grow(f, 40);
    included(f, "t1", 11, "a6");
    fake_aim(f, "at");
    assert_int_equal(live_with(f, &verdict, NULL), ASSAY_OK);
    reads = fake_calls(f);
    fake_free(f);
    assert_in_range(reads, 40, 60);

    /* At any read validator-0, whose chain is read, goes over to a fork with t1 in other places:
       never may t1 seem to be there twice, or not at all. */
    for (uint64_t nth = 1; nth <= reads; nth++) {
        f = network();
        fake_chain(f, "b", "a5", 6, 40);
        all_grow(f, 40);
        included(f, "t1", 11, "a6");
        fake_item(f, "b20", "transaction", "t1");
        fake_aim(f, "at");
        fake_adopt_at_call(f, nth, 0, "b40", NULL);
        assert_int_equal(live_with(f, &verdict, "settle=1s"), ASSAY_OK);
        if (verdict.outcome == ASSAY_FAIL)
            fail_msg("moved at read %llu: %s", (unsigned long long)nth, verdict.why);
        fake_free(f);
    }
}

static void a_chain_that_never_rests_is_no_verdict(void **state)
{
    uint32_t given_up = 0;

    (void)state;
    for (uint64_t every = 5; every < 60; every++) {
        struct fakehost *f = network();
        assay_verdict verdict;
        assay_status s;

        fake_chain(f, "b", "a5", 6, 40);
        all_grow(f, 40);
        included(f, "t1", 11, "a6");
        fake_item(f, "b20", "transaction", "t1");
        fake_aim(f, "at");
        fake_adopt_at_call(f, every, 0, "b40", "a40");
        s = live_with(f, &verdict, "settle=1s");
        if (s == ASSAY_OK) {
            assert_int_not_equal(verdict.outcome, ASSAY_FAIL);
        } else {
            assert_int_equal(s, ASSAY_E_TIMEOUT);
            assert_non_null(strstr(fake_why(f), "the nodes kept changing to other chains"));
            given_up++;
        }
        fake_free(f);
    }
    assert_true(given_up > 0);
}

/* ---- torture ---- */

/* A fork, a wait, and everything included in the end. */
static struct fakehost *eventful(void)
{
    struct fakehost *f = network();

    fake_chain(f, "b", "a19", 20, 20);
    fake_item(f, "b20", "transaction", "t1");
    all_grow(f, 50);
    fake_adopt(f, 39 * ASSAY_SECOND, 1, "b20");
    included(f, "t1", 11, "a22");
    included(f, "t2", 12, "a47");
    return f;
}

static assay_status live_by_default(struct fakehost *f, assay_verdict *verdict)
{
    return live_with(f, verdict, NULL);
}

static void gives_no_verdict_and_leaks_nothing_when_any_call_fails(void **state)
{
    const struct fake_life life = {
        .make = eventful, .live = live_by_default, .outcome = ASSAY_PASS};

    (void)state;
    assert_true(fake_fail_each_call(&life, ASSAY_E_NOMEM) > 200);
}

static void a_failure_stands_when_the_names_for_its_text_cannot_be_had(void **state)
{
    uint64_t nth = 1;

    (void)state;
    for (;; nth++) {
        struct fakehost *f = eventful();
        assay_verdict verdict;
        assay_status s;

        fake_item(f, "a30", "transaction", "t1");
        fake_submission(f, "t3", ASSAY_SUBMIT_ACCEPTED, 12 * ASSAY_SECOND);
        fake_aim(f, "get");
        fake_fail_call(f, nth, ASSAY_E_NOMEM);
        s = live_with(f, &verdict, NULL);
        if (s == ASSAY_OK) {
            assert_int_equal(verdict.outcome, ASSAY_FAIL);
            assert_non_null(strstr(verdict.why, "twice: "));
            assert_non_null(strstr(verdict.why, "2 of 3 accepted"));
        } else {
            assert_int_equal(s, ASSAY_E_NOMEM);
        }
        if (!fake_failed_call(f)[0]) {
            fake_free(f);
            break;
        }
        fake_free(f);
    }
}

static struct fakehost *eventful_to_the_judgement(void)
{
    struct fakehost *f = eventful();

    assert_int_equal(fake_create(f, NULL), ASSAY_OK);
    assert_int_equal(fake_prepare(f), ASSAY_OK);
    fake_advance(f, JUDGED * ASSAY_SECOND);
    return f;
}

static void returns_at_once_when_cancelled_at_any_wait_of_the_judgement(void **state)
{
    const struct fake_life life = {
        .make = eventful_to_the_judgement, .live = fake_judge, .outcome = ASSAY_PASS};

    (void)state;
    assert_true(fake_cancel_each_wait(&life) > 0);
}

/* ---- what nodes do not take ---- */

/* Four sent, of which one is included and the others came to `outcome`, at 14 s. */
static struct fakehost *hardly_taken(uint32_t outcome)
{
    struct fakehost *f = network();
    char id[16];

    all_grow(f, 40);
    included(f, "t1", 11, "a6");
    for (int i = 0; i < 3; i++) {
        (void)snprintf(id, sizeof(id), "r%d", i);
        fake_submission(f, id, outcome, 14 * ASSAY_SECOND);
    }
    return f;
}

static void a_network_that_refuses_most_of_the_load_fails(void **state)
{
    (void)state;
    judges(hardly_taken(ASSAY_SUBMIT_REFUSED), NULL, ASSAY_FAIL,
        "nodes took only 1 of 4 transactions that were sent (25.00 %), bar 50.00 %: 3 were "
        "refused, 0 had no answer");
}

static void a_network_that_hardly_ever_answers_fails(void **state)
{
    (void)state;
    judges(hardly_taken(ASSAY_SUBMIT_FAILED), NULL, ASSAY_FAIL, "0 were refused, 3 had no answer");
}

static void what_is_on_the_chain_was_taken_whatever_was_answered(void **state)
{
    struct fakehost *f = hardly_taken(ASSAY_SUBMIT_REFUSED);

    (void)state;
    fake_item(f, "a9", "transaction", "r1");
    judges(f, NULL, ASSAY_PASS, "3 were always refused (1 included)");
}

static void a_node_that_is_down_on_purpose_need_not_answer(void **state)
{
    struct fakehost *f = hardly_taken(ASSAY_SUBMIT_FAILED);

    (void)state;
    fake_away(f, 0, 14 * ASSAY_SECOND, 20 * ASSAY_SECOND);
    judges(f, NULL, ASSAY_PASS, "3 never had an answer");
}

static void how_much_is_to_be_taken_is_an_option(void **state)
{
    (void)state;
    judges(hardly_taken(ASSAY_SUBMIT_REFUSED), "min_taken=0.25", ASSAY_PASS, "1 of 1 accepted");
    judges(hardly_taken(ASSAY_SUBMIT_REFUSED), "min_taken=0.26", ASSAY_FAIL, "bar 26.00 %");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_lost_with_a_node_that_was_taken_down_right_after_is_undecided),
        cmocka_unit_test(what_it_had_time_to_pass_on_is_lost),
        cmocka_unit_test(a_share_that_holds_without_them_passes),
        cmocka_unit_test(a_load_is_not_lighter_for_nodes_that_were_down_on_purpose),
        cmocka_unit_test(blocks_that_only_some_hold_leave_it_undecided),
        cmocka_unit_test(what_not_even_some_hold_fails_while_tips_differ),
        cmocka_unit_test(what_not_even_some_hold_is_undecided_without_a_common_chain),
        cmocka_unit_test(without_a_final_depth_ten_blocks_make_a_difference),
        cmocka_unit_test(late_latencies_may_still_change_while_blocks_are_open),
        cmocka_unit_test(blocks_without_contents_leave_it_undecided),
        cmocka_unit_test(a_missing_transaction_may_be_in_a_block_without_contents),
        cmocka_unit_test(unknown_blocks_leave_it_undecided),
        cmocka_unit_test(an_unknown_tip_leaves_it_undecided_only_for_what_may_be_in_it),
        cmocka_unit_test(a_double_inclusion_is_definite_whatever_is_unknown),
        cmocka_unit_test(a_node_that_does_not_answer_is_undecided),
        cmocka_unit_test(a_node_that_may_be_gone_is_left_out),
        cmocka_unit_test(what_a_node_accepted_that_is_gone_is_no_definite_loss),
        cmocka_unit_test(nobody_there_is_undecided),
        cmocka_unit_test(the_judgement_waits_for_a_node_that_answers_again_soon),
        cmocka_unit_test(chains_without_a_common_block_leave_it_undecided),
        cmocka_unit_test(a_chain_left_by_all_between_two_readings_is_read_anew),
        cmocka_unit_test(a_chain_left_by_all_for_a_shorter_one_is_read_anew),
        cmocka_unit_test(a_chain_that_moves_amid_a_reading_is_read_again),
        cmocka_unit_test(a_chain_that_never_rests_is_no_verdict),
        cmocka_unit_test(gives_no_verdict_and_leaks_nothing_when_any_call_fails),
        cmocka_unit_test(a_failure_stands_when_the_names_for_its_text_cannot_be_had),
        cmocka_unit_test(returns_at_once_when_cancelled_at_any_wait_of_the_judgement),
        cmocka_unit_test(a_network_that_refuses_most_of_the_load_fails),
        cmocka_unit_test(a_network_that_hardly_ever_answers_fails),
        cmocka_unit_test(what_is_on_the_chain_was_taken_whatever_was_answered),
        cmocka_unit_test(a_node_that_is_down_on_purpose_need_not_answer),
        cmocka_unit_test(how_much_is_to_be_taken_is_an_option),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

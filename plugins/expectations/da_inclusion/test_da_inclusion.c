/* The bars of da_inclusion: what of the plan, and of what was accepted, must be on the agreed
   chain. */
#include "plugins/expectations/da_inclusion/test_network.h"

/* ---- pass ---- */

static void messages_on_the_agreed_chain_pass(void **state)
{
    (void)state;
    judges(good_network(), NULL, ASSAY_PASS,
        "1 of 1 planned inscriptions are on the chain that all nodes agree on up to height 40, bar "
        "80 %\n"
        "4 of 4 planned blobs are on the chain that all nodes agree on up to height 40, bar 50 %\n"
        "4 of 4 sampled blobs, of 4 on the chain, were read back from 4 nodes as they were sent; "
        "16 of 16 columns that nodes are to keep are served");
}

/* Whatever the bars are: with nothing on the chain nothing was seen to work. */
static void bars_of_zero_are_not_passed_by_a_chain_without_any_message(void **state)
{
    struct fakehost *f = network();
    assay_verdict verdict;

    (void)state;
    all_grow(f, 40);
    sent(f, NOMOS_DA_BLOB, "b0", ASSAY_SUBMIT_ACCEPTED, 12);
    assert_int_equal(
        fake_create(f, "min_inscriptions=0", "min_blobs=0", "min_included=0", "samples=0", NULL),
        ASSAY_OK);
    assert_int_equal(fake_prepare(f), ASSAY_OK);
    fake_advance(f, JUDGED);
    assert_int_equal(fake_judge(f, &verdict), ASSAY_OK);
    assert_int_equal(verdict.outcome, ASSAY_VACUOUS);
    assert_non_null(strstr(verdict.why, "no inscription and no blob is on the chain"));
    fake_free(f);
}

static void half_of_the_planned_blobs_are_enough(void **state)
{
    struct fakehost *f = good_network();

    (void)state;
    for (int i = 0; i < 4; i++) {
        char id[16];

        (void)snprintf(id, sizeof(id), "missed%d", i);
        fake_submission_of(f, NOMOS_DA_BLOB, id, ASSAY_SUBMIT_MISSED, 20 * ASSAY_SECOND);
    }
    judges(f, NULL, ASSAY_PASS, "4 of 8 planned blobs are on the chain");
}

static void messages_without_answer_that_are_included_count_for_the_plan(void **state)
{
    struct fakehost *f = network();

    (void)state;
    all_grow(f, 40);
    included(f, NOMOS_DA_INSCRIPTION, "i0", 10, "a6");
    included(f, NOMOS_DA_BLOB, "b0", 11, "a7");
    sent(f, NOMOS_DA_BLOB, "b1", ASSAY_SUBMIT_FAILED, 12);
    fake_item(f, "a8", NOMOS_DA_BLOB, "b1");
    sent(f, NOMOS_DA_BLOB, "b2", ASSAY_SUBMIT_REFUSED, 12);
    fake_item(f, "a8", NOMOS_DA_BLOB, "b2");
    judges(f, "min_blobs=1", ASSAY_PASS, "3 of 3 planned blobs");
}

static void other_peoples_messages_do_not_count(void **state)
{
    struct fakehost *f = good_network();

    (void)state;
    fake_item(f, "a11", NOMOS_DA_BLOB, "somebody-elses");
    fake_item(f, "a11", NOMOS_DA_BLOB, "somebody-elses");
    fake_item(f, "a11", "transaction", "b1");
    judges(f, NULL, ASSAY_PASS, "4 of 4 planned blobs");
}

/* ---- the plan ---- */

static void fewer_blobs_than_half_of_the_plan_fail(void **state)
{
    struct fakehost *f = good_network();

    (void)state;
    for (int i = 0; i < 5; i++) {
        char id[16];

        (void)snprintf(id, sizeof(id), "missed%d", i);
        fake_submission_of(f, NOMOS_DA_BLOB, id, ASSAY_SUBMIT_MISSED, 20 * ASSAY_SECOND);
    }
    judges(f, NULL, ASSAY_FAIL,
        "missing blobs: 4 of 9 planned are on the chain that all nodes agree on (up to height 40), "
        "bar 50 %; 4 were accepted, 0 refused, 0 had no answer, 5 were never sent");
}

static void blobs_that_every_executor_refuses_fail(void **state)
{
    struct fakehost *f = network();

    (void)state;
    all_grow(f, 40);
    included(f, NOMOS_DA_INSCRIPTION, "i0", 10, "a6");
    sent(f, NOMOS_DA_BLOB, "b1", ASSAY_SUBMIT_REFUSED, 12);
    sent(f, NOMOS_DA_BLOB, "b2", ASSAY_SUBMIT_FAILED, 14);
    judges(f, NULL, ASSAY_FAIL,
        "missing blobs: 0 of 2 planned are on the chain that all nodes agree on (up to height 40), "
        "bar 50 %; 0 were accepted, 1 refused, 1 had no answer, 0 were never sent");
}

static void missing_inscriptions_fail(void **state)
{
    struct fakehost *f = good_network();

    (void)state;
    sent(f, NOMOS_DA_INSCRIPTION, "i1", ASSAY_SUBMIT_REFUSED, 10);
    judges(f, NULL, ASSAY_FAIL,
        "missing inscriptions: 1 of 2 planned are on the chain that all nodes agree on (up to "
        "height 40), bar 80 %; 1 were accepted, 1 refused");
}

/* The chain stands still after the inscription: what was planned stays planned. */
static void a_stalled_chain_lowers_no_bar(void **state)
{
    struct fakehost *f = network();

    (void)state;
    all_grow(f, 7);
    included(f, NOMOS_DA_INSCRIPTION, "i0", 10, "a6");
    included(f, NOMOS_DA_BLOB, "b1", 12, "a7");
    sent(f, NOMOS_DA_BLOB, "b2", ASSAY_SUBMIT_ACCEPTED, 14);
    for (int i = 0; i < 8; i++) {
        char id[16];

        (void)snprintf(id, sizeof(id), "missed%d", i);
        fake_submission_of(f, NOMOS_DA_BLOB, id, ASSAY_SUBMIT_MISSED, 20 * ASSAY_SECOND);
    }
    judges(f, NULL, ASSAY_FAIL, "missing blobs: 1 of 10 planned");
}

static void bars_can_be_given(void **state)
{
    struct fakehost *f = good_network();

    (void)state;
    sent(f, NOMOS_DA_BLOB, "b5", ASSAY_SUBMIT_REFUSED, 12);
    judges(f, "min_blobs=0.81", ASSAY_FAIL, "missing blobs: 4 of 5 planned");
    f = good_network();
    sent(f, NOMOS_DA_BLOB, "b5", ASSAY_SUBMIT_REFUSED, 12);
    judges(f, "min_blobs=0.8", ASSAY_PASS, "4 of 5 planned blobs");
}

/* ---- what was accepted ---- */

static void an_accepted_blob_on_no_chain_fails_and_is_named(void **state)
{
    struct fakehost *f = good_network();

    (void)state;
    sent(f, NOMOS_DA_BLOB, "b5", ASSAY_SUBMIT_ACCEPTED, 20);
    judges(f, NULL, ASSAY_FAIL,
        "4 of 5 accepted blobs are on the chain that all nodes agree on, bar 100.00 %; 1 are on no "
        "chain; the first is b5 of channel " CHANNEL ", accepted by validator-0 at 20.0 s, as "
        "were 1 of these 1");
}

static void who_accepted_most_of_the_lost_blobs_is_told(void **state)
{
    struct fakehost *f = good_network();

    (void)state;
    sent(f, NOMOS_DA_BLOB, "b5", ASSAY_SUBMIT_ACCEPTED, 20);
    fake_submitted_to(f, 1);
    sent(f, NOMOS_DA_BLOB, "b6", ASSAY_SUBMIT_ACCEPTED, 20);
    sent(f, NOMOS_DA_BLOB, "b7", ASSAY_SUBMIT_ACCEPTED, 20);
    fake_submitted_to(f, 1);
    judges(f, NULL, ASSAY_FAIL,
        "3 are on no chain; the first is b5 of channel " CHANNEL
        ", accepted by validator-1 at 20.0 s, as were 2 of these 3");
}

static void an_accepted_inscription_on_no_chain_fails(void **state)
{
    struct fakehost *f = good_network();

    (void)state;
    for (int i = 1; i < 5; i++) {
        char id[16];

        (void)snprintf(id, sizeof(id), "i%d", i);
        included(f, NOMOS_DA_INSCRIPTION, id, 10, "a6");
    }
    sent(f, NOMOS_DA_INSCRIPTION, "i5", ASSAY_SUBMIT_ACCEPTED, 20);
    judges(f, NULL, ASSAY_FAIL, "5 of 6 accepted inscriptions are on the chain");
}

static void a_share_of_the_accepted_is_enough_when_the_bar_says_so(void **state)
{
    struct fakehost *f = good_network();

    (void)state;
    sent(f, NOMOS_DA_BLOB, "b5", ASSAY_SUBMIT_ACCEPTED, 20);
    judges(f, "min_included=0.8", ASSAY_PASS, "4 of 5 planned blobs");
}

static void a_blob_that_nobody_knows_of_is_named_without_channel(void **state)
{
    struct fakehost *f = good_network();

    (void)state;
    fake_submission_of(f, NOMOS_DA_BLOB, "b5", ASSAY_SUBMIT_ACCEPTED, 20 * ASSAY_SECOND);
    judges(f, NULL, ASSAY_FAIL, "the first is b5 of channel ?, accepted by validator-0");
}

static void what_was_accepted_late_is_not_owed_yet(void **state)
{
    struct fakehost *f = good_network();

    (void)state;
    sent(f, NOMOS_DA_BLOB, "b5", ASSAY_SUBMIT_ACCEPTED, 101); /* the judgement ends at 110 */
    judges(f, NULL, ASSAY_PASS, "4 of 5 planned blobs");
}

static void twice_on_the_agreed_chain_fails(void **state)
{
    struct fakehost *f = good_network();

    (void)state;
    fake_item(f, "a12", NOMOS_DA_BLOB, "b2");
    judges(f, NULL, ASSAY_FAIL,
        "blobs on the agreed chain twice: 1; the first is b2 at heights 8 and 12");
}

static void waits_for_the_rest_to_be_included(void **state)
{
    struct fakehost *f = good_network();
    assay_verdict verdict;

    (void)state;
    sent(f, NOMOS_DA_BLOB, "b5", ASSAY_SUBMIT_ACCEPTED, 60);
    fake_item(f, "a41", NOMOS_DA_BLOB, "b5");
    for (uint32_t node = 0; node < NODES; node++)
        fake_adopt(f, 97 * ASSAY_SECOND, node, "a41");
    assert_int_equal(live_with(f, &verdict, NULL), ASSAY_OK);
    check(&verdict, ASSAY_PASS, "5 of 5 planned blobs");
    assert_true(fake_now(f) < 100 * ASSAY_SECOND);
    fake_free(f);
}

static void waits_no_longer_than_it_may(void **state)
{
    struct fakehost *f = good_network();
    assay_verdict verdict;

    (void)state;
    sent(f, NOMOS_DA_INSCRIPTION, "i1", ASSAY_SUBMIT_ACCEPTED, 20);
    assert_int_equal(live_with(f, &verdict, "settle=7s"), ASSAY_OK);
    assert_int_equal(fake_now(f), (JUDGED + 7) * ASSAY_SECOND);
    fake_free(f);
}

static void spans_follow_from_the_block_interval(void **state)
{
    static const struct {
        int64_t interval_ms;
        int waits; /* seconds */
    } cases[] = {{0, 10}, {100, 10}, {2000, 20}, {5000, 50}, {60000, 60}};

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct fakehost *f = good_network();
        assay_verdict verdict;

        fake_facts(f, cases[i].interval_ms * ASSAY_MS, 30, 5);
        sent(f, NOMOS_DA_BLOB, "b5", ASSAY_SUBMIT_ACCEPTED, 20);
        assert_int_equal(live_with(f, &verdict, NULL), ASSAY_OK);
        assert_int_equal(fake_now(f), (JUDGED + cases[i].waits) * ASSAY_SECOND);
        fake_free(f);
    }
}

/* ---- vacuous ---- */

static void nothing_accepted_is_vacuous_at_once(void **state)
{
    struct fakehost *f = network();
    assay_verdict verdict;

    (void)state;
    sent(f, NOMOS_DA_INSCRIPTION, "i0", ASSAY_SUBMIT_REFUSED, 10);
    sent(f, NOMOS_DA_INSCRIPTION, "i1", ASSAY_SUBMIT_FAILED, 10);
    fake_submission_of(f, NOMOS_DA_BLOB, "b0", ASSAY_SUBMIT_MISSED, 20 * ASSAY_SECOND);
    assert_int_equal(live_with(f, &verdict, NULL), ASSAY_OK);
    check(&verdict, ASSAY_VACUOUS,
        "no inscription and no blob was accepted: of 2 and 1 planned, 1 and 0 were refused, 1 and "
        "0 "
        "had no answer, 0 and 1 were never sent");
    assert_int_equal(fake_now(f), JUDGED * ASSAY_SECOND);
    fake_free(f);
}

static void a_run_without_such_a_workload_is_vacuous(void **state)
{
    (void)state;
    judges(network(), NULL, ASSAY_VACUOUS, "of 0 and 0 planned");
}

/* ---- undecided ---- */

static void blobs_on_blocks_that_only_some_hold_leave_it_undecided(void **state)
{
    struct fakehost *f = network();

    (void)state;
    all_grow(f, 40);
    included(f, NOMOS_DA_INSCRIPTION, "i0", 10, "a6");
    included(f, NOMOS_DA_BLOB, "b1", 12, "a7");
    sent(f, NOMOS_DA_BLOB, "b2", ASSAY_SUBMIT_ACCEPTED, 12);
    fake_item(f, "a41", NOMOS_DA_BLOB, "b2");
    fake_adopt(f, 85 * ASSAY_SECOND, 0, "a41");
    judges(f, NULL, ASSAY_UNDECIDED,
        "1 of 2 accepted blobs are on the chain that all nodes agree on, bar 100.00 %; 0 are on no "
        "chain\n1 more blobs are on blocks that only some nodes hold");
}

static void a_plan_that_open_blobs_may_fulfil_is_undecided(void **state)
{
    struct fakehost *f = network();

    (void)state;
    all_grow(f, 40);
    included(f, NOMOS_DA_INSCRIPTION, "i0", 10, "a6");
    sent(f, NOMOS_DA_BLOB, "b1", ASSAY_SUBMIT_ACCEPTED, 12);
    fake_item(f, "a41", NOMOS_DA_BLOB, "b1");
    fake_adopt(f, 85 * ASSAY_SECOND, 0, "a41");
    judges(f, "min_included=0", ASSAY_UNDECIDED, "missing blobs: 0 of 1 planned");
}

static void late_blobs_that_the_plan_needs_leave_it_undecided(void **state)
{
    struct fakehost *f = network();

    (void)state;
    all_grow(f, 40);
    included(f, NOMOS_DA_INSCRIPTION, "i0", 10, "a6");
    sent(f, NOMOS_DA_BLOB, "b1", ASSAY_SUBMIT_ACCEPTED, 105);
    judges(f, NULL, ASSAY_UNDECIDED, "missing blobs: 0 of 1 planned");
}

static void nodes_that_have_long_parted_leave_it_undecided(void **state)
{
    struct fakehost *f = network();

    (void)state;
    all_grow(f, 10);
    fake_chain(f, "b", "a10", 11, 30);
    for (uint32_t node = 0; node < NODES; node++)
        fake_adopt(f, 60 * ASSAY_SECOND, node, node ? "a30" : "b30");
    included(f, NOMOS_DA_INSCRIPTION, "i0", 10, "a6");
    sent(f, NOMOS_DA_BLOB, "b1", ASSAY_SUBMIT_ACCEPTED, 30);
    judges(f, NULL, ASSAY_UNDECIDED,
        "nodes have not agreed for 20 blocks, so there is no common chain to be on");
}

static void blocks_without_contents_leave_it_undecided(void **state)
{
    struct fakehost *f = good_network();
    assay_verdict verdict;

    (void)state;
    fake_block_flags(f, "a20", ASSAY_BLOCK_BODILESS);
    assert_int_equal(live_with(f, &verdict, NULL), ASSAY_OK);
    check(&verdict, ASSAY_UNDECIDED,
        "the contents of 1 of 40 blocks on the agreed chain are not known");
    assert_true(verdict.coverage > 0.97 && verdict.coverage < 0.98);
    fake_free(f);
}

static void a_missing_blob_may_be_in_a_block_without_contents(void **state)
{
    struct fakehost *f = good_network();

    (void)state;
    sent(f, NOMOS_DA_BLOB, "b5", ASSAY_SUBMIT_ACCEPTED, 20);
    fake_block_flags(f, "a20", ASSAY_BLOCK_BODILESS);
    judges(f, NULL, ASSAY_UNDECIDED, "4 of 5 accepted blobs are on the chain");
}

static void a_missing_blob_may_be_in_an_unknown_tip(void **state)
{
    struct fakehost *f = good_network();

    (void)state;
    sent(f, NOMOS_DA_BLOB, "b5", ASSAY_SUBMIT_ACCEPTED, 20);
    fake_adopt(f, 85 * ASSAY_SECOND, 0, "a41");
    fake_hide(f, "a41");
    judges(
        f, NULL, ASSAY_UNDECIDED, "the contents of 1 blocks above the agreed height are not known");
}

static void a_node_that_does_not_answer_is_undecided(void **state)
{
    struct fakehost *f = good_network();

    (void)state;
    fake_unreachable(f, 50 * ASSAY_SECOND, 1);
    judges(f, NULL, ASSAY_UNDECIDED,
        "validator-1: does not answer, so what all nodes agree on is not known");
}

static void a_node_that_may_be_gone_is_left_out(void **state)
{
    struct fakehost *f = good_network();

    (void)state;
    fake_unreachable(f, 50 * ASSAY_SECOND, 1);
    judges(f, "allow_unreachable=1", ASSAY_PASS, "were read back from 3 nodes");
}

static void nobody_there_is_undecided(void **state)
{
    struct fakehost *f = good_network();

    (void)state;
    for (uint32_t node = 0; node < NODES; node++)
        fake_unreachable(f, 50 * ASSAY_SECOND, node);
    judges(f, "allow_unreachable=4", ASSAY_UNDECIDED, "executor-1: does not answer");
}

static void what_a_node_accepted_that_was_taken_down_right_after_is_no_definite_loss(void **state)
{
    struct fakehost *f = good_network();

    (void)state;
    sent(f, NOMOS_DA_BLOB, "b5", ASSAY_SUBMIT_ACCEPTED, 20); /* by node 0 */
    fake_away(f, 0, 21 * ASSAY_SECOND, 25 * ASSAY_SECOND);
    judges(f, NULL, ASSAY_UNDECIDED,
        "1 more blobs were accepted by nodes that were taken down on purpose right after");
}

static void what_a_node_accepted_that_is_gone_is_no_definite_loss(void **state)
{
    struct fakehost *f = good_network();

    (void)state;
    sent(f, NOMOS_DA_BLOB, "b5", ASSAY_SUBMIT_ACCEPTED, 20); /* by node 0 */
    fake_unreachable(f, 50 * ASSAY_SECOND, 0);
    judges(f, "allow_unreachable=1", ASSAY_UNDECIDED,
        "1 more blobs were accepted by nodes that no longer answer");
}

/* ---- failing calls ---- */

static struct fakehost *eventful(void)
{
    struct fakehost *f = good_network();

    sent(f, NOMOS_DA_BLOB, "b5", ASSAY_SUBMIT_ACCEPTED, 60);
    fake_item(f, "a41", NOMOS_DA_BLOB, "b5");
    for (uint32_t node = 0; node < NODES; node++)
        fake_adopt(f, 93 * ASSAY_SECOND, node, "a41");
    assert_int_equal(fake_create(f, NULL), ASSAY_OK);
    assert_int_equal(fake_prepare(f), ASSAY_OK);
    fake_advance(f, JUDGED * ASSAY_SECOND);
    return f;
}

static const struct fake_life judgement = {
    .make = eventful, .live = fake_judge, .outcome = ASSAY_PASS};

static void gives_no_verdict_and_leaks_nothing_when_any_call_fails(void **state)
{
    (void)state;
    assert_true(fake_fail_each_call(&judgement, ASSAY_E_NOMEM) > 100);
}

static void returns_at_once_when_cancelled_at_any_wait(void **state)
{
    (void)state;
    assert_true(fake_cancel_each_wait(&judgement) > 5);
}

static void a_failure_stands_when_the_names_for_its_text_cannot_be_had(void **state)
{
    uint64_t nth = 1;

    (void)state;
    for (;; nth++) {
        struct fakehost *f = good_network();
        assay_verdict verdict;
        assay_status s;
        bool was_hit;

        sent(f, NOMOS_DA_BLOB, "b5", ASSAY_SUBMIT_ACCEPTED, 20);
        fake_item(f, "a30", NOMOS_DA_BLOB, "b1");
        fake_aim(f, "get");
        fake_fail_call(f, nth, ASSAY_E_NOMEM);
        s = live_with(f, &verdict, "samples=0");
        was_hit = fake_failed_call(f)[0];
        if (s == ASSAY_OK) {
            check(&verdict, ASSAY_FAIL, "on the agreed chain twice: 1");
            check(&verdict, ASSAY_FAIL, "4 of 5 accepted");
        } else {
            assert_int_equal(s, ASSAY_E_NOMEM);
        }
        fake_free(f);
        if (!was_hit)
            break;
    }
    assert_true(nth > 10);
}

static void a_failure_stands_when_its_channel_cannot_be_had(void **state)
{
    struct fakehost *f = good_network();
    assay_verdict verdict;

    (void)state;
    sent(f, NOMOS_DA_BLOB, "b5", ASSAY_SUBMIT_ACCEPTED, 20);
    fake_aim(f, "da_find");
    fake_fail_call(f, 1, ASSAY_E_NOMEM);
    assert_int_equal(live_with(f, &verdict, "samples=0"), ASSAY_OK);
    check(&verdict, ASSAY_FAIL, "b5 of channel ?");
    fake_free(f);
}

static void a_judgement_without_prepare_is_refused(void **state)
{
    struct fakehost *f = network();
    assay_verdict verdict;

    (void)state;
    assert_int_equal(fake_create(f, NULL), ASSAY_OK);
    assert_int_equal(fake_judge(f, &verdict), ASSAY_E_INVALID);
    assert_string_equal(fake_why(f), "it was never prepared");
    fake_free(f);
}

static void prepare_says_when_a_call_fails(void **state)
{
    (void)state;
    for (uint64_t nth = 1; nth <= 1 + NODES; nth++) {
        struct fakehost *f = network();

        assert_int_equal(fake_create(f, NULL), ASSAY_OK);
        fake_fail_call(f, nth, ASSAY_E_NOMEM);
        assert_int_equal(fake_prepare(f), ASSAY_E_NOMEM);
        fake_free(f);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(messages_on_the_agreed_chain_pass),
        cmocka_unit_test(bars_of_zero_are_not_passed_by_a_chain_without_any_message),
        cmocka_unit_test(half_of_the_planned_blobs_are_enough),
        cmocka_unit_test(messages_without_answer_that_are_included_count_for_the_plan),
        cmocka_unit_test(other_peoples_messages_do_not_count),
        cmocka_unit_test(fewer_blobs_than_half_of_the_plan_fail),
        cmocka_unit_test(blobs_that_every_executor_refuses_fail),
        cmocka_unit_test(missing_inscriptions_fail),
        cmocka_unit_test(a_stalled_chain_lowers_no_bar),
        cmocka_unit_test(bars_can_be_given),
        cmocka_unit_test(an_accepted_blob_on_no_chain_fails_and_is_named),
        cmocka_unit_test(who_accepted_most_of_the_lost_blobs_is_told),
        cmocka_unit_test(an_accepted_inscription_on_no_chain_fails),
        cmocka_unit_test(a_share_of_the_accepted_is_enough_when_the_bar_says_so),
        cmocka_unit_test(a_blob_that_nobody_knows_of_is_named_without_channel),
        cmocka_unit_test(what_was_accepted_late_is_not_owed_yet),
        cmocka_unit_test(twice_on_the_agreed_chain_fails),
        cmocka_unit_test(waits_for_the_rest_to_be_included),
        cmocka_unit_test(waits_no_longer_than_it_may),
        cmocka_unit_test(spans_follow_from_the_block_interval),
        cmocka_unit_test(nothing_accepted_is_vacuous_at_once),
        cmocka_unit_test(a_run_without_such_a_workload_is_vacuous),
        cmocka_unit_test(blobs_on_blocks_that_only_some_hold_leave_it_undecided),
        cmocka_unit_test(a_plan_that_open_blobs_may_fulfil_is_undecided),
        cmocka_unit_test(late_blobs_that_the_plan_needs_leave_it_undecided),
        cmocka_unit_test(nodes_that_have_long_parted_leave_it_undecided),
        cmocka_unit_test(blocks_without_contents_leave_it_undecided),
        cmocka_unit_test(a_missing_blob_may_be_in_a_block_without_contents),
        cmocka_unit_test(a_missing_blob_may_be_in_an_unknown_tip),
        cmocka_unit_test(a_node_that_does_not_answer_is_undecided),
        cmocka_unit_test(a_node_that_may_be_gone_is_left_out),
        cmocka_unit_test(nobody_there_is_undecided),
        cmocka_unit_test(what_a_node_accepted_that_was_taken_down_right_after_is_no_definite_loss),
        cmocka_unit_test(what_a_node_accepted_that_is_gone_is_no_definite_loss),
        cmocka_unit_test(gives_no_verdict_and_leaks_nothing_when_any_call_fails),
        cmocka_unit_test(returns_at_once_when_cancelled_at_any_wait),
        cmocka_unit_test(a_failure_stands_when_the_names_for_its_text_cannot_be_had),
        cmocka_unit_test(a_failure_stands_when_its_channel_cannot_be_had),
        cmocka_unit_test(a_judgement_without_prepare_is_refused),
        cmocka_unit_test(prepare_says_when_a_call_fails),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

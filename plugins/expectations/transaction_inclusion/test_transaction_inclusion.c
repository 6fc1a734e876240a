#include "tests/fakehost/fakehost.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "plugins/expectations/transaction_inclusion/sightings.h"

/* Blocks a1, a2, ... come at 2 s, 4 s, ... on all nodes; the load runs from 10 s on; judgement is
   at 90 s. An interval of 2 s makes grace 10 s and settle 20 s. */
enum {
    NODES = 3,
    INTERVAL = 2,
    JUDGED = 90
};

static struct fakehost *network(void)
{
    struct fakehost *f = fake_new();

    fake_nodes(f, "validator", NODES);
    fake_facts(f, INTERVAL * ASSAY_SECOND, 30, 5);
    fake_window(f, 10 * ASSAY_SECOND, 70 * ASSAY_SECOND);
    fake_chain(f, "a", "genesis", 1, 60);
    return f;
}

static void all_grow(struct fakehost *f, uint64_t to)
{
    fake_adopt_run(f, ASSAY_ANY_NODE, "a", 1, to, INTERVAL * ASSAY_SECOND, INTERVAL * ASSAY_SECOND);
}

/* Accepted at `at` seconds, and in the block. */
static void included(struct fakehost *f, const char *id, int at, const char *block)
{
    fake_submission(f, id, ASSAY_SUBMIT_ACCEPTED, at * ASSAY_SECOND);
    fake_item(f, block, "transaction", id);
}

static assay_status live_with(struct fakehost *f, assay_verdict *verdict, const char *option)
{
    assay_status s = fake_create(f, option, NULL);

    if (!s)
        s = fake_prepare(f);
    if (s)
        return s;
    fake_cancel_at(f, (JUDGED - 1) * ASSAY_SECOND);
    s = fake_run(f);
    if (s != ASSAY_E_CANCELLED)
        return s;
    fake_advance(f, JUDGED * ASSAY_SECOND);
    return fake_judge(f, verdict);
}

static void check(const assay_verdict *verdict, uint32_t outcome, const char *text)
{
    if (verdict->outcome != outcome)
        fail_msg("outcome %u instead of %u: %s", verdict->outcome, outcome, verdict->why);
    if (!strstr(verdict->why, text))
        fail_msg("'%s' does not say '%s'", verdict->why, text);
}

static void judges(struct fakehost *f, const char *option, uint32_t outcome, const char *text)
{
    assay_verdict verdict;

    assert_int_equal(live_with(f, &verdict, option), ASSAY_OK);
    check(&verdict, outcome, text);
    fake_free(f);
}

/* ---- pass ---- */

static void transactions_on_the_agreed_chain_pass(void **state)
{
    struct fakehost *f = network();

    (void)state;
    all_grow(f, 40);
    included(f, "t1", 11, "a6");
    included(f, "t2", 12, "a9");
    judges(f, NULL, ASSAY_PASS,
        "2 of 2 accepted transactions are on the chain that 3 nodes agree on up to height 40, bar "
        "100.00 %\n"
        "from planned to first seen in a block: p50 1.00 s, p90 6.00 s, p99 6.00 s, max 6.00 s");
}

static void latency_is_a_metric_from_the_planned_moment(void **state)
{
    struct fakehost *f = network();
    assay_verdict verdict;

    (void)state;
    all_grow(f, 40);
    included(f, "t1", 11, "a6");
    included(f, "t2", 12, "a9");
    assert_int_equal(live_with(f, &verdict, NULL), ASSAY_OK);

    assert_int_equal(fake_metric_samples(f, "latency"), 2);
    assert_true(fake_metric(f, "latency") > 6.99 && fake_metric(f, "latency") < 7.01);
    fake_free(f);
}

static void other_items_and_other_peoples_transactions_do_not_count(void **state)
{
    struct fakehost *f = network();

    (void)state;
    all_grow(f, 40);
    included(f, "t1", 11, "a6");
    fake_item(f, "a7", "transaction", "someone-elses");
    fake_item(f, "a7", "transaction", "someone-elses");
    fake_item(f, "a7", "blob", "t1");
    judges(f, NULL, ASSAY_PASS, "1 of 1 accepted");
}

static void a_share_is_enough_when_the_bar_says_so(void **state)
{
    struct fakehost *f = network();

    (void)state;
    all_grow(f, 60);
    included(f, "t1", 11, "a6");
    fake_submission(f, "t2", ASSAY_SUBMIT_ACCEPTED, 12 * ASSAY_SECOND);
    judges(f, "min_included=0.5", ASSAY_PASS, "1 of 2 accepted transactions");
}

/* ---- failures ---- */

static void a_transaction_on_no_chain_fails_and_is_named(void **state)
{
    struct fakehost *f = network();

    (void)state;
    all_grow(f, 40);
    included(f, "t1", 11, "a6");
    fake_submission(f, "t2", ASSAY_SUBMIT_ACCEPTED, 12 * ASSAY_SECOND);
    judges(f, NULL, ASSAY_FAIL,
        "1 of 2 accepted transactions are on the chain that all nodes agree on (50.00 %, up to "
        "height "
        "40 of 40), bar 100.00 %\n"
        "1 are on no chain (0 of them were on forks given up); the first is t2, accepted by "
        "validator-0 at 12.0 s");
}

static void below_the_share_fails(void **state)
{
    struct fakehost *f = network();

    (void)state;
    all_grow(f, 40);
    included(f, "t1", 11, "a6");
    fake_submission(f, "t2", ASSAY_SUBMIT_ACCEPTED, 12 * ASSAY_SECOND);
    judges(f, "min_included=0.51", ASSAY_FAIL, "1 of 2 accepted transactions are on");
}

static void inclusion_on_a_fork_that_was_given_up_does_not_count(void **state)
{
    struct fakehost *f = network();

    (void)state;
    fake_chain(f, "b", "a39", 40, 40);
    fake_item(f, "b40", "transaction", "t2");
    all_grow(f, 40);
    fake_adopt(f, 79 * ASSAY_SECOND, 1, "b40");
    included(f, "t1", 11, "a6");
    fake_submission(f, "t2", ASSAY_SUBMIT_ACCEPTED, 12 * ASSAY_SECOND);
    judges(f, NULL, ASSAY_FAIL, "1 are on no chain (1 of them were on forks given up)");
}

static void a_transaction_on_a_fork_and_on_the_agreed_chain_is_included_once(void **state)
{
    struct fakehost *f = network();

    (void)state;
    fake_chain(f, "b", "a19", 20, 20);
    fake_item(f, "b20", "transaction", "t1");
    all_grow(f, 40);
    fake_adopt(f, 39 * ASSAY_SECOND, 1, "b20");
    included(f, "t1", 11, "a22");
    judges(f, NULL, ASSAY_PASS, "1 of 1 accepted");
}

static void twice_on_the_agreed_chain_fails(void **state)
{
    struct fakehost *f = network();

    (void)state;
    all_grow(f, 40);
    included(f, "t1", 11, "a6");
    fake_item(f, "a9", "transaction", "t1");
    judges(
        f, NULL, ASSAY_FAIL, "1 transaction is on the agreed chain twice: t1 at heights 6 and 9");
}

static void twice_in_one_block_fails(void **state)
{
    struct fakehost *f = network();

    (void)state;
    all_grow(f, 40);
    included(f, "t1", 11, "a6");
    fake_item(f, "a6", "transaction", "t1");
    judges(f, NULL, ASSAY_FAIL, "t1 at heights 6 and 6");
}

static void a_transaction_without_answer_must_not_be_included_twice_either(void **state)
{
    struct fakehost *f = network();

    (void)state;
    all_grow(f, 40);
    included(f, "t1", 11, "a6");
    fake_submission(f, "t2", ASSAY_SUBMIT_FAILED, 12 * ASSAY_SECOND);
    fake_item(f, "a7", "transaction", "t2");
    fake_item(f, "a8", "transaction", "t2");
    judges(f, NULL, ASSAY_FAIL, "t2 at heights 7 and 8");
}

static void too_high_a_latency_fails(void **state)
{
    struct fakehost *f = network();

    (void)state;
    all_grow(f, 40);
    included(f, "t1", 11, "a6");
    included(f, "t2", 12, "a9");
    judges(f, "latency_p99_max=5s", ASSAY_FAIL, "latency p99 is 6.00 s, bound 5.00 s");
}

static void a_latency_within_the_bound_passes(void **state)
{
    struct fakehost *f = network();

    (void)state;
    all_grow(f, 40);
    included(f, "t1", 11, "a6");
    included(f, "t2", 12, "a9");
    judges(f, "latency_p99_max=6s", ASSAY_PASS, "2 of 2");
}

static void what_is_not_included_takes_longer_than_any_bound(void **state)
{
    struct fakehost *f = fake_new();
    assay_verdict verdict;

    (void)state;
    fake_nodes(f, "validator", 1);
    fake_facts(f, INTERVAL * ASSAY_SECOND, 30, 5);
    fake_chain(f, "a", "genesis", 1, 60);
    all_grow(f, 40);
    included(f, "t1", 11, "a6");
    fake_submission(f, "t2", ASSAY_SUBMIT_ACCEPTED, 12 * ASSAY_SECOND);
    assert_int_equal(fake_create(f, "min_included=0.5", "latency_p99_max=1h", NULL), ASSAY_OK);
    assert_int_equal(fake_prepare(f), ASSAY_OK);
    fake_advance(f, JUDGED * ASSAY_SECOND);
    assert_int_equal(fake_judge(f, &verdict), ASSAY_OK);

    check(&verdict, ASSAY_FAIL, "latency p99 is without limit, bound 3600.00 s");
    fake_free(f);
}

/* ---- vacuous ---- */

static void a_network_that_accepts_nothing_is_vacuous_at_once(void **state)
{
    struct fakehost *f = network();
    assay_verdict verdict;

    (void)state;
    all_grow(f, 40);
    fake_submission(f, "t1", ASSAY_SUBMIT_REFUSED, 11 * ASSAY_SECOND);
    fake_submission(f, "t2", ASSAY_SUBMIT_FAILED, 12 * ASSAY_SECOND);
    fake_submission(f, "t3", ASSAY_SUBMIT_MISSED, 13 * ASSAY_SECOND);
    fake_submission(f, "t4", ASSAY_SUBMIT_PENDING, 14 * ASSAY_SECOND);
    assert_int_equal(live_with(f, &verdict, NULL), ASSAY_OK);

    check(&verdict, ASSAY_VACUOUS,
        "0 transactions were accepted, needed 1: of 4 planned, 1 were refused, 2 had no answer, 1 "
        "were never sent");
    assert_int_equal(fake_now(f), JUDGED * ASSAY_SECOND);
    fake_free(f);
}

static void a_run_without_load_is_vacuous(void **state)
{
    struct fakehost *f = network();

    (void)state;
    all_grow(f, 40);
    judges(f, NULL, ASSAY_VACUOUS, "0 transactions were accepted, needed 1: of 0 planned");
}

static void fewer_than_asked_for_are_vacuous(void **state)
{
    struct fakehost *f = network();

    (void)state;
    all_grow(f, 40);
    included(f, "t1", 11, "a6");
    judges(f, "min_accepted=2", ASSAY_VACUOUS, "1 transactions were accepted, needed 2");
}

/* ---- waiting ---- */

static void waits_for_the_rest_to_be_included(void **state)
{
    struct fakehost *f = network();
    assay_verdict verdict;

    (void)state;
    all_grow(f, 60);
    included(f, "t1", 11, "a6");
    included(f, "t2", 69, "a50"); /* which comes at 100 s */
    assert_int_equal(live_with(f, &verdict, NULL), ASSAY_OK);

    check(&verdict, ASSAY_PASS, "2 of 2 accepted");
    assert_in_range(fake_now(f), 100 * ASSAY_SECOND, 101 * ASSAY_SECOND);
    fake_free(f);
}

static void waits_no_longer_than_it_may(void **state)
{
    struct fakehost *f = network();
    assay_verdict verdict;

    (void)state;
    all_grow(f, 60);
    included(f, "t1", 11, "a6");
    included(f, "t2", 69, "a50");
    assert_int_equal(live_with(f, &verdict, "settle=5s"), ASSAY_OK);

    check(&verdict, ASSAY_FAIL, "1 of 2 accepted transactions are on");
    assert_int_equal(fake_now(f), (JUDGED + 5) * ASSAY_SECOND);
    fake_free(f);
}

static void what_was_accepted_late_is_not_owed_yet(void **state)
{
    struct fakehost *f = network();

    (void)state;
    all_grow(f, 40);
    included(f, "t1", 11, "a6");
    fake_submission(f, "t2", ASSAY_SUBMIT_ACCEPTED, (JUDGED + 12) * ASSAY_SECOND);
    judges(f, NULL, ASSAY_PASS,
        "1 more were accepted less than 10.0 s before the end and are not counted (0 are "
        "included)");
}

static void what_was_accepted_late_does_not_lift_the_share(void **state)
{
    struct fakehost *f = network();

    (void)state;
    all_grow(f, 60);
    included(f, "t1", 11, "a6");
    fake_submission(f, "t2", ASSAY_SUBMIT_ACCEPTED, 12 * ASSAY_SECOND);
    included(f, "t3", JUDGED + 12, "a52");
    included(f, "t4", JUDGED + 12, "a52");
    judges(f, "min_included=0.6", ASSAY_FAIL, "1 of 2 accepted transactions are on");
}

static void only_late_ones_are_undecided(void **state)
{
    struct fakehost *f = network();

    (void)state;
    all_grow(f, 40);
    fake_submission(f, "t1", ASSAY_SUBMIT_ACCEPTED, (JUDGED + 12) * ASSAY_SECOND);
    judges(f, NULL, ASSAY_UNDECIDED,
        "all 1 accepted transactions were accepted in the last 10.0 s: too late to be owed "
        "inclusion");
}

static void late_ones_that_are_all_included_pass(void **state)
{
    struct fakehost *f = network();

    (void)state;
    all_grow(f, 44);
    included(f, "t1", JUDGED - 4, "a44");
    judges(f, NULL, ASSAY_PASS, "1 of 1 accepted");
}

/* ---- spans that follow from the block interval ---- */

static void grace_and_settle_follow_from_the_block_interval(void **state)
{
    struct fakehost *f = network();
    assay_verdict verdict;

    (void)state;
    fake_facts(f, 4 * ASSAY_SECOND, 15, 5);
    all_grow(f, 30);
    included(f, "t1", 11, "a6");
    fake_submission(f, "t2", ASSAY_SUBMIT_ACCEPTED, (JUDGED + 21) * ASSAY_SECOND);
    fake_submission(f, "t3", ASSAY_SUBMIT_ACCEPTED, (JUDGED + 19) * ASSAY_SECOND);
    assert_int_equal(live_with(f, &verdict, NULL), ASSAY_OK);

    assert_int_equal(fake_now(f), (JUDGED + 40) * ASSAY_SECOND);
    check(&verdict, ASSAY_FAIL, "1 of 2 accepted transactions are on");
    check(&verdict, ASSAY_FAIL, "1 more were accepted less than 20.0 s before the end");
    fake_free(f);
}

static void settling_takes_a_minute_at_most_by_default(void **state)
{
    struct fakehost *f = network();
    assay_verdict verdict;

    (void)state;
    fake_facts(f, 20 * ASSAY_SECOND, 3, 5);
    all_grow(f, 30);
    fake_submission(f, "t1", ASSAY_SUBMIT_ACCEPTED, 11 * ASSAY_SECOND);
    assert_int_equal(live_with(f, &verdict, NULL), ASSAY_OK);

    assert_int_equal(fake_now(f), (JUDGED + 60) * ASSAY_SECOND);
    fake_free(f);
}

static void an_unknown_block_interval_means_ten_seconds(void **state)
{
    struct fakehost *f = network();
    assay_verdict verdict;

    (void)state;
    fake_facts(f, 0, 0, 0);
    all_grow(f, 30);
    fake_submission(f, "t1", ASSAY_SUBMIT_ACCEPTED, 11 * ASSAY_SECOND);
    assert_int_equal(live_with(f, &verdict, NULL), ASSAY_OK);

    assert_int_equal(fake_now(f), (JUDGED + 10) * ASSAY_SECOND);
    check(&verdict, ASSAY_FAIL, "0 of 1 accepted");
    fake_free(f);
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

/* ---- what is told besides ---- */

static void transactions_without_answer_and_refused_ones_are_told_apart(void **state)
{
    struct fakehost *f = network();

    (void)state;
    all_grow(f, 40);
    included(f, "t1", 11, "a6");
    fake_submission(f, "t2", ASSAY_SUBMIT_FAILED, 12 * ASSAY_SECOND);
    fake_submission(f, "t3", ASSAY_SUBMIT_FAILED, 12 * ASSAY_SECOND);
    fake_submission(f, "t4", ASSAY_SUBMIT_REFUSED, 12 * ASSAY_SECOND);
    fake_item(f, "a8", "transaction", "t3");
    fake_item(f, "a8", "transaction", "t4");
    judges(f, NULL, ASSAY_PASS,
        "2 never had an answer (1 of them are included), 1 were always refused (1 included)");
}

static void unanswered_transactions_are_told_when_none_was_refused(void **state)
{
    struct fakehost *f = network();

    (void)state;
    all_grow(f, 40);
    included(f, "t1", 11, "a6");
    fake_submission(f, "t2", ASSAY_SUBMIT_FAILED, 12 * ASSAY_SECOND);
    judges(f, NULL, ASSAY_PASS,
        "1 never had an answer (0 of them are included), 0 were always refused");
}

/* Ten planned, so many of them never sent, the rest included. */
static struct fakehost *under_load(int missed)
{
    struct fakehost *f = network();
    char id[16];

    all_grow(f, 40);
    for (int i = 0; i < 10; i++) {
        (void)snprintf(id, sizeof(id), "t%d", i);
        if (i < missed)
            fake_submission(f, id, ASSAY_SUBMIT_MISSED, 12 * ASSAY_SECOND);
        else
            included(f, id, 12, "a9");
    }
    return f;
}

static void unsent_transactions_are_told(void **state)
{
    (void)state;
    judges(under_load(1), NULL, ASSAY_PASS, "1 were planned and never sent");
}

static void too_light_a_load_is_undecided(void **state)
{
    (void)state;
    judges(under_load(2), NULL, ASSAY_UNDECIDED,
        "only 8 of 10 planned transactions were sent (80.00 %), bar 90.00 %: the network was not "
        "under "
        "the load asked for");
}

static void the_bar_for_the_load_can_be_given(void **state)
{
    (void)state;
    judges(under_load(2), "min_sent=0.8", ASSAY_PASS, "2 were planned and never sent");
}

static void lost_observations_are_told_but_change_nothing(void **state)
{
    struct fakehost *f = network();

    (void)state;
    all_grow(f, 40);
    included(f, "t1", 11, "a6");
    fake_lose(f, 30 * ASSAY_SECOND, 3);
    judges(f, NULL, ASSAY_PASS, "not all blocks were noted: forks may be missing");
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

/* ---- sightings ---- */

static void sightings_keep_each_block_once(void **state)
{
    struct sightings sightings = {.heights = 0};

    (void)state;
    assert_null(sightings_at(&sightings, 5));
    assert_int_equal(sightings_add(&sightings, 5, "x"), ASSAY_OK);
    assert_int_equal(sightings_add(&sightings, 5, "x"), ASSAY_OK);
    assert_int_equal(sightings_add(&sightings, 5, "y"), ASSAY_OK);
    assert_int_equal(sightings_add(&sightings, 5000, "z"), ASSAY_OK);

    assert_int_equal(sightings.count, 3);
    assert_string_equal(sightings_at(&sightings, 5)->id, "y");
    assert_string_equal(sightings_at(&sightings, 5)->next->id, "x");
    assert_string_equal(sightings_at(&sightings, 5000)->id, "z");
    assert_null(sightings_at(&sightings, 6));
    assert_null(sightings_at(&sightings, UINT64_MAX));
    sightings_done(&sightings);
    assert_null(sightings_at(&sightings, 5));
}

static void sightings_grow_as_heights_do(void **state)
{
    struct sightings sightings = {.heights = 0};
    static const uint64_t heights[] = {1023, 1024, 2048, 1, 4096};
    char id[32];

    (void)state;
    for (size_t i = 0; i < sizeof(heights) / sizeof(heights[0]); i++) {
        (void)snprintf(id, sizeof(id), "at-%llu", (unsigned long long)heights[i]);
        assert_null(sightings_at(&sightings, heights[i]));
        assert_int_equal(sightings_add(&sightings, heights[i], id), ASSAY_OK);
        assert_string_equal(sightings_at(&sightings, heights[i])->id, id);
        assert_null(sightings_at(&sightings, sightings.heights));
    }
    assert_int_equal(sightings.count, 5);
    sightings_done(&sightings);
}

static void sightings_say_when_they_are_full(void **state)
{
    struct sightings sightings = {.heights = 0};

    (void)state;
    assert_int_equal(sightings_add(&sightings, SIGHTINGS_MAX, "x"), ASSAY_OK);
    assert_int_equal(sightings.is_full, 1);
    assert_null(sightings_at(&sightings, SIGHTINGS_MAX));
    sightings_done(&sightings);
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

static void gives_no_verdict_and_leaks_nothing_when_any_call_fails(void **state)
{
    uint64_t nth = 1;

    (void)state;
    for (;; nth++) {
        struct fakehost *f = eventful();
        assay_verdict verdict;
        assay_status s;

        fake_fail_call(f, nth, ASSAY_E_NOMEM);
        s = live_with(f, &verdict, NULL);
        if (!fake_failed_call(f)[0]) {
            assert_int_equal(s, ASSAY_OK);
            assert_int_equal(verdict.outcome, ASSAY_PASS);
            fake_free(f);
            break;
        }
        assert_int_equal(s, ASSAY_E_NOMEM);
        fake_free(f);
    }
    assert_true(nth > 200);
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

static void returns_at_once_when_cancelled_at_any_wait_of_the_judgement(void **state)
{
    uint64_t waits_before;
    uint64_t waits;

    (void)state;
    for (uint64_t nth = 0;; nth++) {
        struct fakehost *f = eventful();
        assay_verdict verdict;
        assay_status s;

        assert_int_equal(fake_create(f, NULL), ASSAY_OK);
        assert_int_equal(fake_prepare(f), ASSAY_OK);
        fake_advance(f, JUDGED * ASSAY_SECOND);
        waits_before = fake_blocking_calls(f);
        fake_cancel_call(f, nth ? waits_before + nth : 0);
        s = fake_judge(f, &verdict);
        waits = fake_blocking_calls(f) - waits_before;
        fake_free(f);
        if (!nth)
            continue;
        if (s == ASSAY_OK)
            break;
        assert_int_equal(s, ASSAY_E_CANCELLED);
        assert_int_equal(waits, nth);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(transactions_on_the_agreed_chain_pass),
        cmocka_unit_test(latency_is_a_metric_from_the_planned_moment),
        cmocka_unit_test(other_items_and_other_peoples_transactions_do_not_count),
        cmocka_unit_test(a_share_is_enough_when_the_bar_says_so),
        cmocka_unit_test(a_transaction_on_no_chain_fails_and_is_named),
        cmocka_unit_test(below_the_share_fails),
        cmocka_unit_test(inclusion_on_a_fork_that_was_given_up_does_not_count),
        cmocka_unit_test(a_transaction_on_a_fork_and_on_the_agreed_chain_is_included_once),
        cmocka_unit_test(twice_on_the_agreed_chain_fails),
        cmocka_unit_test(twice_in_one_block_fails),
        cmocka_unit_test(a_transaction_without_answer_must_not_be_included_twice_either),
        cmocka_unit_test(too_high_a_latency_fails),
        cmocka_unit_test(a_latency_within_the_bound_passes),
        cmocka_unit_test(what_is_not_included_takes_longer_than_any_bound),
        cmocka_unit_test(a_network_that_accepts_nothing_is_vacuous_at_once),
        cmocka_unit_test(a_run_without_load_is_vacuous),
        cmocka_unit_test(fewer_than_asked_for_are_vacuous),
        cmocka_unit_test(waits_for_the_rest_to_be_included),
        cmocka_unit_test(waits_no_longer_than_it_may),
        cmocka_unit_test(what_was_accepted_late_is_not_owed_yet),
        cmocka_unit_test(what_was_accepted_late_does_not_lift_the_share),
        cmocka_unit_test(only_late_ones_are_undecided),
        cmocka_unit_test(grace_and_settle_follow_from_the_block_interval),
        cmocka_unit_test(settling_takes_a_minute_at_most_by_default),
        cmocka_unit_test(an_unknown_block_interval_means_ten_seconds),
        cmocka_unit_test(late_ones_that_are_all_included_pass),
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
        cmocka_unit_test(unanswered_transactions_are_told_when_none_was_refused),
        cmocka_unit_test(transactions_without_answer_and_refused_ones_are_told_apart),
        cmocka_unit_test(unsent_transactions_are_told),
        cmocka_unit_test(too_light_a_load_is_undecided),
        cmocka_unit_test(the_bar_for_the_load_can_be_given),
        cmocka_unit_test(lost_observations_are_told_but_change_nothing),
        cmocka_unit_test(a_chain_left_by_all_between_two_readings_is_read_anew),
        cmocka_unit_test(a_chain_left_by_all_for_a_shorter_one_is_read_anew),
        cmocka_unit_test(a_chain_that_moves_amid_a_reading_is_read_again),
        cmocka_unit_test(a_chain_that_never_rests_is_no_verdict),
        cmocka_unit_test(sightings_keep_each_block_once),
        cmocka_unit_test(sightings_grow_as_heights_do),
        cmocka_unit_test(sightings_say_when_they_are_full),
        cmocka_unit_test(gives_no_verdict_and_leaks_nothing_when_any_call_fails),
        cmocka_unit_test(a_failure_stands_when_the_names_for_its_text_cannot_be_had),
        cmocka_unit_test(returns_at_once_when_cancelled_at_any_wait_of_the_judgement),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

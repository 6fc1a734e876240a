#include "plugins/expectations/inclusion/sightings.h"
#include "plugins/expectations/transaction_inclusion/test_network.h"

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
        cmocka_unit_test(late_ones_that_are_all_included_pass),
        cmocka_unit_test(grace_and_settle_follow_from_the_block_interval),
        cmocka_unit_test(settling_takes_a_minute_at_most_by_default),
        cmocka_unit_test(an_unknown_block_interval_means_ten_seconds),
        cmocka_unit_test(transactions_without_answer_and_refused_ones_are_told_apart),
        cmocka_unit_test(unanswered_transactions_are_told_when_none_was_refused),
        cmocka_unit_test(unsent_transactions_are_told),
        cmocka_unit_test(too_light_a_load_is_undecided),
        cmocka_unit_test(the_bar_for_the_load_can_be_given),
        cmocka_unit_test(lost_observations_are_told_but_change_nothing),
        cmocka_unit_test(sightings_keep_each_block_once),
        cmocka_unit_test(sightings_grow_as_heights_do),
        cmocka_unit_test(sightings_say_when_they_are_full),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

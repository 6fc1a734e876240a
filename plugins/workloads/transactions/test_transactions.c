#include "tests/fakehost/fakehost.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

enum {
    OPENS = 10, /* of the window, seconds */
    CLOSES = 20
};

static assay_ns seconds(double count)
{
    return (assay_ns)(count * (double)ASSAY_SECOND);
}

/* Two validators and an executor, ten accounts, blocks every two seconds. */
static struct fakehost *network(void)
{
    struct fakehost *f = fake_new();

    fake_nodes(f, "validator", 2);
    fake_nodes(f, "executor", 1);
    fake_facts(f, 2 * ASSAY_SECOND, 5, 3);
    fake_window(f, OPENS * ASSAY_SECOND, CLOSES * ASSAY_SECOND);
    fake_purse(f, 10, ASSAY_MS, 0);
    return f;
}

/* From prepare to finish; the window opens in between. */
static assay_status live(struct fakehost *f)
{
    assay_status s = fake_prepare(f);

    if (!s) {
        fake_advance(f, OPENS * ASSAY_SECOND);
        s = fake_run(f);
    }
    (void)fake_finish(f);
    return s;
}

/* ---- the schedule ---- */

static void sends_at_the_planned_moments_and_hands_over_before_them(void **state)
{
    struct fakehost *f = network();

    (void)state;
    assert_int_equal(fake_create(f, "rate=5", "per=second", "lead=100ms", NULL), ASSAY_OK);
    assert_int_equal(live(f), ASSAY_OK);

    assert_int_equal(fake_sent_count(f), 50);
    for (size_t i = 0; i < 50; i++) {
        const struct fake_sent *sent = fake_sent(f, i);

        assert_int_equal(sent->at, seconds(OPENS) + (assay_ns)i * seconds(0.2) + seconds(0.1));
        assert_true(sent->asked_at <= sent->at);
        assert_true(sent->asked_at >= sent->at - 100 * ASSAY_MS);
    }
    assert_int_equal(fake_submission_count(f, ASSAY_SUBMIT_ACCEPTED), 50);
    assert_non_null(strstr(fake_log(f), "offered 50, sent 50: 50 accepted, 0 refused, 0 failed"));
    assert_null(strstr(fake_log(f), "WARN"));
    fake_free(f);
}

static void a_rate_per_block_follows_the_expected_block_interval(void **state)
{
    struct fakehost *f = network();

    (void)state;
    assert_int_equal(fake_create(f, "rate=4", NULL), ASSAY_OK);
    assert_int_equal(live(f), ASSAY_OK);

    assert_int_equal(fake_sent_count(f), 20); /* 10 s, a block every 2 s, 4 of each */
    assert_int_equal(fake_sent(f, 1)->at - fake_sent(f, 0)->at, seconds(0.5));
    fake_free(f);
}

static void an_odd_rate_does_not_drift(void **state)
{
    struct fakehost *f = network();

    (void)state;
    assert_int_equal(fake_create(f, "rate=37", "per=second", NULL), ASSAY_OK);
    assert_int_equal(live(f), ASSAY_OK);

    assert_int_equal(fake_sent_count(f), 370);
    assert_in_range(fake_sent(f, 369)->at, (uintmax_t)seconds(OPENS + 369.5 / 37) - 1,
        (uintmax_t)seconds(OPENS + 369.5 / 37) + 1);
    fake_free(f);
}

static void slow_answers_do_not_delay_sends(void **state)
{
    struct fakehost *f = network();

    (void)state;
    fake_purse(f, 1000, ASSAY_MS, 0);
    for (uint32_t i = 0; i < 3; i++)
        fake_answers(f, i, 200, 8 * ASSAY_SECOND);
    assert_int_equal(fake_create(f, "rate=10", "per=second", NULL), ASSAY_OK);
    assert_int_equal(live(f), ASSAY_OK);

    assert_int_equal(fake_sent_count(f), 100);
    for (size_t i = 0; i < 100; i++)
        assert_true(fake_sent(f, i)->asked_at <= fake_sent(f, i)->at);
    assert_int_equal(fake_submission_count(f, ASSAY_SUBMIT_ACCEPTED), 100);
    assert_true(fake_metric(f, "response") >= 100 * 8.0);
    fake_free(f);
}

static void collects_answers_that_come_after_the_window(void **state)
{
    struct fakehost *f = network();

    (void)state;
    for (uint32_t i = 0; i < 3; i++)
        fake_answers(f, i, 200, 4 * ASSAY_SECOND);
    assert_int_equal(fake_create(f, "rate=1", "per=second", NULL), ASSAY_OK);
    assert_int_equal(live(f), ASSAY_OK);

    assert_int_equal(fake_submission_count(f, ASSAY_SUBMIT_ACCEPTED), 10);
    assert_true(fake_now(f) < seconds(CLOSES + 4));
    fake_free(f);
}

static void lateness_is_measured_from_the_planned_moment(void **state)
{
    struct fakehost *f = network();

    (void)state;
    fake_send_delay(f, 30 * ASSAY_MS);
    assert_int_equal(fake_create(f, "rate=1", "per=second", NULL), ASSAY_OK);
    assert_int_equal(live(f), ASSAY_OK);

    assert_int_equal(fake_metric_samples(f, "lateness"), 10);
    assert_true(fake_metric(f, "lateness") > 0.299 && fake_metric(f, "lateness") < 0.301);
    assert_true(fake_metric(f, "response") > 0.309 && fake_metric(f, "response") < 0.311);
    assert_true(fake_metric(f, "service") > 0.009 && fake_metric(f, "service") < 0.011);
    assert_non_null(strstr(fake_log(f), "lateness p50 30.000 ms, p99 30.000 ms"));
    fake_free(f);
}

/* ---- targets ---- */

static size_t sent_to(const struct fakehost *f, uint32_t node)
{
    size_t count = 0;

    for (size_t i = 0; i < fake_sent_count(f); i++)
        count += fake_sent(f, i)->node == node;
    return count;
}

static void takes_all_nodes_in_turn(void **state)
{
    struct fakehost *f = network();

    (void)state;
    assert_int_equal(fake_create(f, "rate=3", "per=second", NULL), ASSAY_OK);
    assert_int_equal(live(f), ASSAY_OK);

    for (uint32_t node = 0; node < 3; node++)
        assert_int_equal(sent_to(f, node), 10);
    fake_free(f);
}

static void sends_only_to_the_roles_and_nodes_asked_for(void **state)
{
    struct fakehost *f = network();

    (void)state;
    assert_int_equal(
        fake_create(f, "rate=3", "per=second", "targets=executor, validator-1", NULL), ASSAY_OK);
    assert_int_equal(live(f), ASSAY_OK);

    assert_int_equal(sent_to(f, 0), 0);
    assert_int_equal(sent_to(f, 1), 15);
    assert_int_equal(sent_to(f, 2), 15);
    fake_free(f);
}

static void chooses_by_chance_when_asked(void **state)
{
    struct fakehost *f = network();
    size_t turns = 0;

    (void)state;
    assert_int_equal(fake_create(f, "rate=30", "per=second", "spread=random", NULL), ASSAY_OK);
    assert_int_equal(live(f), ASSAY_OK);

    for (uint32_t node = 0; node < 3; node++)
        assert_in_range(sent_to(f, node), 50, 150);
    for (size_t i = 1; i < fake_sent_count(f); i++)
        turns += fake_sent(f, i)->node == (fake_sent(f, i - 1)->node + 1) % 3;
    assert_true(turns < 200);
    fake_free(f);
}

static void refuses_targets_that_match_no_node(void **state)
{
    struct fakehost *f = network();

    (void)state;
    assert_int_equal(fake_create(f, "targets=validatr", NULL), ASSAY_E_INVALID);
    assert_non_null(strstr(fake_why(f), "targets matches no node"));
    fake_free(f);
}

/* ---- what comes of a send ---- */

static void tells_accepted_refused_and_failed_apart(void **state)
{
    struct fakehost *f = network();

    (void)state;
    fake_answers(f, 1, 422, ASSAY_MS);
    fake_answers(f, 2, 0, ASSAY_MS);
    assert_int_equal(fake_create(f, "rate=3", "per=second", NULL), ASSAY_OK);
    assert_int_equal(live(f), ASSAY_OK);

    assert_int_equal(fake_submission_count(f, ASSAY_SUBMIT_ACCEPTED), 10);
    assert_int_equal(fake_submission_count(f, ASSAY_SUBMIT_REFUSED), 10);
    assert_int_equal(fake_submission_count(f, ASSAY_SUBMIT_FAILED), 10);
    assert_int_equal(fake_metric(f, "accepted"), 10);
    assert_int_equal(fake_metric(f, "refused"), 10);
    assert_int_equal(fake_metric(f, "failed"), 10);
    assert_int_equal(fake_metric(f, "sent"), 30);
    fake_free(f);
}

static void an_answer_after_the_timeout_is_a_failure(void **state)
{
    struct fakehost *f = network();

    (void)state;
    fake_answers(f, 0, 200, 3 * ASSAY_SECOND);
    assert_int_equal(fake_create(f, "rate=3", "per=second", "timeout=2s", NULL), ASSAY_OK);
    assert_int_equal(live(f), ASSAY_OK);

    assert_int_equal(fake_sent(f, 0)->timeout, 2 * ASSAY_SECOND);
    assert_int_equal(fake_submission_count(f, ASSAY_SUBMIT_FAILED), 10);
    assert_int_equal(fake_submission_count(f, ASSAY_SUBMIT_ACCEPTED), 20);
    fake_free(f);
}

static void an_outcome_that_it_does_not_know_counts_as_no_answer(void **state)
{
    static const uint32_t unknown[] = {5, 1000, UINT32_MAX};

    (void)state;
    for (size_t i = 0; i < sizeof(unknown) / sizeof(unknown[0]); i++) {
        struct fakehost *f = network();

        fake_settles_as(f, unknown[i]);
        assert_int_equal(fake_create(f, "rate=1", "per=second", NULL), ASSAY_OK);
        assert_int_equal(live(f), ASSAY_OK);
        assert_int_equal(fake_submission_count(f, ASSAY_SUBMIT_FAILED), 10);
        fake_free(f);
    }
}

static void a_network_that_refuses_everything_is_no_failure_of_the_workload(void **state)
{
    struct fakehost *f = network();

    (void)state;
    for (uint32_t i = 0; i < 3; i++)
        fake_answers(f, i, 500, ASSAY_MS);
    assert_int_equal(fake_create(f, "rate=3", "per=second", NULL), ASSAY_OK);
    assert_int_equal(live(f), ASSAY_OK);

    assert_int_equal(fake_submission_count(f, ASSAY_SUBMIT_REFUSED), 30);
    fake_free(f);
}

/* ---- what keeps it from sending ---- */

static void a_dry_purse_makes_missed_sends_and_advice(void **state)
{
    struct fakehost *f = network();
    char text[96];

    (void)state;
    fake_purse(f, 1, ASSAY_MS, ASSAY_SECOND);
    assert_int_equal(fake_create(f, "rate=5", "per=second", NULL), ASSAY_OK);
    assert_int_equal(live(f), ASSAY_OK);

    assert_in_range(fake_sent_count(f), 8, 10);
    assert_int_equal(fake_sent_count(f) + fake_submission_count(f, ASSAY_SUBMIT_MISSED), 50);
    assert_int_equal(fake_metric(f, "missed"), fake_submission_count(f, ASSAY_SUBMIT_MISSED));
    assert_non_null(strstr(fake_log(f), "planned transactions were never sent"));
    (void)snprintf(text, sizeof(text),
        "%zu missed since no user had a spendable output: raise users",
        fake_submission_count(f, ASSAY_SUBMIT_MISSED));
    assert_non_null(strstr(fake_log(f), text));
    fake_free(f);
}

static void too_many_unanswered_requests_make_missed_sends(void **state)
{
    struct fakehost *f = network();

    (void)state;
    for (uint32_t i = 0; i < 3; i++)
        fake_answers(f, i, 200, ASSAY_SECOND);
    assert_int_equal(fake_create(f, "rate=5", "per=second", "in_flight_max=2", NULL), ASSAY_OK);
    assert_int_equal(live(f), ASSAY_OK);

    assert_in_range(fake_sent_count(f), 15, 25);
    assert_int_equal(fake_sent_count(f) + fake_submission_count(f, ASSAY_SUBMIT_MISSED), 50);
    assert_non_null(strstr(fake_log(f), "since in_flight_max requests were unanswered"));
    fake_free(f);
}

static void a_host_that_takes_no_more_requests_makes_missed_sends(void **state)
{
    struct fakehost *f = network();

    (void)state;
    assert_int_equal(fake_create(f, "rate=5", "per=second", NULL), ASSAY_OK);
    fake_aim(f, "start");
    fake_fail_call(f, 7, ASSAY_E_LAGGED);
    assert_int_equal(live(f), ASSAY_OK);

    assert_string_equal(fake_failed_call(f), "start");
    assert_int_equal(fake_submission_count(f, ASSAY_SUBMIT_MISSED), 1);
    assert_int_equal(fake_submission_count(f, ASSAY_SUBMIT_ACCEPTED), 49);
    fake_free(f);
}

static void making_transactions_too_slowly_makes_missed_sends(void **state)
{
    struct fakehost *f = network();

    (void)state;
    fake_purse(f, 10, ASSAY_SECOND, 0);
    assert_int_equal(fake_create(f, "rate=5", "per=second", NULL), ASSAY_OK);
    assert_int_equal(live(f), ASSAY_OK);

    assert_in_range(fake_sent_count(f), 9, 11);
    assert_int_equal(fake_sent_count(f) + fake_submission_count(f, ASSAY_SUBMIT_MISSED), 50);
    assert_non_null(strstr(fake_log(f), "missed since making transactions takes too long"));
    assert_true(fake_metric(f, "lateness") > 10); /* and those that left were late */
    fake_free(f);
}

static void fails_when_nothing_at_all_could_be_sent(void **state)
{
    struct fakehost *f = network();

    (void)state;
    fake_aim(f, "transfer_next");
    assert_int_equal(fake_create(f, "rate=0.1", "per=second", NULL), ASSAY_OK);
    fake_fail_call(f, 1, ASSAY_E_TIMEOUT);
    assert_int_equal(live(f), ASSAY_E_IO);

    assert_non_null(strstr(fake_why(f),
        "not one of 1 planned transactions could be sent: no user had a spendable output"));
    fake_free(f);
}

static void nodes_that_take_no_connection_make_missed_sends(void **state)
{
    struct fakehost *f = network();

    (void)state;
    fake_settles_as(f, ASSAY_SUBMIT_MISSED); /* as the system says of what never left */
    assert_int_equal(fake_create(f, "rate=3", "per=second", NULL), ASSAY_OK);
    assert_int_equal(live(f), ASSAY_E_IO);

    assert_int_equal(fake_submission_count(f, ASSAY_SUBMIT_MISSED), 30);
    assert_non_null(strstr(fake_log(f), "30 missed since their node took no connection"));
    assert_non_null(strstr(fake_why(f), "could be sent: their node took no connection"));
    fake_free(f);
}

/* ---- set-up ---- */

static void users_default_to_all_accounts(void **state)
{
    struct fakehost *f = network();

    (void)state;
    assert_int_equal(fake_create(f, NULL), ASSAY_OK);
    assert_int_equal(fake_prepare(f), ASSAY_OK);
    assert_int_equal(fake_purse_users(f), 10);
    fake_free(f);
}

static void says_what_to_do_when_accounts_are_short(void **state)
{
    struct fakehost *f = network();

    (void)state;
    assert_int_equal(fake_create(f, "users=11", NULL), ASSAY_OK);
    assert_int_equal(fake_prepare(f), ASSAY_E_NOTFOUND);
    assert_non_null(strstr(fake_why(f), "cannot have 11 accounts for itself: the scenario has 10"));
    assert_int_equal(fake_finish(f), ASSAY_OK);
    fake_free(f);
}

static void says_what_to_do_when_there_are_no_accounts(void **state)
{
    struct fakehost *f = network();

    (void)state;
    fake_purse(f, 0, 0, 0);
    assert_int_equal(fake_create(f, NULL), ASSAY_OK);
    assert_int_equal(fake_prepare(f), ASSAY_E_INVALID);
    assert_non_null(strstr(fake_why(f), "there are no accounts to send from"));
    fake_free(f);
}

static void a_rate_per_block_needs_a_known_interval(void **state)
{
    struct fakehost *f = network();

    (void)state;
    fake_facts(f, 0, 0, 0);
    assert_int_equal(fake_create(f, NULL), ASSAY_OK);
    assert_int_equal(fake_prepare(f), ASSAY_E_INVALID);
    assert_non_null(strstr(fake_why(f), "set per = second"));
    fake_free(f);
}

static void refuses_a_rate_that_plans_nothing(void **state)
{
    struct fakehost *f = network();

    (void)state;
    assert_int_equal(fake_create(f, "rate=0.05", "per=second", NULL), ASSAY_OK);
    assert_int_equal(fake_prepare(f), ASSAY_E_INVALID);
    assert_non_null(strstr(fake_why(f), "makes no transaction at all in a run of 10.000 s"));
    fake_free(f);
}

static void refuses_to_run_before_the_window_opens(void **state)
{
    struct fakehost *f = network();

    (void)state;
    assert_int_equal(fake_create(f, NULL), ASSAY_OK);
    assert_int_equal(fake_prepare(f), ASSAY_OK);
    assert_int_equal(fake_run(f), ASSAY_E_INVALID);
    assert_int_equal(fake_finish(f), ASSAY_OK);
    fake_free(f);
}

/* ---- torture ---- */

static void what_is_in_flight_when_cancelled_is_reported_as_failed(void **state)
{
    struct fakehost *f = network();

    (void)state;
    for (uint32_t i = 0; i < 3; i++)
        fake_answers(f, i, 200, 4 * ASSAY_SECOND);
    assert_int_equal(fake_create(f, "rate=1", "per=second", NULL), ASSAY_OK);
    assert_int_equal(fake_prepare(f), ASSAY_OK);
    fake_advance(f, OPENS * ASSAY_SECOND);
    fake_cancel_at(f, seconds(OPENS + 7));
    assert_int_equal(fake_run(f), ASSAY_E_CANCELLED);
    assert_int_equal(fake_submission_count(f, ASSAY_SUBMIT_PENDING), 4);
    assert_int_equal(fake_finish(f), ASSAY_OK);

    assert_int_equal(fake_submission_count(f, ASSAY_SUBMIT_PENDING), 0);
    assert_int_equal(fake_submission_count(f, ASSAY_SUBMIT_FAILED), 4);
    assert_int_equal(fake_submission_count(f, ASSAY_SUBMIT_ACCEPTED), 3);
    assert_int_equal(fake_metric_samples(f, "lateness"), 3); /* the others were never measured */
    fake_free(f);
}

static void answers_that_never_come_end_the_wait_and_count_as_failed(void **state)
{
    (void)state;
    for (uint64_t nth = 1;; nth++) {
        struct fakehost *f = network();
        bool was_hit;

        for (uint32_t i = 0; i < 3; i++)
            fake_answers(f, i, 200, 9 * ASSAY_SECOND);
        assert_int_equal(fake_create(f, "rate=1", "per=second", NULL), ASSAY_OK);
        fake_aim(f, "collect");
        fake_fail_call(f, nth, ASSAY_E_TIMEOUT);
        assert_int_equal(live(f), ASSAY_OK);
        was_hit = fake_failed_call(f)[0];

        assert_int_equal(fake_submission_count(f, ASSAY_SUBMIT_ACCEPTED) +
                fake_submission_count(f, ASSAY_SUBMIT_FAILED),
            10);
        fake_free(f);
        if (!was_hit)
            break;
    }
}

static void finish_says_when_it_could_not_report(void **state)
{
    struct fakehost *f = network();

    (void)state;
    for (uint32_t i = 0; i < 3; i++)
        fake_answers(f, i, 200, 4 * ASSAY_SECOND);
    assert_int_equal(fake_create(f, "rate=1", "per=second", NULL), ASSAY_OK);
    assert_int_equal(fake_prepare(f), ASSAY_OK);
    fake_advance(f, OPENS * ASSAY_SECOND);
    fake_cancel_at(f, seconds(OPENS + 7));
    assert_int_equal(fake_run(f), ASSAY_E_CANCELLED);
    fake_aim(f, "report");
    fake_fail_call(f, 1, ASSAY_E_NOMEM);
    assert_int_equal(fake_finish(f), ASSAY_E_NOMEM);
    assert_non_null(strstr(fake_why(f), "cannot record what became of transaction"));
    assert_int_equal(
        fake_submission_count(f, ASSAY_SUBMIT_FAILED), 3); /* the others all the same */
    fake_free(f);
}

static struct fakehost *created(void)
{
    struct fakehost *f = network();

    assert_int_equal(fake_create(f, "rate=2", "per=second", NULL), ASSAY_OK);
    return f;
}

static assay_status live_unjudged(struct fakehost *f, assay_verdict *verdict)
{
    (void)verdict;
    return live(f);
}

static assay_status create_and_live(struct fakehost *f, assay_verdict *verdict)
{
    const assay_status s = fake_create(f, "rate=2", "per=second", NULL);

    return s ? s : live_unjudged(f, verdict);
}

static void assert_nothing_pending(const struct fakehost *f)
{
    assert_int_equal(fake_submission_count(f, ASSAY_SUBMIT_PENDING), 0);
}

static void returns_at_once_from_every_blocking_call_when_cancelled(void **state)
{
    const struct fake_life life = {
        .make = created, .live = live_unjudged, .check = assert_nothing_pending};

    (void)state;
    assert_true(fake_cancel_each_wait(&life) > 40);
}

static void survives_the_failure_of_every_call(void **state)
{
    /* Only the summary in the log may do without an answer. */
    const struct fake_life life = {.make = network, .live = create_and_live, .spared = "value"};

    (void)state;
    assert_true(fake_fail_each_call(&life, ASSAY_E_NOMEM) > 100);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sends_at_the_planned_moments_and_hands_over_before_them),
        cmocka_unit_test(a_rate_per_block_follows_the_expected_block_interval),
        cmocka_unit_test(an_odd_rate_does_not_drift),
        cmocka_unit_test(slow_answers_do_not_delay_sends),
        cmocka_unit_test(collects_answers_that_come_after_the_window),
        cmocka_unit_test(lateness_is_measured_from_the_planned_moment),
        cmocka_unit_test(takes_all_nodes_in_turn),
        cmocka_unit_test(sends_only_to_the_roles_and_nodes_asked_for),
        cmocka_unit_test(chooses_by_chance_when_asked),
        cmocka_unit_test(refuses_targets_that_match_no_node),
        cmocka_unit_test(tells_accepted_refused_and_failed_apart),
        cmocka_unit_test(an_answer_after_the_timeout_is_a_failure),
        cmocka_unit_test(an_outcome_that_it_does_not_know_counts_as_no_answer),
        cmocka_unit_test(a_network_that_refuses_everything_is_no_failure_of_the_workload),
        cmocka_unit_test(a_dry_purse_makes_missed_sends_and_advice),
        cmocka_unit_test(too_many_unanswered_requests_make_missed_sends),
        cmocka_unit_test(a_host_that_takes_no_more_requests_makes_missed_sends),
        cmocka_unit_test(making_transactions_too_slowly_makes_missed_sends),
        cmocka_unit_test(fails_when_nothing_at_all_could_be_sent),
        cmocka_unit_test(nodes_that_take_no_connection_make_missed_sends),
        cmocka_unit_test(users_default_to_all_accounts),
        cmocka_unit_test(says_what_to_do_when_accounts_are_short),
        cmocka_unit_test(says_what_to_do_when_there_are_no_accounts),
        cmocka_unit_test(a_rate_per_block_needs_a_known_interval),
        cmocka_unit_test(refuses_a_rate_that_plans_nothing),
        cmocka_unit_test(refuses_to_run_before_the_window_opens),
        cmocka_unit_test(what_is_in_flight_when_cancelled_is_reported_as_failed),
        cmocka_unit_test(answers_that_never_come_end_the_wait_and_count_as_failed),
        cmocka_unit_test(finish_says_when_it_could_not_report),
        cmocka_unit_test(returns_at_once_from_every_blocking_call_when_cancelled),
        cmocka_unit_test(survives_the_failure_of_every_call),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

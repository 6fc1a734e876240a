#include "tests/fakehost/fakehost.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define WINDOW_START (10 * ASSAY_SECOND)
#define WINDOW_END   (20 * ASSAY_SECOND)

static struct fakehost *store(void)
{
    struct fakehost *f = fake_new();

    fake_window(f, WINDOW_START, WINDOW_END);
    return f;
}

/* Runs the window through and judges; the verdict's text has the part. */
static void judged(struct fakehost *f, uint32_t outcome, const char *part)
{
    assay_verdict verdict = {.struct_size = sizeof(verdict)};

    assert_int_equal(fake_prepare(f), ASSAY_OK);
    fake_advance(f, WINDOW_START);
    assert_int_equal(fake_run(f), ASSAY_OK);
    fake_advance(f, WINDOW_END);
    assert_int_equal(fake_judge(f, &verdict), ASSAY_OK);
    if (verdict.outcome != outcome || !strstr(verdict.why, part))
        fail_msg("outcome %u: %s", verdict.outcome, verdict.why);
    fake_free(f);
}

static void at_end(const char *compare, double value, uint32_t outcome, const char *part)
{
    struct fakehost *f = store();
    char words[64];

    (void)snprintf(words, sizeof(words), "compare=%s", compare);
    assert_int_equal(
        fake_create(f, "query=sum(x)", words, "value=5", "patience=0s", NULL), ASSAY_OK);
    fake_query(f, 0, ASSAY_OK, value);
    judged(f, outcome, part);
}

static void each_comparison_has_its_edge(void **state)
{
    (void)state;
    at_end("at_least", 5, ASSAY_PASS, "sum(x) is 5, at least 5");
    at_end("at_least", 4.5, ASSAY_FAIL, "sum(x) is 4.5, and should be at least 5");
    at_end("at_most", 5, ASSAY_PASS, "at most 5");
    at_end("at_most", 5.5, ASSAY_FAIL, "should be at most 5");
    at_end("above", 5, ASSAY_FAIL, "should be above 5");
    at_end("above", 6, ASSAY_PASS, "above 5");
    at_end("below", 5, ASSAY_FAIL, "should be below 5");
    at_end("below", -1, ASSAY_PASS, "is -1, below 5");
    at_end("equal", 5, ASSAY_PASS, "equal to 5");
    at_end("equal", 6, ASSAY_FAIL, "should be equal to 5");
    at_end("unequal", 5, ASSAY_FAIL, "should be other than 5");
    at_end("unequal", 6, ASSAY_PASS, "other than 5");
}

static void the_judgement_waits_for_what_is_scraped_a_little_later(void **state)
{
    struct fakehost *f = store();

    (void)state;
    assert_int_equal(fake_create(f, "query=x", "value=5", "patience=3s", NULL), ASSAY_OK);
    fake_query(f, 0, ASSAY_E_NOTFOUND, 0);
    fake_query(f, WINDOW_END + ASSAY_SECOND, ASSAY_OK, 4);
    fake_query(f, WINDOW_END + 2 * ASSAY_SECOND, ASSAY_OK, 7);
    judged(f, ASSAY_PASS, "x is 7, at least 5");
}

static void patience_has_an_end(void **state)
{
    struct fakehost *f = store();

    (void)state;
    assert_int_equal(fake_create(f, "query=x", "value=5", "patience=3s", NULL), ASSAY_OK);
    fake_query(f, 0, ASSAY_OK, 4);
    fake_query(f, WINDOW_END + 5 * ASSAY_SECOND, ASSAY_OK, 7);
    judged(f, ASSAY_FAIL, "x is 4, and should be at least 5");
}

static void without_evidence_nothing_is_decided(assay_status status, const char *part)
{
    static const char *const when[] = {"when=end", "when=always", "when=once"};

    for (size_t i = 0; i < 3; i++) {
        struct fakehost *f = store();

        assert_int_equal(fake_create(f, "query=x", "value=5", when[i], NULL), ASSAY_OK);
        fake_query(f, 0, status, 0);
        judged(f, ASSAY_UNDECIDED, part);
    }
}

static void a_store_that_says_nothing_is_no_evidence(void **state)
{
    (void)state;
    without_evidence_nothing_is_decided(ASSAY_E_UNSUPPORTED, "has no metrics store");
    without_evidence_nothing_is_decided(ASSAY_E_NOTFOUND, "yields nothing");
    without_evidence_nothing_is_decided(ASSAY_E_INVALID, "refuses the query");
    without_evidence_nothing_is_decided(ASSAY_E_IO, "does not answer");
}

/* ---- who is missing ---- */

static struct fakehost *store_of_four(void)
{
    struct fakehost *f = store();

    fake_nodes(f, "validator", 3);
    fake_nodes(f, "executor", 1);
    return f;
}

static void a_number_that_leaves_nodes_out_does_not_pass(void **state)
{
    static const char *const when[] = {"when=end", "when=always", "when=once"};

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        struct fakehost *f = store_of_four();

        assert_int_equal(fake_create(f, "query=min(x)", "value=5", when[i], NULL), ASSAY_OK);
        fake_query(f, 0, ASSAY_OK, 7);
        fake_presence(f, 0, 3, 3);
        judged(f, ASSAY_UNDECIDED, "fresh samples (max_age) of 3 of 4 nodes only");
    }
}

static void a_number_that_is_meant_to_leave_nodes_out_passes(void **state)
{
    struct fakehost *f = store_of_four();

    (void)state;
    assert_int_equal(fake_create(f, "query=min(x)", "value=5", "nodes=any", NULL), ASSAY_OK);
    fake_query(f, 0, ASSAY_OK, 7);
    fake_presence(f, 0, 3, 3);
    judged(f, ASSAY_PASS, "min(x) is 7, at least 5");
}

static void a_number_that_breaks_the_bar_fails_whoever_is_missing(void **state)
{
    struct fakehost *f = store_of_four();

    (void)state;
    assert_int_equal(fake_create(f, "query=min(x)", "value=5", "when=always", NULL), ASSAY_OK);
    fake_query(f, 0, ASSAY_OK, 3);
    fake_presence(f, 0, 3, 3);
    judged(f, ASSAY_FAIL, "min(x) was 3");
}

static void who_is_back_within_patience_counts(void **state)
{
    struct fakehost *f = store_of_four();

    (void)state;
    assert_int_equal(fake_create(f, "query=min(x)", "value=5", "patience=5s", NULL), ASSAY_OK);
    fake_query(f, 0, ASSAY_OK, 7);
    fake_presence(f, 0, 0, 3);
    fake_presence(f, WINDOW_END + 3 * ASSAY_SECOND, 4, 4);
    judged(f, ASSAY_PASS, "min(x) is 7");
}

/* Not first good without some, and then bad with all. */
static void a_good_number_of_some_and_a_bad_one_of_all_is_no_pass(void **state)
{
    struct fakehost *f = store_of_four();

    (void)state;
    assert_int_equal(fake_create(f, "query=min(x)", "value=5", "patience=3s", NULL), ASSAY_OK);
    fake_query(f, 0, ASSAY_OK, 7);
    fake_query(f, WINDOW_END + 2 * ASSAY_SECOND, ASSAY_OK, 2);
    fake_presence(f, 0, 3, 3);
    fake_presence(f, WINDOW_END + 2 * ASSAY_SECOND, 4, 4);
    judged(f, ASSAY_UNDECIDED, "3 of 4 nodes only");
}

static void nodes_that_push_their_metrics_are_there_too(void **state)
{
    struct fakehost *f = store_of_four();

    (void)state;
    assert_int_equal(fake_create(f, "query=min(x)", "value=5", NULL), ASSAY_OK);
    fake_query(f, 0, ASSAY_OK, 7);
    fake_presence(f, 0, 0, 4);
    judged(f, ASSAY_PASS, "min(x) is 7");
}

static void an_outage_of_some_takes_its_samples_from_always(void **state)
{
    struct fakehost *f = store_of_four();

    (void)state;
    assert_int_equal(fake_create(f, "query=min(x)", "value=5", "when=always", NULL), ASSAY_OK);
    fake_query(f, 0, ASSAY_OK, 7);
    fake_presence(f, WINDOW_START + 3 * ASSAY_SECOND, 3, 3);
    fake_presence(f, WINDOW_START + 6 * ASSAY_SECOND, 4, 4);
    judged(f, ASSAY_UNDECIDED, "3 of 4 nodes only");
}

static void names_are_asked_for_by_pattern_and_samples_by_age(void **state)
{
    struct fakehost *f = store_of_four();
    assay_verdict verdict = {.struct_size = sizeof(verdict)};
    assay_ns age = 0;

    (void)state;
    fake_nodes(f, "validator-x", 12);
    assert_int_equal(fake_create(f, "query=x", "value=5", "max_age=700ms", NULL), ASSAY_OK);
    fake_query(f, 0, ASSAY_OK, 7);
    fake_presence(f, 0, 1, 16);
    assert_int_equal(fake_prepare(f), ASSAY_OK);
    fake_advance(f, WINDOW_END);
    assert_int_equal(fake_judge(f, &verdict), ASSAY_OK);
    assert_int_equal(verdict.outcome, ASSAY_PASS);
    assert_string_equal(fake_asked(f, &age), "x");
    assert_true(age == 700 * ASSAY_MS);
    assert_string_equal(fake_asked_presence(f),
        "count(count by (job) ({job=~\"validator-[0-9]+|executor-[0-9]+|"
        "validator-x-[0-9]+\",__name__!~\"up|scrape_.*\"}))");
    fake_free(f);
}

static void more_roles_than_can_be_asked_for_are_refused(void **state)
{
    struct fakehost *f = store();
    char role[64];

    (void)state;
    for (int i = 0; i < 30; i++) {
        (void)snprintf(role, sizeof(role), "one-of-many-roles-%d", i);
        fake_nodes(f, role, 1);
    }
    assert_int_equal(fake_create(f, "query=x", "value=5", NULL), ASSAY_OK);
    assert_int_equal(fake_prepare(f), ASSAY_E_INVALID);
    fake_free(f);
    f = store_of_four();
    assert_int_equal(fake_create(f, "query=x", "value=5", "nodes=any", NULL), ASSAY_OK);
    assert_int_equal(fake_prepare(f), ASSAY_OK);
    fake_free(f);
}

/* ---- over the window ---- */

static void always_fails_by_a_single_sample(void **state)
{
    struct fakehost *f = store();

    (void)state;
    assert_int_equal(fake_create(f, "query=x", "value=5", "when=always", NULL), ASSAY_OK);
    fake_query(f, 0, ASSAY_OK, 6);
    fake_query(f, WINDOW_START + 4500 * ASSAY_MS, ASSAY_OK, 3);
    fake_query(f, WINDOW_START + 5500 * ASSAY_MS, ASSAY_OK, 8);
    judged(
        f, ASSAY_FAIL, "x was 3 at 5.0 s of the window, and should always be at least 5 (1 of 11");
}

static void always_passes_when_every_sample_holds(void **state)
{
    struct fakehost *f = store();

    (void)state;
    assert_int_equal(fake_create(f, "query=x", "value=5", "when=always", NULL), ASSAY_OK);
    fake_query(f, 0, ASSAY_OK, 6);
    fake_query(f, WINDOW_START + 4500 * ASSAY_MS, ASSAY_OK, 9);
    judged(f, ASSAY_PASS, "x was 6 to 9 in 11 samples of the window, always at least 5");
}

static void always_is_undecided_when_too_much_was_not_seen(void **state)
{
    struct fakehost *f = store();

    (void)state;
    assert_int_equal(fake_create(f, "query=x", "value=5", "when=always", NULL), ASSAY_OK);
    fake_query(f, 0, ASSAY_OK, 6);
    fake_query(f, WINDOW_START + 4500 * ASSAY_MS, ASSAY_E_IO, 0);
    judged(f, ASSAY_UNDECIDED, "5 of 11 queries had an answer, below min_coverage 0.90");
}

/* Samples that a slow store leaves no time for are missing like those that it does not answer. */
static void always_is_undecided_when_samples_were_never_taken(void **state)
{
    struct fakehost *f = store();
    assay_verdict verdict = {.struct_size = sizeof(verdict)};

    (void)state;
    assert_int_equal(fake_create(f, "query=x", "value=5", "when=always", NULL), ASSAY_OK);
    fake_query(f, 0, ASSAY_OK, 6);
    assert_int_equal(fake_prepare(f), ASSAY_OK);
    fake_advance(f, WINDOW_START);
    fake_cancel_at(f, WINDOW_START + 4500 * ASSAY_MS);
    assert_int_equal(fake_run(f), ASSAY_E_CANCELLED);
    fake_advance(f, WINDOW_END);
    assert_int_equal(fake_judge(f, &verdict), ASSAY_OK);
    assert_int_equal(verdict.outcome, ASSAY_UNDECIDED);
    assert_non_null(strstr(verdict.why, "only 5 of 10 samples were taken"));
    assert_true(verdict.coverage < 0.51);
    fake_free(f);
}

static void a_window_that_was_cut_short_before_the_first_sample_is_not_vacuous(void **state)
{
    struct fakehost *f = store();
    assay_verdict verdict = {.struct_size = sizeof(verdict)};

    (void)state;
    assert_int_equal(
        fake_create(f, "query=x", "value=5", "when=always", "after=5s", NULL), ASSAY_OK);
    fake_advance(f, WINDOW_START);
    fake_cancel_at(f, WINDOW_START + ASSAY_SECOND);
    assert_int_equal(fake_run(f), ASSAY_E_CANCELLED);
    assert_int_equal(fake_judge(f, &verdict), ASSAY_OK);
    assert_int_equal(verdict.outcome, ASSAY_UNDECIDED);
    fake_free(f);
}

static void a_broken_bar_counts_whatever_was_not_seen(void **state)
{
    struct fakehost *f = store();

    (void)state;
    assert_int_equal(fake_create(f, "query=x", "value=5", "when=always", NULL), ASSAY_OK);
    fake_query(f, 0, ASSAY_OK, 1);
    fake_query(f, WINDOW_START + 1500 * ASSAY_MS, ASSAY_E_IO, 0);
    judged(f, ASSAY_FAIL, "should always be");
}

static void once_passes_by_a_single_sample(void **state)
{
    struct fakehost *f = store();

    (void)state;
    assert_int_equal(fake_create(f, "query=x", "value=5", "when=once", NULL), ASSAY_OK);
    fake_query(f, 0, ASSAY_E_NOTFOUND, 0);
    fake_query(f, WINDOW_START + 6500 * ASSAY_MS, ASSAY_OK, 5);
    fake_query(f, WINDOW_START + 7500 * ASSAY_MS, ASSAY_E_NOTFOUND, 0);
    judged(f, ASSAY_PASS, "x was 5 at 7.0 s of the window, at least 5");
}

static void once_fails_when_it_never_was_and_enough_was_seen(void **state)
{
    struct fakehost *f = store();

    (void)state;
    assert_int_equal(fake_create(f, "query=x", "value=5", "when=once", NULL), ASSAY_OK);
    fake_query(f, 0, ASSAY_OK, 4);
    judged(f, ASSAY_FAIL, "never at least 5");
}

static void the_first_sample_is_taken_after_a_while(void **state)
{
    struct fakehost *f = store();

    (void)state;
    assert_int_equal(
        fake_create(f, "query=x", "value=5", "when=always", "after=8s", NULL), ASSAY_OK);
    fake_query(f, 0, ASSAY_OK, 1);
    fake_query(f, WINDOW_START + 7 * ASSAY_SECOND, ASSAY_OK, 6);
    judged(f, ASSAY_PASS, "in 3 samples");
}

static void a_window_that_is_over_before_is_vacuous(void **state)
{
    struct fakehost *f = store();

    (void)state;
    assert_int_equal(
        fake_create(f, "query=x", "value=5", "when=always", "after=1m", NULL), ASSAY_OK);
    fake_query(f, 0, ASSAY_OK, 6);
    judged(f, ASSAY_VACUOUS, "never asked for");
}

static void a_cancelled_judgement_returns_at_once(void **state)
{
    struct fakehost *f = store();
    assay_verdict verdict = {.struct_size = sizeof(verdict)};

    (void)state;
    assert_int_equal(fake_create(f, "query=x", "value=5", NULL), ASSAY_OK);
    fake_query(f, 0, ASSAY_OK, 1);
    for (uint64_t nth = 1; nth <= 3; nth++) {
        fake_cancel_call(f, fake_blocking_calls(f) + nth);
        assert_int_equal(fake_judge(f, &verdict), ASSAY_E_CANCELLED);
    }
    fake_free(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_comparison_has_its_edge),
        cmocka_unit_test(the_judgement_waits_for_what_is_scraped_a_little_later),
        cmocka_unit_test(patience_has_an_end),
        cmocka_unit_test(a_store_that_says_nothing_is_no_evidence),
        cmocka_unit_test(a_number_that_leaves_nodes_out_does_not_pass),
        cmocka_unit_test(a_number_that_is_meant_to_leave_nodes_out_passes),
        cmocka_unit_test(a_number_that_breaks_the_bar_fails_whoever_is_missing),
        cmocka_unit_test(who_is_back_within_patience_counts),
        cmocka_unit_test(a_good_number_of_some_and_a_bad_one_of_all_is_no_pass),
        cmocka_unit_test(nodes_that_push_their_metrics_are_there_too),
        cmocka_unit_test(an_outage_of_some_takes_its_samples_from_always),
        cmocka_unit_test(names_are_asked_for_by_pattern_and_samples_by_age),
        cmocka_unit_test(more_roles_than_can_be_asked_for_are_refused),
        cmocka_unit_test(always_fails_by_a_single_sample),
        cmocka_unit_test(always_passes_when_every_sample_holds),
        cmocka_unit_test(always_is_undecided_when_too_much_was_not_seen),
        cmocka_unit_test(always_is_undecided_when_samples_were_never_taken),
        cmocka_unit_test(a_window_that_was_cut_short_before_the_first_sample_is_not_vacuous),
        cmocka_unit_test(a_broken_bar_counts_whatever_was_not_seen),
        cmocka_unit_test(once_passes_by_a_single_sample),
        cmocka_unit_test(once_fails_when_it_never_was_and_enough_was_seen),
        cmocka_unit_test(the_first_sample_is_taken_after_a_while),
        cmocka_unit_test(a_window_that_is_over_before_is_vacuous),
        cmocka_unit_test(a_cancelled_judgement_returns_at_once),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* The expectation recovery: who has caught up and who has not, what is not known, and what is
   said. */
#include "tests/fakehost/fakehost.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#define SECONDS(n) ((n)*ASSAY_SECOND)
#define START      SECONDS(10)
#define END        SECONDS(70)

enum {
    LAST = 60 /* height of the last block, which comes long after the judgement */
};

/* Three nodes; block n of chain a comes at 10 + 2 n s to nodes 0 and 2. */
static struct fakehost *network(void)
{
    struct fakehost *f = fake_new();

    fake_window(f, START, END);
    fake_nodes(f, "validator", 3);
    fake_chain(f, "a", "genesis", 1, LAST);
    fake_adopt_run(f, 0, "a", 1, LAST, SECONDS(12), SECONDS(2));
    fake_adopt_run(f, 2, "a", 1, LAST, SECONDS(12), SECONDS(2));
    fake_advance(f, START);
    return f;
}

/* The same, and node 1 takes what comes as long as it is let to. */
static struct fakehost *whole_network(void)
{
    struct fakehost *f = network();

    fake_adopt_run(f, 1, "a", 1, LAST, SECONDS(12), SECONDS(2));
    return f;
}

static void is_away(struct fakehost *f, uint32_t node, assay_ns from, assay_ns to)
{
    fake_unreachable(f, from, node);
    fake_reachable(f, to, node);
}

static assay_verdict judged(struct fakehost *f, const char *setting)
{
    assay_verdict verdict;

    assert_int_equal(fake_create(f, setting, NULL), ASSAY_OK);
    assert_int_equal(fake_prepare(f), ASSAY_OK);
    fake_cancel_at(f, END);
    assert_int_equal(fake_run(f), ASSAY_E_CANCELLED);
    assert_int_equal(fake_judge(f, &verdict), ASSAY_OK);
    assert_int_equal(fake_finish(f), ASSAY_OK);
    return verdict;
}

static void expect(struct fakehost *f, const char *setting, uint32_t outcome, const char *why)
{
    const assay_verdict verdict = judged(f, setting);

    if (verdict.outcome != outcome || !strstr(verdict.why, why))
        fail_msg("outcome %u: %s", verdict.outcome, verdict.why);
    fake_free(f);
}

#define DEFAULTS "lag_max=5"

/* ---- catching up ---- */

static void a_node_that_is_back_on_the_chain_has_recovered(void **state)
{
    struct fakehost *f = whole_network();
    assay_verdict verdict;

    (void)state;
    is_away(f, 1, SECONDS(20), SECONDS(21));
    fake_receipt(f, ASSAY_ACT_RESTART, 1, SECONDS(20), SECONDS(21));
    verdict = judged(f, DEFAULTS);

    assert_int_equal(verdict.outcome, ASSAY_PASS);
    assert_true(verdict.coverage == 1);
    /* The first block that was made after it was back came at 22 s. */
    assert_non_null(strstr(verdict.why,
        "1 node caught up with the others, 1 time in all; the "
        "slowest was validator-1, restarted at 20.0 s: 1."));
    assert_int_equal(fake_metric_samples(f, "catch_up"), 1);
    fake_free(f);
}

static void who_has_only_the_chain_it_had_has_not_recovered(void **state)
{
    struct fakehost *f = network();

    (void)state;
    fake_adopt_run(f, 1, "a", 1, 5, SECONDS(12), SECONDS(2)); /* the others' tip at 20 s */
    is_away(f, 1, SECONDS(20), SECONDS(21));
    fake_receipt(f, ASSAY_ACT_RESTART, 1, SECONDS(20), SECONDS(21));
    expect(f, DEFAULTS, ASSAY_FAIL,
        "validator-1: was restarted at 20.0 s and has not caught up: what it shares with "
        "validator-0 ends ");
}

/* Seen late: blocks from before it was back are no sign, although they were seen only afterwards. */
static void blocks_that_are_only_seen_late_are_old(void **state)
{
    struct fakehost *f = fake_new();

    (void)state;
    fake_window(f, START, END);
    fake_nodes(f, "validator", 3);
    fake_chain(f, "a", "genesis", 1, LAST);
    fake_adopt_run(f, 0, "a", 1, 5, SECONDS(12), SECONDS(2));
    fake_adopt_run(f, 1, "a", 1, 5, SECONDS(12), SECONDS(2));
    fake_adopt_run(f, 2, "a", 1, LAST, SECONDS(12), SECONDS(2));
    /* Block 6 came to them while nobody could be observed, and 7 never came to node 1. */
    fake_unreachable(f, SECONDS(21), 0);
    fake_unreachable(f, SECONDS(21), 1);
    fake_unreachable(f, SECONDS(21), 2);
    fake_receipt(f, ASSAY_ACT_RESTART, 1, SECONDS(22), SECONDS(23));
    fake_adopt(f, SECONDS(24), 0, "a6");
    fake_adopt(f, SECONDS(24), 1, "a6");
    fake_reachable(f, SECONDS(24), 0);
    fake_reachable(f, SECONDS(24), 1);
    fake_reachable(f, SECONDS(24), 2);
    fake_adopt_run(f, 0, "a", 7, LAST, SECONDS(26), SECONDS(2));
    fake_advance(f, START);
    expect(f, DEFAULTS, ASSAY_FAIL, "at height 6 of ");
}

static void the_message_says_how_far_behind(void **state)
{
    struct fakehost *f = network();

    (void)state;
    fake_adopt_run(f, 1, "a", 1, 5, SECONDS(12), SECONDS(2));
    fake_receipt(f, ASSAY_ACT_RESUME, 1, SECONDS(20), SECONDS(21));
    expect(f, "patience=10s", ASSAY_FAIL,
        "validator-1: was resumed at 20.0 s and has not caught up: what it shares with validator-0 "
        "ends 5 blocks below that one's tip, at height 5 of 10, and grew no more in 10.0 s; its "
        "own tip is at 5");
}

static void a_chain_of_its_own_is_no_recovery_however_high(void **state)
{
    struct fakehost *f = network();

    (void)state;
    fake_adopt_run(f, 1, "a", 1, 5, SECONDS(12), SECONDS(2));
    fake_chain(f, "b", "a5", 6, 60);
    fake_adopt_run(f, 1, "b", 6, 60, SECONDS(22), SECONDS(1));
    fake_receipt(f, ASSAY_ACT_RESTART, 1, SECONDS(20), SECONDS(21));
    expect(f, DEFAULTS, ASSAY_FAIL, "at height 5 of ");
}

static void who_leaves_its_own_chain_for_the_others_has_recovered(void **state)
{
    struct fakehost *f = network();

    (void)state;
    fake_adopt_run(f, 1, "a", 1, 5, SECONDS(12), SECONDS(2));
    fake_chain(f, "b", "a5", 6, 10);
    fake_adopt_run(f, 1, "b", 6, 10, SECONDS(22), SECONDS(1));
    fake_adopt_run(f, 1, "a", 12, 40, SECONDS(36), SECONDS(2));
    fake_receipt(f, ASSAY_ACT_RESTART, 1, SECONDS(20), SECONDS(21));
    expect(f, DEFAULTS, ASSAY_PASS, "1 node caught up");
}

static void who_stays_too_far_behind_has_not_recovered(void **state)
{
    struct fakehost *f = network();

    (void)state;
    fake_adopt_run(f, 1, "a", 1, 9, SECONDS(12), SECONDS(2));
    fake_adopt_run(f, 1, "a", 10, 20, SECONDS(42), SECONDS(2)); /* follows, six behind */
    fake_receipt(f, ASSAY_ACT_PAUSE, 1, SECONDS(29), SECONDS(29));
    fake_receipt(f, ASSAY_ACT_RESUME, 1, SECONDS(40), SECONDS(41));
    expect(f, "patience=15s", ASSAY_FAIL, "validator-1: was paused at 29.0 s");
}

static void the_deadline_starts_anew_with_every_block(void **state)
{
    struct fakehost *f = network();

    (void)state;
    fake_adopt_run(f, 1, "a", 1, 5, SECONDS(12), SECONDS(2));
    fake_adopt(f, SECONDS(21), 1, "genesis"); /* it has to begin from nothing */
    fake_adopt_run(f, 1, "a", 1, 12, SECONDS(22), SECONDS(2) - ASSAY_MS);
    fake_adopt_run(f, 1, "a", 13, 40, SECONDS(46), SECONDS(1));
    fake_receipt(f, ASSAY_ACT_REPLACE, 1, SECONDS(20), SECONDS(21));
    expect(f, "patience=3s", ASSAY_PASS, "the slowest was validator-1, replaced at 20.0 s: ");
}

static void and_ends_when_there_is_no_progress(void **state)
{
    struct fakehost *f = network();

    (void)state;
    fake_adopt(f, SECONDS(21), 1, "genesis");
    fake_adopt_run(f, 1, "a", 1, 5, SECONDS(22), SECONDS(2));
    fake_adopt_run(f, 1, "a", 6, 40, SECONDS(46), ASSAY_SECOND / 10); /* too late */
    fake_receipt(f, ASSAY_ACT_REPLACE, 1, SECONDS(20), SECONDS(21));
    expect(f, "patience=4s", ASSAY_FAIL, "at height 5 of 12, and grew no more in 4.0 s");
}

static void what_it_reached_an_earlier_time_is_no_bar_for_the_next(void **state)
{
    struct fakehost *f = network();

    (void)state;
    fake_adopt_run(f, 1, "a", 1, 14, SECONDS(12), SECONDS(2));
    fake_receipt(f, ASSAY_ACT_RESTART, 1, SECONDS(20), SECONDS(21));
    fake_adopt(f, SECONDS(39), 1, "genesis");
    fake_adopt_run(f, 1, "a", 1, LAST, SECONDS(40), SECONDS(1) - ASSAY_MS);
    fake_receipt(f, ASSAY_ACT_REPLACE, 1, SECONDS(38), SECONDS(39));
    expect(f, "patience=3s", ASSAY_PASS, "1 node caught up with the others, 2 times in all");
}

static void who_has_failed_once_is_not_cured_by_the_next_time(void **state)
{
    struct fakehost *f = network();

    (void)state;
    fake_adopt_run(f, 1, "a", 1, 5, SECONDS(12), SECONDS(2));
    fake_adopt_run(f, 1, "a", 6, LAST, SECONDS(42), SECONDS(1));
    fake_receipt(f, ASSAY_ACT_RESTART, 1, SECONDS(20), SECONDS(21));
    fake_receipt(f, ASSAY_ACT_RESTART, 1, SECONDS(40), SECONDS(41));
    expect(f, "patience=5s", ASSAY_FAIL, "validator-1: was restarted at 20.0 s");
}

static void heights_that_are_not_known_are_passed_over(void **state)
{
    struct fakehost *f = whole_network();

    (void)state;
    fake_hide(f, "a5");
    fake_hide(f, "a6");
    is_away(f, 1, SECONDS(19), SECONDS(21));
    fake_receipt(f, ASSAY_ACT_RESTART, 1, SECONDS(19), SECONDS(21));
    expect(f, DEFAULTS, ASSAY_PASS, "1 node caught up");
}

static void everybody_is_compared_with_those_who_are_well(void **state)
{
    struct fakehost *f = network();
    assay_verdict verdict;

    (void)state;
    /* Node 1 makes a longer chain of its own; node 0 is restarted too, and is right. */
    fake_chain(f, "b", "genesis", 1, 90);
    fake_adopt_run(f, 1, "b", 1, 90, SECONDS(11), SECONDS(1) / 2);
    is_away(f, 0, SECONDS(20), SECONDS(21));
    fake_receipt(f, ASSAY_ACT_RESTART, 1, SECONDS(19), SECONDS(20));
    fake_receipt(f, ASSAY_ACT_RESTART, 0, SECONDS(20), SECONDS(21));
    verdict = judged(f, "settle=5s");
    assert_non_null(strstr(verdict.why, "validator-1: was restarted at 19.0 s"));
    assert_null(strstr(verdict.why, "validator-0: "));
    fake_free(f);
}

static void a_network_of_one_recovers_by_making_blocks(void **state)
{
    (void)state;
    for (int is_dead = 0; is_dead < 2; is_dead++) {
        struct fakehost *f = fake_new();

        fake_window(f, START, END);
        fake_nodes(f, "validator", 1);
        fake_chain(f, "a", "genesis", 1, 20);
        fake_adopt_run(f, 0, "a", 1, is_dead ? 4 : 20, SECONDS(12), SECONDS(2));
        fake_advance(f, START);
        fake_receipt(f, ASSAY_ACT_RESTART, 0, SECONDS(20), SECONDS(21));
        expect(f, DEFAULTS, is_dead ? ASSAY_FAIL : ASSAY_PASS,
            is_dead ? "is back, but made no block in 30.0 s (height 4)" : "1 node caught up");
    }
}

/* ---- not coming back ---- */

static void who_does_not_answer_any_more_has_not_recovered(void **state)
{
    struct fakehost *f = whole_network();

    (void)state;
    fake_unreachable(f, SECONDS(20), 1);
    fake_unproven_receipt(f, ASSAY_ACT_RESTART, 1, SECONDS(20), SECONDS(25));
    expect(f, DEFAULTS, ASSAY_FAIL,
        "validator-1: was restarted at 20.0 s and has not answered since; it should have been back "
        "at 25.0 s, and had 30.0 s more");
}

static void a_whole_network_that_is_gone_is_not_judged_by_one_node(void **state)
{
    struct fakehost *f = whole_network();

    (void)state;
    for (uint32_t node = 0; node < 3; node++)
        fake_unreachable(f, SECONDS(20), node);
    fake_receipt(f, ASSAY_ACT_RESTART, 1, SECONDS(20), SECONDS(21));
    expect(f, DEFAULTS, ASSAY_UNDECIDED, "there is no other node that answers");
}

static void who_is_gone_again_later_has_not_recovered_for_good(void **state)
{
    struct fakehost *f = whole_network();

    (void)state;
    is_away(f, 1, SECONDS(20), SECONDS(21));
    fake_receipt(f, ASSAY_ACT_RESTART, 1, SECONDS(20), SECONDS(21));
    fake_unreachable(f, SECONDS(60), 1);
    expect(f, DEFAULTS, ASSAY_FAIL,
        "validator-1: was restarted at 20.0 s and had caught up, but has not answered since 60.0");
}

static void when_all_are_gone_later_nobody_knows(void **state)
{
    struct fakehost *f = whole_network();

    (void)state;
    is_away(f, 1, SECONDS(20), SECONDS(21));
    fake_receipt(f, ASSAY_ACT_RESTART, 1, SECONDS(20), SECONDS(21));
    for (uint32_t node = 0; node < 3; node++)
        fake_unreachable(f, SECONDS(60), node);
    expect(f, DEFAULTS, ASSAY_UNDECIDED, "had caught up, but has not answered since 60.0");
}

static void who_was_not_brought_back_cannot_be_judged(void **state)
{
    static const struct {
        uint32_t kind;
        const char *why;
    } cases[] = {{ASSAY_ACT_KILL, "validator-1: was killed at 20.0 s, and nobody has brought it"},
        {ASSAY_ACT_STOP, "validator-1: was stopped at 20.0 s, and nobody has brought it"},
        {ASSAY_ACT_PAUSE, "validator-1: was paused at 20.0 s, and nobody has brought it"}};

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct fakehost *f = whole_network();

        fake_unreachable(f, SECONDS(20), 1);
        fake_receipt(f, cases[i].kind, 1, SECONDS(20), SECONDS(20));
        expect(f, DEFAULTS, ASSAY_UNDECIDED, cases[i].why);
    }
}

static void an_outage_counts_from_when_it_is_over(void **state)
{
    struct fakehost *f = whole_network();

    (void)state;
    is_away(f, 1, SECONDS(15), SECONDS(55));
    fake_receipt(f, ASSAY_ACT_KILL, 1, SECONDS(15), SECONDS(15));
    fake_receipt(f, ASSAY_ACT_START, 1, SECONDS(54), SECONDS(55));
    expect(f, "patience=5s", ASSAY_PASS, "the slowest was validator-1, killed at 15.0 s");
}

static void who_is_taken_down_again_is_judged_by_the_last_time(void **state)
{
    struct fakehost *f = whole_network();
    assay_verdict verdict;

    (void)state;
    is_away(f, 1, SECONDS(20), SECONDS(41));
    fake_receipt(f, ASSAY_ACT_RESTART, 1, SECONDS(20), SECONDS(21));
    fake_receipt(f, ASSAY_ACT_RESTART, 1, SECONDS(40), SECONDS(41));
    verdict = judged(f, DEFAULTS);
    assert_int_equal(verdict.outcome, ASSAY_PASS);
    assert_true(verdict.coverage == 0.5); /* what became of it after the first is not known */
    fake_free(f);
}

/* ---- not known ---- */

static void without_new_blocks_nobody_can_show_that_it_follows(void **state)
{
    struct fakehost *f = fake_new();

    (void)state;
    fake_window(f, START, END);
    fake_nodes(f, "validator", 3);
    fake_chain(f, "a", "genesis", 1, 5);
    fake_adopt_run(f, ASSAY_ANY_NODE, "a", 1, 5, SECONDS(12), SECONDS(2));
    fake_advance(f, START);
    fake_receipt(f, ASSAY_ACT_RESTART, 1, SECONDS(22), SECONDS(23));
    expect(f, DEFAULTS, ASSAY_UNDECIDED,
        "validator-1: was restarted at 22.0 s; no block has come since it was back, by which it "
        "could show that it follows the others: have the network live on for longer after it");
}

static void what_is_not_proven_cannot_be_recovered_from(void **state)
{
    struct fakehost *f = whole_network();

    (void)state;
    fake_unproven_receipt(f, ASSAY_ACT_RESTART, 1, SECONDS(20), SECONDS(21));
    fake_receipt(f, ASSAY_ACT_RESTART, 2, SECONDS(30), SECONDS(31));
    expect(f, DEFAULTS, ASSAY_UNDECIDED,
        "validator-1: its restart at 20.0 s is not proven; before: as it was; after: as it is");
}

static void an_unproven_fault_alone_is_undecided_and_not_vacuous(void **state)
{
    struct fakehost *f = whole_network();
    assay_verdict verdict;

    (void)state;
    fake_unproven_receipt(f, ASSAY_ACT_KILL, 1, SECONDS(20), SECONDS(21));
    verdict = judged(f, DEFAULTS);
    assert_int_equal(verdict.outcome, ASSAY_UNDECIDED);
    assert_non_null(strstr(verdict.why, "validator-1: its kill at 20.0 s is not proven"));
    assert_null(strstr(verdict.why, "brought it back")); /* as far as we know it was not down */
    fake_free(f);
}

static void nothing_done_is_nothing_recovered_from(void **state)
{
    (void)state;
    expect(whole_network(), DEFAULTS, ASSAY_VACUOUS, "no node was restarted, killed or paused");
}

static void links_are_not_recovered_from(void **state)
{
    struct fakehost *f = whole_network();

    (void)state;
    fake_unproven_receipt(f, ASSAY_ACT_CUT, 1, SECONDS(20), SECONDS(21));
    expect(f, DEFAULTS, ASSAY_VACUOUS, "nothing to recover from: no workload does that");
}

/* ---- the judgement waits ---- */

static void the_judgement_waits_for_who_was_down_last(void **state)
{
    struct fakehost *f = network();

    (void)state;
    fake_adopt_run(f, 1, "a", 1, 28, SECONDS(12), SECONDS(2));
    fake_adopt_run(f, 1, "a", 29, LAST, SECONDS(90), SECONDS(2) / 10);
    is_away(f, 1, SECONDS(68), SECONDS(69));
    fake_receipt(f, ASSAY_ACT_RESTART, 1, SECONDS(68), SECONDS(69));
    expect(f, DEFAULTS, ASSAY_PASS, "1 node caught up");
}

static void and_fails_who_makes_no_progress_then(void **state)
{
    struct fakehost *f = network();

    (void)state;
    fake_adopt_run(f, 1, "a", 1, 28, SECONDS(12), SECONDS(2));
    fake_receipt(f, ASSAY_ACT_RESTART, 1, SECONDS(68), SECONDS(69));
    expect(f, DEFAULTS, ASSAY_FAIL, "validator-1: was restarted at 68.0 s and has not caught up");
}

static void but_not_for_ever(void **state)
{
    struct fakehost *f = network();

    (void)state;
    fake_adopt_run(f, 1, "a", 1, 28, SECONDS(12), SECONDS(2));
    fake_receipt(f, ASSAY_ACT_RESTART, 1, SECONDS(68), SECONDS(69));
    expect(f, "settle=10s", ASSAY_UNDECIDED,
        "validator-1: was restarted at 68.0 s and is still catching up after 10.0 s of the "
        "judgement (settle; a longer one, or chaos that ends sooner, would tell): height 28, "
        "validator-0 is at ");
}

static void who_does_not_answer_yet_is_not_judged(void **state)
{
    struct fakehost *f = whole_network();

    (void)state;
    fake_unreachable(f, SECONDS(68), 1);
    fake_receipt(f, ASSAY_ACT_RESTART, 1, SECONDS(68), SECONDS(69));
    expect(f, "settle=10s", ASSAY_UNDECIDED,
        "validator-1: was restarted at 68.0 s and has not answered since; the judgement waited for "
        "10.0 s (settle; a longer one, or chaos that ends sooner, would tell)");
}

/* ---- crashes ---- */

static void who_ends_by_itself_has_failed_even_if_nothing_was_done_to_it(void **state)
{
    struct fakehost *f = whole_network();

    (void)state;
    fake_node_end(f, SECONDS(30), 2, SIGSEGV, 0);
    fake_node_end(f, SECONDS(40), 0, 0, 0);
    fake_node_end(f, SECONDS(50), 1, FAKE_UNSEEN, 0);
    expect(f, DEFAULTS, ASSAY_FAIL,
        "validator-2: ended by itself at 30.0 s: killed by signal 11\n"
        "validator-0: ended by itself at 40.0 s: exit code 1\n"
        "validator-1: ended by itself at 50.0 s: nobody saw how");
}

static void who_has_ended_is_not_waited_for(void **state)
{
    struct fakehost *f = whole_network();

    (void)state;
    fake_unreachable(f, SECONDS(30), 2);
    fake_node_end(f, SECONDS(30), 2, SIGSEGV, 0);
    is_away(f, 1, SECONDS(20), SECONDS(21));
    fake_receipt(f, ASSAY_ACT_RESTART, 1, SECONDS(20), SECONDS(21));

    assert_int_equal(judged(f, "settle=50s").outcome, ASSAY_FAIL);
    assert_true(fake_now(f) < END + SECONDS(50));
    fake_free(f);
}

static void who_crashes_on_its_way_out_has_failed(void **state)
{
    struct fakehost *f = whole_network();

    (void)state;
    is_away(f, 1, SECONDS(20), SECONDS(21));
    fake_receipt(f, ASSAY_ACT_RESTART, 1, SECONDS(20), SECONDS(21));
    fake_node_end(f, SECONDS(20), 1, SIGABRT, SIGTERM);
    expect(f, DEFAULTS, ASSAY_FAIL,
        "validator-1: crashed when it was asked to end at 20.0 s: killed by signal 6");
}

static void a_code_of_its_own_on_its_way_out_is_no_failure(void **state)
{
    struct fakehost *f = whole_network();

    (void)state;
    is_away(f, 1, SECONDS(20), SECONDS(21));
    fake_receipt(f, ASSAY_ACT_RESTART, 1, SECONDS(20), SECONDS(21));
    fake_node_end(f, SECONDS(20), 1, 0, SIGTERM);
    expect(f, DEFAULTS, ASSAY_PASS, "1 node caught up");
}

/* ---- torture ---- */

static struct fakehost *eventful_network(void)
{
    struct fakehost *f = whole_network();

    is_away(f, 1, SECONDS(20), SECONDS(21));
    fake_receipt(f, ASSAY_ACT_RESTART, 1, SECONDS(20), SECONDS(21));
    fake_unproven_receipt(f, ASSAY_ACT_KILL, 2, SECONDS(64), SECONDS(65));
    fake_receipt(f, ASSAY_ACT_RESTART, 2, SECONDS(69), SECONDS(69));
    fake_node_end(f, SECONDS(30), 2, SIGSEGV, 0);
    return f;
}

static void reports_each_failure_as_it_is(void **state)
{
    static const char *const functions[] = {"info", "status", "at", "get", "end"};

    (void)state;
    for (size_t i = 0; i < sizeof(functions) / sizeof(functions[0]); i++) {
        for (uint64_t nth = 1;; nth++) {
            struct fakehost *f = eventful_network();
            assay_verdict verdict;
            assay_status s;

            assert_int_equal(fake_create(f, DEFAULTS, NULL), ASSAY_OK);
            fake_aim(f, functions[i]);
            fake_fail_call(f, nth, ASSAY_E_IO);
            s = fake_prepare(f);
            fake_cancel_at(f, END);
            if (!s && fake_run(f) != ASSAY_E_CANCELLED)
                s = ASSAY_E_IO;
            if (!s)
                s = fake_judge(f, &verdict);
            if (!fake_failed_call(f)[0]) {
                assert_int_equal(s, ASSAY_OK);
                assert_true(nth > 1);
                fake_free(f);
                break;
            }
            assert_int_equal(s, ASSAY_E_IO);
            fake_free(f);
        }
    }
}

static struct fakehost *network_to_be_judged(void)
{
    struct fakehost *f = eventful_network();

    assert_int_equal(fake_create(f, DEFAULTS, NULL), ASSAY_OK);
    assert_int_equal(fake_prepare(f), ASSAY_OK);
    fake_cancel_at(f, END);
    assert_int_equal(fake_run(f), ASSAY_E_CANCELLED);
    return f;
}

static void stops_at_once_when_cancelled(void **state)
{
    const struct fake_life life = {.make = network_to_be_judged, .live = fake_judge};

    (void)state;
    assert_true(fake_cancel_each_wait(&life) > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_node_that_is_back_on_the_chain_has_recovered),
        cmocka_unit_test(who_has_only_the_chain_it_had_has_not_recovered),
        cmocka_unit_test(blocks_that_are_only_seen_late_are_old),
        cmocka_unit_test(the_message_says_how_far_behind),
        cmocka_unit_test(a_chain_of_its_own_is_no_recovery_however_high),
        cmocka_unit_test(who_leaves_its_own_chain_for_the_others_has_recovered),
        cmocka_unit_test(who_stays_too_far_behind_has_not_recovered),
        cmocka_unit_test(the_deadline_starts_anew_with_every_block),
        cmocka_unit_test(and_ends_when_there_is_no_progress),
        cmocka_unit_test(what_it_reached_an_earlier_time_is_no_bar_for_the_next),
        cmocka_unit_test(who_has_failed_once_is_not_cured_by_the_next_time),
        cmocka_unit_test(heights_that_are_not_known_are_passed_over),
        cmocka_unit_test(everybody_is_compared_with_those_who_are_well),
        cmocka_unit_test(a_network_of_one_recovers_by_making_blocks),
        cmocka_unit_test(who_does_not_answer_any_more_has_not_recovered),
        cmocka_unit_test(a_whole_network_that_is_gone_is_not_judged_by_one_node),
        cmocka_unit_test(who_is_gone_again_later_has_not_recovered_for_good),
        cmocka_unit_test(when_all_are_gone_later_nobody_knows),
        cmocka_unit_test(who_was_not_brought_back_cannot_be_judged),
        cmocka_unit_test(an_outage_counts_from_when_it_is_over),
        cmocka_unit_test(who_is_taken_down_again_is_judged_by_the_last_time),
        cmocka_unit_test(without_new_blocks_nobody_can_show_that_it_follows),
        cmocka_unit_test(what_is_not_proven_cannot_be_recovered_from),
        cmocka_unit_test(an_unproven_fault_alone_is_undecided_and_not_vacuous),
        cmocka_unit_test(nothing_done_is_nothing_recovered_from),
        cmocka_unit_test(links_are_not_recovered_from),
        cmocka_unit_test(the_judgement_waits_for_who_was_down_last),
        cmocka_unit_test(and_fails_who_makes_no_progress_then),
        cmocka_unit_test(but_not_for_ever),
        cmocka_unit_test(who_does_not_answer_yet_is_not_judged),
        cmocka_unit_test(who_ends_by_itself_has_failed_even_if_nothing_was_done_to_it),
        cmocka_unit_test(who_has_ended_is_not_waited_for),
        cmocka_unit_test(who_crashes_on_its_way_out_has_failed),
        cmocka_unit_test(a_code_of_its_own_on_its_way_out_is_no_failure),
        cmocka_unit_test(reports_each_failure_as_it_is),
        cmocka_unit_test(stops_at_once_when_cancelled),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

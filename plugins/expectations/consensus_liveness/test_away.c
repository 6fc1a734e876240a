/* consensus_liveness while nodes are taken down: time in which a node was away on purpose is
   neither a stall nor blindness, if receipts prove it, and nothing else is excused. */
#include "tests/fakehost/fakehost.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#define SECONDS(n) ((n)*ASSAY_SECOND)

/* The window is from 10 s to 70 s, blocks come every 2 s, and a node may stall for 10 s. Node 1 is
   out of sight for some time, and has all that it missed when it is back. */
static struct fakehost *network(assay_ns gone_at, assay_ns back_at)
{
    struct fakehost *f = fake_new();

    fake_nodes(f, "validator", 3);
    fake_facts(f, SECONDS(2), 30, 5);
    fake_window(f, SECONDS(10), SECONDS(70));
    fake_chain(f, "a", "genesis", 1, 60);
    fake_adopt_run(f, ASSAY_ANY_NODE, "a", 1, 40, SECONDS(11), SECONDS(2));
    fake_unreachable(f, gone_at, 1);
    if (back_at)
        fake_reachable(f, back_at, 1);
    return f;
}

static void judges(struct fakehost *f, const char *option, uint32_t outcome, const char *text)
{
    assay_verdict verdict;

    assert_int_equal(fake_create(f, "stall_max=10s", option, NULL), ASSAY_OK);
    fake_advance(f, SECONDS(9));
    assert_int_equal(fake_prepare(f), ASSAY_OK);
    fake_advance(f, SECONDS(10));
    fake_cancel_at(f, SECONDS(75));
    assert_int_equal(fake_run(f), ASSAY_E_CANCELLED);
    assert_int_equal(fake_judge(f, &verdict), ASSAY_OK);
    if (verdict.outcome != outcome || !strstr(verdict.why, text))
        fail_msg("outcome %u: %s", verdict.outcome, verdict.why);
    fake_free(f);
}

static void a_node_that_was_away_on_purpose_did_not_stall(void **state)
{
    struct fakehost *f = network(SECONDS(20), SECONDS(35));

    (void)state;
    fake_away(f, 1, SECONDS(20), SECONDS(35));
    judges(f, NULL, ASSAY_PASS, "longest stall 2.0 s");
}

static void the_same_without_a_receipt_is_not_passed(void **state)
{
    (void)state;
    judges(network(SECONDS(20), SECONDS(35)), NULL, ASSAY_UNDECIDED,
        "validator-1: longest stall 16.0 s after height 5, bound 10.0 s, but it could not be "
        "observed for up to 15.0 s");
}

static void the_absence_of_another_node_excuses_nothing(void **state)
{
    struct fakehost *f = network(SECONDS(20), SECONDS(35));

    (void)state;
    fake_away(f, 0, SECONDS(20), SECONDS(35));
    fake_away(f, 2, SECONDS(20), SECONDS(35));
    judges(f, NULL, ASSAY_UNDECIDED, "validator-1: longest stall 16.0 s");
}

static void a_stall_beyond_the_absence_is_one(void **state)
{
    struct fakehost *f = fake_new();

    (void)state;
    fake_nodes(f, "validator", 2);
    fake_facts(f, SECONDS(2), 30, 5);
    fake_window(f, SECONDS(10), SECONDS(70));
    fake_chain(f, "a", "genesis", 1, 60);
    fake_adopt_run(f, 0, "a", 1, 40, SECONDS(11), SECONDS(2));
    fake_adopt_run(f, 1, "a", 1, 5, SECONDS(11), SECONDS(2)); /* until 19 s */
    fake_adopt_run(f, 1, "a", 6, 40, SECONDS(45), SECONDS(1));
    fake_unreachable(f, SECONDS(20), 1);
    fake_reachable(f, SECONDS(30), 1);
    fake_away(f, 1, SECONDS(20), SECONDS(30));
    judges(f, NULL, ASSAY_FAIL,
        "validator-1: no new block for 16.0 s (and 10.0 s down on purpose) after height 5, bound "
        "10.0 s");
}

static void the_longest_stall_is_found_among_many_absences(void **state)
{
    struct fakehost *f = network(SECONDS(20), SECONDS(28));

    (void)state;
    fake_away(f, 1, SECONDS(20), SECONDS(28));
    for (int i = 0; i < 4; i++) {
        const assay_ns gone = SECONDS(30 + 10 * i);

        fake_unreachable(f, gone, 1);
        fake_reachable(f, gone + SECONDS(8), 1);
        if (i != 2) /* this one nobody wanted */
            fake_away(f, 1, gone, gone + SECONDS(8));
    }
    judges(f, NULL, ASSAY_UNDECIDED, "validator-1: longest stall 9.0 s after height 20");
}

static void growth_after_the_window_may_be_due_to_an_absence(void **state)
{
    struct fakehost *f = network(SECONDS(30), SECONDS(71));

    (void)state;
    fake_away(f, 1, SECONDS(30), SECONDS(71));
    judges(f, NULL, ASSAY_UNDECIDED,
        "validator-1: 10 blocks in 60.0 s, bar 15, and the rest after the window; it was down on "
        "purpose for 40.0 s of it");
}

static void a_node_that_is_away_at_the_judgement_is_not_judged(void **state)
{
    struct fakehost *f = network(SECONDS(30), 0);

    (void)state;
    fake_away(f, 1, SECONDS(30), ASSAY_FOREVER);
    judges(f, "patience=1s", ASSAY_UNDECIDED,
        "validator-1: was taken down on purpose and not brought back (height 10 then)");
}

static void a_node_that_was_brought_back_and_is_gone_is(void **state)
{
    struct fakehost *f = network(SECONDS(30), 0);

    (void)state;
    fake_away(f, 1, SECONDS(30), SECONDS(35));
    judges(f, "patience=1s", ASSAY_FAIL, "validator-1: has not answered since 30.0 s");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_node_that_was_away_on_purpose_did_not_stall),
        cmocka_unit_test(the_same_without_a_receipt_is_not_passed),
        cmocka_unit_test(the_absence_of_another_node_excuses_nothing),
        cmocka_unit_test(a_stall_beyond_the_absence_is_one),
        cmocka_unit_test(the_longest_stall_is_found_among_many_absences),
        cmocka_unit_test(growth_after_the_window_may_be_due_to_an_absence),
        cmocka_unit_test(a_node_that_is_away_at_the_judgement_is_not_judged),
        cmocka_unit_test(a_node_that_was_brought_back_and_is_gone_is),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Reading blobs back: what nodes serve decides, whatever is on the chain. */
#include "plugins/expectations/da_inclusion/test_network.h"

static void every_node_serves(struct fakehost *f, const struct fake_served *served)
{
    for (uint32_t node = 0; node < NODES; node++)
        fake_da_serves(f, node, served);
}

/* ---- data ---- */

static void data_that_is_not_what_was_sent_fails_and_names_the_blob(void **state)
{
    struct fakehost *f = network();

    (void)state;
    all_grow(f, 40);
    included(f, NOMOS_DA_INSCRIPTION, "i0", 10, "a6");
    included(f, NOMOS_DA_BLOB, "b1", 12, "a7");
    fake_da_changes_data(f);
    judges(f, NULL, ASSAY_FAIL,
        "blob b1 of channel " CHANNEL ": it was read back from its columns, and is not the data "
        "that was sent (31 bytes for 31)");
}

static void columns_that_are_no_data_fail(void **state)
{
    struct fakehost *f = good_network();

    (void)state;
    fake_da_reads(f, ASSAY_E_DENIED, "together they are no code word");
    judges(
        f, NULL, ASSAY_FAIL, "it cannot be read back from 4 nodes: together they are no code word");
}

static void a_blob_that_nobody_has_fails(void **state)
{
    struct fakehost *f = good_network();

    (void)state;
    fake_da_reads(f, ASSAY_E_NOTFOUND, "no node that was asked knows the blob");
    judges(f, NULL, ASSAY_FAIL,
        "it cannot be read back from 4 nodes: no node that was asked knows the blob");
}

static void a_blob_that_an_unasked_node_may_have_is_undecided(void **state)
{
    struct fakehost *f = good_network();

    (void)state;
    fake_da_reads(f, ASSAY_E_NOTFOUND, "0 of its 2 columns could be had");
    fake_da_serves(f, 2, &(struct fake_served){.status = ASSAY_E_IO, .why = "no connection"});
    judges(f, NULL, ASSAY_UNDECIDED, "0 of its 2 columns could be had");
}

/* However many open questions come first. */
static void a_failure_is_found_behind_open_questions(void **state)
{
    struct fakehost *f = good_network();
    assay_verdict verdict;

    (void)state;
    included(f, NOMOS_DA_BLOB, "b5", 20, "a11");
    fake_da_serves(f, 2, &(struct fake_served){.status = ASSAY_E_IO, .why = "no connection"});
    fake_da_reads(f, ASSAY_E_NOTFOUND, "too few");
    fake_da_denies_after(f, 4); /* the fifth blob is no data */
    assert_int_equal(live_with(f, &verdict, NULL), ASSAY_OK);
    check(&verdict, ASSAY_FAIL, "it cannot be read back from 4 nodes: no code word");
    fake_free(f);
}

static void the_first_findings_are_told_and_the_others_counted(void **state)
{
    struct fakehost *f = good_network();

    (void)state;
    fake_da_changes_data(f);
    judges(f, NULL, ASSAY_FAIL, "1 more findings like these");
}

/* ---- columns ---- */

static void a_wrong_column_fails_and_names_node_blob_and_channel(void **state)
{
    struct fakehost *f = network();

    (void)state;
    all_grow(f, 40);
    included(f, NOMOS_DA_INSCRIPTION, "i0", 10, "a6");
    included(f, NOMOS_DA_BLOB, "b1", 12, "a7");
    fake_da_serves(f, 3,
        &(struct fake_served){
            .held = 0, .wrong = 1, .assigned = 1, .missing = 1, .why = "column 0: it is not"});
    judges(f, "min_served=0", ASSAY_FAIL,
        "1 columns that nodes serve are not those of their blobs; the first: executor-1, blob b1 "
        "of "
        "channel " CHANNEL ": column 0: it is not");
}

static void a_column_that_a_node_is_to_keep_and_does_not_serve_fails(void **state)
{
    struct fakehost *f = network();

    (void)state;
    all_grow(f, 40);
    included(f, NOMOS_DA_INSCRIPTION, "i0", 10, "a6");
    included(f, NOMOS_DA_BLOB, "b1", 12, "a7");
    fake_da_serves(f, 1,
        &(struct fake_served){.assigned = 1, .missing = 1, .why = "it does not serve column 1"});
    judges(f, NULL, ASSAY_FAIL,
        "of 4 columns that nodes are to keep of 1 blobs, 3 are served (75.00 %), bar 100.00 %; the "
        "first that is not: validator-1, blob b1 of channel " CHANNEL
        ": it does not serve column 1");
}

static void fewer_columns_are_enough_when_the_bar_says_so(void **state)
{
    struct fakehost *f = good_network();

    (void)state;
    fake_da_serves(
        f, 1, &(struct fake_served){.assigned = 1, .missing = 1, .why = "it does not serve it"});
    judges(f, "min_served=0.75", ASSAY_PASS, "12 of 16 columns that nodes are to keep are served");
}

static void nodes_that_are_to_keep_nothing_owe_nothing(void **state)
{
    struct fakehost *f = good_network();

    (void)state;
    every_node_serves(f, &(struct fake_served){.held = 0});
    fake_da_serves(f, 0, &(struct fake_served){.held = 2, .assigned = 2});
    judges(f, NULL, ASSAY_PASS, "8 of 8 columns that nodes are to keep are served");
}

static void a_node_that_cannot_be_asked_is_undecided(void **state)
{
    struct fakehost *f = good_network();

    (void)state;
    fake_da_serves(f, 2, &(struct fake_served){.status = ASSAY_E_TIMEOUT, .why = "no answer"});
    judges(f, NULL, ASSAY_UNDECIDED, "executor-0 could not be asked for its columns of blob b");
}

/* ---- which blobs, which nodes ---- */

static void only_blobs_on_the_chain_are_read(void **state)
{
    struct fakehost *f = good_network();
    assay_verdict verdict;

    (void)state;
    sent(f, NOMOS_DA_BLOB, "b5", ASSAY_SUBMIT_REFUSED, 20);
    sent(f, NOMOS_DA_BLOB, "b6", ASSAY_SUBMIT_FAILED, 20);
    assert_int_equal(live_with(f, &verdict, NULL), ASSAY_OK);
    check(&verdict, ASSAY_PASS, "4 of 4 sampled blobs, of 4 on the chain");
    assert_int_equal(fake_da_readings(f), 4);
    fake_free(f);
}

static void a_sample_is_drawn_when_there_are_more(void **state)
{
    struct fakehost *f = good_network();
    assay_verdict verdict;

    (void)state;
    assert_int_equal(live_with(f, &verdict, "samples=2"), ASSAY_OK);
    check(&verdict, ASSAY_PASS, "2 of 2 sampled blobs, of 4 on the chain");
    assert_int_equal(fake_da_readings(f), 2);
    fake_free(f);
}

static void every_blob_may_be_drawn(void **state)
{
    uint32_t seen = 0;

    (void)state;
    for (int i = 0; i < 64; i++) {
        struct fakehost *f = good_network();
        assay_verdict verdict;

        fake_chance(f, (uint64_t)i);
        assert_int_equal(live_with(f, &verdict, "samples=1"), ASSAY_OK);
        seen |= 1u << (fake_da_last_read(f)[strlen("blob-b")] - '1');
        fake_free(f);
    }
    assert_int_equal(seen, 15);
}

static void no_samples_mean_no_reading(void **state)
{
    struct fakehost *f = good_network();
    assay_verdict verdict;

    (void)state;
    fake_da_changes_data(f);
    assert_int_equal(live_with(f, &verdict, "samples=0"), ASSAY_OK);
    check(&verdict, ASSAY_PASS, "4 of 4 planned blobs");
    assert_int_equal(fake_da_readings(f), 0);
    fake_free(f);
}

static void blobs_that_nobody_knows_the_data_of_are_not_read(void **state)
{
    struct fakehost *f = good_network();

    (void)state;
    fake_da_foreign(f, "b2");
    fake_item(f, "a12", NOMOS_DA_BLOB, "unknown");
    fake_submission_of(f, NOMOS_DA_BLOB, "unknown", ASSAY_SUBMIT_ACCEPTED, 12 * ASSAY_SECOND);
    judges(f, NULL, ASSAY_PASS, "3 of 3 sampled blobs, of 3 on the chain");
}

static void no_blob_to_read_is_vacuous(void **state)
{
    struct fakehost *f = network();

    (void)state;
    all_grow(f, 40);
    included(f, NOMOS_DA_INSCRIPTION, "i0", 10, "a6");
    judges(f, NULL, ASSAY_VACUOUS, "there is no blob on the chain to read back");
}

static void so_many_nodes_are_asked_as_the_option_says(void **state)
{
    struct fakehost *f = good_network();

    (void)state;
    judges(f, "read_nodes=2", ASSAY_PASS, "8 of 8 columns that nodes are to keep are served");
}

static void all_nodes_are_asked_when_some_do_not_have_the_data(void **state)
{
    struct fakehost *f = good_network();
    assay_verdict verdict;

    (void)state;
    fake_da_reads_from(f, 3); /* fewer nodes do not have enough */
    assert_int_equal(live_with(f, &verdict, "read_nodes=2"), ASSAY_OK);
    check(&verdict, ASSAY_PASS, "16 of 16 columns that nodes are to keep are served");
    assert_int_equal(fake_da_readings(f), 8);
    fake_free(f);
}

/* ---- reading itself ---- */

static void nodes_of_another_kind_leave_it_undecided(void **state)
{
    struct fakehost *f = good_network();

    (void)state;
    fake_da_read_fails(f, ASSAY_E_UNSUPPORTED);
    judges(f, NULL, ASSAY_UNDECIDED,
        "blobs cannot be read back: only those of development nodes can be checked; set samples = "
        "0 to judge without");
}

static void nodes_that_do_not_know_what_they_keep_leave_it_undecided(void **state)
{
    static const assay_status statuses[] = {ASSAY_E_IO, ASSAY_E_TIMEOUT, ASSAY_E_INVALID};

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        struct fakehost *f = good_network();

        fake_da_read_fails(f, statuses[i]);
        judges(f, NULL, ASSAY_UNDECIDED, "no node says which columns it is to keep");
    }
}

static void reading_that_takes_too_long_leaves_it_undecided(void **state)
{
    struct fakehost *f = good_network();

    (void)state;
    fake_da_read_takes(f, 3 * ASSAY_SECOND);
    judges(f, "read_limit=5s", ASSAY_UNDECIDED,
        "only 2 of 4 sampled blobs could be read back within 5.0 s; raise read_limit, or lower "
        "samples");
}

static void a_failure_prevails_over_what_could_not_be_read(void **state)
{
    struct fakehost *f = good_network();

    (void)state;
    fake_da_changes_data(f);
    fake_da_serves(f, 2, &(struct fake_served){.status = ASSAY_E_IO, .why = "no connection"});
    judges(f, NULL, ASSAY_FAIL, "is not the data that was sent");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(data_that_is_not_what_was_sent_fails_and_names_the_blob),
        cmocka_unit_test(columns_that_are_no_data_fail),
        cmocka_unit_test(a_blob_that_nobody_has_fails),
        cmocka_unit_test(a_blob_that_an_unasked_node_may_have_is_undecided),
        cmocka_unit_test(a_failure_is_found_behind_open_questions),
        cmocka_unit_test(the_first_findings_are_told_and_the_others_counted),
        cmocka_unit_test(a_wrong_column_fails_and_names_node_blob_and_channel),
        cmocka_unit_test(a_column_that_a_node_is_to_keep_and_does_not_serve_fails),
        cmocka_unit_test(fewer_columns_are_enough_when_the_bar_says_so),
        cmocka_unit_test(nodes_that_are_to_keep_nothing_owe_nothing),
        cmocka_unit_test(a_node_that_cannot_be_asked_is_undecided),
        cmocka_unit_test(only_blobs_on_the_chain_are_read),
        cmocka_unit_test(a_sample_is_drawn_when_there_are_more),
        cmocka_unit_test(every_blob_may_be_drawn),
        cmocka_unit_test(no_samples_mean_no_reading),
        cmocka_unit_test(blobs_that_nobody_knows_the_data_of_are_not_read),
        cmocka_unit_test(no_blob_to_read_is_vacuous),
        cmocka_unit_test(so_many_nodes_are_asked_as_the_option_says),
        cmocka_unit_test(all_nodes_are_asked_when_some_do_not_have_the_data),
        cmocka_unit_test(nodes_of_another_kind_leave_it_undecided),
        cmocka_unit_test(nodes_that_do_not_know_what_they_keep_leave_it_undecided),
        cmocka_unit_test(reading_that_takes_too_long_leaves_it_undecided),
        cmocka_unit_test(a_failure_prevails_over_what_could_not_be_read),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

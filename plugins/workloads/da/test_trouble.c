/* The workload da on a network that does not work: what is tried again, given up, and told. */
#include "plugins/workloads/da/test_network.h"

static void executors_answer(struct fakehost *f, uint32_t code)
{
    fake_answers(f, 2, code, ASSAY_MS);
    fake_answers(f, 3, code, ASSAY_MS);
}

/* ---- refusals ---- */

static void a_refused_blob_is_tried_in_rounds_with_pauses(void **state)
{
    struct fakehost *f = live_network();
    assay_ns last = 0;
    size_t asked = 0, pauses = 0;

    (void)state;
    executors_answer(f, 500);
    assert_int_equal(fake_create(f, "headroom_percent=0", "rounds=5", "pause=2s", NULL), ASSAY_OK);
    assert_int_equal(live(f), ASSAY_OK);

    for (size_t i = 0; i < fake_sent_count(f) && asked < 10; i++) {
        const struct fake_sent *sent = fake_sent(f, i);

        if (sent->node < 2)
            continue;
        if (asked % 2 == 1) /* both executors in each round, one after the other */
            assert_int_not_equal(sent->node, fake_sent(f, i - 1)->node);
        else if (asked)
            pauses += sent->asked_at - last >= seconds(2);
        last = sent->asked_at;
        asked++;
    }
    assert_int_equal(asked, 10);
    assert_int_equal(pauses, 4);
    fake_free(f);
}

static void a_blob_that_nobody_takes_counts_as_refused_and_its_data_goes_out_again(void **state)
{
    struct fakehost *f = live_network();

    (void)state;
    executors_answer(f, 500);
    assert_int_equal(fake_create(f, "rounds=1", NULL), ASSAY_OK);
    assert_int_equal(live(f), ASSAY_OK);

    assert_all_ended(f);
    assert_int_equal(count_of(f, NOMOS_DA_BLOB, ASSAY_SUBMIT_REFUSED), BLOBS);
    assert_int_equal(count_of(f, NOMOS_DA_INSCRIPTION, ASSAY_SUBMIT_ACCEPTED), CHANNELS);
    assert_int_equal(occurrences(fake_story(f), "blob "), CHANNELS);
    assert_string_equal(fake_submission_id(f, NOMOS_DA_BLOB, 0), "test.instance#0.1");
    fake_free(f);
}

static void a_later_round_takes_what_an_earlier_one_did_not(void **state)
{
    struct fakehost *f = live_network();

    (void)state;
    executors_answer(f, 0); /* no connection */
    assert_int_equal(fake_create(f, NULL), ASSAY_OK);
    assert_int_equal(fake_prepare(f), ASSAY_OK);
    fake_advance(f, OPENS * ASSAY_SECOND);
    fake_answers_at(f, seconds(OPENS + 5), 2, 200);
    fake_cancel_at(f, ENDS * ASSAY_SECOND);
    assert_int_equal(fake_run(f), ASSAY_OK);
    assert_int_equal(fake_finish(f), ASSAY_OK);

    assert_all_ended(f);
    assert_int_equal(count_of(f, NOMOS_DA_BLOB, ASSAY_SUBMIT_ACCEPTED), BLOBS);
    fake_free(f);
}

static void a_channel_without_inscription_ends(void **state)
{
    struct fakehost *f = live_network();

    (void)state;
    for (uint32_t node = 0; node < 4; node++)
        fake_answers(f, node, 422, ASSAY_MS);
    assert_int_equal(fake_create(f, NULL), ASSAY_OK);
    assert_int_equal(live(f), ASSAY_OK);

    assert_all_ended(f);
    assert_int_equal(count_of(f, NOMOS_DA_INSCRIPTION, ASSAY_SUBMIT_REFUSED), CHANNELS);
    assert_int_equal(count_of(f, NOMOS_DA_BLOB, ASSAY_SUBMIT_MISSED), BLOBS);
    assert_int_equal(fake_sent_count(f), CHANNELS * 5 * 4);
    assert_true(fake_now(f) < seconds(OPENS + 9)); /* there is nothing left to wait for */
    fake_free(f);
}

static void nodes_that_take_no_connection_make_failed_messages(void **state)
{
    struct fakehost *f = live_network();

    (void)state;
    executors_answer(f, 0);
    assert_int_equal(fake_create(f, NULL), ASSAY_OK);
    assert_int_equal(live(f), ASSAY_OK);

    assert_all_ended(f);
    assert_int_equal(count_of(f, NOMOS_DA_BLOB, ASSAY_SUBMIT_ACCEPTED), 0);
    assert_int_equal(count_of(f, NOMOS_DA_BLOB, ASSAY_SUBMIT_REFUSED), 0);
    assert_true(count_of(f, NOMOS_DA_BLOB, ASSAY_SUBMIT_FAILED) > 0);
    fake_free(f);
}

static void an_outcome_that_it_does_not_know_counts_as_no_answer(void **state)
{
    struct fakehost *f = live_network();

    (void)state;
    fake_settles_as(f, 77);
    assert_int_equal(fake_create(f, NULL), ASSAY_OK);
    assert_int_equal(live(f), ASSAY_OK);

    assert_int_equal(count_of(f, NOMOS_DA_INSCRIPTION, ASSAY_SUBMIT_FAILED), CHANNELS);
    fake_free(f);
}

/* ---- no answer ---- */

static void an_executor_that_never_answers_fails_by_the_timeout(void **state)
{
    struct fakehost *f = live_network();

    (void)state;
    fake_answers(f, 2, 200, seconds(1000));
    fake_answers(f, 3, 200, seconds(1000));
    assert_int_equal(fake_create(f, "timeout=3s", "rounds=1", NULL), ASSAY_OK);
    assert_int_equal(live(f), ASSAY_OK);

    assert_all_ended(f);
    assert_true(count_of(f, NOMOS_DA_BLOB, ASSAY_SUBMIT_FAILED) >= 2 * CHANNELS);
    assert_int_equal(count_of(f, NOMOS_DA_BLOB, ASSAY_SUBMIT_ACCEPTED), 0);
    fake_free(f);
}

static void what_was_taken_without_an_answer_is_found_in_its_block(void **state)
{
    struct fakehost *f = live_network();

    (void)state;
    fake_da_takes_unanswered(f);
    executors_answer(f, 0);
    assert_int_equal(fake_create(f, NULL), ASSAY_OK);
    assert_int_equal(live(f), ASSAY_OK);

    assert_all_ended(f);
    assert_true(fake_metric(f, "blobs_included") == BLOBS);
    assert_int_equal(count_of(f, NOMOS_DA_BLOB, ASSAY_SUBMIT_FAILED), BLOBS);
    for (size_t i = 0; i < BLOBS; i++) /* under the ids that they have in blocks */
        assert_int_equal(fake_submission_id(f, NOMOS_DA_BLOB, i)[0], 'm');
    fake_free(f);
}

/* Given up by the channel, taken by the network: its data is in the place of the next blob. */
static void what_was_given_up_and_yet_taken_moves_the_channel_on(void **state)
{
    struct fakehost *f = network();

    (void)state;
    fake_da_takes_unanswered(f);
    executors_answer(f, 0);
    fake_da_blocks(f, ASSAY_SECOND, ENDS * ASSAY_SECOND, 5 * ASSAY_SECOND);
    assert_int_equal(
        fake_create(f, "rounds=1", "headroom_percent=0", "blob_rate=1", NULL), ASSAY_OK);
    assert_int_equal(live(f), ASSAY_OK);

    assert_true(fake_metric(f, "blobs_included") >= 5);
    assert_true(occurrences(fake_story(f), "blob ") >= 5); /* not always the same data */
    fake_free(f);
}

static void an_answer_that_comes_after_the_block_moves_the_channel_on(void **state)
{
    struct fakehost *f = live_network();

    (void)state;
    /* The fake network takes a message when it answers: so a second answer, to what was sent again,
       is on its way when the block comes. */
    fake_answers(f, 2, 200, seconds(2.5));
    fake_answers(f, 3, 200, seconds(2.5));
    assert_int_equal(fake_create(f, "patience=1ms", NULL), ASSAY_OK);
    assert_int_equal(live(f), ASSAY_OK);

    assert_all_ended(f);
    assert_true(fake_metric(f, "sent_again") > 0);
    assert_true(count_of(f, NOMOS_DA_BLOB, ASSAY_SUBMIT_ACCEPTED) > BLOBS / 2);
    fake_free(f);
}

/* ---- blocks ---- */

static void a_stalled_chain_misses_the_rest_of_the_plan_and_says_so(void **state)
{
    struct fakehost *f = network();

    (void)state;
    fake_da_blocks(f, ASSAY_SECOND, seconds(OPENS + 6), 2 * ASSAY_SECOND);
    assert_int_equal(fake_create(f, NULL), ASSAY_OK);
    /* Cancelled while what was accepted is still being seen through. */
    assert_int_equal(live(f), ASSAY_E_CANCELLED);

    assert_all_ended(f);
    assert_true(count_of(f, NOMOS_DA_BLOB, ASSAY_SUBMIT_ACCEPTED) <= 3 * CHANNELS);
    assert_true(count_of(f, NOMOS_DA_BLOB, ASSAY_SUBMIT_MISSED) >= BLOBS - 3 * CHANNELS);
    assert_true(fake_metric(f, "sent_again") > 0);
    assert_non_null(strstr(fake_log(f), "WARN"));
    assert_non_null(strstr(fake_log(f),
        "of 16 planned blobs were never sent: each waits for the one before it in its channel"));
    fake_free(f);
}

static void what_is_in_no_block_is_sent_again(void **state)
{
    struct fakehost *f = live_network();

    (void)state;
    /* Waiting messages are lost at 14.5 s; the same blocks go on. */
    fake_da_gives_up(f, seconds(14.5), 0);
    assert_int_equal(fake_create(f, "patience=5s", "headroom_percent=0", NULL), ASSAY_OK);
    assert_int_equal(live(f), ASSAY_OK);

    assert_true(fake_metric(f, "sent_again") >= 1);
    assert_true(fake_metric(f, "blobs_included") >= 10);
    assert_int_equal(count_of(f, NOMOS_DA_BLOB, ASSAY_SUBMIT_ACCEPTED),
        (size_t)fake_metric(f, "blobs_included"));
    fake_free(f);
}

static void a_parent_in_a_block_that_was_given_up_is_sent_again_first(void **state)
{
    struct fakehost *f = live_network();

    (void)state;
    /* Three blocks are given up at 22 s, and all messages in them. */
    fake_da_gives_up(f, seconds(22), 3);
    assert_int_equal(fake_create(f, "patience=5s", "headroom_percent=0", NULL), ASSAY_OK);
    assert_int_equal(live(f), ASSAY_OK);

    assert_true(fake_metric(f, "sent_again") >= 2); /* the parent, and what followed it */
    assert_true(fake_metric(f, "blobs_included") >= 8);
    /* Included once each, whatever was sent again. */
    assert_true(fake_metric(f, "blobs_included") <= 15);
    fake_free(f);
}

static void an_inscription_in_a_block_that_was_given_up_is_sent_again(void **state)
{
    struct fakehost *f = live_network();

    (void)state;
    fake_da_gives_up(f, seconds(OPENS + 4), 2);
    assert_int_equal(fake_create(f, "patience=3s", NULL), ASSAY_OK);
    assert_int_equal(live(f), ASSAY_OK);

    assert_true(fake_metric(f, "sent_again") >= CHANNELS);
    assert_true(fake_metric(f, "blobs_included") > BLOBS / 2);
    fake_free(f);
}

/* Else the nodes that work would hide that one takes messages and loses them. */
static void what_is_sent_again_goes_to_the_node_that_took_it(void **state)
{
    struct fakehost *f = network();
    uint32_t taker[CHANNELS];
    size_t again = 0;

    (void)state;
    fake_da_blocks(f, ASSAY_SECOND, seconds(OPENS + 1.5), 2 * ASSAY_SECOND);
    assert_int_equal(fake_create(f, "patience=3s", NULL), ASSAY_OK);
    assert_int_equal(live(f), ASSAY_E_CANCELLED);

    for (size_t i = 0, blobs = 0; i < fake_sent_count(f); i++) {
        if (strcmp(fake_sent(f, i)->path, "/disperse-data") != 0)
            continue;
        if (blobs < CHANNELS)
            taker[blobs] = fake_sent(f, i)->node;
        else if (taker[0] == taker[1])
            assert_int_equal(fake_sent(f, i)->node, taker[0]);
        else
            again += fake_sent(f, i)->node == taker[blobs % CHANNELS];
        blobs++;
    }
    assert_true(taker[0] == taker[1] || again >= 10);
    assert_true(fake_metric(f, "sent_again") >= 10);
    fake_free(f);
}

static void blocks_that_the_feed_has_dropped_are_looked_up(void **state)
{
    struct fakehost *f = live_network();

    (void)state;
    fake_drop(f, seconds(12), 4 * 4); /* of four nodes: four blocks */
    assert_int_equal(fake_create(f, "patience=1m", NULL), ASSAY_OK);
    assert_int_equal(live(f), ASSAY_OK);

    assert_int_equal(count_of(f, NOMOS_DA_BLOB, ASSAY_SUBMIT_ACCEPTED), BLOBS);
    assert_true(fake_metric(f, "sent_again") == 0);
    fake_free(f);
}

/* ---- the end of the window ---- */

static void what_was_accepted_is_seen_through_after_the_window(void **state)
{
    struct fakehost *f = network();

    (void)state;
    fake_da_blocks(f, ASSAY_SECOND, ENDS * ASSAY_SECOND, 7 * ASSAY_SECOND);
    assert_int_equal(fake_create(f, "patience=1m", NULL), ASSAY_OK);
    assert_int_equal(live(f), ASSAY_OK);

    assert_all_ended(f);
    assert_int_equal((size_t)fake_metric(f, "blobs_included"),
        count_of(f, NOMOS_DA_BLOB, ASSAY_SUBMIT_ACCEPTED));
    assert_true(fake_now(f) > seconds(CLOSES));
    fake_free(f);
}

static void nothing_new_goes_out_after_the_window(void **state)
{
    struct fakehost *f = network();

    (void)state;
    fake_da_blocks(f, ASSAY_SECOND, ENDS * ASSAY_SECOND, 7 * ASSAY_SECOND);
    assert_int_equal(fake_create(f, "patience=1m", NULL), ASSAY_OK);
    assert_int_equal(live(f), ASSAY_OK);

    for (size_t i = 0; i < fake_sent_count(f); i++)
        assert_true(fake_sent(f, i)->asked_at < seconds(CLOSES));
    fake_free(f);
}

static void waiting_for_blocks_ends_by_itself(void **state)
{
    struct fakehost *f = network();

    (void)state;
    assert_int_equal(fake_create(f, "patience=5s", "timeout=20s", NULL), ASSAY_OK);
    assert_int_equal(fake_prepare(f), ASSAY_OK);
    fake_advance(f, OPENS * ASSAY_SECOND);
    assert_int_equal(fake_run(f), ASSAY_OK); /* and nobody cancels it */
    assert_int_equal(fake_finish(f), ASSAY_OK);

    assert_int_equal(fake_now(f), seconds(CLOSES + 20 + 10));
    assert_all_ended(f);
    fake_free(f);
}

static void an_answer_that_is_refused_after_the_window_ends_the_channel(void **state)
{
    struct fakehost *f = live_network();

    (void)state;
    fake_answers(f, 2, 500, seconds(9));
    fake_answers(f, 3, 500, seconds(9));
    assert_int_equal(fake_create(f, NULL), ASSAY_OK);
    assert_int_equal(live(f), ASSAY_OK);

    assert_all_ended(f);
    assert_int_equal(count_of(f, NOMOS_DA_BLOB, ASSAY_SUBMIT_REFUSED), CHANNELS);
    assert_int_equal(count_of(f, NOMOS_DA_BLOB, ASSAY_SUBMIT_MISSED), BLOBS - CHANNELS);
    fake_free(f);
}

/* ---- cancelling and failing ---- */

static void what_is_with_a_node_when_cancelled_has_failed(void **state)
{
    struct fakehost *f = live_network();

    (void)state;
    fake_answers(f, 2, 200, seconds(30));
    fake_answers(f, 3, 200, seconds(30));
    assert_int_equal(fake_create(f, NULL), ASSAY_OK);
    assert_int_equal(fake_prepare(f), ASSAY_OK);
    fake_advance(f, OPENS * ASSAY_SECOND);
    fake_cancel_at(f, seconds(OPENS + 10));
    assert_int_equal(fake_run(f), ASSAY_E_CANCELLED);
    assert_int_equal(fake_finish(f), ASSAY_OK);

    assert_all_ended(f);
    assert_int_equal(count_of(f, NOMOS_DA_BLOB, ASSAY_SUBMIT_FAILED), CHANNELS);
    assert_int_equal(count_of(f, NOMOS_DA_BLOB, ASSAY_SUBMIT_MISSED), BLOBS - CHANNELS);
    fake_free(f);
}

/* So that there are pauses and second rounds, too. */
static struct fakehost *troubled_and_created(void)
{
    struct fakehost *f = live_network();

    fake_answers(f, 2, 500, ASSAY_MS);
    assert_int_equal(fake_create(f, "patience=3s", NULL), ASSAY_OK);
    return f;
}

/* So that chains are looked at, and looked through. */
static struct fakehost *network_that_drops(void)
{
    struct fakehost *f = live_network();

    fake_da_gives_up(f, seconds(22), 2);
    fake_drop(f, seconds(30), 8);
    return f;
}

static assay_status live_unjudged(struct fakehost *f, assay_verdict *verdict)
{
    (void)verdict;
    return live(f);
}

static assay_status create_and_live(struct fakehost *f, assay_verdict *verdict)
{
    const assay_status s = fake_create(f, "patience=3s", "headroom_percent=0", NULL);

    return s ? s : live_unjudged(f, verdict);
}

static void returns_at_once_from_every_wait_when_cancelled(void **state)
{
    const struct fake_life life = {
        .make = troubled_and_created, .live = live_unjudged, .check = assert_all_ended};

    (void)state;
    assert_true(fake_cancel_each_wait(&life) > 100);
}

static void survives_the_failure_of_every_call(void **state)
{
    /* Only what is measured for the log may fail without a word. */
    const struct fake_life life = {
        .make = network_that_drops, .live = create_and_live, .spared = "value"};

    (void)state;
    assert_true(fake_fail_each_call(&life, ASSAY_E_NOMEM) > 200);
}

static void finish_says_when_it_could_not_report(void **state)
{
    struct fakehost *f = live_network();

    (void)state;
    assert_int_equal(fake_create(f, NULL), ASSAY_OK);
    assert_int_equal(fake_prepare(f), ASSAY_OK);
    fake_advance(f, OPENS * ASSAY_SECOND);
    fake_cancel_at(f, seconds(OPENS + 5));
    assert_int_equal(fake_run(f), ASSAY_E_CANCELLED);
    fake_aim(f, "report");
    fake_fail_call(f, 1, ASSAY_E_NOMEM);
    assert_int_equal(fake_finish(f), ASSAY_E_NOMEM);
    assert_non_null(strstr(fake_why(f), "cannot record what became of message"));
    fake_free(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_refused_blob_is_tried_in_rounds_with_pauses),
        cmocka_unit_test(a_blob_that_nobody_takes_counts_as_refused_and_its_data_goes_out_again),
        cmocka_unit_test(a_later_round_takes_what_an_earlier_one_did_not),
        cmocka_unit_test(a_channel_without_inscription_ends),
        cmocka_unit_test(nodes_that_take_no_connection_make_failed_messages),
        cmocka_unit_test(an_outcome_that_it_does_not_know_counts_as_no_answer),
        cmocka_unit_test(an_executor_that_never_answers_fails_by_the_timeout),
        cmocka_unit_test(what_was_taken_without_an_answer_is_found_in_its_block),
        cmocka_unit_test(what_was_given_up_and_yet_taken_moves_the_channel_on),
        cmocka_unit_test(an_answer_that_comes_after_the_block_moves_the_channel_on),
        cmocka_unit_test(a_stalled_chain_misses_the_rest_of_the_plan_and_says_so),
        cmocka_unit_test(what_is_in_no_block_is_sent_again),
        cmocka_unit_test(a_parent_in_a_block_that_was_given_up_is_sent_again_first),
        cmocka_unit_test(an_inscription_in_a_block_that_was_given_up_is_sent_again),
        cmocka_unit_test(what_is_sent_again_goes_to_the_node_that_took_it),
        cmocka_unit_test(blocks_that_the_feed_has_dropped_are_looked_up),
        cmocka_unit_test(what_was_accepted_is_seen_through_after_the_window),
        cmocka_unit_test(nothing_new_goes_out_after_the_window),
        cmocka_unit_test(waiting_for_blocks_ends_by_itself),
        cmocka_unit_test(an_answer_that_is_refused_after_the_window_ends_the_channel),
        cmocka_unit_test(what_is_with_a_node_when_cancelled_has_failed),
        cmocka_unit_test(returns_at_once_from_every_wait_when_cancelled),
        cmocka_unit_test(survives_the_failure_of_every_call),
        cmocka_unit_test(finish_says_when_it_could_not_report),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

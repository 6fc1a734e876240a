/* Columns that arrive: checked, kept, published, and passed on within the subnetwork; and offences. */
#include "support/devnode_da_bench.h"

#define S  ((uint64_t)SECOND_NS)
#define MS (S / 1000)

static struct bench bench;

static int set_up(void **state)
{
    (void)state;
    bench_init(&bench, NULL);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    bench_done(&bench);
    return 0;
}

static void a_column_is_taken_kept_and_served(void **state)
{
    struct da_peer *peer = bench_connect(&bench, 1, false);
    struct bench_blob blob;

    (void)state;
    bench_blob_make(&bench, 1, &blob);
    const struct da_message parcel = bench_parcel(&blob, DA_DISPERSE, 2);
    const struct da_place place = bench_place(&blob, 2);
    const struct da_place other = bench_place(&blob, 3);
    bench_say(&bench, peer, &parcel);
    assert_int_equal(bench_count(&bench, DA_TAKEN), 1);
    assert_int_equal(bench_last(&bench, DA_TAKEN)->message.as.place.column, 2);
    assert_true(bench_keeps(&bench, &blob, 2));
    bench_say(&bench, peer, &parcel);
    assert_int_equal(bench_count(&bench, DA_TAKEN), 2);
    assert_int_equal(da_counts(bench.da).columns_taken, 1);
    bench_say_place(&bench, peer, DA_GET, &place);
    assert_int_equal(bench_count(&bench, DA_SHARE), 1);
    assert_memory_equal(
        bench_last(&bench, DA_SHARE)->message.as.parcel.share, blob.shares[2], blob.share_size);
    bench_say_place(&bench, peer, DA_GET, &other);
    assert_int_equal(bench_count(&bench, DA_LACKS), 1);
    bench_blob_done(&blob);
}

static void a_blob_is_published_when_all_our_columns_are_here(void **state)
{
    struct da_peer *peer = bench_connect(&bench, 1, false);
    struct bench_blob blob;

    (void)state;
    bench_blob_make(&bench, 1, &blob);
    for (uint32_t column = 0; column < 5; column++) {
        const struct da_message parcel = bench_parcel(&blob, DA_DISPERSE, column);

        assert_int_equal(bench.published, 0);
        bench_say(&bench, peer, &parcel);
    }
    assert_int_equal(bench.published, 1);
    assert_int_equal(bench.published_size, blob.tx_size);
    bench_wait(&bench, 6 * S);
    assert_int_equal(bench.published, 1);
    bench_blob_done(&blob);
}

static void a_blob_that_is_dispersed_again_is_published_again_once_it_was(void **state)
{
    struct da_peer *peer = bench_connect(&bench, 1, false);
    struct bench_blob blob;

    (void)state;
    bench_blob_make(&bench, 1, &blob);
    const struct da_message first = bench_parcel(&blob, DA_DISPERSE, 0);
    bench_say(&bench, peer, &first);
    bench_say(&bench, peer, &first);
    assert_int_equal(bench.published, 0);
    for (uint32_t column = 1; column < 5; column++) {
        const struct da_message parcel = bench_parcel(&blob, DA_DISPERSE, column);

        bench_say(&bench, peer, &parcel);
    }
    assert_int_equal(bench.published, 1);
    bench_say(&bench, peer, &first);
    assert_int_equal(bench.published, 2);
    assert_int_equal(da_counts(bench.da).blobs_published, 1);
    bench_blob_done(&blob);
}

static void most_of_our_columns_are_enough_after_a_while(void **state)
{
    struct da_peer *peer = bench_connect(&bench, 1, false);
    struct bench_blob blob;
    struct bench_blob too_few;

    (void)state;
    bench_blob_make(&bench, 1, &blob);
    bench_blob_make(&bench, 2, &too_few);
    for (uint32_t column = 0; column < 4; column++) {
        const struct da_message parcel = bench_parcel(&blob, DA_DISPERSE, column);
        const struct da_message other = bench_parcel(&too_few, DA_DISPERSE, column);

        bench_say(&bench, peer, &parcel);
        if (column < 3)
            bench_say(&bench, peer, &other);
    }
    bench_wait(&bench, 4999 * MS);
    assert_int_equal(bench.published, 0);
    bench_wait(&bench, MS);
    assert_int_equal(bench.published, 1); /* 4 of 5, at a threshold of 0.8; not 3 of 5 */
    /* Nor once more when the last one comes. */
    const struct da_message last = bench_parcel(&blob, DA_DISPERSE, 4);
    bench_say(&bench, peer, &last);
    bench_wait(&bench, 60 * S);
    assert_int_equal(bench.published, 1);
    bench_blob_done(&blob);
    bench_blob_done(&too_few);
}

static void an_entry_is_forgotten_in_time_and_begins_anew(void **state)
{
    struct da_peer *peer = bench_connect(&bench, 1, false);
    struct bench_blob blob;

    (void)state;
    bench_blob_make(&bench, 1, &blob);
    const struct da_place place = bench_place(&blob, 0);
    struct da_message parcel = bench_parcel(&blob, DA_DISPERSE, 0);
    bench_say(&bench, peer, &parcel);
    bench_say_place(&bench, peer, DA_WANT, &place);
    assert_int_equal(bench_count(&bench, DA_REPLICA), 1);
    bench_wait(&bench, 30 * S);
    bench_say_place(&bench, peer, DA_WANT, &place); /* the transaction is gone, the column not */
    assert_int_equal(bench_count(&bench, DA_LACKS), 1);
    assert_true(bench_keeps(&bench, &blob, 0));
    for (uint32_t column = 1; column < 5; column++) {
        parcel = bench_parcel(&blob, DA_DISPERSE, column);
        bench_say(&bench, peer, &parcel);
    }
    assert_int_equal(bench.published, 1); /* with the column from before */
    bench_blob_done(&blob);
}

/* Sends it from key 1 and expects an offence. */
static void assert_offence(struct da_peer *peer, const struct da_message *message)
{
    bench_say(&bench, peer, message);
    assert_true(da_monitor_is_blocked(da_monitor(bench.da), &bench.keys[1].public_key));
    assert_int_equal(bench.hang_ups, 1);
    assert_int_equal(da_counts(bench.da).columns_taken, 0);
    assert_int_equal(da_counts(bench.da).columns_refused, 1);
}

static void a_corrupted_column_is_an_offence(void **state)
{
    struct da_peer *peer = bench_connect(&bench, 1, false);
    struct bench_blob blob;

    (void)state;
    bench_blob_make(&bench, 1, &blob);
    blob.shares[0][blob.share_size - 2] ^= 1;
    const struct da_message parcel = bench_parcel(&blob, DA_DISPERSE, 0);
    assert_offence(peer, &parcel);
    bench_blob_done(&blob);
}

static void a_malformed_share_is_an_offence(void **state)
{
    struct da_peer *peer = bench_connect(&bench, 1, false);
    struct bench_blob blob;

    (void)state;
    bench_blob_make(&bench, 1, &blob);
    struct da_message parcel = bench_parcel(&blob, DA_DISPERSE, 0);
    parcel.as.parcel.share_size--;
    assert_offence(peer, &parcel);
    bench_blob_done(&blob);
}

static void a_column_with_a_transaction_of_another_blob_is_an_offence(void **state)
{
    struct da_peer *peer = bench_connect(&bench, 1, false);
    struct bench_blob blob;
    struct bench_blob other;

    (void)state;
    bench_blob_make(&bench, 1, &blob);
    bench_blob_make(&bench, 2, &other);
    struct da_message parcel = bench_parcel(&blob, DA_DISPERSE, 0);
    parcel.as.parcel.tx = other.tx;
    parcel.as.parcel.tx_size = other.tx_size;
    assert_offence(peer, &parcel);
    bench_blob_done(&blob);
    bench_blob_done(&other);
}

static void of_another_session(struct op_blob *op)
{
    op->session = 1;
}

static void of_another_size(struct op_blob *op)
{
    op->blob_size += 31;
}

static void of_another_parent(struct op_blob *op)
{
    op->parent.bytes[5] = 1;
}

static void of_another_channel(struct op_blob *op)
{
    op->channel.bytes[5] = 1;
}

static void a_transaction_that_says_something_else_of_the_blob_is_an_offence(void **state)
{
    static void (*const spoilers[])(struct op_blob * op) = {
        of_another_session, of_another_size, of_another_parent, of_another_channel};

    (void)state;
    for (size_t i = 0; i < sizeof(spoilers) / sizeof(*spoilers); i++) {
        struct bench_blob blob;

        bench_init(&bench, NULL);
        struct da_peer *peer = bench_connect(&bench, 1, false);
        bench.spoil = spoilers[i];
        bench_blob_make(&bench, 1, &blob);
        const struct da_message parcel = bench_parcel(&blob, DA_DISPERSE, 0);
        assert_offence(peer, &parcel);
        bench_blob_done(&blob);
        bench_done(&bench);
    }
}

static void a_column_with_a_spoilt_transaction_is_an_offence(void **state)
{
    struct da_peer *peer = bench_connect(&bench, 1, false);
    struct bench_blob blob;

    (void)state;
    bench_blob_make(&bench, 1, &blob);
    blob.tx[blob.tx_size / 2] ^= 1;
    const struct da_message parcel = bench_parcel(&blob, DA_DISPERSE, 0);
    assert_offence(peer, &parcel);
    bench_blob_done(&blob);
}

static void be_patient(struct da_params *params)
{
    params->monitor.max[DA_OFFENCE] = 1;
}

static void as_many_offences_are_forgiven_as_configured(void **state)
{
    struct bench_blob blob;

    (void)state;
    bench_init(&bench, be_patient);
    struct da_peer *peer = bench_connect(&bench, 1, false);
    bench_blob_make(&bench, 1, &blob);
    blob.shares[0][blob.share_size - 2] ^= 1;
    const struct da_message parcel = bench_parcel(&blob, DA_DISPERSE, 0);
    bench_say(&bench, peer, &parcel);
    assert_int_equal(bench_count(&bench, DA_REFUSED), 1);
    assert_int_equal(bench.hang_ups, 0);
    bench_wait(&bench, 6 * S); /* beyond the window */
    bench_say(&bench, peer, &parcel);
    assert_int_equal(bench.hang_ups, 0);
    bench_say(&bench, peer, &parcel);
    assert_int_equal(bench.hang_ups, 1);
    bench_blob_done(&blob);
    bench_done(&bench);
}

static void one_member_each(struct da_params *params)
{
    params->shape.replication = 1;
}

static void a_column_of_another_subnetwork_is_refused(void **state)
{
    struct bench_blob blob;
    size_t taken = 0;

    (void)state;
    bench_init(&bench, one_member_each);
    struct da_peer *peer = bench_connect(&bench, 1, false);
    bench_blob_make(&bench, 1, &blob);
    for (uint32_t column = 0; column < 5; column++) {
        const struct da_message parcel = bench_parcel(&blob, DA_DISPERSE, column);

        bench_say(&bench, peer, &parcel);
        taken += bench_keeps(&bench, &blob, column);
        assert_int_equal(
            bench_keeps(&bench, &blob, column), da_is_own_column(da_membership(bench.da), column));
    }
    assert_int_equal(bench_count(&bench, DA_TAKEN), taken);
    assert_int_equal(bench_count(&bench, DA_REFUSED), 5 - taken);
    assert_int_equal(bench.published, 1);
    assert_int_equal(bench.hang_ups, 0);
    bench_blob_done(&blob);
    bench_done(&bench);
}

static void one_of_two_is_enough(struct da_params *params)
{
    params->shape.replication = 2;
    params->publish_1000 = 300;
}

/* Sends one column that is the node's, of a blob of this number. */
static void send_one(struct da_peer *peer, uint32_t number)
{
    const struct da_membership *membership = da_membership(bench.da);
    struct bench_blob blob;
    uint32_t column = 0;

    while (!da_is_own_column(membership, column))
        column++;
    bench_blob_make(&bench, number, &blob);
    const struct da_message parcel = bench_parcel(&blob, DA_DISPERSE, column);
    bench_forget_sent(&bench);
    bench_say(&bench, peer, &parcel);
    bench_blob_done(&blob);
}

static void when_too_many_blobs_arrive_the_oldest_published_is_forgotten(void **state)
{
    struct da_peer *peer;
    struct bench_blob first;
    uint32_t column = 0;

    (void)state;
    bench_init(&bench, one_of_two_is_enough);
    peer = bench_connect(&bench, 1, false);
    for (uint32_t number = 0; number < DA_ENTRIES_MAX; number++) {
        send_one(peer, number);
        assert_int_equal(bench_count(&bench, DA_TAKEN), 1);
    }
    send_one(peer, DA_ENTRIES_MAX); /* none is published yet */
    assert_int_equal(bench_count(&bench, DA_REFUSED), 1);
    assert_int_equal(bench.hang_ups, 0);
    bench_forget_sent(&bench);
    bench_wait(&bench, 5 * S);
    assert_int_equal(bench.published, DA_ENTRIES_MAX);
    send_one(peer, DA_ENTRIES_MAX);
    assert_int_equal(bench_count(&bench, DA_TAKEN), 1);
    bench_blob_make(&bench, 0, &first);
    while (!da_is_own_column(da_membership(bench.da), column))
        column++;
    const struct da_place place = bench_place(&first, column);
    bench_say_place(&bench, peer, DA_WANT, &place);
    assert_int_equal(bench_count(&bench, DA_LACKS), 1);
    assert_true(bench_keeps(&bench, &first, column));
    bench_blob_done(&first);
    bench_done(&bench);
}

static void a_share_of_a_client_is_kept_when_it_is_true(void **state)
{
    struct bench_blob blob;
    struct da_share share;
    struct reason why = {.text = ""};

    (void)state;
    bench_blob_make(&bench, 1, &blob);
    assert_int_equal(da_share_decode(blob.shares[4], blob.share_size, &share, NULL), NOMOS_OK);
    share.column.elements[3] ^= 1;
    assert_false(da_add_share(bench.da, &share, &why));
    assert_true(why.text[0]);
    share.column.elements[3] ^= 1;
    assert_true(da_add_share(bench.da, &share, NULL));
    assert_true(da_add_share(bench.da, &share, NULL));
    assert_true(bench_keeps(&bench, &blob, 4));
    assert_int_equal(da_counts(bench.da).columns_taken, 1);
    da_share_done(&share);
    bench_blob_done(&blob);
}

/* --- within the subnetwork -------------------------------------------------------------------- */

static void a_column_is_offered_to_the_others_once(void **state)
{
    struct da_peer *giver = bench_connect(&bench, 1, false);
    struct bench_blob blob;

    (void)state;
    (void)bench_connect(&bench, 2, false);
    bench_blob_make(&bench, 1, &blob);
    const struct da_message parcel = bench_parcel(&blob, DA_DISPERSE, 1);
    bench_say(&bench, giver, &parcel);
    bench_wait(&bench, 299 * MS);
    assert_int_equal(bench_count(&bench, DA_OFFER), 0);
    bench_wait(&bench, MS);
    assert_int_equal(bench_count(&bench, DA_OFFER), 1); /* not to the giver */
    bench_wait(&bench, 10 * S);
    assert_int_equal(bench_count(&bench, DA_OFFER), 1);
    bench_blob_done(&blob);
}

static void a_column_that_comes_late_is_offered_too(void **state)
{
    struct da_peer *giver = bench_connect(&bench, 1, false);
    struct bench_blob blob;

    (void)state;
    (void)bench_connect(&bench, 2, false);
    bench_blob_make(&bench, 1, &blob);
    for (uint32_t column = 0; column < 4; column++) {
        const struct da_message parcel = bench_parcel(&blob, DA_DISPERSE, column);

        bench_say(&bench, giver, &parcel);
    }
    bench_wait(&bench, 6 * S); /* published with four of five, and offered: settled */
    bench_wait(&bench, S);
    assert_int_equal(bench.published, 1);
    assert_int_equal(bench_count(&bench, DA_OFFER), 4);
    struct bench_blob younger; /* which is looked at from now on, and the other no more */
    bench_blob_make(&bench, 2, &younger);
    const struct da_message of_younger = bench_parcel(&younger, DA_DISPERSE, 0);
    bench_say(&bench, giver, &of_younger);
    bench_wait(&bench, 300 * MS);
    assert_int_equal(bench_count(&bench, DA_OFFER), 5);
    const struct da_message late = bench_parcel(&blob, DA_DISPERSE, 4);
    bench_say(&bench, giver, &late);
    bench_wait(&bench, 300 * MS);
    assert_int_equal(bench_count(&bench, DA_OFFER), 6);
    assert_int_equal(bench_last(&bench, DA_OFFER)->message.as.place.column, 4);
    bench_blob_done(&blob);
    bench_blob_done(&younger);
}

static void an_offered_column_is_wanted_once_and_taken(void **state)
{
    struct da_peer *peer = bench_connect(&bench, 1, false);
    struct da_peer *other = bench_connect(&bench, 2, false);
    struct bench_blob blob;

    (void)state;
    bench_blob_make(&bench, 1, &blob);
    const struct da_place place = bench_place(&blob, 1);
    const struct da_message replica = bench_parcel(&blob, DA_REPLICA, 1);
    bench_say_place(&bench, peer, DA_OFFER, &place);
    bench_say_place(&bench, other, DA_OFFER, &place);
    assert_int_equal(bench_count(&bench, DA_WANT), 1);
    bench_say(&bench, peer, &replica);
    assert_true(bench_keeps(&bench, &blob, 1));
    assert_int_equal(bench_count(&bench, DA_TAKEN), 0);
    bench_say_place(&bench, peer, DA_OFFER, &place);
    assert_int_equal(bench_count(&bench, DA_WANT), 1);
    bench_wait(&bench, 3 * S);
    assert_false(bench_has_failed(&bench, 1, DA_FAILED_REPLICATION));
    bench_blob_done(&blob);
}

static void an_offer_that_is_not_kept_is_a_failure(void **state)
{
    struct da_peer *peer = bench_connect(&bench, 1, false);
    struct da_peer *other = bench_connect(&bench, 2, false);
    struct da_place place = {.column = 1};

    (void)state;
    bench_say_place(&bench, peer, DA_OFFER, &place);
    bench_say_place(&bench, other, DA_LACKS, &place); /* not asked */
    assert_false(bench_has_failed(&bench, 2, DA_FAILED_REPLICATION));
    bench_say_place(&bench, peer, DA_LACKS, &place);
    assert_true(bench_has_failed(&bench, 1, DA_FAILED_REPLICATION));
    bench_say_place(&bench, other, DA_OFFER, &place);
    bench_wait(&bench, 1999 * MS);
    assert_false(bench_has_failed(&bench, 2, DA_FAILED_REPLICATION));
    bench_wait(&bench, MS);
    assert_true(bench_has_failed(&bench, 2, DA_FAILED_REPLICATION));
}

static void a_node_that_refuses_columns_wants_none(void **state)
{
    struct da_peer *peer = bench_connect(&bench, 1, false);
    struct da_place place = {.column = 1};
    struct bench_blob blob;

    (void)state;
    bench_blob_make(&bench, 1, &blob);
    const struct da_message parcel = bench_parcel(&blob, DA_DISPERSE, 1);
    assert_true(misbehave_parse(&bench.misbehaviours, "refuse-columns", NULL));
    bench_say_place(&bench, peer, DA_OFFER, &place);
    assert_int_equal(bench_count(&bench, DA_WANT), 0);
    bench_say(&bench, peer, &parcel);
    assert_int_equal(bench_count(&bench, DA_REFUSED), 1);
    bench_blob_done(&blob);
}

#define BENCH_TEST(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        BENCH_TEST(a_column_is_taken_kept_and_served),
        BENCH_TEST(a_blob_is_published_when_all_our_columns_are_here),
        BENCH_TEST(a_blob_that_is_dispersed_again_is_published_again_once_it_was),
        BENCH_TEST(most_of_our_columns_are_enough_after_a_while),
        BENCH_TEST(an_entry_is_forgotten_in_time_and_begins_anew),
        BENCH_TEST(a_corrupted_column_is_an_offence),
        BENCH_TEST(a_malformed_share_is_an_offence),
        BENCH_TEST(a_column_with_a_transaction_of_another_blob_is_an_offence),
        cmocka_unit_test(a_transaction_that_says_something_else_of_the_blob_is_an_offence),
        BENCH_TEST(a_column_with_a_spoilt_transaction_is_an_offence),
        cmocka_unit_test(as_many_offences_are_forgiven_as_configured),
        cmocka_unit_test(a_column_of_another_subnetwork_is_refused),
        cmocka_unit_test(when_too_many_blobs_arrive_the_oldest_published_is_forgotten),
        BENCH_TEST(a_share_of_a_client_is_kept_when_it_is_true),
        BENCH_TEST(a_column_is_offered_to_the_others_once),
        BENCH_TEST(a_column_that_comes_late_is_offered_too),
        BENCH_TEST(an_offered_column_is_wanted_once_and_taken),
        BENCH_TEST(an_offer_that_is_not_kept_is_a_failure),
        BENCH_TEST(a_node_that_refuses_columns_wants_none),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Asking for columns, to sample a blob or to fetch what is missing, and sending them. */
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

/* The peer that the last GET went to, of the two. */
static size_t asked_key(void)
{
    const struct bench_sent *get = bench_last(&bench, DA_GET);

    assert_non_null(get);
    return da_find_peer(bench.da, bench_member(&bench, 1))->link == get->link ? 1 : 2;
}

static struct da_peer *peer_of(size_t key)
{
    return da_find_peer(bench.da, bench_member(&bench, key));
}

static void a_blob_is_sampled_when_somebody_shows_the_column(void **state)
{
    struct bench_blob blob;

    (void)state;
    (void)bench_connect(&bench, 1, false);
    (void)bench_connect(&bench, 2, false);
    bench_blob_make(&bench, 1, &blob);
    da_want(bench.da, &blob.blob.id, bench.now_ns);
    da_want(bench.da, &blob.blob.id, bench.now_ns);
    bench_wait(&bench, 0);
    assert_int_equal(bench_count(&bench, DA_GET), 1);
    assert_false(da_is_sampled(bench.da, &blob.blob.id));
    const struct da_message share =
        bench_parcel(&blob, DA_SHARE, bench_last(&bench, DA_GET)->message.as.place.column);
    bench_say(&bench, peer_of(3 - asked_key()), &share); /* who was not asked */
    assert_false(da_is_sampled(bench.da, &blob.blob.id));
    bench_say(&bench, peer_of(asked_key()), &share);
    assert_true(da_is_sampled(bench.da, &blob.blob.id));
    assert_int_equal(bench.sampled, 1);
    da_want(bench.da, &blob.blob.id, bench.now_ns); /* known by now */
    bench_wait(&bench, S);
    assert_int_equal(bench_count(&bench, DA_GET), 1);
    assert_int_equal(bench.sampled, 1);
    /* Looked at, not kept: it was not ours to fetch. */
    assert_int_equal(da_counts(bench.da).columns_taken, 0);
    bench_blob_done(&blob);
}

static void a_blocked_member_is_not_asked(void **state)
{
    struct bytes32 nothing = {{1}};

    (void)state;
    for (size_t key = 1; key < BENCH_MEMBERS; key++)
        da_dial_failed(bench.da, bench_member(&bench, key), bench.now_ns);
    for (size_t key = 1; key < BENCH_MEMBERS; key++)
        assert_int_equal(
            da_block(bench.da, &bench.keys[key].public_key, bench.now_ns), DA_BLOCKING_CHANGED);
    size_t before = bench.dialled[0] + bench.dialled[1] + bench.dialled[2];
    da_want(bench.da, &nothing, bench.now_ns);
    bench_wait(&bench, 0);
    bench_wait(&bench, 10 * S);
    assert_int_equal(bench.dialled[0] + bench.dialled[1] + bench.dialled[2], before);
    assert_int_equal(bench.sent_count, 0);
}

static void who_lacks_the_column_or_is_silent_is_followed_by_the_next(void **state)
{
    struct bench_blob blob;
    size_t first;

    (void)state;
    (void)bench_connect(&bench, 1, false);
    (void)bench_connect(&bench, 2, false);
    bench_blob_make(&bench, 1, &blob);
    da_want(bench.da, &blob.blob.id, bench.now_ns);
    bench_wait(&bench, 0);
    first = asked_key();
    const struct da_place place = bench_last(&bench, DA_GET)->message.as.place;
    bench_say_place(&bench, peer_of(first), DA_LACKS, &place);
    assert_true(bench_has_failed(&bench, first, DA_FAILED_SAMPLING));
    assert_int_equal(bench_count(&bench, DA_GET), 2);
    assert_int_equal(asked_key(), 3 - first);
    bench_wait(&bench, 2 * S);
    assert_true(bench_has_failed(&bench, 3 - first, DA_FAILED_SAMPLING));
    assert_false(da_is_sampled(bench.da, &blob.blob.id));
    /* A new round, with the other columns as well as the same. */
    bench_wait(&bench, 100 * MS);
    assert_int_equal(bench_count(&bench, DA_GET), 3);
    bench_blob_done(&blob);
}

static void a_corrupted_answer_is_an_offence_and_another_is_asked(void **state)
{
    struct bench_blob blob;
    size_t first;

    (void)state;
    (void)bench_connect(&bench, 1, false);
    (void)bench_connect(&bench, 2, false);
    bench_blob_make(&bench, 1, &blob);
    da_want(bench.da, &blob.blob.id, bench.now_ns);
    bench_wait(&bench, 0);
    first = asked_key();
    uint32_t column = bench_last(&bench, DA_GET)->message.as.place.column;
    const struct da_message share = bench_parcel(&blob, DA_SHARE, column);
    blob.shares[column][blob.share_size - 2] ^= 1;
    bench_say(&bench, peer_of(first), &share);
    assert_true(da_monitor_is_blocked(da_monitor(bench.da), &bench.keys[first].public_key));
    assert_int_equal(bench_count(&bench, DA_GET), 2);
    blob.shares[column][blob.share_size - 2] ^= 1;
    bench_say(&bench, peer_of(3 - first), &share);
    assert_true(da_is_sampled(bench.da, &blob.blob.id));
    bench_blob_done(&blob);
}

static void a_malformed_answer_is_an_offence(void **state)
{
    struct da_peer *peer = bench_connect(&bench, 1, false);
    struct bench_blob blob;

    (void)state;
    bench_blob_make(&bench, 1, &blob);
    struct da_message share = bench_parcel(&blob, DA_SHARE, 0);
    share.as.parcel.share_size -= 3;
    bench_say(&bench, peer, &share);
    assert_true(da_monitor_is_blocked(da_monitor(bench.da), &bench.keys[1].public_key));
    bench_blob_done(&blob);
}

static void a_question_whose_connection_broke_goes_to_another(void **state)
{
    struct bench_blob blob;
    size_t first;

    (void)state;
    (void)bench_connect(&bench, 1, false);
    (void)bench_connect(&bench, 2, false);
    bench_blob_make(&bench, 1, &blob);
    da_want(bench.da, &blob.blob.id, bench.now_ns);
    bench_wait(&bench, 0);
    first = asked_key();
    da_link_down(bench.da, peer_of(first), bench.now_ns);
    bench_wait(&bench, 0);
    assert_int_equal(bench_count(&bench, DA_GET), 2);
    bench_blob_done(&blob);
}

static void the_own_column_counts_when_nobody_else_has_it(void **state)
{
    struct bench_blob blob;
    struct da_share share;

    (void)state;
    bench_blob_make(&bench, 1, &blob);
    for (uint32_t column = 0; column < 5; column++) {
        assert_int_equal(
            da_share_decode(blob.shares[column], blob.share_size, &share, NULL), NOMOS_OK);
        assert_true(da_add_share(bench.da, &share, NULL));
        da_share_done(&share);
    }
    for (size_t key = 1; key < BENCH_MEMBERS; key++)
        da_dial_failed(bench.da, bench_member(&bench, key), bench.now_ns);
    /* As long as nobody could get it from here, it does not. */
    assert_true(da_is_cut_off(bench.da));
    da_want(bench.da, &blob.blob.id, bench.now_ns);
    bench_wait(&bench, 5 * S);
    assert_false(da_is_sampled(bench.da, &blob.blob.id));
    (void)bench_connect(&bench, 1, false);
    (void)bench_connect(&bench, 2, false);
    assert_false(da_is_cut_off(bench.da));
    /* Now it does, once the others were asked and lack it. */
    for (size_t i = 0; i < 50 && !da_is_sampled(bench.da, &blob.blob.id); i++) {
        const struct bench_sent *get;

        bench_wait(&bench, 100 * MS);
        get = bench_last(&bench, DA_GET);
        if (get)
            bench_say_place(&bench, peer_of(asked_key()), DA_LACKS, &get->message.as.place);
    }
    assert_true(bench_has_failed(&bench, 1, DA_FAILED_SAMPLING));
    assert_true(bench_has_failed(&bench, 2, DA_FAILED_SAMPLING));
    assert_true(da_is_sampled(bench.da, &blob.blob.id));
    bench_blob_done(&blob);
}

static void a_missing_column_of_ours_is_fetched_after_a_block(void **state)
{
    struct da_peer *peer = bench_connect(&bench, 1, false);
    struct bench_blob blob;

    (void)state;
    (void)bench_connect(&bench, 2, false);
    bench_blob_make(&bench, 1, &blob);
    for (uint32_t column = 1; column < 5; column++) {
        const struct da_message parcel = bench_parcel(&blob, DA_DISPERSE, column);

        bench_say(&bench, peer, &parcel);
    }
    da_in_block(bench.da, &blob.blob.id, bench.now_ns);
    bench_wait(&bench, 1999 * MS);
    assert_int_equal(bench_count(&bench, DA_GET), 0);
    bench_wait(&bench, MS);
    assert_int_equal(bench_count(&bench, DA_GET), 1);
    assert_int_equal(bench_last(&bench, DA_GET)->message.as.place.column, 0);
    const struct da_message share = bench_parcel(&blob, DA_SHARE, 0);
    bench_say(&bench, peer_of(3 - asked_key()), &share); /* who was not asked */
    assert_false(bench_keeps(&bench, &blob, 0));
    bench_say(&bench, peer_of(asked_key()), &share);
    assert_true(bench_keeps(&bench, &blob, 0));
    bench_blob_done(&blob);
}

static void what_nobody_has_is_not_fetched_for_ever(void **state)
{
    struct da_peer *peer = bench_connect(&bench, 1, false);
    struct bench_blob blob;
    size_t before;

    (void)state;
    da_dial_failed(bench.da, bench_member(&bench, 2), bench.now_ns);
    bench_blob_make(&bench, 1, &blob);
    da_in_block(bench.da, &blob.blob.id, bench.now_ns);
    for (size_t i = 0; i < 40; i++) {
        bench_wait(&bench, S);
        for (uint32_t column = 0; column < 5; column++) {
            const struct da_place place = bench_place(&blob, column);

            bench_say_place(&bench, peer, DA_LACKS, &place);
        }
    }
    before = bench_count(&bench, DA_GET);
    assert_int_equal(before, 5 * DA_REPAIR_ROUNDS);
    bench_wait(&bench, 30 * S);
    assert_int_equal(bench_count(&bench, DA_GET), before);
    bench_blob_done(&blob);
}

/* --- dispersal -------------------------------------------------------------------------------- */

static void be_an_executor(struct da_params *params)
{
    params->is_executor = true;
}

static size_t dispersed;

static void on_dispersed(void *self, const struct bytes32 *blob, const char *why)
{
    (void)self;
    assert_non_null(blob);
    assert_null(why);
    dispersed++;
}

static void a_dispersal_waits_for_the_answers_to_each_column(void **state)
{
    const struct da_dispersal dispersal = {.data = (uint8_t[31]){5}, .size = 31};
    const struct da_dispersing dispersing = {.dispersal = &dispersal, .dispersed = on_dispersed};
    struct da_peer *peers[2];
    struct da_place place;

    (void)state;
    dispersed = 0;
    bench_init(&bench, be_an_executor);
    for (size_t i = 0; i < 2; i++)
        peers[i] = bench_connect(&bench, 1 + i, false);
    assert_non_null(da_disperse(bench.da, &dispersing, bench.now_ns, NULL));
    bench_wait(&bench, 0);
    assert_int_equal(bench_count(&bench, DA_DISPERSE), 10);
    struct da_share share;
    const struct da_parcel *parcel = &bench_last(&bench, DA_DISPERSE)->message.as.parcel;
    assert_int_equal(da_share_decode(parcel->share, parcel->share_size, &share, NULL), NOMOS_OK);
    place.blob = da_blob_id(&share.header);
    da_share_done(&share);
    /* The node itself keeps all of them, so the blob is safe; it waits to know who else does. */
    place.column = 0;
    for (size_t i = 0; i < 5; i++) {
        bench_say_place(&bench, peers[0], DA_TAKEN, &place);
        bench_say_place(&bench, peers[1], DA_TAKEN, &place);
    }
    assert_int_equal(dispersed, 0);
    for (place.column = 1; place.column < 5; place.column++)
        bench_say_place(&bench, peers[0], DA_TAKEN, &place);
    assert_int_equal(dispersed, 0);
    for (place.column = 1; place.column < 5; place.column++)
        bench_say_place(&bench, peers[1], DA_REFUSED, &place);
    assert_int_equal(dispersed, 1);
    assert_true(bench_has_failed(&bench, 2, DA_FAILED_DISPERSAL));
    assert_false(bench_has_failed(&bench, 1, DA_FAILED_DISPERSAL));
    bench_wait(&bench, 60 * S);
    assert_int_equal(dispersed, 1);
    bench_done(&bench);
}

#define BENCH_TEST(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        BENCH_TEST(a_blob_is_sampled_when_somebody_shows_the_column),
        BENCH_TEST(a_blocked_member_is_not_asked),
        BENCH_TEST(who_lacks_the_column_or_is_silent_is_followed_by_the_next),
        BENCH_TEST(a_corrupted_answer_is_an_offence_and_another_is_asked),
        BENCH_TEST(a_malformed_answer_is_an_offence),
        BENCH_TEST(a_question_whose_connection_broke_goes_to_another),
        BENCH_TEST(the_own_column_counts_when_nobody_else_has_it),
        BENCH_TEST(a_missing_column_of_ours_is_fetched_after_a_block),
        BENCH_TEST(what_nobody_has_is_not_fetched_for_ever),
        cmocka_unit_test(a_dispersal_waits_for_the_answers_to_each_column),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

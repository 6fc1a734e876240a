/* What one node's data availability makes of what others say: who they are, columns, offers,
   questions and answers, honest ones and others. */
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

/* --- who is who ------------------------------------------------------------------------------- */

static char newcomer;

static void assert_hung_up_after(const struct da_hello *hello, uint32_t dialled)
{
    struct da_peer *peer = da_link_up(bench.da, &newcomer, dialled, bench.now_ns);
    size_t before = bench.hang_ups;

    bench_say(&bench, peer, &(struct da_message){.type = DA_HELLO, .as.hello = *hello});
    assert_int_equal(bench.hang_ups, before + 1);
    assert_int_equal(da_counts(bench.da).connections, 0);
}

static void hellos_of_the_wrong_kind_are_hung_up_on(void **state)
{
    struct da_hello hello = bench_hello(&bench, 1);

    (void)state;
    hello.version++;
    assert_hung_up_after(&hello, DA_NOBODY);
    hello = bench_hello(&bench, 1);
    hello.genesis.bytes[0] ^= 1;
    assert_hung_up_after(&hello, DA_NOBODY);
    hello = bench_hello(&bench, 1);
    hello.public_key.bytes[0] ^= 1; /* no member */
    assert_hung_up_after(&hello, DA_NOBODY);
    hello = bench_hello(&bench, 0); /* the node itself */
    assert_hung_up_after(&hello, DA_NOBODY);
    hello = bench_hello(&bench, 1);
    assert_hung_up_after(&hello, bench_member(&bench, 2));
    assert_int_equal(da_block(bench.da, &hello.public_key, bench.now_ns), DA_BLOCKING_CHANGED);
    assert_hung_up_after(&hello, DA_NOBODY);
}

static void who_does_not_prove_who_it_is_is_hung_up_on(void **state)
{
    struct da_message hello = {.type = DA_HELLO, .as.hello = bench_hello(&bench, 1)};
    struct da_peer *peer = da_link_up(bench.da, &newcomer, DA_NOBODY, bench.now_ns);
    struct da_message proof = bench_proof(&bench, 1, &newcomer);
    struct da_place place = {.column = 0};

    (void)state;
    bench_say(&bench, peer, &proof); /* out of turn */
    assert_int_equal(bench.hang_ups, 1);
    peer = da_link_up(bench.da, &newcomer, DA_NOBODY, bench.now_ns);
    bench_say(&bench, peer, &hello);
    bench_say(&bench, peer, &hello); /* twice */
    assert_int_equal(bench.hang_ups, 2);
    peer = da_link_up(bench.da, &newcomer, DA_NOBODY, bench.now_ns);
    bench_say(&bench, peer, &hello);
    bench_say(&bench, peer, &proof); /* for another challenge */
    assert_int_equal(bench.hang_ups, 3);
    peer = da_link_up(bench.da, &newcomer, DA_NOBODY, bench.now_ns);
    bench_say(&bench, peer, &hello);
    bench_say_place(&bench, peer, DA_GET, &place);
    assert_int_equal(bench.hang_ups, 4);
    peer = da_link_up(bench.da, &newcomer, DA_NOBODY, bench.now_ns);
    da_receive(bench.da, peer, (const uint8_t *)"\x63", 1, bench.now_ns);
    assert_int_equal(bench.hang_ups, 5);
    (void)da_link_up(bench.da, &newcomer, DA_NOBODY, bench.now_ns);
    bench_wait(&bench, 4999 * MS);
    assert_int_equal(bench.hang_ups, 5);
    bench_wait(&bench, MS);
    assert_int_equal(bench.hang_ups, 6);
}

static void who_proves_itself_is_connected_until_it_leaves(void **state)
{
    struct da_peer *peer = bench_connect(&bench, 1, false);
    uint32_t subnet = 0;

    (void)state;
    assert_int_equal(da_balance_of(bench.da, subnet).inbound, 1);
    assert_int_equal(da_balance_of(bench.da, subnet).outbound, 0);
    da_link_down(bench.da, peer, bench.now_ns);
    assert_int_equal(da_balance_of(bench.da, subnet).inbound, 0);
    (void)bench_connect(&bench, 2, true);
    assert_int_equal(da_balance_of(bench.da, subnet).outbound, 1);
}

static void members_are_dialled_again_with_pauses(void **state)
{
    uint32_t member = bench_member(&bench, 1);
    size_t before;

    (void)state;
    bench_wait(&bench, S); /* the other side had its chance to be first */
    assert_int_equal(bench.dialled[member], 1);
    for (size_t i = 0; i < 20; i++) {
        da_dial_failed(bench.da, member, bench.now_ns);
        before = bench.dialled[member];
        bench_wait(&bench, 99 * MS);
        assert_int_equal(bench.dialled[member], before);
        bench_wait(&bench, DA_DIAL_PAUSE_MAX_NS);
        assert_int_equal(bench.dialled[member], before + 1);
    }
    /* Not while it is blocked. */
    assert_int_equal(
        da_block(bench.da, &bench.keys[1].public_key, bench.now_ns), DA_BLOCKING_CHANGED);
    da_dial_failed(bench.da, member, bench.now_ns);
    before = bench.dialled[member];
    bench_wait(&bench, 10 * S);
    assert_int_equal(bench.dialled[member], before);
    assert_true(da_unblock(bench.da, &bench.keys[1].public_key, bench.now_ns));
    bench_wait(&bench, 0);
    bench_wait(&bench, S); /* as before */
    assert_int_equal(bench.dialled[member], before + 1);
}

static void a_malformed_message_of_a_member_costs_it_the_connection(void **state)
{
    struct da_peer *peer = bench_connect(&bench, 1, false);

    (void)state;
    da_receive(bench.da, peer, (const uint8_t *)"\x04zz", 3, bench.now_ns);
    assert_int_equal(bench.hang_ups, 1);
    assert_true(da_monitor_is_blocked(da_monitor(bench.da), &bench.keys[1].public_key));
}

/* --- columns ---------------------------------------------------------------------------------- */

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

/* --- questions and answers -------------------------------------------------------------------- */

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
    da_want(bench.da, &blob.blob.id, bench.now_ns);
    bench_wait(&bench, 0);
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

static void parameters_beyond_the_limits_are_refused(void **state)
{
    const struct {
        uint32_t columns;
        uint32_t samples;
        uint32_t publish_1000;
        uint64_t subnets;
        uint64_t replication;
        const char *reason;
    } cases[] = {
        {0, 1, 800, 3, 3, "columns of a blob"},
        {DA_COLUMNS_MAX + 1, 1, 800, 3, 3, "columns of a blob"},
        {5, 0, 800, 3, 3, "columns to sample"},
        {5, 6, 800, 3, 3, "columns to sample"},
        {5, 1, 1001, 3, 3, "threshold"},
        {5, 1, 800, 0, 3, "subnetworks"},
        {5, 1, 800, DA_SUBNETS_MAX + 1, 3, "subnetworks"},
        {5, 1, 800, 3, 0, "members in each"},
        {5, 1, 800, 3, DA_REPLICATION_MAX + 1, "members in each"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        struct da_params params = bench.params;
        const struct da_store store = da_memory_store_table(bench.memory);
        struct reason why = {.text = ""};

        params.column_count = cases[i].columns;
        params.sample_count = cases[i].samples;
        params.publish_1000 = cases[i].publish_1000;
        params.shape.subnet_count = cases[i].subnets;
        params.shape.replication = cases[i].replication;
        assert_null(da_new(&params, &(struct da_host){.self = NULL}, &store, &why));
        if (!strstr(why.text, cases[i].reason))
            fail_msg("case %zu: \"%s\"", i, why.text);
    }
}

#define PROTOCOL(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        PROTOCOL(hellos_of_the_wrong_kind_are_hung_up_on),
        PROTOCOL(who_does_not_prove_who_it_is_is_hung_up_on),
        PROTOCOL(who_proves_itself_is_connected_until_it_leaves),
        PROTOCOL(members_are_dialled_again_with_pauses),
        PROTOCOL(a_malformed_message_of_a_member_costs_it_the_connection),
        PROTOCOL(a_column_is_taken_kept_and_served),
        PROTOCOL(a_blob_is_published_when_all_our_columns_are_here),
        PROTOCOL(most_of_our_columns_are_enough_after_a_while),
        PROTOCOL(an_entry_is_forgotten_in_time_and_begins_anew),
        PROTOCOL(a_corrupted_column_is_an_offence),
        PROTOCOL(a_malformed_share_is_an_offence),
        PROTOCOL(a_column_with_a_transaction_of_another_blob_is_an_offence),
        cmocka_unit_test(a_transaction_that_says_something_else_of_the_blob_is_an_offence),
        PROTOCOL(a_column_with_a_spoilt_transaction_is_an_offence),
        cmocka_unit_test(as_many_offences_are_forgiven_as_configured),
        cmocka_unit_test(a_column_of_another_subnetwork_is_refused),
        cmocka_unit_test(when_too_many_blobs_arrive_the_oldest_published_is_forgotten),
        PROTOCOL(a_share_of_a_client_is_kept_when_it_is_true),
        PROTOCOL(a_column_is_offered_to_the_others_once),
        PROTOCOL(an_offered_column_is_wanted_once_and_taken),
        PROTOCOL(an_offer_that_is_not_kept_is_a_failure),
        PROTOCOL(a_node_that_refuses_columns_wants_none),
        PROTOCOL(a_blob_is_sampled_when_somebody_shows_the_column),
        PROTOCOL(who_lacks_the_column_or_is_silent_is_followed_by_the_next),
        PROTOCOL(a_corrupted_answer_is_an_offence_and_another_is_asked),
        PROTOCOL(a_malformed_answer_is_an_offence),
        PROTOCOL(a_question_whose_connection_broke_goes_to_another),
        PROTOCOL(the_own_column_counts_when_nobody_else_has_it),
        PROTOCOL(a_missing_column_of_ours_is_fetched_after_a_block),
        PROTOCOL(what_nobody_has_is_not_fetched_for_ever),
        PROTOCOL(parameters_beyond_the_limits_are_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

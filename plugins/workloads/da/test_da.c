/* The workload da on a network that works: what it plans, sends, and measures. */
#include "plugins/workloads/da/test_network.h"

#define ZEROS        "0000000000000000000000000000000000000000000000000000000000000000"
#define CHANNEL_0    "63686e5f77726b640000000000000000000000000000000000000000000000"
#define CHANNEL_2    CHANNEL_0 "02"
#define CHANNEL_NONE CHANNEL_0 "0g"

/* ---- the plan ---- */

static void plans_channels_and_blobs_as_the_contract_does(void **state)
{
    static const struct {
        const char *channel_rate, *blob_rate, *headroom;
        size_t channels, each;
    } plans[] = {
        {"channel_rate=1", "blob_rate=1", "headroom_percent=20", 2, 8}, /* 15 blobs */
        {"channel_rate=1", "blob_rate=2", "headroom_percent=20", 2, 15},
        {"channel_rate=1", "blob_rate=1", "headroom_percent=0", 1, 15},
        {"channel_rate=10", "blob_rate=1", "headroom_percent=20", 12, 2},
        {"channel_rate=11", "blob_rate=1", "headroom_percent=20", 14, 2}, /* 2.2 are 3 */
        {"channel_rate=20", "blob_rate=1", "headroom_percent=100", 40, 1},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(plans) / sizeof(plans[0]); i++) {
        struct fakehost *f = live_network();

        assert_int_equal(
            fake_create(f, plans[i].channel_rate, plans[i].blob_rate, plans[i].headroom, NULL),
            ASSAY_OK);
        assert_int_equal(live(f), ASSAY_OK);
        assert_int_equal(
            count_of(f, NOMOS_DA_INSCRIPTION, ASSAY_SUBMIT_ACCEPTED), plans[i].channels);
        assert_int_equal(count_of(f, NOMOS_DA_BLOB, ASSAY_SUBMIT_ACCEPTED) +
                count_of(f, NOMOS_DA_BLOB, ASSAY_SUBMIT_MISSED),
            plans[i].channels * plans[i].each);
        fake_free(f);
    }
}

static void everything_is_accepted_and_included_on_a_network_that_works(void **state)
{
    struct fakehost *f = live_network();

    (void)state;
    assert_int_equal(fake_create(f, NULL), ASSAY_OK);
    assert_int_equal(live(f), ASSAY_OK);

    assert_all_ended(f);
    assert_int_equal(count_of(f, NOMOS_DA_INSCRIPTION, ASSAY_SUBMIT_ACCEPTED), CHANNELS);
    assert_int_equal(count_of(f, NOMOS_DA_BLOB, ASSAY_SUBMIT_ACCEPTED), BLOBS);
    assert_true(fake_metric(f, "inscriptions_included") == CHANNELS);
    assert_true(fake_metric(f, "blobs_included") == BLOBS);
    assert_true(fake_metric(f, "requests") == CHANNELS + BLOBS);
    assert_true(fake_metric(f, "sent_again") == 0);
    assert_non_null(strstr(fake_log(f),
        "inscriptions: 2 planned; 2 accepted, 0 refused, 0 failed, 0 missed; 2 seen in blocks"));
    assert_non_null(strstr(fake_log(f),
        "blobs: 16 planned; 16 accepted, 0 refused, 0 failed, 0 missed; 16 seen in blocks"));
    assert_null(strstr(fake_log(f), "WARN"));
    fake_free(f);
}

static void channels_and_inscriptions_are_named_as_the_contract_has_them(void **state)
{
    struct fakehost *f = live_network();

    (void)state;
    assert_int_equal(fake_create(f, NULL), ASSAY_OK);
    assert_int_equal(live(f), ASSAY_OK);

    assert_non_null(strstr(fake_story(f),
        "inscribe " CHANNEL_0 "00 after '': Test channel inscription ChannelId([99, 104, 110, 95, "
        "119, 114, 107, 100, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, "
        "0])\n"));
    assert_non_null(strstr(fake_story(f), "inscribe " CHANNEL_0 "01 after '':"));
    assert_non_null(strstr(fake_story(f), ", 0, 1])\n"));
    fake_free(f);
}

static void every_message_follows_the_one_before_in_its_channel(void **state)
{
    struct fakehost *f = live_network();
    char line[160], parent[32] = "m0"; /* the first message made is channel 0's inscription */

    (void)state;
    assert_int_equal(fake_create(f, NULL), ASSAY_OK);
    assert_int_equal(live(f), ASSAY_OK);

    /* No other message of the channel may be made between a parent and its child. */
    for (int blob = 0; blob < EACH; blob++) {
        (void)snprintf(line, sizeof(line), "blob " CHANNEL_0 "00 after '%s': ", parent);
        assert_int_equal(occurrences(fake_story(f), line), 1);
        (void)snprintf(parent, sizeof(parent), "m%zu",
            occurrences(fake_story(f), "\n") - occurrences(strstr(fake_story(f), line), "\n"));
    }
    assert_int_equal(occurrences(fake_story(f), "blob " CHANNEL_0 "00 after '"), EACH);
    fake_free(f);
}

static void data_has_1_2_4_or_8_chunks(void **state)
{
    struct fakehost *f = live_network();
    size_t known = 0;

    (void)state;
    assert_int_equal(fake_create(f, "blob_rate=4", NULL), ASSAY_OK);
    assert_int_equal(live(f), ASSAY_OK);

    for (const char *size = "31 62 124 248"; size; size = strchr(size, ' ')) {
        char ending[16];
        unsigned number = 0;

        size += *size == ' ';
        assert_int_equal(sscanf(size, "%u", &number), 1);
        (void)snprintf(ending, sizeof(ending), "': %u\n", number);
        assert_true(occurrences(fake_story(f), ending) > 0);
        known += occurrences(fake_story(f), ending);
    }
    assert_int_equal(known, occurrences(fake_story(f), "blob "));
    fake_free(f);
}

static void blobs_are_spread_over_the_window_and_no_earlier_than_planned(void **state)
{
    struct fakehost *f = network();
    size_t blobs = 0;

    (void)state;
    /* The chain would take them four times as fast. */
    fake_da_blocks(f, ASSAY_SECOND, ENDS * ASSAY_SECOND, ASSAY_SECOND / 2);
    assert_int_equal(
        fake_create(f, "channel_rate=1", "headroom_percent=0", "blob_rate=1", NULL), ASSAY_OK);
    assert_int_equal(live(f), ASSAY_OK);

    for (size_t i = 0; i < fake_sent_count(f); i++) {
        const struct fake_sent *sent = fake_sent(f, i);

        if (strcmp(sent->path, "/disperse-data") != 0)
            continue;
        assert_true(sent->asked_at >= seconds(OPENS + 1 + 2 * (double)blobs));
        blobs++;
    }
    assert_int_equal(blobs, 15);
    assert_int_equal(fake_metric_samples(f, "lateness"), 16);
    fake_free(f);
}

static void lateness_is_measured_when_the_chain_is_slower_than_the_plan(void **state)
{
    struct fakehost *f = network();

    (void)state;
    fake_da_blocks(f, ASSAY_SECOND, ENDS * ASSAY_SECOND, 6 * ASSAY_SECOND);
    assert_int_equal(fake_create(f, "patience=1m", NULL), ASSAY_OK);
    assert_int_equal(live(f), ASSAY_OK);

    assert_all_ended(f);
    assert_true(count_of(f, NOMOS_DA_BLOB, ASSAY_SUBMIT_MISSED) > 4);
    assert_true(fake_metric(f, "lateness") > 10);
    fake_free(f);
}

/* ---- whom it asks ---- */

static void inscriptions_go_to_validators_and_blobs_to_executors(void **state)
{
    struct fakehost *f = live_network();
    size_t seen[4] = {0};

    (void)state;
    assert_int_equal(fake_create(f, "channel_rate=10", NULL), ASSAY_OK);
    assert_int_equal(live(f), ASSAY_OK);

    for (size_t i = 0; i < fake_sent_count(f); i++) {
        const struct fake_sent *sent = fake_sent(f, i);

        assert_int_equal(strcmp(sent->path, "/disperse-data") == 0, sent->node >= 2);
        seen[sent->node]++;
    }
    for (size_t node = 0; node < 4; node++)
        assert_true(seen[node] > 0); /* each by chance */
    fake_free(f);
}

static void inscriptions_go_to_executors_when_validators_refuse(void **state)
{
    struct fakehost *f = live_network();

    (void)state;
    fake_answers(f, 0, 500, ASSAY_MS);
    fake_answers(f, 1, 0, ASSAY_MS);
    assert_int_equal(fake_create(f, NULL), ASSAY_OK);
    assert_int_equal(live(f), ASSAY_OK);

    assert_all_ended(f);
    assert_int_equal(count_of(f, NOMOS_DA_INSCRIPTION, ASSAY_SUBMIT_ACCEPTED), CHANNELS);
    assert_int_equal(count_of(f, NOMOS_DA_BLOB, ASSAY_SUBMIT_ACCEPTED), BLOBS);
    fake_free(f);
}

static void the_other_executor_takes_what_one_refuses(void **state)
{
    struct fakehost *f = live_network();

    (void)state;
    fake_answers(f, 2, 500, ASSAY_MS);
    assert_int_equal(fake_create(f, NULL), ASSAY_OK);
    assert_int_equal(live(f), ASSAY_OK);

    assert_all_ended(f);
    assert_int_equal(count_of(f, NOMOS_DA_BLOB, ASSAY_SUBMIT_ACCEPTED), BLOBS);
    assert_true(fake_metric(f, "requests") > CHANNELS + BLOBS);
    fake_free(f);
}

static void requests_have_limits_of_their_own(void **state)
{
    struct fakehost *f = live_network();

    (void)state;
    assert_int_equal(fake_create(f, "timeout=20s", NULL), ASSAY_OK);
    assert_int_equal(live(f), ASSAY_OK);

    for (size_t i = 0; i < fake_sent_count(f); i++) {
        const struct fake_sent *sent = fake_sent(f, i);

        assert_int_equal(
            sent->timeout, strcmp(sent->path, "/disperse-data") == 0 ? seconds(20) : seconds(10));
    }
    fake_free(f);
}

/* ---- other people's channels ---- */

static void another_first_channel_has_channels_of_its_own(void **state)
{
    struct fakehost *f = live_network();

    (void)state;
    assert_int_equal(fake_create(f, "first_channel=254", NULL), ASSAY_OK);
    assert_int_equal(live(f), ASSAY_OK);

    assert_non_null(strstr(fake_story(f), "inscribe " CHANNEL_0 "fe after '':"));
    assert_non_null(strstr(fake_story(f), "inscribe " CHANNEL_0 "ff after '':"));
    assert_int_equal(count_of(f, NOMOS_DA_BLOB, ASSAY_SUBMIT_ACCEPTED), BLOBS);
    fake_free(f);
}

static void messages_of_others_in_blocks_do_not_matter(void **state)
{
    static const char *const channels[] = {CHANNEL_2, CHANNEL_NONE, ZEROS, "short"};
    struct fakehost *f = live_network();

    (void)state;
    fake_chain(f, "x", "genesis", 1, 1);
    for (size_t i = 0; i < 4; i++) {
        char id[16];

        (void)snprintf(id, sizeof(id), "other%zu", i);
        fake_da_message(f, id, NOMOS_DA_BLOB, channels[i], "");
        fake_item(f, "x1", NOMOS_DA_BLOB, id);
    }
    fake_item(f, "x1", NOMOS_DA_INSCRIPTION, "nobody-knows-it");
    fake_item(f, "x1", "transaction", "t1");
    fake_adopt(f, seconds(OPENS + 1.5), 0, "x1");
    assert_int_equal(fake_create(f, NULL), ASSAY_OK);
    assert_int_equal(live(f), ASSAY_OK);

    assert_int_equal(count_of(f, NOMOS_DA_BLOB, ASSAY_SUBMIT_ACCEPTED), BLOBS);
    fake_free(f);
}

/* ---- what cannot be ---- */

static void refuses_a_network_without_executors_before_anything_starts(void **state)
{
    struct fakehost *f = fake_new();

    (void)state;
    fake_nodes(f, "validator", 3);
    assert_int_equal(fake_create(f, NULL), ASSAY_E_INVALID);
    assert_string_equal(
        fake_why(f), "da workload requires at least one executor: set executors in [topology]");
    fake_free(f);
}

static void refuses_a_network_whose_pace_is_not_known(void **state)
{
    struct fakehost *f = network();

    (void)state;
    fake_facts(f, 0, 0, 3);
    assert_int_equal(fake_create(f, NULL), ASSAY_OK);
    assert_int_equal(fake_prepare(f), ASSAY_E_INVALID);
    assert_non_null(strstr(fake_why(f), "does not say how often blocks come"));
    fake_free(f);
}

static void refuses_a_plan_that_is_too_large(void **state)
{
    struct fakehost *f = network();

    (void)state;
    fake_facts(f, 2 * ASSAY_SECOND, 1000, 3);
    assert_int_equal(fake_create(f, "blob_rate=10000", NULL), ASSAY_OK);
    assert_int_equal(fake_prepare(f), ASSAY_E_INVALID);
    assert_non_null(strstr(fake_why(f), "lower channel_rate, blob_rate or duration"));
    fake_free(f);
}

static void refuses_to_run_before_the_window_opens(void **state)
{
    struct fakehost *f = network();

    (void)state;
    assert_int_equal(fake_create(f, NULL), ASSAY_OK);
    assert_int_equal(fake_prepare(f), ASSAY_OK);
    assert_int_equal(fake_run(f), ASSAY_E_INVALID);
    assert_string_equal(fake_why(f), "the run's window is not open");
    fake_free(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(plans_channels_and_blobs_as_the_contract_does),
        cmocka_unit_test(everything_is_accepted_and_included_on_a_network_that_works),
        cmocka_unit_test(channels_and_inscriptions_are_named_as_the_contract_has_them),
        cmocka_unit_test(every_message_follows_the_one_before_in_its_channel),
        cmocka_unit_test(data_has_1_2_4_or_8_chunks),
        cmocka_unit_test(blobs_are_spread_over_the_window_and_no_earlier_than_planned),
        cmocka_unit_test(lateness_is_measured_when_the_chain_is_slower_than_the_plan),
        cmocka_unit_test(inscriptions_go_to_validators_and_blobs_to_executors),
        cmocka_unit_test(inscriptions_go_to_executors_when_validators_refuse),
        cmocka_unit_test(the_other_executor_takes_what_one_refuses),
        cmocka_unit_test(requests_have_limits_of_their_own),
        cmocka_unit_test(another_first_channel_has_channels_of_its_own),
        cmocka_unit_test(messages_of_others_in_blocks_do_not_matter),
        cmocka_unit_test(refuses_a_network_without_executors_before_anything_starts),
        cmocka_unit_test(refuses_a_network_whose_pace_is_not_known),
        cmocka_unit_test(refuses_a_plan_that_is_too_large),
        cmocka_unit_test(refuses_to_run_before_the_window_opens),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

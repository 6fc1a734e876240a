/* One channel by itself: what it takes for its own in blocks, which answer counts, and where it
   goes back to. */
#include "plugins/workloads/da/channel.h"
#include "plugins/workloads/da/test_network.h"

#include <stdlib.h>

#include "tests/fakehost/internal.h"

enum {
    MESSAGES = 5
};

struct bench {
    struct fakehost *f;
    const nomos_da *da;
    struct tally tally;
    struct channel channel;
    struct channel_limits limits;
};

static void open_with(struct bench *bench, uint32_t messages)
{
    bench->f = network();
    bench->da = nomos_da_of(&bench->f->table);
    tally_init(&bench->tally, &bench->f->table);
    bench->limits = (struct channel_limits){
        .pause = ASSAY_SECOND, .patience = ASSAY_SECOND, .rounds = 1, .target_count = 1};
    assert_int_equal(
        channel_init(&bench->channel, bench->da, &bench->tally, 7, messages), ASSAY_OK);
}

static int setup(void **state)
{
    struct bench *bench = calloc(1, sizeof(*bench));

    if (!bench)
        return -1;
    open_with(bench, MESSAGES);
    *state = bench;
    return 0;
}

static int teardown(void **state)
{
    struct bench *bench = *state;

    channel_done(&bench->channel);
    fake_free(bench->f);
    free(bench);
    return 0;
}

/* The current step gets a message and goes out. */
static void send(struct bench *bench)
{
    struct channel *channel = &bench->channel;
    const nomos_da_place place = {
        .struct_size = sizeof(place), .channel = channel->id, .parent = channel_parent(channel)};
    const uint8_t data[NOMOS_DA_CHUNK_SIZE] = {1};
    const assay_bytes bytes = {data, sizeof(data)};
    struct step *step = channel_step(channel);

    if (!step->message && channel_kind(channel->current) == KIND_BLOB)
        assert_int_equal(
            bench->da->blob(bench->da->provider, &bench->f->table, &place, bytes, &step->message),
            ASSAY_OK);
    else if (!step->message)
        assert_int_equal(bench->da->inscribe(bench->da->provider, (assay_task *)(void *)bench->f,
                             &bench->f->table, &place, bytes, &step->message),
            ASSAY_OK);
    if (channel->phase == PHASE_DUE)
        channel_begin(channel, 0);
    assert_int_equal(channel->phase, PHASE_SEND);
    channel->phase = PHASE_ASKED;
}

static void answer(struct bench *bench, uint32_t outcome)
{
    const assay_reply_info reply = {
        .struct_size = sizeof(reply), .code = 200, .at = 1, .sent = 2, .done = 3, .node = 1};

    fake_settles_as(bench->f, outcome);
    assert_int_equal(channel_answered(&bench->channel, &reply, &bench->limits, 5), ASSAY_OK);
}

static void see(struct bench *bench, const char *id, const char *parent, const char *block)
{
    nomos_da_record record = {.struct_size = sizeof(record)};

    record.is_blob = channel_kind(bench->channel.current) == KIND_BLOB;
    (void)snprintf(record.parent, sizeof(record.parent), "%s", parent);
    assert_int_equal(channel_seen(&bench->channel, &record, id, block, 9), ASSAY_OK);
}

/* The current message goes out, is accepted, and is in the block. */
static void pass(struct bench *bench, const char *block)
{
    char id[ASSAY_ID_MAX];

    send(bench);
    answer(bench, ASSAY_SUBMIT_ACCEPTED);
    (void)snprintf(id, sizeof(id), "%s", channel_step(&bench->channel)->id);
    see(bench, id, channel_parent(&bench->channel), block);
}

/* ---- names ---- */

static void numbers_are_read_back_from_names(void **state)
{
    static const uint64_t numbers[] = {0, 1, 255, 4294967295, UINT64_MAX - 1};
    char name[CHANNEL_ID_SIZE];

    (void)state;
    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
        channel_name(numbers[i], name);
        assert_int_equal(channel_number(name), numbers[i]);
    }
    name[0] = '7';
    assert_int_equal(channel_number(name), UINT64_MAX);
    channel_name(1, name);
    name[63] = 'G';
    assert_int_equal(channel_number(name), UINT64_MAX);
    assert_int_equal(channel_number(""), UINT64_MAX);
}

/* ---- blocks ---- */

static void a_message_after_another_parent_is_not_the_channels_own(void **state)
{
    struct bench *bench = *state;

    pass(bench, "a1");
    send(bench);
    answer(bench, ASSAY_SUBMIT_FAILED);
    assert_int_equal(bench->channel.current, 2); /* given up; its data is next */
    see(bench, "x", "another", "a2");
    assert_int_equal(bench->channel.current, 2);
    see(bench, "x", "m0", "a2");
    assert_int_equal(bench->channel.current, 3);
    assert_string_equal(bench->channel.steps[2].id, "x");
}

static void a_message_of_another_id_is_not_the_channels_own(void **state)
{
    struct bench *bench = *state;

    pass(bench, "a1");
    send(bench);
    answer(bench, ASSAY_SUBMIT_ACCEPTED);
    see(bench, "x", "m0", "a2");
    assert_int_equal(bench->channel.phase, PHASE_CHAIN);
    assert_int_equal(bench->channel.current, 1);
    see(bench, "m1", "m0", "a2");
    assert_int_equal(bench->channel.current, 2);
}

static void an_inscription_is_no_blob(void **state)
{
    struct bench *bench = *state;
    nomos_da_record record = {.struct_size = sizeof(record), .is_blob = 1};

    send(bench);
    answer(bench, ASSAY_SUBMIT_ACCEPTED);
    assert_int_equal(channel_seen(&bench->channel, &record, "m0", "a1", 9), ASSAY_OK);
    assert_int_equal(bench->channel.current, 0);
}

static void what_was_given_up_and_seen_after_all_has_failed_and_is_included(void **state)
{
    struct bench *bench = *state;

    pass(bench, "a1");
    send(bench);
    answer(bench, ASSAY_SUBMIT_REFUSED);
    see(bench, "m1", "m0", "a2"); /* before it went out again */

    assert_int_equal(count_of(bench->f, NOMOS_DA_BLOB, ASSAY_SUBMIT_REFUSED), 1);
    assert_int_equal(count_of(bench->f, NOMOS_DA_BLOB, ASSAY_SUBMIT_FAILED), 1);
    assert_string_equal(fake_submission_id(bench->f, NOMOS_DA_BLOB, 1), "m1");
    assert_int_equal(bench->tally.included[KIND_BLOB], 1);
}

static void a_block_of_another_fork_takes_the_place_of_the_first(void **state)
{
    struct bench *bench = *state;

    pass(bench, "a1");
    pass(bench, "a2");
    see(bench, "m0", "", "b1");
    assert_string_equal(bench->channel.steps[0].block, "b1");
    assert_string_equal(bench->channel.steps[1].block, "a2");
    assert_int_equal(bench->tally.included[KIND_INSCRIPTION], 1);
}

/* ---- answers ---- */

static void the_weightiest_answer_counts(void **state)
{
    static const struct {
        uint32_t first, second, counts;
    } cases[] = {
        {ASSAY_SUBMIT_FAILED, ASSAY_SUBMIT_REFUSED, ASSAY_SUBMIT_FAILED},
        {ASSAY_SUBMIT_REFUSED, ASSAY_SUBMIT_FAILED, ASSAY_SUBMIT_FAILED},
        {ASSAY_SUBMIT_REFUSED, ASSAY_SUBMIT_MISSED, ASSAY_SUBMIT_REFUSED},
        {ASSAY_SUBMIT_MISSED, ASSAY_SUBMIT_REFUSED, ASSAY_SUBMIT_REFUSED},
        {ASSAY_SUBMIT_MISSED, ASSAY_SUBMIT_MISSED, ASSAY_SUBMIT_MISSED},
    };
    struct bench *bench = *state;

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        (void)teardown(state);
        assert_int_equal(setup(state), 0);
        bench = *state;
        bench->limits.target_count = 2;
        pass(bench, "a1");
        send(bench);
        answer(bench, cases[i].first);
        send(bench);
        answer(bench, cases[i].second);
        assert_int_equal(count_of(bench->f, NOMOS_DA_BLOB, cases[i].counts), 1);
    }
}

static void a_message_that_was_accepted_once_stays_accepted(void **state)
{
    struct bench *bench = *state;

    send(bench);
    answer(bench, ASSAY_SUBMIT_ACCEPTED);
    channel_begin(&bench->channel, 20);
    send(bench);
    answer(bench, ASSAY_SUBMIT_REFUSED); /* it has it already, say */
    assert_int_equal(bench->channel.phase, PHASE_CHAIN);
    assert_int_equal(count_of(bench->f, NOMOS_DA_INSCRIPTION, ASSAY_SUBMIT_ACCEPTED), 1);
    assert_int_equal(bench->tally.again, 1);
}

/* ---- going back ---- */

static void it_goes_back_and_forth_over_what_was_given_up(void **state)
{
    struct bench *bench = *state;
    struct channel *channel = &bench->channel;

    pass(bench, "a1"); /* m0 */
    pass(bench, "a2"); /* m1 */
    send(bench);
    answer(bench, ASSAY_SUBMIT_REFUSED); /* the third step is given up */
    pass(bench, "a3");                   /* its data, in the fourth */
    assert_int_equal(channel->current, 4);
    assert_string_equal(channel_parent(channel), "m2");
    send(bench);
    answer(bench, ASSAY_SUBMIT_ACCEPTED);

    assert_true(channel_go_back(channel)); /* all blocks are given up */
    assert_int_equal(channel->current, 3);
    assert_true(channel_go_back(channel));
    assert_int_equal(channel->current, 1);
    assert_string_equal(channel_parent(channel), "m0");
    assert_true(channel_go_back(channel));
    assert_false(channel_go_back(channel));

    channel_begin(channel, 30);
    pass(bench, "b1");
    assert_int_equal(channel->current, 1);
    assert_int_equal(channel->phase, PHASE_SEND); /* it went out before */
    pass(bench, "b2");
    assert_int_equal(channel->current, 3);
    assert_string_equal(channel_parent(channel), "m1");
    pass(bench, "b3");
    pass(bench, "b4");
    assert_int_equal(channel->phase, PHASE_DONE);
    assert_int_equal(bench->tally.again, 4);
}

static void messages_are_kept_for_a_while_and_no_longer(void **state)
{
    struct bench *bench = *state;
    struct channel *channel = &bench->channel;

    channel_done(channel);
    fake_free(bench->f);
    open_with(bench, 2 * CHANNEL_KEPT);
    for (uint32_t i = 0; i < CHANNEL_KEPT + 10; i++)
        pass(bench, "a1");

    assert_int_equal(channel->released, 10);
    assert_null(channel->steps[9].message);
    assert_non_null(channel->steps[10].message);
    for (uint32_t i = 0; i < CHANNEL_KEPT; i++)
        assert_true(channel_go_back(channel));
    assert_false(channel_go_back(channel));
    assert_int_equal(channel->current, 10);
}

/* ---- the end ---- */

static void closing_sees_through_what_is_with_nodes_and_misses_the_rest(void **state)
{
    struct bench *bench = *state;

    pass(bench, "a1");
    send(bench);
    assert_int_equal(channel_close(&bench->channel), ASSAY_OK);
    assert_int_equal(bench->channel.count, 2);
    assert_int_equal(count_of(bench->f, NOMOS_DA_BLOB, ASSAY_SUBMIT_MISSED), 3);
    assert_int_equal(channel_close(&bench->channel), ASSAY_OK); /* and again: nothing new */
    answer(bench, ASSAY_SUBMIT_ACCEPTED);
    see(bench, "m1", "m0", "a2");
    assert_int_equal(bench->channel.phase, PHASE_DONE);
    assert_int_equal(channel_close(&bench->channel), ASSAY_OK);
}

static void closing_keeps_what_follows_when_it_had_to_go_back(void **state)
{
    struct bench *bench = *state;

    pass(bench, "a1");
    pass(bench, "a2");
    send(bench);
    answer(bench, ASSAY_SUBMIT_ACCEPTED);
    assert_true(channel_go_back(&bench->channel));
    channel_begin(&bench->channel, 20);
    assert_int_equal(channel_close(&bench->channel), ASSAY_OK);
    assert_int_equal(bench->channel.count, 3);
    assert_int_equal(bench->channel.phase, PHASE_SEND);
}

static void the_end_tells_of_every_message_once(void **state)
{
    struct bench *bench = *state;

    pass(bench, "a1");
    send(bench);
    assert_int_equal(channel_end(&bench->channel, 40), ASSAY_OK);
    assert_int_equal(channel_end(&bench->channel, 50), ASSAY_OK);
    assert_int_equal(count_of(bench->f, NOMOS_DA_INSCRIPTION, ASSAY_SUBMIT_ACCEPTED), 1);
    assert_int_equal(count_of(bench->f, NOMOS_DA_BLOB, ASSAY_SUBMIT_FAILED), 1);
    assert_int_equal(count_of(bench->f, NOMOS_DA_BLOB, ASSAY_SUBMIT_MISSED), MESSAGES - 2);
    assert_int_equal(bench->channel.phase, PHASE_DONE);
    see(bench, "m1", "m0", "a2"); /* too late */
}

#define AT_BENCH(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        AT_BENCH(numbers_are_read_back_from_names),
        AT_BENCH(a_message_after_another_parent_is_not_the_channels_own),
        AT_BENCH(a_message_of_another_id_is_not_the_channels_own),
        AT_BENCH(an_inscription_is_no_blob),
        AT_BENCH(what_was_given_up_and_seen_after_all_has_failed_and_is_included),
        AT_BENCH(a_block_of_another_fork_takes_the_place_of_the_first),
        AT_BENCH(the_weightiest_answer_counts),
        AT_BENCH(a_message_that_was_accepted_once_stays_accepted),
        AT_BENCH(it_goes_back_and_forth_over_what_was_given_up),
        AT_BENCH(messages_are_kept_for_a_while_and_no_longer),
        AT_BENCH(closing_sees_through_what_is_with_nodes_and_misses_the_rest),
        AT_BENCH(closing_keeps_what_follows_when_it_had_to_go_back),
        AT_BENCH(the_end_tells_of_every_message_once),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Transfers: what each answer of a node means, and what becomes of the note. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "nomos/json_tx.h"
#include "plugins/systems/nomos/purse.h"

enum {
    OUTPUTS = GENESIS_NOTES_PER_NODE + 1 /* one node, one account */
};

struct desk {
    struct nomos system;
    struct assay_purse *purse;
    struct note outputs[OUTPUTS];
    unsigned sleeps;
    assay_status sleep_status;
};

static struct desk *the_desk; /* the clock's table has no place for it */

static assay_ns now(const assay_host *host)
{
    (void)host;
    return the_desk->sleeps * ASSAY_SECOND; /* each sleep takes a second */
}

static assay_status sleep_until(assay_task *task, assay_ns until)
{
    (void)task;
    (void)until;
    the_desk->sleeps++;
    return the_desk->sleep_status;
}

static const assay_clock fake_clock = {
    .struct_size = sizeof(assay_clock), .now = now, .sleep_until = sleep_until};

static int setup(void **state)
{
    struct desk *desk = calloc(1, sizeof(*desk));
    struct nomos *system;
    struct fr secret;

    assert_non_null(desk);
    the_desk = desk;
    system = &desk->system;
    assert_true(keys_init());
    secret = wallet_secret_key(0);
    wire_init(&system->wire, &wire_revision_2025_12);
    assert_int_equal(pthread_mutex_init(&system->lock, NULL), 0);
    system->clock = &fake_clock;
    system->node_count = 1;
    system->options.notes_per_user = 1;
    for (unsigned i = 0; i < OUTPUTS; i++)
        desk->outputs[i] = (struct note){.value = 100, .pk = zk_public_key(&system->wire, &secret)};
    system->genesis.tx.outputs = desk->outputs;
    system->genesis.tx.output_count = OUTPUTS;
    transfer_init(system);
    assert_int_equal(purse_open(system, 0, 1, &desk->purse), ASSAY_OK);
    *state = desk;
    return 0;
}

static int teardown(void **state)
{
    struct desk *desk = *state;

    purses_free(&desk->system);
    (void)pthread_mutex_destroy(&desk->system.lock);
    free(desk);
    return 0;
}

static assay_status next(struct desk *desk, assay_ns until, assay_transaction **out)
{
    *out = NULL;
    return desk->system.transfer.next(&desk->system, NULL, desk->purse, until, out);
}

static uint32_t settle(
    struct desk *desk, assay_transaction *transaction, const assay_reply_info *reply)
{
    return desk->system.transfer.settle(&desk->system, transaction, reply);
}

static assay_reply_info answered(uint32_t code, const char *body)
{
    return (assay_reply_info){.struct_size = sizeof(assay_reply_info),
        .code = code,
        .sent = 1,
        .body = {.data = body, .size = strlen(body)}};
}

static assay_reply_info broken(assay_status status, assay_ns sent)
{
    return (assay_reply_info){
        .struct_size = sizeof(assay_reply_info), .status = status, .sent = sent};
}

/* ---- what an answer means ---- */

static void an_answer_of_two_hundred_is_accepted(void **state)
{
    static const uint32_t codes[] = {200, 201, 204, 299};

    for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++) {
        const assay_reply_info reply = answered(codes[i], "");

        assert_int_equal(settle(*state, NULL, &reply), ASSAY_SUBMIT_ACCEPTED);
    }
}

static void any_other_code_is_refused(void **state)
{
    static const uint32_t codes[] = {0, 100, 199, 300, 400, 422, 429, 500, 503};

    for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++) {
        const assay_reply_info reply = answered(codes[i], "no");

        assert_int_equal(settle(*state, NULL, &reply), ASSAY_SUBMIT_REFUSED);
    }
}

static void that_the_node_has_it_already_is_as_good_as_taking_it(void **state)
{
    const assay_reply_info reply = answered(500, "Error: item already in mempool.");

    assert_int_equal(settle(*state, NULL, &reply), ASSAY_SUBMIT_ACCEPTED);
}

static void broken_before_it_was_sent_is_missed_and_afterwards_unknown(void **state)
{
    const assay_reply_info before = broken(ASSAY_E_IO, 0), after = broken(ASSAY_E_TIMEOUT, 5);

    assert_int_equal(settle(*state, NULL, &before), ASSAY_SUBMIT_MISSED);
    assert_int_equal(settle(*state, NULL, &after), ASSAY_SUBMIT_FAILED);
    assert_int_equal(settle(*state, NULL, NULL), ASSAY_SUBMIT_MISSED);
}

/* ---- what becomes of the note ---- */

static void a_transaction_spends_the_note_and_says_its_own_id(void **state)
{
    struct desk *desk = *state;
    struct signed_tx tx = {0};
    struct nomos_error err = {""};
    const assay_transaction_info *info;
    assay_transaction *transaction;
    char id[HEX32_SIZE];
    struct fr hash;

    assert_int_equal(next(desk, 0, &transaction), ASSAY_OK);
    info = desk->system.transfer.info(transaction);
    assert_string_equal(info->request->path, "/mempool/add/tx");
    assert_int_equal(
        json_tx_parse(info->request->body.data, info->request->body.size, &tx, &err), NOMOS_OK);
    hash = tx_hash(&desk->system.wire, &tx.tx);
    hex_from_fr(&hash, id);
    assert_string_equal(info->id, id);
    signed_tx_done(&tx);
    (void)settle(desk, transaction, NULL);
}

static void only_what_cannot_be_at_a_node_gives_its_note_back(void **state)
{
    struct desk *desk = *state;
    const assay_reply_info gives_back[] = {answered(400, "no"), broken(ASSAY_E_IO, 0)};
    const assay_reply_info unknown = broken(ASSAY_E_TIMEOUT, 5);
    assay_transaction *transaction;

    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(next(desk, 0, &transaction), ASSAY_OK);
        (void)settle(desk, transaction, &gives_back[i]);
    }
    assert_int_equal(next(desk, 0, &transaction), ASSAY_OK);
    (void)settle(desk, transaction, &unknown);
    assert_int_equal(next(desk, 0, &transaction), ASSAY_E_TIMEOUT);
}

static void an_accepted_transaction_keeps_its_note(void **state)
{
    struct desk *desk = *state;
    const assay_reply_info reply = answered(200, "");
    assay_transaction *transaction;

    assert_int_equal(next(desk, 0, &transaction), ASSAY_OK);
    (void)settle(desk, transaction, &reply);
    assert_int_equal(next(desk, 0, &transaction), ASSAY_E_TIMEOUT);
}

static void a_dry_purse_is_waited_for_until_the_end(void **state)
{
    struct desk *desk = *state;
    assay_transaction *first, *second;

    assert_int_equal(next(desk, 0, &first), ASSAY_OK);
    assert_int_equal(next(desk, 3 * ASSAY_SECOND, &second), ASSAY_E_TIMEOUT);
    assert_int_equal(desk->sleeps, 3);
    desk->sleep_status = ASSAY_E_CANCELLED;
    assert_int_equal(next(desk, ASSAY_FOREVER, &second), ASSAY_E_CANCELLED);
    (void)settle(desk, first, NULL);
}

#define at_desk(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        at_desk(an_answer_of_two_hundred_is_accepted),
        at_desk(any_other_code_is_refused),
        at_desk(that_the_node_has_it_already_is_as_good_as_taking_it),
        at_desk(broken_before_it_was_sent_is_missed_and_afterwards_unknown),
        at_desk(a_transaction_spends_the_note_and_says_its_own_id),
        at_desk(only_what_cannot_be_at_a_node_gives_its_note_back),
        at_desk(an_accepted_transaction_keeps_its_note),
        at_desk(a_dry_purse_is_waited_for_until_the_end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

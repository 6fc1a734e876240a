/* Messages of channels: what is sent to nodes, what their answers mean, and what is known
   afterwards. */
#include "plugins/systems/nomos/test_da.h"

#include "nomos/da_request.h"
#include "nomos/hash.h"
#include "nomos/json_tx.h"
#include "plugins/systems/nomos/da_state.h"
#include "plugins/systems/nomos/items.h"

#define BLOB_ID                                                                                    \
    "[1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31,32]"

static int setup(void **state)
{
    struct da_desk *desk = malloc(sizeof(*desk));

    assert_non_null(desk);
    desk_open(desk);
    *state = desk;
    return 0;
}

static int teardown(void **state)
{
    desk_close(*state);
    free(*state);
    return 0;
}

static nomos_da_message *inscribe(struct da_desk *desk, const char *parent, const char *text)
{
    const nomos_da_place place = place_of(CHANNEL_0, parent);
    nomos_da_message *message = NULL;

    assert_int_equal(desk->da->inscribe(desk->da->provider, NULL, &desk->user, &place,
                         (assay_bytes){text, strlen(text)}, &message),
        ASSAY_OK);
    return message;
}

static nomos_da_message *make_blob(struct da_desk *desk, const char *parent)
{
    const nomos_da_place place = place_of(CHANNEL_0, parent);
    static const uint8_t data[62] = {1, 2, 3};
    nomos_da_message *message = NULL;

    assert_int_equal(desk->da->blob(desk->da->provider, &desk->user, &place,
                         (assay_bytes){data, sizeof(data)}, &message),
        ASSAY_OK);
    return message;
}

static assay_reply_info answer(uint32_t code, const char *body)
{
    return (assay_reply_info){.struct_size = sizeof(assay_reply_info),
        .code = code,
        .sent = 1,
        .body = {body, strlen(body)}};
}

static uint32_t settle(struct da_desk *desk, nomos_da_message *message, const char *body)
{
    const assay_reply_info reply = answer(200, body);

    return desk->da->settle(desk->da->provider, message, &reply);
}

static assay_status find(struct da_desk *desk, const char *id, nomos_da_record *out)
{
    *out = (nomos_da_record){.struct_size = sizeof(*out)};
    return desk->da->find(desk->da->provider, id, out);
}

/* ---- inscriptions ---- */

/* Id and signature are the contract's (3.10). */
static void the_inscription_of_channel_0_is_that_of_the_contract(void **state)
{
    struct da_desk *desk = *state;
    nomos_da_message *message = inscribe(desk, NULL,
        "Test channel inscription ChannelId([99, 104, 110, 95, 119, 114, 107, 100, 0, 0, 0, 0, 0, "
        "0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0])");
    const nomos_da_info *info = desk->da->info(message);
    struct signed_tx tx;
    char signature[129];

    assert_string_equal(
        info->id, "b5e164bb1eb5a2cfc1c65265485b217c168b2efd35c29b70ea5c77d05a9b019d");
    assert_int_equal(
        json_tx_parse(info->request->body.data, info->request->body.size, &tx, NULL), NOMOS_OK);
    hex_write(tx.op_proofs[0].ed25519.bytes, 64, signature);
    assert_string_equal(signature,
        "6b041ce95072048b9305812b356e99795e9160736dd1ef97d3f6563d40876f6c8335deeda01b43ccaf13da6a98"
        "783074f6ca0aeb18e212770d6d9490e135430a");
    signed_tx_done(&tx);
    desk->da->release(message);
}

static void an_inscription_goes_to_the_mempool(void **state)
{
    struct da_desk *desk = *state;
    nomos_da_message *message = inscribe(desk, MESSAGE_A, "hello");
    const nomos_da_info *info = desk->da->info(message);

    assert_string_equal(info->kind, NOMOS_DA_INSCRIPTION);
    assert_string_equal(info->channel, CHANNEL_0);
    assert_string_equal(info->parent, MESSAGE_A);
    assert_string_equal(info->blob, "");
    assert_int_equal(info->size, 5);
    assert_string_equal(info->request->method, "POST");
    assert_string_equal(info->request->path, "/mempool/add/tx");
    desk->da->release(message);
    desk->da->release(NULL);
}

static void an_accepted_inscription_is_known(void **state)
{
    struct da_desk *desk = *state;
    nomos_da_message *message = inscribe(desk, NULL, "hello");
    char id[ASSAY_ID_MAX];
    nomos_da_record record;

    (void)snprintf(id, sizeof(id), "%s", desk->da->info(message)->id);
    assert_int_equal(find(desk, id, &record), ASSAY_E_NOTFOUND);
    assert_int_equal(settle(desk, message, "null"), ASSAY_SUBMIT_ACCEPTED);
    desk->da->release(message);

    assert_int_equal(find(desk, id, &record), ASSAY_OK);
    assert_true(record.is_ours);
    assert_false(record.is_blob);
    assert_int_equal(record.size, 5);
    assert_string_equal(record.channel, CHANNEL_0);
    assert_string_equal(record.parent, "");
    assert_string_equal(record.blob, "");
}

/* ---- blobs ---- */

static void a_blob_goes_to_dispersal_with_its_data(void **state)
{
    struct da_desk *desk = *state;
    nomos_da_message *message = make_blob(desk, MESSAGE_A);
    const nomos_da_info *info = desk->da->info(message);
    struct da_dispersal dispersal;

    assert_string_equal(info->kind, NOMOS_DA_BLOB);
    assert_string_equal(info->id, "");
    assert_string_equal(info->blob, "");
    assert_string_equal(info->request->path, "/disperse-data");
    assert_int_equal(da_dispersal_parse_json(
                         info->request->body.data, info->request->body.size, &dispersal, NULL),
        NOMOS_OK);
    assert_int_equal(dispersal.size, 62);
    assert_int_equal(dispersal.data[2], 3);
    assert_int_equal(dispersal.context.parent.bytes[0], 0xaa);
    da_dispersal_done(&dispersal);
    desk->da->release(message);
}

static void an_accepted_blob_has_the_id_of_the_operation_that_the_executor_makes(void **state)
{
    struct da_desk *desk = *state;
    nomos_da_message *message = make_blob(desk, MESSAGE_A);
    const nomos_da_info *info = desk->da->info(message);
    struct op op = {.code = OP_CHANNEL_BLOB, .blob = {.blob_size = 62}};
    struct ed25519_key zero;
    struct bytes32 id;
    char expected[HEX32_SIZE];
    nomos_da_record record;

    ed25519_zero_key(&zero);
    op.blob.signer = zero.public_key;
    assert_true(hex_to_bytes32(CHANNEL_0, &op.blob.channel));
    assert_true(hex_to_bytes32(MESSAGE_A, &op.blob.parent));
    for (uint8_t i = 0; i < 32; i++)
        op.blob.blob.bytes[i] = i + 1;
    id = op_message_id(&op);
    hex_from_bytes32(&id, expected);

    assert_int_equal(settle(desk, message, BLOB_ID), ASSAY_SUBMIT_ACCEPTED);
    assert_string_equal(info->id, expected);
    assert_string_equal(
        info->blob, "0102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f20");
    assert_int_equal(find(desk, expected, &record), ASSAY_OK);
    assert_true(record.is_ours && record.is_blob);
    assert_int_equal(record.size, 62);
    assert_string_equal(record.parent, MESSAGE_A);
    assert_string_equal(record.blob, info->blob);
    desk->da->release(message);
}

static void the_checksum_is_blake2b_of_the_data(void **state)
{
    struct da_desk *desk = *state;
    nomos_da_message *message = make_blob(desk, NULL);
    const uint8_t data[62] = {1, 2, 3};
    const struct bytes32 expected = hash_of(data, sizeof(data));
    nomos_da_record record;

    assert_int_equal(settle(desk, message, BLOB_ID), ASSAY_SUBMIT_ACCEPTED);
    assert_int_equal(find(desk, desk->da->info(message)->id, &record), ASSAY_OK);
    assert_memory_equal(record.checksum, expected.bytes, 32);
    desk->da->release(message);
}

static void an_answer_that_names_no_blob_is_no_acceptance(void **state)
{
    static const char *const bodies[] = {"null", "", "[]", "[1,2]", "\"0102\"", "{"};
    struct da_desk *desk = *state;
    nomos_da_message *message = make_blob(desk, NULL);

    for (size_t i = 0; i < sizeof(bodies) / sizeof(bodies[0]); i++)
        assert_int_equal(settle(desk, message, bodies[i]), ASSAY_SUBMIT_FAILED);
    assert_string_equal(desk->da->info(message)->id, "");
    desk->da->release(message);
}

static void answers_mean_what_they_mean_for_transfers(void **state)
{
    struct da_desk *desk = *state;
    nomos_da_message *message = inscribe(desk, NULL, "hello");
    assay_reply_info reply = answer(500, "Failed to disperse data");

    assert_int_equal(desk->da->settle(desk->da->provider, message, &reply), ASSAY_SUBMIT_REFUSED);
    reply = answer(500, "Item already in mempool");
    assert_int_equal(desk->da->settle(desk->da->provider, message, &reply), ASSAY_SUBMIT_ACCEPTED);
    reply = (assay_reply_info){.status = ASSAY_E_TIMEOUT, .sent = 7};
    assert_int_equal(desk->da->settle(desk->da->provider, message, &reply), ASSAY_SUBMIT_FAILED);
    reply.sent = 0;
    assert_int_equal(desk->da->settle(desk->da->provider, message, &reply), ASSAY_SUBMIT_MISSED);
    assert_int_equal(desk->da->settle(desk->da->provider, message, NULL), ASSAY_SUBMIT_MISSED);
    desk->da->release(message);
}

/* ---- what cannot be ---- */

static void ids_that_are_none_are_refused(void **state)
{
    static const struct {
        const char *channel, *parent, *why;
    } cases[] = {
        {NULL, "", "a channel is named by 64 hexadecimal digits"},
        {"63", "", "a channel is named by 64 hexadecimal digits"},
        {CHANNEL_0, "63", "a parent is a message's id, 64 hexadecimal digits, or nothing"},
    };
    struct da_desk *desk = *state;

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const nomos_da_place place = place_of(cases[i].channel, cases[i].parent);
        const uint8_t data[31] = {0};
        nomos_da_message *message = NULL;

        assert_int_equal(desk->da->blob(desk->da->provider, &desk->user, &place,
                             (assay_bytes){data, 31}, &message),
            ASSAY_E_INVALID);
        assert_string_equal(desk->why, cases[i].why);
        assert_int_equal(desk->da->inscribe(desk->da->provider, NULL, &desk->user, &place,
                             (assay_bytes){data, 31}, &message),
            ASSAY_E_INVALID);
        assert_null(message);
    }
}

static void data_of_other_sizes_is_refused(void **state)
{
    struct da_desk *desk = *state;
    const nomos_da_place place = place_of(CHANNEL_0, NULL);
    uint8_t *data = calloc(1, NOMOS_DA_DATA_MAX + NOMOS_DA_CHUNK_SIZE);
    const size_t sizes[] = {0, 1, 30, 32, NOMOS_DA_DATA_MAX + NOMOS_DA_CHUNK_SIZE};
    nomos_da_message *message = NULL;

    assert_non_null(data);
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        assert_int_equal(desk->da->blob(desk->da->provider, &desk->user, &place,
                             (assay_bytes){data, sizes[i]}, &message),
            ASSAY_E_INVALID);
        assert_non_null(strstr(desk->why, "it must be a multiple of 31"));
    }
    assert_int_equal(desk->da->inscribe(desk->da->provider, NULL, &desk->user, &place,
                         (assay_bytes){data, 0}, &message),
        ASSAY_E_INVALID);
    assert_int_equal(desk->da->inscribe(desk->da->provider, NULL, &desk->user, &place,
                         (assay_bytes){data, NOMOS_DA_INSCRIPTION_MAX + 1}, &message),
        ASSAY_E_INVALID);
    assert_string_equal(desk->why, "an inscription has 1 to 32768 bytes, not 32769");
    free(data);
}

static void the_largest_blob_and_inscription_are_made(void **state)
{
    struct da_desk *desk = *state;
    const nomos_da_place place = place_of(CHANNEL_0, NULL);
    uint8_t *data = calloc(1, NOMOS_DA_DATA_MAX);
    nomos_da_message *message = NULL;

    assert_non_null(data);
    assert_int_equal(desk->da->blob(desk->da->provider, &desk->user, &place,
                         (assay_bytes){data, NOMOS_DA_DATA_MAX}, &message),
        ASSAY_OK);
    desk->da->release(message);
    assert_int_equal(desk->da->inscribe(desk->da->provider, NULL, &desk->user, &place,
                         (assay_bytes){data, NOMOS_DA_INSCRIPTION_MAX}, &message),
        ASSAY_OK);
    desk->da->release(message);
    free(data);
}

/* ---- what is seen in blocks ---- */

static struct op blob_op(uint8_t blob)
{
    struct op op = {.code = OP_CHANNEL_BLOB, .blob = {.blob_size = 93}};

    memset(op.blob.channel.bytes, 0xcc, 32);
    memset(op.blob.parent.bytes, 0xdd, 32);
    memset(op.blob.blob.bytes, blob, 32);
    return op;
}

static void see(struct da_desk *desk, struct op *ops, size_t count)
{
    struct signed_tx tx = {.tx = {.ops = ops, .op_count = count}};
    const struct block block = {.txs = &tx, .tx_count = 1};

    da_see_block(&desk->system, &block);
}

static void messages_of_others_are_known_from_blocks(void **state)
{
    struct da_desk *desk = *state;
    uint8_t text[] = "abc";
    struct op ops[] = {blob_op(7),
        {.code = OP_CHANNEL_INSCRIBE, .inscribe = {.data = text, .data_size = 3}},
        {.code = OP_CHANNEL_SET_KEYS}};
    nomos_da_record record;
    char id[HEX32_SIZE];
    struct bytes32 bytes;

    see(desk, ops, 3);
    bytes = op_message_id(&ops[0]);
    hex_from_bytes32(&bytes, id);
    assert_int_equal(find(desk, id, &record), ASSAY_OK);
    assert_true(record.is_blob && !record.is_ours);
    assert_int_equal(record.size, 93);
    assert_int_equal(record.channel[0], 'c');
    assert_int_equal(record.parent[0], 'd');
    assert_string_equal(
        record.blob, "0707070707070707070707070707070707070707070707070707070707070707");
    bytes = op_message_id(&ops[1]);
    hex_from_bytes32(&bytes, id);
    assert_int_equal(find(desk, id, &record), ASSAY_OK);
    assert_false(record.is_blob);
    assert_int_equal(record.size, 3);
    assert_string_equal(record.parent, "");
}

static void what_is_ours_stays_ours_when_it_is_seen_and_becomes_it_when_accepted_later(void **state)
{
    struct da_desk *desk = *state;
    nomos_da_message *message = inscribe(desk, NULL, "hello");
    struct signed_tx tx;
    nomos_da_record record;
    const nomos_da_info *info = desk->da->info(message);

    assert_int_equal(
        json_tx_parse(info->request->body.data, info->request->body.size, &tx, NULL), NOMOS_OK);
    see(desk, tx.tx.ops, 1);
    assert_int_equal(find(desk, info->id, &record), ASSAY_OK);
    assert_false(record.is_ours);
    assert_int_equal(settle(desk, message, "null"), ASSAY_SUBMIT_ACCEPTED);
    see(desk, tx.tx.ops, 1);
    assert_int_equal(find(desk, info->id, &record), ASSAY_OK);
    assert_true(record.is_ours);
    signed_tx_done(&tx);
    desk->da->release(message);
}

static void what_nobody_has_seen_is_not_known(void **state)
{
    struct da_desk *desk = *state;
    nomos_da_record record;

    assert_int_equal(find(desk, MESSAGE_A, &record), ASSAY_E_NOTFOUND);
    assert_int_equal(find(desk, "no id", &record), ASSAY_E_NOTFOUND);
    assert_int_equal(find(desk, "", &record), ASSAY_E_NOTFOUND);
}

static void a_record_of_an_older_header_is_filled_as_far_as_it_goes(void **state)
{
    struct da_desk *desk = *state;
    struct op op = blob_op(1);
    nomos_da_record record = {.struct_size = offsetof(nomos_da_record, is_ours)};
    const struct bytes32 bytes = op_message_id(&op);
    char id[HEX32_SIZE];

    see(desk, &op, 1);
    hex_from_bytes32(&bytes, id);
    record.is_blob = 77;
    assert_int_equal(desk->da->find(desk->da->provider, id, &record), ASSAY_OK);
    assert_int_equal(record.size, 93);
    assert_int_equal(record.is_blob, 77);
}

static void no_more_messages_are_kept_than_the_limit(void **state)
{
    struct da_desk *desk = *state;
    struct op ops[] = {blob_op(1), blob_op(2)};
    nomos_da_record record;
    struct bytes32 bytes;
    char id[HEX32_SIZE];

    desk->system.da->records.count = DA_RECORDS_MAX - 1;
    see(desk, ops, 2);
    bytes = op_message_id(&ops[0]);
    hex_from_bytes32(&bytes, id);
    assert_int_equal(find(desk, id, &record), ASSAY_OK);
    bytes = op_message_id(&ops[1]);
    hex_from_bytes32(&bytes, id);
    assert_int_equal(find(desk, id, &record), ASSAY_E_NOTFOUND);
}

static void many_messages_are_told_apart(void **state)
{
    struct da_desk *desk = *state;

    for (uint32_t i = 1; i < 20000; i++) {
        struct op op = blob_op(0);

        memcpy(op.blob.blob.bytes, &i, sizeof(i));
        see(desk, &op, 1);
    }
    for (uint32_t i = 1; i < 20000; i += 997) {
        struct op op = blob_op(0);
        nomos_da_record record;
        struct bytes32 bytes;
        char id[HEX32_SIZE];

        memcpy(op.blob.blob.bytes, &i, sizeof(i));
        bytes = op_message_id(&op);
        hex_from_bytes32(&bytes, id);
        assert_int_equal(find(desk, id, &record), ASSAY_OK);
        assert_true(hex_to_bytes32(record.blob, &bytes));
        assert_memory_equal(bytes.bytes, op.blob.blob.bytes, 32);
    }
}

/* ---- items ---- */

static void items_are_transactions_each_followed_by_its_messages(void **state)
{
    struct op ops[] = {{.code = OP_CHANNEL_INSCRIBE}, {.code = OP_CHANNEL_SET_KEYS}, blob_op(3)};
    struct signed_tx txs[] = {
        {.tx = {.op_count = 0}}, {.tx = {.ops = ops, .op_count = 3}}, {.tx = {.op_count = 0}}};
    const struct block block = {.txs = txs, .tx_count = 3};
    char ids[3][HEX32_SIZE] = {"t0", "t1", "t2"}, id[HEX32_SIZE];
    struct items items;
    struct bytes32 bytes;

    (void)state;
    assert_int_equal(items_init(&items, &block, ids), ASSAY_OK);
    assert_int_equal(items.count, 5);
    assert_string_equal(items.list[0].id, "t0");
    assert_string_equal(items.list[1].id, "t1");
    assert_string_equal(items.list[1].kind, "transaction");
    assert_string_equal(items.list[2].kind, NOMOS_DA_INSCRIPTION);
    bytes = op_message_id(&ops[0]);
    hex_from_bytes32(&bytes, id);
    assert_string_equal(items.list[2].id, id);
    assert_string_equal(items.list[3].kind, NOMOS_DA_BLOB);
    bytes = op_message_id(&ops[2]);
    hex_from_bytes32(&bytes, id);
    assert_string_equal(items.list[3].id, id);
    assert_string_equal(items.list[4].id, "t2");
    items_done(&items);
}

static void an_empty_block_has_no_items(void **state)
{
    const struct block block = {.tx_count = 0};
    struct items items;

    (void)state;
    assert_int_equal(items_init(&items, &block, NULL), ASSAY_OK);
    assert_int_equal(items.count, 0);
    items_done(&items);
}

/* ---- the service ---- */

static void dispersers_are_the_executors(void **state)
{
    struct da_desk *desk = *state;

    assert_int_equal(desk->da->disperser_count(desk->da->provider), 1);
    assert_int_equal(desk->da->disperser(desk->da->provider, 0), DA_EXECUTOR);
    assert_int_equal(desk->da->disperser(desk->da->provider, 1), ASSAY_NO_NODE);
}

static void no_other_service_is_offered(void **state)
{
    struct da_desk *desk = *state;

    assert_null(da_service(&desk->system, "nomos.da/2"));
}

#define AT_DESK(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        AT_DESK(the_inscription_of_channel_0_is_that_of_the_contract),
        AT_DESK(an_inscription_goes_to_the_mempool),
        AT_DESK(an_accepted_inscription_is_known),
        AT_DESK(a_blob_goes_to_dispersal_with_its_data),
        AT_DESK(an_accepted_blob_has_the_id_of_the_operation_that_the_executor_makes),
        AT_DESK(the_checksum_is_blake2b_of_the_data),
        AT_DESK(an_answer_that_names_no_blob_is_no_acceptance),
        AT_DESK(answers_mean_what_they_mean_for_transfers),
        AT_DESK(ids_that_are_none_are_refused),
        AT_DESK(data_of_other_sizes_is_refused),
        AT_DESK(the_largest_blob_and_inscription_are_made),
        AT_DESK(messages_of_others_are_known_from_blocks),
        AT_DESK(what_is_ours_stays_ours_when_it_is_seen_and_becomes_it_when_accepted_later),
        AT_DESK(what_nobody_has_seen_is_not_known),
        AT_DESK(a_record_of_an_older_header_is_filled_as_far_as_it_goes),
        AT_DESK(no_more_messages_are_kept_than_the_limit),
        AT_DESK(many_messages_are_told_apart),
        AT_DESK(items_are_transactions_each_followed_by_its_messages),
        AT_DESK(an_empty_block_has_no_items),
        AT_DESK(dispersers_are_the_executors),
        AT_DESK(no_other_service_is_offered),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* The HTTP interface of a running node: each status code of the contract, and the shapes of
   answers. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <json-c/json.h>

#include "nomos/hex.h"
#include "nomos/json_block.h"
#include "testnet_cases.h"

static struct testnet net;

static int start_one_node(void **state)
{
    const struct testnet_params params = {
        .node_count = 1, .slot_ms = 100, .wallet_count = 40, .security_param = 5};

    (void)state;
    testnet_init(&net, &params);
    testnet_start(&net, 0, NULL);
    assert_true(testnet_wait_height(&net, 0, 8));
    return 0;
}

static int stop_all(void **state)
{
    (void)state;
    testnet_done(&net);
    return 0;
}

static const struct api_case cases[] = {
    /* Unknown paths and methods. */
    {"GET", "/", NULL, NULL, 404, "", false},
    {"GET", "/cryptarchia", NULL, NULL, 404, "", false},
    {"GET", "/cryptarchia/info/", NULL, NULL, 404, "", false},
    {"GET", "/test/membership/update", NULL, NULL, 404, "", false},
    {"POST", "/cryptarchia/info", NULL, NULL, 405, "", false},
    {"DELETE", "/cryptarchia/headers", NULL, NULL, 405, "", false},
    {"GET", "/storage/block", NULL, NULL, 405, "", false},
    {"GET", "/mempool/add/tx", NULL, NULL, 405, "", false},
    {"PUT", "/mempool/add/tx", JSON, "{}", 405, "", false},
    {"PATCH", "/network/info", NULL, NULL, 405, "", false},
    {"POST", "/disperse-data", JSON, "{}", 404, "", false}, /* of executors only */
    /* The ports serve their own routes. */
    {"GET", "/cryptarchia/info", NULL, NULL, 404, "", true},
    {"GET", "/test/misbehave", NULL, NULL, 404, "", false},
    {"GET", "/mantle/sdp/declarations", NULL, NULL, 404, "", false},
    /* Bodies: type, syntax, shape. */
    {"POST", "/storage/block", NULL, "\"" ZERO "\"", 415, "application/json", false},
    {"POST", "/storage/block", "text/plain", "\"" ZERO "\"", 415, "", false},
    {"POST", "/storage/block", "application/jsonx", "\"" ZERO "\"", 415, "", false},
    {"POST", "/storage/block", JSON, "", 400, "", false},
    {"POST", "/storage/block", JSON, "\"" ZERO, 400, "", false},
    {"POST", "/storage/block", JSON, "\"" ZERO "\" 1", 400, "", false},
    {"POST", "/storage/block", JSON, "{\"a\":}", 400, "", false},
    {"POST", "/storage/block", JSON, "7", 422, "Failed to deserialize the JSON body", false},
    {"POST", "/storage/block", JSON, "null", 422, "", false},
    {"POST", "/storage/block", JSON, "\"12\"", 422, "", false},
    {"POST", "/storage/block", JSON, "\"" ZERO "\"", 200, "null", false},
    {"POST", "/storage/block", JSON "; charset=utf-8", "\"" ZERO "\"", 200, "null", false},
    {"POST", "/storage/block", "application/vnd.x+json", "\"0x" ZERO "\"", 200, "null", false},
    {"POST", "/mempool/add/tx", NULL, "{}", 415, "", false},
    {"POST", "/mempool/add/tx", JSON, "{", 400, "", false},
    {"POST", "/mempool/add/tx", JSON, "[]", 422, "Failed to deserialize the JSON body", false},
    {"POST", "/mempool/add/tx", JSON, "{\"mantle_tx\":{}}", 422, "field `", false},
    {"POST", "/mantle/status", NULL, "[]", 415, "", false},
    {"POST", "/mantle/status", JSON, "[", 400, "", false},
    {"POST", "/mantle/status", JSON, "{}", 422, "", false},
    {"POST", "/mantle/status", JSON, "[1]", 422, "", false},
    {"POST", "/mantle/status", JSON, "[\"0x" ZERO "\"]", 422, "", false},
    {"POST", "/mantle/status", JSON, "[]", 200, "[]", false},
    {"POST", "/mantle/status", JSON, "[\"" ZERO "\"]", 200, "[\"Unknown\"]", false},
    /* Queries and paths. */
    {"GET", "/cryptarchia/headers?from=zz", NULL, NULL, 400, "from", false},
    {"GET", "/cryptarchia/headers?to=" ZERO "0", NULL, NULL, 400, "to", false},
    {"GET", "/cryptarchia/headers?from=" ZERO, NULL, NULL, 200, "[]", false},
    {"GET", "/cryptarchia/blocks", NULL, NULL, 400, "slot_from", false},
    {"GET", "/cryptarchia/blocks?slot_from=1&slot_to=x", NULL, NULL, 400, "slot_to", false},
    {"GET", "/cryptarchia/blocks?slot_from=5&slot_to=4", NULL, NULL, 200, "[]", false},
    {"GET", "/wallet/xyz/balance", NULL, NULL, 400, "", false},
    {"GET", "/wallet/" ZERO "/balance?tip=1", NULL, NULL, 400, "tip", false},
    {"GET", "/wallet/" ZERO "/balance", NULL, NULL, 404, "could not be found", false},
    {"GET", "/wallet//balance", NULL, NULL, 404, "", false},
    /* What a node with a signing wallet would do. */
    {"POST", "/wallet/transactions/transfer-funds", JSON,
        "{\"tip\":null,\"change_public_key\":\"" ZERO "\",\"funding_public_keys\":[\"" ZERO
        "\"],\"recipient_public_key\":\"" ZERO "\",\"amount\":10}",
        500, "cannot sign", false},
    {"POST", "/wallet/transactions/transfer-funds", JSON, "{\"tip\":7}", 422, "", false},
    {"POST", "/sdp/declaration", JSON,
        "{\"service_type\":\"BN\",\"locators\":[\"/ip4/127.0.0.1/udp/3000/quic-v1\"],"
        "\"provider_id\":\"" ZERO "\",\"zk_id\":\"" ZERO "\",\"locked_note_id\":\"" ZERO "\"}",
        500, "cannot sign", false},
    {"POST", "/sdp/declaration", JSON,
        "{\"service_type\":\"XX\",\"locators\":[],\"provider_id\":\"" ZERO "\",\"zk_id\":\"" ZERO
        "\",\"locked_note_id\":\"" ZERO "\"}",
        422, "", false},
    {"POST", "/sdp/declaration", JSON,
        "{\"service_type\":\"DA\",\"locators\":[\"nowhere\"],\"provider_id\":\"" ZERO
        "\",\"zk_id\":\"" ZERO "\",\"locked_note_id\":\"" ZERO "\"}",
        422, "", false},
    {"POST", "/sdp/activity", JSON, "{\"Blend\":{\"session\":1}}", 500, "cannot sign", false},
    {"POST", "/sdp/activity", JSON,
        "{\"Blend\":{\"session\":1},\"DataAvailability\":{\"current_session\":1}}", 422, "", false},
    {"POST", "/sdp/activity", JSON, "{\"Blend\":{\"session\":-1}}", 422, "", false},
    {"POST", "/sdp/withdrawal", JSON,
        "[1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31,255]",
        500, "cannot sign", false},
    {"POST", "/sdp/withdrawal", JSON,
        "[1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31,256]",
        422, "", false},
    /* The switches. */
    {"GET", "/test/misbehave", NULL, NULL, 200, "[]", true},
    {"POST", "/test/misbehave", JSON, "{\"name\":\"nonsense\"}", 422, "stop-proposing", true},
    {"POST", "/test/misbehave", JSON, "{\"name\":\"slow\"}", 422, "needs a number", true},
    {"POST", "/test/misbehave", JSON, "{\"name\":\"errors\",\"arg\":101}", 422, "up to 100", true},
    {"POST", "/test/misbehave", JSON, "{\"name\":\"slow\",\"arg\":[]}", 422, "arg", true},
    {"POST", "/test/misbehave", JSON, "[]", 422, "", true},
    {"POST", "/test/misbehave", JSON, "{\"name\":\"none\"}", 200, "[]", true},
    {"GET", "/metrics", NULL, NULL, 200, "consensus_processed_blocks ", false},
    {"GET", "/metrics", NULL, NULL, 200, "\nmempool_pending_items ", false},
    {"GET", "/network/info", NULL, NULL, 200, "\"n_peers\":0", false},
    {"GET", "/cryptarchia/info", NULL, NULL, 200, "\"mode\":\"Online\"", false},
};

static void every_case_of_the_table_has_its_status(void **state)
{
    (void)state;
    check_cases(&net, 0, cases, sizeof(cases) / sizeof(*cases));
}

/* But for those of data availability (test_devnode_da_api.c). */
static const struct route_case routes[] = {
    {"GET", "/cryptarchia/info", false, NULL},
    {"GET", "/cryptarchia/headers", false, NULL},
    {"GET", "/cryptarchia/lib-stream", false, NULL},
    {"GET", "/cryptarchia/blocks", false, NULL},
    {"GET", "/cryptarchia/blocks/stream", false, NULL},
    {"POST", "/storage/block", false, "[]"},
    {"POST", "/mempool/add/tx", false, "[]"},
    {"GET", "/mantle/metrics", false, NULL},
    {"POST", "/mantle/status", false, "{}"},
    {"GET", "/network/info", false, NULL},
    {"POST", "/sdp/declaration", false, "{}"},
    {"POST", "/sdp/activity", false, "{}"},
    {"POST", "/sdp/withdrawal", false, "{}"},
    {"GET", "/wallet/" ZERO "/balance", false, NULL},
    {"POST", "/wallet/transactions/transfer-funds", false, "{}"},
    {"GET", "/metrics", false, NULL},
    {"GET", "/mantle/sdp/declarations", true, NULL},
    {"POST", "/test/misbehave", true, "{}"},
};

static void every_route_refuses_what_all_refuse(void **state)
{
    (void)state;
    check_routes(&net, 0, routes, sizeof(routes) / sizeof(*routes));
}

static void an_answer_later_than_the_timeout_is_408(void **state)
{
    struct reply reply;

    (void)state;
    reply = testnet_misbehave(&net, 0, "{\"name\":\"slow\",\"arg\":3600000}");
    assert_int_equal(reply.status, 200);
    reply_done(&reply);
    reply = testnet_get(&net, 0, "/cryptarchia/info"); /* the timeout is 2 s */
    assert_int_equal(reply.status, 408);
    reply_done(&reply);
    reply = testnet_call(&net, 0, true, "DELETE", "/test/misbehave", NULL, NULL);
    assert_int_equal(reply.status, 200);
    assert_string_equal(reply.body, "[]");
    reply_done(&reply);
}

static void a_transaction_is_taken_once_and_found_in_its_block(void **state)
{
    struct fr hash;
    char *tx = testnet_transfer(&net, 0, &hash);
    char text[HEX32_SIZE];
    char body[128];
    char id[65] = "";
    struct reply reply = testnet_post(&net, 0, "/mempool/add/tx", tx);

    (void)state;
    assert_int_equal(reply.status, 200);
    assert_string_equal(reply.body, "null");
    reply_done(&reply);
    reply = testnet_post(&net, 0, "/mempool/add/tx", tx);
    assert_int_equal(reply.status, 500);
    assert_string_equal(reply.body, "Item already in mempool");
    reply_done(&reply);
    hex_from_fr(&hash, text);
    (void)snprintf(body, sizeof(body), "[\"%s\"]", text);
    struct testnet_info info;
    assert_true(testnet_info(&net, 0, &info));
    assert_true(testnet_wait_height(&net, 0, info.height + 3));
    reply = testnet_post(&net, 0, "/mantle/status", body);
    assert_int_equal(reply.status, 200);
    assert_int_equal(sscanf(reply.body, "[{\"InBlock\":{\"block\":\"%64[0-9a-f]\"}}]", id), 1);
    reply_done(&reply);
    (void)snprintf(body, sizeof(body), "\"%s\"", id);
    reply = testnet_post(&net, 0, "/storage/block", body);
    assert_int_equal(reply.status, 200);
    struct block block;
    assert_int_equal(json_block_parse(reply.body, reply.size, &block, NULL), NOMOS_OK);
    struct bytes32 computed = block_header_id(&net.wire, &block.header);
    hex_from_bytes32(&computed, text);
    assert_string_equal(text, id);
    assert_int_equal(block.tx_count, 1);
    assert_true(block.header.has_leader_public);
    assert_true(block_header_verify(&block.header, &block.signature));
    block_done(&block);
    reply_done(&reply);
    free(tx);
}

static void a_wrong_operation_signature_is_422(void **state)
{
    static const char body[] =
        "{\"mantle_tx\":{\"ops\":[{\"opcode\":0,\"payload\":{\"channel_id\":\"" ZERO
        "\",\"inscription\":[104],\"parent\":\"" ZERO "\",\"signer\":\"" ZERO
        "\"}}],\"ledger_tx\":{\"inputs\":[],\"outputs\":[]},\"execution_gas_price\":0,"
        "\"storage_gas_price\":0},\"ops_proofs\":[%s],\"ledger_tx_proof\":%s}";
    char zeros[64 * 2 + 3] = "[0";
    char proof[512];
    char ed25519[256];
    char text[2048];

    (void)state;
    for (size_t i = 1; i < 64; i++)
        strncat(zeros, ",0", sizeof(zeros) - strlen(zeros) - 1);
    strncat(zeros, "]", sizeof(zeros) - strlen(zeros) - 1);
    (void)snprintf(ed25519, sizeof(ed25519), "{\"Ed25519Sig\":%s}", zeros);
    (void)snprintf(
        proof, sizeof(proof), "{\"pi_a\":%.64s],\"pi_b\":%s,\"pi_c\":%.64s]}", zeros, zeros, zeros);
    (void)snprintf(text, sizeof(text), body, ed25519, proof);
    struct reply reply = testnet_post(&net, 0, "/mempool/add/tx", text);
    assert_int_equal(reply.status, 422);
    reply_done(&reply);
    /* Without a proof it is taken, and lost when a block is made. */
    (void)snprintf(text, sizeof(text), body, "\"NoProof\"", proof);
    reply = testnet_post(&net, 0, "/mempool/add/tx", text);
    assert_int_equal(reply.status, 200);
    reply_done(&reply);
    (void)snprintf(text, sizeof(text), body, "", proof);
    reply = testnet_post(&net, 0, "/mempool/add/tx", text);
    assert_int_equal(reply.status, 422);
    reply_done(&reply);
}

static void headers_and_blocks_tell_the_same_story(void **state)
{
    struct reply reply = testnet_get(&net, 0, "/cryptarchia/headers");
    struct json_object *ids = json_tokener_parse(reply.body);
    size_t count = json_object_array_length(ids);

    (void)state;
    assert_true(count >= 6); /* k = 5, both ends included */
    for (size_t i = 0; i + 1 < count; i++) {
        char body[80];
        struct reply block_reply;
        struct json_object *block;
        struct json_object *header;

        (void)snprintf(body, sizeof(body), "\"%s\"",
            json_object_get_string(json_object_array_get_idx(ids, i)));
        block_reply = testnet_post(&net, 0, "/storage/block", body);
        block = json_tokener_parse(block_reply.body);
        header = json_object_object_get(block, "header");
        assert_string_equal(json_object_get_string(json_object_object_get(header, "parent_block")),
            json_object_get_string(json_object_array_get_idx(ids, i + 1)));
        assert_string_equal(
            json_object_get_string(json_object_object_get(header, "version")), "Bedrock");
        json_object_put(block);
        reply_done(&block_reply);
    }
    json_object_put(ids);
    reply_done(&reply);
}

static void the_explorers_blocks_are_those_of_the_slots(void **state)
{
    struct reply reply = testnet_get(&net, 0, "/cryptarchia/blocks?slot_from=0&slot_to=1000000");
    struct json_object *blocks = json_tokener_parse(reply.body);
    size_t count = json_object_array_length(blocks);
    uint64_t last = 0;
    char path[128];

    (void)state;
    assert_true(count >= 8);
    for (size_t i = 0; i < count; i++) {
        struct json_object *header =
            json_object_object_get(json_object_array_get_idx(blocks, i), "header");
        uint64_t slot = json_object_get_uint64(json_object_object_get(header, "slot"));

        assert_true(slot > last);
        assert_non_null(json_object_object_get(header, "id"));
        last = slot;
    }
    struct json_object *third =
        json_object_object_get(json_object_array_get_idx(blocks, 2), "header");
    uint64_t slot = json_object_get_uint64(json_object_object_get(third, "slot"));
    (void)snprintf(path, sizeof(path), "/cryptarchia/blocks?slot_from=%llu&slot_to=%llu",
        (unsigned long long)slot, (unsigned long long)slot);
    struct reply one = testnet_get(&net, 0, path);
    struct json_object *only = json_tokener_parse(one.body);
    assert_int_equal(json_object_array_length(only), 1);
    json_object_put(only);
    reply_done(&one);
    json_object_put(blocks);
    reply_done(&reply);
}

static void a_wallet_balance_is_text_with_json_in_it(void **state)
{
    struct fr sk = wallet_secret_key(39);
    struct fr pk = zk_public_key(&net.wire, &sk);
    char text[HEX32_SIZE];
    char path[128];
    struct reply reply;

    (void)state;
    hex_from_fr(&pk, text);
    (void)snprintf(path, sizeof(path), "/wallet/%s/balance", text);
    reply = testnet_get(&net, 0, path);
    assert_int_equal(reply.status, 200);
    assert_memory_equal(reply.type, "text/plain", 10);
    assert_non_null(strstr(reply.body, "\"balance\":100,"));
    assert_non_null(strstr(reply.body, text));
    reply_done(&reply);
}

static void genesis_declarations_are_listed_on_the_testing_port(void **state)
{
    struct reply reply = testnet_call(&net, 0, true, "GET", "/mantle/sdp/declarations", NULL, NULL);
    struct json_object *list = json_tokener_parse(reply.body);

    (void)state;
    assert_int_equal(reply.status, 200);
    assert_int_equal(json_object_array_length(list), 2);
    json_object_put(list);
    reply_done(&reply);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_case_of_the_table_has_its_status),
        cmocka_unit_test(every_route_refuses_what_all_refuse),
        cmocka_unit_test(an_answer_later_than_the_timeout_is_408),
        cmocka_unit_test(a_transaction_is_taken_once_and_found_in_its_block),
        cmocka_unit_test(a_wrong_operation_signature_is_422),
        cmocka_unit_test(headers_and_blocks_tell_the_same_story),
        cmocka_unit_test(the_explorers_blocks_are_those_of_the_slots),
        cmocka_unit_test(a_wallet_balance_is_text_with_json_in_it),
        cmocka_unit_test(genesis_declarations_are_listed_on_the_testing_port),
    };

    return cmocka_run_group_tests(tests, start_one_node, stop_all);
}

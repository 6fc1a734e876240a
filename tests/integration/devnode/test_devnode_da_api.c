/* The HTTP interface of data availability: each status code of each route, on a validator, an executor
   and a node that was configured without. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <json-c/json.h>

#include "devnode/core/da_limits.h"
#include "nomos/da_request.h"
#include "nomos/da_share.h"
#include "testnet_cases.h"
#include "testnet_raw.h"

#define VALIDATOR 0
#define WITHOUT   1 /* data availability */
#define EXECUTOR  2

#define ZEROS "[0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0]"
/* One too few, one too many. */
#define FEW  "[0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0]"
#define MANY "[0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0]"
#define PEER "\"12D3KooWDpJ7As7BWAwRMfu1VU2WCqNjvq387JEYKDBj4kx6nXTN\""

static struct testnet net;

static int start_nodes(void **state)
{
    const struct testnet_params params = {.node_count = 3,
        .slot_ms = 100,
        .wallet_count = 20,
        .security_param = 5,
        .executor_count = 1,
        .columns = 2};

    (void)state;
    testnet_init(&net, &params);
    testnet_edit(&net, WITHOUT, "da_network:", "unknown: {}");
    for (size_t i = 0; i < 3; i++)
        testnet_start(&net, i, NULL);
    for (size_t i = 0; i < 3; i++)
        assert_true(testnet_wait_height(&net, i, 2));
    return 0;
}

static int stop_all(void **state)
{
    (void)state;
    testnet_done(&net);
    return 0;
}

static const struct route_case routes[] = {
    {"POST", "/da/add-share", false, "{}"},
    {"POST", "/da/get-commitments", false, "{}"},
    {"GET", "/da/get-storage-commitments", false, "[]"},
    {"GET", "/da/get-share", false, "{\"blob_id\":[]}"},
    {"GET", "/da/sampling/shares", false, "null"},
    {"POST", "/da/block-peer", false, "{}"},
    {"POST", "/da/unblock-peer", false, "[]"},
    {"GET", "/da/blacklisted-peers", false, NULL},
    {"GET", "/da/balancer-stats", false, NULL},
    {"GET", "/da/monitor-stats", false, NULL},
    {"POST", "/test/da/membership", true, "\"0\""},
    {"POST", "/test/da/historic-sampling", true, "[]"},
};

static const struct route_case executor_routes[] = {
    {"POST", "/disperse-data", false, "{}"},
};

static void every_route_refuses_what_all_refuse(void **state)
{
    (void)state;
    for (size_t node = 0; node < 3; node++)
        check_routes(&net, node, routes, sizeof(routes) / sizeof(*routes));
    check_routes(&net, EXECUTOR, executor_routes, 1);
}

/* What everybody answers alike. */
static const struct api_case cases[] = {
    /* Shapes. */
    {"POST", "/da/get-commitments", JSON, "{\"blob_id\":" FEW ",\"session\":0}", 422, "", false},
    {"POST", "/da/get-commitments", JSON, "{\"blob_id\":" MANY "}", 422, "", false},
    {"POST", "/da/get-commitments", JSON, "{\"blob_id\":" ZEROS ",\"session\":-1}", 422, "", false},
    {"POST", "/da/get-commitments", JSON, "{\"blob_id\":\"" ZERO "\"}", 422, "", false},
    {"GET", "/da/get-share", JSON, "{\"blob_id\":" ZEROS "}", 422, "", false},
    {"GET", "/da/get-share", JSON, "{\"blob_id\":" ZEROS ",\"share_idx\":0}", 422, "", false},
    {"GET", "/da/get-share", JSON, "{\"blob_id\":" ZEROS ",\"share_idx\":[0]}", 422, "", false},
    {"GET", "/da/get-share", JSON, "{\"blob_id\":" ZEROS ",\"share_idx\":[0,256]}", 422, "", false},
    {"GET", "/da/sampling/shares", JSON, "{\"blob_id\":" ZEROS "}", 422, "", false},
    {"GET", "/da/sampling/shares", JSON,
        "{\"blob_id\":" ZEROS
        ",\"requested_shares\":[0],\"filter_shares\":[],\"return_available\":true}",
        422, "", false},
    {"POST", "/da/block-peer", JSON, "\"\"", 422, "", false},
    {"POST", "/da/block-peer", JSON, "\"12D3KooW\"", 422, "peer id", false},
    {"POST", "/da/block-peer", JSON, "1", 422, "", false},
    {"POST", "/da/unblock-peer", JSON, "null", 422, "", false},
    {"POST", "/test/da/membership", JSON, "-1", 422, "", true},
    {"POST", "/test/da/membership", JSON, "1.5", 422, "", true},
    {"POST", "/test/da/historic-sampling", JSON, "{}", 422, "", true},
    {"POST", "/test/da/historic-sampling", JSON, "{\"block_id\":\"12\",\"blob_ids\":[]}", 422, "",
        true},
    {"POST", "/test/da/historic-sampling", JSON,
        "{\"block_id\":\"" ZERO "\",\"blob_ids\":[[" FEW ",0]]}", 422, "", true},
    {"POST", "/test/da/historic-sampling", JSON,
        "{\"block_id\":\"" ZERO "\",\"blob_ids\":[[" ZEROS "]]}", 422, "", true},
    {"POST", "/test/da/historic-sampling", JSON,
        "{\"block_id\":\"" ZERO "\",\"blob_ids\":[[" ZEROS ",\"0\"]]}", 422, "", true},
    {"POST", "/test/da/historic-sampling", JSON,
        "{\"block_id\":\"" ZERO "\",\"blob_ids\":[[" ZEROS ",-1]]}", 422, "", true},
    /* Things that are not there. */
    {"POST", "/da/get-commitments", JSON, "{\"blob_id\":" ZEROS ",\"session\":0}", 200, "null",
        false},
    {"POST", "/da/get-commitments", JSON, "{\"blob_id\":" ZEROS ",\"session\":5}", 200, "null",
        false},
    {"GET", "/da/get-storage-commitments", JSON, "{\"blob_id\":" ZEROS "}", 200, "null", false},
    {"GET", "/da/get-share", JSON, "{\"blob_id\":" ZEROS ",\"share_idx\":[1,0]}", 200, "null",
        false},
    {"GET", "/da/get-share", JSON, "{\"blob_id\":" ZEROS ",\"share_idx\":[255,255]}", 200, "null",
        false},
    {"GET", "/da/sampling/shares", JSON,
        "{\"blob_id\":" ZEROS
        ",\"requested_shares\":[[0,0]],\"filter_shares\":[],\"return_available\":true}",
        200, "", false},
    {"POST", "/da/unblock-peer", JSON, PEER, 200, "false", false},
    {"GET", "/da/blacklisted-peers", NULL, NULL, 200, "[]", false},
    {"POST", "/test/da/membership", JSON, "1", 200, "{\"assignations\":{},\"addressbook\":{}}",
        true},
    {"POST", "/test/da/historic-sampling", JSON,
        "{\"block_id\":\"" ZERO "\",\"blob_ids\":[[" ZEROS ",1]]}", 200, "false", true},
    {"POST", "/test/da/historic-sampling", JSON,
        "{\"block_id\":\"" ZERO "\",\"blob_ids\":[[" ZEROS ",0]]}", 200, "false", true},
};

static void every_case_of_the_table_has_its_status(void **state)
{
    (void)state;
    for (size_t node = 0; node < 3; node++)
        check_cases(&net, node, cases, sizeof(cases) / sizeof(*cases));
}

static const struct api_case without_cases[] = {
    {"GET", "/da/balancer-stats", NULL, NULL, 200, "{}", false},
    {"GET", "/da/monitor-stats", NULL, NULL, 200, "{}", false},
    {"POST", "/da/block-peer", JSON, PEER, 200, "false", false},
    {"POST", "/test/da/membership", JSON, "0", 200, "{\"assignations\":{},\"addressbook\":{}}",
        true},
    {"POST", "/test/da/historic-sampling", JSON, "{\"block_id\":\"" ZERO "\",\"blob_ids\":[]}", 200,
        "false", true},
};

static const struct api_case with_cases[] = {
    {"GET", "/da/balancer-stats", NULL, NULL, 200, "{\"0\":{\"inbound\":", false},
    {"POST", "/da/block-peer", JSON, PEER, 200, "true", false},
    {"POST", "/da/block-peer", JSON, PEER, 200, "false", false},
    {"GET", "/da/blacklisted-peers", NULL, NULL, 200, "[" PEER "]", false},
    {"POST", "/da/unblock-peer", JSON, PEER, 200, "true", false},
    {"POST", "/da/unblock-peer", JSON, PEER, 200, "false", false},
    {"POST", "/test/da/membership", JSON, "0", 200, "\"addressbook\":{\"12D3KooW", true},
    {"POST", "/test/da/historic-sampling", JSON, "{\"block_id\":\"" ZERO "\",\"blob_ids\":[]}", 200,
        "true", true},
};

static void a_node_answers_for_what_it_is_configured_with(void **state)
{
    (void)state;
    check_cases(&net, WITHOUT, without_cases, sizeof(without_cases) / sizeof(*without_cases));
    check_cases(&net, VALIDATOR, with_cases, sizeof(with_cases) / sizeof(*with_cases));
    check_cases(&net, EXECUTOR, with_cases, sizeof(with_cases) / sizeof(*with_cases));
    check_cases(&net, VALIDATOR,
        &(struct api_case){"POST", "/disperse-data", JSON, "{}", 404, "", false}, 1);
}

/* What only validators have (node contract 2.2). */
static const struct api_case not_of_executors[] = {
    {"GET", "/cryptarchia/lib-stream", NULL, NULL, 404, "", false},
    {"GET", "/mantle/sdp/declarations", NULL, NULL, 404, "", true},
    {"GET", "/wallet/" ZERO "/balance", NULL, NULL, 404, "no such path", false},
    {"POST", "/wallet/transactions/transfer-funds", JSON, "{}", 404, "", false},
};

static void an_executor_lacks_what_only_validators_have(void **state)
{
    (void)state;
    check_cases(
        &net, EXECUTOR, not_of_executors, sizeof(not_of_executors) / sizeof(*not_of_executors));
}

/* --- dispersal -------------------------------------------------------------------------------- */

#define DISPERSAL(data)                                                                            \
    "{\"channel_id\":\"" ZERO "\",\"parent_msg_id\":\"" ZERO "\",\"signer\":\"" ZERO               \
    "\",\"data\":" data "}"

static const struct api_case dispersals[] = {
    {"POST", "/disperse-data", JSON, DISPERSAL("[]"), 500, "Failed to disperse data", false},
    {"POST", "/disperse-data", JSON, DISPERSAL(FEW ""), 200, "[", false},
    {"POST", "/disperse-data", JSON, DISPERSAL(ZEROS), 500, "Failed to disperse data", false},
    {"POST", "/disperse-data", JSON, DISPERSAL("[256]"), 422, "data", false},
    {"POST", "/disperse-data", JSON, DISPERSAL("[-1]"), 422, "data", false},
    {"POST", "/disperse-data", JSON, DISPERSAL("[1.5]"), 422, "data", false},
    {"POST", "/disperse-data", JSON, DISPERSAL("\"AAAA\""), 422, "data", false},
    {"POST", "/disperse-data", JSON, DISPERSAL("null"), 422, "data", false},
    {"POST", "/disperse-data", JSON,
        "{\"channel_id\":\"12\",\"parent_msg_id\":\"" ZERO "\",\"signer\":\"" ZERO
        "\",\"data\":[]}",
        422, "channel_id", false},
    {"POST", "/disperse-data", JSON,
        "{\"channel_id\":\"" ZERO "\",\"signer\":\"" ZERO "\",\"data\":[]}", 422, "parent_msg_id",
        false},
};

static void a_dispersal_is_what_the_contract_says_or_refused(void **state)
{
    (void)state;
    check_cases(&net, EXECUTOR, dispersals, sizeof(dispersals) / sizeof(*dispersals));
}

static void data_beyond_the_limit_is_500(void **state)
{
    struct da_dispersal dispersal = {.size = DA_DATA_MAX + DA_CHUNK_SIZE};
    struct text body = {.bytes = NULL};

    (void)state;
    dispersal.data = calloc(1, dispersal.size);
    assert_non_null(dispersal.data);
    da_dispersal_write_json(&body, &dispersal);
    struct reply reply = testnet_post(&net, EXECUTOR, "/disperse-data", body.bytes);
    assert_int_equal(reply.status, 500);
    assert_memory_equal(reply.body, "Failed to disperse data: ", 25);
    reply_done(&reply);
    text_done(&body);
    free(dispersal.data);
}

static void the_largest_blob_goes_all_the_way(void **state)
{
    struct da_dispersal dispersal = {.size = DA_DATA_MAX};
    struct testnet_blob blob = {.size = 0};
    struct text body = {.bytes = NULL};

    (void)state;
    dispersal.data = calloc(1, dispersal.size);
    assert_non_null(dispersal.data);
    for (size_t i = 0; i < dispersal.size; i++)
        dispersal.data[i] = (uint8_t)(i * i >> 3);
    memset(dispersal.context.channel.bytes, 0x77, 32);
    da_dispersal_write_json(&body, &dispersal);
    struct reply reply = testnet_post(&net, EXECUTOR, "/disperse-data", body.bytes);
    assert_int_equal(reply.status, 200);
    assert_int_equal(da_blob_id_parse_json(reply.body, reply.size, &blob.id, NULL), NOMOS_OK);
    reply_done(&reply);
    text_done(&body);
    assert_true(testnet_wait_blob(&net, VALIDATOR, &blob.id));
    assert_true(
        testnet_columns(&net, VALIDATOR, &blob) > 0 || testnet_columns(&net, EXECUTOR, &blob) > 0);
    free(dispersal.data);
}

static void the_same_message_twice_is_one_blob(void **state)
{
    struct testnet_blob blob;
    struct da_dispersal dispersal;
    struct text body = {.bytes = NULL};
    struct bytes32 again;

    (void)state;
    testnet_disperse(&net, EXECUTOR, 2, &blob);
    assert_int_equal(blob.status, 200);
    dispersal = (struct da_dispersal){.context = {.channel = blob.channel},
        .signer = {{9}}, /* not looked at */
        .data = blob.data,
        .size = blob.size};
    da_dispersal_write_json(&body, &dispersal);
    struct reply reply = testnet_post(&net, EXECUTOR, "/disperse-data", body.bytes);
    assert_int_equal(reply.status, 200);
    assert_int_equal(da_blob_id_parse_json(reply.body, reply.size, &again, NULL), NOMOS_OK);
    assert_memory_equal(again.bytes, blob.id.bytes, 32);
    reply_done(&reply);
    text_done(&body);
    assert_true(testnet_wait_blob(&net, VALIDATOR, &blob.id));
}

static void misbehave(size_t node, const char *name)
{
    char body[80];

    (void)snprintf(body, sizeof(body), "{\"name\":\"%s\"}", name);
    struct reply reply = testnet_misbehave(&net, node, body);
    assert_int_equal(reply.status, 200);
    reply_done(&reply);
}

static void a_dispersal_that_nobody_takes_is_500(void **state)
{
    struct da_dispersal dispersal = {.size = 0};
    struct text body = {.bytes = NULL};
    uint8_t data[31] = {1};

    (void)state;
    misbehave(VALIDATOR, "refuse-columns");
    misbehave(EXECUTOR, "refuse-columns");
    dispersal.data = data;
    dispersal.size = sizeof(data);
    da_dispersal_write_json(&body, &dispersal);
    struct reply reply = testnet_post(&net, EXECUTOR, "/disperse-data", body.bytes);
    assert_int_equal(reply.status, 500);
    assert_string_equal(reply.body, "Failed to disperse data: Retry limit reached");
    reply_done(&reply);
    misbehave(VALIDATOR, "none");
    misbehave(EXECUTOR, "none");
    text_done(&body);
}

static void a_dispersal_that_takes_too_long_is_408(void **state)
{
    struct da_dispersal dispersal = {.size = 0};
    struct text body = {.bytes = NULL};
    uint8_t data[31] = {2};

    (void)state;
    /* A stopped process answers no more: its columns wait for longer than the two seconds that HTTP
       gives an answer. */
    dispersal.data = data;
    dispersal.size = sizeof(data);
    misbehave(EXECUTOR, "refuse-columns"); /* its own part would be done at once */
    assert_int_equal(kill(net.nodes[VALIDATOR].pid, SIGSTOP), 0);
    da_dispersal_write_json(&body, &dispersal);
    struct reply reply = testnet_post(&net, EXECUTOR, "/disperse-data", body.bytes);
    assert_int_equal(kill(net.nodes[VALIDATOR].pid, SIGCONT), 0);
    assert_int_equal(reply.status, 408);
    reply_done(&reply);
    misbehave(EXECUTOR, "none");
    reply = testnet_get(&net, EXECUTOR, "/cryptarchia/info");
    assert_int_equal(reply.status, 200);
    reply_done(&reply);
    text_done(&body);
}

static void a_client_that_leaves_does_not_stop_its_dispersal(void **state)
{
    struct testnet_blob blob;
    struct da_dispersal dispersal;
    struct text body = {.bytes = NULL};
    struct da_blob encoded;

    (void)state;
    memset(&blob, 0, sizeof(blob));
    blob.size = 62;
    memset(blob.channel.bytes, 0x55, 32);
    dispersal = (struct da_dispersal){
        .context = {.channel = blob.channel}, .data = blob.data, .size = blob.size};
    const struct da_source source = {
        .context = dispersal.context, .data = blob.data, .size = blob.size, .columns = 2};
    assert_int_equal(da_encode(&source, &encoded, NULL), NOMOS_OK);
    da_dispersal_write_json(&body, &dispersal);
    for (size_t i = 0; i < 5; i++) {
        int fd = raw_open(&net, EXECUTOR, false);

        raw_post(fd, "/disperse-data", body.bytes);
        (void)close(fd);
    }
    assert_true(testnet_wait_blob(&net, VALIDATOR, &encoded.id));
    da_blob_done(&encoded);
    text_done(&body);
}

/* --- columns ---------------------------------------------------------------------------------- */

static void a_share_is_added_when_it_is_true(void **state)
{
    uint8_t data[62] = {3};
    const struct da_source source = {.data = data, .size = sizeof(data), .columns = 2};
    struct text body = {.bytes = NULL};
    struct da_blob encoded;
    struct testnet_blob blob = {.size = sizeof(data)};

    (void)state;
    assert_int_equal(da_encode(&source, &encoded, NULL), NOMOS_OK);
    struct da_share share = {.header = encoded.header, .column = da_blob_column(&encoded, 1)};
    blob.id = encoded.id;
    memcpy(blob.data, data, sizeof(data));
    da_share_write_json(&body, &share);
    check_cases(&net, VALIDATOR,
        (const struct api_case[]){{"POST", "/da/add-share", JSON, body.bytes, 200, "null", false},
            {"POST", "/da/add-share", JSON, body.bytes, 200, "null", false}},
        2);
    check_cases(&net, WITHOUT,
        &(struct api_case){
            "POST", "/da/add-share", JSON, body.bytes, 500, "no data availability", false},
        1);
    assert_int_equal(testnet_columns(&net, VALIDATOR, &blob), 1);
    assert_true(testnet_read(&net, VALIDATOR, VALIDATOR, &blob));
    text_clear(&body);
    share.column = da_blob_column(&encoded, 0);
    share.column.index = 1; /* another column's proof */
    da_share_write_json(&body, &share);
    check_cases(&net, VALIDATOR,
        &(struct api_case){"POST", "/da/add-share", JSON, body.bytes, 500, "column", false}, 1);
    assert_int_equal(testnet_columns(&net, VALIDATOR, &blob), 1);
    text_done(&body);
    da_blob_done(&encoded);
}

static size_t count_lines(const char *path, const struct da_sampling_wish *wish)
{
    struct text body = {.bytes = NULL};
    size_t lines = 0;

    da_sampling_wish_write_json(&body, wish);
    struct reply reply = testnet_call(&net, VALIDATOR, false, "GET", path, JSON, body.bytes);
    assert_int_equal(reply.status, 200);
    assert_string_equal(reply.type, JSON);
    for (const char *at = reply.body; *at; at++)
        lines += *at == '\n';
    reply_done(&reply);
    text_done(&body);
    return lines;
}

static void only_the_columns_asked_for_are_served(void **state)
{
    uint8_t data[62] = {4};
    const struct da_source source = {.data = data, .size = sizeof(data), .columns = 8};
    struct text body = {.bytes = NULL};
    struct da_sampling_wish wish = {.is_available_wanted = true};
    struct da_blob encoded;

    (void)state;
    assert_int_equal(da_encode(&source, &encoded, NULL), NOMOS_OK);
    for (uint32_t column = 0; column < 8; column += 2) {
        const struct da_share share = {
            .header = encoded.header, .column = da_blob_column(&encoded, column)};

        da_share_write_json(&body, &share);
        struct reply reply = testnet_post(&net, VALIDATOR, "/da/add-share", body.bytes);
        assert_int_equal(reply.status, 200);
        reply_done(&reply);
        text_clear(&body);
    }
    wish.blob_id = encoded.id;
    assert_int_equal(count_lines("/da/sampling/shares", &wish), 4);
    wish.is_filtered[0] = true;
    wish.is_filtered[1] = true;
    assert_int_equal(count_lines("/da/sampling/shares", &wish), 3);
    wish.is_named[0] = true;
    assert_int_equal(count_lines("/da/sampling/shares", &wish), 4);
    wish.is_available_wanted = false;
    assert_int_equal(count_lines("/da/sampling/shares", &wish), 1);
    wish.is_named[7] = true; /* not here */
    assert_int_equal(count_lines("/da/sampling/shares", &wish), 1);
    da_blob_done(&encoded);
    text_done(&body);
}

static void too_many_blobs_for_historic_sampling_are_422(void **state)
{
    struct text body = {.bytes = NULL};

    (void)state;
    text_add(&body, "{\"block_id\":\"" ZERO "\",\"blob_ids\":[");
    for (size_t i = 0; i < 1025; i++)
        text_add(&body, i ? ",[" ZEROS ",0]" : "[" ZEROS ",0]");
    text_add(&body, "]}");
    check_cases(&net, VALIDATOR,
        &(struct api_case){
            "POST", "/test/da/historic-sampling", JSON, body.bytes, 422, "1024", true},
        1);
    text_done(&body);
}

/* One more than any test would block is told so, and blocks nobody. */
static void more_blocked_peers_than_there_is_room_for_are_500(void **state)
{
    int fd = raw_open(&net, EXECUTOR, false);
    char body[PEER_ID_SIZE + 2];
    char id[PEER_ID_SIZE];

    (void)state;
    for (uint32_t i = 0; i <= DA_BLOCKED_MAX; i++) {
        struct bytes32 key = {{0x77}};

        memcpy(key.bytes + 1, &i, sizeof(i));
        peer_id_write(&key, id);
        (void)snprintf(body, sizeof(body), "\"%s\"", id);
        raw_post(fd, "/da/block-peer", body);
        assert_int_equal(raw_status(fd), i < DA_BLOCKED_MAX ? 200 : 500);
    }
    (void)close(fd);
    check_cases(&net, EXECUTOR,
        (const struct api_case[]){
            {"POST", "/da/block-peer", JSON, body, 500, "4096 peers are blocked already", false},
            {"POST", "/da/unblock-peer", JSON, body, 200, "false", false}},
        2);
}

#define BURST 12

/* Questions that nobody answers wait, and so there are many at once: there is room for eight times
   1024. Last, for they go on for some seconds. */
static void more_historic_sampling_than_there_is_room_for_is_500(void **state)
{
    int fds[BURST];
    struct text body = {.bytes = NULL};
    size_t refused = 0;

    (void)state;
    misbehave(VALIDATOR, "ignore-peers");
    text_add(&body, "{\"block_id\":\"" ZERO "\",\"blob_ids\":[");
    for (size_t i = 0; i < 1024; i++)
        text_add(&body, i ? ",[" ZEROS ",0]" : "[" ZEROS ",0]");
    text_add(&body, "]}");
    for (size_t i = 0; i < BURST; i++) {
        fds[i] = raw_open(&net, EXECUTOR, true);
        raw_post(fds[i], "/test/da/historic-sampling", body.bytes);
    }
    for (size_t i = 0; i < BURST; i++) {
        int status = raw_status(fds[i]);

        /* The others are found nowhere (200, false), or it takes too long to see that. */
        if (status != 500 && status != 408 && status != 200)
            fail_msg("status %d", status);
        refused += status == 500;
        (void)close(fds[i]);
    }
    assert_in_range(refused, 1, BURST - 1);
    text_done(&body);
}

static void a_wrong_configuration_names_the_key(void **state)
{
    static const struct {
        const char *line;
        const char *reason;
    } wrong[] = {
        {"da_network: {backend: {}, membership: {subnetwork_size: 1, replication_factor: 1}}",
            "listening_address"},
        {"da_network: {backend: {listening_address: nowhere}, membership: {subnetwork_size: 1, "
         "replication_factor: 1}}",
            "listening_address"},
        {"da_network: {backend: {listening_address: /ip4/127.0.0.1/udp/1/quic-v1}}",
            "subnetwork_size"},
        {"da_network: {backend: {listening_address: /ip4/127.0.0.1/udp/0/quic-v1}, membership: "
         "{subnetwork_size: 0, replication_factor: 1}}",
            "port"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
        char log[4096] = "";

        (void)testnet_stop(&net, WITHOUT, SIGKILL);
        testnet_rewrite(&net, WITHOUT);
        testnet_edit(&net, WITHOUT, "da_network:", wrong[i].line);
        (void)truncate(net.nodes[WITHOUT].log_path, 0);
        testnet_spawn(&net, WITHOUT, NULL);
        int status = testnet_wait(&net, WITHOUT);
        assert_int_not_equal(status, 0);
        FILE *file = fopen(net.nodes[WITHOUT].log_path, "re");
        assert_non_null(file);
        (void)fread(log, 1, sizeof(log) - 1, file);
        (void)fclose(file);
        if (!strstr(log, wrong[i].reason))
            fail_msg("case %zu: %s", i, log);
        testnet_rewrite(&net, WITHOUT);
        testnet_edit(&net, WITHOUT, "da_network:", "unknown: {}");
        testnet_start(&net, WITHOUT, NULL);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_case_of_the_table_has_its_status),
        cmocka_unit_test(every_route_refuses_what_all_refuse),
        cmocka_unit_test(a_node_answers_for_what_it_is_configured_with),
        cmocka_unit_test(an_executor_lacks_what_only_validators_have),
        cmocka_unit_test(a_dispersal_is_what_the_contract_says_or_refused),
        cmocka_unit_test(data_beyond_the_limit_is_500),
        cmocka_unit_test(the_largest_blob_goes_all_the_way),
        cmocka_unit_test(the_same_message_twice_is_one_blob),
        cmocka_unit_test(a_dispersal_that_nobody_takes_is_500),
        cmocka_unit_test(a_dispersal_that_takes_too_long_is_408),
        cmocka_unit_test(a_client_that_leaves_does_not_stop_its_dispersal),
        cmocka_unit_test(a_share_is_added_when_it_is_true),
        cmocka_unit_test(only_the_columns_asked_for_are_served),
        cmocka_unit_test(too_many_blobs_for_historic_sampling_are_422),
        cmocka_unit_test(a_wrong_configuration_names_the_key),
        cmocka_unit_test(more_blocked_peers_than_there_is_room_for_are_500),
        cmocka_unit_test(more_historic_sampling_than_there_is_room_for_is_500),
    };

    return cmocka_run_group_tests(tests, start_nodes, stop_all);
}

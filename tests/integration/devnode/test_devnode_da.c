/* Data availability on real nodes: three validators and two executors, blobs of four columns (any
   two of which give the data), dispersed, included, read back; peers blocked; nodes misbehaving,
   killed and catching up. */
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>
#include <json-c/json.h>

#include "nomos/da_request.h"
#include "nomos/da_share.h"
#include "testnet.h"
#include "testnet_raw.h"

#define JSON  "application/json"
#define NODES 5

static struct testnet net;

static int start_five_nodes(void **state)
{
    const struct testnet_params params = {.node_count = NODES,
        .slot_ms = 200,
        .wallet_count = 30,
        .security_param = 10,
        .executor_count = 2,
        .columns = 4};

    (void)state;
    testnet_init(&net, &params);
    for (size_t i = 0; i < NODES; i++)
        testnet_start(&net, i, NULL);
    for (size_t i = 0; i < NODES; i++)
        assert_true(testnet_wait_height(&net, i, 1));
    return 0;
}

static int stop_all(void **state)
{
    (void)state;
    testnet_done(&net);
    return 0;
}

static void a_blob_is_in_a_block_of_every_node_and_reads_back(void **state)
{
    struct testnet_blob blob;

    (void)state;
    testnet_disperse(&net, 3, 8, &blob);
    assert_int_equal(blob.status, 200);
    for (size_t i = 0; i < NODES; i++)
        assert_true(testnet_wait_blob(&net, i, &blob.id));
    assert_true(testnet_read(&net, 0, NODES - 1, &blob));
}

/* --- asking ----------------------------------------------------------------------------------- */

static struct json_object *get_json(size_t node, bool is_testing, const char *path)
{
    struct reply reply = testnet_call(&net, node, is_testing, "GET", path, NULL, NULL);
    struct json_object *json = json_tokener_parse(reply.body);

    assert_int_equal(reply.status, 200);
    reply_done(&reply);
    return json;
}

static struct json_object *membership_of(size_t node)
{
    struct reply reply = testnet_call(&net, node, true, "POST", "/test/da/membership", JSON, "0");
    struct json_object *json = json_tokener_parse(reply.body);

    assert_int_equal(reply.status, 200);
    reply_done(&reply);
    return json;
}

/* The node that is the nth member of a column's subnetwork. */
static size_t holder(uint32_t column, size_t n)
{
    struct json_object *membership = membership_of(0);
    char subnet[12];
    size_t found = NODES;

    (void)snprintf(subnet, sizeof(subnet), "%u", column);
    struct json_object *members =
        json_object_object_get(json_object_object_get(membership, "assignations"), subnet);
    for (size_t i = 0; i < NODES; i++) {
        char name[PEER_ID_SIZE];

        testnet_peer_id(&net, i, name);
        if (strcmp(json_object_get_string(json_object_array_get_idx(members, n)), name) == 0)
            found = i;
    }
    json_object_put(membership);
    assert_true(found < NODES);
    return found;
}

/* The first validator that keeps some column, and how many columns it keeps. */
static size_t some_holder(size_t *out_columns)
{
    size_t columns[NODES] = {0};

    for (uint32_t column = 0; column < 4; column++) {
        for (size_t n = 0; n < 2; n++)
            columns[holder(column, n)]++;
    }
    for (size_t i = 0; i < 3; i++) {
        if (columns[i]) {
            *out_columns = columns[i];
            return i;
        }
    }
    fail_msg("no validator keeps a column");
    return 0;
}

static bool post_peer(size_t node, const char *path, size_t peer)
{
    char name[PEER_ID_SIZE];
    char body[PEER_ID_SIZE + 2];
    bool has_changed;

    testnet_peer_id(&net, peer, name);
    (void)snprintf(body, sizeof(body), "\"%s\"", name);
    struct reply reply = testnet_post(&net, node, path, body);
    assert_int_equal(reply.status, 200);
    has_changed = strcmp(reply.body, "true") == 0;
    reply_done(&reply);
    return has_changed;
}

static void misbehave(size_t node, const char *name)
{
    char body[80];

    (void)snprintf(body, sizeof(body), "{\"name\":\"%s\"}", name);
    struct reply reply = testnet_misbehave(&net, node, body);
    assert_int_equal(reply.status, 200);
    reply_done(&reply);
}

/* Connections that a node's balancer tells of, to all subnetworks together. */
static uint64_t connections_of(size_t node)
{
    struct json_object *stats = get_json(node, false, "/da/balancer-stats");
    uint64_t count = 0;

    assert_int_equal(json_object_object_length(stats), NODES);
    for (unsigned i = 0; i < NODES; i++) {
        char subnet[12];

        (void)snprintf(subnet, sizeof(subnet), "%u", i);
        struct json_object *balance = json_object_object_get(stats, subnet);
        count += json_object_get_uint64(json_object_object_get(balance, "inbound")) +
            json_object_get_uint64(json_object_object_get(balance, "outbound"));
    }
    json_object_put(stats);
    return count;
}

/* Whether the monitor of `node` lists `peer`, which it does while it is connected. */
static bool lists(size_t node, size_t peer)
{
    struct json_object *stats = get_json(node, false, "/da/monitor-stats");
    char name[PEER_ID_SIZE];

    testnet_peer_id(&net, peer, name);
    bool is_there = json_object_object_get(stats, name) != NULL;
    json_object_put(stats);
    return is_there;
}

static bool is_blacklisted(size_t by_node, size_t peer)
{
    struct reply reply = testnet_get(&net, by_node, "/da/blacklisted-peers");
    char name[PEER_ID_SIZE];

    testnet_peer_id(&net, peer, name);
    bool is_there = reply.status == 200 && strstr(reply.body, name);
    reply_done(&reply);
    return is_there;
}

static bool sample_historically(size_t node, const struct bytes32 *blob, unsigned session)
{
    struct text body = {.bytes = NULL};
    bool is_there;

    text_add(&body, "{\"block_id\":\"");
    text_add_hex(&body, blob->bytes, 32); /* any block will do */
    text_add(&body, "\",\"blob_ids\":[[");
    text_add_numbers(&body, blob->bytes, 32);
    text_add(&body, ",");
    text_add_u64(&body, session);
    text_add(&body, "]]}");
    struct reply reply =
        testnet_call(&net, node, true, "POST", "/test/da/historic-sampling", JSON, body.bytes);
    assert_int_equal(reply.status, 200);
    is_there = strcmp(reply.body, "true") == 0;
    reply_done(&reply);
    text_done(&body);
    return is_there;
}

static uint64_t height_of(size_t node)
{
    struct testnet_info info;

    assert_true(testnet_info(&net, node, &info));
    return info.height;
}

static void disperse_well(size_t node, struct testnet_blob *out)
{
    testnet_disperse(&net, node, 4, out);
    assert_int_equal(out->status, 200);
}

struct columns {
    size_t node;
    const struct testnet_blob *blob;
    int count;
};

static bool has_columns(void *self)
{
    const struct columns *columns = self;

    return testnet_columns(&net, columns->node, columns->blob) == columns->count;
}

static bool wait_columns(size_t node, const struct testnet_blob *blob, size_t count)
{
    struct columns columns = {.node = node, .blob = blob, .count = (int)count};

    return testnet_until(has_columns, &columns);
}

/* --- when all is well ------------------------------------------------------------------------- */

static void all_nodes_know_the_same_members(void **state)
{
    struct json_object *first = membership_of(0);
    struct json_object *book = json_object_object_get(first, "addressbook");

    (void)state;
    assert_int_equal(
        json_object_object_length(json_object_object_get(first, "assignations")), NODES);
    assert_int_equal(json_object_object_length(book), NODES);
    for (size_t i = 0; i < NODES; i++) {
        struct json_object *other = membership_of(i);
        char name[PEER_ID_SIZE];
        char locator[64];

        assert_string_equal(json_object_to_json_string(first), json_object_to_json_string(other));
        json_object_put(other);
        testnet_peer_id(&net, i, name);
        (void)snprintf(
            locator, sizeof(locator), "/ip4/127.0.0.1/udp/%u/quic-v1", net.nodes[i].da_port);
        assert_string_equal(json_object_get_string(json_object_object_get(book, name)), locator);
    }
    json_object_put(first);
}

static void each_member_serves_the_columns_of_its_subnetworks(void **state)
{
    struct testnet_blob blob;

    (void)state;
    disperse_well(4, &blob);
    for (size_t i = 0; i < NODES; i++) {
        size_t expected = 0;

        for (uint32_t column = 0; column < 4; column++)
            expected += holder(column, 0) == i || holder(column, 1) == i;
        assert_true(wait_columns(i, &blob, expected));
    }
    /* Any two columns give the data: those of one subnetwork's member and another's. */
    assert_true(testnet_wait_blob(&net, 0, &blob.id));
    assert_true(testnet_read(&net, 0, 2, &blob));
}

static void a_blob_can_be_sampled_again_and_its_commitments_asked_for(void **state)
{
    const struct bytes32 nothing = {{1}};
    struct da_commitments_wish wish = {.session = 0};
    struct text body = {.bytes = NULL};
    struct testnet_blob blob;
    struct da_header header;

    (void)state;
    disperse_well(3, &blob);
    assert_true(testnet_wait_blob(&net, 0, &blob.id));
    for (size_t i = 0; i < NODES; i++) {
        assert_true(sample_historically(i, &blob.id, 0));
        assert_false(sample_historically(i, &blob.id, 1));
        wish.blob_id = blob.id;
        da_commitments_wish_write_json(&body, &wish);
        struct reply reply = testnet_post(&net, i, "/da/get-commitments", body.bytes);
        assert_int_equal(
            da_commitments_parse_json(reply.body, reply.size, &header, NULL), NOMOS_OK);
        reply_done(&reply);
        text_clear(&body);
    }
    assert_false(sample_historically(0, &nothing, 0));
    wish.blob_id = nothing;
    da_commitments_wish_write_json(&body, &wish);
    struct reply reply = testnet_post(&net, 0, "/da/get-commitments", body.bytes);
    assert_string_equal(reply.body, "null");
    reply_done(&reply);
    text_done(&body);
}

/* --- blocked peers ---------------------------------------------------------------------------- */

static bool has_no_connection(void *self)
{
    const size_t *pair = self;
    return connections_of(pair[0]) == 0;
}

static bool is_connected_again(void *self)
{
    const size_t *pair = self;

    return lists(pair[0], pair[1]) && connections_of(pair[0]) > 0;
}

static void blocking_a_peer_stops_what_flows_and_unblocking_lets_it_flow(void **state)
{
    struct testnet_blob blob;
    size_t columns = 0;
    size_t blocked = some_holder(&columns);
    size_t pair[2] = {blocked, 3};

    (void)state;
    assert_true(connections_of(blocked) > 0);
    for (size_t i = 0; i < NODES; i++) {
        if (i == blocked)
            continue;
        assert_true(post_peer(i, "/da/block-peer", blocked));
        assert_false(post_peer(i, "/da/block-peer", blocked));
        assert_true(is_blacklisted(i, blocked));
    }
    assert_true(testnet_until(has_no_connection, pair));
    disperse_well(3, &blob);
    assert_true(testnet_wait_blob(&net, 3, &blob.id));
    assert_int_equal(testnet_columns(&net, blocked, &blob), 0);
    /* It cannot sample, so the block waits there. */
    assert_false(testnet_has_blob(&net, blocked, &blob.id));
    for (size_t i = 0; i < NODES; i++) {
        assert_int_equal(post_peer(i, "/da/unblock-peer", blocked), i != blocked);
        assert_false(is_blacklisted(i, blocked));
    }
    assert_true(testnet_until(is_connected_again, pair));
    assert_true(testnet_wait_blob(&net, blocked, &blob.id));
    /* What it missed, it fetches. */
    assert_true(wait_columns(blocked, &blob, columns));
}

/* --- misbehaving ------------------------------------------------------------------------------ */

static void a_validator_that_refuses_columns_serves_none(void **state)
{
    struct testnet_blob blob;
    size_t columns = 0;
    size_t refuser = some_holder(&columns);

    (void)state;
    misbehave(refuser, "refuse-columns");
    disperse_well(3, &blob);
    assert_true(testnet_wait_blob(&net, refuser, &blob.id));
    assert_true(testnet_wait_height(&net, refuser, height_of(refuser) + 15));
    assert_int_equal(testnet_columns(&net, refuser, &blob), 0);
    assert_true(testnet_read(&net, 0, NODES - 1, &blob));
    misbehave(refuser, "none");
    disperse_well(3, &blob);
    assert_true(wait_columns(refuser, &blob, columns));
}

static void corrupted_columns_do_not_read_back(void **state)
{
    struct testnet_blob blob;
    size_t columns = 0;
    size_t corrupter = some_holder(&columns);

    (void)state;
    disperse_well(4, &blob);
    assert_true(testnet_wait_blob(&net, 0, &blob.id));
    assert_true(testnet_read(&net, 0, NODES - 1, &blob));
    for (size_t i = 0; i < NODES; i++)
        misbehave(i, "serve-corrupted");
    assert_int_equal(testnet_columns(&net, corrupter, &blob), -1);
    assert_false(testnet_read(&net, 0, NODES - 1, &blob));
    for (size_t i = 0; i < NODES; i++)
        misbehave(i, "none");
    assert_true(testnet_read(&net, 0, NODES - 1, &blob));
}

static void dropped_shares_never_become_a_blob(void **state)
{
    struct testnet_blob blob;

    (void)state;
    misbehave(3, "drop-shares");
    disperse_well(3, &blob);
    assert_true(testnet_wait_height(&net, 0, height_of(0) + 10));
    for (size_t i = 0; i < NODES; i++) {
        assert_false(testnet_has_blob(&net, i, &blob.id));
        assert_int_equal(testnet_columns(&net, i, &blob), 0);
    }
    misbehave(3, "none");
}

static bool is_blocked_somewhere(void *self)
{
    const size_t *peer = self;

    for (size_t i = 0; i < 3; i++) {
        if (is_blacklisted(i, *peer))
            return true;
    }
    return false;
}

static void an_executor_of_corrupted_columns_is_blacklisted(void **state)
{
    struct testnet_blob blob;
    size_t executor = 4;

    (void)state;
    misbehave(executor, "corrupt-columns");
    disperse_well(executor, &blob);
    assert_true(testnet_until(is_blocked_somewhere, &executor));
    assert_true(testnet_wait_height(&net, 0, height_of(0) + 10));
    for (size_t i = 0; i < NODES; i++) {
        assert_false(testnet_has_blob(&net, i, &blob.id));
        assert_int_equal(testnet_columns(&net, i, &blob), 0);
    }
    misbehave(executor, "none");
    for (size_t i = 0; i < NODES; i++)
        (void)post_peer(i, "/da/unblock-peer", executor);
    /* The pause before dialling may have grown to two seconds. */
    for (size_t i = 0; i < 3; i++) {
        size_t pair[2] = {i, executor};

        if (lists(executor, i))
            assert_true(testnet_until(is_connected_again, pair));
    }
    disperse_well(executor, &blob);
    assert_true(testnet_wait_blob(&net, 0, &blob.id));
}

/* --- SIGKILL ---------------------------------------------------------------------------------- */

static void a_killed_node_comes_back_with_its_columns_and_catches_up(void **state)
{
    struct testnet_blob before;
    size_t columns = 0;
    size_t victim = some_holder(&columns);

    (void)state;
    disperse_well(3, &before);
    assert_true(wait_columns(victim, &before, columns));
    for (size_t round = 0; round < 4; round++) {
        struct testnet_blob during;

        /* Sometimes just after a dispersal, with blobs on their way into blocks; sometimes before
           one that it misses. */
        if (round % 2)
            disperse_well(3, &during);
        int status = testnet_stop(&net, victim, SIGKILL);
        assert_true(WIFSIGNALED(status));
        if (round % 2 == 0)
            disperse_well(3, &during);
        assert_true(testnet_wait_blob(&net, 3, &during.id));
        testnet_start(&net, victim, NULL);
        assert_int_equal(testnet_columns(&net, victim, &before), (int)columns);
        assert_true(testnet_wait_blob(&net, victim, &during.id));
        assert_true(wait_columns(victim, &during, columns));
        assert_true(testnet_read(&net, 0, NODES - 1, &during));
    }
}

/* Begins a dispersal whose answer nobody waits for. */
static int begin_dispersal(size_t node, uint8_t channel, struct da_blob *out_blob)
{
    static const uint8_t data[31 * 8] = {1, 2, 3};
    struct da_dispersal dispersal = {.data = (uint8_t *)(uintptr_t)data, .size = sizeof(data)};
    struct text body = {.bytes = NULL};
    int fd = raw_open(&net, node, false);

    memset(dispersal.context.channel.bytes, channel, 32);
    const struct da_source source = {
        .context = dispersal.context, .data = data, .size = sizeof(data), .columns = 4};
    assert_int_equal(da_encode(&source, out_blob, NULL), NOMOS_OK);
    da_dispersal_write_json(&body, &dispersal);
    raw_post(fd, "/disperse-data", body.bytes);
    text_done(&body);
    return fd;
}

static uint64_t refused_by_all(void)
{
    uint64_t refused = 0;

    for (size_t i = 0; i < 3; i++) {
        struct reply reply = testnet_get(&net, i, "/metrics");
        const char *line = strstr(reply.body, "\nda_columns_refused_total ");

        assert_non_null(line);
        refused += strtoull(line + strlen("\nda_columns_refused_total "), NULL, 10);
        reply_done(&reply);
    }
    return refused;
}

static bool has_begun(void *self)
{
    const uint64_t *before = self;

    return refused_by_all() > *before;
}

/* Whether all nodes have the same block just below the tip; asked anew as the tip moves on. */
static bool all_agree_lately(void *self)
{
    uint64_t height = height_of(0) - 3;
    char first[65];

    (void)self;
    if (!testnet_id_at(&net, 0, height, first))
        return false;
    for (size_t i = 1; i < NODES; i++) {
        char id[65];

        if (!testnet_id_at(&net, i, height, id) || strcmp(first, id) != 0)
            return false;
    }
    return true;
}

static void an_executor_killed_while_it_disperses_harms_nobody(void **state)
{
    struct testnet_blob blob;

    (void)state;
    for (uint8_t round = 0; round < 3; round++) {
        uint64_t before = refused_by_all();
        struct da_blob begun;
        int fd;

        /* Nobody takes columns, so the dispersal goes on until its retries are over. */
        for (size_t i = 0; i < NODES; i++)
            misbehave(i, "refuse-columns");
        fd = begin_dispersal(4, (uint8_t)(0x10 + round), &begun);
        assert_true(testnet_until(has_begun, &before));
        (void)testnet_stop(&net, 4, SIGKILL);
        (void)close(fd);
        da_blob_done(&begun);
        for (size_t i = 0; i + 1 < NODES; i++)
            misbehave(i, "none");
        testnet_start(&net, 4, NULL);
    }
    disperse_well(4, &blob);
    for (size_t i = 0; i < NODES; i++)
        assert_true(testnet_wait_blob(&net, i, &blob.id));
    assert_true(testnet_until(all_agree_lately, NULL));
}

/* Whether a blob is in a block of node 0, and if so reads back from all nodes. */
static bool is_lost_or_readable(const struct da_blob *blob)
{
    struct testnet_blob of_test = {.id = blob->id, .size = blob->header.data_size};

    memcpy(of_test.data, (const uint8_t[]){1, 2, 3}, 3);
    return !testnet_has_blob(&net, 0, &blob->id) || testnet_read(&net, 0, NODES - 1, &of_test);
}

static void whatever_moment_a_node_is_killed_in_a_blob_in_a_block_reads_back(void **state)
{
    uint64_t noise = 20251216;
    struct da_blob blobs[10];

    (void)state;
    print_message("noise %llu\n", (unsigned long long)noise);
    for (uint8_t round = 0; round < 10; round++) {
        noise = noise * 6364136223846793005u + 1442695040888963407u;
        size_t victim = (size_t)(noise >> 33) % NODES;
        int moment_ms = (int)(noise >> 40) % 120;
        int fd = begin_dispersal(3 + round % 2, (uint8_t)(0x20 + round), &blobs[round]);

        /* The moment itself is what is tried: there is no event to wait for. */
        (void)poll(NULL, 0, moment_ms);
        (void)testnet_stop(&net, victim, SIGKILL);
        (void)close(fd);
        testnet_start(&net, victim, NULL);
    }
    assert_true(testnet_until(all_agree_lately, NULL));
    for (size_t round = 0; round < 10; round++) {
        if (!is_lost_or_readable(&blobs[round]))
            fail_msg("the blob of round %zu is in a block and cannot be read", round);
        da_blob_done(&blobs[round]);
    }
}

static void all_nodes_killed_at_once_come_back_with_every_blob(void **state)
{
    struct testnet_blob blobs[3];

    (void)state;
    for (size_t i = 0; i < 3; i++)
        disperse_well(3 + i % 2, &blobs[i]);
    for (size_t i = 0; i < 3; i++)
        assert_true(testnet_wait_blob(&net, 0, &blobs[i].id));
    for (size_t i = 0; i < NODES; i++)
        (void)testnet_stop(&net, i, SIGKILL);
    for (size_t i = 0; i < NODES; i++)
        testnet_start(&net, i, NULL);
    for (size_t i = 0; i < 3; i++) {
        assert_true(testnet_has_blob(&net, 0, &blobs[i].id));
        assert_true(testnet_read(&net, 0, NODES - 1, &blobs[i]));
    }
    uint64_t height = height_of(0);
    assert_true(testnet_wait_height(&net, 0, height + 3));
    disperse_well(4, &blobs[0]);
    assert_true(testnet_wait_blob(&net, 1, &blobs[0].id));
}

static void what_happens_is_counted(void **state)
{
    struct reply reply = testnet_get(&net, 3, "/metrics");

    (void)state;
    assert_non_null(strstr(reply.body, "\nda_blobs_dispersed_total "));
    assert_non_null(strstr(reply.body, "\nda_blobs_sampled_total "));
    assert_non_null(strstr(reply.body, "\nda_connections "));
    reply_done(&reply);
}

/* With a leak checker, also that nothing was left behind. */
static void interrupted_nodes_end_well_with_work_under_way(void **state)
{
    struct da_blob begun[2];
    uint64_t before = refused_by_all();
    int fds[2];

    (void)state;
    for (size_t i = 0; i < NODES; i++)
        misbehave(i, "refuse-columns");
    for (size_t i = 0; i < 2; i++)
        fds[i] = begin_dispersal(3 + i, (uint8_t)(0x40 + i), &begun[i]);
    assert_true(testnet_until(has_begun, &before));
    for (size_t i = NODES; i-- > 0;) {
        int status = testnet_stop(&net, i, SIGINT);

        assert_true(WIFEXITED(status));
        assert_int_equal(WEXITSTATUS(status), 0);
    }
    for (size_t i = 0; i < 2; i++) {
        (void)close(fds[i]);
        da_blob_done(&begun[i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_blob_is_in_a_block_of_every_node_and_reads_back),
        cmocka_unit_test(all_nodes_know_the_same_members),
        cmocka_unit_test(each_member_serves_the_columns_of_its_subnetworks),
        cmocka_unit_test(a_blob_can_be_sampled_again_and_its_commitments_asked_for),
        cmocka_unit_test(blocking_a_peer_stops_what_flows_and_unblocking_lets_it_flow),
        cmocka_unit_test(a_validator_that_refuses_columns_serves_none),
        cmocka_unit_test(corrupted_columns_do_not_read_back),
        cmocka_unit_test(dropped_shares_never_become_a_blob),
        cmocka_unit_test(an_executor_of_corrupted_columns_is_blacklisted),
        cmocka_unit_test(a_killed_node_comes_back_with_its_columns_and_catches_up),
        cmocka_unit_test(an_executor_killed_while_it_disperses_harms_nobody),
        cmocka_unit_test(whatever_moment_a_node_is_killed_in_a_blob_in_a_block_reads_back),
        cmocka_unit_test(all_nodes_killed_at_once_come_back_with_every_blob),
        cmocka_unit_test(what_happens_is_counted),
        cmocka_unit_test(interrupted_nodes_end_well_with_work_under_way),
    };

    return cmocka_run_group_tests(tests, start_five_nodes, stop_all);
}

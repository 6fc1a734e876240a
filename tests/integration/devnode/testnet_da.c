/* The part of testnet.h about data. */
#include "testnet.h"

#include <json-c/json.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "nomos/da_request.h"
#include "nomos/da_share.h"

#define JSON "application/json"

/* Different for every blob of a program, the same in every run of it. */
static uint64_t next_number(void)
{
    static uint64_t noise = 7;

    noise = noise * 6364136223846793005u + 1442695040888963407u;
    return noise >> 33;
}

void testnet_disperse(struct testnet *net, size_t node, size_t chunks, struct testnet_blob *out)
{
    struct da_dispersal dispersal = {.data = out->data, .size = chunks * DA_CHUNK_SIZE};
    struct text body = {.bytes = NULL};
    struct reply reply;

    memset(out, 0, sizeof(*out));
    assert_true(dispersal.size <= sizeof(out->data));
    out->size = dispersal.size;
    for (size_t i = 0; i < out->size; i++)
        out->data[i] = (uint8_t)next_number();
    for (size_t i = 0; i < 32; i++)
        out->channel.bytes[i] = (uint8_t)next_number();
    dispersal.context.channel = out->channel;
    da_dispersal_write_json(&body, &dispersal);
    reply = testnet_post(net, node, "/disperse-data", body.bytes);
    out->status = reply.status;
    if (reply.status == 200)
        assert_int_equal(da_blob_id_parse_json(reply.body, reply.size, &out->id, NULL), NOMOS_OK);
    reply_done(&reply);
    text_done(&body);
}

bool testnet_has_blob(struct testnet *net, size_t node, const struct bytes32 *id)
{
    struct text wanted = {.bytes = NULL};
    struct testnet_info info;
    char path[128];
    bool is_there;

    if (!testnet_info(net, node, &info))
        return false;
    (void)snprintf(path, sizeof(path), "/cryptarchia/blocks?slot_from=%llu&slot_to=%llu",
        (unsigned long long)(info.slot > 400 ? info.slot - 400 : 0), (unsigned long long)info.slot);
    struct reply reply = testnet_get(net, node, path);
    text_add(&wanted, "\"blob\":");
    text_add_numbers(&wanted, id->bytes, sizeof(id->bytes));
    is_there = reply.status == 200 && strstr(reply.body, wanted.bytes);
    text_done(&wanted);
    reply_done(&reply);
    return is_there;
}

struct waiting {
    struct testnet *net;
    size_t node;
    const struct bytes32 *id;
};

static bool has_blob(void *self)
{
    const struct waiting *waiting = self;

    return testnet_has_blob(waiting->net, waiting->node, waiting->id);
}

bool testnet_wait_blob(struct testnet *net, size_t node, const struct bytes32 *id)
{
    struct waiting waiting = {.net = net, .node = node, .id = id};

    return testnet_until(has_blob, &waiting);
}

static bool read_header(
    struct testnet *net, size_t node, const struct bytes32 *id, struct da_header *out)
{
    const struct da_commitments_wish wish = {.blob_id = *id};
    struct text body = {.bytes = NULL};
    bool is_there;

    da_commitments_wish_write_json(&body, &wish);
    struct reply reply =
        testnet_call(net, node, false, "GET", "/da/get-storage-commitments", JSON, body.bytes);
    assert_int_equal(reply.status, 200);
    is_there = strcmp(reply.body, "null") != 0;
    if (is_there) {
        assert_int_equal(da_commitments_parse_json(reply.body, reply.size, out, NULL), NOMOS_OK);
        struct bytes32 computed = da_blob_id(out);
        assert_memory_equal(computed.bytes, id->bytes, 32);
    }
    reply_done(&reply);
    text_done(&body);
    return is_there;
}

/* The columns that a node serves; how many. */
static size_t read_columns(struct testnet *net, size_t node, const struct bytes32 *id,
    struct da_column out[DA_COLUMNS_MAX])
{
    struct da_sampling_wish wish = {.blob_id = *id, .is_available_wanted = true};
    struct text body = {.bytes = NULL};
    size_t count = 0;

    da_sampling_wish_write_json(&body, &wish);
    struct reply reply =
        testnet_call(net, node, false, "GET", "/da/sampling/shares", JSON, body.bytes);
    assert_int_equal(reply.status, 200);
    for (const char *at = reply.body; *at;) {
        size_t length = strcspn(at, "\n");

        assert_true(count < DA_COLUMNS_MAX);
        assert_int_equal(da_column_parse_json(at, length, &out[count++], NULL), NOMOS_OK);
        at += length + (at[length] == '\n');
    }
    reply_done(&reply);
    text_done(&body);
    return count;
}

int testnet_columns(struct testnet *net, size_t node, const struct testnet_blob *blob)
{
    struct da_column columns[DA_COLUMNS_MAX];
    struct da_header header;
    size_t count;
    int good = 0;

    if (!read_header(net, node, &blob->id, &header))
        return 0;
    count = read_columns(net, node, &blob->id, columns);
    for (size_t i = 0; i < count; i++) {
        if (good >= 0)
            good = da_column_check(&header, &columns[i], NULL) == NOMOS_OK ? good + 1 : -1;
        da_column_done(&columns[i]);
    }
    return good;
}

bool testnet_read(struct testnet *net, size_t first, size_t last, const struct testnet_blob *blob)
{
    static struct da_column columns[DA_COLUMNS_MAX * TESTNET_NODES_MAX];
    uint8_t data[sizeof(blob->data)];
    struct da_header header = {.rows = 0};
    struct da_pieces pieces = {.header = &header, .columns = columns};
    bool is_there[DA_COLUMNS_MAX] = {false};
    bool is_read = false;

    for (size_t node = first; node <= last; node++) {
        struct da_column served[DA_COLUMNS_MAX];
        size_t count;

        if (!read_header(net, node, &blob->id, &header))
            continue;
        count = read_columns(net, node, &blob->id, served);
        for (size_t i = 0; i < count; i++) {
            if (is_there[served[i].index])
                da_column_done(&served[i]);
            else
                columns[pieces.count++] = served[i];
            is_there[served[i].index] = true;
        }
    }
    if (header.rows && pieces.count >= da_data_columns(&header) && header.data_size == blob->size)
        is_read =
            da_decode(&pieces, data, NULL) == NOMOS_OK && memcmp(data, blob->data, blob->size) == 0;
    for (size_t i = 0; i < pieces.count; i++)
        da_column_done(&columns[i]);
    return is_read;
}

void testnet_peer_id(const struct testnet *net, size_t node, char out[PEER_ID_SIZE])
{
    struct ed25519_key key;

    ed25519_from_seed(&net->nodes[node].seed, &key);
    peer_id_write(&key.public_key, out);
}

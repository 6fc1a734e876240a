/* What development nodes say to each other about data: as messages that are read and written again, and
   as the conversation of a member with a node, which must neither fault nor be talked into keeping
   what is not the blob's.

   Input: messages, each preceded by its length in two bytes. */
#include <string.h>

#include "devnode/core/da.h"
#include "devnode/core/da_parts.h"
#include "fuzz/insist.h"
#include "fuzz/target.h"
#include "nomos/genesis.h"

#define MESSAGES_MAX 64
#define STEP_NS      300000000u
#define START_NS     1700000000000000000u

static void read_and_write(const uint8_t *bytes, size_t size)
{
    struct da_message message;
    uint8_t *again;

    if (!da_message_read(&message, bytes, size, NULL))
        return;
    again = malloc(size);
    insist(again != NULL && da_message_size(&message) == size);
    da_message_write(&message, again);
    insist(memcmp(again, bytes, size) == 0);
    free(again);
}

/* --- a node with two members ------------------------------------------------------------------ */

static struct wire wire;
static struct signed_tx genesis;
static struct misbehaviours misbehaviours;

static void ignore_send(void *self, void *link, const uint8_t *message, size_t size)
{
    (void)self;
    (void)link;
    read_and_write(message, size);
}

static void ignore_hang_up(void *self, void *link)
{
    bool *is_up = self;

    (void)link;
    *is_up = false;
}

static void ignore_dial(void *self, uint32_t member, const struct multiaddr *locator)
{
    (void)self;
    (void)member;
    (void)locator;
}

static void ignore_tx(void *self, const uint8_t *tx, size_t size)
{
    (void)self;
    (void)tx;
    (void)size;
}

static void ignore_news(void *self)
{
    (void)self;
}

static void set_up(void)
{
    struct genesis_node nodes[2];
    const struct genesis_spec spec = {.nodes = nodes, .node_count = 2};

    insist(keys_init());
    wire_init(&wire, &wire_revision_2025_12);
    for (size_t i = 0; i < 2; i++) {
        memset(nodes[i].seed.bytes, (int)i + 1, sizeof(nodes[i].seed.bytes));
        insist(multiaddr_parse("/ip4/127.0.0.1/udp/1/quic-v1", &nodes[i].da_locator));
        insist(multiaddr_parse("/ip4/127.0.0.1/udp/2/quic-v1", &nodes[i].blend_locator));
    }
    insist(genesis_build(&wire, &zk_scheme_dev, &spec, &genesis, NULL) == NOMOS_OK);
}

static struct da *make_node(bool *is_up, const struct da_store *store)
{
    struct da_params params = {.revision = &wire_revision_2025_12,
        .scheme = &zk_scheme_dev,
        .genesis = &genesis,
        .misbehaviours = &misbehaviours,
        .shape = {.subnet_count = 2, .replication = 2},
        .column_count = 2,
        .sample_count = 1,
        .monitor = {.window_ns = 5000000000u, .max = {[DA_OFFENCE] = 1000}},
        .balancer_interval_ns = 1,
        .share_duration_ns = 5000000000u,
        .publish_1000 = 800,
        .prune_ns = 6000000000u,
        .blobs_validity_ns = 6000000000u,
        .blobs_check_ns = 1000000000u};
    const struct da_host host = {.self = is_up,
        .send = ignore_send,
        .hang_up = ignore_hang_up,
        .dial = ignore_dial,
        .publish = ignore_tx,
        .sampled = ignore_news};
    struct da *da;

    memset(params.identity.bytes, 1, sizeof(params.identity.bytes));
    da = da_new(&params, &host, store, NULL);
    insist(da != NULL);
    return da;
}

/* A connection of the other member, which has said who it is. */
static struct da_peer *introduce(struct da *da)
{
    struct da_peer *peer = da_link_up(da, da, DA_NOBODY, START_NS);
    uint32_t other = 1 - da_membership(da)->self;

    /* As if it had proved itself, which no fuzzer will. */
    peer->has_hello = true;
    peer->is_proved = true;
    peer->member = other;
    peer->hello.public_key = da_membership(da)->members[other].key;
    return peer;
}

/* What is kept of the place that a message speaks of must be the blob's. */
static void check_kept(struct da *da, const struct da_message *message)
{
    struct da_share share;

    if (message->type != DA_DISPERSE && message->type != DA_REPLICA && message->type != DA_SHARE)
        return;
    if (da_share_decode(message->as.parcel.share, message->as.parcel.share_size, &share, NULL))
        return;
    const struct da_place place = {.blob = da_blob_id(&share.header), .column = share.column.index};
    da_share_done(&share);
    if (!da_kept_share(da, &place, &share))
        return;
    insist(da_column_check(&share.header, &share.column, NULL) == NOMOS_OK);
    da_share_done(&share);
}

static void talk(const uint8_t *data, size_t size)
{
    struct da_memory_store *memory = da_memory_store_new();
    const struct da_store store = da_memory_store_table(memory);
    bool is_up = true;
    struct da *da = make_node(&is_up, &store);
    struct da_peer *peer = introduce(da);
    uint64_t now_ns = START_NS;

    for (size_t i = 0; i < MESSAGES_MAX && size >= 2 && is_up; i++) {
        size_t length = (size_t)data[0] | (size_t)data[1] << 8;
        struct da_message message;

        data += 2;
        size -= 2;
        length = length < size ? length : size;
        da_receive(da, peer, data, length, now_ns);
        if (da_message_read(&message, data, length, NULL))
            check_kept(da, &message);
        if (message.type == DA_GET)
            da_want(da, &message.as.place.blob, now_ns);
        now_ns += STEP_NS;
        da_tick(da, now_ns);
        data += length;
        size -= length;
    }
    da_tick(da, now_ns + 100 * (uint64_t)STEP_NS);
    da_free(da);
    da_memory_store_free(memory);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (!wire.revision)
        set_up();
    read_and_write(data, size);
    talk(data, size);
    return 0;
}

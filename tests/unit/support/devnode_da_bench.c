#include "devnode_da_bench.h"

static void on_send(void *self, void *link, const uint8_t *bytes, size_t size)
{
    struct bench *bench = self;
    struct bench_sent *sent = &bench->sent[bench->sent_count++];

    assert_true(bench->sent_count <= BENCH_SENT_MAX);
    sent->link = link;
    sent->size = size;
    sent->bytes = malloc(size);
    assert_non_null(sent->bytes);
    memcpy(sent->bytes, bytes, size);
    assert_true(da_message_read(&sent->message, sent->bytes, size, NULL));
}

static void on_hang_up(void *self, void *link)
{
    struct bench *bench = self;

    (void)link;
    bench->hang_ups++;
}

static void on_dial(void *self, uint32_t member, const struct multiaddr *locator)
{
    struct bench *bench = self;

    (void)locator;
    bench->dialled[member]++;
}

static void on_publish(void *self, const uint8_t *tx, size_t size)
{
    struct bench *bench = self;

    (void)tx;
    bench->published++;
    bench->published_size = size;
}

static void on_sampled(void *self)
{
    struct bench *bench = self;

    bench->sampled++;
}

void bench_init(struct bench *bench, bench_change change)
{
    struct world_params of_world = world_usual;
    const struct da_host host = {.self = bench,
        .send = on_send,
        .hang_up = on_hang_up,
        .dial = on_dial,
        .publish = on_publish,
        .sampled = on_sampled};
    struct reason why = {.text = ""};

    memset(bench, 0, sizeof(*bench));
    of_world.node_count = BENCH_MEMBERS;
    world_init(&bench->world, &of_world);
    bench->memory = da_memory_store_new();
    bench->now_ns = WORLD_START_NS;
    for (size_t i = 0; i < BENCH_MEMBERS; i++) {
        struct node_params params = world_node_params(&bench->world, i);

        ed25519_from_seed(&params.identity, &bench->keys[i]);
        if (!i)
            bench->params.identity = params.identity;
        free((void *)(uintptr_t)params.known_keys);
    }
    bench->params.revision = &wire_revision_2025_12;
    bench->params.scheme = &zk_scheme_dev;
    bench->params.genesis = &bench->world.genesis;
    bench->params.genesis_id = *node_genesis_id(bench->world.nodes[0].node);
    bench->params.misbehaviours = &bench->misbehaviours;
    bench->params.shape.subnet_count = 3;
    bench->params.shape.replication = 3;
    bench->params.column_count = 5;
    bench->params.sample_count = 1;
    bench->params.monitor.window_ns = 5 * (uint64_t)SECOND_NS;
    bench->params.balancer_interval_ns = SECOND_NS;
    bench->params.share_duration_ns = 5 * (uint64_t)SECOND_NS;
    bench->params.publish_1000 = 800;
    bench->params.prune_ns = 30 * (uint64_t)SECOND_NS;
    bench->params.dispersal_timeout_ns = 20 * (uint64_t)SECOND_NS;
    bench->params.retry_cooldown_ns = 3 * (uint64_t)SECOND_NS;
    bench->params.retry_limit = 2;
    bench->params.blobs_validity_ns = 60 * (uint64_t)SECOND_NS;
    bench->params.blobs_check_ns = 5 * (uint64_t)SECOND_NS;
    if (change)
        change(&bench->params);
    const struct da_store store = da_memory_store_table(bench->memory);
    bench->da = da_new(&bench->params, &host, &store, &why);
    assert_string_equal(why.text, "");
    assert_non_null(bench->da);
    da_tick(bench->da, bench->now_ns);
}

void bench_forget_sent(struct bench *bench)
{
    for (size_t i = 0; i < bench->sent_count; i++)
        free(bench->sent[i].bytes);
    bench->sent_count = 0;
}

void bench_done(struct bench *bench)
{
    bench_forget_sent(bench);
    da_free(bench->da);
    da_memory_store_free(bench->memory);
    world_done(&bench->world);
}

uint32_t bench_member(const struct bench *bench, size_t key)
{
    uint32_t member = da_member_of(da_membership(bench->da), &bench->keys[key].public_key);

    assert_true(member < BENCH_MEMBERS);
    return member;
}

void bench_say(struct bench *bench, struct da_peer *peer, const struct da_message *message)
{
    size_t size = da_message_size(message);
    uint8_t *bytes = malloc(size);

    assert_non_null(bytes);
    da_message_write(message, bytes);
    da_receive(bench->da, peer, bytes, size, bench->now_ns);
    free(bytes);
    da_tick(bench->da, bench->now_ns);
}

void bench_say_place(struct bench *bench, struct da_peer *peer, enum da_message_type type,
    const struct da_place *place)
{
    bench_say(bench, peer, &(struct da_message){.type = type, .as.place = *place});
}

struct hello bench_hello(const struct bench *bench, size_t key)
{
    return (struct hello){.version = DA_MESSAGE_VERSION,
        .genesis = bench->params.genesis_id,
        .public_key = bench->keys[key].public_key,
        .challenge = {{(uint8_t)key}}};
}

struct da_message bench_proof(struct bench *bench, size_t key, const void *link)
{
    struct da_message message = {.type = DA_PROOF};
    const struct bench_sent *hello = NULL;

    for (size_t i = 0; i < bench->sent_count; i++) {
        if (bench->sent[i].message.type == DA_HELLO && bench->sent[i].link == link)
            hello = &bench->sent[i];
    }
    assert_non_null(hello);
    message.as.proof = hello_prove(DA_PROOF_DOMAIN, &hello->message.as.hello, &bench->keys[key]);
    return message;
}

struct da_peer *bench_connect(struct bench *bench, size_t key, bool is_dialled)
{
    static char links[BENCH_MEMBERS];
    struct da_peer *peer = da_link_up(
        bench->da, &links[key], is_dialled ? bench_member(bench, key) : DA_NOBODY, bench->now_ns);
    struct da_message hello = {.type = DA_HELLO, .as.hello = bench_hello(bench, key)};
    struct da_message proof = bench_proof(bench, key, &links[key]);

    bench_say(bench, peer, &hello);
    bench_say(bench, peer, &proof);
    assert_true(da_is_connected(bench->da, bench_member(bench, key)));
    bench_forget_sent(bench);
    return peer;
}

void bench_wait(struct bench *bench, uint64_t ns)
{
    bench->now_ns += ns;
    da_tick(bench->da, bench->now_ns);
}

size_t bench_count(const struct bench *bench, enum da_message_type type)
{
    size_t count = 0;

    for (size_t i = 0; i < bench->sent_count; i++)
        count += bench->sent[i].message.type == type;
    return count;
}

const struct bench_sent *bench_last(const struct bench *bench, enum da_message_type type)
{
    for (size_t i = bench->sent_count; i-- > 0;) {
        if (bench->sent[i].message.type == type)
            return &bench->sent[i];
    }
    return NULL;
}

/* --- blobs ------------------------------------------------------------------------------------ */

static void make_tx(struct bench *bench, const struct bytes32 *channel, struct bench_blob *out)
{
    struct op op = {.code = OP_CHANNEL_BLOB};
    struct op_proof proof = {.kind = OP_PROOF_ED25519};
    struct signed_tx tx = {.tx = {.ops = &op, .op_count = 1}, .op_proofs = &proof};
    struct ed25519_key key;

    ed25519_zero_key(&key);
    op.blob.blob = out->blob.id;
    op.blob.blob_size = out->blob.header.data_size;
    op.blob.channel = *channel;
    op.blob.signer = key.public_key;
    if (bench->spoil)
        bench->spoil(&op.blob);
    struct fr hash = tx_hash(&bench->world.wire, &tx.tx);
    struct bytes32 message = tx_signing_bytes(&hash);
    proof.ed25519 = ed25519_sign(&key, message.bytes, 32);
    world_sign(&bench->world, &tx, NULL, 0);
    out->tx_size = signed_tx_size(&tx, TX_FORM_STORE);
    out->tx = malloc(out->tx_size);
    assert_non_null(out->tx);
    signed_tx_encode(&tx, TX_FORM_STORE, out->tx);
}

void bench_blob_make(struct bench *bench, uint32_t number, struct bench_blob *out)
{
    uint8_t data[31 * 7];
    struct da_source source = {.data = data, .size = sizeof(data), .columns = 5};

    memset(out, 0, sizeof(*out));
    memset(data, (int)(0x40 + number % 64), sizeof(data));
    memcpy(source.context.channel.bytes, &number, sizeof(number));
    assert_int_equal(da_encode(&source, &out->blob, NULL), NOMOS_OK);
    make_tx(bench, &source.context.channel, out);
    for (uint32_t column = 0; column < 5; column++) {
        const struct da_share share = {
            .header = out->blob.header, .column = da_blob_column(&out->blob, column)};

        out->share_size = da_share_size(&share);
        out->shares[column] = malloc(out->share_size);
        assert_non_null(out->shares[column]);
        da_share_encode(&share, out->shares[column]);
    }
}

void bench_blob_done(struct bench_blob *blob)
{
    for (size_t i = 0; i < 5; i++)
        free(blob->shares[i]);
    free(blob->tx);
    da_blob_done(&blob->blob);
}

struct da_place bench_place(const struct bench_blob *blob, uint32_t column)
{
    return (struct da_place){.blob = blob->blob.id, .column = column};
}

struct da_message bench_parcel(
    const struct bench_blob *blob, enum da_message_type type, uint32_t column)
{
    struct da_message message = {
        .type = type, .as.parcel = {.share = blob->shares[column], .share_size = blob->share_size}};

    if (type != DA_SHARE) {
        message.as.parcel.tx = blob->tx;
        message.as.parcel.tx_size = blob->tx_size;
    }
    return message;
}

bool bench_keeps(struct bench *bench, const struct bench_blob *blob, uint32_t column)
{
    const struct da_place place = bench_place(blob, column);

    return da_keeps(bench->da, &place);
}

bool bench_has_failed(const struct bench *bench, size_t key, enum da_failure kind)
{
    return da_monitor_rate(da_monitor(bench->da), bench_member(bench, key), kind, bench->now_ns) >
        0;
}

/* Handling a block of a thousand transactions, beside a bare json-c parse of the same bytes.

       bench_block ROUNDS

   What is measured is what the system "nomos" and the host do from the bytes that a node served to
   the block in the feed: read the JSON, compute the block's id, match the transactions against a
   purse's own, note where they are included, pack the list of ids and publish the block. In one
   block all thousand are ours, in another none, so that every id has to be hashed. Prints one JSON
   object with the medians in milliseconds of processor time (nothing here waits, and a busy machine
   must not decide) and of the rounds' ratios. Goal G15. */
#include <json-c/json.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/measure.h"
#include "framework/host/body.h"
#include "framework/host/chain.h"
#include "nomos/json_block.h"
#include "plugins/systems/nomos/purse.h"

enum {
    TXS = 1000
};

static void check(bool is_good, const char *what)
{
    if (!is_good)
        bench_die("%s", what);
}

/* A system with one purse over TXS accounts of one note each. */
static void set_up(struct nomos *system)
{
    static struct note notes[TXS];
    struct assay_purse *purse = NULL;

    *system = (struct nomos){.options.notes_per_user = 1};
    wire_init(&system->wire, &wire_revision_2025_12);
    (void)pthread_mutex_init(&system->lock, NULL);
    for (unsigned i = 0; i < TXS; i++) {
        const struct fr secret = wallet_secret_key(i);

        notes[i] = (struct note){.value = 100, .pk = zk_public_key(&system->wire, &secret)};
    }
    system->genesis.tx.outputs = notes;
    system->genesis.tx.output_count = TXS;
    check(!purse_open(system, 0, TXS, &purse), "no purse");
}

/* As transfer.c signs: one note back to its owner. */
static void make_tx(struct nomos *system, struct signed_tx *out)
{
    bool is_short = false;
    struct sent *sent = purse_take(system->purses, &is_short);
    struct nomos_error err = {""};
    const struct user *user = NULL;
    struct fr hash;

    check(sent, "the purse is dry");
    user = &system->purses->users[sent->user];
    out->tx = (struct mantle_tx){.inputs = &sent->input,
        .input_count = 1,
        .outputs = sent->outputs,
        .output_count = sent->output_count};
    hash = tx_hash(&system->wire, &out->tx);
    tx_output_ids(&system->wire, &out->tx, sent->output_ids);
    const struct zk_statement statement = {
        .message = hash, .owners = &user->public_key, .owner_count = 1};
    check(zk_scheme_dev.prove(
              &system->wire, &statement, &user->secret_key, &out->ledger_proof, &err) == NOMOS_OK,
        err.text);
    hex_from_fr(&hash, sent->id);
}

static void make_block(struct nomos *system, struct text *out)
{
    static struct signed_tx txs[TXS];
    static struct fr hashes[TXS];
    struct block block = {.txs = txs, .tx_count = TXS};

    for (unsigned i = 0; i < TXS; i++) {
        make_tx(system, &txs[i]);
        hashes[i] = tx_hash(&system->wire, &txs[i].tx);
    }
    block.header.slot = 7;
    block.header.block_root = block_root(hashes, TXS);
    block.header.parent.bytes[0] = 1;
    json_block_write(out, &block);
    check(text_ok(out), "no memory for a block");
}

static double parse_bare(const struct text *text)
{
    const double begin = bench_cpu_ms();
    struct json_tokener *tokener = json_tokener_new();
    struct json_object *object =
        json_tokener_parse_ex(tokener, (const char *)text->bytes, (int)text->size);

    check(object, "json-c cannot read the block");
    (void)json_object_put(object);
    json_tokener_free(tokener);
    return bench_cpu_ms() - begin;
}

/* Keeps freed memory in the process. Else who needs more than the one before pays for the pages
   again, and that is the reference, which would make us look better than we are. */
static void keep_memory(void)
{
    enum {
        KEPT = 1 << 30,
        LARGEST = 32 << 20 /* the most that glibc takes */
    };

    check(mallopt(M_TRIM_THRESHOLD, KEPT) && mallopt(M_MMAP_THRESHOLD, LARGEST),
        "mallopt refuses to keep memory");
}

/* What follow.c and observe.c do, each with the parts that take time. */
static void publish(struct nomos *system, const struct block *block, struct chain *chain)
{
    const struct bytes32 found = block_header_id(&system->wire, &block->header);
    const struct block_place place = {.id = found, .height = 1};
    char id[HEX32_SIZE], parent[HEX32_SIZE];
    char(*ids)[HEX32_SIZE] = calloc(block->tx_count, sizeof(*ids));
    assay_item *items = calloc(block->tx_count, sizeof(*items));
    struct body *body = NULL;
    struct error err = {.text = ""};
    uint32_t number = 0;

    check(ids && items, "no memory");
    hex_from_bytes32(&found, id);
    hex_from_bytes32(&block->header.parent, parent);
    purse_name_txs(system, block, ids);
    purse_see_block(system, block, &place);
    for (size_t i = 0; i < block->tx_count; i++)
        items[i] = (assay_item){.kind = "transaction", .id = ids[i]};
    const assay_block_info info = {.struct_size = sizeof(info),
        .id = id,
        .parent = parent,
        .height = 1,
        .slot = block->header.slot,
        .items = items,
        .item_count = block->tx_count,
        .item_stride = sizeof(*items)};
    check(!body_new(&info, &body, &err), err.text);
    check(!chain_publish(
              chain, &(struct chain_news){.info = &info, .body = body, .now = 1}, &number, &err),
        err.text);
    body_unref(body);
    free(items);
    free(ids);
}

struct times {
    double parse, all;
};

static struct times handle(struct nomos *system, const struct text *text)
{
    struct chain chain = {.block_count = 0};
    struct nomos_error err = {""};
    struct block block;
    struct times times;
    double begin = 0;

    check(!chain_init(&chain, 1), "no memory");
    begin = bench_cpu_ms();
    check(json_block_parse((const char *)text->bytes, text->size, &block, &err) == NOMOS_OK,
        err.text);
    times.parse = bench_cpu_ms() - begin;
    publish(system, &block, &chain);
    block_done(&block);
    times.all = bench_cpu_ms() - begin;
    chain_done(&chain);
    return times;
}

int main(int argc, char **argv)
{
    static double bare[BENCH_ROUNDS_MAX], parse[BENCH_ROUNDS_MAX], own[BENCH_ROUNDS_MAX];
    static double foreign[BENCH_ROUNDS_MAX], ratio[BENCH_ROUNDS_MAX], strange[BENCH_ROUNDS_MAX];
    struct text text = {.bytes = NULL};
    struct nomos owner, stranger;
    unsigned rounds = 0;

    if (argc != 2)
        bench_die("usage: bench_block ROUNDS");
    rounds = bench_number(argv[1], 1, BENCH_ROUNDS_MAX);
    keep_memory();
    check(keys_init(), "libsodium is not ready");
    set_up(&owner);
    set_up(&stranger); /* its purse has sent nothing */
    make_block(&owner, &text);
    (void)handle(&owner, &text);
    for (unsigned i = 0; i < rounds; i++) {
        bare[i] = parse_bare(&text);
        const struct times ours = handle(&owner, &text);
        const struct times theirs = handle(&stranger, &text);

        parse[i] = ours.parse;
        own[i] = ours.all;
        foreign[i] = theirs.all;
        ratio[i] = ours.all / bare[i];
        strange[i] = theirs.all / bare[i];
    }
    (void)printf("{\"transactions\": %d, \"bytes\": %zu, \"rounds\": %u, \"bare_ms\": %.3f, "
                 "\"read_ms\": %.3f, \"own_ms\": %.3f, \"foreign_ms\": %.3f, \"own_ratio\": %.3f, "
                 "\"foreign_ratio\": %.3f}\n",
        TXS, text.size, rounds, bench_median(bare, rounds), bench_median(parse, rounds),
        bench_median(own, rounds), bench_median(foreign, rounds), bench_median(ratio, rounds),
        bench_median(strange, rounds));
    purses_free(&owner);
    purses_free(&stranger);
    text_done(&text);
    return 0;
}

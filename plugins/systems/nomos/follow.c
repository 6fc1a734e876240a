/* Observes one node: asks for its tip often, and when that has moved, walks back to what is known,
   fetching each block once for the whole network.

   Polling and not a stream, since the node has no stream of new blocks in the builds under test;
   a poll costs the node about as much as one transaction (docs/internals has the measurement). */
#include "plugins/systems/nomos/ahead.h"
#include "plugins/systems/nomos/chain.h"
#include "plugins/systems/nomos/da.h"
#include "plugins/systems/nomos/items.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <assay/sdk.h>

#include "nomos/json_block.h"

#define FETCH_TIMEOUT (10 * ASSAY_SECOND)
#define PEERS_EVERY   ASSAY_SECOND   /* how often the number of peers is asked for */
#define POLL_PER_NODE ASSAY_MS       /* all nodes together: at most 1,000 polls a second */
#define CLAIMED_RETRY (2 * ASSAY_MS) /* another task is fetching the block we need */
#define CLAIMED_TRIES 2500           /* 5 s, as long as a claim lasts */

struct tip {
    struct bytes32 id, lib;
    uint64_t height, slot;
    char mode[32];
};

struct follower {
    struct nomos *self;
    assay_task *task;
    uint32_t node;
    uint32_t peers;
    assay_ns peers_at; /* when to ask for them again */
    struct chain chain;
    uint64_t final_height; /* of the block called final last */
    char why[256];         /* of the last failure */
};

__attribute__((format(printf, 3, 4))) static assay_status give_up(
    struct follower *f, assay_status status, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    (void)vsnprintf(f->why, sizeof(f->why), format, args);
    va_end(args);
    return status;
}

/* ---- the tip ---- */

static bool read_id(
    const struct nomos *self, const assay_value *object, const char *name, struct bytes32 *out)
{
    const char *text = self->json->text(self->json->member(object, name));

    return text && hex_to_bytes32(text, out);
}

static assay_status ask_for_tip(struct follower *f, struct tip *out)
{
    struct nomos *self = f->self;
    const assay_value *root;
    const char *mode;
    struct nomos_answer answer = {.json = NULL};
    assay_status s = nomos_get_json(self, f->task, f->node, "/cryptarchia/info", &answer);

    if (s)
        return give_up(f, s, "%s", answer.why);
    root = self->json->root(answer.json);
    mode = self->json->text(self->json->member(root, "mode"));
    (void)snprintf(out->mode, sizeof(out->mode), "%s", mode ? mode : "");
    if (!read_id(self, root, "tip", &out->id) || !read_id(self, root, "lib", &out->lib) ||
        self->json->natural(self->json->member(root, "height"), &out->height) ||
        self->json->natural(self->json->member(root, "slot"), &out->slot))
        s = give_up(f, ASSAY_E_INVALID,
            "GET /cryptarchia/info: tip, lib, height or slot is missing or malformed");
    self->json->release(answer.json);
    return s;
}

static void ask_for_peers(struct follower *f)
{
    struct nomos *self = f->self;
    struct nomos_answer answer = {.json = NULL};
    uint64_t peers;

    if (self->clock->now(self->host) < f->peers_at)
        return;
    f->peers_at = self->clock->now(self->host) + PEERS_EVERY;
    f->peers = UINT32_MAX;
    if (nomos_get_json(self, f->task, f->node, "/network/info", &answer))
        return;
    if (self->json->natural(self->json->member(self->json->root(answer.json), "n_peers"), &peers) ==
            ASSAY_OK &&
        peers < UINT32_MAX)
        f->peers = (uint32_t)peers;
    self->json->release(answer.json);
}

/* ---- blocks ---- */

static assay_status parse_block(
    struct follower *f, const char *id, assay_bytes body, struct step *step)
{
    struct nomos_error err = {""};
    struct bytes32 found;

    if (json_block_parse(body.data, body.size, &step->block, &err) != NOMOS_OK)
        return give_up(f, ASSAY_E_INVALID, "block %s: %s", id, err.text);
    found = block_header_id(&f->self->wire, &step->block.header);
    if (!bytes32_equal(&found, &step->id)) {
        block_done(&step->block);
        return give_up(
            f, ASSAY_E_INVALID, "asked for block %s, the node served a block of another id", id);
    }
    return ASSAY_OK;
}

static assay_status fetch_block(struct follower *f, const char *id, struct step *step)
{
    struct nomos *self = f->self;
    char body[HEX32_SIZE + 2];
    assay_request request = {.struct_size = sizeof(request),
        .node = f->node,
        .port = PORT_API,
        .method = "POST",
        .path = "/storage/block",
        .timeout = FETCH_TIMEOUT,
        .reply_max = TEXT_SIZE_MAX};
    const assay_reply_info *info;
    assay_reply *reply = NULL;
    assay_status s;

    (void)snprintf(body, sizeof(body), "\"%s\"", id);
    request.body = assay_bytes_of(body);
    s = self->http->perform(f->task, &request, &reply);
    if (s)
        return give_up(f, s, "POST /storage/block: no answer");
    info = self->http->info(reply);
    if (info->code != 200)
        s = give_up(f, ASSAY_E_IO, "POST /storage/block answered %" PRIu32, info->code);
    else if (info->body.size == 4 && memcmp(info->body.data, "null", 4) == 0)
        s = give_up(f, ASSAY_E_NOTFOUND, "the node has no block %s, which is on its chain", id);
    else
        s = parse_block(f, id, info->body, step);
    self->http->release(reply);
    return s;
}

/* The parent of a block that the host knows. */
static bool known_parent(struct follower *f, const char *id, struct bytes32 *out)
{
    const assay_blocks *blocks = f->self->blocks;
    assay_block *block = NULL;
    bool is_known;

    if (blocks->by_id(f->self->host, id, &block))
        return false;
    is_known = hex_to_bytes32(blocks->info(block)->parent, out);
    blocks->release(block);
    return is_known;
}

/* The step's block, from the host or, when it is ours to fetch, from the node. */
static assay_status get_parent(struct follower *f, struct step *step, struct bytes32 *out)
{
    struct nomos *self = f->self;
    char id[HEX32_SIZE];
    assay_status s;

    hex_from_bytes32(&step->id, id);
    for (int try = 0; try < CLAIMED_TRIES; try++) {
        const uint32_t known = self->observe->known(self->host, id);

        if (known == ASSAY_BLOCK_KNOWN && known_parent(f, id, out))
            return ASSAY_OK;
        if (known == ASSAY_BLOCK_YOURS) {
            s = fetch_block(f, id, step);
            step->is_ours = !s;
            if (s)
                self->observe->abandon(self->host, id);
            else
                *out = step->block.header.parent;
            return s;
        }
        s = self->clock->sleep_until(f->task, self->clock->now(self->host) + CLAIMED_RETRY);
        if (s)
            return s;
    }
    return give_up(f, ASSAY_E_TIMEOUT, "block %s: another task's fetch of it never ended", id);
}

static void abandon_claims(struct follower *f, const struct walk *walk)
{
    for (size_t i = 0; i < walk->count; i++) {
        char id[HEX32_SIZE];

        if (!walk->steps[i].is_ours)
            continue;
        hex_from_bytes32(&walk->steps[i].id, id);
        f->self->observe->abandon(f->self->host, id);
    }
}

/* ---- publishing ---- */

/* Is this the list that the header vouches for? The id of a block covers its header only, and each
   block is fetched from one node for all: what that node says is in it must be proven. */
static assay_status check_contents(
    struct follower *f, const struct step *step, char (*const tx_ids)[HEX32_SIZE])
{
    const size_t count = step->block.tx_count;
    struct fr *hashes = calloc(count ? count : 1, sizeof(*hashes));
    struct bytes32 root;
    char id[HEX32_SIZE];

    if (!hashes)
        return ASSAY_E_NOMEM;
    for (size_t i = 0; i < count; i++)
        (void)hex_to_fr(tx_ids[i], &hashes[i]); /* we wrote it ourselves */
    root = block_root(hashes, count);
    free(hashes);
    if (bytes32_equal(&root, &step->block.header.block_root))
        return ASSAY_OK;
    hex_from_bytes32(&step->id, id);
    return give_up(f, ASSAY_E_INVALID,
        "block %s: the node served %zu transactions that are not those of its header (block_root)",
        id, count);
}

static assay_status publish_block(struct follower *f, struct step *step, uint64_t height)
{
    struct nomos *self = f->self;
    const struct block *block = &step->block;
    char id[HEX32_SIZE], parent[HEX32_SIZE];
    char(*tx_ids)[HEX32_SIZE] = calloc(block->tx_count ? block->tx_count : 1, sizeof(*tx_ids));
    struct items items = {.list = NULL};
    assay_status s = ASSAY_E_NOMEM;

    if (tx_ids) {
        purse_name_txs(self, block, tx_ids);
        s = check_contents(f, step, tx_ids);
    }
    if (!s)
        s = items_init(&items, block, tx_ids);
    if (!s) {
        hex_from_bytes32(&step->id, id);
        hex_from_bytes32(&block->header.parent, parent);
        purse_see_block(self, block, &(struct block_place){.id = step->id, .height = height});
        da_see_block(self, block); /* before anybody is told of the block: its messages are known */
        s = self->observe->block(self->host,
            &(const assay_block_info){.struct_size = sizeof(assay_block_info),
                .id = id,
                .parent = parent,
                .height = height,
                .slot = block->header.slot,
                .items = items.list,
                .item_count = items.count,
                .item_stride = sizeof(*items.list)});
        step->is_ours = false; /* published, or refused for good */
    }
    items_done(&items);
    free(tx_ids);
    if (s && !f->why[0])
        return give_up(f, s, "a block could not be published");
    return s;
}

static assay_status publish_chain(struct follower *f, const struct walk *walk)
{
    char(*texts)[HEX32_SIZE] = calloc(walk->count, sizeof(*texts));
    const char **ids = calloc(walk->count, sizeof(*ids));
    assay_status s = ASSAY_E_NOMEM;

    if (texts && ids) {
        for (size_t i = 0; i < walk->count; i++) {
            hex_from_bytes32(&walk->steps[walk->count - 1 - i].id, texts[i]);
            ids[i] = texts[i];
        }
        s = f->self->observe->chain(f->self->host, f->node, ids, walk->count);
    }
    free(ids);
    free(texts);
    return s ? give_up(f, s, "the chain could not be published") : ASSAY_OK;
}

/* The node went back to an older block of its chain: saying that block again cuts the rest off.
   (Back to genesis, which is never published, the status says so, and the next block starts over.) */
static assay_status publish_retreat(struct follower *f, uint64_t height)
{
    char id[HEX32_SIZE];
    const char *const ids[] = {id};
    assay_status s;

    hex_from_bytes32(&f->chain.ids[height], id);
    s = f->self->observe->chain(f->self->host, f->node, ids, 1);
    return s ? give_up(f, s, "the chain could not be published") : ASSAY_OK;
}

static assay_status publish(struct follower *f, struct walk *walk, uint64_t base)
{
    assay_status s = ASSAY_OK;

    for (size_t i = walk->count; !s && i-- > 0;) {
        if (walk->steps[i].is_ours)
            s = publish_block(f, &walk->steps[i], base + (walk->count - i));
    }
    if (!s && walk->count > 0)
        s = publish_chain(f, walk);
    else if (!s && base > 0)
        s = publish_retreat(f, base);
    if (!s)
        s = chain_replace(&f->chain, base, walk); /* last: what failed is tried again */
    if (!s)
        purse_see_chain(f->self, &f->chain);
    return s;
}

/* The id at height 0 of this node's chain is the genesis, unless the network has another one. Where
   nobody knew it before, the node has to agree that it is one: a genesis block is never stored. */
static assay_status reach_genesis(struct follower *f, const struct bytes32 *id)
{
    struct nomos *self = f->self;
    struct step step = {.id = *id};
    char text[HEX32_SIZE];
    assay_status s = ASSAY_E_NOTFOUND;

    if (!atomic_load(&self->knows_genesis)) {
        hex_from_bytes32(id, text);
        s = fetch_block(f, text, &step);
        if (!s)
            block_done(&step.block);
    }
    if (s && s != ASSAY_E_NOTFOUND)
        return s;
    if (!s || !network_take_genesis(self, id))
        return give_up(f, ASSAY_E_INVALID,
            "its chain does not lead to this network's genesis block by the blocks that it claims");
    f->chain.ids[0] = *id;
    return ASSAY_OK;
}

/* Walks from the tip back to the node's chain as we know it, or to genesis. */
static assay_status walk_back(
    struct follower *f, const struct tip *tip, struct walk *walk, uint64_t *out_base)
{
    struct bytes32 id = tip->id;
    uint64_t height = tip->height;

    while (!chain_has(&f->chain, height, &id)) {
        struct step *step;
        assay_status s;

        if (height == 0) {
            *out_base = 0;
            return reach_genesis(f, &id);
        }
        if (network_is_genesis(f->self, &id))
            return give_up(f, ASSAY_E_INVALID,
                "its chain does not lead to this network's genesis block, or not by the %" PRIu64
                " blocks that it claims",
                tip->height);
        step = walk_add(walk, &id);
        if (!step)
            return give_up(f, ASSAY_E_NOMEM, "more than %d new blocks at once", WALK_MAX);
        s = get_parent(f, step, &id);
        if (s)
            return s;
        height--;
    }
    *out_base = height;
    return ASSAY_OK;
}

static assay_status follow_tip(struct follower *f, const struct tip *tip)
{
    struct walk walk = {0};
    uint64_t base = 0;
    assay_status s = ASSAY_OK;

    if (f->chain.height == tip->height && chain_has(&f->chain, tip->height, &tip->id))
        return ASSAY_OK;
    s = walk_back(f, tip, &walk, &base);
    if (!s)
        s = publish(f, &walk, base);
    abandon_claims(f, &walk);
    walk_done(&walk);
    return s;
}

/* What a node calls final is on its own chain; else nobody could compare it with anything, and the
   node would pass for one that has called nothing final yet. */
static assay_status find_final(struct follower *f, const struct tip *tip)
{
    const assay_blocks *blocks = f->self->blocks;
    assay_block *block = NULL;
    char id[HEX32_SIZE];

    if (chain_has(&f->chain, f->final_height, &tip->lib))
        return ASSAY_OK;
    f->final_height = 0;
    hex_from_bytes32(&tip->lib, id);
    if (!blocks->by_id(f->self->host, id, &block)) {
        f->final_height = blocks->info(block)->height;
        blocks->release(block);
    }
    if (chain_has(&f->chain, f->final_height, &tip->lib))
        return ASSAY_OK;
    return give_up(f, ASSAY_E_INVALID,
        "GET /cryptarchia/info: the final block (lib) %s is not on the chain of its tip", id);
}

static assay_status look(struct follower *f)
{
    struct nomos *self = f->self;
    struct tip tip = {0};
    char id[HEX32_SIZE], lib[HEX32_SIZE];
    assay_status s = ask_for_tip(f, &tip);

    if (!s)
        s = follow_tip(f, &tip);
    if (!s)
        s = find_final(f, &tip);
    if (s)
        return s;
    ask_for_peers(f);
    hex_from_bytes32(&tip.id, id);
    hex_from_bytes32(&tip.lib, lib);
    return self->observe->status(self->host, f->node,
        &(const assay_observation){.struct_size = sizeof(assay_observation),
            .height = tip.height,
            .slot = tip.slot,
            .tip = id,
            .final = lib,
            .mode = tip.mode,
            .peers = f->peers});
}

assay_status nomos_follow(void *arg, assay_task *task, uint32_t node)
{
    struct nomos *self = arg;
    struct follower f = {.self = self, .task = task, .node = node, .peers = UINT32_MAX};
    const assay_ns shared = (assay_ns)self->node_count * POLL_PER_NODE;
    const assay_ns interval = self->options.poll > shared ? self->options.poll : shared;
    assay_ns next =
        self->clock->now(self->host) + (assay_ns)self->random->below(task, (uint64_t)interval);
    assay_status s = chain_init(&f.chain, &self->genesis_id); /* zeros while it is not known */

    if (!s && node == 0 && self->proofs == NOMOS_PROOFS_GROTH16)
        s = ahead_start(self, task);
    while (!s) {
        s = self->clock->sleep_until(task, next);
        if (s)
            break;
        s = look(&f);
        if (s && s != ASSAY_E_CANCELLED) {
            self->observe->failed(self->host, node, f.why[0] ? f.why : "it could not be observed");
            f.why[0] = '\0';
            s = ASSAY_OK; /* an unreachable node is what this is for */
        }
        next += interval;
        if (next < self->clock->now(self->host))
            next = self->clock->now(self->host); /* late: skip what cannot be made up */
    }
    chain_done(&f.chain);
    return s;
}

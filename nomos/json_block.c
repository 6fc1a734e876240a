#include "nomos/json_block.h"

#include <string.h>

#include "nomos/json_read.h"
#include "nomos/json_tx.h"
#include "nomos/json_write.h"
#include "nomos/memory.h"

/* The one name that the version of a header has so far. */
#define HEADER_VERSION "Bedrock"

static void read_leader_public(const struct json_node *node, struct leader_public *out)
{
    out->slot = json_get_u64(node, "slot");
    out->epoch_nonce = json_get_fr(node, "epoch_nonce");
    out->total_stake = json_get_u64(node, "total_stake");
    out->aged_root = json_get_fr(node, "aged_root");
    out->latest_root = json_get_fr(node, "latest_root");
}

static void read_header(const struct json_node *node, struct block_header *header)
{
    const struct json_node version = json_get(node, "version");
    const struct json_node leadership = json_get(node, "proof_of_leadership");
    const char *name = json_string(&version);

    if (name && strcmp(name, HEADER_VERSION) != 0)
        json_fail(&version, "not \"" HEADER_VERSION "\"");
    header->parent = json_get_bytes32(node, "parent_block");
    header->slot = json_get_u64(node, "slot");
    header->block_root = json_get_bytes32(node, "block_root");
    json_get_numbers(&leadership, "proof", header->proof, sizeof(header->proof));
    header->entropy = json_get_fr(&leadership, "entropy_contribution");
    header->leader_key = json_get_ed25519_key(&leadership, "leader_key");
    header->voucher = json_get_fr(&leadership, "voucher_cm");
    const struct json_node leader_public =
        json_get_optional(&leadership, "public", &header->has_leader_public);
    if (header->has_leader_public)
        read_leader_public(&leader_public, &header->leader_public);
}

static void read_txs(const struct json_node *top, struct block *block)
{
    const struct json_node list = json_get(top, "transactions");
    const size_t count = json_count(&list);

    if (count > BLOCK_TXS_MAX) {
        json_fail(&list, "more transactions than a block may have");
        return;
    }
    block->txs = nomos_alloc(count, sizeof(*block->txs));
    block->tx_count = block->txs ? count : 0;
    if (!block->txs)
        json_fail_memory(top);
    for (size_t i = 0; i < block->tx_count && json_ok(top); i++) {
        const struct json_node item = json_item(&list, i);

        block->txs[i] = json_signed_tx(&item);
    }
}

static void decode_block(const struct json_node *top, void *out)
{
    const struct json_node header = json_get(top, "header");
    struct block read = {.tx_count = 0};

    read_header(&header, &read.header);
    json_get_numbers(top, "signature", read.signature.bytes, sizeof(read.signature.bytes));
    read_txs(top, &read);
    if (json_ok(top))
        memcpy(out, &read, sizeof(read));
    else
        block_done(&read);
}

enum nomos_status json_block_from_object(
    struct json_object *object, const char *path, struct block *out, struct nomos_error *err)
{
    struct json_reader reader = {.err = err};
    const struct json_node top = {.reader = &reader, .key = path, .value = object};

    decode_block(&top, out);
    return reader.status;
}

enum nomos_status json_block_parse(
    const char *text, size_t size, struct block *out, struct nomos_error *err)
{
    const struct json_decoder decoder = {decode_block, out};

    return json_decode((struct json_text){text, size}, &decoder, err);
}

/* The members of a header after its first, with the closing brace. */
static void write_header(struct text *text, const struct block_header *header)
{
    json_add_bytes32(text, ",\"parent_block\":", &header->parent);
    json_add_u64(text, ",\"slot\":", header->slot);
    json_add_bytes32(text, ",\"block_root\":", &header->block_root);
    json_add_numbers(
        text, ",\"proof_of_leadership\":{\"proof\":", header->proof, sizeof(header->proof));
    json_add_fr(text, ",\"entropy_contribution\":", &header->entropy);
    json_add_bytes32(text, ",\"leader_key\":", &header->leader_key);
    json_add_fr(text, ",\"voucher_cm\":", &header->voucher);
    if (header->has_leader_public) {
        const struct leader_public *leader_public = &header->leader_public;

        json_add_u64(text, ",\"public\":{\"slot\":", leader_public->slot);
        json_add_fr(text, ",\"epoch_nonce\":", &leader_public->epoch_nonce);
        json_add_u64(text, ",\"total_stake\":", leader_public->total_stake);
        json_add_fr(text, ",\"aged_root\":", &leader_public->aged_root);
        json_add_fr(text, ",\"latest_root\":", &leader_public->latest_root);
        text_add(text, "}");
    }
    text_add(text, "}}");
}

void json_block_write(struct text *text, const struct block *block)
{
    text_add(text, "{\"header\":{\"version\":\"" HEADER_VERSION "\"");
    write_header(text, &block->header);
    json_add_numbers(
        text, ",\"signature\":", block->signature.bytes, sizeof(block->signature.bytes));
    text_add(text, ",\"transactions\":[");
    for (size_t i = 0; i < block->tx_count; i++) {
        text_add(text, i ? "," : "");
        json_tx_write(text, &block->txs[i]);
    }
    text_add(text, "]}");
}

void json_block_write_api(struct text *text, const struct block *block, const struct bytes32 *id,
    const struct fr *tx_hashes)
{
    json_add_bytes32(text, "{\"header\":{\"id\":", id);
    write_header(text, &block->header);
    json_add_numbers(
        text, ",\"signature\":", block->signature.bytes, sizeof(block->signature.bytes));
    text_add(text, ",\"transactions\":[");
    for (size_t i = 0; i < block->tx_count; i++) {
        text_add(text, i ? "," : "");
        json_tx_write_with_hash(text, &block->txs[i], &tx_hashes[i]);
    }
    text_add(text, "]}");
}

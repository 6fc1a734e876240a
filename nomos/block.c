#include "nomos/block.h"

#include <stdlib.h>
#include <string.h>

#include "nomos/hash.h"
#include "nomos/sink.h"

void block_done(struct block *block)
{
    if (!block)
        return;
    for (size_t i = 0; i < block->tx_count; i++)
        signed_tx_done(&block->txs[i]);
    free(block->txs);
    *block = (struct block){0};
}

/* Merkle hashing without an array of leaves: `pending[h]` is a finished subtree of 2^h leaves that
   still waits for its right sibling, present when bit h of the number of leaves is set. */
struct merkle {
    struct bytes32 pending[64];
    uint64_t leaf_count;
};

static struct bytes32 merkle_node(const struct bytes32 *left, const struct bytes32 *right)
{
    uint8_t both[2 * sizeof(struct bytes32)];

    memcpy(both, left->bytes, sizeof(*left));
    memcpy(both + sizeof(*left), right->bytes, sizeof(*right));
    return hash_of(both, sizeof(both));
}

static void merkle_add(struct merkle *merkle, struct bytes32 subtree)
{
    size_t height = 0;

    for (; merkle->leaf_count >> height & 1; height++)
        subtree = merkle_node(&merkle->pending[height], &subtree);
    merkle->pending[height] = subtree;
    merkle->leaf_count++;
}

struct bytes32 block_root(const struct fr *tx_hashes, size_t count)
{
    const uint8_t nothing[FR_SIZE] = {0};
    const struct bytes32 padding = hash_of(nothing, sizeof(nothing));
    struct merkle merkle = {.leaf_count = 0};
    uint8_t leaf[FR_SIZE];

    if (count == 0)
        return padding;
    for (size_t i = 0; i < count; i++) {
        fr_to_le32(&tx_hashes[i], leaf);
        merkle_add(&merkle, hash_of(leaf, sizeof(leaf)));
    }
    while (merkle.leaf_count & (merkle.leaf_count - 1)) /* up to a power of two */
        merkle_add(&merkle, padding);
    return merkle.pending[__builtin_ctzll(merkle.leaf_count)];
}

struct bytes32 block_header_id(const struct wire *wire, const struct block_header *header)
{
    const char *domain = wire->revision->block_id_domain;
    struct sink_hash sink = sink_hash();

    sink_put(&sink.sink, domain, strlen(domain));
    sink_put_u8(&sink.sink, BLOCK_DOMAIN_VERSION);
    sink_put_bytes32(&sink.sink, &header->parent);
    sink_put_u64(&sink.sink, header->slot);
    sink_put_bytes32(&sink.sink, &header->block_root);
    sink_put_fr(&sink.sink, &header->voucher);
    sink_put_fr(&sink.sink, &header->entropy);
    sink_put(&sink.sink, header->proof, sizeof(header->proof));
    sink_put_bytes32(&sink.sink, &header->leader_key);
    return hash_end(&sink.hash);
}

struct block_header block_header_genesis(const struct fr *genesis_tx_hash)
{
    struct block_header header = {.slot = 0};

    /* The hash itself, not a Merkle root over it (node contract 3.5). */
    fr_to_le32(genesis_tx_hash, header.block_root.bytes);
    return header;
}

static void put_leader_public(struct sink *sink, const struct leader_public *leader_public)
{
    sink_put_u64(sink, leader_public->slot);
    sink_put_fr(sink, &leader_public->epoch_nonce);
    sink_put_u64(sink, leader_public->total_stake);
    sink_put_fr(sink, &leader_public->aged_root);
    sink_put_fr(sink, &leader_public->latest_root);
}

size_t block_header_signing_bytes(
    const struct block_header *header, uint8_t out[BLOCK_SIGNING_PUBLIC_SIZE])
{
    struct sink_memory memory = sink_memory(out);
    struct sink *sink = &memory.sink;

    /* The node's serializer (fixed-size integers) writes the number of the version's name first
       and a length before each byte array. */
    sink_put_u32(sink, 0);
    sink_put_bytes32(sink, &header->parent);
    sink_put_u64(sink, header->slot);
    sink_put_bytes32(sink, &header->block_root);
    sink_put_u64(sink, sizeof(header->proof));
    sink_put(sink, header->proof, sizeof(header->proof));
    sink_put_fr(sink, &header->entropy);
    sink_put_u64(sink, sizeof(header->leader_key));
    sink_put_bytes32(sink, &header->leader_key);
    sink_put_fr(sink, &header->voucher);
    if (header->has_leader_public)
        put_leader_public(sink, &header->leader_public);
    return (size_t)(memory.at - out);
}

struct signature block_header_sign(
    const struct block_header *header, const struct ed25519_key *leader)
{
    uint8_t message[BLOCK_SIGNING_PUBLIC_SIZE];
    const size_t size = block_header_signing_bytes(header, message);

    return ed25519_sign(leader, message, size);
}

bool block_header_verify(const struct block_header *header, const struct signature *signature)
{
    uint8_t message[BLOCK_SIGNING_PUBLIC_SIZE];
    const size_t size = block_header_signing_bytes(header, message);

    return ed25519_verify(&header->leader_key, message, size, signature);
}

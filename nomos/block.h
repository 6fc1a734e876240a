/* Blocks and their headers (node contract 2.6, 3.5, 3.6).
 *
 * A block does not carry its own id; block_header_id computes it. `leader_public` are the inputs of
 * the proof of leadership, which builds of the node in development mode put in the header in the
 * clear. They are signed, but no part of the id. */
#ifndef NOMOS_BLOCK_H
#define NOMOS_BLOCK_H

#include "nomos/keys.h"
#include "nomos/tx.h"

/* The node takes no more transactions than this in a block. */
#define BLOCK_TXS_MAX        1024
#define BLOCK_PROOF_SIZE     128
#define BLOCK_DOMAIN_VERSION 1

struct leader_public {
    uint64_t slot;
    struct fr epoch_nonce;
    uint64_t total_stake;
    struct fr aged_root;
    struct fr latest_root;
};

struct block_header {
    struct bytes32 parent;
    uint64_t slot;
    struct bytes32 block_root;
    uint8_t proof[BLOCK_PROOF_SIZE]; /* zeros in development mode */
    struct fr entropy;
    struct bytes32 leader_key;
    struct fr voucher;
    bool has_leader_public;
    struct leader_public leader_public;
};

struct block {
    struct block_header header;
    struct signature signature;
    struct signed_tx *txs; /* owned, as in tx.h */
    size_t tx_count;
};

/* Frees what a decoded block owns and leaves it all zeros. Takes NULL and all zeros. */
void block_done(struct block *block);

/* The Merkle root over transaction hashes in block order. Any number of hashes, including none. */
struct bytes32 block_root(const struct fr *tx_hashes, size_t count);

struct bytes32 block_header_id(const struct wire *wire, const struct block_header *header);
/* The header of the block that a genesis transaction makes; its id is the genesis id. */
struct block_header block_header_genesis(const struct fr *genesis_tx_hash);

/* Bytes that the leader key signs: without and with leader_public. */
#define BLOCK_SIGNING_SIZE        316
#define BLOCK_SIGNING_PUBLIC_SIZE 428
/* Writes them and returns how many. */
size_t block_header_signing_bytes(
    const struct block_header *header, uint8_t out[BLOCK_SIGNING_PUBLIC_SIZE]);
struct signature block_header_sign(
    const struct block_header *header, const struct ed25519_key *leader);
bool block_header_verify(const struct block_header *header, const struct signature *signature);

/* The lossless binary form, for storage and gossip between development nodes. Integers are
 * little-endian, field elements LE32.
 *
 *     u8 version (1) | parent 32 | u64 slot | block_root 32 | proof 128 | entropy | leader_key 32
 *     | voucher | u8 has_public | if 1: u64 slot, epoch_nonce, u64 total_stake, aged, latest
 *     | signature 64 | u32 count | count * (u32 size | signed transaction in TX_FORM_STORE)
 */
size_t block_size(const struct block *block);
void block_encode(const struct block *block, uint8_t *out);
/* Strict, as signed_tx_decode; refuses more than BLOCK_TXS_MAX transactions. */
enum nomos_status block_decode(
    const uint8_t *bytes, size_t size, struct block *out, struct nomos_error *err);

#endif

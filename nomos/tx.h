/* Mantle transactions: what they are, how they are written, and every id made from them (node
 * contract 2.7, 3.2 to 3.4, 4.5).
 *
 * A transaction moves notes (inputs to outputs) and carries operations. Signed, it also has one
 * proof per operation and one for the inputs. Structures own the arrays they point to when they
 * came from a decoder or json_tx.h: give them back with signed_tx_done. To hash or write a
 * transaction you build yourself, point the arrays wherever you like and do not call it.
 *
 *     struct fr input = note_to_spend;
 *     struct note output = {.value = 100, .pk = receiver};
 *     struct mantle_tx tx = {
 *         .inputs = &input, .input_count = 1, .outputs = &output, .output_count = 1};
 *     struct fr hash = tx_hash(&wire, &tx);
 *
 * Pure functions; any thread. */
#ifndef NOMOS_TX_H
#define NOMOS_TX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "nomos/bytes.h"
#include "nomos/error.h"
#include "nomos/field.h"
#include "nomos/multiaddr.h"
#include "nomos/wire.h"

/* An amount and the public key of its owner. Where it came from gives it its id: tx_output_id. */
struct note {
    uint64_t value;
    struct fr pk;
};

enum op_code {
    OP_CHANNEL_INSCRIBE = 0x00,
    OP_CHANNEL_BLOB = 0x01,
    OP_CHANNEL_SET_KEYS = 0x02,
    OP_SDP_DECLARE = 0x20,
    OP_SDP_WITHDRAW = 0x21,
    OP_SDP_ACTIVE = 0x22,
    OP_LEADER_CLAIM = 0x30,
};

enum sdp_service {
    SDP_BLEND = 0, /* "BN" */
    SDP_DA = 1,    /* "DA" */
};

struct op_inscribe {
    struct bytes32 channel;
    uint8_t *data;
    size_t data_size;
    struct bytes32 parent; /* message id, or zeros for the first of a channel */
    struct bytes32 signer;
};

struct op_blob {
    struct bytes32 channel;
    uint64_t session;
    struct bytes32 blob;
    uint64_t blob_size;
    uint64_t da_storage_gas_price;
    struct bytes32 parent;
    struct bytes32 signer;
};

struct op_set_keys {
    struct bytes32 channel;
    struct bytes32 *keys;
    size_t key_count;
};

struct op_declare {
    enum sdp_service service;
    struct multiaddr *locators;
    size_t locator_count;
    struct bytes32 provider_id;
    struct fr zk_id;
    struct fr locked_note_id;
};

struct op_withdraw {
    struct bytes32 declaration_id;
    uint64_t nonce;
    struct fr locked_note_id;
};

/* The metadata is opaque here: its bytes are hashed and carried, not understood. */
struct op_active {
    struct bytes32 declaration_id;
    uint64_t nonce;
    uint8_t *metadata;
    size_t metadata_size;
};

struct op_leader_claim {
    struct fr rewards_root;
    struct fr voucher_nullifier;
    struct fr mantle_tx_hash; /* in the JSON form and in TX_FORM_STORE only; never hashed */
};

struct op {
    enum op_code code;
    union {
        struct op_inscribe inscribe;
        struct op_blob blob;
        struct op_set_keys set_keys;
        struct op_declare declare;
        struct op_withdraw withdraw;
        struct op_active active;
        struct op_leader_claim leader_claim;
    };
};

struct mantle_tx {
    struct op *ops;
    size_t op_count;
    struct fr *inputs; /* note ids */
    size_t input_count;
    struct note *outputs;
    size_t output_count;
    uint64_t execution_gas_price;
    uint64_t storage_gas_price;
};

enum op_proof_kind {
    OP_PROOF_NONE = 0,
    OP_PROOF_ED25519 = 1,
    OP_PROOF_ZK = 2,
    OP_PROOF_ZK_AND_ED25519 = 3,
};

/* The members the kind does not name are zeros. */
struct op_proof {
    enum op_proof_kind kind;
    struct signature ed25519;
    struct zk_proof zk;
};

struct signed_tx {
    struct mantle_tx tx;
    struct op_proof *op_proofs; /* tx.op_count of them */
    struct zk_proof ledger_proof;
};

/* Frees what a decoded transaction owns and leaves it all zeros. Takes NULL and all zeros. */
void signed_tx_done(struct signed_tx *signed_tx);

/* --- bytes -------------------------------------------------------------------------------- */

enum tx_form {
    /* The node's own encoding: what is hashed, and what storage gas counts. A count is one byte,
       the low 8 bits of the number; so a transaction with more than 255 of anything cannot be read
       back. A proof has no kind byte: an operation without proof writes nothing, and reads back
       only if every operation has the kind of proof its code asks for. */
    TX_FORM_WIRE = 0,
    /* This library's lossless encoding, for storage and gossip between development nodes: as above,
       but counts are u32, each proof has a kind byte before it, and a leader claim has its
       mantle_tx_hash. */
    TX_FORM_STORE = 1,
};

size_t signed_tx_size(const struct signed_tx *signed_tx, enum tx_form form);
/* Writes exactly signed_tx_size bytes. */
void signed_tx_encode(const struct signed_tx *signed_tx, enum tx_form form, uint8_t *out);
/* Strict: every byte must be used, every element canonical, every count within what is there.
   NOMOS_E_DATA otherwise. Never allocates more than a small multiple of `size`. */
enum nomos_status signed_tx_decode(const uint8_t *bytes, size_t size, enum tx_form form,
    struct signed_tx *out, struct nomos_error *err);

/* The part that is hashed, in TX_FORM_WIRE. */
size_t mantle_tx_size(const struct mantle_tx *tx);
void mantle_tx_encode(const struct mantle_tx *tx, uint8_t *out);
/* As signed_tx_decode, for the unsigned part. Free with mantle_tx_done. */
enum nomos_status mantle_tx_decode(
    const uint8_t *bytes, size_t size, struct mantle_tx *out, struct nomos_error *err);
void mantle_tx_done(struct mantle_tx *tx);

/* --- ids ---------------------------------------------------------------------------------- */

/* The name of the transaction; covers everything but the proofs. */
struct fr tx_hash(const struct wire *wire, const struct mantle_tx *tx);
/* What Ed25519 operation proofs sign: the hash in Montgomery form. */
struct bytes32 tx_signing_bytes(const struct fr *hash);
/* Hash of inputs and outputs only. Note ids come from this one, not from tx_hash. */
struct fr tx_ledger_hash(const struct wire *wire, const struct mantle_tx *tx);

struct fr note_id(
    const struct wire *wire, const struct fr *ledger_hash, uint64_t index, const struct note *note);
/* The ids of all outputs, in order, into `out` (output_count of them). Cheaper than one by one. */
void tx_output_ids(const struct wire *wire, const struct mantle_tx *tx, struct fr *out);

/* The message id of an inscribe or blob operation, which is its channel's next tip. */
struct bytes32 op_message_id(const struct op *op);
/* The declaration id of an SDP_DECLARE operation. */
struct bytes32 op_declaration_id(const struct op_declare *declare);

/* --- checks ------------------------------------------------------------------------------- */

/* What the node checks while it reads a transaction: inscriptions and blobs that carry an Ed25519
   signature must be signed by their signer over the signing bytes of `hash` (= tx_hash), and must
   not carry a zk proof; having no proof is let pass, as the node does. NOMOS_E_DATA otherwise. */
enum nomos_status signed_tx_check_ops(
    const struct signed_tx *signed_tx, const struct fr *hash, struct nomos_error *err);

/* What the ledger asks Σ inputs − Σ outputs to be, exactly (node contract 4.5). False on overflow
   of 64 bits. */
bool signed_tx_gas_cost(const struct signed_tx *signed_tx, uint64_t *out_cost);

#endif

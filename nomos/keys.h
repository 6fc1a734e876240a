/* The keys of a node and of a wallet, and the names made from them (node contract 3.8, 4.8, 5.3).
 *
 * A node is named by 32 random bytes, its seed (the contract's `id`). Its network, data
 * availability and blend keys are all the one Ed25519 key of that seed. Notes are owned by zk
 * keys: a secret key is a field element, the public key a hash of it.
 *
 * The Ed25519 functions need libsodium to be ready: call keys_init once before them. */
#ifndef NOMOS_KEYS_H
#define NOMOS_KEYS_H

#include <stdbool.h>
#include <stddef.h>

#include "nomos/bytes.h"
#include "nomos/field.h"
#include "nomos/wire.h"

/* Readies libsodium. False when it cannot be (no source of entropy). May be called many times and
   from any thread. */
bool keys_init(void);

struct ed25519_key {
    uint8_t secret[64]; /* libsodium's form: seed and public key */
    struct bytes32 public_key;
};

void ed25519_from_seed(const struct bytes32 *seed, struct ed25519_key *out);
struct signature ed25519_sign(const struct ed25519_key *key, const void *message, size_t size);
/* Strict as libsodium is: also refuses keys of small order and signatures that are not
   canonical. */
bool ed25519_verify(const struct bytes32 *public_key, const void *message, size_t size,
    const struct signature *signature);
/* Whether the bytes decode to a point of the curve. All zeros do. */
bool ed25519_is_point(const struct bytes32 *public_key);

/* The Ed25519 key of 32 zero bytes. Every leader of this node revision signs its blocks with it. */
void ed25519_zero_key(struct ed25519_key *out);

struct fr zk_public_key(const struct wire *wire, const struct fr *secret_key);

/* What a node's own notes in the genesis transaction are for. */
enum note_purpose {
    NOTE_LEADER = 0,
    NOTE_DA = 1,
    NOTE_BLEND = 2,
};

/* The secret key of a node's note: the 16 bytes prefix ("ld", "da", "bn") and seed[0..14] as an
   integer. */
struct fr note_secret_key(enum note_purpose purpose, const struct bytes32 *seed);

/* The secret key behind the zk id of a service provider: its Ed25519 public key read as an integer
   modulo r. */
struct fr provider_secret_key(const struct bytes32 *ed25519_public_key);

/* Wallet account i, counted from 0: label "wallet-user-<i>". */
#define WALLET_LABEL_SIZE 40
void wallet_label(uint64_t index, char out[WALLET_LABEL_SIZE]);
struct fr wallet_secret_key(uint64_t index);

/* Peer ids: base58btc of a fixed prefix and the Ed25519 public key; always 52 characters. */
#define PEER_ID_SIZE 53
void peer_id_write(const struct bytes32 *ed25519_public_key, char out[PEER_ID_SIZE]);
bool peer_id_read(const char *text, struct bytes32 *out_ed25519_public_key);

#endif

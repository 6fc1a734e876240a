/* hello.h - how the two ends of a connection say and prove who they are.
 *
 * The same in both protocols, gossip.h and da_message.h, which differ in their magic bytes, and in
 * the domain of what is signed, so that a proof for one is none for the other. Each end says hello
 * with a challenge, and signs the other's:
 *
 *     hello   magic 8 | u16 version | genesis id 32 | public key 32 | challenge 32
 *     proof   signature 64 over domain | genesis id | own key | other's key | other's challenge
 *
 * Pure functions; any thread. */
#ifndef DEVNODE_CORE_HELLO_H
#define DEVNODE_CORE_HELLO_H

#include "devnode/core/cursor.h"
#include "nomos/bytes.h"
#include "nomos/keys.h"

#define HELLO_MAGIC_BYTES  8
#define HELLO_BYTES        (HELLO_MAGIC_BYTES + 2 + 3 * 32)
#define HELLO_DOMAIN_BYTES 32 /* at most, without the zero byte at its end */

struct hello {
    uint16_t version;
    struct bytes32 genesis;
    struct bytes32 public_key;
    struct bytes32 challenge;
};

/* Takes HELLO_BYTES; other magic bytes make the cursor bad. */
void hello_take(struct hello *out, const char magic[HELLO_MAGIC_BYTES], struct cursor *cursor);

/* Writes HELLO_BYTES and returns where they end. */
uint8_t *hello_put(const struct hello *hello, const char magic[HELLO_MAGIC_BYTES], uint8_t *out);

/* `key` proves itself to the one who said `to`. */
struct signature hello_prove(
    const char *domain, const struct hello *to, const struct ed25519_key *key);

/* Whether `proof` is that of `public_key` to the one who said `to`. */
bool hello_is_proved(const char *domain, const struct hello *to, const struct bytes32 *public_key,
    const struct signature *proof);

#endif

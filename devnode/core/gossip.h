/* gossip.h - the messages that development nodes exchange.
 *
 * A private protocol, version GOSSIP_VERSION: it shares nothing with the network protocols of the
 * real node. Every message is one byte of type and a body; integers are little-endian. Over TCP
 * each is preceded by its length, u32, at most MESSAGE_BYTES_MAX.
 *
 *     1 HELLO       a hello (hello.h) that begins with "assaydev"
 *                   | u16 port that the sender listens on, 0 if on none
 *     2 HELLO_PROOF signature 64, of GOSSIP_PROOF_DOMAIN
 *     3 TIP         id 32 | u64 height | u64 slot       my chain ends there; sent at each change
 *     4 GET_CHAIN   u8 count | count * (u64 height | id 32)   which blocks do I lack? newest first
 *     5 CHAIN       u64 first height | u16 count | count * id 32
 *                   they follow our last common block
 *     6 GET_BLOCKS  u16 count | count * id 32
 *     7 BLOCK       a block (nomos/block.h)
 *     8 NO_BLOCK    id 32                                I do not have it (any more)
 *     9 TX          a signed transaction in TX_FORM_STORE
 *    10 PEERS       u8 count | count * (IPv6 address 16 | u16 port | public key 32)   others I
 *                   am connected to; IPv4 addresses are mapped (::ffff:a.b.c.d)
 *
 * HELLO and HELLO_PROOF come first, once, from both sides; a peer is its public key. Reading is
 * strict: a wrong length, an unknown type or a count beyond its limit is refused, and the sender
 * is disconnected. A message that was read borrows ids and bodies from the bytes it was read
 * from. Pure functions; any thread. */
#ifndef DEVNODE_CORE_GOSSIP_H
#define DEVNODE_CORE_GOSSIP_H

#include "devnode/core/hello.h"
#include "devnode/core/limits.h"
#include "devnode/core/reason.h"
#include "nomos/bytes.h"
#include "nomos/keys.h"

#define GOSSIP_VERSION      1
#define GOSSIP_PROOF_DOMAIN "ASSAY_DEVNODE_HELLO_V1"

enum gossip_type {
    GOSSIP_HELLO = 1,
    GOSSIP_HELLO_PROOF = 2,
    GOSSIP_TIP = 3,
    GOSSIP_GET_CHAIN = 4,
    GOSSIP_CHAIN = 5,
    GOSSIP_GET_BLOCKS = 6,
    GOSSIP_BLOCK = 7,
    GOSSIP_NO_BLOCK = 8,
    GOSSIP_TX = 9,
    GOSSIP_PEERS = 10,
};

struct gossip_hello {
    struct hello hello;
    uint16_t listen_port;
};

struct gossip_tip {
    struct bytes32 id;
    uint64_t height;
    uint64_t slot;
};

struct gossip_place {
    uint64_t height;
    struct bytes32 id;
};

struct gossip_locator {
    uint8_t count;
    struct gossip_place places[LOCATOR_PLACES_MAX];
};

/* Of CHAIN and GET_BLOCKS; the latter has no first height and at most BLOCKS_ASKED_MAX. */
struct gossip_ids {
    uint64_t first_height;
    uint16_t count;
    const struct bytes32 *ids;
};

/* Where somebody listens. */
struct gossip_address {
    uint8_t ip[16];
    uint16_t port;
};

struct gossip_contact {
    struct gossip_address address;
    struct bytes32 public_key;
};

struct gossip_contacts {
    uint8_t count;
    struct gossip_contact contacts[CONTACTS_MAX];
};

/* Bytes without an owner: a BLOCK's or TX's body. */
struct gossip_body {
    const uint8_t *bytes;
    size_t size;
};

struct gossip_message {
    enum gossip_type type;
    union {
        struct gossip_hello hello;
        struct signature proof;
        struct gossip_tip tip;
        struct gossip_locator locator;
        struct gossip_ids ids;
        struct bytes32 id;
        struct gossip_contacts peers;
        struct gossip_body body;
    } as;
};

/* Reads one message. False and a reason when it is not exactly one. */
bool gossip_read(struct gossip_message *out, const uint8_t *bytes, size_t size, struct reason *why);

/* Bytes that gossip_write() needs for `message`. */
size_t gossip_size(const struct gossip_message *message);

/* Writes exactly gossip_size() bytes. */
void gossip_write(const struct gossip_message *message, uint8_t *out);

#endif

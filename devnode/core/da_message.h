/* da_message.h - the messages about data that development nodes exchange.
 *
 * A private protocol, version DA_MESSAGE_VERSION, over connections of its own to the addresses that
 * members declare (the port of da_network.backend.listening_address, TCP). Every message is one byte
 * of type and a body; integers are little-endian. Over TCP each is preceded by its length, u32, at
 * most DA_MESSAGE_BYTES_MAX.
 *
 *     1 HELLO     a hello (hello.h) that begins with "assay-da"
 *     2 PROOF     signature 64, of DA_PROOF_DOMAIN
 *     3 DISPERSE  u32 size | signed transaction in TX_FORM_STORE | share (nomos/da_share.h)
 *                 keep this column of yours; answered by TAKEN or REFUSED
 *     4 TAKEN     place                   I keep it
 *     5 REFUSED   place                   I do not
 *     6 OFFER     place                   I keep this column of our subnetwork
 *     7 WANT      place                   send it to me; answered by REPLICA or LACKS
 *     8 REPLICA   as DISPERSE             not answered
 *     9 GET       place                   let me see it; answered by SHARE or LACKS
 *    10 SHARE     share
 *    11 LACKS     place                   I do not have it
 *
 * A place is a blob id 32 | u16 column. HELLO and PROOF come first, once, from both sides. Reading is
 * strict, as in gossip.h; what was read borrows from the bytes it was read from. Pure functions; any
 * thread. */
#ifndef DEVNODE_CORE_DA_MESSAGE_H
#define DEVNODE_CORE_DA_MESSAGE_H

#include "devnode/core/da_limits.h"
#include "devnode/core/hello.h"
#include "devnode/core/reason.h"
#include "nomos/bytes.h"

#define DA_MESSAGE_VERSION 1
#define DA_PROOF_DOMAIN    "ASSAY_DEVNODE_DA_V1"

enum da_message_type {
    DA_HELLO = 1,
    DA_PROOF = 2,
    DA_DISPERSE = 3,
    DA_TAKEN = 4,
    DA_REFUSED = 5,
    DA_OFFER = 6,
    DA_WANT = 7,
    DA_REPLICA = 8,
    DA_GET = 9,
    DA_SHARE = 10,
    DA_LACKS = 11,
};

struct da_place {
    struct bytes32 blob;
    uint32_t column; /* below 65536 */
};

/* A column with the transaction that publishes its blob. Of a SHARE the latter is empty. */
struct da_parcel {
    const uint8_t *tx;
    size_t tx_size;
    const uint8_t *share;
    size_t share_size;
};

struct da_message {
    enum da_message_type type;
    union {
        struct hello hello;
        struct signature proof;
        struct da_place place;
        struct da_parcel parcel;
    } as;
};

/* Reads one message. False and a reason when it is not exactly one. What is inside a share or a
 * transaction is not looked at. */
bool da_message_read(struct da_message *out, const uint8_t *bytes, size_t size, struct reason *why);

/* Bytes that da_message_write() needs; it writes exactly so many. */
size_t da_message_size(const struct da_message *message);
void da_message_write(const struct da_message *message, uint8_t *out);

#endif

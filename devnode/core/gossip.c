#include "devnode/core/gossip.h"

#include <assert.h>

#include "devnode/core/cursor.h"

static const char magic[] = "assaydev";

static void read_locator(struct gossip_locator *out, struct cursor *cursor)
{
    out->count = (uint8_t)cursor_take_number(cursor, 1);
    if (out->count > LOCATOR_PLACES_MAX) {
        cursor->is_bad = true;
        return;
    }
    for (size_t i = 0; i < out->count; i++) {
        out->places[i].height = cursor_take_number(cursor, 8);
        cursor_take(cursor, out->places[i].id.bytes, 32);
    }
}

static void read_contacts(struct gossip_contacts *out, struct cursor *cursor)
{
    out->count = (uint8_t)cursor_take_number(cursor, 1);
    if (out->count > CONTACTS_MAX) {
        cursor->is_bad = true;
        return;
    }
    for (size_t i = 0; i < out->count; i++) {
        cursor_take(cursor, out->contacts[i].address.ip, 16);
        out->contacts[i].address.port = (uint16_t)cursor_take_number(cursor, 2);
        cursor_take(cursor, out->contacts[i].public_key.bytes, 32);
    }
}

static void read_ids(struct gossip_ids *out, struct cursor *cursor, size_t max)
{
    out->count = (uint16_t)cursor_take_number(cursor, 2);
    if (out->count > max) {
        cursor->is_bad = true;
        return;
    }
    out->ids = (const struct bytes32 *)cursor_borrow(cursor, (size_t)out->count * 32);
}

static void read_body(struct gossip_body *out, struct cursor *cursor)
{
    out->bytes = cursor->at;
    out->size = cursor->left;
    cursor->left = 0;
}

bool gossip_read(struct gossip_message *out, const uint8_t *bytes, size_t size, struct reason *why)
{
    struct cursor cursor = {.at = bytes, .left = size};
    unsigned type = (unsigned)cursor_take_number(&cursor, 1);

    out->type = (enum gossip_type)type;
    switch (type) {
    case GOSSIP_HELLO:
        hello_take(&out->as.hello.hello, magic, &cursor);
        out->as.hello.listen_port = (uint16_t)cursor_take_number(&cursor, 2);
        break;
    case GOSSIP_HELLO_PROOF:
        cursor_take(&cursor, out->as.proof.bytes, sizeof(out->as.proof.bytes));
        break;
    case GOSSIP_TIP:
        cursor_take(&cursor, out->as.tip.id.bytes, 32);
        out->as.tip.height = cursor_take_number(&cursor, 8);
        out->as.tip.slot = cursor_take_number(&cursor, 8);
        break;
    case GOSSIP_GET_CHAIN:
        read_locator(&out->as.locator, &cursor);
        break;
    case GOSSIP_CHAIN:
        out->as.ids.first_height = cursor_take_number(&cursor, 8);
        read_ids(&out->as.ids, &cursor, HEADERS_MAX);
        break;
    case GOSSIP_GET_BLOCKS:
        out->as.ids.first_height = 0;
        read_ids(&out->as.ids, &cursor, BLOCKS_ASKED_MAX);
        break;
    case GOSSIP_NO_BLOCK:
        cursor_take(&cursor, out->as.id.bytes, 32);
        break;
    case GOSSIP_PEERS:
        read_contacts(&out->as.peers, &cursor);
        break;
    case GOSSIP_BLOCK:
    case GOSSIP_TX:
        read_body(&out->as.body, &cursor);
        break;
    default:
        return reason_set(why, "message of %zu bytes has the unknown type %u", size, type);
    }
    if (cursor.is_bad || cursor.left)
        return reason_set(why, "malformed message of type %u and %zu bytes", type, size);
    return true;
}

size_t gossip_size(const struct gossip_message *message)
{
    switch (message->type) {
    case GOSSIP_HELLO:
        return 1 + HELLO_BYTES + 2;
    case GOSSIP_HELLO_PROOF:
        return 1 + sizeof(message->as.proof.bytes);
    case GOSSIP_TIP:
        return 1 + 32 + 8 + 8;
    case GOSSIP_GET_CHAIN:
        return 1 + 1 + (size_t)message->as.locator.count * 40;
    case GOSSIP_CHAIN:
        return 1 + 8 + 2 + (size_t)message->as.ids.count * 32;
    case GOSSIP_GET_BLOCKS:
        return 1 + 2 + (size_t)message->as.ids.count * 32;
    case GOSSIP_NO_BLOCK:
        return 1 + 32;
    case GOSSIP_PEERS:
        return 1 + 1 + (size_t)message->as.peers.count * (16 + 2 + 32);
    case GOSSIP_BLOCK:
    case GOSSIP_TX:
        return 1 + message->as.body.size;
    }
    return 0; /* every type is handled above */
}

void gossip_write(const struct gossip_message *message, uint8_t *out)
{
    const uint8_t *begin = out;

    out = put_number(out, message->type, 1);
    switch (message->type) {
    case GOSSIP_HELLO:
        out = hello_put(&message->as.hello.hello, magic, out);
        out = put_number(out, message->as.hello.listen_port, 2);
        break;
    case GOSSIP_HELLO_PROOF:
        out = put_bytes(out, message->as.proof.bytes, sizeof(message->as.proof.bytes));
        break;
    case GOSSIP_TIP:
        out = put_bytes(out, message->as.tip.id.bytes, 32);
        out = put_number(out, message->as.tip.height, 8);
        out = put_number(out, message->as.tip.slot, 8);
        break;
    case GOSSIP_GET_CHAIN:
        out = put_number(out, message->as.locator.count, 1);
        for (size_t i = 0; i < message->as.locator.count; i++) {
            out = put_number(out, message->as.locator.places[i].height, 8);
            out = put_bytes(out, message->as.locator.places[i].id.bytes, 32);
        }
        break;
    case GOSSIP_CHAIN:
        out = put_number(out, message->as.ids.first_height, 8);
        /* fall through */
    case GOSSIP_GET_BLOCKS:
        out = put_number(out, message->as.ids.count, 2);
        out = put_bytes(out, message->as.ids.ids, (size_t)message->as.ids.count * 32);
        break;
    case GOSSIP_NO_BLOCK:
        out = put_bytes(out, message->as.id.bytes, 32);
        break;
    case GOSSIP_PEERS:
        out = put_number(out, message->as.peers.count, 1);
        for (size_t i = 0; i < message->as.peers.count; i++) {
            const struct gossip_contact *contact = &message->as.peers.contacts[i];

            out = put_bytes(out, contact->address.ip, 16);
            out = put_number(out, contact->address.port, 2);
            out = put_bytes(out, contact->public_key.bytes, 32);
        }
        break;
    case GOSSIP_BLOCK:
    case GOSSIP_TX:
        out = put_bytes(out, message->as.body.bytes, message->as.body.size);
        break;
    }
    assert((size_t)(out - begin) == gossip_size(message));
    (void)begin;
}

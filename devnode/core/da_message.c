#include "devnode/core/da_message.h"

#include <assert.h>

#include "devnode/core/cursor.h"

static const char magic[] = "assay-da";

static void read_place(struct da_place *out, struct cursor *cursor)
{
    cursor_take(cursor, out->blob.bytes, 32);
    out->column = (uint32_t)cursor_take_number(cursor, 2);
}

static void read_share(struct da_parcel *out, struct cursor *cursor)
{
    out->share_size = cursor->left;
    out->share = cursor_borrow(cursor, cursor->left);
}

static void read_parcel(struct da_parcel *out, struct cursor *cursor)
{
    out->tx_size = (size_t)cursor_take_number(cursor, 4);
    if (out->tx_size > DA_TX_BYTES_MAX)
        cursor->is_bad = true;
    out->tx = cursor_borrow(cursor, out->tx_size);
    read_share(out, cursor);
}

bool da_message_read(struct da_message *out, const uint8_t *bytes, size_t size, struct reason *why)
{
    struct cursor cursor = {.at = bytes, .left = size};
    unsigned type = (unsigned)cursor_take_number(&cursor, 1);

    *out = (struct da_message){.type = (enum da_message_type)type};
    switch (type) {
    case DA_HELLO:
        hello_take(&out->as.hello, magic, &cursor);
        break;
    case DA_PROOF:
        cursor_take(&cursor, out->as.proof.bytes, sizeof(out->as.proof.bytes));
        break;
    case DA_DISPERSE:
    case DA_REPLICA:
        read_parcel(&out->as.parcel, &cursor);
        break;
    case DA_SHARE:
        read_share(&out->as.parcel, &cursor);
        break;
    case DA_TAKEN:
    case DA_REFUSED:
    case DA_OFFER:
    case DA_WANT:
    case DA_GET:
    case DA_LACKS:
        read_place(&out->as.place, &cursor);
        break;
    default:
        return reason_set(why, "message of %zu bytes has the unknown type %u", size, type);
    }
    if (cursor.is_bad || cursor.left)
        return reason_set(why, "malformed message of type %u and %zu bytes", type, size);
    return true;
}

size_t da_message_size(const struct da_message *message)
{
    switch (message->type) {
    case DA_HELLO:
        return 1 + HELLO_BYTES;
    case DA_PROOF:
        return 1 + sizeof(message->as.proof.bytes);
    case DA_DISPERSE:
    case DA_REPLICA:
        return 1 + 4 + message->as.parcel.tx_size + message->as.parcel.share_size;
    case DA_SHARE:
        return 1 + message->as.parcel.share_size;
    case DA_TAKEN:
    case DA_REFUSED:
    case DA_OFFER:
    case DA_WANT:
    case DA_GET:
    case DA_LACKS:
        return 1 + 32 + 2;
    }
    return 0; /* every type is handled above */
}

void da_message_write(const struct da_message *message, uint8_t *out)
{
    const struct da_parcel *parcel = &message->as.parcel;
    const uint8_t *begin = out;

    out = put_number(out, message->type, 1);
    switch (message->type) {
    case DA_HELLO:
        out = hello_put(&message->as.hello, magic, out);
        break;
    case DA_PROOF:
        out = put_bytes(out, message->as.proof.bytes, sizeof(message->as.proof.bytes));
        break;
    case DA_DISPERSE:
    case DA_REPLICA:
        out = put_number(out, parcel->tx_size, 4);
        out = put_bytes(out, parcel->tx, parcel->tx_size);
        /* fall through */
    case DA_SHARE:
        out = put_bytes(out, parcel->share, parcel->share_size);
        break;
    case DA_TAKEN:
    case DA_REFUSED:
    case DA_OFFER:
    case DA_WANT:
    case DA_GET:
    case DA_LACKS:
        out = put_bytes(out, message->as.place.blob.bytes, 32);
        out = put_number(out, message->as.place.column, 2);
        break;
    }
    assert((size_t)(out - begin) == da_message_size(message));
    (void)begin;
}

/* cursor.h - the numbers and byte strings that messages between nodes are made of.
 *
 * Reading: a cursor goes bad once it is asked for more than there is, gives zeros from then on, and
 * is asked once, at the end. Writing: into memory that the caller has made large enough. Integers
 * are little-endian. Shared by gossip.c, da_message.c and hello.c. */
#ifndef DEVNODE_CORE_CURSOR_H
#define DEVNODE_CORE_CURSOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct cursor {
    const uint8_t *at;
    size_t left;
    bool is_bad;
};

static inline void cursor_take(struct cursor *cursor, void *out, size_t size)
{
    if (cursor->is_bad || cursor->left < size) {
        cursor->is_bad = true;
        memset(out, 0, size);
        return;
    }
    memcpy(out, cursor->at, size);
    cursor->at += size;
    cursor->left -= size;
}

static inline uint64_t cursor_take_number(struct cursor *cursor, size_t bytes)
{
    uint8_t raw[8] = {0};
    uint64_t number = 0;

    cursor_take(cursor, raw, bytes);
    for (size_t i = bytes; i-- > 0;)
        number = number << 8 | raw[i];
    return number;
}

/* The next `size` bytes in place; NULL when there are not that many. */
static inline const uint8_t *cursor_borrow(struct cursor *cursor, size_t size)
{
    const uint8_t *at = cursor->at;

    if (cursor->is_bad || cursor->left < size) {
        cursor->is_bad = true;
        return NULL;
    }
    cursor->at += size;
    cursor->left -= size;
    return at;
}

static inline uint8_t *put_bytes(uint8_t *out, const void *bytes, size_t size)
{
    if (size)
        memcpy(out, bytes, size);
    return out + size;
}

static inline uint8_t *put_number(uint8_t *out, uint64_t number, size_t bytes)
{
    for (size_t i = 0; i < bytes; i++)
        *out++ = (uint8_t)(number >> (8 * i));
    return out;
}

#endif

#include "nomos/text.h"

#include <stdlib.h>
#include <string.h>

#include "nomos/hex.h"
#include "nomos/memory.h"

/* First room; most transactions fit. */
#define TEXT_ROOM_MIN 1024
/* Digits of the largest u64. */
#define U64_DIGITS 20

void text_done(struct text *text)
{
    free(text->bytes);
    *text = (struct text){.max = text->max};
}

void text_clear(struct text *text)
{
    text->size = 0;
    text->failed = false;
    if (text->bytes)
        text->bytes[0] = '\0';
}

bool text_ok(const struct text *text)
{
    return !text->failed;
}

/* Makes room for `size` more bytes and the terminator; NULL and a failed text when it cannot. */
static char *grow(struct text *text, size_t size)
{
    const size_t max = text->max ? text->max : TEXT_SIZE_MAX;

    if (text->failed || size >= max - text->size) {
        text->failed = true;
        return NULL;
    }
    const size_t need = text->size + size + 1;
    if (need > text->room) {
        size_t room = text->room ? text->room : TEXT_ROOM_MIN;

        while (room < need)
            room *= 2;
        char *bytes = nomos_resize(text->bytes, room);
        if (!bytes) {
            text->failed = true;
            return NULL;
        }
        text->bytes = bytes;
        text->room = room;
    }
    return text->bytes + text->size;
}

/* Ends the text after what was written at its end. */
static void advance(struct text *text, size_t size)
{
    text->size += size;
    text->bytes[text->size] = '\0';
}

void text_add_bytes(struct text *text, const char *bytes, size_t size)
{
    char *out = grow(text, size);

    if (!out)
        return;
    if (size)
        memcpy(out, bytes, size);
    advance(text, size);
}

void text_add(struct text *text, const char *string)
{
    text_add_bytes(text, string, strlen(string));
}

void text_add_u64(struct text *text, uint64_t value)
{
    char digits[U64_DIGITS];
    size_t start = sizeof(digits);

    do
        digits[--start] = (char)('0' + value % 10);
    while (value /= 10);
    text_add_bytes(text, digits + start, sizeof(digits) - start);
}

void text_add_hex(struct text *text, const uint8_t *bytes, size_t size)
{
    char *out = grow(text, 2 * size);

    if (!out)
        return;
    hex_write(bytes, size, out);
    advance(text, 2 * size);
}

void text_add_numbers(struct text *text, const uint8_t *bytes, size_t size)
{
    /* Each byte takes three digits and a comma at most. */
    char *out = grow(text, 4 * size + 2);
    size_t length = 0;

    if (!out)
        return;
    out[length++] = '[';
    for (size_t i = 0; i < size; i++) {
        const uint8_t value = bytes[i];

        if (i)
            out[length++] = ',';
        if (value >= 100)
            out[length++] = (char)('0' + value / 100);
        if (value >= 10)
            out[length++] = (char)('0' + value / 10 % 10);
        out[length++] = (char)('0' + value % 10);
    }
    out[length++] = ']';
    advance(text, length);
}

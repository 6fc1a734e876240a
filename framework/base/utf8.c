#include "framework/base/utf8.h"

#include <stdint.h>

/* The length of the character at p, of which `left` bytes are there; 0 if it is not valid. */
static size_t character(const unsigned char *p, size_t left)
{
    static const uint32_t smallest[] = {0, 0, 0x80, 0x800, 0x10000};
    uint32_t code = 0;
    size_t len = 1;

    if (p[0] < 0x80)
        return 1;
    if ((p[0] & 0xE0) == 0xC0) {
        len = 2;
        code = p[0] & 0x1FU;
    } else if ((p[0] & 0xF0) == 0xE0) {
        len = 3;
        code = p[0] & 0x0FU;
    } else if ((p[0] & 0xF8) == 0xF0) {
        len = 4;
        code = p[0] & 0x07U;
    } else {
        return 0;
    }
    if (len > left)
        return 0;
    for (size_t i = 1; i < len; i++) {
        if ((p[i] & 0xC0) != 0x80)
            return 0;
        code = code << 6 | (p[i] & 0x3FU);
    }
    if (code < smallest[len] || code > 0x10FFFF || (code >= 0xD800 && code <= 0xDFFF))
        return 0;
    return len;
}

size_t utf8_valid_prefix(const void *data, size_t size)
{
    const unsigned char *bytes = data;
    size_t done = 0;

    while (done < size) {
        const size_t len = character(bytes + done, size - done);

        if (len == 0)
            break;
        done += len;
    }
    return done;
}

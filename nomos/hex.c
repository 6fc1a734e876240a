#include "nomos/hex.h"

#include <string.h>

static const char digits[] = "0123456789abcdef";

#define NOT_A_DIGIT 16

/* The value of a digit, or NOT_A_DIGIT. */
static unsigned digit_value(char digit)
{
    if (digit >= '0' && digit <= '9')
        return (unsigned)(digit - '0');
    if (digit >= 'a' && digit <= 'f')
        return (unsigned)(digit - 'a') + 10;
    if (digit >= 'A' && digit <= 'F')
        return (unsigned)(digit - 'A') + 10;
    return NOT_A_DIGIT;
}

void hex_write(const uint8_t *bytes, size_t size, char *out)
{
    for (size_t i = 0; i < size; i++) {
        out[2 * i] = digits[bytes[i] >> 4];
        out[2 * i + 1] = digits[bytes[i] & 15];
    }
    out[2 * size] = '\0';
}

bool hex_read(const char *text, size_t text_size, uint8_t *out, size_t size)
{
    if (text_size % 2 != 0 || text_size / 2 != size)
        return false;
    for (size_t i = 0; i < text_size; i++)
        if (digit_value(text[i]) == NOT_A_DIGIT)
            return false;
    for (size_t i = 0; i < size; i++)
        out[i] = (uint8_t)(digit_value(text[2 * i]) << 4 | digit_value(text[2 * i + 1]));
    return true;
}

void hex_from_bytes32(const struct bytes32 *id, char out[HEX32_SIZE])
{
    hex_write(id->bytes, sizeof(id->bytes), out);
}

bool hex_to_bytes32(const char *text, struct bytes32 *out)
{
    if (text[0] == '0' && text[1] == 'x')
        text += 2;
    return hex_read(text, strnlen(text, HEX32_SIZE), out->bytes, sizeof(out->bytes));
}

void hex_from_fr(const struct fr *a, char out[HEX32_SIZE])
{
    uint8_t bytes[FR_SIZE];

    fr_to_le32(a, bytes);
    hex_write(bytes, sizeof(bytes), out);
}

bool hex_to_fr(const char *text, struct fr *out)
{
    uint8_t bytes[FR_SIZE];

    return hex_read(text, strnlen(text, HEX32_SIZE), bytes, sizeof(bytes)) &&
        fr_from_le32(bytes, out);
}

#include "nomos/da_erasure.h"

#include <assert.h>
#include <stdbool.h>
#include <string.h>

/* x^8 without the terms from x^8 up: what is added when a product grows past seven bits. */
#define FIELD_REDUCTION 0x1du

static uint8_t times_x(uint8_t a)
{
    return (uint8_t)((unsigned)a << 1 ^ (a & 0x80u ? FIELD_REDUCTION : 0u));
}

static uint8_t multiply(uint8_t a, uint8_t b)
{
    uint8_t product = 0;

    for (; b; b >>= 1) {
        if (b & 1u)
            product ^= a;
        a = times_x(a);
    }
    return product;
}

/* a^254: the field without zero has 255 elements. */
static uint8_t invert(uint8_t a)
{
    uint8_t power = a;
    uint8_t inverse = 1;

    for (int bit = 1; bit < 8; bit++) {
        power = multiply(power, power);
        inverse = multiply(inverse, power);
    }
    return inverse;
}

/* By how much the known column `which` counts in column `index`: the value there of the polynomial
   that is 1 at its point and 0 at the points of all other known columns. */
static uint8_t weight(const struct da_erasure_known *known, uint32_t which, uint32_t index)
{
    const uint32_t own = known->columns[which].index;
    uint8_t above = 1;
    uint8_t below = 1;

    for (uint32_t i = 0; i < known->count; i++) {
        const uint32_t other = known->columns[i].index;

        if (i == which)
            continue;
        assert(other != own);
        above = multiply(above, (uint8_t)(index ^ other));
        below = multiply(below, (uint8_t)(own ^ other));
    }
    return multiply(above, invert(below));
}

/* out += factor * bytes. The products of all 256 bytes are made first: columns are long. */
static void add_multiple(uint8_t *out, uint8_t factor, const uint8_t *bytes, size_t size)
{
    uint8_t products[256] = {0};

    for (unsigned bit = 1; bit < 256; bit *= 2) {
        for (unsigned low = 0; low < bit; low++)
            products[bit + low] = products[low] ^ factor;
        factor = times_x(factor);
    }
    for (size_t i = 0; i < size; i++)
        out[i] ^= products[bytes[i]];
}

void da_erasure_column(const struct da_erasure_known *known, uint32_t index, uint8_t *out)
{
    assert(known->count > 0 && index < DA_ERASURE_COLUMNS_MAX);
    memset(out, 0, known->size);
    for (uint32_t i = 0; i < known->count; i++) {
        const uint8_t factor = weight(known, i, index);

        if (factor)
            add_multiple(out, factor, known->columns[i].bytes, known->size);
    }
}

#include "nomos/da_erasure.h"

#include <assert.h>
#include <string.h>

/* x^8, written with lower terms: what is added when a product grows past seven bits. */
#define FIELD_REDUCTION 0x1du

static uint8_t times_x(uint8_t a)
{
    return (uint8_t)((unsigned)a << 1 ^ (a & 0x80u ? FIELD_REDUCTION : 0u));
}

/* The exponent of the product of |point - other| over all known columns other than `except`. */
static uint32_t distance_of(const struct da_erasure *erasure, uint32_t point, uint32_t except)
{
    uint32_t sum = 0;

    for (uint32_t i = 0; i < erasure->count; i++) {
        const uint32_t other = erasure->columns[i].index;

        if (i == except)
            continue;
        assert(other != point && other < DA_ERASURE_COLUMNS_MAX);
        sum += erasure->exponent[point ^ other];
    }
    return sum % DA_ERASURE_UNITS;
}

void da_erasure_init(struct da_erasure *erasure, const struct da_erasure_column *columns,
    uint32_t count, size_t size)
{
    uint8_t power = 1;

    assert(count > 0 && count <= DA_ERASURE_COLUMNS_MAX);
    *erasure = (struct da_erasure){.columns = columns, .count = count, .size = size};
    for (uint32_t i = 0; i < DA_ERASURE_UNITS; i++) {
        erasure->power[i] = power;
        erasure->exponent[power] = (uint8_t)i;
        power = times_x(power);
    }
    for (uint32_t i = 0; i < count; i++)
        erasure->distance[i] = (uint8_t)distance_of(erasure, columns[i].index, i);
}

/* The products of all half bytes with a factor whose products with single bits are `bits`. */
static void fill_products(uint8_t products[16], const uint8_t bits[4])
{
    for (unsigned half = 0; half < 16; half++) {
        products[half] = 0;
        for (unsigned bit = 0; bit < 4; bit++)
            products[half] ^= (half >> bit & 1) ? bits[bit] : 0;
    }
}

/* out += factor * bytes. A byte's halves are multiplied apart, so that two short tables do. */
static void add_multiple(uint8_t *out, uint8_t factor, const uint8_t *bytes, size_t size)
{
    uint8_t bits[8];
    uint8_t low[16];
    uint8_t high[16];

    for (unsigned bit = 0; bit < 8; bit++) {
        bits[bit] = factor;
        factor = times_x(factor);
    }
    fill_products(low, bits);
    fill_products(high, bits + 4);
    for (size_t i = 0; i < size; i++)
        out[i] ^= low[bytes[i] & 15] ^ high[bytes[i] >> 4];
}

/* What a known column counts for in another is the value there of the polynomial that is 1 at its
   own point and 0 at those of all other known columns: a quotient of products of distances. */
void da_erasure_column(const struct da_erasure *erasure, uint32_t index, uint8_t *out)
{
    const uint32_t all = distance_of(erasure, index, erasure->count);

    assert(index < DA_ERASURE_COLUMNS_MAX);
    memset(out, 0, erasure->size);
    for (uint32_t i = 0; i < erasure->count; i++) {
        const struct da_erasure_column *known = &erasure->columns[i];
        const uint32_t exponent = all + 2 * DA_ERASURE_UNITS -
            erasure->exponent[index ^ known->index] - erasure->distance[i];

        add_multiple(out, erasure->power[exponent % DA_ERASURE_UNITS], known->bytes, erasure->size);
    }
}

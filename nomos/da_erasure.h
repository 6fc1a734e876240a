/* Reed-Solomon over GF(2^8): columns of bytes, made so that any `count` of them give all others.
 *
 * Byte i of every column together is one code word: the values, at the points 0, 1, 2... (a
 * column's index), of the one polynomial of degree below `count` that goes through the known
 * columns' bytes. The field is GF(2)[x] / (x^8 + x^4 + x^3 + x^2 + 1), an element's bits its
 * coefficients. A byte that is zero in all known columns is zero everywhere.
 *
 * It finds lost columns, not wrong ones: who calls it has checked what goes in (da_code.h).
 *
 *     struct da_erasure erasure;
 *     da_erasure_init(&erasure, columns, count, size);
 *     da_erasure_column(&erasure, index, out);
 *
 * No cleanup; the columns must live as long. Any thread. Internal to the library. */
#ifndef NOMOS_DA_ERASURE_H
#define NOMOS_DA_ERASURE_H

#include <stddef.h>
#include <stdint.h>

/* The field has so many points, and each column needs one. */
#define DA_ERASURE_COLUMNS_MAX 256u

/* The elements of the field other than zero. */
#define DA_ERASURE_UNITS 255u

struct da_erasure_column {
    uint32_t index; /* below DA_ERASURE_COLUMNS_MAX */
    const uint8_t *bytes;
};

struct da_erasure {
    const struct da_erasure_column *columns; /* the known ones */
    uint32_t count;
    size_t size;
    uint8_t power[DA_ERASURE_UNITS]; /* x^n */
    uint8_t exponent[256];           /* the n of x^n; that of 0 means nothing */
    /* Of each known column: the exponent of the product of its point's distances to the others. */
    uint8_t distance[DA_ERASURE_COLUMNS_MAX];
};

/* At least one known column, with distinct indices, all of `size` bytes. */
void da_erasure_init(struct da_erasure *erasure, const struct da_erasure_column *columns,
    uint32_t count, size_t size);

/* Computes column `index`, which is none of the known, into `out` (`size` bytes). */
void da_erasure_column(const struct da_erasure *erasure, uint32_t index, uint8_t *out);

#endif

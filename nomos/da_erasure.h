/* Reed-Solomon over GF(2^8): columns of bytes of which some carry data and the rest are made so
 * that ANY `data_columns` of them give all the others.
 *
 * Byte i of every column together is one code word: the values, at the points 0, 1, 2... (a
 * column's index), of the one polynomial of degree below `data_columns` that goes through the data
 * columns' bytes. The field is GF(2)[x] / (x^8 + x^4 + x^3 + x^2 + 1), an element's bits its
 * coefficients. Zero data gives zero parity, so a byte that is zero in all data columns is zero
 * everywhere.
 *
 * It finds lost columns, not wrong ones: who calls it has checked what goes in (da_code.h). Pure
 * functions; any thread. Internal to the library. */
#ifndef NOMOS_DA_ERASURE_H
#define NOMOS_DA_ERASURE_H

#include <stddef.h>
#include <stdint.h>

/* The field has so many points, and each column needs one. */
#define DA_ERASURE_COLUMNS_MAX 256u

struct da_erasure_column {
    uint32_t index; /* below DA_ERASURE_COLUMNS_MAX */
    const uint8_t *bytes;
};

/* Columns that are known: at least one, with distinct indices, all of `size` bytes. As many as
   carry data. */
struct da_erasure_known {
    const struct da_erasure_column *columns;
    uint32_t count;
    size_t size;
};

/* Computes column `index` into `out` (known->size bytes, which must not be one of the known). */
void da_erasure_column(const struct da_erasure_known *known, uint32_t index, uint8_t *out);

#endif

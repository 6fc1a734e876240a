/* Text to numbers and back: the one place where input becomes a quantity.

   Each parser takes the whole text (no blanks around it), writes *out only on
   success, and on failure returns ASSAY_E_INVALID with a text that quotes the
   input and says what is expected. Nothing depends on the locale.

       whole number   42, -7 (parse_i64)
       real           1.5, -2e-3; never nan or inf
       bool           true yes on, false no off; any case
       span           10ms, 1.5s, 2m, 1h30m: numbers with units ns us ms s m h d, from
                      large to small; exact to the nanosecond, at most 292 years; 0 needs no unit
       size           512B, 16KiB, 1.5MiB, 10kB: units B, kB MB GB TB (1000), KiB MiB GiB TiB (1024);
                      whole bytes, at most 2^63 - 1; 0 needs no unit

   format_span and format_size write the shortest text of that form which parses
   back to the same value. Any thread. */
#ifndef ASSAY_BASE_PARSE_H
#define ASSAY_BASE_PARSE_H

#include <stdbool.h>
#include <stdint.h>

#include "framework/base/error.h"

assay_status parse_u64(const char *text, uint64_t *out, struct error *err);
assay_status parse_i64(const char *text, int64_t *out, struct error *err);
assay_status parse_real(const char *text, double *out, struct error *err);
assay_status parse_bool(const char *text, bool *out, struct error *err);
assay_status parse_span(const char *text, assay_ns *out, struct error *err);
assay_status parse_size(const char *text, uint64_t *out, struct error *err);

/* A whole number with bounds, both included; the error names them. */
struct u64_range {
    uint64_t min;
    uint64_t max;
};
assay_status parse_u64_in(
    const char *text, struct u64_range range, uint64_t *out, struct error *err);

enum {
    QUANTITY_TEXT_SIZE = 48
}; /* room for any formatted span or size */

/* "1m30s", "2.5ms", "0s"; a negative span gets a minus sign. Returns buffer. */
const char *format_span(assay_ns span, char buffer[QUANTITY_TEXT_SIZE]);

/* "4MiB", "10kB", "123B". Returns buffer. size is at most 2^63 - 1. */
const char *format_size(uint64_t size, char buffer[QUANTITY_TEXT_SIZE]);

/* The shortest decimal text that parses back to the same finite number. Returns buffer. */
const char *format_real(double value, char buffer[QUANTITY_TEXT_SIZE]);

#endif

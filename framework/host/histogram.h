/* A histogram of numbers from 0 up, whose quantiles are within 1 % of the truth.

   Log-linear: each power of two between 2^-40 and 2^40 (a picosecond to 12 days when the unit is
   seconds; bytes up to a tebibyte) is cut into 64 equal parts, of which a quantile names the
   middle: off by at most 1/128 of the value. Zero has a part of its own; what is smaller or larger
   than the range counts in the outermost part, but min and max stay exact, and quantiles are kept
   between them. Parts are made when first needed, a power of two at a time: a histogram of similar
   numbers takes 2 KiB. One thread at a time. */
#ifndef ASSAY_HOST_HISTOGRAM_H
#define ASSAY_HOST_HISTOGRAM_H

#include <stdint.h>

#include "framework/base/cleanup.h"
#include "framework/base/status.h"

enum {
    HISTOGRAM_EXPONENT_MIN = -40,
    HISTOGRAM_EXPONENT_MAX = 40,
    HISTOGRAM_OCTAVES = HISTOGRAM_EXPONENT_MAX - HISTOGRAM_EXPONENT_MIN,
    HISTOGRAM_PARTS = 64
};

struct histogram {
    uint64_t *octaves[HISTOGRAM_OCTAVES]; /* counts of HISTOGRAM_PARTS each; NULL: all zero */
    uint64_t zeros;
    uint64_t count;
    double sum, min, max; /* min and max: 0 while count is 0 */
};

void histogram_init(struct histogram *histogram);
void histogram_done(struct histogram *histogram);

/* ASSAY_E_INVALID: negative, or not a finite number. ASSAY_E_NOMEM. */
assay_status histogram_add(struct histogram *histogram, double value);

/* The value that a share of q of the samples does not exceed (nearest rank); q in [0, 1].
   ASSAY_E_NOTFOUND: there are no samples. ASSAY_E_INVALID: no such q. */
assay_status histogram_quantile(const struct histogram *histogram, double q, double *out);

CLEANUP_DEFINE_DONE(auto_histogram, struct histogram, histogram_done)
#define auto_histogram CLEANUP(auto_histogram)

#endif

#include "framework/host/histogram.h"

#include <math.h>

#include "framework/base/mem.h"

void histogram_init(struct histogram *histogram)
{
    *histogram = (struct histogram){.count = 0};
}

void histogram_done(struct histogram *histogram)
{
    for (int i = 0; i < HISTOGRAM_OCTAVES; i++)
        free(histogram->octaves[i]);
    histogram_init(histogram);
}

struct place {
    int octave, part;
};

/* value > 0. frexp gives value = fraction * 2^exponent with fraction in [0.5, 1). */
static struct place place_of(double value)
{
    int exponent = 0;
    const double fraction = frexp(value, &exponent);
    const int octave = exponent - 1 - HISTOGRAM_EXPONENT_MIN;

    if (octave < 0)
        return (struct place){.octave = 0, .part = 0};
    if (octave >= HISTOGRAM_OCTAVES)
        return (struct place){.octave = HISTOGRAM_OCTAVES - 1, .part = HISTOGRAM_PARTS - 1};
    return (struct place){.octave = octave, .part = (int)((fraction - 0.5) * 2 * HISTOGRAM_PARTS)};
}

static double middle_of(struct place place)
{
    const double fraction = 0.5 + (place.part + 0.5) / (2.0 * HISTOGRAM_PARTS);

    return ldexp(fraction, place.octave + 1 + HISTOGRAM_EXPONENT_MIN);
}

assay_status histogram_add(struct histogram *histogram, double value)
{
    if (!isfinite(value) || value < 0)
        return ASSAY_E_INVALID;
    if (value == 0) {
        histogram->zeros++;
    } else {
        const struct place place = place_of(value);
        uint64_t **octave = &histogram->octaves[place.octave];

        if (!*octave)
            *octave = mem_new_array(HISTOGRAM_PARTS, sizeof(**octave));
        if (!*octave)
            return ASSAY_E_NOMEM;
        (*octave)[place.part]++;
    }
    if (histogram->count == 0 || value < histogram->min)
        histogram->min = value;
    if (histogram->count == 0 || value > histogram->max)
        histogram->max = value;
    histogram->count++;
    histogram->sum += value;
    return ASSAY_OK;
}

/* The middle of the part in which the rank-th sample (from 1) lies. */
static double value_at_rank(const struct histogram *histogram, uint64_t rank)
{
    uint64_t seen = histogram->zeros;

    if (rank <= seen)
        return 0;
    for (int i = 0; i < HISTOGRAM_OCTAVES; i++) {
        const uint64_t *octave = histogram->octaves[i];

        for (int part = 0; octave && part < HISTOGRAM_PARTS; part++) {
            seen += octave[part];
            if (seen >= rank)
                return middle_of((struct place){.octave = i, .part = part});
        }
    }
    return histogram->max;
}

assay_status histogram_quantile(const struct histogram *histogram, double q, double *out)
{
    uint64_t rank = 0;
    double value = 0;

    if (!(q >= 0 && q <= 1))
        return ASSAY_E_INVALID;
    if (histogram->count == 0)
        return ASSAY_E_NOTFOUND;
    /* Less than rounding errors may add: 0.07 of 100 samples is the 7th, not the 8th. */
    rank = (uint64_t)fmax(ceil(q * (double)histogram->count - 1e-9), 1);
    if (rank > histogram->count)
        rank = histogram->count;
    /* The ends are known exactly. */
    if (rank <= 1)
        value = histogram->min;
    else if (rank == histogram->count)
        value = histogram->max;
    else
        value = value_at_rank(histogram, rank);
    *out = fmin(fmax(value, histogram->min), histogram->max);
    return ASSAY_OK;
}

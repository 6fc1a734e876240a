/* values.h - typed values of a YAML tree, with the key in every complaint.
 *
 * The functions ending in _or leave *out as it is when the key is missing or null. Pure functions. */
#ifndef CFGSYNC_VALUES_H
#define CFGSYNC_VALUES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "devnode/core/reason.h"

struct yaml_tree;

struct value_range {
    uint64_t min, max;
};

bool value_is_null(const struct yaml_tree *value);

/* A plain scalar of digits within the range. */
bool value_number(const struct yaml_tree *value, struct value_range range, uint64_t *out);

bool value_u64(const struct yaml_tree *map, const char *key, struct value_range range,
    uint64_t *out, struct reason *why);
bool value_u64_or(const struct yaml_tree *map, const char *key, struct value_range range,
    uint64_t *out, struct reason *why);
bool value_real(const struct yaml_tree *map, const char *key, double *out, struct reason *why);

/* A duration in nanoseconds, in each of the node's forms: "5.0", [5, 0], {secs: 5, nanos: 0}; up to
 * a year. */
bool value_span_or(const struct yaml_tree *map, const char *key, uint64_t *out, struct reason *why);

/* Text that fits into `size` bytes with its terminator. */
bool value_text_or(
    const struct yaml_tree *map, const char *key, char *out, size_t size, struct reason *why);

#endif

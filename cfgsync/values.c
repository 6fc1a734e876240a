#include "cfgsync/values.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "devnode/shell/yaml_tree.h"

#define NS_PER_SECOND UINT64_C(1000000000)
#define SPAN_MAX_S    UINT64_C(31622400) /* a leap year: nothing in a configuration lasts longer */

bool value_is_null(const struct yaml_tree *value)
{
    return value->kind == YAML_SCALAR && value->is_plain &&
        (!*value->text || !strcmp(value->text, "null") || !strcmp(value->text, "~"));
}

bool value_number(const struct yaml_tree *value, struct value_range range, uint64_t *out)
{
    char *end = NULL;
    unsigned long long number;

    if (value->kind != YAML_SCALAR || !value->is_plain || !*value->text ||
        strspn(value->text, "0123456789") != strlen(value->text))
        return false;
    errno = 0;
    number = strtoull(value->text, &end, 10);
    if (errno || number < range.min || number > range.max)
        return false;
    *out = number;
    return true;
}

/* The value, NULL when it is missing or null. */
static const struct yaml_tree *find(const struct yaml_tree *map, const char *key)
{
    const struct yaml_tree *value = yaml_tree_find(map, key);

    return value && !value_is_null(value) ? value : NULL;
}

bool value_u64_or(const struct yaml_tree *map, const char *key, struct value_range range,
    uint64_t *out, struct reason *why)
{
    const struct yaml_tree *value = find(map, key);

    if (!value || value_number(value, range, out))
        return true;
    return reason_set(
        why, "`%s` must be a whole number from %" PRIu64 " to %" PRIu64, key, range.min, range.max);
}

bool value_u64(const struct yaml_tree *map, const char *key, struct value_range range,
    uint64_t *out, struct reason *why)
{
    if (!find(map, key))
        return reason_set(why, "`%s` is missing", key);
    return value_u64_or(map, key, range, out, why);
}

bool value_real(const struct yaml_tree *map, const char *key, double *out, struct reason *why)
{
    const struct yaml_tree *value = find(map, key);
    char *end = NULL;

    if (!value)
        return reason_set(why, "`%s` is missing", key);
    if (value->kind == YAML_SCALAR && value->is_plain) {
        *out = strtod(value->text, &end);
        if (end != value->text && !*end)
            return true;
    }
    return reason_set(why, "`%s` must be a number", key);
}

/* ---- durations ---- */

/* "5.0": seconds with any number of decimals, of which nine count. */
static bool parse_decimal(const char *text, uint64_t *out)
{
    uint64_t ns = 0, unit = NS_PER_SECOND / 10;
    size_t digits = strspn(text, "0123456789");

    if (digits == 0 || digits > 9)
        return false;
    for (size_t i = 0; i < digits; i++)
        ns = ns * 10 + (uint64_t)(text[i] - '0');
    if (ns > SPAN_MAX_S)
        return false;
    ns *= NS_PER_SECOND;
    text += digits;
    if (*text == '.') {
        text++;
        if (!*text)
            return false;
        for (; *text >= '0' && *text <= '9'; text++, unit /= 10)
            ns += unit * (uint64_t)(*text - '0');
    }
    if (*text)
        return false;
    *out = ns;
    return true;
}

static bool parse_parts(
    const struct yaml_tree *seconds, const struct yaml_tree *nanos, uint64_t *out)
{
    uint64_t s = 0, ns = 0;

    if (!seconds || !nanos || !value_number(seconds, (struct value_range){0, SPAN_MAX_S}, &s) ||
        !value_number(nanos, (struct value_range){0, NS_PER_SECOND - 1}, &ns))
        return false;
    *out = s * NS_PER_SECOND + ns;
    return true;
}

bool value_span_or(const struct yaml_tree *map, const char *key, uint64_t *out, struct reason *why)
{
    const struct yaml_tree *value = find(map, key);
    bool is_span = false;

    if (!value)
        return true;
    switch (value->kind) {
    case YAML_SCALAR:
        is_span = parse_decimal(value->text, out);
        break;
    case YAML_SEQUENCE:
        is_span = value->count == 2 && parse_parts(value->values[0], value->values[1], out);
        break;
    case YAML_MAPPING:
        is_span = parse_parts(yaml_tree_find(value, "secs"), yaml_tree_find(value, "nanos"), out);
        break;
    }
    return is_span ? true : reason_set(why, "`%s` must be seconds such as \"5.0\"", key);
}

bool value_text_or(
    const struct yaml_tree *map, const char *key, char *out, size_t size, struct reason *why)
{
    const struct yaml_tree *value = find(map, key);

    if (!value)
        return true;
    if (value->kind != YAML_SCALAR || strlen(value->text) >= size)
        return reason_set(why, "`%s` must be text of at most %zu bytes", key, size - 1);
    (void)snprintf(out, size, "%s", value->text);
    return true;
}

#include "devnode/shell/config_values.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "devnode/shell/yaml_tree.h"

/* Longer than any duration a node is configured with (about 136 years), short enough that adding
   two in nanoseconds cannot overflow. */
#define SECONDS_MAX UINT32_MAX

bool config_parse_number(uint64_t *out, const char *text, uint64_t max)
{
    size_t digits = strspn(text, "0123456789");

    if (!digits || text[digits] || digits > 20)
        return false;
    errno = 0;
    unsigned long long number = strtoull(text, NULL, 10);
    if (errno || number > max)
        return false;
    *out = number;
    return true;
}

/* A required scalar. */
const char *config_text_at(const struct yaml_tree *file, const char *path, struct reason *why)
{
    const struct yaml_tree *found = yaml_tree_find(file, path);

    if (!found) {
        reason_format(why, "missing key `%s`", path);
        return NULL;
    }
    if (found->kind != YAML_SCALAR) {
        reason_format(why, "line %u: `%s` must be a single value", found->line, path);
        return NULL;
    }
    return found->text;
}

bool config_number_at(
    uint64_t *out, const struct yaml_tree *file, const char *path, uint64_t max, struct reason *why)
{
    const char *text = config_text_at(file, path, why);

    if (!text)
        return false;
    if (!config_parse_number(out, text, max))
        return reason_set(why, "`%s` is `%s`, expected a whole number up to %llu", path, text,
            (unsigned long long)max);
    return true;
}

static bool decimal_seconds(uint64_t *out_ns, const char *text)
{
    char whole[16] = "";
    size_t digits = strcspn(text, ".");
    uint64_t seconds;
    uint64_t nanos = 0;

    if (digits >= sizeof(whole))
        return false;
    memcpy(whole, text, digits);
    if (!config_parse_number(&seconds, whole, SECONDS_MAX))
        return false;
    if (text[digits] == '.') {
        char fraction[10] = "000000000";
        size_t length = strlen(text + digits + 1);

        /* Digits below a nanosecond are dropped. */
        memcpy(fraction, text + digits + 1, length < 9 ? length : 9);
        if (strspn(text + digits + 1, "0123456789") != length ||
            !config_parse_number(&nanos, fraction, NS_PER_S - 1))
            return false;
    }
    *out_ns = seconds * NS_PER_S + nanos;
    return true;
}

/* All spellings of a duration: "1.000000000", [1, 0], {secs: 1, nanos: 0}. */
static bool duration_of(uint64_t *out_ns, const struct yaml_tree *value)
{
    const struct yaml_tree *seconds = NULL;
    const struct yaml_tree *nanos = NULL;
    uint64_t s;
    uint64_t ns;

    if (value->kind == YAML_SCALAR)
        return decimal_seconds(out_ns, value->text);
    if (value->kind == YAML_SEQUENCE && value->count == 2) {
        seconds = value->values[0];
        nanos = value->values[1];
    } else if (value->kind == YAML_MAPPING) {
        seconds = yaml_tree_find(value, "secs");
        nanos = yaml_tree_find(value, "nanos");
    }
    if (!seconds || seconds->kind != YAML_SCALAR || !nanos || nanos->kind != YAML_SCALAR)
        return false;
    if (!config_parse_number(&s, seconds->text, SECONDS_MAX) ||
        !config_parse_number(&ns, nanos->text, NS_PER_S - 1))
        return false;
    *out_ns = s * NS_PER_S + ns;
    return true;
}

bool config_duration_at(
    uint64_t *out_ns, const struct yaml_tree *file, const char *path, struct reason *why)
{
    const struct yaml_tree *value = yaml_tree_find(file, path);

    if (!value)
        return reason_set(why, "missing key `%s`", path);
    if (!duration_of(out_ns, value))
        return reason_set(why,
            "line %u: `%s` is no duration, expected {secs: 1, nanos: 0} or \"1.000000000\"",
            value->line, path);
    return true;
}

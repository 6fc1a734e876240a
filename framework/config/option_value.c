#include "framework/config/option_value.h"

#include <assert.h>
#include <stdbool.h>
#include <string.h>

#include "framework/base/mem.h"
#include "framework/base/parse.h"
#include "framework/base/str.h"
#include "framework/base/suggest.h"

enum {
    LIST_ITEMS_MAX = 4096,
    CHOICE_SIZE_MAX = 64 /* longer words are no choice to make */
};

size_t option_field_size(uint32_t type)
{
    switch (type) {
    case ASSAY_BOOL:
    case ASSAY_INT:
    case ASSAY_SPAN:
    case ASSAY_SIZE:
        return sizeof(int64_t);
    case ASSAY_REAL:
        return sizeof(double);
    case ASSAY_TEXT:
    case ASSAY_CHOICE:
        return sizeof(const char *);
    case ASSAY_LIST:
        return sizeof(const char *const *);
    default: /* numbers from a plugin are an open set */
        return 0;
    }
}

void option_value_store(
    const assay_option *option, const struct option_value *value, void *options_struct)
{
    const size_t size = option_field_size(option->type);
    const void *from = &value->integer;

    assert(size > 0);
    if (option->type == ASSAY_REAL)
        from = &value->real;
    else if (option->type == ASSAY_TEXT || option->type == ASSAY_CHOICE)
        from = &value->text;
    else if (option->type == ASSAY_LIST)
        from = &value->list;
    memcpy((char *)options_struct + option->offset, from, size);
}

/* ---- numbers ---- */

static assay_status parse_number(
    uint32_t type, const char *text, struct option_value *out, struct error *err)
{
    uint64_t size = 0;
    assay_status status = ASSAY_OK;

    if (type == ASSAY_REAL)
        return parse_real(text, &out->real, err);
    if (type == ASSAY_INT)
        return parse_i64(text, &out->integer, err);
    if (type == ASSAY_SPAN)
        return parse_span(text, &out->integer, err);
    assert(type == ASSAY_SIZE);
    status = parse_size(text, &size, err);
    if (!status)
        out->integer = (int64_t)size; /* parse_size stays below 2^63 */
    return status;
}

static bool is_number(uint32_t type)
{
    return type == ASSAY_INT || type == ASSAY_REAL || type == ASSAY_SPAN || type == ASSAY_SIZE;
}

static bool is_less(uint32_t type, const struct option_value *a, const struct option_value *b)
{
    return type == ASSAY_REAL ? a->real < b->real : a->integer < b->integer;
}

/* "low..high", either of which may be missing. */
struct range {
    struct option_value low, high;
    bool has_low, has_high;
};

static assay_status parse_range(const assay_option *option, struct range *out, struct error *err)
{
    const char *dots = strstr(option->range, "..");
    auto_free char *low = NULL;
    const char *high = NULL;
    assay_status status = ASSAY_OK;

    *out = (struct range){.has_low = false};
    if (!dots)
        return error_set(err, ASSAY_E_INVALID, "range '%s' is not low..high", option->range);
    low = mem_dup_n(option->range, (size_t)(dots - option->range));
    if (!low)
        return error_nomem(err);
    high = dots + 2;
    out->has_low = *low != '\0';
    out->has_high = *high != '\0';
    if (out->has_low)
        status = parse_number(option->type, low, &out->low, err);
    if (!status && out->has_high)
        status = parse_number(option->type, high, &out->high, err);
    if (status)
        return error_wrap(err, status, "range '%s'", option->range);
    if (out->has_low && out->has_high && is_less(option->type, &out->high, &out->low))
        return error_set(err, ASSAY_E_INVALID, "range '%s' is empty", option->range);
    return ASSAY_OK;
}

static assay_status parse_in_range(
    const assay_option *option, const char *text, struct option_value *out, struct error *err)
{
    struct range range;
    assay_status status = parse_number(option->type, text, out, err);

    if (status || !option->range)
        return status;
    status = parse_range(option, &range, err);
    if (status)
        return status;
    if ((range.has_low && is_less(option->type, out, &range.low)) ||
        (range.has_high && is_less(option->type, &range.high, out)))
        return error_set(err, ASSAY_E_INVALID, "'%.60s' is not in %s", text, option->range);
    return ASSAY_OK;
}

/* ---- words ---- */

/* The next of "a|b|c" into word; false at the end, or when one is too long. */
static bool next_choice(const char **cursor, char word[CHOICE_SIZE_MAX])
{
    const size_t len = strcspn(*cursor, "|");

    if (len == 0 || len >= CHOICE_SIZE_MAX)
        return false;
    memcpy(word, *cursor, len);
    word[len] = '\0';
    *cursor += len;
    *cursor += **cursor == '|';
    return true;
}

static assay_status parse_choice(const assay_option *option, const char *text, struct error *err)
{
    const char *cursor = option->range;
    char word[CHOICE_SIZE_MAX];
    char nearest[CHOICE_SIZE_MAX] = "";
    size_t nearest_distance = SIZE_MAX;

    while (next_choice(&cursor, word)) {
        struct suggestion suggestion;

        if (strcmp(word, text) == 0)
            return ASSAY_OK;
        suggestion_init(&suggestion, text);
        suggestion_offer(&suggestion, word);
        if (suggestion.best && suggestion.distance < nearest_distance) {
            nearest_distance = suggestion.distance;
            memcpy(nearest, word, sizeof nearest);
        }
    }
    if (nearest[0])
        return error_set(err, ASSAY_E_INVALID, "'%.60s' is none of %s; did you mean '%s'?", text,
            option->range, nearest);
    return error_set(err, ASSAY_E_INVALID, "'%.60s' is none of %s", text, option->range);
}

static assay_status parse_list(
    const char *text, struct pool *pool, struct option_value *out, struct error *err)
{
    static const char separators[] = ", \t";
    size_t count = 0;
    const char **items = NULL;

    for (const char *c = text + strspn(text, separators); *c; c += strspn(c, separators)) {
        c += strcspn(c, separators);
        count++;
    }
    if (count > LIST_ITEMS_MAX)
        return error_set(
            err, ASSAY_E_INVALID, "the list has more than %d items", (int)LIST_ITEMS_MAX);
    items = pool_new(pool, (count + 1) * sizeof *items);
    if (!items)
        return error_nomem(err);
    text += strspn(text, separators);
    for (size_t i = 0; i < count; i++) {
        const size_t len = strcspn(text, separators);

        items[i] = pool_dup_n(pool, text, len);
        if (!items[i])
            return error_nomem(err);
        text += len;
        text += strspn(text, separators);
    }
    out->list = items;
    return ASSAY_OK;
}

static assay_status parse_text(
    const char *text, struct pool *pool, struct option_value *out, struct error *err)
{
    out->text = pool_dup(pool, text);
    return out->text ? ASSAY_OK : error_nomem(err);
}

/* ---- any of them ---- */

static assay_status parse_by_type(const assay_option *option, const char *text, struct pool *pool,
    struct option_value *out, struct error *err)
{
    bool truth = false;
    assay_status status = ASSAY_OK;

    if (is_number(option->type))
        return parse_in_range(option, text, out, err);
    switch (option->type) {
    case ASSAY_BOOL:
        status = parse_bool(text, &truth, err);
        out->integer = truth;
        return status;
    case ASSAY_CHOICE:
        status = parse_choice(option, text, err);
        return status ? status : parse_text(text, pool, out, err);
    case ASSAY_LIST:
        return parse_list(text, pool, out, err);
    default:
        return parse_text(text, pool, out, err);
    }
}

assay_status option_value_parse(const assay_option *option, const char *text, struct pool *pool,
    struct option_value *out, struct error *err)
{
    const assay_status status = parse_by_type(option, text, pool, out, err);

    if (status == ASSAY_E_INVALID && option->flags & ASSAY_SECRET)
        return error_set(err, status,
            "the value, which is secret, is not as `assay plugins "
            "describe` says for this option");
    return status;
}

assay_status option_range_check(const assay_option *option, struct error *err)
{
    struct range range;
    const char *cursor = option->range;
    char word[CHOICE_SIZE_MAX];

    if (option->type == ASSAY_CHOICE) {
        if (!option->range)
            return error_set(err, ASSAY_E_INVALID, "a choice needs a range such as a|b|c");
        while (next_choice(&cursor, word))
            continue;
        if (*cursor || cursor == option->range || cursor[-1] == '|')
            return error_set(err, ASSAY_E_INVALID, "range '%s' is not a|b|c", option->range);
        return ASSAY_OK;
    }
    if (!option->range)
        return ASSAY_OK;
    if (!is_number(option->type))
        return error_set(err, ASSAY_E_INVALID, "an option of this type has no range");
    return parse_range(option, &range, err);
}

#include "framework/base/parse.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "framework/base/number.h"

enum {
    REAL_TEXT_MAX = 64
}; /* no number worth writing is longer */

struct unit {
    const char *name;
    uint64_t factor;
};

/* From large to small. */
static const struct unit span_units[] = {
    {"d", 24 * 3600 * UINT64_C(1000000000)},
    {"h", 3600 * UINT64_C(1000000000)},
    {"m", 60 * UINT64_C(1000000000)},
    {"s", UINT64_C(1000000000)},
    {"ms", UINT64_C(1000000)},
    {"us", UINT64_C(1000)},
    {"ns", 1},
    {NULL, 0},
};

static const struct unit size_units[] = {
    {"TiB", UINT64_C(1) << 40},
    {"TB", UINT64_C(1000000000000)},
    {"GiB", UINT64_C(1) << 30},
    {"GB", UINT64_C(1000000000)},
    {"MiB", UINT64_C(1) << 20},
    {"MB", UINT64_C(1000000)},
    {"KiB", UINT64_C(1) << 10},
    {"kB", UINT64_C(1000)},
    {"B", 1},
    {NULL, 0},
};

/* What a quantity with a unit looks like, for the parser and its messages. */
struct quantity {
    const struct unit *units;
    const char *expected;
    const char *unit_list;
};

static const struct quantity span_quantity = {
    span_units, "a time such as 500ms, 1.5s or 1h30m", "d h m s ms us ns"};
static const struct quantity size_quantity = {
    size_units, "a size such as 512B, 16KiB or 10MB", "B kB KiB MB MiB GB GiB TB TiB"};

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* The digits at *cursor as a number; moves behind them. False on overflow. */
static bool read_digits(const char **cursor, uint64_t *out)
{
    uint64_t value = 0;

    for (; is_digit(**cursor); (*cursor)++) {
        if (mul_overflows(value, 10U, &value) ||
            add_overflows(value, (uint64_t)(**cursor - '0'), &value))
            return false;
    }
    *out = value;
    return true;
}

assay_status parse_u64(const char *text, uint64_t *out, struct error *err)
{
    const char *cursor = text;
    uint64_t value = 0;

    if (!is_digit(*text))
        return error_set(err, ASSAY_E_INVALID, "'%.60s' is not a whole number such as 42", text);
    if (!read_digits(&cursor, &value))
        return error_set(err, ASSAY_E_INVALID, "'%.60s' is larger than %" PRIu64, text, UINT64_MAX);
    if (*cursor)
        return error_set(err, ASSAY_E_INVALID, "'%.60s' is not a whole number such as 42", text);
    *out = value;
    return ASSAY_OK;
}

assay_status parse_u64_in(
    const char *text, struct u64_range range, uint64_t *out, struct error *err)
{
    uint64_t value = 0;

    if (parse_u64(text, &value, NULL) || value < range.min || value > range.max)
        return error_set(err, ASSAY_E_INVALID,
            "'%.60s' is not a whole number from %" PRIu64 " to %" PRIu64, text, range.min,
            range.max);
    *out = value;
    return ASSAY_OK;
}

assay_status parse_i64(const char *text, int64_t *out, struct error *err)
{
    const bool is_negative = *text == '-';
    const char *cursor = text + is_negative;
    const uint64_t limit = (uint64_t)INT64_MAX + is_negative;
    uint64_t magnitude = 0;
    bool fits = false;

    if (!is_digit(*cursor))
        return error_set(
            err, ASSAY_E_INVALID, "'%.60s' is not a whole number such as 42 or -7", text);
    fits = read_digits(&cursor, &magnitude) && magnitude <= limit;
    if (fits && *cursor)
        return error_set(
            err, ASSAY_E_INVALID, "'%.60s' is not a whole number such as 42 or -7", text);
    if (!fits)
        return error_set(err, ASSAY_E_INVALID, "'%.60s' is not between %" PRId64 " and %" PRId64,
            text, INT64_MIN, INT64_MAX);
    /* Negated as unsigned, because INT64_MIN has no positive counterpart. */
    *out = (int64_t)(is_negative ? 0 - magnitude : magnitude);
    return ASSAY_OK;
}

assay_status parse_real(const char *text, double *out, struct error *err)
{
    char *end = NULL;
    double value = 0;
    const size_t len = strnlen(text, REAL_TEXT_MAX + 1);

    /* strtod also takes blanks, hexadecimal, "inf" and "nan", which would surprise. */
    if (len == 0 || len > REAL_TEXT_MAX || strspn(text, "0123456789+-.eE") != len || text[0] == '+')
        return error_set(err, ASSAY_E_INVALID, "'%.60s' is not a number such as 1.5", text);
    value = strtod(text, &end);
    if (*end)
        return error_set(err, ASSAY_E_INVALID, "'%.60s' is not a number such as 1.5", text);
    if (!isfinite(value))
        return error_set(err, ASSAY_E_INVALID, "'%.60s' is too large", text);
    *out = value;
    return ASSAY_OK;
}

assay_status parse_bool(const char *text, bool *out, struct error *err)
{
    static const struct {
        const char *word;
        bool value;
    } words[] = {
        {"true", true},
        {"yes", true},
        {"on", true},
        {"false", false},
        {"no", false},
        {"off", false},
    };

    for (size_t i = 0; i < ARRAY_COUNT(words); i++) {
        if (strcasecmp(words[i].word, text) == 0) {
            *out = words[i].value;
            return ASSAY_OK;
        }
    }
    return error_set(err, ASSAY_E_INVALID, "'%.60s' is neither true nor false", text);
}

/* The unit named by the letters at *cursor, behind which it moves; NULL: no such unit. */
static const struct unit *read_unit(const char **cursor, const struct unit *units)
{
    const char *start = *cursor;
    size_t len = 0;

    while (is_letter(start[len]))
        len++;
    for (; units->name; units++) {
        if (strlen(units->name) == len && strncmp(units->name, start, len) == 0) {
            *cursor = start + len;
            return units;
        }
    }
    return NULL;
}

/* digits as decimals of factor: "25" of 1000 is 250. From the last digit to the
   first each division is exact if and only if the whole is a whole number. */
static bool fraction_of(const char *digits, size_t len, uint64_t factor, uint64_t *out)
{
    uint64_t value = 0;

    while (len > 0) {
        value += (uint64_t)(digits[--len] - '0') * factor;
        if (value % 10 != 0)
            return false;
        value /= 10;
    }
    *out = value;
    return true;
}

/* A text on its way through the parser. */
struct scan {
    const char *text; /* all of it, for messages */
    const char *cursor;
    const struct quantity *quantity;
    struct error *err;
};

struct term {
    const struct unit *unit;
    uint64_t value;
};

static assay_status not_expected(const struct scan *scan)
{
    return error_set(
        scan->err, ASSAY_E_INVALID, "'%.60s' is not %s", scan->text, scan->quantity->expected);
}

static assay_status too_large(const struct scan *scan)
{
    return error_set(scan->err, ASSAY_E_INVALID, "'%.60s' is too large", scan->text);
}

/* The digits behind a point, if there is one. False: a point without digits. */
static bool read_decimals(struct scan *scan, const char **out, size_t *out_count)
{
    if (*scan->cursor != '.')
        return true;
    *out = ++scan->cursor;
    while (is_digit(*scan->cursor))
        scan->cursor++;
    *out_count = (size_t)(scan->cursor - *out);
    return *out_count > 0;
}

/* One "12.5ms"; the scan moves behind it. */
static assay_status read_term(struct scan *scan, struct term *out)
{
    const struct unit *unit = NULL;
    const char *decimals = "";
    size_t decimal_count = 0;
    uint64_t value = 0;
    uint64_t part = 0;
    bool fits = false;

    if (!is_digit(*scan->cursor))
        return not_expected(scan);
    fits = read_digits(&scan->cursor, &value);
    while (is_digit(*scan->cursor))
        scan->cursor++;
    if (!read_decimals(scan, &decimals, &decimal_count))
        return not_expected(scan);
    unit = read_unit(&scan->cursor, scan->quantity->units);
    if (!unit)
        return error_set(scan->err, ASSAY_E_INVALID, "'%.60s' has no %sunit; the units are %s",
            scan->text, *scan->cursor ? "known " : "", scan->quantity->unit_list);
    if (!fraction_of(decimals, decimal_count, unit->factor, &part))
        return error_set(scan->err, ASSAY_E_INVALID,
            "'%.60s' has more decimals than the unit allows", scan->text);
    if (!fits || mul_overflows(value, unit->factor, &value) || add_overflows(value, part, &value))
        return too_large(scan);
    *out = (struct term){.unit = unit, .value = value};
    return ASSAY_OK;
}

assay_status parse_span(const char *text, assay_ns *out, struct error *err)
{
    struct scan scan = {.text = text, .cursor = text, .quantity = &span_quantity, .err = err};
    uint64_t factor_before = UINT64_MAX;
    uint64_t total = 0;

    if (strcmp(text, "0") == 0) {
        *out = 0;
        return ASSAY_OK;
    }
    do {
        struct term term = {.unit = NULL};
        const assay_status status = read_term(&scan, &term);

        if (status)
            return status;
        if (term.unit->factor >= factor_before)
            return error_set(err, ASSAY_E_INVALID,
                "'%.60s' does not go from large units to small ones, as 1h30m does", text);
        if (add_overflows(total, term.value, &total) || total > INT64_MAX)
            return too_large(&scan);
        factor_before = term.unit->factor;
    } while (*scan.cursor);
    *out = (assay_ns)total;
    return ASSAY_OK;
}

assay_status parse_size(const char *text, uint64_t *out, struct error *err)
{
    struct scan scan = {.text = text, .cursor = text, .quantity = &size_quantity, .err = err};
    struct term term = {.unit = NULL};
    assay_status status = ASSAY_OK;

    if (strcmp(text, "0") == 0) {
        *out = 0;
        return ASSAY_OK;
    }
    status = read_term(&scan, &term);
    if (status)
        return status;
    if (*scan.cursor)
        return not_expected(&scan);
    if (term.value > INT64_MAX)
        return too_large(&scan);
    *out = term.value;
    return ASSAY_OK;
}

/* value / factor with as many decimals as it needs, and the unit. */
static size_t put_decimal(char *buffer, size_t size, uint64_t value, const struct unit *unit)
{
    uint64_t rest = value % unit->factor;
    int len = snprintf(buffer, size, "%" PRIu64, value / unit->factor);
    size_t used = (size_t)len;

    if (rest > 0)
        buffer[used++] = '.';
    for (uint64_t scale = unit->factor / 10; rest > 0; scale /= 10) {
        buffer[used++] = (char)('0' + rest / scale);
        rest %= scale;
    }
    len = snprintf(buffer + used, size - used, "%s", unit->name);
    return used + (size_t)len;
}

const char *format_span(assay_ns span, char buffer[QUANTITY_TEXT_SIZE])
{
    uint64_t left = span < 0 ? 0 - (uint64_t)span : (uint64_t)span;
    const struct unit *unit = span_units;
    size_t used = 0;

    if (span < 0)
        buffer[used++] = '-';
    /* Days, hours and minutes are whole; what is below takes decimals. */
    for (; unit->factor > UINT64_C(1000000000); unit++) {
        if (left < unit->factor)
            continue;
        used +=
            put_decimal(buffer + used, QUANTITY_TEXT_SIZE - used, left - left % unit->factor, unit);
        left %= unit->factor;
        if (left == 0)
            return buffer;
    }
    if (left == 0) {
        (void)snprintf(buffer, QUANTITY_TEXT_SIZE, "0s");
        return buffer;
    }
    while (left < unit->factor)
        unit++;
    used += put_decimal(buffer + used, QUANTITY_TEXT_SIZE - used, left, unit);
    assert(used < QUANTITY_TEXT_SIZE);
    return buffer;
}

const char *format_size(uint64_t size, char buffer[QUANTITY_TEXT_SIZE])
{
    const struct unit *unit = size_units;

    while (unit->factor > 1 && (size == 0 || size % unit->factor != 0))
        unit++;
    (void)snprintf(buffer, QUANTITY_TEXT_SIZE, "%" PRIu64 "%s", size / unit->factor, unit->name);
    return buffer;
}

const char *format_real(double value, char buffer[QUANTITY_TEXT_SIZE])
{
    assert(isfinite(value));
    /* 17 significant digits always suffice; fewer usually do. */
    for (int digits = 1; digits <= 17; digits++) {
        (void)snprintf(buffer, QUANTITY_TEXT_SIZE, "%.*g", digits, value);
        if (strtod(buffer, NULL) == value)
            break;
    }
    return buffer;
}

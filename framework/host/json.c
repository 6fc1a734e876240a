#include "framework/host/json.h"

#include <json-c/json.h>
#include <math.h>
#include <string.h>

#include "framework/base/mem.h"
#include "framework/base/number.h"
#include "framework/base/utf8.h"
#include "framework/host/instance.h"

struct assay_json {
    struct json_object *root;
};

/* json-c's null is a NULL pointer, which for us means "not there": this stands for it. */
static const char null_value;

static const assay_value *value_of(struct json_object *object)
{
    return object ? (const assay_value *)object : (const assay_value *)&null_value;
}

static struct json_object *object_of(const assay_value *value)
{
    if (!value || (const char *)value == &null_value)
        return NULL;
    /* json-c's accessors that we use read only; they just are not declared so. */
    return (struct json_object *)(uintptr_t)value;
}

/* Passes over the number at *at. False: a whole number that fits neither 64 bits, nor 63 below
   zero. */
static bool pass_number(const char **at, const char *end)
{
    const bool is_negative = **at == '-';
    const uint64_t max = is_negative ? (uint64_t)1 << 63 : UINT64_MAX;
    const char *c = *at + is_negative;
    uint64_t value = 0;
    bool fits = true, is_whole = true;

    for (; c < end && *c >= '0' && *c <= '9'; c++) {
        if (mul_overflows(value, 10, &value) || add_overflows(value, *c - '0', &value))
            fits = false;
    }
    for (; c < end && *c && strchr(".eE+-0123456789", *c); c++)
        is_whole = false;
    *at = c;
    return !is_whole || (fits && value <= max);
}

/* Behind the text that begins at c, which is its opening quote. */
static const char *pass_text(const char *c, const char *end)
{
    for (c++; c < end && *c != '"'; c++) {
        if (*c == '\\' && c + 1 < end)
            c++;
    }
    return c < end ? c + 1 : end;
}

/* The tokener, even when it is strict, takes "NaN" and "Infinity", and cuts whole numbers to what
   fits. Outside of texts, N and I begin nothing else. Returns what is wrong, or NULL. */
static const char *strange_number(const char *text, size_t size)
{
    const char *c = text, *end = text + size;

    while (c < end) {
        if (*c == '"')
            c = pass_text(c, end);
        else if (*c == 'N' || *c == 'I')
            return "NaN and Infinity are no numbers in it";
        else if (*c != '-' && (*c < '0' || *c > '9'))
            c++;
        else if (!pass_number(&c, end))
            return "it has a whole number of more than 64 bits";
    }
    return NULL;
}

static assay_status text_check(assay_bytes text, struct error *err)
{
    const char *strange = NULL;
    size_t valid = 0;

    if (text.size > JSON_BYTES_MAX)
        return error_set(err, ASSAY_E_LAGGED, "%zu bytes of JSON are more than %d MiB", text.size,
            JSON_BYTES_MAX / (1024 * 1024));
    if (text.size == 0)
        return error_set(err, ASSAY_E_INVALID, "not JSON: it is empty");
    valid = utf8_valid_prefix(text.data, text.size);
    if (valid < text.size)
        return error_set(err, ASSAY_E_INVALID, "not JSON: no valid UTF-8 at byte %zu", valid);
    if (memchr(text.data, 0, text.size))
        return error_set(err, ASSAY_E_INVALID, "not JSON: it has a NUL byte");
    strange = strange_number(text.data, text.size);
    if (strange)
        return error_set(err, ASSAY_E_INVALID, "not JSON: %s", strange);
    return ASSAY_OK;
}

static size_t count_members(struct json_object *value)
{
    size_t count = 0;

    if (json_object_is_type(value, json_type_array)) {
        for (size_t i = 0; i < json_object_array_length(value); i++)
            count += count_members(json_object_array_get_idx(value, i));
    } else if (json_object_is_type(value, json_type_object)) {
        const struct json_object_iterator end = json_object_iter_end(value);

        for (struct json_object_iterator at = json_object_iter_begin(value);
             !json_object_iter_equal(&at, &end); json_object_iter_next(&at))
            count += 1 + count_members(json_object_iter_peek_value(&at));
    }
    return count;
}

/* Outside of texts each colon stands for a member. */
static size_t count_colons(const char *text, size_t size)
{
    const char *c = text, *end = text + size;
    size_t count = 0;

    while (c < end) {
        count += *c == ':';
        c = *c == '"' ? pass_text(c, end) : c + 1;
    }
    return count;
}

/* Of two members of one name the tokener drops the first without a word, and another reader the
   second: what was said is not known. */
static assay_status check_members(struct json_object *root, assay_bytes text, struct error *err)
{
    return count_members(root) == count_colons(text.data, text.size)
        ? ASSAY_OK
        : error_set(err, ASSAY_E_INVALID, "not JSON: an object has two members of one name");
}

static assay_status tokenize(
    struct json_tokener *tokener, assay_bytes text, struct json_object **out, struct error *err)
{
    enum json_tokener_error error = json_tokener_success;
    struct json_object *root = NULL;

    json_tokener_set_flags(tokener, JSON_TOKENER_STRICT);
    root = json_tokener_parse_ex(tokener, text.data, (int)text.size);
    error = json_tokener_get_error(tokener);
    /* A number at the very end is complete only once it is known that nothing follows. */
    if (error == json_tokener_continue) {
        root = json_tokener_parse_ex(tokener, "", 1);
        error = json_tokener_get_error(tokener);
    }
    if (error != json_tokener_success) {
        (void)json_object_put(root);
        return error_set(err, ASSAY_E_INVALID, "not JSON: %s at byte %zu",
            error == json_tokener_continue ? "it ends too early" : json_tokener_error_desc(error),
            json_tokener_get_parse_end(tokener));
    }
    *out = root;
    return ASSAY_OK;
}

assay_status json_parse(assay_bytes text, assay_json **out, struct error *err)
{
    auto_free assay_json *document = NULL;
    struct json_tokener *tokener = NULL;
    assay_status s = text_check(text, err);

    if (s)
        return s;
    document = mem_new(sizeof(*document));
    if (document)
        tokener = json_tokener_new_ex(JSON_DEPTH_MAX);
    if (!tokener)
        return error_nomem(err);
    s = tokenize(tokener, text, &document->root, err);
    json_tokener_free(tokener);
    if (!s) {
        s = check_members(document->root, text, err);
        if (s)
            (void)json_object_put(document->root);
    }
    if (!s)
        *out = take(document);
    return s;
}

/* ---- the service ---- */

static assay_status service_parse(const assay_host *table, assay_bytes text, assay_json **out)
{
    struct error err = {0};
    const assay_status s = json_parse(text, out, &err);

    return s ? instance_fail(table, s, "%s", err.text) : s;
}

static const assay_value *service_root(const assay_json *document)
{
    return document ? value_of(document->root) : NULL;
}

static uint32_t service_type(const assay_value *value)
{
    switch (json_object_get_type(object_of(value))) {
    case json_type_null:
        return ASSAY_JSON_NULL;
    case json_type_boolean:
        return ASSAY_JSON_BOOL;
    case json_type_double:
    case json_type_int:
        return ASSAY_JSON_NUMBER;
    case json_type_object:
        return ASSAY_JSON_OBJECT;
    case json_type_array:
        return ASSAY_JSON_ARRAY;
    case json_type_string:
        return ASSAY_JSON_TEXT;
    }
    return ASSAY_JSON_NULL;
}

static const assay_value *service_member(const assay_value *value, const char *name)
{
    struct json_object *object = object_of(value), *member = NULL;

    if (!name || !json_object_is_type(object, json_type_object))
        return NULL;
    return json_object_object_get_ex(object, name, &member) ? value_of(member) : NULL;
}

static const assay_value *service_element(const assay_value *value, size_t index)
{
    struct json_object *object = object_of(value);

    if (!object || !json_object_is_type(object, json_type_array))
        return NULL;
    if (index >= json_object_array_length(object))
        return NULL;
    return value_of(json_object_array_get_idx(object, index));
}

static size_t service_count(const assay_value *value)
{
    struct json_object *object = object_of(value);

    if (!object)
        return 0;
    if (json_object_is_type(object, json_type_array))
        return json_object_array_length(object);
    if (json_object_is_type(object, json_type_object))
        return (size_t)json_object_object_length(object);
    return 0;
}

/* NULL also for a text with a NUL in it, which would read as another, shorter one. */
static const char *service_text(const assay_value *value)
{
    struct json_object *object = object_of(value);
    const char *text = NULL;

    if (!object || !json_object_is_type(object, json_type_string))
        return NULL;
    text = json_object_get_string(object);
    return strlen(text) == (size_t)json_object_get_string_len(object) ? text : NULL;
}

static assay_status typed(const assay_value *value, enum json_type type)
{
    if (!value)
        return ASSAY_E_NOTFOUND;
    return object_of(value) && json_object_is_type(object_of(value), type) ? ASSAY_OK
                                                                           : ASSAY_E_INVALID;
}

static assay_status service_boolean(const assay_value *value, uint32_t *out)
{
    const assay_status s = typed(value, json_type_boolean);

    if (!s)
        *out = json_object_get_boolean(object_of(value)) ? 1 : 0;
    return s;
}

/* json-c cuts numbers that do not fit to the nearest that does. */
static assay_status service_integer(const assay_value *value, int64_t *out)
{
    const assay_status s = typed(value, json_type_int);

    if (s)
        return s;
    if (json_object_get_uint64(object_of(value)) > INT64_MAX)
        return ASSAY_E_INVALID;
    *out = json_object_get_int64(object_of(value));
    return ASSAY_OK;
}

static assay_status service_natural(const assay_value *value, uint64_t *out)
{
    const assay_status s = typed(value, json_type_int);

    if (s)
        return s;
    if (json_object_get_int64(object_of(value)) < 0)
        return ASSAY_E_INVALID;
    *out = json_object_get_uint64(object_of(value));
    return ASSAY_OK;
}

static assay_status service_real(const assay_value *value, double *out)
{
    assay_status s = typed(value, json_type_double);
    double number = 0;

    if (s == ASSAY_E_INVALID)
        s = typed(value, json_type_int);
    if (s)
        return s;
    number = json_object_get_double(object_of(value));
    if (!isfinite(number))
        return ASSAY_E_INVALID;
    *out = number;
    return ASSAY_OK;
}

static void service_release(assay_json *document)
{
    if (!document)
        return;
    (void)json_object_put(document->root);
    free(document);
}

const assay_json_table json_table = {
    .struct_size = sizeof(assay_json_table),
    .parse = service_parse,
    .root = service_root,
    .type = service_type,
    .member = service_member,
    .element = service_element,
    .count = service_count,
    .text = service_text,
    .boolean = service_boolean,
    .integer = service_integer,
    .natural = service_natural,
    .real = service_real,
    .release = service_release,
};

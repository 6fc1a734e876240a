#include "framework/config/schema.h"

#include <string.h>

#include "framework/base/number.h"
#include "framework/base/suggest.h"
#include "framework/config/option_value.h"

enum {
    POOL_SIZE_MAX = 16 * 1024 * 1024, /* a struct, and its strings and lists */
    FLAGS_KNOWN = ASSAY_REQUIRED | ASSAY_SECRET | ASSAY_DEPRECATED
};

assay_option schema_option(const struct schema *schema, size_t index)
{
    assay_option option = {.name = NULL};
    const size_t size = schema->stride < sizeof option ? schema->stride : sizeof option;

    memcpy(&option, (const char *)schema->options + index * schema->stride, size);
    return option;
}

/* ---- the table itself ---- */

/* Keys of an instance's section that are no options of its plugin. */
static bool is_manifest_key(const char *key)
{
    return strcmp(key, "plugin") == 0 || strcmp(key, "sha256") == 0;
}

static assay_status check_name(const struct schema *schema, size_t index, struct error *err)
{
    const assay_option option = schema_option(schema, index);
    const size_t len = option.name ? strnlen(option.name, INI_NAME_SIZE_MAX + 1) : 0;

    if (len == 0 || len > INI_NAME_SIZE_MAX ||
        strspn(option.name, "abcdefghijklmnopqrstuvwxyz0123456789_-") != len)
        return error_set(err, ASSAY_E_INVALID,
            "option number %zu: the name must be lower case letters, digits, _ or -, at most %d",
            index + 1, (int)INI_NAME_SIZE_MAX);
    if (is_manifest_key(option.name))
        return error_set(err, ASSAY_E_INVALID, "'%s' belongs to the manifest", option.name);
    for (size_t i = 0; i < index; i++) {
        if (strcmp(schema_option(schema, i).name, option.name) == 0)
            return error_set(err, ASSAY_E_INVALID, "option '%s' is there twice", option.name);
    }
    return ASSAY_OK;
}

static assay_status check_field(const struct schema *schema, size_t index, struct error *err)
{
    const assay_option option = schema_option(schema, index);
    const size_t size = option_field_size(option.type);
    size_t end = 0;

    if (size == 0)
        return error_set(err, ASSAY_E_INVALID, "type %u is not known", option.type);
    if (option.flags & ~(uint32_t)FLAGS_KNOWN)
        return error_set(err, ASSAY_E_INVALID, "flags 0x%x are not known", option.flags);
    if (add_overflows(option.offset, size, &end) || end > schema->struct_size)
        return error_set(err, ASSAY_E_INVALID, "its field lies outside of the options struct");
    if (option.offset % size != 0)
        return error_set(
            err, ASSAY_E_INVALID, "its field is not aligned; use int64_t, double or a pointer");
    for (size_t i = 0; i < index; i++) {
        const assay_option other = schema_option(schema, i);

        if (other.offset == option.offset)
            return error_set(err, ASSAY_E_INVALID, "it has the same field as '%s'", other.name);
    }
    return ASSAY_OK;
}

static assay_status check_texts(const assay_option *option, struct error *err)
{
    auto_pool struct pool pool = POOL_INIT(POOL_SIZE_MAX);
    struct option_value value = {.integer = 0};
    const bool may_be_absent = option->type == ASSAY_TEXT || option->type == ASSAY_LIST;
    assay_status status = option_range_check(option, err);

    if (status)
        return status;
    if (!option->help || !option->help[0])
        return error_set(err, ASSAY_E_INVALID, "it has no help text");
    if (option->flags & ASSAY_REQUIRED && option->fallback)
        return error_set(err, ASSAY_E_INVALID, "a required option has no fallback");
    if (!(option->flags & ASSAY_REQUIRED) && !option->fallback && !may_be_absent)
        return error_set(err, ASSAY_E_INVALID, "it is not required and has no fallback");
    if (!option->fallback)
        return ASSAY_OK;
    status = option_value_parse(option, option->fallback, &pool, &value, err);
    return status ? error_wrap(err, status, "fallback") : ASSAY_OK;
}

assay_status schema_check(const struct schema *schema, struct error *err)
{
    if (schema->count > SCHEMA_OPTIONS_MAX || schema->struct_size > SCHEMA_STRUCT_SIZE_MAX)
        return error_set(err, ASSAY_E_INVALID, "more than %d options or %d bytes of them",
            (int)SCHEMA_OPTIONS_MAX, (int)SCHEMA_STRUCT_SIZE_MAX);
    /* A table from before `help` existed there was not: the first release has all fields. */
    if (schema->count > 0 && (!schema->options || schema->stride < sizeof(assay_option)))
        return error_set(err, ASSAY_E_INVALID,
            "the table of options is missing or its entries "
            "are smaller than an assay_option");
    for (size_t i = 0; i < schema->count; i++) {
        const assay_option option = schema_option(schema, i);
        assay_status status = check_name(schema, i, err);

        if (status)
            return status;
        status = check_field(schema, i, err);
        if (!status)
            status = check_texts(&option, err);
        if (status)
            return error_wrap(err, status, "option '%s'", option.name);
    }
    return ASSAY_OK;
}

/* ---- filling a struct ---- */

void values_init(struct values *values)
{
    *values = (struct values){.count = 0};
    pool_init(&values->pool, POOL_SIZE_MAX);
}

void values_done(struct values *values)
{
    pool_done(&values->pool);
    values_init(values);
}

struct value *values_find(const struct values *values, const char *name)
{
    for (size_t i = 0; i < values->count; i++) {
        if (strcmp(values->list[i].name, name) == 0)
            return &values->list[i];
    }
    return NULL;
}

/* A section being filled in. */
struct filling {
    const struct schema *schema;
    const char *where;
    const struct section *section; /* NULL: defaults alone */
    struct values *values;
    struct problems *problems;
    bool is_instance; /* "plugin" and "sha256" belong to the manifest */
};

static void refuse_unknown(const struct filling *filling, const struct setting *setting)
{
    struct suggestion suggestion;

    if (filling->is_instance && is_manifest_key(setting->key))
        return;
    suggestion_init(&suggestion, setting->key);
    for (size_t i = 0; i < filling->schema->count; i++) {
        const assay_option option = schema_option(filling->schema, i);

        if (strcmp(option.name, setting->key) == 0)
            return;
        suggestion_offer(&suggestion, option.name);
    }
    if (suggestion.best)
        problems_add(filling->problems, &setting->origin,
            "[%s] has no option '%s'; did you mean '%s'?", filling->where, setting->key,
            suggestion.best);
    else
        problems_add(filling->problems, &setting->origin, "[%s] has no option '%s'", filling->where,
            setting->key);
}

/* Keeps the text beside the struct, where explain finds it. */
static bool record(const struct filling *filling, struct value *value, const char *text,
    const struct setting *setting)
{
    struct pool *pool = &filling->values->pool;

    value->text = pool_dup(pool, text);
    value->raw = setting && setting->origin.variable ? pool_dup(pool, setting->raw) : value->text;
    if (setting)
        value->origin = setting->origin;
    return value->text && value->raw;
}

static void fill_option(const struct filling *filling, size_t index)
{
    const assay_option option = schema_option(filling->schema, index);
    const struct setting *setting =
        filling->section ? section_find(filling->section, option.name) : NULL;
    struct value *value = &filling->values->list[index];
    const char *text = setting ? setting->value : option.fallback;
    const struct origin *blame = setting ? &setting->origin : NULL;
    struct option_value parsed = {.integer = 0};
    struct error err;

    value->type = option.type;
    value->flags = option.flags;
    value->name = pool_dup(&filling->values->pool, option.name);
    if (!value->name) {
        problems_nomem(filling->problems);
        return;
    }
    if (setting && setting->is_broken)
        return;
    if (setting && option.flags & ASSAY_DEPRECATED)
        problems_warn(filling->problems, blame, "[%s] '%s' is deprecated: %s", filling->where,
            option.name, option.help);
    if (!text && option.flags & ASSAY_REQUIRED)
        problems_add(filling->problems, filling->section ? &filling->section->origin : NULL,
            "[%s] needs the option '%s': %s", filling->where, option.name, option.help);
    if (!text && option.type != ASSAY_LIST)
        return;
    error_clear(&err);
    if (option_value_parse(&option, text ? text : "", &filling->values->pool, &parsed, &err)) {
        (void)error_wrap(&err, err.code, "[%s] %s", filling->where, option.name);
        problems_add_error(filling->problems, blame, &err);
        return;
    }
    option_value_store(&option, &parsed, filling->values->data);
    if (text && !record(filling, value, text, setting))
        problems_nomem(filling->problems);
}

static void fill(const struct filling *filling)
{
    const struct schema *schema = filling->schema;
    const struct section *section = filling->section;
    struct values *out = filling->values;

    out->data = pool_new(&out->pool, schema->struct_size);
    out->list = pool_new(&out->pool, schema->count * sizeof *out->list);
    if (!out->data || !out->list) {
        problems_nomem(filling->problems);
        return;
    }
    out->count = schema->count;
    for (size_t i = 0; section && i < section->settings.count; i++)
        refuse_unknown(filling, vec_at(&section->settings, i));
    for (size_t i = 0; i < schema->count; i++)
        fill_option(filling, i);
}

void schema_fill(const struct schema *schema, const char *where, const struct section *section,
    struct values *out, struct problems *problems)
{
    fill(&(struct filling){schema, where, section, out, problems, .is_instance = false});
}

void schema_fill_instance(const struct schema *schema, const char *where,
    const struct section *section, struct values *out, struct problems *problems)
{
    fill(&(struct filling){schema, where, section, out, problems, .is_instance = true});
}

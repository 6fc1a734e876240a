#include "nomos/document.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NS_PER_S UINT64_C(1000000000)
/* Addresses, paths and endpoints; what is longer is given as text. */
#define FORMATTED_SIZE 512

static struct document_level *level_of(struct document *doc)
{
    return &doc->levels[doc->depth];
}

static void indent(struct document *doc)
{
    for (unsigned i = 0; i < doc->depth; i++)
        text_add(doc->out, "  ");
}

/* In double quotes, which both forms escape alike. */
static void add_quoted(struct text *out, const char *value)
{
    const char *start = value;

    text_add(out, "\"");
    for (; *value; value++) {
        const unsigned char c = (unsigned char)*value;
        char escape[8];

        if (c >= 0x20 && c != 0x7F && c != '"' && c != '\\')
            continue;
        text_add_bytes(out, start, (size_t)(value - start));
        start = value + 1;
        if (c == '"' || c == '\\')
            (void)snprintf(escape, sizeof(escape), "\\%c", c);
        else
            (void)snprintf(escape, sizeof(escape), "\\u%04x", (unsigned)c);
        text_add(out, escape);
    }
    text_add(out, start);
    text_add(out, "\"");
}

/* A key that YAML takes for nothing but text or, of digits alone, for the number it is. */
static bool is_plain(const char *key)
{
    static const char digits[] = "0123456789";
    static const char word[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_";
    const size_t length = strlen(key);

    if (strspn(key, digits) > 0)
        return length < 10 && strspn(key, digits) == length;
    return strspn(key, word) == length;
}

/* Begins a value: separates it from the one before it and writes its key. */
static void begin_value(struct document *doc, const char *key)
{
    struct document_level *level = level_of(doc);
    const bool is_first = !level->has_values;

    assert(!key == level->is_list);
    level->has_values = true;
    if (doc->format == DOCUMENT_JSON) {
        if (!is_first)
            text_add(doc->out, ",");
        if (key) {
            add_quoted(doc->out, key);
            text_add(doc->out, ":");
        }
        return;
    }
    if (is_first && doc->depth > 0)
        text_add(doc->out, "\n"); /* after the key of what this is in */
    indent(doc);
    if (!key)
        text_add(doc->out, "-");
    else if (is_plain(key))
        text_add(doc->out, key);
    else
        add_quoted(doc->out, key);
    if (key)
        text_add(doc->out, ":");
}

/* A value in one word. */
static void add_value(struct document *doc, const char *key, const char *word)
{
    begin_value(doc, key);
    if (doc->format == DOCUMENT_YAML)
        text_add(doc->out, " ");
    text_add(doc->out, word);
    if (doc->format == DOCUMENT_YAML)
        text_add(doc->out, "\n");
}

struct document document_begin(enum document_format format, struct text *out)
{
    if (format == DOCUMENT_JSON)
        text_add(out, "{");
    return (struct document){.out = out, .format = format};
}

void document_end(struct document *doc)
{
    assert(doc->depth == 0);
    text_add(doc->out, doc->format == DOCUMENT_JSON ? "}\n" : "");
}

static void open_level(struct document *doc, bool is_list)
{
    assert(doc->depth < DOCUMENT_DEPTH_MAX);
    assert(!level_of(doc)->is_list); /* lists hold plain values */
    doc->depth++;
    *level_of(doc) = (struct document_level){.is_list = is_list};
    if (doc->format == DOCUMENT_JSON)
        text_add(doc->out, is_list ? "[" : "{");
}

void document_map(struct document *doc, const char *key)
{
    begin_value(doc, key);
    open_level(doc, false);
}

void document_list(struct document *doc, const char *key)
{
    begin_value(doc, key);
    open_level(doc, true);
}

/* "!Name " or {"Name": */
static void begin_variant(struct document *doc, const char *key, const char *variant)
{
    begin_value(doc, key);
    if (doc->format == DOCUMENT_JSON) {
        text_add(doc->out, "{");
        add_quoted(doc->out, variant);
        text_add(doc->out, ":");
    } else {
        text_add(doc->out, " !");
        text_add(doc->out, variant);
    }
}

void document_variant(struct document *doc, const char *key, const char *variant)
{
    begin_variant(doc, key, variant);
    open_level(doc, false);
    level_of(doc)->is_variant = true;
}

void document_close(struct document *doc)
{
    const struct document_level level = *level_of(doc);

    assert(doc->depth > 0);
    doc->depth--;
    if (doc->format == DOCUMENT_JSON) {
        text_add(doc->out, level.is_list ? "]" : "}");
        text_add(doc->out, level.is_variant ? "}" : "");
    } else if (!level.has_values) {
        text_add(doc->out, level.is_list ? " []\n" : " {}\n");
    }
}

static void add_text_value(struct document *doc, const char *value)
{
    if (doc->format == DOCUMENT_YAML)
        text_add(doc->out, " ");
    add_quoted(doc->out, value);
}

static void end_value(struct document *doc)
{
    if (doc->format == DOCUMENT_YAML)
        text_add(doc->out, "\n");
}

void document_text(struct document *doc, const char *key, const char *value)
{
    begin_value(doc, key);
    add_text_value(doc, value);
    end_value(doc);
}

void document_print(struct document *doc, const char *key, const char *format, ...)
{
    char value[FORMATTED_SIZE];
    va_list args;
    int length;

    va_start(args, format);
    length = vsnprintf(value, sizeof(value), format, args);
    va_end(args);
    if (length < 0 || (size_t)length >= sizeof(value))
        doc->out->failed = true;
    else
        document_text(doc, key, value);
}

void document_hex(struct document *doc, const char *key, const uint8_t *bytes, size_t size)
{
    begin_value(doc, key);
    text_add(doc->out, doc->format == DOCUMENT_YAML ? " \"" : "\"");
    text_add_hex(doc->out, bytes, size);
    text_add(doc->out, "\"");
    end_value(doc);
}

void document_u64(struct document *doc, const char *key, uint64_t value)
{
    begin_value(doc, key);
    if (doc->format == DOCUMENT_YAML)
        text_add(doc->out, " ");
    text_add_u64(doc->out, value);
    end_value(doc);
}

void document_real(struct document *doc, const char *key, double value)
{
    char word[40]; /* 17 digits, sign, point, exponent */

    for (int digits = 1; digits <= 17; digits++) {
        (void)snprintf(word, sizeof(word) - 2, "%.*g", digits, value);
        if (strtod(word, NULL) == value)
            break;
    }
    if (!strpbrk(word, ".e"))
        memcpy(word + strlen(word), ".0", sizeof(".0")); /* or it would read as an integer */
    add_value(doc, key, word);
}

void document_bool(struct document *doc, const char *key, bool value)
{
    add_value(doc, key, value ? "true" : "false");
}

void document_null(struct document *doc, const char *key)
{
    add_value(doc, key, "null");
}

void document_unit(struct document *doc, const char *key, const char *variant)
{
    if (doc->format == DOCUMENT_YAML)
        add_value(doc, key, variant);
    else
        document_text(doc, key, variant);
}

void document_variant_text(
    struct document *doc, const char *key, const char *variant, const char *value)
{
    begin_variant(doc, key, variant);
    add_text_value(doc, value);
    if (doc->format == DOCUMENT_JSON)
        text_add(doc->out, "}");
    end_value(doc);
}

void document_written(struct document *doc, const char *key, const char *value, size_t size)
{
    begin_value(doc, key);
    if (doc->format == DOCUMENT_YAML)
        text_add(doc->out, " ");
    text_add_bytes(doc->out, value, size);
    end_value(doc);
}

void document_span(struct document *doc, const char *key, uint64_t ns)
{
    document_map(doc, key);
    document_u64(doc, "secs", ns / NS_PER_S);
    document_u64(doc, "nanos", ns % NS_PER_S);
    document_close(doc);
}

void document_bounded_span(struct document *doc, const char *key, uint64_t ns)
{
    document_print(doc, key, "%llu.%09llu", (unsigned long long)(ns / NS_PER_S),
        (unsigned long long)(ns % NS_PER_S));
}

#include "framework/base/json_out.h"

#include <assert.h>
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "framework/base/parse.h"
#include "framework/base/utf8.h"

void json_out_init(struct json_out *json, struct str *text, enum json_out_style style)
{
    *json = (struct json_out){.text = text, .style = style};
}

static void write_indent(struct json_out *json)
{
    if (json->style != JSON_PRETTY)
        return;
    (void)str_append_char(json->text, '\n');
    for (unsigned i = 0; i < json->depth; i++)
        (void)str_append(json->text, "  ");
}

static void write_character(struct str *text, unsigned char c)
{
    switch (c) {
    case '"':
        (void)str_append(text, "\\\"");
        return;
    case '\\':
        (void)str_append(text, "\\\\");
        return;
    case '\n':
        (void)str_append(text, "\\n");
        return;
    case '\t':
        (void)str_append(text, "\\t");
        return;
    default:
        break;
    }
    if (c < 0x20 || c == 0x7f)
        (void)str_appendf(text, "\\u%04x", c);
    else
        (void)str_append_char(text, (char)c);
}

static void write_string(struct str *text, const char *value)
{
    size_t left = strlen(value);

    (void)str_append_char(text, '"');
    while (left > 0) {
        const size_t good = utf8_valid_prefix(value, left);

        for (size_t i = 0; i < good; i++)
            write_character(text, (unsigned char)value[i]);
        value += good;
        left -= good;
        if (left > 0) {
            (void)str_append(text, "\xef\xbf\xbd");
            value++;
            left--;
        }
    }
    (void)str_append_char(text, '"');
}

/* Comma, line break and key: everything in front of a value. */
static void open_value(struct json_out *json, const char *key)
{
    if (json->depth > 0) {
        bool *has_items = &json->has_items[json->depth - 1];

        if (*has_items)
            (void)str_append_char(json->text, ',');
        *has_items = true;
        write_indent(json);
    }
    if (key) {
        write_string(json->text, key);
        (void)str_append(json->text, json->style == JSON_PRETTY ? ": " : ":");
    }
}

void json_out_begin(struct json_out *json, const char *key, char bracket)
{
    assert(bracket == '{' || bracket == '[');
    assert(json->depth < JSON_OUT_DEPTH_MAX);

    open_value(json, key);
    (void)str_append_char(json->text, bracket);
    json->has_items[json->depth++] = false;
}

void json_out_end(struct json_out *json, char bracket)
{
    assert(bracket == '}' || bracket == ']');
    assert(json->depth > 0);

    json->depth--;
    if (json->has_items[json->depth])
        write_indent(json);
    (void)str_append_char(json->text, bracket);
    if (json->depth == 0 && json->style == JSON_PRETTY)
        (void)str_append_char(json->text, '\n');
}

void json_out_text(struct json_out *json, const char *key, const char *value)
{
    open_value(json, key);
    if (value)
        write_string(json->text, value);
    else
        (void)str_append(json->text, "null");
}

void json_out_int(struct json_out *json, const char *key, int64_t value)
{
    open_value(json, key);
    (void)str_appendf(json->text, "%" PRId64, value);
}

void json_out_uint(struct json_out *json, const char *key, uint64_t value)
{
    open_value(json, key);
    (void)str_appendf(json->text, "%" PRIu64, value);
}

void json_out_real(struct json_out *json, const char *key, double value)
{
    char buffer[QUANTITY_TEXT_SIZE];

    open_value(json, key);
    (void)str_append(json->text, isfinite(value) ? format_real(value, buffer) : "null");
}

void json_out_bool(struct json_out *json, const char *key, bool value)
{
    open_value(json, key);
    (void)str_append(json->text, value ? "true" : "false");
}

void json_out_seconds(struct json_out *json, const char *key, int64_t ns)
{
    const uint64_t magnitude = ns < 0 ? 0 - (uint64_t)ns : (uint64_t)ns;

    open_value(json, key);
    (void)str_appendf(json->text, "%s%" PRIu64 ".%09" PRIu64, ns < 0 ? "-" : "",
        magnitude / 1000000000U, magnitude % 1000000000U);
}

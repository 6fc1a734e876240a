/* Manifests written back: for machines (manifest_write) and for people (manifest_explain). */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "framework/base/mem.h"
#include "framework/config/expand.h"
#include "framework/config/manifest.h"

enum {
    LINE_WIDTH = 96,      /* wrapped beyond */
    LINE_WIDTH_MAX = 190, /* what reading back allows is 199 */
    ORIGIN_COLUMN = 40,
    INDENT = 4
};

struct writer {
    struct str *out;
    bool has_origins;
};

/* May a line end in front of text[at], so that reading joins it again to the same value? */
static bool is_break(const char *text, size_t at)
{
    const unsigned char next = (unsigned char)text[at];

    /* Blanks there would be lost, and ; or # would begin a comment. */
    return next != ' ' && next != '\t' && next != ';' && next != '#' && (next & 0xC0) != 0x80;
}

/* How much of text goes into a line with room for `room` bytes: up to behind a
   blank if there is one, else anywhere it may be. 0: nowhere. */
static size_t line_len(const char *text, size_t room)
{
    size_t anywhere = 0;

    for (size_t at = room; at > 0; at--) {
        if (!is_break(text, at))
            continue;
        if (text[at - 1] == ' ')
            return at;
        if (anywhere == 0)
            anywhere = at;
    }
    for (size_t at = room + 1; anywhere == 0 && at < LINE_WIDTH_MAX - INDENT; at++) {
        if (is_break(text, at))
            anywhere = at;
    }
    return anywhere;
}

/* Writes a value behind "key = ", wrapped onto indented lines. */
static assay_status write_wrapped(struct str *out, const char *text, size_t used)
{
    while (strlen(text) + used > LINE_WIDTH) {
        const size_t len = line_len(text, LINE_WIDTH - used);

        if (len == 0)
            return out->status = ASSAY_E_INVALID;
        if (len > 1 && text[len - 1] == ' ' && text[len - 2] == ',') {
            (void)str_append_n(out, text, len - 1); /* a list: joined by a blank again */
            (void)str_append(out, "\n    ");
        } else {
            (void)str_append_n(out, text, len);
            (void)str_append(out, "\\\n    ");
        }
        text += len;
        used = INDENT;
    }
    return str_append(out, text);
}

static assay_status write_origin(struct writer *writer, const struct origin *origin, size_t start)
{
    const char *line = memrchr(writer->out->data + start, '\n', writer->out->len - start);
    const size_t line_start = line ? (size_t)(line - writer->out->data) + 1 : start;

    if (!writer->has_origins)
        return writer->out->status;
    do
        (void)str_append_char(writer->out, ' ');
    while (!writer->out->status && writer->out->len - line_start < ORIGIN_COLUMN);
    (void)str_append(writer->out, "; ");
    return origin_write(origin, writer->out);
}

/* One "key = value" line, or several. text NULL: not set. */
static void write_pair(
    struct writer *writer, const char *key, const char *text, const struct origin *origin)
{
    struct str *out = writer->out;
    const size_t start = out->len;

    if (!text) {
        if (writer->has_origins)
            (void)str_appendf(out, "; %s is not set\n", key);
        return;
    }
    (void)str_appendf(out, "%s =%s", key, *text ? " " : "");
    if (!out->status)
        (void)write_wrapped(out, text, strlen(key) + strlen(" = "));
    if (!out->status)
        (void)write_origin(writer, origin, start);
    (void)str_append_char(out, '\n');
}

/* The value in the form that reads back: dollars doubled, or as it was written with ${NAME}. */
static void write_value(struct writer *writer, const struct value *value)
{
    auto_str struct str escaped = STR_INIT(INI_VALUE_SIZE_MAX * 2);
    const bool is_secret = (value->flags & ASSAY_SECRET) != 0;
    if (!value->name)
        return; /* never filled in, for want of memory */
    if (!value->text || !is_secret) {
        if (value->text && expand_escape(value->text, &escaped)) {
            writer->out->status = escaped.status;
            return;
        }
        write_pair(writer, value->name, value->text ? str_text(&escaped) : NULL, &value->origin);
    } else if (value->origin.variable) {
        write_pair(writer, value->name, value->raw, &value->origin);
    } else {
        (void)str_appendf(
            writer->out, "; %s is secret; set it as %s = ${NAME}\n", value->name, value->name);
    }
}

static void write_values(struct writer *writer, const struct values *values)
{
    for (size_t i = 0; i < values->count; i++)
        write_value(writer, &values->list[i]);
}

/* What was written, for a section whose options are not known. */
static void write_settings(struct writer *writer, const struct section *section)
{
    for (size_t i = 0; section && i < section->settings.count; i++) {
        const struct setting *setting = vec_at(&section->settings, i);
        auto_str struct str escaped = STR_INIT(INI_VALUE_SIZE_MAX * 2);
        if (strcmp(setting->key, "plugin") == 0 || strcmp(setting->key, "sha256") == 0)
            continue;
        if (setting->origin.variable) {
            write_pair(writer, setting->key, setting->raw, &setting->origin);
        } else {
            (void)expand_escape(setting->value, &escaped);
            write_pair(writer, setting->key, str_text(&escaped), &setting->origin);
            if (escaped.status)
                writer->out->status = escaped.status;
        }
    }
}

static void write_instance(struct writer *writer, const struct instance *instance)
{
    const struct origin by_default = {.kind = ORIGIN_DEFAULT};
    const bool is_given = instance->section && section_find(instance->section, "plugin");

    (void)str_appendf(writer->out, "\n[%s]\n", instance->name);
    write_pair(
        writer, "plugin", instance->plugin_id, is_given ? &instance->plugin_origin : &by_default);
    if (instance->sha256)
        write_pair(writer, "sha256", instance->sha256, &instance->sha256_origin);
    if (instance->values.count > 0)
        write_values(writer, &instance->values);
    else
        write_settings(writer, instance->section);
}

static assay_status write_manifest(struct writer *writer, const struct manifest *manifest)
{
    struct str *out = writer->out;

    (void)str_append(out, "[run]\n");
    write_values(writer, &manifest->run_values);
    (void)str_append(out, "\n[topology]\n");
    write_values(writer, &manifest->topology_values);
    (void)str_append(out, "\n[wallets]\n");
    write_values(writer, &manifest->wallet_values);
    VEC_EACH(const struct node_section, node, &manifest->nodes) {
        (void)str_appendf(out, "\n[node.%s]\n", node->name);
        if (node->values.count > 0)
            write_values(writer, &node->values);
        else
            write_settings(writer, node->section);
    }
    VEC_EACH(const struct instance, instance, &manifest->instances)
        write_instance(writer, instance);
    return out->status;
}

assay_status manifest_write(const struct manifest *manifest, struct str *out)
{
    struct writer writer = {.out = out, .has_origins = false};

    return write_manifest(&writer, manifest);
}

assay_status manifest_explain(const struct manifest *manifest, struct str *out)
{
    struct writer writer = {.out = out, .has_origins = true};

    return write_manifest(&writer, manifest);
}

#include "devnode/shell/yaml_tree.h"

#include <errno.h>
#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <yaml.h>

#include "devnode/core/memory.h"

struct reader {
    yaml_parser_t parser;
    const char *name;
    size_t value_count;
    struct reason *why;
};

void yaml_tree_free(struct yaml_tree *yaml)
{
    if (!yaml)
        return;
    for (size_t i = 0; i < yaml->count; i++) {
        if (yaml->keys)
            free(yaml->keys[i]);
        yaml_tree_free(yaml->values[i]);
    }
    free(yaml->keys);
    free(yaml->values);
    free(yaml->tag);
    free(yaml->text);
    free(yaml);
}

static bool next_event(struct reader *reader, yaml_event_t *event)
{
    if (yaml_parser_parse(&reader->parser, event))
        return true;
    return reason_set(reader->why, "%s:%zu: not YAML: %s", reader->name,
        reader->parser.problem_mark.line + 1,
        reader->parser.problem ? reader->parser.problem : "unreadable");
}

static struct yaml_tree *value_new(
    struct reader *reader, enum yaml_kind kind, const yaml_event_t *event)
{
    struct yaml_tree *made = memory_new(1, sizeof(*made));

    made->kind = kind;
    made->line = (unsigned)event->start_mark.line + 1;
    reader->value_count++;
    return made;
}

static void set_tag(struct yaml_tree *yaml, const yaml_char_t *tag)
{
    /* Standard tags (tag:yaml.org,2002:...) say nothing that the value does not; local ones name
       the variant of an enumeration. */
    if (tag && tag[0] == '!' && tag[1])
        yaml->tag = memory_text((const char *)tag + 1);
}

static struct yaml_tree *read_value(struct reader *reader, yaml_event_t *event, unsigned depth);

static void append(struct yaml_tree *parent, char *key, struct yaml_tree *value)
{
    if (parent->count == parent->room) {
        parent->room = parent->room ? parent->room * 2 : 4;
        parent->values = memory_resize(parent->values, parent->room, sizeof(struct yaml_tree *));
        if (parent->kind == YAML_MAPPING)
            parent->keys = memory_resize(parent->keys, parent->room, sizeof(char *));
    }
    if (parent->kind == YAML_MAPPING)
        parent->keys[parent->count] = key;
    parent->values[parent->count++] = value;
}

static const struct yaml_tree *entry(
    const struct yaml_tree *mapping, const char *key, size_t key_length)
{
    if (!mapping || mapping->kind != YAML_MAPPING)
        return NULL;
    for (size_t i = 0; i < mapping->count; i++) {
        if (strncmp(mapping->keys[i], key, key_length) == 0 && !mapping->keys[i][key_length])
            return mapping->values[i];
    }
    return NULL;
}

/* Reads the children of `parent` up to the event that ends it. */
static bool read_children(struct reader *reader, struct yaml_tree *parent, unsigned depth)
{
    yaml_event_type_t end =
        parent->kind == YAML_MAPPING ? YAML_MAPPING_END_EVENT : YAML_SEQUENCE_END_EVENT;

    for (;;) {
        yaml_event_t event;
        char *key = NULL;

        if (!next_event(reader, &event))
            return false;
        if (event.type == end) {
            yaml_event_delete(&event);
            return true;
        }
        if (parent->kind == YAML_MAPPING) {
            size_t line = event.start_mark.line + 1;

            if (event.type != YAML_SCALAR_EVENT) {
                yaml_event_delete(&event);
                return reason_set(
                    reader->why, "%s:%zu: a key must be plain text", reader->name, line);
            }
            key = memory_text((const char *)event.data.scalar.value);
            yaml_event_delete(&event);
            if (entry(parent, key, strlen(key))) {
                reason_format(
                    reader->why, "%s:%zu: key `%s` is given twice", reader->name, line, key);
                free(key);
                return false;
            }
            if (!next_event(reader, &event)) {
                free(key);
                return false;
            }
        }
        struct yaml_tree *value = read_value(reader, &event, depth + 1);
        yaml_event_delete(&event);
        if (!value) {
            free(key);
            return false;
        }
        append(parent, key, value);
    }
}

static struct yaml_tree *read_value(struct reader *reader, yaml_event_t *event, unsigned depth)
{
    size_t line = event->start_mark.line + 1;
    struct yaml_tree *value;

    if (depth > YAML_DEPTH_MAX) {
        reason_format(reader->why, "%s:%zu: nested deeper than %d levels", reader->name, line,
            YAML_DEPTH_MAX);
        return NULL;
    }
    if (reader->value_count >= YAML_VALUES_MAX) {
        reason_format(
            reader->why, "%s:%zu: more than %u values", reader->name, line, YAML_VALUES_MAX);
        return NULL;
    }
    if (event->type == YAML_SCALAR_EVENT) {
        value = value_new(reader, YAML_SCALAR, event);
        value->text = memory_text((const char *)event->data.scalar.value);
        value->is_plain = event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
        set_tag(value, event->data.scalar.tag);
        return value;
    }
    if (event->type == YAML_MAPPING_START_EVENT) {
        value = value_new(reader, YAML_MAPPING, event);
        set_tag(value, event->data.mapping_start.tag);
    } else if (event->type == YAML_SEQUENCE_START_EVENT) {
        value = value_new(reader, YAML_SEQUENCE, event);
        set_tag(value, event->data.sequence_start.tag);
    } else {
        reason_format(reader->why,
            "%s:%zu: an alias, which a node configuration may not use; write the value out",
            reader->name, line);
        return NULL;
    }
    if (!read_children(reader, value, depth)) {
        yaml_tree_free(value);
        return NULL;
    }
    return value;
}

/* Skips stream and document starts; the first value is the document. */
static struct yaml_tree *read_document(struct reader *reader)
{
    for (;;) {
        yaml_event_t event;
        struct yaml_tree *root;

        if (!next_event(reader, &event))
            return NULL;
        if (event.type == YAML_STREAM_START_EVENT || event.type == YAML_DOCUMENT_START_EVENT) {
            yaml_event_delete(&event);
            continue;
        }
        if (event.type == YAML_STREAM_END_EVENT) {
            reason_format(reader->why, "%s: the file is empty", reader->name);
            return NULL;
        }
        root = read_value(reader, &event, 0);
        yaml_event_delete(&event);
        return root;
    }
}

/* Anything but the end of the stream after the document is a second document, or garbage that a
   truncated or concatenated file left behind. */
static bool at_end(struct reader *reader)
{
    for (;;) {
        yaml_event_t event;
        yaml_event_type_t type;
        size_t line;

        if (!next_event(reader, &event))
            return false;
        type = event.type;
        line = event.start_mark.line + 1;
        yaml_event_delete(&event);
        if (type == YAML_STREAM_END_EVENT)
            return true;
        if (type != YAML_DOCUMENT_END_EVENT)
            return reason_set(
                reader->why, "%s:%zu: a second document begins here", reader->name, line);
    }
}

struct yaml_tree *yaml_tree_parse(
    const char *name, const void *bytes, size_t size, struct reason *why)
{
    struct reader reader = {.name = name, .why = why};

    if (!yaml_parser_initialize(&reader.parser)) {
        reason_format(why, "%s: out of memory", name);
        return NULL;
    }
    yaml_parser_set_input_string(&reader.parser, bytes, size);
    struct yaml_tree *root = read_document(&reader);
    if (root && !at_end(&reader)) {
        yaml_tree_free(root);
        root = NULL;
    }
    yaml_parser_delete(&reader.parser);
    return root;
}

struct yaml_tree *yaml_tree_read(const char *path, struct reason *why)
{
    FILE *file = fopen(path, "re");

    if (!file) {
        reason_format(why, "cannot read %s: %s", path, strerror(errno));
        return NULL;
    }
    size_t room = 1 << 16;
    size_t size = 0;
    char *bytes = memory_new(room, 1);
    size_t got;
    while ((got = fread(bytes + size, 1, room - size, file)) > 0 && size < YAML_BYTES_MAX) {
        size += got;
        if (size == room) {
            room *= 2;
            bytes = memory_resize(bytes, room, 1);
        }
    }
    struct yaml_tree *root = NULL;
    if (ferror(file))
        reason_format(why, "cannot read %s: %s", path, strerror(errno));
    else if (size >= YAML_BYTES_MAX)
        reason_format(why, "%s is larger than %u MiB", path, YAML_BYTES_MAX >> 20);
    else
        root = yaml_tree_parse(path, bytes, size, why);
    (void)fclose(file);
    free(bytes);
    return root;
}

static bool starts_upper(const char *text)
{
    return text[0] >= 'A' && text[0] <= 'Z';
}

const char *yaml_tree_variant(const struct yaml_tree *yaml)
{
    if (!yaml)
        return NULL;
    if (yaml->tag)
        return yaml->tag;
    if (yaml->kind == YAML_SCALAR)
        return yaml->text;
    if (yaml->kind == YAML_MAPPING && yaml->count == 1 && starts_upper(yaml->keys[0]))
        return yaml->keys[0];
    return NULL;
}

const struct yaml_tree *yaml_tree_find(const struct yaml_tree *yaml, const char *path)
{
    while (yaml && *path) {
        size_t length = strcspn(path, ".");
        const struct yaml_tree *found = entry(yaml, path, length);

        /* {Genesis: {...}}: the JSON spelling of a variant. */
        if (!found && !yaml->tag && yaml->kind == YAML_MAPPING && yaml_tree_variant(yaml))
            found = entry(yaml->values[0], path, length);
        yaml = found;
        path += length + (path[length] == '.');
    }
    return yaml;
}

static struct json_object *scalar_to_json(const struct yaml_tree *yaml)
{
    const char *text = yaml->text;
    size_t length = strlen(text);

    if (!yaml->is_plain)
        return json_object_new_string(text);
    if (strcmp(text, "null") == 0 || strcmp(text, "~") == 0 || !length)
        return NULL;
    if (strcmp(text, "true") == 0 || strcmp(text, "false") == 0)
        return json_object_new_boolean(text[0] == 't');
    /* An id of 64 decimal digits by chance is text: it does not fit 64 bits. So is one with
       leading zeros. */
    if (length <= 20 && strspn(text, "0123456789") == length && (text[0] != '0' || length == 1)) {
        errno = 0;
        unsigned long long number = strtoull(text, NULL, 10);
        if (!errno)
            return json_object_new_uint64(number);
    }
    return json_object_new_string(text);
}

struct json_object *yaml_tree_to_json(const struct yaml_tree *yaml)
{
    struct json_object *made = NULL;

    switch (yaml->kind) {
    case YAML_SCALAR:
        made = scalar_to_json(yaml);
        break;
    case YAML_SEQUENCE:
        made = json_object_new_array_ext((int)yaml->count);
        for (size_t i = 0; i < yaml->count; i++)
            json_object_array_add(made, yaml_tree_to_json(yaml->values[i]));
        break;
    case YAML_MAPPING:
        made = json_object_new_object();
        for (size_t i = 0; i < yaml->count; i++)
            json_object_object_add(made, yaml->keys[i], yaml_tree_to_json(yaml->values[i]));
        break;
    }
    if (yaml->tag) {
        struct json_object *variant = json_object_new_object();

        json_object_object_add(variant, yaml->tag, made);
        return variant;
    }
    return made;
}

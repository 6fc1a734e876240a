#include "template.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

struct filling {
    const struct template_data *data;
    struct text *out;
    char *why;
    unsigned line; /* of the template, from 1 */
};

/* A piece of the template. */
struct piece {
    const char *at;
    size_t size;
};

__attribute__((format(printf, 2, 3))) static assay_status mistake(
    struct filling *filling, const char *format, ...)
{
    char text[160];
    va_list args;

    va_start(args, format);
    (void)vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    (void)snprintf(filling->why, 200, "line %u of the template: %s", filling->line, text);
    return ASSAY_E_INVALID;
}

static uint32_t is_named(struct piece name, const char *text)
{
    return strlen(text) == name.size && memcmp(text, name.at, name.size) == 0;
}

/* The name in a tag such as {{#node}}, if the line, blanks aside, is one of that mark. */
static uint32_t is_tag(struct piece line, char mark, struct piece *name)
{
    while (line.size && (*line.at == ' ' || *line.at == '\t')) {
        line.at++;
        line.size--;
    }
    if (line.size < 6 || memcmp(line.at, "{{", 2) != 0 || line.at[2] != mark ||
        memcmp(line.at + line.size - 2, "}}", 2) != 0)
        return 0;
    *name = (struct piece){line.at + 3, line.size - 5};
    return 1;
}

static struct piece next_line(const char **rest)
{
    const char *end = strchrnul(*rest, '\n');
    const struct piece line = {*rest, (size_t)(end - *rest)};

    *rest = *end ? end + 1 : end;
    return line;
}

static const char *find_value(const struct template_item *item, struct piece name)
{
    for (size_t i = 0; item && i < item->value_count; i++) {
        if (is_named(name, item->values[i].name))
            return item->values[i].text;
    }
    return NULL;
}

static assay_status fill_line(
    struct filling *filling, struct piece line, const struct template_item *item)
{
    const uint32_t is_comment = line.size && *line.at == '#';

    while (line.size) {
        const char *open = is_comment ? NULL : memmem(line.at, line.size, "{{", 2);
        const size_t before = open ? (size_t)(open - line.at) : line.size;
        const char *close, *value;
        struct piece name;

        text_add_n(filling->out, line.at, before);
        if (!open)
            break;
        close = memmem(open, line.size - before, "}}", 2);
        if (!close)
            return mistake(filling, "{{ is not closed");
        name = (struct piece){open + 2, (size_t)(close - open - 2)};
        value = find_value(item, name);
        if (!value)
            return mistake(filling, "there is no value {{%.*s}} here",
                (int)(name.size < 60 ? name.size : 60), name.at);
        text_add(filling->out, value);
        line.size -= (size_t)(close + 2 - line.at);
        line.at = close + 2;
    }
    text_add(filling->out, "\n");
    return ASSAY_OK;
}

static assay_status fill_body(
    struct filling *filling, struct piece body, const struct template_item *item)
{
    const unsigned first_line = filling->line;
    const char *rest = body.at;
    assay_status s = ASSAY_OK;

    while (!s && rest < body.at + body.size) {
        s = fill_line(filling, next_line(&rest), item);
        filling->line++;
    }
    if (!s)
        filling->line = first_line;
    return s;
}

/* Reads up to the section's end, and writes it once for each of its items. */
static assay_status fill_section(struct filling *filling, struct piece name, const char **rest)
{
    const unsigned opened = filling->line;
    struct piece body = {*rest, 0}, closed;
    unsigned lines = 0;
    assay_status s = ASSAY_OK;

    for (;;) {
        const char *begin = *rest;
        struct piece line;

        if (!**rest)
            return mistake(filling, "section %.*s is not closed", (int)name.size, name.at);
        line = next_line(rest);
        lines++;
        filling->line = opened + lines;
        if (is_tag(line, '#', &closed))
            return mistake(filling, "a section within a section");
        if (is_tag(line, '/', &closed)) {
            body.size = (size_t)(begin - body.at);
            break;
        }
    }
    if (closed.size != name.size || memcmp(closed.at, name.at, name.size) != 0)
        return mistake(filling, "section %.*s ends as %.*s", (int)name.size, name.at,
            (int)closed.size, closed.at);
    filling->line = opened + 1;
    for (size_t i = 0; !s && i < filling->data->item_count; i++) {
        if (is_named(name, filling->data->items[i].section))
            s = fill_body(filling, body, &filling->data->items[i]);
    }
    if (!s)
        filling->line = opened + lines;
    return s;
}

assay_status template_fill(
    const char *source, const struct template_data *data, struct text *out, char why[200])
{
    struct filling filling = {.data = data, .out = out, .why = why};
    const struct template_item *common = NULL;
    const char *rest = source;
    assay_status s = ASSAY_OK;

    for (size_t i = 0; i < data->item_count; i++) {
        if (!data->items[i].section[0])
            common = &data->items[i];
    }
    while (!s && *rest) {
        const struct piece line = next_line(&rest);
        struct piece name;

        filling.line++;
        if (is_tag(line, '#', &name))
            s = fill_section(&filling, name, &rest);
        else if (is_tag(line, '/', &name))
            s = mistake(&filling, "section %.*s was never opened", (int)name.size, name.at);
        else
            s = fill_line(&filling, line, common);
    }
    if (!s && out->failed) {
        (void)snprintf(why, 200, "out of memory");
        return ASSAY_E_NOMEM;
    }
    return s;
}

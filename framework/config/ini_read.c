/* The only user of inih.

   inih calls our reader for each line and our handler for each key it finds in
   it. The reader looks at the line first, because inih says little about lines
   it does not like and cuts in silence what is too long for it. Both sides agree
   on what is a continuation: an indented line after the first key of a section. */
#include <ini.h>
#include <string.h>

#include "framework/base/file.h"
#include "framework/base/mem.h"
#include "framework/base/utf8.h"
#include "framework/config/expand.h"
#include "framework/config/ini_store.h"

enum line_kind {
    LINE_EMPTY,
    LINE_SECTION,
    LINE_KEY,
    LINE_CONTINUATION
};

struct reader {
    struct ini *ini;
    struct problems *problems;
    const char *cursor; /* the rest of the text */
    const char *end;
    struct origin origin; /* of the line being read */
    size_t section;       /* index; no_section before the first and behind a broken header */
    bool has_section;     /* there has been a header, broken or not */
    bool has_key;         /* inih takes an indented line for a continuation */
    enum line_kind kind;  /* of the line being read */
    bool is_line_broken;

    /* The setting being read; stored when the next one begins. */
    struct str key;
    struct str raw;
    struct origin key_origin;
    bool is_open;
    bool is_broken;
};

static const size_t no_section = SIZE_MAX;

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

/* ---- lines ---- */

struct line {
    const char *text;
    size_t len;
};

static bool next_line(struct reader *reader, struct line *out)
{
    const char *newline = NULL;

    if (reader->cursor == reader->end)
        return false;
    newline = memchr(reader->cursor, '\n', (size_t)(reader->end - reader->cursor));
    out->text = reader->cursor;
    out->len = (size_t)((newline ? newline : reader->end) - reader->cursor);
    reader->cursor = newline ? newline + 1 : reader->end;
    if (out->len > 0 && out->text[out->len - 1] == '\r')
        out->len--;
    reader->origin.line++;
    return true;
}

/* Cuts off a comment, and blanks at the end. */
static void strip(struct line *line)
{
    size_t start = 0;

    while (start < line->len && is_blank(line->text[start]))
        start++;
    if (start < line->len && line->text[start] == '#')
        line->len = start;
    for (size_t i = start; i < line->len; i++) {
        if (line->text[i] == ';' && (i == start || is_blank(line->text[i - 1])))
            line->len = i;
    }
    while (line->len > 0 && is_blank(line->text[line->len - 1]))
        line->len--;
}

static void break_line(struct reader *reader, const char *what)
{
    reader->is_line_broken = true;
    problems_add(reader->problems, &reader->origin, "%s", what);
}

/* Puts the line into inih's buffer, whatever it takes; says what had to give. */
static void copy_line(struct reader *reader, struct line line, char *buffer, size_t size)
{
    if (utf8_valid_prefix(line.text, line.len) != line.len)
        break_line(reader, "this line is not UTF-8 text; save the file as UTF-8");
    strip(&line);
    if (line.len > size - 1) {
        reader->is_line_broken = true;
        problems_add(reader->problems, &reader->origin,
            "line is longer than %zu bytes; continue it on an indented line (a backslash at the "
            "end of a line joins without a blank)",
            size - 1);
        line.len = size - 1;
    }
    memcpy(buffer, line.text, line.len);
    buffer[line.len] = '\0';
    for (size_t i = 0; i < line.len; i++) {
        const unsigned char c = (unsigned char)buffer[i];

        if ((c >= 0x20 && c != 0x7F) || c == '\t')
            continue;
        if (!reader->is_line_broken)
            break_line(reader, "there is a control character in this line; remove it");
        buffer[i] = '?';
    }
}

/* ---- settings ---- */

/* Expands what was read and hands it to the ini. */
static void finish_setting(struct reader *reader)
{
    const struct section *section = NULL;
    auto_str struct str value = STR_INIT(INI_VALUE_SIZE_MAX);
    struct setting setting = {.origin = reader->key_origin, .is_broken = reader->is_broken};
    struct expansion expansion = {.variable = NULL};
    struct error err;
    const char *why = NULL;

    if (!reader->is_open)
        return;
    reader->is_open = false;
    section = vec_at(&reader->ini->sections, reader->section);
    error_clear(&err);
    if (reader->raw.status == ASSAY_E_INVALID) {
        setting.is_broken = true;
        problems_add(reader->problems, &reader->key_origin, "[%s] %s: the value is too long",
            section->name, str_text(&reader->key));
    }
    if (!setting.is_broken &&
        expand_environment(str_text(&reader->raw), &value, &expansion, &err)) {
        setting.is_broken = true;
        (void)error_wrap(&err, err.code, "[%s] %s", section->name, str_text(&reader->key));
        problems_add_error(reader->problems, &reader->key_origin, &err);
    }
    if (!setting.is_broken && !ini_value_check(str_text(&value), &why)) {
        setting.is_broken = true;
        problems_add(reader->problems, &reader->key_origin, "[%s] %s: the value %s", section->name,
            str_text(&reader->key), why);
    }
    if (expansion.variable) {
        setting.origin.variable =
            pool_dup_n(&reader->ini->pool, expansion.variable, expansion.variable_len);
        if (!setting.origin.variable)
            problems_nomem(reader->problems);
    }
    setting.key = str_text(&reader->key);
    setting.raw = str_text(&reader->raw);
    setting.value = setting.is_broken ? "" : str_text(&value);
    ini_store(
        reader->ini, vec_at(&reader->ini->sections, reader->section), setting, reader->problems);
}

static void start_setting(struct reader *reader, const char *key, const char *value)
{
    const struct setting *old = NULL;
    const struct section *section = NULL;

    if (!reader->has_section) {
        problems_add(reader->problems, &reader->origin,
            "'%s' stands in no section; put a line such as [run] above it", key);
        return;
    }
    if (reader->section == no_section ||
        !ini_name_check("key", key, &reader->origin, reader->problems))
        return;
    section = vec_at(&reader->ini->sections, reader->section);
    old = section_find(section, key);
    if (old) {
        problems_add(reader->problems, &reader->origin,
            "[%s] has '%s' twice, first in line %u; keep one of them", section->name, key,
            old->origin.line);
        return;
    }
    str_clear(&reader->key);
    str_clear(&reader->raw);
    if (str_append(&reader->key, key) || str_append(&reader->raw, value) == ASSAY_E_NOMEM) {
        problems_nomem(reader->problems);
        return;
    }
    reader->key_origin = reader->origin;
    reader->is_broken = reader->is_line_broken;
    reader->is_open = true;
}

static void continue_setting(struct reader *reader, const char *text)
{
    struct str *raw = &reader->raw;

    if (!reader->is_open)
        return; /* of a setting that was refused: said already */
    if (raw->len > 0 && raw->data[raw->len - 1] == '\\')
        str_truncate(raw, raw->len - 1);
    else if (raw->len > 0)
        (void)str_append_char(raw, ' ');
    if (str_append(raw, text) == ASSAY_E_NOMEM)
        problems_nomem(reader->problems);
    reader->is_broken = reader->is_broken || reader->is_line_broken;
}

/* ---- sections, and the two functions that inih calls ---- */

/* text is "[name]" and nothing else, or a problem. */
static void open_section(struct reader *reader, const char *text)
{
    const size_t len = strlen(text);
    auto_free char *name = len > 2 ? mem_dup_n(text + 1, len - 2) : mem_dup("");
    const struct section *section = NULL;

    finish_setting(reader);
    reader->has_section = true;
    reader->has_key = false;
    reader->section = no_section;
    if (!name) {
        problems_nomem(reader->problems);
        return;
    }
    if (text[len - 1] != ']' || strchr(name, ']')) {
        problems_add(reader->problems, &reader->origin,
            "'%.60s' is not a section; write [name] and nothing else in the line", text);
        return;
    }
    if (!ini_name_check("section", name, &reader->origin, reader->problems))
        return;
    section = ini_find(reader->ini, name);
    if (section && section->origin.kind == ORIGIN_FILE)
        problems_add(reader->problems, &reader->origin,
            "section [%s] is there twice, first in line %u; put its keys together", name,
            section->origin.line);
    section = ini_open_section(reader->ini, name, &reader->origin, reader->problems);
    if (section)
        reader->section = (size_t)(section - (struct section *)reader->ini->sections.items);
}

/* Does an indented line look like a line of its own, which would vanish in the value above?
   Lower case only: NAME=value is what lists of environment variables hold. */
static bool is_slip(const struct reader *reader, const char *text)
{
    const struct str *above = &reader->raw;
    const char last = reader->is_open && above->len > 0 ? above->data[above->len - 1] : '\0';
    const size_t word_len = strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789_");

    if (last == ',' || last == '\\')
        return false;
    if (text[0] == '[')
        return text[strlen(text) - 1] == ']';
    return word_len > 0 && text[word_len + strspn(text + word_len, " \t")] == '=';
}

/* Decides what the line is; empties it when inih has no business with it. */
static enum line_kind classify(struct reader *reader, char *line)
{
    const char *text = line + strspn(line, " \t");

    if (!*text)
        return LINE_EMPTY;
    if (text > line && reader->has_key) {
        if (!is_slip(reader, text))
            return LINE_CONTINUATION;
        problems_add(reader->problems, &reader->origin,
            "this line continues the value above because it is indented, but looks like '%.*s'; "
            "move it to the left margin",
            (int)strcspn(text, " \t="), text);
        line[0] = '\0';
        return LINE_EMPTY;
    }
    if (text[0] == '[') {
        open_section(reader, text);
        memcpy(line, "[]", sizeof "[]"); /* inih has room for 199 bytes */
        return LINE_SECTION;
    }
    if (text[strcspn(text, "=:")] != '=') {
        problems_add(reader->problems, &reader->origin,
            "'%.60s' is neither key = value nor [section]", text);
        finish_setting(reader);
        line[0] = '\0';
        return LINE_EMPTY;
    }
    return LINE_KEY;
}

static char *read_line(char *buffer, int size, void *user)
{
    struct reader *reader = user;
    struct line line;

    if (!next_line(reader, &line))
        return NULL;
    reader->is_line_broken = false;
    copy_line(reader, line, buffer, (size_t)size);
    reader->kind = classify(reader, buffer);
    return buffer;
}

static int handle(void *user, const char *section, const char *name, const char *value)
{
    struct reader *reader = user;

    (void)section; /* cut at 49 bytes by inih; the reader knows it whole */
    if (reader->kind == LINE_CONTINUATION) {
        continue_setting(reader, value);
        return 1;
    }
    finish_setting(reader);
    reader->has_key = true;
    start_setting(reader, name, value);
    return 1;
}

/* ---- the whole text ---- */

void ini_read_text(
    struct ini *ini, const char *name, const struct file_text *text, struct problems *problems)
{
    static const char bom[] = "\xEF\xBB\xBF";
    struct reader reader = {
        .ini = ini,
        .problems = problems,
        .cursor = text->data,
        .origin = {.kind = ORIGIN_FILE, .name = pool_dup(&ini->pool, name)},
        .section = no_section,
    };
    int line = 0;

    if (text->size == 0)
        return;
    reader.end = text->data + text->size;
    if (!reader.origin.name) {
        problems_nomem(problems);
        return;
    }
    if (memchr(text->data, '\0', text->size)) {
        problems_add(problems, &(struct origin){.kind = ORIGIN_FILE, .name = name, .line = 1},
            "this is not a text file: it has NUL bytes in it");
        return;
    }
    if (text->size >= 3 && memcmp(text->data, bom, 3) == 0)
        reader.cursor += 3;
    str_init(&reader.key, INI_NAME_SIZE_MAX);
    str_init(&reader.raw, INI_VALUE_SIZE_MAX);
    line = ini_parse_stream(read_line, &reader, handle, &reader);
    finish_setting(&reader);
    str_done(&reader.key);
    str_done(&reader.raw);
    if (line != 0 && problems_status(problems) == ASSAY_OK) {
        reader.origin.line = line > 0 ? (uint32_t)line : 0;
        problems_add(problems, &reader.origin, "this line is not key = value");
    }
}

void ini_read_file(struct ini *ini, const char *path, struct problems *problems)
{
    struct file_text text = {.data = NULL};
    struct error err;

    error_clear(&err);
    if (file_read(path, INI_FILE_SIZE_MAX, &text, &err)) {
        problems_add_error(problems, NULL, &err);
        return;
    }
    ini_read_text(ini, path, &text, problems);
    free(text.data);
}

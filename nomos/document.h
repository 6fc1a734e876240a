/* Writes one configuration as YAML or as JSON: the same calls, either form.
 *
 * A document is a mapping. Values go into what was opened last; `key` is NULL inside a list, which
 * holds plain values and nothing else. Enums of the node are variants: `!File {prefix: x}` in YAML,
 * {"File": {"prefix": "x"}} in JSON (node contract 5.1).
 *
 *     struct document doc = document_begin(DOCUMENT_YAML, &text);
 *     document_map(&doc, "storage");
 *     document_text(&doc, "db_path", "/var/node/db");
 *     document_close(&doc);
 *     document_end(&doc);
 *
 * Errors are those of the text (text.h): check text_ok once at the end. What is a mistake of the
 * caller (a key in a list, too deep, not closed) is asserted. One thread. */
#ifndef NOMOS_DOCUMENT_H
#define NOMOS_DOCUMENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "nomos/text.h"

/* A node's configuration has seven levels. */
#define DOCUMENT_DEPTH_MAX 12

enum document_format {
    DOCUMENT_YAML,
    DOCUMENT_JSON,
};

struct document_level {
    bool is_list;
    bool is_variant; /* JSON: one more brace to close */
    bool has_values;
};

struct document {
    struct text *out;
    enum document_format format;
    unsigned depth; /* open levels below the root */
    struct document_level levels[DOCUMENT_DEPTH_MAX + 1];
};

struct document document_begin(enum document_format format, struct text *out);
void document_end(struct document *doc);

void document_map(struct document *doc, const char *key);
void document_list(struct document *doc, const char *key);
/* An enum variant that holds a mapping. */
void document_variant(struct document *doc, const char *key, const char *variant);
/* Ends what was opened last. */
void document_close(struct document *doc);

/* Text is always quoted, so that no value is taken for a number or a date. */
void document_text(struct document *doc, const char *key, const char *value);
__attribute__((format(printf, 3, 4))) void document_print(
    struct document *doc, const char *key, const char *format, ...);
void document_hex(struct document *doc, const char *key, const uint8_t *bytes, size_t size);
void document_u64(struct document *doc, const char *key, uint64_t value);
/* The shortest decimal that reads back as the same number, always with a point. */
void document_real(struct document *doc, const char *key, double value);
void document_bool(struct document *doc, const char *key, bool value);
void document_null(struct document *doc, const char *key);
/* An enum variant without a value, `Stdout`. */
void document_unit(struct document *doc, const char *key, const char *variant);
/* An enum variant that holds text, `!Zk "00ff"`. */
void document_variant_text(
    struct document *doc, const char *key, const char *variant, const char *value);
/* A value that is written already, in the form of the document and on one line. */
void document_written(struct document *doc, const char *key, const char *value, size_t size);

/* Durations, in nanoseconds: {secs: 2, nanos: 0}, and "2.000000000", the form that the node gives
   durations with bounds (P and B in node contract 5.1). */
void document_span(struct document *doc, const char *key, uint64_t ns);
void document_bounded_span(struct document *doc, const char *key, uint64_t ns);

#endif

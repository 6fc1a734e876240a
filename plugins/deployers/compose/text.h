/* Text that grows; the first failure sticks and is asked for once, at the end. */
#ifndef ASSAY_PLUGINS_COMPOSE_TEXT_H
#define ASSAY_PLUGINS_COMPOSE_TEXT_H

#include <assay/plugin.h>

/* A file for a thousand nodes has two megabytes. */
#define TEXT_MAX ((size_t)16 << 20)

struct text {
    char *bytes; /* `size` bytes and a NUL; NULL while nothing was added */
    size_t size, room;
    uint32_t failed; /* no memory, or beyond TEXT_MAX: what is there is not to be used */
};

void text_done(struct text *text); /* frees it; empty afterwards */
/* Empties it and keeps the room. */
void text_clear(struct text *text);

void text_add(struct text *text, const char *string);
void text_add_n(struct text *text, const char *bytes, size_t size);
void text_addf(struct text *text, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* In double quotes, so that YAML and JSON read the same: control characters as \u00XX; a dollar is
   doubled, because Compose would replace what follows one. */
void text_quote(struct text *text, const char *string);

/* For a path or query of a URL: everything but letters, digits and -._~ as %XX. */
void text_add_escaped(struct text *text, const char *string);

const char *text_get(const struct text *text); /* "" when empty or failed */

#endif

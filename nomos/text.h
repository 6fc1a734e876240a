/* Text that grows, up to a limit: what the JSON writers write into.
 *
 * The error is sticky: after the limit or the memory is exceeded, writing does nothing and
 * text_ok is false; check once, at the end. All zeros is empty text with the default limit. */
#ifndef NOMOS_TEXT_H
#define NOMOS_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The largest block the node takes is well below this. */
#define TEXT_SIZE_MAX ((size_t)64 << 20)

struct text {
    char *bytes; /* `size` bytes and a terminator; NULL while nothing was written */
    size_t size;
    size_t room;
    size_t max; /* 0: TEXT_SIZE_MAX */
    bool failed;
};

/* Frees it and leaves empty text. */
void text_done(struct text *text);
/* Empties it and keeps the room; also forgets a failure. */
void text_clear(struct text *text);
bool text_ok(const struct text *text);

void text_add(struct text *text, const char *string);
void text_add_bytes(struct text *text, const char *bytes, size_t size);
void text_add_u64(struct text *text, uint64_t value);
/* Lower-case digits. */
void text_add_hex(struct text *text, const uint8_t *bytes, size_t size);
/* "[1,2,3]" */
void text_add_numbers(struct text *text, const uint8_t *bytes, size_t size);

#endif

/* A growable string with a maximum.

   The maximum is part of construction: nothing that outside data can reach
   grows without one. Errors stick: after the first failed append all later
   ones fail with the same status, so a long run of appends is checked once, at
   the end. What was appended before the failure stays readable.

       auto_str struct str text = STR_INIT(LINE_MAX_BYTES);
       (void)str_append(&text, name);
       if (str_appendf(&text, " = %d", value))
           return error_set(err, text.status, "...");
       *out = str_take(&text);

   ASSAY_E_INVALID: it would exceed the maximum. ASSAY_E_NOMEM: no memory.
   One thread at a time. */
#ifndef ASSAY_BASE_STR_H
#define ASSAY_BASE_STR_H

#include <stdarg.h>
#include <stddef.h>

#include "framework/base/cleanup.h"
#include "framework/base/status.h"

struct str {
    char *data;      /* NULL until something is appended; NUL-terminated then */
    size_t len;      /* without the NUL */
    size_t capacity; /* bytes at data */
    size_t len_max;
    assay_status status; /* of the first append that failed */
};

/* An empty string, as initialiser and as call: the first where it is declared,
   which auto_str needs; the second for a member or for use again. */
#define STR_INIT(maximum)                                                                          \
    {                                                                                              \
        .len_max = (maximum)                                                                       \
    }
void str_init(struct str *str, size_t len_max);
void str_done(struct str *str);  /* frees; the object is empty afterwards and may be used again */
void str_clear(struct str *str); /* empties and forgets a failure, keeps the memory */

assay_status str_append(struct str *str, const char *text);
assay_status str_append_n(struct str *str, const void *data, size_t size);
assay_status str_append_char(struct str *str, char c);
assay_status str_appendf(struct str *str, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
assay_status str_vappendf(struct str *str, const char *format, va_list args)
    __attribute__((format(printf, 2, 0)));

/* Cuts to len bytes; a len beyond the end changes nothing. */
void str_truncate(struct str *str, size_t len);

/* The text, "" when empty; valid until the next change. Never NULL. */
const char *str_text(const struct str *str);

/* Hands the text to the caller, who frees it, and leaves the object empty. NULL
   after a failed append, or when there is no memory. */
char *str_take(struct str *str) __attribute__((warn_unused_result));

/* A formatted string on the heap, for the caller to free; NULL without memory. */
char *str_format(const char *format, ...) __attribute__((format(printf, 1, 2), warn_unused_result));

CLEANUP_DEFINE_DONE(auto_str, struct str, str_done)
#define auto_str CLEANUP(auto_str)

#endif

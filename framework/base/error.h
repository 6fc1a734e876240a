/* Errors are values: a status to act on and a text to show.

   The caller owns the struct; functions that can fail take a pointer to it as
   their last argument, and write to it only when they fail. The pointer may be
   NULL: then the status alone is returned. The text says what is wrong, where,
   and what to do about it; each layer adds its context in front:

       return error_set(err, ASSAY_E_INVALID, "%s: port %u is taken", path, port);
       return error_wrap(err, status, "while reading %s", path);

   A text longer than the buffer ends in "...". No allocation, any thread. */
#ifndef ASSAY_BASE_ERROR_H
#define ASSAY_BASE_ERROR_H

#include "framework/base/status.h"

enum {
    ERROR_TEXT_SIZE = 1024
}; /* two paths and a sentence */

struct error {
    assay_status code;
    char text[ERROR_TEXT_SIZE];
};

/* Records code and text; returns code. */
assay_status error_set(struct error *err, assay_status code, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Puts "context: " in front of the text that a deeper layer left and records
   code; returns code. Where that layer left no text, the status's own is used. */
assay_status error_wrap(struct error *err, assay_status code, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* For a failed system call: text, ": ", and what the errno value means. Returns
   the status that fits the errno value (status_of_errno). */
assay_status error_errno(struct error *err, int error_number, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* "out of memory"; returns ASSAY_E_NOMEM. */
assay_status error_nomem(struct error *err);

void error_clear(struct error *err);

#endif

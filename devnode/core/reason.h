/* reason.h - why something did not work, as text for people.
 *
 * A function that can be refused by outside data answers false and explains in a struct reason that
 * the caller owns, always its last parameter. The text names what was wrong and, where it can, what
 * was expected. A NULL reason is allowed and means that nobody will read it. Any thread, one owner. */
#ifndef DEVNODE_CORE_REASON_H
#define DEVNODE_CORE_REASON_H

#include <stdbool.h>

/* Long enough for a sentence with two ids of 64 digits and a path. */
#define REASON_BYTES_MAX 512

struct reason {
    char text[REASON_BYTES_MAX];
};

/* Sets the text (cut at the limit) and answers false, so that a refusal is one line:
 *     return reason_set(why, "slot %llu is not after slot %llu", ...); */
bool reason_set(struct reason *reason, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Puts "context: " before the text and answers false. */
bool reason_wrap(struct reason *reason, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

#endif

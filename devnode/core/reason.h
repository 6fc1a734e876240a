/* reason.h - why something did not work, as text for people.
 *
 * A function that can be refused by outside data answers false and explains in a struct reason
 * that the caller owns, always its last parameter. The text names what was wrong and, where it
 * can, what was expected. A NULL reason is allowed and means that nobody will read it. Any
 * thread, one owner. */
#ifndef DEVNODE_CORE_REASON_H
#define DEVNODE_CORE_REASON_H

#include <stdbool.h>

/* Long enough for a sentence with two ids of 64 digits and a path. */
#define REASON_BYTES_MAX 512

struct reason {
    char text[REASON_BYTES_MAX];
};

/* Sets the text (cut at the limit). */
void reason_format(struct reason *reason, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Puts "context: " before the text. */
void reason_prefix(struct reason *reason, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* The same, and false: so that a refusal is one line, and compilers and analysers see that it is
 * one:
 *     return reason_set(why, "slot %llu is not after slot %llu", ...); */
#define reason_set(...)  (reason_format(__VA_ARGS__), false)
#define reason_wrap(...) (reason_prefix(__VA_ARGS__), false)

#endif

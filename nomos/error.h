/* How this library reports failure: a status to branch on, a text for a person.
 *
 * Functions that can fail return enum nomos_status and take `struct nomos_error *err` last. err may
 * be NULL; it is written only on failure. Outputs are written only on success. */
#ifndef NOMOS_ERROR_H
#define NOMOS_ERROR_H

enum nomos_status {
    NOMOS_OK = 0,
    NOMOS_E_SYNTAX = 1, /* not the format at all, e.g. not JSON: an HTTP server answers 400 */
    NOMOS_E_DATA = 2,   /* the format, but not a valid value: an HTTP server answers 422 */
    NOMOS_E_MEMORY = 3, /* out of memory; the objects involved are unchanged */
};

/* Long enough for a path into a transaction and a sentence about what is wrong there. Longer texts
   are cut, never overrun. */
#define NOMOS_ERROR_SIZE 256

struct nomos_error {
    char text[NOMOS_ERROR_SIZE];
};

/* Writes the text (err may be NULL) and returns `status`, so that `return nomos_fail(...)` reads as
   one thought. */
enum nomos_status nomos_fail(struct nomos_error *err, enum nomos_status status, const char *format,
    ...) __attribute__((format(printf, 3, 4)));

/* The one text for an allocation that failed. Inline, so that whoever reads the code, tools
   included, sees what it returns. */
static inline enum nomos_status nomos_fail_memory(struct nomos_error *err)
{
    (void)nomos_fail(err, NOMOS_E_MEMORY, "out of memory");
    return NOMOS_E_MEMORY;
}

#endif

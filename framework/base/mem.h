/* Memory that can fail on purpose.

   Framework code allocates through these functions alone, so that a test can
   make the nth allocation fail and see every error branch. A NULL result means
   "out of memory"; the caller turns it into ASSAY_E_NOMEM. What they return is
   freed with free(), so auto_free of cleanup.h applies. Any thread. */
#ifndef ASSAY_BASE_MEM_H
#define ASSAY_BASE_MEM_H

#include <stddef.h>
#include <stdint.h>

/* size bytes, all zero. A size of 0 gives a pointer that may be freed, not NULL. */
void *mem_new(size_t size) __attribute__((malloc, warn_unused_result));

/* count items of size bytes each, all zero; NULL also when the product overflows. */
void *mem_new_array(size_t count, size_t size) __attribute__((malloc, warn_unused_result));

/* Resizes old (NULL is fine) to count items of size bytes. New bytes are not
   set. On NULL, old is still valid and still the caller's. */
void *mem_grow(void *old, size_t count, size_t size) __attribute__((warn_unused_result));

/* Copies of a string, and of size bytes with a NUL put behind them.
   mem_dup(NULL) is NULL; mem_dup_n(NULL, 0) is an empty string. */
char *mem_dup(const char *text) __attribute__((warn_unused_result));
char *mem_dup_n(const void *data, size_t size) __attribute__((warn_unused_result));

/* ---- for tests: failure on purpose. Counts the calling thread's allocations only ---- */

enum mem_failure {
    MEM_FAIL_ONCE,   /* the nth allocation fails, later ones succeed */
    MEM_FAIL_FOREVER /* the nth and all later ones fail */
};

/* From now on, the nth allocation (1 is the next) of this thread fails. 0 switches it off. */
void mem_fail_at(uint64_t nth, enum mem_failure mode);

/* Has a failure been provoked since the last mem_fail_at? A loop over n ends when not. */
int mem_has_failed(void);

#endif

/* memory.h - memory for a node whose every container has a limit.
 *
 * Everything the node keeps is bounded by a named limit (limits.h), so an allocation that fails
 * means that the machine is out of memory. A node cannot go on from there without lying about
 * its state: these functions say so on standard error and abort, and the caller need not check.
 * A restart replays the stored blocks. Freed with free(). Any thread. */
#ifndef DEVNODE_CORE_MEMORY_H
#define DEVNODE_CORE_MEMORY_H

#include <stddef.h>

/* count * size zeroed bytes. Never NULL, also for a size of zero. */
void *memory_new(size_t count, size_t size) __attribute__((malloc, returns_nonnull));

/* Grows or shrinks as realloc does; new bytes are not zeroed. */
void *memory_resize(void *old, size_t count, size_t size) __attribute__((returns_nonnull));

/* A copy of `size` bytes. */
void *memory_copy(const void *bytes, size_t size) __attribute__((malloc, returns_nonnull));

/* A copy of a text. */
char *memory_text(const char *text) __attribute__((malloc, returns_nonnull));

#endif

/* The library's only door to the heap.
 *
 * One file of its own so that a test program can put its own nomos_alloc and nomos_resize in its
 * place at link time and make the nth allocation fail. What they return is given back with
 * free(). */
#ifndef NOMOS_MEMORY_H
#define NOMOS_MEMORY_H

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

/* Room for `count` objects of `size` bytes, zeroed. NULL when out of memory or when the product
   overflows; never NULL for a count of zero. */
void *nomos_alloc(size_t count, size_t size);

/* Changes a block of nomos_alloc (or NULL) to hold `size` bytes; new bytes are not zeroed. On NULL
   the old block is still there. */
void *nomos_resize(void *block, size_t size);

static inline void nomos_free_slot(void *slot)
{
    void *block;

    memcpy(&block, slot, sizeof(block));
    free(block);
}

/* Frees a pointer when it goes out of scope. */
#define NOMOS_AUTO_FREE __attribute__((cleanup(nomos_free_slot)))

#endif

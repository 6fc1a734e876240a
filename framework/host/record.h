/* Records that cross the ABI: filled no further than the other side's struct_size. */
#ifndef ASSAY_HOST_RECORD_H
#define ASSAY_HOST_RECORD_H

#include <stdbool.h>
#include <stddef.h>

/* Copies *ours into *theirs as far as both know the record, but for theirs' struct_size, which
   must have been set: false (and nothing copied) when it is too small to be a record at all.
   Both open with their struct_size. */
bool record_give(void *theirs, const void *ours, size_t our_size);

/* Copies *theirs into *ours, the rest of which becomes zero. False: as above. */
bool record_take(void *ours, size_t our_size, const void *theirs);

#endif

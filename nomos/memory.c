#include "nomos/memory.h"

void *nomos_alloc(size_t count, size_t size)
{
    /* calloc may answer NULL for zero bytes, which would read as a failure. */
    return calloc(count ? count : 1, size);
}

void *nomos_resize(void *block, size_t size)
{
    return realloc(block, size ? size : 1);
}

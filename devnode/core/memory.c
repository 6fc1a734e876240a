#include "devnode/core/memory.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static _Noreturn void out_of_memory(size_t count, size_t size)
{
    fprintf(stderr, "out of memory: %zu x %zu bytes; the node stops, its stored blocks are safe\n",
        count, size);
    abort();
}

void *memory_new(size_t count, size_t size)
{
    void *made = calloc(count ? count : 1, size ? size : 1);

    if (!made)
        out_of_memory(count, size);
    return made;
}

void *memory_resize(void *old, size_t count, size_t size)
{
    void *made = reallocarray(old, count ? count : 1, size ? size : 1);

    if (!made)
        out_of_memory(count, size);
    return made;
}

void *memory_copy(const void *bytes, size_t size)
{
    void *made = memory_new(size, 1);

    if (size)
        memcpy(made, bytes, size);
    return made;
}

char *memory_text(const char *text)
{
    return memory_copy(text, strlen(text) + 1);
}

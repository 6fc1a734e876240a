#include "framework/host/texts.h"

#include <stdlib.h>
#include <string.h>

#include "framework/base/mem.h"

enum {
    CHUNK_SIZE_MIN = 1024,      /* few texts: little memory */
    CHUNK_SIZE_MAX = 256 * 1024 /* many: few allocations */
};

struct texts_chunk {
    struct texts_chunk *next;
    size_t size;
    char bytes[];
};

void texts_done(struct texts *texts)
{
    while (texts->chunks) {
        struct texts_chunk *next = texts->chunks->next;

        free(texts->chunks);
        texts->chunks = next;
    }
    *texts = (struct texts){.chunks = NULL};
}

static int texts_grow(struct texts *texts, size_t size_min)
{
    size_t size = texts->chunks ? 2 * texts->chunks->size : CHUNK_SIZE_MIN;
    struct texts_chunk *chunk = NULL;

    if (size > CHUNK_SIZE_MAX)
        size = CHUNK_SIZE_MAX;
    if (size < size_min)
        size = size_min;
    chunk = mem_new(sizeof(*chunk) + size);
    if (!chunk)
        return -1;
    chunk->size = size;
    chunk->next = texts->chunks;
    texts->chunks = chunk;
    texts->used = 0;
    texts->room = size;
    return 0;
}

const char *texts_add(struct texts *texts, const char *text, size_t size)
{
    char *copy = NULL;

    if (texts->room - texts->used < size + 1 && texts_grow(texts, size + 1))
        return NULL;
    copy = texts->chunks->bytes + texts->used;
    memcpy(copy, text, size);
    copy[size] = '\0';
    texts->used += size + 1;
    return copy;
}

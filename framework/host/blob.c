#include "framework/host/blob.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "framework/base/mem.h"
#include "framework/base/number.h"

struct blob {
    atomic_uint references;
    size_t size;
    unsigned char bytes[];
};

struct blob *blob_new(assay_bytes bytes)
{
    struct blob *blob = NULL;
    size_t size = 0;

    if (add_overflows(sizeof(*blob), bytes.size, &size))
        return NULL;
    blob = mem_new(size);
    if (!blob)
        return NULL;
    atomic_init(&blob->references, 1);
    blob->size = bytes.size;
    if (bytes.size)
        memcpy(blob->bytes, bytes.data, bytes.size);
    return blob;
}

struct blob *blob_ref(struct blob *blob)
{
    if (blob)
        (void)atomic_fetch_add(&blob->references, 1);
    return blob;
}

void blob_unref(struct blob *blob)
{
    if (blob && atomic_fetch_sub(&blob->references, 1) == 1)
        free(blob);
}

assay_bytes blob_bytes(const struct blob *blob)
{
    return (assay_bytes){.data = blob ? blob->bytes : NULL, .size = blob ? blob->size : 0};
}

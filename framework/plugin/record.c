#include "framework/plugin/record.h"

#include <stdalign.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

static bool is_size_possible(size_t size, const struct record_shape *shape)
{
    return size >= shape->size_min && size <= RECORD_SIZE_MAX && size % sizeof(uint64_t) == 0;
}

static assay_status check_address(const void *theirs, const char *name, struct error *err)
{
    if (!theirs)
        return error_set(err, ASSAY_E_INVALID, "a pointer to %s is NULL", name);
    if ((uintptr_t)theirs % alignof(uint64_t) != 0)
        return error_set(err, ASSAY_E_INVALID, "a pointer to %s is misaligned", name);
    return ASSAY_OK;
}

/* Copies what both know; the rest of out becomes zero. */
static void copy(void *out, size_t out_size, const void *in, size_t in_size)
{
    const size_t common = in_size < out_size ? in_size : out_size;

    (void)memcpy(out, in, common);
    (void)memset((char *)out + common, 0, out_size - common);
}

assay_status record_adopt(
    const void *theirs, const struct record_shape *shape, void *out, struct error *err)
{
    size_t size = 0;
    const assay_status status = check_address(theirs, shape->name, err);

    if (status)
        return status;
    (void)memcpy(&size, theirs, sizeof(size));
    if (!is_size_possible(size, shape))
        return error_set(err, ASSAY_E_INVALID,
            "struct_size of %s is %zu, and a multiple of 8 from %zu to %d is expected; set it to "
            "sizeof(%s)",
            shape->name, size, shape->size_min, (int)RECORD_SIZE_MAX, shape->name);
    copy(out, shape->size, theirs, size);
    (void)memcpy(out, &shape->size, sizeof(shape->size));
    return ASSAY_OK;
}

assay_status record_take_array(const struct record_array *theirs, const struct record_shape *shape,
    void *out, struct error *err)
{
    if (theirs->count == 0)
        return ASSAY_OK;
    const assay_status status = check_address(theirs->items, shape->name, err);
    if (status)
        return status;
    if (!is_size_possible(theirs->stride, shape))
        return error_set(err, ASSAY_E_INVALID,
            "the stride of %s is %zu, and a multiple of 8 from %zu to %d is expected; set it to "
            "sizeof(%s)",
            shape->name, theirs->stride, shape->size_min, (int)RECORD_SIZE_MAX, shape->name);
    for (size_t i = 0; i < theirs->count; i++)
        copy((char *)out + i * shape->size, shape->size,
            (const char *)theirs->items + i * theirs->stride, theirs->stride);
    return ASSAY_OK;
}

#include "framework/host/record.h"

#include <string.h>

/* Nobody's record is this large: such a struct_size was never set. */
static const size_t record_size_max = 1 << 16;

static bool size_of(const void *record, size_t *out)
{
    if (!record)
        return false;
    memcpy(out, record, sizeof(*out));
    return *out >= 2 * sizeof(size_t) && *out <= record_size_max;
}

bool record_give(void *theirs, const void *ours, size_t our_size)
{
    size_t size = 0;

    if (!size_of(theirs, &size))
        return false;
    if (size > our_size)
        size = our_size;
    memcpy((char *)theirs + sizeof(size), (const char *)ours + sizeof(size), size - sizeof(size));
    return true;
}

bool record_take(void *ours, size_t our_size, const void *theirs)
{
    size_t size = 0;

    if (!size_of(theirs, &size))
        return false;
    memset(ours, 0, our_size);
    memcpy(ours, theirs, size < our_size ? size : our_size);
    memcpy(ours, &our_size, sizeof(our_size));
    return true;
}

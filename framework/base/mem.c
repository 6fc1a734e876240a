#include "framework/base/mem.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "framework/base/number.h"

/* Per thread, so that a test of one thread does not disturb another and the
   counting costs no synchronisation. */
static _Thread_local struct {
    uint64_t countdown; /* allocations until the failure; 0 is off */
    enum mem_failure mode;
    int has_failed;
} failure;

static bool must_fail(void)
{
    if (failure.countdown == 0)
        return false;
    if (failure.countdown > 1) {
        failure.countdown--;
        return false;
    }
    failure.has_failed = 1;
    if (failure.mode == MEM_FAIL_ONCE)
        failure.countdown = 0;
    return true;
}

void mem_fail_at(uint64_t nth, enum mem_failure mode)
{
    failure.countdown = nth;
    failure.mode = mode;
    failure.has_failed = 0;
}

int mem_has_failed(void)
{
    return failure.has_failed;
}

void *mem_new(size_t size)
{
    return mem_new_array(1, size);
}

void *mem_new_array(size_t count, size_t size)
{
    size_t total = 0;

    if (must_fail() || mul_overflows(count, size, &total))
        return NULL;
    return calloc(1, total > 0 ? total : 1);
}

void *mem_grow(void *old, size_t count, size_t size)
{
    size_t total = 0;

    if (must_fail() || mul_overflows(count, size, &total))
        return NULL;
    return realloc(old, total > 0 ? total : 1);
}

char *mem_dup(const char *text)
{
    return text ? mem_dup_n(text, strlen(text)) : NULL;
}

char *mem_dup_n(const void *data, size_t size)
{
    size_t total = 0;
    char *copy = NULL;

    if (must_fail() || add_overflows(size, (size_t)1, &total))
        return NULL;
    copy = malloc(total);
    if (!copy)
        return NULL;
    if (size > 0)
        memcpy(copy, data, size);
    copy[size] = '\0';
    return copy;
}

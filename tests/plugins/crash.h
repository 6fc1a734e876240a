/* Crashes that no compiler removes and no sanitizer reports before the machine does. */
#ifndef ASSAY_TESTS_PLUGINS_CRASH_H
#define ASSAY_TESTS_PLUGINS_CRASH_H

#include <stdint.h>

/* SIGSEGV: reads address 0. Returns nothing of use, and never. */
__attribute__((no_sanitize("undefined"))) static inline int32_t crash_now(void)
{
    const volatile int32_t *volatile nowhere = 0;

    return *nowhere;
}

/* SIGSEGV, without any stack left: `depth` is 0, and no machine counts to the end. */
__attribute__((noinline, unused)) static uint64_t crash_by_depth(uint64_t depth)
{
    volatile uint64_t frame[32] = {depth};

    return depth == UINT64_MAX ? depth : crash_by_depth(depth + 1) + frame[depth % 32];
}

#endif

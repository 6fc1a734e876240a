/* What plugins that break rules have in common: an instance without state of its own, operations that
   do nothing, fail or crash, and crashes that no compiler removes and no sanitizer reports before
   the machine does. */
#ifndef ASSAY_TESTS_PLUGINS_STEPS_H
#define ASSAY_TESTS_PLUGINS_STEPS_H

#include <assay/plugin.h>

/* The instance is the host itself. */
static inline assay_status create(const assay_host *host, const void *options, void **self)
{
    (void)options;
    *self = (void *)(uintptr_t)host;
    return ASSAY_OK;
}

static inline void destroy(void *self)
{
    (void)self;
}

static inline assay_status succeed(void *self, assay_task *task)
{
    (void)self;
    (void)task;
    return ASSAY_OK;
}

static inline assay_status fail(void *self, assay_task *task)
{
    const assay_host *host = self;

    (void)task;
    return host->fail(host, ASSAY_E_IO, "it fails on purpose");
}

/* SIGSEGV: reads address 0. Returns nothing of use, and never. */
__attribute__((no_sanitize("undefined"))) static inline int32_t crash_now(void)
{
    const volatile int32_t *volatile nowhere = NULL;

    return *nowhere;
}

static inline assay_status crash(void *self, assay_task *task)
{
    (void)self;
    (void)task;
    return crash_now();
}

/* SIGSEGV, without any stack left: `depth` is 0, and no machine counts to the end. */
__attribute__((noinline, unused)) static uint64_t crash_by_depth(uint64_t depth)
{
    volatile uint64_t frame[32] = {depth};

    return depth == UINT64_MAX ? depth : crash_by_depth(depth + 1) + frame[depth % 32];
}

#endif

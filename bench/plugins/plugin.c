/* A plugin of ordinary size, copied a hundred times under other ids by plugins.c. */
#include <assay/sdk.h>

struct options {
    assay_ns gap;
    int64_t count;
    const char *mode;
};

static const assay_option options[] = {
    ASSAY_OPTION_SPAN(struct options, gap, "50ms", "1ms..1h", "Time between two steps."),
    ASSAY_OPTION_INT(struct options, count, "16", "1..1000", "How many steps."),
    ASSAY_OPTION_CHOICE(struct options, mode, "slow", "slow|fast", "How to step."),
};
static const char *const needs[] = {ASSAY_CLOCK, ASSAY_TASKS, NULL};

static assay_status create(const assay_host *host, const void *given, void **self)
{
    (void)given;
    *self = (void *)(uintptr_t)host;
    return ASSAY_OK;
}

static void destroy(void *self)
{
    (void)self;
}

static assay_status run(void *self, assay_task *task)
{
    return assay_clock_of(self)->sleep_until(task, ASSAY_FOREVER);
}

ASSAY_PLUGIN(plugin, ASSAY_WORKLOAD, "bench.p000", "1.0.0", "One of a hundred",
    ASSAY_OPTIONS(struct options, options), .needs = needs, .create = create, .destroy = destroy,
    .run = run);
ASSAY_LIBRARY("bench", "1.0.0", "Apache-2.0", &plugin);

/* Systems that load without complaint and then break one rule each. README.md lists them. */
#include <assay/sdk.h>

#include "steps.h"

static const char *const needs[] = {ASSAY_CLOCK, ASSAY_SPEC, ASSAY_TOPOLOGY, NULL};

static assay_status be_ready(
    void *self, assay_task *task, uint32_t node, uint32_t stage, assay_readiness *out)
{
    (void)self;
    (void)task;
    (void)node;
    (void)stage;
    out->is_ready = 1;
    return ASSAY_OK;
}

static assay_status never_be_ready(
    void *self, assay_task *task, uint32_t node, uint32_t stage, assay_readiness *out)
{
    (void)self;
    (void)task;
    (void)node;
    (void)stage;
    (void)snprintf(out->why, sizeof(out->why), "it never is, on purpose");
    return ASSAY_OK;
}

static assay_status follow(void *self, assay_task *task, uint32_t node)
{
    (void)node;
    return assay_clock_of(self)->sleep_until(task, ASSAY_FOREVER);
}

static assay_status stop_following(void *self, assay_task *task, uint32_t node)
{
    (void)node;
    return succeed(self, task);
}

static assay_status fail_to_follow(void *self, assay_task *task, uint32_t node)
{
    (void)node;
    return fail(self, task);
}

static const void *offer_nothing(void *self, const char *id)
{
    (void)self;
    (void)id;
    return NULL;
}

static const char *const offers[] = {"sample.promise/1", NULL};

#define SYSTEM(symbol, id, summary, plan_, ready_, follow_)                                        \
    static const assay_system_ops symbol##_ops = {.struct_size = sizeof(assay_system_ops),         \
        .plan = (plan_),                                                                           \
        .render = succeed,                                                                         \
        .ready = (ready_),                                                                         \
        .follow = (follow_)};                                                                      \
    ASSAY_PLUGIN(symbol, ASSAY_SYSTEM, "badsystem." id, "1.0.0", summary, .needs = needs,          \
        .create = create, .destroy = destroy, .system = &symbol##_ops)

SYSTEM(s_plan, "fail-plan", "Fails in plan", fail, be_ready, follow);
SYSTEM(s_crash, "crash-plan", "Crashes in plan", crash, be_ready, follow);
SYSTEM(s_ready, "never-ready", "Its nodes never get ready", succeed, never_be_ready, follow);
SYSTEM(s_stop, "stop-following", "Stops following at once", succeed, be_ready, stop_following);
SYSTEM(s_fail, "fail-follow", "Fails to follow", succeed, be_ready, fail_to_follow);

static const assay_system_ops promise_ops = {.struct_size = sizeof(assay_system_ops),
    .plan = succeed,
    .render = succeed,
    .ready = be_ready,
    .follow = follow,
    .service = offer_nothing};

ASSAY_PLUGIN(s_promise, ASSAY_SYSTEM, "badsystem.empty-promise", "1.0.0",
    "Offers a service and has none", .needs = needs, .offers = offers, .create = create,
    .destroy = destroy, .system = &promise_ops);

ASSAY_LIBRARY(
    "badsystem", "1.0.0", "Apache-2.0", &s_plan, &s_crash, &s_ready, &s_stop, &s_fail, &s_promise);

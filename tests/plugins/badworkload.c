/* Workloads that load without complaint and then break one rule each. README.md lists them. */
#include <assay/sdk.h>
#include <unistd.h>

#include "steps.h"

static const char *const needs[] = {ASSAY_CLOCK, ASSAY_TASKS, ASSAY_RANDOM, ASSAY_METRICS, NULL};

static assay_status idle(void *self, assay_task *task)
{
    const assay_clock *clock = assay_clock_of(self);

    return clock->sleep_until(task, clock->window_end(self));
}

/* Waits in the C library, where no cancellation reaches. */
static void hang(void)
{
    while (pause() < 0)
        continue;
}

#define WORKLOAD(symbol, id, summary, ...)                                                         \
    ASSAY_PLUGIN(symbol, ASSAY_WORKLOAD, "badworkload." id, "1.0.0", summary, .needs = needs,      \
        .destroy = destroy, __VA_ARGS__)

/* ---- crashes ---- */

static assay_status crash_in_create(const assay_host *host, const void *options, void **self)
{
    (void)crash_now();
    return create(host, options, self);
}

static assay_status crash_in_step(void *self, assay_task *task)
{
    (void)crash_now();
    return succeed(self, task);
}

static assay_status crash_in_child_body(assay_task *task, void *self)
{
    return crash_in_step(self, task);
}

static assay_status wait_for_child(
    void *self, assay_task *task, assay_status (*body)(assay_task *, void *))
{
    assay_child *child = NULL;
    const assay_status status = assay_tasks_of(self)->spawn(task, "crasher", body, self, &child);

    return status ? status : assay_tasks_of(self)->join(task, child, ASSAY_FOREVER, NULL);
}

static assay_status crash_in_child(void *self, assay_task *task)
{
    return wait_for_child(self, task, crash_in_child_body);
}

static assay_status overflow_in_step(void *self, assay_task *task)
{
    return crash_by_depth(0) == 0 ? ASSAY_E_INTERNAL : succeed(self, task);
}

static assay_status overflow_in_child_body(assay_task *task, void *self)
{
    return overflow_in_step(self, task);
}

static assay_status overflow_in_child(void *self, assay_task *task)
{
    return wait_for_child(self, task, overflow_in_child_body);
}

static assay_status call_exit(void *self, assay_task *task)
{
    (void)self;
    (void)task;
    exit(7);
}

static assay_status call_abort(void *self, assay_task *task)
{
    (void)self;
    (void)task;
    abort();
}

WORKLOAD(
    w_crash_create, "crash-create", "Crashes in create", .create = crash_in_create, .run = succeed);
WORKLOAD(w_crash_prepare, "crash-prepare", "Crashes in prepare", .create = create,
    .prepare = crash_in_step, .run = idle);
WORKLOAD(w_crash_run, "crash-run", "Crashes in run", .create = create, .run = crash_in_step);
WORKLOAD(w_crash_child, "crash-child", "Crashes in a spawned task", .create = create,
    .run = crash_in_child);
WORKLOAD(w_crash_finish, "crash-finish", "Crashes in finish", .create = create, .run = idle,
    .finish = crash_in_step);
WORKLOAD(w_overflow_run, "overflow-run", "Runs out of stack in run", .create = create,
    .run = overflow_in_step);
WORKLOAD(w_overflow_child, "overflow-child", "Runs out of stack in a spawned task",
    .create = create, .run = overflow_in_child);
WORKLOAD(w_exit_run, "exit-run", "Calls exit(7) in run", .create = create, .run = call_exit);
WORKLOAD(w_abort_run, "abort-run", "Calls abort in run", .create = create, .run = call_abort);

/* ---- hangs ---- */

static assay_status hang_in_create(const assay_host *host, const void *options, void **self)
{
    hang();
    return create(host, options, self);
}

static assay_status hang_in_step(void *self, assay_task *task)
{
    hang();
    return succeed(self, task);
}

static void hang_in_destroy(void *self)
{
    (void)self;
    hang();
}

static assay_status hang_in_child_body(assay_task *task, void *self)
{
    return hang_in_step(self, task);
}

static assay_status hang_in_child(void *self, assay_task *task)
{
    assay_child *child = NULL;

    return assay_tasks_of(self)->spawn(task, "hanger", hang_in_child_body, self, &child);
}

/* Every blocking call says "cancelled"; this one calls again. */
static assay_status ignore_cancellation(void *self, assay_task *task)
{
    while (assay_clock_of(self)->sleep_until(task, ASSAY_FOREVER) <= ASSAY_OK)
        continue;
    return ASSAY_OK;
}

/* Not a violation: load may go on until it is cancelled. */
static assay_status overrun_the_window(void *self, assay_task *task)
{
    return assay_clock_of(self)->sleep_until(task, ASSAY_FOREVER);
}

WORKLOAD(w_hang_create, "hang-create", "Hangs in create", .create = hang_in_create, .run = succeed);
WORKLOAD(w_hang_prepare, "hang-prepare", "Hangs in prepare", .create = create,
    .prepare = hang_in_step, .run = idle);
WORKLOAD(w_hang_run, "hang-run", "Hangs in run where no cancellation reaches", .create = create,
    .run = hang_in_step);
WORKLOAD(w_hang_child, "hang-child", "Leaves a spawned task that hangs", .create = create,
    .run = hang_in_child);
WORKLOAD(w_hang_finish, "hang-finish", "Hangs in finish", .create = create, .run = idle,
    .finish = hang_in_step);
ASSAY_PLUGIN(w_hang_destroy, ASSAY_WORKLOAD, "badworkload.hang-destroy", "1.0.0",
    "Hangs in destroy", .needs = needs, .create = create, .destroy = hang_in_destroy, .run = idle);
WORKLOAD(w_spin_run, "ignore-cancel", "Calls on after it was cancelled", .create = create,
    .run = ignore_cancellation);
WORKLOAD(w_overrun, "overrun", "Goes on until it is cancelled", .create = create,
    .run = overrun_the_window);

/* ---- failures ---- */

static assay_status fail_in_create(const assay_host *host, const void *options, void **self)
{
    (void)options;
    (void)self;
    return host->fail(host, ASSAY_E_NOTFOUND, "create fails on purpose");
}

static assay_status fail_with_text(void *self, assay_task *task)
{
    (void)task;
    return assay_fail_f(self, ASSAY_E_IO, "it fails on purpose, at %s", "once");
}

static assay_status fail_without_text(void *self, assay_task *task)
{
    (void)self;
    (void)task;
    return ASSAY_E_IO;
}

static assay_status claim_cancellation(void *self, assay_task *task)
{
    (void)self;
    (void)task;
    return ASSAY_E_CANCELLED;
}

WORKLOAD(w_fail_create, "fail-create", "Fails in create", .create = fail_in_create, .run = succeed);
WORKLOAD(w_fail_prepare, "fail-prepare", "Fails in prepare", .create = create,
    .prepare = fail_with_text, .run = idle);
WORKLOAD(
    w_fail_run, "fail-run", "Fails in run, with a text", .create = create, .run = fail_with_text);
WORKLOAD(w_fail_silent, "fail-silent", "Fails in run, without a text", .create = create,
    .run = fail_without_text);
WORKLOAD(w_fail_finish, "fail-finish", "Fails in finish", .create = create, .run = idle,
    .finish = fail_with_text);
WORKLOAD(w_false_cancel, "false-cancel", "Says cancelled though it was not", .create = create,
    .run = claim_cancellation);

/* ---- breaches of the contract ---- */

static assay_status return_unknown(void *self, assay_task *task)
{
    (void)self;
    (void)task;
    return -77;
}

static assay_status return_positive(void *self, assay_task *task)
{
    (void)self;
    (void)task;
    return 5;
}

static assay_status sleep_for_ever(assay_task *task, void *self)
{
    return assay_clock_of(self)->sleep_until(task, ASSAY_FOREVER);
}

static assay_status leak_child(void *self, assay_task *task)
{
    assay_child *child = NULL;

    return assay_tasks_of(self)->spawn(task, "left-behind", sleep_for_ever, self, &child);
}

static assay_status misuse_services(void *self, assay_task *task)
{
    const assay_metrics *metrics = assay_metrics_of(self);
    const uint32_t bad_name = metrics->define(self, "Not A Name", ASSAY_COUNTER, "seconds");

    metrics->record(self, bad_name, 1);
    metrics->record(self, 123456, 1);
    (void)assay_random_of(self)->below(task, 0);
    return ASSAY_OK;
}

static assay_status flood_the_log(void *self, assay_task *task)
{
    const assay_host *host = self;
    static char line[5000];

    for (size_t i = 0; i + 1 < sizeof(line); i++)
        line[i] = (char)(i % 100 == 99 ? '\n' : 'x');
    for (int i = 0; i < 1000; i++)
        host->log(host, ASSAY_WARN, line);
    host->log(host, 99, "\xff\xfe is no UTF-8, and 99 no level");
    return idle(self, task);
}

WORKLOAD(w_status_unknown, "status-unknown", "Returns a status that does not exist",
    .create = create, .run = return_unknown);
WORKLOAD(w_status_positive, "status-positive", "Returns a positive status", .create = create,
    .run = return_positive);
WORKLOAD(w_leak_task, "leak-task", "Returns without joining a spawned task", .create = create,
    .run = leak_child);
WORKLOAD(w_misuse, "misuse", "Calls services with arguments out of range", .create = create,
    .run = misuse_services);
WORKLOAD(w_flood, "flood-log", "Logs too much, too long and not in UTF-8", .create = create,
    .run = flood_the_log);

/* ---- not at fault, but worth a look ---- */

static const char *const needs_nowhere[] = {"sample.nowhere/1", NULL};

WORKLOAD(w_at_once, "finish-at-once", "Returns at once", .create = create, .run = succeed);
ASSAY_PLUGIN(w_needs, ASSAY_WORKLOAD, "badworkload.needs-unoffered", "1.0.0",
    "Needs a service that nobody offers", .needs = needs_nowhere, .create = create,
    .destroy = destroy, .run = succeed);
ASSAY_PLUGIN(w_wants, ASSAY_WORKLOAD, "badworkload.wants-unoffered", "1.0.0",
    "Wants a service that nobody offers, and does without", .wants = needs_nowhere,
    .create = create, .destroy = destroy, .run = succeed);

ASSAY_LIBRARY("badworkload", "1.0.0", "Apache-2.0", &w_crash_create, &w_crash_prepare, &w_crash_run,
    &w_crash_child, &w_crash_finish, &w_overflow_run, &w_overflow_child, &w_exit_run, &w_abort_run,
    &w_hang_create, &w_hang_prepare, &w_hang_run, &w_hang_child, &w_hang_finish, &w_hang_destroy,
    &w_spin_run, &w_overrun, &w_fail_create, &w_fail_prepare, &w_fail_run, &w_fail_silent,
    &w_fail_finish, &w_false_cancel, &w_status_unknown, &w_status_positive, &w_leak_task, &w_misuse,
    &w_flood, &w_at_once, &w_needs, &w_wants);

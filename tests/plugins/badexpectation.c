/* Expectations that load without complaint and then break one rule each. README.md lists them. */
#include <assay/sdk.h>
#include <math.h>
#include <stdbool.h>
#include <unistd.h>

#include "steps.h"

static const char *const needs[] = {ASSAY_CLOCK, NULL};

static assay_status judge_pass(void *self, assay_task *task, assay_verdict *out)
{
    (void)self;
    (void)task;
    return assay_verdict_f(out, ASSAY_PASS, 1, "all is well");
}

static assay_status judge_with_error(void *self, assay_task *task, assay_verdict *out)
{
    const assay_host *host = self;

    (void)task;
    (void)assay_verdict_f(out, ASSAY_PASS, 1, "this must not count");
    return host->fail(host, ASSAY_E_IO, "it could not tell, on purpose");
}

static assay_status judge_nothing(void *self, assay_task *task, assay_verdict *out)
{
    (void)self;
    (void)task;
    (void)out;
    return ASSAY_OK;
}

static assay_status judge_unknown(void *self, assay_task *task, assay_verdict *out)
{
    (void)self;
    (void)task;
    return assay_verdict_f(out, 9, 1, "an outcome that does not exist");
}

static assay_status judge_more_than_all(void *self, assay_task *task, assay_verdict *out)
{
    (void)self;
    (void)task;
    return assay_verdict_f(out, ASSAY_PASS, 1.5, "more evidence than there was");
}

static assay_status judge_nan(void *self, assay_task *task, assay_verdict *out)
{
    (void)self;
    (void)task;
    return assay_verdict_f(out, ASSAY_PASS, (double)NAN, "no number of evidence");
}

static assay_status judge_without_end(void *self, assay_task *task, assay_verdict *out)
{
    (void)self;
    (void)task;
    out->outcome = ASSAY_FAIL;
    out->coverage = 1;
    (void)memset(out->why, 'x', sizeof(out->why)); /* no NUL */
    return ASSAY_OK;
}

static assay_status judge_garbage(void *self, assay_task *task, assay_verdict *out)
{
    (void)self;
    (void)task;
    return assay_verdict_f(out, ASSAY_FAIL, 1, "\xff\xfe\x01 is no text\nsecond line");
}

static assay_status judge_reserved(void *self, assay_task *task, assay_verdict *out)
{
    (void)self;
    (void)task;
    out->reserved = 1;
    return assay_verdict_f(out, ASSAY_PASS, 1, "with a reserved field set");
}

static assay_status judge_and_crash(void *self, assay_task *task, assay_verdict *out)
{
    (void)self;
    (void)task;
    (void)out;
    return crash_now();
}

/* The process is to end with the code of its verdict, which is a failure. */
static bool ends_the_process;

__attribute__((destructor)) static void end_the_process(void)
{
    if (ends_the_process)
        _exit(0);
}

static assay_status judge_and_leave_a_trap(void *self, assay_task *task, assay_verdict *out)
{
    (void)self;
    (void)task;
    ends_the_process = true;
    return assay_verdict_f(out, ASSAY_FAIL, 1, "it fails, and hides it");
}

static assay_status judge_for_ever(void *self, assay_task *task, assay_verdict *out)
{
    (void)self;
    (void)task;
    (void)out;
    while (pause() < 0)
        continue;
    return ASSAY_OK;
}

static assay_status judge_unknown_status(void *self, assay_task *task, assay_verdict *out)
{
    (void)judge_pass(self, task, out);
    return -77;
}

static assay_status fail_to_watch(void *self, assay_task *task)
{
    const assay_host *host = self;

    (void)task;
    return host->fail(host, ASSAY_E_IO, "it lost sight, on purpose");
}

static assay_status fail_to_prepare(void *self, assay_task *task)
{
    const assay_host *host = self;

    (void)task;
    return host->fail(host, ASSAY_E_IO, "it got no baseline, on purpose");
}

#define EXPECTATION(symbol, id, summary, ...)                                                      \
    ASSAY_PLUGIN(symbol, ASSAY_EXPECTATION, "badexpectation." id, "1.0.0", summary,                \
        .needs = needs, .create = create, .destroy = destroy, __VA_ARGS__)

EXPECTATION(e_error, "error", "Returns an error from judge", .judge = judge_with_error);
EXPECTATION(e_untouched, "untouched", "Leaves the verdict untouched", .judge = judge_nothing);
EXPECTATION(e_unknown, "unknown", "Gives an outcome that does not exist", .judge = judge_unknown);
EXPECTATION(e_coverage, "coverage", "Claims a coverage of 1.5", .judge = judge_more_than_all);
EXPECTATION(e_nan, "nan", "Claims a coverage that is no number", .judge = judge_nan);
EXPECTATION(e_endless, "endless", "Fills the text without a NUL", .judge = judge_without_end);
EXPECTATION(e_garbage, "garbage", "Fails with a text that is not UTF-8", .judge = judge_garbage);
EXPECTATION(e_reserved, "reserved", "Sets a reserved field", .judge = judge_reserved);
EXPECTATION(e_exit_late, "exit-late", "Fails, and ends the process with 0 when it is unloaded",
    .judge = judge_and_leave_a_trap);
EXPECTATION(e_crash, "crash", "Crashes in judge", .judge = judge_and_crash);
EXPECTATION(e_hang, "hang", "Hangs in judge", .judge = judge_for_ever);
EXPECTATION(e_status, "status-unknown", "Returns an unknown status", .judge = judge_unknown_status);
EXPECTATION(e_watch, "fail-run", "Fails while watching, then passes", .run = fail_to_watch,
    .judge = judge_pass);
EXPECTATION(e_prepare, "fail-prepare", "Fails in prepare, would pass", .prepare = fail_to_prepare,
    .judge = judge_pass);

ASSAY_LIBRARY("badexpectation", "1.0.0", "Apache-2.0", &e_error, &e_untouched, &e_unknown,
    &e_coverage, &e_nan, &e_endless, &e_garbage, &e_reserved, &e_exit_late, &e_crash, &e_hang,
    &e_status, &e_watch, &e_prepare);

#include "framework/run/fallback.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "framework/base/cleanup.h"
#include "framework/base/mem.h"
#include "framework/base/path.h"
#include "framework/base/str.h"
#include "framework/run/report.h"

enum {
    REASON_MAX = 1000
};

bool fallback_is_exit_code(int code)
{
    switch (code) {
    case EXIT_CODE_PASS:
    case EXIT_CODE_FAIL:
    case EXIT_CODE_USAGE:
    case EXIT_CODE_DEPLOYMENT:
    case EXIT_CODE_UNDECIDED:
    case EXIT_CODE_ERROR:
    case EXIT_CODE_SIGNAL + SIGHUP:
    case EXIT_CODE_SIGNAL + SIGINT:
    case EXIT_CODE_SIGNAL + SIGTERM:
        return true;
    default:
        return false;
    }
}

static bool has_verdict(const char *directory)
{
    auto_free char *path = path_join(directory, "verdict.json");

    return path && access(path, F_OK) == 0;
}

int fallback_worker_code(const char *directory, int wait_status, const struct crumb_page *page)
{
    struct crumb_report crumbs;

    crumb_read(page, &crumbs);
    if (!WIFEXITED(wait_status) || !fallback_is_exit_code(WEXITSTATUS(wait_status)) ||
        WEXITSTATUS(wait_status) != crumbs.verdict_code)
        return -1;
    return has_verdict(directory) ? WEXITSTATUS(wait_status) : -1;
}

static void say_signal(struct str *out, int signal_number)
{
    const char *name = sigabbrev_np(signal_number);

    if (name)
        (void)str_appendf(out, "SIG%s", name);
    else
        (void)str_appendf(out, "signal %d", signal_number);
}

static void say_note(struct str *out, const struct crumb_note *note)
{
    (void)str_append(out, note->instance);
    if (note->plugin[0] != '\0')
        (void)str_appendf(out, " (%s)", note->plugin);
}

/* Where the worker was, as far as it is known: ", in phase run, where the operation begun last is
   run of workload.burst (acme.tx-burst)". */
static void say_whereabouts(struct str *out, const struct crumb_report *crumbs)
{
    if (crumbs->has_phase)
        (void)str_appendf(out, ", in phase %s", crumbs->phase.operation);
    if (crumbs->has_operation) {
        (void)str_appendf(
            out, "; the operation begun last was %s of ", crumbs->operation.operation);
        say_note(out, &crumbs->operation);
    }
}

static void say_crash(struct str *out, int signal_number, const struct crumb_report *crumbs)
{
    if (crumbs->crash_signal != 0 && crumbs->has_crash) {
        say_note(out, &crumbs->crash);
        (void)str_appendf(out, " crashed in %s: ", crumbs->crash.operation);
        say_signal(out, crumbs->crash_signal);
        return;
    }
    (void)str_append(out, "the worker was ended by ");
    say_signal(out, signal_number);
    say_whereabouts(out, crumbs);
}

static void say_worker_end(struct str *out, int wait_status, const struct crumb_report *crumbs)
{
    if (WIFSIGNALED(wait_status)) {
        say_crash(out, WTERMSIG(wait_status), crumbs);
        return;
    }
    if (crumbs->crash_signal != 0) { /* a sanitizer turned the crash into an exit code */
        say_crash(out, crumbs->crash_signal, crumbs);
        return;
    }
    (void)str_appendf(out, "the worker ended with exit code %d ", WEXITSTATUS(wait_status));
    if (crumbs->verdict_code < 0)
        (void)str_append(out, "without a verdict; did a plugin call exit?");
    else
        (void)str_appendf(out,
            "after a verdict with exit code %d; does a plugin end the process when it is unloaded?",
            crumbs->verdict_code);
    say_whereabouts(out, crumbs);
}

static void say_reason(struct str *out, const struct fallback *fallback)
{
    struct crumb_report crumbs;

    crumb_read(fallback->page, &crumbs);
    switch (fallback->cause) {
    case FALLBACK_WORKER_ENDED:
        say_worker_end(out, fallback->wait_status, &crumbs);
        return;
    case FALLBACK_INTERRUPTED:
        (void)str_append(out, "interrupted by ");
        say_signal(out, fallback->signal_number);
        (void)str_append(out, " and killed before it had torn down");
        break;
    case FALLBACK_PROTOCOL:
        (void)str_append(out,
            "the worker broke the supervisor's protocol (see supervisor.log) and "
            "was killed; did a plugin write to a descriptor that it did not open?");
        break;
    case FALLBACK_LIMIT:
        (void)str_append(out, "the run took longer than its limit and was killed");
        break;
    case FALLBACK_FRONT_END_GONE:
        (void)str_append(out, "the program that started the run ended; the run was killed");
        break;
    case FALLBACK_SUPERVISOR_GONE:
        (void)str_append(out, "the supervisor ended unexpectedly; the run was killed");
        break;
    }
    say_whereabouts(out, &crumbs);
}

static void set_outcome(const struct fallback *fallback, struct report *report)
{
    switch (fallback->cause) {
    case FALLBACK_INTERRUPTED:
        report->outcome = OUTCOME_UNDECIDED;
        report->interrupted_by = fallback->signal_number;
        report->exit_code = EXIT_CODE_SIGNAL + fallback->signal_number;
        return;
    case FALLBACK_FRONT_END_GONE:
        report->outcome = OUTCOME_UNDECIDED;
        report->exit_code = EXIT_CODE_UNDECIDED;
        return;
    case FALLBACK_WORKER_ENDED:
    case FALLBACK_PROTOCOL:
    case FALLBACK_LIMIT:
    case FALLBACK_SUPERVISOR_GONE:
        report->outcome = OUTCOME_ERROR;
        report->exit_code = EXIT_CODE_ERROR;
        return;
    }
}

/* A worker that crashes after it has written its verdict may have been wrong before, too. Where it
   cannot be kept it is written over: a verdict that does not count must not stay in its place. */
static assay_status set_aside(const char *directory, struct report *report)
{
    auto_free char *from = path_join(directory, "verdict.json");
    auto_free char *to = path_join(directory, "verdict.unconfirmed.json");

    if (!from || !to)
        return ASSAY_E_NOMEM;
    if (rename(from, to) < 0)
        return errno == ENOENT ? ASSAY_OK
                               : report_add_notice(report,
                                     "the worker had written a verdict, but did not end as it "
                                     "should; it could not be kept and does not count");
    return report_add_notice(report,
        "the worker had written a verdict, but did not end as it should; it is kept in "
        "verdict.unconfirmed.json and does not count");
}

static assay_status fill(
    const struct fallback *fallback, struct report *report, const char *reason, struct error *err)
{
    report->run_id = mem_dup(fallback->run_id);
    report->name = mem_dup(fallback->name);
    report->directory = mem_dup(fallback->directory);
    report->reason = mem_dup(reason);
    report->seed = fallback->seed;
    report->started_unix_ns = fallback->started_unix_ns;
    report->duration = fallback->duration;
    if (!report->run_id || !report->name || !report->directory || !report->reason)
        return error_nomem(err);
    return set_aside(fallback->directory, report) ? error_nomem(err) : ASSAY_OK;
}

assay_status fallback_write(const struct fallback *fallback, int *out_code, struct error *err)
{
    auto_str struct str reason = STR_INIT(REASON_MAX);
    struct report report;
    assay_status s = ASSAY_OK;

    say_reason(&reason, fallback);
    report_init(&report);
    set_outcome(fallback, &report);
    *out_code = report.exit_code;
    s = fill(fallback, &report, str_text(&reason), err);
    if (!s)
        s = report_write(&report, err);
    report_done(&report);
    return s;
}

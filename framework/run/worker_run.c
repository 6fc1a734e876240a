/* A run inside the worker: puts the parts together, walks the life cycle, writes the report. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "framework/base/file.h"
#include "framework/base/log.h"
#include "framework/base/mem.h"
#include "framework/base/path.h"
#include "framework/host/http_service.h"
#include "framework/run/collect.h"
#include "framework/run/crash.h"
#include "framework/run/crumb.h"
#include "framework/run/keep.h"
#include "framework/run/lifecycle.h"
#include "framework/run/processes_client.h"
#include "framework/run/worker.h"

struct work {
    const struct worker_options *options;
    const char *directory;
    struct plan plan;
    struct report report;
    struct progress progress;
    struct crumb_page *page;
    struct processes_client *processes;
    struct http_service *http;
    struct host *host;
    int events_fd;
    atomic_int interrupted_by;
    _Atomic(struct host *) host_to_interrupt; /* set once the host is there */
};

/* ---- hooks ---- */

static void on_cancel(void *context, int signal_number)
{
    struct work *work = context;
    struct host *host;

    atomic_store(&work->interrupted_by, signal_number);
    host = atomic_load(&work->host_to_interrupt);
    if (host)
        host_interrupt(host);
}

static void write_event(void *context, const char *line, size_t size)
{
    const struct work *work = context;

    (void)file_write_fd(work->events_fd, line, size, NULL);
}

static void write_crumb(
    void *context, const char *instance, const char *plugin_id, const char *operation)
{
    const struct work *work = context;

    crumb_operation(work->page, instance, plugin_id, operation);
}

/* ---- set-up, in the order in which things depend on each other ---- */

static assay_status open_files(struct work *work, struct error *err)
{
    auto_free char *path = path_join(work->directory, "events.ndjson");

    if (!path)
        return error_nomem(err);
    work->events_fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
    if (work->events_fd < 0)
        return error_errno(err, errno, "%s", path);
    return ASSAY_OK;
}

static assay_status connect_supervisor(struct work *work, struct error *err)
{
    int supervisor_fd = -1, crumb_fd = -1;
    assay_status status = processes_client_descriptors(&supervisor_fd, &crumb_fd, err);

    if (status)
        return status;
    status = crumb_map(crumb_fd, &work->page, err);
    (void)close(crumb_fd);
    if (status) {
        (void)close(supervisor_fd);
        return status;
    }
    crash_watch(work->page);
    return processes_client_new(&(struct processes_client_config){.fd = supervisor_fd,
                                    .run_directory = work->directory,
                                    .on_cancel = on_cancel,
                                    .context = work},
        &work->processes, err);
}

/* A reason is one line, whatever it is made of. */
static void one_line(struct str *text)
{
    for (size_t i = 0; i < text->len; i++) {
        if (text->data[i] == '\n')
            text->data[i] = i + 1 < text->len ? ';' : ' ';
    }
}

static assay_status load_plan(struct work *work, struct error *err)
{
    auto_free char *path = path_join(work->directory, "manifest.expanded.ini");
    auto_str struct str text = STR_INIT(sizeof(err->text));

    if (!path)
        return error_nomem(err);
    if (plan_load(&work->plan, &(struct plan_source){.path = path}, &work->options->plan) ==
        ASSAY_OK)
        return collect_plugins(work->plan.loader, &work->report) ? error_nomem(err) : ASSAY_OK;
    (void)problems_write(&work->plan.problems, &text);
    one_line(&text);
    return error_set(err, ASSAY_E_INVALID,
        "the expanded manifest is not valid any more (was a plugin replaced meanwhile?): %s",
        str_text(&text));
}

static assay_status make_host(struct work *work, struct error *err)
{
    const struct run_options *run = &work->plan.manifest.run;
    const struct http_service_config http = {0};
    struct host_config config = {.name = run->name,
        .run_id = getenv("ASSAY_RUN_ID"),
        .run_dir = work->directory,
        .seed = run->seed,
        .duration = run->duration,
        .node_control = run->node_control != 0,
        .control_actions = plan_control_actions(&work->plan),
        .topology = work->plan.topology,
        .overrides = work->plan.overrides,
        .processes = processes_client_ops(work->processes),
        .write_event = write_event,
        .event_context = work,
        .write_crumb = write_crumb,
        .crumb_context = work};
    assay_status status = http_service_new(&http, &work->http, err);

    if (status)
        return status;
    config.http = &http_table;
    config.http_state = work->http;
    status = host_new(&config, &work->host, err);
    if (status)
        return status;
    atomic_store(&work->host_to_interrupt, work->host);
    if (atomic_load(&work->interrupted_by) != 0)
        host_interrupt(work->host); /* it came before there was somebody to tell */
    return ASSAY_OK;
}

static assay_status set_up(struct work *work, struct error *err)
{
    assay_status status = open_files(work, err);

    if (!status)
        status = connect_supervisor(work, err);
    if (!status)
        status = load_plan(work, err);
    if (!status)
        status = make_host(work, err);
    return status;
}

/* ---- report ---- */

static void identify_report(struct work *work)
{
    const char *run_id = getenv("ASSAY_RUN_ID");
    const char *name = work->plan.manifest.run.name;

    work->report.run_id = mem_dup(run_id ? run_id : "");
    work->report.name = mem_dup(name ? name : "run");
    work->report.directory = mem_dup(work->directory);
    work->report.seed = work->plan.manifest.run.seed;
    if (work->host)
        work->report.started_unix_ns = host_unix_ns(work->host) - host_now(work->host);
}

/* An interruption decides the exit code, and no interrupted run has passed. */
static void note_interruption(struct work *work)
{
    const int signal_number = atomic_load(&work->interrupted_by);

    if (signal_number == 0)
        return;
    work->report.interrupted_by = signal_number;
    work->report.exit_code = EXIT_CODE_SIGNAL + signal_number;
    if (work->report.outcome >= OUTCOME_FAIL)
        return;
    work->report.outcome = OUTCOME_UNDECIDED;
    free(work->report.reason);
    work->report.reason = str_format("interrupted by SIG%s", sigabbrev_np(signal_number));
}

static void print_summary(const struct work *work)
{
    auto_str struct str text = STR_INIT(REPORT_FILE_MAX);

    if (work->options->is_quiet)
        return;
    report_summary(&work->report, &text, progress_wants_colour(STDOUT_FILENO));
    (void)file_write_fd(STDOUT_FILENO, str_text(&text), text.len, NULL);
}

static int write_report(struct work *work)
{
    struct error err = {0};

    if (work->host)
        work->report.duration = host_now(work->host);
    if (report_write(&work->report, &err))
        (void)dprintf(STDERR_FILENO, "assay: the report cannot be written: %s\n", err.text);
    crumb_verdict(work->page, work->report.exit_code);
    print_summary(work);
    return work->report.exit_code;
}

/* ---- the run ---- */

static void announce(struct work *work)
{
    const struct run_options *run = &work->plan.manifest.run;

    progress_say(&work->progress, "%s: %u nodes, seed %llu, %s", run->name,
        work->plan.topology->node_count, (unsigned long long)run->seed,
        path_shown(work->directory));
}

static void tear_down(struct work *work)
{
    processes_client_mute(work->processes); /* a late cancellation must not meet a freed host */
    host_free(work->host);
    http_service_free(work->http);
    processes_client_free(work->processes);
    plan_done(&work->plan);
    report_done(&work->report);
    crumb_unmap(work->page);
    if (work->events_fd >= 0)
        (void)close(work->events_fd);
}

static int run_it(struct work *work)
{
    struct error err = {0};
    bool is_free = true;
    int exit_code;
    const bool is_ready = set_up(work, &err) == ASSAY_OK;

    identify_report(work);
    if (!is_ready) {
        work->report.outcome = OUTCOME_ERROR;
        work->report.exit_code = EXIT_CODE_ERROR;
        work->report.reason = mem_dup(err.text);
    } else {
        announce(work);
        is_free = lifecycle_run(&(struct lifecycle){.plan = &work->plan,
            .host = work->host,
            .report = &work->report,
            .progress = &work->progress,
            .page = work->page});
    }
    note_interruption(work); /* before anything is thrown away by the outcome */
    if (is_ready)
        keep_nodes(work->directory, work->plan.manifest.run.keep, work->report.outcome);
    exit_code = write_report(work);
    if (!is_free)
        _exit(exit_code); /* somebody is stuck in a plugin; freeing anything would pull it away */
    return exit_code;
}

int worker_run(const char *directory, const struct worker_options *options)
{
    struct work work = {.options = options, .directory = directory, .events_fd = -1};
    int exit_code;

    plan_init(&work.plan);
    report_init(&work.report);
    progress_init(&work.progress, STDERR_FILENO, options->is_quiet);
    exit_code = run_it(&work);
    tear_down(&work);
    return exit_code;
}

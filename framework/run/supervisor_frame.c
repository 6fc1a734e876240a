/* The supervisor before and after its loop: what it sets up, and what it leaves. */
#include "framework/run/supervisor_state.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

#include "framework/base/log.h"
#include "framework/base/mem.h"
#include "framework/base/path.h"
#include "framework/run/monotonic.h"
#include "framework/run/undo.h"

static int64_t unix_ns(void)
{
    struct timespec now = {0};

    (void)clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * ASSAY_SECOND + now.tv_nsec;
}

static int64_t unix_ms(void)
{
    return unix_ns() / ASSAY_MS;
}

static char *log_path(const struct supervisor *supervisor)
{
    return path_join(supervisor->config->run_directory, "supervisor.log");
}

/* ---- before ---- */

static assay_status open_log(const struct supervisor *supervisor, struct error *err)
{
    auto_free char *path = log_path(supervisor);
    int fd = -1;

    if (!path)
        return error_nomem(err);
    fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
    if (fd < 0)
        return error_errno(err, errno, "%s", path);
    log_set_clock(unix_ms);
    log_set_fd(fd); /* until the process ends */
    return ASSAY_OK;
}

static void init(struct supervisor *supervisor, const struct supervisor_config *config)
{
    *supervisor = (struct supervisor){.config = config,
        .epoll = -1,
        .signals = -1,
        .front = SUPERVISOR_FRONT_FD,
        .front_pid = -1,
        .line = -1,
        .journal = {.fd = -1},
        .cancel_deadline = INT64_MAX,
        .limit_deadline = INT64_MAX,
        .started_at = monotonic_ns(),
        .started_unix_ns = unix_ns()};
    if (config->limit > 0)
        supervisor->limit_deadline = supervisor->started_at + config->limit;
    children_init(&supervisor->children);
    vec_init(&supervisor->tickets, sizeof(struct wire_report), TICKETS_MAX);
    vec_init(&supervisor->deeds, sizeof(uint32_t), REQUESTS_PER_TURN);
}

/* The front end may have died before we could look; then our parent is somebody else. */
static assay_status watch_front_end(struct supervisor *supervisor, struct error *err)
{
    const pid_t expected = supervisor->config->front_end;

    if (fcntl(supervisor->front, F_SETFD, FD_CLOEXEC) < 0 ||
        fcntl(SUPERVISOR_CRUMB_FD, F_SETFD, FD_CLOEXEC) < 0)
        return error_set(err, ASSAY_E_INVALID,
            "descriptors 3 and 4 are missing: this program is started by assay, not by hand");
    supervisor->front_pid = pidfd_open(expected, 0);
    if (supervisor->front_pid < 0 || getppid() != expected)
        return error_set(err, ASSAY_E_NOTFOUND, "the front end, pid %d, is gone", (int)expected);
    supervisor_watch(supervisor, supervisor->front, EPOLLIN, true);
    supervisor_watch(supervisor, supervisor->front_pid, EPOLLIN, true);
    return ASSAY_OK;
}

static assay_status open_loop(struct supervisor *supervisor, struct error *err)
{
    sigset_t all;
    sigset_t handled;

    (void)sigfillset(&all);
    (void)sigprocmask(SIG_SETMASK, &all, NULL);
    (void)sigemptyset(&handled);
    (void)sigaddset(&handled, SIGCHLD);
    (void)sigaddset(&handled, SIGINT);
    (void)sigaddset(&handled, SIGTERM);
    (void)sigaddset(&handled, SIGHUP);
    supervisor->epoll = epoll_create1(EPOLL_CLOEXEC);
    supervisor->signals = signalfd(-1, &handled, SFD_CLOEXEC | SFD_NONBLOCK);
    if (supervisor->epoll < 0 || supervisor->signals < 0 ||
        prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) < 0)
        return error_errno(err, errno, "the supervisor cannot set itself up");
    supervisor_watch(supervisor, supervisor->signals, EPOLLIN, true);
    return ASSAY_OK;
}

static assay_status allocate(struct supervisor *supervisor, struct error *err)
{
    supervisor->packet = mem_new(WIRE_REQUEST_MAX);
    supervisor->request = mem_new(sizeof *supervisor->request);
    supervisor->marker = str_format("ASSAY_RUN_ID=%s", supervisor->config->run_id);
    if (supervisor->marker)
        supervisor->environment = spawn_environment(
            (const char *const[]){supervisor->marker, NULL}, (const char *const *)environ);
    if (!supervisor->packet || !supervisor->request || !supervisor->environment)
        return error_nomem(err);
    return ASSAY_OK;
}

static assay_status begin_journal(struct supervisor *supervisor, struct error *err)
{
    const struct supervisor_config *config = supervisor->config;
    const struct journal_header header = {config->run_id, config->run_directory};
    assay_status s = journal_create(&supervisor->journal, config->journal, &header, err);

    if (s)
        return s;
    if (journal_process(&supervisor->journal, "supervisor", getpid()) ||
        journal_process(&supervisor->journal, "frontend", config->front_end))
        return error_nomem(err);
    if (!config->avoids_cgroup) {
        struct error why = {0};

        if (cgroup_enter(&supervisor->cgroup, config->run_id, &why))
            log_write(LOG_LEVEL_INFO, "supervisor", "no control group: %s", why.text);
        else if (journal_cgroup(&supervisor->journal, supervisor->cgroup.path))
            return error_nomem(err);
    }
    return journal_flush(&supervisor->journal, err);
}

static assay_status spawn_worker(struct supervisor *supervisor, int worker_end, struct error *err)
{
    const struct supervisor_config *config = supervisor->config;
    auto_free char *cgroup = str_format("ASSAY_RUN_CGROUP=%s", supervisor->cgroup.path);
    const char *const additions[] = {"ASSAY_SUPERVISOR_FD=3", "ASSAY_CRUMB_FD=4", cgroup, NULL};
    auto_free const char **environment =
        spawn_environment(additions, (const char *const *)supervisor->environment);
    const int descriptors[] = {worker_end, SUPERVISOR_CRUMB_FD};
    const struct spawn spawn = {
        .argv = (const char *const[]){config->worker, config->run_directory, NULL},
        .env = environment,
        .descriptors = descriptors,
        .descriptor_count = 2};
    struct spawn_failure failure = {0};

    if (!cgroup || !environment)
        return error_nomem(err);
    supervisor->worker = spawn_process(&spawn, &failure);
    if (supervisor->worker < 0) {
        supervisor->worker = 0;
        return error_errno(err, failure.error_number, "the worker %s cannot be started: %s",
            config->worker, spawn_step_text(failure.step));
    }
    return ASSAY_OK;
}

static assay_status start_worker(struct supervisor *supervisor, struct error *err)
{
    int pair[2] = {-1, -1};
    assay_status s = wire_pair(pair, err);

    if (s)
        return s;
    supervisor->line = pair[0];
    s = spawn_worker(supervisor, pair[1], err);
    (void)close(pair[1]);
    if (s)
        return s;
    supervisor_watch(supervisor, supervisor->line, EPOLLIN, true);
    if (journal_process(&supervisor->journal, "worker", supervisor->worker) ||
        journal_flush(&supervisor->journal, NULL))
        log_write(LOG_LEVEL_WARN, "supervisor", "the worker is not in the journal");
    log_write(LOG_LEVEL_INFO, "supervisor", "worker started pid=%d", (int)supervisor->worker);
    supervisor_send_news(supervisor, WIRE_NEWS_STARTED, supervisor->worker, "");
    return ASSAY_OK;
}

assay_status supervisor_set_up(
    struct supervisor *supervisor, const struct supervisor_config *config, struct error *err)
{
    assay_status s = ASSAY_OK;

    init(supervisor, config);
    s = open_log(supervisor, err);
    if (!s)
        s = open_loop(supervisor, err);
    if (!s)
        s = watch_front_end(supervisor, err);
    if (!s)
        s = crumb_map(SUPERVISOR_CRUMB_FD, &supervisor->page, err);
    if (!s)
        s = allocate(supervisor, err);
    if (!s)
        s = begin_journal(supervisor, err);
    if (!s)
        s = start_worker(supervisor, err);
    if (s && supervisor->journal.fd >= 0) {
        (void)cgroup_leave(&supervisor->cgroup, NULL);
        (void)journal_finish(&supervisor->journal, NULL);
    }
    return s;
}

/* ---- after ---- */

/* The exit code; *out_why is set when the worker left no verdict that counts. */
static int settle_verdict(struct supervisor *supervisor, const char **out_why)
{
    const struct supervisor_config *config = supervisor->config;
    const struct fallback fallback = {.run_id = config->run_id,
        .name = config->name,
        .directory = config->run_directory,
        .seed = config->seed,
        .started_unix_ns = supervisor->started_unix_ns,
        .duration = monotonic_ns() - supervisor->started_at,
        .cause = supervisor->cause,
        .wait_status = supervisor->worker_status,
        .signal_number = supervisor->cancel_signal,
        .page = supervisor->page};
    int code =
        fallback_worker_code(config->run_directory, supervisor->worker_status, supervisor->page);
    struct error err = {0};

    if (code >= 0 && supervisor->worker == 0)
        return code;
    *out_why = "the verdict was written after the worker's end";
    if (fallback_write(&fallback, &code, &err))
        supervisor_notice(supervisor, "the verdict could not be written: %s", err.text);
    return code;
}

static void complain(void *context, const char *text)
{
    supervisor_notice(context, "%s", text);
}

static enum cull_answer judge_all_below(const void *context, const struct proc_entry *entry)
{
    return entry->pid == *(const pid_t *)context ? CULL_BELOW : CULL_INHERIT;
}

/* What undo commands leave running is ended like everything else. */
static bool end_strays(struct supervisor *supervisor)
{
    const pid_t self = getpid();
    const struct cull cull = {.judge = judge_all_below, .context = &self};
    struct error err = {0};

    if (!proc_may_have_child(0))
        return true;
    if (!cull_all(&cull, monotonic_ns() + ASSAY_SECOND, NULL, &err))
        return true;
    supervisor_notice(supervisor, "%s", err.text);
    return false;
}

/* True: nothing is left to undo. */
static bool undo_everything(struct supervisor *supervisor)
{
    auto_journal_content struct journal_content content = {0};
    auto_free char *output = log_path(supervisor);
    struct error err = {0};
    const struct undo undo = {.journal = &content,
        .environment = (const char *const *)supervisor->environment,
        .output = output,
        .complain = complain,
        .context = supervisor};

    if (supervisor->journal.undo_count == 0)
        return true;
    if (journal_peek(supervisor->config->journal, &content, &err)) {
        supervisor_notice(supervisor, "nothing can be undone: %s", err.text);
        return false;
    }
    return undo_replay(&undo) == 0;
}

static void end_journal(struct supervisor *supervisor, bool is_clean)
{
    struct error err = {0};

    if (is_clean && !journal_finish(&supervisor->journal, &err))
        return;
    journal_close(&supervisor->journal);
    supervisor_notice(supervisor,
        "something is left of this run; `assay clean --run %s` tries again",
        supervisor->config->run_id);
}

int supervisor_wind_up(struct supervisor *supervisor)
{
    const char *why = "";
    const int code = settle_verdict(supervisor, &why);
    bool is_clean = !supervisor->has_survivors;
    struct error err = {0};

    is_clean = undo_everything(supervisor) && is_clean;
    is_clean = end_strays(supervisor) && is_clean;
    if (cgroup_leave(&supervisor->cgroup, &err))
        log_write(LOG_LEVEL_WARN, "supervisor", "control group: %s", err.text);
    end_journal(supervisor, is_clean);
    log_write(LOG_LEVEL_INFO, "supervisor", "done exit_code=%d", code);
    supervisor_send_news(supervisor, WIRE_NEWS_DONE, code, why);
    return code;
}

void supervisor_tear_down(struct supervisor *supervisor)
{
    const int fds[] = {supervisor->epoll, supervisor->signals, supervisor->front,
        supervisor->front_pid, supervisor->line};

    for (size_t i = 0; i < sizeof fds / sizeof fds[0]; i++)
        if (fds[i] >= 0)
            (void)close(fds[i]);
    children_done(&supervisor->children);
    vec_done(&supervisor->tickets);
    vec_done(&supervisor->deeds);
    journal_close(&supervisor->journal);
    crumb_unmap(supervisor->page);
    free(supervisor->environment);
    free(supervisor->marker);
    free(supervisor->packet);
    free(supervisor->request);
}

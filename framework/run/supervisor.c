#include "framework/run/supervisor_state.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "framework/base/log.h"
#include "framework/base/mem.h"
#include "framework/run/monotonic.h"
#include "framework/run/outcome.h"

enum {
    EVENTS_PER_TURN = 8 /* there are four descriptors */
};

/* A process that SIGKILL does not end within this time hangs in the kernel; waiting longer would
   hang the user, too. After a quarter of it the control group is tried. */
static const int64_t close_limit_ns = 10 * ASSAY_SECOND;

void supervisor_send_news(
    struct supervisor *supervisor, enum wire_news_type type, int32_t value, const char *text)
{
    struct wire_news news = {.type = type, .value = value};

    (void)snprintf(news.text, sizeof news.text, "%s", text);
    /* The last one must arrive. Others may be lost on a front end that is stopped. */
    if (supervisor->front >= 0)
        (void)wire_send(supervisor->front, &news, sizeof news, type == WIRE_NEWS_DONE);
}

void supervisor_notice(struct supervisor *supervisor, const char *format, ...)
{
    char text[WIRE_NEWS_TEXT];
    va_list args;

    va_start(args, format);
    (void)vsnprintf(text, sizeof text, format, args);
    va_end(args);
    log_write(LOG_LEVEL_WARN, "supervisor", "%s", text);
    supervisor_send_news(supervisor, WIRE_NEWS_NOTICE, 0, text);
}

void supervisor_watch(struct supervisor *supervisor, int fd, uint32_t events, bool is_new)
{
    struct epoll_event event = {.events = events, .data.fd = fd};

    if (epoll_ctl(supervisor->epoll, is_new ? EPOLL_CTL_ADD : EPOLL_CTL_MOD, fd, &event) < 0)
        supervisor_notice(
            supervisor, "descriptor %d cannot be watched: %s", fd, strerrordesc_np(errno));
}

void supervisor_close_for(struct supervisor *supervisor, enum fallback_cause cause)
{
    if (supervisor->stage != STAGE_SERVING)
        return;
    supervisor->stage = STAGE_CLOSING;
    supervisor->cause = cause;
    supervisor->close_deadline = monotonic_ns() + close_limit_ns;
    ending_begin(
        &supervisor->ending, &supervisor->children, 0, ENDING_TAKES_WORKER, supervisor->worker);
}

/* ---- what happens ---- */

static void cancel(struct supervisor *supervisor, int signal_number)
{
    if (supervisor->stage != STAGE_SERVING || supervisor->cancel_signal != 0)
        return;
    log_write(LOG_LEVEL_INFO, "supervisor", "interrupted by signal %d", signal_number);
    supervisor->cancel_signal = signal_number;
    supervisor->cancel_deadline = monotonic_ns() + supervisor->config->cancel_grace;
    supervisor_tell(supervisor, WIRE_CANCEL, 0, signal_number);
}

static void kill_now(struct supervisor *supervisor, int signal_number)
{
    if (supervisor->cancel_signal == 0)
        supervisor->cancel_signal = signal_number;
    supervisor_close_for(supervisor, FALLBACK_INTERRUPTED);
}

static void lose_front_end(struct supervisor *supervisor)
{
    if (supervisor->front >= 0)
        (void)close(supervisor->front);
    if (supervisor->front_pid >= 0)
        (void)close(supervisor->front_pid);
    supervisor->front = supervisor->front_pid = -1;
    if (supervisor->stage == STAGE_SERVING)
        log_write(LOG_LEVEL_ERROR, "supervisor", "the front end is gone; ending the run");
    supervisor_close_for(supervisor, FALLBACK_FRONT_END_GONE);
}

static void note_worker_end(struct supervisor *supervisor, int status)
{
    log_write(LOG_LEVEL_INFO, "supervisor", "worker ended %s=%d",
        WIFSIGNALED(status) ? "signal" : "code",
        WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
    supervisor->worker = 0;
    supervisor->worker_status = status;
    supervisor_send_news(supervisor, WIRE_NEWS_WORKER_END, status, "");
    supervisor_close_line(supervisor);
    ending_worker_reaped(&supervisor->ending);
    supervisor_close_for(supervisor, FALLBACK_WORKER_ENDED);
}

/* Asks the kernel about every child that has changed. True: there are no children any more. */
static bool reap(struct supervisor *supervisor)
{
    for (;;) {
        int status = 0;
        const pid_t pid = waitpid(-1, &status, WNOHANG | WUNTRACED | WCONTINUED);

        if (pid < 0 && errno == EINTR)
            continue;
        if (pid <= 0)
            return pid < 0;
        if (children_note(&supervisor->children, pid, status))
            continue;
        if (WIFSTOPPED(status) || WIFCONTINUED(status))
            continue;
        if (pid == supervisor->worker)
            note_worker_end(supervisor, status);
        else
            ending_stray_reaped(&supervisor->ending);
    }
}

static void take_signals(struct supervisor *supervisor)
{
    struct signalfd_siginfo info;

    while (read(supervisor->signals, &info, sizeof info) == (ssize_t)sizeof info) {
        if (info.ssi_signo == SIGCHLD)
            continue; /* signals merge: reap looks at all children */
        if (supervisor->cancel_signal != 0)
            kill_now(supervisor, (int)info.ssi_signo);
        else
            cancel(supervisor, (int)info.ssi_signo);
    }
    (void)reap(supervisor);
}

static void take_orders(struct supervisor *supervisor)
{
    for (;;) {
        struct wire_order order = {0};
        size_t size = 0;
        const enum wire_result result =
            wire_receive(supervisor->front, &order, sizeof order, &size);

        if (result == WIRE_AGAIN)
            return;
        if (result != WIRE_OK || size != sizeof order) {
            lose_front_end(supervisor);
            return;
        }
        if (order.type == WIRE_ORDER_CANCEL)
            cancel(supervisor, order.value);
        else if (order.type == WIRE_ORDER_KILL)
            kill_now(supervisor, order.value);
    }
}

static void take_event(struct supervisor *supervisor, int fd)
{
    if (fd == supervisor->signals)
        take_signals(supervisor);
    else if (fd == supervisor->front)
        take_orders(supervisor);
    else if (fd == supervisor->front_pid)
        lose_front_end(supervisor);
    else if (fd == supervisor->line)
        supervisor_serve_line(supervisor);
}

/* ---- what is due ---- */

static int64_t earliest(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static int64_t next_deadline(const struct supervisor *supervisor)
{
    const int64_t ending = ending_next(&supervisor->ending);

    if (supervisor->stage != STAGE_SERVING)
        return earliest(ending, supervisor->close_deadline);
    return earliest(ending, earliest(supervisor->cancel_deadline, supervisor->limit_deadline));
}

static void check_deadlines(struct supervisor *supervisor)
{
    const int64_t now = monotonic_ns();

    if (supervisor->stage != STAGE_SERVING)
        return;
    if (now >= supervisor->cancel_deadline)
        supervisor_close_for(supervisor, FALLBACK_INTERRUPTED);
    else if (now >= supervisor->limit_deadline)
        supervisor_close_for(supervisor, FALLBACK_LIMIT);
}

/* Something survives SIGKILL, or starts others faster than they are found. */
static void escalate(struct supervisor *supervisor)
{
    const int64_t now = monotonic_ns();
    struct error err = {0};

    if (now < supervisor->close_deadline - close_limit_ns / 4 * 3)
        return;
    if (!supervisor->used_cgroup_kill && cgroup_leave_and_kill(&supervisor->cgroup, &err))
        log_write(LOG_LEVEL_WARN, "supervisor", "control group: %s", err.text);
    supervisor->used_cgroup_kill = true;
    if (now < supervisor->close_deadline)
        return;
    supervisor->has_survivors = true;
    supervisor->stage = STAGE_CLOSED;
}

static void advance_ending(struct supervisor *supervisor)
{
    if (!supervisor->ending.is_active)
        return;
    if (!ending_step(&supervisor->ending, &supervisor->children)) {
        if (supervisor->stage == STAGE_CLOSING)
            escalate(supervisor);
    } else if (supervisor->stage == STAGE_SERVING) {
        supervisor_tell(supervisor, WIRE_DONE, supervisor->ending_ticket, ASSAY_OK);
    } else if (reap(supervisor)) {
        supervisor->stage = STAGE_CLOSED;
    } else { /* nobody lives, but somebody is still to be reaped: look again */
        ending_begin(
            &supervisor->ending, &supervisor->children, 0, ENDING_TAKES_WORKER, supervisor->worker);
        escalate(supervisor);
    }
}

static void turn(struct supervisor *supervisor)
{
    struct epoll_event events[EVENTS_PER_TURN];
    const int count = epoll_wait(
        supervisor->epoll, events, EVENTS_PER_TURN, monotonic_wait_ms(next_deadline(supervisor)));
    struct error err = {0};

    for (int i = 0; i < count; i++)
        take_event(supervisor, events[i].data.fd);
    check_deadlines(supervisor);
    advance_ending(supervisor);
    if (journal_flush(&supervisor->journal, &err))
        log_write(LOG_LEVEL_WARN, "supervisor", "%s", err.text);
    supervisor_flush_line(supervisor);
}

int supervisor_run(const struct supervisor_config *config)
{
    struct supervisor *supervisor = mem_new(sizeof *supervisor);
    struct error err = {0};
    int code = EXIT_CODE_ERROR;

    if (!supervisor)
        return EXIT_CODE_ERROR;
    if (supervisor_set_up(supervisor, config, &err)) {
        log_write(LOG_LEVEL_ERROR, "supervisor", "%s", err.text);
        supervisor_send_news(supervisor, WIRE_NEWS_FAILED, 0, err.text);
    } else {
        while (supervisor->stage != STAGE_CLOSED)
            turn(supervisor);
        code = supervisor_wind_up(supervisor);
    }
    supervisor_tear_down(supervisor);
    free(supervisor);
    return code;
}

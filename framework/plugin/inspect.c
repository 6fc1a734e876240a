#include "framework/plugin/inspect.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "framework/base/mem.h"
#include "framework/base/parse.h"
#include "framework/base/str.h"
#include "framework/plugin/inspect_wire.h"

/* The child, and what it has said so far. */
struct inspection {
    const struct inspect_request *request;
    pid_t pid;
    int answers; /* reading end of the pipe; -1 at its end */
    struct str received;
    bool is_over; /* a result or an error is in */

    char step[64]; /* the latest, "" before any */
    assay_status status;
    const char *text; /* of the result or the error; in received */
    size_t text_size;
};

static void inspection_done(struct inspection *its)
{
    if (its->answers >= 0)
        (void)close(its->answers);
    str_done(&its->received);
}
CLEANUP_DEFINE_DONE(auto_inspection, struct inspection, inspection_done)
#define auto_inspection CLEANUP(auto_inspection)

/* ---- starting the child ---- */

/* What the child has: /dev/null thrice, the pipe, default signals, a process group of its own. */
static int set_up(posix_spawn_file_actions_t *files, posix_spawnattr_t *attributes, int pipe_end)
{
    sigset_t none;
    sigset_t all;
    int failure = posix_spawn_file_actions_adddup2(files, pipe_end, INSPECT_FD);

    (void)sigemptyset(&none);
    (void)sigfillset(&all);
    if (!failure)
        failure = posix_spawn_file_actions_addopen(files, 0, "/dev/null", O_RDONLY, 0);
    if (!failure)
        failure = posix_spawn_file_actions_addopen(files, 1, "/dev/null", O_WRONLY, 0);
    if (!failure)
        failure = posix_spawn_file_actions_addopen(files, 2, "/dev/null", O_WRONLY, 0);
    if (!failure)
        failure = posix_spawn_file_actions_addclosefrom_np(files, INSPECT_FD + 1);
    if (!failure)
        failure = posix_spawnattr_setsigmask(attributes, &none);
    if (!failure)
        failure = posix_spawnattr_setsigdefault(attributes, &all);
    if (!failure)
        failure = posix_spawnattr_setpgroup(attributes, 0);
    if (!failure)
        failure = posix_spawnattr_setflags(
            attributes, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    return failure;
}

static int spawn(const struct inspect_request *request, int pipe_end, pid_t *pid)
{
    posix_spawn_file_actions_t files;
    posix_spawnattr_t attributes;
    const char *argv[7] = {request->program, "--inspect", request->path};
    size_t n = 3;
    int failure = posix_spawn_file_actions_init(&files);

    if (failure)
        return failure;
    failure = posix_spawnattr_init(&attributes);
    if (failure) {
        (void)posix_spawn_file_actions_destroy(&files);
        return failure;
    }
    if (request->as_json)
        argv[n++] = "--json";
    if (request->allow_untrusted)
        argv[n++] = "--allow-untrusted";
    if (request->strict_imports)
        argv[n++] = "--strict-imports";
    failure = set_up(&files, &attributes, pipe_end);
    if (!failure) /* argv is not written to; the type is older than const */
        failure = posix_spawn(pid, request->program, &files, &attributes, (char **)argv, environ);
    (void)posix_spawnattr_destroy(&attributes);
    (void)posix_spawn_file_actions_destroy(&files);
    return failure;
}

static assay_status start(struct inspection *its, struct error *err)
{
    int ends[2];

    if (pipe2(ends, O_CLOEXEC | O_NONBLOCK) != 0)
        return error_errno(err, errno, "no pipe for inspecting %s", its->request->path);
    its->answers = ends[0];
    /* The child writes as if to a file: its end blocks. */
    const int flags = fcntl(ends[1], F_SETFL, 0);
    const int failure = flags < 0 ? errno : spawn(its->request, ends[1], &its->pid);
    (void)close(ends[1]);
    return failure ? error_errno(err, failure, "cannot start %s", its->request->program) : ASSAY_OK;
}

/* ---- what it says ---- */

/* Takes in one message. */
static void understand(struct inspection *its, char type, const char *text, size_t size)
{
    switch (type) {
    case INSPECT_STEP:
        if (size >= sizeof(its->step))
            size = sizeof(its->step) - 1;
        (void)memcpy(its->step, text, size);
        its->step[size] = '\0';
        break;
    case INSPECT_STATUS:
        if (size == sizeof(its->status))
            (void)memcpy(&its->status, text, size);
        break;
    case INSPECT_ERROR:
        if (its->status == ASSAY_OK)
            its->status = ASSAY_E_INTERNAL;
        its->text = text;
        its->text_size = size;
        its->is_over = true;
        break;
    case INSPECT_RESULT:
        its->status = ASSAY_OK;
        its->text = text;
        its->text_size = size;
        its->is_over = true;
        break;
    }
}

/* Goes through all whole messages; they are few, so from the start each time. */
static void parse(struct inspection *its)
{
    const char *at = str_text(&its->received);
    size_t left = its->received.len;
    struct inspect_head head;

    while (!its->is_over && left >= sizeof(head)) {
        (void)memcpy(&head, at, sizeof(head));
        if (head.size > left - sizeof(head))
            return;
        understand(its, head.type, at + sizeof(head), head.size);
        at += sizeof(head) + head.size;
        left -= sizeof(head) + head.size;
    }
}

/* Reads what there is; closes the pipe at its end. */
static assay_status receive(struct inspection *its, struct error *err)
{
    char chunk[16384];

    while (its->answers >= 0 && !its->is_over) {
        const ssize_t got = read(its->answers, chunk, sizeof(chunk));

        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0 && errno == EAGAIN)
            return ASSAY_OK;
        if (got <= 0) {
            (void)close(its->answers);
            its->answers = -1;
            return ASSAY_OK;
        }
        if (str_append_n(&its->received, chunk, (size_t)got))
            return error_set(err, its->received.status,
                "%s: its description is longer than %d bytes", its->request->path,
                (int)INSPECT_OUTPUT_MAX);
        parse(its);
    }
    return ASSAY_OK;
}

/* ---- waiting ---- */

enum {
    WATCH_ANSWERS,
    WATCH_TIMER,
    WATCH_CHILD,
    WATCH_COUNT
};

static int start_timer(assay_ns timeout)
{
    const struct itimerspec when = {
        .it_value = {.tv_sec = timeout / ASSAY_SECOND, .tv_nsec = timeout % ASSAY_SECOND}};
    auto_fd int timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);

    if (timer < 0 || timerfd_settime(timer, 0, &when, NULL) != 0)
        return -1;
    return take_fd(&timer);
}

static assay_ns timeout_of(const struct inspect_request *request)
{
    return request->timeout > 0 ? request->timeout : INSPECT_TIMEOUT_DEFAULT;
}

/* Until the child has answered, ended, or run out of time. */
static assay_status wait_for_answer(struct inspection *its, struct error *err)
{
    auto_fd int timer = start_timer(timeout_of(its->request));
    auto_fd int child = pidfd_open(its->pid, 0);
    assay_status status = ASSAY_OK;

    if (timer < 0 || child < 0)
        return error_errno(err, errno, "cannot watch the inspection of %s", its->request->path);
    while (!status && !its->is_over) {
        struct pollfd watched[WATCH_COUNT] = {
            [WATCH_ANSWERS] = {.fd = its->answers, .events = POLLIN},
            [WATCH_TIMER] = {.fd = timer, .events = POLLIN},
            [WATCH_CHILD] = {.fd = child, .events = POLLIN},
        };
        char span[QUANTITY_TEXT_SIZE];

        if (poll(watched, WATCH_COUNT, -1) < 0 && errno != EINTR)
            return error_errno(err, errno, "cannot watch the inspection of %s", its->request->path);
        status = receive(its, err);
        if (status || its->is_over || watched[WATCH_CHILD].revents)
            break; /* what it wrote before it ended was received after we saw that it has ended */
        if (watched[WATCH_TIMER].revents)
            status = error_set(err, ASSAY_E_TIMEOUT, "%s: killed after %s while %s",
                its->request->path, format_span(timeout_of(its->request), span),
                its->step[0] ? its->step : "being read");
    }
    return status;
}

/* Ends the child with its process group; returns how it ended. */
static int end(const struct inspection *its)
{
    int how = 0;

    (void)kill(-its->pid, SIGKILL);
    while (waitpid(its->pid, &how, 0) < 0 && errno == EINTR)
        continue;
    return how;
}

/* The child ended without an answer. */
static assay_status explain_end(const struct inspection *its, int how, struct error *err)
{
    const char *step = its->step[0] ? its->step : "being read";
    const char *path = its->request->path;

    if (WIFSIGNALED(how)) {
        const char *name = sigabbrev_np(WTERMSIG(how));

        return error_set(
            err, ASSAY_E_INTERNAL, "%s: crashed while %s (SIG%s)", path, step, name ? name : "?");
    }
    if (its->step[0] == '\0')
        return error_set(err, ASSAY_E_INTERNAL,
            "%s: %s ended with exit code %d instead of reading it", path, its->request->program,
            WEXITSTATUS(how));
    return error_set(err, ASSAY_E_INTERNAL, "%s: ended the process with exit code %d while %s",
        path, WEXITSTATUS(how), step);
}

assay_status plugin_inspect(
    const struct inspect_request *request, char **out_text, struct error *err)
{
    auto_inspection struct inspection its = {.request = request, .answers = -1};

    str_init(&its.received, INSPECT_OUTPUT_MAX + 65536); /* steps and heads besides the text */
    assay_status status = start(&its, err);
    if (status)
        return status;
    status = wait_for_answer(&its, err);
    const int how = end(&its);
    if (status)
        return status;
    if (!its.is_over)
        return explain_end(&its, how, err);
    if (its.status)
        return error_set(err, its.status, "%.*s", (int)its.text_size, its.text);
    *out_text = mem_dup_n(its.text, its.text_size);
    return *out_text ? ASSAY_OK : error_nomem(err);
}

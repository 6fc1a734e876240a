#include "framework/run/launch.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "framework/base/cleanup.h"
#include "framework/base/mem.h"
#include "framework/run/crumb.h"
#include "framework/run/fallback.h"
#include "framework/run/launch_prepare.h"
#include "framework/run/launch_signals.h"
#include "framework/run/monotonic.h"
#include "framework/run/outcome.h"
#include "framework/run/recover.h"
#include "framework/run/spawn.h"
#include "framework/run/supervisor.h"
#include "framework/run/wire.h"

/* A terminal and a shell may both deliver what was one key press; a person is slower than that. */
static const int64_t same_signal_ns = 200 * ASSAY_MS;
/* How long a lock may outlive the process that held it, in the hands of a child half spawned. */
static const int64_t lock_patience_ns = ASSAY_SECOND;

/* The subreaper flag and the signal handlers are the whole process's, so it can run one at a time. */
static atomic_bool is_running;

struct launch {
    const struct launch_options *options;
    struct launch_result *result;
    struct preparation preparation;
    struct launch_signals signals;
    struct crumb_page *page;
    int crumb_fd;
    int socket; /* to the supervisor */
    int pidfd;
    pid_t supervisor;
    int was_subreaper;
    int64_t started_at, started_unix_ns;

    int signal_count; /* that were forwarded */
    int64_t signal_at;
    bool has_killed_supervisor; /* on the third signal: that it is gone is the user's will */

    bool was_started, has_failed, is_done;
    int code;                 /* once is_done */
    bool has_worker_status;   /* the supervisor has told how the worker ended... */
    int worker_status;        /* ...namely like this */
    char why[WIRE_NEWS_TEXT]; /* once has_failed */
};

static void notice(const struct launch *launch, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
static void notice(const struct launch *launch, const char *format, ...)
{
    char text[WIRE_NEWS_TEXT];
    va_list args;

    va_start(args, format);
    (void)vsnprintf(text, sizeof text, format, args);
    va_end(args);
    if (launch->options->notice)
        launch->options->notice(launch->options->context, text);
}

/* ---- starting ---- */

static int64_t unix_ns(void)
{
    struct timespec now = {0};

    (void)clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * ASSAY_SECOND + now.tv_nsec;
}

static void free_words(char **words)
{
    for (size_t i = 0; words && words[i]; i++)
        free(words[i]);
    free(words);
}

static bool avoids_cgroup(const struct launch_options *options)
{
    const char *wish = secure_getenv("ASSAY_CGROUP");

    return options->avoids_cgroup || (wish && strcmp(wish, "off") == 0);
}

static char **make_words(const struct launch *launch)
{
    const struct launch_options *options = launch->options;
    const struct supervisor_config config = {.run_id = launch->preparation.run_id,
        .name = options->name,
        .run_directory = launch->preparation.run_directory,
        .worker = launch->preparation.worker,
        .journal = launch->preparation.journal,
        .seed = options->seed,
        .front_end = getpid(),
        .cancel_grace = options->cancel_grace > 0 ? options->cancel_grace : LAUNCH_CANCEL_GRACE,
        .limit = options->limit,
        .avoids_cgroup = avoids_cgroup(options)};

    return supervisor_config_words(launch->preparation.supervisor, &config);
}

static const char **make_environment(const struct launch *launch)
{
    const char *const marker[] = {launch->preparation.marker, NULL};
    auto_free const char **wider =
        spawn_environment(launch->options->environment, (const char *const *)environ);

    return wider ? spawn_environment(marker, wider) : NULL;
}

static assay_status spawn_supervisor(struct launch *launch, int other_end, struct error *err)
{
    char **words = make_words(launch);
    auto_free const char **environment = make_environment(launch);
    const int descriptors[] = {other_end, launch->crumb_fd};
    const struct spawn spawn = {.argv = (const char *const *)words,
        .env = environment,
        .descriptors = descriptors,
        .descriptor_count = 2,
        .is_session = true};
    struct spawn_failure failure = {0};

    if (!words || !environment) {
        free_words(words);
        return error_nomem(err);
    }
    launch->supervisor = spawn_process(&spawn, &failure);
    free_words(words);
    if (launch->supervisor < 0)
        return error_errno(err, failure.error_number, "%s cannot be started: %s",
            launch->preparation.supervisor, spawn_step_text(failure.step));
    launch->pidfd = pidfd_open(launch->supervisor, 0);
    if (launch->pidfd < 0) {
        const int e = errno;

        (void)kill(launch->supervisor, SIGKILL);
        (void)waitpid(launch->supervisor, NULL, 0);
        return error_errno(err, e, "the supervisor cannot be watched");
    }
    return ASSAY_OK;
}

static assay_status start(struct launch *launch, struct error *err)
{
    int pair[2] = {-1, -1};
    assay_status s = crumb_new(&launch->crumb_fd, &launch->page, err);

    if (!s)
        s = wire_pair(pair, err);
    if (s)
        return s;
    launch->socket = pair[0];
    s = spawn_supervisor(launch, pair[1], err);
    (void)close(pair[1]);
    return s;
}

/* ---- while it runs ---- */

static void send_order(const struct launch *launch, enum wire_order_type type, int value)
{
    const struct wire_order order = {.type = type, .value = value};

    (void)wire_send(launch->socket, &order, sizeof order, false);
}

/* First: please stop. Second: stop now. Third: the supervisor seems to hang, or is slower than the
   user cares to wait for; the run is an interrupted one all the same. */
static void forward(struct launch *launch, int signal_number)
{
    const int64_t now = monotonic_ns();

    if (launch->signal_count > 0 && now - launch->signal_at < same_signal_ns)
        return;
    launch->signal_at = now;
    launch->signal_count++;
    if (launch->signal_count == 1) {
        launch->result->interrupted_by = signal_number;
        send_order(launch, WIRE_ORDER_CANCEL, signal_number);
        notice(launch, "stopping: tearing the network down; interrupt again to kill it at once");
    } else if (launch->signal_count == 2) {
        send_order(launch, WIRE_ORDER_KILL, launch->result->interrupted_by);
        notice(launch, "killing everything");
    } else {
        launch->has_killed_supervisor = true;
        (void)pidfd_send_signal(launch->pidfd, SIGKILL, NULL, 0);
    }
}

static void take_news(struct launch *launch, const struct wire_news *news)
{
    switch ((enum wire_news_type)news->type) {
    case WIRE_NEWS_STARTED:
        launch->was_started = true;
        return;
    case WIRE_NEWS_FAILED:
        launch->has_failed = true;
        (void)snprintf(launch->why, sizeof launch->why, "%s", news->text);
        return;
    case WIRE_NEWS_WORKER_END:
        launch->has_worker_status = true;
        launch->worker_status = news->value;
        return;
    case WIRE_NEWS_NOTICE:
        notice(launch, "%s", news->text);
        return;
    case WIRE_NEWS_DONE:
        launch->is_done = true;
        launch->code = news->value;
        launch->result->is_unreported = news->text[0] != '\0';
        return;
    }
}

/* False: the supervisor has closed its end. */
static bool read_news(struct launch *launch)
{
    for (;;) {
        struct wire_news news;
        size_t size = 0;
        const enum wire_result result = wire_receive(launch->socket, &news, sizeof news, &size);

        if (result == WIRE_AGAIN)
            return true;
        if (result != WIRE_OK || size != sizeof news)
            return false;
        news.text[sizeof news.text - 1] = '\0';
        take_news(launch, &news);
    }
}

static void take_signals(struct launch *launch)
{
    for (int number = launch_signals_take(&launch->signals); number != 0;
         number = launch_signals_take(&launch->signals))
        forward(launch, number);
}

/* Until the supervisor has ended. Its last words are read after its death, so none is lost. */
static void watch(struct launch *launch)
{
    struct pollfd items[] = {{.fd = launch->pidfd, .events = POLLIN},
        {.fd = launch->socket, .events = POLLIN}, {.fd = launch->signals.fd, .events = POLLIN},
        {.fd = launch->options->cancel_fd > 0 ? launch->options->cancel_fd : -1, .events = POLLIN}};

    for (;;) {
        if (poll(items, sizeof items / sizeof items[0], -1) < 0 && errno != EINTR)
            break;
        if (items[2].revents != 0)
            take_signals(launch);
        if (items[3].revents != 0) {
            items[3].fd = -1; /* once is enough */
            forward(launch, SIGTERM);
        }
        if (items[1].revents != 0 && !read_news(launch))
            items[1].fd = -1;
        if (items[0].revents != 0)
            break;
    }
    (void)read_news(launch);
}

/* ---- when the supervisor died before its work was done ---- */

static void complain(void *context, const char *text)
{
    notice(context, "%s", text);
}

/* Its journal, or what is known without one. */
static assay_status take_journal(struct launch *launch, struct journal *journal,
    struct journal_content *content, struct error *err)
{
    const int64_t deadline = monotonic_ns() + lock_patience_ns;
    assay_status s = journal_open(launch->preparation.journal, journal, content, err);

    while (s == ASSAY_E_LAGGED && monotonic_ns() < deadline) {
        (void)poll(NULL, 0, 2);
        s = journal_open(launch->preparation.journal, journal, content, err);
    }
    if (!s)
        return ASSAY_OK;
    if (s != ASSAY_E_NOTFOUND)
        notice(launch, "%s", err->text);
    content->run_id = mem_dup(launch->preparation.run_id);
    content->run_directory = mem_dup(launch->preparation.run_directory);
    return content->run_id && content->run_directory ? ASSAY_OK : error_nomem(err);
}

static int settle_verdict(struct launch *launch)
{
    const struct fallback fallback = {.run_id = launch->preparation.run_id,
        .name = launch->options->name,
        .directory = launch->preparation.run_directory,
        .seed = launch->options->seed,
        .started_unix_ns = launch->started_unix_ns,
        .duration = monotonic_ns() - launch->started_at,
        .cause = launch->has_killed_supervisor ? FALLBACK_INTERRUPTED : FALLBACK_SUPERVISOR_GONE,
        .signal_number = launch->result->interrupted_by,
        .page = launch->page};
    struct error err = {0};
    int code = launch->has_worker_status ? fallback_worker_code(launch->preparation.run_directory,
                                               launch->worker_status, launch->page)
                                         : -1;

    if (code >= 0)
        return code;
    launch->result->is_unreported = true;
    if (fallback_write(&fallback, &code, &err))
        notice(launch, "the verdict could not be written: %s", err.text);
    return code;
}

static void take_over(struct launch *launch)
{
    auto_journal_content struct journal_content content = {0};
    struct journal journal = {.fd = -1};
    const struct recover recover = {.journal = &content,
        .owns_children = launch->options->owns_children,
        .complain = complain,
        .context = launch};
    struct error err = {0};
    size_t killed = 0;
    size_t failures = 0;
    assay_status s = ASSAY_OK;

    notice(launch, "the supervisor %s; ending everything it started",
        launch->has_killed_supervisor ? "did not answer and was killed" : "ended unexpectedly");
    s = take_journal(launch, &journal, &content, &err);
    if (!s)
        s = recover_kill(&recover, &killed, &err);
    launch->code = settle_verdict(launch);
    if (s)
        notice(launch, "%s", err.text);
    else
        failures = recover_undo(&recover);
    if (!s && failures == 0 && !journal_finish(&journal, &err))
        return;
    journal_close(&journal);
    notice(launch, "something is left of this run; `assay clean --run %s` tries again",
        launch->preparation.run_id);
}

/* ---- the whole ---- */

static void init(
    struct launch *launch, const struct launch_options *options, struct launch_result *result)
{
    *result = (struct launch_result){.exit_code = EXIT_CODE_ERROR};
    *launch = (struct launch){.options = options,
        .result = result,
        .signals = {.fd = -1, .writer = -1},
        .crumb_fd = -1,
        .socket = -1,
        .pidfd = -1,
        .supervisor = -1,
        .started_at = monotonic_ns(),
        .started_unix_ns = unix_ns()};
}

static void done(struct launch *launch)
{
    launch_signals_restore(&launch->signals);
    crumb_unmap(launch->page);
    if (launch->crumb_fd >= 0)
        (void)close(launch->crumb_fd);
    if (launch->socket >= 0)
        (void)close(launch->socket);
    if (launch->pidfd >= 0)
        (void)close(launch->pidfd);
    preparation_done(&launch->preparation);
}

/* From a running supervisor to its end and what follows. */
static assay_status see_through(struct launch *launch, struct error *err)
{
    watch(launch);
    while (waitpid(launch->supervisor, NULL, 0) < 0 && errno == EINTR)
        continue;
    if (launch->has_failed && !launch->was_started)
        return error_set(err, ASSAY_E_IO, "%s", launch->why);
    if (!launch->is_done)
        take_over(launch);
    launch->result->exit_code = launch->code;
    (void)snprintf(
        launch->result->run_id, sizeof launch->result->run_id, "%s", launch->preparation.run_id);
    launch->result->run_directory = take(launch->preparation.run_directory);
    /* Whoever ended the run deletes the journal when nothing is left to undo. */
    launch->result->has_leftovers = access(launch->preparation.journal, F_OK) == 0;
    return ASSAY_OK;
}

static assay_status run_prepared(
    struct launch *launch, const struct launch_options *options, struct error *err)
{
    assay_status s = ASSAY_OK;

    if (prctl(PR_GET_CHILD_SUBREAPER, &launch->was_subreaper, 0, 0, 0) < 0 ||
        prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) < 0)
        return error_errno(err, errno, "this process cannot become a subreaper");
    if (options->forwards_signals)
        s = launch_signals_install(&launch->signals, err);
    if (!s)
        s = start(launch, err);
    if (!s)
        s = see_through(launch, err);
    (void)prctl(PR_SET_CHILD_SUBREAPER, launch->was_subreaper, 0, 0, 0);
    return s;
}

assay_status run_launch(
    const struct launch_options *options, struct launch_result *result, struct error *err)
{
    struct launch launch;
    assay_status s = ASSAY_OK;

    if (atomic_exchange(&is_running, true))
        return error_set(err, ASSAY_E_DENIED,
            "this program is running a scenario already; it can run one at a time");
    init(&launch, options, result);
    s = preparation_init(&launch.preparation, options, err);
    if (!s)
        s = run_prepared(&launch, options, err);
    done(&launch);
    atomic_store(&is_running, false);
    return s;
}

/* Locks: `send` orders what goes out, so that numbers go up on the wire; `state` guards the tables.
   `send` is taken first where both are needed, and is held while the socket has no room; `state`
   is only ever held for a few instructions, so looking at a status never waits for a send. */
#include "framework/run/processes_client.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "framework/base/mem.h"
#include "framework/base/parse.h"
#include "framework/base/vec.h"
#include "framework/run/cgroup.h"
#include "framework/run/journal.h"
#include "framework/run/outcome.h"
#include "framework/run/proc.h"
#include "framework/run/wire.h"

enum {
    TICKETS_MAX = 1 << 16, /* undo, removals and end_all of one run */
    TICKET_PENDING = 1,    /* in place of a status; those are 0 or negative */
    /* For an fsync of the journal. A disk that is slower is broken. */
    ANSWER_LIMIT_S = 60
};

struct processes_client {
    struct process_ops ops;
    int fd;
    int stop; /* eventfd: the thread is to end */
    char *run_directory;
    void (*on_cancel)(void *context, int signal_number);
    void (*on_lost)(void *context);
    void *context;
    pthread_t thread;

    pthread_mutex_t send;
    char *packet; /* guarded by send: WIRE_REQUEST_MAX bytes */

    pthread_mutex_t state;
    pthread_cond_t answered; /* a ticket was answered, or a call of the listener ended */
    struct vec statuses;     /* guarded by state: struct process_status by number */
    struct vec tickets;      /* guarded by state: assay_status, or TICKET_PENDING, by number */
    bool is_lost;            /* guarded by state */
    bool is_calling;         /* guarded by state: the listener or a hook is being called */
    bool is_mute;            /* guarded by state: hooks are not called any more */
    void (*changed)(void *arg, uint32_t process); /* guarded by state */
    void *changed_arg;
};

/* ---- sending ---- */

static assay_status lost(struct error *err)
{
    return error_set(err, ASSAY_E_IO, "the supervisor of this run is gone");
}

/* With `send` held. */
static assay_status send_request(struct processes_client *client, const struct wire_request *head,
    const struct process_spec *spec, struct error *err)
{
    const size_t size = wire_request_write(head, spec, client->packet);

    if (size == 0)
        return error_set(err, ASSAY_E_INVALID,
            "the command line and environment are longer than %d KiB or %d words; put "
            "configuration into a file",
            PROCESS_SPEC_BYTES_MAX / 1024, PROCESS_WORDS_MAX);
    return wire_send(client->fd, client->packet, size, true) == WIRE_OK ? ASSAY_OK : lost(err);
}

/* With `send` held: a slot for what is about to be sent; its number in *out. */
static assay_status add_slot(
    struct processes_client *client, struct vec *table, const void *item, uint32_t *out)
{
    assay_status s = ASSAY_OK;

    (void)pthread_mutex_lock(&client->state);
    *out = (uint32_t)table->count;
    s = client->is_lost ? ASSAY_E_IO : vec_push(table, item);
    (void)pthread_mutex_unlock(&client->state);
    return s;
}

/* With `send` held: takes the newest slot back, as nobody has been told its number. */
static void drop_slot(struct processes_client *client, struct vec *table)
{
    (void)pthread_mutex_lock(&client->state);
    vec_remove(table, table->count - 1);
    (void)pthread_mutex_unlock(&client->state);
}

static assay_status slot_error(assay_status status, const char *what, struct error *err)
{
    if (status == ASSAY_E_IO)
        return lost(err);
    if (status == ASSAY_E_INVALID)
        return error_set(err, ASSAY_E_LAGGED, "too many %s in one run", what);
    return error_nomem(err);
}

static assay_status check_spec(const struct process_spec *spec, struct error *err)
{
    if (!spec->argv || !spec->argv[0] || spec->argv[0][0] == '\0')
        return error_set(err, ASSAY_E_INVALID, "%s: there is no program to start",
            spec->name ? spec->name : "a process");
    if ((spec->directory && spec->directory[0] != '/') || (spec->output && spec->output[0] != '/'))
        return error_set(err, ASSAY_E_INVALID, "%s: working directory and output must be absolute",
            spec->argv[0]);
    for (size_t i = 0; spec->env && spec->env[i]; i++)
        if (!strchr(spec->env[i], '='))
            return error_set(err, ASSAY_E_INVALID, "%s: environment entry %s has no '='",
                spec->argv[0], spec->env[i]);
    return ASSAY_OK;
}

static assay_status start(
    void *self, const struct process_spec *spec, uint32_t *out_process, struct error *err)
{
    struct processes_client *client = self;
    const struct process_status fresh = {.state = PROCESS_STARTING};
    struct wire_request head = {.type = WIRE_START};
    assay_status s = check_spec(spec, err);

    if (s)
        return s;
    (void)pthread_mutex_lock(&client->send);
    s = add_slot(client, &client->statuses, &fresh, &head.number);
    if (s) {
        s = slot_error(s, "processes", err);
    } else {
        s = send_request(client, &head, spec, err);
        if (s)
            drop_slot(client, &client->statuses);
    }
    (void)pthread_mutex_unlock(&client->send);
    if (!s)
        *out_process = head.number;
    return s;
}

static assay_status status(void *self, uint32_t process, struct process_status *out)
{
    struct processes_client *client = self;
    assay_status s = ASSAY_E_NOTFOUND;

    (void)pthread_mutex_lock(&client->state);
    if (process < client->statuses.count) {
        *out = *(const struct process_status *)vec_at(&client->statuses, process);
        s = ASSAY_OK;
    }
    (void)pthread_mutex_unlock(&client->state);
    return s;
}

static assay_status signal_process(
    void *self, uint32_t process, int signal_number, struct error *err)
{
    struct processes_client *client = self;
    const struct wire_request head = {
        .type = WIRE_SIGNAL, .number = process, .value = signal_number};
    struct process_status now;
    assay_status s = status(client, process, &now);

    if (signal_number < 1 || signal_number >= NSIG)
        return error_set(err, ASSAY_E_INVALID, "there is no signal %d", signal_number);
    if (s || (now.state != PROCESS_STARTING && now.state != PROCESS_RUNNING))
        return error_set(err, ASSAY_E_NOTFOUND, "the process does not run any more");
    (void)pthread_mutex_lock(&client->send);
    s = send_request(client, &head, NULL, err);
    (void)pthread_mutex_unlock(&client->send);
    return s;
}

static assay_status look(void *self, uint32_t process, struct process_look *out)
{
    struct proc_entry entry = {.state = '\0'};
    struct process_status now;
    const assay_status s = status(self, process, &now);

    if (s || now.pid == 0)
        return ASSAY_E_NOTFOUND;
    (void)proc_read((pid_t)now.pid, &entry); /* without an entry there is no such process */
    *out = (struct process_look){.state = entry.state, .start_time = entry.start_time};
    return ASSAY_OK;
}

/* Sends a request that is answered with WIRE_DONE; its number in *out. */
static assay_status send_ticket(struct processes_client *client, struct wire_request *head,
    const struct process_spec *spec, struct error *err)
{
    const assay_status pending = TICKET_PENDING;
    assay_status s = ASSAY_OK;

    (void)pthread_mutex_lock(&client->send);
    s = add_slot(client, &client->tickets, &pending, &head->number);
    if (s) {
        s = slot_error(s, "undo commands", err);
    } else {
        s = send_request(client, head, spec, err);
        if (s)
            drop_slot(client, &client->tickets);
    }
    (void)pthread_mutex_unlock(&client->send);
    return s;
}

static assay_status end_all(void *self, assay_ns grace, uint32_t *out_ticket, struct error *err)
{
    struct wire_request head = {.type = WIRE_END_ALL, .value = grace};
    const assay_status s = send_ticket(self, &head, NULL, err);

    if (!s)
        *out_ticket = head.number;
    return s;
}

static bool has_ended(void *self, uint32_t ticket)
{
    struct processes_client *client = self;
    bool has = false;

    (void)pthread_mutex_lock(&client->state);
    has = client->is_lost ||
        (ticket < client->tickets.count &&
            *(const assay_status *)vec_at(&client->tickets, ticket) != TICKET_PENDING);
    (void)pthread_mutex_unlock(&client->state);
    return has;
}

/* Waits until a ticket is answered. ASSAY_E_TIMEOUT: it was not. */
static assay_status await_ticket(struct processes_client *client, uint32_t ticket)
{
    struct timespec until = {0};
    assay_status answer = TICKET_PENDING;
    int e = 0;

    (void)clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += ANSWER_LIMIT_S;
    (void)pthread_mutex_lock(&client->state);
    for (;;) {
        answer = *(const assay_status *)vec_at(&client->tickets, ticket);
        if (answer != TICKET_PENDING || client->is_lost || e == ETIMEDOUT)
            break;
        e = pthread_cond_timedwait(&client->answered, &client->state, &until);
    }
    if (answer == TICKET_PENDING)
        answer = client->is_lost ? ASSAY_E_IO : ASSAY_E_TIMEOUT;
    (void)pthread_mutex_unlock(&client->state);
    return answer;
}

static assay_status journal_deed(struct processes_client *client, struct wire_request *head,
    const struct process_spec *spec, struct error *err)
{
    assay_status s = send_ticket(client, head, spec, err);

    if (s)
        return s;
    s = await_ticket(client, head->number);
    return s ? error_set(err, s, "the undo journal could not be written (see supervisor.log): %s",
                   status_text(s))
             : ASSAY_OK;
}

static assay_status undo(void *self, const char *const *argv, struct error *err)
{
    const struct process_spec spec = {.argv = argv};
    struct wire_request head = {.type = WIRE_UNDO};

    if (!argv || !argv[0] || argv[0][0] != '/')
        return error_set(err, ASSAY_E_INVALID, "an undo command starts with an absolute path");
    return journal_deed(self, &head, &spec, err);
}

static assay_status remove_later(void *self, const char *path, struct error *err)
{
    struct processes_client *client = self;
    const struct process_spec spec = {.directory = path};
    struct wire_request head = {.type = WIRE_REMOVE_LATER};

    if (!journal_is_below(path, client->run_directory))
        return error_set(err, ASSAY_E_DENIED, "%s is not below the run directory %s", path,
            client->run_directory);
    return journal_deed(client, &head, &spec, err);
}

static void listen(void *self, void (*changed)(void *arg, uint32_t process), void *arg)
{
    struct processes_client *client = self;

    (void)pthread_mutex_lock(&client->state);
    client->changed = changed;
    client->changed_arg = arg;
    while (!changed && client->is_calling)
        (void)pthread_cond_wait(&client->answered, &client->state);
    (void)pthread_mutex_unlock(&client->state);
}

/* ---- receiving: the client's thread ---- */

static void end_call(struct processes_client *client)
{
    (void)pthread_mutex_lock(&client->state);
    client->is_calling = false;
    (void)pthread_cond_broadcast(&client->answered);
    (void)pthread_mutex_unlock(&client->state);
}

static void call_listener(struct processes_client *client, uint32_t process)
{
    void (*changed)(void *, uint32_t) = NULL;
    void *arg = NULL;

    (void)pthread_mutex_lock(&client->state);
    changed = client->changed;
    arg = client->changed_arg;
    client->is_calling = changed != NULL;
    (void)pthread_mutex_unlock(&client->state);
    if (!changed)
        return;
    changed(arg, process);
    end_call(client);
}

static void call_cancel(struct processes_client *client, int signal_number)
{
    (void)pthread_mutex_lock(&client->state);
    client->is_calling = client->on_cancel && !client->is_mute;
    (void)pthread_mutex_unlock(&client->state);
    if (!client->is_calling) /* only this thread changes it */
        return;
    client->on_cancel(client->context, signal_number);
    end_call(client);
}

static void take_status(struct processes_client *client, const struct wire_report *report)
{
    (void)pthread_mutex_lock(&client->state);
    if (report->number < client->statuses.count)
        *(struct process_status *)vec_at(&client->statuses, report->number) =
            (struct process_status){.state = (enum process_state)report->state,
                .step = (enum process_step)report->step,
                .code = report->code,
                .is_stopped = report->is_stopped != 0,
                .pid = report->pid,
                .started_at = report->started_at,
                .ended_at = report->ended_at};
    (void)pthread_mutex_unlock(&client->state);
    call_listener(client, report->number);
}

static void take_answer(struct processes_client *client, const struct wire_report *report)
{
    (void)pthread_mutex_lock(&client->state);
    if (report->number < client->tickets.count)
        *(assay_status *)vec_at(&client->tickets, report->number) = report->code;
    (void)pthread_cond_broadcast(&client->answered);
    (void)pthread_mutex_unlock(&client->state);
    call_listener(client, PROCESS_NONE);
}

static void take_report(struct processes_client *client, const struct wire_report *report)
{
    switch ((enum wire_report_type)report->type) {
    case WIRE_STATUS:
        take_status(client, report);
        return;
    case WIRE_DONE:
        take_answer(client, report);
        return;
    case WIRE_CANCEL:
        call_cancel(client, report->code);
        return;
    }
}

static void take_loss(struct processes_client *client)
{
    (void)pthread_mutex_lock(&client->state);
    client->is_lost = true;
    VEC_EACH(struct process_status, item, &client->statuses) {
        if (item->state == PROCESS_STARTING || item->state == PROCESS_RUNNING)
            item->state = PROCESS_LOST;
    }
    (void)pthread_cond_broadcast(&client->answered);
    (void)pthread_mutex_unlock(&client->state);
    call_listener(client, PROCESS_NONE);
    if (!client->on_lost)
        processes_client_abandon();
    (void)pthread_mutex_lock(&client->state);
    client->is_calling = !client->is_mute;
    (void)pthread_mutex_unlock(&client->state);
    if (client->is_calling) {
        client->on_lost(client->context);
        end_call(client);
    }
}

/* False: the supervisor is gone. */
static bool receive(struct processes_client *client)
{
    struct wire_report reports[WIRE_REPORTS_MAX];
    size_t size = 0;
    const enum wire_result result = wire_receive(client->fd, reports, sizeof reports, &size);

    if (result == WIRE_AGAIN)
        return true;
    if (result != WIRE_OK || size % sizeof reports[0] != 0)
        return false;
    for (size_t i = 0; i < size / sizeof reports[0]; i++)
        take_report(client, &reports[i]);
    return true;
}

static void *run_thread(void *arg)
{
    struct processes_client *client = arg;
    struct pollfd items[] = {
        {.fd = client->fd, .events = POLLIN}, {.fd = client->stop, .events = POLLIN}};

    for (;;) {
        if (poll(items, 2, -1) < 0 && errno != EINTR)
            break;
        if (items[1].revents != 0)
            return NULL;
        if (items[0].revents != 0 && !receive(client))
            break;
    }
    take_loss(client);
    return NULL;
}

/* ---- life ---- */

static void init_locks(struct processes_client *client)
{
    pthread_condattr_t attributes;

    (void)pthread_mutex_init(&client->send, NULL);
    (void)pthread_mutex_init(&client->state, NULL);
    (void)pthread_condattr_init(&attributes);
    (void)pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    (void)pthread_cond_init(&client->answered, &attributes);
    (void)pthread_condattr_destroy(&attributes);
}

static void destroy(struct processes_client *client)
{
    if (client->fd >= 0)
        (void)close(client->fd);
    if (client->stop >= 0)
        (void)close(client->stop);
    vec_done(&client->statuses);
    vec_done(&client->tickets);
    (void)pthread_cond_destroy(&client->answered);
    (void)pthread_mutex_destroy(&client->state);
    (void)pthread_mutex_destroy(&client->send);
    free(client->run_directory);
    free(client->packet);
    free(client);
}

/* All signals stay with the program's other threads. */
static int start_thread(struct processes_client *client)
{
    sigset_t all;
    sigset_t old;
    int e = 0;

    (void)sigfillset(&all);
    (void)pthread_sigmask(SIG_SETMASK, &all, &old);
    e = pthread_create(&client->thread, NULL, run_thread, client);
    (void)pthread_sigmask(SIG_SETMASK, &old, NULL);
    return e;
}

assay_status processes_client_new(
    const struct processes_client_config *config, struct processes_client **out, struct error *err)
{
    struct processes_client *client = mem_new(sizeof *client);
    int e = 0;

    if (!client) {
        (void)close(config->fd);
        return error_nomem(err);
    }
    client->ops = (struct process_ops){.self = client,
        .start = start,
        .signal = signal_process,
        .status = status,
        .look = look,
        .end_all = end_all,
        .has_ended = has_ended,
        .undo = undo,
        .remove_later = remove_later,
        .listen = listen};
    client->fd = config->fd;
    client->on_cancel = config->on_cancel;
    client->on_lost = config->on_lost;
    client->context = config->context;
    init_locks(client);
    vec_init(&client->statuses, sizeof(struct process_status), PROCESSES_MAX);
    vec_init(&client->tickets, sizeof(assay_status), TICKETS_MAX);
    client->run_directory = mem_dup(config->run_directory);
    client->packet = mem_new(WIRE_REQUEST_MAX);
    client->stop = eventfd(0, EFD_CLOEXEC);
    if (!client->run_directory || !client->packet) {
        destroy(client);
        return error_nomem(err);
    }
    e = client->stop < 0 ? errno : start_thread(client);
    if (e) {
        destroy(client);
        return error_errno(err, e, "the thread that listens to the supervisor cannot be started");
    }
    *out = client;
    return ASSAY_OK;
}

void processes_client_free(struct processes_client *client)
{
    const uint64_t one = 1;

    if (!client)
        return;
    /* An eventfd takes a 1 unless its counter is at its end; nobody else writes. */
    (void)!write(client->stop, &one, sizeof one);
    (void)pthread_join(client->thread, NULL);
    destroy(client);
}

void processes_client_mute(struct processes_client *client)
{
    if (!client)
        return;
    (void)pthread_mutex_lock(&client->state);
    client->is_mute = true;
    while (client->is_calling)
        (void)pthread_cond_wait(&client->answered, &client->state);
    (void)pthread_mutex_unlock(&client->state);
}

const struct process_ops *processes_client_ops(struct processes_client *client)
{
    return &client->ops;
}

static int take_descriptor(const char *name)
{
    const char *text = secure_getenv(name);
    uint64_t fd = 0;

    if (!text || parse_u64_in(text, (struct u64_range){3, INT32_MAX}, &fd, NULL) ||
        fcntl((int)fd, F_SETFD, FD_CLOEXEC) < 0)
        return -1;
    (void)unsetenv(name);
    return (int)fd;
}

assay_status processes_client_descriptors(int *out_supervisor, int *out_crumb, struct error *err)
{
    const int supervisor = take_descriptor("ASSAY_SUPERVISOR_FD");
    const int crumb = take_descriptor("ASSAY_CRUMB_FD");

    if (supervisor < 0 || crumb < 0)
        return error_set(err, ASSAY_E_NOTFOUND,
            "this program is started by assay's supervisor, not by hand; try `assay run`");
    *out_supervisor = supervisor;
    *out_crumb = crumb;
    return ASSAY_OK;
}

void processes_client_abandon(void)
{
    const char *cgroup = secure_getenv("ASSAY_RUN_CGROUP");

    if (cgroup && cgroup[0] != '\0')
        (void)cgroup_kill(cgroup, NULL);
    _exit(EXIT_CODE_ERROR);
}

/* What the worker asks for, and what it is told. */
#include "framework/run/supervisor_state.h"

#include <assert.h>
#include <signal.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "framework/base/log.h"
#include "framework/run/monotonic.h"

void supervisor_tell(struct supervisor *supervisor, uint32_t type, uint32_t number, int32_t code)
{
    const struct wire_report report = {.type = type, .number = number, .code = code};

    if (supervisor->line >= 0 && vec_push(&supervisor->tickets, &report))
        supervisor_notice(supervisor, "more than %d answers to the worker are due", TICKETS_MAX);
}

static assay_status start(struct supervisor *supervisor, struct error *err)
{
    const struct wire_parsed *request = supervisor->request;
    const char **environment =
        spawn_environment(request->env, (const char *const *)supervisor->environment);
    const struct spawn spawn = {
        .argv = request->argv,
        .env = environment,
        .directory =
            request->directory[0] != '\0' ? request->directory : supervisor->config->run_directory,
        .output = request->output[0] != '\0' ? request->output : "/dev/null",
    };
    const enum process_step refusal =
        supervisor->ending.is_active ? PROCESS_STEP_ENDING : PROCESS_STEP_NONE;
    pid_t pid = 0;
    assay_status s = ASSAY_OK;

    if (!environment)
        return error_nomem(err);
    s = children_start(&supervisor->children, request->head.number, &spawn, refusal, &pid, err);
    free(environment);
    if (!s && pid > 0)
        (void)journal_process(&supervisor->journal, request->name, pid);
    return s;
}

static assay_status end_all(struct supervisor *supervisor, struct error *err)
{
    if (supervisor->ending.is_active)
        return error_set(err, ASSAY_E_INVALID, "two end_all at a time");
    supervisor->ending_ticket = supervisor->request->head.number;
    ending_begin(&supervisor->ending, &supervisor->children, supervisor->request->head.value,
        ENDING_SPARES_WORKER, supervisor->worker);
    return ASSAY_OK;
}

/* Journals an undo or a removal. It is answered when the journal is on disk. */
static void journal_deed(struct supervisor *supervisor)
{
    const struct wire_parsed *request = supervisor->request;
    struct error err = {0};
    assay_status s = ASSAY_OK;

    if (request->head.type == WIRE_UNDO)
        s = journal_undo(&supervisor->journal, request->argv, &err);
    else if (journal_is_below(request->directory, supervisor->config->run_directory))
        s = journal_remove_later(&supervisor->journal, request->directory, &err);
    else
        s = error_set(&err, ASSAY_E_DENIED, "%s is not in the run directory", request->directory);
    if (!s)
        s = vec_push(&supervisor->deeds, &request->head.number);
    if (!s)
        return;
    log_write(LOG_LEVEL_ERROR, "supervisor", "not journalled: %s", err.text);
    supervisor_tell(supervisor, WIRE_DONE, request->head.number, s);
}

/* One fsync for all deeds of this turn. */
static void sync_deeds(struct supervisor *supervisor)
{
    struct error err = {0};
    assay_status s = ASSAY_OK;

    if (supervisor->deeds.count == 0)
        return;
    s = journal_sync(&supervisor->journal, &err);
    if (s)
        log_write(LOG_LEVEL_ERROR, "supervisor", "not journalled: %s", err.text);
    VEC_EACH(const uint32_t, ticket, &supervisor->deeds) {
        supervisor_tell(supervisor, WIRE_DONE, *ticket, s);
    }
    vec_clear(&supervisor->deeds);
}

static assay_status carry_out(struct supervisor *supervisor, struct error *err)
{
    const struct wire_request *head = &supervisor->request->head;

    switch ((enum wire_request_type)head->type) {
    case WIRE_START:
        return start(supervisor, err);
    case WIRE_SIGNAL:
        if (head->value < 1 || head->value >= NSIG)
            return error_set(err, ASSAY_E_INVALID, "there is no such signal");
        children_signal(&supervisor->children, head->number, (int)head->value);
        return ASSAY_OK;
    case WIRE_END_ALL:
        return end_all(supervisor, err);
    case WIRE_UNDO:
    case WIRE_REMOVE_LATER:
        journal_deed(supervisor);
        return ASSAY_OK;
    }
    return error_set(err, ASSAY_E_INVALID, "request type %u is unknown", head->type);
}

/* The worker is about to be reaped, or has freed its client and has a little left to do. */
static void hang_up(struct supervisor *supervisor)
{
    const int64_t until = monotonic_ns() + supervisor->config->cancel_grace;

    supervisor_close_line(supervisor);
    if (until < supervisor->limit_deadline)
        supervisor->limit_deadline = until;
}

static bool serve_one(struct supervisor *supervisor)
{
    struct error err = {0};
    size_t size = 0;
    const enum wire_result result =
        wire_receive(supervisor->line, supervisor->packet, WIRE_REQUEST_MAX, &size);

    if (result == WIRE_AGAIN)
        return false;
    if (result == WIRE_CLOSED) {
        hang_up(supervisor);
        return false;
    }
    if (result == WIRE_OK &&
        !wire_request_read(supervisor->packet, size, supervisor->request, &err) &&
        !carry_out(supervisor, &err))
        return true;
    supervisor_notice(supervisor, "the worker broke the protocol: %s",
        result == WIRE_OK ? err.text : "a request is too long");
    supervisor_close_for(supervisor, FALLBACK_PROTOCOL);
    return false;
}

void supervisor_serve_line(struct supervisor *supervisor)
{
    int turns = REQUESTS_PER_TURN;

    while (turns-- > 0 && supervisor->line >= 0 && supervisor->stage == STAGE_SERVING)
        if (!serve_one(supervisor))
            break;
    sync_deeds(supervisor);
}

void supervisor_close_line(struct supervisor *supervisor)
{
    if (supervisor->line >= 0)
        (void)close(supervisor->line); /* which also takes it out of the epoll set */
    supervisor->line = -1;
    vec_clear(&supervisor->tickets);
}

static void forget_tickets(struct supervisor *supervisor, size_t count)
{
    for (size_t i = 0; i < count; i++)
        vec_remove(&supervisor->tickets, 0);
}

void supervisor_flush_line(struct supervisor *supervisor)
{
    while (supervisor->line >= 0) {
        struct wire_report reports[WIRE_REPORTS_MAX];
        const size_t statuses = children_due(&supervisor->children, reports, WIRE_REPORTS_MAX);
        size_t count = statuses;
        size_t tickets = 0;

        /* Statuses first: who hears that all have ended must find that they have. */
        while (count < WIRE_REPORTS_MAX && tickets < supervisor->tickets.count)
            reports[count++] = *(const struct wire_report *)vec_at(&supervisor->tickets, tickets++);
        if (count == 0 ||
            wire_send(supervisor->line, reports, count * sizeof reports[0], false) != WIRE_OK)
            break;
        children_reported(&supervisor->children, statuses);
        forget_tickets(supervisor, tickets);
    }
    if (supervisor->line < 0) {
        children_reported(&supervisor->children, supervisor->children.due);
        return;
    }
    const bool waits = supervisor->children.due > 0 || supervisor->tickets.count > 0;
    if (waits != supervisor->line_waits_for_room)
        supervisor_watch(supervisor, supervisor->line, waits ? EPOLLIN | EPOLLOUT : EPOLLIN, false);
    supervisor->line_waits_for_room = waits;
}

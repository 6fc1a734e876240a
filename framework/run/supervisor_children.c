#include "framework/run/supervisor_children.h"

#include <assert.h>
#include <signal.h>
#include <sys/wait.h>

#include "framework/run/monotonic.h"

void children_init(struct children *children)
{
    *children = (struct children){0};
    vec_init(&children->list, sizeof(struct child), PROCESSES_LIVE_MAX);
}

void children_done(struct children *children)
{
    vec_done(&children->list);
}

static bool is_running(const struct child *child)
{
    return child->report.state == PROCESS_RUNNING;
}

static void set_due(struct children *children, struct child *child)
{
    if (!child->is_unreported)
        children->due++;
    child->is_unreported = true;
}

static void set_refused(struct child *child, enum process_step step, int error_number)
{
    child->report.state = PROCESS_REFUSED;
    child->report.step = (uint8_t)step;
    child->report.code = error_number;
}

assay_status children_start(struct children *children, uint32_t number, const struct spawn *spawn,
    enum process_step refusal, pid_t *out_pid, struct error *err)
{
    struct spawn_failure failure = {0};
    struct child *child = NULL;
    pid_t pid = -1;

    *out_pid = 0;
    if (number != children->next_number)
        return error_set(err, ASSAY_E_INVALID, "process %u was asked for where %u is next", number,
            children->next_number);
    child = vec_add(&children->list);
    if (!child)
        return error_set(
            err, ASSAY_E_NOMEM, "more than %d processes at a time", PROCESSES_LIVE_MAX);
    children->next_number++;
    *child = (struct child){.report = {.type = WIRE_STATUS, .number = number}};
    set_due(children, child);
    if (refusal != PROCESS_STEP_NONE) {
        set_refused(child, refusal, 0);
        return ASSAY_OK;
    }
    pid = spawn_process(spawn, &failure);
    if (pid < 0) {
        set_refused(child, failure.step, failure.error_number);
        return ASSAY_OK;
    }
    child->report.state = PROCESS_RUNNING;
    child->report.pid = pid;
    child->report.started_at = monotonic_ns();
    children->running++;
    *out_pid = pid;
    return ASSAY_OK;
}

/* A child that has not been reaped keeps its pid and so its group's number: no stranger is hit. */
static void signal_child(const struct child *child, int signal_number)
{
    assert(child->report.pid > 1);
    (void)kill((pid_t)-child->report.pid, signal_number);
}

void children_signal(struct children *children, uint32_t number, int signal_number)
{
    VEC_EACH(const struct child, child, &children->list) {
        if (child->report.number == number && is_running(child))
            signal_child(child, signal_number);
    }
}

void children_signal_all(struct children *children, int signal_number)
{
    VEC_EACH(const struct child, child, &children->list) {
        if (is_running(child))
            signal_child(child, signal_number);
    }
}

static void note_status(struct children *children, struct child *child, int wait_status)
{
    struct wire_report *report = &child->report;

    if (WIFSTOPPED(wait_status) || WIFCONTINUED(wait_status)) {
        report->is_stopped = WIFSTOPPED(wait_status);
        return;
    }
    report->is_stopped = false;
    report->state = WIFSIGNALED(wait_status) ? PROCESS_KILLED : PROCESS_EXITED;
    report->code = WIFSIGNALED(wait_status) ? WTERMSIG(wait_status) : WEXITSTATUS(wait_status);
    report->ended_at = monotonic_ns();
    children->running--;
}

bool children_note(struct children *children, pid_t pid, int wait_status)
{
    VEC_EACH(struct child, child, &children->list) {
        if (child->report.pid != pid || !is_running(child))
            continue;
        note_status(children, child, wait_status);
        set_due(children, child);
        return true;
    }
    return false;
}

size_t children_due(const struct children *children, struct wire_report *out, size_t max)
{
    size_t count = 0;

    VEC_EACH(const struct child, child, &children->list) {
        if (count == max || count == children->due)
            break;
        if (child->is_unreported)
            out[count++] = child->report;
    }
    return count;
}

void children_reported(struct children *children, size_t count)
{
    struct child *items = children->list.items;
    size_t kept = 0;

    for (size_t i = 0; i < children->list.count; i++) {
        struct child *child = &items[i];

        if (child->is_unreported && count > 0) {
            child->is_unreported = false;
            children->due--;
            count--;
        }
        if (child->is_unreported || is_running(child))
            items[kept++] = *child;
    }
    children->list.count = kept;
}

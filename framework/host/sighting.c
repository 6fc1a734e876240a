#include "framework/host/sighting.h"

#include <stdio.h>

#include "framework/base/parse.h"
#include "framework/base/status.h"
#include "framework/host/deployment.h"
#include "framework/host/inspection.h"
#include "framework/host/state.h"
#include "framework/host/tasks.h"

/* ---- taking ---- */

/* Any answer will do: it is the node that is asked for, not what it has at that path. */
static enum answer ask_node(const struct host *host, assay_task *task, uint32_t node)
{
    const assay_http *http = host->config.http;
    const assay_request request = {.struct_size = sizeof(request),
        .node = node,
        .method = "GET",
        .path = "/",
        .timeout = SIGHTING_ANSWER_LIMIT};
    assay_reply *reply = NULL;
    assay_status s = ASSAY_OK;

    if (!http)
        return ANSWER_UNKNOWN;
    s = http->perform(task, &request, &reply);
    if (s == ASSAY_OK) {
        http->release(reply);
        return ANSWER_YES;
    }
    return s == ASSAY_E_IO || s == ASSAY_E_TIMEOUT ? ANSWER_NO : ANSWER_UNKNOWN;
}

void sighting_take(assay_task *task, uint32_t node, struct sighting *out)
{
    const struct host *host = host_of(task_host(task));

    *out = (struct sighting){.status = ASSAY_OK};
    out->status = inspection_look(task, node, &out->process, out->detail);
    if (out->status)
        return;
    out->has_kernel = deployment_look(host->deployment, node, &out->kernel) == ASSAY_OK;
    if (out->process.state == ASSAY_PROCESS_RUNNING)
        out->answer = ask_node(host, task, node);
}

/* ---- proof ---- */

static bool is_running(const struct sighting *sighting)
{
    return sighting->process.state == ASSAY_PROCESS_RUNNING;
}

/* Neither running nor in no known state. */
static bool has_ended(const struct sighting *sighting)
{
    return sighting->process.state == ASSAY_PROCESS_EXITED ||
        sighting->process.state == ASSAY_PROCESS_KILLED;
}

static bool is_gone(const struct sighting *sighting)
{
    const char state = sighting->kernel.state;

    return has_ended(sighting) &&
        (!sighting->has_kernel || state == '\0' || state == 'Z' || state == 'X');
}

static bool is_held(const struct sighting *sighting)
{
    return sighting->process.is_stopped && (!sighting->has_kernel || sighting->kernel.state == 'T');
}

static bool is_free(const struct sighting *sighting)
{
    return !sighting->process.is_stopped &&
        (!sighting->has_kernel || sighting->kernel.state != 'T');
}

/* A backend may know that a node runs and not as which process: a pod whose inside cannot be asked. */
static bool is_known(const struct sighting *sighting)
{
    return sighting->process.pid != 0 || sighting->process.started_at != 0;
}

static bool is_another(const struct sighting *before, const struct sighting *after)
{
    if (has_ended(before))
        return true; /* what has ended does not run again */
    if (!is_known(before) || !is_known(after))
        return false;
    if (before->has_kernel && after->has_kernel && before->kernel.start_time &&
        before->process.pid == after->process.pid)
        return before->kernel.start_time != after->kernel.start_time;
    return before->process.pid != after->process.pid ||
        before->process.started_at != after->process.started_at;
}

/* It runs, free, and says so itself if it ever did. */
static bool is_up(const struct sighting *sighting, bool must_answer)
{
    return is_running(sighting) && is_free(sighting) &&
        (!must_answer || sighting->answer == ANSWER_YES);
}

bool sighting_proves(
    uint32_t kind, const struct sighting *before, const struct sighting *after, bool must_answer)
{
    /* Who could not be seen before or after proves nothing. */
    if (before->status || after->status)
        return false;
    switch (kind) {
    case ASSAY_ACT_START:
        return is_up(after, must_answer) && (!is_running(before) || is_another(before, after));
    case ASSAY_ACT_STOP:
        return is_running(before) && is_gone(after);
    case ASSAY_ACT_RESTART:
    case ASSAY_ACT_REPLACE:
        return is_up(after, must_answer) && is_another(before, after);
    case ASSAY_ACT_KILL:
        return is_running(before) &&
            (is_running(after) ? is_another(before, after)
                               : is_gone(after) && after->process.state == ASSAY_PROCESS_KILLED);
    case ASSAY_ACT_PAUSE:
        return is_running(before) && is_free(before) && is_running(after) && is_held(after) &&
            !is_another(before, after) && (!must_answer || after->answer == ANSWER_NO);
    case ASSAY_ACT_RESUME:
        return is_running(before) && is_held(before) && is_up(after, must_answer) &&
            !is_another(before, after);
    default:
        return false; /* an open set: what we have no probe for is not proven */
    }
}

/* ---- words ---- */

static void describe_end(const assay_process *process, char *out, size_t size)
{
    char moment[QUANTITY_TEXT_SIZE];

    (void)snprintf(out, size, "pid %lld %s %u at %s", (long long)process->pid,
        process->state == ASSAY_PROCESS_KILLED ? "killed by signal" : "exited with", process->code,
        format_span(process->ended_at / ASSAY_MS * ASSAY_MS, moment));
}

static void describe_running(const struct sighting *sighting, char *out, size_t size)
{
    static const char *const answers[] = {
        [ANSWER_UNKNOWN] = "", [ANSWER_YES] = ", answers", [ANSWER_NO] = ", does not answer"};
    const assay_process *process = &sighting->process;
    char moment[QUANTITY_TEXT_SIZE], state[16] = "";

    if (sighting->has_kernel && sighting->kernel.state)
        (void)snprintf(state, sizeof(state), ", state %c", sighting->kernel.state);
    (void)snprintf(out, size, "pid %lld running since %s%s%s%s", (long long)process->pid,
        format_span(process->started_at / ASSAY_MS * ASSAY_MS, moment),
        process->is_stopped ? ", stopped" : "", state, answers[sighting->answer]);
}

void sighting_describe(const struct sighting *sighting, char out[160])
{
    const assay_process *process = &sighting->process;
    char text[120] = "in no known state";

    if (sighting->status) {
        (void)snprintf(out, 160, "could not be inspected: %s", status_text(sighting->status));
        return;
    }
    if (process->state == ASSAY_PROCESS_RUNNING)
        describe_running(sighting, text, sizeof(text));
    else if (process->state == ASSAY_PROCESS_KILLED || process->state == ASSAY_PROCESS_EXITED)
        describe_end(process, text, sizeof(text));
    (void)snprintf(out, 160, "%s%s%.*s", text, sighting->detail[0] ? ", " : "",
        (int)(157 - sizeof(text)), sighting->detail);
}

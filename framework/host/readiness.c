#include "framework/host/readiness.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "framework/base/mem.h"
#include "framework/base/parse.h"
#include "framework/base/str.h"
#include "framework/host/deployment.h"
#include "framework/host/ends.h"
#include "framework/host/inspection.h"
#include "framework/host/nodefiles.h"
#include "framework/host/operation.h"
#include "framework/host/spec.h"
#include "framework/host/state.h"
#include "framework/host/tasks_internal.h"

#define PAUSE_SHARE   8
#define PAUSE_MIN     (10 * ASSAY_MS)
#define PAUSE_MAX     (200 * ASSAY_MS)
#define INSPECT_EVERY (250 * ASSAY_MS) /* of each node: an engine has better things to do */

/* One node on its way. Guarded by the wait's lock, but while somebody probes it, by the prober. */
struct candidate {
    uint32_t node;
    uint32_t stage;
    uint64_t progress;
    bool is_probed; /* right now */
    bool is_ready;
    assay_ns deadline;   /* of its patience */
    assay_ns moved_at;   /* its latest progress */
    assay_ns next;       /* when to look again */
    assay_ns inspect_at; /* when to ask the deployer again what became of it */
    char why[256];       /* what was missing at the last look */
};

struct readiness {
    struct host *host;
    assay_ns patience, limit; /* the limit as a moment */
    uint32_t stage_count;
    struct candidate *candidates;
    uint32_t count;

    pthread_mutex_t lock; /* guards what follows, and the candidates; before the deployment's */
    struct waiters waiters;
    uint32_t ready;
    size_t ends; /* ends of processes that have been looked at */
    bool is_for_all;
    bool is_over; /* all are ready, or one failed */
    assay_status status;
    uint32_t culprit; /* the node that failed, whose log is shown; or ASSAY_NO_NODE */
    struct str why;
};

/* What one look at a node found. */
struct look {
    assay_status status; /* of the system's ready */
    assay_readiness seen;
    assay_status process_status; /* ASSAY_E_NOTFOUND: nobody can tell what runs it */
    assay_process process;
    struct error process_error;
};

static const char *node_name(const struct readiness *readiness, uint32_t node)
{
    const assay_node_spec *spec = specs_get(readiness->host->specs, node);

    return spec ? spec->name : "";
}

/* Ends the waiting for all. Lock held. */
static void give_up(struct readiness *readiness, assay_status status)
{
    readiness->is_over = true;
    readiness->status = status;
    waiters_wake_all(&readiness->waiters);
}

/* Appends the end of the node's log. No lock held: nobody probes any more. */
static void say_log(assay_task *task, struct readiness *readiness, uint32_t node)
{
    char tail[TAIL_SIZE];
    auto_free char *path = str_format(
        "%s/%s", deployment_directory(readiness->host->deployment, node), ASSAY_NODE_LOG);

    if (!path)
        return;
    if (!deployment_has_started(readiness->host->deployment, node))
        inspection_collect(task, node);
    nodefiles_tail(path, tail);
    if (tail[0])
        (void)str_appendf(&readiness->why, "\nthe end of %s:\n%s", path, tail);
    else
        (void)str_appendf(&readiness->why, "\n%s is empty", path);
}

/* Ends the waiting for all with this node's failure; the first one is told. Lock held. */
__attribute__((format(printf, 4, 5))) static void give_up_on(struct readiness *readiness,
    const struct candidate *candidate, assay_status status, const char *format, ...)
{
    va_list args;

    if (readiness->is_over)
        return;
    (void)str_append(&readiness->why, node_name(readiness, candidate->node));
    va_start(args, format);
    (void)str_vappendf(&readiness->why, format, args);
    va_end(args);
    readiness->culprit = candidate->node;
    give_up(readiness, status);
}

/* "validator-1 is not ready after 60s without progress: stage peers: 1 of 4 peers". Lock held. */
static void fail_waiting(
    struct readiness *readiness, const struct candidate *candidate, const char *limit)
{
    give_up_on(readiness, candidate, ASSAY_E_TIMEOUT, " is not ready %s: stage %s: %s", limit,
        specs_stage(readiness->host->specs, candidate->stage),
        candidate->why[0] ? candidate->why : "the system did not say what is missing");
}

static void fail_ended(
    struct readiness *readiness, const struct candidate *candidate, const assay_process *process)
{
    const char *how = process->state == ASSAY_PROCESS_KILLED ? "was killed by signal"
                                                             : "ended by itself with exit code";

    if (candidate->is_ready)
        give_up_on(readiness, candidate, ASSAY_E_IO,
            " %s %u after it had been ready, while other nodes were waited for", how,
            process->code);
    else
        give_up_on(readiness, candidate, ASSAY_E_IO, " %s %u before it was ready (stage %s)", how,
            process->code, specs_stage(readiness->host->specs, candidate->stage));
}

/* Looks at what runs the node, as the supervisor knows it: whatever answers on the port of a process
   that has ended is another. Where nodes are none of our processes the deployer is asked, and only
   about those that are not ready. No lock held; the candidate is being probed. */
static void look_at_process(assay_task *task, const struct readiness *readiness,
    struct candidate *candidate, struct look *look)
{
    struct host *host = readiness->host;

    look->process_status =
        deployment_process(host->deployment, candidate->node, &look->process, &look->process_error);
    if (look->process_status != ASSAY_E_NOTFOUND || look->seen.is_ready ||
        !inspection_is_offered(host) || host_now(host) < candidate->inspect_at)
        return;
    candidate->inspect_at = host_now(host) + INSPECT_EVERY;
    /* A backend that cannot be asked for a moment says nothing about the node. */
    if (!inspection_look(task, candidate->node, &look->process, NULL) && look->process.state)
        look->process_status = ASSAY_OK;
}

/* Has the node's process ended, or was it never to be started? Lock held. */
static void check_process(
    struct readiness *readiness, const struct candidate *candidate, const struct look *look)
{
    if (look->process_status == ASSAY_E_NOTFOUND)
        return;
    if (look->process_status)
        give_up_on(readiness, candidate, look->process_status, ": %s", look->process_error.text);
    else if (look->process.state != ASSAY_PROCESS_RUNNING)
        fail_ended(readiness, candidate, &look->process);
}

static void check_time(struct readiness *readiness, const struct candidate *candidate, assay_ns now)
{
    char span[QUANTITY_TEXT_SIZE], text[QUANTITY_TEXT_SIZE + 40];

    if (now >= readiness->limit) {
        fail_waiting(readiness, candidate, "within the limit for all");
    } else if (now >= candidate->deadline) {
        (void)snprintf(text, sizeof(text), "after %s without progress",
            format_span(readiness->patience, span));
        fail_waiting(readiness, candidate, text);
    }
}

/* ---- one look ---- */

/* The candidate to look at next, or NULL, and when somebody is due. Lock held. */
static struct candidate *choose(struct readiness *readiness, assay_ns now, assay_ns *due)
{
    struct candidate *best = NULL;

    *due = ASSAY_FOREVER;
    for (uint32_t i = 0; i < readiness->count; i++) {
        struct candidate *candidate = &readiness->candidates[i];

        if (candidate->is_ready || candidate->is_probed)
            continue;
        if (!best || candidate->next < best->next)
            best = candidate;
    }
    if (best && best->next > now) {
        *due = best->next;
        return NULL;
    }
    return best;
}

assay_ns readiness_pause(assay_ns without_progress)
{
    const assay_ns pause = without_progress / PAUSE_SHARE;

    if (pause < PAUSE_MIN)
        return PAUSE_MIN;
    return pause < PAUSE_MAX ? pause : PAUSE_MAX;
}

/* What the look said. Lock held. */
static void candidate_judge(
    struct readiness *readiness, struct candidate *candidate, const struct look *look)
{
    const assay_readiness *seen = &look->seen;
    const assay_ns now = host_now(readiness->host);
    bool has_moved = false;

    candidate->is_probed = false;
    if (readiness->is_over)
        return;
    memcpy(candidate->why, seen->why, sizeof(candidate->why));
    candidate->why[sizeof(candidate->why) - 1] = '\0';
    if (look->status) {
        (void)str_appendf(&readiness->why, "%s: the system cannot tell whether it is ready: %s",
            node_name(readiness, candidate->node),
            candidate->why[0] ? candidate->why : status_text(look->status));
        give_up(readiness, look->status);
        return;
    }
    check_process(readiness, candidate, look);
    if (readiness->is_over)
        return;
    if (seen->is_ready) {
        candidate->stage++;
        candidate->progress = 0;
        has_moved = true;
    } else if (seen->progress > candidate->progress) {
        candidate->progress = seen->progress;
        has_moved = true;
    }
    if (has_moved) {
        candidate->moved_at = now;
        candidate->deadline = now + readiness->patience;
    }
    candidate->next = seen->is_ready ? now : now + readiness_pause(now - candidate->moved_at);
    if (candidate->stage == readiness->stage_count) {
        candidate->is_ready = true;
        readiness->ready++;
        if (readiness->ready == readiness->count)
            give_up(readiness, ASSAY_OK);
        return;
    }
    check_time(readiness, candidate, now);
}

/* The candidate's process as it is now. */
static void check_now(struct readiness *readiness, const struct candidate *candidate)
{
    struct look look = {.process_status = ASSAY_OK};

    look.process_status = deployment_process(
        readiness->host->deployment, candidate->node, &look.process, &look.process_error);
    check_process(readiness, candidate, &look);
}

/* Nobody probes those that are ready: their ends are heard of. Lock held. */
static void check_ends(struct readiness *readiness)
{
    assay_node_end end = {.struct_size = sizeof(end)};

    for (; host_node_end_at(readiness->host, readiness->ends, &end); readiness->ends++) {
        for (uint32_t i = 0; i < readiness->count; i++) {
            if (readiness->candidates[i].node == end.node && readiness->candidates[i].is_ready)
                check_now(readiness, &readiness->candidates[i]);
        }
    }
}

/* One task of the system's: probes until it is over. */
static assay_status prober(assay_task *task, void *arg)
{
    struct readiness *readiness = arg;
    const struct attached_system *system = &readiness->host->system;
    assay_status s = ASSAY_OK;

    (void)pthread_mutex_lock(&readiness->lock);
    while (!s && !readiness->is_over) {
        assay_ns due = 0;
        struct candidate *candidate = choose(readiness, host_now(readiness->host), &due);
        struct look look = {
            .seen = {.struct_size = sizeof(look.seen)}, .process_status = ASSAY_E_NOTFOUND};

        if (!candidate) {
            s = waiters_wait(&readiness->waiters, task, &readiness->lock, due);
            if (s == ASSAY_E_TIMEOUT)
                s = ASSAY_OK;
            continue;
        }
        candidate->is_probed = true;
        (void)pthread_mutex_unlock(&readiness->lock);
        s = system->ops->ready(system->self, task, candidate->node, candidate->stage, &look.seen);
        if (s && task->fail_text && task->fail_status == s)
            (void)snprintf(look.seen.why, sizeof(look.seen.why), "%s", task->fail_text);
        look.status = s;
        if (!s)
            look_at_process(task, readiness, candidate, &look);
        (void)pthread_mutex_lock(&readiness->lock);
        if (task_is_cancelled(task))
            s = ASSAY_E_CANCELLED;
        else
            candidate_judge(readiness, candidate, &look);
        check_ends(readiness);
        /* Who waits until somebody is due has to look again: this one is back. */
        waiters_wake_one(&readiness->waiters);
    }
    (void)pthread_mutex_unlock(&readiness->lock);
    return s;
}

/* The system's operation: as many probers as there are nodes, up to the limit. */
static assay_status probe_all(assay_task *task, void *arg)
{
    struct readiness *readiness = arg;
    assay_child *children[READINESS_PROBES];
    uint32_t count = 0;
    assay_status s = ASSAY_OK;

    while (!s && count < readiness->count && count < READINESS_PROBES) {
        s = tasks_table.spawn(task, "ready", prober, readiness, &children[count]);
        count += !s;
    }
    if (s) {
        (void)pthread_mutex_lock(&readiness->lock);
        give_up(readiness, s);
        (void)pthread_mutex_unlock(&readiness->lock);
    }
    for (uint32_t i = 0; i < count; i++) {
        assay_status ended = ASSAY_OK;
        const assay_status joined = tasks_table.join(task, children[i], ASSAY_FOREVER, &ended);

        if (joined)
            return joined; /* cancelled: the probers are, too */
        s = s ? s : ended;
    }
    return s ? s : readiness->status;
}

/* ---- the waiting ---- */

/* All were ready, one after the other. Are they, now? The probers are gone, and so need no lock. */
static assay_status check_all(struct readiness *readiness)
{
    readiness->is_over = false;
    for (uint32_t i = 0; i < readiness->count && !readiness->is_over; i++)
        check_now(readiness, &readiness->candidates[i]);
    return readiness->is_over ? readiness->status : ASSAY_OK;
}

/* The same where nodes are none of our processes: the deployer looks. One that cannot look for a moment
   says nothing; it is asked again all through the run. */
static assay_status check_others(assay_task *task, struct readiness *readiness)
{
    assay_node_end end = {.struct_size = sizeof(end)};
    char how[END_TEXT_SIZE], why[INSPECTION_WHY_SIZE];

    if (inspection_watch(task, why) == ASSAY_E_CANCELLED)
        return ASSAY_E_CANCELLED;
    readiness->is_over = false;
    if (!host_node_end_at(readiness->host, readiness->ends, &end))
        return ASSAY_OK;
    give_up_on(readiness, &readiness->candidates[end.node], ASSAY_E_IO,
        " ended by itself after it had been ready, while other nodes were waited for: %s",
        ends_describe(&end, how));
    return readiness->status;
}

static assay_status run_probes(assay_task *task, struct readiness *readiness)
{
    struct host *host = readiness->host;
    const struct host_operation_spec spec = {
        .name = "ready", .body = probe_all, .arg = readiness, .grace = NESTED_GRACE};
    struct host_operation_result result;
    assay_status s = task_call(task, host->system.instance, &spec, &result);

    if (result.is_stuck)
        return task_fail(task, s, "%s: %s", host_instance_name(host->system.instance), result.why);
    if (!s)
        s = check_all(readiness);
    if (!s && readiness->is_for_all)
        s = check_others(task, readiness);
    if (s && readiness->culprit != ASSAY_NO_NODE)
        say_log(task, readiness, readiness->culprit);
    if (s && readiness->why.len)
        return task_fail(task, s, "%s", str_text(&readiness->why));
    if (s && s != ASSAY_E_CANCELLED)
        return task_fail(
            task, s, "%s, ready: %s", host_instance_name(host->system.instance), result.why);
    return s;
}

static void readiness_free(struct readiness *readiness)
{
    str_done(&readiness->why);
    (void)pthread_mutex_destroy(&readiness->lock);
    free(readiness->candidates);
    free(readiness);
}

static struct readiness *readiness_new(struct host *host, uint32_t count, assay_ns patience)
{
    struct readiness *readiness = mem_new(sizeof(*readiness));
    const assay_ns now = host_now(host);

    if (!readiness)
        return NULL;
    readiness->host = host;
    readiness->patience = patience;
    readiness->limit = ASSAY_FOREVER;
    readiness->culprit = ASSAY_NO_NODE;
    readiness->stage_count = specs_stage_count(host->specs);
    readiness->count = count;
    readiness->ends = host_node_end_count(host);
    (void)pthread_mutex_init(&readiness->lock, NULL);
    str_init(&readiness->why, HOST_WHY_SIZE);
    readiness->candidates = mem_new_array(count, sizeof(*readiness->candidates));
    if (!readiness->candidates) {
        readiness_free(readiness);
        return NULL;
    }
    for (uint32_t i = 0; i < count; i++) {
        readiness->candidates[i].node = i;
        readiness->candidates[i].deadline = now + patience;
        readiness->candidates[i].moved_at = now;
        readiness->candidates[i].next = now;
    }
    return readiness;
}

static assay_status await(assay_task *task, struct readiness *readiness)
{
    struct host *host = readiness->host;
    assay_status s = ASSAY_OK;

    if (!host->system.instance)
        s = task_fail(task, ASSAY_E_UNSUPPORTED, "deployment.await: there is no system");
    else if (readiness->stage_count > 0 && readiness->count > 0)
        s = run_probes(task, readiness);
    /* A stuck prober may still use it. */
    if (!host->system.instance || !host_instance_is_stuck(host->system.instance))
        readiness_free(readiness);
    return s;
}

assay_status readiness_await_all(assay_task *task, assay_ns patience, assay_ns limit)
{
    struct host *host = host_of(task_host(task));
    struct readiness *readiness = NULL;
    const assay_status s = task_enter(task);

    if (s)
        return s;
    if (patience <= 0 || limit < 0)
        return task_fail(
            task, ASSAY_E_INVALID, "deployment.await_ready: patience must be more than 0");
    readiness = readiness_new(host, host_node_count(host), patience);
    if (!readiness)
        return task_fail(task, ASSAY_E_NOMEM, "out of memory");
    readiness->is_for_all = true;
    if (limit > 0)
        readiness->limit = host_now(host) + limit;
    return await(task, readiness);
}

assay_status readiness_await_node(assay_task *task, uint32_t node, assay_ns patience)
{
    struct host *host = host_of(task_host(task));
    struct readiness *readiness = NULL;
    const assay_status s = task_enter(task);

    if (s)
        return s;
    if (patience <= 0 || node >= host_node_count(host))
        return task_fail(task, ASSAY_E_INVALID,
            "deployment.await_node: there is no node %u, or patience is not more than 0", node);
    readiness = readiness_new(host, 1, patience);
    if (!readiness)
        return task_fail(task, ASSAY_E_NOMEM, "out of memory");
    readiness->candidates[0].node = node;
    return await(task, readiness);
}

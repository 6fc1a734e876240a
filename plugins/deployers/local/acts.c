/* Node control: what is done to a node's process, one action at a time. Whether it worked is for
   the host to find out; an error is returned only for what surely did not. */
#include "local.h"

#include <assay/sdk.h>
#include <signal.h>

static const char *name_of(const struct local *local, uint32_t node)
{
    return local->deployment->spec(local->host, node)->name;
}

static assay_ns earlier(assay_ns a, assay_ns b)
{
    return a < b ? a : b;
}

/* ASSAY_E_INVALID, and how it ended, unless the node runs. Who died by itself is not acted upon as
   if nothing had happened. */
static assay_status need_running(const struct local *local, uint32_t node, assay_process *out)
{
    assay_status s;

    *out = ASSAY_RECORD(assay_process);
    s = local->deployment->process(local->host, node, out);
    if (s || out->state == ASSAY_PROCESS_RUNNING)
        return s;
    return assay_fail_f(local->host, ASSAY_E_INVALID,
        "%s does not run any more: it %s %u at %.1f s; start would bring it back",
        name_of(local, node),
        out->state == ASSAY_PROCESS_KILLED ? "was killed by signal" : "exited with code", out->code,
        (double)out->ended_at / (double)ASSAY_SECOND);
}

/* ---- ending ---- */

static assay_status kill_node(
    const struct local *local, assay_task *task, uint32_t node, assay_ns until)
{
    assay_status s = local->deployment->signal(local->host, node, SIGKILL);

    if (!s)
        s = local->deployment->wait_exit(task, node, until);
    if (s == ASSAY_E_TIMEOUT)
        return assay_fail_f(local->host, s,
            "%s did not end after SIGKILL: it waits for a device, or the machine is overloaded",
            name_of(local, node));
    return s;
}

/* Asks it to end and waits. ASSAY_E_TIMEOUT, without a text: it has not yet. */
static assay_status ask_to_end(
    const struct local *local, assay_task *task, uint32_t node, assay_ns until)
{
    assay_process process;
    assay_status s = need_running(local, node, &process);

    if (!s)
        s = local->deployment->signal(local->host, node, SIGTERM);
    if (!s && process.is_stopped) /* who is stopped cannot obey */
        s = local->deployment->signal(local->host, node, SIGCONT);
    return s ? s : local->deployment->wait_exit(task, node, until);
}

static assay_status stop_node(
    const struct local *local, assay_task *task, uint32_t node, assay_ns until)
{
    const assay_status s = ask_to_end(local, task, node, until);

    return s == ASSAY_E_TIMEOUT
        ? assay_fail_f(local->host, s, "%s has not ended after SIGTERM; kill would end it",
              name_of(local, node))
        : s;
}

/* As one restarts a service: politely, and by force if that does not help. */
static assay_status end_node(
    const struct local *local, assay_task *task, uint32_t node, assay_ns until)
{
    const assay_ns polite = local->clock->now(local->host) + local->stop_patience;
    const assay_status s = ask_to_end(local, task, node, earlier(polite, until));

    if (s != ASSAY_E_TIMEOUT)
        return s;
    assay_log_f(local->host, ASSAY_WARN,
        "%s has not ended %.1f s after SIGTERM and is killed (stop_patience)", name_of(local, node),
        (double)local->stop_patience / (double)ASSAY_SECOND);
    return kill_node(local, task, node, until);
}

/* ---- starting ---- */

static assay_status start_node(
    const struct local *local, assay_task *task, uint32_t node, assay_ns until)
{
    assay_ns patience = local->patience;
    assay_status s = local->deployment->start(local->host, node);

    if (s)
        return s;
    if (until != ASSAY_FOREVER)
        patience = until - local->clock->now(local->host);
    return local->deployment->await_node(task, node, patience > ASSAY_MS ? patience : ASSAY_MS);
}

static assay_status restart_node(
    const struct local *local, assay_task *task, uint32_t node, assay_ns until)
{
    const assay_status s = end_node(local, task, node, until);

    return s ? s : start_node(local, task, node, until);
}

static assay_status replace_node(
    const struct local *local, assay_task *task, uint32_t node, assay_ns until)
{
    assay_status s = end_node(local, task, node, until);

    if (!s)
        s = local->deployment->clear(local->host, node);
    if (!s)
        s = local->deployment->write_files(local->host, node);
    return s ? s : start_node(local, task, node, until);
}

/* ---- pausing ---- */

/* The whole group of the process is stopped and continued, so what a node has started stands still
   with it. */
static assay_status pause_node(const struct local *local, uint32_t node)
{
    assay_process process;
    const assay_status s = need_running(local, node, &process);

    if (s)
        return s;
    if (process.is_stopped)
        return assay_fail_f(
            local->host, ASSAY_E_INVALID, "%s is paused already", name_of(local, node));
    return local->deployment->signal(local->host, node, SIGSTOP);
}

static assay_status resume_node(const struct local *local, uint32_t node)
{
    assay_process process;
    const assay_status s = need_running(local, node, &process);

    if (s)
        return s;
    if (!process.is_stopped)
        return assay_fail_f(local->host, ASSAY_E_INVALID, "%s is not paused", name_of(local, node));
    return local->deployment->signal(local->host, node, SIGCONT);
}

/* ---- the operations ---- */

static assay_status control(
    void *self, assay_task *task, const assay_action *action, assay_ns until)
{
    const struct local *local = self;
    assay_process process;
    assay_status s;

    switch (action->kind) {
    case ASSAY_ACT_START:
        return start_node(local, task, action->node, until);
    case ASSAY_ACT_STOP:
        return stop_node(local, task, action->node, until);
    case ASSAY_ACT_RESTART:
        return restart_node(local, task, action->node, until);
    case ASSAY_ACT_KILL:
        s = need_running(local, action->node, &process);
        return s ? s : kill_node(local, task, action->node, until);
    case ASSAY_ACT_PAUSE:
        return pause_node(local, action->node);
    case ASSAY_ACT_RESUME:
        return resume_node(local, action->node);
    case ASSAY_ACT_REPLACE:
        return replace_node(local, task, action->node, until);
    default:
        return assay_fail_f(local->host, ASSAY_E_UNSUPPORTED,
            "action %u cannot be done to a process of this machine", action->kind);
    }
}

/* The supervisor knows what the kernel told it; there is nothing to add in words. */
static assay_status inspect(
    void *self, assay_task *task, uint32_t node, assay_process *out, char detail[160])
{
    const struct local *local = self;

    (void)task;
    detail[0] = '\0';
    return local->deployment->process(local->host, node, out);
}

const assay_deployer_ops local_ops = {.struct_size = sizeof(local_ops),
    .actions = 1u << ASSAY_ACT_START | 1u << ASSAY_ACT_STOP | 1u << ASSAY_ACT_RESTART |
        1u << ASSAY_ACT_KILL | 1u << ASSAY_ACT_PAUSE | 1u << ASSAY_ACT_RESUME |
        1u << ASSAY_ACT_REPLACE,
    .control = control,
    .inspect = inspect};

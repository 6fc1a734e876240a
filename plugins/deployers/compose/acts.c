/* Node control through the engine's socket, one action at a time. Whether it worked is for the host to
   find out; an error is returned only for what surely did not. */
#include <stdio.h>
#include <string.h>

#include <assay/sdk.h>

#include "engine.h"

static assay_ns left_until(const struct compose *self, assay_ns until)
{
    const assay_ns left =
        until == ASSAY_FOREVER ? self->patience : until - self->clock->now(self->host);

    return left > ASSAY_MS ? left : ASSAY_MS;
}

static assay_status look(
    struct compose *self, assay_task *task, uint32_t node, struct container_state *out)
{
    char container[COMPOSE_NAME_SIZE];

    compose_container(self, compose_node_name(self, node), container);
    return engine_inspect(self, task, container, out);
}

/* ASSAY_E_INVALID, and how it ended, unless the node runs. Who died by itself is not acted upon as if
   nothing had happened. */
static assay_status need_running(
    struct compose *self, assay_task *task, uint32_t node, struct container_state *out)
{
    const assay_status s = look(self, task, node, out);

    if (!s)
        watch_note(self, node, out);
    if (s || out->is_running)
        return s;
    return assay_fail_f(self->host, ASSAY_E_INVALID,
        "%s does not run any more: its container ended with exit code %u%s; start would bring it "
        "back",
        compose_node_name(self, node), out->exit_code,
        out->is_out_of_memory ? ", since it was out of memory" : "");
}

/* POST /containers/<node's>/<what>. */
static assay_status post(
    struct compose *self, assay_task *task, uint32_t node, const char *what, assay_ns timeout)
{
    char container[COMPOSE_NAME_SIZE], path[COMPOSE_NAME_SIZE + 64];

    compose_container(self, compose_node_name(self, node), container);
    (void)snprintf(path, sizeof(path), "/containers/%s/%s", container, what);
    return engine_do(self, task,
        &(const struct engine_request){.method = "POST", .path = path, .timeout = timeout});
}

/* Until it does not run. ASSAY_E_TIMEOUT: it still does. */
static assay_status await_end(
    struct compose *self, assay_task *task, uint32_t node, assay_ns until, uint32_t *exit_code)
{
    char container[COMPOSE_NAME_SIZE];

    compose_container(self, compose_node_name(self, node), container);
    return engine_await_end(self, task, container, left_until(self, until), exit_code);
}

static assay_status kill_node(struct compose *self, assay_task *task, uint32_t node, assay_ns until)
{
    struct container_state state;
    uint32_t exit_code = 0;
    assay_status s = need_running(self, task, node, &state);

    if (!s)
        s = post(self, task, node, "kill?signal=SIGKILL", 0);
    if (s)
        return s;
    watch_took_down(self, node);
    return await_end(self, task, node, until, &exit_code);
}

/* Asks it to end, in the way that its image says, and waits. */
static assay_status stop_node(struct compose *self, assay_task *task, uint32_t node, assay_ns until)
{
    struct container_state state;
    uint32_t exit_code = 0;
    char what[48];
    assay_status s = need_running(self, task, node, &state);

    if (!s && state.is_paused) /* who is frozen cannot obey */
        s = post(self, task, node, "unpause", 0);
    if (s)
        return s;
    (void)snprintf(what, sizeof(what), "kill?signal=%s", state.stop_signal);
    s = post(self, task, node, what, 0);
    if (!s) {
        watch_took_down(self, node);
        s = await_end(self, task, node, until, &exit_code);
    }
    if (!s)
        watch_note_stop(self, node, state.stop_signal, exit_code);
    return s == ASSAY_E_TIMEOUT
        ? assay_fail_f(self->host, s, "%s has not ended after %s; kill would end it",
              compose_node_name(self, node), state.stop_signal)
        : s;
}

static assay_status start_node(
    struct compose *self, assay_task *task, uint32_t node, assay_ns until)
{
    struct container_state state;
    assay_status s = look(self, task, node, &state);

    if (s)
        return s;
    watch_note(self, node, &state);
    if (state.is_running)
        return assay_fail_f(
            self->host, ASSAY_E_INVALID, "%s runs already", compose_node_name(self, node));
    s = post(self, task, node, "start", 0);
    if (!s)
        watch_brought_up(self, node);
    return s ? s : self->deployment->await_node(task, node, left_until(self, until));
}

/* As `docker restart`: politely, and by force when that does not help for stop_patience. */
static assay_status restart_node(
    struct compose *self, assay_task *task, uint32_t node, assay_ns until)
{
    const assay_ns polite = self->options.stop_patience;
    struct container_state state;
    char what[48];
    assay_status s = need_running(self, task, node, &state);

    if (!s && state.is_paused)
        s = post(self, task, node, "unpause", 0);
    if (s)
        return s;
    (void)snprintf(what, sizeof(what), "restart?t=%lld",
        (long long)((polite + ASSAY_SECOND - 1) / ASSAY_SECOND));
    watch_took_down(self, node); /* also when it cannot be started again */
    s = post(self, task, node, what, ENGINE_TIMEOUT + polite);
    if (!s)
        watch_brought_up(self, node);
    return s ? s : self->deployment->await_node(task, node, left_until(self, until));
}

/* A new container in the place of the old one, whose storage goes with it. */
static assay_status replace_node(
    struct compose *self, assay_task *task, uint32_t node, assay_ns until)
{
    struct container_state state;
    assay_status s = need_running(self, task, node, &state);

    if (!s && state.is_paused)
        s = post(self, task, node, "unpause", 0);
    if (s)
        return s;
    logs_keep_node(self, task, node);
    watch_took_down(self, node); /* also when no new one can be made */
    s = programs_recreate(self, task, compose_node_name(self, node), until);
    if (!s)
        watch_brought_up(self, node);
    return s ? s : self->deployment->await_node(task, node, left_until(self, until));
}

static assay_status pause_node(struct compose *self, assay_task *task, uint32_t node)
{
    struct container_state state;
    const assay_status s = need_running(self, task, node, &state);

    if (s)
        return s;
    if (state.is_paused)
        return assay_fail_f(
            self->host, ASSAY_E_INVALID, "%s is paused already", compose_node_name(self, node));
    return post(self, task, node, "pause", 0);
}

static assay_status resume_node(struct compose *self, assay_task *task, uint32_t node)
{
    struct container_state state;
    const assay_status s = need_running(self, task, node, &state);

    if (s)
        return s;
    if (!state.is_paused)
        return assay_fail_f(
            self->host, ASSAY_E_INVALID, "%s is not paused", compose_node_name(self, node));
    return post(self, task, node, "unpause", 0);
}

static assay_status control(void *arg, assay_task *task, const assay_action *action, assay_ns until)
{
    struct compose *self = arg;

    switch (action->kind) {
    case ASSAY_ACT_START:
        return start_node(self, task, action->node, until);
    case ASSAY_ACT_STOP:
        return stop_node(self, task, action->node, until);
    case ASSAY_ACT_RESTART:
        return restart_node(self, task, action->node, until);
    case ASSAY_ACT_KILL:
        return kill_node(self, task, action->node, until);
    case ASSAY_ACT_PAUSE:
        return pause_node(self, task, action->node);
    case ASSAY_ACT_RESUME:
        return resume_node(self, task, action->node);
    case ASSAY_ACT_REPLACE:
        return replace_node(self, task, action->node, until);
    default:
        return assay_fail_f(self->host, ASSAY_E_UNSUPPORTED,
            "action %u cannot be done to a container yet", action->kind);
    }
}

/* ---- inspection ---- */

assay_ns acts_run_time(const struct compose *self, int64_t unix_ns)
{
    return unix_ns > 0 ? unix_ns - self->zero_unix_ns : 0;
}

static void describe(
    const struct compose *self, const struct container_state *state, assay_process *out)
{
    enum {
        BY_SIGNAL = 128 /* exit codes above are signals that ended it */
    };

    out->started_at = acts_run_time(self, state->started_unix_ns);
    if (state->is_running) {
        out->state = ASSAY_PROCESS_RUNNING;
        out->pid = state->pid;
        out->is_stopped = state->is_paused;
    } else if (!state->is_created) {
        const uint32_t is_killed =
            state->exit_code > BY_SIGNAL && state->exit_code < BY_SIGNAL + 65;

        out->state = is_killed ? ASSAY_PROCESS_KILLED : ASSAY_PROCESS_EXITED;
        out->code = is_killed ? state->exit_code - BY_SIGNAL : state->exit_code;
        out->ended_at = acts_run_time(self, state->ended_unix_ns);
    }
}

static assay_status inspect(
    void *arg, assay_task *task, uint32_t node, assay_process *out, char detail[160])
{
    struct compose *self = arg;
    assay_process process = ASSAY_RECORD(assay_process);
    struct container_state state;
    const assay_status s = look(self, task, node, &state);

    if (s)
        return s;
    describe(self, &state, &process);
    (void)snprintf(detail, 160, "container%s%s%s%.100s", state.is_paused ? " paused" : "",
        state.is_out_of_memory ? " out of memory" : "", state.error[0] ? ": " : "", state.error);
    process.struct_size = out->struct_size < sizeof(process) ? out->struct_size : sizeof(process);
    memcpy(out, &process, process.struct_size);
    return ASSAY_OK;
}

const assay_deployer_ops compose_ops = {.struct_size = sizeof(compose_ops),
    .actions = 1u << ASSAY_ACT_START | 1u << ASSAY_ACT_STOP | 1u << ASSAY_ACT_RESTART |
        1u << ASSAY_ACT_KILL | 1u << ASSAY_ACT_PAUSE | 1u << ASSAY_ACT_RESUME |
        1u << ASSAY_ACT_REPLACE,
    .control = control,
    .inspect = inspect,
    .collect = logs_collect_node,
    .flags = ASSAY_DEPLOYER_IMAGES,
    .watch = watch_look};

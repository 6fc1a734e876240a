/* Containers that end by themselves: a crash, a hand that stops or removes them, the machine's want of
   memory. The engine starts nothing again, so who is not running shows in a list of all; that another
   process runs than before shows only when one looks closely, which is done to some at a time. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <assay/sdk.h>

#include "engine.h"

enum {
    CLOSE_LOOKS =
        20, /* at containers that run, in one look at all; a millisecond of the engine's each */
    BY_SIGNAL = 128 /* exit codes above are signals that ended it */
};

/* ---- telling ---- */

static uint32_t is_killed(uint32_t exit_code)
{
    return exit_code > BY_SIGNAL && exit_code < BY_SIGNAL + 65;
}

static void tell(struct compose *self, const assay_node_end *end, const char *detail)
{
    (void)self->deployment->ended(self->host, end, detail);
    self->watched[end->node].is_told = 1;
}

static void tell_unseen(struct compose *self, uint32_t node, const char *detail)
{
    const assay_node_end end =
        ASSAY_RECORD_WITH(assay_node_end, .node = node, .how = ASSAY_END_UNSEEN);

    tell(self, &end, detail);
}

static void note_running(struct compose *self, uint32_t node, const struct container_state *state)
{
    struct compose_watched *watched = &self->watched[node];
    const int64_t before = watched->started_unix_ns;

    if (before && before != state->started_unix_ns && !watched->is_down && !watched->is_told)
        tell_unseen(self, node, "its container was started again, and not by this run");
    *watched = (struct compose_watched){.started_unix_ns = state->started_unix_ns};
}

void watch_note(struct compose *self, uint32_t node, const struct container_state *state)
{
    const struct compose_watched *watched = &self->watched[node];
    assay_node_end end = ASSAY_RECORD_WITH(assay_node_end, .node = node,
        .how = is_killed(state->exit_code) ? ASSAY_END_KILLED : ASSAY_END_EXITED,
        .at = acts_run_time(self, state->ended_unix_ns));

    if (state->is_created)
        return;
    if (state->is_running) {
        note_running(self, node, state);
        return;
    }
    if (watched->is_down || watched->is_told)
        return;
    end.code = end.how == ASSAY_END_KILLED ? state->exit_code - BY_SIGNAL : state->exit_code;
    tell(self, &end, state->is_out_of_memory ? "out of memory" : state->error);
}

static void note_gone(struct compose *self, uint32_t node)
{
    if (!self->watched[node].is_down && !self->watched[node].is_told)
        tell_unseen(self, node, "its container was removed, and not by this run");
}

/* ---- node control ---- */

void watch_took_down(struct compose *self, uint32_t node)
{
    self->watched[node].is_down = 1;
}

void watch_brought_up(struct compose *self, uint32_t node)
{
    self->watched[node] = (struct compose_watched){.is_down = 0};
}

/* As an image names its signal: "SIGINT", "INT" or "2". 0: not one by which programs are asked to end. */
static uint32_t signal_number(const char *name)
{
    static const struct {
        const char *name;
        uint32_t number;
    } signals[] = {{"HUP", 1}, {"INT", 2}, {"QUIT", 3}, {"KILL", 9}, {"TERM", 15}};

    if (!strncmp(name, "SIG", 3))
        name += 3;
    for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++) {
        if (!strcmp(signals[i].name, name) || strtoul(name, NULL, 10) == signals[i].number)
            return signals[i].number;
    }
    return 0;
}

void watch_note_stop(
    struct compose *self, uint32_t node, const char *signal_name, uint32_t exit_code)
{
    const uint32_t asked = signal_number(signal_name);
    const assay_node_end end = ASSAY_RECORD_WITH(assay_node_end, .node = node,
        .how = is_killed(exit_code) ? ASSAY_END_KILLED : ASSAY_END_EXITED,
        .code = is_killed(exit_code) ? exit_code - BY_SIGNAL : exit_code, .asked_by_signal = asked);

    /* SIGKILL may have been anybody's who lost patience, as with processes of the host's own. */
    if (asked && exit_code != 0 && exit_code != BY_SIGNAL + asked && exit_code != BY_SIGNAL + 9)
        tell(self, &end, NULL);
}

/* ---- looking ---- */

static assay_status look_closely(struct compose *self, assay_task *task, uint32_t node)
{
    struct container_state state;
    char container[COMPOSE_NAME_SIZE];
    assay_status s;

    compose_container(self, compose_node_name(self, node), container);
    s = engine_inspect(self, task, container, &state);
    if (s == ASSAY_E_NOTFOUND) { /* meanwhile */
        note_gone(self, node);
        return ASSAY_OK;
    }
    if (!s)
        watch_note(self, node, &state);
    return s;
}

/* Is it this one's turn to be looked at although it seems to run? */
static uint32_t is_due(const struct compose *self, uint32_t node)
{
    return (node + self->node_count - self->next_look) % self->node_count < CLOSE_LOOKS;
}

assay_status watch_look(void *arg, assay_task *task)
{
    struct compose *self = arg;
    enum container_sight *sights = calloc(self->node_count + 1, sizeof(*sights));
    assay_status s;

    if (!sights)
        return self->host->fail(self->host, ASSAY_E_NOMEM, "out of memory");
    s = engine_list(self, task, sights);
    for (uint32_t node = 0; !s && node < self->node_count; node++) {
        if (sights[node] == CONTAINER_GONE)
            note_gone(self, node);
        else if (sights[node] == CONTAINER_DOWN || is_due(self, node))
            s = look_closely(self, task, node);
    }
    if (self->node_count)
        self->next_look = (self->next_look + CLOSE_LOOKS) % self->node_count;
    free(sights);
    return s;
}

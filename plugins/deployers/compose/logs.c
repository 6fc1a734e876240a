#include <stdio.h>
#include <string.h>

#include <assay/sdk.h>

#include "engine.h"

/* Appends what a program beside the nodes said, if it has ended: a node that gets no configuration says
   nothing about why. */
static void add_dead_supports(struct compose *self, assay_task *task, struct text *out)
{
    const assay_support *support;

    for (uint32_t i = 0; (support = self->deployment->support(self->host, i)); i++) {
        struct container_state state;
        char container[COMPOSE_NAME_SIZE];

        compose_container(self, support->name, container);
        if (engine_inspect(self, task, container, &state) || state.is_running)
            continue;
        text_addf(out, "--- %s, which the nodes need, has ended with exit code %u and said:\n",
            support->name, state.exit_code);
        (void)engine_logs(self, task, container, 10, out);
    }
}

assay_status logs_collect_node(void *arg, assay_task *task, uint32_t node)
{
    struct compose *self = arg;
    struct text log = {.bytes = NULL};
    char container[COMPOSE_NAME_SIZE];
    assay_status s;

    compose_container(self, compose_node_name(self, node), container);
    s = engine_logs(self, task, container, 0, &log);
    if (!s)
        add_dead_supports(self, task, &log);
    if (!s)
        s = self->deployment->collect_log(self->host, node, ASSAY_NODE_LOG,
            (assay_bytes){.data = text_get(&log), .size = log.failed ? 0 : log.size});
    text_done(&log);
    return s;
}

void logs_keep_node(struct compose *self, assay_task *task, uint32_t node)
{
    struct text log = {.bytes = NULL};
    char container[COMPOSE_NAME_SIZE], name[64];
    assay_status s;

    compose_container(self, compose_node_name(self, node), container);
    (void)snprintf(name, sizeof(name), "output.until-%lld.log",
        (long long)(self->clock->now(self->host) / ASSAY_MS));
    s = engine_logs(self, task, container, 0, &log);
    if (!s)
        s = self->deployment->collect_log(self->host, node, name,
            (assay_bytes){.data = text_get(&log), .size = log.failed ? 0 : log.size});
    if (s && s != ASSAY_E_CANCELLED)
        assay_log_f(self->host, ASSAY_WARN, "the log of %s before it was replaced is lost",
            compose_node_name(self, node));
    text_done(&log);
}

static assay_status collect_other(struct compose *self, assay_task *task, const char *service)
{
    struct text log = {.bytes = NULL};
    char container[COMPOSE_NAME_SIZE], path[COMPOSE_NAME_SIZE];
    assay_status s;

    compose_container(self, service, container);
    (void)snprintf(path, sizeof(path), "stack/%.200s.log", service);
    s = engine_logs(self, task, container, 0, &log);
    if (!s)
        s = self->deployment->file(self->host, path,
            (assay_bytes){.data = text_get(&log), .size = log.failed ? 0 : log.size}, 0644);
    text_done(&log);
    return s;
}

void logs_collect_all(struct compose *self, assay_task *task)
{
    const assay_support *support;
    assay_status s = ASSAY_OK, one;

    for (uint32_t node = 0; node < self->node_count; node++) {
        one = logs_collect_node(self, task, node);
        s = s ? s : one;
    }
    for (uint32_t i = 0; (support = self->deployment->support(self->host, i)); i++) {
        one = collect_other(self, task, support->name);
        s = s ? s : one;
    }
    if (self->prometheus.is_wanted)
        (void)collect_other(self, task, "prometheus");
    if (self->grafana.is_wanted)
        (void)collect_other(self, task, "grafana");
    if (s && s != ASSAY_E_CANCELLED)
        self->host->log(self->host, ASSAY_WARN, "some containers' logs could not be collected");
}

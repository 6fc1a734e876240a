/* The container engine's API (Docker's, of which Podman offers the same). */
#ifndef ASSAY_PLUGINS_COMPOSE_ENGINE_H
#define ASSAY_PLUGINS_COMPOSE_ENGINE_H

#include "compose.h"
#include "text.h"

#define ENGINE_TIMEOUT                                                                             \
    (30 * ASSAY_SECOND) /* an engine that starts many containers is slow to answer */

struct engine_request {
    const char *method, *path;
    const char *body; /* JSON; NULL: none */
    assay_ns timeout; /* 0: ENGINE_TIMEOUT */
};

struct engine_answer {
    assay_reply *reply; /* for engine_release */
    uint32_t code;
    assay_bytes body;
};

/* Reads DOCKER_HOST, or what the option says. ASSAY_E_INVALID: no address that can be called. */
assay_status engine_find(struct compose *self);

/* Is it there? The error says what to do when it is not. */
assay_status engine_check(struct compose *self, assay_task *task);

/* OK: it answered, whatever the code. */
assay_status engine_ask(struct compose *self, assay_task *task,
    const struct engine_request *request, struct engine_answer *out);
void engine_release(struct compose *self, struct engine_answer *answer);

/* Asks, and fails with the engine's own words unless it did what was asked (2xx), or had nothing to do
   for it (304). */
assay_status engine_do(
    struct compose *self, assay_task *task, const struct engine_request *request);

/* Records the failure that an answer stands for. */
assay_status engine_refused(
    struct compose *self, const struct engine_request *request, const struct engine_answer *answer);

assay_status engine_has_image(
    struct compose *self, assay_task *task, const char *image, uint32_t *out);

struct container_state {
    uint32_t is_running, is_paused, is_created, is_out_of_memory;
    uint32_t exit_code;
    int64_t pid;
    int64_t started_unix_ns, ended_unix_ns; /* 0: never */
    char stop_signal[16];
    char error[120];
};

/* How the nodes' containers look from afar, by node, of which there are self->node_count. */
enum container_sight {
    CONTAINER_GONE,
    CONTAINER_DOWN,
    CONTAINER_UP /* runs, or is frozen */
};
assay_status engine_list(struct compose *self, assay_task *task, enum container_sight *out);

/* Waits until it does not run, and says with which code it ended. ASSAY_E_TIMEOUT: it still does. */
assay_status engine_await_end(struct compose *self, assay_task *task, const char *container,
    assay_ns timeout, uint32_t *exit_code);

/* ASSAY_E_NOTFOUND: there is no such container. */
assay_status engine_inspect(
    struct compose *self, assay_task *task, const char *container, struct container_state *out);

/* What it has printed, both streams as they came, the last `lines`; 0: all. */
assay_status engine_logs(struct compose *self, assay_task *task, const char *container,
    unsigned lines, struct text *out);

/* "2026-11-23T17:00:19.937463123Z" as nanoseconds since 1970; 0: malformed, or before. */
int64_t engine_read_time(const char *text);

#endif

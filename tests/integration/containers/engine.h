/* The container engine as tests see it: whether there is one, and what a run has left on it.

   Programs are run with posix_spawn and a fixed environment; DOCKER_HOST of the test's own is passed on. */
#ifndef ASSAY_TESTS_CONTAINERS_ENGINE_H
#define ASSAY_TESTS_CONTAINERS_ENGINE_H

#include <stdbool.h>
#include <stddef.h>

#include "tests/integration/scenarios/support.h"

/* Skips the calling test, saying why, when no engine answers or the image is not there. */
void engine_need(void);
void engine_need_image(const char *image);
bool engine_has_v1(void);

/* Runs docker with these words (NULL at the end); what it printed, without the last line end. Fails the
   test unless it ends with 0. Lives until the next call. */
const char *engine_docker(const char *const *words);
#define DOCKER(...) engine_docker((const char *const[]){"docker", __VA_ARGS__, NULL})

/* How many containers and networks carry the run's label. */
size_t engine_left_of(const char *run_id);
/* Waits until there are none. */
void engine_await_nothing_of(const char *run_id);
/* The container of a node of the stage's run. */
const char *engine_container(const struct stage *stage, const char *node);
/* Removes what the run has left, if anything: for tear-down. */
void engine_sweep(const char *run_id);

/* ---- an engine that can go away ---- */

struct proxy;

/* Listens on `path` and passes everything on to the engine's socket. */
struct proxy *proxy_start(const char *path);
/* Cuts all connections and takes no more: the engine is gone. The path stays taken. */
void proxy_stop(struct proxy *proxy);

#endif

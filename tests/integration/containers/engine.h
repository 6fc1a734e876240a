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
bool engine_has(const char *image);

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

/* ---- a test ---- */

#define ENGINE_SYSTEM                                                                              \
    "[system.nomos]\nslot = 200ms\nsecurity_param = 5\nimage = " ASSAY_TEST_IMAGE "\n"
#define ENGINE_RUN(name, duration)                                                                 \
    "[run]\nname = " name "\nduration = " duration "\ncooldown = 2s\nsettle = 1s\nseed = 7\n"

/* The labels of what a finished run had are in its verdict. */
void engine_learn_run(struct stage *stage);
void engine_nothing_is_left(struct stage *stage);

/* With a stage of its own, and a sweep at the end. */
int engine_close_stage(void **state);
#define ENGINE_TEST(function)                                                                      \
    cmocka_unit_test_setup_teardown(function, stage_open, engine_close_stage)

/* ---- an engine that can go away ---- */

struct proxy;

/* Listens on `path` and passes everything on to the engine's socket. */
struct proxy *proxy_start(const char *path);
/* Cuts all connections and takes no more: the engine is gone. The path stays taken. */
void proxy_stop(struct proxy *proxy);

#endif

/* A run under a front end of its own, in a directory of its own, to be watched and hurt. */
#ifndef ASSAY_TEST_SUPERVISION_SUPPORT_H
#define ASSAY_TEST_SUPERVISION_SUPPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "framework/run/launch.h"

enum {
    TREES = 20,
    TREE_PROCESSES = 60, /* three each */
    /* Nothing here takes a second; a machine that is busy with sanitizers may need a hundred. */
    PATIENCE_S = 100
};

/* Whom the tests follow: a pid with its start time, so that a pid used again does not confuse. */
struct identity {
    pid_t pid;
    uint64_t start_time;
};

struct scene {
    char root[256]; /* a fresh directory, removed by scene_done */
    char run[300];  /* the run directory */
    char state[300];
    char pids[320]; /* where nodes write their pids */
    pid_t front;    /* the front end; 0 before and after */
    pid_t supervisor, worker;
    struct identity all[TREE_PROCESSES + 8]; /* nodes, supervisor, worker */
    size_t count;
};

/* Settings on top of what scene_start fills in. */
struct scene_options {
    const char *script;   /* for the worker */
    bool has_cgroup;      /* else control groups are avoided */
    bool owns_children;   /* as launch_options */
    bool has_own_child;   /* the front end has a child of its own, "bystander" */
    bool ignores_sigint;  /* as shells have it in the background */
    int64_t cancel_grace; /* as launch_options */
    int64_t limit;
};

void scene_init(struct scene *scene);
/* Kills what is left, by identity, and removes the directory. */
void scene_done(struct scene *scene);

/* Set-up and tear-down of CMocka tests: *state is a scene. */
int scene_open(void **state);
int scene_close(void **state);

/* Starts a front end in a process of its own; it ends with the run's exit code. */
void scene_start(struct scene *scene, const struct scene_options *options);

/* Waits until `nodes` processes have written their pids, and fills `all` with them. */
void scene_collect(struct scene *scene, size_t nodes);

/* The same, and fills supervisor and worker. */
void scene_settle(struct scene *scene, size_t nodes);

/* How many of `all` live. */
size_t scene_survivors(const struct scene *scene);

/* Waits until this one of `all` is dead and has let go of what it held. */
void scene_await_end(const struct scene *scene, pid_t pid);

/* Waits until none lives; returns how many milliseconds after `since_ns` that was. */
double scene_await_nobody(const struct scene *scene, int64_t since_ns);

/* Waits for the front end; its exit code, or 128 + signal. */
int scene_join(struct scene *scene);

/* Does a file of the run directory hold this text? */
bool scene_file_has(const struct scene *scene, const char *name, const char *text);
bool scene_file_exists(const struct scene *scene, const char *name);

/* How many journals there are. */
size_t scene_journals(const struct scene *scene);

/* Did the front end hear that something is left of the run? */
bool scene_knows_leftovers(const struct scene *scene);

/* The pids in a file of whole lines, at most `max`; returns how many. */
size_t scene_read_pids(const char *path, pid_t *out, size_t max);

int64_t scene_now(void);
void scene_pause(void); /* between two looks at something that no event announces */

#endif

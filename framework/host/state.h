/* What a host and an instance are made of; for files of framework/host alone.

   Each service keeps its state in an object of its own with its own lock. Locks are taken in this
   order, and none is held across a call into a plugin: a service's, the list of operations, an
   operation's, a task's, the host's, the events'. */
#ifndef ASSAY_HOST_STATE_H
#define ASSAY_HOST_STATE_H

#include <pthread.h>
#include <stdatomic.h>

#include "framework/base/map.h"
#include "framework/base/vec.h"
#include "framework/host/clock.h"
#include "framework/host/host.h"
#include "framework/host/instance.h"

struct host_operation;
struct artifacts;
struct control;
struct deployment;
struct exec;
struct follow;
struct metrics;
struct observation;
struct specs;
struct submissions;
struct wallet;

struct note {
    const char *instance, *plugin_id;
    char *text; /* NULL: there was no memory for it */
    assay_ns at;
};

/* A plugin that other services call: the system, the deployer. */
struct attached_system {
    struct host_instance *instance; /* NULL: none */
    const assay_system_ops *ops;
    void *self;
};
struct attached_deployer {
    struct host_instance *instance;
    const assay_deployer_ops *ops;
    void *self;
};

struct host {
    struct host_config config; /* its texts are our copies */
    char *texts_copied[3];
    struct clock clock;
    _Atomic assay_ns window_start, window_end;
    atomic_bool is_interrupted;
    atomic_bool has_stuck;
    atomic_bool has_violation;       /* also when there was no memory to say which */
    _Atomic uint64_t blocking_calls; /* since tasks_cancel_at */
    _Atomic uint64_t cancel_at;

    pthread_mutex_t operations_lock; /* guards operations; taken before an operation's lock */
    struct host_operation *operations;

    pthread_mutex_t lock; /* guards what follows, down to texts */
    pthread_cond_t changed;
    uint64_t generation;            /* of `changed` */
    struct map offers;              /* id -> table */
    struct vec violations, notices; /* struct note */
    struct vec texts;               /* char *: names that outlive their instances */

    pthread_mutex_t event_lock; /* one event, one crumb at a time */

    /* Set before any operation, constant afterwards. */
    struct attached_system system;
    struct attached_deployer deployer;

    struct artifacts *artifacts;
    struct control *control;
    struct deployment *deployment;
    struct exec *exec;
    struct follow *follow;
    struct metrics *metrics;
    struct observation *observation;
    struct specs *specs;
    struct submissions *submissions;
    struct wallet *wallet;
    struct host_operation *watching; /* watch.c; NULL: not started */
};

struct host_instance {
    assay_host table;
    struct host *host;
    const char *name, *plugin_id; /* the host's */
    uint32_t kind;
    atomic_bool is_stuck;

    pthread_mutex_t lock; /* guards what follows */
    struct owned *owned;
    uint32_t gate_count;
    uint64_t artifact_bytes;
};

/* A copy that lives as long as the host; NULL without memory. */
const char *host_keep(struct host *host, const char *text);

/* Adds a note under the host's lock; a list that is full drops it. */
void host_note_add(
    struct host *host, struct vec *list, const struct host_instance *instance, const char *text);

/* Wakes host_wait. */
void host_changed(struct host *host);

#endif

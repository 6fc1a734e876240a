/* What one run gives its plugins: the services of assay/plugin.h, and what the run itself asks of
   them. The life cycle (framework/run) is the user of this header.

   A host is made once per run, before any instance, and freed last. It knows the run's facts, holds
   every service's state (blocks, metrics, submissions, receipts, ...), and carries out operations
   on instances, each on threads of its own (operation.h):

       host_new -> host_instance_new per section -> host_attach_system, host_attach_deployer
       -> operations: create, plan, prepare, ...  -> host_follow_start -> host_open_window
       -> workloads run -> host_follow_stop -> finish, destroy -> host_instance_free -> host_free

   All functions may be called from any thread unless they say otherwise. Texts that getters hand
   out live until host_free. Nothing in here prints; log lines go through framework/base/log. */
#ifndef ASSAY_HOST_HOST_H
#define ASSAY_HOST_HOST_H

#include <stdbool.h>

#include "framework/base/cleanup.h"
#include "framework/base/error.h"

struct host;
struct host_instance;
struct process_ops; /* processes.h */
struct topology;    /* framework/topology */

/* ---- what the run is told ---- */

enum {
    HOST_NODES_MAX = 4096,     /* a thread follows each node; more need another design */
    HOST_PORTS_MAX = 16,       /* of one node: api, network, testing, ... */
    HOST_NOTICES_MAX = 1000,   /* said once each; more would drown a report */
    HOST_VIOLATIONS_MAX = 1000 /* the first is enough to fail the run */
};

struct host_config {
    const char *name;    /* the scenario's */
    const char *run_id;  /* unique */
    const char *run_dir; /* exists; absolute */
    uint64_t seed;
    assay_ns duration;        /* of the window */
    bool node_control;        /* the scenario allows faults */
    uint64_t control_actions; /* the deployer's actions, 1 << ASSAY_ACT_... */

    const struct topology *topology;
    const void *const *overrides; /* per node: struct of the system's node_options; or NULL */

    /* Starts and ends processes. NULL: deployers cannot (tests, virtual runs). */
    const struct process_ops *processes;
    /* The HTTP table and its state, found again with host_http_state. NULL: not offered. */
    const assay_http *http;
    void *http_state;

    /* Takes one line of events.ndjson, newline included. Called under a lock, one line at a time,
       from any thread: it must be quick and must not call the host. NULL: events are dropped. */
    void (*write_event)(void *context, const char *line, size_t size);
    void *event_context;
    /* Notes which operation begins, for the report of a crash. Same rules. May be NULL. */
    void (*write_crumb)(
        void *context, const char *instance, const char *plugin_id, const char *operation);
    void *crumb_context;
};

/* Copies config's texts; topology, overrides, tables and contexts stay borrowed and outlive the
   host. The run's clock starts here. ASSAY_E_INVALID: more than HOST_NODES_MAX nodes. */
assay_status host_new(const struct host_config *config, struct host **out, struct error *err);

/* Frees everything. Instances must have been freed. When one is stuck, nothing is freed: its
   threads may still use it, and the process is about to end by _exit. */
void host_free(struct host *host);
CLEANUP_DEFINE(auto_host, struct host *, host_free)
#define auto_host CLEANUP(auto_host)

/* The table of a service for a plugin of this kind; NULL: it is not offered. */
const void *host_service(const struct host *host, uint32_t kind, const char *id);

/* Does any host have this service for plugins of this kind? Whether a run offers control depends on
   its scenario and deployer; what a system offers is the caller's to know. */
bool host_knows_service(uint32_t kind, const char *id);

/* Is this service offered to plugins of this kind (ASSAY_WORKLOAD, ...)? For checking `needs`
   before anything is created; services that a system will offer are the caller's to know. */
bool host_has_service(const struct host *host, uint32_t kind, const char *id);

/* Registers a table that the system plugin offers. ASSAY_E_DENIED: the id is taken. */
assay_status host_offer(struct host *host, const char *id, const void *table);

/* ---- instances ---- */

struct host_instance_config {
    const char *name;      /* the section: "workload.burst" */
    const char *plugin_id; /* "acme.tx-burst" */
    uint32_t kind;
};

assay_status host_instance_new(struct host *host, const struct host_instance_config *config,
    struct host_instance **out, struct error *err);

/* Frees it with its gates, feeds and calls. Only when none of its operations runs; a stuck
   instance is left alone. */
void host_instance_free(struct host_instance *instance);
CLEANUP_DEFINE(auto_host_instance, struct host_instance *, host_instance_free)
#define auto_host_instance CLEANUP(auto_host_instance)

/* What the plugin gets. */
const assay_host *host_instance_table(const struct host_instance *instance);
const char *host_instance_name(const struct host_instance *instance);
bool host_instance_is_stuck(const struct host_instance *instance);

/* The one system and the one deployer, once created. `ops` must be full-sized and outlive
   the run. */
void host_attach_system(
    struct host *host, struct host_instance *instance, const assay_system_ops *ops, void *self);
void host_attach_deployer(
    struct host *host, struct host_instance *instance, const assay_deployer_ops *ops, void *self);

/* The instance broke a rule of the ABI. The run's outcome is going to be "error". Logged. */
void host_violation(struct host_instance *instance, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* What the calling thread does, for a crash handler: async-signal-safe. False: nothing of a
   plugin. */
struct host_place {
    const char *instance, *plugin_id, *operation;
};
bool host_current_place(struct host_place *out);

/* ---- time ---- */

assay_ns host_now(const struct host *host);    /* since host_new */
int64_t host_unix_ns(const struct host *host); /* the same moment on the wall clock */

/* Opens the window now, for the configured duration. Once. */
void host_open_window(struct host *host);
assay_ns host_window_start(const struct host *host); /* ASSAY_FOREVER before */
assay_ns host_window_end(const struct host *host);

/* Wakes host_wait and cancels every operation that is not sheltered: the user wants to stop.
   Sticky. Call from a thread, not from a signal handler. */
void host_interrupt(struct host *host);
bool host_is_interrupted(const struct host *host);

/* Blocks the calling thread (which must not be a task) until is_done says so, asked whenever an
   operation ends, a violation is recorded, or host_nudge is called. is_done may use the host.
   ASSAY_E_TIMEOUT: not by `until`. ASSAY_E_CANCELLED: the host was interrupted. is_done may be
   NULL. */
assay_status host_wait(
    struct host *host, assay_ns until, bool (*is_done)(void *context), void *context);
void host_nudge(struct host *host);

/* ---- observing ---- */

/* Follows every node with the system's `follow`, a task each. A follow that returns although
   nobody cancelled it is a violation, and is started again. Blocks until started. */
assay_status host_follow_start(struct host *host, struct error *err);
/* Asks them to end, for a caller with something to do meanwhile; host_follow_stop is still owed.
   Their grace begins. */
void host_follow_cancel(struct host *host, assay_ns grace);
/* Cancels and joins them within `grace`; those left mark the system stuck. Fine when not
   started. */
void host_follow_stop(struct host *host, assay_ns grace);

/* ---- nodes that are none of our processes ---- */

/* Has the deployer watch for their ends, until host_watch_stop; nothing where it does not. */
assay_status host_watch_start(struct host *host, struct error *err);
/* One more look now, so that what happened until now is known when it returns. A deployer that cannot
   look is told among the notices. Blocks, 30 s at most. Not from a task. */
void host_watch_look(struct host *host);
/* Fine when not started. Those left after `grace` mark the deployer stuck. */
void host_watch_stop(struct host *host, assay_ns grace);

/* ---- what the report says ---- */

void host_facts(const struct host *host, assay_run_facts *out); /* struct_size set by the caller */

uint32_t host_node_count(const struct host *host);
/* As the plugins' services of the same names; struct_size set by the caller. */
assay_status host_node_info(const struct host *host, uint32_t node, assay_node_info *out);
assay_status host_node_status(const struct host *host, uint32_t node, assay_node_status *out);
assay_status host_node_coverage(const struct host *host, uint32_t node, assay_coverage *out);
assay_status host_node_endpoint(
    const struct host *host, uint32_t node, uint32_t port, assay_endpoint *out);
/* For those who look on from outside; for the caller to free. NULL: there is none, or no memory. */
char *host_metrics_url(const struct host *host);   /* of the store, by the deployer */
char *host_dashboard_url(const struct host *host); /* likewise */
char *host_node_profile_url(const struct host *host, uint32_t node);

/* ASSAY_E_NOTFOUND: the deployer never started a process for it. */
assay_status host_node_process(const struct host *host, uint32_t node, assay_process *out);

struct host_note {
    const char *instance; /* who said it, or did it */
    const char *plugin_id;
    const char *text;
    assay_ns at;
};
/* The index-th; false: there are no more. */
bool host_notice_at(const struct host *host, size_t index, struct host_note *out);
bool host_violation_at(const struct host *host, size_t index, struct host_note *out);

/* The index-th node control action, in the order of completion; `instance` asked for it. */
bool host_receipt_at(
    const struct host *host, size_t index, const char **instance, assay_receipt *out);

struct host_metric {
    const char *instance, *name, *unit;
    uint32_t kind;    /* ASSAY_COUNTER, ... */
    double value;     /* counter, gauge; histogram: sum of the samples */
    uint64_t samples; /* histogram */
    double min, mean, p50, p90, p99, max;
};
bool host_metric_at(const struct host *host, size_t index, struct host_metric *out);

/* Appends the present values of all metrics and node heights to series.csv in the run directory.
   Call once a second. One thread. */
assay_status host_series_write(struct host *host, struct error *err);

/* One line for events.ndjson beside those that the host writes: {"t":..,"type":type,
   "instance":instance,"text":text}. instance may be NULL. */
void host_event(struct host *host, const char *type, const char *instance, const char *text);

/* ---- for services ---- */

void *host_http_state(const assay_host *table);
struct host *host_of(const assay_host *table);

#endif

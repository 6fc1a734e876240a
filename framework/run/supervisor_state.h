/* What the files of the supervisor share, and nobody else. */
#ifndef ASSAY_RUN_SUPERVISOR_STATE_H
#define ASSAY_RUN_SUPERVISOR_STATE_H

#include "framework/base/vec.h"
#include "framework/run/cgroup.h"
#include "framework/run/crumb.h"
#include "framework/run/ending.h"
#include "framework/run/fallback.h"
#include "framework/run/journal.h"
#include "framework/run/supervisor.h"
#include "framework/run/supervisor_children.h"
#include "framework/run/wire.h"

enum supervisor_stage {
    STAGE_SERVING,
    STAGE_CLOSING,
    STAGE_CLOSED
};

enum {
    /* Requests of the worker between two looks at everything else. */
    REQUESTS_PER_TURN = 64,
    /* Tickets whose completion the worker has not been told yet: one per thread that waits. */
    TICKETS_MAX = 16384
};

struct supervisor {
    const struct supervisor_config *config;
    enum supervisor_stage stage;
    enum fallback_cause cause; /* why it left SERVING */

    int epoll;
    int signals;   /* signalfd */
    int front;     /* socket to the front end; -1: it is gone */
    int front_pid; /* its pidfd */
    int line;      /* socket to the worker; -1: closed */
    bool line_waits_for_room;

    struct journal journal;
    struct cgroup cgroup;
    struct crumb_page *page;
    const char **environment; /* of nodes and undo commands: ours and the marker */
    char *marker;             /* "ASSAY_RUN_ID=..." */

    pid_t worker; /* 0: not started, or reaped */
    int worker_status;

    struct children children;
    struct ending ending;
    uint32_t ending_ticket; /* of the end_all under way */
    struct vec tickets;     /* struct wire_report: DONE and CANCEL, to be sent after statuses */
    struct vec deeds;       /* uint32_t: tickets of what is journalled but not yet on disk */
    char *packet;           /* WIRE_REQUEST_MAX bytes */
    struct wire_parsed *request;

    int cancel_signal;       /* 0: not cancelled */
    int64_t cancel_deadline; /* monotonic; INT64_MAX: none */
    int64_t limit_deadline;
    int64_t close_deadline; /* of CLOSING */
    bool used_cgroup_kill, has_survivors;
    int64_t started_at; /* monotonic */
    int64_t started_unix_ns;
};

/* ---- supervisor_line.c: the worker's socket ---- */

/* Reads and carries out requests. A request that breaks the protocol ends the run. */
void supervisor_serve_line(struct supervisor *supervisor);
/* Sends what is due, as far as there is room. */
void supervisor_flush_line(struct supervisor *supervisor);
void supervisor_close_line(struct supervisor *supervisor);
/* Queues a report for the worker. */
void supervisor_tell(struct supervisor *supervisor, uint32_t type, uint32_t number, int32_t code);

/* ---- supervisor.c: the loop ---- */

/* Leaves SERVING; the first cause counts. */
void supervisor_close_for(struct supervisor *supervisor, enum fallback_cause cause);
/* A line for the user (where a front end is left) and for supervisor.log. */
void supervisor_notice(struct supervisor *supervisor, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
void supervisor_send_news(
    struct supervisor *supervisor, enum wire_news_type type, int32_t value, const char *text);
void supervisor_watch(struct supervisor *supervisor, int fd, uint32_t events, bool is_new);

/* ---- supervisor_frame.c: before and after the loop ---- */

/* Everything up to the running worker. On failure nothing is left running or journalled. */
assay_status supervisor_set_up(
    struct supervisor *supervisor, const struct supervisor_config *config, struct error *err);
/* Verdict, undo, journal, control group, farewell. Returns the exit code. */
int supervisor_wind_up(struct supervisor *supervisor);
/* Frees what is held; also after a failed set_up. */
void supervisor_tear_down(struct supervisor *supervisor);

#endif

/* The processes that the supervisor has started for the worker, and what the worker still has to
   be told about them.

   A child enters when it is started (or refused) and leaves when it has ended and that has been
   reported. Numbers come from the worker and count up, so the list is in their order. One thread. */
#ifndef ASSAY_RUN_SUPERVISOR_CHILDREN_H
#define ASSAY_RUN_SUPERVISOR_CHILDREN_H

#include "framework/base/vec.h"
#include "framework/run/spawn.h"
#include "framework/run/wire.h"

struct child {
    struct wire_report report;
    bool is_unreported;
};

struct children {
    struct vec list; /* struct child */
    uint32_t next_number;
    size_t running; /* children that have been started and not reaped */
    size_t due;     /* children with something to report */
};

void children_init(struct children *children);
void children_done(struct children *children);

/* Adds the next child; the number must be the next one, or ASSAY_E_INVALID is returned. It is
   started as spawn says; a failure to start is what its report will say, and so is `refusal`
   unless it is PROCESS_STEP_NONE. Returns the pid in *out_pid, 0 when it was not started. */
assay_status children_start(struct children *children, uint32_t number, const struct spawn *spawn,
    enum process_step refusal, pid_t *out_pid, struct error *err);

/* Signals the group of one child, or of all. Those that have ended are left alone. */
void children_signal(struct children *children, uint32_t number, int signal_number);
void children_signal_all(struct children *children, int signal_number);

/* What waitpid said of a pid. False: it is none of these. */
bool children_note(struct children *children, pid_t pid, int wait_status);

/* Up to `max` reports that are due, in order; children_reported marks as many of the first due
   ones as told, and forgets those that have ended. */
size_t children_due(const struct children *children, struct wire_report *out, size_t max);
void children_reported(struct children *children, size_t count);

#endif

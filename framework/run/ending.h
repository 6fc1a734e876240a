/* Ending everything that runs below the calling process, step by step inside an event loop.

       ending_begin(&ending, grace, spared)       SIGTERM to the children
       ... after each SIGCHLD was reaped, and when ending_next has come:
       if (ending_step(&ending, &children))       true: nobody is left
           ...

   First the known children, by their process groups, which is quick even for a thousand. When they
   have ended, or the grace is over, the process tree is searched for everything else: daemons that
   forked twice, sessions of their own, children of children. That needs a subreaper, so that
   orphans come to the caller and cannot escape. The search is repeated until it finds nobody; it
   looks at all processes of the machine, so it is left out when the kernel's list of the caller's
   own children shows that there is nobody to be found. */
#ifndef ASSAY_RUN_ENDING_H
#define ASSAY_RUN_ENDING_H

#include "framework/run/cull.h"
#include "framework/run/supervisor_children.h"

struct ending {
    bool is_active;
    bool is_killing;
    pid_t spared;        /* a child that is not to die, with its descendants; 0: none */
    pid_t worker;        /* a child outside of the list that is to die; 0: none */
    size_t strays;       /* killed by the last search and not yet reaped */
    int64_t grace_until; /* monotonic */
    int64_t look_at;     /* monotonic: the next search, if deaths do not bring it on earlier */
};

enum ending_mode {
    ENDING_SPARES_WORKER, /* end_all: the worker lives on */
    ENDING_TAKES_WORKER   /* the run is over */
};

/* grace 0: SIGKILL at once. worker: its pid, 0 when it has been reaped. */
void ending_begin(struct ending *ending, struct children *children, int64_t grace_ns,
    enum ending_mode mode, pid_t worker);

/* Tells that a process which is neither in the list nor the worker was reaped; and the worker. */
void ending_stray_reaped(struct ending *ending);
void ending_worker_reaped(struct ending *ending);

/* Does what is due now. True: everybody is dead; the ending is not active any more. */
bool ending_step(struct ending *ending, struct children *children);

/* When ending_step wants to be called again, monotonic; INT64_MAX when it is not active. */
int64_t ending_next(const struct ending *ending);

#endif

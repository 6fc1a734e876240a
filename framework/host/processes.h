/* Processes, as the host sees them: started, signalled, watched and ended by somebody else.

   The host never spawns anything itself. It is handed a table like this one; the real table
   (framework/run/processes_client.h) sends each call to the supervisor, a small process that owns
   everything that runs and outlives a crash of its caller. Tests hand in a table of their own.

       s = ops->start(ops->self, &spec, &process, err);
       ...
       s = ops->status(ops->self, process, &status);      at any time, never waits
       if (status.state == PROCESS_RUNNING) ...

   Nothing in here waits for a process. Who wants to wait registers once with `listen`, and looks
   at `status` again whenever `changed` was called; host/deployment turns that into a wait that can
   be cancelled. A start is pipelined: it returns as soon as the request is on its way, and the
   process goes from STARTING to RUNNING or REFUSED a little later. 1,000 starts cost one latency,
   not 1,000.

   Every function may be called from any thread, and may block for as long as it takes to hand a
   small message to the supervisor (microseconds; milliseconds while it is busy spawning), undo and
   remove_later for one fsync more. When the supervisor is gone all return ASSAY_E_IO. */
#ifndef ASSAY_HOST_PROCESSES_H
#define ASSAY_HOST_PROCESSES_H

#include <stdbool.h>
#include <stdint.h>

#include "framework/base/error.h"

#define PROCESS_NONE UINT32_MAX /* "no process in particular" */

enum {
    /* Started over one run, ended ones included: a table of 48 MiB at the very worst. */
    PROCESSES_MAX = 1 << 20,
    /* Running at the same time. */
    PROCESSES_LIVE_MAX = 1 << 14,
    /* argv, environment and paths of one process, or the argv of one undo: fits one message.
       Configuration belongs into files. */
    PROCESS_SPEC_BYTES_MAX = 60 * 1024,
    PROCESS_WORDS_MAX = 4096 /* argv and env together */
};

/* What to start. Strings are copied. The process gets its own process group, the default signal
   dispositions with nothing blocked, /dev/null as standard input, and no other descriptor. */
struct process_spec {
    const char *name;        /* for messages and the journal: "validator-0" */
    const char *const *argv; /* argv[0]: the program's path, not searched for. NULL at the end */
    const char *const *env;  /* "NAME=value", on top of the run's own. NULL at the end; or NULL */
    const char *directory;   /* working directory, absolute; NULL: the run directory */
    const char *output;      /* file that both outputs are appended to, absolute; NULL: dropped */
};

/* RUNNING, EXITED and KILLED are the numbers of ASSAY_PROCESS_... . */
enum process_state {
    PROCESS_STARTING = 0, /* asked for, not yet answered */
    PROCESS_RUNNING = 1,
    PROCESS_EXITED = 2,  /* code: its exit code */
    PROCESS_KILLED = 3,  /* code: the signal that ended it */
    PROCESS_REFUSED = 4, /* never ran; code: the errno value, what: which step failed */
    PROCESS_LOST = 5     /* the supervisor is gone; nothing is known any more */
};

/* The step of a start that failed. */
enum process_step {
    PROCESS_STEP_NONE = 0,
    PROCESS_STEP_EXECUTE = 1,   /* the program is missing, or no program */
    PROCESS_STEP_DIRECTORY = 2, /* the working directory cannot be entered */
    PROCESS_STEP_OUTPUT = 3,    /* the output file cannot be opened */
    PROCESS_STEP_LIMIT = 4,     /* too many processes, or no memory */
    PROCESS_STEP_ENDING = 5     /* end_all is under way */
};

struct process_status {
    enum process_state state;
    enum process_step step;
    int32_t code;
    bool is_stopped; /* RUNNING, but stopped by SIGSTOP and not yet continued */
    int64_t pid;     /* 0 before RUNNING */
    /* CLOCK_MONOTONIC, in nanoseconds; 0 when it has not happened. */
    int64_t started_at, ended_at;
};

/* What the kernel says of a process, past all bookkeeping: for proof. */
struct process_look {
    char state;          /* R S D T t Z X ... as in proc(5); '\0': there is no such process */
    uint64_t start_time; /* clock ticks since boot */
};

struct process_ops {
    void *self;

    /* ASSAY_E_INVALID: the spec is empty or too long. ASSAY_E_LAGGED: PROCESSES_MAX reached. */
    assay_status (*start)(
        void *self, const struct process_spec *spec, uint32_t *out_process, struct error *err);

    /* Sends a signal to the process and all of its group. ASSAY_E_NOTFOUND: it has ended. One that
       is still STARTING gets it right after its start. */
    assay_status (*signal)(void *self, uint32_t process, int signal_number, struct error *err);

    /* ASSAY_E_NOTFOUND: no such number was ever handed out. */
    assay_status (*status)(void *self, uint32_t process, struct process_status *out);

    /* Asks the kernel, now. ASSAY_E_NOTFOUND: no such number was ever handed out, or the process
       was never started. NULL: there is no kernel to ask (tests). */
    assay_status (*look)(void *self, uint32_t process, struct process_look *out);

    /* Ends every process and everything it started, also what left its group or session: SIGTERM,
       then SIGKILL after `grace` nanoseconds or as soon as only strays are left; 0: SIGKILL at
       once. Returns a ticket; has_ended says when all are gone. Starts are refused meanwhile. */
    assay_status (*end_all)(void *self, assay_ns grace, uint32_t *out_ticket, struct error *err);
    bool (*has_ended)(void *self, uint32_t ticket);

    /* Journals a command that undoes something outside of the process tree (a container, a
       namespace), to be run when the run is over, however it ends. On disk when it returns OK:
       journal first, then do the deed. argv[0] is a path. Must be harmless when there is nothing
       to undo. */
    assay_status (*undo)(void *self, const char *const *argv, struct error *err);

    /* The same for a directory below the run directory, which is removed with all that is in it. */
    assay_status (*remove_later)(void *self, const char *path, struct error *err);

    /* Calls changed(arg, process) after each change of a status, PROCESS_NONE after an end_all is
       complete or the supervisor was lost. From a thread of its own, without locks held, one call
       at a time. One listener; NULL takes it away, and no call is under way any more when that
       returns (so do not do that from inside the call). */
    void (*listen)(void *self, void (*changed)(void *arg, uint32_t process), void *arg);
};

#endif

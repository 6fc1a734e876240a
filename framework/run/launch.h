/* Running a scenario: the front end's side.

       struct launch_options options = {.name = "demo", .manifest = expanded, .seed = 7,
           .forwards_signals = true, .owns_children = true};
       struct launch_result result;

       s = run_launch(&options, &result, err);
       if (s)
           ... the run was never started; err says why and what to do
       return result.exit_code;

   run_launch makes the run directory, writes the manifest into it, starts the supervisor
   (libexec/assay/assay-supervisor), which starts the worker (assay-worker), and blocks until
   everything that the run started has ended and been cleared away. It always leaves a verdict.json
   in the run directory, also when the worker crashes or the supervisor is killed.

   What it does to the calling process, and takes back before it returns:
   - PR_SET_CHILD_SUBREAPER, so that what a killed supervisor leaves falls to us.
   - With forwards_signals: handlers for SIGINT, SIGTERM and SIGHUP (not under nohup). The first
     signal asks the worker to tear down and report; a second one, or cancel_grace running out,
     kills; a third one kills the supervisor, too, and leaves the clearing up to us. SIGTSTP stops the caller alone: the network under test keeps its own time and cannot be
     paused with it, so the run goes on and is reported after SIGCONT.
   It starts no thread, and waits for no child but its own: waitpid of the caller's other children
   is not disturbed. Do not set SIGCHLD to SIG_IGN. Any thread, but one run at a time: what it does
   to the process is the whole process's. */
#ifndef ASSAY_RUN_LAUNCH_H
#define ASSAY_RUN_LAUNCH_H

#include <stdbool.h>
#include <stdint.h>

#include "framework/base/error.h"

enum {
    LAUNCH_NAME_MAX = 64, /* of a scenario's name inside a run id; the rest is cut */
    LAUNCH_RUN_ID_SIZE = LAUNCH_NAME_MAX + 32
};

struct launch_options {
    const char *name;     /* of the scenario */
    const char *manifest; /* the expanded manifest, which the worker reads */
    const char *original; /* the manifest as it was given, kept for the reader; NULL: none */
    uint64_t seed;        /* for a verdict that we have to write ourselves */

    const char *runs_directory; /* where run directories are made; NULL: "runs" */
    const char *run_directory;  /* exactly this one; must be empty or not exist. NULL: a new one */
    const char *worker;         /* path of the program; NULL: assay-worker where it belongs */
    const char *supervisor;     /* likewise */
    const char *const *environment; /* "NAME=value" for all of the run, on top of ours; or NULL */

    assay_ns cancel_grace; /* from the first signal to SIGKILL; 0: LAUNCH_CANCEL_GRACE */
    assay_ns limit;        /* for the whole run, after which it is killed; 0: none */
    int cancel_fd; /* when readable, as if SIGTERM had come; 0 or -1: none. Is not read from */

    bool forwards_signals;
    /* The caller has no children but this run's: after the death of the supervisor everything
       below the caller is ended, marked or not. A command sets it; a library must not. */
    bool owns_children;
    bool avoids_cgroup; /* as ASSAY_CGROUP=off */

    /* Things that the user should know while it runs, one line each. May be NULL. */
    void (*notice)(void *context, const char *text);
    void *context;
};

#define LAUNCH_CANCEL_GRACE (60 * ASSAY_SECOND) /* a teardown of containers takes that long */

struct launch_result {
    int exit_code; /* as published: 0 to 5, 128 + signal */
    char run_id[LAUNCH_RUN_ID_SIZE];
    char *run_directory; /* absolute; the caller frees it */
    int interrupted_by;  /* the signal that was forwarded; 0: none */
    bool has_leftovers;  /* not all could be undone: `assay clean --run <run_id>` tries again */
    bool is_unreported;  /* the worker ended without a report: nobody has been told the verdict */
};

/* ASSAY_OK: the run took place, whatever came of it. Else it was never started; ASSAY_E_DENIED:
   another run of this process is under way, or the run directory is in use. */
assay_status run_launch(
    const struct launch_options *options, struct launch_result *result, struct error *err);

/* Where one of our own programs is: $ASSAY_LIBEXEC (ignored in set-id programs), then
   ../libexec/assay beside the running program, then beside libassay where this code is part of it,
   then where it was installed. For the caller to free. ASSAY_E_NOTFOUND: the text names all places. */
assay_status launch_find_program(const char *name, char **out, struct error *err);

#endif

/* The verdict of a run whose worker left none.

   Written by whoever survives, the supervisor or the front end, from what the worker's death and
   the crumb page tell. Same files and formats as a verdict of the worker. */
#ifndef ASSAY_RUN_FALLBACK_H
#define ASSAY_RUN_FALLBACK_H

#include <stdbool.h>
#include <stdint.h>

#include "framework/base/error.h"
#include "framework/run/crumb.h"

/* Why the run is over, seen from outside of the worker. */
enum fallback_cause {
    FALLBACK_WORKER_ENDED,   /* by itself; see wait_status */
    FALLBACK_INTERRUPTED,    /* it was asked to stop and killed; see signal_number */
    FALLBACK_PROTOCOL,       /* it sent what no worker sends, and was killed */
    FALLBACK_LIMIT,          /* it took longer than the run may take, and was killed */
    FALLBACK_FRONT_END_GONE, /* the program that started the run died; everything was killed */
    FALLBACK_SUPERVISOR_GONE /* the supervisor died; everything was killed */
};

struct fallback {
    const char *run_id, *name, *directory;
    uint64_t seed;
    int64_t started_unix_ns;
    assay_ns duration;
    enum fallback_cause cause;
    int wait_status;               /* of the worker, as of waitpid */
    int signal_number;             /* that interrupted; 0 with INTERRUPTED: unknown */
    const struct crumb_page *page; /* or NULL */
};

/* Is the exit code one that a worker may end a run with? Others (a sanitizer's, a plugin that
   calls exit) are taken as a crash. */
bool fallback_is_exit_code(int code);

/* The verdict that the worker wrote counts if it then ended by itself with the exit code of that
   verdict, which it has noted in the crumb page: what else ends the process with a code of its own
   is a plugin. Returns that code, or -1: a fallback is needed. */
int fallback_worker_code(const char *directory, int wait_status, const struct crumb_page *page);

/* Writes the report and returns its exit code in *out_code, also when writing failed. A verdict
   that is there already is kept beside it as verdict.unconfirmed.json, and said to be. */
assay_status fallback_write(const struct fallback *fallback, int *out_code, struct error *err);

#endif

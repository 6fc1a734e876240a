/* What the worker was doing when it died: a page of memory that outlives it.

   The front end makes the page (a memfd), worker and supervisor map it too. The worker notes its
   phase and each operation on a plugin before it begins; its crash handler notes where the thread
   that crashed was. After a death the survivors read it and can say "workload.burst
   (acme.tx-burst) crashed in run: SIGSEGV" instead of "signal 11".

   Writing is a copy of a few bytes, never fails, and is async-signal-safe. Each of the three
   notes has one writer at a time; two copies and an index that is switched last make sure that a
   death in the middle of writing leaves the former note. Readers trust nothing: texts are cut and
   terminated. */
#ifndef ASSAY_RUN_CRUMB_H
#define ASSAY_RUN_CRUMB_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "framework/base/error.h"

enum {
    CRUMB_TEXT_SIZE = 96 /* longer names are cut */
};

struct crumb_note {
    char instance[CRUMB_TEXT_SIZE];  /* "workload.burst"; "" when it is none */
    char plugin[CRUMB_TEXT_SIZE];    /* "acme.tx-burst" */
    char operation[CRUMB_TEXT_SIZE]; /* "run"; for the phase: its name */
};

struct crumb_cell {
    _Atomic uint32_t current; /* 0: nothing yet; else 1 + index of the copy that holds */
    struct crumb_note copies[2];
};

struct crumb_page {
    struct crumb_cell phase;
    struct crumb_cell operation;
    struct crumb_cell crash;
    _Atomic int32_t crash_signal; /* 0: the crash handler has not run */
    _Atomic int32_t verdict;      /* 1 + the exit code of the verdict that was written; 0: none */
};

/* What a reader gets. */
struct crumb_report {
    bool has_phase, has_operation, has_crash;
    struct crumb_note phase, operation, crash;
    int crash_signal;
    int verdict_code; /* -1: none was written */
};

/* A fresh page; the descriptor is close-on-exec and the caller's, as is the mapping. */
assay_status crumb_new(int *out_fd, struct crumb_page **out, struct error *err);

/* Maps the page behind a descriptor that was inherited. ASSAY_E_INVALID: it is none. */
assay_status crumb_map(int fd, struct crumb_page **out, struct error *err);
void crumb_unmap(struct crumb_page *page); /* NULL is fine */

/* NULL pages and NULL texts are fine: a program without a supervisor writes nothing. */
void crumb_phase(struct crumb_page *page, const char *name);
void crumb_operation(
    struct crumb_page *page, const char *instance, const char *plugin, const char *operation);
/* For a crash handler; the texts may be NULL when the thread served no plugin. */
void crumb_crash(struct crumb_page *page, int signal_number, const struct crumb_note *where);
/* The worker has written its verdict and is about to end with this exit code. */
void crumb_verdict(struct crumb_page *page, int exit_code);
void crumb_fill(
    struct crumb_note *note, const char *instance, const char *plugin, const char *operation);

void crumb_read(const struct crumb_page *page, struct crumb_report *out);

#endif

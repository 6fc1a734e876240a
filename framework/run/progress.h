/* What a person sees while a run goes on: one line per state on anything, and on a terminal a last
   line that is redrawn.

       12:00:03 deploy    5 nodes ready in 2.1s
       12:00:04 run       12s of 60s, height 9 to 10 on 5 nodes, transactions 58 accepted of 60

   Written to standard error. Redrawing needs a terminal (and no CI, TERM=dumb); otherwise the line
   is written anew every 10 s. Colour follows NO_COLOR, CLICOLOR_FORCE and TERM. One thread. */
#ifndef ASSAY_RUN_PROGRESS_H
#define ASSAY_RUN_PROGRESS_H

#include <stdbool.h>

#include "framework/host/host.h"

struct progress {
    int fd;
    bool is_quiet, is_live, has_colour;
    bool is_line_open; /* a redrawn line stands there and wants to be wiped */
    const char *state;
    assay_ns state_start, state_end; /* end: ASSAY_FOREVER when nobody knows */
    assay_ns last_plain;
};

void progress_init(struct progress *progress, int fd, bool is_quiet);

/* May text go out in colour on this descriptor? */
bool progress_wants_colour(int fd);

/* A state begins; `end` is when it is going to be over, or ASSAY_FOREVER. */
void progress_state(
    struct progress *progress, const struct host *host, const char *state, assay_ns end);

/* Something worth a line of its own. */
void progress_say(struct progress *progress, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* The redrawn line; call it about once a second. */
void progress_tick(struct progress *progress, const struct host *host);

/* Wipes the redrawn line, for others to print. */
void progress_clear(struct progress *progress);

#endif

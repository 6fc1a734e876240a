/* When one node was away: down because somebody wanted it, from the action that took it down until
   the one that brought it back. Only proven actions make an absence, so that nobody excuses a node
   for a fault that did nothing.

       absences_expect(&absences, asked_at);            an action is under way that may take it down
       absences_note(&absences, &receipt);              it is over
       ...
       absences_overlap(&absences, from, to)            how much of the span the node was away

   No lock of its own: the observation's guards it. */
#ifndef ASSAY_HOST_ABSENCE_H
#define ASSAY_HOST_ABSENCE_H

#include <stdbool.h>

#include <assay/plugin.h>

#include "framework/base/vec.h"

struct absence {
    assay_ns from, to; /* to ASSAY_FOREVER: it is still away */
};

struct absences {
    struct vec list;  /* struct absence, in order of time, none touching another */
    assay_ns pending; /* since when an action is under way; ASSAY_FOREVER: none is */
};

void absences_init(struct absences *absences);
void absences_done(struct absences *absences);

void absences_expect(struct absences *absences, assay_ns asked_at);

/* What came of the action. Without memory for it the node was not away: the strict way out. */
void absences_note(struct absences *absences, const assay_receipt *receipt);

/* May the node be found to have been away in [from, to), now or once the action under way is
   over? */
bool absences_may_touch(const struct absences *absences, assay_ns from, assay_ns to);

assay_ns absences_overlap(const struct absences *absences, assay_ns from, assay_ns to);

#endif

/* Replaying the undo part of a journal: the newest record first, each with a time limit.

   Used by the supervisor at the end of every run, by the front end when the supervisor died, and
   by `assay clean`. A record that fails does not keep the others from being replayed. */
#ifndef ASSAY_RUN_UNDO_H
#define ASSAY_RUN_UNDO_H

#include "framework/run/journal.h"

/* Of one command. Longer than a cluster is given to remove a namespace (120 s), so that the command
   says itself what it waited for. */
#define UNDO_LIMIT (150 * ASSAY_SECOND)

struct undo {
    const struct journal_content *journal;
    const char *const *environment; /* of the commands; NULL: the caller's */
    const char *output; /* file for what they print; NULL: kept for the complaint only */
    assay_ns limit;     /* of one command; 0: UNDO_LIMIT */
    /* What failed, in one line, with what the command printed last. May be NULL. */
    void (*complain)(void *context, const char *text);
    void *context;
};

/* Returns how many records failed; lines that could not be read count as one. */
size_t undo_replay(const struct undo *undo);

#endif

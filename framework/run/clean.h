/* `assay clean`: clears away what runs left behind whose supervisor and front end both died.

   Goes through the journals that nobody holds. For each it kills what is left of the run (by its
   control group, by the pids and start times in the journal, by the marker ASSAY_RUN_ID=<id> in
   the environment, and everything below those), runs the undo commands, newest first, and deletes
   the journal. A run that is alive is never touched, and neither is a journal from another machine
   or PID namespace, whose pids mean nothing here. */
#ifndef ASSAY_RUN_CLEAN_H
#define ASSAY_RUN_CLEAN_H

#include <stdbool.h>
#include <stddef.h>

#include "framework/base/error.h"

struct clean_options {
    const char *run_id;    /* this run alone; NULL: all */
    const char *directory; /* of journals; NULL: where they belong */
    bool is_dry;           /* only say what would be done */
    bool forgets;          /* delete the journal even if undoing failed */
};

enum clean_outcome {
    CLEAN_DONE,    /* cleared, or in a dry run: would be */
    CLEAN_ALIVE,   /* its supervisor lives; left alone */
    CLEAN_FOREIGN, /* of another machine or PID namespace; left alone */
    CLEAN_FAILED   /* something is left; the journal is kept */
};

struct clean_item {
    const char *run_id;        /* or the file's name when it could not be read */
    const char *run_directory; /* NULL when the journal could not be read */
    enum clean_outcome outcome;
    size_t processes; /* killed, or in a dry run: found */
    size_t undos;     /* commands run and directories removed, or to be */
    const char *why;  /* "" unless it failed or was left alone */
};

/* Calls report for each journal, in order of name. ASSAY_E_NOTFOUND: there is no journal of that
   run. ASSAY_E_INTERNAL: at least one failed. No journals at all are fine. */
assay_status run_clean(const struct clean_options *options,
    void (*report)(void *context, const struct clean_item *item), void *context, struct error *err);

#endif

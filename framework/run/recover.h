/* Clearing away a run whose supervisor is dead: by the front end, at once, or by `assay clean`.

   Everything of the run is found by what cannot be lost together: its control group, the pids with
   start times in its journal, the marker ASSAY_RUN_ID in the environment of its processes, and the
   process tree below all of those. The caller and the front end of the journal are never killed. */
#ifndef ASSAY_RUN_RECOVER_H
#define ASSAY_RUN_RECOVER_H

#include "framework/run/journal.h"

struct recover {
    const struct journal_content *journal;
    /* The caller has no children but the run's: all below it goes, marked or not. */
    bool owns_children;
    assay_ns limit;                                    /* for everybody to die; 0: RECOVER_LIMIT */
    void (*complain)(void *context, const char *text); /* one line each; may be NULL */
    void *context;
};

#define RECOVER_LIMIT (10 * ASSAY_SECOND)

/* How many processes of the run live. */
assay_status recover_count(const struct recover *recover, size_t *out, struct error *err);

/* Kills them all, and reaps those that are the caller's children. */
assay_status recover_kill(const struct recover *recover, size_t *out_killed, struct error *err);

/* Runs the undo commands, and removes the control group. Returns how much failed. */
size_t recover_undo(const struct recover *recover);

/* Do pids in the journal mean anything here and now? NATIVE: yes. REBOOTED: there can be no
   processes, but there may be things to undo. FOREIGN: hands off. */
enum recover_origin {
    RECOVER_NATIVE,
    RECOVER_REBOOTED,
    RECOVER_FOREIGN
};
enum recover_origin recover_origin(const struct journal_content *journal);

#endif

/* Ending processes that nobody waits for: find them in the process tree, kill them, find again.

   A cull looks at every process of the machine once and asks `judge` about it. The answer holds
   for its descendants too, unless the judge has an answer of its own for them. Who is condemned
   gets SIGKILL through a pidfd, after a second look at its start time, so that a pid which was
   used again in between harms nobody. Processes may start others meanwhile; so cull again until
   a round finds no one. Proof that nobody is left is not to be had from /proc, but a subreaper that
   culls what is below it can ask waitpid: ECHILD. */
#ifndef ASSAY_RUN_CULL_H
#define ASSAY_RUN_CULL_H

#include <stddef.h>

#include "framework/run/proc.h"

enum cull_answer {
    CULL_INHERIT, /* as its parent's descendants; spared when it has no parent in sight */
    CULL_KILL,    /* it and its descendants */
    CULL_SPARE,   /* neither it nor its descendants */
    CULL_BELOW    /* its descendants, not itself */
};

struct cull {
    enum cull_answer (*judge)(const void *context, const struct proc_entry *entry);
    const void *context;
};

enum {
    CULL_VICTIMS_MAX = 1 << 14 /* in one round; more wait for the next */
};

/* One round. `victims` (a vec of struct proc_entry, initialised by the caller, cleared here) gets
   who was found alive and condemned, also those that an earlier round has signalled and that
   have not died yet. Zombies do not count. The caller never condemns itself: its own process is
   always spared. */
assay_status cull_round(const struct cull *cull, struct vec *victims, struct error *err);

/* Finds without killing, for a dry run. */
assay_status cull_find(const struct cull *cull, struct vec *victims, struct error *err);

/* Rounds until two have found nobody, waiting for deaths in between and reaping victims that are the
   caller's children. *out_count gets how many different processes were killed (NULL: not wanted).
   ASSAY_E_TIMEOUT: some were still there at `deadline` (monotonic); the text names one. */
assay_status cull_all(
    const struct cull *cull, int64_t deadline, size_t *out_count, struct error *err);

#endif

/* assay.control/1: acting on nodes, with proof.

   An action is the deployer's to do; whether it took effect is for the host to say, which has the
   deployer inspect the node before, and after until the effect shows or time is up:

       START              it runs, and did not, or is another process than before
       STOP               it does not run any more
       KILL               a signal ended it, or another process runs in its place
       RESTART, REPLACE   it runs, as another process than before
       PAUSE              it runs, and the inspection's detail says "stopped" or "paused"
       RESUME             it runs, the detail said so before, and does not now

   Of links and limits a process says nothing: their receipts are unproven. Actions are carried out
   one at a time, since operations on the deployer must not overlap. Any thread. */
#ifndef ASSAY_HOST_CONTROL_H
#define ASSAY_HOST_CONTROL_H

#include <stdbool.h>

#include <assay/plugin.h>

struct control;

enum {
    RECEIPTS_MAX = 100000 /* one action a second for a day; 400 bytes each */
};

struct control *control_new(void);
void control_free(struct control *control);

/* What an inspection found. */
struct sighting {
    assay_process process;
    char detail[160];
    assay_status status; /* of the inspection; then the rest is zero */
};

/* Has the action taken effect, by the rules above? */
bool control_is_proven(uint32_t kind, const struct sighting *before, const struct sighting *after);

/* "pid 412 running since 3.1s, stopped". */
void control_describe(const struct sighting *sighting, char out[160]);

extern const assay_control control_table;

#endif

/* Transactions that are made before somebody asks for them.

   A Groth16 proof takes seconds, and a load is to be even: so while the network is followed, a few
   tasks make transactions out of every purse, side by side, up to AHEAD_MAX for each, and whoever
   asks for the next one gets the oldest. Where proofs are made in no time there are no such tasks, and
   the next transaction is made when it is asked for. */
#ifndef PLUGINS_SYSTEMS_NOMOS_AHEAD_H
#define PLUGINS_SYSTEMS_NOMOS_AHEAD_H

#include "plugins/systems/nomos/purse.h"

enum {
    AHEAD_WORKERS = 16, /* the host runs fewer programs at a time; the others stand in line */
    AHEAD_MAX = 64      /* of one purse: half a minute of the customary load */
};

/* Spawns the tasks, children of `task`; they end when they are cancelled, or when a transaction cannot
   be made (and whoever asks next is told why). */
assay_status ahead_start(struct nomos *self, assay_task *task);

/* The oldest that is ready, or NULL. The system's lock is held. */
struct assay_transaction *ahead_take(struct assay_purse *purse);

/* Frees what nobody asked for. Before purses_free. */
void ahead_done(struct nomos *self);

#endif

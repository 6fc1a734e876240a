/* What must be there before a node is started, looked at in plan, when nothing has been: programs that
   this machine can run and, for real nodes, circuits, KZG parameters and development proofs.

   A real node finds out late that one of them is missing, by a panic minutes into a run or by blocks
   that never come, and one at a time. Here everything is named at once, with what to do about it. */
#ifndef PLUGINS_SYSTEMS_NOMOS_PREFLIGHT_H
#define PLUGINS_SYSTEMS_NOMOS_PREFLIGHT_H

#include "plugins/systems/nomos/nomos.h"
#include "plugins/systems/nomos/problems.h"

/* Chooses the program of each role that has nodes, and says of each node whether it is a development
   node. Without a program, or with a bad one, adds to `problems`. Call first. */
assay_status preflight_programs(struct nomos *self, struct nomos_problems *problems);

/* When some node is a real one: finds circuits and KZG parameters (self->assets), checks them and
   POL_PROOF_DEV_MODE, adds to `problems` what is missing or of the wrong kind. Development nodes
   need none of it, so nothing is looked at for them, but for the circuits when proofs are to be
   made with them (self->proofs). */
void preflight_assets(struct nomos *self, struct nomos_problems *problems);

/* In render: gives a real node POL_PROOF_DEV_MODE, unless its own `env` has it. */
assay_status preflight_environment(struct nomos *self, uint32_t node);

#endif

/* Proofs that the owners of notes agree, as the network's nodes want them: development proofs, made
   here, or Groth16 proofs, made by outside programs (node contract 3.9).

   A Groth16 proof takes two commands and seconds of processor time, so proofs are made side by side,
   as many as there are processors, and kept for later runs under a name that says what was proved and
   by which circuits. A kept proof is used only when it is as it was kept. */
#ifndef PLUGINS_SYSTEMS_NOMOS_PROVER_H
#define PLUGINS_SYSTEMS_NOMOS_PROVER_H

#include "nomos/proof.h"
#include "plugins/systems/nomos/nomos.h"

/* What is to be proved and with which keys; borrowed. */
struct proof_wish {
    const char *what; /* "a transfer": for messages */
    const struct zk_statement *statement;
    const struct fr *secret_keys; /* of statement->owners, in the same order */
};

/* In plan: gets ready for the proofs that self->proofs wants. With Groth16 it reads the circuits'
   verifying key, which names them. Failures say what to do. */
assay_status prover_prepare(struct nomos *self, assay_task *task);

/* Any task of any instance. Fails with ASSAY_E_TIMEOUT when a program is not done within the option
   proof_patience, its turn included. */
assay_status prover_prove(
    struct nomos *self, assay_task *task, const struct proof_wish *wish, struct zk_proof *out);

/* Proves the declarations of a genesis transaction, side by side. `signing` and all it points to must
   live until prover_done: when this ends early, tasks may still be at it. */
assay_status prover_sign_genesis(
    struct nomos *self, assay_task *task, const struct genesis_signing *signing);

void prover_done(struct nomos *self);

#endif

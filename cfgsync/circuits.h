/* circuits.h - Groth16 proofs for the genesis transaction, by the programs of the circuits.
 *
 * Real nodes take no genesis without them (node contract 5.4: the server makes two for each node).
 * The programs run as children of this one, as many at a time as there are processors, each in a
 * directory of its own that only this user may enter and that is removed afterwards; nomos/zksign.h
 * says what they are given and what is taken from them. The call blocks until all are made, which
 * is fine for a server whose clients can do nothing before that either. Children that are not done
 * in time are killed, and when one fails or SIGTERM or SIGINT comes, so are the others: none is left.
 * Those signals take effect when the call returns. One thread. */
#ifndef CFGSYNC_CIRCUITS_H
#define CFGSYNC_CIRCUITS_H

#include "devnode/core/reason.h"
#include "nomos/genesis.h"

struct circuits {
    const char *directory;  /* $NOMOS_CIRCUITS */
    const char *scratch;    /* where directories are made: $TMPDIR, else /tmp */
    uint64_t patience_ns;   /* for each program */
    uint32_t processes_max; /* 0: as many as there are processors */
};

/* Makes and places the proof of every declaration. False and a reason that names the program. */
bool circuits_sign(const struct circuits *circuits, const struct wire *wire,
    const struct genesis_signing *signing, struct reason *why);

#endif

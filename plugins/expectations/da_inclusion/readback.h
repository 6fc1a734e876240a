/* Reading blobs back: a sample of those on the agreed chain is fetched again from nodes, put
   together, and compared with what was sent. What each node is to keep of them must be there, too:
   other nodes' columns may give the data all the same, and then the redundancy that was paid for is
   gone.

   One task at a time. */
#ifndef ASSAY_EXPECTATIONS_DA_INCLUSION_READBACK_H
#define ASSAY_EXPECTATIONS_DA_INCLUSION_READBACK_H

#include <assay/nomos_da.h>
#include <assay/sdk.h>

#include "plugins/expectations/inclusion/ledger.h"

struct readback {
    const assay_host *host;
    const assay_clock *clock;
    const assay_random *random;
    const assay_sign *sign;
    const nomos_da *da;
    const struct ledger *ledger; /* of blobs, read */
    const uint32_t *nodes;       /* that can be asked */
    const char *const *names;    /* of all nodes */
    uint32_t node_count;
    uint32_t nodes_max;   /* asked for each blob, unless that does not give the data; 0: all */
    uint64_t samples_max; /* blobs read; 0: none */
    double min_served;    /* share of the columns that nodes are to keep */
    assay_ns limit;       /* for everything */
};

/* Reads, and says what there is to say. Errors are those of services, explained. */
assay_status readback_judge(
    const struct readback *readback, assay_task *task, assay_findings *findings);

#endif

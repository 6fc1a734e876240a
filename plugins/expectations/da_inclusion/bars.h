/* The bars for one kind of message: how many of the plan are on the chain that all nodes agree on,
   and whether what a node accepted is there.

   The plan is what workloads reported, messages that were never sent included: a chain that stands
   still lowers no bar. One task at a time. */
#ifndef ASSAY_EXPECTATIONS_DA_INCLUSION_BARS_H
#define ASSAY_EXPECTATIONS_DA_INCLUSION_BARS_H

#include <assay/nomos_da.h>
#include <assay/sdk.h>

#include "plugins/expectations/inclusion/account.h"

struct bars {
    const char *kind;         /* NOMOS_DA_INSCRIPTION or NOMOS_DA_BLOB */
    double min_planned;       /* share of the plan that must be included */
    double min_included;      /* share of what was accepted */
    uint64_t depth_max;       /* heights without agreement beyond which there is no common chain */
    const char *const *names; /* of nodes */
    uint32_t node_count, reserved;
    struct ledger ledger;
    struct account account;
};

/* Takes the submissions that there are now; kind and names must be set. ASSAY_E_NOMEM,
   explained. */
assay_status bars_init(struct bars *bars, const assay_host *host);
void bars_done(struct bars *bars);

/* Planned, and on the agreed chain; whatever was answered. */
uint64_t bars_included(const struct bars *bars);
/* Is everything that was accepted on the agreed chain? */
uint32_t bars_is_complete(const struct bars *bars);

/* What there is to say; da names the channel of a message. */
void bars_judge(const struct bars *bars, const nomos_da *da, assay_findings *findings);

#endif

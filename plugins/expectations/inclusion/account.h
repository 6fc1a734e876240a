/* How the submissions stand at one moment, by a ledger: how many were accepted, are owed inclusion,
   have it, or could still have it; and how long it took. One task at a time. */
#ifndef ASSAY_EXPECTATIONS_INCLUSION_ACCOUNT_H
#define ASSAY_EXPECTATIONS_INCLUSION_ACCOUNT_H

#include "ledger.h"

/* By then a node has passed on what it accepted, unless it was taken down before. */
#define ACCOUNT_PASS_ON (2 * ASSAY_SECOND)

struct account {
    assay_ns due;                /* what was accepted up to here is owed inclusion */
    const uint8_t *is_node_seen; /* borrowed, for the counting */
    uint32_t node_count;
    uint32_t lost_by; /* the node that accepted first_lost */
    uint64_t submitted, accepted, refused, failed, missed;
    uint64_t young, young_included; /* accepted later than due: not owed yet */
    uint64_t owed;
    uint64_t included;  /* of those owed, on the agreed chain */
    uint64_t elsewhere; /* owed, and on blocks that only some nodes hold */
    uint64_t excused;   /* owed, on no chain, and who accepted them is not there to be asked */
    uint64_t cut_off;   /* owed, on no chain, and who accepted them was taken down right after */
    uint64_t abandoned; /* owed, on no chain, and once on a fork that was given up */
    uint64_t unsure_included, refused_included;
    uint64_t missed_away; /* missed while their node was down on purpose */
    uint64_t failed_away; /* not answered, likewise, and on no chain */
    uint64_t twice;       /* on the agreed chain more than once, whatever was answered */
    uint64_t lost;        /* owed, on no chain, and who accepted them is there and always was */
    uint64_t lost_alike;  /* of these, accepted by the node that accepted the first */
    size_t first_lost, first_twice; /* examples, by index; SIZE_MAX: none */
    assay_ns *latencies;            /* of those included, sorted, from planned to first seen */
};

/* Room for the ledger's submissions. ASSAY_E_NOMEM, explained. */
assay_status account_init(struct account *account, const struct ledger *ledger);
void account_done(struct account *account);

/* Counts afresh. is_node_seen has an entry for each node: can it be asked? */
assay_status account_count(struct account *account, const struct ledger *ledger,
    const uint8_t *is_node_seen, assay_ns due);

/* The q-quantile over `count` submissions of which the included ones are known, and the others took
   longer than anything: ASSAY_FOREVER when it is one of these. */
assay_ns account_latency(const struct account *account, uint64_t count, double q);

#endif

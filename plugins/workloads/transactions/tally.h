/* What becomes of the planned transactions: counts, measurements, the submissions that expectations
   judge, and the summary for a reader.

   Every planned transaction ends in exactly one of: accepted, refused, failed, missed. Used by one
   task at a time; holds no memory of its own. */
#ifndef ASSAY_WORKLOADS_TRANSACTIONS_TALLY_H
#define ASSAY_WORKLOADS_TRANSACTIONS_TALLY_H

#include <assay/plugin.h>

/* Why a planned transaction was never sent. */
enum miss {
    MISS_DRY,     /* no user had funds to spend by then */
    MISS_CROWDED, /* too many requests were unanswered */
    MISS_BEHIND,  /* the window closed before its turn came: making them takes too long */
    MISS_AWAY,    /* its node could not be connected to: the system says that nothing was sent */
    MISS_KINDS
};

struct tally {
    const assay_host *host;
    const assay_submissions *submissions;
    const assay_metrics *metrics;
    uint64_t offered; /* moments of the schedule that have come */
    uint64_t sent;    /* that left this machine */
    uint64_t outcomes[ASSAY_SUBMIT_MISSED + 1];
    uint64_t misses[MISS_KINDS];
    uint32_t outcome_metrics[ASSAY_SUBMIT_MISSED + 1];
    uint32_t sent_metric, lateness, response, service, making;
};

/* A planned transaction on its way. */
struct attempt {
    const char *id; /* NULL: none was made */
    assay_ns at;    /* planned */
    uint32_t node;  /* ASSAY_NO_NODE: none was chosen */
};

void tally_init(struct tally *tally, const assay_host *host);

/* A transaction has been made and signed, which took so long. */
void tally_made(struct tally *tally, assay_ns took);

/* It is handed over for sending. The status is what the host says to the report. */
assay_status tally_pending(struct tally *tally, const struct attempt *attempt);

/* It was answered, or failed. `outcome` is ASSAY_SUBMIT_...; sent is 0 when it never left. */
assay_status tally_settled(struct tally *tally, const struct attempt *attempt, uint32_t outcome,
    const assay_reply_info *reply);

/* It was not sent. */
assay_status tally_missed(struct tally *tally, const struct attempt *attempt, enum miss why);

/* The reason for most of the misses, in words, with what to do; for when nothing was sent. */
const char *tally_chief_reason(const struct tally *tally);

/* Logs one line on how the load was offered, and a warning with advice when it was not kept. */
void tally_summarise(const struct tally *tally);

#endif

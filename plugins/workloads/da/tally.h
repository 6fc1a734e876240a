/* What becomes of the planned messages: counts, measurements, the submissions that expectations
   judge, and the summary for a reader.

   Every planned message ends in exactly one of: accepted, refused, failed, missed. Used by one
   task; holds no memory of its own. */
#ifndef ASSAY_WORKLOADS_DA_TALLY_H
#define ASSAY_WORKLOADS_DA_TALLY_H

#include <assay/nomos_da.h>

enum message_kind {
    KIND_INSCRIPTION,
    KIND_BLOB,
    KIND_COUNT
};

/* A planned message at its end. */
struct ending {
    enum message_kind kind;
    const char *id;           /* "": it is not known */
    uint32_t channel, number; /* which one it was, for a name when there is no id */
    assay_ns at, sent, done;  /* planned; sent first; answered. 0: never */
    uint32_t node, outcome;   /* ASSAY_SUBMIT_... */
    uint64_t size;            /* bytes of its data */
};

struct tally {
    const assay_host *host;
    const assay_submissions *submissions;
    const assay_metrics *metrics;
    uint64_t planned[KIND_COUNT];
    uint64_t outcomes[KIND_COUNT][ASSAY_SUBMIT_MISSED + 1];
    uint64_t included[KIND_COUNT]; /* seen in some block */
    uint64_t requests;             /* that were sent, the same message again included */
    uint64_t again;                /* messages sent again since they were in no block for long */
    uint32_t outcome_metrics[KIND_COUNT][ASSAY_SUBMIT_MISSED + 1];
    uint32_t included_metrics[KIND_COUNT];
    uint32_t requests_metric, again_metric, bytes_metric, lateness, response, inclusion;
};

void tally_init(struct tally *tally, const assay_host *host);

/* A message goes out for the first time, so long after it was planned to. */
void tally_begun(struct tally *tally, assay_ns late);
/* A request was sent, and answered so much later (or its failure known). */
void tally_answered(struct tally *tally, assay_ns took);
/* A message that was accepted before is sent again. */
void tally_again(struct tally *tally);
/* A message was seen in a block, so long after it was accepted. */
void tally_included(struct tally *tally, enum message_kind kind, assay_ns after);
/* The status is what the host says to the report. */
assay_status tally_ended(struct tally *tally, const struct ending *ending);

/* Logs one line for each kind, and a warning when much of the plan was not kept. */
void tally_summarise(const struct tally *tally);

#endif

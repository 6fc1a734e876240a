/* Has the metrics store heard of every node lately?

   min(consensus_processed_blocks) is the least of those that are there: a node that died is not among
   them, and the number looks better for it. So a number that would please is believed only while the
   store has something fresh of each node, by the label `job`, which deployers set to the node's name and
   nodes that push their metrics name themselves by. */
#ifndef ASSAY_METRIC_PRESENCE_H
#define ASSAY_METRIC_PRESENCE_H

#include <assay/plugin.h>

enum {
    PRESENCE_PATTERN_SIZE =
        400, /* of nodes' names, which are their role and a number; roles are few */
    PRESENCE_QUERY_SIZE = PRESENCE_PATTERN_SIZE + 100
};

struct presence {
    const assay_metrics *metrics;
    uint32_t node_count, reserved;
    assay_ns age_max;
    char scraped[PRESENCE_QUERY_SIZE],
        pushed[PRESENCE_QUERY_SIZE]; /* queries for how many there are */
};

/* Writes the queries, once the nodes are known. ASSAY_E_INVALID: there are too many roles. */
assay_status presence_init(struct presence *presence, const assay_host *host, assay_ns age_max);

/* How many nodes the store has heard of; at least node_count when it is all. */
assay_status presence_ask(const struct presence *presence, assay_task *task, uint32_t *out);

#endif

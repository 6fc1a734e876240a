/* The workload at work: what its parts share.

     da.c         the plugin: plan, loop, end
     channel.c    one channel: how far it has come, and what follows
     sending.c    makes messages, chooses nodes, sends
     watching.c   finds messages in blocks, and blocks on chains
     tally.c      counts, measures, reports

   One per instance; one task at a time. */
#ifndef ASSAY_WORKLOADS_DA_LOAD_H
#define ASSAY_WORKLOADS_DA_LOAD_H

#include "channel.h"

struct da_options {
    int64_t channel_rate, blob_rate, headroom_percent, rounds, first_channel;
    assay_ns timeout, pause, patience;
};

struct load {
    const assay_host *host;
    const assay_clock *clock;
    const assay_http *http;
    const assay_blocks *blocks;
    const assay_nodes *nodes;
    const assay_random *random;
    const nomos_da *da;
    const struct da_options *options;
    struct tally tally;
    struct channel *channels;
    uint32_t channel_count, blobs; /* blobs of each channel */
    uint32_t node_count, disperser_count;
    uint32_t *nodes_ordered; /* executors first, then the others */
    uint32_t *orders;        /* of channel c at c * node_count: whom this round asks, in order */
    assay_ns patience;
    assay_calls *calls;
    assay_feed *feed;
    uint32_t in_flight, is_closing;
};

/* ---- sending.c ---- */

/* Puts the nodes in order, executors first. ASSAY_E_NOMEM, explained. */
assay_status load_order_nodes(struct load *load);

/* Makes the channel's current message unless it has been. */
assay_status load_make_message(struct load *load, assay_task *task, struct channel *channel);

/* Sends the channel's current message to the next node of its round. */
assay_status load_send(struct load *load, assay_task *task, struct channel *channel);

/* How many nodes a round asks. */
uint32_t load_target_count(const struct load *load, const struct channel *channel);

/* ---- watching.c ---- */

/* Begins again with an accepted message that is in no block. A block with one before it may have
   been given up since: then that goes out again first. */
assay_status load_send_again(struct load *load, struct channel *channel, assay_ns now);

/* Takes in the next block that any node adopts, until that moment. *is_one: there was one. */
assay_status load_take_block(struct load *load, assay_task *task, assay_ns until, uint32_t *is_one);

#endif

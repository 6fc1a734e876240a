/* What the system saw of the nodes: their chains, their blocks, their state.

   The system's followers fill it through assay.observe/1; plugins read it through assay.blocks/1
   (blocks.c) and assay.nodes/1 (nodes.c). One lock guards all; everything under it is short but for
   publishing long chains. */
#ifndef ASSAY_HOST_OBSERVE_H
#define ASSAY_HOST_OBSERVE_H

#include <pthread.h>

#include "framework/host/absence.h"
#include "framework/host/chain.h"

struct feed;
struct host;
struct observation;

enum {
    CLAIM_SECONDS =
        5,            /* how long others wait for who claimed a block: a fetch takes milliseconds */
    RECENT_BLOCKS = 4 /* whose lists stay expanded, since every reader is about to ask for them */
};

/* What is known of one node. */
struct node_view {
    assay_node_status status; /* struct_size unused */
    uint64_t observations, failures;
    assay_ns blind_longest; /* between successes, inside the window */
    assay_ns seen_at;       /* of the latest success; -1: never */
    struct absences absences;
    /* The longest time out of sight in which the node surely was not away, and, longer than that,
       the times of which it takes the receipts to tell. */
    assay_ns blind_unasked;
    struct vec gaps; /* struct absence */
};

struct observation {
    struct host *host;
    pthread_mutex_t lock; /* guards everything */
    struct chain chain;
    struct node_view *nodes;
    uint32_t node_count;
    struct feed *feeds;                 /* all subscriptions; blocks.c */
    struct body *recent[RECENT_BLOCKS]; /* held; the oldest at recent_next */
    unsigned recent_next;
};

struct observation *observation_new(struct host *host);
void observation_free(struct observation *observation);

/* Node control: an action on the node begins, and is over. */
void observation_expect_absence(struct observation *observation, uint32_t node, assay_ns asked_at);
void observation_note_receipt(struct observation *observation, const assay_receipt *receipt);

/* assay_receipts.away. */
assay_ns observation_away(
    struct observation *observation, uint32_t node, const struct absence *span);

extern const assay_observe observe_table;

#endif

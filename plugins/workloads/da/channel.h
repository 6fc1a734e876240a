/* A channel: messages that are planned, and how far the channel has come with them.

   A message goes out when its moment has come and the one before it is in a block: first the
   channel's inscription, then its blobs. This file decides what is to be done next and has no
   clock, network or chance of its own; da.c does it. Owns its messages. One task at a time. */
#ifndef ASSAY_WORKLOADS_DA_CHANNEL_H
#define ASSAY_WORKLOADS_DA_CHANNEL_H

#include "tally.h"

/* Messages kept, so that they can be sent again when blocks that had them are given up: deeper than
   any network under test reorganises. */
#define CHANNEL_KEPT 64u

#define CHANNEL_ID_SIZE 65u /* 64 digits */

enum phase {
    PHASE_DUE,   /* the current step waits for its moment, `until` */
    PHASE_SEND,  /* it is to be sent to the next node */
    PHASE_ASKED, /* a node has it and has not answered */
    PHASE_PAUSE, /* every node was asked; `until` the next round */
    PHASE_CHAIN, /* a node took it; `until` it is in a block, or sent again */
    PHASE_DONE
};

struct step {
    nomos_da_message *message;
    assay_ns at;                     /* planned */
    assay_ns sent, done;             /* first sent; answered; 0: not yet */
    uint32_t node;                   /* that answered */
    uint32_t outcome;                /* the weightiest answer so far; PENDING: none */
    uint8_t is_begun, is_ended;      /* was ever sent; its end was told to the tally */
    uint8_t is_included, is_skipped; /* seen in a block; given up, so that it is no parent */
    char id[ASSAY_ID_MAX];           /* "" while it is not known */
    char block[ASSAY_ID_MAX];        /* that was seen to have it last; "" none */
};

struct channel {
    const nomos_da *da;
    struct tally *tally;
    struct step *steps;
    uint32_t index, count, current;
    uint32_t round, target; /* of the current step */
    uint32_t released;      /* steps before this one have given their message back */
    enum phase phase;
    assay_ns until; /* in PHASE_DUE, PHASE_PAUSE, PHASE_CHAIN */
    char id[CHANNEL_ID_SIZE];
};

/* The channel's id: the contract's "chn_wrkd", zeros, its number; in hexadecimal. */
void channel_name(uint64_t number, char out[CHANNEL_ID_SIZE]);
/* The number behind such an id; UINT64_MAX for another. */
uint64_t channel_number(const char *id);

/* Room for so many messages, which all wait for moment 0: set steps[].at. ASSAY_E_NOMEM. */
assay_status channel_init(struct channel *channel, const nomos_da *da, struct tally *tally,
    uint64_t number, uint32_t messages);
void channel_done(struct channel *channel);

static inline struct step *channel_step(struct channel *channel)
{
    return &channel->steps[channel->current];
}

/* A channel begins with an inscription. */
static inline enum message_kind channel_kind(uint32_t step)
{
    return step == 0 ? KIND_INSCRIPTION : KIND_BLOB;
}

/* The step that the current one follows, or NULL: one that was given up is nobody's parent. */
struct step *channel_before(struct channel *channel);

/* The id of the message that the current one follows; "" for the channel's first. */
const char *channel_parent(struct channel *channel);

/* How the channel moves. What is answered comes to `outcome`; the times are the caller's. */

/* The current step, which has its message, goes out to the first node of a first round. */
void channel_begin(struct channel *channel, assay_ns now);

struct channel_limits {
    assay_ns pause, patience; /* between rounds; until an accepted message is sent again */
    uint32_t rounds;
    uint32_t target_count; /* nodes asked in a round */
    uint32_t is_closing;   /* the window is over: nothing new goes out */
};

/* A node has answered, or failed to. */
assay_status channel_answered(struct channel *channel, const assay_reply_info *reply,
    const struct channel_limits *limits, assay_ns now);

/* Goes back to the message before the current one, since the block that had it is on no chain any
   more. False when there is none to go back to. */
uint32_t channel_go_back(struct channel *channel);

/* A message of this channel was seen in a block. */
assay_status channel_seen(struct channel *channel, const nomos_da_record *record, const char *id,
    const char *block, assay_ns now);

/* The window is over: what has not gone out is missed. */
assay_status channel_close(struct channel *channel);

/* It is all over: tells the end of everything that has none yet. */
assay_status channel_end(struct channel *channel, assay_ns now);

#endif

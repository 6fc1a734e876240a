/* da_limits.h - every limit of the node's data availability, with its reason (as limits.h). */
#ifndef DEVNODE_CORE_DA_LIMITS_H
#define DEVNODE_CORE_DA_LIMITS_H

#include "devnode/core/limits.h"
#include "nomos/da_code.h"

/* Providers of a network; a hub of a star of 1,000 nodes serves four times as many. */
#define DA_MEMBERS_MAX 4096u
/* Subnetworks; there is one for each node in local networks (node contract 5.3). */
#define DA_SUBNETS_MAX 4096u
/* Members of one subnetwork: tests have two, and each of them costs a copy of every column. */
#define DA_REPLICATION_MAX 64u

/* A transaction that travels with a column. One with a blob has about 400 bytes; this leaves room
   for other operations beside it. */
#define DA_TX_BYTES_MAX 65536u
/* One message between nodes: the largest column (one element for each row), its proof, and the
   transaction, with room to spare. */
#define DA_MESSAGE_BYTES_MAX (DA_ROWS_MAX * DA_ELEMENT_SIZE + DA_TX_BYTES_MAX + 4096u)

/* Connections at once: every member that samples from us, and as many again while they change. */
#define DA_LINKS_MAX (2u * DA_MEMBERS_MAX)
/* Peer ids that were blocked; a test blocks a few. */
#define DA_BLOCKED_MAX 4096u

/* Dispersals under way in one executor. Each holds about three times its data. */
#define DA_DISPERSALS_MAX 256u
/* Blobs whose columns arrive or arrived, until prune_duration after the first: 30 s at 200 blobs a
   second, and more. Beyond, those that are published are forgotten earlier. */
#define DA_ENTRIES_MAX 8192u
/* Blobs that are being sampled: all that wait in a mempool of blobs, and those of blocks. */
#define DA_JOBS_MAX 8192u
/* Columns that were asked for because a member of our subnetwork offered them. */
#define DA_WISHES_MAX 4096u
/* Blobs that were sampled and are remembered; 60 s at 200 a second. The oldest go first. */
#define DA_SAMPLED_MAX 16384u

/* How long a connection may take to be made, when somebody waits for it. */
#define DA_CONNECT_LIMIT_NS 1000000000u
/* How long a peer may take to answer. Nodes of one machine take a millisecond; a busy machine under
   a sanitizer takes a hundred times that. */
#define DA_ANSWER_LIMIT_NS 2000000000u
/* The pause before dialling again doubles from the first to the second. */
#define DA_DIAL_PAUSE_MIN_NS 10000000u
#define DA_DIAL_PAUSE_MAX_NS 2000000000u
/* A column is offered to the rest of its subnetwork when the executor has had so long to send it
   there itself. */
#define DA_OFFER_DELAY_NS 300000000u
/* The pause between rounds of sampling doubles from the first to the second. */
#define DA_SAMPLE_PAUSE_MIN_NS 100000000u
#define DA_SAMPLE_PAUSE_MAX_NS 2000000000u
/* A column of ours that is missing when its blob is in a block is fetched when the subnetwork has
   had so long to bring it. */
#define DA_REPAIR_DELAY_NS 2000000000u
/* Rounds of asking all other members for it. */
#define DA_REPAIR_ROUNDS 6u

#endif

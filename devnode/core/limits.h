/* limits.h - every limit of the node's state machine, with its reason.
 *
 * What outside data can make the node keep or do is bounded by one of these. The limits of the
 * configuration file are in shell/config.h and shell/yaml_tree.h. */
#ifndef DEVNODE_CORE_LIMITS_H
#define DEVNODE_CORE_LIMITS_H

#include "nomos/block.h"

/* Inputs, and outputs, of one transaction. The node's own encoding can be read back up to 255;
   four times that leaves room for tests that split a note among many wallets, while the check
   for doubled inputs, which compares all pairs, stays below a millisecond. */
#define TX_NOTES_MAX 1024u

/* One transaction in its binary form. An HTTP body of 10 MiB cannot carry more: JSON spends at
   least two bytes on each byte of an inscription. */
#define TX_BYTES_MAX (5u << 20)

/* All transactions of a block together. 1,024 transfers take about 450 KiB. */
#define BLOCK_BYTES_MAX (8u << 20)

/* One message between nodes: a block and its header, with room to spare. */
#define MESSAGE_BYTES_MAX (BLOCK_BYTES_MAX + (1u << 20))

/* Transactions waiting, and the memory for them. A hundred full blocks: beyond that, a client that
   sends faster than blocks take must learn so from the answer. */
#define MEMPOOL_TXS_MAX   (100u * BLOCK_TXS_MAX)
#define MEMPOOL_BYTES_MAX (256u << 20)

/* Connections at once. A hub of a star of 1,000 nodes has 999. */
#define LINKS_MAX 4096u

/* Ids in one answer about the chain, on HTTP (the contract's number) and between nodes. */
#define HEADERS_MAX 512u

/* Blocks asked for at once while catching up: enough to keep a link busy, few enough that their
   bytes fit the sender's output buffer. */
#define BLOCKS_ASKED_MAX 16u

/* Blocks that wait for their blobs to be sampled, and their bytes: two windows of the above. While
   half of them are taken, no more are asked for. */
#define PARKED_BLOCKS_MAX 64u
#define PARKED_BYTES_MAX  (4u * BLOCK_BYTES_MAX)
/* A block that was parked so lately, or within the slot, is hoped for before proposing. */
#define PARKED_HOPE_NS 500000000u

/* Places in a locator: the last ten heights, then doubling steps. 64 reach the beginning of any
 * chain. */
#define LOCATOR_PLACES_MAX 64u

/* How far ahead of the own clock a block's slot may be. Nodes read their start time once each, a
   few milliseconds apart, and the shortest slots in use are 50 ms. */
#define SLOTS_AHEAD_MAX 2u

/* Others that a peer is told of when it connects; it needs a few. */
#define CONTACTS_MAX 16u

/* Keys of one channel; the record is copied at each change. */
#define CHANNEL_KEYS_MAX 1024u

/* Locators of one declaration (the count is one byte in the wire form). */
#define DECLARATION_LOCATORS_MAX 255u

/* How long one peer may take to send a block before another that has it is asked, too. */
#define FETCH_RETRY_NS 300000000u
/* How long a peer may make no progress while we catch up from it. */
#define CATCH_UP_STALL_NS 2000000000u
/* How long a connection may take to say who it is. */
#define HELLO_LIMIT_NS 5000000000u

/* Waiting transactions that a newly connected peer is told about. Older ones reach it in blocks. */
#define GREETING_TXS_MAX 4096u

#endif

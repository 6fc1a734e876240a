/* node.h - the development node as a state machine.
 *
 * It does no I/O, reads no clock and draws no random numbers: what goes in (time, messages of
 * peers, transactions) decides what comes out (messages, blocks to keep, log lines), so a test can
 * run a hundred of them in one process and get the same run twice. The shell around it does the I/O
 * (devnode/shell). All calls of one node are made by one thread, none from within a callback of the
 * same node, except where it says so. Times are nanoseconds since 1970 and must not go backwards.
 *
 *     struct node *node = node_new(&params, &host, store, &why);
 *     node_tick(node, now);                  at node_next_wake() and whenever time passed
 *     struct peer *peer = node_link_up(node, link, ip, now);  a connection to someone
 *     node_receive(node, peer, bytes, size, now);             what they say
 *     node_submit(node, &signed_tx, now, &why);               what a client wants
 *     node_free(node);
 */
#ifndef DEVNODE_CORE_NODE_H
#define DEVNODE_CORE_NODE_H

#include "devnode/core/chain.h"
#include "devnode/core/gossip.h"
#include "devnode/core/ledger.h"
#include "devnode/core/limits.h"
#include "devnode/core/misbehave.h"
#include "devnode/core/reason.h"
#include "devnode/core/store.h"
#include "nomos/lottery.h"

struct node;
struct peer; /* a connection, as the node sees it */

enum node_level {
    NODE_ERROR = 0,
    NODE_WARN,
    NODE_INFO,
    NODE_DEBUG,
};

struct node_params {
    const struct wire_revision *revision;
    const struct zk_scheme *scheme;
    uint64_t chain_start_ns;
    uint64_t slot_duration_ns;
    uint64_t bootstrap_ns; /* after its first tick the node is bootstrapping for so long */
    /* Nodes whose mempools differ would build different blocks for one slot, and two branches
     * may then grow side by side. So each proposes at a moment of its own within this part of
     * the slot (decided by its identity and the slot), and not at all once it has a block of the
     * slot. Zero: all propose as the slot begins. */
    uint64_t propose_window_ns;
    /* A node that was told of peers proposes nothing before it has caught up with one of them, for
     * at most so long; zero: it does not wait. */
    uint64_t peer_wait_ns;
    /* A block whose slot is longer ago than this is taken without sampling its blobs: its data was
     * there when it was new, or it would not be in the chain, and need not be there for ever. */
    uint64_t blob_validity_ns;
    struct epoch_config epochs;
    uint64_t lock_period[2];     /* as in struct ledger_rules */
    struct bytes32 identity;     /* Ed25519 seed: who the node is to its peers */
    struct bytes32 chance;       /* seed of all that is to be unpredictable to others */
    struct fr leader_key;        /* secret */
    const struct fr *known_keys; /* public keys whose notes take part in the lottery; copied */
    size_t known_key_count;
    const struct signed_tx *genesis; /* borrowed during node_new() */
};

/* What the node wants done. Every function gets `self`; NULL functions are not called. They may
 * not call back into the node but for the queries at the end of this file. */
struct node_host {
    void *self;
    /* Sends a whole message; borrowed. `link` is what node_link_up() got. */
    void (*send)(void *self, void *link, const uint8_t *message, size_t size);
    /* Closes a connection; the peer is gone, node_link_down() must not be called for it. */
    void (*hang_up)(void *self, void *link, const char *why);
    void (*log)(void *self, enum node_level level, const char *text);
    /* A block joined the tree; its transactions are there to be read. */
    void (*block_added)(void *self, const struct chain_block *block);
    /* The last irreversible block moved. */
    void (*lib_moved)(void *self, uint64_t height, const struct bytes32 *id);
    /* Somebody whom the node is not connected to, or not any more, listens there. Whether to dial is
     * the host's to decide; so nodes find one another although they were told of one only. */
    void (*discovered)(void *self, const struct gossip_address *address);
    /* Whether a blob's data was sampled, so that a block may carry it. NULL: the node has no data
     * availability, and no blob ever was. */
    bool (*blob_is_sampled)(void *self, const struct bytes32 *blob);
    /* A transaction or a block waits for this blob to be sampled; node_blobs_sampled() is to be
     * called when it was. Called again and again for the same blob. */
    void (*blob_wanted)(void *self, const struct bytes32 *blob);
    /* Whether nothing can be sampled at present, for want of anybody to ask. A node whose blocks wait
     * for that does not propose: it would make a chain of its own, and end it for good by its k-th
     * block. NULL: never. */
    bool (*is_cut_off)(void *self);
};

/* Makes a node at its genesis. NULL and a reason when the parameters or the genesis transaction are
 * not valid. `host` is copied, `store` must outlive the node. */
struct node *node_new(const struct node_params *params, const struct node_host *host,
    const struct store *store, struct reason *why);
void node_free(struct node *node);

/* Takes a block out of the own store, before the first tick; blocks come in the order in which
 * they were put. `final_height` is the height that was final when the store was left: it stays
 * so. A block of a branch that was given up is passed over. False and a reason when a block is
 * not valid. */
bool node_restore(struct node *node, const uint8_t *bytes, size_t size, uint64_t final_height,
    struct reason *why);

void node_tick(struct node *node, uint64_t now_ns);
/* When node_tick() has something to do next. Never more than a slot away once the chain began. */
uint64_t node_next_wake(const struct node *node, uint64_t now_ns);

/* The port that peers are told to find the node at; zero, as at first: none. */
void node_set_listen_port(struct node *node, uint16_t port);

/* `ip` is the other side's IPv6 (or mapped IPv4) address, NULL when it has none. */
struct peer *node_link_up(struct node *node, void *link, const uint8_t ip[16], uint64_t now_ns);
void node_link_down(struct node *node, struct peer *peer);
/* After a malformed or dishonest message the peer was hung up on. */
void node_receive(
    struct node *node, struct peer *peer, const uint8_t *message, size_t size, uint64_t now_ns);

enum node_submission {
    SUBMIT_ACCEPTED = 0,
    SUBMIT_INVALID,   /* an operation's signature does not hold: HTTP 422 */
    SUBMIT_DUPLICATE, /* waiting already or in a block: HTTP 500 */
    SUBMIT_REFUSED,   /* the mempool is full, or the transaction exceeds a limit: HTTP 500 */
};
/* Takes over *signed_tx, whatever the answer. */
enum node_submission node_submit(
    struct node *node, struct signed_tx *signed_tx, uint64_t now_ns, struct reason *why);

/* Puts a transaction that comes from data availability, in TX_FORM_STORE, into the mempool and
 * passes it on. One that is known already, or not valid, is passed over. */
void node_publish(struct node *node, const uint8_t *bytes, size_t size, uint64_t now_ns);
/* Blobs were sampled since the last call: takes the blocks that waited for them. */
void node_blobs_sampled(struct node *node, uint64_t now_ns);

/* The switches, to be read and changed at any time; after a change call
 * node_misbehaviour_changed(). */
struct misbehaviours *node_misbehaviours(struct node *node);
void node_misbehaviour_changed(struct node *node, uint64_t now_ns);

/* --- queries: change nothing that others can see ---------------------------------------------- */

/* What the node serves: its chain, or with MISBEHAVE_FORK the one it made up. */
struct node_info {
    struct bytes32 lib;
    struct bytes32 tip;
    uint64_t slot;
    uint64_t height;
    uint64_t lib_height;
    bool is_online;
};
struct node_info node_info(struct node *node);

/* Ids from `from` (NULL: the tip) down to `to` (NULL: the LIB), both included, at most HEADERS_MAX
 * and never below the LIB. Answers how many; zero for an unknown `from`. */
size_t node_headers(struct node *node, const struct bytes32 *from, const struct bytes32 *to,
    struct bytes32 out[HEADERS_MAX]);

/* A block by its id; false when the node does not have it (the genesis block is never kept). Free
 * with block_done(). */
bool node_block(struct node *node, const struct bytes32 *id, struct block *out);

/* The served block at a height of the chosen branch. */
bool node_block_at(struct node *node, uint64_t height, struct bytes32 *out_id, struct block *out);

enum node_tx_state {
    TX_UNKNOWN = 0,
    TX_PENDING,
    TX_IN_BLOCK,
};
/* Of a transaction on the chosen branch; *out_block is set when it is in a block. */
enum node_tx_state node_tx_state(
    struct node *node, const struct bytes32 *tx_id, struct bytes32 *out_block);

struct node_counts {
    size_t pending;
    uint64_t last_pending_ns; /* when the last transaction was added; zero: never */
    size_t peers;             /* distinct */
    size_t connections;
    size_t connections_pending;
    uint64_t blocks_processed;
    uint64_t transactions_processed; /* in those blocks */
    uint64_t blocks_proposed;
    uint64_t blocks_refused;
    uint64_t reorganisations;
    uint64_t transactions_dropped; /* refused while a block was assembled */
    size_t blocks_waiting;         /* for blobs to be sampled */
};
struct node_counts node_counts(const struct node *node);

/* The sum of a key's notes after block `tip` (NULL: the tip). False when the key is none of the
 * node's, or the block is not in the tree. */
bool node_balance(struct node *node, const struct fr *pk, const struct bytes32 *tip,
    struct ledger_balance *out, struct bytes32 *out_tip);

/* Free with sdp_declarations_free(). */
struct sdp_declaration *node_declarations(const struct node *node, size_t *out_count);

const struct bytes32 *node_public_key(const struct node *node);
const struct bytes32 *node_genesis_id(const struct node *node);
const struct wire *node_wire(const struct node *node);
uint64_t node_slot_at(const struct node *node, uint64_t now_ns);

#endif

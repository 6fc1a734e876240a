/* node_parts.h - the inside of a node, shared by the files that make it up.
 *
 *     node.c          its life, time, transactions
 *     node_blocks.c   taking blocks, making them, moving tip and LIB
 *     node_peers.c    connections and messages
 *     node_fetch.c    getting blocks from peers
 *     node_blobs.c    blocks that wait for their blobs to be sampled
 *     node_query.c    what it serves
 *     forgery.c       the made-up chain of MISBEHAVE_FORK
 *
 * Not for others: include node.h. */
#ifndef DEVNODE_CORE_NODE_PARTS_H
#define DEVNODE_CORE_NODE_PARTS_H

#include "devnode/core/gossip.h"
#include "devnode/core/leader.h"
#include "devnode/core/limits.h"
#include "devnode/core/mempool.h"
#include "devnode/core/node.h"
#include "nomos/keys.h"

/* Digests of transactions seen lately, so that gossip stops. A direct-mapped cache: what falls out
 * may be passed on once more, no worse. */
#define SEEN_TXS 65536u

enum fetch_phase {
    FETCH_IDLE = 0,
    FETCH_CHAIN,  /* asked which blocks we lack */
    FETCH_BLOCKS, /* asked for blocks */
};

/* Getting blocks from one peer. */
struct fetch {
    enum fetch_phase phase;
    struct bytes32 *ids; /* in order, parents first */
    size_t count;
    size_t asked;   /* of these */
    size_t arrived; /* of these */
    uint64_t progress_ns;
};

struct peer {
    void *link;
    uint64_t since_ns;
    struct bytes32 challenge; /* ours to them */
    struct hello hello;
    bool has_hello;
    bool is_proved;    /* they are who they say */
    bool is_spare;     /* another connection to the same peer carries our gossip */
    bool has_diverged; /* their chain left ours below our LIB */
    bool has_stalled;  /* they did not deliver in time; over when they say anything */
    bool has_tip;
    struct gossip_tip tip;         /* theirs, as they last said */
    struct bytes32 told;           /* the tip that they know we have */
    struct gossip_address address; /* where they listen; port zero: unknown */
    struct fetch fetch;
};

/* A block asked for and not yet there. */
struct asked {
    struct peer *peer;
    uint64_t at_ns;
};

/* A block that waits for blobs to be sampled, or for a block that does. */
struct parked {
    struct parked *next; /* came later */
    struct bytes32 id;
    struct bytes32 parent;
    uint64_t since_ns;
    struct bytes32 *blobs; /* all that it needs */
    size_t blob_count;
    size_t size;
    uint8_t bytes[];
};

/* The chain of MISBEHAVE_FORK: ids by height, from `first` on. */
struct forgery {
    uint64_t first;
    struct bytes32 *ids;
    size_t count;
    size_t room;
    bool is_on;
};

struct node {
    struct node_params params; /* genesis is NULL after node_new() */
    struct node_host host;
    struct store store;
    struct wire wire;
    struct ledger_rules rules;
    struct ed25519_key identity;
    struct ed25519_key block_key; /* every leader of this revision signs with the zero-seed key */
    struct fr *known_keys;
    struct bytes32 genesis_id;

    struct chain chain;
    struct leader leader;
    struct mempool mempool;
    struct table known_txs; /* digest to transaction: those in blocks of the tree */
    struct table tx_blocks; /* transaction id to block: those of the chosen branch above the LIB */
    uint64_t *seen_txs;
    uint64_t final_height; /* of the store, while restoring */

    struct peer **peers;
    size_t peer_count;
    size_t peer_room;
    struct table asked;       /* block id to struct asked */
    struct peer *catching_up; /* the one peer that we ask for a chain; NULL: none */
    bool has_met_a_peer;      /* caught up with one at least once */
    uint64_t challenge_count;
    uint16_t listen_port;

    struct parked *parked; /* oldest first */
    size_t parked_count;
    size_t parked_bytes;

    uint64_t now_ns;
    uint64_t started_ns; /* first tick */
    bool is_started;
    bool has_attempted; /* some slot */
    uint64_t attempted_slot;

    struct misbehaviours misbehaviours;
    struct forgery forgery;
    struct node_counts counts;
};

/* --- node.c ----------------------------------------------------------------------------------- */
void node_log(struct node *node, enum node_level level, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* Adds to the mempool what is in no block of the chosen branch. False and a reason when full. */
bool node_pool(struct node *node, struct transaction *tx, struct reason *why);
bool node_has_tx(const struct node *node, const struct bytes32 *tx_id);
/* Whether the digest was seen lately; remembers it. */
bool node_saw_tx(struct node *node, const struct bytes32 *digest);

/* --- node_blocks.c ---------------------------------------------------------------------------- */
enum block_result {
    BLOCK_ADDED = 0,
    BLOCK_KNOWN,
    BLOCK_ORPHAN,    /* its parent is not in the tree */
    BLOCK_TOO_OLD,   /* it forks off below the LIB */
    BLOCK_TOO_EARLY, /* its slot lies ahead */
    BLOCK_WAITS,     /* for blobs to be sampled: it is parked */
    BLOCK_INVALID,
};
/* Takes a block, and moves tip and LIB when they should. *out_id is set unless the bytes are no
 * block (BLOCK_INVALID with an id of zeros). */
enum block_result node_take_block(struct node *node, const uint8_t *bytes, size_t size,
    struct bytes32 *out_id, struct reason *why);
void node_propose(struct node *node, uint64_t slot);
/* Moves the LIB to where it belongs. */
void node_move_lib(struct node *node);

/* --- node_blobs.c ----------------------------------------------------------------------------- */
/* Whether all blobs of a transaction were sampled; asks for those that were not. */
bool node_has_blobs_of(struct node *node, const struct mantle_tx *tx);
/* The same for a block; true when it is too old to ask. */
bool node_has_blobs(struct node *node, const struct block *block);
/* Keeps the block until it can be taken; BLOCK_WAITS, or BLOCK_TOO_EARLY when there is no room. */
enum block_result node_park(struct node *node, const struct block *block, const struct bytes32 *id,
    const struct gossip_body *body);
bool node_is_parked(const struct node *node, const struct bytes32 *id);
/* Whether a block is likely to be taken soon. */
bool node_hopes_for_parked(const struct node *node);
/* Whether so many wait that no more should be asked for. */
bool node_has_many_parked(const struct node *node);
/* Gives up on those that have waited for too long. */
void node_check_parked(struct node *node);
void node_parked_done(struct node *node);

/* --- node_peers.c ----------------------------------------------------------------------------- */
bool node_is_deaf(const struct node *node);
void peer_send(struct node *node, struct peer *peer, const struct gossip_message *message);
void peer_hang_up(struct node *node, struct peer *peer, const char *why);
/* Tells everyone who does not know it yet where our chain ends. */
void node_announce_tip(struct node *node);
void node_pass_on_tx(struct node *node, const struct transaction *tx, const struct peer *from);
/* Hangs up on those who do not say who they are. */
void node_check_hellos(struct node *node);

/* --- node_fetch.c ----------------------------------------------------------------------------- */
/* Starts getting the peer's chain, when it is better than ours and nobody else is at it. */
void fetch_consider(struct node *node, struct peer *peer);
void fetch_consider_all(struct node *node);
void fetch_took_block(
    struct node *node, struct peer *peer, const struct bytes32 *id, enum block_result result);
void fetch_took_chain(struct node *node, struct peer *peer, const struct gossip_ids *ids);
void fetch_refused(struct node *node, struct peer *peer, const struct bytes32 *id);
/* Forgets what was asked of a peer. */
void fetch_stop(struct node *node, struct peer *peer);
/* Gives up on those who make no progress. */
void fetch_check_stalls(struct node *node);

/* --- forgery.c -------------------------------------------------------------------------------- */
/* Brings the made-up chain up to the tip; turns it on and off as the switch says. */
void forgery_update(struct node *node);
/* The chosen branch gave up the blocks above `height`. */
void forgery_undo(struct node *node, uint64_t height);
/* The made-up id at a height; false when the honest one is served there. */
bool forgery_id_at(const struct node *node, uint64_t height, struct bytes32 *out_id);
bool forgery_height_of(const struct node *node, const struct bytes32 *id, uint64_t *out_height);
/* Turns the honest block of `height` into the made-up one. */
void forgery_apply(const struct node *node, uint64_t height, struct block *block);
void forgery_done(struct forgery *forgery);

/* --- node_query.c ----------------------------------------------------------------------------- */
/* The honest id at a height of the chosen branch, from the tree or the store. */
bool node_id_at(struct node *node, uint64_t height, struct bytes32 *out_id);
/* An honest block from the store. */
bool node_load_block(struct node *node, const struct bytes32 *id, struct block *out);

#endif

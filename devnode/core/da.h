/* da.h - a node's part in data availability, as a state machine beside the node's own (node.h).
 *
 * It knows the members and their subnetworks, keeps connections to those it needs, spreads data
 * (executors), takes, keeps and passes on columns (all members), and samples: asks others for
 * columns of a blob to see that its data is there. As node.h: no I/O, no clock, no chance; one thread;
 * calls back through struct da_host, from where only queries may be called.
 *
 * It and the node touch at few places, which whoever owns both joins (shell/da_shell.c, and the
 * tests' world):
 *
 *     struct node_host blob_is_sampled   <- da_is_sampled()
 *     struct node_host is_cut_off        <- da_is_cut_off()
 *     struct node_host blob_wanted       -> da_want()
 *     struct da_host   publish           -> node_take_tx()
 *     struct da_host   sampled           -> node_blobs_sampled()
 *
 * docs/devnode.md tells the story of a blob. */
#ifndef DEVNODE_CORE_DA_H
#define DEVNODE_CORE_DA_H

#include "devnode/core/da_membership.h"
#include "devnode/core/da_monitor.h"
#include "devnode/core/da_store.h"
#include "devnode/core/misbehave.h"
#include "devnode/core/node.h"
#include "nomos/da_request.h"
#include "nomos/da_share.h"

struct da;
struct da_peer; /* a connection, as data availability sees it */

struct da_params {
    const struct wire_revision *revision;
    const struct zk_scheme *scheme;
    const struct signed_tx *genesis; /* borrowed during da_new() */
    struct bytes32 genesis_id;
    struct bytes32 identity; /* Ed25519 seed */
    struct bytes32 chance;
    const struct misbehaviours *misbehaviours; /* the node's; outlives */
    struct da_membership_shape shape;
    bool is_executor;
    uint32_t column_count; /* of blobs, those made here as well as those sampled */
    uint32_t sample_count; /* columns that are asked for to see that a blob is there */
    struct da_monitor_settings monitor;
    uint64_t balancer_interval_ns; /* how long to wait for the other side to dial */
    uint64_t redial_cooldown_ns;
    uint64_t share_duration_ns; /* a member waits so long for all of its columns of a blob... */
    uint32_t publish_1000;      /* ...and then is content with so many in a thousand */
    uint64_t prune_ns;          /* and forgets about it after so long */
    uint64_t dispersal_timeout_ns;
    uint64_t retry_cooldown_ns;
    uint32_t retry_limit;
    uint64_t blobs_validity_ns; /* how long a blob stays sampled, and is tried to be */
    uint64_t blobs_check_ns;    /* how often that is looked at */
    uint64_t commitments_wait_ns;
};

struct da_host {
    void *self;
    /* Sends a whole message; borrowed. `link` is what da_link_up() got. */
    void (*send)(void *self, void *link, const uint8_t *message, size_t size);
    /* Closes a connection; da_link_down() must not be called for it. */
    void (*hang_up)(void *self, void *link);
    /* Dials a member. The answer is da_link_up() or da_dial_failed(), never from within. */
    void (*dial)(void *self, uint32_t member, const struct multiaddr *locator);
    void (*log)(void *self, enum node_level level, const char *text);
    /* This blob's transaction may go into the mempool: the columns are here. Called again for a blob
     * that is dispersed again; what the mempool or a block has is to be passed over. */
    void (*publish)(void *self, const uint8_t *tx, size_t size);
    /* Some blob was sampled since the last call. */
    void (*sampled)(void *self);
};

/* NULL and a reason when the parameters are not within the limits. `host` is copied, `store`
 * outlives. */
struct da *da_new(const struct da_params *params, const struct da_host *host,
    const struct da_store *store, struct reason *why);
void da_free(struct da *da);

void da_tick(struct da *da, uint64_t now_ns);
/* When da_tick() has something to do; UINT64_MAX: nothing until something happens. */
uint64_t da_next_wake(const struct da *da);

/* A connection; `dialled` is who it was made to, or DA_NOBODY when the other side made it. */
struct da_peer *da_link_up(struct da *da, void *link, uint32_t dialled, uint64_t now_ns);
void da_link_down(struct da *da, struct da_peer *peer, uint64_t now_ns);
void da_dial_failed(struct da *da, uint32_t member, uint64_t now_ns);
void da_receive(
    struct da *da, struct da_peer *peer, const uint8_t *message, size_t size, uint64_t now_ns);

/* --- the node's side -------------------------------------------------------------------------- */

bool da_is_sampled(const struct da *da, const struct bytes32 *blob);
/* Whether there are other members, and a connection to none of them. */
bool da_is_cut_off(const struct da *da);
/* Sample this blob, if it is not being sampled already. */
void da_want(struct da *da, const struct bytes32 *blob, uint64_t now_ns);
/* The blob is in a block now: fetch what should be here of it, if it does not come by itself. */
void da_in_block(struct da *da, const struct bytes32 *blob, uint64_t now_ns);

/* --- what clients want ------------------------------------------------------------------------ */

/* Somebody waits for an answer that takes time. Exactly one call is made, never from within the
 * function that started it, unless da_forget() was called before. */
struct da_wait;

/* The blob's id, or NULL and why not (as the real node words it). */
typedef void (*da_dispersed_fn)(void *self, const struct bytes32 *blob, const char *why);
/* What the blob's commitments say, or NULL when it could not be sampled. */
typedef void (*da_looked_fn)(void *self, const struct da_header *header);

struct da_dispersing {
    const struct da_dispersal *dispersal; /* borrowed; its signer is not looked at */
    da_dispersed_fn dispersed;
    void *self;
};

struct da_looking {
    uint64_t limit_ns;
    da_looked_fn looked;
    void *self;
};

/* Executors: spreads data. NULL and a reason when it cannot even be started. */
struct da_wait *da_disperse(
    struct da *da, const struct da_dispersing *dispersing, uint64_t now_ns, struct reason *why);
/* Samples a blob anew, whatever was found before. NULL and a reason when it cannot be started. */
struct da_wait *da_look(struct da *da, const struct bytes32 *blob, uint64_t now_ns,
    const struct da_looking *looking, struct reason *why);
/* The waiter is gone. */
void da_forget(struct da_wait *wait);

/* A share that a client brings: kept when it is what its own commitments say. False and a reason
 * when not. */
bool da_add_share(struct da *da, const struct da_share *share, struct reason *why);

/* The same as the node's own over its API: everything from and to this peer stops. Any peer id may be
 * blocked, also one of nobody. */
enum da_blocking da_block(struct da *da, const struct bytes32 *key, uint64_t now_ns);
bool da_unblock(struct da *da, const struct bytes32 *key, uint64_t now_ns);

/* --- queries ---------------------------------------------------------------------------------- */

const struct da_membership *da_membership(const struct da *da);
const struct da_monitor *da_monitor(const struct da *da);
uint64_t da_commitments_wait(const struct da *da);

/* Connections of members of a subnetwork. A node that is a subnetwork by itself counts as one
 * outbound: it has all of it. */
struct da_balance {
    uint32_t inbound;
    uint32_t outbound;
};
struct da_balance da_balance_of(const struct da *da, uint32_t subnet);
/* Whether some connection to the member is up. */
bool da_is_connected(const struct da *da, uint32_t member);

/* The header of a blob of which a column is kept here or was sampled lately. */
bool da_header_of(struct da *da, const struct bytes32 *blob, struct da_header *out);
/* The same, but only from a column that is kept. */
bool da_kept_header(struct da *da, const struct bytes32 *blob, struct da_header *out);
/* A kept column; false when it is not there. With MISBEHAVE_SERVE_CORRUPTED it is not the real one.
 * Free with da_share_done(). */
bool da_kept_share(struct da *da, const struct da_place *place, struct da_share *out);
size_t da_kept_columns(struct da *da, const struct bytes32 *blob, uint32_t out[DA_COLUMNS_MAX]);

struct da_counts {
    size_t connections;
    uint64_t columns_taken;   /* and kept */
    uint64_t columns_refused; /* of those that were offered to us */
    uint64_t blobs_dispersed;
    uint64_t dispersals_failed;
    uint64_t blobs_published; /* to the mempool */
    uint64_t blobs_sampled;
    uint64_t samples_failed; /* questions that were not answered with the column */
};
struct da_counts da_counts(const struct da *da);

#endif

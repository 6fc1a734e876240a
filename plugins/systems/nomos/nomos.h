/* The system "nomos": what its parts share.

     nomos.c      the plugin: options, plan, what is offered
     network.c    seeds, keys, genesis of the network
     prover.c     proofs that owners agree, by development or outside programs
     preflight.c  what must be there before a node is started: programs, circuits, parameters
     problems.c   what is wrong with the plan, reported all at once
     config.c     a node's configuration file
     container.c  the same for nodes whose addresses are not known before they run
     ready.c      when a node counts as ready
     da_ready.c   when its data availability does
     chain.c      which blocks a node's chain has, found by walking back from its tip
     follow.c     observes one node
     purse.c      the funds of a workload: which notes are free, which are on their way
     transfer.c   assay.transfer/1: signed transactions out of a purse
     ahead.c      transactions that are proved before somebody asks for them
     items.c      what a block includes, as items
     da*.c        nomos.da/1: messages of channels, blobs and reading them back (da.h)

   One struct nomos per instance. What is written in plan and render is constant afterwards; what
   follow and transfers share is under `lock`, which is never held across a call that takes a task. */
#ifndef PLUGINS_SYSTEMS_NOMOS_NOMOS_H
#define PLUGINS_SYSTEMS_NOMOS_NOMOS_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

#include <assay/plugin.h>

#include "nomos/block.h"
#include "nomos/genesis.h"
#include "nomos/hex.h"
#include "nomos/keys.h"
#include "nomos/node_config.h"
#include "nomos/revision.h"
#include "nomos/text.h"
#include "nomos/wire.h"

/* The node's ports, by index in its spec. */
enum nomos_port {
    PORT_API,
    PORT_TESTING,
    PORT_NETWORK,
    PORT_DA,
    PORT_BLEND,
    PORT_COUNT
};

enum {
    NOMOS_STAGES_MAX = 4
};

struct nomos;

/* A step of readiness, and one look whether a node has passed it: assay_system_ops.ready. */
struct nomos_stage {
    const char *name;
    assay_status (*look)(struct nomos *self, assay_task *task, uint32_t node, assay_readiness *out);
};

struct nomos_options {
    assay_ns slot;
    double active_slot_coeff;
    int64_t security_param;
    assay_ns poll;
    int64_t confirmations;
    int64_t notes_per_user;
    const char *log_level;
    const char *image;
    int64_t membership_check;
    const char *proofs;
    assay_ns proof_patience;
    const char *revision;
};

struct nomos_node_options {
    const char *const *misbehave;
    const char *const *args;
    const char *const *env;
    const char *log_level; /* "" is the system's */
};

enum {
    NOMOS_PATH_SIZE = 4096
}; /* a path that the kernel takes, with its NUL */

/* What real nodes and their genesis need (preflight.h); "" unless there are real nodes. */
struct nomos_assets {
    char circuits[NOMOS_PATH_SIZE];   /* directory, laid out as node contract 3.9 has it */
    char kzg_params[NOMOS_PATH_SIZE]; /* file */
};

/* How owners of notes are seen to agree. */
enum nomos_proofs {
    NOMOS_PROOFS_DEVELOPMENT = 0, /* nomos/proof.h */
    NOMOS_PROOFS_GROTH16 = 1      /* nomos/zksign.h */
};

/* One node as configured. */
struct nomos_node {
    struct bytes32 seed;
    assay_endpoint ports[PORT_COUNT];
    bool is_executor;
    bool is_dev; /* its program is the development node */
};

struct nomos {
    const assay_host *host;
    const assay_clock *clock;
    const assay_tasks *tasks;
    const assay_random *random;
    const assay_http *http;
    const assay_json_table *json;
    const assay_topology *topology;
    const assay_spec *spec;
    const assay_exec *exec;
    const assay_observe *observe;
    const assay_blocks *blocks;
    struct nomos_options options; /* strings live until destroy */

    const struct revision *revision;
    struct wire wire;
    struct nomos_assets assets;
    enum nomos_proofs proofs;
    struct bytes32 circuits_name; /* of the verifying key; Groth16 */
    uint32_t node_count;
    struct nomos_node *nodes;
    struct genesis_node *genesis_nodes;
    struct note *genesis_accounts;
    struct genesis_spec genesis_spec; /* of the two above */
    struct signed_tx genesis;
    struct genesis_signing signing;      /* of the two above */
    struct signers *signers;             /* prover.c */
    struct node_config_key *wallet_keys; /* of every account */
    struct node_config_network network;  /* what all configurations have in common */
    bool is_from_image;                  /* the deployer starts nodes from images */
    int64_t chain_start_unix_ns;
    const struct nomos_stage *stages[NOMOS_STAGES_MAX]; /* in order */
    uint32_t stage_count;

    assay_transfer transfer; /* the table that is offered */
    struct da_state *da;     /* the same of nomos.da/1; NULL without ASSAY_DA */

    pthread_mutex_t lock;
    struct bytes32 genesis_id;  /* under lock, until it is known */
    atomic_bool knows_genesis;  /* once it is true genesis_id is constant */
    struct assay_purse *purses; /* list; under lock */
    struct bytes32 *best;       /* the longest chain seen, ids by height; under lock */
    uint64_t best_height, best_room;
    uint64_t best_version;  /* grows with each change of it; under lock */
    bool is_cache_lost;     /* proofs cannot be kept, and that was said; under lock */
    uint32_t ahead_workers; /* at work on transactions that nobody asked for yet; under lock */
};

/* A variable of the runner's environment by its name in the first revision; NULL: not set. */
static inline const char *nomos_variable(const struct nomos *self, const char *name)
{
    return self->spec->variable(self->host, revision_called(self->revision, name).text);
}

/* Turns a failure of the nomos library into one of the plugin. */
assay_status nomos_fail_with(
    const struct nomos *self, enum nomos_status status, const char *what, const char *why);

/* ---- network.c ---- */

/* Draws the seed of every node; after this nomos_node_name... may be used. */
assay_status network_draw_seeds(struct nomos *self, assay_task *task);

/* Makes the genesis transaction; every endpoint must have been collected. Where addresses are not
   known yet its notes are right and its id is not: see network_take_genesis. */
assay_status network_make_genesis(struct nomos *self, assay_task *task);

void network_done(struct nomos *self);

/* The id of the genesis block. Where nodes make the genesis themselves it is what the first of them
   has at height 0, as somebody found by walking back its chain: false until then, and for another
   id from then on. */
bool network_is_genesis(struct nomos *self, const struct bytes32 *id);
/* Takes it for the genesis if there is none yet; false when it is another. */
bool network_take_genesis(struct nomos *self, const struct bytes32 *id);

/* Peers that node should end up with: those it dials and those that dial it. */
uint32_t network_peer_count(const struct nomos *self, uint32_t node);

/* ---- ready.c ---- */

extern const struct nomos_stage nomos_stage_http, nomos_stage_peers;

assay_status nomos_ready(
    void *self, assay_task *task, uint32_t node, uint32_t stage, assay_readiness *out);

struct nomos_question {
    uint32_t node, port; /* PORT_API or PORT_TESTING */
    const char *method, *path;
    const char *body; /* JSON; NULL: none */
};

struct nomos_answer {
    assay_json *json; /* the caller releases it */
    char why[256];    /* when there is none: what the node did instead */
};

/* Asks a node. Anything but 200 with JSON is a failure, and why says so. */
assay_status nomos_ask(struct nomos *self, assay_task *task, const struct nomos_question *question,
    struct nomos_answer *out);

/* For a look: the answer, or why there is none into `out`. False when there is none; *status is then
   what to return, OK unless the look was cancelled. */
bool nomos_look_asks(struct nomos *self, assay_task *task, const struct nomos_question *question,
    struct nomos_answer *answer, assay_readiness *out, assay_status *status);

/* The same with GET on the API. */
assay_status nomos_get_json(struct nomos *self, assay_task *task, uint32_t node, const char *path,
    struct nomos_answer *out);

/* ---- follow.c ---- */

assay_status nomos_follow(void *self, assay_task *task, uint32_t node);

/* ---- transfer.c, purse.c ---- */

void transfer_init(struct nomos *self);

/* What a node's answer to a submission means, as ASSAY_SUBMIT_...; NULL: it was never sent. That it
   has the thing already is as good as taking it. */
uint32_t nomos_judge_answer(const assay_reply_info *reply);

struct chain;

struct block_place {
    struct bytes32 id;
    uint64_t height;
};

/* Fills `ids` with the ids of the block's transactions as text: those that a purse made are known,
   the others are computed. */
void purse_name_txs(struct nomos *self, const struct block *block, char (*ids)[HEX32_SIZE]);

/* A block was seen for the first time, on any node, and its contents are those of its header. */
void purse_see_block(
    struct nomos *self, const struct block *block, const struct block_place *place);

/* A node's chain has changed. The longest chain seen decides what is confirmed. */
void purse_see_chain(struct nomos *self, const struct chain *chain);

void purses_free(struct nomos *self);

#endif

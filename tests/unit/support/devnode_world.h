/* devnode_world.h - development nodes in one process and in virtual time, for tests.
 *
 * A world has a genesis, nodes with stores in memory, and connections with a delay. world_run()
 * lets time pass: it goes from event to event (a node's wake-up, a message's arrival), so a
 * minute of a network takes as long as its computations. Everything follows from the parameters:
 * two equal worlds live the same life. */
#ifndef DEVNODE_WORLD_H
#define DEVNODE_WORLD_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "devnode/core/node.h"
#include "devnode/core/node_parts.h"
#include "nomos/genesis.h"
#include "nomos/hex.h"
#include "nomos/keys.h"

#define WORLD_NODES_MAX 16
#define WORLD_START_NS  1700000000000000000u
#define SECOND_NS       1000000000u

struct world_params {
    size_t node_count;
    size_t account_count; /* 100 each; all nodes know them */
    uint32_t security_param;
    uint64_t slot_ns;
    uint64_t delay_ns; /* of every connection */
};

struct world_link;
struct world_message;

/* What else lives in a world beside the nodes (devnode_da_world.h). NULL functions are not called. */
struct world_extra {
    void *self;
    /* Before node i is made: adds to what it is given. */
    void (*starting)(void *self, size_t i, struct node_params *params, struct node_host *host);
    void (*started)(void *self, size_t i);
    void (*stopping)(void *self, size_t i);
    /* The time of its next event, UINT64_MAX for none, and what happens then. */
    uint64_t (*next)(void *self);
    void (*step)(void *self);
};

struct world_node {
    struct world *world;
    size_t index;
    struct node *node; /* NULL: stopped */
    struct memory_store *memory;
    struct store store;
    size_t warnings; /* log lines of WARN and above */
    char last_warning[512];
    size_t blocks_added;
    uint64_t lib_height;
};

struct world {
    struct world_params params;
    struct wire wire;
    struct signed_tx genesis;
    struct fr *genesis_ids; /* note ids of its outputs */
    struct world_node nodes[WORLD_NODES_MAX];
    struct world_link *links;
    struct world_message *messages; /* in order of arrival */
    struct world_message **messages_end;
    uint64_t now_ns;
    uint64_t messages_sent;
    uint64_t bytes_sent;
    uint64_t txs_sent;    /* TX messages among them */
    uint64_t blocks_sent; /* BLOCK messages */
    struct world_extra extra;
};

/* The usual world: five nodes, twenty accounts, k = 10, slots of a second, 10 ms of delay. */
extern const struct world_params world_usual;

void world_init(struct world *world, const struct world_params *params);
/* The same with something beside the nodes. */
void world_init_with(
    struct world *world, const struct world_params *params, const struct world_extra *extra);
void world_done(struct world *world);

/* The parameters that node i is made with; its known keys are to be freed. */
struct node_params world_node_params(const struct world *world, size_t i);

void world_connect(struct world *world, size_t a, size_t b);
/* Every node to every other. */
void world_connect_all(struct world *world);
/* Cuts all connections between a and b; messages under way are lost. */
void world_disconnect(struct world *world, size_t a, size_t b);
/* Cuts all connections of node i. */
void world_isolate(struct world *world, size_t i);

void world_run(struct world *world, uint64_t duration_ns);
/* Runs until node i has this height; false when that takes more than 10,000 slots. */
bool world_run_to_height(struct world *world, size_t i, uint64_t height);

/* Stops node i without warning, and starts it from its store. */
void world_kill(struct world *world, size_t i);
void world_start(struct world *world, size_t i);

struct node *world_node(const struct world *world, size_t i);
uint64_t world_height(const struct world *world, size_t i);
/* The id at a height of node i's branch. */
struct bytes32 world_id_at(const struct world *world, size_t i, uint64_t height);
/* Fails the test unless all running nodes have the same block at every height up to `height`. */
void world_assert_agreement(const struct world *world, uint64_t height);

void world_switch(struct world *world, size_t i, const char *misbehaviour);

/* A transfer of `value` from the note `input` of account `owner` to account `receiver`; what is
 * left goes back. The note is worth 100. Owned by the caller. */
struct signed_tx world_transfer(const struct world *world, const struct fr *input, size_t owner,
    size_t receiver, uint64_t value);
/* The same from an account's genesis note. */
struct signed_tx world_spend(
    const struct world *world, size_t owner, size_t receiver, uint64_t value);
/* The genesis note of an account. */
struct fr world_note(const struct world *world, size_t account);
struct fr world_account_pk(const struct world *world, size_t account);
/* Signs what is in `tx` for these accounts. */
void world_sign(
    const struct world *world, struct signed_tx *tx, const size_t *owners, size_t owner_count);

/* Submits a copy of what `tx` says to node i; `tx` is taken over. */
enum node_submission world_submit(struct world *world, size_t i, struct signed_tx *tx);
/* The id of a transaction. */
struct bytes32 world_tx_id(const struct world *world, const struct signed_tx *tx);

/* An inscription in a channel, signed by the Ed25519 key of `seed`. */
struct signed_tx world_inscription(const struct world *world, uint8_t channel,
    const struct bytes32 *parent, uint8_t seed, const char *text);

/* The bytes of a valid block on node i's tip with these transactions (copied from), for a slot;
 * free them. Its parts can be spoilt by `spoil` before it is signed (and after, by the caller). */
typedef void (*world_spoiler)(struct block *block);
uint8_t *world_make_block(struct world *world, size_t i, uint64_t slot, const struct signed_tx *txs,
    size_t tx_count, world_spoiler spoil, size_t *out_size);

#endif

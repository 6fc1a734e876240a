/* testnet.h - real nodes on loopback, for tests.
 *
 * Makes a directory below the working directory with one configuration for each node, starts
 * nomos-devnode processes, asks them things over HTTP, and kills all of them and removes the
 * directory at the end. A test that ends early (a failed assertion) leaves no process behind:
 * every child dies with the test program. Not thread-safe. */
#ifndef DEVNODE_TESTNET_H
#define DEVNODE_TESTNET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "nomos/keys.h"
#include "nomos/tx.h"

#define TESTNET_NODES_MAX 8

struct testnet_params {
    size_t node_count;
    uint64_t slot_ms;
    size_t wallet_count; /* accounts of 100 each, known to every node */
    uint32_t security_param;
    size_t executor_count; /* the last ones */
    uint32_t columns;      /* of a blob; zero: no data availability */
};

struct testnet_node {
    pid_t pid; /* 0: not running */
    uint16_t api_port;
    uint16_t testing_port;
    uint16_t gossip_port;
    uint16_t da_port;
    struct bytes32 seed;
    char config_path[512];
    char log_path[512];
};

struct testnet {
    struct testnet_params params;
    char directory[256];
    struct wire wire;
    struct testnet_node nodes[TESTNET_NODES_MAX];
    struct signed_tx genesis;
    struct fr *genesis_ids; /* note ids of the genesis outputs */
};

/* Writes everything; starts nothing. Node i > 0 dials node 0. */
void testnet_init(struct testnet *net, const struct testnet_params *params);

/* Writes a node's configuration anew, from the genesis as it is now. */
void testnet_rewrite(struct testnet *net, size_t node);

/* Rewrites a node's configuration with one line of YAML replaced or, when `find` is NULL, added. */
void testnet_edit(struct testnet *net, size_t node, const char *find, const char *line);

/* Starts node i with up to four more arguments (NULL: none) and waits until it answers. */
void testnet_start(struct testnet *net, size_t node, const char *const *arguments);
/* Starts without waiting. */
void testnet_spawn(struct testnet *net, size_t node, const char *const *arguments);
/* Sends a signal, waits for the end and answers the wait status. */
int testnet_stop(struct testnet *net, size_t node, int signal_number);
/* Waits for a node to end by itself and answers the wait status. */
int testnet_wait(struct testnet *net, size_t node);
void testnet_done(struct testnet *net);

struct reply {
    long status; /* 0: no answer at all */
    char *body;  /* terminated; owned */
    size_t size;
    char type[128]; /* content type */
};

/* Answers a request to the API port (or with `is_testing` to the testing port). `body` NULL: a
 * request without one. */
struct reply testnet_call(struct testnet *net, size_t node, bool is_testing, const char *method,
    const char *path, const char *content_type, const char *body);
struct reply testnet_get(struct testnet *net, size_t node, const char *path);
struct reply testnet_post(struct testnet *net, size_t node, const char *path, const char *body);
struct reply testnet_misbehave(struct testnet *net, size_t node, const char *body);
void reply_done(struct reply *reply);

struct testnet_info {
    char lib[65];
    char tip[65];
    uint64_t slot;
    uint64_t height;
};

/* False when the node does not answer. */
bool testnet_info(struct testnet *net, size_t node, struct testnet_info *out);

/* Waits until a node has at least this height; false after a generous while. */
bool testnet_wait_height(struct testnet *net, size_t node, uint64_t height);
/* Waits until all running nodes have the same block at `height`. */
bool testnet_wait_agreement(struct testnet *net, uint64_t height);
/* Id at a height as /cryptarchia/headers tells it; false when out of its reach. */
bool testnet_id_at(struct testnet *net, size_t node, uint64_t height, char out[65]);
/* Waits until node i has so many peers. */
bool testnet_wait_peers(struct testnet *net, size_t node, uint64_t count);

/* --- data ------------------------------------------------------------------------------------- */

/* A blob that was dispersed, or not. */
struct testnet_blob {
    struct bytes32 channel;
    struct bytes32 parent;
    uint8_t data[31 * 8];
    size_t size;
    long status; /* of the dispersal; 200: `id` is set */
    struct bytes32 id;
};

/* Disperses `chunks` * 31 bytes through a node, as the first message of a channel of its own. */
void testnet_disperse(struct testnet *net, size_t node, size_t chunks, struct testnet_blob *out);
/* Whether a block of the node's branch carries the blob; looks at the last 500. */
bool testnet_has_blob(struct testnet *net, size_t node, const struct bytes32 *id);
/* Waits until it does; false after a generous while. */
bool testnet_wait_blob(struct testnet *net, size_t node, const struct bytes32 *id);
/* How many columns of the blob the node serves that check against its id. -1: one does not. */
int testnet_columns(struct testnet *net, size_t node, const struct testnet_blob *blob);
/* Whether the columns that nodes `first` to `last` serve give the data back. */
bool testnet_read(struct testnet *net, size_t first, size_t last, const struct testnet_blob *blob);
/* The peer id of a node, for /da/block-peer and the like. */
void testnet_peer_id(const struct testnet *net, size_t node, char out[PEER_ID_SIZE]);

/* The JSON of a transfer that spends wallet account i's genesis note to itself; owned. *out_hash
 * (may be NULL) is its hash. */
char *testnet_transfer(struct testnet *net, size_t account, struct fr *out_hash);

/* Polls `condition` until it holds; false after a generous while. */
bool testnet_until(bool (*condition)(void *self), void *self);

#endif

/* devnode_da_bench.h - one node's data availability on a bench: the test plays everybody else.
 *
 * Three members, who are in all three subnetworks each; the bench's node is member `self` and keeps
 * all columns. What it sends is kept for looking at. */
#ifndef DEVNODE_DA_BENCH_H
#define DEVNODE_DA_BENCH_H

#include "devnode_world.h"

#include "devnode/core/da.h"
#include "devnode/core/da_parts.h"

#define BENCH_MEMBERS  3
#define BENCH_SENT_MAX 64

/* A message that was sent. */
struct bench_sent {
    void *link;
    struct da_message message; /* borrows from `bytes` */
    size_t size;
    uint8_t *bytes;
};

struct bench {
    struct world world; /* for its genesis */
    struct ed25519_key keys[BENCH_MEMBERS];
    struct misbehaviours misbehaviours;
    struct da_memory_store *memory;
    struct da_params params;
    struct da *da;
    uint64_t now_ns;
    struct bench_sent sent[BENCH_SENT_MAX];
    size_t sent_count;
    size_t dialled[BENCH_MEMBERS];
    size_t hang_ups;
    size_t published;
    size_t published_size;
    size_t sampled;
    /* Changes the operation that publishes the blobs made from now on; NULL: it is honest. */
    void (*spoil)(struct op_blob *op);
};

/* What a test changes before the node is made; NULL: nothing. */
typedef void (*bench_change)(struct da_params *params);
void bench_init(struct bench *bench, bench_change change);
void bench_done(struct bench *bench);

/* The member that key i (of BENCH_MEMBERS) is. Key 0 is the node's own. */
uint32_t bench_member(const struct bench *bench, size_t key);

/* A connection from (or with `is_dialled` to) the holder of key i that has said who it is. */
struct da_peer *bench_connect(struct bench *bench, size_t key, bool is_dialled);
void bench_say(struct bench *bench, struct da_peer *peer, const struct da_message *message);
void bench_say_place(struct bench *bench, struct da_peer *peer, enum da_message_type type,
    const struct da_place *place);
/* What a newcomer with this key says first. */
struct hello bench_hello(const struct bench *bench, size_t key);
/* The proof that key i answers the node's hello with, sent over `link`. */
struct da_message bench_proof(struct bench *bench, size_t key, const void *link);

/* Lets time pass and the node tick. */
void bench_wait(struct bench *bench, uint64_t ns);

/* How many messages of a type were sent, and the last of them (NULL: none). */
size_t bench_count(const struct bench *bench, enum da_message_type type);
const struct bench_sent *bench_last(const struct bench *bench, enum da_message_type type);
void bench_forget_sent(struct bench *bench);

/* A blob of five columns and the transaction that publishes it; another one for each number. */
struct bench_blob {
    struct da_blob blob;
    uint8_t *tx;
    size_t tx_size;
    uint8_t *shares[5];
    size_t share_size;
};
void bench_blob_make(struct bench *bench, uint32_t number, struct bench_blob *out);
void bench_blob_done(struct bench_blob *blob);
struct da_place bench_place(const struct bench_blob *blob, uint32_t column);
/* A DISPERSE or REPLICA of a column. */
struct da_message bench_parcel(
    const struct bench_blob *blob, enum da_message_type type, uint32_t column);
bool bench_keeps(struct bench *bench, const struct bench_blob *blob, uint32_t column);
/* Failures of a kind within the window. */
bool bench_has_failed(const struct bench *bench, size_t key, enum da_failure kind);

#endif

/* The set of unspent notes, with its Merkle root (node contract 3.7), in versions.
 *
 * A tree of 2^31 places. A new note takes the lowest place that a removal has left empty, else the
 * next one at the end; the root is that of the compressing Poseidon2 over all places, empty ones 0.
 *
 * `struct utxo` is one version and is a small handle: utxo_copy makes another in O(1), and the two
 * share everything until one changes, which then copies only the path it touches. So a ledger can
 * keep one version for each block of each fork. Changing costs O(log n) memory work and no hashing;
 * utxo_root hashes what changed since it was last asked, once, and versions share the results.
 *
 *     struct utxo utxo = {0};                          (all zeros is the empty set)
 *     utxo_insert(&utxo, &id, &note);
 *     struct utxo fork = utxo_copy(&utxo);
 *     utxo_remove(&fork, &id, NULL);                   (utxo still has it)
 *     utxo_done(&fork);
 *     utxo_done(&utxo);
 *
 * Versions that stem from one another share counters without locks, so they all belong to one
 * thread at a time. Memory: about 250 bytes a note. */
#ifndef NOMOS_UTXO_H
#define NOMOS_UTXO_H

#include "nomos/tx.h"

#define UTXO_HEIGHT 31

struct utxo_node;
struct utxo_index;

struct utxo {
    struct utxo_node *root;   /* over the first 2^height places; NULL when none is taken */
    struct utxo_index *index; /* note id to place */
    uint32_t height;
    uint32_t end;   /* places ever used: the next one at the end */
    uint32_t count; /* notes now in the set */
};

enum utxo_result {
    UTXO_OK = 0,
    UTXO_PRESENT = 1,  /* insert: the id is in the set already */
    UTXO_MISSING = 2,  /* remove: no such id */
    UTXO_FULL = 3,     /* insert: all 2^31 places are taken */
    UTXO_NO_MEMORY = 4 /* the set is as it was */
};

struct utxo utxo_copy(const struct utxo *utxo);
/* Lets go of this version and leaves the empty set. Takes NULL. */
void utxo_done(struct utxo *utxo);

enum utxo_result utxo_insert(struct utxo *utxo, const struct fr *id, const struct note *note);
/* *out_note (may be NULL) is what was removed. */
enum utxo_result utxo_remove(struct utxo *utxo, const struct fr *id, struct note *out_note);

bool utxo_find(const struct utxo *utxo, const struct fr *id, struct note *out_note);
/* Place of a note, from 0. */
bool utxo_place(const struct utxo *utxo, const struct fr *id, uint32_t *out_place);

/* Computes what is missing, hence takes time after changes: about one permutation for each tree
   node above a changed place, each node once. */
struct fr utxo_root(const struct utxo *utxo);

/* Calls `visit` for every note in order of place, until it returns false. The set must not change
   meanwhile. */
typedef bool utxo_visit(void *context, const struct fr *id, const struct note *note);
void utxo_each(const struct utxo *utxo, utxo_visit *visit, void *context);

#endif

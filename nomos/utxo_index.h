/* Finds the place of a note by its id: a hash trie in versions, as utxo.h describes them.
 *
 * Five bits of the id choose the way at each level. A trie node keeps only the slots that are in
 * use, in order, and a bitmap of which they are. Ids differ somewhere in their 256 bits, so two
 * of them always part at some level and there are no buckets.
 *
 * A version is a pointer to its top node, NULL when empty, which counts as one reference.
 * Internal to the library; one thread at a time. */
#ifndef NOMOS_UTXO_INDEX_H
#define NOMOS_UTXO_INDEX_H

#include "nomos/tx.h"

/* An unspent note. Never changes, so all versions that have it share it; counted by the slots of
   the trie and of the Merkle tree that point to it. */
struct utxo_leaf {
    uint32_t references;
    uint32_t place;
    struct fr id;
    struct note note;
};

void utxo_leaf_unref(struct utxo_leaf *leaf);

struct utxo_index;

struct utxo_index *utxo_index_ref(struct utxo_index *index);
void utxo_index_unref(struct utxo_index *index);

/* NULL when there is none. Still owned by the index. */
struct utxo_leaf *utxo_index_find(const struct utxo_index *index, const struct fr *id);

/* Adds a leaf whose id is not there yet, and a reference to it. False, with the same content as
   before, when out of memory. */
bool utxo_index_insert(struct utxo_index **index, struct utxo_leaf *leaf);

/* Takes out the leaf of an id that is there, and drops its reference. False, with the same
   content as before, when out of memory. */
bool utxo_index_remove(struct utxo_index **index, const struct fr *id);

#endif

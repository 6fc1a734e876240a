#include "nomos/utxo_index.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "nomos/memory.h"

#define BITS_PER_LEVEL 5
/* 256 bits in steps of 5, the last step short. */
#define LEVELS 52

/* A slot holds one of two kinds of pointer, told apart by its lowest bit, which alignment leaves
   free. */
typedef uintptr_t slot;
#define LEAF_TAG ((slot)1)

struct utxo_index {
    uint32_t references;
    uint32_t bitmap; /* which of the 32 ways have a slot */
    slot slots[];    /* as many as the bitmap has bits */
};

static bool is_leaf(slot s)
{
    return s & LEAF_TAG;
}

static struct utxo_leaf *leaf_in(slot s)
{
    return (struct utxo_leaf *)(s & ~LEAF_TAG);
}

static struct utxo_index *node_in(slot s)
{
    return (struct utxo_index *)s;
}

static slot slot_of_leaf(struct utxo_leaf *leaf)
{
    return (slot)leaf | LEAF_TAG;
}

/* The bit of the way that an id takes at a level. */
static uint32_t way(const struct fr *id, unsigned level)
{
    const unsigned bit = level * BITS_PER_LEVEL;
    const unsigned limb = bit / 64;
    const unsigned shift = bit % 64;
    uint64_t bits = id->limb[limb] >> shift;

    assert(level < LEVELS);
    if (shift > 64 - BITS_PER_LEVEL && limb < 3)
        bits |= id->limb[limb + 1] << (64 - shift);
    return UINT32_C(1) << (bits & 31);
}

static size_t slot_count(const struct utxo_index *node)
{
    return (size_t)__builtin_popcount(node->bitmap);
}

static size_t slot_position(const struct utxo_index *node, uint32_t bit)
{
    return (size_t)__builtin_popcount(node->bitmap & (bit - 1));
}

static struct utxo_index *node_new(size_t count)
{
    struct utxo_index *node = nomos_alloc(1, sizeof(*node) + count * sizeof(slot));

    if (node)
        node->references = 1;
    return node;
}

void utxo_leaf_unref(struct utxo_leaf *leaf)
{
    if (leaf && --leaf->references == 0)
        free(leaf);
}

struct utxo_index *utxo_index_ref(struct utxo_index *index)
{
    if (index)
        index->references++;
    return index;
}

/* Recursive, LEVELS deep at most. */
void utxo_index_unref(struct utxo_index *index)
{
    if (!index || --index->references > 0)
        return;
    for (size_t i = 0; i < slot_count(index); i++) {
        if (is_leaf(index->slots[i]))
            utxo_leaf_unref(leaf_in(index->slots[i]));
        else
            utxo_index_unref(node_in(index->slots[i]));
    }
    free(index);
}

struct utxo_leaf *utxo_index_find(const struct utxo_index *index, const struct fr *id)
{
    for (unsigned level = 0; index; level++) {
        const uint32_t bit = way(id, level);

        if (!(index->bitmap & bit))
            return NULL;
        const slot found = index->slots[slot_position(index, bit)];
        if (is_leaf(found))
            return fr_equal(&leaf_in(found)->id, id) ? leaf_in(found) : NULL;
        index = node_in(found);
    }
    return NULL;
}

/* Makes *at a node that nobody else refers to, by copying it if need be. */
static bool own(struct utxo_index **at)
{
    struct utxo_index *old = *at;

    if (old->references == 1)
        return true;
    struct utxo_index *copy = node_new(slot_count(old));
    if (!copy)
        return false;
    copy->bitmap = old->bitmap;
    for (size_t i = 0; i < slot_count(old); i++) {
        copy->slots[i] = old->slots[i];
        if (is_leaf(old->slots[i]))
            leaf_in(old->slots[i])->references++;
        else
            node_in(old->slots[i])->references++;
    }
    old->references--;
    *at = copy;
    return true;
}

/* Gives an owned node one more slot, which means a larger node. */
static bool add_slot(struct utxo_index **at, uint32_t bit, slot value)
{
    struct utxo_index *old = *at;
    const size_t count = slot_count(old);
    const size_t position = slot_position(old, bit);
    struct utxo_index *node = node_new(count + 1);

    if (!node)
        return false;
    node->bitmap = old->bitmap | bit;
    memcpy(node->slots, old->slots, position * sizeof(slot));
    node->slots[position] = value;
    memcpy(node->slots + position + 1, old->slots + position, (count - position) * sizeof(slot));
    free(old);
    *at = node;
    return true;
}

/* A subtree of two leaves, from `level` down to where their ids part. Takes over the references. */
static struct utxo_index *pair(struct utxo_leaf *a, struct utxo_leaf *b, unsigned level)
{
    const uint32_t bit_a = way(&a->id, level);
    const uint32_t bit_b = way(&b->id, level);
    const bool parted = bit_a != bit_b;
    struct utxo_index *node = node_new(parted ? 2 : 1);

    if (!node)
        return NULL;
    node->bitmap = bit_a | bit_b;
    if (parted) {
        node->slots[bit_a > bit_b] = slot_of_leaf(a);
        node->slots[bit_a < bit_b] = slot_of_leaf(b);
        return node;
    }
    struct utxo_index *below = pair(a, b, level + 1);
    if (!below) {
        free(node);
        return NULL;
    }
    node->slots[0] = (slot)below;
    return node;
}

static bool insert(struct utxo_index **at, struct utxo_leaf *leaf, unsigned level)
{
    const uint32_t bit = way(&leaf->id, level);

    if (!own(at))
        return false;
    if (!((*at)->bitmap & bit))
        return add_slot(at, bit, slot_of_leaf(leaf));
    slot *taken = &(*at)->slots[slot_position(*at, bit)];
    if (is_leaf(*taken)) {
        struct utxo_index *both = pair(leaf_in(*taken), leaf, level + 1);

        if (both)
            *taken = (slot)both;
        return both != NULL;
    }
    struct utxo_index *below = node_in(*taken);
    const bool is_done = insert(&below, leaf, level + 1);
    /* Even a failed insertion may have replaced the node below by an equal one. */
    *taken = (slot)below;
    return is_done;
}

bool utxo_index_insert(struct utxo_index **index, struct utxo_leaf *leaf)
{
    struct utxo_index *top = *index ? *index : node_new(0);

    if (!top)
        return false;
    const bool is_done = insert(&top, leaf, 0);
    *index = top;
    if (is_done)
        leaf->references++;
    return is_done;
}

static void drop_slot(struct utxo_index *node, uint32_t bit)
{
    const size_t position = slot_position(node, bit);
    const size_t after = slot_count(node) - position - 1;

    memmove(node->slots + position, node->slots + position + 1, after * sizeof(slot));
    node->bitmap &= ~bit;
}

/* Leaves NULL at *at when nothing is left there. */
static bool remove_below(struct utxo_index **at, const struct fr *id, unsigned level)
{
    const uint32_t bit = way(id, level);

    if (!own(at))
        return false;
    slot *taken = &(*at)->slots[slot_position(*at, bit)];
    if (is_leaf(*taken)) {
        utxo_leaf_unref(leaf_in(*taken));
        drop_slot(*at, bit);
    } else {
        struct utxo_index *below = node_in(*taken);
        const bool is_done = remove_below(&below, id, level + 1);

        *taken = (slot)below;
        if (!is_done)
            return false;
        if (!below)
            drop_slot(*at, bit);
    }
    if ((*at)->bitmap == 0) {
        free(*at);
        *at = NULL;
    }
    return true;
}

bool utxo_index_remove(struct utxo_index **index, const struct fr *id)
{
    assert(utxo_index_find(*index, id));
    return remove_below(index, id, 0);
}

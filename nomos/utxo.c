#include "nomos/utxo.h"

#include <assert.h>
#include <stdlib.h>

#include "nomos/memory.h"
#include "nomos/utxo_empty.h"
#include "nomos/utxo_index.h"

#define PLACES_MAX (UINT32_C(1) << UTXO_HEIGHT)

/* A node of the Merkle tree. Its height is not in it but follows from the way to it; at height 1
   the children are leaves. A missing child is an empty subtree. */
struct utxo_node {
    uint32_t references;
    uint32_t count; /* notes below */
    bool has_hash;  /* hash is up to date */
    struct fr hash;
    union {
        struct utxo_node *node[2];
        struct utxo_leaf *leaf[2];
    };
};

/* --- references --------------------------------------------------------------------------- */

static struct utxo_node *node_ref(struct utxo_node *node)
{
    if (node)
        node->references++;
    return node;
}

static void node_unref(struct utxo_node *node, uint32_t height)
{
    if (!node || --node->references > 0)
        return;
    for (size_t side = 0; side < 2; side++) {
        if (height == 1)
            utxo_leaf_unref(node->leaf[side]);
        else
            node_unref(node->node[side], height - 1);
    }
    free(node);
}

/* Makes *at a node that nobody else refers to: a new empty one, or a copy, if need be. */
static bool own(struct utxo_node **at, uint32_t height)
{
    struct utxo_node *old = *at;

    if (old && old->references == 1)
        return true;
    struct utxo_node *node = nomos_alloc(1, sizeof(*node));
    if (!node)
        return false;
    if (old) {
        *node = *old;
        old->references--;
        for (size_t side = 0; side < 2; side++) {
            if (height > 1)
                (void)node_ref(node->node[side]);
            else if (node->leaf[side])
                node->leaf[side]->references++;
        }
    }
    node->references = 1;
    *at = node;
    return true;
}

struct utxo utxo_copy(const struct utxo *utxo)
{
    struct utxo copy = *utxo;

    (void)node_ref(copy.root);
    (void)utxo_index_ref(copy.index);
    return copy;
}

void utxo_done(struct utxo *utxo)
{
    if (!utxo)
        return;
    node_unref(utxo->root, utxo->height);
    utxo_index_unref(utxo->index);
    *utxo = (struct utxo){0};
}

/* --- changing ----------------------------------------------------------------------------- */

/* Which child leads to a place, below a node of this height. */
static size_t side_of(uint32_t place, uint32_t height)
{
    return place >> (height - 1) & 1;
}

/* Makes the tree high enough for a place, and owns every node on the way to it. Whether it succeeds
   or not, the set is the same as before. */
static bool prepare_path(struct utxo *utxo, uint32_t place)
{
    while (utxo->height == 0 || place >> utxo->height != 0) {
        struct utxo_node *above = NULL;

        /* Over no tree at all the first node is itself a tree of height 1. */
        if (utxo->root) {
            if (!own(&above, utxo->height + 1))
                return false;
            above->node[0] = utxo->root;
            above->count = utxo->root->count;
            utxo->root = above;
        }
        utxo->height++;
    }
    struct utxo_node **at = &utxo->root;
    for (uint32_t height = utxo->height; height > 0; height--) {
        if (!own(at, height))
            return false;
        at = &(*at)->node[side_of(place, height)];
    }
    return true;
}

/* The lowest place that is empty though places after it have been used; there must be one. It is in
   the left half unless that is full, since places on the right are used only after all on the left
   have been. */
static uint32_t lowest_hole(const struct utxo *utxo)
{
    const struct utxo_node *node = utxo->root;
    uint32_t place = 0;

    assert(utxo->count < utxo->end);
    for (uint32_t height = utxo->height; node && height > 1; height--) {
        const uint32_t half = UINT32_C(1) << (height - 1);
        const bool is_left_full = node->node[0] && node->node[0]->count == half;

        place += is_left_full ? half : 0;
        node = node->node[is_left_full];
    }
    return node && node->leaf[0] ? place + 1 : place;
}

enum utxo_result utxo_insert(struct utxo *utxo, const struct fr *id, const struct note *note)
{
    const bool has_hole = utxo->count < utxo->end;

    if (utxo_index_find(utxo->index, id))
        return UTXO_PRESENT;
    if (!has_hole && utxo->end == PLACES_MAX)
        return UTXO_FULL;
    const uint32_t place = has_hole ? lowest_hole(utxo) : utxo->end;
    struct utxo_leaf *leaf = nomos_alloc(1, sizeof(*leaf));
    if (!leaf)
        return UTXO_NO_MEMORY;
    *leaf = (struct utxo_leaf){.place = place, .id = *id, .note = *note};
    /* All that can fail comes first and changes nothing that can be seen. */
    if (!prepare_path(utxo, place) || !utxo_index_insert(&utxo->index, leaf)) {
        free(leaf);
        return UTXO_NO_MEMORY;
    }
    struct utxo_node *node = utxo->root;
    for (uint32_t height = utxo->height; height > 0; height--) {
        const size_t side = side_of(place, height);

        node->count++;
        node->has_hash = false;
        if (height == 1)
            node->leaf[side] = leaf;
        else
            node = node->node[side];
    }
    leaf->references++;
    utxo->count++;
    if (!has_hole)
        utxo->end++;
    return UTXO_OK;
}

/* Takes a leaf out below a node that the caller owns, and lets go of subtrees that become empty. */
static void take_out(struct utxo_node *node, uint32_t place, uint32_t height)
{
    const size_t side = side_of(place, height);

    node->count--;
    node->has_hash = false;
    if (height == 1) {
        utxo_leaf_unref(node->leaf[side]);
        node->leaf[side] = NULL;
        return;
    }
    take_out(node->node[side], place, height - 1);
    if (node->node[side]->count == 0) {
        node_unref(node->node[side], height - 1);
        node->node[side] = NULL;
    }
}

enum utxo_result utxo_remove(struct utxo *utxo, const struct fr *id, struct note *out_note)
{
    const struct utxo_leaf *leaf = utxo_index_find(utxo->index, id);

    if (!leaf)
        return UTXO_MISSING;
    const uint32_t place = leaf->place;
    const struct note note = leaf->note;
    if (!prepare_path(utxo, place) || !utxo_index_remove(&utxo->index, id))
        return UTXO_NO_MEMORY;
    take_out(utxo->root, place, utxo->height);
    utxo->count--;
    if (out_note)
        *out_note = note;
    return UTXO_OK;
}

/* --- asking ------------------------------------------------------------------------------- */

bool utxo_find(const struct utxo *utxo, const struct fr *id, struct note *out_note)
{
    const struct utxo_leaf *leaf = utxo_index_find(utxo->index, id);

    if (leaf && out_note)
        *out_note = leaf->note;
    return leaf != NULL;
}

bool utxo_place(const struct utxo *utxo, const struct fr *id, uint32_t *out_place)
{
    const struct utxo_leaf *leaf = utxo_index_find(utxo->index, id);

    if (leaf)
        *out_place = leaf->place;
    return leaf != NULL;
}

/* The hash of a child, computed where it is out of date. A hash is a function of what is below, so
   writing it into a node that versions share does not change any of them. */
static const struct fr *child_hash(const struct utxo_node *node, size_t side, uint32_t height)
{
    if (height == 1)
        return node->leaf[side] ? &node->leaf[side]->id : &utxo_empty[0];
    struct utxo_node *child = node->node[side];
    if (!child)
        return &utxo_empty[height - 1];
    if (!child->has_hash) {
        const struct fr *left = child_hash(child, 0, height - 1);
        const struct fr *right = child_hash(child, 1, height - 1);

        child->hash = poseidon2_compress(left, right);
        child->has_hash = true;
    }
    return &child->hash;
}

struct fr utxo_root(const struct utxo *utxo)
{
    /* A top of our own, one higher than the tree, whose left child is the tree. */
    const struct utxo_node top = {.node = {utxo->root, NULL}};
    struct fr hash;

    if (!utxo->root)
        return utxo_empty[UTXO_HEIGHT];
    hash = *child_hash(&top, 0, utxo->height + 1);
    for (uint32_t height = utxo->height; height < UTXO_HEIGHT; height++)
        hash = poseidon2_compress(&hash, &utxo_empty[height]);
    return hash;
}

static bool visit_below(
    const struct utxo_node *node, uint32_t height, utxo_visit *visit, void *context)
{
    for (size_t side = 0; node && side < 2; side++) {
        const struct utxo_leaf *leaf = height == 1 ? node->leaf[side] : NULL;

        if (leaf && !visit(context, &leaf->id, &leaf->note))
            return false;
        if (height > 1 && !visit_below(node->node[side], height - 1, visit, context))
            return false;
    }
    return true;
}

void utxo_each(const struct utxo *utxo, utxo_visit *visit, void *context)
{
    (void)visit_below(utxo->root, utxo->height, visit, context);
}

#include "devnode/core/trie.h"

#include <stdlib.h>
#include <string.h>

#include "devnode/core/memory.h"

/* A node is a branch with up to 16 children or a leaf with a record. A branch has at least one
   child; the nibble at its depth chooses which. */
struct trie {
    uint32_t owners;
    uint16_t branches;   /* bit n: there is a child for nibble n; zero: this is a leaf */
    size_t size;         /* of a leaf's record */
    uint8_t id[32];      /* of a leaf */
    struct trie *tail[]; /* a branch: its children; a leaf: the bytes of its record */
};

static unsigned nibble(const uint8_t id[32], unsigned depth)
{
    uint8_t byte = id[depth / 2];

    return depth % 2 == 0 ? byte >> 4 : byte & 15u;
}

static unsigned child_count(const struct trie *node)
{
    return (unsigned)__builtin_popcount(node->branches);
}

static unsigned child_index(const struct trie *node, unsigned which)
{
    return (unsigned)__builtin_popcount(node->branches & ((1u << which) - 1u));
}

static struct trie *leaf_new(const uint8_t id[32], const void *record, size_t size)
{
    struct trie *leaf = memory_new(1, sizeof(struct trie) + size);

    leaf->owners = 1;
    leaf->size = size;
    memcpy(leaf->id, id, 32);
    if (size)
        memcpy(leaf->tail, record, size);
    return leaf;
}

static struct trie *branch_new(uint16_t branches)
{
    size_t count = (size_t)__builtin_popcount(branches);
    struct trie *node = memory_new(1, sizeof(struct trie) + count * sizeof(struct trie *));

    node->owners = 1;
    node->branches = branches;
    return node;
}

struct trie *trie_ref(struct trie *trie)
{
    if (trie)
        trie->owners++;
    return trie;
}

void trie_unref(struct trie *trie)
{
    if (!trie || --trie->owners)
        return;
    for (unsigned i = 0; i < child_count(trie); i++)
        trie_unref(trie->tail[i]);
    free(trie);
}

const void *trie_get(const struct trie *trie, const uint8_t id[32], size_t *out_size)
{
    for (unsigned depth = 0; trie && trie->branches; depth++) {
        unsigned which = nibble(id, depth);

        if (!(trie->branches & (1u << which)))
            return NULL;
        trie = trie->tail[child_index(trie, which)];
    }
    if (!trie || memcmp(trie->id, id, 32) != 0)
        return NULL;
    if (out_size)
        *out_size = trie->size;
    return trie->tail;
}

/* A copy of branch `node` in which nibble `which` leads to `child` (owned by the copy from now on);
   the other children are shared. */
static struct trie *branch_with(const struct trie *node, unsigned which, struct trie *child)
{
    struct trie *made = branch_new((uint16_t)(node->branches | (1u << which)));
    unsigned from = 0;

    for (unsigned n = 0, to = 0; n < 16; n++) {
        bool had = node->branches & (1u << n);

        if (n == which)
            made->tail[to++] = child;
        else if (had)
            made->tail[to++] = trie_ref(node->tail[from]);
        if (had)
            from++;
    }
    return made;
}

/* A branch for two leaves whose ids agree up to `depth`. Owns both. */
static struct trie *branch_of_two(struct trie *a, struct trie *b, unsigned depth)
{
    unsigned in_a = nibble(a->id, depth);
    unsigned in_b = nibble(b->id, depth);
    struct trie *made = branch_new((uint16_t)((1u << in_a) | (1u << in_b)));

    if (in_a == in_b) {
        made->tail[0] = branch_of_two(a, b, depth + 1);
    } else {
        made->tail[in_a > in_b] = a;
        made->tail[in_a < in_b] = b;
    }
    return made;
}

/* The version of `node` that also has `leaf`; takes ownership of `leaf`, only borrows `node`. */
static struct trie *with_leaf(struct trie *node, struct trie *leaf, unsigned depth)
{
    if (!node)
        return leaf;
    if (!node->branches) {
        if (memcmp(node->id, leaf->id, 32) == 0)
            return leaf;
        return branch_of_two(trie_ref(node), leaf, depth);
    }
    unsigned which = nibble(leaf->id, depth);
    struct trie *child = NULL;

    if (node->branches & (1u << which))
        child = node->tail[child_index(node, which)];
    return branch_with(node, which, with_leaf(child, leaf, depth + 1));
}

void trie_put(struct trie **trie, const uint8_t id[32], const void *record, size_t record_size)
{
    struct trie *made = with_leaf(*trie, leaf_new(id, record, record_size), 0);

    trie_unref(*trie);
    *trie = made;
}

/* The version of `node` without `id`, which is known to be there; NULL when nothing is left. */
static struct trie *without(struct trie *node, const uint8_t id[32], unsigned depth)
{
    if (!node->branches)
        return NULL;
    unsigned which = nibble(id, depth);
    unsigned index = child_index(node, which);
    struct trie *rest = without(node->tail[index], id, depth + 1);

    if (rest)
        return branch_with(node, which, rest);
    unsigned count = child_count(node);
    if (count == 1)
        return NULL;
    struct trie *made = branch_new((uint16_t)(node->branches & ~(1u << which)));
    for (unsigned from = 0, to = 0; from < count; from++) {
        if (from != index)
            made->tail[to++] = trie_ref(node->tail[from]);
    }
    return made;
}

void trie_remove(struct trie **trie, const uint8_t id[32])
{
    if (!trie_get(*trie, id, NULL))
        return;
    struct trie *made = without(*trie, id, 0);

    trie_unref(*trie);
    *trie = made;
}

void trie_walk(const struct trie *trie, trie_visitor visit, void *self)
{
    if (!trie)
        return;
    if (!trie->branches) {
        visit(self, trie->id, trie->tail, trie->size);
        return;
    }
    for (unsigned i = 0; i < child_count(trie); i++)
        trie_walk(trie->tail[i], visit, self);
}

#include "devnode/core/chain.h"

#include <assert.h>
#include <stdlib.h>

#include "devnode/core/memory.h"

static void let_go_of_txs(struct transaction **txs, size_t count)
{
    for (size_t i = 0; i < count; i++)
        transaction_unref(txs[i]);
    free(txs);
}

void chain_contents_done(struct chain_contents *contents)
{
    let_go_of_txs(contents->txs, contents->tx_count);
    ledger_unref(contents->ledger);
    *contents = (struct chain_contents){.txs = NULL};
}

static struct chain_block *block_new(struct chain_contents *contents)
{
    struct chain_block *block = memory_new(1, sizeof(*block));

    block->id = contents->id;
    block->header = contents->header;
    block->signature = contents->signature;
    block->height = contents->ledger->height;
    block->ledger = contents->ledger;
    block->txs = contents->txs;
    block->tx_count = contents->tx_count;
    *contents = (struct chain_contents){.txs = NULL};
    return block;
}

static void block_free(struct chain_block *block)
{
    let_go_of_txs(block->txs, block->tx_count);
    ledger_unref(block->ledger);
    free(block);
}

void chain_init(struct chain *chain, struct chain_contents *first, uint64_t security_param,
    uint64_t density_window)
{
    *chain = (struct chain){.security_param = security_param, .density_window = density_window};
    chain->lib = block_new(first);
    chain->tip = chain->lib;
    table_put(&chain->blocks, chain->lib->id.bytes, chain->lib);
}

void chain_done(struct chain *chain)
{
    size_t cursor = 0;
    struct chain_block *block;

    while ((block = table_next(&chain->blocks, &cursor)))
        block_free(block);
    table_done(&chain->blocks);
    *chain = (struct chain){.tip = NULL};
}

struct chain_block *chain_find(const struct chain *chain, const struct bytes32 *id)
{
    return table_get(&chain->blocks, id->bytes);
}

struct chain_block *chain_attach(
    struct chain *chain, struct chain_block *parent, struct chain_contents *contents)
{
    struct chain_block *block = block_new(contents);

    assert(block->height == parent->height + 1);
    assert(!chain_find(chain, &block->id));
    block->parent = parent;
    block->next_sibling = parent->first_child;
    parent->first_child = block;
    table_put(&chain->blocks, block->id.bytes, block);
    return block;
}

struct chain_block *chain_fork_point(struct chain_block *a, struct chain_block *b)
{
    while (a != b) {
        if (a->height >= b->height)
            a = a->parent;
        else
            b = b->parent;
        assert(a && b); /* both descend from the LIB */
    }
    return a;
}

/* Blocks of the branch that ends with `end`, after `fork` and within the window. */
static uint64_t density(
    const struct chain *chain, const struct chain_block *fork, const struct chain_block *end)
{
    uint64_t count = 0;

    for (const struct chain_block *at = end; at != fork; at = at->parent) {
        if (at->header.slot - fork->header.slot <= chain->density_window)
            count++;
    }
    return count;
}

bool chain_prefers(const struct chain *chain, const struct chain_block *block)
{
    if (chain->is_online)
        return block->height > chain->tip->height;
    struct chain_block *fork = chain_fork_point(chain->tip, (struct chain_block *)(uintptr_t)block);
    if (chain->tip->height - fork->height <= chain->security_param)
        return block->height > chain->tip->height;
    return density(chain, fork, block) > density(chain, fork, chain->tip);
}

struct chain_block *chain_at(const struct chain *chain, uint64_t height)
{
    struct chain_block *at = chain->tip;

    if (height > at->height || height < chain->lib->height)
        return NULL;
    while (at->height > height)
        at = at->parent;
    return at;
}

struct chain_block *chain_next_lib(const struct chain *chain, uint64_t floor_height)
{
    uint64_t tip = chain->tip->height;
    uint64_t due = 0;

    if (tip > chain->security_param && (chain->is_online || floor_height))
        due = tip - chain->security_param;
    if (!chain->is_online && due > floor_height)
        due = floor_height;
    if (chain->lib->height >= due)
        return NULL;
    return chain_at(chain, chain->lib->height + 1);
}

/* Frees a block and all below it. The tree can be deep, so no recursion: the first child's children
   are spliced in before its siblings. */
static void prune(struct chain *chain, struct chain_block *branch, chain_leaver leave, void *self)
{
    struct chain_block *next = branch;

    branch->next_sibling = NULL;
    while (next) {
        struct chain_block *gone = next;
        struct chain_block *last = gone->first_child;

        assert(gone != chain->tip);
        next = gone->next_sibling;
        if (last) {
            while (last->next_sibling)
                last = last->next_sibling;
            last->next_sibling = next;
            next = gone->first_child;
        }
        table_remove(&chain->blocks, gone->id.bytes);
        leave(self, gone);
        block_free(gone);
    }
}

void chain_advance(struct chain *chain, struct chain_block *next, chain_leaver leave, void *self)
{
    struct chain_block *old = chain->lib;
    struct chain_block *child = old->first_child;

    assert(next->parent == old);
    while (child) {
        struct chain_block *following = child->next_sibling;

        if (child != next)
            prune(chain, child, leave, self);
        child = following;
    }
    leave(self, next);
    table_remove(&chain->blocks, old->id.bytes);
    block_free(old);
    let_go_of_txs(next->txs, next->tx_count);
    next->txs = NULL;
    next->tx_count = 0;
    next->parent = NULL;
    next->next_sibling = NULL;
    chain->lib = next;
}

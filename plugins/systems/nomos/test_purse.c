/* The purse against a naive ledger: whatever blocks come, go and come back, a note is spent once,
   and only when it is safe on the longest chain. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "plugins/systems/nomos/chain.h"
#include "plugins/systems/nomos/purse.h"

enum {
    USERS = 3,
    FUNDS = 100,
    CONFIRMATIONS = 2,
    BLOCKS_MAX = 600,
    BLOCK_TXS = 3,
    TXS_MAX = 1200,
    NOTES_MAX = USERS + 2 * TXS_MAX
};

enum tx_state {
    TX_HANDED_OUT, /* the workload has it; a node may, too */
    TX_SETTLED,    /* accepted by a node */
    TX_GIVEN_BACK
};

struct model_tx {
    enum tx_state state;
    struct sent *sent; /* while it is handed out */
    unsigned input;    /* notes by index */
    unsigned outputs[SENT_OUTPUTS_MAX], output_count;
    struct note notes[SENT_OUTPUTS_MAX];
    struct fr input_id;
    bool was_included; /* in any block */
};

struct model_block {
    struct bytes32 id;
    unsigned parent; /* index; genesis is 0 */
    uint64_t height;
    unsigned txs[BLOCK_TXS], tx_count;
};

struct model {
    struct nomos system;
    struct assay_purse *purse;
    struct note genesis_outputs[GENESIS_NOTES_PER_NODE + USERS];
    struct fr notes[NOTES_MAX]; /* ids */
    uint64_t values[NOTES_MAX];
    unsigned note_count;
    struct model_tx txs[TXS_MAX];
    unsigned tx_count;
    struct model_block blocks[BLOCKS_MAX];
    unsigned block_count, tip;
    uint64_t chance;
};

static unsigned draw(struct model *m, unsigned below)
{
    m->chance ^= m->chance << 13;
    m->chance ^= m->chance >> 7;
    m->chance ^= m->chance << 17;
    return (unsigned)(m->chance % below);
}

static int setup(void **state)
{
    struct model *m = calloc(1, sizeof(*m));
    struct fr ids[GENESIS_NOTES_PER_NODE + USERS];

    assert_non_null(m);
    assert_true(keys_init());
    m->chance = 88172645463325252ULL;
    wire_init(&m->system.wire, &wire_revision_2025_12);
    assert_int_equal(pthread_mutex_init(&m->system.lock, NULL), 0);
    m->system.node_count = 1;
    m->system.options.confirmations = CONFIRMATIONS;
    m->system.options.notes_per_user = 4;
    for (unsigned i = 0; i < GENESIS_NOTES_PER_NODE + USERS; i++)
        m->genesis_outputs[i].value = FUNDS;
    m->system.genesis.tx.outputs = m->genesis_outputs;
    m->system.genesis.tx.output_count = GENESIS_NOTES_PER_NODE + USERS;
    tx_output_ids(&m->system.wire, &m->system.genesis.tx, ids);
    for (unsigned i = 0; i < USERS; i++) {
        m->notes[i] = ids[GENESIS_NOTES_PER_NODE + i];
        m->values[i] = FUNDS;
    }
    m->note_count = USERS;
    m->block_count = 1;
    assert_int_equal(purse_open(&m->system, 0, USERS, &m->purse), ASSAY_OK);
    *state = m;
    return 0;
}

static int teardown(void **state)
{
    struct model *m = *state;

    purses_free(&m->system);
    free(m->system.best);
    (void)pthread_mutex_destroy(&m->system.lock);
    free(m);
    return 0;
}

/* ---- the naive ledger ---- */

static void replay(const struct model *m, unsigned block, bool unspent[NOTES_MAX])
{
    if (block == 0) {
        memset(unspent, 0, NOTES_MAX);
        memset(unspent, 1, USERS);
        return;
    }
    replay(m, m->blocks[block].parent, unspent);
    for (unsigned i = 0; i < m->blocks[block].tx_count; i++) {
        const struct model_tx *tx = &m->txs[m->blocks[block].txs[i]];

        assert_true(unspent[tx->input]); /* no branch spends a note twice */
        unspent[tx->input] = false;
        for (unsigned j = 0; j < tx->output_count; j++)
            unspent[tx->outputs[j]] = true;
    }
}

static unsigned ancestor(const struct model *m, unsigned block, unsigned back)
{
    while (back-- > 0 && block > 0)
        block = m->blocks[block].parent;
    return block;
}

/* ---- what happens ---- */

/* The newest of that id: a transaction that was given back may have been made again, the same. */
static unsigned note_of(const struct model *m, const struct fr *id)
{
    for (unsigned i = m->note_count; i-- > 0;) {
        if (fr_equal(&m->notes[i], id))
            return i;
    }
    fail_msg("the purse spends a note that was never made");
    return 0;
}

/* The note is there where no fork of up to CONFIRMATIONS blocks can take it away, and nobody else
   has it. */
static void assert_spendable(const struct model *m, unsigned note)
{
    static bool unspent[NOTES_MAX];

    replay(m, ancestor(m, m->tip, CONFIRMATIONS), unspent);
    assert_true(unspent[note]);
    replay(m, m->tip, unspent);
    assert_true(unspent[note]);
    for (unsigned i = 0; i < m->tx_count; i++) {
        if (m->txs[i].input == note)
            assert_int_equal(m->txs[i].state, TX_GIVEN_BACK);
    }
}

static struct sent *take(struct model *m)
{
    bool is_short = false;
    struct sent *sent;

    purse_confirm(m->purse);
    sent = purse_take(m->purse, &is_short);
    assert_false(is_short);
    if (!sent)
        return NULL;
    assert_spendable(m, note_of(m, &sent->input));
    return sent;
}

/* Takes a note and makes its transaction, as transfer.c does when it signs. */
static struct model_tx *spend(struct model *m)
{
    struct sent *sent = take(m);
    struct model_tx *tx = &m->txs[m->tx_count];
    uint64_t sum = 0;
    struct mantle_tx ledger;
    struct fr hash;

    if (!sent)
        return NULL;
    assert_true(m->tx_count++ < TXS_MAX);
    ledger = (struct mantle_tx){.inputs = &sent->input,
        .input_count = 1,
        .outputs = sent->outputs,
        .output_count = sent->output_count};
    tx_output_ids(&m->system.wire, &ledger, sent->output_ids);
    hash = tx_hash(&m->system.wire, &ledger);
    hex_from_fr(&hash, sent->id);
    *tx = (struct model_tx){.state = TX_HANDED_OUT,
        .sent = sent,
        .input = note_of(m, &sent->input),
        .input_id = sent->input,
        .output_count = sent->output_count};
    for (unsigned i = 0; i < sent->output_count; i++) {
        tx->notes[i] = sent->outputs[i];
        tx->outputs[i] = m->note_count;
        m->notes[m->note_count] = sent->output_ids[i];
        m->values[m->note_count++] = sent->outputs[i].value;
        sum += sent->outputs[i].value;
    }
    assert_int_equal(sum, m->values[tx->input]);
    return tx;
}

/* As transfer.c settles: refused gives back unless it was seen in a block. */
static void settle(struct model *m, struct model_tx *tx, bool is_refused)
{
    if (is_refused && tx->sent->place_count == 0) {
        purse_give_back(m->purse, tx->sent);
        tx->state = TX_GIVEN_BACK;
    } else {
        purse_let_go(m->purse, tx->sent);
        tx->state = TX_SETTLED;
    }
    tx->sent = NULL;
}

/* The purse sees the block, at its height. */
static void see(struct model *m, unsigned index)
{
    const struct model_block *block = &m->blocks[index];
    struct signed_tx txs[BLOCK_TXS];
    char ids[BLOCK_TXS][HEX32_SIZE];

    memset(txs, 0, sizeof(txs));
    for (unsigned i = 0; i < block->tx_count; i++) {
        struct model_tx *tx = &m->txs[block->txs[i]];

        txs[i].tx = (struct mantle_tx){.inputs = &tx->input_id,
            .input_count = 1,
            .outputs = tx->notes,
            .output_count = tx->output_count};
        tx->was_included = true;
    }
    const struct block seen = {.txs = txs, .tx_count = block->tx_count};

    purse_name_txs(&m->system, &seen, ids);
    purse_see_block(
        &m->system, &seen, &(const struct block_place){.id = block->id, .height = block->height});
}

/* A block on `parent` with up to `tx_max` transactions that its branch allows, by chance. */
static unsigned mine(struct model *m, unsigned parent, unsigned tx_max)
{
    static bool unspent[NOTES_MAX];
    const unsigned index = m->block_count++;
    struct model_block *block = &m->blocks[index];

    assert_true(index < BLOCKS_MAX);
    *block = (struct model_block){.parent = parent, .height = m->blocks[parent].height + 1};
    memcpy(block->id.bytes, &index, sizeof(index));
    replay(m, parent, unspent);
    for (unsigned i = 0; i < m->tx_count && block->tx_count < tx_max; i++) {
        const struct model_tx *tx = &m->txs[i];

        if (tx->state == TX_GIVEN_BACK || !unspent[tx->input] || (draw(m, 3) == 0))
            continue;
        unspent[tx->input] = false;
        block->txs[block->tx_count++] = i;
    }
    see(m, index);
    return index;
}

/* The node's chain ends in this block now. */
static void adopt(struct model *m, unsigned tip)
{
    const uint64_t height = m->blocks[tip].height;
    struct bytes32 *ids = calloc(height + 1, sizeof(*ids));
    unsigned block = tip;

    assert_non_null(ids);
    for (uint64_t h = height + 1; h-- > 0; block = m->blocks[block].parent)
        ids[h] = m->blocks[block].id;
    purse_see_chain(&m->system, &(const struct chain){.ids = ids, .height = height});
    free(ids);
    m->tip = tip;
}

static void grow(struct model *m, unsigned tx_max)
{
    adopt(m, mine(m, m->tip, tx_max));
}

/* Another branch overtakes: up to CONFIRMATIONS blocks are abandoned. */
static void reorganise(struct model *m)
{
    const unsigned depth = 1 + draw(m, CONFIRMATIONS);
    const uint64_t height = m->blocks[m->tip].height;
    unsigned tip = ancestor(m, m->tip, depth);

    while (m->blocks[tip].height <= height)
        tip = mine(m, tip, BLOCK_TXS);
    adopt(m, tip);
}

static struct model_tx *draw_handed_out(struct model *m)
{
    const unsigned start = m->tx_count ? draw(m, m->tx_count) : 0;

    for (unsigned i = 0; i < m->tx_count; i++) {
        struct model_tx *tx = &m->txs[(start + i) % m->tx_count];

        if (tx->state == TX_HANDED_OUT)
            return tx;
    }
    return NULL;
}

/* Settles all, and mines until nothing is on its way. */
static void come_to_rest(struct model *m)
{
    struct model_tx *tx;

    while ((tx = draw_handed_out(m)))
        settle(m, tx, false);
    for (int i = 0; i < 200; i++)
        grow(m, BLOCK_TXS);
    for (int i = 0; i < CONFIRMATIONS; i++)
        grow(m, 0);
}

/* ---- tests ---- */

static void no_note_is_spent_twice_whatever_branch_wins(void **state)
{
    struct model *m = *state;
    uint64_t sum = 0;
    struct sent *sent;

    for (int step = 0; step < 600 && m->block_count < 300; step++) {
        const unsigned what = draw(m, 10);
        struct model_tx *tx;

        if (what < 4)
            (void)spend(m);
        else if (what < 7 && (tx = draw_handed_out(m)))
            settle(m, tx, !tx->was_included && draw(m, 3) == 0);
        else if (what < 9)
            grow(m, BLOCK_TXS);
        else
            reorganise(m);
    }
    assert_true(m->tx_count > 50); /* else nothing was shown */
    come_to_rest(m);
    while ((sent = take(m))) {
        sum += sent->value;
        m->txs[m->tx_count++] =
            (struct model_tx){.state = TX_HANDED_OUT, .input = note_of(m, &sent->input)};
    }
    assert_int_equal(sum, USERS * FUNDS); /* all of it came back */
}

static void a_note_is_not_spent_before_it_is_confirmed(void **state)
{
    struct model *m = *state;

    m->system.options.notes_per_user = 1;
    for (int i = 0; i < USERS; i++)
        settle(m, spend(m), false);
    assert_null(take(m));
    while (m->blocks[m->tip].tx_count == 0)
        grow(m, 1);
    for (int i = 0; i < CONFIRMATIONS; i++) {
        assert_null(take(m));
        grow(m, 0);
    }
    assert_non_null(take(m));
    assert_null(take(m));
}

static void a_note_in_an_abandoned_block_stays_away(void **state)
{
    struct model *m = *state;
    unsigned lonely, other = 0;

    for (int i = 0; i < USERS; i++)
        settle(m, spend(m), false);
    do
        lonely = mine(m, 0, 1);
    while (m->blocks[lonely].tx_count == 0);
    for (int i = 0; i < 10; i++)
        other = mine(m, other, 0); /* a longer branch without it */
    adopt(m, other);
    assert_null(take(m));
}

static void funds_are_split_until_there_are_notes_enough(void **state)
{
    struct model *m = *state;
    struct model_tx *tx = spend(m);

    assert_int_equal(tx->output_count, 2);
    m->system.options.notes_per_user = 1;
    tx = spend(m);
    assert_int_equal(tx->output_count, 1);
}

static void a_refused_note_can_be_spent_again(void **state)
{
    struct model *m = *state;

    for (int i = 0; i < USERS - 1; i++)
        (void)spend(m);
    settle(m, spend(m), true);
    assert_non_null(spend(m));
    assert_null(take(m));
}

static void a_note_that_is_in_a_block_is_not_given_back(void **state)
{
    struct model *m = *state;
    struct model_tx *tx = spend(m);

    while (!tx->was_included)
        grow(m, 1);
    purse_give_back(m->purse, tx->sent); /* does nothing */
    for (int i = 0; i < USERS - 1; i++)
        assert_non_null(spend(m));
    assert_null(take(m));
}

static void confirmed_before_it_is_settled_it_is_freed_once(void **state)
{
    struct model *m = *state;
    struct model_tx *tx = spend(m);

    while (!tx->was_included)
        grow(m, 1);
    for (int i = 0; i < CONFIRMATIONS; i++)
        grow(m, 0);
    purse_confirm(m->purse);
    assert_int_equal(m->purse->sent_count, 1); /* the workload still has it */
    settle(m, tx, true);
    assert_int_equal(m->purse->sent_count, 0);
}

static void more_sibling_blocks_than_are_remembered_do_no_harm(void **state)
{
    struct model *m = *state;

    (void)spend(m);
    for (int i = 0; i < 10 * SENT_PLACES_MAX; i++)
        (void)mine(m, 0, 1);
    assert_int_equal(m->txs[0].sent->place_count, SENT_PLACES_MAX);
}

static void accounts_that_genesis_does_not_have_are_refused(void **state)
{
    struct model *m = *state;
    struct assay_purse *purse = NULL;

    assert_int_equal(purse_open(&m->system, 1, USERS, &purse), ASSAY_E_NOTFOUND);
    assert_null(purse);
}

#define with_model(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        with_model(no_note_is_spent_twice_whatever_branch_wins),
        with_model(a_note_is_not_spent_before_it_is_confirmed),
        with_model(a_note_in_an_abandoned_block_stays_away),
        with_model(funds_are_split_until_there_are_notes_enough),
        with_model(a_refused_note_can_be_spent_again),
        with_model(a_note_that_is_in_a_block_is_not_given_back),
        with_model(confirmed_before_it_is_settled_it_is_freed_once),
        with_model(more_sibling_blocks_than_are_remembered_do_no_harm),
        with_model(accounts_that_genesis_does_not_have_are_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

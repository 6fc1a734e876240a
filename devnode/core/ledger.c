#include "devnode/core/ledger.h"

#include <stdlib.h>
#include <string.h>

#include "devnode/core/memory.h"
#include "devnode/core/ops.h"
#include "nomos/hex.h"

/* An insertion that the checks before it have made sure of. What is left to fail is memory. */
static void insert_note(struct utxo *utxo, const struct fr *id, const struct note *note)
{
    if (utxo_insert(utxo, id, note) != UTXO_OK)
        abort();
}

struct ledger *ledger_genesis(const struct ledger_rules *rules, const struct signed_tx *genesis)
{
    struct ledger *ledger = memory_new(1, sizeof(*ledger));
    size_t count = genesis->tx.output_count;
    struct fr *ids = memory_new(count, sizeof(*ids));
    struct op_state ops = {.channels = NULL};

    ledger->owners = 1;
    tx_output_ids(rules->wire, &genesis->tx, ids);
    for (size_t i = 0; i < count; i++)
        insert_note(&ledger->utxo, &ids[i], &genesis->tx.outputs[i]);
    free(ids);
    op_apply_genesis(&ops, genesis);
    ledger->channels = ops.channels;
    ledger->declarations = ops.declarations;
    ledger->locked = ops.locked;
    ledger->epoch = (struct epoch_state){.epoch = 0, .aged = utxo_copy(&ledger->utxo)};
    ledger->next_epoch = (struct epoch_state){.epoch = 1, .aged = utxo_copy(&ledger->utxo)};
    return ledger;
}

struct ledger *ledger_ref(struct ledger *ledger)
{
    ledger->owners++;
    return ledger;
}

void ledger_unref(struct ledger *ledger)
{
    if (!ledger || --ledger->owners)
        return;
    utxo_done(&ledger->utxo);
    utxo_done(&ledger->epoch.aged);
    utxo_done(&ledger->next_epoch.aged);
    trie_unref(ledger->channels);
    trie_unref(ledger->declarations);
    trie_unref(ledger->locked);
    free(ledger);
}

static struct epoch_state epoch_copy(const struct epoch_state *epoch)
{
    return (struct epoch_state){
        .epoch = epoch->epoch, .nonce = epoch->nonce, .aged = utxo_copy(&epoch->aged)};
}

/* The parent's nonce and notes as the state of an epoch. */
static struct epoch_state epoch_of(const struct ledger *parent, uint64_t epoch)
{
    return (struct epoch_state){
        .epoch = epoch, .nonce = parent->nonce, .aged = utxo_copy(&parent->utxo)};
}

/* Within an epoch, the next epoch's nonce follows the chain for a part of the epoch. Its notes were
   settled when the epoch began. */
static struct epoch_state refreshed(const struct ledger *parent, const struct epochs *epochs)
{
    const struct epoch_state *next = &parent->next_epoch;
    uint64_t begin = epochs_first_slot(epochs, next->epoch - 1);
    bool nonce_is_open = parent->slot - begin < epochs->nonce_contrib;

    return (struct epoch_state){
        .epoch = next->epoch,
        .nonce = nonce_is_open ? parent->nonce : next->nonce,
        .aged = utxo_copy(&next->aged),
    };
}

struct ledger *ledger_begin(const struct ledger *parent, const struct ledger_rules *rules,
    uint64_t slot, struct reason *why)
{
    uint64_t before = epochs_of_slot(&rules->epochs, parent->slot);
    uint64_t epoch = epochs_of_slot(&rules->epochs, slot);

    if (slot <= parent->slot) {
        reason_format(why, "slot %llu is not after the parent's slot %llu",
            (unsigned long long)slot, (unsigned long long)parent->slot);
        return NULL;
    }
    struct ledger *made = memory_new(1, sizeof(*made));
    made->owners = 1;
    made->slot = slot;
    made->height = parent->height + 1;
    made->nonce = parent->nonce;
    made->utxo = utxo_copy(&parent->utxo);
    made->channels = trie_ref(parent->channels);
    made->declarations = trie_ref(parent->declarations);
    made->locked = trie_ref(parent->locked);
    if (epoch == before) {
        made->epoch = epoch_copy(&parent->epoch);
        made->next_epoch = refreshed(parent, &rules->epochs);
    } else if (epoch == before + 1) {
        made->epoch = epoch_copy(&parent->next_epoch);
        made->next_epoch = epoch_of(parent, epoch + 1);
    } else {
        /* A whole epoch without blocks: there is no snapshot of it but the parent. */
        made->epoch = epoch_of(parent, epoch);
        made->next_epoch = epoch_of(parent, epoch + 1);
    }
    return made;
}

struct leader_public ledger_leader_public(
    const struct ledger *begun, const struct ledger_rules *rules, const struct ledger *parent)
{
    return (struct leader_public){
        .slot = begun->slot,
        .epoch_nonce = begun->epoch.nonce,
        .total_stake = rules->lottery.total_stake,
        .aged_root = utxo_root(&begun->epoch.aged),
        .latest_root = utxo_root(&parent->utxo),
    };
}

static bool is_locked(const struct trie *locked, const struct fr *id)
{
    uint8_t bytes[FR_SIZE];

    if (!locked)
        return false;
    fr_to_le32(id, bytes);
    return trie_get(locked, bytes, NULL) != NULL;
}

static bool refuse_note(struct reason *why, const struct fr *id, const char *what)
{
    char text[HEX32_SIZE];

    hex_from_fr(id, text);
    return reason_set(why, "input %s %s", text, what);
}

/* Finds all inputs and their owners; `notes` has room for them. */
static bool find_inputs(
    const struct ledger *ledger, const struct mantle_tx *tx, struct note *notes, struct reason *why)
{
    for (size_t i = 0; i < tx->input_count; i++) {
        if (!utxo_find(&ledger->utxo, &tx->inputs[i], &notes[i]))
            return refuse_note(why, &tx->inputs[i], "is spent or never existed");
        if (is_locked(ledger->locked, &tx->inputs[i]))
            return refuse_note(why, &tx->inputs[i], "is locked by a service declaration");
        for (size_t j = 0; j < i; j++) {
            if (fr_equal(&tx->inputs[i], &tx->inputs[j]))
                return refuse_note(why, &tx->inputs[i], "is spent twice in one transaction");
        }
    }
    return true;
}

/* 64-bit values of at most TX_NOTES_MAX notes cannot overflow 128 bits. */
static bool is_balanced(const struct transaction *tx, const struct note *notes, struct reason *why)
{
    const struct mantle_tx *mantle = &tx->signed_tx.tx;
    __extension__ unsigned __int128 in = 0;
    __extension__ unsigned __int128 out = 0;
    uint64_t cost;

    for (size_t i = 0; i < mantle->input_count; i++)
        in += notes[i].value;
    for (size_t i = 0; i < mantle->output_count; i++) {
        if (!mantle->outputs[i].value)
            return reason_set(why, "output %zu has a value of zero", i);
        out += mantle->outputs[i].value;
    }
    if (!signed_tx_gas_cost(&tx->signed_tx, &cost))
        return reason_set(why, "the gas cost does not fit 64 bits");
    if (in != out + cost)
        return reason_set(why,
            "unbalanced: inputs of %llu, outputs of %llu and a gas cost of %llu (modulo 2^64)",
            (unsigned long long)in, (unsigned long long)out, (unsigned long long)cost);
    return true;
}

static bool is_proved(const struct ledger_rules *rules, struct transaction *tx,
    const struct note *notes, struct reason *why)
{
    size_t count = tx->signed_tx.tx.input_count;

    if (tx->proof == VERDICT_UNKNOWN) {
        struct fr *owners = memory_new(count, sizeof(*owners));
        struct zk_statement statement = {
            .message = tx->hash, .owners = owners, .owner_count = count};

        for (size_t i = 0; i < count; i++)
            owners[i] = notes[i].pk;
        tx->proof = rules->scheme->verify(
                        rules->wire, &statement, &tx->signed_tx.ledger_proof, NULL) == NOMOS_OK
            ? VERDICT_GOOD
            : VERDICT_BAD;
        free(owners);
    }
    if (tx->proof == VERDICT_BAD)
        return reason_set(why, "the proof that the owners of the inputs agree does not hold");
    return true;
}

static bool apply_ops(struct op_state *ops, const struct ledger *ledger,
    const struct ledger_rules *rules, const struct transaction *tx, struct reason *why)
{
    for (size_t i = 0; i < tx->signed_tx.tx.op_count; i++) {
        if (!op_apply(ops, ledger, rules, tx, i, why))
            return reason_wrap(why, "operation %zu", i);
    }
    /* A declaration may not lock a note that its own transaction spends. */
    for (size_t i = 0; i < tx->signed_tx.tx.input_count; i++) {
        if (is_locked(ops->locked, &tx->signed_tx.tx.inputs[i]))
            return refuse_note(
                why, &tx->signed_tx.tx.inputs[i], "is locked by the same transaction");
    }
    return true;
}

static void move_notes(struct utxo *utxo, const struct transaction *tx)
{
    const struct mantle_tx *mantle = &tx->signed_tx.tx;

    for (size_t i = 0; i < mantle->input_count; i++) {
        if (utxo_remove(utxo, &mantle->inputs[i], NULL) != UTXO_OK)
            abort(); /* found a moment ago: out of memory */
    }
    for (size_t i = 0; i < mantle->output_count; i++)
        insert_note(utxo, &tx->output_ids[i], &mantle->outputs[i]);
}

bool ledger_apply(struct ledger *ledger, const struct ledger_rules *rules, struct transaction *tx,
    struct reason *why)
{
    const struct mantle_tx *mantle = &tx->signed_tx.tx;
    struct note few[8];
    struct note *notes = few;
    bool is_valid;

    /* Everything is checked before anything is changed, so that the note set need not be copied
       to be able to go back. */
    if (mantle->input_count > sizeof(few) / sizeof(*few))
        notes = memory_new(mantle->input_count, sizeof(*notes));
    is_valid = find_inputs(ledger, mantle, notes, why) && is_balanced(tx, notes, why) &&
        is_proved(rules, tx, notes, why);
    if (notes != few)
        free(notes);
    if (!is_valid)
        return false;
    if (mantle->op_count) {
        struct op_state ops = op_state_copy(ledger);

        if (!apply_ops(&ops, ledger, rules, tx, why)) {
            op_state_done(&ops);
            return false;
        }
        trie_unref(ledger->channels);
        trie_unref(ledger->declarations);
        trie_unref(ledger->locked);
        ledger->channels = ops.channels;
        ledger->declarations = ops.declarations;
        ledger->locked = ops.locked;
    }
    move_notes(&ledger->utxo, tx);
    return true;
}

void ledger_seal(struct ledger *ledger, const struct ledger_rules *rules, const struct fr *entropy)
{
    ledger->nonce = lottery_next_nonce(rules->wire, &ledger->nonce, entropy, ledger->slot);
}

void ledger_prove_early(
    const struct ledger *ledger, const struct ledger_rules *rules, struct transaction *tx)
{
    const struct mantle_tx *mantle = &tx->signed_tx.tx;
    struct note *notes = memory_new(mantle->input_count, sizeof(*notes));
    bool is_known = true;

    for (size_t i = 0; i < mantle->input_count && is_known; i++)
        is_known = utxo_find(&ledger->utxo, &mantle->inputs[i], &notes[i]);
    if (is_known)
        (void)is_proved(rules, tx, notes, NULL);
    free(notes);
}

struct balance_walk {
    const struct fr *pk;
    struct ledger_balance sum;
};

static bool add_balance(void *context, const struct fr *id, const struct note *note)
{
    struct balance_walk *walk = context;

    (void)id;
    if (fr_equal(&note->pk, walk->pk)) {
        walk->sum.value += note->value;
        walk->sum.note_count++;
    }
    return true;
}

struct ledger_balance ledger_balance_of(const struct ledger *ledger, const struct fr *pk)
{
    struct balance_walk walk = {.pk = pk};

    utxo_each(&ledger->utxo, add_balance, &walk);
    return walk.sum;
}

struct declaration_list {
    struct sdp_declaration *items;
    size_t count;
    size_t room;
};

static void add_declaration(void *self, const uint8_t id[32], const void *record, size_t size)
{
    struct declaration_list *list = self;
    struct sdp_declaration declaration;

    (void)id;
    memcpy(&declaration, record, sizeof(declaration));
    declaration.declare.locators =
        memory_copy((const uint8_t *)record + sizeof(declaration), size - sizeof(declaration));
    if (list->count == list->room) {
        list->room = list->room ? list->room * 2 : 8;
        list->items = memory_resize(list->items, list->room, sizeof(*list->items));
    }
    list->items[list->count++] = declaration;
}

struct sdp_declaration *ledger_declarations(const struct ledger *ledger, size_t *out_count)
{
    struct declaration_list list = {.count = 0};

    trie_walk(ledger->declarations, add_declaration, &list);
    *out_count = list.count;
    return list.items;
}

bool ledger_channel_tip(
    const struct ledger *ledger, const struct bytes32 *channel, struct bytes32 *out_tip)
{
    const void *record = trie_get(ledger->channels, channel->bytes, NULL);

    if (!record)
        return false;
    memcpy(out_tip, record, sizeof(*out_tip));
    return true;
}

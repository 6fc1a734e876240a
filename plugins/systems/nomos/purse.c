#include "plugins/systems/nomos/purse.h"

#include <assert.h>
#include <stdlib.h>

#include "plugins/systems/nomos/chain.h"

/* ---- notes ---- */

static void put_coin(struct user *user, struct coin *coin)
{
    coin->next = NULL;
    *user->free_end = coin;
    user->free_end = &coin->next;
}

static struct coin *take_coin(struct user *user)
{
    struct coin *coin = user->free;

    if (!coin)
        return NULL;
    user->free = coin->next;
    if (!user->free)
        user->free_end = &user->free;
    return coin;
}

static assay_status add_coin(struct user *user, const struct fr *id, uint64_t value)
{
    struct coin *coin = calloc(1, sizeof(*coin));

    if (!coin)
        return ASSAY_E_NOMEM;
    coin->id = *id;
    coin->value = value;
    put_coin(user, coin);
    return ASSAY_OK;
}

/* ---- entries ---- */

static struct sent **bucket_of(struct assay_purse *purse, const struct fr *input)
{
    return &purse->buckets[input->limb[0] & (PURSE_BUCKETS - 1)];
}

static struct sent *find_sent(struct assay_purse *purse, const struct fr *input)
{
    struct sent *sent = *bucket_of(purse, input);

    while (sent && !fr_equal(&sent->input, input))
        sent = sent->bucket_next;
    return sent;
}

static void unlink_sent(struct assay_purse *purse, struct sent *sent)
{
    struct sent **at = bucket_of(purse, &sent->input);

    while (*at != sent)
        at = &(*at)->bucket_next;
    *at = sent->bucket_next;
    purse->sent_count--;
}

static void add_included(struct assay_purse *purse, struct sent *sent)
{
    sent->prev = NULL;
    sent->next = purse->included;
    if (sent->next)
        sent->next->prev = sent;
    purse->included = sent;
}

static void remove_included(struct assay_purse *purse, struct sent *sent)
{
    if (sent->prev)
        sent->prev->next = sent->next;
    else
        purse->included = sent->next;
    if (sent->next)
        sent->next->prev = sent->prev;
}

/* ---- opening ---- */

static assay_status fill_users(struct assay_purse *purse, uint32_t first)
{
    const struct nomos *system = purse->system;
    const struct mantle_tx *genesis = &system->genesis.tx;
    const size_t base =
        (size_t)system->node_count * genesis_notes_per_node(&system->genesis_spec) + first;
    struct fr *ids = calloc(genesis->output_count, sizeof(*ids));
    assay_status s = ids ? ASSAY_OK : ASSAY_E_NOMEM;

    if (!s && base + purse->user_count > genesis->output_count)
        s = ASSAY_E_NOTFOUND;
    if (!s)
        tx_output_ids(&system->wire, genesis, ids);
    for (uint32_t i = 0; !s && i < purse->user_count; i++) {
        struct user *user = &purse->users[i];

        user->secret_key = wallet_secret_key(first + i);
        user->public_key = genesis->outputs[base + i].pk;
        user->notes = 1;
        s = add_coin(user, &ids[base + i], genesis->outputs[base + i].value);
    }
    free(ids);
    return s;
}

assay_status purse_open(
    struct nomos *system, uint32_t first, uint32_t count, struct assay_purse **out)
{
    struct assay_purse *purse = calloc(1, sizeof(*purse));
    assay_status s = ASSAY_E_NOMEM;

    if (!purse)
        return s;
    purse->system = system;
    purse->users = calloc(count, sizeof(*purse->users));
    if (purse->users) {
        purse->user_count = count;
        for (uint32_t i = 0; i < count; i++)
            purse->users[i].free_end = &purse->users[i].free;
        s = fill_users(purse, first);
    }
    if (s) {
        purse_free(purse);
        return s;
    }
    (void)pthread_mutex_lock(&system->lock);
    purse->next = system->purses;
    system->purses = purse;
    (void)pthread_mutex_unlock(&system->lock);
    *out = purse;
    return ASSAY_OK;
}

void purse_free(struct assay_purse *purse)
{
    for (uint32_t i = 0; i < purse->user_count; i++) {
        struct coin *coin;

        while ((coin = take_coin(&purse->users[i])))
            free(coin);
    }
    for (size_t i = 0; i < PURSE_BUCKETS; i++) {
        while (purse->buckets[i]) {
            struct sent *sent = purse->buckets[i];

            purse->buckets[i] = sent->bucket_next;
            free(sent);
        }
    }
    free(purse->users);
    free(purse);
}

void purses_free(struct nomos *self)
{
    while (self->purses) {
        struct assay_purse *purse = self->purses;

        self->purses = purse->next;
        purse_free(purse);
    }
}

/* ---- spending ---- */

static void divide(struct sent *sent, const struct user *user, uint64_t notes_wanted)
{
    const bool is_split = user->notes < notes_wanted && sent->value >= 2;

    sent->output_count = is_split ? 2 : 1;
    sent->outputs[0] = (struct note){.value = sent->value, .pk = user->public_key};
    if (is_split) {
        sent->outputs[0].value = sent->value / 2;
        sent->outputs[1] =
            (struct note){.value = sent->value - sent->value / 2, .pk = user->public_key};
    }
}

struct sent *purse_take(struct assay_purse *purse, bool *is_short)
{
    struct sent *sent;
    struct user *user = NULL;
    struct coin *coin = NULL;

    if (purse->sent_count >= PURSE_SENT_MAX)
        return NULL;
    for (uint32_t i = 0; i < purse->user_count && !coin; i++) {
        user = &purse->users[purse->turn];
        coin = take_coin(user);
        if (!coin)
            purse->turn = (purse->turn + 1) % purse->user_count;
    }
    if (!coin)
        return NULL;
    sent = calloc(1, sizeof(*sent));
    if (!sent) {
        put_coin(user, coin);
        *is_short = true;
        return NULL;
    }
    sent->input = coin->id;
    sent->value = coin->value;
    sent->user = purse->turn;
    sent->is_handed_out = true;
    free(coin);
    divide(sent, user, (uint64_t)purse->system->options.notes_per_user);
    user->notes += sent->output_count - 1;
    sent->bucket_next = *bucket_of(purse, &sent->input);
    *bucket_of(purse, &sent->input) = sent;
    purse->sent_count++;
    purse->turn = (purse->turn + 1) % purse->user_count;
    return sent;
}

void purse_give_back(struct assay_purse *purse, struct sent *sent)
{
    struct user *user = &purse->users[sent->user];

    if (sent->place_count > 0 || sent->is_confirmed)
        return; /* it is in a block after all: the outputs are what comes back */
    if (add_coin(user, &sent->input, sent->value) == ASSAY_OK)
        user->notes -= sent->output_count - 1;
    unlink_sent(purse, sent);
    free(sent);
}

void purse_let_go(struct assay_purse *purse, struct sent *sent)
{
    sent->is_handed_out = false;
    if (!sent->is_confirmed)
        return;
    unlink_sent(purse, sent);
    free(sent);
}

/* ---- seeing ---- */

static bool is_confirmed(const struct nomos *self, const struct sent *sent)
{
    for (uint32_t i = 0; i < sent->place_count; i++) {
        const struct block_place *place = &sent->places[i];

        if (place->height + (uint64_t)self->options.confirmations <= self->best_height &&
            bytes32_equal(&self->best[place->height], &place->id))
            return true;
    }
    return false;
}

void purse_confirm(struct assay_purse *purse)
{
    struct sent *next;

    if (purse->checked_version == purse->system->best_version)
        return;
    purse->checked_version = purse->system->best_version;
    for (struct sent *sent = purse->included; sent; sent = next) {
        next = sent->next;
        if (!is_confirmed(purse->system, sent))
            continue;
        remove_included(purse, sent);
        for (uint32_t i = 0; i < sent->output_count; i++)
            (void)add_coin(&purse->users[sent->user], &sent->output_ids[i], sent->outputs[i].value);
        sent->is_confirmed = true;
        if (!sent->is_handed_out)
            purse_let_go(purse, sent);
    }
}

/* Is this transaction the one that we made for its input? Then its id needs no hashing. */
static bool is_same(const struct sent *sent, const struct mantle_tx *tx)
{
    if (tx->op_count != 0 || tx->input_count != 1 || tx->output_count != sent->output_count ||
        tx->execution_gas_price != 0 || tx->storage_gas_price != 0)
        return false;
    for (uint32_t i = 0; i < sent->output_count; i++) {
        if (tx->outputs[i].value != sent->outputs[i].value ||
            !fr_equal(&tx->outputs[i].pk, &sent->outputs[i].pk))
            return false;
    }
    return true;
}

static struct sent *find_own(
    struct nomos *self, const struct mantle_tx *tx, struct assay_purse **out_purse)
{
    if (tx->input_count != 1)
        return NULL;
    for (struct assay_purse *purse = self->purses; purse; purse = purse->next) {
        struct sent *sent = find_sent(purse, &tx->inputs[0]);

        if (sent && sent->id[0] != '\0' && is_same(sent, tx)) {
            *out_purse = purse;
            return sent;
        }
    }
    return NULL;
}

static void note_place(
    struct assay_purse *purse, struct sent *sent, const struct block_place *place)
{
    if (sent->is_confirmed || sent->place_count == SENT_PLACES_MAX)
        return;
    if (sent->place_count == 0)
        add_included(purse, sent);
    sent->places[sent->place_count++] = *place;
    purse->checked_version = 0; /* look through them at the next chance */
}

void purse_see_block(struct nomos *self, const struct block *block, const struct block_place *place)
{
    (void)pthread_mutex_lock(&self->lock);
    for (size_t i = 0; i < block->tx_count; i++) {
        struct assay_purse *purse = NULL;
        struct sent *sent = find_own(self, &block->txs[i].tx, &purse);

        if (sent)
            note_place(purse, sent, place);
    }
    (void)pthread_mutex_unlock(&self->lock);
}

void purse_name_txs(struct nomos *self, const struct block *block, char (*ids)[HEX32_SIZE])
{
    (void)pthread_mutex_lock(&self->lock);
    for (size_t i = 0; i < block->tx_count; i++) {
        struct assay_purse *purse = NULL;
        const struct sent *sent = find_own(self, &block->txs[i].tx, &purse);

        ids[i][0] = '\0';
        if (sent)
            memcpy(ids[i], sent->id, HEX32_SIZE);
    }
    (void)pthread_mutex_unlock(&self->lock);

    for (size_t i = 0; i < block->tx_count; i++) { /* hashing is slow: without the lock */
        if (ids[i][0] == '\0') {
            const struct fr hash = tx_hash(&self->wire, &block->txs[i].tx);

            hex_from_fr(&hash, ids[i]);
        }
    }
}

/* Room for the longest chain up to this height; NULL without memory. */
static struct bytes32 *reserve_best(struct nomos *self, uint64_t height)
{
    uint64_t room = self->best_room ? self->best_room : 256;
    struct bytes32 *best = self->best;

    while (room <= height)
        room *= 2;
    if (best && room == self->best_room)
        return best;
    best = realloc(best, room * sizeof(*best));
    if (best) {
        self->best = best;
        self->best_room = room;
    }
    return best;
}

void purse_see_chain(struct nomos *self, const struct chain *chain)
{
    struct bytes32 *best = NULL;

    (void)pthread_mutex_lock(&self->lock);
    if (chain->height > self->best_height || !self->best)
        best = reserve_best(self, chain->height);
    if (best) { /* without memory nothing is confirmed for a while; the next block tries again */
        const uint64_t common = self->best_version ? self->best_height : 0;
        uint64_t height = chain->height;

        while (
            height > common || (height > 0 && !bytes32_equal(&best[height], &chain->ids[height]))) {
            best[height] = chain->ids[height];
            height--;
        }
        best[0] = chain->ids[0];
        self->best_height = chain->height;
        self->best_version++;
    }
    (void)pthread_mutex_unlock(&self->lock);
}

#include "devnode/core/leader.h"

#include <stdlib.h>

#include "devnode/core/memory.h"

static void forget(struct leader *leader)
{
    free(leader->candidates);
    utxo_done(&leader->aged);
    leader->candidates = NULL;
    leader->candidate_count = 0;
    leader->is_filled = false;
}

void leader_done(struct leader *leader)
{
    forget(leader);
}

static int compare_keys(const void *a, const void *b)
{
    return fr_compare(a, b);
}

bool leader_knows(const struct leader *leader, const struct fr *pk)
{
    return bsearch(pk, leader->known_keys, leader->known_key_count, sizeof(*pk), compare_keys);
}

struct filling {
    struct leader *leader;
    const struct ledger_rules *rules;
    uint64_t *values; /* of the candidates, for sorting */
    size_t room;
};

struct ranked {
    uint64_t value;
    size_t place;
};

static bool consider(void *context, const struct fr *id, const struct note *note)
{
    struct filling *filling = context;
    struct leader *leader = filling->leader;

    if (!leader_knows(leader, &note->pk))
        return true;
    if (leader->candidate_count == filling->room) {
        filling->room = filling->room ? filling->room * 2 : 16;
        leader->candidates =
            memory_resize(leader->candidates, filling->room, sizeof(*leader->candidates));
        filling->values = memory_resize(filling->values, filling->room, sizeof(uint64_t));
    }
    struct leader_candidate candidate = {
        .note_id = *id, .threshold = lottery_threshold(&filling->rules->lottery, note->value)};
    poseidon2_absorb(&candidate.ticket, id);
    poseidon2_absorb(&candidate.ticket, &leader->secret_key);
    poseidon2_absorb(&candidate.ticket, &leader->nonce);
    filling->values[leader->candidate_count] = note->value;
    leader->candidates[leader->candidate_count++] = candidate;
    return true;
}

static int by_value(const void *a, const void *b)
{
    const struct ranked *one = a;
    const struct ranked *other = b;

    if (one->value != other->value)
        return one->value > other->value ? -1 : 1;
    return one->place < other->place ? -1 : 1;
}

/* A header says nothing of the note that won, so the order is free: the likeliest winners first
   find a winner with the fewest tickets. */
static void rank(struct leader *leader, const uint64_t *values)
{
    size_t count = leader->candidate_count;
    struct ranked *ranking = memory_new(count, sizeof(*ranking));
    struct leader_candidate *sorted = memory_new(count, sizeof(*sorted));

    for (size_t i = 0; i < count; i++)
        ranking[i] = (struct ranked){.value = values[i], .place = i};
    qsort(ranking, count, sizeof(*ranking), by_value);
    for (size_t i = 0; i < count; i++)
        sorted[i] = leader->candidates[ranking[i].place];
    free(ranking);
    free(leader->candidates);
    leader->candidates = sorted;
}

static void fill(
    struct leader *leader, const struct ledger_rules *rules, const struct epoch_state *epoch)
{
    struct filling filling = {.leader = leader, .rules = rules};

    forget(leader);
    leader->aged = utxo_copy(&epoch->aged);
    leader->nonce = epoch->nonce;
    leader->is_filled = true;
    utxo_each(&leader->aged, consider, &filling);
    rank(leader, filling.values);
    free(filling.values);
}

/* Versions of a set are equal when they share their root node: it is never changed while shared. */
static bool is_filled_for(const struct leader *leader, const struct epoch_state *epoch)
{
    return leader->is_filled && leader->aged.root == epoch->aged.root &&
        leader->aged.count == epoch->aged.count && fr_equal(&leader->nonce, &epoch->nonce);
}

bool leader_wins(
    struct leader *leader, const struct ledger_rules *rules, const struct ledger *begun)
{
    struct fr slot = fr_from_u64(begun->slot);

    if (!is_filled_for(leader, &begun->epoch))
        fill(leader, rules, &begun->epoch);
    for (size_t i = 0; i < leader->candidate_count; i++) {
        const struct leader_candidate *candidate = &leader->candidates[i];
        struct poseidon2 ticket = candidate->ticket;

        if (!utxo_find(&begun->utxo, &candidate->note_id, NULL))
            continue;
        poseidon2_absorb(&ticket, &slot);
        struct fr drawn = poseidon2_finish(&ticket, POSEIDON2_PADDED);
        if (fr_compare(&drawn, &candidate->threshold) < 0)
            return true;
    }
    return false;
}

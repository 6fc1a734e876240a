#include "ledger.h"

#include <assay/sdk.h>

/* Readings begun again because the chain was left meanwhile. Each takes less than a block interval,
   and a reorganisation down to what was read already is rare. */
#define ATTEMPTS 5

enum place {
    PLACE_AGREED,
    PLACE_ELSEWHERE,
    PLACE_ABANDONED
};

assay_status ledger_init(struct ledger *ledger, const assay_host *host, const char *kind)
{
    *ledger = (struct ledger){
        .host = host,
        .kind = kind,
        .nodes = assay_nodes_of(host),
        .blocks = assay_blocks_of(host),
        .submissions = assay_submissions_of(host),
    };
    ledger->count = ledger->submissions->count(host, kind);
    ledger->fates = calloc(ledger->count + 1, sizeof(ledger->fates[0]));
    if (!ledger->fates)
        return host->fail(host, ASSAY_E_NOMEM, "out of memory");
    return ASSAY_OK;
}

void ledger_done(struct ledger *ledger)
{
    free(ledger->fates);
    ledger->fates = NULL;
}

static void note_fate(
    struct ledger *ledger, struct fate *fate, const assay_block_info *info, enum place place)
{
    switch (place) {
    case PLACE_AGREED:
        if (!fate->height) {
            fate->height = info->height;
            fate->seen_at = info->seen_at;
        } else if (!fate->height_again) {
            fate->height_again = info->height;
        }
        break;
    case PLACE_ELSEWHERE:
        fate->elsewhere_round = ledger->round;
        break;
    case PLACE_ABANDONED:
        fate->is_abandoned = 1;
        break;
    }
}

static assay_status note_items(
    struct ledger *ledger, const assay_block_info *info, enum place place)
{
    for (size_t i = 0; i < info->item_count; i++) {
        const assay_item *item = ASSAY_AT(assay_item, info->items, info->item_stride, i);
        size_t index = 0;
        assay_status s;

        if (strcmp(item->kind, ledger->kind) != 0)
            continue;
        s = ledger->submissions->find(ledger->host, ledger->kind, item->id, &index);
        if (s == ASSAY_E_NOTFOUND)
            continue; /* somebody else's */
        if (s)
            return s;
        if (index < ledger->count)
            note_fate(ledger, &ledger->fates[index], info, place);
    }
    return ASSAY_OK;
}

/* Takes the block in and gives it back. Sets *is_readable. */
static assay_status note_block(
    struct ledger *ledger, assay_block *block, enum place place, uint32_t *is_readable)
{
    const assay_block_info *info = ledger->blocks->info(block);
    assay_status s = note_items(ledger, info, place);

    *is_readable = !(info->flags & ASSAY_BLOCK_BODILESS);
    ledger->blocks->release(block);
    return s;
}

assay_status ledger_agreed_id(
    const struct ledger *ledger, uint32_t node, uint64_t height, char id[ASSAY_ID_MAX])
{
    assay_block *block = NULL;
    assay_status s = ledger->blocks->at(ledger->host, node, height, &block);

    id[0] = '\0';
    if (s)
        return s == ASSAY_E_NOTFOUND ? ASSAY_OK : s;
    (void)snprintf(id, ASSAY_ID_MAX, "%s", ledger->blocks->info(block)->id);
    ledger->blocks->release(block);
    return ASSAY_OK;
}

/* Do all of them hold the same block there? Sets id when they do, "" when not. */
static assay_status same_at(const struct ledger *ledger, uint64_t height, char id[ASSAY_ID_MAX])
{
    char other[ASSAY_ID_MAX];
    assay_status s = ledger_agreed_id(ledger, ledger->members[0], height, id);

    for (uint32_t i = 1; !s && id[0] && i < ledger->member_count; i++) {
        s = ledger_agreed_id(ledger, ledger->members[i], height, other);
        if (!s && strcmp(id, other) != 0)
            id[0] = '\0';
    }
    return s;
}

static assay_status find_heights(const struct ledger *ledger, uint64_t *lowest, uint64_t *best)
{
    *lowest = UINT64_MAX;
    *best = 0;
    for (uint32_t i = 0; i < ledger->member_count; i++) {
        assay_node_status status = ASSAY_RECORD(assay_node_status);
        assay_status s = ledger->nodes->status(ledger->host, ledger->members[i], &status);

        if (s)
            return s;
        *lowest = status.height < *lowest ? status.height : *lowest;
        *best = status.height > *best ? status.height : *best;
    }
    return ASSAY_OK;
}

static void forget_agreed(struct ledger *ledger)
{
    for (size_t i = 0; i < ledger->count; i++)
        ledger->fates[i].height = ledger->fates[i].height_again = 0;
    ledger->agreed_height = 0;
    ledger->unreadable = 0;
}

/* Reads on from the agreed height to the block `top`. All nodes may have left blocks since the last
   reading, and go on while we read: each block must follow the one before and the last one be `top`,
   or the chain was left: *has_moved. */
static assay_status read_agreed(
    struct ledger *ledger, uint64_t to, const char *top, uint32_t *has_moved)
{
    char last[ASSAY_ID_MAX] = ""; /* "": not known */

    if (ledger->agreed_height)
        (void)snprintf(last, sizeof(last), "%s", ledger->agreed_id);
    for (uint64_t height = ledger->agreed_height + 1; height <= to; height++) {
        assay_block *block = NULL;
        const assay_block_info *info;
        uint32_t is_readable = 0;
        assay_status s = ledger->blocks->at(ledger->host, ledger->members[0], height, &block);

        if (s && s != ASSAY_E_NOTFOUND)
            return s;
        if (!s) {
            info = ledger->blocks->info(block);
            *has_moved |= last[0] && strcmp(info->parent, last) != 0;
            (void)snprintf(last, sizeof(last), "%s", info->id);
            s = note_block(ledger, block, PLACE_AGREED, &is_readable);
            if (s)
                return s;
        } else {
            last[0] = '\0';
        }
        ledger->unreadable += !is_readable;
    }
    *has_moved |= strcmp(last, top) != 0;
    ledger->agreed_height = to;
    (void)snprintf(ledger->agreed_id, sizeof(ledger->agreed_id), "%s", top);
    return ASSAY_OK;
}

static assay_status read_above(struct ledger *ledger, uint32_t node)
{
    assay_node_status status = ASSAY_RECORD(assay_node_status);
    assay_status s = ledger->nodes->status(ledger->host, node, &status);

    for (uint64_t height = ledger->agreed_height + 1; !s && height <= status.height; height++) {
        assay_block *block = NULL;
        uint32_t is_readable = 0;

        s = ledger->blocks->at(ledger->host, node, height, &block);
        if (!s)
            s = note_block(ledger, block, PLACE_ELSEWHERE, &is_readable);
        if (s == ASSAY_E_NOTFOUND)
            s = ASSAY_OK;
        ledger->unreadable_above += !is_readable;
    }
    return s;
}

static assay_status read_once(struct ledger *ledger, uint32_t *has_moved)
{
    char top[ASSAY_ID_MAX] = "";
    uint64_t agreed = 0;
    assay_status s = find_heights(ledger, &agreed, &ledger->best_height);

    for (; !s && agreed > 0; agreed--) {
        s = same_at(ledger, agreed, top);
        if (s || top[0])
            break;
    }
    if (s)
        return s;
    if (ledger->agreed_height > agreed)
        forget_agreed(ledger);
    return read_agreed(ledger, agreed, top, has_moved);
}

assay_status ledger_read(struct ledger *ledger, const uint32_t *nodes, uint32_t node_count)
{
    ledger->members = nodes;
    ledger->member_count = node_count;
    for (uint32_t attempt = 0; attempt < ATTEMPTS; attempt++) {
        uint32_t has_moved = 0;
        assay_status s = read_once(ledger, &has_moved);

        if (!s && has_moved) {
            forget_agreed(ledger);
            continue;
        }
        ledger->round++;
        ledger->unreadable_above = 0;
        for (uint32_t i = 0; !s && i < node_count; i++)
            s = read_above(ledger, nodes[i]);
        return s;
    }
    return ledger->host->fail(ledger->host, ASSAY_E_TIMEOUT,
        "the nodes kept changing to other chains while they were read");
}

uint32_t ledger_is_elsewhere(const struct ledger *ledger, size_t index)
{
    return ledger->round && ledger->fates[index].elsewhere_round == ledger->round;
}

assay_status ledger_abandon(struct ledger *ledger, const char *id)
{
    assay_block *block = NULL;
    uint32_t is_readable;
    assay_status s = ledger->blocks->by_id(ledger->host, id, &block);

    if (s)
        return s == ASSAY_E_NOTFOUND ? ASSAY_OK : s;
    return note_block(ledger, block, PLACE_ABANDONED, &is_readable);
}

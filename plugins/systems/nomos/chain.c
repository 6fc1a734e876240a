#include "plugins/systems/nomos/chain.h"

#include <stdlib.h>

enum {
    ROOM_FIRST = 256
};

static assay_status reserve(struct chain *chain, uint64_t height)
{
    uint64_t room = chain->room ? chain->room : ROOM_FIRST;
    struct bytes32 *ids;

    while (room <= height)
        room *= 2;
    if (room == chain->room)
        return ASSAY_OK;
    ids = realloc(chain->ids, room * sizeof(*ids));
    if (!ids)
        return ASSAY_E_NOMEM;
    chain->ids = ids;
    chain->room = room;
    return ASSAY_OK;
}

assay_status chain_init(struct chain *chain, const struct bytes32 *genesis)
{
    *chain = (struct chain){0};
    if (reserve(chain, 0))
        return ASSAY_E_NOMEM;
    chain->ids[0] = *genesis;
    return ASSAY_OK;
}

void chain_done(struct chain *chain)
{
    free(chain->ids);
    *chain = (struct chain){0};
}

bool chain_has(const struct chain *chain, uint64_t height, const struct bytes32 *id)
{
    return height <= chain->height && bytes32_equal(&chain->ids[height], id);
}

assay_status chain_replace(struct chain *chain, uint64_t base, const struct walk *walk)
{
    if (reserve(chain, base + walk->count))
        return ASSAY_E_NOMEM;
    for (size_t i = 0; i < walk->count; i++)
        chain->ids[base + 1 + i] = walk->steps[walk->count - 1 - i].id;
    chain->height = base + walk->count;
    return ASSAY_OK;
}

struct step *walk_add(struct walk *walk, const struct bytes32 *id)
{
    if (walk->count == WALK_MAX)
        return NULL;
    if (walk->count == walk->room) {
        const size_t room = walk->room ? walk->room * 2 : 8;
        struct step *steps = realloc(walk->steps, room * sizeof(*steps));

        if (!steps)
            return NULL;
        walk->steps = steps;
        walk->room = room;
    }
    walk->steps[walk->count] = (struct step){.id = *id};
    return &walk->steps[walk->count++];
}

void walk_done(struct walk *walk)
{
    for (size_t i = 0; i < walk->count; i++)
        block_done(&walk->steps[i].block);
    free(walk->steps);
    *walk = (struct walk){0};
}

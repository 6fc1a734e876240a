#include "sightings.h"

#include <assay/sdk.h>

static assay_status make_room(struct sightings *sightings, uint64_t height)
{
    uint64_t heights = sightings->heights ? sightings->heights : 1024;
    struct sighting **by_height;

    if (height < sightings->heights)
        return ASSAY_OK;
    while (heights <= height)
        heights *= 2;
    by_height = realloc(sightings->by_height, (size_t)heights * sizeof(struct sighting *));
    if (!by_height)
        return ASSAY_E_NOMEM;
    for (uint64_t i = sightings->heights; i < heights; i++)
        by_height[i] = NULL;
    sightings->by_height = by_height;
    sightings->heights = heights;
    return ASSAY_OK;
}

assay_status sightings_add(struct sightings *sightings, uint64_t height, const char *id)
{
    struct sighting *sighting;
    assay_status s;

    if (height >= SIGHTINGS_MAX || sightings->count == SIGHTINGS_MAX) {
        sightings->is_full = 1;
        return ASSAY_OK;
    }
    s = make_room(sightings, height);
    if (s)
        return s;
    for (sighting = sightings->by_height[height]; sighting; sighting = sighting->next)
        if (!strcmp(sighting->id, id))
            return ASSAY_OK;
    sighting = calloc(1, sizeof(*sighting));
    if (!sighting)
        return ASSAY_E_NOMEM;
    (void)snprintf(sighting->id, sizeof(sighting->id), "%s", id);
    sighting->next = sightings->by_height[height];
    sightings->by_height[height] = sighting;
    sightings->count++;
    return ASSAY_OK;
}

const struct sighting *sightings_at(const struct sightings *sightings, uint64_t height)
{
    return height < sightings->heights ? sightings->by_height[height] : NULL;
}

void sightings_done(struct sightings *sightings)
{
    for (uint64_t height = 0; height < sightings->heights; height++) {
        while (sightings->by_height[height]) {
            struct sighting *sighting = sightings->by_height[height];

            sightings->by_height[height] = sighting->next;
            free(sighting);
        }
    }
    free(sightings->by_height);
    *sightings = (struct sightings){.heights = 0};
}

/* Every block that was seen on any node's chain while the run was watched, by height. What is not on
   the agreed chain in the end was on a fork that was given up.

   Owns copies of ids. Used by one task at a time. */
#ifndef ASSAY_EXPECTATIONS_INCLUSION_SIGHTINGS_H
#define ASSAY_EXPECTATIONS_INCLUSION_SIGHTINGS_H

#include <assay/plugin.h>

/* Blocks kept, and the greatest height: a year of one block every eight seconds. Beyond that forks
   are not counted, which the verdict says. */
#define SIGHTINGS_MAX (1u << 22)

struct sighting {
    struct sighting *next; /* another block of the same height */
    char id[ASSAY_ID_MAX];
};

struct sightings {
    struct sighting **by_height; /* room for heights below `heights` */
    uint64_t heights;
    uint32_t count;
    uint32_t is_full; /* some were not kept */
};

/* Notes the block unless it is known. ASSAY_E_NOMEM. */
assay_status sightings_add(struct sightings *sightings, uint64_t height, const char *id);

/* The blocks of this height, or NULL. */
const struct sighting *sightings_at(const struct sightings *sightings, uint64_t height);

/* Frees everything; all zeros is empty. */
void sightings_done(struct sightings *sightings);

#endif

/* Chance: streams of random numbers that split like the tasks do.

   A stream is known by its key. A root task's key is Blake2b of the run's seed, the instance's
   name, the operation's name and number; a child's is Blake2b of its parent's key and its number
   among the parent's children. So what one task draws depends on nothing that another does. The
   numbers are xoshiro256**, seeded from the key: good for simulation, useless for secrets. One
   thread at a time per stream. */
#ifndef ASSAY_HOST_RANDOM_H
#define ASSAY_HOST_RANDOM_H

#include <assay/plugin.h>

enum {
    RANDOM_KEY_SIZE = 32
};

struct random_stream {
    uint8_t key[RANDOM_KEY_SIZE];
    uint64_t state[4];
};

struct random_origin {
    uint64_t seed;
    const char *instance, *operation;
    uint64_t number;
};

void random_root(struct random_stream *stream, const struct random_origin *origin);
void random_split(struct random_stream *child, const struct random_stream *parent, uint64_t number);

uint64_t random_next(struct random_stream *stream);
uint64_t random_below(struct random_stream *stream, uint64_t bound); /* bound > 0 */
void random_fill(struct random_stream *stream, void *data, size_t size);

extern const assay_random random_table;

#endif

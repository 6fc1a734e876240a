#include "framework/host/random.h"

#include <assert.h>
#include <sodium.h>
#include <string.h>

#include "framework/host/tasks_internal.h"

/* Numbers go into hashes as eight bytes, low byte first, on every machine. */
static void hash_number(crypto_generichash_state *hash, uint64_t number)
{
    uint8_t bytes[8];

    for (size_t i = 0; i < sizeof(bytes); i++)
        bytes[i] = (uint8_t)(number >> (8 * i));
    (void)crypto_generichash_update(hash, bytes, sizeof(bytes));
}

/* With its length in front, so that no two lists of texts give the same bytes. */
static void hash_text(crypto_generichash_state *hash, const char *text)
{
    const size_t len = strlen(text);

    hash_number(hash, len);
    (void)crypto_generichash_update(hash, (const unsigned char *)text, len);
}

static void stream_seed(struct random_stream *stream)
{
    static const unsigned char purpose[] = "assay numbers of a stream";
    uint8_t digest[RANDOM_KEY_SIZE];

    (void)crypto_generichash(
        digest, sizeof(digest), purpose, sizeof(purpose), stream->key, sizeof(stream->key));
    for (size_t i = 0; i < 4; i++) {
        stream->state[i] = 0;
        for (size_t byte = 0; byte < 8; byte++)
            stream->state[i] |= (uint64_t)digest[8 * i + byte] << (8 * byte);
    }
    stream->state[0] |= 1; /* the all-zero state would stay zero for ever */
}

void random_root(struct random_stream *stream, const struct random_origin *origin)
{
    crypto_generichash_state hash;

    (void)crypto_generichash_init(&hash, NULL, 0, sizeof(stream->key));
    hash_number(&hash, origin->seed);
    hash_text(&hash, origin->instance);
    hash_text(&hash, origin->operation);
    hash_number(&hash, origin->number);
    (void)crypto_generichash_final(&hash, stream->key, sizeof(stream->key));
    stream_seed(stream);
}

void random_split(struct random_stream *child, const struct random_stream *parent, uint64_t number)
{
    crypto_generichash_state hash;

    (void)crypto_generichash_init(&hash, NULL, 0, sizeof(child->key));
    (void)crypto_generichash_update(&hash, parent->key, sizeof(parent->key));
    hash_number(&hash, number);
    (void)crypto_generichash_final(&hash, child->key, sizeof(child->key));
    stream_seed(child);
}

static uint64_t rotate_left(uint64_t x, unsigned bits)
{
    return (x << bits) | (x >> (64 - bits));
}

/* xoshiro256** 1.0 (Blackman, Vigna). */
uint64_t random_next(struct random_stream *stream)
{
    uint64_t *s = stream->state;
    const uint64_t result = rotate_left(s[1] * 5, 7) * 9;
    const uint64_t t = s[1] << 17;

    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= t;
    s[3] = rotate_left(s[3], 45);
    return result;
}

uint64_t random_below(struct random_stream *stream, uint64_t bound)
{
    uint64_t first_fair = 0, x = 0;

    assert(bound > 0);
    /* The lowest 2^64 mod bound numbers are drawn again, so that the rest divides evenly. */
    first_fair = (0 - bound) % bound;
    do {
        x = random_next(stream);
    } while (x < first_fair);
    return x % bound;
}

void random_fill(struct random_stream *stream, void *data, size_t size)
{
    uint8_t *bytes = data;

    for (size_t i = 0; i < size;) {
        uint64_t x = random_next(stream);

        for (size_t n = 0; n < 8 && i < size; n++, i++, x >>= 8)
            bytes[i] = (uint8_t)x;
    }
}

/* ---- the service ---- */

static uint64_t service_below(assay_task *task, uint64_t bound)
{
    if (bound == 0) {
        host_violation(task->instance, "random.below: the bound is 0");
        return 0;
    }
    return random_below(&task->random, bound);
}

static void service_fill(assay_task *task, void *data, size_t size)
{
    random_fill(&task->random, data, size);
}

const assay_random random_table = {
    .struct_size = sizeof(assay_random),
    .below = service_below,
    .fill = service_fill,
};

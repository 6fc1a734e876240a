/* Where encoders put their bytes: a buffer, a counter, or straight into a hash.
 *
 * One encoder then serves size, bytes and hashes alike, and hashing a transaction needs no memory.
 * Internal to the library. */
#ifndef NOMOS_SINK_H
#define NOMOS_SINK_H

#include <stddef.h>
#include <stdint.h>

#include "nomos/bytes.h"
#include "nomos/field.h"
#include "nomos/hash.h"
#include "nomos/poseidon2.h"

struct sink {
    void (*put)(struct sink *sink, const void *bytes, size_t size);
};

void sink_put_u8(struct sink *sink, uint8_t value);
void sink_put_u16(struct sink *sink, uint16_t value);
void sink_put_u32(struct sink *sink, uint32_t value);
void sink_put_u64(struct sink *sink, uint64_t value);
void sink_put_bytes32(struct sink *sink, const struct bytes32 *value);
void sink_put_fr(struct sink *sink, const struct fr *value); /* LE32 */

static inline void sink_put(struct sink *sink, const void *bytes, size_t size)
{
    sink->put(sink, bytes, size);
}

/* Counts. */
struct sink_counter {
    struct sink sink;
    size_t size;
};
struct sink_counter sink_counter(void);

/* Writes to memory that the caller has made large enough (by counting). */
struct sink_memory {
    struct sink sink;
    uint8_t *at;
};
struct sink_memory sink_memory(uint8_t *out);

/* Blake2b-256. */
struct sink_hash {
    struct sink sink;
    struct hash hash;
};
struct sink_hash sink_hash(void);

/* Cuts what it gets in 31-byte pieces and absorbs them. sink_poseidon2_end absorbs the rest,
   pads and gives the hash. */
struct sink_poseidon2 {
    struct sink sink;
    struct poseidon2 hasher;
    uint8_t piece[POSEIDON2_CHUNK];
    size_t size; /* bytes in `piece` */
};
struct sink_poseidon2 sink_poseidon2(const struct poseidon2 *begun);
struct fr sink_poseidon2_end(struct sink_poseidon2 *sink);

#endif

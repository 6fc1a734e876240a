#include "nomos/sink.h"

#include <string.h>

static void put_little_endian(struct sink *sink, uint64_t value, size_t size)
{
    uint8_t bytes[8];

    for (size_t i = 0; i < size; i++)
        bytes[i] = (uint8_t)(value >> (8 * i));
    sink->put(sink, bytes, size);
}

void sink_put_u8(struct sink *sink, uint8_t value)
{
    put_little_endian(sink, value, 1);
}

void sink_put_u16(struct sink *sink, uint16_t value)
{
    put_little_endian(sink, value, 2);
}

void sink_put_u32(struct sink *sink, uint32_t value)
{
    put_little_endian(sink, value, 4);
}

void sink_put_u64(struct sink *sink, uint64_t value)
{
    put_little_endian(sink, value, 8);
}

void sink_put_bytes32(struct sink *sink, const struct bytes32 *value)
{
    sink->put(sink, value->bytes, sizeof(value->bytes));
}

void sink_put_fr(struct sink *sink, const struct fr *value)
{
    uint8_t bytes[FR_SIZE];

    fr_to_le32(value, bytes);
    sink->put(sink, bytes, sizeof(bytes));
}

static void count(struct sink *sink, const void *bytes, size_t size)
{
    (void)bytes;
    ((struct sink_counter *)sink)->size += size;
}

struct sink_counter sink_counter(void)
{
    return (struct sink_counter){.sink = {count}};
}

static void copy(struct sink *sink, const void *bytes, size_t size)
{
    struct sink_memory *memory = (struct sink_memory *)sink;

    if (size)
        memcpy(memory->at, bytes, size);
    memory->at += size;
}

struct sink_memory sink_memory(uint8_t *out)
{
    return (struct sink_memory){.sink = {copy}, .at = out};
}

static void add_to_hash(struct sink *sink, const void *bytes, size_t size)
{
    hash_add(&((struct sink_hash *)sink)->hash, bytes, size);
}

struct sink_hash sink_hash(void)
{
    struct sink_hash sink = {.sink = {add_to_hash}};

    hash_begin(&sink.hash);
    return sink;
}

static void absorb_piece(struct sink_poseidon2 *sink)
{
    const struct fr element = fr_from_bytes_mod(sink->piece, sink->size);

    poseidon2_absorb(&sink->hasher, &element);
    sink->size = 0;
}

static void cut(struct sink *base, const void *bytes, size_t size)
{
    struct sink_poseidon2 *sink = (struct sink_poseidon2 *)base;
    const uint8_t *at = bytes;

    while (size > 0) {
        const size_t room = POSEIDON2_CHUNK - sink->size;
        const size_t take = size < room ? size : room;

        memcpy(sink->piece + sink->size, at, take);
        sink->size += take;
        at += take;
        size -= take;
        if (sink->size == POSEIDON2_CHUNK)
            absorb_piece(sink);
    }
}

struct sink_poseidon2 sink_poseidon2(const struct poseidon2 *begun)
{
    return (struct sink_poseidon2){.sink = {cut}, .hasher = *begun};
}

struct fr sink_poseidon2_end(struct sink_poseidon2 *sink)
{
    if (sink->size > 0)
        absorb_piece(sink);
    return poseidon2_finish(&sink->hasher, POSEIDON2_PADDED);
}

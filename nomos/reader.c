#include "nomos/reader.h"

#include <string.h>

#include "nomos/memory.h"

struct reader reader_of(const uint8_t *bytes, size_t size)
{
    /* Nothing may be given as NULL, to which not even zero may be added. */
    return (struct reader){.begin = bytes, .at = bytes, .end = size ? bytes + size : bytes};
}

bool reader_ok(const struct reader *reader)
{
    return !reader->problem && !reader->is_out_of_memory;
}

void reader_fail(struct reader *reader, const char *problem)
{
    if (!reader_ok(reader))
        return;
    reader->problem = problem;
    reader->problem_at = (size_t)(reader->at - reader->begin);
}

const uint8_t *reader_take(struct reader *reader, size_t size)
{
    const uint8_t *bytes = reader->at;

    if (!reader_ok(reader) || size == 0)
        return NULL;
    if (size > (size_t)(reader->end - reader->at)) {
        reader_fail(reader, "ends too early");
        return NULL;
    }
    reader->at += size;
    return bytes;
}

static uint64_t little_endian(struct reader *reader, size_t size)
{
    const uint8_t *bytes = reader_take(reader, size);
    uint64_t value = 0;

    for (size_t i = 0; bytes && i < size; i++)
        value |= (uint64_t)bytes[i] << (8 * i);
    return value;
}

uint8_t reader_u8(struct reader *reader)
{
    return (uint8_t)little_endian(reader, 1);
}

uint16_t reader_u16(struct reader *reader)
{
    return (uint16_t)little_endian(reader, 2);
}

uint32_t reader_u32(struct reader *reader)
{
    return (uint32_t)little_endian(reader, 4);
}

uint64_t reader_u64(struct reader *reader)
{
    return little_endian(reader, 8);
}

void reader_copy(struct reader *reader, void *out, size_t size)
{
    const uint8_t *bytes = reader_take(reader, size);

    if (bytes)
        memcpy(out, bytes, size);
}

struct bytes32 reader_bytes32(struct reader *reader)
{
    struct bytes32 out = {{0}};

    reader_copy(reader, out.bytes, sizeof(out.bytes));
    return out;
}

struct fr reader_fr(struct reader *reader)
{
    const uint8_t *bytes = reader_take(reader, FR_SIZE);
    struct fr out = fr_zero;

    if (bytes && !fr_from_le32(bytes, &out)) {
        reader->at = bytes;
        reader_fail(reader, "not a canonical field element");
    }
    return out;
}

void *reader_array(struct reader *reader, size_t count, size_t item_size_min, size_t object_size)
{
    if (!reader_ok(reader) || count == 0)
        return NULL;
    if (count > (size_t)(reader->end - reader->at) / item_size_min) {
        reader_fail(reader, "a count is larger than what follows");
        return NULL;
    }
    void *array = nomos_alloc(count, object_size);
    reader->is_out_of_memory = !array;
    return array;
}

uint8_t *reader_copy_new(struct reader *reader, size_t size)
{
    uint8_t *copy = reader_array(reader, size, 1, 1);

    if (copy)
        reader_copy(reader, copy, size);
    return copy;
}

enum nomos_status reader_end(struct reader *reader, const char *what, struct nomos_error *err)
{
    if (reader->at != reader->end)
        reader_fail(reader, "bytes left over");
    if (reader->is_out_of_memory)
        return nomos_fail_memory(err);
    if (reader->problem)
        return nomos_fail(
            err, NOMOS_E_DATA, "%s, byte %zu: %s", what, reader->problem_at, reader->problem);
    return NOMOS_OK;
}

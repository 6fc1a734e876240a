/* Reads a binary encoding from memory, strictly.
 *
 * The first problem sticks: after it every function gives zeros, so a decoder reads on without
 * checking each step and asks once, at the end (and before it trusts a count to allocate, which
 * reader_count does itself). Internal to the library. */
#ifndef NOMOS_READER_H
#define NOMOS_READER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "nomos/bytes.h"
#include "nomos/error.h"
#include "nomos/field.h"

struct reader {
    const uint8_t *begin;
    const uint8_t *at;
    const uint8_t *end;
    const char *problem; /* NULL while there is none */
    size_t problem_at;   /* offset of the part that was wrong */
    bool is_out_of_memory;
};

struct reader reader_of(const uint8_t *bytes, size_t size);

/* The next `size` bytes, in place; NULL when there are not that many or size is 0. */
const uint8_t *reader_take(struct reader *reader, size_t size);
uint8_t reader_u8(struct reader *reader);
uint16_t reader_u16(struct reader *reader);
uint32_t reader_u32(struct reader *reader);
uint64_t reader_u64(struct reader *reader);
struct bytes32 reader_bytes32(struct reader *reader);
struct fr reader_fr(struct reader *reader);
void reader_copy(struct reader *reader, void *out, size_t size);

/* An array: checks that `count` items of at least `item_size_min` bytes each can still follow, and
   allocates `count` zeroed objects of `object_size`. NULL when count is 0 or on failure. */
void *reader_array(struct reader *reader, size_t count, size_t item_size_min, size_t object_size);

/* A copy of the next `size` bytes. NULL when size is 0 or on failure. */
uint8_t *reader_copy_new(struct reader *reader, size_t size);

/* Notes a problem at the current place. */
void reader_fail(struct reader *reader, const char *problem);
bool reader_ok(const struct reader *reader);

/* The verdict, once everything is read: also refuses bytes left over. `what` names the object. */
enum nomos_status reader_end(struct reader *reader, const char *what, struct nomos_error *err);

#endif

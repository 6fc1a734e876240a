/* Shortens lists of bytes in a JSON text before json-c reads it.
 *
 * Proofs and signatures are lists of numbers, most of a block by size, and json-c makes an object of
 * each number. json_pack writes a copy in which every `[12,255,0]` that is a member's value, has no
 * blanks and holds nothing but 1 to any number of 0 to 255 is one string, the token: JSON_PACK_MARK,
 * then two letters a byte. All else is copied as it is, so who reads the copy still has to refuse
 * what is wrong in it; what is wrong there is wrong in the original, but for the place.
 *
 * A token is never mistaken for a string of the text: a text in which any string begins with the
 * mark, or with an escape that may stand for it, is not packed at all. Internal to the library. */
#ifndef NOMOS_JSON_PACK_H
#define NOMOS_JSON_PACK_H

#include <stddef.h>
#include <stdint.h>

#include "nomos/error.h"

#define JSON_PACK_MARK '\x7f'

/* Lists deeper than this stay as they are: packing one takes a level away, which must not bring a
   document that is too deep below JSON_DEPTH_MAX. The deepest list of ours is on level 8. */
#define JSON_PACK_DEPTH_MAX 16

/* The packed copy in *out, to be given to free(), or NULL when there is nothing to pack or the text
   cannot be packed. The only error is NOMOS_E_MEMORY. */
enum nomos_status json_pack(
    const char *text, size_t size, char **out, size_t *out_size, struct nomos_error *err);

/* The number of bytes in a token of `length` characters, and the bytes. */
size_t json_packed_count(size_t length);
void json_unpack(const char *token, uint8_t *out, size_t count);

/* Where a string of JSON ends that begins at `at`; `size` when it does not, or when it holds a
   control character. */
size_t json_string_end(const char *text, size_t size, size_t at);

#endif

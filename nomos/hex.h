/* Lower-case hexadecimal, as the node writes ids. Reading takes either case. */
#ifndef NOMOS_HEX_H
#define NOMOS_HEX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "nomos/bytes.h"
#include "nomos/field.h"

/* 32 bytes in hex, and the terminator. */
#define HEX32_SIZE 65

/* Writes 2 * size digits and a terminator. */
void hex_write(const uint8_t *bytes, size_t size, char *out);
/* Reads exactly 2 * size digits; false when text has another length or another character. */
bool hex_read(const char *text, size_t text_size, uint8_t *out, size_t size);

void hex_from_bytes32(const struct bytes32 *id, char out[HEX32_SIZE]);
/* `text` is terminated. The node takes an optional 0x before ids and Ed25519 keys, so this does. */
bool hex_to_bytes32(const char *text, struct bytes32 *out);

/* Field elements are LE32 in hex. The node takes no 0x here, so this does not; false also when the
   value is above r. */
void hex_from_fr(const struct fr *a, char out[HEX32_SIZE]);
bool hex_to_fr(const char *text, struct fr *out);

#endif

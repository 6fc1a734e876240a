/* The values that all JSON writers of the library share. Each begins with what goes before the
 * value, usually the key: json_add_fr(text, ",\"pk\":", &pk). Internal to the library. */
#ifndef NOMOS_JSON_WRITE_H
#define NOMOS_JSON_WRITE_H

#include "nomos/text.h"
#include "nomos/tx.h"

void json_add_u64(struct text *text, const char *before, uint64_t value);
void json_add_fr(struct text *text, const char *before, const struct fr *value);
void json_add_bytes32(struct text *text, const char *before, const struct bytes32 *value);
void json_add_numbers(struct text *text, const char *before, const uint8_t *bytes, size_t size);
/* The members of an SDPDeclare payload that a declaration in the ledger has too, without braces. */
void json_add_service(struct text *text, const char *before, enum sdp_service service);
void json_add_locators(struct text *text, const char *before, const struct op_declare *declare);

#endif

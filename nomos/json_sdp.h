/* The JSON form of the list of service declarations (node contract 2.8). Errors as in json_tx.h. */
#ifndef NOMOS_JSON_SDP_H
#define NOMOS_JSON_SDP_H

#include "nomos/text.h"
#include "nomos/tx.h"

/* A declaration as the ledger holds it. */
struct sdp_declaration {
    struct op_declare declare; /* what was declared; owns its locators */
    uint64_t created;          /* block heights */
    uint64_t active;
    bool is_withdrawn;
    uint64_t withdrawn;
    uint64_t nonce;
};

void sdp_declarations_free(struct sdp_declaration *list, size_t count);

void json_sdp_write(struct text *text, const struct sdp_declaration *list, size_t count);
/* Free *out_list with sdp_declarations_free. */
enum nomos_status json_sdp_parse(const char *text, size_t size, struct sdp_declaration **out_list,
    size_t *out_count, struct nomos_error *err);

#endif

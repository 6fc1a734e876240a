/* What nodes served of one blob: the light shares and commitments of their answers, checked against
   the blob's id, counted for each node, and put together.

   Knows no network: it is given answers as text. One task at a time. */
#ifndef PLUGINS_SYSTEMS_NOMOS_DA_COPIES_H
#define PLUGINS_SYSTEMS_NOMOS_DA_COPIES_H

#include <assay/nomos_da.h>

#include "nomos/da_share.h"
#include "plugins/systems/nomos/da_members.h"

struct da_copies {
    struct bytes32 blob_id;
    struct da_header header;                  /* columns 0: nobody has served it yet */
    struct da_column columns[DA_COLUMNS_MAX]; /* without elements: not served yet */
    uint32_t held;
    nomos_da_served *nodes; /* in the order of the query */
    bool *is_held;          /* of node n and column c at n * DA_COLUMNS_MAX + c */
    uint32_t node_count;
    uint8_t *data; /* once it is put together */
};

assay_status da_copies_init(
    struct da_copies *copies, const struct bytes32 *blob_id, const uint32_t *nodes, uint32_t count);
void da_copies_done(struct da_copies *copies);

/* Notes what was wrong with a node, unless something was noted before. */
void da_copies_note(struct da_copies *copies, uint32_t nth, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* The answer of the nth node: `null`, or commitments. */
void da_copies_commitments(struct da_copies *copies, uint32_t nth, assay_bytes answer);
/* The answer of the nth node: light shares, one a line. Only once somebody's commitments are
   known. ASSAY_E_NOMEM. */
assay_status da_copies_shares(struct da_copies *copies, uint32_t nth, assay_bytes answer);

/* Counts what each node that answered was to keep and did not serve. */
void da_copies_count_missing(struct da_copies *copies, struct da_members *members);

/* Puts the data together: status and reason as nomos_da_reading_info has them. ASSAY_E_NOMEM. */
assay_status da_copies_decode(struct da_copies *copies, char why[256]);

#endif

/* assay.control/1: acting on nodes, with proof.

   An action is the deployer's to do; whether it took effect is for the host to say, which looks at
   the node before, and after until the effect shows or time is up (sighting.h has the rules). What
   came of it is filed as a receipt, for the report and for assay.receipts/1, and tells the
   observation when the node was away. Actions are carried out one at a time, since operations on
   the deployer must not overlap. Any thread. */
#ifndef ASSAY_HOST_CONTROL_H
#define ASSAY_HOST_CONTROL_H

#include <stddef.h>

#include <assay/plugin.h>

struct control;
struct host;

enum {
    RECEIPTS_MAX = 65536 /* as many as a report has; one a second for 18 hours; 400 bytes each */
};

/* Room for so many receipts; actions beyond them are refused. */
struct control *control_new(uint32_t node_count, size_t receipts_max);
void control_free(struct control *control);

/* "restart"; "unknown action" for a number that this host does not know. */
const char *control_action_name(uint32_t kind);

/* Waits for a turn, in which no action is under way, or for `until`, and ends it. */
assay_status control_begin(assay_task *task, struct control *control, assay_ns until);
void control_end(struct control *control);

/* Receipts filed so far. */
size_t control_receipt_count(struct control *control);

extern const assay_control control_table;

#endif

/* A transaction out of a purse, and how it is made: what transfer.c and ahead.c share. */
#ifndef PLUGINS_SYSTEMS_NOMOS_TRANSFER_H
#define PLUGINS_SYSTEMS_NOMOS_TRANSFER_H

#include "plugins/systems/nomos/purse.h"

struct assay_transaction {
    struct assay_purse *purse;
    struct sent *sent;
    struct text body;
    assay_request request;
    assay_transaction_info info;
    struct assay_transaction *next; /* of those that were made ahead */
};

/* Makes the transaction of an entry that purse_take gave; the slow part, so without the lock. When it
   cannot, the note goes back. */
assay_status transfer_make(
    assay_task *task, struct assay_purse *purse, struct sent *sent, struct assay_transaction **out);

/* Frees the transaction alone; what becomes of its entry is settle's to say, or the purse's end. */
void transfer_free(struct assay_transaction *transaction);

#endif

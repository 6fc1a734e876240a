/* What the files behind da.h share: the service's state, one per instance of the system. */
#ifndef PLUGINS_SYSTEMS_NOMOS_DA_STATE_H
#define PLUGINS_SYSTEMS_NOMOS_DA_STATE_H

#include <assay/nomos_da.h>

#include "plugins/systems/nomos/da_members.h"
#include "plugins/systems/nomos/da_records.h"

struct da_state {
    struct nomos *system;
    nomos_da table;
    struct da_records records;
    struct da_members members;
    struct ed25519_key signer; /* of every message: the node's own blobs have it, too (4.7) */
};

/* The parts of the table that other files have. */
assay_status da_read(void *provider, assay_task *task, const assay_host *user,
    const nomos_da_query *query, nomos_da_reading **out);
const nomos_da_reading_info *da_reading_info(const nomos_da_reading *reading);
assay_status da_served(const nomos_da_reading *reading, uint32_t nth, nomos_da_served *out);
void da_release_reading(nomos_da_reading *reading);

assay_status da_inscribe(void *provider, assay_task *task, const assay_host *user,
    const nomos_da_place *place, assay_bytes data, nomos_da_message **out);
assay_status da_make_blob(void *provider, const assay_host *user, const nomos_da_place *place,
    assay_bytes data, nomos_da_message **out);
const nomos_da_info *da_message_info(const nomos_da_message *message);
uint32_t da_settle(void *provider, nomos_da_message *message, const assay_reply_info *reply);
void da_release(nomos_da_message *message);

#endif

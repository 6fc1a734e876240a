/* The messages of channels that are known: accepted from us by a node, or seen in a block.

   Any task of any instance may call, so everything is under the table's own lock, which is never
   held across a call to anybody. */
#ifndef PLUGINS_SYSTEMS_NOMOS_DA_RECORDS_H
#define PLUGINS_SYSTEMS_NOMOS_DA_RECORDS_H

#include <pthread.h>

#include <assay/plugin.h>

#include "nomos/bytes.h"

/* Messages kept, 200 bytes each; the first ones. Six days at two a second. */
#define DA_RECORDS_MAX     (1u << 20)
#define DA_RECORDS_BUCKETS 4096u /* by id, power of two */

struct da_record {
    struct da_record *next; /* of the bucket */
    struct bytes32 id, channel, parent;
    struct bytes32 blob; /* zeros for an inscription */
    struct bytes32 checksum;
    uint64_t size;
    bool is_blob, is_ours;
};

struct da_records {
    pthread_mutex_t lock;
    struct da_record *buckets[DA_RECORDS_BUCKETS];
    uint32_t count;
};

assay_status da_records_init(struct da_records *records);
void da_records_done(struct da_records *records);

/* Adds a copy. One that is ours replaces one that merely was seen. Beyond the limit, or without
   memory, it is not kept. */
void da_records_add(struct da_records *records, const struct da_record *record);

/* False when it is not known. */
bool da_records_find(struct da_records *records, const struct bytes32 *id, struct da_record *out);

#endif

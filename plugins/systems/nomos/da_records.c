#include "plugins/systems/nomos/da_records.h"

#include <stdlib.h>

/* Ids are hashes: any bytes of them spread. */
static struct da_record **bucket_of(struct da_records *records, const struct bytes32 *id)
{
    const uint32_t number = id->bytes[0] | (uint32_t)id->bytes[1] << 8;

    return &records->buckets[number & (DA_RECORDS_BUCKETS - 1)];
}

static struct da_record *find(struct da_records *records, const struct bytes32 *id)
{
    struct da_record *record = *bucket_of(records, id);

    while (record && !bytes32_equal(&record->id, id))
        record = record->next;
    return record;
}

assay_status da_records_init(struct da_records *records)
{
    return pthread_mutex_init(&records->lock, NULL) == 0 ? ASSAY_OK : ASSAY_E_NOMEM;
}

void da_records_done(struct da_records *records)
{
    for (size_t i = 0; i < DA_RECORDS_BUCKETS; i++) {
        while (records->buckets[i]) {
            struct da_record *record = records->buckets[i];

            records->buckets[i] = record->next;
            free(record);
        }
    }
    (void)pthread_mutex_destroy(&records->lock);
}

static void add_new(struct da_records *records, const struct da_record *record)
{
    struct da_record **bucket = bucket_of(records, &record->id);
    struct da_record *copy;

    if (records->count == DA_RECORDS_MAX)
        return;
    copy = malloc(sizeof(*copy));
    if (!copy)
        return;
    *copy = *record;
    copy->next = *bucket;
    *bucket = copy;
    records->count++;
}

void da_records_add(struct da_records *records, const struct da_record *record)
{
    struct da_record *known;

    (void)pthread_mutex_lock(&records->lock);
    known = find(records, &record->id);
    if (!known) {
        add_new(records, record);
    } else if (record->is_ours) {
        struct da_record *next = known->next;

        *known = *record;
        known->next = next;
    }
    (void)pthread_mutex_unlock(&records->lock);
}

bool da_records_find(struct da_records *records, const struct bytes32 *id, struct da_record *out)
{
    const struct da_record *known;

    (void)pthread_mutex_lock(&records->lock);
    known = find(records, id);
    if (known)
        *out = *known;
    (void)pthread_mutex_unlock(&records->lock);
    return known != NULL;
}

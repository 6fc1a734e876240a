#include "plugins/systems/nomos/da.h"

#include <stdlib.h>
#include <string.h>

#include <assay/sdk.h>

#include "plugins/systems/nomos/da_state.h"

/* ---- dispersers ---- */

static uint32_t disperser_count(void *provider)
{
    const struct da_state *da = provider;
    uint32_t count = 0;

    for (uint32_t node = 0; node < da->system->node_count; node++)
        count += da->system->nodes[node].is_executor;
    return count;
}

static uint32_t disperser(void *provider, uint32_t nth)
{
    const struct da_state *da = provider;

    for (uint32_t node = 0; node < da->system->node_count; node++) {
        if (da->system->nodes[node].is_executor && nth-- == 0)
            return node;
    }
    return ASSAY_NO_NODE;
}

/* ---- what is known ---- */

static void write_id(const struct bytes32 *id, char out[ASSAY_ID_MAX])
{
    out[0] = '\0';
    if (!bytes32_is_zero(id))
        hex_from_bytes32(id, out);
}

static assay_status find(void *provider, const char *id, nomos_da_record *out)
{
    struct da_state *da = provider;
    struct bytes32 key;
    struct da_record record;
    nomos_da_record found = {.struct_size = out->struct_size};

    if (!hex_to_bytes32(id, &key) || !da_records_find(&da->records, &key, &record))
        return ASSAY_E_NOTFOUND;
    found.size = record.size;
    found.is_ours = record.is_ours;
    found.is_blob = record.is_blob;
    memcpy(found.checksum, record.checksum.bytes, sizeof(found.checksum));
    hex_from_bytes32(&record.channel, found.channel);
    write_id(&record.parent, found.parent);
    write_id(&record.blob, found.blob);
    memcpy(out, &found, out->struct_size < sizeof(found) ? out->struct_size : sizeof(found));
    return ASSAY_OK;
}

static void see_op(struct da_state *da, const struct op *op)
{
    struct da_record record = {.is_blob = op->code == OP_CHANNEL_BLOB};

    if (op->code == OP_CHANNEL_INSCRIBE) {
        record.channel = op->inscribe.channel;
        record.parent = op->inscribe.parent;
        record.size = op->inscribe.data_size;
    } else if (op->code == OP_CHANNEL_BLOB) {
        record.channel = op->blob.channel;
        record.parent = op->blob.parent;
        record.blob = op->blob.blob;
        record.size = op->blob.blob_size;
    } else {
        return;
    }
    record.id = op_message_id(op);
    da_records_add(&da->records, &record);
}

void da_see_block(struct nomos *self, const struct block *block)
{
    for (size_t i = 0; i < block->tx_count; i++) {
        const struct mantle_tx *tx = &block->txs[i].tx;

        for (size_t op = 0; op < tx->op_count; op++)
            see_op(self->da, &tx->ops[op]);
    }
}

/* ---- life ---- */

static void fill_table(struct da_state *da)
{
    da->table = (nomos_da){.struct_size = sizeof(nomos_da),
        .provider = da,
        .disperser_count = disperser_count,
        .disperser = disperser,
        .inscribe = da_inscribe,
        .blob = da_make_blob,
        .info = da_message_info,
        .settle = da_settle,
        .release = da_release,
        .find = find,
        .read = da_read,
        .reading_info = da_reading_info,
        .served = da_served,
        .release_reading = da_release_reading};
}

assay_status da_init(struct nomos *self)
{
    struct da_state *da = calloc(1, sizeof(*da));

    if (!da)
        return ASSAY_E_NOMEM;
    da->system = self;
    if (da_records_init(&da->records)) {
        free(da);
        return ASSAY_E_NOMEM;
    }
    if (da_members_init(&da->members)) {
        da_records_done(&da->records);
        free(da);
        return ASSAY_E_NOMEM;
    }
    ed25519_zero_key(&da->signer);
    fill_table(da);
    self->da = da;
    return ASSAY_OK;
}

void da_done(struct nomos *self)
{
    if (!self->da)
        return;
    da_members_done(&self->da->members);
    da_records_done(&self->da->records);
    free(self->da);
    self->da = NULL;
}

const void *da_service(struct nomos *self, const char *id)
{
    return strcmp(id, NOMOS_DA) == 0 ? &self->da->table : NULL;
}

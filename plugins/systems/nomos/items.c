#include "plugins/systems/nomos/items.h"

#include <stdlib.h>

#include <assay/nomos_da.h>

static const char *kind_of(const struct op *op)
{
    switch (op->code) {
    case OP_CHANNEL_INSCRIBE:
        return NOMOS_DA_INSCRIPTION;
    case OP_CHANNEL_BLOB:
        return NOMOS_DA_BLOB;
    case OP_CHANNEL_SET_KEYS:
    case OP_SDP_DECLARE:
    case OP_SDP_WITHDRAW:
    case OP_SDP_ACTIVE:
    case OP_LEADER_CLAIM:
        break;
    }
    return NULL;
}

static void add_messages(struct items *items, size_t *message, const struct mantle_tx *tx)
{
    for (size_t i = 0; i < tx->op_count; i++) {
        const char *kind = kind_of(&tx->ops[i]);

        if (!kind)
            continue;
        const struct bytes32 id = op_message_id(&tx->ops[i]);

        hex_from_bytes32(&id, items->ids[*message]);
        items->list[items->count++] = (assay_item){.kind = kind, .id = items->ids[*message]};
        ++*message;
    }
}

static size_t count_messages(const struct block *block)
{
    size_t count = 0;

    for (size_t i = 0; i < block->tx_count; i++)
        for (size_t op = 0; op < block->txs[i].tx.op_count; op++)
            count += kind_of(&block->txs[i].tx.ops[op]) != NULL;
    return count;
}

assay_status items_init(struct items *items, const struct block *block, char (*tx_ids)[HEX32_SIZE])
{
    const size_t messages = count_messages(block);
    size_t message = 0;

    *items = (struct items){.list = calloc(block->tx_count + messages + 1, sizeof(*items->list)),
        .ids = calloc(messages + 1, sizeof(*items->ids))};
    if (!items->list || !items->ids) {
        items_done(items);
        return ASSAY_E_NOMEM;
    }
    for (size_t i = 0; i < block->tx_count; i++) {
        items->list[items->count++] = (assay_item){.kind = "transaction", .id = tx_ids[i]};
        add_messages(items, &message, &block->txs[i].tx);
    }
    return ASSAY_OK;
}

void items_done(struct items *items)
{
    free(items->list);
    free(items->ids);
    *items = (struct items){.list = NULL};
}

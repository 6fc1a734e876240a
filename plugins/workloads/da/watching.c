/* Blocks: what is in them, and whether they are on a chain still. */
#include "load.h"

#include <assay/sdk.h>

#define RESCAN_DEPTH 64u /* blocks looked through on each chain when the feed has lost some */

/* Is the block on any node's chain? One that is not known is on none. */
static assay_status is_on_chain(struct load *load, const char *id, uint32_t *out)
{
    assay_block *block = NULL;
    uint64_t height;
    assay_status s = load->blocks->by_id(load->host, id, &block);

    *out = 0;
    if (s)
        return s == ASSAY_E_NOTFOUND ? ASSAY_OK : s;
    height = load->blocks->info(block)->height;
    load->blocks->release(block);
    for (uint32_t node = 0; node < load->node_count && !*out; node++) {
        s = load->blocks->at(load->host, node, height, &block);
        if (s == ASSAY_E_NOTFOUND)
            continue;
        if (s)
            return s;
        *out = !strcmp(load->blocks->info(block)->id, id);
        load->blocks->release(block);
    }
    return ASSAY_OK;
}

/* An accepted message is in no block. A block with one before it may have been given up since: then
   that goes out again first. */
assay_status load_send_again(struct load *load, struct channel *channel, assay_ns now)
{
    for (;;) {
        const struct step *before = channel_before(channel);
        uint32_t is_there = 1;
        assay_status s = before ? is_on_chain(load, before->block, &is_there) : ASSAY_OK;

        if (s)
            return s;
        if (is_there || !channel_go_back(channel))
            break;
    }
    channel_begin(channel, now);
    return ASSAY_OK;
}

static assay_status take_items(struct load *load, const assay_block_info *info)
{
    const assay_ns now = load->clock->now(load->host);

    for (size_t i = 0; i < info->item_count; i++) {
        const assay_item *item = ASSAY_AT(assay_item, info->items, info->item_stride, i);
        nomos_da_record record = ASSAY_RECORD(nomos_da_record);
        uint64_t number;
        assay_status s;

        if (strcmp(item->kind, NOMOS_DA_BLOB) != 0 && strcmp(item->kind, NOMOS_DA_INSCRIPTION) != 0)
            continue;
        s = load->da->find(load->da->provider, item->id, &record);
        if (s == ASSAY_E_NOTFOUND)
            continue; /* more messages than are kept */
        if (s)
            return s;
        number = channel_number(record.channel) - (uint64_t)load->options->first_channel;
        if (number >= load->channel_count)
            continue; /* somebody else's */
        s = channel_seen(&load->channels[number], &record, item->id, info->id, now);
        if (s)
            return s;
    }
    return ASSAY_OK;
}

/* The feed has lost blocks: the newest ones of every chain are looked through instead. */
static assay_status rescan(struct load *load)
{
    for (uint32_t node = 0; node < load->node_count; node++) {
        assay_node_status status = ASSAY_RECORD(assay_node_status);
        assay_status s = load->nodes->status(load->host, node, &status);
        uint64_t height = status.height > RESCAN_DEPTH ? status.height - RESCAN_DEPTH : 0;

        while (!s && ++height <= status.height) {
            assay_block *block = NULL;

            s = load->blocks->at(load->host, node, height, &block);
            if (!s)
                s = take_items(load, load->blocks->info(block));
            if (s == ASSAY_E_NOTFOUND)
                s = ASSAY_OK;
            load->blocks->release(block);
        }
        if (s)
            return s;
    }
    return ASSAY_OK;
}

/* Takes in blocks until that moment; ASSAY_OK with the first one, or none. */
assay_status load_take_block(struct load *load, assay_task *task, assay_ns until, uint32_t *is_one)
{
    assay_block *block = NULL;
    assay_status s = load->blocks->next(task, load->feed, until, &block);

    *is_one = 0;
    if (s == ASSAY_E_TIMEOUT)
        return ASSAY_OK;
    if (s == ASSAY_E_LAGGED)
        return rescan(load);
    if (s)
        return s;
    *is_one = 1;
    s = take_items(load, load->blocks->info(block));
    load->blocks->release(block);
    return s;
}

/* The binary form of blocks that block.h describes. */
#include "nomos/block.h"
#include "nomos/memory.h"
#include "nomos/reader.h"
#include "nomos/sink.h"
#include "nomos/tx_encode.h"

#define CODEC_VERSION 1
/* Two empty counts, two prices and the proof, with u32 counts. */
#define TX_SIZE_MIN (4 + 3 * 4 + 2 * 8 + 128)

static void put_header(struct sink *sink, const struct block_header *header)
{
    sink_put_bytes32(sink, &header->parent);
    sink_put_u64(sink, header->slot);
    sink_put_bytes32(sink, &header->block_root);
    sink_put(sink, header->proof, sizeof(header->proof));
    sink_put_fr(sink, &header->entropy);
    sink_put_bytes32(sink, &header->leader_key);
    sink_put_fr(sink, &header->voucher);
    sink_put_u8(sink, header->has_leader_public);
    if (!header->has_leader_public)
        return;
    sink_put_u64(sink, header->leader_public.slot);
    sink_put_fr(sink, &header->leader_public.epoch_nonce);
    sink_put_u64(sink, header->leader_public.total_stake);
    sink_put_fr(sink, &header->leader_public.aged_root);
    sink_put_fr(sink, &header->leader_public.latest_root);
}

static void put_block(struct sink *sink, const struct block *block)
{
    sink_put_u8(sink, CODEC_VERSION);
    put_header(sink, &block->header);
    sink_put(sink, block->signature.bytes, sizeof(block->signature.bytes));
    sink_put_u32(sink, (uint32_t)block->tx_count);
    for (size_t i = 0; i < block->tx_count; i++) {
        sink_put_u32(sink, (uint32_t)signed_tx_size(&block->txs[i], TX_FORM_STORE));
        tx_put_signed(sink, &block->txs[i], TX_FORM_STORE);
    }
}

size_t block_size(const struct block *block)
{
    struct sink_counter counter = sink_counter();

    put_block(&counter.sink, block);
    return counter.size;
}

void block_encode(const struct block *block, uint8_t *out)
{
    struct sink_memory memory = sink_memory(out);

    put_block(&memory.sink, block);
}

static void read_header(struct reader *reader, struct block_header *header)
{
    header->parent = reader_bytes32(reader);
    header->slot = reader_u64(reader);
    header->block_root = reader_bytes32(reader);
    reader_copy(reader, header->proof, sizeof(header->proof));
    header->entropy = reader_fr(reader);
    header->leader_key = reader_bytes32(reader);
    header->voucher = reader_fr(reader);
    const uint8_t has_public = reader_u8(reader);
    if (has_public > 1)
        reader_fail(reader, "has_public is neither 0 nor 1");
    header->has_leader_public = has_public == 1;
    if (!header->has_leader_public)
        return;
    header->leader_public.slot = reader_u64(reader);
    header->leader_public.epoch_nonce = reader_fr(reader);
    header->leader_public.total_stake = reader_u64(reader);
    header->leader_public.aged_root = reader_fr(reader);
    header->leader_public.latest_root = reader_fr(reader);
}

/* Reads the transactions until one fails; its status and text are then the block's. */
static enum nomos_status read_txs(
    struct reader *reader, struct block *block, struct nomos_error *err)
{
    for (size_t i = 0; i < block->tx_count; i++) {
        const size_t size = reader_u32(reader);
        const uint8_t *bytes = reader_take(reader, size);

        if (!reader_ok(reader))
            return NOMOS_OK; /* reader_end reports it */
        const enum nomos_status status =
            signed_tx_decode(bytes, size, TX_FORM_STORE, &block->txs[i], err);
        if (status)
            return status;
    }
    return NOMOS_OK;
}

enum nomos_status block_decode(
    const uint8_t *bytes, size_t size, struct block *out, struct nomos_error *err)
{
    struct reader reader = reader_of(bytes, size);
    struct block read = {.tx_count = 0};

    if (reader_u8(&reader) != CODEC_VERSION)
        reader_fail(&reader, "unknown version of the block encoding");
    read_header(&reader, &read.header);
    reader_copy(&reader, read.signature.bytes, sizeof(read.signature.bytes));
    const size_t tx_count = reader_u32(&reader);
    if (tx_count > BLOCK_TXS_MAX)
        reader_fail(&reader, "more transactions than a block may have");
    read.txs = reader_array(&reader, tx_count, TX_SIZE_MIN, sizeof(*read.txs));
    read.tx_count = read.txs ? tx_count : 0;

    enum nomos_status status = read_txs(&reader, &read, err);
    if (!status)
        status = reader_end(&reader, "block", err);
    if (status)
        block_done(&read);
    else
        *out = read;
    return status;
}

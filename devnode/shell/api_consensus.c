#include <errno.h>
#include <json-c/json.h>
#include <stdlib.h>
#include <string.h>

#include "devnode/core/memory.h"
#include "devnode/shell/api.h"
#include "nomos/hex.h"
#include "nomos/json_block.h"

static void add_id(struct text *text, const struct bytes32 *id)
{
    text_add(text, "\"");
    text_add_hex(text, id->bytes, sizeof(id->bytes));
    text_add(text, "\"");
}

void api_info(void *self, struct http_request *request)
{
    const struct api *api = self;
    struct node_info info = node_info(api->node);
    struct text text = {.bytes = NULL};

    text_add(&text, "{\"lib\":");
    add_id(&text, &info.lib);
    text_add(&text, ",\"tip\":");
    add_id(&text, &info.tip);
    text_add(&text, ",\"slot\":");
    text_add_u64(&text, info.slot);
    text_add(&text, ",\"height\":");
    text_add_u64(&text, info.height);
    text_add(&text, info.is_online ? ",\"mode\":\"Online\"}" : ",\"mode\":\"Bootstrapping\"}");
    http_reply_json(request, &text);
}

/* A header id in the query. False after a refusal; *out_is_there tells whether there is one. */
static bool query_id(
    struct http_request *request, const char *name, struct bytes32 *out, bool *out_is_there)
{
    char *value = http_query_value(request, name);
    bool is_valid = !value || hex_to_bytes32(value, out);

    *out_is_there = value != NULL;
    free(value);
    if (!is_valid)
        http_fail(
            request, 400, "Failed to deserialize query string: `%s` must be 64 hex digits", name);
    return is_valid;
}

void api_headers(void *self, struct http_request *request)
{
    const struct api *api = self;
    struct text text = {.bytes = NULL};
    struct bytes32 ids[HEADERS_MAX];
    struct bytes32 from;
    struct bytes32 to;
    bool has_from;
    bool has_to;

    if (!query_id(request, "from", &from, &has_from) || !query_id(request, "to", &to, &has_to))
        return;
    size_t count = node_headers(api->node, has_from ? &from : NULL, has_to ? &to : NULL, ids);
    text_add(&text, "[");
    for (size_t i = 0; i < count; i++) {
        if (i)
            text_add(&text, ",");
        add_id(&text, &ids[i]);
    }
    text_add(&text, "]");
    http_reply_json(request, &text);
}

void api_storage_block(void *self, struct http_request *request)
{
    const struct api *api = self;
    struct text text = {.bytes = NULL};
    struct bytes32 id;
    struct block block;

    if (!json_object_is_type(request->json, json_type_string) ||
        !hex_to_bytes32(json_object_get_string(request->json), &id)) {
        api_refuse_body(request, "a header id must be a string of 64 hex digits");
        return;
    }
    if (node_block(api->node, &id, &block)) {
        json_block_write(&text, &block);
        block_done(&block);
    } else {
        text_add(&text, "null");
    }
    http_reply_json(request, &text);
}

/* --- the explorer's routes -------------------------------------------------------------------- */

static void write_api_block(
    struct text *text, const struct wire *wire, const struct block *block, const struct bytes32 *id)
{
    struct fr *hashes = memory_new(block->tx_count, sizeof(*hashes));

    for (size_t i = 0; i < block->tx_count; i++)
        hashes[i] = tx_hash(wire, &block->txs[i].tx);
    json_block_write_api(text, block, id, hashes);
    free(hashes);
}

static bool query_slot(struct http_request *request, const char *name, uint64_t *out)
{
    char *value = http_query_value(request, name);
    size_t digits = value ? strspn(value, "0123456789") : 0;
    bool is_valid = digits && digits <= 20 && !value[digits];

    errno = 0;
    if (is_valid)
        *out = strtoull(value, NULL, 10);
    is_valid = is_valid && !errno;
    free(value);
    if (!is_valid)
        http_fail(request, 400, "Failed to deserialize query string: `%s` must be a slot", name);
    return is_valid;
}

/* The lowest height whose block has a slot of at least `slot`, one above the tip if there is none.
   Slots grow with heights, so halving finds it. */
static uint64_t height_of_slot(struct node *node, uint64_t slot, uint64_t tip_height)
{
    uint64_t low = 1;
    uint64_t high = tip_height + 1;

    while (low < high) {
        uint64_t middle = low + (high - low) / 2;
        struct bytes32 id;
        struct block block;

        if (!node_block_at(node, middle, &id, &block))
            return tip_height + 1;
        if (block.header.slot < slot)
            low = middle + 1;
        else
            high = middle;
        block_done(&block);
    }
    return low;
}

void api_blocks(void *self, struct http_request *request)
{
    const struct api *api = self;
    uint64_t tip_height = node_info(api->node).height;
    struct text text = {.bytes = NULL};
    uint64_t slot_from;
    uint64_t slot_to;
    bool goes_on = true;

    if (!query_slot(request, "slot_from", &slot_from) || !query_slot(request, "slot_to", &slot_to))
        return;
    uint64_t first = height_of_slot(api->node, slot_from, tip_height);
    text_add(&text, "[");
    for (uint64_t height = first; goes_on && height <= tip_height && height - first < HEADERS_MAX;
         height++) {
        struct bytes32 id;
        struct block block;

        if (!node_block_at(api->node, height, &id, &block))
            break;
        goes_on = block.header.slot <= slot_to;
        if (goes_on && height > first)
            text_add(&text, ",");
        if (goes_on)
            write_api_block(&text, node_wire(api->node), &block, &id);
        block_done(&block);
    }
    text_add(&text, "]");
    http_reply_json(request, &text);
}

void api_lib_stream(void *self, struct http_request *request)
{
    struct api *api = self;

    http_stream_open(request, &api->lib_streams);
}

void api_block_stream(void *self, struct http_request *request)
{
    struct api *api = self;

    http_stream_open(request, &api->block_streams);
}

void api_lib_moved(void *self, uint64_t height, const struct bytes32 *id)
{
    struct api *api = self;
    struct node_info info;
    struct text text = {.bytes = NULL};

    if (!api->lib_streams.count)
        return;
    info = node_info(api->node); /* serves another id when it misbehaves */
    (void)id;
    text_add(&text, "{\"height\":");
    text_add_u64(&text, height);
    text_add(&text, ",\"header_id\":");
    add_id(&text, &info.lib);
    text_add(&text, "}\n");
    if (text_ok(&text))
        http_streams_send(&api->lib_streams, text.bytes, text.size);
    text_done(&text);
}

/* A block of the tree as a struct block that borrows its transactions. */
static struct block borrowed(const struct chain_block *from)
{
    struct block block = {.header = from->header, .signature = from->signature};

    block.txs = memory_new(from->tx_count, sizeof(*block.txs));
    block.tx_count = from->tx_count;
    for (size_t i = 0; i < from->tx_count; i++)
        block.txs[i] = from->txs[i]->signed_tx;
    return block;
}

void api_block_added(void *self, const struct chain_block *added)
{
    struct api *api = self;
    struct node_info info;
    struct text text = {.bytes = NULL};
    struct block forged;
    struct bytes32 id;

    if (!api->block_streams.count)
        return;
    info = node_info(api->node);
    if (info.height == added->height && !bytes32_equal(&info.tip, &added->id) &&
        node_misbehaviours(api->node)->is_on[MISBEHAVE_FORK]) {
        if (!node_block_at(api->node, added->height, &id, &forged))
            return;
        write_api_block(&text, node_wire(api->node), &forged, &id);
        block_done(&forged);
    } else {
        struct block block = borrowed(added);

        write_api_block(&text, node_wire(api->node), &block, &added->id);
        free(block.txs);
    }
    text_add(&text, "\n");
    if (text_ok(&text))
        http_streams_send(&api->block_streams, text.bytes, text.size);
    text_done(&text);
}

#include <json-c/json.h>

#include "devnode/shell/api.h"
#include "nomos/hex.h"
#include "nomos/json_tx.h"

/* Hashes in one request for their status; the answer stays well below the limit of a text. */
#define STATUS_HASHES_MAX 100000

void api_add_tx(void *self, struct http_request *request)
{
    struct api *api = self;
    struct signed_tx signed_tx;
    struct nomos_error err;
    struct reason why = {.text = ""};
    struct text text = {.bytes = NULL};
    enum nomos_status status = json_tx_parse(request->body, request->body_size, &signed_tx, &err);

    if (status == NOMOS_E_SYNTAX) {
        http_fail(request, 400, "Failed to parse the request body as JSON: %s", err.text);
        return;
    }
    if (status) {
        api_refuse_body(request, err.text);
        return;
    }
    switch (node_submit(api->node, &signed_tx, api->now_ns(api->self), &why)) {
    case SUBMIT_ACCEPTED:
        text_add(&text, "null");
        http_reply_json(request, &text);
        break;
    case SUBMIT_INVALID:
        api_refuse_body(request, why.text);
        break;
    case SUBMIT_DUPLICATE:
    case SUBMIT_REFUSED:
        http_fail(request, 500, "%s", why.text);
        break;
    }
}

void api_mempool_metrics(void *self, struct http_request *request)
{
    const struct api *api = self;
    struct node_counts counts = node_counts(api->node);
    struct text text = {.bytes = NULL};

    text_add(&text, "{\"pending_items\":");
    text_add_u64(&text, counts.pending);
    text_add(&text, ",\"last_item_timestamp\":");
    text_add_u64(&text, counts.last_pending_ns / 1000000);
    text_add(&text, "}");
    http_reply_json(request, &text);
}

static void add_status(struct text *text, struct node *node, const struct bytes32 *tx_id)
{
    struct bytes32 block;

    switch (node_tx_state(node, tx_id, &block)) {
    case TX_UNKNOWN:
        text_add(text, "\"Unknown\"");
        break;
    case TX_PENDING:
        text_add(text, "\"Pending\"");
        break;
    case TX_IN_BLOCK:
        text_add(text, "{\"InBlock\":{\"block\":\"");
        text_add_hex(text, block.bytes, sizeof(block.bytes));
        text_add(text, "\"}}");
        break;
    }
}

void api_tx_status(void *self, struct http_request *request)
{
    const struct api *api = self;
    struct text text = {.bytes = NULL};
    size_t count = 0;

    if (!json_object_is_type(request->json, json_type_array)) {
        api_refuse_body(request, "expected an array of transaction hashes");
        return;
    }
    count = json_object_array_length(request->json);
    if (count > STATUS_HASHES_MAX) {
        api_refuse_body(request, "more than 100000 transaction hashes");
        return;
    }
    text_add(&text, "[");
    for (size_t i = 0; i < count; i++) {
        struct json_object *item = json_object_array_get_idx(request->json, i);
        struct bytes32 id;
        struct fr hash;

        if (!json_object_is_type(item, json_type_string) ||
            !hex_to_fr(json_object_get_string(item), &hash)) {
            text_done(&text);
            api_refuse_body(request, "a transaction hash must be 64 hex digits of a field element");
            return;
        }
        fr_to_le32(&hash, id.bytes);
        if (i)
            text_add(&text, ",");
        add_status(&text, api->node, &id);
    }
    text_add(&text, "]");
    http_reply_json(request, &text);
}

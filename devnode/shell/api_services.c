#include <json-c/json.h>
#include <stdlib.h>
#include <string.h>

#include "devnode/shell/api.h"
#include "nomos/hex.h"

void api_network_info(void *self, struct http_request *request)
{
    const struct api *api = self;
    struct node_counts counts = node_counts(api->node);
    struct text text = {.bytes = NULL};

    text_add(&text, "{\"listen_addresses\":[\"");
    text_add(&text, api->listen_address);
    text_add(&text, "\"],\"n_peers\":");
    text_add_u64(&text, counts.peers);
    text_add(&text, ",\"n_connections\":");
    text_add_u64(&text, counts.connections);
    text_add(&text, ",\"n_pending_connections\":");
    text_add_u64(&text, counts.connections_pending);
    text_add(&text, "}");
    http_reply_json(request, &text);
}

void api_balance(void *self, struct http_request *request)
{
    const struct api *api = self;
    const char *key = request->argument;
    char digits[HEX32_SIZE] = "";
    char *tip_text = http_query_value(request, "tip");
    struct text text = {.bytes = NULL};
    struct ledger_balance balance;
    struct bytes32 tip;
    struct bytes32 at;
    struct fr pk;
    bool has_tip = tip_text != NULL;
    bool tip_is_valid = !has_tip || hex_to_bytes32(tip_text, &tip);

    free(tip_text);
    if (strcspn(key, "/") == 64)
        memcpy(digits, key, 64);
    if (!hex_to_fr(digits, &pk)) {
        http_fail(
            request, 400, "Invalid URL: the public key must be 64 hex digits of a field element");
        return;
    }
    if (!tip_is_valid) {
        http_fail(request, 400, "Failed to deserialize query string: `tip` must be 64 hex digits");
        return;
    }
    if (!node_balance(api->node, &pk, has_tip ? &tip : NULL, &balance, &at)) {
        http_fail(request, 404, "The requested address could not be found in the wallet.");
        return;
    }
    text_add(&text, "{\"tip\":\"");
    text_add_hex(&text, at.bytes, sizeof(at.bytes));
    text_add(&text, "\",\"balance\":");
    text_add_u64(&text, balance.value);
    text_add(&text, ",\"address\":\"");
    text_add(&text, digits);
    text_add(&text, "\"}");
    http_reply_text(request, "text/plain; charset=utf-8", &text);
}

#include "devnode/shell/api.h"

#include "devnode/shell/options.h"

#define ALL (ROLE_VALIDATOR | ROLE_EXECUTOR)

const struct http_route api_routes[] = {
    {"/cryptarchia/info", HTTP_METHOD_GET, HTTP_BODY_NONE, ALL, false, api_info},
    {"/cryptarchia/headers", HTTP_METHOD_GET, HTTP_BODY_NONE, ALL, false, api_headers},
    {"/cryptarchia/lib-stream", HTTP_METHOD_GET, HTTP_BODY_NONE, ROLE_VALIDATOR, false,
        api_lib_stream},
    {"/cryptarchia/blocks", HTTP_METHOD_GET, HTTP_BODY_NONE, ALL, false, api_blocks},
    {"/cryptarchia/blocks/stream", HTTP_METHOD_GET, HTTP_BODY_NONE, ALL, false, api_block_stream},
    {"/storage/block", HTTP_METHOD_POST, HTTP_BODY_JSON, ALL, false, api_storage_block},
    {"/mempool/add/tx", HTTP_METHOD_POST, HTTP_BODY_RAW_JSON, ALL, false, api_add_tx},
    {"/mantle/metrics", HTTP_METHOD_GET, HTTP_BODY_NONE, ALL, false, api_mempool_metrics},
    {"/mantle/status", HTTP_METHOD_POST, HTTP_BODY_JSON, ALL, false, api_tx_status},
    {"/network/info", HTTP_METHOD_GET, HTTP_BODY_NONE, ALL, false, api_network_info},
    {"/sdp/declaration", HTTP_METHOD_POST, HTTP_BODY_JSON, ALL, false, api_sdp_declaration},
    {"/sdp/activity", HTTP_METHOD_POST, HTTP_BODY_JSON, ALL, false, api_sdp_activity},
    {"/sdp/withdrawal", HTTP_METHOD_POST, HTTP_BODY_JSON, ALL, false, api_sdp_withdrawal},
    {"/wallet/:public_key/balance", HTTP_METHOD_GET, HTTP_BODY_NONE, ROLE_VALIDATOR, false,
        api_balance},
    {"/wallet/transactions/transfer-funds", HTTP_METHOD_POST, HTTP_BODY_JSON, ROLE_VALIDATOR, false,
        api_transfer_funds},
    {"/metrics", HTTP_METHOD_GET, HTTP_BODY_NONE, ALL, false, api_metrics},
};
const size_t api_route_count = sizeof(api_routes) / sizeof(*api_routes);

const struct http_route api_testing_routes[] = {
    {"/mantle/sdp/declarations", HTTP_METHOD_GET, HTTP_BODY_NONE, ROLE_VALIDATOR, false,
        api_declarations},
    {"/test/misbehave", HTTP_METHOD_GET, HTTP_BODY_NONE, ALL, true, api_misbehaviour_list},
    {"/test/misbehave", HTTP_METHOD_POST, HTTP_BODY_JSON, ALL, true, api_misbehaviour_set},
    {"/test/misbehave", HTTP_METHOD_DELETE, HTTP_BODY_NONE, ALL, true, api_misbehaviour_clear},
};
const size_t api_testing_route_count = sizeof(api_testing_routes) / sizeof(*api_testing_routes);

void api_refuse_body(struct http_request *request, const char *problem)
{
    http_fail(
        request, 422, "Failed to deserialize the JSON body into the target type: %s", problem);
}

#include "devnode/shell/api.h"

#include "devnode/shell/options.h"

#define ALL (ROLE_VALIDATOR | ROLE_EXECUTOR)

const struct http_route api_routes[] = {
    {HTTP_METHOD_GET, "/cryptarchia/info", HTTP_BODY_NONE, ALL, false, api_info},
    {HTTP_METHOD_GET, "/cryptarchia/headers", HTTP_BODY_NONE, ALL, false, api_headers},
    {HTTP_METHOD_GET, "/cryptarchia/lib-stream", HTTP_BODY_NONE, ROLE_VALIDATOR, false,
        api_lib_stream},
    {HTTP_METHOD_GET, "/cryptarchia/blocks", HTTP_BODY_NONE, ALL, false, api_blocks},
    {HTTP_METHOD_GET, "/cryptarchia/blocks/stream", HTTP_BODY_NONE, ALL, false, api_block_stream},
    {HTTP_METHOD_POST, "/storage/block", HTTP_BODY_JSON, ALL, false, api_storage_block},
    {HTTP_METHOD_POST, "/mempool/add/tx", HTTP_BODY_RAW_JSON, ALL, false, api_add_tx},
    {HTTP_METHOD_GET, "/mantle/metrics", HTTP_BODY_NONE, ALL, false, api_mempool_metrics},
    {HTTP_METHOD_POST, "/mantle/status", HTTP_BODY_JSON, ALL, false, api_tx_status},
    {HTTP_METHOD_GET, "/network/info", HTTP_BODY_NONE, ALL, false, api_network_info},
    {HTTP_METHOD_POST, "/sdp/declaration", HTTP_BODY_JSON, ALL, false, api_sdp_post},
    {HTTP_METHOD_POST, "/sdp/activity", HTTP_BODY_JSON, ALL, false, api_sdp_post},
    {HTTP_METHOD_POST, "/sdp/withdrawal", HTTP_BODY_JSON, ALL, false, api_sdp_post},
    {HTTP_METHOD_GET, "/wallet/:public_key/balance", HTTP_BODY_NONE, ROLE_VALIDATOR, false,
        api_balance},
    {HTTP_METHOD_POST, "/wallet/transactions/transfer-funds", HTTP_BODY_JSON, ROLE_VALIDATOR, false,
        api_transfer_funds},
    {HTTP_METHOD_GET, "/metrics", HTTP_BODY_NONE, ALL, false, api_metrics},
    /* Data availability: see api_da.c. */
    {HTTP_METHOD_POST, "/da/add-share", HTTP_BODY_JSON, ALL, false, api_da_add_share},
    {HTTP_METHOD_POST, "/da/get-commitments", HTTP_BODY_JSON, ALL, false, api_da_null},
    {HTTP_METHOD_GET, "/da/get-storage-commitments", HTTP_BODY_NONE, ALL, false, api_da_null},
    {HTTP_METHOD_GET, "/da/get-share", HTTP_BODY_NONE, ALL, false, api_da_null},
    {HTTP_METHOD_GET, "/da/sampling/shares", HTTP_BODY_NONE, ALL, false, api_da_shares},
    {HTTP_METHOD_POST, "/da/block-peer", HTTP_BODY_JSON, ALL, false, api_da_peer},
    {HTTP_METHOD_POST, "/da/unblock-peer", HTTP_BODY_JSON, ALL, false, api_da_peer},
    {HTTP_METHOD_GET, "/da/blacklisted-peers", HTTP_BODY_NONE, ALL, false, api_da_peers},
    {HTTP_METHOD_GET, "/da/balancer-stats", HTTP_BODY_NONE, ALL, false, api_da_stats},
    {HTTP_METHOD_GET, "/da/monitor-stats", HTTP_BODY_NONE, ALL, false, api_da_stats},
    {HTTP_METHOD_POST, "/disperse-data", HTTP_BODY_JSON, ROLE_EXECUTOR, false, api_da_disperse},
};
const size_t api_route_count = sizeof(api_routes) / sizeof(*api_routes);

const struct http_route api_testing_routes[] = {
    {HTTP_METHOD_POST, "/test/da/membership", HTTP_BODY_JSON, ALL, false, api_da_membership},
    {HTTP_METHOD_POST, "/test/da/historic-sampling", HTTP_BODY_JSON, ALL, false, api_da_historic},
    {HTTP_METHOD_GET, "/mantle/sdp/declarations", HTTP_BODY_NONE, ROLE_VALIDATOR, false,
        api_declarations},
    {HTTP_METHOD_GET, "/test/misbehave", HTTP_BODY_NONE, ALL, true, api_misbehaviour_list},
    {HTTP_METHOD_POST, "/test/misbehave", HTTP_BODY_JSON, ALL, true, api_misbehaviour_set},
    {HTTP_METHOD_DELETE, "/test/misbehave", HTTP_BODY_NONE, ALL, true, api_misbehaviour_clear},
};
const size_t api_testing_route_count = sizeof(api_testing_routes) / sizeof(*api_testing_routes);

void api_refuse_body(struct http_request *request, const char *problem)
{
    http_fail(
        request, 422, "Failed to deserialize the JSON body into the target type: %s", problem);
}

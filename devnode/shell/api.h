/* api.h - the node's HTTP interface (node contract 2).
 *
 * Two tables of routes: one for the API port and one for the testing port. Handlers turn requests
 * into queries of the node and its answers into JSON. On the event loop's thread. */
#ifndef DEVNODE_SHELL_API_H
#define DEVNODE_SHELL_API_H

#include "devnode/core/node.h"
#include "devnode/shell/http.h"

struct api {
    struct node *node;
    const char *listen_address; /* as a multiaddress; borrowed */
    uint64_t (*now_ns)(void *self);
    /* Called after the node was given anything, so that its wake-up can be set anew. */
    void (*after_input)(void *self);
    void *self;
    struct http_streams lib_streams;
    struct http_streams block_streams;
};

extern const struct http_route api_routes[];
extern const size_t api_route_count;
extern const struct http_route api_testing_routes[];
extern const size_t api_testing_route_count;

/* For struct node_host: feed the streams. `self` is the struct api. */
void api_block_added(void *self, const struct chain_block *block);
void api_lib_moved(void *self, uint64_t height, const struct bytes32 *id);

/* --- shared by the files of handlers ---------------------------------------------------------- */

/* 422: the body is JSON, but not what the route takes. */
void api_refuse_body(struct http_request *request, const char *problem);

/* Handlers, by file: api_consensus.c, api_mempool.c, api_services.c, api_testing.c, api_da.c. */
/* One to a line: laid out as code it would change with every entry. */
/* clang-format off */
#define API_HANDLERS(X) \
    X(info) \
    X(headers) \
    X(lib_stream) \
    X(storage_block) \
    X(blocks) \
    X(block_stream) \
    X(add_tx) \
    X(mempool_metrics) \
    X(tx_status) \
    X(network_info) \
    X(balance) \
    X(transfer_funds) \
    X(sdp_post) \
    X(metrics) \
    X(declarations) \
    X(misbehaviour_list) \
    X(misbehaviour_set) \
    X(misbehaviour_clear) \
    X(da_add_share) \
    X(da_null) \
    X(da_shares) \
    X(da_peer) \
    X(da_peers) \
    X(da_stats) \
    X(da_disperse) \
    X(da_membership) \
    X(da_historic)
/* clang-format on */

#endif

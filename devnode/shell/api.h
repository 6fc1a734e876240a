/* api.h - the node's HTTP interface (node contract 2).
 *
 * Two tables of routes: one for the API port and one for the testing port. Handlers turn requests
 * into queries of the node and its answers into JSON. On the event loop's thread. */
#ifndef DEVNODE_SHELL_API_H
#define DEVNODE_SHELL_API_H

#include "devnode/core/node.h"
#include "devnode/shell/http.h"

struct availability;

struct api {
    struct node *node;
    struct availability *availability; /* NULL: the node was configured without */
    const char *listen_address;        /* as a multiaddress; borrowed */
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

struct api_metric {
    const char *name;
    const char *type; /* "counter" or "gauge" */
    const char *help;
    uint64_t value;
};

/* All metrics of the node, as GET /metrics shows them; `self` is the struct api. */
void api_write_metrics(const void *self, struct text *text);

/* In Prometheus' text form. */
void api_add_metrics(struct text *text, const struct api_metric *metrics, size_t count);

/* Handlers, by file: api_consensus.c, api_mempool.c, api_metrics.c, api_services.c,
 * api_signing.c, api_testing.c. Those of data
 * availability are in da_shell.h. */
void api_info(void *self, struct http_request *request);
void api_headers(void *self, struct http_request *request);
void api_lib_stream(void *self, struct http_request *request);
void api_storage_block(void *self, struct http_request *request);
void api_blocks(void *self, struct http_request *request);
void api_block_stream(void *self, struct http_request *request);
void api_add_tx(void *self, struct http_request *request);
void api_mempool_metrics(void *self, struct http_request *request);
void api_tx_status(void *self, struct http_request *request);
void api_network_info(void *self, struct http_request *request);
void api_balance(void *self, struct http_request *request);
void api_transfer_funds(void *self, struct http_request *request);
void api_sdp_declaration(void *self, struct http_request *request);
void api_sdp_activity(void *self, struct http_request *request);
void api_sdp_withdrawal(void *self, struct http_request *request);
void api_metrics(void *self, struct http_request *request);
void api_declarations(void *self, struct http_request *request);
void api_misbehaviour_list(void *self, struct http_request *request);
void api_misbehaviour_set(void *self, struct http_request *request);
void api_misbehaviour_clear(void *self, struct http_request *request);

#endif

/* da_shell.h - for the handlers of data availability's routes: the state machine behind the seam of
 * availability.h. */
#ifndef DEVNODE_SHELL_DA_SHELL_H
#define DEVNODE_SHELL_DA_SHELL_H

#include "devnode/core/da.h"
#include "devnode/shell/api.h"
#include "devnode/shell/availability.h"

/* NULL when the node was configured without. */
struct da *availability_da(const struct availability *availability);

/* Handlers, by file: api_da.c (dispersal, columns), api_da_peers.c (members and peers). */
void api_da_disperse(void *self, struct http_request *request);
void api_da_add_share(void *self, struct http_request *request);
void api_da_commitments(void *self, struct http_request *request);
void api_da_storage_commitments(void *self, struct http_request *request);
void api_da_share(void *self, struct http_request *request);
void api_da_shares(void *self, struct http_request *request);
void api_da_historic(void *self, struct http_request *request);
void api_da_block_peer(void *self, struct http_request *request);
void api_da_unblock_peer(void *self, struct http_request *request);
void api_da_blacklisted(void *self, struct http_request *request);
void api_da_balancer(void *self, struct http_request *request);
void api_da_monitor(void *self, struct http_request *request);
void api_da_membership(void *self, struct http_request *request);

#endif

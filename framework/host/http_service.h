/* The service assay.http/1 over the engines of http_engine.h.

   One per run, made before the host and freed after it:

       struct http_service_config http = {0};
       s = http_service_new(&http, &service, err);
       host.http = &http_table;
       host.http_state = service;
       host_new(&host, ...) ... host_free(...)
       http_service_free(service);

   Requests go to where the deployer has bound the node's port; a `resolve` of the caller's own
   replaces that. What the native engine cannot reach goes to the curl engine, which is loaded when
   that first happens.

   A set of calls (assay_calls) lives until it was closed and its last exchange has ended; a reply
   belongs to whoever collected it. All functions of the table may be called from any task. */
#ifndef ASSAY_HOST_HTTP_SERVICE_H
#define ASSAY_HOST_HTTP_SERVICE_H

#include "framework/host/http_engine.h"

struct http_service;

struct http_service_config {
    /* Where a node's port is. ASSAY_E_NOTFOUND: there is no such node or port, or nobody has bound
       it yet. Any thread. NULL: what the deployer has bound (host_node_endpoint). */
    assay_status (*resolve)(void *context, uint32_t node, uint32_t port, struct http_address *out);
    void *context;
    const char *curl_module; /* path; NULL: beside the running program. Copied */
    uint32_t connections_per_node, connections_max, exchanges_max; /* 0: see http_engine.h */
};

assay_status http_service_new(
    const struct http_service_config *config, struct http_service **out, struct error *err);

/* Ends all exchanges. No task may be in a call. Accepts NULL. */
void http_service_free(struct http_service *service);
CLEANUP_DEFINE(auto_http_service, struct http_service *, http_service_free)
#define auto_http_service CLEANUP(auto_http_service)

/* Of the native engine, which carries the load: sent, missed, lag. */
void http_service_stats(struct http_service *service, struct http_stats *out);

/* For other services of the host: GETs "http[s]://host[:port][/path]", which need not be a node.
   As perform: OK is any answer, else why is recorded with the task. */
assay_status http_service_get(assay_task *task, const char *url, assay_reply **reply);

/* The same with any request to any address; node and port of the request are not looked at. */
struct http_target {
    struct http_address address;
    const struct http_tls *tls; /* or NULL */
};
assay_status http_service_perform(assay_task *task, const struct http_target *target,
    const assay_request *request, assay_reply **reply);

extern const assay_http http_table;

#endif

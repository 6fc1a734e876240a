#include <json-c/json.h>

#include "devnode/shell/api.h"

/* The routes of data availability on a node that has none: every question is answered with nothing,
   every wish is refused. This file and struct node_host's blob_is_sampled are all there is to
   replace when the node learns it. */

#define NO_DA "this node has no data availability"

static void reply(struct http_request *request, const char *json)
{
    struct text text = {.bytes = NULL};

    text_add(&text, json);
    http_reply_json(request, &text);
}

void api_da_add_share(void *self, struct http_request *request)
{
    (void)self;
    http_fail(request, 500, NO_DA);
}

void api_da_null(void *self, struct http_request *request)
{
    (void)self;
    reply(request, "null");
}

void api_da_shares(void *self, struct http_request *request)
{
    (void)self;
    reply(request, "");
}

void api_da_peer(void *self, struct http_request *request)
{
    (void)self;
    if (json_object_is_type(request->json, json_type_string))
        reply(request, "false");
    else
        api_refuse_body(request, "expected a peer id");
}

void api_da_peers(void *self, struct http_request *request)
{
    (void)self;
    reply(request, "[]");
}

void api_da_stats(void *self, struct http_request *request)
{
    (void)self;
    reply(request, "{}");
}

void api_da_disperse(void *self, struct http_request *request)
{
    (void)self;
    http_fail(request, 500, "Failed to disperse data: " NO_DA);
}

void api_da_membership(void *self, struct http_request *request)
{
    (void)self;
    if (json_object_is_type(request->json, json_type_int))
        reply(request, "{\"assignations\":{},\"addressbook\":{}}");
    else
        api_refuse_body(request, "expected the number of a session");
}

void api_da_historic(void *self, struct http_request *request)
{
    (void)self;
    if (json_object_is_type(request->json, json_type_object))
        reply(request, "false");
    else
        api_refuse_body(request, "expected an object");
}

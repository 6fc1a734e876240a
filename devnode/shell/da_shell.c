#include "devnode/shell/da_shell.h"

#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>

#include "devnode/core/memory.h"
#include "devnode/shell/da_config.h"
#include "devnode/shell/da_database.h"
#include "devnode/shell/links.h"
#include "devnode/shell/options.h"

#define ALL (ROLE_VALIDATOR | ROLE_EXECUTOR)

struct availability {
    struct da_config config;
    struct availability_params params; /* node_params is NULL once open */
    struct da_store store;
    struct da *da;
    struct links *links;
    /* Members whose declared address cannot even be dialled: they fail a moment later. */
    bool *is_failing;
    struct event *fail_them;
};

/* --- between the connections and the state machine -------------------------------------------- */

static uint64_t now_ns(void *self)
{
    const struct availability *availability = self;

    return availability->params.now_ns(availability->params.self);
}

/* A member as what links_dial() wants: a pointer that is not NULL. */
static void *mark_of(uint32_t member)
{
    return (void *)((uintptr_t)member + 1);
}

static uint32_t member_of(const void *mark)
{
    return mark ? (uint32_t)((uintptr_t)mark - 1) : DA_NOBODY;
}

static void *on_up(void *self, struct link *link, void *dialled, const uint8_t *ip)
{
    const struct availability *availability = self;

    (void)ip;
    return da_link_up(availability->da, link, member_of(dialled), now_ns(self));
}

static void on_down(void *self, void *peer)
{
    const struct availability *availability = self;

    da_link_down(availability->da, peer, now_ns(self));
}

static void on_receive(void *self, void *peer, const uint8_t *message, size_t size)
{
    const struct availability *availability = self;

    da_receive(availability->da, peer, message, size, now_ns(self));
}

static void on_closed(void *self, void *dialled, uint64_t lasted_ns)
{
    const struct availability *availability = self;

    if (!lasted_ns)
        da_dial_failed(availability->da, member_of(dialled), now_ns(self));
}

static void on_after_input(void *self)
{
    const struct availability *availability = self;

    availability->params.after_input(availability->params.self);
}

static void on_send(void *self, void *link, const uint8_t *message, size_t size)
{
    (void)self;
    link_send(link, message, size);
}

static void on_hang_up(void *self, void *link)
{
    (void)self;
    link_hang_up(link);
}

static void on_dial(void *self, uint32_t member, const struct multiaddr *locator)
{
    static const struct timeval at_once = {0, 0};
    struct availability *availability = self;
    struct config_address address = {.port = 0};
    struct socket_address resolved;
    char host[MULTIADDR_HOST_SIZE];

    if (multiaddr_endpoint(locator, host, &address.port) &&
        snprintf(address.host, sizeof(address.host), "%s", host) < (int)sizeof(address.host) &&
        socket_resolve(&resolved, &address, NULL) &&
        links_dial(availability->links, &resolved, mark_of(member), DA_CONNECT_LIMIT_NS / 1000000))
        return;
    availability->is_failing[member] = true;
    (void)event_add(availability->fail_them, &at_once);
}

static void fail_them(evutil_socket_t fd, short what, void *self)
{
    struct availability *availability = self;

    (void)fd;
    (void)what;
    for (uint32_t i = 0; i < da_membership(availability->da)->member_count; i++) {
        if (!availability->is_failing[i])
            continue;
        availability->is_failing[i] = false;
        da_dial_failed(availability->da, i, now_ns(self));
    }
    on_after_input(self);
}

static void on_log(void *self, enum node_level level, const char *text)
{
    const struct availability *availability = self;

    availability->params.log(availability->params.self, level, text);
}

static void on_publish(void *self, const uint8_t *tx, size_t size)
{
    const struct availability *availability = self;

    node_publish(availability->params.node, tx, size, now_ns(self));
}

static void on_sampled(void *self)
{
    const struct availability *availability = self;

    node_blobs_sampled(availability->params.node, now_ns(self));
}

/* --- life ------------------------------------------------------------------------------------- */

bool availability_read(struct availability **out, const struct yaml_tree *file, struct reason *why)
{
    struct da_config config;

    *out = NULL;
    if (!da_config_read(&config, file, why))
        return false;
    if (!config.is_there)
        return true;
    *out = memory_new(1, sizeof(**out));
    (*out)->config = config;
    return true;
}

void availability_free(struct availability *availability)
{
    if (!availability)
        return;
    links_free(availability->links);
    da_free(availability->da);
    if (availability->fail_them)
        event_free(availability->fail_them);
    free(availability->is_failing);
    free(availability->store.self);
    free(availability);
}

uint64_t availability_validity_ns(const struct availability *availability)
{
    return availability ? availability->config.params.blobs_validity_ns : 0;
}

static bool make_da(struct availability *availability, struct reason *why)
{
    const struct node_params *of_node = availability->params.node_params;
    struct da_params *params = &availability->config.params;
    const struct da_host host = {
        .self = availability,
        .send = on_send,
        .hang_up = on_hang_up,
        .dial = on_dial,
        .log = on_log,
        .publish = on_publish,
        .sampled = on_sampled,
    };

    params->revision = of_node->revision;
    params->scheme = of_node->scheme;
    params->genesis = of_node->genesis;
    params->genesis_id = *node_genesis_id(availability->params.node);
    params->identity = of_node->identity;
    params->chance = of_node->chance;
    params->misbehaviours = node_misbehaviours(availability->params.node);
    params->is_executor = availability->params.is_executor;
    availability->da = da_new(params, &host, &availability->store, why);
    params->genesis = NULL;
    return availability->da != NULL;
}

bool availability_open(
    struct availability *availability, const struct availability_params *params, struct reason *why)
{
    if (!availability)
        return true;
    availability->params = *params;
    if (!da_database_open(params->database, &availability->store, why) ||
        !make_da(availability, why))
        return reason_wrap(why, "data availability");
    availability->params.node_params = NULL;
    availability->is_failing =
        memory_new(da_membership(availability->da)->member_count, sizeof(bool));
    availability->fail_them = evtimer_new(params->base, fail_them, availability);
    availability->links = links_new(&(struct links_params){.base = params->base,
                                        .listen = &availability->config.listen,
                                        .who = "data",
                                        .message_bytes_max = DA_MESSAGE_BYTES_MAX,
                                        .links_max = DA_LINKS_MAX,
                                        .user = {.self = availability,
                                            .up = on_up,
                                            .down = on_down,
                                            .receive = on_receive,
                                            .after_input = on_after_input,
                                            .closed = on_closed,
                                            .now_ns = now_ns}},
        why);
    if (!availability->fail_them)
        return reason_set(why, "out of memory");
    return availability->links != NULL;
}

void availability_start(struct availability *availability)
{
    if (availability)
        links_start(availability->links);
}

void availability_tick(struct availability *availability, uint64_t now)
{
    if (availability)
        da_tick(availability->da, now);
}

uint64_t availability_next_wake(const struct availability *availability)
{
    return availability ? da_next_wake(availability->da) : UINT64_MAX;
}

/* --- the node's side -------------------------------------------------------------------------- */

struct da *availability_da(const struct availability *availability)
{
    return availability ? availability->da : NULL;
}

bool availability_is_sampled(struct availability *availability, const struct bytes32 *blob)
{
    return availability && availability->da && da_is_sampled(availability->da, blob);
}

bool availability_is_cut_off(struct availability *availability)
{
    return availability && availability->da && da_is_cut_off(availability->da);
}

void availability_want(struct availability *availability, const struct bytes32 *blob)
{
    if (availability && availability->da)
        da_want(availability->da, blob, now_ns(availability));
}

void availability_block_added(struct availability *availability, const struct chain_block *block)
{
    if (!availability || !availability->da)
        return;
    for (size_t i = 0; i < block->tx_count; i++) {
        const struct mantle_tx *tx = &block->txs[i]->signed_tx.tx;

        for (size_t j = 0; block->txs[i]->has_blob && j < tx->op_count; j++) {
            if (tx->ops[j].code == OP_CHANNEL_BLOB)
                da_in_block(availability->da, &tx->ops[j].blob.blob, now_ns(availability));
        }
    }
}

/* --- routes and metrics ----------------------------------------------------------------------- */

static const struct http_route routes[] = {
    {"/disperse-data", HTTP_METHOD_POST, HTTP_BODY_RAW_JSON, ROLE_EXECUTOR, false, api_da_disperse},
    {"/da/add-share", HTTP_METHOD_POST, HTTP_BODY_RAW_JSON, ALL, false, api_da_add_share},
    {"/da/get-commitments", HTTP_METHOD_POST, HTTP_BODY_RAW_JSON, ALL, false, api_da_commitments},
    {"/da/get-storage-commitments", HTTP_METHOD_GET, HTTP_BODY_RAW_JSON, ALL, false,
        api_da_storage_commitments},
    {"/da/get-share", HTTP_METHOD_GET, HTTP_BODY_RAW_JSON, ALL, false, api_da_share},
    {"/da/sampling/shares", HTTP_METHOD_GET, HTTP_BODY_RAW_JSON, ALL, false, api_da_shares},
    {"/da/block-peer", HTTP_METHOD_POST, HTTP_BODY_JSON, ALL, false, api_da_block_peer},
    {"/da/unblock-peer", HTTP_METHOD_POST, HTTP_BODY_JSON, ALL, false, api_da_unblock_peer},
    {"/da/blacklisted-peers", HTTP_METHOD_GET, HTTP_BODY_NONE, ALL, false, api_da_blacklisted},
    {"/da/balancer-stats", HTTP_METHOD_GET, HTTP_BODY_NONE, ALL, false, api_da_balancer},
    {"/da/monitor-stats", HTTP_METHOD_GET, HTTP_BODY_NONE, ALL, false, api_da_monitor},
};

static const struct http_route testing_routes[] = {
    {"/test/da/membership", HTTP_METHOD_POST, HTTP_BODY_JSON, ALL, false, api_da_membership},
    {"/test/da/historic-sampling", HTTP_METHOD_POST, HTTP_BODY_JSON, ALL, false, api_da_historic},
};

struct http_routes availability_routes(void)
{
    return (struct http_routes){.routes = routes, .count = sizeof(routes) / sizeof(*routes)};
}

struct http_routes availability_testing_routes(void)
{
    return (struct http_routes){
        .routes = testing_routes, .count = sizeof(testing_routes) / sizeof(*testing_routes)};
}

void availability_add_metrics(const struct availability *availability, struct text *text)
{
    struct da_counts counts;

    if (!availability)
        return;
    counts = da_counts(availability->da);
    const struct api_metric metrics[] = {
        {"da_connections", "gauge", "connections for data", counts.connections},
        {"da_columns_taken_total", "counter", "columns taken and kept", counts.columns_taken},
        {"da_columns_refused_total", "counter", "columns of others that were not taken",
            counts.columns_refused},
        {"da_blobs_dispersed_total", "counter", "blobs that this executor spread",
            counts.blobs_dispersed},
        {"da_dispersals_failed_total", "counter", "blobs that it could not spread",
            counts.dispersals_failed},
        {"da_blobs_published_total", "counter", "blobs put into the mempool",
            counts.blobs_published},
        {"da_blobs_sampled_total", "counter", "blobs found to be available", counts.blobs_sampled},
        {"da_samples_failed_total", "counter", "columns that a member did not give",
            counts.samples_failed},
    };

    api_add_metrics(text, metrics, sizeof(metrics) / sizeof(*metrics));
}

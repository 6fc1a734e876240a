#include "nomos/node_config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "nomos/hex.h"
#include "nomos/keys.h"
#include "nomos/node_config_parts.h"

void node_config_times_default(struct node_config_times *out)
{
    *out = (struct node_config_times){
        .dispersal_timeout = 20 * NODE_CONFIG_SECOND,
        .retry_cooldown = 3 * NODE_CONFIG_SECOND,
        .grace_period = 1200 * NODE_CONFIG_SECOND,
        .share_duration = 5 * NODE_CONFIG_SECOND,
        .prune_duration = 30 * NODE_CONFIG_SECOND,
        .prune_interval = 5 * NODE_CONFIG_SECOND,
        .commitments_wait = 1 * NODE_CONFIG_SECOND,
        .sdp_trigger_delay = 5 * NODE_CONFIG_SECOND,
    };
}

void node_config_da_default(struct node_config_da *out, uint32_t node_count)
{
    const uint32_t dispersal = node_count > 1 ? 2 : 1;

    *out = (struct node_config_da){
        .subnetwork_size = node_count > dispersal ? node_count : dispersal,
        .dispersal_factor = dispersal,
        .num_samples = 1,
        .num_subnets = dispersal,
        .old_blobs_check_interval = 5 * NODE_CONFIG_SECOND,
        .blobs_validity = 60 * NODE_CONFIG_SECOND,
        .min_dispersal_peers = dispersal - 1,
        .min_replication_peers = dispersal - 1,
        .failure_time_window = 5 * NODE_CONFIG_SECOND,
        .balancer_interval = 1 * NODE_CONFIG_SECOND,
        .subnet_refresh_interval = 30 * NODE_CONFIG_SECOND,
        .seen_message_cache_size = 1000,
        .seen_message_ttl = 3600 * NODE_CONFIG_SECOND,
        .shares_retry_limit = 1,
        .commitments_retry_limit = 1,
        .min_session_members = 1,
        .params_path = "",
    };
}

static int compare_keys(const void *a, const void *b)
{
    return bytes32_compare(a, b);
}

void node_config_sort_keys(struct bytes32 *public_keys, size_t count)
{
    qsort(public_keys, count, sizeof(*public_keys), compare_keys);
}

void node_config_address(const struct node_config_endpoint *at, const struct bytes32 *public_key,
    char out[NODE_CONFIG_ADDRESS_SIZE])
{
    char peer_id[PEER_ID_SIZE] = "";

    if (public_key)
        peer_id_write(public_key, peer_id);
    (void)snprintf(out, NODE_CONFIG_ADDRESS_SIZE, "/%s/%.64s/udp/%u/quic-v1%s%s",
        strchr(at->ip, ':') ? "ip6" : "ip4", at->ip, (unsigned)at->port, public_key ? "/p2p/" : "",
        peer_id);
}

void node_config_put_address(struct node_config_writer *writer, const char *key,
    const struct node_config_endpoint *at, const struct bytes32 *public_key)
{
    char address[NODE_CONFIG_ADDRESS_SIZE];

    node_config_address(at, public_key, address);
    document_text(&writer->doc, key, address);
}

void node_config_put_fr(struct node_config_writer *writer, const char *key, const struct fr *value)
{
    char hex[HEX32_SIZE];

    hex_from_fr(value, hex);
    document_text(&writer->doc, key, hex);
}

/* "a=b,c=d" with nothing empty, and nothing longer than a module's path could be. */
bool node_config_is_filter(const char *filter)
{
    while (*filter) {
        const size_t length = strcspn(filter, ",");
        const char *equals = memchr(filter, '=', length);

        if (!equals || equals == filter || equals == filter + length - 1 ||
            length > NODE_CONFIG_FILTER_PAIR_MAX)
            return false;
        filter += length + (filter[length] == ',');
    }
    return true;
}

static enum nomos_status check(const struct node_config *config, struct nomos_error *err)
{
    const struct node_config_network *network = config->network;
    const char *filter = config->tracing.filter;

    if (network->has_da && !node_config_knows_da)
        return nomos_fail(err, NOMOS_E_DATA, "this build leaves data availability out");
    /* In a build without it an executor is a node like the others; development nodes run so. */
    if (config->is_executor && !network->has_da && node_config_knows_da)
        return nomos_fail(err, NOMOS_E_DATA, "an executor needs data availability");
    if (network->membership && !network->has_da)
        return nomos_fail(err, NOMOS_E_DATA, "a membership needs data availability");
    if (network->chain_start_unix_ns < 0)
        return nomos_fail(err, NOMOS_E_DATA, "the chain cannot start before 1970");
    if (filter && !node_config_is_filter(filter))
        return nomos_fail(err, NOMOS_E_DATA,
            "the log filter \"%.100s\" is no list of target=level, separated by commas", filter);
    return NOMOS_OK;
}

static void write_sections(struct node_config_writer *writer)
{
    node_config_write_network(writer);
    node_config_write_blend(writer);
    node_config_write_deployment(writer);
    node_config_write_cryptarchia(writer);
    node_config_write_time(writer);
    document_map(&writer->doc, "mempool");
    document_text(&writer->doc, "recovery_path", "");
    document_close(&writer->doc);
    node_config_write_tracing(writer);
    if (writer->network->has_da)
        node_config_write_da(writer);
    document_map(&writer->doc, "sdp");
    document_null(&writer->doc, "declaration");
    document_close(&writer->doc);
    node_config_write_http(writer);
    node_config_write_storage(writer);
    node_config_write_keys(writer);
}

enum nomos_status node_config_write(const struct node_config *config, enum document_format format,
    struct text *out, struct nomos_error *err)
{
    struct node_config_writer writer = {.config = config, .network = config->network};
    const enum nomos_status status = check(config, err);
    bool is_written;

    if (status)
        return status;
    writer.doc = document_begin(format, out);
    write_sections(&writer);
    document_end(&writer.doc);
    is_written = text_ok(out) && text_ok(&writer.scratch);
    text_done(&writer.scratch);
    return is_written
        ? NOMOS_OK
        : nomos_fail(err, NOMOS_E_MEMORY, "the configuration does not fit into memory");
}

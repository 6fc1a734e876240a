/* The sections of data availability. A build without it leaves this file out. */
#include <stdio.h>

#include "nomos/keys.h"
#include "nomos/node_config_parts.h"

/* Digits of the largest number of a subnetwork. */
#define SUBNETWORK_SIZE 11

static void write_policy(struct node_config_writer *writer)
{
    const struct node_config_da *da = &writer->network->da;
    struct document *doc = &writer->doc;

    document_map(doc, "policy_settings");
    document_u64(
        doc, "min_dispersal_peers", writer->config->is_executor ? da->min_dispersal_peers : 0);
    document_u64(doc, "min_replication_peers", da->min_replication_peers);
    document_u64(doc, "max_dispersal_failures", da->max_dispersal_failures);
    document_u64(doc, "max_sampling_failures", da->max_sampling_failures);
    document_u64(doc, "max_replication_failures", da->max_replication_failures);
    document_u64(doc, "malicious_threshold", da->malicious_threshold);
    document_close(doc);
}

/* What a validator's swarm is told, and the part of an executor's that is the same. */
static void write_backend(struct node_config_writer *writer)
{
    const struct node_config *config = writer->config;
    const struct node_config_da *da = &writer->network->da;
    struct document *doc = &writer->doc;

    document_hex(doc, "node_key", config->seed.bytes, sizeof(config->seed.bytes));
    node_config_put_address(writer, "listening_address", &config->da, NULL);
    write_policy(writer);
    document_map(doc, "monitor_settings");
    document_bounded_span(doc, "failure_time_window", da->failure_time_window);
    document_text(doc, "time_decay_factor", "0"); /* a fixed-point number, which goes as text */
    document_close(doc);
    document_span(doc, "balancer_interval", da->balancer_interval);
    document_span(doc, "redial_cooldown", da->redial_cooldown);
    document_map(doc, "replication_settings");
    document_u64(doc, "seen_message_cache_size", da->seen_message_cache_size);
    document_bounded_span(doc, "seen_message_ttl", da->seen_message_ttl);
    document_close(doc);
    document_map(doc, "subnets_settings");
    document_u64(doc, "num_of_subnets", da->num_samples);
    document_u64(doc, "shares_retry_limit", da->shares_retry_limit);
    document_u64(doc, "commitments_retry_limit", da->commitments_retry_limit);
    document_close(doc);
}

static void write_assignations(struct node_config_writer *writer)
{
    const struct node_config_membership *membership = writer->network->membership;
    const struct node_config_da *da = &writer->network->da;
    struct document *doc = &writer->doc;
    size_t turn = 0;

    document_map(doc, "assignations");
    for (uint32_t subnetwork = 0; subnetwork < da->subnetwork_size; subnetwork++) {
        char key[SUBNETWORK_SIZE];

        (void)snprintf(key, sizeof(key), "%u", (unsigned)subnetwork);
        document_list(doc, key);
        /* More turns than members would name one of them twice. */
        for (uint32_t i = 0; i < da->dispersal_factor && i < membership->count; i++) {
            char peer_id[PEER_ID_SIZE];

            peer_id_write(&membership->public_keys[turn++ % membership->count], peer_id);
            document_text(doc, NULL, peer_id);
        }
        document_close(doc);
    }
    document_close(doc);
}

static void write_da_network(struct node_config_writer *writer)
{
    const struct node_config_da *da = &writer->network->da;
    struct document *doc = &writer->doc;

    document_map(doc, "da_network");
    document_map(doc, "backend");
    if (writer->config->is_executor) {
        document_map(doc, "validator_settings");
        write_backend(writer);
        document_close(doc);
        document_u64(doc, "num_subnets", da->num_subnets);
    } else {
        write_backend(writer);
    }
    document_close(doc);
    document_map(doc, "membership");
    document_u64(doc, "subnetwork_size", da->subnetwork_size);
    document_u64(doc, "replication_factor", da->dispersal_factor);
    document_u64(doc, "session_id", 0);
    if (writer->network->membership)
        write_assignations(writer);
    document_close(doc);
    document_map(doc, "api_adapter_settings");
    document_u64(doc, "api_port", writer->config->http.port);
    document_bool(doc, "is_secure", false);
    document_close(doc);
    document_span(doc, "subnet_refresh_interval", da->subnet_refresh_interval);
    document_u64(doc, "subnet_threshold", da->num_samples);
    document_u64(doc, "min_session_members", da->min_session_members);
    document_close(doc);
}

static void write_share_verifier(struct node_config_writer *writer)
{
    document_map(&writer->doc, "share_verifier_settings");
    document_text(&writer->doc, "global_params_path", writer->network->da.params_path);
    document_u64(&writer->doc, "domain_size", writer->network->da.num_subnets);
    document_close(&writer->doc);
}

static void write_da_verifier(struct node_config_writer *writer)
{
    const struct node_config_times *times = &writer->network->times;
    struct document *doc = &writer->doc;

    document_map(doc, "da_verifier");
    write_share_verifier(writer);
    document_null(doc, "tx_verifier_settings");
    document_null(doc, "network_adapter_settings");
    document_map(doc, "storage_adapter_settings");
    document_text(doc, "blob_storage_directory", writer->config->blob_directory);
    document_close(doc);
    document_map(doc, "mempool_trigger_settings");
    document_real(doc, "publish_threshold", 0.8);
    document_bounded_span(doc, "share_duration", times->share_duration);
    document_bounded_span(doc, "prune_duration", times->prune_duration);
    document_bounded_span(doc, "prune_interval", times->prune_interval);
    document_close(doc);
    document_close(doc);
}

static void write_da_sampling(struct node_config_writer *writer)
{
    const struct node_config_da *da = &writer->network->da;
    const struct node_config_times *times = &writer->network->times;
    struct document *doc = &writer->doc;

    document_map(doc, "da_sampling");
    document_map(doc, "sampling_settings");
    document_u64(doc, "num_samples", da->num_samples);
    document_u64(doc, "num_subnets", da->num_subnets);
    document_span(doc, "old_blobs_check_interval", da->old_blobs_check_interval);
    document_span(doc, "blobs_validity_duration", da->blobs_validity);
    document_close(doc);
    write_share_verifier(writer);
    document_span(doc, "commitments_wait_duration", times->commitments_wait);
    document_span(doc, "sdp_blob_trigger_sampling_delay", times->sdp_trigger_delay);
    document_close(doc);
}

static void write_da_dispersal(struct node_config_writer *writer)
{
    const struct node_config_da *da = &writer->network->da;
    const struct node_config_times *times = &writer->network->times;
    struct document *doc = &writer->doc;

    document_map(doc, "da_dispersal");
    document_map(doc, "backend");
    document_map(doc, "encoder_settings");
    document_u64(doc, "num_columns", da->num_subnets);
    document_bool(doc, "with_cache", false);
    document_text(doc, "global_params_path", da->params_path);
    document_close(doc);
    document_bounded_span(doc, "dispersal_timeout", times->dispersal_timeout);
    document_bounded_span(doc, "retry_cooldown", times->retry_cooldown);
    document_u64(doc, "retry_limit", 2);
    document_close(doc);
    document_close(doc);
}

const bool node_config_knows_da = true;

void node_config_write_da(struct node_config_writer *writer)
{
    write_da_network(writer);
    write_da_verifier(writer);
    write_da_sampling(writer);
    if (writer->config->is_executor)
        write_da_dispersal(writer);
}

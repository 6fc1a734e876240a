#include "nomos/hex.h"
#include "nomos/keys.h"
#include "nomos/node_config_parts.h"

/* How long a peer may take to answer a request for blocks, in milliseconds. */
#define PEER_RESPONSE_TIMEOUT_MS 60000

static void write_swarm(struct node_config_writer *writer)
{
    const struct node_config *config = writer->config;
    struct document *doc = &writer->doc;

    document_map(doc, "swarm");
    document_text(doc, "host", config->swarm.ip);
    document_u64(doc, "port", config->swarm.port);
    document_hex(doc, "node_key", config->seed.bytes, sizeof(config->seed.bytes));
    document_map(doc, "chain_sync_config");
    document_u64(doc, "peer_response_timeout", PEER_RESPONSE_TIMEOUT_MS);
    document_close(doc);
    if (!config->has_autonat) { /* without the section the node finds its address itself */
        document_map(doc, "nat_config");
        document_text(doc, "type", "static");
        node_config_put_address(writer, "external_address", &config->announced, NULL);
        document_close(doc);
    }
    document_close(doc);
}

void node_config_write_network(struct node_config_writer *writer)
{
    const struct node_config *config = writer->config;
    struct document *doc = &writer->doc;

    document_map(doc, "network");
    document_map(doc, "backend");
    write_swarm(writer);
    document_list(doc, "initial_peers");
    for (size_t i = 0; i < config->peer_count; i++)
        node_config_put_address(writer, NULL, &config->peers[i].at, config->peers[i].public_key);
    document_close(doc);
    document_close(doc);
    document_close(doc);
}

static void write_blend_core(struct node_config_writer *writer)
{
    struct document *doc = &writer->doc;
    struct ed25519_key identity;
    struct fr secret, public_key;

    ed25519_from_seed(&writer->config->seed, &identity);
    secret = provider_secret_key(&identity.public_key);
    public_key = zk_public_key(writer->network->wire, &secret);
    document_map(doc, "core");
    document_map(doc, "backend");
    node_config_put_address(writer, "listening_address", &writer->config->blend, NULL);
    document_map(doc, "core_peering_degree");
    document_u64(doc, "start", 1);
    document_u64(doc, "end", 3);
    document_close(doc);
    document_span(doc, "edge_node_connection_timeout", NODE_CONFIG_SECOND);
    document_u64(doc, "max_edge_node_incoming_connections", 300);
    document_u64(doc, "max_dial_attempts_per_peer", 3);
    document_close(doc);
    document_map(doc, "zk");
    node_config_put_fr(writer, "secret_key_kms_id", &public_key);
    document_close(doc);
    document_close(doc);
}

void node_config_write_blend(struct node_config_writer *writer)
{
    const struct bytes32 *seed = &writer->config->seed;
    struct document *doc = &writer->doc;

    document_map(doc, "blend");
    document_hex(doc, "non_ephemeral_signing_key", seed->bytes, sizeof(seed->bytes));
    document_text(doc, "recovery_path_prefix", "./recovery/blend");
    write_blend_core(writer);
    document_map(doc, "edge");
    document_map(doc, "backend");
    document_u64(doc, "max_dial_attempts_per_peer_per_message", 1);
    document_u64(doc, "replication_factor", 1);
    document_close(doc);
    document_close(doc);
    document_close(doc);
}

static void write_blend_deployment(struct document *doc)
{
    document_map(doc, "blend");
    document_map(doc, "common");
    document_u64(doc, "num_blend_layers", 1);
    document_map(doc, "timing");
    document_u64(doc, "rounds_per_session", 648000);
    document_u64(doc, "rounds_per_interval", 30);
    document_bounded_span(doc, "round_duration", NODE_CONFIG_SECOND);
    document_u64(doc, "rounds_per_observation_window", 30);
    document_u64(doc, "rounds_per_session_transition_period", 30);
    document_u64(doc, "epoch_transition_period_in_slots", 2600);
    document_close(doc);
    document_u64(doc, "minimum_network_size", 1);
    document_text(doc, "protocol_name", "/blend/integration-tests");
    document_close(doc);
    document_map(doc, "core");
    document_map(doc, "scheduler");
    document_map(doc, "cover");
    document_real(doc, "message_frequency_per_round", 1.0);
    document_u64(doc, "intervals_for_safety_buffer", 100);
    document_close(doc);
    document_map(doc, "delayer");
    document_u64(doc, "maximum_release_delay_in_rounds", 3);
    document_close(doc);
    document_close(doc);
    document_u64(doc, "minimum_messages_coefficient", 1);
    document_real(doc, "normalization_constant", 1.03);
    document_close(doc);
    document_close(doc);
}

static void write_service_params(struct document *doc, const char *service)
{
    document_map(doc, service);
    document_u64(doc, "lock_period", 10);
    document_u64(doc, "inactivity_period", 20);
    document_u64(doc, "retention_period", 100);
    document_u64(doc, "timestamp", 0);
    document_u64(doc, "session_duration", 1000);
    document_close(doc);
}

static void write_consensus_deployment(struct node_config_writer *writer)
{
    struct document *doc = &writer->doc;

    document_map(doc, "cryptarchia");
    document_map(doc, "epoch_config");
    document_u64(doc, "epoch_stake_distribution_stabilization", 3);
    document_u64(doc, "epoch_period_nonce_buffer", 3);
    document_u64(doc, "epoch_period_nonce_stabilization", 4);
    document_close(doc);
    document_map(doc, "consensus_config");
    document_u64(doc, "security_param", writer->network->security_param);
    document_real(doc, "active_slot_coeff", writer->network->active_slot_coeff);
    document_close(doc);
    document_map(doc, "sdp_config");
    document_map(doc, "service_params");
    write_service_params(doc, "BN");
    if (writer->network->has_da)
        write_service_params(doc, "DA");
    document_close(doc);
    document_map(doc, "min_stake");
    document_u64(doc, "threshold", 1);
    document_u64(doc, "timestamp", 0);
    document_close(doc);
    document_close(doc);
    document_text(doc, "gossipsub_protocol", "/cryptarchia/proto");
    document_close(doc);
}

void node_config_write_deployment(struct node_config_writer *writer)
{
    struct document *doc = &writer->doc;

    document_map(doc, "deployment");
    write_blend_deployment(doc);
    document_map(doc, "network");
    document_text(doc, "kademlia_protocol_name", "/integration/nomos/kad/1.0.0");
    document_text(doc, "identify_protocol_name", "/integration/nomos/identify/1.0.0");
    document_close(doc);
    write_consensus_deployment(writer);
    document_map(doc, "time");
    document_span(doc, "slot_duration", writer->network->slot_duration);
    document_close(doc);
    document_map(doc, "mempool");
    document_text(doc, "pubsub_topic", "mantle");
    document_close(doc);
    document_close(doc);
}

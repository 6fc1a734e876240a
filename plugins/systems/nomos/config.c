/* The configuration file of a node, as node contract 5.2 has it with the values of 5.3.

   Written as text: every value is a number, a hex string, an address or a path that is quoted here,
   so nothing needs the care of an emitter. The genesis transaction is JSON, which is YAML. */
#include "plugins/systems/nomos/nomos.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "nomos/json_tx.h"

enum {
    LINE_SIZE = 4096
}; /* the longest line: a path, quoted */

/* Node contract 5.3: what depends on the number of nodes. */
struct da_shape {
    unsigned subnetwork_size, dispersal_factor, min_peers;
};

static struct da_shape da_shape(uint32_t node_count)
{
    if (node_count <= 1)
        return (struct da_shape){.subnetwork_size = 1, .dispersal_factor = 1, .min_peers = 0};
    return (struct da_shape){.subnetwork_size = 2, .dispersal_factor = 2, .min_peers = 1};
}

__attribute__((format(printf, 2, 3))) static void put(struct text *out, const char *format, ...)
{
    char line[LINE_SIZE];
    va_list args;
    int length;

    va_start(args, format);
    length = vsnprintf(line, sizeof(line), format, args);
    va_end(args);
    if (length < 0 || (size_t)length >= sizeof(line))
        out->failed = true;
    else
        text_add(out, line);
}

/* A path or name in double quotes; control characters would end or fold the line. */
static void put_quoted(struct text *out, const char *key, const char *value)
{
    put(out, "%s: \"", key);
    for (; *value != '\0'; value++) {
        const unsigned char c = (unsigned char)*value;

        if (c < 0x20 || c == 0x7F) {
            put(out, "\\x%02X", c);
            continue;
        }
        if (c == '"' || c == '\\')
            text_add_bytes(out, "\\", 1);
        text_add_bytes(out, value, 1);
    }
    text_add(out, "\"\n");
}

static void put_udp(struct text *out, const char *ip, uint32_t port)
{
    put(out, "/ip4/%s/udp/%" PRIu32 "/quic-v1", ip, port);
}

static void public_key_of(
    const struct nomos *self, const struct fr *secret_key, char out[HEX32_SIZE])
{
    const struct fr public_key = zk_public_key(&self->wire, secret_key);

    hex_from_fr(&public_key, out);
}

/* ---- sections ---- */

static void put_network(struct nomos *self, uint32_t index, struct text *out)
{
    const struct nomos_node *node = &self->nodes[index];
    const assay_endpoint *swarm = &node->ports[PORT_NETWORK];
    char id[HEX32_SIZE];
    const uint32_t dials = self->topology->dial_count(self->host, index);

    hex_from_bytes32(&node->seed, id);
    put(out, "network:\n  backend:\n    swarm:\n      host: %s\n      port: %" PRIu32 "\n",
        swarm->bind_ip, swarm->bind_port);
    put(out, "      node_key: %s\n      chain_sync_config: {peer_response_timeout: 60000}\n", id);
    put(out, "      nat_config: {type: static, external_address: ");
    put_udp(out, swarm->peer_ip, swarm->peer_port);
    put(out, "}\n    initial_peers: [");
    for (uint32_t nth = 0; nth < dials; nth++) {
        const uint32_t peer = self->topology->dial(self->host, index, nth);
        const assay_endpoint *to = &self->nodes[peer].ports[PORT_NETWORK];

        put(out, "%s", nth ? ", " : "");
        put_udp(out, to->peer_ip, to->peer_port);
    }
    put(out, "]\n");
}

static void put_blend(struct nomos *self, uint32_t index, struct text *out)
{
    const struct nomos_node *node = &self->nodes[index];
    const struct fr secret = note_secret_key(NOTE_BLEND, &node->seed);
    char id[HEX32_SIZE], key[HEX32_SIZE];

    hex_from_bytes32(&node->seed, id);
    public_key_of(self, &secret, key);
    put(out, "blend:\n  non_ephemeral_signing_key: %s\n", id);
    put(out,
        "  recovery_path_prefix: ./recovery/blend\n  core:\n    backend:\n"
        "      listening_address: ");
    put_udp(out, node->ports[PORT_BLEND].bind_ip, node->ports[PORT_BLEND].bind_port);
    put(out,
        "\n      core_peering_degree: {start: 1, end: 3}\n"
        "      edge_node_connection_timeout: {secs: 1, nanos: 0}\n"
        "      max_edge_node_incoming_connections: 300\n      max_dial_attempts_per_peer: 3\n"
        "    zk: {secret_key_kms_id: %s}\n"
        "  edge: {backend: {max_dial_attempts_per_peer_per_message: 1, replication_factor: 1}}\n",
        key);
}

static void put_deployment(struct nomos *self, struct text *out)
{
    put(out,
        "deployment:\n  blend:\n    common:\n      num_blend_layers: 1\n"
        "      timing: {rounds_per_session: 648000, rounds_per_interval: 30, "
        "round_duration: \"1.000000000\", rounds_per_observation_window: 30, "
        "rounds_per_session_transition_period: 30, epoch_transition_period_in_slots: 2600}\n"
        "      minimum_network_size: 1\n      protocol_name: /blend/integration-tests\n"
        "    core:\n      scheduler: {cover: {message_frequency_per_round: 1.0, "
        "intervals_for_safety_buffer: 100}, delayer: {maximum_release_delay_in_rounds: 3}}\n"
        "      minimum_messages_coefficient: 1\n      normalization_constant: 1.03\n"
        "  network: {kademlia_protocol_name: /integration/nomos/kad/1.0.0, "
        "identify_protocol_name: /integration/nomos/identify/1.0.0}\n");
    put(out,
        "  cryptarchia:\n    epoch_config: {epoch_stake_distribution_stabilization: 3, "
        "epoch_period_nonce_buffer: 3, epoch_period_nonce_stabilization: 4}\n"
        "    consensus_config: {security_param: %" PRId64 ", active_slot_coeff: %.17g}\n",
        self->options.security_param, self->options.active_slot_coeff);
    put(out,
        "    sdp_config:\n      service_params:\n"
        "        BN: {lock_period: 10, inactivity_period: 20, retention_period: 100, "
        "timestamp: 0, session_duration: 1000}\n"
        "        DA: {lock_period: 10, inactivity_period: 20, retention_period: 100, "
        "timestamp: 0, session_duration: 1000}\n"
        "      min_stake: {threshold: 1, timestamp: 0}\n"
        "    gossipsub_protocol: /cryptarchia/proto\n");
    put(out,
        "  time: {slot_duration: {secs: %" PRId64 ", nanos: %" PRId64 "}}\n"
        "  mempool: {pubsub_topic: mantle}\n",
        self->options.slot / ASSAY_SECOND, self->options.slot % ASSAY_SECOND);
}

static void put_cryptarchia(struct nomos *self, uint32_t index, struct text *out)
{
    const struct fr secret = note_secret_key(NOTE_LEADER, &self->nodes[index].seed);
    char key[HEX32_SIZE], secret_hex[HEX32_SIZE];

    public_key_of(self, &secret, key);
    hex_from_fr(&secret, secret_hex);
    put(out, "cryptarchia:\n  service:\n    starting_state: !Genesis {\"genesis_tx\": ");
    text_add_bytes(out, self->genesis_json.bytes, self->genesis_json.size);
    put(out,
        "}\n    recovery_file: \"\"\n    bootstrap: {prolonged_bootstrap_period: "
        "\"1.000000000\", force_bootstrap: false, offline_grace_period: {grace_period: "
        "\"1200.000000000\", state_recording_interval: \"60.000000000\"}}\n"
        "  network: {bootstrap: {ibd: {peers: [], delay_before_new_download: {secs: 10, "
        "nanos: 0}}}, sync: {orphan: {max_orphan_cache_size: 5}}}\n");
    put(out, "  leader: {pk: %s, sk: %s}\n", key, secret_hex);
}

static void put_time(struct nomos *self, struct text *out)
{
    const time_t seconds = (time_t)(self->chain_start_unix_ns / ASSAY_SECOND);
    char date[32] = "";
    struct tm utc;

    if (gmtime_r(&seconds, &utc))
        (void)strftime(date, sizeof(date), "%Y-%m-%d %H:%M:%S", &utc);
    put(out,
        "time:\n  backend: {ntp_server: pool.ntp.org, ntp_client_settings: {timeout: "
        "\"5.000000000\", listening_interface: 0.0.0.0}, update_interval: \"16.000000000\"}\n"
        "  chain_start_time: \"%s.%09" PRId64 " +00:00:00\"\nmempool: {recovery_path: \"\"}\n",
        date, self->chain_start_unix_ns % ASSAY_SECOND);
}

/* Log files in the directory that NOMOS_LOG_DIR names, else standard output, which the deployer
   keeps in the node's own directory. */
static void put_tracing(struct nomos *self, uint32_t index, struct text *out)
{
    const struct nomos_node_options *overrides = self->topology->overrides(self->host, index);
    const char *directory = self->spec->variable(self->host, "NOMOS_LOG_DIR");
    const char *level = overrides && overrides->log_level[0] != '\0' ? overrides->log_level
                                                                     : self->options.log_level;
    assay_node_info info = {.struct_size = sizeof(info)};
    char prefix[64];

    (void)self->topology->node(self->host, index, &info);
    put(out, "tracing:\n");
    if (directory && directory[0] != '\0') {
        (void)snprintf(prefix, sizeof(prefix), "nomos-%s-%" PRIu32,
            self->nodes[index].is_executor ? "executor" : "node", info.role_index);
        put(out, "  logger: !File\n");
        put_quoted(out, "    directory", directory);
        put_quoted(out, "    prefix", prefix);
    } else {
        put(out, "  logger: Stdout\n");
    }
    put(out, "  tracing: None\n  filter: None\n  metrics: None\n  console: None\n  level: %s\n",
        level);
}

static void put_da_network(struct nomos *self, uint32_t index, struct text *out)
{
    const struct nomos_node *node = &self->nodes[index];
    const struct da_shape shape = da_shape(self->node_count);
    const char *indent = node->is_executor ? "      " : "    ";
    char id[HEX32_SIZE];

    hex_from_bytes32(&node->seed, id);
    put(out, "da_network:\n  backend:\n");
    if (node->is_executor)
        put(out, "    num_subnets: %u\n    validator_settings:\n", shape.subnetwork_size);
    put(out, "%snode_key: %s\n%slistening_address: ", indent, id, indent);
    put_udp(out, node->ports[PORT_DA].bind_ip, node->ports[PORT_DA].bind_port);
    put(out,
        "\n%spolicy_settings: {min_dispersal_peers: %u, min_replication_peers: %u, "
        "max_dispersal_failures: 0, max_sampling_failures: 0, max_replication_failures: 0, "
        "malicious_threshold: 0}\n"
        "%smonitor_settings: {failure_time_window: \"5.000000000\", time_decay_factor: \"0\"}\n",
        indent, node->is_executor ? shape.min_peers : 0, shape.min_peers, indent);
    put(out,
        "%sbalancer_interval: {secs: 1, nanos: 0}\n%sredial_cooldown: {secs: 0, nanos: 0}\n"
        "%sreplication_settings: {seen_message_cache_size: 1000, seen_message_ttl: "
        "\"3600.000000000\"}\n"
        "%ssubnets_settings: {num_of_subnets: 1, shares_retry_limit: 1, "
        "commitments_retry_limit: 1}\n",
        indent, indent, indent, indent);
    put(out,
        "  membership: {subnetwork_size: %u, replication_factor: %u, session_id: 0}\n"
        "  api_adapter_settings: {api_port: %" PRIu32 ", is_secure: false}\n"
        "  subnet_refresh_interval: {secs: 30, nanos: 0}\n  subnet_threshold: 1\n"
        "  min_session_members: 1\n",
        self->node_count > shape.subnetwork_size ? self->node_count : shape.subnetwork_size,
        shape.dispersal_factor, node->ports[PORT_API].bind_port);
}

static void put_http(struct nomos *self, uint32_t index, struct text *out)
{
    static const char *const names[] = {[PORT_API] = "http", [PORT_TESTING] = "testing_http"};

    /* The rate limit counts requests of one address over the node's whole life when its interval
       is long (node contract 2.1). We are one address and ask often: as many as can be said. */
    for (int port = PORT_API; port <= PORT_TESTING; port++) {
        const assay_endpoint *at = &self->nodes[index].ports[port];

        put(out,
            "%s: {backend_settings: {address: \"%s:%" PRIu32 "\", cors_origins: [], timeout: "
            "{secs: 30, nanos: 0}, max_body_size: 10485760, max_concurrent_requests: 1000, "
            "rate_limit_per_second: 1, rate_limit_burst: 4294967295}}\n",
            names[port], at->bind_ip, at->bind_port);
    }
}

/* The keys that the node may use: its own, and those of every wallet account, so that it can lead
   with their stake (node contract 4.2). */
static void put_keys(struct nomos *self, uint32_t index, struct text *out)
{
    const struct bytes32 *seed = &self->nodes[index].seed;
    const struct fr leader = note_secret_key(NOTE_LEADER, seed);
    struct ed25519_key identity;
    char public_key[HEX32_SIZE], secret_key[HEX32_SIZE];

    public_key_of(self, &leader, public_key);
    put(out, "wallet:\n  known_keys: [%s", public_key);
    text_add_bytes(out, self->wallet_public_keys.bytes, self->wallet_public_keys.size);
    put(out, "]\nkey_management:\n  keys:\n");
    ed25519_from_seed(seed, &identity);
    hex_from_bytes32(&identity.public_key, public_key);
    hex_from_bytes32(seed, secret_key);
    put(out, "    %s: !Ed25519 %s\n", public_key, secret_key);
    for (int purpose = NOTE_LEADER; purpose <= NOTE_BLEND; purpose++) {
        const struct fr secret = note_secret_key((enum note_purpose)purpose, seed);

        public_key_of(self, &secret, public_key);
        hex_from_fr(&secret, secret_key);
        put(out, "    %s: !Zk %s\n", public_key, secret_key);
    }
    text_add_bytes(out, self->wallet_keys.bytes, self->wallet_keys.size);
}

assay_status config_prepare(struct nomos *self)
{
    const uint32_t accounts = self->topology->account_count(self->host);

    for (uint32_t i = 0; i < accounts; i++) {
        const struct fr secret = wallet_secret_key(i);
        char public_key[HEX32_SIZE], secret_key[HEX32_SIZE];

        public_key_of(self, &secret, public_key);
        hex_from_fr(&secret, secret_key);
        put(&self->wallet_public_keys, ", %s", public_key);
        put(&self->wallet_keys, "    %s: !Zk %s\n", public_key, secret_key);
    }
    json_tx_write(&self->genesis_json, &self->genesis);
    if (text_ok(&self->wallet_public_keys) && text_ok(&self->wallet_keys) &&
        text_ok(&self->genesis_json))
        return ASSAY_OK;
    return self->host->fail(
        self->host, ASSAY_E_NOMEM, "the genesis transaction and the wallet's keys do not fit");
}

static void put_storage(struct nomos *self, uint32_t index, struct text *out)
{
    const char *directory = self->spec->directory(self->host, index);
    char path[LINE_SIZE];

    (void)snprintf(path, sizeof(path), "%s/db", directory);
    put(out, "storage:\n");
    put_quoted(out, "  db_path", path);
    put(out, "  read_only: false\n  column_family: blocks\nsdp: {declaration: null}\n");
}

assay_status config_render(struct nomos *self, uint32_t node)
{
    struct text out = {0};
    const char *name = self->nodes[node].is_executor ? "executor.yaml" : "validator.yaml";
    assay_status s;

    put_network(self, node, &out);
    put_blend(self, node, &out);
    put_deployment(self, &out);
    put_cryptarchia(self, node, &out);
    put_time(self, &out);
    put_tracing(self, node, &out);
    put_da_network(self, node, &out);
    put_http(self, node, &out);
    put_storage(self, node, &out);
    put_keys(self, node, &out);
    if (!text_ok(&out))
        s = self->host->fail(self->host, ASSAY_E_NOMEM, "a node's configuration does not fit");
    else
        s = self->spec->file(
            self->host, node, name, (assay_bytes){.data = out.bytes, .size = out.size}, 0600);
    text_done(&out);
    return s;
}

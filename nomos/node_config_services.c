#include <inttypes.h>
#include <string.h>
#include <time.h>

#include "nomos/hex.h"
#include "nomos/json_tx.h"
#include "nomos/keys.h"
#include "nomos/node_config_parts.h"

/* Of the HTTP API: what the node would take by itself, but for concurrent requests. */
#define HTTP_TIMEOUT       (30 * NODE_CONFIG_SECOND)
#define HTTP_BODY_SIZE_MAX 10485760
#define HTTP_REQUESTS_MAX  1000

/* Share of traces that is kept. */
#define TRACE_SAMPLE_RATIO 0.5

static void write_orphan_limit(struct document *doc)
{
    document_map(doc, "orphan");
    document_u64(doc, "max_orphan_cache_size", 5);
    document_close(doc);
}

static void write_ibd(struct document *doc)
{
    document_map(doc, "ibd");
    document_list(doc, "peers");
    document_close(doc);
    document_span(doc, "delay_before_new_download", 10 * NODE_CONFIG_SECOND);
    document_close(doc);
}

static void write_chain_service(struct node_config_writer *writer)
{
    const struct node_config_network *network = writer->network;
    struct text *genesis = &writer->scratch;
    struct document *doc = &writer->doc;

    text_clear(genesis);
    if (doc->format == DOCUMENT_YAML)
        json_tx_write_yaml(genesis, network->genesis);
    else
        json_tx_write(genesis, network->genesis);
    document_map(doc, "service");
    document_variant(doc, "starting_state", "Genesis");
    document_written(doc, "genesis_tx", genesis->bytes, genesis->size);
    document_close(doc);
    document_text(doc, "recovery_file", "");
    document_map(doc, "bootstrap");
    document_bounded_span(doc, "prolonged_bootstrap_period", NODE_CONFIG_SECOND);
    document_bool(doc, "force_bootstrap", false);
    document_map(doc, "offline_grace_period");
    document_bounded_span(doc, "grace_period", network->times.grace_period);
    document_bounded_span(doc, "state_recording_interval", 60 * NODE_CONFIG_SECOND);
    document_close(doc);
    document_close(doc);
    document_close(doc);
}

static void write_server_keys(struct document *doc)
{
    document_map(doc, "bootstrap");
    write_ibd(doc);
    document_close(doc);
    document_map(doc, "network_adapter_settings");
    document_text(doc, "topic", "/cryptarchia/proto");
    document_close(doc);
    document_map(doc, "sync");
    write_orphan_limit(doc);
    document_close(doc);
}

void node_config_write_cryptarchia(struct node_config_writer *writer)
{
    const struct fr secret = note_secret_key(NOTE_LEADER, &writer->config->seed);
    const struct fr public_key = zk_public_key(writer->network->wire, &secret);
    struct document *doc = &writer->doc;

    document_map(doc, "cryptarchia");
    write_chain_service(writer);
    document_map(doc, "network");
    document_map(doc, "bootstrap");
    write_ibd(doc);
    document_close(doc);
    document_map(doc, "sync");
    write_orphan_limit(doc);
    document_close(doc);
    document_close(doc);
    document_map(doc, "leader");
    node_config_put_fr(writer, "pk", &public_key);
    node_config_put_fr(writer, "sk", &secret);
    document_close(doc);
    if (writer->network->has_server_keys)
        write_server_keys(doc);
    document_close(doc);
}

void node_config_write_time(struct node_config_writer *writer)
{
    const int64_t start = writer->network->chain_start_unix_ns;
    const time_t seconds = (time_t)(start / (int64_t)NODE_CONFIG_SECOND);
    struct document *doc = &writer->doc;
    char date[32] = "";
    struct tm utc;

    if (gmtime_r(&seconds, &utc))
        (void)strftime(date, sizeof(date), "%Y-%m-%d %H:%M:%S", &utc);
    document_map(doc, "time");
    document_map(doc, "backend");
    document_text(doc, "ntp_server", "pool.ntp.org");
    document_map(doc, "ntp_client_settings");
    document_bounded_span(doc, "timeout", 5 * NODE_CONFIG_SECOND);
    document_text(doc, "listening_interface", "0.0.0.0");
    document_close(doc);
    document_bounded_span(doc, "update_interval", 16 * NODE_CONFIG_SECOND);
    document_close(doc);
    document_print(doc, "chain_start_time", "%s.%09" PRId64 " +00:00:00", date,
        start % (int64_t)NODE_CONFIG_SECOND);
    document_close(doc);
}

/* ---- tracing ---- */

static void write_logger(struct document *doc, const struct node_config_tracing *tracing)
{
    switch (tracing->logger) {
    case NODE_CONFIG_STDOUT:
        document_unit(doc, "logger", "Stdout");
        return;
    case NODE_CONFIG_STDERR:
        document_unit(doc, "logger", "Stderr");
        return;
    case NODE_CONFIG_SILENT:
        document_unit(doc, "logger", "None");
        return;
    case NODE_CONFIG_FILE:
        document_variant(doc, "logger", "File");
        document_text(doc, "directory", tracing->directory);
        document_text(doc, "prefix", tracing->prefix);
        break;
    case NODE_CONFIG_LOKI:
        document_variant(doc, "logger", "Loki");
        document_text(doc, "endpoint", tracing->loki_endpoint);
        document_text(doc, "host_identifier", tracing->host_identifier);
        break;
    }
    document_close(doc);
}

static void write_filter(struct document *doc, const char *filter)
{
    if (!filter) {
        document_unit(doc, "filter", "None");
        return;
    }
    document_variant(doc, "filter", "EnvFilter");
    document_map(doc, "filters");
    while (*filter) {
        const size_t length = strcspn(filter, ",");
        const size_t target = strcspn(filter, "=");
        char pair[NODE_CONFIG_FILTER_PAIR_MAX + 1]; /* which was checked */

        memcpy(pair, filter, length);
        pair[target] = pair[length] = '\0';
        document_text(doc, pair, pair + target + 1);
        filter += length + (filter[length] == ',');
    }
    document_close(doc);
    document_close(doc);
}

static void write_traces(struct document *doc, const struct node_config_tracing *tracing)
{
    if (!tracing->traces_endpoint) {
        document_unit(doc, "tracing", "None");
        return;
    }
    document_variant(doc, "tracing", "Otlp");
    document_text(doc, "endpoint", tracing->traces_endpoint);
    document_real(doc, "sample_ratio", TRACE_SAMPLE_RATIO);
    document_text(doc, "service_name", tracing->host_identifier);
    document_close(doc);
}

static void write_metrics(struct document *doc, const struct node_config_tracing *tracing)
{
    if (!tracing->metrics_endpoint) {
        document_unit(doc, "metrics", "None");
        return;
    }
    document_variant(doc, "metrics", "Otlp");
    document_text(doc, "endpoint", tracing->metrics_endpoint);
    document_text(doc, "host_identifier", tracing->host_identifier);
    document_close(doc);
}

void node_config_write_tracing(struct node_config_writer *writer)
{
    const struct node_config_tracing *tracing = &writer->config->tracing;
    struct document *doc = &writer->doc;

    if (tracing->section) {
        document_written(doc, "tracing", tracing->section, strlen(tracing->section));
        return;
    }
    document_map(doc, "tracing");
    write_logger(doc, tracing);
    write_traces(doc, tracing);
    write_filter(doc, tracing->filter);
    write_metrics(doc, tracing);
    document_unit(doc, "console", "None");
    document_unit(doc, "level", tracing->level);
    document_close(doc);
}

/* ---- what the node serves, keeps and knows ---- */

static void write_api(
    struct node_config_writer *writer, const char *key, const struct node_config_endpoint *at)
{
    const bool is_v6 = strchr(at->ip, ':') != NULL;
    struct document *doc = &writer->doc;

    document_map(doc, key);
    document_map(doc, "backend_settings");
    document_print(doc, "address", "%s%s%s:%u", is_v6 ? "[" : "", at->ip, is_v6 ? "]" : "",
        (unsigned)at->port);
    document_list(doc, "cors_origins");
    document_close(doc);
    document_span(doc, "timeout", HTTP_TIMEOUT);
    document_u64(doc, "max_body_size", HTTP_BODY_SIZE_MAX);
    document_u64(doc, "max_concurrent_requests", HTTP_REQUESTS_MAX);
    document_u64(doc, "rate_limit_per_second", writer->network->rate_limit_interval);
    document_u64(doc, "rate_limit_burst", writer->network->rate_limit_burst);
    document_close(doc);
    document_close(doc);
}

void node_config_write_http(struct node_config_writer *writer)
{
    write_api(writer, "http", &writer->config->http);
    write_api(writer, "testing_http", &writer->config->testing_http);
}

void node_config_write_storage(struct node_config_writer *writer)
{
    struct document *doc = &writer->doc;

    document_map(doc, "storage");
    document_text(doc, "db_path", writer->config->db_path);
    document_bool(doc, "read_only", false);
    document_text(doc, "column_family", "blocks");
    document_close(doc);
}

static void write_zk_key(struct document *doc, const struct fr *secret_key, const struct fr *public)
{
    char secret_hex[HEX32_SIZE], public_hex[HEX32_SIZE];

    hex_from_fr(secret_key, secret_hex);
    hex_from_fr(public, public_hex);
    document_variant_text(doc, public_hex, "Zk", secret_hex);
}

/* The keys of the node's services, which are one pair (node contract 3.8, 4.8), and the wallet's. */
static void write_key_management(struct node_config_writer *writer)
{
    const struct node_config_network *network = writer->network;
    const struct bytes32 *seed = &writer->config->seed;
    struct document *doc = &writer->doc;
    struct ed25519_key identity;
    struct fr secret, public_key;
    char public_hex[HEX32_SIZE], seed_hex[HEX32_SIZE];

    ed25519_from_seed(seed, &identity);
    secret = provider_secret_key(&identity.public_key);
    public_key = zk_public_key(network->wire, &secret);
    hex_from_bytes32(&identity.public_key, public_hex);
    hex_from_bytes32(seed, seed_hex);
    document_map(doc, "key_management");
    document_map(doc, "keys");
    document_variant_text(doc, public_hex, "Ed25519", seed_hex);
    write_zk_key(doc, &secret, &public_key);
    for (size_t i = 0; network->has_wallet_keys && i < network->wallet_key_count; i++)
        write_zk_key(doc, &network->wallet_keys[i].secret_key, &network->wallet_keys[i].public_key);
    document_close(doc);
    document_close(doc);
}

void node_config_write_keys(struct node_config_writer *writer)
{
    const struct node_config_network *network = writer->network;
    const struct fr leader_secret = note_secret_key(NOTE_LEADER, &writer->config->seed);
    const struct fr leader = zk_public_key(network->wire, &leader_secret);
    struct document *doc = &writer->doc;

    document_map(doc, "wallet");
    document_list(doc, "known_keys");
    node_config_put_fr(writer, NULL, &leader);
    for (size_t i = 0; i < network->wallet_key_count; i++)
        node_config_put_fr(writer, NULL, &network->wallet_keys[i].public_key);
    document_close(doc);
    document_close(doc);
    write_key_management(writer);
}

#include "devnode/shell/config.h"

#include <stdio.h>
#include <string.h>

#include "devnode/shell/yaml_tree.h"

/* Longest dotted path that is reported in full. */
#define PATH_BYTES_MAX 256

/* Every key of a node's configuration. "x.**" stands for all that is below x: parts that belong to
   services which the development node does not have are not looked into. */
static const char *const known_keys[] = {
    "network.backend.swarm.host",
    "network.backend.swarm.port",
    "network.backend.swarm.node_key",
    "network.backend.swarm.gossipsub_config.**",
    "network.backend.swarm.kademlia_config.**",
    "network.backend.swarm.identify_config.**",
    "network.backend.swarm.chain_sync_config.**",
    "network.backend.swarm.nat_config.**",
    "network.backend.initial_peers.**",
    "blend.**",
    "deployment.blend.**",
    "deployment.network.**",
    "deployment.cryptarchia.epoch_config.epoch_stake_distribution_stabilization",
    "deployment.cryptarchia.epoch_config.epoch_period_nonce_buffer",
    "deployment.cryptarchia.epoch_config.epoch_period_nonce_stabilization",
    "deployment.cryptarchia.consensus_config.security_param",
    "deployment.cryptarchia.consensus_config.active_slot_coeff",
    "deployment.cryptarchia.sdp_config.**",
    "deployment.cryptarchia.gossipsub_protocol",
    "deployment.time.slot_duration.**",
    "deployment.mempool.**",
    "cryptarchia.service.starting_state.**",
    "cryptarchia.service.recovery_file",
    "cryptarchia.service.bootstrap.prolonged_bootstrap_period.**",
    "cryptarchia.service.bootstrap.force_bootstrap",
    "cryptarchia.service.bootstrap.offline_grace_period.**",
    "cryptarchia.network.**",
    "cryptarchia.leader.pk",
    "cryptarchia.leader.sk",
    "time.backend.**",
    "time.chain_start_time.**",
    "mempool.recovery_path",
    "tracing.logger.**",
    "tracing.tracing.**",
    "tracing.filter.**",
    "tracing.metrics.**",
    "tracing.console.**",
    "tracing.level",
    "da_network.**",
    "da_verifier.**",
    "da_sampling.**",
    "da_dispersal.**",
    "sdp.**",
    "http.backend_settings.address",
    "http.backend_settings.cors_origins.**",
    "http.backend_settings.timeout.**",
    "http.backend_settings.max_body_size",
    "http.backend_settings.max_concurrent_requests",
    "http.backend_settings.rate_limit_per_second",
    "http.backend_settings.rate_limit_burst",
    "testing_http.backend_settings.**",
    "storage.db_path",
    "storage.read_only",
    "storage.column_family",
    "wallet.known_keys.**",
    "key_management.**",
};

enum knowledge {
    KEY_UNKNOWN,
    KEY_WITHIN,  /* some known key begins with this path */
    KEY_COVERED, /* known with all that is below it */
};

static enum knowledge knowledge_of(const char *path)
{
    size_t length = strlen(path);
    enum knowledge best = KEY_UNKNOWN;

    for (size_t i = 0; i < sizeof(known_keys) / sizeof(*known_keys); i++) {
        const char *known = known_keys[i];

        if (strncmp(known, path, length) != 0)
            continue;
        if (!known[length] || strcmp(known + length, ".**") == 0)
            return KEY_COVERED;
        if (known[length] == '.')
            best = KEY_WITHIN;
    }
    return best;
}

static void walk(
    const struct yaml_tree *mapping, const char *prefix, config_reporter report, void *self)
{
    for (size_t i = 0; i < mapping->count; i++) {
        char path[PATH_BYTES_MAX];
        const struct yaml_tree *value = mapping->values[i];

        (void)snprintf(path, sizeof(path), "%s%s%s", prefix, *prefix ? "." : "", mapping->keys[i]);
        switch (knowledge_of(path)) {
        case KEY_UNKNOWN:
            report(self, path, value->line);
            break;
        case KEY_WITHIN:
            /* The path grows with each level and is cut at its limit, where nothing is known. */
            if (value->kind == YAML_MAPPING)
                walk(value, path, report, self);
            break;
        case KEY_COVERED:
            break;
        }
    }
}

void config_unknown_keys(const struct yaml_tree *file, config_reporter report, void *self)
{
    if (file->kind == YAML_MAPPING)
        walk(file, "", report, self);
}

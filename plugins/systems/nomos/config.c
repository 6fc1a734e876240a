/* The configuration file of a node: what the run decides, put into what nomos/node_config.h makes of
   it. */
#include "plugins/systems/nomos/config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "nomos/node_config_env.h"

/* The rate limit counts requests of one address over the node's whole life when its interval is
   long (node contract 2.1). We are one address and ask often: as many as can be said. */
#define RATE_LIMIT_INTERVAL 1
#define RATE_LIMIT_BURST    UINT32_MAX

/* What NOMOS_TESTS_TRACING switches on (node contract 6.1). */
static const char debug_loki[] = "http://localhost:3100";
static const char debug_filter[] = "nomos=debug";

static const char *look_up(void *arg, const char *name)
{
    const struct nomos *self = arg;

    return nomos_variable(self, name);
}

/* The value of a variable, NULL when it is not set or empty. */
static const char *setting(const struct nomos *self, const char *name)
{
    const char *value = nomos_variable(self, name);

    return value && value[0] != '\0' ? value : NULL;
}

void config_read_environment(struct nomos *self, struct nomos_problems *problems)
{
    const char *filter = setting(self, "NOMOS_LOG_FILTER");
    struct nomos_error err = {""};

    if (filter && !node_config_is_filter(filter))
        nomos_problems_add(problems,
            "%s is '%.60s'; it must be a list of target=level, separated by commas",
            revision_called(self->revision, "NOMOS_LOG_FILTER").text, filter);
    if (node_config_times_read(look_up, self, &self->network.times, &err) != NOMOS_OK)
        nomos_problems_add(problems, "%s", err.text);
}

void config_prepare(struct nomos *self)
{
    struct node_config_network *network = &self->network;

    network->wire = &self->wire;
    network->slot_duration = (uint64_t)self->options.slot;
    network->active_slot_coeff = self->options.active_slot_coeff;
    network->security_param = (uint64_t)self->options.security_param;
    network->chain_start_unix_ns = self->chain_start_unix_ns;
    network->genesis = &self->genesis;
    node_config_da_default(&network->da, self->node_count);
    network->da.params_path = self->assets.kzg_params;
    network->has_wallet_keys = true;
    network->rate_limit_interval = RATE_LIMIT_INTERVAL;
    network->rate_limit_burst = RATE_LIMIT_BURST;
    network->wallet_keys = self->wallet_keys;
    network->wallet_key_count = self->topology->account_count(self->host);
}

/* ---- one node ---- */

static struct node_config_endpoint bound(const assay_endpoint *endpoint)
{
    return (struct node_config_endpoint){endpoint->bind_ip, (uint16_t)endpoint->bind_port};
}

static struct node_config_endpoint reached(const assay_endpoint *endpoint)
{
    return (struct node_config_endpoint){endpoint->peer_ip, (uint16_t)endpoint->peer_port};
}

/* Whom the node dials; the caller frees them. NULL without memory. */
static struct node_config_peer *peers_of(const struct nomos *self, uint32_t node, size_t *out_count)
{
    const uint32_t count = self->topology->dial_count(self->host, node);
    struct node_config_peer *peers = calloc(count ? count : 1, sizeof(*peers));

    for (uint32_t nth = 0; peers && nth < count; nth++) {
        const uint32_t peer = self->topology->dial(self->host, node, nth);

        peers[nth].at = reached(&self->nodes[peer].ports[PORT_NETWORK]);
    }
    *out_count = count;
    return peers;
}

/* Names under which a node is known where logs and traces of many come together. */
struct node_names {
    char prefix[64], identifier[32];
};

static void choose_names(const struct nomos *self, uint32_t node, struct node_names *out)
{
    assay_node_info info = {.struct_size = sizeof(info)};

    (void)self->topology->node(self->host, node, &info);
    (void)snprintf(out->prefix, sizeof(out->prefix), "nomos-%s-%u",
        self->nodes[node].is_executor ? "executor" : "node", (unsigned)info.role_index);
    (void)snprintf(out->identifier, sizeof(out->identifier), "node-%u", (unsigned)node);
}

/* Log files in the directory that NOMOS_LOG_DIR names, else standard output, which the deployer
   keeps in the node's own directory; with NOMOS_TESTS_TRACING to a Loki on this machine, which
   development nodes cannot do: theirs would be lost. */
static struct node_config_tracing tracing_of(
    const struct nomos *self, uint32_t node, const struct node_names *names)
{
    const struct nomos_node_options *overrides = self->topology->overrides(self->host, node);
    const char *own_level = overrides ? overrides->log_level : "";
    const char *debug = setting(self, "NOMOS_TESTS_TRACING");
    const char *filter = setting(self, "NOMOS_LOG_FILTER");
    struct node_config_tracing tracing = {.logger = NODE_CONFIG_STDOUT,
        .directory = setting(self, "NOMOS_LOG_DIR"),
        .prefix = names->prefix,
        .host_identifier = names->identifier,
        .level = own_level[0] != '\0' ? own_level : self->options.log_level};

    if (debug && strcasecmp(debug, "true") == 0) {
        tracing.logger = self->nodes[node].is_dev ? NODE_CONFIG_STDOUT : NODE_CONFIG_LOKI;
        tracing.loki_endpoint = debug_loki;
        tracing.filter = filter ? filter : debug_filter;
        tracing.traces_endpoint = setting(self, "NOMOS_OTLP_ENDPOINT");
        tracing.metrics_endpoint = setting(self, "NOMOS_OTLP_METRICS_ENDPOINT");
        if (own_level[0] == '\0')
            tracing.level = "DEBUG";
    }
    if (tracing.directory)
        tracing.logger = NODE_CONFIG_FILE;
    return tracing;
}

static assay_status write_file(struct nomos *self, uint32_t node, const struct node_config *config)
{
    struct text yaml = {0};
    struct nomos_error err = {""};
    const enum nomos_status status = node_config_write(config, DOCUMENT_YAML, &yaml, &err);
    assay_status s;

    if (status != NOMOS_OK)
        s = nomos_fail_with(self, status, "a node's configuration cannot be written", err.text);
    else /* it holds the node's keys */
        s = self->spec->file(self->host, node,
            config->is_executor ? self->revision->executor_config : self->revision->node_config,
            (assay_bytes){.data = yaml.bytes, .size = yaml.size}, 0600);
    text_done(&yaml);
    return s;
}

/* What a real node expects to find (node contract 7.1). */
static assay_status write_recovery_files(struct nomos *self, uint32_t node)
{
    static const char *const paths[] = {"recovery/mempool.json", "recovery/blend/core.json"};
    assay_status s = ASSAY_OK;

    for (size_t i = 0; !s && !self->nodes[node].is_dev && i < 2; i++)
        s = self->spec->file(
            self->host, node, paths[i], (assay_bytes){.data = "{}", .size = 2}, 0644);
    return s;
}

assay_status config_render(struct nomos *self, uint32_t node)
{
    const struct nomos_node *own = &self->nodes[node];
    const char *directory = self->spec->directory(self->host, node);
    char db_path[NOMOS_PATH_SIZE];
    struct node_names names;
    struct node_config config = {.network = &self->network,
        .is_executor = own->is_executor,
        .seed = own->seed,
        .swarm = bound(&own->ports[PORT_NETWORK]),
        .da = bound(&own->ports[PORT_DA]),
        .blend = bound(&own->ports[PORT_BLEND]),
        .http = bound(&own->ports[PORT_API]),
        .testing_http = bound(&own->ports[PORT_TESTING]),
        .announced = reached(&own->ports[PORT_NETWORK]),
        .has_autonat = nomos_variable(self, "NOMOS_USE_AUTONAT") != NULL,
        .db_path = db_path,
        .blob_directory = directory};
    const int length = snprintf(db_path, sizeof(db_path), "%s/db", directory);
    struct node_config_peer *peers;
    assay_status s;

    if (length < 0 || (size_t)length >= sizeof(db_path))
        return self->host->fail(
            self->host, ASSAY_E_INVALID, "the path of a node's directory is too long");
    choose_names(self, node, &names);
    config.tracing = tracing_of(self, node, &names);
    config.peers = peers = peers_of(self, node, &config.peer_count);
    s = peers ? write_file(self, node, &config) : ASSAY_E_NOMEM;
    free(peers);
    return s ? s : write_recovery_files(self, node);
}

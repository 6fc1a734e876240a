#include "cfgsync/registry.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "devnode/core/memory.h"
#include "nomos/genesis.h"
#include "nomos/keys.h"

/* The rate limit of the API counts requests of one address over the node's whole life when its
   interval is long (node contract 2.1). The runner is one address and asks often. */
#define RATE_LIMIT_INTERVAL 1
#define RATE_LIMIT_BURST    UINT32_MAX

/* Of hosts that were given no name; the address tells those apart. */
static const char no_name[] = "unidentified-node";
static const char any_address[] = "0.0.0.0";

struct registry {
    const struct settings *settings;
    struct registry_prover prover; /* without `sign`: development proofs */
    struct wire wire;
    struct announcement *hosts; /* by order of announcement, by node index once complete */
    uint32_t count;
    bool is_complete;
    bool has_failed; /* the genesis cannot be made, ever */
    struct reason failure;

    /* Once complete. */
    struct bytes32 *public_keys; /* by node */
    struct bytes32 *member_keys; /* the same, sorted */
    struct node_config_membership membership;
    struct node_config_key *wallet_keys;
    struct signed_tx genesis;
    struct node_config_network network;
};

void announcement_default(struct announcement *out)
{
    *out = (struct announcement){.network_port = 3000,
        .da_port = 3300,
        .blend_port = 3400,
        .api_port = 18080,
        .testing_port = 18081};
    (void)snprintf(out->identifier, sizeof(out->identifier), "%s", no_name);
}

struct registry *registry_new(const struct settings *settings)
{
    struct registry *registry = memory_new(1, sizeof(*registry));

    registry->settings = settings;
    wire_init(&registry->wire, &wire_revision_2025_12);
    registry->hosts = memory_new(settings->host_count, sizeof(*registry->hosts));
    return registry;
}

void registry_free(struct registry *registry)
{
    if (!registry)
        return;
    signed_tx_done(&registry->genesis);
    free(registry->wallet_keys);
    free(registry->member_keys);
    free(registry->public_keys);
    free(registry->hosts);
    free(registry);
}

void registry_prove_with(struct registry *registry, const struct registry_prover *prover)
{
    registry->prover = *prover;
}

bool registry_is_complete(const struct registry *registry)
{
    return registry->is_complete;
}

uint32_t registry_count(const struct registry *registry)
{
    return registry->count;
}

/* ---- hosts ---- */

static bool is_same_host(const struct announcement *a, const struct announcement *b)
{
    if (a->is_executor != b->is_executor || strcmp(a->identifier, b->identifier) != 0)
        return false;
    return strcmp(a->identifier, no_name) != 0 || strcmp(a->ip, b->ip) == 0;
}

/* The host's place; the count when it is not known. */
static uint32_t find_host(const struct registry *registry, const struct announcement *host)
{
    uint32_t i = 0;

    while (i < registry->count && !is_same_host(&registry->hosts[i], host))
        i++;
    return i;
}

/* The number behind the last dash of "validator-7"; 0 without one. */
static unsigned long number_of(const struct announcement *host)
{
    const char *dash = strrchr(host->identifier, '-');
    char *end = NULL;
    unsigned long number;

    if (!dash || dash[1] < '0' || dash[1] > '9')
        return 0;
    number = strtoul(dash + 1, &end, 10);
    return *end ? 0 : number;
}

/* Validators before executors, then by number (node contract 5.4). */
static bool is_before(const struct announcement *a, const struct announcement *b)
{
    if (a->is_executor != b->is_executor)
        return b->is_executor;
    return number_of(a) < number_of(b);
}

/* By insertion, which keeps those of equal rank in the order of their announcement. */
static void sort_hosts(struct registry *registry)
{
    for (uint32_t i = 1; i < registry->count; i++) {
        const struct announcement host = registry->hosts[i];
        uint32_t place = i;

        for (; place > 0 && is_before(&host, &registry->hosts[place - 1]); place--)
            registry->hosts[place] = registry->hosts[place - 1];
        registry->hosts[place] = host;
    }
}

/* ---- the network ---- */

static void make_keys(struct registry *registry)
{
    const struct settings *settings = registry->settings;

    registry->public_keys = memory_new(registry->count, sizeof(*registry->public_keys));
    for (uint32_t i = 0; i < registry->count; i++) {
        struct ed25519_key key;

        ed25519_from_seed(&settings->ids[i], &key);
        registry->public_keys[i] = key.public_key;
    }
    registry->member_keys =
        memory_copy(registry->public_keys, registry->count * sizeof(*registry->public_keys));
    node_config_sort_keys(registry->member_keys, registry->count);
    registry->membership = (struct node_config_membership){
        .public_keys = registry->member_keys, .count = registry->count};
    registry->wallet_keys = memory_new(settings->account_count, sizeof(*registry->wallet_keys));
    for (size_t i = 0; i < settings->account_count; i++) {
        const struct fr secret = settings->accounts[i].secret_key;

        registry->wallet_keys[i] = (struct node_config_key){
            .secret_key = secret, .public_key = zk_public_key(&registry->wire, &secret)};
    }
}

static bool read_locator(const char *ip, uint16_t port, struct multiaddr *out)
{
    const struct node_config_endpoint at = {.ip = ip, .port = port};
    char text[NODE_CONFIG_ADDRESS_SIZE];

    node_config_address(&at, NULL, text);
    return multiaddr_parse(text, out);
}

static bool build_genesis(
    struct registry *registry, const struct genesis_spec *spec, struct reason *why)
{
    const struct registry_prover *prover = &registry->prover;
    const struct wire *wire = &registry->wire;
    struct signed_tx *genesis = &registry->genesis;
    struct genesis_signing signing = {.spec = spec, .genesis = genesis};
    struct nomos_error err = {""};
    enum nomos_status status;

    if (prover->sign)
        status = genesis_begin(wire, spec, genesis, &err);
    else
        status = genesis_build(wire, &zk_scheme_dev, spec, genesis, &err);
    if (status != NOMOS_OK)
        return reason_set(why, "the genesis transaction cannot be made: %s", err.text);
    if (!prover->sign)
        return true;
    signing.hash = tx_hash(wire, &genesis->tx);
    return prover->sign(prover->self, wire, &signing, why) ||
        reason_wrap(why, "the genesis transaction cannot be proved");
}

static bool make_genesis(struct registry *registry, struct reason *why)
{
    const struct settings *settings = registry->settings;
    struct genesis_node *nodes = memory_new(registry->count, sizeof(*nodes));
    struct note *accounts = memory_new(settings->account_count, sizeof(*accounts));
    const struct genesis_spec spec = {.nodes = nodes,
        .node_count = registry->count,
        .accounts = accounts,
        .account_count = settings->account_count};
    bool is_made = true;

    for (uint32_t i = 0; is_made && i < registry->count; i++) {
        const struct announcement *host = &registry->hosts[i];

        nodes[i].seed = settings->ids[i];
        is_made = read_locator(host->ip, host->da_port, &nodes[i].da_locator) &&
            read_locator(host->ip, host->blend_port, &nodes[i].blend_locator);
        if (!is_made)
            reason_format(
                why, "%s announced an address that is none: %s", host->identifier, host->ip);
    }
    for (size_t i = 0; i < settings->account_count; i++)
        accounts[i] = (struct note){
            .value = settings->accounts[i].value, .pk = registry->wallet_keys[i].public_key};
    is_made = is_made && build_genesis(registry, &spec, why);
    free(nodes);
    free(accounts);
    return is_made;
}

static bool complete(struct registry *registry, int64_t unix_ns, struct reason *why)
{
    const struct settings *settings = registry->settings;

    sort_hosts(registry);
    make_keys(registry);
    if (!make_genesis(registry, why))
        return false;
    registry->network = (struct node_config_network){.wire = &registry->wire,
        .slot_duration = settings->slot_duration_ns,
        .active_slot_coeff = settings->active_slot_coeff,
        .security_param = settings->security_param,
        .chain_start_unix_ns = registry->prover.sign ? registry->prover.unix_ns() : unix_ns,
        .genesis = &registry->genesis,
        .times = settings->times,
        .has_da = node_config_knows_da,
        .da = settings->da,
        .membership = &registry->membership,
        .wallet_keys = registry->wallet_keys,
        .wallet_key_count = settings->account_count,
        .has_server_keys = true,
        .rate_limit_interval = RATE_LIMIT_INTERVAL,
        .rate_limit_burst = RATE_LIMIT_BURST};
    registry->network.da.params_path = settings->params_path;
    registry->is_complete = true;
    return true;
}

enum registry_answer registry_announce(
    struct registry *registry, const struct announcement *host, int64_t unix_ns, struct reason *why)
{
    const uint32_t place = find_host(registry, host);

    if (place == registry->settings->host_count) {
        reason_format(why, "all %u hosts are known, and %s is none of them", registry->count,
            host->identifier);
        return REGISTRY_FULL;
    }
    registry->hosts[place] = *host; /* its address may be another now */
    if (place == registry->count && ++registry->count == registry->settings->host_count)
        registry->has_failed = !complete(registry, unix_ns, &registry->failure);
    if (registry->has_failed)
        reason_format(why, "%s", registry->failure.text);
    return registry->has_failed ? REGISTRY_FAILED : REGISTRY_KNOWN;
}

/* ---- one configuration ---- */

static const char *set_or_null(const char *text)
{
    return *text ? text : NULL;
}

static struct node_config_tracing tracing_of(
    const struct settings_tracing *settings, const struct announcement *host)
{
    return (struct node_config_tracing){.logger = settings->logger,
        .directory = settings->directory,
        .prefix = settings->prefix,
        .loki_endpoint = settings->loki_endpoint,
        .filter = set_or_null(settings->filter),
        .traces_endpoint = set_or_null(settings->traces_endpoint),
        .metrics_endpoint = set_or_null(settings->metrics_endpoint),
        .host_identifier = host->identifier,
        .level = settings->level};
}

static struct node_config_endpoint listening(uint16_t port)
{
    return (struct node_config_endpoint){.ip = any_address, .port = port};
}

static struct node_config_peer *peers_of(const struct registry *registry, uint32_t node)
{
    const struct settings_dials *dials = &registry->settings->dials[node];
    struct node_config_peer *peers = memory_new(dials->count, sizeof(*peers));

    for (size_t i = 0; i < dials->count; i++) {
        const struct announcement *host = &registry->hosts[dials->nodes[i]];

        peers[i] = (struct node_config_peer){.at = {.ip = host->ip, .port = host->network_port},
            .public_key = &registry->public_keys[dials->nodes[i]]};
    }
    return peers;
}

bool registry_write(const struct registry *registry, const struct announcement *who,
    enum document_format format, struct text *out, struct reason *why)
{
    const uint32_t node = find_host(registry, who);
    const struct announcement *host = &registry->hosts[node];
    struct node_config_peer *peers = NULL;
    struct nomos_error err = {""};
    enum nomos_status status;

    assert(registry->is_complete);
    assert(node < registry->count);
    peers = peers_of(registry, node);
    const struct node_config config = {.network = &registry->network,
        .is_executor = host->is_executor,
        .seed = registry->settings->ids[node],
        .swarm = listening(host->network_port),
        .da = listening(host->da_port),
        .blend = listening(host->blend_port),
        .http = listening(host->api_port),
        .testing_http = listening(host->testing_port),
        .announced = {.ip = host->ip, .port = host->network_port},
        .peers = peers,
        .peer_count = registry->settings->dials[node].count,
        .tracing = tracing_of(&registry->settings->tracing, host),
        .db_path = "./db",
        .blob_directory = "./"};
    status = node_config_write(&config, format, out, &err);
    free(peers);
    return status == NOMOS_OK ? true : reason_set(why, "%s", err.text);
}

/* The configuration of a node, validator or executor, in full (node contract 5.2, 5.3).
 *
 * A pure function: everything that a configuration depends on is in the structs below, so that
 * whoever makes configurations, beside the node or on a server that hands them out, makes the
 * same ones. Strings are borrowed and must not be NULL unless it says so; times are nanoseconds.
 *
 *     struct node_config_network network = {...};       what all nodes have in common
 *     node_config_times_default(&network.times);
 *     node_config_da_default(&network.da, node_count);
 *     struct node_config config = {.network = &network, ...};
 *     struct text yaml = {0};
 *     status = node_config_write(&config, DOCUMENT_YAML, &yaml, &err);
 *
 * For files beside the node: endpoints as bound, peers without keys, wallet keys in key management.
 * For a server that serves containers (node contract 5.4): listen on 0.0.0.0, announce the
 * address that the host gave, peers with keys (`/p2p/<peer id>`), membership (below) and
 * has_server_keys set, has_wallet_keys not, and min_session_members of 1. */
#ifndef NOMOS_NODE_CONFIG_H
#define NOMOS_NODE_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "nomos/bytes.h"
#include "nomos/document.h"
#include "nomos/error.h"
#include "nomos/field.h"
#include "nomos/tx.h"
#include "nomos/wire.h"

#define NODE_CONFIG_SECOND UINT64_C(1000000000)

/* An address and port that somebody listens on or dials; the address is IPv4 or IPv6. */
struct node_config_endpoint {
    const char *ip;
    uint16_t port;
};

/* Whom a node dials first. */
struct node_config_peer {
    struct node_config_endpoint at;
    const struct bytes32 *public_key; /* Ed25519, for the suffix /p2p/<peer id>; NULL: none */
};

/* Durations that the environment may change (node_config_env.h). */
struct node_config_times {
    uint64_t dispersal_timeout, retry_cooldown;
    uint64_t grace_period;
    uint64_t share_duration, prune_duration, prune_interval;
    uint64_t commitments_wait, sdp_trigger_delay;
};
void node_config_times_default(struct node_config_times *out);

/* Data availability. */
struct node_config_da {
    uint32_t subnetwork_size, dispersal_factor, num_samples, num_subnets;
    uint64_t old_blobs_check_interval, blobs_validity;
    uint32_t min_dispersal_peers; /* of executors; a validator's is 0 */
    uint32_t min_replication_peers;
    uint32_t max_dispersal_failures, max_sampling_failures, max_replication_failures;
    uint32_t malicious_threshold;
    uint64_t failure_time_window, balancer_interval, redial_cooldown, subnet_refresh_interval;
    uint32_t seen_message_cache_size;
    uint64_t seen_message_ttl;
    uint32_t shares_retry_limit, commitments_retry_limit;
    uint32_t min_session_members;
    const char *params_path; /* file of the KZG parameters */
};
/* What follows from the number of nodes, and the customary rest (node contract 5.3); params_path
   is "". The membership's subnetwork size is at least the number of nodes, as there. */
void node_config_da_default(struct node_config_da *out, uint32_t node_count);

/* Which node is in which subnetwork: the peer ids in order, taken in turn, dispersal_factor of them
   for each of subnetwork_size subnetworks (node contract 5.3). */
struct node_config_membership {
    const struct bytes32 *public_keys; /* Ed25519; sorted by node_config_sort_keys */
    uint32_t count;
};
void node_config_sort_keys(struct bytes32 *public_keys, size_t count);

enum node_config_logger {
    NODE_CONFIG_STDOUT,
    NODE_CONFIG_STDERR,
    NODE_CONFIG_FILE,
    NODE_CONFIG_LOKI,
    NODE_CONFIG_SILENT,
};

struct node_config_tracing {
    enum node_config_logger logger;
    const char *directory, *prefix; /* FILE */
    const char *loki_endpoint;      /* LOKI */
    const char *filter;             /* "target=level,target=level"; NULL: none */
    const char *traces_endpoint;    /* OTLP; NULL: none */
    const char *metrics_endpoint;   /* OTLP; NULL: none */
    const char *host_identifier;    /* under which LOKI and OTLP know the node */
    const char *level;              /* "INFO" */
    /* The whole section instead of all of the above, in the document's format; NULL: none. */
    const char *section;
};

struct node_config_key {
    struct fr secret_key, public_key;
};

/* What the nodes of a network have in common. */
struct node_config_network {
    const struct wire *wire;
    uint64_t slot_duration;
    double active_slot_coeff;
    uint64_t security_param;
    int64_t chain_start_unix_ns; /* not before 1970 */
    const struct signed_tx *genesis;
    struct node_config_times times;
    bool has_da; /* sections da_*; an executor needs them */
    struct node_config_da da;
    /* NULL: the nodes find their membership in the genesis transaction. */
    const struct node_config_membership *membership;
    /* Of the wallet's accounts. Every node may lead with their stake. */
    const struct node_config_key *wallet_keys;
    size_t wallet_key_count;
    bool has_wallet_keys; /* whether key management holds them too */
    /* Keys that the node does not know any more but servers still send (node contract 5.4). */
    bool has_server_keys;
    /* Of the HTTP API: a request is given back every so many seconds, up to so many in store. */
    uint32_t rate_limit_interval, rate_limit_burst;
};

struct node_config {
    const struct node_config_network *network;
    bool is_executor;
    struct bytes32 seed; /* the node's identity (keys.h) */
    struct node_config_endpoint swarm, da, blend, http, testing_http; /* as the node binds them */
    struct node_config_endpoint announced; /* of the swarm, as peers reach it */
    bool has_autonat;                      /* finds that out itself; `announced` is not used */
    const struct node_config_peer *peers;
    size_t peer_count;
    struct node_config_tracing tracing;
    const char *db_path, *blob_directory;
};

/* Appends the configuration to `out`. NOMOS_E_DATA when it cannot be right: an executor or a
   membership without data availability, or that in a build without, a time before 1970, a filter that is no list of pairs.
   NOMOS_E_MEMORY when the text does not fit. */
enum nomos_status node_config_write(const struct node_config *config, enum document_format format,
    struct text *out, struct nomos_error *err);

/* Whether this build can write the sections of data availability: false with ASSAY_DA=OFF. */
extern const bool node_config_knows_da;

/* Whether a log filter is what the field wants. */
bool node_config_is_filter(const char *filter);

/* "/ip4/127.0.0.1/udp/3000/quic-v1", with /p2p/... when there is a key. */
#define NODE_CONFIG_ADDRESS_SIZE 160
void node_config_address(const struct node_config_endpoint *at, const struct bytes32 *public_key,
    char out[NODE_CONFIG_ADDRESS_SIZE]);

#endif

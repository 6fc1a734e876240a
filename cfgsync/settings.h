/* settings.h - what cfgsync-server is told about the network: cfgsync.yaml (node contract 5.4).
 *
 * Keys that the contract names and that mean nothing for the configuration are passed over, like
 * unknown ones. Beyond the contract there are
 *
 *     slot_duration: "0.200000000"      for slots that are no whole seconds
 *     dials: [[], [0], [0, 1]]          whom each node dials, by index; without it all dial the first
 *
 * Environment: CONSENSUS_SLOT_TIME, and the durations of nomos/node_config_env.h.
 * Owned by the caller, freed with settings_done. One thread. */
#ifndef CFGSYNC_SETTINGS_H
#define CFGSYNC_SETTINGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "devnode/core/reason.h"
#include "nomos/node_config.h"

/* As many nodes as a run has at most. */
#define SETTINGS_HOSTS_MAX 4096
/* As many accounts as a node knows keys of. */
#define SETTINGS_ACCOUNTS_MAX 200000
#define SETTINGS_TEXT_BYTES   256

struct settings_account {
    struct fr secret_key;
    uint64_t value;
};

/* Whom one node dials, by index. */
struct settings_dials {
    uint32_t *nodes;
    size_t count;
};

struct settings_tracing {
    enum node_config_logger logger;
    char directory[SETTINGS_TEXT_BYTES], prefix[SETTINGS_TEXT_BYTES];
    char loki_endpoint[SETTINGS_TEXT_BYTES];
    char traces_endpoint[SETTINGS_TEXT_BYTES], metrics_endpoint[SETTINGS_TEXT_BYTES];
    char filter[1024]; /* "" is none, as for the endpoints */
    char level[16];
};

struct settings {
    uint16_t port;
    uint32_t host_count;
    uint64_t timeout_ns; /* how long a host waits for the others before it is sent away */
    uint64_t security_param;
    double active_slot_coeff;
    uint64_t slot_duration_ns;
    struct settings_account *accounts;
    size_t account_count;
    struct bytes32 *ids;          /* seeds of the nodes; drawn when the file has none */
    size_t id_count;              /* host_count */
    struct settings_dials *dials; /* host_count of them */
    struct node_config_da da;
    char params_path[SETTINGS_TEXT_BYTES];
    struct node_config_times times;
    struct settings_tracing tracing;
};

/* Reads the file and the environment. False with a reason that names file, key and what was
 * expected. */
bool settings_read(struct settings *out, const char *path, struct reason *why);

/* The same from memory; `name` is for messages. */
bool settings_parse(
    struct settings *out, const char *name, const void *bytes, size_t size, struct reason *why);

void settings_done(struct settings *settings);

#endif

/* config.h - what the node reads from its configuration file.
 *
 * The file is the configuration of a real node (node contract 5.2). The development node reads the
 * keys that it needs and passes over the rest, so one generator serves both. Everything is owned by
 * the struct and freed with config_done(). One thread. */
#ifndef DEVNODE_SHELL_CONFIG_H
#define DEVNODE_SHELL_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "devnode/core/reason.h"

struct json_object;
struct yaml_tree;

/* Longest host name or address, with its terminator. */
#define CONFIG_HOST_BYTES 64
/* A wallet of 100,000 accounts known to one node. */
#define CONFIG_KNOWN_KEYS_MAX 200000
/* More than any topology dials from one node. */
#define CONFIG_PEERS_MAX 4096

struct config_address {
    char host[CONFIG_HOST_BYTES]; /* empty: not configured */
    uint16_t port;
};

/* What clients of one HTTP server can ask of it (node contract 2.1). */
struct config_limits {
    uint64_t timeout_ns; /* answering one request takes no longer, else 408 */
    uint64_t body_bytes_max;
    uint64_t concurrent_max;   /* requests that are being answered; others wait for their turn */
    uint64_t rate_interval_ns; /* each address may ask once more after each... */
    uint64_t rate_burst;       /* ...and so often at once; zero: as often as it likes */
};

enum config_log_backend {
    CONFIG_LOG_STDOUT = 0,
    CONFIG_LOG_STDERR,
    CONFIG_LOG_FILE,
    CONFIG_LOG_NONE,
};

enum config_log_level {
    CONFIG_LEVEL_ERROR = 0,
    CONFIG_LEVEL_WARN,
    CONFIG_LEVEL_INFO,
    CONFIG_LEVEL_DEBUG,
};

struct config {
    struct config_address http;
    struct config_address testing_http;
    struct config_address gossip; /* network.backend.swarm, listened on over TCP */
    struct config_limits http_limits;
    struct config_limits testing_limits;

    uint8_t node_key[32]; /* Ed25519 seed of the node's identity */
    struct config_address *peers;
    size_t peer_count;

    uint64_t chain_start_ns; /* since 1970, UTC */
    uint64_t slot_duration_ns;
    uint64_t bootstrap_ns; /* prolonged bootstrap period */
    uint32_t security_param;
    double active_slot_coeff;
    uint64_t stake_stabilization; /* the three parts of an epoch, in base periods */
    uint64_t nonce_buffer;
    uint64_t nonce_stabilization;

    uint8_t leader_pk[32];
    uint8_t leader_sk[32];
    uint8_t (*known_keys)[32];
    size_t known_key_count;
    struct json_object *genesis_tx; /* SignedMantleTx in its JSON form */

    char *db_path;
    enum config_log_backend log_backend;
    enum config_log_level log_level;
    char *log_directory; /* file backend */
    char *log_prefix;
};

/* Reads the keys out of a parsed file. False with a reason that names the first key that is missing
 * or wrong. */
bool config_read(struct config *out, const struct yaml_tree *file, struct reason *why);

void config_done(struct config *config);

/* Calls `report` with the dotted path and line of every key that a node of this revision does
 * not know. */
typedef void (*config_reporter)(void *self, const char *path, unsigned line);
void config_unknown_keys(const struct yaml_tree *file, config_reporter report, void *self);

/* The parts below are shared with the command line. */

/* "10.0.0.1:8080" or "[::1]:8080". */
bool config_parse_address(struct config_address *out, const char *text, struct reason *why);

/* "/ip4/A/udp/P/quic-v1", also "/ip4/A/tcp/P", with or without "/p2p/ID". */
bool config_parse_multiaddr(struct config_address *out, const char *text, struct reason *why);

/* 32 bytes as 64 hex digits, with or without 0x. */
bool config_parse_key(uint8_t out[32], const char *text, struct reason *why);

/* ERROR, WARN, INFO or DEBUG, in capitals as the real node wants them. */
bool config_parse_level(enum config_log_level *out, const char *text, struct reason *why);

#endif

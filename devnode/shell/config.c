#include "devnode/shell/config.h"

#include <errno.h>
#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "devnode/core/memory.h"
#include "devnode/shell/config_values.h"
#include "devnode/shell/yaml_tree.h"

static bool key_at(
    uint8_t out[32], const struct yaml_tree *file, const char *path, struct reason *why)
{
    const char *text = config_text_at(file, path, why);

    if (!text)
        return false;
    return config_parse_key(out, text, why) || reason_wrap(why, "`%s`", path);
}

bool config_parse_key(uint8_t out[32], const char *text, struct reason *why)
{
    const char *digits = text;

    if (digits[0] == '0' && digits[1] == 'x')
        digits += 2;
    if (strlen(digits) != 64 || strspn(digits, "0123456789abcdefABCDEF") != 64)
        return reason_set(why, "`%.70s` is no key, expected 64 hex digits", text);
    for (size_t i = 0; i < 32; i++) {
        char pair[3] = {digits[2 * i], digits[2 * i + 1], '\0'};

        out[i] = (uint8_t)strtoul(pair, NULL, 16);
    }
    return true;
}

bool config_parse_level(enum config_log_level *out, const char *text, struct reason *why)
{
    static const char *const names[] = {
        [CONFIG_LEVEL_ERROR] = "ERROR",
        [CONFIG_LEVEL_WARN] = "WARN",
        [CONFIG_LEVEL_INFO] = "INFO",
        [CONFIG_LEVEL_DEBUG] = "DEBUG",
    };

    for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
        if (strcmp(text, names[i]) == 0) {
            *out = (enum config_log_level)i;
            return true;
        }
    }
    return reason_set(
        why, "`%.32s` is no log level, expected DEBUG, INFO, WARN or ERROR in capitals", text);
}

static bool parse_host(char out[CONFIG_HOST_BYTES], const char *host, size_t length)
{
    if (!length || length >= CONFIG_HOST_BYTES)
        return false;
    memcpy(out, host, length);
    out[length] = '\0';
    return true;
}

bool config_parse_address(struct config_address *out, const char *text, struct reason *why)
{
    const char *host = text;
    const char *colon = strrchr(text, ':');
    struct config_address address = {.port = 0};
    uint64_t port;

    if (!colon || !config_parse_number(&port, colon + 1, UINT16_MAX))
        return reason_set(why, "`%.80s` is no address, expected HOST:PORT", text);
    size_t length = (size_t)(colon - host);
    if (length >= 2 && host[0] == '[' && host[length - 1] == ']') {
        host++;
        length -= 2;
    }
    if (!parse_host(address.host, host, length))
        return reason_set(why, "`%.80s` is no address, expected HOST:PORT", text);
    address.port = (uint16_t)port;
    *out = address;
    return true;
}

bool config_parse_multiaddr(struct config_address *out, const char *text, struct reason *why)
{
    static const char expected[] = "/ip4/ADDRESS/udp/PORT/quic-v1";
    static const char *const hosts[] = {"/ip4/", "/dns4/", "/dns/", "/ip6/"};
    static const char *const transports[] = {"/udp/", "/tcp/"};
    struct config_address address = {.port = 0};
    const char *at = NULL;
    uint64_t port;

    for (size_t i = 0; i < 4 && !at; i++) {
        if (strncmp(text, hosts[i], strlen(hosts[i])) == 0)
            at = text + strlen(hosts[i]);
    }
    if (!at || !parse_host(address.host, at, strcspn(at, "/")))
        return reason_set(why, "`%.120s` is no peer address, expected %s", text, expected);
    at += strcspn(at, "/");
    if (strncmp(at, transports[0], 5) != 0 && strncmp(at, transports[1], 5) != 0)
        return reason_set(why, "`%.120s` has no udp port, expected %s", text, expected);
    at += 5;
    char digits[8] = "";
    size_t length = strcspn(at, "/");
    if (length >= sizeof(digits))
        return reason_set(why, "`%.120s` has no valid port, expected %s", text, expected);
    memcpy(digits, at, length);
    if (!config_parse_number(&port, digits, UINT16_MAX) || !port)
        return reason_set(why, "`%.120s` has no valid port, expected %s", text, expected);
    address.port = (uint16_t)port;
    *out = address;
    return true;
}

/* Reads exactly `count` digits, and then one of the characters in `ends`, both consumed; "" stands
   for no character. Once something was missing, *at is NULL and stays so. */
static int take_digits(const char **at, size_t count, const char *ends)
{
    int number = 0;

    if (!*at || strspn(*at, "0123456789") < count) {
        *at = NULL;
        return 0;
    }
    for (size_t i = 0; i < count; i++)
        number = number * 10 + (*(*at)++ - '0');
    if (*ends && (!**at || !strchr(ends, **at)))
        *at = NULL;
    else if (*ends)
        (*at)++;
    return number;
}

/* "+01:30", "+01:30:00", "Z", or nothing. */
static bool zone_offset(const char *text, int64_t *out_seconds)
{
    const char *at = text + 1;
    int64_t seconds;

    *out_seconds = 0;
    if (*text != '+' && *text != '-')
        return !*text || strcmp(text, "Z") == 0 || strcmp(text, "UTC") == 0;
    seconds = take_digits(&at, 2, ":") * (int64_t)3600;
    seconds += take_digits(&at, 2, "") * (int64_t)60;
    if (at && *at == ':') {
        at++;
        seconds += take_digits(&at, 2, "");
    }
    *out_seconds = *text == '-' ? -seconds : seconds;
    return at && !*at;
}

static bool is_calendar(const struct tm *tm)
{
    return tm->tm_year >= 70 && tm->tm_mon >= 0 && tm->tm_mon < 12 && tm->tm_mday >= 1 &&
        tm->tm_mday <= 31 && tm->tm_hour < 24 && tm->tm_min < 60 && tm->tm_sec <= 60;
}

/* "2025-12-16 10:00:00.123456789 +00:00:00"; fraction and offset are optional. */
static bool calendar_text(uint64_t *out_ns, const char *text)
{
    const char *at = text;
    struct tm tm = {.tm_isdst = 0};
    uint64_t nanos = 0;
    int64_t offset;

    tm.tm_year = take_digits(&at, 4, "-") - 1900;
    tm.tm_mon = take_digits(&at, 2, "-") - 1;
    tm.tm_mday = take_digits(&at, 2, " T");
    tm.tm_hour = take_digits(&at, 2, ":");
    tm.tm_min = take_digits(&at, 2, ":");
    tm.tm_sec = take_digits(&at, 2, "");
    if (!at || !is_calendar(&tm))
        return false;
    if (*at == '.') {
        char fraction[10] = "000000000";
        size_t length = strspn(at + 1, "0123456789");

        memcpy(fraction, at + 1, length < 9 ? length : 9);
        if (!length || !config_parse_number(&nanos, fraction, NS_PER_S - 1))
            return false;
        at += 1 + length;
    }
    if (!zone_offset(at + strspn(at, " "), &offset))
        return false;
    int64_t seconds = (int64_t)timegm(&tm) - offset;
    if (seconds < 0)
        return false;
    *out_ns = (uint64_t)seconds * NS_PER_S + nanos;
    return true;
}

/* [year, day of the year, hour, minute, second, nanos, offset h, m, s]. */
static bool calendar_list(uint64_t *out_ns, const struct yaml_tree *list)
{
    int64_t part[9];
    struct tm tm = {.tm_isdst = 0};

    if (list->count != 9)
        return false;
    for (size_t i = 0; i < 9; i++) {
        const char *text = list->values[i]->text;
        uint64_t number;
        bool negative = text && text[0] == '-';

        if (!text || !config_parse_number(&number, text + negative, NS_PER_S))
            return false;
        part[i] = negative ? -(int64_t)number : (int64_t)number;
    }
    if (part[0] < 1970 || part[0] > 9999 || part[1] < 1 || part[1] > 366)
        return false;
    tm.tm_year = (int)part[0] - 1900;
    tm.tm_mday = (int)part[1]; /* of January: timegm() carries it into the right month */
    tm.tm_hour = (int)part[2];
    tm.tm_min = (int)part[3];
    tm.tm_sec = (int)part[4];
    int64_t seconds = (int64_t)timegm(&tm) - (part[6] * 3600 + part[7] * 60 + part[8]);
    if (seconds < 0 || part[5] < 0 || part[5] >= NS_PER_S)
        return false;
    *out_ns = (uint64_t)seconds * NS_PER_S + (uint64_t)part[5];
    return true;
}

static bool read_chain_start(struct config *out, const struct yaml_tree *file, struct reason *why)
{
    const struct yaml_tree *value = yaml_tree_find(file, "time.chain_start_time");
    bool is_read = false;

    if (!value)
        return reason_set(why, "missing key `time.chain_start_time`");
    if (value->kind == YAML_SCALAR)
        is_read = calendar_text(&out->chain_start_ns, value->text);
    else if (value->kind == YAML_SEQUENCE)
        is_read = calendar_list(&out->chain_start_ns, value);
    if (!is_read)
        return reason_set(why,
            "line %u: `time.chain_start_time` is no point in time, expected "
            "\"2025-12-16 10:00:00.000000000 +00:00:00\"",
            value->line);
    return true;
}

/* An optional number below `parent`. */
static bool limit_at(uint64_t *out, const struct yaml_tree *parent, const char *key, uint64_t max,
    struct reason *why)
{
    return !yaml_tree_find(parent, key) || config_number_at(out, parent, key, max, why);
}

/* The settings of one HTTP server but for its address. Without both of its keys there is no limit
   of the rate: the real node's defaults would end a test after 20 requests. */
static bool read_limits(
    struct config_limits *out, const struct yaml_tree *settings, struct reason *why)
{
    uint64_t interval_s = 0;
    uint64_t burst = 0;

    *out = (struct config_limits){
        .timeout_ns = 30 * (uint64_t)NS_PER_S, .body_bytes_max = 10u << 20, .concurrent_max = 500};
    if (yaml_tree_find(settings, "timeout") &&
        !config_duration_at(&out->timeout_ns, settings, "timeout", why))
        return false;
    if (!limit_at(&out->body_bytes_max, settings, "max_body_size", UINT32_MAX, why) ||
        !limit_at(&out->concurrent_max, settings, "max_concurrent_requests", UINT32_MAX, why) ||
        !limit_at(&interval_s, settings, "rate_limit_per_second", UINT32_MAX, why) ||
        !limit_at(&burst, settings, "rate_limit_burst", UINT32_MAX, why))
        return false;
    if (!out->concurrent_max)
        return reason_set(why, "`max_concurrent_requests` must be at least 1");
    if (interval_s && burst) {
        out->rate_interval_ns = interval_s * NS_PER_S;
        out->rate_burst = burst;
    }
    return true;
}

static bool read_http(struct config *out, const struct yaml_tree *file, struct reason *why)
{
    const char *address = config_text_at(file, "http.backend_settings.address", why);
    const struct yaml_tree *testing = yaml_tree_find(file, "testing_http.backend_settings.address");

    if (!address || !config_parse_address(&out->http, address, why))
        return address ? reason_wrap(why, "`http.backend_settings.address`") : false;
    if (!read_limits(&out->http_limits, yaml_tree_find(file, "http.backend_settings"), why))
        return reason_wrap(why, "`http.backend_settings`");
    if (!testing)
        return true;
    if (testing->kind != YAML_SCALAR ||
        !config_parse_address(&out->testing_http, testing->text, why))
        return reason_wrap(why, "`testing_http.backend_settings.address`");
    return read_limits(
               &out->testing_limits, yaml_tree_find(file, "testing_http.backend_settings"), why) ||
        reason_wrap(why, "`testing_http.backend_settings`");
}

static bool read_network(struct config *out, const struct yaml_tree *file, struct reason *why)
{
    static const char peers_path[] = "network.backend.initial_peers";
    const char *host = config_text_at(file, "network.backend.swarm.host", why);
    const struct yaml_tree *peers = yaml_tree_find(file, peers_path);
    uint64_t port;

    if (!host || !config_number_at(&port, file, "network.backend.swarm.port", UINT16_MAX, why) ||
        !key_at(out->node_key, file, "network.backend.swarm.node_key", why))
        return false;
    if (!parse_host(out->gossip.host, host, strlen(host)))
        return reason_set(why, "`network.backend.swarm.host` is `%.80s`, no address", host);
    out->gossip.port = (uint16_t)port;
    if (!peers)
        return true;
    if (peers->kind != YAML_SEQUENCE || peers->count > CONFIG_PEERS_MAX)
        return reason_set(why, "line %u: `%s` must be a list of at most %d addresses", peers->line,
            peers_path, CONFIG_PEERS_MAX);
    out->peers = memory_new(peers->count, sizeof(*out->peers));
    for (size_t i = 0; i < peers->count; i++) {
        const struct yaml_tree *peer = peers->values[i];

        if (peer->kind != YAML_SCALAR || !config_parse_multiaddr(&out->peers[i], peer->text, why))
            return reason_wrap(why, "line %u: `%s`", peer->line, peers_path);
        out->peer_count++;
    }
    return true;
}

static bool read_consensus(struct config *out, const struct yaml_tree *file, struct reason *why)
{
    static const char coeff_path[] = "deployment.cryptarchia.consensus_config.active_slot_coeff";
    const char *coeff;
    uint64_t k;
    char *end;

    if (!config_duration_at(&out->slot_duration_ns, file, "deployment.time.slot_duration", why) ||
        !config_number_at(
            &k, file, "deployment.cryptarchia.consensus_config.security_param", UINT32_MAX, why))
        return false;
    if (!out->slot_duration_ns)
        return reason_set(why, "`deployment.time.slot_duration` must be longer than zero");
    if (!k)
        return reason_set(why, "`security_param` must be at least 1");
    out->security_param = (uint32_t)k;
    coeff = config_text_at(file, coeff_path, why);
    if (!coeff)
        return false;
    out->active_slot_coeff = strtod(coeff, &end);
    if (end == coeff || *end || !(out->active_slot_coeff > 0) || !(out->active_slot_coeff < 1))
        return reason_set(
            why, "`%s` is `%.40s`, expected a number between 0 and 1", coeff_path, coeff);
    static const char *const parts[] = {
        "deployment.cryptarchia.epoch_config.epoch_stake_distribution_stabilization",
        "deployment.cryptarchia.epoch_config.epoch_period_nonce_buffer",
        "deployment.cryptarchia.epoch_config.epoch_period_nonce_stabilization",
    };
    /* A part is stored in one byte by the real node. */
    if (!config_number_at(&out->stake_stabilization, file, parts[0], 255, why) ||
        !config_number_at(&out->nonce_buffer, file, parts[1], 255, why) ||
        !config_number_at(&out->nonce_stabilization, file, parts[2], 255, why))
        return false;
    if (!out->stake_stabilization || !out->nonce_buffer || !out->nonce_stabilization)
        return reason_set(why, "every part of `epoch_config` must be at least 1");
    return config_duration_at(&out->bootstrap_ns, file,
               "cryptarchia.service.bootstrap.prolonged_bootstrap_period", why) &&
        read_chain_start(out, file, why);
}

static bool read_keys(struct config *out, const struct yaml_tree *file, struct reason *why)
{
    const struct yaml_tree *known = yaml_tree_find(file, "wallet.known_keys");

    if (!key_at(out->leader_pk, file, "cryptarchia.leader.pk", why) ||
        !key_at(out->leader_sk, file, "cryptarchia.leader.sk", why))
        return false;
    if (!known)
        return true;
    if (known->kind != YAML_SEQUENCE || known->count > CONFIG_KNOWN_KEYS_MAX)
        return reason_set(why, "line %u: `wallet.known_keys` must be a list of at most %d keys",
            known->line, CONFIG_KNOWN_KEYS_MAX);
    out->known_keys = memory_new(known->count, sizeof(*out->known_keys));
    for (size_t i = 0; i < known->count; i++) {
        const struct yaml_tree *key = known->values[i];

        if (key->kind != YAML_SCALAR || !config_parse_key(out->known_keys[i], key->text, why))
            return reason_wrap(why, "line %u: `wallet.known_keys`", key->line);
        out->known_key_count++;
    }
    return true;
}

static bool read_genesis(struct config *out, const struct yaml_tree *file, struct reason *why)
{
    const struct yaml_tree *state = yaml_tree_find(file, "cryptarchia.service.starting_state");
    const char *variant = yaml_tree_variant(state);
    const struct yaml_tree *tx = yaml_tree_find(state, "genesis_tx");

    if (!state)
        return reason_set(why, "missing key `cryptarchia.service.starting_state`");
    if (!variant || strcmp(variant, "Genesis") != 0 || !tx)
        return reason_set(why,
            "line %u: `cryptarchia.service.starting_state` must be !Genesis {genesis_tx: ...}",
            state->line);
    out->genesis_tx = yaml_tree_to_json(tx);
    return true;
}

static bool read_logger(struct config *out, const struct yaml_tree *file, struct reason *why)
{
    const struct yaml_tree *logger = yaml_tree_find(file, "tracing.logger");
    const struct yaml_tree *level = yaml_tree_find(file, "tracing.level");
    const char *variant = yaml_tree_variant(logger);

    out->log_level = CONFIG_LEVEL_INFO;
    if (level &&
        (level->kind != YAML_SCALAR || !config_parse_level(&out->log_level, level->text, why)))
        return reason_wrap(why, "`tracing.level`");
    if (!logger || (variant && strcmp(variant, "Stdout") == 0)) {
        out->log_backend = CONFIG_LOG_STDOUT;
    } else if (variant && strcmp(variant, "Stderr") == 0) {
        out->log_backend = CONFIG_LOG_STDERR;
    } else if (variant &&
        (strcmp(variant, "None") == 0 || strcmp(variant, "Gelf") == 0 ||
            strcmp(variant, "Loki") == 0)) {
        out->log_backend = CONFIG_LOG_NONE;
    } else if (variant && strcmp(variant, "File") == 0) {
        const char *directory = config_text_at(logger, "directory", why);
        const struct yaml_tree *prefix = yaml_tree_find(logger, "prefix");

        if (!directory)
            return reason_wrap(why, "`tracing.logger`");
        out->log_backend = CONFIG_LOG_FILE;
        out->log_directory = memory_text(directory);
        out->log_prefix =
            memory_text(prefix && prefix->kind == YAML_SCALAR ? prefix->text : "nomos-devnode");
    } else {
        return reason_set(why,
            "line %u: `tracing.logger` must be Stdout, Stderr, None or !File {directory, prefix}",
            logger->line);
    }
    return true;
}

bool config_read(struct config *out, const struct yaml_tree *file, struct reason *why)
{
    struct config made = {.log_backend = CONFIG_LOG_STDOUT};
    const struct yaml_tree *db_path = yaml_tree_find(file, "storage.db_path");

    if (file->kind != YAML_MAPPING)
        return reason_set(why, "the configuration must be a mapping of keys to values");
    made.db_path = memory_text(db_path && db_path->kind == YAML_SCALAR ? db_path->text : "./db");
    if (!read_http(&made, file, why) || !read_network(&made, file, why) ||
        !read_consensus(&made, file, why) || !read_keys(&made, file, why) ||
        !read_genesis(&made, file, why) || !read_logger(&made, file, why)) {
        config_done(&made);
        return false;
    }
    *out = made;
    return true;
}

void config_done(struct config *config)
{
    free(config->peers);
    free(config->known_keys);
    json_object_put(config->genesis_tx);
    free(config->db_path);
    free(config->log_directory);
    free(config->log_prefix);
    *config = (struct config){.log_backend = CONFIG_LOG_STDOUT};
}

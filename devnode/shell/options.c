#include "devnode/shell/options.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "devnode/core/memory.h"
#include "nomos/zksign.h"

#define NS_PER_S 1000000000u

enum flag {
    FLAG_LOG_ADDR = 256,
    FLAG_LOG_DIR,
    FLAG_LOG_PATH,
    FLAG_LOG_BACKEND,
    FLAG_LOG_LEVEL,
    FLAG_NET_HOST,
    FLAG_NET_PORT,
    FLAG_NET_NODE_KEY,
    FLAG_NET_INITIAL_PEERS,
    FLAG_BLEND_ADDR,
    FLAG_BLEND_GROUP,
    FLAG_DA_GROUP,
    FLAG_HTTP_HOST,
    FLAG_HTTP_CORS,
    FLAG_UTXO_SK,
    FLAG_CHAIN_START,
    FLAG_CHECK_CONFIG,
    FLAG_ROLE,
    FLAG_MISBEHAVE,
    FLAG_PROOFS,
    FLAG_REVISION,
    FLAG_SEED,
    FLAG_NO_DISCOVERY,
    FLAG_VERSION,
};

static const struct option flags[] = {
    {"check-config", no_argument, NULL, FLAG_CHECK_CONFIG},
    {"log-addr", required_argument, NULL, FLAG_LOG_ADDR},
    {"log-dir", required_argument, NULL, FLAG_LOG_DIR},
    {"log-path", required_argument, NULL, FLAG_LOG_PATH},
    {"log-backend", required_argument, NULL, FLAG_LOG_BACKEND},
    {"log-level", required_argument, NULL, FLAG_LOG_LEVEL},
    {"net-host", required_argument, NULL, FLAG_NET_HOST},
    {"net-port", required_argument, NULL, FLAG_NET_PORT},
    {"net-node-key", required_argument, NULL, FLAG_NET_NODE_KEY},
    {"net-initial-peers", required_argument, NULL, FLAG_NET_INITIAL_PEERS},
    {"blend-addr", required_argument, NULL, FLAG_BLEND_ADDR},
    {"blend-service-group", no_argument, NULL, FLAG_BLEND_GROUP},
    {"da-service-group", no_argument, NULL, FLAG_DA_GROUP},
    {"http-host", required_argument, NULL, FLAG_HTTP_HOST},
    {"http-cors-origin", required_argument, NULL, FLAG_HTTP_CORS},
    {"consensus-utxo-sk", required_argument, NULL, FLAG_UTXO_SK},
    {"consensus-chain-start", required_argument, NULL, FLAG_CHAIN_START},
    {"role", required_argument, NULL, FLAG_ROLE},
    {"misbehave", required_argument, NULL, FLAG_MISBEHAVE},
    {"proofs", required_argument, NULL, FLAG_PROOFS},
    {"revision", required_argument, NULL, FLAG_REVISION},
    {"seed", required_argument, NULL, FLAG_SEED},
    {"no-discovery", no_argument, NULL, FLAG_NO_DISCOVERY},
    {"version", no_argument, NULL, FLAG_VERSION},
    {"help", no_argument, NULL, 'h'},
    {NULL, 0, NULL, 0},
};

static const char help_text[] =
    "nomos-devnode - a small blockchain node for tests, which speaks the Nomos node's interface\n"
    "\n"
    "usage: nomos-devnode CONFIG.yaml [flags]\n"
    "\n"
    "CONFIG.yaml is the configuration of a Nomos node. What the development node does not need is\n"
    "passed over. Started as nomos-executor it is an executor, else a validator.\n"
    "\n"
    "flags (in parentheses: the environment variable that stands in for it)\n"
    "  --check-config               read the configuration, report unknown keys, exit\n"
    "  --role validator|executor    which routes to serve\n"
    "  --log-backend NAME           file, stdout, stderr or gelf, which is none here "
    "(LOG_BACKEND)\n"
    "  --log-dir DIRECTORY          of log files (LOG_DIR)\n"
    "  --log-path PREFIX            of log files (LOG_PATH)\n"
    "  --log-level LEVEL            DEBUG, INFO, WARN or ERROR (LOG_LEVEL)\n"
    "  --net-host IP                to listen on for peers (NET_HOST)\n"
    "  --net-port PORT              the same; TCP (NET_PORT)\n"
    "  --net-node-key HEX           Ed25519 seed of the node's identity (NET_NODE_KEY)\n"
    "  --net-initial-peers LIST     multiaddresses, separated by commas (NET_INITIAL_PEERS)\n"
    "  --http-host IP:PORT          of the API (HTTP_HOST)\n"
    "  --consensus-utxo-sk HEX      leader key, 16 bytes (CONSENSUS_UTXO_SK)\n"
    "  --consensus-chain-start S    start of slot 0, seconds since 1970 (CONSENSUS_CHAIN_START)\n"
    "  --misbehave NAME[=ARG]       do wrong on purpose, see below; may be repeated\n"
    "                               (NOMOS_DEVNODE_MISBEHAVE, separated by commas)\n"
    "  --no-discovery               dial no peers but the initial ones\n"
    "  --proofs NAME                development: proofs as assay makes them (the default);\n"
    "                               groth16: real ones, of which only the form is checked\n"
    "                               (NOMOS_DEVNODE_PROOFS)\n"
    "  --revision NAME              2025-12 (the default), or 2026-01: one kind of node, no data\n"
    "                               availability (NOMOS_DEVNODE_REVISION)\n"
    "  --seed NUMBER                decides what is left to chance; drawn if not given\n"
    "  --version, -h, --help\n"
    "Accepted without effect: --log-addr, --blend-addr, --blend-service-group, "
    "--da-service-group,\n"
    "--http-cors-origin.\n"
    "\n"
    "misbehaviour (also by POST /test/misbehave on the testing port)\n";

void options_help(void)
{
    fputs(help_text, stdout);
    for (size_t i = 0; i < MISBEHAVE_COUNT; i++) {
        const struct misbehaviour_kind *kind = &misbehaviour_kinds[i];
        char name[64];

        (void)snprintf(name, sizeof(name), kind->argument_is_required ? "%s=%s" : "%s%s%s%s",
            kind->name,
            kind->argument_is_required ? kind->argument
                : kind->argument       ? "[="
                                       : "",
            kind->argument ? kind->argument : "", kind->argument ? "]" : "");
        printf("  %-27s  %s\n", name, kind->help);
    }
    fputs("  none                         behave\n"
          "\n"
          "exit status: 0 stopped by SIGINT, or the configuration is valid; 1 cannot start or go "
          "on;\n"
          "2 wrong command line\n",
        stdout);
}

static bool read_number(uint64_t *out, const char *text, uint64_t max)
{
    size_t digits = strspn(text, "0123456789");

    errno = 0;
    *out = strtoull(text, NULL, 10);
    return digits && !text[digits] && !errno && *out <= max;
}

static bool set_role(struct options *options, const char *text, struct reason *why)
{
    if (strcmp(text, "validator") == 0)
        options->role = ROLE_VALIDATOR;
    else if (strcmp(text, "executor") == 0)
        options->role = ROLE_EXECUTOR;
    else
        return reason_set(why, "--role %.40s: expected validator or executor", text);
    return true;
}

static bool set_proofs(struct options *options, const char *text, struct reason *why)
{
    if (strcmp(text, "development") == 0)
        options->scheme = &zk_scheme_dev;
    else if (strcmp(text, "groth16") == 0)
        options->scheme = &zk_scheme_groth16_form;
    else
        return reason_set(why,
            "--proofs (or NOMOS_DEVNODE_PROOFS) %.40s: expected development or "
            "groth16",
            text);
    return true;
}

static bool set_revision(struct options *options, const char *text, struct reason *why)
{
    options->revision = revision_find(text);
    return options->revision ||
        reason_set(
            why, "--revision (or NOMOS_DEVNODE_REVISION) %.40s: expected 2025-12 or 2026-01", text);
}

static void read_environment(struct options *options)
{
    options->log_dir = getenv("LOG_DIR");
    options->log_path = getenv("LOG_PATH");
    options->log_backend = getenv("LOG_BACKEND");
    options->log_level = getenv("LOG_LEVEL");
    options->net_host = getenv("NET_HOST");
    options->net_port = getenv("NET_PORT");
    options->net_node_key = getenv("NET_NODE_KEY");
    options->net_initial_peers = getenv("NET_INITIAL_PEERS");
    options->http_host = getenv("HTTP_HOST");
    options->consensus_utxo_sk = getenv("CONSENSUS_UTXO_SK");
    options->consensus_chain_start = getenv("CONSENSUS_CHAIN_START");
}

static bool take_flag(struct options *options, int flag, const char *argument, struct reason *why)
{
    switch ((enum flag)flag) {
    case FLAG_LOG_DIR:
        options->log_dir = argument;
        return true;
    case FLAG_LOG_PATH:
        options->log_path = argument;
        return true;
    case FLAG_LOG_BACKEND:
        options->log_backend = argument;
        return true;
    case FLAG_LOG_LEVEL:
        options->log_level = argument;
        return true;
    case FLAG_NET_HOST:
        options->net_host = argument;
        return true;
    case FLAG_NET_PORT:
        options->net_port = argument;
        return true;
    case FLAG_NET_NODE_KEY:
        options->net_node_key = argument;
        return true;
    case FLAG_NET_INITIAL_PEERS:
        options->net_initial_peers = argument;
        return true;
    case FLAG_HTTP_HOST:
        options->http_host = argument;
        return true;
    case FLAG_UTXO_SK:
        options->consensus_utxo_sk = argument;
        return true;
    case FLAG_CHAIN_START:
        options->consensus_chain_start = argument;
        return true;
    case FLAG_CHECK_CONFIG:
        options->check_config = true;
        return true;
    case FLAG_ROLE:
        return set_role(options, argument, why);
    case FLAG_MISBEHAVE:
        return misbehave_parse(&options->misbehaviours, argument, why);
    case FLAG_PROOFS:
        return set_proofs(options, argument, why);
    case FLAG_REVISION:
        return set_revision(options, argument, why);
    case FLAG_SEED:
        if (!read_number(&options->seed, argument, UINT64_MAX))
            return reason_set(why, "--seed %.40s: expected a whole number", argument);
        return true;
    case FLAG_NO_DISCOVERY:
        options->is_exact = true;
        return true;
    case FLAG_LOG_ADDR:
    case FLAG_BLEND_ADDR:
    case FLAG_BLEND_GROUP:
    case FLAG_DA_GROUP:
    case FLAG_HTTP_CORS:
    case FLAG_VERSION:
        return true;
    }
    return true;
}

/* Checked here, so that a wrong one is a usage error whatever the configuration says. */
static bool is_usable(const struct options *options, struct reason *why)
{
    enum config_log_level level;
    static const char *const backends[] = {"gelf", "file", "stdout", "stderr"};
    bool is_known = !options->log_backend;

    if (options->role == ROLE_EXECUTOR && !options->revision->has_roles)
        return reason_set(
            why, "the revision %s has one kind of node, no executors", options->revision->name);
    if (options->log_level && !config_parse_level(&level, options->log_level, why))
        return reason_wrap(why, "--log-level (or LOG_LEVEL)");
    for (size_t i = 0; i < 4 && !is_known; i++)
        is_known = strcmp(options->log_backend, backends[i]) == 0;
    if (!is_known)
        return reason_set(why,
            "--log-backend (or LOG_BACKEND) %.40s: expected file, stdout, stderr or gelf",
            options->log_backend);
    return true;
}

enum options_result options_parse(
    struct options *out, int argc, char *const argv[], struct reason *why)
{
    struct options options = {
        .role = ROLE_VALIDATOR, .scheme = &zk_scheme_dev, .revision = &revision_2025_12};
    const char *slash = strrchr(argv[0], '/');
    const char *misbehave = getenv("NOMOS_DEVNODE_MISBEHAVE");
    const char *proofs = getenv("NOMOS_DEVNODE_PROOFS");
    const char *revision = getenv("NOMOS_DEVNODE_REVISION");
    int flag;

    if (strcmp(slash ? slash + 1 : argv[0], "nomos-executor") == 0)
        options.role = ROLE_EXECUTOR;
    read_environment(&options);
    if (misbehave && !misbehave_parse(&options.misbehaviours, misbehave, why)) {
        reason_prefix(why, "NOMOS_DEVNODE_MISBEHAVE");
        return OPTIONS_ERROR;
    }
    if ((proofs && !set_proofs(&options, proofs, why)) ||
        (revision && !set_revision(&options, revision, why)))
        return OPTIONS_ERROR;
    optind = 0; /* glibc: start anew, also when called more than once */
    while ((flag = getopt_long(argc, argv, ":h", flags, NULL)) != -1) {
        if (flag == 'h')
            return OPTIONS_HELP;
        if (flag == FLAG_VERSION)
            return OPTIONS_VERSION;
        if (flag == ':' || flag == '?') {
            reason_format(
                why, flag == ':' ? "%s needs a value" : "unknown flag %s", argv[optind - 1]);
            return OPTIONS_ERROR;
        }
        if (!take_flag(&options, flag, optarg, why))
            return OPTIONS_ERROR;
    }
    if (optind + 1 != argc) {
        reason_format(why,
            optind == argc ? "the path of the configuration is missing"
                           : "more than one configuration is given");
        return OPTIONS_ERROR;
    }
    options.config_path = argv[optind];
    if (!is_usable(&options, why))
        return OPTIONS_ERROR;
    *out = options;
    return OPTIONS_RUN;
}

static void replace_text(char **slot, const char *text)
{
    free(*slot);
    *slot = memory_text(text);
}

static bool apply_log(const struct options *options, struct config *config, struct reason *why)
{
    if (options->log_dir)
        replace_text(&config->log_directory, options->log_dir);
    if (options->log_path)
        replace_text(&config->log_prefix, options->log_path);
    if (options->log_level && !config_parse_level(&config->log_level, options->log_level, why))
        return false;
    if (!options->log_backend)
        return true;
    if (strcmp(options->log_backend, "file") == 0) {
        if (!config->log_directory)
            return reason_set(why, "log backend `file` needs a directory: give --log-dir");
        if (!config->log_prefix)
            replace_text(&config->log_prefix, "nomos-devnode");
        config->log_backend = CONFIG_LOG_FILE;
    } else if (strcmp(options->log_backend, "stdout") == 0) {
        config->log_backend = CONFIG_LOG_STDOUT;
    } else if (strcmp(options->log_backend, "stderr") == 0) {
        config->log_backend = CONFIG_LOG_STDERR;
    } else {
        config->log_backend = CONFIG_LOG_NONE;
    }
    return true;
}

static bool apply_peers(const char *list, struct config *config, struct reason *why)
{
    struct config_address *peers = NULL;
    size_t count = 0;

    while (*list) {
        char one[256];
        size_t length = strcspn(list, ",");

        peers = memory_resize(peers, count + 1, sizeof(*peers));
        (void)snprintf(one, sizeof(one), "%.*s", (int)(length < 255 ? length : 255), list);
        if (!config_parse_multiaddr(&peers[count], one, why)) {
            free(peers);
            return reason_wrap(why, "--net-initial-peers");
        }
        count++;
        list += length + (list[length] == ',');
    }
    free(config->peers);
    config->peers = peers;
    config->peer_count = count;
    return true;
}

static bool apply_net(const struct options *options, struct config *config, struct reason *why)
{
    uint64_t port;

    if (options->net_host) {
        if (strlen(options->net_host) >= sizeof(config->gossip.host))
            return reason_set(why, "--net-host %.80s: no address", options->net_host);
        (void)snprintf(config->gossip.host, sizeof(config->gossip.host), "%s", options->net_host);
    }
    if (options->net_port) {
        if (!read_number(&port, options->net_port, UINT16_MAX))
            return reason_set(why, "--net-port %.40s: expected a port", options->net_port);
        config->gossip.port = (uint16_t)port;
    }
    if (options->net_node_key && !config_parse_key(config->node_key, options->net_node_key, why))
        return reason_wrap(why, "--net-node-key");
    if (options->net_initial_peers && !apply_peers(options->net_initial_peers, config, why))
        return false;
    if (options->http_host && !config_parse_address(&config->http, options->http_host, why))
        return reason_wrap(why, "--http-host");
    return true;
}

/* 16 bytes, little-endian, as the low half of the key. */
static bool apply_utxo_sk(const char *text, struct config *config, struct reason *why)
{
    char padded[65];

    if (strlen(text) != 32)
        return reason_set(why, "--consensus-utxo-sk: expected 32 hex digits");
    (void)snprintf(padded, sizeof(padded), "%s%032d", text, 0);
    return config_parse_key(config->leader_sk, padded, why) ||
        reason_wrap(why, "--consensus-utxo-sk");
}

bool options_apply(const struct options *options, struct config *config, struct reason *why)
{
    uint64_t seconds;

    if (options->consensus_chain_start) {
        if (!read_number(&seconds, options->consensus_chain_start, UINT32_MAX))
            return reason_set(why, "--consensus-chain-start %.40s: expected seconds since 1970",
                options->consensus_chain_start);
        config->chain_start_ns = seconds * NS_PER_S;
    }
    if (options->consensus_utxo_sk && !apply_utxo_sk(options->consensus_utxo_sk, config, why))
        return false;
    return apply_log(options, config, why) && apply_net(options, config, why);
}

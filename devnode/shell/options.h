/* options.h - the command line of the node and its environment (node contract 1.1).
 *
 * The real node's flags, and a few of the development node's own. A flag wins over its
 * environment variable, which wins over the configuration file. Owned by the caller; the texts
 * are borrowed from argv and the environment. */
#ifndef DEVNODE_SHELL_OPTIONS_H
#define DEVNODE_SHELL_OPTIONS_H

#include "devnode/core/misbehave.h"
#include "devnode/shell/config.h"
#include "nomos/proof.h"
#include "nomos/revision.h"

enum node_role {
    ROLE_VALIDATOR = 1,
    ROLE_EXECUTOR = 2,
};

enum options_result {
    OPTIONS_RUN = 0,
    OPTIONS_HELP,    /* print options_help() and exit with 0 */
    OPTIONS_VERSION, /* print the version and exit with 0 */
    OPTIONS_ERROR,   /* print the reason and exit with 2 */
};

struct options {
    const char *config_path;
    enum node_role role;
    bool check_config;
    bool is_exact;       /* --no-discovery */
    const char *log_dir; /* NULL: as configured; so for all below */
    const char *log_path;
    const char *log_backend;
    const char *log_level;
    const char *net_host;
    const char *net_port;
    const char *net_node_key;
    const char *net_initial_peers;
    const char *http_host;
    const char *consensus_utxo_sk;
    const char *consensus_chain_start;
    struct misbehaviours misbehaviours;
    const struct zk_scheme *scheme;  /* --proofs: which proofs are taken */
    const struct revision *revision; /* --revision: of which node it is */
    uint64_t seed;                   /* of what is left to chance; zero: drawn at start */
};

/* Reads command line and environment. */
enum options_result options_parse(
    struct options *out, int argc, char *const argv[], struct reason *why);

/* Replaces what the options name in a configuration that was read. */
bool options_apply(const struct options *options, struct config *config, struct reason *why);

/* The text of --help, for standard output. */
void options_help(void);

#endif

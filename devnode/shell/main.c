/* nomos-devnode: puts configuration, storage, network, HTTP and the node's state machine
   together. */
#include <event2/event.h>
#include <fcntl.h>
#include <inttypes.h>
#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "devnode/core/memory.h"
#include "devnode/core/node.h"
#include "devnode/shell/api.h"
#include "devnode/shell/availability.h"
#include "devnode/shell/config.h"
#include "devnode/shell/database.h"
#include "devnode/shell/log.h"
#include "devnode/shell/network.h"
#include "devnode/shell/options.h"
#include "devnode/shell/otlp.h"
#include "devnode/shell/yaml_tree.h"
#include "nomos/genesis.h"
#include "nomos/hex.h"
#include "nomos/json_tx.h"

enum exit_status {
    EXIT_STOPPED = 0,
    EXIT_CANNOT = 1,
    EXIT_USAGE = 2,
};

/* A node that was told of peers waits so long for the first of them before it proposes alone. */
#define PEER_WAIT_NS 10000000000u
/* Blocks after which a service declaration may be withdrawn. */
#define LOCK_PERIOD_BLOCKS 10

#define MULTIADDR_BYTES 128

struct shell {
    struct options options;
    struct config config;
    struct log log;
    struct database *database;
    struct availability *availability; /* NULL: configured without */
    struct otlp *otlp;                 /* NULL: metrics are sent nowhere */
    struct event_base *base;
    struct event *wake;
    struct event *interrupt;
    struct network *network;
    struct http_server *http;
    struct http_server *testing_http;
    struct api api;
    struct node *node;
    uint64_t seed;
    uint64_t last_ns; /* the clock does not go backwards, even if the machine's does */
    char listen_address[MULTIADDR_BYTES];
};

static uint64_t now_ns(void *self)
{
    struct shell *shell = self;
    struct timespec now;

    (void)clock_gettime(CLOCK_REALTIME, &now);
    uint64_t ns = (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
    if (ns > shell->last_ns)
        shell->last_ns = ns;
    return shell->last_ns;
}

/* Every cause of not starting or not going on ends here, on standard error as well as in the
   log. */
static bool cannot(struct shell *shell, const char *text)
{
    fprintf(stderr, "nomos-devnode: %s\n", text);
    if (shell->log.backend == CONFIG_LOG_FILE)
        log_write(&shell->log, CONFIG_LEVEL_ERROR, text);
    return false;
}

static void on_database_failure(void *self, const char *text)
{
    (void)cannot(self, text);
    exit(EXIT_CANNOT);
}

static void on_log(void *self, enum node_level level, const char *text)
{
    static const enum config_log_level levels[] = {
        [NODE_ERROR] = CONFIG_LEVEL_ERROR,
        [NODE_WARN] = CONFIG_LEVEL_WARN,
        [NODE_INFO] = CONFIG_LEVEL_INFO,
        [NODE_DEBUG] = CONFIG_LEVEL_DEBUG,
    };
    struct shell *shell = self;

    log_write(&shell->log, levels[level], text);
}

static void on_send(void *self, void *link, const uint8_t *message, size_t size)
{
    const struct shell *shell = self;

    network_send(shell->network, link, message, size);
}

static void on_hang_up(void *self, void *link, const char *why)
{
    const struct shell *shell = self;

    network_hang_up(shell->network, link, why);
}

static void on_discovered(void *self, const struct gossip_address *address)
{
    const struct shell *shell = self;

    network_discovered(shell->network, address);
}

static void on_block_added(void *self, const struct chain_block *block)
{
    struct shell *shell = self;

    if (!shell->api.node)
        return;
    api_block_added(&shell->api, block);
    availability_block_added(shell->availability, block);
}

static bool on_blob_is_sampled(void *self, const struct bytes32 *blob)
{
    const struct shell *shell = self;

    return availability_is_sampled(shell->availability, blob);
}

static bool on_is_cut_off(void *self)
{
    const struct shell *shell = self;

    return availability_is_cut_off(shell->availability);
}

static void on_blob_wanted(void *self, const struct bytes32 *blob)
{
    const struct shell *shell = self;

    availability_want(shell->availability, blob);
}

static void on_lib_moved(void *self, uint64_t height, const struct bytes32 *id)
{
    struct shell *shell = self;

    if (shell->api.node)
        api_lib_moved(&shell->api, height, id);
}

/* --- time ------------------------------------------------------------------------------------- */

static void crash_if_told(struct shell *shell, uint64_t now)
{
    const struct misbehaviours *set = node_misbehaviours(shell->node);

    if (!misbehave_since(set, MISBEHAVE_CRASH, node_slot_at(shell->node, now)))
        return;
    log_write(&shell->log, CONFIG_LEVEL_ERROR, "this node misbehaves: it was told to crash");
    abort();
}

static void set_wake(struct shell *shell)
{
    uint64_t now = now_ns(shell);
    uint64_t at = node_next_wake(shell->node, now);
    uint64_t other = availability_next_wake(shell->availability);
    uint64_t first = at < other ? at : other;
    uint64_t wait_ns = first > now ? first - now : 0;
    struct timeval wait = {
        .tv_sec = (time_t)(wait_ns / 1000000000u),
        /* Rounded up, so as not to wake a moment too early. */
        .tv_usec = (suseconds_t)((wait_ns % 1000000000u + 999) / 1000 % 1000000),
    };

    if (wait_ns % 1000000000u > 999999000u)
        wait.tv_sec++;
    (void)event_add(shell->wake, &wait);
}

static void after_input(void *self)
{
    struct shell *shell = self;

    crash_if_told(shell, now_ns(shell));
    set_wake(shell);
}

static void on_wake(evutil_socket_t fd, short what, void *self)
{
    struct shell *shell = self;
    uint64_t now = now_ns(shell);

    (void)fd;
    (void)what;
    crash_if_told(shell, now);
    node_tick(shell->node, now);
    availability_tick(shell->availability, now);
    set_wake(shell);
}

static void on_interrupt(evutil_socket_t fd, short what, void *self)
{
    struct shell *shell = self;

    (void)fd;
    (void)what;
    log_write(&shell->log, CONFIG_LEVEL_INFO, "interrupted, stopping");
    (void)event_base_loopbreak(shell->base);
}

/* --- configuration ---------------------------------------------------------------------------- */

struct key_report {
    struct shell *shell;
    size_t count;
};

static void on_unknown_key(void *self, const char *path, unsigned line)
{
    struct key_report *report = self;

    report->count++;
    fprintf(stderr, "nomos-devnode: %s:%u: unknown key `%s`%s\n",
        report->shell->options.config_path, line, path,
        report->shell->options.check_config ? "" : ", passed over");
}

static bool read_config(struct shell *shell)
{
    struct key_report report = {.shell = shell};
    struct reason why;
    struct yaml_tree *file = yaml_tree_read(shell->options.config_path, &why);
    bool is_read;

    if (!file)
        return cannot(shell, why.text);
    config_unknown_keys(file, on_unknown_key, &report);
    is_read = config_read(&shell->config, file, &why) &&
        (!shell->options.revision->has_da || availability_read(&shell->availability, file, &why)) &&
        otlp_read(&shell->otlp, file, &why);
    yaml_tree_free(file);
    if (!is_read) {
        reason_prefix(&why, "%s", shell->options.config_path);
        return cannot(shell, why.text);
    }
    if (!options_apply(&shell->options, &shell->config, &why))
        return cannot(shell, why.text);
    return !shell->options.check_config || !report.count;
}

static bool draw_seed(struct shell *shell)
{
    int fd;

    shell->seed = shell->options.seed;
    if (shell->seed)
        return true;
    fd = open("/dev/urandom", O_RDONLY | O_CLOEXEC);
    if (fd < 0 || read(fd, &shell->seed, sizeof(shell->seed)) != (ssize_t)sizeof(shell->seed)) {
        if (fd >= 0)
            (void)close(fd);
        return cannot(shell, "cannot read /dev/urandom; give --seed");
    }
    (void)close(fd);
    return true;
}

/* --- the node --------------------------------------------------------------------------------- */

static bool read_key(const uint8_t bytes[32], struct fr *out, const char *name, struct reason *why)
{
    if (fr_from_le32(bytes, out))
        return true;
    return reason_set(why, "`%s` is not below the order of the field", name);
}

/* The keys whose notes take part in the lottery: the wallet's and the leader's own. Allocated. */
static struct fr *known_keys(const struct shell *shell, size_t *out_count, struct reason *why)
{
    const struct config *config = &shell->config;
    struct fr *keys = memory_new(config->known_key_count + 1, sizeof(*keys));
    bool is_known = false;

    for (size_t i = 0; i < config->known_key_count; i++) {
        is_known = is_known || memcmp(config->known_keys[i], config->leader_pk, 32) == 0;
        if (!read_key(config->known_keys[i], &keys[i], "wallet.known_keys", why)) {
            free(keys);
            return NULL;
        }
    }
    *out_count = config->known_key_count;
    if (!is_known &&
        !read_key(config->leader_pk, &keys[(*out_count)++], "cryptarchia.leader.pk", why)) {
        free(keys);
        return NULL;
    }
    return keys;
}

static bool fill_params(const struct shell *shell, struct node_params *params, struct reason *why)
{
    const struct config *config = &shell->config;

    *params = (struct node_params){
        .revision = shell->options.revision->wire,
        .scheme = shell->options.scheme,
        .chain_start_ns = config->chain_start_ns,
        .slot_duration_ns = config->slot_duration_ns,
        .bootstrap_ns = config->bootstrap_ns,
        .propose_window_ns = config->slot_duration_ns / 2,
        .peer_wait_ns = config->peer_count ? PEER_WAIT_NS : 0,
        .blob_validity_ns = availability_validity_ns(shell->availability),
        .lock_period = {LOCK_PERIOD_BLOCKS, LOCK_PERIOD_BLOCKS},
        .epochs = {.security_param = config->security_param,
            .active_slot_coefficient = config->active_slot_coeff,
            .stake_stabilization = (uint32_t)config->stake_stabilization,
            .nonce_buffer = (uint32_t)config->nonce_buffer,
            .nonce_stabilization = (uint32_t)config->nonce_stabilization},
    };
    memcpy(params->identity.bytes, config->node_key, 32);
    memcpy(params->chance.bytes, &shell->seed, sizeof(shell->seed));
    return read_key(config->leader_sk, &params->leader_key, "cryptarchia.leader.sk", why);
}

static bool open_availability(
    struct shell *shell, struct node *node, const struct node_params *params, struct reason *why)
{
    return availability_open(shell->availability,
        &(struct availability_params){.base = shell->base,
            .node = node,
            .node_params = params,
            .database = shell->database,
            .is_executor = shell->options.role == ROLE_EXECUTOR,
            .log = on_log,
            .after_input = after_input,
            .now_ns = now_ns,
            .self = shell},
        why);
}

static struct node *make_node(struct shell *shell, struct reason *why)
{
    struct node_host host = {
        .self = shell,
        .send = on_send,
        .hang_up = on_hang_up,
        .log = on_log,
        .block_added = on_block_added,
        .lib_moved = on_lib_moved,
        .discovered = on_discovered,
    };
    struct store store = database_store(shell->database);
    struct node_params params;
    struct signed_tx genesis;
    struct nomos_error err;
    struct node *node = NULL;

    if (!fill_params(shell, &params, why))
        return NULL;
    if (json_tx_from_object(shell->config.genesis_tx,
            "cryptarchia.service.starting_state.genesis_tx", &genesis, &err)) {
        reason_format(why, "%s", err.text);
        return NULL;
    }
    if (shell->availability) {
        host.blob_is_sampled = on_blob_is_sampled;
        host.blob_wanted = on_blob_wanted;
        host.is_cut_off = on_is_cut_off;
    }
    struct fr *keys = known_keys(shell, &params.known_key_count, why);
    params.known_keys = keys;
    params.genesis = &genesis;
    if (keys)
        node = node_new(&params, &host, &store, why);
    free(keys);
    if (node && !open_availability(shell, node, &params, why)) {
        node_free(node);
        node = NULL;
    }
    signed_tx_done(&genesis);
    return node;
}

struct replay {
    struct shell *shell;
    uint64_t final_height;
    struct reason why;
};

static bool on_replay(void *self, const uint8_t *bytes, size_t size)
{
    struct replay *replay = self;

    return node_restore(replay->shell->node, bytes, size, replay->final_height, &replay->why);
}

static bool start_node(struct shell *shell)
{
    struct replay replay = {.shell = shell};
    struct reason why;
    char genesis[HEX32_SIZE];

    shell->database = database_open(shell->config.db_path, on_database_failure, shell, &why);
    if (!shell->database)
        return cannot(shell, why.text);
    replay.final_height = database_final_height(shell->database);
    shell->node = make_node(shell, &why);
    if (!shell->node)
        return cannot(shell, why.text);
    *node_misbehaviours(shell->node) = shell->options.misbehaviours;
    hex_from_bytes32(node_genesis_id(shell->node), genesis);
    log_format(
        &shell->log, CONFIG_LEVEL_INFO, "genesis block 0x%s, seed %" PRIu64, genesis, shell->seed);
    if (!database_replay(shell->database, on_replay, &replay)) {
        reason_prefix(&replay.why, "database %s (remove it to start anew)", shell->config.db_path);
        return cannot(shell, replay.why.text);
    }
    log_format(&shell->log, CONFIG_LEVEL_INFO, "restored %" PRIu64 " blocks, height %" PRIu64,
        database_block_count(shell->database), node_info(shell->node).height);
    node_misbehaviour_changed(shell->node, now_ns(shell));
    return true;
}

/* --- servers ---------------------------------------------------------------------------------- */

/* `params` says what is special about the server. */
static struct http_server *serve(struct shell *shell, struct http_params params)
{
    struct http_server *server;
    struct reason why;

    params.base = shell->base;
    params.role = shell->options.role;
    params.seed = shell->seed;
    params.misbehaviours = node_misbehaviours(shell->node);
    params.self = &shell->api;
    server = http_server_new(&params, &why);

    if (!server)
        (void)cannot(shell, why.text);
    return server;
}

static bool start_servers(struct shell *shell)
{
    const struct config *config = &shell->config;
    const bool has_da = shell->options.revision->has_da;
    struct reason why;

    shell->network = network_new(&(struct network_params){.base = shell->base,
                                     .listen = &config->gossip,
                                     .peers = config->peers,
                                     .peer_count = config->peer_count,
                                     .seed = shell->seed,
                                     .is_exact = shell->options.is_exact,
                                     .after_input = after_input,
                                     .now_ns = now_ns,
                                     .self = shell},
        &why);
    if (!shell->network)
        return cannot(shell, why.text);
    (void)snprintf(shell->listen_address, sizeof(shell->listen_address), "/ip4/%s/udp/%u/quic-v1",
        config->gossip.host, network_port(shell->network));
    node_set_listen_port(shell->node, network_port(shell->network));
    shell->api = (struct api){
        .node = shell->node,
        .availability = shell->availability,
        .listen_address = shell->listen_address,
        .now_ns = now_ns,
        .after_input = after_input,
        .self = shell,
    };
    shell->http = serve(shell,
        (struct http_params){.address = &config->http,
            .limits = &config->http_limits,
            .tables = {{api_routes, api_route_count},
                has_da ? availability_routes() : (struct http_routes){.count = 0}}});
    if (!shell->http)
        return false;
    if (*config->testing_http.host)
        shell->testing_http = serve(shell,
            (struct http_params){.address = &config->testing_http,
                .limits = &config->testing_limits,
                .tables = {{api_testing_routes, api_testing_route_count},
                    has_da ? availability_testing_routes() : (struct http_routes){.count = 0}}});
    return !*config->testing_http.host || shell->testing_http;
}

static bool start_loop(struct shell *shell)
{
    struct event_config *event_config = event_config_new();

    if (event_config) {
        /* Slots may be as short as 50 ms; a timer that is late by a millisecond would matter. */
        (void)event_config_set_flag(event_config, EVENT_BASE_FLAG_PRECISE_TIMER);
        shell->base = event_base_new_with_config(event_config);
        event_config_free(event_config);
    }
    if (!shell->base)
        return cannot(shell, "cannot make an event loop");
    shell->wake = evtimer_new(shell->base, on_wake, shell);
    shell->interrupt = evsignal_new(shell->base, SIGINT, on_interrupt, shell);
    if (!shell->wake || !shell->interrupt)
        return cannot(shell, "out of memory");
    (void)signal(SIGPIPE, SIG_IGN);
    return true;
}

static void on_otlp_log(void *self, const char *text)
{
    struct shell *shell = self;

    log_write(&shell->log, CONFIG_LEVEL_WARN, text);
}

static bool send_metrics(struct shell *shell)
{
    const struct otlp_params params = {.base = shell->base,
        .write_metrics = api_write_metrics,
        .log = on_otlp_log,
        .now_ns = now_ns,
        .self = shell,
        .metrics_self = &shell->api};
    struct reason why;

    return otlp_start(shell->otlp, &params, &why) ? true : cannot(shell, why.text);
}

static bool start(struct shell *shell)
{
    struct reason why;

    if (!read_config(shell))
        return false;
    if (!log_open(&shell->log, &shell->config, &why))
        return cannot(shell, why.text);
    if (!draw_seed(shell) || !start_loop(shell) || !start_node(shell) || !start_servers(shell))
        return false;
    (void)event_add(shell->interrupt, NULL);
    log_format(&shell->log, CONFIG_LEVEL_INFO,
        "serving HTTP on port %u, testing HTTP on port %u, peers on port %u",
        http_server_port(shell->http),
        shell->testing_http ? http_server_port(shell->testing_http) : 0,
        network_port(shell->network));
    network_start(shell->network, shell->node);
    availability_start(shell->availability);
    return send_metrics(shell);
}

static void stop(struct shell *shell)
{
    http_streams_done(&shell->api.lib_streams);
    http_streams_done(&shell->api.block_streams);
    http_server_free(shell->http);
    http_server_free(shell->testing_http);
    network_free(shell->network);
    otlp_free(shell->otlp);
    availability_free(shell->availability);
    node_free(shell->node);
    database_close(shell->database);
    if (shell->wake)
        event_free(shell->wake);
    if (shell->interrupt)
        event_free(shell->interrupt);
    if (shell->base)
        event_base_free(shell->base);
    libevent_global_shutdown();
    log_close(&shell->log);
    config_done(&shell->config);
}

static int check_config(struct shell *shell)
{
    bool is_valid = read_config(shell);

    otlp_free(shell->otlp);
    availability_free(shell->availability);
    config_done(&shell->config);
    if (is_valid)
        puts("Config file is valid! \xe2\x9c\x85");
    return is_valid ? EXIT_STOPPED : EXIT_CANNOT;
}

static int run(struct shell *shell)
{
    int status = EXIT_CANNOT;

    if (!keys_init()) {
        (void)cannot(shell, "libsodium cannot be initialised");
    } else if (start(shell)) {
        /* What parsing the configuration and the genesis took is not needed again. */
        (void)malloc_trim(0);
        on_wake(-1, 0, shell);
        (void)event_base_dispatch(shell->base);
        status = EXIT_STOPPED;
    }
    stop(shell);
    return status;
}

int main(int argc, char *argv[])
{
    struct shell shell = {.log = {.fd = -1}};
    struct reason why;

    switch (options_parse(&shell.options, argc, argv, &why)) {
    case OPTIONS_HELP:
        options_help();
        return EXIT_STOPPED;
    case OPTIONS_VERSION:
        puts("nomos-devnode " DEVNODE_VERSION);
        return EXIT_STOPPED;
    case OPTIONS_ERROR:
        fprintf(stderr, "nomos-devnode: %s\nTry 'nomos-devnode --help'.\n", why.text);
        return EXIT_USAGE;
    case OPTIONS_RUN:
        break;
    }
    return shell.options.check_config ? check_config(&shell) : run(&shell);
}

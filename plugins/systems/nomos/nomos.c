/* The system "nomos": networks of Nomos (Logos blockchain) nodes, validators and executors. */
#include "plugins/systems/nomos/ahead.h"
#include "plugins/systems/nomos/config.h"
#include "plugins/systems/nomos/container.h"
#include "plugins/systems/nomos/da.h"
#include "plugins/systems/nomos/da_ready.h"
#include "plugins/systems/nomos/preflight.h"
#include "plugins/systems/nomos/prover.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <assay/nomos_da.h>
#include <assay/sdk.h>

static const assay_option options[] = {
    ASSAY_OPTION_SPAN(struct nomos_options, slot, "0s", "0s..1h",
        "Length of a slot. 0s: CONSENSUS_SLOT_TIME of the environment, in seconds, else 2 s."),
    ASSAY_OPTION_REAL(struct nomos_options, active_slot_coeff, "0.9", "0.01..0.99",
        "Share of slots that are meant to have a block."),
    ASSAY_OPTION_INT(struct nomos_options, security_param, "10", "1..100000",
        "Blocks behind the tip at which a block is final."),
    ASSAY_OPTION_SPAN(struct nomos_options, poll, "25ms", "1ms..1m",
        "How often each node is asked for its tip; stretched so that all nodes together are asked "
        "at most 1,000 times a second."),
    ASSAY_OPTION_INT(struct nomos_options, confirmations, "1", "0..1000",
        "Blocks that must follow an inclusion before its outputs are spent again."),
    ASSAY_OPTION_INT(struct nomos_options, notes_per_user, "16", "1..1024",
        "Notes that a user's funds are split into, so that as many transactions can be on their "
        "way at a time."),
    ASSAY_OPTION_TEXT(struct nomos_options, log_level, "",
        "Log level of the nodes: ERROR, WARN, INFO or DEBUG. Default: NOMOS_LOG_LEVEL, else INFO."),
    ASSAY_OPTION_TEXT(struct nomos_options, image, "",
        "Container image of the nodes. Default: NOMOS_TESTNET_IMAGE, else nomos-testnet:local."),
    ASSAY_OPTION_CHOICE(struct nomos_options, revision, "2025-12", "2025-12|2026-01",
        "Revision of the node, which says what programs and variables are called. 2026-01 knows "
        "one kind of node ([topology] nodes) and no data availability; docs/revisions.md has all."),
    ASSAY_OPTION_CHOICE(struct nomos_options, proofs, "auto", "auto|development|groth16",
        "Which proofs genesis and transactions carry: groth16, made by the circuits' programs, or "
        "stand-ins that only development nodes take. auto: groth16 when a real node is there. "
        "Development nodes check of groth16 no more than the form."),
    ASSAY_OPTION_SPAN(struct nomos_options, proof_patience, "10m", "1s..24h",
        "How long the programs that make a groth16 proof may take, their turn included."),
    ASSAY_OPTION_BOOL(struct nomos_options, membership_check, "yes",
        "Whether a node counts as ready only when it knows the members of data availability and is "
        "connected to some."),
};

static const assay_option node_options[] = {
    ASSAY_OPTION_LIST(struct nomos_node_options, misbehave, "",
        "Development nodes only: switches such as stop-proposing=20 (nomos-devnode --help)."),
    ASSAY_OPTION_LIST(
        struct nomos_node_options, args, "", "Further words for the node's command line."),
    ASSAY_OPTION_LIST(
        struct nomos_node_options, env, "", "NAME=value pairs for the node's environment."),
    ASSAY_OPTION_TEXT(struct nomos_node_options, log_level, "", "Log level of this node."),
};

static const char *const needs[] = {ASSAY_CLOCK, ASSAY_TASKS, ASSAY_RANDOM, ASSAY_HTTP, ASSAY_JSON,
    ASSAY_TOPOLOGY, ASSAY_SPEC, ASSAY_EXEC, ASSAY_OBSERVE, ASSAY_BLOCKS, NULL};
static const char *const offers[] = {ASSAY_TRANSFER,
#ifdef ASSAY_DA
    NOMOS_DA,
#endif
    NULL};

#define SLOT_DEFAULT (2 * ASSAY_SECOND)
#define SLOT_MIN     (10 * ASSAY_MS)

/* ---- life ---- */

static void destroy(void *arg)
{
    struct nomos *self = arg;

    if (!self)
        return;
    da_done(self);
    ahead_done(self);
    purses_free(self);
    network_done(self);
    free(self->best);
    (void)pthread_mutex_destroy(&self->lock);
    free(self);
}

static assay_status create(const assay_host *host, const void *given, void **out)
{
    struct nomos *self = calloc(1, sizeof(*self));
    assay_status s;

    if (!self)
        return ASSAY_E_NOMEM;
    if (!keys_init() || pthread_mutex_init(&self->lock, NULL) != 0) {
        free(self);
        return host->fail(host, ASSAY_E_INTERNAL, "the cryptographic library cannot be started");
    }
    self->host = host;
    self->clock = assay_clock_of(host);
    self->tasks = assay_tasks_of(host);
    self->random = assay_random_of(host);
    self->http = assay_http_of(host);
    self->json = assay_json_of(host);
    self->topology = assay_topology_of(host);
    self->spec = assay_spec_of(host);
    self->exec = assay_exec_of(host);
    self->observe = assay_observe_of(host);
    self->blocks = assay_blocks_of(host);
    self->options = *(const struct nomos_options *)given;
    self->revision = revision_find(self->options.revision); /* one of the choices */
    wire_init(&self->wire, self->revision->wire);
    self->network.has_da = self->revision->has_da && node_config_knows_da;
    transfer_init(self);
    s = da_init(self);
    if (s) {
        destroy(self);
        return host->fail(host, s, "no memory for the system");
    }
    *out = self;
    return ASSAY_OK;
}

/* ---- plan ---- */

/* The contract's variable, in whole seconds. */
static void choose_slot(struct nomos *self, struct nomos_problems *problems)
{
    const char *text = self->spec->variable(self->host, "CONSENSUS_SLOT_TIME");
    char *end = NULL;
    long seconds;

    if (self->options.slot == 0 && (!text || text[0] == '\0'))
        self->options.slot = SLOT_DEFAULT;
    if (self->options.slot == 0) {
        seconds = strtol(text, &end, 10);
        if (*end != '\0' || seconds < 1 || seconds > 3600) {
            nomos_problems_add(problems,
                "CONSENSUS_SLOT_TIME is '%.60s'; it must be whole seconds from 1 to 3600", text);
            return;
        }
        self->options.slot = seconds * ASSAY_SECOND;
    }
    if (self->options.slot < SLOT_MIN)
        nomos_problems_add(problems, "slot is below 10 ms; nodes cannot keep such a pace");
}

static void choose_log_level(struct nomos *self, struct nomos_problems *problems)
{
    static const struct {
        const char *given, *node; /* the node takes upper case alone */
    } levels[] = {{"error", "ERROR"}, {"warn", "WARN"}, {"info", "INFO"}, {"debug", "DEBUG"},
        {"trace", "DEBUG"}};
    const char *level = self->options.log_level;

    if (level[0] == '\0')
        level = nomos_variable(self, "NOMOS_LOG_LEVEL");
    if (!level || level[0] == '\0')
        level = "info";
    for (size_t i = 0; i < sizeof(levels) / sizeof(levels[0]); i++) {
        if (strcasecmp(level, levels[i].given) == 0) {
            self->options.log_level = levels[i].node;
            return;
        }
    }
    nomos_problems_add(problems,
        "the log level '%.60s' (option log_level, or %s) is none of error, warn, info, debug",
        level, revision_called(self->revision, "NOMOS_LOG_LEVEL").text);
}

static assay_status declare_ports(struct nomos *self, uint32_t node)
{
    static const struct {
        const char *name;
        uint32_t protocol, container_port;
    } ports[PORT_COUNT] = {
        [PORT_API] = {"api", ASSAY_TCP, 18080},
        [PORT_TESTING] = {"testing", ASSAY_TCP, 18081},
        /* Development nodes speak TCP where real ones speak QUIC: the number must be free for both. */
        [PORT_NETWORK] = {"network", ASSAY_TCP | ASSAY_UDP, 3000},
        [PORT_DA] = {"da", ASSAY_TCP | ASSAY_UDP, 3300},
        [PORT_BLEND] = {"blend", ASSAY_TCP | ASSAY_UDP, 3400},
    };
    assay_status s = ASSAY_OK;

    for (int i = 0; !s && i < PORT_COUNT; i++) {
        const assay_port port = {.struct_size = sizeof(port),
            .name = ports[i].name,
            .protocol = ports[i].protocol,
            .container_port = ports[i].container_port};

        s = self->spec->port(self->host, node, &port);
    }
    return s;
}

static const char *choose_image(const struct nomos *self)
{
    const char *image = self->options.image;

    if (image[0] == '\0')
        image = nomos_variable(self, "NOMOS_TESTNET_IMAGE");
    return image && image[0] != '\0' ? image : "nomos-testnet:local";
}

static assay_status plan_nodes(struct nomos *self)
{
    assay_status s = ASSAY_OK;

    for (uint32_t node = 0; !s && node < self->node_count; node++) {
        s = self->spec->image(self->host, node, choose_image(self));
        if (!s)
            s = declare_ports(self, node);
    }
    return s;
}

static bool has_dev_node(const struct nomos *self)
{
    for (uint32_t node = 0; node < self->node_count; node++) {
        if (self->nodes[node].is_dev)
            return true;
    }
    return false;
}

static bool has_real_node(const struct nomos *self)
{
    if (self->is_from_image)
        return false; /* not that we know */
    for (uint32_t node = 0; node < self->node_count; node++) {
        if (!self->nodes[node].is_dev)
            return true;
    }
    return false;
}

/* What is in an image cannot be seen, and is development nodes unless somebody made more of it. */
static void choose_proofs(struct nomos *self)
{
    const char *wanted = self->options.proofs;
    const bool is_groth16 =
        strcmp(wanted, "groth16") == 0 || (strcmp(wanted, "auto") == 0 && has_real_node(self));

    self->proofs = is_groth16 ? NOMOS_PROOFS_GROTH16 : NOMOS_PROOFS_DEVELOPMENT;
}

/* What the revision does not have. */
static void check_revision(const struct nomos *self, struct nomos_problems *problems)
{
    bool has_executor = false;

    for (uint32_t node = 0; node < self->node_count; node++)
        has_executor = has_executor || self->nodes[node].is_executor;
    if (has_executor && !self->revision->has_roles)
        nomos_problems_add(problems,
            "the revision %s has one kind of node, and the topology has executors; set nodes in "
            "[topology] instead",
            self->revision->name);
    if (self->is_from_image && self->revision != &revision_2025_12)
        nomos_problems_add(problems,
            "nodes from images are of the revision %s alone; use the deployer local, or leave the "
            "option revision out",
            revision_2025_12.name);
}

/* Everything that can be wrong with what we were given, looked at together. */
static assay_status preflight(struct nomos *self)
{
    struct nomos_problems problems = {0};
    assay_status s = ASSAY_OK;

    choose_slot(self, &problems);
    choose_log_level(self, &problems);
    config_read_environment(self, &problems);
    check_revision(self, &problems);
    if (!self->is_from_image) /* what is in an image is not for us to look at */
        s = preflight_programs(self, &problems);
    choose_proofs(self);
    if (has_real_node(self) && self->revision->has_da && !self->network.has_da)
        nomos_problems_add(&problems,
            "real nodes of the revision %s have data availability, which this build of assay "
            "leaves "
            "out; build it with ASSAY_DA=ON",
            self->revision->name);
    if (!s)
        preflight_assets(self, &problems);
    if (s)
        text_done(&problems.text);
    return s ? s : nomos_problems_report(&problems, self->host);
}

static assay_status add_stage(struct nomos *self, const struct nomos_stage *stage)
{
    self->stages[self->stage_count++] = stage;
    return self->spec->stage(self->host, stage->name);
}

static assay_status plan_stages(struct nomos *self)
{
    assay_status s = add_stage(self, &nomos_stage_http);

    if (!s)
        s = add_stage(self, &nomos_stage_peers);
    if (s || !self->network.has_da || !self->options.membership_check)
        return s;
#ifdef ASSAY_DA
    s = add_stage(self, &nomos_stage_membership);
    if (!s)
        s = add_stage(self, &nomos_stage_balancer);
#endif
    return s;
}

static void notice_image(const struct nomos *self)
{
    char text[400];

    (void)snprintf(text, sizeof(text),
        "The nodes are what the image %.200s has as nomos-node and nomos-executor; unless it was "
        "built from real programs, these are development nodes.",
        choose_image(self));
    self->spec->notice(self->host, text);
}

static void notice_nodes(const struct nomos *self)
{
    if (self->is_from_image)
        notice_image(self);
    else if (has_dev_node(self))
        self->spec->notice(self->host,
            self->revision->has_roles
                ? "The nodes are development nodes (nomos-devnode), not the Nomos node: set "
                  "NOMOS_NODE_BIN and NOMOS_EXECUTOR_BIN to test that."
                : "The nodes are development nodes (nomos-devnode), not the Logos blockchain node, "
                  "with the encodings of the revision 2025-12 under the names of a later one.");
}

static void notice_proofs(const struct nomos *self)
{
    char text[400];

    if (self->proofs == NOMOS_PROOFS_GROTH16) {
        (void)snprintf(text, sizeof(text),
            "Genesis and transfers carry Groth16 proofs, made by the programs in %.200s.%s",
            self->assets.circuits,
            has_dev_node(self) ? " The development nodes check their form alone." : "");
        self->spec->notice(self->host, text);
    } else if (has_real_node(self)) {
        self->spec->notice(self->host,
            "Genesis and transfers carry development proofs in place of Groth16 ones, as option "
            "proofs says; a node that verifies Groth16 refuses to start from such a genesis.");
    }
}

static assay_status plan(void *arg, assay_task *task)
{
    struct nomos *self = arg;
    assay_status s = network_draw_seeds(self, task);

    self->is_from_image = self->spec->from_image(self->host);
    if (!s)
        s = preflight(self);
    if (!s)
        s = plan_nodes(self);
    if (!s)
        s = plan_stages(self);
    if (!s)
        s = prover_prepare(self, task);
    if (s)
        return s;
    self->spec->cadence(self->host,
        (assay_ns)llround((double)self->options.slot / self->options.active_slot_coeff),
        (uint64_t)self->options.security_param);
    notice_nodes(self);
    notice_proofs(self);
    return ASSAY_OK;
}

/* ---- render ---- */

static assay_status add_words(struct nomos *self, uint32_t node, const char *const *words,
    assay_status (*add)(const assay_host *, uint32_t, const char *))
{
    assay_status s = ASSAY_OK;

    for (; !s && words && *words; words++)
        s = add(self->host, node, *words);
    return s;
}

static assay_status add_misbehaviour(struct nomos *self, uint32_t node, const char *const *switches)
{
    assay_status s = ASSAY_OK;

    if (switches && *switches && !self->nodes[node].is_dev)
        return self->host->fail(self->host, ASSAY_E_INVALID,
            "misbehave is an option of development nodes; the program for this node is another");
    for (; !s && switches && *switches; switches++) {
        s = self->spec->argument(self->host, node, "--misbehave");
        if (!s)
            s = self->spec->argument(self->host, node, *switches);
    }
    return s;
}

static assay_status render_command(struct nomos *self, uint32_t node)
{
    const struct nomos_node_options *overrides = self->topology->overrides(self->host, node);
    const bool is_executor = self->nodes[node].is_executor;
    char path[4096];
    assay_status s;

    (void)snprintf(path, sizeof(path), "%s/%s", self->spec->directory(self->host, node),
        is_executor ? self->revision->executor_config : self->revision->node_config);
    s = self->spec->argument(self->host, node, path);
    if (!s && self->nodes[node].is_dev)
        s = add_words(self, node,
            (const char *const[]){"--role", is_executor ? "executor" : "validator", "--proofs",
                self->proofs == NOMOS_PROOFS_GROTH16 ? "groth16" : "development", "--revision",
                self->revision->name, NULL},
            self->spec->argument);
    if (!s && overrides)
        s = add_misbehaviour(self, node, overrides->misbehave);
    if (!s && overrides)
        s = add_words(self, node, overrides->args, self->spec->argument);
    if (!s)
        s = preflight_environment(self, node);
    if (!s && overrides)
        s = add_words(self, node, overrides->env, self->spec->environment);
    return s;
}

static assay_status collect_endpoints(struct nomos *self)
{
    for (uint32_t node = 0; node < self->node_count; node++) {
        for (uint32_t port = 0; port < PORT_COUNT; port++) {
            assay_endpoint *endpoint = &self->nodes[node].ports[port];
            assay_status s;

            endpoint->struct_size = sizeof(*endpoint);
            s = self->spec->endpoint(self->host, node, port, endpoint);
            if (s)
                return s;
        }
    }
    return ASSAY_OK;
}

static assay_status render(void *arg, assay_task *task)
{
    struct nomos *self = arg;
    assay_status s = collect_endpoints(self);

    if (!s)
        s = network_make_genesis(self, task);
    /* Only now: proofs may have taken minutes, in which nobody was there to lead. */
    self->chain_start_unix_ns = self->clock->unix_ns(self->host);
    if (!s)
        config_prepare(self);
    if (!s && container_is_needed(self))
        return container_render(self);
    for (uint32_t node = 0; !s && node < self->node_count; node++) {
        s = config_render(self, node);
        if (!s)
            s = render_command(self, node);
    }
    return s;
}

/* ---- what is offered ---- */

static const void *service(void *arg, const char *id)
{
    struct nomos *self = arg;

    return strcmp(id, ASSAY_TRANSFER) == 0 ? &self->transfer : da_service(self, id);
}

static const assay_system_ops system_ops = {.struct_size = sizeof(assay_system_ops),
    .plan = plan,
    .render = render,
    .ready = nomos_ready,
    .follow = nomos_follow,
    .service = service};

ASSAY_PLUGIN(nomos, ASSAY_SYSTEM, "assay.nomos", "1.0.0",
    "Networks of Nomos (Logos blockchain) nodes: validators and executors",
    ASSAY_OPTIONS(struct nomos_options, options),
    ASSAY_NODE_OPTIONS(struct nomos_node_options, node_options), .needs = needs, .offers = offers,
    .create = create, .destroy = destroy, .system = &system_ops);
ASSAY_LIBRARY("assay-nomos", "1.0.0", "Apache-2.0", &nomos);

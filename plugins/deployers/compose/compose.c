/* assay.compose - brings the nodes up as containers, by Docker Compose.

   What is made is found again by its label, and a journalled command removes it whatever becomes of
   this process. compose.md says what a user needs to know. */
#include "compose.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <assay/sdk.h>

#include "engine.h"

#define PATIENCE_DEFAULT (180 * ASSAY_SECOND)

enum {
    UP_TRIES = 3, /* with other ports, when somebody took one meanwhile */
    SLOW_FACTOR = 2
};

static const char any_address[] = "0.0.0.0", loopback[] = "127.0.0.1";
static const char default_image[] = "nomos-testnet:local";
static const char default_prometheus[] = "prom/prometheus:v3.0.1";
static const char default_grafana[] = "grafana/grafana:10.4.1";

const char *compose_setting(const struct compose *self, const char *name)
{
    const char *value = self->deployment->variable(self->host, name);

    return value && value[0] ? value : NULL;
}

const char *compose_node_name(const struct compose *self, uint32_t node)
{
    return self->deployment->spec(self->host, node)->name;
}

void compose_container(const struct compose *self, const char *service, char out[COMPOSE_NAME_SIZE])
{
    (void)snprintf(out, COMPOSE_NAME_SIZE, "%.180s-%.60s", self->project, service);
}

/* ---- life ---- */

static uint32_t is_slow_machine(const struct compose *self)
{
    const char *value = self->deployment->variable(self->host, "SLOW_TEST_ENV");

    return value && !strcmp(value, "true");
}

/* The option, else the contract's variable in whole seconds, else its default. */
static assay_status choose_patience(struct compose *self)
{
    const char *text = compose_setting(self, "COMPOSE_RUNNER_HTTP_TIMEOUT_SECS");
    char *end = NULL;
    unsigned long seconds;

    self->patience = self->options.patience ? self->options.patience : PATIENCE_DEFAULT;
    if (!self->options.patience && text) {
        seconds = strtoul(text, &end, 10);
        if (*end || seconds < 1 || seconds > 86400)
            return assay_fail_f(self->host, ASSAY_E_INVALID,
                "COMPOSE_RUNNER_HTTP_TIMEOUT_SECS is '%.60s'; it must be whole seconds from 1 to "
                "86400",
                text);
        self->patience = (assay_ns)seconds * ASSAY_SECOND;
    }
    self->up_limit = self->options.up_limit;
    if (is_slow_machine(self)) {
        self->patience *= SLOW_FACTOR;
        self->up_limit *= SLOW_FACTOR;
    }
    return ASSAY_OK;
}

/* A project's name has small letters, digits, dashes and underscores alone. */
static void name_project(struct compose *self)
{
    char *at = self->project + snprintf(self->project, sizeof(self->project), "assay-");

    for (const char *c = self->run_id; *c && at < self->project + 180; c++) {
        const unsigned char lower = (unsigned char)tolower((unsigned char)*c);

        *at++ =
            (lower >= 'a' && lower <= 'z') || (lower >= '0' && lower <= '9') ? (char)lower : '-';
    }
    *at = '\0';
}

static void destroy(void *arg)
{
    struct compose *self = arg;

    if (!self)
        return;
    free(self->ports);
    free(self->watched);
    free(self);
}

static assay_status begin(struct compose *self)
{
    assay_run_facts facts = ASSAY_RECORD(assay_run_facts);
    assay_status s = assay_run_of(self->host)->facts(self->host, &facts);

    if (s)
        return s;
    self->run_id = facts.id;
    self->zero_unix_ns = self->clock->unix_ns(self->host) - self->clock->now(self->host);
    name_project(self);
    self->ports = calloc(self->node_count + 1, sizeof(*self->ports));
    self->watched = calloc(self->node_count + 1, sizeof(*self->watched));
    if (!self->ports || !self->watched)
        return self->host->fail(self->host, ASSAY_E_NOMEM, "out of memory");
    s = choose_patience(self);
    return s ? s : engine_find(self);
}

static assay_status create(const assay_host *host, const void *given, void **out)
{
    struct compose *self = calloc(1, sizeof(*self));
    assay_status s;

    if (!self)
        return host->fail(host, ASSAY_E_NOMEM, "out of memory");
    self->host = host;
    self->clock = assay_clock_of(host);
    self->deployment = assay_deployment_of(host);
    self->http = assay_http_of(host);
    self->json = assay_json_of(host);
    self->topology = assay_topology_of(host);
    self->options = *(const struct compose_options *)given;
    self->node_count = self->topology->node_count(host);
    s = begin(self);
    if (s)
        destroy(self);
    else
        *out = self;
    return s;
}

/* ---- images ---- */

static assay_status need_image(struct compose *self, assay_task *task, const char *image)
{
    uint32_t is_there = 0;
    assay_status s = engine_has_image(self, task, image, &is_there);

    if (s || is_there)
        return s;
    if (self->options.build && !strcmp(image, default_image))
        return programs_build_image(self, task);
    return assay_fail_f(self->host, ASSAY_E_NOTFOUND,
        "the engine has no image %s, which the nodes need: pull it, build it "
        "(assets/stack/scripts/build_test_image.sh), or name another (option image of the system, "
        "or NOMOS_TESTNET_IMAGE)",
        image);
}

static assay_status need_images(struct compose *self, assay_task *task)
{
    const char *last = "";

    for (uint32_t node = 0; node < self->node_count; node++) {
        const char *image = self->deployment->spec(self->host, node)->image;
        assay_status s;

        if (!image[0])
            return assay_fail_f(self->host, ASSAY_E_INVALID,
                "%s has no container image; its system names none", compose_node_name(self, node));
        if (!strcmp(image, last)) /* almost always all the same */
            continue;
        s = need_image(self, task, image);
        if (s)
            return s;
        last = image;
    }
    return ASSAY_OK;
}

/* Does a store go with the nodes? "auto": if its image is there. */
static assay_status choose_store(
    struct compose *self, assay_task *task, struct compose_store *store, const char *wanted)
{
    uint32_t is_there = 0;
    assay_status s;

    store->is_wanted = 0;
    if (!strcmp(wanted, "no"))
        return ASSAY_OK;
    s = engine_has_image(self, task, store->image, &is_there);
    if (s)
        return s;
    if (!is_there && !strcmp(wanted, "yes"))
        return assay_fail_f(self->host, ASSAY_E_NOTFOUND,
            "the engine has no image %s; pull it, or name another (options prometheus_image and "
            "grafana_image)",
            store->image);
    if (!is_there)
        assay_log_f(
            self->host, ASSAY_INFO, "no metrics are gathered: there is no image %s", store->image);
    store->is_wanted = is_there;
    return ASSAY_OK;
}

static assay_status choose_stores(struct compose *self, assay_task *task)
{
    const struct compose_options *options = &self->options;
    assay_status s;

    self->prometheus.image =
        options->prometheus_image[0] ? options->prometheus_image : default_prometheus;
    self->grafana.image = options->grafana_image[0] ? options->grafana_image : default_grafana;
    s = choose_store(self, task, &self->prometheus, options->prometheus);
    return s ? s : choose_store(self, task, &self->grafana, options->grafana ? "yes" : "no");
}

/* ---- ports ---- */

/* A port of TCP alone is one for the runner to ask at: it gets a number on this machine. The others are
   for the nodes among themselves. */
static assay_status bind_port(struct compose *self, uint32_t node, uint32_t index)
{
    const assay_node_spec *spec = self->deployment->spec(self->host, node);
    const assay_port *port = ASSAY_AT(assay_port, spec->ports, spec->port_stride, index);
    const char *runner = compose_setting(self, "COMPOSE_RUNNER_HOST");
    assay_endpoint endpoint = ASSAY_RECORD_WITH(assay_endpoint, .bind_ip = any_address,
        .peer_ip = "", .runner_ip = "", .bind_port = port->container_port,
        .peer_port = port->container_port, .runner_port = port->container_port);

    self->ports[node][index] = 0;
    if (port->protocol == ASSAY_TCP) {
        const assay_status s =
            self->deployment->free_port(self->host, ASSAY_TCP, &self->ports[node][index]);

        if (s)
            return s;
        endpoint.runner_ip = runner ? runner : loopback;
        endpoint.runner_port = self->ports[node][index];
    }
    return self->deployment->bind(self->host, node, index, &endpoint);
}

/* The option, else the contract's variable; any free one without both. */
static assay_status choose_store_port(
    struct compose *self, struct compose_store *store, int64_t option, const char *variable)
{
    const char *text = compose_setting(self, variable);
    char *end = NULL;
    unsigned long port = (unsigned long)option;

    if (!store->is_wanted)
        return ASSAY_OK;
    if (!port && text) {
        port = strtoul(text, &end, 10);
        if (*end || port < 1 || port > 65535)
            return assay_fail_f(self->host, ASSAY_E_INVALID, "%s is '%.60s'; it must be 1 to 65535",
                variable, text);
    }
    store->port = (uint32_t)port;
    store->is_fixed = port != 0;
    return port ? ASSAY_OK : self->deployment->free_port(self->host, ASSAY_TCP, &store->port);
}

static assay_status bind_all(struct compose *self)
{
    assay_status s = ASSAY_OK;

    for (uint32_t node = 0; !s && node < self->node_count; node++) {
        const size_t count = self->deployment->spec(self->host, node)->port_count;

        if (count > COMPOSE_PORTS_MAX)
            return self->host->fail(self->host, ASSAY_E_INVALID, "a node has more than 16 ports");
        for (uint32_t index = 0; !s && index < count; index++)
            s = bind_port(self, node, index);
    }
    if (!s)
        s = choose_store_port(self, &self->prometheus, self->options.prometheus_port,
            "TEST_FRAMEWORK_PROMETHEUS_PORT");
    return s ? s : choose_store_port(self, &self->grafana, 0, "COMPOSE_GRAFANA_PORT");
}

/* ---- deploying ---- */

/* Before anything is made: what a person can put right. */
static assay_status check(struct compose *self, assay_task *task)
{
    assay_status s = engine_check(self, task);

    if (!s)
        s = programs_find(self, task);
    if (!s)
        s = need_images(self, task);
    return s ? s : choose_stores(self, task);
}

static uint32_t is_preserved(const struct compose *self)
{
    return self->options.preserve ||
        self->deployment->variable(self->host, "COMPOSE_RUNNER_PRESERVE") != NULL ||
        self->deployment->variable(self->host, "TESTNET_RUNNER_PRESERVE") != NULL;
}

static assay_status journal(struct compose *self)
{
    const char *script = self->deployment->asset(self->host, "stack/scripts/sweep.sh");
    const char *const words[] = {"sh", script, self->engine, self->run_id, NULL};

    if (!script)
        return self->host->fail(self->host, ASSAY_E_NOTFOUND,
            "stack/scripts/sweep.sh is not among the assets; is assay installed whole?");
    if (is_preserved(self))
        return ASSAY_OK;
    return self->deployment->undo(self->host, words);
}

/* One attempt, with ports that were free a moment ago. */
static assay_status bring_up(struct compose *self, assay_task *task)
{
    assay_status s = bind_all(self);

    if (!s)
        s = self->deployment->render(task);
    if (!s)
        s = stack_write(self);
    /* Held until here, so that no other program is given one of these numbers. */
    self->deployment->release_ports(self->host);
    if (s)
        return s;
    self->is_up = 1;
    return programs_up(self, task);
}

static assay_status bring_up_somehow(struct compose *self, assay_task *task)
{
    assay_status s = bring_up(self, task);

    for (int tries = 1; s == ASSAY_E_LAGGED && tries < UP_TRIES; tries++) {
        self->host->log(self->host, ASSAY_WARN,
            "a port was taken by somebody else meanwhile; trying with other ports");
        s = programs_down(self, task);
        if (!s)
            s = bring_up(self, task);
    }
    return s;
}

static assay_status announce_metrics(struct compose *self)
{
    const char *host = compose_setting(self, "COMPOSE_RUNNER_HOST");
    char url[COMPOSE_NAME_SIZE];
    assay_status s = ASSAY_OK;

    if (self->grafana.is_wanted) {
        (void)snprintf(
            url, sizeof(url), "http://%.200s:%u", host ? host : loopback, self->grafana.port);
        s = self->deployment->dashboard_at(self->host, url);
    }
    if (s || !self->prometheus.is_wanted)
        return s;
    (void)snprintf(
        url, sizeof(url), "http://%.200s:%u", host ? host : loopback, self->prometheus.port);
    return self->deployment->metrics_at(self->host, url);
}

static assay_status prepare(void *arg, assay_task *task)
{
    struct compose *self = arg;
    assay_status s = check(self, task);

    if (!s)
        s = journal(self);
    if (!s)
        s = network_make(self, task);
    if (!s)
        s = bring_up_somehow(self, task);
    if (!s)
        s = announce_metrics(self);
    return s ? s : self->deployment->await_ready(task, self->patience, self->options.limit);
}

static assay_status finish(void *arg, assay_task *task)
{
    struct compose *self = arg;

    if (!self->is_up)
        return ASSAY_OK;
    logs_collect_all(self, task);
    if (is_preserved(self)) {
        assay_log_f(self->host, ASSAY_WARN,
            "kept as asked for: project %s, %s. Remove it with: sh %s %s %s", self->project,
            self->file, self->deployment->asset(self->host, "stack/scripts/sweep.sh"), self->engine,
            self->run_id);
        return ASSAY_OK;
    }
    return programs_down(self, task);
}

static const assay_option options[] = {
    ASSAY_OPTION_SPAN(struct compose_options, patience, "0s", "0s..24h",
        "How long a node may go without progress until it is ready. 0s: "
        "COMPOSE_RUNNER_HTTP_TIMEOUT_SECS of the environment, else 180 s. Twice that when "
        "SLOW_TEST_ENV is true."),
    ASSAY_OPTION_SPAN(struct compose_options, limit, "0s", "0s..24h",
        "How long all nodes together may take to be ready; 0s: no limit but patience."),
    ASSAY_OPTION_SPAN(struct compose_options, up_limit, "120s", "1s..24h",
        "How long docker compose up may take; twice that when SLOW_TEST_ENV is true."),
    ASSAY_OPTION_SPAN(struct compose_options, stop_patience, "10s", "0s..10m",
        "In a restart, time between asking a node to stop and killing it; in whole seconds."),
    ASSAY_OPTION_TEXT(struct compose_options, engine, "",
        "The container engine: unix:///path or tcp://host:port. Default: DOCKER_HOST, else "
        "unix:///var/run/docker.sock."),
    ASSAY_OPTION_CHOICE(struct compose_options, compose, "auto", "auto|v2|v1",
        "Which Docker Compose: v2 (docker compose), v1 (docker-compose), or what there is."),
    ASSAY_OPTION_CHOICE(struct compose_options, prometheus, "auto", "auto|yes|no",
        "Whether a Prometheus gathers the nodes' metrics; auto: if its image is there."),
    ASSAY_OPTION_TEXT(struct compose_options, prometheus_image, "",
        "Image of Prometheus, 2.47 or later. Default: prom/prometheus:v3.0.1."),
    ASSAY_OPTION_TEXT(
        struct compose_options, metrics_path, "/metrics", "Where nodes show their metrics."),
    ASSAY_OPTION_INT(struct compose_options, prometheus_port, "0", "0..65535",
        "Port of Prometheus on this machine. 0: TEST_FRAMEWORK_PROMETHEUS_PORT, else a free one."),
    ASSAY_OPTION_BOOL(
        struct compose_options, grafana, "no", "Whether a Grafana shows what Prometheus has."),
    ASSAY_OPTION_TEXT(struct compose_options, grafana_image, "",
        "Image of Grafana. Default: grafana/grafana:10.4.1."),
    ASSAY_OPTION_BOOL(struct compose_options, build, "yes",
        "Build the image nomos-testnet:local when it is not there."),
    ASSAY_OPTION_BOOL(struct compose_options, preserve, "no",
        "Keep containers and network after the run; TESTNET_RUNNER_PRESERVE and "
        "COMPOSE_RUNNER_PRESERVE say the same."),
};
static const char *const needs[] = {
    ASSAY_CLOCK, ASSAY_DEPLOYMENT, ASSAY_HTTP, ASSAY_JSON, ASSAY_RUN, ASSAY_TOPOLOGY, NULL};

ASSAY_PLUGIN(compose_deployer, ASSAY_DEPLOYER, "assay.compose", "0.1.0",
    "Runs the nodes as containers, by Docker Compose",
    ASSAY_OPTIONS(struct compose_options, options), .needs = needs, .create = create,
    .destroy = destroy, .prepare = prepare, .finish = finish, .deployer = &compose_ops);
ASSAY_LIBRARY("assay-compose", "0.1.0", "Apache-2.0", &compose_deployer);

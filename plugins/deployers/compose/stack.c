/* The files that Compose reads. The templates are assets; here is what goes into them. Lists and
   mappings are written in the form of JSON, which is YAML. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <assay/sdk.h>

#include "compose.h"
#include "template.h"

enum {
    PROMETHEUS_PORT = 9090, /* inside; also what the contract's URL for pushing metrics names */
    GRAFANA_PORT = 3000,
    VALUES_MAX = 16
};

/* The values of one service, which own their texts. */
struct service {
    const char *section;
    struct template_value values[VALUES_MAX];
    struct text texts[VALUES_MAX];
    size_t count;
};

struct stack {
    struct compose *self;
    struct service *services;
    size_t count, room;
    uint32_t next_address;
};

/* ---- one service ---- */

static struct service *service_new(struct stack *stack, const char *section)
{
    struct service *service = &stack->services[stack->count++];

    service->section = section;
    return service;
}

/* A value of that name; what the text gets is what the template shows. */
static struct text *value(struct service *service, const char *name)
{
    service->values[service->count].name = name;
    return &service->texts[service->count++];
}

static void words(struct text *out, const char *const *list)
{
    text_add(out, "[");
    for (size_t i = 0; list && list[i]; i++) {
        text_add(out, i ? ", " : "");
        text_quote(out, list[i]);
    }
    text_add(out, "]");
}

/* Of two assignments of a name the later one counts, as in a shell. */
static uint32_t is_overridden(const char *const *rest, const char *assignment)
{
    const size_t length = strcspn(assignment, "=") + 1;

    for (; *rest; rest++) {
        if (strncmp(*rest, assignment, length) == 0)
            return 1;
    }
    return 0;
}

/* {"NAME": "value"} of a list of NAME=value. */
static void environment(struct text *out, const char *const *list)
{
    const char *comma = "";

    text_add(out, "{");
    for (size_t i = 0; list && list[i]; i++) {
        const char *equals = strchr(list[i], '=');
        struct text name = {.bytes = NULL};

        if (!equals || is_overridden(list + i + 1, list[i]))
            continue;
        text_add_n(&name, list[i], (size_t)(equals - list[i]));
        text_add(out, comma);
        text_quote(out, text_get(&name));
        text_add(out, ": ");
        text_quote(out, equals + 1);
        out->failed |= name.failed;
        text_done(&name);
        comma = ", ";
    }
    text_add(out, "}");
}

static void labels(const struct compose *self, struct text *out, const char *role, uint32_t node)
{
    text_addf(out, "{\"%s\": ", COMPOSE_LABEL);
    text_quote(out, self->run_id);
    text_add(out, ", \"io.assay.role\": ");
    text_quote(out, role);
    if (node != ASSAY_NO_NODE)
        text_addf(out, ", \"%s\": \"%u\"", COMPOSE_NODE_LABEL, node);
    text_add(out, "}");
}

/* What every service has. */
static struct service *common(
    struct stack *stack, const char *section, const char *name, const char *image)
{
    struct service *service = service_new(stack, section);
    char container[COMPOSE_NAME_SIZE], address[16];

    compose_container(stack->self, name, container);
    network_address(stack->self, stack->next_address++, address);
    text_add(value(service, "name"), name);
    text_quote(value(service, "container"), container);
    text_quote(value(service, "image"), image);
    text_add(value(service, "address"), address);
    return service;
}

/* ["127.0.0.1:20001:18080"] */
static void publish(struct text *out, uint32_t outside, uint32_t inside, const char *comma)
{
    text_addf(out, "%s\"127.0.0.1:%u:%u\"", comma, outside, inside);
}

/* A file of the workspace, as a volume that cannot be written to. */
static void mount(struct stack *stack, struct text *out, const char *path, const char *inside)
{
    struct text volume = {.bytes = NULL};

    text_addf(&volume, "%s/%s:%s:ro", stack->self->deployment->workspace(stack->self->host), path,
        inside);
    text_quote(out, text_get(&volume));
    out->failed |= volume.failed;
    text_done(&volume);
}

/* ---- programs beside the nodes ---- */

/* A path as a name, so that the file lies beside the others, and stays after the run as they do. */
static void add_flat(struct text *out, const char *path)
{
    for (; *path; path++)
        text_add_n(out, *path == '/' ? "-" : path, 1);
}

static assay_status write_support_files(
    struct stack *stack, const assay_support *support, struct text *volumes)
{
    struct compose *self = stack->self;
    assay_status s = ASSAY_OK;

    text_add(volumes, "[");
    for (size_t i = 0; !s && i < support->file_count; i++) {
        const assay_file *file = ASSAY_AT(assay_file, support->files, support->file_stride, i);
        struct text path = {.bytes = NULL}, inside = {.bytes = NULL};

        text_addf(&path, "stack/%s-", support->name);
        add_flat(&path, file->path);
        text_addf(&inside, "%s/%s", support->directory, file->path);
        s = self->deployment->file(self->host, text_get(&path), file->bytes, file->mode);
        text_add(volumes, i ? ", " : "");
        mount(stack, volumes, text_get(&path), text_get(&inside));
        volumes->failed |= path.failed | inside.failed;
        text_done(&path);
        text_done(&inside);
    }
    text_add(volumes, "]");
    return s;
}

static assay_status add_support(struct stack *stack, const assay_support *support)
{
    const struct compose *self = stack->self;
    const char *image = support->image;
    struct service *service;

    if (!image)
        image = self->deployment->spec(self->host, 0)->image;
    service = common(stack, "support", support->name, image);
    words(value(service, "command"), support->argv);
    environment(value(service, "environment"), support->env);
    labels(self, value(service, "labels"), "support", ASSAY_NO_NODE);
    return write_support_files(stack, support, value(service, "volumes"));
}

/* ---- nodes ---- */

/* Node contract 6.2: the machine's name for containers, unless it is switched off. */
static void extra_hosts(const struct compose *self, struct text *out)
{
    const char *entry = self->deployment->variable(self->host, "COMPOSE_RUNNER_HOST_GATEWAY");
    const char *gateway = compose_setting(self, "DOCKER_HOST_GATEWAY");
    struct text host = {.bytes = NULL};

    if (entry)
        text_add(&host, strcmp(entry, "disable") ? entry : "");
    else
        text_addf(&host, "host.docker.internal:%s", gateway ? gateway : "host-gateway");
    text_add(out, "[");
    if (*text_get(&host))
        text_quote(out, text_get(&host));
    text_add(out, "]");
    out->failed |= host.failed;
    text_done(&host);
}

/* A node's files are mounted where they are: then their paths, which the system has written into
   configurations, are right inside as well. */
static assay_status node_files(
    struct compose *self, uint32_t node, const assay_node_spec *spec, struct text *volumes)
{
    const char *directory = self->deployment->directory(self->host, node);
    assay_status s = ASSAY_OK;

    text_add(volumes, "[");
    if (spec->file_count > 0) {
        struct text volume = {.bytes = NULL};

        s = self->deployment->write_files(self->host, node);
        text_addf(&volume, "%s:%s", directory, directory);
        text_quote(volumes, text_get(&volume));
        volumes->failed |= volume.failed;
        text_done(&volume);
    }
    text_add(volumes, "]");
    return s;
}

static void published_ports(
    const struct compose *self, uint32_t node, const assay_node_spec *spec, struct text *out)
{
    const char *comma = "";

    text_add(out, "[");
    for (size_t i = 0; i < spec->port_count; i++) {
        const assay_port *port = ASSAY_AT(assay_port, spec->ports, spec->port_stride, i);

        if (!self->ports[node][i])
            continue;
        publish(out, self->ports[node][i], port->container_port, comma);
        comma = ", ";
    }
    text_add(out, "]");
}

static assay_status add_node(struct stack *stack, uint32_t node)
{
    struct compose *self = stack->self;
    const assay_node_spec *spec = self->deployment->spec(self->host, node);
    struct service *service = common(stack, "node", spec->name, spec->image);
    /* The one image of the contract that exists for one kind of machine alone. */
    const char *platform =
        strcmp(spec->image, "ghcr.io/logos-co/nomos:testnet") ? "" : "platform: linux/amd64";

    words(value(service, "command"), spec->argv);
    environment(value(service, "environment"), spec->env);
    labels(self, value(service, "labels"), spec->role, node);
    text_add(value(service, "platform"), platform);
    extra_hosts(self, value(service, "extra_hosts"));
    published_ports(self, node, spec, value(service, "ports"));
    return node_files(self, node, spec, value(service, "volumes"));
}

/* ---- metrics ---- */

/* Prometheus 3 has a flag of its own for what was a feature before. */
static uint32_t is_version_3(const char *image)
{
    const char *tag = strrchr(image, ':');

    return tag && (!strncmp(tag, ":v3", 3) || !strncmp(tag, ":3", 2));
}

static void add_prometheus(struct stack *stack)
{
    struct compose *self = stack->self;
    const char *const command[] = {"--config.file=/etc/prometheus/prometheus.yml",
        "--storage.tsdb.path=/prometheus", "--storage.tsdb.retention.time=7d",
        is_version_3(self->prometheus.image) ? "--web.enable-otlp-receiver"
                                             : "--enable-feature=otlp-write-receiver",
        NULL};
    struct service *service = common(stack, "prometheus", "prometheus", self->prometheus.image);
    struct text *volumes = value(service, "volumes"), *ports = value(service, "ports");

    words(value(service, "command"), command);
    labels(self, value(service, "labels"), "prometheus", ASSAY_NO_NODE);
    text_add(volumes, "[");
    mount(stack, volumes, "stack/prometheus.yml", "/etc/prometheus/prometheus.yml");
    text_add(volumes, "]");
    text_add(ports, "[");
    publish(ports, self->prometheus.port, PROMETHEUS_PORT, "");
    text_add(ports, "]");
}

/* A file of the assets, put into the workspace and mounted. */
static assay_status mount_asset(
    struct stack *stack, struct text *volumes, const char *name, const char *inside)
{
    struct compose *self = stack->self;
    assay_bytes content = {.data = NULL};
    char path[COMPOSE_NAME_SIZE];
    assay_status s;

    (void)snprintf(path, sizeof(path), "stack/%s", name);
    s = self->deployment->asset_text(self->host, path, &content);
    if (!s)
        s = self->deployment->file(self->host, path, content, 0644);
    mount(stack, volumes, path, inside);
    return s;
}

static assay_status add_grafana(struct stack *stack)
{
    struct compose *self = stack->self;
    struct service *service = common(stack, "grafana", "grafana", self->grafana.image);
    struct text *volumes = value(service, "volumes"), *ports = value(service, "ports");
    assay_status s;

    labels(self, value(service, "labels"), "grafana", ASSAY_NO_NODE);
    text_add(ports, "[");
    publish(ports, self->grafana.port, GRAFANA_PORT, "");
    text_add(ports, "]");
    text_add(volumes, "[");
    s = mount_asset(stack, volumes, "grafana/datasources.yaml",
        "/etc/grafana/provisioning/datasources/assay.yaml");
    text_add(volumes, ", ");
    if (!s)
        s = mount_asset(stack, volumes, "grafana/dashboards.yaml",
            "/etc/grafana/provisioning/dashboards/assay.yaml");
    text_add(volumes, ", ");
    if (!s)
        s = mount_asset(stack, volumes, "grafana/dashboards/nodes.json",
            "/var/lib/grafana/dashboards/nodes.json");
    text_add(volumes, "]");
    return s;
}

/* ---- the files ---- */

/* Fills the asset in and writes the result into the workspace. */
static assay_status fill_file(
    struct compose *self, const char *asset, const char *path, const struct template_data *data)
{
    struct text out = {.bytes = NULL};
    assay_bytes source = {.data = NULL};
    char why[200] = "";
    assay_status s = self->deployment->asset_text(self->host, asset, &source);

    if (s)
        return s;
    s = template_fill(source.data, data, &out, why);
    if (s)
        s = assay_fail_f(self->host, s, "%s: %s", asset, why);
    else
        s = self->deployment->file(
            self->host, path, (assay_bytes){.data = out.bytes, .size = out.size}, 0644);
    text_done(&out);
    return s;
}

static assay_status write_compose_file(struct stack *stack)
{
    struct compose *self = stack->self;
    const struct template_value network = {.name = "network", .text = self->project};
    struct template_item *items = calloc(stack->count + 1, sizeof(*items));
    assay_status s = ASSAY_OK;

    if (!items)
        return self->host->fail(self->host, ASSAY_E_NOMEM, "out of memory");
    for (size_t i = 0; i < stack->count; i++) {
        struct service *service = &stack->services[i];

        for (size_t j = 0; j < service->count; j++) {
            if (service->texts[j].failed)
                s = ASSAY_E_NOMEM;
            service->values[j].text = text_get(&service->texts[j]);
        }
        items[i] = (struct template_item){
            .section = service->section, .values = service->values, .value_count = service->count};
    }
    items[stack->count] =
        (struct template_item){.section = "", .values = &network, .value_count = 1};
    if (s)
        (void)self->host->fail(self->host, s, "out of memory");
    else
        s = fill_file(self, "stack/docker-compose.yml.in", "stack/compose.yml",
            &(const struct template_data){.items = items, .item_count = stack->count + 1});
    free(items);
    return s;
}

/* One node's job: its API answers with metrics. */
struct job {
    struct template_value values[3];
    char target[COMPOSE_NAME_SIZE];
};

static assay_status write_prometheus_file(struct compose *self)
{
    struct job *jobs = calloc(self->node_count + 1, sizeof(*jobs));
    struct template_item *items = calloc(self->node_count + 1, sizeof(*items));
    assay_status s = ASSAY_E_NOMEM;

    for (uint32_t node = 0; jobs && items && node < self->node_count; node++) {
        const assay_node_spec *spec = self->deployment->spec(self->host, node);
        const assay_port *api = ASSAY_AT(assay_port, spec->ports, spec->port_stride, 0);
        struct job *job = &jobs[node];

        (void)snprintf(job->target, sizeof(job->target), "\"%.200s:%u\"", spec->name,
            spec->port_count ? api->container_port : 80u);
        job->values[0] = (struct template_value){"name", spec->name};
        job->values[1] = (struct template_value){"path", self->options.metrics_path};
        job->values[2] = (struct template_value){"target", job->target};
        items[node] =
            (struct template_item){.section = "node", .values = job->values, .value_count = 3};
    }
    if (jobs && items)
        s = fill_file(self, "stack/prometheus.yml.in", "stack/prometheus.yml",
            &(const struct template_data){.items = items, .item_count = self->node_count});
    else
        (void)self->host->fail(self->host, s, "out of memory");
    free(jobs);
    free(items);
    return s;
}

static assay_status gather(struct stack *stack)
{
    struct compose *self = stack->self;
    const assay_support *support;
    assay_status s = ASSAY_OK;

    for (uint32_t i = 0; !s && (support = self->deployment->support(self->host, i)); i++)
        s = add_support(stack, support);
    for (uint32_t node = 0; !s && node < self->node_count; node++)
        s = add_node(stack, node);
    if (!s && self->prometheus.is_wanted)
        add_prometheus(stack);
    if (!s && self->grafana.is_wanted)
        s = add_grafana(stack);
    return s;
}

assay_status stack_write(struct compose *self)
{
    struct stack stack = {.self = self, .room = self->node_count + COMPOSE_SUPPORTS_MAX + 2};
    assay_status s;

    stack.services = calloc(stack.room, sizeof(*stack.services));
    if (!stack.services)
        return self->host->fail(self->host, ASSAY_E_NOMEM, "out of memory");
    s = gather(&stack);
    if (!s)
        s = write_compose_file(&stack);
    if (!s && self->prometheus.is_wanted)
        s = write_prometheus_file(self);
    for (size_t i = 0; i < stack.count; i++)
        for (size_t j = 0; j < stack.services[i].count; j++)
            text_done(&stack.services[i].texts[j]);
    free(stack.services);
    (void)snprintf(self->file, sizeof(self->file), "%s/stack/compose.yml",
        self->deployment->workspace(self->host));
    return s;
}

#include "plugins/systems/nomos/container.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "nomos/document.h"

enum {
    PORT_DEFAULT = 4400,
    /* How long a node waits for the others before it asks anew: longer than a slow machine needs to
       start the last of them. */
    TIMEOUT_S = 300,
    ASSIGNMENT_SIZE = 1024
};

static const char server_script[] = "/etc/nomos/scripts/run_cfgsync.sh";
static const char settings_directory[] = "/etc/nomos", settings_name[] = "cfgsync.yaml";
static const char server_name[] = "cfgsync";
static const char default_kzg_path[] = "/kzgrs_test_params/kzgrs_test_params";

bool container_is_needed(const struct nomos *self)
{
    if (self->is_from_image)
        return true;
    for (uint32_t node = 0; node < self->node_count; node++) {
        for (int port = 0; port < PORT_COUNT; port++) {
            if (self->nodes[node].ports[port].peer_ip[0] == '\0')
                return true;
        }
    }
    return false;
}

/* The value of a variable, `otherwise` when it is not set or empty. */
static const char *setting(const struct nomos *self, const char *name, const char *otherwise)
{
    const char *value = nomos_variable(self, name);

    return value && value[0] != '\0' ? value : otherwise;
}

static assay_status read_port(const struct nomos *self, uint32_t *out)
{
    const char *text = setting(self, "NOMOS_CFGSYNC_PORT", NULL);
    char *end = NULL;
    unsigned long port = PORT_DEFAULT;

    if (text)
        port = strtoul(text, &end, 10);
    if (text && (*end || port < 1 || port > 65535)) {
        char why[200];

        (void)snprintf(
            why, sizeof(why), "NOMOS_CFGSYNC_PORT is '%.60s'; it must be 1 to 65535", text);
        return self->host->fail(self->host, ASSAY_E_INVALID, why);
    }
    *out = (uint32_t)port;
    return ASSAY_OK;
}

/* ---- cfgsync.yaml ---- */

static void write_accounts(const struct nomos *self, struct document *doc)
{
    const uint32_t count = self->topology->account_count(self->host);
    struct text list = {.bytes = NULL};

    text_add(&list, "[");
    for (uint32_t i = 0; i < count; i++) {
        assay_account account = {.struct_size = sizeof(account), .label = ""};
        char secret_key[HEX32_SIZE];

        (void)self->topology->account(self->host, i, &account);
        hex_from_fr(&self->wallet_keys[i].secret_key, secret_key);
        text_add(&list, i ? ", {label: \"" : "{label: \"");
        text_add(&list, account.label);
        text_add(&list, "\", secret_key: \"");
        text_add(&list, secret_key);
        text_add(&list, "\", value: ");
        text_add_u64(&list, account.funds);
        text_add(&list, "}");
    }
    text_add(&list, "]");
    document_map(doc, "wallet");
    document_written(doc, "accounts", list.bytes ? list.bytes : "", list.size);
    document_close(doc);
    if (!text_ok(&list))
        doc->out->failed = true;
    text_done(&list);
}

static void write_lists(const struct nomos *self, struct document *doc)
{
    struct text ids = {.bytes = NULL}, dials = {.bytes = NULL};

    text_add(&ids, "[");
    text_add(&dials, "[");
    for (uint32_t node = 0; node < self->node_count; node++) {
        const uint32_t count = self->topology->dial_count(self->host, node);

        text_add(&ids, node ? ", " : "");
        text_add_numbers(&ids, self->nodes[node].seed.bytes, 32);
        text_add(&dials, node ? ", [" : "[");
        for (uint32_t nth = 0; nth < count; nth++) {
            text_add(&dials, nth ? ", " : "");
            text_add_u64(&dials, self->topology->dial(self->host, node, nth));
        }
        text_add(&dials, "]");
    }
    text_add(&ids, "]");
    text_add(&dials, "]");
    document_written(doc, "ids", ids.bytes ? ids.bytes : "", ids.size);
    document_written(doc, "dials", dials.bytes ? dials.bytes : "", dials.size);
    if (!text_ok(&ids) || !text_ok(&dials))
        doc->out->failed = true;
    text_done(&ids);
    text_done(&dials);
}

static void write_da(const struct nomos *self, struct document *doc)
{
    const struct node_config_da *da = &self->network.da;

    document_u64(doc, "subnetwork_size", da->subnetwork_size);
    document_u64(doc, "dispersal_factor", da->dispersal_factor);
    document_u64(doc, "num_samples", da->num_samples);
    document_u64(doc, "num_subnets", da->num_subnets);
    document_bounded_span(doc, "old_blobs_check_interval", da->old_blobs_check_interval);
    document_bounded_span(doc, "blobs_validity_duration", da->blobs_validity);
    document_text(
        doc, "global_params_path", setting(self, "NOMOS_KZG_CONTAINER_PATH", default_kzg_path));
    document_u64(doc, "min_dispersal_peers", da->min_dispersal_peers);
    document_u64(doc, "min_replication_peers", da->min_replication_peers);
    document_bounded_span(doc, "monitor_failure_time_window", da->failure_time_window);
    document_bounded_span(doc, "balancer_interval", da->balancer_interval);
    document_map(doc, "replication_settings");
    document_u64(doc, "seen_message_cache_size", da->seen_message_cache_size);
    document_bounded_span(doc, "seen_message_ttl", da->seen_message_ttl);
    document_close(doc);
    document_u64(doc, "retry_shares_limit", da->shares_retry_limit);
    document_u64(doc, "retry_commitments_limit", da->commitments_retry_limit);
}

static void write_endpoint(struct document *doc, const char *key, const char *endpoint)
{
    if (!endpoint) {
        document_unit(doc, key, "None");
        return;
    }
    document_variant(doc, key, "Otlp");
    document_text(doc, "endpoint", endpoint);
    document_close(doc);
}

/* "a=b,c=d" as !EnvFilter {filters: {a: b, c: d}}. */
static void write_filter(struct document *doc, const char *filter)
{
    document_variant(doc, "filter", "EnvFilter");
    document_map(doc, "filters");
    while (*filter) {
        const size_t length = strcspn(filter, ",");
        const size_t target = strcspn(filter, "=");
        char pair[256];

        (void)snprintf(pair, sizeof(pair), "%.*s", (int)length, filter);
        if (target < length && length < sizeof(pair)) {
            pair[target] = '\0';
            document_text(doc, pair, pair + target + 1);
        }
        filter += length + (filter[length] == ',');
    }
    document_close(doc);
    document_close(doc);
}

/* What the runner's environment says of logs, traces and metrics; nothing is sent that it does not
   ask for. */
static void write_tracing(const struct nomos *self, struct document *doc)
{
    const char *filter = setting(self, "NOMOS_LOG_FILTER", NULL); /* checked in plan */

    document_map(doc, "tracing_settings");
    document_unit(doc, "logger", "Stdout");
    write_endpoint(doc, "tracing", setting(self, "NOMOS_OTLP_ENDPOINT", NULL));
    if (filter)
        write_filter(doc, filter);
    else
        document_unit(doc, "filter", "None");
    write_endpoint(doc, "metrics", setting(self, "NOMOS_OTLP_METRICS_ENDPOINT", NULL));
    document_unit(doc, "console", "None");
    document_unit(doc, "level", self->options.log_level);
    document_close(doc);
}

static void write_settings(const struct nomos *self, uint32_t port, struct text *out)
{
    struct document doc = document_begin(DOCUMENT_YAML, out);

    document_u64(&doc, "port", port);
    document_u64(&doc, "n_hosts", self->node_count);
    document_u64(&doc, "timeout", TIMEOUT_S);
    document_u64(&doc, "security_param", self->network.security_param);
    document_real(&doc, "active_slot_coeff", self->network.active_slot_coeff);
    document_bounded_span(&doc, "slot_duration", self->network.slot_duration);
    write_accounts(self, &doc);
    write_lists(self, &doc);
    write_da(self, &doc);
    write_tracing(self, &doc);
    document_end(&doc);
}

static assay_status declare_server(struct nomos *self, uint32_t port)
{
    static const char *const argv[] = {server_script, NULL};
    struct text settings = {.bytes = NULL};
    assay_file file = {.path = settings_name, .mode = 0644};
    const assay_support support = {.struct_size = sizeof(support),
        .name = server_name,
        .argv = argv,
        .directory = settings_directory,
        .files = &file,
        .file_count = 1,
        .file_stride = sizeof(file),
        .port = port};
    assay_status s;

    write_settings(self, port, &settings);
    file.bytes = (assay_bytes){.data = settings.bytes, .size = settings.size};
    if (text_ok(&settings))
        s = self->spec->support(self->host, &support);
    else
        s = self->host->fail(self->host, ASSAY_E_NOMEM, "the settings of cfgsync do not fit");
    text_done(&settings);
    return s;
}

/* ---- a node ---- */

__attribute__((format(printf, 3, 4))) static assay_status assign(
    struct nomos *self, uint32_t node, const char *format, ...)
{
    char text[ASSIGNMENT_SIZE];
    va_list args;
    int length;

    va_start(args, format);
    length = vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    if (length < 0 || (size_t)length >= sizeof(text))
        return self->host->fail(
            self->host, ASSAY_E_INVALID, "a variable for the nodes is longer than 1,000 bytes");
    return self->spec->environment(self->host, node, text);
}

static assay_status assign_ports(struct nomos *self, uint32_t node)
{
    static const char *const names[PORT_COUNT] = {[PORT_API] = "CFG_API_PORT",
        [PORT_TESTING] = "CFG_TESTING_HTTP_PORT",
        [PORT_NETWORK] = "CFG_NETWORK_PORT",
        [PORT_DA] = "CFG_DA_PORT",
        [PORT_BLEND] = "CFG_BLEND_PORT"};
    assay_status s = ASSAY_OK;

    for (int port = 0; !s && port < PORT_COUNT; port++)
        s = assign(self, node, "%s=%" PRIu32, names[port], self->nodes[node].ports[port].bind_port);
    return s;
}

/* What the contract's deployers hand on or set (node contract 7.2), in its words. */
static assay_status assign_contract(struct nomos *self, uint32_t node)
{
    const char *kzg = setting(self, "NOMOS_KZG_CONTAINER_PATH", default_kzg_path);
    const struct {
        const char *name, *otherwise;
    } passed_on[] = {
        {"POL_PROOF_DEV_MODE", "true"},
        {"RUST_LOG", "info"},
        {"NOMOS_LOG_LEVEL", self->options.log_level},
        {"NOMOS_TIME_BACKEND", "monotonic"},
        {"OTEL_METRIC_EXPORT_INTERVAL", "5000"},
    };
    assay_status s = assign(self, node, "NOMOS_KZGRS_PARAMS_PATH=%s", kzg);

    for (size_t i = 0; !s && i < sizeof(passed_on) / sizeof(passed_on[0]); i++)
        s = assign(self, node, "%s=%s", passed_on[i].name,
            setting(self, passed_on[i].name, passed_on[i].otherwise));
    return s;
}

/* The switches of a development node, which an image of real nodes takes no notice of. */
static assay_status assign_misbehaviour(
    struct nomos *self, uint32_t node, const char *const *switches)
{
    char list[ASSIGNMENT_SIZE] = "";
    size_t used = 0;

    for (; switches && *switches; switches++) {
        const int length =
            snprintf(list + used, sizeof(list) - used, "%s%s", used ? "," : "", *switches);

        if (length < 0 || (size_t)length >= sizeof(list) - used)
            return self->host->fail(
                self->host, ASSAY_E_INVALID, "misbehave is longer than 1,000 bytes");
        used += (size_t)length;
    }
    return used ? assign(self, node, "NOMOS_DEVNODE_MISBEHAVE=%s", list) : ASSAY_OK;
}

static assay_status add_overrides(struct nomos *self, uint32_t node)
{
    const struct nomos_node_options *own = self->topology->overrides(self->host, node);
    assay_status s = ASSAY_OK;

    if (!own)
        return ASSAY_OK;
    s = assign_misbehaviour(self, node, own->misbehave);
    for (const char *const *word = own->args; !s && word && *word; word++)
        s = self->spec->argument(self->host, node, *word);
    for (const char *const *word = own->env; !s && word && *word; word++)
        s = self->spec->environment(self->host, node, *word);
    return s;
}

static assay_status render_node(struct nomos *self, uint32_t node, uint32_t server_port)
{
    const struct nomos_node_options *own = self->topology->overrides(self->host, node);
    const char *level = own && own->log_level[0] != '\0' ? own->log_level : self->options.log_level;
    assay_node_info info = {.struct_size = sizeof(info)};
    assay_status s = self->topology->node(self->host, node, &info);

    if (!s)
        s = self->spec->binary(self->host, node,
            self->nodes[node].is_executor ? "/etc/nomos/scripts/run_nomos_executor.sh"
                                          : "/etc/nomos/scripts/run_nomos_node.sh");
    if (!s)
        s = assign(self, node, "CFG_SERVER_ADDR=http://%s:%" PRIu32, server_name, server_port);
    if (!s)
        s = assign(self, node, "CFG_HOST_IDENTIFIER=%s", info.name);
    /* An address that lasts longer than what runs there is the one to announce. */
    if (!s && self->nodes[node].ports[PORT_NETWORK].peer_ip[0] != '\0')
        s = assign(self, node, "CFG_HOST_IP=%s", self->nodes[node].ports[PORT_NETWORK].peer_ip);
    if (!s)
        s = assign(self, node, "LOG_LEVEL=%s", level);
    if (!s)
        s = assign_ports(self, node);
    if (!s)
        s = assign_contract(self, node);
    return s ? s : add_overrides(self, node);
}

assay_status container_render(struct nomos *self)
{
    uint32_t port = 0;
    assay_status s = read_port(self, &port);

    if (!s)
        s = declare_server(self, port);
    for (uint32_t node = 0; !s && node < self->node_count; node++)
        s = render_node(self, node, port);
    return s;
}

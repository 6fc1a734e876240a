#include "plugins/deployers/k8s/k8s.h"

#include <inttypes.h>

/* The chart's values (assets/helm/nomos-runner/values.yaml has what each means) as JSON, which is
   YAML. Errors are the stream's; whoever opened it asks once, at the end. */

void values_text(FILE *out, const char *text, size_t size)
{
    (void)fputc('"', out);
    for (size_t i = 0; i < size; i++) {
        const unsigned char c = (unsigned char)text[i];

        if (c == '"' || c == '\\')
            (void)fprintf(out, "\\%c", c);
        else if (c < 0x20 || c == 0x7F)
            (void)fprintf(out, "\\u%04x", c);
        else
            (void)fputc(c, out);
    }
    (void)fputc('"', out);
}

static void put_text(FILE *out, const char *text)
{
    values_text(out, text ? text : "", text ? strlen(text) : 0);
}

static void put_pair(FILE *out, const char *key, const char *value)
{
    put_text(out, key);
    (void)fputc(':', out);
    put_text(out, value);
}

/* ---- lists of options ---- */

static void put_words(FILE *out, const char *const *words)
{
    (void)fputc('[', out);
    for (size_t i = 0; words && words[i]; i++) {
        if (i > 0)
            (void)fputc(',', out);
        put_text(out, words[i]);
    }
    (void)fputc(']', out);
}

/* "NAME=value" as {"name": ..., "value": ...}. */
static void put_environment(FILE *out, const char *const *words)
{
    (void)fputc('[', out);
    for (size_t i = 0; words && words[i]; i++) {
        const char *equals = strchr(words[i], '=');

        (void)fputs(i > 0 ? ",{\"name\":" : "{\"name\":", out);
        values_text(out, words[i], equals ? (size_t)(equals - words[i]) : strlen(words[i]));
        (void)fputc(',', out);
        put_pair(out, "value", equals ? equals + 1 : "");
        (void)fputc('}', out);
    }
    (void)fputc(']', out);
}

static void put_pull_secrets(FILE *out, const char *const *names)
{
    (void)fputs(",\"imagePullSecrets\":[", out);
    for (size_t i = 0; names && names[i]; i++) {
        (void)fputs(i > 0 ? ",{" : "{", out);
        put_pair(out, "name", names[i]);
        (void)fputc('}', out);
    }
    (void)fputc(']', out);
}

/* "key=value" as a member. */
static void put_node_selector(FILE *out, const char *const *pairs)
{
    (void)fputs(",\"nodeSelector\":{", out);
    for (size_t i = 0; pairs && pairs[i]; i++) {
        const char *equals = strchr(pairs[i], '=');

        if (i > 0)
            (void)fputc(',', out);
        values_text(out, pairs[i], equals ? (size_t)(equals - pairs[i]) : strlen(pairs[i]));
        (void)fputc(':', out);
        put_text(out, equals ? equals + 1 : "");
    }
    (void)fputc('}', out);
}

/* "key=value:Effect", "key:Effect", "key=value", "key". */
static void put_tolerations(FILE *out, const char *const *taints)
{
    (void)fputs(",\"tolerations\":[", out);
    for (size_t i = 0; taints && taints[i]; i++) {
        const char *taint = taints[i];
        const char *colon = strrchr(taint, ':');
        const size_t length = colon ? (size_t)(colon - taint) : strlen(taint);
        const char *equals = memchr(taint, '=', length);

        (void)fputs(i > 0 ? ",{\"key\":" : "{\"key\":", out);
        values_text(out, taint, equals ? (size_t)(equals - taint) : length);
        if (equals) {
            (void)fputs(",\"operator\":\"Equal\",\"value\":", out);
            values_text(out, equals + 1, length - (size_t)(equals - taint) - 1);
        } else {
            (void)fputs(",\"operator\":\"Exists\"", out);
        }
        if (colon) {
            (void)fputc(',', out);
            put_pair(out, "effect", colon + 1);
        }
        (void)fputc('}', out);
    }
    (void)fputc(']', out);
}

static void put_amounts(FILE *out, const char *key, const char *cpu, const char *memory)
{
    const char *comma = "";

    put_text(out, key);
    (void)fputs(":{", out);
    if (cpu[0] != '\0') {
        put_pair(out, "cpu", cpu);
        comma = ",";
    }
    if (memory[0] != '\0') {
        (void)fputs(comma, out);
        put_pair(out, "memory", memory);
    }
    (void)fputc('}', out);
}

static void put_resources(FILE *out, const struct k8s_options *options)
{
    (void)fputs(",\"resources\":{\"node\":{", out);
    put_amounts(out, "requests", options->node_cpu, options->node_memory);
    (void)fputc(',', out);
    put_amounts(out, "limits", options->node_cpu_limit, options->node_memory_limit);
    (void)fputs("},\"support\":{}}", out);
}

/* ---- nodes ---- */

static void put_ports(FILE *out, const assay_node_spec *spec)
{
    (void)fputs(",\"ports\":[", out);
    for (size_t i = 0; i < spec->port_count; i++) {
        const assay_port *port = ASSAY_AT(assay_port, spec->ports, spec->port_stride, i);

        (void)fputs(i > 0 ? ",{" : "{", out);
        put_pair(out, "name", port->name);
        /* What speaks TCP alone is an interface for us; the rest is between peers. */
        (void)fprintf(out, ",\"port\":%" PRIu32 ",\"isExposed\":%s,\"protocols\":[%s%s%s]}",
            port->container_port, port->protocol == ASSAY_TCP ? "true" : "false",
            port->protocol & ASSAY_TCP ? "\"TCP\"" : "",
            port->protocol == (ASSAY_TCP | ASSAY_UDP) ? "," : "",
            port->protocol & ASSAY_UDP ? "\"UDP\"" : "");
    }
    (void)fputc(']', out);
}

/* Where the files of the node's secret go: into what the node takes for its directory. */
static void put_files(const struct k8s *k8s, uint32_t node, FILE *out)
{
    const assay_node_spec *spec = k8s->deployment->spec(k8s->host, node);
    const char *directory = k8s->deployment->directory(k8s->host, node);
    char path[K8S_PATH_SIZE];

    if (spec->file_count == 0)
        return;
    (void)fprintf(out, ",\"secret\":\"%s-%s-files\",\"files\":[", k8s->release, spec->name);
    for (size_t i = 0; i < spec->file_count; i++) {
        const assay_file *file = ASSAY_AT(assay_file, spec->files, spec->file_stride, i);

        (void)snprintf(path, sizeof(path), "%s/%s", directory, file->path);
        (void)fprintf(
            out, "%s{\"key\":\"%zu\",\"mode\":%" PRIu32 ",", i > 0 ? "," : "", i, file->mode);
        put_pair(out, "path", path);
        (void)fputc('}', out);
    }
    (void)fputc(']', out);
}

static void put_node(const struct k8s *k8s, uint32_t node, bool is_whole, FILE *out)
{
    const assay_node_spec *spec = k8s->deployment->spec(k8s->host, node);

    (void)fputs(node > 0 ? ",{" : "{", out);
    put_pair(out, "name", spec->name);
    (void)fputc(',', out);
    put_pair(out, "role", spec->role);
    (void)fprintf(out, ",\"index\":%" PRIu32 ",", k8s->nodes[node].role_index);
    put_pair(out, "image", spec->image);
    put_ports(out, spec);
    if (is_whole) {
        (void)fputs(",\"command\":", out);
        put_words(out, spec->argv);
        (void)fputs(",\"env\":", out);
        put_environment(out, spec->env);
        put_files(k8s, node, out);
    }
    (void)fputc('}', out);
}

/* ---- programs beside the nodes ---- */

static void put_support(const assay_support *support, FILE *out)
{
    char path[K8S_PATH_SIZE];

    put_pair(out, "name", support->name);
    (void)fputc(',', out);
    put_pair(out, "image", support->image);
    (void)fprintf(out, ",\"port\":%" PRIu32 ",\"command\":", support->port);
    put_words(out, support->argv);
    (void)fputs(",\"env\":", out);
    put_environment(out, support->env);
    (void)fputs(",\"files\":[", out);
    for (size_t i = 0; i < support->file_count; i++) {
        const assay_file *file = ASSAY_AT(assay_file, support->files, support->file_stride, i);

        (void)snprintf(path, sizeof(path), "%s/%s", support->directory, file->path);
        (void)fprintf(out, "%s{\"mode\":%" PRIu32 ",", i > 0 ? "," : "", file->mode);
        put_pair(out, "path", path);
        (void)fputs(",\"content\":", out);
        values_text(out, file->bytes.data, file->bytes.size);
        (void)fputc('}', out);
    }
    (void)fputc(']', out);
}

static void put_all_support(const struct k8s *k8s, FILE *out)
{
    const assay_support *support;

    (void)fputs(",\"support\":[", out);
    for (uint32_t i = 0; (support = k8s->deployment->support(k8s->host, i)); i++) {
        (void)fputs(i > 0 ? ",{" : "{", out);
        put_support(support, out);
        (void)fputc('}', out);
    }
    (void)fputc(']', out);
}

/* ---- all of it ---- */

static void put_prometheus(const struct k8s *k8s, FILE *out)
{
    const struct k8s_options *options = &k8s->options;

    (void)fprintf(
        out, ",\"prometheus\":{\"isEnabled\":%s,", options->has_prometheus ? "true" : "false");
    put_pair(out, "image", options->prometheus_image);
    if (options->prometheus_args && options->prometheus_args[0]) {
        (void)fputs(",\"args\":", out);
        put_words(out, options->prometheus_args);
    }
    (void)fputc('}', out);
}

static void put_grafana(const struct k8s *k8s, FILE *out)
{
    const struct k8s_options *options = &k8s->options;
    const char *url = options->prometheus_url;

    if (!options->has_grafana)
        return;
    (void)fprintf(
        out, ",\"grafana\":{\"isEnabled\":true,\"nodePort\":%" PRIu32 ",", k8s->grafana_port);
    put_pair(out, "image", options->grafana_image);
    (void)fputc(',', out);
    put_pair(out, "prometheusUrl", url[0] != '\0' ? url : "http://prometheus:9090");
    (void)fputs(",\"dashboard\":", out);
    values_text(out, k8s->dashboard.data, k8s->dashboard.size);
    (void)fputc('}', out);
}

struct relaying {
    const struct k8s *k8s;
    FILE *out;
};

static void put_relay_port(void *arg, uint32_t node, uint32_t port, uint32_t nth)
{
    const struct relaying *relaying = arg;
    const struct k8s *k8s = relaying->k8s;
    const assay_node_spec *spec = k8s->deployment->spec(k8s->host, node);

    (void)fprintf(relaying->out, "%s{\"listen\":%" PRIu32 ",\"host\":\"%s\",\"port\":%" PRIu32 "}",
        nth > 0 ? "," : "", RELAY_PORT_FIRST + nth, k8s->nodes[node].address,
        ASSAY_AT(assay_port, spec->ports, spec->port_stride, port)->container_port);
}

static void put_relay(const struct k8s *k8s, FILE *out)
{
    (void)fputs(",\"relay\":{\"isEnabled\":true,", out);
    put_pair(out, "image", k8s->options.relay_image);
    (void)fputs(",\"ports\":[", out);
    reach_each_port(k8s, put_relay_port, &(struct relaying){.k8s = k8s, .out = out});
    (void)fputs("]}", out);
}

static void put_kzg(const struct k8s *k8s, FILE *out)
{
    const bool is_host = strcmp(k8s->options.kzg, "host-path") == 0;

    (void)fprintf(out, ",\"kzg\":{\"mode\":\"%s\"", is_host ? "hostPath" : "inImage");
    if (is_host) {
        (void)fputc(',', out);
        put_pair(out, "hostPath", k8s->options.kzg_host_path);
    }
    (void)fputc('}', out);
}

/* Of what names none itself: a program beside the nodes has that of the first node. */
static const char *default_image(const struct k8s *k8s)
{
    if (k8s->options.image[0] != '\0' || k8s->node_count == 0)
        return k8s->options.image;
    return k8s->deployment->spec(k8s->host, 0)->image;
}

/* Ports of cluster nodes are few: none is taken that is not going to be used. */
static bool needs_node_ports(const struct k8s_options *options)
{
    return strcmp(options->access, "cluster-ip") != 0 && strcmp(options->access, "forward") != 0;
}

void values_write(const struct k8s *k8s, const char *phase, FILE *out)
{
    const struct k8s_options *options = &k8s->options;
    const bool is_whole = strcmp(phase, "all") == 0;

    (void)fputc('{', out);
    put_pair(out, "phase", phase);
    (void)fputs(",\"labels\":{", out);
    put_pair(out, RUN_LABEL, k8s->run_id);
    (void)fputc(',', out);
    put_pair(out, HOST_LABEL, k8s->host_name);
    (void)fputs("},", out);
    put_pair(out, "image", default_image(k8s));
    (void)fputc(',', out);
    put_pair(out, "imagePullPolicy", options->pull_policy);
    (void)fputc(',', out);
    put_pair(out, "serviceType", needs_node_ports(options) ? "NodePort" : "ClusterIP");
    put_pull_secrets(out, options->pull_secrets);
    put_node_selector(out, options->node_selector);
    put_tolerations(out, options->tolerations);
    put_resources(out, options);
    put_kzg(k8s, out);
    put_prometheus(k8s, out);
    put_grafana(k8s, out);
    if (is_whole)
        put_all_support(k8s, out);
    if (k8s->way == WAY_FORWARD)
        put_relay(k8s, out);
    (void)fputs(",\"nodes\":[", out);
    for (uint32_t node = 0; node < k8s->node_count; node++)
        put_node(k8s, node, is_whole, out);
    (void)fputs("]}\n", out);
}

#include "plugins/deployers/k8s/test_world.h"

#include <inttypes.h>
#include <json-c/json.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

struct entry {
    const char *name, *text;
    int32_t code;
    int uses; /* left; -1: without end */
};

struct assay_reply {
    assay_reply_info info;
};

static struct world {
    assay_host host;
    struct k8s_options options;
    const assay_plugin *plugin;
    void *self;
    struct entry variables[WORLD_ENTRIES_MAX], answers[WORLD_ENTRIES_MAX],
        commands[WORLD_ENTRIES_MAX];
    size_t variable_count, answer_count, command_count;
    assay_node_spec specs[WORLD_NODES];
    const assay_support *support;
    char told[WORLD_STORY_SIZE], story[WORLD_STORY_SIZE], why[WORLD_STORY_SIZE],
        log[WORLD_STORY_SIZE];
    char *file_names[WORLD_ENTRIES_MAX], *file_texts[WORLD_ENTRIES_MAX];
    size_t file_count;
    char bound[WORLD_NODES][3][64], metrics[128], dashboard[128];
    assay_ns now;
    uint32_t ports_given;
    uint64_t calls, fail_at;
    assay_status fail_with;
} w;

static const assay_port ports[] = {
    {.struct_size = sizeof(assay_port),
        .name = "api",
        .protocol = ASSAY_TCP,
        .container_port = 18080},
    {.struct_size = sizeof(assay_port),
        .name = "network",
        .protocol = ASSAY_TCP | ASSAY_UDP,
        .container_port = 3000},
    {.struct_size = sizeof(assay_port),
        .name = "da",
        .protocol = ASSAY_UDP,
        .container_port = 3300},
};
static const char *const names[WORLD_NODES] = {"validator-0", "validator-1"};
static const char *const argv[] = {"/etc/nomos/scripts/run.sh", "--loud", NULL};
static const char *const env[] = {"A=1", "B=x=y", NULL};

__attribute__((format(printf, 2, 3))) static void tell(char *text, const char *format, ...)
{
    const size_t used = strlen(text);
    va_list args;

    va_start(args, format);
    (void)vsnprintf(text + used, WORLD_STORY_SIZE - used, format, args);
    va_end(args);
}

/* Is it this call's turn to fail? */
static assay_status enter(void)
{
    return ++w.calls == w.fail_at ? w.fail_with : ASSAY_OK;
}

/* ---- host ---- */

static assay_status host_fail(const assay_host *host, assay_status s, const char *why)
{
    (void)host;
    tell(w.why, "%s\n", why);
    return s;
}

static void host_log(const assay_host *host, uint32_t level, const char *text)
{
    (void)host;
    (void)level;
    tell(w.log, "%s\n", text);
}

/* ---- JSON, by json-c ---- */

static assay_status json_parse(const assay_host *host, assay_bytes text, assay_json **out)
{
    json_tokener *tokener = json_tokener_new();
    json_object *object = json_tokener_parse_ex(tokener, text.data, (int)text.size);

    (void)host;
    json_tokener_free(tokener);
    if (!object)
        return ASSAY_E_INVALID;
    *out = (assay_json *)object;
    return ASSAY_OK;
}

static const assay_value *json_root(const assay_json *document)
{
    return (const assay_value *)document;
}

static json_object *object_of(const assay_value *value)
{
    return (json_object *)(uintptr_t)value;
}

static const assay_value *json_member(const assay_value *value, const char *name)
{
    json_object *out = NULL;

    if (value && json_object_is_type(object_of(value), json_type_object))
        (void)json_object_object_get_ex(object_of(value), name, &out);
    return (const assay_value *)out;
}

static bool is_array(const assay_value *value)
{
    return value && json_object_is_type(object_of(value), json_type_array);
}

static const assay_value *json_element(const assay_value *value, size_t index)
{
    return is_array(value) ? (const assay_value *)json_object_array_get_idx(object_of(value), index)
                           : NULL;
}

static size_t json_count(const assay_value *value)
{
    return is_array(value) ? json_object_array_length(object_of(value)) : 0;
}

static const char *json_string(const assay_value *value)
{
    return value && json_object_is_type(object_of(value), json_type_string)
        ? json_object_get_string(object_of(value))
        : NULL;
}

static assay_status json_boolean(const assay_value *value, uint32_t *out)
{
    if (!value || !json_object_is_type(object_of(value), json_type_boolean))
        return ASSAY_E_NOTFOUND;
    *out = (uint32_t)json_object_get_boolean(object_of(value));
    return ASSAY_OK;
}

static assay_status json_integer(const assay_value *value, int64_t *out)
{
    if (!value || !json_object_is_type(object_of(value), json_type_int))
        return ASSAY_E_NOTFOUND;
    *out = json_object_get_int64(object_of(value));
    return ASSAY_OK;
}

static void json_release(assay_json *document)
{
    (void)json_object_put((json_object *)document);
}

static const assay_json_table json = {.struct_size = sizeof(assay_json_table),
    .parse = json_parse,
    .root = json_root,
    .member = json_member,
    .element = json_element,
    .count = json_count,
    .text = json_string,
    .boolean = json_boolean,
    .integer = json_integer,
    .release = json_release};

/* ---- replies ---- */

static const assay_reply_info *reply_info(const assay_reply *reply)
{
    return &reply->info;
}

static void reply_release(assay_reply *reply)
{
    free(reply);
}

static const assay_http http = {
    .struct_size = sizeof(assay_http), .info = reply_info, .release = reply_release};

static struct entry *find_answer(const char *request)
{
    for (size_t i = w.answer_count; i-- > 0;) {
        struct entry *entry = &w.answers[i];

        if (entry->uses != 0 && strncmp(request, entry->name, strlen(entry->name)) == 0)
            return entry;
    }
    return NULL;
}

static assay_status deployment_call(
    assay_task *task, const assay_backend_call *call, assay_reply **out)
{
    char request[1024];
    struct entry *entry;
    assay_reply *reply;
    assay_status s = enter();

    (void)task;
    (void)snprintf(request, sizeof(request), "%s %s%s", call->method,
        strncmp(call->url, "http:", 5) == 0 ? call->url : "", call->path);
    tell(w.story, "%s\n", request);
    if (s)
        return s;
    entry = find_answer(request);
    if (!entry)
        fail_msg("nobody said how to answer %s", request);
    if (entry->uses > 0)
        entry->uses--;
    if (entry->code == 0)
        return host_fail(NULL, ASSAY_E_IO, "connection refused");
    reply = calloc(1, sizeof(*reply));
    assert_non_null(reply);
    reply->info = (assay_reply_info){.struct_size = sizeof(reply->info),
        .code = (uint32_t)entry->code,
        .content_type = entry->text[0] == '{' ? "application/json" : "text/plain",
        .body = {.data = entry->text, .size = strlen(entry->text)}};
    *out = reply;
    return ASSAY_OK;
}

/* ---- deployment ---- */

static const assay_node_spec *deployment_spec(const assay_host *host, uint32_t node)
{
    (void)host;
    assert_true(node < WORLD_NODES);
    return &w.specs[node];
}

static const char *deployment_workspace(const assay_host *host)
{
    (void)host;
    return "/ws";
}

static const char *deployment_directory(const assay_host *host, uint32_t node)
{
    (void)host;
    return node ? "/ws/validator-1" : "/ws/validator-0";
}

static const char *find_variable(const assay_host *host, const char *name)
{
    (void)host;
    for (size_t i = w.variable_count; i-- > 0;)
        if (strcmp(w.variables[i].name, name) == 0)
            return w.variables[i].text;
    return NULL;
}

static assay_status deployment_bind(
    const assay_host *host, uint32_t node, uint32_t port, const assay_endpoint *endpoint)
{
    (void)host;
    (void)snprintf(w.bound[node][port], sizeof(w.bound[node][port]), "%s:%" PRIu32,
        endpoint->runner_ip, endpoint->runner_port);
    assert_string_equal(endpoint->bind_ip, "0.0.0.0");
    return enter();
}

static assay_status deployment_free_port(const assay_host *host, uint32_t protocol, uint32_t *out)
{
    (void)host;
    assert_int_equal(protocol, ASSAY_TCP);
    *out = 40000 + w.ports_given++;
    return enter();
}

static void deployment_release_ports(const assay_host *host)
{
    (void)host;
    tell(w.story, "release_ports\n");
}

static assay_status deployment_render(assay_task *task)
{
    (void)task;
    tell(w.story, "render\n");
    return enter();
}

static void join(const char *const *words, char *out, size_t size)
{
    size_t used = 0;

    out[0] = '\0';
    for (; *words && used < size; words++)
        used += (size_t)snprintf(out + used, size - used, "%s%s", used ? " " : "", *words);
}

static assay_status deployment_undo(const assay_host *host, const char *const *words)
{
    char text[2048];

    (void)host;
    join(words, text, sizeof(text));
    tell(w.story, "undo %s\n", text);
    return enter();
}

static assay_status deployment_beside(
    const assay_host *host, const char *name, const char *const *words)
{
    char text[2048];

    (void)host;
    join(words, text, sizeof(text));
    tell(w.story, "beside %s: %s\n", name, text);
    return enter();
}

static assay_status deployment_exec(
    assay_task *task, const char *const *words, assay_ns until, int32_t *code, assay_bytes *output)
{
    char text[4096];
    assay_status s = enter();

    (void)task;
    assert_true(until > w.now);
    join(words, text, sizeof(text));
    tell(w.story, "exec %.300s\n", text);
    if (s)
        return s;
    for (size_t i = w.command_count; i-- > 0;) {
        if (!strstr(text, w.commands[i].name))
            continue;
        *code = w.commands[i].code;
        *output = assay_bytes_of(w.commands[i].text);
        return ASSAY_OK;
    }
    fail_msg("nobody said how to run %s", text);
    return ASSAY_E_INTERNAL;
}

static assay_status deployment_await_ready(assay_task *task, assay_ns patience, assay_ns limit)
{
    (void)task;
    tell(w.story, "await_ready %" PRId64 " s, %" PRId64 " s\n", patience / ASSAY_SECOND,
        limit / ASSAY_SECOND);
    if (find_variable(NULL, "(never ready)"))
        return ASSAY_E_TIMEOUT;
    return enter();
}

static assay_status deployment_metrics_at(const assay_host *host, const char *url)
{
    (void)host;
    (void)snprintf(w.metrics, sizeof(w.metrics), "%s", url);
    return enter();
}

static assay_status deployment_dashboard_at(const assay_host *host, const char *url)
{
    (void)host;
    (void)snprintf(w.dashboard, sizeof(w.dashboard), "%s", url);
    return enter();
}

static assay_status deployment_asset_text(
    const assay_host *host, const char *name, assay_bytes *out)
{
    (void)host;
    assert_string_equal(name, "stack/grafana/dashboards/nodes.json");
    *out = assay_bytes_of("{\"title\": \"Nodes\"}");
    return enter();
}

static assay_status deployment_collect_log(
    const assay_host *host, uint32_t node, const char *name, assay_bytes text)
{
    (void)host;
    tell(w.story, "log %" PRIu32 " %s %.*s\n", node, name, (int)text.size, (const char *)text.data);
    return enter();
}

static const char *deployment_asset(const assay_host *host, const char *name)
{
    (void)host;
    (void)name;
    return find_variable(NULL, "(no chart)") ? NULL : "/share/chart";
}

static const assay_support *deployment_support(const assay_host *host, uint32_t index)
{
    (void)host;
    return index == 0 ? w.support : NULL;
}

static assay_status deployment_file(
    const assay_host *host, const char *path, assay_bytes bytes, uint32_t mode)
{
    size_t at = w.file_count;

    (void)host;
    assert_int_equal(mode, 0600);
    for (size_t i = 0; i < w.file_count; i++)
        at = strcmp(w.file_names[i], path) == 0 ? i : at;
    assert_true(at < WORLD_ENTRIES_MAX);
    if (at == w.file_count) {
        w.file_names[at] = strdup(path);
        w.file_count++;
    }
    free(w.file_texts[at]);
    w.file_texts[at] = calloc(1, bytes.size + 1);
    assert_non_null(w.file_texts[at]);
    memcpy(w.file_texts[at], bytes.data, bytes.size);
    return enter();
}

static assay_status deployment_ended(
    const assay_host *host, const assay_node_end *end, const char *detail)
{
    const assay_status s = enter();

    (void)host;
    assert_int_equal(end->struct_size, sizeof(*end));
    if (!s)
        tell(w.told, "%" PRIu32 " %s %" PRIu32 " %s\n", end->node,
            end->how == ASSAY_END_KILLED       ? "killed"
                : end->how == ASSAY_END_EXITED ? "exited"
                                               : "unseen",
            end->code, detail ? detail : "");
    return s;
}

static const assay_deployment deployment = {.struct_size = sizeof(assay_deployment),
    .spec = deployment_spec,
    .workspace = deployment_workspace,
    .directory = deployment_directory,
    .variable = find_variable,
    .free_port = deployment_free_port,
    .release_ports = deployment_release_ports,
    .bind = deployment_bind,
    .render = deployment_render,
    .undo = deployment_undo,
    .exec = deployment_exec,
    .await_ready = deployment_await_ready,
    .metrics_at = deployment_metrics_at,
    .dashboard_at = deployment_dashboard_at,
    .asset_text = deployment_asset_text,
    .collect_log = deployment_collect_log,
    .asset = deployment_asset,
    .support = deployment_support,
    .call = deployment_call,
    .file = deployment_file,
    .beside = deployment_beside,
    .ended = deployment_ended};

/* ---- the rest ---- */

static uint32_t topology_count(const assay_host *host)
{
    (void)host;
    return WORLD_NODES;
}

static assay_status topology_node(const assay_host *host, uint32_t node, assay_node_info *out)
{
    (void)host;
    out->role_index = node;
    return enter();
}

static const assay_topology topology = {
    .struct_size = sizeof(assay_topology), .node_count = topology_count, .node = topology_node};

static assay_ns clock_now(const assay_host *host)
{
    (void)host;
    return w.now;
}

static assay_status clock_sleep(assay_task *task, assay_ns until)
{
    (void)task;
    assert_true(until > w.now);
    w.now = until;
    return enter();
}

static const assay_clock virtual_clock = {
    .struct_size = sizeof(assay_clock), .now = clock_now, .sleep_until = clock_sleep};

static assay_status run_facts(const assay_host *host, assay_run_facts *out)
{
    (void)host;
    out->id = "Smoke+Test-20260131-120000-1a2b";
    return enter();
}

static const assay_run_table run_table = {
    .struct_size = sizeof(assay_run_table), .facts = run_facts};

static const void *host_service(const assay_host *host, const char *id)
{
    (void)host;
    return strcmp(id, ASSAY_DEPLOYMENT) == 0 ? (const void *)&deployment
        : strcmp(id, ASSAY_TOPOLOGY) == 0    ? (const void *)&topology
        : strcmp(id, ASSAY_JSON) == 0        ? (const void *)&json
        : strcmp(id, ASSAY_HTTP) == 0        ? (const void *)&http
        : strcmp(id, ASSAY_CLOCK) == 0       ? (const void *)&virtual_clock
        : strcmp(id, ASSAY_RUN) == 0         ? (const void *)&run_table
                                             : NULL;
}

/* ---- for tests ---- */

#define NS        "nomos-k8s-20260131-120000-1a2b"
#define NAMESPACE "/api/v1/namespaces/" NS
#define SERVICE(kind, node, spec)                                                                  \
    "{\"metadata\":{\"labels\":{\"io.assay." kind "\":\"" node "\"}},\"spec\":{" spec "}}"
#define POD(node)                                                                                  \
    "{\"metadata\":{\"name\":\"" NS "-" node "-0\",\"labels\":{\"io.assay.node\":\"" node          \
    "\"}},\"status\":{\"containerStatuses\":[{\"restartCount\":0,\"state\":{\"running\":{}}}]}}"

static void make_healthy(void)
{
    static const char config[] =
        "{\"current-context\":\"lab\",\"clusters\":[{\"cluster\":{\"server\":\"https://c:6443/\","
        "\"certificate-authority-data\":\"Y2E=\"}}],\"users\":[{\"user\":{"
        "\"client-certificate-data\":\"Y3J0\",\"client-key-data\":\"a2V5\"}}]}";
    static const char services[] = "{\"items\":[" SERVICE(
        "node", "validator-0", "\"clusterIP\":\"10.96.0.1\"") "," SERVICE("node", "validator-1",
        "\"clusterIP\":\"10.96.0.2\"") "," SERVICE("exposes", "validator-0",
        "\"ports\":[{\"name\":\"api\",\"nodePort\":30000}]") "," SERVICE("exposes", "validator-1",
        "\"ports\":[{\"name\":\"api\",\"nodePort\":30001}]") "]}";
    static const char pods[] = "{\"items\":[" POD("validator-0") "," POD("validator-1") "]}";

    world_command("config view", 0, config);
    world_command("hostname", 0, "box_1!\n");
    world_command("helm version", 0, "v3.17.2+gcc0bbbd\n");
    world_command("upgrade --install", 0, "Release installed\n");
    world_command("uninstall", 0, "");
    world_answer("GET /version", 200, "{}", 0);
    world_answer("GET " NAMESPACE, 404, "{\"message\":\"not found\"}", 0);
    world_answer("POST /api/v1/namespaces", 201, "{}", 0);
    world_answer("DELETE " NAMESPACE, 200, "{}", 0);
    world_answer("GET " NAMESPACE "/services", 200, services, 0);
    world_answer("GET " NAMESPACE "/pods", 200, pods, 0);
    world_answer("GET " NAMESPACE "/pods/", 200, "the node's log", 0);
    world_answer("GET " NAMESPACE "/events", 200, "{\"items\":[]}", 0);
    world_answer("POST " NAMESPACE "/secrets", 201, "{}", 0);
    world_answer("GET http://127.0.0.1:30000/", 404, "", 0);
}

int world_open(void **state)
{
    (void)state;
    w = (struct world){
        .host = {.struct_size = sizeof(assay_host),
            .instance = "deployer.k8s",
            .service = host_service,
            .fail = host_fail,
            .log = host_log},
        .options = {.context = "",
            .namespace = "",
            .release = "",
            .image = "",
            .pull_policy = "",
            .access = "auto",
            .node_host = "",
            .relay_image = "",
            .node_cpu = "",
            .node_memory = "",
            .node_cpu_limit = "",
            .node_memory_limit = "",
            .kzg = "",
            .kzg_host_path = "/kzg",
            .prometheus_image = "prom:1",
            .prometheus_url = "",
            .grafana_image = "grafana:1",
            .values = ""},
    };
    for (uint32_t i = 0; i < WORLD_NODES; i++)
        w.specs[i] = (assay_node_spec){.struct_size = sizeof(assay_node_spec),
            .name = names[i],
            .role = "validator",
            .image = "nodes:1",
            .argv = argv,
            .env = env,
            .ports = ports,
            .port_count = 3,
            .port_stride = sizeof(ports[0])};
    w.plugin = assay_library_v1()->plugins[0];
    make_healthy();
    return 0;
}

int world_close(void **state)
{
    (void)state;
    w.plugin->destroy(w.self);
    for (size_t i = 0; i < w.file_count; i++) {
        free(w.file_names[i]);
        free(w.file_texts[i]);
    }
    return 0;
}

struct k8s_options *world_options(void)
{
    return &w.options;
}

void world_create(void)
{
    assert_int_equal(w.plugin->create(&w.host, &w.options, &w.self), ASSAY_OK);
}

assay_status world_prepare(void)
{
    if (!w.self)
        world_create();
    return w.plugin->prepare(w.self, NULL);
}

assay_status world_finish(void)
{
    return w.plugin->finish(w.self, NULL);
}

assay_status world_inspect(uint32_t node, assay_process *out, char detail[160])
{
    *out = ASSAY_RECORD(assay_process);
    detail[0] = '\0';
    return w.plugin->deployer->inspect(w.self, NULL, node, out, detail);
}

assay_status world_control(uint32_t kind, uint32_t node)
{
    const assay_action action =
        ASSAY_RECORD_WITH(assay_action, .kind = kind, .node = node, .peer = ASSAY_NO_NODE);

    return w.plugin->deployer->control(w.self, NULL, &action, w.now + 5 * ASSAY_SECOND);
}

assay_status world_collect(uint32_t node)
{
    return w.plugin->deployer->collect(w.self, NULL, node);
}

assay_status world_watch(void)
{
    return w.plugin->deployer->watch(w.self, NULL);
}

static void add(struct entry *list, size_t *count, const struct entry *entry)
{
    assert_true(*count < WORLD_ENTRIES_MAX);
    list[(*count)++] = *entry;
}

void world_variable(const char *name, const char *value)
{
    add(w.variables, &w.variable_count, &(struct entry){.name = name, .text = value});
}

void world_answer(const char *request, uint32_t code, const char *body, int uses)
{
    add(w.answers, &w.answer_count,
        &(struct entry){
            .name = request, .text = body, .code = (int32_t)code, .uses = uses ? uses : -1});
}

void world_command(const char *part, int32_t code, const char *output)
{
    add(w.commands, &w.command_count, &(struct entry){.name = part, .text = output, .code = code});
}

void world_files(const assay_file *files, size_t count)
{
    w.specs[0].files = files;
    w.specs[0].file_count = count;
    w.specs[0].file_stride = sizeof(*files);
}

void world_support(const assay_support *support)
{
    w.support = support;
}

void world_fail(uint64_t nth, assay_status status)
{
    w.fail_at = nth ? w.calls + nth : 0;
    w.fail_with = status;
}

uint64_t world_calls(void)
{
    return w.calls;
}

const char *world_story(void)
{
    return w.story;
}

const char *world_why(void)
{
    return w.why;
}

const char *world_log(void)
{
    return w.log;
}

const char *world_file(const char *path)
{
    for (size_t i = 0; i < w.file_count; i++)
        if (strcmp(w.file_names[i], path) == 0)
            return w.file_texts[i];
    return NULL;
}

assay_ns world_now(void)
{
    return w.now;
}

const char *world_bound(uint32_t node, uint32_t port)
{
    return w.bound[node][port];
}

const char *world_metrics(void)
{
    return w.metrics;
}

const char *world_told(void)
{
    return w.told;
}

const char *world_dashboard(void)
{
    return w.dashboard;
}

void has(const char *text, const char *part)
{
    if (!text || !strstr(text, part))
        fail_msg("'%s' is not in:\n%s", part, text ? text : "(nothing)");
}

void lacks(const char *text, const char *part)
{
    if (text && strstr(text, part))
        fail_msg("'%s' is in:\n%s", part, text);
}

#include "test_world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "framework/host/json.h"

enum {
    STORY_SIZE = 65536,
    FILES_MAX = 16
};

struct rule {
    const char *begin, *text;
    unsigned code, times, used;
};

struct assay_reply {
    assay_reply_info info;
};

static struct world {
    assay_host host;
    struct compose *self;
    struct compose_options options;
    const assay_plugin *plugin;
    assay_ns now;

    struct rule answers[WORLD_RULES_MAX], programs[WORLD_RULES_MAX];
    size_t answer_count, program_count;
    const char *variables[16][2];
    size_t variable_count;
    const assay_support *support;
    assay_node_spec specs[WORLD_NODES];
    uint32_t next_port;
    unsigned calls, fail_call;
    assay_status fail_status;
    int replies;

    char network[128]; /* as the engine describes that of the run */
    char story[STORY_SIZE], log[4096], why[1200];
    struct {
        char path[128], *text;
    } files[FILES_MAX];
    size_t file_count;
} w;

static const assay_port ports[] = {
    {.struct_size = sizeof(assay_port),
        .name = "api",
        .protocol = ASSAY_TCP,
        .container_port = 18080},
    {.struct_size = sizeof(assay_port),
        .name = "net",
        .protocol = ASSAY_TCP | ASSAY_UDP,
        .container_port = 3000},
};
static const char *const node_argv[] = {"/run.sh", "--verbose", NULL};
static const char *const node_env[] = {"A=1", "B=x=y $HOME", "A=2", NULL};

/* ---- writing down ---- */

__attribute__((format(printf, 1, 2))) static void tell(const char *format, ...)
{
    const size_t used = strlen(w.story);
    va_list args;

    va_start(args, format);
    (void)vsnprintf(w.story + used, sizeof(w.story) - used, format, args);
    va_end(args);
}

static assay_status count_call(void)
{
    return ++w.calls == w.fail_call ? w.fail_status : ASSAY_OK;
}

unsigned world_fail_call(unsigned nth, assay_status status)
{
    const unsigned calls = w.calls;

    w.calls = 0;
    w.fail_call = nth;
    w.fail_status = status;
    return calls;
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
    for (size_t i = 0; i < w.file_count; i++) {
        if (strcmp(w.files[i].path, path) == 0)
            return w.files[i].text;
    }
    fail_msg("%s was not written", path);
    return NULL;
}

/* ---- rules ---- */

static void add_rule(struct rule *rules, size_t *count, struct rule rule)
{
    assert_true(*count < WORLD_RULES_MAX);
    rules[(*count)++] = rule;
}

static const struct rule *find_rule(struct rule *rules, size_t count, const char *text)
{
    for (size_t i = 0; i < count; i++) {
        if (strncmp(rules[i].begin, text, strlen(rules[i].begin)) != 0 ||
            (rules[i].times && rules[i].used == rules[i].times))
            continue;
        rules[i].used++;
        return &rules[i];
    }
    return NULL;
}

void world_answer(const char *request, unsigned code, const char *body, unsigned times)
{
    add_rule(w.answers, &w.answer_count,
        (struct rule){.begin = request, .text = body, .code = code, .times = times});
}

void world_subnet(const char *subnet)
{
    (void)snprintf(w.network, sizeof(w.network),
        "{\"IPAM\":{\"Config\":[{\"Subnet\":\"fd00::/64\"},{\"Subnet\":\"%s\"}]}}", subnet);
    if (w.answer_count == 0)
        world_answer("GET /networks/assay-demo-1-x-4f1a", 200, w.network, 0);
}

void world_program(const char *words, int32_t code, const char *output)
{
    add_rule(w.programs, &w.program_count,
        (struct rule){.begin = words, .text = output, .code = (unsigned)code});
}

void world_variable(const char *name, const char *value)
{
    assert_true(w.variable_count < 16);
    w.variables[w.variable_count][0] = name;
    w.variables[w.variable_count++][1] = value;
}

void world_support(const assay_support *support)
{
    w.support = support;
}

/* ---- the host ---- */

static assay_status host_fail(const assay_host *host, assay_status s, const char *why)
{
    (void)host;
    (void)snprintf(w.why, sizeof(w.why), "%s", why);
    return s;
}

static void host_log(const assay_host *host, uint32_t level, const char *text)
{
    const size_t used = strlen(w.log);

    (void)host;
    (void)level;
    (void)snprintf(w.log + used, sizeof(w.log) - used, "%s\n", text);
}

static assay_ns clock_now(const assay_host *host)
{
    (void)host;
    return w.now;
}

static int64_t clock_unix(const assay_host *host)
{
    (void)host;
    return INT64_C(1765540000) * ASSAY_SECOND + w.now;
}

static const assay_clock clock_table = {
    .struct_size = sizeof(clock_table), .now = clock_now, .unix_ns = clock_unix};

static assay_status facts(const assay_host *host, assay_run_facts *out)
{
    (void)host;
    out->id = "Demo_1.x-4f1a";
    return ASSAY_OK;
}

static const assay_run_table run_table = {.struct_size = sizeof(run_table), .facts = facts};

static uint32_t node_count(const assay_host *host)
{
    (void)host;
    return WORLD_NODES;
}

static const assay_topology topology_table = {
    .struct_size = sizeof(topology_table), .node_count = node_count};

/* ---- HTTP ---- */

static const assay_reply_info *reply_info(const assay_reply *reply)
{
    return &reply->info;
}

static void reply_release(assay_reply *reply)
{
    w.replies -= reply != NULL;
    free(reply);
}

static const assay_http http_table_of_world = {
    .struct_size = sizeof(assay_http), .info = reply_info, .release = reply_release};

static assay_status json_parse_here(const assay_host *host, assay_bytes text, assay_json **out)
{
    (void)host;
    return json_parse(text, out, NULL);
}

static assay_json_table json_of_world;

static assay_status deployment_call(
    assay_task *task, const assay_backend_call *call, assay_reply **reply)
{
    const assay_status s = count_call();
    const struct rule *rule;
    assay_reply *made;
    char request[512];

    (void)task;
    (void)snprintf(request, sizeof(request), "%s %s", call->method, call->path);
    tell("%s%s%.*s\n", request, call->body.size ? " " : "", (int)call->body.size,
        call->body.data ? (const char *)call->body.data : "");
    if (s)
        return host_fail(&w.host, s, "the call failed");
    rule = find_rule(w.answers, w.answer_count, request);
    if (rule && rule->code == 0)
        return host_fail(&w.host, ASSAY_E_IO, "no answer");
    made = calloc(1, sizeof(*made));
    assert_non_null(made);
    made->info = (assay_reply_info){.struct_size = sizeof(made->info),
        .code = rule ? rule->code : 200,
        .body = {.data = rule ? rule->text : "{}", .size = rule ? strlen(rule->text) : 2}};
    /* The head of a log's piece has zeros in it: '@' stands for them. */
    if (rule && strchr(rule->text, '@')) {
        static unsigned char log[256];
        const size_t size = strlen(rule->text + 1);

        memset(log, 0, 8);
        log[0] = 1;
        log[7] = (unsigned char)size;
        memcpy(log + 8, rule->text + 1, size);
        made->info.body = (assay_bytes){.data = log, .size = size + 8};
    }
    w.replies++;
    *reply = made;
    return ASSAY_OK;
}

/* ---- deployment ---- */

static const assay_node_spec *deployment_spec(const assay_host *host, uint32_t node)
{
    static const char *const names[] = {"validator-0", "executor-0"};
    static const char *const roles[] = {"validator", "executor"};

    (void)host;
    w.specs[node] = (assay_node_spec){.struct_size = sizeof(w.specs[node]),
        .name = names[node],
        .role = roles[node],
        .image = "nomos-testnet:local",
        .argv = node_argv,
        .env = node_env,
        .ports = ports,
        .port_count = 2,
        .port_stride = sizeof(ports[0])};
    return &w.specs[node];
}

static const char *deployment_workspace(const assay_host *host)
{
    (void)host;
    return "/runs/x/nodes";
}

static const char *deployment_directory(const assay_host *host, uint32_t node)
{
    (void)host;
    return node ? "/runs/x/nodes/executor-0" : "/runs/x/nodes/validator-0";
}

static const char *deployment_variable(const assay_host *host, const char *name)
{
    (void)host;
    for (size_t i = 0; i < w.variable_count; i++) {
        if (strcmp(w.variables[i][0], name) == 0)
            return w.variables[i][1];
    }
    return NULL;
}

static assay_status deployment_free_port(const assay_host *host, uint32_t protocol, uint32_t *port)
{
    (void)host;
    assert_int_equal(protocol, ASSAY_TCP);
    *port = 20000 + w.next_port++;
    return count_call();
}

static void deployment_release_ports(const assay_host *host)
{
    (void)host;
    tell("release_ports\n");
}

static assay_status deployment_bind(
    const assay_host *host, uint32_t node, uint32_t port, const assay_endpoint *endpoint)
{
    (void)host;
    tell("bind %u %u %s:%u, peers \"%s\", runner %s:%u\n", node, port, endpoint->bind_ip,
        endpoint->bind_port, endpoint->peer_ip, endpoint->runner_ip, endpoint->runner_port);
    return count_call();
}

static assay_status deployment_render(assay_task *task)
{
    (void)task;
    tell("render\n");
    return count_call();
}

static assay_status deployment_undo(const assay_host *host, const char *const *argv)
{
    (void)host;
    tell("undo");
    for (; *argv; argv++)
        tell(" %s", *argv);
    tell("\n");
    return count_call();
}

static assay_status deployment_exec(
    assay_task *task, const char *const *argv, assay_ns until, int32_t *code, assay_bytes *output)
{
    const assay_status s = count_call();
    const struct rule *rule;
    char words[2048] = "";

    (void)task;
    (void)until;
    for (; *argv; argv++) {
        const size_t used = strlen(words);

        (void)snprintf(words + used, sizeof(words) - used, "%s%s", used ? " " : "", *argv);
    }
    tell("exec %s\n", words);
    if (s)
        return s;
    rule = find_rule(w.programs, w.program_count, words);
    *code = rule ? (int32_t)rule->code : 0;
    *output = (assay_bytes){.data = rule ? rule->text : "", .size = rule ? strlen(rule->text) : 0};
    return ASSAY_OK;
}

static assay_status deployment_await_ready(assay_task *task, assay_ns patience, assay_ns limit)
{
    (void)task;
    tell("await_ready %lld s, limit %lld s\n", (long long)(patience / ASSAY_SECOND),
        (long long)(limit / ASSAY_SECOND));
    return count_call();
}

static assay_status deployment_await_node(assay_task *task, uint32_t node, assay_ns patience)
{
    (void)task;
    tell("await_node %u %lld s\n", node, (long long)(patience / ASSAY_SECOND));
    return count_call();
}

static assay_status deployment_metrics_at(const assay_host *host, const char *url)
{
    (void)host;
    tell("metrics_at %s\n", url);
    return count_call();
}

static assay_status deployment_dashboard_at(const assay_host *host, const char *url)
{
    (void)host;
    tell("dashboard_at %s\n", url);
    return count_call();
}

static assay_status deployment_collect_log(
    const assay_host *host, uint32_t node, const char *name, assay_bytes text)
{
    (void)host;
    tell("collect_log %u %s: %.*s\n", node, name, (int)text.size, (const char *)text.data);
    return count_call();
}

static assay_status deployment_ended(
    const assay_host *host, const assay_node_end *end, const char *detail)
{
    (void)host;
    tell("ended %u how %u code %u asked %u at %lld ms: %s\n", end->node, end->how, end->code,
        end->asked_by_signal, (long long)(end->at / ASSAY_MS), detail ? detail : "");
    return count_call();
}

static const char *deployment_asset(const assay_host *host, const char *name)
{
    static char path[256];

    (void)host;
    (void)snprintf(path, sizeof(path), "/share/%s", name);
    return path;
}

static assay_status deployment_asset_text(
    const assay_host *host, const char *name, assay_bytes *out)
{
    static char text[65536];
    char path[512];
    FILE *file;

    (void)host;
    (void)snprintf(path, sizeof(path), "%s/assets/%s", ASSAY_SOURCE_DIR, name);
    file = fopen(path, "re");
    assert_non_null(file);
    out->size = fread(text, 1, sizeof(text) - 1, file);
    text[out->size] = '\0';
    out->data = text;
    (void)fclose(file);
    return count_call();
}

static const assay_support *deployment_support(const assay_host *host, uint32_t index)
{
    (void)host;
    return index == 0 ? w.support : NULL;
}

static assay_status deployment_file(
    const assay_host *host, const char *path, assay_bytes bytes, uint32_t mode)
{
    size_t i = 0;

    (void)host;
    tell("file %s %o\n", path, mode);
    while (i < w.file_count && strcmp(w.files[i].path, path) != 0)
        i++;
    assert_true(i < FILES_MAX);
    w.file_count = i == w.file_count ? i + 1 : w.file_count;
    (void)snprintf(w.files[i].path, sizeof(w.files[i].path), "%s", path);
    free(w.files[i].text);
    w.files[i].text = strndup(bytes.data ? bytes.data : "", bytes.size);
    return count_call();
}

static const assay_deployment deployment_table = {.struct_size = sizeof(deployment_table),
    .spec = deployment_spec,
    .workspace = deployment_workspace,
    .directory = deployment_directory,
    .variable = deployment_variable,
    .free_port = deployment_free_port,
    .release_ports = deployment_release_ports,
    .bind = deployment_bind,
    .render = deployment_render,
    .undo = deployment_undo,
    .exec = deployment_exec,
    .await_ready = deployment_await_ready,
    .await_node = deployment_await_node,
    .metrics_at = deployment_metrics_at,
    .dashboard_at = deployment_dashboard_at,
    .collect_log = deployment_collect_log,
    .asset = deployment_asset,
    .asset_text = deployment_asset_text,
    .support = deployment_support,
    .call = deployment_call,
    .file = deployment_file,
    .ended = deployment_ended};

static const void *host_service(const assay_host *host, const char *id)
{
    static const struct {
        const char *id;
        const void *table;
    } tables[] = {{ASSAY_CLOCK, &clock_table}, {ASSAY_DEPLOYMENT, &deployment_table},
        {ASSAY_HTTP, &http_table_of_world}, {ASSAY_JSON, &json_of_world}, {ASSAY_RUN, &run_table},
        {ASSAY_TOPOLOGY, &topology_table}};

    (void)host;
    for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]); i++) {
        if (strcmp(tables[i].id, id) == 0)
            return tables[i].table;
    }
    return NULL;
}

/* ---- the plugin ---- */

int world_open(void **state)
{
    (void)state;
    w = (struct world){.now = 5 * ASSAY_SECOND};
    json_of_world = json_table;
    json_of_world.parse = json_parse_here;
    w.host = (assay_host){
        .struct_size = sizeof(w.host), .service = host_service, .log = host_log, .fail = host_fail};
    w.plugin = assay_library_v1()->plugins[0];
    w.options = (struct compose_options){.up_limit = 120 * ASSAY_SECOND,
        .stop_patience = 1500 * ASSAY_MS,
        .engine = "",
        .compose = "auto",
        .prometheus = "no",
        .prometheus_image = "",
        .metrics_path = "/metrics",
        .grafana_image = "",
        .build = 1};
    world_subnet("172.30.0.0/16");
    world_answer("DELETE /networks/", 204, "", 0);
    return 0;
}

int world_close(void **state)
{
    (void)state;
    w.plugin->destroy(w.self);
    assert_int_equal(w.replies, 0);
    for (size_t i = 0; i < w.file_count; i++)
        free(w.files[i].text);
    return 0;
}

assay_status world_create(void (*change)(struct compose_options *))
{
    void *self = NULL;
    assay_status s;

    if (change)
        change(&w.options);
    s = w.plugin->create(&w.host, &w.options, &self);
    w.self = self;
    return s;
}

assay_status world_prepare(void)
{
    return w.plugin->prepare(w.self, NULL);
}

assay_status world_finish(void)
{
    return w.plugin->finish(w.self, NULL);
}

assay_status world_control(uint32_t kind, uint32_t node)
{
    const assay_action action = {
        .struct_size = sizeof(action), .kind = kind, .node = node, .peer = ASSAY_NO_NODE};

    return w.plugin->deployer->control(w.self, NULL, &action, w.now + 60 * ASSAY_SECOND);
}

assay_status world_inspect(uint32_t node, assay_process *out, char detail[160])
{
    return w.plugin->deployer->inspect(w.self, NULL, node, out, detail);
}

assay_status world_collect(uint32_t node)
{
    return w.plugin->deployer->collect(w.self, NULL, node);
}

assay_status world_watch(void)
{
    return w.plugin->deployer->watch(w.self, NULL);
}

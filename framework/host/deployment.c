#include "framework/host/deployment.h"

#include <signal.h>
#include <string.h>

#include "framework/base/file.h"
#include "framework/base/mem.h"
#include "framework/base/path.h"
#include "framework/base/str.h"
#include "framework/host/assets.h"
#include "framework/host/backend.h"
#include "framework/host/commands.h"
#include "framework/host/deployment_state.h"
#include "framework/host/ends.h"
#include "framework/host/metrics.h"
#include "framework/host/nodefiles.h"
#include "framework/host/ports.h"
#include "framework/host/readiness.h"
#include "framework/host/record.h"
#include "framework/host/spec.h"
#include "framework/host/state.h"
#include "framework/host/support.h"
#include "framework/host/tasks_internal.h"
#include "framework/topology/topology.h"

enum {
    ASSET_TEXT_MAX = 1024 * 1024 /* bytes: the ABI's promise */
};

/* ---- life ---- */

/* Some process changed, ended, or all were lost: whoever waits looks for itself. */
static void processes_changed(void *arg, uint32_t process)
{
    struct deployment *deployment = arg;

    ends_note_process(deployment, process);
    (void)pthread_mutex_lock(&deployment->lock);
    waiters_wake_all(&deployment->waiters);
    (void)pthread_mutex_unlock(&deployment->lock);
}

static assay_status make_nodes(struct deployment *deployment)
{
    const struct topology *topology = deployment->host->config.topology;

    deployment->nodes = mem_new_array(topology->node_count, sizeof(*deployment->nodes));
    if (!deployment->nodes)
        return ASSAY_E_NOMEM;
    deployment->node_count = topology->node_count;
    for (uint32_t i = 0; i < topology->node_count; i++) {
        auto_free char *path = str_format("%s/%s", deployment->workspace, topology->nodes[i].name);

        if (!path)
            return ASSAY_E_NOMEM;
        deployment->nodes[i].log = path_join(path, ASSAY_NODE_LOG);
        deployment->nodes[i].directory = host_keep(deployment->host, path);
        deployment->nodes[i].process = PROCESS_NONE;
        if (!deployment->nodes[i].log || !deployment->nodes[i].directory)
            return ASSAY_E_NOMEM;
    }
    return ASSAY_OK;
}

struct deployment *deployment_new(struct host *host)
{
    struct deployment *deployment = mem_new(sizeof(*deployment));

    if (!deployment)
        return NULL;
    deployment->host = host;
    (void)pthread_mutex_init(&deployment->lock, NULL);
    vec_init(&deployment->ends, sizeof(assay_node_end), NODE_ENDS_MAX);
    deployment->workspace = path_join(host->config.run_dir, "nodes");
    deployment->ports = ports_new(host->config.run_id);
    if (!deployment->workspace || !deployment->ports || make_nodes(deployment)) {
        deployment_free(deployment);
        return NULL;
    }
    deployment->ops = host->config.processes;
    if (deployment->ops)
        deployment->ops->listen(deployment->ops->self, processes_changed, deployment);
    return deployment;
}

void deployment_free(struct deployment *deployment)
{
    if (!deployment)
        return;
    if (deployment->ops)
        deployment->ops->listen(deployment->ops->self, NULL, NULL);
    for (uint32_t i = 0; deployment->nodes && i < deployment->node_count; i++)
        free(deployment->nodes[i].log);
    free(deployment->nodes);
    vec_done(&deployment->ends);
    ports_free(deployment->ports);
    free(deployment->workspace);
    (void)pthread_mutex_destroy(&deployment->lock);
    free(deployment);
}

const char *deployment_directory(const struct deployment *deployment, uint32_t node)
{
    return node < deployment->node_count ? deployment->nodes[node].directory : NULL;
}

/* ---- processes ---- */

static uint32_t node_process(struct deployment *deployment, uint32_t node)
{
    uint32_t process = PROCESS_NONE;

    (void)pthread_mutex_lock(&deployment->lock);
    if (node < deployment->node_count)
        process = deployment->nodes[node].process;
    (void)pthread_mutex_unlock(&deployment->lock);
    return process;
}

bool deployment_has_started(struct deployment *deployment, uint32_t node)
{
    return node_process(deployment, node) != PROCESS_NONE;
}

static assay_status explain_refusal(const struct process_status *status, struct error *err)
{
    const char *step = "it could not be started";

    switch (status->step) {
    case PROCESS_STEP_NONE:
        break;
    case PROCESS_STEP_EXECUTE:
        step = "its program cannot be executed";
        break;
    case PROCESS_STEP_DIRECTORY:
        step = "its directory cannot be entered";
        break;
    case PROCESS_STEP_OUTPUT:
        step = "its log file cannot be opened";
        break;
    case PROCESS_STEP_LIMIT:
        step = "there are too many processes, or too little memory";
        break;
    case PROCESS_STEP_ENDING:
        return error_set(err, ASSAY_E_IO, "everything is being ended; nothing can be started");
    }
    return error_set(err, ASSAY_E_IO, "%s: %s", step, strerror(status->code));
}

/* A moment of the monotonic clock in run time; 0 stays 0. */
static assay_ns run_time(const struct host *host, int64_t monotonic)
{
    return monotonic ? monotonic - host->clock.zero : 0;
}

/* ASSAY_E_IO with the reason: it never ran, or is lost. */
static assay_status process_read(
    const struct deployment *deployment, uint32_t process, assay_process *out, struct error *err)
{
    struct process_status status = {.state = PROCESS_LOST};
    assay_status s = deployment->ops->status(deployment->ops->self, process, &status);

    if (s)
        return error_set(err, s, "the process is not known to the supervisor");
    *out = (assay_process){.struct_size = sizeof(*out),
        .pid = status.pid,
        .started_at = run_time(deployment->host, status.started_at),
        .ended_at = run_time(deployment->host, status.ended_at),
        .is_stopped = status.is_stopped};
    switch (status.state) {
    case PROCESS_STARTING:
    case PROCESS_RUNNING:
        out->state = ASSAY_PROCESS_RUNNING;
        return ASSAY_OK;
    case PROCESS_EXITED:
        out->state = ASSAY_PROCESS_EXITED;
        out->code = (uint32_t)status.code;
        return ASSAY_OK;
    case PROCESS_KILLED:
        out->state = ASSAY_PROCESS_KILLED;
        out->code = (uint32_t)status.code;
        return ASSAY_OK;
    case PROCESS_REFUSED:
        return explain_refusal(&status, err);
    case PROCESS_LOST:
        break;
    }
    return error_set(err, ASSAY_E_IO, "the supervisor is gone; nothing is known of its processes");
}

assay_status deployment_process(
    struct deployment *deployment, uint32_t node, assay_process *out, struct error *err)
{
    const uint32_t process = node_process(deployment, node);

    if (process == PROCESS_NONE || !deployment->ops)
        return error_set(err, ASSAY_E_NOTFOUND, "node %u was never started", node);
    return process_read(deployment, process, out, err);
}

assay_status deployment_look(struct deployment *deployment, uint32_t node, struct process_look *out)
{
    const uint32_t process = node_process(deployment, node);

    if (process == PROCESS_NONE || !deployment->ops || !deployment->ops->look)
        return ASSAY_E_UNSUPPORTED;
    return deployment->ops->look(deployment->ops->self, process, out);
}

assay_status host_node_process(const struct host *host, uint32_t node, assay_process *out)
{
    assay_process process;
    const assay_status s = deployment_process(host->deployment, node, &process, NULL);

    if (s)
        return s;
    return record_give(out, &process, sizeof(process)) ? ASSAY_OK : ASSAY_E_INVALID;
}

/* ---- the service: places and ports ---- */

static const assay_node_spec *service_spec(const assay_host *table, uint32_t node)
{
    return specs_get(host_of(table)->specs, node);
}

static const char *service_workspace(const assay_host *table)
{
    const struct deployment *deployment = host_of(table)->deployment;

    return dir_make(deployment->workspace, 0755, NULL) ? NULL : deployment->workspace;
}

static const char *service_directory(const assay_host *table, uint32_t node)
{
    return deployment_directory(host_of(table)->deployment, node);
}

static const char *service_variable(const assay_host *table, const char *name)
{
    return spec_table.variable(table, name);
}

static const char *service_asset(const assay_host *table, const char *name)
{
    return spec_table.asset(table, name);
}

static assay_status service_asset_text(const assay_host *table, const char *name, assay_bytes *out)
{
    struct file_text text = {0};
    auto_free char *path = NULL, *data = NULL;
    const char *kept = NULL;
    struct error err = {0};
    assay_status s = assets_find(name, &path, &err);

    if (!s)
        s = file_read(path, ASSET_TEXT_MAX, &text, &err);
    data = text.data;
    if (!s && strlen(data) != text.size)
        s = error_set(&err, ASSAY_E_INVALID, "%s is no text: it has a NUL in it", path);
    if (s)
        return instance_fail(table, s, "deployment.asset_text: %s", err.text);
    kept = host_keep(host_of(table), data);
    if (!kept)
        return instance_fail(table, ASSAY_E_NOMEM, "out of memory");
    *out = (assay_bytes){.data = kept, .size = text.size};
    return ASSAY_OK;
}

static const assay_support *service_support(const assay_host *table, uint32_t index)
{
    return supports_get(host_of(table)->specs, index);
}

static assay_status service_file(
    const assay_host *table, const char *path, assay_bytes bytes, uint32_t mode)
{
    const assay_file file = {.path = path, .bytes = bytes, .mode = mode ? mode : 0644};
    struct error err = {0};
    assay_status s = ASSAY_OK;

    if (mode > 0777 || (!bytes.data && bytes.size))
        return instance_fail(table, ASSAY_E_INVALID,
            "deployment.file: mode %o is not 0 to 0777, or there are no bytes", mode);
    if (!service_workspace(table))
        return instance_fail(table, ASSAY_E_IO, "the workspace cannot be made");
    s = nodefiles_write(service_workspace(table), &file, &err);
    return s ? instance_fail(table, s, "deployment.file: %s", err.text) : s;
}

static assay_status service_free_port(const assay_host *table, uint32_t protocol, uint32_t *port)
{
    struct error err = {0};
    const assay_status s = ports_take(host_of(table)->deployment->ports, protocol, port, &err);

    return s ? instance_fail(table, s, "%s", err.text) : s;
}

static void service_release_ports(const assay_host *table)
{
    ports_release(host_of(table)->deployment->ports);
}

static assay_status service_bind(
    const assay_host *table, uint32_t node, uint32_t port, const assay_endpoint *endpoint)
{
    struct error err = {0};
    const assay_status s = specs_bind(host_of(table)->specs, node, port, endpoint, &err);

    return s ? instance_fail(table, s, "deployment.bind: %s", err.text) : s;
}

/* ---- the service: command lines and files ---- */

static assay_status call_render(assay_task *task, void *arg)
{
    const struct attached_system *system = arg;

    return system->ops->render(system->self, task);
}

static assay_status service_render(assay_task *task)
{
    struct host *host = host_of(task_host(task));
    const struct host_operation_spec spec = {
        .name = "render", .body = call_render, .arg = &host->system, .grace = NESTED_GRACE};
    struct host_operation_result result;
    struct error err = {0};
    assay_status s = specs_check_bound(host->specs, &err);

    if (s)
        return task_fail(task, s, "deployment.render: %s", err.text);
    if (!host->system.instance)
        return task_fail(task, ASSAY_E_UNSUPPORTED, "deployment.render: there is no system");
    specs_start_render(host->specs);
    s = task_call(task, host->system.instance, &spec, &result);
    return s ? task_fail(
                   task, s, "%s, render: %s", host_instance_name(host->system.instance), result.why)
             : s;
}

/* What `function` is about to do to a node; false and explained when there is no such node. */
static bool node_exists(
    const assay_host *table, uint32_t node, const char *function, assay_status *out)
{
    if (node < host_of(table)->deployment->node_count)
        return true;
    *out = instance_fail(table, ASSAY_E_INVALID, "%s: there is no node %u", function, node);
    return false;
}

static assay_status service_write_files(const assay_host *table, uint32_t node)
{
    const struct deployment *deployment = host_of(table)->deployment;
    const assay_node_spec *spec = NULL;
    struct error err = {0};
    assay_status s = ASSAY_OK;

    if (!node_exists(table, node, "deployment.write_files", &s))
        return s;
    spec = specs_get(host_of(table)->specs, node);
    if (!spec)
        return instance_fail(table, ASSAY_E_NOMEM, "out of memory");
    s = dir_make(deployment->nodes[node].directory, 0755, &err);
    for (size_t i = 0; !s && i < spec->file_count; i++)
        s = nodefiles_write(deployment->nodes[node].directory, &spec->files[i], &err);
    return s ? instance_fail(table, s, "%s: %s", spec->name, err.text) : s;
}

static assay_status service_collect_log(
    const assay_host *table, uint32_t node, const char *name, assay_bytes text)
{
    const struct deployment *deployment = host_of(table)->deployment;
    const assay_file file = {.path = name, .bytes = text, .mode = 0644};
    struct error err = {0};
    assay_status s = ASSAY_OK;

    if (!node_exists(table, node, "deployment.collect_log", &s))
        return s;
    if (!name || !path_is_plain_name(name) ||
        (strcmp(name, ASSAY_NODE_LOG) == 0 &&
            deployment_has_started(host_of(table)->deployment, node)))
        return instance_fail(table, ASSAY_E_INVALID,
            "deployment.collect_log: \"%.100s\" cannot be the name of a log; %s is taken by what "
            "the node prints",
            name ? name : "", ASSAY_NODE_LOG);
    s = dir_make(deployment->nodes[node].directory, 0755, &err);
    if (!s)
        s = nodefiles_write(deployment->nodes[node].directory, &file, &err);
    return s ? instance_fail(table, s, "deployment.collect_log: %s", err.text) : s;
}

static assay_status service_clear(const assay_host *table, uint32_t node)
{
    struct deployment *deployment = host_of(table)->deployment;
    assay_process process = {.state = 0};
    struct error err = {0};
    assay_status s = ASSAY_OK;

    if (!node_exists(table, node, "deployment.clear", &s))
        return s;
    if (!deployment_process(deployment, node, &process, NULL) &&
        process.state == ASSAY_PROCESS_RUNNING)
        return instance_fail(table, ASSAY_E_INVALID,
            "deployment.clear: node %u runs, as process %lld", node, (long long)process.pid);
    s = nodefiles_clear(deployment->nodes[node].directory, ASSAY_NODE_LOG, &err);
    return s ? instance_fail(table, s, "deployment.clear: %s", err.text) : s;
}

/* ---- the service: processes ---- */

assay_status deployment_need_ops(const assay_host *table, const char *function)
{
    if (host_of(table)->deployment->ops)
        return ASSAY_OK;
    return instance_fail(
        table, ASSAY_E_UNSUPPORTED, "%s: processes cannot be started in this run", function);
}

static assay_status service_start(const assay_host *table, uint32_t node)
{
    struct deployment *deployment = host_of(table)->deployment;
    const assay_node_spec *spec = NULL;
    struct node_process *place = NULL;
    assay_process old = {.state = 0};
    struct error err = {0};
    uint32_t process = PROCESS_NONE;
    assay_status s = deployment_need_ops(table, "deployment.start");

    if (s || !node_exists(table, node, "deployment.start", &s))
        return s;
    spec = specs_get(host_of(table)->specs, node);
    place = &deployment->nodes[node];
    if (!spec || !spec->binary[0])
        return instance_fail(table, ASSAY_E_INVALID,
            "node %s: the system names no program to run on this machine", spec ? spec->name : "");
    if (deployment_process(deployment, node, &old, NULL) == ASSAY_OK &&
        old.state == ASSAY_PROCESS_RUNNING)
        return instance_fail(table, ASSAY_E_INVALID, "%s runs already, as process %lld", spec->name,
            (long long)old.pid);
    ends_note(deployment, node); /* before it is forgotten how the last one ended */
    s = dir_make(place->directory, 0755, &err);
    if (!s)
        s = deployment->ops->start(deployment->ops->self,
            &(struct process_spec){.name = spec->name,
                .argv = spec->argv,
                .env = spec->env,
                .directory = place->directory,
                .output = place->log},
            &process, &err);
    if (s)
        return instance_fail(table, s, "%s: %s", spec->name, err.text);
    (void)pthread_mutex_lock(&deployment->lock);
    place->process = process;
    place->asked_signal = 0;
    place->is_end_noted = false;
    (void)pthread_mutex_unlock(&deployment->lock);
    ends_note(deployment, node); /* it may have ended before anybody knew whose process it was */
    return ASSAY_OK;
}

/* Noted before it is sent: the end may be known sooner than that the signal has gone out. */
static assay_status ask(struct deployment *deployment, uint32_t node, uint32_t process,
    int32_t signal_number, struct error *err)
{
    int *asked = &deployment->nodes[node].asked_signal;
    int before = 0;
    assay_status s = ASSAY_OK;

    (void)pthread_mutex_lock(&deployment->lock);
    before = *asked;
    if (ends_asks(signal_number))
        *asked = signal_number;
    (void)pthread_mutex_unlock(&deployment->lock);
    s = deployment->ops->signal(deployment->ops->self, process, signal_number, err);
    if (!s)
        return ASSAY_OK;
    (void)pthread_mutex_lock(&deployment->lock);
    *asked = before;
    (void)pthread_mutex_unlock(&deployment->lock);
    return s;
}

static assay_status service_signal(const assay_host *table, uint32_t node, int32_t signal_number)
{
    struct deployment *deployment = host_of(table)->deployment;
    const uint32_t process = node_process(deployment, node);
    struct error err = {0};
    assay_status s = deployment_need_ops(table, "deployment.signal");

    if (s)
        return s;
    if (process == PROCESS_NONE)
        return instance_fail(table, ASSAY_E_NOTFOUND, "node %u was never started", node);
    if (signal_number < 1 || signal_number > SIGRTMAX)
        return instance_fail(table, ASSAY_E_INVALID, "%d is no signal", signal_number);
    s = ask(deployment, node, process, signal_number, &err);
    return s ? instance_fail(table, s, "signal %d to node %u: %s", signal_number, node, err.text)
             : s;
}

static assay_status service_process(const assay_host *table, uint32_t node, assay_process *out)
{
    assay_process process = {.struct_size = sizeof(process)};
    struct error err = {0};
    const assay_status s = deployment_process(host_of(table)->deployment, node, &process, &err);

    if (s)
        return instance_fail(table, s, "%s", err.text);
    if (!record_give(out, &process, sizeof(process)))
        return instance_fail(table, ASSAY_E_INVALID, "deployment.process: struct_size is not set");
    return ASSAY_OK;
}

assay_status deployment_await_end(
    assay_task *task, uint32_t process, assay_ns until, assay_process *out)
{
    struct deployment *deployment = host_of(task_host(task))->deployment;
    struct error err = {0};
    assay_status s = task_enter(task), read = ASSAY_OK;

    (void)pthread_mutex_lock(&deployment->lock);
    while (!s) {
        read = process_read(deployment, process, out, &err);
        if (read || out->state != ASSAY_PROCESS_RUNNING)
            break;
        s = waiters_wait(&deployment->waiters, task, &deployment->lock, until);
    }
    (void)pthread_mutex_unlock(&deployment->lock);
    if (s)
        return s;
    return read ? task_fail(task, read, "%s", err.text) : ASSAY_OK;
}

static assay_status service_wait_exit(assay_task *task, uint32_t node, assay_ns until)
{
    const assay_host *table = task_host(task);
    struct deployment *deployment = host_of(table)->deployment;
    const uint32_t process = node_process(deployment, node);
    assay_process ended = {.struct_size = sizeof(ended)};
    const assay_status s = deployment_need_ops(table, "deployment.wait_exit");

    if (s)
        return s;
    if (process == PROCESS_NONE)
        return task_fail(task, ASSAY_E_NOTFOUND, "node %u was never started", node);
    return deployment_await_end(task, process, until, &ended);
}

static assay_status service_end_all(assay_task *task, assay_ns grace)
{
    const assay_host *table = task_host(task);
    struct deployment *deployment = host_of(table)->deployment;
    uint32_t ticket = 0;
    struct error err = {0};
    assay_status s = task_enter(task);

    if (!s)
        s = deployment_need_ops(table, "deployment.end_all");
    if (s)
        return s;
    (void)pthread_mutex_lock(&deployment->lock);
    deployment->is_ending = true;
    (void)pthread_mutex_unlock(&deployment->lock);
    s = deployment->ops->end_all(deployment->ops->self, grace < 0 ? 0 : grace, &ticket, &err);
    if (s)
        return task_fail(task, s, "%s", err.text);
    (void)pthread_mutex_lock(&deployment->lock);
    while (!s && !deployment->ops->has_ended(deployment->ops->self, ticket))
        s = waiters_wait(&deployment->waiters, task, &deployment->lock, ASSAY_FOREVER);
    (void)pthread_mutex_unlock(&deployment->lock);
    return s;
}

const assay_deployment deployment_table = {
    .struct_size = sizeof(assay_deployment),
    .spec = service_spec,
    .workspace = service_workspace,
    .directory = service_directory,
    .variable = service_variable,
    .free_port = service_free_port,
    .release_ports = service_release_ports,
    .bind = service_bind,
    .render = service_render,
    .write_files = service_write_files,
    .clear = service_clear,
    .undo = command_undo,
    .exec = command_exec,
    .start = service_start,
    .signal = service_signal,
    .process = service_process,
    .wait_exit = service_wait_exit,
    .end_all = service_end_all,
    .await_ready = readiness_await_all,
    .await_node = readiness_await_node,
    .metrics_at = metrics_set_url,
    .dashboard_at = metrics_set_dashboard,
    .collect_log = service_collect_log,
    .asset = service_asset,
    .support = service_support,
    .call = backend_call,
    .file = service_file,
    .asset_text = service_asset_text,
    .beside = command_beside,
    .ended = ends_told,
};

#include "framework/host/http_service.h"

#include <stddef.h>
#include <string.h>

#include "framework/base/mem.h"
#include "framework/host/http_calls.h"
#include "framework/host/http_curl.h"
#include "framework/host/http_native.h"
#include "framework/host/http_url.h"
#include "framework/host/state.h"
#include "framework/host/tasks.h"

struct http_service {
    struct http_service_config config; /* curl_module is our copy */
    char *curl_module;
    struct http_engine *native;

    pthread_mutex_t lock;     /* guards what follows */
    struct http_engine *curl; /* NULL until first needed; constant afterwards */
};

/* ---- the service ---- */

static assay_ns read_clock(void)
{
    static const struct clock since_boot = {0};

    return clock_now(&since_boot);
}

static struct http_engine_config engine_config(const struct http_service *service)
{
    return (struct http_engine_config){
        .now = read_clock,
        .connections_per_address = service->config.connections_per_node,
        .connections_max = service->config.connections_max,
        .exchanges_max = service->config.exchanges_max,
    };
}

assay_status http_service_new(
    const struct http_service_config *config, struct http_service **out, struct error *err)
{
    struct http_service *service = mem_new(sizeof *service);
    struct http_engine_config engine;
    assay_status s = ASSAY_OK;

    if (!service)
        return error_nomem(err);
    service->config = *config;
    (void)pthread_mutex_init(&service->lock, NULL);
    if (config->curl_module) {
        service->curl_module = mem_dup(config->curl_module);
        if (!service->curl_module)
            s = error_nomem(err);
    }
    engine = engine_config(service);
    if (!s)
        s = http_native_new(&engine, &service->native, err);
    if (s) {
        http_service_free(service);
        return s;
    }
    *out = service;
    return ASSAY_OK;
}

void http_service_free(struct http_service *service)
{
    if (!service)
        return;
    http_engine_free(service->native);
    http_engine_free(service->curl);
    (void)pthread_mutex_destroy(&service->lock);
    free(service->curl_module);
    free(service);
}

void http_service_stats(struct http_service *service, struct http_stats *out)
{
    http_engine_stats(service->native, out);
}

/* The engine that can reach the address. Loading libcurl happens once, under the lock, so that
   two requests do not load it twice. */
static assay_status engine_for(struct http_service *service, const struct http_address *address,
    struct http_engine **out, struct error *err)
{
    const struct http_engine_config config = engine_config(service);
    assay_status s = ASSAY_OK;

    if (http_native_takes(address)) {
        *out = service->native;
        return ASSAY_OK;
    }
    (void)pthread_mutex_lock(&service->lock);
    if (!service->curl)
        s = http_curl_new(service->curl_module, &config, &service->curl, err);
    if (!s)
        *out = service->curl;
    (void)pthread_mutex_unlock(&service->lock);
    return s;
}

/* ---- one request ---- */

/* A copy that is whole however old the plugin's header is. */
static assay_status request_read(const assay_request *from, assay_request *out, struct error *err)
{
    const size_t size = from->struct_size;

    if (size < offsetof(assay_request, headers))
        return error_set(err, ASSAY_E_INVALID,
            "the request's struct_size is %zu; set it to sizeof(assay_request)", size);
    *out = (assay_request){0};
    memcpy(out, from, size < sizeof *out ? size : sizeof *out);
    return ASSAY_OK;
}

static assay_status resolve_node(const assay_host *table, const assay_request *request,
    struct http_address *out, struct error *err)
{
    const struct http_service *service = host_http_state(table);
    assay_endpoint endpoint = {.struct_size = sizeof endpoint};
    assay_status s;

    if (service->config.resolve) {
        s = service->config.resolve(service->config.context, request->node, request->port, out);
    } else {
        s = host_node_endpoint(host_of(table), request->node, request->port, &endpoint);
        if (!s)
            s = http_address_set(out, HTTP_TCP, endpoint.runner_ip, endpoint.runner_port);
    }
    if (s)
        return error_set(err, s,
            "node %u has no port %u to send to (see the topology, and what the deployer bound)",
            request->node, request->port);
    return ASSAY_OK;
}

/* Run time to CLOCK_MONOTONIC; 0 and the past: now, but a past moment is kept, so that latency is
   counted from when the request was meant to be sent. */
static assay_ns send_moment(assay_ns zero, assay_ns at)
{
    return at > 0 ? (at < INT64_MAX - zero ? zero + at : INT64_MAX) : read_clock();
}

/* Where a request goes, and in whose name. */
struct recipient {
    const assay_host *table;
    const struct http_target *target;
};

static assay_status send_to(const struct recipient *recipient, assay_calls *calls,
    const assay_request *request, struct error *err)
{
    struct http_service *service = host_http_state(recipient->table);
    const assay_ns zero = clock_monotonic(&host_of(recipient->table)->clock, 0);
    struct http_sending sending = {
        .call =
            {
                .address = &recipient->target->address,
                .tls = recipient->target->tls,
                .method = request->method,
                .path = request->path,
                .headers = request->headers,
                .body = request->body,
                .content_type = request->content_type,
                .at = send_moment(zero, request->at),
                .timeout = request->timeout,
                .reply_max = request->reply_max,
            },
        .zero = zero,
        .node = request->node,
        .tag = request->tag,
    };
    const assay_status s = engine_for(service, &recipient->target->address, &sending.engine, err);

    return s ? s : http_calls_send(calls, &sending, err);
}

assay_status http_service_perform(assay_task *task, const struct http_target *target,
    const assay_request *request, assay_reply **out)
{
    const struct recipient recipient = {task_host(task), target};
    assay_calls *calls = NULL;
    assay_reply *reply = NULL;
    struct error err = {0};
    assay_status s = http_calls_new(1, &calls);

    if (s)
        return task_fail(task, s, "out of memory");
    s = send_to(&recipient, calls, request, &err);
    if (s)
        (void)task_fail(task, s, "%s %s: %s", request->method, request->path, err.text);
    else
        s = http_calls_collect(task, calls, ASSAY_FOREVER, &reply);
    http_calls_close(calls);
    if (s)
        return s;
    s = http_reply_info(reply)->status;
    if (s) {
        (void)task_fail(
            task, s, "%s %s: %s", request->method, request->path, http_reply_info(reply)->why);
        http_reply_free(reply);
        return s;
    }
    *out = reply;
    return ASSAY_OK;
}

/* ---- the table ---- */

static assay_status http_perform(assay_task *task, const assay_request *from, assay_reply **reply)
{
    struct http_target target = {.tls = NULL};
    struct error err = {0};
    assay_request request = {0};
    assay_status s = request_read(from, &request, &err);

    if (!s)
        s = resolve_node(task_host(task), &request, &target.address, &err);
    if (s)
        return task_fail(task, s, "%s", err.text);
    request.at = 0;
    return http_service_perform(task, &target, &request, reply);
}

assay_status http_service_get(assay_task *task, const char *url, assay_reply **reply)
{
    assay_request request = {.struct_size = sizeof request, .node = ASSAY_NO_NODE, .method = "GET"};
    struct http_target target = {.tls = NULL};
    struct error err = {0};

    if (http_url_parse(url, &target.address, &request.path, &err))
        return task_fail(task, ASSAY_E_INVALID, "%s", err.text);
    return http_service_perform(task, &target, &request, reply);
}

static void release_owned(struct owned *owned)
{
    http_calls_close(http_calls_of(owned));
}

static assay_status http_open(const assay_host *table, uint32_t in_flight_max, assay_calls **out)
{
    assay_calls *calls = NULL;

    if (in_flight_max == 0 || in_flight_max > HTTP_EXCHANGES_MAX)
        return instance_fail(table, ASSAY_E_INVALID,
            "http.open: in_flight_max is %u, not between 1 and %d", in_flight_max,
            (int)HTTP_EXCHANGES_MAX);
    if (http_calls_new(in_flight_max, &calls))
        return instance_fail(table, ASSAY_E_NOMEM, "out of memory");
    instance_own(instance_of(table), http_calls_owned(calls), release_owned);
    *out = calls;
    return ASSAY_OK;
}

static assay_status http_start(
    const assay_host *table, assay_calls *calls, const assay_request *from)
{
    struct http_target target = {.tls = NULL};
    const struct recipient recipient = {table, &target};
    struct error err = {0};
    assay_request request = {0};
    assay_status s = request_read(from, &request, &err);

    if (!s)
        s = resolve_node(table, &request, &target.address, &err);
    if (!s)
        s = send_to(&recipient, calls, &request, &err);
    return s ? instance_fail(table, s, "%s", err.text) : ASSAY_OK;
}

static void http_close(assay_calls *calls)
{
    if (!calls)
        return;
    instance_disown(http_calls_owned(calls));
    http_calls_close(calls);
}

const assay_http http_table = {
    .struct_size = sizeof(assay_http),
    .perform = http_perform,
    .info = http_reply_info,
    .release = http_reply_free,
    .open = http_open,
    .start = http_start,
    .collect = http_calls_collect,
    .close = http_close,
};

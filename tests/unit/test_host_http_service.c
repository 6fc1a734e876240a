#include "framework/host/http_service.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "framework/base/file.h"
#include "framework/base/mem.h"
#include "framework/host/http_curl.h"
#include "framework/host/operation.h"
#include "framework/host/tasks.h"
#include "framework/topology/topology.h"
#include "tests/unit/support/http_server.h"

#define MODULE ASSAY_BUILD_DIR "/libexec/assay/" HTTP_CURL_MODULE_FILE

static const struct step echo_forever[] = {{STEP_READ, NULL}, {STEP_ECHO, NULL}, {STEP_LOOP, NULL}};
static const struct step *const echo_scripts[] = {echo_forever};
static const struct step silent[] = {{STEP_READ, NULL}, {STEP_HOLD, NULL}, {STEP_END, NULL}};
static const struct step *const silent_scripts[] = {silent};

enum {
    ECHO = 0,   /* a node that answers */
    SILENT = 1, /* one that never does */
    DEAD = 2,   /* one that does not run */
    NODES = 3
};

/* A host with one workload, three nodes, and the service under test. */
struct world {
    struct http_server *echo, *silent;
    struct http_service *service;
    struct topology *topology;
    struct host *host;
    struct host_instance *instance;
    const assay_host *table;
    uint16_t ports[NODES];
    char run_dir[64];
};

static assay_status find_port(void *context, uint32_t node, uint32_t port, struct http_address *out)
{
    const struct world *world = context;

    if (node >= NODES || port != 0)
        return ASSAY_E_NOTFOUND;
    return http_address_set(out, HTTP_TCP, "127.0.0.1", world->ports[node]);
}

static int world_new_with(void **state, uint32_t exchanges_max)
{
    struct world *world = calloc(1, sizeof *world);
    const struct http_service_config http = {.resolve = find_port,
        .context = world,
        .curl_module = MODULE,
        .exchanges_max = exchanges_max};
    const struct host_instance_config instance = {
        .name = "workload.x", .plugin_id = "test.x", .kind = ASSAY_WORKLOAD};
    struct host_config host = {.name = "test", .run_id = "test-1", .seed = 1, .http = &http_table};
    const struct topology_shape shape = {.layout = TOPOLOGY_STAR, .validators = NODES};
    struct error err = {0};

    assert_non_null(world);
    assert_int_equal(topology_new(&shape, &world->topology, &err), ASSAY_OK);
    host.topology = world->topology;
    world->echo = http_server_start(echo_scripts, 1);
    world->silent = http_server_start(silent_scripts, 1);
    world->ports[ECHO] = http_server_port(world->echo);
    world->ports[SILENT] = http_server_port(world->silent);
    world->ports[DEAD] = http_server_dead_port();
    assert_int_equal(http_service_new(&http, &world->service, &err), ASSAY_OK);
    (void)snprintf(world->run_dir, sizeof world->run_dir, "/tmp/assay-http-test-XXXXXX");
    assert_non_null(mkdtemp(world->run_dir));
    host.run_dir = world->run_dir;
    host.http_state = world->service;
    assert_int_equal(host_new(&host, &world->host, &err), ASSAY_OK);
    assert_int_equal(host_instance_new(world->host, &instance, &world->instance, &err), ASSAY_OK);
    world->table = host_instance_table(world->instance);
    *state = world;
    return 0;
}

static int world_new(void **state)
{
    return world_new_with(state, 0);
}

static int small_world_new(void **state)
{
    return world_new_with(state, 3);
}

static int world_free(void **state)
{
    struct world *world = *state;

    host_instance_free(world->instance);
    host_free(world->host);
    http_service_free(world->service);
    topology_free(world->topology);
    http_server_stop(world->echo);
    http_server_stop(world->silent);
    (void)dir_remove(world->run_dir, NULL);
    free(world);
    return 0;
}

static const assay_http *http;

/* Runs body as an operation of the instance. */
static struct host_operation_result result;

static assay_status run(struct world *world, assay_status (*body)(assay_task *, void *), void *arg)
{
    const struct host_operation_spec spec = {
        .name = "run", .body = body, .arg = arg, .grace = 60 * ASSAY_SECOND};

    http = world->table->service(world->table, ASSAY_HTTP);
    assert_ptr_equal(http, &http_table);
    (void)host_run_operation(world->instance, &spec, &result);
    assert_false(result.is_violation);
    assert_false(result.is_stuck);
    return result.status;
}

static assay_request request_to(uint32_t node, const char *method, const char *path)
{
    return (assay_request){.struct_size = sizeof(assay_request),
        .node = node,
        .method = method,
        .path = path,
        .timeout = 60 * ASSAY_SECOND};
}

/* ---- perform ---- */

static assay_status perform_post(assay_task *task, void *arg)
{
    assay_request request = request_to(ECHO, "POST", "/x");
    assay_reply *reply = NULL;
    const assay_reply_info *info;

    (void)arg;
    request.body = (assay_bytes){"{}", 2};
    request.tag = 77;
    request.at = 3600 * ASSAY_SECOND; /* for start only */
    assert_int_equal(http->perform(task, &request, &reply), ASSAY_OK);
    info = http->info(reply);
    assert_int_equal(info->struct_size, sizeof(assay_reply_info));
    assert_int_equal(info->status, ASSAY_OK);
    assert_int_equal(info->code, 200);
    assert_int_equal(info->tag, 77);
    assert_int_equal(info->node, ECHO);
    assert_int_equal(info->body.size, 2);
    assert_memory_equal(info->body.data, "{}", 2);
    assert_string_equal(info->content_type, "text/plain");
    assert_string_equal(info->why, "");
    assert_true(info->at > 0 && info->at <= info->sent && info->sent <= info->done);
    assert_true(info->done <= host_now(host_of(task_host(task))));
    http->release(reply);
    http->release(NULL);
    return ASSAY_OK;
}

static void perform_gives_the_reply(void **state)
{
    assert_int_equal(run(*state, perform_post, NULL), ASSAY_OK);
}

static assay_status perform_request(assay_task *task, void *arg)
{
    assay_reply *reply = NULL;
    const assay_status s = http->perform(task, arg, &reply);

    if (s)
        assert_null(reply);
    http->release(reply);
    return s;
}

static void perform_says_why_there_is_no_reply(void **state)
{
    assay_request request = request_to(DEAD, "GET", "/info");

    assert_int_equal(run(*state, perform_request, &request), ASSAY_E_IO);
    assert_non_null(strstr(result.why, "GET /info"));
    assert_non_null(strstr(result.why, "cannot connect to 127.0.0.1:"));
}

static void perform_that_is_too_late_times_out(void **state)
{
    assay_request request = request_to(SILENT, "GET", "/info");

    request.timeout = 50 * ASSAY_MS;
    assert_int_equal(run(*state, perform_request, &request), ASSAY_E_TIMEOUT);
    assert_non_null(strstr(result.why, "50ms"));
}

static void unknown_node_is_not_found(void **state)
{
    assay_request request = request_to(9, "GET", "/");

    assert_int_equal(run(*state, perform_request, &request), ASSAY_E_NOTFOUND);
    assert_non_null(strstr(result.why, "node 9"));
    request = request_to(ECHO, "GET", "/");
    request.port = 3;
    assert_int_equal(run(*state, perform_request, &request), ASSAY_E_NOTFOUND);
    assert_non_null(strstr(result.why, "port 3"));
}

static void request_that_cannot_be_sent_is_invalid(void **state)
{
    assay_request request = request_to(ECHO, "GET", "no slash");

    assert_int_equal(run(*state, perform_request, &request), ASSAY_E_INVALID);
    assert_non_null(strstr(result.why, "path"));
    request = request_to(ECHO, NULL, NULL);
    assert_int_equal(run(*state, perform_request, &request), ASSAY_E_INVALID);
    request = request_to(ECHO, "GET", "/");
    request.struct_size = 8;
    assert_int_equal(run(*state, perform_request, &request), ASSAY_E_INVALID);
    assert_non_null(strstr(result.why, "struct_size"));
}

static void shorter_request_of_an_older_plugin_is_read(void **state)
{
    const size_t size = offsetof(assay_request, headers);
    void *request = malloc(size); /* nothing behind it may be read */
    assay_request whole = request_to(ECHO, "GET", "/");

    assert_non_null(request);
    whole.struct_size = size;
    memcpy(request, &whole, size);
    assert_int_equal(run(*state, perform_request, request), ASSAY_OK);
    free(request);
}

static void cancelled_perform_returns_at_once(void **state)
{
    struct world *world = *state;
    assay_request request = request_to(SILENT, "GET", "/");
    const struct host_operation_spec spec = {
        .name = "run", .body = perform_request, .arg = &request, .grace = 60 * ASSAY_SECOND};
    struct host_operation *operation = NULL;

    http = &http_table;
    assert_int_equal(host_operation_start(world->instance, &spec, &operation), ASSAY_OK);
    http_server_await_requests(world->silent, 1);
    host_operation_cancel(operation);
    host_operation_finish(operation, &result);

    assert_int_equal(result.status, ASSAY_E_CANCELLED);
    assert_true(result.was_cancelled);
    http_server_await_closed(world->silent, 1); /* the exchange was given up, too */
}

/* ---- open, start, collect, close ---- */

static assay_status collect_many(assay_task *task, void *arg)
{
    enum {
        COUNT = 300
    };
    const assay_host *table = task_host(task);
    assay_calls *calls = NULL;
    unsigned char seen[COUNT] = {0};
    assay_reply *reply = NULL;

    (void)arg;
    assert_int_equal(http->open(table, COUNT, &calls), ASSAY_OK);
    for (uint32_t i = 0; i < COUNT; i++) {
        assay_request request = request_to(ECHO, "PUT", "/");

        request.tag = i;
        request.body = (assay_bytes){&i, sizeof i};
        assert_int_equal(http->start(table, calls, &request), ASSAY_OK);
    }
    for (uint32_t i = 0; i < COUNT; i++) {
        const assay_reply_info *info;

        assert_int_equal(http->collect(task, calls, ASSAY_FOREVER, &reply), ASSAY_OK);
        info = http->info(reply);
        assert_int_equal(info->status, ASSAY_OK);
        assert_int_equal(info->body.size, sizeof i);
        assert_int_equal(*(const uint32_t *)info->body.data, info->tag);
        assert_int_equal(seen[info->tag]++, 0);
        http->release(reply);
    }
    reply = NULL;
    assert_int_equal(http->collect(task, calls, ASSAY_FOREVER, &reply), ASSAY_E_NOTFOUND);
    assert_null(reply);
    http->close(calls);
    http->close(NULL);
    return ASSAY_OK;
}

static void everything_started_is_collected_once(void **state)
{
    assert_int_equal(run(*state, collect_many, NULL), ASSAY_OK);
}

static assay_status collect_failure(assay_task *task, void *arg)
{
    const assay_host *table = task_host(task);
    const assay_request dead = request_to(DEAD, "GET", "/");
    assay_calls *calls = NULL;
    assay_reply *reply = NULL;

    (void)arg;
    assert_int_equal(http->open(table, 1, &calls), ASSAY_OK);
    assert_int_equal(http->start(table, calls, &dead), ASSAY_OK);
    assert_int_equal(http->collect(task, calls, ASSAY_FOREVER, &reply), ASSAY_OK);
    assert_int_equal(http->info(reply)->status, ASSAY_E_IO);
    assert_int_equal(http->info(reply)->code, 0);
    assert_int_equal(http->info(reply)->sent, 0);
    assert_int_equal(http->info(reply)->node, DEAD);
    assert_non_null(strstr(http->info(reply)->why, "cannot connect"));
    http->release(reply);
    http->close(calls);
    return ASSAY_OK;
}

static void failed_requests_are_collected_too(void **state)
{
    assert_int_equal(run(*state, collect_failure, NULL), ASSAY_OK);
}

static assay_status fill_the_set(assay_task *task, void *arg)
{
    const assay_host *table = task_host(task);
    const assay_request request = request_to(ECHO, "GET", "/");
    assay_calls *calls = NULL;
    assay_reply *reply = NULL;

    (void)arg;
    assert_int_equal(http->open(table, 2, &calls), ASSAY_OK);
    assert_int_equal(http->start(table, calls, &request), ASSAY_OK);
    assert_int_equal(http->start(table, calls, &request), ASSAY_OK);
    assert_int_equal(http->start(table, calls, &request), ASSAY_E_LAGGED);
    assert_int_equal(http->collect(task, calls, ASSAY_FOREVER, &reply), ASSAY_OK);
    http->release(reply);
    assert_int_equal(http->start(table, calls, &request), ASSAY_OK);
    http->close(calls);
    return ASSAY_OK;
}

static void full_set_takes_no_more_until_one_is_collected(void **state)
{
    assert_int_equal(run(*state, fill_the_set, NULL), ASSAY_OK);
}

static assay_status fill_the_engine(assay_task *task, void *arg)
{
    const assay_host *table = task_host(task);
    const assay_request request = request_to(SILENT, "GET", "/");
    assay_calls *calls = NULL;
    assay_status s = ASSAY_OK;

    (void)arg;
    assert_int_equal(http->open(table, 10, &calls), ASSAY_OK);
    for (int i = 0; i < 20; i++) /* more than the set has places: refusals must not take any */
        s = http->start(table, calls, &request);
    http->close(calls);
    return s;
}

static void full_engine_refuses_and_says_so(void **state)
{
    struct world *world = *state;

    assert_int_equal(run(world, fill_the_engine, NULL), ASSAY_E_LAGGED);
    assert_non_null(strstr(result.why, "all instances together"));
}

static assay_status open_wrongly(assay_task *task, void *arg)
{
    assay_calls *calls = NULL;

    (void)arg;
    assert_int_equal(http->open(task_host(task), 65537, &calls), ASSAY_E_INVALID);
    assert_null(calls);
    return http->open(task_host(task), 0, &calls);
}

static void sets_have_a_size_within_limits(void **state)
{
    assert_int_equal(run(*state, open_wrongly, NULL), ASSAY_E_INVALID);
    assert_non_null(strstr(result.why, "in_flight_max"));
}

static assay_status poll_silence(assay_task *task, void *arg)
{
    const assay_host *table = task_host(task);
    const assay_request request = request_to(SILENT, "GET", "/");
    assay_calls *calls = NULL;
    assay_reply *reply = NULL;

    (void)arg;
    assert_int_equal(http->open(table, 1, &calls), ASSAY_OK);
    assert_int_equal(http->start(table, calls, &request), ASSAY_OK);
    assert_int_equal(http->collect(task, calls, 0, &reply), ASSAY_E_TIMEOUT);
    assert_int_equal(http->collect(task, calls, host_now(host_of(table)) + 20 * ASSAY_MS, &reply),
        ASSAY_E_TIMEOUT);
    assert_null(reply);
    http->close(calls);
    return ASSAY_OK;
}

static void collecting_ends_at_its_moment(void **state)
{
    assert_int_equal(run(*state, poll_silence, NULL), ASSAY_OK);
}

static void closing_abandons_what_is_in_flight(void **state)
{
    struct world *world = *state;
    struct http_stats stats = {.in_flight = 1};

    assert_int_equal(run(world, poll_silence, NULL), ASSAY_OK);
    while (stats.in_flight > 0)
        http_service_stats(world->service, &stats);
    assert_int_equal(stats.cancelled, 1);
}

static assay_status keep_moments(assay_task *task, void *arg)
{
    const assay_host *table = task_host(task);
    const assay_ns now = host_now(host_of(table));
    assay_request request = request_to(ECHO, "GET", "/");
    assay_calls *calls = NULL;
    assay_reply *reply = NULL;

    (void)arg;
    assert_int_equal(http->open(table, 4, &calls), ASSAY_OK);
    request.at = now + 30 * ASSAY_MS;
    assert_int_equal(http->start(table, calls, &request), ASSAY_OK);
    assert_int_equal(http->collect(task, calls, ASSAY_FOREVER, &reply), ASSAY_OK);
    assert_int_equal(http->info(reply)->at, now + 30 * ASSAY_MS);
    assert_true(http->info(reply)->sent >= now + 30 * ASSAY_MS);
    http->release(reply);
    request.at = 1; /* long past, and still what latency counts from */
    assert_int_equal(http->start(table, calls, &request), ASSAY_OK);
    assert_int_equal(http->collect(task, calls, ASSAY_FOREVER, &reply), ASSAY_OK);
    assert_int_equal(http->info(reply)->at, 1);
    http->release(reply);
    request.at = ASSAY_FOREVER; /* never; the set is closed with it */
    assert_int_equal(http->start(table, calls, &request), ASSAY_OK);
    http->close(calls);
    return ASSAY_OK;
}

static void moments_come_back_as_they_were_given(void **state)
{
    assert_int_equal(run(*state, keep_moments, NULL), ASSAY_OK);
}

static assay_status forget_a_set(assay_task *task, void *arg)
{
    const assay_request request = request_to(SILENT, "GET", "/");
    assay_calls *calls = NULL;

    (void)arg;
    assert_int_equal(http->open(task_host(task), 4, &calls), ASSAY_OK);
    assert_int_equal(http->start(task_host(task), calls, &request), ASSAY_OK);
    return ASSAY_OK;
}

static void forgotten_set_is_closed_with_the_instance(void **state)
{
    struct world *world = *state;
    struct http_stats stats = {.in_flight = 1};

    assert_int_equal(run(world, forget_a_set, NULL), ASSAY_OK);
    host_instance_free(world->instance);
    world->instance = NULL;
    while (stats.in_flight > 0)
        http_service_stats(world->service, &stats);
    assert_int_equal(stats.cancelled, 1);
}

/* ---- what may go wrong anywhere ---- */

static assay_status one_of_each(assay_task *task, void *arg)
{
    const assay_host *table = task_host(task);
    assay_request request = request_to(ECHO, "GET", "/");
    assay_calls *calls = NULL;
    assay_reply *reply = NULL;
    assay_status s;

    if (arg)
        mem_fail_at(*(const uint64_t *)arg, MEM_FAIL_ONCE);
    s = http->perform(task, &request, &reply);
    http->release(reply);
    reply = NULL;
    if (!s)
        s = http->open(table, 2, &calls);
    for (int i = 0; i < 2 && !s; i++)
        s = http->start(table, calls, &request);
    for (int i = 0; i < 2 && !s; i++) {
        s = http->collect(task, calls, ASSAY_FOREVER, &reply);
        http->release(reply);
        reply = NULL;
    }
    http->close(calls);
    mem_fail_at(0, MEM_FAIL_ONCE);
    return s;
}

static void cancellation_at_every_blocking_call_is_clean(void **state)
{
    struct world *world = *state;
    assay_status s = ASSAY_E_CANCELLED;
    uint64_t nth = 0;

    while (s) {
        nth++;
        assert_true(nth < 10);
        (void)tasks_cancel_at(world->host, nth);
        s = run(world, one_of_each, NULL);
        assert_true(s == ASSAY_OK || s == ASSAY_E_CANCELLED);
    }
    (void)tasks_cancel_at(world->host, 0);
    assert_int_equal(nth, 4); /* perform and twice collect block */
}

static void every_allocation_may_fail(void **state)
{
    assay_status s = ASSAY_E_NOMEM;
    uint64_t nth = 0;

    while (s) {
        nth++;
        assert_true(nth < 100);
        s = run(*state, one_of_each, &nth);
        assert_true(s == ASSAY_OK || s == ASSAY_E_NOMEM);
    }
    assert_true(nth > 10);
}

/* ---- other addresses ---- */

static assay_status get_url(assay_task *task, void *arg)
{
    assay_reply *reply = NULL;
    const assay_status s = http_service_get(task, arg, &reply);

    if (!s)
        assert_int_equal(http->info(reply)->code, 200);
    http->release(reply);
    return s;
}

static void urls_can_be_asked_for(void **state)
{
    struct world *world = *state;
    char url[64];

    (void)snprintf(url, sizeof url, "http://127.0.0.1:%u/api/v1/query?query=1", world->ports[ECHO]);
    assert_int_equal(run(world, get_url, url), ASSAY_OK);
    assert_memory_equal(http_server_request(world->echo, 0), "GET /api/v1/query?query=1 ", 26);
    assert_int_equal(run(world, get_url, (void *)(uintptr_t) "ftp://x/"), ASSAY_E_INVALID);
    assert_non_null(strstr(result.why, "ftp://x/"));
}

static void names_and_tls_are_left_to_libcurl(void **state)
{
    struct world *world = *state;
    char url[64];

    (void)snprintf(url, sizeof url, "http://localhost:%u/x", world->ports[ECHO]);
    assert_int_equal(run(world, get_url, url), ASSAY_OK);
    (void)snprintf(url, sizeof url, "https://127.0.0.1:%u/x", world->ports[DEAD]);
    assert_int_equal(run(world, get_url, url), ASSAY_E_IO);
}

static void missing_curl_module_is_reported_when_it_is_needed(void **state)
{
    struct world *world = *state;
    const struct http_service_config config = {.curl_module = "/nowhere/module.so"};
    struct http_service *other = NULL;
    struct host_config host = {
        .name = "t", .run_id = "t-1", .run_dir = world->run_dir, .http = &http_table};
    struct world without = {0};
    const struct host_instance_config instance = {
        .name = "workload.y", .plugin_id = "test.y", .kind = ASSAY_WORKLOAD};

    assert_int_equal(http_service_new(&config, &other, NULL), ASSAY_OK);
    host.http_state = other;
    host.topology = world->topology;
    assert_int_equal(host_new(&host, &without.host, NULL), ASSAY_OK);
    assert_int_equal(host_instance_new(without.host, &instance, &without.instance, NULL), ASSAY_OK);
    without.table = host_instance_table(without.instance);
    assert_int_equal(
        run(&without, get_url, (void *)(uintptr_t) "https://127.0.0.1/"), ASSAY_E_NOTFOUND);
    assert_non_null(strstr(result.why, "/nowhere/module.so"));
    host_instance_free(without.instance);
    host_free(without.host);
    http_service_free(other);
}

static void making_the_service_without_memory_fails(void **state)
{
    const struct http_service_config config = {.curl_module = "x"};
    struct http_service *service = NULL;
    assay_status s = ASSAY_E_NOMEM;

    (void)state;
    for (uint64_t nth = 1; s; nth++) {
        mem_fail_at(nth, MEM_FAIL_ONCE);
        s = http_service_new(&config, &service, NULL);
        mem_fail_at(0, MEM_FAIL_ONCE);
        assert_true(s == ASSAY_OK || s == ASSAY_E_NOMEM);
    }
    http_service_free(service);
    http_service_free(NULL);
}

#define WITH_WORLD(test) cmocka_unit_test_setup_teardown(test, world_new, world_free)

int main(void)
{
    static const struct CMUnitTest tests[] = {
        WITH_WORLD(perform_gives_the_reply),
        WITH_WORLD(perform_says_why_there_is_no_reply),
        WITH_WORLD(perform_that_is_too_late_times_out),
        WITH_WORLD(unknown_node_is_not_found),
        WITH_WORLD(request_that_cannot_be_sent_is_invalid),
        WITH_WORLD(shorter_request_of_an_older_plugin_is_read),
        WITH_WORLD(cancelled_perform_returns_at_once),
        WITH_WORLD(everything_started_is_collected_once),
        WITH_WORLD(failed_requests_are_collected_too),
        WITH_WORLD(full_set_takes_no_more_until_one_is_collected),
        cmocka_unit_test_setup_teardown(
            full_engine_refuses_and_says_so, small_world_new, world_free),
        WITH_WORLD(sets_have_a_size_within_limits),
        WITH_WORLD(collecting_ends_at_its_moment),
        WITH_WORLD(closing_abandons_what_is_in_flight),
        WITH_WORLD(moments_come_back_as_they_were_given),
        WITH_WORLD(forgotten_set_is_closed_with_the_instance),
        WITH_WORLD(cancellation_at_every_blocking_call_is_clean),
        WITH_WORLD(every_allocation_may_fail),
        WITH_WORLD(urls_can_be_asked_for),
        WITH_WORLD(names_and_tls_are_left_to_libcurl),
        WITH_WORLD(missing_curl_module_is_reported_when_it_is_needed),
        cmocka_unit_test(making_the_service_without_memory_fails),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

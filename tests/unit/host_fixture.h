/* What tests of framework/host start from: a run of a few nodes in a directory of its own.

       static int setup(void **state)  { *state = fixture_new(3); return 0; }
       static int teardown(void **state) { fixture_free(*state); return 0; }

   Instances are made by fixture_instance and freed with the fixture. run_body runs a function as an
   operation of an instance, on a task, with generous limits, and returns its result. */
#ifndef ASSAY_TESTS_HOST_FIXTURE_H
#define ASSAY_TESTS_HOST_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "framework/base/file.h"
#include "framework/base/log.h"
#include "framework/host/host.h"
#include "framework/host/operation.h"
#include "framework/topology/topology.h"

enum {
    FIXTURE_INSTANCES_MAX = 16,
    FIXTURE_EVENTS_SIZE = 1 << 16
};

struct fixture {
    char run_dir[64];
    struct topology *topology;
    struct host_config config;
    struct host *host;
    struct host_instance *instances[FIXTURE_INSTANCES_MAX];
    unsigned instance_count;
    char events[FIXTURE_EVENTS_SIZE]; /* all that was written, cut off when full */
    size_t events_size;
};

static inline void fixture_write_event(void *context, const char *line, size_t size)
{
    struct fixture *fixture = context;

    if (fixture->events_size + size < sizeof(fixture->events)) {
        memcpy(fixture->events + fixture->events_size, line, size);
        fixture->events_size += size;
    }
}

/* Everything but the host, so that a test can change config before fixture_start. */
static inline struct fixture *fixture_prepare(uint32_t nodes)
{
    const struct topology_shape shape = {
        .layout = TOPOLOGY_STAR, .validators = nodes, .accounts = 10, .funds_total = 1000};
    struct fixture *fixture = calloc(1, sizeof(*fixture));

    assert_non_null(fixture);
    log_set_level(LOG_LEVEL_OFF);
    (void)snprintf(fixture->run_dir, sizeof(fixture->run_dir), "/tmp/assay-test-host-XXXXXX");
    assert_non_null(mkdtemp(fixture->run_dir));
    assert_int_equal(topology_new(&shape, &fixture->topology, NULL), ASSAY_OK);
    fixture->config = (struct host_config){.name = "test",
        .run_id = "test-1",
        .run_dir = fixture->run_dir,
        .seed = 42,
        .duration = 60 * ASSAY_SECOND,
        .topology = fixture->topology,
        .write_event = fixture_write_event,
        .event_context = fixture};
    return fixture;
}

static inline void fixture_start(struct fixture *fixture)
{
    struct error err = {0};

    if (host_new(&fixture->config, &fixture->host, &err))
        fail_msg("%s", err.text);
}

static inline struct fixture *fixture_new(uint32_t nodes)
{
    struct fixture *fixture = fixture_prepare(nodes);

    fixture_start(fixture);
    return fixture;
}

static inline struct host_instance *fixture_instance(
    struct fixture *fixture, const char *name, uint32_t kind)
{
    const struct host_instance_config config = {
        .name = name, .plugin_id = "test.plugin", .kind = kind};
    struct host_instance **place = &fixture->instances[fixture->instance_count];

    assert_true(fixture->instance_count < FIXTURE_INSTANCES_MAX);
    assert_int_equal(host_instance_new(fixture->host, &config, place, NULL), ASSAY_OK);
    fixture->instance_count++;
    return *place;
}

static inline void fixture_free(struct fixture *fixture)
{
    for (unsigned i = 0; i < fixture->instance_count; i++)
        host_instance_free(fixture->instances[i]);
    host_free(fixture->host);
    topology_free(fixture->topology);
    (void)dir_remove(fixture->run_dir, NULL);
    free(fixture);
}

/* The service's table; the test fails when it is not offered. */
static inline const void *fixture_service(const struct host_instance *instance, const char *id)
{
    const assay_host *table = host_instance_table(instance);
    const void *service = table->service(table, id);

    if (!service)
        fail_msg("service %s is not offered", id);
    return service;
}

static inline struct host_operation_result run_body(
    struct host_instance *instance, assay_status (*body)(assay_task *, void *), void *arg)
{
    const struct host_operation_spec spec = {.name = "test",
        .body = body,
        .arg = arg,
        .limit = 60 * ASSAY_SECOND,
        .grace = 60 * ASSAY_SECOND};
    struct host_operation_result result;

    (void)host_run_operation(instance, &spec, &result);
    return result;
}

static inline bool has_violation(const struct host *host, const char *part)
{
    struct host_note note;

    for (size_t i = 0; host_violation_at(host, i, &note); i++) {
        if (strstr(note.text, part))
            return true;
    }
    return false;
}

#endif

/* A system nomos with nothing but data availability, for its tests: three nodes, of which the last
   is an executor, and a host that keeps what is said to it. The HTTP and JSON tables are the
   test's. */
#ifndef PLUGINS_SYSTEMS_NOMOS_TEST_DA_H
#define PLUGINS_SYSTEMS_NOMOS_TEST_DA_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <assay/nomos_da.h>

#include "plugins/systems/nomos/da.h"

#define CHANNEL_0 "63686e5f77726b64000000000000000000000000000000000000000000000000"
#define MESSAGE_A "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

enum {
    DA_NODES = 3,
    DA_EXECUTOR = 2
};

struct da_desk {
    struct nomos system;
    struct nomos_node nodes[DA_NODES];
    const nomos_da *da;
    assay_host user;
    char why[256]; /* the latest text given to fail */
    assay_ns now;
};

static struct da_desk *the_desk; /* the tables have no place for it */

static inline assay_ns desk_now(const assay_host *host)
{
    (void)host;
    return the_desk->now;
}

static inline assay_status desk_fail(const assay_host *host, assay_status status, const char *why)
{
    (void)host;
    (void)snprintf(the_desk->why, sizeof(the_desk->why), "%s", why);
    return status;
}

static const assay_clock desk_clock = {.struct_size = sizeof(assay_clock), .now = desk_now};

/* Seeds are 01.., 02.., 03... */
static inline void desk_open(struct da_desk *desk)
{
    *desk = (struct da_desk){.user = {.struct_size = sizeof(assay_host), .instance = "test.user"}};
    desk->user.fail = desk_fail;
    the_desk = desk;
    assert_true(keys_init());
    wire_init(&desk->system.wire, &wire_revision_2025_12);
    desk->system.host = &desk->user;
    desk->system.clock = &desk_clock;
    desk->system.node_count = DA_NODES;
    desk->system.nodes = desk->nodes;
    for (uint8_t i = 0; i < DA_NODES; i++) {
        memset(desk->nodes[i].seed.bytes, i + 1, sizeof(desk->nodes[i].seed.bytes));
        desk->nodes[i].is_executor = i == DA_EXECUTOR;
        desk->nodes[i].is_dev = true;
    }
    assert_int_equal(da_init(&desk->system), ASSAY_OK);
    desk->da = da_service(&desk->system, NOMOS_DA);
    assert_non_null(desk->da);
}

static inline void desk_close(struct da_desk *desk)
{
    da_done(&desk->system);
}

static inline nomos_da_place place_of(const char *channel, const char *parent)
{
    return (nomos_da_place){
        .struct_size = sizeof(nomos_da_place), .channel = channel, .parent = parent};
}

#endif

/* The network that the tests of da_inclusion judge, and how they judge it. */
#ifndef PLUGINS_EXPECTATIONS_DA_INCLUSION_TEST_NETWORK_H
#define PLUGINS_EXPECTATIONS_DA_INCLUSION_TEST_NETWORK_H

#include "tests/fakehost/fakehost.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <assay/nomos_da.h>

/* Blocks a1, a2, ... come at 2 s, 4 s, ... on all of two validators and two executors; messages go
   out from 10 s on; judgement is at 90 s. An interval of 2 s makes grace 10 s and settle 20 s. */
enum {
    NODES = 4,
    INTERVAL = 2,
    JUDGED = 90
};

#define CHANNEL                                                                                    \
    "63686e5f77726b640000000000000000000000000000000000000000000000"                               \
    "00"

static inline struct fakehost *network(void)
{
    struct fakehost *f = fake_new();

    fake_nodes(f, "validator", 2);
    fake_nodes(f, "executor", 2);
    fake_facts(f, INTERVAL * ASSAY_SECOND, 30, 5);
    fake_window(f, 10 * ASSAY_SECOND, 70 * ASSAY_SECOND);
    fake_chain(f, "a", "genesis", 1, 60);
    return f;
}

static inline void all_grow(struct fakehost *f, uint64_t to)
{
    fake_adopt_run(f, ASSAY_ANY_NODE, "a", 1, to, INTERVAL * ASSAY_SECOND, INTERVAL * ASSAY_SECOND);
}

/* A message that was sent at `at` seconds and came to this. */
static inline void sent(
    struct fakehost *f, const char *kind, const char *id, uint32_t outcome, int at)
{
    fake_da_message(f, id, kind, CHANNEL, "");
    fake_submission_of(f, kind, id, outcome, at * ASSAY_SECOND);
}

/* One that was accepted and is in the block. */
static inline void included(
    struct fakehost *f, const char *kind, const char *id, int at, const char *block)
{
    sent(f, kind, id, ASSAY_SUBMIT_ACCEPTED, at);
    fake_item(f, block, kind, id);
}

/* An inscription and four blobs, all on the agreed chain. */
static inline struct fakehost *good_network(void)
{
    struct fakehost *f = network();

    all_grow(f, 40);
    included(f, NOMOS_DA_INSCRIPTION, "i0", 10, "a6");
    included(f, NOMOS_DA_BLOB, "b1", 12, "a7");
    included(f, NOMOS_DA_BLOB, "b2", 14, "a8");
    included(f, NOMOS_DA_BLOB, "b3", 16, "a9");
    included(f, NOMOS_DA_BLOB, "b4", 18, "a10");
    return f;
}

static inline assay_status live_with(struct fakehost *f, assay_verdict *verdict, const char *option)
{
    assay_status s = fake_create(f, option, NULL);

    if (!s)
        s = fake_prepare(f);
    if (s)
        return s;
    fake_advance(f, JUDGED * ASSAY_SECOND);
    return fake_judge(f, verdict);
}

static inline void check(const assay_verdict *verdict, uint32_t outcome, const char *text)
{
    if (verdict->outcome != outcome)
        fail_msg("outcome %u instead of %u: %s", verdict->outcome, outcome, verdict->why);
    if (!strstr(verdict->why, text))
        fail_msg("'%s' does not say '%s'", verdict->why, text);
}

static inline void judges(
    struct fakehost *f, const char *option, uint32_t outcome, const char *text)
{
    assay_verdict verdict;

    assert_int_equal(live_with(f, &verdict, option), ASSAY_OK);
    check(&verdict, outcome, text);
    fake_free(f);
}

#endif

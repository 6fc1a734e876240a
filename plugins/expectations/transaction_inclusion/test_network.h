/* The network that the tests of transaction_inclusion judge, and how they judge it. */
#ifndef PLUGINS_EXPECTATIONS_TRANSACTION_INCLUSION_TEST_NETWORK_H
#define PLUGINS_EXPECTATIONS_TRANSACTION_INCLUSION_TEST_NETWORK_H

#include "tests/fakehost/fakehost.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

/* Blocks a1, a2, ... come at 2 s, 4 s, ... on all nodes; the load runs from 10 s on; judgement is
   at 90 s. An interval of 2 s makes grace 10 s and settle 20 s. */
enum {
    NODES = 3,
    INTERVAL = 2,
    JUDGED = 90
};

static inline struct fakehost *network(void)
{
    struct fakehost *f = fake_new();

    fake_nodes(f, "validator", NODES);
    fake_facts(f, INTERVAL * ASSAY_SECOND, 30, 5);
    fake_window(f, 10 * ASSAY_SECOND, 70 * ASSAY_SECOND);
    fake_chain(f, "a", "genesis", 1, 60);
    return f;
}

static inline void all_grow(struct fakehost *f, uint64_t to)
{
    fake_adopt_run(f, ASSAY_ANY_NODE, "a", 1, to, INTERVAL * ASSAY_SECOND, INTERVAL * ASSAY_SECOND);
}

/* Accepted at `at` seconds, and in the block. */
static inline void included(struct fakehost *f, const char *id, int at, const char *block)
{
    fake_submission(f, id, ASSAY_SUBMIT_ACCEPTED, at * ASSAY_SECOND);
    fake_item(f, block, "transaction", id);
}

static inline assay_status live_with(struct fakehost *f, assay_verdict *verdict, const char *option)
{
    assay_status s = fake_create(f, option, NULL);

    if (!s)
        s = fake_prepare(f);
    if (s)
        return s;
    fake_cancel_at(f, (JUDGED - 1) * ASSAY_SECOND);
    s = fake_run(f);
    if (s != ASSAY_E_CANCELLED)
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

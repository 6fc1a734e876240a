/* The network that the tests of the workload da send to, and how they run it. */
#ifndef PLUGINS_WORKLOADS_DA_TEST_NETWORK_H
#define PLUGINS_WORKLOADS_DA_TEST_NETWORK_H

#include "tests/fakehost/fakehost.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <assay/nomos_da.h>

/* Two validators (0, 1) and two executors (2, 3); a block every two seconds; 15 of them are
   expected in the window. So with the defaults there are 2 channels of 8 blobs. */
enum {
    OPENS = 10, /* of the window, seconds */
    CLOSES = 40,
    ENDS = 60, /* blocks come until then, and then the workload is cancelled */
    CHANNELS = 2,
    EACH = 8,
    BLOBS = CHANNELS * EACH
};

static inline assay_ns seconds(double count)
{
    return (assay_ns)(count * (double)ASSAY_SECOND);
}

static inline struct fakehost *network(void)
{
    struct fakehost *f = fake_new();

    fake_nodes(f, "validator", 2);
    fake_nodes(f, "executor", 2);
    fake_facts(f, 2 * ASSAY_SECOND, 15, 3);
    fake_window(f, OPENS * ASSAY_SECOND, CLOSES * ASSAY_SECOND);
    return f;
}

static inline struct fakehost *live_network(void)
{
    struct fakehost *f = network();

    fake_da_blocks(f, ASSAY_SECOND, ENDS * ASSAY_SECOND, 2 * ASSAY_SECOND);
    return f;
}

/* From prepare to finish; the window opens in between. */
static inline assay_status live(struct fakehost *f)
{
    assay_status s = fake_prepare(f);

    if (!s) {
        fake_advance(f, OPENS * ASSAY_SECOND);
        fake_cancel_at(f, ENDS * ASSAY_SECOND);
        s = fake_run(f);
    }
    if (s)
        (void)fake_finish(f);
    else
        s = fake_finish(f);
    return s;
}

static inline size_t count_of(const struct fakehost *f, const char *kind, uint32_t outcome)
{
    return fake_submission_count_of(f, kind, outcome);
}

/* Every planned message has one end. */
static inline void assert_all_ended(const struct fakehost *f)
{
    size_t inscriptions = 0, blobs = 0;

    for (uint32_t i = ASSAY_SUBMIT_ACCEPTED; i <= ASSAY_SUBMIT_MISSED; i++) {
        inscriptions += count_of(f, NOMOS_DA_INSCRIPTION, i);
        blobs += count_of(f, NOMOS_DA_BLOB, i);
    }
    assert_int_equal(inscriptions, CHANNELS);
    assert_int_equal(blobs, BLOBS);
}

/* How often a text stands in another. */
static inline size_t occurrences(const char *text, const char *part)
{
    size_t count = 0;

    while ((text = strstr(text, part))) {
        text += strlen(part);
        count++;
    }
    return count;
}

#endif

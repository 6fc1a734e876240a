/* Networks without executors and data availability, under the names of either revision of the node.
   CI builds this test without data availability as well: nothing here needs its code. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/integration/scenarios/support.h"

#define LOAD                                                                                       \
    "[wallets]\ncount = 12\n[deployer.local]\n[workload.transactions]\nrate = 1\nusers = 8\n"      \
    "[expectation.consensus_liveness]\nfraction = 0.1\n[expectation.agreement]\n"                  \
    "[expectation.transaction_inclusion]\n"
#define RUN "[run]\nname = revisions\nduration = 4s\ncooldown = 3s\n"

static void nodes_of_one_kind_run_without_data_availability(void **state)
{
    static const char *const files[] = {
        "nodes/node-0/node.yaml", "nodes/node-1/node.yaml", "nodes/node-2/node.yaml"};
    struct stage *stage = *state;
    char *summary;

    stage_manifest(stage,
        RUN "[topology]\nnodes = 3\n[system.nomos]\nslot = 300ms\nrevision = 2026-01\n" LOAD);
    assert_exit(stage, stage_run(stage, NULL), 0);
    assert_judged(stage, "consensus_liveness", "pass");
    assert_judged(stage, "agreement", "pass");
    assert_judged(stage, "transaction_inclusion", "pass");
    for (size_t i = 0; i < 3; i++) {
        char *yaml = stage_read(stage, files[i]);

        assert_non_null(yaml);
        assert_lacks(yaml, "da_");
        free(yaml);
    }
    summary = stage_read(stage, "summary.txt");
    assert_has(
        summary, "with the encodings of the revision 2025-12 under the names of a later one");
    free(summary);
    stage_await_nobody(stage);
}

static void validators_run_without_data_availability(void **state)
{
    struct stage *stage = *state;

    stage_manifest(stage, RUN "[topology]\nvalidators = 3\n[system.nomos]\nslot = 300ms\n" LOAD);
    assert_exit(stage, stage_run(stage, NULL), 0);
    assert_judged(stage, "agreement", "pass");
    assert_judged(stage, "transaction_inclusion", "pass");
    stage_await_nobody(stage);
}

static void executors_are_refused_where_there_is_one_kind_of_node(void **state)
{
    struct stage *stage = *state;

    stage_manifest(stage,
        RUN "[topology]\nvalidators = 1\nexecutors = 1\n[system.nomos]\nrevision = 2026-01\n" LOAD);
    assert_exit(stage, stage_run(stage, NULL), 3);
    assert_has(
        stage->out, "the revision 2026-01 has one kind of node, and the topology has executors");
    stage_await_nobody(stage);
}

static void the_variables_of_a_revision_count_and_no_others(void **state)
{
    struct stage *stage = *state;

    stage_setenv(stage, "NOMOS_NODE_BIN=/nosuch/old");
    stage_setenv(stage, "LOGOS_BLOCKCHAIN_NODE_BIN=/nosuch/new");
    stage_manifest(stage, RUN "[topology]\nnodes = 2\n[system.nomos]\nrevision = 2026-01\n" LOAD);
    assert_exit(stage, stage_run(stage, NULL), 3);
    assert_has(stage->out, "/nosuch/new, which LOGOS_BLOCKCHAIN_NODE_BIN names, does not exist");
    assert_lacks(stage->out, "/nosuch/old");
    stage_next(stage);
    stage_manifest(stage, RUN "[topology]\nvalidators = 2\n[system.nomos]\n" LOAD);
    assert_exit(stage, stage_run(stage, NULL), 3);
    assert_has(stage->out, "/nosuch/old, which NOMOS_NODE_BIN names, does not exist");
    assert_lacks(stage->out, "/nosuch/new");
}

static void a_revision_that_is_none_is_a_mistake_in_the_manifest(void **state)
{
    struct stage *stage = *state;

    stage_manifest(stage, RUN "[topology]\nnodes = 2\n[system.nomos]\nrevision = 2024\n" LOAD);
    assert_exit(stage, stage_run(stage, NULL), 2);
    assert_has(stage->err, "2025-12");
    assert_has(stage->err, "2026-01");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, stage_open, stage_close)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(nodes_of_one_kind_run_without_data_availability),
        TEST(validators_run_without_data_availability),
        TEST(executors_are_refused_where_there_is_one_kind_of_node),
        TEST(the_variables_of_a_revision_count_and_no_others),
        TEST(a_revision_that_is_none_is_a_mistake_in_the_manifest),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

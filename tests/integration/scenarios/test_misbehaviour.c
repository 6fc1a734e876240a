/* Each way in which a development node can do wrong turns the expectation that is about it, and no
   other, into a failure that names who, where and how much. What makes an expectation fail has to be
   seen; so has what makes it say nothing. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/integration/scenarios/support.h"

/* Bars that any machine reaches: 90 blocks are expected in the window, 9 are asked for. */
#define NETWORK                                                                                    \
    "[run]\nduration = 5s\ncooldown = 1s\nsettle = 1s\nseed = 7\n"                                 \
    "[topology]\nvalidators = 3\n"                                                                 \
    "[system.nomos]\nslot = 100ms\nsecurity_param = 5\n"
#define TRAFFIC(targets)                                                                           \
    "[wallets]\ncount = 20\n"                                                                      \
    "[workload.transactions]\nusers = 10\ntimeout = 2s\ntargets = " targets "\n"
#define CHAIN_WITH(min_blocks)                                                                     \
    "[expectation.liveness]\nplugin = consensus_liveness\nmin_blocks = " min_blocks                \
    "\nstall_max = 4s\nlag_max = 1000\npatience = 2s\n"                                            \
    "[expectation.agreement]\nspread_max = 1000\npatience = 2s\n"
#define CHAIN CHAIN_WITH("9")
#define INCLUSION                                                                                  \
    "[expectation.inclusion]\nplugin = transaction_inclusion\npatience = 2s\nsettle = 4s\n"        \
    "grace = 1s\n"
#define NODES_ALL(what)                                                                            \
    "[node.validator-0]\nmisbehave = " what "\n[node.validator-1]\nmisbehave = " what              \
    "\n[node.validator-2]\nmisbehave = " what "\n"

static void run_to(struct stage *stage, const char *manifest, int exit_code)
{
    stage_manifest(stage, manifest);
    assert_exit(stage, stage_run(stage, NULL), exit_code);
}

/* Misbehaviour that begins when the window is open. */
static void run_with(struct stage *stage, const char *manifest, const char *json, int exit_code)
{
    stage_manifest(stage, manifest);
    stage_start(stage, NULL);
    stage_await_event(stage, WINDOW_OPEN);
    stage_misbehave(stage, "validator-1", json);
    assert_exit(stage, stage_join(stage), exit_code);
}

static void the_same_network_without_misbehaviour_passes(void **state)
{
    struct stage *stage = *state;

    run_to(stage, NETWORK TRAFFIC("all") CHAIN INCLUSION, 0);

    assert_string_equal(verdict_text(stage_verdict(stage), "outcome"), "pass");
}

static void a_chain_that_nobody_extends_fails_liveness_alone(void **state)
{
    struct stage *stage = *state;

    /* 40 slots cannot have 42 blocks. */
    run_to(stage, NETWORK CHAIN_WITH("42") NODES_ALL("stop-proposing=40"), 1);

    assert_judged(stage, "liveness", "fail");
    assert_judged(stage, "agreement", "pass");
    assert_has(stage_why(stage, "liveness"), "validator-0: ");
    assert_has(stage_why(stage, "liveness"), " in 5.0 s, bar 42");
    assert_has(stage_why(stage, "liveness"), "after height ");
    assert_has(verdict_text(stage_verdict(stage), "reason"), "expectation.liveness: validator-0");
}

static void one_of_three_that_proposes_nothing_breaks_nothing(void **state)
{
    struct stage *stage = *state;

    run_to(stage,
        NETWORK TRAFFIC("all") CHAIN INCLUSION "[node.validator-1]\nmisbehave = stop-proposing\n",
        0);
}

static void a_node_deaf_to_its_peers_fails_agreement_alone(void **state)
{
    struct stage *stage = *state;

    run_with(stage, NETWORK TRAFFIC("validator-0, validator-2") CHAIN INCLUSION,
        "{\"name\":\"ignore-peers\"}", 1);

    assert_judged(stage, "liveness", "pass");
    assert_judged(stage, "agreement", "fail");
    assert_judged(stage, "inclusion", "undecided");
    assert_has(stage_why(stage, "agreement"), "validator-1");
    assert_has(stage_why(stage, "agreement"), "height ");
    assert_has(stage_why(stage, "inclusion"), "on blocks that only some nodes hold");
}

static void a_forged_chain_fails_agreement_alone_and_names_where_it_parts(void **state)
{
    struct stage *stage = *state;

    run_to(stage, NETWORK TRAFFIC("all") CHAIN INCLUSION "[node.validator-1]\nmisbehave = fork=4\n",
        1);

    assert_judged(stage, "liveness", "pass");
    assert_judged(stage, "agreement", "fail");
    assert_judged(stage, "inclusion", "undecided");
    assert_has(stage_why(stage, "agreement"), "final blocks differ from height 4 on: ");
    assert_has(stage_why(stage, "agreement"), " on validator-0, validator-2; ");
    assert_has(stage_why(stage, "agreement"), " on validator-1");
}

static void dropped_transactions_fail_inclusion_alone_and_name_who_took_them(void **state)
{
    struct stage *stage = *state;

    run_to(stage,
        NETWORK TRAFFIC("all") CHAIN INCLUSION
        "[node.validator-1]\nmisbehave = drop-transactions\n",
        1);

    assert_judged(stage, "liveness", "pass");
    assert_judged(stage, "agreement", "pass");
    assert_judged(stage, "inclusion", "fail");
    assert_has(stage_why(stage, "inclusion"), " are on no chain");
    assert_has(stage_why(stage, "inclusion"), "accepted by validator-1 at ");
    assert_has(stage_why(stage, "inclusion"), " on the chain that all nodes agree on");
    assert_has(stage_why(stage, "inclusion"), "bar 100.00 %");
}

static void a_network_that_accepts_no_transaction_ends_vacuous(void **state)
{
    struct stage *stage = *state;

    run_to(stage, NETWORK TRAFFIC("all") CHAIN INCLUSION NODES_ALL("refuse-transactions"), 4);

    assert_string_equal(verdict_text(stage_verdict(stage), "outcome"), "vacuous");
    assert_judged(stage, "liveness", "pass");
    assert_judged(stage, "agreement", "pass");
    assert_judged(stage, "inclusion", "vacuous");
    assert_has(stage_why(stage, "inclusion"), "accepted");
    assert_has(stage_why(stage, "inclusion"), "refused");
}

static void a_node_that_crashes_fails_liveness_and_leaves_the_rest_undecided(void **state)
{
    struct stage *stage = *state;

    run_with(stage, NETWORK TRAFFIC("all") CHAIN INCLUSION, "{\"name\":\"crash\"}", 1);

    assert_judged(stage, "liveness", "fail");
    assert_judged(stage, "agreement", "undecided");
    assert_judged(stage, "inclusion", "undecided");
    assert_has(stage_why(stage, "liveness"), "validator-1: has not answered since ");
    assert_has(stage_why(stage, "liveness"), "height ");
    assert_has(stage_why(stage, "agreement"), "validator-1");
}

static void a_network_that_crashes_as_a_whole_is_not_passed(void **state)
{
    struct stage *stage = *state;

    run_to(stage, NETWORK TRAFFIC("all") CHAIN INCLUSION NODES_ALL("crash=25"), 4);

    assert_judged(stage, "liveness", "undecided");
    assert_judged(stage, "agreement", "undecided");
    assert_judged(stage, "inclusion", "undecided");
    assert_has(stage_why(stage, "liveness"), "no other node answers either");
}

static void a_node_that_answers_with_errors_alone_fails_liveness(void **state)
{
    struct stage *stage = *state;
    char *events;

    run_with(stage, NETWORK TRAFFIC("validator-0, validator-2") CHAIN INCLUSION,
        "{\"name\":\"errors\",\"arg\":100}", 1);

    assert_judged(stage, "liveness", "fail");
    assert_judged(stage, "agreement", "undecided");
    assert_judged(stage, "inclusion", "undecided");
    assert_has(stage_why(stage, "liveness"), "validator-1: has not answered since ");
    events = stage_read(stage, "events.ndjson");
    assert_has(events, "answered 500");
    free(events);
}

static void errors_now_and_then_are_looked_through(void **state)
{
    struct stage *stage = *state;

    run_to(stage,
        NETWORK TRAFFIC("validator-0, validator-2") CHAIN INCLUSION
        "[node.validator-1]\nmisbehave = errors=30\n",
        0);
}

static void a_node_slower_than_any_patience_fails_liveness(void **state)
{
    struct stage *stage = *state;

    run_with(stage, NETWORK TRAFFIC("validator-0, validator-2") CHAIN INCLUSION,
        "{\"name\":\"slow\",\"arg\":60000}", 1);

    assert_judged(stage, "liveness", "fail");
    assert_has(stage_why(stage, "liveness"), "validator-1: has not answered since ");
}

static void a_node_that_is_merely_slow_shows_in_the_response_times_alone(void **state)
{
    struct stage *stage = *state;
    json_object *metrics = NULL;
    double p99 = 0;

    run_to(stage,
        NETWORK TRAFFIC("all") CHAIN INCLUSION "[node.validator-1]\nmisbehave = slow=200\n", 0);

    assert_true(json_object_object_get_ex(stage_verdict(stage), "metrics", &metrics));
    for (size_t i = 0; i < json_object_array_length(metrics); i++) {
        json_object *metric = json_object_array_get_idx(metrics, i);

        if (strcmp(verdict_text(metric, "name"), "response") == 0)
            p99 = json_object_get_double(json_object_object_get(metric, "p99"));
    }
    assert_true(p99 >= 0.2);
}

#define STAGED(test) cmocka_unit_test_setup_teardown(test, stage_open, stage_close)

int main(void)
{
    const struct CMUnitTest tests[] = {
        STAGED(the_same_network_without_misbehaviour_passes),
        STAGED(a_chain_that_nobody_extends_fails_liveness_alone),
        STAGED(one_of_three_that_proposes_nothing_breaks_nothing),
        STAGED(a_node_deaf_to_its_peers_fails_agreement_alone),
        STAGED(a_forged_chain_fails_agreement_alone_and_names_where_it_parts),
        STAGED(dropped_transactions_fail_inclusion_alone_and_name_who_took_them),
        STAGED(a_network_that_accepts_no_transaction_ends_vacuous),
        STAGED(a_node_that_crashes_fails_liveness_and_leaves_the_rest_undecided),
        STAGED(a_network_that_crashes_as_a_whole_is_not_passed),
        STAGED(a_node_that_answers_with_errors_alone_fails_liveness),
        STAGED(errors_now_and_then_are_looked_through),
        STAGED(a_node_slower_than_any_patience_fails_liveness),
        STAGED(a_node_that_is_merely_slow_shows_in_the_response_times_alone),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

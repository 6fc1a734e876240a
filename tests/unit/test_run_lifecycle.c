/* The life cycle: every row of the table, and that nothing but a judged pass is one. */
#include "framework/base/mem.h"
#include "run_fixture.h"

#define ALL_PHASES "create plan deploy observe prepare run cooldown settle judge teardown"

#define BEFORE_WINDOW                                                                              \
    "s.create d.create w.create e.create s.prepare s.plan d.prepare e.prepare w.prepare "
#define AFTER_WINDOW                                                                               \
    "e.judge w.finish e.finish d.finish s.finish e.destroy w.destroy d.destroy s.destroy"

static int setup(void **state)
{
    *state = cast_new();
    return 0;
}

static int teardown(void **state)
{
    cast_free(*state);
    return 0;
}

static const struct report_judgement *expectation(const struct cast *cast)
{
    assert_int_equal(cast->report.expectations.count, 1);
    return vec_at(&cast->report.expectations, 0);
}

static const struct report_judgement *workload(const struct cast *cast)
{
    assert_int_equal(cast->report.workloads.count, 1);
    return vec_at(&cast->report.workloads, 0);
}

static void assert_contains(const char *text, const char *part)
{
    if (!text || !strstr(text, part))
        fail_msg("'%s' is not in '%s'", part, text ? text : "(nothing)");
}

/* ---- all is well ---- */

static void a_run_goes_through_all_phases_in_order(void **state)
{
    struct cast *cast = *state;

    cast_run(cast);
    assert_string_equal(cast->phases, ALL_PHASES);
    /* Who of the two that run in the window is heard first is chance. */
    if (!cast_told(cast, BEFORE_WINDOW "e.run w.run " AFTER_WINDOW))
        assert_string_equal(cast->story, BEFORE_WINDOW "w.run e.run " AFTER_WINDOW);
    assert_int_equal(cast->report.outcome, OUTCOME_PASS);
    assert_int_equal(cast->report.exit_code, 0);
    assert_true(cast->was_freed);
}

static void the_window_is_in_the_report(void **state)
{
    struct cast *cast = *state;

    cast_run(cast);
    assert_true(cast->report.window_start > 0);
    assert_int_equal(cast->report.window_end - cast->report.window_start, 20 * ASSAY_MS);
}

static void expectations_are_added_up_and_none_at_all_is_vacuous(void **state)
{
    struct cast *cast = *state;

    vec_remove(&cast->plan.instances, 3);
    cast_run(cast);
    assert_int_equal(cast->report.outcome, OUTCOME_VACUOUS);
    assert_int_equal(cast->report.exit_code, 4);
    assert_contains(cast->report.reason, "expects nothing");
}

/* ---- before the window: each failure goes to teardown ---- */

static void a_failed_create_ends_the_run_and_destroys_the_others(void **state)
{
    struct cast *cast = *state;

    cast->d.on[STEP_CREATE] = (struct deed){.status = ASSAY_E_IO, .why = "no disk"};
    cast_run(cast);
    assert_string_equal(cast->phases, "create teardown");
    assert_string_equal(cast->story, "s.create d.create s.destroy");
    assert_int_equal(cast->report.outcome, OUTCOME_UNDECIDED);
    assert_int_equal(cast->report.exit_code, 3);
    assert_contains(cast->report.reason, "deployer.d: create: no disk");
    assert_int_equal(expectation(cast)->outcome, OUTCOME_UNDECIDED);
    assert_contains(expectation(cast)->why, "nothing was started");
}

static void a_workload_that_cannot_be_created_leaves_the_run_undecided(void **state)
{
    struct cast *cast = *state;

    cast->w.on[STEP_CREATE].status = ASSAY_E_INVALID;
    cast_run(cast);
    assert_string_equal(cast->phases, "create teardown");
    assert_int_equal(cast->report.exit_code, 4);
}

static void all_that_cannot_be_created_is_told_at_once(void **state)
{
    struct cast *cast = *state;
    const struct report_judgement *workload;

    cast->w.on[STEP_CREATE] = (struct deed){.status = ASSAY_E_INVALID, .why = "no executor"};
    cast->e.on[STEP_CREATE] = (struct deed){.status = ASSAY_E_INVALID, .why = "no accounts"};
    cast_run(cast);
    assert_string_equal(cast->story, "s.create d.create w.create e.create d.destroy s.destroy");
    assert_contains(cast->report.reason, "no executor");
    workload = vec_at(&cast->report.workloads, 0);
    assert_contains(workload->why, "create: no executor");
    assert_contains(expectation(cast)->why, "create: no accounts");
    assert_int_equal(cast->report.exit_code, 4);
}

static void a_failed_plan_is_a_failed_deployment(void **state)
{
    struct cast *cast = *state;

    cast->s.on[STEP_PLAN] = (struct deed){.status = ASSAY_E_NOTFOUND, .why = "no such program"};
    cast_run(cast);
    assert_string_equal(cast->phases, "create plan teardown");
    assert_int_equal(cast->report.exit_code, 3);
    assert_contains(cast->report.reason, "plan: no such program");
    assert_true(cast_told(cast, "s.finish"));
    assert_false(cast_told(cast, "d.finish"));
}

static void a_systems_failed_prepare_is_a_failed_deployment(void **state)
{
    struct cast *cast = *state;

    cast->s.on[STEP_PREPARE].status = ASSAY_E_IO;
    cast_run(cast);
    assert_string_equal(cast->phases, "create plan teardown");
    assert_false(cast_told(cast, "s.plan"));
    assert_int_equal(cast->report.exit_code, 3);
}

static void a_failed_deployment_is_finished_and_nothing_passes(void **state)
{
    struct cast *cast = *state;

    cast->d.on[STEP_PREPARE] = (struct deed){.status = ASSAY_E_TIMEOUT, .why = "node 1 is not up"};
    cast_run(cast);
    assert_string_equal(cast->phases, "create plan deploy teardown");
    assert_int_equal(cast->report.outcome, OUTCOME_UNDECIDED);
    assert_int_equal(cast->report.exit_code, 3);
    assert_true(cast_told(cast, "d.finish"));
    assert_false(cast_told(cast, "e.prepare"));
    assert_int_equal(expectation(cast)->outcome, OUTCOME_UNDECIDED);
    assert_int_equal(cast->report.window_start, 0);
}

static void a_deployer_that_breaks_the_contract_is_an_error_and_no_failed_deployment(void **state)
{
    struct cast *cast = *state;

    cast->d.on[STEP_PREPARE].status = 7;
    cast_run(cast);
    assert_int_equal(cast->report.outcome, OUTCOME_ERROR);
    assert_int_equal(cast->report.exit_code, 5);
}

/* ---- from the window on: failures do not spare the judgement ---- */

static void an_expectation_that_cannot_prepare_is_undecided_and_the_run_goes_on(void **state)
{
    struct cast *cast = *state;

    cast->e.on[STEP_PREPARE] = (struct deed){.status = ASSAY_E_IO, .why = "no baseline"};
    cast_run(cast);
    assert_string_equal(cast->phases, ALL_PHASES);
    assert_true(cast_told(cast, "w.run"));
    assert_false(cast_told(cast, "e.run"));
    assert_false(cast_told(cast, "e.judge"));
    assert_true(cast_told(cast, "e.finish"));
    assert_int_equal(expectation(cast)->outcome, OUTCOME_UNDECIDED);
    assert_contains(expectation(cast)->why, "no baseline");
    assert_int_equal(cast->report.exit_code, 4);
}

static void a_workload_that_fails_leaves_a_passed_run_undecided(void **state)
{
    struct cast *cast = *state;

    cast->w.on[STEP_RUN] = (struct deed){.status = ASSAY_E_IO, .why = "no route"};
    cast_run(cast);
    assert_string_equal(cast->phases, ALL_PHASES);
    assert_int_equal(expectation(cast)->outcome, OUTCOME_PASS);
    assert_int_equal(workload(cast)->outcome, OUTCOME_UNDECIDED);
    assert_contains(workload(cast)->why, "run: no route");
    assert_int_equal(cast->report.outcome, OUTCOME_UNDECIDED);
}

static void a_workload_that_cannot_prepare_does_not_run(void **state)
{
    struct cast *cast = *state;

    cast->w.on[STEP_PREPARE].status = ASSAY_E_IO;
    cast_run(cast);
    assert_false(cast_told(cast, "w.run"));
    assert_int_equal(workload(cast)->outcome, OUTCOME_UNDECIDED);
    assert_int_equal(cast->report.outcome, OUTCOME_UNDECIDED);
}

static void a_workload_still_at_it_after_the_cooldown_is_cancelled_without_blame(void **state)
{
    struct cast *cast = *state;

    cast->w.on[STEP_RUN].waits = true;
    cast_run(cast);
    assert_int_equal(workload(cast)->outcome, OUTCOME_PASS);
    assert_int_equal(cast->report.outcome, OUTCOME_PASS);
}

static void an_expectation_whose_watch_failed_is_not_judged(void **state)
{
    struct cast *cast = *state;

    cast->e.on[STEP_RUN] = (struct deed){.status = ASSAY_E_LAGGED};
    cast_run(cast);
    assert_false(cast_told(cast, "e.judge"));
    assert_int_equal(expectation(cast)->outcome, OUTCOME_UNDECIDED);
}

static void a_failed_finish_leaves_a_passed_run_undecided(void **state)
{
    struct cast *cast = *state;

    cast->d.on[STEP_FINISH] = (struct deed){.status = ASSAY_E_IO, .why = "a node stayed"};
    cast_run(cast);
    assert_int_equal(cast->report.outcome, OUTCOME_UNDECIDED);
    assert_contains(cast->report.reason, "finish: a node stayed");
}

static void a_failed_finish_does_not_hide_what_was_judged(void **state)
{
    struct cast *cast = *state;

    cast->e.verdict.outcome = ASSAY_FAIL;
    (void)snprintf(cast->e.verdict.why, sizeof(cast->e.verdict.why), "node 1 stood still");
    cast->e.on[STEP_FINISH] = (struct deed){.status = ASSAY_E_IO, .why = "cannot write"};
    cast_run(cast);
    assert_int_equal(expectation(cast)->outcome, OUTCOME_FAIL);
    assert_contains(expectation(cast)->why, "node 1 stood still");
    assert_int_equal(cast->report.exit_code, 1);
}

/* ---- violations ---- */

static void a_violation_that_no_status_carries_is_an_error_all_the_same(void **state)
{
    static const enum step steps[] = {STEP_PREPARE, STEP_RUN, STEP_JUDGE, STEP_FINISH};

    (void)state;
    for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
        struct cast *cast = cast_new();

        cast->e.on[steps[i]].breaks_contract = true;
        cast_run(cast);
        assert_int_equal(cast->report.outcome, OUTCOME_ERROR);
        assert_int_equal(cast->report.exit_code, 5);
        assert_contains(cast->report.reason, "it did what it must not");
        cast_free(cast);
    }
}

static void a_violation_outranks_a_failure(void **state)
{
    struct cast *cast = *state;

    cast->e.verdict.outcome = ASSAY_FAIL;
    cast->w.on[STEP_RUN].breaks_contract = true;
    cast_run(cast);
    assert_int_equal(cast->report.exit_code, 5);
}

/* What a stuck plugin still uses stays allocated: reachable, and on purpose. */
static void a_deaf_workload_is_an_error_and_its_memory_stays(void **state)
{
    struct cast *cast = *state;

    cast->w.on[STEP_RUN].is_deaf = true;
    cast->plan.manifest.run.grace = 50 * ASSAY_MS;
    cast_run(cast);
    assert_false(cast->was_freed);
    assert_int_equal(cast->report.outcome, OUTCOME_ERROR);
    assert_int_equal(workload(cast)->outcome, OUTCOME_ERROR);
    assert_contains(workload(cast)->why, "run:");
    assert_false(cast_told(cast, "w.finish"));
    assert_true(cast_told(cast, "d.finish")); /* the nodes are ended whatever happens */
    assert_false(cast_told(cast, "destroy"));
}

static void a_deaf_judge_is_no_pass(void **state)
{
    struct cast *cast = *state;

    cast->e.on[STEP_JUDGE].is_deaf = true;
    cast->plan.manifest.run.operation_limit = 50 * ASSAY_MS;
    cast->plan.manifest.run.grace = 50 * ASSAY_MS;
    cast_run(cast);
    assert_int_equal(expectation(cast)->outcome, OUTCOME_ERROR);
    assert_int_equal(cast->report.exit_code, 5);
}

/* ---- interruption ---- */

struct interruption {
    char role;
    enum step step;
    const char *phases;
};

static struct role *role_of(struct cast *cast, char letter)
{
    return letter == 's' ? &cast->s
        : letter == 'd'  ? &cast->d
        : letter == 'w'  ? &cast->w
                         : &cast->e;
}

static void an_interruption_goes_to_teardown_from_every_phase(void **state)
{
    static const struct interruption all[] = {{'s', STEP_CREATE, "create teardown"},
        {'s', STEP_PLAN, "create plan teardown"},
        {'d', STEP_PREPARE, "create plan deploy teardown"},
        {'e', STEP_PREPARE, "create plan deploy observe prepare teardown"},
        {'w', STEP_PREPARE, "create plan deploy observe prepare teardown"},
        {'w', STEP_RUN, "create plan deploy observe prepare run teardown"}};

    (void)state;
    for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
        struct cast *cast = cast_new();

        role_of(cast, all[i].role)->on[all[i].step].interrupts = true;
        if (all[i].step != STEP_CREATE)
            role_of(cast, all[i].role)->on[all[i].step].waits = true;
        cast_run(cast);
        assert_string_equal(cast->phases, all[i].phases);
        assert_false(cast_told(cast, "e.judge"));
        assert_int_equal(expectation(cast)->outcome, OUTCOME_UNDECIDED);
        assert_contains(expectation(cast)->why, "interrupted");
        assert_true(cast->report.outcome >= OUTCOME_UNDECIDED);
        assert_true(cast_told(cast, "s.destroy"));
        if (all[i].step != STEP_CREATE && all[i].step != STEP_PLAN)
            assert_true(cast_told(cast, "d.finish"));
        cast_free(cast);
    }
}

static void an_interruption_ends_cooldown_and_settle(void **state)
{
    (void)state;
    for (int is_settle = 0; is_settle <= 1; is_settle++) {
        struct cast *cast = cast_new();

        if (is_settle)
            cast->plan.manifest.run.settle = 3600 * ASSAY_SECOND;
        else
            cast->plan.manifest.run.cooldown = 3600 * ASSAY_SECOND;
        cast->e.on[STEP_RUN].wait_past_window = 100 * ASSAY_MS;
        cast->e.on[STEP_RUN].interrupts = true;
        cast_run(cast);
        assert_string_equal(cast->phases,
            is_settle ? "create plan deploy observe prepare run cooldown settle teardown"
                      : "create plan deploy observe prepare run cooldown teardown");
        assert_int_equal(expectation(cast)->outcome, OUTCOME_UNDECIDED);
        cast_free(cast);
    }
}

static void an_interrupted_judge_has_not_passed(void **state)
{
    struct cast *cast = *state;

    cast->e.on[STEP_JUDGE].interrupts = true;
    cast->e.on[STEP_JUDGE].waits = true;
    cast_run(cast);
    assert_int_equal(expectation(cast)->outcome, OUTCOME_UNDECIDED);
    assert_contains(expectation(cast)->why, "interrupted");
}

/* ---- lengths ---- */

static void the_cooldown_is_blocks_to_finality_but_five_at_least(void **state)
{
    const struct run_options run = {.cooldown = RUN_AUTO, .settle = RUN_AUTO};
    assay_run_facts facts = {.block_interval = 2 * ASSAY_SECOND, .final_depth = 10};

    (void)state;
    assert_int_equal(lifecycle_cooldown(&run, &facts), 20 * ASSAY_SECOND);
    facts.final_depth = 1;
    assert_int_equal(lifecycle_cooldown(&run, &facts), 10 * ASSAY_SECOND);
    facts.node_control = 1;
    assert_int_equal(lifecycle_cooldown(&run, &facts), 30 * ASSAY_SECOND);
    facts.block_interval = 0;
    facts.node_control = 0;
    assert_int_equal(lifecycle_cooldown(&run, &facts), 0);
}

static void a_cooldown_beyond_all_numbers_is_the_windows_length(void **state)
{
    const struct run_options run = {.cooldown = RUN_AUTO};
    const assay_run_facts facts = {
        .block_interval = 2 * ASSAY_SECOND, .final_depth = INT64_MAX, .duration = ASSAY_SECOND};

    (void)state;
    assert_int_equal(lifecycle_cooldown(&run, &facts), ASSAY_SECOND);
}

static void settling_takes_a_block_but_two_seconds_at_least(void **state)
{
    const struct run_options run = {.settle = RUN_AUTO};
    assay_run_facts facts = {.block_interval = 3 * ASSAY_SECOND};

    (void)state;
    assert_int_equal(lifecycle_settle(&run, &facts), 3 * ASSAY_SECOND);
    facts.block_interval = 0;
    assert_int_equal(lifecycle_settle(&run, &facts), 2 * ASSAY_SECOND);
}

static void given_lengths_are_taken_as_they_are(void **state)
{
    const struct run_options run = {.cooldown = 0, .settle = 1};
    const assay_run_facts facts = {.block_interval = 2 * ASSAY_SECOND, .node_control = 1};

    (void)state;
    assert_int_equal(lifecycle_cooldown(&run, &facts), 0);
    assert_int_equal(lifecycle_settle(&run, &facts), 1);
}

/* Which allocation is the one depends on the build: the first that ends the run there is taken. */
static void nodes_that_cannot_be_followed_are_a_failed_deployment(void **state)
{
    bool was_seen = false;

    (void)state;
    for (uint64_t n = 1; !was_seen && n < 1000; n++) {
        struct cast *cast = cast_new();

        mem_fail_at(n, MEM_FAIL_ONCE);
        cast_run(cast);
        mem_fail_at(0, MEM_FAIL_ONCE);
        was_seen = strcmp(cast->phases, "create plan deploy observe teardown") == 0;
        if (was_seen) {
            assert_int_equal(cast->report.exit_code, EXIT_CODE_DEPLOYMENT);
            assert_int_equal(cast->report.outcome, OUTCOME_UNDECIDED);
            assert_contains(cast->report.reason, "the nodes cannot be followed: ");
            assert_contains(cast->report.reason, "ulimit -u");
            assert_contains(expectation(cast)->why, "the network did not come up");
            assert_contains(cast->story, "d.finish s.finish");
        }
        cast_free(cast);
    }
    assert_true(was_seen);
}

/* The expectation says fail. */
static void no_lack_of_memory_makes_a_pass_or_a_run_without_a_reason(void **state)
{
    bool was_provoked = true;

    (void)state;
    for (uint64_t n = 1; was_provoked; n++) {
        struct cast *cast = cast_new();

        cast->e.verdict.outcome = ASSAY_FAIL;
        mem_fail_at(n, MEM_FAIL_ONCE);
        cast_run(cast);
        was_provoked = mem_has_failed();
        mem_fail_at(0, MEM_FAIL_ONCE);
        assert_int_not_equal(cast->report.outcome, OUTCOME_PASS);
        assert_int_not_equal(cast->report.exit_code, EXIT_CODE_PASS);
        if (!cast->report.reason || cast->report.reason[0] == '\0')
            fail_msg("allocation %llu: no reason", (unsigned long long)n);
        if (!was_provoked)
            assert_int_equal(cast->report.outcome, OUTCOME_FAIL);
        cast_free(cast);
    }
}

#define in_cast(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        in_cast(a_run_goes_through_all_phases_in_order),
        in_cast(the_window_is_in_the_report),
        in_cast(expectations_are_added_up_and_none_at_all_is_vacuous),
        in_cast(a_failed_create_ends_the_run_and_destroys_the_others),
        in_cast(a_workload_that_cannot_be_created_leaves_the_run_undecided),
        in_cast(all_that_cannot_be_created_is_told_at_once),
        in_cast(a_failed_plan_is_a_failed_deployment),
        in_cast(a_systems_failed_prepare_is_a_failed_deployment),
        in_cast(a_failed_deployment_is_finished_and_nothing_passes),
        in_cast(a_deployer_that_breaks_the_contract_is_an_error_and_no_failed_deployment),
        in_cast(an_expectation_that_cannot_prepare_is_undecided_and_the_run_goes_on),
        in_cast(a_workload_that_fails_leaves_a_passed_run_undecided),
        in_cast(a_workload_that_cannot_prepare_does_not_run),
        in_cast(a_workload_still_at_it_after_the_cooldown_is_cancelled_without_blame),
        in_cast(an_expectation_whose_watch_failed_is_not_judged),
        in_cast(a_failed_finish_leaves_a_passed_run_undecided),
        in_cast(a_failed_finish_does_not_hide_what_was_judged),
        cmocka_unit_test(a_violation_that_no_status_carries_is_an_error_all_the_same),
        in_cast(a_violation_outranks_a_failure),
        in_cast(a_deaf_workload_is_an_error_and_its_memory_stays),
        in_cast(a_deaf_judge_is_no_pass),
        cmocka_unit_test(an_interruption_goes_to_teardown_from_every_phase),
        cmocka_unit_test(an_interruption_ends_cooldown_and_settle),
        in_cast(an_interrupted_judge_has_not_passed),
        cmocka_unit_test(nodes_that_cannot_be_followed_are_a_failed_deployment),
        cmocka_unit_test(no_lack_of_memory_makes_a_pass_or_a_run_without_a_reason),
        cmocka_unit_test(the_cooldown_is_blocks_to_finality_but_five_at_least),
        cmocka_unit_test(a_cooldown_beyond_all_numbers_is_the_windows_length),
        cmocka_unit_test(settling_takes_a_block_but_two_seconds_at_least),
        cmocka_unit_test(given_lengths_are_taken_as_they_are),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

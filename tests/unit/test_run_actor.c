/* What a plugin's answers come to: the verdict of an expectation, and every end of an operation. */
#include <math.h>

#include "run_fixture.h"

static const struct actor_limits generous = {
    .operation = 60 * ASSAY_SECOND, .grace = 60 * ASSAY_SECOND};

/* One expectation, created. */
struct stage {
    struct cast *cast;
    struct actor actor;
};

static int setup(void **state)
{
    struct stage *stage = calloc(1, sizeof(*stage));
    struct plan_instance item;

    assert_non_null(stage);
    stage->cast = cast_new();
    item = (struct plan_instance){
        .instance = &stage->cast->e.section, .plugin = &stage->cast->e.plugin};
    assert_int_equal(actor_init(&stage->actor, stage->cast->fixture->host, &item, NULL), ASSAY_OK);
    *state = stage;
    return 0;
}

static int teardown(void **state)
{
    struct stage *stage = *state;

    if (host_instance_is_stuck(stage->actor.host)) {
        cast_free(stage->cast); /* but for what its thread uses for ever, which is all of it */
        return 0;
    }
    (void)actor_destroy(&stage->actor);
    actor_done(&stage->actor);
    stage->cast->was_freed = true;
    cast_free(stage->cast);
    free(stage);
    return 0;
}

static bool create(struct stage *stage)
{
    return actor_create(&stage->actor);
}

static void assert_judged(
    struct stage *stage, const assay_verdict *verdict, enum outcome outcome, const char *why)
{
    stage->cast->e.verdict = *verdict;
    assert_true(create(stage));
    assert_int_equal(
        actor_judge(&stage->actor, &generous), outcome != OUTCOME_ERROR); /* no error here */
    assert_true(stage->actor.is_judged);
    assert_int_equal(stage->actor.outcome, outcome);
    if (!strstr(stage->actor.why, why))
        fail_msg("'%s' is not in '%s'", why, stage->actor.why);
}

/* ---- verdicts ---- */

static void a_pass_passes_with_its_coverage_and_words(void **state)
{
    struct stage *stage = *state;

    assert_judged(stage,
        &(const assay_verdict){.outcome = ASSAY_PASS, .coverage = 0.75, .why = "30 blocks"},
        OUTCOME_PASS, "30 blocks");
    assert_true(stage->actor.coverage >= 0.75 && stage->actor.coverage <= 0.75);
}

static void a_fail_fails(void **state)
{
    assert_judged(*state,
        &(const assay_verdict){.outcome = ASSAY_FAIL, .coverage = 1, .why = "node 1 lags"},
        OUTCOME_FAIL, "node 1 lags");
}

static void undecided_and_vacuous_are_kept_apart(void **state)
{
    struct stage *stage = *state;

    assert_judged(stage, &(const assay_verdict){.outcome = ASSAY_VACUOUS, .coverage = 0},
        OUTCOME_VACUOUS, "");
    stage->cast->e.verdict.outcome = ASSAY_UNDECIDED;
    assert_true(actor_judge(&stage->actor, &generous));
    assert_int_equal(stage->actor.outcome, OUTCOME_UNDECIDED);
}

static void an_answer_that_was_never_given_is_an_error(void **state)
{
    assert_judged(*state, &(const assay_verdict){.coverage = 1}, OUTCOME_ERROR,
        "the outcome 0, which is none");
}

static void an_outcome_that_does_not_exist_is_an_error(void **state)
{
    assert_judged(*state, &(const assay_verdict){.outcome = 5, .coverage = 1}, OUTCOME_ERROR,
        "the outcome 5, which is none");
}

static void a_coverage_that_is_no_number_is_an_error(void **state)
{
    assert_judged(*state, &(const assay_verdict){.outcome = ASSAY_PASS, .coverage = (double)NAN},
        OUTCOME_ERROR, "coverage");
}

static void a_coverage_above_one_is_an_error(void **state)
{
    assert_judged(*state, &(const assay_verdict){.outcome = ASSAY_PASS, .coverage = 1.0001},
        OUTCOME_ERROR, "a coverage of 1.0001");
}

static void a_coverage_below_zero_is_an_error(void **state)
{
    assert_judged(*state, &(const assay_verdict){.outcome = ASSAY_PASS, .coverage = -0.1},
        OUTCOME_ERROR, "a coverage of -0.1");
}

static void a_reserved_field_that_is_used_is_an_error(void **state)
{
    assert_judged(*state,
        &(const assay_verdict){.outcome = ASSAY_PASS, .coverage = 1, .reserved = 3}, OUTCOME_ERROR,
        "3 in a reserved field");
}

static void a_rejected_verdict_is_a_violation_of_the_run(void **state)
{
    struct stage *stage = *state;

    assert_judged(stage, &(const assay_verdict){.outcome = 9, .coverage = 1}, OUTCOME_ERROR, "9");
    assert_true(has_violation(stage->cast->fixture->host, "the outcome 9"));
}

static void words_without_an_end_are_cut_at_the_field(void **state)
{
    struct stage *stage = *state;
    assay_verdict verdict = {.outcome = ASSAY_PASS, .coverage = 1};

    memset(verdict.why, 'x', sizeof(verdict.why));
    assert_judged(stage, &verdict, OUTCOME_PASS, "xxx");
    assert_int_equal(strlen(stage->actor.why), sizeof(verdict.why));
}

static void a_verdict_beside_an_error_status_does_not_count(void **state)
{
    struct stage *stage = *state;

    stage->cast->e.on[STEP_JUDGE] = (struct deed){.status = ASSAY_E_LAGGED, .why = "lost blocks"};
    assert_true(create(stage));
    assert_false(actor_judge(&stage->actor, &generous));
    assert_int_equal(stage->actor.outcome, OUTCOME_UNDECIDED);
    assert_string_equal(stage->actor.why, "judge: lost blocks");
}

static void who_broke_before_is_not_asked(void **state)
{
    struct stage *stage = *state;

    stage->cast->e.on[STEP_PREPARE].status = ASSAY_E_IO;
    assert_true(create(stage));
    assert_false(actor_prepare(&stage->actor, &generous));
    assert_false(actor_judge(&stage->actor, &generous));
    assert_false(cast_told(stage->cast, "e.judge"));
    assert_int_equal(stage->actor.outcome, OUTCOME_UNDECIDED);
}

/* ---- ends of operations ---- */

static void a_negative_status_leaves_undecided_with_the_plugins_words(void **state)
{
    struct stage *stage = *state;

    stage->cast->e.on[STEP_CREATE] = (struct deed){.status = ASSAY_E_IO, .why = "no disk"};
    assert_false(create(stage));
    assert_int_equal(stage->actor.outcome, OUTCOME_UNDECIDED);
    assert_string_equal(stage->actor.why, "create: no disk");
}

static void a_status_above_zero_is_an_error(void **state)
{
    struct stage *stage = *state;

    stage->cast->e.on[STEP_PREPARE].status = 42;
    assert_true(create(stage));
    assert_false(actor_prepare(&stage->actor, &generous));
    assert_int_equal(stage->actor.outcome, OUTCOME_ERROR);
    assert_true(has_violation(stage->cast->fixture->host, "returned 42"));
}

static void claiming_to_be_cancelled_is_an_error(void **state)
{
    struct stage *stage = *state;

    stage->cast->e.on[STEP_PREPARE].status = ASSAY_E_CANCELLED;
    assert_true(create(stage));
    assert_false(actor_prepare(&stage->actor, &generous));
    assert_int_equal(stage->actor.outcome, OUTCOME_ERROR);
}

static void an_operation_past_its_limit_is_undecided_even_if_it_says_ok(void **state)
{
    struct stage *stage = *state;
    const struct actor_limits short_limit = {
        .operation = 20 * ASSAY_MS, .grace = 60 * ASSAY_SECOND};

    stage->cast->e.on[STEP_JUDGE].waits = true;
    stage->cast->e.verdict = (assay_verdict){.outcome = ASSAY_PASS, .coverage = 1};
    assert_true(create(stage));
    assert_false(actor_judge(&stage->actor, &short_limit));
    assert_int_equal(stage->actor.outcome, OUTCOME_UNDECIDED);
    assert_non_null(strstr(stage->actor.why, "limit of 20ms"));
}

static void a_stuck_operation_is_an_error_and_finish_is_not_called(void **state)
{
    struct stage *stage = *state;
    const struct actor_limits no_patience = {.operation = 20 * ASSAY_MS, .grace = 20 * ASSAY_MS};

    stage->cast->e.on[STEP_PREPARE].is_deaf = true;
    assert_true(create(stage));
    assert_false(actor_prepare(&stage->actor, &no_patience));
    assert_int_equal(stage->actor.outcome, OUTCOME_ERROR);
    assert_true(actor_finish(&stage->actor, &generous));
    assert_false(cast_told(stage->cast, "e.finish"));
}

static void the_first_of_two_equal_problems_is_told(void **state)
{
    struct stage *stage = *state;

    stage->cast->e.on[STEP_PREPARE] = (struct deed){.status = ASSAY_E_IO, .why = "first"};
    stage->cast->e.on[STEP_FINISH] = (struct deed){.status = ASSAY_E_IO, .why = "second"};
    assert_true(create(stage));
    assert_false(actor_prepare(&stage->actor, &generous));
    assert_false(actor_finish(&stage->actor, &generous));
    assert_string_equal(stage->actor.why, "prepare: first");
}

static void a_worse_problem_replaces_the_first(void **state)
{
    struct stage *stage = *state;

    stage->cast->e.on[STEP_PREPARE] = (struct deed){.status = ASSAY_E_IO, .why = "first"};
    stage->cast->e.on[STEP_FINISH].status = 3;
    assert_true(create(stage));
    assert_false(actor_prepare(&stage->actor, &generous));
    assert_false(actor_finish(&stage->actor, &generous));
    assert_int_equal(stage->actor.outcome, OUTCOME_ERROR);
    assert_non_null(strstr(stage->actor.why, "finish:"));
}

static void finish_is_owed_once_and_only_after_prepare(void **state)
{
    struct stage *stage = *state;

    assert_true(create(stage));
    assert_true(actor_finish(&stage->actor, &generous));
    assert_false(cast_told(stage->cast, "e.finish"));
    assert_true(actor_prepare(&stage->actor, &generous));
    assert_true(actor_finish(&stage->actor, &generous));
    assert_true(actor_finish(&stage->actor, &generous));
    assert_string_equal(stage->cast->story, "e.create e.prepare e.finish");
}

static void a_watch_is_cancelled_without_blame(void **state)
{
    struct stage *stage = *state;

    assert_true(create(stage));
    assert_true(actor_run_start(&stage->actor, &generous));
    assert_true(actor_is_running(&stage->actor));
    assert_true(actor_end(&stage->actor, true));
    assert_false(actor_is_running(&stage->actor));
    assert_int_equal(stage->actor.outcome, OUTCOME_PASS);
}

static void a_run_that_failed_is_told_at_its_end(void **state)
{
    struct stage *stage = *state;

    stage->cast->e.on[STEP_RUN] = (struct deed){.status = ASSAY_E_IO, .why = "no feed"};
    assert_true(create(stage));
    assert_true(actor_run_start(&stage->actor, &generous));
    assert_false(actor_end(&stage->actor, false));
    assert_string_equal(stage->actor.why, "run: no feed");
}

#define on_stage(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        on_stage(a_pass_passes_with_its_coverage_and_words),
        on_stage(a_fail_fails),
        on_stage(undecided_and_vacuous_are_kept_apart),
        on_stage(an_answer_that_was_never_given_is_an_error),
        on_stage(an_outcome_that_does_not_exist_is_an_error),
        on_stage(a_coverage_that_is_no_number_is_an_error),
        on_stage(a_coverage_above_one_is_an_error),
        on_stage(a_coverage_below_zero_is_an_error),
        on_stage(a_reserved_field_that_is_used_is_an_error),
        on_stage(a_rejected_verdict_is_a_violation_of_the_run),
        on_stage(words_without_an_end_are_cut_at_the_field),
        on_stage(a_verdict_beside_an_error_status_does_not_count),
        on_stage(who_broke_before_is_not_asked),
        on_stage(a_negative_status_leaves_undecided_with_the_plugins_words),
        on_stage(a_status_above_zero_is_an_error),
        on_stage(claiming_to_be_cancelled_is_an_error),
        on_stage(an_operation_past_its_limit_is_undecided_even_if_it_says_ok),
        on_stage(a_stuck_operation_is_an_error_and_finish_is_not_called),
        on_stage(the_first_of_two_equal_problems_is_told),
        on_stage(a_worse_problem_replaces_the_first),
        on_stage(finish_is_owed_once_and_only_after_prepare),
        on_stage(a_watch_is_cancelled_without_blame),
        on_stage(a_run_that_failed_is_told_at_its_end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

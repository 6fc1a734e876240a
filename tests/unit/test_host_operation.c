/* Operations: results, limits, cancellation, interruption, nesting, stuck plugins. */
#include <stdatomic.h>

#include "framework/base/mem.h"
#include "framework/host/state.h"
#include "framework/host/tasks_internal.h"
#include "host_fixture.h"

static int setup(void **state)
{
    *state = fixture_new(1);
    (void)fixture_instance(*state, "workload.a", ASSAY_WORKLOAD);
    return 0;
}

static int teardown(void **state)
{
    fixture_free(*state);
    return 0;
}

static struct host_instance *first(void **state)
{
    return ((struct fixture *)*state)->instances[0];
}

static struct host *host_in(void **state)
{
    return ((struct fixture *)*state)->host;
}

static assay_status return_arg(assay_task *task, void *arg)
{
    (void)task;
    return *(assay_status *)arg;
}

static assay_status wait_for_ever(assay_task *task, void *arg)
{
    (void)arg;
    return clock_table.sleep_until(task, ASSAY_FOREVER);
}

/* ---- results ---- */

static void success_has_no_text(void **state)
{
    assay_status wanted = ASSAY_OK;
    const struct host_operation_result result = run_body(first(state), return_arg, &wanted);

    assert_int_equal(result.status, ASSAY_OK);
    assert_string_equal(result.why, "");
    assert_false(result.was_cancelled || result.is_late || result.is_stuck || result.is_violation);
}

static void failure_without_a_reason_says_so(void **state)
{
    assay_status wanted = ASSAY_E_IO;
    const struct host_operation_result result = run_body(first(state), return_arg, &wanted);

    assert_int_equal(result.status, ASSAY_E_IO);
    assert_non_null(strstr(result.why, "did not say why"));
}

static assay_status fail_then_return_another(assay_task *task, void *arg)
{
    (void)arg;
    (void)task_fail(task, ASSAY_E_IO, "the wire broke");
    return ASSAY_E_INVALID;
}

static void a_reason_for_another_status_is_shown_as_a_hint(void **state)
{
    const struct host_operation_result result =
        run_body(first(state), fail_then_return_another, NULL);

    assert_int_equal(result.status, ASSAY_E_INVALID);
    assert_non_null(strstr(result.why, "the wire broke"));
    assert_non_null(strstr(result.why, status_text(ASSAY_E_INVALID)));
}

static void a_positive_status_breaks_the_contract(void **state)
{
    assay_status wanted = 7;
    const struct host_operation_result result = run_body(first(state), return_arg, &wanted);

    assert_int_equal(result.status, ASSAY_E_INTERNAL);
    assert_true(result.is_violation);
    assert_true(has_violation(host_in(state), "returned 7"));
}

static void an_unknown_negative_status_counts_as_internal(void **state)
{
    assay_status wanted = -77;
    const struct host_operation_result result = run_body(first(state), return_arg, &wanted);

    assert_int_equal(result.status, ASSAY_E_INTERNAL);
    assert_false(result.is_violation);
}

static void claiming_to_be_cancelled_breaks_the_contract(void **state)
{
    assay_status wanted = ASSAY_E_CANCELLED;
    const struct host_operation_result result = run_body(first(state), return_arg, &wanted);

    assert_int_equal(result.status, ASSAY_E_INTERNAL);
    assert_true(result.is_violation);
    assert_true(has_violation(host_in(state), "nobody cancelled it"));
}

/* ---- ends ---- */

static void a_limit_cancels(void **state)
{
    const struct host_operation_spec spec = {
        .name = "run", .body = wait_for_ever, .limit = ASSAY_MS, .grace = 60 * ASSAY_SECOND};
    struct host_operation_result result;

    assert_int_equal(host_run_operation(first(state), &spec, &result), ASSAY_E_CANCELLED);
    assert_true(result.is_late);
    assert_true(result.was_cancelled);
    assert_non_null(strstr(result.why, "longer than its limit of 1ms"));
}

static void an_operation_can_be_cancelled_before_it_is_finished(void **state)
{
    const struct host_operation_spec spec = {
        .name = "run", .body = wait_for_ever, .grace = 60 * ASSAY_SECOND};
    struct host_operation *operation = NULL;
    struct host_operation_result result;

    assert_int_equal(host_operation_start(first(state), &spec, &operation), ASSAY_OK);
    assert_false(host_operation_is_done(operation));
    host_operation_cancel(operation);
    host_operation_cancel(operation);
    host_operation_finish(operation, &result);
    assert_int_equal(result.status, ASSAY_E_CANCELLED);
    assert_true(result.was_cancelled);
    assert_false(result.is_late);
    assert_false(result.is_violation);
}

static bool operation_is_done(void *context)
{
    return host_operation_is_done(context);
}

static void the_host_tells_when_an_operation_ends(void **state)
{
    assay_status wanted = ASSAY_OK;
    const struct host_operation_spec spec = {
        .name = "run", .body = return_arg, .arg = &wanted, .grace = 60 * ASSAY_SECOND};
    struct host_operation *operation = NULL;
    struct host_operation_result result;

    assert_int_equal(host_operation_start(first(state), &spec, &operation), ASSAY_OK);
    assert_int_equal(
        host_wait(host_in(state), ASSAY_FOREVER, operation_is_done, operation), ASSAY_OK);
    host_operation_finish(operation, &result);
    assert_int_equal(result.status, ASSAY_OK);
}

static void an_interruption_cancels_what_is_not_sheltered(void **state)
{
    struct host_operation_spec spec = {
        .name = "run", .body = wait_for_ever, .grace = 60 * ASSAY_SECOND};
    struct host_operation *open = NULL, *sheltered = NULL, *late = NULL;
    struct host_operation_result result;

    assert_int_equal(host_operation_start(first(state), &spec, &open), ASSAY_OK);
    spec.is_sheltered = true;
    assert_int_equal(host_operation_start(first(state), &spec, &sheltered), ASSAY_OK);
    host_interrupt(host_in(state));
    spec.is_sheltered = false;
    assert_int_equal(host_operation_start(first(state), &spec, &late), ASSAY_OK);

    host_operation_finish(open, &result);
    assert_true(result.was_cancelled);
    host_operation_finish(late, &result);
    assert_true(result.was_cancelled);
    assert_false(host_operation_is_done(sheltered));
    host_operation_cancel(sheltered);
    host_operation_finish(sheltered, &result);
    assert_true(host_is_interrupted(host_in(state)));
    assert_int_equal(host_wait(host_in(state), ASSAY_FOREVER, NULL, NULL), ASSAY_E_CANCELLED);
}

/* ---- stuck ---- */

struct trap {
    pthread_mutex_t lock;
    pthread_cond_t opened;
    bool is_open;
};

static assay_status sit_in_a_trap(assay_task *task, void *arg)
{
    struct trap *trap = arg;

    (void)task;
    (void)pthread_mutex_lock(&trap->lock);
    while (!trap->is_open)
        (void)pthread_cond_wait(&trap->opened, &trap->lock);
    (void)pthread_mutex_unlock(&trap->lock);
    return ASSAY_OK;
}

static void trap_open(struct trap *trap)
{
    (void)pthread_mutex_lock(&trap->lock);
    trap->is_open = true;
    (void)pthread_cond_broadcast(&trap->opened);
    (void)pthread_mutex_unlock(&trap->lock);
}

/* What a real run leaves to _exit, so that the sanitizers have nothing to say: the operation is
   waited for after all. */
static void free_after_all(struct fixture *fixture, struct host_instance *instance)
{
    struct host *host = fixture->host;

    while (host->operations) {
        struct host_operation_result result;

        host_operation_finish(host->operations, &result);
    }
    atomic_store(&instance->is_stuck, false);
    atomic_store(&host->has_stuck, false);
}

static void who_ignores_cancellation_is_stuck(void **state)
{
    static struct trap trap = {PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, false};
    const struct host_operation_spec spec = {
        .name = "run", .body = sit_in_a_trap, .arg = &trap, .limit = 1, .grace = ASSAY_MS};
    struct host_operation_result result;

    assert_int_equal(host_run_operation(first(state), &spec, &result), ASSAY_E_TIMEOUT);
    assert_true(result.is_stuck);
    assert_true(result.is_late);
    assert_true(result.is_violation);
    assert_non_null(strstr(result.why, "did not return within 1ms"));
    assert_true(host_instance_is_stuck(first(state)));
    assert_true(has_violation(host_in(state), "run took longer"));

    trap_open(&trap);
    free_after_all(*state, first(state));
}

static assay_status call_into_a_trap(assay_task *task, void *arg)
{
    struct host_instance *other = ((struct host_instance **)arg)[0];
    void *trap = ((void **)arg)[1];
    const struct host_operation_spec spec = {
        .name = "render", .body = sit_in_a_trap, .arg = trap, .limit = 1, .grace = ASSAY_MS};
    struct host_operation_result result;

    return task_call(task, other, &spec, &result);
}

static void a_stuck_inner_operation_does_not_make_the_outer_one_stuck(void **state)
{
    static struct trap trap = {PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, false};
    struct host_instance *system = fixture_instance(*state, "system.s", ASSAY_SYSTEM);
    void *args[] = {system, &trap};

    const struct host_operation_result result = run_body(first(state), call_into_a_trap, args);

    assert_int_equal(result.status, ASSAY_E_TIMEOUT);
    assert_false(result.is_stuck);
    assert_true(host_instance_is_stuck(system));
    assert_false(host_instance_is_stuck(first(state)));

    trap_open(&trap);
    free_after_all(*state, system);
}

/* ---- operations within operations ---- */

struct nested {
    struct host_instance *other;
    assay_status (*body)(assay_task *, void *);
    void *arg;
    struct host_operation_result result;
};

static assay_status call_other(assay_task *task, void *arg)
{
    struct nested *nested = arg;
    const struct host_operation_spec spec = {
        .name = "inner", .body = nested->body, .arg = nested->arg, .grace = 30 * ASSAY_SECOND};

    return task_call(task, nested->other, &spec, &nested->result);
}

static assay_status who_am_i(assay_task *task, void *arg)
{
    struct host_place place;

    (void)arg;
    if (!host_current_place(&place))
        return ASSAY_E_INTERNAL;
    return task_fail(task, ASSAY_E_DENIED, "%s in %s", place.instance, place.operation);
}

static void an_inner_operation_belongs_to_its_own_instance(void **state)
{
    struct nested nested = {
        .other = fixture_instance(*state, "system.s", ASSAY_SYSTEM), .body = who_am_i};

    const struct host_operation_result result = run_body(first(state), call_other, &nested);

    assert_int_equal(result.status, ASSAY_E_DENIED);
    assert_string_equal(nested.result.why, "system.s in inner");
}

static void cancelling_the_outer_operation_cancels_the_inner(void **state)
{
    struct nested nested = {
        .other = fixture_instance(*state, "system.s", ASSAY_SYSTEM), .body = wait_for_ever};
    const struct host_operation_spec spec = {.name = "outer",
        .body = call_other,
        .arg = &nested,
        .limit = ASSAY_MS,
        .grace = 60 * ASSAY_SECOND};
    struct host_operation_result result;

    (void)host_run_operation(first(state), &spec, &result);

    assert_int_equal(result.status, ASSAY_E_CANCELLED);
    assert_false(result.is_violation);
    assert_true(nested.result.was_cancelled || nested.result.status == ASSAY_E_CANCELLED);
    assert_null(host_in(state)->operations);
}

/* ---- the crumb ---- */

static void note_crumb(
    void *context, const char *instance, const char *plugin_id, const char *operation)
{
    (void)snprintf(context, 100, "%s %s %s", instance, plugin_id, operation);
}

static void the_crumb_is_written_before_the_body(void **state)
{
    struct fixture *fixture = fixture_prepare(1);
    char crumb[100] = "";
    assay_status wanted = ASSAY_OK;

    (void)state;
    fixture->config.write_crumb = note_crumb;
    fixture->config.crumb_context = crumb;
    fixture_start(fixture);
    (void)run_body(fixture_instance(fixture, "workload.b", ASSAY_WORKLOAD), return_arg, &wanted);

    assert_string_equal(crumb, "workload.b test.plugin test");
    fixture_free(fixture);
}

static void without_memory_an_operation_does_not_start(void **state)
{
    assay_status wanted = ASSAY_OK;
    const struct host_operation_spec spec = {.name = "run", .body = return_arg, .arg = &wanted};
    struct host_operation_result result;
    unsigned failures = 0;

    for (uint64_t n = 1;; n++) {
        mem_fail_at(n, MEM_FAIL_ONCE);
        (void)host_run_operation(first(state), &spec, &result);
        if (!mem_has_failed())
            break;
        mem_fail_at(0, MEM_FAIL_ONCE);
        assert_int_equal(result.status, ASSAY_E_NOMEM);
        assert_non_null(strstr(result.why, "could not be started"));
        failures++;
    }
    mem_fail_at(0, MEM_FAIL_ONCE);
    assert_int_equal(result.status, ASSAY_OK);
    assert_int_equal(failures, 3); /* operation, child, task */
    assert_null(host_in(state)->operations);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(success_has_no_text),
        TEST(failure_without_a_reason_says_so),
        TEST(a_reason_for_another_status_is_shown_as_a_hint),
        TEST(a_positive_status_breaks_the_contract),
        TEST(an_unknown_negative_status_counts_as_internal),
        TEST(claiming_to_be_cancelled_breaks_the_contract),
        TEST(a_limit_cancels),
        TEST(an_operation_can_be_cancelled_before_it_is_finished),
        TEST(the_host_tells_when_an_operation_ends),
        TEST(an_interruption_cancels_what_is_not_sheltered),
        TEST(who_ignores_cancellation_is_stuck),
        TEST(a_stuck_inner_operation_does_not_make_the_outer_one_stuck),
        TEST(an_inner_operation_belongs_to_its_own_instance),
        TEST(cancelling_the_outer_operation_cancels_the_inner),
        TEST(the_crumb_is_written_before_the_body),
        TEST(without_memory_an_operation_does_not_start),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

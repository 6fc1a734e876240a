/* Tasks: children, joining, cancellation, gates, sleeping, failure texts. */
#include <stdatomic.h>

#include "framework/host/state.h"
#include "framework/host/tasks.h"
#include "host_fixture.h"

static int setup(void **state)
{
    *state = fixture_new(1);
    return 0;
}

static int teardown(void **state)
{
    fixture_free(*state);
    return 0;
}

static struct host_instance *workload(void **state)
{
    return fixture_instance(*state, "workload.a", ASSAY_WORKLOAD);
}

/* What a body works with. */
struct scene {
    const assay_host *table;
    const assay_tasks *tasks;
    const assay_clock *clock;
    assay_gate *gate;
    assay_child *child;
    atomic_int count;
    assay_status seen;
};

static struct scene scene_of(struct host_instance *instance)
{
    return (struct scene){.table = host_instance_table(instance),
        .tasks = fixture_service(instance, ASSAY_TASKS),
        .clock = fixture_service(instance, ASSAY_CLOCK)};
}

/* ---- bodies ---- */

static assay_status count_one(assay_task *task, void *arg)
{
    struct scene *scene = arg;

    (void)task;
    atomic_fetch_add(&scene->count, 1);
    return ASSAY_OK;
}

static assay_status sleep_for_ever(assay_task *task, void *arg)
{
    struct scene *scene = arg;
    const assay_status s = scene->clock->sleep_until(task, ASSAY_FOREVER);

    if (s == ASSAY_E_CANCELLED)
        atomic_fetch_add(&scene->count, 1);
    return s;
}

static assay_status spawn_100_and_join(assay_task *task, void *arg)
{
    struct scene *scene = arg;
    assay_child *children[100];
    assay_status s = ASSAY_OK;

    for (size_t i = 0; !s && i < 100; i++)
        s = scene->tasks->spawn(task, "one", count_one, scene, &children[i]);
    for (size_t i = 0; !s && i < 100; i++)
        s = scene->tasks->join(task, children[i], ASSAY_FOREVER, NULL);
    return s;
}

static void children_run_and_are_joined(void **state)
{
    struct scene scene = scene_of(workload(state));

    const struct host_operation_result result =
        run_body(((struct fixture *)*state)->instances[0], spawn_100_and_join, &scene);

    assert_int_equal(result.status, ASSAY_OK);
    assert_false(result.is_violation);
    assert_int_equal(scene.count, 100);
}

static assay_status leave_two_behind(assay_task *task, void *arg)
{
    struct scene *scene = arg;
    assay_child *child = NULL;
    assay_status s = scene->tasks->spawn(task, "left", sleep_for_ever, scene, &child);

    return s ? s : scene->tasks->spawn(task, "left", sleep_for_ever, scene, &child);
}

static void leftover_children_are_cancelled_joined_and_reported(void **state)
{
    struct fixture *fixture = *state;
    struct scene scene = scene_of(workload(state));

    const struct host_operation_result result =
        run_body(fixture->instances[0], leave_two_behind, &scene);

    assert_int_equal(result.status, ASSAY_OK);
    assert_true(result.is_violation);
    assert_false(result.was_cancelled);
    assert_int_equal(scene.count, 2);
    assert_true(has_violation(fixture->host, "while 2 of its tasks were running"));
}

static assay_status fail_with_text(assay_task *task, void *arg)
{
    struct scene *scene = arg;

    (void)task;
    return (scene->table->fail)(scene->table, ASSAY_E_IO, "the well is dry");
}

static assay_status pass_on_childs_failure(assay_task *task, void *arg)
{
    struct scene *scene = arg;
    assay_child *child = NULL;
    assay_status ended = ASSAY_OK;
    assay_status s = scene->tasks->spawn(task, "fails", fail_with_text, scene, &child);

    if (!s)
        s = scene->tasks->join(task, child, ASSAY_FOREVER, &ended);
    return s ? s : ended;
}

static void a_childs_reason_is_the_operations(void **state)
{
    struct scene scene = scene_of(workload(state));

    const struct host_operation_result result =
        run_body(((struct fixture *)*state)->instances[0], pass_on_childs_failure, &scene);

    assert_int_equal(result.status, ASSAY_E_IO);
    assert_string_equal(result.why, "the well is dry");
}

static assay_status join_with_a_past_deadline(assay_task *task, void *arg)
{
    struct scene *scene = arg;
    assay_child *child = NULL;
    assay_status s = scene->tasks->spawn(task, "sleeper", sleep_for_ever, scene, &child);

    if (s)
        return s;
    scene->seen = scene->tasks->join(task, child, 0, NULL);
    scene->tasks->cancel(scene->table, child);
    return scene->tasks->join(task, child, ASSAY_FOREVER, NULL);
}

static void join_polls_and_a_cancelled_child_ends_alone(void **state)
{
    struct scene scene = scene_of(workload(state));

    const struct host_operation_result result =
        run_body(((struct fixture *)*state)->instances[0], join_with_a_past_deadline, &scene);

    assert_int_equal(result.status, ASSAY_OK);
    assert_int_equal(scene.seen, ASSAY_E_TIMEOUT);
    assert_int_equal(scene.count, 1);
    assert_false(result.is_violation);
}

static assay_status spawn_grandchild(assay_task *task, void *arg)
{
    struct scene *scene = arg;
    assay_child *child = NULL;
    assay_status ended = ASSAY_OK;
    assay_status s = scene->tasks->spawn(task, "grandchild", sleep_for_ever, scene, &child);

    scene->tasks->leave(scene->table, scene->gate);
    if (!s) /* which is cancelled, or sees the grandchild go first */
        s = scene->tasks->join(task, child, ASSAY_FOREVER, &ended);
    return s ? s : ended;
}

static assay_status cancel_a_family(assay_task *task, void *arg)
{
    struct scene *scene = arg;
    assay_child *child = NULL;
    assay_status s = scene->tasks->gate(scene->table, 0, &scene->gate);

    if (!s)
        s = scene->tasks->spawn(task, "child", spawn_grandchild, scene, &child);
    if (!s)
        s = scene->tasks->enter(task, scene->gate, ASSAY_FOREVER);
    if (s)
        return s;
    scene->tasks->cancel(scene->table, child);
    s = scene->tasks->join(task, child, ASSAY_FOREVER, &scene->seen);
    /* The grandchild may still be on its way out. */
    while (!s && atomic_load(&scene->count) == 0)
        s = scene->clock->sleep_until(task, scene->clock->now(scene->table) + ASSAY_MS);
    return s;
}

static void cancelling_a_child_cancels_what_it_spawned(void **state)
{
    struct scene scene = scene_of(workload(state));

    const struct host_operation_result result =
        run_body(((struct fixture *)*state)->instances[0], cancel_a_family, &scene);

    assert_int_equal(result.status, ASSAY_OK);
    assert_int_equal(scene.seen, ASSAY_E_CANCELLED);
    assert_int_equal(scene.count, 1);
}

/* ---- gates ---- */

enum {
    CROWD = 16,
    ROUNDS = 50
};

struct crowd {
    struct scene scene;
    atomic_int inside, most;
};

static assay_status go_through(assay_task *task, void *arg)
{
    struct crowd *crowd = arg;
    const struct scene *scene = &crowd->scene;

    for (int i = 0; i < ROUNDS; i++) {
        const assay_status s = scene->tasks->enter(task, scene->gate, ASSAY_FOREVER);
        int inside = 0, most = 0;

        if (s)
            return s;
        inside = atomic_fetch_add(&crowd->inside, 1) + 1;
        most = atomic_load(&crowd->most);
        while (inside > most && !atomic_compare_exchange_weak(&crowd->most, &most, inside))
            ;
        atomic_fetch_add(&crowd->scene.count, 1);
        atomic_fetch_sub(&crowd->inside, 1);
        scene->tasks->leave(scene->table, scene->gate);
    }
    return ASSAY_OK;
}

static assay_status crowd_at_a_gate(assay_task *task, void *arg)
{
    struct crowd *crowd = arg;
    const struct scene *scene = &crowd->scene;
    assay_child *children[CROWD];
    assay_status s = scene->tasks->gate(scene->table, 3, &crowd->scene.gate);

    for (size_t i = 0; !s && i < CROWD; i++)
        s = scene->tasks->spawn(task, "walker", go_through, crowd, &children[i]);
    for (size_t i = 0; !s && i < CROWD; i++)
        s = scene->tasks->join(task, children[i], ASSAY_FOREVER, NULL);
    return s;
}

static void a_gate_lets_no_more_in_than_its_places(void **state)
{
    struct crowd crowd = {.scene = scene_of(workload(state))};

    const struct host_operation_result result =
        run_body(((struct fixture *)*state)->instances[0], crowd_at_a_gate, &crowd);

    assert_int_equal(result.status, ASSAY_OK);
    assert_int_equal(crowd.scene.count, CROWD * ROUNDS);
    assert_true(crowd.most <= 3);
}

static assay_status enter_an_empty_gate(assay_task *task, void *arg)
{
    struct scene *scene = arg;
    const assay_status s = scene->tasks->gate(scene->table, 0, &scene->gate);

    return s ? s : scene->tasks->enter(task, scene->gate, 0);
}

static void entering_polls_when_the_moment_is_past(void **state)
{
    struct scene scene = scene_of(workload(state));

    assert_int_equal(
        run_body(((struct fixture *)*state)->instances[0], enter_an_empty_gate, &scene).status,
        ASSAY_E_TIMEOUT);
}

static void an_instance_has_a_limit_of_gates(void **state)
{
    struct scene scene = scene_of(workload(state));

    for (int i = 0; i < TASK_GATES_MAX; i++)
        assert_int_equal(scene.tasks->gate(scene.table, 1, &scene.gate), ASSAY_OK);

    assert_int_equal(scene.tasks->gate(scene.table, 1, &scene.gate), ASSAY_E_LAGGED);
}

/* ---- limits and misuse ---- */

static assay_status spawn_too_many(assay_task *task, void *arg)
{
    struct scene *scene = arg;
    assay_child *child = NULL;
    assay_status s = ASSAY_OK;

    for (int i = 0; !s && i < TASK_CHILDREN_MAX; i++)
        s = scene->tasks->spawn(task, "one of many", sleep_for_ever, scene, &child);
    if (s)
        return s == ASSAY_E_NOMEM ? ASSAY_E_NOTFOUND : s; /* this machine cannot: skipped */
    scene->seen = scene->tasks->spawn(task, "one too many", sleep_for_ever, scene, &child);
    return ASSAY_OK;
}

static void the_4097th_living_child_is_refused(void **state)
{
    struct scene scene = scene_of(workload(state));

    const struct host_operation_result result =
        run_body(((struct fixture *)*state)->instances[0], spawn_too_many, &scene);

    if (result.status == ASSAY_E_NOTFOUND)
        skip();
    assert_int_equal(scene.seen, ASSAY_E_LAGGED);
    assert_int_equal(scene.count, TASK_CHILDREN_MAX);
}

static assay_status spawn_nothing(assay_task *task, void *arg)
{
    struct scene *scene = arg;

    return scene->tasks->spawn(task, "nothing", NULL, NULL, &scene->child);
}

static void spawning_nothing_breaks_the_contract(void **state)
{
    struct fixture *fixture = *state;
    struct scene scene = scene_of(workload(state));

    assert_int_equal(
        run_body(fixture->instances[0], spawn_nothing, &scene).status, ASSAY_E_INVALID);
    assert_true(has_violation(fixture->host, "tasks.spawn"));
}

/* ---- cancellation ---- */

static assay_status sleep_in_many_ways(assay_task *task, void *arg)
{
    struct scene *scene = arg;
    assay_child *child = NULL;
    assay_status s = scene->tasks->spawn(task, "one", count_one, scene, &child);

    if (!s)
        s = scene->tasks->join(task, child, ASSAY_FOREVER, NULL);
    if (!s)
        s = scene->tasks->enter(task, scene->gate, ASSAY_FOREVER);
    if (!s)
        s = scene->clock->sleep_until(task, scene->clock->now(scene->table) + ASSAY_MS);
    if (!s)
        s = scene->tasks->spawn(task, "two", count_one, scene, &child);
    return s ? s : scene->tasks->join(task, child, ASSAY_FOREVER, NULL);
}

static void a_task_can_be_cancelled_at_every_blocking_call(void **state)
{
    struct fixture *fixture = *state;
    struct host_instance *instance = workload(state);
    struct scene scene = scene_of(instance);
    uint64_t calls = 0;

    assert_int_equal(scene.tasks->gate(scene.table, 1000, &scene.gate), ASSAY_OK);
    (void)tasks_cancel_at(fixture->host, 0);
    assert_int_equal(run_body(instance, sleep_in_many_ways, &scene).status, ASSAY_OK);
    calls = tasks_cancel_at(fixture->host, 0);
    assert_int_equal(calls, 6);

    for (uint64_t k = 1; k <= calls; k++) {
        struct host_operation_result result;

        (void)tasks_cancel_at(fixture->host, k);
        result = run_body(instance, sleep_in_many_ways, &scene);
        assert_int_equal(result.status, ASSAY_E_CANCELLED);
        assert_true(result.was_cancelled);
        assert_false(result.is_stuck);
    }
    assert_false(has_violation(fixture->host, ""));
}

static assay_status ask_again_and_again(assay_task *task, void *arg)
{
    struct scene *scene = arg;

    for (int i = 0; i < 10; i++) {
        scene->seen = scene->clock->sleep_until(task, i == 0 ? ASSAY_FOREVER : 0);
        if (scene->seen != ASSAY_E_CANCELLED)
            return ASSAY_E_INTERNAL;
    }
    return scene->tasks->cancelled(task) ? ASSAY_E_CANCELLED : ASSAY_E_INTERNAL;
}

static void cancellation_is_for_ever(void **state)
{
    struct fixture *fixture = *state;
    struct scene scene = scene_of(workload(state));
    const struct host_operation_spec spec = {
        .name = "test", .body = ask_again_and_again, .arg = &scene, .grace = 60 * ASSAY_SECOND};
    struct host_operation *operation = NULL;
    struct host_operation_result result;

    assert_int_equal(host_operation_start(fixture->instances[0], &spec, &operation), ASSAY_OK);
    host_operation_cancel(operation);
    host_operation_finish(operation, &result);

    assert_int_equal(result.status, ASSAY_E_CANCELLED);
    assert_int_equal(scene.seen, ASSAY_E_CANCELLED);
}

static assay_status use_scratch(assay_task *task, void *arg)
{
    char *text = task_scratch(task, 100);

    (void)arg;
    if (!text)
        return ASSAY_E_NOMEM;
    memset(text, 'x', 100);
    return task_scratch(task, 200) ? ASSAY_OK : ASSAY_E_NOMEM;
}

static void scratch_memory_goes_with_the_task(void **state)
{
    assert_int_equal(run_body(workload(state), use_scratch, NULL).status, ASSAY_OK);
}

static void nobody_is_current_outside_of_tasks(void **state)
{
    struct host_place place;

    (void)state;
    assert_null(task_current());
    assert_false(host_current_place(&place));
}

static assay_status look_around(assay_task *task, void *arg)
{
    if (task_current() != task || !host_current_place(arg))
        return ASSAY_E_INTERNAL;
    return ASSAY_OK;
}

static void a_task_knows_where_it_is(void **state)
{
    struct host_place place = {0};

    assert_int_equal(run_body(workload(state), look_around, &place).status, ASSAY_OK);
    assert_string_equal(place.instance, "workload.a");
    assert_string_equal(place.plugin_id, "test.plugin");
    assert_string_equal(place.operation, "test");
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(children_run_and_are_joined),
        TEST(leftover_children_are_cancelled_joined_and_reported),
        TEST(a_childs_reason_is_the_operations),
        TEST(join_polls_and_a_cancelled_child_ends_alone),
        TEST(cancelling_a_child_cancels_what_it_spawned),
        TEST(a_gate_lets_no_more_in_than_its_places),
        TEST(entering_polls_when_the_moment_is_past),
        TEST(an_instance_has_a_limit_of_gates),
        TEST(the_4097th_living_child_is_refused),
        TEST(spawning_nothing_breaks_the_contract),
        TEST(a_task_can_be_cancelled_at_every_blocking_call),
        TEST(cancellation_is_for_ever),
        TEST(scratch_memory_goes_with_the_task),
        TEST(nobody_is_current_outside_of_tasks),
        TEST(a_task_knows_where_it_is),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Nodes that no process of the host's runs: the deployer is asked what became of them, and tells. */
#include "framework/host/control.h"
#include "framework/host/ends.h"
#include "host_world.h"

static atomic_int watches, acting;
static atomic_bool has_met;

static int setup(void **state)
{
    atomic_store(&watches, 0);
    atomic_store(&acting, 0);
    atomic_store(&has_met, false);
    *state = world_new(2, (uint64_t)1 << ASSAY_ACT_KILL);
    return 0;
}

static int teardown(void **state)
{
    world_free(*state);
    return 0;
}

static bool has_notice(const struct world *world, const char *part)
{
    struct host_note note;

    for (size_t i = 0; host_notice_at(world->fixture->host, i, &note); i++) {
        if (strstr(note.text, part))
            return true;
    }
    return false;
}

static bool has_been_watched(void *context)
{
    return atomic_load(&watches) >= *(const int *)context;
}

static void await_watches(const struct world *world, int count)
{
    struct host *host = world->fixture->host;

    while (host_wait(host, host_now(host) + 20 * ASSAY_MS, has_been_watched, &count))
        ;
}

/* ---- looking ---- */

static assay_status count_watch(struct world *world, assay_task *task)
{
    (void)world, (void)task;
    atomic_fetch_add(&watches, 1);
    return ASSAY_OK;
}

static void the_deployer_is_asked_at_once_and_again_before_the_judgement(void **state)
{
    struct world *world = *state;
    struct host *host = world->fixture->host;

    world->watch = count_watch;
    assert_int_equal(host_watch_start(host, NULL), ASSAY_OK);
    await_watches(world, 1);
    const int before = atomic_load(&watches);
    host_watch_look(host);
    assert_true(atomic_load(&watches) > before);
    host_watch_stop(host, 60 * ASSAY_SECOND);
    host_watch_stop(host, 60 * ASSAY_SECOND);
    assert_false(host_instance_is_stuck(world->deployer));
    assert_false(has_notice(world, ""));
}

static void the_deployer_is_asked_again_and_again(void **state)
{
    struct world *world = *state;
    struct host *host = world->fixture->host;

    world->watch = count_watch;
    assert_int_equal(host_watch_start(host, NULL), ASSAY_OK);
    await_watches(world, 2);
    host_watch_stop(host, 60 * ASSAY_SECOND);
}

static void nobody_is_asked_unless_watching_has_begun(void **state)
{
    struct world *world = *state;

    world->watch = count_watch;
    host_watch_look(world->fixture->host);
    host_watch_stop(world->fixture->host, ASSAY_SECOND);
    assert_int_equal(atomic_load(&watches), 0);
}

static void a_deployer_that_does_not_watch_is_left_alone(void **state)
{
    struct fixture *fixture = fixture_new(1);

    (void)state;
    assert_int_equal(host_watch_start(fixture->host, NULL), ASSAY_OK);
    host_watch_look(fixture->host);
    host_watch_stop(fixture->host, ASSAY_SECOND);
    fixture_free(fixture);
}

static assay_status cannot_look(struct world *world, assay_task *task)
{
    (void)task;
    atomic_fetch_add(&watches, 1);
    return (world->table->fail)(world->table, ASSAY_E_IO, "the engine is away");
}

static void who_cannot_look_before_the_judgement_is_in_the_report(void **state)
{
    struct world *world = *state;
    struct host *host = world->fixture->host;

    world->watch = cannot_look;
    assert_int_equal(host_watch_start(host, NULL), ASSAY_OK);
    await_watches(world, 1);
    assert_false(has_notice(world, ""));
    host_watch_look(host);
    assert_true(has_notice(world,
        "what became of the nodes could not be looked at before the judgement: the engine is "
        "away"));
    host_watch_stop(host, 60 * ASSAY_SECOND);
    assert_false(host_instance_is_stuck(world->deployer));
}

/* ---- beside node control ---- */

static assay_status kill_slowly(struct world *world, assay_task *task, const assay_action *action)
{
    assay_status s;

    (void)action;
    atomic_fetch_add(&acting, 1);
    s = clock_table.sleep_until(task, host_now(world->fixture->host) + 100 * ASSAY_MS);
    atomic_fetch_sub(&acting, 1);
    return s;
}

static assay_status watch_for_action(struct world *world, assay_task *task)
{
    if (atomic_load(&acting))
        atomic_store(&has_met, true);
    return count_watch(world, task);
}

struct kill {
    const assay_control *control;
    struct host *host;
};

static assay_status call_kill(assay_task *task, void *arg)
{
    const struct kill *kill = arg;
    const assay_action action = {
        .struct_size = sizeof(action), .kind = ASSAY_ACT_KILL, .node = 1, .peer = ASSAY_NO_NODE};

    return kill->control->act(task, &action, host_now(kill->host) + 200 * ASSAY_MS, NULL);
}

static void nobody_looks_while_an_action_is_under_way(void **state)
{
    struct world *world = *state;
    struct host *host = world->fixture->host;
    struct host_instance *chaos =
        fixture_instance(world->fixture, "workload.chaos", ASSAY_WORKLOAD);
    struct kill kill = {.control = fixture_service(chaos, ASSAY_CONTROL), .host = host};
    const struct host_operation_spec spec = {
        .name = "run", .body = call_kill, .arg = &kill, .grace = 60 * ASSAY_SECOND};
    struct host_operation *operation = NULL;
    struct host_operation_result result;

    world->control = kill_slowly;
    world->watch = watch_for_action;
    assert_int_equal(host_watch_start(host, NULL), ASSAY_OK);
    await_watches(world, 1);
    assert_int_equal(host_operation_start(chaos, &spec, &operation), ASSAY_OK);
    while (!atomic_load(&acting))
        (void)host_wait(host, host_now(host) + ASSAY_MS, NULL, NULL);
    host_watch_look(host);
    host_operation_finish(operation, &result);
    host_watch_stop(host, 60 * ASSAY_SECOND);
    assert_int_equal(result.status, ASSAY_OK);
    assert_false(atomic_load(&has_met));
}

/* ---- telling ---- */

static assay_status tell_of_a_crash(struct world *world, assay_task *task)
{
    const assay_node_end end = {.struct_size = sizeof(end),
        .node = 1,
        .how = ASSAY_END_KILLED,
        .code = SIGSEGV,
        .at = 3 * ASSAY_SECOND};

    if (atomic_load(&watches) == 0)
        assert_int_equal(
            world->deployment->ended(world->table, &end, "container of today"), ASSAY_OK);
    return count_watch(world, task);
}

static void what_is_found_is_told_like_the_end_of_a_process(void **state)
{
    struct world *world = *state;
    struct host *host = world->fixture->host;
    assay_node_end end = {.struct_size = sizeof(end)};

    world->watch = tell_of_a_crash;
    assert_int_equal(host_watch_start(host, NULL), ASSAY_OK);
    host_watch_look(host);
    host_watch_stop(host, 60 * ASSAY_SECOND);
    assert_int_equal(host_node_end_count(host), 1);
    assert_true(host_node_end_at(host, 0, &end));
    assert_int_equal(end.node, 1);
    assert_int_equal(end.how, ASSAY_END_KILLED);
    assert_int_equal(end.code, SIGSEGV);
    assert_int_equal(end.asked_by_signal, 0);
    assert_true(end.at == 3 * ASSAY_SECOND);
    assert_true(has_notice(world,
        "validator-1 ended by itself at 3s: killed by signal 11 (Segmentation fault), container "
        "of today; see nodes/validator-1/output.log"));
    assert_non_null(strstr(world->fixture->events, "\"node-ended\""));
}

static void an_end_that_nobody_saw_has_the_moment_at_which_it_was_found(void **state)
{
    struct world *world = *state;
    assay_node_end end = {
        .struct_size = sizeof(end), .node = 0, .how = ASSAY_END_UNSEEN, .asked_by_signal = SIGTERM};

    assert_int_equal(world->deployment->ended(world->table, &end, NULL), ASSAY_OK);
    assert_true(host_node_end_at(world->fixture->host, 0, &end));
    assert_true(end.at > 0);
    assert_true(has_notice(world, "validator-0 ended after signal 15 (Terminated) at "));
    assert_true(has_notice(world, ": nobody saw how; see nodes/"));
}

static void an_end_that_makes_no_sense_is_refused(void **state)
{
    struct world *world = *state;
    assay_node_end end = {.node = 0, .how = ASSAY_END_EXITED};

    assert_int_equal(world->deployment->ended(world->table, &end, NULL), ASSAY_E_INVALID);
    end.struct_size = sizeof(end);
    end.node = 2;
    assert_int_equal(world->deployment->ended(world->table, &end, NULL), ASSAY_E_INVALID);
    end.node = 0;
    end.how = 0;
    assert_int_equal(world->deployment->ended(world->table, &end, NULL), ASSAY_E_INVALID);
    end.how = ASSAY_END_KILLED + 1;
    assert_int_equal(world->deployment->ended(world->table, &end, NULL), ASSAY_E_INVALID);
    assert_int_equal(host_node_end_count(world->fixture->host), 0);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(the_deployer_is_asked_at_once_and_again_before_the_judgement),
        TEST(the_deployer_is_asked_again_and_again),
        TEST(nobody_is_asked_unless_watching_has_begun),
        TEST(a_deployer_that_does_not_watch_is_left_alone),
        TEST(who_cannot_look_before_the_judgement_is_in_the_report),
        TEST(nobody_looks_while_an_action_is_under_way),
        TEST(what_is_found_is_told_like_the_end_of_a_process),
        TEST(an_end_that_nobody_saw_has_the_moment_at_which_it_was_found),
        TEST(an_end_that_makes_no_sense_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

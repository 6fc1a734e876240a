/* Waiting for readiness: stages, progress, patience, limits, deaths, many nodes. */
#include <errno.h>

#include "framework/host/readiness.h"
#include "host_world.h"

enum {
    NODES = 40 /* more than probe at a time */
};

static int setup(void **state)
{
    struct world *world = world_new(NODES, 0);

    assert_int_equal(world->spec->stage(world->system_table, "http"), ASSAY_OK);
    assert_int_equal(world->spec->stage(world->system_table, "peers"), ASSAY_OK);
    for (uint32_t node = 0; node < NODES; node++)
        assert_int_equal(world->spec->binary(world->system_table, node, "/bin/node"), ASSAY_OK);
    *state = world;
    return 0;
}

static int teardown(void **state)
{
    world_free(*state);
    return 0;
}

static void start_all(struct world *world)
{
    for (uint32_t node = 0; node < NODES; node++)
        assert_int_equal(world->deployment->start(world->table, node), ASSAY_OK);
}

struct wait {
    const struct world *world;
    assay_ns patience, limit;
    uint32_t node; /* ASSAY_ANY_NODE: all */
};

static assay_status call_await(assay_task *task, void *arg)
{
    const struct wait *wait = arg;

    if (wait->node == ASSAY_ANY_NODE)
        return wait->world->deployment->await_ready(task, wait->patience, wait->limit);
    return wait->world->deployment->await_node(task, wait->node, wait->patience);
}

static struct host_operation_result await(struct world *world, assay_ns patience, assay_ns limit)
{
    struct wait wait = {
        .world = world, .patience = patience, .limit = limit, .node = ASSAY_ANY_NODE};

    return run_body(world->deployer, call_await, &wait);
}

/* ---- how systems answer ---- */

static assay_status always(
    struct world *world, assay_task *task, uint32_t node, uint32_t stage, assay_readiness *out)
{
    (void)world, (void)task, (void)node, (void)stage;
    out->is_ready = 1;
    return ASSAY_OK;
}

static assay_status never(
    struct world *world, assay_task *task, uint32_t node, uint32_t stage, assay_readiness *out)
{
    (void)world, (void)task;
    out->is_ready = node != 3 || stage == 0;
    (void)snprintf(out->why, sizeof(out->why), "1 of 4 peers");
    return ASSAY_OK;
}

/* Each stage takes three looks more, each of which is progress. */
static assay_status step_by_step(
    struct world *world, assay_task *task, uint32_t node, uint32_t stage, assay_readiness *out)
{
    static _Atomic uint64_t looks[NODES][2];

    (void)world, (void)task;
    out->progress = atomic_fetch_add(&looks[node][stage], 1) + 1;
    out->is_ready = out->progress > 3;
    return ASSAY_OK;
}

static assay_status cannot_tell(
    struct world *world, assay_task *task, uint32_t node, uint32_t stage, assay_readiness *out)
{
    (void)stage, (void)out;
    if (node != 5)
        return always(world, task, node, stage, out);
    return (world->system_table->fail)(
        world->system_table, ASSAY_E_INVALID, "it speaks another language");
}

static assay_status dies_while_waiting(
    struct world *world, assay_task *task, uint32_t node, uint32_t stage, assay_readiness *out)
{
    if (node != 2)
        return always(world, task, node, stage, out);
    fakes_end(&world->fakes, 2, PROCESS_EXITED, 3);
    (void)snprintf(out->why, sizeof(out->why), "connection refused");
    return ASSAY_OK;
}

/* ---- tests ---- */

static void all_stages_of_all_nodes_are_passed(void **state)
{
    struct world *world = *state;

    world->ready = always;
    start_all(world);
    assert_int_equal(await(world, 60 * ASSAY_SECOND, 0).status, ASSAY_OK);
    assert_int_equal(world->looks, 2 * NODES);
}

static void a_stage_may_take_many_looks(void **state)
{
    struct world *world = *state;

    world->ready = step_by_step;
    start_all(world);
    assert_int_equal(await(world, 60 * ASSAY_SECOND, 0).status, ASSAY_OK);
    assert_int_equal(world->looks, 8 * NODES);
}

/* Five looks of a second each, all of them progress: longer than patience altogether. */
static assay_status slowly(
    struct world *world, assay_task *task, uint32_t node, uint32_t stage, assay_readiness *out)
{
    const assay_ns now = host_now(world->fixture->host);

    (void)node;
    out->progress = (uint64_t)atomic_load(&world->looks);
    out->is_ready = stage == 1 || out->progress == 5;
    return stage == 1 ? ASSAY_OK : clock_table.sleep_until(task, now + ASSAY_SECOND);
}

static void progress_renews_patience(void **state)
{
    struct world *world = *state;
    struct wait wait = {.world = world, .patience = 4 * ASSAY_SECOND, .node = 7};

    world->ready = slowly;
    assert_int_equal(run_body(world->deployer, call_await, &wait).status, ASSAY_OK);
}

static void a_node_without_progress_is_named_with_stage_reason_and_log(void **state)
{
    struct world *world = *state;
    struct host_operation_result result;

    world->ready = never;
    world->fakes.prints = "line 1\nline 2\n";
    start_all(world);
    result = await(world, 300 * ASSAY_MS, 0);
    assert_int_equal(result.status, ASSAY_E_TIMEOUT);
    assert_non_null(strstr(result.why,
        "validator-3 is not ready after 300ms without progress: stage peers: 1 of 4 peers"));
    assert_non_null(strstr(result.why, "nodes/validator-3/output.log:\n    line 1\n    line 2"));
}

static void the_limit_holds_for_all(void **state)
{
    struct world *world = *state;
    struct host_operation_result result;

    world->ready = never;
    start_all(world);
    result = await(world, 3600 * ASSAY_SECOND, 100 * ASSAY_MS);
    assert_int_equal(result.status, ASSAY_E_TIMEOUT);
    assert_non_null(strstr(result.why, "within the limit for all"));
}

static void a_node_that_ends_fails_at_once(void **state)
{
    struct world *world = *state;
    struct host_operation_result result;

    world->ready = dies_while_waiting;
    world->fakes.prints = "panic: no config\n";
    start_all(world);
    result = await(world, 3600 * ASSAY_SECOND, 0);
    assert_int_equal(result.status, ASSAY_E_IO);
    assert_non_null(strstr(result.why,
        "validator-2 ended by itself with exit code 3 before it was ready (stage http)"));
    assert_non_null(strstr(result.why, "panic: no config"));
}

static void a_node_that_was_killed_says_so(void **state)
{
    struct world *world = *state;
    struct host_operation_result result;

    world->ready = never;
    start_all(world);
    fakes_end(&world->fakes, 3, PROCESS_KILLED, SIGSEGV);
    result = await(world, 3600 * ASSAY_SECOND, 0);
    assert_int_equal(result.status, ASSAY_E_IO);
    assert_non_null(strstr(result.why, "validator-3 was killed by signal 11"));
    assert_non_null(strstr(result.why, "is empty"));
}

/* As another process would that has the port, such as a node that some other run left. */
static void a_node_that_has_ended_is_not_ready_whatever_answers(void **state)
{
    struct world *world = *state;
    struct host_operation_result result;

    world->ready = always;
    start_all(world);
    fakes_end(&world->fakes, 3, PROCESS_EXITED, 1);
    result = await(world, 3600 * ASSAY_SECOND, 0);
    assert_int_equal(result.status, ASSAY_E_IO);
    assert_non_null(strstr(result.why,
        "validator-3 ended by itself with exit code 1 before it was ready (stage http)"));
}

/* Node 5 waits until node 2 has passed everything, and then for ever. */
static assay_status loses_a_ready_one(
    struct world *world, assay_task *task, uint32_t node, uint32_t stage, assay_readiness *out)
{
    static atomic_int state;

    if (node != 5) {
        if (node == 2 && stage == 1)
            atomic_store(&state, 1);
        return always(world, task, node, stage, out);
    }
    if (atomic_load(&state) > 0 && atomic_fetch_add(&state, 1) == 3) /* it has been judged by now */
        fakes_end(&world->fakes, 2, PROCESS_KILLED, SIGKILL);
    return ASSAY_OK;
}

static void a_ready_node_that_ends_while_others_are_waited_for_fails_at_once(void **state)
{
    struct world *world = *state;
    struct host_operation_result result;

    world->ready = loses_a_ready_one;
    start_all(world);
    result = await(world, 3600 * ASSAY_SECOND, 0);
    assert_int_equal(result.status, ASSAY_E_IO);
    assert_non_null(strstr(result.why, "validator-2 was killed by signal 9"));
}

/* With the last look of all, the first node ends. */
static assay_status loses_one_at_the_end(
    struct world *world, assay_task *task, uint32_t node, uint32_t stage, assay_readiness *out)
{
    if (atomic_load(&world->looks) == 2 * NODES)
        fakes_end(&world->fakes, node == 0 ? 1 : 0, PROCESS_EXITED, 4);
    return always(world, task, node, stage, out);
}

static void a_ready_node_that_ends_with_the_last_look_fails_the_waiting(void **state)
{
    struct world *world = *state;
    struct host_operation_result result;

    world->ready = loses_one_at_the_end;
    start_all(world);
    result = await(world, 3600 * ASSAY_SECOND, 0);
    assert_int_equal(result.status, ASSAY_E_IO);
    assert_non_null(strstr(result.why, "ended by itself with exit code 4"));
}

static void a_program_that_cannot_be_executed_is_reported(void **state)
{
    struct world *world = *state;
    struct host_operation_result result;

    world->ready = never;
    world->fakes.born = (struct process_status){
        .state = PROCESS_REFUSED, .step = PROCESS_STEP_EXECUTE, .code = ENOENT};
    start_all(world);
    result = await(world, 3600 * ASSAY_SECOND, 0);
    assert_int_equal(result.status, ASSAY_E_IO);
    assert_non_null(strstr(result.why, "validator-"));
    assert_non_null(strstr(result.why, "program cannot be executed: No such file"));
}

static void a_system_that_cannot_tell_ends_the_waiting(void **state)
{
    struct world *world = *state;
    struct host_operation_result result;

    world->ready = cannot_tell;
    start_all(world);
    result = await(world, 3600 * ASSAY_SECOND, 0);
    assert_int_equal(result.status, ASSAY_E_INVALID);
    assert_non_null(strstr(result.why, "validator-5"));
    assert_non_null(strstr(result.why, "another language"));
}

static void nodes_that_are_no_processes_of_ours_can_be_waited_for(void **state)
{
    struct world *world = *state;

    world->ready = always;
    assert_int_equal(await(world, ASSAY_SECOND, 0).status, ASSAY_OK);
}

/* ---- nodes that a backend runs ---- */

static assay_status inspect_dead_third(
    struct world *world, uint32_t node, assay_process *out, char detail[160])
{
    (void)world;
    out->state = node == 3 ? ASSAY_PROCESS_EXITED : ASSAY_PROCESS_RUNNING;
    out->code = node == 3 ? 7 : 0;
    (void)snprintf(detail, 160, "container");
    return ASSAY_OK;
}

static assay_status inspect_nothing_yet(
    struct world *world, uint32_t node, assay_process *out, char detail[160])
{
    (void)world, (void)node, (void)detail;
    out->state = 0; /* made, but not started yet */
    return ASSAY_OK;
}

static assay_status inspect_unreachable(
    struct world *world, uint32_t node, assay_process *out, char detail[160])
{
    (void)node, (void)out, (void)detail;
    return (world->table->fail)(world->table, ASSAY_E_IO, "no engine at the moment");
}

static assay_status collect_a_line(struct world *world, uint32_t node)
{
    const assay_bytes log = {"error: bad flag\n", 16};

    return world->deployment->collect_log(world->table, node, ASSAY_NODE_LOG, log);
}

static void a_container_that_ends_fails_at_once_and_its_log_is_fetched(void **state)
{
    struct world *world = *state;
    struct host_operation_result result;

    world->ready = never;
    world->inspect = inspect_dead_third;
    world->collect = collect_a_line;
    result = await(world, 3600 * ASSAY_SECOND, 0);
    assert_int_equal(result.status, ASSAY_E_IO);
    assert_non_null(strstr(result.why,
        "validator-3 ended by itself with exit code 7 before it was ready (stage peers)"));
    assert_non_null(strstr(result.why, "nodes/validator-3/output.log:\n    error: bad flag"));
}

static void a_container_that_runs_but_is_never_ready_has_its_log_fetched_too(void **state)
{
    struct world *world = *state;
    struct host_operation_result result;

    world->ready = never;
    world->inspect = inspect_nothing_yet;
    world->collect = collect_a_line;
    result = await(world, 300 * ASSAY_MS, 0);
    assert_int_equal(result.status, ASSAY_E_TIMEOUT);
    assert_non_null(strstr(result.why, "error: bad flag"));
}

static void a_backend_that_cannot_be_asked_says_nothing_about_the_node(void **state)
{
    struct world *world = *state;
    struct host_operation_result result;

    world->ready = never;
    world->inspect = inspect_unreachable;
    result = await(world, 300 * ASSAY_MS, 0);
    assert_int_equal(result.status, ASSAY_E_TIMEOUT);
    assert_non_null(strstr(result.why, "1 of 4 peers"));
}

static assay_status watch_second_end(struct world *world, assay_task *task)
{
    const assay_node_end end = {
        .struct_size = sizeof(end), .node = 2, .how = ASSAY_END_KILLED, .code = SIGSEGV};

    (void)task;
    return world->deployment->ended(world->table, &end, NULL);
}

static assay_status watch_nothing(struct world *world, assay_task *task)
{
    (void)task;
    return (world->table->fail)(world->table, ASSAY_E_IO, "no engine at the moment");
}

static void a_container_that_has_ended_after_it_was_ready_fails_the_waiting(void **state)
{
    struct world *world = *state;
    struct host_operation_result result;

    world->ready = always;
    world->collect = collect_a_line;
    world->watch = watch_second_end;
    result = await(world, 60 * ASSAY_SECOND, 0);
    assert_int_equal(result.status, ASSAY_E_IO);
    assert_non_null(strstr(result.why,
        "validator-2 ended by itself after it had been ready, while other nodes were waited for: "
        "killed by signal 11"));
    assert_non_null(strstr(result.why, "nodes/validator-2/output.log:\n    error: bad flag"));
    world->watch = watch_nothing;
    assert_int_equal(await(world, 60 * ASSAY_SECOND, 0).status, ASSAY_OK);
}

static void one_node_can_be_waited_for_alone(void **state)
{
    struct world *world = *state;
    struct wait wait = {.world = world, .patience = 60 * ASSAY_SECOND, .node = 7};

    world->ready = always;
    assert_int_equal(run_body(world->deployer, call_await, &wait).status, ASSAY_OK);
    assert_int_equal(world->looks, 2);
    wait.node = NODES;
    assert_int_equal(run_body(world->deployer, call_await, &wait).status, ASSAY_E_INVALID);
    wait.node = 0;
    wait.patience = 0;
    assert_int_equal(run_body(world->deployer, call_await, &wait).status, ASSAY_E_INVALID);
    assert_int_equal(await(world, 0, 0).status, ASSAY_E_INVALID);
}

static void waiting_can_be_cancelled(void **state)
{
    struct world *world = *state;
    struct wait wait = {.world = world, .patience = 3600 * ASSAY_SECOND, .node = ASSAY_ANY_NODE};
    const struct host_operation_spec spec = {.name = "prepare",
        .body = call_await,
        .arg = &wait,
        .limit = 50 * ASSAY_MS,
        .grace = 60 * ASSAY_SECOND};
    struct host_operation_result result;

    world->ready = never;
    start_all(world);
    assert_int_equal(host_run_operation(world->deployer, &spec, &result), ASSAY_E_CANCELLED);
    assert_false(result.is_violation);
    assert_false(host_instance_is_stuck(world->system));
}

static void without_stages_there_is_nothing_to_wait_for(void **state)
{
    struct world *world = world_new(1, 0);

    (void)state;
    assert_int_equal(await(world, ASSAY_SECOND, 0).status, ASSAY_OK);
    assert_int_equal(world->looks, 0);
    world_free(world);
}

static void the_longer_nothing_moves_the_rarer_are_the_looks_within_limits(void **state)
{
    (void)state;
    assert_int_equal(readiness_pause(0), 10 * ASSAY_MS);
    assert_int_equal(readiness_pause(80 * ASSAY_MS), 10 * ASSAY_MS);
    assert_int_equal(readiness_pause(800 * ASSAY_MS), 100 * ASSAY_MS);
    assert_int_equal(readiness_pause(1600 * ASSAY_MS), 200 * ASSAY_MS);
    assert_int_equal(readiness_pause(3600 * ASSAY_SECOND), 200 * ASSAY_MS);
}

/* Counts the looks at validator-3 at which nothing has moved. */
static _Atomic uint64_t vain_looks;

static assay_status never_counted(
    struct world *world, assay_task *task, uint32_t node, uint32_t stage, assay_readiness *out)
{
    vain_looks += node == 3 && stage == 1;
    return never(world, task, node, stage, out);
}

static void a_node_that_does_not_move_is_not_looked_at_all_the_time(void **state)
{
    struct world *world = *state;

    world->ready = never_counted;
    start_all(world);
    vain_looks = 0;
    assert_int_equal(await(world, 400 * ASSAY_MS, 0).status, ASSAY_E_TIMEOUT);
    /* At 0, 10, ... 80 ms, then each time after an eighth of what has passed: a slow machine looks
       less often, none more often. */
    assert_in_range(vain_looks, 1, 9 + 15);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(all_stages_of_all_nodes_are_passed),
        TEST(a_stage_may_take_many_looks),
        TEST(progress_renews_patience),
        TEST(a_node_without_progress_is_named_with_stage_reason_and_log),
        TEST(the_limit_holds_for_all),
        TEST(a_node_that_ends_fails_at_once),
        TEST(a_node_that_was_killed_says_so),
        TEST(a_node_that_has_ended_is_not_ready_whatever_answers),
        TEST(a_ready_node_that_ends_while_others_are_waited_for_fails_at_once),
        TEST(a_ready_node_that_ends_with_the_last_look_fails_the_waiting),
        TEST(a_program_that_cannot_be_executed_is_reported),
        TEST(a_system_that_cannot_tell_ends_the_waiting),
        TEST(nodes_that_are_no_processes_of_ours_can_be_waited_for),
        TEST(a_container_that_ends_fails_at_once_and_its_log_is_fetched),
        TEST(a_container_that_runs_but_is_never_ready_has_its_log_fetched_too),
        TEST(a_backend_that_cannot_be_asked_says_nothing_about_the_node),
        TEST(a_container_that_has_ended_after_it_was_ready_fails_the_waiting),
        TEST(one_node_can_be_waited_for_alone),
        TEST(waiting_can_be_cancelled),
        cmocka_unit_test(the_longer_nothing_moves_the_rarer_are_the_looks_within_limits),
        TEST(a_node_that_does_not_move_is_not_looked_at_all_the_time),
        cmocka_unit_test(without_stages_there_is_nothing_to_wait_for),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Cancellation at every blocking call of an operation that uses everything that blocks. */
#include "framework/host/control.h"
#include "host_world.h"

static int setup(void **state)
{
    struct world *world = world_new(2, (uint64_t)1 << ASSAY_ACT_KILL);

    for (uint32_t node = 0; node < 2; node++)
        assert_int_equal(world->spec->binary(world->system_table, node, "/bin/node"), ASSAY_OK);
    assert_int_equal(world->spec->stage(world->system_table, "http"), ASSAY_OK);
    *state = world;
    return 0;
}

static int teardown(void **state)
{
    world_free(*state);
    return 0;
}

/* ---- a system and a deployer that block themselves ---- */

static assay_status nap(assay_task *task)
{
    return clock_table.sleep_until(task, host_now(host_of(task_host(task))) + 1);
}

static assay_status nap_then_render(struct world *world, assay_task *task)
{
    const assay_status s = nap(task);

    return s ? s : world->spec->argument(world->system_table, 0, "--x");
}

static assay_status nap_then_ready(
    struct world *world, assay_task *task, uint32_t node, uint32_t stage, assay_readiness *out)
{
    (void)world, (void)node, (void)stage;
    out->is_ready = 1;
    return nap(task);
}

static assay_status nap_then_kill(struct world *world, assay_task *task, const assay_action *action)
{
    const assay_status s = nap(task);

    if (!s)
        fakes_end(&world->fakes, action->node, PROCESS_KILLED, SIGKILL);
    return s;
}

static assay_status look_at_fake(
    struct world *world, uint32_t node, assay_process *out, char detail[160])
{
    struct process_status status = {.state = PROCESS_LOST};

    (void)fakes_status(&world->fakes, node, &status);
    out->state = (uint32_t)status.state;
    out->pid = status.pid;
    detail[0] = '\0';
    return ASSAY_OK;
}

/* ---- the sample ---- */

static assay_status wait_at_gate(assay_task *task, void *arg)
{
    return tasks_table.enter(task, arg, ASSAY_FOREVER);
}

/* A child waits at a gate that this task opens. */
static assay_status use_tasks(struct world *world, assay_task *task)
{
    assay_gate *gate = NULL;
    assay_child *child = NULL;
    assay_status s = tasks_table.gate(world->table, 0, &gate);

    if (!s)
        s = tasks_table.spawn(task, "child", wait_at_gate, gate, &child);
    if (s)
        return s;
    tasks_table.leave(world->table, gate);
    return tasks_table.join(task, child, ASSAY_FOREVER, NULL);
}

static assay_status use_feed(struct world *world, assay_task *task)
{
    const assay_blocks *blocks = fixture_service(world->deployer, ASSAY_BLOCKS);
    assay_feed *feed = NULL;
    assay_block *block = NULL;
    assay_status s = blocks->subscribe(world->table, ASSAY_ANY_NODE, &feed);

    if (s)
        return s;
    s = blocks->next(task, feed, 0, &block);
    blocks->unsubscribe(feed);
    return s == ASSAY_E_TIMEOUT ? ASSAY_OK : s;
}

static assay_status use_commands(struct world *world, assay_task *task)
{
    static const char *const argv[] = {"true", NULL};
    assay_status s = ASSAY_OK;

    world->fakes.born.state = PROCESS_EXITED;
    s = world->deployment->exec(task, argv, ASSAY_FOREVER, NULL, NULL);
    world->fakes.born.state = PROCESS_RUNNING;
    return s;
}

static assay_status use_everything(assay_task *task, void *arg)
{
    struct world *world = arg;
    const assay_control *control = fixture_service(world->deployer, ASSAY_CONTROL);
    const assay_action kill = {
        .struct_size = sizeof(kill), .kind = ASSAY_ACT_KILL, .peer = ASSAY_NO_NODE};
    assay_status s = use_tasks(world, task);

    if (!s)
        s = use_feed(world, task);
    if (!s)
        s = world->deployment->render(task);
    for (uint32_t node = 0; !s && node < 2; node++)
        s = world->deployment->start(world->table, node);
    if (!s)
        s = world->deployment->await_ready(task, 3600 * ASSAY_SECOND, 0);
    if (!s)
        s = control->act(task, &kill, ASSAY_FOREVER, NULL);
    if (!s)
        s = world->deployment->wait_exit(task, 0, ASSAY_FOREVER);
    if (!s)
        s = use_commands(world, task);
    return s ? s : world->deployment->end_all(task, 0);
}

static void an_operation_can_be_cancelled_at_every_blocking_call(void **state)
{
    struct world *world = *state;
    struct host *host = world->fixture->host;
    uint64_t k = 1;

    world->render = nap_then_render;
    world->ready = nap_then_ready;
    world->control = nap_then_kill;
    world->inspect = look_at_fake;
    for (;; k++) {
        struct host_operation_result result;

        world->fakes.count = 0;
        world->fakes.has_ended = false;
        (void)tasks_cancel_at(host, k);
        result = run_body(world->deployer, use_everything, world);
        assert_false(result.is_stuck);
        assert_null(host->operations);
        if (!result.was_cancelled) {
            assert_int_equal(result.status, ASSAY_OK);
            break;
        }
        assert_int_equal(result.status, ASSAY_E_CANCELLED);
        fakes_end_all(&world->fakes, 0, &(uint32_t){0}, NULL);
    }
    assert_true(k > 20);
    assert_false(has_violation(host, ""));
    assert_false(host_instance_is_stuck(world->system));
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(an_operation_can_be_cancelled_at_every_blocking_call),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Node control and following: proof of effects, receipts, turns; followers that give up. */
#include "framework/host/control.h"
#include "host_world.h"

#define ALL_ACTIONS ((uint64_t)0xFFFFFFFF)

static int setup(void **state)
{
    *state = world_new(2, ALL_ACTIONS & ~((uint64_t)1 << ASSAY_ACT_LIMIT));
    return 0;
}

static int teardown(void **state)
{
    world_free(*state);
    return 0;
}

/* ---- proof ---- */

static struct sighting seen(uint32_t state, int64_t pid, const char *detail)
{
    struct sighting sighting = {.process = {.state = state, .pid = pid, .started_at = pid * 10}};

    (void)snprintf(sighting.detail, sizeof(sighting.detail), "%s", detail);
    return sighting;
}

static void an_effect_is_proven_by_what_was_seen_alone(void **state)
{
    enum {
        RUN = ASSAY_PROCESS_RUNNING,
        EXIT = ASSAY_PROCESS_EXITED,
        KILL = ASSAY_PROCESS_KILLED
    };
    static const struct {
        uint32_t kind, state_before, state_after;
        int64_t pid_before, pid_after;
        const char *detail_before, *detail_after;
        bool is_proven;
    } cases[] = {
        {ASSAY_ACT_START, EXIT, RUN, 1, 2, "", "", true},
        {ASSAY_ACT_START, RUN, RUN, 1, 1, "", "", false},
        {ASSAY_ACT_START, EXIT, EXIT, 1, 1, "", "", false},
        {ASSAY_ACT_STOP, RUN, EXIT, 1, 1, "", "", true},
        {ASSAY_ACT_STOP, RUN, RUN, 1, 1, "", "", false},
        {ASSAY_ACT_RESTART, RUN, RUN, 1, 2, "", "", true},
        {ASSAY_ACT_RESTART, RUN, RUN, 1, 1, "", "", false},
        {ASSAY_ACT_RESTART, RUN, EXIT, 1, 2, "", "", false},
        {ASSAY_ACT_REPLACE, RUN, RUN, 1, 2, "", "", true},
        {ASSAY_ACT_KILL, RUN, KILL, 1, 1, "", "", true},
        {ASSAY_ACT_KILL, RUN, RUN, 1, 2, "", "", true},
        {ASSAY_ACT_KILL, RUN, RUN, 1, 1, "", "", false},
        {ASSAY_ACT_KILL, RUN, EXIT, 1, 1, "", "", false},
        {ASSAY_ACT_KILL, KILL, KILL, 1, 1, "", "", false},
        {ASSAY_ACT_PAUSE, RUN, RUN, 1, 1, "", "stopped by a signal", true},
        {ASSAY_ACT_PAUSE, RUN, RUN, 1, 1, "", "paused", true},
        {ASSAY_ACT_PAUSE, RUN, RUN, 1, 1, "", "", false},
        {ASSAY_ACT_PAUSE, RUN, KILL, 1, 1, "", "stopped", false},
        {ASSAY_ACT_RESUME, RUN, RUN, 1, 1, "stopped", "", true},
        {ASSAY_ACT_RESUME, RUN, RUN, 1, 1, "", "", false},
        {ASSAY_ACT_RESUME, RUN, RUN, 1, 1, "stopped", "stopped", false},
        {ASSAY_ACT_CUT, RUN, RUN, 1, 2, "", "cut", false},
        {ASSAY_ACT_SHAPE, RUN, RUN, 1, 2, "", "", false},
        {77, RUN, RUN, 1, 2, "", "", false},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct sighting before =
            seen(cases[i].state_before, cases[i].pid_before, cases[i].detail_before);
        struct sighting after =
            seen(cases[i].state_after, cases[i].pid_after, cases[i].detail_after);

        if (control_is_proven(cases[i].kind, &before, &after) != cases[i].is_proven)
            fail_msg("case %zu", i);
        after.status = ASSAY_E_IO;
        assert_false(control_is_proven(cases[i].kind, &before, &after));
        after.status = ASSAY_OK;
        before.status = ASSAY_E_IO;
        assert_false(control_is_proven(cases[i].kind, &before, &after));
    }
}

static void sightings_are_described_in_a_line(void **state)
{
    struct sighting sighting = seen(ASSAY_PROCESS_RUNNING, 412, "stopped");
    char text[160];

    (void)state;
    sighting.process.started_at = 3100 * ASSAY_MS + 17;
    control_describe(&sighting, text);
    assert_string_equal(text, "pid 412 running since 3.1s, stopped");
    sighting = seen(ASSAY_PROCESS_KILLED, 412, "");
    sighting.process.code = 9;
    sighting.process.ended_at = ASSAY_SECOND;
    control_describe(&sighting, text);
    assert_string_equal(text, "pid 412 killed by signal 9 at 1s");
    sighting.process.state = ASSAY_PROCESS_EXITED;
    control_describe(&sighting, text);
    assert_string_equal(text, "pid 412 exited with 9 at 1s");
    sighting.process.state = 0;
    control_describe(&sighting, text);
    assert_string_equal(text, "in no known state");
    sighting.status = ASSAY_E_IO;
    control_describe(&sighting, text);
    assert_non_null(strstr(text, "could not be inspected"));
}

/* ---- acting ---- */

static assay_status look_at_fake(
    struct world *world, uint32_t node, assay_process *out, char detail[160])
{
    struct process_status status = {.state = PROCESS_LOST};

    if (fakes_status(&world->fakes, node, &status))
        return ASSAY_E_NOTFOUND;
    out->state = (uint32_t)status.state;
    out->pid = status.pid;
    out->code = (uint32_t)status.code;
    out->started_at = status.started_at;
    (void)snprintf(detail, 160, "%s", status.is_stopped ? "stopped" : "");
    return ASSAY_OK;
}

static assay_status really_kill(struct world *world, assay_task *task, const assay_action *action)
{
    (void)task;
    fakes_end(&world->fakes, action->node, PROCESS_KILLED, SIGKILL);
    return ASSAY_OK;
}

static assay_status do_nothing(struct world *world, assay_task *task, const assay_action *action)
{
    (void)world, (void)task, (void)action;
    return ASSAY_OK;
}

static assay_status cannot(struct world *world, assay_task *task, const assay_action *action)
{
    (void)task, (void)action;
    return (world->table->fail)(world->table, ASSAY_E_IO, "the engine is down");
}

struct call {
    const assay_control *control;
    assay_action action;
    assay_ns patience;
    struct world *world;
    assay_receipt receipt;
    assay_status status;
};

static assay_status call_act(assay_task *task, void *arg)
{
    struct call *call = arg;

    call->receipt.struct_size = sizeof(call->receipt);
    call->status = call->control->act(
        task, &call->action, host_now(call->world->fixture->host) + call->patience, &call->receipt);
    return call->status;
}

static struct call prepare(struct world *world, uint32_t kind)
{
    struct host_instance *chaos =
        fixture_instance(world->fixture, "workload.chaos", ASSAY_WORKLOAD);

    for (uint32_t node = 0; node < 2; node++) {
        assert_int_equal(world->spec->binary(world->system_table, node, "/bin/node"), ASSAY_OK);
        assert_int_equal(world->deployment->start(world->table, node), ASSAY_OK);
    }
    world->inspect = look_at_fake;
    return (struct call){.control = fixture_service(chaos, ASSAY_CONTROL),
        .action = {.struct_size = sizeof(assay_action),
            .kind = kind,
            .node = 1,
            .peer = ASSAY_NO_NODE},
        .patience = 60 * ASSAY_SECOND,
        .world = world};
}

static struct host_operation_result act(struct call *call)
{
    struct fixture *fixture = call->world->fixture;

    return run_body(fixture->instances[fixture->instance_count - 1], call_act, call);
}

static void a_kill_that_worked_is_proven_and_reported(void **state)
{
    struct world *world = *state;
    struct call call = prepare(world, ASSAY_ACT_KILL);
    assay_receipt filed = {.struct_size = sizeof(filed)};
    const char *instance = "";

    world->control = really_kill;
    assert_int_equal(act(&call).status, ASSAY_OK);
    assert_int_equal(call.receipt.proof, ASSAY_PROVEN);
    assert_int_equal(call.receipt.kind, ASSAY_ACT_KILL);
    assert_int_equal(call.receipt.node, 1);
    assert_non_null(strstr(call.receipt.before, "pid 1001 running"));
    assert_non_null(strstr(call.receipt.after, "pid 1001 killed by signal 9"));
    assert_true(call.receipt.done_at >= call.receipt.asked_at);

    assert_true(host_receipt_at(world->fixture->host, 0, &instance, &filed));
    assert_string_equal(instance, "workload.chaos");
    assert_int_equal(filed.proof, ASSAY_PROVEN);
    assert_false(host_receipt_at(world->fixture->host, 1, &instance, &filed));
    assert_non_null(strstr(world->fixture->events, "\"action\""));
}

static void a_kill_that_did_nothing_is_unproven(void **state)
{
    struct world *world = *state;
    struct call call = prepare(world, ASSAY_ACT_KILL);

    world->control = do_nothing;
    call.patience = 100 * ASSAY_MS;
    assert_int_equal(act(&call).status, ASSAY_OK);
    assert_int_equal(call.receipt.proof, ASSAY_UNPROVEN);
}

static void what_has_no_probe_is_unproven_at_once(void **state)
{
    struct world *world = *state;
    struct call call = prepare(world, ASSAY_ACT_CUT);

    world->control = do_nothing;
    call.patience = 3600 * ASSAY_SECOND;
    call.action.peer = 0;
    assert_int_equal(act(&call).status, ASSAY_OK);
    assert_int_equal(call.receipt.proof, ASSAY_UNPROVEN);
}

static void an_action_that_fails_is_reported_too(void **state)
{
    struct world *world = *state;
    struct call call = prepare(world, ASSAY_ACT_KILL);
    struct host_operation_result result;
    assay_receipt filed = {.struct_size = sizeof(filed)};
    const char *instance = "";

    world->control = cannot;
    result = act(&call);
    assert_int_equal(result.status, ASSAY_E_IO);
    assert_string_equal(result.why, "deployer.d: the engine is down");
    assert_true(host_receipt_at(world->fixture->host, 0, &instance, &filed));
    assert_int_equal(filed.proof, ASSAY_UNPROVEN);
}

static void what_cannot_be_done_is_refused(void **state)
{
    struct world *world = *state;
    struct call call = prepare(world, ASSAY_ACT_LIMIT);
    struct fixture *fixture = world->fixture;
    const assay_host *table = host_instance_table(fixture->instances[fixture->instance_count - 1]);

    world->control = do_nothing;
    assert_int_equal(act(&call).status, ASSAY_E_UNSUPPORTED);
    assert_false(call.control->supports(table, ASSAY_ACT_LIMIT));
    assert_false(call.control->supports(table, 64));
    assert_true(call.control->supports(table, ASSAY_ACT_KILL));
    call.action.kind = ASSAY_ACT_KILL;
    call.action.node = 2;
    assert_int_equal(act(&call).status, ASSAY_E_INVALID);
    call.action.node = 0;
    call.action.peer = 2;
    assert_int_equal(act(&call).status, ASSAY_E_INVALID);
    call.action.struct_size = 0;
    assert_int_equal(act(&call).status, ASSAY_E_INVALID);
}

/* ---- turns ---- */

struct turns {
    struct call calls[4];
};

static atomic_int acting, most_acting;

static assay_status kill_slowly(struct world *world, assay_task *task, const assay_action *action)
{
    const int now = atomic_fetch_add(&acting, 1) + 1;

    if (now > atomic_load(&most_acting))
        atomic_store(&most_acting, now);
    (void)clock_table.sleep_until(task, host_now(world->fixture->host) + 10 * ASSAY_MS);
    atomic_fetch_sub(&acting, 1);
    return really_kill(world, task, action);
}

static assay_status four_at_once(assay_task *task, void *arg)
{
    struct turns *turns = arg;
    assay_child *children[4];
    assay_status s = ASSAY_OK;

    for (size_t i = 0; !s && i < 4; i++)
        s = tasks_table.spawn(task, "act", call_act, &turns->calls[i], &children[i]);
    for (size_t i = 0; !s && i < 4; i++)
        s = tasks_table.join(task, children[i], ASSAY_FOREVER, NULL);
    return s;
}

static void actions_are_carried_out_one_at_a_time(void **state)
{
    struct world *world = *state;
    struct turns turns;
    struct call call = prepare(world, ASSAY_ACT_KILL);
    struct fixture *fixture = world->fixture;

    world->control = kill_slowly;
    for (size_t i = 0; i < 4; i++) {
        turns.calls[i] = call;
        turns.calls[i].action.node = (uint32_t)i % 2;
        turns.calls[i].patience = 100 * ASSAY_MS; /* a second kill proves nothing */
    }
    assert_int_equal(
        run_body(fixture->instances[fixture->instance_count - 1], four_at_once, &turns).status,
        ASSAY_OK);
    assert_int_equal(most_acting, 1);
}

/* ---- following ---- */

static assay_status follow_for_ever(struct world *world, assay_task *task, uint32_t node)
{
    (void)world, (void)node;
    return clock_table.sleep_until(task, ASSAY_FOREVER);
}

static assay_status follow_badly(struct world *world, assay_task *task, uint32_t node)
{
    if (node == 0 || atomic_load(&world->follows) > 5)
        return follow_for_ever(world, task, node);
    return (world->system_table->fail)(world->system_table, ASSAY_E_IO, "it went away");
}

static bool has_many_follows(void *context)
{
    struct world *world = context;

    return atomic_load(&world->follows) > 5;
}

static void every_node_is_followed_until_it_is_stopped(void **state)
{
    struct world *world = *state;
    struct host *host = world->fixture->host;

    world->follow = follow_for_ever;
    host_follow_stop(host, ASSAY_SECOND); /* not started: fine */
    assert_int_equal(host_follow_start(host, NULL), ASSAY_OK);
    host_follow_stop(host, 60 * ASSAY_SECOND);
    host_follow_stop(host, 60 * ASSAY_SECOND);
    assert_false(has_violation(host, ""));
    assert_false(host_instance_is_stuck(world->system));
}

static void a_follow_that_gives_up_is_a_violation_and_started_again(void **state)
{
    struct world *world = *state;
    struct host *host = world->fixture->host;

    world->follow = follow_badly;
    assert_int_equal(host_follow_start(host, NULL), ASSAY_OK);
    while (host_wait(host, host_now(host) + 100 * ASSAY_MS, has_many_follows, world))
        ;
    host_follow_stop(host, 60 * ASSAY_SECOND);
    assert_true(has_violation(host, "follow of validator-1 returned E_IO"));
    assert_true(has_violation(host, "it went away"));
    assert_false(has_violation(host, "validator-0"));
}

static void without_a_system_nobody_follows(void **state)
{
    struct fixture *fixture = fixture_new(1);
    struct error err = {0};

    (void)state;
    assert_int_equal(host_follow_start(fixture->host, &err), ASSAY_E_INVALID);
    fixture_free(fixture);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_effect_is_proven_by_what_was_seen_alone),
        cmocka_unit_test(sightings_are_described_in_a_line),
        TEST(a_kill_that_worked_is_proven_and_reported),
        TEST(a_kill_that_did_nothing_is_unproven),
        TEST(what_has_no_probe_is_unproven_at_once),
        TEST(an_action_that_fails_is_reported_too),
        TEST(what_cannot_be_done_is_refused),
        TEST(actions_are_carried_out_one_at_a_time),
        TEST(every_node_is_followed_until_it_is_stopped),
        TEST(a_follow_that_gives_up_is_a_violation_and_started_again),
        cmocka_unit_test(without_a_system_nobody_follows),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

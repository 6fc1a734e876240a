/* Node control and following: proof of effects, receipts, turns; followers that give up. What
   proves what is tested in test_host_sighting.c. */
#include "framework/base/mem.h"
#include "framework/host/control.h"
#include "framework/host/nodes.h"
#include "framework/host/observe.h"
#include "host_world.h"

#define ALL_ACTIONS ((uint64_t)0xFFFFFFFF)

/* ---- a network that answers, or does not ---- */

static atomic_bool is_silent; /* every node */

static assay_status fake_perform(assay_task *task, const assay_request *request, assay_reply **out)
{
    assay_status s = task_enter(task);

    assert_int_equal(request->struct_size, sizeof(*request));
    assert_int_equal(request->port, 0);
    *out = NULL;
    if (!s && atomic_load(&is_silent))
        s = ASSAY_E_TIMEOUT;
    return s;
}

static void fake_release(assay_reply *reply)
{
    assert_null(reply);
}

static const assay_http fake_http = {
    .struct_size = sizeof(fake_http), .perform = fake_perform, .release = fake_release};

static int setup(void **state)
{
    atomic_store(&is_silent, false);
    *state = world_new_http(2, ALL_ACTIONS & ~((uint64_t)1 << ASSAY_ACT_LIMIT), &fake_http);
    return 0;
}

static int teardown(void **state)
{
    world_free(*state);
    return 0;
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
    out->is_stopped = status.is_stopped;
    (void)snprintf(detail, 160, "fake");
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
    assert_non_null(strstr(call.receipt.before, "answers, fake"));
    assert_non_null(strstr(call.receipt.after, "pid 1001 killed by signal 9"));
    assert_true(call.receipt.done_at >= call.receipt.asked_at);

    assert_true(host_receipt_at(world->fixture->host, 0, &instance, &filed));
    assert_string_equal(instance, "workload.chaos");
    assert_int_equal(filed.proof, ASSAY_PROVEN);
    assert_false(host_receipt_at(world->fixture->host, 1, &instance, &filed));
    assert_non_null(strstr(world->fixture->events, "\"action\""));
    assert_non_null(strstr(world->fixture->events, "kill of validator-1: proven; before: pid"));
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
    assert_string_equal(result.why, "kill of validator-1: deployer.d: the engine is down");
    assert_true(host_receipt_at(world->fixture->host, 0, &instance, &filed));
    assert_int_equal(filed.proof, ASSAY_UNPROVEN);
    assert_non_null(strstr(filed.after, "pid 1001 running"));
}

static assay_status restart(struct world *world, assay_task *task, const assay_action *action)
{
    (void)task;
    world->fakes.table[action->node].pid += 100;
    world->fakes.table[action->node].started_at += 100;
    return ASSAY_OK;
}

static void a_restarted_node_that_answered_before_has_to_answer_again(void **state)
{
    struct world *world = *state;
    struct call call = prepare(world, ASSAY_ACT_RESTART);

    world->control = restart;
    assert_int_equal(act(&call).status, ASSAY_OK);
    assert_int_equal(call.receipt.proof, ASSAY_PROVEN);
    atomic_store(&is_silent, true);
    call.patience = 100 * ASSAY_MS;
    assert_int_equal(act(&call).status, ASSAY_OK);
    assert_int_equal(call.receipt.proof, ASSAY_UNPROVEN);
    assert_non_null(strstr(call.receipt.after, "does not answer"));
}

static void a_node_that_never_answered_is_restarted_by_its_process_alone(void **state)
{
    struct world *world = *state;
    struct call call = prepare(world, ASSAY_ACT_RESTART);

    world->control = restart;
    atomic_store(&is_silent, true);
    assert_int_equal(act(&call).status, ASSAY_OK);
    assert_int_equal(call.receipt.proof, ASSAY_PROVEN);
}

static assay_status really_pause(struct world *world, assay_task *task, const assay_action *action)
{
    (void)task;
    return world->deployment->signal(
        world->table, action->node, action->kind == ASSAY_ACT_PAUSE ? SIGSTOP : SIGCONT);
}

static void a_pause_is_unproven_while_the_node_still_answers(void **state)
{
    struct world *world = *state;
    struct call call = prepare(world, ASSAY_ACT_PAUSE);

    world->control = really_pause;
    call.patience = 100 * ASSAY_MS;
    assert_int_equal(act(&call).status, ASSAY_OK);
    assert_int_equal(call.receipt.proof, ASSAY_UNPROVEN);
    assert_non_null(strstr(call.receipt.after, "stopped, answers"));
}

/* What the kernel says of process 1. */
static char kernel_state;

static assay_status fakes_look(void *self, uint32_t process, struct process_look *out)
{
    (void)self;
    assert_int_equal(process, 1);
    *out = (struct process_look){.state = kernel_state, .start_time = 55};
    return ASSAY_OK;
}

static void the_kernel_is_asked_about_processes_of_the_hosts_own(void **state)
{
    struct world *world = *state;
    struct call call = prepare(world, ASSAY_ACT_KILL);

    world->fakes.ops.look = fakes_look;
    world->control = really_kill;
    kernel_state = 'S';
    call.patience = 100 * ASSAY_MS;
    assert_int_equal(act(&call).status, ASSAY_OK);
    assert_int_equal(call.receipt.proof, ASSAY_UNPROVEN); /* the kernel says that it still runs */
    assert_non_null(strstr(call.receipt.before, "state S"));
}

static assay_status outlast(struct world *world, assay_task *task, const assay_action *action)
{
    (void)action;
    return clock_table.sleep_until(task, host_now(world->fixture->host) + 3600 * ASSAY_SECOND);
}

static void a_deployer_that_outlasts_the_deadline_is_cancelled(void **state)
{
    struct world *world = *state;
    struct call call = prepare(world, ASSAY_ACT_KILL);
    struct host_operation_result result;

    world->control = outlast;
    call.patience = 0;
    result = act(&call);
    assert_int_equal(result.status, ASSAY_E_TIMEOUT);
    assert_non_null(strstr(result.why, "longer than its limit"));
    assert_false(has_violation(world->fixture->host, ""));
}

static assay_status inspect_badly(
    struct world *world, uint32_t node, assay_process *out, char detail[160])
{
    (void)node, (void)out, (void)detail;
    return (world->table->fail)(world->table, ASSAY_E_IO, "who knows");
}

static void what_cannot_be_inspected_is_unproven(void **state)
{
    struct world *world = *state;
    struct call call = prepare(world, ASSAY_ACT_KILL);

    world->control = really_kill;
    world->inspect = inspect_badly;
    call.patience = 100 * ASSAY_MS;
    assert_int_equal(act(&call).status, ASSAY_OK);
    assert_int_equal(call.receipt.proof, ASSAY_UNPROVEN);
    assert_non_null(strstr(call.receipt.before, "could not be inspected"));
}

/* The detail is a copy, that holds what the caller's held. */
static assay_status check_detail(struct world *world, assay_task *task, const assay_action *action)
{
    (void)world, (void)task;
    return action->detail && strcmp(action->detail, "delay=5ms") == 0 ? ASSAY_OK : ASSAY_E_INTERNAL;
}

static void the_detail_of_an_action_is_passed_on(void **state)
{
    struct world *world = *state;
    struct call call = prepare(world, ASSAY_ACT_SHAPE);

    world->control = check_detail;
    call.action.detail = "delay=5ms";
    assert_int_equal(act(&call).status, ASSAY_OK);
}

/* ---- what others see of it ---- */

static void receipts_are_there_for_those_who_judge(void **state)
{
    struct world *world = *state;
    struct call call = prepare(world, ASSAY_ACT_RESTART);
    struct host_instance *judge =
        fixture_instance(world->fixture, "expectation.recovery", ASSAY_EXPECTATION);
    const assay_host *table = host_instance_table(judge);
    const assay_receipts *receipts = fixture_service(judge, ASSAY_RECEIPTS);
    struct host_instance *chaos = world->fixture->instances[2];
    assay_receipt receipt = {.struct_size = sizeof(receipt)};

    world->control = restart;
    assert_int_equal(receipts->count(table), 0);
    assert_int_equal(receipts->get(table, 0, &receipt), ASSAY_E_NOTFOUND);
    assert_int_equal(run_body(chaos, call_act, &call).status, ASSAY_OK);

    assert_int_equal(receipts->count(table), 1);
    assert_int_equal(receipts->get(table, 0, &receipt), ASSAY_OK);
    assert_int_equal(receipt.kind, ASSAY_ACT_RESTART);
    assert_int_equal(receipt.node, 1);
    assert_int_equal(receipt.proof, ASSAY_PROVEN);
    assert_int_equal(
        receipts->away(table, 1, 0, ASSAY_FOREVER), receipt.done_at - receipt.asked_at);
    assert_int_equal(receipts->away(table, 0, 0, ASSAY_FOREVER), 0);
    assert_int_equal(receipts->away(table, 2, 0, ASSAY_FOREVER), 0);
    receipt.struct_size = 0;
    assert_int_equal(receipts->get(table, 0, &receipt), ASSAY_E_INVALID);
}

/* The window began an hour ago, and so long the node has been out of sight. */
static void be_blind(struct host *host)
{
    atomic_store(&host->window_end, ASSAY_FOREVER - 1);
    atomic_store(&host->window_start, host_now(host) - 3600 * ASSAY_SECOND);
    host->observation->nodes[1].seen_at = host_window_start(host);
}

static assay_coverage coverage_of(const struct world *world)
{
    assay_coverage coverage = {.struct_size = sizeof(coverage)};

    assert_int_equal(host_node_coverage(world->fixture->host, 1, &coverage), ASSAY_OK);
    return coverage;
}

static void see(const struct world *world)
{
    const assay_observe *observe = fixture_service(world->system, ASSAY_OBSERVE);
    const assay_observation seen = {.struct_size = sizeof(seen), .tip = "g", .final = "g"};

    assert_int_equal(observe->status(world->system_table, 1, &seen), ASSAY_OK);
}

static void nobody_is_asked_for_the_time_in_which_a_node_was_away(void **state)
{
    struct world *world = *state;
    struct host *host = world->fixture->host;
    const assay_ns now = host_now(host);
    assay_receipt receipt = {.kind = ASSAY_ACT_RESTART,
        .node = 1,
        .proof = ASSAY_PROVEN,
        .asked_at = now - 3000 * ASSAY_SECOND,
        .done_at = now - 10 * ASSAY_SECOND};

    /* Seen before the action is over: that it explains the time is known only later. */
    observation_expect_absence(host->observation, 1, receipt.asked_at);
    be_blind(host);
    see(world);
    assert_true(coverage_of(world).blind_longest >= 3600 * ASSAY_SECOND);
    assert_true(coverage_of(world).blind_unasked >= 3600 * ASSAY_SECOND);
    observation_note_receipt(host->observation, &receipt);
    assert_true(coverage_of(world).blind_longest >= 3600 * ASSAY_SECOND);
    assert_in_range(coverage_of(world).blind_unasked, 610 * ASSAY_SECOND, 3000 * ASSAY_SECOND);
}

static void the_time_since_a_node_was_seen_last_is_explained_too(void **state)
{
    struct world *world = *state;
    struct host *host = world->fixture->host;
    const assay_receipt receipt = {.kind = ASSAY_ACT_PAUSE,
        .node = 1,
        .proof = ASSAY_PROVEN,
        .asked_at = host_now(host) - 3500 * ASSAY_SECOND};

    observation_note_receipt(host->observation, &receipt);
    be_blind(host);
    assert_in_range(coverage_of(world).blind_unasked, 99 * ASSAY_SECOND, 1000 * ASSAY_SECOND);
}

static void without_a_receipt_all_blindness_counts(void **state)
{
    struct world *world = *state;

    be_blind(world->fixture->host);
    see(world);
    assert_int_equal(coverage_of(world).blind_unasked, coverage_of(world).blind_longest);
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

static void one_run_has_room_for_so_many_receipts(void **state)
{
    struct world *world = *state;
    struct call call = prepare(world, ASSAY_ACT_CUT);
    struct host *host = world->fixture->host;
    struct host_operation_result result;

    control_free(host->control);
    host->control = control_new(2, 3);
    world->control = do_nothing;
    call.action.peer = 0;
    for (size_t i = 0; i < 3; i++)
        assert_int_equal(act(&call).status, ASSAY_OK);
    result = act(&call);
    assert_int_equal(result.status, ASSAY_E_LAGGED);
    assert_non_null(strstr(result.why, "there have been 3 actions"));
}

struct starving {
    struct call call;
    uint64_t nth;
    bool has_failed;
};

static assay_status act_without_memory(assay_task *task, void *arg)
{
    struct starving *starving = arg;
    assay_status s = ASSAY_OK;

    mem_fail_at(starving->nth, MEM_FAIL_ONCE);
    s = call_act(task, &starving->call);
    starving->has_failed = mem_has_failed();
    mem_fail_at(0, MEM_FAIL_ONCE);
    return s;
}

static void without_memory_for_its_receipt_an_action_has_failed(void **state)
{
    struct world *world = *state;
    struct starving starving = {.call = prepare(world, ASSAY_ACT_RESTART), .nth = 1};
    struct host *host = world->fixture->host;
    uint64_t failures = 0;

    world->control = restart;
    starving.call.patience = 0;
    for (starving.has_failed = true; starving.has_failed; starving.nth++) {
        assay_status s;

        control_free(host->control);
        host->control = control_new(2, RECEIPTS_MAX);
        s = run_body(world->fixture->instances[2], act_without_memory, &starving).status;
        assert_true(s == ASSAY_OK || s == ASSAY_E_NOMEM);
        failures += s != ASSAY_OK;
        if (!s) /* who says that it worked has a receipt for it */
            assert_int_equal(control_receipt_count(host->control), 1);
    }
    assert_true(failures >= 2);
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

static assay_status act_for_ever(struct world *world, assay_task *task, const assay_action *action)
{
    assay_status s = ASSAY_OK;

    (void)world, (void)action;
    atomic_fetch_add(&acting, 1);
    s = clock_table.sleep_until(task, ASSAY_FOREVER);
    atomic_fetch_sub(&acting, 1);
    return s;
}

static void who_does_not_get_a_turn_in_time_is_told(void **state)
{
    struct world *world = *state;
    struct call first = prepare(world, ASSAY_ACT_KILL), second = first;
    struct host_instance *other = fixture_instance(world->fixture, "workload.o", ASSAY_WORKLOAD);
    const struct host_operation_spec spec = {
        .name = "run", .body = call_act, .arg = &first, .grace = 60 * ASSAY_SECOND};
    struct host_operation *operation = NULL;
    struct host_operation_result result;

    world->control = act_for_ever;
    assert_int_equal(host_operation_start(other, &spec, &operation), ASSAY_OK);
    while (!atomic_load(&acting))
        (void)host_wait(
            world->fixture->host, host_now(world->fixture->host) + ASSAY_MS, NULL, NULL);
    second.patience = 0;
    result = run_body(world->fixture->instances[2], call_act, &second);
    assert_int_equal(result.status, ASSAY_E_TIMEOUT);
    assert_non_null(strstr(result.why, "another action was still under way"));
    host_operation_cancel(operation);
    host_operation_finish(operation, &result);
    assert_int_equal(result.status, ASSAY_E_CANCELLED);
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

static assay_status follow_and_count_out(struct world *world, assay_task *task, uint32_t node)
{
    const assay_status s = follow_for_ever(world, task, node);

    atomic_fetch_add(&world->looks, 1);
    return s;
}

static bool have_all_returned(void *context)
{
    const struct world *world = context;

    return atomic_load(&world->looks) == atomic_load(&world->follows);
}

static void following_ends_by_itself_once_it_is_cancelled(void **state)
{
    struct world *world = *state;
    struct host *host = world->fixture->host;

    world->follow = follow_and_count_out;
    host_follow_cancel(host, ASSAY_SECOND); /* not started: fine */
    assert_int_equal(host_follow_start(host, NULL), ASSAY_OK);
    host_follow_cancel(host, 60 * ASSAY_SECOND);
    while (host_wait(host, host_now(host) + 100 * ASSAY_MS, have_all_returned, world))
        ;
    host_follow_stop(host, 60 * ASSAY_SECOND);
    assert_false(has_violation(host, ""));
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

/* Whichever allocation is missing: those that follow already are stopped, and it can be tried anew. */
static void when_one_node_cannot_be_followed_none_is(void **state)
{
    struct world *world = *state;
    struct host *host = world->fixture->host;
    struct error err = {0};
    bool was_second = false;
    uint64_t nth = 0;

    world->follow = follow_and_count_out;
    for (;;) {
        assay_status s;

        mem_fail_at(++nth, MEM_FAIL_ONCE);
        s = host_follow_start(host, &err);
        mem_fail_at(0, MEM_FAIL_ONCE);
        if (s == ASSAY_OK)
            break;
        assert_int_equal(s, ASSAY_E_NOMEM);
        assert_non_null(strstr(err.text, "cannot follow validator-"));
        assert_true(have_all_returned(world));
        was_second |= strstr(err.text, "validator-1") != NULL;
    }
    assert_true(was_second);
    host_follow_stop(host, 60 * ASSAY_SECOND);
    assert_false(has_violation(host, ""));
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
        TEST(a_kill_that_worked_is_proven_and_reported),
        TEST(a_kill_that_did_nothing_is_unproven),
        TEST(what_has_no_probe_is_unproven_at_once),
        TEST(an_action_that_fails_is_reported_too),
        TEST(a_restarted_node_that_answered_before_has_to_answer_again),
        TEST(a_node_that_never_answered_is_restarted_by_its_process_alone),
        TEST(a_pause_is_unproven_while_the_node_still_answers),
        TEST(the_kernel_is_asked_about_processes_of_the_hosts_own),
        TEST(a_deployer_that_outlasts_the_deadline_is_cancelled),
        TEST(what_cannot_be_inspected_is_unproven),
        TEST(the_detail_of_an_action_is_passed_on),
        TEST(one_run_has_room_for_so_many_receipts),
        TEST(without_memory_for_its_receipt_an_action_has_failed),
        TEST(receipts_are_there_for_those_who_judge),
        TEST(nobody_is_asked_for_the_time_in_which_a_node_was_away),
        TEST(the_time_since_a_node_was_seen_last_is_explained_too),
        TEST(without_a_receipt_all_blindness_counts),
        TEST(what_cannot_be_done_is_refused),
        TEST(actions_are_carried_out_one_at_a_time),
        TEST(who_does_not_get_a_turn_in_time_is_told),
        TEST(every_node_is_followed_until_it_is_stopped),
        TEST(following_ends_by_itself_once_it_is_cancelled),
        TEST(a_follow_that_gives_up_is_a_violation_and_started_again),
        TEST(when_one_node_cannot_be_followed_none_is),
        cmocka_unit_test(without_a_system_nobody_follows),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

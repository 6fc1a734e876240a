/* Transactions made before somebody asks for them, by tasks of a real host. */
#include "tests/unit/host_fixture.h"

#include "plugins/systems/nomos/ahead.h"
#include "plugins/systems/nomos/transfer.h"

enum {
    USERS = 4,
    OUTPUTS = GENESIS_NOTES_PER_NODE + USERS
};

struct world {
    struct fixture *fixture;
    struct nomos system;
    struct note outputs[OUTPUTS];
    struct assay_purse *purse;
    struct host_operation *follow;
};

static int setup(void **state)
{
    struct world *w = calloc(1, sizeof(*w));
    struct host_instance *instance;
    struct nomos *system;

    assert_non_null(w);
    system = &w->system;
    assert_true(keys_init());
    w->fixture = fixture_new(1);
    instance = fixture_instance(w->fixture, "system.nomos", ASSAY_SYSTEM);
    wire_init(&system->wire, &wire_revision_2025_12);
    assert_int_equal(pthread_mutex_init(&system->lock, NULL), 0);
    system->host = host_instance_table(instance);
    system->clock = fixture_service(instance, ASSAY_CLOCK);
    system->tasks = fixture_service(instance, ASSAY_TASKS);
    system->exec = fixture_service(instance, ASSAY_EXEC);
    system->node_count = 1;
    system->options.notes_per_user = 1;
    for (uint32_t i = 0; i < OUTPUTS; i++) {
        const struct fr secret =
            wallet_secret_key(i < GENESIS_NOTES_PER_NODE ? 0 : i - GENESIS_NOTES_PER_NODE);

        w->outputs[i] = (struct note){.value = 100, .pk = zk_public_key(&system->wire, &secret)};
    }
    system->genesis.tx.outputs = w->outputs;
    system->genesis.tx.output_count = OUTPUTS;
    transfer_init(system);
    assert_int_equal(purse_open(system, 0, USERS, &w->purse), ASSAY_OK);
    *state = w;
    return 0;
}

static void stop_following(struct world *w)
{
    struct host_operation_result result;

    if (!w->follow)
        return;
    host_operation_cancel(w->follow);
    host_operation_finish(w->follow, &result);
    w->follow = NULL;
    assert_int_equal(w->system.ahead_workers, 0);
    assert_false(result.is_violation);
}

static int teardown(void **state)
{
    struct world *w = *state;

    stop_following(w);
    ahead_done(&w->system);
    purses_free(&w->system);
    (void)pthread_mutex_destroy(&w->system.lock);
    fixture_free(w->fixture);
    free(w);
    return 0;
}

/* As the system's follow of node 0 does it: until it is cancelled. */
static assay_status follow_body(assay_task *task, void *arg)
{
    struct world *w = arg;
    const assay_status s = ahead_start(&w->system, task);

    return s ? s : w->system.clock->sleep_until(task, ASSAY_FOREVER);
}

static bool is_at_work(struct world *w)
{
    bool is;

    (void)pthread_mutex_lock(&w->system.lock);
    is = w->system.ahead_workers > 0;
    (void)pthread_mutex_unlock(&w->system.lock);
    return is;
}

static assay_status until_at_work_body(assay_task *task, void *arg)
{
    struct world *w = arg;
    assay_status s = ASSAY_OK;

    while (!s && !is_at_work(w))
        s = w->system.clock->sleep_until(task, w->system.clock->now(w->system.host) + ASSAY_MS);
    return s;
}

static void start_following(struct world *w)
{
    const struct host_operation_spec spec = {
        .name = "follow", .body = follow_body, .arg = w, .grace = 60 * ASSAY_SECOND};

    assert_int_equal(host_operation_start(w->fixture->instances[0], &spec, &w->follow), ASSAY_OK);
}

/* Until it is at work, who asks is given a transaction at once. */
static void start_and_await_work(struct world *w)
{
    start_following(w);
    assert_int_equal(run_body(w->fixture->instances[0], until_at_work_body, w).status, ASSAY_OK);
}

/* How many are ready now. */
static uint32_t count_ready(struct world *w)
{
    uint32_t count = 0;

    (void)pthread_mutex_lock(&w->system.lock);
    for (const struct assay_transaction *t = w->purse->ready; t; t = t->next)
        count++;
    (void)pthread_mutex_unlock(&w->system.lock);
    return count;
}

struct next_call {
    struct world *world;
    assay_ns patience;
    struct assay_transaction *transaction;
};

static assay_status next_body(assay_task *task, void *arg)
{
    struct next_call *call = arg;
    struct nomos *system = &call->world->system;

    return system->transfer.next(system, task, call->world->purse,
        system->clock->now(system->host) + call->patience, &call->transaction);
}

static struct host_operation_result next(struct world *w, struct next_call *call)
{
    *call = (struct next_call){.world = w, .patience = call->patience};
    return run_body(w->fixture->instances[0], next_body, call);
}

static assay_status wait_body(assay_task *task, void *arg)
{
    struct world *w = arg;
    assay_status s = ASSAY_OK;

    while (!s && count_ready(w) < USERS)
        s = w->system.clock->sleep_until(task, w->system.clock->now(w->system.host) + ASSAY_MS);
    return s;
}

static void await_all_ready(struct world *w)
{
    assert_int_equal(run_body(w->fixture->instances[0], wait_body, w).status, ASSAY_OK);
}

static void every_free_note_is_made_into_a_transaction_and_no_more(void **state)
{
    struct world *w = *state;

    start_and_await_work(w);
    await_all_ready(w);
    assert_int_equal(w->purse->ahead, USERS);
    stop_following(w);
    assert_int_equal(count_ready(w), USERS);
}

static void who_asks_gets_what_is_ready_and_then_waits(void **state)
{
    struct world *w = *state;
    struct next_call call = {.patience = 60 * ASSAY_SECOND};
    bool is_seen[USERS] = {false};

    start_and_await_work(w);
    await_all_ready(w);
    for (uint32_t i = 0; i < USERS; i++) {
        assert_int_equal(next(w, &call).status, ASSAY_OK);
        assert_false(is_seen[call.transaction->info.user]);
        is_seen[call.transaction->info.user] = true;
        assert_int_equal(strlen(call.transaction->info.id), 64);
        (void)w->system.transfer.settle(&w->system, call.transaction,
            &(const assay_reply_info){.struct_size = sizeof(assay_reply_info), .code = 200});
    }
    call.patience = ASSAY_MS;
    assert_int_equal(next(w, &call).status, ASSAY_E_TIMEOUT); /* all are on their way */
}

static void a_note_that_comes_back_is_made_into_another(void **state)
{
    struct world *w = *state;
    struct next_call call = {.patience = 60 * ASSAY_SECOND};

    start_and_await_work(w);
    await_all_ready(w);
    assert_int_equal(next(w, &call).status, ASSAY_OK);
    (void)w->system.transfer.settle(&w->system, call.transaction, NULL); /* never sent */
    await_all_ready(w);
}

static void without_the_tasks_it_is_made_when_asked_for(void **state)
{
    struct world *w = *state;
    struct next_call call = {.patience = 60 * ASSAY_SECOND};

    assert_int_equal(next(w, &call).status, ASSAY_OK);
    transfer_free(call.transaction);
    start_and_await_work(w);
    stop_following(w);
    for (uint32_t i = 1; i < USERS; i++) { /* some may have been made meanwhile */
        assert_int_equal(next(w, &call).status, ASSAY_OK);
        transfer_free(call.transaction);
    }
}

static void a_proof_that_cannot_be_made_is_told_to_who_asks(void **state)
{
    struct world *w = *state;
    struct next_call call = {.patience = 60 * ASSAY_SECOND};
    struct host_operation_result result;

    w->system.proofs = NOMOS_PROOFS_GROTH16; /* in a run that can start no programs */
    w->system.options.proof_patience = ASSAY_SECOND;
    start_following(w); /* its workers may give up before anybody sees them at work */
    result = next(w, &call);
    assert_int_equal(result.status, ASSAY_E_UNSUPPORTED);
    assert_non_null(strstr(result.why, "processes cannot be started in this run"));
}

static assay_ns over(const assay_host *host)
{
    (void)host;
    return 0;
}

static void nothing_is_made_once_the_load_is_over(void **state)
{
    struct world *w = *state;
    assay_clock clock = *w->system.clock;
    struct next_call call = {.patience = 100 * ASSAY_MS};

    clock.window_end = over;
    w->system.clock = &clock;
    start_and_await_work(w);
    assert_int_equal(next(w, &call).status, ASSAY_E_TIMEOUT);
    assert_int_equal(count_ready(w), 0);
    stop_following(w);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(every_free_note_is_made_into_a_transaction_and_no_more),
        TEST(who_asks_gets_what_is_ready_and_then_waits),
        TEST(a_note_that_comes_back_is_made_into_another),
        TEST(without_the_tasks_it_is_made_when_asked_for),
        TEST(a_proof_that_cannot_be_made_is_told_to_who_asks),
        TEST(nothing_is_made_once_the_load_is_over),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

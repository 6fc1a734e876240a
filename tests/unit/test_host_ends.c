/* Ends of node processes: which were asked for, which are told, and where. */
#include "framework/host/ends.h"
#include "host_world.h"

static int setup(void **state)
{
    struct world *world = world_new(2, 0);

    for (uint32_t node = 0; node < 2; node++) {
        assert_int_equal(world->spec->binary(world->system_table, node, "/bin/node"), ASSAY_OK);
        assert_int_equal(world->deployment->start(world->table, node), ASSAY_OK);
    }
    *state = world;
    return 0;
}

static int teardown(void **state)
{
    world_free(*state);
    return 0;
}

static assay_node_end end_at(const struct world *world, size_t index)
{
    assay_node_end end = {.struct_size = sizeof(end)};

    assert_true(host_node_end_at(world->fixture->host, index, &end));
    return end;
}

static size_t end_count(const struct world *world)
{
    return host_node_end_count(world->fixture->host);
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

static void ask(const struct world *world, int signal_number)
{
    assert_int_equal(world->deployment->signal(world->table, 1, signal_number), ASSAY_OK);
}

static void a_node_that_ends_by_itself_is_told_everywhere(void **state)
{
    struct world *world = *state;
    assay_node_end end;

    fakes_end(&world->fakes, 1, PROCESS_KILLED, SIGSEGV);

    assert_int_equal(end_count(world), 1);
    end = end_at(world, 0);
    assert_int_equal(end.node, 1);
    assert_int_equal(end.how, ASSAY_END_KILLED);
    assert_int_equal(end.code, SIGSEGV);
    assert_int_equal(end.asked_by_signal, 0);
    assert_true(has_notice(world, "validator-1 ended by itself at "));
    assert_true(has_notice(world, "killed by signal 11 (Segmentation fault)"));
    assert_true(has_notice(world, "see nodes/validator-1/output.log"));
    assert_non_null(strstr(world->fixture->events, "\"node-ended\""));
}

static void an_exit_is_an_end_too_whatever_its_code(void **state)
{
    struct world *world = *state;

    fakes_end(&world->fakes, 0, PROCESS_EXITED, 0);
    fakes_end(&world->fakes, 1, PROCESS_EXITED, 101);

    assert_int_equal(end_count(world), 2);
    assert_int_equal(end_at(world, 0).how, ASSAY_END_EXITED);
    assert_int_equal(end_at(world, 1).code, 101);
    assert_true(has_notice(world, "exit code 101; see"));
}

static void an_end_is_told_once(void **state)
{
    struct world *world = *state;

    fakes_end(&world->fakes, 1, PROCESS_EXITED, 1);
    fakes_tell(&world->fakes, 1);
    ends_note(world->fixture->host->deployment, 1);
    assert_int_equal(world->deployment->start(world->table, 1), ASSAY_OK);

    assert_int_equal(end_count(world), 1);
    fakes_end(&world->fakes, 2, PROCESS_EXITED, 1);
    assert_int_equal(end_count(world), 2);
}

static void who_does_as_it_is_told_is_not_mentioned(void **state)
{
    static const struct {
        int asked;
        enum process_state state;
        int code;
    } cases[] = {
        {SIGTERM, PROCESS_KILLED, SIGTERM},
        {SIGTERM, PROCESS_EXITED, 0},
        {SIGTERM, PROCESS_EXITED, 128 + SIGTERM},
        {SIGTERM, PROCESS_KILLED, SIGKILL},
        {SIGINT, PROCESS_EXITED, 0},
    };
    struct world *world = *state;
    uint32_t process = 1;

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        ask(world, cases[i].asked);
        fakes_end(&world->fakes, process, cases[i].state, cases[i].code);
        assert_int_equal(end_count(world), 0);
        assert_int_equal(world->deployment->start(world->table, 1), ASSAY_OK);
        process = world->fakes.count - 1;
    }
    ask(world, SIGKILL); /* which ends a fake at once */
    assert_int_equal(end_count(world), 0);
    assert_false(has_notice(world, ""));
}

static void who_ends_otherwise_than_asked_is(void **state)
{
    struct world *world = *state;

    ask(world, SIGTERM);
    fakes_end(&world->fakes, 1, PROCESS_KILLED, SIGABRT);

    assert_int_equal(end_count(world), 1);
    assert_int_equal(end_at(world, 0).asked_by_signal, SIGTERM);
    assert_int_equal(end_at(world, 0).code, SIGABRT);
    assert_true(has_notice(world, "validator-1 ended after signal 15 (Terminated) at "));
}

static void a_code_of_its_own_after_being_asked_is_told(void **state)
{
    struct world *world = *state;

    ask(world, SIGTERM);
    fakes_end(&world->fakes, 1, PROCESS_EXITED, 1);

    assert_int_equal(end_count(world), 1);
    assert_int_equal(end_at(world, 0).asked_by_signal, SIGTERM);
}

static void being_stopped_and_continued_is_not_being_asked(void **state)
{
    struct world *world = *state;

    ask(world, SIGSTOP);
    ask(world, SIGCONT);
    fakes_end(&world->fakes, 1, PROCESS_KILLED, SIGKILL);

    assert_int_equal(end_count(world), 1);
    assert_int_equal(end_at(world, 0).asked_by_signal, 0);
}

static void what_the_last_process_was_asked_does_not_excuse_the_next(void **state)
{
    struct world *world = *state;

    ask(world, SIGTERM);
    fakes_end(&world->fakes, 1, PROCESS_KILLED, SIGTERM);
    assert_int_equal(world->deployment->start(world->table, 1), ASSAY_OK);
    fakes_end(&world->fakes, 2, PROCESS_KILLED, SIGTERM);

    assert_int_equal(end_count(world), 1);
    assert_int_equal(end_at(world, 0).asked_by_signal, 0);
}

static void a_signal_that_did_not_arrive_excuses_nothing(void **state)
{
    struct world *world = *state;

    world->fakes.changed = NULL; /* nobody has told us yet that it has ended */
    fakes_end(&world->fakes, 1, PROCESS_EXITED, 0);
    assert_int_equal(world->deployment->signal(world->table, 1, SIGTERM), ASSAY_E_NOTFOUND);
    ends_note(world->fixture->host->deployment, 1);

    assert_int_equal(end_at(world, 0).asked_by_signal, 0);
}

static void an_end_before_the_start_has_returned_is_seen(void **state)
{
    struct world *world = *state;

    ask(world, SIGTERM);
    fakes_end(&world->fakes, 1, PROCESS_KILLED, SIGTERM);
    world->fakes.born = (struct process_status){.state = PROCESS_EXITED, .code = 3};
    assert_int_equal(world->deployment->start(world->table, 1), ASSAY_OK);

    assert_int_equal(end_count(world), 1);
    assert_int_equal(end_at(world, 0).code, 3);
}

static void an_end_that_is_replaced_before_it_is_told_is_seen(void **state)
{
    struct world *world = *state;

    world->fakes.changed = NULL;
    fakes_end(&world->fakes, 1, PROCESS_EXITED, 3);
    assert_int_equal(world->deployment->start(world->table, 1), ASSAY_OK);

    assert_int_equal(end_count(world), 1);
    assert_int_equal(end_at(world, 0).code, 3);
}

static assay_status call_end_all(assay_task *task, void *arg)
{
    const struct world *world = arg;

    return world->deployment->end_all(task, 0);
}

static void ending_everything_is_no_surprise(void **state)
{
    struct world *world = *state;

    assert_int_equal(run_body(world->deployer, call_end_all, world).status, ASSAY_OK);

    assert_int_equal(end_count(world), 0);
    assert_false(has_notice(world, ""));
}

static void processes_of_no_node_are_none_of_ours(void **state)
{
    struct world *world = *state;

    fakes_tell(&world->fakes, 17);
    fakes_tell(&world->fakes, PROCESS_NONE);

    assert_int_equal(end_count(world), 0);
}

static void ends_are_there_for_those_who_judge(void **state)
{
    struct world *world = *state;
    struct host_instance *judge =
        fixture_instance(world->fixture, "expectation.recovery", ASSAY_EXPECTATION);
    const assay_host *table = host_instance_table(judge);
    const assay_receipts *receipts = fixture_service(judge, ASSAY_RECEIPTS);
    assay_node_end end = {.struct_size = sizeof(end)};

    assert_int_equal(receipts->end_count(table), 0);
    assert_int_equal(receipts->end(table, 0, &end), ASSAY_E_NOTFOUND);
    fakes_end(&world->fakes, 0, PROCESS_EXITED, 7);
    assert_int_equal(receipts->end_count(table), 1);
    assert_int_equal(receipts->end(table, 0, &end), ASSAY_OK);
    assert_int_equal(end.code, 7);
    end.struct_size = 1;
    assert_int_equal(receipts->end(table, 0, &end), ASSAY_E_INVALID);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_node_that_ends_by_itself_is_told_everywhere),
        TEST(an_exit_is_an_end_too_whatever_its_code),
        TEST(an_end_is_told_once),
        TEST(who_does_as_it_is_told_is_not_mentioned),
        TEST(who_ends_otherwise_than_asked_is),
        TEST(a_code_of_its_own_after_being_asked_is_told),
        TEST(being_stopped_and_continued_is_not_being_asked),
        TEST(what_the_last_process_was_asked_does_not_excuse_the_next),
        TEST(a_signal_that_did_not_arrive_excuses_nothing),
        TEST(an_end_before_the_start_has_returned_is_seen),
        TEST(an_end_that_is_replaced_before_it_is_told_is_seen),
        TEST(ending_everything_is_no_surprise),
        TEST(processes_of_no_node_are_none_of_ours),
        TEST(ends_are_there_for_those_who_judge),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

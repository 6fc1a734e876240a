/* The host itself: configuration, services by kind, offers, window, waiting, events, notes. */
#include "framework/base/mem.h"
#include "framework/host/state.h"
#include "host_fixture.h"

static int setup(void **state)
{
    *state = fixture_new(2);
    return 0;
}

static int teardown(void **state)
{
    fixture_free(*state);
    return 0;
}

/* ---- making one ---- */

static void more_nodes_than_the_limit_are_refused(void **state)
{
    const struct topology_shape shape = {
        .layout = TOPOLOGY_STAR, .validators = HOST_NODES_MAX + 1, .funds_total = 0};
    struct fixture *fixture = *state;
    struct topology *topology = NULL;
    struct host *host = NULL;
    struct error err = {0};

    assert_int_equal(topology_new(&shape, &topology, NULL), ASSAY_OK);
    fixture->config.topology = topology;
    assert_int_equal(host_new(&fixture->config, &host, &err), ASSAY_E_INVALID);
    assert_non_null(strstr(err.text, "4097 nodes"));
    topology_free(topology);
}

static void every_allocation_may_fail(void **state)
{
    struct fixture *fixture = *state;

    for (int mode = MEM_FAIL_ONCE; mode <= MEM_FAIL_FOREVER; mode++) {
        for (uint64_t n = 1;; n++) {
            struct host *host = NULL;
            assay_status s;

            mem_fail_at(n, (enum mem_failure)mode);
            s = host_new(&fixture->config, &host, NULL);
            if (!mem_has_failed()) {
                mem_fail_at(0, MEM_FAIL_ONCE);
                assert_int_equal(s, ASSAY_OK);
                host_free(host);
                break;
            }
            mem_fail_at(0, MEM_FAIL_ONCE);
            assert_int_equal(s, ASSAY_E_NOMEM);
        }
    }
}

static void an_instance_needs_a_plain_name(void **state)
{
    const struct host_instance_config config = {
        .name = "../elsewhere", .plugin_id = "x", .kind = ASSAY_WORKLOAD};
    struct host_instance *instance = NULL;

    assert_int_equal(host_instance_new(((struct fixture *)*state)->host, &config, &instance, NULL),
        ASSAY_E_INVALID);
}

static void an_instance_without_memory_is_none(void **state)
{
    const struct host_instance_config config = {
        .name = "workload.a", .plugin_id = "x", .kind = ASSAY_WORKLOAD};
    struct host *host = ((struct fixture *)*state)->host;
    struct host_instance *instance = NULL;
    unsigned failures = 0;

    for (uint64_t n = 1;; n++, failures++) {
        mem_fail_at(n, MEM_FAIL_ONCE);
        if (host_instance_new(host, &config, &instance, NULL) == ASSAY_OK)
            break;
    }
    mem_fail_at(0, MEM_FAIL_ONCE);
    assert_true(failures >= 3);
    host_instance_free(instance);
}

/* ---- services ---- */

static void services_are_offered_by_kind(void **state)
{
    static const char *const for_all[] = {ASSAY_CLOCK, ASSAY_TASKS, ASSAY_RANDOM, ASSAY_JSON,
        ASSAY_SIGN, ASSAY_NODES, ASSAY_BLOCKS, ASSAY_SUBMISSIONS, ASSAY_METRICS, ASSAY_WALLET,
        ASSAY_ARTIFACTS, ASSAY_RUN};
    const struct host *host = ((struct fixture *)*state)->host;

    for (uint32_t kind = ASSAY_SYSTEM; kind <= ASSAY_EXPECTATION; kind++) {
        for (size_t i = 0; i < sizeof(for_all) / sizeof(for_all[0]); i++)
            assert_true(host_has_service(host, kind, for_all[i]));
        assert_int_equal(host_has_service(host, kind, ASSAY_TOPOLOGY), kind <= ASSAY_DEPLOYER);
        assert_int_equal(host_has_service(host, kind, ASSAY_SPEC), kind == ASSAY_SYSTEM);
        assert_int_equal(host_has_service(host, kind, ASSAY_OBSERVE), kind == ASSAY_SYSTEM);
        assert_int_equal(host_has_service(host, kind, ASSAY_DEPLOYMENT), kind == ASSAY_DEPLOYER);
        assert_false(host_has_service(host, kind, ASSAY_HTTP)); /* none was configured */
        assert_false(host_has_service(host, kind, ASSAY_CONTROL));
        assert_false(host_has_service(host, kind, "assay.clock/2"));
    }
    assert_false(host_has_service(host, 77, ASSAY_CLOCK));
}

static void control_needs_both_permission_and_ability(void **state)
{
    struct fixture *fixture = fixture_prepare(1);

    (void)state;
    fixture->config.node_control = true;
    fixture_start(fixture);
    assert_false(host_has_service(fixture->host, ASSAY_WORKLOAD, ASSAY_CONTROL));
    host_free(fixture->host);
    fixture->config.control_actions = 1 << ASSAY_ACT_KILL;
    fixture_start(fixture);
    assert_true(host_has_service(fixture->host, ASSAY_WORKLOAD, ASSAY_CONTROL));
    host_free(fixture->host);
    fixture->config.node_control = false;
    fixture_start(fixture);
    assert_false(host_has_service(fixture->host, ASSAY_WORKLOAD, ASSAY_CONTROL));
    fixture_free(fixture);
}

static void an_offered_table_is_found_and_not_replaced(void **state)
{
    struct host *host = ((struct fixture *)*state)->host;
    const struct host_instance *instance = fixture_instance(*state, "workload.a", ASSAY_WORKLOAD);
    const int table = 1;

    assert_int_equal(host_offer(host, "acme.money/1", &table), ASSAY_OK);
    assert_ptr_equal(fixture_service(instance, "acme.money/1"), &table);
    assert_int_equal(host_offer(host, "acme.money/1", &table), ASSAY_E_DENIED);
    assert_int_equal(host_offer(host, ASSAY_CLOCK, &table), ASSAY_E_DENIED);
    assert_int_equal(host_offer(host, ASSAY_DEPLOYMENT, &table), ASSAY_E_DENIED);
}

static void asking_for_no_service_gives_none(void **state)
{
    const assay_host *table =
        host_instance_table(fixture_instance(*state, "workload.a", ASSAY_WORKLOAD));

    assert_null(table->service(table, NULL));
    assert_null(table->service(table, ""));
}

/* ---- facts and the window ---- */

static void the_window_is_shut_until_it_is_opened(void **state)
{
    struct fixture *fixture = *state;
    const assay_host *table =
        host_instance_table(fixture_instance(fixture, "workload.a", ASSAY_WORKLOAD));
    const assay_clock *clock = table->service(table, ASSAY_CLOCK);

    assert_int_equal(clock->window_start(table), ASSAY_FOREVER);
    assert_int_equal(clock->window_end(table), ASSAY_FOREVER);
    host_open_window(fixture->host);
    assert_true(clock->window_start(table) <= clock->now(table));
    assert_int_equal(
        clock->window_end(table), clock->window_start(table) + fixture->config.duration);
}

static void time_goes_forward_on_both_clocks(void **state)
{
    const struct host *host = ((struct fixture *)*state)->host;
    const assay_ns now = host_now(host);
    const int64_t unix_now = host_unix_ns(host);

    assert_true(now >= 0);
    assert_true(unix_now > 1600000000 * ASSAY_SECOND);
    assert_true(host_now(host) >= now);
    assert_true(host_unix_ns(host) >= unix_now);
}

static void facts_are_what_was_configured(void **state)
{
    const assay_host *table =
        host_instance_table(fixture_instance(*state, "system.s", ASSAY_SYSTEM));
    const assay_run_table *run = table->service(table, ASSAY_RUN);
    const assay_spec *spec = table->service(table, ASSAY_SPEC);
    assay_run_facts facts = {.struct_size = sizeof(facts)};

    assert_int_equal(run->facts(table, &facts), ASSAY_OK);
    assert_string_equal(facts.name, "test");
    assert_string_equal(facts.id, "test-1");
    assert_int_equal(facts.seed, 42);
    assert_int_equal(facts.duration, 60 * ASSAY_SECOND);
    assert_int_equal(facts.block_interval, 0);
    assert_int_equal(facts.expected_blocks, 0);

    spec->cadence(table, 7 * ASSAY_SECOND, 5);
    assert_int_equal(run->facts(table, &facts), ASSAY_OK);
    assert_int_equal(facts.block_interval, 7 * ASSAY_SECOND);
    assert_int_equal(facts.expected_blocks, 9); /* 60 / 7, rounded up */
    assert_int_equal(facts.final_depth, 5);
    assert_int_equal(facts.node_control, 0);
}

static void an_older_plugin_gets_no_more_than_it_has_room_for(void **state)
{
    const assay_host *table =
        host_instance_table(fixture_instance(*state, "workload.a", ASSAY_WORKLOAD));
    const assay_run_table *run = table->service(table, ASSAY_RUN);
    assay_run_facts facts;

    memset(&facts, 0x5A, sizeof(facts));
    facts.struct_size = offsetof(assay_run_facts, duration);
    assert_int_equal(run->facts(table, &facts), ASSAY_OK);
    assert_int_equal(facts.seed, 42);
    assert_int_equal(facts.struct_size, offsetof(assay_run_facts, duration));
    assert_int_equal(((unsigned char *)&facts.duration)[0], 0x5A);
}

static void a_record_without_size_is_refused(void **state)
{
    const assay_host *table =
        host_instance_table(fixture_instance(*state, "workload.a", ASSAY_WORKLOAD));
    const assay_run_table *run = table->service(table, ASSAY_RUN);
    assay_run_facts facts = {.struct_size = 0};

    assert_int_equal(run->facts(table, &facts), ASSAY_E_INVALID);
}

/* ---- waiting ---- */

static bool is_never_done(void *context)
{
    ++*(unsigned *)context;
    return false;
}

static void waiting_ends_when_time_is_up(void **state)
{
    unsigned asked = 0;
    struct host *host = ((struct fixture *)*state)->host;

    assert_int_equal(host_wait(host, 0, is_never_done, &asked), ASSAY_E_TIMEOUT);
    assert_true(asked >= 1);
    assert_int_equal(host_wait(host, host_now(host) + ASSAY_MS, NULL, NULL), ASSAY_E_TIMEOUT);
}

struct knock {
    struct host *host;
    unsigned asked;
};

static bool nudges_then_is_done(void *context)
{
    struct knock *knock = context;

    host_nudge(knock->host); /* is_done may use the host, and a nudge now is not lost */
    return ++knock->asked == 3;
}

static void a_nudge_makes_it_ask_again(void **state)
{
    struct knock knock = {.host = ((struct fixture *)*state)->host};

    assert_int_equal(host_wait(knock.host, ASSAY_FOREVER, nudges_then_is_done, &knock), ASSAY_OK);
    assert_int_equal(knock.asked, 3);
}

/* ---- what is said ---- */

static void log_lines_become_events_but_for_debug(void **state)
{
    struct fixture *fixture = *state;
    const assay_host *table =
        host_instance_table(fixture_instance(fixture, "workload.a", ASSAY_WORKLOAD));

    table->log(table, ASSAY_DEBUG, "chatter");
    table->log(table, ASSAY_INFO, "a \"quoted\"\nline");
    table->log(table, 99, "shouting");
    table->log(table, ASSAY_INFO, NULL);

    assert_null(strstr(fixture->events, "chatter"));
    assert_non_null(strstr(fixture->events,
        "\"type\":\"info\",\"instance\":\"workload.a\",\"text\":\"a \\\"quoted\\\"\\nline\"}\n"));
    assert_non_null(strstr(fixture->events, "\"type\":\"error\""));
}

static void a_long_log_line_is_cut_and_marked_between_letters(void **state)
{
    struct fixture *fixture = *state;
    const assay_host *table =
        host_instance_table(fixture_instance(fixture, "workload.a", ASSAY_WORKLOAD));
    char text[3002] = "x";

    for (size_t i = 1; i + 1 < sizeof(text); i += 2)
        memcpy(text + i, "\xc3\xa9", 2); /* an e with an accent */
    table->log(table, ASSAY_INFO, text);

    assert_non_null(strstr(fixture->events, "\xc3\xa9 [cut]\""));
    assert_null(strstr(fixture->events, "\xef\xbf\xbd")); /* no replacement character */
}

static void violations_are_counted_and_told(void **state)
{
    struct fixture *fixture = *state;
    struct host_instance *instance = fixture_instance(fixture, "workload.a", ASSAY_WORKLOAD);
    struct host_note note;

    assert_false(host_violation_at(fixture->host, 0, &note));
    host_violation(instance, "did %s", "wrong");
    assert_true(host_violation_at(fixture->host, 0, &note));
    assert_string_equal(note.instance, "workload.a");
    assert_string_equal(note.plugin_id, "test.plugin");
    assert_string_equal(note.text, "did wrong");
    assert_false(host_violation_at(fixture->host, 1, &note));
    assert_non_null(strstr(fixture->events, "\"type\":\"violation\""));
}

static void a_violation_is_known_even_without_memory(void **state)
{
    struct fixture *fixture = *state;
    struct host_instance *instance = fixture_instance(fixture, "workload.a", ASSAY_WORKLOAD);
    struct host_note note;

    mem_fail_at(1, MEM_FAIL_FOREVER);
    host_violation(instance, "did wrong");
    mem_fail_at(0, MEM_FAIL_ONCE);

    assert_true(host_violation_at(fixture->host, 0, &note));
    assert_non_null(strstr(note.text, "memory"));
}

static void notices_outlive_their_instance(void **state)
{
    struct fixture *fixture = *state;
    struct host_instance *instance = fixture_instance(fixture, "system.s", ASSAY_SYSTEM);
    const assay_spec *spec = fixture_service(instance, ASSAY_SPEC);
    struct host_note note;

    spec->notice(host_instance_table(instance), "nodes are pretending");
    spec->notice(host_instance_table(instance), NULL);
    host_instance_free(instance);
    fixture->instance_count = 0;

    assert_true(host_notice_at(fixture->host, 0, &note));
    assert_string_equal(note.instance, "system.s");
    assert_string_equal(note.text, "nodes are pretending");
    assert_false(host_notice_at(fixture->host, 1, &note));
}

static void the_list_of_notices_has_an_end(void **state)
{
    struct fixture *fixture = *state;
    struct host_instance *instance = fixture_instance(fixture, "system.s", ASSAY_SYSTEM);
    const assay_spec *spec = fixture_service(instance, ASSAY_SPEC);
    struct host_note note;

    for (int i = 0; i < HOST_NOTICES_MAX + 10; i++)
        spec->notice(host_instance_table(instance), "again");

    assert_true(host_notice_at(fixture->host, HOST_NOTICES_MAX - 1, &note));
    assert_false(host_notice_at(fixture->host, HOST_NOTICES_MAX, &note));
}

static void fail_outside_of_a_task_just_returns_the_status(void **state)
{
    const assay_host *table =
        host_instance_table(fixture_instance(*state, "workload.a", ASSAY_WORKLOAD));

    assert_int_equal((table->fail)(table, ASSAY_E_DENIED, "why"), ASSAY_E_DENIED);
    assert_int_equal((table->fail)(table, ASSAY_E_DENIED, NULL), ASSAY_E_DENIED);
}

static assay_status fail_for_another(assay_task *task, void *arg)
{
    const assay_host *other = arg;

    (void)task;
    return (other->fail)(other, ASSAY_E_NOTFOUND, "no coins");
}

static void a_failure_of_another_instances_service_names_it(void **state)
{
    struct host_instance *system = fixture_instance(*state, "system.s", ASSAY_SYSTEM);
    struct host_instance *workload = fixture_instance(*state, "workload.a", ASSAY_WORKLOAD);

    const struct host_operation_result result =
        run_body(workload, fail_for_another, (void *)(uintptr_t)host_instance_table(system));

    assert_string_equal(result.why, "system.s: no coins");
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(more_nodes_than_the_limit_are_refused),
        TEST(every_allocation_may_fail),
        TEST(an_instance_needs_a_plain_name),
        TEST(an_instance_without_memory_is_none),
        TEST(services_are_offered_by_kind),
        TEST(control_needs_both_permission_and_ability),
        TEST(an_offered_table_is_found_and_not_replaced),
        TEST(asking_for_no_service_gives_none),
        TEST(the_window_is_shut_until_it_is_opened),
        TEST(time_goes_forward_on_both_clocks),
        TEST(facts_are_what_was_configured),
        TEST(an_older_plugin_gets_no_more_than_it_has_room_for),
        TEST(a_record_without_size_is_refused),
        TEST(waiting_ends_when_time_is_up),
        TEST(a_nudge_makes_it_ask_again),
        TEST(log_lines_become_events_but_for_debug),
        TEST(a_long_log_line_is_cut_and_marked_between_letters),
        TEST(violations_are_counted_and_told),
        TEST(a_violation_is_known_even_without_memory),
        TEST(notices_outlive_their_instance),
        TEST(the_list_of_notices_has_an_end),
        TEST(fail_outside_of_a_task_just_returns_the_status),
        TEST(a_failure_of_another_instances_service_names_it),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

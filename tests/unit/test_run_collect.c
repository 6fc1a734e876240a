/* What the report is made of: actors, nodes, metrics, receipts, notices, plugins. */
#include "framework/run/collect.h"

#include <sys/stat.h>

#include "framework/base/mem.h"
#include "framework/base/path.h"
#include "host_world.h"

#define PLUGINS ASSAY_BUILD_DIR "/tests/plugins/run"

struct bench {
    struct world *world;
    struct host *host;
    struct report report;
};

static int setup(void **state)
{
    struct bench *bench = calloc(1, sizeof(*bench));

    assert_non_null(bench);
    bench->world = world_new(2, 1 << ASSAY_ACT_KILL);
    bench->host = bench->world->fixture->host;
    report_init(&bench->report);
    bench->report.directory = strdup(bench->world->fixture->run_dir);
    *state = bench;
    return 0;
}

static int teardown(void **state)
{
    struct bench *bench = *state;

    report_done(&bench->report);
    world_free(bench->world);
    free(bench);
    return 0;
}

static void see(struct bench *bench, uint32_t node, uint64_t height)
{
    const assay_observe *observe = fixture_service(bench->world->system, ASSAY_OBSERVE);
    const assay_observation seen = {.struct_size = sizeof(seen),
        .height = height,
        .tip = "tip",
        .final = "final",
        .mode = "Online",
        .peers = 4};

    assert_int_equal(observe->status(bench->world->system_table, node, &seen), ASSAY_OK);
}

/* ---- points ---- */

static void points_are_of_nodes_that_have_been_seen(void **state)
{
    struct bench *bench = *state;
    const struct report_point *point;

    collect_points(bench->host, &bench->report);
    assert_int_equal(bench->report.points.count, 0);
    see(bench, 1, 17);
    collect_points(bench->host, &bench->report);

    assert_int_equal(bench->report.points.count, 1);
    point = vec_at(&bench->report.points, 0);
    assert_int_equal(point->node, 1);
    assert_int_equal(point->height, 17);
    assert_true(point->at > 0);
}

static void points_end_when_the_chart_is_full(void **state)
{
    struct bench *bench = *state;
    const struct report_point point = {.height = 1};

    see(bench, 0, 2);
    see(bench, 1, 2);
    for (size_t i = 0; i < REPORT_POINTS_MAX - 3; i++)
        assert_int_equal(report_add_point(&bench->report, &point), ASSAY_OK);
    collect_points(bench->host, &bench->report);
    assert_int_equal(bench->report.points.count, REPORT_POINTS_MAX - 1);
    collect_points(bench->host, &bench->report); /* all nodes of a moment, or none */
    assert_int_equal(bench->report.points.count, REPORT_POINTS_MAX - 1);
}

/* ---- actors ---- */

static void add_actor(struct bench *bench, uint32_t kind, enum outcome outcome)
{
    struct instance instance = {.name = "some.one", .plugin_id = "acme.one", .kind = kind};
    const struct actor actor = {
        .instance = &instance, .outcome = outcome, .coverage = 0.5, .why = "as it is"};

    assert_int_equal(collect_actor(&actor, &bench->report), ASSAY_OK);
}

static void an_expectation_and_a_workload_have_lines_of_their_own(void **state)
{
    struct bench *bench = *state;
    const struct report_judgement *line;

    add_actor(bench, ASSAY_EXPECTATION, OUTCOME_FAIL);
    add_actor(bench, ASSAY_WORKLOAD, OUTCOME_PASS);

    assert_int_equal(bench->report.workloads.count, 1);
    assert_int_equal(bench->report.expectations.count, 1);
    line = vec_at(&bench->report.expectations, 0);
    assert_string_equal(line->instance, "some.one");
    assert_string_equal(line->plugin, "acme.one");
    assert_string_equal(line->why, "as it is");
    assert_int_equal(line->outcome, OUTCOME_FAIL);
    assert_true(line->coverage >= 0.5 && line->coverage <= 0.5);
}

static void a_system_and_a_deployer_show_only_when_something_is_wrong(void **state)
{
    struct bench *bench = *state;

    add_actor(bench, ASSAY_SYSTEM, OUTCOME_PASS);
    add_actor(bench, ASSAY_DEPLOYER, OUTCOME_PASS);
    assert_int_equal(bench->report.infrastructure.count, 0);
    add_actor(bench, ASSAY_SYSTEM, OUTCOME_UNDECIDED);
    add_actor(bench, ASSAY_DEPLOYER, OUTCOME_ERROR);
    assert_int_equal(bench->report.infrastructure.count, 2);
    assert_int_equal(bench->report.workloads.count, 0);
    assert_int_equal(bench->report.expectations.count, 0);
}

/* ---- nodes ---- */

static void a_node_is_told_as_it_was_last_seen(void **state)
{
    struct bench *bench = *state;
    const assay_observe *observe = fixture_service(bench->world->system, ASSAY_OBSERVE);
    const struct report_node *node;

    see(bench, 0, 9);
    observe->failed(bench->world->system_table, 0, "no answer");
    assert_int_equal(collect_run(bench->host, &bench->report), ASSAY_OK);

    assert_int_equal(bench->report.nodes.count, 2);
    node = vec_at(&bench->report.nodes, 0);
    assert_string_equal(node->name, "validator-0");
    assert_string_equal(node->role, "validator");
    assert_int_equal(node->height, 9);
    assert_int_equal(node->peers, 4);
    assert_int_equal(node->observations, 2);
    assert_int_equal(node->failures, 1);
    node = vec_at(&bench->report.nodes, 1);
    assert_int_equal(node->height, 0);
    assert_int_equal(node->peers, UINT32_MAX); /* not known, which is not none */
}

static void the_chart_ends_at_the_heights_that_the_nodes_are_told_with(void **state)
{
    struct bench *bench = *state;
    const struct report_point *last;

    see(bench, 0, 9);
    collect_points(bench->host, &bench->report);
    see(bench, 0, 10);
    assert_int_equal(collect_run(bench->host, &bench->report), ASSAY_OK);

    last = vec_at(&bench->report.points, bench->report.points.count - 1);
    assert_int_equal(last->node, 0);
    assert_int_equal(last->height, 10);
}

static void a_log_is_named_only_where_it_can_be_read(void **state)
{
    static const struct file_text text = {.data = (char *)(uintptr_t) "a line\n", .size = 7};
    struct bench *bench = *state;
    char path[160];
    const struct report_node *node;

    (void)snprintf(path, sizeof(path), "%s/nodes", bench->report.directory);
    assert_int_equal(mkdir(path, 0755), 0);
    (void)snprintf(path, sizeof(path), "%s/nodes/validator-1", bench->report.directory);
    assert_int_equal(mkdir(path, 0755), 0);
    (void)snprintf(path, sizeof(path), "%s/nodes/validator-1/output.log", bench->report.directory);
    assert_int_equal(file_write(path, &text, FILE_PLAIN, NULL), ASSAY_OK);
    assert_int_equal(collect_run(bench->host, &bench->report), ASSAY_OK);

    node = vec_at(&bench->report.nodes, 0);
    assert_string_equal(node->log, "");
    node = vec_at(&bench->report.nodes, 1);
    assert_string_equal(node->log, "nodes/validator-1/output.log");
}

/* ---- metrics ---- */

static void a_histogram_is_told_by_its_mean_and_others_by_their_value(void **state)
{
    struct bench *bench = *state;
    struct host_instance *workload =
        fixture_instance(bench->world->fixture, "workload.w", ASSAY_WORKLOAD);
    const assay_host *table = host_instance_table(workload);
    const assay_metrics *metrics = fixture_service(workload, ASSAY_METRICS);
    const uint32_t count = metrics->define(table, "sent", ASSAY_COUNTER, "transactions");
    const uint32_t delay = metrics->define(table, "delay", ASSAY_HISTOGRAM, "seconds");
    const struct report_metric *metric;

    metrics->record(table, count, 3);
    metrics->record(table, count, 4);
    metrics->record(table, delay, 1);
    metrics->record(table, delay, 3);
    assert_int_equal(collect_run(bench->host, &bench->report), ASSAY_OK);

    assert_int_equal(bench->report.metrics.count, 2);
    metric = vec_at(&bench->report.metrics, 0);
    assert_string_equal(metric->instance, "workload.w");
    assert_string_equal(metric->name, "sent");
    assert_string_equal(metric->unit, "transactions");
    assert_true(metric->value >= 7 && metric->value <= 7);
    metric = vec_at(&bench->report.metrics, 1);
    assert_int_equal(metric->kind, ASSAY_HISTOGRAM);
    assert_int_equal(metric->count, 2);
    assert_true(metric->value > 1.99 && metric->value < 2.01);
    assert_true(metric->max > 2.9 && metric->max < 3.1);
}

/* ---- receipts ---- */

static assay_status see_it_run(
    struct world *world, uint32_t node, assay_process *out, char detail[160])
{
    (void)world, (void)node;
    out->state = ASSAY_PROCESS_RUNNING;
    out->pid = 412;
    detail[0] = '\0';
    return ASSAY_OK;
}

static assay_status fail_to_act(struct world *world, assay_task *task, const assay_action *action)
{
    (void)task, (void)action;
    return (world->table->fail)(world->table, ASSAY_E_IO, "the engine is down");
}

static assay_status kill_node_1(assay_task *task, void *arg)
{
    const assay_action action = {
        .struct_size = sizeof(action), .kind = ASSAY_ACT_KILL, .node = 1, .peer = ASSAY_NO_NODE};
    const assay_control *control = arg;

    return control->act(task, &action, ASSAY_FOREVER, NULL);
}

static void an_action_is_told_with_its_name_and_its_nodes(void **state)
{
    struct bench *bench = *state;
    struct host_instance *chaos =
        fixture_instance(bench->world->fixture, "workload.chaos", ASSAY_WORKLOAD);
    const struct report_receipt *receipt;

    bench->world->control = fail_to_act;
    bench->world->inspect = see_it_run;
    (void)run_body(chaos, kill_node_1, (void *)(uintptr_t)fixture_service(chaos, ASSAY_CONTROL));
    assert_int_equal(collect_run(bench->host, &bench->report), ASSAY_OK);

    assert_int_equal(bench->report.receipts.count, 1);
    receipt = vec_at(&bench->report.receipts, 0);
    assert_string_equal(receipt->action, "kill");
    assert_string_equal(receipt->node, "validator-1");
    assert_string_equal(receipt->instance, "workload.chaos");
    assert_false(receipt->is_proven);
    assert_non_null(strstr(receipt->before, "pid 412"));
}

/* One unproven kill, after `outcome` of the workload that asked for it. */
static void collect_unproven(struct bench *bench, enum outcome outcome)
{
    struct host_instance *chaos =
        fixture_instance(bench->world->fixture, "workload.chaos", ASSAY_WORKLOAD);

    add_actor(bench, ASSAY_EXPECTATION, OUTCOME_PASS);
    add_actor(bench, ASSAY_WORKLOAD, outcome);
    bench->world->control = fail_to_act;
    bench->world->inspect = see_it_run;
    (void)run_body(chaos, kill_node_1, (void *)(uintptr_t)fixture_service(chaos, ASSAY_CONTROL));
    assert_int_equal(collect_run(bench->host, &bench->report), ASSAY_OK);
    assert_int_equal(report_conclude(&bench->report, NULL), ASSAY_OK);
}

static void what_is_not_proven_leaves_a_run_undecided(void **state)
{
    struct bench *bench = *state;

    collect_unproven(bench, OUTCOME_PASS);
    assert_int_equal(bench->report.outcome, OUTCOME_UNDECIDED);
    assert_int_equal(bench->report.exit_code, EXIT_CODE_UNDECIDED);
    assert_non_null(strstr(bench->report.reason,
        "workload.chaos: that its kill of validator-1 took effect is not proven"));
}

static void what_a_workload_says_of_it_itself_is_the_reason(void **state)
{
    struct bench *bench = *state;

    collect_unproven(bench, OUTCOME_UNDECIDED);
    assert_int_equal(bench->report.outcome, OUTCOME_UNDECIDED);
    assert_string_equal(bench->report.reason, "some.one: as it is");
}

/* ---- nodes that end ---- */

/* A run of which all has passed, but for a node that ended like this. */
static void collect_end(struct bench *bench, const assay_node_end *end)
{
    const assay_deployment *deployment = fixture_service(bench->world->deployer, ASSAY_DEPLOYMENT);

    add_actor(bench, ASSAY_EXPECTATION, OUTCOME_PASS);
    assert_int_equal(
        deployment->ended(host_instance_table(bench->world->deployer), end, ""), ASSAY_OK);
    assert_int_equal(collect_run(bench->host, &bench->report), ASSAY_OK);
    assert_int_equal(report_conclude(&bench->report, NULL), ASSAY_OK);
}

/* Whoever restarts it for us, as a cluster does, hides it from expectations that look at chains. */
static void a_node_that_ended_by_itself_leaves_a_run_undecided(void **state)
{
    struct bench *bench = *state;
    const assay_node_end end = {.struct_size = sizeof(end),
        .node = 1,
        .how = ASSAY_END_KILLED,
        .code = 11,
        .at = 3 * ASSAY_SECOND};

    collect_end(bench, &end);
    assert_int_equal(bench->report.outcome, OUTCOME_UNDECIDED);
    assert_int_equal(bench->report.exit_code, EXIT_CODE_UNDECIDED);
    assert_string_equal(bench->report.reason,
        "validator-1 ended by itself at 3s, though nobody asked it to: killed by signal 11 "
        "(Segmentation fault); what held besides is no pass (see nodes/validator-1/output.log)");
}

static void a_node_that_crashed_when_it_was_to_end_leaves_a_run_undecided(void **state)
{
    struct bench *bench = *state;
    const assay_node_end end = {.struct_size = sizeof(end),
        .node = 1,
        .how = ASSAY_END_KILLED,
        .code = 11,
        .asked_by_signal = 15,
        .at = 3 * ASSAY_SECOND};

    collect_end(bench, &end);
    assert_int_equal(bench->report.outcome, OUTCOME_UNDECIDED);
    assert_non_null(strstr(bench->report.reason, "validator-1 crashed at 3s when it was asked to"));
}

static void an_exit_code_of_its_own_is_no_more_than_a_notice(void **state)
{
    struct bench *bench = *state;
    const assay_node_end end = {.struct_size = sizeof(end),
        .node = 1,
        .how = ASSAY_END_EXITED,
        .code = 3,
        .asked_by_signal = 15,
        .at = 3 * ASSAY_SECOND};

    collect_end(bench, &end);
    assert_int_equal(bench->report.outcome, OUTCOME_PASS);
    assert_int_equal(bench->report.notices.count, 1);
}

/* ---- notices ---- */

static const char *notice(const struct bench *bench, size_t index)
{
    const struct report_notice *item = vec_at(&bench->report.notices, index);

    return item->text;
}

static void notices_are_told_once_and_violations_with_who_did_it(void **state)
{
    struct bench *bench = *state;

    bench->world->spec->notice(bench->world->system_table, "nodes are made of paper");
    bench->world->spec->notice(bench->world->system_table, "nodes are made of paper");
    host_violation(bench->world->deployer, "it blinked");
    assert_int_equal(collect_run(bench->host, &bench->report), ASSAY_OK);

    assert_int_equal(bench->report.notices.count, 2);
    assert_string_equal(notice(bench, 0), "nodes are made of paper");
    assert_string_equal(
        notice(bench, 1), "deployer.d (test.plugin) broke the plugin contract: it blinked");
}

static void more_notices_than_a_reader_takes_in_are_counted(void **state)
{
    struct bench *bench = *state;
    char text[64];

    for (unsigned i = 0; i < HOST_NOTICES_MAX; i++) {
        (void)snprintf(text, sizeof(text), "node %u is odd", i);
        bench->world->spec->notice(bench->world->system_table, text);
    }
    assert_int_equal(collect_run(bench->host, &bench->report), ASSAY_OK);

    assert_int_equal(bench->report.notices.count, REPORT_NOTICES_MAX);
    assert_string_equal(notice(bench, REPORT_NOTICES_MAX - 2), "node 254 is odd");
    assert_string_equal(notice(bench, REPORT_NOTICES_MAX - 1),
        "745 more notices are left out; events.ndjson has those of plugins");
}

/* ---- plugins ---- */

static void a_plugin_is_told_with_its_file_and_digest(void **state)
{
    struct bench *bench = *state;
    const struct loader_options options = {.allow_untrusted = true};
    const struct plugin_library *library = NULL;
    auto_loader struct loader *loader = NULL;
    const struct report_plugin *plugin;

    assert_int_equal(loader_new(&options, &loader, NULL), ASSAY_OK);
    assert_int_equal(loader_open_library(loader, PLUGINS "/sample.so", &library, NULL), ASSAY_OK);
    assert_int_equal(collect_plugins(loader, &bench->report), ASSAY_OK);

    assert_int_equal(bench->report.plugins.count, 4);
    plugin = vec_at(&bench->report.plugins, 1);
    assert_string_equal(plugin->id, "sample.nowhere");
    assert_string_equal(plugin->version, "1.0.0");
    assert_string_equal(plugin->path, library->path);
    assert_int_equal(strlen(plugin->sha256), 64);
    assert_int_equal(plugin->is_trusted, !library->is_untrusted);
    assert_int_equal(bench->report.notices.count, library->warning_count);
}

static void every_allocation_may_fail(void **state)
{
    struct bench *bench = *state;
    uint64_t n = 0;

    see(bench, 0, 3);
    bench->world->spec->notice(bench->world->system_table, "nodes are made of paper");
    host_violation(bench->world->deployer, "it blinked");
    do {
        struct report report;
        assay_status status;

        report_init(&report);
        report.directory = strdup(bench->report.directory);
        mem_fail_at(++n, MEM_FAIL_ONCE);
        status = collect_run(bench->host, &report);
        if (status)
            assert_int_equal(status, ASSAY_E_NOMEM);
        else
            assert_int_equal(report.notices.count, 2); /* nothing is left out silently */
        report_done(&report);
    } while (mem_has_failed());
    mem_fail_at(0, MEM_FAIL_ONCE);
    assert_true(n > 10);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    static const struct CMUnitTest tests[] = {
        TEST(points_are_of_nodes_that_have_been_seen),
        TEST(points_end_when_the_chart_is_full),
        TEST(an_expectation_and_a_workload_have_lines_of_their_own),
        TEST(a_system_and_a_deployer_show_only_when_something_is_wrong),
        TEST(a_node_is_told_as_it_was_last_seen),
        TEST(the_chart_ends_at_the_heights_that_the_nodes_are_told_with),
        TEST(a_log_is_named_only_where_it_can_be_read),
        TEST(a_histogram_is_told_by_its_mean_and_others_by_their_value),
        TEST(an_action_is_told_with_its_name_and_its_nodes),
        TEST(what_is_not_proven_leaves_a_run_undecided),
        TEST(what_a_workload_says_of_it_itself_is_the_reason),
        TEST(a_node_that_ended_by_itself_leaves_a_run_undecided),
        TEST(a_node_that_crashed_when_it_was_to_end_leaves_a_run_undecided),
        TEST(an_exit_code_of_its_own_is_no_more_than_a_notice),
        TEST(notices_are_told_once_and_violations_with_who_did_it),
        TEST(more_notices_than_a_reader_takes_in_are_counted),
        TEST(a_plugin_is_told_with_its_file_and_digest),
        TEST(every_allocation_may_fail),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "framework/base/mem.h"
#include "framework/base/number.h"
#include "framework/config/manifest.h"
#include "tests/unit/support/ini_text.h"

/* A manifest and its problems, new for each test, in an environment that says nothing. */
struct fixture {
    struct ini ini;
    struct problems problems;
    struct manifest manifest;
};

static int set_up(void **state)
{
    static struct fixture fixture;

    ini_init(&fixture.ini);
    problems_init(&fixture.problems);
    manifest_init(&fixture.manifest);
    *state = &fixture;
    return unsetenv("NOMOS_TESTS_KEEP_LOGS");
}

static int tear_down(void **state)
{
    struct fixture *f = *state;

    manifest_done(&f->manifest);
    ini_done(&f->ini);
    problems_done(&f->problems);
    return 0;
}

static void read_manifest(struct fixture *f, const char *text)
{
    read_text(&f->ini, text, &f->problems);
    manifest_read(&f->manifest, &f->ini, &f->problems);
}

static const struct instance *instance_at(struct fixture *f, size_t index)
{
    return vec_at(&f->manifest.instances, index);
}

static void an_empty_manifest_has_defaults(void **state)
{
    struct fixture *f = *state;

    read_manifest(f, "");
    assert_no_problem(&f->problems);
    assert_string_equal(f->manifest.run.name, "scenario");
    assert_true(f->manifest.run.duration == 60 * ASSAY_SECOND);
    assert_true(f->manifest.run.cooldown == RUN_AUTO);
    assert_true(f->manifest.run.settle == RUN_AUTO);
    assert_string_equal(f->manifest.run.keep, "failed");
    assert_int_equal(f->manifest.run.node_control, 0);
    assert_int_equal(f->manifest.topology.validators, 1);
    assert_int_equal(f->manifest.topology.executors, 0);
    assert_string_equal(f->manifest.topology.layout, "star");
    assert_int_equal(f->manifest.wallets.count, 0);
    assert_int_equal(f->manifest.wallets.funds, 100);
}

static void a_system_and_a_deployer_are_implied(void **state)
{
    struct fixture *f = *state;

    read_manifest(f, "");
    assert_int_equal(f->manifest.instances.count, 2);
    assert_string_equal(instance_at(f, 0)->name, "system.nomos");
    assert_string_equal(instance_at(f, 0)->plugin_id, "assay.nomos");
    assert_int_equal(instance_at(f, 0)->kind, ASSAY_SYSTEM);
    assert_null(instance_at(f, 0)->section);
    assert_string_equal(instance_at(f, 1)->plugin_id, "assay.local");
    assert_ptr_equal(manifest_find_kind(&f->manifest, ASSAY_DEPLOYER), instance_at(f, 1));
    assert_null(manifest_find_kind(&f->manifest, ASSAY_WORKLOAD));
}

static void everything_written_is_taken(void **state)
{
    struct fixture *f = *state;

    read_manifest(f,
        "[run]\nname = soak\nduration = 10m\nseed = 42\ncooldown = 30s\nsettle = 0\n"
        "keep = never\nnode_control = yes\n"
        "[topology]\nvalidators = 3\nexecutors = 2\nlayout = full\n"
        "[wallets]\ncount = 50\nfunds = 7\n"
        "[node.executor-1]\npropose = no\n");
    assert_no_problem(&f->problems);
    assert_string_equal(f->manifest.run.name, "soak");
    assert_true(f->manifest.run.duration == 600 * ASSAY_SECOND);
    assert_true(f->manifest.run.seed == 42);
    assert_true(f->manifest.run.cooldown == 30 * ASSAY_SECOND);
    assert_true(f->manifest.run.settle == 0);
    assert_string_equal(f->manifest.run.keep, "never");
    assert_int_equal(f->manifest.run.node_control, 1);
    assert_int_equal(f->manifest.topology.validators, 3);
    assert_string_equal(f->manifest.topology.layout, "full");
    assert_int_equal(f->manifest.wallets.count, 50);
    assert_non_null(manifest_find_node(&f->manifest, "executor-1"));
    assert_null(manifest_find_node(&f->manifest, "executor-0"));
}

static void instances_come_in_order_behind_system_and_deployer(void **state)
{
    struct fixture *f = *state;

    read_manifest(f,
        "[expectation.a]\n[workload.b]\nplugin = acme.tx-burst\n[deployer.k8s]\n"
        "[workload.vendor.thing]\n[system.s]\nplugin = other\n");
    assert_no_problem(&f->problems);
    assert_int_equal(f->manifest.instances.count, 5);
    assert_string_equal(instance_at(f, 0)->plugin_id, "assay.other");
    assert_string_equal(instance_at(f, 0)->label, "s");
    assert_string_equal(instance_at(f, 1)->plugin_id, "assay.k8s");
    assert_string_equal(instance_at(f, 2)->name, "expectation.a");
    assert_string_equal(instance_at(f, 3)->plugin_id, "acme.tx-burst");
    assert_int_equal(instance_at(f, 3)->plugin_origin.line, 3);
    assert_string_equal(instance_at(f, 4)->plugin_id, "vendor.thing");
    assert_string_equal(instance_at(f, 4)->label, "vendor.thing");
}

static void what_is_wrong_with_a_section_is_said(void **state)
{
    static const struct {
        const char *text;
        const char *place;
        const char *expected;
    } cases[] = {
        {"[wrokload.x]\n", "m.ini:1", "did you mean [workload.x]?"},
        {"[topolgy]\n", "m.ini:1", "did you mean [topology]?"},
        {"[elephant]\n", "m.ini:1", "there are run, topology"},
        {"[workload]\n", "m.ini:1", "needs a name, as in [workload.first]"},
        {"[node]\n", "m.ini:1", "needs a name, as in [node.first]"},
        {"[run.x]\n", "m.ini:1", "[run.x]: write [run]"},
        {"[workload.]\n", "m.ini:1", "cannot name an instance"},
        {"[workload.-x]\n", "m.ini:1", "cannot name an instance"},
        {"[system.a]\n[system.b]\n", "m.ini:2", "one system, and [system.a] is there already"},
        {"[deployer.a]\n[deployer.b]\n", "m.ini:2", "one deployer"},
        {"[workload.x]\nplugin = a/b\n", "m.ini:2", "is not a plugin's id"},
        {"[workload.x]\nplugin =\n", "m.ini:2", "is not a plugin's id"},
        {"[node.validater-0]\n", "m.ini:1", "did you mean 'validator-0'?"},
        {"[node.observer-12]\n", "m.ini:1", "nodes are named as in validator-0"},
        {"[topology]\nvalidators = 0\n", "m.ini:1", "there is no node"},
        {"[topology]\nvalidators = 10000\nexecutors = 1\n", "m.ini:1", "more than the 10000"},
        {"[topology]\nlayout = ring\n", "m.ini:2", "'ring' is none of star|chain|full"},
        {"[run]\nduratoin = 5s\n", "m.ini:2", "did you mean 'duration'?"},
        {"[run]\nduration = 0\n", "m.ini:2", "is not in 1ms..30d"},
        {"[run]\nseed = -1\n", "m.ini:2", "neither random nor a whole number"},
        {"[run]\nseed = 18446744073709551616\n", "m.ini:2", "neither random nor"},
        {"[run]\ncooldown = soon\n", "m.ini:2", "[run] cooldown: neither auto nor a time: 'soon'"},
        {"[run]\nsettle = 5\n", "m.ini:2", "[run] settle: neither auto nor a time"},
        {"[run]\nname = a/b\n", "m.ini:2", "cannot name a run"},
        {"[run]\nplugin = x\n", "m.ini:2", "[run] has no option 'plugin'"},
        {"[wallets]\ncount = 1000001\n", "m.ini:2", "is not in 0..1000000"},
    };
    struct fixture *f = *state;

    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        (void)tear_down(state);
        (void)set_up(state);
        read_manifest(f, cases[i].text);
        assert_problem(&f->problems, cases[i].place, cases[i].expected);
    }
}

static void problems_everywhere_are_reported_together(void **state)
{
    struct fixture *f = *state;

    read_manifest(f,
        "[run]\nx = 1\nduration = 5\n[topolgy]\n[wallets]\ncount = many\n[system.a]\n[system.b]\n"
        "[workload.w]\nplugin = ?\n");
    ini_set(&f->ini, "nonsense", &f->problems);
    assert_int_equal(f->problems.error_count, 7);
}

static void nodes_are_not_checked_against_a_count_in_doubt(void **state)
{
    struct fixture *f = *state;

    read_manifest(f, "[topology]\nvalidators = x\n[node.validator-3]\n");
    assert_problem(&f->problems, "m.ini:2", "'x' is not a whole number");
}

/* ---- what is decided when reading ---- */

static void a_random_seed_is_decided_when_read(void **state)
{
    struct fixture *f = *state;
    const struct value *value = NULL;
    char text[32];

    read_manifest(f, "[run]\nseed = random\n");
    assert_no_problem(&f->problems);
    value = values_find(&f->manifest.run_values, "seed");
    (void)snprintf(text, sizeof text, "%llu", (unsigned long long)f->manifest.run.seed);
    assert_string_equal(value->text, text);
    assert_int_equal(value->origin.kind, ORIGIN_CHOSEN);
}

static void a_broken_seed_is_not_drawn_over(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(unsetenv("ASSAY_TEST_UNSET"), 0);
    read_manifest(f, "[run]\nseed = ${ASSAY_TEST_UNSET}\n");
    assert_problem(&f->problems, "m.ini:2", "ASSAY_TEST_UNSET is not set");
}

static void the_name_comes_from_the_file(void **state)
{
    struct fixture *f = *state;
    const struct file_text text = {.data = (char[]){"[run]\n"}, .size = 6};

    ini_read_text(&f->ini, "some/where/soak-5.ini", &text, &f->problems);
    manifest_read(&f->manifest, &f->ini, &f->problems);
    assert_no_problem(&f->problems);
    assert_string_equal(f->manifest.run.name, "soak-5");
}

static void a_file_name_that_will_not_do_is_no_name(void **state)
{
    struct fixture *f = *state;
    const struct file_text text = {.data = (char[]){"[run]\n"}, .size = 6};

    ini_read_text(&f->ini, "x/my scenario.ini", &text, &f->problems);
    manifest_read(&f->manifest, &f->ini, &f->problems);
    assert_no_problem(&f->problems);
    assert_string_equal(f->manifest.run.name, "scenario");
}

static void a_variable_stands_for_an_option_not_given(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(setenv("NOMOS_TESTS_KEEP_LOGS", "", 1), 0);
    read_manifest(f, "");
    assert_string_equal(f->manifest.run.keep, "always");
    assert_int_equal(values_find(&f->manifest.run_values, "keep")->origin.kind, ORIGIN_ENVIRONMENT);
}

static void an_option_given_wins_over_the_variable(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(setenv("NOMOS_TESTS_KEEP_LOGS", "1", 1), 0);
    read_manifest(f, "[run]\nkeep = never\n");
    assert_string_equal(f->manifest.run.keep, "never");
}

static void too_many_instances_are_refused(void **state)
{
    struct fixture *f = *state;

    for (int i = 0; i < MANIFEST_INSTANCES_MAX + 5; i++) {
        auto_free char *text = str_format("workload.w%d.x=1", i);

        ini_set(&f->ini, text, &f->problems);
    }
    manifest_read(&f->manifest, &f->ini, &f->problems);
    assert_problem(&f->problems, "--set", "at most 1024");
}

/* ---- options of plugins ---- */

struct burst {
    int64_t rate;
    const char *token;
};

static const assay_option burst_options[] = {
    {"rate", ASSAY_INT, 0, offsetof(struct burst, rate), "5", "1..", "The rate."},
    {"token", ASSAY_TEXT, ASSAY_SECRET, offsetof(struct burst, token), NULL, NULL, "A token."},
};

static const struct schema burst_schema = {
    burst_options, sizeof(assay_option), ARRAY_COUNT(burst_options), sizeof(struct burst)};

static void resolving_fills_an_instances_options(void **state)
{
    struct fixture *f = *state;
    struct instance *instance = NULL;
    const struct burst *options = NULL;

    read_manifest(f, "[workload.b]\nrate = 9\nrtae = 1\n");
    instance = manifest_find_kind(&f->manifest, ASSAY_WORKLOAD);
    manifest_resolve(instance, &burst_schema, &f->problems);
    options = instance->values.data;
    assert_int_equal(options->rate, 9);
    assert_problem(&f->problems, "m.ini:3", "[workload.b] has no option 'rtae'");
}

static void resolving_an_implied_section_gives_defaults(void **state)
{
    struct fixture *f = *state;
    struct instance *instance = NULL;
    const struct burst *options = NULL;

    read_manifest(f, "");
    instance = manifest_find_kind(&f->manifest, ASSAY_SYSTEM);
    manifest_resolve(instance, &burst_schema, &f->problems);
    options = instance->values.data;
    assert_no_problem(&f->problems);
    assert_int_equal(options->rate, 5);
}

static void resolving_fills_a_nodes_options(void **state)
{
    struct fixture *f = *state;
    struct node_section *node = NULL;
    const struct burst *options = NULL;

    read_manifest(f, "[node.validator-0]\nrate = 0\n");
    node = manifest_find_node(&f->manifest, "validator-0");
    manifest_resolve_node(node, &burst_schema, &f->problems);
    assert_problem(&f->problems, "m.ini:2", "[node.validator-0] rate: '0' is not in 1..");
    options = node->values.data;
    assert_int_equal(options->rate, 0); /* unfilled: the manifest is refused anyway */
}

/* ---- without memory ---- */

static void every_failed_allocation_is_reported(void **state)
{
    static const char text[] = "[run]\nseed = random\nname = x\n[topology]\nvalidators = 2\n"
                               "[node.validator-1]\nrate = 3\n[workload.b]\nplugin = acme.b\n"
                               "[bogus.x]\n[run.x]\n[node.nobody]\n";
    bool has_failed = true;
    uint64_t n = 1;

    (void)state;
    for (; has_failed; n++) {
        auto_ini struct ini ini;
        auto_problems struct problems problems;
        auto_manifest struct manifest manifest;
        auto_str struct str out = STR_INIT(100000);

        ini_init(&ini);
        problems_init(&problems);
        manifest_init(&manifest);
        read_text(&ini, text, &problems);
        mem_fail_at(n, n % 2 ? MEM_FAIL_ONCE : MEM_FAIL_FOREVER);
        manifest_read(&manifest, &ini, &problems);
        has_failed = mem_has_failed();
        (void)manifest_write(&manifest, &out); /* must survive whatever is half there */
        mem_fail_at(0, MEM_FAIL_ONCE);
        assert_int_equal(problems_status(&problems), has_failed ? ASSAY_E_NOMEM : ASSAY_E_INVALID);
    }
    assert_true(n > 10);
}

#define fresh(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        fresh(an_empty_manifest_has_defaults),
        fresh(a_system_and_a_deployer_are_implied),
        fresh(everything_written_is_taken),
        fresh(instances_come_in_order_behind_system_and_deployer),
        fresh(what_is_wrong_with_a_section_is_said),
        fresh(problems_everywhere_are_reported_together),
        fresh(nodes_are_not_checked_against_a_count_in_doubt),
        fresh(a_random_seed_is_decided_when_read),
        fresh(a_broken_seed_is_not_drawn_over),
        fresh(the_name_comes_from_the_file),
        fresh(a_file_name_that_will_not_do_is_no_name),
        fresh(a_variable_stands_for_an_option_not_given),
        fresh(an_option_given_wins_over_the_variable),
        fresh(too_many_instances_are_refused),
        fresh(resolving_fills_an_instances_options),
        fresh(resolving_an_implied_section_gives_defaults),
        fresh(resolving_fills_a_nodes_options),
        fresh(every_failed_allocation_is_reported),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

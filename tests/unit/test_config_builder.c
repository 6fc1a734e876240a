#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "framework/base/mem.h"
#include "framework/config/builder.h"
#include "tests/unit/support/ini_text.h"

static void free_scenario(assay_scenario **s)
{
    assay_scenario_free(*s);
}

#define auto_scenario __attribute__((cleanup(free_scenario)))

static void assert_says(const assay_scenario *s, const char *part)
{
    if (!strstr(assay_scenario_problems(s), part))
        fail_msg("'%s' does not say '%s'", assay_scenario_problems(s), part);
}

static void the_vocabulary_makes_a_plan(void **state)
{
    auto_scenario assay_scenario *s = assay_scenario_new("smoke");
    const assay_chaos chaos = {.struct_size = sizeof chaos, .pause_min = 5 * ASSAY_SECOND};

    (void)state;
    assay_scenario_topology(s, ASSAY_CHAIN, 3, 2);
    assay_scenario_wallets(s, 50);
    assay_scenario_transactions(s, 5, 20);
    assay_scenario_da(s, 1, 2, 20);
    assay_scenario_chaos_restart(s, &chaos);
    assay_scenario_enable_node_control(s);
    assay_scenario_expect_consensus_liveness(s);
    assay_scenario_run_duration(s, 90 * ASSAY_SECOND);
    assay_scenario_seed(s, 42);
    assay_scenario_node(s, "executor-1", "propose", "no", NULL);
    assay_scenario_section(s, "workload.burst", "plugin", "acme.tx-burst", "rate", "50", NULL);

    assert_int_equal(assay_scenario_build(s), ASSAY_OK);
    assert_string_equal(assay_scenario_problems(s), "");
    assert_int_equal(s->manifest.topology.validators, 3);
    assert_string_equal(s->manifest.topology.layout, "chain");
    assert_int_equal(s->manifest.wallets.count, 50);
    assert_true(s->manifest.run.duration == 90 * ASSAY_SECOND);
    assert_true(s->manifest.run.seed == 42);
    assert_int_equal(s->manifest.run.node_control, 1);
    assert_non_null(manifest_find_node(&s->manifest, "executor-1"));
    assert_int_equal(s->manifest.instances.count, 10);
}

/* The manifest that says the same in INI. */
static const char same[] = "[run]\nname = smoke\nduration = 1m30s\nseed = 42\n"
                           "[topology]\nlayout = star\nvalidators = 3\nexecutors = 2\n"
                           "[wallets]\ncount = 50\n"
                           "[workload.transactions]\nrate = 5\nusers = 20\n"
                           "[expectation.transaction_inclusion]\n"
                           "[expectation.consensus_liveness]\n";

static void builder_and_manifest_end_in_the_same_plan(void **state)
{
    auto_scenario assay_scenario *s = assay_scenario_new("smoke");
    auto_str struct str text = STR_INIT(100000);
    struct problems problems;
    struct manifest manifest;
    struct ini ini;

    (void)state;
    assay_scenario_topology(s, ASSAY_STAR, 3, 2);
    assay_scenario_wallets(s, 50);
    assay_scenario_transactions(s, 5, 20);
    assay_scenario_expect_consensus_liveness(s);
    assay_scenario_run_duration(s, 90 * ASSAY_SECOND);
    assay_scenario_seed(s, 42);
    assert_int_equal(assay_scenario_build(s), ASSAY_OK);

    ini_init(&ini);
    problems_init(&problems);
    manifest_init(&manifest);
    read_text(&ini, same, &problems);
    manifest_read(&manifest, &ini, &problems);
    assert_no_problem(&problems);
    assert_int_equal(manifest_write(&manifest, &text), ASSAY_OK);
    assert_string_equal(assay_scenario_manifest(s), str_text(&text));
    manifest_done(&manifest);
    ini_done(&ini);
    problems_done(&problems);
}

static void a_later_call_replaces_an_earlier_one(void **state)
{
    auto_scenario assay_scenario *s = assay_scenario_new(NULL);

    (void)state;
    assay_scenario_wallets(s, 5);
    assay_scenario_wallets(s, 7);
    assert_int_equal(assay_scenario_build(s), ASSAY_OK);
    assert_int_equal(s->manifest.wallets.count, 7);
    assert_string_equal(s->manifest.run.name, "scenario");
}

static void errors_stick_and_are_reported_together(void **state)
{
    auto_scenario assay_scenario *s = assay_scenario_new("bad name");

    (void)state;
    assay_scenario_topology(s, 17, 1, 0);
    assay_scenario_transactions(s, 0, 1);
    assay_scenario_da(s, 0, 1, 0);
    assay_scenario_section(s, "work load", NULL);
    assay_scenario_section(s, "workload.x", "key", NULL);
    assay_scenario_set(s, "workload.x", "rate", "a\nb");
    assay_scenario_override(s, "nonsense");
    assay_scenario_run_duration(s, -5);
    assert_int_equal(assay_scenario_build(s), ASSAY_E_INVALID);
    assert_says(s, "assay_scenario_new: [run] name: 'bad name' cannot name a run");
    assert_says(s, "assay_scenario_topology: the layout is none of");
    assert_says(s, "assay_scenario_transactions: rate and users must be at least 1");
    assert_says(s, "assay_scenario_da: channel_rate and blob_rate must be at least 1");
    assert_says(s, "assay_scenario_section: 'work load' cannot be the name of a section");
    assert_says(s, "assay_scenario_section: [workload.x] 'key' has no value");
    assert_says(s, "assay_scenario_set: [workload.x] rate: the value has a control character");
    assert_says(s, "--set: 'nonsense' is not of the form");
    assert_says(s, "assay_scenario_run_duration: [run] duration: '-5ns' is not a time");

    assert_int_equal(assay_scenario_build(s), ASSAY_E_INVALID);
    assert_says(s, "assay_scenario_transactions: rate and users");
    assert_string_equal(assay_scenario_manifest(s), "");
}

static void more_users_than_accounts_are_refused(void **state)
{
    auto_scenario assay_scenario *s = assay_scenario_new(NULL);

    (void)state;
    assay_scenario_transactions(s, 5, 20);
    assert_int_equal(assay_scenario_build(s), ASSAY_E_INVALID);
    assert_says(s, "20 users need as many accounts, and there are 0");
    assay_scenario_wallets(s, 20);
    assert_int_equal(assay_scenario_build(s), ASSAY_OK);
}

static void data_availability_needs_an_executor(void **state)
{
    auto_scenario assay_scenario *s = assay_scenario_new(NULL);

    (void)state;
    assay_scenario_da(s, 1, 1, 20);
    assert_int_equal(assay_scenario_build(s), ASSAY_E_INVALID);
    assert_says(s, "needs an executor");
    assay_scenario_topology(s, ASSAY_STAR, 1, 1);
    assert_int_equal(assay_scenario_build(s), ASSAY_OK);
}

static void chaos_needs_node_control(void **state)
{
    auto_scenario assay_scenario *s = assay_scenario_new(NULL);

    (void)state;
    assay_scenario_chaos_restart(s, NULL);
    assert_int_equal(assay_scenario_build(s), ASSAY_E_INVALID);
    assert_says(s, "assay_scenario_enable_node_control");
    assay_scenario_enable_node_control(s);
    assert_int_equal(assay_scenario_build(s), ASSAY_OK);
}

static const char *chaos_value(assay_scenario *s, const char *key)
{
    const struct section *section = ini_find(&s->ini, "workload.chaos");

    assert_non_null(section);
    return section_find(section, key)->value;
}

static void chaos_has_defaults(void **state)
{
    auto_scenario assay_scenario *s = assay_scenario_new(NULL);

    (void)state;
    assay_scenario_chaos_restart(s, NULL);
    assert_string_equal(chaos_value(s, "pause_min"), "10s");
    assert_string_equal(chaos_value(s, "pause_max"), "30s");
    assert_string_equal(chaos_value(s, "cooldown"), "1m");
    assert_string_equal(chaos_value(s, "validators"), "yes");
    assert_string_equal(chaos_value(s, "executors"), "yes");
    assert_non_null(ini_find(&s->ini, "expectation.recovery"));
}

static void an_older_chaos_struct_is_understood(void **state)
{
    auto_scenario assay_scenario *s = assay_scenario_new(NULL);
    const assay_chaos chaos = {.struct_size = offsetof(assay_chaos, validators),
        .pause_min = ASSAY_SECOND,
        .validators = 0,
        .executors = 1};

    (void)state;
    assay_scenario_chaos_restart(s, &chaos); /* executors lies beyond the struct it knows */
    assert_string_equal(chaos_value(s, "pause_min"), "1s");
    assert_string_equal(chaos_value(s, "validators"), "yes");
}

static void impossible_chaos_is_refused(void **state)
{
    const assay_chaos cases[] = {
        {.struct_size = sizeof(assay_chaos), .pause_min = -1},
        {.struct_size = sizeof(assay_chaos), .pause_min = 2, .pause_max = 1, .cooldown = 5},
        {.struct_size = sizeof(assay_chaos), .pause_min = 2, .pause_max = 3, .cooldown = 1},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        auto_scenario assay_scenario *s = assay_scenario_new(NULL);

        assay_scenario_chaos_restart(s, &cases[i]);
        assay_scenario_enable_node_control(s);
        assert_int_equal(assay_scenario_build(s), ASSAY_E_INVALID);
        assert_says(s, "assay_scenario_chaos_restart: ");
    }
}

static void a_manifest_can_be_read_and_built_upon(void **state)
{
    char path[] = "/tmp/assay-builder-XXXXXX";
    const int fd = mkstemp(path);
    assay_scenario *s = NULL;

    (void)state;
    assert_true(fd >= 0);
    assert_int_equal(write(fd, same, sizeof same - 1), sizeof same - 1);
    (void)close(fd);
    s = assay_scenario_read(path);
    assay_scenario_override(s, "run.duration=5s");
    assay_scenario_wallets(s, 60);
    assert_int_equal(assay_scenario_build(s), ASSAY_OK);
    assert_true(s->manifest.run.duration == 5 * ASSAY_SECOND);
    assert_int_equal(s->manifest.wallets.count, 60);
    assert_int_equal(s->manifest.topology.executors, 2);
    assay_scenario_free(s);
    (void)unlink(path);
}

static void a_manifest_that_is_not_there_is_reported_by_build(void **state)
{
    auto_scenario assay_scenario *s = assay_scenario_read("/nonexistent.ini");

    (void)state;
    assert_int_equal(assay_scenario_build(s), ASSAY_E_INVALID);
    assert_says(s, "/nonexistent.ini: No such file");
}

static void a_change_after_build_asks_for_another_build(void **state)
{
    auto_scenario assay_scenario *s = assay_scenario_new(NULL);

    (void)state;
    assert_int_equal(assay_scenario_build(s), ASSAY_OK);
    assert_true(strlen(assay_scenario_manifest(s)) > 0);
    for (int i = 0; i < 100; i++) { /* makes the ini move what the manifest pointed to */
        char section[32];

        (void)snprintf(section, sizeof section, "workload.w%d", i);
        assay_scenario_section(s, section, NULL);
    }
    assert_string_equal(assay_scenario_manifest(s), "");
    assert_int_equal(assay_scenario_build(s), ASSAY_OK);
    assert_non_null(strstr(assay_scenario_manifest(s), "[workload.w99]"));
}

static void nodes_of_one_kind_take_the_place_of_the_others(void **state)
{
    auto_scenario assay_scenario *s = assay_scenario_new("smoke");

    (void)state;
    assay_scenario_expect_consensus_liveness(s);
    assay_scenario_topology(s, ASSAY_STAR, 3, 2);
    assay_scenario_nodes(s, ASSAY_FULL, 4);
    assay_scenario_node(s, "node-3", "propose", "no", NULL);
    assert_int_equal(assay_scenario_build(s), ASSAY_OK);
    assert_int_equal(s->manifest.topology.nodes, 4);
    assert_int_equal(s->manifest.topology.validators, 0);
    assert_string_equal(s->manifest.topology.layout, "full");
    assay_scenario_nodes(s, 9, 4);
    assert_int_equal(assay_scenario_build(s), ASSAY_E_INVALID);
    assert_says(s, "the layout is none of");
}

static void the_membership_check_is_an_option_of_the_system(void **state)
{
    auto_scenario assay_scenario *s = assay_scenario_new("smoke");

    (void)state;
    assay_scenario_topology(s, ASSAY_STAR, 1, 0);
    assay_scenario_expect_consensus_liveness(s);
    assay_scenario_membership_check(s, 7);
    assert_int_equal(assay_scenario_build(s), ASSAY_OK);
    assert_non_null(strstr(assay_scenario_manifest(s), "membership_check = yes\n"));
    assay_scenario_membership_check(s, 0);
    assert_int_equal(assay_scenario_build(s), ASSAY_OK);
    assert_non_null(strstr(assay_scenario_manifest(s), "membership_check = no\n"));
}

static void no_scenario_is_refused_by_build_alone(void **state)
{
    (void)state;
    assay_scenario_topology(NULL, ASSAY_STAR, 1, 1);
    assay_scenario_node(NULL, "validator-0", "a", "b", NULL);
    assay_scenario_wallets(NULL, 1);
    assay_scenario_transactions(NULL, 1, 1);
    assay_scenario_da(NULL, 1, 1, 1);
    assay_scenario_chaos_restart(NULL, NULL);
    assay_scenario_enable_node_control(NULL);
    assay_scenario_membership_check(NULL, 1);
    assay_scenario_nodes(NULL, ASSAY_STAR, 1);
    assay_scenario_expect_consensus_liveness(NULL);
    assay_scenario_run_duration(NULL, 1);
    assay_scenario_seed(NULL, 1);
    assay_scenario_section(NULL, "a", NULL);
    assay_scenario_set(NULL, "a", "b", "c");
    assay_scenario_override(NULL, "a.b=c");
    assay_scenario_free(NULL);
    assert_int_equal(assay_scenario_build(NULL), ASSAY_E_NOMEM);
    assert_string_equal(assay_scenario_problems(NULL), "out of memory\n");
    assert_string_equal(assay_scenario_manifest(NULL), "");
}

static void every_failed_allocation_is_reported_by_build(void **state)
{
    bool has_failed = true;
    uint64_t n = 1;

    (void)state;
    for (; has_failed; n++) {
        assay_scenario *s = NULL;
        assay_status status = ASSAY_OK;

        mem_fail_at(n, n % 2 ? MEM_FAIL_ONCE : MEM_FAIL_FOREVER);
        s = assay_scenario_new("smoke");
        assay_scenario_topology(s, ASSAY_STAR, 1, 1);
        assay_scenario_wallets(s, 50);
        assay_scenario_transactions(s, 5, 20);
        assay_scenario_node(s, "validator-0", "a", "b", NULL);
        status = assay_scenario_build(s);
        has_failed = mem_has_failed();
        mem_fail_at(0, MEM_FAIL_ONCE);
        assert_int_equal(status, has_failed ? ASSAY_E_NOMEM : ASSAY_OK);
        if (has_failed)
            assert_says(s, "out of memory");
        assay_scenario_free(s);
    }
    assert_true(n > 20);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_vocabulary_makes_a_plan),
        cmocka_unit_test(builder_and_manifest_end_in_the_same_plan),
        cmocka_unit_test(a_later_call_replaces_an_earlier_one),
        cmocka_unit_test(errors_stick_and_are_reported_together),
        cmocka_unit_test(more_users_than_accounts_are_refused),
        cmocka_unit_test(data_availability_needs_an_executor),
        cmocka_unit_test(chaos_needs_node_control),
        cmocka_unit_test(chaos_has_defaults),
        cmocka_unit_test(an_older_chaos_struct_is_understood),
        cmocka_unit_test(impossible_chaos_is_refused),
        cmocka_unit_test(a_manifest_can_be_read_and_built_upon),
        cmocka_unit_test(a_manifest_that_is_not_there_is_reported_by_build),
        cmocka_unit_test(a_change_after_build_asks_for_another_build),
        cmocka_unit_test(nodes_of_one_kind_take_the_place_of_the_others),
        cmocka_unit_test(the_membership_check_is_an_option_of_the_system),
        cmocka_unit_test(no_scenario_is_refused_by_build_alone),
        cmocka_unit_test(every_failed_allocation_is_reported_by_build),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

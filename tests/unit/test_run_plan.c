/* From a manifest to a plan: every problem is told, with what to do, and nothing else happens. The
   plugins are those of the build. */
#include "framework/run/plan.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "framework/base/file.h"
#include "framework/plugin/digest.h"

#define PLUGINS ASSAY_BUILD_DIR "/lib/assay"

static const char *const directories[] = {PLUGINS, NULL};

struct bench {
    char directory[64], path[96];
    struct plan plan;
    struct str problems;
};

static int setup(void **state)
{
    struct bench *bench = calloc(1, sizeof(*bench));

    assert_non_null(bench);
    (void)snprintf(bench->directory, sizeof(bench->directory), "/tmp/assay-test-plan-XXXXXX");
    assert_non_null(mkdtemp(bench->directory));
    (void)snprintf(bench->path, sizeof(bench->path), "%s/m.ini", bench->directory);
    plan_init(&bench->plan);
    str_init(&bench->problems, 65536);
    *state = bench;
    return 0;
}

static int teardown(void **state)
{
    struct bench *bench = *state;

    plan_done(&bench->plan);
    str_done(&bench->problems);
    (void)dir_remove(bench->directory, NULL);
    free(bench);
    return 0;
}

static assay_status load(struct bench *bench, const char *text, const char *const *sets)
{
    const struct file_text content = {.data = (char *)(uintptr_t)text, .size = strlen(text)};
    const struct plan_options options = {
        .plugin_directories = directories, .allow_untrusted = true};
    assay_status s;

    assert_int_equal(file_write(bench->path, &content, FILE_PLAIN, NULL), ASSAY_OK);
    s = plan_load(
        &bench->plan, &(const struct plan_source){.path = bench->path, .sets = sets}, &options);
    (void)problems_write(&bench->plan.problems, &bench->problems);
    return s;
}

static void assert_refused(struct bench *bench, const char *text, const char *problem)
{
    assert_int_equal(load(bench, text, NULL), ASSAY_E_INVALID);
    if (!strstr(str_text(&bench->problems), problem))
        fail_msg("'%s' is not in '%s'", problem, str_text(&bench->problems));
}

#define GOOD                                                                                       \
    "[run]\nduration = 5s\n[topology]\nvalidators = 2\nexecutors = 1\n[wallets]\ncount = 10\n"     \
    "[workload.transactions]\nrate = 1\nusers = 5\n[expectation.agreement]\n"

static void a_good_manifest_becomes_a_plan(void **state)
{
    struct bench *bench = *state;

    if (load(bench, GOOD, NULL))
        fail_msg("%s", str_text(&bench->problems));
    assert_int_equal(bench->plan.instances.count, 4); /* the system and deployer are implied */
    assert_string_equal(bench->plan.system->descriptor.id, "assay.nomos");
    assert_string_equal(bench->plan.deployer->descriptor.id, "assay.local");
    assert_int_equal(bench->plan.topology->node_count, 3);
    for (uint32_t node = 0; node < 3; node++)
        assert_non_null(bench->plan.overrides[node]); /* defaults at least */
}

static void sets_replace_what_the_file_says(void **state)
{
    static const char *const sets[] = {"topology.validators=7", NULL};
    struct bench *bench = *state;

    assert_int_equal(load(bench, GOOD, sets), ASSAY_OK);
    assert_int_equal(bench->plan.topology->node_count, 8);
}

static void a_set_that_is_wrong_is_told_as_such(void **state)
{
    static const char *const sets[] = {"run.duration", NULL};
    struct bench *bench = *state;

    assert_int_equal(load(bench, GOOD, sets), ASSAY_E_INVALID);
    assert_non_null(strstr(str_text(&bench->problems), "--set"));
}

static void a_file_that_is_not_there_is_named(void **state)
{
    struct bench *bench = *state;

    assert_int_equal(
        plan_load(&bench->plan, &(const struct plan_source){.path = "/nonexistent/x.ini"},
            &(const struct plan_options){.plugin_directories = directories}),
        ASSAY_E_INVALID);
    (void)problems_write(&bench->plan.problems, &bench->problems);
    assert_non_null(strstr(str_text(&bench->problems), "/nonexistent/x.ini: No such file"));
}

static void an_unknown_plugin_is_told_with_its_line(void **state)
{
    assert_refused(*state, GOOD "[expectation.agreemnt]\n", "m.ini:12: ");
}

static void a_plugin_of_another_kind_is_refused(void **state)
{
    assert_refused(*state, GOOD "[expectation.x]\nplugin = transactions\n", "m.ini:13: ");
}

static void an_unknown_option_of_a_plugin_is_told_with_the_one_meant(void **state)
{
    assert_refused(*state, "[workload.transactions]\nrat = 1\nusers = 5\n[expectation.agreement]\n",
        "did you mean 'rate'");
}

static void a_node_that_the_topology_lacks_is_told_with_the_one_meant(void **state)
{
    assert_refused(*state, GOOD "[node.validator-9]\n", "did you mean 'validator-0'");
}

static void a_node_that_is_like_none_is_told_with_how_they_are_named(void **state)
{
    assert_refused(*state, GOOD "[node.quartermaster]\n", "named as in validator-0");
}

static void an_option_that_nodes_do_not_have_is_refused(void **state)
{
    assert_refused(*state, GOOD "[node.validator-1]\nmisbehav = lie\n", "did you mean 'misbehave'");
}

static void a_topology_without_nodes_is_refused(void **state)
{
    assert_refused(
        *state, "[topology]\nvalidators = 0\nexecutors = 0\n[expectation.agreement]\n", "node");
}

static void all_problems_are_told_at_once(void **state)
{
    struct bench *bench = *state;

    assert_refused(bench,
        "[run]\nduratoin = 5s\n[workload.transactions]\nrat = 1\n[expectation.agreemnt]\n",
        "m.ini:2: ");
    assert_non_null(strstr(str_text(&bench->problems), "m.ini:4: "));
    assert_non_null(strstr(str_text(&bench->problems), "m.ini:5: "));
}

static void nothing_that_is_missing_may_be_acted_upon(void **state)
{
    struct bench *bench = *state;

    assert_int_equal(plan_control_actions(&bench->plan), 0); /* before anything is loaded */
}

#define on_bench(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

/* The same manifest with the file of its expectation pinned. */
static char *pinned(const char *digest)
{
    char *text = str_format("%ssha256 = %s\n", GOOD, digest);

    assert_non_null(text);
    return text;
}

static void a_pinned_plugin_file_is_taken_and_any_other_refused(void **state)
{
    struct bench *bench = *state;
    auto_free char *good = NULL;
    auto_free char *bad = NULL;
    auto_free char *nonsense = pinned("12");
    auto_str struct str written = STR_INIT(65536);
    char digest[SHA256_TEXT_SIZE];
    const struct plan_instance *last;

    assert_int_equal(load(bench, GOOD, NULL), ASSAY_OK);
    last = vec_at(&bench->plan.instances, bench->plan.instances.count - 1);
    assert_int_equal(library_digest(last->plugin->library, digest, NULL), ASSAY_OK);

    good = pinned(digest);
    plan_done(&bench->plan);
    plan_init(&bench->plan);
    assert_int_equal(load(bench, good, NULL), ASSAY_OK);
    assert_int_equal(manifest_write(&bench->plan.manifest, &written), ASSAY_OK);
    assert_non_null(strstr(str_text(&written), digest));

    digest[0] = digest[0] == '0' ? '1' : '0';
    bad = pinned(digest);
    plan_done(&bench->plan);
    plan_init(&bench->plan);
    assert_refused(bench, bad, "m.ini:12: ");
    assert_non_null(strstr(str_text(&bench->problems), "not the file that was vouched for"));

    plan_done(&bench->plan);
    plan_init(&bench->plan);
    assert_refused(bench, nonsense, "it should be 64 hexadecimal digits");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        on_bench(a_good_manifest_becomes_a_plan),
        on_bench(a_pinned_plugin_file_is_taken_and_any_other_refused),
        on_bench(sets_replace_what_the_file_says),
        on_bench(a_set_that_is_wrong_is_told_as_such),
        on_bench(a_file_that_is_not_there_is_named),
        on_bench(an_unknown_plugin_is_told_with_its_line),
        on_bench(a_plugin_of_another_kind_is_refused),
        on_bench(an_unknown_option_of_a_plugin_is_told_with_the_one_meant),
        on_bench(a_node_that_the_topology_lacks_is_told_with_the_one_meant),
        on_bench(a_node_that_is_like_none_is_told_with_how_they_are_named),
        on_bench(an_option_that_nodes_do_not_have_is_refused),
        on_bench(a_topology_without_nodes_is_refused),
        on_bench(all_problems_are_told_at_once),
        on_bench(nothing_that_is_missing_may_be_acted_upon),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Manifests written back: they must read as the same plan, and explain must tell the truth. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "framework/base/mem.h"
#include "framework/base/number.h"
#include "framework/config/manifest.h"
#include "tests/unit/support/ini_text.h"

enum {
    TEXT_MAX = 10 * 1000 * 1000
};

struct options {
    int64_t rate;
    const char *title, *token;
    const char *const *peers;
};

static const assay_option option_table[] = {
    {"rate", ASSAY_INT, 0, offsetof(struct options, rate), "5", "1..", "The rate."},
    {"title", ASSAY_TEXT, 0, offsetof(struct options, title), NULL, NULL, "A title."},
    {"token", ASSAY_TEXT, ASSAY_SECRET, offsetof(struct options, token), NULL, NULL, "A token."},
    {"peers", ASSAY_LIST, 0, offsetof(struct options, peers), NULL, NULL, "Peers."},
};

static const struct schema schema = {
    option_table, sizeof(assay_option), ARRAY_COUNT(option_table), sizeof(struct options)};

/* A plan: everything from an ini to resolved options. */
struct plan {
    struct ini ini;
    struct problems problems;
    struct manifest manifest;
};

static void plan_init(struct plan *plan)
{
    ini_init(&plan->ini);
    problems_init(&plan->problems);
    manifest_init(&plan->manifest);
}

static void plan_done(struct plan *plan)
{
    manifest_done(&plan->manifest);
    ini_done(&plan->ini);
    problems_done(&plan->problems);
}

static void plan_resolve(struct plan *plan)
{
    manifest_read(&plan->manifest, &plan->ini, &plan->problems);
    VEC_EACH(struct instance, instance, &plan->manifest.instances)
        manifest_resolve(instance, &schema, &plan->problems);
    VEC_EACH(struct node_section, node, &plan->manifest.nodes)
        manifest_resolve_node(node, &schema, &plan->problems);
}

static void put(struct plan *plan, const char *section, const char *key, const char *value)
{
    const struct setting setting = {
        .key = key, .value = value, .origin = {.kind = ORIGIN_BUILDER, .name = "test"}};

    ini_put(&plan->ini, section, &setting, &plan->problems);
}

static void assert_same_values(const struct values *a, const struct values *b)
{
    assert_int_equal(a->count, b->count);
    for (size_t i = 0; i < a->count; i++) {
        assert_string_equal(a->list[i].name, b->list[i].name);
        if (!a->list[i].text || !b->list[i].text)
            assert_ptr_equal(a->list[i].text, b->list[i].text);
        else
            assert_string_equal(a->list[i].text, b->list[i].text);
    }
}

/* Writes the plan, reads it again, and compares everything. */
static void assert_round_trip(struct plan *plan)
{
    auto_str struct str first = STR_INIT(TEXT_MAX);
    auto_str struct str second = STR_INIT(TEXT_MAX);
    struct plan again;

    assert_no_problem(&plan->problems);
    assert_int_equal(manifest_write(&plan->manifest, &first), ASSAY_OK);
    plan_init(&again);
    read_text(&again.ini, str_text(&first), &again.problems);
    plan_resolve(&again);
    assert_no_problem(&again.problems);

    assert_true(plan->manifest.run.seed == again.manifest.run.seed);
    assert_same_values(&plan->manifest.run_values, &again.manifest.run_values);
    assert_same_values(&plan->manifest.topology_values, &again.manifest.topology_values);
    assert_same_values(&plan->manifest.wallet_values, &again.manifest.wallet_values);
    assert_int_equal(plan->manifest.instances.count, again.manifest.instances.count);
    for (size_t i = 0; i < plan->manifest.instances.count; i++) {
        const struct instance *a = vec_at(&plan->manifest.instances, i);
        const struct instance *b = vec_at(&again.manifest.instances, i);

        assert_string_equal(a->name, b->name);
        assert_string_equal(a->plugin_id, b->plugin_id);
        assert_same_values(&a->values, &b->values);
    }
    assert_int_equal(plan->manifest.nodes.count, again.manifest.nodes.count);
    assert_int_equal(manifest_write(&again.manifest, &second), ASSAY_OK);
    assert_string_equal(str_text(&first), str_text(&second));
    plan_done(&again);
}

static void an_ordinary_manifest_reads_back(void **state)
{
    struct plan plan;

    (void)state;
    plan_init(&plan);
    read_text(&plan.ini,
        "[run]\nduration = 90s\n[topology]\nvalidators = 3\n[node.validator-2]\nrate = 7\n"
        "[workload.b]\nplugin = acme.tx-burst\npeers = a, b\n  c\n[expectation.e]\n",
        &plan.problems);
    plan_resolve(&plan);
    assert_round_trip(&plan);
    plan_done(&plan);
}

static void awkward_values_read_back(void **state)
{
    static const char *const values[] = {"$", "$$", "${HOME}", "$ {", "#x", "a;b", "a#b #c",
        "key = value", "[section]", "\\", "ends in a backslash\\", "a, b, c", "comma,",
        "tab\tinside", "\xC3\xA4\xE2\x82\xAC", "\"quoted\"", "two  blanks", "a=b, c = d, [e]", ""};
    struct plan plan;

    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(values); i++) {
        plan_init(&plan);
        put(&plan, "workload.b", "title", values[i]);
        plan_resolve(&plan);
        assert_round_trip(&plan);
        plan_done(&plan);
    }
}

static void long_values_of_any_kind_read_back(void **state)
{
    static const char *const pieces[] = {"word ", "0123456789", ", ", "=", " x = ", "[a] ", "\\",
        "\\\\", "$", "${", "\xF0\x9F\x98\x80", "  ", "#", " #", ":", "a,b", ", [b]", ", c = d"};
    uint64_t x = 88172645463325252U;

    (void)state;
    for (int round = 0; round < 1500; round++) {
        auto_str struct str value = STR_INIT(4000);
        struct plan plan;

        (void)str_append(&value, "v");
        for (uint64_t i = 0; i < 20 + (uint64_t)round % 80; i++) {
            x ^= x << 13;
            x ^= x >> 7;
            x ^= x << 17;
            (void)str_append(&value, pieces[x % ARRAY_COUNT(pieces)]);
        }
        (void)str_append(&value, "v");
        plan_init(&plan);
        put(&plan, "workload.b", "title", str_text(&value));
        put(&plan, "workload.b", "peers", str_text(&value));
        plan_resolve(&plan);
        assert_round_trip(&plan);
        plan_done(&plan);
    }
}

static void long_values_are_not_cut_inside_a_character(void **state)
{
    (void)state;
    for (int lead = 0; lead < 4; lead++) { /* every alignment to the margin */
        auto_str struct str value = STR_INIT(4000);
        struct plan plan;

        for (int i = 0; i < lead; i++)
            (void)str_append(&value, "x");
        for (int i = 0; i < 200; i++)
            (void)str_append(&value, "\xF0\x9F\x98\x80");
        plan_init(&plan);
        put(&plan, "workload.b", "title", str_text(&value));
        plan_resolve(&plan);
        assert_round_trip(&plan);
        plan_done(&plan);
    }
}

static void no_written_line_is_too_long(void **state)
{
    auto_str struct str value = STR_INIT(4000);
    auto_str struct str text = STR_INIT(TEXT_MAX);
    struct plan plan;

    (void)state;
    for (int i = 0; i < 300; i++)
        (void)str_append(&value, i % 7 ? "0123456" : ", abc");
    plan_init(&plan);
    put(&plan, "workload.b", "title", str_text(&value));
    plan_resolve(&plan);
    assert_int_equal(manifest_write(&plan.manifest, &text), ASSAY_OK);
    for (const char *line = str_text(&text); line; line = strchr(line, '\n')) {
        line += *line == '\n';
        assert_true(strcspn(line, "\n") <= 100);
    }
    plan_done(&plan);
}

static void what_cannot_be_written_is_an_error_not_another_value(void **state)
{
    auto_str struct str text = STR_INIT(TEXT_MAX);
    char value[600];
    struct plan plan;

    (void)state;
    memset(value, '#', sizeof value); /* no line may begin with any of it */
    value[sizeof value - 1] = '\0';
    plan_init(&plan);
    put(&plan, "workload.b", "title", value);
    plan_resolve(&plan);
    assert_int_equal(manifest_write(&plan.manifest, &text), ASSAY_E_INVALID);
    plan_done(&plan);
}

static void secrets_are_not_written(void **state)
{
    auto_str struct str text = STR_INIT(TEXT_MAX);
    struct plan plan;

    (void)state;
    plan_init(&plan);
    put(&plan, "workload.b", "token", "hunter2");
    plan_resolve(&plan);
    (void)manifest_write(&plan.manifest, &text);
    (void)manifest_explain(&plan.manifest, &text);
    assert_null(strstr(str_text(&text), "hunter2"));
    assert_non_null(strstr(str_text(&text), "; token is secret"));
    plan_done(&plan);
}

static void a_secret_from_the_environment_stays_there(void **state)
{
    auto_str struct str text = STR_INIT(TEXT_MAX);
    struct plan plan;

    (void)state;
    assert_int_equal(setenv("ASSAY_TEST_TOKEN", "hunter2", 1), 0);
    plan_init(&plan);
    read_text(&plan.ini, "[workload.b]\ntoken = x-${ASSAY_TEST_TOKEN}\n", &plan.problems);
    plan_resolve(&plan);
    assert_round_trip(&plan);
    (void)manifest_write(&plan.manifest, &text);
    assert_null(strstr(str_text(&text), "hunter2"));
    assert_non_null(strstr(str_text(&text), "token = x-${ASSAY_TEST_TOKEN}\n"));
    plan_done(&plan);
}

static void explain_shows_where_each_value_came_from(void **state)
{
    static const char *const lines[] = {
        "duration = 90s                          ; m.ini:2\n",
        "seed = 7                                ; --set\n",
        "grace = 5s                              ; default\n",
        "name = x                                ; m.ini:3, $ASSAY_TEST_NAME\n",
        "keep = always                           ; $NOMOS_TESTS_KEEP_LOGS\n",
        "plugin = assay.b                        ; default\n",
        "; title is not set\n",
    };
    auto_str struct str text = STR_INIT(TEXT_MAX);
    struct plan plan;

    (void)state;
    assert_int_equal(setenv("ASSAY_TEST_NAME", "x", 1), 0);
    assert_int_equal(setenv("NOMOS_TESTS_KEEP_LOGS", "1", 1), 0);
    plan_init(&plan);
    read_text(&plan.ini, "[run]\nduration = 90s\nname = ${ASSAY_TEST_NAME}\n[workload.b]\n",
        &plan.problems);
    ini_set(&plan.ini, "run.seed=7", &plan.problems);
    plan_resolve(&plan);
    assert_int_equal(unsetenv("NOMOS_TESTS_KEEP_LOGS"), 0);
    assert_int_equal(manifest_explain(&plan.manifest, &text), ASSAY_OK);
    for (size_t i = 0; i < ARRAY_COUNT(lines); i++) {
        if (!strstr(str_text(&text), lines[i]))
            fail_msg("'%s' is not in\n%s", lines[i], str_text(&text));
    }
    plan_done(&plan);
}

static void explain_reads_back_too(void **state)
{
    auto_str struct str text = STR_INIT(TEXT_MAX);
    struct plan plan;
    struct plan again;

    (void)state;
    plan_init(&plan);
    put(&plan, "workload.b", "title",
        "a long one that needs two lines because it does not end before the margin, nor soon "
        "after");
    plan_resolve(&plan);
    (void)manifest_explain(&plan.manifest, &text);
    plan_init(&again);
    read_text(&again.ini, str_text(&text), &again.problems);
    plan_resolve(&again);
    assert_no_problem(&again.problems);
    assert_same_values(&manifest_find_kind(&plan.manifest, ASSAY_WORKLOAD)->values,
        &manifest_find_kind(&again.manifest, ASSAY_WORKLOAD)->values);
    plan_done(&plan);
    plan_done(&again);
}

static void unresolved_sections_are_written_as_they_were(void **state)
{
    auto_str struct str text = STR_INIT(TEXT_MAX);
    struct plan plan;

    (void)state;
    assert_int_equal(setenv("ASSAY_TEST_NAME", "x", 1), 0);
    plan_init(&plan);
    read_text(&plan.ini,
        "[node.validator-0]\na = $$1\n[workload.b]\nplugin = acme.b\nb = ${ASSAY_TEST_NAME}\n",
        &plan.problems);
    manifest_read(&plan.manifest, &plan.ini, &plan.problems);
    assert_int_equal(manifest_write(&plan.manifest, &text), ASSAY_OK);
    assert_non_null(strstr(str_text(&text), "[node.validator-0]\na = $$1\n"));
    assert_non_null(
        strstr(str_text(&text), "[workload.b]\nplugin = acme.b\nb = ${ASSAY_TEST_NAME}\n"));
    plan_done(&plan);
}

static void a_full_buffer_is_an_error(void **state)
{
    auto_str struct str text = STR_INIT(100);
    struct plan plan;

    (void)state;
    plan_init(&plan);
    plan_resolve(&plan);
    assert_int_equal(manifest_write(&plan.manifest, &text), ASSAY_E_INVALID);
    plan_done(&plan);
}

static void every_failed_allocation_is_reported(void **state)
{
    struct plan plan;
    bool has_failed = true;
    uint64_t n = 1;

    (void)state;
    plan_init(&plan);
    read_text(&plan.ini, "[workload.b]\ntitle = x\n", &plan.problems);
    plan_resolve(&plan);
    for (; has_failed; n++) {
        auto_str struct str text = STR_INIT(TEXT_MAX);
        assay_status status = ASSAY_OK;

        mem_fail_at(n, MEM_FAIL_ONCE);
        status = manifest_explain(&plan.manifest, &text);
        has_failed = mem_has_failed();
        mem_fail_at(0, MEM_FAIL_ONCE);
        assert_int_equal(status, has_failed ? ASSAY_E_NOMEM : ASSAY_OK);
    }
    assert_true(n > 5);
    plan_done(&plan);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_ordinary_manifest_reads_back),
        cmocka_unit_test(awkward_values_read_back),
        cmocka_unit_test(long_values_of_any_kind_read_back),
        cmocka_unit_test(long_values_are_not_cut_inside_a_character),
        cmocka_unit_test(no_written_line_is_too_long),
        cmocka_unit_test(what_cannot_be_written_is_an_error_not_another_value),
        cmocka_unit_test(secrets_are_not_written),
        cmocka_unit_test(a_secret_from_the_environment_stays_there),
        cmocka_unit_test(explain_shows_where_each_value_came_from),
        cmocka_unit_test(explain_reads_back_too),
        cmocka_unit_test(unresolved_sections_are_written_as_they_were),
        cmocka_unit_test(a_full_buffer_is_an_error),
        cmocka_unit_test(every_failed_allocation_is_reported),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

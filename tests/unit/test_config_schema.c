#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "framework/base/mem.h"
#include "framework/base/number.h"
#include "framework/config/schema.h"
#include "tests/unit/support/ini_text.h"

struct options {
    int64_t flag, count, span, size;
    double share;
    const char *title, *mode, *token;
    const char *const *peers;
};

#define FIELD(name) offsetof(struct options, name)

static const assay_option all_options[] = {
    {"flag", ASSAY_BOOL, 0, FIELD(flag), "no", NULL, "A flag."},
    {"count", ASSAY_INT, 0, FIELD(count), "5", "1..10", "A count."},
    {"span", ASSAY_SPAN, 0, FIELD(span), "1s", "10ms..", "A span."},
    {"size", ASSAY_SIZE, 0, FIELD(size), "1KiB", "..1MiB", "A size."},
    {"share", ASSAY_REAL, 0, FIELD(share), "0.5", "0..1", "A share."},
    {"title", ASSAY_TEXT, 0, FIELD(title), NULL, NULL, "A title."},
    {"mode", ASSAY_CHOICE, 0, FIELD(mode), "fast", "fast|slow|stopped", "A mode."},
    {"token", ASSAY_TEXT, ASSAY_SECRET, FIELD(token), NULL, NULL, "A token."},
    {"peers", ASSAY_LIST, 0, FIELD(peers), NULL, NULL, "Peers."},
};

static const struct schema all = {
    all_options, sizeof(assay_option), ARRAY_COUNT(all_options), sizeof(struct options)};

/* A section [x], its problems and values, new for each test. */
struct fixture {
    struct ini ini;
    struct problems problems;
    struct values values;
};

static int set_up(void **state)
{
    static struct fixture fixture;

    ini_init(&fixture.ini);
    problems_init(&fixture.problems);
    values_init(&fixture.values);
    *state = &fixture;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;

    ini_done(&f->ini);
    problems_done(&f->problems);
    values_done(&f->values);
    return 0;
}

/* Fills the options from a text that begins with [x]. */
static const struct options *fill(struct fixture *f, const struct schema *schema, const char *text)
{
    read_text(&f->ini, text, &f->problems);
    schema_fill_instance(schema, "x", ini_find(&f->ini, "x"), &f->values, &f->problems);
    return f->values.data;
}

static void defaults_fill_what_is_not_given(void **state)
{
    struct fixture *f = *state;
    const struct options *options = fill(f, &all, "");

    assert_no_problem(&f->problems);
    assert_int_equal(options->flag, 0);
    assert_int_equal(options->count, 5);
    assert_true(options->span == ASSAY_SECOND);
    assert_int_equal(options->size, 1024);
    assert_true(options->share == 0.5);
    assert_null(options->title);
    assert_string_equal(options->mode, "fast");
    assert_non_null(options->peers);
    assert_null(options->peers[0]);
    assert_int_equal(values_find(&f->values, "count")->origin.kind, ORIGIN_DEFAULT);
    assert_string_equal(values_find(&f->values, "count")->text, "5");
    assert_null(values_find(&f->values, "title")->text);
    assert_null(values_find(&f->values, "nothing"));
}

static void given_values_fill_their_fields(void **state)
{
    struct fixture *f = *state;
    const struct options *options = fill(f, &all,
        "[x]\nplugin = assay.x\nflag = yes\ncount = 10\nspan = 10ms\nsize = 1MiB\nshare = 1\n"
        "title = a b\nmode = stopped\ntoken = t\npeers = a, b,c\n  d\n");

    assert_no_problem(&f->problems);
    assert_int_equal(options->flag, 1);
    assert_int_equal(options->count, 10);
    assert_true(options->span == 10 * ASSAY_MS);
    assert_int_equal(options->size, 1 << 20);
    assert_true(options->share == 1.0);
    assert_string_equal(options->title, "a b");
    assert_string_equal(options->mode, "stopped");
    assert_string_equal(options->token, "t");
    assert_string_equal(options->peers[0], "a");
    assert_string_equal(options->peers[3], "d");
    assert_null(options->peers[4]);
    assert_int_equal(values_find(&f->values, "count")->origin.line, 4);
}

static void values_outlive_their_text(void **state)
{
    struct fixture *f = *state;
    const struct options *options = fill(f, &all, "[x]\ntitle = long lived\npeers = a b\n");

    ini_done(&f->ini);
    assert_string_equal(options->title, "long lived");
    assert_string_equal(options->peers[1], "b");
}

static void what_is_wrong_with_a_value_is_said(void **state)
{
    static const struct {
        const char *line;
        const char *expected;
    } cases[] = {
        {"flag = maybe", "[x] flag: 'maybe' is neither true nor false"},
        {"count = 11", "[x] count: '11' is not in 1..10"},
        {"count = 0", "[x] count: '0' is not in 1..10"},
        {"count = few", "'few' is not a whole number"},
        {"span = 9ms", "'9ms' is not in 10ms.."},
        {"span = 10", "'10' has no unit"},
        {"size = 2MiB", "'2MiB' is not in ..1MiB"},
        {"share = 1.01", "'1.01' is not in 0..1"},
        {"share = -0.01", "'-0.01' is not in 0..1"},
        {"mode = stoped", "'stoped' is none of fast|slow|stopped; did you mean 'stopped'?"},
        {"mode = wild", "'wild' is none of fast|slow|stopped"},
        {"mode =", "'' is none of fast|slow|stopped"},
        {"coutn = 1", "[x] has no option 'coutn'; did you mean 'count'?"},
        {"elephant = 1", "[x] has no option 'elephant'"},
    };
    struct fixture *f = *state;

    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        auto_free char *text = str_format("[x]\n%s\n", cases[i].line);

        (void)tear_down(state);
        (void)set_up(state);
        (void)fill(f, &all, text);
        assert_problem(&f->problems, "m.ini:2", cases[i].expected);
    }
}

static void every_problem_of_a_section_is_reported(void **state)
{
    struct fixture *f = *state;

    (void)fill(f, &all, "[x]\nflag = 1\ncount = x\nspan = 1\nbogus = 1\nmode = m\n");
    assert_int_equal(f->problems.error_count, 5);
}

static void the_bounds_belong_to_the_range(void **state)
{
    struct fixture *f = *state;

    (void)fill(f, &all, "[x]\ncount = 1\nsize = 1MiB\nshare = 0\nspan = 10ms\n");
    assert_no_problem(&f->problems);
}

static void a_required_option_must_be_given(void **state)
{
    static const assay_option options[] = {
        {"key", ASSAY_TEXT, ASSAY_REQUIRED, 0, NULL, NULL, "The key to use."}};
    const struct schema schema = {options, sizeof options[0], 1, sizeof(char *)};
    struct fixture *f = *state;

    (void)fill(f, &schema, "\n[x]\n");
    assert_problem(&f->problems, "m.ini:2", "[x] needs the option 'key': The key to use.");
}

static void a_required_list_must_be_given(void **state)
{
    static const assay_option options[] = {
        {"keys", ASSAY_LIST, ASSAY_REQUIRED, 0, NULL, NULL, "The keys to use."}};
    const struct schema schema = {options, sizeof options[0], 1, sizeof(char *)};
    struct fixture *f = *state;

    (void)fill(f, &schema, "[x]\n");
    assert_problem(&f->problems, "m.ini:1", "[x] needs the option 'keys'");
}

static void a_deprecated_option_warns_and_works(void **state)
{
    static const assay_option options[] = {
        {"old", ASSAY_INT, ASSAY_DEPRECATED, 0, "1", NULL, "Use 'new'."}};
    const struct schema schema = {options, sizeof options[0], 1, sizeof(int64_t)};
    struct fixture *f = *state;
    const int64_t *value = NULL;

    read_text(&f->ini, "[x]\nold = 7\n", &f->problems);
    schema_fill(&schema, "x", ini_find(&f->ini, "x"), &f->values, &f->problems);
    value = f->values.data;
    assert_problem(&f->problems, "m.ini:2", "[x] 'old' is deprecated: Use 'new'.");
    assert_int_equal(problems_status(&f->problems), ASSAY_OK);
    assert_int_equal(*value, 7);
}

static void a_secret_is_not_repeated_in_messages(void **state)
{
    static const assay_option options[] = {
        {"pin", ASSAY_INT, ASSAY_SECRET, 0, "1", "1..9", "A pin."}};
    const struct schema schema = {options, sizeof options[0], 1, sizeof(int64_t)};
    struct fixture *f = *state;

    (void)fill(f, &schema, "[x]\npin = 4711\n");
    assert_problem(&f->problems, "m.ini:2", "the value, which is secret");
    assert_null(strstr(((struct problem *)vec_at(&f->problems.list, 0))->text, "4711"));
}

static void a_value_reported_broken_is_not_reported_again(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(unsetenv("ASSAY_TEST_UNSET"), 0);
    (void)fill(f, &all, "[x]\ncount = ${ASSAY_TEST_UNSET}\n");
    assert_problem(&f->problems, "m.ini:2", "ASSAY_TEST_UNSET is not set");
}

static void a_list_too_long_is_refused(void **state)
{
    struct fixture *f = *state;
    auto_str struct str text = STR_INIT(100000);

    (void)str_append(&text, "[x]\npeers =\n");
    for (int i = 0; i < 4097; i++)
        (void)str_append(&text, " a,\n");
    (void)fill(f, &all, str_text(&text));
    assert_problem(&f->problems, "m.ini:2", "more than 4096 items");
}

static void larger_entries_of_a_newer_plugin_are_understood(void **state)
{
    static const struct newer {
        assay_option option;
        const char *something_new[2];
    } entries[] = {
        {{"a", ASSAY_INT, 0, 0, "1", NULL, "A."}, {"x", "y"}},
        {{"b", ASSAY_INT, 0, 8, "2", NULL, "B."}, {"x", "y"}},
    };
    const struct schema schema = {&entries[0].option, sizeof entries[0], 2, 16};
    struct fixture *f = *state;
    const int64_t *values = NULL;

    assert_int_equal(schema_check(&schema, NULL), ASSAY_OK);
    schema_fill(&schema, "x", NULL, &f->values, &f->problems);
    values = f->values.data;
    assert_int_equal(values[0], 1);
    assert_int_equal(values[1], 2);
}

/* ---- the table itself ---- */

static void a_sound_table_is_accepted(void **state)
{
    const struct schema empty = {NULL, 0, 0, 0};
    struct error err;

    (void)state;
    error_clear(&err);
    assert_int_equal(schema_check(&all, &err), ASSAY_OK);
    assert_int_equal(schema_check(&empty, &err), ASSAY_OK);
}

static void what_is_wrong_with_a_table_is_said(void **state)
{
    static const struct {
        assay_option option;
        const char *expected;
    } cases[] = {
        {{NULL, ASSAY_INT, 0, 0, "1", NULL, "H."}, "option number 1"},
        {{"", ASSAY_INT, 0, 0, "1", NULL, "H."}, "the name must be"},
        {{"Upper", ASSAY_INT, 0, 0, "1", NULL, "H."}, "the name must be"},
        {{"plugin", ASSAY_INT, 0, 0, "1", NULL, "H."}, "belongs to the manifest"},
        {{"x", 0, 0, 0, "1", NULL, "H."}, "type 0 is not known"},
        {{"x", 99, 0, 0, "1", NULL, "H."}, "type 99 is not known"},
        {{"x", ASSAY_INT, 64, 0, "1", NULL, "H."}, "flags 0x40 are not known"},
        {{"x", ASSAY_INT, 0, 16, "1", NULL, "H."}, "outside of the options struct"},
        {{"x", ASSAY_INT, 0, SIZE_MAX - 3, "1", NULL, "H."}, "outside of the options struct"},
        {{"x", ASSAY_INT, 0, 4, "1", NULL, "H."}, "not aligned"},
        {{"x", ASSAY_INT, 0, 8, "1", NULL, "H."}, "the same field as 'first'"},
        {{"first", ASSAY_INT, 0, 0, "1", NULL, "H."}, "'first' is there twice"},
        {{"x", ASSAY_INT, 0, 0, "1", NULL, NULL}, "no help"},
        {{"x", ASSAY_INT, 0, 0, "1", NULL, ""}, "no help"},
        {{"x", ASSAY_INT, 0, 0, NULL, NULL, "H."}, "no fallback"},
        {{"x", ASSAY_INT, ASSAY_REQUIRED, 0, "1", NULL, "H."}, "a required option"},
        {{"x", ASSAY_INT, 0, 0, "many", NULL, "H."}, "fallback: 'many' is not"},
        {{"x", ASSAY_INT, 0, 0, "9", "1..5", "H."}, "fallback: '9' is not in 1..5"},
        {{"x", ASSAY_INT, 0, 0, "1", "1-5", "H."}, "is not low..high"},
        {{"x", ASSAY_INT, 0, 0, "1", "5..1", "H."}, "is empty"},
        {{"x", ASSAY_INT, 0, 0, "1", "a..b", "H."}, "range 'a..b'"},
        {{"x", ASSAY_REAL, 0, 0, "1", "0.9..0.1", "H."}, "is empty"},
        {{"x", ASSAY_BOOL, 0, 0, "no", "no..yes", "H."}, "has no range"},
        {{"x", ASSAY_CHOICE, 0, 0, "a", NULL, "H."}, "needs a range"},
        {{"x", ASSAY_CHOICE, 0, 0, "a", "", "H."}, "is not a|b|c"},
        {{"x", ASSAY_CHOICE, 0, 0, "a", "a||b", "H."}, "is not a|b|c"},
        {{"x", ASSAY_CHOICE, 0, 0, "a", "a|b|", "H."}, "is not a|b|c"},
        {{"x", ASSAY_CHOICE, 0, 0, "c", "a|b", "H."}, "'c' is none of a|b"},
    };
    struct error err;

    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        const assay_option table[] = {{"first", ASSAY_INT, 0, 8, "1", NULL, "H."}, cases[i].option};
        const bool is_first = i < 3; /* these are numbered, not named */
        const struct schema schema = {
            is_first ? table + 1 : table, sizeof table[0], is_first ? 1 : 2, 16};

        error_clear(&err);
        assert_int_equal(schema_check(&schema, &err), ASSAY_E_INVALID);
        if (!strstr(err.text, cases[i].expected))
            fail_msg("'%s' does not say '%s'", err.text, cases[i].expected);
    }
}

static void a_table_beyond_the_limits_is_refused(void **state)
{
    const struct schema too_many = {all_options, sizeof(assay_option), SCHEMA_OPTIONS_MAX + 1, 8};
    const struct schema too_large = {
        all_options, sizeof(assay_option), 1, SCHEMA_STRUCT_SIZE_MAX + 1};
    const struct schema too_narrow = {all_options, sizeof(assay_option) - 8, 1, 100};
    const struct schema missing = {NULL, sizeof(assay_option), 1, 100};

    (void)state;
    assert_int_equal(schema_check(&too_many, NULL), ASSAY_E_INVALID);
    assert_int_equal(schema_check(&too_large, NULL), ASSAY_E_INVALID);
    assert_int_equal(schema_check(&too_narrow, NULL), ASSAY_E_INVALID);
    assert_int_equal(schema_check(&missing, NULL), ASSAY_E_INVALID);
}

static void every_failed_allocation_is_reported(void **state)
{
    bool has_failed = true;
    uint64_t n = 1;

    (void)state;
    for (; has_failed; n++) {
        auto_ini struct ini ini;
        auto_problems struct problems problems;
        auto_values struct values values;

        ini_init(&ini);
        problems_init(&problems);
        values_init(&values);
        read_text(&ini, "[x]\ntitle = a\npeers = a b\ncount = 3\nwrong = 1\n", &problems);
        mem_fail_at(n, n % 2 ? MEM_FAIL_ONCE : MEM_FAIL_FOREVER);
        schema_fill(&all, "x", ini_find(&ini, "x"), &values, &problems);
        has_failed = mem_has_failed();
        mem_fail_at(0, MEM_FAIL_ONCE);
        assert_int_equal(problems_status(&problems), has_failed ? ASSAY_E_NOMEM : ASSAY_E_INVALID);
    }
    assert_true(n > 5);
}

#define fresh(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        fresh(defaults_fill_what_is_not_given),
        fresh(given_values_fill_their_fields),
        fresh(values_outlive_their_text),
        fresh(what_is_wrong_with_a_value_is_said),
        fresh(every_problem_of_a_section_is_reported),
        fresh(the_bounds_belong_to_the_range),
        fresh(a_required_option_must_be_given),
        fresh(a_required_list_must_be_given),
        fresh(a_deprecated_option_warns_and_works),
        fresh(a_secret_is_not_repeated_in_messages),
        fresh(a_value_reported_broken_is_not_reported_again),
        fresh(a_list_too_long_is_refused),
        fresh(larger_entries_of_a_newer_plugin_are_understood),
        cmocka_unit_test(a_sound_table_is_accepted),
        cmocka_unit_test(what_is_wrong_with_a_table_is_said),
        cmocka_unit_test(a_table_beyond_the_limits_is_refused),
        cmocka_unit_test(every_failed_allocation_is_reported),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

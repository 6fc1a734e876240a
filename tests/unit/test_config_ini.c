#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "framework/base/file.h"
#include "framework/base/mem.h"
#include "framework/config/ini.h"
#include "tests/unit/support/ini_text.h"

/* An ini and its problems, new for each test. */
struct fixture {
    struct ini ini;
    struct problems problems;
};

static int set_up(void **state)
{
    static struct fixture fixture;

    ini_init(&fixture.ini);
    problems_init(&fixture.problems);
    *state = &fixture;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;

    ini_done(&f->ini);
    problems_done(&f->problems);
    return 0;
}

static const struct setting *find(struct fixture *f, const char *section, const char *key)
{
    const struct section *found = ini_find(&f->ini, section);

    return found ? section_find(found, key) : NULL;
}

/* The value, of a setting that must be there. */
static const char *value_of(struct fixture *f, const char *section, const char *key)
{
    const struct setting *setting = find(f, section, key);

    assert_non_null(setting);
    return setting->value;
}

static void sections_and_settings_keep_order_and_place(void **state)
{
    struct fixture *f = *state;
    const struct section *second = NULL;

    read_text(&f->ini, "[b]\nx = 1\n\n[a]\nz=2\ny =3\n", &f->problems);

    assert_no_problem(&f->problems);
    assert_int_equal(f->ini.sections.count, 2);
    second = vec_at(&f->ini.sections, 1);
    assert_string_equal(second->name, "a");
    assert_int_equal(second->origin.line, 4);
    assert_string_equal(((struct setting *)vec_at(&second->settings, 0))->key, "z");
    assert_string_equal(((struct setting *)vec_at(&second->settings, 1))->key, "y");
    assert_string_equal(value_of(f, "b", "x"), "1");
    assert_int_equal(find(f, "a", "y")->origin.line, 6);
    assert_string_equal(find(f, "a", "y")->origin.name, "m.ini");
}

static void a_section_without_keys_is_there(void **state)
{
    struct fixture *f = *state;

    read_text(&f->ini, "[workload.chaos]\n[empty]", &f->problems);
    assert_no_problem(&f->problems);
    assert_int_equal(f->ini.sections.count, 2);
}

static void comments_are_skipped(void **state)
{
    struct fixture *f = *state;

    read_text(&f->ini,
        "; one\n# two\n[a] ; three\nx = 1 ; four\ny = a;b#c\n  ; five\n  d ; six\nz =\n",
        &f->problems);
    assert_no_problem(&f->problems);
    assert_string_equal(value_of(f, "a", "x"), "1");
    assert_string_equal(value_of(f, "a", "y"), "a;b#c d");
    assert_string_equal(value_of(f, "a", "z"), "");
}

static void windows_line_ends_and_a_bom_are_fine(void **state)
{
    struct fixture *f = *state;

    read_text(&f->ini, "\xEF\xBB\xBF[a]\r\nx = 1\r\ny = 2\r\n", &f->problems);
    assert_no_problem(&f->problems);
    assert_string_equal(value_of(f, "a", "x"), "1");
    assert_string_equal(value_of(f, "a", "y"), "2");
}

static void an_indented_line_continues_the_value(void **state)
{
    struct fixture *f = *state;

    read_text(&f->ini, "[a]\nx = one,\n    two\n\n\tthree\ny = long\\\n  er\nz =\n  late\n",
        &f->problems);
    assert_no_problem(&f->problems);
    assert_string_equal(value_of(f, "a", "x"), "one, two three");
    assert_string_equal(value_of(f, "a", "y"), "longer");
    assert_string_equal(value_of(f, "a", "z"), "late");
}

static void the_first_key_of_a_section_may_be_indented(void **state)
{
    struct fixture *f = *state;

    read_text(&f->ini, "[a]\n  x = 1\n[b]\n  y = 2\n", &f->problems);
    assert_no_problem(&f->problems);
    assert_string_equal(value_of(f, "a", "x"), "1");
    assert_string_equal(value_of(f, "b", "y"), "2");
}

static void an_indented_key_is_refused_not_swallowed(void **state)
{
    struct fixture *f = *state;

    read_text(&f->ini, "[a]\nx = 1\n  y = 2\n", &f->problems);
    assert_problem(&f->problems, "m.ini:3", "looks like 'y'");
    assert_string_equal(value_of(f, "a", "x"), "1");
}

static void an_indented_section_is_refused_not_swallowed(void **state)
{
    struct fixture *f = *state;

    read_text(&f->ini, "[a]\nx = 1\n  [b]\n", &f->problems);
    assert_problem(&f->problems, "m.ini:3", "move it to the left margin");
}

static void a_comma_or_backslash_announces_what_looks_like_a_key(void **state)
{
    struct fixture *f = *state;

    read_text(&f->ini, "[a]\nx = A=1,\n  b=2\ny = a\\\n b=2\nz = A=1\n  B=2\n", &f->problems);
    assert_no_problem(&f->problems);
    assert_string_equal(value_of(f, "a", "x"), "A=1, b=2");
    assert_string_equal(value_of(f, "a", "y"), "ab=2");
    assert_string_equal(value_of(f, "a", "z"), "A=1 B=2"); /* capitals: a variable, no key */
}

/* "x = " and a value, so that the line has len bytes. */
static char *line_of(size_t len)
{
    char *text = mem_new(len + 6);

    assert_non_null(text);
    (void)snprintf(text, len + 6, "[a]\nx = ");
    memset(text + 8, 'v', len - 4);
    text[len + 4] = '\n';
    return text;
}

static void a_line_of_199_bytes_is_taken_whole(void **state)
{
    struct fixture *f = *state;
    auto_free char *text = line_of(199);

    read_text(&f->ini, text, &f->problems);
    assert_no_problem(&f->problems);
    assert_int_equal(strlen(value_of(f, "a", "x")), 195);
}

static void a_line_of_200_bytes_is_an_error_not_a_cut_value(void **state)
{
    struct fixture *f = *state;
    auto_free char *text = line_of(200);

    read_text(&f->ini, text, &f->problems);
    assert_problem(
        &f->problems, "m.ini:2", "line is longer than 199 bytes; continue it on an indented line");
    assert_true(find(f, "a", "x")->is_broken);
}

static void a_long_continuation_breaks_the_value_too(void **state)
{
    struct fixture *f = *state;
    auto_free char *text = line_of(300);

    memcpy(text, "[a]\nx = 1\n  ", 12);
    read_text(&f->ini, text, &f->problems);
    assert_problem(&f->problems, "m.ini:3", "line is longer than 199 bytes");
    assert_true(find(f, "a", "x")->is_broken);
}

static void a_long_comment_is_no_error(void **state)
{
    struct fixture *f = *state;
    auto_free char *text = line_of(1000);

    text[4] = '#';
    read_text(&f->ini, text, &f->problems);
    assert_no_problem(&f->problems);
}

static void long_values_fit_on_several_lines(void **state)
{
    struct fixture *f = *state;
    auto_str struct str text = STR_INIT(100000);

    (void)str_append(&text, "[a]\nx = start\n");
    for (int i = 0; i < 500; i++)
        (void)str_append(&text, "  0123456789012345678901234567890123456789,\n");
    read_text(&f->ini, str_text(&text), &f->problems);
    assert_no_problem(&f->problems);
    assert_int_equal(strlen(value_of(f, "a", "x")), 5 + 500 * 42);
}

static void a_value_beyond_the_maximum_is_refused(void **state)
{
    struct fixture *f = *state;
    auto_str struct str text = STR_INIT(200000);

    (void)str_append(&text, "[a]\nx = start\n");
    for (int i = 0; i < 2000; i++)
        (void)str_append(&text, "  0123456789012345678901234567890123456789,\n");
    (void)str_append(&text, "y = 1\n");
    read_text(&f->ini, str_text(&text), &f->problems);
    assert_problem(&f->problems, "m.ini:2", "the value is too long");
    assert_string_equal(value_of(f, "a", "y"), "1");
}

static void a_doubled_key_names_the_first(void **state)
{
    struct fixture *f = *state;

    read_text(&f->ini, "[a]\nx = 1\ny = 2\nx = 3\n  more\n", &f->problems);
    assert_problem(&f->problems, "m.ini:4", "[a] has 'x' twice, first in line 2");
    assert_string_equal(value_of(f, "a", "x"), "1");
}

static void a_doubled_section_names_the_first(void **state)
{
    struct fixture *f = *state;

    read_text(&f->ini, "[a]\nx = 1\n[b]\n[a]\ny = 2\n", &f->problems);
    assert_problem(&f->problems, "m.ini:4", "section [a] is there twice, first in line 1");
}

static void text_above_the_first_section_is_refused(void **state)
{
    struct fixture *f = *state;

    read_text(&f->ini, "x = 1\n[a]\n", &f->problems);
    assert_problem(&f->problems, "m.ini:1", "'x' stands in no section");
}

static void lines_of_no_kind_are_refused(void **state)
{
    struct fixture *f = *state;

    read_text(&f->ini, "[a]\nx = 1\nnonsense\n  and more\n", &f->problems);
    assert_problem(&f->problems, "m.ini:3", "neither key = value nor [section]");
    assert_string_equal(value_of(f, "a", "x"), "1");
}

static void a_colon_is_no_equals_sign(void **state)
{
    struct fixture *f = *state;

    read_text(&f->ini, "[a]\nx: 1\n", &f->problems);
    assert_problem(&f->problems, "m.ini:2", "neither key = value");
}

static void broken_headers_swallow_their_keys_without_more_complaints(void **state)
{
    static const char *const headers[] = {"[a", "[a] b = 1", "[]", "[a]]", "[a b]", "[",
        "[\xC3\xA4]", "[0123456789012345678901234567890123456789012345678]"};
    struct fixture *f = *state;

    for (size_t i = 0; i < sizeof headers / sizeof headers[0]; i++) {
        auto_free char *text = str_format("[ok]\nx = 1\n%s\nx = 1\n", headers[i]);

        (void)tear_down(state);
        (void)set_up(state);
        read_text(&f->ini, text, &f->problems);
        assert_problem(&f->problems, "m.ini:3", "");
        assert_int_equal(f->ini.sections.count, 1);
    }
}

static void a_section_of_48_bytes_is_taken_whole(void **state)
{
    struct fixture *f = *state;

    read_text(&f->ini, "[012345678901234567890123456789012345678901234567]\nx=1\n", &f->problems);
    assert_no_problem(&f->problems);
    assert_string_equal(value_of(f, "012345678901234567890123456789012345678901234567", "x"), "1");
}

static void bad_keys_are_refused(void **state)
{
    static const char *const keys[] = {
        "", "a b", "a$", "0123456789012345678901234567890123456789012345678"};
    struct fixture *f = *state;

    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        auto_free char *text = str_format("[a]\n%s = 1\n  more\n", keys[i]);

        (void)tear_down(state);
        (void)set_up(state);
        read_text(&f->ini, text, &f->problems);
        assert_true(f->problems.error_count > 0);
        assert_string_equal(((struct problem *)vec_at(&f->problems.list, 0))->where, "m.ini:2");
    }
}

static void bytes_that_are_no_text_are_refused(void **state)
{
    struct fixture *f = *state;

    read_text(&f->ini, "[a]\nx = \xE4\ny = a\x01z\nz = \x7F\nok = 1\n", &f->problems);
    assert_int_equal(f->problems.error_count, 3);
    assert_true(find(f, "a", "x")->is_broken);
    assert_true(find(f, "a", "y")->is_broken);
    assert_true(find(f, "a", "z")->is_broken);
    assert_string_equal(value_of(f, "a", "ok"), "1");
}

static void a_file_with_nul_bytes_is_no_manifest(void **state)
{
    struct fixture *f = *state;
    const struct file_text text = {.data = (char[]){"[a]\nx\0 = 1\n"}, .size = 11};

    ini_read_text(&f->ini, "m.ini", &text, &f->problems);
    assert_problem(&f->problems, "m.ini:1", "not a text file");
}

static void an_empty_text_has_no_sections(void **state)
{
    struct fixture *f = *state;
    const struct file_text text = {.data = NULL, .size = 0};

    ini_read_text(&f->ini, "m.ini", &text, &f->problems);
    assert_no_problem(&f->problems);
    assert_int_equal(f->ini.sections.count, 0);
}

static void problems_of_a_file_come_in_order_of_lines(void **state)
{
    struct fixture *f = *state;
    auto_str struct str text = STR_INIT(1000);

    read_text(&f->ini, "[a]\nx = ${ASSAY_TEST_UNSET}\nbad\n[b\n", &f->problems);
    assert_int_equal(problems_write(&f->problems, &text), ASSAY_OK);
    assert_string_equal(str_text(&text),
        "m.ini:2: [a] x: environment variable ASSAY_TEST_UNSET is not set; set it, or write "
        "${ASSAY_TEST_UNSET:-default}\n"
        "m.ini:3: 'bad' is neither key = value nor [section]\n"
        "m.ini:4: '[b' is not a section; write [name] and nothing else in the line\n");
}

/* ---- the environment ---- */

static void variables_are_expanded(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(setenv("ASSAY_TEST_A", "7", 1), 0);
    assert_int_equal(setenv("ASSAY_TEST_EMPTY", "", 1), 0);
    assert_int_equal(unsetenv("ASSAY_TEST_UNSET"), 0);
    read_text(&f->ini,
        "[a]\nx = <${ASSAY_TEST_A}>\ny = ${ASSAY_TEST_UNSET:-d e}${ASSAY_TEST_EMPTY:-f}\n"
        "z = $$ $x $${A} $\nw = ${ASSAY_TEST_EMPTY}\nv = ${ASSAY_TEST_A:-9}\n",
        &f->problems);
    assert_no_problem(&f->problems);
    assert_string_equal(value_of(f, "a", "x"), "<7>");
    assert_string_equal(value_of(f, "a", "y"), "d ef");
    assert_string_equal(value_of(f, "a", "z"), "$ $x ${A} $");
    assert_string_equal(value_of(f, "a", "w"), "");
    assert_string_equal(value_of(f, "a", "v"), "7");
    assert_string_equal(find(f, "a", "x")->origin.variable, "ASSAY_TEST_A");
    assert_string_equal(find(f, "a", "x")->raw, "<${ASSAY_TEST_A}>");
    assert_null(find(f, "a", "z")->origin.variable);
}

static void what_a_variable_holds_is_not_expanded_again(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(setenv("ASSAY_TEST_A", "${HOME} $$", 1), 0);
    read_text(&f->ini, "[a]\nx = ${ASSAY_TEST_A}\n", &f->problems);
    assert_no_problem(&f->problems);
    assert_string_equal(value_of(f, "a", "x"), "${HOME} $$");
}

static void malformed_references_are_refused(void **state)
{
    static const struct {
        const char *value;
        const char *expected;
    } cases[] = {
        {"${A", "has no closing }"},
        {"${}", "does not name a variable"},
        {"${1A}", "does not name a variable"},
        {"${A-b}", "neither ${NAME} nor"},
        {"${A B}", "neither ${NAME} nor"},
        {"${:-x}", "does not name a variable"},
    };
    struct fixture *f = *state;

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        auto_free char *text = str_format("[a]\nx = %s\n", cases[i].value);

        (void)tear_down(state);
        (void)set_up(state);
        read_text(&f->ini, text, &f->problems);
        assert_problem(&f->problems, "m.ini:2", cases[i].expected);
        assert_true(find(f, "a", "x")->is_broken);
    }
}

static void a_variable_cannot_smuggle_in_lines_or_comments(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(setenv("ASSAY_TEST_A", "1\ny = 2", 1), 0);
    assert_int_equal(setenv("ASSAY_TEST_B", "1 ; y", 1), 0);
    read_text(&f->ini, "[a]\nx = ${ASSAY_TEST_A}\nz = ${ASSAY_TEST_B}\n", &f->problems);
    assert_int_equal(f->problems.error_count, 2);
    assert_true(find(f, "a", "x")->is_broken);
    assert_true(find(f, "a", "z")->is_broken);
}

static void a_variable_that_is_too_long_is_refused(void **state)
{
    struct fixture *f = *state;
    auto_free char *huge = mem_new(INI_VALUE_SIZE_MAX + 2);

    memset(huge, 'x', INI_VALUE_SIZE_MAX + 1);
    assert_int_equal(setenv("ASSAY_TEST_A", huge, 1), 0);
    read_text(&f->ini, "[a]\nx = ${ASSAY_TEST_A}\n", &f->problems);
    assert_int_equal(unsetenv("ASSAY_TEST_A"), 0);
    assert_problem(&f->problems, "m.ini:2", "longer than 65536 bytes");
}

/* ---- --set ---- */

static void set_replaces_and_adds(void **state)
{
    struct fixture *f = *state;

    read_text(&f->ini, "[run]\nduration = 1s\n", &f->problems);
    ini_set(&f->ini, "run.duration=2s", &f->problems);
    ini_set(&f->ini, "workload.burst.rate = a=b.c ", &f->problems);
    ini_set(&f->ini, "run.name=", &f->problems);

    assert_no_problem(&f->problems);
    assert_string_equal(value_of(f, "run", "duration"), "2s");
    assert_int_equal(find(f, "run", "duration")->origin.kind, ORIGIN_SET);
    assert_string_equal(value_of(f, "workload.burst", "rate"), "a=b.c");
    assert_string_equal(value_of(f, "run", "name"), "");
}

static void set_takes_values_literally(void **state)
{
    struct fixture *f = *state;

    ini_set(&f->ini, "a.x=${HOME} $$", &f->problems);
    assert_no_problem(&f->problems);
    assert_string_equal(value_of(f, "a", "x"), "${HOME} $$");
}

static void malformed_assignments_are_refused(void **state)
{
    static const char *const texts[] = {"", "x", "x=1", ".x=1", "a.=1", "a b.x=1", "a.x y=1",
        "a.x=1\n2", "a.x=\xFF", "a.x=1 ;2", "a.x=;2", "=", "a.x"};
    struct fixture *f = *state;

    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        (void)tear_down(state);
        (void)set_up(state);
        ini_set(&f->ini, texts[i], &f->problems);
        assert_problem(&f->problems, "--set", "");
        assert_int_equal(f->ini.sections.count, 0);
    }
}

static void a_file_that_cannot_be_read_is_a_problem(void **state)
{
    struct fixture *f = *state;

    ini_read_file(&f->ini, "/nonexistent/m.ini", &f->problems);
    assert_problem(&f->problems, "", "/nonexistent/m.ini: No such file or directory");
}

static void too_many_settings_are_refused(void **state)
{
    struct fixture *f = *state;

    for (int i = 0; i <= INI_SETTINGS_MAX; i++) {
        auto_free char *text = str_format("a.k%d=1", i);

        ini_set(&f->ini, text, &f->problems);
    }
    assert_problem(&f->problems, "--set", "more than 1024 settings");
}

/* ---- all at once ---- */

static const char everything[] = "[a]\nx = 1, 2,\n  3\ny = ${ASSAY_TEST_A:-d}\n[b.c]\nz = $$\n"
                                 "bad\nx: 1\n[b.c]\nz = 1\n[d\n";

static void every_failed_allocation_is_reported(void **state)
{
    uint64_t n = 1;
    bool has_failed = true;

    (void)state;
    for (; has_failed; n++) {
        auto_ini struct ini ini;
        auto_problems struct problems problems;

        ini_init(&ini);
        problems_init(&problems);
        mem_fail_at(n, n % 2 ? MEM_FAIL_ONCE : MEM_FAIL_FOREVER);
        read_text(&ini, everything, &problems);
        ini_set(&ini, "a.new=1", &problems);
        has_failed = mem_has_failed();
        mem_fail_at(0, MEM_FAIL_ONCE);
        assert_int_equal(problems_status(&problems), has_failed ? ASSAY_E_NOMEM : ASSAY_E_INVALID);
    }
    assert_true(n > 20);
}

/* Pieces that mean something, in any order, and now and then any byte. */
static void random_texts_are_survived(void **state)
{
    static const char *const pieces[] = {"[", "]", "=", "\n", "\r\n", " ", "\t", ";", "#", "a",
        "key", "[run]\n", "${", "}", "$", ":-", "\\", ",", "\xC3\xA4", "x = 1\n", "  ", "A", "\x01",
        "\xFF", "0123456789012345678901234567890123456789012345678901234567890123456789"};
    uint64_t x = 88172645463325252U;

    (void)state;
    for (int round = 0; round < 3000; round++) {
        auto_str struct str text = STR_INIT(10000);
        auto_ini struct ini ini;
        auto_problems struct problems problems;

        ini_init(&ini);
        problems_init(&problems);
        for (int i = 0; i < 60; i++) {
            x ^= x << 13;
            x ^= x >> 7;
            x ^= x << 17;
            (void)str_append(&text, pieces[x % (sizeof pieces / sizeof pieces[0])]);
        }
        read_text(&ini, str_text(&text), &problems);
        VEC_EACH(const struct section, section, &ini.sections) {
            assert_true(strlen(section->name) > 0);
            VEC_EACH(const struct setting, setting, &section->settings) {
                assert_true(setting->origin.line > section->origin.line);
                assert_true(!setting->is_broken || problems.error_count > 0);
            }
        }
    }
}

#define fresh(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        fresh(sections_and_settings_keep_order_and_place),
        fresh(a_section_without_keys_is_there),
        fresh(comments_are_skipped),
        fresh(windows_line_ends_and_a_bom_are_fine),
        fresh(an_indented_line_continues_the_value),
        fresh(the_first_key_of_a_section_may_be_indented),
        fresh(an_indented_key_is_refused_not_swallowed),
        fresh(an_indented_section_is_refused_not_swallowed),
        fresh(a_comma_or_backslash_announces_what_looks_like_a_key),
        fresh(a_line_of_199_bytes_is_taken_whole),
        fresh(a_line_of_200_bytes_is_an_error_not_a_cut_value),
        fresh(a_long_continuation_breaks_the_value_too),
        fresh(a_long_comment_is_no_error),
        fresh(long_values_fit_on_several_lines),
        fresh(a_value_beyond_the_maximum_is_refused),
        fresh(a_doubled_key_names_the_first),
        fresh(a_doubled_section_names_the_first),
        fresh(text_above_the_first_section_is_refused),
        fresh(lines_of_no_kind_are_refused),
        fresh(a_colon_is_no_equals_sign),
        fresh(broken_headers_swallow_their_keys_without_more_complaints),
        fresh(a_section_of_48_bytes_is_taken_whole),
        fresh(bad_keys_are_refused),
        fresh(bytes_that_are_no_text_are_refused),
        fresh(a_file_with_nul_bytes_is_no_manifest),
        fresh(an_empty_text_has_no_sections),
        fresh(problems_of_a_file_come_in_order_of_lines),
        fresh(variables_are_expanded),
        fresh(what_a_variable_holds_is_not_expanded_again),
        fresh(malformed_references_are_refused),
        fresh(a_variable_cannot_smuggle_in_lines_or_comments),
        fresh(a_variable_that_is_too_long_is_refused),
        fresh(set_replaces_and_adds),
        fresh(set_takes_values_literally),
        fresh(malformed_assignments_are_refused),
        fresh(a_file_that_cannot_be_read_is_a_problem),
        fresh(too_many_settings_are_refused),
        fresh(every_failed_allocation_is_reported),
        fresh(random_texts_are_survived),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

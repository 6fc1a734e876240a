/* utf8, suggest, path: small ones about text. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "framework/base/cleanup.h"
#include "framework/base/mem.h"
#include "framework/base/path.h"
#include "framework/base/str.h"
#include "framework/base/suggest.h"
#include "framework/base/utf8.h"

static void utf8_of_every_length_is_valid(void **state)
{
    static const char text[] = "a\xC3\xA4\xE2\x82\xAC\xF0\x9F\x98\x80\xED\x9F\xBF\xF4\x8F\xBF\xBF";

    (void)state;
    assert_int_equal(utf8_valid_prefix(text, sizeof text - 1), sizeof text - 1);
    assert_int_equal(utf8_valid_prefix("", 0), 0);
}

static void what_is_not_utf8_ends_the_valid_part(void **state)
{
    static const char *const texts[] = {
        "ab\xC0\x80",         /* NUL in two bytes */
        "ab\xE0\x80\xAF",     /* slash in three */
        "ab\xED\xA0\x80",     /* a surrogate */
        "ab\xF4\x90\x80\x80", /* beyond the last character */
        "ab\xF8\x88\x80\x80", /* five bytes */
        "ab\x80",             /* a tail without head */
        "ab\xC3",             /* a head without tail */
        "ab\xE2\x82",         /* cut short */
        "ab\xC3z",
        "ab\xE4",
    };

    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        assert_int_equal(utf8_valid_prefix(texts[i], strlen(texts[i])), 2);
}

static const char *nearest(const char *wanted)
{
    static const char *const known[] = {"duration", "seed", "cooldown", "validators", "settle"};
    struct suggestion suggestion;

    suggestion_init(&suggestion, wanted);
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
        suggestion_offer(&suggestion, known[i]);
    return suggestion.best;
}

static void slips_find_the_name_that_was_meant(void **state)
{
    (void)state;
    assert_string_equal(nearest("duratoin"), "duration");  /* swapped */
    assert_string_equal(nearest("sed"), "seed");           /* lost */
    assert_string_equal(nearest("cooldoown"), "cooldown"); /* doubled */
    assert_string_equal(nearest("Validators"), "validators");
    assert_string_equal(nearest("cool-down"), "cooldown");
    assert_string_equal(nearest("setlte"), "settle");
}

static void a_distant_name_is_no_help(void **state)
{
    static const char long_name[] =
        "seedseedseedseedseedseedseedseedseedseedseedseedseedseedseedseedseedseed";

    (void)state;
    assert_null(nearest("wallets"));
    assert_null(nearest("x"));
    assert_null(nearest(""));
    assert_null(nearest(long_name));
}

static void joining_puts_one_slash_between(void **state)
{
    auto_free char *plain = path_join("a", "b");
    auto_free char *slashed = path_join("a/", "b");
    auto_free char *absolute = path_join("a", "/b");
    auto_free char *bare = path_join("", "b");

    (void)state;
    assert_string_equal(plain, "a/b");
    assert_string_equal(slashed, "a/b");
    assert_string_equal(absolute, "/b");
    assert_string_equal(bare, "b");
    mem_fail_at(1, MEM_FAIL_FOREVER);
    assert_null(path_join("a", "b"));
    mem_fail_at(0, MEM_FAIL_ONCE);
}

static void only_plain_names_name_files(void **state)
{
    char long_name[200];

    (void)state;
    assert_true(path_is_plain_name("node-0_a.b+c@d"));
    assert_false(path_is_plain_name(""));
    assert_false(path_is_plain_name("."));
    assert_false(path_is_plain_name(".."));
    assert_false(path_is_plain_name(".hidden"));
    assert_false(path_is_plain_name("-rf"));
    assert_false(path_is_plain_name("a/b"));
    assert_false(path_is_plain_name("a b"));
    assert_false(path_is_plain_name("a\n"));
    assert_false(path_is_plain_name("\xC3\xA4"));
    memset(long_name, 'a', sizeof long_name);
    long_name[129] = '\0';
    assert_false(path_is_plain_name(long_name));
    long_name[128] = '\0';
    assert_true(path_is_plain_name(long_name));
}

static void the_base_is_behind_the_last_slash(void **state)
{
    (void)state;
    assert_string_equal(path_base("a/b/c.ini"), "c.ini");
    assert_string_equal(path_base("c.ini"), "c.ini");
    assert_string_equal(path_base("a/"), "");
}

static void a_relative_path_is_made_absolute(void **state)
{
    auto_free char *made = NULL;
    auto_free char *kept = NULL;
    char here[4096];
    struct error err;

    (void)state;
    assert_non_null(getcwd(here, sizeof here));
    assert_int_equal(path_absolute("x", &made, NULL), ASSAY_OK);
    assert_int_equal(path_absolute("/x", &kept, NULL), ASSAY_OK);
    assert_memory_equal(made, here, strlen(here));
    assert_string_equal(made + strlen(made) - 2, "/x");
    assert_string_equal(kept, "/x");
    mem_fail_at(1, MEM_FAIL_FOREVER);
    assert_int_equal(path_absolute("x", &kept, &err), ASSAY_E_NOMEM);
    mem_fail_at(0, MEM_FAIL_ONCE);
}

static void paths_below_the_working_directory_are_shown_short(void **state)
{
    auto_free char *made = NULL;
    auto_free char *beside = NULL;
    char here[4096];

    (void)state;
    assert_non_null(getcwd(here, sizeof here));
    assert_int_equal(path_absolute("runs/a", &made, NULL), ASSAY_OK);
    beside = str_format("%s-beside/a", here);
    assert_string_equal(path_shown(made), "runs/a");
    assert_string_equal(path_shown(beside), beside);
    assert_string_equal(path_shown(here), here);
    assert_string_equal(path_shown("runs/a"), "runs/a");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(utf8_of_every_length_is_valid),
        cmocka_unit_test(what_is_not_utf8_ends_the_valid_part),
        cmocka_unit_test(slips_find_the_name_that_was_meant),
        cmocka_unit_test(a_distant_name_is_no_help),
        cmocka_unit_test(joining_puts_one_slash_between),
        cmocka_unit_test(only_plain_names_name_files),
        cmocka_unit_test(the_base_is_behind_the_last_slash),
        cmocka_unit_test(a_relative_path_is_made_absolute),
        cmocka_unit_test(paths_below_the_working_directory_are_shown_short),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

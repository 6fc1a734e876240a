/* Finding plugins by id. The tree has copies of the sample libraries under names of its own. */
#include "framework/plugin/catalogue.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include <assay/plugin.h>

#include "framework/base/file.h"
#include "framework/base/mem.h"
#include "framework/base/str.h"

#define RUN_DIR  ASSAY_BUILD_DIR "/tests/plugins/run"
#define LOAD_DIR ASSAY_BUILD_DIR "/tests/plugins/load"

struct tree {
    char *root, *one, *two; /* two empty directories under root, canonical */
};

static char *must(char *text)
{
    assert_non_null(text);
    return text;
}

static int set_up(void **state)
{
    struct tree *tree = calloc(1, sizeof(*tree));
    char root[] = "catalogue-XXXXXX";

    assert_non_null(tree);
    assert_non_null(mkdtemp(root));
    tree->root = must(realpath(root, NULL));
    tree->one = must(str_format("%s/one", tree->root));
    tree->two = must(str_format("%s/two", tree->root));
    assert_int_equal(mkdir(tree->one, 0755), 0);
    assert_int_equal(mkdir(tree->two, 0755), 0);
    *state = tree;
    return 0;
}

static int tear_down(void **state)
{
    struct tree *tree = *state;

    (void)unsetenv("ASSAY_PLUGIN_PATH");
    (void)dir_remove(tree->root, NULL);
    free(tree->root);
    free(tree->one);
    free(tree->two);
    free(tree);
    return 0;
}

/* Puts a file into a directory, with the content of another. */
static void place(const char *source, const char *directory, const char *name)
{
    auto_free char *path = must(str_format("%s/%s", directory, name));
    struct file_text text;
    struct error err = {.text = ""};

    if (file_read(source, 64 << 20, &text, &err) || file_write(path, &text, FILE_PLAIN, &err))
        fail_msg("%s", err.text);
    assert_int_equal(chmod(path, 0644), 0);
    free(text.data);
}

static void place_text(const char *content, const char *directory, const char *name)
{
    auto_free char *path = must(str_format("%s/%s", directory, name));
    char copy[100];

    (void)snprintf(copy, sizeof(copy), "%s", content);
    assert_int_equal(
        file_write(path, &(struct file_text){copy, strlen(copy)}, FILE_PLAIN, NULL), ASSAY_OK);
    assert_int_equal(chmod(path, 0644), 0);
}

/* A catalogue of these directories alone; either may be NULL. */
static struct catalogue *catalogue_of(const char *first, const char *second)
{
    const char *const directories[] = {first, second, NULL};
    struct catalogue *cat = NULL;
    struct error err = {.text = ""};
    const struct catalogue_options options = {
        .directories = directories, .no_environment = true, .no_own = true};

    if (catalogue_new(&options, &cat, &err))
        fail_msg("%s", err.text);
    return cat;
}

static void finds(struct catalogue *cat, const char *id, const char *directory, const char *name)
{
    auto_free char *wanted = must(str_format("%s/%s", directory, name));
    auto_free char *path = NULL;
    struct error err = {.text = ""};

    if (catalogue_find(cat, id, 0, &path, &err))
        fail_msg("%s", err.text);
    assert_string_equal(path, wanted);
}

static void finds_not(struct catalogue *cat, const char *id, assay_status wanted, const char *text)
{
    char *path = NULL;
    struct error err = {.text = ""};

    assert_int_equal(catalogue_find(cat, id, 0, &path, &err), wanted);
    assert_null(path);
    if (!strstr(err.text, text))
        fail_msg("\"%s\" is not in: %s", text, err.text);
}

/* ---- ids ---- */

static void an_id_is_vendor_dot_name(void **state)
{
    static const char *const good[] = {"a.b", "assay.local", "acme.tx-burst", "a1-_.b2_-"};
    static const char *const bad[] = {"", ".", "a", "a.", ".b", "a.b.c", "A.b", "a.B", "1a.b",
        "a.1b", "a.b ", "a/../b.c", "-a.b", "a.b\n", "\xc3\xa4.b"};
    char longest[65] = "a.";

    (void)state;
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
        if (!plugin_id_is_valid(good[i]))
            fail_msg("%s", good[i]);
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        if (plugin_id_is_valid(bad[i]))
            fail_msg("%s", bad[i]);
    memset(longest + 2, 'x', 61);
    assert_true(plugin_id_is_valid(longest));
    longest[63] = 'x';
    assert_false(plugin_id_is_valid(longest));
}

/* ---- finding ---- */

static void a_plugin_is_in_the_file_of_its_name(void **state)
{
    struct tree *tree = *state;
    auto_catalogue struct catalogue *cat = catalogue_of(tree->one, tree->two);

    place(LOAD_DIR "/bad.nothing.so", tree->two, "bad.nothing.so");
    finds(cat, "bad.nothing", tree->two, "bad.nothing.so");
}

static void or_in_the_file_of_its_vendor(void **state)
{
    struct tree *tree = *state;
    auto_catalogue struct catalogue *cat = catalogue_of(tree->one, tree->two);

    place(RUN_DIR "/sample.so", tree->one, "sample.so");
    finds(cat, "sample.judge", tree->one, "sample.so");
    finds(cat, "sample.still", tree->one, "sample.so");
}

static void an_id_in_two_places_is_an_error_naming_both(void **state)
{
    struct tree *tree = *state;
    auto_catalogue struct catalogue *cat = catalogue_of(tree->one, tree->two);
    auto_free char *text =
        must(str_format("sample.judge is in two places, %s/sample.so and %s/sample.judge.so",
            tree->one, tree->two));

    place(RUN_DIR "/sample.so", tree->one, "sample.so");
    place(RUN_DIR "/sample.so", tree->two, "sample.judge.so");
    finds_not(cat, "sample.judge", ASSAY_E_INVALID, text);
}

static void a_directory_named_twice_is_one_place(void **state)
{
    struct tree *tree = *state;
    auto_free char *again = must(str_format("%s/../one/.", tree->one));
    auto_catalogue struct catalogue *cat = catalogue_of(tree->one, again);

    place(LOAD_DIR "/bad.nothing.so", tree->one, "bad.nothing.so");
    assert_int_equal(catalogue_directory_count(cat), 1);
    finds(cat, "bad.nothing", tree->one, "bad.nothing.so");
}

static void the_nearest_known_id_is_suggested(void **state)
{
    struct tree *tree = *state;
    auto_catalogue struct catalogue *cat = catalogue_of(tree->one, tree->two);

    place(RUN_DIR "/sample.so", tree->one, "sample.so");
    finds_not(cat, "sample.jugde", ASSAY_E_NOTFOUND,
        "no plugin has the id sample.jugde; did you mean sample.judge? Looked in: ");
    finds_not(cat, "other.thing", ASSAY_E_NOTFOUND, tree->two);
}

static void what_is_of_another_kind_is_not_suggested(void **state)
{
    struct tree *tree = *state;
    auto_catalogue struct catalogue *cat = catalogue_of(tree->one, NULL);
    auto_free char *path = NULL;
    struct error err = {.text = ""};

    place(RUN_DIR "/sample.so", tree->one, "sample.so");
    assert_int_equal(
        catalogue_find(cat, "sample.jugde", ASSAY_EXPECTATION, &path, &err), ASSAY_E_NOTFOUND);
    assert_non_null(strstr(err.text, "did you mean sample.judge?"));
    assert_int_equal(
        catalogue_find(cat, "sample.jugde", ASSAY_DEPLOYER, &path, &err), ASSAY_E_NOTFOUND);
    assert_null(strstr(err.text, "did you mean"));
    assert_non_null(strstr(err.text, "`assay plugins list` shows all"));
}

static void nowhere_to_look_is_said(void **state)
{
    auto_catalogue struct catalogue *cat = catalogue_of(NULL, NULL);

    (void)state;
    finds_not(cat, "other.thing", ASSAY_E_NOTFOUND, "Looked in: no directory");
}

static void a_text_that_is_no_id_is_not_looked_for(void **state)
{
    struct tree *tree = *state;
    auto_catalogue struct catalogue *cat = catalogue_of(tree->one, NULL);

    finds_not(cat, "../etc/passwd", ASSAY_E_INVALID, "is no plugin id");
}

static void another_kind_than_wanted_is_an_error(void **state)
{
    struct tree *tree = *state;
    auto_catalogue struct catalogue *cat = catalogue_of(tree->one, NULL);
    auto_free char *path = NULL;
    struct error err = {.text = ""};

    place(RUN_DIR "/sample.so", tree->one, "sample.so");
    assert_int_equal(catalogue_find(cat, "sample.idle", ASSAY_WORKLOAD, &path, &err), ASSAY_OK);
    assert_int_equal(
        catalogue_find(cat, "sample.judge", ASSAY_WORKLOAD, &path, &err), ASSAY_E_INVALID);
    assert_string_equal(
        err.text, "sample.judge is of kind expectation, and kind workload is wanted here");
}

static void a_damaged_file_of_that_name_is_named(void **state)
{
    struct tree *tree = *state;
    auto_catalogue struct catalogue *cat = catalogue_of(tree->one, NULL);

    place_text("no library", tree->one, "sample.judge.so");
    finds_not(cat, "sample.judge", ASSAY_E_INVALID, "/one/sample.judge.so: not an ELF file");
}

static void a_link_of_that_name_is_named(void **state)
{
    struct tree *tree = *state;
    auto_catalogue struct catalogue *cat = catalogue_of(tree->one, NULL);
    auto_free char *link = must(str_format("%s/bad.nothing.so", tree->one));

    assert_int_equal(symlink(LOAD_DIR "/bad.nothing.so", link), 0);
    finds_not(cat, "bad.nothing", ASSAY_E_DENIED, "is a symbolic link");
}

static void a_file_that_lies_about_its_name_has_not_the_plugin(void **state)
{
    struct tree *tree = *state;
    auto_catalogue struct catalogue *cat = catalogue_of(tree->one, NULL);

    place(LOAD_DIR "/bad.nothing.so", tree->one, "acme.other.so");
    finds_not(cat, "acme.other", ASSAY_E_NOTFOUND, "no plugin has the id acme.other");
}

/* ---- the search path ---- */

static void a_directory_given_must_be_one(void **state)
{
    struct tree *tree = *state;
    auto_free char *file = must(str_format("%s/file", tree->root));
    const char *const missing[] = {"/nowhere/at/all", NULL};
    const char *const no_directory[] = {file, NULL};
    struct catalogue *cat = NULL;
    struct error err = {.text = ""};

    place_text("", tree->root, "file");
    assert_int_equal(catalogue_new(&(struct catalogue_options){.directories = missing}, &cat, &err),
        ASSAY_E_NOTFOUND);
    assert_non_null(strstr(err.text, "plugin directory /nowhere/at/all"));
    assert_int_equal(
        catalogue_new(&(struct catalogue_options){.directories = no_directory}, &cat, &err),
        ASSAY_E_INVALID);
    assert_non_null(strstr(err.text, "is not a directory"));
    assert_null(cat);
}

static void the_environment_comes_after_the_options(void **state)
{
    struct tree *tree = *state;
    const char *const directories[] = {tree->two, NULL};
    auto_free char *value = must(str_format("/nowhere::%s:", tree->one));
    auto_catalogue struct catalogue *cat = NULL;

    assert_int_equal(setenv("ASSAY_PLUGIN_PATH", value, 1), 0);
    assert_int_equal(
        catalogue_new(
            &(struct catalogue_options){.directories = directories, .no_own = true}, &cat, NULL),
        ASSAY_OK);
    assert_int_equal(catalogue_directory_count(cat), 2);
    assert_string_equal(catalogue_directory(cat, 0), tree->two);
    assert_string_equal(catalogue_directory(cat, 1), tree->one);
}

static void the_environment_must_not_depend_on_the_current_directory(void **state)
{
    struct catalogue *cat = NULL;
    struct error err = {.text = ""};

    (void)state;
    assert_int_equal(setenv("ASSAY_PLUGIN_PATH", "plugins", 1), 0);
    assert_int_equal(
        catalogue_new(&(struct catalogue_options){.no_own = true}, &cat, &err), ASSAY_E_INVALID);
    assert_non_null(strstr(err.text, "ASSAY_PLUGIN_PATH: plugins is not an absolute path"));
}

static void the_programs_own_directory_comes_last(void **state)
{
    struct tree *tree = *state;
    const char *const directories[] = {tree->two, NULL};
    auto_catalogue struct catalogue *cat = NULL;

    assert_int_equal(
        catalogue_new(&(struct catalogue_options){.directories = directories}, &cat, NULL),
        ASSAY_OK);
    assert_int_equal(catalogue_directory_count(cat), 2);
    const char *own = catalogue_directory(cat, 1);
    assert_non_null(strstr(own, "/lib"));
    assert_string_equal(strrchr(own, '/'), "/assay");
}

/* ---- the list ---- */

static const struct catalogue_entry *entry_of(const struct vec *entries, const char *path)
{
    VEC_EACH(struct catalogue_entry, entry, entries)
        if (strstr(entry->path, path))
            return entry;
    fail_msg("%s is not listed", path);
    return NULL;
}

static void all_files_are_listed_with_what_is_wrong(void **state)
{
    struct tree *tree = *state;
    auto_catalogue struct catalogue *cat = catalogue_of(tree->one, tree->two);
    auto_catalogue_entries struct vec entries;
    auto_free char *writable = must(str_format("%s/bad.flags.so", tree->two));

    /* Given: plugins that are fine, one that only its descriptor spoils, and what is none. */
    place(LOAD_DIR "/bad.nothing.so", tree->one, "bad.nothing.so");
    place(RUN_DIR "/sample.so", tree->one, "sample.so");
    place(LOAD_DIR "/bad.needs-newer.so", tree->two, "bad.needs-newer.so");
    place(LOAD_DIR "/bad.flags.so", tree->two, "bad.flags.so");
    assert_int_equal(chmod(writable, 0666), 0);
    place_text("text", tree->two, "text.so");
    place_text("not a name", tree->two, "readme.txt");
    place_text("hidden", tree->two, ".hidden.so");

    assert_int_equal(catalogue_list(cat, &entries, NULL), ASSAY_OK);

    assert_int_equal(entries.count, 1 + 4 + 3);
    assert_null(entry_of(&entries, "one/bad.nothing.so")->problem);
    assert_string_equal(entry_of(&entries, "one/bad.nothing.so")->id, "bad.nothing");
    assert_int_equal(entry_of(&entries, "one/bad.nothing.so")->kind, ASSAY_WORKLOAD);
    assert_null(entry_of(&entries, "one/sample.so")->problem);
    assert_non_null(
        strstr(entry_of(&entries, "two/bad.needs-newer.so")->problem, "needs ABI 1.57"));
    assert_non_null(
        strstr(entry_of(&entries, "two/bad.flags.so")->problem, "everybody can write to"));
    assert_non_null(strstr(entry_of(&entries, "two/text.so")->problem, "not an ELF file"));
    assert_int_equal(entry_of(&entries, "two/text.so")->kind, 0);
}

static void an_id_in_two_places_is_a_problem_of_both(void **state)
{
    struct tree *tree = *state;
    auto_catalogue struct catalogue *cat = catalogue_of(tree->one, tree->two);
    auto_catalogue_entries struct vec entries;

    place(LOAD_DIR "/bad.nothing.so", tree->one, "bad.nothing.so");
    place(LOAD_DIR "/bad.nothing.so", tree->two, "bad.nothing.so");

    assert_int_equal(catalogue_list(cat, &entries, NULL), ASSAY_OK);

    assert_int_equal(entries.count, 2);
    assert_non_null(strstr(entry_of(&entries, "/one/")->problem, "bad.nothing is in"));
    assert_non_null(strstr(entry_of(&entries, "/one/")->problem, "/two/bad.nothing.so too"));
    assert_non_null(strstr(entry_of(&entries, "/two/")->problem, "/one/bad.nothing.so too"));
}

static void every_failed_allocation_is_an_error(void **state)
{
    struct tree *tree = *state;
    const char *const directories[] = {tree->one, tree->two, NULL};
    const struct catalogue_options options = {
        .directories = directories, .no_environment = true, .no_own = true};
    int failures = 0;

    place(RUN_DIR "/sample.so", tree->one, "sample.so");
    place_text("text", tree->two, "text.so");
    for (uint64_t n = 1;; n++) {
        struct catalogue *cat = NULL;
        struct vec entries;
        char *path = NULL;

        mem_fail_at(n, MEM_FAIL_FOREVER);
        assay_status status = catalogue_new(&options, &cat, NULL);
        if (!status) {
            status = catalogue_list(cat, &entries, NULL);
            if (!status)
                catalogue_entries_done(&entries);
        }
        if (!status)
            status = catalogue_find(cat, "sample.judge", 0, &path, NULL);
        const int has_failed = mem_has_failed();
        mem_fail_at(0, MEM_FAIL_ONCE);
        catalogue_free(cat);
        free(path);
        if (!has_failed) {
            assert_int_equal(status, ASSAY_OK);
            break;
        }
        assert_int_equal(status, ASSAY_E_NOMEM);
        failures++;
    }
    assert_true(failures > 20);
}

#define IN_A_TREE(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_id_is_vendor_dot_name),
        IN_A_TREE(a_plugin_is_in_the_file_of_its_name),
        IN_A_TREE(or_in_the_file_of_its_vendor),
        IN_A_TREE(an_id_in_two_places_is_an_error_naming_both),
        IN_A_TREE(a_directory_named_twice_is_one_place),
        IN_A_TREE(the_nearest_known_id_is_suggested),
        IN_A_TREE(what_is_of_another_kind_is_not_suggested),
        IN_A_TREE(nowhere_to_look_is_said),
        IN_A_TREE(a_text_that_is_no_id_is_not_looked_for),
        IN_A_TREE(another_kind_than_wanted_is_an_error),
        IN_A_TREE(a_damaged_file_of_that_name_is_named),
        IN_A_TREE(a_link_of_that_name_is_named),
        IN_A_TREE(a_file_that_lies_about_its_name_has_not_the_plugin),
        IN_A_TREE(a_directory_given_must_be_one),
        IN_A_TREE(the_environment_comes_after_the_options),
        IN_A_TREE(the_environment_must_not_depend_on_the_current_directory),
        IN_A_TREE(the_programs_own_directory_comes_last),
        IN_A_TREE(all_files_are_listed_with_what_is_wrong),
        IN_A_TREE(an_id_in_two_places_is_a_problem_of_both),
        IN_A_TREE(every_failed_allocation_is_an_error),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

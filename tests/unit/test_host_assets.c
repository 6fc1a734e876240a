#include "framework/host/assets.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "framework/base/cleanup.h"
#include "framework/base/file.h"

static void what_comes_with_assay_is_found_from_where_the_program_is(void **state)
{
    auto_free char *path = NULL;

    (void)state;
    assert_int_equal(unsetenv("ASSAY_ASSETS"), 0);
    assert_int_equal(assets_find("manifests/demo.ini", &path, NULL), ASSAY_OK);
    assert_int_equal(path[0], '/');
    assert_non_null(strstr(path, "/share/assay/manifests/demo.ini"));
}

static void the_variable_names_another_directory(void **state)
{
    char directory[] = "/tmp/assay-assets-XXXXXX";
    const struct file_text text = {.data = (char *)"x", .size = 1};
    char file[64];
    auto_free char *path = NULL;
    struct error err = {0};

    (void)state;
    assert_non_null(mkdtemp(directory));
    (void)snprintf(file, sizeof(file), "%s/mine", directory);
    assert_int_equal(file_write(file, &text, FILE_PLAIN, NULL), ASSAY_OK);
    assert_int_equal(setenv("ASSAY_ASSETS", directory, 1), 0);
    assert_int_equal(assets_find("mine", &path, NULL), ASSAY_OK);
    assert_string_equal(path, file);

    assert_int_equal(assets_find("manifests/demo.ini", &path, &err), ASSAY_E_NOTFOUND);
    assert_non_null(strstr(err.text, directory)); /* it alone counts, and the message names it */
    assert_int_equal(setenv("ASSAY_ASSETS", "", 1), 0);
    free(path);
    path = NULL;
    assert_int_equal(assets_find("manifests/demo.ini", &path, NULL), ASSAY_OK);
    assert_int_equal(unsetenv("ASSAY_ASSETS"), 0);
    assert_int_equal(dir_remove(directory, NULL), ASSAY_OK);
}

static void a_name_that_leaves_the_directory_is_refused(void **state)
{
    static const char *const names[] = {NULL, "", "/etc/passwd", "../x", "a/../../x", "a//b", "."};
    auto_free char *path = NULL;

    (void)state;
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        assert_int_equal(assets_find(names[i], &path, NULL), ASSAY_E_INVALID);
    assert_null(path);
    assert_int_equal(assets_find("no/such/thing", &path, NULL), ASSAY_E_NOTFOUND);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_comes_with_assay_is_found_from_where_the_program_is),
        cmocka_unit_test(the_variable_names_another_directory),
        cmocka_unit_test(a_name_that_leaves_the_directory_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

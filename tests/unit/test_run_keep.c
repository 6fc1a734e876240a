/* What stays of the nodes' directories. */
#include "framework/run/keep.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "framework/base/file.h"

static char directory[64];

static void make_directory(const char *name)
{
    char path[128];

    (void)snprintf(path, sizeof(path), "%s/%s", directory, name);
    assert_int_equal(mkdir(path, 0700), 0);
}

static void make_file(const char *name)
{
    char path[128];
    const struct file_text text = {.data = (char *)(uintptr_t) "x", .size = 1};

    (void)snprintf(path, sizeof(path), "%s/%s", directory, name);
    assert_int_equal(file_write(path, &text, FILE_PLAIN, NULL), ASSAY_OK);
}

static bool is_there(const char *name)
{
    char path[128];
    struct stat status;

    (void)snprintf(path, sizeof(path), "%s/%s", directory, name);
    return lstat(path, &status) == 0;
}

/* A run of one node, with a log, storage, and a link in its place out of it. */
static int setup(void **state)
{
    char link_path[128], target[128];

    (void)state;
    (void)snprintf(directory, sizeof(directory), "/tmp/assay-test-keep-XXXXXX");
    assert_non_null(mkdtemp(directory));
    make_directory("nodes");
    make_directory("nodes/v");
    make_directory("nodes/v/db");
    make_directory("other");
    make_file("nodes/v/output.log");
    make_file("nodes/v/db/data");
    make_file("other/precious");
    (void)snprintf(link_path, sizeof(link_path), "%s/nodes/v/link", directory);
    (void)snprintf(target, sizeof(target), "%s/other", directory);
    assert_int_equal(symlink(target, link_path), 0);
    assert_int_equal(unsetenv("NOMOS_TESTS_KEEP_LOGS"), 0);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    (void)dir_remove(directory, NULL);
    return 0;
}

static void storage_goes_and_logs_stay(void **state)
{
    (void)state;
    keep_nodes(directory, "never", OUTCOME_FAIL);
    assert_false(is_there("nodes/v/db"));
    assert_true(is_there("nodes/v/output.log"));
}

static void what_a_link_leads_to_is_not_touched(void **state)
{
    (void)state;
    keep_nodes(directory, "never", OUTCOME_PASS);
    assert_true(is_there("other/precious"));
}

static void of_a_run_that_did_not_pass_all_stays_when_failed_is_kept(void **state)
{
    (void)state;
    for (enum outcome outcome = OUTCOME_VACUOUS; outcome <= OUTCOME_ERROR; outcome++) {
        keep_nodes(directory, "failed", outcome);
        assert_true(is_there("nodes/v/db/data"));
    }
    keep_nodes(directory, "failed", OUTCOME_PASS);
    assert_false(is_there("nodes/v/db"));
}

static void always_and_the_environment_keep_everything(void **state)
{
    (void)state;
    keep_nodes(directory, "always", OUTCOME_PASS);
    assert_true(is_there("nodes/v/db/data"));
    assert_int_equal(setenv("NOMOS_TESTS_KEEP_LOGS", "1", 1), 0);
    keep_nodes(directory, "never", OUTCOME_PASS);
    assert_int_equal(unsetenv("NOMOS_TESTS_KEEP_LOGS"), 0);
    assert_true(is_there("nodes/v/db/data"));
}

static void a_run_without_nodes_has_nothing_to_clear(void **state)
{
    char empty[128];

    (void)state;
    (void)snprintf(empty, sizeof(empty), "%s/other", directory);
    keep_nodes(empty, "never", OUTCOME_PASS);
    assert_true(is_there("other/precious"));
}

#define in_run(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        in_run(storage_goes_and_logs_stay),
        in_run(what_a_link_leads_to_is_not_touched),
        in_run(of_a_run_that_did_not_pass_all_stays_when_failed_is_kept),
        in_run(always_and_the_environment_keep_everything),
        in_run(a_run_without_nodes_has_nothing_to_clear),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
